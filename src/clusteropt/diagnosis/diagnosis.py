"""Why there is no plan: what cannot stand together, and the cheapest ways out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from clusteropt.diagnosis.conflict import find_cores
from clusteropt.diagnosis.elastic import Elastic
from clusteropt.diagnosis.existence import find_plan, is_coarse
from clusteropt.diagnosis.repairs import Repair, find_repairs
from clusteropt.diagnosis.trial import Trials
from clusteropt.diagnosis.words import diagnosis_lines
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.space import make_space
from clusteropt.solver.claim import Limit
from clusteropt.solver.guard import Guard
from clusteropt.solver.runner import Runner
from clusteropt.text import Language, Text

if TYPE_CHECKING:
    from clusteropt.diagnosis.conflict import Core
    from clusteropt.diagnosis.existence import Existence
    from clusteropt.diagnosis.members import Member
    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Problem
    from clusteropt.solver.fault import SolverFault

CONFLICT_SHARE = 0.6
"""The part of the time that is left after the first search which the conflicts may take; the repairs get the rest."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """What cannot stand together, in words.

    Parameters
    ----------
    members : tuple of Member
        Sides of rules, purses, limits of cells, the target.
    names : tuple of str
        The members by the keys of the tables.
    words : tuple of Text
        What each member asks or holds, as a clause.
    complete : bool
        No member can be spared: without any one of them HiGHS finds a plan, whatever is outside the set.
    confirmed : bool
        HiGHS claims a second time, without presolve and with another seed, that no plan keeps to all of them.
    """

    members: tuple[Member, ...]
    names: tuple[str, ...]
    words: tuple[Text, ...]
    complete: bool
    confirmed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """Whether a problem has a plan; and if not, why not and what helps.

    Parameters
    ----------
    feasible : bool or None
        True if a plan exists: one in whole units was found and checked. False if HiGHS claims that none exists. None
        if neither was found out in time.
    confirmed : bool
        Only where none exists: HiGHS claims it a second time, without presolve and with another seed.
    conflicts : tuple of Conflict
        Sets that cannot stand together; no two share a member.
    repairs : tuple of Repair
        What to change, cheapest first.
    limit : Limit or None
        What ended the search before it was through: time or an interrupt.
    seconds : float
        Wall-clock time.
    problem : Problem
        What was looked at.
    faults : tuple of SolverFault
        What was caught of the solver in all this, and what was done.
    """

    feasible: bool | None
    confirmed: bool
    conflicts: tuple[Conflict, ...]
    repairs: tuple[Repair, ...]
    limit: Limit | None
    seconds: float
    problem: Problem
    faults: tuple[SolverFault, ...] = ()

    @property
    def text(self) -> Text:
        """All that was found, as lines in both languages."""
        lines = diagnosis_lines(self)
        return Text("\n".join(line.en for line in lines), "\n".join(line.zh for line in lines))

    def read(self, language: Language) -> str:
        """Give all that was found in one language."""
        return self.text.read(language)

    def __str__(self) -> str:
        return self.read(Language.EN)


def diagnose(problem: Problem, options: SolveOptions | None = None) -> Diagnosis:
    """Find out whether a problem has a plan; if not, what cannot stand together and the cheapest repairs.

    Parameters
    ----------
    problem : Problem
        What is to be planned.
    options : SolveOptions, optional
        Limits; those of the problem if not given. The time limit is for all of it.

    Returns
    -------
    Diagnosis
        After a limit or Ctrl-C what is known so far.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C came before anything was known, or twice.
    SolverFaultError
        If HiGHS does not take a model. A wrong claim is no error: it is run again, and `Diagnosis.faults` tells.
    """
    chosen = options or problem.options
    began = time.monotonic()
    until = began + chosen.time_limit_s
    with Runner(chosen.isolation) as runner, Guard(runner, until) as guard:
        size = max(float(problem.purse.max(initial=0)), 1.0) / problem.money.per_printed
        trials = Trials(guard, chosen, until, size)
        found = find_plan(problem, trials)
        if trials.stopped is Limit.INTERRUPT and found.exists is None:
            raise KeyboardInterrupt
        why = _explain(problem, found, trials) if found.exists is False else _Why()
    return Diagnosis(
        feasible=found.exists,
        confirmed=why.confirmed,
        conflicts=tuple(_conflict(problem, core) for core in why.cores),
        repairs=why.repairs,
        limit=trials.stopped or (Limit.TIME if trials.cut else None),
        seconds=time.monotonic() - began,
        problem=problem,
        faults=guard.faults,
    )


class _Why(NamedTuple):
    """What was found out where there is no plan."""

    confirmed: bool = False
    cores: tuple[Core, ...] = ()
    repairs: tuple[Repair, ...] = ()


def _explain(problem: Problem, found: Existence, trials: Trials) -> _Why:
    elastic = Elastic(problem, whole_money=_is_whole(problem, found))
    confirmed = elastic.is_empty(elastic.members, trials)
    with trials.part(CONFLICT_SHARE):
        cores = find_cores(elastic, trials)
    return _Why(confirmed, cores, find_repairs(elastic, cores, trials))


def _is_whole(problem: Problem, found: Existence) -> bool:
    if found.formulation is not None:
        return found.formulation.whole_money
    return problem.objective.kind is ObjectiveKind.LEAST_MONEY and is_coarse(make_space(problem))


def _conflict(problem: Problem, core: Core) -> Conflict:
    return Conflict(
        members=core.members,
        names=tuple(member.name(problem) for member in core.members),
        words=tuple(member.words(problem) for member in core.members),
        complete=core.complete,
        confirmed=core.confirmed,
    )
