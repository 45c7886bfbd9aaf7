"""Formulations as a caller changes them, and small integer programs answered by trying all their points."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import product
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from clusteropt.inputs.problem import ResponseFamily
from clusteropt.model.curves import make_curves
from clusteropt.model.extras import Extras, attach
from clusteropt.model.formulation import Formulation, formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.space import make_space
from clusteropt.plan.rounding import round_money
from clusteropt.solver.claim import Claim, Limit, Reason
from tests.problems import plain_problem

OwnRow = tuple[dict[int, float], float, float]
"""Coefficients by column, and limits."""

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Problem
    from clusteropt.solver.claim import HighsOptions
    from clusteropt.solver.program import Program

NOTHING = Claim(Reason.NO_SOLUTION, Limit.TIME, None, -math.inf, math.inf)
MOST_POINTS = 20_000


@dataclass
class AllPoints:
    """Stands for the guard: answers small programs by trying every whole point, and keeps what it was asked."""

    most: int = MOST_POINTS
    programs: list[Program] = field(default_factory=list)
    options: list[HighsOptions] = field(default_factory=list)
    until: list[float] = field(default_factory=list)
    steps: list[tuple[str, bool]] = field(default_factory=list)

    def run(self, task: Any, options: HighsOptions, until: float) -> Any:
        """Give the claim on a task."""
        assert not np.isnan(np.concatenate([array.ravel() for array in task.program.arrays().values()])).any()
        self.programs.append(task.program)
        self.options.append(options)
        self.until.append(until)
        self.steps.append((task.step, task.entire))
        return SimpleNamespace(claim=self.claim(task.program))

    def claim(self, program: Program) -> Claim:
        """Try all points of a program; give up where there are too many."""
        assert program.integer.tolist() == (program.col_upper > program.col_lower).tolist()
        sides = [
            range(math.ceil(a), math.floor(b) + 1) for a, b in zip(program.col_lower, program.col_upper, strict=True)
        ]
        if math.prod(len(side) for side in sides) > self.most:
            return NOTHING
        matrix = dense(program)
        points = np.array(list(product(*sides)), float)
        level = points @ matrix.T
        good = ((level >= program.row_lower - 1e-9) & (level <= program.row_upper + 1e-9)).all(axis=1)
        if not good.any():
            return replace(NOTHING, reason=Reason.INFEASIBLE, limit=None)
        value = np.where(good, points @ program.cost, -math.inf)
        best = int(value.argmax())
        return Claim(Reason.OPTIMAL, None, points[best], float(value[best]), float(value[best]))


def dense(program: Program) -> Floats:
    """Give the rows of a program as a full matrix."""
    shape = (len(program.row_lower), len(program.cost))
    return sparse.csr_matrix((program.value, program.index, program.start), shape).toarray()


def formulated(problem: Problem, floor: float | None = None, whole: bool = False) -> Formulation:
    """Formulate a problem on the first grid of its curves."""
    space = make_space(problem)
    return formulate(space, first_grid(make_curves(space, total=floor is not None)), floor, whole)


def with_own(formulation: Formulation, rows: list[OwnRow], integer: tuple[bool, ...] = (),
             cost: dict[int, float] | None = None, maximise: bool = True) -> Formulation:  # fmt: skip
    """Add rows, columns from 0 to 9 and an objective as a caller would; coefficients go by column."""
    num = formulation.num_cols + len(integer)
    matrix = np.zeros((len(rows), num))
    for number, (coefs, _, _) in enumerate(rows):
        matrix[number, list(coefs)] = list(coefs.values())
    own_cost = None if cost is None else np.array([cost.get(position, 0.0) for position in range(num)])
    extras = Extras(
        columns=formulation.columns,
        matrix=sparse.csr_matrix(matrix),
        row_lower=np.array([low for _, low, _ in rows], float),
        row_upper=np.array([high for _, _, high in rows], float),
        col_lower=np.append(formulation.col_lower, np.zeros(len(integer))),
        col_upper=np.append(formulation.col_upper, np.full(len(integer), 9.0)),
        integer=np.array(integer, bool),
        cost=own_cost,
        offset=0.0,
        maximise=maximise,
    )
    return attach(formulation, extras)


def first(formulation: Formulation, name: str) -> int:
    """Give the position of the first column of a block."""
    block = formulation.columns.block(name)
    assert block is not None
    return block.first


def chosen_point(formulation: Formulation, chosen: dict[str, list[tuple[int, ...]]], one: float = 1.0) -> Floats:
    """Give the point where the choices with these keys are on, and nothing else is."""
    x = np.full(formulation.num_cols, 1 - one)
    for name, keys in chosen.items():
        block = formulation.columns.block(name)
        assert block is not None
        for key in keys:
            x[block.first + block.keys.tolist().index(list(key))] = one
    return x


def line(num: int, purse: int, *rules: Any, per_printed: int = 1) -> Problem:
    """Give linear cells, a unit of which is worth 2, 1.5, 1.25..."""
    effect = [[1 + 0.5**k] for k in range(num)]
    problem = plain_problem(effect, np.full((num, 1), 100.0), [[purse]], family=ResponseFamily.LINEAR)
    return replace(problem, rules=rules, money=replace(problem.money, per_printed=per_printed))


def rounded(formulation: Formulation, money: list[float], guard: AllPoints | None = None, x: Floats | None = None,
            deadline: float = math.inf) -> list[int]:  # fmt: skip
    """Round money near a point, by default one without choices."""
    point = np.zeros(formulation.num_cols) if x is None else x
    found = round_money(formulation, point, np.array(money, float), (guard or AllPoints(), deadline))
    assert found.dtype == np.int64
    return found.tolist()
