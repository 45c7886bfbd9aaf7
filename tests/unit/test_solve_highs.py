"""What HiGHS gets, what it may not get, and what its answers mean: the traps seen in its released versions."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import highspy
import numpy as np
import pytest
from scipy import sparse

from clusteropt.errors import NoIncumbentError, SolverFaultError, SolverFaultWarning
from clusteropt.inputs.problem import Objective, ObjectiveKind, ResponseFamily
from clusteropt.plan.making import solve
from clusteropt.plan.saving import plan_to_json
from clusteropt.solver import highs
from clusteropt.solver.claim import Claim, HighsOptions, Limit, Reason
from clusteropt.solver.program import Program, make_program
from clusteropt.text import Language
from tests.problems import INLINE, QUICK, Problem, hard_problem, plain_problem, random_problem, with_menus

INF = np.inf


def program(matrix, limits, cost, integer) -> Program:
    """Make a program of dense rows; ``limits`` are row lower, row upper, column lower, column upper."""
    rows = sparse.csr_matrix(np.atleast_2d(np.array(matrix, float)))
    return make_program(rows, tuple(np.array(side, float) for side in limits), np.array(cost, float), np.array(integer))


def one_column(**changes) -> Program:
    """Maximise x with x <= 4."""
    return replace(program([[1.0]], ([-INF], [4.0], [0.0], [10.0]), [1.0], [0]), **changes)


def test_a_known_wrong_rounding_is_right() -> None:
    """Least 2 x + 3 z with x + z >= 4.5, x and z to 10, z whole: 9."""
    mini = program([[1, 1]], ([4.5], [INF], [0, 0], [10, 10]), [-2, -3], [0, 1])
    claim = highs.run(mini, HighsOptions(10.0))
    assert claim.reason is Reason.OPTIMAL
    assert claim.value == pytest.approx(-9.0)
    assert claim.bound == pytest.approx(-9.0)


def test_big_m_with_a_balance_and_exclusive_choices_is_right() -> None:
    """Two ways of moving 100 a period, one at a time, 40 or 20 earned a unit, with a store between: by hand 8000.

    Periods 1 and 2 buy at most 100 at 0 if y, sell at most 100 at 40 if not y; the store starts empty and ends empty.
    Only one period can buy and the other sell: 100 x 40 = 4000; twice over with two stores that do not touch: 8000.
    """
    rows, lower, upper = [], [], []

    def add(entries: dict[int, float], low: float, high: float) -> None:
        row = np.zeros(16)
        for k, v in entries.items():
            row[k] = v
        rows.append(row)
        lower.append(low)
        upper.append(high)

    for store in range(2):
        at = 8 * store
        buy, sell, held, choose = (at, at + 1), (at + 2, at + 3), (at + 4, at + 5), (at + 6, at + 7)
        for t in range(2):
            add({buy[t]: 1, choose[t]: -100.0}, -INF, 0)
            add({sell[t]: 1, choose[t]: 100.0}, -INF, 100.0)
        add({held[0]: 1, buy[0]: -1, sell[0]: 1}, 0, 0)
        add({held[1]: 1, held[0]: -1, buy[1]: -1, sell[1]: 1}, 0, 0)
        add({held[1]: 1}, 0, 0)
    cost = np.zeros(16)
    cost[[2, 3, 10, 11]] = 40.0
    integer = np.zeros(16)
    integer[[6, 7, 14, 15]] = 1
    high = np.where(integer > 0, 1.0, 1e6)
    mini = program(rows, (lower, upper, np.zeros(16), high), cost, integer)
    for presolve in ("on", "off"):
        claim = highs.run(mini, HighsOptions(10.0, presolve=presolve))
        assert claim.value == pytest.approx(8000.0)


def test_every_status_of_highs_means_something() -> None:
    """The map covers every member of the enumeration, so no status can fall through."""
    members = set(highspy.HighsModelStatus.__members__.values())
    aliases = {
        highspy.HighsModelStatus.__members__[n] for n in ("kMin", "kMax") if n in highspy.HighsModelStatus.__members__
    }
    assert members - set(highs.STATUS) - aliases == set()
    assert all(isinstance(meaning, Reason | Limit) for meaning in highs.STATUS.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("kOptimal", Reason.OPTIMAL),
        ("kInfeasible", Reason.INFEASIBLE),
        ("kUnbounded", Reason.UNBOUNDED),
        ("kUnboundedOrInfeasible", Reason.INFEASIBLE_OR_UNBOUNDED),
        ("kTimeLimit", Limit.TIME),
        ("kIterationLimit", Limit.ITERATIONS),
        ("kSolutionLimit", Limit.SOLUTIONS),
        ("kMemoryLimit", Limit.MEMORY),
        ("kInterrupt", Limit.INTERRUPT),
        ("kUnknown", Reason.ERROR),
        ("kNotset", Reason.ERROR),
        ("kSolveError", Reason.ERROR),
    ],
)
def test_a_status_means_what_it_says(name: str, expected: Reason | Limit) -> None:
    """A limit is a limit, and an unknown end is an error, never an optimum."""
    assert highs.STATUS[getattr(highspy.HighsModelStatus, name)] is expected


def test_infeasible_and_unbounded_are_told_without_a_point() -> None:
    """Neither claim holds a point, although HiGHS would return a vector of zeros."""
    none = highs.run(program([[1]], ([20.0], [INF], [0.0], [10.0]), [1.0], [1]), HighsOptions(5.0))
    assert none.reason is Reason.INFEASIBLE
    assert none.x is None
    assert none.value == -INF
    free = highs.run(program([[1]], ([0.0], [INF], [0.0], [INF]), [1.0], [0]), HighsOptions(5.0))
    assert free.reason in (Reason.UNBOUNDED, Reason.INFEASIBLE_OR_UNBOUNDED)
    assert free.bound == INF


@pytest.mark.parametrize(
    ("lower", "expected"), [(-1.0, Reason.OPTIMAL), (0.0, Reason.OPTIMAL), (1.0, Reason.INFEASIBLE)]
)
def test_rows_of_a_program_without_columns_are_looked_at(lower: float, expected: Reason) -> None:
    """HiGHS says "Empty" of each; 0 >= 1 has no solution."""
    empty = program(np.zeros((1, 0)), ([lower], [INF], [], []), [], [])
    assert highs.run(empty, HighsOptions(10.0)).reason is expected


def test_a_claim_keeps_reason_limit_and_point_together() -> None:
    """A limit without a limited reason, or an incumbent that is missing, cannot be built."""
    with pytest.raises(ValueError, match="does not go with"):
        Claim(Reason.OPTIMAL, Limit.TIME, np.zeros(1), 0.0, 0.0)
    with pytest.raises(ValueError, match="does not go with"):
        Claim(Reason.NO_SOLUTION, None, None, -INF, INF)
    with pytest.raises(ValueError, match="needs an incumbent"):
        Claim(Reason.OPTIMAL, None, None, 0.0, 0.0)


def test_the_solution_is_read_only_where_it_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    """`value_valid` comes first: an "optimal" end without a valid point is an error, not a plan of zeros."""

    class Lying(highspy.Highs):
        def getSolution(self):
            found = super().getSolution()
            found.value_valid = False
            return found

    monkeypatch.setattr(highs.highspy, "Highs", Lying)
    claim = highs.run(one_column(), HighsOptions(5.0))
    assert claim.reason is Reason.ERROR
    assert claim.x is None


@pytest.mark.parametrize("bad", [math.nan, INF, -INF, 1e-9, -1e-10, 5e-324])
def test_coefficients_that_highs_would_drop_are_refused(bad: float) -> None:
    """NaN, infinite and tiny coefficients do not reach HiGHS."""
    with pytest.raises(SolverFaultError):
        highs.check_loadable(one_column(value=np.array([bad])))


@pytest.mark.parametrize("bad", [1e-10, 1e16])
def test_numbers_too_far_apart_name_the_table_to_look_at(bad: float) -> None:
    """Too small for HiGHS or too large: the message names the table and the column, in both languages."""
    with pytest.raises(SolverFaultError, match=r"table cells \(column stock\)") as caught:
        highs.run(one_column(value=np.array([bad])), HighsOptions(5.0))
    assert "cells 表的 stock 列" in caught.value.read(Language.ZH)


@pytest.mark.parametrize("stock", [3e-7, 1e-10, 1e-15])
def test_a_tiny_stock_beside_levels_is_solved(stock: float) -> None:
    """Region 1 has levels worth 4 or 6 and no curve but that of the stock: the worst of 4 money and a level is best."""
    problem = plain_problem([[1.0], [1.0]], [[9.0], [9.0]], [[10]], family=ResponseFamily.LINEAR, regions=[0, 1])
    problem = with_menus(problem, {(0, 0): [(4, 4.0), (6, 6.0)], (1, 0): [(4, 4.0), (6, 6.0)]})
    problem = replace(problem, stock=np.array([[0.0], [stock]]), depreciation=np.array([0.5]))
    plan = solve(replace(problem, objective=Objective(ObjectiveKind.WORST_REGION)), INLINE)
    assert plan.value == pytest.approx(4.0)
    assert plan.total_outcome == pytest.approx(10.0)


@pytest.mark.parametrize("bad", [math.nan, INF])
def test_costs_that_are_no_numbers_are_refused(bad: float) -> None:
    """The objective is checked as well."""
    with pytest.raises(SolverFaultError):
        highs.check_loadable(one_column(cost=np.array([bad])))


@pytest.mark.parametrize("side", ["row_lower", "row_upper", "col_lower", "col_upper"])
def test_limits_that_are_no_numbers_never_give_a_claim(side: str) -> None:
    """A NaN limit is refused, by us or by HiGHS, but not solved as if it were not there."""
    with pytest.raises(SolverFaultError):
        highs.run(one_column(**{side: np.array([math.nan])}), HighsOptions(5.0))


def test_the_index_guard_counts_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    """More entries than 32 bits can number are refused before HiGHS casts them; here the limit is lowered."""
    assert highs._LARGEST_INDEX == 2**31 - 1
    monkeypatch.setattr(highs, "_LARGEST_INDEX", 5)
    with pytest.raises(SolverFaultError, match=r"2\*\*31"):
        highs.check_loadable(program([[1, 1, 1], [1, 1, 1]], ([0, 0], [1, 1], [0] * 3, [1] * 3), [1] * 3, [0] * 3))


def test_no_program_is_semi_continuous() -> None:
    """Columns are continuous or whole; the semi-continuous kind of HiGHS, capped at 1e5, is never passed."""
    text = Path(highs.__file__).read_text(encoding="utf-8")
    assert "SemiContinuous" not in text
    assert "SemiInteger" not in text
    assert set(np.unique(program([[1, 1]], ([0], [1], [0, 0], [1, 1]), [1, 1], [True, False]).integer)) == {0, 1}


def test_the_gap_is_set_and_recorded() -> None:
    """Every option of every run stands in the plan, the gap among them."""
    plan = solve(random_problem(9), replace(QUICK, relative_gap=1e-3, seed=5))
    assert plan.record.runs
    assert {run.options.random_seed for run in plan.record.runs} == {5}
    assert all(0 < run.options.mip_rel_gap <= 1e-3 for run in plan.record.runs)
    settings = plan.record.runs[0].options.settings(is_mip=True)
    assert settings["mip_rel_gap"] == plan.record.runs[0].options.mip_rel_gap
    assert settings["mip_abs_gap"] == 0.0
    assert settings["output_flag"] is False


def test_an_unknown_option_is_refused() -> None:
    """An option that HiGHS does not take is an error, not ignored."""
    with pytest.raises(SolverFaultError, match="presolve"):
        highs.run(one_column(), HighsOptions(5.0, presolve="sideways"))


def test_threads_may_change_between_solves() -> None:
    """The number of threads is state of the process: the second solve works all the same."""
    problem = random_problem(9)
    values = [solve(problem, replace(QUICK, threads=threads)).value for threads in (1, 2, 1)]
    assert values[0] == pytest.approx(values[1], rel=1e-6)
    assert values[0] == values[2]


def test_highs_prints_nothing() -> None:
    """A solve in this process writes not one byte to standard output or error."""
    code = (
        "from tests.problems import QUICK, random_problem\n"
        "from clusteropt.plan.making import solve\n"
        "solve(random_problem(9), QUICK)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert done.stdout == b""
    assert done.stderr == b""


def without_times(problem: Problem) -> str:
    """Solve and write the plan without what a clock measures."""
    plan = solve(problem, INLINE)
    runs = tuple(replace(run, seconds=0.0, options=replace(run.options, time_limit=1.0)) for run in plan.record.runs)
    return plan_to_json(replace(plan, record=replace(plan.record, seconds=0.0, runs=runs)))


@pytest.mark.parametrize("seed", [3, 9, 21, 40])
def test_the_same_seed_gives_the_same_plan(seed: int) -> None:
    """Two solves give the same plan to the last bit, records and bounds included."""
    assert without_times(random_problem(seed)) == without_times(random_problem(seed))


def test_a_time_limit_before_any_incumbent_is_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every run ends at its limit without a point, NoIncumbentError is raised, with the limit in its words."""
    empty = Claim(Reason.NO_SOLUTION, Limit.TIME, None, -INF, INF)
    monkeypatch.setattr(highs, "run", lambda *args, **kwargs: empty)
    with pytest.raises(NoIncumbentError, match="time"):
        solve(random_problem(9), QUICK)


