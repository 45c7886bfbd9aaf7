"""Exact money: whole amounts near a solution that obey every rule in integers, or none at all.

The choices of the solution stay; each flow moves from its floor by a few whole units. Which, is a small integer
program whose limits are what the exact rows leave in Python integers, so its numbers are small whatever the
budget is. What comes out is checked again in Python integers; where no whole amounts are found the plan is refused.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.errors import ExactMoneyError
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.blocks import tidy
from clusteropt.model.curves import live_regions, region_units
from clusteropt.model.money_rules import MONEY_RULES, MoneyRow, all_hold
from clusteropt.model.outcome import evaluate, marginal, needed_total
from clusteropt.model.response import FAMILIES, curve_slope
from clusteropt.model.rows import counted_flows
from clusteropt.model.soft_floors import soft_rows
from clusteropt.plan.late import out_of_time, own_out_of_time
from clusteropt.plan.movable import cell_rows, choose_movable
from clusteropt.solver.claim import HighsOptions, Limit
from clusteropt.solver.hearing import Task
from clusteropt.solver.mixture import flow_of_columns
from clusteropt.solver.points import finest, own_shortfalls, true_point
from clusteropt.solver.program import make_program
from clusteropt.solver.scaling import DUST, choose_scaling, to_program
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.formulation import Formulation
    from clusteropt.solver.claim import Claim
    from clusteropt.solver.guard import Guard
    from clusteropt.solver.program import Program

SHORTEST_S = 0.1
"""No small program gets less time than this."""
WORST_ROOM = 1e-6
"""Regions this close to the worst count as worst while units are rounded."""
BLIND = 1e-8
"""A choice that may carry less than this part of its most can be none to HiGHS, however closely it looks."""
TOO_FINE = Text(
    " Or an award or a draw of one unit is too little to be seen beside others: count money in a larger unit.",
    "也可能是一个货币单位的拨款或支取与其他金额相比过小, 无法分辨:请改用更大的货币单位。",
)
RADII = (0, 2, 16, 256)
"""How far below its floor (and above its ceiling) a flow may move, tried in order."""


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """The whole limits that the choices of a solution leave.

    Parameters
    ----------
    cell_lower, cell_upper : arrays of shape (num_cells,)
        Whole units of every cell.
    flow_lower, flow_upper : arrays of shape (num_amounts,)
        Whole units of every flow; picks as they are.
    """

    cell_lower: Ints
    cell_upper: Ints
    flow_lower: Ints
    flow_upper: Ints


def read_choices(formulation: Formulation, x: Floats) -> Choices:
    """Read the limits on cells and flows from the whole columns of a solution."""
    space = formulation.space
    lower, upper = np.zeros(space.num_cells, np.int64), space.cell_most.copy()
    on = np.round(formulation.columns.on @ x[: formulation.columns.num]) > 0
    least = np.maximum(space.problem.least.ravel(), 1)[np.arange(space.num_cells) // space.problem.num_years]
    lower[space.gated & on] = least[space.gated & on]
    upper[(space.gated | space.from_menu) & ~on] = 0
    level = formulation.columns.block("level")
    if level is not None:
        chosen = np.round(x[level.positions]) > 0
        amount = space.problem.menus.amount[space.level_menu[chosen]]
        lower[space.level_cell[chosen]] = upper[space.level_cell[chosen]] = amount
    picks = np.zeros(space.num_picks, np.int64)
    pick = formulation.columns.block("pick")
    if pick is not None:
        picks[:] = np.round(x[pick.positions])
    flow_lower = np.append(np.zeros(space.num_flows, np.int64), picks)
    flow_upper = np.append(space.flow_most, picks)
    draws = formulation.columns.block("draw_on")
    if draws is not None:
        counted = counted_flows(space)
        drawn = np.round(x[draws.positions]) > 0
        flow_lower[counted[drawn]] = 1
        flow_upper[counted[~drawn]] = 0
    _keep_bounds(formulation, flow_lower, flow_upper)
    return Choices(lower, upper, flow_lower, flow_upper)


def _keep_bounds(formulation: Formulation, flow_lower: Ints, flow_upper: Ints) -> None:
    """Tighten the limits of flows whose column the caller bounded or fixed, exactly and in place."""
    block = formulation.columns.block("flow")
    if block is None:
        return
    lower, upper = (side[block.positions] for side in (formulation.col_lower, formulation.col_upper))
    flows = flow_of_columns(formulation)
    for k in np.flatnonzero((lower != block.lower) & np.isfinite(lower)):
        limit = Fraction(repr(float(lower[k]))) * formulation.problem.money.per_printed
        flow_lower[flows[k]] = max(int(flow_lower[flows[k]]), -((-limit.numerator) // limit.denominator))
    for k in np.flatnonzero((upper != block.upper) & np.isfinite(upper)):
        limit = Fraction(repr(float(upper[k]))) * formulation.problem.money.per_printed
        flow_upper[flows[k]] = min(int(flow_upper[flows[k]]), limit.numerator // limit.denominator)


def exact_rows(formulation: Formulation, x: Floats) -> list[MoneyRow]:
    """Collect every exact limit on whole money: purses, rules, and the caller's own rows over money and choices."""
    rows = [row for function in MONEY_RULES for row in function(formulation.space)]
    return rows + _own_rows(formulation, x)


