"""Every pair of features in one tiny model: its plan is the best of all allocations, and the verifier agrees."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from clusteropt.inputs import problem_from_tables
from tests import naive
from tests.differential import Verdict, attempt, check_best, check_files, check_plan, solve
from tests.forms import later
from tests.pairs import FEATURES, NEVER_TOGETHER, draft_with
from tests.problems import INLINE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clusteropt.inputs.problem import Problem
    from tests.pairs import Draft

    Features = tuple[Callable[[Draft], None], ...]


def sets_of(size: int) -> list[Features]:
    """Give all sets of so many features that go together."""
    return [
        chosen for chosen in combinations(FEATURES, size) if not any(never <= {*chosen} for never in NEVER_TOGETHER)
    ]


def name_of(features: Features) -> str:
    """Name a set of features."""
    return "-".join(feature.__name__ for feature in features)


@cache
def tried(features: Features) -> tuple[Problem, tuple[float, float, naive.Allocation] | None]:
    """Give the model with some features and its best allocation, once for all tests."""
    draft = draft_with(features)
    problem = problem_from_tables(draft.frames(), draft.settings())
    return problem, naive.brute_force(problem)


def best_value(features: Features) -> float | None:
    """Give the best value with some features; None where there is no plan."""
    best = tried(features)[1]
    return None if best is None else best[0]


def compare(features: Features, folder: Path) -> None:
    """Plan with some features and compare with all allocations."""
    problem, best = tried(features)
    plan = attempt(lambda: solve(problem, INLINE))
    if isinstance(plan, Verdict):
        assert best is None, f"{plan}, but there is a plan: {best}"
        return
    assert best is not None, "a plan, but no allocation obeys the rules"
    check_plan(problem, plan)
    check_best(problem, plan, best)
    check_files(problem, plan, folder)


@pytest.mark.parametrize("pair", [*sets_of(2)[::2], *later(sets_of(2)[1::2])], ids=name_of)
def test_the_plan_is_the_best(pair: Features, tmp_path: Path) -> None:
    """The plan of every pair is as good as the best of all allocations, with bounds that hold, and verified."""
    compare(pair, tmp_path)


def test_no_feature_is_idle() -> None:
    """Each feature changes the best value of the model."""
    assert [name_of(one) for one in sets_of(1) if best_value(one) == best_value(())] == []


@pytest.mark.long
def test_most_pairs_meet() -> None:
    """Most pairs have a best value that neither of their features has alone."""
    own = [pair for pair in sets_of(2) if best_value(pair) not in [best_value((feature,)) for feature in pair]]
    assert len(own) > 0.7 * len(sets_of(2))


@pytest.mark.long
@pytest.mark.parametrize("pair", sets_of(2), ids=name_of)
def test_the_plan_is_the_best_with_three(pair: Features, tmp_path: Path) -> None:
    """The same of all sets of three features."""
    for features in sets_of(3):
        if features[:2] == pair:
            compare(features, tmp_path / features[2].__name__)
