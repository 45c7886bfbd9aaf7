"""Shrinking a program that shows a fault to a small one that still shows it.

Delta debugging (Zeller and Hildebrandt 2002, doi:10.1109/32.988498): drop rows, then columns, in chunks that halve
until single ones are tried, as long as the fault stays; then round numbers. A column is dropped by fixing it at its
value in a point that is at hand, so that the point stays feasible. All in a fixed order, so the same fault gives the
same reproducer, unless the time is over before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.solver.program import Program, make_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.solver.claim import HighsOptions

ROUNDS = 4
"""Rows and columns are tried in turn so often at most; what is left after two rounds rarely changes."""
DIGITS = (1, 2, 3, 6)
"""Numbers are rounded to so many significant digits, the first that keeps the fault."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A run of a solver that shows a fault.

    Parameters
    ----------
    program : Program
        What was solved.
    options : HighsOptions
        How.
    start : array of shape (num_cols,) or None
        The point the run started from.
    held : array of shape (num_cols,) or None
        A point that the claim contradicts.
    """

    program: Program
    options: HighsOptions
    start: Floats | None = None
    held: Floats | None = None


def shrink(case: Case, shows: Callable[[Case], bool], over: Callable[[], bool]) -> Case:
    """Make a case small.

    Parameters
    ----------
    case : Case
        A case that shows the fault.
    shows : callable
        Tells whether a case still shows it.
    over : callable
        Tells whether the time is over; the smallest case so far is given then.
    """
    for _ in range(ROUNDS):
        before = case
        case = _fewer(case, len(case.program.row_lower), without_rows, (shows, over))
        case = _fewer(case, len(case.program.cost), without_columns, (shows, over))
        if case is before:
            break
    for part in _PARTS:
        for digits in DIGITS:
            if over():
                return case
            rounded = replace(case, program=part(case.program, digits))
            if shows(rounded):
                case = rounded
                break
    return case


def without_rows(case: Case, gone: Ints) -> Case:
    """Drop rows."""
    program = case.program
    kept = np.delete(np.arange(len(program.row_lower)), gone)
    limits = (program.row_lower[kept], program.row_upper[kept], program.col_lower, program.col_upper)
    return replace(case, program=make_program(_matrix(program)[kept], limits, program.cost, program.integer))


def without_columns(case: Case, gone: Ints) -> Case:
    """Fix columns at their value in the point held, or in the start, or as near to 0 as they may be, and drop them."""
    program = case.program
    kept = np.delete(np.arange(len(program.cost)), gone)
    known = case.held if case.held is not None else case.start
    value = np.zeros(len(gone)) if known is None else np.nan_to_num(known[gone])
    fixed = np.clip(value, program.col_lower[gone], program.col_upper[gone])
    matrix = _matrix(program)
    moved = matrix[:, gone] @ fixed
    limits = (
        program.row_lower - moved,
        program.row_upper - moved,
        program.col_lower[kept],
        program.col_upper[kept],
    )
    return replace(
        case,
        program=make_program(sparse.csr_matrix(matrix[:, kept]), limits, program.cost[kept], program.integer[kept]),
        start=None if case.start is None else case.start[kept],
        held=None if case.held is None else case.held[kept],
    )


def _fewer(
    case: Case,
    num: int,
    without: Callable[[Case, Ints], Case],
    ask: tuple[Callable[[Case], bool], Callable[[], bool]],
) -> Case:
    """Drop as many of ``num`` rows or columns as the fault can do without, chunk by chunk from the last."""
    shows, over = ask
    size = num
    while size >= 1:
        smaller, end = case, num
        while end > 0 and not over():
            first = max(end - size, 0)
            tried = without(smaller, np.arange(first, end))
            if shows(tried):
                smaller, num = tried, num - (end - first)
            end = first
        # At single ones: until nothing more can go.
        size = size // 2 if smaller is case or size > 1 else size
        case = smaller
        if over():
            break
    return case


def _matrix(program: Program) -> sparse.csr_matrix:
    shape = (len(program.row_lower), len(program.cost))
    return sparse.csr_matrix((program.value, program.index, program.start), shape)


def _round_matrix(program: Program, digits: int) -> Program:
    return replace(program, value=_significant(program.value, digits, np.round))


def _round_cost(program: Program, digits: int) -> Program:
    return replace(program, cost=_significant(program.cost, digits, np.round))


def _round_limits(program: Program, digits: int) -> Program:
    """Round limits outwards, so that a feasible point stays one."""
    return replace(
        program,
        row_lower=_significant(program.row_lower, digits, np.floor),
        row_upper=_significant(program.row_upper, digits, np.ceil),
        col_lower=_significant(program.col_lower, digits, np.floor),
        col_upper=_significant(program.col_upper, digits, np.ceil),
    )


_PARTS = (_round_limits, _round_matrix, _round_cost)


def _significant(values: Floats, digits: int, to_whole: Callable[[Floats], Floats]) -> Floats:
    """Round to significant digits; infinite numbers and zeros stay."""
    plain = np.isfinite(values) & (values != 0)
    size = np.floor(np.log10(abs(np.where(plain, values, 1.0))))
    # Dividing by a power of ten is exact where multiplying by its inverse is not.
    shift = digits - 1 - size
    up, down = 10.0 ** np.maximum(shift, 0), 10.0 ** np.maximum(-shift, 0)
    return np.where(plain, to_whole(values * up / down) * down / up, values)
