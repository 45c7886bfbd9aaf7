"""Programmes that are all there is to choose: prices of a relaxation, cores of picks, and what they leave open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from clusteropt.domain import Path as InnovationPath
from clusteropt.errors import InfeasibleError
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.settings import MoneySettings
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.lagrangian import evaluate_prices, make_dual
from clusteropt.model.space import make_space
from clusteropt.plan.engine import Engine, EngineReason
from clusteropt.plan.making import solve
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from clusteropt.solver.core import find_prices
from clusteropt.solver.guard import Guard
from clusteropt.solver.multipliers import Until
from clusteropt.solver.price_search import improve_prices
from clusteropt.solver.runner import Runner
from tests.forms import later
from tests.problems import INLINE

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.problem import Problem

FOREVER = 1e18
COARSE, FINE = 100, 1_000_000
"""The most that an option costs: as units that are searched one by one, and as units that are not."""


def draw(seed: int, most: int, *, must: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw the gains (groups, options) of programmes, their costs (groups, options, funds), and what funds hold."""
    dice = np.random.default_rng(seed)
    groups, options, funds = 4, 12, int(dice.integers(1, 4))
    cost = dice.integers(1, most + 1, (groups, options, funds))
    gain = np.round(cost.mean(axis=2) / most + dice.uniform(0, 0.4, (groups, options)), 3) + 0.01
    held = (cost.min(axis=1).sum(axis=0) * 1.05 if must else cost.mean(axis=1).sum(axis=0) * 0.6).astype(int)
    return gain, cost, held


def problem_of(gain: np.ndarray, cost: np.ndarray, held: np.ndarray, *, must: bool) -> Problem:
    """Give the problem of these programmes."""
    groups, options, funds = cost.shape
    tables = {
        "clusters": pd.DataFrame(
            {"cluster": ["c"], "region": ["r"], "industry": ["i"], "path": ["upgrading"], "scale": [1]}
        ),
        "levers": pd.DataFrame({"lever": ["l"], "response": ["linear"]}),
        "effectiveness": pd.DataFrame(
            {"path": [str(p) for p in InnovationPath], "lever": "l", "mean": 0.0, "source": "no money"}
        ),
        "funds": pd.DataFrame([{"fund": f"f{f}", "year": 2026, "amount": int(held[f])} for f in range(funds)]),
        "programmes": pd.DataFrame(
            [
                {"programme": f"g{g}", "option": f"o{o}", "clusters": "c", "gain": gain[g, o],
                 "must": "yes" if must else "no"}
                for g in range(groups) for o in range(options)
            ]
        ),
        "programme_costs": pd.DataFrame(
            [
                {"programme": f"g{g}", "option": f"o{o}", "fund": f"f{f}", "cost": int(cost[g, o, f])}
                for g in range(groups) for o in range(options) for f in range(funds)
            ]
        ),
    }  # fmt: skip
    return problem_from_tables(tables, ModelSettings(money=MoneySettings(per_printed=1)))


def best_of_all(gain: np.ndarray, cost: np.ndarray, held: np.ndarray, *, must: bool) -> float | None:
    """Try all: one option of every programme, or none where none need be; None where nothing fits."""
    if not must:
        gain = np.concatenate((gain, np.zeros((len(gain), 1))), axis=1)
        cost = np.concatenate((cost, np.zeros((len(cost), 1, cost.shape[2]), int)), axis=1)
    value, paid = np.zeros(1), np.zeros((1, cost.shape[2]), int)
    for worth, price in zip(gain, cost, strict=True):
        value = (value[:, None] + worth).ravel()
        paid = (paid[:, None] + price).reshape(-1, cost.shape[2])
    fits = (paid <= held).all(axis=1)
    return float(value[fits].max()) if fits.any() else None


@pytest.mark.parametrize("most", [COARSE, FINE])
@pytest.mark.parametrize("must", [True, False])
@pytest.mark.parametrize("seed", [*range(7), *later(range(7, 12))])
def test_the_best_programmes_are_found_and_proved(seed: int, must: bool, most: int, tmp_path: Path) -> None:
    """Against all choices of up to 28,561: value, bound, safe bound, and the verifier; or that there is none."""
    drawn = draw(seed, most, must=must)
    problem, best = problem_of(*drawn, must=must), best_of_all(*drawn, must=must)
    if best is None:
        with pytest.raises(InfeasibleError):
            solve(problem, INLINE)
        return
    plan = solve(problem, replace(INLINE, relative_gap=0.0))
    assert plan.value == pytest.approx(best, rel=1e-9)
    assert plan.bound == pytest.approx(best, rel=1e-9)
    assert plan.safe_bound >= best * (1 - 1e-12)
    choice = plan.record.choice
    assert (choice.engine, choice.reason) == (Engine.CORES, EngineReason.PICKS)
    write_plan_files(plan, tmp_path / "plan", problem)
    assert check_folder(tmp_path / "plan")[0] == 0


def test_a_core_of_picks_is_small_and_leaves_little_open() -> None:
    """Of 48 picks a core has a part, and what is searched after it another, which HiGHS does not begin again."""
    runs = [run for seed in range(6) for run in solve(problem_of(*draw(seed, FINE, must=False), must=False),
                                                      replace(INLINE, relative_gap=0.0)).record.runs]  # fmt: skip
    cores, rest = ([run for run in runs if run.step == step] for step in ("core", "search"))
    assert all(0 < run.whole < 48 and not run.options.restarts for run in cores)
    assert cores
    assert rest
    assert np.mean([run.whole for run in rest]) < 40
    assert not any(run.options.restarts for run in rest)


@pytest.mark.parametrize("seed", range(4))
def test_a_relaxation_has_the_best_prices_of_picks(seed: int) -> None:
    """No search over prices finds a lower bound than that of the duals."""
    space = make_space(problem_of(*draw(seed, FINE, must=False), must=False))
    dual = make_dual(space)
    assert dual.picks_alone
    build = lambda grid: formulate(space, grid)  # noqa: E731 - as the search has it
    with Runner(INLINE.isolation) as runner, Guard(runner, FOREVER) as guard:
        until = Until(0.0, 0.0, FOREVER)
        priced = find_prices(dual, (build, build(first_grid(make_curves(space)))), guard, until)
        _, better = improve_prices(dual, priced.prices, guard, until)
    assert priced.evaluations == 1
    assert priced.found.bound == evaluate_prices(dual, priced.prices).bound
    assert better.bound >= priced.found.bound * (1 - 1e-9)
