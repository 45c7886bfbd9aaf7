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
    """The groups of limits within clusters, their cells and rows; names as in `kernels.best_bundles`.

    Parameters
    ----------
    row : array of shape (num_cells,)
        The row of every cell in the stalls.
    cell_start, row_start, coef_start, coef, limits, grows : arrays
        The rows of every group.
    """

    row: Ints
    cell_start: Ints
    row_start: Ints
    coef_start: Ints
    coef: Ints
    limits: Ints
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
