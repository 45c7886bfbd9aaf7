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
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.errors import InfeasibleError, NoIncumbentError, SolverFaultError, UnboundedError
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.outcome import evaluate, marginal, objective_value
from clusteropt.solve.claim import Claim, HighsOptions, Limit, Progress, Reason, relative_gap
from clusteropt.solve.scaling import choose_scaling, to_program
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.grid import Grid
    from clusteropt.solve.highs import Sighting
    from clusteropt.solve.program import Program
    from clusteropt.solve.runner import Runner

    Build = Callable[[Grid], Formulation]

RELAXATION_ROUNDS = 25
SEARCH_ROUNDS = 20
RELAXATION_TOLERANCE = 1e-5
"""The relaxation is tight enough for the search at this relative excess; finer points come with the incumbent."""
FAULT_TOLERANCE = 1e-5
"""A point that breaks a row by more than this, relative to the row, is a fault of the solver."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run of HiGHS as it is written into the plan."""

    step: str
    rows: int
    cols: int
    whole: int
    reason: Reason
    seconds: float
    nodes: int
    bound: float
    options: HighsOptions


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
        The objective of the incumbent on the curves themselves.
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


class Search:
    """One outer approximation with its deadline, its records and its listener.

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
    """

    def __init__(self, runner: Runner, options: SolveOptions, deadline: float,
                 listen: Callable[[Progress], None] | None = None) -> None:  # fmt: skip
        self.runner = runner
        self.options = options
        self.deadline = deadline
        self.listen = listen
        self.began = time.monotonic()
        self.records: list[RunRecord] = []
        self.sign = 1.0
        self.value: float | None = None
        self.bound: float | None = None

    def best(self, build: Build, grid: Grid) -> Found:
        """Find the best allocation of a family of formulations.

        Parameters
        ----------
        build : callable
            Gives the formulation on a grid.
        grid : Grid
            The first grid.

        Raises
        ------
        InfeasibleError, UnboundedError, NoIncumbentError, SolverFaultError
            If there is no incumbent to return.
        """
        formulation = build(grid)
        self.sign = 1.0 if formulation.maximise else -1.0
        self.value = self.bound = None
        if not formulation.integer.any():
            return self._polish(build, formulation, None, np.inf)
        self.bound = np.inf
        grid = self._relax(build, formulation)
        return self._rounds(build, grid)

    def _rounds(self, build: Build, grid: Grid) -> Found:
        best: Found | None = None
        for _ in range(SEARCH_ROUNDS):
            formulation = build(grid)
            start = None if best is None else carry(best.x, best.formulation, formulation)
            claim = self._run(formulation, "search", start=start)
            self.bound = min(self.bound if self.bound is not None else np.inf, claim.bound)
            if claim.x is None:
                if best is None:
                    raise no_plan(claim)
                return self._close(best, claim.limit)
            found = self._polish(build, formulation, claim, self.bound)
            if best is None or found.value * self.sign > best.value * self.sign:
                best = found
            self._tell("search", best.value, self.bound)
            if claim.limit is not None or self._met(best.value):
                return self._close(best, claim.limit)
            grid = self._touched(found.formulation, found.x, 0.0)[0]
            grid = self._touched_by(grid, formulation, claim.x)
        return self._close(best, Limit.ITERATIONS) if best is not None else self._never()

    def _never(self) -> Found:
        raise AssertionError("the first round returns or sets the incumbent")

    def _close(self, best: Found, limit: Limit | None) -> Found:
        bound = self.sign * (self.bound if self.bound is not None else np.inf)
        limit = None if self._met(best.value) else limit or Limit.ITERATIONS
        return Found(best.formulation, best.x, best.money, best.value, bound, limit)

    def _met(self, value: float) -> bool:
        bound = self.bound if self.bound is not None else np.inf
        signed = self.sign * value
        return bound <= signed or relative_gap(signed, bound) <= self.options.relative_gap

    def _relax(self, build: Build, formulation: Formulation) -> Grid:
        """Refine the relaxation; a limit ends it early and the search starts from what there is."""
        for _ in range(RELAXATION_ROUNDS):
            claim = self._run(formulation, "relaxation", relaxed=True)
            if claim.x is None:
                if claim.reason is Reason.NO_SOLUTION:
                    break
                raise no_plan(claim)
            self.bound = min(self.bound if self.bound is not None else np.inf, claim.bound)
            self._tell("relaxation", None, self.bound)
            tolerance = max(RELAXATION_TOLERANCE, self.options.relative_gap / 10) * abs(claim.value)
            grid, excess = self._touched(formulation, claim.x, tolerance)
            if excess <= tolerance:
                break
            formulation = build(grid)
        return formulation.grid

    def _polish(self, build: Build, formulation: Formulation, claim: Claim | None, bound: float) -> Found:
        """Fix the choices of a claim and refine: the best money for them, on the curves themselves."""
        fixed = None if claim is None or claim.x is None else choices(claim.x, formulation)
        step = "search" if claim is None else "polish"
        lift, limit = 0.0, None
        x = None if claim is None else claim.x
        for _ in range(RELAXATION_ROUNDS):
            run = self._run(formulation, step, fixed=fixed, lift=lift)
            limit = run.limit
            if run.x is None:
                if x is None:
                    raise no_plan(run)
                break
            x = run.x
            if claim is None:
                self.bound = min(self.bound if self.bound is not None else np.inf, run.bound)
                self._tell("search", None, self.bound)
            tolerance = self.options.relative_gap / 20 * abs(run.value)
            grid, excess = self._touched(formulation, x, tolerance)
            missing = shortfall(formulation, x)
            if excess <= tolerance and missing <= 0:
                break
            lift += max(missing, 0.0)
            if limit is not None:
                break
            old, formulation = formulation, build(grid) if excess > tolerance else formulation
            fixed = None if fixed is None else carry(fixed, old, formulation)
            x = x if len(x) == formulation.num_cols else carry(x, old, formulation)
        whole = np.where(formulation.integer, np.round(x), x)
        money = to_units(formulation, whole)
        value = point_value(formulation, whole, money)
        if claim is None:
            self._tell("search", value, self.bound)
            done = Found(formulation, whole, money, value, 0.0, None)
            return self._close(done, limit)
        return Found(formulation, whole, money, value, bound, limit)

    def _run(self, formulation: Formulation, step: str, *, start: Floats | None = None,
             fixed: Floats | None = None, relaxed: bool = False, lift: float = 0.0) -> Claim:  # fmt: skip
        program = to_program(formulation)
        for name in ("target", "floor"):
            program.row_lower[formulation.row_positions(name)] += lift
        scaling = choose_scaling(formulation, program)
        program = scaling.scale(program)
        if relaxed:
            program = program.relaxed()
        if fixed is not None:
            program = program.fixed(fixed)
        is_mip = bool(program.integer.any())
        options = HighsOptions(
            time_limit=max(self.deadline - time.monotonic(), 0.05),
            mip_rel_gap=self.options.relative_gap / 4,
            threads=self.options.threads,
            random_seed=self.options.seed,
            feasibility_tolerance=1e-7 if is_mip else 1e-9,
        )
        begin = None if start is None else scaling.point(start)
        claim = scaling.unscale(
            self.runner.run(program, options, begin, lambda s: self._hear(step, s, scaling.objective))
        )
        self._record(step, formulation, claim, options, int(program.integer.sum()))
        if claim.x is not None:
            _check(program, scaling.point(claim.x))
        return claim

    def _record(self, step: str, formulation: Formulation, claim: Claim, options: HighsOptions, whole: int) -> None:
        size = (formulation.num_rows, formulation.num_cols)
        self.records.append(
            RunRecord(step, *size, whole, claim.reason, claim.seconds, claim.nodes, claim.bound, options)
        )

    def _hear(self, step: str, sighting: Sighting, factor: float) -> None:
        if step != "search":
            return
        bound = sighting.bound / factor
        value = sighting.value / factor if np.isfinite(sighting.value) else None
        if self.bound is not None:
            bound = min(bound, self.bound)
        self._tell(step, None if value is None else self.sign * value, bound)

    def _tell(self, step: str, value: float | None, bound: float | None) -> None:
        if value is not None and (self.value is None or value * self.sign > self.value * self.sign):
            self.value = value
        if self.listen is not None:
            shown = self.sign * bound if bound is not None and np.isfinite(bound) else None
            self.listen(Progress(time.monotonic() - self.began, self.value, shown, step))

    def _touched(self, formulation: Formulation, x: Floats, tolerance: float) -> tuple[Grid, float]:
        """Add tangents where the point stands; give the grid and the excess of the old one at the point."""
        grid = formulation.grid
        which, arg, excess = excesses(formulation, x)
        threshold = tolerance / (10 * max(len(which), 1))
        chosen = excess > threshold
        return grid.refine(which[chosen], arg[chosen]), float(excess.sum())

    def _touched_by(self, grid: Grid, formulation: Formulation, x: Floats) -> Grid:
        which, arg, excess = excesses(formulation, x)
        return grid.refine(which[excess > 0], arg[excess > 0])


