"""What lies behind the plan, equity over all its years, and exceptions to a cap: worked examples."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from clusteropt.inputs.problem import Objective, ObjectiveKind, ResponseFamily, RuleKind, Selection
from clusteropt.plan.making import solve
from tests.problems import INLINE, plain_problem, rule, with_draws


def lasting(num_years: int) -> list[int]:
    """Plan three purses of 6 for one lever that lasts and one that does not; give what the first gets by year."""
    purse = [[6, 6, 6] + [0] * (num_years - 3)]
    problem = plain_problem([[0.4, 1.0]], [[5.0, 5.0]], purse, family=ResponseFamily.LOG, per_printed=1)
    plan = solve(replace(problem, depreciation=np.array([0.2, 1.0]), most=np.full((1, 2), 100)), INLINE)
    awards = plan.awards
    return [int(awards.amount[(awards.lever == 0) & (awards.year == year)].sum()) for year in range(3)]


def test_years_with_empty_purses_let_the_last_year_count() -> None:
    """Alone the last year gives the lasting lever nothing, as it works for one year; looked beyond, it does."""
    alone, beyond = lasting(3), lasting(6)
    assert alone[2] == 0
    assert beyond[2] > 0
    assert sum(beyond) > sum(alone)


def test_the_worst_region_is_that_of_all_years_together() -> None:
    """Each of two regions is open to one fund only, whose money comes in another year: 10 each, so the worst has 10."""
    problem = plain_problem([[1.0], [1.0]], [[9.0], [9.0]], [[10, 0], [0, 10]], family=ResponseFamily.LINEAR,
                            per_printed=1, regions=[0, 1])  # fmt: skip
    problem = with_draws(problem, [(0, 0, 0), (1, 0, 1)])
    for kind, value in ((ObjectiveKind.WORST_REGION, 10.0), (ObjectiveKind.EQUITY, 2 * 10 * np.log(2.0))):
        objective = Objective(kind, equity_family=ResponseFamily.LOG, equity_scale=10.0)
        plan = solve(replace(problem, objective=objective), INLINE)
        np.testing.assert_allclose(plan.value, value, rtol=1e-9)


def test_few_exceptions_to_a_cap_are_a_fund_of_their_own() -> None:
    """At most 5 for a cluster from the first fund and 5 more from the second for one of them: 10, 5 and 5."""
    effect, scale = [[3.0], [2.0], [1.0]], [[50.0], [50.0], [50.0]]
    problem = plain_problem(effect, scale, [[30], [30]], family=ResponseFamily.LOG, per_printed=1)
    rules = [rule(RuleKind.AMOUNT, Selection(clusters=(c,), funds=(f,)), None, 5, name=f"cap {c} {f}")
             for c in range(3) for f in range(2)]  # fmt: skip
    rules.append(rule(RuleKind.COUNT, Selection(funds=(1,)), None, 1, name="exceptions"))
    plan = solve(replace(problem, rules=tuple(rules)), INLINE)
    assert plan.by_cluster["amount"].tolist() == [10, 5, 5]
