"""What a reader of a plan must know about its input: proxies, guesses, and what was left out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.settings import CoefficientColumn, CoefficientReading
from clusteropt.inputs.tables import TABLES
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusteropt.inputs.parsing import TypedTable
    from clusteropt.inputs.problem import Floats
    from clusteropt.inputs.settings import ModelSettings

# Rows of any other status, such as sourced, need no word of caution.
CAUTIONS = {
    "proxy": Text("by proxy", "为代理指标"),
    "unverified": Text("unverified", "未经核实"),
    "assumption": Text("assumed", "为假设"),
    "illustrative": Text("illustrative", "仅为示意"),
}
COLUMNS = {
    CoefficientColumn.MEAN: Text("mean", "均值"),
    CoefficientColumn.LOW: Text("low end", "下限"),
    CoefficientColumn.HIGH: Text("high end", "上限"),
}
READINGS = {
    CoefficientReading.FIRST_UNIT: Text("outcomes of the first unit of money", "首单位资金的产出"),
    CoefficientReading.ELASTICITY: Text("elasticities", "弹性"),
}


def make_notes(
    tables: Mapping[str, TypedTable], membership: Floats, settings: ModelSettings, left_out: tuple[str, ...]
) -> tuple[Text, ...]:
    """Write one note for each kind of caveat.

    Parameters
    ----------
    tables : dict of str to TypedTable
        All tables.
    membership : array of shape (num_clusters, num_paths)
        How much of each path a cluster has.
    settings : ModelSettings
        The model beside its tables.
    left_out : tuple of str
        Tables that are there but switched off.
    """
    notes = [note for name in TABLES for note in _status_notes(name, tables[name])]
    notes += [
        Text(f"The table {name} is switched off and was left out.", f"表 {name} 已关闭, 未计入。") for name in left_out
    ]
    between = int(np.count_nonzero(membership.max(axis=1, initial=0.0) < 1))
    if between:
        notes.append(
            Text(
                f"{between} of {len(membership)} clusters are classified between paths; "
                "they take the mean of the coefficients by their memberships.",
                f"{len(membership)} 个集群中有 {between} 个介于几类路径之间, 系数按隶属度加权平均。",
            )
        )
    column, reading = COLUMNS[settings.effectiveness.column], READINGS[settings.effectiveness.reading]
    notes.append(
        Text(
            f"Coefficients: the {column.en} of their spread, read as {reading.en}.",
            f"系数取{column.zh}, 按{reading.zh}解读。",
        )
    )
    last = tables["last_plan"]
    years = np.unique(last.wholes("year")[last.given("year")])
    if len(years) > 1:
        latest = int(years[-1])
        notes.append(Text(f"Of the last plan only the year {latest} counts.", f"上期计划仅取 {latest} 年。"))
    return tuple(notes)


def _status_notes(name: str, typed: TypedTable) -> list[Text]:
    status, num_rows = typed.text("status"), len(typed)
    if not len(status.words):
        return []
    number = np.bincount(status.codes[status.given], minlength=len(status.words)).tolist()
    said = [word.casefold() for word in status.words.tolist()]
    counts = {word: sum(count for own, count in zip(said, number, strict=True) if own == word) for word in CAUTIONS}
    return [
        Text(
            f"{name}: {count} of {num_rows} rows {CAUTIONS[word].en}.",
            f"{name}: {num_rows} 行中有 {count} 行{CAUTIONS[word].zh}。",
        )
        for word, count in counts.items()
        if count
    ]
