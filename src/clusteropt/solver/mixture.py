"""The mixture of allocations that prices leave, and the neighbourhoods that are searched from it.

At the best prices the planes that hold the bound up have shares, which sum to 1 in every group of clusters: mixed by
these shares the allocations behind the planes obey every linking limit (Dantzig and Wolfe 1960,
doi:10.1287/opre.8.1.101). All but a few clusters take their money from there, and the rest is searched: those whose
choices differ between the allocations, and some others whose money gives way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.solver.points import money_choices

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.formulation import Formulation

ROW_ROOM = 1e-9
"""A row is broken by more than this part of its coefficients."""
SHARE = 1e-6
"""Smaller shares are the last digits of a linear program."""


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Allocations and their shares.

    Parameters
    ----------
    money : array of shape (num_allocations, num_amounts)
        Whole units, and picks.
    share : array of shape (num_allocations, num_groups)
        Of each allocation in each group of clusters; the last group is that of the picks.
    group : array of shape (num_clusters,)
        The group of each cluster.
    """

    money: Floats
    share: Floats
    group: Ints


class Neighbourhoods:
    """Some clusters left open, with all others pinned to what they have.

    Parameters
    ----------
    mixture : Mixture
        What prices leave.
    formulation : Formulation
        Of the same problem, on any grid.
    seed : int
        Of what is left open; the same seed gives the same neighbourhoods.
    """

    def __init__(self, mixture: Mixture, formulation: Formulation, seed: int) -> None:
        self._dice = np.random.default_rng(seed)
        self._undecided, self._money = _settle(mixture, formulation, self._dice)

    def pinned(
        self,
        formulation: Formulation,
        sizes: tuple[int, int],
        best: Floats | None = None,
        losses: Floats | None = None,
    ) -> Floats:
        """Give the columns of a formulation as they are in a point for all but some clusters; NaN where one is open.

        Half of those that choose anew are the clusters that lose most, as the gap is the sum of what all lose; then
        come undecided ones, which can give way at little cost.

        Parameters
        ----------
        formulation : Formulation
            Of the same problem, on any grid.
        sizes : (int, int)
            How many clusters choose anew, and of how many the money may move; those that choose are among them.
        best : array of shape (num_cols,), optional
            The point; the mixture if not given.
        losses : array of shape (num_clusters,), optional
            How much less each cluster is worth there than at best, at the best prices.
        """
        # Columns of no cluster, as those of programmes, come last and are always open.
        choosing, moving = (np.zeros(len(self._undecided) + 1, bool) for _ in range(2))
        order = self._dice.permutation(len(self._undecided))
        order = order[np.argsort(~self._undecided[order], kind="stable")]
        if losses is not None:
            worst = np.argsort(-losses, kind="stable")[: sizes[0] // 2]
            order = np.concatenate((worst, order[~np.isin(order, worst)]))
        for open_, num in ((choosing, sizes[0]), (moving, max(sizes))):
            open_[order[:num]] = open_[-1] = True
        cluster = column_clusters(formulation)
        point = _point_of(formulation, self._money) if best is None else best
        while True:
            pinned = np.where(np.where(formulation.integer, choosing[cluster], moving[cluster]), np.nan, point)
            tied = cluster[formulation.matrix[broken_rows(formulation, pinned)].indices]
            if moving[tied].all():
                return pinned
            # Where what is pinned breaks a limit by itself, the money of all clusters that have a part in it gives way;
            # that may show another limit that is broken, as of another purse open to the same clusters.
            moving[tied] = True


def broken_rows(formulation: Formulation, pinned: Floats) -> Ints:
    """Give the rows that no values of the open columns can keep within their limits.

    Parameters
    ----------
    formulation : Formulation
        The rows and the limits of columns.
    pinned : array of shape (num_cols,)
        Values of columns; NaN where one is open.
    """
    low, high = (np.where(np.isnan(pinned), limit, pinned) for limit in (formulation.col_lower, formulation.col_upper))
    entries = formulation.matrix.tocoo()
    up = entries.data > 0
    least, most = (
        np.bincount(
            entries.row, entries.data * np.where(up, one[entries.col], other[entries.col]), formulation.num_rows
        )
        for one, other in ((low, high), (high, low))
    )
    room = ROW_ROOM * np.maximum(1.0, np.bincount(entries.row, abs(entries.data), formulation.num_rows))
    return np.flatnonzero((least > formulation.row_upper + room) | (most < formulation.row_lower - room))


def column_clusters(formulation: Formulation) -> Ints:
    """Give the cluster of every choice and flow; -1 for all other columns."""
    cluster = np.full(formulation.num_cols, -1)
    for block in formulation.columns.blocks:
        if "cluster" in block.index_names and (block.integer or block.name == "flow"):
            cluster[block.positions] = block.keys[:, block.index_names.index("cluster")]
    return cluster


def _settle(mixture: Mixture, formulation: Formulation, dice: np.random.Generator) -> tuple[np.ndarray, Floats]:
    """Mark the clusters whose choices differ, and give all clusters their money.

    Where choices are the same the mean obeys what a cluster has to obey, and is worth no less, as curves are concave;
    where they differ a cluster takes one allocation, so that each is taken by its share of the clusters of a group.
    """
    space, column = formulation.space, column_clusters(formulation)
    share = np.where(mixture.share > SHARE, mixture.share, 0.0)
    share /= np.maximum(share.sum(axis=0), 1e-300)
    low, high = np.full(formulation.num_cols, np.nan), np.full(formulation.num_cols, np.nan)
    group = np.append(mixture.group, share.shape[1] - 1)[column]
    for number in np.flatnonzero(share.any(axis=1)).tolist():
        chosen = money_choices(formulation, np.round(mixture.money[number]).astype(np.int64))
        chosen = np.where(share[number, group] > 0, chosen, np.nan)
        low, high = np.fmin(low, chosen), np.fmax(high, chosen)
    undecided = np.zeros(len(mixture.group) + 1, bool)
    undecided[column[low < high]] = True
    undecided = undecided[:-1]
    taken = _taken(mixture.group, share, dice)
    flow_cluster = space.cell_cluster[space.flow_cell]
    flow_share = share[:, mixture.group[flow_cluster]]
    mean = (flow_share * mixture.money[:, : space.num_flows]).sum(axis=0)
    one = mixture.money[taken[flow_cluster], np.arange(space.num_flows)]
    picks = mixture.money[share[:, -1].argmax(), space.num_flows :]
    return undecided, np.append(np.where(undecided[flow_cluster], one, np.floor(mean)), picks)


def _taken(group: Ints, share: Floats, dice: np.random.Generator) -> Ints:
    """Let every cluster take an allocation, so that each is taken by its share of every group, up to one cluster."""
    taken = np.zeros(len(group), np.int64)
    for number in np.unique(group).tolist():
        mine = dice.permutation(np.flatnonzero(group == number))
        place = (np.arange(len(mine)) + dice.random()) / len(mine)
        taken[mine] = np.minimum(np.searchsorted(np.cumsum(share[:, number]), place), len(share) - 1)
    return taken


def _point_of(formulation: Formulation, money: Floats) -> Floats:
    """Give the choices and flows of an allocation; NaN for all other columns."""
    point = money_choices(formulation, np.round(money).astype(np.int64))
    block = formulation.columns.block("flow")
    if block is not None:
        flows = flow_of_columns(formulation)
        point[block.positions] = money[flows] / formulation.problem.money.per_printed
    return point


def flow_of_columns(formulation: Formulation) -> Ints:
    """Give the flow of every flow column, in the order of the columns."""
    block = formulation.columns.block("flow")
    assert block is not None, "asked of a formulation with flows"
    # Each of these columns is one flow: its only entry names the row.
    return np.asarray(formulation.columns.flow[:, block.positions].tocsc().indices, np.int64)
