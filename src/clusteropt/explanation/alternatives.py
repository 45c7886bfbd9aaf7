"""Plans nearly as good and as different as can be: how much of a plan is forced, and how much is choice."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.errors import ExactMoneyError, NoPlanError
from clusteropt.explanation.neighbours import base_of
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.blocks import pick
from clusteropt.model.curves import make_curves
from clusteropt.model.extras import Extras, attach
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.outcome import evaluate, objective_value
from clusteropt.plan.cash import cash_flow, paid_by_purse
from clusteropt.plan.listing import awards_of, cells_of, moves_of, programmes_of, promises_of
from clusteropt.plan.making import COARSE
from clusteropt.plan.plan import Stage
from clusteropt.plan.rounding import round_money
from clusteropt.plan.rule_levels import all_levels
from clusteropt.plan.unspent import explain_unspent
from clusteropt.solver.guard import Guard
from clusteropt.solver.points import carry, choices
from clusteropt.solver.refine import Search
from clusteropt.solver.runner import Runner

if TYPE_CHECKING:
    from clusteropt.explanation.neighbours import Base
    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Floats, Ints, Problem
    from clusteropt.model.blocks import Matrix
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.grid import Grid
    from clusteropt.plan.plan import Plan
    from clusteropt.solver.refine import Found

GAP = 0.01
"""How near to the largest difference an alternative comes where the caller gives no options: the search is hard."""
SEARCH_SHARE = 0.7
"""The part of its time that the search for choices takes at most: the rest is for their money."""
TRIES, BEYOND = 8, 1.2
"""A plan that rounding leaves below the value asked for is sought again so many times; and how much is then asked on
top, in units of what was missing: twice as much each time."""
ROUNDING_S = 1.0
"""Rounding has at least so long."""
SMALLEST_S = 0.2
"""No alternative gets less time than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """A plan nearly as good as another one, and different.

    Parameters
    ----------
    plan : Plan
        Whole, with every rule obeyed; its bound is that of the first plan, for the first objective.
    loss : float
        How much worse it is, relative to the value of the first plan; never more than was allowed.
    difference : float
        The share of the money of the first plan that goes elsewhere: sum over cells of what is taken away, over all.
    nearest : float
        The same against the most similar of the first plan and the alternatives before this one; this was sought to be
        as large as can be.
    most : float
        ``nearest`` can be no larger, as HiGHS claims.
    """

    plan: Plan
    loss: float
    difference: float
    nearest: float
    most: float


