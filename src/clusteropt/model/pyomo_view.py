"""A formulation as a Pyomo model that reads as if written by hand, and the way back. The only module with Pyomo.

Money in the view is in printed units (10,000 yuan unless the model says otherwise). Variables and constraints
carry the names of the blocks and the labels of the tables: ``model.flow["national", "C01", "talent", 2025]``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression
from pyomo.repn import generate_standard_repn
from scipy import sparse

from clusteropt.errors import ModelViewError
from clusteropt.model.curves import make_curves
from clusteropt.model.extras import Extras, attach
from clusteropt.model.formulation import Formulation, formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.outcome import with_equity_scale
from clusteropt.model.space import make_space
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.inputs.problem import Floats, Problem
    from clusteropt.model.blocks import ColumnBlock, RowBlock

_SOURCE = "clusteropt_formulation"
_UNDERSTOOD = (
    pyo.Var,
    pyo.Constraint,
    pyo.Objective,
    pyo.Set,
    pyo.Param,
    pyo.Expression,
    pyo.Suffix,
    pyo.RangeSet,
)


@dataclass(frozen=True, slots=True, eq=False)
class _Row:
    """A linear row read from Pyomo: columns, coefficients, limits."""

    cols: list[int]
    coefs: list[float]
    lower: float
    upper: float


def to_pyomo(problem: Problem) -> pyo.ConcreteModel:
    """Show a problem as a Pyomo model.

    Variables: ``flow[fund, cluster, lever, year]`` money in printed units, ``on[cluster, lever, year]`` and
    ``level[cluster, lever, year, level]`` choices, ``outcome[cluster, lever, year]`` outcome before weights, and
    what the features in use need. Outcome is held from above only: ask for it, but do not
    keep it down. Constraints carry the names of the row blocks. Add constraints, variables or
    an objective of your own and give the model to ``solve``.

    Parameters
    ----------
    problem : Problem
        What to show. For the worst region first it is the first stage.
    """
    space = make_space(problem)
    space = make_space(with_equity_scale(space))
    formulation = formulate(space, first_grid(make_curves(space)))
    model = pyo.ConcreteModel(name=problem.name)
    setattr(model, _SOURCE, formulation)
    _add_sets(model, problem)
    columns: list[Any] = []
    for block in formulation.columns.blocks:
        columns.extend(_add_variables(model, problem, block))
    for rows in formulation.rows:
        _add_constraints(model, problem, rows, columns)
    cost = np.flatnonzero(formulation.cost)
    value = LinearExpression(
        constant=0.0, linear_coefs=formulation.cost[cost].tolist(), linear_vars=[columns[k] for k in cost]
    )
    model.value = pyo.Objective(expr=value, sense=pyo.maximize if formulation.maximise else pyo.minimize)
    return model


def from_pyomo(model: pyo.ConcreteModel) -> Formulation:
    """Read a view back into arrays, with everything the caller added.

    Raises
    ------
    ModelViewError
        If the model is no view, a part of it was changed or deactivated, or an addition is not linear.
    """
    formulation = _source(model)
    return attach(formulation, read_extras(model))


def view_problem(model: object) -> Problem:
    """Give the problem behind a view; errors as in `from_pyomo`."""
    return _source(model).problem


def read_extras(model: pyo.ConcreteModel) -> Extras:
    """Read what the caller added to a view; errors as in `from_pyomo`."""
    formulation = _source(model)
    _check_components(model)
    reader = _Reader(model, formulation)
    held = _release(model)
    try:
        reader.check_own_rows()
        rows = reader.added_rows()
        cost, offset, maximise = reader.objective()
    finally:
        for variable, value in held:
            variable.fix(value)
    variables = reader.variables
    num = len(variables)
    lower, upper = reader.bounds({id(variable): value for variable, value in held})
    matrix = sparse.csr_matrix(
        (
            [c for row in rows for c in row.coefs],
            ([k for k, row in enumerate(rows) for _ in row.cols], [c for row in rows for c in row.cols]),
        ),
        (len(rows), num),
    )
    return Extras(
        columns=formulation.columns,
        matrix=matrix,
        row_lower=np.array([row.lower for row in rows]),
        row_upper=np.array([row.upper for row in rows]),
        col_lower=lower,
        col_upper=upper,
        integer=np.array([not v.is_continuous() for v in variables[formulation.num_cols :]], dtype=bool),
        cost=None if cost is None else reader.dense(cost),
        offset=offset,
        maximise=maximise,
    )


def _release(model: pyo.ConcreteModel) -> list[tuple[Any, float]]:
    """Unfix every fixed variable, which would be read as a constant; its bounds carry the fixing instead."""
    held = [v for v in model.component_data_objects(pyo.Var, descend_into=True) if v.fixed]
    for variable in held:
        if variable.value is None:
            raise _refuse(
                f"{variable.name} is fixed without a value. Give one: `{variable.name}.fix(0)`.",
                f"{variable.name} 已固定但没有数值。请给出数值,例如 `{variable.name}.fix(0)`。",
            )
    for variable in held:
        variable.unfix()
    return [(variable, float(variable.value)) for variable in held]


class _Reader:
    """Reads one view: knows the column of every variable, and gives new variables new columns."""

    def __init__(self, model: pyo.ConcreteModel, formulation: Formulation) -> None:
        self.model = model
        self.formulation = formulation
        self.variables: list[Any] = []
        for block in formulation.columns.blocks:
            component = model.component(block.name)
            if not isinstance(component, pyo.Var) or len(component) != len(block.keys):
                raise _changed(block.name)
            for variable in component.values():
                if variable.is_continuous() == block.integer:
                    raise _changed(f"the domain of {variable.name}")
                self.variables.append(variable)
        self._column = {id(variable): k for k, variable in enumerate(self.variables)}
        self._names = {block.name for block in formulation.rows}

    def check_own_rows(self) -> None:
        """Refuse a view whose own rows are not what the problem says."""
        first = 0
        matrix, lower, upper = (getattr(self.formulation, n) for n in ("matrix", "row_lower", "row_upper"))
        for block in self.formulation.rows:
            component = self.model.component(block.name)
            if not isinstance(component, pyo.Constraint) or len(component) != len(block.keys):
                raise _changed(block.name)
            for number, data in enumerate(component.values(), first):
                part = slice(matrix.indptr[number], matrix.indptr[number + 1])
                expected = dict(zip(matrix.indices[part].tolist(), matrix.data[part].tolist(), strict=True))
                row = self.read(data) if data.active else None
                if row is None or dict(zip(row.cols, row.coefs, strict=True)) != expected:
                    raise _changed(data.name)
                if (row.lower, row.upper) != (lower[number], upper[number]):
                    raise _changed(data.name)
            first += len(block.keys)

    def added_rows(self) -> list[_Row]:
        """Read the caller's constraints, in the order they were added."""
        found = []
        for data in _active(self.model, pyo.Constraint):
            if data.parent_component().name not in self._names:
                row = self.read(data)
                self._refuse_auxiliary(data.name, row)
                self._refuse_under_reporting(data.name, row, (row.upper < math.inf, row.lower > -math.inf))
                found.append(row)
        return found

    def _refuse_auxiliary(self, name: str, row: _Row) -> None:
        for block_name in ("harm_piece", "harm_full"):
            block = self.formulation.columns.block(block_name)
            if block is not None and np.isin(row.cols, block.positions).any():
                raise _refuse(
                    f"{name} uses {block_name}, an auxiliary of the curves that changes as they are refined; "
                    "use `stock`, `flow` or `outcome`.",
                    f"{name} 使用了 {block_name},它是曲线的辅助变量,会随加密而改变;"
                    "请使用 `stock`、`flow` 或 `outcome`。",
                )

    def _refuse_under_reporting(self, name: str, row: _Row, bad: tuple[bool, bool]) -> None:
        """Refuse a row that gains by reporting too little outcome; ``bad`` tells which signs of a coefficient do."""
        found = [self.formulation.columns.block(n) for n in ("outcome", "synergy", "worst", "equity")]
        values = np.concatenate([np.zeros(0, np.int64), *(b.positions for b in found if b is not None)])
        coefs = np.array(row.coefs)[np.isin(row.cols, values)]
        if (bad[0] and (coefs > 0).any()) or (bad[1] and (coefs < 0).any()):
            raise _refuse(
                f"{name} asks for less outcome, but outcome is held from above only and would be reported too low. "
                "Limit money instead, or ask for at least an outcome.",
                f"{name} 要求产出更少,但产出只受上界约束,会被低报。请改为限制资金,或要求产出不低于某值。",
            )

    def objective(self) -> tuple[_Row | None, float, bool]:
        """Read the caller's objective, its constant and its sense; None if it is still that of the problem."""
        active = list(_active(self.model, pyo.Objective))
        if len(active) != 1:
            raise _refuse(
                f"{len(active)} objectives are active. Deactivate all but one (`model.value.deactivate()`).",
                f"有 {len(active)} 个目标处于激活状态。请只保留一个(`model.value.deactivate()`)。",
            )
        row, constant = self._linear(active[0].name, active[0].expr)
        maximise = active[0].sense == pyo.maximize
        cost = self.formulation.cost
        own = np.flatnonzero(cost)
        same = dict(zip(row.cols, row.coefs, strict=True)) == dict(zip(own.tolist(), cost[own].tolist(), strict=True))
        if same and maximise == self.formulation.maximise and constant == 0:
            return None, 0.0, maximise
        self._refuse_auxiliary(active[0].name, row)
        self._refuse_under_reporting(active[0].name, row, (not maximise, maximise))
        return row, constant, maximise

    def bounds(self, fixed: dict[int, float]) -> tuple[Floats, Floats]:
        """Read the bounds of all variables; one that was fixed is bounded by its value from both sides."""
        lower, upper = [], []
        for variable in self.variables:
            value = fixed.get(id(variable))
            low, high = (value, value) if value is not None else (variable.lb, variable.ub)
            lower.append(-math.inf if low is None else float(low))
            upper.append(math.inf if high is None else float(high))
        return np.array(lower), np.array(upper)

    def dense(self, row: _Row) -> Floats:
        """Write the coefficients of a row over all columns."""
        values = np.zeros(len(self.variables))
        values[row.cols] = row.coefs
        return values

    def read(self, data: Any) -> _Row:
        """Read one constraint."""
        row, shift = self._linear(data.name, data.body)
        lower = -math.inf if data.lower is None else float(pyo.value(data.lower))
        upper = math.inf if data.upper is None else float(pyo.value(data.upper))
        return _Row(row.cols, row.coefs, lower - shift, upper - shift)

    def _linear(self, name: str, body: Any) -> tuple[_Row, float]:
        found = generate_standard_repn(body, quadratic=False)
        if found.nonlinear_expr is not None:
            raise _refuse(
                f"{name} is not linear. Only linear constraints and objectives can be solved; linearise it.",
                f"{name} 不是线性的。只能求解线性约束和目标,请将其线性化。",
            )
        pairs = sorted((self._place(v), float(c)) for v, c in zip(found.linear_vars, found.linear_coefs, strict=True))
        row = _Row([k for k, _ in pairs], [c for _, c in pairs], -math.inf, math.inf)
        return row, float(found.constant)

    def _place(self, variable: Any) -> int:
        column = self._column.get(id(variable))
        if column is None:
            column = self._column[id(variable)] = len(self.variables)
            self.variables.append(variable)
        return column


