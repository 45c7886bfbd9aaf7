"""Ask why there is no plan: what cannot stand together, and the smallest changes that help."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pandas as pd

import clusteropt as co

# 1. By hand. All three clusters must get an award, no award is below 4, and the north gets at most 7 of the 20 yuan.
paths = ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")
clusters = ["alpha", "beta", "gamma"]
tables = {
    "clusters": pd.DataFrame(
        {"cluster": clusters, "region": ["north", "north", "south"], "industry": "i", "path": "upgrading", "scale": 10}
    ),
    "levers": pd.DataFrame({"lever": ["talent"], "response": ["log"]}),
    "effectiveness": pd.DataFrame({"path": paths, "lever": "talent", "mean": 1.0, "source": "made up"}),
    "funds": pd.DataFrame({"fund": ["city"], "year": [2026], "amount": [20]}),
    "cells": pd.DataFrame({"cluster": clusters, "lever": "talent", "least": 4}),
    "rules": pd.DataFrame(
        {
            "rule": ["all_three", "north_cap"],
            "kind": ["count", "amount"],
            "region": ["", "north"],
            "min": ["3", ""],
            "max": ["", "7"],
            "of": ["clusters", ""],
        }
    ),
}
money = '{"unit": "yuan", "unit_zh": "元", "printed": "yuan", "printed_zh": "元", "per_printed": 1}'
settings = co.ModelSettings.model_validate_json(f'{{"money": {money}}}')
problem = co.problem_from_tables(tables, settings)
try:
    co.solve(problem)
except co.InfeasibleError as refusal:
    print(refusal)
diagnosis = co.diagnose(problem)
print(diagnosis)
print(diagnosis.read(co.Language.ZH))

# 2. Every repair holds the changed problem, ready to be solved for the best plan.
repair = diagnosis.repairs[0]
plan = co.solve(repair.problem)
print(f"After the first repair the best plan is worth {plan.value:.4f}; its awards:")
print(plan.allocation.to_string(index=False))

# 3. A province whose office can follow up one contract only, although research and infrastructure are promised shares.
province = co.read_problem(Path(__file__).parent / "province" / "model.toml")
rules = tuple(replace(r, maximum=Fraction(1)) if r.name == "awards_cap" else r for r in province.rules)
print(co.diagnose(replace(province, rules=rules)))
