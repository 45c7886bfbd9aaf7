"""Proof trees of small random models: every allocation is in one leaf, and none beats the bound of its leaf."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import pytest

from clusteropt.inputs import read_problem
from clusteropt.inputs.options import Isolation
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.lagrangian import evaluate_prices, make_dual
from clusteropt.model.space import make_space
from clusteropt.model.split import Branch, Split, narrow
from clusteropt.plan.making import solve
from clusteropt.plan.proving import stated_bound
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from clusteropt.solver.guard import Guard
from clusteropt.solver.multipliers import no_prices
from clusteropt.solver.proof_tree import TreeOptions, grow_tree, prune
from clusteropt.solver.runner import Runner
from tests import naive
from tests.differential import Verdict, attempt, sign_of
from tests.forms import later
from tests.problems import INLINE, Sizes
from tests.random_tables import (
    ARRIVALS,
    LEDGERS,
    MOVES,
    PROGRAMMES,
    SOFT,
    TINY,
    random_model,
    random_tables,
    write_folder,
)

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem
    from clusteropt.model.space import Space
    from clusteropt.solver.proof_tree import Node

FIRST = (0, LEDGERS.start, PROGRAMMES.start, MOVES.start, ARRIVALS.start, SOFT.start)
SEEDS = tuple(first + more for first in FIRST for more in range(5))
LATER = later(first + more for first in FIRST for more in range(5, 8))
MENUS = Sizes(clusters=2, levers=2, years=2, funds=2, menus=1.0, money=6, cells=4, rules=2)
MOST_TRIES = 3000
TREE = replace(INLINE, relative_gap=0.0, proof_nodes=60)


def grown(problem: Problem, value: float, nodes: int = 40) -> tuple[Node, Space]:
    """Grow a tree of a problem from no prices at all, so that there is something to split."""
    space = make_space(problem)
    dual, sign = make_dual(space), sign_of(problem)
    with Runner(Isolation.INLINE) as runner, Guard(runner, -math.inf) as guard:
        options = TreeOptions(most_nodes=nodes, deadline=math.inf, aim=value * (1 + sign * 1e-9))
        top = grow_tree(
            dual, no_prices(dual), lambda prices, bound: stated_bound(dual, prices, bound, value), guard, options
        )
    return top, space


def leaf_of(top: Node, space: Space, problem: Problem, allocation: naive.Allocation) -> Node:
    """Follow an allocation down a tree, by its amounts alone."""
    cells, known = naive.cell_money(allocation), naive.all_picks(problem)
    node = top
    while node.sides:
        split = node.split
        assert split is not None
        if split.cell < 0:
            amount = int(known[split.pick] in allocation)
        else:
            place = (space.cell_cluster[split.cell], space.cell_lever[split.cell], space.cell_year[split.cell])
            amount = cells.get(tuple(int(part) for part in place), 0)
        node = node.sides[int(amount > split.edge)]
    return node


def inside(node: Node, space: Space, problem: Problem, allocation: naive.Allocation) -> bool:
    """Tell whether an allocation is within the branch of a node."""
    cells, known = naive.cell_money(allocation), naive.all_picks(problem)
    for cell, (low, high) in node.branch.cells.items():
        place = (int(space.cell_cluster[cell]), int(space.cell_lever[cell]), int(space.cell_year[cell]))
        if not low <= cells.get(place, 0) <= high:
            return False
    return all((known[pick] in allocation) == taken for pick, taken in node.branch.picks.items())


@pytest.mark.parametrize("seed", [*SEEDS, *LATER])
def test_no_allocation_is_better_than_the_bound_of_its_leaf(seed: int) -> None:
    """Of all allocations each is within the branch of one leaf, and worth no more than that leaf says."""
    problem = naive.with_equity_scale(random_model(seed, TINY))
    if naive.count_tries(problem) > MOST_TRIES:
        pytest.skip("too many allocations to try")
    best = naive.brute_force(problem)
    if best is None:
        pytest.skip("no plan obeys all rules")
    top, space = grown(problem, best[0])
    sign, least = sign_of(problem), problem.objective.kind is ObjectiveKind.LEAST_MONEY
    bound = prune(top, sign)
    assert sign * bound >= sign * best[0] - 1e-12 * max(1.0, abs(best[0]))
    leaves = [node for node in top.walk() if not node.sides]
    for allocation in naive.allocations(problem):
        cells = naive.cell_money(allocation)
        short = least and naive.total(problem, cells) < (problem.objective.target or 0.0) * (1 - 1e-12)
        if short or naive.broken_rules(problem, allocation):
            continue
        value = naive.objective(problem, cells) - naive.soft_cost(problem, allocation)
        mine = leaf_of(top, space, problem, allocation)
        assert [node for node in leaves if inside(node, space, problem, allocation)] == [mine]
        assert sign * mine.bound >= sign * value - 1e-12 * max(1.0, abs(value))


@pytest.mark.parametrize("seed", [*SEEDS, *LATER])
def test_a_side_is_never_worth_more_than_the_whole(seed: int) -> None:
    """At the same prices the bound of a side is at most that of the whole; where sides are exact, one reaches it."""
    problem = naive.with_equity_scale(random_model(seed, TINY))
    space = make_space(problem)
    dual, sign = make_dual(space), sign_of(problem)
    dice = np.random.default_rng(seed)
    prices = no_prices(dual).with_rows(dice.exponential(0.5, len(no_prices(dual).row)))
    whole = sign * evaluate_prices(dual, prices).bound
    splits = [Split(int(cell), -1, int(dice.integers(0, space.cell_most[cell] + 1))) for cell in dual.stalls.cell]
    splits += [Split(-1, pick, 0) for pick in range(space.num_picks)]
    for split in splits:
        sides = [sign * evaluate_prices(narrow(dual, branch), prices).bound for branch in Branch().sides(space, split)]
        room = 1e-9 * max(1.0, abs(whole))
        assert max(sides) <= whole + room
        if split.cell < 0 or not space.dynamic.any():
            assert max(sides) >= whole - room


@pytest.mark.parametrize("seed", [*SEEDS, *LATER, *range(100, 130)])
def test_a_plan_with_a_tree_is_verified(seed: int) -> None:
    """Asked for no gap at all, plans carry trees, and the verifier finds the same bound."""
    with TemporaryDirectory() as place:
        folder = Path(place)
        problem = read_problem(write_folder(*random_tables(seed, TINY), folder / "model"))
        plan = attempt(lambda: solve(problem, TREE))
        if isinstance(plan, Verdict):
            pytest.skip(plan)
        write_plan_files(plan, folder / "plan", problem)
        code, lines = check_folder(folder / "plan")
        assert code == 0, [line for line in lines if line[0] != "ok"]


def test_trees_close_what_the_root_leaves() -> None:
    """Of models with menus alone many have a gap at the root, and the tree closes nearly all of them to nothing."""
    gaps, closed = 0, 0
    for seed in range(60):
        problem = random_model(seed, MENUS, ObjectiveKind.TOTAL)
        plan = attempt(lambda problem=problem: solve(problem, TREE))
        if isinstance(plan, Verdict) or plan.certificate.stages[0].tree is None:
            continue
        gaps += 1
        closed += plan.safe_gap <= 1e-8
    assert gaps >= 8
    assert closed >= 0.8 * gaps
