"""Statements: what each rule says of the money of a selection by itself, as a floor or a cap in whole units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clusteropt.inputs.check import exact_sum
from clusteropt.inputs.ledger import payable
from clusteropt.inputs.problem import RuleBase, RuleKind, Selection
from clusteropt.inputs.rule_book import loose_rules
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from clusteropt.inputs.check import Check, Mask
    from clusteropt.inputs.problem import Ints, Problem, Rule


class Statement(NamedTuple):
    """A floor or a cap on the money of a selection.

    Parameters
    ----------
    rule : int
        The position of the rule that says so.
    selection : Selection
        What it is about.
    amount : int
        Whole units.
    reason : Text
        Why, where the rule does not say so in these words; else empty.
    """

    rule: int
    selection: Selection
    amount: int
    reason: Text = Text("", "")


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """What single cells can get, each array of shape (num_clusters, num_levers, num_years), whole units.

    Parameters
    ----------
    least : array
        The smallest award there can be.
    most : array
        The largest: by its most, its menu, the purses open to it and the locks on it.
    locked : array
        What locks without funds hold it at, -1 without one.
    """

    least: Ints
    most: Ints
    locked: Ints


def cell_limits(check: Check) -> Limits:
    """Give what every cell can get in every year."""
    problem = check.problem
    shape = (problem.num_clusters, problem.num_levers, problem.num_years)
    reach = np.zeros(shape, np.int64)
    np.add.at(reach, (problem.draw_cluster, problem.draw_lever), payable(problem)[problem.draw_fund])
    start = problem.menus.start
    from_menu = np.flatnonzero(np.diff(start))
    least = np.maximum(problem.least, 1)
    least.ravel()[from_menu] = problem.menus.amount[start[from_menu]]
    most, locked = np.minimum(problem.most[:, :, None], reach), np.full(shape, -1, dtype=np.int64)
    for _, rule in loose_rules(problem.rules):
        if rule.kind is RuleKind.LOCK and not rule.selection.funds:
            years, cells = check.years(rule.selection), check.cells(rule.selection)
            amount = locked_amounts(problem, rule)[:, :, None]
            locked[:, :, years] = np.where(cells[:, :, None], amount, locked[:, :, years])
    return Limits(
        np.broadcast_to(least[:, :, None], shape), np.where(locked >= 0, np.minimum(most, locked), most), locked
    )


def locked_amounts(problem: Problem, rule: Rule) -> Ints:
    """Give what a lock without funds holds every cell at, shape (num_clusters, num_levers)."""
    amounts = np.zeros((problem.num_clusters, problem.num_levers), dtype=np.int64)
    if rule.minimum is not None:
        amounts[:] = int(rule.minimum)
    else:
        last = problem.last_plan
        np.add.at(amounts, (last.cluster, last.lever), last.amount)
    return amounts


def floors(check: Check, limits: Limits, number: int) -> Iterator[Statement]:
    """Give what a rule asks for at least, whatever the plan."""
    rule = check.problem.rules[number]
    if rule.kind is RuleKind.LOCK:
        yield Statement(number, rule.selection, _locked(check, rule))
    elif rule.minimum is None or _is_difference(rule):
        return
    elif rule.kind is RuleKind.AMOUNT:
        yield Statement(number, rule.selection, int(rule.minimum))
    elif rule.kind is RuleKind.SHARE and rule.base is RuleBase.FUND:
        yield Statement(number, rule.selection, _up(rule.minimum * fund_money(check, rule)))
    elif rule.kind is RuleKind.CHANGE:
        yield from _yearly(check, number, _up((1 + rule.minimum) * last_money(check, rule.selection)))
    elif rule.kind is RuleKind.COUNT:
        yield _counted_floor(check, limits, number)


def caps(check: Check, limits: Limits, number: int) -> Iterator[Statement]:
    """Give what a rule allows at most, whatever the plan."""
    rule = check.problem.rules[number]
    if rule.kind is RuleKind.LOCK:
        yield Statement(number, rule.selection, _locked(check, rule))
    elif rule.maximum is None or _is_difference(rule):
        return
    elif rule.kind is RuleKind.AMOUNT:
        yield Statement(number, rule.selection, int(rule.maximum))
    elif rule.kind is RuleKind.SHARE and rule.base is RuleBase.FUND:
        yield Statement(number, rule.selection, _down(rule.maximum * fund_money(check, rule)))
    elif rule.kind is RuleKind.CHANGE:
        yield from _yearly(check, number, _down((1 + rule.maximum) * last_money(check, rule.selection)))
    elif rule.kind is RuleKind.COUNT and not rule.selection.funds:
        yield _counted_cap(check, limits, number)


def _is_difference(rule: Rule) -> bool:
    """Tell whether a rule limits a difference of money, which says nothing of the money by itself."""
    return rule.kind is RuleKind.AMOUNT and rule.base is RuleBase.SELECTION


def base_selection(rule: Rule) -> Selection:
    """Give the selection that a share of awarded money is measured against."""
    return replace(rule.base_selection, years=rule.base_selection.years or rule.selection.years)


def fund_money(check: Check, rule: Rule) -> int:
    """Give what the purses hold that a share of funds is measured against."""
    funds, years = np.array(rule.base_selection.funds), check.years(base_selection(rule))
    return exact_sum(check.problem.purse[np.ix_(funds, years)])


def chosen_cells(check: Check, selection: Selection) -> tuple[Mask, Ints]:
    """Give the clusters and levers of a selection that some fund of it is open to, and its years."""
    if not selection.funds:
        return check.cells(selection) & check.reached, check.years(selection)
    cells = np.zeros(check.reached.shape, dtype=bool)
    draws = check.draws(selection)
    cells[check.problem.draw_cluster[draws], check.problem.draw_lever[draws]] = True
    return cells, check.years(selection)


def _yearly(check: Check, number: int, amount: int) -> Iterator[Statement]:
    """State an amount for every year of a rule, and for all of them together."""
    selection = check.problem.rules[number].selection
    years = check.years(selection).tolist()
    if len(years) > 1:
        together = Text(f" ({len(years)} years together)", f" ({len(years)} 年合计)")
        yield Statement(number, selection, amount * len(years), together)
    for year in years:
        when = Text(f" in {check.problem.labels.years[year]}", f" ({check.problem.labels.years[year]} 年)")
        yield Statement(number, replace(selection, years=(year,)), amount, when)


def _locked(check: Check, rule: Rule) -> int:
    """Sum what a lock holds, over all its cells (draws, where it names funds) and years."""
    problem, num_years = check.problem, len(check.years(rule.selection))
    if not rule.selection.funds:
        return exact_sum(locked_amounts(problem, rule)[check.cells(rule.selection)]) * num_years
    if rule.minimum is not None:
        return int(rule.minimum) * len(check.draws(rule.selection)) * num_years
    draws, last = check.draws(rule.selection), problem.last_plan
    open_to = set(
        zip(*(part[draws].tolist() for part in (problem.draw_cluster, problem.draw_lever, problem.draw_fund)),
            strict=True)
    )  # fmt: skip
    entries = zip(*(part.tolist() for part in (last.cluster, last.lever, last.fund, last.amount)), strict=True)
    return num_years * sum(amount for *draw, amount in entries if tuple(draw) in open_to)


def last_money(check: Check, selection: Selection) -> int:
    """Sum the last plan over a selection, whatever its years."""
    last = check.problem.last_plan
    chosen = check.cells(selection)[last.cluster, last.lever]
    if selection.funds:
        chosen &= np.isin(last.fund, selection.funds)
    return exact_sum(last.amount[chosen])


def _counted_floor(check: Check, limits: Limits, number: int) -> Statement:
    """As many awards as a count asks for take at least the smallest there are; counted draws a unit each."""
    rule = check.problem.rules[number]
    count = int(rule.minimum or 0)
    if rule.selection.funds:
        return Statement(number, rule.selection, count, _counted_text(count))
    cells, years = chosen_cells(check, rule.selection)
    smallest = np.where(cells[:, :, None], limits.least[:, :, years], np.iinfo(np.int64).max)
    by_cluster = smallest.min(axis=(1, 2))[cells.any(axis=1)]
    values = by_cluster if rule.base is RuleBase.CLUSTERS else smallest[cells].ravel()
    amount = exact_sum(np.sort(values)[:count])
    return Statement(number, rule.selection, amount, _counted_text(count))


def _counted_text(count: int) -> Text:
    return Text(f" (the smallest {count} it can count)", f" (可计入的最小 {count} 项)")


def _counted_cap(check: Check, limits: Limits, number: int) -> Statement:
    """As many awards as a count allows take at most the largest there are."""
    rule = check.problem.rules[number]
    count = int(rule.maximum or 0)
    cells, years = chosen_cells(check, rule.selection)
    most = np.where(cells[:, :, None], limits.most[:, :, years], 0)
    values = (_sums(most) if rule.base is RuleBase.CLUSTERS else most[cells].ravel()).tolist()
    amount = sum(sorted(values, reverse=True)[:count])
    text = Text(f" (the largest {count} it can count)", f" (可计入的最大 {count} 项)")
    return Statement(number, rule.selection, amount, text)


def _sums(most: Ints) -> Ints:
    """Sum over the levers and years of each cluster, as Python integers where 64 bits might not do."""
    if float(most.max(initial=0)) * most[0].size < 2**62:
        return np.asarray(most.sum(axis=(1, 2)))
    return np.array([exact_sum(part) for part in most], dtype=object)


def _up(amount: Fraction | int) -> int:
    return int(-(-amount // 1))


def _down(amount: Fraction | int) -> int:
    return int(amount // 1)
