"""A large plan folder made without a solver: money at the prices of a Lagrangian, cut down until every purse holds."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusteropt.domain import Path as InnovationPath
from clusteropt.inputs import problem_from_tables
from clusteropt.inputs.options import Isolation, SolveOptions
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.lagrangian import evaluate_prices, make_dual
from clusteropt.model.outcome import evaluate
from clusteropt.model.space import Space, make_space
from clusteropt.plan.engine import EngineReason, choice_for
from clusteropt.plan.making import Made, describe
from clusteropt.plan.proving import Proved, stated_bound
from clusteropt.report.files import write_plan_files
from clusteropt.solver.guard import Guard
from clusteropt.solver.multipliers import Until, no_prices
from clusteropt.solver.price_search import improve_prices
from clusteropt.solver.refine import Found
from clusteropt.solver.runner import Runner

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.problem import Ints, Problem

REGIONS = 31
SEARCH_S = 15.0
"""Seconds spent on prices: they only have to be fair, not the best."""


def large_problem(clusters: int, seed: int = 0) -> Problem:
    """Draw clusters in 31 regions: two levers on curves, two from menus, a cap in every cluster, regional funds."""
    dice = random.Random(seed)
    paths = [str(path) for path in InnovationPath]
    names = [f"C{number:05d}" for number in range(clusters)]
    frames = {
        "clusters": [
            {"cluster": name, "region": f"R{k % REGIONS}", "industry": f"I{k % 8}", "path": paths[k % 5],
             "weight": round(dice.uniform(1, 9), 3), "scale": round(dice.uniform(1e6, 9e6), 2)}
            for k, name in enumerate(names)
        ],
        "levers": [{"lever": f"L{k}", "response": ("log", "exponential", "log", "log")[k]} for k in range(4)],
        "effectiveness": [
            {"path": path, "lever": f"L{k}", "mean": round(dice.uniform(0.1, 1), 4), "source": "drawn"}
            for path in paths for k in range(4)
        ],
        "funds": [{"fund": f"F{k}", "year": 2025, "amount": dice.randint(10**8, 10**9)} for k in range(REGIONS)],
        "eligibility": [{"fund": f"F{k}", "region": f"R{k}"} for k in range(REGIONS)],
        "levels": [
            {"lever": f"L{k}", "level": f"level {j}", "amount": j * 500_000, "gain": round(400_000 * j**0.5 * k, 3)}
            for k in (2, 3) for j in range(1, 5)
        ],
        "rules": [{"rule": f"cap {name}", "kind": "amount", "cluster": name, "lever": "L2|L3", "max": 2_500_000}
                  for name in names],
    }  # fmt: skip
    return problem_from_tables({name: pd.DataFrame(rows).astype(object) for name, rows in frames.items()})


def large_folder(clusters: int, folder: Path, seed: int = 0) -> None:
    """Write the folder of a plan for many clusters."""
    problem = large_problem(clusters, seed)
    space = make_space(problem)
    dual = make_dual(space)
    with Runner(Isolation.INLINE) as runner, Guard(runner, -np.inf) as guard:
        until = Until(0.0, 0.0, time.monotonic() + SEARCH_S)
        prices, found = improve_prices(dual, no_prices(dual), guard, until)
    money = _within_purses(space, np.round(evaluate_prices(dual, prices).money).astype(np.int64))
    value = evaluate(space, money.astype(float)).total
    bound = stated_bound(dual, prices, found.bound, value)
    formulation = formulate(space, first_grid(make_curves(space)))
    stage = Found(formulation, np.zeros(formulation.num_cols), money.astype(float), value, bound, None)
    choice = choice_for(EngineReason.MANY, clusters)
    made = Made(space, (stage,), money, (), 0.0, False, (Proved(bound, prices),), (), choice)
    write_plan_files(describe(made, SolveOptions()), folder, problem)


def _within_purses(space: Space, money: Ints) -> Ints:
    """Cut money down: curves by the share that their purse lacks, menus award by award."""
    money, menu = money.copy(), space.from_menu[space.flow_cell]
    for fund in range(space.problem.num_funds):
        mine = np.flatnonzero(space.flow_fund == fund)
        held, taken = int(space.problem.purse[fund, 0]), 0
        for flow in mine[menu[mine]]:
            if taken + money[flow] > held:
                money[flow] = 0
            taken += int(money[flow])
        free = mine[~menu[mine]]
        asked = int(money[free].sum())
        if asked > held - taken:
            money[free] = money[free] * (held - taken) // asked
    return money
