"""Which engine searches a plan, and what the plan says of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from benchmarks.portfolios import Shape, portfolio

from clusteropt.inputs.options import Isolation, SolveOptions
from clusteropt.inputs.problem import RuleBase, RuleKind, Selection
from clusteropt.model.pyomo_view import to_pyomo
from clusteropt.plan import making
from clusteropt.plan.describing import describe
from clusteropt.plan.engine import Engine, EngineReason, choice_for
from clusteropt.plan.making import make, solve
from clusteropt.plan.near import Aim, Near
from clusteropt.plan.saving import plan_from_json, plan_to_json
from clusteropt.report import words
from clusteropt.report.facts import record_facts
from clusteropt.report.summary import summary_lines
from clusteropt.report.tables import summary_json
from clusteropt.text import Language
from tests.problems import INLINE, plain_problem, rule, with_menus

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem
    from clusteropt.plan.plan import Plan

QUICK = SolveOptions(isolation=Isolation.INLINE, time_limit_s=30.0, relative_gap=1e-3)


def chosen(plan: Plan) -> tuple[Engine, EngineReason, int]:
    """Give what a plan says of its engine."""
    choice = plan.record.choice
    return choice.engine, choice.reason, choice.large


def fine_menus(clusters: int = 3) -> Problem:
    """Menus of amounts too large to be searched one by one."""
    effect, scale = np.ones((clusters, 1)), np.full((clusters, 1), 1e6)
    problem = plain_problem(effect, scale, [[1_000_000 * clusters]], per_printed=10_000)
    menu = [(600_000, 5.0), (1_100_000, 8.0)]
    return with_menus(problem, {(cluster, 0): menu for cluster in range(clusters)})


def steps(plan: Plan) -> set[str]:
    """Name the steps of the search."""
    return {run.step for run in plan.record.runs}


def test_few_clusters_are_searched_by_highs_alone() -> None:
    """Below the limit there are no cores, and the plan gives the limit."""
    plan = solve(fine_menus(), INLINE)
    assert chosen(plan) == (Engine.WHOLE, EngineReason.FEW, making.LARGE)
    assert "core" not in steps(plan)


def test_many_clusters_are_searched_by_prices_and_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit itself there are cores; one cluster fewer, and there are none."""
    problem = portfolio(60, Shape.LOOSE, seed=2)
    monkeypatch.setattr(making, "LARGE", 60)
    monkeypatch.setattr(making, "LARGE_MENUS", 60)
    plan = solve(problem, QUICK)
    assert chosen(plan) == (Engine.CORES, EngineReason.MANY, 60)
    assert "core" in steps(plan)
    monkeypatch.setattr(making, "LARGE", 61)
    monkeypatch.setattr(making, "LARGE_MENUS", 61)
    assert chosen(solve(problem, QUICK)) == (Engine.WHOLE, EngineReason.FEW, 61)


def test_money_without_choices_needs_no_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where money only flows there is nothing to price apart, however many clusters there are."""
    monkeypatch.setattr(making, "LARGE", 0)
    monkeypatch.setattr(making, "LARGE_MENUS", 0)
    plan = solve(plain_problem([[2.0], [3.0]], [[1e6], [2e6]], [[2_000_000]], per_printed=10_000), INLINE)
    assert chosen(plan) == (Engine.WHOLE, EngineReason.PLAIN, 0)
    assert steps(plan) == {"search"}


def test_a_pyomo_view_is_searched_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the caller adds has no prices."""
    monkeypatch.setattr(making, "LARGE", 0)
    monkeypatch.setattr(making, "LARGE_MENUS", 0)
    plan = solve(to_pyomo(fine_menus()), INLINE)
    assert chosen(plan) == (Engine.WHOLE, EngineReason.OWN, 0)
    assert "core" not in steps(plan)


