"""Problems of the literature with proved optima, through the tables of programmes."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from benchmarks.mmkp import knapsack_problem, read_knapsacks

from clusteropt.plan.making import solve
from tests.problems import INLINE

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "instances" / "mmkp_hiremath_hill"
EXACT = replace(INLINE, relative_gap=0.0, time_limit_s=60.0)
FILES = (
    "TestSet1.5GP10IT5KP.txt", "TestSet6.25GP10IT10KP.txt", "TestSet9.25GP10IT25KP.txt", "TestSet.30GP10IT10KP.txt",
    "TestSet.100GP10IT10KP.txt", "TestSet.300GP10IT10KP.txt",
)  # fmt: skip

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the instances lie beside the project, and are not there")


def optimum(file: str, number: int) -> float:
    """Give the proved optimum of a problem."""
    with (FOLDER / "exact_values.csv").open(encoding="utf-8") as lines:
        rows = csv.DictReader(lines)
        return next(float(row["optimum"]) for row in rows if row["file"] == file and int(row["problem"]) == number)


@pytest.mark.parametrize("file", [file for file in FILES if "25KP" not in file])
def test_the_first_problem_of_a_set_reaches_its_optimum(file: str) -> None:
    """The value is the optimum, no proved bound is below it, and one option of every programme is taken."""
    check(file, 1)


@pytest.mark.long
@pytest.mark.parametrize("file", FILES)
def test_every_problem_of_a_set_reaches_its_optimum(file: str) -> None:
    """The same for all problems of all sets."""
    for knapsack in read_knapsacks(FOLDER / file):
        check(file, knapsack.number)


def check(file: str, number: int) -> None:
    """Solve a problem and compare."""
    knapsack = next(one for one in read_knapsacks(FOLDER / file) if one.number == number)
    plan = solve(knapsack_problem(knapsack), EXACT)
    best = optimum(file, number)
    assert plan.value == pytest.approx(best, rel=1e-9)
    assert plan.safe_bound >= best - 1e-6
    assert len(plan.programmes.programme) == len(knapsack.groups)
