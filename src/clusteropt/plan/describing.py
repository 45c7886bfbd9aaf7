"""Putting what was made into a plan: labels, values re-computed, money left and why, the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.outcome import evaluate
from clusteropt.plan.cash import cash_flow, paid_by_purse
from clusteropt.plan.certifying import certify
from clusteropt.plan.listing import awards_of, cells_of, moves_of, programmes_of, promises_of
from clusteropt.plan.plan import Plan
from clusteropt.plan.recording import record_of, region_notes, rounding_loss
from clusteropt.plan.stage_values import values_and_bounds
from clusteropt.plan.unspent import explain_unspent
from clusteropt.solver.guard import fault_notes

if TYPE_CHECKING:
    from clusteropt.inputs.options import SolveOptions
    from clusteropt.plan.making import Made


def describe(made: Made, options: SolveOptions) -> Plan:
    """Put what was made into a plan: labels, re-computed values, money left and why, the record."""
    problem, money = made.space.problem, made.money.astype(float)
    outcome = evaluate(made.space, money)
    stages = values_and_bounds(made)
    return Plan(
        name=problem.name,
        title=problem.title,
        money=problem.money,
        labels=problem.labels,
        region_of=problem.region_of.astype(np.int64),
        industry_of=problem.industry_of.astype(np.int64),
        path_of=problem.path_of.astype(np.int64),
        objective=problem.objective,
        stages=stages,
        certificate=certify(made),
        awards=awards_of(made.space, made.money),
        programmes=programmes_of(made.space, made.money, outcome),
        promises=promises_of(made.space, made.money),
        moves=moves_of(made.space, made.money),
        cells=cells_of(made.space, made.money, outcome),
        synergy=outcome.synergy,
        region_outcome=outcome.region,
        total_outcome=outcome.total,
        purse=problem.purse,
        leverage=problem.leverage,
        cash=cash_flow(problem, paid_by_purse(made.space, made.money)),
        unspent=explain_unspent(made.space, made.money),
        rounding_loss=rounding_loss(made, outcome),
        pieces_error=made.found.formulation.grid.error_bound(),
        baselines=(),
        notes=problem.notes + region_notes(made.space) + fault_notes(made.faults),
        digests=dict(problem.digests),
        record=record_of(made, stages, options),
    )
