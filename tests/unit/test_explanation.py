"""Explanations of small plans worked by hand: worth of purses, cost of rules, reasons of cells, words, time, Ctrl-C."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from clusteropt.errors import InputError
from clusteropt.explanation import neighbours
from clusteropt.explanation.bracket import UNKNOWN, Known, Way, difference
from clusteropt.explanation.explaining import explain
from clusteropt.explanation.explanation import ExplainOptions, Explanation, Part, Stop
from clusteropt.explanation.neighbours import base_of, only_gains, richer
from clusteropt.inputs.problem import Objective, ObjectiveKind, Problem, ResponseFamily, RuleBase, RuleKind, Selection
from clusteropt.inputs.reading import problem_of_folder
from clusteropt.inputs.settings import ModelSettings
from clusteropt.plan.certificate import Proof, Side
from clusteropt.plan.making import solve
from clusteropt.plan.saving import load_plan
from clusteropt.report.explanation import explanation_lines
from clusteropt.report.files import write_plan_files
from clusteropt.text import Language
from tests.problems import INLINE, plain_problem, rule, with_draws, with_menus
from tests.small import small_problem

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.explanation.explanation import CellReason

ALL = frozenset(Part)
MONEY = frozenset((Part.PURSES,))


def two_menus(purse: int = 7) -> Problem:
    """Cluster 0 brings 10 for 4 units or 13 for 8; cluster 1 brings 6 for 3. With 7 units the best is 4 and 3: 16."""
    problem = plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[purse]])
    return with_menus(problem, {(0, 0): [(4, 10.0), (8, 13.0)], (1, 0): [(3, 6.0)]})


def explained(problem: Problem, **asked: object) -> Explanation:
    """Solve a problem and explain its plan."""
    options = ExplainOptions(**{"solve": INLINE, "parts": ALL, **asked})
    return explain(problem, solve(problem, INLINE), options)


def test_one_more_unit_is_worth_nothing_where_four_are_worth_three() -> None:
    """8 units buy no more than 7; 11 units buy 8 and 3, worth 19. The price of a linear program, 0.75, says neither."""
    one = explained(two_menus(), step=1 / 7, parts=MONEY).purses[0]
    assert (one.held, one.unspent, one.step) == (7, 0, 1)
    assert (one.worth.low.value, one.worth.high.value) == pytest.approx((0.0, 0.0), abs=1e-9)
    four = explained(two_menus(), step=4 / 7, parts=MONEY).purses[0]
    assert four.step == 4
    assert (four.worth.low.value, four.worth.high.value) == pytest.approx((0.75, 0.75), abs=1e-6)


def test_a_rule_costs_what_the_best_plan_without_it_brings_more() -> None:
    """With one award at most the best is 10; without the rule it is 16. Its level, limit and slack are counted."""
    single = replace(two_menus(), rules=(rule(RuleKind.COUNT, maximum=1, base=RuleBase.AWARDS, name="one"),))
    (cost,) = explained(single).rules
    assert (cost.cost.low.value, cost.cost.high.value) == pytest.approx((6.0, 6.0), abs=1e-6)
    (side,) = cost.sides
    assert (side.side, side.level, side.limit, side.slack) == (Side.MAX, 1, 1, 0)
    assert cost.words.en.startswith("rule one")


def test_a_slack_rule_costs_nothing_without_a_solve() -> None:
    """A cap of 6 on a cell with 4 has price 0: the price says so, and nothing is solved."""
    capped = replace(two_menus(), rules=(rule(RuleKind.AMOUNT, Selection(clusters=(0,)), None, 6),))
    plan = solve(capped, INLINE)
    seen: list[int] = []
    options = ExplainOptions(parts=frozenset((Part.RULES,)), solve=INLINE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "make", lambda *_, **__: seen.append(1))
        (cost,) = explain(capped, plan, options).rules
    assert seen == []
    assert (cost.cost.low.value, cost.cost.low.way) == (0.0, Way.FREE)
    assert cost.cost.high.way is Way.PRICES
    assert cost.cost.high.value == pytest.approx(0.0, abs=1e-6)


def test_the_worth_of_continuous_money_is_that_of_the_curve() -> None:
    """One log cell of scale 100 with 300 units: V(b) = 100 ln(1 + b / 100), so 3 more are worth 100 ln(403 / 400)."""
    problem = plain_problem([[1.0]], [[100.0]], [[300]], per_printed=10)
    (purse,) = explained(problem, parts=MONEY).purses
    worth = 100 * math.log(403 / 400) * 10 / 3
    assert purse.worth.low.value == pytest.approx(worth, rel=1e-6)
    assert purse.worth.high.value == pytest.approx(worth, rel=1e-6)
    assert worth in purse.worth or purse.worth.low.value == pytest.approx(worth, rel=1e-9)


def test_least_money_is_told_in_money_saved() -> None:
    """The target 10 takes 4 units of cluster 0. A second purse of cluster 1 saves nothing more; the rule costs 2."""
    problem = replace(
        with_menus(two_menus(), {(0, 0): [(4, 10.0)], (1, 0): [(3, 6.0), (6, 10.0)]}),
        objective=Objective(ObjectiveKind.LEAST_MONEY, target=10.0),
        rules=(rule(RuleKind.AMOUNT, Selection(clusters=(0,)), None, 0, name="not"),),
    )
    found = explained(problem)
    assert found.plan.money_total == 6
    assert (found.rules[0].cost.low.value, found.rules[0].cost.high.value) == (2.0, 2.0)
    assert (found.purses[0].worth.low.value, found.purses[0].worth.high.value) == (0.0, 0.0)
    assert "takes 6" in explanation_lines(found)[1]


def _cells(found: Explanation) -> dict[int, CellReason]:
    return {cell.cluster: cell for cell in found.cells}


def test_menu_cells_say_what_steps_bring_and_what_the_next_level_takes() -> None:
    """Cluster 0 got 10 / 4 a unit; its next level brings 3 / 4 a unit, at the price 3 / 4; forcing it costs 3."""
    cells = _cells(explained(two_menus()))
    first = cells[0]
    assert (first.amount, first.level) == (4, 8)
    assert (first.last, first.next) == pytest.approx((2.5, 0.75))
    assert first.forced is None  # 8 units are more than the purse holds
    second = cells[1]
    assert (second.amount, second.stop, second.level) == (3, Stop.MOST, None)
    assert math.isnan(second.next)


def test_the_next_level_takes_a_coefficient_or_money() -> None:
    """Of 11 units with price 1 a level of 8 for 6 pays with 8 / 6 of its gain, or with 2 units from elsewhere."""
    problem = with_menus(
        plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[11]]),
        {(0, 0): [(8, 6.0)], (1, 0): [(k, float(k)) for k in range(1, 12)]},
    )
    found = explained(problem)
    cell = _cells(found)[0]
    assert (cell.amount, cell.level, cell.stop) == (0, 8, Stop.WORTH)
    assert cell.price == pytest.approx(1.0, abs=1e-6)
    assert cell.factor == pytest.approx(8 / 6, rel=1e-6)
    assert cell.money == 2
    assert cell.forced is not None
    assert (cell.forced.low.value, cell.forced.high.value) == pytest.approx((2.0, 2.0), abs=1e-6)


def test_every_stop_is_named() -> None:
    """A cell at its most, one under a cap, one whose purse is bare, one with too large a least, one without effect."""
    problem = plain_problem([[1.0], [1.0], [1.0], [1.0], [0.0]], [[50.0]] * 5, [[200], [60], [40]])
    draws = [(0, 0, 0), (1, 0, 0), (2, 0, 1), (3, 0, 2), (4, 0, 0)]
    least = np.array([[0], [0], [0], [70], [0]], np.int64)
    problem = replace(
        with_draws(problem, draws),
        most=np.array([[30], [10**6], [10**6], [10**6], [10**6]], np.int64),
        least=least,
        rules=(rule(RuleKind.AMOUNT, Selection(clusters=(1,)), None, 40, name="cap"),),
    )
    cells = _cells(explained(problem))
    assert [cells[k].stop for k in (0, 1, 3, 4)] == [Stop.MOST, Stop.RULE, Stop.LEAST, Stop.NO_GAIN]
    # Nobody else draws on its purse, so the certificate may do without a price for it.
    assert cells[2].stop in (Stop.PURSE, Stop.WORTH)
    assert cells[1].rules == ("cap",)
    assert cells[3].level == 70
    assert dict(cells[1].rule_prices).keys() <= {"cap"}


def test_a_purse_bounded_by_its_share_may_lose_by_more_money() -> None:
    """A floor of half of what a fund holds on a cell worth little: more money in the fund is not free."""
    problem = plain_problem([[0.0], [1.0]], [[100.0], [100.0]], [[100]])
    half = rule(
        RuleKind.SHARE, Selection(clusters=(0,)), "1/2", base=RuleBase.FUND, base_selection=Selection(funds=(0,))
    )
    capped = replace(problem, rules=(half,), most=np.array([[10**6], [10]], np.int64))
    base = base_of(capped, solve(capped, INLINE))
    assert not only_gains(base, 0, 0, richer(base.problem, 0, 0, 10))
    assert only_gains(base_of(problem, solve(problem, INLINE)), 0, 0, richer(problem, 0, 0, 10))


def test_a_most_that_is_no_limit_stays_none() -> None:
    """A cell that may take all its purses hold may take all of a richer purse; a smaller most stays."""
    problem = replace(plain_problem([[1.0], [1.0]], [[10.0]] * 2, [[7], [5]]), most=np.array([[12], [11]], np.int64))
    rich = richer(problem, 1, 0, 4)
    assert rich.most.tolist() == [[16], [11]]
    assert rich.purse.tolist() == [[7], [9]]


def test_brackets_of_known_optima() -> None:
    """Low = v' - B, high = B' - v; nothing is lost where nothing can be; a bound below a plan is dropped as false."""
    worse = Known(10.0, Way.PLAN, 11.0, Way.PLAN, Proof.SAFE)
    better = Known(13.0, Way.SOLVED, 14.0, Way.PRICES, Proof.CLAIMED)
    found = difference(better, worse, free=True)
    assert (found.low.value, found.low.way, found.low.proof) == (2.0, Way.SOLVED, Proof.SAFE)
    assert (found.high.value, found.high.way, found.high.proof) == (4.0, Way.PRICES, Proof.CLAIMED)
    assert 3.0 in found
    assert 4.5 not in found
    same = difference(worse, worse, free=True)
    assert (same.low.value, same.low.way) == (0.0, Way.FREE)
    open_ends = difference(UNKNOWN, worse, free=False)
    assert (open_ends.low.value, open_ends.high.value) == (-math.inf, math.inf)
    assert (open_ends.low.way, open_ends.high.way) == (Way.UNKNOWN, Way.UNKNOWN)
    assert better.at_least(20.0).bound == math.inf
    assert better.at_least(14.0 + 1e-7).bound == 14.0 + 1e-7
    assert better.tighter(worse) == Known(13.0, Way.SOLVED, 11.0, Way.PLAN, Proof.SAFE)
    assert found.times(2.0).high.value == 8.0


def test_without_time_the_brackets_are_open_and_said_to_be() -> None:
    """With no time for a solve the prices still bound every worth from above, and the explanation is not complete."""
    problem = replace(two_menus(), rules=(rule(RuleKind.COUNT, maximum=1, base=RuleBase.AWARDS, name="one"),))
    found = explained(problem, solve=replace(INLINE, time_limit_s=1e-6))
    assert not found.complete
    assert found.rules[0].cost.low.value == 0.0
    assert "∞" in "\n".join(explanation_lines(found)) or found.rules[0].cost.high.way is Way.PRICES
    assert any("Allow more time" in line for line in explanation_lines(found))


def test_ctrl_c_gives_what_is_known() -> None:
    """An interrupt in the second solve leaves the first bracket as it is, and the others to the prices."""
    problem = replace(
        plain_problem([[1.0], [1.0]], [[50.0], [50.0]], [[100], [70]]),
        rules=(rule(RuleKind.AMOUNT, Selection(clusters=(0,)), None, 30, name="cap"),),
    )
    plan = solve(problem, INLINE)
    made = neighbours.make
    calls: list[int] = []

    def interrupted(*arguments: object, **more: object) -> object:
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return made(*arguments, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "make", interrupted)
        found = explain(problem, plan, ExplainOptions(solve=INLINE))
    assert len(calls) == 2
    assert not found.complete
    assert len(found.purses) == 2
    assert len(found.rules) == 1
    assert found.purses[0].worth.low.way in (Way.KEPT, Way.SOLVED)
    assert found.purses[1].worth.low.way is Way.FREE


def test_progress_is_told() -> None:
    """Every purse, rule and forced level is announced before it is looked at."""
    problem = replace(two_menus(11), rules=(rule(RuleKind.AMOUNT, Selection(), None, 10**6, name="all"),))
    heard: list[tuple[int, int, str]] = []
    options = ExplainOptions(solve=INLINE, parts=ALL)
    found = explain(
        problem, solve(problem, INLINE), options, lambda step: heard.append((step.done, step.num, step.what.en))
    )
    forced = sum(cell.level is not None for cell in found.cells)
    assert [done for done, _, _ in heard] == list(range(2 + forced))
    assert {num for _, num, _ in heard} == {2 + forced}
    assert "F0 2025" in heard[0][2]


def test_a_plan_of_another_problem_is_refused() -> None:
    """Other purses, other rules, and plans with parts of the caller's own are told apart."""
    problem = two_menus()
    plan = solve(problem, INLINE)
    with pytest.raises(InputError, match="not one of this problem"):
        explain(two_menus(8), plan)
    ruled = replace(problem, rules=(rule(RuleKind.COUNT, maximum=1, base=RuleBase.AWARDS),))
    with pytest.raises(InputError, match="not one of this problem"):
        explain(ruled, plan)
    own = replace(plan, certificate=replace(plan.certificate, own=True))
    with pytest.raises(InputError, match="of your own"):
        explain(problem, own)


