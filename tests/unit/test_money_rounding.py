"""The small programs of the rounding, and what comes of them, against hand-worked examples; no solver runs."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import linprog

from clusteropt.errors import ExactMoneyError, NoIncumbentError
from clusteropt.inputs.problem import Objective, ObjectiveKind, ResponseFamily, RuleKind, Selection
from clusteropt.plan import rounding
from clusteropt.plan.rounding import settle_own
from clusteropt.solver.claim import Claim, Reason
from tests.all_points import NOTHING, AllPoints, chosen_point, dense, first, formulated, line, rounded, with_own
from tests.problems import plain_problem, rule, with_menus

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem
    from clusteropt.model.formulation import Formulation
    from clusteropt.solver.program import Program

NOW, DEADLINE = 1000.0, 1100.0
FIRST = Selection(clusters=(0,))
SECOND = Selection(clusters=(1,))


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the clock of the rounding."""
    monkeypatch.setattr(rounding, "time", SimpleNamespace(monotonic=lambda: NOW))


def limits(program: Program) -> list[list[float]]:
    """Give the rows of a program, each with its two limits at the end."""
    sides = np.stack((program.row_lower, program.row_upper), axis=1)
    return np.hstack((dense(program), sides)).tolist()


@pytest.mark.parametrize(
    ("money", "base"),
    [
        (1199.9999999, 1200),
        (1200.0000001, 1200),
        (1200.000002, 1200),
        (1199.999998, 1199),
        (0.9999991, 1),
        (7.6, 7),
        (2e9 - 0.0015, 2 * 10**9),
        (2e9 - 0.0025, 2 * 10**9 - 1),
        (5e9, 3 * 10**9),
    ],
)
def test_the_last_digits_of_a_solver_are_no_money(money: float, base: int) -> None:
    """Amounts within 1e-6, or 1e-12 of their size, of a whole one are that; others are cut, at most to the purse."""
    guard = AllPoints()
    assert rounded(formulated(line(1, 3 * 10**9), whole=True), [money], guard) == [base]
    assert guard.programs == []


def test_whole_money_that_breaks_a_rule_is_moved() -> None:
    """Even whole flows go through the small program where they break a rule."""
    formulation = formulated(line(2, 10, rule(RuleKind.AMOUNT, SECOND, 4, None)), whole=True)
    guard = AllPoints()
    assert rounded(formulation, [6.0, 3.0], guard) == [6, 4]
    assert len(guard.programs) == 1
    assert rounded(formulation, [6.0, 4.0], guard) == [6, 4]
    assert len(guard.programs) == 1


def test_units_left_over_go_where_they_are_worth_most() -> None:
    """2.6 + 3.9 of a purse of 6: one unit is left, and goes to the first cell; only parts of units move up."""
    guard = AllPoints()
    assert rounded(formulated(line(3, 6)), [2.6, 3.9, 0.0], guard, deadline=DEADLINE) == [3, 3, 0]
    (program,) = guard.programs
    assert limits(program) == [[1.0, 1.0, 1.0, -math.inf, 1.0]]
    assert (program.col_lower.tolist(), program.col_upper.tolist()) == ([0, 0, 0], [1, 1, 0])
    assert program.cost == pytest.approx([1.0, 0.75, 0.625])
    assert program.integer.tolist() == [1, 1, 0]
    assert guard.steps == [("rounding", True)]
    assert guard.until == [NOW + 50]
    (options,) = guard.options
    assert (options.mip_rel_gap, options.feasibility_tolerance) == (1e-3, 1e-9)


def test_a_run_has_a_tenth_of_a_second_at_least() -> None:
    """Just before the deadline, and at it, a run still gets 0.1 s; after it there is none."""
    for deadline in (NOW + 0.1, NOW):
        guard = AllPoints()
        assert rounded(formulated(line(1, 6)), [2.6], guard, deadline=deadline) == [3]
        assert guard.until == [NOW + 0.1]
    guard = AllPoints()
    with pytest.raises(NoIncumbentError):
        rounded(formulated(line(1, 6)), [2.6], guard, deadline=NOW - 0.1)
    assert guard.programs == []


def test_a_draw_begins_only_where_it_must() -> None:
    """Part of a unit on a draw without another goes elsewhere first; where a rule asks for it the unit is paid."""
    assert rounded(formulated(line(2, 3)), [0.7, 2.3]) == [0, 3]
    guard = AllPoints()
    assert rounded(formulated(line(2, 3, rule(RuleKind.AMOUNT, FIRST, 1, 1))), [0.7, 2.3], guard) == [1, 2]
    (program,) = guard.programs
    assert (program.col_lower.tolist(), program.col_upper.tolist()) == ([0, -2], [3, 1])


