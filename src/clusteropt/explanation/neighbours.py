"""Problems that differ from one with a plan by one thing, and solving them within a shared time."""

from __future__ import annotations

import time
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.errors import (
    ExactMoneyError,
    FalseBoundError,
    InfeasibleError,
    NoIncumbentError,
    NoPlanError,
)
from clusteropt.explanation.bracket import UNKNOWN, Known, Way
from clusteropt.inputs.faults import Faults, Place
from clusteropt.inputs.ledger import best_year
from clusteropt.inputs.problem import ObjectiveKind, RuleBase, RuleKind
from clusteropt.model.curves import live_regions
from clusteropt.model.outcome import evaluate, objective_value, with_equity_scale
from clusteropt.model.space import make_space
from clusteropt.plan.cash import cash_flow, paid_by_purse
from clusteropt.plan.certificate import Proof
from clusteropt.plan.certifying import proof_of
from clusteropt.plan.making import make
from clusteropt.plan.near import Aim, Near
from clusteropt.plan.rule_levels import obeys
from clusteropt.plan.stage_values import values_and_bounds
from clusteropt.solver.claim import Limit
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Ints, Problem, Rule
    from clusteropt.model.space import Space
    from clusteropt.plan.making import Made
    from clusteropt.plan.plan import Plan

SHORTEST_S = 0.1
"""No solve is begun with less time than this."""
AHEAD = 3.0
"""A solve may take so many times its even share of the time left; most need less than their share."""


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """A plan, the problem it is of, and what is known of the optimum.

    Parameters
    ----------
    plan : Plan
        The plan.
    space : Space
        The positions of its problem, with the equity scale set.
    money : array of shape (num_amounts,)
        Its whole units.
    known : Known
        Its value, and the tighter of the bounds that it carries.
    """

    plan: Plan
    space: Space
    money: Ints
    known: Known

    @property
    def problem(self) -> Problem:
        """The problem, with the equity scale set: it stays what it is when purses change."""
        return self.space.problem

    @property
    def sign(self) -> float:
        """What turns the objective into one that is maximised."""
        return -1.0 if self.problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1.0


def base_of(problem: Problem, plan: Plan) -> Base:
    """Put a plan and its problem together.

    Raises
    ------
    InputError
        If the plan is none of this problem, or was made with parts of the caller's own, which no problem holds.
    """
    faults = Faults()
    place = Place("plan", value=plan.name)
    if plan.certificate.own or plan.stages[0].kind is None:
        wrong = Text(
            "the plan was made with constraints, variables or an objective of your own, which the problem lacks.",
            "该方案含有您自行添加的约束, 变量或目标, 而问题中没有这些内容。",
        )
        faults.add(place, wrong, Text("Explain a plan made by solve(problem).", "请使用由 solve(problem) 得到的方案。"))
        faults.stop_if_any()
    space = make_space(with_equity_scale(make_space(problem)))
    money = flow_money(space, plan)
    if money is None or not _fits(space, money, plan):
        wrong = Text("the plan is not one of this problem.", "该方案不属于此问题。")
        faults.add(place, wrong, Text("Give the problem it was made from.", "请提供生成该方案的问题。"))
        faults.stop_if_any()
    assert money is not None
    sign = -1.0 if problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1.0
    proof = plan.certificate.stages[0]
    proved = Known(sign * plan.value, Way.PLAN, sign * proof.bound, Way.PLAN, proof.proof)
    claimed = replace(proved, bound=sign * plan.bound, proof=Proof.CLAIMED)
    # Of two equal bounds the proved one is the better.
    return Base(plan, space, money, proved.tighter(claimed).at_least(sign * plan.value))


def flow_money(space: Space, plan: Plan) -> Ints | None:
    """Give the money of a plan on every flow; None where the plan has awards or names that the problem lacks."""
    problem, awards = space.problem, plan.awards
    if plan.labels != problem.labels or not np.array_equal(plan.purse, problem.purse):
        return None
    shape = (problem.num_clusters, problem.num_levers, problem.num_years, problem.num_funds)
    cell = (space.cell_cluster[space.flow_cell], space.cell_lever[space.flow_cell], space.cell_year[space.flow_cell])
    key = np.ravel_multi_index((*cell, space.flow_fund), shape)
    wanted = np.ravel_multi_index((awards.cluster, awards.lever, awards.year, awards.fund), shape)
    order = np.argsort(key)
    place = np.minimum(np.searchsorted(key[order], wanted), max(len(key) - 1, 0))
    if len(wanted) and (not len(key) or (key[order][place] != wanted).any()):
        return None
    picks = _picks(space, plan)
    if picks is None:
        return None
    money = np.append(np.zeros(space.num_flows, np.int64), picks)
    money[order[place]] = awards.amount
    return money


def _picks(space: Space, plan: Plan) -> Ints | None:
    """Give 1 for every pick of a programme that a plan takes; None where the problem lacks one."""
    chosen, taken = space.problem.programmes, plan.programmes
    picks = np.zeros(space.num_picks, np.int64)
    place = {}
    for number in range(space.num_picks):
        assert chosen is not None
        option = int(chosen.pick_option[number])
        place[chosen.programme[option], chosen.option[option], int(chosen.pick_year[number])] = number
    for key in zip(taken.programme, taken.option, taken.year.tolist(), strict=True):
        if key not in place:
            return None
        picks[place[key]] = 1
    return picks


