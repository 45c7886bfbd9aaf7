"""From how many clusters on which engine is faster: ``python -m benchmarks.choice --clusters 150 300 400``.

Every portfolio is planned each way in this process, after the compiled code is loaded. One line of JSON each; the rules
of `clusteropt.plan.making`, LARGE and HUGE, follow from them. ``--ways`` leaves some out, as HiGHS alone where clusters
are many; ``--record`` keeps the lines for the docs.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import TYPE_CHECKING

from benchmarks.place import keep, place
from benchmarks.portfolios import Shape, portfolio
from benchmarks.verdict import is_verified

import clusteropt as co
from clusteropt.inputs.options import Isolation
from clusteropt.plan import making

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem

WARM = 600
GAPS = {Shape.LOOSE: (1e-4, 0.0), Shape.TIGHT: (1e-3,), Shape.YEARS: (1e-4, 1e-6)}
"""Tight portfolios of this size reach no smaller gap in reasonable time, whichever way."""
NEVER = 10**9
WAYS = {"whole": (NEVER, NEVER), "cores": (0, NEVER), "excerpts": (making.LARGE, 0)}
"""From how many clusters on cores and excerpts are searched, that a way may be the one; excerpts have few clusters."""


def run(problem: Problem, gap: float, seed: int, seconds: float, ways: list[str]) -> dict[str, object]:
    """Plan a portfolio each way and give seconds and gaps."""
    # A tree comes after the search, whichever way that was.
    options = co.SolveOptions(
        relative_gap=gap, time_limit_s=seconds, seed=seed, isolation=Isolation.INLINE, proof_nodes=0
    )
    line, verified = dict[str, object](), list[bool]()
    for way in ways:
        making.LARGE, making.HUGE = WAYS[way]
        making.LARGE_MENUS = making.LARGE
        began, cpu = time.perf_counter(), time.process_time()
        plan = co.solve(problem, options)
        line |= {
            f"{way}_s": time.perf_counter() - began,
            f"{way}_cpu_s": time.process_time() - cpu,
            f"{way}_gap": plan.gap,
        }
        verified.append(is_verified(plan, problem))
    return line | {"verified": all(verified)}


def main() -> None:
    """Read the arguments, run, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, nargs="+", required=True)
    parser.add_argument("--shapes", type=Shape, nargs="+", choices=list(Shape), default=list(Shape))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--record", action="store_true", help="keep the lines for the docs")
    chosen = parser.parse_args()
    for way in chosen.ways:
        making.LARGE, making.HUGE = WAYS[way]
        making.LARGE_MENUS = making.LARGE
        co.solve(portfolio(WARM, Shape.LOOSE, 1), co.SolveOptions(relative_gap=1e-3, isolation=Isolation.INLINE))
    for clusters in chosen.clusters:
        for shape in chosen.shapes:
            for gap in GAPS[shape]:
                problem = portfolio(clusters, shape, chosen.seed)
                line = {"clusters": clusters, "shape": shape.value, "asked": gap, "seed": chosen.seed}
                line |= run(problem, gap, chosen.seed, chosen.seconds, chosen.ways) | place()
                print(json.dumps(line), flush=True)
                if chosen.record:
                    keep("choice", line)


if __name__ == "__main__":
    main()
