"""Time that runs out while money is made whole: a plan that is at hand, or a refusal that speaks of time."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from clusteropt.errors import ExactMoneyError, NoIncumbentError
from clusteropt.inputs.problem import Objective, ObjectiveKind, RuleKind, Selection
from clusteropt.model.pyomo_view import to_pyomo
from clusteropt.plan import rounding
from clusteropt.plan.making import solve
from clusteropt.plan.rounding import floored
from clusteropt.solver.claim import Limit, Reason
from clusteropt.text import Language
from tests import naive
from tests.all_points import NOTHING, AllPoints, formulated, line, rounded
from tests.bent import bend, nothing
from tests.problems import INLINE, plain_problem, rule

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.problem import Problem
    from clusteropt.solver.claim import Claim
    from clusteropt.solver.program import Program

FIRST, ALL = Selection(clusters=(0,)), Selection()
NOW = 1000.0
PURSE = 400_001
"""Too fine for amounts to be searched one by one."""


class Telling(AllPoints):
    """Answers the first runs as it is told, and then by trying all points."""

    def __init__(self, *answers: Claim) -> None:
        super().__init__()
        self.answers = list(answers)

    def claim(self, program: Program) -> Claim:
        """Give the next answer."""
        return self.answers.pop(0) if self.answers else super().claim(program)


DENIED = replace(NOTHING, reason=Reason.INFEASIBLE, limit=None)


def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run of the rounding end at its time limit with nothing."""

    def change(claim: Claim, run: dict[str, Any]) -> Claim:
        return nothing(Reason.NO_SOLUTION, Limit.TIME) if run["step"] == "rounding" else claim

    bend(monkeypatch, change)


def two(*rules: Any) -> Problem:
    """Two clusters and a purse; the best plan gives both a part that is no whole amount."""
    return replace(plain_problem([[2.0], [1.0]], [[1e5], [1e5]], [[PURSE]]), rules=rules)


