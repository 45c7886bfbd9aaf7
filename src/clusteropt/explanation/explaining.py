"""Finding out why a plan is as it is."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from clusteropt.explanation.bracket import UNKNOWN, Bracket, Known, difference
from clusteropt.explanation.cell_reasons import cell_reasons
from clusteropt.explanation.explanation import ExplainOptions, Explanation, Part, PurseWorth, RuleCost, RuleSide, Step
from clusteropt.explanation.neighbours import Session, base_of, only_gains, richer, with_rule, without_rule
from clusteropt.explanation.pricing import certified_prices, priced
from clusteropt.explanation.programme_reasons import programme_reasons
from clusteropt.explanation.what_if import lock_of
from clusteropt.inputs.faults import Faults, Place, suggest
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.plan.near import Aim
from clusteropt.plan.rule_words import cell_name, purse_words, rule_words
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from clusteropt.explanation.explanation import CellReason
    from clusteropt.explanation.neighbours import Base
    from clusteropt.explanation.programme_reasons import ProgrammeReason
    from clusteropt.inputs.problem import Ints, Problem, SoftFloor
    from clusteropt.plan.plan import Plan

    Listen = Callable[[Step], None]

T = TypeVar("T")
R = TypeVar("R")

CLOSE = 0.05
"""A worth known this well, relative to its upper end, is known well enough."""
FREE_ROOM = 1e-9
"""A bound that leaving a rule out raises by no more than this, relative to it, is not raised."""


def explain(
    problem: Problem, plan: Plan, options: ExplainOptions | None = None, listen: Listen | None = None
) -> Explanation:
    """Say why a plan is as it is: what more money is worth, what rules cost, why every cell got what it got.

    Worths and costs compare optima, whole units and choices included. With V the optimum, v a plan at hand and B a
    bound, V of the changed problem less V of this one lies in [v' - B, B' - v].

    Parameters
    ----------
    problem : Problem
        What was planned.
    plan : Plan
        Its plan.
    options : ExplainOptions, optional
        What to explain, how far, and within which limits.
    listen : callable, optional
        Called with `Step` before every solve.

    Returns
    -------
    Explanation
        After Ctrl-C, or when the time has run out, with the brackets found so far; the others are open.

    Raises
    ------
    InputError
        If the plan is none of this problem, or a cluster is unknown.
    """
    asked = options or ExplainOptions()
    base = base_of(problem, plan)
    clusters = _positions(problem, asked.clusters)
    return _Explaining(base, asked, listen).explanation(clusters)


def _positions(problem: Problem, names: tuple[str, ...]) -> Ints:
    """Find clusters by name; all where none is named."""
    known, faults = problem.labels.clusters, Faults()
    for name in names:
        if name not in known:
            wrong = Text("no cluster has this name.", "没有这个集群。")
            faults.add(Place("clusters", column="cluster", value=name), wrong, suggest(name, known))
    faults.stop_if_any()
    return np.array([known.index(name) for name in names] if names else range(len(known)), np.int64)


class _Explaining:
    """One explanation on its way: the plan, what is asked, and the solves still wanted."""

    def __init__(self, base: Base, asked: ExplainOptions, listen: Listen | None) -> None:
        self._base = base
        self._asked = asked
        self._listen = listen
        self._began = time.monotonic()
        self._session = Session(base, asked.solve or base.problem.options)
        self._prices = certified_prices(base)
        # Up to here leaving a rule out raises no bound that its price can tell.
        bound = priced(base, base.problem).bound
        self._free_bound = bound + FREE_ROOM * abs(bound)
        self._done = self._num = 0
        self._complete = True

    def explanation(self, clusters: Ints) -> Explanation:
        """Explain what is asked: the cells of these clusters, every purse drawn on, every rule."""
        base, parts = self._base, self._asked.parts
        cells: tuple[CellReason, ...] = ()
        programmes: tuple[ProgrammeReason, ...] = ()
        if parts & {Part.CELLS, Part.FORCED}:
            cells = cell_reasons(base, self._prices, clusters)
            programmes = programme_reasons(base, self._prices)
        purses = list(_drawn(base)) if Part.PURSES in parts else []
        rules = range(len(base.problem.all_rules)) if Part.RULES in parts else range(0)
        forced = [cell for cell in cells if cell.level is not None] if Part.FORCED in parts else []
        self._num = len(purses) + len(rules) + len(forced)
        worths = self._each(self._purse, purses)
        costs = self._each(self._rule, rules)
        losses = dict(zip(map(id, forced), self._each(self._forced, forced), strict=True))
        return Explanation(
            plan=base.plan,
            purses=worths,
            rules=costs,
            cells=tuple(replace(cell, forced=losses.get(id(cell))) for cell in cells),
            programmes=programmes,
            forced=Part.FORCED in parts,
            complete=self._complete,
            seconds=time.monotonic() - self._began,
        )

    def _each(self, work: Callable[[T], R], things: Iterable[T]) -> tuple[R, ...]:
        """Do work on each thing; after Ctrl-C without solving, with what the plan tells."""
        found = []
        for thing in things:
            try:
                found.append(work(thing))
            except KeyboardInterrupt:
                self._session.stopped = True
                found.append(work(thing))
        return tuple(found)

    def _purse(self, purse: tuple[int, int]) -> PurseWorth:
        base, problem, (fund, year) = self._base, self._base.problem, purse
        self._tell(purse_words(problem, fund, year))
        held = int(problem.purse[fund, year])
        mean = float(problem.purse.mean())
        step = max(1, round(self._asked.step * (held or mean)))
        rich = richer(problem, fund, year, step)
        free = only_gains(base, fund, year, rich)
        known = priced(base, rich).tighter(self._solved(rich, Aim.KEPT))
        if not self._close(known):
            known = known.tighter(self._solved(rich, Aim.VALUE))
        known = known.at_least(base.known.value) if free else known
        saved = problem.objective.kind is ObjectiveKind.LEAST_MONEY
        unit = 1 if saved else problem.money.per_printed
        unspent = int(base.plan.cash.unspent[fund, year])
        return PurseWorth(fund, year, held, unspent, step, difference(known, base.known, free).times(unit / step))

    def _rule(self, number: int) -> RuleCost:
        base, rule = self._base, self._base.problem.all_rules[number]
        words = rule_words(base.problem, rule)
        if number >= len(base.problem.rules):
            words = _with_price(words, base.problem.soft_floors[number - len(base.problem.rules)])
        self._tell(words)
        without = without_rule(base.problem, number)
        known = priced(base, without)
        if not (np.isfinite(known.bound) and known.bound <= self._free_bound):
            known = self._solved(without).tighter(known)
        cost = difference(known.at_least(base.known.value), base.known, free=True)
        return RuleCost(rule.name, rule.kind, words, _sides(base, rule.name), cost)

    def _forced(self, cell: CellReason) -> Bracket | None:
        base, problem = self._base, self._base.problem
        self._tell(cell_name(problem, cell.cluster, cell.lever, cell.year))
        assert cell.level is not None
        locked = with_rule(problem, lock_of(problem, (cell.cluster, cell.lever, cell.year), cell.level))
        known = self._solved(locked, Aim.VALUE)
        if known.bound == -np.inf:
            return None
        return difference(base.known, known.tighter(priced(base, locked)), free=True)

    def _solved(self, problem: Problem, aim: Aim = Aim.OPTIMUM) -> Known:
        known = self._session.know(problem, self._num - self._done + 1, aim)
        # Where keeping the choices fails, they are sought anew.
        self._complete = self._complete and (known is not UNKNOWN or aim is Aim.KEPT)
        return known

    def _close(self, known: Known) -> bool:
        """Tell whether so little is open of a richer problem that no better plan of it is sought."""
        base = self._base.known
        open_part, own_part = known.bound - known.value, base.bound - base.value
        return np.isfinite(known.bound) and open_part <= max(CLOSE * (known.bound - base.value), own_part * (1 + CLOSE))

    def _tell(self, what: Text) -> None:
        if self._listen is not None and not self._session.stopped:
            self._listen(Step(self._done, self._num, time.monotonic() - self._began, what))
        self._done += 1


def _drawn(base: Base) -> Iterator[tuple[int, int]]:
    """List the purses that somebody may draw on: fund and year."""
    funds = np.unique(base.space.flow_fund)
    return ((int(fund), year) for fund in funds for year in range(base.problem.num_years))


def _year(base: Base) -> Ints:
    return base.space.cell_year[base.space.flow_cell]


def _with_price(words: Text, floor: SoftFloor) -> Text:
    price = f"{float(floor.price):g}"
    return Text(f"{words.en}, at a price of {price}", f"{words.zh}, 每单位扣减 {price}")


def _sides(base: Base, rule: str) -> tuple[RuleSide, ...]:
    levels = base.plan.certificate.rules
    rows = zip(
        levels.rule, levels.side, levels.year.tolist(), levels.level.tolist(), levels.limit.tolist(), levels.slack,
        strict=True,
    )  # fmt: skip
    return tuple(RuleSide(*row) for name, *row in rows if name == rule)
