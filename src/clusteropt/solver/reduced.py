"""A program without the columns that are fixed, and the rows they alone decide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.solver.program import make_program

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.solver.claim import Claim
    from clusteropt.solver.program import Program

ROOM = 1e-9
"""A row without columns is left out where it holds within this, relative to its size; else a solver refuses it."""


@dataclass(frozen=True, slots=True, eq=False)
class Reduced:
    """A program with its fixed columns taken out.

    Parameters
    ----------
    program : Program
        What is left.
    kept : array of shape (num_kept,), or slice
        The columns that are left.
    rest : array of shape (num_cols,), or None where all are left
        The values of the columns that are not.
    offset : float
        What these bring.
    """

    program: Program
    kept: Ints | slice
    rest: Floats | None
    offset: float

    def point(self, x: Floats | None) -> Floats | None:
        """Give the part of a point that is left."""
        return None if x is None else x[self.kept]

    def expand(self, claim: Claim) -> Claim:
        """Give a claim on what is left as one on the whole."""
        if self.rest is None:
            return claim
        x = None
        if claim.x is not None:
            x = self.rest.copy()
            x[self.kept] = claim.x
        return replace(claim, x=x, value=claim.value + self.offset, bound=claim.bound + self.offset, dual=None)


def reduce_program(program: Program, *, out: bool = True) -> Reduced:
    """Take the fixed columns of a program out, if they are to be; its rows keep their order."""
    if not out:
        return Reduced(program, slice(None), None, 0.0)
    fixed = program.col_lower == program.col_upper
    kept, rest = np.flatnonzero(~fixed), np.where(fixed, program.col_lower, 0.0)
    shape = (len(program.row_lower), len(program.cost))
    matrix = sparse.csr_matrix((program.value, program.index, program.start), shape)
    taken = matrix @ rest
    matrix = sparse.csr_matrix(matrix[:, kept])
    lower, upper = program.row_lower - taken, program.row_upper - taken
    size = np.maximum(1.0, abs(taken))
    holds = (lower <= ROOM * size) & (upper >= -ROOM * size)
    rows = np.flatnonzero((np.diff(matrix.indptr) > 0) | ~holds)
    limits = (lower[rows], upper[rows], program.col_lower[kept], program.col_upper[kept])
    smaller = make_program(sparse.csr_matrix(matrix[rows]), limits, program.cost[kept], program.integer[kept])
    return Reduced(smaller, kept, rest, float(program.cost @ rest))
