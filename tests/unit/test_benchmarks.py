"""The models that benchmarks compare are the same: by hand, through the tables, and over levels."""

from __future__ import annotations

from dataclasses import replace

import pytest
from benchmarks.build import by_arrays, by_clusteropt
from benchmarks.peers import by_highs, levels_of
from benchmarks.portfolios import CENTS, Shape, portfolio, portfolio_tables

from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.settings import MoneySettings
from clusteropt.plan.making import solve
from tests.problems import INLINE


def test_models_by_hand_and_from_tables_have_one_optimum() -> None:
    """The same rows and columns, and the same best value as the plan."""
    tables = portfolio_tables(31, Shape.LOOSE, 4)
    values, sizes = [], set()
    for build in (by_arrays, by_clusteropt):
        solver = build(tables)
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("mip_rel_gap", 1e-9)
        solver.run()
        values.append(solver.getInfo().objective_function_value)
        sizes.add((solver.getNumRow(), solver.getNumCol()))
    plan = solve(problem_from_tables(tables, ModelSettings(money=MoneySettings(per_printed=CENTS))), INLINE)
    assert len(sizes) == 1
    assert values == pytest.approx([plan.value] * 2, rel=1e-7)


@pytest.mark.parametrize("shape", list(Shape))
def test_the_model_of_peers_has_the_value_of_the_plan(shape: Shape) -> None:
    """HiGHS alone on whole rows over levels ends where the plan does."""
    problem = portfolio(8, shape, seed=2)
    end = by_highs(problem, levels_of(problem), 1e-4, 60.0, 0)
    plan = solve(problem, replace(INLINE, relative_gap=1e-4))
    assert end.value == pytest.approx(plan.value, rel=2e-4)
    assert end.bound is not None
    assert end.bound >= plan.value * (1 - 1e-6)
    assert plan.bound >= (end.value or 0.0) * (1 - 1e-6)
