"""The names of a model and where each stands: what every reference of a table is looked up in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusteropt.domain import PATH_LABELS, Path
from clusteropt.inputs.problem import Labels
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusteropt.inputs.parsing import TypedTable
    from clusteropt.inputs.problem import Positions

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

    def positions(self, values: pd.Series) -> Positions:
        """Look names up; -1 where a value is missing or unknown."""
        return self.index.get_indexer(pd.Index(values, dtype=self.index.dtype)).astype(np.int32)

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
    clusters, levers, funds = (tables[name].frame for name in ("clusters", "levers", "funds"))
    cluster, cluster_names = _printed(clusters, "cluster", "name", "name_zh")
    region, region_names = _printed(clusters, "region", "region", "region_zh")
    industry, industry_names = _printed(clusters, "industry", "industry", "industry_zh")
    lever, lever_names = _printed(levers, "lever", "name", "name_zh")
    fund, fund_names = _printed(funds, "fund", "name", "name_zh")
    return Labels(
        clusters=cluster,
        cluster_names=cluster_names,
        regions=region,
        region_names=region_names,
        industries=industry,
        industry_names=industry_names,
        paths=tuple(str(path) for path in Path),
        path_names=tuple(PATH_LABELS[path] for path in Path),
        levers=lever,
        lever_names=lever_names,
        funds=fund,
        fund_names=fund_names,
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


def _printed(frame: pd.DataFrame, key: str, name: str, name_zh: str) -> tuple[tuple[str, ...], tuple[Text, ...]]:
    """Give the keys, each once, and their printed names: the first that any row gives."""
    named = frame[frame[key].notna()]
    keys = named[key].drop_duplicates().to_numpy(dtype=object)
    english = _first(named, key, name, keys, keys)
    chinese = _first(named, key, name_zh, keys, english)
    return tuple(keys), tuple(Text(en, zh) for en, zh in zip(english, chinese, strict=True))


def _first(frame: pd.DataFrame, key: str, column: str, keys: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    filled = frame[frame[column].notna()].drop_duplicates(key)
    found = filled[column].to_numpy(dtype=object)
    where = pd.Index(filled[key].to_numpy(dtype=object), dtype=object).get_indexer(pd.Index(keys, dtype=object))
    result = np.array(otherwise, dtype=object)
    result[where >= 0] = found[where[where >= 0]]
    return result
