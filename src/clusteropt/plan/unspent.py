"""Why purses keep money: what stands in the way of one more unit, tried draw by draw."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import ObjectiveKind, RuleBase, RuleKind
from clusteropt.model.money_rules import RULES
from clusteropt.model.outcome import marginal
from clusteropt.model.space import counts_draws
from clusteropt.plan.cash import cash_flow, paid_by_purse
from clusteropt.plan.plan import Unspent, UnspentReason

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Ints
    from clusteropt.model.space import Space


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What a plan leaves open, flow by flow."""

    space: Space
    money: Ints
    cell_money: Ints
    worth: np.ndarray
    blocked: dict[int, set[str]]
    counted_out: dict[int, set[str]]


def explain_unspent(space: Space, money: Ints) -> tuple[Unspent, ...]:
    """Say for every purse with money left what keeps it there.

    One more unit (the least award, where a cell has none yet) is tried on every draw of the purse. The reason
    given is the one that stops most of them.

    Parameters
    ----------
    space : Space
        The positions of the problem.
    money : array of shape (num_amounts,)
        Whole units of the plan.
    """
    problem = space.problem
    purse = space.flow_fund * problem.num_years + space.cell_year[space.flow_cell]
    left = cash_flow(problem, paid_by_purse(space, money)).unspent.ravel()
    if not left.any():
        return ()
    state = _state(space, money)
    order = np.argsort(purse, kind="stable")
    ends = np.searchsorted(purse[order], np.arange(problem.purse.size + 1))
    return tuple(
        _explain(state, int(number), int(left[number]), order[ends[number] : ends[number + 1]])
        for number in np.flatnonzero(left)
    )


def _state(space: Space, money: Ints) -> _State:
    cell_money = np.zeros(space.num_cells, np.int64)
    np.add.at(cell_money, space.flow_cell, money[: space.num_flows])
    blocked: dict[int, set[str]] = {}
    for function in RULES:
        for row in function(space):
            level = row.activity(money)
            over = np.zeros(len(row.flow), dtype=bool)
            if row.upper is not None:
                over |= (row.coef > 0) & (row.coef > row.upper - level)
            if row.lower is not None:
                over |= (row.coef < 0) & (-row.coef > level - row.lower)
            for flow in row.flow[over]:
                blocked.setdefault(int(flow), set()).add(row.name.removeprefix("rule "))
    worth = marginal(space, money.astype(float))
    return _State(space, money, cell_money, worth, blocked, counted_out(space, money, cell_money))


def counted_out(space: Space, money: Ints, cell_money: Ints) -> dict[int, set[str]]:
    """Name, per flow that would be one more of what is counted, the count rules that are full."""
    full: dict[int, set[str]] = {}
    for rule in space.problem.rules:
        if rule.kind is not RuleKind.COUNT or rule.maximum is None:
            continue
        flows = space.flows_in(rule.selection)
        paid = money[flows] > 0 if counts_draws(rule) else cell_money[space.flow_cell[flows]] > 0
        if rule.base is RuleBase.CLUSTERS:
            unit = space.cell_cluster[space.flow_cell[flows]]
        else:
            unit = flows if counts_draws(rule) else space.flow_cell[flows]
        counted = np.unique(unit[paid])
        if len(counted) >= rule.maximum:
            for flow in flows[~np.isin(unit, counted)]:
                full.setdefault(int(flow), set()).add(rule.name)
    return full


def _explain(state: _State, purse: int, left: int, flows: Ints) -> Unspent:
    problem = state.space.problem
    fund, year = divmod(purse, problem.num_years)
    if problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        return Unspent(fund, year, left, UnspentReason.TARGET, ())
    tally: Counter[UnspentReason] = Counter()
    rules: Counter[str] = Counter()
    for flow in flows:
        reason, names = _obstacle(state, int(flow), left)
        tally[reason] += 1
        rules.update(names)
    if not tally:
        return Unspent(fund, year, left, UnspentReason.NOBODY, ())
    # One draw that nothing stops decides: the money is left by the gap of the search, not by a rule.
    reason = UnspentReason.GAP if tally[UnspentReason.GAP] else tally.most_common(1)[0][0]
    return Unspent(fund, year, left, reason, tuple(sorted(rules)) if reason is UnspentReason.RULE else ())


def _obstacle(state: _State, flow: int, left: int) -> tuple[UnspentReason, set[str]]:
    """Name the first thing that stops one more unit on a flow."""
    space, cell = state.space, int(state.space.flow_cell[flow])
    held = int(state.cell_money[cell])
    least = int(space.problem.least.ravel()[cell // space.problem.num_years])
    rules = state.blocked.get(flow, set()) | state.counted_out.get(flow, set())
    full = held >= space.cell_most[cell] or state.money[flow] >= space.flow_most[flow]
    tests = (
        (space.from_menu[cell], UnspentReason.MENU),
        (full, UnspentReason.AT_MOST),
        (bool(rules), UnspentReason.RULE),
        (held == 0 and least > left, UnspentReason.LEAST),
        (state.worth[flow] <= 0, UnspentReason.NO_GAIN),
    )
    reason = next((reason for stopped, reason in tests if stopped), UnspentReason.GAP)
    return reason, rules if reason is UnspentReason.RULE else set()
