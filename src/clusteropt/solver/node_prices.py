"""Better prices at a node of a proof tree, and what they leave undecided.

Every evaluation shows one bundle of awards and picks for each part of the bound. At a node those bundles count that its
branch allows. The best prices within a box are the duals of a small program that mixes the bundles of each part under
the linking limits (Dantzig and Wolfe 1960, doi:10.1287/opre.8.1.101); parts that are mixed are what to split.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.solver.claim import HighsOptions
from clusteropt.solver.hearing import Task
from clusteropt.solver.price_search import NOISE
from clusteropt.solver.program import make_program
from clusteropt.solver.scaling import DUST

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.lagrangian import Dual, Evaluation
    from clusteropt.model.parts import Parts
    from clusteropt.model.split import Branch
    from clusteropt.solver.guard import Guard
    from clusteropt.solver.multipliers import Until
    from clusteropt.solver.program import Program

SHARE = 1e-7
"""A smaller share of a bundle in a mix is the last digits of the program."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a part takes in some evaluation: the whole amount of every cell that has one, and the picks."""

    part: int
    cells: dict[int, int]
    picks: frozenset[int]

    def obeys(self, asked: list[tuple[int, int, int, int]]) -> bool:
        """Tell whether each cell (0) or pick (1) named has between the least and the most that stand beside it."""
        return all(
            low <= (number in self.picks if kind else self.cells.get(number, 0)) <= high
            for kind, number, low, high in asked
        )


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """Prices of the linking limits, what each part adds to the bound there, and how far each price may move."""

    row: Floats
    here: Floats
    reach: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Mix:
    """The best mix of bundles within a box of prices.

    Parameters
    ----------
    row : array of shape (num_linking,)
        The prices that go with it.
    promise : float
        How far it lies below the bound at the centre of the box.
    shares : tuple of (Bundle, float)
        What is mixed, and the share of each in its part.
    """

    row: Floats
    promise: float
    shares: tuple[tuple[Bundle, float], ...]


class _Column:
    """An array that grows at its end."""

    def __init__(self, kind: type) -> None:
        self._held: np.ndarray = np.zeros(64, kind)
        self._num = 0

    def add(self, values: np.ndarray) -> None:
        """Add values at the end."""
        end = self._num + len(values)
        if end > len(self._held):
            self._held = np.concatenate((self._held, np.zeros(max(len(self._held), end), self._held.dtype)))
        self._held[self._num : end] = values
        self._num = end

    @property
    def values(self) -> np.ndarray:
        """What was added."""
        return self._held[: self._num]


