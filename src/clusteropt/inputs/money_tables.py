"""The tables of the money: funds, who may draw on them, rules, limits, menus and the last plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusteropt.inputs.column_makers import (
    ANY,
    MONEY,
    MOST_YEARS_AHEAD,
    NOT_NEGATIVE,
    NOTHING,
    POSITIVE,
    SHARE,
    amount_column,
    goes_with,
    name_column,
    number_column,
    ordered,
    path_column,
    printed_columns,
    word_list,
    year_column,
)
from clusteropt.inputs.columns import LARGEST_AMOUNT, Bounds, Column, ColumnKind, RowRule, Table
from clusteropt.inputs.problem import RuleKind
from clusteropt.text import Text

if TYPE_CHECKING:
    import pandas as pd


def _limited(table: pd.DataFrame) -> pd.Series[bool]:
    either = table["min"].notna() | table["max"].notna()
    return either | (table["kind"] == RuleKind.LOCK.value) | table["kind"].isna()


def _selection_column(name: str, what: Text) -> Column:
    return Column(
        name=name,
        kind=ColumnKind.NAMES,
        about=Text(f"{what.en} the row is about; several joined by |", f"适用的{what.zh}; 多个用 | 连接"),
        default=ANY,
    )


MOST_RETURNED = 2
"""An award brings back no more than twice its money, interest and all: anything above is a slip."""


def _share_column(name: str, about: Text, bounds: Bounds, default: Text) -> Column:
    return Column(name=name, kind=ColumnKind.EXACT, about=about, default=default, bounds=bounds)


def _years_column(name: str, about: Text, default: Text) -> Column:
    bounds = Bounds(least=1, most=MOST_YEARS_AHEAD)
    return Column(name=name, kind=ColumnKind.WHOLE, about=about, default=default, bounds=bounds)


FUNDS = Table(
    name="funds",
    about=Text("A row is a purse: one fund in one year.", "每行一笔年度资金: 一项资金在一年的额度。"),
    required=True,
    columns=(
        name_column("fund", Text("Key of the fund", "资金的键")),
        year_column(Text("Year", "年份"), required=True),
        *printed_columns(Text("The fund", "资金")),
        amount_column("amount", Text("What comes into the fund in the year", "该资金当年的额度")),
        _share_column(
            "carry_over",
            Text("Share of the amount that may be paid in later years", "可结转以后年度使用的比例"),
            SHARE,
            NOTHING,
        ),
        _years_column(
            "expires_after",
            Text("Years after which what is carried over lapses", "结转资金经过多少年后收回"),
            Text("never", "不收回"),
        ),
        amount_column(
            "committed", Text("What commitments made earlier take first", "先期承诺须优先支付的金额"), NOTHING
        ),
        _share_column(
            "returned",
            Text("Share of the awards of the year that comes back to the fund", "当年拨款中将回收至该资金的比例"),
            Bounds(least=0, most=MOST_RETURNED),
            NOTHING,
        ),
        _years_column(
            "returned_after",
            Text("Years from the award to the first part that comes back", "拨款后首次回收所隔年数"),
            Text("1", "1"),
        ),
        _years_column(
            "returned_parts", Text("Equal yearly parts in which it comes back", "分多少年等额回收"), Text("1", "1")
        ),
    ),
    rules=(
        goes_with("expires_after", "carry_over"),
        goes_with("returned_after", "returned"),
        goes_with("returned_parts", "returned"),
    ),
)

ELIGIBILITY = Table(
    name="eligibility",
    about=Text(
        "A row opens a fund to a selection; without the table all are open.",
        "每行规定一项资金的使用范围; 无此表则不限。",
    ),
    columns=(
        name_column("fund", Text("Fund", "资金"), key=False),
        name_column("region", Text("Region", "地区"), key=False, required=False),
        path_column(),
        name_column("industry", Text("Industry", "产业"), key=False, required=False),
        name_column("lever", Text("Lever", "政策工具"), key=False, required=False),
    ),
)

RULES = Table(
    name="rules",
    about=Text("A row is one limit over a selection.", "每行一条限制。"),
    columns=(
        name_column("rule", Text("Key of the rule", "规则的键")),
        Column(
            name="kind",
            kind=ColumnKind.WORD,
            about=Text("What the rule limits", "限制的类型"),
            required=True,
            words=word_list(RuleKind),
        ),
        _selection_column("region", Text("Regions", "地区")),
        _selection_column("path", Text("Innovation paths", "创新路径")),
        _selection_column("industry", Text("Industries", "产业")),
        _selection_column("cluster", Text("Clusters", "集群")),
        _selection_column("lever", Text("Levers", "政策工具")),
        _selection_column("fund", Text("Funds", "资金")),
        _selection_column("year", Text("Years", "年份")),
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
            kind=ColumnKind.NAMES,
            about=Text(
                "What a share is measured against: everything, fund:NAME, cost (the costs in cells), or a selection "
                "such as region=A|B; lever=talent, narrowed by each alone. What a count counts: awards or clusters. "
                "Change and amount: before, the money of the same selection in the year before",
                "比例的基数: everything 全部, fund:名称, cost (cells 表中的费用), "
                "或 region=A|B; lever=talent 之类的范围, 只由 each 进一步限定。"
                "计数的对象: awards 拨款, clusters 集群。变动与金额: before, 即同一范围上一年的资金",
            ),
            default=Text("everything; awards; the last plan", "everything; awards; 上期计划"),
        ),
        Column(
            name="each",
            kind=ColumnKind.NAMES,
            about=Text(
                "What the row is repeated for, several joined by |: region, path, industry, cluster, lever, fund, "
                "year, or years:3 for every three years on end",
                "逐项重复的字段, 多个用 | 连接: region, path, industry, cluster, lever, fund, year, "
                "或 years:3 表示每连续三年",
            ),
            default=Text("nothing: one rule", "不重复: 一条规则"),
        ),
        Column(
            name="price",
            kind=ColumnKind.EXACT,
            about=Text(
                "Makes min soft: what the objective loses for each printed unit of money that is missing",
                "使 min 成为软下限: 每缺一个显示单位的资金, 目标值扣减多少",
            ),
            default=Text("none: min must hold", "无: min 必须满足"),
            bounds=Bounds(above=0, most=LARGEST_AMOUNT),
        ),
    ),
    rules=(
        ordered("min", "max"),
        RowRule(
            name="limited",
            column="min",
            reads=("kind", "min", "max"),
            of_empty=True,
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
        name_column("cluster", Text("Cluster", "集群")),
        name_column("lever", Text("Lever", "政策工具")),
        number_column(
            "scale",
            Text("Money at which returns fade", "收益递减的资金规模"),
            POSITIVE,
            Text("clusters.scale", "clusters.scale"),
            MONEY,
        ),
        number_column(
            "stock",
            Text("Stock at the start of the first year", "第一年年初的存量"),
            NOT_NEGATIVE,
            Text("0", "0"),
            MONEY,
        ),
        amount_column(
            "least",
            Text("Smallest award of a year; nothing or at least this", "年度最小拨款; 要么不拨, 要么不低于此"),
            Text("0", "0"),
        ),
        amount_column(
            "most",
            Text("Largest award of a year", "年度最大拨款"),
            Text("what the purses open to it hold in the best year", "对其开放的资金单年最大额度"),
        ),
        number_column(
            "mean",
            Text("Its own coefficient", "自身系数"),
            NOT_NEGATIVE,
            Text("from effectiveness", "取自 effectiveness"),
        ),
        amount_column(
            "cost",
            Text(
                "Total cost of what the awards go to, such as an investment, for rules of cost",
                "拨款所支持项目的总费用, 如总投资, 供 of 为 cost 的规则使用",
            ),
            Text("not known", "未知"),
        ),
    ),
    rules=(ordered("least", "most"),),
)

LEVELS = Table(
    name="levels",
    about=Text(
        "A row is an award of a menu; the most specific set of rows wins.", "每行一档备选拨款; 最具体的一组优先。"
    ),
    columns=(
        name_column("cluster", Text("Cluster", "集群"), required=False),
        name_column("lever", Text("Lever", "政策工具"), required=False),
        name_column("level", Text("Name of the level", "档次名称")),
        Column(
            name="amount",
            kind=ColumnKind.WHOLE,
            about=Text("Award of a year", "年度拨款"),
            required=True,
            unit=MONEY,
            bounds=Bounds(above=0, most=LARGEST_AMOUNT),
        ),
        number_column(
            "gain",
            Text("Outcome before the weight of the cluster", "未乘集群权重的产出"),
            NOT_NEGATIVE,
            Text("from the curve", "由曲线得出"),
        ),
    ),
)

ARRIVING = Table(
    name="arriving",
    about=Text(
        "A row is money awarded before the plan that begins to work in a year of it.",
        "每行一笔计划期之前已拨付, 在计划期某年开始见效的资金。",
    ),
    columns=(
        name_column("cluster", Text("Cluster", "集群")),
        name_column("lever", Text("Lever", "政策工具")),
        year_column(Text("Year in which it joins the stock", "计入存量的年份"), required=True),
        amount_column("amount", Text("Money that arrives in the year", "当年开始见效的资金")),
    ),
)

LAST_PLAN = Table(
    name="last_plan",
    about=Text("A row is an award of the last plan.", "每行一项上期拨款。"),
    columns=(
        name_column("cluster", Text("Cluster", "集群")),
        name_column("lever", Text("Lever", "政策工具")),
        name_column("fund", Text("Fund", "资金"), required=False),
        year_column(Text("Year; of several the latest counts", "年份; 有多年时取最近一年"), required=False),
        amount_column("amount", Text("Award of the year", "当年拨款")),
    ),
)
