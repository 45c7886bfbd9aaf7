"""The Lagrangian bound: linking limits priced, the rest solved exactly cell by cell, or cluster by cluster.

With prices pi >= 0 on purses and rules, no allocation is worth more than

    sum of price * limit  +  sum over clusters of the best a cluster can do when it pays the prices

(Everett 1963, doi:10.1287/opre.11.3.399). Inside, money is whole, an award is nothing or at least its least or one
level of a menu, and gates of counted awards, draws and clusters are tried on and off. A synergy is shared over its
levers, a stock is priced in every year, and what regions count is replaced by a tangent: each only raises the bound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import compress, product
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import ObjectiveKind, RuleBase, RuleKind
from clusteropt.inputs.rule_book import loose_rules
from clusteropt.model.blocks import add_up
from clusteropt.model.cell_choice import Choice, Stalls, Tolls, Worth, best_on, make_stalls
from clusteropt.model.cells import synergy_places
from clusteropt.model.cluster_rows import best_bundle, best_plain_bundles, lay_out
from clusteropt.model.curves import live_regions, make_curves, region_units
from clusteropt.model.inner_rows import InnerRows, make_inner_rows
from clusteropt.model.outcome_prices import regional_tangents
from clusteropt.model.picks import Bundles, best_picks, make_bundles
from clusteropt.model.prices import Prices, PurseLimits, Sides, joint_levers, make_purses, make_sides
from clusteropt.model.response import FAMILIES
from clusteropt.model.space import counts_draws
from clusteropt.model.stock_worth import held_worth, unit_worth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.bundle_layout import BundleLayout
    from clusteropt.model.space import Space

MOST_GROUPS = 4
"""Rules that count clusters up to this many are tried active and not, together; beyond, each gate is relaxed."""


@dataclass(frozen=True, slots=True, eq=False)
class Dual:
    """What an evaluation needs of a problem whatever the prices, laid out once.

    Parameters
    ----------
    space : Space
        The positions.
    stalls : Stalls
        The cells that money reaches.
    purses : PurseLimits
        What funds can pay.
    sides : Sides
        The linking limits of rules.
    bundles : Bundles
        The picks of programmes, which keep their conditions exactly.
    inner : InnerRows
        Limits that lie within the menus of one cluster, and hold there exactly.
    layout : BundleLayout or None
        The same as flat arrays, where sums fit into 64 bits.
    counts : tuple of Counted
        The rules that count.
    floor : float or None
        For the second stage of the worst region first: what the worst region keeps.
    picks_alone : bool
        Whether one pick or none of each programme is all there is to choose, so that a relaxation has the best prices.
    """

    space: Space
    stalls: Stalls
    purses: PurseLimits
    sides: Sides
    bundles: Bundles
    inner: InnerRows
    layout: BundleLayout | None
    counts: tuple[Counted, ...]
    floor: float | None
    picks_alone: bool

    @property
    def is_light(self) -> bool:
        """Whether each award alone tells what the bound loses with it, and every search over bundles is short."""
        counted = any(self.space.problem.rules[count.rule].base is RuleBase.CLUSTERS for count in self.counts)
        return not (counted or self.space.moved.nnz) and self.layout is not None and self.layout.is_short


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """A rule that counts: its position, the sides that are its limits, and the flows it looks at."""

    rule: int
    sides: Ints
    flows: Ints

    def price(self, sides: Sides, prices: Prices) -> float:
        """Give what one more award, draw or cluster costs."""
        return float((sides.sign * prices.side)[self.sides].sum())


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The bound at some prices, and the allocation that reaches it.

    Parameters
    ----------
    bound : float
        No plan is worth more; for least money no plan takes less, in whole units.
    money : array of shape (num_amounts,)
        Whole units, and picks; the linking limits do not hold in general.
    clusters : array of shape (num_clusters,)
        What each cluster is worth at most, less what it pays.
    picks : float
        What the best picks of programmes are worth.
    pick_worth : array of shape (num_picks,)
        What each pick is worth, less what it costs; what a cluster gains where it moves is in it.
    served : bool array of shape (num_counts, num_clusters)
        The clusters that each rule that counts clusters was paid for, which is not always read from money; False for
        the other rules that count.
    """

    bound: float
    money: Floats
    clusters: Floats
    picks: float
    pick_worth: Floats
    served: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """A rule that counts clusters, priced, and its position among the rules that count."""

    number: int
    price: float
    cells: np.ndarray
    flows: np.ndarray
    draws: bool


