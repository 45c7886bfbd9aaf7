"""Giving nobody any money: no plan is worse where the rules allow it, and no "no plan" is believed there.

Nor is a plan worse than what its search held before time ran out.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from clusteropt.diagnosis import existence
from clusteropt.diagnosis.diagnosis import diagnose
from clusteropt.errors import InfeasibleError, SolverFaultError
from clusteropt.inputs.problem import Objective, ObjectiveKind, Problem, ResponseFamily, RuleBase, RuleKind, Selection
from clusteropt.model.formulation import formulate
from clusteropt.model.pyomo_view import to_pyomo
from clusteropt.model.space import make_space
from clusteropt.plan import making, rounding
from clusteropt.plan.making import solve
from clusteropt.plan.zero import allows_no_money
from clusteropt.solver import highs
from clusteropt.solver.claim import Limit, Reason
from clusteropt.solver.refine import Found, Search
from clusteropt.text import Language
from tests import naive
from tests.bent import OPTIONS, bend, nothing
from tests.problems import INLINE, plain_problem, random_problem, rule, with_spills

if TYPE_CHECKING:
    from clusteropt.model.formulation import Formulation
    from clusteropt.solver.claim import Claim

FIRST = Selection(clusters=(0,))
KINDS = (ObjectiveKind.TOTAL, ObjectiveKind.WORST_REGION, ObjectiveKind.EQUITY)
FORBIDDING = (
    rule(RuleKind.AMOUNT, FIRST, 1),
    rule(RuleKind.COUNT, FIRST, 1),
    rule(RuleKind.COUNT, FIRST, 1, base=RuleBase.CLUSTERS),
    rule(RuleKind.LOCK, FIRST, 5),
)
"""Rules under which somebody has to get money."""


def harmful(kind: ObjectiveKind = ObjectiveKind.TOTAL) -> Problem:
    """What cluster 0 brings takes twice as much from cluster 1, which is in another region."""
    problem = plain_problem([[1.0], [1.0]], [[9.0], [9.0]], [[100]], family=ResponseFamily.LINEAR, regions=[0, 1])
    return replace(with_spills(problem, [(0, 1, -2.0)]), objective=Objective(kind, equity_scale=5.0))


def two_floors(floor: int) -> Problem:
    """Two clusters with a floor each on a purse of 10."""
    problem = plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[10]])
    floors = [rule(RuleKind.AMOUNT, Selection(clusters=(c,)), floor, name=f"floor{c}") for c in (0, 1)]
    return replace(problem, rules=tuple(floors))


def end_early(monkeypatch: pytest.MonkeyPatch, money: tuple[float, ...], bound: float) -> None:
    """Let every search end at its time limit with this money, whatever it is worth."""
    honest = Search.best

    def best(search: Search, *args: Any) -> Found:
        found = honest(search, *args)
        amounts = np.array(money)
        value = making.stage_values(found.formulation.space, amounts)[0]
        return replace(found, money=amounts, value=value, bound=bound, limit=Limit.TIME)

    monkeypatch.setattr(Search, "best", best)


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_out_of_time_is_never_worth_less_than_no_money(
    monkeypatch: pytest.MonkeyPatch, kind: ObjectiveKind
) -> None:
    """The search ends with all money on the harmful cluster: the plan awards nothing, and names the limit."""
    end_early(monkeypatch, (100.0, 0.0), 50.0)
    plan = solve(harmful(kind), INLINE)
    assert plan.money_total == 0
    assert plan.value == 0.0
    assert plan.bound == 50.0
    assert plan.record.limit is Limit.TIME
    assert plan.rounding_loss == 0.0


def test_the_total_counts_where_the_worst_region_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both worst regions are worth 0, but the money costs a third region 10: none is awarded."""
    problem = plain_problem([[1.0], [0.0], [1.0]], [[9.0]] * 3, [[10]], family=ResponseFamily.LINEAR, regions=[0, 1, 2])
    problem = with_spills(problem, [(0, 0, -2.0), (0, 1, 1.0)])
    problem = replace(problem, weight=np.array([1.0, 0.0, 0.0]), objective=Objective(ObjectiveKind.WORST_REGION))
    zero, spent = (making.stage_values(make_space(problem), np.array(money)) for money in ([0, 0, 0], [10, 0, 0]))
    assert zero == [0.0, 0.0]
    assert spent[0] <= 0
    assert spent[1] < 0
    end_early(monkeypatch, (10.0, 0.0, 0.0), 50.0)
    assert solve(problem, INLINE).money_total == 0


