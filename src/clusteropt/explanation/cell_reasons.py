"""Why every cell got what it got: what its money is worth there, what it costs, and what stops it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.explanation.explanation import CellReason, Stop
from clusteropt.inputs.problem import ObjectiveKind, RuleBase, RuleKind
from clusteropt.model.blocks import add_up
from clusteropt.model.lagrangian import make_dual, region_factor
from clusteropt.model.money_rules import PURSES, RULES
from clusteropt.model.outcome import evaluate
from clusteropt.model.prices import limit_name, make_purses
from clusteropt.plan.unspent import counted_out

if TYPE_CHECKING:
    from clusteropt.explanation.neighbours import Base
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.prices import Prices, Sides
    from clusteropt.model.space import Space

NOTHING = 1e-6
"""Worth so little that all money at this rate would raise the value by no more than this share of it, is none."""
ROOM = 0.01
"""A worth this close to a price, relative to it, is no more than the price."""


@dataclass(frozen=True, slots=True, eq=False)
class Rungs:
    """The amounts next to what every cell has.

    Parameters
    ----------
    amount : array of shape (num_cells,)
        Whole units it has.
    below, above : arrays of shape (num_cells,)
        The step down and the step up: one unit, a level of the menu, or all or nothing of the least award. -1 where
        there is none: nothing below 0, and nothing above the most.
    """

    amount: Ints
    below: Ints
    above: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Costs:
    """What money costs at the prices of a certificate, in objective per whole unit.

    Parameters
    ----------
    flow : array of shape (num_flows,)
        The price of a unit on every flow: its purse, the rules it counts for, and itself where money is saved. NaN
        where the certificate gives an empty purse no price.
    purse : array of shape (num_flows,)
        The part of the purse (for least money: and of the unit itself).
    gate : array of shape (num_flows,)
        What a first award pays to rules that count awards, draws or clusters.
    sides : Sides
        The limits of rules.
    side : array of shape (num_sides,)
        Their prices.
    """

    flow: Floats
    purse: Floats
    gate: Floats
    sides: Sides
    side: Floats

    def of_rules(self, space: Space, flow: int) -> tuple[tuple[str, float], ...]:
        """Give the parts of rules in the price of a flow."""
        column = self.sides.matrix[:, [flow]].toarray().ravel() * self.sides.sign * self.side
        parts: dict[str, float] = {}
        for k in np.flatnonzero(column):
            name = limit_name(space, int(self.sides.rule[k]))
            parts[name] = parts.get(name, 0.0) + float(column[k])
        return tuple(parts.items())


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """All that the reasons of cells are read from."""

    space: Space
    money: Ints
    rungs: Rungs
    gain_down: Floats
    gain_up: Floats
    nothing: float
    costs: Costs | None
    left: Ints
    capped: dict[int, set[str]]
    floored: dict[int, set[str]]
    flows: dict[int, Ints]


def cell_reasons(base: Base, prices: Prices | None, clusters: Ints) -> tuple[CellReason, ...]:
    """Explain the cells of some clusters.

    Parameters
    ----------
    base : Base
        The plan.
    prices : Prices or None
        The prices of its certificate; None where it has none.
    clusters : array
        Positions of the clusters.
    """
    space = base.space
    rungs = make_rungs(space, base.money)
    factor = None if prices is None else region_factor(make_dual(space), prices)[0]
    costs = None if prices is None else make_costs(space, base.money, prices)
    step = np.where(rungs.above >= 0, rungs.above - rungs.amount, 1)
    capped, floored = _blocked(space, base.money, step)
    for flow, names in counted_out(space, base.money, rungs.amount).items():
        capped.setdefault(flow, set()).update(names)
    view = _View(
        space=space,
        money=base.money,
        rungs=rungs,
        gain_down=step_worth(space, base.money, rungs.below, factor),
        gain_up=step_worth(space, base.money, rungs.above, factor),
        nothing=NOTHING * abs(base.plan.value) / max(float(space.problem.purse.sum()), 1.0),
        costs=costs,
        left=_left(space, base.money),
        capped=capped,
        floored=floored,
        flows=_flows_of(space),
    )
    wanted = np.isin(space.cell_cluster, clusters)
    return tuple(_reason(view, cell) for cell in view.flows if wanted[cell])


def make_rungs(space: Space, money: Ints) -> Rungs:
    """Find the amounts next to what every cell has."""
    problem, cells = space.problem, np.arange(space.num_cells)
    pair = cells // problem.num_years
    amount = np.zeros(space.num_cells, np.int64)
    np.add.at(amount, space.flow_cell, money[: space.num_flows])
    least = np.maximum(problem.least.ravel()[pair], 1)
    below = np.where(amount > least, amount - 1, np.where(amount > 0, 0, -1))
    above = np.where(amount > 0, amount + 1, least)
    above[above > problem.most.ravel()[pair]] = -1
    below[space.from_menu], above[space.from_menu] = np.where(amount > 0, 0, -1)[space.from_menu], -1
    level = problem.menus.amount[space.level_menu]
    lower = level < amount[space.level_cell]
    np.maximum.at(below, space.level_cell[lower], level[lower])
    far = np.full(space.num_cells, np.iinfo(np.int64).max)
    higher = level > amount[space.level_cell]
    np.minimum.at(far, space.level_cell[higher], level[higher])
    found = far < np.iinfo(np.int64).max
    above[found] = far[found]
    return Rungs(amount, below, above)


def step_worth(space: Space, money: Ints, to: Ints, factor: Floats | None) -> Floats:
    """Give what the objective gains if one cell alone gets another amount, for every cell.

    sum over its cluster of what outcomes and synergies count: exact for the total outcome, at the slopes of the
    certificate where regions are compared. Cells of other clusters do not enter, so all clusters are tried at once.

    Parameters
    ----------
    space : Space
        The positions.
    money : array of shape (num_amounts,)
        Whole units of the plan, and picks.
    to : array of shape (num_cells,)
        Whole units each cell gets instead; -1: none is tried, and the gain is NaN.
    factor : array of shape (num_regions,) or None
        What a unit of outcome of each region counts; None: nothing is known, unless the total is sought.

    Returns
    -------
    array of shape (num_cells,)
    """
    gain = np.full(space.num_cells, np.nan)
    if factor is None:
        if space.problem.objective.kind is not ObjectiveKind.TOTAL:
            return gain
        factor = np.ones(len(space.problem.labels.regions))
    amount = np.zeros(space.num_cells, np.int64)
    np.add.at(amount, space.flow_cell, money[: space.num_flows])
    first = np.full(space.num_cells, -1)
    first[space.flow_cell[::-1]] = np.arange(space.num_flows)[::-1]
    before = _cluster_value(space, money.astype(float), factor)
    for lever in range(space.problem.num_levers):
        for year in range(space.problem.num_years):
            tried = (space.cell_lever == lever) & (space.cell_year == year) & (to >= 0) & (first >= 0)
            cells = np.flatnonzero(tried)
            moved = money.astype(float)
            # Only the sum of the flows of a cell enters its outcome.
            moved[first[cells]] += (to - amount)[cells]
            after = _cluster_value(space, moved, factor)
            gain[cells] = (after - before)[space.cell_cluster[cells]]
    return gain


def make_costs(space: Space, money: Ints, prices: Prices) -> Costs:
    """Add the prices of a certificate up over what every flow counts for."""
    problem, sides = space.problem, make_dual(space).sides
    purse = np.asarray(make_purses(space).matrix.T @ prices.purse)[: space.num_flows]
    # A bound can do without the price of a purse that its only cell empties; the money is not worth nothing for that.
    purse = np.where((purse == 0) & (_left(space, money) == 0), np.nan, purse)
    if problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        purse = purse + 1.0
    flow = purse + (sides.matrix.T @ (sides.sign * prices.side))[: space.num_flows]
    gate = np.zeros(space.num_flows)
    for number, rule in enumerate(problem.rules):
        if rule.kind is not RuleKind.COUNT:
            continue
        flows = space.flows_in(rule.selection)
        if rule.base is RuleBase.CLUSTERS:
            cluster = space.cell_cluster[space.flow_cell[flows]]
            flows = flows[~np.isin(cluster, np.unique(cluster[money[flows] > 0]))]
        gate[flows] += float((sides.sign * prices.side)[sides.rule == number].sum())
    return Costs(np.asarray(flow, float), purse, gate, sides, prices.side)


def _cluster_value(space: Space, money: Floats, factor: Floats) -> Floats:
    outcome = evaluate(space, money)
    weight = np.asarray(space.region_weight.T @ factor)[space.cell_cluster] * space.discount[space.cell_year]
    own = add_up(space.cell_cluster, outcome.cell * weight, space.problem.num_clusters)
    return own + outcome.synergy * factor[space.problem.region_of]


def _left(space: Space, money: Ints) -> Ints:
    """Give what the purse of every flow could pay more, later payments of its fund left as they are."""
    left = np.full(space.num_amounts, np.iinfo(np.int64).max)
    for function in PURSES:
        for row in function(space):
            more, slack = row.coef > 0, (row.upper or 0) - row.activity(money)
            room = np.array([slack // int(coef) for coef in row.coef[more]], np.int64)
            left[row.flow[more]] = np.minimum(left[row.flow[more]], room)
    return left[: space.num_flows]


def _flows_of(space: Space) -> dict[int, Ints]:
    """Give the flows of every cell that can carry money."""
    order = np.argsort(space.flow_cell, kind="stable")
    order = order[space.flow_most[order] > 0]
    cells, first = np.unique(space.flow_cell[order], return_index=True)
    return dict(zip(cells.tolist(), np.split(order, first[1:]), strict=True))


def _blocked(space: Space, money: Ints, step: Ints) -> tuple[dict[int, set[str]], dict[int, set[str]]]:
    """Name, per flow, the rules that its next step would break if nothing else moves.

    Returns
    -------
    capped, floored : dict of int to set of str
        Rules that allow no more there; rules that ask for more elsewhere, as a share of all.
    """
    capped: dict[int, set[str]] = {}
    floored: dict[int, set[str]] = {}
    for function in RULES:
        for row in function(space):
            level, size, name = row.activity(money), step[space.flow_cell[row.flow]], row.name.removeprefix("rule ")
            if row.upper is not None:
                over = (row.coef > 0) & (row.coef > (row.upper - level) // size)
                _note(capped, row.flow[over], name)
            if row.lower is not None:
                over = (row.coef < 0) & (-row.coef > (level - row.lower) // size)
                _note(floored, row.flow[over], name)
    return capped, floored


def _note(found: dict[int, set[str]], flows: Ints, name: str) -> None:
    for flow in flows.tolist():
        found.setdefault(flow, set()).add(name)


def _reason(view: _View, cell: int) -> CellReason:
    space, rungs, flows = view.space, view.rungs, view.flows[cell]
    amount, below, above = (int(rung[cell]) for rung in (rungs.amount, rungs.below, rungs.above))
    unit = space.problem.money.per_printed
    last = -float(view.gain_down[cell]) / (amount - below) if below >= 0 else math.nan
    following = float(view.gain_up[cell]) / (above - amount) if above >= 0 else math.nan
    cheapest = int(flows[0]) if view.costs is None else int(flows[np.argmin(_known(view.costs.flow[flows]))])
    stop, rules = _stop(view, cell, cheapest)
    level = above if above >= 0 and (amount == 0 or space.from_menu[cell]) else None
    factor, money = _wanting(view, cell, cheapest) if level is not None else (math.nan, None)
    costs = view.costs
    return CellReason(
        cluster=int(space.cell_cluster[cell]),
        lever=int(space.cell_lever[cell]),
        year=int(space.cell_year[cell]),
        amount=amount,
        last=last * unit,
        next=following * unit,
        price=math.nan if costs is None else float(costs.flow[cheapest]) * unit,
        purse_price=math.nan if costs is None else float(costs.purse[cheapest]) * unit,
        rule_prices=() if costs is None else tuple((n, p * unit) for n, p in costs.of_rules(space, cheapest)),
        stop=stop,
        rules=rules,
        level=level,
        factor=factor,
        money=money,
    )


def _known(prices: Floats) -> Floats:
    """Put what is not known behind all that is."""
    return np.where(np.isnan(prices), np.inf, prices)


def _stop(view: _View, cell: int, cheapest: int) -> tuple[Stop, tuple[str, ...]]:
    """Name the first thing that keeps a cell from its next step."""
    above, gain = int(view.rungs.above[cell]), float(view.gain_up[cell])
    if above < 0:
        return Stop.MOST, ()
    flows, step = view.flows[cell].tolist(), above - int(view.rungs.amount[cell])
    if gain <= step * view.nothing:
        return Stop.NO_GAIN, ()
    within = [flow for flow in flows if flow not in view.capped]
    if view.costs is not None and gain <= _least_cost(view.costs, within, cheapest, step, not view.rungs.amount[cell]):
        return Stop.WORTH, ()
    if not within:
        return Stop.RULE, _names(view.capped, flows)
    held = sum(int(view.left[flow]) for flow in within)
    if held < step:
        return _too_little(view, cell, held), ()
    floored = all(flow in view.floored for flow in within)
    return (Stop.RULE, _names(view.floored, within)) if floored else (Stop.GAP, ())


def _least_cost(costs: Costs, within: list[int], cheapest: int, step: int, first: bool) -> float:
    """Give the least a step can cost; where rules allow none, without them: else they are the reason."""
    if not within:
        return step * float(costs.purse[cheapest]) * (1 + ROOM)
    cost = float(np.min(step * _known(costs.flow[within]) + first * costs.gate[within]))
    return cost + ROOM * abs(cost) if math.isfinite(cost) else -math.inf


def _too_little(view: _View, cell: int, held: int) -> Stop:
    if held == 0:
        return Stop.PURSE
    return Stop.MENU if view.space.from_menu[cell] else Stop.LEAST


def _names(found: dict[int, set[str]], flows: list[int]) -> tuple[str, ...]:
    return tuple(sorted(set().union(*(found[flow] for flow in flows))))


def _wanting(view: _View, cell: int, cheapest: int) -> tuple[float, int | None]:
    """Give the factor on the coefficient, and the whole units from elsewhere, that would pay for the next step.

    factor = cost / worth of the step, money = (cost - worth) / price of the purse, both at the prices.
    """
    costs, gain = view.costs, float(view.gain_up[cell])
    if costs is None or math.isnan(gain) or math.isnan(costs.flow[cheapest]):
        return math.nan, None
    step = int(view.rungs.above[cell] - view.rungs.amount[cell])
    first = view.rungs.amount[cell] == 0
    cost = step * float(costs.flow[cheapest]) + first * float(costs.gate[cheapest])
    if cost <= gain:
        return 1.0, 0
    needed = (cost - gain) / float(costs.purse[cheapest]) if costs.purse[cheapest] > 0 else math.inf
    return (cost / gain if gain > 0 else math.inf), (math.ceil(needed) if needed <= step else None)
