"""Trying a program: whether it has a solution at all, and one with its choices fixed and its money settled."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.solver.claim import HighsOptions, Limit, Reason
from clusteropt.solver.hearing import Task
from clusteropt.solver.judging import Held
from clusteropt.solver.points import choices, guess
from clusteropt.solver.scaling import choose_scaling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Floats
    from clusteropt.model.formulation import Formulation
    from clusteropt.solver.claim import Claim
    from clusteropt.solver.guard import Guard
    from clusteropt.solver.program import Program
    from clusteropt.solver.scaling import Scaling

SHORTEST_S = 0.5
"""No run gets less time than this."""
SEARCH_SHARE = 0.8
"""The part of the time left that a search over choices may take; the rest is for the money that goes with them."""
TOLERANCE, STRICT = 1e-7, 1e-9
"""Feasibility tolerances of a first run, and of a second where a choice near a whole number carried money."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What came out of a trial.

    Parameters
    ----------
    exists : bool or None
        Whether the program has a solution, as the solver claims; None if a limit came first or it failed.
    x : array of shape (num_cols,) or None
        A solution, whole where it must be.
    best : bool
        Whether the solver claims that no solution has a better objective, within the gap asked for.
    """

    exists: bool | None
    x: Floats | None = None
    best: bool = False


@dataclass(slots=True)
class Trials:
    """All trials of one diagnosis: where they run, until when, and what has stopped them.

    Parameters
    ----------
    guard : Guard
        Runs programs.
    options : SolveOptions
        Threads and seed.
    deadline : float
        The ``time.monotonic()`` by which the last trial must have ended.
    size : float
        The largest purse of the problem in printed units: what tolerances are relative to.
    stopped : Limit or None
        The limit after which nothing more is tried.
    cut : bool
        Whether some trial was ended by its part of the time.
    """

    guard: Guard
    options: SolveOptions
    deadline: float
    size: float
    stopped: Limit | None = None
    cut: bool = False

    @property
    def over(self) -> bool:
        """Whether there is nothing left to try in."""
        if self.stopped is None and time.monotonic() >= self.deadline:
            self.stopped = Limit.TIME
        return self.stopped is not None

    @contextmanager
    def part(self, share: float) -> Iterator[None]:
        """Let what is tried inside take a share of the time that is left; there is more after it."""
        now, until = time.monotonic(), self.deadline
        self.deadline = now + share * max(until - now, 0.0)
        try:
            yield
        finally:
            self.deadline = until
            if self.stopped is Limit.TIME:
                self.cut = True
                self.stopped = None

    def settle(self, formulation: Formulation, program: Program, gap: float = 1e-7) -> Answer:
        """Solve a program; then fix its choices and solve its money again, so that no choice of 1e-8 carries any.

        Parameters
        ----------
        formulation : Formulation
            What the first columns of the program mean; those beyond are money.
        program : Program
            What to solve.
        gap : float
            The relative gap that is good enough.
        """
        scaling = self._scaling(formulation, program)
        scaled = scaling.scale(program)
        whole = bool(program.integer.any())
        start: Floats | None = None
        if whole and not formulation.whole_money:
            found, start = self._guess(formulation, program, gap)
            if found is not None:
                return found
        for tolerance in (TOLERANCE, STRICT) if whole else (STRICT,):
            options = HighsOptions(0.0, gap, feasibility_tolerance=tolerance)
            first = None if start is None else scaling.point(start)
            # Where the start is a solution, "infeasible" contradicts it.
            task = Task("trial", scaled, first, Held(first), entire=True)
            claim = self._run(task, options, search=whole)
            best = claim.reason is Reason.OPTIMAL
            if claim.x is None or not whole:
                return Answer(_exists(claim), None if claim.x is None else claim.x * scaling.col, best)
            polished = self.polish(formulation, program, claim.x * scaling.col)
            if polished.x is not None:
                return Answer(True, polished.x, best)
        return Answer(None)

    def _guess(self, formulation: Formulation, program: Program, gap: float) -> tuple[Answer | None, Floats | None]:
        """Answer from the relaxation and a guess at the choices where these agree; else give a point to start from."""
        relaxed = self.relax(formulation, program)
        if relaxed.x is None:
            return (relaxed if relaxed.exists is False else None), None
        first = guess(formulation, relaxed.x[: formulation.num_cols])
        point = np.append(first, np.full(len(program.cost) - len(first), np.nan))
        polished = self.polish(formulation, program, point)
        if polished.x is None:
            return None, point
        missed = float(program.cost @ relaxed.x) - float(program.cost @ polished.x)
        if missed <= max(gap * abs(float(program.cost @ polished.x)), STRICT * self.size):
            return Answer(True, polished.x, True), None
        return None, polished.x

    def polish(self, formulation: Formulation, program: Program, x: Floats) -> Answer:
        """Solve a program with its choices fixed where ``x`` gives them; without a solution nothing is known."""
        scaling = self._scaling(formulation, program)
        kept = choices(x[: formulation.num_cols], formulation)
        fixed = np.append(kept, np.full(len(program.cost) - len(kept), np.nan))
        # Other choices may do what these do not, so an "infeasible" says nothing; it is wrong where ``x`` will do.
        held = Held(scaling.point(np.append(formulation.rounded(x[: len(kept)]), x[len(kept) :])))
        task = Task("trial", scaling.scale(program).fixed(scaling.point(fixed)), held=held)
        claim = self._run(task, HighsOptions(0.0))
        return Answer(None) if claim.x is None else Answer(True, claim.x * scaling.col)

    def relax(self, formulation: Formulation, program: Program) -> Answer:
        """Solve a program with its whole columns allowed to be fractions: without a solution it has none at all."""
        scaling = self._scaling(formulation, program)
        claim = self._run(Task("trial", scaling.scale(program).relaxed(), entire=True), HighsOptions(0.0))
        x = None if claim.x is None else claim.x * scaling.col
        return Answer(_exists(claim), x, claim.reason is Reason.OPTIMAL)

    def doubt(self, formulation: Formulation, program: Program) -> bool:
        """Run a program once more without presolve and with another seed; tell whether it still has no solution."""
        seed = (self.options.seed + 1) % 2**31
        options = HighsOptions(0.0, random_seed=seed, presolve="off", feasibility_tolerance=TOLERANCE)
        return _exists(self._run(Task("trial", self._scaling(formulation, program).scale(program)), options)) is False

    def _scaling(self, formulation: Formulation, program: Program) -> Scaling:
        # Money that may grow without need must not set the size that tolerances are relative to.
        small = replace(program, col_upper=np.minimum(program.col_upper, np.maximum(program.col_lower, self.size)))
        return choose_scaling(formulation, small)

    def _run(self, task: Task, options: HighsOptions, *, search: bool = False) -> Claim:
        left = self.deadline - time.monotonic()
        seconds = max(SEARCH_SHARE * left if search else left, SHORTEST_S)
        seed = options.random_seed or self.options.seed
        limits = replace(options, threads=self.options.threads, random_seed=seed)
        guarded = self.guard.run(task, limits, time.monotonic() + seconds)
        self.stopped = self.stopped or guarded.stopped
        return guarded.claim


def _exists(claim: Claim) -> bool | None:
    if claim.x is not None:
        return True
    # Every column of a trial has bounds, so none is unbounded.
    return False if claim.reason in (Reason.INFEASIBLE, Reason.INFEASIBLE_OR_UNBOUNDED) else None
