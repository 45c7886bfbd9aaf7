"""What stocks add to the Lagrangian bound: they are priced in every year, and what is in them is best for its price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.blocks import add_up
from clusteropt.model.response import curve_value, curve_where, family_codes

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats
    from clusteropt.model.cell_choice import Stalls, Worth
    from clusteropt.model.space import Space


def unit_worth(space: Space, stock: Floats) -> Floats:
    """Give what a unit of money of each year adds through the stocks of later years, priced."""
    problem = space.problem
    unit, keep = np.zeros_like(stock), 1 - problem.depreciation
    for lever, lag in enumerate(problem.lag):
        ahead = np.zeros(problem.num_clusters)
        for year in range(problem.num_years - 1, lag - 1, -1):
            ahead = stock[:, lever, year] + keep[lever] * ahead
            unit[:, lever, year - lag] = ahead
    return unit


def held_worth(space: Space, stalls: Stalls, worth: Worth, stock: Floats) -> Floats:
    """Sum over the stocks of each cluster the most a curve gives above the price of its stock, and what is there."""
    problem = space.problem
    cells = np.flatnonzero(space.dynamic)
    if not len(cells):
        return np.zeros(problem.num_clusters)
    plain, low, high = (limit.ravel()[cells] for limit in _stock_range(space, stalls))
    pair = cells // problem.num_years
    code = family_codes(problem.family)[space.cell_lever[cells]]
    scale, gain = problem.scale.ravel()[pair], worth.effect[cells] * worth.outcome[cells]
    price = stock[cells]
    peak = np.clip(curve_where(code, scale, price, gain), low, high)
    best = np.max([gain * curve_value(code, scale, at) - price * at for at in (low, peak, high)], axis=0)
    return add_up(space.cell_cluster[cells], best + price * plain, problem.num_clusters)


def _stock_range(space: Space, stalls: Stalls) -> tuple[Floats, Floats, Floats]:
    """Give what each stock is without money, at least and at most, in whole units."""
    problem = space.problem
    least, most = _fed(space, stalls)
    shape = (problem.num_clusters, problem.num_levers, problem.num_years)
    least, most = least.reshape(shape), most.reshape(shape)
    low, high, plain = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    keep, arrivals = 1 - problem.depreciation, problem.arrivals
    without, fewest, full = (problem.stock.astype(float) for _ in range(3))
    for year in range(problem.num_years):
        come = arrivals[:, :, year]
        without, fewest, full = (part * keep + come for part in (without, fewest, full))
        for lever, lag in enumerate(problem.lag):
            if year >= lag:
                fewest[:, lever] += least[:, lever, year - lag]
                full[:, lever] += most[:, lever, year - lag]
        plain[:, :, year], low[:, :, year], high[:, :, year] = without, fewest, full
    return plain, low, high


def _fed(space: Space, stalls: Stalls) -> tuple[Floats, Floats]:
    """Give the least and the most money that each cell puts into its stock; a level with its own gain puts none."""
    problem = space.problem
    menu, cell = space.from_menu[stalls.cell], stalls.cell
    least, most = np.zeros(space.num_cells), np.zeros(space.num_cells)
    least[cell], most[cell] = stalls.floor, np.where(menu, 0.0, np.maximum(stalls.most, 0.0))
    row, gain = stalls.level_row, problem.menus.gain[space.level_menu[stalls.level]]
    put = np.where(np.isfinite(gain), 0.0, stalls.amount)
    inside = (stalls.amount >= stalls.floor[row]) & (stalls.amount <= stalls.most[row])
    np.maximum.at(most, cell[row[inside]], put[inside])
    fewest = np.full(space.num_cells, np.inf)
    np.minimum.at(fewest, cell[row[inside]], put[inside])
    least[cell] = np.where(
        menu & (stalls.floor > 0), np.where(np.isfinite(fewest[cell]), fewest[cell], 0.0), least[cell]
    )
    return least, most
