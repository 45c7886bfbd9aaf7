"""What explanations say of small problems against the best of all allocations, tried one by one in plain Python."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from clusteropt.errors import ExactMoneyError, InfeasibleError
from clusteropt.explanation.alternatives import alternatives
from clusteropt.explanation.explaining import explain
from clusteropt.explanation.explanation import ExplainOptions, Part
from clusteropt.explanation.neighbours import base_of, richer, with_rule, without_rule
from clusteropt.explanation.what_if import lock_of, what_if
from clusteropt.inputs.problem import ObjectiveKind, Problem
from clusteropt.plan.making import solve
from tests import naive
from tests.problems import INLINE, Sizes, random_problem

if TYPE_CHECKING:
    from clusteropt.explanation.bracket import Bracket
    from clusteropt.plan.plan import Plan

MENUS = Sizes(clusters=2, levers=2, years=2, funds=2, menus=1.0, money=5, cells=4, rules=3)
TINY_MONEY = Sizes(clusters=2, levers=2, years=2, funds=2, menus=0.3, money=5, cells=4, rules=3)
MOST_TRIES = 3000
ROOM = 1e-7
"""Brackets are compared with sums of floats, and claimed bounds are right within tolerances."""


def planned(seed: int, sizes: Sizes) -> tuple[Problem, Plan] | None:
    """Draw a problem that is quickly tried out, with the equity scale set, and its plan; None where there is none."""
    problem = random_problem(seed, sizes)
    if naive.count_tries(problem) > MOST_TRIES:
        return None
    try:
        plan = solve(problem, INLINE)
    except (InfeasibleError, ExactMoneyError):
        return None
    return base_of(problem, plan).problem, plan


def optimum(problem: Problem) -> float | None:
    """Give the best objective of a maximisation by trying all; None where nothing may be paid."""
    best = naive.brute_force(problem)
    sign = -1 if problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1
    return None if best is None else sign * best[0]


def check_between(bracket: Bracket, true: float, size: float) -> None:
    """Check that the true number lies in a bracket, within the room of numbers of this size."""
    room = ROOM * max(1.0, abs(size))
    assert bracket.low.value - room <= true <= bracket.high.value + room


@cache
def check_explanation(seed: int, sizes: Sizes) -> int:
    """Compare worths and costs with the truth, once for all tests; give how many were compared."""
    made = planned(seed, sizes)
    if made is None:
        return 0
    problem, plan = made
    value = optimum(problem)
    assert value is not None
    found = explain(problem, plan, ExplainOptions(parts=frozenset((Part.PURSES, Part.RULES)), solve=INLINE, step=0.3))
    assert found.complete
    saved = problem.objective.kind is ObjectiveKind.LEAST_MONEY
    for purse in found.purses:
        rich = richer(problem, purse.fund, purse.year, purse.step)
        more = optimum(rich)
        if more is not None:
            unit = 1 if saved else problem.money.per_printed
            check_between(purse.worth, (more - value) * unit / purse.step, value * unit / purse.step)
    for number, rule in enumerate(found.rules):
        without = optimum(without_rule(problem, number))
        assert without is not None
        check_between(rule.cost, without - value, value)
    return len(found.purses) + len(found.rules)


@cache
def check_locks(seed: int, sizes: Sizes) -> int:
    """Compare forced next levels and refused awards with the truth, once for all tests; give how many were compared."""
    made = planned(seed, sizes)
    if made is None:
        return 0
    problem, plan = made
    value = optimum(problem)
    assert value is not None
    found = explain(problem, plan, ExplainOptions(parts=frozenset((Part.FORCED,)), solve=INLINE))
    labels = problem.labels
    for cell in found.cells:
        place = (cell.cluster, cell.lever, cell.year)
        if cell.level is not None:
            forced = optimum(with_rule(problem, lock_of(problem, place, cell.level)))
            assert (forced is None) == (cell.forced is None)
            if cell.forced is not None and forced is not None:
                check_between(cell.forced, value - forced, value)
        names = (labels.clusters[cell.cluster], labels.levers[cell.lever])
        refused = optimum(with_rule(problem, lock_of(problem, place, 0)))
        try:
            change = what_if(problem, plan, *names, 0, labels.years[cell.year], options=INLINE)
        except InfeasibleError:
            assert refused is None
            continue
        assert refused is not None
        check_between(change.loss, value - refused, value)
        assert naive.broken_rules(problem, naive.of_plan(change.after)) == []
        assert naive.cell_money(naive.of_plan(change.after)).get(place, 0) == 0
    return len(found.cells)


def furthest(problem: Problem, plan: Plan, others: list[naive.Allocation], loss: float) -> float:
    """Give the largest smallest difference from some plans of any allocation that loses no more, by trying all."""
    sign = -1 if problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1
    needed = sign * plan.value - loss * abs(plan.value) - 1e-9 * max(1.0, abs(plan.value))
    cells = [naive.cell_money(other) for other in others]
    best = 0.0
    for allocation in naive.allocations(problem):
        money = naive.cell_money(allocation)
        apart = min(difference(old, money) for old in cells)
        short = sign < 0 and naive.total(problem, money) < (problem.objective.target or 0.0)
        if apart <= best or short or sign * naive.objective(problem, money) < needed:
            continue
        if not naive.broken_rules(problem, allocation):
            best = apart
    return best


def difference(old: dict[naive.Cell, int], new: dict[naive.Cell, int]) -> float:
    """Give the share of the money of one plan that another takes away from its cells."""
    taken = sum(max(amount - new.get(cell, 0), 0) for cell, amount in old.items())
    return taken / max(sum(old.values()), 1)


@cache
def check_alternatives(seed: int, sizes: Sizes, loss: float) -> int:
    """Check alternatives against all allocations, once for all tests; give how many there were."""
    made = planned(seed, sizes)
    if made is None or made[1].money_total == 0:
        return 0
    problem, plan = made
    found = alternatives(problem, plan, 2, loss, INLINE)
    before = [naive.of_plan(plan)]
    sign = -1 if problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1
    for one in found:
        allocation = naive.of_plan(one.plan)
        assert naive.broken_rules(problem, allocation) == []
        money = naive.cell_money(allocation)
        value = naive.objective(problem, money)
        assert one.plan.value == pytest.approx(value, rel=1e-9, abs=1e-9)
        assert sign * value >= sign * plan.value - loss * abs(plan.value) - 1e-9 * max(1.0, abs(value))
        if sign < 0:
            assert naive.total(problem, money) >= problem.objective.target
        apart = [difference(naive.cell_money(old), money) for old in before]
        assert one.difference == pytest.approx(apart[0])
        assert one.nearest == pytest.approx(min(apart))
        best = furthest(problem, plan, before, loss)
        assert one.nearest == pytest.approx(best, abs=1e-6)
        assert one.most >= best - 1e-6
        before.append(allocation)
    if len(found) < 2:
        assert furthest(problem, plan, before, loss) == pytest.approx(0.0, abs=1e-6)
    return len(found)


@pytest.mark.parametrize("sizes", [MENUS, TINY_MONEY], ids=["menus", "tiny money"])
@pytest.mark.parametrize("start", range(700_000, 700_030, 10))
def test_true_worth_and_cost_lie_in_the_bracket(start: int, sizes: Sizes) -> None:
    """What Delta in a purse and what leaving a rule out bring lies between the ends given, whatever the objective."""
    for seed in range(start, start + 10):
        check_explanation(seed, sizes)


@pytest.mark.parametrize("sizes", [MENUS, TINY_MONEY], ids=["menus", "tiny money"])
@pytest.mark.parametrize("start", range(710_000, 710_020, 10))
def test_forced_and_refused_awards_cost_what_trying_all_says(start: int, sizes: Sizes) -> None:
    """The loss of a lock lies between the ends given, and there is no plan exactly where there is none."""
    for seed in range(start, start + 10):
        check_locks(seed, sizes)


@pytest.mark.parametrize("sizes", [MENUS, TINY_MONEY], ids=["menus", "tiny money"])
@pytest.mark.parametrize("start", range(720_000, 720_040, 10))
def test_alternatives_are_as_different_as_any(start: int, sizes: Sizes) -> None:
    """Alternatives lose no more than allowed, obey every rule, and no allocation is further away."""
    for seed in range(start, start + 10):
        check_alternatives(seed, sizes, 0.1)


def test_enough_is_compared() -> None:
    """The problems drawn have purses, rules, cells and alternatives, so that the tests above check something."""
    assert sum(check_explanation(seed, MENUS) for seed in range(700_000, 700_020)) >= 20
    assert sum(check_locks(seed, TINY_MONEY) for seed in range(710_000, 710_020)) >= 20
    assert sum(check_alternatives(seed, TINY_MONEY, 0.1) for seed in range(720_000, 720_040)) >= 5


@pytest.mark.long
@pytest.mark.parametrize("start", range(800_000, 801_000, 20))
def test_many_explanations_against_all_allocations(start: int) -> None:
    """The three comparisons above on a thousand other problems, with losses from none to two fifths."""
    for seed in range(start, start + 20):
        for sizes in (MENUS, TINY_MONEY):
            check_explanation(seed, sizes)
            check_locks(seed, sizes)
            check_alternatives(seed, sizes, (0.0, 0.02, 0.1, 0.4)[seed % 4])
