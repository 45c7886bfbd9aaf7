"""What the other ways of sharing want, and how near the rules let them come."""

from __future__ import annotations

from dataclasses import replace
from math import log1p

import numpy as np
import pytest

from clusteropt.inputs.problem import Objective, ObjectiveKind, Problem, RuleKind, Selection
from clusteropt.plan.baselines import compare, factor_score
from clusteropt.plan.making import solve
from clusteropt.plan.plan import Baseline, BaselineKind, UnspentReason
from tests.problems import QUICK, plain_problem, rule, with_last


def _three(**changes: object) -> Problem:
    """Three clusters of sizes 1, 2 and 3 with one log lever each, effect 1, scale 100, one purse of 600."""
    problem = plain_problem([[1.0], [1.0], [1.0]], [[100.0]] * 3, [[600]])
    return replace(problem, size=np.array([1.0, 2.0, 3.0]), **changes)


def _compared(problem: Problem) -> dict[BaselineKind, Baseline]:
    plan = compare(problem, solve(problem, QUICK), QUICK)
    return {baseline.kind: baseline for baseline in plan.baselines}


def test_pro_rata_and_equal_shares_by_hand() -> None:
    """600 units by size are 100, 200, 300; equal shares are 200 each, which is the optimum of equal curves."""
    found = _compared(_three())
    by_size = 100 * (log1p(1) + log1p(2) + log1p(3))
    assert found[BaselineKind.PRO_RATA].value == pytest.approx(by_size, rel=1e-12)
    assert found[BaselineKind.PRO_RATA].gain == pytest.approx(300 * log1p(2) / by_size - 1, rel=1e-6)
    assert found[BaselineKind.EQUAL].value == pytest.approx(300 * log1p(2), rel=1e-12)
    assert found[BaselineKind.EQUAL].gain == pytest.approx(0, abs=1e-6)
    assert {b.money for b in found.values()} == {600}
    assert {b.moved for b in found.values()} == {0}


def test_money_that_a_rule_forbids_goes_to_others_before_it_stays() -> None:
    """The third cluster may have 150: its other 150 go to the first two, and 150 count as moved."""
    capped = _three(rules=(rule(RuleKind.AMOUNT, Selection(clusters=(2,)), None, 150),))
    found = _compared(capped)[BaselineKind.PRO_RATA]
    assert found.money == 600
    assert found.moved == 150


def test_the_last_plan_is_repeated_and_spends_no_more() -> None:
    """A last plan of 50 and 70 units is kept as it is, whatever the purse holds."""
    problem = with_last(_three(), [(0, 0, 0, 50), (1, 0, 0, 70)])
    found = _compared(problem)[BaselineKind.LAST_PLAN]
    assert (found.money, found.moved) == (120, 0)
    assert found.value == pytest.approx(100 * (log1p(0.5) + log1p(0.7)), rel=1e-12)


def test_the_factor_formula_by_hand() -> None:
    """Half by size (1/6, 2/6, 3/6), half by innovation (0.5, 0.25 and one not given, counted as their mean)."""
    features = np.full((3, 5), np.nan)
    features[:2, 1] = (0.5, 0.25)
    problem = _three(features=features, factor_weights={"size": 0.5, "innovation": 0.5})
    innovation = np.array([0.5, 0.25, 0.375]) / 1.125
    assert factor_score(problem) == pytest.approx(0.5 * np.array([1, 2, 3]) / 6 + 0.5 * innovation)
    assert _compared(problem)[BaselineKind.FACTORS].money == 600


def test_within_a_cluster_pro_rata_follows_the_scale_of_the_levers() -> None:
    """Scales 100 and 300 get a quarter and three quarters, so both stand at the same point of their curves."""
    problem = plain_problem([[1.0, 1.0]], [[100.0, 300.0]], [[400]])
    found = _compared(problem)[BaselineKind.PRO_RATA]
    assert found.value == pytest.approx(400 * log1p(1), rel=1e-12)


def test_least_money_compares_what_the_same_money_buys() -> None:
    """For a target the other ways get the plan's money and are measured by the outcome it buys."""
    target = 300 * log1p(1)
    problem = _three(objective=Objective(ObjectiveKind.LEAST_MONEY, target=target))
    plan = compare(problem, solve(problem, QUICK), QUICK)
    assert plan.money_total == 300
    by_size = next(b for b in plan.baselines if b.kind is BaselineKind.PRO_RATA)
    assert by_size.money == 300
    assert by_size.value == pytest.approx(100 * (log1p(0.5) + log1p(1) + log1p(1.5)), rel=1e-9)
    assert by_size.gain == pytest.approx(target / by_size.value - 1, rel=1e-9)


def test_amounts_of_a_thousand_billion_units_are_compared() -> None:
    """Huge amounts in small printed units leave no way out."""
    problem = plain_problem([[1.0], [1.0]], [[1e12], [1e12]], [[10**12]], per_printed=1)
    assert set(_compared(problem)) == {BaselineKind.PRO_RATA, BaselineKind.EQUAL}


@pytest.mark.parametrize(
    ("rules", "least", "reason"),
    [
        ((rule(RuleKind.AMOUNT, Selection(), None, 450, name="cap"),), 0, UnspentReason.RULE),
        ((rule(RuleKind.COUNT, Selection(), None, 0, name="cap"),), 0, UnspentReason.RULE),
        ((), 700, UnspentReason.LEAST),
    ],
)
def test_unspent_money_says_why(rules: tuple[object, ...], least: int, reason: UnspentReason) -> None:
    """A cap on money, a cap on awards and a least award above the purse are named as what they are."""
    plan = solve(_three(rules=rules, least=np.full((3, 1), least), most=np.full((3, 1), 800)), QUICK)
    (left,) = plan.unspent
    assert left.reason is reason
    assert left.rules == (("cap",) if reason is UnspentReason.RULE else ())


def test_full_cells_leave_money() -> None:
    """Three cells of at most 100 leave 300 of 600."""
    (left,) = solve(_three(most=np.full((3, 1), 100)), QUICK).unspent
    assert (left.amount, left.reason) == (300, UnspentReason.AT_MOST)
