"""The forms of a plan: a budget whose printed figures add up, and what is promised for later years."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from clusteropt.domain import Path
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.plan.making import solve
from clusteropt.report.sheets import budget_sheet, path_sheet, programme_sheet, promise_sheet, purse_sheet
from tests.problems import INLINE

if TYPE_CHECKING:
    from clusteropt.plan.plan import Plan


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Two funds over two years in yuan, three regions, two levers; a hall that is paid for beyond the plan."""
    paths = [str(path) for path in Path]
    tables = {
        "clusters": pd.DataFrame(
            {"cluster": ["a", "b", "c"], "region": ["x", "y", "z"], "industry": "i", "path": "upgrading", "scale": 9999}
        ),
        "levers": pd.DataFrame({"lever": ["talent", "finance"], "response": "log"}),
        "effectiveness": pd.DataFrame(
            [{"path": path, "lever": lever, "mean": 1 + k / 3, "source": "made up"}
             for path in paths for k, lever in enumerate(("talent", "finance"))]
        ),
        "funds": pd.DataFrame(
            {"fund": ["f", "f", "g", "g"], "year": [2026, 2027] * 2, "amount": [177_777, 33_333, 12_345, 99_999],
             "carry_over": ["1", "1", "", ""]}
        ),
        "programmes": pd.DataFrame({"programme": ["hall"], "clusters": ["a"], "gain": [9000.0], "start": ["2027"],
                                    "to_path": ["convergence"]}),
        "programme_costs": pd.DataFrame(
            {"programme": "hall", "fund": ["f", "f", "g"], "after": [0, 1, 2], "cost": [10, 2_000, 3_000]}
        ),
    }  # fmt: skip
    return solve(problem_from_tables(tables, ModelSettings()), INLINE)


def test_the_budget_adds_up_as_printed(plan: Plan) -> None:
    """Rows, columns and the whole; every figure is less than a hundredth of 10,000 yuan off the exact one."""
    sheet = budget_sheet(plan)
    cents = [[round(100 * value) for value in row[3:]] for row in sheet.rows]
    *rows, totals = cents
    assert all(sum(row[:-1]) == row[-1] for row in cents)
    assert [sum(column) for column in zip(*rows, strict=True)] == totals
    exact = plan.budget[["talent", "finance"]].to_numpy().tolist()
    assert len(exact) == len(rows)
    for row, amounts in zip(rows, exact, strict=True):
        assert all(abs(100 * cent - amount) < 100 for cent, amount in zip(row, amounts, strict=False))
    assert abs(100 * totals[-1] - plan.money_total) < 100
    assert any(amount % 100 for amounts in exact for amount in amounts)


def test_what_is_paid_after_the_plan_is_promised(plan: Plan) -> None:
    """The hall starts in 2027; 2,000 fall into 2028 and 3,000 into 2029, and are no cost of the plan."""
    assert plan.promise_table.to_dict("list") == {
        "programme": ["hall", "hall"], "option": ["", ""], "fund": ["f", "g"], "year": [2028, 2029],
        "amount": [2_000, 3_000],
    }  # fmt: skip
    assert plan.programme_table["cost"].tolist() == [10]
    assert [row[1:] for row in promise_sheet(plan).rows] == [[2028, "hall", None, 2_000], [2029, "hall", None, 3_000]]


def test_the_sheets_of_programmes_paths_and_purses(plan: Plan) -> None:
    """What is taken, the path of each year, and the cash flow, in which every purse adds up."""
    assert programme_sheet(plan).rows[0][:5] == ["hall", None, "hall", 2027, 10]
    stays = "Upgrading 升级创新型"
    assert path_sheet(plan).rows == [
        ["a", "a", stays, "Convergence 融合创新型"], ["b", "b", stays, stays], ["c", "c", stays, stays]
    ]  # fmt: skip
    assert plan.path_by_year.to_dict("list") == {
        "cluster": ["a", "b", "c"], "2026": ["upgrading"] * 3, "2027": ["convergence", "upgrading", "upgrading"]
    }  # fmt: skip
    for _, _, held, carried_in, returned, committed, awarded, programmes, unspent, carried_out in purse_sheet(
        plan
    ).rows:
        assert held + carried_in + returned == committed + awarded + programmes + unspent + carried_out
