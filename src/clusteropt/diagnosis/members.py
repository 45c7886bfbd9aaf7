"""What can be part of a conflict: a side of a rule, a purse, a limit of a cell, the target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.ledger import best_year
from clusteropt.inputs.problem import ObjectiveKind, RuleKind
from clusteropt.plan.rule_words import cell_name, money_words, purse_words, rule_words
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem, Rule


class MemberKind(StrEnum):
    """What a member of a conflict is."""

    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    LOCK = "lock"
    PURSE = "purse"
    LEAST = "least"
    MOST = "most"
    TARGET = "target"


@dataclass(frozen=True, slots=True)
class Member:
    """One thing that a conflict can be made of.

    Parameters
    ----------
    kind : MemberKind
        The ``min`` or ``max`` of a rule, a lock, what a purse holds, the least or most of a cell, or the target.
    place : tuple of int
        Positions: the rule; fund and year of a purse; cluster and lever of a cell; nothing for the target.
    """

    kind: MemberKind
    place: tuple[int, ...] = ()

    def name(self, problem: Problem) -> str:
        """Name the member by the keys of the tables, such as "rule floor-west min" or "purse national 2025"."""
        labels = problem.labels
        if self.kind is MemberKind.TARGET:
            return "target"
        if self.kind is MemberKind.PURSE:
            return f"purse {labels.funds[self.place[0]]} {labels.years[self.place[1]]}"
        if self.kind in (MemberKind.LEAST, MemberKind.MOST):
            return f"cell {labels.clusters[self.place[0]]} {labels.levers[self.place[1]]} {self.kind}"
        side = {MemberKind.MINIMUM: " min", MemberKind.MAXIMUM: " max"}.get(self.kind, "")
        return f"rule {problem.rules[self.place[0]].name}{side}"

    def words(self, problem: Problem) -> Text:
        """Say what the member asks or holds, as a clause without a full stop."""
        if self.kind is MemberKind.TARGET:
            target = f"{problem.objective.target or 0.0:,.9g}"
            return Text(f"the target asks a total outcome of at least {target}", f"目标要求总产出至少 {target}")
        if self.kind is MemberKind.PURSE:
            fund, year = self.place
            return purse_words(problem, fund, year)
        if self.kind in (MemberKind.LEAST, MemberKind.MOST):
            return self._cell_words(problem)
        rule = problem.rules[self.place[0]]
        if self.kind is MemberKind.MINIMUM:
            return rule_words(problem, replace(rule, maximum=None))
        return rule_words(problem, replace(rule, minimum=None) if self.kind is MemberKind.MAXIMUM else rule)

    def _cell_words(self, problem: Problem) -> Text:
        cluster, lever = self.place
        where = cell_name(problem, cluster, lever)
        if self.kind is MemberKind.LEAST:
            least = money_words(problem, int(problem.least[cluster, lever]))
            return Text(f"an award for {where.en} is at least {least.en}", f"{where.zh}的拨款至少 {least.zh}")
        most = money_words(problem, int(problem.most[cluster, lever]))
        return Text(f"{where.en} takes at most {most.en} a year", f"{where.zh}每年至多 {most.zh}")


def list_members(problem: Problem) -> tuple[Member, ...]:
    """List everything in a problem that could be changed to let a plan exist; menus and eligibility are taken as given.

    The most of a cell that is what the purses open to it hold in their best year is no limit of its own: it is the
    default of the tables and grows with the purses.
    """
    found = [Member(kind, (number,)) for number, rule in enumerate(problem.rules) for kind in _rule_kinds(rule)]
    purse = np.zeros(problem.purse.shape, dtype=bool)
    purse[np.unique(problem.draw_fund)] = True
    if problem.programmes is not None:
        purse[np.unique(problem.programmes.cost_fund)] = True
    found += [Member(MemberKind.PURSE, (int(fund), int(year))) for fund, year in np.argwhere(purse)]
    for kind, limited in ((MemberKind.LEAST, least_limits(problem)), (MemberKind.MOST, most_limits(problem))):
        found += [Member(kind, (int(cluster), int(lever))) for cluster, lever in np.argwhere(limited)]
    if problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        found.append(Member(MemberKind.TARGET))
    return tuple(found)


def _rule_kinds(rule: Rule) -> list[MemberKind]:
    if rule.kind is RuleKind.LOCK:
        return [MemberKind.LOCK]
    sides = ((MemberKind.MINIMUM, rule.minimum), (MemberKind.MAXIMUM, rule.maximum))
    return [kind for kind, limit in sides if limit is not None]


def from_menu(problem: Problem) -> np.ndarray:
    """Mark the clusters and levers that choose from a menu."""
    return (np.diff(problem.menus.start) > 0).reshape(problem.num_clusters, problem.num_levers)


def least_limits(problem: Problem) -> np.ndarray:
    """Mark the clusters and levers whose award has a least amount that could matter."""
    return (problem.least > 1) & _reached(problem) & ~from_menu(problem)


def most_limits(problem: Problem) -> np.ndarray:
    """Mark the clusters and levers whose most is a limit of their own."""
    return (problem.most != best_year(problem)) & _reached(problem) & ~from_menu(problem)


def _reached(problem: Problem) -> np.ndarray:
    reached = np.zeros((problem.num_clusters, problem.num_levers), dtype=bool)
    reached[problem.draw_cluster, problem.draw_lever] = True
    return reached
