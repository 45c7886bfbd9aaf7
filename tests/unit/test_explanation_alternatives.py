"""Plans nearly as good and as different as can be: hand-worked ones, invariants, other objectives, little time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from clusteropt.errors import InputError
from clusteropt.explanation.alternatives import Alternative, alternatives
from clusteropt.explanation.neighbours import base_of
from clusteropt.inputs.problem import Objective, ObjectiveKind, Problem, RuleKind, Selection
from clusteropt.plan.making import solve
from clusteropt.plan.rule_levels import all_levels
from clusteropt.plan.saving import plan_from_json, plan_to_json
from clusteropt.report.files import write_plan_files
from clusteropt.report.verifying import verify_folder
from tests import naive
from tests.problems import INLINE, plain_problem, rule, with_menus
from tests.small import small_problem

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.plan.plan import Plan

FINE = replace(INLINE, relative_gap=1e-3)
"""Options for money of many units, where the search for the largest difference is not exact."""


def found(problem: Problem, *asked: object, options: object = INLINE) -> tuple[Plan, tuple[Alternative, ...]]:
    """Solve a problem and look for alternatives."""
    plan = solve(problem, INLINE)
    return plan, alternatives(problem, plan, *asked, options)


def equals(number: int) -> Problem:
    """Equal clusters with a menu of one level of 5, worth 10, and money for one of them."""
    problem = plain_problem([[1.0]] * number, [[10.0]] * number, [[5]])
    return with_menus(problem, {(c, 0): [(5, 10.0)] for c in range(number)})


def test_equal_clusters_are_exchanged_without_loss() -> None:
    """Of three equal clusters one is paid; the two others are the alternatives, wholly different and no worse."""
    plan, others = found(equals(3), 3, 0.0)
    assert len(others) == 2
    paid = [set(one.allocation["cluster"]) for one in (plan, *(other.plan for other in others))]
    assert set.union(*paid) == {"C0", "C1", "C2"}
    for other in others:
        assert (other.difference, other.nearest, other.loss) == (1.0, 1.0, 0.0)
        assert other.most == pytest.approx(1.0)


def test_the_second_differs_from_the_first_too() -> None:
    """With two clusters there is one alternative: the next would be the plan again."""
    _, others = found(equals(2), 5, 0.0)
    assert len(others) == 1


def test_the_most_that_can_move_within_a_loss_by_hand() -> None:
    """Two equal log cells of scale s with s each: moving y loses -s ln(1 - (y / 2s)^2) of 2s ln 2, so y is known."""
    size = 1_000_000
    problem = plain_problem([[1.0], [1.0]], [[size], [size]], [[2 * size]], per_printed=10_000)
    plan, (other,) = found(problem, 1, 0.02, options=FINE)
    assert plan.value == pytest.approx(2 * size * np.log(2))
    moved = 2 * size * np.sqrt(1 - np.exp(-0.02 * 2 * np.log(2)))
    assert other.difference == pytest.approx(moved / (2 * size), rel=2e-3)
    assert 0.0199 < other.loss <= 0.02
    assert other.most >= moved / (2 * size) * (1 - 1e-6)


@pytest.mark.parametrize("kind", list(ObjectiveKind))
def test_all_objectives_keep_their_loss_and_their_rules(kind: ObjectiveKind) -> None:
    """Whatever is sought: no more is lost than allowed, every rule holds, and the plan says what it is worth."""
    effect = [[1e-3, 7e-4], [8e-4, 1.1e-3], [1.2e-3, 9e-4]]
    purses = [[9_000_000], [4_000_000]]
    problem = plain_problem(effect, [[4e6, 3e6]] * 3, purses, per_printed=10_000, regions=[0, 1, 1])
    target = 4000.0 if kind is ObjectiveKind.LEAST_MONEY else None
    objective = Objective(kind, equity_scale=3000.0 if kind is ObjectiveKind.EQUITY else None, target=target)
    rules = (rule(RuleKind.SHARE, Selection(levers=(0,)), None, "3/5"), rule(RuleKind.COUNT, maximum=5, name="few"))
    problem = replace(problem, objective=objective, rules=rules, least=np.full((3, 2), 500_000, np.int64))
    plan, others = found(problem, 2, 0.03, options=FINE)
    assert len(others) == 2
    sign = -1 if kind is ObjectiveKind.LEAST_MONEY else 1
    for other in others:
        allocation = naive.of_plan(other.plan)
        money = naive.cell_money(allocation)
        assert naive.broken_rules(problem, allocation) == []
        assert other.plan.value == pytest.approx(naive.objective(problem, money), rel=1e-9)
        assert sign * other.plan.value >= sign * plan.value - 0.03 * abs(plan.value) - 1e-9
        if target is not None:
            assert naive.total(problem, money) >= target
        assert 0 < other.nearest <= other.difference <= 1
        assert len(other.plan.stages) == 1
        assert other.plan.bound == plan.bound
        levels = all_levels(base_of(problem, plan).space, base_of(problem, other.plan).money)
        assert other.plan.certificate.rules.slack == levels.slack
        assert plan_to_json(plan_from_json(plan_to_json(other.plan))) == plan_to_json(other.plan)


def test_a_larger_loss_leaves_more_room() -> None:
    """What may be different grows with what may be lost."""
    problem = small_problem()
    plan = solve(problem, INLINE)
    near, far = (alternatives(problem, plan, 1, loss, FINE)[0] for loss in (0.001, 0.05))
    assert near.difference < far.difference
    assert near.loss <= 0.001
    assert far.loss <= 0.05


def test_nothing_to_move_and_nothing_asked() -> None:
    """A plan without money, a plan that is the only one, and none asked for give no alternatives."""
    empty = plain_problem([[0.0]], [[10.0]], [[5]])
    assert found(empty, 2, 0.5)[1] == ()
    only = with_menus(plain_problem([[1.0]], [[10.0]], [[5]]), {(0, 0): [(5, 10.0)]})
    assert found(only, 2, 0.5)[1] == ()
    assert found(equals(2), 0, 0.0)[1] == ()


def test_odd_arguments_and_foreign_plans_are_refused() -> None:
    """Negative numbers are errors, and so is a plan of another problem."""
    problem = equals(2)
    plan = solve(problem, INLINE)
    with pytest.raises(ValueError, match="num is -1"):
        alternatives(problem, plan, -1)
    with pytest.raises(ValueError, match=r"loss is -0\.1"):
        alternatives(problem, plan, 1, -0.1)
    with pytest.raises(InputError, match="not one of this problem"):
        alternatives(equals(3), plan)


def test_without_time_there_are_none_or_those_found() -> None:
    """A time limit that is over at once gives what it gives, never an error."""
    problem = small_problem()
    plan = solve(problem, INLINE)
    others = alternatives(problem, plan, 3, 0.05, replace(INLINE, time_limit_s=1e-3))
    assert len(others) <= 3
    for other in others:
        assert other.loss <= 0.05


def test_an_alternative_passes_the_verifier(tmp_path: Path) -> None:
    """Written with its problem, an alternative stands the checks of the stand-alone verifier, its bound included."""
    problem = small_problem()
    plan = solve(problem, INLINE)
    (other,) = alternatives(problem, plan, 1, 0.02, replace(INLINE, relative_gap=0.02))
    write_plan_files(other.plan, tmp_path / "other", problem)
    assert verify_folder(tmp_path / "other").holds
