"""The Lagrangian bound as a sum over groups of clusters, each a convex function of the prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.inputs.problem import RuleBase
from clusteropt.model.blocks import add_up
from clusteropt.model.space import counts_draws

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.lagrangian import Dual, Evaluation

FEWEST, MOST = 8, 64
"""Groups are regions where there are so many of them, as rules speak of regions; else parts of equal size."""


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
    amount, place, coef : arrays of shape (num_entries,)
        Every amount that a linking limit speaks of: what it takes of it, with the sign of the price, and its group and
        the limit as one position.
    """

    dual: Dual
    group: Ints
    num: int
    linking: Ints
    amount: np.ndarray
    place: np.ndarray
    coef: Floats

    def parts(self, found: Evaluation) -> Floats:
        """Give what each group adds to the bound, shape (num,)."""
        values = np.bincount(self.group, weights=found.clusters, minlength=self.num)
        values[-1] += found.picks
        return np.asarray(values, float)

    def used(self, found: Evaluation) -> Floats:
        """Give what each group takes of every linking limit, shape (num, num_linking)."""
        shape = (self.num, len(self.linking))
        taken = add_up(self.place, self.coef * found.money[self.amount], self.num * shape[1]).reshape(shape)
        dual, space = self.dual, self.dual.space
        place = np.full(len(dual.purses.limit) + dual.sides.num, -1)
        place[self.linking] = np.arange(len(self.linking))
        for count in dual.counts:
            rule = space.problem.rules[count.rule]
            paid = count.flows[found.money[count.flows] > 0]
            if not counts_draws(rule):
                paid = np.unique(space.flow_cell[paid])
                cluster = space.cell_cluster[paid]
            else:
                cluster = space.cell_cluster[space.flow_cell[paid]]
            cluster = np.unique(cluster) if rule.base is RuleBase.CLUSTERS else cluster
            level = np.bincount(self.group[cluster], minlength=self.num)
            for side in count.sides.tolist():
                taken[:, place[len(dual.purses.limit) + side]] = dual.sides.sign[side] * level
        return taken


def make_grouped(dual: Dual) -> Grouped:
    """Put the clusters of a problem into groups."""
    space, problem = dual.space, dual.space.problem
    num_regions = len(problem.labels.regions)
    if space.moved.nnz:
        # A pick that moves a cluster earns what the cluster gains, so that they are one part.
        group, num = np.zeros(problem.num_clusters, np.int64), 1
    elif FEWEST <= num_regions <= MOST:
        group, num = problem.region_of.astype(np.int64), num_regions + 1
    else:
        num = min(MOST // 2, max(problem.num_clusters, 1)) + 1
        group = np.arange(problem.num_clusters) % (num - 1)
    linking = np.flatnonzero(np.concatenate((np.ones(len(dual.purses.limit), bool), ~_inner_sides(dual))))
    signed = sparse.diags(dual.sides.sign) @ dual.sides.matrix
    matrix = sparse.csr_matrix(sparse.vstack((dual.purses.matrix, signed)))[linking]
    of_amount = np.full(space.num_amounts, num - 1)
    of_amount[: space.num_flows] = group[space.cell_cluster[space.flow_cell]]
    row = np.repeat(np.arange(len(linking)), np.diff(matrix.indptr))
    place = (of_amount[matrix.indices] * len(linking) + row).astype(np.int32)
    return Grouped(dual, group, num, linking, matrix.indices, place, matrix.data)


def _inner_sides(dual: Dual) -> np.ndarray:
    """Mark the sides that are limits within one cluster."""
    sides = dual.sides
    held = {
        (row.rule, row.year, upper)
        for group in dual.inner
        for row in group.rows
        for upper in (False, True)
        if (row.upper if upper else row.lower) is not None
    }
    triples = zip(sides.rule.tolist(), sides.year.tolist(), sides.upper.tolist(), strict=True)
    return np.array([triple in held for triple in triples], bool)
