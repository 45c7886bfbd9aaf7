"""What prices leave: true planes where clusters are counted, a mixture that obeys, and neighbourhoods."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from benchmarks.copies import copied_problem, copied_tables

from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.options import Isolation
from clusteropt.inputs.settings import CoefficientReading, EffectivenessSettings, MoneySettings
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import Formulation, formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.grouped import make_grouped
from clusteropt.model.lagrangian import Dual, Evaluation, evaluate_prices, make_dual
from clusteropt.model.losses import cluster_losses
from clusteropt.model.outcome import evaluate
from clusteropt.model.space import make_space
from clusteropt.solver import price_search
from clusteropt.solver.core import Priced, find_prices, near_money, touch_priced
from clusteropt.solver.guard import Guard
from clusteropt.solver.mixture import Mixture, Neighbourhoods, broken_rows, column_clusters
from clusteropt.solver.multipliers import Until, no_prices, prices_of_duals, relaxation_duals
from clusteropt.solver.price_search import Trace, improve_prices
from clusteropt.solver.runner import Runner

if TYPE_CHECKING:
    from clusteropt.model.prices import Prices

FOREVER = 1e18
COPIES = 3


@pytest.fixture(scope="module")
def dual() -> Dual:
    """Three copies of the national clusters, most of which are to be served, laid out for prices."""
    return make_dual(make_space(copied_problem(COPIES)))


@pytest.fixture(scope="module")
def priced(dual: Dual) -> Priced:
    """The best prices, with what the search left."""
    build = lambda grid: formulate(dual.space, grid)  # noqa: E731
    draft = build, build(first_grid(make_curves(dual.space)))
    with Runner(Isolation.INLINE) as runner, Guard(runner, -np.inf) as guard:
        return find_prices(dual, draft, guard, Until(0.0, 1e-8, FOREVER))


@pytest.fixture(scope="module")
def formulation(priced: Priced) -> Formulation:
    """The formulation on a grid around the best prices."""
    space = priced.dual.space
    return formulate(space, touch_priced(priced, first_grid(make_curves(space))))


def test_planes_lie_under_the_bound_where_clusters_are_counted(dual: Dual) -> None:
    """A cluster that is rewarded for being served is counted, though its best money may be none."""
    seen: list[tuple[Prices, Evaluation]] = []
    grouped = make_grouped(dual)
    rng = np.random.default_rng(5)
    base = no_prices(dual)
    for _ in range(12):
        row = np.zeros(len(base.row))
        row[: len(dual.purses.limit)] = rng.exponential(3e-7, len(dual.purses.limit))
        counts = [len(dual.purses.limit) + side for count in dual.counts for side in count.sides.tolist()]
        row[counts] = rng.exponential(20.0, len(counts))
        prices = base.with_rows(row)
        seen.append((prices, evaluate_prices(dual, prices)))
    for one, first in seen:
        for other, second in seen:
            moved = (other.row - one.row)[grouped.linking]
            planes = grouped.parts(first) - grouped.used(first) @ moved
            assert (grouped.parts(second) >= planes - 1e-9 * abs(first.bound)).all()


def test_the_mixture_obeys_the_linking_limits(dual: Dual, priced: Priced) -> None:
    """By shares the allocations take no more of any limit than there is."""
    check_mixture(dual, priced.mixture, evaluate_prices(dual, priced.prices))


def check_mixture(dual: Dual, mixture: Mixture | None, found: Evaluation) -> None:
    """Assert that shares sum to 1 and that the mixture obeys."""
    grouped = make_grouped(dual)
    assert mixture is not None
    assert mixture.share.sum(axis=0) == pytest.approx(np.ones(grouped.num), abs=1e-6)
    taken = np.zeros(len(grouped.linking))
    for money, share in zip(mixture.money, mixture.share, strict=True):
        one = Evaluation(0.0, money, found.clusters, 0.0, found.pick_worth, _served(dual, money))
        taken += (share[:, None] * grouped.used(one)).sum(axis=0)
    limits = np.concatenate((dual.purses.limit, dual.sides.sign * dual.sides.limit))[grouped.linking]
    scale = np.maximum(abs(limits), abs(taken)).clip(1.0)
    assert (taken <= limits + 1e-3 * scale).all()


def _served(dual: Dual, money: np.ndarray) -> np.ndarray:
    """Give the clusters with money that each rule counts."""
    space = dual.space
    served = np.zeros((len(dual.counts), space.problem.num_clusters), bool)
    for number, count in enumerate(dual.counts):
        served[number, space.cell_cluster[space.flow_cell[count.flows[money[count.flows] > 0]]]] = True
    return served


def test_a_neighbourhood_pins_all_others_and_repeats_with_its_seed(priced: Priced, formulation: Formulation) -> None:
    """Choices are open for so many clusters; the same seed opens the same ones; a point at hand is what is pinned."""
    assert priced.mixture is not None
    first, again = (Neighbourhoods(priced.mixture, formulation, 3).pinned(formulation, (40, 90)) for _ in range(2))
    assert np.array_equal(first, again, equal_nan=True)
    cluster, whole = column_clusters(formulation), formulation.integer & (column_clusters(formulation) >= 0)
    assert len(np.unique(cluster[whole & np.isnan(first)])) == 40
    block = formulation.columns.block("flow")
    assert block is not None
    assert len(np.unique(cluster[block.positions][np.isnan(first[block.positions])])) >= 90
    assert len(broken_rows(formulation, first)) == 0
    point = np.zeros(formulation.num_cols)
    pinned = Neighbourhoods(priced.mixture, formulation, 3).pinned(formulation, (40, 90), point)
    assert (pinned[np.isfinite(pinned)] == 0).all()


def test_half_of_those_that_choose_anew_lose_most(priced: Priced, formulation: Formulation) -> None:
    """Of 40 clusters 20 are those with the largest losses."""
    assert priced.mixture is not None
    losses = np.random.default_rng(1).random(priced.dual.space.problem.num_clusters)
    pinned = Neighbourhoods(priced.mixture, formulation, 3).pinned(formulation, (40, 90), None, losses)
    cluster = column_clusters(formulation)
    choosing = np.unique(cluster[formulation.integer & (cluster >= 0) & np.isnan(pinned)])
    assert len(choosing) == 40
    assert set(np.argsort(-losses)[:20].tolist()) <= set(choosing.tolist())


def test_a_row_is_broken_where_no_open_column_can_mend_it(formulation: Formulation) -> None:
    """Row by row: the least and the most of what is pinned and of the limits of what is open."""
    rng = np.random.default_rng(2)
    for share in (0.3, 0.9, 1.0):
        point = np.where(np.isfinite(formulation.col_upper), formulation.col_upper, 1e5) * rng.random()
        pinned = np.where(rng.random(formulation.num_cols) < share, point, np.nan)
        naive = []
        for row in range(formulation.num_rows):
            part = slice(*formulation.matrix.indptr[row : row + 2])
            column, coef = formulation.matrix.indices[part], formulation.matrix.data[part]
            low, high = (
                np.where(np.isnan(pinned[column]), limit[column], pinned[column])
                for limit in (formulation.col_lower, formulation.col_upper)
            )
            ends = np.array([coef * low, coef * high])
            least, most, room = ends.min(axis=0).sum(), ends.max(axis=0).sum(), 1e-9 * max(1.0, abs(coef).sum())
            if least > formulation.row_upper[row] + room or most < formulation.row_lower[row] - room:
                naive.append(row)
        assert broken_rows(formulation, pinned).tolist() == naive
    assert naive


@pytest.mark.parametrize("fund", [None, "national"])
def test_the_gap_is_the_sum_of_what_clusters_lose_and_of_what_limits_have_left(fund: str | None) -> None:
    """Bound - worth = losses + price * (limit - used), of any allocation at any prices; clusters served count once."""
    tables = copied_tables(COPIES)
    tables["rules"]["fund"] = tables["rules"]["fund"].astype(object)
    if fund is not None:
        served = tables["rules"]["rule"] == "clusters_served"
        tables["rules"].loc[served, ["fund", "min"]] = [fund, 20 * COPIES]
    effects = EffectivenessSettings(reading=CoefficientReading.ELASTICITY)
    settings = ModelSettings(years=(2025,), money=MoneySettings(per_printed=10_000), effectiveness=effects)
    dual = make_dual(make_space(problem_from_tables(tables, settings)))
    trace = Trace(mixed=True)
    with Runner(Isolation.INLINE) as runner, Guard(runner, -np.inf) as guard:
        best, _ = improve_prices(dual, no_prices(dual), guard, Until(0.0, 1e-5, FOREVER), trace)
    assert trace.mixture is not None
    grouped, rng = make_grouped(dual), np.random.default_rng(4)
    limits = np.concatenate((dual.purses.limit, dual.sides.sign * dual.sides.limit))[grouped.linking]
    for money in trace.mixture.money[:5]:
        row = np.zeros(len(best.row))
        row[grouped.linking] = best.row[grouped.linking] * rng.random(len(grouped.linking))
        counts = [len(dual.purses.limit) + side for count in dual.counts for side in count.sides.tolist()]
        row[counts] = rng.exponential(20.0, len(counts))
        prices = best.with_rows(row)
        found = evaluate_prices(dual, prices)
        one = Evaluation(0.0, money, found.clusters, 0.0, found.pick_worth, _served(dual, money))
        left = limits - grouped.used(one).sum(axis=0)
        losses = cluster_losses(dual, prices, found.clusters, money)
        assert losses.min() > -1e-6
        gap = found.bound - evaluate(dual.space, money).total
        assert gap == pytest.approx(losses.sum() + prices.row[grouped.linking] @ left, rel=1e-9)


@pytest.mark.parametrize("parts", [1, 2])
def test_prices_are_as_good_where_only_some_planes_are_passed_on(parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds of two searches, one with all planes at once, are the same but for the end; both mixtures obey."""
    other, bounds = make_dual(make_space(copied_problem(2, parts=parts))), []
    for few in (0, 10**9):
        monkeypatch.setattr(price_search, "FEW_PLANES", few)
        with Runner(Isolation.INLINE) as runner, Guard(runner, -np.inf) as guard:
            trace = Trace(mixed=True)
            _, found = improve_prices(other, no_prices(other), guard, Until(0.0, 1e-7, FOREVER), trace)
        bounds.append(found.bound)
        check_mixture(other, trace.mixture, found)
    assert bounds[0] == pytest.approx(bounds[1], rel=1e-6)


