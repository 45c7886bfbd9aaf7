"""Diagnoses of small random problems against trying all money: conflicts, their parts, repairs, and smaller repairs."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING

import pytest

from clusteropt.diagnosis.amendments import amend
from clusteropt.diagnosis.diagnosis import diagnose
from clusteropt.diagnosis.members import MemberKind, list_members
from clusteropt.errors import InfeasibleError
from clusteropt.inputs.options import Isolation, SolveOptions
from clusteropt.inputs.problem import ObjectiveKind, Rule, RuleBase, RuleKind, Selection
from clusteropt.plan.making import solve
from tests import naive
from tests.conflicts import can_stand, is_feasible, scaled, solves
from tests.forms import later
from tests.problems import Sizes, random_problem

if TYPE_CHECKING:
    from clusteropt.diagnosis.amendments import Amendment
    from clusteropt.diagnosis.diagnosis import Diagnosis
    from clusteropt.inputs.problem import Problem

SIZES = Sizes(clusters=2, levers=2, years=2, funds=2, menus=0.15, money=6, rules=6, cells=3)
INLINE = SolveOptions(isolation=Isolation.INLINE, time_limit_s=60)
MOST_TRIES = 3_000
FINER = Fraction(2, 10**9)
"""Shares of repairs are rounded outward to nine decimals."""


def small(seed: int) -> Problem | None:
    """Draw a problem of which all money can be tried; None if it is too large for that."""
    problem = random_problem(seed, SIZES)
    grows = any(rule.base is RuleBase.FUND for rule in problem.rules) and seed % 4
    large = problem.num_draws * problem.num_years > 4 or naive.count_tries(problem) > MOST_TRIES
    return None if grows or large or not problem.rules else problem


SEEDS = [seed for seed in range(80) if small(seed) is not None]


@cache
def diagnosed(seed: int) -> Diagnosis:
    """Diagnose a small problem, once for all tests."""
    problem = small(seed)
    assert problem is not None
    return diagnose(problem, INLINE)


def smaller(problem: Problem, amendment: Amendment) -> Problem | None:
    """Give the problem with a limit changed by a little less; None where there is no less."""
    before, after = amendment.before, amendment.after
    if before is None or after is None or amendment.member.kind is MemberKind.TARGET:
        return None
    back = 1 if after < before else -1
    less = after + back * (1 if amendment.points(problem) is None else FINER)
    if amendment.member.kind is MemberKind.LEAST:
        less = max(less, Fraction(2))
    return amend(problem, [replace(amendment, after=less)])


def check(seed: int) -> None:
    """Compare a diagnosis with what trying all money says."""
    compare(diagnosed(seed))


def compare(found: Diagnosis) -> None:
    """Compare a diagnosis with what trying all money says of its problem."""
    problem = found.problem
    assert found.feasible is is_feasible(problem)
    assert found.limit is None
    if found.feasible:
        assert not found.conflicts
        assert not found.repairs
        return
    assert found.confirmed
    assert found.conflicts
    assert found.repairs
    for conflict in found.conflicts:
        assert conflict.complete
        assert conflict.confirmed
        assert not can_stand(problem, conflict.members), conflict.names
        for member in conflict.members:
            rest = tuple(other for other in conflict.members if other != member)
            assert can_stand(problem, rest), (conflict.names, member)
    for repair in found.repairs:
        assert repair.shown
        assert repair.cost > 0
        if naive.count_tries(repair.problem) > MOST_TRIES:
            continue
        assert is_feasible(repair.problem), repair.words.en
        less = smaller(problem, repair.amendments[0]) if len(repair.amendments) == 1 else None
        if less is not None:
            assert repair.least
            assert not is_feasible(less), repair.words.en


@pytest.mark.parametrize("seed", SEEDS)
def test_a_diagnosis_is_what_trying_all_money_says(seed: int) -> None:
    """A conflict cannot stand, each part of it can; every repair works, none by less; what is feasible has a plan."""
    check(seed)


@pytest.mark.long
@pytest.mark.parametrize("first", range(80, 1_500, 40))
def test_more_diagnoses_are_what_trying_all_money_says(first: int) -> None:
    """The same for many more problems."""
    for seed in range(first, first + 40):
        if small(seed) is not None:
            check(seed)


def test_the_problems_have_what_can_go_wrong() -> None:
    """Among the problems are feasible ones, several conflicts, and conflicts of every kind of member."""
    found = [diagnosed(seed) for seed in SEEDS]
    assert {diagnosis.feasible for diagnosis in found} == {True, False}
    assert {len(diagnosis.conflicts) for diagnosis in found} >= {0, 1, 2}
    kinds = {member.kind for one in found for conflict in one.conflicts for member in conflict.members}
    assert kinds == set(MemberKind)
    assert {len(repair.amendments) for one in found for repair in one.repairs} >= {1, 2}


def differing(seed: int) -> Problem | None:
    """Draw a small problem and add a difference of money, or a share above one of other money; None if too large."""
    dice, problem = random.Random(seed), random_problem(seed, replace(SIZES, rules=3))
    selections = [
        Selection(
            clusters=dice.choice([(), (dice.randrange(problem.num_clusters),)]),
            levers=dice.choice([(), (dice.randrange(problem.num_levers),)]),
            years=dice.choice([(), (dice.randrange(problem.num_years),)]),
        )
        for _ in range(2)
    ]
    low, side = dice.randint(-3, 4), dice.choice(["minimum", "maximum", "both"])
    kind, least, most = RuleKind.AMOUNT, Fraction(low), Fraction(low + dice.randint(0, 3))
    if dice.random() < 0.3:
        kind, least, most = RuleKind.SHARE, Fraction(11, 10), Fraction(5, 2)
    limits = (None if side == "maximum" else least, None if side == "minimum" else most)
    other = Rule("difference", kind, selections[0], *limits, RuleBase.SELECTION, selections[1])
    changed = replace(problem, rules=(*problem.rules, other))
    large = problem.num_draws * problem.num_years > 4 or naive.count_tries(problem) > MOST_TRIES
    grows = any(rule.base is RuleBase.FUND for rule in problem.rules)
    least_money = problem.objective.kind is ObjectiveKind.LEAST_MONEY
    return None if large or grows or least_money or selections[0] == selections[1] else changed


DIFFERING = [seed for seed in range(110) if differing(seed) is not None]


@pytest.mark.parametrize("seed", DIFFERING)
def test_differences_of_money_are_diagnosed(seed: int) -> None:
    """The same where a rule limits the money of a selection less, or over, that of another."""
    problem = differing(seed)
    assert problem is not None
    compare(diagnose(problem, INLINE))


FACTOR = 100_000
QUICK = SolveOptions(isolation=Isolation.INLINE, time_limit_s=60, relative_gap=0.01)
LARGE = [
    seed
    for seed in range(300)
    if (problem := random_problem(seed, replace(SIZES, clusters=3, rules=5)))
    and problem.objective.kind is not ObjectiveKind.LEAST_MONEY
    and not any(rule.base is RuleBase.FUND for rule in problem.rules)
]


@pytest.mark.parametrize("seed", [*LARGE[:30], *later(LARGE[30:60])])
def test_a_diagnosis_of_large_money_is_what_solving_says(seed: int) -> None:
    """The same where amounts are too fine to be tried: conflict, parts, repairs and smaller repairs are solved."""
    problem = scaled(random_problem(seed, replace(SIZES, clusters=3, rules=5)), FACTOR)
    found = diagnose(problem, INLINE)
    assert found.feasible is solves(problem, list_members(problem), QUICK)
    for conflict in found.conflicts:
        assert conflict.complete
        assert conflict.confirmed
        assert not solves(problem, conflict.members, QUICK), conflict.names
        for member in conflict.members:
            assert solves(problem, tuple(m for m in conflict.members if m != member), QUICK), (conflict.names, member)
    assert found.feasible or found.repairs
    for repair in found.repairs:
        assert repair.shown
        assert not naive.broken_rules(repair.problem, naive.of_plan(solve(repair.problem, QUICK)))
        (first, *others) = repair.amendments
        if others or first.before is None or first.after is None:
            continue
        assert repair.least
        back = (first.before - first.after) / 1_000
        places = None if first.points(problem) is None else 9
        less = replace(first, after=round(first.after + back, places) if places else first.after + round(back))
        if less.after != first.after:
            with pytest.raises(InfeasibleError):
                solve(amend(problem, [less]), QUICK)
