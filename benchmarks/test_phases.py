"""How long the phases of a plan take: ``python -m pytest benchmarks --benchmark-only``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import clusteropt as co
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.space import make_space

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


@pytest.fixture(scope="module")
def problem() -> co.Problem:
    """The 66 national clusters."""
    return co.read_problem("national66")


def test_read(benchmark: BenchmarkFixture) -> None:
    """Tables to arrays."""
    assert benchmark(co.read_problem, "national66").num_clusters == 66


def test_formulate(benchmark: BenchmarkFixture, problem: co.Problem) -> None:
    """Arrays to a formulation."""
    space = make_space(problem)
    grid = first_grid(make_curves(space))
    assert benchmark(formulate, space, grid).num_rows > 0


def test_solve(benchmark: BenchmarkFixture, problem: co.Problem) -> None:
    """A problem to a plan, rounding included."""
    assert benchmark.pedantic(co.solve, (problem,), rounds=5, warmup_rounds=1).gap <= 1e-6


def test_compare(benchmark: BenchmarkFixture, problem: co.Problem) -> None:
    """A plan to its baselines."""
    plan = co.solve(problem)
    assert benchmark.pedantic(co.compare, (problem, plan), rounds=3).baselines


def test_view(benchmark: BenchmarkFixture, problem: co.Problem) -> None:
    """A problem to a Pyomo model."""
    assert benchmark.pedantic(co.to_pyomo, (problem,), rounds=3).value is not None
