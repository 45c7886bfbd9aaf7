"""Make the stored plan folders again: ``python -m tests.golden.regenerate_plans``, after a change of the format.

Random models are solved until every feature has been in a plan; a plan is kept if it brings a feature that those before
lack, and left out again if later ones bring all it has.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs import read_problem
from clusteropt.inputs.problem import RuleKind
from clusteropt.plan.making import solve
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from tests.differential import Verdict, attempt
from tests.problems import INLINE
from tests.random_tables import LEDGERS, PROGRAMMES, TINY, random_tables, write_folder
from tests.unit.test_verify_features import write_inputs

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem, Rule
    from clusteropt.plan.plan import Plan

PLANS = Path(__file__).parent / "plans"
SEEDS = (*range(600), *range(LEDGERS.start, LEDGERS.start + 60))
ENOUGH = 15
"""So many plans are kept at most."""
TREES = (49, PROGRAMMES.start + 49)
"""Seeds of models whose plans are kept for their proof trees: of amounts, and of amounts and picks."""
ALL_FEATURES = ("total", "worst per size", "equity log", "least")
"""Objectives of the model with every feature at once whose plans are kept."""


def features(problem: Problem, plan: Plan) -> set[str]:
    """Name what a plan has in it."""
    objective, menus = problem.objective, problem.menus
    trees = [stage.tree for stage in plan.certificate.stages]
    found = {f"{objective.kind}, {objective.measure}", f"proof {plan.proof}"}
    found |= {
        f"{family} in use" for family, used in zip(problem.family, problem.effect.any(axis=0), strict=True) if used
    }
    found |= {f"equity {objective.equity_family}"} if objective.kind == "equity" else set()
    found |= {_rule(rule) for rule in problem.rules}
    facts = {
        "levels with gains": np.isfinite(menus.gain).any(),
        "levels on curves": np.isnan(menus.gain).any(),
        "a stock in use": (problem.stock[:, problem.depreciation < 1] > 0).any(),
        "lags": (problem.lag > 0).any() and problem.num_years > 1,
        "synergies": any(synergy.gain.any() for synergy in problem.synergies) and plan.synergy.any(),
        "spill-overs that help": (problem.spill_share > 0).any(),
        "spill-overs that harm": (problem.spill_share < 0).any(),
        "memberships": ((problem.membership > 0) & (problem.membership < 1)).any(),
        "two funds": problem.num_funds > 1,
        "closed draws": problem.num_draws < problem.num_clusters * problem.num_levers * problem.num_funds,
        "discount": problem.discount > 0,
        "a least award": (problem.least > 1).any(),
        "money left": bool(plan.unspent),
        "a proof tree of amounts": any(tree is not None and (tree.nodes.cluster >= 0).any() for tree in trees),
        "a proof tree of picks": any(tree is not None and any(tree.nodes.programme) for tree in trees),
        "prices of rules": any(len(s.multipliers.rule.rule) for s in plan.certificate.stages if s.multipliers),
    }
    facts |= {
        "carry-over": plan.cash.carried_in.any(),
        "commitments": plan.cash.committed.any(),
        "returns": plan.cash.returned.any(),
        "prices of spans": any("+" in years for s in plan.certificate.stages if s.multipliers
                               for years in s.multipliers.purse.years),
    }  # fmt: skip
    return found | {name for name, holds in facts.items() if holds}


def _rule(rule: Rule) -> str:
    sides = "".join(side for side, limit in (("<", rule.minimum), (">", rule.maximum)) if limit is not None)
    funds = (
        " of funds" if rule.selection.funds and rule.kind in (RuleKind.COUNT, RuleKind.LOCK, RuleKind.CHANGE) else ""
    )
    return f"{rule.kind} {rule.base} {sides}{funds}"


def main() -> None:
    """Solve, choose, and write the folders."""
    kept: dict[int, set[str]] = {}
    with TemporaryDirectory() as place:
        for seed in SEEDS:
            folder = Path(place) / str(seed)
            problem = read_problem(write_folder(*random_tables(seed, TINY), folder / "model", dress=seed))
            plan = attempt(lambda problem=problem: solve(problem, INLINE))
            if isinstance(plan, Verdict):
                continue
            brought = features(problem, plan)
            if brought <= set().union(*kept.values()):
                continue
            write_plan_files(plan, folder / "plan", problem)
            kept[seed] = brought
        chosen = _fewest(kept)
        shutil.rmtree(PLANS, ignore_errors=True)
        for seed in chosen:
            _keep(Path(place) / str(seed) / "plan", str(seed))
    keep_all_features()
    keep_trees()
    sys.stdout.write("\n".join(sorted(set().union(*(kept[seed] for seed in chosen)))) + "\n")


def keep_all_features() -> None:
    """Write the plans of the model that has every feature at once, for some of its objectives."""
    for base in ALL_FEATURES:
        with TemporaryDirectory() as place:
            problem = read_problem(write_inputs(Path(place) / "model", base))
            write_plan_files(solve(problem, replace(INLINE, relative_gap=1e-4)), Path(place) / "plan", problem)
            _keep(Path(place) / "plan", f"all features, {base}")


def keep_trees() -> None:
    """Write the plans that are proved by trees."""
    for seed in TREES:
        with TemporaryDirectory() as place:
            problem = read_problem(write_folder(*random_tables(seed, TINY), Path(place) / "model", dress=seed))
            plan = solve(problem, INLINE)
            assert plan.certificate.leaves > len(plan.stages)
            write_plan_files(plan, Path(place) / "plan", problem)
            _keep(Path(place) / "plan", f"proof tree, {seed}")


def _keep(source: Path, name: str) -> None:
    assert check_folder(source)[0] == 0
    # The workbook is for eyes, and no check reads it.
    shutil.copytree(source, PLANS / name, ignore=shutil.ignore_patterns("*.xlsx"))


def _fewest(kept: dict[int, set[str]]) -> list[int]:
    """Choose plans one by one, each time the one that brings most that is new."""
    chosen: list[int] = []
    have: set[str] = set()
    while len(chosen) < ENOUGH and set().union(*kept.values()) - have:
        best = max(kept, key=lambda seed: len(kept[seed] - have))
        chosen.append(best)
        have |= kept[best]
    return sorted(chosen)


if __name__ == "__main__":
    main()
