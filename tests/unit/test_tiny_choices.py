"""Yes or no to one unit beside very many: what a solver cannot tell from none must not end in a refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from clusteropt.errors import ExactMoneyError, NoIncumbentError
from clusteropt.inputs.problem import ResponseFamily, RuleBase, RuleKind, Selection
from clusteropt.plan import making, rounding
from clusteropt.plan.making import solve
from clusteropt.solver import refine
from clusteropt.solver.claim import Limit
from clusteropt.solver.points import finest
from clusteropt.solver.refine import FINE, Search
from clusteropt.text import Language, Text
from tests import naive
from tests.all_points import formulated
from tests.problems import INLINE, plain_problem, rule

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from clusteropt.inputs.problem import Problem
    from clusteropt.solver.refine import Found


def hidden(purse: int) -> Problem:
    """Both clusters need an award, one draw on the first lever is allowed, and only that lever is worth much.

    The first cluster earns 2 a unit there and the second 1. On the second lever the second cluster gets nothing or at
    least a tenth of the purse. A unit on the first lever would do for its award, but for the count. So it takes its
    tenth, and the first cluster the rest: worth 1.8 purses, where all but a unit for the second would be worth one.
    """
    problem = plain_problem([[2.0, 0.0], [1.0, 0.0]], np.full((2, 2), 1e4), [[purse]], family=ResponseFamily.LINEAR)
    return replace(
        problem,
        money=replace(problem.money, per_printed=10_000),
        least=np.array([[0, 0], [0, purse // 10]]),
        rules=(
            rule(RuleKind.COUNT, Selection(funds=(0,), levers=(0,)), None, 1, name="one_draw"),
            rule(RuleKind.COUNT, Selection(), 2, base=RuleBase.CLUSTERS, name="both"),
        ),
    )


@pytest.mark.parametrize("purse", [10**6, 10**7, 10**8])
def test_a_draw_of_a_unit_is_not_hidden_from_a_count(purse: int) -> None:
    """The best plan obeys the count, whatever a choice below the tolerance could carry."""
    plan = solve(hidden(purse), INLINE)
    assert plan.allocation["amount"].tolist() == [purse - purse // 10, purse // 10]
    assert plan.record.limit is None
    assert naive.broken_rules(hidden(purse), naive.of_plan(plan)) == []


def test_how_fine_a_choice_is() -> None:
    """One unit of a purse of 10**7 for the draws and awards; without counts or least awards nothing is a choice."""
    problem = hidden(10**7)
    assert finest(formulated(problem)) == 1e-7 < FINE
    assert finest(formulated(replace(problem, rules=(), least=np.zeros((2, 2), np.int64)))) == 1.0
    # The least award alone: a tenth of the most.
    assert finest(formulated(replace(problem, rules=()))) == 0.1


def test_choices_that_leave_no_money_are_looked_at_closely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the close look at first, polishing shows that nothing goes with the choices, and the search goes on."""
    monkeypatch.setattr(refine, "FINE", 0.0)
    purse = 10**8
    plan = solve(hidden(purse), INLINE)
    assert plan.allocation["amount"].tolist() == [purse - purse // 10, purse // 10]
    steps = [(run.step, str(run.reason)) for run in plan.record.runs]
    assert steps.index(("polish", "infeasible")) < steps.index(("polish", "optimal"))


@pytest.mark.parametrize(("limit", "blind"), [(10.0, True), (0.0, False)])
def test_a_refusal_names_the_unit_where_it_is_too_small(
    monkeypatch: pytest.MonkeyPatch, limit: float, blind: bool
) -> None:
    """Half of an odd sum: the larger unit is only spoken of where a choice may be too fine to be seen."""
    problem = hidden(10**6)
    half = rule(RuleKind.SHARE, Selection(clusters=(0,)), "1/2", "1/2")
    problem = replace(problem, rules=(*problem.rules, half, rule(RuleKind.AMOUNT, Selection(), 999_999, 999_999)))
    monkeypatch.setattr(rounding, "BLIND", limit)
    with pytest.raises(ExactMoneyError) as caught:
        solve(problem, INLINE)
    assert ("count money in a larger unit" in caught.value.read(Language.EN)) is blind
    assert ("更大的货币单位" in caught.value.read(Language.ZH)) is blind


@pytest.mark.parametrize(
    ("limit", "error"),
    [(Limit.TIME, NoIncumbentError), (Limit.INTERRUPT, NoIncumbentError), (None, ExactMoneyError),
     (Limit.ITERATIONS, ExactMoneyError)],
)  # fmt: skip
def test_choices_at_hand_when_time_ran_out_may_not_be_the_last(
    monkeypatch: pytest.MonkeyPatch, limit: Limit | None, error: type[Exception]
) -> None:
    """A search that was cut short holds choices that cannot be rounded: time and whole amounts are both told."""
    refuse(monkeypatch, limit)
    with pytest.raises(error) as caught:
        solve(hidden(10**6), INLINE)
    assert "in the way: b" in str(caught.value)
    assert ("Or allow more time." in str(caught.value)) is (error is NoIncumbentError)
    assert ("或请增加时间" in caught.value.read(Language.ZH)) is (error is NoIncumbentError)  # type: ignore[attr-defined]


def test_no_money_is_at_hand_where_choices_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same where nobody has to get money: the plan awards none, and names the limit."""
    refuse(monkeypatch, Limit.TIME)
    problem = hidden(10**6)
    plan = solve(replace(problem, rules=problem.rules[:1]), INLINE)
    assert plan.money_total == 0
    assert plan.record.limit is Limit.TIME


def refuse(monkeypatch: pytest.MonkeyPatch, limit: Limit | None) -> None:
    """Let every search end at a limit, with choices that no whole amounts go with."""
    honest = Search.best

    def best(search: Search, *args: Any) -> Found:
        return replace(honest(search, *args), limit=limit)

    def round_money(*_: object) -> NoReturn:
        raise ExactMoneyError(Text("in the way: b.", "涉及: b。"))

    monkeypatch.setattr(Search, "best", best)
    monkeypatch.setattr(making, "round_money", round_money)
    monkeypatch.setattr(making, "floored", lambda *_: None)
