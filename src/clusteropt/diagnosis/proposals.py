"""Proposals: what a member gives way by in an elastic model, turned into an amendment that the tables can hold."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clusteropt.diagnosis.amendments import FINEST, LARGEST_CHANGE, Amendment, within_span
from clusteropt.diagnosis.existence import best_plan
from clusteropt.diagnosis.members import Member, MemberKind
from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.model.money_rules import change_money, last_money, share_base
from clusteropt.model.outcome import evaluate
from clusteropt.model.space import make_space

if TYPE_CHECKING:
    from clusteropt.diagnosis.elastic import Bent, Elastic
    from clusteropt.diagnosis.trial import Trials
    from clusteropt.inputs.problem import Ints, Problem, Rule

SHARE_ROUNDS = 20
SNAP = Fraction(1, 1000)
"""A share this near to a unit of its last decimal, in such units, is meant to stand on it."""
DIGITS = 9
"""Digits of a target."""


class Proposal(NamedTuple):
    """A change of one member.

    Parameters
    ----------
    amendment : Amendment or None
        The change; None if there is none that the tables can hold.
    bent : Bent
        A solution in which the member gives way by no more.
    least : bool
        It is claimed that no smaller change is enough.
    """

    amendment: Amendment | None
    bent: Bent
    least: bool


def least_amendment(elastic: Elastic, member: Member, bent: Bent, trials: Trials) -> Proposal:
    """Turn what one member gives way by into the smallest change of it.

    Parameters
    ----------
    elastic : Elastic
        The elastic model.
    member : Member
        What gives way, while all else holds.
    bent : Bent
        The solution in which it gives way by the least money.
    trials : Trials
        Where to look for the largest share or outcome.
    """
    problem = elastic.problem
    if member.kind is MemberKind.TARGET:
        money = best_plan(problem, trials)
        if money is None:
            return Proposal(None, bent, False)
        reached = evaluate(make_space(problem), money.astype(float)).total
        lower = Amendment(member, Fraction(problem.objective.target or 0.0), _rounded_down(reached))
        return Proposal(lower, bent, True)
    if _is_ratio(problem, member):
        share, reached_by, best = _extreme_share(elastic, member, bent, trials)
        return Proposal(None if share is None else _share_amendment(problem, member, share), reached_by, best)
    return Proposal(propose(elastic, member, bent), bent, bent.best)


def _is_ratio(problem: Problem, member: Member) -> bool:
    if member.kind not in (MemberKind.MINIMUM, MemberKind.MAXIMUM):
        return False
    rule = problem.rules[member.place[0]]
    return rule.kind is RuleKind.SHARE and rule.base is not RuleBase.FUND


def _extreme_share(elastic: Elastic, member: Member, bent: Bent, trials: Trials) -> tuple[Fraction | None, Bent, bool]:
    """Find the largest (for a maximum the smallest) share that any plan reaches while all else holds.

    With a share r reached, the plan that makes selection - r * base largest reaches a larger share, or r is the largest
    (Dinkelbach 1967, doi:10.1287/mnsc.13.7.492).
    """
    flows = _share_flows(elastic, member)
    share = _reached_share(elastic, bent, member)
    sign = 1 if member.kind is MemberKind.MINIMUM else -1
    for _ in range(SHARE_ROUNDS):
        if share is None:
            break
        pushed = elastic.push(member, flows, float(share), trials)
        better = None if pushed.x is None else _reached_share(elastic, pushed, member)
        if better is None or sign * (better - share) <= FINEST * SNAP:
            return share, bent, pushed.best
        share, bent = better, pushed
    return share, bent, False


def _share_flows(elastic: Elastic, member: Member) -> tuple[Ints, Ints]:
    space, rule = elastic.ground.space, elastic.problem.rules[member.place[0]]
    years = rule.base_selection.years or rule.selection.years
    return space.flows_in(rule.selection), space.flows_in(rule.base_selection, years)


def _reached_share(elastic: Elastic, bent: Bent, member: Member) -> Fraction | None:
    """Give the share that a solution reaches, exactly where its money is whole; None of no money."""
    if bent.x is None:
        return None
    chosen, under = _share_flows(elastic, member)
    formulation = elastic.formulation
    money = formulation.columns.flow @ bent.x * elastic.problem.money.per_printed
    if elastic.whole_money:
        money = np.round(money)
    part, base = float(money[chosen].sum()), float(money[under].sum())
    if elastic.problem.rules[member.place[0]].base is RuleBase.FUND:
        base = _fund_money(elastic, bent, elastic.problem.rules[member.place[0]])
    return Fraction(part) / Fraction(base) if base > 0 else None


def _fund_money(elastic: Elastic, bent: Bent, rule: Rule) -> float:
    """Give what the purses under a share of funds hold, with what is added to them."""
    space, problem = elastic.ground.space, elastic.problem
    years = rule.base_selection.years or rule.selection.years or tuple(range(problem.num_years))
    added = sum(
        bent.given.get(Member(MemberKind.PURSE, (fund, year)), 0.0)
        for fund in rule.base_selection.funds
        for year in years
    )
    held = share_base(space, rule, np.zeros(space.num_amounts, np.int64))
    return float(held) + math.ceil(added * problem.money.per_printed - elastic.room)


def _share_amendment(problem: Problem, member: Member, share: Fraction) -> Amendment:
    """Round a share outward to the last decimal."""
    rule = problem.rules[member.place[0]]
    low = member.kind is MemberKind.MINIMUM
    before, scaled = (rule.minimum if low else rule.maximum), share / FINEST
    nearest = round(scaled)
    if abs(scaled - nearest) > SNAP:
        nearest = math.floor(scaled) if low else math.ceil(scaled)
    return Amendment(member, before, within_span(rule, nearest * FINEST))


def propose(elastic: Elastic, member: Member, bent: Bent) -> Amendment | None:
    """Turn what a member gives way by in a solution into an amendment, rounded outward to what the tables can hold."""
    problem, kind = elastic.problem, member.kind
    given = bent.given[member]
    units = math.ceil(given * problem.money.per_printed - elastic.room)
    if kind is MemberKind.TARGET:
        target = problem.objective.target or 0.0
        return Amendment(member, Fraction(target), _rounded_down(target - given * elastic.ground.outcome_worth))
    if kind is MemberKind.LOCK:
        return _lock_amendment(elastic, member, bent)
    if kind is MemberKind.PURSE:
        held = Fraction(int(problem.purse[member.place]))
        return Amendment(member, held, held + units)
    if kind is MemberKind.LEAST:
        least = int(problem.least[member.place])
        # A least of one unit says no more than none at all.
        return Amendment(member, Fraction(least), Fraction(least - units if least - units > 1 else 0))
    if kind is MemberKind.MOST:
        most = Fraction(int(problem.most[member.place]))
        return Amendment(member, most, most + units)
    return _rule_amendment(elastic, member, bent, units)


def _rule_amendment(elastic: Elastic, member: Member, bent: Bent, units: int) -> Amendment | None:
    rule = elastic.problem.rules[member.place[0]]
    low = member.kind is MemberKind.MINIMUM
    before, sign = (rule.minimum if low else rule.maximum), (-1 if low else 1)
    if before is None:
        return None
    if rule.kind is RuleKind.SHARE:
        share = _reached_share(elastic, bent, member)
        return None if share is None else _share_amendment(elastic.problem, member, share)
    if rule.kind is RuleKind.COUNT:
        counted = math.ceil(bent.given[member] / elastic.ground.count_worth - 1e-6)
        return Amendment(member, before, before + sign * counted)
    if rule.kind is RuleKind.CHANGE:
        return _relative_amendment(elastic, member, sign * units)
    return Amendment(member, before, before + sign * units)


def _relative_amendment(elastic: Elastic, member: Member, units: int) -> Amendment:
    """Turn money into a limit on the change against the last plan; where there is none the limit must go."""
    space, number = elastic.ground.space, member.place[0]
    rule = elastic.problem.rules[number]
    low = member.kind is MemberKind.MINIMUM
    before = rule.minimum if low else rule.maximum
    row = next(row for row in change_money(space) if row.key[0] == number)
    limit, last = (row.lower if low else row.upper) or 0, last_money(elastic.problem, rule.selection)
    if last == 0:
        return Amendment(member, before, None)
    scaled = (Fraction(limit + units, last) - 1) / FINEST
    after = max((math.floor(scaled) if low else math.ceil(scaled)) * FINEST, Fraction(-1))
    return Amendment(member, before, after if after <= LARGEST_CHANGE else None)


def _lock_amendment(elastic: Elastic, member: Member, bent: Bent) -> Amendment:
    """Give a lock another amount where all its cells give way alike; else it goes."""
    rule = elastic.problem.rules[member.place[0]]
    if rule.minimum is None:
        return Amendment(member, None, None)
    moved = bent.slack[elastic.ground.slacks[member]].reshape(-1, 2) * elastic.problem.money.per_printed
    shift = moved[:, 1] - moved[:, 0]
    if np.ptp(shift) > 2 * elastic.room:
        return Amendment(member, rule.minimum, None)
    whole = math.ceil(abs(float(shift[0])) - elastic.room) * (1 if shift[0] > 0 else -1)
    return Amendment(member, rule.minimum, max(rule.minimum + whole, Fraction(0)))


def _rounded_down(target: float) -> Fraction:
    """Round a target down to the digits that are printed."""
    if target <= 0:
        return Fraction(0)
    unit = Fraction(10) ** (math.floor(math.log10(target)) - DIGITS + 1)
    return math.floor(Fraction(target) / unit) * unit
