"""Whether part of a problem can stand, by trying all money: an oracle for diagnoses, on very small problems."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.diagnosis.members import Member, MemberKind, best_year, list_members
from clusteropt.errors import InfeasibleError
from clusteropt.inputs.problem import Objective, RuleBase, RuleKind
from clusteropt.plan.making import solve
from tests import naive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Problem, Rule

MOST_TRIES = 2_000
"""No more allocations than this are tried."""


MOST_MONEY = 100
GROWN = (*range(12), 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200)
"""What is added to purses that are let go, where rules are shares of them."""


def ceiling(problem: Problem) -> int:
    """Give the largest money of a draw that can be tried."""
    draws = problem.num_draws * problem.num_years
    return min(int(MOST_TRIES ** (1 / draws)) - 1, MOST_MONEY)


def can_stand(problem: Problem, kept: tuple[Member, ...]) -> bool:
    """Tell whether some money up to the ceiling keeps to these members, whatever the others ask for."""
    most = ceiling(problem)
    dropped = [member for member in list_members(problem) if member not in kept]
    loose = [member.place for member in dropped if member.kind is MemberKind.PURSE]
    opened = _without(problem, dropped, most)
    target = opened.objective.target if Member(MemberKind.TARGET) in kept else None
    for allocation in _allocations(opened, most):
        if target is not None and naive.total(opened, naive.cell_money(allocation)) < target:
            continue
        if _obeys(opened, allocation, loose):
            return True
    return False


def _without(problem: Problem, dropped: list[Member], most: int) -> Problem:
    rules: list[Rule | None] = list(problem.rules)
    least, limit = problem.least.copy(), problem.most.copy()
    limit[problem.most == best_year(problem)] = most * problem.num_funds
    for member in dropped:
        if member.kind is MemberKind.LEAST:
            least[member.place] = 0
        elif member.kind is MemberKind.MOST:
            limit[member.place] = most * problem.num_funds
        elif member.kind is MemberKind.LOCK:
            rules[member.place[0]] = None
        elif member.kind in (MemberKind.MINIMUM, MemberKind.MAXIMUM):
            rule = rules[member.place[0]]
            assert rule is not None
            side = {"minimum" if member.kind is MemberKind.MINIMUM else "maximum": None}
            rules[member.place[0]] = replace(rule, **side)
    kept = tuple(rule for rule in rules if rule is not None)
    return replace(problem, rules=kept, least=least, most=np.maximum(limit, least))


def _allocations(problem: Problem, most: int) -> Iterator[naive.Allocation]:
    draws = [
        (int(f), int(c), int(lever), year)
        for f, c, lever in zip(problem.draw_fund, problem.draw_cluster, problem.draw_lever, strict=True)
        for year in range(problem.num_years)
    ]
    for amounts in product(range(most + 1), repeat=len(draws)):
        yield {draw: amount for draw, amount in zip(draws, amounts, strict=True) if amount}


def _obeys(problem: Problem, allocation: naive.Allocation, loose: list[tuple[int, ...]]) -> bool:
    """Tell whether an allocation breaks nothing, for some amounts of the purses that are let go."""
    spent = np.zeros_like(problem.purse)
    for (fund, _, _, year), amount in allocation.items():
        spent[fund, year] += amount
    purse = problem.purse.copy()
    for place in loose:
        purse[place] = max(purse[place], spent[place])
    broken = set(naive.broken_rules(replace(problem, purse=purse), allocation))
    shares = [rule for rule in problem.rules if rule.kind is RuleKind.SHARE and rule.base is RuleBase.FUND]
    if not broken or not loose or not broken <= {rule.name for rule in shares}:
        return not broken
    # Money added to a purse moves the shares of it, and nothing else.
    based = {fund for rule in shares for fund in rule.base_selection.funds}
    moved = [place for place in loose if place[0] in based]
    for more in product(GROWN, repeat=min(len(moved), 2)):
        grown = purse.copy()
        for place, extra in zip(moved, more, strict=False):
            grown[place] += extra
        changed = replace(problem, purse=grown)
        if all(naive._share_holds(changed, rule, allocation) for rule in shares):
            return True
    return False


def is_feasible(problem: Problem) -> bool:
    """Tell by trying all whether a problem has a plan."""
    return naive.brute_force(problem) is not None


def scaled(problem: Problem, factor: int) -> Problem:
    """Multiply all money of a problem, so that it is too fine to be searched unit by unit."""

    def limit(rule: Rule, side: Fraction | None) -> Fraction | None:
        whole = rule.kind in (RuleKind.AMOUNT, RuleKind.LOCK)
        return side * factor if side is not None and whole else side

    rules = tuple(replace(r, minimum=limit(r, r.minimum), maximum=limit(r, r.maximum)) for r in problem.rules)
    least = np.where(problem.least > 1, problem.least * factor, problem.least)
    menus, last = problem.menus, problem.last_plan
    return replace(
        problem,
        purse=problem.purse * factor,
        least=least,
        most=problem.most * factor,
        scale=problem.scale * factor,
        stock=problem.stock * factor,
        effect=problem.effect / factor,
        menus=replace(menus, amount=menus.amount * factor),
        last_plan=replace(last, amount=last.amount * factor),
        rules=rules,
    )


def solves(problem: Problem, kept: tuple[Member, ...], options: SolveOptions) -> bool:
    """Tell by solving whether some money keeps to these members; other purses are very large, there is no target."""
    much = 1_000 * int(problem.purse.sum() + 10**6)
    dropped = [member for member in list_members(problem) if member not in kept]
    part = _without(problem, dropped, much)
    purse = part.purse.copy()
    for member in dropped:
        if member.kind is MemberKind.PURSE:
            purse[member.place] = much
    try:
        solve(replace(part, purse=purse, objective=Objective()), options)
    except InfeasibleError:
        return False
    return True
