"""The Pyomo view: what a caller adds is obeyed, what a caller breaks is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pyomo.environ as pyo
import pytest

from clusteropt.errors import ModelViewError, UnboundedError
from clusteropt.inputs.problem import Objective, ObjectiveKind, Problem, RuleKind, Selection
from clusteropt.model.pyomo_view import from_pyomo, to_pyomo
from clusteropt.plan.making import solve
from tests import naive
from tests.problems import INLINE, QUICK, plain_problem, rule, with_menus

if TYPE_CHECKING:
    from clusteropt.plan.plan import Plan

A, B = ("F0", "C0", "L0", 2025), ("F0", "C0", "L1", 2025)


def base() -> Problem:
    """Two log levers, a purse of 100.003 printed units of 1000; freely 16 and 84."""
    return plain_problem([[1.0, 2.0]], [[1e4, 2e4]], [[100_003]], per_printed=1000)


def awarded(plan: Plan) -> tuple[int, int]:
    """Give the whole units of the two levers."""
    allocation = naive.of_plan(plan)
    return allocation.get((0, 0, 0, 0), 0), allocation.get((0, 0, 1, 0), 0)


def test_the_view_solves_as_the_problem() -> None:
    """An untouched view, and a clone of it, give the plan of the problem."""
    model = to_pyomo(base())
    expected = awarded(solve(base(), INLINE))
    assert awarded(solve(model, INLINE)) == expected
    assert awarded(solve(model.clone(), INLINE)) == expected


def test_names_read_as_written_by_hand() -> None:
    """Variables and constraints carry the names of blocks and tables; money is in printed units."""
    model = to_pyomo(base())
    assert model.flow[A].ub == pytest.approx(100.003)
    assert model.purse["F0", 2025].upper == pytest.approx(100.003)
    assert model.outcome["C0", "L1", 2025].lb == 0
    assert model.value.sense == pyo.maximize


@pytest.mark.parametrize(
    ("left", "right", "share"), [(3, 1, "1"), (1, 1, "2/3"), (7, 3, "1"), (1, 2, "0.123"), (1, 1, "0.1")]
)
def test_a_ratio_of_the_caller_holds_in_integers(left: int, right: int, share: str) -> None:
    """``left x = share right z`` and its sides hold exactly, or to one unit where the decimals have no exact form."""
    model, ratio = to_pyomo(base()), Fraction(share)
    model.mine = pyo.Constraint(expr=left * model.flow[A] >= float(ratio) * right * model.flow[B])
    x, z = awarded(solve(model, INLINE))
    assert x + z <= 100_003
    assert Fraction(left) * x >= Fraction(repr(float(ratio))) * right * z
    assert x + z >= 100_001


def test_an_equality_of_the_caller_holds_exactly() -> None:
    """Three times the first is the second: the plan leaves the units that cannot be split."""
    model = to_pyomo(base())
    model.mine = pyo.Constraint(expr=3 * model.flow[A] == model.flow[B])
    x, z = awarded(solve(model, INLINE))
    assert z == 3 * x
    assert x == 25_000


@pytest.mark.parametrize("make", ["setub", "fix", "constraint"])
def test_a_limit_of_the_caller_is_kept_by_the_rounding(make: str) -> None:
    """At most (exactly) 3 and 5 printed units stay so in whole units, although the purse has room."""
    model = to_pyomo(base())
    for draw, amount in ((A, 3), (B, 5)):
        if make == "setub":
            model.flow[draw].setub(amount)
        elif make == "fix":
            model.flow[draw].fix(amount)
        else:
            model.add_component(f"cap{amount}", pyo.Constraint(expr=model.flow[draw] <= amount))
    assert awarded(solve(model, INLINE)) == (3000, 5000)


def test_a_floor_between_two_units_is_rounded_up() -> None:
    """A lower bound of 40.0005 printed units of 1000 means 40001 whole ones."""
    model = to_pyomo(base())
    model.flow[A].setlb(40.0005)
    x, z = awarded(solve(model, INLINE))
    assert (x, z) == (40_001, 60_002)


def test_a_variable_of_the_caller_can_choose() -> None:
    """A new binary lets only one of the two levers have money: the better one gets all."""
    model = to_pyomo(base())
    model.first = pyo.Var(domain=pyo.Binary)
    model.one = pyo.Constraint(expr=model.flow[A] <= 1000 * model.first)
    model.other = pyo.Constraint(expr=model.flow[B] <= 1000 * (1 - model.first))
    assert awarded(solve(model, INLINE)) == (0, 100_003)


def test_a_menu_in_a_constraint_of_the_caller() -> None:
    """A level that a constraint forbids is not chosen."""
    problem = with_menus(base(), {(0, 0): [(5000, 1e6), (9000, 2e6)]})
    model = to_pyomo(problem)
    model.mine = pyo.Constraint(expr=model.level["C0", "L0", 2025, 1] == 0)
    assert awarded(solve(model, INLINE))[0] == 5000


def test_an_objective_of_the_caller_replaces_ours() -> None:
    """The most money for the first lever: value and bound are the caller's own, constant included."""
    model = to_pyomo(base())
    model.value.deactivate()
    model.mine = pyo.Objective(expr=model.flow[A] + 5, sense=pyo.maximize)
    plan = solve(model, INLINE)
    assert awarded(plan)[0] == 100_003
    assert plan.value == pytest.approx(105.003)
    assert plan.bound == pytest.approx(105.003)


