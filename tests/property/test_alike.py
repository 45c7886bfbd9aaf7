"""Clusters that are alike: their counts of bundles in place of who takes what, against all allocations."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from clusteropt.errors import InfeasibleError
from clusteropt.inputs.problem import Problem, RuleKind, Selection
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.space import make_space
from clusteropt.plan import making
from clusteropt.plan.making import solve
from clusteropt.solver import refine
from clusteropt.solver.alike import Merged, merge_alike
from clusteropt.solver.claim import HighsOptions
from clusteropt.solver.core import Rest
from clusteropt.solver.highs import run
from clusteropt.solver.reduced import reduce_program
from clusteropt.solver.scaling import to_program
from tests import naive
from tests.forms import later
from tests.problems import INLINE, plain_problem, rule, with_menus

NOTHING = 1e-6


def repeated(seed: int, levers: int, numbers: tuple[int, ...]) -> Problem:
    """Give so many clusters of each kind: menus and a region a kind, caps of clusters and levers, floors of regions."""
    dice = random.Random(seed)
    kinds = [kind for kind, number in enumerate(numbers) for _ in range(number)]
    menus = [
        {
            lever: sorted((dice.randint(600, 4_000), dice.randint(2, 20) / 2) for _ in range(2))
            for lever in range(levers)
        }
        for _ in numbers
    ]
    full = sum(menus[kind][lever][-1][0] for kind in kinds for lever in range(levers))
    shape = (len(kinds), levers)
    problem = plain_problem(np.ones(shape), np.full(shape, 1e4), [[full * dice.randint(3, 8) // 10]], regions=kinds)
    problem = with_menus(
        problem, {(c, lever): menus[kind][lever] for c, kind in enumerate(kinds) for lever in range(levers)}
    )
    caps = [max(2_000, sum(menu[-1][0] for menu in menus[kind].values()) * 7 // 10) for kind in range(len(numbers))]
    rules = [
        rule(RuleKind.AMOUNT, Selection(clusters=(c,)), None, caps[kind], name=f"cap {c}")
        for c, kind in enumerate(kinds)
    ]
    rules.append(rule(RuleKind.AMOUNT, Selection(levers=(0,)), None, full * dice.randint(2, 4) // 10, name="lever"))
    rules.append(rule(RuleKind.AMOUNT, Selection(regions=(0,)), dice.randint(0, 4_000), None, name="floor"))
    return replace(problem, rules=tuple(rules))


def best_of_all(problem: Problem) -> float | None:
    """Try all awards that the purse can pay, the best first, until one breaks no rule; None where all do."""
    cells = list(product(range(problem.num_clusters), range(problem.num_levers)))
    options = [[(0, 0.0), *naive.menu(problem, *cell)] for cell in cells]
    money, worth = np.zeros(1, np.int64), np.zeros(1)
    for mine in options:
        money = (money[:, None] + np.array([amount for amount, _ in mine])).ravel()
        worth = (worth[:, None] + np.array([gain for _, gain in mine])).ravel()
    for number in np.argsort(-worth, kind="stable").tolist():
        if money[number] > problem.purse.sum():
            continue
        taken = np.unravel_index(number, [len(mine) for mine in options])
        amounts = {(0, *cell, 0): options[k][taken[k]][0] for k, cell in enumerate(cells) if taken[k]}
        if not naive.broken_rules(problem, amounts):
            return float(worth[number])
    return None


@pytest.fixture
def by_core(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Search by cores whatever the size, and tell of every program whether clusters were merged in it."""
    told: list[bool] = []

    def listened(*parts):  # type: ignore[no-untyped-def]
        """Merge, and keep whether anything was."""
        merged = merge_alike(*parts)
        told.append(isinstance(merged, Merged))
        return merged

    for name in ("LARGE", "LARGE_MENUS", "COARSE"):
        monkeypatch.setattr(making, name, 0)
    monkeypatch.setattr(refine, "merge_alike", listened)
    return told


