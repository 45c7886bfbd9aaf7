"""The best that every cell can do when it pays prices for its money: off, or on with the best amount.

All cells at once, in arrays with a row a cell and a column a flow. A cell fills its flows from the cheapest up, so
what an amount costs is convex and piecewise linear, and the best amount is an end of a piece or where the slope of
the curve meets the price of a piece. Money is whole, so of a concave piece the two whole amounts around that point
are tried.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.cells import level_gain
from clusteropt.model.money_rules import lock_money
from clusteropt.model.response import curve_value, curve_where, family_codes

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.space import Space

MOST_COUNTED = 4
"""Counted flows of one cell up to this many are tried in every combination; beyond, their gates are spread."""


@dataclass(frozen=True, eq=False)
class Stalls:
    """The cells that money reaches, with their flows in columns.

    Parameters
    ----------
    cell : array of shape (num_rows,)
        The cell of each row.
    flow : array of shape (num_rows, num_columns)
        Its flows; -1 in columns that it does not fill.
    low, high : arrays of shape (num_rows, num_columns)
        Whole units a flow carries at least and at most; equal where it is locked.
    least, most : arrays of shape (num_rows,)
        Whole units the cell gets where it is on; equal where it is locked.
    may_be_off : bool array of shape (num_rows,)
        Whether it may get nothing: not where it is locked at an amount.
    floor : array of shape (num_rows,)
        The least that a branch of a proof tree leaves; 0 for all of a whole problem.
    first_level, first_amount, num_levels : arrays of shape (num_rows,)
        Where the levels that a row with a menu can take begin among those of the space and in the menus, and how many
        there are.
    menu : array
        The amounts of the menus, whole units.
    plain : bool
        Whether there are rows, and each has a menu and one flow that no lock asks money of.
    """

    cell: Ints
    flow: Ints
    low: Floats
    high: Floats
    least: Floats
    most: Floats
    may_be_off: np.ndarray
    floor: Floats
    first_level: Ints
    first_amount: Ints
    num_levels: Ints
    menu: Ints
    plain: bool

    @cached_property
    def level_row(self) -> Ints:
        """The row of every level, shape (num_levels,)."""
        return np.repeat(np.arange(len(self.cell)), self.num_levels)

    @cached_property
    def level(self) -> Ints:
        """The position of every level among those of the space, shape (num_levels,)."""
        return self._spread(self.first_level)

    @cached_property
    def amount(self) -> Floats:
        """The whole units of every level, shape (num_levels,)."""
        return self.menu[self._spread(self.first_amount)].astype(float)

    @property
    def level_start(self) -> Ints:
        """Where the levels of every row begin among these, shape (num_rows,)."""
        return np.cumsum(self.num_levels) - self.num_levels

    def _spread(self, first: Ints) -> Ints:
        """Give a place for every level of a row, from its first on."""
        return np.asarray(np.arange(len(self.level_row)) + np.repeat(first - self.level_start, self.num_levels))


@dataclass(frozen=True, eq=False)
class Worth:
    """What money is worth to the cells.

    Parameters
    ----------
    outcome : array of shape (num_cells,)
        What a unit of outcome of the cell counts.
    effect : array of shape (num_cells,)
        Outcome of the first unit of money of the cell.
    unit : array of shape (num_cells,)
        What a whole unit of money is worth to a cell that keeps a stock, through later years.
    space : Space
        The cells.
    """

    outcome: Floats
    effect: Floats
    unit: Floats
    space: Space

    @cached_property
    def level(self) -> Floats:
        """What each level is worth: its own gain when it comes, its curve at once, or its money in the stock."""
        space, cell = self.space, self.space.level_cell
        gain, own = level_gain(space)
        delay = np.where(own, space.problem.lag[space.cell_lever[cell]], 0)
        in_time = space.cell_year[cell] + delay < space.problem.num_years
        at_once = np.where(in_time, self.outcome[np.minimum(cell + delay, space.num_cells - 1)] * gain, 0.0)
        amount = space.problem.menus.amount[space.level_menu]
        return np.where(space.dynamic[cell] & ~own, self.unit[cell] * amount, at_once)

    @property
    def by_outcome(self) -> Floats | None:
        """What a unit of the gain of levels is worth to each cell; None where some levels have no gain of their own."""
        space = self.space
        if not space.own_gains:
            return None
        delay = space.problem.lag[space.cell_lever]
        if not delay.any():
            return self.outcome
        late = np.minimum(np.arange(space.num_cells) + delay, space.num_cells - 1)
        return np.where(space.cell_year + delay < space.problem.num_years, self.outcome[late], 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Tolls:
    """What money costs.

    Parameters
    ----------
    flow : array of shape (num_flows,)
        Price of a whole unit.
    draw : array of shape (num_flows,)
        Price of a flow that is not 0.
    counted : bool array of shape (num_flows,)
        The flows that some rule counts as draws.
    cell : array of shape (num_cells,)
        Price of a cell that is on.
    """

    flow: Floats
    draw: Floats
    counted: np.ndarray
    cell: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The best of every row while it is on.

    Parameters
    ----------
    value : array of shape (num_rows,)
        What it is worth, less what it costs; -inf where it cannot be on.
    money : array of shape (num_rows, num_columns)
        Whole units of its flows.
    level : array of shape (num_levels,)
        The same value for every level a row with a menu can take.
    """

    value: Floats
    money: Floats
    level: Floats


