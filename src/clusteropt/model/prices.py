"""The linking limits of a problem and the prices put on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.model.blocks import pick
from clusteropt.model.cells import synergy_places
from clusteropt.model.money_rules import amount_money, change_money, share_money

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.blocks import Matrix
    from clusteropt.model.space import Space


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """Every limit of an amount, share, change or count rule: ``matrix @ money >= limit`` (a minimum), else ``<=``.

    Parameters
    ----------
    rule, year : arrays of shape (num_sides,)
        Position of the rule; position of the year for a change rule, else -1.
    upper : bool array of shape (num_sides,)
        Whether the limit is a maximum.
    matrix : matrix of shape (num_sides, num_flows)
        Coefficients of whole units of money: selection less share times base for a share of awarded money. No entry
        for a count.
    limit : array of shape (num_sides,)
        Whole units; awards, draws or clusters for a count.
    """

    rule: Ints
    year: Ints
    upper: np.ndarray
    matrix: Matrix
    limit: Floats

    @property
    def num(self) -> int:
        """Number of sides."""
        return len(self.rule)

    @property
    def sign(self) -> Floats:
        """What a price adds to the price of money: 1 for a maximum, -1 for a minimum."""
        return np.where(self.upper, 1.0, -1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Multipliers of everything that links clusters; any non-negative ones give a bound.

    Parameters
    ----------
    purse : array of shape (num_funds, num_years)
        Objective per whole unit.
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
        return replace(self, purse=row[:num].reshape(self.purse.shape), side=row[num:])

    @property
    def row(self) -> Floats:
        """The prices of purses and sides in one array."""
        return np.concatenate((self.purse.ravel(), self.side))


def make_sides(space: Space) -> Sides:
    """Collect the limits of all rules but locks, in the order of the kinds."""
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
    matrix = pick(len(entries), rows, flow, coef, space.num_flows)
    return Sides(
        rule=np.array([entry[0] for entry in entries], np.int64),
        year=np.array([entry[1] for entry in entries], np.int64),
        upper=np.array([entry[2] for entry in entries], bool),
        matrix=sparse.csr_matrix(matrix),
        limit=np.array([entry[3] for entry in entries], float),
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
