"""How the money of a fund moves between its years: carry-over, expiry, commitments made earlier, money that comes back.

What a fund can pay in some years is a matter of flows: every year its amount comes in, a part of it may wait for later
years until it lapses, and what awards bring back joins it. Whether payments can be met is therefore Hall's condition
(Hall 1935, doi:10.1112/jlms/s1-10.37.26): for every set of years, a *span*, what they pay is at most all that can reach
one of them. So a ledger needs no columns of its own: its rows are limits on awards, like those of a plain purse.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from clusteropt.inputs.problem import Ints, Problem

SHARE_UNIT = 10**9
"""Shares of a ledger are whole billionths: what the tables can hold, and exact in 64 bits."""
CEILING = 10**17
"""Bounds on what a year can pay stop here, far above what is accepted, so that they stay within 64 bits."""
MOST_YEARS = 12
"""A fund with a ledger is planned over so many years at most: its spans are sets of years."""


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """What happens to the money of every purse, each array of shape (num_funds, num_years).

    Parameters
    ----------
    carried : array
        The share of the amount that may be paid in later years, in billionths.
    lasts : array
        So many years after its own the money that was carried over may still be paid; then it lapses.
    committed : array
        Whole units that commitments made earlier take first.
    returned : array
        The share of the awards of the year that comes back to the fund, in billionths.
    after : array
        Years from the award to the first part that comes back, at least 1.
    parts : array
        The number of equal yearly parts in which it comes back.
    """

    carried: Ints
    lasts: Ints
    committed: Ints
    returned: Ints
    after: Ints
    parts: Ints

    def used_by(self, fund: int) -> bool:
        """Tell whether a fund is more than a plain yearly purse."""
        return bool((self.carried[fund] | self.committed[fund] | self.returned[fund]).any())


class Funded(Protocol):
    """What has purses and perhaps a ledger, as a problem has."""

    @property
    def purse(self) -> Ints:
        """Whole units that come in, shape (num_funds, num_years)."""
        ...

    @property
    def ledger(self) -> Ledger | None:
        """How money moves between the years of a fund."""
        ...


class Purses(NamedTuple):
    """Purses and their ledger alone."""

    purse: Ints
    ledger: Ledger | None


@dataclass(frozen=True, slots=True)
class Span:
    """What a fund can pay in a set of years: sum of x[t] over years <= limit + sum of share[t] x[t] over all years.

    Parameters
    ----------
    fund : int
        Position.
    years : tuple of int
        Positions, increasing.
    limit : int
        Whole units of amounts that can be paid in one of the years, less what is committed in them.
    shares : tuple of Fraction, length num_years
        What of the awards of each year comes back in time to be paid in one of the years.
    """

    fund: int
    years: tuple[int, ...]
    limit: int
    shares: tuple[Fraction, ...]

    def spend(self, payable: Iterable[int]) -> int:
        """Give the most that the years can pay together where no year pays more than ``payable``."""
        back = sum((share * most for share, most in zip(self.shares, payable, strict=True)), Fraction(0))
        return min(max(int(self.limit + back // 1), 0), CEILING)


def plain_ledger(shape: tuple[int, int]) -> Ledger:
    """Give the ledger of funds that are plain yearly purses."""
    zeros = np.zeros(shape, np.int64)
    return Ledger(zeros, zeros, zeros, zeros, np.ones(shape, np.int64), np.ones(shape, np.int64))


def has_ledger(problem: Funded, fund: int) -> bool:
    """Tell whether money of a fund moves between years, or is committed."""
    return problem.ledger is not None and problem.ledger.used_by(fund)


def reaching(ledger: Ledger, fund: int, years: Collection[int]) -> dict[int, Fraction]:
    """Give the share of the amount of each year that can be paid in one of some years; years with none are left out."""
    shares = {}
    for year in range(ledger.carried.shape[1]):
        waits = any(year < later <= year + int(ledger.lasts[fund, year]) for later in years)
        share = Fraction(int(ledger.carried[fund, year]) * waits, SHARE_UNIT)
        if year in years or share:
            shares[year] = Fraction(1) if year in years else share
    return shares


def carried_amount(problem: Funded, fund: int, year: int) -> int:
    """Give the whole units of a purse that may be paid in later years."""
    if problem.ledger is None:
        return 0
    return int(problem.purse[fund, year]) * int(problem.ledger.carried[fund, year]) // SHARE_UNIT


def make_span(problem: Funded, fund: int, years: Collection[int]) -> Span:
    """Give what a fund can pay in a set of years.

    limit = sum over v in years of amount[v] + sum over v outside of carried[v] if one of the years is within
    v + 1 .. v + lasts[v], less what is committed in the years.
    """
    ledger, chosen = problem.ledger or plain_ledger(problem.purse.shape), sorted(set(years))
    limit = -sum(int(ledger.committed[fund, year]) for year in chosen)
    for year, share in reaching(ledger, fund, chosen).items():
        # Of what is carried over whole units count, purse by purse.
        limit += int(share * int(problem.purse[fund, year]))
    shares = tuple(_back(ledger, fund, year, max(chosen)) for year in range(problem.purse.shape[1]))
    return Span(fund, tuple(chosen), limit, shares)


def _back(ledger: Ledger, fund: int, year: int, last: int) -> Fraction:
    """Give the share of the awards of a year that is back by another."""
    parts = int(ledger.parts[fund, year])
    come = min(max(last - year - int(ledger.after[fund, year]) + 1, 0), parts)
    return Fraction(int(ledger.returned[fund, year]) * come, SHARE_UNIT * parts)


def list_spans(problem: Funded, fund: int) -> list[Span]:
    """Give the spans of a fund that say something: those that no others imply.

    A span follows from a larger one where another year adds nothing that could be paid, and from two smaller ones
    where all that reaches it is what reaches the one and what reaches the other.
    """
    if not has_ledger(problem, fund):
        return [make_span(problem, fund, (year,)) for year in range(problem.purse.shape[1])]
    years = range(problem.purse.shape[1])
    free = _without_commitments(problem)
    sets = [chosen for size in range(1, problem.purse.shape[1] + 1) for chosen in combinations(years, size)]
    income = {chosen: make_span(free, fund, chosen) for chosen in sets}
    # A span is dropped only for the sake of spans that are still there, or two could be dropped for each other's.
    kept = set(sets)
    kept -= {chosen for chosen in sets if _is_widened(income, chosen, years)}
    for chosen in reversed(sets):
        if chosen in kept and _is_split(income, chosen, kept):
            kept.remove(chosen)
    return [make_span(problem, fund, chosen) for chosen in sets if chosen in kept]


def _without_commitments(problem: Funded) -> Funded:
    assert problem.ledger is not None
    return Purses(problem.purse, replace(problem.ledger, committed=np.zeros_like(problem.ledger.committed)))


def _is_widened(income: dict[tuple[int, ...], Span], chosen: tuple[int, ...], years: range) -> bool:
    """Tell whether another year could join a span without anything more to be paid."""
    own = income[chosen]
    wider = (income[tuple(sorted({*chosen, year}))] for year in years if year not in chosen)
    return any(more.limit == own.limit and more.shares == own.shares for more in wider)


def _is_split(income: dict[tuple[int, ...], Span], chosen: tuple[int, ...], kept: set[tuple[int, ...]]) -> bool:
    """Tell whether a span says no more than its early and its late years say apart."""
    own = income[chosen]
    for cut in range(1, len(chosen)):
        early, late = chosen[:cut], chosen[cut:]
        if early not in kept or late not in kept:
            continue
        sums = [a + b for a, b in zip(income[early].shares, income[late].shares, strict=True)]
        fewer = all(a <= b for a, b in zip(sums, own.shares, strict=True))
        if fewer and income[early].limit + income[late].limit <= own.limit:
            return True
    return False


def payable(problem: Funded) -> Ints:
    """Give the most that each fund could award in each year, whatever it awards in others, whole units.

    pay[f,t] = amount[f,t] - committed[f,t] + what may be carried into t + what the most of earlier years brings back.

    Returns
    -------
    array of shape (num_funds, num_years)
    """
    if problem.ledger is None:
        return problem.purse
    found = problem.purse.copy()
    for fund in range(problem.purse.shape[0]):
        if not has_ledger(problem, fund):
            continue
        most = [0] * problem.purse.shape[1]
        for year in range(problem.purse.shape[1]):
            most[year] = make_span(problem, fund, (year,)).spend(most)
        found[fund] = most
    return found


def best_year(problem: Problem) -> Ints:
    """Give what the purses open to each cluster and lever can pay in their best year, whole units.

    Returns
    -------
    array of shape (num_clusters, num_levers)
    """
    yearly = np.zeros((problem.num_clusters, problem.num_levers, problem.num_years), np.int64)
    np.add.at(yearly, (problem.draw_cluster, problem.draw_lever), payable(problem)[problem.draw_fund])
    return yearly.max(axis=2)


def payable_together(problem: Funded, purses: np.ndarray) -> int:
    """Bound what some purses can award together, whole units.

    Parameters
    ----------
    problem : Problem
        What the purses are of.
    purses : bool array of shape (num_funds, num_years)
        Which purses.
    """
    most, total = payable(problem), 0
    for fund in np.flatnonzero(purses.any(axis=1)).tolist():
        years = np.flatnonzero(purses[fund]).tolist()
        alone = sum(most[fund, years].tolist())
        total += (
            min(alone, make_span(problem, fund, years).spend(most[fund].tolist()))
            if has_ledger(problem, fund)
            else alone
        )
    return total