def make_dual(space: Space, floor: float | None = None) -> Dual:
    """Lay a problem out for evaluations."""
    stalls = make_stalls(space)
    sides, inner = make_sides(space), make_inner_rows(space)
    counts = tuple(
        Counted(number, np.flatnonzero(sides.rule == number), space.flows_in(rule.selection))
        for number, rule in loose_rules(space.problem.rules)
        if rule.kind is RuleKind.COUNT
    )
    bundles = make_bundles(space.problem.programmes)
    return Dual(
        space=space,
        stalls=stalls,
        purses=make_purses(space),
        sides=sides,
        bundles=bundles,
        inner=inner,
        layout=lay_out(space, stalls, inner),
        counts=counts,
        floor=floor,
        picks_alone=_only_picks(space) and not (counts or bundles.tied),
    )


def _only_picks(space: Space) -> bool:
    """Tell whether picks that move no cluster are all that is not a matter of money on straight lines."""
    others = space.gated.any() or len(space.level_cell) or space.moved.nnz
    return space.num_picks > 0 and not others and not make_curves(space).num


def evaluate_prices(dual: Dual, prices: Prices) -> Evaluation:
    """Give the Lagrangian bound at some prices.

    bound = sum over purses of price limit + sum over sides of +-price limit + sum over clusters of the best block
        + the best picks of programmes.

    Parameters
    ----------
    dual : Dual
        The problem.
    prices : Prices
        Non-negative; stock prices may have any sign. A soft floor counts at its own price where one is higher.
    """
    prices = replace(prices, side=np.minimum(prices.side, dual.sides.cap))
    space, problem = dual.space, dual.space.problem
    factor, constant = region_factor(dual, prices)
    worth = _worth(dual, prices, factor)
    terms = (_tolls(dual, prices), _groups(dual, prices), prices.stock)
    best, money, served = _best_clusters(dual, worth, terms)
    moves = [_Moved(*_best_clusters(dual, replace(worth, effect=effect), terms), own) for effect, own in _moves(dual)]
    value = _pick_values(dual, prices, factor)
    for moved in moves:
        # What a cluster gains by moving counts for the pick that moves it: it moves once at most.
        own = np.flatnonzero((moved.pick >= 0) & np.isfinite(best) & np.isfinite(moved.value))
        np.add.at(value, moved.pick[own], moved.value[own] - best[own])
    picks, taken = best_picks(dual.bundles, value)
    for moved in moves:
        there = (moved.pick >= 0) & (taken[moved.pick] > 0)
        served = np.where(there, moved.served, served)
        money = np.where(there[space.cell_cluster[space.flow_cell]], moved.money, money)
    money = np.append(money, taken)
    rows = np.concatenate((dual.purses.limit, dual.sides.sign * dual.sides.limit))
    total = constant + float(prices.row @ rows) + float(best.sum()) + picks
    if problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        total = prices.target * (problem.objective.target or 0.0) - total
    return Evaluation(total, money, best, picks, value, served)


def priced_offers(dual: Dual, prices: Prices) -> tuple[Choice, Floats] | None:
    """Give what every award is worth at some prices, less what it costs, and what every pick is.

    None where an award alone does not tell: rules that count clusters are priced, or picks move clusters.
    """
    if dual.space.moved.nnz or _groups(dual, prices):
        return None
    factor, _ = region_factor(dual, prices)
    return award_offers(dual, prices), _pick_values(dual, prices, factor)


