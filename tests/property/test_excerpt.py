"""Excerpts against all allocations, and plans by excerpts against plans of the whole."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from benchmarks.portfolios import Shape, portfolio, portfolio_tables

from clusteropt.errors import NoIncumbentError
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.problem import ObjectiveKind, RuleKind, Selection
from clusteropt.inputs.settings import MoneySettings
from clusteropt.model import outcome
from clusteropt.model.excerpt import join_money, make_excerpt, make_sample, may_excerpt
from clusteropt.model.space import make_space
from clusteropt.plan import by_excerpt, making
from clusteropt.plan.engine import Engine
from clusteropt.plan.making import solve
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from clusteropt.solver.fault import FaultKind, SolverFault
from clusteropt.text import Text
from tests import naive
from tests.problems import QUICK, Sizes, plain_problem, random_problem, rule, with_menus

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.problem import Ints, Problem
    from clusteropt.model.space import Space

SIZES = Sizes(clusters=3, levers=2, years=1, funds=2, menus=0.7, money=10, cells=5, rules=3)
FOUND = 25
"""So many of the random problems at least must be ones that an excerpt can be made of, and that have a plan."""


def allocation_of(space: Space, money: Ints) -> naive.Allocation:
    """Give the money of flows as the oracle writes it."""
    cells = (space.cell_cluster, space.cell_lever, space.cell_year)
    keys = zip(space.flow_fund, *(part[space.flow_cell] for part in cells), strict=True)
    return {tuple(map(int, key)): int(x) for key, x in zip(keys, money, strict=True) if x}


def money_of(space: Space, allocation: naive.Allocation) -> Ints:
    """Give what the oracle awards as the money of flows."""
    cells = (space.cell_cluster, space.cell_lever, space.cell_year)
    keys = zip(space.flow_fund, *(part[space.flow_cell] for part in cells), strict=True)
    return np.array([allocation.get(tuple(map(int, key)), 0) for key in keys], np.int64)


def others_locked(problem: Problem, space: Space, money: Ints, chosen: set[int]) -> Problem:
    """Lock every flow of the other clusters at its money."""
    locks = []
    for flow, amount in enumerate(money.tolist()):
        cell = space.flow_cell[flow]
        cluster, lever = int(space.cell_cluster[cell]), int(space.cell_lever[cell])
        if cluster not in chosen:
            spot = Selection(clusters=(cluster,), levers=(lever,), funds=(int(space.flow_fund[flow]),))
            locks.append(rule(RuleKind.LOCK, spot, amount, amount, name=f"held {flow}"))
    return replace(problem, rules=(*problem.rules, *locks))


def test_the_best_of_an_excerpt_is_the_best_of_the_whole_with_the_others_held() -> None:
    """Random problems: all allocations of some clusters, the others locked at their money, and of the excerpt alone."""
    found = 0
    for seed in range(900_000, 900_400):
        problem = random_problem(seed, SIZES, ObjectiveKind.TOTAL)
        if not may_excerpt(problem) or problem.num_clusters < 2 or naive.count_tries(problem) > 20_000:
            continue
        best = naive.brute_force(problem)
        if best is None:
            continue
        dice, space = np.random.default_rng(seed), make_space(problem)
        chosen = np.sort(dice.choice(problem.num_clusters, int(dice.integers(1, problem.num_clusters)), replace=False))
        money = money_of(space, naive.awards(best[2]))
        excerpt = make_excerpt(space, chosen, money)
        assert excerpt is not None, f"{seed}: the money of a plan leaves room for that plan"
        part = naive.brute_force(excerpt.problem)
        held = naive.brute_force(others_locked(problem, space, money, set(chosen.tolist())))
        assert part is not None and held is not None
        joined = join_money(excerpt, money, money_of(make_space(excerpt.problem), naive.awards(part[2])))
        allocation = allocation_of(space, joined)
        assert naive.broken_rules(problem, allocation) == [], seed
        value = naive.objective(problem, naive.cell_money(allocation))
        assert value == pytest.approx(held[0], rel=1e-9, abs=1e-9), seed
        found += 1
    assert found >= FOUND


def capped(caps: dict[int, int]) -> Problem:
    """Give four clusters with one lever and menus of 10 and 20, one purse of 50, and caps of clusters."""
    problem = plain_problem(np.ones((4, 1)), np.full((4, 1), 50.0), [[50]])
    problem = with_menus(problem, {(c, 0): [(10, 3.0 + c), (20, 5.0 + c)] for c in range(4)})
    rules = [rule(RuleKind.AMOUNT, Selection(clusters=(c,)), None, cap, name=f"cap{c}") for c, cap in caps.items()]
    return replace(problem, rules=(*rules, rule(RuleKind.AMOUNT, Selection(), 30, 45, name="all")))


def test_limits_are_left_less_what_the_others_take() -> None:
    """By hand: two clusters hold 30 of a purse of 50; a floor of 30 over all is met, a cap of 45 leaves 15."""
    space = make_space(capped({0: 10, 2: 15}))
    excerpt = make_excerpt(space, np.array([2, 3]), np.array([10, 20, 20, 0]))
    assert excerpt is not None
    assert excerpt.problem.purse.tolist() == [[20]]
    assert excerpt.problem.labels.clusters == space.problem.labels.clusters[2:]
    assert excerpt.rules.tolist() == [1, 2]
    assert [(r.selection.clusters, r.minimum, r.maximum) for r in excerpt.problem.rules] == [
        ((0,), None, 15),
        ((), None, 15),
    ]
    assert excerpt.flows.tolist() == [2, 3]
    assert join_money(excerpt, np.array([10, 20, 20, 0]), np.array([0, 10])).tolist() == [10, 20, 0, 10]


def test_nothing_is_left_where_the_others_take_too_much_or_too_little() -> None:
    """A purse that is overdrawn, a cap that is passed, and a floor that nobody is left to reach."""
    problem = capped({})
    space = make_space(problem)
    assert make_excerpt(space, np.array([3]), np.array([20, 20, 20, 0])) is None
    assert (
        make_excerpt(make_space(replace(problem, purse=np.array([[90]]))), np.array([3]), np.array([20, 20, 10, 0]))
        is None
    )
    region = rule(RuleKind.AMOUNT, Selection(clusters=(0, 1)), 30, None, name="two")
    poor = make_space(replace(problem, rules=(region,)))
    assert make_excerpt(poor, np.array([2, 3]), np.array([10, 10, 0, 0])) is None
    assert make_excerpt(poor, np.array([2, 3]), np.array([10, 20, 0, 0])) is not None


def test_a_sample_has_its_share_of_every_limit() -> None:
    """Half of alike clusters: half of the purse and of limits over all, and caps of single clusters as they are."""
    sample = make_sample(make_space(capped({0: 10, 1: 10})), np.array([0, 3])).problem
    assert sample.purse.tolist() == [[25]]
    limits = [(r.selection.clusters, r.minimum, r.maximum) for r in sample.rules]
    assert limits == [((0,), None, 10), ((), 15, 22)]


@pytest.mark.parametrize("shape", [Shape.LOOSE, Shape.TIGHT])
@pytest.mark.parametrize("sampled", [False, True])
def test_portfolios_are_planned_by_excerpts_and_verified(
    shape: Shape, sampled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gap asked for, proved and verified, the whole not formulated; the same twice and on two threads."""
    problem, gap = portfolio(700, shape, seed=4), 2e-3 if shape is Shape.TIGHT else 1e-4
    monkeypatch.setattr(making, "HUGE", 0)
    monkeypatch.setattr(by_excerpt, "SAMPLE", 200)
    monkeypatch.setattr(by_excerpt, "SAMPLED_FROM", 0 if sampled else 10**9)
    plans = [solve(problem, replace(QUICK, relative_gap=gap, threads=threads)) for threads in (1, 1, 2)]
    plan = plans[0]
    assert max(plan.gap, plan.safe_gap) <= gap
    assert {run.step for run in plan.record.runs} >= {"core"}
    assert all(run.cols < 700 * 20 for run in plan.record.runs)
    assert len({tuple(plan.awards.amount.tolist()) for plan in plans}) == 1
    assert len({(plan.value, plan.bound) for plan in plans}) == 1
    write_plan_files(plan, tmp_path / "plan", problem)
    assert check_folder(tmp_path / "plan")[0] == 0


