"""The models that benchmarks compare are the same: by hand, through the tables, and over levels."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from benchmarks import million
from benchmarks.build import by_arrays, by_clusteropt
from benchmarks.objectives import WAYS, asked
from benchmarks.objectives import run as run_objective
from benchmarks.peers import by_highs, levels_of
from benchmarks.place import keep, place
from benchmarks.portfolios import CENTS, Shape, portfolio, portfolio_tables
from benchmarks.scale import digest
from benchmarks.small import ratio
from benchmarks.small import run as run_small
from benchmarks.verdict import is_verified, verdict_of

import clusteropt as co
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.options import Isolation
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.inputs.settings import MoneySettings
from clusteropt.plan import making
from clusteropt.plan.making import solve
from tests.problems import INLINE

if TYPE_CHECKING:
    from pathlib import Path


def test_models_by_hand_and_from_tables_have_one_optimum() -> None:
    """The same rows and columns, and the same best value as the plan."""
    tables = portfolio_tables(31, Shape.LOOSE, 4)
    values, sizes = [], set()
    for build in (by_arrays, by_clusteropt):
        solver = build(tables)
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("mip_rel_gap", 1e-9)
        solver.run()
        values.append(solver.getInfo().objective_function_value)
        sizes.add((solver.getNumRow(), solver.getNumCol()))
    plan = solve(problem_from_tables(tables, ModelSettings(money=MoneySettings(per_printed=CENTS))), INLINE)
    assert len(sizes) == 1
    assert values == pytest.approx([plan.value] * 2, rel=1e-7)


@pytest.mark.parametrize("shape", list(Shape))
def test_the_model_of_peers_has_the_value_of_the_plan(shape: Shape) -> None:
    """HiGHS alone on whole rows over levels ends where the plan does."""
    problem = portfolio(8, shape, seed=2)
    end = by_highs(problem, levels_of(problem), 1e-4, 60.0, 0)
    plan = solve(problem, replace(INLINE, relative_gap=1e-4))
    assert end.value == pytest.approx(plan.value, rel=2e-4)
    assert end.bound is not None
    assert end.bound >= plan.value * (1 - 1e-6)
    assert plan.bound >= (end.value or 0.0) * (1 - 1e-6)


def test_small_portfolios_end_alike_both_ways() -> None:
    """Gap 0 here and by HiGHS alone, and one value."""
    line = run_small(12, Shape.LOOSE, 3, (60.0, 1))
    assert line["value"] == pytest.approx(line["highs_value"], rel=1e-9)
    assert line["gap"] == pytest.approx(line["highs_gap"], abs=1e-9)
    assert line["gap"] == pytest.approx(0.0, abs=1e-9)


def test_who_does_not_close_the_gap_counts_with_the_limit() -> None:
    """Both closed: CPU seconds. One closed: its seconds against the limit. None: nobody was faster."""
    line = {"limit_s": 20.0, "seconds": 5.0, "cpu_s": 4.0, "highs_seconds": 9.0, "highs_cpu_s": 8.0}
    assert ratio(line | {"gap": 0.0, "highs_gap": 1e-12}) == 0.5
    assert ratio(line | {"gap": 0.0, "highs_gap": 1e-4}) == 0.25
    assert ratio(line | {"gap": 1e-5, "highs_gap": 0.0}) == pytest.approx(20 / 9)
    assert ratio(line | {"gap": 1e-5, "highs_gap": 1e-4}) == 1.0


def test_every_objective_is_planned_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small portfolios: both ways have gaps of every stage, and are verified."""
    for name in ("LARGE", "LARGE_MENUS"):
        # The script sets them; they are put back.
        monkeypatch.setattr(making, name, getattr(making, name))
    options = co.SolveOptions(relative_gap=1e-3, isolation=Isolation.INLINE, proof_nodes=0)
    for kind in ObjectiveKind:
        problem = asked((66, Shape.LOOSE, 1), kind, options)
        found = [run_objective(problem, options, way) for way in WAYS]
        stages = 2 if kind is ObjectiveKind.WORST_REGION else 1
        assert all(line["verified"] and len(line["gaps"]) == stages for line in found)
        assert all(gap <= 1.1e-3 for line in found for gap in line["gaps"])


def test_a_digest_tells_plans_apart() -> None:
    """The same solve has the same digest, on two threads as well; another portfolio has another."""
    plans = [
        solve(portfolio(20, Shape.LOOSE, seed), replace(INLINE, threads=t)) for seed, t in ((1, 1), (1, 2), (2, 1))
    ]
    one, again, other = map(digest, plans)
    assert one == again != other


def test_what_the_verifier_says_is_in_the_line() -> None:
    """The folder of a plan holds; the same plan with a value too high does not."""
    problem = portfolio(12, Shape.LOOSE, 1)
    plan = solve(problem, INLINE)
    assert is_verified(plan, problem)
    stage = replace(plan.stages[0], value=plan.value * 1.01)
    assert not is_verified(replace(plan, stages=(stage,)), problem)


def test_lines_say_where_they_ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line is kept as it is, with versions and, inside a repository, the commit."""
    monkeypatch.setattr("benchmarks.place.DATA", tmp_path)
    keep("some", {"x": 1} | place())
    keep("some", {"x": 2})
    first, second = map(json.loads, (tmp_path / "some.jsonl").read_text(encoding="utf-8").splitlines())
    assert (first["x"], second) == (1, {"x": 2})
    assert first["versions"].keys() >= {"clusteropt", "highspy"}
    assert first["commit"] is None or len(first["commit"]) >= 7


def test_portfolios_of_kinds_repeat_their_clusters() -> None:
    """Cluster 0 and cluster 5 of five kinds are alike in all but the name; without kinds all are as ever."""
    tables = portfolio_tables(12, Shape.TIGHT, 4, kinds=5)
    for table, columns in (("clusters", ["region", "path", "scale"]), ("levels", ["lever", "amount", "gain"])):
        by_name = {name: part[columns].to_numpy().tolist() for name, part in tables[table].groupby("cluster")}
        assert len(by_name) == 12
        assert by_name["C0000000"] == by_name["C0000005"] == by_name["C0000010"]
        assert by_name["C0000000"] != by_name["C0000001"]
    plain, of_all = (portfolio_tables(12, Shape.LOOSE, 4, kinds)["levels"] for kinds in (None, 12))
    assert plain.equals(of_all)


def test_a_portfolio_goes_from_parquet_to_parquet_and_is_verified(tmp_path: Path) -> None:
    """The steps of the benchmark of a million, on few clusters: read, planned, written, made again and verified."""
    million.write_tables(tmp_path, 200, Shape.LOOSE, 3)
    options = co.SolveOptions(relative_gap=1e-3, time_limit_s=30.0, isolation=Isolation.INLINE, proof_nodes=0)
    line = million.run(tmp_path, options)
    assert len(pd.read_parquet(tmp_path / "allocation.parquet")) == line["awards"]
    assert 0 <= line["safe_gap"] <= 1e-3  # type: ignore[operator]
    million.write_plan(tmp_path, tmp_path / "plan", options)
    assert verdict_of(tmp_path / "plan")["verified"]