def round_money(formulation: Formulation, x: Floats, money: Floats, run: tuple[Guard, float]) -> Ints:
    """Find whole amounts near a solution that obey every rule exactly.

    Parameters
    ----------
    formulation : Formulation
        The formulation solved.
    x : array of shape (num_cols,)
        Its solution; the whole columns are kept.
    money : array of shape (num_amounts,)
        The money of the solution in whole units, not rounded.
    run : (Guard, float)
        Where the small integer programs run, and the ``time.monotonic()`` by which it must have ended.

    Returns
    -------
    array of shape (num_amounts,)
        Whole units.

    Raises
    ------
    ExactMoneyError
        If no whole amounts within the largest radius obey every rule.
    NoIncumbentError
        If time ran out before the largest radius was tried to the end.
    """
    choices, rows = read_choices(formulation, x), exact_rows(formulation, x)
    base = _base(choices, money)
    # Where choices say what every flow carries there is nothing to move.
    settled = formulation.whole_money or formulation.columns.block("flow") is None
    if settled and _stands(formulation, (choices, rows), base):
        return base
    gain, safeties = _gains(formulation, money), _safeties(formulation)
    done: Counter[int] = Counter()
    tries = product(_tries(formulation, money, (choices, rows)), safeties) if len(base) else ()
    for (asked, rise, radius), safety in tries:
        if time.monotonic() > run[1]:
            break
        rises = (money > base).astype(np.int64) if rise is None else rise
        moves = np.ones(len(base), bool) if rise is None else rise > 0
        limits = asked + _cell_rows(formulation, choices, moves)
        need = _need(formulation, base, safety)
        rounded, cut = _nearest((base, rises, moves), choices, limits, (gain, need), (radius, *run))
        if rounded is not None and _stands(formulation, (choices, asked), rounded):
            return rounded
        done[radius] += asked is rows and rise is None and not cut
    # What the largest radius denies is denied in all; where time ended it, nothing is known of whole amounts.
    if len(base) and done[RADII[-1]] < len(safeties):
        raise out_of_time(max((radius for radius in RADII if done[radius] == len(safeties)), default=None))
    raise _refusal(formulation, [row for row in rows if row.excess(base)])


