"""From tables to a loaded HiGHS model by several tools: ``python -m benchmarks.build --clusters 10000``.

All get the same tables of a loose portfolio. clusteropt reads and checks them; the others take the columns they need
straight into the rows of the model (``pip install 'clusteropt[bench]'``). One line of JSON a tool, each from a process
of its own; seconds without imports, peak memory with them. ``--record`` keeps the lines for the docs.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

import highspy
import numpy as np
import pandas as pd
from benchmarks.place import keep, place
from benchmarks.portfolios import CENTS, Shape, portfolio_tables
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Callable

    Tables = dict[str, pd.DataFrame]

PACKAGE = {"clusteropt": "clusteropt", "arrays": "highspy", "linopy": "linopy", "cvxpy": "cvxpy", "pulp": "pulp",
           "mathopt": "ortools", "pyomo": "pyomo"}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """A portfolio in arrays: gain @ z maximised, lower <= matrix @ z <= upper, in printed units."""

    gain: np.ndarray
    matrix: sparse.csr_matrix
    lower: np.ndarray
    upper: np.ndarray


def flatten(tables: Tables) -> Flat:
    """Write a loose portfolio by hand: choices, caps of clusters, the purse, caps of levers, floors of regions."""
    levels, cells, rules = tables["levels"], tables["cells"], tables["rules"]
    clusters = pd.Index(tables["clusters"]["cluster"])
    cluster, lever = clusters.get_indexer(levels["cluster"]), levels["lever"].str[1:].astype(int).to_numpy()
    region = tables["clusters"]["region"].str[1:].astype(int).to_numpy()[cluster]
    amount, place = levels["amount"].to_numpy() / CENTS, np.arange(len(levels))
    num_levers = lever.max() + 1
    cost = np.bincount(clusters.get_indexer(cells["cluster"]), weights=cells["cost"] / CENTS)
    share = float(rules.loc[rules["rule"] == "cluster", "max"].iloc[0])
    caps = rules[rules["lever"].notna()]
    floors = rules[rules["region"].notna()]
    first = np.cumsum([0, len(clusters) * num_levers, len(clusters), 1, num_levers, len(floors)])
    floor_of = np.full(int(region.max()) + 1, -1)
    floor_of[floors["region"].str[1:].astype(int).to_numpy()] = np.arange(len(floors))
    held = floor_of[region] >= 0
    parts = [
        (cluster * num_levers + lever, place, np.ones(len(place))),
        (first[1] + cluster, place, amount),
        (np.full(len(place), first[2]), place, amount),
        (first[3] + lever, place, amount),
        (first[4] + floor_of[region][held], place[held], amount[held]),
    ]
    row, col, data = (np.concatenate(part) for part in zip(*parts, strict=True))
    matrix = sparse.csr_matrix((data, (row, col)), (int(first[-1]), len(place)))
    purse = float(tables["funds"]["amount"].sum()) / CENTS
    upper = np.concatenate((np.ones(first[1]), share * cost, [purse], caps["max"].astype(float) / CENTS))
    lower = np.full(int(first[4]), -np.inf)
    return Flat(
        levels["gain"].to_numpy(),
        matrix,
        np.concatenate((lower, floors["min"].astype(float) / CENTS)),
        np.concatenate((upper, np.full(len(floors), np.inf))),
    )


def load(gain: np.ndarray, matrix: sparse.csr_matrix, limits: tuple[np.ndarray, ...]) -> highspy.Highs:
    """Pass arrays to HiGHS."""
    solver, (lower, upper, low, high) = highspy.Highs(), limits
    solver.setOptionValue("output_flag", False)
    solver.passModel(
        len(gain),
        matrix.shape[0],
        matrix.nnz,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMaximize),
        0.0,
        gain,
        low,
        high,
        lower,
        upper,
        matrix.indptr[:-1].astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data,
        np.ones(len(gain), np.int32),
    )
    return solver


def by_arrays(tables: Tables) -> highspy.Highs:
    """Write arrays by hand."""
    flat = flatten(tables)
    ones = np.ones(len(flat.gain))
    return load(flat.gain, flat.matrix, (flat.lower, flat.upper, 0 * ones, ones))


def by_clusteropt(tables: Tables) -> highspy.Highs:
    """Read, check and formulate."""
    from clusteropt.inputs import ModelSettings, problem_from_tables  # noqa: PLC0415 - timed without imports
    from clusteropt.inputs.settings import MoneySettings  # noqa: PLC0415
    from clusteropt.model.curves import make_curves  # noqa: PLC0415
    from clusteropt.model.formulation import formulate  # noqa: PLC0415
    from clusteropt.model.grid import first_grid  # noqa: PLC0415
    from clusteropt.model.space import make_space  # noqa: PLC0415

    space = make_space(problem_from_tables(tables, ModelSettings(money=MoneySettings(per_printed=CENTS))))
    made = formulate(space, first_grid(make_curves(space)))
    limits = (made.row_lower, made.row_upper, made.col_lower, made.col_upper)
    return load(made.cost, sparse.csr_matrix(made.matrix), limits)


def by_linopy(tables: Tables) -> Any:
    """Write expressions over labelled arrays."""
    import linopy  # noqa: PLC0415 - an extra

    flat = flatten(tables)
    model = linopy.Model()
    z = model.add_variables(binary=True, coords=[pd.RangeIndex(len(flat.gain), name="level")], name="z")
    levels, clusters = tables["levels"], pd.Index(tables["clusters"]["cluster"])
    cluster, lever = clusters.get_indexer(levels["cluster"]), levels["lever"].str[1:].astype(int).to_numpy()
    region = tables["clusters"]["region"].str[1:].astype(int).to_numpy()[cluster]
    num_levers, amount = lever.max() + 1, levels["amount"].to_numpy() / CENTS
    first = np.cumsum([0, len(clusters) * num_levers, len(clusters), 1, num_levers])
    money = z * amount

    def total(expression: Any, key: np.ndarray, name: str) -> Any:
        return expression.groupby(pd.Series(key, index=pd.RangeIndex(len(key), name="level"), name=name)).sum()

    model.add_constraints(total(1 * z, cluster * num_levers + lever, "cell") <= 1, name="choice")
    cap = total(money, cluster, "cluster")
    model.add_constraints(cap <= flat.upper[first[1] : first[2]], name="cap")
    model.add_constraints(money.sum() <= float(flat.upper[first[2]]), name="purse")
    model.add_constraints(total(money, lever, "lever") <= flat.upper[first[3] : first[4]], name="lever_cap")
    floors = total(money, region, "region")
    model.add_constraints(floors >= flat.lower[first[4] :], name="floor")
    model.add_objective((z * flat.gain).sum(), sense="max")
    return linopy.io.to_highspy(model)


def by_cvxpy(tables: Tables) -> highspy.Highs:
    """Write one matrix inequality, canonicalised by CVXPY, and pass on what it gives for HiGHS."""
    import cvxpy  # noqa: PLC0415 - an extra

    flat = flatten(tables)
    z = cvxpy.Variable(len(flat.gain), boolean=True)
    up, down = np.flatnonzero(np.isfinite(flat.upper)), np.flatnonzero(np.isfinite(flat.lower))
    limits = [flat.matrix[up] @ z <= flat.upper[up], flat.matrix[down] @ z >= flat.lower[down]]
    data, _, _ = cvxpy.Problem(cvxpy.Maximize(flat.gain @ z), limits).get_problem_data(cvxpy.HIGHS)
    matrix = sparse.csr_matrix(data["A"])
    ones = np.ones(matrix.shape[1])
    return load(-np.asarray(data["c"]), matrix, (np.full(matrix.shape[0], -np.inf), data["b"], 0 * ones, ones))


def _rows(flat: Flat) -> Any:
    for number in range(flat.matrix.shape[0]):
        part = slice(flat.matrix.indptr[number], flat.matrix.indptr[number + 1])
        yield (
            flat.matrix.indices[part].tolist(),
            flat.matrix.data[part].tolist(),
            flat.lower[number],
            flat.upper[number],
        )


def by_pulp(tables: Tables) -> Any:
    """Write expressions one by one."""
    import pulp  # noqa: PLC0415 - an extra

    flat = flatten(tables)
    model = pulp.LpProblem("portfolio", pulp.LpMaximize)
    z = [pulp.LpVariable(f"z{k}", cat="Binary") for k in range(len(flat.gain))]
    model += pulp.LpAffineExpression(zip(z, flat.gain.tolist(), strict=True))
    for index, data, lower, upper in _rows(flat):
        total = pulp.LpAffineExpression([(z[k], coef) for k, coef in zip(index, data, strict=True)])
        model += total <= upper if np.isfinite(upper) else total >= lower
    solver = pulp.HiGHS(msg=False)
    solver.createAndConfigureSolver(model)
    solver.buildSolverModel(model)
    return model.solverModel


class Loaded(NamedTuple):
    """A model that MathOpt has loaded, with the names that HiGHS has for its size."""

    model: Any
    solver: Any

    def getNumCol(self) -> int:  # noqa: N802 - as HiGHS calls it
        """Give the number of columns."""
        return int(self.model.get_num_variables())

    def getNumRow(self) -> int:  # noqa: N802 - as HiGHS calls it
        """Give the number of rows."""
        return int(self.model.get_num_linear_constraints())


def by_mathopt(tables: Tables) -> Loaded:
    """Write expressions one by one, and load them into the HiGHS of OR-Tools, which stays open for solves."""
    from ortools.math_opt.python import mathopt  # noqa: PLC0415 - an extra

    flat = flatten(tables)
    model = mathopt.Model()
    z = [model.add_binary_variable() for _ in range(len(flat.gain))]
    model.maximize_linear_objective(mathopt.LinearSum(coef * x for coef, x in zip(flat.gain.tolist(), z, strict=True)))
    for index, data, lower, upper in _rows(flat):
        row = model.add_linear_constraint(lb=lower, ub=upper)
        for k, coef in zip(index, data, strict=True):
            row.set_coefficient(z[k], coef)
    return Loaded(model, mathopt.IncrementalSolver(model, mathopt.SolverType.HIGHS))


def by_pyomo(tables: Tables) -> Any:
    """Write expressions one by one, and load them by the persistent interface."""
    import pyomo.environ as pyo  # noqa: PLC0415 - timed without imports
    from pyomo.contrib.appsi.solvers import Highs  # noqa: PLC0415
    from pyomo.core.expr import LinearExpression  # noqa: PLC0415

    flat = flatten(tables)
    model = pyo.ConcreteModel()
    model.z = pyo.Var(range(len(flat.gain)), domain=pyo.Binary)
    z = [model.z[k] for k in range(len(flat.gain))]
    model.value = pyo.Objective(
        expr=LinearExpression(linear_coefs=flat.gain.tolist(), linear_vars=z), sense=pyo.maximize
    )
    model.limits = pyo.ConstraintList()
    for index, data, lower, upper in _rows(flat):
        total = LinearExpression(linear_coefs=data, linear_vars=[z[k] for k in index])
        model.limits.add(total <= upper if np.isfinite(upper) else total >= lower)
    solver = Highs()
    solver.set_instance(model)
    return solver._solver_model  # noqa: SLF001 - the loaded HiGHS has no public name


TOOLS: dict[str, Callable[[Tables], Any]] = {
    "clusteropt": by_clusteropt,
    "arrays": by_arrays,
    "linopy": by_linopy,
    "cvxpy": by_cvxpy,
    "pulp": by_pulp,
    "mathopt": by_mathopt,
    "pyomo": by_pyomo,
}


def run(tool: str, clusters: int, seed: int) -> dict[str, object]:
    """Build once small, so that imports are done, then the portfolio; give the figures."""
    TOOLS[tool](portfolio_tables(50, Shape.LOOSE, seed))
    tables = portfolio_tables(clusters, Shape.LOOSE, seed)
    began = time.perf_counter()
    loaded = TOOLS[tool](tables)
    took = time.perf_counter() - began
    return {
        "tool": tool,
        "version": version(PACKAGE[tool]),
        "clusters": clusters,
        "seed": seed,
        "columns": loaded.getNumCol(),
        "rows": loaded.getNumRow(),
        "seconds": took,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        **place(),
    }


def main() -> None:
    """Read the arguments, run every tool in a process of its own, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tools", nargs="+", choices=list(TOOLS), default=list(TOOLS))
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--here", action="store_true", help="run the one tool named in this process")
    chosen = parser.parse_args()
    if chosen.here:
        print(json.dumps(run(chosen.tools[0], chosen.clusters, chosen.seed)))
        return
    for tool in chosen.tools:
        command = [sys.executable, "-m", "benchmarks.build", "--here", "--tools", tool]
        command += ["--clusters", str(chosen.clusters), "--seed", str(chosen.seed)]
        line = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
        print(line, flush=True)
        if chosen.record:
            keep("build", json.loads(line))


if __name__ == "__main__":
    main()
