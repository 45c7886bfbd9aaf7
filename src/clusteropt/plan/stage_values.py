"""What whole amounts are worth, objective by objective, beside the bounds that are claimed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.outcome import evaluate, objective_value
from clusteropt.plan.plan import Stage
from clusteropt.solver.claim import Limit, relative_gap
from clusteropt.solver.guard import agreed
from clusteropt.solver.steps import NOISE

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Ints
    from clusteropt.model.space import Space
    from clusteropt.plan.making import Made
    from clusteropt.solver.refine import Found

WHOLE_MOST = 100_000
"""Amounts up to so many units are searched one by one where rounding lost more than the gap asked for."""


def stage_values(space: Space, money: Ints) -> list[float]:
    """Give the objectives of whole amounts, one a stage; least money in printed units."""
    amounts = money.astype(float)
    outcome = evaluate(space, amounts)
    value = objective_value(space, amounts, outcome)
    kind = space.problem.objective.kind
    if kind is ObjectiveKind.LEAST_MONEY:
        return [value / space.problem.money.per_printed]
    return [value, outcome.total] if kind is ObjectiveKind.WORST_REGION else [value]


def values_and_bounds(made: Made) -> tuple[Stage, ...]:
    """Give every stage with its value, re-computed from the whole amounts, and the bound that is claimed.

    Raises
    ------
    FalseBoundError
        If a bound is below a value we hold by more than tolerances explain.
    """
    space, money = made.space, made.money.astype(float)
    outcome = evaluate(space, money)
    objective = space.problem.objective
    bounds = [found.bound for found in made.stages]
    if made.found.formulation.own_objective:
        sign = 1.0 if made.found.formulation.maximise else -1.0
        value, offset = made.found.value, made.found.formulation.offset
        bound = sign * agreed(sign * value, sign * bounds[-1])
        return (Stage(None, value + offset, bound + offset),)
    value = objective_value(space, money, outcome)
    if objective.kind is ObjectiveKind.LEAST_MONEY:
        claimed = bounds[0] * space.problem.money.per_printed
        # Money is whole, so the least money is at least the next whole unit above the bound.
        bound = float(math.ceil(claimed - 1e-8 * max(1.0, abs(claimed)))) if math.isfinite(claimed) else claimed
        return (Stage(objective.kind, value, -agreed(-value, -bound)),)
    stages = [Stage(objective.kind, value, agreed(value, bounds[0]))]
    if len(bounds) > 1:
        # The second bound is for plans whose worst region keeps what the first stage reached; rounding may cost it.
        stages.append(Stage(ObjectiveKind.TOTAL, outcome.total, max(outcome.total, bounds[1])))
    return tuple(stages)


def is_near(space: Space, stages: list[Found], money: Ints | None, gap: float) -> bool:
    """Tell whether whole amounts lost no more than the gap asked for, or are too fine to search one by one."""
    if int(space.flow_most.max(initial=0)) > WHOLE_MOST or any(
        found.limit in (Limit.TIME, Limit.INTERRUPT) for found in stages
    ):
        return True
    if money is None:
        return False
    values = stage_values(space, money)
    bounds = [found.bound for found in stages]
    pairs = zip(values, bounds, strict=False)
    return all(relative_gap(value, bound) <= max(gap, NOISE) for value, bound in pairs)
