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
