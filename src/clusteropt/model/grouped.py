"""The Lagrangian bound as a sum over groups of clusters, each a convex function of the prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.inputs.problem import RuleBase
from clusteropt.model.money_rules import LARGEST_SUM
from clusteropt.model.space import counts_draws

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.blocks import Matrix
    from clusteropt.model.lagrangian import Dual, Evaluation

FEWEST, MOST, PARTS = 8, 256, 32
"""Groups are regions, as rules speak of regions; where those are more, the last number of groups of some regions each;
where they are few, so many parts of one size."""
MOST_SLOPES = 100_000
"""Groups times limits that link clusters: a plane has a slope for each limit, and every evaluation a plane a group."""


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """The linking limits by groups of clusters, and one more group for the picks of programmes.

    bound = constant + sum of price * limit + sum over groups of ``parts``, and ``used`` is minus the slope of a part.

    Parameters
    ----------
    dual : Dual
        The problem.
    group : array of shape (num_clusters,)
        The group of each cluster.
    num : int
        How many groups there are, that of the picks included.
    linking : array of shape (num_linking,)
        Positions of the limits that no cluster keeps by itself, purses first.
    matrix : matrix of shape (num_linking, num_amounts)
        What an amount takes of each, with the sign of its price.
    place : array of shape (num_entries,)
        For every entry of the matrix: its group times the number of limits, and its limit.
    """

    dual: Dual
    group: Ints
    num: int
    linking: Ints
    matrix: Matrix
    place: Ints

    def parts(self, found: Evaluation) -> Floats:
        """Give what each group adds to the bound, shape (num,)."""
        values = np.bincount(self.group, weights=found.clusters, minlength=self.num)
        values[-1] += found.picks
        return np.asarray(values, float)

    def used(self, found: Evaluation) -> Floats:
        """Give what each group takes of every linking limit, shape (num, num_linking)."""
        num = len(self.linking)
        weights = self.matrix.data * found.money[self.matrix.indices]
        taken = np.bincount(self.place, weights=weights, minlength=self.num * num).astype(float).reshape(self.num, num)
        dual, space = self.dual, self.dual.space
        place = np.full(len(dual.purses.limit) + dual.sides.num, -1)
        place[self.linking] = np.arange(len(self.linking))
        for number, count in enumerate(dual.counts):
            rule = space.problem.rules[count.rule]
            paid = space.flow_cell[count.flows[found.money[count.flows] > 0]]
            cluster = space.cell_cluster[paid if counts_draws(rule) else np.unique(paid)]
            if rule.base is RuleBase.CLUSTERS:
                cluster = np.flatnonzero(found.served[number])
            level = np.bincount(self.group[cluster], minlength=self.num)
            for side in count.sides.tolist():
                taken[:, place[len(dual.purses.limit) + side]] = dual.sides.sign[side] * level
        return taken


def make_grouped(dual: Dual) -> Grouped:
    """Put the clusters of a problem into groups."""
    space, problem = dual.space, dual.space.problem
    num_regions = len(problem.labels.regions)
    linking, matrix = linking_limits(dual)
    if space.moved.nnz:
        # A pick that moves a cluster earns what the cluster gains, so that they are one part.
        group, num = np.zeros(problem.num_clusters, np.int64), 1
    elif num_regions >= FEWEST:
        # Purses are of regions, so that none is cut; regions that stand together share a group where they are many.
        each = num_regions <= MOST and num_regions * len(linking) <= MOST_SLOPES
        num = (num_regions if each else min(PARTS, num_regions)) + 1
        group = problem.region_of.astype(np.int64) * (num - 1) // num_regions
    else:
        num = min(PARTS, max(problem.num_clusters, 1)) + 1
        group = np.arange(problem.num_clusters) % (num - 1)
    of_amount = np.full(space.num_amounts, num - 1)
    of_amount[: space.num_flows] = group[space.cell_cluster[space.flow_cell]]
    return Grouped(dual, group, num, linking, matrix, place_entries(matrix, of_amount))


def linking_limits(dual: Dual) -> tuple[Ints, Matrix]:
    """Give the limits that no cluster keeps by itself, and what amounts take of each, with the sign of its price."""
    linking = np.flatnonzero(np.concatenate((np.ones(len(dual.purses.limit), bool), ~_inner_sides(dual))))
    signed = sparse.diags(dual.sides.sign) @ dual.sides.matrix
    return linking, sparse.csr_matrix(sparse.vstack((dual.purses.matrix, signed)))[linking]


def place_entries(matrix: Matrix, of_amount: Ints) -> Ints:
    """Give, for every entry of a matrix over amounts, the group of its amount times the number of rows, and its row."""
    num = int(matrix.shape[0])
    return np.asarray(of_amount[matrix.indices] * num + np.repeat(np.arange(num), np.diff(matrix.indptr)))


def _inner_sides(dual: Dual) -> np.ndarray:
    """Mark the sides that are limits within one cluster."""
    sides, inner, num_years = dual.sides, dual.inner, dual.space.problem.num_years

    def key(rule: Ints, year: Ints, upper: np.ndarray) -> Ints:
        """Number a side of a rule in a year."""
        return np.asarray((rule * (num_years + 1) + year + 1) * 2 + upper)

    sort = [(inner.lower > -LARGEST_SUM, False), (inner.upper < LARGEST_SUM, True)]
    held = [key(inner.rule[own], inner.year[own], np.full(int(own.sum()), upper)) for own, upper in sort]
    return np.isin(key(sides.rule, sides.year, sides.upper), np.concatenate(held))
