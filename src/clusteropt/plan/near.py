"""A plan to start from: what a solve of a problem like its own takes over from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.rows import counted_flows

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.formulation import Formulation


class Aim(StrEnum):
    """What is wanted of a solve near a plan.

    ``plan``: a plan, every stage of it, and a proof. ``optimum``: the first stage and its proof. ``value``: the first
    stage without a proof. ``kept``: the same with the choices of the plan at hand kept, so that its bound is none.
    """

    PLAN = "plan"
    OPTIMUM = "optimum"
    VALUE = "value"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """The plan of a problem like the one to be solved.

    Parameters
    ----------
    money : array of shape (num_amounts,)
        Its whole units: tangents stand there from the start.
    aim : Aim
        What is wanted.
    """

    money: Ints
    aim: Aim


def keep_choices(formulation: Formulation, money: Ints) -> Formulation:
    """Fix who gets an award, at which level, and what counts; money that no menu sets stays free.

    Parameters
    ----------
    formulation : Formulation
        Of a problem with the same draws.
    money : array of shape (num_amounts,)
        Whole units of a plan that obeys its rules.
    """
    kept = _choices(formulation, money)
    fixed = np.isfinite(kept)
    lower, upper = (np.where(fixed, kept, side) for side in (formulation.col_lower, formulation.col_upper))
    return replace(formulation, col_lower=lower, col_upper=upper, integer=formulation.integer & ~fixed)


def _choices(formulation: Formulation, money: Ints) -> Floats:
    """Give the whole columns of a plan; NaN for all others, and for the pieces of harmful cells."""
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
        rules = space.problem.rules
        paid = [np.unique(_clusters(formulation, money, number)) for number in range(len(rules))]
        kept[counted.positions] = [cluster in paid[rule] for rule, cluster in counted.keys.tolist()]
    return kept


def _clusters(formulation: Formulation, money: Ints, rule: int) -> Ints:
    """Give the clusters with money in the selection of a rule."""
    space = formulation.space
    flows = space.flows_in(space.problem.rules[rule].selection)
    return space.cell_cluster[space.flow_cell[flows[money[flows] > 0]]]