def excesses(formulation: Formulation, x: Floats) -> tuple[Ints, Floats, Floats]:
    """Give, for every curve in use at a point, its argument and the weighted excess of its tangents there.

    A choice between 0 and 1 in a relaxation scales its curve: the argument is the stock over the choice.
    """
    grid, curves = formulation.grid, formulation.grid.curves
    arg = formulation.argument @ x
    gate = np.ones(curves.num)
    space = formulation.space
    gated = space.gated[curves.cells] & ~space.dynamic[curves.cells]
    on = formulation.columns.on[curves.cells] @ x
    gate[: len(curves.cells)] = np.where(gated, on, 1.0)
    alive = (gate > 1e-6) & (arg > 0)
    arg = np.minimum(arg / np.where(alive, gate, 1.0), curves.reach)
    slope, intercept = grid.tangents()
    above = slope * arg[grid.curve_of_point] + intercept
    envelope = np.minimum.reduceat(above, grid.start[:-1]) if len(above) else np.zeros(0)
    which = np.flatnonzero(alive)
    excess = (envelope[which] - curves.value(which, arg[which])) * gate[which] * curves.weight[which]
    return which, arg[which], np.maximum(excess, 0.0)


def to_units(formulation: Formulation, x: Floats) -> Floats:
    """Give the money of every flow at a point in whole units, not rounded, never negative."""
    money = formulation.columns.flow @ x[: formulation.columns.num]
    return np.maximum(money * formulation.problem.money.per_printed, 0.0)


