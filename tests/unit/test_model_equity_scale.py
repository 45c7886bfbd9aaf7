"""The equity scale that a model leaves open: what splitting every purse by size reaches, cells with menus included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clusteropt.inputs.problem import Objective, ObjectiveKind, Problem
from clusteropt.model.outcome import with_equity_scale
from clusteropt.model.space import make_space
from tests import naive
from tests.problems import plain_problem, with_menus
from tests.random_tables import TINY, random_model

NAN = float("nan")


def scale_of(problem: Problem) -> float | None:
    """Give the equity scale that is filled in."""
    return with_equity_scale(make_space(problem)).objective.equity_scale


def equal_cells(num: int, purse: int, levels: list[tuple[int, float]]) -> Problem:
    """Build clusters of one region with one menu each, e = 1 and s = 1, for equity without a scale."""
    problem = plain_problem(np.ones((num, 1)), np.ones((num, 1)), [[purse]])
    problem = with_menus(problem, {(c, 0): levels for c in range(num)})
    return replace(problem, objective=Objective(ObjectiveKind.EQUITY))


def test_money_below_half_the_lowest_level_buys_nothing() -> None:
    """Halves of 26 units count as none of the level of 27, so the scale is 1; halves of 28 count as two levels."""
    assert scale_of(equal_cells(2, 26, [(27, NAN)])) == 1.0
    assert scale_of(equal_cells(2, 28, [(27, 6.0)])) == 12.0


def test_between_two_levels_the_lower_counts_alone() -> None:
    """3 units between levels of 2 and 4 count as 2, whichever of the two has a gain of its own."""
    assert scale_of(equal_cells(1, 3, [(2, 5.0), (4, NAN)])) == 5.0
    assert scale_of(equal_cells(1, 3, [(2, NAN), (4, 5.0)])) == pytest.approx(float(np.log(3)))


@pytest.mark.parametrize("seed", range(24))
def test_the_scale_is_that_of_plain_arithmetic(seed: int) -> None:
    """Random models give the scale that plain Python computes from the docstring."""
    problem = random_model(seed, TINY, ObjectiveKind.EQUITY)
    problem = replace(problem, objective=replace(problem.objective, equity_scale=None))
    expected = naive.with_equity_scale(problem).objective.equity_scale
    assert scale_of(problem) == pytest.approx(expected, rel=1e-12)
