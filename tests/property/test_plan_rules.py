"""Every plan of random problems over all features obeys every rule exactly and is worth what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from clusteropt.errors import ExactMoneyError, InfeasibleError
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.plan.making import solve
from clusteropt.plan.saving import plan_from_json, plan_to_json
from tests import naive
from tests.forms import later
from tests.problems import QUICK, Problem, Sizes, random_problem

if TYPE_CHECKING:
    from clusteropt.plan.plan import Plan

LARGE = Sizes(money=20_000)
SOON = replace(QUICK, time_limit_s=10.0)


def check_plan(problem: Problem, plan: Plan) -> None:
    """Check rules, values, purses and the file of a plan."""
    allocation = naive.of_plan(plan)
    cells = naive.cell_money(allocation)
    assert naive.broken_rules(problem, allocation) == []
    assert plan.value == pytest.approx(naive.objective(problem, cells), rel=1e-9, abs=1e-9)
    assert plan.total_outcome == pytest.approx(naive.total(problem, cells), rel=1e-9, abs=1e-9)
    assert plan.region_outcome.tolist() == pytest.approx(naive.regional(problem, cells), rel=1e-9, abs=1e-9)
    sign = -1 if problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1
    for stage in plan.stages:
        assert sign * stage.bound >= sign * stage.value
    if problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        assert naive.total(problem, cells) >= problem.objective.target
    _check_purses(problem, plan, allocation)
    text = plan_to_json(plan)
    assert plan_to_json(plan_from_json(text)) == text


def _check_purses(problem: Problem, plan: Plan, allocation: naive.Allocation) -> None:
    left = problem.purse.astype(object).copy()
    for (fund, _, _, year), amount in allocation.items():
        left[fund, year] -= amount
    kept = {(u.fund, u.year): u.amount for u in plan.unspent}
    assert kept == {
        (f, t): left[f, t] for f in range(problem.num_funds) for t in range(problem.num_years) if left[f, t]
    }
    assert plan.by_purse["unspent"].tolist() == left.ravel().tolist()
    assert plan.money_total == sum(allocation.values())


def check_seed(seed: int, sizes: Sizes = Sizes()) -> bool:  # noqa: B008
    """Draw a problem and check its plan; tell whether there was one."""
    problem = random_problem(seed, sizes)
    try:
        plan = solve(problem, SOON)
    except (InfeasibleError, ExactMoneyError):
        return False
    check_plan(problem, plan)
    return True


@pytest.mark.parametrize("seed", [*range(300_000, 300_060), *later(range(300_060, 300_120))])
def test_plans_obey_every_rule(seed: int) -> None:
    """Small money: exact rules, values re-computed in plain Python, bounds on the right side, a file that returns."""
    check_seed(seed)


@pytest.mark.parametrize("seed", [*range(400_000, 400_020), *later(range(400_020, 400_040))])
def test_plans_of_larger_money_obey_every_rule(seed: int) -> None:
    """The same with purses of thousands of units, where the gap must be small as well."""
    check_seed(seed, LARGE)


def test_most_random_problems_have_a_plan() -> None:
    """The problems drawn are not mostly refused, so that the tests above check something."""
    assert sum(check_seed(seed) for seed in range(300_000, 300_030)) >= 15


@pytest.mark.long
@pytest.mark.parametrize("start", range(500_000, 504_000, 50))
def test_many_plans_obey_every_rule(start: int) -> None:
    """Thousands of other problems."""
    for seed in range(start, start + 50):
        check_seed(seed, Sizes() if seed % 2 else LARGE)
