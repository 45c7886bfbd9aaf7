"""Purses over years: worked examples, the spans against payments told parcel by parcel, and what must never change."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusteropt.inputs.ledger import SHARE_UNIT, Ledger, list_spans, make_span, payable, payable_together, plain_ledger
from clusteropt.inputs.problem import ResponseFamily, RuleKind, Selection
from clusteropt.model.money_rules import PURSES
from clusteropt.model.space import make_space
from clusteropt.plan.cash import cash_flow
from clusteropt.plan.making import solve
from clusteropt.plan.saving import plan_from_json, plan_to_json
from tests import naive
from tests.problems import INLINE, plain_problem, rule

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem

ALL, HALF = SHARE_UNIT, SHARE_UNIT // 2


def one_fund(amounts: list[int], **columns: list[int]) -> Problem:
    """One cluster, one lever with a log response, one fund with a ledger of these columns."""
    problem = plain_problem([[2.0]], [[10.0]], [amounts], family=ResponseFamily.LOG, per_printed=1)
    ledger = plain_ledger((1, len(amounts)))
    parts = {name: np.array([values], np.int64) for name, values in columns.items()}
    return replace(problem, most=np.array([[10**6]]), ledger=replace(ledger, **parts))


def paid(problem: Problem) -> list[int]:
    """Solve, and give what the fund awards year by year."""
    return solve(problem, INLINE).by_purse["awarded"].tolist()


def payments_of(paid: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Give awards by purse, and no programmes beside them."""
    awards = np.array(paid)
    return awards, np.zeros_like(awards)


def test_money_waits_for_a_better_year() -> None:
    """9 come in the first year and 1 in the second; equal years are best: 5 and 5, of which 4 were carried over."""
    problem = one_fund([9, 1], carried=[ALL, 0], lasts=[2, 2])
    plan = solve(problem, INLINE)
    assert plan.by_purse.drop(columns="fund").to_dict("list") == {
        "year": [2025, 2026],
        "held": [9, 1],
        "carried_in": [0, 4],
        "returned": [0, 0],
        "committed": [0, 0],
        "awarded": [5, 5],
        "unspent": [0, 0],
        "carried_out": [4, 0],
    }


def test_a_share_of_the_amount_waits_rounded_down() -> None:
    """A third of 10 is 3 whole units: 7 and 3, though 5 and 5 would be better."""
    assert paid(one_fund([10, 0], carried=[333_333_333, 0], lasts=[2, 2])) == [7, 3]


def test_what_is_carried_over_lapses() -> None:
    """12 come in the first year and last one more: 6 and 6, nothing in the third, where 4, 4, 4 would be best."""
    assert paid(one_fund([12, 0, 0], carried=[ALL] * 3, lasts=[1] * 3)) == [6, 6, 0]
    assert paid(one_fund([12, 0, 0], carried=[ALL] * 3, lasts=[2] * 3)) == [4, 4, 4]


def test_what_lapses_first_is_paid_first() -> None:
    """The 4 of the first year lapse after the second; that pays from them, and keeps its own 6 for the third."""
    problem = one_fund([4, 6, 0], carried=[ALL] * 3, lasts=[1, 1, 1])
    flow = cash_flow(problem, payments_of([[0, 4, 6]]))
    assert flow.carried_in.tolist() == [[0, 4, 6]]
    assert flow.unspent.tolist() == [[0, 0, 0]]


def test_commitments_come_first() -> None:
    """Of 10 a year 8 are committed in the second: without carry-over 2 are left there, with it 6 and 6."""
    assert paid(one_fund([10, 10], committed=[0, 8])) == [10, 2]
    assert paid(one_fund([10, 10], committed=[0, 8], carried=[ALL, 0], lasts=[2, 2])) == [6, 6]


def test_loans_come_back_in_parts() -> None:
    """All of 10 comes back from the second year on in two parts of 5; what is lent again comes back later still."""
    problem = one_fund([10, 0, 0], returned=[ALL] * 3, parts=[2] * 3)
    plan = solve(problem, INLINE)
    assert plan.by_purse["awarded"].tolist() == [10, 5, 7]
    # 5 come back of the 10, then 5 of the 10 and 2.5 of the 5: half a unit waits.
    assert plan.by_purse["returned"].tolist() == [0, 5, 7]
    assert make_span(problem, 0, (2,)).shares == (Fraction(1), Fraction(1, 2), Fraction(0))


