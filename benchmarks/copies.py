"""Plan many copies of the 66 national clusters: ``python -m benchmarks.copies --copies 10 50``.

Every copy has its own weights, and scales and limits of money, drawn around the national ones; purses, amounts and
counts are so many times the national ones, and shares are the same. Money flows on curves, in awards of nothing or at
least so much, from a national and a regional purse each: all that the loose portfolios lack. With ``--parts 7`` each
province is so many regions with a purse of its own, and every copy is in one part. Each way plans it in this process,
after the compiled code is loaded; one line of JSON each. ``--record`` keeps the lines for the docs.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from benchmarks.place import keep, place
from benchmarks.verdict import is_verified

import clusteropt as co
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.options import Isolation
from clusteropt.inputs.settings import CoefficientReading, EffectivenessSettings, MoneySettings
from clusteropt.plan import making

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem

TABLES = Path(__file__).parents[1] / "datasets" / "national66"
SPREAD = 0.3
"""Standard deviation of the logarithm of what differs between copies."""
COUNTED = ("amount", "count")
"""Rules whose limits grow with the clusters."""
NEVER = 10**9
WAYS = {"whole": NEVER, "cores": 0}
"""From how many clusters on prices come first, that a way may be the one."""


def copied_tables(copies: int, seed: int = 0, parts: int = 1) -> dict[str, pd.DataFrame]:
    """Give the tables of so many copies of the national clusters, in regions of so many parts."""
    dice = np.random.default_rng(seed)
    names = ("clusters", "cells", "effectiveness", "eligibility", "funds", "levers", "rules")
    tables = {name: pd.read_csv(TABLES / f"{name}.csv") for name in names}
    clusters = tables["clusters"].drop(columns=["name", "name_zh"])
    tables["clusters"] = _copies(clusters, copies)
    tables["cells"] = _copies(tables["cells"], copies)
    tables["clusters"]["weight"] *= np.exp(dice.normal(0.0, SPREAD, len(tables["clusters"])))
    factor = np.exp(dice.normal(0.0, SPREAD, len(tables["cells"])))
    for column in ("scale", "most"):
        tables["cells"][column] = np.round(tables["cells"][column] * factor).astype(np.int64)
    tables["funds"]["amount"] *= copies
    rules = tables["rules"]
    grows = rules["kind"].isin(COUNTED)
    rules.loc[grows, ["min", "max"]] *= copies
    named = rules["cluster"].notna()
    rules.loc[named, "cluster"] = [
        "|".join(f"{name}-{number}" for number in range(copies) for name in text.split("|"))
        for text in rules.loc[named, "cluster"]
    ]
    return tables if parts == 1 else _in_parts(tables, parts)


def _in_parts(tables: dict[str, pd.DataFrame], parts: int) -> dict[str, pd.DataFrame]:
    """Make so many regions with a purse each of every region; a copy is in one part, copy after copy in the next."""
    tables = dict(tables)
    clusters, funds, rules = tables["clusters"], tables["funds"], tables["rules"]
    part = clusters["cluster"].str.rsplit("-", n=1).str[1].astype(int) % parts
    tables["clusters"] = clusters.assign(region=clusters["region"] + "-" + part.astype(str)).drop(columns="region_zh")
    regional = tables["eligibility"].loc[tables["eligibility"]["region"].notna(), "fund"]
    own = funds["fund"].isin(regional)
    smaller = funds[own].assign(amount=funds.loc[own, "amount"] // parts).drop(columns=["name", "name_zh"])
    numbered = [smaller.assign(fund=smaller["fund"] + f"-{number}") for number in range(parts)]
    tables["funds"] = pd.concat([funds[~own].drop(columns=["name", "name_zh"]), *numbered], ignore_index=True)
    access, named = tables["eligibility"], tables["eligibility"]["region"].notna()
    open_to = [
        access[named].assign(fund=access["fund"] + f"-{number}", region=access["region"] + f"-{number}")
        for number in range(parts)
    ]
    tables["eligibility"] = pd.concat([access[~named], *open_to], ignore_index=True)
    named = rules["region"].notna()
    texts = [
        "|".join(f"{name}-{number}" for number in range(parts) for name in text.split("|"))
        for text in rules.loc[named, "region"]
    ]
    tables["rules"] = rules.assign(region=rules["region"].astype(object))
    tables["rules"].loc[named, "region"] = texts
    return tables


def _copies(table: pd.DataFrame, copies: int) -> pd.DataFrame:
    """Repeat a table of clusters; the name of each copy says which it is."""
    parts = [table.assign(cluster=table["cluster"] + f"-{number}") for number in range(copies)]
    return pd.concat(parts, ignore_index=True)


def copied_problem(copies: int, seed: int = 0, parts: int = 1) -> Problem:
    """Give the problem of so many copies of the national clusters, in regions of so many parts."""
    settings = ModelSettings(
        name=f"national66-{copies}-{seed}-{parts}",
        years=(2025,),
        money=MoneySettings(per_printed=10_000),
        effectiveness=EffectivenessSettings(reading=CoefficientReading.ELASTICITY),
    )
    return problem_from_tables(copied_tables(copies, seed, parts), settings)


def run(problem: Problem, way: str, options: co.SolveOptions) -> dict[str, object]:
    """Plan a problem one way."""
    making.LARGE = making.LARGE_MENUS = WAYS[way]
    began, cpu = time.perf_counter(), time.process_time()
    try:
        plan = co.solve(problem, options)
    except co.NoPlanError:
        found: dict[str, object] = {"gap": None, "safe_gap": None, "value": None, "proof": None}
        plan = None
    took = {"seconds": time.perf_counter() - began, "cpu_s": time.process_time() - cpu}
    if plan is not None:
        found = {"gap": plan.gap, "safe_gap": plan.safe_gap, "value": plan.value, "proof": plan.proof.value}
        found |= {"verified": is_verified(plan, problem)}
    return took | found


def main() -> None:
    """Read the arguments, run, print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, nargs="+", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--parts", type=int, default=1, help="regions in the place of each")
    parser.add_argument("--gap", type=float, default=1e-6)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), default=list(WAYS))
    parser.add_argument("--record", action="store_true", help="keep the lines for the docs")
    chosen = parser.parse_args()
    if not 1 <= chosen.parts <= min(chosen.copies):
        parser.error(f"--parts is {chosen.parts}: a copy is in one part, so give 1 to {min(chosen.copies)}.")
    warm = co.SolveOptions(relative_gap=1e-3, time_limit_s=10.0, isolation=Isolation.INLINE)
    for way in chosen.ways:
        run(copied_problem(2, 1), way, warm)
    options = co.SolveOptions(
        relative_gap=chosen.gap, time_limit_s=chosen.seconds, seed=chosen.seed, isolation=Isolation.INLINE
    )
    for copies in chosen.copies:
        problem = copied_problem(copies, chosen.seed, chosen.parts)
        for way in chosen.ways:
            line = {"clusters": problem.num_clusters, "copies": copies, "way": way, "seed": chosen.seed}
            line |= {"regions": len(problem.labels.regions)}
            line |= {"asked": chosen.gap, "limit_s": chosen.seconds} | run(problem, way, options) | place()
            print(json.dumps(line), flush=True)
            if chosen.record:
                keep("copies", line)


if __name__ == "__main__":
    main()