def point_value(formulation: Formulation, x: Floats, money: Floats) -> float:
    """Give the objective of a point on the curves themselves, for the stage the formulation is of."""
    if formulation.own_objective:
        return float(formulation.cost @ x)
    outcome = evaluate(formulation.space, money)
    if formulation.row_positions("floor").size:
        return outcome.total
    value = objective_value(formulation.space, money, outcome)
    if formulation.problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        return value / formulation.problem.money.per_printed
    return value


def shortfall(formulation: Formulation, x: Floats) -> float:
    """Give what is missing on the curves to the target or the floor of a formulation; at most 0 if nothing is.

    For a target it includes what rounding each flow down by one unit could cost.
    """
    space, problem = formulation.space, formulation.problem
    if problem.objective.kind is ObjectiveKind.LEAST_MONEY and not formulation.own_objective:
        money = to_units(formulation, x)
        margin = float(marginal(space, money)[money > 0].clip(min=0).sum())
        missing = (problem.objective.target or 0.0) + margin - evaluate(space, money).total
        return missing if missing > 1e-12 * abs(problem.objective.target or 0.0) else 0.0
    floor = formulation.row_positions("floor")
    if not floor.size:
        return 0.0
    money = to_units(formulation, x)
    wanted = float(formulation.row_lower[floor[0]])
    missing = wanted - objective_value(space, money, evaluate(space, money))
    return missing if missing > 1e-8 * abs(wanted) else 0.0


def no_plan(claim: Claim) -> Exception:
    """Give the error that says why a claim has no incumbent."""
    said = claim.detail
    if claim.reason is Reason.INFEASIBLE or claim.reason is Reason.INFEASIBLE_OR_UNBOUNDED:
        return InfeasibleError(
            Text(f"No plan obeys all rules (HiGHS claims: {said}). Loosen a floor, a lock or a count, or add money.",
                 f"没有方案能同时满足所有规则(HiGHS 称:{said})。请放宽下限、锁定或数量规则,或增加资金。")  # fmt: skip
        )
    if claim.reason is Reason.UNBOUNDED:
        return UnboundedError(
            Text(f"The value has no limit (HiGHS claims: {said}). A constraint of your own is missing.",
                 f"目标值无上界(HiGHS 称:{said})。缺少约束。")  # fmt: skip
        )
    if claim.reason is Reason.NO_SOLUTION:
        return NoIncumbentError(
            Text(f"The {claim.limit} limit came before the first incumbent, so there is no plan. Allow more time.",
                 f"在找到第一个可行方案之前已达到限制({claim.limit}),因此没有方案。请增加时间。")  # fmt: skip
        )
    return SolverFaultError(
        Text(f"HiGHS failed (status: {said}). Solve again with another seed; if it happens twice, please report it.",
             f"HiGHS 求解失败(状态:{said})。请换一个随机种子重试;若再次发生,请报告。")  # fmt: skip
    )


def choices(x: Floats, formulation: Formulation) -> Floats:
    """Give the choices of a point, NaN elsewhere; the binaries of harmful pieces follow from money, not choice."""
    kept = np.where(formulation.integer, np.round(x), np.nan)
    harm = formulation.columns.block("harm_full")
    if harm is not None:
        kept[harm.positions] = np.nan
    return kept


def carry(x: Floats, old: Formulation, new: Formulation) -> Floats:
    """Carry a point to a formulation on a finer grid; NaN for the pieces of harmful cells, which are others now."""
    if old.num_cols == new.num_cols:
        return x
    carried = np.full(new.num_cols, np.nan)
    for block in old.columns.blocks:
        match = new.columns.block(block.name)
        if match is not None and len(match.keys) == len(block.keys):
            carried[match.positions] = x[block.positions]
    return carried


def _check(program: Program, x: Floats) -> None:
    worst = program.violation(x)
    if worst > FAULT_TOLERANCE:
        raise SolverFaultError(
            Text(f"HiGHS returned a point that breaks its own model by {worst:.1e}. Solve again with another seed.",
                 f"HiGHS 返回的解违反其自身模型 {worst:.1e}。请换一个随机种子重试。")  # fmt: skip
        )
