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
import random
import shutil
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
    from collections.abc import Callable

SHORT = {"models": 200, "cores": 100, "plans": 500, "clusters": 1000}
LONG = {"models": 20_000, "cores": 5_000, "plans": 10_000, "clusters": 10_000}
STEPS = ("models", "cores", "plans", "verify", "inputs", "mutation", "coverage")
CHUNK = 20
KIND_ROOM = 400_000
"""How many seeds a kind has at least before those of the next kind begin, less what is taken of them."""
PER_PLAN, PER_LARGE, TABLES, STRIDE = 300, 60, 20, 51
"""Corruptions of a small and of a large plan, changed tables of a plan, and how far the seeds of plans lie apart."""
QUICK = (
    "tests/unit/test_verify.py",
    "tests/unit/test_verify_plans.py",
    *(f"tests/unit/test_money_{part}.py" for part in ("rows", "code", "choices", "rounding", "weights")),
)
COVERED = ("verify.py", "money_rules.py", "rule_levels.py", "rounding.py")
VERIFIER = ROOT / "src" / "clusteropt" / "plan" / "verify.py"


def models(number: int, start: int, processes: int, *, cores: bool = False) -> dict[str, Any]:
    """Solve random models over all features, and compare with plain arithmetic and all allocations.

    With ``cores`` they are searched as large portfolios are. Chunks of seeds take turns between the kinds of models.
    """
    chunks = [of_kind(k, start, min(CHUNK, number - first)) for k, first in enumerate(range(0, number, CHUNK))]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        found = [finding for part in pool.map(_examine_cores if cores else _examine, chunks) for finding in part]
    verdicts = Counter(finding["verdict"] for finding in found)
    return {
        "number": number,
        "start": start,
        "verdicts": dict(verdicts),
        "tried": sum(finding["tried"] for finding in found),
        "proofs": dict(Counter(finding["proof"] for finding in found if finding["proof"])),
        "differences": [[f["seed"], f["difference"]] for f in found if f["verdict"] == "difference"],
    }


def of_kind(chunk: int, start: int, number: int) -> range:
    """Give the seeds of a chunk: of models of every kind in turn, each from so many seeds after its own first."""
    from tests.random_tables import ARRIVALS, LEDGERS, MOVES, PROGRAMMES, REPEATS_FROM, SOFT  # noqa: PLC0415

    kinds = (0, LEDGERS.start, REPEATS_FROM, PROGRAMMES.start, MOVES.start, ARRIVALS.start, SOFT.start)
    turn, kind = divmod(chunk, len(kinds))
    first = kinds[kind] + (start if kind == 0 else start % KIND_ROOM) + turn * CHUNK
    return range(first, first + number)


def _examine_cores(seeds: range) -> list[dict[str, Any]]:
    from clusteropt.plan import making  # noqa: PLC0415 - in the process that needs it

    # Amounts of few units would be searched one by one, in one program.
    making.LARGE = making.COARSE = 0
    return _examine(seeds)


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