def test_a_guarantee_ties_up_its_reserve() -> None:
    """A reserve comes back whole two years later: 10 in the first year, nothing in the second, 10 in the third."""
    assert paid(one_fund([10, 0, 0], returned=[ALL] * 3, after=[2] * 3)) == [10, 0, 10]


def test_no_more_is_paid_than_there_is() -> None:
    """A cash flow is told only of payments that can be made."""
    problem = one_fund([4, 6], carried=[ALL, 0], lasts=[1, 1])
    with pytest.raises(ValueError, match="fund F0 pays 1 units more than it has"):
        cash_flow(problem, payments_of([[5, 5]]))


def test_a_plan_with_a_ledger_is_saved_and_read_back() -> None:
    """The cash flow is part of the plan file."""
    plan = solve(one_fund([9, 1], carried=[ALL, 0], lasts=[2, 2]), INLINE)
    assert plan_to_json(plan_from_json(plan_to_json(plan))) == plan_to_json(plan)


def test_plain_columns_stay_as_they_were() -> None:
    """Without a ledger the table of purses has no column for what moves."""
    plan = solve(replace(one_fund([9, 1]), ledger=None), INLINE)
    assert plan.by_purse.columns.tolist() == ["fund", "year", "held", "awarded", "unspent"]


def test_only_spans_that_say_something_are_rows() -> None:
    """Full carry-over that never lapses: a fund may not be ahead of its money, year by year, and that is all."""
    problem = one_fund([3, 4, 5], carried=[ALL] * 3, lasts=[3] * 3)
    assert [span.years for span in list_spans(problem, 0)] == [(0,), (0, 1), (0, 1, 2)]
    assert [span.limit for span in list_spans(problem, 0)] == [3, 7, 12]


def test_spans_with_gaps_are_needed() -> None:
    """What the first year keeps for later may be paid in the second or the fourth, and the third has its own."""
    problem = one_fund([10, 0, 10, 0], carried=[ALL, 0, 0, 0], lasts=[3] * 4)
    spans = {span.years: span.limit for span in list_spans(problem, 0)}
    assert spans[0, 1, 3] == 10
    assert naive.first_short(problem, 0, [0, 10, 0, 1]) == 3


shares = st.sampled_from([0, ALL, HALF, 333_333_333, 10**8])


@st.composite
def ledgers(draw: st.DrawFn) -> tuple[Problem, list[int]]:
    """Draw a fund with a ledger, and payments that are near what it can pay."""
    num = draw(st.integers(1, 4))
    years = {"min_size": num, "max_size": num}
    amounts = draw(st.lists(st.integers(0, 9), **years))
    ledger = Ledger(
        carried=np.array([draw(st.lists(shares, **years))]),
        lasts=np.array([draw(st.lists(st.integers(1, 4), **years))]),
        committed=np.array([draw(st.lists(st.integers(0, 3), **years))]),
        returned=np.array([draw(st.lists(shares, **years))]),
        after=np.array([draw(st.lists(st.integers(1, 2), **years))]),
        parts=np.array([draw(st.lists(st.integers(1, 3), **years))]),
    )
    payments = draw(st.lists(st.integers(0, 12), **years))
    return replace(one_fund(amounts), ledger=ledger), payments


@given(ledgers())
def test_spans_hold_just_where_every_payment_can_be_made(drawn: tuple[Problem, list[int]]) -> None:
    """Hall's condition against parcels of money paid one by one, which is written from the tables alone."""
    problem, payments = drawn
    space = make_space(replace(problem, purse=problem.purse + problem.ledger.committed))
    money = np.array(payments)[space.cell_year[space.flow_cell]]
    rows = [row for function in PURSES for row in function(space)]
    can = naive.first_short(space.problem, 0, payments) is None
    assert can == (not any(row.excess(money) for row in rows))
    if can:
        flow = cash_flow(space.problem, payments_of([payments]))
        come = space.problem.purse + flow.carried_in + flow.returned
        assert (come == flow.committed + np.array([payments]) + flow.unspent + flow.carried_out).all()
        assert (flow.carried_in[:, 1:] == flow.carried_out[:, :-1]).all()
        assert (np.array(payments) <= payable(space.problem)[0]).all()
        assert sum(payments) <= payable_together(space.problem, np.ones((1, problem.num_years), bool))


