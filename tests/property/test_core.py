"""Plans of cores against plans of the whole: on random models of every kind, and on portfolios."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from benchmarks.portfolios import Shape, portfolio

from clusteropt.errors import ClusteroptError
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.lagrangian import make_dual
from clusteropt.model.space import make_space
from clusteropt.plan import making
from clusteropt.plan.engine import Engine, EngineReason
from clusteropt.plan.making import LARGE, solve
from clusteropt.plan.saving import plan_to_json
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from clusteropt.report.summary import summary_lines
from clusteropt.report.words import STEPS
from clusteropt.solver import priced_search
from clusteropt.solver.claim import HighsOptions, Limit
from clusteropt.solver.core import SIZES, find_prices, narrowings
from clusteropt.solver.guard import Guard
from clusteropt.solver.highs import run
from clusteropt.solver.multipliers import Until
from clusteropt.solver.points import money_choices
from clusteropt.solver.reduced import reduce_program
from clusteropt.solver.runner import Runner
from clusteropt.solver.scaling import to_program
from tests import naive
from tests.differential import sign_of
from tests.forms import later
from tests.problems import INLINE, QUICK, Sizes, random_problem

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Problem
    from clusteropt.plan.plan import Plan
    from clusteropt.solver.claim import Progress

SIZES_OF = (
    Sizes(clusters=2, levers=2, years=2, funds=1, menus=1.0, money=8, cells=4, rules=2),
    Sizes(clusters=2, levers=2, years=2, funds=2, menus=0.3, money=6, cells=4, rules=2),
    Sizes(clusters=3, levers=2, years=1, funds=2, menus=0.6, money=20, cells=6, rules=3),
)
FOREVER = 1e18


def by_core(problem: Problem, options: SolveOptions, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Solve with cores whatever the size, and however few units amounts have."""
    with monkeypatch.context() as patch:
        patch.setattr(making, "LARGE", 0)
        patch.setattr(making, "COARSE", 0)
        return solve(problem, options)


