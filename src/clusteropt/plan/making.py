"""The one verb: from a problem to a plan."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.errors import ExactMoneyError, FalseBoundError, InfeasibleError, NoIncumbentError, NoPlanError
from clusteropt.inputs.problem import ObjectiveKind, Problem
from clusteropt.model.curves import make_curves
from clusteropt.model.extras import attach
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.lagrangian import make_dual
from clusteropt.model.outcome import curve_places, with_equity_scale
from clusteropt.model.space import make_space
from clusteropt.plan.by_excerpt import Setting, may_join, search_excerpts
from clusteropt.plan.describing import describe
from clusteropt.plan.engine import EngineReason, choice_for
from clusteropt.plan.impossible import refuse_impossible
from clusteropt.plan.late import choices_out_of_time, with_reached
from clusteropt.plan.near import Aim, Near, keep_choices
from clusteropt.plan.proving import PROOF_S, PROOF_SHARE, growth_for, prove_stages
from clusteropt.plan.rounding import floored, round_money, settle_own
from clusteropt.plan.stage_values import is_near, stage_values
from clusteropt.plan.zero import allows_no_money, false_refusal, no_money, with_nothing
from clusteropt.solver.claim import Limit
from clusteropt.solver.core import find_prices
from clusteropt.solver.guard import Guard, thrown_away
from clusteropt.solver.multipliers import Until
from clusteropt.solver.priced_search import PricedSearch, Pricing
from clusteropt.solver.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyomo.environ import ConcreteModel

    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Ints
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.grid import Grid
    from clusteropt.model.lagrangian import Dual
    from clusteropt.model.space import Space
    from clusteropt.plan.by_excerpt import Joined
    from clusteropt.plan.engine import EngineChoice
    from clusteropt.plan.plan import Plan
    from clusteropt.plan.proving import Growth, Proved
    from clusteropt.solver.claim import Progress, SolverRun
    from clusteropt.solver.core import Priced
    from clusteropt.solver.fault import SolverFault
    from clusteropt.solver.multipliers import Build
    from clusteropt.solver.refine import Found

    Listen = Callable[[Progress], None]
    Attach = Callable[[Formulation], Formulation]
    Refusal = ExactMoneyError | NoIncumbentError

RESERVE_SHARE, RESERVE_MOST_S = 0.1, 1.0
"""The part of the time limit kept back for rounding."""
COARSE = 500
"""Amounts of at most so many units, on at most so many flows, are searched one by one from the start."""
ROUNDING_S, ROUNDING_SHARE = 0.5, 0.05
"""How far past the time limit, or past the end of a search that overran it, the rounding may go: seconds, or so much of
the limit where that is more, as where money is rounded in tens of thousands of places."""
FIRST_STAGE_SHARE = 0.6
"""The part of the time that the first of two stages may take."""
LARGE, LARGE_MENUS = 400, 60
"""From so many clusters on prices and cores are faster than HiGHS alone: of any, and of those that choose from menus
under limits that prices and tables of bundles hold (`benchmarks/choice.py`)."""
CURVED = 2.5
"""Where money flows on curves there must be so many times more clusters (`benchmarks/copies.py`)."""
HUGE = 10_000
"""From so many clusters on excerpts are faster than cores to gaps of 1e-4, and the whole is never formulated for them;
with fewer, and to no gap at all, cores are as fast or faster (`benchmarks/choice.py`)."""
NEAR = (1.0, 0.99, 1.01)
"""Where tangents stand at first beside those of the first grid, as parts of what a plan at hand has."""
FLOOR_ROOM = 1e-7
"""The second stage may fall behind the first by this share, so that tolerances cannot make it infeasible."""


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """What solving a problem gives before it is put into the user's labels.

    Parameters
    ----------
    space : Space
        The positions.
    stages : tuple of Found
        The stages of the objective, before rounding.
    money : array of shape (num_amounts,)
        Whole units, and picks.
    records : tuple of SolverRun
        Every run of the solver.
    seconds : float
        Wall-clock time.
    own : bool
        Whether the caller added columns, rows or an objective.
    proved : tuple of Proved
        What multipliers prove of every stage; empty where no proof was sought.
    faults : tuple of SolverFault
        What was caught of the solver.
    choice : EngineChoice
        What searched the first stage, and why.
    """

    space: Space
    stages: tuple[Found, ...]
    money: Ints
    records: tuple[SolverRun, ...]
    seconds: float
    own: bool
    proved: tuple[Proved, ...]
    faults: tuple[SolverFault, ...]
    choice: EngineChoice

    @property
    def found(self) -> Found:
        """The last stage."""
        return self.stages[-1]


def solve(problem: Problem | ConcreteModel, options: SolveOptions | None = None, listen: Listen | None = None) -> Plan:
    """Find the best plan of a problem, in whole units of money, with its value and its bound.

    Parameters
    ----------
    problem : Problem or pyomo.environ.ConcreteModel
        What to plan: a problem, or its view made by `to_pyomo` with constraints, variables or an objective added.
    options : SolveOptions, optional
        Limits; those of the problem if not given.
    listen : callable, optional
        Called with `Progress` as the solve goes on.

    Returns
    -------
    Plan
        Never without an incumbent. A limit reached with one is a plan that says so, with its gap.

    Raises
    ------
    InfeasibleError
        If no plan obeys the rules, as HiGHS claims.
    NoIncumbentError
        If a limit came before the first incumbent, or before one in whole units of money.
    KeyboardInterrupt
        If Ctrl-C came before the first incumbent, or twice.
    ExactMoneyError
        If no whole amounts near the optimum obey every rule.
    SolverFaultError
        If HiGHS fails, returns what does not re-compute, or claims that there is no plan where no money at all is one.
    ModelViewError
        If a Pyomo model is no view, or holds what cannot be read back.
    """
    if isinstance(problem, Problem):
        return _solve(problem, options or problem.options, listen, None)
    from clusteropt.model.pyomo_view import read_extras, view_problem  # noqa: PLC0415 - Pyomo takes 0.5 s to import

    source, extras = view_problem(problem), read_extras(problem)
    return _solve(source, options or source.options, listen, lambda formulation: attach(formulation, extras))


def _solve(problem: Problem, options: SolveOptions, listen: Listen | None, added: Attach | None) -> Plan:
    """Make a plan; where a bound is caught below a value, once more without presolve, and say so in the plan."""
    made = make(problem, options, listen, added)
    try:
        return describe(made, options)
    except FalseBoundError as error:
        again = make(problem, options, listen, added, presolve="off")
        return describe(replace(again, faults=(*made.faults, thrown_away(error), *again.faults)), options)


def make(
    problem: Problem,
    options: SolveOptions,
    listen: Listen | None = None,
    added: Attach | None = None,
    presolve: str = "on",
    near: Near | None = None,
) -> Made:
    """Solve a problem and round it; ``added`` adds the caller's own columns, rows and objective.

    Errors as in `solve`.
    """
    began = time.monotonic()
    space = make_space(problem)
    if with_equity_scale(space) is not problem:
        space = make_space(with_equity_scale(space))
    reserve = min(RESERVE_SHARE * options.time_limit_s, RESERVE_MOST_S)
    with Runner(options.isolation) as runner, Guard(runner, began + options.time_limit_s) as guard:
        search = PricedSearch(guard, options, began + options.time_limit_s - reserve, listen, presolve)
        late = max(ROUNDING_S, ROUNDING_SHARE * options.time_limit_s)
        rounding = (guard, began + options.time_limit_s, late)
        coarse = added is None and int(space.flow_most.max(initial=0)) <= COARSE and space.num_flows <= COARSE
        draw = _Drawing(space, added, near)
        joined = _joined(draw, search, (began, listen)) if draw.is_huge else None
        found, choice = None if joined is None else joined.ended, choice_for(EngineReason.HUGE, HUGE)
        if joined is None or joined.goes_on:
            try:
                stages, money = _searched(draw, search, coarse, rounding)
            except (NoPlanError, ExactMoneyError):
                if joined is None:
                    raise
            else:
                if joined is None or stage_values(space, money)[0] > joined.found.value:
                    found, choice = (stages, money), draw.chosen(stages[0], coarse)
        assert found is not None, "a search without a plan is refused"
        search.records += () if joined is None else joined.records
        made = _finished(draw, search, found, (began, choice))
    # Reproducers have their names once the guard is left.
    return replace(made, faults=(*(() if joined is None else joined.faults), *guard.faults))


def _searched(
    draw: _Drawing, search: PricedSearch, coarse: bool, rounding: tuple[Guard, float, float]
) -> tuple[list[Found], Ints]:
    """Search the stages of a problem as a whole, and round what was found; errors as in `solve`."""
    stages = _stages(draw, search, coarse)
    money, refusal = _rounded(stages[-1], rounding)
    if draw.added is None and not coarse and not is_near(draw.space, stages, money, search.options.relative_gap):
        stages, money, refusal = _whole(draw, search, (stages, money, refusal), rounding)
    if money is None:
        stages, money = _at_hand(draw, stages, refusal)
    stages, money = _no_worse_than_nothing(draw, stages, money)
    if draw.added is None:
        return stages, money
    settled = settle_own(stages[-1].formulation, stages[-1].x, money, (rounding[0], sum(rounding[1:])))
    return [replace(found, value=settled) if found.formulation.own_objective else found for found in stages], money


def _finished(
    draw: _Drawing, search: PricedSearch, found: tuple[list[Found], Ints], how: tuple[float, EngineChoice]
) -> Made:
    """Prove what was found, and put all together."""
    (stages, money), (began, choice), guard, options = found, how, search.guard, search.options
    proved: tuple[Proved, ...] = ()
    if draw.near is None or draw.near.aim in (Aim.PLAN, Aim.OPTIMUM):
        # Where the search has left no time, the proof takes a little more.
        now = time.monotonic()
        deadline = max(began + options.time_limit_s, now + max(PROOF_S, PROOF_SHARE * options.time_limit_s))
        growth = growth_for(options if draw.near is None else replace(options, proof_nodes=0), now - began, deadline)
        with guard.undisturbed():
            proved = _proved(draw, stages, money, (guard, Until(0.0, options.relative_gap / 2, deadline), growth))
    seconds, own, records = time.monotonic() - began, draw.added is not None, tuple(search.records)
    return Made(draw.space, tuple(stages), money, records, seconds, own, proved, guard.faults, choice)


def _proved(draw: _Drawing, stages: list[Found], money: Ints, run: tuple[Guard, Until, Growth]) -> tuple[Proved, ...]:
    """Find multipliers for every stage of what was found."""
    last = stages[-1].formulation
    if last.own_objective:
        values = [found.value for found in stages]
    else:
        values = stage_values(draw.space, money)[: len(stages)]
        if draw.space.problem.objective.kind is ObjectiveKind.LEAST_MONEY:
            values = [float(draw.space.unit_cost @ money)]
    return prove_stages(draw.space, stages, values, lambda floor: draw.builder(floor, last.whole_money), run)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawing:
    """What formulations are drawn from: the positions, the caller's own parts, the money tangents start from."""

    space: Space
    added: Attach | None
    near: Near | None

    @property
    def staged(self) -> bool:
        """Whether a second stage follows the first."""
        first = self.near is not None and self.near.aim is not Aim.PLAN
        return self.space.problem.objective.kind is ObjectiveKind.WORST_REGION and not first

    @property
    def keeps(self) -> bool:
        """Whether the choices of a plan at hand are kept."""
        return self.near is not None and self.near.aim is Aim.KEPT

    def core_dual(self, floor: float | None) -> Dual | None:
        """Give what prices of a stage are sought for where cores are searched before the whole; else nothing."""
        num, few, many = self.space.problem.num_clusters, min(LARGE, LARGE_MENUS), self.many
        if self.added is not None or self.keeps or (num < few and not self.space.num_picks):
            return None
        if num < many and make_curves(self.space).num:
            return None
        dual = make_dual(self.space, floor)
        return dual if num >= many or (dual.is_light and (num >= few or dual.picks_alone)) else None

    @property
    def many(self) -> int:
        """From how many clusters on prices come first, whatever they choose from."""
        return round(LARGE * CURVED) if len(make_curves(self.space).cells) else LARGE

    def chosen(self, first: Found, coarse: bool) -> EngineChoice:
        """Give the engine that found a first stage, and why it was chosen; without choices there was none to choose."""
        made, many = first.formulation, self.many
        if self.added is not None:
            return choice_for(EngineReason.OWN, many)
        if self.keeps:
            return choice_for(EngineReason.KEPT, many)
        if first.priced is not None:
            reason = EngineReason.PICKS if first.priced.dual.picks_alone else EngineReason.MANY
            return choice_for(reason, many if self.space.problem.num_clusters >= many else LARGE_MENUS)
        if coarse or made.whole_money:
            return choice_for(EngineReason.UNITS, many)
        return choice_for(EngineReason.FEW if made.integer.any() else EngineReason.PLAIN, many)

    @property
    def is_huge(self) -> bool:
        """Whether excerpts are searched, and the whole is never formulated."""
        alone = self.added is None and self.near is None
        return alone and self.space.problem.num_clusters >= max(HUGE, LARGE) and may_join(self.space)

    def may_give_nothing(self) -> bool:
        """Tell whether no money at all is a plan; never where parts of the caller's own, or choices kept, forbid it."""
        return self.added is None and not self.keeps and allows_no_money(self.space)

    def grid(self, whole_money: bool) -> Grid:
        """Give the tangents to start from, finer near the money that the search starts at."""
        unit = 1 / self.space.problem.money.per_printed if whole_money else 0.0
        grid = first_grid(make_curves(self.space), unit)
        if self.near is None:
            return grid
        # A harmed curve would pay for every point with a binary.
        which = np.setdiff1d(np.arange(grid.curves.num), grid.curves.harmed)
        places = curve_places(self.space, grid.curves, self.near.money.astype(float))[which]
        for factor in NEAR:
            grid = grid.refine(which, places * factor)
        return grid

    def builder(self, floor: float | None, whole_money: bool) -> Callable[[Grid], Formulation]:
        """Give what makes the formulation of a stage on a grid, with the choices kept and the caller's own parts."""

        def on_grid(grid: Grid) -> Formulation:
            formulation = formulate(self.space, grid, floor, whole_money)
            if self.near is not None and self.near.aim is Aim.KEPT:
                formulation = keep_choices(formulation, self.near.money)
            return formulation if self.added is None else self.added(formulation)

        return on_grid


