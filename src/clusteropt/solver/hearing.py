"""All that was claimed of one program: what of it stands, what cannot be right, and which way to try next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.solver.claim import Claim, Limit, Reason
from clusteropt.solver.fault import FaultKind, Remedy, SolverFault
from clusteropt.solver.judging import Held, Verdict, denies, firm, judge_against, judge_alone

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats
    from clusteropt.solver.claim import HighsOptions
    from clusteropt.solver.program import Program

DOUBT, DOUBT_S = 0.01, 1.0
"""An optimum this far below the relaxation gets a second opinion if it took no longer than this."""
PATIENCE = 10
"""A second opinion may take so many times as long as the first, and a second more."""
LADDER = (Remedy.NO_PRESOLVE, Remedy.OTHER_SEED)
"""What is tried about a fault, in this order; another engine, once there is one, is the next rung."""
OF_STARTS = (FaultKind.OPEN_OPTIMUM, FaultKind.WRONG_VALUE)
"""Faults that HiGHS 1.16 has shown with a start and not without: they are run without it first."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """A program to run, and what is known of it before.

    Parameters
    ----------
    step : str
        What the run is for.
    program : Program
        What to solve.
    start : array of shape (num_cols,) or None
        A point to start from; NaN where it says nothing.
    held : Held
        A point that may be feasible, and what no bound may be below.
    ceiling : float
        A bound known before; an optimum far below it is doubtful.
    entire : bool
        Whether an "infeasible" would be believed of a whole question, so that a quick one is doubtful.
    """

    step: str
    program: Program
    start: Floats | None = None
    held: Held = field(default_factory=Held)
    ceiling: float = np.inf
    entire: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way to run a program.

    Parameters
    ----------
    start : array of shape (num_cols,) or None
        A point to start from.
    options : HighsOptions
        How.
    remedy : Remedy or None
        What it is tried for; None for the first.
    most_s : float
        The time it may take at most; infinite for all that is left.
    """

    start: Floats | None
    options: HighsOptions
    remedy: Remedy | None = None
    most_s: float = np.inf


