"""Plan Guangxi over three years: real totals, an illustrative list of clusters."""

import tempfile
from pathlib import Path

import clusteropt as co

# 1. Read the shipped model. What is illustrative says so in its rows, and the plan says it again.
problem = co.read_problem("guangxi")
print(f"{problem.num_clusters} clusters, {problem.num_years} years, {len(problem.rules)} rules once written out")

# 2. Plan, in whole yuan.
plan = co.solve(problem)
lines = co.summary_lines(plan)
print("\n".join(line for line in lines if not line.lstrip().startswith("Solved in")))

# 3. Which measures of the report are taken, when, for how much, and who moves to another path?
print("\nProgrammes:")
print(plan.programme_table.drop(columns="option").to_string(index=False))

# 4. Who pays? One row a fund: what came in, what came back, what was paid.
print("\nFunds over the three years, in 10,000 yuan:")
flow = plan.by_purse.groupby("fund", sort=False)[["held", "returned", "awarded", "programmes", "unspent"]].sum()
print((flow / plan.money.per_printed).round(2).to_string())

# 5. How many awards have two purses behind them?
awards = plan.allocation.groupby(["cluster", "lever", "year"])["fund"].nunique()
print(f"\n{len(awards)} awards, {(awards == 2).sum()} of them from two purses, {(awards > 2).sum()} from more")

# 6. Write the folder and have it checked by the verifier, which reads the tables by itself.
with tempfile.TemporaryDirectory() as folder:
    co.write_plan_files(plan, Path(folder) / "guangxi", problem)
    print("verified:", co.verify_folder(Path(folder) / "guangxi").holds)