def _tries(
    formulation: Formulation, money: Floats, limits: tuple[Choices, list[MoneyRow]]
) -> list[tuple[list[MoneyRow], Ints | None, int]]:
    """Give what is asked, what rises how far, and the radius of all moves, in order: the most that is asked first."""
    choices, rows = limits
    # Soft floors keep what they have of the solution first: a floor missed by one yuan reads as a mistake.
    soft = _soft_rows(formulation, money)
    cells = choices.cell_lower, choices.cell_upper
    few = choose_movable(formulation.space, (money, _base(choices, money)), rows + soft, cells)
    asked = [rows + soft, rows] if soft else [rows]
    some = [] if few is None else [(few, radius) for radius in RADII[:2]]
    return [(one, *how) for one in asked for how in [*some, *((None, radius) for radius in RADII)]]


def _cell_rows(formulation: Formulation, choices: Choices, moves: np.ndarray) -> list[MoneyRow]:
    cells = np.unique(formulation.space.flow_cell[moves[: formulation.space.num_flows]])
    return cell_rows(formulation.space, (choices.cell_lower, choices.cell_upper), cells)


def floored(formulation: Formulation, x: Floats, money: Floats) -> Ints | None:
    """Cut money to whole units; None where that breaks a rule or misses the target. Parameters as in `round_money`."""
    choices = read_choices(formulation, x)
    base = _base(choices, money)
    return base if _stands(formulation, (choices, exact_rows(formulation, x)), base) else None


def _base(choices: Choices, money: Floats) -> Ints:
    return np.clip(_snap(money), choices.flow_lower, choices.flow_upper)


def _stands(formulation: Formulation, limits: tuple[Choices, list[MoneyRow]], money: Ints) -> bool:
    """Tell whether every rule and the target hold, and every cell gets what its choice allows."""
    space, (choices, rows) = formulation.space, limits
    amount = np.zeros(space.num_cells, np.int64)
    np.add.at(amount, space.flow_cell, money[: space.num_flows])
    # What no money reaches has no choice.
    cells = np.unique(space.flow_cell)
    fits = ((amount >= choices.cell_lower) & (amount <= choices.cell_upper))[cells].all()
    return bool(fits) and all_hold(rows, money) and _reaches(formulation, money)


def _soft_rows(formulation: Formulation, money: Floats) -> list[MoneyRow]:
    """Ask of soft floors what the solution gives them, and no more than they ask."""
    found = []
    for row in soft_rows(formulation.space):
        reached = math.floor(float(row.coef @ money[row.flow]) + 1e-6)
        found.append(replace(row, lower=min(row.lower or 0, reached)))
    return found


def settle_own(formulation: Formulation, x: Floats, money: Ints, run: tuple[Guard, float]) -> float:
    """Put whole amounts back into a model with the caller's own parts, and give their objective there.

    Raises
    ------
    ExactMoneyError
        If no values of the other columns go with the whole amounts.
    NoIncumbentError
        If time ran out before that was known.
    """
    program = to_program(formulation)
    # The floor of a second stage is what the first reached before rounding; whole amounts cannot hold it to the digit.
    program.row_lower[formulation.row_positions("floor")] = -np.inf
    scaling = choose_scaling(formulation, program)
    fixed = program.fixed(np.where(formulation.integer, x, np.nan))
    flow = formulation.columns.block("flow")
    if flow is not None:
        amount = money[flow_of_columns(formulation)] / formulation.problem.money.per_printed
        fixed.col_lower[flow.positions] = fixed.col_upper[flow.positions] = amount
    claim = scaling.unscale(_run(scaling.scale(fixed), HighsOptions(0.0, feasibility_tolerance=1e-6), run))
    if claim.x is None and claim.limit is Limit.TIME:
        raise own_out_of_time()
    true = None if claim.x is None else true_point(formulation, claim.x)
    if true is None or (own_shortfalls(formulation, true) > 0).any():
        raise ExactMoneyError(
            Text(
                "Whole amounts near the optimum break a constraint of your own that is not on money alone. "
                "Give it a little room.",
                "最优解附近的整数金额违反了您添加的(不只涉及资金的)约束。请略微放宽。",
            )
        )
    return float(formulation.cost @ true)


