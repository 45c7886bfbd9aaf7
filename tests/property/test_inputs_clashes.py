"""Checks of clashing rules against trying all money: nothing that has a plan is refused, and much that has none is."""

from __future__ import annotations

from collections import Counter

import pytest

from clusteropt.inputs.checking import check_problem
from clusteropt.inputs.faults import Faults
from tests import naive
from tests.problems import Sizes, random_problem

SIZES = Sizes(clusters=2, levers=2, years=2, funds=2, menus=0.2, money=6, rules=6, cells=4)
MOST_TRIES = 3_000
NOT_ABOUT_MONEY = ("nothing matches", "no fund of the selection", "needs the last plan", "does not say from which")
"""What is refused because it cannot be meant, although money could obey it."""


def refusals(seed: int) -> tuple[bool, list[str]] | None:
    """Tell whether a random problem has a plan, and what is said against its rules; None if it is too large to try."""
    problem = random_problem(seed, SIZES)
    if naive.count_tries(problem) > MOST_TRIES:
        return None
    faults = Faults()
    check_problem(problem, tuple(range(2, 2 + len(problem.rules))), faults)
    said = [fault.problem.en for fault in faults.listed if fault.table in ("rules", "model")]
    kept = [words for words in said if not any(part in words for part in NOT_ABOUT_MONEY)]
    return naive.brute_force(problem) is not None, kept


def check(seeds: range) -> Counter[tuple[bool, bool]]:
    """Count problems by whether they have a plan and whether they are refused; none may be both."""
    seen: Counter[tuple[bool, bool]] = Counter()
    for seed in seeds:
        found = refusals(seed)
        if found is None:
            continue
        feasible, said = found
        assert not (feasible and said), (seed, said)
        seen[feasible, bool(said)] += 1
    return seen


@pytest.mark.parametrize("first", range(0, 400, 50))
def test_what_has_a_plan_is_not_refused(first: int) -> None:
    """No false alarm; and most of what has no plan shows without a solver."""
    seen = check(range(first, first + 50))
    assert seen[True, False]
    assert seen[False, True] > seen[False, False]


@pytest.mark.long
@pytest.mark.parametrize("first", range(400, 8_000, 400))
def test_much_that_has_a_plan_is_not_refused(first: int) -> None:
    """The same for many more problems."""
    check(range(first, first + 400))