@pytest.mark.parametrize("seed", [*range(700_000, 700_060), *later(range(700_060, 700_090))])
def test_cores_end_where_the_whole_ends(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On small problems of all kinds: the same plans are found or refused, and every bound holds for the best."""
    problem = random_problem(seed, SIZES_OF[seed % len(SIZES_OF)])
    try:
        whole = solve(problem, INLINE)
    except ClusteroptError as error:
        with pytest.raises(type(error)):
            by_core(problem, INLINE, monkeypatch)
        return
    plan, sign = by_core(problem, INLINE, monkeypatch), sign_of(problem)
    assert plan.record.choice.reason in (EngineReason.MANY, EngineReason.PLAIN, EngineReason.UNITS)
    room = 2e-6 * max(1.0, abs(whole.value))
    assert naive.broken_rules(problem, naive.of_plan(plan)) == []
    assert abs(plan.value - whole.value) <= room
    assert sign * plan.bound >= max(sign * plan.value, sign * whole.value) - room
    assert sign * plan.safe_bound >= sign * whole.value - room


@pytest.mark.parametrize(
    ("shape", "clusters", "gap"), [(Shape.LOOSE, 200, 1e-4), (Shape.TIGHT, 250, 2e-3), (Shape.YEARS, 100, 1e-3)]
)
def test_portfolios_are_planned_by_cores_and_verified(
    shape: Shape, clusters: int, gap: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three shapes: the gap asked for, from a core, with a proof that the verifier accepts."""
    problem = portfolio(clusters, shape, seed=3)
    plan = by_core(problem, replace(QUICK, relative_gap=gap), monkeypatch)
    steps = [run.step for run in plan.record.runs]
    assert "core" in steps
    assert "search" not in steps
    assert max(plan.gap, plan.safe_gap) <= gap
    write_plan_files(plan, tmp_path / "plan", problem)
    assert check_folder(tmp_path / "plan")[0] == 0


@pytest.mark.parametrize(("clusters", "seed"), [(60, 0), (60, 1), (80, 2), (120, 3)])
def test_a_core_and_what_it_leaves_open_prove_the_optimum(
    clusters: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To no gap at all, from 60 clusters that choose from menus on: the value and bound of the whole."""
    problem, options = portfolio(clusters, Shape.LOOSE, seed), replace(QUICK, relative_gap=0.0)
    plan = solve(problem, options)
    with monkeypatch.context() as patch:
        patch.setattr(making, "LARGE_MENUS", making.LARGE)
        whole = solve(problem, options)
    assert plan.value == pytest.approx(whole.value, rel=1e-9)
    assert plan.bound == pytest.approx(whole.bound, rel=1e-9)
    searched = {run.step: run.whole for run in plan.record.runs}
    entire = next(run for run in whole.record.runs if run.step == "search")
    assert 0 < searched["search"] < entire.whole / 2
    # What prices have fixed is not waited for: HiGHS begins again only where it searches the whole.
    assert entire.options.restarts
    assert not any(run.options.restarts for run in plan.record.runs if run.step in ("core", "search"))


@pytest.mark.parametrize("shape", list(Shape))
def test_the_same_seed_gives_the_same_plan_on_one_thread_or_two(shape: Shape) -> None:
    """Bit for bit, certificate and prices included, but for what the record says of threads and seconds."""
    problem = portfolio(LARGE + 100, shape, seed=5)
    plans = [solve(problem, replace(QUICK, relative_gap=1e-3, threads=threads)) for threads in (1, 1, 2)]
    assert {plan.record.choice.engine for plan in plans} == {Engine.CORES}
    told = []
    for plan in plans:
        content = json.loads(plan_to_json(plan))["plan"]
        del content["record"]
        told.append(content)
    assert told[0] == told[1] == told[2]


def priced_portfolio(seed: int):
    """Find the prices of a small portfolio."""
    space = make_space(portfolio(200, Shape.LOOSE, seed))
    grid = first_grid(make_curves(space))
    formulation = formulate(space, grid)
    with Runner(INLINE.isolation) as runner, Guard(runner, -np.inf) as guard:
        build = lambda finer: formulate(space, finer)  # noqa: E731
        priced = find_prices(make_dual(space), (build, formulation), guard, Until(0.0, 0.0, FOREVER))
    return space, formulation, priced


def test_cores_grow_and_repeat() -> None:
    """What is fixed is what the prices choose; every core holds the one before it, and the same seed gives the same."""
    _, formulation, priced = priced_portfolio(1)
    first = money_choices(formulation, np.round(priced.found.money).astype(np.int64))
    cores = list(narrowings(priced, formulation, seed=7))
    again = list(narrowings(priced, formulation, seed=7))
    assert len(cores) >= 2
    for one, other in zip(cores, again, strict=True):
        np.testing.assert_array_equal(one, other)
    opened = [np.isnan(core) & np.isfinite(first) for core in cores]
    assert int(opened[0].sum()) >= min(SIZES[0], 200)
    for smaller, larger in pairwise(opened):
        assert (larger | ~smaller).all()
    for core, free in zip(cores, opened, strict=True):
        np.testing.assert_array_equal(core[~free], first[~free])


def test_cores_that_are_not_new_are_not_given() -> None:
    """Without prices noise changes nothing: one core. Where all would be open the whole is next; late, no noise."""
    _, formulation, priced = priced_portfolio(1)
    same = replace(priced, prices=priced.prices.with_rows(0 * priced.prices.row))
    assert len(list(narrowings(same, formulation, seed=7))) == 1
    cores = list(narrowings(priced, formulation, seed=7))
    sizes = [int(np.isnan(core[formulation.integer]).sum()) for core in cores]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] < int(formulation.integer.sum())
    late = list(narrowings(priced, formulation, seed=7, deadline=-np.inf))
    assert [int(np.isnan(core[formulation.integer]).sum()) for core in late] == [0]


def test_what_is_left_open_is_not_searched_where_time_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten seconds for each choice are more than there are: the plan of the cores is given, with a limit."""
    monkeypatch.setattr(priced_search, "OPEN_S", 10.0)
    plan = solve(portfolio(600, Shape.TIGHT, seed=1), replace(QUICK, relative_gap=1e-6, time_limit_s=10.0))
    assert plan.record.choice.engine is Engine.CORES
    assert {run.step for run in plan.record.runs} == {"core"}
    assert plan.gap is not None and plan.gap > 0
    assert plan.record.limit is Limit.TIME


def test_a_point_that_misses_what_is_asked_is_no_plan_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """However short the time, what is left open is searched where cores have only such a point."""
    found = priced_search.PricedSearch._by_cores

    def short(*given: object) -> object:
        """Give the best of the cores as one that misses something."""
        near, best = found(*given)  # type: ignore[arg-type]
        return near, best and replace(best, short=True)

    monkeypatch.setattr(priced_search.PricedSearch, "_by_cores", short)
    monkeypatch.setattr(priced_search, "OPEN_S", 10.0)
    plan = solve(portfolio(66, Shape.LOOSE, seed=1), replace(QUICK, relative_gap=1e-4))
    assert "search" in {run.step for run in plan.record.runs}
    assert plan.gap is not None and plan.gap <= 1e-4


def test_every_step_has_words() -> None:
    """Progress names prices and cores, the report has words for both, and says whose the claimed bound is."""
    heard: list[Progress] = []
    plan = solve(portfolio(500, Shape.LOOSE, seed=2), QUICK, heard.append)
    steps = {news.step for news in heard}
    assert {"prices", "core"} <= steps <= set(STEPS)
    assert "the claimed one is that of prices" in "\n".join(summary_lines(plan))


@pytest.mark.parametrize("seed", range(40))
def test_a_reduced_program_has_the_optimum_of_the_whole(seed: int) -> None:
    """With some columns fixed: the same value with and without them in the program, and a point that fits."""
    rng = np.random.default_rng(seed)
    problem = random_problem(720_000 + seed, SIZES_OF[seed % len(SIZES_OF)])
    space = make_space(problem)
    program = to_program(formulate(space, first_grid(make_curves(space))))
    fixed = np.where(program.integer.astype(bool) & (rng.random(len(program.cost)) < 0.5), 0.0, np.nan)
    whole = program.fixed(fixed)
    reduced = reduce_program(whole)
    options = HighsOptions(10.0, mip_rel_gap=0.0)
    one = run(whole, options)
    if not len(reduced.program.cost):
        return
    other = reduced.expand(run(reduced.program, options))
    assert (one.x is None) == (other.x is None)
    if one.x is not None and other.x is not None:
        assert other.value == pytest.approx(one.value, rel=1e-7, abs=1e-7)
        assert whole.violation(other.x) <= 1e-6
        assert float(whole.cost @ other.x) == pytest.approx(other.value, rel=1e-9, abs=1e-9)
