"""Whether any plan exists: a search for whole money that obeys every rule, whatever it is worth."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.errors import ExactMoneyError, InfeasibleError, NoPlanError
from clusteropt.inputs.problem import Objective, ObjectiveKind
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.outcome import evaluate, needed_total
from clusteropt.model.space import make_space
from clusteropt.plan.making import COARSE, make
from clusteropt.plan.rounding import round_money
from clusteropt.plan.stage_values import WHOLE_MOST
from clusteropt.plan.zero import allows_no_money, no_money
from clusteropt.solver.claim import Limit
from clusteropt.solver.points import carry, to_units
from clusteropt.solver.scaling import to_program

if TYPE_CHECKING:
    from clusteropt.diagnosis.trial import Trials
    from clusteropt.inputs.problem import Floats, Ints, Problem
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.space import Space

ROUNDING_S = 5.0
"""Time for the rounding of one plan."""
TARGET_GAPS = (1e-2, 1e-4, 1e-7)
"""How closely the largest outcome is searched, one after the other, until it is above or below a target."""


@dataclass(frozen=True, slots=True, eq=False)
class Existence:
    """Whether a plan exists, and one that shows it.

    Parameters
    ----------
    exists : bool or None
        True with ``money``; False as the solver claims; None if nothing was found in time.
    money : array of shape (num_flows,) or None
        Whole units of a plan that obeys every rule, checked in integers.
    formulation : Formulation or None
        What has no solution, where that is claimed of one formulation alone.
    """

    exists: bool | None
    money: Ints | None = None
    formulation: Formulation | None = None


def bare(problem: Problem) -> Problem:
    """Take the outcomes out of a problem: what is left says who may get which money, and nothing else."""
    return replace(
        problem,
        effect=np.zeros_like(problem.effect),
        depreciation=np.ones_like(problem.depreciation),
        lag=np.zeros_like(problem.lag),
        arriving=None,
        synergies=(),
        spill_from=np.zeros(0, np.int32),
        spill_to=np.zeros(0, np.int32),
        spill_share=np.zeros(0),
        objective=Objective(),
    )


def is_coarse(space: Space) -> bool:
    """Tell whether amounts are so few that they are searched one by one."""
    return int(space.flow_most.max(initial=0)) <= COARSE and space.num_flows <= COARSE


def find_plan(problem: Problem, trials: Trials) -> Existence:
    """Search for any plan in whole units that obeys every rule and reaches the target if there is one.

    Parameters
    ----------
    problem : Problem
        What is to be planned.
    trials : Trials
        Where to search, and until when.
    """
    found = _found(problem, trials)
    space = make_space(problem)
    # A claim that no plan exists stands on our arrays; no money at all is checked against the rules themselves.
    return Existence(True, no_money(space)) if not found.exists and allows_no_money(space) else found


def _found(problem: Problem, trials: Trials) -> Existence:
    if problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        return _reach(problem, trials)
    space = make_space(bare(problem))
    coarse = is_coarse(space)
    found = _search(space, trials, whole_money=coarse)
    if found.exists is None and not coarse and not trials.over and int(space.flow_most.max(initial=0)) <= WHOLE_MOST:
        return _search(space, trials, whole_money=True)
    return found


def plan_near(problem: Problem, near: tuple[Formulation, Floats], trials: Trials) -> Existence:
    """Search for a plan with the choices of a point of another formulation; quick, but it may miss what exists.

    Parameters
    ----------
    problem : Problem
        What is to be planned; a target is not looked at, so there must be none.
    near : (Formulation, array)
        A formulation of a problem with the same cells, and a point of it.
    trials : Trials
        Where to search, and until when.
    """
    space, (other, x) = make_space(bare(problem)), near
    formulation = formulate(space, first_grid(make_curves(space)), whole_money=other.whole_money)
    answer = trials.polish(formulation, to_program(formulation), carry(x, other, formulation))
    return Existence(None) if answer.x is None else _round(formulation, answer.x, trials)


def best_plan(problem: Problem, trials: Trials) -> Ints | None:
    """Give the whole money of a plan with the largest total outcome, to the last gap; None if there is none in time."""
    left = trials.deadline - time.monotonic()
    if left <= 0:
        return None
    options = replace(trials.options, relative_gap=TARGET_GAPS[-1], time_limit_s=left)
    try:
        return make(replace(problem, objective=Objective()), options).money
    except (NoPlanError, ExactMoneyError):
        return None
    except KeyboardInterrupt:
        trials.stopped = Limit.INTERRUPT
        return None


def _search(space: Space, trials: Trials, *, whole_money: bool) -> Existence:
    formulation = formulate(space, first_grid(make_curves(space)), whole_money=whole_money)
    answer = trials.settle(formulation, to_program(formulation))
    if answer.x is None:
        return Existence(answer.exists, None, formulation)
    return _round(formulation, answer.x, trials)


def _round(formulation: Formulation, point: Floats, trials: Trials) -> Existence:
    x = formulation.rounded(point)
    deadline = min(time.monotonic() + ROUNDING_S, max(trials.deadline, time.monotonic() + 0.1))
    try:
        money = round_money(formulation, x, to_units(formulation, x), (trials.guard, deadline))
    except (NoPlanError, ExactMoneyError):
        return Existence(None)
    return Existence(True, money)


def _reach(problem: Problem, trials: Trials) -> Existence:
    """Search for the largest outcome until it is known on which side of the target it is."""
    needed = needed_total(problem)
    largest = replace(problem, objective=Objective())
    space = make_space(problem)
    for gap in TARGET_GAPS:
        left = trials.deadline - time.monotonic()
        if left <= 0:
            break
        try:
            made = make(largest, replace(trials.options, relative_gap=gap, time_limit_s=left))
        except InfeasibleError:
            return Existence(False)
        except (NoPlanError, ExactMoneyError):
            break
        except KeyboardInterrupt:
            trials.stopped = Limit.INTERRUPT
            break
        if evaluate(space, made.money.astype(float)).total >= needed:
            return Existence(True, made.money)
        found = made.stages[0]
        if found.bound < needed:
            return Existence(False)
        if found.limit is Limit.INTERRUPT:
            trials.stopped = Limit.INTERRUPT
            break
    return Existence(None)
