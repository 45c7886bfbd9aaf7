"""Named blocks of columns and rows: the words of a formulation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clusteropt.inputs.problem import Floats, Ints

    Matrix: TypeAlias = Any
    """A scipy.sparse.csr_matrix; scipy comes without types."""


@dataclass(frozen=True, slots=True, eq=False)
class ColumnBlock:
    """Columns of one meaning.

    Parameters
    ----------
    name : str
        What the columns are.
    index_names : tuple of str
        The index sets of the block, such as ``("fund", "cluster", "lever", "year")``.
    keys : array of shape (num_cols, num_index_sets)
        Positions in the index sets, one row a column.
    lower, upper : arrays of shape (num_cols,)
        Bounds, money in printed units.
    integer : bool
        Whether the columns are whole numbers.
    first : int
        Position of the first column of the block in the formulation.
    step : float
        What one whole step of an integer column is: 1, or one whole unit of money in printed units.
    """

    name: str
    index_names: tuple[str, ...]
    keys: Ints
    lower: Floats
    upper: Floats
    integer: bool
    first: int
    step: float = 1.0

    @property
    def positions(self) -> Ints:
        """The positions of the columns in the formulation."""
        return np.arange(self.first, self.first + len(self.keys))


@dataclass(frozen=True, slots=True, eq=False)
class RowBlock:
    """Rows of one meaning: ``lower <= matrix @ columns <= upper``.

    Parameters
    ----------
    name : str
        What the rows say.
    index_names : tuple of str
        The index sets of the block.
    keys : array of shape (num_rows, num_index_sets)
        Positions in the index sets.
    matrix : sparse matrix of shape (num_rows, num_cols)
        Coefficients.
    lower, upper : arrays of shape (num_rows,)
        Limits, infinite where there is none.
    """

    name: str
    index_names: tuple[str, ...]
    keys: Ints
    matrix: Matrix
    lower: Floats
    upper: Floats


def pick(num_rows: int, row: Ints, col: Ints, data: Floats | float, num_cols: int) -> Matrix:
    """Make a sparse matrix from triples; equal positions add up and zeros are dropped.

    Parameters
    ----------
    num_rows, num_cols : int
        The shape.
    row, col : arrays of shape (n,)
        Positions.
    data : array of shape (n,), or one number for all
        Coefficients.
    """
    values = np.broadcast_to(np.asarray(data, dtype=float), np.shape(row))
    matrix = sparse.csr_matrix((values, (row, col)), shape=(num_rows, num_cols))
    return tidy(matrix)


def add_up(place: NDArray[np.integer[Any]], values: Floats, num: int) -> Floats:
    """Add values up by place: the sum of the values of each of ``num`` places."""
    return np.asarray(np.bincount(place, weights=values, minlength=num), dtype=float)


def tidy(matrix: Matrix) -> Matrix:
    """Drop zeros and sort the columns of each row, so that equal matrices have equal arrays."""
    matrix = sparse.csr_matrix(matrix)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix
