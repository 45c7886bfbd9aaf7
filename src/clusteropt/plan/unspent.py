"""Why purses keep money: what stands in the way of one more unit, tried draw by draw."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
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


REASONS = (
    UnspentReason.MENU,
    UnspentReason.AT_MOST,
    UnspentReason.RULE,
    UnspentReason.LEAST,
    UnspentReason.NO_GAIN,
    UnspentReason.GAP,
)
"""What can stop one more unit on a draw, in the order it is tried; the last is that nothing does."""


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
    # What chooses from a menu is stopped by that before any rule.
    free = np.append(~space.from_menu[space.flow_cell], np.zeros(space.num_picks, bool))
    for row in chain.from_iterable(function(space) for function in RULES) if free.any() else ():
        if not free[row.flow].any():
            continue
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
    if not len(flows):
        return Unspent(fund, year, left, UnspentReason.NOBODY, ())
    obstacle = _obstacles(state, flows, left)
    count = np.bincount(obstacle, minlength=len(REASONS))
    # One draw that nothing stops decides: the money is left by the gap of the search, not by a rule. Of two reasons
    # that stop as many the first met counts.
    met, first = np.unique(obstacle, return_index=True)
    reason = REASONS[-1] if count[-1] else REASONS[int(met[np.lexsort((first, -count[met]))[0]])]
    if reason is not UnspentReason.RULE:
        return Unspent(fund, year, left, reason, ())
    stopped = flows[obstacle == REASONS.index(UnspentReason.RULE)].tolist()
    names = (state.blocked.get(flow, set()) | state.counted_out.get(flow, set()) for flow in stopped)
    return Unspent(fund, year, left, reason, tuple(sorted(set[str]().union(*names))))


def _obstacles(state: _State, flows: Ints, left: int) -> Ints:
    """Give the position in the reasons of the first thing that stops one more unit on each flow."""
    space, cell = state.space, state.space.flow_cell[flows]
    held = state.cell_money[cell]
    least = space.problem.least.ravel()[cell // space.problem.num_years]
    ruled = np.zeros(space.num_amounts, bool)
    ruled[[*state.blocked.keys(), *state.counted_out.keys()]] = True
    tests = (
        space.from_menu[cell],
        (held >= space.cell_most[cell]) | (state.money[flows] >= space.flow_most[flows]),
        ruled[flows],
        (held == 0) & (least > left),
        state.worth[flows] <= 0,
        np.ones(len(flows), bool),
    )
    return np.argmax(np.stack(tests), axis=0)
