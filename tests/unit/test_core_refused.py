"""Where no plan obeys the rules, prices rise without end: the refusal is that of the search over the whole.

And limits that no money touches: their prices stay where they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from clusteropt.errors import InfeasibleError
from clusteropt.inputs.problem import Objective, ObjectiveKind, Problem, RuleKind, Selection
from clusteropt.plan import making
from clusteropt.plan.making import solve
from clusteropt.solver.runner import Runner
from tests.problems import QUICK, plain_problem, rule, with_menus

if TYPE_CHECKING:
    from clusteropt.solver.claim import Claim, HighsOptions
    from clusteropt.solver.program import Program

OBJECTIVES = (
    Objective(ObjectiveKind.TOTAL),
    Objective(ObjectiveKind.WORST_REGION),
    Objective(ObjectiveKind.EQUITY),
    Objective(ObjectiveKind.LEAST_MONEY, target=5.0),
)


def menus(num: int = 60, other: int | None = None) -> Problem:
    """Draw clusters in nine regions with three levels on each of two levers, and a purse for a third of all."""
    dice = np.random.default_rng(1)
    shape = (num, 2)
    problem = plain_problem(
        dice.uniform(0.3, 1.7, shape),
        dice.uniform(50, 500, shape),
        [[300 * num]] if other is None else [[300 * num], [other]],
        regions=np.arange(num) % 9,
    )
    amount = np.sort(dice.choice(np.arange(50, 1000), (num, 2, 3), replace=False), axis=2)
    gain = np.sort(dice.uniform(10, 300, (num, 2, 3)), axis=2)
    cells = [(cluster, lever) for cluster in range(num) for lever in range(2)]
    levels = {cell: list(zip(amount[cell].tolist(), gain[cell].tolist(), strict=True)) for cell in cells}
    return with_menus(problem, levels)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: str(objective.kind))
def test_rules_that_no_plan_obeys_are_refused_as_ever(objective: Objective, monkeypatch: pytest.MonkeyPatch) -> None:
    """A floor far above the purse, with no check of inputs before it."""
    monkeypatch.setattr(making, "LARGE", 0)
    floor = rule(RuleKind.AMOUNT, Selection(), 10**7, None, name="floor")
    with pytest.raises(InfeasibleError):
        solve(replace(menus(), objective=objective, rules=(floor,)), QUICK)


def test_a_cluster_that_cannot_obey_its_own_limits_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """No level of the first cluster is between 3 and 40: prices prove nothing, and every run has a gap."""
    monkeypatch.setattr(making, "LARGE", 0)
    gaps, plain = [], Runner.run

    def run(self: Runner, program: Program, options: HighsOptions, *more: Any) -> Claim:
        gaps.append(options.mip_rel_gap)
        return plain(self, program, options, *more)

    monkeypatch.setattr(Runner, "run", run)
    own = rule(RuleKind.AMOUNT, Selection(clusters=(0,)), 3, 40, name="own")
    with pytest.raises(InfeasibleError):
        solve(replace(menus(), rules=(own,)), QUICK)
    assert gaps
    assert np.isfinite(gaps).all()


def test_a_limit_that_nothing_touches_stays_without_a_price(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty purse beside a full one, and gains a trillion times larger: no overflow, and the plan of the whole."""
    problem = menus(other=0)
    problem = replace(problem, menus=replace(problem.menus, gain=problem.menus.gain * 1e12))
    whole = solve(problem, QUICK)
    monkeypatch.setattr(making, "LARGE", 0)
    plan = solve(problem, QUICK)
    assert plan.value == pytest.approx(whole.value, rel=2 * QUICK.relative_gap)
    assert plan.safe_bound >= whole.value * (1 - 1e-12)
