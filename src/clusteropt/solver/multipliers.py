"""Multipliers that prove a bound: the duals of a tight relaxation.

They prove the bound of the relaxation itself. Where blocks are not convex (levels, gates, limits within a cluster) the
Lagrangian bound can be tighter than any relaxation; `price_search` finds the prices for that.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import ObjectiveKind, RuleBase, RuleKind
from clusteropt.model.blocks import add_up
from clusteropt.model.cells import synergy_places
from clusteropt.model.curves import best_outcomes, live_regions, make_curves, region_reach, region_units
from clusteropt.model.money_rules import ledger_money, need_money, need_size, share_money, span_size
from clusteropt.model.prices import Prices, joint_levers
from clusteropt.model.response import FAMILIES, curve_slope
from clusteropt.model.rule_rows import row_size
from clusteropt.solver.claim import HighsOptions, Limit
from clusteropt.solver.hearing import Task
from clusteropt.solver.points import excesses, goal
from clusteropt.solver.scaling import choose_scaling, to_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.problem import Floats
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.grid import Grid
    from clusteropt.model.lagrangian import Dual
    from clusteropt.model.space import Space
    from clusteropt.solver.claim import Claim
    from clusteropt.solver.guard import Guard
    from clusteropt.solver.program import Program

    Build = Callable[[Grid], Formulation]

REFINE_ROUNDS = 15
"""The relaxation is refined at most so often; what is missing then costs a little of the bound, never its truth."""
EXCESS = 1e-8
"""The relaxation is tight enough at this relative excess of its tangents."""


@dataclass(frozen=True, slots=True, eq=False)
class Until:
    """When to stop: at a gap to a value, or at a time.

    Parameters
    ----------
    value : float
        What the plan is worth.
    gap : float
        A relative gap that is close enough.
    deadline : float
        ``time.monotonic()``.
    """

    value: float
    gap: float
    deadline: float

    def seconds(self) -> float:
        """Give the time left, never quite nothing."""
        return max(self.deadline - time.monotonic(), 0.05)


def relaxation_duals(
    build: Build, formulation: Formulation, guard: Guard, until: Until
) -> tuple[Formulation, Floats] | None:
    """Refine the relaxation of a formulation, and give its last form with the duals of its rows.

    Parameters
    ----------
    build : callable
        Gives the formulation on a grid.
    formulation : Formulation
        Where to start.
    guard : Guard
        Where programs run.
    until : Until
        When to stop.

    Returns
    -------
    (Formulation, array of shape (num_rows,)) or None
        What one more unit of the limit of each row adds; None if HiGHS gave no duals.
    """
    best = None
    for _ in range(REFINE_ROUNDS):
        program = to_program(formulation).relaxed()
        scaling = choose_scaling(formulation, program)
        claim = scaling.unscale(run_relaxed(scaling.scale(program), (guard, until)))
        if claim.dual is None or claim.x is None or not np.isfinite(claim.dual).all():
            break
        best = (formulation, claim.dual)
        found = excesses(formulation, claim.x)
        if found.total <= EXCESS * goal(formulation, claim.value) or time.monotonic() > until.deadline:
            break
        grid = formulation.grid.refine(found.which, found.arg)
        if grid.size == formulation.grid.size:
            break
        formulation = build(grid)
    return best


def prices_of_duals(dual: Dual, formulation: Formulation, rows: Floats) -> Prices:
    """Read the prices of linking limits, regions, synergies and stocks from the duals of a relaxation.

    Parameters
    ----------
    dual : Dual
        The problem laid out for the Lagrangian.
    formulation : Formulation
        The formulation whose rows the duals belong to.
    rows : array of shape (num_rows,)
        What one more unit of each limit adds to the maximised objective.
    """
    problem = dual.space.problem
    per_printed = problem.money.per_printed
    least = problem.objective.kind is ObjectiveKind.LEAST_MONEY
    # Duals are per printed unit, and for least money of an objective in printed units, which cancels.
    unit = 1.0 if least else 1.0 / per_printed
    return Prices(
        purse=_purse_prices(dual, formulation, rows) * unit,
        side=_side_prices(dual, formulation, rows, (unit, per_printed if least else 1.0)),
        region=_region_prices(dual, formulation, rows),
        target=float(max(-rows[formulation.row_positions("target")].sum(), 0.0) * per_printed) if least else 0.0,
        joint=_joint_shares(dual, formulation, rows),
        stock=_stock_prices(dual, formulation, rows * unit),
    )


def no_prices(dual: Dual) -> Prices:
    """Give the prices that prove something where nothing is known: nothing costs anything, all get the most there is.

    Then a synergy is worth what its weakest lever can do, the worst region is the one that can reach least, and a
    region counts by the tangent where it reaches most.
    """
    space = dual.space
    return Prices(
        purse=np.zeros(len(dual.purses.limit)),
        side=np.zeros(dual.sides.num),
        region=_region_start(space),
        target=0.0,
        joint=_joint_start(space),
        stock=np.zeros(space.num_cells),
    )


def _joint_start(space: Space) -> Floats:
    """Give all of every synergy to the lever that can do least."""
    column, lever = joint_levers(space)
    if not len(column):
        return np.zeros(0)
    _, cluster, year = synergy_places(space)
    best = best_outcomes(space, make_curves(space))
    most = best[(cluster[column] * space.problem.num_levers + lever) * space.problem.num_years + year[column]]
    order = np.lexsort((np.arange(len(column)), most, column))
    shares = np.zeros(len(column))
    shares[order[np.flatnonzero(np.diff(column[order], prepend=-1))]] = 1.0
    return shares


def _region_start(space: Space) -> Floats:
    objective, units = space.problem.objective, region_units(space)
    if objective.kind in (ObjectiveKind.TOTAL, ObjectiveKind.LEAST_MONEY):
        return np.zeros(len(units))
    reach = region_reach(space, make_curves(space)) / units
    if objective.kind is ObjectiveKind.EQUITY:
        code = np.full(len(units), FAMILIES.index(objective.equity_family))
        return np.maximum(curve_slope(code, np.full(len(units), objective.equity_scale or 1.0), reach), 1e-12)
    start = np.zeros(len(units))
    alive = live_regions(space)
    if len(alive):
        start[alive[reach[alive].argmin()]] = 1.0
    return start


def run_relaxed(program: Program, run: tuple[Guard, Until]) -> Claim:
    """Run a linear program; prices from it are candidates, as any prices prove a bound, so "infeasible" stands.

    Raises
    ------
    KeyboardInterrupt
        If Ctrl-C came, where the guard heeds it: prices are no plan, so there is nothing to end with.
    """
    guard, until = run
    claim = guard.run(
        Task("multipliers", program), HighsOptions(0.0, feasibility_tolerance=1e-9), time.monotonic() + until.seconds()
    ).claim
    if claim.limit is Limit.INTERRUPT:
        raise KeyboardInterrupt
    return claim


def _purse_prices(dual: Dual, formulation: Formulation, rows: Floats) -> Floats:
    """Read the prices of purses, and of spans, whose rows were divided by their largest coefficient."""
    plain, spans = (rows[formulation.row_positions(name)] for name in ("purse", "ledger"))
    size = np.ones(len(spans))
    for number, row in enumerate(ledger_money(dual.space)):
        size[number] = span_size(dual.space.problem, row.key) / row_size(dual.space, row)
    return np.maximum(np.concatenate((plain, spans * size)), 0.0)


def _side_prices(dual: Dual, formulation: Formulation, rows: Floats, units: tuple[float, float]) -> Floats:
    """Find the row of every side by rule, and year or side; a row that was divided by its size is multiplied back."""
    sides, problem, sizes = dual.sides, dual.space.problem, _share_sizes(dual.space)
    found: dict[tuple[int, int], float] = {}
    for name in ("amount", "share", "change", "count"):
        block = formulation.row_block(name)
        if block is None:
            continue
        unit = units[1] if name == "count" else units[0]
        second = block.keys[:, 1] if block.keys.shape[1] > 1 else np.full(len(block.keys), -1)
        values = rows[formulation.row_positions(name)] * unit
        for number, key, value in zip(block.keys[:, 0].tolist(), second.tolist(), values.tolist(), strict=True):
            found[number, key] = value * sizes.get((number, key), 1.0)
    prices = np.zeros(sides.num)
    for k, (number, year, upper) in enumerate(zip(sides.rule, sides.year, sides.upper, strict=True)):
        if number >= len(problem.rules):
            break
        rule = problem.rules[number]
        key = int(upper) if rule.kind is RuleKind.SHARE else int(year)
        value = found.get((int(number), key), 0.0)
        prices[k] = max(value if upper else -value, 0.0)
    soft = -rows[formulation.row_positions("soft_floor")] * units[0]
    needs = -rows[formulation.row_positions("need")] * units[0]
    for number, row in enumerate(need_money(dual.space)):
        needs[number] *= need_size(dual.space, row) / row_size(dual.space, row)
    prices[sides.num - len(needs) - len(soft) :] = np.maximum(np.concatenate((soft, needs)), 0.0)
    return np.minimum(prices, sides.cap)


def _share_sizes(space: Space) -> dict[tuple[int, int], float]:
    """Give what the dual of a share row is multiplied by to be a price of selection less share times base.

    The formulation divides the row q * selection - p * base by its largest coefficient.
    """
    sizes = {}
    for row in share_money(space):
        rule = space.problem.rules[row.key[0]]
        share = rule.minimum if row.key[1] == 0 else rule.maximum
        if rule.base is not RuleBase.FUND and share is not None:
            sizes[row.key[0], row.key[1]] = share.denominator / max(int(abs(row.coef).max(initial=1)), 1)
    return sizes


def _region_prices(dual: Dual, formulation: Formulation, rows: Floats) -> Floats:
    """Read the weights of regions from the rows of the worst region, or the slopes from those of the equity curve."""
    start = _region_start(dual.space)
    worst, curve = formulation.row_block("worst_region"), formulation.row_block("equity_curve")
    if worst is not None:
        weight = np.zeros(len(start))
        weight[worst.keys[:, 0]] = np.maximum(-rows[formulation.row_positions("worst_region")], 0.0)
        return weight if weight.any() or dual.floor is not None else start
    if curve is None:
        return start
    regional = formulation.grid.curve_of_point >= len(formulation.grid.curves.cells)
    slope = formulation.grid.tangents()[0][regional]
    weight = np.maximum(rows[formulation.row_positions("equity_curve")], 0.0)
    total = add_up(curve.keys[:, 0], weight, len(start))
    mean = add_up(curve.keys[:, 0], weight * slope, len(start))
    return np.divide(mean, total, out=start, where=total > 0)


def _joint_shares(dual: Dual, formulation: Formulation, rows: Floats) -> Floats:
    """Share every synergy over its levers as the duals of its rows do; where they are silent, as at the start."""
    start = _joint_start(dual.space)
    block, columns = formulation.row_block("joint_outcome"), formulation.columns.block("synergy")
    if block is None or columns is None:
        return start
    column, _ = joint_levers(dual.space)
    weight = np.maximum(rows[formulation.row_positions("joint_outcome")], 0.0)
    total = add_up(column, weight, len(columns.keys))[column]
    return np.divide(weight, total, out=start, where=total > 0)


def _stock_prices(dual: Dual, formulation: Formulation, rows: Floats) -> Floats:
    """Turn the worth of a unit that arrives in each year into what it is worth in that year alone."""
    space, problem = dual.space, dual.space.problem
    arriving = np.zeros(space.num_cells)
    block = formulation.row_block("stock_balance")
    if block is None:
        return arriving
    cluster, lever, year = block.keys.T
    cell = (cluster * problem.num_levers + lever) * problem.num_years + year
    arriving[cell] = rows[formulation.row_positions("stock_balance")]
    shaped = arriving.reshape(problem.num_clusters, problem.num_levers, problem.num_years)
    later = np.zeros_like(shaped)
    later[:, :, :-1] = shaped[:, :, 1:] * (1 - problem.depreciation)[None, :, None]
    return (shaped - later).ravel()
