"""Plan the budget of an invented province from tables and a model file."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd

import clusteropt as co

FOLDER = Path(__file__).parent / "province"

# 1. Read. Every fault of the tables would be listed at once.
problem = co.read_problem(FOLDER / "model.toml")

# 2. Solve, and compare with sharing without optimising.
plan = co.solve(problem)
plan = co.compare(problem, plan)
print("\n".join(co.summary_lines(plan)))

# 3. Who gets what, to the yuan.
print("\nAwards:")
print(plan.allocation.to_string(index=False))

# 4. What does each rule cost? Plan again without it.
print("\nValue gained without the rule:")
for rule in problem.rules:
    others = tuple(other for other in problem.rules if other is not rule)
    freer = co.solve(replace(problem, rules=others))
    print(f"  {rule.name:<22}{freer.value - plan.value:8.3f}")

# 5. What would another million bring? Put it into each fund in turn.
print("\nValue of another million yuan:")
for number, fund in enumerate(problem.labels.funds):
    purse = problem.purse.copy()
    purse[number] += 1_000_000
    richer = co.solve(replace(problem, purse=purse))
    print(f"  {fund:<22}{richer.value - plan.value:8.3f}")

# 6. Which awards stand at both ends of the spread of the coefficients? This time from DataFrames.
tables = {file.stem: pd.read_csv(file, dtype=str, keep_default_na=False) for file in FOLDER.glob("*.csv")}
standing = {(row.cluster, row.lever) for row in plan.allocation.itertuples()}
for column in ("low", "high"):
    sections = {"effectiveness": {"column": column, "reading": "elasticity"}}
    settings = co.ModelSettings.model_validate_json(json.dumps(sections))
    other = co.solve(co.problem_from_tables(tables, settings))
    standing &= {(row.cluster, row.lever) for row in other.allocation.itertuples()}
print("\nCells with an award at the low, the mean and the high coefficients:")
print("\n".join(f"  {cluster}, {lever}" for cluster, lever in sorted(standing)))
