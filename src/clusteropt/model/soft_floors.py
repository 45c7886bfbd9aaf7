"""Soft floors: what money may stay below, and what it costs to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.model.blocks import pick
from clusteropt.model.money_rules import amount_money, change_money, share_money
from clusteropt.model.space import once_a_space

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.blocks import Matrix
    from clusteropt.model.money_rules import MoneyRow
    from clusteropt.model.space import Space


@dataclass(frozen=True, slots=True, eq=False)
class SoftLimits:
    """The exact rows of soft floors by the unit of money: what is missing is ``limit - matrix @ money``, if positive.

    Parameters
    ----------
    floor : array of shape (num_limits,)
        The position of the floor among those of the problem.
    year : array of shape (num_limits,)
        The position of the year for a change, else -1.
    matrix : matrix of shape (num_limits, num_amounts)
        Coefficients of whole units: selection less share times base for a share of awarded money.
    limit : array of shape (num_limits,)
        Whole units.
    price : array of shape (num_limits,)
        Objective per whole unit that is missing.
    most : array of shape (num_limits,)
        The most that can be missing, whole units.
    """

    floor: Ints
    year: Ints
    matrix: Matrix
    limit: Floats
    price: Floats
    most: Floats

    @property
    def num(self) -> int:
        """Number of limits."""
        return len(self.limit)

    def missing(self, money: Floats) -> Floats:
        """Give what an allocation is short of each limit, whole units, or parts of them for a share."""
        return np.maximum(self.limit - self.matrix @ money, 0.0)

    def cost(self, money: Floats) -> float:
        """Give what an allocation loses by what it misses: sum over limits of price * max(0, limit - level)."""
        return float(self.price @ self.missing(money)) if self.num else 0.0


@once_a_space
def soft_limits(space: Space) -> SoftLimits:
    """Collect the limits of all soft floors, in the order of the kinds."""
    floors, per_printed, rows = space.problem.soft_floors, space.problem.money.per_printed, soft_rows(space)
    rules = [floors[row.key[0]].rule for row in rows]
    # A share p / q of awarded money is a row of q times the selection less p times the base.
    awarded = [rule.kind is RuleKind.SHARE and rule.base is not RuleBase.FUND for rule in rules]
    shares = [rule.minimum.denominator if rule.minimum and of else 1 for rule, of in zip(rules, awarded, strict=True)]
    number = np.repeat(np.arange(len(rows)), [len(row.flow) for row in rows])
    flow = np.concatenate([np.zeros(0, np.int64), *(row.flow for row in rows)])
    coef = np.concatenate([np.zeros(0), *(row.coef / share for row, share in zip(rows, shares, strict=True))])
    matrix = sparse.csr_matrix(pick(len(rows), number, flow, coef, space.num_amounts))
    limit = np.array([(row.lower or 0) / share for row, share in zip(rows, shares, strict=True)], float)
    reach = np.append(space.flow_most, np.ones(space.num_picks))
    return SoftLimits(
        floor=np.array([row.key[0] for row in rows], np.int64),
        year=np.array(
            [row.key[1] if rule.kind is RuleKind.CHANGE else -1 for row, rule in zip(rows, rules, strict=True)],
            np.int64,
        ),
        matrix=matrix,
        limit=limit,
        price=np.array([float(floors[row.key[0]].price / per_printed) for row in rows], float),
        most=np.maximum(limit - np.asarray(matrix.minimum(0) @ reach), 0.0),
    )


def soft_rows(space: Space) -> list[MoneyRow]:
    """Give the exact rows of the soft floors, in the order of `soft_limits`; the first number of a key is the floor."""
    shadow = softened(space)
    return list(chain(amount_money(shadow), share_money(shadow), change_money(shadow)))


def softened(space: Space) -> Space:
    """Give the same positions with the rules of the soft floors alone, so that rows are made of them as of any rule."""
    problem = space.problem
    return replace(space, problem=replace(problem, rules=tuple(floor.rule for floor in problem.soft_floors)))
