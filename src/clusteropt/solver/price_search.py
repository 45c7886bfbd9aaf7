"""Better prices by planes: the bound is a convex function of prices, a sum of such functions of groups of clusters.

Every evaluation gives a plane under each of these functions. The next prices are where the sum of the highest planes is
lowest, within a box around the best so far that grows where planes tell the truth and shrinks where they do not
(Linderoth and Wright 2003, doi:10.1023/A:1021858008222). Planes by group need far fewer evaluations than planes of the
whole; `benchmarks.scale` prints how many were made.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.lagrangian import evaluate_prices
from clusteropt.model.linked import make_linked
from clusteropt.solver.claim import Reason, relative_gap
from clusteropt.solver.mixture import SHARE, Mixture
from clusteropt.solver.multipliers import run_relaxed
from clusteropt.solver.program import make_program
from clusteropt.solver.scaling import DUST

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.grouped import Grouped
    from clusteropt.model.lagrangian import Dual, Evaluation
    from clusteropt.model.prices import Prices
    from clusteropt.solver.claim import Claim
    from clusteropt.solver.guard import Guard
    from clusteropt.solver.multipliers import Until

MOST_EVALUATIONS = 150
STILL, STILL_SHARE = 1e-10, 0.01
"""Prices that promise less than this, relative to the bound or to the gap asked for, are as good as they get."""
NOISE = 1e-12
"""Slopes below this part of what they are differences of, and gains below this part of the largest group, are the last
digits of sums."""
FIRST_BOX = 0.1
"""The first box moves the bound by this part along each price, as far as the steepest plane tells."""
WIDEN = 10.0
"""How a box grows that is too small to promise anything."""
GROW, SHRINK, MOST_SHRINK = 2.0, 0.7, 6.0
"""How the box changes: after a step that gained half of what it promised, and after one that lost."""
FEW_PLANES = 2_000
"""Up to so many planes all are passed on at once."""
BROKEN = 1e-9
"""A plane is broken by more than this part of what can be gained."""
HOPELESS = 1e30
"""A bound this many times beyond the first is one that prices move without end: no plan obeys the limits."""


@dataclass(slots=True, eq=False)
class _Planes:
    """The planes under every group: part >= ``height + slope @ row``, each once."""

    group: list[int] = field(default_factory=list)
    height: list[float] = field(default_factory=list)
    slope: list[Floats] = field(default_factory=list)
    known: set[tuple[int, bytes]] = field(default_factory=set)
    seen: list[int] = field(default_factory=list)
    num_seen: int = 0
    holding: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """Those that held the bound up in the last program."""

    def add(self, row: Floats, parts: Floats, used: Floats) -> None:
        """Add the planes that touch at some prices."""
        self.num_seen += 1
        for number, (part, mine) in enumerate(zip(parts.tolist(), used, strict=True)):
            key = (number, mine.tobytes())
            if key not in self.known:
                self.known.add(key)
                self.group.append(number)
                self.height.append(part + float(mine @ row))
                self.slope.append(-mine)
                self.seen.append(self.num_seen - 1)

    def working(self, above: Floats) -> Ints:
        """Give the planes to begin a program with: all; of many the newest, the highest and those that held before.

        Parameters
        ----------
        above : array of shape (num_planes,)
            How far each is above its group, or below it, at the centre.
        """
        num = len(self.group)
        if num <= FEW_PLANES:
            return np.arange(num)
        newest = np.flatnonzero(np.array(self.seen) == self.num_seen - 1)
        group = np.array(self.group)
        order = np.argsort(-above, kind="stable")
        highest = order[np.unique(group[order], return_index=True)[1]]
        return np.unique(np.concatenate((newest, highest, self.holding)))

    def shares(self, weight: Floats, num_groups: int) -> Floats:
        """Put the weights of the planes to the evaluations they come from, shape (num_seen, num_groups)."""
        share = np.zeros((self.num_seen, num_groups))
        np.add.at(share, (self.seen[: len(weight)], self.group[: len(weight)]), weight)
        return share


class Trace:
    """What a search of prices has seen: the evaluations, and the mixture of them where it is kept.

    Parameters
    ----------
    mixed : bool
        Whether the mixture is kept, which takes the money of every evaluation.
    """

    def __init__(self, *, mixed: bool = False) -> None:
        self.num = 0
        self._mixed = mixed
        self._money: list[Floats] = []
        self._share: tuple[Ints, Floats] | None = None

    def add(self, found: Evaluation) -> None:
        """Take an evaluation down."""
        self.num += 1
        if self._mixed:
            self._money.append(found.money)

    def mix(self, grouped: Grouped, share: Floats) -> None:
        """Take down what the evaluations so far have a share of in each group."""
        if self._mixed:
            self._share = grouped.group, share

    @property
    def mixture(self) -> Mixture | None:
        """The mixture at the last prices; None where none was kept."""
        if self._share is None:
            return None
        group, share = self._share
        kept = np.flatnonzero(share.max(axis=1) > SHARE)
        return Mixture(np.array([self._money[number] for number in kept]), share[kept], group)


def improve_prices(
    dual: Dual,
    prices: Prices,
    guard: Guard,
    until: Until,
    trace: Trace | None = None,
    box: float = FIRST_BOX,
) -> tuple[Prices, Evaluation]:
    """Improve prices until the bound is near the value, or they are the best, or time is up.

    Parameters
    ----------
    dual : Dual
        The problem laid out for the Lagrangian.
    prices : Prices
        Where to start; prices of limits within one cluster, which hold exactly anyway, become 0.
    guard : Guard
        Where the small linear programs run.
    until : Until
        When to stop.
    trace : Trace, optional
        Takes down what is seen.
    box : float
        The size of the first box, smaller where the prices to start with are near the best.
    """
    walk = _Walk(dual, prices, trace or Trace())
    still, lost = max(STILL, STILL_SHARE * until.gap), FIRST_BOX
    end = HOPELESS * max(abs(walk.found.bound), 1.0)
    for _ in range(MOST_EVALUATIONS):
        size = walk.size
        near = relative_gap(until.value, walk.found.bound) <= until.gap
        if near or not size < end or time.monotonic() > until.deadline:
            break
        step = walk.lowest(box, (guard, until))
        if step is not None and step.promise <= still * size and box * WIDEN < lost:
            # A small box promises little for its size alone, but one so large has not kept what it promised.
            box *= WIDEN
            continue
        if step is None:
            break
        walk.mix(step)
        if step.promise <= still * size:
            break
        gained = walk.go(step.row)
        if gained >= step.promise / 2:
            box *= GROW
        elif gained < 0:
            lost = min(lost, box)
            # Further from the truth, smaller the box.
            box *= min(SHRINK, 1 / min(1.5 * -gained / step.promise, MOST_SHRINK))
    return walk.best, walk.found


@dataclass(frozen=True, slots=True, eq=False)
class _Step:
    """The lowest prices in a box, how far below the centre they promise to be, and the weights of the planes there."""

    row: Floats
    promise: float
    weight: Floats | None


class _Walk:
    """The best prices so far, which are the centre of the next box, and the planes seen on the way.

    Parameters
    ----------
    dual : Dual
        The problem laid out for the Lagrangian.
    prices : Prices
        Where it begins.
    trace : Trace
        Takes down what is seen.
    """

    def __init__(self, dual: Dual, prices: Prices, trace: Trace) -> None:
        self._dual, self._prices, self._trace = dual, prices, trace
        self._sign = -1.0 if dual.space.problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1.0
        self._linked = linked = make_linked(dual)
        self._limits, self._cap = linked.limits, linked.cap
        self._planes, self._steep = _Planes(), np.zeros(len(self._limits))
        self._centre = linked.of(prices)
        self.best, self.found = self._see(self._centre)

    @property
    def size(self) -> float:
        """The size of the bound at the centre."""
        return max(abs(self.found.bound), 1e-9)

    def lowest(self, box: float, run: tuple[Guard, Until]) -> _Step | None:
        """Give the prices in a box where the sum of the highest planes is lowest; None where nobody knows."""
        centre, weights = self._centre, self._linked.weights
        num = len(self._linked.grouped.linking)
        # What regions reach is often all but what they are asked, so that its slope tells nothing of the scale.
        widest = _widest(self.size, self._steep[:num], centre[:num])
        scale, least = self._linked.outcomes.room(centre[num:])
        reach = box * np.append(widest, scale)
        down = centre - np.append(np.zeros(num), least)
        up = np.minimum(centre + reach, self._cap) - centre
        parts = self._linked.parts(self.found, centre)
        return _lowest(self._planes, (self._limits, parts, weights), (centre, np.maximum(down, 0.0), up, reach), run)

    def mix(self, step: _Step) -> None:
        """Take down how the planes are mixed that hold the bound up."""
        if step.weight is not None:
            grouped = self._linked.grouped
            self._trace.mix(grouped, self._planes.shares(step.weight, self._linked.num)[:, : grouped.num])

    def go(self, row: Floats) -> float:
        """Evaluate other prices, and stay there where they are better; give how much better they are."""
        trial, other = self._see(row)
        gained = self._sign * (self.found.bound - other.bound)
        if gained > 0:
            self.best, self.found, self._centre = trial, other, row
        return gained

    def _see(self, row: Floats) -> tuple[Prices, Evaluation]:
        """Evaluate the linking limits at some prices, and keep the planes."""
        linked, steep, limits = self._linked, self._steep, self._limits
        trial = linked.put(self._prices, row)
        found = evaluate_prices(self._dual, trial)
        used = linked.used(found, row)
        self._trace.add(found)
        self._planes.add(row, linked.parts(found, row), used)
        total = used.sum(axis=0)
        slope = abs(limits - total)
        # A slope of the last digits of sums is none, and would let its price move without end.
        np.maximum(steep, np.where(slope > NOISE * np.maximum(abs(limits), abs(total)), slope, 0.0), out=steep)
        return trial, found


def _widest(size: float, steep: Floats, centre: Floats) -> Floats:
    """Give how far a price may move: as the steepest slope seen moves the bound by its size, or by its own part."""
    widest = np.divide(size, steep, out=np.zeros_like(steep), where=steep > 0)
    return np.asarray(np.where(steep > 0, np.maximum(widest, centre), 0.0))


def _lowest(
    planes: _Planes,
    linear: tuple[Floats, Floats, np.ndarray],
    box: tuple[Floats, Floats, Floats, Floats],
    run: tuple[Guard, Until],
) -> _Step | None:
    """Give the prices in a box where the sum of the highest planes is lowest.

    The weights of the planes there are the duals of their rows, if HiGHS gave any.

    Columns: the moves of prices as parts of their reach, then what each group falls; both sides are divided by the size
    of what can be gained.
    """
    (limits, here, weights), (centre, down, up, reach) = linear, box
    moves = np.flatnonzero(reach > 0)
    if not len(moves):
        return None
    slopes = np.array(planes.slope)
    slope = slopes[:, moves] * reach[moves]
    above = np.array(planes.height) + slopes @ centre - here[planes.group]
    gains = (float(abs(part).max(initial=0.0)) for part in (limits[moves] * reach[moves], slope, NOISE * here))
    size = max(*gains, 1e-300)
    low = np.concatenate((-np.minimum(1.0, down[moves] / reach[moves]), np.full(len(here), -1e6)))
    high = np.concatenate((up[moves] / reach[moves], np.full(len(here), 1e6)))
    cost = np.concatenate((-limits[moves] * reach[moves] / size, np.ones(len(here))))
    even = np.where(weights, reach, 0.0)[moves]
    claim = _under_planes(planes, (slope / size, above / size, even), (cost, low, high), run)
    if claim.x is None:
        return None
    row = centre.copy()
    row[moves] += np.clip(claim.x[: len(moves)] * reach[moves], -down[moves], up[moves])
    return _Step(row, float(cost @ claim.x) * size, claim.dual)


def _under_planes(
    planes: _Planes,
    falls: tuple[Floats, Floats, Floats],
    columns: tuple[Floats, Floats, Floats],
    run: tuple[Guard, Until],
) -> Claim:
    """Maximise under all planes; of many only some are passed on, and those that the best point breaks join them.

    Moves add up to nothing by the weights ``even``. The duals are those of all planes, nothing for a plane that was not
    passed on.
    """
    (slope, above, even), (cost, low, high) = falls, columns
    num_even = int(even.any())
    group, num_moves = np.array(planes.group), slope.shape[1]
    chosen = planes.working(above)
    while True:
        mine, of = slope[chosen], (np.arange(len(chosen)), group[chosen])
        # fall[g] <= -(above + slope move): the part of a group is at least every plane of it.
        fall = sparse.csr_matrix((np.ones(len(chosen)), of), (len(chosen), len(cost) - num_moves))
        matrix = sparse.csr_matrix(sparse.hstack((sparse.csr_matrix(mine), fall)))
        if num_even:
            last = sparse.csr_matrix(np.append(even, np.zeros(len(cost) - num_moves)))
            matrix = sparse.csr_matrix(sparse.vstack((matrix, last)))
        matrix.data[abs(matrix.data) <= DUST] = 0.0
        matrix.eliminate_zeros()
        none = np.zeros(num_even)
        bounds = (np.append(np.full(len(chosen), -np.inf), none), np.append(-above[chosen], none), low, high)
        claim = run_relaxed(make_program(matrix, bounds, cost, np.zeros(len(cost), bool)), run)
        if claim.x is None or claim.reason is not Reason.OPTIMAL:
            return replace(claim, dual=None)
        over = above + slope @ claim.x[:num_moves] + claim.x[num_moves + group]
        over[chosen] = 0.0
        broken = _worst(over, group)
        if not len(broken):
            break
        if time.monotonic() > run[1].deadline:
            # These prices are as good as any to try, but they tell nothing of the mixture.
            return replace(claim, dual=None)
        chosen = np.union1d(chosen, broken)
    weight = None
    if claim.dual is not None:
        weight = np.zeros(len(above))
        weight[chosen] = np.maximum(claim.dual[: len(chosen)], 0.0)
        planes.holding = np.flatnonzero(weight)
    return replace(claim, dual=weight)


def _worst(over: Floats, group: Ints) -> Ints:
    """Give the plane of every group that is broken most, of those that are broken."""
    broken = np.flatnonzero(over > BROKEN)
    order = broken[np.argsort(-over[broken], kind="stable")]
    return np.sort(order[np.unique(group[order], return_index=True)[1]])