def _pricing(draw: _Drawing, search: PricedSearch, whole_money: bool, floor: float | None = None) -> Pricing | None:
    """Give what finds the best prices of a stage, or that there is no plan; None for the whole at once."""
    dual = draw.core_dual(floor)
    if dual is None or (whole_money and not dual.picks_alone):
        return None

    def find(build: Build, formulation: Formulation, deadline: float) -> Priced:
        until = Until(0.0, search.options.relative_gap / 2, deadline)
        priced = find_prices(dual, (build, formulation), search.guard, until)
        refuse_impossible(priced)
        return priced

    worst = floor is None and draw.space.problem.objective.kind is ObjectiveKind.WORST_REGION
    return Pricing(find, (lambda level: draw.builder(level, whole_money)) if worst else None)


def _joined(draw: _Drawing, search: PricedSearch, told: tuple[float, Listen | None]) -> Joined | None:
    """Plan a very large problem by excerpts; None where the whole is to be searched after all."""
    (began, listen), options = told, search.options
    reserve = min(RESERVE_SHARE * options.time_limit_s, RESERVE_MOST_S)
    deadline = began + options.time_limit_s - reserve
    return search_excerpts(draw.space, Setting(search.guard, options, began, deadline, make, listen))


def _stage(
    draw: _Drawing,
    search: PricedSearch,
    start: tuple[Grid, float],
    whole_money: bool,
    held: tuple[float | None, Found | None] = (None, None),
) -> Found:
    """Search one stage, by prices first where that is the way; the second has a floor, and the first stage at hand."""
    (floor, first), (grid, share) = held, start
    pricing, build = _pricing(draw, search, whole_money, floor), draw.builder(floor, whole_money)
    return (
        search.best(build, grid, share) if pricing is None else search.best_priced(build, grid, share, pricing, first)
    )


