"""The core of a large problem: the choices that prices leave nearly undecided, with all others made.

At the best prices most clusters have one best choice by far. Allocations that are best at prices near those show which
choices hang in the balance: only these stay open, and the program that is left is small (Balas and Zemel 1980,
doi:10.1287/opre.28.5.1130, with choices of any kind in place of items). The bound is that of the prices, for any core.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.lagrangian import award_offers, evaluate_prices, region_factor
from clusteropt.model.losses import cluster_losses, find_losses
from clusteropt.model.outcome import curve_places
from clusteropt.model.outcome_prices import make_outcome_prices
from clusteropt.solver.mixture import flow_of_columns
from clusteropt.solver.multipliers import no_prices, prices_of_duals, relaxation_duals
from clusteropt.solver.points import money_choices
from clusteropt.solver.price_search import Trace, improve_prices

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.grid import Grid
    from clusteropt.model.lagrangian import Dual, Evaluation
    from clusteropt.model.losses import Losses
    from clusteropt.model.prices import Prices
    from clusteropt.model.space import Space
    from clusteropt.solver.guard import Guard
    from clusteropt.solver.mixture import Mixture
    from clusteropt.solver.multipliers import Build, Until

SIZES = (250, 1_000, 4_000, 16_000)
"""A core has at least so many open choices; the next is tried where one leaves too large a gap."""
FIRST_PART, FIRST_LEAST = 10, 100
"""Where there are few choices the first core need not have more than this part of them, or than so many."""
FIRST_NOISE, MORE_NOISE, MOST_NOISE = 1e-3, 1.25, 0.3
"""Prices near the best: each is off by this relative deviation, a little more with every allocation."""
ROOM = 1.25
"""In a core an award is at most so many times the best at prices."""
NEAR = (1.0, 0.95, 1.05, 0.7, 1.4)
"""Where tangents stand beside what an award is best at, as parts of that."""
NEAR_REGION = (1.0, 0.99, 1.01)
"""Where tangents stand beside the outcome of a region."""
PICK_PARTS = (2, 8)
"""Cores of picks have so many times as many as a relaxation takes at most: one a programme, and one more a limit."""
RELAXATION_SHARE = 0.5
"""Of the time for prices a relaxation takes so much at most, so that something is left to see what they leave."""
COUNTS = 1e-9
"""Clusters whose outcome counts for less than this part of what counts most count for nothing."""
LEADING_ROOM = 1e-6
"""The worst region stays this part below its bound at the prices that lead cores, or half the gap asked for where that
is more; beyond the bound prices would have no end."""
LEADING_AFTER, LEAST_SEEN = 0.6, 5
"""The part of the time for prices after which those that lead cores are searched for; with fewer evaluations than so
many they lead nothing."""
PAD = 2.0**-38
"""A bound is stated this much weaker than it came out, relative to what went into it: more than rounding can cost."""


@dataclass(frozen=True, slots=True, eq=False)
class Rest:
    """What plans better than one at hand have in common.

    Parameters
    ----------
    fixed : array of shape (num_cols,)
        What whole columns are fixed at; NaN where they are open.
    worth : array of shape (num_cols,)
        What levels are worth at prices; NaN for all other columns.
    room : float
        A cluster takes nothing that is worth less than its best by more than this.
    """

    fixed: Floats
    worth: Floats
    room: float


@dataclass(frozen=True, slots=True, eq=False)
class Priced:
    """The best prices found, and what they say.

    Parameters
    ----------
    dual : Dual
        The problem laid out for the Lagrangian.
    prices : Prices
        The best found.
    found : Evaluation
        At these prices.
    evaluations : int
        How many were made to find them.
    mixture : Mixture or None
        What the search left, where it is kept.
    leading : Priced or None
        Where the worst region counts alone, prices say nothing of clusters in regions that are never the worst: cores
        are those of the most outcome in total with the worst region near its bound.
    """

    dual: Dual
    prices: Prices
    found: Evaluation
    evaluations: int
    mixture: Mixture | None = None
    leading: Priced | None = None

    @property
    def bound(self) -> float:
        """What no plan exceeds, with room for rounding; least money in printed units, which no plan undercuts.

        Infinite where a cluster by itself can obey no limit of its own: prices say nothing then, the search does.
        """
        problem = self.dual.space.problem
        least = problem.objective.kind is ObjectiveKind.LEAST_MONEY
        if not math.isfinite(self.found.bound):
            return -math.inf if least else math.inf
        room = rounding_room(self.dual, self.prices, self.found.bound)
        if least:
            return (self.found.bound - room) / problem.money.per_printed
        return self.found.bound + room


def rounding_room(dual: Dual, prices: Prices, bound: float) -> float:
    """Give more than rounding can have cost a bound at some prices."""
    rows = np.concatenate((dual.purses.limit, dual.sides.limit))
    asked = prices.target * abs(dual.space.problem.objective.target or 0.0)
    asked += abs(dual.floor or 0.0) * float(prices.region.sum())
    return PAD * (abs(bound) + float(prices.row @ abs(rows)) + asked)


def find_prices(dual: Dual, draft: tuple[Build, Formulation], guard: Guard, until: Until) -> Priced:
    """Find the best prices.

    Prices of limits, regions and targets are found by themselves; those of stocks and synergies are the duals of a
    relaxation, which is solved only where there are such things, or where it has the best prices of all.

    Parameters
    ----------
    dual : Dual
        The problem laid out for the Lagrangian.
    draft : (callable, Formulation)
        What gives the formulation on a grid, and the first.
    guard : Guard
        Where programs run.
    until : Until
        When to stop.
    """
    duals = None
    if dual.picks_alone or needs_relaxation(dual.space):
        now = time.monotonic()
        half = replace(until, deadline=now + RELAXATION_SHARE * (until.deadline - now))
        duals = relaxation_duals(*draft, guard, half)
    start = first_prices(dual) if duals is None else prices_of_duals(dual, *duals)
    if dual.picks_alone and duals is not None:
        return Priced(dual, start, evaluate_prices(dual, start), 1)
    trace, leads = Trace(mixed=bool(len(draft[1].grid.curves.cells))), may_lead(dual)
    now = time.monotonic()
    first = replace(until, deadline=now + LEADING_AFTER * (until.deadline - now)) if leads else until
    prices, found = improve_prices(dual, start, guard, first, trace)
    priced = Priced(dual, prices, found, trace.num, trace.mixture)
    return replace(priced, leading=_leading(priced, guard, until)) if leads else priced


def first_prices(dual: Dual) -> Prices:
    """Give the prices that a search starts from where no relaxation is solved."""
    outcomes, nothing = make_outcome_prices(dual), no_prices(dual)
    return outcomes.put(nothing, outcomes.first(nothing))


def may_lead(dual: Dual) -> bool:
    """Tell whether cores are led by the prices of a second stage."""
    worst = dual.space.problem.objective.kind is ObjectiveKind.WORST_REGION
    return worst and dual.floor is None and not needs_relaxation(dual.space)


def _leading(priced: Priced, guard: Guard, until: Until) -> Priced | None:
    """Find prices of the most outcome in total where the worst region nearly reaches its bound."""
    if not math.isfinite(priced.bound):
        return None
    dual = replace(priced.dual, floor=priced.bound - max(until.gap, LEADING_ROOM) * abs(priced.bound))
    trace = Trace()
    prices, found = improve_prices(dual, first_prices(dual), guard, until, trace)
    # Where there was no time for more than a look, its allocation is that of no prices at all.
    return Priced(dual, prices, found, trace.num) if trace.num >= LEAST_SEEN else None


def touch_priced(priced: Priced, grid: Grid) -> Grid:
    """Touch the curves only where the best awards at some prices stand, and near it, whether they are taken or not."""
    dual, space, curves = priced.dual, priced.dual.space, grid.curves
    # A harmed curve would pay for every point with a binary.
    smooth = np.setdiff1d(np.arange(curves.num), curves.harmed)
    money, inside = np.zeros(space.num_amounts), dual.stalls.flow >= 0
    money[dual.stalls.flow[inside]] = award_offers(dual, priced.prices).money[inside]
    ends = (grid.point == 0) | (grid.point >= curves.reach[grid.curve_of_point])
    kept = ends | np.isin(grid.curve_of_point, curves.harmed)
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(kept)))[grid.start]
    grid = replace(grid, start=start, point=grid.point[kept])
    for amounts in (money, priced.found.money):
        places = curve_places(space, curves, amounts)[smooth]
        for part in NEAR:
            grid = grid.refine(smooth, places * part)
    return grid


def touch_regions(priced: Priced, grid: Grid) -> Grid:
    """Touch the curves of regions, where there are such, near what prices make of their outcomes."""
    regions = np.arange(len(grid.curves.cells), grid.curves.num)
    if not len(regions):
        return grid
    places = curve_places(priced.dual.space, grid.curves, priced.found.money)[regions]
    for part in NEAR_REGION:
        grid = grid.refine(regions, places * part)
    return grid


def near_money(priced: Priced, formulation: Formulation, best: Floats | None = None) -> Floats:
    """Give the most that each column may carry where money stays near what prices say; infinite where it is free.

    A draw that may carry much more than it will is nearly free to be taken in a small part, so that a relaxation says
    little of it.

    Parameters
    ----------
    priced : Priced
        The prices.
    formulation : Formulation
        Of the same problem.
    best : array of shape (num_cols,), optional
        A point that is to be left room for as well.
    """
    dual, space = priced.dual, priced.dual.space
    most = np.full(formulation.num_cols, np.inf)
    block = formulation.columns.block("flow")
    if block is None:
        return most
    on = award_offers(dual, priced.prices).money.sum(axis=1)
    amount = np.full(space.num_cells, np.inf)
    curved = (~space.dynamic & ~space.from_menu)[dual.stalls.cell]
    amount[dual.stalls.cell] = np.where(curved & (on > 0), on * ROOM, np.inf)
    near = amount[space.flow_cell[flow_of_columns(formulation)]] / space.problem.money.per_printed
    most[block.positions] = near if best is None else np.maximum(near, best[block.positions])
    return most


def losses_of(priced: Priced, money: Floats) -> Floats | None:
    """Give what every cluster loses with some money at the best prices; None where worth is not a sum over cells."""
    dual = priced.dual
    return (
        None
        if is_rich(dual.space) or dual.space.num_picks
        else cluster_losses(dual, priced.prices, priced.found.clusters, money)
    )


def is_rich(space: Space) -> bool:
    """Tell whether a problem has prices beside those of purses and rules."""
    return space.problem.objective.kind is not ObjectiveKind.TOTAL or needs_relaxation(space)


def needs_relaxation(space: Space) -> bool:
    """Tell whether a problem has prices that only a relaxation finds: of synergies and stocks."""
    return bool(space.problem.synergies) or bool(space.dynamic.any())


def narrowings(priced: Priced, formulation: Formulation, seed: int, deadline: float = math.inf) -> Iterator[Floats]:
    """Give the whole columns of a formulation fixed but for cores of growing size; NaN where a column stays open.

    A core that is no larger than the one before, or that leaves everything open, is not given: the whole is next.

    Parameters
    ----------
    priced : Priced
        The prices.
    formulation : Formulation
        Of the same problem.
    seed : int
        Of the noise of prices; the same seed gives the same cores.
    deadline : float
        ``time.monotonic()`` after which no more prices are tried: the core is what has been seen.
    """
    if priced.dual.picks_alone:
        yield from _cheapest(priced, formulation)
        return
    dice, noise = np.random.default_rng(seed), FIRST_NOISE
    first = money_choices(
        formulation, _settled(priced, priced.found, None if priced.leading is None else priced.leading.found)
    )
    low, high = first.copy(), first.copy()
    most, given = int(np.isfinite(first).sum()), -1
    for size in (min(SIZES[0], max(most // FIRST_PART, FIRST_LEAST)), *SIZES[1:]):
        late = False
        while (num := int((low < high).sum())) < min(size, most) and noise <= MOST_NOISE:
            late = time.monotonic() > deadline
            if late:
                break
            chosen = money_choices(formulation, _drawn(priced, noise, dice))
            low, high = np.fmin(low, chosen), np.fmax(high, chosen)
            noise *= MORE_NOISE
        if num == most or (num == given and (late or noise > MOST_NOISE)):
            return
        if num > given:
            given = num
            yield np.where(low < high, np.nan, first)


def _drawn(priced: Priced, noise: float, dice: np.random.Generator) -> Ints:
    """Give the best allocation at prices near the best."""
    near = _near(priced, noise, dice)
    if priced.leading is None:
        return _settled(priced, near, None)
    return _settled(priced, near, _near(priced.leading, noise, dice))


def _near(priced: Priced, noise: float, dice: np.random.Generator) -> Evaluation:
    prices, outcomes = priced.prices, make_outcome_prices(priced.dual)
    row, own = prices.row, outcomes.of(prices)
    moved = prices.with_rows(row * np.exp(noise * dice.standard_normal(len(row))))
    return evaluate_prices(priced.dual, outcomes.put(moved, own * np.exp(noise * dice.standard_normal(len(own)))))


def _settled(priced: Priced, own: Evaluation, leading: Evaluation | None) -> Ints:
    """Give the whole amounts of an allocation; where cores are led, of clusters that count for nothing the leading."""
    if leading is None:
        return np.round(own.money).astype(np.int64)
    space = priced.dual.space
    factor, _ = region_factor(priced.dual, priced.prices)
    worth = abs(space.region_weight.T @ factor)
    counts = (worth > COUNTS * worth.max(initial=0.0))[space.cell_cluster[space.flow_cell]]
    mine = np.append(counts, np.zeros(space.num_picks, bool))
    return np.round(np.where(mine, own.money, leading.money)).astype(np.int64)


def _cheapest(priced: Priced, formulation: Formulation) -> Iterator[Floats]:
    """Open the picks with which the bound loses least: a few times as many as the relaxation takes parts of."""
    losses = find_losses(priced.dual, priced.prices, math.inf)
    if losses is None:
        return
    ordered = np.sort(losses.pick)
    taken = len(priced.dual.bundles.must) + np.count_nonzero(priced.prices.row)
    for size in (part * taken for part in PICK_PARTS):
        if size < len(ordered) and ordered[size] < ordered[-1]:
            yield _narrowed(losses, formulation, float(ordered[size]))


def beaten(priced: Priced, formulation: Formulation, value: float) -> Rest | None:
    """Give what every plan better than a value has.

    Parameters
    ----------
    priced : Priced
        The prices, and the bound at them.
    formulation : Formulation
        Of the same problem.
    value : float
        Of a plan.

    Returns
    -------
    Rest or None
        None where prices tell nothing of single choices.
    """
    problem, bound = priced.dual.space.problem, priced.found.bound
    if problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        value *= problem.money.per_printed
    # What rounding can have cost the bound and the losses counts twice.
    room = abs(bound - value) + 2 * rounding_room(priced.dual, priced.prices, bound) + PAD * abs(value)
    losses = find_losses(priced.dual, priced.prices, 2 * room) if math.isfinite(room) else None
    if losses is None:
        return None
    worth, level = np.full(formulation.num_cols, np.nan), formulation.columns.block("level")
    if level is not None:
        worth[level.positions] = losses.worth
    return Rest(_narrowed(losses, formulation, room), worth, room)


def _narrowed(losses: Losses, formulation: Formulation, room: float) -> Floats:
    """Fix the whole columns without which the bound loses more than there is room for; NaN for all others."""
    space, columns = formulation.space, formulation.columns
    fixed = np.full(formulation.num_cols, np.nan)
    gated = np.flatnonzero(space.gated)
    found = {"level": losses.level > room, "on": losses.on[gated] > room, "pick": losses.pick > room}
    for name, out in found.items():
        block = columns.block(name)
        if block is not None:
            fixed[block.positions[out]] = 0.0
    needed = losses.off > room
    block = columns.block("on")
    if block is not None:
        fixed[block.positions[needed[gated]]] = 1.0
    block = columns.block("level")
    if block is not None:
        left = np.bincount(space.level_cell[~found["level"]], minlength=space.num_cells)
        fixed[block.positions[~found["level"] & (needed & (left == 1))[space.level_cell]]] = 1.0
    return fixed