class Hearing:
    """The claims on one program, in order.

    Parameters
    ----------
    task : Task
        What is run.
    options : HighsOptions
        How it is run where nothing is in the way.
    distrusted : bool
        Whether a canary has failed.
    """

    def __init__(self, task: Task, options: HighsOptions, *, distrusted: bool) -> None:
        self.heard: list[tuple[Way, Claim]] = []
        self.distrusted = distrusted
        self._task = task
        self._options = options
        self._alone: list[Verdict | None] = []
        self._best = Held()

    def take(self, way: Way, claim: Claim) -> None:
        """Take in a claim."""
        self.heard.append((way, claim))
        verdict = judge_alone(self._task.program, claim)
        self._alone.append(verdict)
        if claim.x is not None and (verdict is None or verdict.kind is FaultKind.WRONG_VALUE):
            self._best = self._best.joined(Held(claim.x, float(self._task.program.cost @ claim.x)))

    def first_way(self) -> Way:
        """Give the way to begin with."""
        return Way(self._task.start, self._options.without_presolve() if self.distrusted else self._options)

    def next_way(self) -> Way | None:
        """Give the way to try next; None if what stands can be left so."""
        verdicts = self._verdicts()
        last = verdicts[-1]
        if last is not None and None not in verdicts:
            return self._remedy(last.kind)
        return self._agreement() if self.distrusted else self._opinion()

    def findings(self) -> list[tuple[SolverFault, Way, float]]:
        """List what cannot be right, the way it came about, and how many seconds that took."""
        verdicts = self._verdicts()
        sound = [way for (way, _), verdict in zip(self.heard, verdicts, strict=True) if verdict is None]
        remedy = (sound[0].remedy or Remedy.FIRST_RUN) if sound else None
        return [
            (SolverFault(verdict.kind, self._task.step, verdict.size, claim.detail, remedy), way, claim.seconds)
            for (way, claim), verdict in zip(self.heard, verdicts, strict=True)
            if verdict is not None
        ]

    def held_point(self, kind: FaultKind) -> Floats | None:
        """Give the point that shows a fault: for a false "infeasible" one that no solver may deny."""
        if kind is FaultKind.FALSE_INFEASIBLE:
            return self._firm().x
        return self._task.held.x if self._best.x is None else self._best.x

    def outcome(self, *, late: bool = False) -> Claim:
        """Give what stands: the best point that re-computes, and the weakest bound of what can be right.

        Where nothing stands and it is too late to ask again, time ran out, whatever the fault was.
        """
        verdicts = self._verdicts()
        sound = [claim for (_, claim), verdict in zip(self.heard, verdicts, strict=True) if verdict is None]
        optimal = [claim for claim in sound if claim.reason is Reason.OPTIMAL]
        told = optimal or [claim for claim in sound if claim.reason is Reason.FEASIBLE]
        if told:
            bound = self._agreed_bound(sound) if self.distrusted else max(claim.bound for claim in told)
            return replace(told[0], x=self._best.x, value=self._best.value, bound=bound)
        if self._best.x is not None:
            return self._denied(sound)
        # Nobody holds a point: what says least stands.
        limited = [claim for claim in sound if claim.limit is not None and self.distrusted]
        return [*limited, *sound, self._nothing(late)][0]

    def _verdicts(self) -> list[Verdict | None]:
        """Judge every claim by all that is known now."""
        return [
            alone or judge_against(self._task.program, way.options, claim, self._known(claim))
            for alone, (way, claim) in zip(self._alone, self.heard, strict=True)
        ]

    def _known(self, claim: Claim) -> Held:
        """Give what is known beside a claim; points are only measured where it could contradict them."""
        known = Held(None, max(self._task.held.value, self._best.value))
        point = self._task.held.x
        worth = -np.inf if point is None else float(self._task.program.cost @ point)
        if denies(self._task.program, claim) or claim.bound < worth:
            known = known.joined(self._firm())
        return known

    def _firm(self) -> Held:
        """Give the best of the points that no solver may deny."""
        program, held = self._task.program, firm(self._task.program, self._options, self._task.held.x)
        for _, claim in self.heard:
            held = held.joined(firm(program, self._options, claim.x))
        return held

    def _remedy(self, kind: FaultKind) -> Way | None:
        ladder = (Remedy.NO_START, *LADDER) if kind in OF_STARTS else LADDER
        off = self._options.without_presolve()
        options = {
            Remedy.NO_START: self._options,
            Remedy.NO_PRESOLVE: off,
            Remedy.OTHER_SEED: off.with_other_seed(),
        }
        tried = [_key(way) for way, _ in self.heard]
        ways = [Way(None, options[remedy], remedy) for remedy in ladder]
        return next((way for way in ways if _key(way) not in tried), None)

    def _agreement(self) -> Way | None:
        """Ask until two runs without presolve and with different seeds have been heard."""
        off = self._options.without_presolve()
        ways = (Way(self._task.start, off, Remedy.NO_PRESOLVE), Way(None, off.with_other_seed(), Remedy.OTHER_SEED))
        tried = [_key(way)[1:] for way, _ in self.heard]
        return next((way for way in ways if _key(way)[1:] not in tried), None)

    def _opinion(self) -> Way | None:
        """Ask for a second opinion where a first and quick claim is doubtful.

        It is where an optimum is far below the relaxation, or where nothing is known but that there is nothing.
        Presolve of HiGHS 1.16 has been seen to cut off the optimum of a model with tiny pieces; without presolve the
        same model came out right.
        """
        way, claim = self.heard[-1]
        if len(self.heard) > 1 or way.options.presolve == "off" or claim.seconds > DOUBT_S:
            return None
        ceiling = self._task.ceiling
        far = np.isfinite(ceiling) and claim.bound < ceiling - DOUBT * abs(ceiling)
        nothing = self._task.entire and denies(self._task.program, claim)
        if not nothing and not (claim.reason is Reason.OPTIMAL and far):
            return None
        most = PATIENCE * claim.seconds + DOUBT_S
        return Way(self._task.start, way.options.without_presolve(), Remedy.NO_PRESOLVE, most)

    def _agreed_bound(self, sound: list[Claim]) -> float:
        """Give the bound on which two runs agree; none if there were not two."""
        return max(claim.bound for claim in sound) if self._agreement() is None else np.inf

    def _denied(self, sound: list[Claim]) -> Claim:
        """Give the best point where no claim about it can be right.

        If nothing is sound, the bound is the weakest of those that contradict it, which the end of the solve will see.
        """
        holding = [claim for _, claim in self.heard if claim.x is not None]
        bound = np.inf if sound else max(claim.bound for claim in holding)
        limit = self.heard[-1][1].limit
        reason = Reason.OPTIMAL if limit is None else Reason.FEASIBLE
        return Claim(reason, limit, self._best.x, self._best.value, bound, detail=holding[-1].detail)

    def _nothing(self, late: bool) -> Claim:
        """Give a claim of nothing, where what was claimed cannot be right and no point is left of it."""
        last = self.heard[-1][1]
        limit = Limit.TIME if late and last.limit is None else last.limit
        reason = Reason.ERROR if limit is None else Reason.NO_SOLUTION
        return replace(last, limit=limit, reason=reason, x=None, value=-np.inf, bound=np.inf, dual=None)


def _key(way: Way) -> tuple[bool, str, int]:
    return way.start is None, way.options.presolve, way.options.random_seed
