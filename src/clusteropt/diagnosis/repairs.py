"""Repairs: the cheapest changes after which a plan exists, each shown by such a plan."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from clusteropt.diagnosis.amendments import Amendment, amend
from clusteropt.diagnosis.existence import find_plan, plan_near
from clusteropt.diagnosis.members import Member, MemberKind
from clusteropt.diagnosis.proposals import least_amendment, propose
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.outcome import evaluate, objective_value, with_equity_scale
from clusteropt.model.space import make_space
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.diagnosis.conflict import Core
    from clusteropt.diagnosis.elastic import Bent, Elastic
    from clusteropt.diagnosis.trial import Trials
    from clusteropt.inputs.problem import Ints, Problem

WIDENINGS = (0, 1, 2, 16, 256)
"""Whole units, or units of the last decimal of a share, by which limits are moved on until whole amounts fit."""
MOST_COMBINATIONS = 3
FAR_LESS = 0.5
"""A combination that costs no more than this part of the cheapest single change is worth more words."""
BEND_SHARE = 0.5
"""The part of its time that a repair may take until its limits are known; the rest is for trying it."""


@dataclass(frozen=True, slots=True, eq=False)
class Repair:
    """Changes after which a plan exists.

    Parameters
    ----------
    amendments : tuple of Amendment
        What to change; one where one is enough.
    words : Text
        The same as a clause.
    cost : int
        The least money, in whole units, that the amendments move: by how much limits move, or by how much the money of
        a share misses its limit. An award or a cluster counts as the mean award, outcome as its part of all money.
    points : Fraction or None
        By how much shares move in all; None where none does.
    least : bool
        The limit cannot move by less, as the solver claims; True only for a single change.
    shown : bool
        The changed problem was solved: a plan in whole units obeys every rule of it.
    value : float
        What that plan is worth; the best one may be worth more.
    problem : Problem
        The changed problem.
    """

    amendments: tuple[Amendment, ...]
    words: Text
    cost: int
    points: Fraction | None
    least: bool
    shown: bool
    value: float
    problem: Problem = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class _Draft:
    """A repair before it is tried: what to change, its cost, the solution it comes from, whether less is not enough."""

    amendments: tuple[Amendment, ...]
    cost: int
    bent: Bent
    least: bool


def find_repairs(elastic: Elastic, cores: tuple[Core, ...], trials: Trials) -> tuple[Repair, ...]:
    """Find what to change, cheapest first: one member of the conflict, or the cheapest combinations of several.

    Parameters
    ----------
    elastic : Elastic
        The elastic model of a problem that has no plan.
    cores : tuple of Core
        Its conflicts; where they share no member, no single change is enough.
    trials : Trials
        Where to search, and until when.
    """
    found: list[Repair] = []
    members = cores[0].members if len(cores) == 1 else ()
    for position, member in enumerate(members):
        if trials.over:
            break
        with trials.part(1 / (len(members) - position + 1)):
            single = _single(elastic, member, trials)
        if single is not None:
            found.append(single)
    found += _combinations(elastic, min((repair.cost for repair in found), default=None), trials)
    return tuple(sorted(found, key=lambda repair: (repair.cost, repair.points or 0, len(repair.amendments))))


def _single(elastic: Elastic, member: Member, trials: Trials) -> Repair | None:
    """Let one member give way as little as possible while all others hold."""
    with trials.part(BEND_SHARE):
        bent = _bend(elastic, member, trials)
    if bent.x is None or member not in bent.given:
        return None
    with trials.part(BEND_SHARE):
        proposal = least_amendment(elastic, member, bent, trials)
    if proposal.amendment is None:
        return None
    draft = _Draft((proposal.amendment,), _cost(elastic.problem, bent), proposal.bent, proposal.least)
    return _show(elastic, draft, trials)


def _bend(elastic: Elastic, member: Member, trials: Trials) -> Bent:
    """Let a member give way; a lock at one amount by the same in every cell if that is enough."""
    if _is_even(elastic, member):
        bent = elastic.bend_evenly(member, trials)
        if bent.exists is not False:
            return bent
    return elastic.bend([member], trials)


def _is_even(elastic: Elastic, member: Member) -> bool:
    return member.kind is MemberKind.LOCK and elastic.problem.rules[member.place[0]].minimum is not None


def _combinations(elastic: Elastic, single: int | None, trials: Trials) -> Iterator[Repair]:
    """Give the cheapest combinations of changes, where no single one is enough or a combination costs far less.

    After the first, others are sought that spare one of its members each.
    """
    queue: list[tuple[Member, ...]] = [()]
    seen: set[frozenset[Member]] = set()
    for spared in queue:
        if trials.over or len(seen) >= MOST_COMBINATIONS:
            return
        bent = elastic.bend([member for member in elastic.members if member not in spared], trials)
        chosen = frozenset(bent.given)
        if bent.x is None or not chosen or chosen in seen:
            continue
        if single is not None and (len(chosen) == 1 or _cost(elastic.problem, bent) > FAR_LESS * single):
            return
        seen.add(chosen)
        if not spared:
            queue += [(member,) for member in bent.given]
        amendments = [propose(elastic, member, bent) for member in bent.given]
        known = tuple(amendment for amendment in amendments if amendment is not None)
        if len(known) == len(chosen):
            repair = _show(elastic, _Draft(known, _cost(elastic.problem, bent), bent, False), trials)
            if repair is not None:
                yield repair


def _show(elastic: Elastic, draft: _Draft, trials: Trials) -> Repair | None:
    """Solve the changed problem, with limits moved on a little where whole amounts need it.

    Most often the choices of the elastic model will do; where they do not, a search is worth its time only for the
    changes as they are, and for the widest.
    """
    problem = elastic.problem
    for steps in WIDENINGS:
        moved = tuple(one.wider(problem, steps) for one in draft.amendments)
        wider = replace(draft, amendments=moved, least=draft.least and steps == 0)
        money = _near(elastic, wider, trials)
        if money is None and steps in (WIDENINGS[0], WIDENINGS[-1]):
            money = _plan(elastic, wider, trials)
        if money is not None or trials.over:
            return _repair(problem, wider, amend(problem, moved), money)
    return None


def _near(elastic: Elastic, draft: _Draft, trials: Trials) -> Ints | None:
    """Give a plan of the changed problem with the choices of the elastic model, if those will do."""
    changed = amend(elastic.problem, draft.amendments)
    if trials.over or draft.bent.x is None or changed.objective.kind is ObjectiveKind.LEAST_MONEY:
        return None
    return plan_near(changed, (elastic.formulation, draft.bent.x), trials).money


def _plan(elastic: Elastic, draft: _Draft, trials: Trials) -> Ints | None:
    """Give any plan of the changed problem."""
    return None if trials.over else find_plan(amend(elastic.problem, draft.amendments), trials).money


def _repair(problem: Problem, draft: _Draft, changed: Problem, money: Ints | None) -> Repair:
    points = [moved for amendment in draft.amendments if (moved := amendment.points(problem)) is not None]
    clauses = [amendment.words(problem) for amendment in draft.amendments]
    return Repair(
        amendments=draft.amendments,
        words=Text(" and ".join(c.en for c in clauses), "; 并".join(c.zh for c in clauses)),
        cost=draft.cost,
        points=sum(points, Fraction(0)) if points else None,
        least=draft.least,
        shown=money is not None,
        value=math.nan if money is None else _worth(changed, money),
        problem=changed,
    )


def _cost(problem: Problem, bent: Bent) -> int:
    return math.ceil(bent.cost * problem.money.per_printed - 1e-6 * max(1.0, bent.cost))


def _worth(problem: Problem, money: Ints) -> float:
    space = make_space(with_equity_scale(make_space(problem)))
    amounts = money.astype(float)
    return objective_value(space, amounts, evaluate(space, amounts))