def award_offers(dual: Dual, prices: Prices) -> Choice:
    """Give the best of every award while it is on at some prices, whatever rules that count clusters cost."""
    prices = replace(prices, side=np.minimum(prices.side, dual.sides.cap))
    factor, _ = region_factor(dual, prices)
    closed = np.zeros(dual.space.num_flows, bool)
    return best_on(dual.space, dual.stalls, _worth(dual, prices, factor), _tolls(dual, prices), closed)


def region_factor(dual: Dual, prices: Prices) -> tuple[Floats, float]:
    """Give what a unit of outcome of each region counts at some prices, and the constant that goes with it."""
    space, objective = dual.space, dual.space.problem.objective
    ones, units = np.ones(len(space.problem.labels.regions)), region_units(space)
    if objective.kind is ObjectiveKind.TOTAL:
        return ones, 0.0
    if objective.kind is ObjectiveKind.LEAST_MONEY:
        return ones * prices.target, 0.0
    if objective.kind is ObjectiveKind.EQUITY:
        return _equity_factor(dual, prices)
    alive = np.zeros(len(ones), bool)
    alive[live_regions(space)] = True
    weight = np.where(alive, prices.region, 0.0)
    if dual.floor is not None:
        return 1 + weight / units, -dual.floor * float(weight.sum())
    return weight / max(float(weight.sum()), 1e-300) / units, 0.0


def _equity_factor(dual: Dual, prices: Prices) -> tuple[Floats, float]:
    """Give the slopes of the regional curves, and how far their tangents stand above 0."""
    objective = dual.space.problem.objective
    if objective.equity_family is FAMILIES[0]:
        return np.ones(len(prices.region)), 0.0
    slope = np.minimum(prices.region, 1.0)
    return slope, float(regional_tangents(dual.space, slope)[0].sum())


def _worth(dual: Dual, prices: Prices, factor: Floats) -> Worth:
    """Give what outcomes, money and levels are worth to cells, on the paths that clusters are on."""
    space, problem = dual.space, dual.space.problem
    outcome = np.asarray(space.region_weight.T @ factor)[space.cell_cluster] * space.discount[space.cell_year]
    number, cluster, year = synergy_places(space)
    if len(number):
        column, lever = joint_levers(space)
        gain = np.stack([problem.membership @ synergy.gain for synergy in problem.synergies])[number, cluster]
        counts = gain * problem.weight[cluster] * factor[problem.region_of[cluster]] * space.discount[year]
        cell = (cluster[column] * problem.num_levers + lever) * problem.num_years + year[column]
        outcome = outcome + add_up(cell, counts[column] * prices.joint, space.num_cells)
    shape = (problem.num_clusters, problem.num_levers, problem.num_years)
    unit = unit_worth(space, prices.stock.reshape(shape)).ravel()
    return Worth(outcome, space.effect, unit, space)


@dataclass(frozen=True, slots=True, eq=False)
class _Moved:
    """The best of every cluster on a path that a pick moves it to.

    ``value`` and ``pick`` have an entry a cluster, ``money`` one a flow, ``served`` a row a rule that counts; the pick
    is -1 where nothing moves a cluster.
    """

    value: Floats
    money: Floats
    served: np.ndarray
    pick: Ints


def _moves(dual: Dual) -> Iterator[tuple[Floats, Ints]]:
    """Give effects with every cluster moved by its first pick, its second pick, ..., and the picks; -1 for none."""
    space, programmes = dual.space, dual.space.problem.programmes
    if programmes is None or not space.moved.nnz:
        return
    own: list[list[int]] = [[] for _ in range(space.problem.num_clusters)]
    for number, cluster in zip(programmes.move_pick.tolist(), programmes.move_cluster.tolist(), strict=True):
        own[cluster].append(number)
    change = space.moved.tocsc()
    for turn in range(max(map(len, own))):
        pick = np.array([picks[turn] if turn < len(picks) else -1 for picks in own], np.int64)
        effect = space.effect.copy()
        for number in np.unique(pick[pick >= 0]).tolist():
            part = slice(change.indptr[number], change.indptr[number + 1])
            cells, data = change.indices[part], change.data[part]
            mine = pick[space.cell_cluster[cells]] == number
            effect[cells[mine]] += data[mine]
        yield effect, pick