def plans(number: int, start: int, processes: int) -> dict[str, Any]:
    """Corrupt saved plans field by field, forge plans, and change tables behind them; compare every verdict."""
    seeds = [start + STRIDE * k for k in range(-(-number // PER_PLAN))]
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        parts = list(pool.map(_corrupt, [None, *seeds]))
    answers = [answer for part in parts for answer in part["answers"]]
    forged = [forgery for part in parts for forgery in part["forged"]]
    return {
        "plans": len(parts),
        "intact": dict(Counter(str(part["intact"]) for part in parts)),
        "corruptions": len(answers),
        "must_be_refused": sum(wanted is True for _, _, _, wanted, _, _ in answers),
        "refused": sum(wanted is True and code > 0 for _, _, _, wanted, code, _ in answers),
        "parts": dict(Counter(part for part, *_ in answers)),
        "wrong": [[field, change, code] for _, field, change, _, code, right in answers if not right][:50],
        "forged": len(forged),
        "forged_wrong": sum(wrong for _, wrong, _, _ in forged),
        "forged_refused": sum(wrong and code > 0 for _, wrong, code, _ in forged),
        "forged_around": sum(part["around"] for part in parts),
        "forged_missed": [name for name, _, _, right in forged if not right],
    }


def _corrupt(seed: int | None) -> dict[str, Any]:
    """Do all that is done to one plan; without a seed it is that of the 66 national clusters."""
    # Only the process that does the work needs the tests.
    from tests.corrupting import ask, corruptions  # noqa: PLC0415
    from tests.differential import solved_models  # noqa: PLC0415
    from tests.forging import change_table, forge, forged, judge_changed_tables  # noqa: PLC0415
    from tests.plan_folders import read_plan  # noqa: PLC0415

    import clusteropt as co  # noqa: PLC0415
    from clusteropt.report.verifying import verify_folder  # noqa: PLC0415

    dice = random.Random(seed or 0)
    if seed is None:
        problem = co.read_problem("national66")
        plan = co.solve(problem)
    else:
        _, problem, plan = next(solved_models(1, seed, seed))
    with tempfile.TemporaryDirectory() as place:
        folder, other = Path(place) / "plan", Path(place) / "other"
        co.write_plan_files(plan, folder, problem)
        intact, content = _verdict(folder), read_plan(folder)
        every = list(corruptions(content))
        chosen = dice.sample(every, min(PER_PLAN if seed is not None else PER_LARGE, len(every)))
        answers = [answer for one in chosen if (answer := ask(folder, content, one)) is not None]
        forgeries, around = [], 0
        for name, maker in forged(problem, seed).items() if seed is not None else ():
            forgeries.append(forge(problem, name, maker, Path(place) / f"forged {len(forgeries)}"))
        for _ in range(TABLES if seed is not None else 0):
            shutil.rmtree(other, ignore_errors=True)
            shutil.copytree(folder, other)
            forgeries.append(judge_changed_tables(other, problem, plan, change_table(other, dice)))
            # What the file alone passes over, the package around it must not.
            around += not forgeries[-1].right and verify_folder(other).code > 0
    return {
        "intact": intact,
        "answers": [(str(a.part), a.corruption.field, a.corruption.change, a.wanted, a.code, a.right) for a in answers],
        "forged": [(f"{seed}: {f.name}", bool(f.wrong), f.code, f.right) for f in forgeries if f is not None],
        "around": around,
    }


def _verdict(folder: Path) -> int:
    from clusteropt.plan.verify import check_folder  # noqa: PLC0415

    return check_folder(folder)[0]


def verify(clusters: int) -> dict[str, Any]:
    """Time the stand-alone verifier in a fresh process: the 66 national clusters, and a large plan without a solver."""
    from tests.large import large_folder  # noqa: PLC0415

    import clusteropt as co  # noqa: PLC0415
    from clusteropt.report.verifying import program  # noqa: PLC0415

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


def mutation(group: str, long: bool, processes: int) -> dict[str, Any]:
    """Try the quick tests on mutants of the verifier or of the money code; needs the extra ``fuzz``."""
    from benchmarks.mutation import mutation as mutate  # noqa: PLC0415 - a step of its own

    return mutate(group, long, processes)


def coverage(long: bool, processes: int) -> dict[str, Any]:
    """Run the tests and say which part of lines and branches they take; the short form runs those of the verifier."""
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "coverage.json"
        tests = ["tests", "-n", str(processes)] if long else [*QUICK]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not long", *tests]
        command += ["--cov=clusteropt", "--cov-branch", f"--cov-report=json:{report}", "--cov-report="]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        found = json.loads(report.read_text(encoding="utf-8"))
    shares = {Path(name).name: part["summary"]["percent_covered"] for name, part in found["files"].items()}
    files = {name: f"{shares[name]:.1f} %" for name in COVERED if name in shares}
    if long:
        files["all"] = f"{found['totals']['percent_covered']:.1f} %"
    return {"files": files, "outcome": done.stdout.strip().splitlines()[-1]}


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
    """Run one step and give its figures with the time it took and the machine; mutants are a step for every group."""
    name, _, group = step.partition(" ")
    sizes = LONG if wanted.long else SHORT
    steps: dict[str, Callable[[], dict[str, Any]]] = {
        "models": lambda: models(wanted.number or sizes["models"], wanted.seed, wanted.processes),
        "cores": lambda: models(wanted.number or sizes["cores"], wanted.seed, wanted.processes, cores=True),
        "plans": lambda: plans(wanted.number or sizes["plans"], wanted.seed, wanted.processes),
        "verify": lambda: verify(wanted.number or sizes["clusters"]),
        "inputs": inputs,
        "mutation": lambda: mutation(group, wanted.long, wanted.processes),
        "coverage": lambda: coverage(wanted.long, wanted.processes),
    }
    began = time.perf_counter()
    figures = steps[name]()
    return {"step": step, **figures, "seconds": round(time.perf_counter() - began, 1), **machine()}


def named(wanted: argparse.Namespace) -> list[str]:
    """Name the steps to run."""
    from benchmarks.mutation import groups  # noqa: PLC0415 - a step of its own

    mutants = [f"mutation {group}" for group in groups(wanted.long, wanted.group)]
    steps = STEPS if wanted.step == "all" else [wanted.step]
    return [name for step in steps for name in (mutants if step == "mutation" else [step])]


def main() -> None:
    """Run the steps that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=[*STEPS, "all"])
    parser.add_argument("--number", type=int, help="models, corruptions or clusters; by default those of the form")
    parser.add_argument("--seed", type=int, default=1_000_000, help="the first seed")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--group", choices=["verifier", "money"], help="the mutants of one group alone")
    parser.add_argument("--long", action="store_true", help="the long form")
    wanted = parser.parse_args()
    for step in named(wanted):
        print(json.dumps(run(step, wanted), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
