"""Reading tables from the sheets of a workbook."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
import zipfile
from typing import IO, TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np
import openpyxl
import pandas as pd
from openpyxl.utils import column_index_from_string

from clusteropt.inputs.faults import Faults, Place
from clusteropt.inputs.raw_tables import RawTable, from_objects, make_raw
from clusteropt.inputs.workbook_parts import SAVE_AGAIN, is_workbook
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_SHEET_ROWS = 2**20
MAX_SHEET_COLUMNS = 200
MAX_SHEET_CELLS = 20_000_000
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def workbook_tables(
    file_name: str, data: bytes, wanted: Callable[[str], bool], faults: Faults
) -> dict[str, RawTable | None] | None:
    """Read the wanted sheets of a workbook, by name; None, and faults, for what cannot be read.

    Refused are merged cells, formulas that were never calculated, cells that hold an error, and a workbook
    that unpacks to more than a planner's tables can be (see `is_workbook`).

    Parameters
    ----------
    file_name : str
        What a fault calls the workbook.
    data : bytes
        The file.
    wanted : callable
        Tells of the name of a sheet whether to read it.
    faults : Faults
        Where to note what is wrong.
    """
    if not is_workbook(file_name, data, faults):
        return None
    digest = hashlib.sha256(data).hexdigest()
    tables: dict[str, RawTable | None] = {}
    try:
        with warnings.catch_warnings(), zipfile.ZipFile(io.BytesIO(data)) as parts:
            # openpyxl warns of styles and validations that it drops; only values are read here.
            warnings.simplefilter("ignore")
            paths = _sheet_paths(parts)
            # The stubs know nothing of the sheets of a workbook that is only read.
            book: Any = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            for sheet in book.worksheets:
                name = sheet.title
                if not wanted(name):
                    continue
                with parts.open(paths[name]) as part:
                    _scan(name, part, faults)
                # The size that the sheet states may be wrong; without it the rows are read as they come.
                sheet.reset_dimensions()
                tables[name] = _sheet_table(
                    name, sheet.iter_rows(values_only=True, max_col=MAX_SHEET_COLUMNS), digest, faults
                )
    # A broken workbook raises errors of many kinds from several packages; to the planner they are one.
    except Exception:
        problem = Text("the workbook is broken or cut short.", "工作簿已损坏或不完整。")
        faults.add(Place(file_name), problem, SAVE_AGAIN)
        return None
    return tables


def _sheet_paths(parts: zipfile.ZipFile) -> dict[str, str]:
    """Find the part that holds each sheet."""
    relations = ElementTree.fromstring(parts.read("xl/_rels/workbook.xml.rels"))
    targets = {relation.get("Id"): relation.get("Target", "") for relation in relations}
    book = ElementTree.fromstring(parts.read("xl/workbook.xml"))
    paths = {}
    for sheet in book.iter(f"{MAIN}sheet"):
        target = targets.get(sheet.get(RELATION), "")
        paths[sheet.get("name", "")] = target[1:] if target.startswith("/") else f"xl/{target}"
    return paths


def _scan(name: str, part: IO[bytes], faults: Faults) -> None:
    """Note merged cells, formulas without a value and errors, which the reader passes over in silence."""
    for _, element in ElementTree.iterparse(part):
        if element.tag == f"{MAIN}mergeCell":
            merged = element.get("ref", "")
            place = Place(name, _row_of(merged), value=merged)
            problem = Text(
                "the cells are merged, so it is open which row the value is for.",
                "单元格已合并, 无法确定值属于哪一行。",
            )
            faults.add(place, problem, Text("Unmerge them and fill every cell.", "请取消合并并逐格填写。"))
        elif element.tag == f"{MAIN}c":
            _scan_cell(name, element, faults)
        elif element.tag == f"{MAIN}row":
            _scan_width(name, element, faults)
            # The children were seen; without this a large sheet would stand in memory as a tree.
            element.clear()


def _scan_width(name: str, row: ElementTree.Element, faults: Faults) -> None:
    """Note a value right of all columns that are read."""
    column = 0
    for cell in row.iter(f"{MAIN}c"):
        reference = cell.get("r") or ""
        letters = re.match("[A-Za-z]{1,7}", reference)
        column = column_index_from_string(letters.group()) if letters else column + 1
        if column > MAX_SHEET_COLUMNS and len(cell):
            problem = Text(
                f"the value stands right of column {MAX_SHEET_COLUMNS}.", f"值位于第 {MAX_SHEET_COLUMNS} 列之右。"
            )
            place = Place(name, _row_of(row.get("r") or ""), value=reference)
            faults.add(place, problem, Text("Clear it, or move it into the table.", "请清空, 或移入表内。"))
            return


def _scan_cell(name: str, cell: ElementTree.Element, faults: Faults) -> None:
    reference, kind = cell.get("r", ""), cell.get("t")
    value, formula = cell.find(f"{MAIN}v"), cell.find(f"{MAIN}f")
    text = None if value is None else value.text
    place = Place(name, _row_of(reference), value=reference)
    if kind == "e":
        problem = Text(f"the cell holds the error {text}.", f"单元格为错误值 {text}。")
        faults.add(place, problem, Text("Mend its formula.", "请修正公式。"))
    elif formula is not None and text is None and kind != "str":
        problem = Text("the formula was never calculated, so it has no value.", "公式尚未计算, 没有值。")
        remedy = Text("Open the workbook, let it calculate, and save it.", "请打开工作簿, 完成计算并保存。")
        faults.add(place, problem, remedy)


def _row_of(reference: str) -> int | None:
    found = re.search(r"[0-9]{1,7}", reference)
    return int(found.group()) if found else None


def _sheet_table(name: str, found: Iterable[tuple[object, ...]], digest: str, faults: Faults) -> RawTable | None:
    """Read the values of a sheet; its first row is the header."""
    records: list[dict[int, object]] = []
    rows: list[int] = []
    for row, values in enumerate(found, start=1):
        if row > MAX_SHEET_ROWS:
            problem = Text(f"the sheet has more than {MAX_SHEET_ROWS:,} rows.", f"工作表超过 {MAX_SHEET_ROWS:,} 行。")
            faults.add(Place(name), problem, Text("Use a CSV file.", "请改用 CSV 文件。"))
            return None
        # One stray value far to the right must not make every row as wide.
        record = {position: value for position, value in enumerate(values) if value is not None}
        if record or row == 1:
            records.append(record)
            rows.append(row)
    if not records or not records[0]:
        problem = Text("the sheet is empty, or its first row is.", "工作表或其首行为空。")
        faults.add(Place(name), problem, Text("Write the header into row 1.", "请在第 1 行填写表头。"))
        return None
    filled = sorted({position for record in records for position in record})
    if len(filled) * len(records) > MAX_SHEET_CELLS:
        problem = Text("the sheet has too many rows and columns.", "工作表的行列过多。")
        faults.add(Place(name), problem, Text("Use a CSV file.", "请改用 CSV 文件。"))
        return None
    headers = tuple(str(records[0].get(position, "")) for position in filled)
    columns = tuple(from_objects([record.get(position) for record in records[1:]]) for position in filled)
    numbers = tuple(position + 1 for position in filled)
    return make_raw(RawTable(name, headers, columns, pd.Index(rows[1:], dtype=np.int64), digest), faults, numbers)
