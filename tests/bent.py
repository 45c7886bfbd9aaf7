"""Solvers that lie on purpose: HiGHS with its claims changed, and a runner that says what it is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from clusteropt.solver import highs
from clusteropt.solver.claim import Claim, HighsOptions, Limit, Reason
from clusteropt.solver.guard import Guard, Guarded
from clusteropt.solver.program import Program, make_program

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from clusteropt.solver.hearing import Task

INF = np.inf


def program(matrix: Any, limits: Any, cost: Any, integer: Any) -> Program:
    """Make a program of dense rows; ``limits`` are row lower, row upper, column lower, column upper."""
    rows = sparse.csr_matrix(np.atleast_2d(np.array(matrix, float)))
    return make_program(rows, tuple(np.array(side, float) for side in limits), np.array(cost, float), np.array(integer))


def knapsack() -> Program:
    """Take 3, 4 or 5 of a room of 8, each whole and once, worth 4, 5 and 6: 4 + 5 is too much, so 3 and 5, worth 10."""
    return program([[3, 4, 5]], ([-INF], [8], [0] * 3, [1] * 3), [4, 5, 6], [1, 1, 1])


BEST = np.array([1.0, 0.0, 1.0])
"""The optimum of `knapsack`."""
OPTIONS = HighsOptions(20.0, feasibility_tolerance=1e-7)


def optimal(x: Any = BEST, bound: float = 10.0, value: float | None = None) -> Claim:
    """Claim a point of `knapsack` as optimal."""
    point = np.array(x, float)
    return Claim(Reason.OPTIMAL, None, point, float(knapsack().cost @ point) if value is None else value, bound)


def nothing(reason: Reason = Reason.INFEASIBLE, limit: Limit | None = None, detail: str = "") -> Claim:
    """Claim that there is no point."""
    return Claim(reason, limit, None, -INF, INF, detail=detail)


class Told:
    """A runner that answers with what it is told, one claim after the other, and keeps what it was asked.

    Parameters
    ----------
    answers : claims or errors
        What it says; the last one again and again.
    failed_canaries : tuple of str
        What it says of its canaries.
    """

    def __init__(self, *answers: Claim | Exception, failed_canaries: tuple[str, ...] = ()) -> None:
        self.answers = list(answers)
        self.failed_canaries = failed_canaries
        self.asked: list[tuple[bool, str, int]] = []
        self.seconds: list[float] = []

    def run(self, _: Program, options: HighsOptions, start: Any = None, __: Any = None) -> Claim:
        """Give the next answer."""
        self.asked.append((start is not None, options.presolve, options.random_seed))
        self.seconds.append(options.time_limit)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def bend(monkeypatch: pytest.MonkeyPatch, change: Callable[[Claim, dict[str, Any]], Claim]) -> list[dict[str, Any]]:
    """Let every claim of HiGHS pass through ``change``, with what is known of its run; list the runs.

    The step is that of the task which the guard was given; empty where a program went past the guard.
    """
    honest, runs = highs.run, []
    steps = _watch(monkeypatch)

    def run(asked: Program, options: HighsOptions, start: Any = None, *rest: Any) -> Claim:
        claim = honest(asked, options, start, *rest)
        runs.append(
            {
                "program": asked,
                "step": steps[-1],
                "whole": bool(asked.integer.any()),
                "start": start is not None,
                "presolve": options.presolve,
                "seed": options.random_seed,
                "number": len(runs),
            }
        )
        return change(claim, runs[-1])

    monkeypatch.setattr(highs, "run", run)
    return runs


def _watch(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give a list whose last entry is the step of the task that the guard runs."""
    honest, steps = Guard.run, [""]

    def guarded(guard: Guard, task: Task, *rest: Any, **more: Any) -> Guarded:
        steps.append(task.step)
        try:
            return honest(guard, task, *rest, **more)
        finally:
            steps.pop()

    monkeypatch.setattr(Guard, "run", guarded)
    return steps


def lower_bound(claim: Claim, share: float) -> Claim:
    """Claim a bound that is too low by a share."""
    return replace(claim, bound=claim.bound - share * abs(claim.bound))
