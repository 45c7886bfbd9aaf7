"""Outer approximation: solve on tangents, touch the curves where the solution stands, and solve again.

Every formulation on tangents is at least as good as the problem itself, so its bound is a bound of the problem;
the point it returns is worth what the curves say. The two meet as points are added (Duran and Grossmann 1986,
doi:10.1007/BF02592064; Fletcher and Leyffer 1994, doi:10.1007/BF01581153). The steps:

1. relax the whole columns and refine until the relaxation is tight;
2. search over the choices on that grid; its bound is a bound of the problem;
3. fix the choices and refine again: the best money for these choices, and a value;
4. until value and bound meet, add the points seen in 3 and go to 2, starting from the incumbent.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.solver.claim import Claim, HighsOptions, Limit, Progress, Reason, SolverRun, relative_gap
from clusteropt.solver.points import carry, choices, excesses, goal, guess, point_value, shortfalls, to_units, worth
from clusteropt.solver.refusal import check_point, no_plan
from clusteropt.solver.scaling import choose_scaling, to_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Floats
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.grid import Grid
    from clusteropt.solver.highs import Sighting
    from clusteropt.solver.points import Lifts
    from clusteropt.solver.runner import Runner

    Build = Callable[[Grid], Formulation]

REFINE_ROUNDS = 25
DOUBT, DOUBT_S = 0.01, 1.0
"""A search this far below its relaxation gets a second opinion if it took no longer than this."""
NOISE = 1e-9
"""A relative gap below this is the last digits of two sums; nobody can ask for less."""
SEARCH_ROUNDS = 500
"""No count of rounds should end a search before its deadline; this one only ends an endless loop."""
RELAXATION_SHARE = 0.3
"""The part of its time that a search spends on the relaxation at most: the rest is for an incumbent."""
RELAXATION_TOLERANCE = 1e-6
"""The relaxation is tight enough for the search at this relative excess; finer points come with the incumbent."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The end of an outer approximation.

    Parameters
    ----------
    formulation : Formulation
        The last formulation.
    x : array of shape (num_cols,)
        The incumbent, whole where it must be.
    money : array of shape (num_flows,)
        Its money in whole units, not yet rounded.
    value : float
        The objective of the incumbent on the curves themselves; least money in printed units.
    bound : float
        No allocation is better than this, as HiGHS claims it for a formulation that contains the problem.
    limit : Limit or None
        The limit that ended the search before the gap asked for; None if it was reached.
    """

    formulation: Formulation
    x: Floats
    money: Floats
    value: float
    bound: float
    limit: Limit | None


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """How one program is run: what it is called, whether relaxed, what is fixed, what rows are lifted by."""

    name: str
    relaxed: bool = False
    start: Floats | None = None
    fixed: Floats | None = None
    lift: Lifts = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    start: Floats | None
    options: HighsOptions


class Search:
    """One outer approximation with its deadline, its records and its listener.

    Values and bounds inside are of a maximisation: ``sign`` times those of the problem.

    Parameters
    ----------
    runner : Runner
        Where programs run.
    options : SolveOptions
        Limits; the gap is on the curves themselves.
    deadline : float
        ``time.monotonic()`` at which the search must have ended.
    listen : callable, optional
        Called with `Progress`.
    presolve : str
        ``on``, or ``off`` where a solve with it was caught in a false claim.
    """

    def __init__(
        self,
        runner: Runner,
        options: SolveOptions,
        deadline: float,
        listen: Callable[[Progress], None] | None = None,
        presolve: str = "on",
    ) -> None:
        self.records: list[SolverRun] = []
        self._runner = runner
        self._options = options
        self._deadline = deadline
        self._until = deadline
        self._stopped: Limit | None = None
        self._strict = False
        self._listen = listen
        self._presolve = presolve
        self._began = time.monotonic()
        self._sign = 1.0
        self._value = -np.inf
        self._claimed = -np.inf
        self._bound = np.inf
        self._tightness = 0.05

    def best(self, build: Build, grid: Grid, share: float = 1.0) -> Found:
        """Find the best allocation of a family of formulations.

        Parameters
        ----------
        build : callable
            Gives the formulation on a grid.
        grid : Grid
            The first grid.
        share : float
            The part of the time left that it may take.

        Raises
        ------
        InfeasibleError, UnboundedError, NoIncumbentError, SolverFaultError
            If there is no incumbent to return.
        """
        now = time.monotonic()
        self._until = now + share * max(self._deadline - now, 0.0)
        self._stopped = self._stopped if self._stopped is Limit.INTERRUPT else None
        self._strict = False
        formulation = build(grid)
        self._sign = 1.0 if formulation.maximise else -1.0
        self._value, self._claimed, self._bound, self._tightness = -np.inf, -np.inf, np.inf, 0.05
        if formulation.integer.any():
            return self._alternate(build, *self._relax(build, formulation))
        return self._close(self._refine(build, formulation, None))

    def _alternate(self, build: Build, formulation: Formulation, start: Floats | None) -> Found:
        """Search for choices, refine their money, and go on with what both have shown."""
        best: Found | None = None
        for _ in range(SEARCH_ROUNDS):
            claim = self._run(formulation, _Step("search", start=start))
            self._bound = min(self._bound, claim.bound)
            if claim.x is None and best is None:
                raise no_plan(claim)
            if claim.x is None:
                break
            found = self._refine(build, formulation, claim)
            if best is None or self._sign * found.value > self._sign * best.value:
                best = found
            self._tell("search", self._sign * best.value)
            if self._stopped is not None or self._met(best.value):
                break
            self._tightness /= 4
            grid = _touch(_touch(found.formulation.grid, found.formulation, found.x), formulation, claim.x)
            if grid.size == formulation.grid.size:
                if self._strict:
                    break
                # Nothing new to touch: a choice of 1e-8 may carry what the value misses, so look more closely once.
                self._strict = True
            formulation = build(grid)
            start = carry(best.x, best.formulation, formulation)
        if best is None:
            raise no_plan(claim)
        return self._close(best)

    def _relax(self, build: Build, formulation: Formulation) -> tuple[Formulation, Floats | None]:
        """Refine the relaxation, and guess choices from it; a limit ends it early."""
        now = time.monotonic()
        enough = now + RELAXATION_SHARE * (self._until - now)
        start: Floats | None = None
        for _ in range(REFINE_ROUNDS):
            claim = self._run(formulation, _Step("relaxation", relaxed=True))
            if claim.x is None:
                if claim.limit not in (None, Limit.INTERRUPT):
                    break
                raise no_plan(claim)
            self._bound = min(self._bound, claim.bound)
            self._tell("relaxation", -np.inf)
            start = guess(formulation, claim.x)
            tolerance = max(RELAXATION_TOLERANCE, self._options.relative_gap / 10) * goal(formulation, claim.value)
            late = self._stopped is not None or time.monotonic() > enough
            if late or excesses(formulation, claim.x).total <= tolerance:
                break
            formulation = build(_touch(formulation.grid, formulation, claim.x, tolerance))
        if start is not None and len(start) != formulation.num_cols:
            start = None
        return formulation, start

    def _refine(self, build: Build, formulation: Formulation, claim: Claim | None) -> Found:
        """Fix the choices of a claim and refine: the best money for them, on the curves themselves.

        Without a claim there are no choices, and what is refined is the problem itself.
        """
        step = _Step("search")
        x: Floats | None = None
        if claim is not None and claim.x is not None:
            x = claim.x
            step = _Step("polish", fixed=choices(x, formulation))
        for _ in range(REFINE_ROUNDS):
            run = self._run(formulation, step)
            if run.x is None:
                if x is None:
                    raise no_plan(run)
                break
            x = run.x
            if claim is None and not step.lift:
                # A lifted target is more than was asked, so its bound is none.
                self._bound = min(self._bound, run.bound)
                self._tell("search", -np.inf)
            tolerance = self._options.relative_gap * self._tightness * goal(formulation, run.value)
            missing = shortfalls(formulation, x)
            tight = excesses(formulation, x).total <= tolerance
            if tight and not missing and claim is None and not step.lift and not self._met(worth(formulation, x)):
                # The excess of outcomes can weigh more in the objective than one for one, as with least money.
                tight, self._tightness = False, self._tightness / 4
            if self._stopped is not None or (tight and not missing):
                break
            old, formulation = (
                formulation,
                formulation if tight else build(_touch(formulation.grid, formulation, x, tolerance)),
            )
            x = carry(x, old, formulation)
            step = replace(
                step,
                # On a coarse grid most of what is missing is the excess of the tangents, which refining takes away.
                lift=_sum(step.lift, missing) if tight else step.lift,
                fixed=None if step.fixed is None else carry(step.fixed, old, formulation),
            )
        return self._found(formulation, x)

    def _found(self, formulation: Formulation, x: Floats | None) -> Found:
        if x is None:
            raise AssertionError("refining ends with a point or raises")
        whole = formulation.rounded(x)
        money = to_units(formulation, whole)
        return Found(formulation, whole, money, point_value(formulation, whole, money), np.inf, None)

    def _close(self, best: Found) -> Found:
        """Put the bound to the incumbent, and the limit only if the gap was not reached."""
        limit = None if self._met(best.value) else self._stopped or Limit.ITERATIONS
        self._tell("search", self._sign * best.value)
        return replace(best, bound=self._sign * self._bound, limit=limit)

    def _met(self, value: float) -> bool:
        signed = self._sign * value
        return self._bound <= signed or relative_gap(signed, self._bound) <= max(self._options.relative_gap, NOISE)

    def _run(self, formulation: Formulation, step: _Step) -> Claim:
        program = to_program(formulation)
        for name, lift in step.lift.items():
            rows = formulation.row_positions(name)
            program.row_lower[rows] += lift
            program.row_upper[rows] -= lift
        scaling = choose_scaling(formulation, program)
        program = scaling.scale(program)
        program = program.relaxed() if step.relaxed else program
        program = program if step.fixed is None else program.fixed(scaling.point(step.fixed))
        is_mip = bool(program.integer.any())
        options = self._limits(is_mip)
        start = None if step.start is None else scaling.point(step.start)
        # HiGHS 1.16 has been seen to call a start optimal at a value 20 % from its own bound, so "optimal" with an open
        # gap is run again without the start, then without presolve.
        for attempt in (_Attempt(start, options), _Attempt(None, options), _Attempt(None, options.without_presolve())):
            claim = self._runner.run(
                program, attempt.options, attempt.start, lambda s: self._hear(step, s, scaling.objective)
            )
            self._record(formulation, step, scaling.unscale(claim), attempt.options)
            if claim.limit in (Limit.TIME, Limit.INTERRUPT):
                # What has stopped one run leaves the others a moment; Ctrl-C ends all stages.
                self._stopped = self._stopped or claim.limit
                self._until = time.monotonic()
                if claim.limit is Limit.INTERRUPT:
                    self._deadline = self._until
            if not claim.contradicts(options.mip_rel_gap):
                break
        if step.name == "search" and self._doubtful(scaling.unscale(claim), options):
            off = options.without_presolve()
            other = self._runner.run(program, off, start, lambda s: self._hear(step, s, scaling.objective))
            self._record(formulation, step, scaling.unscale(other), off)
            claim = claim.weaker(other)
        if claim.x is not None:
            check_point(program, claim.x)
        return scaling.unscale(claim)

    def _limits(self, is_mip: bool) -> HighsOptions:
        return HighsOptions(
            time_limit=max(self._until - time.monotonic(), 0.05),
            mip_rel_gap=self._options.relative_gap / 4,
            threads=self._options.threads,
            random_seed=self._options.seed,
            presolve=self._presolve,
            feasibility_tolerance=1e-7 if is_mip and not self._strict else 1e-9,
        )

    def _doubtful(self, claim: Claim, options: HighsOptions) -> bool:
        """Tell whether a quick "optimal" is worth a second opinion.

        It is where it is below what is held, or far below the relaxation. Presolve of HiGHS 1.16 has been seen to cut
        off the optimum of a model with tiny pieces; without presolve the same model came out right.
        """
        if claim.reason is not Reason.OPTIMAL or options.presolve == "off":
            return False
        below = claim.bound < self._value - 1e-6 * abs(self._value)
        far = np.isfinite(self._bound) and claim.bound < self._bound - DOUBT * abs(self._bound)
        return below or (far and claim.seconds <= DOUBT_S)

    def _record(self, formulation: Formulation, step: _Step, claim: Claim, options: HighsOptions) -> None:
        whole = 0 if step.relaxed else int(formulation.integer.sum())
        if step.fixed is not None:
            whole -= int(np.isfinite(step.fixed).sum())
        size = (formulation.num_rows, formulation.num_cols, whole)
        self.records.append(SolverRun(step.name, *size, claim.reason, claim.seconds, claim.nodes, claim.bound, options))

    def _hear(self, step: _Step, sighting: Sighting, factor: float) -> None:
        if step.name == "search":
            # Only what comes with a point counts: HiGHS logs a primal bound before it holds one.
            value = sighting.value / factor if sighting.x is not None else -np.inf
            self._tell(step.name, -np.inf, sighting.bound / factor, value)

    def _tell(self, step: str, value: float, bound: float = np.inf, claimed: float = -np.inf) -> None:
        """Tell the listener the best value and bound so far.

        ``bound`` and ``claimed`` are those of a run still going; ``claimed`` stands on tangents, so it is shown only
        until a value on the curves is known.
        """
        self._value = max(self._value, value)
        self._claimed = max(self._claimed, claimed)
        bound = min(self._bound, bound)
        if self._listen is None:
            return
        best = self._value if np.isfinite(self._value) else min(self._claimed, bound)
        shown = [self._sign * v if np.isfinite(v) else None for v in (best, bound)]
        self._listen(Progress(time.monotonic() - self._began, shown[0], shown[1], step))


def _touch(grid: Grid, formulation: Formulation, x: Floats, tolerance: float = 0.0) -> Grid:
    """Add tangents to a grid where a point of a formulation stands off its curves."""
    found = excesses(formulation, x)
    chosen = found.excess > tolerance / (10 * max(len(found.which), 1))
    return grid.refine(found.which[chosen], found.arg[chosen])


def _sum(first: Lifts, second: Lifts) -> Lifts:
    return {name: first.get(name, 0.0) + second.get(name, np.zeros(1)) for name in {**first, **second}}
