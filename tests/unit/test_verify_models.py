"""Models that once made the verifier and the package disagree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.problem import ObjectiveKind, ResponseFamily
from clusteropt.inputs.settings import ObjectiveSettings
from clusteropt.plan.certificate import Proof
from clusteropt.plan.making import solve
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from tests.problems import INLINE
from tests.small import small_tables

if TYPE_CHECKING:
    from pathlib import Path


def test_a_curve_without_effect_needs_no_floats(tmp_path: Path) -> None:
    """Levers without any effect are on logarithms that are not in use, so the bound of linear equity is exact."""
    tables = small_tables()
    tables["effectiveness"][["mean", "low", "high"]] = "0"
    tables["cells"]["mean"] = ""
    objective = ObjectiveSettings(kind=ObjectiveKind.EQUITY, equity_family=ResponseFamily.LINEAR)
    problem = problem_from_tables(tables, ModelSettings(objective=objective))
    plan = solve(problem, INLINE)
    write_plan_files(plan, tmp_path / "plan", problem)
    assert plan.proof is Proof.EXACT
    assert check_folder(tmp_path / "plan")[0] == 0
