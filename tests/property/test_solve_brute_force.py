"""Solved plans against the best of all allocations, tried one by one in plain Python."""

from __future__ import annotations

import pytest

from clusteropt.errors import ExactMoneyError, InfeasibleError
from clusteropt.inputs.problem import ObjectiveKind, Problem
from clusteropt.plan.making import solve
from tests import naive
from tests.problems import INLINE, Sizes, random_problem

MENUS_ONE_FUND = Sizes(clusters=2, levers=2, years=2, funds=1, menus=1.0, money=8, cells=4, rules=2)
MENUS_TWO_FUNDS = Sizes(clusters=2, levers=2, years=2, funds=2, menus=1.0, money=5, cells=4, rules=2)
TINY_MONEY = Sizes(clusters=2, levers=2, years=2, funds=2, menus=0.3, money=6, cells=4, rules=2)
MOST_TRIES = 6000


def check_against_all(problem: Problem, exact: bool) -> None:
    """Compare a solve with the best allocation; ``exact``: the optimum must be found, not only bounded."""
    best = naive.brute_force(problem)
    try:
        plan = solve(problem, INLINE)
    except InfeasibleError:
        assert best is None
        return
    except ExactMoneyError:
        assert not exact or best is None
        return
    allocation = naive.of_plan(plan)
    assert naive.broken_rules(problem, allocation) == []
    assert best is not None
    sign = -1 if problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1
    assert plan.value == pytest.approx(naive.objective(problem, naive.cell_money(allocation)), rel=1e-9, abs=1e-9)
    assert sign * plan.value <= sign * best[0] + 1e-9 * max(1.0, abs(best[0]))
    assert sign * plan.bound >= sign * best[0] - 1e-6 * max(1e-9, abs(best[0]))
    if exact:
        assert plan.value == pytest.approx(best[0], rel=1e-9, abs=1e-9)
    if exact and problem.objective.kind is ObjectiveKind.WORST_REGION:
        assert plan.total_outcome >= best[1] - 2e-7 * abs(best[1]) - 1e-9


def check_seed(seed: int, sizes: Sizes, exact: bool) -> None:
    """Draw a problem and check it, unless trying everything would take too long."""
    problem = random_problem(seed, sizes)
    if naive.count_tries(problem) <= MOST_TRIES:
        check_against_all(problem, exact)


@pytest.mark.parametrize("seed", range(120))
def test_menus_of_one_fund_reach_the_best_of_all(seed: int) -> None:
    """With menus and one fund the plan is the best allocation there is, and infeasible means there is none."""
    check_seed(seed, MENUS_ONE_FUND, exact=True)


@pytest.mark.parametrize("seed", range(10_000, 10_120))
def test_menus_of_two_funds_reach_the_best_of_all(seed: int) -> None:
    """With menus paid by two funds the plan is the best allocation there is."""
    check_seed(seed, MENUS_TWO_FUNDS, exact=True)


@pytest.mark.parametrize("seed", range(20_000, 20_120))
def test_tiny_money_reaches_the_best_of_all(seed: int) -> None:
    """With free amounts of a few units, where whole units decide, the plan is the best whole allocation there is."""
    check_seed(seed, TINY_MONEY, exact=True)


@pytest.mark.long
@pytest.mark.parametrize("start", range(100_000, 112_000, 100))
def test_many_problems_against_all_allocations(start: int) -> None:
    """The three comparisons above on thousands of other problems."""
    for seed in range(start, start + 100):
        check_seed(seed, MENUS_ONE_FUND, exact=True)
        check_seed(seed, MENUS_TWO_FUNDS, exact=True)
        check_seed(seed, TINY_MONEY, exact=True)


def test_the_oracle_tries_what_it_should() -> None:
    """The oracle itself: two cells, one purse of 3, no rules: 10 splits and the best by hand."""
    from tests.problems import plain_problem

    problem = plain_problem([[2.0], [1.0]], [[1.0], [1.0]], [[3]])
    assert len(list(naive.allocations(problem))) == 10
    best = naive.brute_force(problem)
    assert best is not None
    assert best[2] == {(0, 0, 0, 0): 2, (0, 1, 0, 0): 1}
