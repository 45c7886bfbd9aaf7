"""Measure how far plans and the verifier can be trusted; every step prints one line of JSON.

``python benchmarks/trust.py all`` runs the short form of every step, ``all --long`` the long one (hours). The figures
in ``docs/explanation/trust.md`` are written from these lines: append them to ``docs/data/trust.jsonl``, a line a step,
then run ``python docs/figures.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHORT = {"models": 200, "plans": 500, "clusters": 1000}
LONG = {"models": 20_000, "plans": 10_000, "clusters": 10_000}
CHUNK = 20
VERIFIER = ROOT / "src" / "clusteropt" / "plan" / "verify.py"


def models(number: int, start: int, processes: int) -> dict[str, Any]:
    """Solve random models over all features, and compare with plain arithmetic and all allocations."""
    chunks = [range(first, min(first + CHUNK, start + number)) for first in range(start, start + number, CHUNK)]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        found = [finding for part in pool.map(_examine, chunks) for finding in part]
    verdicts = Counter(finding["verdict"] for finding in found)
    return {
        "number": number,
        "start": start,
        "verdicts": dict(verdicts),
        "tried": sum(finding["tried"] for finding in found),
        "proofs": dict(Counter(finding["proof"] for finding in found if finding["proof"])),
        "differences": [[f["seed"], f["difference"]] for f in found if f["verdict"] == "difference"],
    }


def _examine(seeds: range) -> list[dict[str, Any]]:
    from tests.differential import examine  # noqa: PLC0415 - in the process that needs it

    found = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            try:
                finding = examine(seed, Path(folder))
            except Exception as error:
                text = f"{type(error).__name__}: {error}"[:300]
                found.append({"seed": seed, "verdict": "difference", "tried": False, "proof": None, "difference": text})
                continue
        proof = None if finding.proof is None else str(finding.proof)
        found.append({"seed": seed, "verdict": str(finding.verdict), "tried": finding.tried, "proof": proof})
    return found


def plans(number: int, start: int) -> dict[str, Any]:
    """Corrupt saved plans field by field, every digest mended, and compare the verdict with what it must be."""
    from tests.corrupting import ask, corruptions  # noqa: PLC0415 - the tests are needed for this step alone
    from tests.differential import solved_models  # noqa: PLC0415
    from tests.plan_folders import read_plan  # noqa: PLC0415

    answers, intact, models_used = [], Counter[int](), 0
    for _, folder in _plan_folders(solved_models(number, start)):
        intact[_verdict(folder)] += 1
        models_used += 1
        plan = read_plan(folder)
        asked = (ask(folder, plan, corruption) for corruption in corruptions(plan))
        answers += [answer for answer in asked if answer is not None]
        if len(answers) >= number:
            break
    wrong = [a for a in answers if not a.right]
    return {
        "plans": models_used,
        "intact": {str(code): num for code, num in sorted(intact.items())},
        "corruptions": len(answers),
        "must_be_refused": sum(a.wanted is True for a in answers),
        "refused": sum(a.wanted is True and a.code > 0 for a in answers),
        "parts": dict(Counter(str(a.part) for a in answers)),
        "wrong": [[a.corruption.field, a.corruption.change, a.code] for a in wrong][:50],
    }


def _plan_folders(solved: Iterator[tuple[int, Any, Any]]) -> Iterator[tuple[int, Path]]:
    from clusteropt.report.files import write_plan_files  # noqa: PLC0415

    for seed, problem, plan in solved:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "plan"
            write_plan_files(plan, folder, problem)
            yield seed, folder


def _verdict(folder: Path) -> int:
    from clusteropt.plan.verify import check_folder  # noqa: PLC0415

    return check_folder(folder)[0]


def verify(clusters: int) -> dict[str, Any]:
    """Time the stand-alone verifier in a fresh process: the 66 national clusters, and a large plan without a solver."""
    from tests.large import large_folder  # noqa: PLC0415

    import clusteropt as co  # noqa: PLC0415
    from clusteropt.report.verifying import program  # noqa: PLC0415

    # The verifier is more than its first file: all that is needed elsewhere counts.
    found: dict[str, Any] = {"lines": len(program().splitlines())}
    with tempfile.TemporaryDirectory() as place:
        problem = co.read_problem("national66")
        co.write_plan_files(co.solve(problem), Path(place) / "n66", problem)
        large_folder(clusters, Path(place) / "large")
        for name, size in (("n66", problem.num_clusters), ("large", clusters)):
            began = time.perf_counter()
            # -I -S: no environment, no site-packages, so no library can be in use.
            command = [sys.executable, "-I", "-S", str(VERIFIER), str(Path(place) / name)]
            run = subprocess.run(command, capture_output=True, text=True, check=False)
            seconds = time.perf_counter() - began
            found[name] = {"clusters": size, "seconds": round(seconds, 2), "exit": run.returncode}
            found[name]["proved"] = next((line for line in run.stdout.splitlines() if "proved bound" in line), "")
    return found


def inputs() -> dict[str, Any]:
    """Count the bad inputs that the tests hold, each refused by name, by running them."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/bad_inputs"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return {"outcome": run.stdout.strip().splitlines()[-1], "exit": run.returncode}


def machine() -> dict[str, Any]:
    """Say where and with what the figures were made."""
    versions = {name: version(name) for name in ("clusteropt", "highspy", "numpy", "scipy")}
    return {
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "versions": versions,
    }


def run(step: str, wanted: argparse.Namespace) -> dict[str, Any]:
    """Run one step and give its figures with the time it took and the machine."""
    sizes = LONG if wanted.long else SHORT
    steps: dict[str, Callable[[], dict[str, Any]]] = {
        "models": lambda: models(wanted.number or sizes["models"], wanted.seed, wanted.processes),
        "plans": lambda: plans(wanted.number or sizes["plans"], wanted.seed),
        "verify": lambda: verify(wanted.number or sizes["clusters"]),
        "inputs": inputs,
    }
    began = time.perf_counter()
    figures = steps[step]()
    return {"step": step, **figures, "seconds": round(time.perf_counter() - began, 1), **machine()}


def main() -> None:
    """Run the steps that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=["models", "plans", "verify", "inputs", "all"])
    parser.add_argument("--number", type=int, help="models, corruptions or clusters; by default those of the form")
    parser.add_argument("--seed", type=int, default=1_000_000, help="the first seed")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--long", action="store_true", help="the long form")
    wanted = parser.parse_args()
    for step in ["models", "plans", "verify", "inputs"] if wanted.step == "all" else [wanted.step]:
        print(json.dumps(run(step, wanted), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
