"""The tables a planner fills in, declared once: columns, units, rules and words in both languages."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from clusteropt.inputs import cluster_tables, money_tables, programme_tables
from clusteropt.inputs.columns import Column, ColumnKind, Table
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

REMARKS = (
    Column(name="source", kind=ColumnKind.REMARK, about=Text("Where the row comes from", "数据来源")),
    Column(
        name="status",
        kind=ColumnKind.REMARK,
        about=Text(
            "How sure the row is: sourced, proxy, unverified, assumption, illustrative",
            "数据可靠程度: sourced 有来源, proxy 代理指标, unverified 未核实, assumption 假设, illustrative 示意",
        ),
    ),
    Column(name="note", kind=ColumnKind.REMARK, about=Text("A remark", "备注")),
)


def _with_remarks(table: Table) -> Table:
    own = table.names
    columns = (*table.columns, *(column for column in REMARKS if column.name not in own))
    return Table(name=table.name, about=table.about, columns=columns, required=table.required, rules=table.rules)


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: _with_remarks(table)
        for table in (
            cluster_tables.CLUSTERS,
            cluster_tables.LEVERS,
            cluster_tables.EFFECTIVENESS,
            cluster_tables.SYNERGIES,
            money_tables.FUNDS,
            money_tables.ELIGIBILITY,
            money_tables.RULES,
            money_tables.CELLS,
            money_tables.LEVELS,
            cluster_tables.SPILLOVERS,
            money_tables.ARRIVING,
            money_tables.LAST_PLAN,
            programme_tables.PROGRAMMES,
            programme_tables.PROGRAMME_COSTS,
        )
    }
)

# Named in the design and refused by name, so that nobody believes they are obeyed.
PLANNED_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"funds": ("match_ratio",), "clusters": ("own_funds",)}
)
PLANNED_TABLES = ("actuals",)
