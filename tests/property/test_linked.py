"""The prices of outcomes: planes against the bound at other prices, against a relaxation, and plans by them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from benchmarks.portfolios import Shape, portfolio

from clusteropt.inputs.problem import ObjectiveKind, RegionMeasure
from clusteropt.inputs.settings import ObjectiveSettings
from clusteropt.model.curves import live_regions, make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.lagrangian import evaluate_prices, make_dual
from clusteropt.model.linked import Linked, make_linked
from clusteropt.model.outcome import with_equity_scale
from clusteropt.model.space import Space, make_space
from clusteropt.plan import making
from clusteropt.plan.making import solve
from clusteropt.plan.proving import stated_bound
from clusteropt.plan.stage_values import stage_values
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from clusteropt.solver import core, priced_search
from clusteropt.solver.core import first_prices, narrowings
from clusteropt.solver.guard import Guard
from clusteropt.solver.multipliers import Until, no_prices, prices_of_duals, relaxation_duals
from clusteropt.solver.price_search import improve_prices
from clusteropt.solver.runner import Runner
from tests import naive
from tests.differential import check_best
from tests.forms import later
from tests.problems import INLINE, QUICK, Sizes, random_problem

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.problem import Floats, Problem
    from clusteropt.model.lagrangian import Dual
    from clusteropt.plan.plan import Plan

SIZES = (
    Sizes(clusters=3, levers=2, years=1, funds=2, menus=0.6, money=8, cells=4, rules=3),
    Sizes(clusters=2, levers=2, years=2, funds=2, menus=1.0, money=5, cells=4, rules=3),
)
COARSE = (
    Sizes(clusters=5, levers=2, years=1, funds=1, menus=0.3, money=400, rules=2, cells=10),
    Sizes(clusters=6, levers=2, years=2, funds=2, menus=0.0, money=2000, rules=1, cells=20),
)
OTHERS = (ObjectiveKind.EQUITY, ObjectiveKind.LEAST_MONEY, ObjectiveKind.WORST_REGION)
FOREVER = 1e18


def simple(seed: int) -> Problem:
    """Draw a problem without stocks and synergies, and with another objective than the total; its scale set."""
    problem = random_problem(seed, SIZES[seed % 2])
    kind = OTHERS[seed % 3]
    target = 0.3 if kind is ObjectiveKind.LEAST_MONEY else None
    lag = np.zeros_like(problem.lag)
    problem = replace(
        problem,
        synergies=(),
        stock=np.zeros_like(problem.stock),
        depreciation=np.ones_like(problem.depreciation),
        lag=lag,
        objective=replace(problem.objective, kind=kind, target=target),
    )
    return with_equity_scale(make_space(problem))


def any_point(linked: Linked, rng: np.random.Generator) -> Floats:
    """Draw prices of everything that is searched for; weights of regions add up to 1."""
    point = np.minimum(rng.exponential(0.5, len(linked.limits)), linked.cap)
    shared = linked.weights
    if shared.any():
        point[shared] /= point[shared].sum()
    return point


@pytest.mark.parametrize("floor", [None, 0.05])
@pytest.mark.parametrize("seed", [*range(1_500, 1_530), *later(range(1_530, 1_700))])
def test_planes_of_outcomes_hold_at_other_prices(seed: int, floor: float | None) -> None:
    """A part at other prices is never below its plane, and parts, limits and prices add up to the bound."""
    problem = simple(seed)
    space = make_space(problem)
    worst = problem.objective.kind is ObjectiveKind.WORST_REGION
    if space.dynamic.any() or (floor is not None and not worst) or (worst and not len(live_regions(space))):
        return
    dual, rng = make_dual(space, floor), np.random.default_rng(seed)
    linked = make_linked(dual)
    straight = problem.objective.kind is ObjectiveKind.EQUITY and problem.objective.equity_family.value == "linear"
    assert linked.outcomes.num > 0 or straight
    base = no_prices(dual)
    one, other = any_point(linked, rng), any_point(linked, rng)
    first, second = (evaluate_prices(dual, linked.put(base, point)) for point in (one, other))
    if not np.isfinite(first.bound) or sum(rule.kind.value == "count" for rule in problem.rules) > 1:
        return
    sign = -1.0 if problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1.0
    room = 1e-9 * (1 + abs(first.bound) + abs(second.bound))
    for point, found in ((one, first), (other, second)):
        np.testing.assert_allclose(linked.of(linked.put(base, point)), point, rtol=1e-12, atol=1e-15)
        assert sign * found.bound == pytest.approx(linked.parts(found, point).sum() + linked.limits @ point, abs=room)
    planes = linked.parts(first, one) - linked.used(first, one) @ (other - one)
    assert (linked.parts(second, other) >= planes - room).all()


def portfolio_space(kind: ObjectiveKind, clusters: int = 200) -> Space:
    """Give the positions of a portfolio with another objective."""
    target = 45.0 * clusters if kind is ObjectiveKind.LEAST_MONEY else None
    problem = portfolio(clusters, Shape.LOOSE, 3, objective=ObjectiveSettings(kind=kind, target=target))
    return make_space(with_equity_scale(make_space(problem)))


def bounds_of(dual: Dual) -> tuple[float, float, float]:
    """Give the bounds of prices from nothing, of the duals of the relaxation, and of prices searched from these."""
    space = dual.space

    def build(grid):
        return formulate(space, grid, dual.floor)

    with Runner(INLINE.isolation) as runner, Guard(runner, -np.inf) as guard:
        until = Until(0.0, 1e-8, FOREVER)
        duals = relaxation_duals(build, build(first_grid(make_curves(space))), guard, until)
        assert duals is not None
        read = prices_of_duals(dual, *duals)
        found = [improve_prices(dual, start, guard, until)[1].bound for start in (first_prices(dual), read)]
    return found[0], evaluate_prices(dual, read).bound, found[1]


@pytest.mark.parametrize("kind", OTHERS)
def test_prices_from_nothing_are_as_good_as_those_of_a_relaxation(kind: ObjectiveKind) -> None:
    """The search finds prices of outcomes itself, better than the duals of a program with a column for each award."""
    found, claimed, improved = bounds_of(make_dual(portfolio_space(kind)))
    sign = -1.0 if kind is ObjectiveKind.LEAST_MONEY else 1.0
    assert sign * found < sign * claimed
    assert found == pytest.approx(improved, rel=2e-7)


def test_prices_of_floors_are_as_good_as_those_of_a_relaxation() -> None:
    """The same for the second stage, where every region has a floor."""
    space = portfolio_space(ObjectiveKind.WORST_REGION)
    found, claimed, improved = bounds_of(make_dual(space, 0.99 * bounds_of(make_dual(space))[0]))
    assert found <= claimed
    assert found == pytest.approx(improved, rel=2e-7)


def by_cores(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Solve with prices first, whatever the size."""
    with monkeypatch.context() as patch:
        for name in ("LARGE", "LARGE_MENUS", "COARSE"):
            patch.setattr(making, name, 0)
        return solve(problem, INLINE)