def test_unknown_clusters_and_steps_are_refused() -> None:
    """A name that no cluster has is a fault with a suggestion; a step of nothing is none."""
    problem = two_menus()
    with pytest.raises(InputError, match="no cluster has this name"):
        explain(problem, solve(problem, INLINE), ExplainOptions(clusters=("C9",)))
    with pytest.raises(ValueError, match="step is 0"):
        ExplainOptions(step=0)


def test_frames_hold_what_the_parts_say() -> None:
    """One row a purse, a side of a rule, a cell; brackets in six columns."""
    problem = replace(two_menus(), rules=(rule(RuleKind.AMOUNT, Selection(), 1, 10, name="both"),))
    found = explained(problem)
    assert found.purse_worth.loc[0, ["fund", "year", "held", "step"]].tolist() == ["F0", 2025, 7, 1]
    assert found.rule_cost["side"].tolist() == ["min", "max"]
    assert found.rule_cost["slack"].tolist() == [6, 3]
    assert found.cell_reasons["amount"].tolist() == [4, 3]
    assert found.cell_reasons["stop"].tolist()[1] == "most"
    assert {"low", "high", "low_way", "high_proof"} <= set(found.purse_worth.columns)


@pytest.mark.parametrize("language", list(Language))
def test_lines_in_both_languages(language: Language) -> None:
    """Every part has lines; no field of a sentence is left unfilled; only the Chinese form has Chinese signs."""
    problem = small_problem(ModelSettings(name="small"))
    found = explain(problem, solve(problem, INLINE), ExplainOptions(parts=ALL, solve=INLINE))
    text = "\n".join(explanation_lines(found, language))
    assert "{" not in text
    assert "floor-west" in text
    names = problem.labels.cluster_names
    assert all(name.read(language) in text for name in names)
    assert any("\u4e00" <= sign <= "\u9fff" for sign in text) == (language is Language.ZH)


