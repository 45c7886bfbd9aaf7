"""Which amounts move when money is rounded: of many, a few of every kind are enough.

At its floor an amount misses less than a unit, so that a few amounts of every kind, each moved by a few units, make up
for all: a kind are the amounts with the same coefficients in the same wide rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.money_rules import MoneyRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.space import Space

MANY = 4_000
"""Up to so many amounts all of them move: a few milliseconds more, and the best of every last unit."""
OF_A_KIND, REACH = 6, 10_000
"""Of a kind at least so many move, each by one in so many of its units, or by one: as many as take up what all miss."""
WIDE = 50
"""A row about at most so many amounts binds them alone; where it is broken, all of them move."""


def cell_rows(space: Space, limits: tuple[Ints, Ints], cells: Ints) -> list[MoneyRow]:
    """Give the limits of cells as exact rows.

    Parameters
    ----------
    space : Space
        The positions.
    limits : (array, array) of shape (num_cells,)
        Whole units at least and at most.
    cells : array
        The cells asked for.
    """
    order = np.argsort(space.flow_cell, kind="stable")
    ends = np.searchsorted(space.flow_cell[order], np.arange(space.num_cells + 1))
    (lower, upper), ones = limits, np.ones(int(np.diff(ends).max(initial=0)), np.int64)
    return [
        MoneyRow("cell", (cell,), order[begin:end], ones[: end - begin], low, high)
        for cell, begin, end, low, high in zip(
            cells.tolist(),
            ends[cells].tolist(),
            ends[cells + 1].tolist(),
            lower[cells].tolist(),
            upper[cells].tolist(),
            strict=True,
        )
    ]


def choose_movable(
    space: Space, money: tuple[Floats, Ints], rows: Sequence[MoneyRow], limits: tuple[Ints, Ints]
) -> Ints | None:
    """Choose a few amounts of every kind, and all that narrow rows and cells need; None where all are to move.

    What comes back is by how many units each may rise before anything else is tried; 0 where it does not move.

    Parameters
    ----------
    space : Space
        The positions.
    money : (array, array) of shape (num_amounts,)
        The amounts of the solution, and the whole units that they move from.
    rows : sequence of MoneyRow
        Every limit but those of cells.
    limits : (array, array) of shape (num_cells,)
        Whole units of every cell, at least and at most.
    """
    exact, base = money
    if len(base) <= MANY:
        return None
    # A kind is known by the sum of random words of its rows, times its coefficients; 64 bits, modulo 2^64.
    words = np.random.default_rng(0).integers(1, 2**62, len(rows), dtype=np.int64)
    kind, movable = np.zeros(len(base), np.int64), np.zeros(len(base), bool)
    with np.errstate(over="ignore"):
        for row, word in zip(rows, words, strict=True):
            if len(row.flow) > WIDE and row.coef.dtype == np.int64:
                kind[row.flow] += row.coef * word
            elif row.excess(base):
                movable[row.flow] = True
    amount = np.bincount(space.flow_cell, weights=base[: space.num_flows], minlength=space.num_cells)
    broken = (amount < limits[0]) | (amount > limits[1])
    movable[: space.num_flows] |= broken[space.flow_cell]
    # The largest of a kind first: they bear a few units more or less.
    order = np.lexsort((-base, kind))
    first = np.flatnonzero(np.diff(kind[order], prepend=kind[order[0]] - 1) != 0)
    size = np.diff(np.append(first, len(order)))
    rank = np.arange(len(order)) - np.repeat(first, size)
    reach = np.maximum(base // REACH, 1)
    before = np.cumsum(reach[order]) - reach[order]
    missed = np.add.reduceat(np.maximum(exact - base, 0.0)[order], first)
    enough = before - np.repeat(before[first], size) >= np.repeat(missed, size)
    movable[order[((rank < OF_A_KIND) | ~enough) & (base[order] > 0)]] = True
    return np.where(movable, reach, 0)
