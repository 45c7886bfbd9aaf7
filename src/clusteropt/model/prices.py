"""The linking limits of a problem and the prices put on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.inputs.rule_book import loose_rules
from clusteropt.model.blocks import pick
from clusteropt.model.cells import synergy_places
from clusteropt.model.money_rules import (
    LARGEST_SUM,
    change_money,
    ledger_money,
    need_money,
    need_size,
    programme_name,
    purse_money,
    share_money,
    span_size,
    stock_there,
)
from clusteropt.model.row_arrays import amount_arrays
from clusteropt.model.soft_floors import soft_limits
from clusteropt.model.space import once_a_space

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.blocks import Matrix
    from clusteropt.model.space import Space


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Every limit of an amount, share, change or count rule, of a soft floor, or of a stock that a pick needs.

    ``matrix @ money >= limit`` for a minimum, else ``<=``.

    Parameters
    ----------
    rule, year : arrays of shape (num_sides,)
        Position among `Problem.all_rules`, from behind their end on for a need, in order; position of the year for a
        change rule, else -1.
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


@once_a_space
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


@once_a_space
def make_sides(space: Space) -> Sides:
    """Collect the limits of all rules but locks, in the order of the kinds, then soft floors, then needs."""
    amounts, others = _amount_sides(space), _other_sides(space)
    counts = [
        (number, upper, float(limit))
        for number, rule in loose_rules(space.problem.rules)
        if rule.kind is RuleKind.COUNT
        for limit, upper in ((rule.minimum, False), (rule.maximum, True))
        if limit is not None
    ]
    soft, needs, num = soft_limits(space), _needs(space), len(counts)
    behind = len(space.problem.all_rules) + np.arange(len(needs.limit))
    counted = sparse.csr_matrix((num, space.num_amounts))
    return Sides(
        rule=np.concatenate(
            (amounts.rule, others.rule, [count[0] for count in counts], len(space.problem.rules) + soft.floor, behind)
        ).astype(np.int64),
        year=np.concatenate((amounts.year, others.year, np.full(num, -1), soft.year, np.full(len(behind), -1))),
        upper=np.concatenate(
            (amounts.upper, others.upper, [count[1] for count in counts], np.zeros(soft.num + len(behind), bool))
        ).astype(bool),
        matrix=sparse.csr_matrix(sparse.vstack((amounts.matrix, others.matrix, counted, soft.matrix, needs.matrix))),
        limit=np.concatenate((amounts.limit, others.limit, [count[2] for count in counts], soft.limit, needs.limit)),
        cap=np.concatenate(
            (np.full(len(amounts.rule) + len(others.rule) + num, np.inf), soft.price, np.full(len(behind), np.inf))
        ),
    )


def _amount_sides(space: Space) -> Sides:
    """Give the sides of amount rules, row by row."""
    rows = amount_arrays(space)
    ends = (np.flatnonzero(rows.lower > -LARGEST_SUM), np.flatnonzero(rows.upper < LARGEST_SUM))
    number = np.concatenate(ends)
    upper = np.repeat([False, True], [len(part) for part in ends])
    order = np.lexsort((upper, number))
    number, upper = number[order], upper[order]
    matrix = sparse.csr_matrix((rows.coef.astype(float), rows.flow, rows.start), (len(rows.rule), space.num_amounts))[
        number
    ]
    limit = np.where(upper, rows.upper[number], rows.lower[number]).astype(float)
    none = np.full(len(number), np.inf)
    return Sides(rows.rule[number], np.full(len(number), -1), upper, sparse.csr_matrix(matrix), limit, none)


def _other_sides(space: Space) -> Sides:
    """Give the sides of rules about shares and changes, row by row."""
    entries: list[tuple[int, int, bool, float]] = []
    flows, coefs = [], []
    for row in chain(share_money(space), change_money(space)):
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
    rows = np.repeat(np.arange(len(flows)), [len(flow) for flow in flows])
    flow = np.concatenate([np.zeros(0, np.int64), *flows])
    coef = np.concatenate([np.zeros(0), *coefs])
    return Sides(
        rule=np.array([entry[0] for entry in entries], np.int64),
        year=np.array([entry[1] for entry in entries], np.int64),
        upper=np.array([entry[2] for entry in entries], bool),
        matrix=pick(len(entries), rows, flow, coef, space.num_amounts),
        limit=np.array([entry[3] for entry in entries], float),
        cap=np.full(len(entries), np.inf),
    )


def need_keys(space: Space) -> list[tuple[str, str, int, int]]:
    """Give programme, option, start year and cluster of every stock that a pick needs, as the last sides stand."""
    chosen = space.problem.programmes
    if chosen is None:
        return []
    keys = []
    for pick_, cluster in zip(chosen.need_pick.tolist(), chosen.need_cluster.tolist(), strict=True):
        option = int(chosen.pick_option[pick_])
        keys.append((chosen.programme[option], chosen.option[option], int(chosen.pick_year[pick_]), cluster))
    return keys


@dataclass(frozen=True, slots=True, eq=False)
class _Needs:
    matrix: Matrix
    limit: Floats


def _needs(space: Space) -> _Needs:
    """Give the stocks that picks need, by whole units of stock: K - need z >= 0, in the order of the problem."""
    rows = list(need_money(space))
    size = [need_size(space, row) for row in rows]
    number = np.repeat(np.arange(len(rows)), [len(row.flow) for row in rows])
    flow = np.concatenate([np.zeros(0, np.int64), *(row.flow for row in rows)])
    coefs = [row.coef.astype(float) / unit for row, unit in zip(rows, size, strict=True)]
    matrix = pick(len(rows), number, flow, np.concatenate([np.zeros(0), *coefs]), space.num_amounts)
    limit = [-float(stock_there(space.problem, number)) for number in range(len(rows))]
    return _Needs(sparse.csr_matrix(matrix), np.array(limit, float))


def limit_name(space: Space, rule: int) -> str:
    """Name what a side is of: a rule by its key, a need by what it is for."""
    rules, chosen = space.problem.all_rules, space.problem.programmes
    if rule < len(rules) or chosen is None:
        return rules[rule].name
    return f"stock for {programme_name(space.problem, int(chosen.need_pick[rule - len(rules)]))}"


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
