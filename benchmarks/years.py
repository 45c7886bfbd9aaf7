"""Plan the two models over years once, each by the command, and print one line of JSON a model.

``python benchmarks/years.py`` also appends the lines to ``docs/data/years.jsonl``; then ``python docs/figures.py``
writes them into the pages. The folder of a plan is checked by the stand-alone verifier, in a process of its own.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import clusteropt as co
from clusteropt.plan import verify

MODELS = ("guangxi", "national66_years")
PACKAGES = ("clusteropt", "highspy", "numpy", "pandas", "pyomo", "scipy")
RECORD = Path(__file__).resolve().parents[1] / "docs" / "data" / "years.jsonl"
COMMAND = "import sys; from clusteropt.cli import main; sys.exit(main())"


def run(model: str, folder: Path) -> dict[str, object]:
    """Plan by the command, verify, and give the figures."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", COMMAND, "plan", model, "--out", str(folder), "--quiet"], check=True)
    planned = time.perf_counter()
    check = [sys.executable, "-I", str(verify.__file__), str(folder)]
    verdict = subprocess.run(check, capture_output=True, check=False)
    verified = time.perf_counter()
    plan, problem = co.load_plan(folder), co.problem_of_folder(folder)
    runs = plan.record.runs
    programmes = plan.programme_table
    moves = programmes["programme"].str.startswith("move_")
    return {
        "model": model,
        "years": problem.num_years,
        "clusters": problem.num_clusters,
        "levers": problem.num_levers,
        "funds": problem.num_funds,
        "rules": len(problem.rules),
        "programmes": 0 if problem.programmes is None else len(set(problem.programmes.programme)),
        "rows": max(run.rows for run in runs),
        "cols": max(run.cols for run in runs),
        "whole": max(run.whole for run in runs),
        "value": plan.value,
        "gap": plan.gap,
        "safe_gap": plan.safe_gap,
        "proof": plan.proof.value,
        "held": int(plan.purse.sum()),
        "awarded": plan.money_total,
        "per_printed": plan.money.per_printed,
        "shared": int((~moves).sum()),
        "moves": int(moves.sum()),
        "command_s": planned - began,
        "solve_s": plan.record.seconds,
        "verify_s": verified - planned,
        "verified": verdict.returncode == 0,
        "platform": platform.system(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def main() -> None:
    """Run every model, print its line and keep it."""
    for model in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            line = json.dumps(run(model, Path(folder) / model), ensure_ascii=False)
        print(line)
        with RECORD.open("a", encoding="utf-8", newline="\n") as record:
            record.write(f"{line}\n")


if __name__ == "__main__":
    main()
