"""Compiled loops, the only module that needs Numba; import it where there is enough to do.

Every kernel has one signature, compiled at import and kept beside the sources. Of one signature the files of two
processes that compile at the same time are the same, so that neither spoils what the other has written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_INTS, _FLOATS, _BOOLS = numba.int64[::1], numba.float64[::1], numba.boolean[::1]
# The arrays of a problem cannot be written to; what is read may be either.
_READ_INTS, _READ_FLOATS, _READ_BOOLS = (
    numba.types.Array(kind, 1, "C", readonly=True) for kind in (numba.int64, numba.float64, numba.boolean)
)


def _compiled(*types: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile for one signature, kept on disk where there is a place to keep it."""

    def compile_it(function: Callable[..., Any]) -> Callable[..., Any]:
        """Compile a function, with a cache where one can be kept."""
        try:
            compiled: Callable[..., Any] = numba.njit(list(types), cache=True, nogil=True)(function)
        except RuntimeError:
            # An installation that nobody may write to has no place for a cache.
            compiled = numba.njit(list(types), nogil=True)(function)
        return compiled

    return compile_it


def _part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile with the kernel that calls it."""
    compiled: Callable[..., Any] = numba.njit(function)
    return compiled


@_compiled(numba.void(*(_READ_INTS,) * 4, *(_READ_FLOATS,) * 6, _READ_BOOLS, _FLOATS, _INTS))
def best_levels(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    first: np.ndarray,
    number: np.ndarray,
    amount: np.ndarray,
    first_worth: np.ndarray,
    worth: np.ndarray,
    factor: np.ndarray,
    price: np.ndarray,
    fixed: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    may_be_off: np.ndarray,
    value: np.ndarray,
    chosen: np.ndarray,
) -> None:
    """Find the best level of every cell by itself: max of factor worth - (price amount + fixed) over levels, or 0.

    Parameters
    ----------
    first, number : arrays of shape (num_cells,)
        Levels ``first[i]:first[i] + number[i]`` of ``amount`` are those of cell i.
    amount : array
        Whole units.
    first_worth : array of shape (num_cells,)
        Where the worth of the first level of a cell stands in ``worth``.
    worth : array
        What levels are worth but for the factor; not finite where one cannot be taken.
    factor, price, fixed : arrays of shape (num_cells,)
        What worth counts, what a unit costs and what any award costs.
    least, most : arrays of shape (num_cells,)
        Amounts outside are not taken.
    may_be_off : bool array of shape (num_cells,)
        Whether a cell may get nothing, which is worth 0.
    value : array of shape (num_cells,)
        Written: what the best is worth; minus infinity where there is none.
    chosen : array of shape (num_cells,)
        Written: the number of the best level among those of the cell, the last of equal ones; -1 for nothing.
    """
    for i in range(len(first)):
        best, pick = -np.inf, -1
        for k in range(number[i]):
            units = amount[first[i] + k]
            if units < least[i] or units > most[i]:
                continue
            net = factor[i] * worth[first_worth[i] + k] - (price[i] * units + fixed[i])
            if np.isfinite(net) and net >= best:
                best, pick = net, k
        if may_be_off[i] and best <= 0.0:
            best, pick = 0.0, -1
        value[i], chosen[i] = best, pick


@_compiled(numba.void(*(_READ_INTS,) * 3, _READ_FLOATS, _INTS))
def nearest_levels(
    first: np.ndarray, number: np.ndarray, amount: np.ndarray, paid: np.ndarray, chosen: np.ndarray
) -> None:
    """Find the level nearest to the money of every cell, the lower of two as near; -1 where nothing is as near.

    Parameters
    ----------
    first, number : arrays of shape (num_cells,)
        Levels ``first[i]:first[i] + number[i]`` of ``amount`` are those of cell i, in increasing order.
    amount : array
        Whole units.
    paid : array of shape (num_cells,)
        The money of every cell.
    chosen : array of shape (num_cells,)
        Written: the position in ``amount``.
    """
    for i in range(len(first)):
        least, pick = paid[i], -1
        for k in range(first[i], first[i] + number[i]):
            distance = abs(amount[k] - paid[i])
            if distance < least:
                least, pick = distance, k
        chosen[i] = pick


@_part
def _sum(coef: np.ndarray, start: int, units: np.ndarray, taken: np.ndarray, num: int) -> int:
    """Sum coef times amount over the first cells of a row."""
    level = 0
    for i in range(num):
        level += coef[start + i] * units[i, taken[i]]
    return level


@_part
def _insert(net: np.ndarray, units: np.ndarray, pick: np.ndarray, num: int, entry: tuple[float, int, int]) -> None:
    """Put an option where it belongs among the first ones, the best first; equal ones keep their order."""
    place = num
    while place > 0 and net[place - 1] < entry[0]:
        net[place], units[place], pick[place] = net[place - 1], units[place - 1], pick[place - 1]
        place -= 1
    net[place], units[place], pick[place] = entry


@_compiled(
    numba.void(*(_READ_INTS,) * 10, *(_READ_FLOATS,) * 6, *(_READ_BOOLS,) * 2, _READ_INTS, numba.int64, _BOOLS, _INTS)
)
def best_bundles(  # noqa: PLR0912, PLR0913, PLR0915, PLR0917 - a kernel takes arrays, and a search is one loop
    cell_start: np.ndarray,
    row_start: np.ndarray,
    coef_start: np.ndarray,
    coef: np.ndarray,
    limits: np.ndarray,
    place: np.ndarray,
    first: np.ndarray,
    number: np.ndarray,
    amount: np.ndarray,
    first_worth: np.ndarray,
    worth: np.ndarray,
    factor: np.ndarray,
    price: np.ndarray,
    fixed: np.ndarray,
    least: np.ndarray,
    most: np.ndarray,
    may_be_off: np.ndarray,
    grows: np.ndarray,
    free: np.ndarray,
    most_nodes: int,
    broken: np.ndarray,
    chosen: np.ndarray,
) -> None:
    """Find the best bundle of every group of cells whose free choice breaks a row, depth first, best options first.

    Parameters
    ----------
    cell_start, row_start : arrays of shape (num_groups + 1,)
        Cells and rows ``start[j]:start[j + 1]`` are those of group j.
    coef_start : array of shape (num_rows,)
        Where the coefficients of a row begin: one for every cell of its group, in order.
    coef : array of shape (num_coefs,)
        Coefficients.
    limits : array of shape (2 * num_rows,)
        Lower and upper limit of every row, in turn.
    place : array of shape (num_group_cells,)
        Where each cell of the groups stands in the arrays over cells, which are those of `best_levels`.
    first, number, amount, first_worth, worth, factor, price, fixed, least, most, may_be_off : arrays
        As in `best_levels`; nothing is worth 0.
    grows : bool array of shape (num_rows,)
        No coefficient is negative, so that a sum beyond the upper limit stays beyond.
    free : array of shape (num_group_cells,)
        What each cell gets where rows do not count, whole units.
    most_nodes : int
        A search over more steps gives up, and the group keeps its free choice.
    broken : bool array of shape (num_groups,)
        Written: whether no bundle obeys the rows.
    chosen : array of shape (num_group_cells,)
        Written: the number of the level each cell takes, -1 for nothing; -2 where it keeps its free choice.
    """
    most_cells, most_options = 0, 1
    for j in range(len(broken)):
        most_cells = max(most_cells, cell_start[j + 1] - cell_start[j])
    for i in range(len(place)):
        most_options = max(most_options, number[place[i]] + 1)
    net = np.zeros((most_cells, most_options))
    units, pick = np.zeros((most_cells, most_options), np.int64), np.zeros((most_cells, most_options), np.int64)
    options, turn = np.zeros(most_cells, np.int64), np.zeros(most_cells + 1, np.int64)
    rest, sums = np.zeros(most_cells + 1), np.zeros(most_cells + 1)
    taken, best_taken = np.zeros(most_cells, np.int64), np.zeros(most_cells, np.int64)
    for j in range(len(broken)):
        start, num = cell_start[j], cell_start[j + 1] - cell_start[j]
        broken[j] = False
        chosen[start : start + num] = -2
        # 1. Does the free choice hold?
        holds = True
        for r in range(row_start[j], row_start[j + 1]):
            level = 0
            for i in range(num):
                level += coef[coef_start[r] + i] * free[start + i]
            holds = holds and limits[2 * r] <= level <= limits[2 * r + 1]
        if holds:
            continue
        # 2. Options in order, and what the cells from each on are worth at most.
        rest[num] = 0.0
        for i in range(num - 1, -1, -1):
            c = place[start + i]
            options[i] = 0
            for k in range(number[c]):
                paid = amount[first[c] + k]
                value = factor[c] * worth[first_worth[c] + k] - (price[c] * paid + fixed[c])
                if least[c] <= paid <= most[c] and np.isfinite(value):
                    _insert(net[i], units[i], pick[i], options[i], (value, paid, k))
                    options[i] += 1
            if may_be_off[c]:
                _insert(net[i], units[i], pick[i], options[i], (0.0, 0, -1))
                options[i] += 1
            rest[i] = rest[i + 1] + (net[i, 0] if options[i] else -np.inf)
        if rest[0] == -np.inf:
            continue
        # 3. Depth first; turn[i] is the next option to try at depth i.
        best, nodes, depth = -np.inf, 0, 0
        turn[0], sums[0] = 0, 0.0
        while depth >= 0 and nodes <= most_nodes:
            if depth == num or turn[depth] == options[depth] or sums[depth] + rest[depth] <= best:
                if depth == num and sums[depth] > best:
                    obeys = True
                    for r in range(row_start[j], row_start[j + 1]):
                        level = _sum(coef, coef_start[r], units, taken, num)
                        obeys = obeys and limits[2 * r] <= level <= limits[2 * r + 1]
                    if obeys:
                        best = sums[depth]
                        best_taken[:num] = taken[:num]
                depth -= 1
                continue
            nodes += 1
            taken[depth] = turn[depth]
            turn[depth] += 1
            too_much = False
            for r in range(row_start[j], row_start[j + 1]):
                if grows[r] and _sum(coef, coef_start[r], units, taken, depth + 1) > limits[2 * r + 1]:
                    too_much = True
                    break
            if not too_much:
                sums[depth + 1] = sums[depth] + net[depth, taken[depth]]
                depth += 1
                if depth < num:
                    turn[depth] = 0
        if nodes <= most_nodes:
            broken[j] = best == -np.inf
            if not broken[j]:
                for i in range(num):
                    chosen[start + i] = pick[i, best_taken[i]]
