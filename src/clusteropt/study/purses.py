"""The purses of the open years: their own money, what earlier years leave there, and what closed awards bring back."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from clusteropt.inputs.check import money_text
from clusteropt.inputs.faults import Place
from clusteropt.inputs.ledger import SHARE_UNIT, carried_amount, make_span
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.faults import Faults
    from clusteropt.inputs.problem import Ints, Problem
    from clusteropt.study.past import Past


class Parcel(NamedTuple):
    """Money that comes into a purse and may be paid until a year; the number of years stands for ever."""

    amount: int
    until: int


@dataclass(frozen=True, slots=True)
class Legacy:
    """What closed years leave to the open years of a fund.

    Parameters
    ----------
    hand : tuple of Parcel
        What is at hand when the first open year begins.
    back : dict of int to int
        What closed awards bring back, by open year; it never lapses.
    short : tuple of (int, int)
        Years, and what they paid more than there was.
    part : bool
        Whether a part of a unit that closed awards bring back waits in an open year for what open awards bring back.
        No purse says so, as amounts are whole.
    """

    hand: tuple[Parcel, ...]
    back: dict[int, int]
    short: tuple[tuple[int, int], ...]
    part: bool

    def comes(self, first: int, year: int) -> list[Parcel]:
        """Give what joins a purse in an open year beside its own money."""
        forever = [Parcel(self.back[year], FOREVER)] if self.back.get(year) else []
        return [*(self.hand if year == first else ()), *forever]


FOREVER = 10**6
"""A year that no plan reaches."""


def leave_money(problem: Problem, fund: int, paid: Ints, num_closed: int) -> Legacy:
    """Pay the closed years of a fund in order, from what lapses first.

    Parameters
    ----------
    problem : Problem
        The purses and their ledger.
    fund : int
        Position.
    paid : (array, array)
        What the years of the fund awarded and what programmes cost, shape (2, num_years).
    num_closed : int
        So many years are closed.
    """
    ledger, hand, short, before = problem.ledger, dict[int, int](), [], 0
    awarded = [int(x) for x in paid[0]]
    back, part = {}, False
    for year in range(problem.num_years):
        # What comes back is counted in whole units over all awards, as in the plan.
        shares = make_span(problem, fund, (year,)).shares
        entire = sum((share * x for share, x in zip(shares, awarded[:num_closed], strict=False)), Fraction(0))
        joins = any(share.denominator > 1 for share in shares[num_closed:])
        part |= year > num_closed and entire.denominator > 1 and joins
        now = int(entire)
        now, come = max(now, before), max(now - before, 0)
        before = now
        if year >= num_closed:
            back[year] = come
            continue
        carried = carried_amount(problem, fund, year)
        until = FOREVER if ledger is None else year + int(ledger.lasts[fund, year])
        until = FOREVER if until >= problem.num_years else until
        for amount, last in ((int(problem.purse[fund, year]) - carried, year), (carried, until), (come, FOREVER)):
            hand[last] = hand.get(last, 0) + amount
        asked = awarded[year] + int(paid[1][year]) + (0 if ledger is None else int(ledger.committed[fund, year]))
        for last in sorted(hand):
            taken = min(asked, hand[last])
            hand[last], asked = hand[last] - taken, asked - taken
        if asked:
            short.append((year, asked))
        hand = {last: amount for last, amount in hand.items() if last > year and amount}
    return Legacy(tuple(Parcel(amount, last) for last, amount in sorted(hand.items())), back, tuple(short), part)


def check_spent(past: Past, legacies: list[Legacy], faults: Faults) -> None:
    """Note years that paid more than the fund had."""
    labels = past.problem.labels
    for fund, legacy in enumerate(legacies):
        for year, amount in legacy.short:
            more = money_text(amount, past.problem.money)
            faults.add(
                Place("actuals", None, "amount", f"{labels.funds[fund]}, {labels.years[year]}"),
                Text(f"the fund paid {more.en} more than it had.", f"该资金支付超出可用金额 {more.zh}。"),
                Text("Mend the amounts, or add the money to funds.", "请更正金额, 或在 funds 中补充资金。"),
            )


@dataclass(frozen=True, slots=True)
class Held:
    """A purse of an open year, as its row says it; the shares and years are None where nothing is carried over."""

    amount: int
    carry_over: str
    expires_after: str
    lost: int
    shortened: bool


def merge(own: tuple[int, Parcel], parcels: list[Parcel], year: int, num_years: int) -> Held:
    """Put the money of a purse and what joins it into one row.

    A row has one term for all that it carries over. Where terms differ the shortest holds for all, so that no plan
    pays what could not be paid; so it is with a share that nine decimals cannot write.

    Parameters
    ----------
    own : (int, Parcel)
        What may be paid in its year alone, and what is carried over.
    parcels : list of Parcel
        What joins it.
    year, num_years : int
        The position of the year, and the number of all.
    """
    last = num_years - 1
    waiting = [p for p in (own[1], *parcels) if p.amount and p.until > year]
    total = own[0] + own[1].amount + sum(parcel.amount for parcel in parcels)
    terms = {min(parcel.until, num_years) if parcel.until < last else num_years for parcel in waiting}
    if not waiting or year == last:
        return Held(total, "", "", 0, shortened=False)
    carried = sum(parcel.amount for parcel in waiting)
    share = -(-carried * SHARE_UNIT // total)
    if share * total // SHARE_UNIT > carried:
        share -= 1
    until = min(terms)
    lost = carried - share * total // SHARE_UNIT
    term = "" if until >= num_years else str(until - year)
    return Held(total, _decimal(share), term, lost, shortened=len(terms) > 1)


def _decimal(share: int) -> str:
    whole, rest = divmod(share, SHARE_UNIT)
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