def test_coarse_amounts_are_searched_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few units are searched one by one, in one program."""
    monkeypatch.setattr(making, "LARGE", 0)
    monkeypatch.setattr(making, "LARGE_MENUS", 0)
    coarse = plain_problem([[2.0], [3.0]], [[10.0], [20.0]], [[40]], per_printed=10)
    counted = rule(RuleKind.COUNT, Selection(), None, 1, base=RuleBase.AWARDS, name="one")
    assert chosen(solve(replace(coarse, rules=(counted,)), INLINE)) == (Engine.WHOLE, EngineReason.UNITS, 0)


def test_choices_that_are_kept_are_searched_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the choices of a plan at hand kept, prices would bound something else."""
    monkeypatch.setattr(making, "LARGE", 0)
    monkeypatch.setattr(making, "LARGE_MENUS", 0)
    problem = fine_menus()
    first = make(problem, INLINE)
    again = make(problem, INLINE, near=Near(first.money, Aim.KEPT))
    assert chosen(describe(first, INLINE)) == (Engine.CORES, EngineReason.MANY, 0)
    assert chosen(describe(again, INLINE)) == (Engine.WHOLE, EngineReason.KEPT, 0)


def test_the_choice_is_kept_and_told() -> None:
    """The saved plan, the summary in both languages, summary.json and the workbook say the same."""
    plan = solve(fine_menus(), INLINE)
    plan = replace(plan, record=replace(plan.record, choice=choice_for(EngineReason.MANY, 1_400)))
    assert chosen(plan_from_json(plan_to_json(plan))) == (Engine.CORES, EngineReason.MANY, 1_400)
    lines = [line.strip() for line in summary_lines(plan)]
    assert "Searched by prices and cores, as there are 1,400 clusters or more." in lines
    lines = [line.strip() for line in summary_lines(plan, Language.ZH)]
    assert "求解方式: 价格与核心, 因集群不少于 1,400 个。" in lines
    summary = json.loads(summary_json(plan))
    assert (summary["engine"], summary["engine_reason"]) == ("cores", "many")
    facts = {fact.label.en: fact.value for fact in record_facts(plan)}
    assert facts["Searched by"] == "prices and cores 价格与核心"
    assert facts["Searched so, as"] == "there are 1,400 clusters or more 集群不少于 1,400 个"


@pytest.mark.parametrize("reason", list(EngineReason))
def test_every_reason_goes_with_an_engine_and_has_words(reason: EngineReason) -> None:
    """Only many clusters, and programmes alone, are searched by cores; no brace is left in the words."""
    choice = choice_for(reason, 400)
    assert (choice.engine is Engine.CORES) == (reason in (EngineReason.MANY, EngineReason.PICKS))
    told = words.engine_reason(choice)
    assert told.en != told.zh
    assert "{" not in told.en + told.zh + words.ENGINES[choice.engine].en


def test_menus_of_coarse_amounts_are_searched_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole units make no other columns where every award comes from a menu; still nothing is priced."""
    monkeypatch.setattr(making, "LARGE", 0)
    monkeypatch.setattr(making, "LARGE_MENUS", 0)
    coarse = with_menus(plain_problem([[2.0], [3.0]], [[10.0], [20.0]], [[40]], per_printed=10),
                        {(0, 0): [(10, 4.0), (20, 9.0)], (1, 0): [(15, 3.0), (25, 7.0)]})  # fmt: skip
    plan = solve(coarse, INLINE)
    assert chosen(plan) == (Engine.WHOLE, EngineReason.UNITS, 0)
    assert "core" not in steps(plan)
    monkeypatch.setattr(making, "COARSE", 0)
    again = solve(coarse, INLINE)
    assert chosen(again) == (Engine.CORES, EngineReason.MANY, 0)
    assert again.value == pytest.approx(plan.value)


@pytest.mark.parametrize("page", ["large-portfolios.md", "large-portfolios.zh.md"])
def test_the_pages_tell_the_numbers_of_clusters_as_they_are(page: str) -> None:
    """From how many clusters on each way is chosen, in the order in which the pages tell it."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "explanation" / page).read_text(encoding="utf-8")
    numbers = (making.LARGE, making.LARGE_MENUS, round(making.LARGE * making.CURVED), making.HUGE)
    part = text[text.index("`solve`") :]
    places = [part.index(f" {number:,} ") for number in numbers]
    assert places == sorted(places)
