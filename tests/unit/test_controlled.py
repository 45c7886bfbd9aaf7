"""Tables whose printed sums are the sums as printed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusteropt.report.controlled import round_table


def test_a_table_by_hand() -> None:
    """Three times a third of a step in a row, and their column: one of the three goes up, and so does the total."""
    rounded = round_table(np.array([[33, 33, 34]]), 100)
    assert rounded.tolist() in ([[1, 0, 0, 1]] * 2, [[0, 1, 0, 1]] * 2, [[0, 0, 1, 1]] * 2)


def test_whole_steps_stay() -> None:
    """Nothing moves where nothing has to be rounded."""
    assert round_table(np.array([[100, 0], [300, 200]]), 100).tolist() == [[1, 0, 1], [3, 2, 5], [4, 2, 6]]


@given(st.lists(st.lists(st.integers(0, 10**13), min_size=4, max_size=4), min_size=1, max_size=8),
       st.sampled_from([1, 7, 10, 100, 10**6]))  # fmt: skip
def test_sums_are_the_sums_as_printed(rows: list[list[int]], step: int) -> None:
    """Rows, columns and the whole add up; every figure and every total is less than a step off."""
    amounts = np.array(rows)
    rounded = round_table(amounts, step)
    inner = rounded[:-1, :-1]
    assert (inner.sum(axis=1) == rounded[:-1, -1]).all()
    assert (inner.sum(axis=0) == rounded[-1, :-1]).all()
    assert inner.sum() == rounded[-1, -1]
    exact = np.pad(amounts, ((0, 1), (0, 1)))
    exact[-1, :-1], exact[:-1, -1], exact[-1, -1] = amounts.sum(axis=0), amounts.sum(axis=1), amounts.sum()
    assert (abs(rounded * step - exact) < step).all()


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_an_empty_table_has_totals_of_nothing(shape: tuple[int, int]) -> None:
    """No rows or no columns: the totals are 0."""
    assert not round_table(np.zeros(shape, np.int64), 100).any()
