"""The tables a planner fills in, declared once: columns, units, rules and words in both languages."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from clusteropt.domain import FEATURE_LABELS, READING_LABELS, READING_WORDS, Path, Reading
from clusteropt.inputs.columns import LARGEST_AMOUNT, Bounds, Column, ColumnKind, RowRule, Table
from clusteropt.inputs.problem import ResponseFamily, RuleKind
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd

MONEY = Text("whole units of money", "整数货币单位")
ANY = Text("any", "不限")
ITSELF = Text("the key", "与键相同")
SHARE = Bounds(least=0, most=1)
POSITIVE = Bounds(above=0)
NOT_NEGATIVE = Bounds(least=0)
AMOUNT = Bounds(least=0, most=LARGEST_AMOUNT)


def _words(words: Iterable[str]) -> Mapping[str, float]:
    return MappingProxyType({str(word): float(number) for number, word in enumerate(words)})


def _name(name: str, about: Text, *, key: bool = True, required: bool = True) -> Column:
    default = None if required else ANY
    return Column(name=name, kind=ColumnKind.NAME, about=about, key=key, required=required, default=default)


def _printed(what: Text) -> tuple[Column, Column]:
    """The two columns that hold what a planner reads instead of a key."""
    return (
        Column(
            name="name",
            kind=ColumnKind.TEXT,
            about=Text(f"{what.en} as printed in English", f"{what.zh}的英文名称"),
            default=ITSELF,
        ),
        Column(
            name="name_zh",
            kind=ColumnKind.TEXT,
            about=Text(f"{what.en} as printed in Chinese", f"{what.zh}的中文名称"),
            default=Text("name", "与 name 相同"),
        ),
    )


def _chinese(column: str, what: Text) -> Column:
    return Column(
        name=f"{column}_zh",
        kind=ColumnKind.TEXT,
        about=Text(f"{what.en} as printed in Chinese", f"{what.zh}的中文名称"),
        default=Text(column, f"与 {column} 相同"),
    )


def _amount(name: str, about: Text, default: Text | None = None) -> Column:
    return Column(
        name=name,
        kind=ColumnKind.WHOLE,
        about=about,
        required=default is None,
        default=default,
        unit=MONEY,
        bounds=AMOUNT,
    )


def _number(name: str, about: Text, bounds: Bounds, default: Text | None, unit: Text | None = None) -> Column:
    return Column(
        name=name,
        kind=ColumnKind.NUMBER,
        about=about,
        required=default is None,
        default=default,
        unit=unit,
        bounds=bounds,
    )


def _year(about: Text, *, key: bool, required: bool) -> Column:
    return Column(
        name="year",
        kind=ColumnKind.WHOLE,
        about=about,
        key=key,
        required=required,
        default=None if required else Text("none", "无"),
        bounds=Bounds(least=1900, most=2200),
    )


def _reading(reading: Reading) -> Column:
    label = READING_LABELS[reading]
    return Column(
        name=str(reading),
        kind=ColumnKind.READING,
        about=Text(f"{label.en.capitalize()}, to find the path by", f"{label.zh}, 用于判定路径"),
        default=Text("none; needed where path is empty", "无; path 为空时必填"),
        bounds=SHARE,
        words=READING_WORDS[reading],
    )


def _selection(name: str, what: Text) -> Column:
    return Column(
        name=name,
        kind=ColumnKind.NAMES,
        about=Text(f"{what.en} the row is about; several joined by |", f"适用的{what.zh}; 多个用 | 连接"),
        default=ANY,
    )


def _ordered(low: str, high: str) -> RowRule:
    def holds(table: pd.DataFrame) -> pd.Series[bool]:
        # Exact decimals stand in columns of objects, which cannot be compared where one is missing.
        both = table[low].notna() & table[high].notna()
        holds = ~both
        holds[both] = (table.loc[both, low] <= table.loc[both, high]).astype(bool)
        return holds

    return RowRule(
        name=f"{low}_{high}",
        column=low,
        holds=holds,
        problem=Text(f"{low} is above {high}.", f"{low} 大于 {high}。"),
        remedy=Text(f"Lower {low} or raise {high}.", f"请降低 {low} 或提高 {high}。"),
    )


def _has_path_or_readings(table: pd.DataFrame) -> pd.Series[bool]:
    readings = table[[str(reading) for reading in Reading]].notna().all(axis=1)
    return table["path"].notna() | readings


def _limited(table: pd.DataFrame) -> pd.Series[bool]:
    either = table["min"].notna() | table["max"].notna()
    return either | (table["kind"] == RuleKind.LOCK.value) | table["kind"].isna()


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

CLUSTERS = Table(
    name="clusters",
    about=Text("A row is a cluster.", "每行一个产业集群。"),
    required=True,
    columns=(
        _name("cluster", Text("Key of the cluster", "集群的键")),
        *_printed(Text("The cluster", "集群")),
        _name("region", Text("Key of the region", "地区的键"), key=False),
        _chinese("region", Text("The region", "地区")),
        _name("industry", Text("Key of the industry", "产业的键"), key=False),
        _chinese("industry", Text("The industry", "产业")),
        Column(
            name="path",
            kind=ColumnKind.WORD,
            about=Text("Innovation path", "创新路径"),
            default=Text("classified from the three readings", "由三项判据判定"),
            words=_words(Path),
        ),
        *(_reading(reading) for reading in Reading),
        _number(
            "weight",
            Text("What one unit of outcome of the cluster counts", "该集群每单位产出的权重"),
            NOT_NEGATIVE,
            Text("1", "1"),
        ),
        _number(
            "scale",
            Text(
                "Money at which returns fade, the default of cells.scale", "收益递减的资金规模, 为 cells.scale 的默认值"
            ),
            POSITIVE,
            None,
            MONEY,
        ),
        _number(
            "size",
            Text("Size for pro-rata baselines and regional measures", "按比例分配与地区比较所用的规模"),
            POSITIVE,
            Text("scale", "与 scale 相同"),
        ),
        *(
            _number(
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
            holds=_has_path_or_readings,
            problem=Text(
                "The path is empty and so is a reading: uncertainty, origin or diffusion.",
                "路径为空, 且 uncertainty, origin, diffusion 三项判据不全。",
            ),
            remedy=Text("Give the path, or all three readings.", "请填写路径, 或填全三项判据。"),
        ),
    ),
)

LEVERS = Table(
    name="levers",
    about=Text("A row is a lever: what money is spent on.", "每行一种政策工具, 即资金的用途。"),
    required=True,
    columns=(
        _name("lever", Text("Key of the lever", "政策工具的键")),
        *_printed(Text("The lever", "政策工具")),
        Column(
            name="response",
            kind=ColumnKind.WORD,
            about=Text("How the outcome grows with money", "产出随资金增长的函数"),
            required=True,
            words=_words(ResponseFamily),
        ),
        _number(
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
    ),
)

EFFECTIVENESS = Table(
    name="effectiveness",
    about=Text("A row is what a lever does on a path.", "每行一种政策工具对一种路径的作用。"),
    required=True,
    columns=(
        Column(
            name="path",
            kind=ColumnKind.WORD,
            about=Text("Innovation path", "创新路径"),
            key=True,
            required=True,
            words=_words(Path),
        ),
        _name("lever", Text("Lever", "政策工具")),
        _number("mean", Text("Coefficient", "系数"), NOT_NEGATIVE, None),
        _number("low", Text("Low end of its spread", "系数下限"), NOT_NEGATIVE, Text("mean", "与 mean 相同")),
        _number("high", Text("High end of its spread", "系数上限"), NOT_NEGATIVE, Text("mean", "与 mean 相同")),
        Column(
            name="source",
            kind=ColumnKind.REMARK,
            about=Text("Where the coefficient comes from", "系数来源"),
            required=True,
        ),
    ),
    rules=(_ordered("low", "mean"), _ordered("mean", "high")),
)

SYNERGIES = Table(
    name="synergies",
    about=Text("A row is a set of levers that work together.", "每行一组协同的政策工具。"),
    columns=(
        Column(
            name="path",
            kind=ColumnKind.WORD,
            about=Text("Innovation path", "创新路径"),
            key=True,
            default=ANY,
            words=_words(Path),
        ),
        Column(
            name="levers",
            kind=ColumnKind.NAMES,
            about=Text("Two or more levers joined by +", "两种以上政策工具, 用 + 连接"),
            key=True,
            required=True,
        ),
        _number(
            "gain",
            Text("Gain per unit of the smallest of their outcomes", "对其中最小产出每单位的增益"),
            NOT_NEGATIVE,
            None,
        ),
    ),
)

FUNDS = Table(
    name="funds",
    about=Text("A row is a purse: one fund in one year.", "每行一笔年度资金: 一项资金在一年的额度。"),
    required=True,
    columns=(
        _name("fund", Text("Key of the fund", "资金的键")),
        _year(Text("Year", "年份"), key=True, required=True),
        *_printed(Text("The fund", "资金")),
        _amount("amount", Text("What the fund holds in the year", "该资金当年的额度")),
    ),
)

ELIGIBILITY = Table(
    name="eligibility",
    about=Text(
        "A row opens a fund to a selection; without the table all are open.",
        "每行规定一项资金的使用范围; 无此表则不限。",
    ),
    columns=(
        _name("fund", Text("Fund", "资金"), key=False),
        _name("region", Text("Region", "地区"), key=False, required=False),
        Column(
            name="path",
            kind=ColumnKind.WORD,
            about=Text("Innovation path", "创新路径"),
            default=ANY,
            words=_words(Path),
        ),
        _name("industry", Text("Industry", "产业"), key=False, required=False),
        _name("lever", Text("Lever", "政策工具"), key=False, required=False),
    ),
)

RULES = Table(
    name="rules",
    about=Text("A row is one limit over a selection.", "每行一条限制。"),
    columns=(
        _name("rule", Text("Key of the rule", "规则的键")),
        Column(
            name="kind",
            kind=ColumnKind.WORD,
            about=Text("What the rule limits", "限制的类型"),
            required=True,
            words=_words(RuleKind),
        ),
        _selection("region", Text("Regions", "地区")),
        _selection("path", Text("Innovation paths", "创新路径")),
        _selection("industry", Text("Industries", "产业")),
        _selection("cluster", Text("Clusters", "集群")),
        _selection("lever", Text("Levers", "政策工具")),
        _selection("fund", Text("Funds", "资金")),
        _selection("year", Text("Years", "年份")),
        Column(
            name="min",
            kind=ColumnKind.EXACT,
            about=Text("Lower limit; whole for amount, count and lock", "下限; amount, count, lock 须为整数"),
            default=Text("none", "无"),
        ),
        Column(
            name="max",
            kind=ColumnKind.EXACT,
            about=Text("Upper limit; whole for amount, count and lock", "上限; amount, count, lock 须为整数"),
            default=Text("none", "无"),
        ),
        Column(
            name="of",
            kind=ColumnKind.REMARK,
            about=Text(
                "What a share is measured against: everything, fund:NAME, or a selection such as "
                "region=A|B; lever=talent. What a count counts: awards or clusters",
                "比例的基数: everything 全部, fund:名称, 或 region=A|B; lever=talent 之类的范围。"
                "计数的对象: awards 项目, clusters 集群",
            ),
            default=Text("everything; awards", "everything; awards"),
        ),
    ),
    rules=(
        _ordered("min", "max"),
        RowRule(
            name="limited",
            column="min",
            holds=_limited,
            problem=Text(
                "min and max are both empty, so the rule limits nothing.", "min 与 max 均为空, 规则没有限制。"
            ),
            remedy=Text("Give min, max or both.", "请填写 min, max 或两者。"),
        ),
    ),
)

CELLS = Table(
    name="cells",
    about=Text(
        "A row is a lever in a cluster, where it differs from the rest.", "每行一个集群中的一种政策工具, 仅列特殊者。"
    ),
    columns=(
        _name("cluster", Text("Cluster", "集群")),
        _name("lever", Text("Lever", "政策工具")),
        _number(
            "scale",
            Text("Money at which returns fade", "收益递减的资金规模"),
            POSITIVE,
            Text("clusters.scale", "clusters.scale"),
            MONEY,
        ),
        _number(
            "stock",
            Text("Stock at the start of the first year", "第一年年初的存量"),
            NOT_NEGATIVE,
            Text("0", "0"),
            MONEY,
        ),
        _amount(
            "least",
            Text("Smallest award of a year; nothing or at least this", "年度最小拨款; 要么不拨, 要么不低于此"),
            Text("0", "0"),
        ),
        _amount(
            "most",
            Text("Largest award of a year", "年度最大拨款"),
            Text("what the purses open to it hold in the best year", "对其开放的资金单年最大额度"),
        ),
        _number(
            "mean",
            Text("Its own coefficient", "自身系数"),
            NOT_NEGATIVE,
            Text("from effectiveness", "取自 effectiveness"),
        ),
    ),
    rules=(_ordered("least", "most"),),
)

LEVELS = Table(
    name="levels",
    about=Text(
        "A row is an award of a menu; the most specific set of rows wins.", "每行一档备选拨款; 最具体的一组优先。"
    ),
    columns=(
        _name("cluster", Text("Cluster", "集群"), required=False),
        _name("lever", Text("Lever", "政策工具"), required=False),
        _name("level", Text("Name of the level", "档次名称")),
        Column(
            name="amount",
            kind=ColumnKind.WHOLE,
            about=Text("Award of a year", "年度拨款"),
            required=True,
            unit=MONEY,
            bounds=Bounds(above=0, most=LARGEST_AMOUNT),
        ),
        _number(
            "gain",
            Text("Outcome before the weight of the cluster", "未乘集群权重的产出"),
            NOT_NEGATIVE,
            Text("from the curve", "由曲线得出"),
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
        _name("from", Text("Cluster whose outcome spills over", "产出外溢的集群")),
        _name("to", Text("Cluster it also counts for", "受益的集群")),
        _number("share", Text("Share of the outcome; may be negative", "外溢比例; 可为负"), Bounds(), None),
    ),
    rules=(
        RowRule(
            name="self",
            column="to",
            holds=lambda table: table["from"].isna() | (table["from"] != table["to"]),
            problem=Text("A cluster spills over to itself.", "集群向自身溢出。"),
            remedy=Text("Name another cluster, or raise its weight.", "请改为另一集群, 或提高其权重。"),
        ),
    ),
)

LAST_PLAN = Table(
    name="last_plan",
    about=Text("A row is an award of the last plan.", "每行一项上期拨款。"),
    columns=(
        _name("cluster", Text("Cluster", "集群")),
        _name("lever", Text("Lever", "政策工具")),
        _name("fund", Text("Fund", "资金"), required=False),
        _year(Text("Year; of several the latest counts", "年份; 有多年时取最近一年"), key=True, required=False),
        _amount("amount", Text("Award of the year", "当年拨款")),
    ),
)


def _with_remarks(table: Table) -> Table:
    own = table.names
    columns = (*table.columns, *(column for column in REMARKS if column.name not in own))
    return Table(name=table.name, about=table.about, columns=columns, required=table.required, rules=table.rules)


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: _with_remarks(table)
        for table in (
            CLUSTERS,
            LEVERS,
            EFFECTIVENESS,
            SYNERGIES,
            FUNDS,
            ELIGIBILITY,
            RULES,
            CELLS,
            LEVELS,
            SPILLOVERS,
            LAST_PLAN,
        )
    }
)

# Named in the design and refused by name, so that nobody believes they are obeyed.
PLANNED_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"funds": ("carry_over", "expires_after", "match_ratio"), "clusters": ("own_funds",)}
)
PLANNED_TABLES = ("programmes", "actuals")
