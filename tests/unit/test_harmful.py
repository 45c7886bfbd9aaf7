"""Money that harms others: curves held from below as well, by secants that binaries fill in order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from clusteropt.inputs.problem import Objective, ObjectiveKind, ResponseFamily, RuleKind
from clusteropt.inputs.reading import read_problem
from clusteropt.plan import making
from clusteropt.plan.making import solve
from tests import naive
from tests.differential import sizes_of
from tests.problems import INLINE, plain_problem, rule, with_spills
from tests.random_tables import random_tables, write_folder

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.problem import Problem

SLOW = 4_200_053
"""A model of equity for two regions that harm each other, 4 units for each: its best fractions of units lie in a flat
valley, where secants took 100 binaries and all of the time, so that whole amounts were never searched."""


def two_regions(purse: int, per_printed: int = 1) -> Problem:
    """Two regions that take half and a third from each other, and the worse of them counts."""
    problem = plain_problem(
        [[3.0], [2.0]], np.array([[900.0], [700.0]]) * per_printed, [[purse * per_printed]],
        family=ResponseFamily.EXPONENTIAL, per_printed=per_printed, regions=[0, 1],
    )  # fmt: skip
    problem = with_spills(problem, [(0, 1, -1 / 3), (1, 0, -1 / 2)])
    return replace(problem, objective=Objective(ObjectiveKind.WORST_REGION))


def best_of_two(purse: int) -> float:
    """Scan the money of both regions, unit by unit."""
    first, second = np.meshgrid(np.arange(purse + 1.0), np.arange(purse + 1.0), indexing="ij")
    one, other = 2700 * (1 - np.exp(-first / 900)), 1400 * (1 - np.exp(-second / 700))
    worst = np.minimum(one - other / 2, other - one / 3)
    return float(worst[first + second <= purse].max())


def test_harm_without_choices_is_refined_as_the_problem_itself() -> None:
    """No award is chosen, so what is found is not polished, but searched again on finer secants: its bounds count."""
    plan = solve(two_regions(2000, per_printed=1000), replace(INLINE, relative_gap=1e-5))
    names = [run.step for run in plan.record.runs]
    assert "polish" not in names
    assert names.count("search") > 1
    assert best_of_two(2000) * (1 - 1e-5) <= plan.value / 1000 <= best_of_two(2000) * (1 + 1e-3)
    assert plan.stages[0].bound <= plan.value * (1 + 2e-5)


def test_harm_beside_choices_is_polished() -> None:
    """Where awards are chosen, the best money for them is sought, and its bounds are none of the problem."""
    problem = two_regions(2000)
    problem = replace(problem, rules=(rule(RuleKind.COUNT, minimum=1),))
    plan = solve(problem, replace(INLINE, relative_gap=1e-7))
    assert "polish" in {run.step for run in plan.record.runs}
    assert plan.value == pytest.approx(best_of_two(2000), rel=1e-7)
    assert plan.bound >= plan.value


def test_equity_of_regions_that_harm_each_other_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By prices and cores, with curves of regions touched where prices put them, the best is found within the limit."""
    for name in ("LARGE", "LARGE_MENUS", "COARSE"):
        monkeypatch.setattr(making, name, 0)
    problem = read_problem(write_folder(*random_tables(SLOW, sizes_of(SLOW)), tmp_path, dress=SLOW))
    best = naive.brute_force(naive.with_equity_scale(problem))
    assert best is not None
    plan = solve(problem, replace(INLINE, time_limit_s=20.0))
    assert "core" in {run.step for run in plan.record.runs}
    assert plan.value == pytest.approx(best[0])
    assert plan.record.limit is None
