"""Ask a plan why: what money is worth, what rules cost, why a cluster got what it got, what else would be as good."""

from pathlib import Path

import pandas as pd

import clusteropt as co

# 1. By hand. Alpha brings 10 for 4 yuan or 13 for 8, beta 6 for 3; the fund holds 7. The best is 4 and 3, worth 16.
paths = ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")
tables = {
    "clusters": pd.DataFrame(
        {"cluster": ["alpha", "beta"], "region": "r", "industry": "i", "path": "upgrading", "scale": 10}
    ),
    "levers": pd.DataFrame({"lever": ["talent"], "response": ["log"]}),
    "effectiveness": pd.DataFrame({"path": paths, "lever": "talent", "mean": 1.0, "source": "made up"}),
    "funds": pd.DataFrame({"fund": ["city"], "year": [2026], "amount": [7]}),
    "levels": pd.DataFrame(
        {
            "cluster": ["alpha", "alpha", "beta"],
            "lever": "talent",
            "level": ["half", "full", "one"],
            "amount": [4, 8, 3],
            "gain": [10.0, 13.0, 6.0],
        }
    ),
}
settings = co.ModelSettings.model_validate_json('{"money": {"per_printed": 1}}')
small = co.problem_from_tables(tables, settings)
plan = co.solve(small)
print(f"By hand 10 + 6 = 16, in the plan {plan.value:.6f}")
for step, by_hand in ((1, 16 - 16), (4, (13 + 6 - 16) / 4)):
    options = co.ExplainOptions(step=step / 7, parts=frozenset((co.Part.PURSES,)))
    worth = co.explain(small, plan, options).purses[0].worth
    print(f"{step} more: by hand {by_hand:.2f} a yuan, explained {worth.low.value:.6f} to {worth.high.value:.6f}")
change = co.what_if(small, plan, "alpha", "talent", 0)
print(f"Alpha refused: by hand 16 - 6 = 10, explained {change.loss.low.value:.6f} to {change.loss.high.value:.6f}")
price = plan.certificate.stages[0].multipliers.purse.price.sum()
print(f"The certificate proves the plan with the price {price:.6f}; no one price could say both worths")

# 2. The province. What is one more printed unit of each fund worth, and what does each rule cost?
problem = co.read_problem(Path(__file__).parent / "province" / "model.toml")
plan = co.solve(problem)
found = co.explain(problem, plan, co.ExplainOptions(parts=frozenset((co.Part.PURSES, co.Part.RULES))))
print()
print("\n".join(co.explanation_lines(found)))

# 3. Why did a cluster get what it got, and what would the next level take?
name = plan.largest_awards(1).loc[0, "cluster"]
cells = co.ExplainOptions(clusters=(name,), parts=frozenset((co.Part.CELLS, co.Part.FORCED)))
print()
print("\n".join(co.explanation_lines(co.explain(problem, plan, cells))[2:]))

# 4. What if its largest award were refused?
largest = plan.largest_awards(1).iloc[0]
change = co.what_if(problem, plan, largest["cluster"], largest["lever"], 0)
low, high = change.loss.low.value, change.loss.high.value
print(f"\nWithout {largest['cluster']}, {largest['lever']}: {low:.4f} to {high:.4f} less")
print(change.moves.head(5).to_string(index=False))

# 5. Which other plans lose at most one per cent? Within 5 per cent of the largest difference is near enough here.
print()
for other in co.alternatives(problem, plan, num=2, loss=0.01, options=co.SolveOptions(relative_gap=0.05)):
    print(f"An alternative loses {other.loss:.2%} and moves {other.difference:.1%} of the money;")
    print(f"  {other.nearest:.1%} from any plan before, and no plan is further than {other.most:.1%}")