def _source(model: object) -> Formulation:
    formulation = getattr(model, _SOURCE, None)
    if not isinstance(formulation, Formulation):
        raise _refuse(
            f"A {type(model).__name__} is neither a Problem nor a view of one. Make a view with `to_pyomo(problem)`.",
            f"{type(model).__name__} 既不是 Problem 也不是其视图。请用 `to_pyomo(problem)` 创建视图。",
        )
    return formulation


def _check_components(model: pyo.ConcreteModel) -> None:
    for component in model.component_objects(active=True, descend_into=True):
        known = isinstance(component, (*_UNDERSTOOD, pyo.Block))
        if not known:
            raise _refuse(
                f"{component.name} is a {type(component).__name__}, which has no counterpart in arrays. Write it with "
                "variables and linear constraints.",
                f"{component.name} 是 {type(component).__name__},无法转为数组。请用变量和线性约束表达。",
            )


def _active(model: pyo.ConcreteModel, kind: type) -> Iterator[Any]:
    return iter(model.component_data_objects(kind, active=True, descend_into=True))


def _add_sets(model: pyo.ConcreteModel, problem: Problem) -> None:
    labels = problem.labels
    model.clusters = pyo.Set(initialize=labels.clusters)
    model.levers = pyo.Set(initialize=labels.levers)
    model.funds = pyo.Set(initialize=labels.funds)
    model.regions = pyo.Set(initialize=labels.regions)
    model.years = pyo.Set(initialize=labels.years)


