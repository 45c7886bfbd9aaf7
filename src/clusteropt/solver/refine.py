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
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.solver.alike import merge_alike
from clusteropt.solver.claim import Claim, HighsOptions, Limit, Progress, Reason, SolverRun, relative_gap
from clusteropt.solver.core import beaten
from clusteropt.solver.hearing import Task
from clusteropt.solver.judging import BOUND_ROOM, Held
from clusteropt.solver.points import (
    carry,
    choices,
    excesses,
    finest,
    goal,
    guess,
    point_value,
    shortfalls,
    to_units,
    worth,
)
from clusteropt.solver.reduced import reduce_program
from clusteropt.solver.refusal import no_plan
from clusteropt.solver.scaling import choose_scaling, to_program
from clusteropt.solver.steps import NOISE, REDUCED, Step, enough, is_rough, joined, touch

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.errors import NoPlanError
    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Floats
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.grid import Grid
    from clusteropt.solver.core import Priced, Rest
    from clusteropt.solver.guard import Guard
    from clusteropt.solver.highs import Sighting
    from clusteropt.solver.reduced import Reduced
    from clusteropt.solver.scaling import Scaling

    Build = Callable[[Grid], Formulation]

REFINE_ROUNDS = 25
SEARCH_ROUNDS = 500
"""No count of rounds should end a search before its deadline; this one only ends an endless loop."""
RELAXATION_SHARE = 0.3
"""The part of its time that a search spends on the relaxation at most: the rest is for an incumbent."""
RELAXATION_TOLERANCE = 1e-6
"""The relaxation is tight enough for the search at this relative excess; finer points come with the incumbent."""
PINNED_SHARE = 0.2
"""Where most columns are pinned, what is missing on curves is left at this part of the gap."""
FINE = 1e-6
"""Where a choice may carry less than this part of its most, the search looks closely from the start."""
FEW_WHOLE = 0.35
"""Up to this share of whole columns, such as programmes beside money over years, HiGHS is told to branch at once."""


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
    short : bool
        Whether the money misses what a row asks of outcomes, so that it reaches that on tangents alone; or whether no
        money goes with the choices, so that they carry it by tolerances alone.
    priced : Priced or None
        The prices that gave the bound, where a core was searched.
    """

    formulation: Formulation
    x: Floats
    money: Floats
    value: float
    bound: float
    limit: Limit | None
    short: bool = False
    priced: Priced | None = None


class Search:
    """One outer approximation with its deadline, its records and its listener.

    Values and bounds inside are of a maximisation: ``sign`` times those of the problem.

    Parameters
    ----------
    guard : Guard
        Runs programs.
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
        guard: Guard,
        options: SolveOptions,
        deadline: float,
        listen: Callable[[Progress], None] | None = None,
        presolve: str = "on",
    ) -> None:
        self.records: list[SolverRun] = []
        self.guard = guard
        self.options = options
        self._deadline = deadline
        self._until = deadline
        self._stopped: Limit | None = None
        self._strict = False
        self._listen = listen
        self._presolve = presolve
        self._began = time.monotonic()
        self._sign, self._value, self._claimed, self._bound = 1.0, -np.inf, -np.inf, np.inf
        self._bounding: tuple[Formulation, Step] | None = None
        self._tightness = 0.05
        self._rest: tuple[Found, Formulation, Rest | None] | None = None

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
        return self._by_whole(build, self._begin(build, grid, share))

    def _by_whole(self, build: Build, formulation: Formulation) -> Found:
        """Search the whole from its relaxation, or refine it where nothing is chosen."""
        if formulation.integer.any():
            return self._alternate(build, *self._relax(build, formulation))
        found = self._refine(build, formulation, None)
        self._doubt_bound(found)
        return self._close(found)

    def _begin(self, build: Build, grid: Grid, share: float) -> Formulation:
        """Forget what the last stage has shown, and give the first formulation of this one."""
        now = time.monotonic()
        self._until = now + share * max(self._deadline - now, 0.0)
        self._stopped = self._stopped if self._stopped is Limit.INTERRUPT else None
        formulation = build(grid)
        self._strict = finest(formulation) < FINE
        self._sign = 1.0 if formulation.maximise else -1.0
        self._value, self._claimed, self._tightness = -np.inf, -np.inf, 0.05
        self._bound, self._bounding, self._rest = np.inf, None, None
        return formulation

    def _beaten(self, priced: Priced | None, formulation: Formulation, best: Found | None) -> Rest | None:
        """Give what all plans better than the best have in common; None where nothing is known."""
        if priced is None or best is None or best.short:
            return None
        if self._rest is None or self._rest[0] is not best or self._rest[1] is not formulation:
            self._rest = best, formulation, beaten(priced, formulation, best.value)
        return self._rest[2]

    def _alternate(
        self, build: Build, formulation: Formulation, start: Floats | None, best: Found | None = None,
        priced: Priced | None = None,
    ) -> Found:  # fmt: skip
        """Search for choices, refine their money, and go on with what both have shown."""
        for _ in range(SEARCH_ROUNDS):
            rest, closely = self._beaten(priced, formulation, best), self._strict
            step = Step("search", start=start, held=start, fixed=None if rest is None else rest.fixed, rest=rest)
            claim = self._run(formulation, step)
            self._take_bound(claim, formulation, step)
            if claim.x is None and best is None:
                raise self._refusal(claim)
            if claim.x is None:
                break
            found = self._refine(build, formulation, claim)
            self._doubt_bound(found)
            best = found if best is None else self._better(best, found)
            self._tell("search", self._worth(best))
            if self._stopped is not None or self._met(best):
                break
            self._tightness /= 4
            grid = touch(touch(found.formulation.grid, found.formulation, found.x), formulation, claim.x)
            if grid.size == formulation.grid.size:
                if closely:
                    break
                # Nothing new to touch: a choice of 1e-8 may carry what the value misses, so look more closely once.
                self._strict = True
            formulation = build(grid)
            start = carry(best.x, best.formulation, formulation)
        if best is None:
            raise self._refusal(claim)
        return self._close(best)

    def _relax(self, build: Build, formulation: Formulation) -> tuple[Formulation, Floats | None]:
        """Refine the relaxation, and guess choices from it; a limit, or a fault that no run settles, ends it early."""
        now = time.monotonic()
        enough = now + RELAXATION_SHARE * (self._until - now)
        start: Floats | None = None
        for _ in range(REFINE_ROUNDS):
            step = Step("relaxation", relaxed=True)
            claim = self._run(formulation, step)
            if claim.x is None:
                # A relaxation only helps: the search can do without where no run of it can be right.
                if claim.limit not in (None, Limit.INTERRUPT) or claim.reason is Reason.ERROR:
                    break
                raise self._refusal(claim)
            self._take_bound(claim, formulation, step)
            self._tell("relaxation", -np.inf)
            start = guess(formulation, claim.x)
            tolerance = max(RELAXATION_TOLERANCE, self.options.relative_gap / 10) * goal(formulation, claim.value)
            late = self._stopped is not None or time.monotonic() > enough
            if late or excesses(formulation, claim.x).total <= tolerance:
                break
            formulation = build(touch(formulation.grid, formulation, claim.x, tolerance))
        if start is not None and (len(start) != formulation.num_cols or not np.isfinite(start).any()):
            # A start that says nothing is none: HiGHS would search for all that is missing.
            start = None
        return formulation, start

    def _refine(
        self, build: Build, formulation: Formulation, claim: Claim | None, pinned: Floats | None = None
    ) -> Found:
        """Fix the choices of a claim and refine: the best money for them, on the curves themselves.

        Without a claim there are no choices, and what is refined is the problem itself. Where columns are pinned, the
        rest is refined only so far that what is missing is little beside the gap: the next neighbourhood takes it up.
        """
        step = Step("search")
        x: Floats | None = None
        if claim is not None and claim.x is not None:
            x = claim.x
            if formulation.integer.all() and not formulation.grid.curves.num:
                # Nothing is left to refine.
                return self._found(formulation, x)
            step = _polishing(formulation, x, pinned)
        for number in range(REFINE_ROUNDS):
            run = self._run(formulation, step)
            if run.x is None:
                if x is None:
                    raise self._refusal(run)
                if not number and run.reason is Reason.INFEASIBLE:
                    # A choice of 1e-8 carried a unit of money that some rule needs: look more closely.
                    self._strict = True
                    return replace(self._found(formulation, x), short=True)
                break
            x = run.x if x is None or self._stopped is None else self._last(formulation, x, run.x)
            if step.entire:
                # A lifted target is more than was asked, so its bound is none.
                self._take_bound(run, formulation, step)
                self._tell("search", -np.inf)
            tolerance = self._tolerance(formulation, x, run, pinned)
            missing = shortfalls(formulation, x)
            tight = excesses(formulation, x).total <= tolerance
            if (
                tight
                and not missing
                and claim is None
                and not step.lift
                and not self._reached(self._sign * worth(formulation, x))
            ):
                # The excess of outcomes can weigh more in the objective than one for one, as with least money.
                tight, self._tightness = False, self._tightness / 4
            met = claim is not None and step.entire and self._reached(self._sign * worth(formulation, x))
            if self._stopped is not None or ((tight or met) and not missing):
                break
            old = formulation
            if not tight:
                formulation = build(touch(formulation.grid, formulation, x, tolerance, closely=True))
            x = carry(x, old, formulation)
            step = replace(
                step,
                held=x,
                # On a coarse grid most of what is missing is the excess of the tangents, which refining takes away.
                lift=joined(step.lift, missing) if tight else step.lift,
                fixed=None if step.fixed is None else carry(step.fixed, old, formulation),
            )
        return self._found(formulation, x)

    def _tolerance(self, formulation: Formulation, x: Floats, run: Claim, pinned: Floats | None) -> float:
        """Give how far the tangents may exceed the curves together where what was found is refined enough."""
        tolerance = self.options.relative_gap * self._tightness * goal(formulation, run.value)
        if pinned is None or formulation.problem.objective.kind is ObjectiveKind.LEAST_MONEY:
            # Least money is not counted in outcomes, as tangents are.
            return tolerance
        excess = excesses(formulation, x).total
        return max(tolerance, PINNED_SHARE * (self._bound - run.value + excess))

    def _last(self, formulation: Formulation, before: Floats, after: Floats) -> Floats:
        """Give the point of a run that was stopped, unless the one before it misses nothing and is worth more."""
        was, now = (self._sign * worth(formulation, formulation.rounded(x)) for x in (before, after))
        return before if was > now and not shortfalls(formulation, before) else after

    def _found(self, formulation: Formulation, x: Floats | None) -> Found:
        if x is None:
            raise AssertionError("refining ends with a point or raises")
        whole = formulation.rounded(x)
        money = to_units(formulation, whole)
        value, short = point_value(formulation, whole, money), bool(shortfalls(formulation, whole))
        return Found(formulation, whole, money, value, np.inf, None, short)

    def _close(self, best: Found) -> Found:
        """Put the bound to the incumbent, and the limit only if the gap was not reached."""
        limit = None if self._met(best) else self._stopped or Limit.ITERATIONS
        self._tell("search", self._worth(best))
        return replace(best, bound=self._sign * self._bound, limit=limit)

    def _worth(self, found: Found) -> float:
        """Give the signed value; nothing where the point misses what is asked, for then its value proves nothing."""
        return -np.inf if found.short else self._sign * found.value

    def _better(self, best: Found, found: Found) -> Found:
        """Give the better of two; where both miss what is asked, the one that seems better."""
        if best.short and found.short:
            return max(best, found, key=lambda one: self._sign * one.value)
        return max(best, found, key=self._worth)

    def _met(self, found: Found) -> bool:
        return not found.short and self._reached(self._sign * found.value)

    def _reached(self, signed: float) -> bool:
        return self._bound <= signed or relative_gap(signed, self._bound) <= max(self.options.relative_gap, NOISE)

    def _take_bound(self, claim: Claim, formulation: Formulation, step: Step) -> None:
        if claim.bound < self._bound:
            self._bound, self._bounding = claim.bound, (formulation, step)

    def _doubt_bound(self, found: Found) -> None:
        """Run the program with the lowest bound once more where a value at hand is above that bound."""
        self._value = max(self._value, self._worth(found))
        if self._bounding is None or self._bound >= self._value - BOUND_ROOM * abs(self._value):
            return
        (formulation, step), self._bounding = self._bounding, None
        held = carry(found.x, found.formulation, formulation)
        self._bound = self._run(formulation, replace(step, held=held)).bound

    def _refusal(self, claim: Claim) -> NoPlanError | KeyboardInterrupt:
        faults = self.guard.faults
        return no_plan(claim, faults[-1] if faults else None)

    def _run(self, formulation: Formulation, step: Step) -> Claim:
        reduced, scaling = self._program(formulation, step)
        reduced = merge_alike(reduced, formulation, step.rest)
        factor, program = scaling.objective, reduced.program
        start, held = (None if x is None else reduced.point(scaling.point(x)) for x in (step.start, step.held))
        task = Task(
            step=step.name,
            program=program,
            start=start,
            held=Held(held, self._value * factor - reduced.offset if step.entire else -np.inf),
            ceiling=self._bound * factor - reduced.offset if step.name == "search" else np.inf,
            entire=step.entire,
        )
        options = self._limits(formulation, step, reduced, factor)
        hear = lambda sighting: self._hear(step, sighting, (factor, reduced.offset))  # noqa: E731 - a hook
        guarded = self.guard.run(task, options, self._until, hear)
        for claim, used in guarded.runs:
            self._record(formulation, step, scaling.unscale(reduced.expand(claim)), used)
        if guarded.stopped is not None:
            # What has stopped one run leaves the others a moment; Ctrl-C ends all stages.
            self._stopped = self._stopped or guarded.stopped
            self._until = time.monotonic()
            if guarded.stopped is Limit.INTERRUPT:
                self._deadline = self._until
        return scaling.unscale(reduced.expand(guarded.claim))

    def _program(self, formulation: Formulation, step: Step) -> tuple[Reduced, Scaling]:
        """Give the scaled program of a step, without what is fixed, and its scaling."""
        program = to_program(formulation)
        for name, lift in step.lift.items():
            rows = formulation.row_positions(name)
            program.row_lower[rows] += lift
            program.row_upper[rows] -= lift
        if step.most is not None:
            open_ = slice(None) if step.fixed is None else np.isnan(step.fixed)
            most = np.maximum(np.minimum(program.col_upper, step.most), program.col_lower)
            program.col_upper[open_] = most[open_]
        out = step.fixed is not None and step.name in REDUCED
        scaling = choose_scaling(formulation, program, rows=not out)
        if step.fixed is not None and out:
            # What is fixed is taken out first, as it is most of a core.
            return scaling.reduced(reduce_program(program.fixed(step.fixed, scaling.col))), scaling
        program = scaling.scale(program)
        program = program.relaxed() if step.relaxed else program
        return reduce_program(
            program if step.fixed is None else program.fixed(scaling.point(step.fixed)), out=False
        ), scaling

    def _limits(self, formulation: Formulation, step: Step, reduced: Reduced, factor: float) -> HighsOptions:
        gap, target = enough(step, reduced, self.options.relative_gap, self._bound * factor, formulation)
        whole = float(reduced.program.integer.mean()) if len(reduced.program.integer) else 0.0
        return HighsOptions(
            time_limit=max(self._until - time.monotonic(), 0.05),
            mip_rel_gap=gap,
            threads=self.options.threads,
            random_seed=self.options.seed,
            presolve=self._presolve,
            feasibility_tolerance=1e-7 if whole and not self._strict else 1e-9,
            plain=0 < whole <= FEW_WHOLE,
            # A restart is for what the root has fixed: here prices have fixed it before, or the root is all there is.
            restarts=step.rest is None and not is_rough(step, formulation),
            target=target,
            nodes=step.nodes if is_rough(step, formulation) else None,
        )

    def _record(self, formulation: Formulation, step: Step, claim: Claim, options: HighsOptions) -> None:
        whole = 0 if step.relaxed else int(formulation.integer.sum())
        if step.fixed is not None:
            whole -= int(np.isfinite(step.fixed[formulation.integer]).sum())
        size = (formulation.num_rows, formulation.num_cols, whole)
        self.records.append(SolverRun(step.name, *size, claim.reason, claim.seconds, claim.nodes, claim.bound, options))

    def _hear(self, step: Step, sighting: Sighting, measure: tuple[float, float]) -> None:
        factor, offset = measure
        if step.name == "search":
            # Only what comes with a point counts: HiGHS logs a primal bound before it holds one.
            value = (sighting.value + offset) / factor if sighting.x is not None else -np.inf
            self._tell(step.name, -np.inf, (sighting.bound + offset) / factor, value)

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


def _polishing(formulation: Formulation, x: Floats, pinned: Floats | None) -> Step:
    """Give the step that keeps the choices of a point, and what is pinned, and seeks the best money for them."""
    fixed, held = choices(x, formulation), formulation.rounded(x)
    fixed = fixed if pinned is None else np.where(np.isfinite(pinned), pinned, fixed)
    if np.isfinite(fixed).any():
        return Step("polish", held=held, fixed=fixed)
    # Nothing is chosen but which pieces of harm are full: what is refined is the problem itself.
    return Step("search", held=held)
