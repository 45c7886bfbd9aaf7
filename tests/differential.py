"""One random model put through everything that must agree: naive arithmetic, all allocations, other options, proofs."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count, cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from clusteropt.errors import ExactMoneyError, InfeasibleError, NoIncumbentError
from clusteropt.inputs import read_problem
from clusteropt.inputs.options import Isolation, SolveOptions
from clusteropt.inputs.problem import ObjectiveKind, Problem
from clusteropt.plan.describing import describe
from clusteropt.plan.making import make, solve
from clusteropt.plan.saving import load_plan, plan_to_json
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from tests import naive, repeated
from tests.problems import INLINE, Sizes
from tests.random_tables import REPEATS_FROM, TINY, random_tables, write_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clusteropt.plan.plan import Plan
    from tests.random_tables import Tables

MOST_TRIES = 6000
"""Models with more allocations than this are not tried one by one."""
CLOSE = 1e-9
"""Values of the same allocation may differ by this share."""
TOLERANCE = 1e-6
"""Bounds may be wrong, and optima of two runs differ, by this share: tolerances of the solver."""
PROCESS_EVERY = 16
"""Starting a process takes long, so only one variant in so many is that."""
VARIANT_EVERY = 3
"""One model in so many is solved another way as well, and the next one with hardly any time: more models instead."""


REPEATS_TRIED = 8
"""So many allocations are tried on the rows of a model that repeat."""


class Verdict(StrEnum):
    """What came of a model."""

    PLAN = "plan"
    INFEASIBLE = "infeasible"
    INEXACT = "inexact"


@dataclass(frozen=True)
class Finding:
    """What came of a model that stood every comparison.

    ``tried``: whether every allocation was tried as well; ``proof`` and ``gap``: what the certificate proves.
    """

    seed: int
    objective: str
    verdict: Verdict
    tried: bool
    proof: str | None = None
    gap: float | None = None


def sizes_of(seed: int) -> Sizes:
    """Three models in four are small enough to try every allocation, one is larger."""
    return Sizes() if seed % 4 == 3 else TINY


def examine(seed: int, folder: Path) -> Finding:
    """Draw a model, read it from files, solve it, and compare; an AssertionError says what does not agree."""
    tables, settings = random_tables(seed, sizes_of(seed))
    problem = read_problem(write_folder(tables, settings, folder / "model", dress=seed))
    plain = naive.with_equity_scale(problem)
    tried = naive.count_tries(plain) <= MOST_TRIES
    best = naive.brute_force(plain) if tried else None
    found = attempt(lambda: solve(problem, INLINE))
    if isinstance(found, Verdict):
        assert best is None, f"{found}, but there is a plan: {best}"
        _check_refusal(problem, found)
        return Finding(seed, problem.objective.kind, found, tried)
    assert not tried or best is not None, "a plan, but no allocation obeys the rules"
    check_plan(plain, found)
    check_repeats(seed, plain, tables, naive.awards(naive.of_plan(found)))
    if best is not None:
        check_best(plain, found, best)
    if seed % VARIANT_EVERY == 0:
        _check_variant(seed // VARIANT_EVERY, problem, found, best)
    if seed % VARIANT_EVERY == 1:
        _check_deadline(problem, best)
    check_files(problem, found, folder / "plan")
    return Finding(seed, problem.objective.kind, Verdict.PLAN, tried, found.proof, found.safe_gap)


def solved_models(num: int, start: int = 0, kind: int = 0) -> Iterator[tuple[int, Problem, Plan]]:
    """Give the first ``num`` seeds from ``start`` on whose models have a plan, one objective after the other.

    The objective of the first is that of number ``kind``. The models are read from files, so that their plans go with
    the files themselves.
    """
    kinds, seeds = islice(cycle(ObjectiveKind), kind % len(ObjectiveKind), None), count(start)
    for _ in range(num):
        objective, found = next(kinds), Verdict.INFEASIBLE
        while isinstance(found, Verdict):
            seed = next(seeds)
            with TemporaryDirectory() as folder:
                problem = read_problem(write_folder(*random_tables(seed, TINY, objective), Path(folder)))
            found = attempt(lambda: solve(problem, INLINE))  # noqa: B023 - called at once
        yield seed, problem, found


def attempt(act: Callable[[], Plan]) -> Plan | Verdict:
    """Solve; give the plan or what was said instead."""
    try:
        return act()
    except InfeasibleError:
        return Verdict.INFEASIBLE
    except ExactMoneyError:
        return Verdict.INEXACT


def variant(seed: int, problem: Problem) -> tuple[str, Callable[[], Plan]]:
    """Give another way to solve a problem that must lead to the same plan, or one as good; seeds take turns."""
    if seed % PROCESS_EVERY == 0:
        return "process", lambda: solve(problem, replace(INLINE, isolation=Isolation.PROCESS))
    if seed % 2:
        return "presolve", lambda: describe(make(problem, INLINE, presolve="off"), INLINE)
    return "seed", lambda: solve(problem, replace(INLINE, seed=seed % 1000 + 1))


def sign_of(problem: Problem) -> int:
    """Give 1 where more is better, -1 for least money."""
    return -1 if problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1


def check_plan(problem: Problem, plan: Plan) -> None:
    """Check that whole money obeys every rule, that values are right and that no bound is below its value."""
    allocation = naive.of_plan(plan)
    cells = naive.cell_money(allocation)
    assert naive.broken_rules(problem, allocation) == []
    _same("value", plan.value, naive.objective(problem, cells) - naive.soft_cost(problem, allocation), CLOSE)
    _same("total outcome", plan.total_outcome, naive.total(problem, cells), CLOSE)
    for region, (mine, theirs) in enumerate(zip(plan.region_outcome, naive.regional(problem, cells), strict=True)):
        _same(f"region {region}", float(mine), theirs, CLOSE)
    for stage in plan.stages:
        assert sign_of(problem) * (stage.bound - stage.value) >= 0


def check_best(problem: Problem, plan: Plan, best: tuple[float, float, naive.Allocation]) -> None:
    """Check a plan and its bounds, claimed and proved, against the best allocation there is."""
    value, total, allocation = best
    _same("best of all allocations", plan.value, value, CLOSE)
    check_bounds(problem, plan, best)
    if problem.objective.kind is ObjectiveKind.WORST_REGION:
        assert plan.total_outcome >= total - 2e-7 * abs(total) - CLOSE, f"{plan.total_outcome} < {total}: {allocation}"


def check_bounds(problem: Problem, plan: Plan, best: tuple[float, float, naive.Allocation]) -> None:
    """Check that no allocation is beyond the bounds: the claimed one within tolerances, the proved one at all."""
    sign, value = sign_of(problem), best[0]
    assert sign * plan.bound >= sign * value - TOLERANCE * max(CLOSE, abs(value)), f"claimed {plan.bound}, {value}"
    # The oracle's own floats may err by a few of their last digits.
    assert sign * plan.safe_bound >= sign * value - 1e-12 * max(1.0, abs(value)), f"proved {plan.safe_bound}, {value}"


def _same(what: str, mine: float, theirs: float, share: float) -> None:
    assert abs(mine - theirs) <= share * max(1.0, abs(theirs)), f"{what}: {mine!r}, not {theirs!r}"


def check_repeats(seed: int, problem: Problem, tables: Tables, paid: naive.Allocation) -> None:
    """Check that written rules hold where the rows they come from do: for a plan, and for what is near it or random."""
    if seed < REPEATS_FROM or not problem.rules:
        return
    dice = random.Random(seed)
    rows = {row["rule"] for row in repeated.repeating(tables)}
    draws = list(zip(*(part.tolist() for part in (problem.draw_fund, problem.draw_cluster, problem.draw_lever)),
                     strict=True))  # fmt: skip
    for number in range(REPEATS_TRIED):
        money = dict(paid) if number % 2 == 0 else {}
        for draw in dice.sample(draws, min(len(draws), number)):
            money[*draw, dice.randrange(problem.num_years)] = dice.randint(0, int(problem.purse.max()))
        broken = {name.split(" [")[0] for name in naive.broken_rules(problem, money)} & rows
        wanted = repeated.broken_rows(problem, tables, money)
        assert broken == wanted, f"{broken}, not {wanted}: {money}"


def _check_refusal(problem: Problem, verdict: Verdict) -> None:
    """Infeasible with presolve is infeasible without it."""
    again = attempt(lambda: describe(make(problem, INLINE, presolve="off"), INLINE))
    assert again is verdict, f"{verdict} with presolve, but {again} without"


def _check_variant(seed: int, problem: Problem, plan: Plan, best: tuple[float, float, naive.Allocation] | None) -> None:
    name, way = variant(seed, problem)
    other, plain = attempt(way), naive.with_equity_scale(problem)
    assert not isinstance(other, Verdict), f"{name}: {other}"
    check_plan(plain, other)
    _same(f"{name}: value", other.value, plan.value, TOLERANCE)
    if best is not None:
        check_best(plain, other, best)


def _check_deadline(problem: Problem, best: tuple[float, float, naive.Allocation] | None) -> None:
    """Check that a plan whose time ran out is a plan, with bounds that hold."""
    try:
        soon = solve(problem, SolveOptions(isolation=Isolation.INLINE, time_limit_s=0.02))
    except (NoIncumbentError, ExactMoneyError):
        return
    plain = naive.with_equity_scale(problem)
    check_plan(plain, soon)
    if best is not None:
        check_bounds(plain, soon, best)


def check_files(problem: Problem, plan: Plan, folder: Path) -> None:
    """Check that the folder of a plan is read back whole and verified."""
    write_plan_files(plan, folder, problem)
    assert plan_to_json(load_plan(folder)) == plan_to_json(plan)
    code, lines = check_folder(folder)
    assert code == 0, [line for line in lines if line[0] != "ok"]
