"""What a point of a formulation says: its money, its value on the curves, where the tangents stand off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.extras import OWN
from clusteropt.model.outcome import evaluate, marginal, objective_value
from clusteropt.model.rows import counted_flows
from clusteropt.model.soft_floors import soft_limits

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.formulation import Formulation

    Lifts = dict[str, Floats]


OWN_ROOM = 1e-7
"""A constraint of the caller's on outcomes may be missed by this much, relative to its limit."""


@dataclass(frozen=True, slots=True, eq=False)
class Excesses:
    """How far the tangents stand above the curves at a point.

    Parameters
    ----------
    which : array of shape (n,)
        The curves in use.
    arg, excess : arrays of shape (n,)
        Where each stands, and its excess in units of the objective, non-negative.
    """

    which: Ints
    arg: Floats
    excess: Floats

    @property
    def total(self) -> float:
        """The sum of the excesses."""
        return float(self.excess.sum())


def excesses(formulation: Formulation, x: Floats) -> Excesses:
    """Measure every curve in use at a point.

    A choice between 0 and 1 in a relaxation scales its curve: the argument is the stock over the choice.
    """
    grid, curves = formulation.grid, formulation.grid.curves
    arg = formulation.argument @ x
    gate = np.ones(curves.num)
    space = formulation.space
    gated = space.gated[curves.cells] & ~space.dynamic[curves.cells]
    on = formulation.columns.on[curves.cells] @ x
    gate[: len(curves.cells)] = np.where(gated, on, 1.0)
    alive = (gate > 1e-6) & (arg > 0)
    arg = np.minimum(arg / np.where(alive, gate, 1.0), curves.reach)
    slope, intercept = grid.tangents()
    above = slope * arg[grid.curve_of_point] + intercept
    envelope = np.minimum.reduceat(above, grid.start[:-1]) if len(above) else np.zeros(0)
    which = np.flatnonzero(alive)
    excess = (envelope - grid.lowest(arg))[which] * gate[which] * curves.weight[which]
    return Excesses(which, arg[which], np.maximum(excess, 0.0))


def to_units(formulation: Formulation, x: Floats) -> Floats:
    """Give the money of every flow at a point in whole units, not rounded, never negative."""
    money = formulation.columns.flow @ x[: formulation.columns.num]
    return np.maximum(money * formulation.problem.money.per_printed, 0.0)


def point_value(formulation: Formulation, x: Floats, money: Floats) -> float:
    """Give the objective of a point on the curves themselves, for the stage the formulation is of."""
    if formulation.own_objective:
        return float(formulation.cost @ true_point(formulation, x))
    outcome = evaluate(formulation.space, money)
    if formulation.row_positions("floor").size:
        return outcome.total
    value = objective_value(formulation.space, money, outcome)
    if formulation.problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        return value / formulation.problem.money.per_printed
    return value


def worth(formulation: Formulation, x: Floats) -> float:
    """Give the objective of a point on the curves themselves."""
    return point_value(formulation, x, to_units(formulation, x))


def goal(formulation: Formulation, value: float) -> float:
    """Give the outcome that errors of outcomes are compared with: the target, or the value itself."""
    objective = formulation.problem.objective
    if objective.kind is ObjectiveKind.LEAST_MONEY and not formulation.own_objective:
        return abs(objective.target or 0.0)
    return abs(value)


def true_point(formulation: Formulation, x: Floats) -> Floats:
    """Give a point with outcomes on their curves, synergies at the smallest of their levers, and regions likewise."""
    columns, curves, space = formulation.columns, formulation.grid.curves, formulation.space
    lowered = x.copy()
    outcome, synergy = columns.block("outcome"), columns.block("synergy")
    if outcome is not None:
        cells = np.arange(len(curves.cells))
        share = space.effect_of(to_units(formulation, x))[curves.cells] / space.top_effect[curves.cells]
        lowered[outcome.positions] = share * curves.value(cells, np.maximum((formulation.argument @ x)[cells], 0.0))
    if synergy is not None:
        by_cell = columns.outcome @ lowered
        problem = space.problem
        for k, (number, cluster, year) in enumerate(synergy.keys):
            levers = np.array(problem.synergies[number].levers)
            cell = (cluster * problem.num_levers + levers) * problem.num_years + year
            lowered[synergy.positions[k]] = by_cell[cell].min()
    return _with_regions(formulation, lowered)


