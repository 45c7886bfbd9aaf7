"""An explanation as lines in one language."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

from clusteropt.inputs.problem import ObjectiveKind, RuleKind
from clusteropt.plan.certificate import Proof
from clusteropt.report import explanation_words as words
from clusteropt.report import numbers
from clusteropt.report.summary import INDENT, View
from clusteropt.report.words import HELD, LEFT, YEAR
from clusteropt.text import Language, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.explanation.bracket import Bracket
    from clusteropt.explanation.explanation import CellReason, Explanation, PurseWorth, RuleCost, RuleSide
    from clusteropt.explanation.programme_reasons import ProgrammeReason

NUM_PURSES = 40
"""Rows of the table of purses; what is left is told in one line."""


def explanation_lines(explanation: Explanation, language: Language = Language.EN) -> list[str]:
    """Write an explanation as lines: purses by worth, rules by cost, cells by cluster.

    Parameters
    ----------
    explanation : Explanation
        What to write about.
    language : Language
        The language of the words.
    """
    view = View(explanation.plan, language)
    return [
        *_head(view, explanation),
        *(_purses(view, explanation.purses) if explanation.purses else []),
        *(_rules(view, explanation.rules) if explanation.rules else []),
        *(_programmes(view, explanation.programmes) if explanation.programmes else []),
        *_clusters(view, explanation),
    ]


def _head(view: View, explanation: Explanation) -> list[str]:
    plan = explanation.plan
    stage, proved = plan.stages[0], plan.certificate.stages[0]
    least = _saves(view)
    tighter = proved.bound >= stage.bound if least else proved.bound <= stage.bound
    bound, proof = (proved.bound, proved.proof) if tighter else (stage.bound, Proof.CLAIMED)
    standing = view.read(words.STANDING_LEAST if least else words.STANDING).format(
        value=view.goal(stage.kind, stage.value),
        bound=view.goal(stage.kind, bound),
        proof=view.read(words.PROOFS[proof]),
    )
    lines = [view.read(words.TITLE).format(title=view.read(plan.title)), INDENT + standing]
    if not explanation.complete:
        lines.append(INDENT + view.read(words.INCOMPLETE).format(infinite=numbers.INFINITE))
    return lines


def _purses(view: View, purses: tuple[PurseWorth, ...]) -> list[str]:
    head = words.SAVED_HEAD if _saves(view) else words.WORTH_HEAD
    unit = view.plan.money.printed
    title = Text(head.en.format(unit=unit.en), head.zh.format(unit=unit.zh))
    order = sorted(purses, key=lambda purse: -purse.worth.high.value)
    rows = [_purse(view, purse) for purse in order[:NUM_PURSES]]
    lines = view.table((title, HELD, LEFT, words.STEP, words.LOW, words.HIGH, words.BY), rows)
    if rest := order[NUM_PURSES:]:
        high = numbers.outcome(rest[0].worth.high.value)
        lines.append(INDENT + view.read(words.MORE_PURSES).format(count=numbers.count(len(rest)), high=high))
    return lines


def _purse(view: View, purse: PurseWorth) -> list[str]:
    labels = view.plan.labels
    fund = view.read(labels.fund_names[purse.fund])
    name = view.read(words.PURSE_NAME).format(fund=fund, year=labels.years[purse.year])
    ends = (numbers.outcome(end.value) for end in (purse.worth.low, purse.worth.high))
    money = (view.money(amount) for amount in (purse.held, purse.unspent, purse.step))
    return [name, *money, *ends, _found(view, purse.worth)]


def _rules(view: View, rules: tuple[RuleCost, ...]) -> list[str]:
    order = sorted(rules, key=lambda rule: (-rule.cost.low.value, -rule.cost.high.value))
    rows = [row for rule in order for row in _rule(view, rule)]
    columns = (words.RULES_HEAD, words.LEVEL, words.LIMIT, words.SLACK, words.LOW, words.HIGH, words.BY)
    costly = (rule for rule in order if rule.cost.low.value > 0)
    return [*view.table(columns, rows), *(f"{INDENT}- {view.read(rule.words)}" for rule in costly)]


def _rule(view: View, rule: RuleCost) -> Iterator[list[str]]:
    cost = [*_losses(view, rule.cost), _found(view, rule.cost)]
    for number, side in enumerate(rule.sides):
        yield [_side_name(view, rule.name, side), *_standing(view, rule, side), *(["", "", ""] if number else cost)]


def _side_name(view: View, rule: str, side: RuleSide) -> str:
    template = words.RULE_SIDE if side.year < 0 else words.RULE_SIDE_YEAR
    year = "" if side.year < 0 else str(view.plan.labels.years[side.year])
    return view.read(template).format(rule=rule, side=view.read(words.SIDES[side.side]), year=year)


def _standing(view: View, rule: RuleCost, side: RuleSide) -> list[str]:
    write = numbers.count if rule.kind is RuleKind.COUNT else view.money
    return [write(amount) for amount in (side.level, side.limit, side.slack)]


def _programmes(view: View, programmes: tuple[ProgrammeReason, ...]) -> list[str]:
    """Write a line an option: what it costs, what it brings, what its money brings elsewhere, how it stands."""
    rows = []
    for option in programmes:
        worth = numbers.outcome(option.worth)
        price = numbers.outcome(option.price) if math.isfinite(option.price) else ""
        year = str(view.plan.labels.years[option.year])
        standing = view.read(words.STANDINGS[option.standing])
        rows.append([view.read(option.name), year, view.money(option.cost), worth, price, standing])
    return view.table((words.PROGRAMMES, YEAR, words.COSTS, words.BRINGS, words.ELSEWHERE, words.STANDS), rows)


def _clusters(view: View, explanation: Explanation) -> Iterator[str]:
    for cluster, cells in groupby(explanation.cells, key=lambda cell: cell.cluster):
        yield view.read(view.plan.labels.cluster_names[cluster])
        for cell in cells:
            yield from _cell(view, cell, explanation.forced)


def _cell(view: View, cell: CellReason, forced: bool) -> Iterator[str]:
    labels = view.plan.labels
    name = view.read(labels.lever_names[cell.lever])
    if len(labels.years) > 1:
        name = view.read(words.LEVER_YEAR).format(lever=name, year=labels.years[cell.year])
    amount = view.money(cell.amount) if cell.amount else view.read(words.NOTHING)
    yield INDENT + view.read(words.CELL).format(name=name, amount=amount)
    yield from (2 * INDENT + line for line in _paid(view, cell))
    stop = view.read(words.STOPS[cell.stop]).format(rules=", ".join(cell.rules))
    yield 2 * INDENT + view.read(words.WHY).format(stop=stop)
    if cell.level is not None:
        yield from (2 * INDENT + line for line in _wanting(view, cell, forced))


def _paid(view: View, cell: CellReason) -> Iterator[str]:
    """Say what the last and the next step bring, and what they cost."""
    unit = view.read(view.plan.money.printed)
    if math.isfinite(cell.last):
        yield view.read(words.LAST).format(last=numbers.outcome(cell.last), unit=unit)
    if math.isfinite(cell.next):
        yield view.read(words.NEXT).format(next=numbers.outcome(cell.next), unit=unit)
    if math.isfinite(cell.price):
        purse = view.read(words.PURSE_PART).format(price=numbers.outcome(cell.purse_price))
        rules = [
            view.read(words.RULE_PART).format(rule=rule, price=numbers.outcome(price))
            for rule, price in cell.rule_prices
        ]
        yield view.read(words.PRICE).format(price=numbers.outcome(cell.price), parts=", ".join([purse, *rules]))


def _wanting(view: View, cell: CellReason, forced: bool) -> Iterator[str]:
    """Say what the next level would take, and what giving it now would cost."""
    assert cell.level is not None
    level = view.read(words.NEXT_LEVEL).format(level=view.money(cell.level))
    if cell.factor == 1:
        yield view.read(words.PAYS).format(level=level)
    elif math.isfinite(cell.factor):
        needed = view.read(words.FACTOR).format(level=level, factor=numbers.outcome(cell.factor))
        money = [] if cell.money is None else [view.read(words.MONEY).format(money=view.money(cell.money))]
        yield ", ".join([needed, *money])
    if forced and cell.forced is None:
        yield view.read(words.NO_FORCED)
    elif cell.forced is not None:
        low, high = _losses(view, cell.forced)
        yield view.read(words.FORCED).format(level=view.money(cell.level), low=low, high=high)


def _losses(view: View, bracket: Bracket) -> list[str]:
    """Write the ends of a difference of optima; whole units of money outwards."""
    low, high = bracket.low.value, bracket.high.value
    if not _saves(view):
        return [numbers.outcome(low), numbers.outcome(high)]
    return [
        view.money(rounded(value)) if math.isfinite(value) else numbers.outcome(value)
        for value, rounded in ((low, math.floor), (high, math.ceil))
    ]


def _found(view: View, bracket: Bracket) -> str:
    """Say how both ends were found, and the weaker of what stands behind them."""
    low, high = bracket.low, bracket.high
    proof = max((low.proof, high.proof), key=list(Proof).index)
    ways = "; ".join(dict.fromkeys(view.read(words.WAYS[end.way]) for end in (low, high)))
    return view.read(words.FOUND).format(ways=ways, proof=view.read(words.PROOFS[proof]))


def _saves(view: View) -> bool:
    return view.plan.objective.kind is ObjectiveKind.LEAST_MONEY
