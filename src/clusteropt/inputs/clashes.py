"""Clashes of rules that show without a solver: floors against caps, purses and cells, exact in whole units.

Every check adds up floors of selections that are apart, and compares the sum with something that bounds it. A rule
that is a share of awarded money joins in by what its base is known to get at least or at most. No problem that has a
plan is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import nlargest
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.check import exact_sum, money_text
from clusteropt.inputs.faults import Place
from clusteropt.inputs.ledger import payable_together
from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.inputs.scopes import MOST_SCOPES, make_scopes
from clusteropt.inputs.statements import Statement, base_selection, caps, cell_limits, chosen_cells, floors
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from clusteropt.inputs.check import Check, Mask
    from clusteropt.inputs.problem import Rule, Selection
    from clusteropt.inputs.scopes import Scopes
    from clusteropt.inputs.statements import Limits


@dataclass(slots=True, eq=False)
class Clashes:
    """What the rules of a problem say side by side, and what has been told already.

    Parameters
    ----------
    check : Check
        The problem, and where to note what is wrong.
    rows : tuple of int
        The row of each rule.
    limits : Limits
        What single cells can get.
    floors, caps : list of Statement
        What rules ask for at least and allow at most.
    floor_scope, cap_scope : list of int
        The scope of each.
    share_scope, base_scope : dict of int to int
        The scope of the selection and of the base of every share of awarded money, by rule.
    scopes : Scopes
        How they lie to each other.
    told : set
        Sets of rules that a fault has named; one fault a set is enough.
    """

    check: Check
    rows: tuple[int, ...]
    limits: Limits
    floors: list[Statement]
    caps: list[Statement]
    floor_scope: list[int]
    cap_scope: list[int]
    share_scope: dict[int, int]
    base_scope: dict[int, int]
    scopes: Scopes
    told: set[frozenset[int]] = field(default_factory=set)

    def rule(self, number: int) -> Rule:
        """Give a rule by its position."""
        return self.check.problem.rules[number]

    def names(self, numbers: Sequence[int]) -> Text:
        """Name rules: "rule a", or "rules a, b and c"."""
        names = [self.rule(number).name for number in dict.fromkeys(numbers)]
        if len(names) == 1:
            return Text(f"rule {names[0]}", f"规则 {names[0]}")
        return Text(f"rules {', '.join(names[:-1])} and {names[-1]}", f"规则 {'、'.join(names)} ")

    def tell(self, numbers: Sequence[int], column: str, problem: Text, remedy: Text) -> None:
        """Note a fault at the min or max of the first rule, unless the same rules have been told of."""
        key = frozenset(numbers)
        if key in self.told:
            return
        self.told.add(key)
        rule = self.rule(numbers[0])
        limit = rule.minimum if column == "min" else rule.maximum
        value = None if limit is None else str(limit) if limit.denominator == 1 else repr(float(limit))
        self.check.faults.add(Place("rules", self.rows[numbers[0]], column, value), problem, remedy)

    def apart(self, candidates: Sequence[int], worth: Sequence[int | Fraction], scope: Sequence[int]) -> list[int]:
        """Choose candidates whose scopes are apart: greedily by worth, or from the smallest scope on, what adds up."""
        able = [k for k in candidates if worth[k] > 0]
        place = np.array([scope[k] for k in able], dtype=np.int64)
        by_worth = sorted(range(len(able)), key=lambda j: -worth[able[j]])
        by_size = sorted(range(len(able)), key=lambda j: float(self.scopes.size[place[j]]))
        found = []
        for order in (by_worth, by_size):
            chosen, free = [], np.ones(len(able), dtype=bool)
            for j in order:
                if free[j]:
                    chosen.append(able[j])
                    free &= self.scopes.apart[place[j], place]
            found.append(chosen)
        return max(found, key=lambda chosen: sum(worth[k] for k in chosen))

    def floors_inside(self, scope: int) -> list[int]:
        """Choose floors apart from each other that lie inside a scope and add up to much."""
        inside = np.flatnonzero(self.scopes.inside[self.floor_scope, scope]).tolist()
        return self.apart(inside, [floor.amount for floor in self.floors], self.floor_scope)


def find_clashes(check: Check, rows: tuple[int, ...], sound: Sequence[int]) -> Clashes:
    """Collect what the rules say, with what follows for shares of awarded money.

    Parameters
    ----------
    check : Check
        The problem, and where to note what is wrong.
    rows : tuple of int
        The row of each rule.
    sound : sequence of int
        The rules that nothing is known to be wrong with.
    """
    limits, rules = cell_limits(check), check.problem.rules
    low = [one for number in sound for one in floors(check, limits, number) if one.amount > 0]
    high = [one for number in sound for one in caps(check, limits, number)]
    shares = [n for n in sound if rules[n].kind is RuleKind.SHARE and rules[n].base is not RuleBase.FUND]
    low, shares = _largest(low), shares[:MOST_SCOPES]
    shared = [part for n in shares for part in (rules[n].selection, base_selection(rules[n]))]
    high = _holding(check, high, [*(one.selection for one in low), *shared])
    selections = [*(one.selection for one in (*low, *high)), *shared]
    first = len(low) + len(high)
    clashes = Clashes(
        check=check,
        rows=rows,
        limits=limits,
        floors=low,
        caps=high,
        floor_scope=list(range(len(low))),
        cap_scope=list(range(len(low), first)),
        share_scope={n: first + 2 * k for k, n in enumerate(shares)},
        base_scope={n: first + 2 * k + 1 for k, n in enumerate(shares)},
        scopes=make_scopes(check, selections),
    )
    _follow(clashes)
    return clashes


def _holding(check: Check, found: Sequence[Statement], others: Sequence[Selection]) -> list[Statement]:
    """Keep the caps that one of some selections may lie inside: its first cluster is theirs, and it has no more.

    A cap written out for every cluster is many, and comparing all with all takes the square of that.
    """
    fewest: dict[int, int] = {}
    for clusters in map(check.clusters, others):
        if len(clusters):
            fewest[int(clusters[0])] = min(len(clusters), fewest.get(int(clusters[0]), len(clusters)))
    kept = []
    for one in found:
        named = one.selection.clusters
        if len(named) == 1 and fewest.get(named[0], 2) > 1:
            continue
        clusters = check.clusters(one.selection)
        if any(fewest.get(cluster, len(clusters) + 1) <= len(clusters) for cluster in clusters.tolist()):
            kept.append(one)
    return _largest(kept)


def _largest(found: list[Statement]) -> list[Statement]:
    """Of more than can be compared keep those about the most money: what is not seen here a solver finds."""
    return found if len(found) <= MOST_SCOPES else nlargest(MOST_SCOPES, found, key=lambda one: one.amount)


def _follow(clashes: Clashes) -> None:
    """Add what shares ask for or allow, by what their base gets at least or at most."""
    check = clashes.check
    low, high = [], []
    for number, base in clashes.base_scope.items():
        rule = clashes.rule(number)
        under = base_selection(rule)
        if rule.minimum:
            forced = sum(clashes.floors[k].amount for k in clashes.floors_inside(base))
            reason = _because(check, "at least", "至少", forced)
            low.append(Statement(number, rule.selection, int(-(-rule.minimum * forced // 1)), reason))
        if rule.maximum is not None:
            within = [c.amount for k, c in enumerate(clashes.caps) if clashes.scopes.inside[base, clashes.cap_scope[k]]]
            most = min([*within, check.open_money(under)])
            reason = _because(check, "at most", "至多", most)
            high.append(Statement(number, rule.selection, int(rule.maximum * most // 1), reason))
    clashes.floors += [one for one in low if one.amount > 0]
    clashes.floor_scope += [clashes.share_scope[one.rule] for one in low if one.amount > 0]
    clashes.caps += high
    clashes.cap_scope += [clashes.share_scope[one.rule] for one in high]


def _because(check: Check, side: str, chinese: str, amount: int) -> Text:
    said = money_text(amount, check.problem.money)
    return Text(f" (a share of {side} {said.en})", f" (基数{chinese} {said.zh})")


def check_money(clashes: Clashes) -> None:
    """Compare floors, alone and together, with the caps, purses and cells that bound them."""
    for k in range(len(clashes.floors)):
        _check_cells(clashes, k)
    for k in range(len(clashes.caps)):
        _check_cap(clashes, k)
    _check_purses(clashes)


def _check_cells(clashes: Clashes, k: int) -> None:
    """Compare a floor with what its cells may take: their most, their menus, their purses and their locks."""
    check, floor = clashes.check, clashes.floors[k]
    cells, years = chosen_cells(check, floor.selection)
    taken = exact_sum(clashes.limits.most[:, :, years][cells])
    if floor.amount <= taken:
        return
    asked, most = (money_text(amount, check.problem.money) for amount in (floor.amount, taken))
    name = clashes.names([floor.rule])
    clashes.tell(
        [floor.rule],
        "min",
        Text(
            f"{name.en} asks at least {asked.en}{floor.reason.en}; its cells may take {most.en}.",
            f"{name.zh} 至少需要 {asked.zh}{floor.reason.zh}; 其单元最多可得 {most.zh}。",
        ),
        Text("Lower min, or change the limits or locks of its cells.", "请降低 min, 或调整其单元的限值或锁定。"),
    )


def _check_cap(clashes: Clashes, k: int) -> None:
    """Compare a cap with the floors inside it: each alone, then those apart together."""
    cap, scopes = clashes.caps[k], clashes.scopes
    place = clashes.cap_scope[k]
    found = np.flatnonzero(scopes.inside[clashes.floor_scope, place]).tolist()
    inside = [j for j in found if clashes.floors[j].rule != cap.rule]
    single = [j for j in inside if clashes.floors[j].amount > cap.amount]
    for j in single:
        _tell_cap(clashes, [j], cap)
    if single:
        return
    amounts = [floor.amount for floor in clashes.floors]
    group = clashes.apart(inside, amounts, clashes.floor_scope)
    if sum(amounts[j] for j in group) > cap.amount:
        _tell_cap(clashes, _needed(group, amounts, cap.amount), cap)


def _needed(group: list[int], amounts: list[int], bound: int) -> list[int]:
    """Leave out the smallest floors as long as the others still exceed a bound."""
    kept = sorted(group, key=lambda j: -amounts[j])
    total = sum(amounts[j] for j in kept)
    for j in reversed(kept.copy()):
        if total - amounts[j] > bound:
            total -= amounts[j]
            kept.remove(j)
    return kept


def _tell_cap(clashes: Clashes, group: list[int], cap: Statement) -> None:
    floors_of = [clashes.floors[j] for j in group]
    money = clashes.check.problem.money
    asked, allowed = money_text(sum(floor.amount for floor in floors_of), money), money_text(cap.amount, money)
    names, other = clashes.names([floor.rule for floor in floors_of]), clashes.names([cap.rule])
    reason = floors_of[0].reason if len(floors_of) == 1 else Text("", "")
    verb = Text("asks", "至少需要") if len(floors_of) == 1 else Text("together ask", "合计至少需要")
    them = "it" if len(floors_of) == 1 else "them"
    clashes.tell(
        [*(floor.rule for floor in floors_of), cap.rule],
        "min",
        Text(
            f"{names.en} {verb.en} at least {asked.en}{reason.en}, "
            f"but {other.en}, which contains {them}, allows at most {allowed.en}{cap.reason.en}.",
            f"{names.zh} {verb.zh} {asked.zh}{reason.zh}, "
            f"但包含其范围的{other.zh} 至多允许 {allowed.zh}{cap.reason.zh}。",
        ),
        Text(f"Lower min here, or raise max of {other.en}.", f"请降低 min, 或提高{other.zh} 的 max。"),
    )


def _check_purses(clashes: Clashes) -> None:
    """Compare floors apart with the purses open to them: for every set of purses that one of them can reach."""
    check = clashes.check
    if not clashes.floors:
        return
    opened = np.array([_open_purses(check, floor).ravel() for floor in clashes.floors])
    amounts = [floor.amount for floor in clashes.floors]
    for mask in np.unique(np.vstack([opened, np.ones_like(opened[:1])]), axis=0):
        inside = np.flatnonzero(~(opened & ~mask).any(axis=1)).tolist()
        group = clashes.apart(inside, amounts, clashes.floor_scope)
        held = payable_together(check.problem, mask.reshape(check.problem.purse.shape))
        if sum(amounts[k] for k in group) > held:
            _tell_purses(clashes, _needed(group, amounts, held), held)


def _open_purses(check: Check, floor: Statement) -> Mask:
    purses = np.zeros(check.problem.purse.shape, dtype=bool)
    purses[np.ix_(check.funds(floor.selection), check.years(floor.selection))] = True
    return purses


def _tell_purses(clashes: Clashes, group: list[int], held: int) -> None:
    floors_of = [clashes.floors[k] for k in group]
    money = clashes.check.problem.money
    asked, there = money_text(sum(floor.amount for floor in floors_of), money), money_text(held, money)
    names = clashes.names([floor.rule for floor in floors_of])
    if len(floors_of) == 1:
        reason = floors_of[0].reason
        problem = Text(
            f"{names.en} asks at least {asked.en}{reason.en}; the purses open to it hold {there.en}.",
            f"{names.zh} 至少需要 {asked.zh}{reason.zh}; 对其开放的资金共 {there.zh}。",
        )
        remedy = Text("Lower min, or add money.", "请降低 min, 或增加资金。")
    else:
        problem = Text(
            f"{names.en} together ask at least {asked.en}; the purses open to them hold {there.en}.",
            f"{names.zh}合计至少需要 {asked.zh}; 对其开放的资金共 {there.zh}。",
        )
        remedy = Text("Lower min of one of them, or add money.", "请降低其中一条的 min, 或增加资金。")
    clashes.tell([floor.rule for floor in floors_of], "min", problem, remedy)