def test_a_draw_that_must_exist_may_grow() -> None:
    """A draw that a count has chosen holds a unit, and takes another at once."""
    formulation = formulated(line(2, 9, rule(RuleKind.COUNT, Selection(funds=(0,)), None, 2)))
    x = chosen_point(formulation, {"draw_on": [(0, 0, 0, 0), (0, 1, 0, 0)]})
    guard = AllPoints()
    assert rounded(formulation, [0.2, 2.5], guard, x) == [1, 3]
    (program,) = guard.programs
    assert (program.col_lower.tolist(), program.col_upper.tolist()) == ([0, 0], [0, 1])


def test_the_radius_grows_as_far_as_it_must() -> None:
    """From 3 to 7 takes 4 units: radius 0 and 2 need no run, 16 is run within what the flows allow."""
    guard = AllPoints()
    assert rounded(formulated(line(2, 12, rule(RuleKind.AMOUNT, FIRST, 7, 7))), [3.0, 5.0], guard) == [7, 5]
    (program,) = guard.programs
    assert (program.col_lower.tolist(), program.col_upper.tolist()) == ([-3, -5], [9, 7])
    assert sorted(limits(program)) == [[1.0, 0.0, 4.0, 4.0], [1.0, 1.0, -math.inf, 4.0]]


@pytest.mark.parametrize(("far", "radius"), [(2, 2), (3, 16), (16, 16), (17, 256), (256, 256)])
def test_a_flow_moves_within_a_radius(far: int, radius: int) -> None:
    """So many units up or down are reached in the first radius that holds them, whole amounts having no part above."""
    for wanted in (500 + far, 500 - far):
        guard = AllPoints()
        problem = line(1, 1000, rule(RuleKind.AMOUNT, FIRST, wanted, wanted))
        assert rounded(formulated(problem), [500.0], guard) == [wanted]
        (program,) = guard.programs
        assert (program.col_lower.tolist(), program.col_upper.tolist()) == ([-radius], [radius])


def test_what_lies_beyond_the_largest_radius_is_refused() -> None:
    """257 units are too far: no program is run, and the rule is named, in both languages."""
    guard = AllPoints()
    problem = line(
        2, 1000, rule(RuleKind.AMOUNT, FIRST, 757, 757, name="b"), rule(RuleKind.AMOUNT, FIRST, 758, None, name="a")
    )
    with pytest.raises(ExactMoneyError) as error:
        rounded(formulated(problem), [500.0, 0.0], guard)
    assert guard.programs == []
    assert error.value.message.en == (
        "No whole amounts within 256 units of the optimum obey every rule exactly; in the way: rule a, rule b. "
        "An exact share or an equality between odd amounts is the usual cause: give it a little room."
    )
    assert error.value.message.zh == (
        "在最优解附近 256 个货币单位内,没有整数金额能精确满足所有规则;涉及:rule a, rule b。"
        "常见原因是精确比例或奇数金额之间的等式:请略微放宽。"
    )


class Denying(AllPoints):
    """Denies whatever it is asked."""

    def claim(self, program: Program) -> Claim:
        """Claim that there is no point."""
        return replace(NOTHING, reason=Reason.INFEASIBLE, limit=None)


def test_without_a_broken_rule_the_choices_are_in_the_way() -> None:
    """Where nothing is found though no rule is broken at the floors, the choices are named, or the target."""
    with pytest.raises(ExactMoneyError, match="in the way: the choices of awards"):
        rounded(formulated(line(1, 9)), [2.5], Denying())
    least = replace(line(1, 9), objective=Objective(ObjectiveKind.LEAST_MONEY, target=4.0))
    with pytest.raises(ExactMoneyError, match="in the way: the target"):
        rounded(formulated(least), [2.5], Denying())


def test_an_answer_that_breaks_a_rule_is_not_taken() -> None:
    """Moves that a solver wrongly says obey the rows are checked in whole numbers, and the next radius is tried."""

    class Lying(AllPoints):
        def claim(self, program: Program) -> Claim:
            right = super().claim(program)
            return right if len(self.programs) > 2 else replace(NOTHING, x=program.col_upper, reason=Reason.FEASIBLE)

    guard = Lying()
    assert rounded(formulated(line(2, 6)), [2.6, 3.4], guard) == [6, 0]
    assert [program.col_upper.tolist() for program in guard.programs] == [[1, 1], [3, 3], [4, 3]]


