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


@_part
def _value(option: int, option_level: np.ndarray, worth: np.ndarray) -> float:
    """Give what an option is worth; nothing is worth 0."""
    return 0.0 if option_level[option] < 0 else worth[option_level[option]]


@_part
def _sum(coef: np.ndarray, first: int, amount: np.ndarray, taken: np.ndarray, num: int) -> int:
    """Sum coef times amount over the first cells of a row."""
    level = 0
    for i in range(num):
        level += coef[first + i] * amount[taken[i]]
    return level


@_part
def _sort(first: int, last: int, option_level: np.ndarray, worth: np.ndarray, order: np.ndarray) -> int:
    """Put the options of a cell that can be taken in order, the best first; equal ones keep theirs. Give how many."""
    num = 0
    for option in range(first, last):
        value = _value(option, option_level, worth)
        if not np.isfinite(value):
            continue
        place = num
        while place > 0 and _value(order[place - 1], option_level, worth) < value:
            order[place] = order[place - 1]
            place -= 1
        order[place] = option
        num += 1
    return num


@_compiled(numba.void(*(_INTS,) * 8, _BOOLS, _FLOATS, _INTS, numba.int64, _BOOLS, _INTS, numba.float64, _FLOATS))
def best_bundles(  # noqa: PLR0912, PLR0913, PLR0915, PLR0917 - a kernel takes arrays, and a search is one loop
    cell_start: np.ndarray,
    row_start: np.ndarray,
    coef_start: np.ndarray,
    coef: np.ndarray,
    limits: np.ndarray,
    option_start: np.ndarray,
    option_amount: np.ndarray,
    option_level: np.ndarray,
    grows: np.ndarray,
    worth: np.ndarray,
    free: np.ndarray,
    most_nodes: int,
    broken: np.ndarray,
    chosen: np.ndarray,
    within: float,
    loss: np.ndarray,
) -> None:
    """Find the best bundle of every group of cells whose free choice breaks a row, depth first, best options first.

    Where losses are asked for every group is searched, and every bundle that is nearly as good is looked at.

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
    option_start : array of shape (num_cells + 1,)
        Options of every cell; the one of nothing, where there is one, is the last.
    option_amount, option_level : arrays of shape (num_options,)
        The amount of each, and its place in ``worth``; -1 is nothing.
    grows : bool array of shape (num_rows,)
        No coefficient is negative, so that a sum beyond the upper limit stays beyond.
    worth : array
        What every level is worth; not finite where it cannot be taken.
    free : array of shape (num_cells,)
        What each cell gets where rows do not count.
    most_nodes : int
        A search over more steps gives up, and the group keeps its free choice.
    broken : bool array of shape (num_groups,)
        Written: whether no bundle obeys the rows.
    chosen : array of shape (num_cells,)
        Written: the option each cell takes; -1 where it keeps its free choice.
    within : float
        How much worse than the best the bundles may be that are looked at.
    loss : array of shape (num_options,), or empty where no losses are asked for
        Written: how much worse than the best is the best bundle with each option, up to ``within``; 0 where the search
        gave up.
    """
    most_cells, most_options = 0, 1
    for j in range(len(broken)):
        most_cells = max(most_cells, cell_start[j + 1] - cell_start[j])
    for i in range(len(chosen)):
        most_options = max(most_options, option_start[i + 1] - option_start[i])
    order = np.zeros((most_cells, most_options), np.int64)
    number, turn = np.zeros(most_cells, np.int64), np.zeros(most_cells + 1, np.int64)
    rest, sums = np.zeros(most_cells + 1), np.zeros(most_cells + 1)
    taken, best_taken = np.zeros(most_cells, np.int64), np.zeros(most_cells, np.int64)
    asked = len(loss) > 0
    for j in range(len(broken)):
        first, num = cell_start[j], cell_start[j + 1] - cell_start[j]
        broken[j] = False
        chosen[first : first + num] = -1
        # 1. Does the free choice hold?
        holds = True
        for r in range(row_start[j], row_start[j + 1]):
            level = 0
            for i in range(num):
                level += coef[coef_start[r] + i] * free[first + i]
            holds = holds and limits[2 * r] <= level <= limits[2 * r + 1]
        if holds and not asked:
            continue
        # 2. Options in order, and what the cells from each on are worth at most.
        rest[num] = 0.0
        for i in range(num - 1, -1, -1):
            number[i] = _sort(option_start[first + i], option_start[first + i + 1], option_level, worth, order[i])
            rest[i] = rest[i + 1] + (_value(order[i, 0], option_level, worth) if number[i] else -np.inf)
        if rest[0] == -np.inf:
            continue
        if asked:
            # Minus what the best bundle with each option is worth, until the best of all is known.
            loss[option_start[first] : option_start[first + num]] = np.inf
        # 3. Depth first; turn[i] is the next option to try at depth i.
        best, nodes, depth = -np.inf, 0, 0
        turn[0], sums[0] = 0, 0.0
        while depth >= 0 and nodes <= most_nodes:
            if depth == num or turn[depth] == number[depth] or sums[depth] + rest[depth] <= best - within:
                if depth == num and sums[depth] > best - within:
                    obeys = True
                    for r in range(row_start[j], row_start[j + 1]):
                        level = _sum(coef, coef_start[r], option_amount, taken, num)
                        obeys = obeys and limits[2 * r] <= level <= limits[2 * r + 1]
                    if obeys and asked:
                        for i in range(num):
                            loss[taken[i]] = min(loss[taken[i]], -sums[depth])
                    if obeys and sums[depth] > best:
                        best = sums[depth]
                        best_taken[:num] = taken[:num]
                depth -= 1
                continue
            nodes += 1
            taken[depth] = order[depth, turn[depth]]
            turn[depth] += 1
            too_much = False
            for r in range(row_start[j], row_start[j + 1]):
                if grows[r] and _sum(coef, coef_start[r], option_amount, taken, depth + 1) > limits[2 * r + 1]:
                    too_much = True
                    break
            if not too_much:
                sums[depth + 1] = sums[depth] + _value(taken[depth], option_level, worth)
                depth += 1
                if depth < num:
                    turn[depth] = 0
        if nodes <= most_nodes:
            broken[j] = best == -np.inf
            if not (broken[j] or holds):
                chosen[first : first + num] = best_taken[:num]
        if asked:
            for option in range(option_start[first], option_start[first + num]):
                known = nodes <= most_nodes and best > -np.inf
                loss[option] = min(best + loss[option], within) if known else 0.0
