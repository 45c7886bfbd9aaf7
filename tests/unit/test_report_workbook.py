"""The workbook, read back with another library."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusteropt.report import workbook
from clusteropt.report.workbook import workbook_bytes, write_workbook
from clusteropt.solver.claim import Limit
from tests.unit.test_report_plan import make_huge_plan, make_plan

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.plan.plan import Plan

TABS = [
    "Summary 摘要",
    "Allocation 分配",
    "By lever 按政策工具",
    "By region 按地区",
    "By path 按创新路径",
    "By industry 按产业",
    "By cluster 按集群",
    "Budget form 预算表",
    "By purse 按年度资金",
    "Value by cell 单元产出",
    "Unspent 未分配",
    "Rules 规则",
    "Comparison 比较",
    "Notes 说明",
    "Solver 求解",
    "Record 记录",
]


def read(plan: Plan) -> Any:
    """Write a plan and read the workbook back."""
    return openpyxl.load_workbook(io.BytesIO(workbook_bytes(plan)))


def values(book: Any, tab: str) -> list[tuple[Any, ...]]:
    """Give all values of a sheet."""
    return list(book[tab].iter_rows(values_only=True))


def facts_of(plan: Plan) -> dict[str, Any]:
    """Give the entries of the summary sheet by their labels."""
    return {row[0]: row[1] for row in values(read(plan), TABS[0])}


def test_every_sheet_is_there_in_both_languages() -> None:
    """The tabs stand in the order of reading."""
    assert read(make_plan()).sheetnames == TABS


def test_the_allocation_is_read_back_with_all_decimals() -> None:
    """Money stands in the printed unit, with the digits that the format does not show, and the total is a number."""
    book = read(make_plan())
    rows = values(book, "Allocation 分配")
    assert rows[0][-1] == "Awarded 已分配 (10,000 yuan 万元)"
    assert [row[-1] for row in rows[1:]] == [2000, 0.0005, 2345.6789, 1000, 5345.6794]
    assert rows[-1][0] == "Total 合计"
    assert book["Allocation 分配"]["I2"].number_format == "#,##0.00"


def test_what_looks_like_a_formula_stays_text() -> None:
    """A name that begins with an equals sign is text, and no cell of the workbook is a formula."""
    book = read(make_plan())
    sheet = book["Allocation 分配"]
    assert (sheet["A4"].value, sheet["A4"].data_type) == ("=beijing", "s")
    assert (sheet["B4"].value, sheet["B4"].data_type) == ("=1+1", "s")
    assert all(cell.data_type != "f" for page in book for row in page.iter_rows() for cell in row)


def test_totals_by_lever_and_region_agree_with_the_plan() -> None:
    """Money, share, awards and value by lever; for regions also the outcome counted for them."""
    book = read(make_plan())
    lever = values(book, "By lever 按政策工具")
    assert [row[:2] for row in lever[1:]] == [
        ("Talent 人才", 4345.6789),
        ("Finance 金融", 1000.0005),
        ("Total 合计", 5345.6794),
    ]
    assert lever[1][3:] == (2, 1154)
    assert lever[-1][2] == pytest.approx(1.0)
    assert [row[5] for row in values(book, "By region 按地区")[1:]] == [580.5, 654, 1234.5]


def test_purses_and_money_left() -> None:
    """Purses show what they held and kept, and why."""
    book = read(make_plan())
    assert values(book, "By purse 按年度资金")[1] == ("National fund 国家资金", 2025, 5000, 4345.6789, 654.3211)
    left = values(book, "Unspent 未分配")
    assert left[1][2:] == (654.3211, "rules stand in the way 受规则限制", "talent_cap")


def test_what_is_not_finite_is_a_sign() -> None:
    """A gain over nothing is infinite, which no spreadsheet knows as a number."""
    rows = values(read(make_plan()), "Comparison 比较")
    assert rows[1][1:] == (1000, 1000, 5000, 123.4567, 0.2345)
    assert rows[2][5] == "∞"


def test_money_of_more_than_fifteen_digits_is_exact_text() -> None:
    """A spreadsheet would round it, so every digit stands as text."""
    rows = values(read(make_huge_plan()), "Allocation 分配")
    assert rows[1][-1] == "900719925474.0993"
    assert rows[-1][-1] == "900719928819.7787"


@given(st.integers(0, 10**15 - 1), st.sampled_from([1, 100, 10_000, 10**8]))
def test_sixteen_digits_in_the_file_carry_every_amount(amount: int, per_printed: int) -> None:
    """What the file holds of an amount is read back to the same whole units."""
    assert round(float(f"{amount / per_printed:.16G}") * per_printed) == amount


def test_equal_plans_give_equal_bytes() -> None:
    """The workbook holds no time of its making."""
    assert workbook_bytes(make_plan()) == workbook_bytes(make_plan())


def test_the_summary_says_what_ended_the_search() -> None:
    """Value, bound and proof stand in the summary; a limit is named."""
    plan = make_plan()
    facts = facts_of(plan)
    assert facts["Total outcome 总产出"] == 1234.5
    assert facts["Total outcome: claimed bound 总产出: 声称界"] == 1234.50005
    assert facts["Total outcome: safe bound 总产出: 可靠界"] == 1234.5001
    assert "grade safe" in facts["The safe bound rests on 可靠界依据"]
    assert facts["Stopped by 停止原因"] == "the gap asked for 达到所要求的差距"
    stopped = dataclasses.replace(plan, record=dataclasses.replace(plan.record, limit=Limit.TIME))
    assert {row[0]: row[1] for row in values(read(stopped), TABS[0])}[
        "Stopped by 停止原因"
    ] == "the time limit 时间限制"


def test_pages_are_ready_to_print_and_to_filter() -> None:
    """Landscape A4, one page wide, header frozen and repeated, filter over the rows without the total."""
    sheet = read(make_plan())["Allocation 分配"]
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:I5"
    assert sheet.print_title_rows == "$1:$1"


def test_a_sheet_that_is_too_long_says_where_the_rest_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are left out are counted, the total is still that of all rows."""
    monkeypatch.setattr(workbook, "MAX_ROWS", 3)
    rows = values(read(make_plan()), "Allocation 分配")
    assert rows[4][-1] == 5345.6794
    assert rows[5][0].startswith("Not all rows fit: allocation.csv holds the other 1.")


def test_the_chart_reads_the_sheet_of_levers() -> None:
    """The summary has one chart, of the money by lever."""
    (chart,) = read(make_plan())[TABS[0]]._charts
    assert chart.series[0].val.numRef.f == "'By lever 按政策工具'!$B$2:$B$3"


def test_the_workbook_is_written_to_a_path(tmp_path: Path) -> None:
    """The file holds the bytes."""
    write_workbook(make_plan(), tmp_path / "plan.xlsx")
    assert (tmp_path / "plan.xlsx").read_bytes() == workbook_bytes(make_plan())


def test_every_rule_stands_there_with_its_slack() -> None:
    """Reached, limit and slack in whole units."""
    rows = values(read(make_plan()), "Rules 规则")
    assert rows[1] == ("talent_cap", "at most 不多于", None, 53_456_794, 53_457_000, 206)
