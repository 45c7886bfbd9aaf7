"""Add constraints of one's own to a plan, in Pyomo."""

from pathlib import Path

import pyomo.environ as pyo

import clusteropt as co

problem = co.read_problem(Path(__file__).parent / "province" / "model.toml")
plan = co.solve(problem)
print(f"Without own constraints: {plan.value:.3f}")

# A view of the problem: variables carry the names of the blocks and the labels of the tables. Money is in 10,000 yuan.
model = co.to_pyomo(problem)
print(f"Variables: {', '.join(str(variable) for variable in model.component_objects(pyo.Var))}")

# 1. Talent in the northern city gets at least as much as its finance.
north = ("panels", "drugs")


def money(lever: str) -> pyo.Expression:
    """Sum the money of a lever in the northern city."""
    return sum(model.flow["province", cluster, lever, 2026] for cluster in north)


model.talent_first = pyo.Constraint(expr=money("talent") >= money("finance"))

# 2. Only one of the two southern newcomers gets talent money: `on` is 1 where a cell has an award.
model.one_newcomer = pyo.Constraint(expr=model.on["genes", "talent", 2026] + model.on["sensors", "talent", 2026] <= 1)

own = co.solve(model)
print(f"With them: {own.value:.3f}, bound {own.bound:.3f}")
print(own.allocation.to_string(index=False))

# 3. What the view cannot carry is refused by name.
model.curved = pyo.Constraint(expr=model.flow["province", "drugs", "talent", 2026] ** 2 <= 100)
try:
    co.solve(model)
except co.ModelViewError as error:
    print(f"{type(error).__name__}: {error}")
