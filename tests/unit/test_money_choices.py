"""What the choices of a solution leave to whole money, and the caller's rows in exact numbers, worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from clusteropt.inputs.problem import RuleKind, Selection
from clusteropt.plan.rounding import exact_rows, read_choices
from tests.all_points import chosen_point, first, formulated, with_own
from tests.problems import plain_problem, rule, with_menus

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem


def mixed() -> Problem:
    """Two years, two funds; a least award, menus on the second lever, and counts of awards and of draws on fund 1."""
    problem = plain_problem(np.ones((2, 3)), np.full((2, 3), 10.0), [[30, 40], [50, 60]])
    problem = replace(problem, least=np.array([[3, 0, 0], [0, 0, 7]]), most=np.array([[20, 9, 25], [30, 9, 45]]))
    problem = with_menus(problem, {(0, 1): [(4, math.nan), (9, math.nan)], (1, 1): [(6, 1.0)]})
    counts = (
        rule(RuleKind.COUNT, Selection(clusters=(1,), levers=(0,)), None, 1, name="awards"),
        rule(RuleKind.COUNT, Selection(clusters=(0,), levers=(2,), funds=(1,)), None, 1, name="draws"),
    )
    return replace(problem, rules=counts)


def cell(cluster: int, lever: int, year: int) -> int:
    """Give the position of a cell of `mixed`."""
    return (cluster * 3 + lever) * 2 + year


def flow(cluster: int, lever: int, fund: int, year: int) -> int:
    """Give the position of a flow of `mixed`."""
    return ((cluster * 3 + lever) * 2 + fund) * 2 + year


@pytest.mark.parametrize("one", [1.0, 0.9999999])
def test_choices_limit_cells_and_draws(one: float) -> None:
    """An award that is on gets its least, one that is off nothing; a level is its amount; a draw is a unit or none."""
    formulation = formulated(mixed())
    chosen = {"on": [(0, 0, 1), (1, 0, 0)], "level": [(0, 1, 0, 1), (1, 1, 1, 0)], "draw_on": [(1, 0, 2, 0)]}
    choices = read_choices(formulation, chosen_point(formulation, chosen, one))
    lower, upper = dict.fromkeys(range(12), 0), {}
    for (c, k, t), most in zip(
        product(range(2), range(3), range(2)), np.repeat([20, 9, 25, 30, 6, 45], 2), strict=True
    ):
        upper[cell(c, k, t)] = int(most)
    for off in (cell(0, 0, 0), cell(1, 0, 1), cell(1, 2, 0), cell(1, 2, 1), cell(0, 1, 1), cell(1, 1, 0)):
        upper[off] = 0
    lower[cell(0, 0, 1)], lower[cell(1, 0, 0)] = 3, 1
    lower[cell(0, 1, 0)] = upper[cell(0, 1, 0)] = 9
    lower[cell(1, 1, 1)] = upper[cell(1, 1, 1)] = 6
    assert choices.cell_lower.tolist() == list(lower.values())
    assert choices.cell_upper.tolist() == [upper[position] for position in range(12)]
    assert np.flatnonzero(choices.flow_lower).tolist() == [flow(0, 2, 1, 0)]
    assert choices.flow_lower[flow(0, 2, 1, 0)] == 1
    most = formulation.space.flow_most.copy()
    most[flow(0, 2, 1, 1)] = 0
    assert choices.flow_upper.tolist() == most.tolist()
    arrays = (choices.cell_lower, choices.cell_upper, choices.flow_lower, choices.flow_upper)
    assert {array.dtype for array in arrays} == {np.dtype(np.int64)}
    # The limits are the caller's to change, those of the space are not.
    assert formulation.space.cell_most[cell(0, 0, 0)] == 20
    assert formulation.space.flow_most[flow(0, 2, 1, 1)] > 0


def test_bounds_of_the_caller_limit_draws_exactly() -> None:
    """Tens of units are printed: 0.35 is at least 4 units, 1.29 at most 12, 0.3 is 3, -0.05 is below 0."""
    problem = plain_problem(np.ones((7, 1)), np.ones((7, 1)), [[100]], per_printed=10)
    formulation = formulated(problem)
    start, low, high = first(formulation, "flow"), formulation.col_lower.copy(), formulation.col_upper.copy()
    low[start : start + 7] = [0.35, 0.3, 0.0, -0.35, -math.inf, 0.7, 0.0]
    high[start : start + 7] = [10.0, 1.29, 0.3, math.inf, 25.0, 0.7, -0.05]
    choices = read_choices(replace(formulation, col_lower=low, col_upper=high), np.zeros(formulation.num_cols))
    assert choices.flow_lower.tolist() == [4, 3, 0, 0, 0, 7, 0]
    assert choices.flow_upper.tolist() == [100, 12, 3, 100, 100, 7, -1]


def test_bounds_do_not_loosen_what_choices_say() -> None:
    """A draw that is on keeps its unit below a smaller bound, one that is off its zero above a larger."""
    count = rule(RuleKind.COUNT, Selection(funds=(0,)), None, 1)
    formulation = formulated(plain_problem(np.ones((2, 1)), np.ones((2, 1)), [[100]], per_printed=10), None)
    formulation = formulated(replace(formulation.problem, rules=(count,)))
    start, low, high = first(formulation, "flow"), formulation.col_lower.copy(), formulation.col_upper.copy()
    low[start], high[start + 1] = 0.01, 5.0
    x = chosen_point(formulation, {"draw_on": [(0, 0, 0, 0)]})
    choices = read_choices(replace(formulation, col_lower=low, col_upper=high), x)
    assert (choices.flow_lower.tolist(), choices.flow_upper.tolist()) == ([1, 0], [100, 0])


def own_row(coefs: dict[int, float], low: float, high: float, per_printed: int = 1) -> tuple[Any, ...] | None:
    """Write the exact row out that becomes of a caller's row over three flows, two whole and a continuous column."""
    problem = plain_problem(np.ones((3, 1)), np.ones((3, 1)), [[100]], per_printed=per_printed)
    plain = formulated(problem)
    start, own = first(plain, "flow"), plain.num_cols
    places = {**{k: start + k for k in range(3)}, 3: own, 4: own + 1, 5: own + 2}
    formulation = with_own(plain, [({places[k]: v for k, v in coefs.items()}, low, high)], (True, True, False))
    x = np.zeros(formulation.num_cols)
    x[own], x[own + 1] = 4.0000001, 2.0
    rows = [row for row in exact_rows(formulation, x) if row.name.startswith("constraint")]
    if not rows:
        return None
    (row,) = rows
    assert row.name == "constraint 1 of your own"
    assert row.key == (0, 3)
    small = all(abs(coef) < 2**62 for coef in row.coef.tolist())
    assert (row.flow.dtype, row.coef.dtype) == (np.int64, np.int64 if small else object)
    return row.flow.tolist(), row.coef.tolist(), row.lower, row.upper


