"""What is known of two optima, and the numbers between which their difference lies."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum

from clusteropt.plan.certificate import Proof

ROOM = 1e-6
"""A bound this far below a value, relative to it, is within the tolerances of a solver."""


class Way(StrEnum):
    """How an end of a bracket was found.

    ``plan``: from the plan at hand alone. ``free``: nothing can get worse, whatever the optimum is. ``kept``: the
    choices of the plan were kept and its money optimised again. ``solved``: the changed problem was solved again.
    ``prices``: the prices of the certificate bound the changed problem. ``unknown``: nothing is known.
    """

    PLAN = "plan"
    FREE = "free"
    KEPT = "kept"
    SOLVED = "solved"
    PRICES = "prices"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class End:
    """One end of a bracket.

    Parameters
    ----------
    value : float
        The number; infinite where nothing is known.
    way : Way
        How it was found.
    proof : Proof
        What stands behind the bound in it.
    """

    value: float
    way: Way
    proof: Proof


@dataclass(frozen=True, slots=True)
class Bracket:
    """Two numbers with the true one between them.

    Parameters
    ----------
    low, high : End
        The true number is at least ``low.value`` and at most ``high.value``.
    """

    low: End
    high: End

    def times(self, factor: float) -> Bracket:
        """Give the bracket of a positive multiple."""
        return Bracket(*(replace(end, value=end.value * factor) for end in (self.low, self.high)))

    def __contains__(self, number: float) -> bool:
        return self.low.value <= number <= self.high.value


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an optimum, of a maximisation (least money: of minus money).

    Parameters
    ----------
    value : float
        A plan reaches this; -inf where none is at hand.
    reached : Way
        How that plan was found.
    bound : float
        No plan exceeds this; inf where nothing is known.
    bounded : Way
        How the bound was found.
    proof : Proof
        What stands behind the bound.
    """

    value: float
    reached: Way
    bound: float
    bounded: Way
    proof: Proof

    def tighter(self, other: Known) -> Known:
        """Join what two ways have found of one optimum: the better plan and the smaller bound."""
        plan = other if other.value > self.value else self
        bound = other if other.bound < self.bound else self
        return replace(bound, value=plan.value, reached=plan.reached)

    def at_least(self, value: float) -> Known:
        """Add the plan at hand; a bound below it is raised to it within tolerances, else dropped as false."""
        known = self if self.value >= value else replace(self, value=value, reached=Way.PLAN)
        if known.bound >= known.value:
            return known
        if known.value - known.bound <= ROOM * max(1e-9, abs(known.value)):
            return replace(known, bound=known.value)
        return replace(UNKNOWN, value=known.value, reached=known.reached)


UNKNOWN = Known(-math.inf, Way.UNKNOWN, math.inf, Way.UNKNOWN, Proof.CLAIMED)
"""Nothing is known."""


def difference(better: Known, worse: Known, free: bool) -> Bracket:
    """Give the bracket of the better optimum less the worse one.

    low = value of the better - bound of the worse, high = bound of the better - value of the worse.

    Parameters
    ----------
    better, worse : Known
        What is known of both.
    free : bool
        Whether every plan of the worse problem is one of the better, so that the difference is never negative.
    """
    low = _end(better.value - worse.bound, (better.reached, worse.bounded), worse.proof)
    high = _end(better.bound - worse.value, (better.bounded, worse.reached), better.proof)
    if free and low.value <= 0:
        low = End(0.0, Way.FREE, Proof.EXACT)
    if free and high.value < 0:
        high = replace(high, value=0.0)
    return Bracket(low, high)


def _end(value: float, ways: tuple[Way, Way], proof: Proof) -> End:
    # One of the two problems is that of the plan; how the other was looked at is what tells.
    way = next((way for way in ways if way is not Way.PLAN), Way.PLAN)
    return End(value, way if math.isfinite(value) else Way.UNKNOWN, proof)
