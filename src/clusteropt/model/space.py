"""Where everything stands: the positions of cells, flows, levels and choices of one problem.

A *flow* is a draw in one year: flow ``j = d * num_years + t`` carries money from fund ``f`` to cell
``i = (c * num_levers + l) * num_years + t``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from scipy import sparse

from clusteropt.inputs.ledger import has_ledger, list_spans, payable
from clusteropt.inputs.problem import ObjectiveKind, RuleBase, RuleKind
from clusteropt.inputs.rule_book import loose_rules
from clusteropt.model.blocks import add_up
from clusteropt.model.picks import effect_changes, pick_costs, pick_regions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from clusteropt.inputs.ledger import Span
    from clusteropt.inputs.problem import Floats, Ints, Problem, Rule, Selection
    from clusteropt.inputs.rule_book import RuleFamily


Kept = TypeVar("Kept")


@dataclass(frozen=True, eq=False)
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
    spans : dict of int to list of Span
        What every fund with a ledger can pay in sets of years.
    kept : dict
        The flows of every selection that was asked for: of ten thousand rules each costs time.
    memo : dict
        What `once_a_space` keeps, by the name of the function.
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
    region_weight: sparse.csr_matrix
    discount: Floats
    pick_costs: sparse.csr_matrix
    pick_regions: sparse.csr_matrix
    effect: Floats
    top_effect: Floats
    moved: sparse.csr_matrix
    spans: dict[int, list[Span]]
    kept: dict[tuple[Selection, tuple[int, ...] | None], Ints] = field(default_factory=dict)
    # A space made from another by `replace` starts anew.
    memo: dict[str, Any] = field(default_factory=dict, init=False)

    @cached_property
    def cell_levels(self) -> Ints:
        """The number of levels of each cell, none where no fund is open to it, shape (num_cells,)."""
        problem = self.problem
        reached = np.zeros(problem.num_clusters * problem.num_levers, dtype=bool)
        reached[problem.draw_cluster.astype(np.int64) * problem.num_levers + problem.draw_lever] = True
        return np.repeat(np.diff(problem.menus.start) * reached, problem.num_years)

    @property
    def first_level(self) -> Ints:
        """Where the levels of each cell begin, shape (num_cells,): they stand in the order of the cells."""
        return np.cumsum(self.cell_levels) - self.cell_levels

    @cached_property
    def level_cell(self) -> Ints:
        """The cell of every level in every year, shape (num_level_cells,)."""
        return np.repeat(np.arange(self.num_cells), self.cell_levels)

    @cached_property
    def level_menu(self) -> Ints:
        """The position in ``problem.menus`` of every level in every year, shape (num_level_cells,)."""
        offset = np.repeat(self.problem.menus.start[:-1], self.problem.num_years) - self.first_level
        return np.asarray(np.arange(len(self.level_cell)) + np.repeat(offset, self.cell_levels))

    @cached_property
    def own_gains(self) -> bool:
        """Whether every level has a gain of its own."""
        return bool(np.isfinite(self.problem.menus.gain).all())

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

    def keep_flows(self, selections: Iterable[Selection]) -> None:
        """Find the flows of many selections of one cluster each at once, in place of one by one.

        Parameters
        ----------
        selections : iterable of Selection
            Those that name no cluster, or several, or a region, path or industry are passed over.
        """
        alike: dict[tuple[tuple[int, ...], ...], list[Selection]] = {}
        for one in selections:
            if len(one.clusters) == 1 and not (one.regions or one.paths or one.industries):
                alike.setdefault((one.levers, one.funds, one.years), []).append(one)
        for fields, mine in alike.items():
            cluster = np.array([one.clusters[0] for one in mine], np.int64)
            known, which = np.unique(cluster, return_inverse=True)
            start, flows = self._chosen_flows(known, fields)
            for one, place in zip(mine, which.tolist(), strict=True):
                self.kept[one, None] = flows[start[place] : start[place + 1]]

    def flows_of_family(self, family: RuleFamily) -> tuple[Ints, Ints]:
        """Give the flows of every rule of a family: where those of each begin, and the flows."""
        selection = family.selection
        return self._chosen_flows(family.cluster, (selection.levers, selection.funds, selection.years))

    def _chosen_flows(self, clusters: Ints, fields: tuple[tuple[int, ...], ...]) -> tuple[Ints, Ints]:
        """Give the flows of some clusters, in order, that are of some levers, funds and years; empty is any."""
        flows = self._flows_of_draws(self.problem.draws_of(clusters))
        cell = self.flow_cell[flows]
        chosen = np.ones(len(flows), bool)
        for positions, values in zip(fields, (self.cell_lever, self.flow_fund, self.cell_year), strict=True):
            if positions:
                chosen &= _among(values[flows if values is self.flow_fund else cell], positions)
        flows, owner = flows[chosen], self.cell_cluster[cell[chosen]]
        flows.flags.writeable = False
        return np.append(np.searchsorted(owner, clusters), len(flows)), flows

    def _find_flows(self, selection: Selection, years: tuple[int, ...] | None) -> Ints:
        flows = self._flows_of(selection.clusters)
        # Those flows are of the clusters named.
        rest = replace(selection, clusters=()) if selection.clusters else selection
        found = flows[self._inside(self.flow_cell[flows], rest, years)]
        return found[_among(self.flow_fund[found], selection.funds)] if selection.funds else found

    def cells_in(self, selection: Selection) -> Ints:
        """Give the cells a selection speaks of, whatever their funds, in increasing order."""
        cells = np.arange(self.num_cells)
        return cells[self._inside(cells, selection, None)]

    def _flows_of(self, clusters: tuple[int, ...]) -> Ints:
        """Give the flows of some clusters, of all where none is named: a rule of one cluster passes over no others."""
        if not clusters:
            return np.arange(self.num_flows)
        return self._flows_of_draws(self.problem.draws_of(np.array(sorted(set(clusters)), np.int64)))

    def _flows_of_draws(self, draws: Ints) -> Ints:
        """Give the flows of some draws, in order."""
        num_years = self.problem.num_years
        return np.asarray((draws[:, None] * num_years + np.arange(num_years)).ravel())

    def _inside(self, cells: Ints, selection: Selection, years: tuple[int, ...] | None) -> np.ndarray:
        """Mark which of some cells a selection speaks of."""
        problem, cluster = self.problem, self.cell_cluster[cells]
        fields = (
            (selection.regions, problem.region_of, cluster),
            (selection.paths, problem.path_of, cluster),
            (selection.industries, problem.industry_of, cluster),
            (selection.clusters, np.arange(problem.num_clusters), cluster),
            (selection.levers, self.cell_lever, cells),
            (selection.years if years is None else years, self.cell_year, cells),
        )
        chosen = np.ones(len(cells), dtype=bool)
        for positions, values, of_cell in fields:
            if positions:
                chosen &= _among(values[of_cell], positions)
        return chosen


def once_a_space(function: Callable[[Space], Kept]) -> Callable[[Space], Kept]:
    """Keep what a function gives with the space it is asked of, so that both go together."""

    @wraps(function)
    def once(space: Space) -> Kept:
        """Give what is kept, or find it."""
        if function.__qualname__ not in space.memo:
            space.memo[function.__qualname__] = function(space)
        kept: Kept = space.memo[function.__qualname__]
        return kept

    return once


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
        region_weight=region_weight,
        discount=discount,
        pick_costs=costs,
        pick_regions=pick_regions(problem, region_weight, discount),
        effect=effect,
        top_effect=effect + np.maximum(np.asarray(changes.max(axis=1).todense()).ravel(), 0.0)
        if changes.nnz
        else effect,
        moved=changes,
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
    for position, rule in loose_rules(space.problem.rules):
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
    for _, rule in loose_rules(problem.rules):
        if counts_awards(rule):
            gated[counted_cells(space, rule)] = True
    reached = np.zeros(space.num_cells, dtype=bool)
    reached[space.flow_cell] = True
    return gated & reached & ~space.from_menu


def _region_weight(problem: Problem) -> sparse.csr_matrix:
    num_regions, num_clusters = len(problem.labels.regions), problem.num_clusters
    row = np.concatenate((problem.region_of, problem.region_of[problem.spill_to]))
    col = np.concatenate((np.arange(num_clusters), problem.spill_from))
    data = np.concatenate((problem.weight, problem.spill_share * problem.weight[problem.spill_to]))
    return sparse.csr_matrix((data, (row, col)), (num_regions, num_clusters))
