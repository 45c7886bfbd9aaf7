"""Which amounts move when money is rounded: a few of every kind, and what narrow rows and cells need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from benchmarks.copies import copied_problem

from clusteropt.errors import ClusteroptError
from clusteropt.inputs.options import Isolation, SolveOptions
from clusteropt.model.money_rules import MoneyRow
from clusteropt.model.space import make_space
from clusteropt.plan import movable
from clusteropt.plan.making import solve
from clusteropt.plan.movable import OF_A_KIND, WIDE, cell_rows, choose_movable
from tests.problems import INLINE, Sizes, random_problem

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem

SPACE = make_space(copied_problem(1))


def limits() -> tuple[np.ndarray, np.ndarray]:
    """Give limits of cells that every allocation keeps."""
    return np.zeros(SPACE.num_cells, np.int64), np.full(SPACE.num_cells, 10**12)


def test_all_move_where_they_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to gain by leaving some out."""
    base = np.ones(SPACE.num_amounts, np.int64)
    assert choose_movable(SPACE, base, [], limits()) is None
    monkeypatch.setattr(movable, "MANY", 0)
    assert choose_movable(SPACE, base, [], limits()) is not None


def test_the_largest_of_every_kind_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two wide rows make three kinds: in the first alone, in the second alone, in both; nothing is of no kind here."""
    monkeypatch.setattr(movable, "MANY", 0)
    num = SPACE.num_amounts
    first, second = np.arange(WIDE + 20), np.arange(WIDE, num)
    rows = [
        MoneyRow(name, (0,), flow, np.ones(len(flow), np.int64), None, 1)
        for name, flow in (("a", first), ("b", second))
    ]
    base = np.random.default_rng(1).permutation(num) + 1
    moving = choose_movable(SPACE, base, rows, limits())
    assert moving is not None
    for kind in (np.arange(WIDE), np.arange(WIDE, WIDE + 20), np.arange(WIDE + 20, num)):
        largest = kind[np.argsort(-base[kind])[:OF_A_KIND]]
        assert np.flatnonzero(moving[kind]).tolist() == sorted((largest - kind[0]).tolist())


def test_what_a_broken_narrow_row_or_cell_needs_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The floor of an award that is one unit short can only be mended by the award itself."""
    monkeypatch.setattr(movable, "MANY", 0)
    base = np.zeros(SPACE.num_amounts, np.int64)
    low, high = limits()
    low[SPACE.flow_cell[7]] = 5
    rows = [MoneyRow("narrow", (0,), np.array([3, 4]), np.ones(2, np.int64), 2, None)]
    moving = choose_movable(SPACE, base, rows, (low, high))
    assert moving is not None
    assert np.flatnonzero(moving).tolist() == sorted(
        {3, 4, *np.flatnonzero(SPACE.flow_cell == SPACE.flow_cell[7]).tolist()}
    )


def test_rows_of_cells_are_of_those_asked_for() -> None:
    """Each speaks of the flows of its cell."""
    cells = np.unique(SPACE.flow_cell)[[2, 5]]
    rows = cell_rows(SPACE, (np.arange(SPACE.num_cells), np.arange(SPACE.num_cells) + 9), cells)
    assert [row.key for row in rows] == [(int(cell),) for cell in cells]
    assert [(row.lower, row.upper) for row in rows] == [(int(cell), int(cell) + 9) for cell in cells]
    assert all((SPACE.flow_cell[row.flow] == row.key[0]).all() for row in rows)


@pytest.mark.parametrize("seed", range(12))
def test_a_few_moving_amounts_lose_little(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a few of every kind a plan is found wherever one is with all, within a unit or so of it."""
    problem = random_problem(
        seed, Sizes(clusters=4, levers=3, years=1, funds=2, menus=0.2, money=10**6, cells=10, rules=3)
    )
    wanted = _value(problem)
    monkeypatch.setattr(movable, "MANY", 0)
    found = _value(problem)
    assert (found is None) == (wanted is None)
    assert found is None or found == pytest.approx(wanted, rel=1e-4, abs=1e-3)


def _value(problem: Problem) -> float | None:
    try:
        return solve(problem, INLINE).value
    except ClusteroptError:
        return None


def test_a_plan_is_found_though_time_is_up_before_rounding() -> None:
    """Two copies in a time that ends in the search: whole amounts are still sought once."""
    options = SolveOptions(relative_gap=0.0, time_limit_s=3.0, isolation=Isolation.INLINE)
    plan = solve(copied_problem(2), options)
    assert plan.gap < 1e-3
