"""What the formulation promises whatever the problem: it contains the problem, and its error is bounded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusteropt.errors import ExactMoneyError, InfeasibleError
from clusteropt.inputs.problem import ObjectiveKind, ResponseFamily
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.outcome import evaluate, objective_value, with_equity_scale
from clusteropt.model.response import FAMILIES, curve_slope, curve_value, envelope_error, tangent_points
from clusteropt.model.space import make_space
from clusteropt.plan.making import solve
from clusteropt.solver import highs
from clusteropt.solver.claim import HighsOptions
from clusteropt.solver.scaling import to_program
from tests import naive
from tests.forms import later
from tests.problems import QUICK, Sizes, random_problem

positive = st.floats(1e-3, 1e9, allow_nan=False)
CODES = {family: np.array([FAMILIES.index(family)]) for family in ResponseFamily}


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.sampled_from(list(ResponseFamily)), positive, positive)
def test_tangents_stand_on_or_above_the_curve(family: ResponseFamily, scale: float, reach: float) -> None:
    """Every tangent is above its curve everywhere on its reach, and the points start at 0 and end at the reach."""
    points = tangent_points(family, scale, reach, 2e-3)
    assert points[0] == 0
    assert np.all(np.diff(points) > 0)
    assert points[-1] <= reach * (1 + 1e-12)
    code = np.repeat(CODES[family], len(points))
    scales = np.full(len(points), scale)
    value, slope = curve_value(code, scales, points), curve_slope(code, scales, points)
    for x in np.linspace(0, reach, 17):
        true = curve_value(CODES[family], np.array([scale]), np.array([x]))[0]
        assert np.min(value + slope * (x - points)) >= true * (1 - 1e-12) - 1e-300


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.sampled_from(list(ResponseFamily)), positive, st.floats(0, 30), st.floats(0, 30))
def test_the_envelope_error_is_the_largest_excess(family: ResponseFamily, scale: float, one: float, two: float) -> None:
    """Between two tangents no sampled excess is larger than the error given."""
    left, right = np.array([min(one, two) * scale]), np.array([max(one, two) * scale])
    code, scales = CODES[family], np.array([scale])
    error = envelope_error(code, scales, left, right)[0]
    assert error >= 0
    for share in np.linspace(0, 1, 21):
        x = left + share * (right - left)
        tangents = [curve_value(code, scales, p) + curve_slope(code, scales, p) * (x - p) for p in (left, right)]
        excess = min(t[0] for t in tangents) - curve_value(code, scales, x)[0]
        assert excess <= error + 1e-9 * scale


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.sampled_from(list(ResponseFamily)), positive, st.floats(0, 50))
def test_every_family_starts_at_zero_with_slope_one(family: ResponseFamily, scale: float, u: float) -> None:
    """phi(0) = 0, phi'(0) = 1, and the value is that of the formula."""
    code, scales = CODES[family], np.array([scale])
    assert curve_value(code, scales, np.zeros(1))[0] == 0
    assert curve_slope(code, scales, np.zeros(1))[0] == 1
    got = curve_value(code, scales, np.array([u * scale]))[0]
    assert got == pytest.approx(scale * naive.PHI[family](u), rel=1e-9, abs=1e-12 * scale)


@pytest.mark.parametrize("seed", range(800_000, 800_100))
def test_the_evaluator_agrees_with_plain_python(seed: int) -> None:
    """Any whole money, obeying rules or not, is worth the same in arrays and in plain Python."""
    problem = random_problem(seed)
    space = make_space(with_equity_scale(make_space(problem)))
    dice = np.random.default_rng(seed)
    money, allocation = np.zeros(space.num_flows), {}
    for flow in range(space.num_flows):
        cell = int(space.flow_cell[flow])
        place = (int(space.cell_cluster[cell]), int(space.cell_lever[cell]), int(space.cell_year[cell]))
        levels = [a for a, _ in naive.menu(problem, *place[:2])]
        paid = any(draw[1:] == place for draw in allocation)
        money[flow] = 0 if paid else dice.choice([0, *levels] if levels else [0, 1, 7, 50])
        if money[flow]:
            allocation[int(space.flow_fund[flow]), *place] = int(money[flow])
    outcome, cells = evaluate(space, money), naive.cell_money(allocation)
    assert outcome.total == pytest.approx(naive.total(problem, cells), rel=1e-9, abs=1e-9)
    assert outcome.region.tolist() == pytest.approx(naive.regional(problem, cells), rel=1e-9, abs=1e-9)
    assert objective_value(space, money, outcome) == pytest.approx(naive.objective(problem, cells), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(40))
def test_a_finer_grid_has_a_smaller_error(seed: int) -> None:
    """Touching every curve once more never raises the bound on the error."""
    problem = random_problem(seed)
    space = make_space(with_equity_scale(make_space(problem)))
    grid = first_grid(make_curves(space))
    which = np.arange(grid.curves.num)
    finer = grid.refine(which, grid.curves.reach * 0.37)
    assert finer.error_bound() <= grid.error_bound() * (1 + 1e-12) + 1e-12


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("objective", [ObjectiveKind.WORST_REGION, ObjectiveKind.EQUITY])
def test_the_pieces_of_a_harmed_curve_reach_from_nothing_to_its_reach(seed: int, objective: ObjectiveKind) -> None:
    """Whatever the unit, and however near to the ends a curve is touched, no stock that can be is left out."""
    problem = random_problem(seed, objective=objective)
    problem = replace(problem, stock=problem.stock / 7, purse=problem.purse // 3)
    space = make_space(with_equity_scale(make_space(problem)))
    for unit in (0.0, 1 / problem.money.per_printed):
        grid = first_grid(make_curves(space), unit)
        which, reach = np.arange(grid.curves.num), grid.curves.reach
        for places in (reach * 0.37, reach * (1 - 1e-10), reach * (1 - 1e-12), reach * 1e-13):
            grid = grid.refine(which, places)
            ends = np.split(grid.harm_point, grid.harm_start[1:-1]) if len(grid.curves.harmed) else []
            assert all(len(points) > 1 and points[0] == 0 and np.all(np.diff(points) > 0) for points in ends)
            assert all(points[-1] >= reach[k] for k, points in zip(grid.curves.harmed, ends, strict=True))


@pytest.mark.parametrize("seed", [*range(900_000, 900_020), *later(range(900_020, 900_040))])
def test_the_error_bound_covers_the_excess_of_the_first_grid(seed: int) -> None:
    """The optimum on tangents is at least that of the problem, and beyond it by no more than the error bound says."""
    problem = random_problem(seed, Sizes(money=2000), ObjectiveKind.TOTAL)
    try:
        plan = solve(problem, QUICK)
    except (InfeasibleError, ExactMoneyError):
        return
    space = make_space(problem)
    formulation = formulate(space, first_grid(make_curves(space)))
    claim = highs.run(to_program(formulation), HighsOptions(20.0, mip_rel_gap=1e-9))
    room = 1e-6 * max(1.0, abs(claim.value))
    assert claim.bound >= plan.value - room
    assert claim.value - plan.bound <= formulation.grid.error_bound() + room
