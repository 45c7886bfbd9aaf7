"""Conflicts: sets of members that cannot stand together, none of which can be spared.

An elastic filter collects members: let all give way at a price, hold the one that gives way most, and so on until no
plan is left. A deletion filter then leaves out each in turn and keeps those without which a plan exists (Chinneck and
Dravnieks 1991, doi:10.1287/ijoc.3.2.157).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusteropt.diagnosis.members import Member, MemberKind

if TYPE_CHECKING:
    from clusteropt.diagnosis.elastic import Elastic
    from clusteropt.diagnosis.trial import Trials

LEFT_OUT_FIRST = (
    MemberKind.MOST,
    MemberKind.LEAST,
    MemberKind.PURSE,
    MemberKind.LOCK,
    MemberKind.MAXIMUM,
    MemberKind.MINIMUM,
    MemberKind.TARGET,
)
"""Where several members could be left out, a planner rather hears of rules than of limits."""


@dataclass(frozen=True, slots=True)
class Core:
    """Members that cannot stand together, as HiGHS claims.

    Parameters
    ----------
    members : tuple of Member
        In the order of the problem.
    complete : bool
        Each was left out in turn, and a plan was found without it: no smaller part of the set is a conflict. False if
        a limit came first; the set may then hold more than it must.
    confirmed : bool
        A second run without presolve and with another seed claims the same.
    """

    members: tuple[Member, ...]
    complete: bool
    confirmed: bool


def find_cores(elastic: Elastic, trials: Trials) -> tuple[Core, ...]:
    """Find conflicts that share no member, until a plan exists without the members of those found.

    Parameters
    ----------
    elastic : Elastic
        The elastic model of a problem that has no plan.
    trials : Trials
        Where to search, and until when.
    """
    found: list[Core] = []
    spared: set[Member] = set()
    while not trials.over:
        core = _find(elastic, spared, trials)
        if core is None:
            break
        found.append(core)
        spared.update(core.members)
        if not core.members:
            break
    return tuple(found)


def _find(elastic: Elastic, spared: set[Member], trials: Trials) -> Core | None:
    """Find one conflict among the members that are not spared; None if there is none, or none in time."""
    collected = _collect(elastic, spared, trials)
    if collected is None:
        return None
    members, complete = _delete(elastic, collected, trials)
    ordered = tuple(member for member in elastic.members if member in members)
    return Core(ordered, complete, elastic.is_empty(ordered, trials))


def _collect(elastic: Elastic, spared: set[Member], trials: Trials) -> list[Member] | None:
    """Hold what gives way most, one after the other, until nothing can be held any more.

    What else gives way in the first solution may be another conflict: it is let go, and only priced again if a plan
    exists so.
    """
    held: list[Member] = []
    free = set(spared)
    while True:
        priced = [member for member in elastic.members if member not in free and member not in held]
        bent = elastic.hint(priced, trials, tuple(free))
        if bent.exists is None:
            return None
        if not bent.exists:
            return held
        giving = {member: amount for member, amount in bent.given.items() if member not in free}
        if not giving:
            if free == spared:
                return None
            free = set(spared)
            continue
        most = max(giving, key=lambda member: giving[member])
        if not held:
            free.update(member for member in giving if member != most)
        held.append(most)


def _delete(elastic: Elastic, collected: list[Member], trials: Trials) -> tuple[set[Member], bool]:
    """Leave out what can be left out, one by one; tell whether every member was tried to the end."""
    members, complete = set(collected), True
    for member in sorted(collected, key=lambda one: LEFT_OUT_FIRST.index(one.kind)):
        rest = members - {member}
        exists = elastic.hold(rest, trials).exists
        if exists is False:
            members = rest
        complete &= exists is not None
    return members, complete