def test_cells_keep_what_was_chosen() -> None:
    """A level of 5 over two funds stays 5, and an award with a least stays at it or above."""
    problem = plain_problem([[1.0], [1.0]], [[9.0], [9.0]], [[20], [20]])
    problem = replace(problem, least=np.array([[0], [6]]), most=np.array([[20], [8]]))
    formulation = formulated(with_menus(problem, {(0, 0): [(5, math.nan), (8, math.nan)]}))
    x = chosen_point(formulation, {"level": [(0, 0, 0, 0)], "on": [(1, 0, 0)]})
    guard = AllPoints()
    found = rounded(formulation, [2.5, 2.5, 2.5, 2.9], guard, x)
    assert sum(found[:2]) == 5
    assert sum(found[2:]) == 6
    (program,) = guard.programs
    assert limits(program) == [[1, 1, 0, 0, 1, 1], [0, 0, 1, 1, 2, math.inf]]


def test_rows_are_scaled_by_their_largest_coefficient() -> None:
    """A share of 1/4 is 3 x - y >= 0: from 1 and 5 it lacks 2, or 2/3 where the largest is 1."""
    guard = AllPoints()
    problem = line(2, 8, rule(RuleKind.SHARE, FIRST, "1/4", None), rule(RuleKind.AMOUNT, SECOND, 5, None, name="b"))
    assert rounded(formulated(problem), [1.5, 5.9], guard) == [2, 6]
    (program,) = guard.programs
    assert limits(program) == [pytest.approx([1, -1 / 3, 2 / 3, math.inf])]


def test_a_row_that_moves_can_break_is_kept() -> None:
    """-y >= -6 with y at 5 leaves 1 unit: the moves of radius 2 could break it, those of radius 0 could not."""
    plain = formulated(line(2, 20, rule(RuleKind.AMOUNT, FIRST, 5, 5)))
    guard = AllPoints()
    own = with_own(plain, [({first(plain, "flow") + 1: -1.0}, -6.0, math.inf)])
    assert rounded(own, [3.0, 5.0], guard) == [5, 6]
    (program,) = guard.programs
    assert limits(program) == [[1, 0, 2, math.inf], [0, -1, -1, math.inf]]


def test_a_row_of_the_caller_with_choices_limits_whole_money() -> None:
    """With 3 in a whole column, x + y + it <= 12 and three times it <= 9: 9 units are left of a purse of 20."""
    plain = formulated(line(2, 20))
    start, own = first(plain, "flow"), plain.num_cols
    rows = [({start: 1.0, start + 1: 1.0, own: 1.0}, -math.inf, 12.0), ({own: 3.0}, -math.inf, 9.0)]
    formulation = with_own(plain, rows, (True,))
    x = np.zeros(formulation.num_cols)
    x[own] = 3.0
    assert rounded(formulation, [4.5, 4.6], x=x) == [5, 4]


@pytest.mark.parametrize(("large", "kept"), [(1e10, 0.0), (1e9, 0.0), (1e8, 1e-8)])
def test_a_coefficient_that_is_dust_is_left_out(large: float, kept: float) -> None:
    """A coefficient of 1 beside 1e9 or more is left out of the small program."""
    plain = formulated(line(2, 20))
    start, guard = first(plain, "flow"), AllPoints()
    own = with_own(plain, [({start: large, start + 1: 1.0}, -math.inf, 3 * large + 5)])
    assert rounded(own, [3.5, 4.9], guard) == [3, 5]
    assert [row[:2] for row in limits(guard.programs[0])] == [[1.0, kept]]


def least_money(
    target: float, effect: list[float], purse: int, family: ResponseFamily = ResponseFamily.LINEAR
) -> Problem:
    """Ask for the least money that reaches a target."""
    problem = plain_problem([[e] for e in effect], np.ones((len(effect), 1)), [[purse]], family=family)
    return replace(problem, objective=Objective(ObjectiveKind.LEAST_MONEY, target=target))


def test_a_target_is_asked_of_the_moves() -> None:
    """2 x + 1.5 y is 9 at the floors; 9.75 takes 0.375 of the best unit more, and one unit of the second does it."""
    guard = AllPoints()
    assert rounded(formulated(least_money(9.75, [2.0, 1.5], 20)), [3.2, 2.4], guard) == [3, 3]
    (program,) = guard.programs
    assert limits(program) == [pytest.approx([1.0, 0.75, 0.375, math.inf])]
    assert program.cost.tolist() == [-1.0, -1.0]


