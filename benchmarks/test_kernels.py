"""How long the parts of a search by prices and cores take, on a seeded portfolio: ``python -m pytest benchmarks``."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from benchmarks.portfolios import Shape, portfolio

from clusteropt.inputs.options import Isolation
from clusteropt.model import kernels
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import Formulation, formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.lagrangian import evaluate_prices
from clusteropt.model.space import Space, make_space
from clusteropt.solver import highs
from clusteropt.solver.claim import HighsOptions, Reason
from clusteropt.solver.core import Priced, find_prices, narrowings
from clusteropt.solver.guard import Guard
from clusteropt.solver.multipliers import Until
from clusteropt.solver.reduced import reduce_program
from clusteropt.solver.runner import Runner
from clusteropt.solver.scaling import choose_scaling, to_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

    from clusteropt.model.grid import Grid
    from clusteropt.solver.program import Program

CLUSTERS, SEED, GAP, NEVER = 2_000, 1, 1e-4, 1e18
SHAPES = pytest.mark.parametrize("searched", list(Shape), indirect=True)


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """A portfolio, its formulation, and its best prices."""

    space: Space
    formulation: Formulation
    priced: Priced

    def find(self) -> Priced:
        """Find the best prices."""
        build: Callable[[Grid], Formulation] = lambda grid: formulate(self.space, grid)  # noqa: E731
        with Runner(Isolation.INLINE) as runner, Guard(runner, NEVER) as guard:
            return find_prices(self.priced.dual, (build, self.formulation), guard, Until(0.0, GAP / 2, NEVER))

    def core(self) -> Program:
        """Give the program of the first core, as it is passed on."""
        program = to_program(self.formulation)
        scaling = choose_scaling(self.formulation, program)
        fixed = next(narrowings(self.priced, self.formulation, SEED))
        return reduce_program(scaling.scale(program).fixed(scaling.point(fixed))).program


@pytest.fixture(scope="module")
def searched(request: pytest.FixtureRequest) -> Searched:
    """A portfolio of a shape with its prices."""
    from clusteropt.model.lagrangian import make_dual  # noqa: PLC0415 - beside what it is for
    from clusteropt.solver.multipliers import no_prices  # noqa: PLC0415

    space = make_space(portfolio(CLUSTERS, request.param, SEED))
    formulation, dual = formulate(space, first_grid(make_curves(space))), make_dual(space)
    unpriced = Priced(dual, no_prices(dual), evaluate_prices(dual, no_prices(dual)), 0)
    return Searched(space, formulation, Searched(space, formulation, unpriced).find())


@SHAPES
def test_bundle_kernel(benchmark: BenchmarkFixture, searched: Searched, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled search for the best bundle of every cluster, as one evaluation calls it."""
    calls: list[tuple[Any, ...]] = []
    kernel = kernels.best_bundles
    monkeypatch.setattr(kernels, "best_bundles", lambda *given: calls.append(deepcopy(given)) or kernel(*given))
    evaluate_prices(searched.priced.dual, searched.priced.prices)
    assert calls
    benchmark(kernel, *calls[-1])


@SHAPES
def test_evaluation(benchmark: BenchmarkFixture, searched: Searched) -> None:
    """The bound of all blocks at the best prices."""
    found = benchmark(evaluate_prices, searched.priced.dual, searched.priced.prices)
    assert found.bound == searched.priced.found.bound


@SHAPES
def test_price_search(benchmark: BenchmarkFixture, searched: Searched) -> None:
    """From no prices to the best."""
    found = benchmark.pedantic(searched.find, rounds=3)
    assert found.bound == pytest.approx(searched.priced.bound, rel=GAP)


@SHAPES
def test_first_core(benchmark: BenchmarkFixture, searched: Searched) -> None:
    """The choices that prices leave undecided, and the small program that is left."""
    program = benchmark.pedantic(searched.core, rounds=3)
    assert 0 < int(np.sum(program.integer)) < int(searched.formulation.integer.sum())


@SHAPES
def test_core_solve(benchmark: BenchmarkFixture, searched: Searched) -> None:
    """HiGHS on the first core, to a hundredth of its value."""
    options = HighsOptions(time_limit=60.0, mip_rel_gap=1e-2, random_seed=SEED)
    claim = benchmark.pedantic(highs.run, (searched.core(), options), rounds=1)
    assert claim.reason is Reason.OPTIMAL
