"""The concave curves of a problem: one per cell with a response, one per region when equity counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.inputs.problem import ObjectiveKind, RegionMeasure
from clusteropt.model.blocks import add_up
from clusteropt.model.cells import curved_cells, level_gain, stock_reach, synergy_gain, synergy_places
from clusteropt.model.response import FAMILIES, curve_value, family_codes
from clusteropt.model.space import harmful

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.space import Space


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Concave curves ``y <= gain * s phi(x / s)``; cells first, then regions.

    Parameters
    ----------
    cells : array of shape (num_cell_curves,)
        The cell of each cell curve.
    code, scale, gain, reach : arrays of shape (num_curves,)
        Family (position in ``FAMILIES``), s, gain, and the largest x; money in printed units for cells, outcome
        for regions.
    weight : array of shape (num_curves,)
        What one unit of y counts in the objective at most; used to rank errors.
    harmed : array of shape (num_harmed,)
        Positions of the cell curves that some coefficient counts negatively.
    """

    cells: Ints
    code: Ints
    scale: Floats
    gain: Floats
    reach: Floats
    weight: Floats
    harmed: Ints

    @property
    def num(self) -> int:
        """Number of curves."""
        return len(self.code)

    def value(self, which: Ints, x: Floats) -> Floats:
        """Evaluate the curves ``which`` at ``x``."""
        return self.gain[which] * curve_value(self.code[which], self.scale[which], x)


def make_curves(space: Space, total: bool = False) -> Curves:
    """Collect the curves of a problem.

    Parameters
    ----------
    space : Space
        The positions of the problem.
    total : bool
        Weigh them for the total outcome even where regions are compared: the second stage of the worst region first.
    """
    curves = _cell_curves(space, total)
    return _with_regions(space, curves) if space.problem.objective.kind is ObjectiveKind.EQUITY else curves


def best_outcomes(space: Space, curves: Curves) -> Floats:
    """Give an upper bound on the outcome of each cell before its weight, shape (num_cells,)."""
    problem = space.problem
    best, cells = np.zeros(space.num_cells), np.arange(len(curves.cells))
    best[curves.cells] = curves.value(cells, curves.reach[cells])
    gain, own = level_gain(space)
    cell = space.level_cell
    delay = np.where(own, problem.lag[space.cell_lever[cell]], 0)
    counts = problem.menus.amount[space.level_menu] <= space.cell_most[cell]
    counts &= space.cell_year[cell] + delay < problem.num_years
    levels = np.zeros(space.num_cells)
    np.maximum.at(levels, (cell + delay)[counts], gain[counts])
    return best + levels


def synergy_most(space: Space, best: Floats) -> Floats:
    """Give the most that each synergy column can hold: the smallest of the best outcomes of its levers."""
    number, cluster, year = synergy_places(space)
    shape = (space.problem.num_clusters, space.problem.num_levers, space.problem.num_years)
    joint = [best.reshape(shape)[:, list(s.levers)].min(axis=1) for s in space.problem.synergies]
    return np.stack(joint)[number, cluster, year] if joint else np.zeros(0)


def region_reach(space: Space, curves: Curves) -> Floats:
    """Give an upper bound on the outcome of each region, harm left out, shape (num_regions,)."""
    problem, best = space.problem, best_outcomes(space, curves)
    num_regions = len(problem.labels.regions)
    per_cluster = add_up(space.cell_cluster, best * space.discount[space.cell_year], problem.num_clusters)
    number, cluster, year = synergy_places(space)
    gains = np.array([problem.membership @ synergy.gain for synergy in problem.synergies]).reshape(
        -1, len(problem.weight)
    )
    joint = gains[number, cluster] * problem.weight[cluster] * space.discount[year] * synergy_most(space, best)
    home = add_up(problem.region_of[cluster], joint, num_regions)
    picks = np.asarray(space.pick_regions.maximum(0).sum(axis=1)).ravel()
    return np.asarray(space.region_weight.maximum(0) @ per_cluster + home + picks)


def live_regions(space: Space) -> Ints:
    """Give the regions that can have an outcome at all; the others cannot be the worst."""
    return np.flatnonzero(region_reach(space, _cell_curves(space, True)) > 0)


def region_units(space: Space) -> Floats:
    """Give what the outcome of each region is divided by before regions are compared."""
    if space.problem.objective.measure is RegionMeasure.PER_SIZE:
        return space.region_size
    return np.ones(len(space.problem.labels.regions))


def _cell_curves(space: Space, total: bool) -> Curves:
    problem, cells = space.problem, curved_cells(space)
    per_printed = problem.money.per_printed
    pair = cells // problem.num_years
    code = family_codes(problem.family)[space.cell_lever[cells]].astype(np.int64)
    weights = _cluster_weights(space, total)
    home = problem.weight / (1.0 if total else _home_units(space))
    joint = (synergy_gain(space) * home[:, None]).ravel()
    weight = (weights[space.cell_cluster[cells]] + joint[pair]) * space.discount[space.cell_year[cells]]
    scale = problem.scale.ravel()[pair] / per_printed
    gain = space.top_effect[cells] * per_printed
    reach = stock_reach(space)
    static = space.cell_most / per_printed
    reach = np.where(space.dynamic, reach, static)[cells]
    harmed = np.flatnonzero(harmful(space)[space.cell_cluster[cells]])
    return Curves(cells, code, scale, gain, reach, weight, harmed)


def _cluster_weights(space: Space, total: bool) -> Floats:
    """Give what a unit of outcome of each cluster can count in the objective at most."""
    if total or space.problem.objective.kind is not ObjectiveKind.WORST_REGION:
        return np.asarray(abs(space.region_weight).sum(axis=0)).ravel()
    per_unit = sparse.diags(1 / region_units(space)) @ abs(space.region_weight)
    return np.asarray(per_unit.max(axis=0).toarray()).ravel()


def _home_units(space: Space) -> Floats:
    """Give what the outcome of the region of each cluster is divided by in the objective, shape (num_clusters,)."""
    if space.problem.objective.kind is not ObjectiveKind.WORST_REGION:
        return np.ones(space.problem.num_clusters)
    return region_units(space)[space.problem.region_of]


def _with_regions(space: Space, curves: Curves) -> Curves:
    objective, units = space.problem.objective, region_units(space)
    reach = region_reach(space, curves)
    if objective.equity_scale is None:
        raise ValueError("The equity scale must be set before curves are made.")
    count = len(units)

    def extend(cells: Floats, regions: Floats) -> Floats:
        return np.concatenate((cells, regions))

    return Curves(
        cells=curves.cells,
        code=np.concatenate((curves.code, np.full(count, FAMILIES.index(objective.equity_family)))),
        scale=extend(curves.scale, objective.equity_scale * units),
        gain=extend(curves.gain, np.ones(count)),
        reach=extend(curves.reach, reach),
        weight=extend(curves.weight, np.ones(count)),
        harmed=curves.harmed,
    )