def test_a_failure_of_highs_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error status is a SolverFaultError that quotes HiGHS."""
    broken = Claim(Reason.ERROR, None, None, -INF, INF, detail="Solve error")
    monkeypatch.setattr(highs, "run", lambda *args, **kwargs: broken)
    with (
        pytest.warns(SolverFaultWarning, match="failed in the step"),
        pytest.raises(SolverFaultError, match="Solve error"),
    ):
        solve(plain_problem([[1.0]], [[5.0]], [[10]]), QUICK)


def test_a_point_that_breaks_its_rows_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """What HiGHS returns is re-computed: a point outside its own program is refused."""
    honest = highs.run

    def lie(program: Program, *args, **kwargs) -> Claim:
        claim = honest(program, *args, **kwargs)
        return claim if claim.x is None else replace(claim, x=claim.x + 50.0)

    monkeypatch.setattr(highs, "run", lie)
    with (
        pytest.warns(SolverFaultWarning, match="breaks its own model"),
        pytest.raises(SolverFaultError, match="breaks its own model"),
    ):
        solve(plain_problem([[1.0], [2.0]], [[5.0], [5.0]], [[10]]), QUICK)


def test_a_bound_below_a_plan_at_hand_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that a plan we hold exceeds proves a fault of the solver and is said, not hidden."""
    honest = highs.run

    def lie(*args, **kwargs) -> Claim:
        claim = honest(*args, **kwargs)
        return replace(claim, bound=0.5 * claim.bound)

    monkeypatch.setattr(highs, "run", lie)
    with (
        pytest.warns(SolverFaultWarning, match="below a value at hand"),
        pytest.raises(SolverFaultError, match="claims the bound"),
    ):
        solve(plain_problem([[1.0], [2.0]], [[5.0], [5.0]], [[10]]), QUICK)


