"""Plan one portfolio and print one line of JSON: ``python -m benchmarks.scale --clusters 10000 --shape loose``.

``--record`` also appends the line to ``docs/data/scale.jsonl``; then ``python docs/figures.py`` writes the table.
Seconds are those of the solve alone, in this process, after the compiled code is loaded.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks.place import place
from benchmarks.portfolios import Shape, portfolio

import clusteropt as co
from clusteropt.inputs.options import Isolation
from clusteropt.plan.making import describe, make

RECORD = Path(__file__).resolve().parents[1] / "docs" / "data" / "scale.jsonl"
PACKAGES = ("clusteropt", "highspy", "numpy", "numba", "scipy")
WARM = 600
"""A portfolio of so many clusters is planned first, so that what is compiled is loaded."""


def run(clusters: int, shape: Shape, seed: int, gap: float, seconds: float) -> dict[str, object]:
    """Plan a portfolio and give the figures."""
    options = co.SolveOptions(relative_gap=gap, time_limit_s=seconds, isolation=Isolation.INLINE)
    co.solve(portfolio(WARM, Shape.LOOSE, seed), options)
    began = time.perf_counter()
    problem = portfolio(clusters, shape, seed)
    read = time.perf_counter()
    made = make(problem, options)
    plan = describe(made, options)
    solved = time.perf_counter()
    cores = [run for run in plan.record.runs if run.step == "core"]
    return {
        "clusters": clusters,
        "shape": shape.value,
        "seed": seed,
        "asked": gap,
        "seconds": solved - read,
        "read_s": read - began,
        "gap": plan.gap,
        "safe_gap": plan.safe_gap,
        "proof": plan.proof.value,
        "value": plan.value,
        "bound": plan.bound,
        "limit": None if plan.record.limit is None else plan.record.limit.value,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "evaluations": None if made.found.priced is None else made.found.priced.evaluations,
        "core": cores[-1].whole if cores else None,
        "cores": len(cores),
        "whole": any(run.step == "search" for run in plan.record.runs),
        **place(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def main() -> None:
    """Read the arguments, run, print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, required=True)
    parser.add_argument("--shape", type=Shape, choices=list(Shape), default=Shape.LOOSE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gap", type=float, default=1e-6)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--record", action="store_true")
    chosen = parser.parse_args()
    line = json.dumps(run(chosen.clusters, chosen.shape, chosen.seed, chosen.gap, chosen.seconds))
    print(line)
    if chosen.record:
        with RECORD.open("a", encoding="utf-8", newline="\n") as record:
            record.write(f"{line}\n")


if __name__ == "__main__":
    main()
