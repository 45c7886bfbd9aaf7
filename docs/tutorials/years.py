"""Money over years: what waits, lapses and comes back, instruments of finance, the end of the plan, forms."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

import clusteropt as co

paths = ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")
money = '"money": {"unit": "yuan", "unit_zh": "元", "printed": "yuan", "printed_zh": "元", "per_printed": 1}'
settings = co.ModelSettings.model_validate_json(f"{{{money}}}")


def cluster_table(scale=10, **regions):
    """Give clusters by name with their regions, alike in all else."""
    frame = pd.DataFrame({"cluster": regions.keys(), "region": regions.values()})
    return frame.assign(industry="i", path="upgrading", scale=scale)


def effects(**means):
    """Give what the first yuan of each lever brings, on every path alike."""
    rows = [{"path": path, "lever": lever, "mean": mean} for path in paths for lever, mean in means.items()]
    return pd.DataFrame(rows).assign(source="made up")


def plan_of(amounts, settings=settings, **columns):
    """Plan one cluster that needs money alike in every year, from one fund whose purses have these columns."""
    funds = {"fund": "city", "year": range(2026, 2026 + len(amounts)), "amount": amounts, **columns}
    tables = {
        "clusters": cluster_table(alpha="north"),
        "levers": pd.DataFrame({"lever": ["talent"], "response": ["log"]}),
        "effectiveness": effects(talent=1.0),
        "funds": pd.DataFrame(funds),
    }
    return co.solve(co.problem_from_tables(tables, settings))


def show(title, plan):
    """Print the cash flow of the fund."""
    print(f"\n{title}\n{plan.by_purse.drop(columns='fund').to_string(index=False)}")


# 1. All 12 come in the first year. The cluster would use them best in three equal parts.
show("Yearly purses", plan_of([12, 0, 0]))
show("What is left may wait", plan_of([12, 0, 0], carry_over=1))
show("About a third of the amount may wait", plan_of([12, 0, 0], carry_over="0.34"))
show("What waits lapses after one year", plan_of([12, 0, 0], carry_over=1, expires_after=1))

# What lapses first is paid first: the 4 of 2026 that wait last until 2027, so 5 of the 6 of 2027 are left for 2028.
show("Order of use", plan_of([9, 6, 0], carry_over=1, expires_after=1))

# 2. Promises of earlier years are paid first: 8 of the 10 of the second year.
show("A commitment, and money that may wait for it", plan_of([10, 10], carry_over=1, committed=[0, 8]))

# 3. A loan comes back in two parts, from the year after next on; a reserve for a guarantee comes back whole.
show("Loans", plan_of([12, 0, 0, 0], returned=1, returned_after=2, returned_parts=2))
show("A guarantee", plan_of([12, 0, 0], returned=1, returned_after=2))

# 4. Instruments of finance are levers. An industry may name a stage of life or a link of the chain; eligibility says
# which instrument is for whom. A share comes back with half as much again, a loan whole, of the reserve of a guarantee
# four fifths. A yuan brings 2, 1 or 4 yuan of private money along, which work like it.
instruments = pd.DataFrame(
    {
        "lever": ["share", "loan", "guarantee"],
        "fund": ["seed", "pool", "reserve"],
        "industry": ["young firms", "suppliers", "leading firms"],
        "leverage": [2, 1, 4],
        "amount": [6, 12, 10],
        "returned": [1.5, 1, 0.8],
        "returned_after": [2, 1, 2],
    }
)
years = pd.DataFrame({"year": [2026, 2027, 2028]})
purses = instruments[["fund", "amount", "returned", "returned_after"]].merge(years, how="cross")
purses["amount"] = purses["amount"].where(purses["year"] == 2026, 0)
tables = {
    "clusters": cluster_table(young="north", supplier="north", leader="north").assign(industry=instruments["industry"]),
    "levers": instruments[["lever", "leverage"]].assign(response="linear"),
    "effectiveness": effects(share=1.0, loan=1.0, guarantee=1.0),
    "funds": purses,
    "eligibility": instruments[["fund", "lever", "industry"]],
}
plan = co.solve(co.problem_from_tables(tables, settings))
print(f"\nInstruments: worth {plan.value:g}")
print(plan.allocation.drop(columns="fund").to_string(index=False))
print(plan.by_lever[["lever", "amount", "mobilised"]].to_string(index=False))


# 5. The end of the plan. Money that keeps working is worth most early; years with empty purses behind the plan let what
# the last years buy count as long as it works.
def plan_of_stock(num_years):
    """Plan three purses of 6 for a lever that loses a fifth of its stock a year, and look on for some years."""
    tables = {
        "clusters": cluster_table(scale=5, alpha="north", beta="south"),
        "levers": pd.DataFrame({"lever": ["talent", "fair"], "response": "log", "depreciation": [0.2, 1]}),
        "effectiveness": effects(talent=0.4, fair=1.0),
        "funds": pd.DataFrame(
            {"fund": "city", "year": range(2026, 2026 + num_years), "amount": [6, 6, 6] + [0] * (num_years - 3)}
        ),
    }
    return co.solve(co.problem_from_tables(tables, settings))


print("\nTalent, which lasts, year by year")
for num_years, name in ((3, "the plan alone"), (6, "with three years behind it")):
    awards = plan_of_stock(num_years).allocation
    talent = awards[awards["lever"] == "talent"].groupby("year")["amount"].sum()
    print(f"{name}: {', '.join(str(talent.get(year, 0)) for year in (2026, 2027, 2028))}")

# 6. Later outcomes count less: at a rate of a quarter, one of 2027 counts as 0.8 of one of 2026.
for rate in (0, 0.25):
    discounted = co.ModelSettings.model_validate_json(f'{{{money}, "objective": {{"discount": {rate}}}}}')
    show(f"Discounted at {rate:g}", plan_of([16, 0], discounted, carry_over=1))

# 7. Fair over all years: an award of alpha is at least 10, of beta 20, and a yuan brings twice as much in alpha. Beta
# has to wait for 2027, and the south is not the worst region for that.
fair = {
    "clusters": cluster_table(alpha="north", beta="south"),
    "levers": pd.DataFrame({"lever": ["talent"], "response": ["linear"]}),
    "effectiveness": effects(talent=1.0),
    "cells": pd.DataFrame({"cluster": ["alpha", "beta"], "lever": "talent", "mean": [2.0, 1.0], "least": [10, 20]}),
    "funds": pd.DataFrame({"fund": "city", "year": [2026, 2027], "amount": [10, 20]}),
}
worst_first = co.ModelSettings.model_validate_json(f'{{{money}, "objective": {{"kind": "worst_region"}}}}')
for title, objective in (("Total outcome", settings), ("Worst region first", worst_first)):
    plan = co.solve(co.problem_from_tables(fair, objective))
    print(f"\n{title}\n{plan.allocation.drop(columns='fund').to_string(index=False)}")
    print(plan.by_region[["region", "outcome"]].to_string(index=False))

# 8. The form of the workbook, in 10,000 yuan. Six places get a sixth of 10,000 yuan each, or 0.17 by common rounding.
places = {
    "clusters": cluster_table(scale=500, a="west", b="middle", c="east"),
    "levers": pd.DataFrame({"lever": ["talent", "finance"], "response": "log"}),
    "effectiveness": effects(talent=1.0, finance=1.0),
    "funds": pd.DataFrame({"fund": ["city"], "year": [2026], "amount": [10_000]}),
}
plan = co.solve(co.problem_from_tables(places))
with TemporaryDirectory() as folder:
    co.write_plan_files(plan, folder)
    form = pd.read_excel(Path(folder) / "plan.xlsx", sheet_name="Budget form 预算表", dtype={"Year 年份": str})
print(f"\nIn whole yuan\n{plan.budget.to_string(index=False)}")
print(f"\nAs printed\n{form.to_string(index=False, na_rep='')}")
