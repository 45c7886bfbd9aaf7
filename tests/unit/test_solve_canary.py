"""Canaries: their answers by brute force, what they catch, that they run once, and what follows if one fails."""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import combinations, product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from clusteropt.errors import SolverFaultWarning
from clusteropt.inputs.options import Isolation
from clusteropt.plan.making import solve
from clusteropt.solver import canary, highs, runner
from clusteropt.solver.canary import OPTIONS, Canary, canaries
from clusteropt.solver.child import Child
from clusteropt.solver.claim import Claim, HighsOptions, Limit, Reason
from clusteropt.solver.fault import FaultKind, Remedy
from clusteropt.solver.runner import Runner
from tests.bent import INF, bend, lower_bound, nothing
from tests.problems import QUICK, hard_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clusteropt.solver.program import Program

pytestmark = pytest.mark.filterwarnings("error::clusteropt.errors.SolverFaultWarning")

ALL = [pytest.param(bird, id=bird.name) for bird in canaries()]
LIES: dict[str, Callable[[Claim], Claim]] = {
    "error": lambda claim: nothing(Reason.ERROR),
    "infeasible": lambda claim: nothing(),
    "unbounded": lambda claim: nothing(Reason.UNBOUNDED),
    "value": lambda claim: replace(claim, value=claim.value + 1e-3 * abs(claim.value)),
    "point": lambda claim: replace(claim, x=claim.x + 0.5),
    "bound": lambda claim: lower_bound(claim, 0.01),
}


def constraints(program: Program) -> list[tuple[np.ndarray, float]]:
    """List every finite limit of rows and columns as coefficients and level."""
    num_cols = len(program.cost)
    rows = np.zeros((len(program.row_lower), num_cols))
    for k in range(len(rows)):
        part = slice(program.start[k], program.start[k + 1])
        rows[k, program.index[part]] = program.value[part]
    sides = [(rows, program.row_lower), (rows, program.row_upper)]
    sides += [(np.eye(num_cols), program.col_lower), (np.eye(num_cols), program.col_upper)]
    return [(row, level) for matrix, limits in sides for row, level in zip(matrix, limits, strict=True)
            if np.isfinite(level)]  # fmt: skip


def vertices(program: Program) -> Iterator[np.ndarray]:
    """Give every point where the whole columns are whole and as many limits as there are others are met."""
    whole = np.flatnonzero(program.integer)
    free = np.flatnonzero(program.integer == 0)
    limits = constraints(program)
    ranges = [range(int(program.col_lower[k]), int(program.col_upper[k]) + 1) for k in whole]
    for chosen in product(*ranges):
        for active in combinations(limits, len(free)):
            x = np.zeros(len(program.cost))
            x[whole] = chosen
            if len(free):
                matrix = np.array([row[free] for row, _ in active])
                if abs(np.linalg.det(matrix)) < 1e-9:
                    continue
                x[free] = np.linalg.solve(matrix, np.array([limit - row @ x for row, limit in active]))
            yield x


@pytest.mark.parametrize("bird", ALL)
def test_the_answer_of_a_canary_is_right(bird: Canary) -> None:
    """Over all choices and all vertices nothing is better than the point given, which is feasible to the last digit."""
    feasible = [x for x in vertices(bird.program) if bird.program.excess(x) <= 1e-9]
    if bird.best is None:
        assert feasible == []
        return
    assert bird.program.excess(bird.best) == 0.0
    values = [float(bird.program.cost @ x) for x in feasible]
    assert max(values) == pytest.approx(float(bird.program.cost @ bird.best), abs=1e-9)


def test_the_answers_are_those_of_the_docstrings() -> None:
    """The number that each first line ends with is the answer of the canary."""
    for bird in canaries():
        told = (getattr(canary, bird.name).__doc__ or "").splitlines()[0].rsplit(": ", 1)[1].rstrip(".")
        answer = "infeasible" if bird.best is None else f"{abs(float(bird.program.cost @ bird.best)):g}"
        assert told == answer, bird.name


def test_the_installed_highs_passes() -> None:
    """All canaries come out right, with and without presolve and with other seeds."""
    assert canary.failures(highs.run) == ()
    for options in (OPTIONS.without_presolve(), OPTIONS.with_other_seed()):
        assert canary.failures(lambda program, _, options=options: highs.run(program, options)) == ()


@pytest.mark.parametrize("lie", list(LIES))
@pytest.mark.parametrize("bird", ALL)
def test_a_lie_about_any_canary_is_seen(bird: Canary, lie: str) -> None:
    """A solver that is wrong about one canary fails that one and no other."""

    def solver(program: Program, options: HighsOptions) -> Claim:
        claim = highs.run(program, options)
        return LIES[lie](claim) if program is bird.program and claim.x is not None else claim

    if bird.best is None:
        made_up = Claim(Reason.OPTIMAL, None, np.array([0.5, 1.5, 0.0]), 2.0, 2.0)
        assert bird.wrong(made_up)
        assert bird.wrong(nothing(Reason.UNBOUNDED))
        assert not bird.wrong(nothing())
        return
    assert canary.failures(solver) == (bird.name,)


@pytest.mark.parametrize("bird", ALL)
def test_a_worse_point_called_optimal_is_seen(bird: Canary) -> None:
    """What released versions did: a feasible point that is not the best, with a bound to go with it."""
    if bird.name in ("no_parity", "forced_choice"):
        # Nothing is feasible in one, and all is worth the same in the other.
        return
    points = [x for x in vertices(bird.program) if bird.program.excess(x) <= 1e-9]
    worst = min(points, key=lambda x: float(bird.program.cost @ x))
    value = float(bird.program.cost @ worst)
    assert value < float(bird.program.cost @ bird.best)
    assert bird.wrong(Claim(Reason.OPTIMAL, None, worst, value, value))


