"""Rows of rules written out: names, limits and plans by hand, feature by feature."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.problem import Rule, RuleBase, RuleKind, Selection
from clusteropt.plan.making import solve
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from tests import naive
from tests.problems import INLINE

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.problem import Problem

YEARS = (2025, 2026, 2027)
PATHS = ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")


def frame(text: str) -> pd.DataFrame:
    """Read a table from lines of commas."""
    lines = [line.strip().split(",") for line in text.strip().splitlines()]
    return pd.DataFrame(lines[1:], columns=lines[0], dtype=object)


def tables(*rules: dict[str, str], purse: int = 100, **more: str) -> dict[str, pd.DataFrame]:
    """Give three clusters, two in the west, two levers that are worth 2 and 1 a unit, and two funds for three years."""
    effects = "\n".join(f"{p},{lever},{mean},none" for p in PATHS for lever, mean in (("talent", 2), ("plant", 1)))
    money = "\n".join(f"{fund},{year},{purse}" for fund, year in product(("nation", "local"), YEARS))
    found = {
        "clusters": frame("""
            cluster,region,industry,path,scale
            A,west,chips,anchor_led,50
            B,west,drugs,upgrading,50
            C,east,chips,anchor_led,50"""),
        "levers": frame("lever,response\ntalent,linear\nplant,linear"),
        "effectiveness": frame(f"path,lever,mean,source\n{effects}"),
        "funds": frame(f"fund,year,amount\n{money}"),
        "rules": pd.DataFrame([*rules], dtype=object).fillna(""),
    }
    return found | {name: frame(text) for name, text in more.items()}


def rules_of(*rules: dict[str, str], **more: str) -> dict[str, Rule]:
    """Give the rules that rows stand for, by name."""
    return {rule.name: rule for rule in problem_from_tables(tables(*rules, **more)).rules}


def checked(problem: Problem, folder: Path) -> dict[tuple[int, int, int, int], int]:
    """Solve a problem, let the verifier check its folder, and give the money by fund, cluster, lever and year."""
    plan = solve(problem, INLINE)
    write_plan_files(plan, folder, problem)
    code, lines = check_folder(folder)
    assert code == 0, lines
    return naive.of_plan(plan)


def test_a_plain_row_is_one_rule() -> None:
    """A row without the new words is read as it always was."""
    (rule,) = problem_from_tables(tables({"rule": "cap", "kind": "amount", "max": "9"})).rules
    assert rule == Rule("cap", RuleKind.AMOUNT, Selection(), None, Fraction(9))


def test_a_cap_for_each_cluster() -> None:
    """One rule a cluster, about all its levers and years together."""
    found = rules_of({"rule": "cap", "kind": "amount", "max": "500", "each": "cluster"})
    assert list(found) == ["cap [A]", "cap [B]", "cap [C]"]
    assert found["cap [B]"] == Rule("cap [B]", RuleKind.AMOUNT, Selection(clusters=(1,)), None, Fraction(500))


def test_names_tell_the_values_in_the_order_of_the_row() -> None:
    """Fields stand in the order in which the row names them; only what the selection allows is repeated."""
    row = {"rule": "cap", "kind": "amount", "max": "5", "cluster": "A|C", "year": "2026"}
    assert list(rules_of({**row, "each": "year | cluster"})) == ["cap [2026, A]", "cap [2026, C]"]
    assert list(rules_of({**row, "each": "region|industry"})) == ["cap [west, chips]", "cap [east, chips]"]
    assert set(rules_of({**row, "each": "path"})) == {"cap [anchor_led]"}


def test_what_no_draw_matches_is_left_out() -> None:
    """The local fund serves the east alone, so there is no rule of it for clusters of the west."""
    opened = "fund,region\nnation,\nlocal,east"
    found = rules_of({"rule": "cap", "kind": "amount", "max": "5", "each": "cluster|fund"}, eligibility=opened)
    assert list(found) == ["cap [A, nation]", "cap [B, nation]", "cap [C, nation]", "cap [C, local]"]


def test_windows_are_years_on_end() -> None:
    """Every second year: three years have two windows of two; only those that the selection names in whole."""
    row = {"rule": "often", "kind": "count", "min": "1", "each": "cluster|years:2"}
    found = rules_of({**row, "cluster": "A"})
    assert {name: rule.selection.years for name, rule in found.items()} == {
        "often [A, 2025-2026]": (0, 1),
        "often [A, 2026-2027]": (1, 2),
    }
    assert list(rules_of({**row, "cluster": "A", "year": "2026|2027"})) == ["often [A, 2026-2027]"]


def test_a_change_against_the_year_before() -> None:
    """The first year is a change against the last plan, later ones a share of the year before, one more than it."""
    row = {"rule": "calm", "kind": "change", "lever": "talent", "min": "-0.1", "max": "0.25", "of": "before"}
    found = rules_of(row, last_plan="cluster,lever,amount\nA,talent,40\nB,plant,7")
    assert list(found) == ["calm [2025]", "calm [2026]", "calm [2027]"]
    first, second = found["calm [2025]"], found["calm [2026]"]
    assert (first.kind, first.minimum, first.selection.years) == (RuleKind.CHANGE, Fraction(-1, 10), (0,))
    assert (second.kind, second.base) == (RuleKind.SHARE, RuleBase.SELECTION)
    assert (second.minimum, second.maximum) == (Fraction(9, 10), Fraction(5, 4))
    assert second.selection == Selection(levers=(0,), years=(1,))
    assert second.base_selection == Selection(levers=(0,), years=(0,))


def test_a_difference_to_the_year_before() -> None:
    """The last plan moves into the limits of the first year; a floor that is not above zero is none."""
    row = {"rule": "ramp", "kind": "amount", "cluster": "A", "min": "-50", "max": "10", "of": "before"}
    found = rules_of(row, last_plan="cluster,lever,amount\nA,talent,30\nA,plant,12\nB,plant,7")
    first, second = found["ramp [2025]"], found["ramp [2026]"]
    assert (first.minimum, first.maximum, first.base) == (None, Fraction(52), RuleBase.EVERYTHING)
    assert (second.minimum, second.maximum, second.base) == (Fraction(-50), Fraction(10), RuleBase.SELECTION)
    assert second.base_selection == Selection(clusters=(0,), years=(0,))
    less = rules_of({**row, "min": "-40"}, last_plan="cluster,lever,amount\nA,talent,30\nA,plant,12")
    assert less["ramp [2025]"].minimum == 2


@pytest.mark.parametrize("kind", ["change", "amount"])
def test_without_a_last_plan_the_first_year_is_free(kind: str) -> None:
    """Nothing is known of the year before the first; named years alone are limited."""
    row = {"rule": "ramp", "kind": kind, "max": "10", "of": "before"}
    assert list(rules_of(row)) == ["ramp [2026]", "ramp [2027]"]
    assert list(rules_of({**row, "year": "2027", "each": "lever"})) == ["ramp [talent, 2027]", "ramp [plant, 2027]"]
    assert rules_of({**row, "year": "2025"}) == {}


def test_a_free_first_year_is_told() -> None:
    """A note names the rows that a missing last plan leaves without effect in the first year."""
    row = {"rule": "ramp", "kind": "change", "max": "10", "of": "before"}
    late = {**row, "rule": "late", "year": "2027"}
    notes = problem_from_tables(tables(row, late)).notes
    assert [note.en for note in notes if "free" in note.en] == ["Without a last plan 2025 is free of: ramp."]
    assert not [n for n in problem_from_tables(tables(late)).notes if "free" in n.en]
    known = problem_from_tables(tables(row, last_plan="cluster,lever,amount\nA,talent,9"))
    assert not [note for note in known.notes if "free" in note.en]


def test_a_ramp_by_hand(tmp_path: Path) -> None:
    """From 30 last year, at most 10 more each year: 40, 50, 60 for A; money for B and C is locked at nothing."""
    problem = problem_from_tables(
        tables(
            {"rule": "ramp", "kind": "amount", "cluster": "A", "max": "10", "of": "before"},
            {"rule": "only A", "kind": "lock", "cluster": "B|C", "min": "0"},
            last_plan="cluster,lever,amount\nA,talent,30",
        )
    )
    money = checked(problem, tmp_path)
    assert [sum(x for draw, x in money.items() if draw[3] == year) for year in range(3)] == [40, 50, 60]


def test_growth_by_hand(tmp_path: Path) -> None:
    """At most half as much again: 20 last year allow 30, 45 and 67, as 67.5 is no whole amount."""
    problem = problem_from_tables(
        tables(
            {"rule": "growth", "kind": "change", "cluster": "A", "max": "0.5", "of": "before"},
            {"rule": "only A", "kind": "lock", "cluster": "B|C", "min": "0"},
            last_plan="cluster,lever,amount\nA,talent,20",
        )
    )
    money = checked(problem, tmp_path)
    assert [sum(x for draw, x in money.items() if draw[3] == year) for year in range(3)] == [30, 45, 67]


COSTS = "cluster,lever,cost\nA,talent,95\nA,plant,300\nB,talent,1000\nC,talent,\nC,plant,7"


def test_a_rate_of_the_cost() -> None:
    """A tenth of the costs of all cells, each once whatever the years, rounded to the side that is allowed."""
    row = {"rule": "rate", "kind": "share", "cluster": "A", "min": "0.01", "max": "0.1", "of": "cost"}
    (whole,) = rules_of(row, cells=COSTS).values()
    assert whole == Rule("rate", RuleKind.AMOUNT, Selection(clusters=(0,)), Fraction(4), Fraction(39))
    found = rules_of({**row, "each": "cluster|lever"}, cells=COSTS)
    assert {name: (rule.minimum, rule.maximum) for name, rule in found.items()} == {
        "rate [A, talent]": (1, 9),
        "rate [A, plant]": (3, 30),
    }


def test_rate_and_cap_by_hand(tmp_path: Path) -> None:
    """Ten per cent of the cost, at most 80 in all: A gets 9 + 30, B 80 of the 100 that its rate allows."""
    problem = problem_from_tables(
        tables(
            {"rule": "rate", "kind": "share", "cluster": "A|B", "max": "0.1", "of": "cost", "each": "cluster|lever"},
            {"rule": "cap", "kind": "amount", "max": "80", "each": "cluster"},
            {"rule": "no C", "kind": "lock", "cluster": "C", "min": "0"},
            {"rule": "no plant", "kind": "lock", "cluster": "B", "lever": "plant", "min": "0"},
            cells=COSTS + "\nB,plant,0",
        )
    )
    money = checked(problem, tmp_path)
    by_cell = {(c, k): sum(x for draw, x in money.items() if draw[1:3] == (c, k)) for c, k in product(range(2), (0, 1))}
    assert by_cell == {(0, 0): 9, (0, 1): 30, (1, 0): 80, (1, 1): 0}


def test_a_cell_that_no_fund_of_the_rule_reaches_needs_no_cost() -> None:
    """The cost counts of cells that can get money of the rule: here the local fund serves plants alone."""
    found = rules_of(
        {"rule": "rate", "kind": "share", "fund": "local", "cluster": "A|C", "max": "0.1", "of": "cost"},
        cells=COSTS,
        eligibility="fund,lever\nnation,\nlocal,plant",
    )
    assert found["rate"].maximum == 30


def test_matching_money_by_hand(tmp_path: Path) -> None:
    """A region adds at least half a unit of its own to every unit of the nation, in every year."""
    row = {"rule": "match", "kind": "share", "fund": "local", "of": "fund=nation", "min": "0.5", "each": "region|year"}
    problem = problem_from_tables(
        tables(row, {"rule": "poor", "kind": "amount", "fund": "local", "max": "10", "each": "region|year"})
    )
    first = {rule.name: rule for rule in problem.rules}["match [west, 2025]"]
    assert first.selection == Selection(regions=(0,), funds=(1,), years=(0,))
    assert first.base_selection == Selection(regions=(0,), funds=(0,))
    money = checked(problem, tmp_path)
    for year, region in product(range(3), range(2)):
        held = [sum(x for d, x in money.items() if (d[0], problem.region_of[d[1]], d[3]) == (fund, region, year))
                for fund in range(2)]  # fmt: skip
        assert held == [20, 10]


def test_a_rate_above_one(tmp_path: Path) -> None:
    """Three of its own for one of the nation: 100 of the local fund go with 33."""
    row = {"rule": "match", "kind": "share", "fund": "local", "of": "fund=nation", "min": "3", "each": "year"}
    money = checked(problem_from_tables(tables(row)), tmp_path)
    assert {year: sum(x for d, x in money.items() if d[0] == 0 and d[3] == year) for year in range(3)} == dict.fromkeys(
        range(3), 33
    )


def test_a_purse_that_only_tops_up(tmp_path: Path) -> None:
    """The local fund adds at most a tenth to an award of the nation, and none where there is none."""
    row = {"rule": "top", "kind": "share", "fund": "local", "of": "fund=nation", "max": "0.1"}
    lock = {"rule": "no nation", "kind": "lock", "cluster": "A", "fund": "nation", "min": "0"}
    problem = problem_from_tables(tables({**row, "each": "cluster|lever|year"}, lock))
    money = checked(problem, tmp_path)
    assert not [draw for draw in money if draw[1] == 0]
    for cell in {draw[1:] for draw in money}:
        assert money.get((1, *cell), 0) * 10 <= money.get((0, *cell), 0)
    assert sum(x for draw, x in money.items() if draw[0] == 1 and draw[3] == 0) == 10


def test_a_base_that_names_the_field_stays(tmp_path: Path) -> None:
    """Each cluster against B: the base names the cluster itself; the lever goes into it."""
    row = {"rule": "as B", "kind": "share", "of": "cluster=B", "max": "2", "each": "cluster|lever", "cluster": "A|C"}
    found = rules_of(row)["as B [C, plant]"]
    assert found.selection == Selection(clusters=(2,), levers=(1,))
    assert found.base_selection == Selection(clusters=(1,), levers=(1,))


def test_a_base_is_narrowed_by_each_alone() -> None:
    """A region that the row selects is not handed on to the base; one that each names is."""
    row = {"rule": "match", "kind": "share", "region": "west", "fund": "local", "min": "0.5", "of": "fund=nation"}
    (plain,) = rules_of(row).values()
    (each,) = rules_of({**row, "each": "region"}).values()
    assert plain.selection == each.selection
    assert plain.base_selection is not None
    assert each.base_selection is not None
    assert not plain.base_selection.regions
    assert each.base_selection == replace(plain.base_selection, regions=each.selection.regions)


def test_a_combination_without_a_base_is_a_rule(tmp_path: Path) -> None:
    """In the west there is no money of the nation to go with; a cap of a share of it allows nothing there."""
    row = {"rule": "top", "kind": "share", "fund": "local", "of": "fund=nation", "max": "0.5", "each": "region|year"}
    problem = problem_from_tables(tables(row, eligibility="fund,region\nnation,east\nlocal,"))
    money = checked(problem, tmp_path)
    assert not [draw for draw in money if problem.region_of[draw[1]] == 0]
    assert sum(money.values()) == 3 * 150


@pytest.mark.parametrize(("most", "purses"), [("2", 2), ("1", 1)])
def test_few_purses_on_one_award(tmp_path: Path, most: str, purses: int) -> None:
    """At most two purses, or one, pay an award: draws are counted where funds are named."""
    row = {"rule": "few", "kind": "count", "fund": "nation|local|third", "max": most, "each": "cluster|lever|year"}
    given = tables(row, {"rule": "A", "kind": "lock", "cluster": "B|C", "min": "0"})
    more = frame("fund,year,amount\nthird,2025,60\nthird,2026,60\nthird,2027,60")
    given["funds"] = pd.concat([given["funds"], more], ignore_index=True)
    given["levers"] = given["levers"].iloc[:1]
    given["effectiveness"] = given["effectiveness"][given["effectiveness"]["lever"] == "talent"]
    money = checked(problem_from_tables(given), tmp_path)
    for cell in {draw[1:] for draw in money}:
        assert len([draw for draw in money if draw[1:] == cell]) == purses
    assert sum(money.values()) == 3 * 100 * purses


def test_rules_switched_off_are_not_written() -> None:
    """Without the table of rules there are none, and costs are not looked at."""
    row = {"rule": "rate", "kind": "share", "max": "0.1", "of": "cost", "each": "cluster"}
    settings = ModelSettings.model_validate({"features": {"rules": False}})
    assert problem_from_tables(tables(row), settings).rules == ()


def test_a_written_rule_is_an_ordinary_one(tmp_path: Path) -> None:
    """The plan of a row is that of the rules it stands for."""
    row = {"rule": "cap", "kind": "amount", "max": "37", "each": "cluster|year"}
    problem = problem_from_tables(tables(row))
    by_hand = tables(
        *(
            {"rule": f"cap {c} {t}", "kind": "amount", "max": "37", "cluster": c, "year": str(t)}
            for c, t in product("ABC", YEARS)
        )
    )
    plain = problem_from_tables(by_hand)
    assert [replace(rule, name="") for rule in problem.rules] == [replace(rule, name="") for rule in plain.rules]
    assert checked(problem, tmp_path / "one") == checked(plain, tmp_path / "other")
