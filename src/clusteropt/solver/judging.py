"""Judging a claim: what can be seen wrong in it without solving anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.solver.claim import Reason
from clusteropt.solver.fault import FaultKind

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats
    from clusteropt.solver.claim import Claim, HighsOptions
    from clusteropt.solver.program import Program

POINT_ROOM = 1e-5
"""A point may break a row by so much, relative to the row."""
VALUE_ROOM = 1e-9
"""A value may be off by so much, relative to the sum of the sizes of its terms."""
BOUND_ROOM = 1e-6
"""A bound this far below a value, relative to it, is within the solver's tolerances."""
NOTHING = 1e-6
"""Scaled objectives stand near a thousand; what is smaller than this is nothing there."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What is known of a program, whatever a solver says.

    Parameters
    ----------
    x : array of shape (num_cols,) or None
        A feasible point.
    value : float
        What no bound may be below.
    """

    x: Floats | None = None
    value: float = -np.inf

    def joined(self, other: Held) -> Held:
        """Give what is known from two sources: the better value, and the better point that there is."""
        first, second = (other, self) if other.value > self.value else (self, other)
        return Held(second.x if first.x is None else first.x, first.value)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong with a claim, and how much, relative to what it should be."""

    kind: FaultKind
    size: float = 0.0


def firm(program: Program, options: HighsOptions, x: Floats | None) -> Held:
    """Hold a point that keeps even the solver's own tolerance, so that no solver may deny it; else nothing."""
    # Not relative: the tolerance of HiGHS is absolute.
    if x is None or program.excess(x) > options.feasibility_tolerance:
        return Held()
    return Held(x, float(program.cost @ x))


def loose(program: Program, x: Floats | None) -> Held:
    """Hold a point of which the value counts, as it breaks nothing by more than tolerances add up to; else nothing."""
    if x is None or program.violation(x) > POINT_ROOM:
        return Held()
    return Held(x, float(program.cost @ x))


def apart(value: float, bound: float) -> float:
    """Give how far a value and a bound are apart, relative to the larger of the two."""
    if not (np.isfinite(value) and np.isfinite(bound)):
        return float("inf")
    return abs(value - bound) / max(abs(value), abs(bound), NOTHING)


def judge(program: Program, options: HighsOptions, claim: Claim, held: Held) -> Verdict | None:
    """Find what is wrong with a claim; None if nothing can be seen.

    Parameters
    ----------
    program : Program
        What was solved.
    options : HighsOptions
        How.
    claim : Claim
        What the solver says.
    held : Held
        What is known besides; its point is firm.
    """
    return judge_alone(program, claim) or judge_against(program, options, claim, held)


def judge_alone(program: Program, claim: Claim) -> Verdict | None:
    """Find what is wrong with a status or a point, whatever is known besides."""
    if claim.reason is Reason.ERROR:
        return Verdict(FaultKind.ERROR)
    if claim.x is None:
        return None
    worst = program.violation(claim.x)
    if worst > POINT_ROOM:
        return Verdict(FaultKind.BROKEN_POINT, worst)
    terms = float(abs(program.cost * claim.x).sum())
    off = abs(claim.value - float(program.cost @ claim.x))
    if off <= VALUE_ROOM * max(1.0, terms):
        return None
    return Verdict(FaultKind.WRONG_VALUE, off / max(NOTHING, terms))


def judge_against(program: Program, options: HighsOptions, claim: Claim, held: Held) -> Verdict | None:
    """Find what is wrong with an "infeasible" or a bound, beside what is held."""
    if denies(program, claim):
        return None if held.x is None else Verdict(FaultKind.FALSE_INFEASIBLE)
    return _bound(options, claim, held)


def denies(program: Program, claim: Claim) -> bool:
    """Tell whether a claim says that there is no point at all."""
    if claim.reason is Reason.INFEASIBLE_OR_UNBOUNDED:
        return bool(np.isfinite(program.box_value()))
    return claim.reason is Reason.INFEASIBLE


def _bound(options: HighsOptions, claim: Claim, held: Held) -> Verdict | None:
    value = max(claim.value, held.value)
    tells = claim.reason in (Reason.OPTIMAL, Reason.FEASIBLE, Reason.NO_SOLUTION)
    if tells and claim.bound < value - BOUND_ROOM * abs(value) - NOTHING:
        return Verdict(FaultKind.FALSE_BOUND, apart(value, claim.bound))
    room = (10 * options.mip_rel_gap + BOUND_ROOM) * abs(claim.value) + NOTHING
    if claim.reason is Reason.OPTIMAL and claim.bound - claim.value > room:
        return Verdict(FaultKind.OPEN_OPTIMUM, apart(claim.value, claim.bound))
    return None
