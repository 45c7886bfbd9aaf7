"""Ctrl-C while many clusters are planned: at prices, at the first core, at the search behind it."""

from __future__ import annotations

import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from benchmarks.portfolios import Shape, portfolio

from clusteropt.plan.making import LARGE, solve
from clusteropt.solver.claim import Limit
from clusteropt.solver.runner import Runner
from tests.problems import QUICK

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.solver.program import Program

OPTIONS = replace(QUICK, relative_gap=0.0, time_limit_s=20.0)
"""More than a core can prove, so that the search goes on until it is told to stop."""


@pytest.fixture
def press(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, bool], list[Program]]:
    """Press Ctrl-C before a run with whole columns, or one without; give the programs that are run from then on."""

    def begin(turn: int, whole: bool) -> list[Program]:
        plain, after, turns = Runner.run, [], [0]

        def run(self: Runner, program: Program, *arguments: Any) -> Any:
            turns[0] += bool(program.integer.any()) is whole
            if turns[0] == turn and not after:
                signal.raise_signal(signal.SIGINT)
            if turns[0] >= turn:
                after.append(program)
            return plain(self, program, *arguments)

        monkeypatch.setattr(Runner, "run", run)
        return after

    return begin


@pytest.mark.parametrize(("turn", "whole"), [(1, False), (3, False), (1, True)])
def test_before_the_first_incumbent_nothing_else_is_run(turn: int, whole: bool, press: Any) -> None:
    """Pressed while prices are sought, or at the first core: nothing is there to return, and no search begins."""
    after = press(turn, whole)
    with pytest.raises(KeyboardInterrupt):
        solve(portfolio(LARGE, Shape.LOOSE, seed=1), OPTIONS)
    assert len(after) == 1


def test_later_the_plan_at_hand_is_kept(press: Any) -> None:
    """Pressed at the search behind the core: the plan of the core, the limit named, and nothing more is searched."""
    after = press(2, True)
    plan = solve(portfolio(LARGE, Shape.LOOSE, seed=1), OPTIONS)
    assert plan.record.limit is Limit.INTERRUPT
    assert [run.step for run in plan.record.runs] == ["core", "search"]
    assert len(plan.awards.amount)
    assert not any(program.integer.any() for program in after[1:])
