"""One portfolio by several tools: ``python -m benchmarks.peers --clusters 1000 --seconds 60 --shape loose``.

clusteropt plans the problem; HiGHS alone, SCIP and CP-SAT get the same limits as whole rows over the levels, through
their own interfaces (``pip install 'clusteropt[bench]'``). One line of JSON a tool. Seconds are those of building and
solving, a run for each gap, in this process; null where the gap was not reached in time. ``--record`` keeps the lines
for the docs.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import highspy
import numpy as np
from benchmarks.place import keep, place
from benchmarks.portfolios import Shape, portfolio
from benchmarks.verdict import is_verified
from scipy import sparse

import clusteropt as co
from clusteropt.inputs.options import Isolation
from clusteropt.model.cells import level_gain
from clusteropt.model.money_rules import MONEY_RULES
from clusteropt.model.space import make_space

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.problem import Problem

GAPS = (1e-3, 1e-4, 1e-6)
GAIN_UNITS = 10**6
"""CP-SAT takes whole coefficients: gains are counted in millionths."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """A portfolio over its levels: gain @ z maximised, lower <= rows @ z <= upper in whole units, one level a cell."""

    gain: np.ndarray
    cell: np.ndarray
    rows: sparse.csr_matrix
    lower: list[int | None]
    upper: list[int | None]


@dataclass(frozen=True, slots=True)
class End:
    """How a run of a tool ended: value and bound, None without one; and the plan, where it is one of ours."""

    value: float | None
    bound: float | None
    plan: co.Plan | None = None

    @property
    def gap(self) -> float | None:
        """The relative gap as in plans."""
        if self.value is None or self.bound is None or not np.isfinite(self.bound):
            return None
        return abs(self.bound - self.value) / max(1e-9, abs(self.value))


def levels_of(problem: Problem) -> Levels:
    """Write the limits of a portfolio as rows over its levels; every cell has one purse."""
    space = make_space(problem)
    found = [row for function in MONEY_RULES for row in function(space)]
    amount = problem.menus.amount[space.level_menu]
    flow_of = np.zeros(space.num_cells, np.int64)
    flow_of[space.flow_cell] = np.arange(space.num_flows)
    money = sparse.csr_matrix(
        (amount, (flow_of[space.level_cell], np.arange(len(amount)))), (space.num_flows, len(amount))
    )
    number = np.repeat(np.arange(len(found)), [len(row.flow) for row in found])
    flow, coef = (np.concatenate(part) for part in ([r.flow for r in found], [r.coef for r in found]))
    limits = sparse.csr_matrix((coef.astype(np.int64), (number, flow)), (len(found), space.num_flows))
    weight = problem.weight[space.cell_cluster] * space.discount[space.cell_year]
    gain, _ = level_gain(space)
    rows = sparse.csr_matrix(limits @ money)
    return Levels(
        gain * weight[space.level_cell], space.level_cell, rows, [r.lower for r in found], [r.upper for r in found]
    )


def by_clusteropt(problem: Problem, _: Levels, gap: float, seconds: float, seed: int) -> End:
    """Solve in this process, without a proof tree, which the others have not, and which comes after the search."""
    options = co.SolveOptions(
        relative_gap=gap, time_limit_s=seconds, seed=seed, isolation=Isolation.INLINE, proof_nodes=0
    )
    plan = co.solve(problem, options)
    return End(plan.value, plan.bound, plan)


def by_highs(problem: Problem, levels: Levels, gap: float, seconds: float, seed: int) -> End:
    """Pass arrays to HiGHS, with its defaults."""
    num, unit = len(levels.gain), problem.money.per_printed
    cells, row = np.unique(levels.cell, return_inverse=True)
    choice = sparse.csr_matrix((np.ones(num), (row, np.arange(num))), (len(cells), num))
    matrix = sparse.csr_matrix(sparse.vstack((choice, levels.rows / unit)))
    low = [-np.inf if limit is None else limit / unit for limit in levels.lower]
    high = [np.inf if limit is None else limit / unit for limit in levels.upper]
    solver = highspy.Highs()
    settings = {"output_flag": False, "mip_rel_gap": gap, "time_limit": seconds, "random_seed": seed, "threads": 1}
    for name, value in settings.items():
        solver.setOptionValue(name, value)
    solver.passModel(
        num,
        matrix.shape[0],
        matrix.nnz,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMaximize),
        0.0,
        levels.gain,
        np.zeros(num),
        np.ones(num),
        np.concatenate((np.full(len(cells), -np.inf), low)),
        np.concatenate((np.ones(len(cells)), high)),
        matrix.indptr[:-1].astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data.astype(float),
        np.ones(num, np.int32),
    )
    solver.run()
    told = solver.getInfo()
    value = told.objective_function_value if told.primal_solution_status == 2 else None
    return End(value, told.mip_dual_bound)


def by_scip(problem: Problem, levels: Levels, gap: float, seconds: float, seed: int) -> End:
    """Build a model of PySCIPOpt, with the defaults of SCIP."""
    from pyscipopt import Model, quicksum  # noqa: PLC0415 - an extra

    model = Model()
    model.hideOutput()
    settings = {"limits/gap": gap, "limits/time": seconds, "randomization/randomseedshift": seed}
    model.setParams(settings)
    unit = problem.money.per_printed
    z = [model.addVar(vtype="B", obj=gain) for gain in levels.gain.tolist()]
    model.setMaximize()
    for part in np.split(np.arange(len(z)), np.flatnonzero(np.diff(levels.cell)) + 1):
        model.addCons(quicksum(z[k] for k in part) <= 1)
    for number, (lower, upper) in enumerate(zip(levels.lower, levels.upper, strict=True)):
        first, last = levels.rows.indptr[number : number + 2]
        entries = zip(levels.rows.indices[first:last].tolist(), levels.rows.data[first:last].tolist(), strict=True)
        total = quicksum(coef / unit * z[k] for k, coef in entries)
        if lower is not None:
            model.addCons(total >= lower / unit)
        if upper is not None:
            model.addCons(total <= upper / unit)
    model.optimize()
    return End(model.getObjVal() if model.getNSols() else None, model.getDualbound())


def by_cp_sat(problem: Problem, levels: Levels, gap: float, seconds: float, seed: int) -> End:
    """Build a model of CP-SAT in whole coefficients, with its defaults and one worker."""
    from ortools.sat.python import cp_model  # noqa: PLC0415 - an extra

    model = cp_model.CpModel()
    z = [model.new_bool_var("") for _ in range(len(levels.gain))]
    for part in np.split(np.arange(len(z)), np.flatnonzero(np.diff(levels.cell)) + 1):
        model.add_at_most_one(z[k] for k in part)
    for number, (lower, upper) in enumerate(zip(levels.lower, levels.upper, strict=True)):
        first, last = levels.rows.indptr[number : number + 2]
        chosen = [z[k] for k in levels.rows.indices[first:last].tolist()]
        total = cp_model.LinearExpr.weighted_sum(chosen, levels.rows.data[first:last].tolist())
        model.add_linear_constraint(total, -(2**62) if lower is None else lower, 2**62 if upper is None else upper)
    gain = np.round(levels.gain * GAIN_UNITS).astype(np.int64)
    model.maximize(cp_model.LinearExpr.weighted_sum(z, gain.tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = seconds
    solver.parameters.relative_gap_limit = gap
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    status = solver.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return End(solver.objective_value / GAIN_UNITS if found else None, solver.best_objective_bound / GAIN_UNITS)


TOOLS: dict[str, Callable[[Problem, Levels, float, float, int], End]] = {
    "clusteropt": by_clusteropt,
    "highs": by_highs,
    "scip": by_scip,
    "cp-sat": by_cp_sat,
}
PACKAGE = {"clusteropt": "clusteropt", "highs": "highspy", "scip": "pyscipopt", "cp-sat": "ortools"}


def run(tool: str, problem: Problem, seconds: float, seed: int) -> dict[str, object]:
    """Run a tool to each gap, the loosest first; a gap that is missed ends the runs."""
    levels, reached, best = levels_of(problem), dict.fromkeys(map("{:.0e}".format, GAPS)), End(None, None)
    verified: list[bool] = []
    for gap in GAPS:
        began = time.perf_counter()
        end = TOOLS[tool](problem, levels, gap, seconds, seed)
        took = time.perf_counter() - began
        verified += [] if end.plan is None else [is_verified(end.plan, problem)]
        best = end if best.gap is None or (end.gap is not None and end.gap <= best.gap) else best
        # A tool may measure its gap by a hair differently.
        if end.gap is None or end.gap > gap * (1 + 1e-6):
            break
        reached[f"{gap:.0e}"] = took
    return {"seconds_to": {key.replace("e-0", "e-"): took for key, took in reached.items()}, "value": best.value,
            "bound": best.bound, "gap": best.gap} | ({"verified": all(verified)} if verified else {})  # fmt: skip


def main() -> None:
    """Read the arguments, run every tool, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--shape", type=Shape, choices=list(Shape), default=Shape.LOOSE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--tools", nargs="+", choices=list(TOOLS), default=list(TOOLS))
    parser.add_argument("--record", action="store_true")
    chosen = parser.parse_args()
    problem = portfolio(chosen.clusters, chosen.shape, chosen.seed)
    # What is compiled is loaded before anything is timed.
    by_clusteropt(portfolio(600, Shape.LOOSE, 1), levels_of(problem), 1e-3, chosen.seconds, chosen.seed)
    for tool in chosen.tools:
        line = {
            "tool": tool,
            "version": version(PACKAGE[tool]),
            "clusters": chosen.clusters,
            "shape": chosen.shape.value,
            "seed": chosen.seed,
            "limit_s": chosen.seconds,
            **run(tool, problem, chosen.seconds, chosen.seed),
            **place(),
        }
        print(json.dumps(line), flush=True)
        if chosen.record:
            keep("peers", line)


if __name__ == "__main__":
    main()
