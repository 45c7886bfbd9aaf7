"""The tables of what is planned for: clusters, levers, and what a lever does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusteropt.domain import FEATURE_LABELS, READING_LABELS, READING_WORDS, Reading
from clusteropt.inputs.column_makers import (
    MONEY,
    NOT_NEGATIVE,
    POSITIVE,
    SHARE,
    chinese_column,
    name_column,
    number_column,
    ordered,
    path_column,
    printed_columns,
    word_list,
)
from clusteropt.inputs.columns import Bounds, Column, ColumnKind, RowRule, Table
from clusteropt.inputs.problem import ResponseFamily
from clusteropt.text import Text

if TYPE_CHECKING:
    import pandas as pd


def _has_path_or_readings(table: pd.DataFrame) -> pd.Series[bool]:
    readings = table[[str(reading) for reading in Reading]].notna().all(axis=1)
    return table["path"].notna() | readings


def _reading_column(reading: Reading) -> Column:
    label = READING_LABELS[reading]
    return Column(
        name=str(reading),
        kind=ColumnKind.READING,
        about=Text(f"{label.en.capitalize()}, to find the path by", f"{label.zh}, 用于判定路径"),
        default=Text("none; needed where path is empty", "无; path 为空时必填"),
        bounds=SHARE,
        words=READING_WORDS[reading],
    )


CLUSTERS = Table(
    name="clusters",
    about=Text("A row is a cluster.", "每行一个产业集群。"),
    required=True,
    columns=(
        name_column("cluster", Text("Key of the cluster", "集群的键")),
        *printed_columns(Text("The cluster", "集群")),
        name_column("region", Text("Key of the region", "地区的键"), key=False),
        chinese_column("region", Text("The region", "地区")),
        name_column("industry", Text("Key of the industry", "产业的键"), key=False),
        chinese_column("industry", Text("The industry", "产业")),
        path_column(
            default=Text("classified from the three readings", "由三项判据判定"),
        ),
        *(_reading_column(reading) for reading in Reading),
        number_column(
            "weight",
            Text("What one unit of outcome of the cluster counts", "该集群每单位产出的权重"),
            NOT_NEGATIVE,
            Text("1", "1"),
        ),
        number_column(
            "scale",
            Text(
                "Money at which returns fade, the default of cells.scale", "收益递减的资金规模, 为 cells.scale 的默认值"
            ),
            POSITIVE,
            None,
            MONEY,
        ),
        number_column(
            "size",
            Text("Size for pro-rata baselines and regional measures", "按比例分配与地区比较所用的规模"),
            POSITIVE,
            Text("scale", "与 scale 相同"),
        ),
        *(
            number_column(
                str(feature),
                Text(f"{label.en}, an indicator", f"{label.zh}指标"),
                SHARE,
                Text("not known", "未知"),
            )
            for feature, label in FEATURE_LABELS.items()
        ),
    ),
    rules=(
        RowRule(
            name="path_or_readings",
            column="path",
            reads=("path", *map(str, Reading)),
            of_empty=True,
            holds=_has_path_or_readings,
            problem=Text(
                "The path is empty and so is a reading: uncertainty, origin or diffusion.",
                "路径为空, 且 uncertainty, origin, diffusion 三项判据不全。",
            ),
            remedy=Text("Give the path, or all three readings.", "请填写路径, 或填全三项判据。"),
        ),
    ),
)

MOST_LEVERAGE = 1000

LEVERS = Table(
    name="levers",
    about=Text("A row is a lever: what money is spent on.", "每行一种政策工具, 即资金的用途。"),
    required=True,
    columns=(
        name_column("lever", Text("Key of the lever", "政策工具的键")),
        *printed_columns(Text("The lever", "政策工具")),
        Column(
            name="response",
            kind=ColumnKind.WORD,
            about=Text("How the outcome grows with money", "产出随资金增长的函数"),
            required=True,
            words=word_list(ResponseFamily),
        ),
        number_column(
            "depreciation",
            Text("Share of the stock lost in a year; 1 is a plain yearly budget", "存量每年的折旧率; 1 为普通年度预算"),
            SHARE,
            Text("1", "1"),
        ),
        Column(
            name="lag",
            kind=ColumnKind.WHOLE,
            about=Text("Whole years from the award to its effect", "拨款到见效的整年数"),
            default=Text("0", "0"),
            unit=Text("years", "年"),
            bounds=Bounds(least=0, most=100),
        ),
        number_column(
            "leverage",
            Text(
                "Private money that each unit of an award brings along, and that works with it",
                "每单位拨款带动并共同发挥作用的社会资金",
            ),
            Bounds(least=0, most=MOST_LEVERAGE),
            Text("0", "0"),
        ),
    ),
)

EFFECTIVENESS = Table(
    name="effectiveness",
    about=Text("A row is what a lever does on a path.", "每行一种政策工具对一种路径的作用。"),
    required=True,
    columns=(
        path_column(
            key=True,
            required=True,
        ),
        name_column("lever", Text("Lever", "政策工具")),
        number_column("mean", Text("Coefficient", "系数"), NOT_NEGATIVE, None),
        number_column("low", Text("Low end of its spread", "系数下限"), NOT_NEGATIVE, Text("mean", "与 mean 相同")),
        number_column("high", Text("High end of its spread", "系数上限"), NOT_NEGATIVE, Text("mean", "与 mean 相同")),
        Column(
            name="source",
            kind=ColumnKind.REMARK,
            about=Text("Where the coefficient comes from", "系数来源"),
            required=True,
        ),
    ),
    rules=(ordered("low", "mean"), ordered("mean", "high")),
)

SYNERGIES = Table(
    name="synergies",
    about=Text("A row is a set of levers that work together.", "每行一组协同的政策工具。"),
    columns=(
        path_column(key=True),
        Column(
            name="levers",
            kind=ColumnKind.NAMES,
            about=Text("Two or more levers joined by +", "两种以上政策工具, 用 + 连接"),
            key=True,
            required=True,
        ),
        number_column(
            "gain",
            Text("Gain per unit of the smallest of their outcomes", "对其中最小产出每单位的增益"),
            NOT_NEGATIVE,
            None,
        ),
    ),
)

SPILLOVERS = Table(
    name="spillovers",
    about=Text(
        "A row is a link: outcomes of one cluster that also count for another.",
        "每行一条溢出关系: 一个集群的产出也计入另一个。",
    ),
    columns=(
        name_column("from", Text("Cluster whose outcome spills over", "产出外溢的集群")),
        name_column("to", Text("Cluster it also counts for", "受益的集群")),
        number_column("share", Text("Share of the outcome; may be negative", "外溢比例; 可为负"), Bounds(), None),
    ),
    rules=(
        RowRule(
            name="self",
            column="to",
            reads=("from", "to"),
            holds=lambda table: table["from"].isna() | (table["from"] != table["to"]),
            problem=Text("A cluster spills over to itself.", "集群向自身溢出。"),
            remedy=Text("Name another cluster, or raise its weight.", "请改为另一集群, 或提高其权重。"),
        ),
    ),
)
