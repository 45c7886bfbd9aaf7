"""Plan with and without a proof tree, and check both: ``python -m benchmarks.trees NAME...``, a line of JSON each.

A name is that of a model (``national66``), a shape and a number of clusters (``loose-66``), or a file of Khan with a
multiple-choice knapsack. ``--record`` keeps the lines in ``docs/data``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.mmkp import knapsack_problem, read_knapsacks
from benchmarks.place import keep, place
from benchmarks.portfolios import Shape, portfolio

import clusteropt as co
from clusteropt.inputs.options import Isolation
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem


def problem_of(name: str, seed: int) -> Problem:
    """Give the problem of a name."""
    shape, _, clusters = name.partition("-")
    if shape in set(Shape):
        return portfolio(int(clusters), Shape(shape), seed)
    return knapsack_problem(next(read_knapsacks(Path(name)))) if Path(name).is_file() else co.read_problem(name)


def run(name: str, seed: int, options: co.SolveOptions) -> dict[str, object]:
    """Plan a problem without a tree and with one, and check the folder of the second."""
    problem = problem_of(name, seed)
    root = co.solve(problem, replace(options, proof_nodes=0))
    began = time.process_time()
    plan = co.solve(problem, options)
    solved = time.process_time()
    with tempfile.TemporaryDirectory() as place_:
        write_plan_files(plan, Path(place_) / "plan", problem)
        written = time.process_time()
        code, _ = check_folder(Path(place_) / "plan")
        checked = time.process_time()
        size = (Path(place_) / "plan" / "plan.json").stat().st_size
    trees = [stage.tree for stage in plan.certificate.stages if stage.tree is not None]
    return {
        "name": Path(name).name,
        "seed": seed,
        "asked": options.relative_gap,
        "nodes": options.proof_nodes,
        "value": plan.value,
        "gap": plan.gap,
        "root_gap": root.safe_gap,
        "safe_gap": plan.safe_gap,
        "proof": plan.proof.value,
        "leaves": plan.certificate.leaves,
        "multipliers": sum(len(tree.multipliers) for tree in trees) + len(plan.stages),
        "root_s": root.record.seconds,
        "seconds": plan.record.seconds,
        "cpu_s": solved - began,
        "verify_s": checked - written,
        "verified": code == 0,
        "bytes": size,
        **place(),
    }


def main() -> None:
    """Read the arguments, run every name, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gap", type=float, default=1e-6)
    parser.add_argument("--nodes", type=int, default=co.SolveOptions().proof_nodes)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--record", action="store_true")
    chosen = parser.parse_args()
    options = co.SolveOptions(
        relative_gap=chosen.gap, time_limit_s=chosen.seconds, proof_nodes=chosen.nodes, isolation=Isolation.INLINE
    )
    for name in chosen.names:
        line = run(name, chosen.seed, options)
        print(json.dumps(line), flush=True)
        if chosen.record:
            keep("trees", line)


if __name__ == "__main__":
    main()
