"""Scaling by powers of two, so that a solver sees numbers near one and no digit is lost.

Budgets in printed units reach 1e7 and more; HiGHS gives wrong answers or false infeasibility on large bounds
(ERGO-Code/HiGHS issues 2866 and 3296, both open for 1.15) and drops coefficients up to 1e-9.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.solver.program import Program, make_program

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats
    from clusteropt.model.formulation import Formulation
    from clusteropt.solver.claim import Claim
    from clusteropt.solver.reduced import Reduced

DUST = 1e-9
"""HiGHS drops coefficients up to this size (its option small_matrix_value)."""
LARGEST = 2.0**10
"""Where the largest money and the largest outcome of a scaled program stand."""


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """Powers of two between a program and its scaled form.

    Parameters
    ----------
    col : array of shape (num_cols,)
        A column is ``col`` times its scaled form.
    row : array of shape (num_rows,)
        A scaled row is ``row`` times the row.
    objective : float
        The scaled objective is this times the objective.
    """

    col: Floats
    row: Floats
    objective: float

    def scale(self, program: Program) -> Program:
        """Give the scaled program."""
        value = program.value * self.col[program.index] * np.repeat(self.row, np.diff(program.start))
        scaled = Program(
            start=program.start,
            index=program.index,
            value=value,
            row_lower=program.row_lower * self.row,
            row_upper=program.row_upper * self.row,
            col_lower=program.col_lower / self.col,
            col_upper=program.col_upper / self.col,
            cost=program.cost * self.col * self.objective,
            integer=program.integer,
        )
        return _without_dust(scaled)

    def reduced(self, reduced: Reduced) -> Reduced:
        """Give the scaled form of a program with columns taken out; rows are scaled by what is left."""
        program, col = reduced.program, self.col[reduced.kept]
        small = Scaling(col, _row_factors(program, col), self.objective).scale(program)
        rest = None if reduced.rest is None else reduced.rest / self.col
        return replace(reduced, program=small, rest=rest, offset=reduced.offset * self.objective)

    def point(self, x: Floats) -> Floats:
        """Give the scaled form of a point."""
        return x / self.col

    def unscale(self, claim: Claim) -> Claim:
        """Give a claim in the units of the program."""
        x = None if claim.x is None else claim.x * self.col
        dual = None if claim.dual is None else claim.dual * self.row / self.objective
        value, bound = claim.value / self.objective, claim.bound / self.objective
        return replace(claim, x=x, value=value, bound=bound, dual=dual)


def choose_scaling(formulation: Formulation, program: Program, *, rows: bool = True) -> Scaling:
    """Choose one factor for all money, one for all outcomes, and one for each row.

    One factor for all money keeps feasibility tolerances equal in yuan from purse to purse. Columns of the program
    beyond those of the formulation are money. Without ``rows`` those are left as they are.
    """
    col = np.ones(len(program.cost))
    money = np.append(formulation.columns.money, np.arange(formulation.num_cols, len(col)))
    col[money] = _power(program.col_upper[money])
    names = ("outcome", "synergy", "worst", "equity")
    found = [b.positions for b in formulation.columns.blocks if b.name in names]
    outcome = np.concatenate([np.zeros(0, np.int64), *found])
    reach = formulation.grid.curves.value(np.arange(formulation.grid.curves.num), formulation.grid.curves.reach)
    # Levels bring outcomes of their own, beside which curves that only a tiny stock feeds tell nothing of the size.
    most = program.col_upper[outcome]
    col[outcome] = _power(np.append(reach, most[np.isfinite(most)] / LARGEST))
    whole = np.flatnonzero(formulation.integer)
    col[whole] = formulation.step[whole]
    free = program.col_upper > program.col_lower
    row = _row_factors(program, col * free) if rows else np.ones(len(program.row_lower))
    return Scaling(col, row, 1 / _power((program.cost * col)[free]))


def to_program(formulation: Formulation) -> Program:
    """Give the arrays of a formulation as a program that is maximised."""
    # Copies: a search lifts the rows of its program, and the formulation must stay what the problem says.
    sides = (formulation.row_lower, formulation.row_upper, formulation.col_lower, formulation.col_upper)
    limits = tuple(side.copy() for side in sides)
    cost = formulation.cost if formulation.maximise else -formulation.cost
    return make_program(formulation.matrix, limits, cost, formulation.integer)


def _without_dust(program: Program) -> Program:
    """Take out coefficients that HiGHS would drop without a word, and widen their rows by the most they could do.

    A wider row keeps every point of the program, so a bound stays a bound. Where a column has no bounds the
    coefficient stays, and `highs.check_loadable` refuses it.
    """
    lower, upper = program.col_lower[program.index], program.col_upper[program.index]
    dust = (abs(program.value) <= DUST) & np.isfinite(lower) & np.isfinite(upper)
    if not dust.any():
        return program
    row = np.repeat(np.arange(len(program.row_lower)), np.diff(program.start))
    ends = np.stack((program.value * lower, program.value * upper))[:, dust]
    room_low, room_high = np.zeros(len(program.row_lower)), np.zeros(len(program.row_lower))
    np.add.at(room_low, row[dust], ends.min(axis=0))
    np.add.at(room_high, row[dust], ends.max(axis=0))
    kept = np.concatenate(([0], np.cumsum(~dust)))
    return replace(
        program,
        start=kept[program.start].astype(np.int64),
        index=program.index[~dust],
        value=program.value[~dust],
        row_lower=program.row_lower - room_high,
        row_upper=program.row_upper - room_low,
    )


def _power(values: Floats) -> float:
    finite = abs(values[np.isfinite(values)])
    largest = float(finite.max(initial=0.0))
    return 1.0 if largest == 0 else float(2.0 ** np.round(np.log2(largest / LARGEST)))


def _row_factors(program: Program, col: Floats) -> Floats:
    row = np.repeat(np.arange(len(program.row_lower)), np.diff(program.start))
    largest = np.zeros(len(program.row_lower))
    np.maximum.at(largest, row, abs(program.value * col[program.index]))
    return np.exp2(-np.round(np.log2(np.where(largest > 0, largest, 1.0))))
