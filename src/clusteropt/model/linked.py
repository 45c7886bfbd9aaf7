"""All that links clusters, by groups of them: the limits of money that have prices, and what is reached together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.grouped import Grouped, make_grouped
from clusteropt.model.outcome_prices import OutcomePrices, make_outcome_prices

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats
    from clusteropt.model.lagrangian import Dual, Evaluation
    from clusteropt.model.prices import Prices


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """The Lagrangian bound over the prices that are searched for: a sum of parts, each a convex function of them.

    bound = sum of price * limit + sum over parts. Prices are those of linking limits, then those of outcomes. Parts are
    those of the groups of clusters, then those of the curves of regions, where there are such.

    Parameters
    ----------
    grouped : Grouped
        The linking limits, by groups of clusters.
    outcomes : OutcomePrices
        The prices of outcomes.
    """

    grouped: Grouped
    outcomes: OutcomePrices

    @property
    def num(self) -> int:
        """Number of parts."""
        return self.grouped.num + (self.outcomes.num if self.outcomes.curved else 0)

    @property
    def limits(self) -> Floats:
        """What each price is multiplied by."""
        dual = self.grouped.dual
        rows = np.concatenate((dual.purses.limit, dual.sides.sign * dual.sides.limit))
        return np.concatenate((rows[self.grouped.linking], self.outcomes.limit))

    @property
    def cap(self) -> Floats:
        """The highest price that means anything, for each."""
        dual = self.grouped.dual
        rows = np.append(np.full(len(dual.purses.limit), np.inf), dual.sides.cap)
        return np.concatenate((rows[self.grouped.linking], self.outcomes.cap))

    @property
    def weights(self) -> np.ndarray:
        """Mark the prices that add up to 1."""
        rows = len(self.grouped.linking)
        return np.append(np.zeros(rows, bool), np.full(self.outcomes.num, self.outcomes.shared))

    def of(self, prices: Prices) -> Floats:
        """Read what is searched for from all prices; prices of limits within one cluster are left out."""
        rows = np.append(prices.row[self.grouped.linking], self.outcomes.of(prices))
        return np.asarray(np.minimum(rows, self.cap), float)

    def put(self, prices: Prices, point: Floats) -> Prices:
        """Give all prices with a point in place; those of limits within one cluster become 0."""
        num = len(self.grouped.linking)
        row = np.zeros(len(prices.row))
        row[self.grouped.linking] = point[:num]
        return self.outcomes.put(prices.with_rows(row), point[num:])

    def parts(self, found: Evaluation, point: Floats) -> Floats:
        """Give what each part adds to the bound at a point, shape (num,)."""
        curves, _ = self.outcomes.curves(point[len(self.grouped.linking) :])
        return np.append(self.grouped.parts(found), curves)

    def used(self, found: Evaluation, point: Floats) -> Floats:
        """Give minus the slope of each part at a point, shape (num, number of prices)."""
        outcomes, rows = self.outcomes, len(self.grouped.linking)
        _, where = outcomes.curves(point[rows:])
        clusters = (
            self.grouped.used(found),
            outcomes.taken(found, self.grouped.group, self.grouped.num),
        )
        curves = np.hstack((np.zeros((len(where), rows)), np.diag(where))) if len(where) else np.zeros((0, len(point)))
        return np.vstack((np.hstack(clusters), curves))


def make_linked(dual: Dual) -> Linked:
    """Collect what links the clusters of a problem."""
    return Linked(make_grouped(dual), make_outcome_prices(dual))
