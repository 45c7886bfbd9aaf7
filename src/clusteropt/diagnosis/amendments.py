"""Amendments of a problem that a repair is made of: what a member asked before and asks after, applied and in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.diagnosis.members import Member, MemberKind, from_menu
from clusteropt.inputs.ledger import best_year
from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.plan.rule_words import cell_name, money_words, purse_name, share_words
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clusteropt.inputs.problem import Ints, Problem, Rule

RATIOS = (RuleKind.SHARE, RuleKind.CHANGE)
"""Rules whose limits are shares, not whole numbers."""
LARGEST_CHANGE = 1_000
"""The tables hold no larger change against the last plan or the year before, and no larger share of other money."""
FALLING = (MemberKind.MINIMUM, MemberKind.LEAST, MemberKind.TARGET)
"""Members that are eased by lowering them."""
FINEST = Fraction(1, 10**9)
"""The tables hold shares with nine decimals."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """One change of a problem.

    Parameters
    ----------
    member : Member
        What is changed.
    before, after : Fraction or None
        Whole units of money, a number of awards, a share, or an outcome; before is None for a lock at what the last
        plan gave, after is None where the limit goes.
    """

    member: Member
    before: Fraction | None
    after: Fraction | None

    def points(self, problem: Problem) -> Fraction | None:
        """Give by how much a share changes; None for what is no share, or goes."""
        if self.member.kind not in (MemberKind.MINIMUM, MemberKind.MAXIMUM) or self.before is None:
            return None
        ratio = problem.rules[self.member.place[0]].kind in RATIOS
        return abs(self.after - self.before) if ratio and self.after is not None else None

    def wider(self, problem: Problem, steps: int) -> Amendment:
        """Move the limit on by some whole units, or some units of the last decimal of a share."""
        if steps == 0 or self.before is None or self.after is None:
            return self
        kind, unit = self.member.kind, Fraction(1)
        if kind is MemberKind.TARGET:
            unit = abs(self.before) * FINEST
        if kind in (MemberKind.MINIMUM, MemberKind.MAXIMUM):
            rule = problem.rules[self.member.place[0]]
            unit = FINEST if rule.kind in RATIOS else Fraction(rule.kind is not RuleKind.COUNT)
        falls = kind in FALLING or (kind is MemberKind.LOCK and self.after < self.before)
        moved = self.after + steps * unit * (-1 if falls else 1)
        if kind in (MemberKind.MINIMUM, MemberKind.MAXIMUM):
            return replace(self, after=within_span(problem.rules[self.member.place[0]], moved))
        return replace(self, after=max(moved, Fraction(0)))

    def words(self, problem: Problem) -> Text:
        """Say what to do, as a clause without a full stop."""
        kind, place = self.member.kind, self.member.place
        if kind is MemberKind.TARGET:
            before, after = (f"{float(limit or 0):,.9g}" for limit in (self.before, self.after))
            return _moved(Text("lower the target", "将目标"), Text(before, before), Text(after, after), "降至")
        if kind is MemberKind.PURSE:
            name, more = purse_name(problem, *place), money_words(problem, int((self.after or 0) - (self.before or 0)))
            holds = money_words(problem, int(self.after or 0))
            return Text(
                f"add {more.en} to purse {name.en}, which then holds {holds.en}",
                f"为{name.zh}增加 {more.zh}, 增加后共 {holds.zh}",
            )
        if kind in (MemberKind.LEAST, MemberKind.MOST):
            where = cell_name(problem, *place)
            what = (
                Text(f"lower the least award for {where.en}", f"将{where.zh}的最小拨款")
                if kind is MemberKind.LEAST
                else Text(f"raise the most of {where.en}", f"将{where.zh}的最大拨款")
            )
            return _moved(what, *self._figures(problem), "降至" if kind is MemberKind.LEAST else "升至")
        return self._rule_words(problem, problem.rules[place[0]])

    def _rule_words(self, problem: Problem, rule: Rule) -> Text:
        if self.after is None:
            if self.member.kind is MemberKind.LOCK:
                return Text(f"take rule {rule.name} out", f"删除规则 {rule.name}")
            side = "minimum" if self.member.kind is MemberKind.MINIMUM else "maximum"
            chinese = "下限" if self.member.kind is MemberKind.MINIMUM else "上限"
            return Text(f"take the {side} out of rule {rule.name}", f"删除规则 {rule.name} 的{chinese}")
        up = self.before is not None and self.after > self.before
        verb, goes = ("raise", "升至") if up else ("lower", "降至")
        side, chinese = {
            MemberKind.MINIMUM: ("minimum", "下限"),
            MemberKind.MAXIMUM: ("maximum", "上限"),
        }.get(self.member.kind, ("amount", "锁定金额"))
        what = Text(f"{verb} the {side} of rule {rule.name}", f"将规则 {rule.name} 的{chinese}")
        return _moved(what, *self._figures(problem), goes)

    def _figures(self, problem: Problem) -> tuple[Text, Text]:
        before, after = self.before or Fraction(0), self.after or Fraction(0)
        if self.points(problem) is not None:
            figures = [share_words(share) for share in (before, after)]
            return Text(figures[0], figures[0]), Text(figures[1], figures[1])
        if self.member.kind in (MemberKind.MINIMUM, MemberKind.MAXIMUM):
            rule = problem.rules[self.member.place[0]]
            if rule.kind is RuleKind.COUNT:
                return Text(f"{int(before):,}", f"{int(before):,}"), Text(f"{int(after):,}", f"{int(after):,}")
        first, second = money_words(problem, int(before)), money_words(problem, int(after))
        unit = problem.money.printed
        return Text(first.en.removesuffix(f" (in {unit.en})"), first.zh.removesuffix(f" {unit.zh}")), second


def within_span(rule: Rule, limit: Fraction) -> Fraction:
    """Move a limit of a rule to where the tables can hold it."""
    if rule.kind is RuleKind.AMOUNT and rule.base is RuleBase.SELECTION:
        return limit
    if rule.kind is RuleKind.CHANGE:
        return min(max(limit, Fraction(-1)), Fraction(LARGEST_CHANGE))
    if rule.kind is RuleKind.SHARE:
        # A change against the year before is written out as one more than a share of it.
        return min(max(limit, Fraction(0)), Fraction(1 + LARGEST_CHANGE if rule.base is RuleBase.SELECTION else 1))
    return max(limit, Fraction(0))


def _moved(what: Text, before: Text, after: Text, goes: str) -> Text:
    return Text(f"{what.en} from {before.en} to {after.en}", f"{what.zh}从 {before.zh} {goes} {after.zh}")


def amend(problem: Problem, amendments: Iterable[Amendment]) -> Problem:
    """Give the problem with some limits changed.

    Parameters
    ----------
    problem : Problem
        The problem; it stays as it is.
    amendments : iterable of Amendment
        One at most for each member.
    """
    purse, least, most = problem.purse.copy(), problem.least.copy(), problem.most.copy()
    rules: dict[int, Rule | None] = dict(enumerate(problem.rules))
    objective = problem.objective
    for amendment in amendments:
        kind, place = amendment.member.kind, amendment.member.place
        if kind is MemberKind.TARGET:
            objective = replace(objective, target=float(amendment.after or 0))
        elif kind in _ARRAYS:
            {MemberKind.PURSE: purse, MemberKind.LEAST: least, MemberKind.MOST: most}[kind][place] = int(
                amendment.after or 0
            )
        else:
            rules[place[0]] = _changed(rules[place[0]], amendment)
    kept = tuple(rule for rule in rules.values() if rule is not None)
    changed = replace(problem, purse=purse, least=least, most=most, rules=kept, objective=objective)
    return _with_defaults(problem, changed)


_ARRAYS = (MemberKind.PURSE, MemberKind.LEAST, MemberKind.MOST)


def _changed(rule: Rule | None, amendment: Amendment) -> Rule | None:
    """Give a rule with one limit changed; None where it limits nothing any more."""
    if rule is None or (amendment.member.kind is MemberKind.LOCK and amendment.after is None):
        return None
    if amendment.member.kind is MemberKind.LOCK:
        return replace(rule, minimum=amendment.after, maximum=amendment.after)
    if amendment.member.kind is MemberKind.MINIMUM:
        rule = replace(rule, minimum=amendment.after)
    else:
        rule = replace(rule, maximum=amendment.after)
    return None if rule.minimum is None and rule.maximum is None else rule


def _with_defaults(before: Problem, after: Problem) -> Problem:
    """Let the most of cells that is no limit of their own follow the purses, as it does where tables are read."""
    old, new = best_year(before), best_year(after)
    follows: Ints = np.where((before.most == old) & (after.most == before.most) & ~from_menu(before), new, after.most)
    return replace(after, most=follows)
