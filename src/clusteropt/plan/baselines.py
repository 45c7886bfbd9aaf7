"""Comparisons: how else the money might have been shared, under the same rules as far as that sharing can meet them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.domain import Feature
from clusteropt.errors import ClusteroptError
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.blocks import add_up, pick
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.outcome import evaluate, objective_value, with_equity_scale
from clusteropt.model.space import make_space
from clusteropt.plan.plan import Baseline, BaselineKind, Plan
from clusteropt.plan.rounding import round_money
from clusteropt.solver.claim import HighsOptions, Limit
from clusteropt.solver.guard import Guard, fault_notes
from clusteropt.solver.hearing import Task
from clusteropt.solver.points import choices, to_units
from clusteropt.solver.program import make_program
from clusteropt.solver.refusal import no_plan
from clusteropt.solver.runner import Runner
from clusteropt.solver.scaling import choose_scaling
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Floats, Ints, Problem
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.space import Space
    from clusteropt.solver.program import Program

VALUE_ROWS = frozenset(
    (
        "curve",
        "harm_split",
        "harm_fill",
        "harm_next",
        "joint_outcome",
        "worst_region",
        "floor",
        "equity_curve",
        "target",
    )
)
"""Rows that say what money is worth; a baseline does not ask."""
ROUNDING_S = 5.0
"""Time for the rounding of one way."""
SHORTEST_S = 0.1
"""No way gets less time than this."""
MOVE_GAP = 1e-2
"""Relative gap of the search for the nearest sharing that meets the rules."""


@dataclass(frozen=True, slots=True, eq=False)
class _Shared:
    kind: BaselineKind
    wanted: Floats
    money: Ints


def compare(problem: Problem, plan: Plan, options: SolveOptions | None = None) -> Plan:
    """Add to a plan what other ways of sharing would give.

    Each way first splits every purse over the cells that may draw on it, then moves as little money as possible to
    meet every rule, on whole units: the smallest sum over cells of what is missing to the wanted amount, less half of
    what is beyond it, so that money which one cell may not have goes to another before it stays unspent. (The last
    plan, and any way for least money, wants no more than it names: there a unit beyond counts like one missing.)

    The ways: pro rata to the size of the clusters, equal shares, the last plan, and the factor formula with the
    weights of the model. Within a cluster, pro rata and factors follow the scale of the levers (with elasticities:
    what is spent today). For least money the purses are shrunk in proportion to the plan's own money.

    Parameters
    ----------
    problem : Problem
        What was planned.
    plan : Plan
        Its plan.
    options : SolveOptions, optional
        Limits; those of the problem if not given. The ways share the time.

    Returns
    -------
    Plan
        The same plan with ``baselines``; a way that no whole amounts near it can meet is left out, with a note.
        After Ctrl-C those found so far.
    """
    chosen = options or problem.options
    space = make_space(with_equity_scale(make_space(problem)))
    formulation = formulate(space, first_grid(make_curves(space)))
    until = time.monotonic() + chosen.time_limit_s
    baselines, notes = [], []
    with Runner(chosen.isolation) as runner, Guard(runner, until) as guard:
        ways = _ways(space, plan)
        for position, (kind, wanted) in enumerate(ways):
            share = replace(chosen, time_limit_s=max((until - time.monotonic()) / (len(ways) - position), SHORTEST_S))
            try:
                beyond = -1.0 if _wants_no_more(problem, kind) else 0.5
                money = _nearest(formulation, (wanted, beyond), share, guard)
            except KeyboardInterrupt:
                notes.append(_STOPPED)
                break
            except ClusteroptError as error:
                notes.append(_left_out(kind, error))
                continue
            baselines.append(_measure(space, plan, _Shared(kind, wanted, money)))
    notes += [note for note in fault_notes(guard.faults) if note not in plan.notes]
    record = replace(plan.record, faults=plan.record.faults + guard.faults)
    return replace(plan, baselines=tuple(baselines), notes=plan.notes + tuple(notes), record=record)


def _ways(space: Space, plan: Plan) -> list[tuple[BaselineKind, Floats]]:
    problem = space.problem
    cluster, lever = space.cell_cluster[space.flow_cell], space.cell_lever[space.flow_cell]
    mix = (problem.scale / problem.scale.sum(axis=1, keepdims=True))[cluster, lever]
    ways = [
        (BaselineKind.PRO_RATA, _split(space, plan, problem.size[cluster] * mix)),
        (BaselineKind.EQUAL, _split(space, plan, np.ones(space.num_flows))),
    ]
    if len(problem.last_plan.amount):
        ways.append((BaselineKind.LAST_PLAN, _last(space)))
    if problem.factor_weights:
        ways.append((BaselineKind.FACTORS, _split(space, plan, factor_score(problem)[cluster] * mix)))
    return ways


def factor_score(problem: Problem) -> Floats:
    """Score every cluster by the factor formula: sum over factors of weight times its share of the factor.

    A factor is the size or one of the five features; a feature not given counts as the mean of those given.

    Returns
    -------
    array of shape (num_clusters,)
    """
    score = np.zeros(problem.num_clusters)
    names = [feature.value for feature in Feature]
    for name, weight in problem.factor_weights.items():
        factor = problem.size if name == "size" else problem.features[:, names.index(name)]
        known = np.isfinite(factor)
        filled = np.where(known, factor, factor[known].mean() if known.any() else 1.0)
        score += weight * filled / max(float(filled.sum()), 1e-300)
    return score


def _split(space: Space, plan: Plan, key: Floats) -> Floats:
    problem = space.problem
    purse = space.flow_fund * problem.num_years + space.cell_year[space.flow_cell]
    key = np.where(space.flow_most > 0, key, 0.0)
    total = add_up(purse, key, problem.purse.size)[purse]
    share = np.divide(key, total, out=np.zeros_like(key), where=total > 0)
    held = problem.purse.ravel().astype(float)
    if problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        held *= (plan.money_total + plan.programme_money) / max(float(held.sum()), 1.0)
    return np.append(held[purse] * share, np.zeros(space.num_picks))


def _last(space: Space) -> Floats:
    """Repeat the last plan every year, from its own funds or, where it names none, from any that may pay."""
    problem, last = space.problem, space.problem.last_plan
    wanted = np.zeros(space.num_amounts)
    pair = space.flow_cell // problem.num_years
    for cluster, lever, fund, amount in zip(last.cluster, last.lever, last.fund, last.amount, strict=True):
        mine = pair == int(cluster) * problem.num_levers + int(lever)
        if fund >= 0:
            mine &= space.flow_fund == fund
        for year in range(problem.num_years):
            flows = np.flatnonzero(mine & (space.cell_year[space.flow_cell] == year))
            if len(flows):
                wanted[flows] += float(amount) / len(flows)
    return wanted


def _wants_no_more(problem: Problem, kind: BaselineKind) -> bool:
    return kind is BaselineKind.LAST_PLAN or problem.objective.kind is ObjectiveKind.LEAST_MONEY


def _nearest(formulation: Formulation, aim_at: tuple[Floats, float], options: SolveOptions, guard: Guard) -> Ints:
    """Find the whole money nearest to what is wanted, cell by cell, that meets every rule."""
    wanted, beyond = aim_at
    space, num_cols = formulation.space, formulation.num_cols
    cells = np.unique(space.flow_cell)
    num, per_printed = len(cells), space.problem.money.per_printed
    aim = (space.cell_flows @ wanted)[cells] / per_printed
    spend = sparse.hstack([(space.cell_flows @ formulation.columns.flow)[cells], sparse.csr_matrix((num, 2 * num))])
    short = pick(num, np.arange(num), num_cols + np.arange(num), 1.0, num_cols + 2 * num)
    over = pick(num, np.arange(num), num_cols + num + np.arange(num), 1.0, num_cols + 2 * num)
    kept = [block for block in formulation.rows if block.name not in VALUE_ROWS]
    rules = sparse.vstack([sparse.csr_matrix((0, num_cols)), *(block.matrix for block in kept)])
    wide = sparse.hstack([rules, sparse.csr_matrix((rules.shape[0], 2 * num))])
    matrix = sparse.csr_matrix(sparse.vstack([wide, spend + short - over]))
    lower = np.concatenate([np.zeros(0), *(block.lower for block in kept), aim])
    upper = np.concatenate([np.zeros(0), *(block.upper for block in kept), aim])
    col_lower = np.append(formulation.col_lower, np.zeros(2 * num))
    most = np.maximum(space.cell_most[cells] / per_printed, aim)
    col_upper = np.concatenate((formulation.col_upper, aim, most))
    cost = np.concatenate((np.zeros(num_cols), np.full(num, -1.0), np.full(num, beyond)))
    integer = np.append(formulation.integer, np.zeros(2 * num, bool))
    program = make_program(matrix, (lower, upper, col_lower, col_upper), cost, integer)
    x = _settle(formulation, program, options, guard)
    # Without the rows of value: a sharing does not have to reach the target of the plan.
    bare = replace(formulation, rows=tuple(kept))
    return round_money(bare, x, to_units(formulation, x), (guard, time.monotonic() + ROUNDING_S))


def _settle(formulation: Formulation, program: Program, options: SolveOptions, guard: Guard) -> Floats:
    """Solve a program, then its money with the choices fixed; give the columns of the formulation."""
    scaling, num_cols = choose_scaling(formulation, program), formulation.num_cols
    scaled = scaling.scale(program)
    limit = HighsOptions(options.time_limit_s, MOVE_GAP, options.threads, options.seed, feasibility_tolerance=1e-7)
    guarded = guard.run(Task("baseline", scaled, entire=True), limit, time.monotonic() + options.time_limit_s)
    claim = scaling.unscale(guarded.claim)
    if guarded.stopped is Limit.INTERRUPT:
        raise KeyboardInterrupt
    if claim.x is None:
        raise no_plan(claim)
    exact = HighsOptions(options.time_limit_s, threads=options.threads, random_seed=options.seed)
    fixed = np.append(choices(claim.x[:num_cols], formulation), np.full(len(claim.x) - num_cols, np.nan))
    task = Task("baseline", scaled.fixed(scaling.point(fixed)))
    polished = scaling.unscale(guard.run(task, exact, time.monotonic() + options.time_limit_s).claim)
    return (claim.x if polished.x is None else polished.x)[:num_cols]


def _measure(space: Space, plan: Plan, shared: _Shared) -> Baseline:
    money = shared.money.astype(float)
    outcome = evaluate(space, money)
    awarded, wanted = (space.cell_flows @ amount for amount in (money, shared.wanted))
    objective = space.problem.objective
    if plan.stages[0].kind is None:
        value, goal = outcome.total, plan.total_outcome
    elif objective.kind is ObjectiveKind.LEAST_MONEY:
        value, goal = outcome.total, objective.target or 0.0
    else:
        value, goal = objective_value(space, money, outcome), plan.value
    return Baseline(
        kind=shared.kind,
        value=value,
        total_outcome=outcome.total,
        money=int(space.unit_cost @ shared.money),
        moved=round(float(np.maximum(wanted - awarded, 0.0).sum())),
        gain=(goal - value) / abs(value) if value else float("inf") if goal else 0.0,
    )


_STOPPED = Text("The comparison was stopped before all ways were tried.", "比较在尝试所有方式之前被中止。")


def _left_out(kind: BaselineKind, error: ClusteroptError) -> Text:
    return Text(
        f"The baseline {kind.value} is left out: {error.message.en}",
        f"未列出基准方案 {kind.value}:{error.message.zh}",
    )