def test_a_saved_plan_is_explained_from_its_folder(tmp_path: Path) -> None:
    """The problem read from the inputs beside a plan is the one it was made from; without inputs there is a fault."""
    problem = small_problem(ModelSettings(name="small"))
    plan = solve(problem, INLINE)
    write_plan_files(plan, tmp_path / "plan", problem)
    again = problem_of_folder(tmp_path / "plan")
    assert again.kept is not None
    assert problem.kept is not None
    assert again.kept.files == problem.kept.files
    found = explain(again, load_plan(tmp_path / "plan"), ExplainOptions(solve=INLINE))
    assert found.complete
    write_plan_files(plan, tmp_path / "bare")
    with pytest.raises(InputError, match="without what it was made from"):
        problem_of_folder(tmp_path / "bare")
    (tmp_path / "plan" / "inputs" / "model.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="not as they were written"):
        problem_of_folder(tmp_path / "plan")


def test_years_and_stocks_enter_the_worth_of_a_unit() -> None:
    """With half of the stock kept, the last unit of the first year works in the second as well, by half."""
    problem = replace(plain_problem([[1.0]], [[100.0]], [[50, 0]]), depreciation=np.array([0.5]))
    first = next(cell for cell in explained(problem).cells if cell.year == 0)
    gain = 100 * (math.log(1.5 / 1.49) + math.log(1.25 / 1.245))
    assert first.last == pytest.approx(gain, rel=1e-9)


def test_without_prices_the_solves_alone_speak() -> None:
    """A plan whose certificate proves nothing is explained by solving; prices and what hangs on them are not known."""
    problem = replace(two_menus(11), rules=(rule(RuleKind.COUNT, maximum=1, base=RuleBase.AWARDS, name="one"),))
    plan = solve(problem, INLINE)
    unproved = replace(plan.certificate.stages[0], bound=math.inf, proof=Proof.CLAIMED, multipliers=None)
    bare = replace(plan, certificate=replace(plan.certificate, stages=(unproved,)))
    found = explain(problem, bare, ExplainOptions(parts=ALL, solve=INLINE))
    assert (found.rules[0].cost.low.value, found.rules[0].cost.high.value) == pytest.approx((6.0, 6.0), abs=1e-6)
    assert found.rules[0].cost.high.way is Way.SOLVED
    cells = _cells(found)
    assert math.isnan(cells[0].price)
    assert cells[1].stop is Stop.RULE
    assert cells[1].rules == ("one",)
    assert (cells[1].level, cells[1].money) == (3, None)
    assert math.isnan(cells[1].factor)


def test_money_worth_next_to_nothing_is_no_gain() -> None:
    """Many scales up an exponential curve one more unit brings almost nothing: that is no gain."""
    problem = plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[900]], family=ResponseFamily.EXPONENTIAL)
    cells = explained(problem).cells
    assert {cell.stop for cell in cells} == {Stop.NO_GAIN}
