"""Changes to a problem whose effect on the value is known without solving it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from clusteropt.errors import ExactMoneyError, InfeasibleError
from clusteropt.inputs.problem import Labels, LastPlan, Menus, Money, ObjectiveKind, Problem, Rule, RuleKind, Selection
from clusteropt.plan.making import solve
from tests.problems import QUICK, Sizes, random_problem, rule, with_menus

if TYPE_CHECKING:
    from clusteropt.plan.plan import Plan

LARGE = Sizes(clusters=3, levers=2, years=2, funds=2, money=100_000, cells=8)
SLOW = pytest.param(600_003, marks=pytest.mark.long)
"""A model that takes as long as all the others."""
SEEDS = (*range(600_000, 600_003), SLOW, *range(600_004, 600_008), 600_009)
LOOSE = 2.5e-6
"""Two gaps of 1e-6, one for each solve, and what rounding to whole units costs."""


def solved(problem: Problem) -> Plan | None:
    """Solve; None where there is no plan."""
    try:
        return solve(problem, QUICK)
    except (InfeasibleError, ExactMoneyError):
        return None


@cache
def drawn(seed: int) -> tuple[Problem, Plan]:
    """Draw a problem that has a plan and seeks outcome, once for all tests; where there is none the next seed."""
    for number in range(200):
        problem = random_problem(seed * 1000 + number, LARGE, (ObjectiveKind.TOTAL, ObjectiveKind.EQUITY)[seed % 2])
        plan = solved(problem)
        if plan is not None and plan.record.limit is None:
            return problem, plan
    raise AssertionError("no seed with a plan")


def near(one: float, other: float) -> bool:
    """Tell whether two values agree within the gaps of their solves."""
    return abs(one - other) <= LOOSE * max(abs(one), abs(other)) + 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_more_money_never_hurts(seed: int) -> None:
    """A larger purse allows every plan that the smaller one did, where no rule is measured against purses."""
    problem, plan = drawn(seed)
    fixed = tuple(r for r in problem.rules if r.base.value != "fund")
    if fixed != problem.rules:
        problem = replace(problem, rules=fixed)
        plan = solved(problem) or plan
    more = solved(replace(problem, purse=problem.purse + 5000))
    assert more is not None
    assert more.bound >= plan.value * (1 - 1e-9)
    assert more.value >= plan.value - LOOSE * abs(plan.value) - 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_dropping_a_rule_never_hurts(seed: int) -> None:
    """Every plan that obeys all rules obeys all but one."""
    problem, plan = drawn(seed)
    for number in range(len(problem.rules)):
        rest = problem.rules[:number] + problem.rules[number + 1 :]
        freer = solved(replace(problem, rules=rest))
        assert freer is not None
        assert freer.value >= plan.value - LOOSE * abs(plan.value) - 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_the_optimum_locked_keeps_its_value(seed: int) -> None:
    """Locking every draw at what the plan gave it leaves exactly that plan."""
    problem, plan = drawn(seed)
    given = {tuple(key): amount for *key, amount in zip(*(part.tolist() for part in _parts(plan)), strict=True)}
    locks = []
    for fund, cluster, lever in zip(problem.draw_fund, problem.draw_cluster, problem.draw_lever, strict=True):
        for year in range(problem.num_years):
            amount = Fraction(given.get((int(fund), int(cluster), int(lever), year), 0))
            place = Selection(clusters=(int(cluster),), levers=(int(lever),), funds=(int(fund),), years=(year,))
            locks.append(Rule(f"lock{len(locks)}", RuleKind.LOCK, place, amount, amount))
    again = solved(replace(problem, rules=problem.rules + tuple(locks)))
    assert again is not None
    assert again.allocation.equals(plan.allocation)
    assert again.value == pytest.approx(plan.value, rel=1e-12)


def _parts(plan: Plan) -> tuple[np.ndarray, ...]:
    awards = plan.awards
    return awards.fund, awards.cluster, awards.lever, awards.year, awards.amount


@pytest.mark.parametrize("seed", SEEDS)
def test_fen_are_worth_as_much_as_yuan(seed: int) -> None:
    """All money times 100, effects by 100, the printed unit the same: nothing changes but what rounding can."""
    problem, plan = drawn(seed)
    menus = replace(problem.menus, amount=problem.menus.amount * 100)
    last = problem.last_plan
    limits = tuple(_hundredfold(r) for r in problem.rules)
    fen = replace(
        problem,
        money=Money(problem.money.unit, problem.money.printed, problem.money.per_printed * 100),
        effect=problem.effect / 100,
        scale=problem.scale * 100,
        stock=problem.stock * 100,
        least=problem.least * 100,
        most=problem.most * 100,
        purse=problem.purse * 100,
        menus=menus,
        last_plan=LastPlan(last.cluster, last.lever, last.fund, last.amount * 100),
        rules=limits,
    )
    finer = solved(fen)
    assert finer is not None
    assert near(finer.value, plan.value)


def _hundredfold(given: Rule) -> Rule:
    if given.kind not in (RuleKind.AMOUNT, RuleKind.LOCK):
        return given
    low, high = (None if side is None else side * 100 for side in (given.minimum, given.maximum))
    return replace(given, minimum=low, maximum=high)


@pytest.mark.parametrize("seed", SEEDS)
def test_names_do_not_matter(seed: int) -> None:
    """Other names for everything give the same plan to the unit."""
    problem, plan = drawn(seed)
    labels = problem.labels
    named = {name: tuple(f"x{k}" for k in getattr(labels, name)) for name in ("clusters", "levers", "funds", "regions")}
    again = solved(replace(problem, labels=replace(labels, **named)))
    assert again is not None
    assert again.value == plan.value
    assert again.awards.amount.tolist() == plan.awards.amount.tolist()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_clusters_does_not_matter(seed: int) -> None:
    """Clusters in the other order: the same value within the gaps."""
    problem, plan = drawn(seed)
    turned = solved(turn_clusters(problem))
    assert turned is not None
    assert near(turned.value, plan.value)


def turn_clusters(problem: Problem) -> Problem:
    """Put the clusters of a problem in the opposite order."""
    num, levers = problem.num_clusters, problem.num_levers
    to = np.arange(num)[::-1]

    def flip(values: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(values[::-1])

    per_cluster = ("region_of", "industry_of", "path_of", "membership", "weight", "size", "features", "effect", "scale",
                   "stock", "least", "most")  # fmt: skip
    changed = {name: flip(getattr(problem, name)) for name in per_cluster}
    draws = sorted(
        (int(to[c]), int(k), int(f))
        for c, k, f in zip(problem.draw_cluster, problem.draw_lever, problem.draw_fund, strict=True)
    )
    cluster, lever, fund = np.array(draws, np.int32).reshape(-1, 3).T
    last = problem.last_plan
    return replace(
        problem,
        labels=_turned_labels(problem.labels),
        menus=_turned_menus(problem.menus, num, levers),
        draw_cluster=cluster.copy(),
        draw_lever=lever.copy(),
        draw_fund=fund.copy(),
        spill_from=to[problem.spill_from].astype(np.int32),
        spill_to=to[problem.spill_to].astype(np.int32),
        last_plan=LastPlan(to[last.cluster].astype(np.int32), last.lever, last.fund, last.amount),
        rules=tuple(_turned_rule(r, to) for r in problem.rules),
        **changed,
    )


def _turned_labels(labels: Labels) -> Labels:
    return replace(labels, clusters=labels.clusters[::-1], cluster_names=labels.cluster_names[::-1])


def _turned_menus(menus: Menus, num_clusters: int, num_levers: int) -> Menus:
    start, pieces = [0], []
    for cluster in reversed(range(num_clusters)):
        for lever in range(num_levers):
            place = cluster * num_levers + lever
            pieces.append(np.arange(menus.start[place], menus.start[place + 1]))
            start.append(start[-1] + len(pieces[-1]))
    order = np.concatenate(pieces).astype(np.int64)
    names = tuple(menus.names[k] for k in order)
    return Menus(np.array(start, np.int64), menus.amount[order], menus.gain[order], names)


def _turned_rule(given: Rule, to: np.ndarray) -> Rule:
    def turned(selection: Selection) -> Selection:
        return replace(selection, clusters=tuple(sorted(int(to[c]) for c in selection.clusters)))

    return replace(given, selection=turned(given.selection), base_selection=turned(given.base_selection))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_level_nobody_can_pay_changes_nothing(seed: int) -> None:
    """A level above every purse together is never chosen."""
    problem, plan = drawn(seed)
    levels = {}
    for cluster in range(problem.num_clusters):
        for lever in range(problem.num_levers):
            first, last = problem.menus.start[cluster * problem.num_levers + lever :][:2]
            menu = list(zip(problem.menus.amount[first:last], problem.menus.gain[first:last], strict=True))
            if menu:
                levels[cluster, lever] = [*menu, (int(problem.purse.sum()) + 1, 1e9)]
    most, least = problem.most, problem.least
    longer = with_menus(problem, levels)
    kept = np.array([[(c, k) in levels for k in range(problem.num_levers)] for c in range(problem.num_clusters)])
    longer = replace(longer, least=np.where(kept, 0, least), most=np.where(kept, longer.most, most))
    again = solved(longer)
    assert again is not None
    assert near(again.value, plan.value)


@pytest.mark.parametrize("seed", SEEDS)
def test_in_one_year_depreciation_does_not_matter(seed: int) -> None:
    """One year, no lag, nothing in stock at the start: the problem is that of a plain yearly budget."""
    one = replace(LARGE, years=1)
    problem = random_problem(seed, one, ObjectiveKind.TOTAL)
    problem = replace(problem, lag=np.zeros_like(problem.lag), stock=np.zeros_like(problem.stock))
    values = []
    for depreciation in (0.0, 0.4, 1.0):
        plan = solved(replace(problem, depreciation=np.full(problem.num_levers, depreciation)))
        values.append(None if plan is None else plan.value)
    assert (values[0] is None) == (values[2] is None)
    if values[0] is not None:
        assert near(values[0], values[2])
        assert near(values[1], values[2])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_rule_that_forbids_nothing_changes_nothing(seed: int) -> None:
    """A cap at all the money there is leaves the value."""
    problem, plan = drawn(seed)
    cap = rule(RuleKind.AMOUNT, maximum=int(problem.purse.sum()), name="all")
    again = solved(replace(problem, rules=(*problem.rules, cap)))
    assert again is not None
    assert near(again.value, plan.value)
