"""Limits that lie within the menus of one cluster, as arrays: of a million clusters each may have its own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from clusteropt.inputs.problem import RuleKind
from clusteropt.model.money_rules import LARGEST_SUM, change_money, share_money
from clusteropt.model.row_arrays import amount_arrays, arrays_of, join_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.inputs.problem import Ints
    from clusteropt.model.space import Space


@dataclass(frozen=True, slots=True)
class InnerRow:
    """One limit on the amounts of cells of one cluster.

    Parameters
    ----------
    coef : dict of int to int
        Whole coefficient of the amount of each cell.
    lower, upper : int or None
        Limits.
    """

    coef: dict[int, int]
    lower: int | None
    upper: int | None

    def holds(self, amounts: dict[int, int]) -> bool:
        """Tell whether amounts of cells obey the limit; cells not named get nothing."""
        level = sum(coef * amounts.get(cell, 0) for cell, coef in self.coef.items())
        return (self.lower is None or level >= self.lower) and (self.upper is None or level <= self.upper)

    def too_much(self, amounts: dict[int, int]) -> bool:
        """Tell whether amounts are beyond the upper limit whatever is added."""
        if self.upper is None or any(coef < 0 for coef in self.coef.values()):
            return False
        return sum(coef * amounts.get(cell, 0) for cell, coef in self.coef.items()) > self.upper


@dataclass(frozen=True, slots=True)
class InnerGroup:
    """Inner rows of one cluster that share cells, and the cells they are about, in order; groups share none."""

    cells: tuple[int, ...]
    rows: tuple[InnerRow, ...]


@dataclass(frozen=True, eq=False)
class InnerRows:
    """All limits within single clusters.

    Parameters
    ----------
    rule, year : arrays of shape (num_rows,)
        Position of the rule; position of the year for a change rule, else -1.
    group : array of shape (num_rows,)
        Rows that share cells, directly or by others, are of one group; groups are numbered by their first rows.
    cluster : array of shape (num_groups,)
        The cluster of each group.
    start : array of shape (num_rows + 1,)
        Entries ``start[r]:start[r + 1]`` are of row r.
    cell, coef : arrays of shape (num_entries,)
        Cells, each once a row, and whole coefficients of their amounts.
    lower, upper : arrays of shape (num_rows,)
        Limits; beyond 2**62 is none.
    """

    rule: Ints
    year: Ints
    group: Ints
    cluster: Ints
    start: Ints
    cell: Ints
    coef: Ints
    lower: Ints
    upper: Ints

    def __len__(self) -> int:
        """Give the number of groups."""
        return len(self.cluster)

    @cached_property
    def groups(self) -> tuple[InnerGroup, ...]:
        """The groups one by one, for a search in plain Python."""
        rows: list[list[InnerRow]] = [[] for _ in self.cluster]
        for number, group in enumerate(self.group.tolist()):
            part = slice(self.start[number], self.start[number + 1])
            coef = dict(zip(self.cell[part].tolist(), self.coef[part].tolist(), strict=True))
            lower, upper = int(self.lower[number]), int(self.upper[number])
            rows[group].append(
                InnerRow(coef, None if lower <= -LARGEST_SUM else lower, None if upper >= LARGEST_SUM else upper)
            )
        return tuple(InnerGroup(tuple(sorted({c for row in mine for c in row.coef})), tuple(mine)) for mine in rows)


def make_inner_rows(space: Space) -> InnerRows:
    """Find the amount, share and change limits all of whose flows end in menus of one cluster, alike within a cell."""
    others = [row for row in chain(share_money(space), change_money(space)) if row.coef.dtype == np.int64]
    changes = np.array([space.problem.rules[row.key[0]].kind is RuleKind.CHANGE for row in others], bool)
    of_change = np.array([row.key[1] for row in others], np.int64)
    amounts, more = amount_arrays(space), arrays_of(others)
    rows = join_arrays([amounts, more])
    year = np.concatenate((np.full(len(amounts.rule), -1), np.where(changes, of_change, -1)))
    # A row without flows says nothing here, and a limit that is no number of 64 bits is left to its price.
    wanted = (np.diff(rows.start) > 0) & (rows.lower < LARGEST_SUM) & (rows.upper > -LARGEST_SUM)
    mine = wanted[rows.number]
    number, cell, coef, good = _by_cell(space, rows.number[mine], rows.flow[mine], rows.coef[mine])
    inner = np.zeros(len(wanted), bool)
    np.logical_or.at(inner, number, good)
    inner[number[~good]] = False
    kept = np.flatnonzero(inner)
    mine = inner[number]
    number, cell, coef = (np.cumsum(inner) - 1)[number[mine]], cell[mine], coef[mine]
    group = _groups(number, cell, len(kept))
    start = np.searchsorted(number, np.arange(len(kept) + 1))
    cluster = np.zeros(int(group.max(initial=-1)) + 1, np.int64)
    cluster[group] = space.cell_cluster[cell[start[:-1]]]
    return InnerRows(
        rule=rows.rule[kept],
        year=year[kept],
        group=group,
        cluster=cluster,
        start=start,
        cell=cell,
        coef=coef,
        lower=rows.lower[kept],
        upper=rows.upper[kept],
    )


def split_rows(rows: list[InnerRow]) -> Iterator[tuple[tuple[int, ...], tuple[InnerRow, ...]]]:
    """Put rows together that share cells, as the years of a cluster rarely do: a search over all takes far longer."""
    groups: list[tuple[set[int], list[InnerRow]]] = []
    for row in rows:
        cells, mine, apart = {*row.coef}, [row], []
        for others, known in groups:
            if others & cells:
                cells, mine = others | cells, known + mine
            else:
                apart.append((others, known))
        groups = [*apart, (cells, mine)]
    for cells, mine in groups:
        yield tuple(sorted(cells)), tuple(mine)


def _by_cell(space: Space, number: Ints, flow: Ints, coef: Ints) -> tuple[Ints, Ints, Ints, np.ndarray]:
    """Give the entries of rows by cell, and which fit an inner row: all flows of a cell, alike, and of one cluster."""
    num_flows = np.bincount(space.flow_cell, minlength=space.num_cells)
    cell = space.flow_cell[flow]
    alike = np.ones(len(cell), bool)
    if (num_flows[cell] > 1).any():
        key, first, where, count = np.unique(
            number * space.num_cells + cell, return_index=True, return_inverse=True, return_counts=True
        )
        alike = np.ones(len(key), bool)
        np.logical_and.at(alike, where, coef == coef[first][where])
        number, cell, coef = number[first], cell[first], coef[first]
        alike &= count == num_flows[cell]
    first = np.searchsorted(number, number)
    cluster = space.cell_cluster[cell]
    return number, cell, coef, alike & space.from_menu[cell] & (cluster == cluster[first])


def _groups(number: Ints, cell: Ints, num_rows: int) -> Ints:
    """Number the groups of rows that share cells."""
    _, column = np.unique(cell, return_inverse=True)
    num = num_rows + int(column.max(initial=-1)) + 1
    links = sparse.coo_matrix((np.ones(len(number), np.int8), (number, num_rows + column)), (num, num))
    _, label = csgraph.connected_components(links, directed=False)
    # Rows come first, so that labels are in the order of the first rows.
    return label[:num_rows].astype(np.int64)
