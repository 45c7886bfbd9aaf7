"""Changes to random tables over several years whose effect on the best plan is known, and a cash book of payments."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import count
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from clusteropt.errors import ExactMoneyError, InfeasibleError, InputError
from clusteropt.inputs import problem_from_tables
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.plan.making import solve
from tests.problems import INLINE, Sizes
from tests.random_tables import LEDGERS, PROGRAMMES, SOFT, TINY, random_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.inputs import ModelSettings
    from clusteropt.plan.plan import Plan
    from tests.random_tables import Tables

OUTCOMES = (ObjectiveKind.TOTAL, ObjectiveKind.EQUITY, ObjectiveKind.LEAST_MONEY)
"""Objectives that compare no regions by which of them money can reach, as what may wait reaches more of them."""
LONGER = Sizes(clusters=2, levers=2, years=3, funds=2, menus=0.3, money=22, cells=8, rules=2)
CLOSE = 1e-8
"""Values of exact solves may differ by this share."""
starts = pytest.mark.parametrize(
    "start", [0, *(pytest.param(start, marks=pytest.mark.long) for start in range(10_000, 90_000, 10_000))]
)
"""Where the seeds of a test begin; of the first it is known that they are no idle ones."""


def best(tables: Tables, settings: ModelSettings) -> Plan | None:
    """Solve; None where the tables are refused or there is no plan."""
    try:
        return solve(problem_from_tables(tables, settings), INLINE)
    except (InputError, InfeasibleError, ExactMoneyError):
        return None


def models(
    start: int, num: int, sizes: Sizes, kinds: tuple[ObjectiveKind, ...]
) -> Iterator[tuple[int, Tables, ModelSettings]]:
    """Give random tables by seed, one objective after the other; the scale of equity is fixed, as purses move it."""
    for number, seed in zip(range(num), count(start), strict=False):
        tables, settings = random_tables(seed, sizes, kinds[number % len(kinds)])
        asked = settings.objective.model_copy(update={"equity_scale": 2.5})
        yield seed, tables, settings.model_copy(update={"objective": asked})


def changed(tables: Tables, table: str, **columns: object) -> Tables:
    """Give the tables with columns of one of them replaced."""
    return {**tables, table: tables[table].assign(**columns)}


def never_worse(free: Plan | None, tight: Plan | None) -> bool:
    """Check that a plan is as good as one that more is asked of, and that its bound knows it; tell if it is better."""
    if tight is None:
        return False
    assert free is not None
    sign = -1 if free.objective.kind is ObjectiveKind.LEAST_MONEY else 1
    slack = CLOSE * max(1.0, abs(tight.value))
    assert sign * (free.safe_bound - tight.value) >= -1e-12 * max(1.0, abs(tight.value))
    assert sign * (free.value - tight.value) >= -slack
    return sign * (free.value - tight.value) > slack


@starts
def test_a_purse_whose_money_may_wait_is_never_worse(start: int) -> None:
    """Full carry-over without an end against none: all plans of the latter are plans of the former, and some gain."""
    better = 0
    for _, tables, settings in models(LEDGERS.start + 500 + start, 9, LONGER, OUTCOMES):
        yearly = changed(tables, "funds", carry_over="", expires_after="")
        waiting = changed(tables, "funds", carry_over="1", expires_after="")
        better += never_worse(best(waiting, settings), best(yearly, settings))
    assert start or better > 0


def halved(tables: Tables) -> tuple[Tables, Tables]:
    """Give tables whose first fund is whole, and tables where two funds of the same columns share its amounts evenly.

    Rules that count draws, or lock one, know the difference and are left out. What may wait or comes back is made a
    number without fractions in both, as a part of a unit is lost in each of the halves.
    """
    funds = tables["funds"].reindex(columns=[*FUNDS], fill_value="")
    whole_share = {"0.3": "0.5", ".25": "0.5"}
    funds = funds.assign(
        carry_over=[whole_share.get(share, share) for share in funds["carry_over"]],
        returned=["1" if share else "" for share in funds["returned"]],
        returned_parts="",
    )
    first = funds["fund"][0]
    mine, amounts = funds["fund"] == first, ["amount", "committed"]
    twice = funds.assign(**{name: [str(2 * int(float(x or "0"))) for x in funds[name]] for name in amounts})
    fourfold = funds.assign(**{name: [str(4 * int(float(x or "0"))) for x in funds[name]] for name in amounts})
    other = f"{first} too"
    split = pd.concat([fourfold[~mine], twice[mine], twice[mine].assign(fund=other)], ignore_index=True)
    one, two = {**tables, "funds": fourfold}, {**tables, "funds": split}
    if "rules" in tables:
        rules = tables["rules"]
        named = rules["fund"].ne("") & rules["kind"].isin(["count", "lock"])
        kept = rules[~named].reset_index(drop=True)
        one["rules"] = kept
        two["rules"] = kept.assign(
            fund=[_both(names, first, other) for names in kept["fund"]],
            of=[_both_of(text, first, other) for text in kept["of"]],
        )
    if "eligibility" in tables:
        rows = tables["eligibility"]
        two["eligibility"] = pd.concat([rows, rows[rows["fund"] == first].assign(fund=other)], ignore_index=True)
    return one, two


FUNDS = ("fund", "year", "amount", "carry_over", "expires_after", "committed", "returned", "returned_after",
         "returned_parts")  # fmt: skip


def _both(names: str, first: str, other: str) -> str:
    parts = [name.strip() for name in names.split("|")]
    return "|".join([*parts, other] if first in parts else parts)


def _both_of(text: str, first: str, other: str) -> str:
    if text.startswith("fund:"):
        return "fund:" + _both(text.removeprefix("fund:"), first, other)
    parts = [part.split("=", 1) for part in text.split("; ")]
    return "; ".join(f"{k[0]}={_both(k[1], first, other)}" if k[0] == "fund" else "=".join(k) for k in parts)


@starts
def test_two_equal_halves_of_a_purse_are_as_good_as_the_whole(start: int) -> None:
    """The same columns, half of the amounts, the same cells: no plan is beyond the bound of the other."""
    solved = 0
    for seed, tables, settings in models(LEDGERS.start + 1000 + start, 8, TINY, tuple(ObjectiveKind)):
        whole, halves = (best(given, settings) for given in halved(tables))
        assert (whole is None) == (halves is None), seed
        if whole is None or halves is None:
            continue
        assert halves.value == pytest.approx(whole.value, rel=CLOSE, abs=CLOSE), seed
        solved += 1
    assert start or solved > 5


@starts
def test_in_one_year_nothing_can_follow(start: int) -> None:
    """What says how money moves, gains last and outcomes are discounted after the only year changes no plan."""
    one_year, solved = Sizes(clusters=3, levers=2, years=1, funds=2, menus=0.3, money=12, cells=6, rules=2), 0
    for kind in (0, PROGRAMMES.start + 500, SOFT.start + 500):
        for seed, tables, settings in models(kind + start, 4, one_year, tuple(ObjectiveKind)):
            plain = {**tables, "funds": tables["funds"][["fund", "year", "amount"]].drop_duplicates("fund")}
            moved = changed(plain, "funds", carry_over="1", expires_after="2", returned="0.9", returned_after="1",
                            returned_parts="2")  # fmt: skip
            if "programmes" in tables and "lasts" in tables["programmes"]:
                moved = changed(moved, "programmes", lasts=[years and "9" for years in tables["programmes"]["lasts"]])
            asked = settings.objective
            later = settings.model_copy(update={"objective": asked.model_copy(update={"discount": 0.25})})
            one, other = best(plain, settings), best(moved, later)
            assert (one is None) == (other is None), seed
            if one is not None and other is not None:
                assert other.value == pytest.approx(one.value, rel=CLOSE, abs=CLOSE), seed
                assert other.by_purse.columns.tolist() == one.by_purse.columns.tolist(), seed
                solved += 1
    assert start or solved > 5


def number(text: str, empty: str) -> Fraction:
    """Read a number of a table."""
    return Fraction(text.strip() or empty)


def cash_book(rows: list[dict[str, str]], paid: dict[int, int]) -> tuple[list[tuple[int, ...]], int]:
    """Pay the years of a fund, each unit from money that is there by then, what lapses first going first.

    Parameters
    ----------
    rows : list of dict
        Of the table of funds, in the order of years.
    paid : dict
        What is awarded in each year.

    Returns
    -------
    list of tuple, int
        Carried in, returned, unspent and carried out, year by year; what was paid of money that had come back.
    """
    first, last = int(rows[0]["year"]), int(rows[-1]["year"])
    hand: dict[float, Fraction] = {}
    book, back, reused = [], Fraction(0), Fraction(0)
    due: dict[int, Fraction] = {}
    for row in rows:
        year, held = int(row["year"]), number(row["amount"], "0")
        carried_in = sum(hand.values())
        waits = Fraction(math.floor(held * number(row["carry_over"], "0")))
        until = year + number(row["expires_after"], "99")
        come = math.floor(back + due.get(year, 0)) - math.floor(back)
        back += due.get(year, 0)
        for day, amount in ((float(year), held - waits), (float(until), waits), (math.inf, Fraction(come))):
            hand[day] = hand.get(day, Fraction(0)) + amount
        left = number(row["committed"], "0") + paid.get(year, 0)
        for day in sorted(hand):
            taken = min(left, hand[day])
            hand[day] -= taken
            left -= taken
            reused += taken if day == math.inf else 0
        assert left == 0, f"{left} units are paid in {year} before they are there"
        lapsed = sum(hand.values()) if year == last else hand[year]
        hand = {} if year == last else {day: amount for day, amount in hand.items() if day > year}
        book.append(tuple(map(int, (carried_in, come, lapsed, sum(hand.values())))))
        parts = int(number(row["returned_parts"], "1"))
        each = paid.get(year, 0) * number(row["returned"], "0") / parts
        start = year + int(number(row["returned_after"], "1"))
        for later in range(start, start + parts):
            due[later] = due.get(later, Fraction(0)) + each
    assert len(book) == last - first + 1
    return book, int(reused)


@starts
def test_money_that_comes_back_is_never_spent_before(start: int) -> None:
    """The payments of a plan, in a book that knows the table of funds alone; the plan tells the same cash flow."""
    reused = lapsed = 0
    for seed, tables, settings in models(LEDGERS.start + 2000 + start, 8, LONGER, tuple(ObjectiveKind)):
        plan = best(tables, settings)
        if plan is None:
            continue
        funds = tables["funds"].reindex(columns=[*FUNDS], fill_value="")
        awards = plan.allocation.groupby(["fund", "year"])["amount"].sum()
        for fund in dict.fromkeys(funds["fund"]):
            rows = sorted(funds[funds["fund"] == fund].to_dict("records"), key=lambda row: int(row["year"]))
            book, again = cash_book(rows, {int(year): int(x) for year, x in awards.get(fund, {}).items()})
            told = plan.by_purse[plan.by_purse["fund"] == fund]
            if "carried_in" in told:
                columns = ["carried_in", "returned", "unspent", "carried_out"]
                assert [tuple(row) for row in told[columns].to_numpy().tolist()] == book, seed
            reused += again
            lapsed += sum(row[2] for row in book[:-1])
    assert start or (reused > 0 and lapsed > 0)


@starts
def test_a_soft_floor_lies_between_none_and_a_hard_one(start: int) -> None:
    """A price takes no more than a floor that must hold; at a price of all there is the two are the same.

    Where the floor cannot be met, something of it is missing at any price.
    """
    same = better = missed = 0
    for seed, tables, settings in models(
        SOFT.start + 1012 + start, 9, TINY, (ObjectiveKind.TOTAL, ObjectiveKind.EQUITY)
    ):
        prices = tables["rules"]["price"]
        hard, soft, soft_dear = (
            best(changed(tables, "rules", price=[price and other for price in prices]), settings)
            for other in ("", "0.01", "1000000000")
        )
        assert (soft is None) == (soft_dear is None), seed
        if soft is None or soft_dear is None:
            assert hard is None, seed
            continue
        never_worse(soft, soft_dear)
        better += never_worse(soft, hard)
        missing = sum(soft_dear.certificate.rules.cost)
        if hard is None:
            missed += missing > 0
        else:
            assert missing == 0, seed
            assert soft_dear.value == pytest.approx(hard.value, rel=CLOSE, abs=CLOSE), seed
            same += 1
    assert start or (same > 3 and better > 1 and missed > 0)