def test_where_no_excerpt_has_a_plan_the_whole_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan comes all the same, by cores."""
    monkeypatch.setattr(making, "HUGE", 0)
    monkeypatch.setattr(by_excerpt, "make_excerpt", lambda *_: None)
    plan = solve(portfolio(450, Shape.LOOSE, seed=4), replace(QUICK, relative_gap=1e-3))
    assert plan.gap <= 1e-3


@pytest.mark.parametrize("seed", range(20))
def test_both_ways_find_the_nearest_level(seed: int) -> None:
    """Random menus and money that is on levels, between them and beyond: the compiled way and the plain one."""
    dice = np.random.default_rng(seed)
    amounts = {
        (c, k): np.sort(dice.choice(30, dice.integers(1, 5), replace=False) + 1) for c in range(6) for k in range(2)
    }
    problem = plain_problem(np.ones((6, 2)), np.full((6, 2), 50.0), [[100, 100]])
    menus = {cell: [(int(x), float(x)) for x in found] for cell, found in amounts.items() if dice.random() < 0.8}
    space = make_space(with_menus(problem, menus))
    cells = np.flatnonzero(space.cell_levels > 0)
    money = dice.integers(0, 80, len(cells)) / 2
    by_hand = []
    for cell, paid in zip(cells.tolist(), money.tolist(), strict=True):
        start = int(space.problem.menus.start[cell // 2])
        known = [x for x, _ in menus[divmod(cell // 2, 2)]]
        near = min(known, key=lambda x: (abs(x - paid), x))
        by_hand.append(start + known.index(near) if abs(near - paid) < paid else -1)
    assert outcome._nearest_levels(space, cells, money).tolist() == by_hand
    assert outcome._nearest_compiled(space, cells, money).tolist() == by_hand


def curved(num: int) -> Problem:
    """Give a portfolio of cells without menus: money is free between nothing and all, on curves."""
    tables = portfolio_tables(num, Shape.LOOSE, seed=2)
    del tables["levels"]
    tables["levers"]["response"] = "log"
    return problem_from_tables(tables, ModelSettings(money=MoneySettings(per_printed=100)))


def test_free_money_is_not_planned_by_excerpts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every price changes it, and the excerpt would be the whole, and the excerpt of that, until time is up."""
    problem = curved(60)
    before = solve(problem, QUICK)
    monkeypatch.setattr(making, "HUGE", 0)
    monkeypatch.setattr(making, "LARGE", 0)
    assert not by_excerpt.may_join(make_space(problem))
    plan = solve(problem, QUICK)
    assert plan.record.choice.engine is not Engine.EXCERPTS
    assert plan.value == pytest.approx(before.value, rel=1e-5)