def test_the_value_of_an_own_objective_is_that_of_the_whole_amounts() -> None:
    """Least money with a floor of 3.0005 in all: 3001 whole units, a value of 3.001, and a bound of at most that."""
    model = to_pyomo(base())
    model.value.deactivate()
    model.floor_of_mine = pyo.Constraint(expr=model.flow[A] + model.flow[B] >= 3.0005)
    model.mine = pyo.Objective(expr=model.flow[A] + model.flow[B])
    plan = solve(model, INLINE)
    assert sum(awarded(plan)) == 3001
    assert plan.value == pytest.approx(3.001, rel=1e-9)
    assert plan.bound <= plan.value


def test_an_own_objective_on_outcomes_is_worth_what_the_curves_say() -> None:
    """Weights of 1000 and 1 on two outcomes: the value is within the gap of the plain evaluator at the plan's money."""
    model = to_pyomo(base())
    model.value.deactivate()
    outcome = model.outcome
    model.mine = pyo.Objective(expr=3 * outcome["C0", "L0", 2025] + outcome["C0", "L1", 2025], sense=pyo.maximize)
    plan = solve(model, INLINE)
    cell = naive.outcomes(base(), naive.cell_money(naive.of_plan(plan)))
    assert plan.value == pytest.approx(3 * cell[0, 0, 0] + cell[0, 1, 0], rel=2e-6)


def test_an_objective_without_limit_is_refused() -> None:
    """A new variable that can grow for ever is UnboundedError, not a plan with an infinite bound."""
    model = to_pyomo(base())
    model.free = pyo.Var(bounds=(0, None))
    model.value.deactivate()
    model.mine = pyo.Objective(expr=model.free, sense=pyo.maximize)
    with pytest.raises(UnboundedError):
        solve(model, INLINE)


def _nonlinear(model: pyo.ConcreteModel) -> None:
    model.mine = pyo.Constraint(expr=model.flow[A] ** 2 <= 9)


def _product(model: pyo.ConcreteModel) -> None:
    model.mine = pyo.Constraint(expr=model.flow[A] * model.flow[B] <= 9)


def _curved_objective(model: pyo.ConcreteModel) -> None:
    model.value.deactivate()
    model.mine = pyo.Objective(expr=pyo.log(1 + model.flow[A]), sense=pyo.maximize)


def _off(model: pyo.ConcreteModel) -> None:
    model.purse["F0", 2025].deactivate()


def _all_off(model: pyo.ConcreteModel) -> None:
    model.curve.deactivate()


def _deleted(model: pyo.ConcreteModel) -> None:
    model.del_component(model.purse)


def _coefficient(model: pyo.ConcreteModel) -> None:
    model.purse["F0", 2025].set_value(model.flow[A] + 0.9 * model.flow[B] <= 100.003)


def _limit(model: pyo.ConcreteModel) -> None:
    model.purse["F0", 2025].set_value(model.flow[A] + model.flow[B] <= 200)


def _two_objectives(model: pyo.ConcreteModel) -> None:
    model.mine = pyo.Objective(expr=model.flow[A])


def _no_objective(model: pyo.ConcreteModel) -> None:
    model.value.deactivate()


def _set(model: pyo.ConcreteModel) -> None:
    model.mine = pyo.SOSConstraint(var=model.flow, sos=1)


def _domain(model: pyo.ConcreteModel) -> None:
    model.flow[A].domain = pyo.Integers


@pytest.mark.parametrize(
    "change",
    [_nonlinear, _product, _curved_objective, _off, _all_off, _deleted, _coefficient, _limit, _two_objectives,
     _no_objective, _set, _domain],
    ids=lambda change: change.__name__.strip("_"),
)  # fmt: skip
def test_what_cannot_be_read_back_is_refused(change) -> None:
    """Nonlinear parts, and own rows that were changed, deactivated or deleted, are ModelViewError with a name."""
    model = to_pyomo(base())
    change(model)
    with pytest.raises(ModelViewError):
        solve(model, INLINE)


@pytest.mark.parametrize("thing", [pyo.ConcreteModel(), object(), 3])
def test_what_is_no_view_is_refused(thing) -> None:
    """Only a problem or a view of one can be solved."""
    with pytest.raises(ModelViewError, match="to_pyomo"):
        solve(thing, INLINE)