def _fits(space: Space, money: Ints, plan: Plan) -> bool:
    amounts = money.astype(float)
    value = objective_value(space, amounts, evaluate(space, amounts))
    if plan.objective.kind is not space.problem.objective.kind or not obeys(space, money):
        return False
    try:
        cash = cash_flow(space.problem, paid_by_purse(space, money))
    except ValueError:
        return False
    if not all(np.array_equal(getattr(cash, part.name), getattr(plan.cash, part.name)) for part in fields(cash)):
        return False
    return abs(value - plan.value) <= 1e-9 * max(1.0, abs(value))


def without_rule(problem: Problem, number: int) -> Problem:
    """Leave one of all rules out. The input files no longer tell what is planned, so they are left out as well."""
    hard, soft = list(problem.rules), list(problem.soft_floors)
    del (hard if number < len(hard) else soft)[number - (0 if number < len(hard) else len(hard))]
    return replace(problem, rules=tuple(hard), soft_floors=tuple(soft), kept=None)


def with_rule(problem: Problem, rule: Rule) -> Problem:
    """Add one rule."""
    return replace(problem, rules=(*problem.rules, rule), kept=None)


def richer(problem: Problem, fund: int, year: int, step: int) -> Problem:
    """Add ``step`` whole units to a purse.

    A most that is no less than all the purses of its cell hold in their best year is no limit, and stays none.
    """
    purse = problem.purse.copy()
    purse[fund, year] += step
    before, after = (best_year(part) for part in (problem, replace(problem, purse=purse)))
    most = np.where(problem.most >= before, np.maximum(problem.most, after), problem.most)
    return replace(problem, purse=purse, most=most, kept=None)


def only_gains(base: Base, fund: int, year: int, rich: Problem) -> bool:
    """Tell whether every plan of a problem is also one of the problem with a richer purse, and worth the same.

    Not where a share of what the fund holds is asked for, spent or not; and not where money now reaches a region that
    it did not reach, so that it is compared with the others.
    """
    for rule in base.problem.all_rules:
        years = rule.base_selection.years or rule.selection.years or (year,)
        funds = rule.base_selection.funds or (fund,)
        held = rule.kind is RuleKind.SHARE and rule.base is RuleBase.FUND and fund in funds and year in years
        if held and rule.minimum is not None:
            return False
    if base.problem.objective.kind is not ObjectiveKind.WORST_REGION:
        return True
    return np.array_equal(live_regions(base.space), live_regions(make_space(rich)))


class Session:
    """Solves problems like one with a plan within one time limit; Ctrl-C ends it with what is known so far.

    Parameters
    ----------
    base : Base
        The plan.
    options : SolveOptions
        Limits; the time is that of all solves together.
    """

    def __init__(self, base: Base, options: SolveOptions) -> None:
        self.stopped = False
        self._base = base
        self._options = options
        self._until = time.monotonic() + options.time_limit_s

    def solve(self, problem: Problem, left: int = 1, aim: Aim = Aim.OPTIMUM) -> Made:
        """Solve a problem with the same draws.

        Parameters
        ----------
        problem : Problem
            What to solve.
        left : int
            How many solves are still wanted, this one included.
        aim : Aim
            What is wanted of it.

        Raises
        ------
        NoPlanError, ExactMoneyError, KeyboardInterrupt
            As in `solve`.
        """
        remaining = self._until - time.monotonic()
        if remaining < SHORTEST_S:
            raise NoIncumbentError(_NO_TIME)
        near = Near(self._base.money, aim)
        options = replace(self._options, time_limit_s=min(remaining, max(AHEAD * remaining / left, SHORTEST_S)))
        try:
            try:
                made = make(problem, options, near=near)
                values_and_bounds(made)
            except FalseBoundError:
                made = make(problem, options, presolve="off", near=near)
                values_and_bounds(made)
        except KeyboardInterrupt:
            self.stopped = True
            raise
        self.stopped = self.stopped or any(found.limit is Limit.INTERRUPT for found in made.stages)
        return made

    def know(self, problem: Problem, left: int = 1, aim: Aim = Aim.OPTIMUM) -> Known:
        """Solve a problem and give what is then known of its optimum, which is -inf where there is no plan."""
        if self.stopped:
            return UNKNOWN
        try:
            return self.knowledge(self.solve(problem, left, aim), aim)
        except InfeasibleError:
            none = Known(-np.inf, Way.SOLVED, -np.inf, Way.SOLVED, Proof.CLAIMED)
            return UNKNOWN if aim is Aim.KEPT else none
        except (NoPlanError, ExactMoneyError, KeyboardInterrupt):
            return UNKNOWN

    def knowledge(self, made: Made, aim: Aim) -> Known:
        """Give what a solve shows of an optimum: the bound it proves or, where that is tighter, the one it claims."""
        stage, sign = values_and_bounds(made)[0], self._base.sign
        if aim is Aim.KEPT:
            return replace(UNKNOWN, value=sign * stage.value, reached=Way.KEPT)
        claimed = Known(sign * stage.value, Way.SOLVED, sign * stage.bound, Way.SOLVED, Proof.CLAIMED)
        if not made.proved:
            return claimed
        first = made.proved[0]
        return replace(claimed, bound=sign * first.bound, proof=proof_of(made.space, first)).tighter(claimed)


_NO_TIME = Text(
    "The time limit was reached before this solve began. Allow more time.", "求解开始前已达到时间限制。请增加时间。"
)
