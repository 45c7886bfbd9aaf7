"""A mixed-integer linear program in plain arrays, as it goes to a solver."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy import sparse

    from clusteropt.inputs.problem import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """``row_lower <= A x <= row_upper``, ``col_lower <= x <= col_upper``, ``cost @ x`` maximised.

    Parameters
    ----------
    start, index, value : arrays
        A by rows: columns ``index[start[k]:start[k + 1]]`` of row k with their coefficients.
    row_lower, row_upper, col_lower, col_upper, cost : arrays
        Limits and objective.
    integer : uint8 array of shape (num_cols,)
        1 for whole columns.
    """

    start: Ints
    index: Ints
    value: Floats
    row_lower: Floats
    row_upper: Floats
    col_lower: Floats
    col_upper: Floats
    cost: Floats
    integer: np.ndarray

    def relaxed(self) -> Program:
        """Drop the whole-number conditions."""
        return replace(self, integer=np.zeros_like(self.integer))

    def fixed(self, x: Floats, step: Floats | float = 1.0) -> Program:
        """Fix every column with a value in ``x``, whole ones at the nearest whole step; those with NaN stay free."""
        known, whole = np.isfinite(x), self.integer.astype(bool)
        value = np.where(known, x, 0.0)
        value = np.clip(np.where(whole, np.round(value / step) * step, value), self.col_lower, self.col_upper)
        lower = np.where(known, value, self.col_lower)
        upper = np.where(known, value, self.col_upper)
        integer = np.where(known, 0, self.integer).astype(np.uint8)
        return replace(self, integer=integer, col_lower=lower, col_upper=upper)

    def arrays(self) -> dict[str, np.ndarray]:
        """Give all arrays by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    def violation(self, x: Floats) -> float:
        """Give the largest amount by which ``x`` breaks a row, a bound or a whole column, relative to its size."""
        return self._worst(x, lambda limit: np.maximum(1.0, abs(limit)))

    def excess(self, x: Floats) -> float:
        """Give the largest amount by which ``x`` breaks a row, a bound or a whole column, as it stands."""
        return self._worst(x, np.ones_like)

    def box_value(self) -> float:
        """Give the most that ``cost @ x`` can be within the limits of the columns alone."""
        ends = np.where(self.cost > 0, self.col_upper, self.col_lower)
        return float((self.cost * np.where(self.cost == 0, 0.0, ends)).sum())

    def _worst(self, x: Floats, size: Callable[[Floats], Floats]) -> float:
        if x.shape != self.cost.shape or not np.isfinite(x).all():
            return float("inf")
        activity = np.add.reduceat(
            np.append(self.value * x[self.index], 0.0), np.minimum(self.start[:-1], len(self.value))
        ) * (np.diff(self.start) > 0)
        sides = [
            (self.row_lower, activity, -1.0),
            (self.row_upper, activity, 1.0),
            (self.col_lower, x, -1.0),
            (self.col_upper, x, 1.0),
        ]
        worst = 0.0
        for limit, level, sign in sides:
            finite = np.isfinite(limit)
            if finite.any():
                excess = sign * (level[finite] - limit[finite]) / size(limit[finite])
                worst = max(worst, float(excess.max()))
        whole = self.integer.astype(bool)
        return max(worst, float(abs(x[whole] - np.round(x[whole])).max(initial=0.0)))


def make_program(matrix: sparse.csr_matrix, limits: tuple[Floats, ...], cost: Floats,
                 integer: np.ndarray) -> Program:  # fmt: skip
    """Collect a program; ``limits`` are row lower and upper, column lower and upper."""
    row_lower, row_upper, col_lower, col_upper = limits
    return Program(
        start=matrix.indptr.astype(np.int64),
        index=matrix.indices.astype(np.int64),
        value=matrix.data.astype(float),
        row_lower=row_lower,
        row_upper=row_upper,
        col_lower=col_lower,
        col_upper=col_upper,
        cost=cost,
        integer=integer.astype(np.uint8),
    )