def _snap(money: Floats) -> Ints:
    # The solver's last digits are noise: 1199.9999999 is 1200, not 1199.
    near = np.round(money)
    return np.where(abs(money - near) <= 1e-6 * np.maximum(1.0, abs(money) * 1e-6), near, np.floor(money)).astype(
        np.int64
    )


def _gains(formulation: Formulation, money: Floats) -> Floats:
    """Weigh the units: what one more is worth, or minus one where the least money is wanted."""
    space = formulation.space
    if formulation.own_objective:
        worth = _own_gains(formulation, money)
    elif formulation.problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        return np.append(np.full(space.num_flows, -1.0), np.zeros(space.num_picks))
    else:
        worth = np.append(marginal(space, money, _objective_weight(formulation, money)), np.zeros(space.num_picks))
    return worth / max(float(abs(worth).max(initial=0.0)), 1e-300)


def _objective_weight(formulation: Formulation, money: Floats) -> Floats:
    """Give what a unit of outcome of each cell counts in the objective near a solution, shape (num_cells,).

    Where regions are compared: the slope of the equity curve at each region, or all to the worst regions and a
    thousandth to the others, whose outcome comes second.
    """
    space, problem = formulation.space, formulation.problem
    discount = space.discount[space.cell_year]
    if problem.objective.kind is ObjectiveKind.TOTAL:
        return space.cluster_weight[space.cell_cluster] * discount
    units = region_units(space)
    level = evaluate(space, money).region / units
    if problem.objective.kind is ObjectiveKind.EQUITY:
        code = np.full(len(units), FAMILIES.index(problem.objective.equity_family))
        regional = curve_slope(code, np.full(len(units), problem.objective.equity_scale or 1.0), level)
    else:
        alive = live_regions(space)
        worst = (
            level <= level[alive].min(initial=np.inf) * (1 + WORST_ROOM) if len(alive) else np.ones(len(units), bool)
        )
        regional = np.where(worst, 1.0, 1e-3) / units
    return np.asarray(space.region_weight.T @ regional)[space.cell_cluster] * discount


def _safeties(formulation: Formulation) -> tuple[float, ...]:
    """Give what to ask beyond a target, in units of the best flow: the first try asks for nothing more."""
    asked = formulation.row_positions("target").size
    return (0.0, 0.01, 1.0, 3.0) if asked else (0.0,)


def _need(formulation: Formulation, base: Ints, safety: float) -> tuple[Floats, float] | None:
    """Give the worth of a unit on every flow, and how much of it the target still misses at the floors.

    The curves are concave, so the worth is at most this; what that costs shows in the check, and the next safety
    asks for more.
    """
    if len(_safeties(formulation)) == 1:
        return None
    money = base.astype(float)
    worth = np.append(marginal(formulation.space, money), np.zeros(formulation.space.num_picks))
    missing = needed_total(formulation.problem) - evaluate(formulation.space, money).total
    # Where no unit is worth anything, as at the floors of stocks that only levels feed, nothing scales what is missing.
    largest = float(worth.max(initial=0.0)) or 1.0
    return worth / largest, missing / largest + safety


def _own_gains(formulation: Formulation, money: Floats) -> Floats:
    """Weigh the units by the caller's objective: its coefficients of money, and of outcome times the slope."""
    space, columns = formulation.space, formulation.columns
    sign = 1.0 if formulation.maximise else -1.0
    direct = np.zeros(space.num_amounts)
    flow, outcome = columns.block("flow"), columns.block("outcome")
    if flow is not None:
        direct[flow_of_columns(formulation)] = formulation.cost[flow.positions] / formulation.problem.money.per_printed
    weight = np.zeros(space.num_cells)
    if outcome is not None:
        weight[formulation.grid.curves.cells] = formulation.cost[outcome.positions]
    return sign * (direct + np.append(marginal(space, money, weight), np.zeros(space.num_picks)))


