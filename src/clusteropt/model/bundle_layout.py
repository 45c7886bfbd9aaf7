"""The limits within single clusters as flat arrays for the compiled search over bundles, or all bundles in a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.blocks import add_up
from clusteropt.model.money_rules import LARGEST_SUM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusteropt.inputs.problem import Ints
    from clusteropt.model.cell_choice import Stalls
    from clusteropt.model.cluster_rows import InnerGroup
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
    """The groups of limits within clusters, their cells, options and rows; names as in `kernels.best_bundles`.

    Parameters
    ----------
    row : array of shape (num_cells,)
        The row of every cell in the stalls.
    option_start, option_amount, option_level : arrays
        The options of every cell.
    cell_start, row_start, coef_start, coef, limits, grows : arrays
        The rows of every group.
    tables : tuple of (BundleTable or None)
        The bundles of every group, None where it has too many; empty where the search is compiled.
    """

    row: Ints
    cell_start: Ints
    row_start: Ints
    coef_start: Ints
    coef: Ints
    limits: Ints
    option_start: Ints
    option_amount: Ints
    option_level: Ints
    grows: np.ndarray
    tables: tuple[BundleTable | None, ...] = ()

    @property
    def is_short(self) -> bool:
        """Whether no group has more bundles than a table holds."""
        size = np.log(np.maximum(np.diff(self.option_start), 1))
        group = np.repeat(np.arange(len(self.cell_start) - 1), np.diff(self.cell_start))
        return bool((add_up(group, size, len(self.cell_start) - 1) <= math.log(MOST_BUNDLES)).all())

    def broken(self, free: Ints) -> Ints:
        """Give the groups some row of which what each cell gets breaks."""
        size = np.diff(self.cell_start)[np.repeat(np.arange(len(self.row_start) - 1), np.diff(self.row_start))]
        number = np.repeat(np.arange(len(size)), size)
        within = np.arange(len(number)) - np.repeat(self.coef_start, size)
        group = np.searchsorted(self.row_start, np.arange(len(size)), side="right") - 1
        level = np.zeros(len(size), np.int64)
        np.add.at(level, number, self.coef * free[self.cell_start[group][number] + within])
        low, high = self.limits.reshape(-1, 2).T
        return np.unique(group[(level < low) | (level > high)])


def make_layout(space: Space, stalls: Stalls, inner: Sequence[InnerGroup]) -> BundleLayout | None:
    """Lay limits within clusters out; None where a sum of one might not fit into 64 bits.

    Parameters
    ----------
    space, stalls : Space, Stalls
        The cells.
    inner : sequence of InnerGroup
        The limits.
    """
    row_of = np.full(space.num_cells, -1)
    row_of[stalls.cell] = np.arange(len(stalls.cell))
    cells: list[int] = []
    cell_start, row_start = [0], [0]
    coef_start: list[int] = []
    coef: list[int] = []
    limits: list[int] = []
    grows: list[bool] = []
    for group in inner:
        mine = [cell for cell in group.cells if row_of[cell] >= 0]
        for row in group.rows:
            coef_start.append(len(coef))
            parts = [row.coef.get(cell, 0) for cell in mine]
            coef += parts
            limits += [
                -LARGEST_SUM if row.lower is None else row.lower,
                LARGEST_SUM if row.upper is None else row.upper,
            ]
            grows.append(min(parts, default=0) >= 0)
        cells += mine
        cell_start.append(len(cells))
        row_start.append(len(coef_start))
    places = row_of[np.array(cells, np.int64)]
    start, amount, level = _options(space, stalls, places)
    largest = max(map(abs, coef), default=0) * int(amount.max(initial=0)) * int(np.diff(cell_start).max(initial=0))
    if largest >= LARGEST_SUM or max(map(abs, limits), default=0) > LARGEST_SUM:
        return None
    return BundleLayout(
        row=places,
        cell_start=np.array(cell_start, np.int64),
        row_start=np.array(row_start, np.int64),
        coef_start=np.array(coef_start, np.int64),
        coef=np.array(coef, np.int64),
        limits=np.array(limits, np.int64),
        option_start=start,
        option_amount=amount,
        option_level=level,
        grows=np.array(grows, bool),
    )


def make_table(space: Space, stalls: Stalls, group: InnerGroup) -> BundleTable | None:
    """List the bundles of a group; None where there are too many, or where a sum might not fit into 64 bits."""
    cells = [cell for cell in group.cells if stalls.cell[np.searchsorted(stalls.cell, cell) % len(stalls.cell)] == cell]
    row = np.searchsorted(stalls.cell, cells).astype(np.int64)
    start, amount, level = _options(space, stalls, row)
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


def _options(space: Space, stalls: Stalls, row: Ints) -> tuple[Ints, Ints, Ints]:
    """Give the options of some rows of the stalls: where they start, their amounts, and their levels; -1 is nothing."""
    # The levels stand in the order of their rows.
    first, last = np.searchsorted(stalls.level_row, (row, row + 1))
    size, off = last - first, stalls.may_be_off[row].astype(np.int64)
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(size + off)))
    level = np.full(start[-1], -1, np.int64)
    owner = np.repeat(np.arange(len(row)), size)
    within = np.arange(len(owner)) - (np.cumsum(size) - size)[owner]
    level[start[owner] + within] = first[owner] + within
    amount = np.zeros(start[-1], np.int64)
    taken = level >= 0
    amount[taken] = space.problem.menus.amount[space.level_menu[stalls.level[level[taken]]]]
    return start, amount, level
