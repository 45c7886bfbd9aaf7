"""Examples of two or three cells, worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from clusteropt.errors import ExactMoneyError, InfeasibleError
from clusteropt.inputs.problem import (
    Objective,
    ObjectiveKind,
    Problem,
    RegionMeasure,
    ResponseFamily,
    RuleBase,
    RuleKind,
    Selection,
)
from clusteropt.plan.making import solve
from clusteropt.solver.claim import Limit, Reason
from tests import naive
from tests.bent import bend
from tests.problems import (
    INLINE,
    plain_problem,
    random_problem,
    rule,
    synergy,
    with_draws,
    with_last,
    with_menus,
    with_spills,
)

if TYPE_CHECKING:
    from clusteropt.solver.claim import Claim

FIRST = Selection(clusters=(0,))
SECOND = Selection(clusters=(1,))
FUND = Selection(funds=(0,))


def awarded(problem: Problem) -> dict[tuple[int, int, int], int]:
    """Solve and give the money of every cell."""
    return naive.cell_money(naive.of_plan(solve(problem, INLINE)))


def out_of_time(claim: Claim, run: dict[str, Any]) -> Claim:
    """Call every answer of a search for choices the last before its time limit."""
    searched = run["step"] == "search" and run["whole"] and claim.x is not None
    return replace(claim, reason=Reason.FEASIBLE, limit=Limit.TIME) if searched else claim


def pair(purse: int, *, family: ResponseFamily = ResponseFamily.LOG, scale: float = 1000.0) -> Problem:
    """Two clusters with effects 2 and 1 and the same scale."""
    return plain_problem([[2.0], [1.0]], [[scale], [scale]], [[purse]], family=family)


def test_log_cells_share_by_equal_marginal_values() -> None:
    """2 / (1 + x / 1000) = 1 / (1 + z / 1000) with x + z = 4000 gives x = 3000, z = 1000."""
    plan = solve(pair(4000), INLINE)
    assert plan.allocation["amount"].tolist() == [3000, 1000]
    assert plan.value == pytest.approx(2000 * math.log(4) + 1000 * math.log(2), rel=1e-12)
    assert plan.bound == pytest.approx(plan.value, rel=1e-8)


def test_exponential_cells_share_by_equal_marginal_values() -> None:
    """2 exp(-x / 1000) = exp(-z / 1000): x - z = 1000 ln 2."""
    cells = awarded(pair(4000, family=ResponseFamily.EXPONENTIAL))
    assert cells[0, 0, 0] + cells[1, 0, 0] == 4000
    assert cells[0, 0, 0] - cells[1, 0, 0] == pytest.approx(1000 * math.log(2), abs=2)


def test_hyperbolic_cells_share_by_equal_marginal_values() -> None:
    """Sqrt(2) (1 + z / 1000) = 1 + x / 1000 with x + z = 4000: z = 3000 (2 - sqrt 2) - 1000."""
    cells = awarded(plain_problem([[2.0], [1.0]], [[1000.0], [1000.0]], [[4000]], family=ResponseFamily.HYPERBOLIC))
    second = 6000 / (1 + math.sqrt(2)) - 1000
    assert cells[1, 0, 0] == pytest.approx(second, abs=1)
    assert cells[0, 0, 0] + cells[1, 0, 0] == 4000


def test_linear_money_goes_to_the_best_up_to_its_most() -> None:
    """The better cell is filled to its most, the rest goes to the other."""
    problem = replace(pair(4000, family=ResponseFamily.LINEAR), most=np.array([[1500], [9000]]))
    assert awarded(problem) == {(0, 0, 0): 1500, (1, 0, 0): 2500}


def test_an_exponential_far_past_its_scale_is_still_solved() -> None:
    """A purse 400 times the scale: all that matters is that both cells are full and the value is the limit."""
    plan = solve(pair(4000, family=ResponseFamily.EXPONENTIAL, scale=10.0), INLINE)
    assert plan.value == pytest.approx(30.0, rel=1e-6)
    assert plan.bound >= 30.0 - 1e-9


def test_a_stock_halves_every_year_and_gains_late() -> None:
    """Depreciation 0.5, lag 1, 8 units at the start, 16 a year: stocks 4, 18, 25, linear outcome of 2 a unit."""
    problem = plain_problem([[2.0]], [[10.0]], [[16, 16, 16]], family=ResponseFamily.LINEAR)
    problem = replace(problem, depreciation=np.array([0.5]), lag=np.array([1]), stock=np.array([[8.0]]))
    plan = solve(problem, INLINE)
    cells = naive.cell_money(naive.of_plan(plan))
    assert (cells[0, 0, 0], cells[0, 0, 1]) == (16, 16)
    assert plan.total_outcome == pytest.approx(2 * (4 + 18 + 25), rel=1e-12)
    assert plan.value_by_cell["outcome"].tolist() == pytest.approx([8.0, 36.0, 50.0])


def test_early_money_is_worth_more_when_it_lasts() -> None:
    """Without depreciation one unit works three years, so a cap on all years spends it first."""
    problem = plain_problem([[2.0]], [[1e6]], [[100, 100, 100]])
    problem = replace(problem, depreciation=np.array([0.0]), rules=(rule(RuleKind.AMOUNT, maximum=100),))
    assert awarded(problem) == {(0, 0, 0): 100}


def test_a_synergy_pays_on_the_smaller_outcome() -> None:
    """Linear outcomes 2 and 1 a unit and a gain of 6 on the smaller: 2 x = z, so 300 splits into 100 and 200."""
    problem = plain_problem([[2.0, 1.0]], [[10.0, 10.0]], [[300]], family=ResponseFamily.LINEAR)
    plan = solve(replace(problem, synergies=(synergy((0, 1), 6.0),)), INLINE)
    assert plan.allocation["amount"].tolist() == [100, 200]
    assert plan.value == pytest.approx(200 + 200 + 6 * 200)
    assert plan.synergy.tolist() == pytest.approx([1200.0])


def test_a_small_synergy_changes_nothing() -> None:
    """With a gain of 0.5 on the smaller outcome it is better to leave the weaker lever alone."""
    problem = plain_problem([[2.0, 1.0]], [[10.0, 10.0]], [[300]], family=ResponseFamily.LINEAR)
    plan = solve(replace(problem, synergies=(synergy((0, 1), 0.5),)), INLINE)
    assert plan.allocation["amount"].tolist() == [300]
    assert plan.value == pytest.approx(600.0)


def test_a_positive_spill_over_moves_money() -> None:
    """Half of the outcome of the second counts for the first too: 1.5 against 1.2 a unit."""
    problem = plain_problem([[1.2], [1.0]], [[10.0], [10.0]], [[100]], family=ResponseFamily.LINEAR)
    plan = solve(with_spills(problem, [(1, 0, 0.5)]), INLINE)
    assert plan.allocation["cluster"].tolist() == ["C1"]
    assert plan.value == pytest.approx(150.0)


def test_money_that_harms_more_than_it_earns_stays_in_the_purse() -> None:
    """The only cluster that may draw costs its neighbour 1.5 of each outcome: nothing is awarded."""
    problem = with_draws(pair(100), [(0, 0, 0)])
    plan = solve(with_spills(problem, [(0, 1, -1.5)]), INLINE)
    assert plan.money_total == 0
    assert plan.value == 0


def test_a_harmful_award_that_a_rule_forces_is_the_smallest() -> None:
    """At least 40 units have to be awarded to a harmful log cell: exactly 40, at its exact negative value."""
    problem = with_spills(with_draws(pair(100), [(0, 0, 0)]), [(0, 1, -1.5)])
    plan = solve(replace(problem, rules=(rule(RuleKind.AMOUNT, minimum=40),)), INLINE)
    assert plan.money_total == 40
    assert plan.value == pytest.approx(-0.5 * 2 * 1000 * math.log(1.04), rel=1e-9)
    assert plan.bound == pytest.approx(plan.value, rel=1e-6)


def test_the_worst_region_comes_first() -> None:
    """Linear outcomes of 3 and 1: equal regional outcomes need 25 and 75 of 100."""
    problem = plain_problem([[3.0], [1.0]], [[9.0], [9.0]], [[100]], family=ResponseFamily.LINEAR, regions=[0, 1])
    plan = solve(replace(problem, objective=Objective(ObjectiveKind.WORST_REGION)), INLINE)
    assert plan.allocation["amount"].tolist() == [25, 75]
    assert plan.value == pytest.approx(75.0)
    assert [stage.kind for stage in plan.stages] == [ObjectiveKind.WORST_REGION, ObjectiveKind.TOTAL]


def test_the_second_stage_spends_what_the_worst_region_cannot_use() -> None:
    """The worst region is full at its most of 10; the rest of the money still earns the largest total."""
    problem = plain_problem([[3.0], [1.0]], [[9.0], [9.0]], [[100]], family=ResponseFamily.LINEAR, regions=[0, 1])
    problem = replace(problem, most=np.array([[1000], [10]]), objective=Objective(ObjectiveKind.WORST_REGION))
    plan = solve(problem, INLINE)
    assert plan.allocation["amount"].tolist() == [90, 10]
    assert [stage.value for stage in plan.stages] == pytest.approx([10.0, 280.0])


def test_regions_may_be_compared_per_size() -> None:
    """Sizes 1 and 3 with equal effects: 25 and 75 of 100 give 25 outcomes a unit of size in both."""
    problem = plain_problem([[1.0], [1.0]], [[9.0], [9.0]], [[100]], family=ResponseFamily.LINEAR, regions=[0, 1])
    objective = Objective(ObjectiveKind.WORST_REGION, RegionMeasure.PER_SIZE)
    plan = solve(replace(problem, size=np.array([1.0, 3.0]), objective=objective), INLINE)
    assert plan.allocation["amount"].tolist() == [25, 75]
    assert plan.value == pytest.approx(25.0)


def test_no_region_within_reach_gives_an_empty_plan() -> None:
    """An empty purse under the worst region first is no fault of the solver: nothing is awarded."""
    problem = replace(plain_problem([[1.0]], [[1.0]], [[0]]), objective=Objective(ObjectiveKind.WORST_REGION))
    plan = solve(problem, INLINE)
    assert plan.money_total == 0
    assert math.isfinite(plan.value)
    assert math.isfinite(plan.gap)


def test_equity_evens_out_what_total_would_not() -> None:
    """Linear cells 2 and 1, u = 100 ln(1 + R / 100): 2 / (1 + 2x / 100) = 1 / (1 + z / 100), x + z = 100: x = 75."""
    problem = plain_problem([[2.0], [1.0]], [[9.0], [9.0]], [[100]], family=ResponseFamily.LINEAR, regions=[0, 1])
    plan = solve(replace(problem, objective=Objective(ObjectiveKind.EQUITY, equity_scale=100.0)), INLINE)
    assert plan.allocation["amount"].tolist() == [75, 25]
    assert plan.value == pytest.approx(100 * (math.log(2.5) + math.log(1.25)))


def test_least_money_for_a_target() -> None:
    """Linear: 100 outcomes at 2 a unit cost 50 units, and not one less."""
    problem = replace(pair(1000, family=ResponseFamily.LINEAR), objective=_target(100.0))
    plan = solve(problem, INLINE)
    assert plan.value == plan.money_total == 50
    assert plan.total_outcome == 100.0
    assert plan.bound <= 50


def test_least_money_on_a_curve_is_the_cheapest_whole_amount() -> None:
    """One log cell of effect 2 and scale 1000: 2000 ln(1 + x / 1000) >= 500 needs x >= 1000 (e^0.25 - 1) = 284.03."""
    problem = replace(with_draws(pair(4000), [(0, 0, 0)]), objective=_target(500.0))
    plan = solve(problem, INLINE)
    assert plan.money_total == 285
    assert 284 <= plan.bound <= 285


def test_least_money_with_a_synergy_reaches_its_target() -> None:
    """The synergy counts towards the target: linear 2 and 1 with gain 6 earn 1600 from 300."""
    problem = plain_problem([[2.0, 1.0]], [[10.0, 10.0]], [[900]], family=ResponseFamily.LINEAR)
    problem = replace(problem, synergies=(synergy((0, 1), 6.0),), objective=_target(1600.0))
    plan = solve(problem, INLINE)
    assert plan.money_total == 300
    assert plan.total_outcome >= 1600


def test_a_target_out_of_reach_is_infeasible() -> None:
    """All the money gives 2000 ln 5; asking for more cannot be met."""
    with pytest.raises(InfeasibleError):
        solve(replace(with_draws(pair(4000), [(0, 0, 0)]), objective=_target(2000 * math.log(5) + 1)), INLINE)


def _target(target: float) -> Objective:
    return Objective(ObjectiveKind.LEAST_MONEY, target=target)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        (rule(RuleKind.AMOUNT, FIRST, maximum=1200), (1200, 2800)),
        (rule(RuleKind.AMOUNT, SECOND, minimum=1999), (2001, 1999)),
        (rule(RuleKind.SHARE, FIRST, maximum="1/4"), (1000, 3000)),
        (rule(RuleKind.SHARE, SECOND, "0.45", base=RuleBase.FUND, base_selection=FUND), (2200, 1800)),
        (rule(RuleKind.SHARE, FIRST, maximum=2, base=RuleBase.SELECTION, base_selection=SECOND), (2666, 1334)),
        (rule(RuleKind.COUNT, maximum=1, base=RuleBase.AWARDS), (4000, 0)),
        (rule(RuleKind.COUNT, maximum=1, base=RuleBase.CLUSTERS), (4000, 0)),
        (rule(RuleKind.COUNT, Selection(funds=(0,)), maximum=1, base=RuleBase.AWARDS), (4000, 0)),
        (rule(RuleKind.COUNT, FIRST, maximum=0, base=RuleBase.CLUSTERS), (0, 4000)),
        (rule(RuleKind.CHANGE, FIRST, maximum="-0.1"), (1800, 2200)),
        (rule(RuleKind.CHANGE, SECOND, minimum="1/3"), (2400, 1600)),
        (rule(RuleKind.LOCK, FIRST), (2000, 2000)),
        (rule(RuleKind.LOCK, FIRST, 123, 123), (123, 3877)),
        (rule(RuleKind.LOCK, Selection(clusters=(1,), funds=(0,)), 1001, 1001), (2999, 1001)),
    ],
    ids=lambda value: value.kind.value if hasattr(value, "kind") else str(value),
)  # fmt: skip
def test_each_rule_holds_to_the_unit(limit, expected) -> None:
    """4000 units, freely 3000 and 1000, last plan 2000 and 1200: every kind of rule moves them by hand-made amounts."""
    problem = with_last(pair(4000), [(0, 0, 0, 2000), (1, 0, 0, 1200)])
    cells = awarded(replace(problem, rules=(limit,)))
    assert (cells.get((0, 0, 0), 0), cells.get((1, 0, 0), 0)) == expected


def test_an_award_is_nothing_or_its_least() -> None:
    """The second would get 100 of 1100 units freely; its least of 400 is too much to pay, so it gets nothing."""
    problem = replace(pair(1100), least=np.array([[0], [400]]))
    assert awarded(problem) == {(0, 0, 0): 1100}


def test_a_menu_is_chosen_as_a_whole() -> None:
    """Levels 60 (gain 100) and 100 (gain 135): of 120 units 60 buy the first, the rest works on the other curve."""
    problem = with_menus(pair(120, family=ResponseFamily.LINEAR), {(0, 0): [(60, 100.0), (100, 135.0)]})
    plan = solve(problem, INLINE)
    assert plan.allocation["amount"].tolist() == [60, 60]
    assert plan.value == pytest.approx(160.0)


def test_a_third_of_what_cannot_be_cut_leaves_a_unit() -> None:
    """Exactly a third to the first of 4000: 3999 units can be awarded, one stays and is explained."""
    plan = solve(replace(pair(4000), rules=(rule(RuleKind.SHARE, FIRST, "1/3", "1/3"),)), INLINE)
    assert plan.allocation["amount"].tolist() == [1333, 2666]
    assert [u.amount for u in plan.unspent] == [1]


def test_half_of_an_odd_sum_that_must_be_spent_is_refused() -> None:
    """Half and half of 4001 units that have all to be awarded: no whole amounts do that."""
    rules = (rule(RuleKind.SHARE, FIRST, "1/2", "1/2", name="half"), rule(RuleKind.AMOUNT, minimum=4001, name="all"))
    with pytest.raises(ExactMoneyError, match=r"rule (all|half)"):
        solve(replace(pair(4001), rules=rules), INLINE)


def test_half_of_an_odd_purse_leaves_a_unit() -> None:
    """Half and half of 4001 units that need not be spent: 2000 each."""
    plan = solve(replace(pair(4001), rules=(rule(RuleKind.SHARE, FIRST, "1/2", "1/2"),)), INLINE)
    assert plan.allocation["amount"].tolist() == [2000, 2000]


def test_a_share_of_nine_digits_is_exact() -> None:
    """A share is kept to its last digit: at least 0.333333334 of 3000 awarded units is 1001."""
    problem = replace(pair(3000), rules=(rule(RuleKind.SHARE, SECOND, "0.333333334"),))
    assert awarded(problem) == {(0, 0, 0): 1999, (1, 0, 0): 1001}


def test_a_share_of_too_many_digits_is_refused_in_words() -> None:
    """A share whose exact row would not fit 64 bits is refused, not cut."""
    with pytest.raises(ValueError, match="at most 9 decimals"):
        replace(pair(3000), rules=(rule(RuleKind.SHARE, SECOND, "0.333333333333333333333"),))


def test_amounts_of_a_hundred_billion_stay_exact() -> None:
    """Purses of 10^14 whole units: floors and purses hold to the last unit."""
    purse = 10**14 + 7
    problem = plain_problem([[2.0], [1.0]], [[1e13], [1e13]], [[purse]], per_printed=10_000)
    problem = replace(problem, rules=(rule(RuleKind.AMOUNT, SECOND, minimum=6 * 10**13 + 1),))
    plan = solve(problem, INLINE)
    assert naive.broken_rules(problem, naive.of_plan(plan)) == []
    assert plan.money_total == purse


def test_rules_that_cannot_stand_together_are_refused() -> None:
    """A floor above the purse has no plan."""
    with pytest.raises(InfeasibleError):
        solve(replace(pair(4000), rules=(rule(RuleKind.AMOUNT, minimum=4001),)), INLINE)


def test_equity_takes_its_scale_from_the_pro_rata_plan() -> None:
    """With the scale left open it is the mean regional outcome of the split by size: (100 + 50) / 2."""
    problem = plain_problem([[2.0], [1.0]], [[9.0], [9.0]], [[100]], family=ResponseFamily.LINEAR, regions=[0, 1])
    plan = solve(replace(problem, objective=Objective(ObjectiveKind.EQUITY)), INLINE)
    assert plan.objective.equity_scale == pytest.approx(75.0)


def test_spill_overs_that_cancel_do_not_confuse_the_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of each outcome is taken from the other region: no award, and every worst region is worth 0.

    The gap would close late, so each search is told to be out of time after its first answer.
    """
    problem = plain_problem([[1.0], [1.0]], [[1e6], [1e6]], [[10**6]], regions=[0, 1], per_printed=100)
    problem = with_spills(problem, [(0, 1, -1.0), (1, 0, -0.999999)])
    bend(monkeypatch, out_of_time)
    plan = solve(replace(problem, objective=Objective(ObjectiveKind.WORST_REGION)), INLINE)
    assert plan.record.limit is Limit.TIME
    assert plan.value >= 0
    assert plan.bound <= 10_000.0