def test_moves_that_nobody_tried_are_not_denied(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the deadline no run is begun, and the refusal says that none was."""
    monkeypatch.setattr(rounding, "time", SimpleNamespace(monotonic=lambda: NOW))
    problem, guard = line(1, 9, rule(RuleKind.AMOUNT, FIRST, 3, None)), AllPoints()
    with pytest.raises(NoIncumbentError, match="Time ran out") as caught:
        rounded(formulated(problem), [2.6], guard, deadline=NOW - 0.1)
    assert guard.programs == []
    assert "no moves were tried to the end" in caught.value.read(Language.EN)
    assert "时间用尽" in caught.value.read(Language.ZH)
    assert "Allow more time" in caught.value.read(Language.EN)


@pytest.mark.parametrize(
    ("answers", "tried"),
    [((NOTHING,) * 4, "no moves"), ((DENIED, NOTHING, NOTHING, NOTHING), "moves of 0 units"),
     ((DENIED, NOTHING, DENIED, NOTHING), "moves of up to 16 units")],
)  # fmt: skip
def test_a_run_that_time_ended_says_nothing_of_whole_amounts(answers: tuple[Claim, ...], tried: str) -> None:
    """Four radii, and the last was cut short: what was tried to the end is named, and time is what was missing."""
    with pytest.raises(NoIncumbentError, match=f"{tried} were tried to the end"):
        rounded(formulated(line(1, 1000)), [500.6], Telling(*answers))


def test_the_largest_radius_denies_for_all() -> None:
    """Smaller ones that time ended do not matter where the largest is denied: no whole amounts, whatever the time."""
    with pytest.raises(ExactMoneyError, match="No whole amounts within 256 units"):
        rounded(formulated(line(1, 1000)), [500.6], Telling(NOTHING, NOTHING, NOTHING, DENIED))


def test_what_time_ended_may_be_found_in_a_larger_radius() -> None:
    """The first run ends with nothing, the second finds the unit that is left."""
    assert rounded(formulated(line(1, 1000)), [1000.0], Telling(NOTHING)) == [1000]


def test_floored_money_is_a_plan_only_where_it_obeys() -> None:
    """Cut to 2 and 3 it keeps to a purse, but not to a floor of 3 in the first, nor to a target of 8.5."""
    x, money = np.zeros(1000), np.array([2.6, 3.4])

    def cut(problem: Problem) -> list[int] | None:
        formulation = formulated(problem)
        found = floored(formulation, x[: formulation.num_cols], money)
        return None if found is None else found.tolist()

    assert cut(line(2, 6)) == [2, 3]
    assert cut(line(2, 6, rule(RuleKind.AMOUNT, FIRST, 3, None))) is None
    # 2 x 2 + 1.5 x 3 = 8.5
    assert cut(replace(line(2, 6), objective=Objective(ObjectiveKind.LEAST_MONEY, target=8.5))) == [2, 3]
    assert cut(replace(line(2, 6), objective=Objective(ObjectiveKind.LEAST_MONEY, target=8.6))) is None


def test_money_cut_to_whole_amounts_is_a_plan_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """No row is broken by cutting: at most a unit a cluster is lost, and the plan names the limit."""
    late(monkeypatch)
    plan = solve(two(), INLINE)
    assert PURSE - 2 <= plan.money_total < PURSE
    assert plan.record.limit is Limit.TIME
    assert plan.value <= plan.bound
    assert naive.broken_rules(two(), naive.of_plan(plan)) == []


def test_no_money_is_a_plan_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third of all money goes to the first, to the unit: cutting breaks it, and nobody getting any keeps it."""
    problem = two(rule(RuleKind.SHARE, FIRST, "1/3", "1/3", name="third"))
    honest = solve(problem, INLINE)
    assert honest.money_total > 0
    assert honest.record.limit is None
    late(monkeypatch)
    plan = solve(problem, INLINE)
    assert (plan.money_total, plan.value, plan.rounding_loss) == (0, 0.0, 0.0)
    assert plan.record.limit is Limit.TIME
    assert plan.bound >= honest.value


def test_where_no_plan_is_at_hand_the_refusal_says_what_was_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """All money has to be awarded: cutting loses a unit, none breaks the floor; value and bound are told with it."""
    problem = two(rule(RuleKind.AMOUNT, ALL, PURSE, None, name="all"))
    value = solve(problem, INLINE).value
    late(monkeypatch)
    with pytest.raises(NoIncumbentError) as caught:
        solve(problem, INLINE)
    english, chinese = caught.value.read(Language.EN), caught.value.read(Language.ZH)
    assert "No whole amounts" not in english
    for words, start in ((english, "Time ran out"), (chinese, "时间用尽")):
        assert words.startswith(start)
        assert f"{value:,.6g}" in words
    assert "Allow more time" in english
    assert "请增加时间" in chinese


def test_what_no_time_mends_is_still_refused_for_its_amounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of an odd sum that has to be awarded in full: not time but whole amounts are in the way."""
    problem = two(rule(RuleKind.AMOUNT, ALL, PURSE, None, name="all"), rule(RuleKind.SHARE, FIRST, "0.5", "0.5"))
    with pytest.raises(ExactMoneyError, match="No whole amounts"):
        solve(problem, INLINE)


@pytest.mark.parametrize(
    ("answer", "error"), [(NOTHING, NoIncumbentError), (DENIED, ExactMoneyError)], ids=["late", "denied"]
)
def test_a_constraint_of_the_callers_own_is_not_blamed_for_time(
    monkeypatch: pytest.MonkeyPatch, answer: Claim, error: type[Exception]
) -> None:
    """The last run, which settles the caller's columns, ends with nothing: late is not broken."""
    import pyomo.environ as pyo

    model = to_pyomo(two())
    model.extra = pyo.Var(bounds=(0, 1))
    model.more = pyo.Constraint(expr=model.extra <= 0.5)
    ends: Callable[[dict[str, Any]], bool] = lambda run: run["step"] == "rounding" and not run["whole"]  # noqa: E731
    bend(monkeypatch, lambda claim, run: answer if ends(run) else claim)
    with pytest.raises(error):
        solve(model, INLINE)


def test_the_first_of_two_stages_is_cut_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst region first, then the total: both stages name the limit where their gap is open."""
    problem = plain_problem([[2.0], [1.0]], [[1e5], [1e5]], [[PURSE]], regions=[0, 1])
    problem = replace(problem, objective=Objective(ObjectiveKind.WORST_REGION))
    late(monkeypatch)
    plan = solve(problem, INLINE)
    assert plan.record.limit is Limit.TIME
    assert PURSE - 3 <= plan.money_total <= PURSE
    assert all(math.isfinite(stage.bound) and stage.value <= stage.bound for stage in plan.stages)
