"""The names of a model and where each stands: what every reference of a table is looked up in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusteropt.domain import PATH_LABELS, Path
from clusteropt.inputs.problem import Labels
from clusteropt.text import Text, Texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from clusteropt.inputs.coded import Coded
    from clusteropt.inputs.parsing import TypedTable
    from clusteropt.inputs.problem import Ints, Positions

WHAT = {
    "cluster": Text("cluster", "集群"),
    "region": Text("region", "地区"),
    "industry": Text("industry", "产业"),
    "path": Text("path", "路径"),
    "lever": Text("lever", "政策工具"),
    "fund": Text("fund", "资金"),
    "year": Text("year", "年份"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Names:
    """The known names of one kind.

    Parameters
    ----------
    what : Text
        What the names are names of.
    index : Index
        The names, each once, in the order of their positions.
    """

    what: Text
    index: pd.Index[str]

    def positions(self, values: Coded) -> Positions:
        """Look names up, each once; -1 where a value is missing or unknown."""
        known = self.index.get_indexer(pd.Index(values.words, dtype=object)).astype(np.int32)
        # Where the names are coded in their own order, codes are positions.
        if values.codes.dtype == np.int32 and (known == np.arange(len(known))).all():
            return np.asarray(values.codes, dtype=np.int32)
        return values.spread(known, -1)

    def position(self, name: str) -> int:
        """Look one name up; -1 if it is unknown."""
        try:
            position = self.index.get_loc(name)
        except KeyError:
            return -1
        assert isinstance(position, int), "every name stands there once"
        return position


def make_labels(tables: Mapping[str, TypedTable], years: tuple[int, ...]) -> Labels:
    """Collect the names in the order in which they first appear.

    Parameters
    ----------
    tables : dict of str to TypedTable
        All tables.
    years : tuple of int
        The years of the model.
    """
    clusters, levers, funds = (tables[name] for name in ("clusters", "levers", "funds"))
    cluster, cluster_names = _printed(clusters, "cluster", "name", "name_zh")
    region, region_names = _printed(clusters, "region", "region", "region_zh")
    industry, industry_names = _printed(clusters, "industry", "industry", "industry_zh")
    lever, lever_names = _printed(levers, "lever", "name", "name_zh")
    fund, fund_names = _printed(funds, "fund", "name", "name_zh")
    return Labels(
        clusters=cluster,
        cluster_names=cluster_names,
        regions=region,
        region_names=tuple(region_names),
        industries=industry,
        industry_names=tuple(industry_names),
        paths=tuple(str(path) for path in Path),
        path_names=tuple(PATH_LABELS[path] for path in Path),
        levers=lever,
        lever_names=tuple(lever_names),
        funds=fund,
        fund_names=tuple(fund_names),
        years=years,
    )


def make_names(labels: Labels) -> dict[str, Names]:
    """Make every kind of name ready to be looked up; years are written as text."""
    known = {
        "cluster": labels.clusters,
        "region": labels.regions,
        "industry": labels.industries,
        "path": labels.paths,
        "lever": labels.levers,
        "fund": labels.funds,
        "year": tuple(str(year) for year in labels.years),
    }
    return {kind: Names(WHAT[kind], pd.Index(list(names), dtype=object)) for kind, names in known.items()}


def _printed(typed: TypedTable, key: str, name: str, name_zh: str) -> tuple[tuple[str, ...], Texts]:
    """Give the keys, each once, and their printed names: the first that any row gives."""
    keys = typed.text(key)
    order = keys.order()
    known = keys.words[order]
    english = _first(keys, typed.text(name), known, order)
    chinese = _first(keys, typed.text(name_zh), english, order)
    return tuple(known), Texts(english, chinese)


def _first(keys: Coded, column: Coded, otherwise: NDArray[np.object_], order: Ints) -> NDArray[np.object_]:
    """Give the first value of a column beside each key."""
    if not len(column.words):
        return otherwise
    if keys is column:
        return keys.words[order]
    given = np.flatnonzero(keys.given & column.given)[::-1]
    first = np.full(len(keys.words), -1)
    first[keys.codes[given]] = column.codes[given]
    found = first[order]
    return np.where(found >= 0, column.words[found], otherwise)
