"""Plan the 66 national clusters once and print what came out as one line of JSON.

The README is written from this line: ``python benchmarks/national66.py > docs/data/national66.json``, then
``python docs/figures.py``.
"""

from __future__ import annotations

import json
import os
import platform
import time
from importlib.metadata import version

import clusteropt as co

PACKAGES = ("clusteropt", "highspy", "numpy", "pandas", "pyomo", "scipy")


def run() -> dict[str, object]:
    """Read, solve and compare, and give the figures."""
    began = time.perf_counter()
    problem = co.read_problem("national66")
    read = time.perf_counter()
    plan = co.solve(problem)
    solved = time.perf_counter()
    plan = co.compare(problem, plan)
    compared = time.perf_counter()
    runs = plan.record.runs
    return {
        "model": plan.name,
        "clusters": problem.num_clusters,
        "levers": problem.num_levers,
        "funds": problem.num_funds,
        "rules": len(problem.rules),
        "rows": max(run.rows for run in runs),
        "cols": max(run.cols for run in runs),
        "whole": max(run.whole for run in runs),
        "value": plan.value,
        "safe_bound": plan.safe_bound,
        "safe_gap": plan.safe_gap,
        "proof": plan.proof.value,
        "claimed_bound": plan.bound,
        "claimed_gap": plan.gap,
        "rounding_loss": plan.rounding_loss,
        "pieces_error": plan.pieces_error,
        "held": int(plan.purse.sum()),
        "awarded": plan.money_total,
        "per_printed": plan.money.per_printed,
        "read_s": read - began,
        "solve_s": solved - read,
        "compare_s": compared - solved,
        "baselines": {b.kind.value: {"value": b.value, "gain": b.gain, "moved": b.moved} for b in plan.baselines},
        "summary": {language.value: co.summary_lines(plan, language) for language in co.Language},
        "platform": platform.system(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


if __name__ == "__main__":
    print(json.dumps(run(), ensure_ascii=False))