def test_a_stock_of_less_than_half_a_unit_harms_as_well() -> None:
    """Money comes in the second year only; before it one region holds 0.25 of a unit, and later 0.125 of that.

    With x and z for the regions, who each lose half of what the other has: x - (0.375 + z) / 2 and
    0.375 + z - x / 2, x + z <= 4. x = z = 2 gives 0.8125 and 1.375; x = 3, z = 1 leaves the second at -0.125.
    """
    problem = plain_problem([[1.0], [1.0]], [[9.0], [9.0]], [[0, 4]], family=ResponseFamily.LINEAR, regions=[0, 1])
    problem = with_spills(problem, [(0, 1, -0.5), (1, 0, -0.5)])
    problem = replace(problem, stock=np.array([[0.0], [0.5]]), depreciation=np.array([0.5]))
    plan = solve(replace(problem, objective=Objective(ObjectiveKind.WORST_REGION)), INLINE)
    assert plan.allocation["amount"].tolist() == [2, 2]
    assert plan.region_outcome.tolist() == pytest.approx([0.8125, 1.375])
    assert plan.value == pytest.approx(0.8125)


def test_a_small_harmful_problem_is_solved_soon() -> None:
    """Three cells whose spill-overs harm both regions, 624 whole allocations in all: ten seconds reach the best."""
    problem = random_problem(300_136)
    best = naive.brute_force(problem)
    assert best is not None
    plan = solve(problem, replace(INLINE, time_limit_s=10.0))
    assert plan.value >= 0.999 * best[0]
    assert plan.bound >= best[0] * (1 - 1e-9)


def test_no_draw_at_all_is_a_plan_of_nothing() -> None:
    """Where no fund may pay anything, least money for the target 0 is no money."""
    problem = with_draws(plain_problem([[1.0]], [[1.0]], [[9]]), [])
    plan = solve(replace(problem, objective=Objective(ObjectiveKind.LEAST_MONEY, target=0.0)), INLINE)
    assert (plan.value, plan.money_total) == (0.0, 0)
