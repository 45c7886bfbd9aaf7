"""Which amounts move when money is rounded: a few of every kind, and what narrow rows and cells need."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from benchmarks.copies import copied_problem

from clusteropt.domain import Path as InnovationPath
from clusteropt.errors import ClusteroptError
from clusteropt.inputs import problem_from_tables
from clusteropt.inputs.options import Isolation, SolveOptions
from clusteropt.model.money_rules import MoneyRow
from clusteropt.model.space import make_space
from clusteropt.plan import movable
from clusteropt.plan.making import solve
from clusteropt.plan.movable import OF_A_KIND, WIDE, cell_rows, choose_movable
from tests.problems import INLINE, Sizes, random_problem

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem
    from clusteropt.plan.plan import Plan

SPACE = make_space(copied_problem(1))


def limits() -> tuple[np.ndarray, np.ndarray]:
    """Give limits of cells that every allocation keeps."""
    return np.zeros(SPACE.num_cells, np.int64), np.full(SPACE.num_cells, 10**12)


def test_all_move_where_they_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to gain by leaving some out."""
    base = np.ones(SPACE.num_amounts, np.int64)
    assert choose_movable(SPACE, (base.astype(float), base), [], limits()) is None
    monkeypatch.setattr(movable, "MANY", 0)
    assert choose_movable(SPACE, (base.astype(float), base), [], limits()) is not None


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
    moving = choose_movable(SPACE, (base.astype(float), base), rows, limits())
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
    moving = choose_movable(SPACE, (base.astype(float), base), rows, (low, high))
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


def test_as_many_move_as_take_up_what_all_miss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Amounts of 100 units that miss half a unit each: every second moves, by one; of large ones a few, by more."""
    monkeypatch.setattr(movable, "MANY", 0)
    num = SPACE.num_amounts
    rows = [MoneyRow("all", (0,), np.arange(num), np.ones(num, np.int64), None, 10**15)]
    small = np.full(num, 100)
    moving = choose_movable(SPACE, (small + 0.5, small), rows, limits())
    assert moving is not None
    assert int(moving.sum()) == num // 2
    assert moving.max() == 1
    large = np.full(num, 10**7)
    moving = choose_movable(SPACE, (large + 0.5, large), rows, limits())
    assert moving is not None
    assert np.count_nonzero(moving) == OF_A_KIND


def test_nothing_is_left_of_a_purse_though_few_amounts_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """Awards of a few hundred units from one purse: what floors leave is given out again."""
    wanted = _coarse_plan()
    monkeypatch.setattr(movable, "MANY", 0)
    monkeypatch.setattr(movable, "WIDE", 2)
    plan = _coarse_plan()
    assert int(plan.awards.amount.sum()) == int(wanted.awards.amount.sum())
    assert plan.value == pytest.approx(wanted.value, rel=1e-4)


def _coarse_plan() -> Plan:
    """Plan sixty clusters, one lever on a curve, one purse of 12,001 units that money of all would overdraw."""
    dice = np.random.default_rng(4)
    names = [f"C{number:02d}" for number in range(60)]
    paths = [str(path) for path in InnovationPath]
    tables = {
        "clusters": pd.DataFrame(
            {"cluster": names, "region": "R", "industry": "I", "path": [paths[k % 5] for k in range(60)],
             "scale": dice.uniform(100, 900, 60).round(2)}
        ),
        "levers": pd.DataFrame({"lever": ["L"], "response": ["log"]}),
        "effectiveness": pd.DataFrame({"path": paths, "lever": "L", "mean": 0.5, "source": "drawn"}),
        "funds": pd.DataFrame({"fund": ["F"], "year": [2026], "amount": [12_001]}),
    }  # fmt: skip
    options = SolveOptions(relative_gap=1e-4, isolation=Isolation.INLINE)
    return solve(problem_from_tables(tables), options)