def _nearest(
    near: tuple[Ints, Ints, np.ndarray],
    choices: Choices,
    rows: list[MoneyRow],
    aim: tuple[Floats, tuple[Floats, float] | None],
    search: tuple[int, Guard, float],
) -> tuple[Ints | None, bool]:
    """Find the best moves within a radius that the rows, and what the target needs, leave; None if there are none.

    Tell also whether time ended it before that was known.
    """
    base, rise, moves = near
    gain, need = aim
    radius, guard, deadline = search
    now = time.monotonic()
    low = np.maximum(choices.flow_lower - base, -radius).astype(float)
    high = np.minimum(choices.flow_upper - base, radius + rise).astype(float)
    low[~moves] = high[~moves] = 0.0
    if radius == RADII[0]:
        # Units left over go to draws that exist: an award of one yuan is right but reads as a mistake.
        high[(base == 0) & (choices.flow_lower == 0)] = 0.0
    left = [_residual(row, base, low, high) for row in rows]
    beyond = need is not None and need[1] > float(np.maximum(need[0] * low, need[0] * high).sum())
    if beyond or any(limits is None for limits in left):
        return None, False
    kept = [(row, limits) for row, limits in zip(rows, left, strict=True) if limits not in (None, _OPEN)]
    matrix = _stack([row for row, _ in kept], len(base))
    limits = [limits for _, limits in kept if limits is not None]
    if need is not None:
        matrix = sparse.vstack([matrix, sparse.csr_matrix(need[0][None, :])], format="csr")
        limits.append((need[1], np.inf))
    sides = np.array(limits).reshape(-1, 2)
    size = np.maximum(abs(matrix).max(axis=1).toarray().ravel(), 1.0) if limits else np.zeros(0)
    scaled = sparse.csr_matrix(sparse.diags(1 / size) @ matrix) if limits else matrix
    scaled.data[abs(scaled.data) <= DUST] = 0.0
    bounds = (sides[:, 0] / size, sides[:, 1] / size, low, high)
    program = make_program(tidy(scaled), bounds, gain, high > low)
    options = HighsOptions(0.0, mip_rel_gap=1e-3, feasibility_tolerance=1e-9)
    claim = _run(program, options, (guard, now + (deadline - now) / 2))
    rounded = None if claim.x is None else base + np.round(claim.x).astype(np.int64)
    return rounded, claim.limit is Limit.TIME


def _run(program: Program, options: HighsOptions, run: tuple[Guard, float]) -> Claim:
    """Run a small program; its "infeasible" may cost a plan that exists, so a quick one is doubted."""
    guard, until = run
    return guard.run(Task("rounding", program, entire=True), options, max(until, time.monotonic() + SHORTEST_S)).claim


_OPEN = (-np.inf, np.inf)


def _residual(row: MoneyRow, base: Ints, low: Floats, high: Floats) -> tuple[float, float] | None:
    """Give what a row leaves to the moves: infinite if no move can break it, None if none can mend it."""
    activity = row.activity(base)
    moves_low, moves_high = low[row.flow], high[row.flow]
    smallest = int(np.minimum(row.coef * moves_low, row.coef * moves_high).sum())
    largest = int(np.maximum(row.coef * moves_low, row.coef * moves_high).sum())
    lower = -np.inf if row.lower is None else row.lower - activity
    upper = np.inf if row.upper is None else row.upper - activity
    if lower > largest or upper < smallest:
        return None
    return (lower if lower > smallest else -np.inf, upper if upper < largest else np.inf)


def _stack(rows: list[MoneyRow], num_amounts: int) -> sparse.csr_matrix:
    sizes = [len(row.flow) for row in rows]
    flow = np.concatenate([np.zeros(0, np.int64), *(row.flow for row in rows)])
    coef = np.concatenate([np.zeros(0), *(row.coef.astype(float) for row in rows)])
    return sparse.csr_matrix((coef, (np.repeat(np.arange(len(rows)), sizes), flow)), (len(rows), num_amounts))


