"""The limits within single clusters as flat arrays for the compiled search over bundles, or all bundles in a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.blocks import add_up
from clusteropt.model.money_rules import LARGEST_SUM

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Ints
    from clusteropt.model.cell_choice import Stalls
    from clusteropt.model.inner_rows import InnerGroup, InnerRows
    from clusteropt.model.space import Space


MOST_BUNDLES = 5_000
"""Bundles of one group up to this many are listed."""


@dataclass(frozen=True, slots=True, eq=False)
class BundleTable:
    """Every bundle of a group of cells that obeys its rows.

    Parameters
    ----------
    row : array of shape (num_cells,)
        The row of every cell in the stalls.
    level, amount : arrays of shape (num_bundles, num_cells)
        What each takes: a level of the stalls, -1 for nothing, and its whole units.
    """

    row: Ints
    level: Ints
    amount: Ints


@dataclass(frozen=True, slots=True, eq=False)
class BundleLayout:
    """The groups of limits within clusters, their cells and rows; names as in `kernels.best_bundles`.

    Parameters
    ----------
    row : array of shape (num_cells,)
        The row of every cell in the stalls.
    num_options : array of shape (num_cells,)
        The number of things every cell can take, nothing among them where it may be off.
    cell_start, row_start, coef_start, coef, limits, grows : arrays
        The rows of every group.
    tables : tuple of (BundleTable or None)
        The bundles of every group, None where it has too many; empty where the search is compiled.
    """

    row: Ints
    num_options: Ints
    cell_start: Ints
    row_start: Ints
    coef_start: Ints
    coef: Ints
    limits: Ints
    grows: np.ndarray
    tables: tuple[BundleTable | None, ...] = ()

    @property
    def is_short(self) -> bool:
        """Whether no group has more bundles than a table holds."""
        size = np.log(np.maximum(self.num_options, 1))
        group = np.repeat(np.arange(len(self.cell_start) - 1), np.diff(self.cell_start))
        return bool((add_up(group, size, len(self.cell_start) - 1) <= math.log(MOST_BUNDLES)).all())

    def broken(self, free: Ints) -> Ints:
        """Give the groups some row of which what each cell gets breaks."""
        size = np.diff(self.cell_start)[np.repeat(np.arange(len(self.row_start) - 1), np.diff(self.row_start))]
        number = np.repeat(np.arange(len(size)), size)
        within = np.arange(len(number)) - np.repeat(np.cumsum(size) - size, size)
        entry = np.repeat(self.coef_start, size) + within
        group = np.searchsorted(self.row_start, np.arange(len(size)), side="right") - 1
        level = np.zeros(len(size), np.int64)
        np.add.at(level, number, self.coef[entry] * free[self.cell_start[group][number] + within])
        low, high = self.limits.reshape(-1, 2).T
        return np.unique(group[(level < low) | (level > high)])


def make_layout(space: Space, stalls: Stalls, inner: InnerRows) -> BundleLayout | None:
    """Lay limits within clusters out; None where a sum of one might not fit into 64 bits.

    Parameters
    ----------
    space, stalls : Space, Stalls
        The cells.
    inner : InnerRows
        The limits.
    """
    row_of = np.full(space.num_cells, -1)
    row_of[stalls.cell] = np.arange(len(stalls.cell))
    number = np.repeat(np.arange(len(inner.rule)), np.diff(inner.start))
    # Every cell of a group once, in order; cells that no money reaches have nothing to choose.
    key = inner.group[number] * space.num_cells + inner.cell
    reached = row_of[inner.cell] >= 0
    members = _once(key[reached])
    places = row_of[members % space.num_cells]
    cell_start = np.searchsorted(members // space.num_cells, np.arange(len(inner) + 1))
    order = np.argsort(inner.group, kind="stable")
    width = np.diff(cell_start)[inner.group]
    coef_start = np.zeros(len(order), np.int64)
    coef_start[order] = np.cumsum(width[order]) - width[order]
    coef = np.zeros(int(width.sum()), np.int64)
    within = np.searchsorted(members, key) - cell_start[inner.group[number]]
    coef[(coef_start[number] + within)[reached]] = inner.coef[reached]
    amount = int(space.problem.menus.amount.max(initial=0))
    largest = int(abs(coef).max(initial=0)) * amount * int(np.diff(cell_start).max(initial=0))
    if largest >= LARGEST_SUM:
        return None
    shrinks = np.zeros(len(order), bool)
    np.logical_or.at(shrinks, number, inner.coef < 0)
    return BundleLayout(
        row=places,
        num_options=stalls.num_levels[places] + stalls.may_be_off[places],
        cell_start=cell_start,
        row_start=np.searchsorted(inner.group[order], np.arange(len(inner) + 1)),
        coef_start=coef_start[order],
        coef=coef,
        limits=np.stack((inner.lower, inner.upper), axis=1)[order].ravel(),
        grows=~shrinks[order],
    )


def _once(keys: Ints) -> Ints:
    """Give every key once, in order; a row a group, as caps are, has them in order already."""
    if (np.diff(keys) >= 0).all():
        return keys[np.diff(keys, prepend=-1) > 0]
    return np.unique(keys)


def make_table(stalls: Stalls, group: InnerGroup) -> BundleTable | None:
    """List the bundles of a group; None where there are too many, or where a sum might not fit into 64 bits."""
    cells = [cell for cell in group.cells if stalls.cell[np.searchsorted(stalls.cell, cell) % len(stalls.cell)] == cell]
    row = np.searchsorted(stalls.cell, cells).astype(np.int64)
    start, amount, level = _options(stalls, row)
    size = np.diff(start)
    limits = [limit for one in group.rows for limit in (one.lower, one.upper) if limit is not None]
    coefs = [coef for one in group.rows for coef in one.coef.values()]
    largest = max(map(abs, coefs), default=0) * int(amount.max(initial=0)) * len(cells)
    if math.prod(size.tolist()) > MOST_BUNDLES or max(largest, *map(abs, limits), 0) >= LARGEST_SUM:
        return None
    option = start[:-1] + np.indices(size.tolist()).reshape(len(cells), -1).T
    taken = amount[option]
    obeys = np.ones(len(taken), bool)
    for one in group.rows:
        total = taken @ np.array([one.coef.get(cell, 0) for cell in cells], np.int64)
        obeys &= (one.lower is None or total >= one.lower) & (one.upper is None or total <= one.upper)
    return BundleTable(row, level[option][obeys], taken[obeys])


def _options(stalls: Stalls, row: Ints) -> tuple[Ints, Ints, Ints]:
    """Give the options of some rows of the stalls: where they start, their amounts, and their levels; -1 is nothing."""
    size, off = stalls.num_levels[row], stalls.may_be_off[row].astype(np.int64)
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(size + off)))
    level, amount = np.full(start[-1], -1, np.int64), np.zeros(start[-1], np.int64)
    owner = np.repeat(np.arange(len(row)), size)
    within = np.arange(len(owner)) - (np.cumsum(size) - size)[owner]
    level[start[owner] + within] = stalls.level_start[row][owner] + within
    amount[start[owner] + within] = stalls.menu[stalls.first_amount[row][owner] + within]
    return start, amount, level
