"""Proving bounds: multipliers for every stage of an objective, and what they prove."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.options import SolveOptions
from clusteropt.inputs.problem import ObjectiveKind, ResponseFamily
from clusteropt.inputs.programmes import best_effect
from clusteropt.model.cells import has_stock
from clusteropt.model.lagrangian import make_dual
from clusteropt.solver.claim import relative_gap
from clusteropt.solver.core import PAD, RELAXATION_SHARE, first_prices, needs_relaxation, rounding_room
from clusteropt.solver.multipliers import Until, prices_of_duals, relaxation_duals
from clusteropt.solver.price_search import improve_prices
from clusteropt.solver.proof_tree import TreeOptions, grow_tree, prune
from clusteropt.solver.steps import NOISE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clusteropt.inputs.problem import Floats
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.grid import Grid
    from clusteropt.model.lagrangian import Dual
    from clusteropt.model.prices import Prices
    from clusteropt.model.space import Space
    from clusteropt.solver.guard import Guard
    from clusteropt.solver.proof_tree import Node
    from clusteropt.solver.refine import Found

    Builder = Callable[[float | None], Callable[[Grid], Formulation]]

PROOF_S, PROOF_SHARE = 1.0, 0.05
"""Finding multipliers may take so long beyond the time limit, where the search has left none: seconds, or this part of
the limit where that is more."""
RATIONAL = (ResponseFamily.LINEAR, ResponseFamily.HYPERBOLIC)
"""Responses whose values at whole money are rational numbers."""

MOST_ENTRIES = 5_000_000
"""A problem with more clusters and programmes times linking limits is proved at once or not at all."""
TREE_SHARE = 0.5
"""The part of the time left after the search that a proof tree may take."""
TREE_LEAST_S = 10.0
"""A tree of as many nodes as by default takes as long as the search at most, or so long; of more or fewer nodes in
proportion. Nobody who was given a plan after seconds expects to wait half a minute more for a part of a gap."""
WORTH_ITS_LENGTH = 0.1
"""A proof tree is kept where it closes this part of what the bound of the whole leaves beyond the gap asked for."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How far proof trees may grow.

    Parameters
    ----------
    most_nodes : int
        A tree has at most so many nodes; 0 for no tree.
    deadline : float
        ``time.monotonic()`` at which it ends.
    seconds : float
        How long it takes at most.
    gap : float
        The relative gap that is close enough.
    """

    most_nodes: int
    deadline: float
    seconds: float
    gap: float


@dataclass(frozen=True, slots=True, eq=False)
class Proved:
    """What is proved of one stage.

    Parameters
    ----------
    bound : float
        No plan exceeds it (for least money: undercuts, in whole units); infinite where nothing is proved.
    prices : Prices or None
        The multipliers that prove it; None where nothing is proved or the multipliers are of the arrays.
    tree : Node or None
        Where the problem was split to prove it.
    """

    bound: float
    prices: Prices | None
    tree: Node | None = None


def growth_for(options: SolveOptions, spent: float, deadline: float) -> Growth:
    """Tell how far a proof tree may grow after a search.

    Parameters
    ----------
    options : SolveOptions
        The nodes it may have, and the gap that is close enough.
    spent : float
        Seconds that the search has taken.
    deadline : float
        ``time.monotonic()`` at which proofs have to end.
    """
    now = time.monotonic()
    left = deadline - now
    return Growth(
        options.proof_nodes,
        now + max(TREE_SHARE * left, min(left, PROOF_S)),
        max(spent, TREE_LEAST_S) * options.proof_nodes / SolveOptions().proof_nodes,
        max(options.relative_gap, NOISE),
    )


def prove_stages(
    space: Space, stages: Sequence[Found], values: Sequence[float], builder: Builder, run: tuple[Guard, Until, Growth]
) -> tuple[Proved, ...]:
    """Find multipliers for every stage, and the bounds they prove.

    Parameters
    ----------
    space : Space
        The positions of the problem.
    stages : sequence of Found
        The ends of the search.
    values : sequence of float
        What the plan is worth, one value a stage; least money in whole units.
    builder : callable
        Gives, for the floor of a stage, the formulation on a grid.
    run : (Guard, Until, Growth)
        Where programs run, when to stop, and how far a proof tree may grow; the value of each stage replaces that of
        ``until``.
    """
    guard, until, growth = run
    proved = []
    for number, (found, value) in enumerate(zip(stages, values, strict=True)):
        floor = values[0] if number else None
        aim = Until(value, until.gap, until.deadline)
        if found.formulation.own_objective or found.formulation.row_block("own") is not None:
            proved.append(_prove_arrays(space, found, builder(_room(floor)), (guard, aim)))
        else:
            proved.append(_prove(space, (found, floor), builder(_room(floor)), (guard, aim, growth)))
    return tuple(proved)


def stated_bound(dual: Dual, prices: Prices, bound: float, value: float) -> float:
    """Weaken a bound by more than rounding can have cost it; of least money give the next whole unit.

    Parameters
    ----------
    dual : Dual
        The problem.
    prices : Prices
        What the bound was evaluated at.
    bound : float
        As it came out.
    value : float
        Of a plan, to tell how large the numbers are.
    """
    least = _is_least(dual.space)
    room = rounding_room(dual, prices, bound) + PAD * abs(value)
    if least and math.isfinite(bound - room):
        return max(float(math.ceil(bound - room)), 0.0)
    return bound + room


def is_rational(space: Space) -> bool:
    """Tell whether every outcome, and what regions make of it, is a rational number at whole money."""
    problem = space.problem
    objective = problem.objective
    if objective.kind is ObjectiveKind.EQUITY and objective.equity_family not in RATIONAL:
        return False
    start, gain = problem.menus.start, problem.menus.gain
    fed = has_stock(problem)
    curved = np.array([family not in RATIONAL for family in problem.family])
    for pair in np.flatnonzero((best_effect(problem) > 0).ravel() & np.tile(curved, problem.num_clusters)):
        gains = gain[start[pair] : start[pair + 1]]
        if not len(gains) or np.isnan(gains).any() or fed[pair]:
            return False
    return True


def _room(floor: float | None) -> float | None:
    # The relaxation needs a little room below what the first stage reached, or tolerances make it infeasible.
    return None if floor is None else floor - 1e-7 * abs(floor)


def _prove(
    space: Space,
    stage: tuple[Found, float | None],
    build: Callable[[Grid], Formulation],
    run: tuple[Guard, Until, Growth],
) -> Proved:
    (found, floor), (guard, until, growth) = stage, run
    if found.priced is not None:
        # The search was led by prices as good as they get.
        dual, prices, seen = found.priced.dual, found.priced.prices, found.priced.found
        if floor is not None and dual.floor is not None and floor < dual.floor:
            # Rounding has lowered the worst region, and the bound is of all plans that keep what is left of it.
            dual = replace(dual, floor=floor)
            prices, seen = improve_prices(dual, prices, guard, until)
    else:
        dual = make_dual(space, floor)
        # Prices of purses and rules can be found without a relaxation, so that something is left to find them.
        now = time.monotonic()
        share = 1.0 if needs_relaxation(space) else RELAXATION_SHARE
        first = replace(until, deadline=now + share * (until.deadline - now))
        duals = relaxation_duals(build, found.formulation, guard, first)
        prices = first_prices(dual) if duals is None else prices_of_duals(dual, *duals)
        prices, seen = improve_prices(dual, prices, guard, until)
    least, bound = _is_least(space), stated_bound(dual, prices, seen.bound, until.value)
    true = bound <= until.value if least else bound >= until.value
    if not (true and math.isfinite(bound)):
        return Proved(-math.inf if least else math.inf, None)
    few = (space.problem.num_clusters + space.num_picks) * len(prices.row) <= MOST_ENTRIES
    if few and growth.most_nodes and relative_gap(until.value, bound) > growth.gap:
        return _grow(dual, prices, (bound, until.value), (guard, growth))
    return Proved(bound, prices)


def _grow(dual: Dual, prices: Prices, reached: tuple[float, float], run: tuple[Guard, Growth]) -> Proved:
    """Split the problem where the bound leaves a gap; a tree that gains little is not worth its length."""
    (bound, value), (guard, growth) = reached, run
    sign = -1.0 if _is_least(dual.space) else 1.0
    aim = value + sign * growth.gap * max(abs(value), 1e-9)
    deadline = min(growth.deadline, time.monotonic() + growth.seconds)
    options = TreeOptions(most_nodes=growth.most_nodes, deadline=deadline, aim=aim)
    top = grow_tree(dual, prices, lambda own, found: stated_bound(dual, own, found, value), guard, options)
    best = prune(top, sign)
    true = sign * best >= sign * value
    if not true or sign * (bound - best) < WORTH_ITS_LENGTH * sign * (bound - aim):
        return Proved(bound, prices)
    return Proved(best, top.prices, top if top.sides else None)


def _prove_arrays(space: Space, found: Found, build: Callable[[Grid], Formulation], run: tuple[Guard, Until]) -> Proved:
    """Prove a bound by multipliers of the arrays: sum of dual * limit + the most every column brings at its price.

    Neumaier and Shcherbina 2004 (doi:10.1007/s10107-003-0433-3). The arrays contain the problem, so it holds there too.
    """
    sign = 1.0 if found.formulation.maximise else -1.0
    duals = relaxation_duals(build, found.formulation, *run)
    if duals is None:
        return Proved(sign * math.inf, None)
    bound, size = array_bound(*duals)
    bound = sign * (bound + PAD * size) + found.formulation.offset
    if math.isfinite(bound) and _is_least(space) and not found.formulation.own_objective:
        bound = float(math.ceil(bound * space.problem.money.per_printed))
    return Proved(bound, None)


def _is_least(space: Space) -> bool:
    return space.problem.objective.kind is ObjectiveKind.LEAST_MONEY


def array_bound(formulation: Formulation, dual: Floats) -> tuple[float, float]:
    """Give what no point of a formulation exceeds in its maximised objective, and the size of what went into it.

    sum_i max(y_i upper_i, y_i lower_i) + sum_j max over bounds of (c - A' y)_j x_j, for any y.
    """
    cost = formulation.cost if formulation.maximise else -formulation.cost
    reduced = cost - formulation.matrix.T @ dual
    parts = []
    for price, low, high in (
        (dual, formulation.row_lower, formulation.row_upper),
        (reduced, formulation.col_lower, formulation.col_upper),
    ):
        limit = np.where(price > 0, high, low)
        parts.append(np.where(price == 0, 0.0, price * np.where(price == 0, 0.0, limit)))
    terms = np.concatenate(parts)
    return math.fsum(terms), math.fsum(abs(terms)) if np.isfinite(terms).all() else math.inf
