"""The package around the stand-alone verifier: plans in memory, words, the command, the program that is written."""

from __future__ import annotations

import shutil
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import clusteropt as co
from clusteropt.cli import app
from clusteropt.errors import OutputError
from clusteropt.inputs.settings import ModelSettings
from clusteropt.plan.verify import check_folder
from clusteropt.report.verifying import CheckState, program, verify_folder, write_program
from tests.corrupting import WORDS, Corruption, corrupted
from tests.plan_folders import change_plan, mend_digests, read_plan, write_plan
from tests.problems import INLINE, plain_problem
from tests.random_tables import write_folder
from tests.small import small_problem

if TYPE_CHECKING:
    from pathlib import Path

TITLE = "names, units and texts"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a plan that the package wrote; it is not to be changed."""
    folder, problem = tmp_path_factory.mktemp("made") / "plan", small_problem()
    co.write_plan_files(co.solve(problem), folder, problem)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Give a copy of that folder."""
    copy = tmp_path / "plan"
    (copy / "inputs").mkdir(parents=True)
    for path in [*made.glob("*.*"), *made.glob("inputs/*")]:
        (copy / path.relative_to(made)).write_bytes(path.read_bytes())
    return copy


def places(tree: Any, field: str, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Give the places of a plan that a pattern of fields names, down to the texts."""
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    return [path] if not keys else [place for key in keys for place in places(tree[key], field, (*path, key))]


def test_a_plan_in_memory_is_checked() -> None:
    """What the package solves and proves holds for the verifier, and a changed plan does not."""
    problem = small_problem()
    plan = co.solve(problem)
    verdict = co.verify(problem, plan)
    assert (verdict.code, verdict.holds, verdict.wrong) == (0, True, ())
    bent = replace(plan, total_outcome=plan.total_outcome * 1.01)
    verdict = co.verify(problem, bent, co.Language.ZH)
    assert (verdict.code, verdict.holds) == (1, False)
    assert "产出" in [check.title for check in verdict.wrong]


def test_a_problem_without_tables_cannot_be_judged() -> None:
    """A problem from arrays leaves nothing to build it from again."""
    problem = plain_problem([[1.0]], [[5.0]], [[4]])
    assert co.verify(problem, co.solve(problem)).code == 2


def test_every_word_is_compared_with_the_tables(folder: Path) -> None:
    """The stand-alone file passes over printed names, titles and units; the package says WRONG to each."""
    plan = read_plan(folder)
    changed = 0
    for place in places(plan, ""):
        corruption = Corruption(place, "a sign more")
        value = plan
        for key in place:
            value = value[key]
        if not isinstance(value, str) or not any(fnmatchcase(corruption.field, pattern) for pattern in WORDS):
            continue
        write_plan(folder, corrupted(plan, corruption))
        assert check_folder(folder)[0] == 0, place
        assert TITLE in [check.title for check in verify_folder(folder).wrong], place
        changed += 1
    assert changed > 20


@pytest.mark.parametrize("name", ["allocation.csv", "summary.json"])
def test_every_sign_of_a_text_is_compared(folder: Path, name: str) -> None:
    """A name or a word more in a file that a planner reads is seen, though no figure of it is another."""
    text = (folder / name).read_text(encoding="utf-8")
    other = text.replace("Finance", "Finances") if name == "allocation.csv" else text.replace('"solver"', '"by"')
    assert other != text
    (folder / name).write_text(other, encoding="utf-8")
    assert check_folder(folder)[0] == 0
    assert [check.title for check in verify_folder(folder).wrong] == [TITLE]


def test_inputs_that_the_package_refuses_are_not_judged(made: Path, tmp_path: Path) -> None:
    """A key of the model that means nothing is passed over by the stand-alone file, and refused by the package."""
    source = tmp_path / "small"
    shutil.copytree(made / "inputs", source)
    (source / "model.json").unlink()
    (source / "model.toml").write_text('[tables]\nfolder = "."\n', encoding="utf-8")
    problem, folder = co.read_problem(source / "model.toml"), tmp_path / "plan"
    co.write_plan_files(co.solve(problem), folder, problem)
    with (folder / "inputs" / "model.toml").open("a", encoding="utf-8") as file:
        file.write("[mood]\ngood = true\n")
    mend_digests(folder)
    assert check_folder(folder)[0] == 0
    verdict = verify_folder(folder)
    assert (verdict.code, verdict.checks[-1].state) == (2, CheckState.OPEN)
    assert "mood" in verdict.checks[-1].detail


def test_a_saved_plan_is_checked_by_the_command(folder: Path) -> None:
    """The command ends with the code of the verdict and prints a line a check."""
    found = CliRunner().invoke(app, ["verify", str(folder)])
    assert found.exit_code == 0
    assert verify_folder(folder).lines()[0] in found.output
    change_plan(folder, lambda plan: plan.update(total_outcome=1.0))
    found = CliRunner().invoke(app, ["verify", str(folder), "--language", "zh"])
    assert found.exit_code == 1
    assert "WRONG  产出" in found.output
    assert CliRunner().invoke(app, ["verify", str(folder / "nowhere")]).exit_code == 2
    assert CliRunner().invoke(app, ["verify"]).exit_code == 2


def test_the_command_writes_the_program_once(tmp_path: Path) -> None:
    """A file that is there is not written over, and the file has at most 860 lines."""
    target = tmp_path / "verify.py"
    assert CliRunner().invoke(app, ["verify", "--write-program", str(target)]).exit_code == 0
    assert target.read_text(encoding="utf-8") == program()
    assert len(program().splitlines()) <= 860
    assert CliRunner().invoke(app, ["verify", "--write-program", str(target)]).exit_code == 2
    with pytest.raises(OutputError):
        write_program(target)


def test_a_share_of_all_leaves_nothing_to_the_others(tmp_path: Path) -> None:
    """Ada gets all that is awarded, so bea's menu is closed without any price: no plan is worth more than 9."""
    cells = [("ada", 4, 8), ("ada", 6, 9), ("bea", 4, 5), ("bea", 6, 7)]
    rows: dict[str, list[dict[str, object]]] = {
        "clusters": [
            {"cluster": name, "region": "r", "industry": "i", "path": "upgrading", "scale": 9}
            for name in ("ada", "bea")
        ],
        "levers": [{"lever": "talent", "response": "linear"}],
        "effectiveness": [
            {"path": path, "lever": "talent", "mean": 1, "source": "-"}
            for path in ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")
        ],
        "funds": [{"fund": "state", "year": 2025, "amount": 10}],
        "levels": [{"cluster": c, "level": f"of {a}", "amount": a, "gain": g} for c, a, g in cells],
        "rules": [{"rule": "all", "kind": "share", "cluster": "ada", "min": 1}],
    }
    tables = {name: pd.DataFrame(row, dtype=object) for name, row in rows.items()}
    problem = co.read_problem(write_folder(tables, ModelSettings(), tmp_path / "model"))
    plan = co.solve(problem, INLINE)
    co.write_plan_files(plan, tmp_path / "plan", problem)
    assert (plan.value, plan.safe_bound) == pytest.approx((9, 9), rel=1e-9)
    assert check_folder(tmp_path / "plan")[0] == 0
