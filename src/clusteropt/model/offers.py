"""What levels are worth to cells as flat arrays, and the compiled search over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.bundle_layout import BundleLayout
    from clusteropt.model.cell_choice import Stalls, Tolls, Worth
    from clusteropt.model.space import Space

FREE, BROKEN = -2, -3
"""What a cell takes in place of the number of a level: its free choice, or that there is no bundle; -1 is nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """What the levels of every row of the stalls are worth: factor * worth - (price * amount + fixed).

    Parameters
    ----------
    first_worth : array of shape (num_rows,)
        Where the worth of the first level of a row stands.
    worth : array
        By level; not finite where one cannot be taken.
    factor, price, fixed, least, most : arrays of shape (num_rows,)
        Names as in `kernels.best_levels`.
    """

    first_worth: Ints
    worth: Floats
    factor: Floats
    price: Floats
    fixed: Floats
    least: Floats
    most: Floats

    def net(self, row: Ints, level: Ints, amount: Ints) -> Floats:
        """Give what some levels of rows are worth, by their number in the row and their amount."""
        worth = self.worth[self.first_worth[row] + level]
        return np.asarray(self.factor[row] * worth - (self.price[row] * amount + self.fixed[row]))


def offers_of(stalls: Stalls, worth: Floats) -> Offers:
    """Give what levels are worth that are priced already, by level of the stalls."""
    ones = np.ones(len(stalls.cell))
    return Offers(stalls.level_start, np.ascontiguousarray(worth), ones, 0 * ones, 0 * ones, 0 * ones, np.inf * ones)


def plain_offers(space: Space, stalls: Stalls, worth: Worth, tolls: Tolls) -> Offers:
    """Give what levels are worth where every row has a menu and one flow; the prices are those of the flow."""
    menus, cell, flow = space.problem.menus, stalls.cell, stalls.flow[:, 0]
    if worth.by_outcome is None:
        first, values, factor = stalls.first_level, worth.level, np.ones(len(cell))
    else:
        first, values, factor = stalls.first_amount, menus.gain, worth.by_outcome[cell]
    most = np.minimum(stalls.most, stalls.high[:, 0])
    return Offers(first, values, factor, tolls.flow[flow], tolls.cell[cell], stalls.least, most)


def best_plain(stalls: Stalls, layout: BundleLayout, offers: Offers, most_nodes: int) -> tuple[Floats, Floats]:
    """Give the best of every row where all are plain, with the limits within clusters, and its money."""
    from clusteropt.model.kernels import best_levels  # noqa: PLC0415 - Numba takes half a second to import

    value, level = np.empty(len(stalls.cell)), np.empty(len(stalls.cell), np.int64)
    best_levels(
        stalls.first_amount, stalls.num_levels, stalls.menu, offers.first_worth, offers.worth, offers.factor,
        offers.price, offers.fixed, offers.least, offers.most, stalls.may_be_off, value, level,
    )  # fmt: skip
    money = _amounts(stalls, np.arange(len(level)), level)
    row, level = search_bundles(stalls, layout, offers, money, most_nodes)
    money[row] = _amounts(stalls, row, level)
    value[row] = worth_of(stalls, offers, row, level)
    return value, money[:, None].astype(float)


def search_bundles(
    stalls: Stalls, layout: BundleLayout, offers: Offers, free: Ints, most_nodes: int
) -> tuple[Ints, Ints]:
    """Find bundles for the groups whose free choice breaks a limit: the rows they change, and what each takes.

    ``free`` is what every row gets where limits do not count, in whole units.
    """
    broken, chosen = _run_kernel(stalls, layout, offers, free, (0.0, np.zeros(0), most_nodes))
    chosen[np.repeat(broken, np.diff(layout.cell_start))] = BROKEN
    moved = np.flatnonzero(chosen != FREE)
    return layout.row[moved], chosen[moved]


def search_losses(stalls: Stalls, layout: BundleLayout, offers: Offers, ends: tuple[float, int]) -> Floats:
    """Give how much worse than the best is the best bundle with each option of every cell, nothing last.

    ``ends`` says up to which loss that is told, and after how many steps a search gives up.
    """
    loss = np.zeros(int(layout.num_options.sum()))
    _run_kernel(stalls, layout, offers, np.zeros(len(stalls.cell), np.int64), (ends[0], loss, ends[1]))
    return loss


def _run_kernel(
    stalls: Stalls, layout: BundleLayout, offers: Offers, free: Ints, search: tuple[float, Floats, int]
) -> tuple[np.ndarray, Ints]:
    """Search the bundles of all groups: whether there is none, and what each cell takes."""
    from clusteropt.model.kernels import best_bundles  # noqa: PLC0415 - see best_plain

    within, loss, most_nodes = search
    broken, chosen = np.zeros(len(layout.cell_start) - 1, bool), np.empty(len(layout.row), np.int64)
    start = np.cumsum(layout.num_options) - layout.num_options if len(loss) else np.zeros(0, np.int64)
    best_bundles(
        layout.cell_start, layout.row_start, layout.coef_start, layout.coef, layout.limits, layout.row,
        stalls.first_amount, stalls.num_levels, stalls.menu, offers.first_worth, offers.worth, offers.factor,
        offers.price, offers.fixed, offers.least, offers.most, stalls.may_be_off, layout.grows, free[layout.row],
        most_nodes, broken, chosen, within, start, loss,
    )  # fmt: skip
    return broken, chosen


def worth_of(stalls: Stalls, offers: Offers, row: Ints, level: Ints) -> Floats:
    """Give what rows are worth that take a level, nothing, or have no bundle."""
    net = np.where(level == BROKEN, -np.inf, 0.0)
    taken = np.flatnonzero(level >= 0)
    amount = stalls.menu[stalls.first_amount[row[taken]] + level[taken]]
    net[taken] = offers.net(row[taken], level[taken], amount)
    return net


def _amounts(stalls: Stalls, row: Ints, level: Ints) -> Ints:
    """Give the whole units of rows that take a level, or nothing."""
    amount = np.zeros(len(row), np.int64)
    taken = np.flatnonzero(level >= 0)
    amount[taken] = stalls.menu[stalls.first_amount[row[taken]] + level[taken]]
    return amount