@pytest.mark.parametrize(
    ("coefs", "low", "high", "per_printed", "wanted"),
    [
        ({0: 1.0, 2: 2.0}, 3.0, 8.0, 1, ([0, 2], [1, 2], 3, 8)),
        ({0: 0.5, 1: 0.25}, 1.1, 1.3, 1, ([0, 1], [2, 1], 5, 5)),
        ({0: 1.0, 1: -1.0}, 0.0, math.inf, 10, ([0, 1], [1, -1], 0, None)),
        ({0: 1.0}, -math.inf, 1.25, 10, ([0], [1], None, 12)),
        ({0: 0.1, 3: 0.5}, 1.0, 3.0, 1, ([0], [1], -10, 10)),
        ({3: 2.0}, -math.inf, 6.5, 1, ([], [], None, -2)),
        ({0: 1.0, 3: 2.0, 4: 0.5}, 10.0, 12.0, 1, ([0], [1], 1, 3)),
        ({0: 1.0, 3: -2.5}, 0.25, 0.75, 1, ([0], [1], 11, 10)),
        ({0: 1.0, 5: 1.0}, 0.0, 1.0, 1, None),
    ],
)
def test_a_row_of_the_caller_becomes_exact(
    coefs: dict[int, float], low: float, high: float, per_printed: int, wanted: tuple[Any, ...] | None
) -> None:
    """Decimals become whole coefficients, whole columns (here 4 and 2) constants; a row with other columns is none."""
    assert own_row(coefs, low, high, per_printed) == wanted


@pytest.mark.parametrize(
    ("coefs", "wanted"),
    [
        ({0: 0.3333333333333333, 1: 1e9}, [3333333333333333, 10**25]),
        ({0: 2.0**40, 1: 2.0**-22}, [2**62, 1]),
        ({0: 1e-18, 1: 2.0**-22}, [16, 5**18]),
    ],
)
def test_coefficients_of_many_digits_stay_exact(coefs: dict[int, float], wanted: list[int]) -> None:
    """A third in 16 digits beside a billion, or 1e-18 beside 2 ** -22, needs more than 64 bits on the way."""
    assert own_row(coefs, 0.0, math.inf) == ([0, 1], wanted, 0, None)


def test_a_level_in_a_row_of_the_caller_is_a_constant() -> None:
    """The level of a menu with one fund is a choice, not its money: 3 x + 2 <= 9 is 3 x <= 7."""
    plain = formulated(with_menus(plain_problem([[1.0], [1.0]], [[9.0], [9.0]], [[20]]), {(1, 0): [(5, 1.0)]}))
    formulation = with_own(plain, [({first(plain, "flow"): 3.0, first(plain, "level"): 2.0}, -math.inf, 9.0)])
    row = exact_rows(formulation, chosen_point(formulation, {"level": [(1, 0, 0, 0)]}))[-1]
    assert (row.flow.tolist(), row.coef.tolist(), row.lower, row.upper) == ([0], [3], None, 7)


def test_rows_of_the_caller_are_numbered_and_follow_the_rules() -> None:
    """Rows that are not over money alone are passed over, the others keep their number; rules come first."""
    asked = rule(RuleKind.AMOUNT, Selection(), None, 40)
    plain = formulated(replace(plain_problem(np.ones((2, 1)), np.ones((2, 1)), [[50]]), rules=(asked,)))
    start, outcome = first(plain, "flow"), first(plain, "outcome")
    own = [({start: 1.0}, 0.0, 5.0), ({start: 1.0, outcome: 1.0}, 0.0, 5.0), ({start + 1: 1.0}, 2.0, math.inf)]
    formulation = with_own(plain, own)
    rows = exact_rows(formulation, np.zeros(formulation.num_cols))
    names = ["purse F0 2025", "rule rule", "constraint 1 of your own", "constraint 3 of your own"]
    assert [row.name for row in rows] == names
    assert [row.key for row in rows[2:]] == [(0, 2), (2, 2)]
    assert [row.name for row in exact_rows(plain, np.zeros(plain.num_cols))] == names[:2]
