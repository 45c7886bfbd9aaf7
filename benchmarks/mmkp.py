"""Solve multiple-choice knapsacks of the literature through the public tables: ``python -m benchmarks.mmkp FILE...``.

A group is a programme, an item one of its options, a resource a fund; exactly one option of every programme is taken.
One line of JSON a problem. Two formats are read: that of Hiremath and Hill, where a file holds several problems, and
that of Khan, with one. Where a table beside a file says what is optimal, the line has it. ``--highs`` solves the same
arrays by HiGHS alone as well; ``--record`` keeps the lines for the docs. No proof tree is grown, as HiGHS grows none.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from fractions import Fraction
from math import lcm
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
from benchmarks.place import keep, place
from benchmarks.small import by_highs
from benchmarks.verdict import is_verified

import clusteropt as co
from clusteropt.domain import Path as InnovationPath
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.options import Isolation
from clusteropt.inputs.settings import MoneySettings
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.space import make_space

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.inputs.problem import Problem

KHAN_HEAD, HILL_HEAD = 3, 4
"""How many numbers the head of a problem has: groups, items and resources, behind the number of the problem or not."""


class Knapsack(NamedTuple):
    """One problem: its number, what each resource holds, and groups of items (value, then what each resource gives)."""

    number: int
    holds: list[int]
    groups: list[list[tuple[float, list[int]]]]


def read_knapsacks(path: Path) -> Iterator[Knapsack]:
    """Read a file of one of the two formats; resources with decimals are counted in smaller units."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.split()]
    if len(rows[0]) == KHAN_HEAD:
        # What follows the last group is solutions of others.
        yield _knapsack(1, [int(part) for part in rows[0]], rows[1:])
        return
    place = 0
    while place < len(rows):
        number, *sizes = (int(part) for part in rows[place])
        length = 1 + sizes[0] * (1 + sizes[1])
        yield _knapsack(number, sizes, rows[place + 1 : place + 1 + length])
        place += 1 + length


def _knapsack(number: int, sizes: list[int], rows: list[list[str]]) -> Knapsack:
    num_groups, num_items, num_resources = sizes
    exact = [[Fraction(part) for part in row] for row in rows[: 1 + num_groups * (1 + num_items)]]
    groups = [exact[2 + g * (1 + num_items) : 2 + g * (1 + num_items) + num_items] for g in range(num_groups)]
    if len(exact[0]) != num_resources or any(len(item) != 1 + num_resources for group in groups for item in group):
        raise ValueError(f"problem {number}: its sizes {sizes} and its lines do not go together.")
    unit = lcm(*(part.denominator for row in (exact[0], *(item[1:] for g in groups for item in g)) for part in row))
    items = [[(float(item[0]), [int(part * unit) for part in item[1:]]) for item in group] for group in groups]
    return Knapsack(number, [int(part * unit) for part in exact[0]], items)


def knapsack_problem(knapsack: Knapsack) -> Problem:
    """Give a problem whose best plan is the best filling: exactly one option of every programme."""
    options = [
        {"programme": f"g{g}", "option": f"i{k}", "clusters": "c", "gain": gain, "must": "yes"}
        for g, group in enumerate(knapsack.groups)
        for k, (gain, _) in enumerate(group)
    ]
    costs = [
        {"programme": f"g{g}", "option": f"i{k}", "fund": f"f{f}", "cost": cost}
        for g, group in enumerate(knapsack.groups)
        for k, (_, taken) in enumerate(group)
        for f, cost in enumerate(taken)
        if cost
    ]
    paths = [str(path) for path in InnovationPath]
    tables = {
        "clusters": pd.DataFrame(
            {"cluster": ["c"], "region": ["r"], "industry": ["i"], "path": ["upgrading"], "scale": [1]}
        ),
        "levers": pd.DataFrame({"lever": ["l"], "response": ["linear"]}),
        "effectiveness": pd.DataFrame({"path": paths, "lever": "l", "mean": 0.0, "source": "no money is awarded"}),
        "funds": pd.DataFrame(
            [{"fund": f"f{f}", "year": 2026, "amount": held} for f, held in enumerate(knapsack.holds)]
        ),
        "programmes": pd.DataFrame(options),
        "programme_costs": pd.DataFrame(costs),
    }
    return problem_from_tables(tables, ModelSettings(money=MoneySettings(per_printed=1)))


def optima(folder: Path) -> dict[tuple[str, int], float]:
    """Read what is optimal, by file and problem, from the tables of a folder that say so."""
    found: dict[tuple[str, int], float] = {}
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if "optimum" in row:
                    found[row["file"], int(row["problem"])] = float(row["optimum"])
                elif row.get("kind") == "optimum":
                    found[row["instance"], 1] = float(row["value"])
    return found


def run(path: Path, knapsack: Knapsack, options: co.SolveOptions) -> dict[str, object]:
    """Solve one problem and give the figures."""
    problem = knapsack_problem(knapsack)
    began = time.perf_counter()
    plan = co.solve(problem, options)
    seconds = time.perf_counter() - began
    return {
        "family": path.resolve().parent.name,
        "file": path.name,
        "problem": knapsack.number,
        "value": plan.value,
        "bound": plan.bound,
        "gap": plan.gap,
        "safe_gap": plan.safe_gap,
        "optimum": optima(path.resolve().parent).get((path.name, knapsack.number)),
        "limit_s": options.time_limit_s,
        "seconds": seconds,
        "verified": is_verified(plan, problem),
    }


def run_highs(knapsack: Knapsack, options: co.SolveOptions) -> dict[str, object]:
    """Solve the arrays of one problem by HiGHS alone and give the figures."""
    space = make_space(knapsack_problem(knapsack))
    made = formulate(space, first_grid(make_curves(space)))
    began = time.perf_counter()
    value, gap = by_highs(made, options.time_limit_s, options.seed)
    return {"highs_value": value, "highs_gap": gap, "highs_seconds": time.perf_counter() - began}


def main() -> None:
    """Read the arguments, run every problem, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--highs", action="store_true")
    parser.add_argument("--repeats", type=int, default=1, help="the least seconds of so many runs of each, in turn")
    parser.add_argument("--record", action="store_true")
    chosen = parser.parse_args()
    options = co.SolveOptions(
        relative_gap=0.0, proof_nodes=0, time_limit_s=chosen.seconds, seed=chosen.seed, isolation=Isolation.INLINE
    )
    for path in chosen.files:
        for knapsack in read_knapsacks(path):
            lines = [
                run(path, knapsack, options) | (run_highs(knapsack, options) if chosen.highs else {})
                for _ in range(chosen.repeats)
            ]
            least = {key: min(line[key] for line in lines) for key in ("seconds", "highs_seconds") if key in lines[0]}
            line = lines[-1] | least | place()
            print(json.dumps(line), flush=True)
            if chosen.record:
                keep("mmkp", line)


if __name__ == "__main__":
    main()