def test_the_second_stage_asks_for_what_no_money_reaches(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first stage ends at a worst region of -150, so the second keeps 0: x1 >= 1.5 x0 gives 40 and 60, not 100."""
    problem = plain_problem([[3.0], [1.0]], [[9.0], [9.0]], [[100]], family=ResponseFamily.LINEAR, regions=[0, 1])
    problem = replace(with_spills(problem, [(0, 1, -0.5)]), objective=Objective(ObjectiveKind.WORST_REGION))
    honest = Search.best

    def best(search: Search, *args: Any) -> Found:
        found = honest(search, *args)
        if found.formulation.row_positions("floor").size:
            return found
        return replace(found, money=np.array([100.0, 0.0]), value=-150.0, limit=Limit.TIME)

    monkeypatch.setattr(Search, "best", best)
    assert solve(problem, INLINE).allocation["amount"].tolist() == [40, 60]


def test_the_least_money_is_none_where_the_stock_reaches_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a stock of 8 is left and the target is 4: a search that ends with 50 units gives way to none."""
    problem = plain_problem([[1.0]], [[9.0]], [[100]], family=ResponseFamily.LINEAR)
    problem = replace(problem, stock=np.array([[8.0]]), depreciation=np.array([0.5]))
    reached = replace(problem, objective=Objective(ObjectiveKind.LEAST_MONEY, target=4.0))
    missed = replace(problem, objective=Objective(ObjectiveKind.LEAST_MONEY, target=4.5))
    end_early(monkeypatch, (50.0,), 0.0)
    assert solve(reached, INLINE).money_total == 0
    assert solve(missed, INLINE).money_total == 50


@pytest.mark.parametrize("one", FORBIDDING)
def test_where_a_rule_wants_money_a_poor_plan_stays(monkeypatch: pytest.MonkeyPatch, one: Any) -> None:
    """No money breaks the rule, so the plan that obeys it is kept though it is worth less."""
    problem = replace(harmful(), rules=(one,))
    end_early(monkeypatch, (5.0, 0.0), 50.0)
    plan = solve(problem, INLINE)
    assert plan.value < 0
    assert naive.broken_rules(problem, naive.of_plan(plan)) == []


@pytest.mark.parametrize("seed", range(40))
def test_no_money_is_allowed_where_the_slow_oracle_says_so(seed: int) -> None:
    """Exact rows and rule levels agree with plain Python about the empty allocation."""
    problem = replace(random_problem(seed), objective=Objective())
    assert allows_no_money(make_space(problem)) == (naive.broken_rules(problem, {}) == [])


def test_no_money_is_no_plan_of_a_problem_with_parts_of_the_callers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A constraint of the caller's asks for money that is worth less than none: it is spent."""
    import pyomo.environ as pyo

    model = to_pyomo(harmful())
    model.useless = pyo.Constraint(expr=model.flow["F0", "C1", "L0", 2025] <= 0.0)
    model.some = pyo.Constraint(expr=model.flow["F0", "C0", "L0", 2025] >= 5.0)
    plan = solve(model, INLINE)
    assert plan.money_total == 5
    bend(monkeypatch, lambda claim, run: nothing())
    with pytest.raises(InfeasibleError):
        solve(model, INLINE)


def test_a_search_that_overran_its_time_is_still_rounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search comes back long after the limit: its money is rounded all the same, to a plan."""
    late = time.monotonic() + 1000.0
    problem = plain_problem([[2.0], [1.0]], [[1000.0], [1000.0]], [[4001]])
    honest = Search.best

    def best(search: Search, *args: Any) -> Found:
        found = honest(search, *args)
        for module in (making, rounding):
            monkeypatch.setattr(module.time, "monotonic", lambda: late)
        return found

    monkeypatch.setattr(Search, "best", best)
    assert solve(problem, INLINE).money_total == 4001


def test_no_plan_is_not_believed_where_no_money_obeys_every_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    """HiGHS denies whatever it is given: that is a fault and not the planner's, and the message says so."""
    bend(monkeypatch, lambda claim, run: nothing())
    with pytest.raises(SolverFaultError, match="not of your tables") as caught:
        solve(two_floors(0), INLINE)
    assert "不是您的表格有误" in caught.value.read(Language.ZH)


@pytest.mark.parametrize("one", FORBIDDING)
def test_no_plan_is_believed_where_a_rule_wants_money(monkeypatch: pytest.MonkeyPatch, one: Any) -> None:
    """With a rule that no money breaks, nothing contradicts the claim."""
    bend(monkeypatch, lambda claim, run: nothing())
    with pytest.raises(InfeasibleError):
        solve(replace(harmful(), rules=(one,)), INLINE)


def test_no_plan_is_believed_where_no_money_misses_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    """For least money the empty allocation has to reach the target to contradict the claim."""
    bend(monkeypatch, lambda claim, run: nothing())
    with pytest.raises(InfeasibleError):
        solve(replace(two_floors(0), objective=Objective(ObjectiveKind.LEAST_MONEY, target=1.0)), INLINE)


def wrong_formulation(*args: Any, **more: Any) -> Formulation:
    """Formulate with purses that give less than nothing: a fault of the formulation, which no solver can see."""
    found = formulate(*args, **more)
    found.row_upper[found.row_positions("purse")] = -1.0
    return found


def test_a_wrong_formulation_is_no_fault_of_the_planner(monkeypatch: pytest.MonkeyPatch) -> None:
    """The arrays have no solution and HiGHS says so truly: still no money obeys every rule."""
    monkeypatch.setattr(making, "formulate", wrong_formulation)
    with pytest.raises(SolverFaultError, match="not of your tables"):
        solve(two_floors(0), INLINE)
    with pytest.raises(InfeasibleError):
        solve(two_floors(6), INLINE)


@pytest.mark.parametrize("kind", [ObjectiveKind.TOTAL, ObjectiveKind.LEAST_MONEY])
def test_a_diagnosis_finds_the_plan_without_money(monkeypatch: pytest.MonkeyPatch, kind: ObjectiveKind) -> None:
    """The same wrong arrays: a plan exists, so there is nothing to diagnose."""
    for module in (existence, making):
        monkeypatch.setattr(module, "formulate", wrong_formulation)
    problem = replace(two_floors(0), stock=np.full((2, 1), 8.0), depreciation=np.array([0.5]))
    found = diagnose(replace(problem, objective=Objective(kind, target=1.0)), INLINE)
    assert found.feasible is True
    assert found.conflicts == ()


def test_a_diagnosis_still_finds_what_cannot_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two floors of 6 on a purse of 10 are denied, and no money is no answer to them."""
    assert diagnose(two_floors(6), INLINE).feasible is False


def test_a_polish_cut_short_does_not_spoil_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polishing ends at its limit with the worst money for the choices: what the search found is kept."""
    problem = plain_problem([[2.0], [1.0]], [[1000.0], [1000.0]], [[4000]])
    problem = replace(problem, least=np.full((2, 1), 600, np.int64))
    best = solve(problem, INLINE).value
    honest = highs.run

    def change(claim: Claim, run: dict[str, Any]) -> Claim:
        if run["step"] != "polish" or claim.x is None:
            return claim
        worst = honest(replace(run["program"], cost=-run["program"].cost), OPTIONS)
        return replace(claim, reason=Reason.FEASIBLE, limit=Limit.TIME, x=worst.x, value=-worst.value)

    runs = bend(monkeypatch, change)
    plan = solve(problem, INLINE)
    assert plan.record.limit is Limit.TIME
    assert plan.value >= 0.9 * best
    assert any(run["step"] == "polish" for run in runs)