@pytest.mark.parametrize("seed", [*range(20), *later(range(20, 40))])
def test_the_best_plan_of_repeated_clusters_is_found(
    seed: int, by_core: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against all allocations, and against the same search with every cluster by itself."""
    problem = repeated(seed, *((1, (4, 3)) if seed % 2 else (2, (3, 1))))
    best = best_of_all(problem)
    if best is None:
        with pytest.raises(InfeasibleError):
            solve(problem, INLINE)
        return
    plan = solve(problem, replace(INLINE, relative_gap=0.0))
    assert plan.value == pytest.approx(best, rel=1e-9)
    assert plan.bound == pytest.approx(plan.value, rel=1e-9)
    assert naive.broken_rules(problem, naive.of_plan(plan)) == []
    monkeypatch.setattr(refine, "merge_alike", lambda reduced, *_: reduced)
    assert solve(problem, replace(INLINE, relative_gap=0.0)).value == pytest.approx(plan.value, rel=1e-9)


def test_clusters_are_merged_in_searches(by_core: list[bool]) -> None:
    """In most of these problems some program has clusters that are alike, merged."""
    merged = 0
    for seed in range(12):
        by_core.clear()
        with suppress(InfeasibleError):
            solve(repeated(seed, 1, (6, 5)), replace(INLINE, relative_gap=0.0))
        merged += any(by_core)
    assert merged >= 6


@pytest.mark.parametrize("seed", range(20))
def test_a_merged_program_has_the_optimum_of_the_program(seed: int) -> None:
    """The whole of twelve clusters of two kinds: the same optimum, a point of the whole with it, and there and back."""
    space = make_space(repeated(seed, 2, (8, 4)))
    formulation = formulate(space, first_grid(make_curves(space)))
    whole = reduce_program(to_program(formulation))
    merged = merge_alike(whole, formulation)
    assert isinstance(merged, Merged)
    assert [len(kind.columns) for kind in merged.kinds] == [8, 4]
    assert len(merged.program.row_lower) < len(whole.program.row_lower) / 2
    options = HighsOptions(20.0, mip_rel_gap=0.0)
    claim, apart = run(merged.program, options), run(whole.program, options)
    assert (claim.x is None) == (apart.x is None)
    if claim.x is None or apart.x is None:
        return
    assert claim.value == pytest.approx(apart.value, rel=1e-9)
    point = merged.expand(claim).x
    assert point is not None
    assert to_program(formulation).violation(point) <= NOTHING
    assert float(to_program(formulation).cost @ point) == pytest.approx(claim.value + merged.offset, rel=1e-9)
    counts = merged.point(point)
    assert counts is not None
    assert counts.tolist() == np.round(claim.x).tolist()
    # Half a level is no bundle: nothing is said of its kind.
    assert np.isnan(merged.point(np.where(point > 0, 0.5, np.nan))).any()  # type: ignore[arg-type]


def test_bundles_that_no_better_plan_has_are_left_out() -> None:
    """At no prices and without room only the best bundles stay; with room, or where worth is unknown, all do."""
    space = make_space(repeated(4, 2, (8, 4)))
    formulation = formulate(space, first_grid(make_curves(space)))
    program = to_program(formulation)
    whole, fixed = reduce_program(program), np.full(formulation.num_cols, np.nan)
    found = [
        merge_alike(whole, formulation, rest)
        for rest in (None, Rest(fixed, program.cost, 1e9), Rest(fixed, fixed, 0.0), Rest(fixed, program.cost, 0.0))
    ]
    kinds = [one.kinds for one in found if isinstance(one, Merged)]
    every, *same, best = [[len(kind.bundles) for kind in mine] for mine in kinds]
    assert same == [every, every]
    assert all(few < many for few, many in zip(best, every, strict=True))
    for kind, everything in zip(kinds[-1], kinds[0], strict=True):
        top = max(everything.bundles @ program.cost[whole.kept][everything.columns[0]])
        assert (kind.bundles @ program.cost[whole.kept][kind.columns[0]]).tolist() == [top] * len(kind.bundles)


def test_what_differs_in_anything_is_not_merged() -> None:
    """A cap of its own, another weight, and a rule with one of another kind keep clusters apart."""
    problem = repeated(3, 1, (6, 6))
    capped, tied = (
        replace(problem, rules=(*problem.rules, rule(RuleKind.AMOUNT, Selection(clusters=some), None, 1_900)))
        for some in ((0,), (1, 7))
    )
    heavy = replace(problem, weight=np.where(np.arange(12) == 8, 2.0, 1.0))
    for changed, numbers in ((problem, [6, 6]), (capped, [5, 6]), (tied, [5, 5]), (heavy, [6, 5])):
        space = make_space(changed)
        formulation = formulate(space, first_grid(make_curves(space)))
        merged = merge_alike(reduce_program(to_program(formulation)), formulation)
        assert isinstance(merged, Merged)
        assert [len(kind.columns) for kind in merged.kinds] == numbers