def test_a_fixed_variable_stays_fixed_in_the_callers_model() -> None:
    """Reading a view leaves it as it was."""
    model = to_pyomo(base())
    model.flow[A].fix(3)
    from_pyomo(model)
    assert model.flow[A].fixed
    assert model.flow[A].value == 3


def test_switched_off_additions_do_not_count() -> None:
    """A deactivated constraint of the caller, or one in a deactivated block, is not part of the model."""
    model = to_pyomo(base())
    model.mine = pyo.Constraint(expr=model.flow[A] <= 1)
    model.mine.deactivate()
    model.part = pyo.Block()
    model.part.mine = pyo.Constraint(expr=model.flow[A] <= 1)
    model.part.deactivate()
    assert awarded(solve(model, INLINE)) == awarded(solve(base(), INLINE))


def test_rules_and_additions_hold_together() -> None:
    """A rule of the tables and a constraint of the caller are both kept."""
    problem = replace(base(), rules=(rule(RuleKind.AMOUNT, Selection(levers=(0,)), 20_001),))
    model = to_pyomo(problem)
    model.mine = pyo.Constraint(expr=model.flow[B] <= 2 * model.flow[A])
    x, z = awarded(solve(model, INLINE))
    assert x >= 20_001
    assert z <= 2 * x
    assert x + z == 100_003


def test_arrays_of_an_addition_are_what_was_written() -> None:
    """The row of the caller comes back with its coefficients, its limits and its own column."""
    model = to_pyomo(base())
    model.extra = pyo.Var(bounds=(0, 9), domain=pyo.Integers)
    model.mine = pyo.Constraint(expr=(1, 2 * model.flow[B] + 3 * model.extra + 4, 20))
    read = from_pyomo(model)
    plain = from_pyomo(to_pyomo(base()))
    assert (read.num_rows, read.num_cols) == (plain.num_rows + 1, plain.num_cols + 1)
    row = read.matrix[-1].toarray().ravel()
    assert sorted(row[row != 0].tolist()) == [2.0, 3.0]
    assert (read.row_lower[-1], read.row_upper[-1]) == (-3.0, 16.0)
    assert (read.col_lower[-1], read.col_upper[-1], bool(read.integer[-1])) == (0.0, 9.0, True)
    assert np.array_equal(read.matrix[:-1, :-1].toarray(), plain.matrix.toarray())


def test_own_constraint_on_money_with_the_worst_region_first() -> None:
    """A limit of the caller's on money holds in the second stage as well, to the unit."""
    problem = plain_problem(
        [[1.0, 0.8], [0.5, 0.9]], [[1e5, 2e5], [3e5, 1e5]], [[10**6]], per_printed=10_000, regions=[0, 1]
    )
    model = to_pyomo(replace(problem, objective=Objective(ObjectiveKind.WORST_REGION)))
    model.mine = pyo.Constraint(expr=model.flow["F0", "C0", "L0", 2025] <= 3)
    plan = solve(model, QUICK)
    amount = plan.allocation[(plan.allocation.cluster == "C0") & (plan.allocation.lever == "L0")].amount.sum()
    assert amount <= 30_000
    assert plan.gap <= 1e-6


def test_an_own_objective_still_reaches_the_target() -> None:
    """Least money with another price of money reaches the target of the problem, and is named as the caller's."""
    problem = plain_problem([[1.0, 0.8], [0.5, 0.9]], [[1e5, 2e5], [3e5, 1e5]], [[10**6]], per_printed=10_000)
    model = to_pyomo(replace(problem, objective=Objective(ObjectiveKind.LEAST_MONEY, target=400_000.0)))
    model.value.deactivate()
    priced = sum((2 if key[1] == "C0" else 1) * model.flow[key] for key in model.flow)
    model.mine = pyo.Objective(expr=priced, sense=pyo.minimize)
    plan = solve(model, QUICK)
    assert plan.total_outcome >= 400_000
    assert plan.stages[0].kind is None


def test_own_floor_on_outcome_is_reached_on_the_curves() -> None:
    """An outcome asked for is there in the plan, whole units and all."""
    problem = plain_problem([[1.0, 0.8], [0.5, 0.9]], [[1e5, 2e5], [3e5, 1e5]], [[10**6]], per_printed=10_000)
    model = to_pyomo(problem)
    model.mine = pyo.Constraint(expr=model.outcome["C0", "L0", 2025] >= 150_000)
    cells = solve(model, QUICK).value_by_cell
    assert cells[(cells.cluster == "C0") & (cells.lever == "L0")].outcome.sum() >= 150_000 * (1 - 1e-7)


def test_outcome_cannot_be_kept_down() -> None:
    """A row or an objective that gains by reporting too little outcome is refused."""
    problem = plain_problem([[1.0]], [[1e5]], [[10**6]], per_printed=10_000)
    model = to_pyomo(problem)
    model.mine = pyo.Constraint(expr=model.outcome["C0", "L0", 2025] <= 1000)
    with pytest.raises(ModelViewError, match="asks for less outcome"):
        solve(model, QUICK)
