"""Clashes of counts: minima against what can be counted, against maxima, and maxima against locks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.inputs.scopes import MOST_SCOPES, make_scopes
from clusteropt.inputs.statements import chosen_cells
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusteropt.inputs.check import Mask
    from clusteropt.inputs.clashes import Clashes
    from clusteropt.inputs.problem import Rule
    from clusteropt.inputs.scopes import Scopes


def check_counts(clashes: Clashes, sound: Sequence[int]) -> None:
    """Compare counts with each other, with what their cells can get and with what locks force.

    Parameters
    ----------
    clashes : Clashes
        What the rules say.
    sound : sequence of int
        The rules that nothing is known to be wrong with.
    """
    counts = [n for n in sound if clashes.rule(n).kind is RuleKind.COUNT][:MOST_SCOPES]
    if not counts:
        return
    scopes = make_scopes(clashes.check, [clashes.rule(n).selection for n in counts])
    for k, number in enumerate(counts):
        rule = clashes.rule(number)
        if rule.minimum is not None:
            _check_possible(clashes, number)
        if rule.maximum is not None:
            _check_maximum(clashes, counts, k, scopes)
            if not rule.selection.funds:
                _check_locked(clashes, number)


def _counted(clashes: Clashes, rule: Rule, some: Mask) -> int:
    """Count marked cells of a rule: awards, or clusters with one; ``some`` over clusters, levers and years."""
    cells, years = chosen_cells(clashes.check, rule.selection)
    marked = some[:, :, years] & cells[:, :, None]
    return int(marked.any(axis=(1, 2)).sum() if rule.base is RuleBase.CLUSTERS else marked.sum())


def _check_possible(clashes: Clashes, number: int) -> None:
    """A count asks for no more awards than there are cells that can get one."""
    rule, limits = clashes.rule(number), clashes.limits
    if rule.selection.funds and rule.base is not RuleBase.CLUSTERS:
        return
    num = _counted(clashes, rule, (limits.most >= limits.least))
    if int(rule.minimum or 0) <= num:
        return
    what = Text("clusters", "个集群") if rule.base is RuleBase.CLUSTERS else Text("awards", "项拨款")
    clashes.tell(
        [number],
        "min",
        Text(
            f"at most {num} {what.en} are possible: the other cells cannot take their least, or are locked at nothing.",
            f"最多 {num} {what.zh}: 其余单元达不到最小拨款, 或被锁定为零。",
        ),
        Text("Lower min, or change the limits or locks of the cells.", "请降低 min, 或调整单元的限值或锁定。"),
    )


def _check_maximum(clashes: Clashes, counts: list[int], k: int, scopes: Scopes) -> None:
    """A maximum is no less than the minima inside it: each alone, then those that count different things together."""
    cap = clashes.rule(counts[k])
    inside = [
        j
        for j in range(len(counts))
        if j != k and scopes.inside[j, k] and clashes.rule(counts[j]).minimum and _as_many(clashes.rule(counts[j]), cap)
    ]
    by_cluster = cap.base is RuleBase.CLUSTERS or any(clashes.rule(counts[j]).base is RuleBase.CLUSTERS for j in inside)
    apart = scopes.clusters_apart if by_cluster else scopes.apart
    group: list[int] = []
    for j in sorted(inside, key=lambda j: -(clashes.rule(counts[j]).minimum or 0)):
        if all(apart[j, other] for other in group):
            group.append(j)
        if sum(int(clashes.rule(counts[i]).minimum or 0) for i in group) > int(cap.maximum or 0):
            _tell_maximum(clashes, [counts[i] for i in group], counts[k])
            return


def _as_many(rule: Rule, cap: Rule) -> bool:
    """Tell whether every thing that a rule counts is one for the other: a cluster with an award has an award too."""
    if bool(rule.selection.funds) != bool(cap.selection.funds):
        return False
    return rule.base is cap.base or (rule.base is RuleBase.CLUSTERS and cap.base is RuleBase.AWARDS)


def _tell_maximum(clashes: Clashes, group: list[int], cap: int) -> None:
    names, other = clashes.names(group), clashes.names([cap])
    asked, most = sum(int(clashes.rule(n).minimum or 0) for n in group), int(clashes.rule(cap).maximum or 0)
    verb = Text("asks", "要求") if len(group) == 1 else Text("together ask", "合计要求")
    them = "it" if len(group) == 1 else "them"
    clashes.tell(
        [*group, cap],
        "min",
        Text(
            f"{names.en} {verb.en} for at least {asked:,}, but {other.en}, which contains {them}, allows at most "
            f"{most:,}.",
            f"{names.zh} {verb.zh}至少 {asked:,} 项, 但包含其范围的{other.zh} 至多允许 {most:,} 项。",
        ),
        Text(f"Lower min here, or raise max of {other.en}.", f"请降低 min, 或提高{other.zh} 的 max。"),
    )


def _check_locked(clashes: Clashes, number: int) -> None:
    """A maximum is no less than the awards that locks force."""
    rule = clashes.rule(number)
    num = _counted(clashes, rule, clashes.limits.locked > 0)
    if num <= int(rule.maximum or 0):
        return
    clashes.tell(
        [number],
        "max",
        Text(
            f"rule {rule.name} allows at most {int(rule.maximum or 0):,}, but locks force {num:,} of what it counts.",
            f"规则 {rule.name} 至多允许 {int(rule.maximum or 0):,} 项, 但锁定已有 {num:,} 项。",
        ),
        Text("Raise max, or take locks out.", "请提高 max, 或删除部分锁定。"),
    )
