"""What the bound loses with each choice: against bundles tried by hand, and against the best plans of random models."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from clusteropt.errors import ClusteroptError
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.bundle_layout import make_layout
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.lagrangian import make_dual
from clusteropt.model.losses import find_losses
from clusteropt.model.space import make_space
from clusteropt.plan.making import make, stage_values
from clusteropt.solver.core import beaten, find_prices
from clusteropt.solver.guard import Guard
from clusteropt.solver.multipliers import Until, no_prices
from clusteropt.solver.points import money_choices
from clusteropt.solver.runner import Runner
from tests.problems import INLINE, random_problem
from tests.property.test_bundles import CLUSTERS, LEVERS, bundled
from tests.property.test_core import FOREVER, SIZES_OF

WITHIN = 9.0


@pytest.mark.parametrize("seed", range(40))
def test_losses_are_those_of_the_best_bundle_with_each_option(seed: int) -> None:
    """From tables and from compiled code: the best bundle by hand less the best with the option."""
    problem = bundled(seed)
    dual = make_dual(make_space(problem))
    compiled = replace(dual, layout=make_layout(dual.space, dual.stalls, dual.inner))
    for price in (0.0, 0.4, 1.5):
        prices = no_prices(dual).with_rows(np.append([price], np.zeros(len(no_prices(dual).row) - 1)))
        one, other = (find_losses(way, prices, WITHIN) for way in (dual, compiled))
        assert one is not None and other is not None
        for cluster in range(CLUSTERS):
            level, off = losses_by_hand(problem, cluster, price)
            mine = dual.space.cell_cluster[dual.space.level_cell] == cluster
            for found in (one, other):
                assert np.minimum(found.level[mine], WITHIN) == pytest.approx(np.minimum(level, WITHIN), abs=1e-9)
                cells = found.off[cluster * LEVERS : (cluster + 1) * LEVERS]
                assert np.minimum(cells, WITHIN) == pytest.approx(np.minimum(off, WITHIN), abs=1e-9)


def losses_by_hand(problem, cluster: int, price: float) -> tuple[np.ndarray, np.ndarray]:
    """Try every bundle of a cluster: what is lost with every level, and without an award in every cell."""
    menus, options = problem.menus, []
    for lever in range(LEVERS):
        part = slice(*menus.start[cluster * LEVERS + lever : cluster * LEVERS + lever + 2])
        options.append([(0, 0.0), *zip(menus.amount[part].tolist(), menus.gain[part].tolist(), strict=True)])
    best = [np.full(len(mine), -np.inf) for mine in options]
    for chosen in product(*(range(len(mine)) for mine in options)):
        bundle = [mine[k] for mine, k in zip(options, chosen, strict=True)]
        limits = [one for one in problem.rules if cluster in one.selection.clusters]
        money = [sum(bundle[k][0] for k in one.selection.levers or range(LEVERS)) for one in limits]
        holds = all((r.minimum or 0) <= m <= (r.maximum or 10**9) for r, m in zip(limits, money, strict=True))
        for lever, k in enumerate(chosen if holds else ()):
            best[lever][k] = max(best[lever][k], sum(gain - price * amount for amount, gain in bundle))
    top = max(float(mine.max()) for mine in best)
    if not np.isfinite(top):
        # Nothing is known of a cluster that can obey no limit of its own.
        best, top = [np.zeros(len(mine)) for mine in best], 0.0
    return np.concatenate([top - mine[1:] for mine in best]), np.array([top - mine[0] for mine in best])


@pytest.mark.parametrize("seed", range(730_000, 730_120))
def test_the_best_plan_is_never_beaten(seed: int) -> None:
    """On small problems of all kinds: against a slightly worse value, nothing of the best plan is fixed otherwise."""
    problem = random_problem(seed, SIZES_OF[seed % len(SIZES_OF)])
    try:
        made = make(problem, INLINE)
    except ClusteroptError:
        return
    space, sign = made.space, -1.0 if problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1.0
    value = stage_values(space, made.money)[0]
    formulation = formulate(space, first_grid(make_curves(space)))
    with Runner(INLINE.isolation) as runner, Guard(runner, -np.inf) as guard:
        build = lambda finer: formulate(space, finer)  # noqa: E731
        priced = find_prices(make_dual(space), (build, formulation), guard, Until(0.0, 0.0, FOREVER))
    rest = beaten(priced, formulation, value - sign * 1e-7 * max(1.0, abs(value)))
    if rest is None:
        return
    fixed, chosen = rest.fixed, money_choices(formulation, made.money)
    known = np.isfinite(fixed) & np.isfinite(chosen)
    assert (fixed[known] == chosen[known]).all()


def test_choices_are_beaten_at_all() -> None:
    """Of the models above at least a third have choices that no better plan has."""
    hits = 0
    for seed in range(730_000, 730_030):
        space = make_space(random_problem(seed, SIZES_OF[seed % len(SIZES_OF)]))
        formulation = formulate(space, first_grid(make_curves(space)))
        with Runner(INLINE.isolation) as runner, Guard(runner, -np.inf) as guard:
            build = lambda finer: formulate(space, finer)  # noqa: B023, E731
            priced = find_prices(make_dual(space), (build, formulation), guard, Until(0.0, 0.0, FOREVER))
        unit = space.problem.money.per_printed if space.problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1
        rest = beaten(priced, formulation, priced.found.bound / unit)
        hits += rest is not None and bool(np.isfinite(rest.fixed).any())
    assert hits >= 10
