"""Small portfolios to gap 0, here and by HiGHS alone: ``python -m benchmarks.small --clusters 66 100 200 300``.

HiGHS alone gets the arrays that clusteropt makes, ready to be passed on, with its defaults, one thread and the same
seed; clusteropt starts from the problem and ends with a plan, its whole money and its certificate. Both run in this
process, in turn, as often as ``--repeats`` says; the least seconds count. One line of JSON a portfolio. ``--record``
keeps the lines for the docs.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from benchmarks.build import load
from benchmarks.place import keep, place
from benchmarks.portfolios import Shape, portfolio
from benchmarks.verdict import is_verified
from scipy import sparse

import clusteropt as co
from clusteropt.inputs.options import Isolation
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.space import make_space

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.problem import Problem
    from clusteropt.model.formulation import Formulation

LONG_S = 10.0
"""What takes longer is run once."""
CLOSED = 1e-9
"""A gap up to this is the last digits of sums."""


def by_highs(made: Formulation, seconds: float, seed: int) -> tuple[float, float]:
    """Solve arrays with HiGHS and give value and gap."""
    limits = (made.row_lower, made.row_upper, made.col_lower, made.col_upper)
    solver = load(made.cost, sparse.csr_matrix(made.matrix), limits)
    settings = {"mip_rel_gap": 0.0, "mip_abs_gap": 0.0, "time_limit": seconds, "random_seed": seed, "threads": 1}
    for name, value in settings.items():
        solver.setOptionValue(name, value)
    solver.run()
    told = solver.getInfo()
    value, bound = told.objective_function_value, told.mip_dual_bound
    return value, abs(bound - value) / max(1e-9, abs(value))


def by_clusteropt(problem: Problem, seconds: float, seed: int) -> co.Plan:
    """Plan a problem."""
    options = co.SolveOptions(
        relative_gap=0.0, proof_nodes=0, time_limit_s=seconds, seed=seed, isolation=Isolation.INLINE
    )
    return co.solve(problem, options)


def run(clusters: int, shape: Shape, seed: int, limits: tuple[float, int]) -> dict[str, object]:
    """Solve a portfolio both ways in turn, and give the least seconds of each."""
    (seconds, repeats), problem = limits, portfolio(clusters, shape, seed)
    space = make_space(problem)
    made = formulate(space, first_grid(make_curves(space)))
    plans = list[co.Plan]()

    def ours() -> tuple[float, float]:
        """Plan by clusteropt, and keep the plan for the verifier."""
        plans.append(by_clusteropt(problem, seconds, seed))
        return plans[-1].value, plans[-1].gap

    ways: dict[str, Callable[[], tuple[float, float]]] = {
        "": ours,
        "highs_": lambda: by_highs(made, seconds, seed),
    }
    line: dict[str, object] = {"clusters": clusters, "shape": shape.value, "seed": seed, "limit_s": seconds}
    took = {way: np.full((repeats, 2), np.inf) for way in ways}
    for number in range(repeats):
        for way, solve in ways.items():
            if number and took[way][0, 0] > LONG_S:
                continue
            began = time.perf_counter(), time.process_time()
            value, gap = solve()
            took[way][number] = time.perf_counter() - began[0], time.process_time() - began[1]
            line |= {f"{way}value": value, f"{way}gap": gap}
    for way, all_s in took.items():
        line |= {f"{way}seconds": float(all_s[:, 0].min()), f"{way}cpu_s": float(all_s[:, 1].min())}
    return line | {"ratio": ratio(line), "verified": is_verified(plans[-1], problem)}


def ratio(line: dict[str, Any]) -> float:
    """Give how many times as long as HiGHS alone it took: CPU seconds, or the limit for who did not close the gap."""
    closed = {way: line[f"{way}gap"] <= CLOSED for way in ("", "highs_")}
    if all(closed.values()):
        return float(line["cpu_s"] / line["highs_cpu_s"])
    own, other = (line[f"{way}seconds"] if ended else line["limit_s"] for way, ended in closed.items())
    return float(own / other)


def main() -> None:
    """Read the arguments, run, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, nargs="+", default=[66, 100, 200, 300])
    parser.add_argument("--shapes", type=Shape, nargs="+", choices=list(Shape), default=[Shape.LOOSE, Shape.TIGHT])
    parser.add_argument("--seed", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--record", action="store_true")
    chosen = parser.parse_args()
    # What is compiled is loaded before anything is timed.
    by_clusteropt(portfolio(66, Shape.LOOSE, 1), chosen.seconds, 0)
    for clusters in chosen.clusters:
        for shape in chosen.shapes:
            for seed in chosen.seed:
                line = run(clusters, shape, seed, (chosen.seconds, chosen.repeats)) | place()
                print(json.dumps(line), flush=True)
                if chosen.record:
                    keep("small", line)


if __name__ == "__main__":
    main()
