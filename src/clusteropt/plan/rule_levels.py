"""How the rules stand under an allocation: what is reached and what is asked, in whole units."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.inputs.rule_book import loose_rules, rule_names
from clusteropt.model.money_rules import LARGEST_SUM, change_money, lock_money, share_base
from clusteropt.model.row_arrays import amount_arrays
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


SIDES = (Side.MIN, Side.MAX)


class _Table(NamedTuple):
    """Entries as arrays: rule, side as a place in `SIDES`, and the rest of an entry."""

    rule: Ints
    side: Ints
    year: Ints
    level: Ints
    limit: Ints


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
    hard, soft = _table(space, money), _table(shadow, money)
    each = [problem.soft_floors[number] for number in soft.rule.tolist()]
    unit = problem.money.per_printed
    missing = [
        _missing(shadow, floor.rule, (level, limit), money)
        for floor, level, limit in zip(each, soft.level.tolist(), soft.limit.tolist(), strict=True)
    ]
    names, nothing = list(rule_names(problem.rules)), np.zeros(len(hard.rule))
    return RuleLevels(
        rule=tuple([names[number] for number in hard.rule.tolist()] + [floor.rule.name for floor in each]),
        side=tuple(SIDES[side] for side in (*hard.side.tolist(), *soft.side.tolist())),
        year=np.append(hard.year, soft.year),
        level=np.append(hard.level, soft.level),
        limit=np.append(hard.limit, soft.limit),
        price=np.append(nothing, [float(floor.price) for floor in each]),
        cost=np.append(nothing, [float(floor.price / unit * part) for floor, part in zip(each, missing, strict=True)]),
    )


def obeys(space: Space, money: Ints) -> bool:
    """Tell whether every rule holds in whole units; soft floors may be missed."""
    found = _table(space, money)
    reached = np.where(found.side == SIDES.index(Side.MIN), found.level >= found.limit, found.level <= found.limit)
    return bool(reached.all())


def counts_hold(space: Space, money: Ints) -> bool:
    """Tell whether every rule that counts holds."""
    counts = [number for number, rule in loose_rules(space.problem.rules) if rule.kind is RuleKind.COUNT]
    return all(_holds(entry) for number in counts for entry in _count(space, number, money))


def _holds(entry: _Entry) -> bool:
    return entry.level >= entry.limit if entry.side is Side.MIN else entry.level <= entry.limit


def _table(space: Space, money: Ints) -> _Table:
    """Give the entries of all rules in order; those of amounts without a base at once, as there may be millions."""
    rows, rules = amount_arrays(space), space.problem.rules
    level, kept = np.array(rows.levels(money), np.int64), ~np.isin(rows.rule, _based(space))
    parts = []
    for side, limit, none in ((0, rows.lower, -LARGEST_SUM), (1, rows.upper, LARGEST_SUM)):
        there = np.flatnonzero(kept & (limit != none))
        year = np.full(len(there), -1)
        parts.append(_Table(rows.rule[there], np.full(len(there), side), year, level[there], limit[there]))
    loose = list(loose_rules(rules))
    known = np.isin([number for number, _ in loose], rows.rule[kept])
    for (number, rule), done in zip(loose, known, strict=True):
        if not done:
            found = list(_LEVELS[rule.kind](space, number, money))
            of = np.full(len(found), number)
            sides = np.array([SIDES.index(entry.side) for entry in found], np.int64)
            year, reached, asked = (np.array([entry[place] for entry in found], np.int64) for place in (1, 2, 3))
            parts.append(_Table(of, sides, year, reached, asked))
    whole = _Table(*(np.concatenate(columns).astype(np.int64) for columns in zip(*parts, strict=True)))
    # A stable sort leaves the entries of a rule as they came: at least, then at most, or year by year.
    order = np.argsort(whole.rule, kind="stable")
    return _Table(*(column[order] for column in whole))


def _based(space: Space) -> Ints:
    """Give the rules of amounts whose limit is a base of its own."""
    return np.array([n for n, rule in loose_rules(space.problem.rules) if rule.base is RuleBase.SELECTION], np.int64)


def _missing(space: Space, rule: Rule, reached: tuple[int, int], money: Ints) -> Fraction:
    """Give what is missing of a soft floor at a level and its limit; of a share of awarded money to the fraction."""
    level, limit = reached
    asked = Fraction(limit)
    if rule.kind is RuleKind.SHARE and rule.base is not RuleBase.FUND and rule.minimum is not None:
        asked = rule.minimum * share_base(space, rule, money)
    return max(asked - level, Fraction(0))


def _sides(rule: Rule, level: int, base: int = 1, plus: int = 0) -> Iterator[_Entry]:
    if rule.minimum is not None:
        yield _Entry(Side.MIN, -1, level, plus - (-rule.minimum.numerator * base) // rule.minimum.denominator)
    if rule.maximum is not None:
        yield _Entry(Side.MAX, -1, level, plus + (rule.maximum.numerator * base) // rule.maximum.denominator)


def _amount(space: Space, number: int, money: Ints) -> Iterator[_Entry]:
    rule = space.problem.rules[number]
    base = share_base(space, rule, money)
    return _sides(rule, int(money[space.flows_in(rule.selection)].sum()), plus=base)


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
