"""The record of a solve, and what is told beside the money of its plan."""

from __future__ import annotations

import platform
from importlib.metadata import version as package_version
from typing import TYPE_CHECKING

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.curves import live_regions
from clusteropt.model.outcome import objective_value
from clusteropt.plan.plan import SolveRecord
from clusteropt.solver import highs
from clusteropt.solver.claim import Limit, relative_gap
from clusteropt.solver.steps import NOISE
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.options import SolveOptions
    from clusteropt.model.outcome import Outcome
    from clusteropt.model.space import Space
    from clusteropt.plan.making import Made
    from clusteropt.plan.plan import Stage


def rounding_loss(made: Made, outcome: Outcome) -> float:
    """Give what whole amounts lost of the objective of the search."""
    if made.found.formulation.own_objective:
        return 0.0
    kind = made.space.problem.objective.kind
    if kind is ObjectiveKind.LEAST_MONEY:
        return float(made.space.unit_cost @ (made.money - made.found.money))
    if kind is ObjectiveKind.WORST_REGION and len(made.stages) > 1:
        return made.found.value - outcome.total
    return made.found.value - objective_value(made.space, made.money.astype(float), outcome)


def region_notes(space: Space) -> tuple[Text, ...]:
    """Name the regions that no money can reach, where the worst region is compared."""
    problem = space.problem
    if problem.objective.kind is not ObjectiveKind.WORST_REGION:
        return ()
    alive = set(live_regions(space).tolist())
    left_out = [name for r, name in enumerate(problem.labels.region_names) if r not in alive]
    if not left_out:
        return ()
    return (
        Text(
            f"No money can reach {', '.join(name.en for name in left_out)}: left out of the worst-region comparison.",
            f"资金无法到达{'、'.join(name.zh for name in left_out)}:不参与最弱地区的比较。",
        ),
    )


def record_of(made: Made, stages: tuple[Stage, ...], options: SolveOptions) -> SolveRecord:
    """Give what is recorded of a solve: versions, options, seconds, runs, and the limit that cost the gap."""
    limits = [found.limit for found in made.stages if found.limit is not None]
    # The gap that counts is that of the whole amounts: a limit that did not cost it is none.
    close = all(relative_gap(s.value, s.bound) <= max(options.relative_gap, NOISE) for s in stages)
    limit: Limit | None = limits[0] if limits and not close else None
    return SolveRecord(
        solver="HiGHS",
        solver_version=highs.version(),
        package_version=package_version("clusteropt"),
        python_version=platform.python_version(),
        options=options,
        choice=made.choice,
        seconds=made.seconds,
        limit=limit,
        runs=made.records,
        faults=made.faults,
    )
