"""A year is over: what was paid is known, and the years that are left are planned again."""

import pandas as pd

import clusteropt as co

paths = ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")
settings = co.ModelSettings.model_validate_json(
    '{"money": {"unit": "yuan", "unit_zh": "元", "printed": "yuan", "printed_zh": "元", "per_printed": 1}}'
)
tables = {
    "clusters": pd.DataFrame(
        {"cluster": ["alpha", "beta"], "region": "north", "industry": "i", "path": "upgrading", "scale": [40, 60]}
    ),
    # What is paid works a year later, and a fifth of it is lost every year.
    "levers": pd.DataFrame({"lever": ["talent"], "response": ["log"], "depreciation": [0.2], "lag": [1]}),
    "effectiveness": pd.DataFrame({"path": paths, "lever": "talent", "mean": 1.0, "source": "made up"}),
    "funds": pd.DataFrame({"fund": "city", "year": [2026, 2027, 2028, 2029], "amount": 100, "carry_over": "0.5"}),
    "rules": pd.DataFrame({"rule": ["beta"], "kind": ["amount"], "cluster": ["beta"], "min": [140]}),
}
problem = co.problem_from_tables(tables, settings)
plan = co.solve(problem)

# 1. In 2026 alpha was paid what was planned for it, and beta hardly anything.
planned = plan.allocation[plan.allocation["year"] == 2026]
actuals = planned.assign(amount=planned["amount"].where(planned["cluster"] == "alpha", 10))
found = co.replan(problem, plan, actuals)
print(found)

# 2. What joins the stocks of the open years, what their purses hold, and what is left of the rule.
print("\nArriving in 2027:", found.problem.arrivals[:, 0, 0].tolist())
print("Purses:", found.problem.purse[0].tolist())
print("Rule beta asks for", found.problem.rules[0].minimum)

# 3. The same, but no cluster may get a tenth more or less in any year than was planned.
held = co.replan(problem, plan, actuals, co.ReplanOptions(most_change=0.1))
print("\nLargest change without the limit:", (found.moved["after"] - found.moved["before"]).abs().max())
print("Largest change with it:", (held.moved["after"] - held.moved["before"]).abs().max())

# 4. Two years are over, and what came of the first in the second has been counted. It stands beside what was planned.
second = found.plan.allocation.query("year == 2027")
both = pd.concat([actuals.assign(outcome=0.0), second.assign(outcome=[27.0, 9.5])])
seen, unseen = (co.replan(problem, plan, table) for table in (both, both.drop(columns="outcome")))
print("\n" + seen.actual.round(2).to_string(index=False))
print("The plan without outcomes is the same:", seen.plan.allocation.equals(unseen.plan.allocation))

# 5. A park that began in 2026 goes on: what is left of it is paid before anything else.
park = {
    "programmes": pd.DataFrame({"programme": ["park"], "clusters": "alpha", "gain": 30, "start": "2026"}),
    "programme_costs": pd.DataFrame({"programme": "park", "fund": "city", "after": [0, 1], "cost": [20, 30]}),
}
problem = co.problem_from_tables({**tables, **park}, settings)
plan = co.solve(problem)
found = co.replan(problem, plan, plan.allocation.query("year == 2026"))
print("\n" + found.plan.programme_table.drop(columns="option").to_string(index=False))
print(found.plan.by_purse.drop(columns="fund").to_string(index=False))
