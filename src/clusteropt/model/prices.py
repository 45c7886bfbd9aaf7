"""The linking limits of a problem and the prices put on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.model.blocks import pick
from clusteropt.model.cells import synergy_places
from clusteropt.model.money_rules import (
    amount_money,
    change_money,
    ledger_money,
    purse_money,
    share_money,
    span_size,
)
from clusteropt.model.soft_floors import soft_limits

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.blocks import Matrix
    from clusteropt.model.space import Space


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Every limit of an amount, share, change or count rule, or of a soft floor.

    ``matrix @ money >= limit`` for a minimum, else ``<=``.

    Parameters
    ----------
    rule, year : arrays of shape (num_sides,)
        Position among `Problem.all_rules`; position of the year for a change rule, else -1.
    upper : bool array of shape (num_sides,)
        Whether the limit is a maximum.
    matrix : matrix of shape (num_sides, num_amounts)
        Coefficients of whole units of money: selection less share times base for a share of awarded money. No entry
        for a count.
    limit : array of shape (num_sides,)
        Whole units; awards, draws or clusters for a count.
    cap : array of shape (num_sides,)
        The highest price that proves anything: of a soft floor its own, as it is cheaper to miss it; else infinite.
    """

    rule: Ints
    year: Ints
    upper: np.ndarray
    matrix: Matrix
    limit: Floats
    cap: Floats

    @property
    def num(self) -> int:
        """Number of sides."""
        return len(self.rule)

    @property
    def sign(self) -> Floats:
        """What a price adds to the price of money: 1 for a maximum, -1 for a minimum."""
        return np.where(self.upper, 1.0, -1.0)


@dataclass(frozen=True, slots=True, eq=False)
class PurseLimits:
    """What funds can pay, in a year or in the years of a span: ``matrix @ money <= limit``.

    Parameters
    ----------
    fund : array of shape (num_limits,)
        Position.
    years : tuple of tuple of int
        The positions of the years of each limit.
    matrix : matrix of shape (num_limits, num_amounts)
        1 for an award in the years, less the share of it that is back by then; what a pick costs in the years.
    limit : array of shape (num_limits,)
        Whole units.
    """

    fund: Ints
    years: tuple[tuple[int, ...], ...]
    matrix: Matrix
    limit: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Multipliers of everything that links clusters; any non-negative ones give a bound.

    Parameters
    ----------
    purse : array of shape (num_limits,)
        Objective per whole unit of every limit of a purse (`make_purses`).
    side : array of shape (num_sides,)
        Objective per whole unit (award, draw, cluster) of each limit.
    region : array of shape (num_regions,)
        Worst region first: weights of regions, or in its second stage their prices; equity: slopes; else unused.
    target : float
        Least money: whole units of money per unit of outcome; else unused.
    joint : array of shape (num_joint,)
        The share of each lever in the gain of each synergy, cluster and year (`joint_levers`).
    stock : array of shape (num_cells,)
        Objective per whole unit of stock; 0 for cells without one.
    """

    purse: Floats
    side: Floats
    region: Floats
    target: float
    joint: Floats
    stock: Floats

    def with_rows(self, row: Floats) -> Prices:
        """Give the same prices with those of purses and sides replaced, purses first."""
        num = self.purse.size
        return replace(self, purse=row[:num], side=row[num:])

    @property
    def row(self) -> Floats:
        """The prices of purses and sides in one array."""
        return np.concatenate((self.purse, self.side))


@lru_cache(maxsize=2)
def make_purses(space: Space) -> PurseLimits:
    """Collect what funds can pay: plain purses by fund and year, then the spans of funds with a ledger."""
    plain, spans = list(purse_money(space)), list(ledger_money(space))
    num_years = range(space.problem.num_years)
    rows = [*plain, *spans]
    # A row over a span has whole coefficients; in prices it is read by the unit of money.
    size = [1] * len(plain) + [span_size(space.problem, row.key) for row in spans]
    number = np.repeat(np.arange(len(rows)), [len(row.flow) for row in rows])
    coefs = [row.coef.astype(float) / unit for row, unit in zip(rows, size, strict=True)]
    flow, coef = (np.concatenate([np.zeros(0, np.int64), *part]) for part in ([r.flow for r in rows], coefs))
    return PurseLimits(
        fund=np.array([row.key[0] for row in rows], np.int64),
        years=(
            *((row.key[1],) for row in plain),
            *(tuple(year for year in num_years if row.key[1] >> year & 1) for row in spans),
        ),
        matrix=sparse.csr_matrix(pick(len(rows), number, flow.astype(np.int64), coef, space.num_amounts)),
        limit=np.array([(row.upper or 0) / unit for row, unit in zip(rows, size, strict=True)], float),
    )


@lru_cache(maxsize=2)
def make_sides(space: Space) -> Sides:
    """Collect the limits of all rules but locks, in the order of the kinds, soft floors last."""
    entries: list[tuple[int, int, bool, float]] = []
    flows, coefs = [], []
    for row in chain(amount_money(space), share_money(space), change_money(space)):
        rule = space.problem.rules[row.key[0]]
        year = row.key[1] if rule.kind is RuleKind.CHANGE else -1
        size = 1.0
        if rule.kind is RuleKind.SHARE and rule.base is not RuleBase.FUND:
            share = rule.minimum if row.key[1] == 0 else rule.maximum
            size = float(share.denominator) if share is not None else 1.0
        for limit, upper in ((row.lower, False), (row.upper, True)):
            if limit is not None:
                entries.append((row.key[0], year, upper, limit / size))
                flows.append(row.flow)
                coefs.append(row.coef / size)
    for number, rule in enumerate(space.problem.rules):
        if rule.kind is RuleKind.COUNT:
            limits = ((rule.minimum, False), (rule.maximum, True))
            entries += [(number, -1, upper, float(limit)) for limit, upper in limits if limit is not None]
    rows = np.repeat(np.arange(len(flows)), [len(flow) for flow in flows])
    flow = np.concatenate([np.zeros(0, np.int64), *flows])
    coef = np.concatenate([np.zeros(0), *coefs])
    matrix = pick(len(entries), rows, flow, coef, space.num_amounts)
    soft = soft_limits(space)
    return Sides(
        rule=np.array([*(entry[0] for entry in entries), *(len(space.problem.rules) + soft.floor)], np.int64),
        year=np.array([*(entry[1] for entry in entries), *soft.year], np.int64),
        upper=np.array([*(entry[2] for entry in entries), *np.zeros(soft.num, bool)], bool),
        matrix=sparse.csr_matrix(sparse.vstack((matrix, soft.matrix))),
        limit=np.array([*(entry[3] for entry in entries), *soft.limit], float),
        cap=np.array([*(np.inf for _ in entries), *soft.price], float),
    )


def joint_levers(space: Space) -> tuple[Ints, Ints]:
    """Give the column and the lever of every share in a synergy, column by column as `synergy_places` lists them.

    Returns
    -------
    column, lever : arrays of shape (num_joint,)
    """
    number, _, _ = synergy_places(space)
    members = [space.problem.synergies[s].levers for s in number]
    column = np.repeat(np.arange(len(members)), [len(levers) for levers in members])
    return column, np.array([lever for levers in members for lever in levers], np.int64)