def _with_regions(formulation: Formulation, x: Floats) -> Floats:
    """Put the worst region, and what regions count for equity, where the money of a point puts them; in place."""
    columns, curves, space = formulation.columns, formulation.grid.curves, formulation.space
    worst, equity, missing = (columns.block(name) for name in ("worst", "equity", "missing"))
    if missing is not None:
        x[missing.positions] = soft_limits(space).missing(to_units(formulation, x)) / space.problem.money.per_printed
    if worst is None and equity is None:
        return x
    outcome = evaluate(space, to_units(formulation, x))
    if worst is not None:
        x[worst.positions] = objective_value(space, to_units(formulation, x), outcome)
    if equity is not None:
        x[equity.positions] = curves.value(np.arange(len(curves.cells), curves.num), outcome.region)
    return x


def shortfalls(formulation: Formulation, x: Floats) -> Lifts:
    """Give what is missing on the curves to every row that asks for outcome; only rows that miss something.

    Those are the target, the floor of the second stage, and the caller's own rows with outcomes in them; the last
    with what rounding each flow down by a unit could cost.
    """
    missing: Lifts = {}
    space, problem = formulation.space, formulation.problem
    money = to_units(formulation, x)
    floor = formulation.row_positions("floor")
    if formulation.row_positions("target").size:
        wanted = problem.objective.target or 0.0
        missing["target"] = _missing(wanted - evaluate(space, money).total, wanted, 1e-10)
    if floor.size:
        wanted = float(formulation.row_lower[floor[0]])
        missing["floor"] = _missing(wanted - objective_value(space, money, evaluate(space, money)), wanted, 1e-8)
    own = formulation.row_block(OWN)
    if own is not None:
        missing[OWN] = own_shortfalls(formulation, true_point(formulation, x), money)
    return {name: lift for name, lift in missing.items() if lift.any()}


def own_shortfalls(formulation: Formulation, true: Floats, money: Floats | None = None) -> Floats:
    """Give by how much a point on the curves breaks the caller's rows that hold outcomes or regions, one number a row.

    With ``money`` the worth of one unit on every flow is asked on top, as room for rounding.
    """
    own, outcome = formulation.row_block(OWN), formulation.columns.block("outcome")
    if own is None or outcome is None:
        return np.zeros(0)
    held = own.matrix[:, outcome.positions]
    regional = [block.positions for block in formulation.columns.blocks if block.name in ("worst", "equity")]
    curved = np.concatenate((outcome.positions, *regional))
    concerned = np.asarray(abs(own.matrix[:, curved]).sum(axis=1)).ravel() > 0
    level = own.matrix @ true
    missing = np.maximum(own.lower - level, level - own.upper)
    limit = np.where(np.isfinite(own.lower), own.lower, own.upper)
    for row in np.flatnonzero(concerned):
        if money is None:
            break
        weight = np.zeros(formulation.space.num_cells)
        weight[formulation.grid.curves.cells] = abs(held[row].toarray().ravel())
        unit = marginal(formulation.space, money, weight)
        missing[row] += float(unit[money > 0].sum())
    return np.where(concerned & (missing > OWN_ROOM * np.maximum(1.0, abs(limit))), missing, 0.0)


def _missing(amount: float, wanted: float, room: float) -> Floats:
    return np.array([amount if amount > room * abs(wanted) else 0.0])


