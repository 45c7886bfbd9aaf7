"""Money that was awarded before the plan and begins to work in a year of it: worked examples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clusteropt.inputs import problem_from_tables
from clusteropt.inputs.problem import Objective, ObjectiveKind, Problem, ResponseFamily
from clusteropt.model.space import make_space
from clusteropt.plan.making import solve
from tests.comparing import differences
from tests.problems import INLINE, plain_problem
from tests.small import small_tables


def one_cell(arriving: list[int], purse: list[int], family: ResponseFamily = ResponseFamily.LINEAR) -> Problem:
    """One cluster and lever with outcomes of 2 a unit at first, and money of before the plan."""
    problem = plain_problem([[2.0]], [[10.0]], [purse], family=family)
    return replace(problem, arriving=np.array([[arriving]], np.int64))


def test_what_arrives_joins_the_stock_and_is_lost_with_it() -> None:
    """Half is lost a year, money works a year late: 8 / 2 + 6 = 10, then 10 / 2 + 4 + 16 = 25, then 25 / 2 + 16."""
    problem = replace(
        one_cell([6, 4, 0], [16, 16, 16]), depreciation=np.array([0.5]), lag=np.array([1]), stock=np.array([[8.0]])
    )
    plan = solve(problem, INLINE)
    assert plan.cells.outcome.tolist() == [20.0, 50.0, 57.0]


def test_what_arrives_at_a_yearly_lever_works_in_its_year_alone() -> None:
    """Without a lag or a stock that lasts, 6 of before the plan and 4 of it are worth 2 x 10 in the first year."""
    problem = one_cell([6, 0], [4, 4])
    assert make_space(problem).dynamic.all()
    plan = solve(problem, INLINE)
    assert plan.cells.outcome.tolist() == [20.0, 8.0]


def test_money_goes_where_less_arrives() -> None:
    """Two equal clusters, 11 units and 3 that arrive at one: each has 7 in the end."""
    problem = plain_problem([[2.0], [2.0]], [[10.0], [10.0]], [[11]])
    problem = replace(problem, arriving=np.array([[[3]], [[0]]], np.int64))
    plan = solve(problem, INLINE)
    assert plan.cells.amount.tolist() == [4, 7]


def test_what_arrives_counts_for_a_target() -> None:
    """Of a target of 20 the 6 units that arrive give 12, so 4 more suffice."""
    problem = replace(one_cell([6], [9]), objective=Objective(ObjectiveKind.LEAST_MONEY, target=20.0))
    assert solve(problem, INLINE).value == 4


@pytest.mark.parametrize("amount", [0, 7])
def test_the_table_is_put_in_its_place(amount: int) -> None:
    """A row is a number of the array; a table of nothing is no table."""
    tables = small_tables()
    plain = problem_from_tables(tables)
    row = {"cluster": "media", "lever": "finance", "year": "2025", "amount": str(amount)}
    problem = problem_from_tables(tables | {"arriving": type(tables["levers"])([row], dtype=object)})
    if not amount:
        assert differences(plain, problem) == []
        return
    place = (plain.labels.clusters.index("media"), plain.labels.levers.index("finance"), 0)
    assert problem.arriving is not None
    assert {tuple(map(int, spot)) for spot in np.argwhere(problem.arriving)} == {place}
    assert problem.arriving[place] == amount