def alternatives(
    problem: Problem, plan: Plan, num: int = 3, loss: float = 0.01, options: SolveOptions | None = None
) -> tuple[Alternative, ...]:
    """Find plans at most a little worse than a plan, as different as possible from it and from each other.

    maximise z, where for the plan and every alternative before: z <= sum_i max(0, x'_i - x_i) / sum_i x'_i, with x' its
    money by cell and x that of the new plan. What is taken away from a cell is r_i = max(0, x'_i - x_i), convex in x_i,
    so each cell from no menu needs a binary b_i: r_i <= x'_i b_i, r_i + x_i + (most_i - x'_i) b_i <= most_i.

    Parameters
    ----------
    problem : Problem
        What was planned.
    plan : Plan
        Its plan.
    num : int
        How many.
    loss : float
        How much worse they may be, relative to the value (for least money: how much more money they may take).
    options : SolveOptions, optional
        Limits; those of the problem if not given, with a gap of one per cent of the difference. The alternatives share
        the time.

    Returns
    -------
    tuple of Alternative
        Fewer than asked for where there are no more, or no time. After Ctrl-C those found so far.

    Raises
    ------
    InputError
        If the plan is none of this problem.
    ValueError
        If ``num`` or ``loss`` is negative.
    """
    if num < 0 or not 0 <= loss < math.inf:
        raise ValueError(f"num is {num} and loss is {loss}; give numbers that are not negative.")
    base = base_of(problem, plan)
    chosen = options or replace(problem.options, relative_gap=GAP)
    until = time.monotonic() + chosen.time_limit_s
    seeking = _Seeking(base, loss, [_by_cell(base, base.money)])
    found: list[Alternative] = []
    while len(found) < num and base.money.any():
        share = max((until - time.monotonic()) / (num - len(found)), SMALLEST_S)
        try:
            one = seeking.next(replace(chosen, time_limit_s=share))
        except (NoPlanError, ExactMoneyError, KeyboardInterrupt):
            break
        if one is None:
            break
        found.append(one)
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Seeking:
    """The plan, what may be lost, and the money by cell that the next plan has to differ from."""

    base: Base
    loss: float
    before: list[Ints]

    def next(self, options: SolveOptions) -> Alternative | None:
        """Find the next alternative and take it among those to differ from; None where there is none."""
        until, base = time.monotonic() + options.time_limit_s, self.base
        asked = self._needed()
        with Runner(options.isolation) as runner, Guard(runner, until) as guard:
            found = Search(guard, options, until).best(partial(self._formulation, asked), self._grid(), SEARCH_SHARE)
            bound, late = found.bound, found.limit is not None
            money = _rounded(found, (guard, until))
            for attempt in range(TRIES):
                short = self._needed() - self._signed_value(money)
                if short <= 0 and not late:
                    break
                # A search that ended early leaves the money of its choices unrefined, so it says nothing of rounding.
                asked, late = asked if late else asked + BEYOND * 2**attempt * short, False
                refined = Search(guard, options, until).best(
                    partial(self._refined, found, asked), found.formulation.grid
                )
                money = _rounded(refined, (guard, until))
        apart = [_apart(old, _by_cell(base, money)) for old in self.before]
        value, old = self._signed_value(money), base.sign * base.plan.value
        if value < self._needed() or min(apart) <= 0:
            return None
        self.before.append(_by_cell(base, money))
        return Alternative(
            plan=_with_money(base, money),
            loss=(old - value) / max(1e-9, abs(old)),
            difference=apart[0],
            nearest=min(apart),
            most=max(bound / self._scale, min(apart)),
        )

    def _refined(self, found: Found, asked: float, grid: Grid) -> Formulation:
        """Draw the formulation on a grid with the choices of a search fixed; where money is whole it stays free."""
        drawn = self._formulation(asked, grid)
        fixed = carry(choices(found.x, found.formulation), found.formulation, drawn)
        flow = drawn.columns.block("flow")
        if flow is not None:
            fixed[flow.positions] = np.nan
        known = np.isfinite(fixed)
        lower, upper = (np.where(known, fixed, side) for side in (drawn.col_lower, drawn.col_upper))
        return replace(drawn, col_lower=lower, col_upper=upper, integer=drawn.integer & ~known)

    @property
    def _scale(self) -> float:
        """What a difference of 1 counts: as much as the outcomes, so that tolerances mean the same for both."""
        problem = self.base.problem
        goal = problem.objective.target if problem.objective.kind is ObjectiveKind.LEAST_MONEY else self.base.plan.value
        return max(abs(goal or 0.0), 1e-3)

    @property
    def _whole(self) -> bool:
        space = self.base.space
        return int(space.flow_most.max(initial=0)) <= COARSE and space.num_flows <= COARSE

    def _needed(self) -> float:
        """Give the least value, of a maximisation, that an alternative has."""
        value = self.base.sign * self.base.plan.value
        least = value - self.loss * abs(value)
        return math.ceil(least) if self.base.problem.objective.kind is ObjectiveKind.LEAST_MONEY else least

    def _signed_value(self, money: Ints) -> float:
        space, amounts = self.base.space, money.astype(float)
        return self.base.sign * objective_value(space, amounts, evaluate(space, amounts))

    def _grid(self) -> Grid:
        space = self.base.space
        return first_grid(make_curves(space), 1 / space.problem.money.per_printed if self._whole else 0.0)

    def _formulation(self, asked: float, grid: Grid) -> Formulation:
        """Draw the formulation that looks for the largest difference on a grid."""
        plain = formulate(self.base.space, grid, whole_money=self._whole)
        parts = [_Taken(plain, amount) for amount in self.before]
        money = self.base.problem.objective.kind is ObjectiveKind.LEAST_MONEY
        limit = -asked / self.base.problem.money.per_printed if money else asked
        # The curves keep the weight they have in the value: the difference would give them none.
        return replace(attach(plain, _extras(plain, parts, limit, self._scale)), grid=grid)


