"""A program in which clusters that are alike are one: how many of them take each bundle, in place of who takes what.

Clusters are alike in a program where what they may take has the same worth, the same limits within the cluster, and the
same part in every limit between clusters. Then only counts matter. Whole counts of bundles have no symmetry, which is
what makes such programs slow to search; in what comes back the first of those alike take the first bundles.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.solver.program import make_program
from clusteropt.solver.reduced import ROOM, Reduced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.formulation import Formulation
    from clusteropt.solver.claim import Claim
    from clusteropt.solver.core import Rest
    from clusteropt.solver.program import Program

MOST_BUNDLES = 5_000
"""Bundles of one kind of clusters up to this many are listed."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Clusters that are alike.

    Parameters
    ----------
    columns : array of shape (num_members, num_columns)
        The columns of every member.
    rows : array of shape (num_members, num_rows)
        The rows of every member alone.
    bundles : array of shape (num_bundles, num_columns)
        All that a member may take: 0 or 1 a column.
    """

    columns: Ints
    rows: Ints
    bundles: Floats

    def count(self, x: Floats) -> Floats:
        """Count the bundles of a point; NaN where a member has none of them."""
        place = {bundle.tobytes(): k for k, bundle in enumerate(self.bundles.astype(np.int8))}
        with np.errstate(invalid="ignore"):
            taken = np.round(x[self.columns]).astype(np.int8)
        found = np.array([place.get(mine.tobytes(), -1) for mine in taken])
        if np.isnan(x[self.columns]).any() or (found < 0).any():
            return np.full(len(self.bundles), np.nan)
        return np.bincount(found, minlength=len(self.bundles)).astype(float)

    def hand_out(self, count: Floats) -> Floats:
        """Give the columns of every member where so many take each bundle: the first members the first bundles."""
        chosen = np.repeat(np.arange(len(self.bundles)), np.maximum(np.round(count), 0).astype(np.int64))
        return np.asarray(self.bundles[chosen[: len(self.columns)]])


@dataclass(frozen=True, slots=True, eq=False)
class Merged(Reduced):
    """A reduced program with clusters that are alike as one.

    Parameters
    ----------
    whole : Reduced
        The program before.
    single : array
        Its columns that stay as they are, first in the program; the counts of every kind follow.
    kinds : tuple of Kind
        In columns of the program before.
    """

    whole: Reduced
    single: Ints
    kinds: tuple[Kind, ...]

    def point(self, x: Floats | None) -> Floats | None:
        """Give the part of a point that is left, as counts."""
        left = self.whole.point(x)
        return None if left is None else np.concatenate((left[self.single], *(kind.count(left) for kind in self.kinds)))

    def expand(self, claim: Claim) -> Claim:
        """Give a claim on counts as one on the whole."""
        if claim.x is None:
            return self.whole.expand(claim)
        x, place = np.zeros(len(self.whole.program.cost)), len(self.single)
        x[self.single] = claim.x[:place]
        for kind in self.kinds:
            x[kind.columns] = kind.hand_out(claim.x[place : place + len(kind.bundles)])
            place += len(kind.bundles)
        return self.whole.expand(replace(claim, x=x))


def merge_alike(reduced: Reduced, formulation: Formulation, rest: Rest | None = None) -> Reduced:
    """Merge clusters that are alike in what is left of a program, where all that is chosen is levels of menus.

    Bundles that no better plan can have are left out.
    """
    level = formulation.columns.block("level")
    if reduced.rest is None or level is None or not reduced.program.integer.all():
        return reduced
    cell = np.full(formulation.num_cols, -1)
    cell[level.positions] = formulation.space.level_cell
    own = cell[reduced.kept]
    cluster = np.where(own >= 0, formulation.space.cell_cluster[own], -1)
    matrix = _matrix(reduced.program)
    left = None if rest is None else (rest.worth[reduced.kept], rest.room)
    kinds = tuple(_kinds(reduced.program, matrix, (own, cluster), left))
    return _merged(reduced, matrix, kinds) if kinds else reduced


def _kinds(
    program: Program, matrix: sparse.csr_matrix, owners: tuple[Ints, Ints], left: tuple[Floats, float] | None
) -> Iterator[Kind]:
    """Find the clusters that are alike, and list their bundles where these are no more than what they stand for."""
    own, cluster = owners
    inner = _owner_of_rows(matrix, cluster)
    order = np.argsort(cluster, kind="stable")
    order = order[cluster[order] >= 0]
    starts = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    rows_of = np.argsort(inner, kind="stable")
    inner = inner[rows_of]
    found: dict[bytes, list[tuple[Ints, Ints]]] = {}
    by_column = matrix.tocsc()
    for columns in _alike_in_worth(program, np.split(order, starts[1:])):
        first, last = np.searchsorted(inner, [cluster[columns[0]], cluster[columns[0]] + 1])
        rows = np.sort(rows_of[first:last])
        found.setdefault(_key(program, by_column, columns, rows), []).append((columns, rows))
    for members in found.values():
        columns, rows = members[0]
        if len(members) < 2:
            continue
        bundles = _bundles(program, matrix, own, (columns, rows))
        if bundles is not None and left is not None:
            bundles = _good(bundles, left[0][columns], left[1])
        if bundles is not None and 0 < len(bundles) <= len(members) * len(columns):
            every, alone = (np.array(part, np.int64) for part in zip(*members, strict=True))
            yield Kind(every, alone, bundles)


def _alike_in_worth(program: Program, clusters: list[Ints]) -> Iterator[Ints]:
    """Give the columns of clusters with the same worth as another: most have none, and need no closer look."""
    keys = [program.cost[columns].tobytes() for columns in clusters]
    number = Counter(keys)
    return (columns for columns, key in zip(clusters, keys, strict=True) if len(columns) and number[key] > 1)


def _owner_of_rows(matrix: sparse.csr_matrix, cluster: Ints) -> Ints:
    """Give the cluster that all columns of a row belong to; -1 for rows between clusters."""
    entry = cluster[matrix.indices]
    filled = np.flatnonzero(np.diff(matrix.indptr))
    low, high = np.full(matrix.shape[0], -1), np.full(matrix.shape[0], -1)
    if len(filled):
        low[filled] = np.minimum.reduceat(entry, matrix.indptr[filled])
        high[filled] = np.maximum.reduceat(entry, matrix.indptr[filled])
    return np.where(low == high, low, -1)


def _key(program: Program, by_column: sparse.csc_matrix, columns: Ints, rows: Ints) -> bytes:
    """Give all that a program says of a cluster: two clusters are alike where it is the same."""
    parts = [program.cost[columns], program.col_lower[columns], program.col_upper[columns]]
    parts += [program.row_lower[rows], program.row_upper[rows]]
    for column in columns.tolist():
        part = slice(by_column.indptr[column], by_column.indptr[column + 1])
        index = by_column.indices[part].astype(np.int64)
        inside = np.isin(index, rows)
        # Rows within a cluster are named by their order in it.
        index[inside] = -1 - np.searchsorted(rows, index[inside])
        parts += [index, by_column.data[part]]
    return b"|".join(np.ascontiguousarray(part).tobytes() for part in parts)


def _bundles(program: Program, matrix: sparse.csr_matrix, own: Ints, one: tuple[Ints, Ints]) -> Floats | None:
    """List what a cluster may take under its own rows; None where that is too much, or more than yes or no."""
    columns, rows = one
    if (program.col_lower[columns] != 0).any() or (program.col_upper[columns] != 1).any():
        return None
    cells = [np.flatnonzero(own[columns] == cell) for cell in np.unique(own[columns])]
    size = [len(cell) + 1 for cell in cells]
    if math.prod(size) > MOST_BUNDLES:
        return None
    taken = np.indices(size).reshape(len(cells), -1).T
    bundles = np.zeros((len(taken), len(columns)))
    for turn, cell in enumerate(cells):
        some = np.flatnonzero(taken[:, turn])
        bundles[some, cell[taken[some, turn] - 1]] = 1.0
    level = bundles @ matrix[rows][:, columns].toarray().T
    low, high = program.row_lower[rows], program.row_upper[rows]
    room = ROOM * np.maximum(1.0, abs(level))
    return np.asarray(bundles[((level >= low - room) & (level <= high + room)).all(axis=1)])


def _good(bundles: Floats, worth: Floats, room: float) -> Floats:
    """Keep the bundles that lose no more against the best than there is room for; all where that is not known."""
    values = bundles @ worth
    return bundles if np.isnan(values).any() else bundles[values >= values.max(initial=-np.inf) - room]


def _merged(reduced: Reduced, matrix: sparse.csr_matrix, kinds: tuple[Kind, ...]) -> Merged:
    """Put counts of bundles in the place of columns: their sum is how many there are."""
    program = reduced.program
    merged = np.concatenate([kind.columns.ravel() for kind in kinds])
    single = np.setdiff1d(np.arange(len(program.cost)), merged)
    between = np.setdiff1d(np.arange(matrix.shape[0]), np.concatenate([kind.rows.ravel() for kind in kinds]))
    numbers = np.array([len(kind.columns) for kind in kinds], float)
    firsts, widths = [kind.columns[0] for kind in kinds], [len(kind.bundles) for kind in kinds]
    parts = [matrix[between][:, single]]
    parts += [
        matrix[between][:, one] @ sparse.csr_matrix(kind.bundles.T) for one, kind in zip(firsts, kinds, strict=True)
    ]
    sums = sparse.block_diag([np.ones((1, width)) for width in widths])
    below = sparse.hstack((sparse.csr_matrix((len(kinds), len(single))), sums))
    rows = sparse.csr_matrix(sparse.vstack((sparse.hstack(parts), below)))
    rows.eliminate_zeros()
    most = np.repeat(numbers, widths)
    limits = (
        np.concatenate((program.row_lower[between], numbers)),
        np.concatenate((program.row_upper[between], numbers)),
        np.concatenate((program.col_lower[single], np.zeros(len(most)))),
        np.concatenate((program.col_upper[single], most)),
    )
    cost = np.concatenate(
        (program.cost[single], *(kind.bundles @ program.cost[one] for one, kind in zip(firsts, kinds, strict=True)))
    )
    smaller = make_program(rows, limits, cost, np.ones(len(cost), np.uint8))
    return Merged(smaller, reduced.kept, reduced.rest, reduced.offset, reduced, single, kinds)


def _matrix(program: Program) -> sparse.csr_matrix:
    shape = (len(program.row_lower), len(program.cost))
    return sparse.csr_matrix((program.value, program.index, program.start), shape)
