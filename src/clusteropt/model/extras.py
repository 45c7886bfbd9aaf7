"""What a caller adds to a formulation: columns, rows, tighter bounds, an objective of their own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.model.blocks import ColumnBlock, RowBlock, tidy

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.blocks import Matrix
    from clusteropt.model.columns import Columns
    from clusteropt.model.curves import Curves
    from clusteropt.model.formulation import Formulation

OWN = "own"
"""The name of the block of the caller's columns, and of the block of their rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Extras:
    """The caller's additions, over the columns of the formulation they saw and their own.

    Parameters
    ----------
    columns : Columns
        The columns of the formulation the caller saw.
    matrix : matrix of shape (num_own_rows, columns.num + num_own_cols)
        Their rows.
    row_lower, row_upper : arrays of shape (num_own_rows,)
        Limits of their rows.
    col_lower, col_upper : arrays of shape (columns.num + num_own_cols,)
        Bounds of all columns, as the caller left them.
    integer : bool array of shape (num_own_cols,)
        Which of their columns are whole.
    cost : array of shape (columns.num + num_own_cols,) or None
        Their objective; None keeps that of the problem.
    offset : float
        The constant of their objective.
    maximise : bool
        The sense of their objective.
    """

    columns: Columns
    matrix: Matrix
    row_lower: Floats
    row_upper: Floats
    col_lower: Floats
    col_upper: Floats
    integer: np.ndarray
    cost: Floats | None
    offset: float
    maximise: bool


def attach(formulation: Formulation, extras: Extras) -> Formulation:
    """Add the caller's parts to a formulation of the same problem, on whatever grid."""
    num_own = len(extras.integer)
    place = _places(formulation, extras)
    num = formulation.num_cols + num_own
    coo = extras.matrix.tocoo()
    own_rows = sparse.csr_matrix((coo.data, (coo.row, place[coo.col])), (len(extras.row_lower), num))
    wide = sparse.hstack([formulation.matrix, sparse.csr_matrix((formulation.num_rows, num_own))])
    lower, upper = (np.append(old, np.zeros(num_own)) for old in (formulation.col_lower, formulation.col_upper))
    kept = place >= 0
    lower[place[kept]] = extras.col_lower[kept]
    upper[place[kept]] = extras.col_upper[kept]
    cost = np.append(formulation.cost, np.zeros(num_own))
    if extras.cost is not None:
        cost = np.zeros(num)
        cost[place[kept]] = extras.cost[kept]
    column_blocks, row_blocks = _own_blocks(formulation, extras, (lower, upper), own_rows)
    expressions = {name: _widen(getattr(formulation.columns, name), num) for name in _EXPRESSIONS}
    grid = replace(formulation.grid, curves=_weighed(formulation, extras))
    return replace(
        formulation,
        grid=grid,
        columns=replace(formulation.columns, blocks=formulation.columns.blocks + column_blocks, num=num, **expressions),
        rows=formulation.rows + row_blocks,
        matrix=tidy(sparse.vstack([wide, own_rows], format="csr")),
        row_lower=np.append(formulation.row_lower, extras.row_lower),
        row_upper=np.append(formulation.row_upper, extras.row_upper),
        col_lower=lower,
        col_upper=upper,
        integer=np.append(formulation.integer, extras.integer),
        cost=cost,
        maximise=formulation.maximise if extras.cost is None else extras.maximise,
        argument=_widen(formulation.argument, num),
        step=np.append(formulation.step, np.ones(num_own)),
        own_objective=extras.cost is not None,
        offset=extras.offset if extras.cost is not None else 0.0,
    )


def _own_blocks(
    formulation: Formulation, extras: Extras, bounds: tuple[Floats, Floats], own_rows: Matrix
) -> tuple[tuple[ColumnBlock, ...], tuple[RowBlock, ...]]:
    """Make the blocks of the caller's columns and rows; none where there are none."""
    first, num_own, num_rows = formulation.num_cols, len(extras.integer), len(extras.row_lower)
    lower, upper = (side[first:] for side in bounds)
    columns = ColumnBlock(OWN, (OWN,), np.arange(num_own)[:, None], lower, upper, False, first)
    rows = RowBlock(OWN, (OWN,), np.arange(num_rows)[:, None], own_rows, extras.row_lower, extras.row_upper)
    return ((columns,) if num_own else (), (rows,) if num_rows else ())


def _weighed(formulation: Formulation, extras: Extras) -> Curves:
    """Weigh the curves by what the caller's objective and rows make of outcomes."""
    curves, seen = formulation.grid.curves, extras.columns.block("outcome")
    if seen is None:
        return curves
    weight = curves.weight.copy()
    cells = slice(0, len(seen.keys))
    if extras.cost is not None:
        weight[cells] = abs(extras.cost[seen.positions])
        weight[cells] += _synergy_cost(extras)[formulation.space.cell_cluster[curves.cells]]
    if len(extras.row_lower):
        weight[cells] = np.maximum(weight[cells], abs(extras.matrix[:, seen.positions]).max(axis=0).toarray().ravel())
    return replace(curves, weight=weight)


def _synergy_cost(extras: Extras) -> Floats:
    """Give the largest coefficient of a synergy of each cluster in the caller's objective."""
    synergy = extras.columns.block("synergy")
    largest = np.zeros(extras.columns.stock.shape[0])
    if synergy is not None and extras.cost is not None:
        np.maximum.at(largest, synergy.keys[:, 1], abs(extras.cost[synergy.positions]))
    return largest


_EXPRESSIONS = ("flow", "on", "stock", "outcome", "harm")


def _places(formulation: Formulation, extras: Extras) -> Ints:
    """Map the columns the caller saw to the columns of the formulation; -1 for pieces that moved."""
    place = np.full(extras.columns.num + len(extras.integer), -1)
    for block in extras.columns.blocks:
        match = formulation.columns.block(block.name)
        if match is not None and len(match.keys) == len(block.keys):
            place[block.positions] = match.positions
    place[extras.columns.num :] = formulation.num_cols + np.arange(len(extras.integer))
    return place


def _widen(matrix: Matrix, num: int) -> Matrix:
    widened = matrix.copy()
    widened.resize((matrix.shape[0], num))
    return widened