def test_money_near_prices_leaves_room_for_the_point_at_hand(priced: Priced, formulation: Formulation) -> None:
    """No flow is held below what it carries in the best plan so far."""
    block = formulation.columns.block("flow")
    assert block is not None
    free = near_money(priced, formulation)
    assert np.isfinite(free[block.positions]).any()
    point = np.full(formulation.num_cols, 1e7)
    assert (near_money(priced, formulation, point)[block.positions] >= 1e7).all()


def test_the_bound_of_prices_is_that_of_a_tight_relaxation(dual: Dual, priced: Priced) -> None:
    """From nothing the search comes as far as from the duals of the relaxation, on which it can only improve."""
    assert priced.found.bound == pytest.approx(_relaxed_bound(dual), rel=1e-6)


def _relaxed_bound(dual: Dual) -> float:
    build = lambda grid: formulate(dual.space, grid)  # noqa: E731
    until = Until(0.0, 1e-8, FOREVER)
    with Runner(Isolation.INLINE) as runner, Guard(runner, -np.inf) as guard:
        duals = relaxation_duals(build, build(first_grid(make_curves(dual.space))), guard, until)
        assert duals is not None
        start = prices_of_duals(dual, *duals)
        return improve_prices(dual, start, guard, until, Trace())[1].bound
