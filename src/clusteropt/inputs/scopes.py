"""Scopes: the selections of many rules side by side, and which lie inside or apart from which.

A scope is a product of clusters, levers, funds and years. One lies inside another if each of its four parts does; two
are apart if any of their parts are. Both are exact for products, whatever draws there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusteropt.inputs.check import Check, Mask
    from clusteropt.inputs.problem import Floats, Ints, Problem, Selection

MOST_SCOPES = 2_000
"""More selections of one sort than this are not compared: the comparison takes the square of their number."""


@dataclass(frozen=True, slots=True, eq=False)
class Scopes:
    """Which of some scopes lie inside or apart from which.

    Parameters
    ----------
    inside : bool array of shape (num_scopes, num_scopes)
        ``inside[a, b]``: a lies inside b.
    apart : bool array of shape (num_scopes, num_scopes)
        No draw is in both in the same year.
    clusters_apart : bool array of shape (num_scopes, num_scopes)
        No cluster is in both.
    size : array of shape (num_scopes,)
        The product of the numbers of clusters, levers, funds and years.
    """

    inside: Mask
    apart: Mask
    clusters_apart: Mask
    size: Floats


def make_scopes(check: Check, selections: Sequence[Selection]) -> Scopes:
    """Compare selections with each other.

    Parameters
    ----------
    check : Check
        The problem.
    selections : sequence of Selection
        Empty fields mean any.
    """
    problem = check.problem
    keys = [(s.regions, s.paths, s.industries, s.clusters) for s in selections]
    # Many rules speak of the same clusters, and each comparison of clusters is long.
    one_of = dict(zip(keys, selections, strict=True))
    distinct = {key: position for position, key in enumerate(one_of)}
    kind, number = _kinds(problem, selections)
    masks = np.zeros((len(distinct), len(number)), dtype=bool)
    for key, position in distinct.items():
        masks[position, kind[check.clusters(one_of[key])]] = True
    which = np.array([distinct[key] for key in keys], dtype=np.int64)
    inside, apart = (part[np.ix_(which, which)] for part in _compare(masks))
    clusters_apart = apart.copy()
    size = (masks @ number)[which]
    parts = (
        ([s.levers for s in selections], problem.num_levers),
        ([s.funds for s in selections], problem.num_funds),
        ([s.years for s in selections], problem.num_years),
    )
    for chosen, count in parts:
        table = np.array([_mask(positions, count) for positions in chosen], dtype=bool).reshape(-1, count)
        within, off = _compare(table)
        inside &= within
        apart |= off
        size = size * table.sum(axis=1)
    return Scopes(inside, apart, clusters_apart, size)


def _kinds(problem: Problem, selections: Sequence[Selection]) -> tuple[Ints, Floats]:
    """Give the kind of every cluster, and how many there are of each: no selection tells clusters of a kind apart.

    Clusters that are named stand alone; of the others those of the same region, path and industry are of a kind. A
    million clusters are of some thousand kinds.
    """
    named = np.zeros(problem.num_clusters, np.int64)
    alone = np.array(sorted({cluster for s in selections for cluster in s.clusters}), np.int64)
    named[alone] = 1 + np.arange(len(alone))
    code = np.ravel_multi_index(
        (named, problem.region_of, problem.path_of, problem.industry_of),
        (len(alone) + 1, len(problem.labels.regions), len(problem.labels.paths), len(problem.labels.industries)),
    )
    _, kind, number = np.unique(code, return_inverse=True, return_counts=True)
    return kind, number.astype(float)


def _mask(positions: tuple[int, ...], count: int) -> Mask:
    chosen = np.zeros(count, dtype=bool)
    chosen[list(positions) if positions else slice(None)] = True
    return chosen


def _compare(table: Mask) -> tuple[Mask, Mask]:
    """Give which rows of a table of marks lie inside which, and which have no mark in common."""
    # Sums of up to 2**24 ones are exact in 32-bit floats, and products of floats are fast.
    ones = table.astype(np.float32)
    common = ones @ ones.T
    return common == ones.sum(axis=1)[:, None], common == 0
