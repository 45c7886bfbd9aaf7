"""From checked tables to the arrays of a problem."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.domain import Feature, Path, Reading, classify
from clusteropt.inputs.access import make_access
from clusteropt.inputs.ledger import SHARE_UNIT, Ledger, Purses, payable
from clusteropt.inputs.problem import Labels, LastPlan, Problem, ResponseFamily
from clusteropt.inputs.programme_building import build_programmes
from clusteropt.inputs.settings import CoefficientReading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusteropt.inputs.names import Names
    from clusteropt.inputs.parsing import TypedTable
    from clusteropt.inputs.problem import Floats, Ints, Menus, Positions, Synergy
    from clusteropt.inputs.programme_rows import Option
    from clusteropt.inputs.selections import RuleRow
    from clusteropt.inputs.settings import ModelSettings
    from clusteropt.text import Text


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Parts:
    """All that a problem is built from; every reference in it is good.

    Parameters
    ----------
    settings : ModelSettings
        The model beside its tables.
    tables : dict of str to TypedTable
        All tables, empty ones where the source has none.
    labels : Labels
        The names.
    names : dict of str to Names
        The names, to look references up in.
    membership : array of shape (num_clusters, num_paths)
        How much of each path a cluster has.
    menus : Menus
        The awards to choose from.
    synergies : tuple of Synergy
        Levers that work together.
    rules : tuple of RuleRow
        The limits as their rows say them.
    options : tuple of Option
        What is taken whole or not at all.
    """

    settings: ModelSettings
    tables: Mapping[str, TypedTable]
    labels: Labels
    names: Mapping[str, Names]
    membership: Floats
    menus: Menus
    synergies: tuple[Synergy, ...]
    rules: tuple[RuleRow, ...]
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """What is known of every cluster and lever, each array of shape (num_clusters, num_levers)."""

    effect: Floats
    scale: Floats
    stock: Floats
    least: Ints
    most: Ints


def memberships(clusters: TypedTable) -> Floats:
    """Give the memberships of every cluster: 1 on a path that is given, else by classification.

    A cluster with neither a path nor three readings in 0..1 has none; that is a fault elsewhere.

    Parameters
    ----------
    clusters : TypedTable
        The typed table.
    """
    membership = np.zeros((len(clusters), len(Path)))
    paths = clusters.text("path")
    place = {str(path): number for number, path in enumerate(Path)}
    given = paths.spread(np.array([place.get(word, -1) for word in paths.words.tolist()], np.int64), -1)
    membership[np.flatnonzero(given >= 0), given[given >= 0]] = 1.0
    asked = ~paths.given
    if not asked.any():
        return membership
    readings = np.stack([clusters.floats(str(reading)) for reading in Reading], axis=1)
    with np.errstate(invalid="ignore"):
        known = ((readings >= 0) & (readings <= 1)).all(axis=1)
    wanted = np.flatnonzero(asked & known)
    if len(wanted):
        # Many clusters share their readings, those of their region and industry, and are classified once.
        distinct, back = np.unique(readings[wanted], axis=0, return_inverse=True)
        found = np.array([classify(*row).memberships for row in distinct.tolist()])
        membership[wanted] = found[back.ravel()]
    return membership


def build_problem(parts: Parts, notes: tuple[Text, ...], digests: dict[str, str]) -> Problem:
    """Build the frozen problem, but for its rules, which are written out for it.

    Parameters
    ----------
    parts : Parts
        What it is built from.
    notes : tuple of Text
        What a reader must know.
    digests : dict of str to str
        SHA-256 of every input.
    """
    settings = parts.settings
    return replace(
        _arrays(parts),
        synergies=parts.synergies,
        last_plan=_last_plan(parts),
        programmes=build_programmes(parts.options, parts.labels, _path_effects(parts)) if parts.options else None,
        arriving=_arriving(parts),
        objective=settings.objective.objective(),
        discount=settings.objective.discount,
        factor_weights={str(name): weight for name, weight in settings.baselines.factor_weights.items()},
        notes=notes,
        digests=digests,
        options=settings.solve.options(),
    )


def _arrays(parts: Parts) -> Problem:
    """Build the problem as far as tables and names make it."""
    settings, names = parts.settings, parts.names
    clusters, levers = parts.tables["clusters"], parts.tables["levers"]
    region, industry = (names[kind].positions(clusters.text(kind)) for kind in ("region", "industry"))
    # Of paths as near as floats can tell the first counts, so that nobody who computes it again finds another.
    most = parts.membership.max(axis=1, keepdims=True)
    path = (parts.membership >= most * (1 - 1e-9)).argmax(axis=1).astype(np.int32)
    purse, ledger = _purses(parts)
    access = make_access(parts.tables["eligibility"], names, region, path, industry)
    cells = _cells(parts, access.reach(payable(Purses(purse, ledger))))
    draw_fund, draw_cluster, draw_lever = access.draws(cells.most)
    links = parts.tables["spillovers"]
    scale = clusters.floats("scale")
    return Problem(
        name=settings.name,
        title=settings.paper_title(),
        money=settings.money.money(),
        labels=parts.labels,
        region_of=region,
        industry_of=industry,
        path_of=path,
        membership=parts.membership,
        weight=clusters.floats("weight", 1.0),
        size=np.where(clusters.given("size"), clusters.floats("size"), scale),
        features=_features(clusters),
        family=tuple(ResponseFamily(str(word)) for word in levers.text("response")),
        depreciation=levers.floats("depreciation", 1.0),
        lag=levers.wholes("lag"),
        effect=cells.effect,
        scale=cells.scale,
        stock=cells.stock,
        least=cells.least,
        most=cells.most,
        menus=parts.menus,
        leverage=_leverage(parts),
        purse=purse,
        ledger=ledger,
        draw_fund=draw_fund,
        draw_cluster=draw_cluster,
        draw_lever=draw_lever,
        spill_from=names["cluster"].positions(links.text("from")),
        spill_to=names["cluster"].positions(links.text("to")),
        spill_share=links.floats("share"),
    )


def _features(clusters: TypedTable) -> Floats:
    """Give the features of every cluster; where no table has them, without taking memory for them."""
    names = [str(feature) for feature in Feature]
    if clusters.absent.issuperset(names):
        return np.broadcast_to(np.nan, (len(clusters), len(names)))
    return np.stack([clusters.floats(name) for name in names], axis=1)


def _purses(parts: Parts) -> tuple[Ints, Ledger | None]:
    """Read the purses, and their ledger where one of them is more than a plain yearly purse."""
    typed, frame = parts.tables["funds"], parts.tables["funds"].frame
    num_years = len(parts.labels.years)
    fund = parts.names["fund"].positions(typed.text("fund"))
    year = frame["year"].to_numpy(dtype=np.int64) - parts.labels.years[0]

    def array(column: str, empty: int, share: bool = False) -> Ints:
        """Put a column of whole numbers, or of exact shares in billionths, in its place."""
        values = np.full((len(parts.labels.funds), num_years), empty, dtype=np.int64)
        given = frame[column].notna().to_numpy(dtype=bool)
        amounts = [int(value * SHARE_UNIT) if share else int(value) for value in frame.loc[given, column]]
        values[fund[given], year[given]] = amounts
        return values

    ledger = Ledger(
        carried=array("carry_over", 0, share=True),
        lasts=np.minimum(array("expires_after", num_years), num_years),
        committed=array("committed", 0),
        returned=array("returned", 0, share=True),
        after=np.minimum(array("returned_after", 1), num_years),
        parts=array("returned_parts", 1),
    )
    used = any(ledger.used_by(number) for number in range(len(parts.labels.funds)))
    return array("amount", 0), ledger if used else None


def _cells(parts: Parts, reach: Ints) -> _Cells:
    """Fill the arrays over cells from their defaults, then from the cells table, then from menus."""
    cells = parts.tables["cells"]
    where = _places(parts, "cells", "cluster"), _places(parts, "cells", "lever")
    scale = np.repeat(parts.tables["clusters"].floats("scale")[:, None], reach.shape[1], axis=1)
    coefficient = parts.membership @ _coefficients(parts)
    stock = np.zeros(reach.shape)
    least, most = np.zeros(reach.shape, dtype=np.int64), reach.copy()
    arrays = {"scale": scale, "mean": coefficient, "stock": stock, "least": least, "most": most}
    for column, array in arrays.items():
        given = cells.given(column)
        if given.any():
            values = cells.floats(column) if array.dtype == float else cells.wholes(column)
            array[where[0][given], where[1][given]] = values[given]
    start = parts.menus.start
    from_menu = np.flatnonzero(np.diff(start))
    least.ravel()[from_menu] = 0
    most.ravel()[from_menu] = parts.menus.amount[start[from_menu + 1] - 1]
    elastic = parts.settings.effectiveness.reading is CoefficientReading.ELASTICITY
    # With (1 + v) x at work for an award x, e s phi((1 + v) x / s) has the effect (1 + v) e and the scale s / (1 + v).
    more = 1 + _leverage(parts)
    effect = (coefficient / scale if elastic else coefficient) * more
    return _Cells(effect, scale / more, stock, least, most)


def _leverage(parts: Parts) -> Floats:
    return parts.tables["levers"].floats("leverage", 0.0)


def _places(parts: Parts, table: str, kind: str) -> Positions:
    """Give the position of the cluster, lever, path or fund of every row of a table."""
    return parts.names[kind].positions(parts.tables[table].text(kind))


def _path_effects(parts: Parts) -> Floats:
    """Give the effect of every lever in every cluster on every path, shape (num_paths, num_clusters, num_levers)."""
    num_paths, num_clusters = len(parts.labels.paths), len(parts.labels.clusters)
    effects = []
    for path in range(num_paths):
        there = np.zeros((num_clusters, num_paths))
        there[:, path] = 1.0
        reach = np.zeros((num_clusters, len(parts.labels.levers)), dtype=np.int64)
        effects.append(_cells(replace(parts, membership=there), reach).effect)
    return np.stack(effects)


def _coefficients(parts: Parts) -> Floats:
    """Give the coefficient of each path and lever, 0 where no cluster needs one."""
    typed = parts.tables["effectiveness"]
    column, mean = typed.floats(parts.settings.effectiveness.column.value), typed.floats("mean")
    found = np.zeros((len(parts.labels.paths), len(parts.labels.levers)))
    path, lever = _places(parts, "effectiveness", "path"), _places(parts, "effectiveness", "lever")
    found[path, lever] = np.where(np.isnan(column), mean, column)
    return found


def _arriving(parts: Parts) -> Ints | None:
    """Put the money that arrives from before the plan in its place; None where there is none."""
    typed, labels = parts.tables["arriving"], parts.labels
    amount = typed.wholes("amount")
    if not (amount > 0).any():
        return None
    found = np.zeros((len(labels.clusters), len(labels.levers), len(labels.years)), np.int64)
    year = typed.wholes("year") - labels.years[0]
    found[_places(parts, "arriving", "cluster"), _places(parts, "arriving", "lever"), year] = amount
    return found


def _last_plan(parts: Parts) -> LastPlan:
    """Read the latest year of the last plan."""
    typed = parts.tables["last_plan"]
    year = typed.wholes("year", -1)
    latest = np.flatnonzero(year == year.max(initial=-1))
    cluster, lever, fund = (_places(parts, "last_plan", kind)[latest] for kind in ("cluster", "lever", "fund"))
    return LastPlan(cluster, lever, fund, typed.wholes("amount")[latest])
