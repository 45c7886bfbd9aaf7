"""The limits within single clusters as flat arrays, for the compiled search over bundles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.money_rules import LARGEST_SUM

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Ints
    from clusteropt.model.cell_choice import Stalls
    from clusteropt.model.inner_rows import InnerRows
    from clusteropt.model.space import Space


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
    members = np.unique(key[reached])
    places = row_of[members % space.num_cells]
    cell_start = np.searchsorted(members // space.num_cells, np.arange(len(inner) + 1))
    order = np.argsort(inner.group, kind="stable")
    width = np.diff(cell_start)[inner.group]
    coef_start = np.zeros(len(order), np.int64)
    coef_start[order] = np.cumsum(width[order]) - width[order]
    coef = np.zeros(int(width.sum()), np.int64)
    within = np.searchsorted(members, key) - cell_start[inner.group[number]]
    coef[(coef_start[number] + within)[reached]] = inner.coef[reached]
    start, amount, level = _options(space, stalls, places)
    largest = int(abs(coef).max(initial=0)) * int(amount.max(initial=0)) * int(np.diff(cell_start).max(initial=0))
    if largest >= LARGEST_SUM:
        return None
    shrinks = np.zeros(len(order), bool)
    np.logical_or.at(shrinks, number, inner.coef < 0)
    return BundleLayout(
        row=places,
        cell_start=cell_start,
        row_start=np.searchsorted(inner.group[order], np.arange(len(inner) + 1)),
        coef_start=coef_start[order],
        coef=coef,
        limits=np.stack((inner.lower, inner.upper), axis=1)[order].ravel(),
        option_start=start,
        option_amount=amount,
        option_level=level,
        grows=~shrinks[order],
    )


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
