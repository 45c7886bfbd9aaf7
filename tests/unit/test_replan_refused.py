"""Planning again where the open years have no plan: told as for any other problem, and nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

import clusteropt as co
from clusteropt.cli import app
from clusteropt.report import commands
from tests.problems import INLINE
from tests.unit.test_replan import QUICK, YEARS, made, paid, tables

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from typer.testing import Result

    from clusteropt.inputs.problem import Problem
    from clusteropt.plan.plan import Plan

PAID = paid(("A", 2026, 8))
"""Of the 15 that the north may get in all years 7 are left: two awards of at least 4 do not fit."""


def north() -> tuple[Problem, Plan]:
    """In 2027 all three clusters need an award of at least 4; A and B, the north, get at most 15 in all years."""
    frames = tables(
        "ABC",
        rules=[
            {"rule": "north_cap", "kind": "amount", "region": "north", "max": 15},
            {"rule": "all_three", "kind": "count", "of": "clusters", "year": 2027, "min": 3},
        ],
        cells=[{"cluster": c, "lever": "lab", "least": 4} for c in "ABC"],
        funds=[{"fund": "city", "year": year, "amount": 20} for year in YEARS],
    )
    frames["clusters"]["region"] = ["north", "north", "south"]
    return made(frames)


def run(folder: Path, language: str, problem: Problem, plan: Plan) -> Result:
    """Run `clusteropt replan` on a plan folder; the new plan would stand in ``new``."""
    co.write_plan_files(plan, folder / "plan", problem)
    PAID.to_csv(folder / "actuals.csv", index=False)
    words = ["replan", folder / "plan", folder / "actuals.csv", "--out", folder / "new", "--language", language]
    return CliRunner().invoke(app, [str(word) for word in words])


def told(result: Result) -> str:
    """Give what stands on standard error where there is no plan."""
    assert result.exit_code == 1
    return result.stderr


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("  - rule north_cap allows at most 7", "raise the maximum of rule north_cap from 7 to 8")),
        ("zh", ("以下各项不能同时成立:", "将规则 north_cap 的上限从 7 升至 8")),
    ],
)
def test_the_command_says_why_the_open_years_have_no_plan(tmp_path: Path, language: str, said: tuple[str, ...]) -> None:
    """What is left of the cap of 15 is 7, and the cheapest repair is one more; no folder is made, nor a part of one."""
    result = run(tmp_path, language, *north())
    assert result.exit_code == 1
    assert all(words in result.stderr for words in said)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["actuals.csv", "plan"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_words_are_those_of_the_plan_of_the_same_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """The problem of the open years, planned by `clusteropt plan`, is refused in the same words to the letter."""
    problem, plan = north()
    opened = co.open_years(problem, plan, PAID, QUICK).problem
    monkeypatch.setattr(commands, "read_problem", lambda _: opened)
    arguments = ["plan", "open", "--out", str(tmp_path / "other"), "--language", language]
    assert told(CliRunner().invoke(app, arguments)) == told(run(tmp_path, language, problem, plan))


def test_an_interrupted_diagnosis_leaves_the_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after the refusal costs the explanation, as for a plan."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "diagnose", stop)
    refused = told(run(tmp_path, "en", *north()))
    assert refused.startswith("No plan obeys all rules (HiGHS claims:")
    assert "What helps" not in refused


def test_in_python_the_refusal_names_the_problem_to_diagnose() -> None:
    """Of the whole problem there is a plan, of the open years there is none: the message says which to diagnose."""
    problem, plan = north()
    with pytest.raises(co.InfeasibleError) as caught:
        co.replan(problem, plan, PAID, QUICK)
    for language in co.Language:
        assert "open_years(problem, plan, actuals, options).problem" in caught.value.read(language)
    opened = co.open_years(problem, plan, PAID, QUICK)
    assert co.diagnose(opened.problem, INLINE).conflicts[0].names
    assert co.diagnose(problem, INLINE).feasible is True


def test_open_years_replanned_are_a_replan() -> None:
    """The two steps of `replan` one by one give what it gives."""
    problem, plan = north()
    actuals: pd.DataFrame = paid(("A", 2026, 5))
    opened = co.open_years(problem, plan, actuals, QUICK)
    stepwise, at_once = opened.replanned(co.solve(opened.problem, INLINE)), co.replan(problem, plan, actuals, QUICK)
    assert stepwise.moved.equals(at_once.moved)
    assert stepwise.actual.equals(at_once.actual)
    assert (stepwise.closed, str(stepwise)) == (at_once.closed, str(at_once))
