"""From how many clusters on cores are faster than the whole: ``python -m benchmarks.choice --clusters 150 300 400``.

Every portfolio is planned both ways in this process, after the compiled code is loaded. One line of JSON each; the rule
of `clusteropt.plan.making.LARGE` follows from them.
"""

from __future__ import annotations

import argparse
import json
import time

from benchmarks.place import place
from benchmarks.portfolios import Shape, portfolio

import clusteropt as co
from clusteropt.inputs.options import Isolation
from clusteropt.plan import making

WARM = 600
GAPS = {Shape.LOOSE: (1e-4, 0.0), Shape.TIGHT: (1e-3,), Shape.YEARS: (1e-4, 1e-6)}
"""Tight portfolios of this size reach no smaller gap in reasonable time, whichever way."""
WAYS = {"cores": 0, "whole": 10**9}


def run(clusters: int, shape: Shape, gap: float, seed: int, seconds: float) -> dict[str, object]:
    """Plan a portfolio both ways and give seconds and gaps."""
    options = co.SolveOptions(relative_gap=gap, time_limit_s=seconds, seed=seed, isolation=Isolation.INLINE)
    line: dict[str, object] = {"clusters": clusters, "shape": shape.value, "asked": gap, "seed": seed}
    for way, large in WAYS.items():
        problem = portfolio(clusters, shape, seed)
        making.LARGE = making.LARGE_MENUS = large
        began, cpu = time.perf_counter(), time.process_time()
        plan = co.solve(problem, options)
        line |= {
            f"{way}_s": time.perf_counter() - began,
            f"{way}_cpu_s": time.process_time() - cpu,
            f"{way}_gap": plan.gap,
        }
    return line


def main() -> None:
    """Read the arguments, run, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, nargs="+", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=40.0)
    chosen = parser.parse_args()
    making.LARGE = making.LARGE_MENUS = WAYS["cores"]
    co.solve(portfolio(WARM, Shape.LOOSE, 1), co.SolveOptions(relative_gap=1e-3, isolation=Isolation.INLINE))
    for clusters in chosen.clusters:
        for shape, gaps in GAPS.items():
            for gap in gaps:
                print(json.dumps(run(clusters, shape, gap, chosen.seed, chosen.seconds) | place()), flush=True)


if __name__ == "__main__":
    main()