def _add_variables(model: pyo.ConcreteModel, problem: Problem, block: ColumnBlock) -> list[Any]:
    domain = pyo.Binary if block.integer else pyo.Reals
    keys = list(_keys(problem, block))
    lower, upper = (dict(zip(keys, _open(side), strict=True)) for side in (block.lower, block.upper))
    variable = pyo.Var(
        _index(model, block.name, keys),
        domain=domain,
        bounds=lambda _, *key: (lower[_one(key)], upper[_one(key)]),
    )
    model.add_component(block.name, variable)
    return list(variable.values())


def _add_constraints(model: pyo.ConcreteModel, problem: Problem, block: RowBlock, columns: list[Any]) -> None:
    keys = list(_keys(problem, block))
    constraint = pyo.Constraint(_index(model, block.name, keys))
    model.add_component(block.name, constraint)
    start, index, data = block.matrix.indptr, block.matrix.indices, block.matrix.data
    for number, (key, low, high) in enumerate(zip(keys, _open(block.lower), _open(block.upper), strict=True)):
        part = slice(start[number], start[number + 1])
        body = LinearExpression(
            constant=0.0, linear_coefs=data[part].tolist(), linear_vars=[columns[k] for k in index[part]]
        )
        constraint.add(key, (low, body, high) if low != high else (body, low))


