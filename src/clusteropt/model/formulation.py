"""The formulation: all blocks of columns and rows of a problem in one set of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.model import moves, objective, rows, rule_rows
from clusteropt.model.blocks import tidy
from clusteropt.model.columns import make_columns
from clusteropt.model.rows import Draft

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Problem
    from clusteropt.model.blocks import Matrix, RowBlock
    from clusteropt.model.columns import Columns
    from clusteropt.model.grid import Grid
    from clusteropt.model.space import Space

ROW_FUNCTIONS = (
    rows.funding,
    rows.choice,
    rows.least,
    rows.most,
    rows.draw_least,
    rows.draw_most,
    rows.draw_choice,
    rows.counted_least,
    rows.counted_most,
    rule_rows.purse,
    rule_rows.ledger,
    rule_rows.condition,
    rule_rows.need,
    rows.stock_balance,
    rows.curve,
    moves.moved,
    rows.harm_split,
    rows.harm_fill,
    rows.harm_next,
    rule_rows.amount,
    rule_rows.share,
    rows.count,
    rule_rows.change,
    rule_rows.lock,
    rule_rows.soft_floor,
    rows.joint_outcome,
    objective.worst_region,
    objective.floor,
    objective.equity_curve,
    objective.target,
)
"""Every row block there is, in the order of the rows."""


@dataclass(frozen=True, slots=True, eq=False)
class Formulation:
    """A mixed-integer linear program with named blocks.

    ``row_lower <= matrix @ x <= row_upper``, ``col_lower <= x <= col_upper``, ``cost @ x`` maximised or minimised.

    Parameters
    ----------
    problem : Problem
        What it formulates.
    space : Space
        The positions behind the blocks.
    columns : Columns
        Blocks of columns and the expressions in them.
    grid : Grid
        The points of the curves.
    rows : tuple of RowBlock
        Blocks of rows, in order.
    matrix : matrix of shape (num_rows, num_cols)
        Rows of all blocks, columns sorted within a row.
    row_lower, row_upper : arrays of shape (num_rows,)
        Row limits.
    col_lower, col_upper : arrays of shape (num_cols,)
        Column bounds.
    integer : bool array of shape (num_cols,)
        Whole columns.
    cost : array of shape (num_cols,)
        Objective.
    maximise : bool
        The sense of the objective.
    argument : matrix of shape (num_curves, num_cols)
        What every curve of the grid is a function of.
    step : array of shape (num_cols,)
        What one whole step of each whole column is.
    own_objective : bool
        The objective is the caller's own, not the one of the problem.
    offset : float
        The constant of the objective.
    """

    problem: Problem
    space: Space
    columns: Columns
    grid: Grid
    rows: tuple[RowBlock, ...]
    matrix: Matrix
    row_lower: Floats
    row_upper: Floats
    col_lower: Floats
    col_upper: Floats
    integer: np.ndarray
    cost: Floats
    maximise: bool
    argument: Matrix
    step: Floats
    own_objective: bool = False
    offset: float = 0.0

    @property
    def whole_money(self) -> bool:
        """Whether flows come in whole units."""
        flow = self.columns.block("flow")
        return flow is not None and flow.integer

    def rounded(self, x: Floats) -> Floats:
        """Put the whole columns of a point on whole steps."""
        return np.where(self.integer, np.round(x / self.step) * self.step, x)

    @property
    def num_cols(self) -> int:
        """Number of columns."""
        return len(self.cost)

    def row_block(self, name: str) -> RowBlock | None:
        """Give the rows of a name, or None if the formulation has none."""
        return next((block for block in self.rows if block.name == name), None)

    def row_positions(self, name: str) -> np.ndarray:
        """Give the positions of the rows of a block; none if there is no such block."""
        first = 0
        for block in self.rows:
            if block.name == name:
                return np.arange(first, first + len(block.keys))
            first += len(block.keys)
        return np.zeros(0, np.int64)

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return len(self.row_lower)


def formulate(space: Space, grid: Grid, floor: float | None = None, whole_money: bool = False) -> Formulation:
    """Build the formulation of a problem on a grid.

    Parameters
    ----------
    space : Space
        The positions of the problem.
    grid : Grid
        The points of the curves.
    floor : float, optional
        Makes it the second stage of the worst region first: total outcome with the worst region at least this.
    whole_money : bool
        Whether flows come in whole units of money.
    """
    columns = make_columns(space, grid, whole_money)
    draft = Draft(space, columns, grid, floor)
    found = (function(draft) for function in ROW_FUNCTIONS)
    blocks = tuple(block for block in found if block is not None)
    empty = sparse.csr_matrix((0, columns.num))
    cost, maximise = objective.objective_row(draft)
    return Formulation(
        problem=space.problem,
        space=space,
        columns=columns,
        grid=grid,
        rows=blocks,
        matrix=tidy(sparse.vstack([empty, *(block.matrix for block in blocks)], format="csr")),
        row_lower=np.concatenate([np.zeros(0), *(block.lower for block in blocks)]),
        row_upper=np.concatenate([np.zeros(0), *(block.upper for block in blocks)]),
        col_lower=np.concatenate([np.zeros(0), *(block.lower for block in columns.blocks)]),
        col_upper=np.concatenate([np.zeros(0), *(block.upper for block in columns.blocks)]),
        integer=np.concatenate(
            [np.zeros(0, bool), *(np.full(len(block.keys), block.integer) for block in columns.blocks)]
        ),
        cost=cost,
        maximise=maximise,
        argument=_arguments(draft),
        step=np.concatenate([np.zeros(0), *(np.full(len(b.keys), b.step) for b in columns.blocks)]),
    )


def _arguments(draft: Draft) -> Matrix:
    curves = draft.grid.curves
    cells = draft.columns.stock[curves.cells]
    if curves.num == len(curves.cells):
        return tidy(cells)
    return tidy(sparse.vstack([cells, objective.region_rows(draft)]))
