"""How long the phases of a plan take: ``python -m pytest benchmarks``.

Those of the 66 national clusters, whose money lies on curves, and those of a seeded portfolio of many clusters, from
tables in files to the verifier; `test_kernels` has what lies inside the search of the latter.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from benchmarks.build import load
from benchmarks.portfolios import CENTS, Shape, portfolio, portfolio_tables
from scipy import sparse

import clusteropt as co
from clusteropt.inputs.checking import check_problem
from clusteropt.inputs.faults import Faults
from clusteropt.inputs.options import Isolation
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.lagrangian import make_dual
from clusteropt.model.space import make_space
from clusteropt.plan.describing import describe
from clusteropt.plan.making import make
from clusteropt.plan.rounding import round_money
from clusteropt.plan.verify import check_folder
from clusteropt.solver.guard import Guard
from clusteropt.solver.runner import Runner

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

    from clusteropt.plan.making import Made

CLUSTERS, SEED, ROUNDS = 2_000, 1, 3
INLINE = co.SolveOptions(isolation=Isolation.INLINE, relative_gap=1e-4, seed=SEED)
NEVER = 1e18
MODEL = f'name = "many"\n[tables]\nfolder = "."\n[money]\nper_printed = {CENTS}\n'


@pytest.fixture(scope="module")
def problem() -> co.Problem:
    """The 66 national clusters."""
    return co.read_problem("national66")


@pytest.fixture(scope="module")
def many() -> co.Problem:
    """A portfolio of many clusters."""
    return portfolio(CLUSTERS, Shape.LOOSE, SEED)


@pytest.fixture(scope="module")
def made(many: co.Problem) -> Made:
    """What solving it gives, before it is put into a plan."""
    return make(many, INLINE)


def test_read(benchmark: BenchmarkFixture) -> None:
    """The tables of the 66 clusters to arrays."""
    assert benchmark(co.read_problem, "national66").num_clusters == 66


def test_formulate(benchmark: BenchmarkFixture, problem: co.Problem) -> None:
    """The arrays of the 66 clusters to a formulation."""
    space = make_space(problem)
    grid = first_grid(make_curves(space))
    assert benchmark(formulate, space, grid).num_rows > 0


def test_solve(benchmark: BenchmarkFixture, problem: co.Problem) -> None:
    """The 66 clusters to a plan, rounding included."""
    assert benchmark.pedantic(co.solve, (problem,), rounds=5, warmup_rounds=1).gap <= 1e-6


def test_compare(benchmark: BenchmarkFixture, problem: co.Problem) -> None:
    """Their plan to its baselines."""
    plan = co.solve(problem)
    assert benchmark.pedantic(co.compare, (problem, plan), rounds=ROUNDS).baselines


def test_view(benchmark: BenchmarkFixture, problem: co.Problem) -> None:
    """The 66 clusters to a Pyomo model."""
    assert benchmark.pedantic(co.to_pyomo, (problem,), rounds=ROUNDS).value is not None


def test_read_many(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Files of many clusters to a checked problem."""
    for name, frame in portfolio_tables(CLUSTERS, Shape.LOOSE, SEED).items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "model.toml").write_text(MODEL, encoding="utf-8")
    found = benchmark.pedantic(co.read_problem, (tmp_path / "model.toml",), rounds=ROUNDS)
    assert found.num_clusters == CLUSTERS


def test_check_many(benchmark: BenchmarkFixture, many: co.Problem) -> None:
    """Whether rules and money of many clusters go together."""
    faults, rows = Faults(), tuple(range(2, len(many.rules) + 2))
    benchmark.pedantic(check_problem, (many, rows, faults), rounds=ROUNDS)
    assert not faults.listed


def test_build_many(benchmark: BenchmarkFixture, many: co.Problem) -> None:
    """A problem of many clusters to the arrays of its program."""

    def build() -> int:
        space = make_space(many)
        return formulate(space, first_grid(make_curves(space))).num_cols

    assert benchmark.pedantic(build, rounds=ROUNDS) == CLUSTERS * 20


def test_load_many(benchmark: BenchmarkFixture, many: co.Problem) -> None:
    """Arrays to HiGHS."""
    space = make_space(many)
    program = formulate(space, first_grid(make_curves(space)))
    limits = (program.row_lower, program.row_upper, program.col_lower, program.col_upper)
    matrix = sparse.csr_matrix(program.matrix)
    loaded = benchmark.pedantic(load, (program.cost, matrix, limits), rounds=ROUNDS)
    assert (loaded.getNumRow(), loaded.getNumCol()) == (program.num_rows, program.num_cols)


def test_lay_out_many(benchmark: BenchmarkFixture, many: co.Problem) -> None:
    """Positions to the blocks that prices are evaluated on."""
    assert len(benchmark.pedantic(make_dual, (make_space(many),), rounds=ROUNDS).inner) == CLUSTERS


@pytest.mark.parametrize("shape", list(Shape))
def test_solve_many(benchmark: BenchmarkFixture, shape: Shape) -> None:
    """A problem of many clusters to a plan."""
    problem, options = portfolio(CLUSTERS, shape, SEED), replace(INLINE, relative_gap=1e-3)
    plan = benchmark.pedantic(co.solve, (problem, options), rounds=1, warmup_rounds=1)
    assert plan.safe_gap <= 1e-3


def test_round_many(benchmark: BenchmarkFixture, made: Made) -> None:
    """The end of a search to whole money that obeys every rule."""
    found = made.found
    with Runner(Isolation.INLINE) as runner, Guard(runner, NEVER) as guard:
        money = benchmark.pedantic(
            round_money, (found.formulation, found.x, found.money, (guard, NEVER)), rounds=ROUNDS
        )
    assert money.sum() > 0


def test_describe_many(benchmark: BenchmarkFixture, made: Made) -> None:
    """Whole money to a plan with labels and certificate."""
    assert benchmark.pedantic(describe, (made, INLINE), rounds=ROUNDS).safe_gap <= 1e-4


def test_write_and_verify_many(benchmark: BenchmarkFixture, made: Made, many: co.Problem, tmp_path: Path) -> None:
    """The folder of a plan, checked by the stand-alone verifier."""
    co.write_plan_files(describe(made, INLINE), tmp_path / "plan", many)
    assert benchmark.pedantic(check_folder, (tmp_path / "plan",), rounds=1)[0] == 0
