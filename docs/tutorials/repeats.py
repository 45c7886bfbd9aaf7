"""Rules that repeat: ramps, every k-th year, rates and caps, few purses, matching money, a purse that tops up."""

from itertools import product

import pandas as pd

import clusteropt as co

# 1. Two clusters in two regions, one lever, a national and a local fund, three years, whole yuan.
paths = ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")
years = (2026, 2027, 2028)
clusters = {"cluster": ["alpha", "beta"], "region": ["north", "south"], "industry": "i", "path": "upgrading"}
purses = [(fund, year, amount) for (fund, amount), year in product((("national", 100), ("local", 60)), years)]
tables = {
    "clusters": pd.DataFrame({**clusters, "scale": [50, 40]}),
    "levers": pd.DataFrame({"lever": ["talent"], "response": ["log"]}),
    "effectiveness": pd.DataFrame({"path": paths, "lever": "talent", "mean": 1.0, "source": "made up"}),
    "funds": pd.DataFrame(purses, columns=["fund", "year", "amount"]),
    "cells": pd.DataFrame({"cluster": ["alpha", "beta"], "lever": "talent", "cost": [900, 1501]}),
    "last_plan": pd.DataFrame({"cluster": ["alpha", "beta"], "lever": "talent", "amount": [50, 20]}),
}
money = '{"unit": "yuan", "unit_zh": "元", "printed": "yuan", "printed_zh": "元", "per_printed": 1}'
settings = co.ModelSettings.model_validate_json(f'{{"money": {money}}}')


def plan_under(*rows: dict[str, str], **changed: pd.DataFrame) -> None:
    """Print the rules that rows stand for, and the money of the best plan under them, with some tables changed."""
    rules = pd.DataFrame(rows, dtype=object).fillna("")
    problem = co.problem_from_tables({**tables, **changed, "rules": rules}, settings)
    print("\n".join(f"  rule {rule.name}" for rule in problem.rules))
    awards = co.solve(problem).allocation
    print(awards.pivot_table("amount", ["cluster", "fund"], "year", aggfunc="sum", fill_value=0).to_string())


# 2. A ramp limit: no cluster gets over 20 % more, or over 30 % less, than in the year before.
print("Ramp")
plan_under({"rule": "ramp", "kind": "change", "min": "-0.3", "max": "0.2", "of": "before", "each": "cluster"})

# 3. The same in yuan: all money together rises by at most 10 a year.
print("Ramp in yuan")
plan_under({"rule": "budget", "kind": "amount", "max": "10", "of": "before"})

# 4. Every second year: in any two years on end beta gets an award, although its region may get none in 2027.
print("Every second year")
plan_under(
    {"rule": "often", "kind": "count", "cluster": "beta", "min": "1", "each": "cluster|years:2"},
    {"rule": "pause", "kind": "lock", "cluster": "beta", "year": "2027", "min": "0"},
)

# 5. Rate and cap: a tenth of the investment, rounded down, and no more than 120 in all.
print("Rate and cap")
plan_under(
    {"rule": "rate", "kind": "share", "max": "0.1", "of": "cost", "each": "cluster|lever"},
    {"rule": "cap", "kind": "amount", "max": "120", "each": "cluster"},
)

# 6. No double funding: one purse for an award; with max = 2 it would be at most two of many.
print("One purse for an award")
plan_under({"rule": "single", "kind": "count", "fund": "national|local", "max": "1", "each": "cluster|lever|year"})

# 7. Matching money: to every national yuan a region adds at least half a yuan of its own, every year.
print("Matching money")
plan_under(
    {"rule": "match", "kind": "share", "fund": "local", "min": "0.5", "of": "fund=national", "each": "region|year"}
)

# 8. A purse that only tops up: local money adds at most a tenth to what the national fund gives to the same award.
print("Top-up")
plan_under(
    {"rule": "top", "kind": "share", "fund": "local", "max": "0.1", "of": "fund=national", "each": "cluster|lever|year"}
)

# 9. Interest subsidies: the cost of a cell is the interest that is paid on its loans, and no more than that is given.
print("Interest")
interest = pd.DataFrame({"cluster": ["alpha", "beta"], "lever": "talent", "cost": [45, 120]})
plan_under({"rule": "interest", "kind": "share", "max": "1", "of": "cost", "each": "cluster|lever"}, cells=interest)

# 10. A cap of 40 on an award, and 40 more for one exception a year: exceptions have a fund of their own.
print("Exceptions")
cap = {"kind": "amount", "max": "40", "each": "cluster|year"}
plan_under(
    {"rule": "cap", "fund": "national", **cap},
    {"rule": "more", "fund": "local", **cap},
    {"rule": "exceptions", "kind": "count", "fund": "local", "max": "1", "each": "year"},
)

# 11. Matching money out of a region's own means: each has a fund that is open to it alone.
own = {
    "funds": pd.DataFrame(
        [(fund, year, amount) for fund, amount in (("national", 100), ("north", 10), ("south", 40)) for year in years],
        columns=["fund", "year", "amount"],
    ),
    "eligibility": pd.DataFrame({"fund": ["national", "north", "south"], "region": ["", "north", "south"]}),
}
match = {"kind": "share", "fund": "north|south", "min": "0.5", "of": "fund=national", "each": "region|year"}
print("Own means")
plan_under({"rule": "match", **match}, **own)

# 12. The same, and all subsidies together are at most a fifth of what the project costs.
print("Own means, and a cap of the subsidy")
rate = {"kind": "share", "max": "0.2", "of": "cost", "each": "cluster|lever"}
plan_under({"rule": "match", **match}, {"rule": "rate", **rate}, **own)
