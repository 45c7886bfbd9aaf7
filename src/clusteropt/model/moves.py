"""Moves of clusters to another path: from a pick on, the coefficients of the new path hold.

A cluster moves at most once, so the effect of a cell is linear in the picks: effect + sum of change * pick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.model.blocks import pick
from clusteropt.model.rows import make_rows

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Ints
    from clusteropt.model.blocks import Matrix, RowBlock
    from clusteropt.model.rows import Draft


def moved(draft: Draft) -> RowBlock | None:
    """A cell is under the curve of its path: o[c,l,t] <= r (slope[k] K + intercept[k] y) + (1 - r) top (1 - state).

    One row for each path of the cluster whose effect is not its largest: r is its effect over the largest, top the
    largest outcome, and state 1 where the cluster is on that path; slope, intercept and y are those of `curve`. Where
    state is 0 the row says nothing.
    """
    space, grid, curves = draft.space, draft.grid, draft.grid.curves
    block = draft.columns.block("outcome")
    if block is None or not space.moved.nnz:
        return None
    cells, state, ratio, others = _states(draft)
    curve_of = np.full(space.num_cells, -1)
    curve_of[curves.cells] = np.arange(len(curves.cells))
    which = curve_of[cells]
    kept = which >= 0
    cells, state, ratio, others, which = cells[kept], state[kept], ratio[kept], others[kept], which[kept]
    sizes = np.diff(grid.start)[which]
    row = np.repeat(np.arange(len(cells)), sizes)
    number = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    slope, intercept = (values[grid.start[which[row]] + number] for values in grid.tangents())
    top = curves.value(which, curves.reach[which])[row]
    own = pick(len(row), np.arange(len(row)), block.positions[which[row]], 1.0, draft.columns.num)
    gated = (space.gated & ~space.dynamic)[cells][row]
    arg = sparse.diags(ratio[row] * slope) @ draft.columns.stock[cells[row]]
    gate = sparse.diags(ratio[row] * intercept * gated) @ draft.columns.on[cells[row]]
    free = sparse.diags((1 - ratio[row]) * top) @ others[row]
    keys = np.column_stack((draft.cell_keys(cells)[row], state[row], number))
    upper = np.where(gated, 0.0, ratio[row] * intercept)
    # Of a state that holds unless a pick is taken, the pick is what frees the row; of one that a pick brings about,
    # the row is free without it: the constant stands on the right.
    upper = upper + np.where(state[row] >= 0, (1 - ratio[row]) * top, 0.0)
    names = ("cluster", "lever", "year", "pick", "point")
    return make_rows("moved", names, keys, own - arg - gate - free, -np.inf, upper)


def _states(draft: Draft) -> tuple[Ints, Ints, np.ndarray, Matrix]:
    """List, for cells that may move, the states with less than the largest effect: cell, pick (-1: none), ratio.

    Returns
    -------
    cells, state, ratio : arrays
        One entry a state.
    others : matrix of shape (num_states, num_cols)
        What frees the row of a state, less the constant: the sum of the moves for no move, minus the pick else.
    """
    space, block = draft.space, draft.columns.block("pick")
    assert block is not None
    change = space.moved.tocoo()
    cells, picks, values = change.row.astype(np.int64), change.col.astype(np.int64), change.data
    top = space.top_effect
    low = space.effect[cells] + values < top[cells]
    stay = np.unique(cells)
    stay = stay[space.effect[stay] < top[stay]]
    place = np.full(space.num_cells, -1)
    place[stay] = np.arange(len(stay))
    from_stay = place[cells] >= 0
    first = pick(len(stay), place[cells[from_stay]], block.positions[picks[from_stay]], 1.0, draft.columns.num)
    num = int(low.sum())
    second = pick(num, np.arange(num), block.positions[picks[low]], -1.0, draft.columns.num)
    held = np.concatenate((space.effect[stay], (space.effect[cells] + values)[low]))
    found = np.concatenate((stay, cells[low]))
    state = np.concatenate((np.full(len(stay), -1), picks[low]))
    return found, state, held / top[found], sparse.vstack([first, second], format="csr")
