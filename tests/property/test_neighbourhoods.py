"""Plans by neighbourhoods against plans of the whole: random models of all kinds, and copies of the national plan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from benchmarks.copies import copied_problem

from clusteropt.errors import ClusteroptError
from clusteropt.inputs.options import Isolation, SolveOptions
from clusteropt.model.curves import make_curves
from clusteropt.model.grid import first_grid
from clusteropt.model.space import make_space
from clusteropt.plan import making
from clusteropt.plan.engine import EngineReason
from clusteropt.plan.making import solve
from clusteropt.plan.saving import plan_to_json
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from clusteropt.solver import mixture, priced_search
from clusteropt.solver.claim import Reason
from tests import naive
from tests.differential import sign_of
from tests.forms import later
from tests.problems import INLINE, Sizes, random_problem

if TYPE_CHECKING:
    from pathlib import Path

SIZES_OF = (
    Sizes(clusters=9, levers=2, years=1, funds=2, menus=0.0, money=40, cells=12, rules=3),
    Sizes(clusters=7, levers=2, years=2, funds=2, menus=0.3, money=30, cells=9, rules=3),
    Sizes(clusters=6, levers=3, years=1, funds=3, menus=0.5, money=60, cells=12, rules=4),
)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search neighbourhoods of two clusters and more, whatever the size, and however few units amounts have."""
    for name in ("LARGE", "LARGE_MENUS", "COARSE"):
        monkeypatch.setattr(making, name, 0)
    for name, value in (("FIRST_OPEN", 2), ("MOVING", 3), ("MOVING_PART", 0.0)):
        monkeypatch.setattr(priced_search, name, value)


@pytest.mark.parametrize("seed", [*range(720_000, 720_040), *later(range(720_040, 720_060))])
def test_neighbourhoods_end_where_the_whole_ends(seed: int, small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same plans are found or refused, none breaks a rule, and every bound holds for the best."""
    problem = random_problem(seed, SIZES_OF[seed % len(SIZES_OF)])
    with monkeypatch.context() as patch:
        patch.setattr(making, "LARGE", 10**9)
        patch.setattr(making, "LARGE_MENUS", 10**9)
        try:
            whole = solve(problem, INLINE)
        except ClusteroptError as error:
            whole, refusal = None, error
    if whole is None:
        with pytest.raises(type(refusal)):
            solve(problem, INLINE)
        return
    plan, sign = solve(problem, INLINE), sign_of(problem)
    room = 2e-6 * max(1.0, abs(whole.value))
    assert naive.broken_rules(problem, naive.of_plan(plan)) == []
    assert sign * plan.bound >= max(sign * plan.value, sign * whole.value) - room
    assert abs(plan.value - whole.value) <= room


def test_the_same_seed_gives_the_same_plan_on_one_thread_or_two(small: None) -> None:
    """Bit for bit, certificate and prices included, but for what the record says of threads and seconds."""
    problem, told = copied_problem(2, 5), []
    for threads in (1, 1, 2):
        options = SolveOptions(
            relative_gap=1e-3, time_limit_s=200.0, threads=threads, isolation=Isolation.INLINE, proof_nodes=0
        )
        plan = solve(problem, options)
        assert plan.record.choice.reason is EngineReason.MANY
        content = json.loads(plan_to_json(plan))["plan"]
        del content["record"]
        told.append(content)
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize("seed", range(2))
def test_a_copy_of_the_national_plan_is_planned_and_verified(
    seed: int, tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Purses of the nation and of a region, shares and counts: the gap is small, and the verifier confirms it."""
    monkeypatch.setattr(priced_search, "FIRST_OPEN", 8)
    monkeypatch.setattr(priced_search, "MOVING", 40)
    problem = copied_problem(1, seed)
    options = SolveOptions(relative_gap=1e-4, time_limit_s=60.0, isolation=Isolation.INLINE)
    plan = solve(problem, options)
    assert any(run.step == "core" for run in plan.record.runs)
    assert plan.safe_gap <= 1e-4
    write_plan_files(plan, tmp_path / "plan", problem)
    assert check_folder(tmp_path / "plan")[0] == 0


def test_the_money_of_more_gives_way_before_more_choose(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a neighbourhood has no plan, what is pinned is to blame: no choice is opened until all money moves."""
    monkeypatch.setattr(mixture, "broken_rows", lambda formulation, pinned: np.zeros(0, np.int64))
    options = SolveOptions(relative_gap=1e-3, time_limit_s=60.0, isolation=Isolation.INLINE)
    cores = [run for run in solve(copied_problem(3, parts=3), options).record.runs if run.step == "core"]
    refused = [run.reason is Reason.INFEASIBLE for run in cores]
    assert refused[0] and not all(refused)
    assert len({run.whole for run in cores[: refused.index(False)]}) == 1


def test_tangents_miss_no_more_than_those_of_the_first_grid(small: None) -> None:
    """A grid around the best prices alone would promise little of money elsewhere."""
    problem = copied_problem(1)
    options = SolveOptions(relative_gap=1e-3, time_limit_s=60.0, isolation=Isolation.INLINE)
    plan = solve(problem, options)
    assert plan.pieces_error <= first_grid(make_curves(make_space(problem))).error_bound() * (1 + 1e-9)
