"""Controlled rounding: a table of whole units printed with fewer digits, whose printed sums are the sums as printed.

Every figure, and every total of a row, of a column and of all, is rounded up or down to the next printed step, so that
the totals are the sums of what is printed (Bacharach 1966, doi:10.1287/mnsc.12.9.732; Cox 1987,
doi:10.1080/01621459.1987.10478456). Figures that need no rounding stay as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Ints


def round_table(amounts: Ints, step: int) -> Ints:
    """Round a table of whole units to multiples of a step, totals with it.

    Parameters
    ----------
    amounts : array of shape (num_rows, num_columns)
        Whole units, non-negative.
    step : int
        Whole units of one printed step.

    Returns
    -------
    array of shape (num_rows + 1, num_columns + 1)
        Steps: the rounded figures, with the totals of rows in the last column and of columns in the last row.
    """
    rows, columns = amounts.shape
    table = np.zeros((rows + 1, columns + 1), np.int64)
    table[:rows, :columns] = amounts
    table[:rows, columns] = amounts.sum(axis=1)
    table[rows, :columns] = amounts.sum(axis=0)
    table[rows, columns] = amounts.sum()
    steps, rest = np.divmod(table, step)
    # Totals stand on the other side of the balance of their row or column.
    sign = np.ones_like(table)
    sign[:rows, columns] = sign[rows, :columns] = -1
    while (rest % step).any():
        _move(rest, step, _cycle(rest % step > 0), sign)
    return steps + rest // step


def _move(rest: Ints, step: int, cycle: list[tuple[int, int]], sign: Ints) -> None:
    """Move along a cycle until one figure on it needs no rounding any more; in place."""
    # Every row and column of the table with its totals sums to 0, so moving by turns up and down keeps all sums.
    ways = np.array([sign[place] * (1 if turn % 2 == 0 else -1) for turn, place in enumerate(cycle)])
    held = np.array([rest[place] for place in cycle])
    up, down = np.where(ways > 0, step - held, held).min(), np.where(ways > 0, held, step - held).min()
    # The shorter way, so that figures move little.
    amount = up if up <= down else -down
    for place, way in zip(cycle, ways.tolist(), strict=True):
        rest[place] += way * amount


def _cycle(open_: np.ndarray) -> list[tuple[int, int]]:
    """Find figures to be rounded that lie, by turns, in one row and in one column, and come back to the first.

    Rows and columns are the nodes of a graph and the figures its edges; no node has only one, as the sum of its figures
    is a multiple of the step. So a walk that never turns back comes to a node again.
    """
    row, column = int(np.nonzero(open_)[0][0]), -1
    edges: list[tuple[int, int]] = []
    reached = {(0, row): 0}
    while True:
        if len(edges) % 2 == 0:
            others = np.flatnonzero(open_[row])
            column = int(others[others != column][0])
        else:
            others = np.flatnonzero(open_[:, column])
            row = int(others[others != row][0])
        edges.append((row, column))
        side = len(edges) % 2
        node = (side, column if side else row)
        if node in reached:
            return edges[reached[node] :]
        reached[node] = len(edges)