@dataclass(frozen=True, slots=True, eq=False)
class _Taken:
    """What a new plan takes away from the cells of an old one: own columns r, one a cell with money, then b.

    Parameters
    ----------
    formulation : Formulation
        Of the new plan.
    old : array of shape (num_cells,)
        Whole units of the old plan.
    """

    formulation: Formulation
    old: Ints

    @property
    def cells(self) -> Ints:
        """The cells with money in the old plan, those with a menu last."""
        held = np.flatnonzero(self.old > 0)
        menu = self.formulation.space.from_menu[held]
        return np.concatenate((held[~menu], held[menu]))

    @property
    def num_free(self) -> int:
        """How many of the cells have no menu, and so a binary."""
        return int((~self.formulation.space.from_menu[self.cells]).sum())

    @property
    def upper(self) -> Floats:
        """Bounds of the own columns."""
        return np.concatenate((self._printed(self.old[self.cells]), np.ones(self.num_free)))

    def rows(self) -> tuple[Matrix, Matrix, Floats]:
        """Give the rows ``plain @ x + own @ (r, b) <= upper``."""
        space, columns = self.formulation.space, self.formulation.columns
        cells, num, num_free = self.cells, len(self.cells), self.num_free
        old, most = self._printed(self.old[cells]), self._printed(space.cell_most[cells])
        free = np.arange(num_free)
        size = num + num_free
        capped = pick(num_free, free, free, 1.0, size) - pick(num_free, free, num + free, old[:num_free], size)
        room = (most - old)[:num_free]
        rest = pick(num_free, free, free, 1.0, size) + pick(num_free, free, num + free, room, size)
        money = (space.cell_flows @ columns.flow)[cells[:num_free]]
        kept = self._kept(cells[num_free:])
        menus = np.arange(num_free, num)
        own = sparse.vstack([capped, rest, pick(num - num_free, menus - num_free, menus, 1.0, size)], format="csr")
        plain = sparse.vstack([sparse.csr_matrix((num_free, columns.num)), money, kept], format="csr")
        return plain, own, np.concatenate((np.zeros(num_free), most[:num_free], old[num_free:]))

    def _kept(self, cells: Ints) -> Matrix:
        """Give the money that cells with a menu keep: the smaller of the level chosen and what they had."""
        space, block = self.formulation.space, self.formulation.columns.block("level")
        place = np.full(space.num_cells, -1)
        place[cells] = np.arange(len(cells))
        mine = place[space.level_cell] >= 0
        if block is None or not mine.any():
            return sparse.csr_matrix((len(cells), self.formulation.columns.num))
        cell = space.level_cell[mine]
        kept = np.minimum(space.problem.menus.amount[space.level_menu[mine]], self.old[cell])
        columns = self.formulation.columns.num
        return pick(len(cells), place[cell], block.positions[mine], self._printed(kept), columns)

    def _printed(self, amount: Ints) -> Floats:
        return amount / self.formulation.problem.money.per_printed


