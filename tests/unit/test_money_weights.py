"""What a unit left over weighs in the rounding: what it adds to the objective, by small differences."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from clusteropt.inputs.problem import Objective, ObjectiveKind, RegionMeasure, ResponseFamily
from tests import naive
from tests.all_points import AllPoints, first, formulated, line, rounded, with_own
from tests.problems import plain_problem, with_draws, with_spills

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem
    from clusteropt.model.formulation import Formulation


def worth_of_units(problem: Problem, money: list[float], count: list[float]) -> list[float]:
    """Give by small differences what a unit on each cluster adds to the regions, each region counted so much."""

    def counted(cells: dict[Any, float]) -> float:
        return sum(c * level for c, level in zip(count, naive.regional(problem, cells), strict=True))  # type: ignore[arg-type]

    found, cells = [], {(c, 0, 0): amount for c, amount in enumerate(money)}
    for key, amount in cells.items():
        up, down = ({**cells, key: amount + step} for step in (1e-4, -1e-4))
        found.append((counted(up) - counted(down)) / 2e-4)
    return found


def regions(kind: ObjectiveKind, **more: Any) -> Problem:
    """Give three clusters in two regions, the first two together, with weights, sizes and a spill-over."""
    problem = plain_problem([[1.0], [2.0], [3.0]], [[5.0], [8.0], [6.0]], [[90]], regions=[0, 0, 1])
    problem = replace(problem, weight=np.array([1.0, 0.5, 2.0]), size=np.array([2.0, 3.0, 4.0]))
    return replace(with_spills(problem, [(0, 2, 0.25)]), objective=Objective(kind, **more))


def gains(formulation: Formulation, money: list[float]) -> list[float]:
    """Give how the small program of a rounding weighs the units, the most as 1."""
    guard = AllPoints()
    rounded(formulation, money, guard)
    return guard.programs[0].cost.tolist()


MONEY = [3.5, 4.5, 2.5]


@pytest.mark.parametrize(
    ("objective", "count"),
    [
        (Objective(ObjectiveKind.TOTAL), lambda _: [1.0, 1.0]),
        (Objective(ObjectiveKind.WORST_REGION), lambda level: [1.0, 1e-3] if level[0] < level[1] else [1e-3, 1.0]),
        (
            Objective(ObjectiveKind.WORST_REGION, measure=RegionMeasure.PER_SIZE),
            lambda level: [1 / 5, 1e-3 / 4] if level[0] / 5 < level[1] / 4 else [1e-3 / 5, 1 / 4],
        ),
        (
            Objective(ObjectiveKind.EQUITY, equity_family=ResponseFamily.LOG, equity_scale=3.0),
            lambda level: [1 / (1 + part / 3.0) for part in level],
        ),
        (
            Objective(
                ObjectiveKind.EQUITY, measure=RegionMeasure.PER_SIZE, equity_family=ResponseFamily.HYPERBOLIC,
                equity_scale=3.0,
            ),
            lambda level: [1 / (1 + part / size / 3.0) ** 2 for part, size in zip(level, (5.0, 4.0), strict=True)],
        ),
        (
            Objective(ObjectiveKind.EQUITY, equity_family=ResponseFamily.EXPONENTIAL, equity_scale=2.0),
            lambda level: [math.exp(-part / 2.0) for part in level],
        ),
    ],
)  # fmt: skip
def test_units_weigh_what_they_add_to_the_objective(objective: Objective, count: Any) -> None:
    """The weights are the slopes of the objective by small differences; all but the worst region count a thousandth."""
    problem = replace(regions(ObjectiveKind.TOTAL), objective=objective)
    level = naive.regional(problem, {(c, 0, 0): amount for c, amount in enumerate(MONEY)})  # type: ignore[misc]
    worth = worth_of_units(problem, MONEY, count(level))
    assert gains(formulated(problem), MONEY) == pytest.approx([part / max(worth) for part in worth], rel=1e-6)


@pytest.mark.parametrize("money", [[0.0, 0.0, 2.5], [2.5, 0.5, 0.7]])
def test_only_the_worst_region_counts_in_full(money: list[float]) -> None:
    """A region without an outcome is the worst; one with less than twice as much is not."""
    problem = with_spills(regions(ObjectiveKind.WORST_REGION), [])
    level = naive.regional(problem, {(c, 0, 0): amount for c, amount in enumerate(money)})  # type: ignore[misc]
    assert max(level) > 1.2 * min(level)
    assert max(level) < 2 * min(level) or min(level) == 0
    count = [1.0, 1e-3] if level[0] < level[1] else [1e-3, 1.0]
    worth = worth_of_units(problem, money, count)
    assert gains(formulated(problem), money) == pytest.approx([part / max(worth) for part in worth], rel=1e-3)


def test_dead_regions_and_empty_plans_weigh_nothing() -> None:
    """Where no region can have an outcome, or nobody may draw, there is nothing to weigh and nothing goes wrong."""
    dead = replace(plain_problem([[0.0]], [[1.0]], [[9]]), objective=Objective(ObjectiveKind.WORST_REGION))
    assert gains(formulated(dead), [3.5]) == [0.0]
    assert rounded(formulated(with_draws(plain_problem([[1.0]], [[1.0]], [[9]]), [])), []) == []


def test_units_of_later_years_are_discounted() -> None:
    """At a tenth a year a unit of the second year weighs 1 / 1.1, also where regions are compared."""
    problem = plain_problem([[1.0]], [[1.0]], [[9, 9]], family=ResponseFamily.LINEAR)
    for kind in (ObjectiveKind.TOTAL, ObjectiveKind.WORST_REGION):
        asked = replace(problem, discount=0.1, objective=Objective(kind))
        assert gains(formulated(asked), [2.5, 2.5]) == pytest.approx([1.0, 1 / 1.1])


@pytest.mark.parametrize("maximise", [True, False])
@pytest.mark.parametrize("per_printed", [1, 10])
def test_units_weigh_what_they_add_to_the_objective_of_the_caller(maximise: bool, per_printed: int) -> None:
    """-1.5 for a unit of the first flow and 3 for the outcome of the second cell, 2 ln(1 + x), at x = 4.5."""
    plain = formulated(plain_problem([[1.0], [2.0]], [[1.0], [1.0]], [[20]], per_printed=per_printed))
    flow, outcome = first(plain, "flow"), first(plain, "outcome")
    own = with_own(plain, [], cost={flow: -1.5 * per_printed, outcome + 1: 3.0}, maximise=maximise)
    sign, slope = 1 if maximise else -1, 3 * 2 / 5.5
    assert gains(own, [3.5, 4.5]) == pytest.approx([-sign, sign * slope / 1.5])


def test_an_objective_without_money_weighs_nothing() -> None:
    """Where the caller's objective is over other columns alone, units weigh 0, not the ratio of nothing and nothing."""
    own = with_own(formulated(line(2, 20)), [], (True,), cost={4: 1.0})
    assert gains(own, [3.5, 4.5]) == [0.0, 0.0]
