"""Models that once made the verifier and the package disagree."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchmarks.portfolios import Shape, portfolio

from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.problem import ObjectiveKind, ResponseFamily
from clusteropt.inputs.settings import ObjectiveSettings
from clusteropt.plan import verify as verifier
from clusteropt.plan.certificate import Proof
from clusteropt.plan.making import solve
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from tests.problems import INLINE
from tests.small import small_tables

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

EXACT = verifier.exact


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


def test_paths_that_are_equally_near_are_the_same_for_both(tmp_path: Path) -> None:
    """Of two paths at the same distance up to rounding, package and verifier take the first."""
    tables = small_tables()
    row = tables["clusters"]["cluster"] == "genes"
    tables["clusters"].loc[row, ["uncertainty", "origin", "diffusion"]] = ["0.95", "0.2", "0.07"]
    problem = problem_from_tables(tables, ModelSettings())
    write_plan_files(solve(problem, INLINE), tmp_path / "plan", problem)
    assert check_folder(tmp_path / "plan")[0] == 0


def test_the_work_grows_as_the_clusters_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule written out for every cluster reads its own costs: twice the clusters, about twice the numbers read."""
    read: list[int] = []
    for clusters in (40, 80):
        problem, folder = portfolio(clusters, Shape.LOOSE, seed=1), tmp_path / str(clusters)
        write_plan_files(solve(problem, replace(INLINE, relative_gap=1e-2)), folder, problem)
        with monkeypatch.context() as patch:
            numbers: list[str] = []
            patch.setattr(verifier, "exact", lambda text, *more, n=numbers, **named: (
                n.append(text) or EXACT(text, *more, **named)))  # fmt: skip
            assert check_folder(folder)[0] == 0
        read.append(len(numbers))
    assert read[1] < 2.2 * read[0]
