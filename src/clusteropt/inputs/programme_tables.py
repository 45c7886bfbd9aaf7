"""The tables of programmes: their options with gains and conditions, and what each option costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from clusteropt.inputs.column_makers import (
    AMOUNT,
    MONEY,
    MOST_YEARS_AHEAD,
    NOT_NEGATIVE,
    NOTHING,
    amount_column,
    goes_with,
    name_column,
    number_column,
    path_column,
    printed_columns,
)
from clusteropt.inputs.columns import Bounds, Column, ColumnKind, RowRule, Table
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

NONE = Text("none", "无")
YEARS = Text("years", "年")
OPTION_SIGN = ":"
"""Joins a programme and one of its options where they are named together."""
YES, NO = "yes", "no"
MOST_CONDITIONS = 100_000


def _list_column(name: str, about: Text, default: Text) -> Column:
    return Column(name=name, kind=ColumnKind.NAMES, about=about, default=default)


def _whole_column(name: str, about: Text, default: Text, *, least: int, unit: Text | None, key: bool = False) -> Column:
    bounds = Bounds(least=least, most=MOST_CONDITIONS if unit is None else MOST_YEARS_AHEAD)
    return Column(name=name, kind=ColumnKind.WHOLE, about=about, default=default, bounds=bounds, unit=unit, key=key)


def _without_sign(column: str) -> RowRule:
    def holds(table: pd.DataFrame) -> pd.Series[bool]:
        """Tell of every row whether its key is free of the sign."""
        free = [name is None or OPTION_SIGN not in name for name in table[column]]
        return pd.Series(free, index=table.index, dtype=bool)

    return RowRule(
        name=f"{column}_sign",
        column=column,
        reads=(column,),
        holds=holds,
        problem=Text("the key holds :, which joins a programme and its option.", "键含有 :, 它用于连接项目与方案。"),
        remedy=Text("Replace the sign; the printed name may keep it.", "请替换该字符; 显示名称可以保留。"),
    )


def _has_clusters() -> Callable[[pd.DataFrame], pd.Series[bool]]:
    def holds(table: pd.DataFrame) -> pd.Series[bool]:
        """Tell of every row whether somebody gains where there is a gain."""
        return ~(table["gain"] > 0) | table["clusters"].notna()

    return holds


PROGRAMMES = Table(
    name="programmes",
    about=Text(
        "A row is an option of a programme: a project that is taken whole or not at all.",
        "每行一个项目的一种方案; 项目要么整体实施, 要么不实施。",
    ),
    columns=(
        name_column("programme", Text("Key of the programme", "项目的键")),
        name_column(
            "option",
            Text("Key of the option", "方案的键"),
            required=False,
            default=Text("the only option of the programme", "项目只有一种方案"),
        ),
        *printed_columns(Text("The option", "方案")),
        name_column(
            "group",
            Text("Group of options of which at most one is taken", "方案组, 组内至多实施一种"),
            key=False,
            required=False,
            default=NONE,
        ),
        Column(
            name="must",
            kind=ColumnKind.WORD,
            about=Text(
                "Whether exactly one option of its group, or without a group of its programme, is taken",
                "所在方案组 (无组则为该项目) 是否必须恰好实施一种",
            ),
            default=Text(NO, NO),
            words={YES: 1.0, NO: 0.0},
        ),
        _list_column("clusters", Text("Clusters that gain, joined by |", "受益的集群; 多个用 | 连接"), NONE),
        _list_column(
            "shares",
            Text(
                "Share of the gain of each of the clusters, 0 to 1, joined by |; they need not sum to 1",
                "各集群所得增益的比例 (0 至 1), 用 | 连接; 合计不必为 1",
            ),
            Text("equal parts", "均分"),
        ),
        name_column(
            "lever",
            Text("Lever that its money is counted under in reports", "报表中其资金归入的政策工具"),
            key=False,
            required=False,
            default=NONE,
        ),
        _list_column(
            "start",
            Text("Years in which it may start, joined by |", "可以启动的年份; 多个用 | 连接"),
            Text("any year of the plan", "计划期任一年"),
        ),
        number_column(
            "gain",
            Text("Outcome a year, before the weights of the clusters", "每年产出, 未乘集群权重"),
            NOT_NEGATIVE,
            NOTHING,
        ),
        _whole_column(
            "lag", Text("Years from the start to the first gain", "启动到首次增益的年数"), NOTHING, least=0, unit=YEARS
        ),
        _whole_column(
            "lasts",
            Text("So many years of gain", "增益持续的年数"),
            Text("to the end of the plan", "至计划期末"),
            least=1,
            unit=YEARS,
        ),
        _list_column(
            "requires",
            Text(
                "What must have started in the same year or before, joined by |: programme or programme:option",
                "须在同年或之前启动的项目, 用 | 连接: 项目 或 项目:方案",
            ),
            NONE,
        ),
        _whole_column(
            "take_up",
            Text("At least so many of those in requires", "requires 中至少须启动的个数"),
            Text("all", "全部"),
            least=1,
            unit=None,
        ),
        _list_column(
            "excludes",
            Text(
                "What is never taken together with it, joined by |: programme or programme:option",
                "不能同时实施的项目, 用 | 连接: 项目 或 项目:方案",
            ),
            NONE,
        ),
        path_column("to_path", Text("Path its clusters move to, for good", "其集群转入的创新路径, 此后不再改变"), NONE),
        name_column(
            "needs_lever",
            Text("Lever whose stock must have been reached in each of the clusters", "须在各集群达到存量的政策工具"),
            key=False,
            required=False,
            default=NONE,
        ),
        amount_column(
            "needs_stock",
            Text("Stock it needs at the end of the year before it starts", "启动前一年年末所需的存量"),
            NOTHING,
        ),
    ),
    rules=(
        goes_with("to_path", "clusters"),
        goes_with("needs_lever", "clusters"),
        goes_with("needs_stock", "needs_lever"),
        _without_sign("programme"),
        _without_sign("option"),
        RowRule(
            name="gain_clusters",
            column="clusters",
            reads=("gain", "clusters"),
            of_empty=True,
            holds=_has_clusters(),
            problem=Text("there is a gain, but no cluster that gains.", "有增益, 但没有受益的集群。"),
            remedy=Text("Name the clusters, or empty gain.", "请填写集群, 或清空 gain。"),
        ),
        goes_with("shares", "clusters"),
        goes_with("take_up", "requires"),
    ),
)

PROGRAMME_COSTS = Table(
    name="programme_costs",
    about=Text(
        "A row is what an option of a programme costs a fund in one year; who may draw on the fund does not matter.",
        "每行一种方案在一年对一项资金的支出; 不受 eligibility 限制。",
    ),
    columns=(
        name_column("programme", Text("Programme", "项目")),
        name_column(
            "option",
            Text("Option", "方案"),
            required=False,
            default=Text("the only option of the programme", "项目只有一种方案"),
        ),
        name_column("fund", Text("Fund that pays", "支付的资金")),
        _whole_column("after", Text("Years after the start", "启动后的年数"), NOTHING, least=0, unit=YEARS, key=True),
        Column(
            name="cost",
            kind=ColumnKind.WHOLE,
            about=Text(
                "Cost of the year; behind the last year of the plan it is promised, not charged",
                "当年支出; 计划期之后的支出只作承诺, 不计入额度",
            ),
            required=True,
            unit=MONEY,
            bounds=AMOUNT,
        ),
    ),
)