@pytest.mark.parametrize("bird", ALL)
def test_a_limit_is_no_failure(bird: Canary) -> None:
    """A machine that is too busy proves nothing about the solver."""
    assert not bird.wrong(nothing(Reason.NO_SOLUTION, Limit.TIME))


def test_canaries_run_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Solves in this process ask as often as they like; the canaries are solved the first time."""
    solved = []

    def counting(program: Program, options: HighsOptions) -> Claim:
        solved.append(program)
        return highs.run(program, options)

    monkeypatch.setattr(canary, "run", counting)
    canary.failures_here.cache_clear()
    try:
        for _ in range(2):
            solve(hard_problem(3), QUICK)
        assert len(solved) == len(canaries())
    finally:
        canary.failures_here.cache_clear()


def test_a_child_tells_of_its_canaries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real child has none that failed; one that says so is heard with its first claim."""
    program, options = canaries()[0].program, HighsOptions(20.0)
    with Runner(Isolation.PROCESS) as real:
        assert real.run(program, options).reason is Reason.OPTIMAL
        assert real.failed_canaries == ()
    code = """
import os, sys
from clusteropt.solver.wire import read_message, write_message
sink = os.fdopen(os.dup(1), "wb")
write_message(sink, {"kind": "ready", "version": "stub", "failed_canaries": ["big_m"]}, {})
read_message(sys.stdin.buffer)
fields = {"reason": "infeasible", "limit": None, "value": -1e999, "bound": 1e999, "detail": ""}
write_message(sink, {"kind": "claim", "seconds": 0.0, "nodes": 0, "iterations": 0, **fields}, {})
"""
    monkeypatch.setattr(runner, "borrow", lambda: Child(command=(sys.executable, "-c", code)))
    with Runner(Isolation.PROCESS) as stub:
        assert stub.failed_canaries == ()
        assert stub.run(program, options).reason is Reason.INFEASIBLE
        assert stub.failed_canaries == ("big_m",)


def fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two canaries of this process have failed."""
    monkeypatch.setattr(canary, "failures_here", lambda: ("big_m", "no_parity"))


def test_after_a_failed_canary_two_runs_must_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every program is run without presolve and again with another seed; the plan is the same, and says why."""
    honest = solve(hard_problem(6), QUICK)
    fail(monkeypatch)
    with pytest.warns(SolverFaultWarning, match=rf"HiGHS {highs.version()} .*: big_m, no_parity") as told:
        plan = solve(hard_problem(6), QUICK)
    assert len(told) == 1
    assert plan.value == pytest.approx(honest.value, rel=1e-6)
    assert plan.bound == pytest.approx(honest.bound, rel=1e-6)
    options = [run.options for run in plan.record.runs]
    assert {run.presolve for run in options} == {"off"}
    assert [run.random_seed for run in options] == [0, 1] * (len(options) // 2)
    (fault,) = plan.record.faults
    assert (fault.kind, fault.detail, fault.remedy) == (FaultKind.CANARY, "big_m, no_parity", Remedy.AGREEMENT)
    assert any("big_m" in note.en and "big_m" in note.zh for note in plan.notes)


def test_after_a_failed_canary_the_weaker_of_two_claims_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that one of the two runs does not share is not believed, although nothing contradicts it."""
    honest = solve(hard_problem(6), QUICK)
    fail(monkeypatch)

    def change(claim: Claim, run: dict[str, Any]) -> Claim:
        late = run["whole"] and run["seed"] == 1 and claim.reason is Reason.OPTIMAL
        if not late:
            return claim
        return replace(claim, reason=Reason.FEASIBLE, limit=Limit.SOLUTIONS, bound=claim.bound * 1.25)

    bend(monkeypatch, change)
    with pytest.warns(SolverFaultWarning):
        plan = solve(hard_problem(6), replace(QUICK, time_limit_s=2.0))
    assert plan.value == pytest.approx(honest.value, rel=1e-6)
    assert plan.bound == pytest.approx(honest.bound * 1.25, rel=1e-6)


def test_after_a_failed_canary_one_seed_that_lies_is_overruled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The point of the other run refutes a bound that is too low, and a false "infeasible"."""
    honest = solve(hard_problem(6), QUICK)
    fail(monkeypatch)
    for lie in (lambda claim: nothing(), lambda claim: lower_bound(claim, 0.05)):

        def change(claim: Claim, run: dict[str, Any], lie: Callable[[Claim], Claim] = lie) -> Claim:
            return lie(claim) if run["whole"] and run["seed"] == 0 else claim

        with monkeypatch.context() as patch:
            bend(patch, change)
            with pytest.warns(SolverFaultWarning):
                plan = solve(hard_problem(6), QUICK)
        assert plan.value == pytest.approx(honest.value, rel=1e-6)
        assert plan.bound >= honest.value * (1 - 1e-9)
        assert len({fault.kind for fault in plan.record.faults}) == 2


def test_nothing_is_doubted_without_a_failed_canary() -> None:
    """An ordinary solve has one run a program, with presolve."""
    plan = solve(hard_problem(3), QUICK)
    assert plan.record.faults == ()
    assert plan.record.runs[0].options.presolve == "on"
    assert plan.bound < INF