def amount_prices(dual: Dual, prices: Prices) -> Floats:
    """Give what a unit of every amount costs at some prices; where the least money is sought also itself."""
    sides, space = dual.sides, dual.space
    price = dual.purses.matrix.T @ prices.purse + sides.matrix.T @ (sides.sign * prices.side)
    if space.problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        price = price + space.unit_cost
    return np.asarray(price, float)


def _pick_values(dual: Dual, prices: Prices, factor: Floats) -> Floats:
    """Give what each pick is worth to regions, less what it costs."""
    worth = np.asarray(dual.space.pick_regions.T @ factor)
    return worth - amount_prices(dual, prices)[dual.space.num_flows :]


def _tolls(dual: Dual, prices: Prices) -> Tolls:
    """Add the prices of limits up over what they speak of."""
    space, problem, sides = dual.space, dual.space.problem, dual.sides
    flow = amount_prices(dual, prices)[: space.num_flows]
    draw, cell = np.zeros(space.num_flows), np.zeros(space.num_cells)
    counted = np.zeros(space.num_flows, bool)
    for count in dual.counts:
        rule, price = problem.rules[count.rule], count.price(sides, prices)
        if rule.base is RuleBase.CLUSTERS:
            continue
        if counts_draws(rule):
            draw[count.flows] += price
            counted[count.flows] = True
        else:
            cell[np.unique(space.flow_cell[count.flows])] += price
    return Tolls(flow, draw, counted, cell)


def _groups(dual: Dual, prices: Prices) -> list[_Group]:
    """Collect the rules that count clusters and have a price."""
    space, found = dual.space, []
    for number, count in enumerate(dual.counts):
        rule, price = space.problem.rules[count.rule], count.price(dual.sides, prices)
        if rule.base is RuleBase.CLUSTERS and price != 0:
            flows = np.zeros(space.num_flows, bool)
            flows[count.flows] = True
            cells = np.zeros(space.num_cells, bool)
            cells[space.flow_cell[flows]] = True
            found.append(_Group(number, price, cells, flows, counts_draws(rule)))
    return found


def _best_clusters(
    dual: Dual, worth: Worth, terms: tuple[Tolls, list[_Group], Floats]
) -> tuple[Floats, Floats, np.ndarray]:
    """Give the best of every cluster over all ways to have its counting rules active or not, its money, and which are.

    A rule without a price is active where there is money that it counts.
    """
    (tolls, groups, stock), space, stalls = terms, dual.space, dual.stalls
    layout = dual.layout
    compiled = layout is not None and len(dual.inner) > 0 and not layout.tables
    if layout is not None and compiled and stalls.plain and not groups and not tolls.draw.any():
        value, money = best_plain_bundles(space, (layout, stalls), (worth, tolls))
        best, active = _cluster_sums(space, stalls, value), np.zeros((0, space.problem.num_clusters), bool)
    else:
        best, money, active = _best_over_states(dual, (worth, tolls), groups)
    flows = np.zeros(space.num_flows)
    inside = stalls.flow >= 0
    flows[stalls.flow[inside]] = money[inside]
    served = np.zeros((len(dual.counts), space.problem.num_clusters), bool)
    for number, count in enumerate(dual.counts):
        if space.problem.rules[count.rule].base is RuleBase.CLUSTERS:
            served[number, space.cell_cluster[space.flow_cell[count.flows[flows[count.flows] > 0]]]] = True
    served[[group.number for group in groups]] = active
    return best + held_worth(space, stalls, worth, stock), flows, served


