"""Targets of least money that no money reaches: above the best outcomes of all cells and programmes together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.faults import Place
from clusteropt.inputs.problem import ObjectiveKind, ResponseFamily
from clusteropt.inputs.programmes import best_effect
from clusteropt.inputs.statements import cell_limits
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.check import Check
    from clusteropt.inputs.problem import Floats, Problem

ROOM = 1e-9
"""A target is refused only if it is above the sum by more than this, relative to it: sums of floats are inexact."""
PHI: dict[ResponseFamily, Callable[[Floats], Floats]] = {
    ResponseFamily.LINEAR: lambda u: u,
    ResponseFamily.EXPONENTIAL: lambda u: -np.expm1(-u),
    ResponseFamily.LOG: np.log1p,
    ResponseFamily.HYPERBOLIC: lambda u: u / (1 + u),
}


def check_target(check: Check) -> None:
    """Note a target that is out of reach even if every cell got the most it can."""
    objective = check.problem.objective
    if objective.kind is not ObjectiveKind.LEAST_MONEY or objective.target is None:
        return
    most = most_outcome(check)
    if objective.target <= most * (1 + ROOM):
        return
    what = Text("cells", "单元")
    if check.problem.programmes is not None:
        what = Text("cells and programmes", "单元与项目")
    check.faults.add(
        Place("model", None, "objective.target", f"{objective.target:.9g}"),
        Text(
            f"the target is above {most:,.6g}, the sum of the best outcomes of all {what.en}.",
            f"目标高于全部{what.zh}最好产出之和 {most:,.6g}。",
        ),
        Text("Lower the target, or allow more money.", "请降低目标, 或增加资金。"),
    )


def most_outcome(check: Check) -> float:
    """Bound the total outcome: every cell gets the most its purses, limits, menu and locks allow, each for itself.

    Of every programme the best pick is taken, whatever it costs and requires.
    """
    problem = check.problem
    best = _best_outcomes(problem, cell_limits(check).most.astype(float))
    discount = (1 + problem.discount) ** -np.arange(problem.num_years, dtype=float)
    best = best * discount
    worth = problem.weight.copy()
    np.add.at(worth, problem.spill_from, problem.spill_share * problem.weight[problem.spill_to])
    total = float(np.maximum(worth, 0.0) @ best.sum(axis=(1, 2)))
    for synergy in problem.synergies:
        gain = (problem.membership @ synergy.gain) * problem.weight
        total += float(gain @ best[:, list(synergy.levers)].min(axis=1).sum(axis=1))
    return total + _best_programmes(problem, worth, discount)


def _best_programmes(problem: Problem, worth: Floats, discount: Floats) -> float:
    """Sum what the best pick of every programme adds, nothing where all take away."""
    taken = problem.programmes
    if taken is None:
        return 0.0
    value = np.zeros(taken.num_picks)
    np.add.at(value, taken.gain_pick, worth[taken.gain_cluster] * discount[taken.gain_year] * taken.gain)
    best: dict[str, float] = {}
    for option, added in zip(taken.pick_option.tolist(), value.tolist(), strict=True):
        programme = taken.programme[option]
        best[programme] = max(best.get(programme, 0.0), added)
    return sum(best.values())


def _best_outcomes(problem: Problem, most: Floats) -> Floats:
    """Bound the outcome of every cell before its weight, shape (num_clusters, num_levers, num_years)."""
    own = _own_gains(problem)
    best = np.zeros_like(most)
    held, arrivals = problem.stock.astype(float), problem.arrivals
    for year in range(problem.num_years):
        held = held * (1 - problem.depreciation) + arrivals[:, :, year]
        for lever, lag in enumerate(problem.lag.tolist()):
            arrives = year >= lag
            if arrives:
                held[:, lever] += most[:, lever, year - lag]
            curve = PHI[problem.family[lever]](held[:, lever] / problem.scale[:, lever])
            outcome = best_effect(problem)[:, lever] * problem.scale[:, lever] * curve
            best[:, lever, year] = outcome + (own[:, lever] if arrives else 0.0)
    return best


def _own_gains(problem: Problem) -> Floats:
    """Give the largest gain that a level of each cell states, 0 without one."""
    start, gain = problem.menus.start, problem.menus.gain
    cell = np.repeat(np.arange(len(start) - 1), np.diff(start))
    best = np.zeros(len(start) - 1)
    stated = np.isfinite(gain)
    np.maximum.at(best, cell[stated], gain[stated])
    return best.reshape(best_effect(problem).shape)
