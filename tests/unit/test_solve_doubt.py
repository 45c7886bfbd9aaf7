"""Claims of the solver that cannot be true, and what a solve does about them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from clusteropt.errors import FalseBoundError, SolverFaultWarning
from clusteropt.plan.making import solve
from clusteropt.solver import highs
from clusteropt.solver.claim import Claim, Reason
from tests.problems import QUICK, hard_problem

if TYPE_CHECKING:
    from collections.abc import Callable


def _bend(monkeypatch: pytest.MonkeyPatch, change: Callable[[Claim, dict[str, Any]], Claim]) -> list[dict[str, Any]]:
    """Let every claim of HiGHS on a program with whole columns pass through ``change``; list the runs."""
    honest, runs = highs.run, []

    def run(program: Any, options: Any, start: Any = None, *rest: Any) -> Claim:
        claim = honest(program, options, start, *rest)
        if not program.integer.any():
            return claim
        runs.append({"start": start is not None, "presolve": options.presolve, "first": not runs})
        return change(claim, runs[-1])

    monkeypatch.setattr(highs, "run", run)
    return runs


def test_an_optimum_far_from_its_own_bound_is_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first claim that calls nothing at all optimal, below its bound, is not believed: the next run has no start."""

    def change(claim: Claim, run: dict[str, Any]) -> Claim:
        return replace(claim, x=np.zeros_like(claim.x), value=0.0) if run["first"] else claim

    problem = hard_problem(6)
    honest = solve(problem, QUICK)
    runs = _bend(monkeypatch, change)
    with pytest.warns(SolverFaultWarning, match="again without its start"):
        assert solve(problem, QUICK).value == pytest.approx(honest.value, rel=1e-6)
    assert [run["start"] for run in runs[:2]] == [True, False]


def test_a_bound_below_the_plan_is_said_and_solved_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """With presolve every bound is 5 % too low: the plan comes from a second solve and says so."""

    def change(claim: Claim, run: dict[str, Any]) -> Claim:
        low = claim.reason is Reason.OPTIMAL and run["presolve"] == "on"
        return replace(claim, bound=claim.bound * 0.95) if low else claim

    problem = hard_problem(6)
    honest = solve(problem, QUICK)
    _bend(monkeypatch, change)
    with pytest.warns(SolverFaultWarning, match="below a value at hand"):
        plan = solve(problem, QUICK)
    assert plan.value == pytest.approx(honest.value, rel=1e-6)
    assert plan.bound >= honest.value * (1 - 1e-9)


def test_a_false_bound_that_stays_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where even the solve without presolve claims too little, there is no plan."""
    _bend(monkeypatch, lambda claim, _: replace(claim, bound=claim.bound * 0.9, value=claim.value * 0.9))
    with (
        pytest.warns(SolverFaultWarning, match="No other run settled it"),
        pytest.raises(FalseBoundError, match="but a plan worth"),
    ):
        solve(hard_problem(6), QUICK)
