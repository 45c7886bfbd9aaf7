"""Exact rows as arrays: amount rules are as many as clusters where each has one of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.rule_book import families
from clusteropt.model.money_rules import LARGEST_SUM, loose_amounts
from clusteropt.model.space import once_a_space

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clusteropt.inputs.problem import Ints
    from clusteropt.inputs.rule_book import RuleFamily
    from clusteropt.model.money_rules import MoneyRow
    from clusteropt.model.space import Space


@dataclass(frozen=True, slots=True, eq=False)
class RowArrays:
    """Rows ``lower <= sum of coef * amount <= upper`` in whole units.

    Parameters
    ----------
    rule : array of shape (num_rows,)
        The position of the rule each comes from.
    start : array of shape (num_rows + 1,)
        Entries ``start[r]:start[r + 1]`` are of row r.
    flow, coef : arrays of shape (num_entries,)
        Positions of amounts, and whole coefficients.
    lower, upper : arrays of shape (num_rows,)
        Limits; -2**62 and 2**62 are none.
    """

    rule: Ints
    start: Ints
    flow: Ints
    coef: Ints
    lower: Ints
    upper: Ints

    @property
    def number(self) -> Ints:
        """The row of every entry."""
        return np.repeat(np.arange(len(self.rule)), np.diff(self.start))

    def levels(self, money: Ints) -> list[int]:
        """Sum coef times amount of every row exactly."""
        size = float(np.diff(self.start).max(initial=0))
        largest = float(abs(self.coef).max(initial=0)) * float(abs(money).max(initial=0)) * size
        terms = self.coef * money[self.flow] if largest < LARGEST_SUM else self.coef.astype(object) * money[self.flow]
        total = np.zeros(len(self.rule), terms.dtype)
        np.add.at(total, self.number, terms)
        return total.tolist()

    def hold(self, money: Ints) -> bool:
        """Tell whether all rows hold at an allocation."""
        levels = self.levels(money)
        ends = zip(self.lower.tolist(), levels, self.upper.tolist(), strict=True)
        return all(
            (low == -LARGEST_SUM or low <= level) and (high == LARGEST_SUM or level <= high)
            for low, level, high in ends
        )


@once_a_space
def amount_arrays(space: Space) -> RowArrays:
    """Give the rows of amount rules as arrays: those of no family in order, then the families."""
    loose = arrays_of(loose_amounts(space))
    return join_arrays([loose, *(_family_arrays(space, *one) for one in families(space.problem.rules))])


def arrays_of(rows: Iterable[MoneyRow]) -> RowArrays:
    """Give rows as arrays; their coefficients must be of 64 bits."""
    found = list(rows)
    none = np.zeros(0, np.int64)
    return RowArrays(
        rule=np.array([row.key[0] for row in found], np.int64),
        start=np.cumsum([0, *(len(row.flow) for row in found)]),
        flow=np.concatenate([none, *(row.flow for row in found)]),
        coef=np.concatenate([none, *(row.coef for row in found)]),
        lower=np.array(
            [-LARGEST_SUM if row.lower is None else max(row.lower, -LARGEST_SUM) for row in found], np.int64
        ),
        upper=np.array([LARGEST_SUM if row.upper is None else min(row.upper, LARGEST_SUM) for row in found], np.int64),
    )


def _family_arrays(space: Space, first: int, family: RuleFamily) -> RowArrays:
    start, flow = space.flows_of_family(family)
    none = np.full(len(family), LARGEST_SUM)
    return RowArrays(
        rule=np.arange(first, first + len(family)),
        start=start,
        flow=flow,
        coef=np.ones(len(flow), np.int64),
        lower=-none if family.minimum is None else family.minimum,
        upper=none if family.maximum is None else family.maximum,
    )


def join_arrays(parts: list[RowArrays]) -> RowArrays:
    """Give rows one after the other."""
    if len(parts) == 1:
        return parts[0]
    offset = np.cumsum([0, *(len(part.flow) for part in parts)])
    starts = [part.start[:-1] + before for part, before in zip(parts, offset[:-1].tolist(), strict=True)]
    return RowArrays(
        rule=np.concatenate([part.rule for part in parts]),
        start=np.append(np.concatenate(starts), offset[-1]),
        flow=np.concatenate([part.flow for part in parts]),
        coef=np.concatenate([part.coef for part in parts]),
        lower=np.concatenate([part.lower for part in parts]),
        upper=np.concatenate([part.upper for part in parts]),
    )
