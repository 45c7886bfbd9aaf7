"""Solved plans of large money against independent continuous optimisers."""

from __future__ import annotations

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from clusteropt.inputs.problem import Problem, ResponseFamily, RuleKind, Selection
from clusteropt.plan.making import solve
from tests import naive
from tests.problems import INLINE, QUICK, plain_problem, rule, with_spills

INVERSE_SLOPE = {
    ResponseFamily.EXPONENTIAL: lambda p: -math.log(p),
    ResponseFamily.LOG: lambda p: 1 / p - 1,
    ResponseFamily.HYPERBOLIC: lambda p: p**-0.5 - 1,
}
CURVED = list(INVERSE_SLOPE)


def random_split(seed: int, num_years: int = 1) -> Problem:
    """Draw one fund over cells of curved families, no rules; money in hundreds of thousands."""
    dice = random.Random(seed)
    num_clusters, num_levers = dice.randint(2, 5), dice.randint(1, 3)
    effect = [[dice.uniform(0.2, 2) for _ in range(num_levers)] for _ in range(num_clusters)]
    scale = [[10 ** dice.uniform(4, 5.5) for _ in range(num_levers)] for _ in range(num_clusters)]
    purse = [[dice.randint(10**5, 10**6) for _ in range(num_years)]]
    family = [dice.choice(CURVED) for _ in range(num_levers)]
    problem = plain_problem(effect, scale, purse, family=family, per_printed=dice.choice([1, 100, 10_000]))
    most = [[dice.choice([10**7, dice.randint(10**4, 10**5)]) for _ in range(num_levers)] for _ in range(num_clusters)]
    return replace(problem, most=np.array(most, np.int64), weight=np.array([dice.uniform(0.5, 2) for _ in effect]))


def by_multiplier(problem: Problem) -> dict[tuple[int, int, int], float]:
    """Split one purse by equal marginal values: bisection on the price of money."""
    pairs = [(c, k) for c in range(problem.num_clusters) for k in range(problem.num_levers)]

    def split(price: float) -> dict[tuple[int, int, int], float]:
        found = {}
        for c, k in pairs:
            relative = price / float(problem.weight[c] * problem.effect[c, k])
            money = 0.0
            if relative < 1:
                money = float(problem.scale[c, k]) * INVERSE_SLOPE[problem.family[k]](relative)
            found[c, k, 0] = min(money, float(problem.most[c, k]))
        return found

    low, high = 1e-30, 10.0
    for _ in range(300):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if sum(split(middle).values()) > problem.purse.sum() else (low, middle)
    return split(high)


@pytest.mark.parametrize("seed", range(40))
def test_one_purse_is_split_by_equal_marginal_values(seed: int) -> None:
    """Value and bound stand within 1e-6 of the exact one-multiplier optimum."""
    problem = random_split(seed)
    best = naive.total(problem, by_multiplier(problem))
    plan = solve(problem, QUICK)
    assert plan.value >= best * (1 - 1.2e-6)
    assert plan.bound >= best * (1 - 1e-9)
    assert plan.bound <= best * (1 + 2e-6)


def by_slsqp(problem: Problem) -> float:
    """Maximise the plain evaluator over flows of one fund with SciPy's SLSQP; purse and amount rules only."""
    cells = [(c, k, t) for c in range(problem.num_clusters) for k in range(problem.num_levers)
             for t in range(problem.num_years)]  # fmt: skip
    unit = float(problem.purse.sum())

    def total(x: np.ndarray) -> float:
        return naive.total(problem, {cell: max(v, 0.0) * unit for cell, v in zip(cells, x, strict=True)})

    size = total(np.full(len(cells), 0.5 / len(cells)))
    limits = [
        {"type": "ineq", "fun": lambda x, t=t: problem.purse[0, t] / unit
         - sum(v for v, cell in zip(x, cells, strict=True) if cell[2] == t)}
        for t in range(problem.num_years)
    ]  # fmt: skip
    limits += [
        {"type": "ineq", "fun": lambda x, r=r: float(r.maximum) / unit
         - sum(v for v, cell in zip(x, cells, strict=True) if naive.cell_chosen(problem, r.selection, cell))}
        for r in problem.rules
    ]  # fmt: skip
    start = np.array([0.5 * problem.purse[0, t] / unit / (len(cells) / problem.num_years) for _, _, t in cells])
    found = minimize(lambda x: -total(x) / size, start, method="SLSQP", bounds=[(0, None)] * len(cells),
                     constraints=limits, options={"maxiter": 400, "ftol": 1e-13})  # fmt: skip
    worst = min(float(limit["fun"](found.x)) for limit in limits)
    return total(found.x) if worst > -1e-9 else -math.inf


@pytest.mark.parametrize("seed", range(12))
def test_stocks_over_years_match_a_general_optimiser(seed: int) -> None:
    """Stocks with depreciation, lag, spill-overs, discount and a cap: the bound covers SLSQP, the plan reaches it."""
    dice = random.Random(seed)
    problem = replace(random_split(seed, num_years=2), discount=0.04)
    levers = problem.num_levers
    cap = rule(RuleKind.AMOUNT, Selection(clusters=(0,)), None, int(problem.purse.sum()) // 4)
    problem = replace(
        problem,
        most=np.full_like(problem.most, 10**7),
        depreciation=np.array([dice.choice([1.0, 0.5, 0.1]) for _ in range(levers)]),
        lag=np.array([dice.choice([0, 1]) for _ in range(levers)], np.int64),
        stock=np.full(problem.stock.shape, 20_000.0),
        rules=(cap,),
    )
    problem = with_spills(problem, [(0, 1, 0.3), (1, 0, -0.2)])
    best = by_slsqp(problem)
    plan = solve(problem, QUICK)
    assert plan.value >= best * (1 - 2e-6)
    assert plan.bound >= best * (1 - 1e-8)
    assert plan.gap <= 1e-6


@pytest.mark.parametrize("seed", range(10))
def test_least_money_is_the_inverse_of_the_most_outcome(seed: int) -> None:
    """What a purse can earn at most costs that purse at least, and the bound is not above the cheapest plan."""
    from clusteropt.inputs.problem import Objective, ObjectiveKind

    problem = random_split(1000 + seed)
    spend = int(problem.purse.sum()) // 2
    best = naive.total(problem, by_multiplier(replace(problem, purse=np.array([[spend]]))))
    cheap = replace(problem, objective=Objective(ObjectiveKind.LEAST_MONEY, target=best))
    plan = solve(cheap, INLINE)
    # A target is reached where only the last digits of the sum are missing.
    assert plan.total_outcome >= best * (1 - 1e-12)
    assert plan.value <= spend * (1 + 1e-6) + problem.effect.size
    assert plan.bound <= spend + 1e-6 * spend
    assert plan.bound <= plan.value
