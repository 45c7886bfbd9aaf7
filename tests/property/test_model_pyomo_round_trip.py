"""Arrays to Pyomo and back are the same arrays, on random problems over all features."""

from __future__ import annotations

import numpy as np
import pytest

from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.outcome import with_equity_scale
from clusteropt.model.pyomo_view import from_pyomo, to_pyomo
from clusteropt.model.space import make_space
from tests.problems import random_problem

PARTS = ("row_lower", "row_upper", "col_lower", "col_upper", "cost", "integer")


def check_seed(seed: int) -> None:
    """Compare the formulation with what its view gives back, to the last bit."""
    problem = random_problem(seed)
    space = make_space(with_equity_scale(make_space(problem)))
    made = formulate(space, first_grid(make_curves(space)))
    read = from_pyomo(to_pyomo(problem))
    for part in PARTS:
        assert np.array_equal(getattr(read, part), getattr(made, part)), part
    for part in ("indptr", "indices", "data"):
        assert np.array_equal(getattr(read.matrix, part), getattr(made.matrix, part)), part
    assert read.maximise is made.maximise
    assert [block.name for block in read.rows] == [block.name for block in made.rows]


@pytest.mark.parametrize("seed", range(700_000, 700_040))
def test_arrays_come_back_bit_by_bit(seed: int) -> None:
    """Matrix, limits, bounds, objective and whole columns are identical."""
    check_seed(seed)


@pytest.mark.long
@pytest.mark.parametrize("start", range(710_000, 711_000, 50))
def test_many_arrays_come_back_bit_by_bit(start: int) -> None:
    """A thousand other problems."""
    for seed in range(start, start + 50):
        check_seed(seed)
