"""The Lagrangian bound against brute force, its relaxation, and the properties every dual function has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from clusteropt.errors import ClusteroptError
from clusteropt.inputs.options import Isolation
from clusteropt.inputs.problem import ObjectiveKind, Problem, RuleBase, RuleKind, Selection
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.grouped import make_grouped
from clusteropt.model.lagrangian import Dual, evaluate_prices, make_dual
from clusteropt.model.outcome import with_equity_scale
from clusteropt.model.space import make_space
from clusteropt.plan.making import solve
from clusteropt.plan.proving import array_bound
from clusteropt.solver.claim import HighsOptions
from clusteropt.solver.guard import Guard
from clusteropt.solver.multipliers import Until, no_prices, prices_of_duals, relaxation_duals
from clusteropt.solver.price_search import improve_prices
from clusteropt.solver.runner import Runner
from clusteropt.solver.scaling import choose_scaling, to_program
from tests import naive
from tests.problems import INLINE, Sizes, plain_problem, random_problem, rule, with_menus

if TYPE_CHECKING:
    from clusteropt.model.prices import Prices

MENUS = Sizes(clusters=2, levers=2, years=2, funds=2, menus=1.0, money=5, cells=4, rules=3)
AMOUNTS = Sizes(clusters=2, levers=2, years=2, funds=2, menus=0.3, money=6, cells=4, rules=3)
ONE_FUND = Sizes(clusters=3, levers=2, years=1, funds=1, menus=0.6, money=8, cells=4, rules=3)
SIZES = (MENUS, AMOUNTS, ONE_FUND)
MOST_TRIES = 2500
FOREVER = 1e18


def ready(seed: int) -> Problem:
    """Draw a problem with its equity scale set."""
    return with_equity_scale(make_space(random_problem(seed, SIZES[seed % 3])))


def sign_of(problem: Problem) -> float:
    """Give -1 where less is better."""
    return -1.0 if problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1.0


def random_prices(dual: Dual, rng: np.random.Generator) -> Prices:
    """Draw prices of any size for everything that has one."""
    base = no_prices(dual)
    some = rng.random(dual.sides.num) < 0.6
    return replace(
        base,
        purse=rng.exponential(0.5, base.purse.shape),
        side=rng.exponential(0.5, dual.sides.num) * some * rng.choice([0.1, 1.0, 10.0]),
        region=rng.uniform(0.05, 1.0, base.region.shape),
        target=float(rng.exponential(2.0)),
        stock=rng.normal(0.3, 1.0, base.stock.shape),
    )


def duals_of(problem: Problem) -> tuple[Dual, Prices, float]:
    """Give the prices of the tightest relaxation, and what the relaxation itself claims."""
    space = make_space(problem)

    def build(grid):
        return formulate(space, grid)

    with Runner(Isolation.INLINE) as runner, Guard(runner, -np.inf) as guard:
        found = relaxation_duals(build, build(first_grid(make_curves(space))), guard, Until(0.0, 0.0, FOREVER))
    assert found is not None
    dual = make_dual(space)
    return dual, prices_of_duals(dual, *found), array_bound(*found)[0]


@pytest.mark.parametrize("seed", range(60))
def test_no_prices_prove_less_than_the_best_allocation(seed: int) -> None:
    """Whatever the prices, no allocation that obeys the rules is beyond the bound."""
    problem = ready(seed)
    if naive.count_tries(problem) > MOST_TRIES:
        return
    best = naive.brute_force(problem)
    if best is None:
        return
    dual, rng, sign = make_dual(make_space(problem)), np.random.default_rng(seed), sign_of(problem)
    for _ in range(5):
        bound = evaluate_prices(dual, random_prices(dual, rng)).bound
        assert sign * bound >= sign * best[0] - 1e-9 * max(1.0, abs(best[0]))


@pytest.mark.parametrize("seed", range(200, 230))
def test_the_bound_of_a_plan_holds_for_the_best_allocation(seed: int) -> None:
    """What a plan says of itself is true, and its value never beyond it."""
    problem = ready(seed)
    if naive.count_tries(problem) > MOST_TRIES:
        return
    best, sign = naive.brute_force(problem), sign_of(problem)
    try:
        plan = solve(problem, INLINE)
    except ClusteroptError:
        return
    assert best is not None
    assert sign * plan.safe_bound >= sign * best[0] - 1e-9 * max(1.0, abs(best[0]))
    assert all(
        sign * proof.bound >= sign * stage.value
        for proof, stage in zip(plan.certificate.stages, plan.stages, strict=True)
    )


@pytest.mark.parametrize("seed", range(300, 360))
def test_the_bound_is_convex_and_its_slope_lies_under_it(seed: int) -> None:
    """In the prices of purses and rules: between two it is no higher than their mean, and the plane is below it."""
    problem = ready(seed)
    counting = [r for r in problem.rules if r.kind is RuleKind.COUNT and r.base is RuleBase.CLUSTERS]
    # With two such rules a cluster is charged for the dearer award alone, which is not convex.
    problem = replace(problem, rules=tuple(r for r in problem.rules if r not in counting[1:]))
    dual, rng, sign = make_dual(make_space(problem)), np.random.default_rng(seed), sign_of(problem)
    one = random_prices(dual, rng)
    if not np.isfinite(evaluate_prices(dual, one).bound):
        return  # locks that no award can meet
    other = one.with_rows(rng.exponential(0.5, one.row.shape))
    first, second = evaluate_prices(dual, one), evaluate_prices(dual, other)
    middle = evaluate_prices(dual, one.with_rows((one.row + other.row) / 2))
    room = 1e-9 * (abs(first.bound) + abs(second.bound) + 1)
    assert sign * middle.bound <= sign * (first.bound + second.bound) / 2 + room
    grouped = make_grouped(dual)
    moved = (other.row - one.row)[grouped.linking]
    if len(grouped.linking) == len(one.row):
        planes = grouped.parts(first) - grouped.used(first) @ moved
        assert (grouped.parts(second) >= planes - room).all()
        limits = np.concatenate((dual.purses.limit, dual.sides.sign * dual.sides.limit))
        fell = grouped.parts(first).sum() - grouped.parts(second).sum()
        assert sign * (first.bound - second.bound) == pytest.approx(fell - limits @ moved, abs=room)


@pytest.mark.parametrize("seed", range(400, 440))
def test_the_duals_of_the_relaxation_prove_what_it_claims(seed: int) -> None:
    """The prices read from the rows give a bound no weaker than the relaxation itself."""
    problem = ready(seed)
    if problem.objective.kind is ObjectiveKind.EQUITY and (problem.spill_share < 0).any():
        return
    try:
        dual, prices, claimed = duals_of(problem)
    except AssertionError:
        return
    counted = any(r.kind is RuleKind.COUNT and r.base is RuleBase.CLUSTERS for r in problem.rules)
    harmed = problem.objective.kind is not ObjectiveKind.TOTAL and (problem.spill_share < 0).any()
    if counted or harmed or not np.isfinite(claimed):
        return
    bound = evaluate_prices(dual, prices).bound
    if problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        bound, claimed = -bound, claimed * problem.money.per_printed
    assert bound <= claimed + 1e-6 * max(1.0, abs(claimed))


@pytest.mark.parametrize("seed", range(500, 520))
def test_multipliers_of_the_arrays_prove_what_highs_claims(seed: int) -> None:
    """Arithmetic on the duals of a relaxation gives the optimum that HiGHS claims for it."""
    problem = ready(seed)
    space = make_space(problem)
    formulation = formulate(space, first_grid(make_curves(space)))
    program = to_program(formulation).relaxed()
    scaling = choose_scaling(formulation, program)
    with Runner(Isolation.INLINE) as runner:
        claim = scaling.unscale(runner.run(scaling.scale(program), HighsOptions(10.0, feasibility_tolerance=1e-9)))
    if claim.dual is None:
        return
    bound, size = array_bound(formulation, claim.dual)
    assert bound == pytest.approx(claim.value, rel=1e-6, abs=1e-6 * max(1.0, size))


def tiered(num: int, capped: bool) -> Problem:
    """Give clusters with two menus and one purse; a cap of a cluster lets it have one of its two large awards."""
    problem = plain_problem(np.ones((num, 2)), np.full((num, 2), 100.0), [[9 * num]])
    rng = np.random.default_rng(num)
    levels = {
        (c, lever): [(4, float(rng.uniform(3, 5))), (10, float(rng.uniform(8, 11)))]
        for c in range(num)
        for lever in range(2)
    }
    caps = [rule(RuleKind.AMOUNT, Selection(clusters=(c,)), None, 15, name=f"cap{c}") for c in range(num)]
    return replace(with_menus(problem, levels), rules=tuple(caps) if capped else ())


def test_limits_within_a_cluster_make_the_bound_tighter_than_the_relaxation() -> None:
    """With caps of clusters the block bound closes most of the gap that the relaxation leaves."""
    problem = tiered(24, capped=True)
    dual, prices, claimed = duals_of(problem)
    with Runner(Isolation.INLINE) as runner, Guard(runner, -np.inf) as guard:
        _, found = improve_prices(dual, prices, guard, Until(0.0, 0.0, FOREVER))
    plan = solve(problem, INLINE)
    assert len(dual.inner) == 24
    assert plan.value <= found.bound <= claimed
    assert found.bound - plan.value < 0.2 * (claimed - plan.value)


def test_a_bound_worked_by_hand() -> None:
    """Two clusters, levels 4 -> 6 and 10 -> 9, one purse of 12, price 1/2.

    Each cluster: off 0, level 4: 6 - 2 = 4, level 10: 9 - 5 = 4; so the bound is 12 / 2 + 4 + 4 = 14. The best plan
    is two awards of 4: 12.
    """
    problem = plain_problem([[1.0], [1.0]], [[100.0], [100.0]], [[12]])
    problem = with_menus(problem, {(c, 0): [(4, 6.0), (10, 9.0)] for c in range(2)})
    dual = make_dual(make_space(problem))
    half = replace(no_prices(dual), purse=np.array([0.5]))
    assert evaluate_prices(dual, half).bound == pytest.approx(14.0, abs=1e-12)
    # A cap of 9 in one cluster forbids its level of 10 without a price: at price 0 the bound is 6 + 9.
    capped = replace(problem, rules=(rule(RuleKind.AMOUNT, Selection(clusters=(0,)), None, 9, name="cap"),))
    dual = make_dual(make_space(capped))
    assert evaluate_prices(dual, no_prices(dual)).bound == pytest.approx(15.0, abs=1e-12)


def test_a_problem_without_money_has_a_bound() -> None:
    """Where no fund is open to any cell nothing is worth anything."""
    problem = tiered(4, capped=False)
    none = np.zeros(0, np.int32)
    problem = replace(problem, draw_fund=none, draw_cluster=none, draw_lever=none)
    dual = make_dual(make_space(problem))
    assert evaluate_prices(dual, no_prices(dual)).bound == 0.0


def test_prices_without_time_still_prove_something() -> None:
    """Where the deadline has passed, the start is returned with its own bound."""
    problem = tiered(6, capped=True)
    dual = make_dual(make_space(problem))
    start = no_prices(dual)
    with Runner(Isolation.INLINE) as runner, Guard(runner, -np.inf) as guard:
        prices, found = improve_prices(dual, start, guard, Until(0.0, 0.0, 0.0))
    assert found.bound == evaluate_prices(dual, start).bound
    assert (prices.row == start.row).all()


def test_prices_that_move_nothing_are_left() -> None:
    """Where nobody can use a purse, and no price changes anything, the start is as good as it gets."""
    problem = tiered(2, capped=False)
    none = np.zeros(0, np.int32)
    problem = replace(problem, draw_fund=none, draw_cluster=none, draw_lever=none, purse=np.zeros_like(problem.purse))
    dual = make_dual(make_space(problem))
    with Runner(Isolation.INLINE) as runner, Guard(runner, -np.inf) as guard:
        _, found = improve_prices(dual, no_prices(dual), guard, Until(1.0, 0.0, FOREVER))
    assert found.bound == 0.0
