"""A target that no move of whole units can reach is refused in words, or reached another way."""

from __future__ import annotations

import pytest

from clusteropt.errors import ExactMoneyError
from clusteropt.plan.making import solve
from tests import naive
from tests.problems import INLINE
from tests.random_tables import TINY, random_model


@pytest.mark.parametrize("seed", [5217])
def test_a_target_where_no_unit_is_worth_anything(seed: int) -> None:
    """The small program of the rounding once divided what is missing by nothing, and HiGHS refused it."""
    problem = random_model(seed, TINY)
    best = naive.brute_force(problem)
    try:
        plan = solve(problem, INLINE)
    except ExactMoneyError:
        return
    assert best is not None
    assert plan.value == best[0]
