"""The prices of what clusters reach together: of a target, of regions that are compared, of what regions count.

They are multipliers of limits like those of money: the target of least money, ``outcome of a region >= the worst``, and
``outcome of a region >= what its curve counts``. What clusters reach is minus what they take of such a limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.curves import live_regions, region_units
from clusteropt.model.outcome import evaluate
from clusteropt.model.response import FAMILIES, curve_value, curve_where

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.lagrangian import Dual, Evaluation
    from clusteropt.model.prices import Prices
    from clusteropt.model.space import Space

LEAST_PART = 0.1
"""The part of itself that a price falls to in one step at most, where it moves by itself."""
LEAST_SLOPE = 1e-12
"""The lowest price of what a region counts for equity; at none the region would have no end."""


@dataclass(frozen=True, slots=True, eq=False)
class OutcomePrices:
    """The prices of outcomes that can be searched for as those of money are.

    None where stocks or synergies stand between money and outcome: what a cluster reaches at prices of these is not
    what it counts.

    Parameters
    ----------
    space : Space
        The positions.
    region : array of shape (num,)
        The region of each price; -1 for the target.
    unit : array of shape (num,)
        What the outcome is divided by.
    limit : array of shape (num,)
        What the price is multiplied by in the bound, beside what clusters take.
    cap : array of shape (num,)
        The highest price that means anything.
    shared : bool
        Whether the prices add up to 1: weights of the regions of which the worst counts.
    curved : bool
        Whether each region has a curve over its outcome.
    """

    space: Space
    region: Ints
    unit: Floats
    limit: Floats
    cap: Floats
    shared: bool = False
    curved: bool = False

    @property
    def num(self) -> int:
        """Number of prices."""
        return len(self.region)

    def of(self, prices: Prices) -> Floats:
        """Read them from all prices, shape (num,)."""
        if not self.num or self.region[0] < 0:
            return np.full(self.num, prices.target)
        own = self._clipped(prices.region[self.region])
        return own / max(float(own.sum()), 1e-300) if self.shared else own

    def put(self, prices: Prices, own: Floats) -> Prices:
        """Give all prices with these in place."""
        if not self.num:
            return prices
        if self.region[0] < 0:
            return replace(prices, target=float(own[0]))
        region = np.zeros_like(prices.region)
        region[self.region] = self._clipped(own)
        return replace(prices, region=region)

    def first(self, prices: Prices) -> Floats:
        """Give prices to start from where nothing is known, shape (num,).

        The target costs what all money gives it on average; regions weigh alike; a floor costs nothing.
        """
        if self.shared:
            return np.full(self.num, 1 / max(self.num, 1))
        if self.curved:
            return self.of(prices)
        if self.num and self.region[0] < 0:
            target = self.space.problem.objective.target or 0.0
            return np.full(1, float(self.space.problem.purse.sum()) / target if target > 0 else 0.0)
        return np.zeros(self.num)

    def room(self, own: Floats) -> tuple[Floats, Floats]:
        """Give how far each may move at a time, and how low.

        Weights move by their sum. Floors may cost nothing; they move by what outcomes are divided by, as one of outcome
        counts 1 in the total. The others move by themselves, and fall to a tenth at most, as nothing could not rise.
        """
        if self.shared:
            return np.ones(self.num), np.zeros(self.num)
        if not self.curved and (not self.num or self.region[0] >= 0):
            return self.unit, np.zeros(self.num)
        own = np.maximum(self._clipped(own), LEAST_SLOPE)
        return own, LEAST_PART * own

    def taken(self, found: Evaluation, group: Ints, num_groups: int) -> Floats:
        """Give what each group takes of these limits, shape (num_groups, num); picks are of the last group."""
        space, num_clusters = self.space, self.space.problem.num_clusters
        if not self.num:
            return np.zeros((num_groups, 0))
        outcome = evaluate(space, found.money)
        cell = outcome.cell * space.discount[space.cell_year]
        reached = np.bincount(space.cell_cluster, weights=cell, minlength=num_clusters)
        if self.region[0] < 0:
            total = np.bincount(group, weights=reached * space.cluster_weight, minlength=num_groups).astype(float)
            total[-1] += outcome.picks.sum()
            return np.asarray(-total[:, None], float)
        weight = space.region_weight[self.region].tocoo()
        place = group[weight.col] * self.num + weight.row
        flat = np.bincount(place, weights=weight.data * reached[weight.col], minlength=num_groups * self.num)
        parts = flat.astype(float).reshape(num_groups, self.num)
        parts[-1] += (space.pick_regions @ found.money[space.num_flows :])[self.region]
        return np.asarray(-parts / self.unit, float)

    def curves(self, own: Floats) -> tuple[Floats, Floats]:
        """Give how far the tangents with these slopes stand above 0, and where they touch; empty without curves."""
        return regional_tangents(self.space, self._clipped(own)) if self.curved else (np.zeros(0), np.zeros(0))

    def _clipped(self, own: Floats) -> Floats:
        return np.clip(own, LEAST_SLOPE if self.curved else 0.0, self.cap)


def make_outcome_prices(dual: Dual) -> OutcomePrices:
    """Collect the prices of outcomes of a problem, or of its second stage."""
    space, objective = dual.space, dual.space.problem.objective
    none, kind = np.zeros(0), objective.kind
    straight = kind is ObjectiveKind.EQUITY and objective.equity_family is FAMILIES[0]
    if kind is ObjectiveKind.TOTAL or straight or space.problem.synergies or space.dynamic.any():
        return OutcomePrices(space, np.zeros(0, np.int64), none, none, none)
    if kind is ObjectiveKind.LEAST_MONEY:
        target = np.full(1, -(objective.target or 0.0))
        return OutcomePrices(space, np.full(1, -1), np.ones(1), target, np.full(1, np.inf))
    if kind is ObjectiveKind.EQUITY:
        regions = np.arange(len(space.problem.labels.regions))
        ones = np.ones(len(regions))
        return OutcomePrices(space, regions, ones, np.zeros(len(regions)), ones, curved=True)
    alive = live_regions(space)
    limit = np.full(len(alive), 0.0 if dual.floor is None else -dual.floor)
    cap = np.full(len(alive), np.inf)
    return OutcomePrices(space, alive, region_units(space)[alive], limit, cap, shared=dual.floor is None)


def regional_tangents(space: Space, slope: Floats) -> tuple[Floats, Floats]:
    """Give how far tangents of the curves of regions stand above 0, and where they touch; one a region.

    max over y of U(y) - slope y, with U the curve of a region.
    """
    objective, units = space.problem.objective, region_units(space)
    code = np.full(len(units), FAMILIES.index(objective.equity_family))
    scale = (objective.equity_scale or 1.0) * units
    where = curve_where(code, scale, slope, np.ones(len(units)))
    return curve_value(code, scale, where) - slope * where, where