def test_a_target_is_asked_beside_the_rules() -> None:
    """The row of the target stands below those of money."""
    guard = AllPoints()
    problem = replace(least_money(9.75, [2.0, 1.5], 20), rules=(rule(RuleKind.AMOUNT, FIRST, 4, None),))
    assert rounded(formulated(problem), [3.2, 2.4], guard) == [4, 2]
    (program,) = guard.programs
    assert limits(program) == [[1, 0, 1, math.inf], pytest.approx([1.0, 0.75, 0.375, math.inf])]


def test_more_is_asked_where_the_curve_falls_short() -> None:
    """ln(1 + x) from 0: 1.25 units seem enough for ln 3.5; 2 and 2 again miss it, asking for one more gives 3."""
    guard, target = AllPoints(), math.log(3.5)
    assert rounded(formulated(least_money(target, [1.0], 9, ResponseFamily.LOG)), [0.9], guard) == [3]
    assert [program.row_lower[0] for program in guard.programs] == pytest.approx([target, target + 0.01, target + 1])
    assert [program.col_upper.tolist() for program in guard.programs] == [[3.0]] * 3


def test_the_last_safety_is_three_units() -> None:
    """1 - exp(-x) from 0 needs 4 units for 0.97; asking for 0.97, 0.98 and 1.97 gives fewer, for 3.97 the 4."""
    guard, problem = AllPoints(), least_money(0.97, [1.0], 9, ResponseFamily.EXPONENTIAL)
    assert rounded(formulated(problem), [0.9], guard) == [4]
    asked = [program.row_lower[0] for program in guard.programs]
    assert asked == pytest.approx([0.97, 0.98, 1.97, 0.97, 0.98, 1.97, 3.97])


def test_a_reached_target_is_not_asked_again() -> None:
    """Whole money at the target stays as it is, one unit below it moves; without a target none is asked."""
    formulation, guard = formulated(least_money(6.0, [2.0], 20), whole=True), AllPoints()
    assert rounded(formulation, [3.0], guard) == [3]
    assert guard.programs == []
    assert rounded(formulation, [2.0], guard) == [3]
    assert len(guard.programs) == 1


def test_a_target_that_only_menus_feed() -> None:
    """No unit is worth anything beside a level: the target is met by the level, or by nothing."""

    def levelled(target: float) -> Formulation:
        problem = plain_problem([[1.0]], [[1.0]], [[9], [9]], family=ResponseFamily.LINEAR)
        problem = with_menus(problem, {(0, 0): [(5, 4.0)]})
        return formulated(replace(problem, objective=Objective(ObjectiveKind.LEAST_MONEY, target=target)))

    formulation = levelled(4.0)
    x = chosen_point(formulation, {"level": [(0, 0, 0, 0)]})
    guard = AllPoints()
    assert sum(rounded(formulation, [2.5, 2.5], guard, x)) == 5
    assert limits(guard.programs[0])[-1] == pytest.approx([0, 0, 0, math.inf], abs=1e-9)
    guard = AllPoints()
    assert sum(rounded(levelled(3.0), [2.5, 2.5], guard, x)) == 5
    assert limits(guard.programs[0])[-1] == pytest.approx([0, 0, -1, math.inf], abs=1e-9)
    guard = AllPoints()
    with pytest.raises(ExactMoneyError, match="the target"):
        rounded(levelled(4.5), [2.5, 2.5], guard, x)
    assert guard.programs == []


def test_a_target_of_nothing_is_reached_by_nothing() -> None:
    """Where 0 is asked and 0 is there nothing moves, in whole money or by a small program that leaves no room."""
    asked = least_money(0.0, [0.5], 9)
    guard = AllPoints()
    assert rounded(formulated(asked, whole=True), [0.0], guard) == [0]
    assert guard.programs == []
    assert rounded(formulated(asked), [0.0], guard) == [0]
    assert [program.col_upper.tolist() for program in guard.programs] == [[0.0]]


def test_a_target_may_take_less_money_for_what_harms() -> None:
    """Each unit of the second cell costs 0.5: with the first at its most, 2 units less bring 1 more."""
    problem = replace(least_money(2.5, [0.5, 0.5], 9), weight=np.array([1.0, -1.0]), most=np.array([[10], [5]]))
    guard = AllPoints()
    formulation = formulated(replace(problem, purse=np.array([[10]]), most=np.array([[7], [5]])))
    assert rounded(formulation, [7.0, 4.0], guard) == [7, 2]
    (program,) = guard.programs
    assert limits(program)[-1] == pytest.approx([1.0, -1.0, 2.0, math.inf])


