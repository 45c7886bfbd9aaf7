"""The problem of some clusters of a larger one: what is left of every limit once the other clusters have their money.

With the money of the others decided a limit that links clusters is the same limit on the rest, less what the others
take: sum over some of x <= limit - sum over the others of x. So the excerpt is a problem like any other, and a plan of
it joined with the money of the others is a plan of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from clusteropt.inputs.problem import LastPlan, Menus, ObjectiveKind, Rule, RuleBase, RuleKind
from clusteropt.inputs.rule_book import families, loose_rules
from clusteropt.model.money_rules import fund_amount
from clusteropt.model.space import number_counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clusteropt.inputs.problem import Ints, Problem
    from clusteropt.model.space import Space

    Left = Callable[[Rule], Rule]


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """A problem of some clusters.

    Parameters
    ----------
    problem : Problem
        Its clusters are those chosen, in their order; its rules those that speak of them.
    clusters : array of shape (num_chosen,)
        Their positions in the whole.
    rules : array of shape (num_rules,)
        The position in the whole of each rule.
    flows : array of shape (num_flows,)
        The position in the whole of each flow.
    """

    problem: Problem
    clusters: Ints
    rules: Ints
    flows: Ints


class _NothingLeftError(Exception):
    """What the others take is more than a limit, or keeps the rest from reaching one."""


def may_excerpt(problem: Problem) -> bool:
    """Tell whether limits that link clusters are sums over them, so that those of the rest can be taken off."""
    apart = RuleKind.AMOUNT, RuleKind.COUNT, RuleKind.LOCK
    return (
        problem.objective.kind is ObjectiveKind.TOTAL
        and problem.programmes is None
        and problem.ledger is None
        and not problem.soft_floors
        and not (problem.synergies and len(problem.spill_from))
        and all(
            (rule.kind in apart and rule.base is not RuleBase.SELECTION)
            or (rule.kind is RuleKind.SHARE and rule.base is RuleBase.FUND)
            for _, rule in loose_rules(problem.rules)
        )
    )


def make_excerpt(space: Space, clusters: Ints, money: Ints) -> Excerpt | None:
    """Give the problem of some clusters where the others keep their money; None where that breaks a limit by itself.

    Parameters
    ----------
    space : Space
        The positions of the whole, which `may_excerpt` allows.
    clusters : array of shape (num_chosen,)
        Positions, in order.
    money : array of shape (num_amounts,)
        Whole units; those of the clusters chosen do not count.
    """
    inside = _mark(space, clusters)
    rest = np.where(inside[space.cell_cluster[space.flow_cell]], 0, money[: space.num_flows])
    purse = space.problem.purse - _by_purse(space, rest)
    try:
        if (purse < 0).any():
            return None
        return _cut(space, clusters, purse, lambda rule: _left(space, rule, rest))
    except _NothingLeftError:
        return None


def make_sample(space: Space, clusters: Ints) -> Excerpt:
    """Give the problem of some clusters with their share of every limit: its prices are near those of the whole.

    The share is that of what the flows a limit speaks of could carry.
    """
    inside = _mark(space, clusters)
    most = space.flow_most.astype(float)
    mine = np.where(inside[space.cell_cluster[space.flow_cell]], most, 0.0)
    whole = np.maximum(_by_purse(space, most), 1.0)
    purse = (space.problem.purse * (_by_purse(space, mine) / whole)).astype(np.int64)

    def scaled(rule: Rule) -> Rule:
        """Give a rule its share."""
        flows = space.flows_in(rule.selection)
        share = Fraction(float(mine[flows].sum() / max(most[flows].sum(), 1.0))).limit_denominator(10**6)
        rule = _as_amount(space, rule)
        low, high = (None if limit is None else Fraction(int(limit * share)) for limit in (rule.minimum, rule.maximum))
        return replace(rule, minimum=low, maximum=high)

    return _cut(space, clusters, purse, scaled)


def _mark(space: Space, clusters: Ints) -> np.ndarray:
    inside = np.zeros(space.problem.num_clusters, bool)
    inside[clusters] = True
    return inside


def _by_purse(space: Space, amounts: Any) -> Any:
    """Sum amounts of flows over purses, shape (num_funds, num_years)."""
    total = np.zeros(space.problem.purse.shape, amounts.dtype)
    np.add.at(total, (space.flow_fund, space.cell_year[space.flow_cell]), amounts)
    return total


def _as_amount(space: Space, rule: Rule) -> Rule:
    """Give a share of a fund, whose amount is known, as an amount rounded to the side that is allowed."""
    if rule.kind is not RuleKind.SHARE:
        return rule
    held = fund_amount(space, rule)
    low = None if rule.minimum is None else Fraction(-(-rule.minimum * held // 1))
    high = None if rule.maximum is None else Fraction(rule.maximum * held // 1)
    return Rule(rule.name, RuleKind.AMOUNT, rule.selection, low, high)


def _left(space: Space, rule: Rule, rest: Ints) -> Rule:
    """Give what is left of a rule that the others have a part in."""
    rule = _as_amount(space, rule)
    if rule.kind is RuleKind.LOCK:
        return rule
    if rule.kind is RuleKind.COUNT:
        taken = number_counted(space, rule, rest)
    else:
        taken = int(rest[space.flows_in(rule.selection)].sum())
    low, high = (None if limit is None else limit - taken for limit in (rule.minimum, rule.maximum))
    if high is not None and high < 0:
        raise _NothingLeftError
    return replace(rule, minimum=None if low is None or low <= 0 else low, maximum=high)


def _cut(space: Space, clusters: Ints, purse: Ints, left: Left) -> Excerpt:
    problem, inside = space.problem, _mark(space, clusters)
    draws = problem.draws_of(clusters)
    num_years = problem.num_years
    flows = (draws[:, None] * num_years + np.arange(num_years)).ravel()
    place = np.where(inside, np.cumsum(inside) - 1, -1)
    rules = dict(_rules(space, (inside, place), left))
    last = problem.last_plan
    known = np.flatnonzero(inside[last.cluster])
    spilled = len(problem.spill_from) > 0
    none = np.zeros(0, np.int32)
    smaller = replace(
        problem,
        labels=replace(
            problem.labels,
            clusters=tuple(problem.labels.clusters[c] for c in clusters.tolist()),
            cluster_names=tuple(problem.labels.cluster_names[c] for c in clusters.tolist()),
        ),
        **{name: getattr(problem, name)[clusters] for name in _BY_CLUSTER},
        # Of the total it does not matter for whom an outcome counts.
        weight=(space.cluster_weight if spilled else problem.weight)[clusters],
        menus=_menus(problem, clusters),
        purse=purse,
        draw_fund=problem.draw_fund[draws],
        draw_cluster=place[problem.draw_cluster[draws]].astype(np.int32),
        draw_lever=problem.draw_lever[draws],
        spill_from=none,
        spill_to=none,
        spill_share=np.zeros(0),
        rules=tuple(rules.values()),
        last_plan=LastPlan(
            place[last.cluster[known]].astype(np.int32), last.lever[known], last.fund[known], last.amount[known]
        ),
        arriving=None if problem.arriving is None else problem.arriving[clusters],
        notes=(),
        digests={},
        kept=None,
    )
    return Excerpt(smaller, clusters, np.array([*rules], np.int64), flows)


_BY_CLUSTER = (
    *("region_of", "industry_of", "path_of", "membership", "size", "features"),
    *("effect", "scale", "stock", "least", "most"),
)


def _menus(problem: Problem, clusters: Ints) -> Menus:
    """Give the menus of some clusters."""
    menus, num_levers = problem.menus, problem.num_levers
    pair = (clusters[:, None] * num_levers + np.arange(num_levers)).ravel()
    size = menus.start[pair + 1] - menus.start[pair]
    start = np.concatenate((np.zeros(1, np.int64), np.cumsum(size)))
    level = np.arange(start[-1]) + np.repeat(menus.start[pair] - start[:-1], size)
    names = tuple(menus.names[number] for number in level.tolist())
    return Menus(start, menus.amount[level], menus.gain[level], names)


def _rules(space: Space, place: tuple[np.ndarray, Ints], left: Left) -> Iterator[tuple[int, Rule]]:
    """Give what is left of the rules that speak of some clusters, by their position in the whole."""
    inside, position = place
    own = inside[space.cell_cluster[space.flow_cell]]
    for first, family in families(space.problem.rules):
        for number in np.flatnonzero(inside[family.cluster]).tolist():
            rule = family.rule(number)
            yield first + number, _about(rule, (int(position[rule.selection.clusters[0]]),))
    for number, rule in loose_rules(space.problem.rules):
        named = rule.selection.clusters
        if len(named) == 1:
            # A rule of one cluster is all of it there, or not at all.
            if inside[named[0]]:
                yield number, _about(_as_amount(space, rule), (int(position[named[0]]),))
            continue
        smaller = left(rule)
        if own[space.flows_in(rule.selection)].any():
            yield number, _about(smaller, tuple(int(position[cluster]) for cluster in named if inside[cluster]))
        elif smaller.minimum and rule.kind is not RuleKind.LOCK:
            raise _NothingLeftError


def _about(rule: Rule, clusters: tuple[int, ...]) -> Rule:
    """Give a rule about some clusters alone."""
    return replace(rule, selection=replace(rule.selection, clusters=clusters))


def join_money(excerpt: Excerpt, money: Ints, part: Ints) -> Ints:
    """Put the money of an excerpt into that of the whole.

    Parameters
    ----------
    excerpt : Excerpt
        The problem of some clusters.
    money : array of shape (num_amounts,)
        Whole units of the whole; those of the clusters chosen are replaced.
    part : array of shape (num_flows,)
        Whole units of the excerpt.
    """
    joined = money.copy()
    joined[excerpt.flows] = part[: len(excerpt.flows)]
    return joined
