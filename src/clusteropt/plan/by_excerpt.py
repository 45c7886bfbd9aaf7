"""Plans of very large problems: prices of all clusters, and excerpts of those that prices leave undecided.

The whole is never formulated. Prices are found on a sample of clusters and mended on all; the clusters whose best
choice changes at prices near those are few, and become a problem of their own, with what the others leave of every
limit. Its plan, joined with the choices of the others, is a plan of the whole; the bound is that of the prices.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.errors import ExactMoneyError, NoPlanError
from clusteropt.inputs.rule_book import loose_rules
from clusteropt.model.excerpt import join_money, make_excerpt, make_sample, may_excerpt
from clusteropt.model.lagrangian import evaluate_prices, make_dual
from clusteropt.model.money_rules import MONEY_RULES, all_hold, amount_money
from clusteropt.model.outcome import evaluate
from clusteropt.model.row_arrays import amount_arrays
from clusteropt.model.space import make_space
from clusteropt.plan.impossible import refuse_impossible
from clusteropt.plan.rule_levels import counts_hold
from clusteropt.solver.claim import Limit, Progress, relative_gap
from clusteropt.solver.core import Priced, is_rich
from clusteropt.solver.multipliers import Until, no_prices
from clusteropt.solver.price_search import FIRST_BOX, Trace, improve_prices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Ints, Problem
    from clusteropt.model.excerpt import Excerpt
    from clusteropt.model.lagrangian import Dual
    from clusteropt.model.prices import Prices
    from clusteropt.model.space import Space
    from clusteropt.plan.making import Made
    from clusteropt.solver.claim import SolverRun
    from clusteropt.solver.fault import SolverFault
    from clusteropt.solver.guard import Guard
    from clusteropt.solver.refine import Found

    Make = Callable[[Problem, SolveOptions], Made]
    Listen = Callable[[Progress], None]

SAMPLE, SAMPLED_FROM = 20_000, 100_000
"""Prices are found on so many clusters first where there are so many."""
MENDING_BOX = 1e-5
"""Prices of a sample are nearly those of the whole, so that the first box around them is small."""
PRICE_GAP = 10.0
"""Prices are searched until they promise a tenth of the gap asked for: a hundredth of this part of it."""
SIZES = (50, 200, 800, 3_200)
"""An excerpt has at least so many clusters; the next is tried where one leaves too large a gap."""
FIRST_NOISE, LEAST_MORE, MOST_MORE, MOST_NOISE = 1e-5, 1.25, 8.0, 0.3
"""Prices near the best: each is off by this relative deviation, more with every allocation, but not suddenly."""
MOST_PART = 2 / 3
"""An excerpt of more than this part of the clusters is as hard as the whole."""
PART_GAP = 0.25
"""An excerpt is solved to this part of the gap asked for; the rest is for prices that are not quite the best."""
MOST_PART_GAP = 0.01
PRICING_SHARE, PART_SHARE, FRUITLESS_SHARE = 0.4, 0.5, 0.5
"""Of the time, and of what is left of it, prices and one excerpt may take so much; without a plan after the last share
of it, the rest is for a search of the whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What a search by excerpts runs with.

    Parameters
    ----------
    guard : Guard
        Where the programs of the price search run.
    options : SolveOptions
        Limits.
    began, deadline : float
        ``time.monotonic()`` at the start, and when the search must have ended.
    make : callable
        Plans an excerpt.
    listen : callable or None
        Called with `Progress`.
    """

    guard: Guard
    options: SolveOptions
    began: float
    deadline: float
    make: Make
    listen: Listen | None

    def tell(self, step: str, value: float | None, bound: float) -> None:
        """Tell the listener how far the search has come."""
        if self.listen is not None:
            self.listen(Progress(time.monotonic() - self.began, value, bound, step))


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """A plan of the whole from that of an excerpt.

    Parameters
    ----------
    found : Found
        As the end of a search; its formulation is that of the excerpt.
    money : array of shape (num_amounts,)
        Whole units.
    records : tuple of SolverRun
        The runs of the solver on excerpts.
    faults : tuple of SolverFault
        What was caught of the solver on excerpts.
    goes_on : bool
        Whether there is time left, and the next excerpt would be most of the whole: then that is to be searched.
    """

    found: Found
    money: Ints
    records: tuple[SolverRun, ...]
    faults: tuple[SolverFault, ...]
    goes_on: bool

    @property
    def ended(self) -> tuple[list[Found], Ints]:
        """The one stage of the search, and its money."""
        return [self.found], self.money


def may_join(space: Space) -> bool:
    """Tell whether a problem can be planned by excerpts: all choose from menus, by prices alone, and limits are sums.

    Where money is free within a cell every price near the best changes it, and the excerpt would be the whole.
    """
    return may_excerpt(space.problem) and bool(space.from_menu[space.flow_cell].all()) and not is_rich(space)


def search_excerpts(space: Space, setting: Setting) -> Joined | None:
    """Plan a problem by excerpts of growing size until the gap asked for is met; None where no excerpt gives a plan.

    Parameters
    ----------
    space : Space
        The positions of a problem that `may_join` allows.
    setting : Setting
        What it runs with.
    """
    search, stopped = _Excerpts(space, setting), None
    try:
        for clusters in _undecided(search.price(), setting):
            late = time.monotonic() > setting.began + FRUITLESS_SHARE * (setting.deadline - setting.began)
            if search.take(clusters) or (late and search.best is None):
                break
    except KeyboardInterrupt:
        if search.best is None:
            raise
        stopped = Limit.INTERRUPT
    return search.end(stopped)


class _Excerpts:
    """The best plan so far of a search by excerpts, and the runs that led to it."""

    def __init__(self, space: Space, setting: Setting) -> None:
        self.best: Found | None = None
        self._space, self._setting = space, setting
        self._records: list[SolverRun] = []
        self._faults: list[SolverFault] = []

    def price(self) -> Priced | None:
        """Find the prices; None where they say nothing, as where a cluster cannot obey a limit of its own."""
        priced = _find_prices(self._space, self._setting)
        refuse_impossible(priced)
        if not math.isfinite(priced.bound):
            return None
        self._setting.tell("prices", None, priced.bound)
        self._priced, self._money = priced, np.round(priced.found.money).astype(np.int64)
        return priced

    def take(self, clusters: Ints) -> bool:
        """Plan the excerpt of some clusters and keep the better plan; tell whether the search is at its end."""
        excerpt = make_excerpt(self._space, clusters, self._money)
        made = None if excerpt is None else _plan_part(excerpt, self._priced, self._setting)
        if excerpt is None or made is None:
            return False
        self._records += [replace(run, step="core") if run.step == "search" else run for run in made.records]
        self._faults += made.faults
        joined = join_money(excerpt, self._money, made.money)
        value = evaluate(self._space, joined.astype(float)).total
        if value < 0 or not _obeys(self._space, joined):
            return False
        if self.best is None or value > self.best.value:
            found, bound = made.found, self._priced.bound
            self._money, self.best = joined, replace(found, money=joined.astype(float), value=value, bound=bound)
        self._setting.tell("core", self.best.value, self._priced.bound)
        if made.found.limit is Limit.INTERRUPT:
            raise KeyboardInterrupt
        return self.met

    @property
    def met(self) -> bool:
        """Whether the gap asked for is reached."""
        best, gap = self.best, self._setting.options.relative_gap
        return best is not None and relative_gap(best.value, self._priced.bound) <= gap

    def end(self, stopped: Limit | None) -> Joined | None:
        """Give the best plan, with the limit that ended the search before the gap asked for."""
        if self.best is None:
            return None
        late = Limit.TIME if time.monotonic() > self._setting.deadline else Limit.ITERATIONS
        limit = None if self.met else stopped or late
        found = replace(self.best, limit=limit, priced=self._priced)
        goes_on = limit is Limit.ITERATIONS and self._space.problem.num_clusters * MOST_PART < SIZES[-1]
        return Joined(found, self._money, tuple(self._records), tuple(self._faults), goes_on)


def _obeys(space: Space, money: Ints) -> bool:
    rows = [row for function in MONEY_RULES if function is not amount_money for row in function(space)]
    return amount_arrays(space).hold(money) and all_hold(rows, money) and counts_hold(space, money)


def _find_prices(space: Space, setting: Setting) -> Priced:
    """Find the best prices, on a sample of the clusters first where they are very many."""
    now = time.monotonic()
    gap, deadline = setting.options.relative_gap, now + PRICING_SHARE * (setting.deadline - now)
    dual, trace, start, box = make_dual(space), Trace(), None, FIRST_BOX
    if space.problem.num_clusters >= SAMPLED_FROM:
        start, box = _sampled_prices(dual, setting, Until(0.0, gap, deadline)), MENDING_BOX
    start, until = start or no_prices(dual), Until(0.0, PRICE_GAP * gap, deadline)
    prices, found = improve_prices(dual, start, setting.guard, until, trace, box)
    return Priced(dual, prices, found, trace.num)


def _sampled_prices(dual: Dual, setting: Setting, until: Until) -> Prices:
    """Find the best prices of a sample that has its share of every limit."""
    space = dual.space
    dice = np.random.default_rng(setting.options.seed)
    chosen = np.sort(dice.choice(space.problem.num_clusters, SAMPLE, replace=False))
    sample = make_sample(space, chosen)
    small = make_dual(make_space(sample.problem))
    prices, _ = improve_prices(small, no_prices(small), setting.guard, until)
    row = np.zeros(len(no_prices(dual).row))
    known = dict(_linking(small, sample.rules))
    for key, number in _linking(dual, np.arange(len(space.problem.rules))):
        row[number] = prices.row[known[key]] if key in known else 0.0
    return no_prices(dual).with_rows(row)


def _linking(dual: Dual, rules: Ints) -> Iterator[tuple[tuple[int, ...], int]]:
    """Name the limits that link clusters by what they are in the whole, with their places among prices."""
    for number, (fund, years) in enumerate(zip(dual.purses.fund.tolist(), dual.purses.years, strict=True)):
        yield (-1, fund, *years), number
    sides, loose = dual.sides, [number for number, _ in loose_rules(dual.space.problem.rules)]
    for side in np.flatnonzero(np.isin(sides.rule, loose)).tolist():
        key = (int(rules[sides.rule[side]]), int(sides.year[side]), int(sides.upper[side]))
        yield key, len(dual.purses.fund) + side


def _undecided(priced: Priced | None, setting: Setting) -> Iterator[Ints]:
    """Give the clusters whose best choice changes at prices near the best, in sets of growing size."""
    if priced is None:
        return
    space = priced.dual.space
    dice = np.random.default_rng(setting.options.seed)
    row, noise, given = priced.prices.row, FIRST_NOISE, 0
    open_ = np.zeros(space.problem.num_clusters, bool)
    for size in SIZES:
        while (num := int(open_.sum())) < min(size, len(open_)) and noise <= MOST_NOISE:
            if time.monotonic() > setting.deadline:
                return
            near = evaluate_prices(
                priced.dual, priced.prices.with_rows(row * np.exp(noise * dice.standard_normal(len(row))))
            )
            flows = np.flatnonzero(near.money != priced.found.money)
            open_[space.cell_cluster[space.flow_cell[flows]]] = True
            noise *= min(max(size / max(int(open_.sum()) - num, 1), LEAST_MORE), MOST_MORE)
        if num > MOST_PART * len(open_):
            return
        if num > given and time.monotonic() < setting.deadline:
            given = num
            yield np.flatnonzero(open_)


def _plan_part(excerpt: Excerpt, priced: Priced, setting: Setting) -> Made | None:
    """Plan an excerpt closely enough for the gap asked for of the whole; None where it has no plan, or none in time."""
    options, now = setting.options, time.monotonic()
    worth = float(np.maximum(priced.found.clusters[excerpt.clusters], 0.0).sum())
    gap = PART_GAP * options.relative_gap * abs(priced.bound) / max(worth, 1e-9)
    seconds = PART_SHARE * (setting.deadline - now)
    if seconds <= 0:
        return None
    try:
        return setting.make(
            excerpt.problem, replace(options, time_limit_s=seconds, relative_gap=min(gap, MOST_PART_GAP), proof_nodes=0)
        )
    except (NoPlanError, ExactMoneyError):
        return None