def _stages(draw: _Drawing, search: PricedSearch, whole_money: bool = False) -> list[Found]:
    space = draw.space
    share = FIRST_STAGE_SHARE if draw.staged else 1.0
    try:
        first = _stage(draw, search, (draw.grid(whole_money), share), whole_money)
    except InfeasibleError as claimed:
        if draw.may_give_nothing():
            raise false_refusal() from claimed
        raise
    if not draw.staged or first.formulation.own_objective or first.limit is Limit.INTERRUPT:
        return [first]
    nothing = stage_values(space, no_money(space))[0]
    reached = nothing if nothing > first.value and draw.may_give_nothing() else first.value
    floor = reached - FLOOR_ROOM * abs(reached)
    grid = replace(first.formulation.grid, curves=make_curves(space, total=True))
    try:
        return [first, _stage(draw, search, (grid, 1.0), whole_money, (floor, first))]
    except (NoPlanError, KeyboardInterrupt):
        # The first stage holds a plan; the second only failed to better its total.
        return [replace(first, limit=first.limit or Limit.TIME)]


def _rounded(found: Found, rounding: tuple[Guard, float, float]) -> tuple[Ints | None, Refusal | None]:
    guard, end, late = rounding
    # A search that overran its time must not turn into a claim that no whole amounts obey the rules.
    until = max(end, time.monotonic()) + late
    try:
        with guard.undisturbed():
            return round_money(found.formulation, found.x, found.money, (guard, until)), None
    except ExactMoneyError as refusal:
        stopped = found.limit in (Limit.TIME, Limit.INTERRUPT)
        return None, choices_out_of_time(refusal) if stopped else refusal
    except NoIncumbentError as late:
        return None, with_reached(late, found)