class Linear(AllPoints):
    """Answers linear programs by the engine of scipy."""

    def claim(self, program: Program) -> Claim:
        """Give its optimum, if it has one."""
        matrix, sides = dense(program), []
        for row, low, high in zip(matrix, program.row_lower, program.row_upper, strict=True):
            sides += [(row, high)] if high < math.inf else []
            sides += [(-row, -low)] if low > -math.inf else []
        bounds = np.stack((program.col_lower, program.col_upper), axis=1)
        found = linprog(-program.cost, [row for row, _ in sides], [side for _, side in sides], bounds=bounds)
        if found.x is None:
            return replace(NOTHING, reason=Reason.INFEASIBLE, limit=None)
        return Claim(Reason.OPTIMAL, None, found.x, -found.fun, -found.fun)


def own_part(least: float = 0.0, room: float = math.inf) -> tuple[Formulation, int]:
    """Maximise a flow x and twice a column y of the caller, with 4 y <= x + a whole column, and y from ``least``."""
    plain = formulated(line(2, 100, per_printed=10))
    flow, outcome, own = first(plain, "flow"), first(plain, "outcome"), plain.num_cols
    rows = [({own + 1: 4.0, flow: -1.0, own: -1.0}, -math.inf, 0.0), ({own + 1: 1.0}, least, math.inf)]
    rows += [({outcome: 1.0}, -math.inf, room)]
    return with_own(plain, rows, (True, False), {flow: 1.0, own + 1: 2.0}), own


def settled(
    formulation: Formulation, own: int, money: list[int], deadline: float = DEADLINE
) -> tuple[float, AllPoints]:
    """Settle the caller's part at whole money, with 3 in the whole column; give the objective and what was asked."""
    x, guard = np.zeros(formulation.num_cols), Linear()
    x[own] = 3.0
    return settle_own(formulation, x, np.array(money), (guard, deadline)), guard


def test_the_other_columns_follow_whole_money() -> None:
    """With x = 2.5 printed units and 3 in the whole column y is 5.5 / 4: the objective is 2.5 + 2.75."""
    formulation, own = own_part()
    value, guard = settled(formulation, own, [25, 40])
    assert value == pytest.approx(5.25, rel=1e-9)
    (program,) = guard.programs
    assert program.integer.sum() == 0
    assert guard.options[0].feasibility_tolerance == 1e-6
    assert guard.steps == [("rounding", True)]
    assert guard.until == [DEADLINE]
    assert settled(formulation, own, [25, 40], NOW - 5)[1].until == [NOW + 0.1]


@pytest.mark.parametrize("part", [{"least": 1.5}, {"room": 49.9}])
def test_whole_money_that_breaks_a_constraint_of_the_caller_is_refused(part: dict[str, float]) -> None:
    """At 25 units y is 1.375 at most, and the outcome 50: less room for either is told in both languages."""
    formulation, own = own_part(**part)
    with pytest.raises(ExactMoneyError) as error:
        settled(formulation, own, [25, 40])
    assert error.value.message.en == (
        "Whole amounts near the optimum break a constraint of your own that is not on money alone. "
        "Give it a little room."
    )
    assert error.value.message.zh == "最优解附近的整数金额违反了您添加的(不只涉及资金的)约束。请略微放宽。"


def test_the_floor_of_a_second_stage_does_not_hold_whole_money() -> None:
    """What the worst region reached before rounding is asked of nobody after it."""
    problem = replace(line(2, 20), objective=Objective(ObjectiveKind.WORST_REGION))
    plain = formulated(problem, floor=1e6)
    own = with_own(plain, [({plain.num_cols: 1.0}, -math.inf, 2.5)], (False,), {plain.num_cols: 1.0})
    assert settle_own(own, np.zeros(own.num_cols), np.array([3, 4]), (Linear(), DEADLINE)) == pytest.approx(2.5)


def test_levels_alone_need_no_columns_of_money() -> None:
    """Two menus with gains and one fund: the caller's objective and row are over choices, and the levels stay."""
    levels = {(0, 0): [(5, 4.0)], (1, 0): [(3, 1.0)]}
    plain = formulated(with_menus(plain_problem([[0.0], [0.0]], [[1.0], [1.0]], [[9]]), levels))
    assert plain.columns.block("flow") is None
    assert plain.columns.block("outcome") is None
    level = first(plain, "level")
    own = with_own(plain, [({level: 2.0}, -math.inf, 3.0)], (), {level: 7.0, level + 1: 1.0})
    x = chosen_point(own, {"level": [(0, 0, 0, 0), (1, 0, 0, 0)]})
    assert rounded(own, [5.2, 2.9], x=x) == [5, 3]
    assert settle_own(own, x, np.array([5, 3]), (Linear(), DEADLINE)) == 8.0
