"""The columns of a formulation, and every quantity of the plan as a linear expression in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.inputs.rule_book import loose_rules
from clusteropt.model.blocks import ColumnBlock, pick, tidy
from clusteropt.model.cells import level_gain, stock_cells, stock_reach, synergy_places
from clusteropt.model.curves import best_outcomes, live_regions, region_reach, region_units, synergy_most
from clusteropt.model.soft_floors import soft_limits
from clusteropt.model.space import counted_clusters, counts_draws, harmful

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.blocks import Matrix
    from clusteropt.model.grid import Grid
    from clusteropt.model.space import Space


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The columns of a formulation and the expressions that rows are made of.

    Parameters
    ----------
    blocks : tuple of ColumnBlock
        In the order of the columns.
    num : int
        Number of columns.
    flow : matrix of shape (num_amounts, num)
        The money of each flow, in printed units.
    on : matrix of shape (num_cells, num)
        1 if the cell gets an award, for cells that have such a choice.
    stock : matrix of shape (num_cells, num)
        The money that the response of the cell works on, in printed units.
    outcome : matrix of shape (num_cells, num)
        The outcome of each cell before its weight, from above.
    harm : matrix of shape (num_cells, num)
        The same from below and never less than that, for negative coefficients; zero where there is none.
    """

    blocks: tuple[ColumnBlock, ...]
    num: int
    flow: Matrix
    on: Matrix
    stock: Matrix
    outcome: Matrix
    harm: Matrix

    def block(self, name: str) -> ColumnBlock | None:
        """Give the block of a name, or None if the formulation has no such columns."""
        return next((block for block in self.blocks if block.name == name), None)

    @property
    def money(self) -> Ints:
        """The positions of the columns that are money."""
        names = ("flow", "stock", "harm_piece", "missing")
        found = [block.positions for block in self.blocks if block.name in names]
        return np.concatenate([np.zeros(0, np.int64), *found])


@dataclass(slots=True)
class _Shelf:
    blocks: list[ColumnBlock] = field(default_factory=list)
    num: int = 0

    def put(
        self, name: str, index_names: tuple[str, ...], keys: list[Ints], upper: Floats | float, step: float = 0.0
    ) -> Ints:
        """Add a block with lower bounds 0 unless it is empty, and give its positions; step 0 is continuous."""
        table = np.stack([np.asarray(key, np.int64) for key in keys], axis=1)
        if len(table):
            lower = np.full(len(table), -np.inf if name in _FREE else 0.0)
            high = np.broadcast_to(np.asarray(upper, float), len(table)).copy()
            block = ColumnBlock(name, index_names, table, lower, high, step > 0, self.num, step or 1.0)
            self.blocks.append(block)
        first, self.num = self.num, self.num + len(table)
        return np.arange(first, self.num)