class Pool:
    """All bundles that were seen of the parts of a problem.

    Parameters
    ----------
    parts : Parts
        The parts of the bound.
    dual : Dual
        The problem laid out for the Lagrangian.
    """

    def __init__(self, parts: Parts, dual: Dual) -> None:
        self._parts, self._space = parts, dual.space
        linking = parts.grouped.linking
        self._limits = np.concatenate((dual.purses.limit, dual.sides.sign * dual.sides.limit))[linking]
        self._cap = np.append(np.full(len(dual.purses.limit), np.inf), dual.sides.cap)[linking]
        self._steep = np.zeros(len(linking))
        self._bundles: list[Bundle] = []
        self._of_part: dict[int, list[int]] = {}
        self._known: set[tuple[int, bytes, bytes]] = set()
        self._refused: dict[tuple[object, ...], tuple[list[int], list[int]]] = {}
        self._height, self._part, self._size = _Column(float), _Column(int), _Column(int)
        self._limit, self._used = _Column(int), _Column(float)
        of_cell = parts.grouped.group[self._space.cell_cluster]
        num = parts.grouped.num
        self._part_of_cell, self._part_of_pick = of_cell.tolist(), parts.of_pick.tolist()
        self._flows = _by_part(of_cell[self._space.flow_cell], num)
        self._cells, self._picks = _by_part(of_cell, num), _by_part(parts.of_pick, num)

    def row(self, prices: Floats) -> Floats:
        """Give the prices of the linking limits among those of all, none above what says anything."""
        return np.minimum(prices[self._parts.grouped.linking], self._cap)

    def see(self, row: Floats, found: Evaluation) -> Floats:
        """Keep the bundles of an evaluation at some prices; give what each part adds to the bound."""
        num_flows = self._space.num_flows
        values, used = self._parts.values(found), self._parts.grouped.used(found)
        self._steepen(used.sum(axis=0))
        money, taken = found.money[:num_flows], found.money[num_flows:]
        whole = self._space.cell_money(found.money)
        for part in np.flatnonzero(np.isfinite(values)).tolist():
            key = (part, money[self._flows[part]].tobytes(), taken[self._picks[part]].tobytes())
            if key in self._known:
                continue
            self._known.add(key)
            cells, picks = self._cells[part], self._picks[part]
            given = cells[whole[cells] > 0]
            amounts = dict(zip(given.tolist(), np.round(whole[given]).astype(np.int64).tolist(), strict=True))
            limits = np.flatnonzero(used[part])
            self._of_part.setdefault(part, []).append(len(self._bundles))
            self._bundles.append(Bundle(part, amounts, frozenset(picks[taken[picks] > 0].tolist())))
            self._height.add(np.array([values[part] + used[part] @ row]))
            self._part.add(np.array([part]))
            self._size.add(np.array([len(limits)]))
            self._limit.add(limits)
            self._used.add(used[part, limits])
        return values

    def reach(self, box: float, row: Floats, size: float) -> Floats:
        """Give how far each price may move: as far as the steepest slope seen moves the bound by a part of its size."""
        widest = np.divide(size, self._steep, out=np.zeros_like(self._steep), where=self._steep > 0)
        return box * np.where(self._steep > 0, np.maximum(widest, row), 0.0)

    def mix(self, branch: Branch, spot: Spot, run: tuple[Guard, Until]) -> Mix | None:
        """Mix the bundles that a branch allows as well as the linking limits let.

        max sum of share * (worth of the bundle at the centre - that of its part) - sum of room * stretch, where for
        every limit: sum of share * used - stretch = limit, and the shares of a part sum to 1. The duals of the limits
        are moves of prices, and the room of each keeps it in the box.

        Parameters
        ----------
        branch : Branch
            What is left.
        spot : Spot
            The centre of the box.
        run : (Guard, Until)
            Where to run the program, and when to stop.
        """
        chosen, moves = self._within(branch), np.flatnonzero(spot.reach > 0)
        if not len(moves):
            return None
        start = np.cumsum(self._size.values) - self._size.values
        size = self._size.values[chosen]
        column = np.repeat(np.arange(len(chosen)), size)
        entry = np.repeat(start[chosen] - np.cumsum(size) + size, size) + np.arange(len(column))
        limit, used = self._limit.values[entry], self._used.values[entry]
        part = self._part.values[chosen]
        paid = np.bincount(column, weights=used * spot.row[limit], minlength=len(chosen))
        worth = self._height.values[chosen] - paid - spot.here[part]
        sizes = (self._limits * spot.reach, used * spot.reach[limit], worth)
        unit = max(*(float(abs(size).max(initial=0.0)) for size in sizes), 1e-300)
        place = np.full(len(spot.row), -1)
        place[moves] = np.arange(len(moves))
        kept = place[limit] >= 0
        entries = (used * spot.reach[limit] / unit)[kept], (place[limit[kept]], column[kept])
        down = np.minimum(1.0, spot.row[moves] / spot.reach[moves])
        up = np.minimum(1.0, (self._cap[moves] - spot.row[moves]) / spot.reach[moves])
        targets = self._limits[moves] * spot.reach[moves] / unit
        program = _program(entries, (part, worth / unit), targets, (up, down))
        guard, until = run
        options = HighsOptions(0.0, presolve="off", feasibility_tolerance=1e-9)
        claim = guard.run(Task("proof", program), options, time.monotonic() + until.seconds()).claim
        if claim.x is None or claim.dual is None:
            return None
        row = spot.row.copy()
        row[moves] = np.maximum(row[moves] + np.clip(claim.dual[: len(moves)], -down, up) * spot.reach[moves], 0.0)
        shares = claim.x[: len(chosen)]
        mixed = tuple((self._bundles[chosen[k]], float(shares[k])) for k in np.flatnonzero(shares > SHARE))
        return Mix(np.minimum(row, self._cap), -float(claim.value) * unit, mixed)

    def _within(self, branch: Branch) -> Ints:
        """Give the bundles that a branch allows."""
        mine: dict[int, list[tuple[int, int, int, int]]] = {}
        for cell, (low, high) in branch.cells.items():
            mine.setdefault(self._part_of_cell[cell], []).append((0, cell, low, high))
        for pick, taken in branch.picks.items():
            mine.setdefault(self._part_of_pick[pick], []).append((1, pick, taken, taken))
        out = np.zeros(len(self._bundles), bool)
        for part, asked in mine.items():
            known = self._of_part.get(part, [])
            seen, refused = self._refused.setdefault((part, *asked), ([0], []))
            refused += [k for k in known[seen[0] :] if not self._bundles[k].obeys(asked)]
            seen[0] = len(known)
            out[refused] = True
        return np.flatnonzero(~out)

    def _steepen(self, total: Floats) -> None:
        # A slope of the last digits of sums is none, and would let its price move without end.
        slope = abs(self._limits - total)
        clear = slope > NOISE * np.maximum(abs(self._limits), abs(total))
        np.maximum(self._steep, np.where(clear, slope, 0.0), out=self._steep)


def _program(
    entries: tuple[Floats, tuple[Ints, Ints]],
    columns: tuple[Ints, Floats],
    targets: Floats,
    room: tuple[Floats, Floats],
) -> Program:
    """Put a mix into a program: the bundles, then what every limit is stretched by, up and down."""
    (data, (row, column)), (part, worth) = entries, columns
    num, moves = len(part), len(targets)
    names, place = np.unique(part, return_inverse=True)
    ones, each = np.ones(moves), np.arange(moves)
    values = np.concatenate((data, -ones, ones, np.ones(num)))
    rows = np.concatenate((row, each, each, moves + place))
    cols = np.concatenate((column, num + each, num + moves + each, np.arange(num)))
    kept = abs(values) > DUST
    matrix = sparse.csr_matrix((values[kept], (rows[kept], cols[kept])), (moves + len(names), num + 2 * moves))
    limit = np.concatenate((targets, np.ones(len(names))))
    cost = np.concatenate((worth, *(-part for part in room)))
    bounds = (limit, limit, np.zeros(len(cost)), np.full(len(cost), np.inf))
    return make_program(matrix, bounds, cost, np.zeros(len(cost), bool))


def _by_part(part: Ints, num: int) -> list[Ints]:
    order = np.argsort(part, kind="stable")
    return np.split(order, np.searchsorted(part[order], np.arange(1, num)))
