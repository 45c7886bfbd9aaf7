"""The page and the workbook template that are made from the declaration of the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xlsxwriter

from clusteropt.errors import InputError
from clusteropt.inputs.columns import KIND_LABELS, Column, ColumnKind
from clusteropt.inputs.faults import Faults, Place
from clusteropt.inputs.tables import TABLES
from clusteropt.text import Language, Text

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.columns import Table

HEADINGS = (
    Text("Column", "列"),
    Text("Type", "类型"),
    Text("Unit", "单位"),
    Text("Range or words", "范围或选项"),
    Text("If empty", "留空时"),
    Text("Meaning", "含义"),
)
WRITTEN = Text(
    "Spaces around a value are dropped; an empty value takes the default. Numbers are written in the digits 0-9 "
    "with a decimal point, without thousands separators or percent signs; amounts of money are whole and at most "
    "10**15, and neither they nor limits of rules take an exponent. CSV files are in UTF-8.",
    "值前后的空格会被去掉; 空值取默认值。数用数字 0-9 和小数点书写, 不用千位分隔符和百分号; "
    "金额为不超过 10**15 的整数, 金额和规则限值不用科学计数法。CSV 文件使用 UTF-8 编码。",
)
KEY = Text("key", "键")
REQUIRED = Text("required", "必填")
OPTIONAL_TABLE = Text("The table may be left out.", "该表可以省略。")
COLUMNS_SHEET = "columns 列说明"


def table_docs(language: Language) -> str:
    """Write the page of all tables as Markdown, from their declaration."""
    sections = (line for table in TABLES.values() for line in _section(table, language))
    return "\n".join([WRITTEN.read(language), "", *sections])


def write_template(path: Path) -> None:
    """Write an empty workbook to fill in: one sheet a table, every header with its meaning as a comment.

    The last sheet lists every column in both languages; it is no table, and reading passes over it.

    Parameters
    ----------
    path : Path
        The workbook to write, replaced if it is there.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    try:
        with xlsxwriter.Workbook(path) as book:
            bold = book.add_format({"bold": True})
            required = book.add_format({"bold": True, "bg_color": "#FFF2CC"})
            for table in TABLES.values():
                sheet = book.add_worksheet(table.name)
                sheet.freeze_panes(1, 0)
                for position, column in enumerate(table.columns):
                    sheet.write_string(0, position, column.name, required if column.required else bold)
                    sheet.write_comment(0, position, "\n".join(_comment(column)), {"x_scale": 2})
                    sheet.set_column(position, position, max(12, len(column.name) + 2))
            _write_columns(book, bold)
    except (OSError, xlsxwriter.exceptions.FileCreateError) as error:
        faults = Faults()
        problem = Text(f"the template cannot be written: {error}.", f"无法写入模板: {error}。")
        faults.add(Place("template", value=str(path)), problem, Text("Choose another place.", "请换一个位置。"))
        raise InputError(faults.listed) from None


def _section(table: Table, language: Language) -> list[str]:
    optional = [] if table.required else [OPTIONAL_TABLE.read(language)]
    lines = [f"## `{table.name}`", "", " ".join([table.about.read(language), *optional]), ""]
    lines += ["| " + " | ".join(heading.read(language) for heading in HEADINGS) + " |", "|---" * len(HEADINGS) + "|"]
    for column in table.columns:
        cells = (f"`{column.name}`", *_cells(column, language))
        # A bar inside a cell would end it.
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, ""]


def _cells(column: Column, language: Language) -> tuple[str, str, str, str, str]:
    """Describe a column: type, unit, range, default and meaning."""
    kind = KIND_LABELS[column.kind].read(language)
    if column.key:
        kind += f" ({KEY.read(language)})"
    unit = "" if column.unit is None else column.unit.read(language)
    words = [f"`{word}`" for word in column.words]
    limits = column.bounds.read() if column.kind is not ColumnKind.WORD else ""
    default = "" if column.default is None else column.default.read(language)
    if column.required:
        default = REQUIRED.read(language)
    return kind, unit, ", ".join(filter(None, [limits, *words])), default, column.about.read(language)


def _comment(column: Column) -> list[str]:
    lines = []
    for language in Language:
        kind, unit, limits, default, about = _cells(column, language)
        empty = HEADINGS[4].read(language)
        detail = "; ".join(filter(None, [kind, unit, limits.replace("`", ""), default and f"{empty}: {default}"]))
        lines += [about, detail]
    return lines


def _write_columns(book: xlsxwriter.Workbook, bold: object) -> None:
    sheet = book.add_worksheet(COLUMNS_SHEET)
    headings = ("table 表", *(f"{heading.en} {heading.zh}" for heading in HEADINGS))
    sheet.write_row(0, 0, headings, bold)
    row = 1
    for table in TABLES.values():
        for column in table.columns:
            english, chinese = _cells(column, Language.EN), _cells(column, Language.ZH)
            both = (en if en == zh else f"{en}\n{zh}" for en, zh in zip(english, chinese, strict=True))
            for position, text in enumerate((table.name, column.name, *both)):
                sheet.write_string(row, position, text.replace("`", ""))
            row += 1