def test_an_excerpt_is_never_most_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A portfolio of fewer clusters than an excerpt has goes by cores, and the search for excerpts is made once."""
    monkeypatch.setattr(making, "HUGE", 0)
    monkeypatch.setattr(making, "LARGE", 0)
    monkeypatch.setattr(by_excerpt, "MOST_PART", 0.0)
    asked = []
    monkeypatch.setattr(making, "search_excerpts", lambda *one: asked.append(one) or by_excerpt.search_excerpts(*one))
    plan = solve(portfolio(80, Shape.LOOSE, seed=4), replace(QUICK, relative_gap=1e-3))
    assert len(asked) == 1
    assert plan.record.choice.engine is Engine.CORES


@pytest.mark.parametrize("refused", [False, True])
def test_the_whole_is_searched_where_excerpts_would_be_most_of_it(
    refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The better plan of the two counts; where the whole gives none, that of the excerpts."""
    problem, options = portfolio(700, Shape.LOOSE, seed=4), replace(QUICK, relative_gap=1e-3)
    monkeypatch.setattr(making, "HUGE", 0)
    joined = []
    monkeypatch.setattr(
        making, "search_excerpts", lambda *one: joined.append(by_excerpt.search_excerpts(*one)) or joined[-1]
    )
    if refused:
        real = making._stages
        whole = lambda draw, *one: real(draw, *one) if draw.space.problem.num_clusters < 700 else late()  # noqa: E731
        monkeypatch.setattr(making, "_stages", whole)
    plan = solve(problem, options)
    assert joined[0] is not None and joined[0].goes_on
    assert plan.record.choice.engine is (Engine.EXCERPTS if refused else Engine.CORES)
    assert plan.value == joined[0].found.value if refused else plan.value > joined[0].found.value
    assert refused or plan.gap <= 1e-3


def late() -> None:
    """End as a search does that finds nothing in time."""
    raise NoIncumbentError(Text("late", "late"))


def test_faults_caught_on_excerpts_are_those_of_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run on an excerpt was caught in stands in the record of the whole."""
    monkeypatch.setattr(making, "HUGE", 0)
    caught, real = SolverFault(FaultKind.CANARY, "core", 0.0, "bent for a test", None), by_excerpt._plan_part
    monkeypatch.setattr(
        by_excerpt, "_plan_part", lambda *one: None if (made := real(*one)) is None else replace(made, faults=(caught,))
    )
    plan = solve(portfolio(700, Shape.LOOSE, seed=4), replace(QUICK, relative_gap=2e-3))
    assert plan.record.faults and set(plan.record.faults) == {caught}
