"""A plan to start from: what a solve of a problem like its own takes over from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.solver.points import money_choices

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Ints
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
    kept = money_choices(formulation, money)
    fixed = np.isfinite(kept)
    lower, upper = (np.where(fixed, kept, side) for side in (formulation.col_lower, formulation.col_upper))
    return replace(formulation, col_lower=lower, col_upper=upper, integer=formulation.integer & ~fixed)