def _index(model: pyo.ConcreteModel, name: str, keys: list[Any]) -> pyo.Set:
    index = pyo.Set(initialize=keys)
    model.add_component(f"{name}_index", index)
    return index


def _open(side: Floats) -> list[float | None]:
    return [float(v) if math.isfinite(v) else None for v in side]


def _one(key: tuple[Any, ...]) -> Any:
    return key[0] if len(key) == 1 else key


def _keys(problem: Problem, block: ColumnBlock | RowBlock) -> Iterator[Any]:
    labels = problem.labels
    names: dict[str, tuple[Any, ...]] = {
        "cluster": labels.clusters,
        "lever": labels.levers,
        "fund": labels.funds,
        "region": labels.regions,
        "year": labels.years,
        "rule": tuple(rule.name for rule in problem.rules),
        "soft_floor": tuple(floor.rule.name for floor in problem.soft_floors),
        "synergy": tuple(synergy.name for synergy in problem.synergies),
    }
    for key in block.keys.tolist():
        named = tuple(names[n][k] if n in names else k for n, k in zip(block.index_names, key, strict=True))
        yield _one(named)


def _changed(name: str) -> ModelViewError:
    return _refuse(
        f"{name} was changed, deactivated or deleted. Change the tables or the rules instead, or add constraints.",
        f"{name} 已被修改、停用或删除。请改动输入表或规则,或添加新的约束。",
    )


def _refuse(en: str, zh: str) -> ModelViewError:
    return ModelViewError(Text(en, zh))
