"""Every pair of features in one tiny model: its plan is the best of all allocations, and the verifier agrees."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from clusteropt.inputs import problem_from_tables
from tests import naive
from tests.differential import Verdict, attempt, check_best, check_files, check_plan, solve
from tests.pairs import FEATURES, NEVER_TOGETHER, draft_with
from tests.problems import INLINE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


def compared(features: Features, folder: Path) -> float | None:
    """Plan with some features and compare with all allocations; give the best value, None where there is no plan."""
    draft = draft_with(features)
    problem = problem_from_tables(draft.frames(), draft.settings())
    best, plan = naive.brute_force(problem), attempt(lambda: solve(problem, INLINE))
    if isinstance(plan, Verdict):
        assert best is None, f"{plan}, but there is a plan: {best}"
        return None
    assert best is not None, "a plan, but no allocation obeys the rules"
    check_plan(problem, plan)
    check_best(problem, plan, best)
    check_files(problem, plan, folder)
    return best[0]


@pytest.fixture(scope="module")
def found() -> dict[Features, float | None]:
    """Collect the values that the tests below find."""
    return {}


@pytest.mark.parametrize("features", [*sets_of(0), *sets_of(1), *sets_of(2)], ids=name_of)
def test_the_plan_is_the_best(features: Features, tmp_path: Path, found: dict[Features, float | None]) -> None:
    """With no feature, each alone, and every pair: as good as the best of all allocations, bounded and verified."""
    found[features] = compared(features, tmp_path)


def test_no_feature_is_idle(found: dict[Features, float | None]) -> None:
    """Each feature changes the best value of the model, and most pairs have one that neither feature has alone."""
    if len(found) < 1 + len(sets_of(1)) + len(sets_of(2)):
        pytest.skip("needs all of the pairs")
    assert [name_of(one) for one in sets_of(1) if found[one] == found[()]] == []
    own = [pair for pair in sets_of(2) if found[pair] not in (None, *(found[feature,] for feature in pair))]
    assert len(own) > 0.7 * len(sets_of(2))


@pytest.mark.long
@pytest.mark.parametrize("pair", sets_of(2), ids=name_of)
def test_the_plan_is_the_best_with_three(pair: Features, tmp_path: Path) -> None:
    """The same of all sets of three features."""
    for features in sets_of(3):
        if features[:2] == pair:
            compared(features, tmp_path / features[2].__name__)
