"""Who may draw on which fund, worked out by groups of clusters that the eligibility table cannot tell apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from clusteropt.inputs.names import Names
    from clusteropt.inputs.parsing import TypedTable
    from clusteropt.inputs.problem import Ints, Positions


@dataclass(frozen=True, slots=True, eq=False)
class Access:
    """Who may draw on which fund.

    Parameters
    ----------
    group_of : array of shape (num_clusters,)
        The group of each cluster: clusters of one region, path and industry.
    open : bool array of shape (num_groups, num_levers, num_funds)
        Whether the fund is open to the lever in the clusters of the group.
    """

    group_of: Positions
    open: NDArray[np.bool_]

    def reach(self, purse: Ints) -> Ints:
        """Give what the purses open to a cell hold in its best year, shape (num_clusters, num_levers)."""
        yearly = np.tensordot(self.open.astype(np.int64), purse, axes=1)
        best: Ints = yearly.max(axis=-1)
        return best[self.group_of]

    def draws(self, most: Ints) -> tuple[Positions, Positions, Positions]:
        """Give the fund, cluster and lever of every draw, sorted by cluster, lever and fund."""
        drawn = self.open[self.group_of] & (most > 0)[:, :, None]
        cluster, lever, fund = np.nonzero(drawn)
        return fund.astype(np.int32), cluster.astype(np.int32), lever.astype(np.int32)


def make_access(
    typed: TypedTable, names: Mapping[str, Names], region: Positions, path: Positions, industry: Positions
) -> Access:
    """Read the eligibility table; without rows every fund is open to all."""
    shape = (len(names["region"].index), len(names["path"].index), len(names["industry"].index))
    code = np.ravel_multi_index((region, path, industry), shape)
    groups, group_of = np.unique(code, return_inverse=True)
    num_levers, num_funds = len(names["lever"].index), len(names["fund"].index)
    opened = np.full((len(groups), num_levers, num_funds), not len(typed))
    of_group = dict(zip(("region", "path", "industry"), np.unravel_index(groups, shape), strict=True))
    wanted = {kind: names[kind].positions(typed.text(kind)) for kind in ("fund", "lever", *of_group)}
    for row in range(len(typed)):
        matches = np.ones(len(groups), dtype=bool)
        for kind, positions in of_group.items():
            if wanted[kind][row] >= 0:
                matches &= positions == wanted[kind][row]
        lever = wanted["lever"][row]
        levers = slice(None) if lever < 0 else slice(lever, lever + 1)
        opened[matches, levers, wanted["fund"][row]] = True
    return Access(group_of.astype(np.int32), opened)
