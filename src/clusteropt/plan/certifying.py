"""Making the certificate of a plan."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.plan.certificate import Certificate, Proof, StageProof
from clusteropt.plan.rule_levels import rule_levels

if TYPE_CHECKING:
    from clusteropt.plan.making import Made
    from clusteropt.plan.plan import Stage


def certify(made: Made, stages: tuple[Stage, ...]) -> Certificate:
    """Make the certificate of what was made.

    Parameters
    ----------
    made : Made
        The whole money.
    stages : tuple of Stage
        Values and claimed bounds.
    """
    kept = made.space.problem.kept
    return Certificate(
        inputs={} if kept is None else kept.digests,
        own=made.own,
        rules=rule_levels(made.space, made.money),
        stages=tuple(_unproved(stage) for stage in stages),
    )


def _unproved(stage: Stage) -> StageProof:
    least = stage.kind is ObjectiveKind.LEAST_MONEY
    return StageProof(-math.inf if least else math.inf, Proof.CLAIMED, None)