def _best_over_states(
    dual: Dual, terms: tuple[Worth, Tolls], groups: list[_Group]
) -> tuple[Floats, Floats, np.ndarray]:
    """Give the best of every cluster, and the money of every row, with every choice of which groups are active.

    Last comes in which clusters each group is active, shape (num_groups, num_clusters).
    """
    space, stalls = dual.space, dual.stalls
    num = space.problem.num_clusters
    relaxed = groups[MOST_GROUPS:]
    # Beyond the rules that are tried, a reward comes for nothing and a price is never paid.
    free = sum((_touched(space, group) * max(-group.price, 0.0) for group in relaxed), np.zeros(num))
    best, money = np.full(num, -np.inf), np.zeros(stalls.flow.shape)
    served = np.stack([*(_touched(space, group) * (group.price < 0) for group in groups), np.zeros(num)])[:-1] > 0
    cluster = space.cell_cluster[stalls.cell]
    for active in product((True, False), repeat=len(groups[:MOST_GROUPS])):
        value, put = _in_state(dual, terms, groups, active)
        better = value > best
        best = np.where(better, value, best)
        money = np.where(better[cluster][:, None], put, money)
        served[: len(active), better] = np.array(active, bool)[:, None]
    return best + free, money, served


def _touched(space: Space, group: _Group) -> Floats:
    return (add_up(space.cell_cluster, group.cells.astype(float), space.problem.num_clusters) > 0).astype(float)


def _in_state(
    dual: Dual, terms: tuple[Worth, Tolls], groups: list[_Group], active: tuple[bool, ...]
) -> tuple[Floats, Floats]:
    """Give the best of every cluster, and its money, with some counting rules active and the others not."""
    space, stalls = dual.space, dual.stalls
    on, off = list(compress(groups, active)), [g for g, is_on in zip(groups, active, strict=False) if not is_on]
    closed = np.zeros(space.num_flows, bool)
    for group in off:
        closed |= group.flows
    choice = best_on(space, stalls, *terms, closed)
    for group in off:
        if not group.draws:
            shut = group.cells[stalls.cell]
            choice = Choice(
                np.where(shut, -np.inf, choice.value),
                choice.money,
                np.where(shut[stalls.level_row], -np.inf, choice.level),
            )
    nothing = np.where(stalls.may_be_off, 0.0, -np.inf)
    chosen = choice.value > nothing
    free = np.maximum(choice.value, nothing), np.where(chosen[:, None], choice.money, 0.0)
    best, money = best_bundle((dual.inner, dual.layout, stalls), terms[1].flow, choice, free)
    value = _cluster_sums(space, stalls, best)
    num = len(value)
    loss, switched = np.zeros(num), np.full(num, -1)
    for group in on:
        value = np.where(_touched(space, group) > 0, value - group.price, -np.inf)
        if not group.draws:
            # An inner row may ask for an award by itself, so its cluster is charged nothing more.
            least, row = _switching_loss(dual, choice.value, nothing, group)
            loss, switched = np.maximum(loss, least), np.where(least > loss, row, switched)
    loss[dual.inner.cluster], switched[dual.inner.cluster] = 0.0, -1
    # The award that is switched on is part of what the cluster takes.
    row = switched[switched >= 0]
    money[row] = choice.money[row]
    return value - loss, money


def _switching_loss(dual: Dual, value: Floats, nothing: Floats, group: _Group) -> tuple[Floats, Ints]:
    """Give the least each cluster loses by having one counted award, where it would have none, and its row."""
    stalls, num = dual.stalls, dual.space.problem.num_clusters
    counted = group.cells[stalls.cell]
    with np.errstate(invalid="ignore"):
        loss = np.where(counted, np.maximum(nothing - value, 0.0), np.inf)
    loss = np.where(np.isnan(loss), np.inf, loss)
    least, row = np.full(num, np.inf), np.full(num, -1)
    cluster = dual.space.cell_cluster[stalls.cell]
    np.minimum.at(least, cluster, loss)
    cheapest = np.flatnonzero(np.isfinite(loss) & (loss == least[cluster]))
    row[cluster[cheapest]] = cheapest
    return np.where(_touched(dual.space, group) > 0, least, 0.0), row


def _cluster_sums(space: Space, stalls: Stalls, value: Floats) -> Floats:
    return add_up(space.cell_cluster[stalls.cell], value, space.problem.num_clusters)
