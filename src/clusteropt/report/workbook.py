"""The plan as a workbook that opens in any spreadsheet program."""

from __future__ import annotations

import datetime
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlsxwriter
from rich.cells import cell_len

from clusteropt.report import numbers, words
from clusteropt.report.facts import Fact, record_facts, summary_facts
from clusteropt.report.sheets import Heading, Kind, Row, Sheet, Value, both, table_sheets

if TYPE_CHECKING:
    import os

    from clusteropt.inputs.problem import Money
    from clusteropt.plan.plan import Plan
    from clusteropt.text import Text

MAX_ROWS = 100_000
"""More rows than this make a workbook that is slow to write and to open; the rest is in the other files."""
MAX_EXACT = 10**15
"""Spreadsheets keep fifteen digits: money from here on is written as text, so that no digit is lost."""
MAX_TEXT = 32_767
"""The longest text a cell can hold."""
MADE = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
"""A fixed date inside the file: equal plans give equal bytes."""
A4 = 9
MIN_WIDTH, MAX_WIDTH = 10, 60
SAMPLED_ROWS = 200
SAFE_TEXT = {
    "in_memory": True,
    "constant_memory": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
NUMBER_FORMATS = {
    Kind.TEXT: "@",
    Kind.LONG: "@",
    Kind.WHOLE: "#,##0",
    Kind.PLAIN: "0",
    Kind.MONEY: "#,##0.00",
    Kind.FORM: "#,##0.00",
    # Outcomes are of any size: large ones to a tenth, small ones to four places, the rest as it is.
    Kind.NUMBER: "[>=1000]#,##0.0;[>=0.001]0.0000;General",
    Kind.SHARE: "0.0%",
    Kind.SMALL: "0.0E+00",
}


def write_workbook(plan: Plan, path: str | os.PathLike[str]) -> None:
    """Write a plan as a workbook; equal plans give equal bytes.

    Money stands in the printed unit with all its decimals and is shown with two; amounts of more than fifteen
    digits are text. Words are always text, also where they look like a formula. Totals are numbers, not
    formulas. Every sheet has headings in both languages.

    Parameters
    ----------
    plan : Plan
        What to write.
    path : str or path
        The file; replaced if it is there.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    Path(path).write_bytes(workbook_bytes(plan))


def workbook_bytes(plan: Plan) -> bytes:
    """Make the workbook of a plan in memory."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, SAFE_TEXT) as book:
        book.set_properties({"title": plan.title.en, "comments": plan.title.zh, "created": MADE})
        writer = _Writer(book, plan.money, _formats(book))
        summary = writer.facts(words.SHEET_SUMMARY, summary_facts(plan))
        for sheet in table_sheets(plan):
            writer.table(sheet)
        writer.facts(words.SHEET_RECORD, record_facts(plan))
        summary.insert_chart("E2", _lever_chart(book, len(plan.labels.levers)))
    return data.getvalue()


def _formats(book: Any) -> dict[tuple[Kind, bool], Any]:
    """Make one format for each kind of column, plain and bold."""
    return {
        (kind, bold): book.add_format({"num_format": text, "bold": bold})
        for kind, text in NUMBER_FORMATS.items()
        for bold in (False, True)
    }


@dataclass(frozen=True, slots=True)
class _Writer:
    """A workbook being written, and how its cells look."""

    book: Any
    money: Money
    formats: dict[tuple[Kind, bool], Any]

    def table(self, sheet: Sheet) -> None:
        """Write a sheet of rows under headings, a total, and where to find what does not fit."""
        page = self._page(sheet.name, [self._heading(heading) for heading in sheet.headings])
        kinds = [heading.kind for heading in sheet.headings]
        shown = sheet.rows[:MAX_ROWS]
        for number, row in enumerate(shown, start=1):
            self._row(page, number, row, kinds)
        page.autofilter(0, 0, len(shown), len(kinds) - 1)
        if sheet.total:
            self._row(page, len(shown) + 1, sheet.totals(), kinds, bold=True)
        if len(shown) < len(sheet.rows):
            count = numbers.count(len(sheet.rows) - len(shown))
            cut = both(words.CUT).format(file=sheet.rest_in, count=count)
            self._cell(page, (len(shown) + 2, 0), cut, (Kind.TEXT, True))
        for col, heading in enumerate(sheet.headings):
            page.set_column(col, col, self._width(sheet, col, self._heading(heading)))

    def facts(self, name: Text, facts: list[Fact]) -> Any:
        """Write a sheet of single facts."""
        page = self._page(name, [both(text) for text in (words.ITEM, words.ENTRY, words.UNIT)])
        for row, fact in enumerate(facts, start=1):
            self._cell(page, (row, 0), both(fact.label), (Kind.TEXT, False))
            self._cell(page, (row, 1), fact.value, (fact.kind, False))
            self._cell(page, (row, 2), None if fact.unit is None else both(fact.unit), (Kind.TEXT, False))
        page.set_column(0, 0, MAX_WIDTH)
        page.set_column(1, 1, MAX_WIDTH / 2)
        page.set_column(2, 2, MAX_WIDTH / 3)
        return page

    def _page(self, name: Text, headings: list[str]) -> Any:
        page = self.book.add_worksheet(both(name))
        for col, heading in enumerate(headings):
            self._cell(page, (0, col), heading, (Kind.TEXT, True))
        page.freeze_panes(1, 0)
        page.set_landscape()
        page.set_paper(A4)
        page.fit_to_pages(1, 0)
        page.repeat_rows(0)
        page.set_footer("&L&A&R&P / &N")
        return page

    def _row(self, page: Any, number: int, row: Row, kinds: list[Kind], *, bold: bool = False) -> None:
        for col, (value, kind) in enumerate(zip(row, kinds, strict=True)):
            self._cell(page, (number, col), value, (kind, bold))

    def _cell(self, page: Any, place: tuple[int, int], value: Value, look: tuple[Kind, bool]) -> None:
        if value is None:
            return
        if isinstance(value, str):
            page.write_string(*place, value[:MAX_TEXT], self.formats[look])
        elif not math.isfinite(value):
            page.write_string(*place, numbers.outcome(value), self.formats[look])
        elif look[0] is not Kind.MONEY:
            page.write_number(*place, value, self.formats[look])
        elif isinstance(value, int) and abs(value) >= MAX_EXACT:
            page.write_string(*place, numbers.exact_money(value, self.money), self.formats[look])
        else:
            page.write_number(*place, value / self.money.per_printed, self.formats[look])

    def _heading(self, heading: Heading) -> str:
        if heading.kind is not Kind.MONEY:
            return both(heading.text)
        return f"{both(heading.text)} ({both(self.money.printed)})"

    def _width(self, sheet: Sheet, col: int, heading: str) -> float:
        texts = [str(row[col]) for row in sheet.rows[:SAMPLED_ROWS] if isinstance(row[col], str)]
        longest = max(cell_len(text) for text in [heading, *texts])
        # The arrow of the filter covers the last three signs of a heading.
        return min(max(longest + 3, MIN_WIDTH), MAX_WIDTH)


def _lever_chart(book: Any, num_levers: int) -> Any:
    """Draw the money of each lever from the numbers of its sheet."""
    sheet = both(words.SHEET_LEVER)
    chart = book.add_chart({"type": "bar"})
    chart.add_series({"categories": [sheet, 1, 0, num_levers, 0], "values": [sheet, 1, 1, num_levers, 1], "gap": 60})
    chart.set_title({"name": both(words.MONEY_BY_LEVER), "overlay": False})
    chart.set_legend({"none": True})
    # A bar chart counts from below; reversed, the first lever stands on top as in the sheet.
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"num_format": "#,##0"})
    return chart