def make_stalls(space: Space) -> Stalls:
    """Lay out the cells that money reaches."""
    order = np.argsort(space.flow_cell, kind="stable")
    cell, first, size = np.unique(space.flow_cell[order], return_index=True, return_counts=True)
    column = np.arange(size.max(initial=0))
    inside = column < size[:, None]
    flow = np.where(inside, order[np.minimum(first[:, None] + column, len(order) - 1)] if len(order) else 0, -1)
    low, high, cell_low, cell_high = _limits(space)
    least = np.maximum(space.problem.least.ravel()[cell // space.problem.num_years], 1)
    menus, pair = space.problem.menus, cell // space.problem.num_years
    return Stalls(
        cell=cell,
        flow=flow,
        low=np.where(inside, low[flow], 0.0),
        high=np.where(inside, high[flow], 0.0),
        least=np.maximum(np.where(space.from_menu[cell], 1, least), cell_low[cell]).astype(float),
        most=np.minimum(space.cell_most[cell], cell_high[cell]).astype(float),
        may_be_off=(cell_low[cell] == 0) & ~(np.where(inside, low[flow], 0) > 0).any(axis=1),
        floor=np.zeros(len(cell)),
        first_level=space.first_level[cell],
        first_amount=menus.start[pair],
        num_levels=_affordable(space, cell),
        menu=menus.amount,
        plain=bool(len(cell) and (size == 1).all() and space.from_menu[cell].all() and not low.any()),
    )


def _affordable(space: Space, cell: Ints) -> Ints:
    """Count the levels of cells that cost no more than a cell can get: the first ones, as amounts increase."""
    menus, pair = space.problem.menus, cell // space.problem.num_years
    first, last = menus.start[pair], menus.start[pair + 1]
    number = last - first
    # The largest level of most cells is within reach.
    largest = menus.amount[np.maximum(last, 1) - 1] if len(menus.amount) else np.zeros(len(cell), np.int64)
    for row in np.flatnonzero((number > 0) & (largest > space.cell_most[cell])).tolist():
        number[row] = np.searchsorted(menus.amount[first[row] : last[row]], space.cell_most[cell[row]], side="right")
    return np.asarray(number)


def _limits(space: Space) -> tuple[Ints, Ints, Ints, Ints]:
    """Give what locks leave of the limits of flows and cells."""
    low, high = np.zeros(space.num_flows, np.int64), space.flow_most.copy()
    cell_low, cell_high = np.zeros(space.num_cells, np.int64), space.cell_most.copy()
    for row in lock_money(space):
        sides = (low, high) if space.problem.rules[row.key[0]].selection.funds else (cell_low, cell_high)
        amount = row.lower or 0
        sides[0][row.key[1]] = max(int(sides[0][row.key[1]]), amount)
        sides[1][row.key[1]] = min(int(sides[1][row.key[1]]), amount)
    return low, high, cell_low, cell_high


def best_on(space: Space, stalls: Stalls, worth: Worth, tolls: Tolls, closed: np.ndarray) -> Choice:
    """Give the best of every row while it is on.

    Parameters
    ----------
    space, stalls : Space, Stalls
        The cells.
    worth, tolls : Worth, Tolls
        What money brings and costs.
    closed : bool array of shape (num_flows,)
        Flows that must stay 0.
    """
    if stalls.plain and not tolls.draw.any():
        return _plain_best(stalls, worth, tolls, closed)
    shape = stalls.flow.shape
    inside = stalls.flow >= 0
    price = np.where(inside, tolls.flow[stalls.flow], 0.0)
    gate = np.where(inside, tolls.draw[stalls.flow], 0.0)
    counted = inside & tolls.counted[stalls.flow] & (gate != 0)
    many = counted.sum(axis=1) > MOST_COUNTED
    spread = counted & many[:, None]
    # A gate of more flows than can be tried one by one: its price by the unit, or its reward for nothing.
    price = price + np.where(spread & (gate > 0), gate / np.maximum(stalls.high, 1.0), 0.0)
    reward = np.where(spread & (gate < 0), -gate, 0.0).sum(axis=1)
    counted &= ~spread
    rank = np.cumsum(counted, axis=1) - 1
    high = np.where(inside & closed[stalls.flow], 0.0, stalls.high)
    best = Choice(np.full(shape[0], -np.inf), np.zeros(shape), np.full(len(stalls.level), -np.inf))
    for number in range(2 ** int(counted.sum(axis=1).max(initial=0))):
        taken = counted & ((number >> np.maximum(rank, 0)) & 1 == 1)
        low = np.where(taken, np.maximum(stalls.low, 1.0), stalls.low)
        cap = np.where(counted & ~taken, 0.0, high)
        fixed = np.where(taken, gate, 0.0).sum(axis=1) - reward + tolls.cell[stalls.cell]
        best = _better(best, _filled(space, stalls, worth, _Offer(price, low, cap, fixed)))
    return best


def _plain_best(stalls: Stalls, worth: Worth, tolls: Tolls, closed: np.ndarray) -> Choice:
    """Do the same where every row takes a level, paid from one flow: a fifth of the time."""
    flow, row = stalls.flow[:, 0], stalls.level_row
    most = np.minimum(stalls.most, np.where(closed[flow], 0.0, stalls.high[:, 0]))
    allowed = (stalls.amount >= stalls.least[row]) & (stalls.amount <= most[row])
    price, fixed = tolls.flow[flow], tolls.cell[stalls.cell]
    level = np.where(allowed, worth.level[stalls.level] - (price[row] * stalls.amount + fixed[row]), -np.inf)
    value, money = np.full(len(flow), -np.inf), np.zeros((len(flow), 1))
    # Levels stand in the order of their rows.
    first = np.flatnonzero(np.diff(row, prepend=-1))
    value[row[first]] = np.maximum.reduceat(level, first) if len(first) else 0.0
    chosen = np.flatnonzero(np.isfinite(level) & (level == value[row]))
    money[row[chosen], 0] = stalls.amount[chosen]
    return Choice(value, money, level)


@dataclass(frozen=True, slots=True, eq=False)
class _Offer:
    price: Floats
    low: Floats
    high: Floats
    fixed: Floats


def _better(one: Choice, other: Choice) -> Choice:
    first = one.value >= other.value
    return Choice(
        np.maximum(one.value, other.value),
        np.where(first[:, None], one.money, other.money),
        np.maximum(one.level, other.level),
    )


def _filled(space: Space, stalls: Stalls, worth: Worth, offer: _Offer) -> Choice:
    """Fill every row from the cheapest flow up, and find its best amount."""
    order = np.argsort(offer.price, axis=1, kind="stable")
    price = np.take_along_axis(offer.price, order, axis=1)
    room = np.take_along_axis(offer.high - offer.low, order, axis=1)
    start = offer.low.sum(axis=1)
    base = (offer.price * offer.low).sum(axis=1) + offer.fixed
    broken = (offer.high < offer.low).any(axis=1)
    room = np.maximum(room, 0.0)
    ends = start[:, None] + np.cumsum(room, axis=1)
    least, most = np.maximum(stalls.least, start), np.minimum(stalls.most, ends[:, -1] if room.shape[1] else start)
    open_ = ~broken & (least <= most)
    pile = _Pile(price, ends - room, room, base)
    value, amount = _best_amount(space, stalls, worth, pile, (least, most))
    value = np.where(open_ & ~space.from_menu[stalls.cell], value, -np.inf)
    levels = _level_values(space, stalls, worth, pile, np.stack((least, most)))
    levels = np.where(open_[stalls.level_row], levels, -np.inf)
    value, amount = _take_levels(space, stalls, levels, (value, amount))
    put = np.clip(amount[:, None] - pile.begin, 0.0, room)
    money = offer.low.copy()
    np.put_along_axis(money, order, np.take_along_axis(offer.low, order, axis=1) + put, axis=1)
    return Choice(value, money, levels)


@dataclass(frozen=True, slots=True, eq=False)
class _Pile:
    """Flows from the cheapest up: price, where each begins, how much it holds, and what the start costs."""

    price: Floats
    begin: Floats
    room: Floats
    base: Floats

    def cost(self, row: Ints, amount: Floats) -> Floats:
        """Give what amounts cost."""
        put = np.clip(amount[:, None] - self.begin[row], 0.0, self.room[row])
        return np.asarray(self.base[row] + (self.price[row] * put).sum(axis=1))


def _best_amount(
    space: Space, stalls: Stalls, worth: Worth, pile: _Pile, span: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Try the ends of every piece and where the slope of the curve meets its price; amounts are whole."""
    cell, rows = stalls.cell, np.arange(len(stalls.cell))
    problem = space.problem
    pair = cell // problem.num_years
    code = family_codes(problem.family)[space.cell_lever[cell]]
    scale, gain = problem.scale.ravel()[pair], worth.effect[cell] * worth.outcome[cell]
    least, most = span
    best, where = np.full(len(cell), -np.inf), least.copy()
    for k in range(pile.price.shape[1]):
        low = np.clip(pile.begin[:, k], least, np.maximum(most, least))
        high = np.clip(pile.begin[:, k] + pile.room[:, k], least, np.maximum(most, least))
        peak = np.clip(curve_where(code, scale, pile.price[:, k], gain), low, high)
        for amount in (low, high, np.floor(peak), np.ceil(peak)):
            curve = np.where(space.dynamic[cell], worth.unit[cell] * amount, gain * curve_value(code, scale, amount))
            value = curve - pile.cost(rows, amount)
            better = value > best
            best, where = np.where(better, value, best), np.where(better, amount, where)
    return best, where


def _level_values(space: Space, stalls: Stalls, worth: Worth, pile: _Pile, span: Floats) -> Floats:
    amount = stalls.amount
    least, most = span[:, stalls.level_row]
    value = worth.level[stalls.level] - pile.cost(stalls.level_row, amount)
    return np.where((amount >= least) & (amount <= most), value, -np.inf)


def _take_levels(space: Space, stalls: Stalls, levels: Floats, best: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Put the best level of every row with a menu in place."""
    value, amount = best[0].copy(), best[1].copy()
    np.maximum.at(value, stalls.level_row, levels)
    chosen = np.flatnonzero(np.isfinite(levels) & (levels == value[stalls.level_row]))
    row = stalls.level_row[chosen]
    amount[row] = stalls.amount[chosen]
    return value, amount
