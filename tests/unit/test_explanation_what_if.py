"""What changes if an award is refused or forced: losses and moves worked by hand, and refusals in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from clusteropt.errors import InfeasibleError, InputError, NoIncumbentError
from clusteropt.explanation import neighbours
from clusteropt.explanation.bracket import Way
from clusteropt.explanation.what_if import Change, lock_of, what_if
from clusteropt.inputs.problem import Problem, RuleKind, Selection
from clusteropt.plan.making import solve
from tests.problems import INLINE, plain_problem, rule, with_menus
from tests.unit.test_explanation import two_menus

if TYPE_CHECKING:
    from clusteropt.plan.plan import Plan


def changed(problem: Problem, *asked: object) -> Change:
    """Solve a problem and ask what changes."""
    return what_if(problem, solve(problem, INLINE), *asked, options=INLINE)


def ends(change: Change) -> tuple[float, float]:
    """Give both ends of the loss."""
    return change.loss.low.value, change.loss.high.value


def test_refusing_an_award_moves_its_money() -> None:
    """Of 8 units 4 and 3 are awarded, worth 16; with cluster 1 refused cluster 0 gets all 8, worth 13: a loss of 3."""
    change = changed(two_menus(8), "C1", "L0", 0)
    assert ends(change) == pytest.approx((3.0, 3.0), abs=1e-6)
    assert change.moves.to_numpy().tolist() == [["C0", "L0", 2025, 4, 8, 4], ["C1", "L0", 2025, 3, 0, -3]]
    assert (change.before.value, change.after.value) == pytest.approx((16.0, 13.0))
    assert change.after.certificate.inputs == {}


def test_forcing_an_award_costs_its_difference() -> None:
    """Of 10 units forcing the level of 8 leaves nothing for cluster 1: 13 instead of 16."""
    change = changed(two_menus(10), "C0", "L0", 8, 2025)
    assert ends(change) == pytest.approx((3.0, 3.0), abs=1e-6)
    assert (change.cluster, change.lever, change.year, change.amount) == (0, 0, 0, 8)


def test_what_the_plan_does_anyway_costs_nothing() -> None:
    """Locking what is awarded needs no solve: no moves, no loss beyond the gap."""
    problem = two_menus()
    plan = solve(problem, INLINE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "make", lambda *_, **__: pytest.fail("a solve was made"))
        change = what_if(problem, plan, "C0", "L0", 4, options=INLINE)
    assert change.after is plan
    assert change.moves.empty
    assert change.loss.low.way is Way.FREE
    assert change.loss.high.value == pytest.approx(0.0, abs=1e-6)


def test_every_year_is_locked_where_none_is_named() -> None:
    """A refusal without a year holds in both years; with one, in that year alone."""
    problem = plain_problem([[1.0], [1.0]], [[20.0], [20.0]], [[10, 10]])
    both, second = changed(problem, "C0", "L0", 0), changed(problem, "C0", "L0", 0, 2026)
    years = both.after.value_by_cell.query("cluster == 'C0' and amount > 0")
    assert years.empty
    assert both.year is None
    kept = second.after.value_by_cell.query("cluster == 'C0' and amount > 0")
    assert kept["year"].tolist() == [2025]


def test_impossible_amounts_say_why() -> None:
    """A level the menu lacks, an amount out of range, more than the purses hold, a cell that another rule locks."""
    problem = two_menus()
    with pytest.raises(InfeasibleError, match=r"cannot get 5 .*its menu has 4 .*8 "):
        changed(problem, "C0", "L0", 5)
    with pytest.raises(InfeasibleError, match="purses that may pay it hold 7 "):
        changed(problem, "C0", "L0", 8)
    plain = plain_problem([[1.0], [1.0]], [[20.0], [20.0]], [[10]])
    ranged = replace(plain, least=np.array([[3], [0]], np.int64), most=np.array([[6], [10]], np.int64))
    with pytest.raises(InfeasibleError, match=r"at least 3 .*at most 6 "):
        changed(ranged, "C0", "L0", 2)
    locked = replace(plain, rules=(rule(RuleKind.LOCK, Selection(clusters=(0,)), 4, 4, name="kept"),))
    with pytest.raises(InfeasibleError, match="rule kept locks"):
        changed(locked, "C0", "L0", 5)


def test_rules_that_leave_no_plan_are_told_as_the_solver_claims() -> None:
    """A floor of 8 on the other cluster leaves no plan with 3 of 10 units: the claim is passed on."""
    problem = plain_problem([[1.0], [1.0]], [[20.0], [20.0]], [[10]])
    floored = replace(problem, rules=(rule(RuleKind.AMOUNT, Selection(clusters=(1,)), 8, name="floor"),))
    with pytest.raises(InfeasibleError, match=r"No plan gives L0 in C0 exactly 3 .*HiGHS claims"):
        changed(floored, "C0", "L0", 3)


def test_unknown_names_and_odd_amounts_are_faults() -> None:
    """Every fault is told at once, with what may have been meant."""
    problem = two_menus()
    with pytest.raises(InputError) as caught:
        changed(problem, "C9", "L0", -1, 1999)
    text = str(caught.value)
    assert "cluster" in text
    assert "1999" in text
    assert "no whole number" in text
    with pytest.raises(InputError, match="no whole number"):
        changed(problem, "C0", "L0", 2.5)


def test_no_time_is_no_incumbent() -> None:
    """Where the limit comes before a plan there is an error, as in a solve."""
    problem = two_menus(8)
    plan = solve(problem, INLINE)
    with pytest.raises(NoIncumbentError):
        what_if(problem, plan, "C1", "L0", 0, options=replace(INLINE, time_limit_s=1e-6))


def test_a_rule_named_like_the_lock_keeps_its_name() -> None:
    """The lock that is added takes a name that no rule has."""
    problem = replace(two_menus(), rules=(rule(RuleKind.AMOUNT, Selection(), None, 7, name="what_if"),))
    lock = lock_of(problem, (0, 0, None), 4)
    assert lock.name == "what_if_"
    assert (lock.minimum, lock.maximum, lock.selection.years) == (4, 4, ())


def test_the_plan_after_is_a_whole_plan() -> None:
    """The plan with the lock has its own certificate, with the lock among its rules."""
    problem = with_menus(plain_problem([[1.0], [1.0]], [[10.0]] * 2, [[9]]), {(0, 0): [(4, 10.0)], (1, 0): [(5, 9.0)]})
    after: Plan = changed(problem, "C0", "L0", 0).after
    assert "what_if" in after.certificate.rules.rule
    assert after.safe_bound >= after.value
    assert after.money_total == 5
