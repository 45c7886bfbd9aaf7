"""Take one plan apart: where each of its numbers comes from and what it promises."""

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import clusteropt as co

problem = co.read_problem(Path(__file__).parent / "province" / "model.toml")
plan = co.solve(problem)

# 1. The value is the sum over cells, and each cell can be computed by hand: weight x elasticity x ln(1 + x / base).
cell = plan.largest_awards(1).iloc[0]
cluster = problem.labels.clusters.index(cell["cluster"])
lever = problem.labels.levers.index(cell["lever"])
base = problem.scale[cluster, lever]
elasticity = problem.effect[cluster, lever] * base
by_hand = problem.weight[cluster] * elasticity * math.log(1 + cell["amount"] / base)
print(f"Largest award: {cell['cluster']}, {cell['lever']}, {cell['amount']} yuan")
print(f"  by hand {problem.weight[cluster]:.0f} x {elasticity:.6f} x ln(1 + x / {base:.0f}) = {by_hand:.6f}")
print(f"  in the plan {cell['value']:.6f}")
print(f"Sum over cells {plan.value_by_cell['value'].sum():.6f}, value of the plan {plan.value:.6f}")

# 2. No plan can exceed the bound; the gap is what is left between. One bound is proved, the other the solver claims.
print(f"Safe bound {plan.safe_bound:.6f}, safe gap {plan.safe_gap:.1e}, proof: {plan.proof.value}")
print(f"Claimed bound {plan.bound:.6f}, claimed gap {plan.gap:.1e}")

# 3. Ask for less, and the plan says so.
rough = co.solve(problem, co.SolveOptions(relative_gap=0.05))
print(f"At a gap of 5 per cent: value {rough.value:.6f}, safe gap {rough.safe_gap:.1e}, claimed gap {rough.gap:.1e}")
print(f"  runs of HiGHS: {len(rough.record.runs)} instead of {len(plan.record.runs)}")

# 4. What the straight pieces of the program can be off anywhere, known before solving; and what whole yuan cost.
print(f"Pieces: at most {plan.pieces_error:.3f}; rounding: {plan.rounding_loss:.1e}")

# 5. Money left in a purse has a reason. Let every cell take a quarter of what it could, and some is left.
small = co.solve(replace(problem, most=problem.most // 4))
for left in small.unspent:
    print(f"Unspent: {left.amount} yuan of {problem.labels.funds[left.fund]}, because: {left.reason.value}")

# 6. Where the rules cannot stand together there is no plan, only an error that says so.
shares = {"infrastructure_floor", "research_floor"}
greedy = tuple(replace(rule, minimum=Fraction(9, 10)) if rule.name in shares else rule for rule in problem.rules)
try:
    co.solve(replace(problem, rules=greedy))
except co.NoPlanError as error:
    print(f"{type(error).__name__}: {error}")
