"""Every row of money and every level of a rule of one small problem, written out by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from clusteropt.inputs.problem import RuleBase, RuleKind, Selection
from clusteropt.model import money_rules
from clusteropt.model.money_rules import MoneyRow, last_money, share_base
from clusteropt.model.space import make_space
from clusteropt.plan.certificate import Side
from clusteropt.plan.rule_levels import all_levels
from tests.problems import plain_problem, rule, with_draws, with_last

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.inputs.problem import Problem, Rule
    from clusteropt.model.space import Space

PURSE = [[10, 20, 30], [40, 50, 60]]
LAST = [(0, 0, 0, 7), (0, 0, 1, 5), (0, 1, -1, 4), (1, 0, 0, 9), (1, 1, 1, 3)]
"""Cluster, lever, fund (-1: none named) and amount of the last plan."""
FLOWS = [(c, k, f, t) for c in range(2) for k in range(2) for f in range(2) for t in range(3)]
"""Cluster, lever, fund and year of every flow, in the order of the flows."""
OTHER = rule(RuleKind.COUNT, maximum=100, name="other")
"""Stands before the rule under test, so that its number is 1."""


def problem_with(*rules: Rule) -> Problem:
    """Give two clusters, levers and funds over three years; each cluster has its own region, path and industry."""
    problem = plain_problem(np.ones((2, 2)), np.ones((2, 2)), PURSE, regions=[0, 1])
    own = np.array([0, 1], np.int32)
    return with_last(replace(problem, path_of=own, industry_of=own.copy(), rules=(OTHER, *rules)), LAST)


def space_with(*rules: Rule) -> Space:
    """Lay the problem out."""
    return make_space(problem_with(*rules))


def flows(cluster: int | None = None, lever: int | None = None, fund: int | None = None,
          years: tuple[int, ...] = (0, 1, 2)) -> list[int]:  # fmt: skip
    """Give the positions of the flows with these parts; None is any."""
    wanted = (cluster, lever, fund)
    return [
        position
        for position, flow in enumerate(FLOWS)
        if flow[3] in years and all(want in (None, have) for want, have in zip(wanted, flow, strict=False))
    ]


def written(rows: Iterator[MoneyRow]) -> list[tuple]:
    """Write rows out as name, key, flows, coefficients, lower and upper limit."""
    found = []
    for row in rows:
        assert all(type(limit) is int for limit in (row.lower, row.upper) if limit is not None)
        assert row.coef.dtype == np.int64
        found.append((row.name, row.key, row.flow.tolist(), row.coef.tolist(), row.lower, row.upper))
    return found


def row(key: tuple[int, ...], flow: list[int], low: int | None, high: int | None, name: str = "rule rule") -> tuple:
    """Write the row out that sums some flows."""
    return (name, key, flow, [1] * len(flow), low, high)


def test_a_purse_is_a_row_over_its_draws() -> None:
    """One row for a fund and a year, named by both, with what the purse holds above."""
    assert written(money_rules.purse_money(space_with())) == [
        row((f, t), flows(fund=f, years=(t,)), None, PURSE[f][t], f"purse F{f} {2025 + t}")
        for f in range(2)
        for t in range(3)
    ]


def test_a_purse_that_nobody_draws_on_is_no_row() -> None:
    """With the draw of the second fund alone, the rows are those of the second fund."""
    space = make_space(with_draws(problem_with(), [(0, 1, 1)]))
    assert written(money_rules.purse_money(space)) == [
        row((1, t), [t], None, PURSE[1][t], f"purse F1 {2025 + t}") for t in range(3)
    ]


@pytest.mark.parametrize(
    ("low", "high", "limits"),
    [("5/2", "7/2", (3, 3)), (2, None, (2, None)), (None, 4, (None, 4)), (0, 0, (0, 0))],
)
def test_an_amount_rule_is_one_row(low: object, high: object, limits: tuple) -> None:
    """The money of the selection over all its years, with limits rounded inwards."""
    asked = rule(RuleKind.AMOUNT, Selection(clusters=(1,), years=(0, 2)), low, high)
    assert written(money_rules.amount_money(space_with(asked))) == [row((1,), flows(1, years=(0, 2)), *limits)]


@pytest.mark.parametrize(
    ("of", "years", "amount"),
    [
        (Selection(funds=(1,)), (1, 2), 110),
        (Selection(funds=(1,)), (), 150),
        (Selection(funds=(0, 1), years=(0,)), (1, 2), 50),
    ],
)
def test_a_share_of_funds_is_an_amount(of: Selection, years: tuple[int, ...], amount: int) -> None:
    """A third to a half of what the funds hold in the years of the base, else of the selection, else in all."""
    asked = rule(
        RuleKind.SHARE, Selection(levers=(0,), years=years), "1/3", "1/2", base=RuleBase.FUND, base_selection=of
    )
    space, flow = space_with(asked), flows(lever=0, years=years or (0, 1, 2))
    assert written(money_rules.share_money(space)) == [
        row((1, 0), flow, -(-amount // 3), None),
        row((1, 1), flow, None, amount // 2),
    ]
    assert share_base(space, asked, np.ones(24, np.int64)) == amount


def test_a_share_of_all_money() -> None:
    """At least 1/3: 3 selection - 1 all >= 0; at most 2/5: 5 selection - 2 all <= 0, in the years of the selection."""
    asked = rule(RuleKind.SHARE, Selection(levers=(0,), years=(1,)), "1/3", "2/5")
    space, every, inside = space_with(asked), flows(years=(1,)), flows(lever=0, years=(1,))
    assert written(money_rules.share_money(space)) == [
        ("rule rule", (1, 0), every, [2 if j in inside else -1 for j in every], 0, None),
        ("rule rule", (1, 1), every, [3 if j in inside else -2 for j in every], None, 0),
    ]
    assert share_base(space, asked, np.arange(24)) == sum(every)


def test_a_share_of_other_money() -> None:
    """Cluster 0 gets at least 3/4 of what cluster 1 gets, in the years that each names; flows of neither stay out."""
    other = Selection(clusters=(1,), years=(2,))
    asked = rule(
        RuleKind.SHARE, Selection(clusters=(0,), years=(0,)), "3/4", None, base=RuleBase.SELECTION, base_selection=other
    )
    mine, theirs = flows(0, years=(0,)), flows(1, years=(2,))
    assert written(money_rules.share_money(space_with(asked))) == [
        ("rule rule", (1, 0), mine + theirs, [4] * 4 + [-3] * 4, 0, None)
    ]
    assert share_base(space_with(asked), asked, np.arange(24)) == sum(theirs)


def test_a_share_of_the_whole_leaves_the_selection_out() -> None:
    """At least all the money: the selection cancels, and what is left is that the others get nothing."""
    asked = rule(RuleKind.SHARE, Selection(clusters=(0,)), 1, None)
    assert written(money_rules.share_money(space_with(asked))) == [("rule rule", (1, 0), flows(1), [-1] * 12, 0, None)]


@pytest.mark.parametrize(
    ("low", "high", "limits"),
    [("-1/10", "1/2", (19, 31)), ("-1/10", None, (19, None)), (None, "1/2", (None, 31)), (-1, 0, (0, 21))],
)
def test_a_change_rule_is_a_row_a_year(low: object, high: object, limits: tuple) -> None:
    """Lever 0 had 21 last: at least nine tenths are 18.9, at most three halves 31.5, in each year of the selection."""
    asked = rule(RuleKind.CHANGE, Selection(levers=(0,), years=(0, 2)), low, high)
    assert written(money_rules.change_money(space_with(asked))) == [
        row((1, t), flows(lever=0, years=(t,)), *limits) for t in (0, 2)
    ]


def test_a_change_rule_without_years_speaks_of_all() -> None:
    """Cluster 1 had 12 last and gets at most as much in each of the three years."""
    asked = rule(RuleKind.CHANGE, Selection(clusters=(1,)), None, 0)
    assert written(money_rules.change_money(space_with(asked))) == [
        row((1, t), flows(1, years=(t,)), None, 12) for t in range(3)
    ]


@pytest.mark.parametrize(
    ("selection", "amount"),
    [
        (Selection(), 28),
        (Selection(regions=(1,)), 12),
        (Selection(paths=(0,)), 16),
        (Selection(industries=(1,)), 12),
        (Selection(clusters=(0,)), 16),
        (Selection(levers=(1,)), 7),
        (Selection(funds=(0,)), 16),
        (Selection(funds=(0, 1), clusters=(0,)), 12),
        (Selection(clusters=(0,), levers=(0,), years=(1,)), 12),
        (Selection(regions=(0,), paths=(1,)), 0),
    ],
)
def test_the_last_plan_is_summed_over_a_selection(selection: Selection, amount: int) -> None:
    """Every field of the selection counts but its years; money that names no fund is of no named fund."""
    found = last_money(problem_with(), selection)
    assert (type(found), found) == (int, amount)


def test_a_lock_is_a_row_a_cell() -> None:
    """Each cell gets exactly what is locked, from any fund."""
    asked = rule(RuleKind.LOCK, Selection(clusters=(1,), years=(0, 1)), 6, 6)
    assert written(money_rules.lock_money(space_with(asked))) == [
        row((1, (1 * 2 + lever) * 3 + t), flows(1, lever, years=(t,)), 6, 6) for lever in range(2) for t in range(2)
    ]


def test_a_lock_without_an_amount_keeps_the_last_plan() -> None:
    """Each cell gets what all the funds gave it, or an entry without a fund."""
    asked = rule(RuleKind.LOCK, Selection(years=(1,)))
    was = {(0, 0): 12, (0, 1): 4, (1, 0): 9, (1, 1): 3}
    assert written(money_rules.lock_money(space_with(asked))) == [
        row((1, (c * 2 + k) * 3 + 1), flows(c, k, years=(1,)), amount, amount) for (c, k), amount in was.items()
    ]


def test_a_lock_of_funds_is_a_row_a_draw() -> None:
    """Each draw on the fund gets what is locked, or what this fund gave it last."""
    where = Selection(funds=(1,), years=(2,))
    was = {(0, 0): 5, (0, 1): 0, (1, 0): 0, (1, 1): 3}
    rows = {place: flows(*place, fund=1, years=(2,)) for place in was}
    kept = written(money_rules.lock_money(space_with(rule(RuleKind.LOCK, where))))
    assert kept == [row((1, *rows[place]), rows[place], amount, amount) for place, amount in was.items()]
    fixed = written(money_rules.lock_money(space_with(rule(RuleKind.LOCK, where, 8, 8))))
    assert fixed == [row((1, *rows[place]), rows[place], 8, 8) for place in was]


def test_locks_stand_beside_each_other() -> None:
    """A lock of a fund, then one of a cell: both have their rows, under their own numbers."""
    place = {"clusters": (0,), "levers": (1,), "years": (0,)}
    fund, cell = (
        rule(RuleKind.LOCK, Selection(**place, funds=(0,)), 2, 2),
        rule(RuleKind.LOCK, Selection(**place), 5, 5),
    )
    draw = flows(0, 1, fund=0, years=(0,))
    assert written(money_rules.lock_money(space_with(fund, cell))) == [
        row((1, *draw), draw, 2, 2),
        row((2, 3), flows(0, 1, years=(0,)), 5, 5),
    ]


@pytest.mark.parametrize(("low", "high"), [(0, None), (None, 0), (0, 5)])
def test_a_lock_with_one_side_is_that_side(low: int | None, high: int | None) -> None:
    """Nothing locked is an amount like others; the least comes before the most."""
    asked = rule(RuleKind.LOCK, Selection(clusters=(0,), levers=(0,), years=(0,)), low, high)
    assert written(money_rules.lock_money(space_with(asked))) == [row((1, 0), flows(0, 0, years=(0,)), 0, 0)]


@pytest.mark.parametrize(("amount", "num"), [(0, 0), (1, 1)])
def test_a_lock_on_a_cell_that_nobody_funds(amount: int, num: int) -> None:
    """A cell without a draw gets nothing: nothing to say where nothing is locked, a row that cannot hold else."""
    asked = rule(RuleKind.LOCK, Selection(clusters=(1,), levers=(0,), years=(1,)), amount, amount)
    space = make_space(with_draws(problem_with(asked), [(0, 0, 0)]))
    assert written(money_rules.lock_money(space)) == [row((1, 7), [], amount, amount)] * num
    assert [one.excess(np.zeros(3, np.int64)) for one in money_rules.lock_money(space)] == [1] * num


def test_a_row_without_limits_holds() -> None:
    """No limit below and above: whatever the money is, the excess is 0."""
    free = MoneyRow("row", (0,), np.array([0]), np.array([1]), None, None)
    assert [free.excess(np.array([amount])) for amount in (-5, 0, 10**15)] == [0, 0, 0]


LEVELS = (
    (rule(RuleKind.AMOUNT, Selection(clusters=(1,)), "5/2", "7/2"), [(Side.MIN, -1, 12, 3), (Side.MAX, -1, 12, 3)]),
    (rule(RuleKind.AMOUNT, Selection(), "-7/2", "-5/2"), [(Side.MIN, -1, 24, -3), (Side.MAX, -1, 24, -3)]),
    (rule(RuleKind.AMOUNT, Selection(levers=(0,), years=(0,)), None, 9), [(Side.MAX, -1, 4, 9)]),
    (rule(RuleKind.SHARE, Selection(levers=(0,)), "1/5", "2/7"), [(Side.MIN, -1, 12, 5), (Side.MAX, -1, 12, 6)]),
    (rule(RuleKind.SHARE, Selection(years=(1,)), "1/3", None, base=RuleBase.FUND, base_selection=Selection(funds=(1,))),
     [(Side.MIN, -1, 8, 17)]),
    (rule(RuleKind.COUNT, Selection(years=(0, 2)), 1, 9), [(Side.MIN, -1, 8, 1), (Side.MAX, -1, 8, 9)]),
    (rule(RuleKind.COUNT, Selection(), None, 1, base=RuleBase.CLUSTERS), [(Side.MAX, -1, 2, 1)]),
    (rule(RuleKind.COUNT, Selection(funds=(0,)), 3, None), [(Side.MIN, -1, 12, 3)]),
    (rule(RuleKind.CHANGE, Selection(levers=(0,), years=(0, 2)), "-1/10", "1/2"),
     [(Side.MIN, 0, 4, 19), (Side.MAX, 0, 4, 31), (Side.MIN, 2, 4, 19), (Side.MAX, 2, 4, 31)]),
    (rule(RuleKind.CHANGE, Selection(funds=(0,), years=(1,)), None, 0), [(Side.MAX, 1, 4, 16)]),
    (rule(RuleKind.LOCK, Selection(clusters=(0,), years=(0,)), 3, 3), [(Side.MIN, -1, 4, 6), (Side.MAX, -1, 4, 6)]),
    (rule(RuleKind.LOCK, Selection(clusters=(0,), years=(0,))), [(Side.MIN, -1, 4, 16), (Side.MAX, -1, 4, 16)]),
    (rule(RuleKind.LOCK, Selection(years=(0,)), 0, 0), [(Side.MIN, -1, 8, 0), (Side.MAX, -1, 8, 0)]),
)  # fmt: skip
"""A rule, and side, year, level and limit of its entries where every flow carries one unit."""


@pytest.mark.parametrize("position", range(len(LEVELS)))
def test_levels_of_a_rule(position: int) -> None:
    """Every flow carries one unit: a cell has 2, a cluster 12 of the 24 in all."""
    asked, wanted = LEVELS[position]
    levels = all_levels(space_with(asked), np.ones(24, np.int64))
    entries = zip(
        levels.rule, levels.side, levels.year.tolist(), levels.level.tolist(), levels.limit.tolist(), strict=True
    )
    assert list(entries) == [("other", Side.MAX, -1, 12, 100), *(("rule", *entry) for entry in wanted)]


def test_levels_of_many_rules_keep_their_order() -> None:
    """Rules of one kind are told apart by their number, and the arrays hold 64 bits."""
    rules = [replace(asked, name=f"rule{k}") for k, (asked, _) in enumerate(LEVELS)]
    levels = all_levels(space_with(*rules), np.ones(24, np.int64))
    wanted = [(f"rule{k}", *entry) for k, (_, entries) in enumerate(LEVELS) for entry in entries]
    entries = zip(
        levels.rule, levels.side, levels.year.tolist(), levels.level.tolist(), levels.limit.tolist(), strict=True
    )
    assert list(entries)[1:] == wanted
    assert {part.dtype for part in (levels.year, levels.level, levels.limit)} == {np.dtype(np.int64)}


def test_levels_without_rules_are_empty() -> None:
    """No rule, no entry, and still arrays of whole numbers."""
    levels = all_levels(make_space(replace(problem_with(), rules=())), np.ones(24, np.int64))
    assert (levels.rule, levels.side, levels.slack) == ((), (), [])
    assert {part.dtype for part in (levels.year, levels.level, levels.limit)} == {np.dtype(np.int64)}
