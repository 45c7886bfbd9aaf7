"""From Parquet to Parquet: ``python -m benchmarks.million --clusters 1000000`` reads, solves and writes a portfolio.

The tables are written by a process of their own, so that the memory told is that of reading, solving and writing. A
line on the terminal shows how far the solve has come; one line of JSON follows. ``--verify`` checks the plan by the
stand-alone verifier, in a process of its own. ``--record`` also appends the line to ``docs/data/million.jsonl``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.place import keep, place
from benchmarks.portfolios import CENTS, Shape, portfolio_tables
from benchmarks.scale import WARM, digest, figures
from benchmarks.verdict import verdict_of

import clusteropt as co
from clusteropt.inputs.options import Isolation
from clusteropt.plan.describing import describe
from clusteropt.plan.making import make
from clusteropt.report.files import write_checked_files

MODEL = """name = "million"
title = "Portfolio of many clusters"

[money]
per_printed = {cents}

[tables]
folder = "tables"
"""


def write_tables(folder: Path, clusters: int, shape: Shape, seed: int) -> None:
    """Write a model and its tables as Parquet."""
    tables = folder / "tables"
    tables.mkdir(parents=True, exist_ok=True)
    for name, frame in portfolio_tables(clusters, shape, seed).items():
        # Limits are whole numbers, or shares as text.
        texts = {column: "string" for column in ("min", "max") if column in frame.columns}
        frame.astype(texts).to_parquet(tables / f"{name}.parquet", index=False)
    (folder / "model.toml").write_text(MODEL.format(cents=CENTS), encoding="utf-8")


def show(news: co.Progress) -> None:
    """Show how far a solve has come, on one line of the terminal."""
    gap = "" if news.gap is None else f"gap {news.gap:.1e}"
    sys.stderr.write(f"\r{news.seconds:7.1f} s  {news.step:<10} {gap:<14}")


def run(folder: Path, options: co.SolveOptions) -> dict[str, object]:
    """Read, solve and write a portfolio, and give the figures."""
    times = [time.perf_counter()]
    problem = co.read_problem(folder / "model.toml")
    times.append(time.perf_counter())
    made = make(problem, options, show)
    plan = describe(made, options)
    times.append(time.perf_counter())
    co.write_allocation(plan, folder / "allocation.parquet")
    times.append(time.perf_counter())
    sys.stderr.write("\n")
    return {
        "clusters": problem.num_clusters,
        "seconds": times[2] - times[1],
        "read_s": times[1] - times[0],
        "write_s": times[3] - times[2],
        **figures(made, plan),
        "awards": len(plan.awards.amount),
    }


def write_plan(folder: Path, out: Path, options: co.SolveOptions) -> None:
    """Plan once more with the inputs kept, and write what the verifier reads; tell the digest of the plan."""
    problem = co.read_problem(folder / "model.toml", keep_inputs=True)
    plan = co.solve(problem, options)
    out.mkdir()
    write_checked_files(plan, out, problem)
    sys.stdout.write(digest(plan))


def verified_apart(folder: Path, options: co.SolveOptions, expected: str) -> dict[str, object]:
    """Verify the plan, made again in a process of its own, as keeping its inputs takes memory of its own."""
    with tempfile.TemporaryDirectory() as place_of_its_own:
        out = Path(place_of_its_own) / "plan"
        command = [sys.executable, "-m", "benchmarks.million", "--folder", str(folder), "--only-plan", str(out)]
        limits = [
            "--gap",
            str(options.relative_gap),
            "--seconds",
            str(options.time_limit_s),
            "--seed",
            str(options.seed),
        ]
        again = subprocess.run([*command, *limits], check=True, stdout=subprocess.PIPE, text=True).stdout
        # Another plan, as where time ran out, says nothing of the one that was measured.
        return verdict_of(out) if again == expected else {"verified": False}


def main() -> None:
    """Read the arguments, write the tables, run, print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clusters", type=int, default=1_000_000)
    parser.add_argument("--shape", type=Shape, choices=list(Shape), default=Shape.LOOSE)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--gap", type=float, default=1e-6)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--folder", type=Path, help="where the tables are, or are written to; else a temporary one")
    parser.add_argument("--only-write", action="store_true", help="write the tables and end")
    parser.add_argument("--only-plan", type=Path, help="plan the tables into this folder, with its inputs, and end")
    parser.add_argument("--verify", action="store_true")
    parser.add_argument("--record", action="store_true")
    chosen = parser.parse_args()
    if chosen.only_write:
        write_tables(chosen.folder, chosen.clusters, chosen.shape, chosen.seed)
        return
    options = co.SolveOptions(
        relative_gap=chosen.gap, time_limit_s=chosen.seconds, seed=chosen.seed, isolation=Isolation.INLINE
    )
    if chosen.only_plan:
        write_plan(chosen.folder, chosen.only_plan, options)
        return
    with tempfile.TemporaryDirectory() as place_of_its_own:
        folder = chosen.folder or Path(place_of_its_own)
        if not (folder / "model.toml").exists():
            command = [sys.executable, "-m", "benchmarks.million", "--only-write", "--folder", str(folder)]
            drawn = ["--clusters", str(chosen.clusters), "--shape", chosen.shape, "--seed", str(chosen.seed)]
            subprocess.run([*command, *drawn], check=True)
        # What is compiled is loaded before the clock starts.
        co.solve(co.problem_from_tables(portfolio_tables(WARM, Shape.LOOSE)), options)
        found = {"shape": chosen.shape.value, "seed": chosen.seed, "asked": chosen.gap, **run(folder, options)}
        if chosen.verify:
            found |= verified_apart(folder, options, str(found["digest"]))
    line = {**found, **place()}
    print(json.dumps(line))
    if chosen.record:
        keep("million", line)


if __name__ == "__main__":
    main()
