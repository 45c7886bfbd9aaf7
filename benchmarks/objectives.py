"""Plan portfolios for every objective: ``python -m benchmarks.objectives --clusters 10000 --objectives equity``.

Prints one line of JSON a portfolio, objective and way: by ``prices`` first, as `solve` chooses, or by HiGHS ``alone``.
Least money is asked for eight tenths of the most outcome. ``--record`` also appends the lines to
``docs/data/objectives.jsonl``; then ``python docs/figures.py`` writes the table.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace

from benchmarks.place import keep, place
from benchmarks.portfolios import Shape, portfolio
from benchmarks.verdict import verdict

import clusteropt as co
from clusteropt.errors import ClusteroptError
from clusteropt.inputs.options import Isolation
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.inputs.settings import ObjectiveSettings
from clusteropt.plan import making
from clusteropt.solver.claim import relative_gap

WARM = 600
TARGET_SHARE = 0.8
"""What least money has to reach of the most outcome."""
WAYS = {"prices": (making.LARGE, making.LARGE_MENUS), "alone": (10**9, 10**9)}
"""From how many clusters on prices come first, of any kind and of menus, that a way may be the one."""


def asked(size: tuple[int, Shape, int], kind: ObjectiveKind, options: co.SolveOptions) -> co.Problem:
    """Give a portfolio of so many clusters, shape and seed with an objective."""
    target = None
    if kind is ObjectiveKind.LEAST_MONEY:
        target = round(TARGET_SHARE * co.solve(portfolio(*size), options).value, 2)
    return portfolio(*size, objective=ObjectiveSettings(kind=kind, target=target))


def run(problem: co.Problem, options: co.SolveOptions, way: str) -> dict[str, object]:
    """Plan one way and give the seconds, and the gap of every stage; none without a plan."""
    making.LARGE, making.LARGE_MENUS = WAYS[way]
    began = time.perf_counter()
    try:
        plan = co.solve(problem, options)
    except ClusteroptError as error:
        return {"seconds": time.perf_counter() - began, "gaps": None, "safe_gaps": None, "ended": type(error).__name__}
    seconds = time.perf_counter() - began
    proofs = plan.certificate.stages
    return {
        "seconds": seconds,
        "gaps": [relative_gap(stage.value, stage.bound) for stage in plan.stages],
        "safe_gaps": [relative_gap(stage.value, proof.bound) for stage, proof in zip(plan.stages, proofs, strict=True)],
        "ended": None if plan.record.limit is None else plan.record.limit.value,
    } | verdict(plan, problem)


def main() -> None:
    """Read the arguments, run, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, nargs="+", required=True)
    parser.add_argument("--shapes", type=Shape, nargs="+", choices=list(Shape), default=[Shape.LOOSE])
    parser.add_argument("--objectives", type=ObjectiveKind, nargs="+", default=list(ObjectiveKind))
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=["prices"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gap", type=float, default=1e-4)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--record", action="store_true", help="keep the lines for the docs")
    chosen = parser.parse_args()
    # A tree comes after the search, whichever way that was.
    options = co.SolveOptions(
        relative_gap=chosen.gap, time_limit_s=chosen.seconds, seed=chosen.seed, isolation=Isolation.INLINE,
        proof_nodes=0,
    )  # fmt: skip
    co.solve(portfolio(WARM, Shape.LOOSE, 1), replace(options, relative_gap=1e-3))
    for clusters in chosen.clusters:
        for shape in chosen.shapes:
            for kind in chosen.objectives:
                making.LARGE, making.LARGE_MENUS = WAYS["prices"]
                problem = asked((clusters, shape, chosen.seed), kind, options)
                for way in chosen.ways:
                    line = {"clusters": clusters, "shape": shape.value, "objective": kind.value, "way": way}
                    line |= {"asked": chosen.gap, "limit_s": chosen.seconds, "seed": chosen.seed}
                    line |= run(problem, options, way) | place()
                    print(json.dumps(line), flush=True)
                    if chosen.record:
                        keep("objectives", line)


if __name__ == "__main__":
    main()
