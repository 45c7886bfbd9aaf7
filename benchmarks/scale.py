"""Plan one portfolio and print one line of JSON: ``python -m benchmarks.scale --clusters 10000 --shape loose``.

``--verify`` checks the folder of the plan by the stand-alone verifier, in a process of its own. ``--record`` also
appends the line to ``docs/data/scale.jsonl``; then ``python docs/figures.py`` writes the table. ``--kinds`` makes many
clusters alike in all but their names.
Seconds are those of the solve alone, in this process, after the compiled code is loaded.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import time

import numpy as np
from benchmarks.place import keep, place
from benchmarks.portfolios import Shape, portfolio
from benchmarks.verdict import verdict

import clusteropt as co
from clusteropt.inputs.options import Isolation
from clusteropt.plan.making import Made, describe, make

WARM = 600
"""A portfolio of so many clusters is planned first, so that what is compiled is loaded."""


def digest(plan: co.Plan) -> str:
    """Give a digest of who gets how much, and of value and bound to the last bit."""
    awards = plan.awards
    parts = (awards.cluster, awards.lever, awards.year, awards.fund, awards.amount, np.array([plan.value, plan.bound]))
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]


def figures(made: Made, plan: co.Plan) -> dict[str, object]:
    """Give what a line says of a plan: how good it is, how it was found, and the memory of this process."""
    cores = [run for run in plan.record.runs if run.step == "core"]
    return {
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
        "engine": plan.record.choice.engine.value,
        "engine_reason": plan.record.choice.reason.value,
        "digest": digest(plan),
        "whole": any(run.step == "search" for run in plan.record.runs),
    }


def run(
    size: tuple[int, int | None], shape: Shape, seed: int, options: co.SolveOptions, check: bool = False
) -> dict[str, object]:
    """Plan a portfolio of so many clusters, of so many kinds or each by itself, and give the figures."""
    co.solve(portfolio(WARM, Shape.LOOSE, seed), options)
    (clusters, kinds), began = size, time.perf_counter()
    problem = portfolio(clusters, shape, seed, kinds)
    read = time.perf_counter()
    made = make(problem, options)
    plan = describe(made, options)
    solved = time.perf_counter()
    return (
        {
            "clusters": clusters,
            "shape": shape.value,
            "seed": seed,
            "asked": options.relative_gap,
            "threads": options.threads,
            "seconds": solved - read,
            "read_s": read - began,
            **figures(made, plan),
            **place(),
        }
        | ({} if kinds is None else {"kinds": kinds})
        | (verdict(plan, problem) if check else {})
    )


def main() -> None:
    """Read the arguments, run, print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, required=True)
    parser.add_argument("--kinds", type=int)
    parser.add_argument("--shape", type=Shape, choices=list(Shape), default=Shape.LOOSE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gap", type=float, default=1e-6)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--record", action="store_true")
    chosen = parser.parse_args()
    options = co.SolveOptions(
        relative_gap=chosen.gap,
        time_limit_s=chosen.seconds,
        threads=chosen.threads,
        seed=chosen.seed,
        isolation=Isolation.INLINE,
    )
    if chosen.kinds is not None and chosen.record:
        parser.error("the table of the docs is of clusters each by itself: --record does not go with --kinds")
    line = run((chosen.clusters, chosen.kinds), chosen.shape, chosen.seed, options, chosen.verify)
    print(json.dumps(line))
    if chosen.record:
        keep("scale", line)


if __name__ == "__main__":
    main()