def _at_hand(draw: _Drawing, stages: list[Found], refusal: Refusal | None) -> tuple[list[Found], Ints]:
    """Give a plan that needs no rounding where time ran out before one was rounded; else raise the refusal."""
    if isinstance(refusal, NoIncumbentError):
        limited, last = [replace(found, limit=found.limit or Limit.TIME) for found in stages], stages[-1]
        money = floored(last.formulation, last.x, last.money)
        if money is not None:
            return limited, money
        if draw.may_give_nothing():
            return with_nothing(draw.space, limited)
    raise refusal or AssertionError("money is rounded or refused")


def _whole(
    draw: _Drawing, search: PricedSearch, before: tuple[list[Found], Ints | None, Refusal | None],
    rounding: tuple[Guard, float, float],
) -> tuple[list[Found], Ints | None, Refusal | None]:  # fmt: skip
    """Search again over whole amounts where the unit of money is coarse; keep the better plan of the two."""
    (stages, money, _), space = before, draw.space
    try:
        again = _stages(draw, search, whole_money=True)
    except (NoPlanError, KeyboardInterrupt):
        return before
    exact, refusal = _rounded(again[-1], rounding)
    if exact is None:
        return before if money is not None else (again, None, refusal)
    sign = 1.0 if stages[-1].formulation.maximise else -1.0
    better = money is None or sign * stage_values(space, exact)[0] >= sign * stage_values(space, money)[0]
    if better:
        return again, exact, None
    # The bound over whole amounts holds for every plan, so it goes with the plan that is kept.
    kept = [replace(old, bound=new.bound) for old, new in zip(stages, again, strict=False)]
    return kept, money, None


def _no_worse_than_nothing(draw: _Drawing, stages: list[Found], money: Ints) -> tuple[list[Found], Ints]:
    """Give no money at all where that is a plan and worth more, as it may be where time ran out; else what there is."""
    sign = 1.0 if stages[-1].formulation.maximise else -1.0
    values, empty = (stage_values(draw.space, amounts) for amounts in (money, no_money(draw.space)))
    ahead = [sign * (one - other) for one, other in zip(empty, values, strict=True)]
    room = [FLOOR_ROOM * abs(value) for value in values]
    # The second objective counts where the first is the same, but for the room that the second stage has itself.
    first = next((n for n in range(len(room)) if abs(ahead[n]) > room[n]), 0)
    if ahead[first] <= room[first] or not draw.may_give_nothing():
        return stages, money
    return with_nothing(draw.space, stages)
