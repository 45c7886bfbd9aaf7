"""The parts that a bound is a sum of: clusters, and programmes, put together where picks move or tie them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.grouped import Grouped, linking_limits, place_entries

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.lagrangian import Dual, Evaluation


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The smallest groups of clusters and picks that a bound is a sum over.

    Parameters
    ----------
    grouped : Grouped
        What each part takes of the linking limits.
    of_pick : array of shape (num_picks,)
        The part of each pick.
    """

    grouped: Grouped
    of_pick: Ints

    def values(self, found: Evaluation) -> Floats:
        """Give what each part adds to the bound, shape (num,)."""
        space = self.grouped.dual.space
        values = np.bincount(self.grouped.group, weights=found.clusters, minlength=self.grouped.num)
        taken = np.flatnonzero(found.money[space.num_flows :])
        picks = np.bincount(self.of_pick[taken], weights=found.pick_worth[taken], minlength=self.grouped.num)
        return np.asarray(values + picks, float)


def make_parts(dual: Dual) -> Parts:
    """Put together what a pick moves or a condition ties; all else is a part of its own."""
    space, bundles = dual.space, dual.bundles
    num_clusters = space.problem.num_clusters
    parent = list(range(num_clusters + len(bundles.must)))

    def root(node: int) -> int:
        """Give what stands for all that a cluster or a programme belongs to."""
        while parent[node] != node:
            node = parent[node]
        return node

    unit = np.searchsorted(bundles.start, np.arange(space.num_picks), side="right") - 1 + num_clusters
    for units, _ in bundles.tied:
        for other in units[1:]:
            parent[root(num_clusters + other)] = root(num_clusters + units[0])
    moved = space.moved.tocoo()
    for cluster, pick in {*zip(space.cell_cluster[moved.row].tolist(), moved.col.tolist(), strict=True)}:
        parent[root(cluster)] = root(int(unit[pick]))
    roots, part = np.unique([root(node) for node in range(len(parent))], return_inverse=True)
    of_pick = part[unit].astype(np.int64)
    of_amount = np.concatenate((part[space.cell_cluster[space.flow_cell]], of_pick))
    linking, matrix = linking_limits(dual)
    group = part[:num_clusters].astype(np.int64)
    return Parts(Grouped(dual, group, len(roots), linking, matrix, place_entries(matrix, of_amount)), of_pick)
