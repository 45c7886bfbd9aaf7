"""Families of rules against the same rules one by one; and the awards of a plan as Parquet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from benchmarks.portfolios import Shape, portfolio, portfolio_tables

import clusteropt as co
from clusteropt.inputs import ModelSettings, problem_from_tables, repeats
from clusteropt.inputs.problem import Rule, RuleKind, Selection
from clusteropt.inputs.rule_book import RuleBook, RuleFamily, families, join_rules, loose_rules, rule_names
from clusteropt.inputs.settings import MoneySettings
from clusteropt.model.row_arrays import amount_arrays
from clusteropt.model.space import make_space
from clusteropt.plan.rule_levels import all_levels
from tests.problems import QUICK

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.problem import Ints, Problem
    from clusteropt.model.space import Space
    from clusteropt.plan.plan import Plan


def caps() -> RuleFamily:
    """Give caps of 10, 20 and 30 for clusters 1, 3 and 4."""
    return RuleFamily("cap", Selection(levers=(0,)), np.array([1, 3, 4]), ("b", "d", "e"), None, np.array([10, 20, 30]))


def lone(name: str) -> Rule:
    """Give a rule of no family."""
    return Rule(name, RuleKind.COUNT, Selection(), None, None)


def test_a_book_reads_as_the_rules_it_holds() -> None:
    """By position, from behind, in slices, one after the other, and by name."""
    book = RuleBook([lone("first"), caps(), lone("last")])
    written = list(book)
    assert [rule.name for rule in written] == ["first", "cap [b]", "cap [d]", "cap [e]", "last"]
    assert [rule.name for rule in written] == list(rule_names(book)) == list(rule_names(tuple(written)))
    assert [book[k] for k in range(5)] == written == [book[k - 5] for k in range(5)]
    assert book[1:4] == tuple(written[1:4])
    assert written[2].selection == Selection(clusters=(3,), levers=(0,))
    assert (written[2].kind, written[2].minimum, written[2].maximum) == (RuleKind.AMOUNT, None, 20)
    assert [number for number, _ in loose_rules(book)] == [0, 4]
    assert [first for first, _ in families(book)] == [1]
    assert list(families(tuple(written))) == []
    assert list(join_rules(book, [lone("more")]))[:5] == written
    with pytest.raises(IndexError):
        book[5]


def both_ways(tables: dict[str, pd.DataFrame], monkeypatch: pytest.MonkeyPatch) -> list[Problem]:
    """Read tables with every repeated rule an object of its own, and with families wherever there can be one."""
    settings, found = ModelSettings(money=MoneySettings(per_printed=100)), []
    for least in (10**9, 1):
        monkeypatch.setattr(repeats, "FAMILY_FROM", least)
        found.append(problem_from_tables(tables, settings))
    return found


def with_limits(rules: pd.DataFrame, **limits: str | None) -> pd.DataFrame:
    """Give a table of rules whose first row has other limits."""
    rules = rules.astype({"min": object, "max": object})
    for name, limit in limits.items():
        rules.loc[0, name] = limit
    return rules


def plan_money(space: Space, plan: Plan) -> Ints:
    """Give the awards of a plan as money of flows, where a cell has one fund."""
    money = np.zeros(space.num_amounts, np.int64)
    cells = (plan.awards.cluster * space.problem.num_levers + plan.awards.lever) * space.problem.num_years
    money[np.searchsorted(space.flow_cell, cells + plan.awards.year)] = plan.awards.amount
    return money


@pytest.mark.parametrize("limits", [{"max": "0.6"}, {"min": "0.05", "max": "0.6"}, {"min": "0.05", "max": None}])
def test_a_family_says_what_its_rules_say_one_by_one(limits: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    """A share of the cost of every cluster: the same rules, rows, levels and plan."""
    tables = portfolio_tables(30, Shape.LOOSE, seed=3)
    tables["rules"] = with_limits(tables["rules"], **limits)
    loose, family = both_ways(tables, monkeypatch)
    assert isinstance(loose.rules, tuple) and isinstance(family.rules, RuleBook)
    assert tuple(family.rules) == loose.rules
    plans = [co.solve(problem, QUICK) for problem in (loose, family)]
    assert plans[0].awards.amount.tolist() == plans[1].awards.amount.tolist()
    assert plans[0].value == plans[1].value
    spaces = [make_space(problem) for problem in (loose, family)]
    money = np.round(np.random.default_rng(1).uniform(0, 5_000, spaces[0].num_amounts)).astype(np.int64)
    levels = [all_levels(space, money) for space in spaces]
    assert levels[0].rule == levels[1].rule and levels[0].side == levels[1].side
    assert levels[0].level.tolist() == levels[1].level.tolist()
    assert levels[0].limit.tolist() == levels[1].limit.tolist()
    rows = [amount_arrays(space) for space in spaces]
    assert sorted(zip(rows[0].rule, rows[0].lower, rows[0].upper, rows[0].levels(money), strict=True)) == sorted(
        zip(rows[1].rule, rows[1].lower, rows[1].upper, rows[1].levels(money), strict=True)
    )
    assert rows[0].hold(money) == rows[1].hold(money)
    assert rows[1].hold(plan_money(spaces[1], plans[1]))


def test_faults_of_a_family_are_those_of_its_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """A floor above what a cluster may take, and a name that another row has: the same words both ways."""
    tables = portfolio_tables(5, Shape.LOOSE, seed=3)
    tables["rules"] = with_limits(tables["rules"], min="1", max=None)
    twin = tables["rules"].iloc[[-1]].assign(rule="cluster [C0000001]")
    tables["cells"]["cost"] *= 3
    tables["rules"] = pd.concat([tables["rules"], twin], ignore_index=True)
    said = []
    for least in (10**9, 1):
        monkeypatch.setattr(repeats, "FAMILY_FROM", least)
        with pytest.raises(co.InputError) as refused:
            problem_from_tables(tables, ModelSettings(money=MoneySettings(per_printed=100)))
        said.append(sorted(fault.problem.en for fault in refused.value.faults))
    twins = [[line for line in lines if "one of that name" in line] for lines in said]
    assert twins[1] and set(twins[1]) <= set(twins[0])
    others = [[line for line in lines if "one of that name" not in line] for lines in said]
    assert others[0] == others[1]
    assert any("its cells may take" in line for line in others[0])


def test_awards_come_back_from_parquet_as_they_are_in_the_plan(tmp_path: Path) -> None:
    """Every award with the names of its place; nothing else is left in the folder."""
    plan = co.solve(portfolio(20, Shape.YEARS, seed=1), replace(QUICK, relative_gap=1e-2))
    co.write_allocation(plan, tmp_path / "awards.parquet")
    found = pd.read_parquet(tmp_path / "awards.parquet")
    names, awards = plan.labels, plan.awards
    assert found["cluster"].tolist() == [names.clusters[c] for c in awards.cluster]
    assert found["region"].tolist() == [names.regions[plan.region_of[c]] for c in awards.cluster]
    assert found["path"].tolist() == [names.paths[plan.path_of[c]] for c in awards.cluster]
    assert found["lever"].tolist() == [names.levers[k] for k in awards.lever]
    assert found["fund"].tolist() == [names.funds[k] for k in awards.fund]
    assert found["year"].tolist() == [names.years[t] for t in awards.year]
    assert found["amount"].tolist() == awards.amount.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["awards.parquet"]


def test_awards_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    """No folder: our own error, and nothing half written."""
    plan = co.solve(portfolio(5, Shape.LOOSE, seed=1), QUICK)
    with pytest.raises(co.OutputError, match="cannot be written"):
        co.write_allocation(plan, tmp_path / "nowhere" / "awards.parquet")
    assert list(tmp_path.iterdir()) == []
