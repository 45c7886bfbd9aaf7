"""Where the curves are touched: tangent points of every curve and breakpoints of harmful cells.

Tangents bound a concave curve from above, so a formulation made from any grid has at least the value of the
problem itself; its distance is at most the error bound of the grid, known before anything is solved. Adding
points never raises the formulation, and at a point of the grid it is exact: this is outer approximation
(Duran and Grossmann 1986, doi:10.1007/BF02592064) on separable curves. Where a coefficient is negative the
same argument needs the curve from below: secants between breakpoints, filled in order by binaries.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.response import FAMILIES, curve_slope, envelope_error, tangent_points

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.curves import Curves

FIRST_TOLERANCE = 2e-3
"""Error of the first grid, as a share of the value of a curve at its reach."""
FEW_UNITS = 64
"""Harmed curves with at most so many whole units break at each of them."""
FLAT = 1e-10
"""A tangent that rises over the reach by less than this share of the curve's value there counts as flat."""
HARM_TOLERANCE = 2e-2
"""The same for the breakpoints of harmful cells, each of which costs a binary."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Points on the curves, ragged by curve.

    Parameters
    ----------
    curves : Curves
        The curves touched.
    start, point : arrays
        Tangent points ``point[start[k]:start[k + 1]]`` of curve k, increasing, the first 0.
    harm_start, harm_point : arrays
        Breakpoints of the harmed curves in the order of ``curves.harmed``, from 0 to the reach.
    """

    curves: Curves
    start: Ints
    point: Floats
    harm_start: Ints
    harm_point: Floats

    @property
    def size(self) -> int:
        """The number of points of all kinds; refining adds some or changes nothing."""
        return len(self.point) + len(self.harm_point)

    @property
    def curve_of_point(self) -> Ints:
        """The curve of every tangent point."""
        return np.repeat(np.arange(self.curves.num), np.diff(self.start))

    def tangents(self) -> tuple[Floats, Floats]:
        """Give slope and intercept of every tangent: y <= slope x + intercept.

        A tangent that hardly rises up to the reach is laid flat at its height there: still above the curve, and
        without a coefficient too small for a solver.
        """
        curves, which = self.curves, self.curve_of_point
        slope = curves.gain[which] * curve_slope(curves.code[which], curves.scale[which], self.point)
        intercept = curves.value(which, self.point) - slope * self.point
        most = curves.value(which, curves.reach[which])
        # Never the one at 0: it alone holds a regional outcome that harm has made negative.
        flat = (self.point > 0) & (slope * curves.reach[which] <= FLAT * most)
        return np.where(flat, 0.0, slope), intercept + np.where(flat, slope * curves.reach[which], 0.0)

    def pieces(self) -> tuple[Ints, Ints]:
        """Give the cell and the number within the cell of every piece of a harmed curve."""
        sizes = np.diff(self.harm_start) - 1
        cell = np.repeat(self.curves.cells[self.curves.harmed], sizes)
        first = np.repeat(np.cumsum(sizes) - sizes, sizes)
        return cell, np.arange(len(cell)) - first

    def piece_length(self) -> Floats:
        """Give the length of every piece, in printed units."""
        return np.diff(self.harm_point)[self._piece_mask()]

    def piece_slope(self) -> Floats:
        """Give the secant slope of every piece: outcome per printed unit."""
        which = np.repeat(self.curves.harmed, np.diff(self.harm_start))
        rise = np.diff(self.curves.value(which, self.harm_point))
        return rise[self._piece_mask()] / self.piece_length()

    def inner_pieces(self) -> Ints:
        """Give the pieces that have a next one in their cell."""
        _, number = self.pieces()
        return np.flatnonzero(np.append(number[1:], 0) > 0)

    def lowest(self, x: Floats) -> Floats:
        """Give every curve at ``x``, shape (num_curves,), or its secants where it is held from below as well."""
        values = self.curves.value(np.arange(self.curves.num), x)
        for slot, curve in enumerate(self.curves.harmed):
            breaks = self.harm_point[self.harm_start[slot] : self.harm_start[slot + 1]]
            heights = self.curves.value(np.full(len(breaks), curve), breaks)
            values[curve] = np.interp(x[curve], breaks, heights)
        return values

    def error_bound(self) -> float:
        """Bound the excess of the formulation over the problem, in units of the objective.

        The sum over curves of weight times gain times the largest excess of the tangents over the curve.
        """
        curves, which = self.curves, self.curve_of_point
        if not len(which):
            return 0.0
        left = self.point
        ends = np.append(self.point[1:], 0.0)
        last = np.append(which[1:] != which[:-1], True)
        right = np.where(last, np.maximum(curves.reach[which], left), ends)
        excess = curves.gain[which] * envelope_error(curves.code[which], curves.scale[which], left, right)
        tail = curves.gain[which] * _tail_error(self, which, left, right)
        worst = np.zeros(curves.num)
        np.maximum.at(worst, which, np.where(last, tail, excess))
        return float(worst @ curves.weight) + self._harm_error()

    def refine(self, which: Ints, x: Floats) -> Grid:
        """Add tangent points ``x`` to the curves ``which``, and breakpoints where those curves are harmed."""
        keep = (x > 0) & (x < self.curves.reach[which])
        start, point = _insert(self.start, self.point, which[keep], x[keep])
        slot = np.full(self.curves.num, -1)
        slot[self.curves.harmed] = np.arange(len(self.curves.harmed))
        hit = keep & (slot[which] >= 0)
        harm_start, harm_point = _insert(self.harm_start, self.harm_point, slot[which[hit]], x[hit])
        return Grid(self.curves, start, point, harm_start, harm_point)

    def halfway(self, which: Ints, x: Floats) -> tuple[Floats, Floats]:
        """Give the middles between ``x`` on the curves ``which`` and the tangent points, or ends, around it."""
        number = np.arange(len(self.point)) - self.start[self.curve_of_point]
        table = np.full((self.curves.num, int(number.max(initial=0)) + 1), np.inf)
        table[self.curve_of_point, number] = self.point
        mine = table[which]
        low = np.where(mine < x[:, None], mine, 0.0).max(axis=1, initial=0.0)
        high = np.minimum(
            np.where(mine > x[:, None], mine, np.inf).min(axis=1, initial=np.inf), self.curves.reach[which]
        )
        return (low + x) / 2, (x + high) / 2

    def _piece_mask(self) -> np.ndarray:
        mask = np.ones(max(len(self.harm_point) - 1, 0), dtype=bool)
        mask[self.harm_start[1:-1] - 1] = False
        return mask

    def _harm_error(self) -> float:
        curves = self.curves
        which = np.repeat(curves.harmed, np.diff(self.harm_start) - 1)
        if not len(which):
            return 0.0
        left = self.harm_point[:-1][self._piece_mask()]
        right = self.harm_point[1:][self._piece_mask()]
        # A secant is below the curve by no more than the tangents of its ends are above the secant.
        slope = curves.gain[which] * curve_slope(curves.code[which], curves.scale[which], left)
        gap = slope * (right - left) - (curves.value(which, right) - curves.value(which, left))
        worst = np.zeros(curves.num)
        np.maximum.at(worst, which, gap)
        return float(worst @ curves.weight)


