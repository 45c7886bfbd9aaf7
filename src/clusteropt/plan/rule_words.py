"""What rules, purses and cells ask, in a planner's words: one clause each, in both languages.

Clauses have no full stop, so that they can be joined. Names stand as they are printed, money in printed units with
every decimal it has, shares as exact per cents.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from clusteropt.inputs.check import money_text
from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.model.money_rules import last_money
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from clusteropt.inputs.problem import Problem, Rule, Selection

MOST_NAMED = 6
"""Of more names than this the first few are written, and how many more there are."""


def rule_words(problem: Problem, rule: Rule) -> Text:
    """Say what a rule asks, such as "rule floor-west asks at least 1,200.00 (in 10,000 yuan) in Guizhou".

    Parameters
    ----------
    problem : Problem
        What the rule is part of.
    rule : Rule
        The rule; a copy with one limit left out says the other alone.

    Returns
    -------
    Text
        A clause without a full stop.
    """
    makers = {
        RuleKind.AMOUNT: _amount,
        RuleKind.SHARE: _share,
        RuleKind.COUNT: _count,
        RuleKind.CHANGE: _change,
        RuleKind.LOCK: _lock,
    }
    said = makers[rule.kind](problem, rule)
    return Text(f"rule {rule.name} {said.en}", f"规则 {rule.name} {said.zh}")


def purse_words(problem: Problem, fund: int, year: int) -> Text:
    """Say what a purse holds, such as "purse National fund 2025 holds 800.00 (in 10,000 yuan)".

    Parameters
    ----------
    problem : Problem
        What the purse is part of.
    fund, year : int
        Positions.
    """
    name, held = purse_name(problem, fund, year), money_words(problem, int(problem.purse[fund, year]))
    return Text(f"purse {name.en} holds {held.en}", f"{name.zh}的额度为 {held.zh}")


def purse_name(problem: Problem, fund: int, year: int) -> Text:
    """Name a purse: its fund and its year, given as positions."""
    name, number = problem.labels.fund_names[fund], problem.labels.years[year]
    return Text(f"{name.en} {number}", f"{name.zh} {number} 年")


def money_words(problem: Problem, amount: int) -> Text:
    """Write whole units in the printed unit with every decimal they have, and name that unit."""
    said = money_text(abs(amount), problem.money)
    return said if amount >= 0 else Text(f"-{said.en}", f"-{said.zh}")


def cell_name(problem: Problem, cluster: int, lever: int, year: int | None = None) -> Text:
    """Name a cell by its lever and its cluster, such as "Talent in Display park", and by its year if one is given."""
    what, where = problem.labels.lever_names[lever], problem.labels.cluster_names[cluster]
    if year is None or problem.num_years == 1:
        return Text(f"{what.en} in {where.en}", f"{where.zh}的{what.zh}")
    number = problem.labels.years[year]
    return Text(f"{what.en} in {where.en} in {number}", f"{number} 年{where.zh}的{what.zh}")


def share_words(share: Fraction) -> str:
    """Write a share as an exact per cent, or as a fraction where its decimals never end."""
    digits = next((n for n in range(10) if (share * 100 * 10**n).denominator == 1), None)
    if digits is None:
        return str(share)
    whole, rest = divmod(int(abs(share) * 100 * 10**digits), 10**digits)
    decimals = f".{rest:0{digits}d}" if digits else ""
    return f"{'-' if share < 0 else ''}{whole:,}{decimals}%"


def where_words(problem: Problem, selection: Selection) -> Text:
    """Say what a selection is: "for Talent in Guizhou from National fund in 2025"; empty where it is everything."""
    english, chinese = [], []
    for one, many, label, names in _fields(problem, selection):
        if names:
            english.append(f"{one if len(names) == 1 else many} {_listed(names).en}")
            chinese.append(f"{label}: {_listed(names).zh}")
    return Text(" ".join(english), f"({'; '.join(chinese)})" if chinese else "")


def _fields(problem: Problem, selection: Selection) -> list[tuple[str, str, str, list[Text]]]:
    """Give the fields of a selection: words for one and for many, the Chinese label, the names chosen."""
    labels = problem.labels
    years = [Text(str(year), str(year)) for year in labels.years]
    fields: tuple[tuple[str, str, str, tuple[int, ...], Sequence[Text]], ...] = (
        ("for", "for", "政策工具", selection.levers, labels.lever_names),
        ("in", "in", "集群", selection.clusters, labels.cluster_names),
        ("in the industry", "in the industries", "产业", selection.industries, labels.industry_names),
        ("on the path", "on the paths", "创新路径", selection.paths, labels.path_names),
        ("in", "in", "地区", selection.regions, labels.region_names),
        ("from", "from", "资金来源", selection.funds, labels.fund_names),
        ("in", "in", "年份", selection.years, years),
    )
    return [(one, many, label, [names[k] for k in chosen]) for one, many, label, chosen, names in fields]


def _listed(names: list[Text]) -> Text:
    """Join names; of many the first few, and the number of the others."""
    shown, more = (names, 0) if len(names) <= MOST_NAMED else (names[: MOST_NAMED - 1], len(names) - MOST_NAMED + 1)
    english = [name.en for name in shown] + ([f"{more} more"] if more else [])
    head = ", ".join(english[:-1])
    chinese = "、".join(name.zh for name in shown) + (f" 等 {len(names)} 个" if more else "")
    return Text(f"{head} and {english[-1]}" if head else english[-1], chinese)


def _money_of(problem: Problem, selection: Selection) -> Text:
    """Name the money of a selection: "the money for Talent in Guizhou"."""
    where = where_words(problem, selection)
    return Text(f"the money {where.en}".strip() if where.en else "all money", f"资金{where.zh and ' '}{where.zh}")


def _after(words: Text) -> Text:
    """Put a space before words that are there."""
    return Text(f" {words.en}" if words.en else "", f" {words.zh}" if words.zh else "")


def _together(problem: Problem, selection: Selection) -> Text:
    """Say that the years count together, where there are several."""
    if (len(selection.years) or problem.num_years) == 1:
        return Text("", "")
    return Text(", all its years together", ", 各年合计")


def _sides(low: Text | None, high: Text | None) -> tuple[str, str, str]:
    """Join limits: "at least 1 and at most 2" in both languages, and the English verb that goes with it."""
    if low is not None and low == high:
        return f"exactly {low.en}", f"恰好 {low.zh}", "asks"
    english = [f"at least {low.en}"] if low is not None else []
    chinese = [f"至少 {low.zh}"] if low is not None else []
    if high is not None:
        english.append(f"at most {high.en}")
        chinese.append(f"至多 {high.zh}")
    return " and ".join(english), ", ".join(chinese), "allows" if low is None else "asks"


def _amount(problem: Problem, rule: Rule) -> Text:
    low, high = (None if limit is None else money_words(problem, int(limit)) for limit in (rule.minimum, rule.maximum))
    english, chinese, verb = _sides(low, high)
    if rule.base is RuleBase.SELECTION:
        money, base = _money_of(problem, rule.selection), _base(problem, rule)
        return Text(f"asks that {money.en} less {base.en} is {english}", f"要求{money.zh} 减去{base.zh}的差额{chinese}")
    where, together = _after(where_words(problem, rule.selection)), _together(problem, rule.selection)
    return Text(
        f"{verb} {english}{where.en or ' in all'}{together.en}",
        f"要求资金{where.zh or '总额'} {chinese}{together.zh}",
    )


def _share(problem: Problem, rule: Rule) -> Text:
    limits = (None if limit is None else share_words(limit) for limit in (rule.minimum, rule.maximum))
    english, chinese, _ = _sides(*(None if limit is None else Text(limit, limit) for limit in limits))
    money, base, together = _money_of(problem, rule.selection), _base(problem, rule), _together(problem, rule.selection)
    return Text(
        f"asks that {money.en} is {english} of {base.en}{together.en}",
        f"要求{money.zh} 占{base.zh}的比例{chinese}{together.zh}",
    )


def _base(problem: Problem, rule: Rule) -> Text:
    years = rule.base_selection.years or rule.selection.years
    base = replace(rule.base_selection, years=years)
    where = _after(where_words(problem, base))
    if rule.base is RuleBase.FUND:
        funds = _listed([problem.labels.fund_names[fund] for fund in base.funds])
        when = _after(where_words(problem, replace(base, funds=())))
        return Text(f"what {funds.en} holds{when.en}", f"{funds.zh}额度{when.zh}")
    if rule.base is RuleBase.SELECTION:
        money = _money_of(problem, base)
        return Text(money.en, f"{money.zh} ")
    return Text(f"all money awarded{where.en}", f"全部已分配资金{where.zh and f'{where.zh} '}")


def _count(problem: Problem, rule: Rule) -> Text:
    limits = (None if limit is None else f"{int(limit):,}" for limit in (rule.minimum, rule.maximum))
    low, high = (None if limit is None else Text(limit, limit) for limit in limits)
    english, chinese, verb = _sides(low, high)
    where, together = _after(where_words(problem, rule.selection)), _together(problem, rule.selection)
    single = rule.maximum == 1 or (rule.minimum == 1 and rule.maximum is None)
    if rule.base is RuleBase.CLUSTERS:
        noun = Text("cluster with an award" if single else "clusters with an award", "个集群得到拨款")
    elif rule.selection.funds:
        noun = Text("draw" if single else "draws", "项支取")
    else:
        noun = Text("award" if single else "awards", "项拨款")
    return Text(f"{verb} {english} {noun.en}{where.en}{together.en}", f"要求{chinese} {noun.zh}{where.zh}{together.zh}")


def _change(problem: Problem, rule: Rule) -> Text:
    def signed(side: Fraction | None) -> Text | None:
        if side is None:
            return None
        figure = f"{'+' if side > 0 else ''}{share_words(side)}"
        return Text(figure, figure)

    english, chinese, _ = _sides(signed(rule.minimum), signed(rule.maximum))
    money, last = _money_of(problem, rule.selection), money_words(problem, last_money(problem, rule.selection))
    each = Text(" each year", "每年") if (len(rule.selection.years) or problem.num_years) > 1 else Text("", "")
    return Text(
        f"asks that {money.en} changes{each.en} by {english} against the {last.en} of the last plan",
        f"要求{money.zh} {each.zh}相对上期 {last.zh} 的变动{chinese}",
    )


def _lock(problem: Problem, rule: Rule) -> Text:
    where = _after(where_words(problem, rule.selection))
    noun = Text("draw", "项支取") if rule.selection.funds else Text("award", "项拨款")
    limit = rule.maximum if rule.minimum is None else rule.minimum
    if limit is None:
        return Text(
            f"locks every {noun.en}{where.en} at what the last plan gave", f"将每{noun.zh}{where.zh} 锁定为上期金额"
        )
    if limit == 0:
        return Text(f"allows no {noun.en}{where.en}", f"不允许任何{noun.zh[1:]}{where.zh}")
    amount = money_words(problem, int(limit))
    return Text(
        f"locks every {noun.en}{where.en} at exactly {amount.en}", f"将每{noun.zh}{where.zh} 锁定为 {amount.zh}"
    )
