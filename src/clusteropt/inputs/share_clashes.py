"""Clashes of shares of the same money: minima that add up to more than all of it, or to more than a maximum.

No money at all meets every share, so these are clashes only where some rule or the target makes the base get money.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import ObjectiveKind, Selection
from clusteropt.inputs.statements import base_selection
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.check import Check, Mask
    from clusteropt.inputs.clashes import Clashes


def check_shares(clashes: Clashes) -> None:
    """Compare the shares of every base that cannot stay without money."""
    groups: dict[Selection, list[int]] = {}
    for number in clashes.base_scope:
        groups.setdefault(base_selection(clashes.rule(number)), []).append(number)
    for base, numbers in groups.items():
        if clashes.floors_inside(clashes.base_scope[numbers[0]]) or _target_needs(clashes.check, base):
            _check_minima(clashes, numbers)
            _check_maxima(clashes, numbers, base)


def _target_needs(check: Check, base: Selection) -> bool:
    """Tell whether the target cannot be reached without money of the base: all money, where no stock is there."""
    problem = check.problem
    wanted = problem.objective.kind is ObjectiveKind.LEAST_MONEY and (problem.objective.target or 0.0) > 0
    return wanted and base == Selection() and not problem.stock.any() and problem.arriving is None


def _check_minima(clashes: Clashes, numbers: list[int]) -> None:
    """Minima of selections apart, inside the base or inside one maximum, are at most 1 or that maximum together."""
    minima = [n for n in numbers if clashes.rule(n).minimum]
    scope = [clashes.share_scope.get(n, 0) for n in range(len(clashes.check.problem.rules))]
    worth = [Fraction(rule.minimum or 0) for rule in clashes.check.problem.rules]
    inside = clashes.scopes.inside
    bounds: list[tuple[int | None, Fraction, int]] = [(None, Fraction(1), clashes.base_scope[numbers[0]])]
    bounds += [(n, most, scope[n]) for n in numbers if (most := clashes.rule(n).maximum) is not None]
    for cap, most, place in bounds:
        candidates = [n for n in minima if n != cap and inside[scope[n], place]]
        group = clashes.apart(candidates, worth, scope)
        total = sum((worth[n] for n in group), Fraction(0))
        if total > most:
            _tell_minima(clashes, group, total, (cap, most))


def _tell_minima(clashes: Clashes, group: list[int], total: Fraction, bound: tuple[int | None, Fraction]) -> None:
    cap, most = bound
    names = clashes.names(group)
    verb = "ask" if len(group) > 1 else "asks"
    if cap is None:
        against = Text("more than all of it", "超过全部")
        remedy = Text("Lower min of one of them.", "请降低其中一条的 min。")
    else:
        other, them = clashes.names([cap]), "it" if len(group) == 1 else "them"
        against = Text(
            f"but {other.en}, which contains {them}, allows at most {_share(most)}",
            f"但包含其范围的{other.zh} 至多允许 {_share(most)}",
        )
        remedy = Text(f"Lower min here, or raise max of {other.en}.", f"请降低 min, 或提高{other.zh} 的 max。")
    clashes.tell(
        [*group, *([] if cap is None else [cap])],
        "min",
        Text(
            f"{names.en} {verb} a share of at least {_share(total)} of the same money, {against.en}.",
            f"{names.zh}要求占同一资金的比例合计至少 {_share(total)}, {against.zh}。",
        ),
        remedy,
    )


def _check_maxima(clashes: Clashes, numbers: list[int], base: Selection) -> None:
    """Maxima of selections that together are all of the base are at least 1 together."""
    check = clashes.check
    rules = {n: clashes.rule(n) for n in numbers}
    limited = [n for n in numbers if (most := rules[n].maximum) is not None and most < 1]
    covering = sorted(limited, key=lambda n: rules[n].maximum or 0)
    total, group = Fraction(0), []
    open_yet = _marked(check, base)
    for n in covering:
        mine = _marked(check, rules[n].selection)
        if not (mine & open_yet).any():
            continue
        open_yet &= ~mine
        total += rules[n].maximum or 0
        group.append(n)
        if total >= 1:
            return
    if group and not open_yet.any():
        _tell_maxima(clashes, group, total)


def _marked(check: Check, selection: Selection) -> Mask:
    """Mark the draws and years of a selection, shape (num_draws, num_years)."""
    found = np.zeros((len(check.problem.draw_fund), check.problem.num_years), dtype=bool)
    found[np.ix_(check.draws(selection), check.years(selection))] = True
    return found


def _tell_maxima(clashes: Clashes, group: list[int], total: Fraction) -> None:
    names = clashes.names(group)
    verb, lies = ("allow", "their selections") if len(group) > 1 else ("allows", "its selection")
    clashes.tell(
        group,
        "max",
        Text(
            f"{names.en} {verb} at most {_share(total)} of money that lies in {lies} alone.",
            f"{names.zh}的范围已包含全部基数, 却合计至多允许 {_share(total)}。",
        ),
        Text("Raise max of one of them.", "请提高其中一条的 max。"),
    )


def _share(share: Fraction) -> str:
    return f"{float(share) * 100:.7g}%"