def first_grid(curves: Curves, unit: float = 0.0) -> Grid:
    """Touch every curve at a few points with equal errors.

    Parameters
    ----------
    curves : Curves
        The curves.
    unit : float
        Where money comes in whole units, their size in printed units: harmed curves of few units break at each,
        and are exact at once.
    """
    tangents = _spread(curves, np.arange(curves.num), FIRST_TOLERANCE)
    harm = _spread(curves, curves.harmed, HARM_TOLERANCE)
    return Grid(curves, *_join(tangents), *_join([_breaks(curves, int(k), points, unit) for k, points
                                                  in zip(curves.harmed, harm, strict=True)]))  # fmt: skip


def _breaks(curves: Curves, curve: int, points: Floats, unit: float) -> Floats:
    reach = float(curves.reach[curve])
    if unit and 0 < reach <= FEW_UNITS * unit:
        # A stock that money cannot add to may reach less than half a unit; it starts at 0 all the same.
        return np.append(np.arange(0.0, max(reach - unit / 2, unit / 2), unit), reach)
    return points if len(points) > 1 else np.array([0.0, max(reach, 1.0)])


def _spread(curves: Curves, which: Ints, tolerance: float) -> list[Floats]:
    return [tangent_points(FAMILIES[curves.code[k]], curves.scale[k], curves.reach[k], tolerance) for k in which]


def _join(parts: list[Floats]) -> tuple[Ints, Floats]:
    start = np.cumsum([0, *(len(part) for part in parts)])
    return start.astype(np.int64), np.concatenate([np.zeros(0), *parts])


def _insert(start: Ints, point: Floats, owner: Ints, x: Floats) -> tuple[Ints, Floats]:
    """Add points to ragged ones, save those within 1e-9 of their size from one that is there.

    Closer points make nearly parallel rows and gain nothing. The points that are there stay: without the last
    breakpoint of a harmed curve no money could fill it.
    """
    owners = np.concatenate((np.repeat(np.arange(len(start) - 1), np.diff(start)), owner))
    points = np.concatenate((point, x))
    order = np.lexsort((points, owners))
    owners, points, old = owners[order], points[order], order < len(point)
    close = np.zeros(len(points) + 1, dtype=bool)
    close[1:-1] = (np.diff(points) <= 1e-9 * np.maximum(1e-6, abs(points[1:]))) & (np.diff(owners) == 0)
    keep = old | ~(close[:-1] | (close[1:] & np.roll(old, -1)))
    return np.searchsorted(owners[keep], np.arange(len(start))), points[keep]


def _tail_error(grid: Grid, which: Ints, left: Floats, right: Floats) -> Floats:
    curves = grid.curves
    code, scale = curves.code[which], curves.scale[which]
    slope = curve_slope(code, scale, left)
    rise = (curves.value(which, right) - curves.value(which, left)) / curves.gain[which]
    return np.maximum(slope * (right - left) - rise, 0.0)
