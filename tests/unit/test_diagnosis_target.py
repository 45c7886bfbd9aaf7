"""Targets missed by very little: less than a hundredth of a unit of money is still a conflict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clusteropt.diagnosis.diagnosis import diagnose
from clusteropt.inputs.problem import Objective, ObjectiveKind
from tests import naive
from tests.problems import INLINE, plain_problem
from tests.property.test_diagnosis import SIZES, compare
from tests.random_tables import random_model


@pytest.mark.parametrize("missed", [1e-1, 1e-3, 1e-5, 1e-6])
def test_a_target_missed_by_little_is_a_conflict(missed: float) -> None:
    """The whole purse on the curve ln(1 + x / 10) falls short: purse and target cannot stand together, and each helps.

    One unit more brings 0.05, so it makes up for what is missed, or for the tenth two or three do.
    """
    problem = plain_problem([[1.0]], [[10.0]], [[10]], per_printed=10)
    reached = naive.total(problem, naive.cell_money({(0, 0, 0, 0): 10}))
    found = diagnose(replace(problem, objective=Objective(ObjectiveKind.LEAST_MONEY, target=reached + missed)), INLINE)
    assert found.feasible is False
    assert found.confirmed
    (conflict,) = found.conflicts
    assert conflict.names == ("purse F0 2025", "target")
    assert conflict.complete
    assert conflict.confirmed
    assert {repair.amendments[0].member.name(problem) for repair in found.repairs} == set(conflict.names)
    assert all(repair.shown for repair in found.repairs)


@pytest.mark.parametrize("seed", [5000043, 5000121])
def test_random_targets_that_were_refused_without_a_conflict(seed: int) -> None:
    """All that trying all money says of the diagnosis of two random models holds."""
    problem = random_model(seed, replace(SIZES, rules=3))
    assert problem.objective.kind is ObjectiveKind.LEAST_MONEY
    compare(diagnose(problem, INLINE))
