"""What an allocation is worth on the curves themselves: no pieces, no solver."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.blocks import add_up
from clusteropt.model.cells import synergy_places
from clusteropt.model.curves import live_regions, region_units
from clusteropt.model.response import FAMILIES, curve_slope, curve_value, family_codes
from clusteropt.model.soft_floors import soft_limits

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints, Problem
    from clusteropt.model.curves import Curves
    from clusteropt.model.space import Space


KERNEL_FROM = 50_000
"""From so many cells with money on the nearest levels are found in compiled code."""
TARGET_ROOM = 1e-12
"""A target may be missed by this share of it: more than the last digits of a sum, less than anybody can mean."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The outcome of an allocation.

    Parameters
    ----------
    cell : array of shape (num_cells,)
        Outcome of each cell before its weight, in its year.
    counted : array of shape (num_cells,)
        What each cell adds to the total: weight of the cluster with its spill-overs, times the discount.
    synergy : array of shape (num_clusters,)
        What the synergies of each cluster add to the total.
    region : array of shape (num_regions,)
        Outcome of each region, spill-overs from elsewhere included.
    picks : array of shape (num_picks,)
        What each pick of a programme adds to the total.
    total : float
        Sum of ``counted``, ``synergy`` and ``picks``.
    """

    cell: Floats
    counted: Floats
    synergy: Floats
    region: Floats
    picks: Floats
    total: float


def evaluate(space: Space, money: Floats) -> Outcome:
    """Evaluate the money of every flow, and the picks, on the curves.

    Cells: o = e s phi(K / s), K the stock of the lever; a level with its own gain earns that gain instead.

    Parameters
    ----------
    space : Space
        The positions of the problem.
    money : array of shape (num_amounts,)
        Whole units, or fractions of them before rounding; a cell with a menu counts as the level nearest to
        its money.
    """
    problem = space.problem
    shape = (problem.num_clusters, problem.num_levers, problem.num_years)
    amount = space.cell_money(money)
    direct, feeding = _menu_outcome(space, amount)
    held = _stocks(problem, feeding.reshape(shape))
    effect = space.effect_of(money).reshape(shape)
    cell = (_response(problem, effect, held) + _delayed(problem, direct.reshape(shape))).ravel()
    discount = space.discount[space.cell_year]
    per_cluster = add_up(space.cell_cluster, cell * discount, problem.num_clusters)
    synergy = _synergies(space, cell)
    home = add_up(problem.region_of, synergy, len(problem.labels.regions))
    counted = space.cluster_weight[space.cell_cluster] * cell * discount
    taken = money[space.num_flows :]
    picks = space.pick_total * taken
    region = np.asarray(space.region_weight @ per_cluster) + home + np.asarray(space.pick_regions @ taken)
    return Outcome(cell, counted, synergy, region, picks, float(counted.sum() + synergy.sum() + picks.sum()))


def objective_value(space: Space, money: Floats, outcome: Outcome) -> float:
    """Give the objective of an allocation: what `Objective.kind` asks for, on the curves themselves.

    For the worst region first it is the outcome of the worst region that money can reach, per unit of size if
    so measured; for least money the money, in whole units. Total and equity lose what soft floors cost.
    """
    objective = space.problem.objective
    if objective.kind is ObjectiveKind.LEAST_MONEY:
        return float(space.unit_cost @ money)
    if objective.kind is ObjectiveKind.TOTAL:
        return outcome.total - soft_limits(space).cost(money)
    units = region_units(space)
    if objective.kind is ObjectiveKind.WORST_REGION:
        reached = np.isin(np.arange(len(units)), live_regions(space))
        return float((outcome.region / units)[reached].min()) if reached.any() else 0.0
    code = np.full(len(units), FAMILIES.index(objective.equity_family))
    scale = (objective.equity_scale or 1.0) * units
    return float(curve_value(code, scale, outcome.region).sum()) - soft_limits(space).cost(money)


def needed_total(problem: Problem) -> float:
    """Give the total outcome that reaches the target: the target, but for the last digits of a sum of floats.

    0.1 + 0.7 is below 0.8 in floats; who asks for 0.8 means it.
    """
    return (problem.objective.target or 0.0) * (1 - TARGET_ROOM)


def marginal(space: Space, money: Floats, weight: Floats | None = None) -> Floats:
    """Give what one more whole unit on each flow adds to the total outcome, synergies left out.

    The slope of the curve times what is left of the unit in every later year; 0 for cells from a menu.

    Parameters
    ----------
    space : Space
        The positions of the problem.
    money : array of shape (num_amounts,)
        Whole units of every flow.
    weight : array of shape (num_cells,), optional
        What a unit of outcome of each cell counts; by default that of its cluster, discounted.

    Returns
    -------
    array of shape (num_flows,)
    """
    problem = space.problem
    shape = (problem.num_clusters, problem.num_levers, problem.num_years)
    amount = space.cell_money(money)
    _, feeding = _menu_outcome(space, amount)
    held = _stocks(problem, feeding.reshape(shape))
    code = np.broadcast_to(family_codes(problem.family)[None, :, None], shape)
    scale = np.broadcast_to(problem.scale[:, :, None], shape)
    slope = space.effect_of(money).reshape(shape) * curve_slope(code.ravel(), scale.ravel(), held.ravel()).reshape(
        shape
    )
    if weight is None:
        slope = slope * space.discount * space.cluster_weight[:, None, None]
    else:
        slope = slope * weight.reshape(shape)
    worth = np.zeros(shape)
    for lever, (depreciation, lag) in enumerate(zip(problem.depreciation, problem.lag, strict=True)):
        ahead = np.zeros(problem.num_clusters)
        for year in range(problem.num_years - 1, -1, -1):
            ahead = slope[:, lever, year] + (1 - depreciation) * ahead
            if year >= lag:
                worth[:, lever, year - lag] = ahead
    return np.where(space.from_menu, 0.0, worth.ravel())[space.flow_cell]


def curve_places(space: Space, curves: Curves, money: Floats) -> Floats:
    """Give where an allocation stands on every curve: stocks in printed units, outcomes of regions.

    Parameters
    ----------
    space : Space
        The positions of the problem.
    curves : Curves
        Its curves.
    money : array of shape (num_amounts,)
        Whole units of every flow.

    Returns
    -------
    array of shape (num_curves,)
    """
    problem = space.problem
    _, feeding = _menu_outcome(space, space.cell_money(money))
    held = _stocks(problem, feeding.reshape(problem.num_clusters, problem.num_levers, problem.num_years))
    places = held.ravel()[curves.cells] / problem.money.per_printed
    if curves.num == len(curves.cells):
        return places
    return np.concatenate((places, evaluate(space, money).region))


def with_equity_scale(space: Space) -> Problem:
    """Set the equity scale that was left open: the mean regional outcome of the pro-rata split of all purses.

    Every purse is split over its draws in proportion to the size of their clusters, rules set aside.
    """
    problem = space.problem
    objective = problem.objective
    if objective.kind is not ObjectiveKind.EQUITY or objective.equity_scale is not None:
        return problem
    purse = space.flow_fund * problem.num_years + space.cell_year[space.flow_cell]
    size = problem.size[space.cell_cluster[space.flow_cell]]
    total = add_up(purse, size, problem.num_funds * problem.num_years)
    money = problem.purse.ravel()[purse] * size / np.maximum(total[purse], 1e-300)
    money = np.append(money, np.zeros(space.num_picks))
    region = evaluate(space, money).region / region_units(space)
    scale = float(region[live_regions(space)].mean()) if len(live_regions(space)) else 1.0
    return replace(problem, objective=replace(objective, equity_scale=scale if scale > 0 else 1.0))


def _menu_outcome(space: Space, amount: Floats) -> tuple[Floats, Floats]:
    """Split the money of cells into gains of levels of their own and money that a curve turns into outcome.

    A cell with a menu counts as the level nearest to its money, as 0 or the lower level where two are as near.
    """
    direct, feeding = np.zeros(space.num_cells), np.where(space.from_menu, 0.0, amount)
    # Only cells with money can have a level.
    paid = np.flatnonzero((amount > 0) & (space.cell_levels > 0))
    nearest = _nearest_compiled if len(paid) >= KERNEL_FROM else _nearest_levels
    level = nearest(space, paid, amount[paid])
    cell, level = paid[level >= 0], level[level >= 0]
    gain = space.problem.menus.gain[level]
    own = np.isfinite(gain)
    direct[cell[own]] = gain[own]
    feeding[cell[~own]] = space.problem.menus.amount[level[~own]]
    return direct, feeding


def _nearest_levels(space: Space, cells: Ints, amount: Floats) -> Ints:
    """Give the position in the menus of the level nearest to the money of some cells; -1 where nothing is as near."""
    menus, number = space.problem.menus, space.cell_levels[cells]
    owner = np.repeat(np.arange(len(cells)), number)
    first = np.cumsum(number) - number
    level = menus.start[cells // space.problem.num_years][owner] + np.arange(len(owner)) - first[owner]
    distance = abs(menus.amount[level] - amount[owner])
    least = np.minimum.reduceat(distance, first) if len(cells) else distance
    near = np.flatnonzero((distance == least[owner]) & (distance < amount[owner]))
    # The levels of a cell stand in increasing order, so the first is the lower one.
    near = near[np.diff(owner[near], prepend=-1) > 0]
    found = np.full(len(cells), -1)
    found[owner[near]] = level[near]
    return found


def _nearest_compiled(space: Space, cells: Ints, amount: Floats) -> Ints:
    """Do the same in compiled code, without an array over levels."""
    from clusteropt.model.kernels import nearest_levels  # noqa: PLC0415 - Numba takes half a second to import

    found = np.empty(len(cells), np.int64)
    first = space.problem.menus.start[cells // space.problem.num_years]
    nearest_levels(first, space.cell_levels[cells], space.problem.menus.amount, amount, found)
    return found


def _stocks(problem: Problem, money: Floats) -> Floats:
    held, keep, arrivals = problem.stock.astype(float), 1 - problem.depreciation, problem.arrivals
    stocks = np.zeros_like(money)
    for year in range(problem.num_years):
        held = held * keep + arrivals[:, :, year]
        for lever, lag in enumerate(problem.lag):
            if year >= lag:
                held[:, lever] += money[:, lever, year - lag]
        stocks[:, :, year] = held
    return stocks


def _response(problem: Problem, effect: Floats, held: Floats) -> Floats:
    code = np.broadcast_to(family_codes(problem.family)[None, :, None], held.shape)
    scale = np.broadcast_to(problem.scale[:, :, None], held.shape)
    value = curve_value(code.ravel(), scale.ravel(), held.ravel()).reshape(held.shape)
    return np.asarray(effect * value)


def _delayed(problem: Problem, direct: Floats) -> Floats:
    shifted = np.zeros_like(direct)
    for lever, lag in enumerate(problem.lag):
        late = min(int(lag), problem.num_years)
        shifted[:, lever, late:] = direct[:, lever, : problem.num_years - late]
    return shifted


def _synergies(space: Space, cell: Floats) -> Floats:
    problem = space.problem
    total = np.zeros(problem.num_clusters)
    number, cluster, year = synergy_places(space)
    for position, synergy in enumerate(problem.synergies):
        mine = number == position
        c, t = cluster[mine], year[mine]
        cells = [(c * problem.num_levers + lever) * problem.num_years + t for lever in synergy.levers]
        joint = np.min([cell[i] for i in cells], axis=0) if len(c) else np.zeros(0)
        gain = (problem.membership @ synergy.gain)[c]
        np.add.at(total, c, gain * problem.weight[c] * space.discount[t] * joint)
    return total
