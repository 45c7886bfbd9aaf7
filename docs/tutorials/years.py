"""A fund over three years: what waits, what lapses, what comes back, what is promised already."""

import pandas as pd

import clusteropt as co

paths = ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")
settings = co.ModelSettings.model_validate_json(
    '{"money": {"unit": "yuan", "unit_zh": "元", "printed": "yuan", "printed_zh": "元", "per_printed": 1}}'
)


def plan_of(amounts, **columns):
    """Plan one cluster that needs money alike in every year, from one fund whose purses have these columns."""
    funds = {"fund": "city", "year": range(2026, 2026 + len(amounts)), "amount": amounts, **columns}
    tables = {
        "clusters": pd.DataFrame(
            {"cluster": ["alpha"], "region": ["north"], "industry": ["i"], "path": ["upgrading"], "scale": [10]}
        ),
        "levers": pd.DataFrame({"lever": ["talent"], "response": ["log"]}),
        "effectiveness": pd.DataFrame({"path": paths, "lever": "talent", "mean": 1.0, "source": "made up"}),
        "funds": pd.DataFrame(funds),
    }
    return co.solve(co.problem_from_tables(tables, settings))


def show(title, plan):
    """Print the cash flow of the fund."""
    print(f"\n{title}\n{plan.by_purse.drop(columns='fund').to_string(index=False)}")


# 1. All 12 come in the first year. The cluster would use them best in three equal parts.
show("Yearly purses", plan_of([12, 0, 0]))
show("What is left may wait", plan_of([12, 0, 0], carry_over=1))
show("A third of the amount may wait", plan_of([12, 0, 0], carry_over="0.333333333"))
show("What waits lapses after one year", plan_of([12, 0, 0], carry_over=1, expires_after=1))

# 2. Promises of earlier years are paid first: 8 of the 10 of the second year.
show("A commitment, and money that may wait for it", plan_of([10, 10], carry_over=1, committed=[0, 8]))

# 3. A loan comes back in two parts, from the year after next on; a reserve for a guarantee comes back whole.
show("Loans", plan_of([12, 0, 0, 0], returned=1, returned_after=2, returned_parts=2))
show("A guarantee", plan_of([12, 0, 0], returned=1, returned_after=2))


# 4. The end of the plan. Money that keeps working is worth most early; years with empty purses behind the plan let what
# the last years buy count as long as it works.
def plan_of_stock(num_years):
    """Plan three purses of 6 for a lever that loses a fifth of its stock a year, and look on for some years."""
    tables = {
        "clusters": pd.DataFrame(
            {
                "cluster": ["alpha", "beta"],
                "region": ["north", "south"],
                "industry": "i",
                "path": "upgrading",
                "scale": 5,
            }
        ),
        "levers": pd.DataFrame({"lever": ["talent", "fair"], "response": "log", "depreciation": [0.2, 1]}),
        "effectiveness": pd.DataFrame(
            [
                {"path": path, "lever": lever, "mean": mean, "source": "made up"}
                for path in paths
                for lever, mean in (("talent", 0.4), ("fair", 1.0))
            ]
        ),
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
