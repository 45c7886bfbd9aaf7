"""The row blocks of a formulation, one short function each.

Every function takes a `Draft` and gives a `RowBlock`, or None where the problem does not need it. The first
paragraph of its docstring is its formula: the maths page of the docs is made from them. Money is in
printed units; x money, y choices, z levels, K stock, o outcome, h harm, R regional outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.inputs.rule_book import loose_rules
from clusteropt.model.blocks import RowBlock, pick, tidy
from clusteropt.model.cells import level_gain, stock_cells
from clusteropt.model.space import counted_cells, counted_clusters, counts_draws, once_a_space

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints, Rule
    from clusteropt.model.blocks import Matrix
    from clusteropt.model.columns import Columns
    from clusteropt.model.grid import Grid
    from clusteropt.model.space import Space

_CELL = ("cluster", "lever", "year")


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """All a row function may read.

    Parameters
    ----------
    space, columns, grid : Space, Columns, Grid
        Positions, expressions and points.
    floor : float or None
        What the worst region must reach, per unit of comparison, in the second stage of its objective.
    """

    space: Space
    columns: Columns
    grid: Grid
    floor: float | None = None

    @property
    def per_printed(self) -> int:
        """Whole units in one printed unit."""
        return self.space.problem.money.per_printed

    @property
    def money(self) -> Matrix:
        """The money of each cell in printed units, shape (num_cells, num_cols)."""
        return tidy(self.space.cell_flows @ self.columns.flow)

    def cell_keys(self, cells: Ints) -> Ints:
        """Give cluster, lever and year of each cell."""
        space = self.space
        return np.stack((space.cell_cluster[cells], space.cell_lever[cells], space.cell_year[cells]), axis=1)


def funding(draft: Draft) -> RowBlock | None:
    """The purses together pay the level chosen: sum_f x[f,c,l,t] - sum_k amount[k] z[c,l,t,k] = 0."""
    space = draft.space
    num_flows = np.bincount(space.flow_cell, minlength=space.num_cells)
    cells = np.flatnonzero(space.from_menu & (num_flows > 1))
    level = draft.columns.block("level")
    if not len(cells) or level is None:
        return None
    amount = space.problem.menus.amount[space.level_menu] / draft.per_printed
    paid = pick(space.num_cells, space.level_cell, level.positions, amount, draft.columns.num)
    return make_rows("funding", _CELL, draft.cell_keys(cells), (draft.money - paid)[cells], 0.0, 0.0)


def choice(draft: Draft) -> RowBlock | None:
    """A cell takes at most one level of its menu: sum_k z[c,l,t,k] <= 1."""
    cells = np.flatnonzero(draft.space.cell_levels)
    return make_rows("choice", _CELL, draft.cell_keys(cells), draft.columns.on[cells], -np.inf, 1.0)


def least(draft: Draft) -> RowBlock | None:
    """An award is nothing or at least its least amount: x[c,l,t] - least[c,l] y[c,l,t] >= 0."""
    space = draft.space
    cells = np.flatnonzero(space.gated)
    if not len(cells):
        return None
    bound = np.maximum(space.problem.least.ravel()[cells // space.problem.num_years], 1) / draft.per_printed
    matrix = draft.money[cells] - sparse.diags(bound) @ draft.columns.on[cells]
    return make_rows("least", _CELL, draft.cell_keys(cells), matrix, 0.0, np.inf)


def most(draft: Draft) -> RowBlock | None:
    """An award is at most its most, and nothing where it is off: x[c,l,t] - most[c,l] y[c,l,t] <= 0.

    Cells without a choice have the row x[c,l,t] <= most[c,l], and only where their purses could give more.
    """
    space = draft.space
    reach = np.zeros(space.num_cells, np.int64)
    np.add.at(reach, space.flow_cell, space.flow_most)
    cells = np.flatnonzero(space.gated | (~space.from_menu & (reach > space.cell_most)))
    if not len(cells):
        return None
    bound, gated = space.cell_most[cells] / draft.per_printed, space.gated[cells]
    matrix = draft.money[cells] - sparse.diags(bound * gated) @ draft.columns.on[cells]
    return make_rows("most", _CELL, draft.cell_keys(cells), matrix, -np.inf, np.where(gated, 0.0, bound))


def draw_least(draft: Draft) -> RowBlock | None:
    """A draw that counts carries money: x[f,c,l,t] - unit d[f,c,l,t] >= 0."""
    return _draws(draft, "draw_least", 1.0 / draft.per_printed)


def draw_most(draft: Draft) -> RowBlock | None:
    """A draw that does not count carries none: x[f,c,l,t] - most[f,c,l,t] d[f,c,l,t] <= 0."""
    return _draws(draft, "draw_most", None)


def draw_choice(draft: Draft) -> RowBlock | None:
    """A draw counts only where its cell gets an award: d[f,c,l,t] - y[c,l,t] <= 0, y the choice or the levels.

    Cells without a choice have no such row.
    """
    block, space = draft.columns.block("draw_on"), draft.space
    if block is None:
        return None
    flows = counted_flows(space)
    cells = space.flow_cell[flows]
    chosen = np.flatnonzero(space.gated[cells] | space.from_menu[cells])
    own = pick(len(chosen), np.arange(len(chosen)), block.positions[chosen], 1.0, draft.columns.num)
    matrix = own - draft.columns.on[cells[chosen]]
    return make_rows("draw_choice", block.index_names, block.keys[chosen], matrix, -np.inf, 0.0)


def counted_least(draft: Draft) -> RowBlock | None:
    """A cluster counts only if it has an award: a[rule,c] - sum_(l,t) y[c,l,t] <= 0."""
    block = draft.columns.block("counted")
    if block is None:
        return None
    choices, row, _ = _counted_choices(draft)
    sums = pick(len(block.keys), row, np.arange(len(row)), 1.0, len(row)) @ choices
    own = pick(len(block.keys), np.arange(len(block.keys)), block.positions, 1.0, draft.columns.num)
    return make_rows("counted_least", block.index_names, block.keys, own - sums, -np.inf, 0.0)


def counted_most(draft: Draft) -> RowBlock | None:
    """A cluster with an award counts: y[c,l,t] - a[rule,c] <= 0 for every award (draw) of the rule."""
    block = draft.columns.block("counted")
    if block is None:
        return None
    choices, row, number = _counted_choices(draft)
    own = pick(len(row), np.arange(len(row)), block.positions[row], 1.0, draft.columns.num)
    keys = np.column_stack((block.keys[row], number))
    return make_rows("counted_most", (*block.index_names, "choice"), keys, choices - own, -np.inf, 0.0)


def stock_balance(draft: Draft) -> RowBlock | None:
    """A stock loses its depreciation and gains lagged money: K[c,l,t] - (1 - dep[l]) K[c,l,t-1] - x[c,l,t-lag] = a.

    a is the money of before the plan that arrives in the year; in the first year also what is left of the stock.
    """
    space, problem, columns = draft.space, draft.space.problem, draft.columns
    cells = stock_cells(space)
    if not len(cells):
        return None
    lever, year = space.cell_lever[cells], space.cell_year[cells]
    keep, lag = 1 - problem.depreciation[lever], problem.lag[lever]
    inflow = _stock_inflow(draft)
    row = np.arange(len(cells))
    late = year > 0
    before = pick(len(cells), row[late], cells[late] - 1, keep[late], space.num_cells) @ columns.stock
    old = year >= lag
    lagged = pick(len(cells), row[old], (cells - lag)[old], 1.0, space.num_cells) @ inflow
    initial = problem.stock.ravel()[cells // problem.num_years] / draft.per_printed
    held = np.where(late, 0.0, keep * initial) + problem.arrivals.ravel()[cells] / draft.per_printed
    matrix = columns.stock[cells] - before - lagged
    return make_rows("stock_balance", _CELL, draft.cell_keys(cells), matrix, held, held)


def curve(draft: Draft) -> RowBlock | None:
    """An outcome is under every tangent of its curve: o[c,l,t] <= slope[k] K[c,l,t] + intercept[k] y[c,l,t].

    slope = e phi'(p / s), intercept = e s phi(p / s) - slope p at the point p; y is 1 where the cell has no
    choice or keeps a stock. With y the row is the perspective of the curve (Frangioni and Gentile 2006,
    doi:10.1007/s10107-005-0594-3): the tightest linear one.
    """
    grid, curves, space = draft.grid, draft.grid.curves, draft.space
    which = grid.curve_of_point
    which = which[which < len(curves.cells)]
    slope, intercept = (values[: len(which)] for values in grid.tangents())
    cells = curves.cells[which]
    gated = space.gated[cells] & ~space.dynamic[cells]
    outcome = draft.columns.block("outcome")
    if outcome is None:
        return None
    own = pick(len(which), np.arange(len(which)), outcome.positions[which], 1.0, draft.columns.num)
    arg = sparse.diags(slope) @ draft.columns.stock[cells]
    gate = sparse.diags(intercept * gated) @ draft.columns.on[cells]
    number = np.arange(len(which)) - grid.start[which]
    keys = np.column_stack((draft.cell_keys(cells), number))
    upper = np.where(gated, 0.0, intercept)
    return make_rows("curve", (*_CELL, "point"), keys, own - arg - gate, -np.inf, upper)


def harm_split(draft: Draft) -> RowBlock | None:
    """The pieces of a harmful cell add up to its stock: sum_k d[c,l,t,k] - K[c,l,t] = 0."""
    block, cells = draft.columns.block("harm_piece"), draft.grid.curves.cells[draft.grid.curves.harmed]
    if block is None:
        return None
    owner, _ = draft.grid.pieces()
    total = pick(draft.space.num_cells, owner, block.positions, 1.0, draft.columns.num)
    matrix = (total - draft.columns.stock)[cells]
    return make_rows("harm_split", _CELL, draft.cell_keys(cells), matrix, 0.0, 0.0)


def harm_fill(draft: Draft) -> RowBlock | None:
    """A piece marked full is full: d[c,l,t,k] - length[k] b[c,l,t,k] >= 0."""
    return _harm(draft, "harm_fill", 0)


def harm_next(draft: Draft) -> RowBlock | None:
    """A piece starts only after the one before it is full: d[c,l,t,k+1] - length[k+1] b[c,l,t,k] <= 0."""
    return _harm(draft, "harm_next", 1)


def count(draft: Draft) -> RowBlock | None:
    """A count rule: min <= sum of the choices of the awards (draws, clusters) it counts <= max."""
    rules = [(n, r) for n, r in loose_rules(draft.space.problem.rules) if r.kind is RuleKind.COUNT]
    if not rules:
        return None
    matrix = sparse.vstack([_counted(draft, number) for number, _ in rules])
    keys = np.array([[number] for number, _ in rules])
    lower = np.array([-np.inf if r.minimum is None else float(r.minimum) for _, r in rules])
    upper = np.array([np.inf if r.maximum is None else float(r.maximum) for _, r in rules])
    return make_rows("count", ("rule",), keys, matrix, lower, upper)


def joint_outcome(draft: Draft) -> RowBlock | None:
    """A synergy earns on the smallest outcome of its levers: g[s,c,t] - o[c,l,t] <= 0 for every lever of s."""
    block, problem = draft.columns.block("synergy"), draft.space.problem
    if block is None:
        return None
    levers = [problem.synergies[s].levers for s in block.keys[:, 0]]
    row = np.repeat(np.arange(len(levers)), [len(members) for members in levers])
    lever = np.concatenate([np.array(members) for members in levers])
    keys = np.column_stack((block.keys[row], lever))
    cell = (keys[:, 1] * problem.num_levers + lever) * problem.num_years + keys[:, 2]
    own = pick(len(row), np.arange(len(row)), block.positions[row], 1.0, draft.columns.num)
    names = ("synergy", "cluster", "year", "lever")
    return make_rows("joint_outcome", names, keys, own - draft.columns.outcome[cell], -np.inf, 0.0)


def make_rows(name: str, index_names: tuple[str, ...], keys: Ints, matrix: Matrix,
              lower: Floats | float, upper: Floats | float) -> RowBlock | None:  # fmt: skip
    """Make a block of rows with limits for all or for each; None if it has no rows."""
    num = len(keys)
    if not num:
        return None
    low, high = (np.broadcast_to(np.asarray(side, float), num).copy() for side in (lower, upper))
    return RowBlock(name, index_names, np.asarray(keys, np.int64), tidy(matrix), low, high)


def _draws(draft: Draft, name: str, unit: float | None) -> RowBlock | None:
    block, space = draft.columns.block("draw_on"), draft.space
    if block is None:
        return None
    flows = counted_flows(space)
    bound = space.flow_most[flows] / draft.per_printed if unit is None else np.full(len(flows), unit)
    own = pick(len(flows), np.arange(len(flows)), block.positions, bound, draft.columns.num)
    lower, upper = (-np.inf, 0.0) if unit is None else (0.0, np.inf)
    return make_rows(name, block.index_names, block.keys, draft.columns.flow[flows] - own, lower, upper)


@once_a_space
def counted_flows(space: Space) -> Ints:
    """Give the flows that a count rule with funds speaks of: one ``draw_on`` column each."""
    flows = [space.flows_in(rule.selection) for _, rule in loose_rules(space.problem.rules) if counts_draws(rule)]
    found = np.unique(np.concatenate([np.zeros(0, np.int64), *flows]))
    # Kept for all that ask: written out, a rule is hundreds, and each would list the flows of all.
    found.flags.writeable = False
    return found


def _choices(draft: Draft, rule: Rule) -> tuple[Matrix, Ints]:
    """Give the yes/no choices a count rule counts, and the cluster of each."""
    space, columns = draft.space, draft.columns
    draws = columns.block("draw_on")
    if counts_draws(rule) and draws is not None:
        flows = space.flows_in(rule.selection)
        positions = draws.positions[np.searchsorted(counted_flows(space), flows)]
        matrix = pick(len(flows), np.arange(len(flows)), positions, 1.0, columns.num)
        return matrix, space.cell_cluster[space.flow_cell[flows]]
    cells = counted_cells(space, rule)
    return columns.on[cells], space.cell_cluster[cells]


def _counted_choices(draft: Draft) -> tuple[Matrix, Ints, Ints]:
    """Stack the choices behind the active columns: the choices, the active column and the number of each."""
    parts, rows, numbers, first = [], [], [], 0
    for _, rule, clusters in counted_clusters(draft.space):
        matrix, cluster = _choices(draft, rule)
        parts.append(matrix)
        rows.append(first + np.searchsorted(clusters, cluster))
        numbers.append(np.arange(len(cluster)))
        first += len(clusters)
    return tidy(sparse.vstack(parts)), np.concatenate(rows), np.concatenate(numbers)


def _counted(draft: Draft, number: int) -> Matrix:
    rule, block = draft.space.problem.rules[number], draft.columns.block("counted")
    if rule.base is RuleBase.CLUSTERS and block is not None:
        chosen = block.positions[block.keys[:, 0] == number]
        return pick(1, np.zeros(len(chosen), np.int64), chosen, 1.0, draft.columns.num)
    matrix, _ = _choices(draft, rule)
    return tidy(sparse.csr_matrix(matrix.sum(axis=0)))


def _stock_inflow(draft: Draft) -> Matrix:
    space, level = draft.space, draft.columns.block("level")
    if level is None:
        return draft.money
    # Money of a level with its own gain never enters a stock.
    _, own = level_gain(space)
    amount = np.where(own, 0.0, space.problem.menus.amount[space.level_menu] / draft.per_printed)
    by_level = pick(space.num_cells, space.level_cell, level.positions, amount, draft.columns.num)
    plain = sparse.diags((~space.from_menu).astype(float)) @ draft.money
    return tidy(plain + by_level)


def _harm(draft: Draft, name: str, shift: int) -> RowBlock | None:
    pieces, full = draft.columns.block("harm_piece"), draft.columns.block("harm_full")
    if pieces is None or full is None:
        return None
    inner = draft.grid.inner_pieces()
    num = len(inner)
    own = pick(num, np.arange(num), pieces.positions[inner + shift], 1.0, draft.columns.num)
    length = draft.grid.piece_length()[inner + shift]
    gate = pick(num, np.arange(num), full.positions, length, draft.columns.num)
    lower, upper = (0.0, np.inf) if shift == 0 else (-np.inf, 0.0)
    return make_rows(name, full.index_names, full.keys, own - gate, lower, upper)
