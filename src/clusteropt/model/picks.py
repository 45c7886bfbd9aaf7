"""The picks of programmes in the model: what they cost every purse, what they give to regions, what they ask of others.

A vector of *amounts* holds the money of every flow, in whole units, and then a 0 or 1 for every pick: so a limit on
money and a limit on picks are rows of one kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.model.blocks import pick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusteropt.inputs.problem import Floats, Ints, Problem
    from clusteropt.inputs.programmes import Condition, Programmes

MOST_NODES = 20_000
"""The search inside programmes that ask something of each other stops here; what it has then is still a bound."""


def pick_costs(problem: Problem) -> sparse.csr_matrix:
    """Give what every pick costs every purse of the plan, shape (num_funds * num_years, num_picks), whole units."""
    chosen = problem.programmes
    shape = (problem.purse.size, 0 if chosen is None else chosen.num_picks)
    if chosen is None:
        return sparse.csr_matrix(shape, dtype=np.int64)
    inside = chosen.cost_year < problem.num_years
    purse = (chosen.cost_fund * problem.num_years + chosen.cost_year)[inside]
    matrix = sparse.csr_matrix((chosen.cost[inside], (purse, chosen.cost_pick[inside])), shape, dtype=np.int64)
    matrix.sum_duplicates()
    return matrix


def pick_regions(problem: Problem, region_weight: sparse.csr_matrix, discount: Floats) -> sparse.csr_matrix:
    """Give what every pick adds to every region, shape (num_regions, num_picks): weights, spill-overs, discount."""
    chosen, num_regions = problem.programmes, len(problem.labels.regions)
    if chosen is None:
        return sparse.csr_matrix((num_regions, 0))
    value = chosen.gain * discount[chosen.gain_year]
    by_cluster = pick(problem.num_clusters, chosen.gain_cluster, chosen.gain_pick, value, chosen.num_picks)
    return sparse.csr_matrix(region_weight @ by_cluster)


def effect_changes(problem: Problem, num_picks: int) -> sparse.csr_matrix:
    """Give how each pick changes the effect of each cell, shape (num_cells, num_picks)."""
    chosen = problem.programmes
    shape = (problem.num_clusters * problem.num_levers * problem.num_years, num_picks)
    if chosen is None or not len(chosen.move_pick):
        return sparse.csr_matrix(shape)
    rows, cols, data = [], [], []
    moves = zip(chosen.move_pick, chosen.move_cluster, chosen.move_year, chosen.move_effect, strict=True)
    for number, cluster, first, effect in moves:
        for lever, year in np.ndindex(problem.num_levers, problem.num_years):
            if year >= first and effect[lever] != problem.effect[cluster, lever]:
                rows.append((int(cluster) * problem.num_levers + lever) * problem.num_years + year)
                cols.append(int(number))
                data.append(float(effect[lever] - problem.effect[cluster, lever]))
    return sparse.csr_matrix((data, (rows, cols)), shape)


@dataclass(frozen=True, slots=True, eq=False)
class Bundles:
    """Picks in *units*, of which at most one is taken, and the units that conditions tie together.

    Parameters
    ----------
    start : array of shape (num_units + 1,)
        The picks of unit u are ``start[u]:start[u + 1]``: those of a programme.
    must : bool array of shape (num_units,)
        Whether one of them is taken in any case.
    barred : bool array of shape (num_picks,)
        The picks that are not taken, whatever they are worth.
    alone : array
        The units that no condition ties to others.
    tied : tuple of (tuple of int, tuple of Condition)
        Units that belong together, and their conditions.
    """

    start: Ints
    must: np.ndarray
    barred: np.ndarray
    alone: Ints
    tied: tuple[tuple[tuple[int, ...], tuple[Condition, ...]], ...]


def make_bundles(programmes: Programmes | None) -> Bundles:
    """Find the units of picks and what ties them together."""
    if programmes is None or not programmes.num_picks:
        return Bundles(np.zeros(1, np.int64), np.zeros(0, bool), np.zeros(0, bool), np.zeros(0, np.int64), ())
    keys = [programmes.programme[option] for option in programmes.pick_option.tolist()]
    first = [k for k in range(len(keys)) if k == 0 or keys[k] != keys[k - 1]]
    start = np.array([*first, len(keys)], np.int64)
    unit_of = np.searchsorted(start, np.arange(len(keys)), side="right") - 1
    must, parent = np.zeros(len(first), bool), list(range(len(first)))

    def root(unit: int) -> int:
        """Give the unit that stands for all tied to it."""
        while parent[unit] != unit:
            unit = parent[unit]
        return unit

    between: list[tuple[int, Condition]] = []
    for condition in programmes.conditions:
        units = sorted({int(unit_of[k]) for k in condition.picks})
        if len(units) == 1 and set(condition.coefs) == {1} and condition.most == 1:
            whole = len(condition.picks) == start[units[0] + 1] - start[units[0]]
            if whole and condition.least in (None, 0, 1):
                must[units[0]] |= condition.least == 1
                continue
        for unit in units[1:]:
            parent[root(unit)] = root(units[0])
        between += [(units[0], condition)] if units else []
    groups: dict[int, list[int]] = {}
    tied_roots = {root(unit) for unit, _ in between}
    for unit in range(len(first)):
        groups.setdefault(root(unit), []).append(unit)
    tied = tuple(
        (tuple(groups[top]), tuple(condition for unit, condition in between if root(unit) == top))
        for top in sorted(tied_roots)
    )
    alone = [unit for unit in range(len(first)) if root(unit) not in tied_roots]
    return Bundles(start, must, np.zeros(len(keys), bool), np.array(alone, np.int64), tied)


def best_picks(bundles: Bundles, value: Floats) -> tuple[float, Floats]:
    """Give the most that picks can be worth together under their conditions, and picks that reach it, or nearly.

    Parameters
    ----------
    bundles : Bundles
        The picks.
    value : array of shape (num_picks,)
        What each is worth, less what it costs.
    """
    taken = np.zeros(len(value))
    if not len(value):
        return 0.0, taken
    total, value = 0.0, np.where(bundles.barred, -np.inf, value)
    for unit in bundles.alone.tolist():
        first, last = bundles.start[unit : unit + 2]
        best = first + int(value[first:last].argmax())
        if value[best] > 0 or bundles.must[unit]:
            taken[best] = 1.0
            total += float(value[best])
    for units, conditions in bundles.tied:
        worth, chosen = _best_tied(bundles, value, units, conditions)
        taken[list(chosen)] = 1.0
        total += worth
    return total, taken


def _best_tied(
    bundles: Bundles, value: Floats, units: Sequence[int], conditions: Sequence[Condition]
) -> tuple[float, tuple[int, ...]]:
    """Search units in turn, the least loss first: no pick of a unit or one; give a bound and the picks behind it."""
    coefs = [dict(zip(condition.picks, condition.coefs, strict=True)) for condition in conditions]
    options: list[list[tuple[float, int]]] = []
    for unit in units:
        picks = np.arange(bundles.start[unit], bundles.start[unit + 1])
        found = [(float(value[k]), int(k)) for k in picks[~bundles.barred[picks]]]
        options.append(sorted(found + ([] if bundles.must[unit] else [(0.0, -1)]), reverse=True))
    if not all(options):
        return -np.inf, ()
    tops = [found[0][0] for found in options]
    spans = [[[coef.get(k, 0) for _, k in found] for found in options] for coef in coefs]
    # What the units from one on can still add to each condition.
    low = [[sum(min(part) for part in span[depth:]) for depth in range(len(units) + 1)] for span in spans]
    high = [[sum(max(part) for part in span[depth:]) for depth in range(len(units) + 1)] for span in spans]
    best = sum(tops)
    heap: list[tuple[float, int, tuple[int, ...], tuple[int, ...]]] = [(0.0, 0, (), (0,) * len(coefs))]
    for _ in range(MOST_NODES):
        if not heap:
            return -np.inf, ()
        lost, depth, chosen, sums = heappop(heap)
        depth = -depth
        if depth == len(units):
            return best - lost, chosen
        for worth, k in options[depth]:
            after = tuple(total + coef.get(k, 0) for total, coef in zip(sums, coefs, strict=True))
            if all(
                (c.most is None or total + low[n][depth + 1] <= c.most)
                and (c.least is None or total + high[n][depth + 1] >= c.least)
                for n, (c, total) in enumerate(zip(conditions, after, strict=True))
            ):
                more = chosen if k < 0 else (*chosen, k)
                # Of two as good the deeper first.
                heappush(heap, (lost + tops[depth] - worth, -depth - 1, more, after))
    return best - heap[0][0], heap[0][2]
