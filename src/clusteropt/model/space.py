"""Where everything stands: the positions of cells, flows, levels and choices of one problem.

A *flow* is a draw in one year: flow ``j = d * num_years + t`` carries money from fund ``f`` to cell
``i = (c * num_levers + l) * num_years + t``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.inputs.ledger import has_ledger, list_spans, payable
from clusteropt.inputs.problem import ObjectiveKind, RuleBase, RuleKind
from clusteropt.model.blocks import add_up
from clusteropt.model.picks import effect_changes, pick_costs, pick_regions

if TYPE_CHECKING:
    from clusteropt.inputs.ledger import Span
    from clusteropt.inputs.problem import Floats, Ints, Problem, Rule, Selection


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """The positions that columns and rows are made over.

    Parameters
    ----------
    problem : Problem
        What is planned.
    cell_cluster, cell_lever, cell_year : arrays of shape (num_cells,)
        The cluster, lever and year of each cell.
    flow_fund, flow_cell : arrays of shape (num_flows,)
        The fund and the cell of each flow.
    flow_most : array of shape (num_flows,)
        Whole units a flow can carry: the smaller of what its purse can pay and the most of its cell.
    cell_most : array of shape (num_cells,)
        Whole units a cell can get: the smaller of its most and the sum of its purses.
    cell_flows : sparse matrix of shape (num_cells, num_amounts)
        1 where a flow ends in a cell; picks end in none.
    from_menu, gated, dynamic : bool arrays of shape (num_cells,)
        The cell chooses from a menu; has an on/off choice; it keeps a stock (its lever has a depreciation below
        1 or a lag, or money of before the plan arrives).
    level_cell, level_menu : arrays of shape (num_level_cells,)
        The cell and the position in ``problem.menus`` of every level in every year.
    region_weight : array of shape (num_regions, num_clusters)
        What a unit of outcome of a cluster counts for a region, spill-overs folded in.
    discount : array of shape (num_years,)
        The factor on outcomes of each year.
    pick_costs : sparse matrix of shape (num_funds * num_years, num_picks)
        Whole units that each pick of a programme costs each purse.
    pick_regions : sparse matrix of shape (num_regions, num_picks)
        What each pick adds to the outcome of each region.
    effect, top_effect : arrays of shape (num_cells,)
        Outcome of the first unit of money of each cell on the path of its cluster, and on the best path it may be on.
    moved : sparse matrix of shape (num_cells, num_picks)
        How each pick changes the effect of each cell.
    first_draw : array of shape (num_clusters + 1,)
        The draws of cluster c are ``first_draw[c]:first_draw[c + 1]``.
    spans : dict of int to list of Span
        What every fund with a ledger can pay in sets of years.
    kept : dict
        The flows of every selection that was asked for: of ten thousand rules each costs time.
    """

    problem: Problem
    cell_cluster: Ints
    cell_lever: Ints
    cell_year: Ints
    flow_fund: Ints
    flow_cell: Ints
    flow_most: Ints
    cell_most: Ints
    cell_flows: sparse.csr_matrix
    from_menu: np.ndarray
    gated: np.ndarray
    dynamic: np.ndarray
    level_cell: Ints
    level_menu: Ints
    region_weight: sparse.csr_matrix
    discount: Floats
    pick_costs: sparse.csr_matrix
    pick_regions: sparse.csr_matrix
    effect: Floats
    top_effect: Floats
    moved: sparse.csr_matrix
    first_draw: Ints
    spans: dict[int, list[Span]]
    kept: dict[tuple[Selection, tuple[int, ...] | None], Ints] = field(default_factory=dict)

    @property
    def num_cells(self) -> int:
        """Number of cells: clusters x levers x years."""
        return len(self.cell_cluster)

    @property
    def num_flows(self) -> int:
        """Number of flows: draws x years."""
        return len(self.flow_fund)

    @property
    def num_picks(self) -> int:
        """Number of picks: options of programmes x start years."""
        return int(self.pick_costs.shape[1])

    @property
    def num_amounts(self) -> int:
        """Length of a vector of amounts: the money of every flow, then a 0 or 1 for every pick."""
        return self.num_flows + self.num_picks

    @property
    def pick_total(self) -> Floats:
        """What each pick adds to the total outcome, shape (num_picks,)."""
        return np.asarray(self.pick_regions.sum(axis=0)).ravel()

    @property
    def unit_cost(self) -> Ints:
        """The whole units that one of each amount takes from all purses, shape (num_amounts,): 1 for money."""
        costs = np.asarray(self.pick_costs.sum(axis=0)).ravel().astype(np.int64)
        return np.concatenate((np.ones(self.num_flows, np.int64), costs))

    def effect_of(self, amounts: Floats) -> Floats:
        """Give the effect of each cell on the path that picks have moved its cluster to, shape (num_cells,)."""
        return np.asarray(self.effect + self.moved @ amounts[self.num_flows :])

    def cell_money(self, amounts: Floats) -> Floats:
        """Add up the money of the flows of each cell, shape (num_cells,)."""
        return add_up(self.flow_cell, amounts[: self.num_flows], self.num_cells)

    @property
    def cluster_weight(self) -> Floats:
        """What a unit of outcome of the cells of each cluster counts in all, shape (num_clusters,)."""
        return np.asarray(self.region_weight.sum(axis=0)).ravel()

    @property
    def region_size(self) -> Floats:
        """The sum of the sizes of the clusters of each region, shape (num_regions,)."""
        problem = self.problem
        return add_up(problem.region_of, problem.size, len(problem.labels.regions))

    def flows_in(self, selection: Selection, years: tuple[int, ...] | None = None) -> Ints:
        """Give the flows a selection speaks of, in increasing order.

        Parameters
        ----------
        selection : Selection
            Empty fields mean any.
        years : tuple of int, optional
            Positions that replace the years of the selection.
        """
        known = self.kept.get((selection, years))
        if known is None:
            known = self.kept[selection, years] = self._find_flows(selection, years)
            known.flags.writeable = False
        return known

    def _find_flows(self, selection: Selection, years: tuple[int, ...] | None) -> Ints:
        flows = self._flows_of(selection.clusters)
        found = flows[self._inside(self.flow_cell[flows], selection, years)]
        return found[_among(self.flow_fund[found], selection.funds)] if selection.funds else found

    def cells_in(self, selection: Selection) -> Ints:
        """Give the cells a selection speaks of, whatever their funds, in increasing order."""
        cells = np.arange(self.num_cells)
        if selection.clusters:
            cells = cells[_among(self.cell_cluster, selection.clusters)]
        return cells[self._inside(cells, selection, None)]

    def _flows_of(self, clusters: tuple[int, ...]) -> Ints:
        """Give the flows of some clusters, of all where none is named: a rule of one cluster passes over no others."""
        if not clusters:
            return np.arange(self.num_flows)
        num_years = self.problem.num_years
        if len(clusters) == 1:
            first, last = self.first_draw[clusters[0] : clusters[0] + 2]
            return np.arange(first * num_years, last * num_years)
        draws = self.problem.draws_of(np.array(sorted(set(clusters)), np.int64))
        return np.asarray((draws[:, None] * num_years + np.arange(num_years)).ravel())

    def _inside(self, cells: Ints, selection: Selection, years: tuple[int, ...] | None) -> np.ndarray:
        """Mark which of some cells of the clusters that a selection names it speaks of."""
        problem, chosen = self.problem, np.ones(len(cells), dtype=bool)
        years = selection.years if years is None else years
        for positions, values in ((selection.levers, self.cell_lever), (years, self.cell_year)):
            if positions:
                chosen &= _among(values[cells], positions)
        for positions, kind in (
            (selection.regions, problem.region_of),
            (selection.paths, problem.path_of),
            (selection.industries, problem.industry_of),
        ):
            if positions:
                chosen &= _among(kind[self.cell_cluster[cells]], positions)
        return chosen


def _among(values: np.ndarray, positions: tuple[int, ...]) -> np.ndarray:
    """Mark the values that are one of some positions; most rules name one, for which a comparison is faster."""
    return np.asarray(values == positions[0] if len(positions) == 1 else np.isin(values, positions))


def make_space(problem: Problem) -> Space:
    """Lay out the positions of a problem."""
    num_levers, num_years = problem.num_levers, problem.num_years
    pair = np.repeat(np.arange(problem.num_clusters * num_levers), num_years)
    year = np.tile(np.arange(num_years), problem.num_clusters * num_levers)
    draw_pair = problem.draw_cluster.astype(np.int64) * num_levers + problem.draw_lever
    flow_cell = (draw_pair[:, None] * num_years + np.arange(num_years)).ravel()
    flow_fund = np.repeat(problem.draw_fund.astype(np.int64), num_years)
    num_cells, num_flows = len(pair), len(flow_cell)
    purse = payable(problem)[flow_fund, flow_cell % num_years]
    flow_most = np.minimum(purse, problem.most.ravel()[flow_cell // num_years])
    ones = np.ones(num_flows)
    costs = pick_costs(problem)
    shape = (num_cells, num_flows + costs.shape[1])
    cell_flows = sparse.csr_matrix((ones, (flow_cell, np.arange(num_flows))), shape)
    reach = np.zeros(num_cells, np.int64)
    np.add.at(reach, flow_cell, purse)
    from_menu = np.diff(problem.menus.start)[pair] > 0
    level_cell, level_menu = _levels(problem)
    region_weight = _region_weight(problem)
    discount = (1 + problem.discount) ** -np.arange(num_years, dtype=float)
    effect, changes = problem.effect.ravel()[pair], effect_changes(problem, costs.shape[1])
    may_move = np.diff(changes.indptr) > 0
    space = Space(
        problem=problem,
        cell_cluster=pair // num_levers,
        cell_lever=pair % num_levers,
        cell_year=year,
        flow_fund=flow_fund,
        flow_cell=flow_cell,
        flow_most=flow_most,
        cell_most=np.minimum(problem.most.ravel()[pair], reach),
        cell_flows=cell_flows,
        from_menu=from_menu,
        gated=np.zeros(num_cells, dtype=bool),
        # A level whose outcome is that of a curve of two paths works through a stock, if only of its year.
        dynamic=_dynamic(problem).ravel()[pair] | (may_move & from_menu),
        level_cell=level_cell,
        level_menu=level_menu,
        region_weight=region_weight,
        discount=discount,
        pick_costs=costs,
        pick_regions=pick_regions(problem, region_weight, discount),
        effect=effect,
        top_effect=effect + np.maximum(np.asarray(changes.max(axis=1).todense()).ravel(), 0.0)
        if changes.nnz
        else effect,
        moved=changes,
        first_draw=np.searchsorted(problem.draw_cluster, np.arange(problem.num_clusters + 1)),
        spans={fund: list_spans(problem, fund) for fund in range(problem.num_funds) if has_ledger(problem, fund)},
    )
    space.gated[:] = _gated(space)
    return space


def _dynamic(problem: Problem) -> np.ndarray:
    """Mark the clusters and levers that keep a stock, shape (num_clusters, num_levers)."""
    return ((problem.depreciation < 1) | (problem.lag > 0)) | problem.arrivals.any(axis=2)


def counts_awards(rule: Rule) -> bool:
    """Tell whether a rule counts awards of cells (from any fund) or clusters that have one."""
    return rule.kind is RuleKind.COUNT and not rule.selection.funds


def counts_draws(rule: Rule) -> bool:
    """Tell whether a rule counts only the money of named funds."""
    return rule.kind is RuleKind.COUNT and bool(rule.selection.funds)


def number_counted(space: Space, rule: Rule, money: Ints | Floats) -> int:
    """Give how many awards, draws or clusters of a count rule get money; ``money`` of shape (num_flows,)."""
    flows = space.flows_in(rule.selection)
    paid = flows[money[flows] > 0]
    if rule.base is RuleBase.CLUSTERS:
        paid = space.cell_cluster[space.flow_cell[paid]]
    elif not counts_draws(rule):
        paid = space.flow_cell[paid]
    return len(np.unique(paid))


def counted_clusters(space: Space) -> list[tuple[int, Rule, Ints]]:
    """List the count rules over clusters: position in the rules, rule, clusters counted."""
    found = []
    for position, rule in enumerate(space.problem.rules):
        if rule.kind is RuleKind.COUNT and rule.base is RuleBase.CLUSTERS:
            cells = counted_cells(space, rule)
            found.append((position, rule, np.unique(space.cell_cluster[cells])))
    return found


def counted_cells(space: Space, rule: Rule) -> Ints:
    """Give the cells that a count rule can count: those of its selection that some flow reaches."""
    return np.unique(space.flow_cell[space.flows_in(rule.selection)])


def harmful(space: Space) -> np.ndarray:
    """Mark the clusters some counted outcome of which is negative, shape (num_clusters,).

    Their outcome must be held exactly, not only from above: a solver would gain by reporting too little.
    """
    regional = space.problem.objective.kind in (ObjectiveKind.WORST_REGION, ObjectiveKind.EQUITY)
    if not regional:
        return space.cluster_weight < 0
    lowest = space.region_weight.min(axis=0).toarray().ravel()
    return np.asarray(lowest < 0) | (space.cluster_weight < 0)


def _gated(space: Space) -> np.ndarray:
    problem = space.problem
    gated = (problem.least.ravel() > 1)[np.arange(space.num_cells) // problem.num_years]
    for rule in problem.rules:
        if counts_awards(rule):
            gated[counted_cells(space, rule)] = True
    reached = np.zeros(space.num_cells, dtype=bool)
    reached[space.flow_cell] = True
    return gated & reached & ~space.from_menu


def _levels(problem: Problem) -> tuple[Ints, Ints]:
    num_years = problem.num_years
    reached = np.zeros(problem.num_clusters * problem.num_levers, dtype=bool)
    reached[problem.draw_cluster.astype(np.int64) * problem.num_levers + problem.draw_lever] = True
    sizes = np.diff(problem.menus.start) * reached
    pair = np.repeat(np.arange(len(sizes)), sizes * num_years)
    sizes_of_pair = sizes[pair]
    first = np.concatenate(([0], np.cumsum(sizes * num_years)))[:-1]
    within = np.arange(len(pair)) - first[pair]
    year, level = within // np.maximum(sizes_of_pair, 1), within % np.maximum(sizes_of_pair, 1)
    return pair * num_years + year, problem.menus.start[pair] + level


def _region_weight(problem: Problem) -> sparse.csr_matrix:
    num_regions, num_clusters = len(problem.labels.regions), problem.num_clusters
    row = np.concatenate((problem.region_of, problem.region_of[problem.spill_to]))
    col = np.concatenate((np.arange(num_clusters), problem.spill_from))
    data = np.concatenate((problem.weight, problem.spill_share * problem.weight[problem.spill_to]))
    return sparse.csr_matrix((data, (row, col)), (num_regions, num_clusters))
