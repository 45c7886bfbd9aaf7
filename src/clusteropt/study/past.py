"""What the closed years leave behind: their money by flow, the programmes that started, stocks, and what is to come."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Context, Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.model.outcome import evaluate
from clusteropt.model.space import make_space
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Ints, Problem
    from clusteropt.model.space import Space
    from clusteropt.plan.plan import Plan
    from clusteropt.study.actuals import Actuals

DIGITS = 15
"""Stocks are written with so many significant digits, rounded down: as many as a float keeps."""


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """The closed years of a plan.

    Parameters
    ----------
    space : Space
        The positions of the problem that was planned.
    plan : Plan
        Its plan.
    num_closed : int
        So many years are closed.
    money : array of shape (num_flows,)
        Whole units really paid; nothing in open years.
    picks : array of shape (num_picks,)
        1 for the programmes that started, as planned, in a closed year.
    costs : array of shape (num_funds, num_years)
        What they cost.
    """

    space: Space
    plan: Plan
    num_closed: int
    money: Ints
    picks: Ints
    costs: Ints

    @property
    def problem(self) -> Problem:
        """What was planned."""
        return self.space.problem

    @property
    def open_years(self) -> tuple[int, ...]:
        """The years that are left to plan."""
        return self.problem.labels.years[self.num_closed :]

    @property
    def by_purse(self) -> Ints:
        """Whole units really awarded, shape (num_funds, num_years)."""
        return self._by_purse(self.money)

    @property
    def planned_by_purse(self) -> Ints:
        """Whole units that the plan awarded in the closed years, shape (num_funds, num_years)."""
        awards = self.plan.awards
        found = np.zeros(self.problem.purse.shape, np.int64)
        closed = awards.year < self.num_closed
        np.add.at(found, (awards.fund[closed], awards.year[closed]), awards.amount[closed])
        return found

    def _by_purse(self, money: Ints) -> Ints:
        found = np.zeros(self.problem.purse.shape, np.int64)
        np.add.at(found, (self.space.flow_fund, self.space.cell_year[self.space.flow_cell]), money)
        return found

    @property
    def by_cell(self) -> Ints:
        """Whole units really paid, shape (num_clusters, num_levers, num_years)."""
        problem, found = self.problem, np.zeros(self.space.num_cells, np.int64)
        np.add.at(found, self.space.flow_cell, self.money)
        return found.reshape(problem.num_clusters, problem.num_levers, problem.num_years)


def make_past(problem: Problem, plan: Plan, actuals: Actuals) -> Past:
    """Put what was paid, and the programmes that started as planned, on the positions of the problem."""
    space, num_closed = make_space(problem), actuals.num_closed
    paid = np.zeros((problem.num_draws, problem.num_years), np.int64)
    paid[:, :num_closed] = actuals.paid
    picks = np.zeros(space.num_picks, np.int64)
    if problem.programmes is not None:
        made = plan.programmes
        started = set(zip(made.programme, made.option, made.year.tolist(), strict=True))
        known = problem.programmes
        for number, (option, year) in enumerate(zip(known.pick_option.tolist(), known.pick_year.tolist(), strict=True)):
            if year < num_closed and (known.programme[option], known.option[option], year) in started:
                picks[number] = 1
    costs = np.asarray(space.pick_costs @ picks, np.int64).reshape(problem.purse.shape)
    return Past(space, plan, num_closed, paid.ravel(), picks, costs)


@dataclass(frozen=True, slots=True, eq=False)
class Stocks:
    """What money of the past still does.

    Parameters
    ----------
    held : dict of (int, int) to str
        The stock of clusters and levers at the end of the closed years, as a decimal.
    arriving : dict of (int, int, int) to int
        Whole units that join the stock of a cluster and lever in an open year, by its position in the old plan.
    notes : tuple of Text
        What a reader must know.
    """

    held: dict[tuple[int, int], str]
    arriving: dict[tuple[int, int, int], int]
    notes: tuple[Text, ...]


def leave_stocks(past: Past) -> Stocks:
    """Follow every stock through the closed years, in exact fractions, and list what joins it later."""
    problem, num_closed, paid = past.problem, past.num_closed, past.by_cell
    arrivals, held, arriving = problem.arrivals, {}, {}
    rounded, gains = False, False
    for cluster, lever in np.ndindex(problem.num_clusters, problem.num_levers):
        keep, lag = 1 - _exact(float(problem.depreciation[lever])), int(problem.lag[lever])
        own = _own_levels(problem, cluster, lever)
        fed = [0 if int(x) in own else int(x) for x in paid[cluster, lever]]
        stock = _exact(float(problem.stock[cluster, lever]))
        for year in range(problem.num_years):
            come = int(arrivals[cluster, lever, year]) + (fed[year - lag] if 0 <= year - lag < num_closed else 0)
            if year < num_closed:
                stock = keep * stock + come
            elif come:
                arriving[cluster, lever, year] = come
        late = paid[cluster, lever, max(num_closed - lag, 0) : num_closed] if lag else ()
        gains = gains or any(own.get(int(x), 0.0) > 0 for x in late)
        if stock and (keep or _is_needed(problem, lever)):
            held[cluster, lever] = _written(stock)
            rounded = rounded or Fraction(held[cluster, lever]) != stock
    return Stocks(held, arriving, _notes(rounded=rounded, gains=gains))


def _notes(*, rounded: bool, gains: bool) -> tuple[Text, ...]:
    found = []
    if rounded:
        found.append(Text(f"Stocks are rounded down to {DIGITS} digits.", f"存量向下取至 {DIGITS} 位有效数字。"))
    if gains:
        found.append(
            Text(
                "Gains that levels of closed years bring in open years are settled: they count for a target, and are "
                "no part of the outcome of this plan.",
                "已结束年度所选档次在剩余年度带来的增益已成定局: 计入目标, 不计入本方案的产出。",
            )
        )
    return tuple(found)


def _exact(value: float) -> Fraction:
    return Fraction(repr(value))


def _own_levels(problem: Problem, cluster: int, lever: int) -> dict[int, float]:
    """Give the gains of the levels of a cell that have one, by amount: their money enters no stock."""
    place = cluster * problem.num_levers + lever
    levels = slice(problem.menus.start[place], problem.menus.start[place + 1])
    pairs = zip(problem.menus.amount[levels].tolist(), problem.menus.gain[levels].tolist(), strict=True)
    return {amount: gain for amount, gain in pairs if np.isfinite(gain)}


def _is_needed(problem: Problem, lever: int) -> bool:
    return problem.programmes is not None and bool((problem.programmes.need_lever == lever).any())


def _written(stock: Fraction) -> str:
    context = Context(prec=DIGITS, rounding=ROUND_DOWN)
    number = context.divide(Decimal(stock.numerator), Decimal(stock.denominator))
    return f"{number:f}"


def settled_outcome(past: Past) -> float:
    """Give the total outcome that is settled: that of the closed years, and the gains of their levels that come later.

    It is what the curves of the problem make of the money really paid.
    """
    space, problem = past.space, past.problem
    closed = np.arange(problem.num_years) < past.num_closed
    none = sparse.csr_matrix(space.pick_regions.shape)
    masked = replace(space, discount=np.where(closed, space.discount, 0.0), pick_regions=none)
    total = evaluate(masked, np.concatenate((past.money, past.picks)).astype(float)).total
    chosen = problem.programmes
    if chosen is not None:
        counts = (past.picks[chosen.gain_pick] > 0) & (chosen.gain_year < past.num_closed)
        worth = chosen.gain * space.cluster_weight[chosen.gain_cluster] * space.discount[chosen.gain_year]
        total += float(worth[counts].sum())
    return total + _late_gains(past)


def _late_gains(past: Past) -> float:
    """Sum what levels with a gain of their own, paid in closed years, bring in open ones; synergies left aside."""
    space, problem, paid, total = past.space, past.problem, past.by_cell, 0.0
    for cluster, lever in np.ndindex(problem.num_clusters, problem.num_levers):
        own, lag = _own_levels(problem, cluster, lever), int(problem.lag[lever])
        for year in range(max(past.num_closed - lag, 0), min(past.num_closed, problem.num_years - lag)):
            gain = own.get(int(paid[cluster, lever, year]), 0.0)
            total += gain * float(space.cluster_weight[cluster] * space.discount[year + lag])
    return total
