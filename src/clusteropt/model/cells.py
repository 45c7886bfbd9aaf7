"""What the cells of a problem need: a curve, a stock, the gain of a level, a synergy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.response import curve_value, family_codes
from clusteropt.model.space import once_a_space

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints, Problem
    from clusteropt.model.space import Space


def has_stock(problem: Problem) -> np.ndarray:
    """Mark the clusters and levers whose stock is fed without the plan, shape (num_clusters * num_levers,)."""
    return ((problem.stock > 0) | problem.arrivals.any(axis=2)).ravel()


def curved_cells(space: Space) -> Ints:
    """Give the cells whose outcome needs a curve: static ones without a menu, and all with a stock."""
    problem = space.problem
    reached = np.zeros((problem.num_clusters * problem.num_levers, problem.num_years), dtype=bool)
    reached.ravel()[space.flow_cell] = True
    pair_lives = reached.any(axis=1) | has_stock(problem)
    pair = np.arange(space.num_cells) // problem.num_years
    useful = space.top_effect > 0
    static = ~space.dynamic & ~space.from_menu & reached.ravel()
    return np.flatnonzero(useful & (static | (space.dynamic & pair_lives[pair])))


def stock_cells(space: Space) -> Ints:
    """Give the cells that keep a stock: every year of a live pair whose lever depreciates slowly or lags."""
    problem = space.problem
    lives = has_stock(problem)
    lives[space.flow_cell // problem.num_years] = True
    return np.flatnonzero(space.dynamic & lives[np.arange(space.num_cells) // problem.num_years])


def stock_reach(space: Space) -> Floats:
    """Give the largest stock each cell can have, in printed units, shape (num_cells,)."""
    problem = space.problem
    shape = (problem.num_clusters, problem.num_levers, problem.num_years)
    most = _feeding_most(space).reshape(shape) / problem.money.per_printed
    reach, held = np.zeros(shape), problem.stock / problem.money.per_printed
    keep, arrivals = 1 - problem.depreciation, problem.arrivals
    for year in range(problem.num_years):
        held = held * keep + arrivals[:, :, year] / problem.money.per_printed
        for lever, lag in enumerate(problem.lag):
            if year >= lag:
                held[:, lever] += most[:, lever, year - lag]
        reach[:, :, year] = held
    return reach.ravel()


def _feeding_most(space: Space) -> Floats:
    """Give the most that a year can add to the stock of each cell, in whole units: its largest level, from a menu."""
    most = np.where(space.from_menu, 0, space.cell_most).astype(float)
    menus, cell = space.problem.menus, space.level_cell
    amount = menus.amount[space.level_menu]
    feeds = ~np.isfinite(menus.gain[space.level_menu]) & (amount <= space.cell_most[cell])
    np.maximum.at(most, cell[feeds], amount[feeds].astype(float))
    return most


@once_a_space
def level_gain(space: Space) -> tuple[Floats, np.ndarray]:
    """Give the outcome of each level column before the weight, and whether it works at once.

    A level with its own gain earns that gain when its money takes effect; a level without one earns what the
    curve gives, at once where the lever keeps no stock and through the stock where it does (gain 0 here).

    Returns
    -------
    gain : array of shape (num_level_cells,)
        Outcome of the level.
    own : bool array of shape (num_level_cells,)
        The level has its own gain, so that its money does not enter a stock.
    """
    problem, cell = space.problem, space.level_cell
    gain = problem.menus.gain[space.level_menu]
    own = np.isfinite(gain)
    if not own.all():
        scale = problem.scale.ravel()[cell // problem.num_years]
        code = family_codes(problem.family)[space.cell_lever[cell]]
        amount = problem.menus.amount[space.level_menu].astype(float)
        from_curve = space.effect[cell] * curve_value(code, scale, amount)
        gain = np.where(own, gain, np.where(space.dynamic[cell], 0.0, from_curve))
    # Kept for all that ask, and an evaluation of prices asks every time.
    gain.flags.writeable = own.flags.writeable = False
    return gain, own


def synergy_gain(space: Space) -> Floats:
    """Give the sum of the gains of the synergies that each lever of each cluster is part of.

    Returns
    -------
    array of shape (num_clusters, num_levers)
    """
    problem = space.problem
    gain = np.zeros((problem.num_clusters, problem.num_levers))
    for synergy in problem.synergies:
        gain[:, list(synergy.levers)] += (problem.membership @ synergy.gain)[:, None]
    return gain


def synergy_places(space: Space) -> tuple[Ints, Ints, Ints]:
    """Give the synergy, cluster and year of every synergy that can earn something."""
    problem = space.problem
    gains = [problem.membership @ synergy.gain for synergy in problem.synergies]
    triples = [
        (number, cluster, year)
        for number, gain in enumerate(gains)
        for cluster in np.flatnonzero(gain > 0)
        for year in range(problem.num_years)
    ]
    table = np.array(triples, dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]