_FREE = ("worst", "equity")
_CELL = ("cluster", "lever", "year")


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Where the columns of each kind stand: positions in the index space, and columns."""

    flow: tuple[Ints, Ints]
    on: tuple[Ints, Ints]
    level: Ints
    picks: Ints
    stock: tuple[Ints, Ints]
    outcome: tuple[Ints, Ints]
    piece_cell: Ints
    piece: Ints
    num: int


def make_columns(space: Space, grid: Grid, whole_money: bool = False) -> Columns:
    """Lay out the columns of a problem in the order flow, choices, stock, outcomes, regions, harm, missing.

    Parameters
    ----------
    space : Space
        The positions of the problem.
    grid : Grid
        Breakpoints of harmful cells; its tangents make rows, not columns.
    whole_money : bool
        Whether flows come in whole units.
    """
    shelf = _Shelf()
    flows = _flow_columns(space, shelf, 1 / space.problem.money.per_printed if whole_money else 0.0)
    on = _gate_columns(space, shelf)
    level = _level_columns(space, shelf)
    _count_columns(space, shelf)
    picks = _pick_columns(space, shelf)
    stock = _stock_columns(space, shelf)
    outcome = _outcome_columns(space, grid, shelf)
    _synergy_columns(space, grid, shelf)
    _region_columns(space, grid, shelf)
    piece_cell, piece = _harm_columns(space, grid, shelf)
    _missing_columns(space, shelf)
    places = _Places(flows, on, level, picks, stock, outcome, piece_cell, piece, shelf.num)
    return _express(space, grid, shelf, places)


def _cell_keys(space: Space, cells: Ints) -> list[Ints]:
    return [space.cell_cluster[cells], space.cell_lever[cells], space.cell_year[cells]]


def _flow_columns(space: Space, shelf: _Shelf, step: float) -> tuple[Ints, Ints]:
    # A menu cell with one purse needs no flow column: its money is the amount of the level chosen.
    num_flows = np.bincount(space.flow_cell, minlength=space.num_cells)
    flows = np.flatnonzero(~(space.from_menu & (num_flows == 1))[space.flow_cell])
    keys = [space.flow_fund[flows], *_cell_keys(space, space.flow_cell[flows])]
    upper = space.flow_most[flows] / space.problem.money.per_printed
    return flows, shelf.put("flow", ("fund", *_CELL), keys, upper, step)


def _gate_columns(space: Space, shelf: _Shelf) -> tuple[Ints, Ints]:
    cells = np.flatnonzero(space.gated)
    return cells, shelf.put("on", _CELL, _cell_keys(space, cells), 1.0, step=1.0)


def _level_columns(space: Space, shelf: _Shelf) -> Ints:
    cell, menus = space.level_cell, space.problem.menus
    level = space.level_menu - menus.start[cell // space.problem.num_years]
    affordable = menus.amount[space.level_menu] <= space.cell_most[cell]
    keys = [*_cell_keys(space, cell), level]
    return shelf.put("level", (*_CELL, "level"), keys, affordable.astype(float), step=1.0)


def _count_columns(space: Space, shelf: _Shelf) -> None:
    flows = [space.flows_in(rule.selection) for _, rule in loose_rules(space.problem.rules) if counts_draws(rule)]
    if flows:
        counted = np.unique(np.concatenate(flows))
        keys = [space.flow_fund[counted], *_cell_keys(space, space.flow_cell[counted])]
        shelf.put("draw_on", ("fund", *_CELL), keys, 1.0, step=1.0)
    found = counted_clusters(space)
    if found:
        rule = np.concatenate([np.full(len(clusters), position) for position, _, clusters in found])
        cluster = np.concatenate([clusters for _, _, clusters in found])
        shelf.put("counted", ("rule", "cluster"), [rule, cluster], 1.0, step=1.0)


def _pick_columns(space: Space, shelf: _Shelf) -> Ints:
    chosen = space.problem.programmes
    if chosen is None:
        return np.zeros(0, np.int64)
    return shelf.put("pick", ("option", "year"), [chosen.pick_option, chosen.pick_year], 1.0, step=1.0)


def _stock_columns(space: Space, shelf: _Shelf) -> tuple[Ints, Ints]:
    cells = stock_cells(space)
    return cells, shelf.put("stock", _CELL, _cell_keys(space, cells), stock_reach(space)[cells])


def _outcome_columns(space: Space, grid: Grid, shelf: _Shelf) -> tuple[Ints, Ints]:
    curves = grid.curves
    most = curves.value(np.arange(len(curves.cells)), curves.reach[: len(curves.cells)])
    return curves.cells, shelf.put("outcome", _CELL, _cell_keys(space, curves.cells), most)


def _synergy_columns(space: Space, grid: Grid, shelf: _Shelf) -> None:
    if not space.problem.synergies:
        return
    synergy, cluster, year = synergy_places(space)
    upper = synergy_most(space, best_outcomes(space, grid.curves))
    shelf.put("synergy", ("synergy", "cluster", "year"), [synergy, cluster, year], upper)


def _region_columns(space: Space, grid: Grid, shelf: _Shelf) -> None:
    kind = space.problem.objective.kind
    if kind is ObjectiveKind.WORST_REGION:
        most = (region_reach(space, grid.curves) / region_units(space))[live_regions(space)]
        shelf.put("worst", ("stage",), [np.zeros(1, np.int64)], most.min(initial=np.inf) if len(most) else 0.0)
    if kind is ObjectiveKind.EQUITY:
        regional = np.arange(len(grid.curves.cells), grid.curves.num)
        upper = grid.curves.value(regional, grid.curves.reach[regional])
        shelf.put("equity", ("region",), [np.arange(len(space.problem.labels.regions))], upper)


def _harm_columns(space: Space, grid: Grid, shelf: _Shelf) -> tuple[Ints, Ints]:
    cells, number = grid.pieces()
    length = grid.piece_length()
    pieces = shelf.put("harm_piece", (*_CELL, "piece"), [*_cell_keys(space, cells), number], length)
    inner = grid.inner_pieces()
    keys = [*_cell_keys(space, cells[inner]), number[inner]]
    shelf.put("harm_full", (*_CELL, "piece"), keys, 1.0, step=1.0)
    return cells, pieces


def _missing_columns(space: Space, shelf: _Shelf) -> None:
    limits = soft_limits(space)
    # A change has a part a year, the other kinds have one.
    keys = [limits.floor, np.maximum(limits.year, 0)]
    shelf.put("missing", ("soft_floor", "part"), keys, limits.most / space.problem.money.per_printed)


def _express(space: Space, grid: Grid, shelf: _Shelf, places: _Places) -> Columns:
    num = shelf.num
    level_cell, money = space.level_cell, space.problem.money.per_printed
    amount = space.problem.menus.amount[space.level_menu] / money
    single = np.bincount(space.flow_cell, minlength=space.num_cells) == 1
    flow_of_cell = np.zeros(space.num_cells, np.int64)
    flow_of_cell[space.flow_cell] = np.arange(space.num_flows)
    alone = single[level_cell]
    # A pick is an amount of one whole unit: what it costs is a matter of the rows.
    units = np.full(space.num_picks, 1 / money)
    flow = pick(
        space.num_amounts,
        np.concatenate((places.flow[0], flow_of_cell[level_cell[alone]], space.num_flows + np.arange(space.num_picks))),
        np.concatenate((places.flow[1], places.level[alone], places.picks)),
        np.concatenate((np.ones(len(places.flow[0])), amount[alone], units)),
        num,
    )
    on = pick(
        space.num_cells,
        np.concatenate((places.on[0], level_cell)),
        np.concatenate((places.on[1], places.level)),
        1.0,
        num,
    )
    held = pick(space.num_cells, places.stock[0], places.stock[1], 1.0, num)
    static = sparse.diags((~space.dynamic).astype(float))
    stock = tidy(held + static @ (space.cell_flows @ flow))
    levels = _level_outcome(space, places.level, num)
    outcome = tidy(levels + pick(space.num_cells, *places.outcome, 1.0, num))
    watched, harm = harmful(space)[space.cell_cluster], sparse.csr_matrix((space.num_cells, num))
    if watched.any():
        pieces = pick(space.num_cells, places.piece_cell, places.piece, grid.piece_slope(), num)
        harm = tidy(sparse.diags(watched.astype(float)) @ (levels + pieces))
    return Columns(tuple(shelf.blocks), num, flow, on, stock, outcome, harm)


def _level_outcome(space: Space, level: Ints, num: int) -> Matrix:
    gain, own = level_gain(space)
    cell = space.level_cell
    delay = np.where(own, space.problem.lag[space.cell_lever[cell]], 0)
    in_time = space.cell_year[cell] + delay < space.problem.num_years
    return pick(space.num_cells, (cell + delay)[in_time], level[in_time], gain[in_time], num)