def choices(x: Floats, formulation: Formulation) -> Floats:
    """Give the choices of a point, NaN elsewhere; the binaries of harmful pieces follow from money, not choice."""
    kept = np.where(formulation.integer, formulation.rounded(x), np.nan)
    harm = formulation.columns.block("harm_full")
    if harm is not None:
        kept[harm.positions] = np.nan
    return kept


def money_choices(formulation: Formulation, money: Ints) -> Floats:
    """Give the whole columns of an allocation; NaN for all others, and for the pieces of harmful cells.

    Parameters
    ----------
    formulation : Formulation
        Whose columns.
    money : array of shape (num_amounts,)
        Whole units, and picks.
    """
    space, columns = formulation.space, formulation.columns
    amount = np.zeros(space.num_cells, np.int64)
    np.add.at(amount, space.flow_cell, money[: space.num_flows])
    kept = np.full(formulation.num_cols, np.nan)
    found = {
        "on": amount[np.flatnonzero(space.gated)] > 0,
        "level": space.problem.menus.amount[space.level_menu] == amount[space.level_cell],
        "draw_on": money[counted_flows(space)] > 0,
        "pick": money[space.num_flows :] > 0,
    }
    for name, chosen in found.items():
        block = columns.block(name)
        if block is not None:
            kept[block.positions] = chosen
    counted = columns.block("counted")
    if counted is not None:
        for rule in np.unique(counted.keys[:, 0]).tolist():
            mine = counted.keys[:, 0] == rule
            kept[counted.positions[mine]] = np.isin(counted.keys[mine, 1], _clusters(formulation, money, rule))
    return kept


def _clusters(formulation: Formulation, money: Ints, rule: int) -> Ints:
    """Give the clusters with money in the selection of a rule."""
    space = formulation.space
    flows = space.flows_in(space.problem.rules[rule].selection)
    return space.cell_cluster[space.flow_cell[flows[money[flows] > 0]]]


def finest(formulation: Formulation) -> float:
    """Give the smallest amount that an award or a draw may be, over its most, where that is a choice; else 1.

    A solver takes a choice of less than its tolerance for none. If it carries a unit of money all the same, no whole
    amounts go with the choices it shows.
    """
    space = formulation.space
    cells, flows = np.flatnonzero(space.gated), counted_flows(space)
    least = np.maximum(space.problem.least.ravel()[cells // space.problem.num_years], 1)
    smallest = np.concatenate((least, np.ones(len(flows))))
    most = np.concatenate((space.cell_most[cells], space.flow_most[flows]))
    return float((smallest[most > 0] / most[most > 0]).min(initial=1.0))


def guess(formulation: Formulation, x: Floats) -> Floats:
    """Guess choices from a point of the relaxation; NaN for the columns that follow from them.

    An award is on where it has at least half its least amount, a level is taken where it has more than half the
    weight, a draw counts where it carries money. The solver completes the guess or drops it.
    """
    space, columns = formulation.space, formulation.columns
    guessed = np.full(formulation.num_cols, np.nan)
    for name in ("on", "level", "draw_on"):
        block = columns.block(name)
        if block is None:
            continue
        if name == "level":
            guessed[block.positions] = x[block.positions] > 0.5
            continue
        if name == "draw_on":
            guessed[block.positions] = (columns.flow @ x)[counted_flows(space)] > 1e-9
            continue
        cells = np.flatnonzero(space.gated)
        least = space.problem.least.ravel()[cells // space.problem.num_years]
        money = (space.cell_flows @ to_units(formulation, x))[cells]
        guessed[block.positions] = money >= np.maximum(least, 1) / 2
    return guessed


def carry(x: Floats, old: Formulation, new: Formulation) -> Floats:
    """Carry a point to a formulation on a finer grid; NaN for the pieces of harmful cells, which are others now."""
    if old.num_cols == new.num_cols:
        return x
    carried = np.full(new.num_cols, np.nan)
    for block in old.columns.blocks:
        match = new.columns.block(block.name)
        if match is not None and len(match.keys) == len(block.keys):
            carried[match.positions] = x[block.positions]
    return carried