@pytest.mark.parametrize("seed", [*range(1_800, 1_815), *later(range(1_815, 1_950))])
def test_plans_by_prices_of_outcomes_are_the_best(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The best of all allocations and true bounds, for every objective but the total."""
    problem = simple(seed)
    if naive.count_tries(problem) > 20_000:
        return
    best = naive.brute_force(problem)
    try:
        plan = by_cores(problem, monkeypatch)
    except making.NoPlanError:
        assert best is None
        return
    assert best is not None
    check_best(problem, plan, best)


@pytest.mark.parametrize("seed", [17, 21, 45, 63, 75, *later(range(100, 160))])
def test_a_second_bound_is_of_the_worst_region_that_rounding_left(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound of the total is of all plans that keep the worst region of this one, in whole units."""
    problem = random_problem(seed, COARSE[seed % 2], ObjectiveKind.WORST_REGION)
    for name in ("LARGE", "LARGE_MENUS", "COARSE"):
        monkeypatch.setattr(making, name, 0)
    try:
        made = making.make(problem, replace(INLINE, relative_gap=1e-3, time_limit_s=10.0, proof_nodes=0))
    except making.NoPlanError:
        return
    worst, total = stage_values(made.space, made.money)
    prices = made.proved[1].prices
    if prices is None:
        return
    dual = make_dual(made.space, worst)
    assert made.proved[1].bound == stated_bound(dual, prices, evaluate_prices(dual, prices).bound, total)


@pytest.mark.parametrize("target", [45.0, 1.0, 1e-3])
def test_the_price_of_a_target_is_found_from_any_start(target: float) -> None:
    """Far above the best price, or at nothing in the relaxation's place, the search ends at the same bound."""
    settings = ObjectiveSettings(kind=ObjectiveKind.LEAST_MONEY, target=target * 200)
    problem = replace(portfolio(200, Shape.LOOSE, 3, objective=settings), rules=())
    found, claimed, improved = bounds_of(make_dual(make_space(problem)))
    assert found == pytest.approx(improved, rel=1e-6)
    assert found >= claimed * (1 - 1e-9) > 0


def test_the_second_stage_starts_from_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its cores find nothing, and there is no time for more, the first plan is that of the second too."""
    search, held = priced_search.PricedSearch._by_cores, []

    def first_only(self, builds, formulation, priced, known):
        """Give what is held where there is a floor already."""
        if priced.dual.floor is None:
            return search(self, builds, formulation, priced, known)
        held.append(known[0])
        return formulation, known[0]

    monkeypatch.setattr(priced_search.PricedSearch, "_by_cores", first_only)
    monkeypatch.setattr(priced_search, "OPEN_S", 10.0)
    plan = solve(portfolio(400, Shape.LOOSE, 1, objective=_settings(ObjectiveKind.WORST_REGION, 400)),
                 replace(QUICK, relative_gap=1e-6, time_limit_s=20.0))  # fmt: skip
    assert len(held) == 1
    assert held[0] is not None
    assert not held[0].short
    assert plan.stages[1].value == pytest.approx(held[0].value, rel=1e-9)
    assert "search" not in {run.step for run in plan.record.runs}


def test_what_little_time_leaves_leads_nothing() -> None:
    """Without time for more than a look the allocation of the second stage is that of no prices: cores are not led."""
    space = portfolio_space(ObjectiveKind.WORST_REGION, 300)
    formulation = formulate(space, first_grid(make_curves(space)))
    with Runner(INLINE.isolation) as runner, Guard(runner, -np.inf) as guard:
        build = lambda grid: formulate(space, grid)  # noqa: E731
        priced = core.find_prices(make_dual(space), (build, formulation), guard, Until(0.0, 1e-6, -np.inf))
    assert priced.leading is None


def test_who_counts_is_told_in_parts_of_what_counts_most() -> None:
    """Outcomes per unit of size are small numbers where sizes are large; clusters of the worst regions count still."""
    problem = portfolio_space(ObjectiveKind.WORST_REGION, 300).problem
    objective = replace(problem.objective, measure=RegionMeasure.PER_SIZE)
    dual = make_dual(make_space(replace(problem, size=1e10 * problem.size, objective=objective)))
    prices = first_prices(dual)
    priced = core.Priced(dual, prices, evaluate_prices(dual, prices), 1)
    other = replace(priced.found, money=priced.found.money + 1)
    assert 0 < core.region_factor(dual, prices)[0].max() < core.COUNTS
    np.testing.assert_array_equal(core._settled(priced, priced.found, other), np.round(priced.found.money))


@pytest.mark.parametrize("kind", OTHERS)
def test_portfolios_with_other_objectives_are_planned_and_verified(
    kind: ObjectiveKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prices lead to a small gap of every stage; HiGHS alone, on a tenth of the clusters, agrees within both gaps."""
    problem = portfolio(600, Shape.LOOSE, 3, objective=_settings(kind, 600))
    plan = solve(problem, replace(QUICK, relative_gap=1e-3, time_limit_s=60.0))
    assert plan.record.choice.engine is making.choice_for(making.EngineReason.MANY, 0).engine
    assert all(abs(stage.bound - stage.value) <= 1.1e-3 * abs(stage.value) for stage in plan.stages)
    write_plan_files(plan, tmp_path / "plan", problem)
    assert check_folder(tmp_path / "plan")[0] == 0
    small = portfolio(60, Shape.LOOSE, 3, objective=_settings(kind, 60))
    monkeypatch.setattr(making, "LARGE_MENUS", 10**9)
    alone = solve(small, replace(QUICK, relative_gap=1e-3))
    monkeypatch.setattr(making, "LARGE", 1)
    priced = solve(small, replace(QUICK, relative_gap=1e-3))
    sign = -1.0 if kind is ObjectiveKind.LEAST_MONEY else 1.0
    assert sign * priced.stages[0].value <= sign * alone.stages[0].bound + 1e-9 * abs(alone.value)
    assert sign * alone.stages[0].value <= sign * priced.stages[0].bound + 1e-9 * abs(alone.value)


def _settings(kind: ObjectiveKind, clusters: int) -> ObjectiveSettings:
    return ObjectiveSettings(kind=kind, target=45.0 * clusters if kind is ObjectiveKind.LEAST_MONEY else None)


def test_cores_are_led_where_prices_say_nothing() -> None:
    """Clusters of regions whose weight is nothing take what the second stage gives them; the others their own."""
    space = portfolio_space(ObjectiveKind.WORST_REGION, 300)
    formulation = formulate(space, first_grid(make_curves(space)))
    with Runner(INLINE.isolation) as runner, Guard(runner, -np.inf) as guard:
        build = lambda grid: formulate(space, grid)  # noqa: E731
        priced = core.find_prices(make_dual(space), (build, formulation), guard, Until(0.0, 1e-6, FOREVER))
    assert priced.leading is not None
    assert priced.leading.dual.floor == pytest.approx(priced.bound, rel=2e-6)
    weight = np.zeros_like(priced.prices.region)
    weight[0] = 1.0
    lone = replace(priced, prices=replace(priced.prices, region=weight))
    own = evaluate_prices(lone.dual, lone.prices)
    money = core._settled(lone, own, priced.leading.found)
    mine = space.problem.region_of[space.cell_cluster[space.flow_cell]] == 0
    np.testing.assert_array_equal(money[mine], own.money[mine])
    np.testing.assert_array_equal(money[~mine], priced.leading.found.money[~mine])


def test_a_core_that_is_large_at_once_is_followed_by_larger_ones() -> None:
    """Where the first prices near the best open more than the next size, the search goes on to the sizes beyond."""
    target = 0.8 * solve(portfolio(600, Shape.TIGHT, 0), replace(QUICK, relative_gap=1e-2)).value
    kind = ObjectiveKind.LEAST_MONEY
    problem = portfolio(600, Shape.TIGHT, 0, objective=ObjectiveSettings(kind=kind, target=target))
    space = make_space(problem)
    formulation = formulate(space, first_grid(make_curves(space)))
    with Runner(INLINE.isolation) as runner, Guard(runner, -np.inf) as guard:
        build = lambda grid: formulate(space, grid)  # noqa: E731
        priced = core.find_prices(make_dual(space), (build, formulation), guard, Until(0.0, 1e-5, FOREVER))
    sizes = [int(np.isnan(fixed[formulation.integer]).sum()) for fixed in narrowings(priced, formulation, 0)]
    assert sizes == sorted(set(sizes))
    assert sizes[0] > core.SIZES[0]
    assert len(sizes) > 1