def test_an_error_of_the_listener_reaches_the_caller() -> None:
    """An exception in the caller's function stops the solve and comes out as it is."""

    def listen(progress) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        solve(random_problem(9), QUICK, listen)


def test_progress_is_told_in_order() -> None:
    """The bound never rises, the value never falls, time goes on, and the last gap is the plan's."""
    seen = []
    plan = solve(hard_problem(30), replace(QUICK, relative_gap=1e-3, time_limit_s=5.0), seen.append)
    assert seen
    seconds = [p.seconds for p in seen]
    assert seconds == sorted(seconds)
    values = [p.value for p in seen if p.value is not None]
    bounds = [p.bound for p in seen if p.bound is not None]
    # HiGHS and the curves add up in different orders, so the last digits may differ.
    assert all(later >= earlier * (1 - 1e-9) for earlier, later in pairwise(values))
    assert bounds == sorted(bounds, reverse=True)
    assert values[-1] == pytest.approx(plan.value, rel=1e-6)


def knapsack(seed: int) -> Program:
    """Draw a knapsack of 22 things with three limits, which takes HiGHS some branching."""
    rng = np.random.default_rng(seed)
    weight = rng.integers(20, 100, (3, 22)).astype(float)
    limits = (np.full(3, -INF), weight.sum(axis=1) // 3, np.zeros(22), np.ones(22))
    return program(weight, limits, weight.sum(axis=0) + rng.uniform(0, 9, 22), np.ones(22))


@pytest.mark.parametrize("seed", range(6))
def test_a_value_that_is_enough_ends_a_run(seed: int) -> None:
    """A target a little below the optimum: a point that reaches it, and a bound that holds."""
    mini = knapsack(seed)
    best = highs.run(mini, HighsOptions(20.0, mip_rel_gap=0.0))
    target = 0.9 * best.value
    claim = highs.run(mini, HighsOptions(20.0, mip_rel_gap=0.0, target=target))
    assert claim.value >= target
    assert claim.bound >= best.value - 1e-6
    assert claim.reason is Reason.OPTIMAL or claim.limit is Limit.OBJECTIVE
    assert claim.nodes <= best.nodes


def test_a_limit_of_nodes_ends_a_run() -> None:
    """One node of a program that takes more: the best point so far, and the limit named."""
    mini = next(mini for mini in map(knapsack, range(50)) if highs.run(mini, HighsOptions(20.0, 0.0)).nodes > 5)
    claim = highs.run(mini, HighsOptions(20.0, 0.0, nodes=1))
    assert claim.limit is Limit.SOLUTIONS
    assert claim.x is not None and mini.violation(claim.x) <= 1e-6
