"""A target that the best looking choices miss on the curves is reached by others, if by any."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from clusteropt.errors import ExactMoneyError, InfeasibleError
from clusteropt.inputs.problem import Objective, ObjectiveKind, Problem
from clusteropt.plan.making import solve
from tests import naive
from tests.problems import INLINE, plain_problem, with_menus
from tests.random_tables import TINY, random_model


def stocked(target: float, purse: int, gain: float) -> Problem:
    """Give one cell and two years of which the second keeps half: 2 on the curve ln(1 + x), 3 for a gain, or all."""
    levels = {(0, 0): [(2, math.nan), (3, gain), (purse, math.nan)]}
    problem = with_menus(plain_problem([[1.0]], [[1.0]], [[purse, purse]]), levels)
    return replace(problem, depreciation=np.array([0.5]), objective=Objective(ObjectiveKind.LEAST_MONEY, target=target))


@pytest.mark.parametrize("purse", [6, 12, 40, 100])
@pytest.mark.parametrize(("target", "least"), [(1.79, 2.0), (1.7918, 3.0), (1.793, 3.0), (1.9, 3.0)])
def test_a_level_that_reaches_a_target_on_tangents_alone_is_passed_over(
    target: float, least: float, purse: int
) -> None:
    """2 in the first year give ln 3 + ln 2 = 1.79176; a target above that, but below the tangents, takes the 3."""
    assert solve(stocked(target, purse, gain=1.9), INLINE).value == least


def test_a_target_that_only_tangents_reach_is_refused() -> None:
    """Where no level reaches the target there is no plan, though the tangents of the first search do reach it."""
    problem = stocked(1.7918, 6, gain=1.0)
    levels = {(0, 0): [(2, math.nan), (3, 1.0)]}
    with pytest.raises((ExactMoneyError, InfeasibleError)):
        solve(with_menus(replace(problem, purse=np.array([[2, 0]])), levels), INLINE)


@pytest.mark.parametrize(("target", "least"), [(0.8, 2.0), (0.800001, 3.0)])
def test_gains_that_add_up_to_a_target_reach_it(target: float, least: float) -> None:
    """Levels worth 0.1 and 0.7 reach 0.8, though their sum in floats is below it; a little more takes 0.7 and 0.5."""
    problem = with_menus(
        plain_problem([[1.0]] * 3, [[1.0]] * 3, [[4]]), {(0, 0): [(1, 0.1)], (1, 0): [(1, 0.7)], (2, 0): [(2, 0.5)]}
    )
    problem = replace(problem, objective=Objective(ObjectiveKind.LEAST_MONEY, target=target))
    assert 0.1 + 0.7 < 0.8
    assert solve(problem, INLINE).value == least


@pytest.mark.parametrize("seed", [107, 5217])
def test_levels_that_alone_feed_a_stock(seed: int) -> None:
    """Random models that were once refused, though all allocations tried one by one hold a plan."""
    problem = random_model(seed, TINY, ObjectiveKind.LEAST_MONEY)
    best = naive.brute_force(problem)
    assert best is not None
    assert solve(problem, INLINE).value == best[0]
