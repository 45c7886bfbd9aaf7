"""How the rules stand under an allocation: what is reached and what is asked, in whole units."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.model.money_rules import change_money, lock_money, share_base
from clusteropt.model.soft_floors import softened
from clusteropt.model.space import number_counted
from clusteropt.plan.certificate import RuleLevels, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clusteropt.inputs.problem import Ints, Rule
    from clusteropt.model.space import Space


class _Entry(NamedTuple):
    side: Side
    year: int
    level: int
    limit: int


def all_levels(space: Space, money: Ints) -> RuleLevels:
    """Give level and limit of every side of every rule, in the order of the rules, then those of soft floors.

    Parameters
    ----------
    space : Space
        The positions of the problem.
    money : array of shape (num_amounts,)
        Whole units.
    """
    problem, shadow = space.problem, softened(space)
    hard = [(rule.name, entry, Fraction(0), Fraction(0)) for rule, entry in _entries(space, money)]
    prices = {floor.rule.name: floor.price / problem.money.per_printed for floor in problem.soft_floors}
    soft = [
        (rule.name, entry, prices[rule.name], prices[rule.name] * _missing(shadow, rule, entry, money))
        for rule, entry in _entries(shadow, money)
    ]
    names, entries, price, cost = zip(*hard, *soft, strict=True) if hard or soft else ((),) * 4
    return RuleLevels(
        rule=tuple(names),
        side=tuple(entry.side for entry in entries),
        year=np.array([entry.year for entry in entries], np.int64),
        level=np.array([entry.level for entry in entries], np.int64),
        limit=np.array([entry.limit for entry in entries], np.int64),
        price=np.array([float(value * problem.money.per_printed) for value in price]),
        cost=np.array([float(value) for value in cost]),
    )


def obeys(space: Space, money: Ints) -> bool:
    """Tell whether every rule holds in whole units; soft floors may be missed."""
    return all(
        entry.level >= entry.limit if entry.side is Side.MIN else entry.level <= entry.limit
        for _, entry in _entries(space, money)
    )


def _entries(space: Space, money: Ints) -> Iterator[tuple[Rule, _Entry]]:
    for number, rule in enumerate(space.problem.rules):
        for entry in _LEVELS[rule.kind](space, number, money):
            yield rule, entry


def _missing(space: Space, rule: Rule, entry: _Entry, money: Ints) -> Fraction:
    """Give what is missing of a soft floor; of a share of awarded money to the fraction of a unit."""
    asked = Fraction(entry.limit)
    if rule.kind is RuleKind.SHARE and rule.base is not RuleBase.FUND and rule.minimum is not None:
        asked = rule.minimum * share_base(space, rule, money)
    return max(asked - entry.level, Fraction(0))


def _sides(rule: Rule, level: int, base: int = 1, plus: int = 0) -> Iterator[_Entry]:
    if rule.minimum is not None:
        yield _Entry(Side.MIN, -1, level, plus - (-rule.minimum.numerator * base) // rule.minimum.denominator)
    if rule.maximum is not None:
        yield _Entry(Side.MAX, -1, level, plus + (rule.maximum.numerator * base) // rule.maximum.denominator)


def _amount(space: Space, number: int, money: Ints) -> Iterator[_Entry]:
    rule = space.problem.rules[number]
    plus = share_base(space, rule, money) if rule.base is RuleBase.SELECTION else 0
    return _sides(rule, int(money[space.flows_in(rule.selection)].sum()), plus=plus)


def _share(space: Space, number: int, money: Ints) -> Iterator[_Entry]:
    rule = space.problem.rules[number]
    return _sides(rule, int(money[space.flows_in(rule.selection)].sum()), share_base(space, rule, money))


def _count(space: Space, number: int, money: Ints) -> Iterator[_Entry]:
    rule = space.problem.rules[number]
    return _sides(rule, number_counted(space, rule, money))


def _change(space: Space, number: int, money: Ints) -> Iterator[_Entry]:
    for row in change_money(space):
        if row.key[0] != number:
            continue
        level = row.activity(money)
        if row.lower is not None:
            yield _Entry(Side.MIN, row.key[1], level, row.lower)
        if row.upper is not None:
            yield _Entry(Side.MAX, row.key[1], level, row.upper)


def _lock(space: Space, number: int, money: Ints) -> Iterator[_Entry]:
    rows = [row for row in lock_money(space) if row.key[0] == number]
    level = sum(row.activity(money) for row in rows)
    limit = sum(row.lower or 0 for row in rows)
    yield _Entry(Side.MIN, -1, level, limit)
    yield _Entry(Side.MAX, -1, level, limit)


_LEVELS: dict[RuleKind, Callable[[Space, int, Ints], Iterator[_Entry]]] = {
    RuleKind.AMOUNT: _amount,
    RuleKind.SHARE: _share,
    RuleKind.COUNT: _count,
    RuleKind.CHANGE: _change,
    RuleKind.LOCK: _lock,
}
