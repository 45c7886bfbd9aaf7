"""Soft floors: what may be missed at a price, in plans, bounds, certificates, forms, explanations and re-plans."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from clusteropt.diagnosis.diagnosis import diagnose
from clusteropt.explanation.explaining import explain
from clusteropt.explanation.explanation import ExplainOptions, Part
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.problem import ResponseFamily, RuleBase, RuleKind, Selection, SoftFloor
from clusteropt.model.lagrangian import evaluate_prices, make_dual
from clusteropt.model.soft_floors import soft_limits
from clusteropt.model.space import make_space
from clusteropt.plan.making import solve
from clusteropt.report.sheets import floor_sheet, table_sheets
from clusteropt.report.summary import summary_lines
from clusteropt.solver.multipliers import no_prices
from clusteropt.study.replanning import replan
from clusteropt.text import Language
from tests import naive
from tests.bad_inputs.bad_case import Case, add, both, check_case, faults_of
from tests.problems import INLINE, plain_problem, rule
from tests.small import small_tables

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem, Rule

FIRST, SECOND = Selection(clusters=(0,)), Selection(clusters=(1,))


def two(*floors: tuple[Rule, str], per_printed: int = 1, last: int = 0) -> Problem:
    """Two clusters on one purse of 100; a unit is worth 2 in the second and 1 in the first."""
    problem = plain_problem([[1.0], [2.0]], [[9.0], [9.0]], [[100]], family=ResponseFamily.LINEAR,
                            per_printed=per_printed)  # fmt: skip
    problem = replace(problem, soft_floors=tuple(SoftFloor(floor, Fraction(price)) for floor, price in floors))
    if last:
        entry = np.zeros(1, np.int32)
        problem = replace(problem, last_plan=type(problem.last_plan)(entry, entry, entry - 1, np.array([last])))
    return problem


# Each with the money of the first cluster and the value: of 100 units, 60 there at 1 and 40 in the second at 2.
WORKED = [
    (two((rule(RuleKind.AMOUNT, FIRST, 60), "0.9")), 0, 200 - 60 * 0.9),
    (two((rule(RuleKind.AMOUNT, FIRST, 60), "1.1")), 60, 140.0),
    (two((rule(RuleKind.AMOUNT, FIRST, 60), "9"), per_printed=10), 0, 200 - 6 * 9),
    (two((rule(RuleKind.AMOUNT, FIRST, 60), "11"), per_printed=10), 60, 140.0),
    # 30 of 100 is 0.3 of all that is awarded.
    (two((rule(RuleKind.SHARE, FIRST, "0.3"), "0.5")), 0, 200 - 30 * 0.5),
    (two((rule(RuleKind.SHARE, FIRST, "0.3"), "3")), 30, 170.0),
    # Half of what the other gets, to the third of a unit: 33 of 67 lacks 0.5.
    (two((rule(RuleKind.SHARE, FIRST, "1/2", base=RuleBase.SELECTION, base_selection=SECOND), "1.9")), 33, 167 - 0.95),
    (two((rule(RuleKind.SHARE, FIRST, "1/3", base=RuleBase.FUND, base_selection=Selection(funds=(0,))), "1.5")),
     34, 166.0),
    (two((rule(RuleKind.AMOUNT, FIRST, -10, base=RuleBase.SELECTION, base_selection=SECOND), "1.5")), 45, 155.0),
    # 50 last year, and at least 0.7 of it.
    (two((rule(RuleKind.CHANGE, FIRST, "-0.3"), "1.5"), last=50), 35, 165.0),
    # More than there is: the whole purse goes there, and 50 are missing all the same.
    (two((rule(RuleKind.AMOUNT, FIRST, 150), "1.5")), 100, 100 - 75.0),
    # Two prices add up to more than what the money is worth elsewhere, for as much as both ask.
    (two((rule(RuleKind.AMOUNT, FIRST, 60, name="a"), "0.9"), (rule(RuleKind.AMOUNT, FIRST, 20, name="b"), "0.2")), 20,
     180 - 36.0),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WORKED)))
def test_worked(number: int) -> None:
    """Who gets what, the value, and a bound that meets it."""
    problem, first, value = WORKED[number]
    plan = solve(problem, INLINE)
    awards = dict(zip(plan.awards.cluster.tolist(), plan.awards.amount.tolist(), strict=True))
    assert (awards.get(0, 0), plan.value) == (first, pytest.approx(value, abs=1e-9))
    assert plan.safe_bound == pytest.approx(value, rel=1e-9) or number == 6
    assert plan.total_outcome - sum(plan.certificate.rules.cost) == pytest.approx(plan.value, abs=1e-9)
    best = naive.brute_force(problem)
    assert best is not None
    assert best[0] == pytest.approx(value, abs=1e-9)


def test_a_floor_that_costs_nothing_to_meet_is_met_to_the_last_unit() -> None:
    """Rounding keeps what a soft floor has of the solution: three cells at a third of 10 each."""
    problem = plain_problem([[1.0, 1.0, 1.0]], [[4.0, 4.0, 4.0]], [[11]], per_printed=10_000)
    floor = SoftFloor(rule(RuleKind.AMOUNT, Selection(levers=(0, 1)), 8), Fraction(30_000))
    plan = solve(replace(problem, soft_floors=(floor,)), INLINE)
    assert plan.certificate.rules.missing == [0]


def test_any_multiplier_of_a_soft_floor_proves_a_bound() -> None:
    """Above its price a multiplier counts as the price: 2 a unit would say that no plan is worth over 80."""
    dual = make_dual(make_space(two((rule(RuleKind.AMOUNT, FIRST, 60), "0.9"))))
    for purse, side in product((0.0, 1.0, 2.0), (0.0, 0.5, 0.9, 2.0, 1e9)):
        prices = replace(no_prices(dual), purse=np.array([purse]), side=np.array([side]))
        assert evaluate_prices(dual, prices).bound >= 146.0
    assert dual.sides.cap.tolist() == [0.9]


def test_the_most_that_can_be_missing() -> None:
    """A floor itself; of a share what all the base can take, so that no bound on a column is infinite."""
    share = rule(RuleKind.SHARE, FIRST, "1/2", base=RuleBase.SELECTION, base_selection=SECOND, name="share")
    limits = soft_limits(make_space(two((rule(RuleKind.AMOUNT, FIRST, 60), "1"), (share, "1"))))
    assert limits.most.tolist() == [60.0, 50.0]


@pytest.mark.parametrize(
    "floor", [rule(RuleKind.COUNT, FIRST, 1), rule(RuleKind.AMOUNT, FIRST, 1, 2), rule(RuleKind.AMOUNT, FIRST, None, 2)]
)
def test_what_is_no_soft_floor_is_refused(floor: Rule) -> None:
    """A count, a limit above, and no limit below."""
    with pytest.raises(ValueError, match="a minimum alone and a price above 0"):
        SoftFloor(floor, Fraction(1))
    with pytest.raises(ValueError, match="a price above 0"):
        SoftFloor(rule(RuleKind.AMOUNT, FIRST, 1), Fraction(0))


def test_the_summary_and_the_workbook_name_what_is_missing() -> None:
    """The largest cost first, in both languages; a plan without soft floors has no such sheet or line."""
    floors = [(rule(RuleKind.AMOUNT, FIRST, 10 * k, name=f"w{k}"), "0.01") for k in range(1, 8)]
    plan = solve(two(*floors), INLINE)
    lines = summary_lines(plan)
    start = next(k for k, line in enumerate(lines) if line.startswith("Soft floors missed"))
    assert [line.split()[0] for line in lines[start + 1 : start + 6]] == ["w7", "w6", "w5", "w4", "w3"]
    assert lines[start + 6].strip() == "2 more soft floors missed, 0.3 lost"
    assert any(line.startswith("未达软下限") for line in summary_lines(plan, Language.ZH))
    assert [row[0] for row in floor_sheet(plan).rows] == [f"w{k}" for k in range(1, 8)]
    assert floor_sheet(plan).rows[6] == ["w7", None, 70, 0, 70, 0.01, pytest.approx(0.7)]
    plain = solve(two(), INLINE)
    assert not any("floor" in line.lower() for line in summary_lines(plain))
    assert len(table_sheets(plan)) == len(table_sheets(plain)) + 1


def test_an_explanation_says_what_a_soft_floor_costs() -> None:
    """Without the wish at 0.9 the plan is worth 54 more, without the one at 1.1 it is 60 more; words tell the price."""
    for price, cost in (("0.9", 54.0), ("1.1", 60.0)):
        problem = two((rule(RuleKind.AMOUNT, FIRST, 60, name="wish"), price))
        plan = solve(problem, INLINE)
        (found,) = explain(problem, plan, ExplainOptions(parts=frozenset((Part.RULES,)))).rules
        assert found.words.en.endswith(f"at a price of {price}")
        assert found.cost.low.value == pytest.approx(cost, abs=1e-6)
        assert found.cost.high.value == pytest.approx(cost, abs=1e-6)


def test_a_soft_floor_makes_nothing_impossible() -> None:
    """Where other rules have no plan, the diagnosis names those alone; a wish is no conflict, however much it asks."""
    soft = two((rule(RuleKind.AMOUNT, FIRST, 10**6, name="wish"), "2"))
    hard = (rule(RuleKind.AMOUNT, FIRST, 80, name="x"), rule(RuleKind.AMOUNT, FIRST, None, 70, name="y"))
    found = diagnose(replace(soft, rules=hard), INLINE)
    assert [conflict.names for conflict in found.conflicts] == [("rule x min", "rule y max")]
    assert solve(soft, INLINE).certificate.rules.missing == [10**6 - 100]


YEARS = (2026, 2027, 2028)


def yearly(*rows: dict[str, str]) -> Problem:
    """Two clusters with one lever, 100 a year for three years, and rules."""
    paths = ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")
    tables = {
        "clusters": pd.DataFrame(
            {"cluster": ["a", "b"], "region": ["x", "y"], "industry": "i", "path": "upgrading", "scale": 50}
        ),
        "levers": pd.DataFrame({"lever": ["lab"], "response": ["log"]}),
        "effectiveness": pd.DataFrame({"path": paths, "lever": "lab", "mean": 1.0, "source": "made up"}),
        "funds": pd.DataFrame({"fund": "f", "year": YEARS, "amount": 100}),
        "cells": pd.DataFrame({"cluster": ["a"], "lever": ["lab"], "mean": [3.0]}),
        "rules": pd.DataFrame(rows, dtype=object).fillna(""),
    }
    money = '{"unit": "coin", "unit_zh": "枚", "printed": "coin", "printed_zh": "枚", "per_printed": 1}'
    return problem_from_tables(tables, ModelSettings.model_validate_json(f'{{"money": {money}}}'))


def test_a_row_with_a_price_is_written_out_like_any_other() -> None:
    """Each year, and against the year before; copies have the price of their row, and come after the rules."""
    problem = yearly(
        {"rule": "wish", "kind": "amount", "cluster": "b", "min": "40", "each": "year", "price": "0.25"},
        {"rule": "cap", "kind": "amount", "cluster": "b", "max": "80", "each": "year"},
        {"rule": "ramp", "kind": "change", "cluster": "b", "min": "-0.1", "of": "before", "price": "2"},
    )
    assert [floor.rule.name for floor in problem.soft_floors] == [
        "wish [2026]", "wish [2027]", "wish [2028]", "ramp [2027]", "ramp [2028]",
    ]  # fmt: skip
    assert [floor.price for floor in problem.soft_floors] == [Fraction(1, 4)] * 3 + [Fraction(2)] * 2
    assert [rule.name for rule in problem.rules] == ["cap [2026]", "cap [2027]", "cap [2028]"]
    assert len(problem.all_rules) == 8


def test_a_replan_keeps_what_is_left_of_soft_floors() -> None:
    """30 of 150 over all years are paid, 120 are left; what was missing in the closed year is gone; prices stay."""
    problem = yearly(
        {"rule": "all", "kind": "amount", "cluster": "b", "min": "150", "price": "0.5"},
        {"rule": "yearly", "kind": "amount", "cluster": "b", "min": "40", "each": "year", "price": "0.25"},
        {"rule": "old", "kind": "share", "cluster": "b", "year": "2026", "min": "0.5", "of": "year=2027", "price": "1"},
        {"rule": "cap", "kind": "amount", "cluster": "b", "max": "200"},
    )
    plan = solve(problem, INLINE)
    paid = pd.DataFrame({"cluster": ["b"], "lever": ["lab"], "fund": ["f"], "year": [2026], "amount": [30]})
    found = replan(problem, plan, paid)
    left = [(floor.rule.name, floor.rule.minimum, floor.price) for floor in found.problem.soft_floors]
    assert left == [("all", 120, Fraction(1, 2)), ("yearly [2027]", 40, Fraction(1, 4)),
                    ("yearly [2028]", 40, Fraction(1, 4))]  # fmt: skip
    assert [(rule.name, rule.maximum) for rule in found.problem.rules] == [("cap", 170)]
    notes = " ".join(note.en for note in found.problem.notes)
    assert "These soft floors are of money already paid, and are left out: old." in notes


def priced(kind: str = "amount", **values: object) -> object:
    """Add a rule with a price; it stands in row 4."""
    return add("rules", **{"rule": "new", "kind": kind, "min": "1", "price": "1", **values})


BAD = [
    Case("a count", priced("count"), "rules", 4, "price", "a rule of kind count has no price"),
    Case("a lock", priced("lock"), "rules", 4, "price", "goes with amount, share, change"),
    Case("no min", priced(min="", max="9"), "rules", 4, "price", "a price is for a min"),
    Case("a max", priced(max="9"), "rules", 4, "max", "Write max in a row of its own"),
    Case("no price", priced(price="0"), "rules", 4, "price", "> 0"),
    Case("below nothing", priced(price="-1"), "rules", 4, "price", "> 0"),
    Case("a word", priced(price="dear"), "rules", 4, "price", "number"),
    Case("too fine", priced(price="0.0000000001"), "rules", 4, "price", "9"),
    Case("too much", priced(price="1e30"), "rules", 4, "price", ""),
    Case("nothing there", priced(region="west", cluster="media"), "rules", 4, "rule", "nothing matches the selection"),
    Case("no last plan", priced("change"), "rules", 4, "rule", "needs the last plan"),
    Case("the worst region", priced(), "rules", 4, "price", "the objective worst_region has no place for it",
         ModelSettings.model_validate_json('{"objective": {"kind": "worst_region"}}')),
    Case("least money", priced(), "rules", 4, "price", "the objective least_money has no place for it",
         ModelSettings.model_validate_json('{"objective": {"kind": "least_money", "target": 1}}')),
]  # fmt: skip


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_bad_prices(case: Case) -> None:
    """Every fault has its place and its remedy."""
    check_case(case)


def test_all_faults_of_prices_come_at_once() -> None:
    """Two rows, three faults."""
    tables = small_tables()
    both(priced("count"), priced(rule="other", min="", max="9"))(tables)
    places = {(fault.row, fault.column) for fault in faults_of(lambda: problem_from_tables(tables))}
    assert places >= {(4, "price"), (5, "price"), (5, "max")}
