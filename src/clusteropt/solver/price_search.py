"""Better prices by a level method: the bound as a function of prices is convex, and every evaluation gives a plane.

The next prices are those nearest to the best so far at which all planes are at or below a level under it (Lemarechal,
Nemirovskii and Nesterov 1995, doi:10.1007/BF01585555, with a level that follows what was reached). Where no prices are
there the level is a bound of what prices can reach, and the next level is nearer. The nearest point is a problem of
least distance, which becomes one of non-negative least squares (Lawson and Hanson 1974, chapter 23).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import nnls

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.lagrangian import evaluate_prices
from clusteropt.solver.claim import relative_gap

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.problem import Floats
    from clusteropt.model.lagrangian import Dual, Evaluation
    from clusteropt.model.prices import Prices
    from clusteropt.solver.multipliers import Until

    See = Callable[[Prices, Evaluation], None]

MOST_EVALUATIONS = 300
STILL, STILL_SHARE = 1e-10, 0.02
"""Prices that promise less than this, relative to the bound or to the gap asked for, are as good as they get."""
FIRST_STEP = 0.1
"""The first level lies this share of the bound under it."""
GROW, SHRINK, PART = 2.0, 0.5, 0.6
"""How the depth of the level changes after a step that reached half of it, and after a level that nothing reaches; and
how deep it is at most, as a part of what may be left."""
MOST_PLANES = 200
"""Of more planes those that were lowest at the best prices are dropped."""
EMPTY = 1e-10
"""A distance problem whose residual is smaller than this has no point."""


@dataclass(slots=True, eq=False)
class _Model:
    """The planes under the bound: each ``height + slope @ row``, and how far a price moves for a unit of distance."""

    slopes: list[Floats]
    heights: list[float]
    steep: Floats

    def add(self, row: Floats, height: float, slope: Floats) -> None:
        """Add the plane that touches at some prices."""
        self.slopes.append(slope)
        self.heights.append(height - float(slope @ row))
        self.steep = np.maximum(self.steep, abs(slope))

    def thin(self, row: Floats) -> None:
        """Drop the planes that are lowest at some prices, where there are too many."""
        if len(self.slopes) > MOST_PLANES:
            there = np.array(self.heights) + np.array(self.slopes) @ row
            kept = np.sort(np.argsort(-there, kind="stable")[: MOST_PLANES // 2])
            self.slopes = [self.slopes[k] for k in kept]
            self.heights = [self.heights[k] for k in kept]


def improve_prices(dual: Dual, prices: Prices, until: Until, see: See | None = None) -> tuple[Prices, Evaluation]:
    """Improve the prices of purses and rules until the bound is near the value, or they are the best, or time is up.

    Parameters
    ----------
    dual : Dual
        The problem laid out for the Lagrangian.
    prices : Prices
        Where to start; prices of limits within one cluster, which hold exactly anyway, become 0.
    until : Until
        When to stop.
    see : callable, optional
        Called with every evaluation.
    """
    sign = -1.0 if dual.space.problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1.0
    free = np.concatenate((np.ones(len(dual.purses.limit), bool), ~inner_sides(dual)))
    cap = np.append(np.full(len(dual.purses.limit), np.inf), dual.sides.cap)
    model = _Model([], [], np.zeros(len(free)))

    def seen(row: Floats) -> tuple[Prices, Evaluation]:
        trial = prices.with_rows(row)
        found = evaluate_prices(dual, trial)
        model.add(row, sign * found.bound, np.where(free, found.slope, 0.0))
        if see is not None:
            see(trial, found)
        return trial, found

    best, found = seen(np.minimum(prices.row * free, cap))
    floor, depth, still = -np.inf, FIRST_STEP * max(abs(found.bound), 1e-9), max(STILL, STILL_SHARE * until.gap)
    for _ in range(MOST_EVALUATIONS):
        size, height = max(abs(found.bound), 1e-9), sign * found.bound
        near = relative_gap(until.value, found.bound) <= until.gap
        if near or not np.isfinite(found.bound) or time.monotonic() > until.deadline:
            break
        row = None
        while row is None and depth > still * size:
            depth = min(depth, PART * (height - floor))
            row = _nearest(model, best.row, cap, height - depth)
            if row is None:
                floor, depth = max(floor, height - depth), depth * SHRINK
        if row is None:
            break
        trial, other = seen(row)
        gained = height - sign * other.bound
        if gained > 0:
            best, found = trial, other
            model.thin(best.row)
        if gained >= depth / 2:
            depth *= GROW
    return best, found


def inner_sides(dual: Dual) -> np.ndarray:
    """Mark the sides that are limits within one cluster."""
    sides = dual.sides
    held = {
        (row.rule, row.year, upper)
        for group in dual.inner
        for row in group.rows
        for upper in (False, True)
        if (row.upper if upper else row.lower) is not None
    }
    triples = zip(sides.rule.tolist(), sides.year.tolist(), sides.upper.tolist(), strict=True)
    return np.array([triple in held for triple in triples], bool)


def _nearest(model: _Model, centre: Floats, cap: Floats, level: float) -> Floats | None:
    """Give the prices nearest to a centre at which no plane is above a level; None if there are none.

    With prices ``centre + step z`` it is the least z with A z >= b, whose residual gives the point.
    """
    moves = np.flatnonzero(model.steep > 0)
    step = 1.0 / model.steep[moves]
    slopes, heights = np.array(model.slopes), np.array(model.heights)
    # A unit of z moves the steepest plane by one unit of the objective; all is divided by how far the level is.
    size = max(float((heights + slopes @ centre).max() - level), 1e-300)
    step = step * size
    capped = np.flatnonzero(np.isfinite(cap[moves]))
    low, high = np.eye(len(moves)), -np.eye(len(moves))[capped]
    matrix = np.vstack((-slopes[:, moves] * step / size, low, high))
    right = np.concatenate(
        ((heights + slopes @ centre - level) / size, -centre[moves] / step, -((cap - centre)[moves] / step)[capped])
    )
    try:
        weight, rest = nnls(np.vstack((matrix.T, right)), np.append(np.zeros(len(moves)), 1.0))
    except RuntimeError:
        return None
    if rest <= EMPTY:
        return None
    residual = np.vstack((matrix.T, right)) @ weight
    point = centre.copy()
    point[moves] = np.clip(centre[moves] - step * residual[:-1] / (residual[-1] - 1.0), 0.0, cap[moves])
    return np.asarray(point)