@given(ledgers())
def test_money_that_returns_is_never_spent_before(drawn: tuple[Problem, list[int]]) -> None:
    """What a fund pays up to a year is at most what came in up to then and what came back of earlier awards."""
    problem, payments = drawn
    problem = replace(problem, purse=problem.purse + problem.ledger.committed)
    if naive.first_short(problem, 0, payments) is not None:
        return
    flow = cash_flow(problem, payments_of([payments]))
    back, ledger = 0, problem.ledger
    for year in range(problem.num_years):
        due = [
            Fraction(payments[t] * int(ledger.returned[0, t]), SHARE_UNIT * int(ledger.parts[0, t]))
            for t in range(year)
            for k in range(int(ledger.parts[0, t]))
            if t + int(ledger.after[0, t]) + k <= year
        ]
        back += int(flow.returned[0, year])
        assert back == int(sum(due, Fraction(0)))
        assert sum(payments[: year + 1]) <= int(problem.purse[0, : year + 1].sum()) + back


def two_clusters(amounts: list[list[int]]) -> Problem:
    """Two clusters that grow tired of money, three years, the second cluster late."""
    problem = plain_problem([[2.0], [3.0]], [[5.0], [9.0]], amounts, family=ResponseFamily.LOG, per_printed=1)
    late = rule(RuleKind.AMOUNT, Selection(clusters=(1,), years=(0,)), None, 2, name="late")
    return replace(problem, most=np.full((2, 1), 10**6), rules=(late,))


@pytest.mark.parametrize("carried", [0, HALF, ALL])
def test_more_carry_over_is_never_worse(carried: int) -> None:
    """A purse whose money may wait has every plan of one whose money may not."""
    problem = two_clusters([[12, 1, 3]])
    ledger = plain_ledger((1, 3))
    some, full = (
        solve(
            replace(problem, ledger=replace(ledger, carried=np.full((1, 3), share), lasts=np.full((1, 3), 3))), INLINE
        )
        for share in (carried, ALL)
    )
    assert full.value >= some.value - 1e-9
    assert (carried == ALL) or full.value > some.value


def test_two_equal_halves_of_a_purse_do_what_the_whole_does() -> None:
    """Splitting a fund with a ledger in two equal ones changes no value."""
    whole, halves = two_clusters([[12, 2, 4]]), two_clusters([[6, 1, 2], [6, 1, 2]])
    parts = {"carried": ALL, "lasts": 1, "returned": HALF, "committed": 0}
    values = []
    for problem in (whole, halves):
        shape = problem.purse.shape
        ledger = replace(plain_ledger(shape), **{name: np.full(shape, value) for name, value in parts.items()})
        values.append(solve(replace(problem, ledger=ledger), INLINE).value)
    # Half a unit that comes back waits in each of the halves: they may lose what the whole can pay.
    assert values[1] <= values[0] + 1e-9
    assert values[1] >= values[0] * (1 - 0.02)


def test_halves_without_returns_are_equal() -> None:
    """Where nothing comes back in fractions, the values are the same."""
    whole, halves = two_clusters([[12, 2, 4]]), two_clusters([[6, 1, 2], [6, 1, 2]])
    values = []
    for problem in (whole, halves):
        shape = problem.purse.shape
        ledger = replace(plain_ledger(shape), carried=np.full(shape, ALL), lasts=np.full(shape, 1))
        values.append(solve(replace(problem, ledger=ledger), INLINE).value)
    assert values[0] == pytest.approx(values[1], rel=1e-9)


def test_a_ledger_that_moves_nothing_is_a_plain_purse() -> None:
    """A one-year plan, and one without any share, are those of plain purses."""
    for amounts in ([[7]], [[7, 3, 2]]):
        problem = plain_problem([[2.0], [3.0]], [[5.0], [9.0]], amounts, family=ResponseFamily.LOG, per_printed=1)
        shape = problem.purse.shape
        moved = replace(
            plain_ledger(shape), lasts=np.full(shape, 1), carried=np.full(shape, 0 if shape[1] > 1 else ALL)
        )
        one, other = solve(problem, INLINE), solve(replace(problem, ledger=moved), INLINE)
        assert one.value == other.value
        assert one.allocation.equals(other.allocation)