def _extras(plain: Formulation, parts: list[_Taken], limit: float, scale: float) -> Extras:
    """Add the columns r, b of every old plan and z, their rows, the row of the value, and the objective z."""
    sizes = [len(part.upper) for part in parts]
    first, num = np.cumsum([0, *sizes[:-1]]), sum(sizes) + 1
    rows = [_difference_rows(part, start, num) for part, start in zip(parts, first.tolist(), strict=True)]
    value = sparse.hstack([sparse.csr_matrix(plain.cost[None, :]), sparse.csr_matrix((1, num))], format="csr")
    row_upper = np.concatenate((*(upper for _, upper in rows), [np.inf if plain.maximise else limit]))
    row_lower = np.full(len(row_upper), -np.inf)
    row_lower[-1] = limit if plain.maximise else -np.inf
    cost = np.zeros(plain.num_cols + num)
    cost[-1] = scale
    integer = [np.arange(size) >= len(part.cells) for part, size in zip(parts, sizes, strict=True)]
    return Extras(
        columns=plain.columns,
        matrix=sparse.vstack([*(matrix for matrix, _ in rows), value], format="csr"),
        row_lower=row_lower,
        row_upper=row_upper,
        col_lower=np.append(plain.col_lower, np.zeros(num)),
        col_upper=np.concatenate((plain.col_upper, *(part.upper for part in parts), np.ones(1))),
        integer=np.concatenate((*integer, np.zeros(1, bool))),
        cost=cost,
        offset=0.0,
        maximise=True,
    )


def _difference_rows(part: _Taken, start: int, num: int) -> tuple[Matrix, Floats]:
    """Give the rows of one old plan over all columns, and their upper sides; the last is z sum x' - sum r <= 0.

    Its own columns begin at ``start`` of the ``num`` added ones, of which z is the last.
    """
    money, own, upper = part.rows()
    before, after = (sparse.csr_matrix((len(upper), width)) for width in (start, num - start - own.shape[1]))
    block = sparse.hstack([money, before, own, after], format="csr")
    plain, taken = money.shape[1], np.arange(len(part.cells))
    spread = pick(1, np.zeros(len(taken), np.int64), plain + start + taken, -1.0, plain + num)
    total = pick(1, np.zeros(1, np.int64), np.array([plain + num - 1]), float(part.upper[taken].sum()), plain + num)
    return sparse.vstack([block, spread + total], format="csr"), np.append(upper, 0.0)


def _rounded(found: Found, run: tuple[Guard, float]) -> Ints:
    guard, until = run
    # Units left over go where the objective of the problem wants them: to the difference they are all alike.
    formulation = replace(found.formulation, own_objective=False)
    with guard.undisturbed():
        return round_money(formulation, found.x, found.money, (guard, max(until, time.monotonic() + ROUNDING_S)))


def _by_cell(base: Base, money: Ints) -> Ints:
    amount = np.zeros(base.space.num_cells, np.int64)
    np.add.at(amount, base.space.flow_cell, money[: base.space.num_flows])
    return amount


def _apart(old: Ints, new: Ints) -> float:
    """Give the share of the money of one plan that another one takes away from its cells."""
    return int(np.maximum(old - new, 0).sum()) / max(int(old.sum()), 1)


def _with_money(base: Base, money: Ints) -> Plan:
    """Give the plan with other money, everything computed anew; its bound stays, for it bounds every plan."""
    space, plan = base.space, base.plan
    outcome = evaluate(space, money.astype(float))
    stage = Stage(plan.stages[0].kind, objective_value(space, money.astype(float), outcome), plan.bound)
    certificate = replace(plan.certificate, rules=all_levels(space, money), stages=plan.certificate.stages[:1])
    return replace(
        plan,
        stages=(stage,),
        certificate=certificate,
        awards=awards_of(space, money),
        programmes=programmes_of(space, money, outcome),
        promises=promises_of(space, money),
        moves=moves_of(space, money),
        cash=cash_flow(space.problem, paid_by_purse(space, money)),
        cells=cells_of(space, money, outcome),
        synergy=outcome.synergy,
        region_outcome=outcome.region,
        total_outcome=outcome.total,
        unspent=explain_unspent(space, money),
        rounding_loss=0.0,
        baselines=(),
    )