def _own_rows(formulation: Formulation, x: Floats) -> list[MoneyRow]:
    """Turn the caller's rows over flows and choices into exact rows: fixed choices become constants."""
    extra = next((block for block in formulation.rows if block.name == "own"), None)
    if extra is None:
        return []
    columns, num_amounts = formulation.columns, formulation.space.num_amounts
    flow_block = columns.block("flow")
    flow_of_col = np.full(formulation.num_cols, -1)
    if flow_block is not None:
        coo = columns.flow.tocoo()
        alone = np.isin(coo.col, flow_block.positions)
        flow_of_col[coo.col[alone]] = coo.row[alone]
    found = []
    for number in range(len(extra.lower)):
        part = extra.matrix[number].tocoo()
        row = _own_row(formulation, x, flow_of_col, (number, part.col, part.data))
        if row is not None:
            lower, upper = float(extra.lower[number]), float(extra.upper[number])
            found.append(_limited(row, lower, upper, num_amounts))
    return found


def _own_row(formulation: Formulation, x: Floats, flow_of_col: Ints,
             entries: tuple[int, Ints, Floats]) -> tuple[int, Ints, list[Fraction], Fraction] | None:  # fmt: skip
    number, cols, data = entries
    constant, flows, coefs = Fraction(0), [], []
    for col, value in zip(cols, data, strict=True):
        if flow_of_col[col] >= 0:
            flows.append(int(flow_of_col[col]))
            coefs.append(Fraction(repr(float(value))) / formulation.problem.money.per_printed)
        elif formulation.integer[col]:
            constant += Fraction(repr(float(value))) * round(float(x[col]))
        else:
            return None
    return number, np.array(flows, np.int64), coefs, constant


def _limited(row: tuple[int, Ints, list[Fraction], Fraction], lower: float, upper: float, num: int) -> MoneyRow:
    number, flows, coefs, constant = row
    factor = int(np.lcm.reduce([c.denominator for c in coefs], dtype=object)) if coefs else 1
    low = None if lower == -np.inf else (Fraction(repr(lower)) - constant) * factor
    high = None if upper == np.inf else (Fraction(repr(upper)) - constant) * factor
    exact = [int(c * factor) for c in coefs]
    # A third of a flow beside a thousand of another needs more than 64 bits to be exact: Python integers then.
    small = all(abs(coef) < 2**62 for coef in exact)
    return MoneyRow(
        f"constraint {number + 1} of your own",
        (number, num),
        flows,
        np.array(exact, np.int64 if small else object),
        None if low is None else -((-low.numerator) // low.denominator),
        None if high is None else high.numerator // high.denominator,
    )


def _reaches(formulation: Formulation, money: Ints) -> bool:
    if not formulation.row_positions("target").size:
        return True
    return evaluate(formulation.space, money.astype(float)).total >= needed_total(formulation.problem)


def _refusal(formulation: Formulation, broken: list[MoneyRow]) -> ExactMoneyError:
    # Where no row is broken at the floors, it is the target or a limit with the exact choices that stands in the way.
    rest = "the target" if formulation.row_positions("target").size else "the choices of awards"
    names = ", ".join(sorted({row.name for row in broken})) or rest
    blind = finest(formulation) < BLIND
    return ExactMoneyError(
        Text(
            f"No whole amounts within {RADII[-1]} units of the optimum obey every rule exactly; in the way: {names}. "
            "An exact share or an equality between odd amounts is the usual cause: give it a little room."
            + (TOO_FINE.en if blind else ""),
            f"在最优解附近 {RADII[-1]} 个货币单位内,没有整数金额能精确满足所有规则;涉及:{names}。"
            "常见原因是精确比例或奇数金额之间的等式:请略微放宽。" + (TOO_FINE.zh if blind else ""),
        )
    )
