"""Files that hold no table, or hold it in a way that must not be guessed at."""

from __future__ import annotations

import io
import os
import zipfile
from typing import TYPE_CHECKING

import openpyxl
import pandas as pd
import pyarrow
import pytest
from pyarrow import parquet
from tests.bad_inputs.bad_case import faults_of
from tests.small import small_tables, write_small_folder

from clusteropt.inputs import problem_from_tables, read_problem, workbook_parts
from clusteropt.inputs.files import MAX_FILE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clusteropt.errors import Fault

HEADER = b"lever,response\n"
FOLDER_MODEL = '[tables]\nfolder = "tables"\n'
BOOK_MODEL = '[tables]\nworkbook = "book.xlsx"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with the tables of the small model, and a model file beside it."""
    write_small_folder(tmp_path / "tables")
    (tmp_path / "model.toml").write_text(FOLDER_MODEL, encoding="utf-8")
    return tmp_path / "tables"


def read_folder(folder: Path) -> tuple[Fault, ...]:
    """Read a folder that must be refused."""
    return faults_of(lambda: read_problem(folder.parent / "model.toml"))


def read_book(tmp_path: Path, data: bytes) -> tuple[Fault, ...]:
    """Read a workbook that must be refused."""
    (tmp_path / "book.xlsx").write_bytes(data)
    (tmp_path / "model.toml").write_text(BOOK_MODEL, encoding="utf-8")
    return faults_of(lambda: read_problem(tmp_path / "model.toml"))


def book_bytes(change: Callable[[openpyxl.Workbook], object] | None = None) -> bytes:
    """Write the small model into a workbook, after a change."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, frame in small_tables().items():
        sheet = book.create_sheet(name)
        for record in [list(frame.columns), *frame.to_numpy().tolist()]:
            sheet.append(record)
    if change is not None:
        change(book)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def repack(data: bytes, change: Callable[[str, bytes], bytes | None]) -> bytes:
    """Write a zip again with changed parts; None drops one."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            part = change(info.filename, old.read(info))
            if part is not None:
                new.writestr(info.filename, part)
    return target.getvalue()


CSV_FILES = {
    "empty": (b"", None, "file is empty"),
    "white space": (b" \n\n", None, "file is empty"),
    "only a header": (HEADER, None, "no rows"),
    "NUL byte": (HEADER + b"tal\0ent,log\n", 2, "NUL byte"),
    "only NUL": (b"\0" * 100, 1, "NUL byte"),
    "UTF-16": ("lever,response\ntalent,log\n".encode("utf-16"), None, "UTF-16"),
    "GB18030": (HEADER + "人才,log\n".encode("gb18030"), 2, "may be in GB18030"),
    "Latin-1": (HEADER + b"caf\xe9,log\n", 2, "not UTF-8"),
    "broken UTF-8": (HEADER + b"\xe4\xb8,log\n\xff", 2, "not UTF-8"),
    "semicolons": (b"lever;response\ntalent;log\n", 1, "not separated by commas"),
    "tabs": (b"lever\tresponse\ntalent\tlog\n", 1, "not separated by commas"),
    "too many values": (HEADER + b"talent,log\nfinance,log,3\n", 3, "3 values, the header 2"),
    "too few values": (HEADER + b"talent\nfinance,log\n", 2, "1 values, the header 2"),
    "open quote": (HEADER + b'"talent,log\nfinance,log\n', 2, "no CSV"),
    "text after a quote": (HEADER + b'"tal"ent,log\n', 2, "no CSV"),
    "one huge value": (HEADER + b"x" * 200_000 + b",log\n", 2, "no CSV"),
    "only quotes": (b'"', 1, "no CSV"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), 1, "not UTF-8"),
    "a workbook": (b"PK\x03\x04" + b"\x00\x01\xfe" * 20, 1, "not UTF-8"),
    "value after the header": (b"lever,response,\ntalent,log,x\n", 1, "no header"),
    "header twice": (b"lever,response,response\ntalent,log,log\n", 1, "twice"),
    "later row": (HEADER + b'"finance\n",log\n\ntalent,cube\n', 5, "none of the words"),
}


@pytest.mark.parametrize("name", CSV_FILES)
def test_a_bad_csv_file_is_named(name: str, folder: Path) -> None:
    """The fault names the table and the line of the file."""
    data, row, says = CSV_FILES[name]
    (folder / "levers.csv").write_bytes(data)
    found = read_folder(folder)
    assert any(fault.table == "levers" and fault.row == row and says in fault.problem.en for fault in found), found


def test_a_file_that_cannot_be_read_is_one_fault(folder: Path) -> None:
    """A broken clusters table does not make faults of all that refers to it."""
    (folder / "clusters.csv").write_bytes(b"")
    assert [fault.table for fault in read_folder(folder)] == ["clusters"]


def test_a_directory_is_no_table(folder: Path) -> None:
    """A directory that is named as a table is refused."""
    (folder / "clusters.csv").unlink()
    (folder / "clusters.csv").mkdir()
    assert "directory" in read_folder(folder)[0].problem.en


def test_a_pipe_is_no_table(folder: Path) -> None:
    """A pipe is not opened: nobody may ever write into it."""
    (folder / "clusters.csv").unlink()
    os.mkfifo(folder / "clusters.csv")
    assert "pipe" in read_folder(folder)[0].problem.en


def test_a_link_to_nowhere_is_no_table(folder: Path) -> None:
    """A link without a file behind it is named."""
    (folder / "clusters.csv").unlink()
    (folder / "clusters.csv").symlink_to(folder / "gone.csv")
    assert "no such file" in read_folder(folder)[0].problem.en


def test_a_link_to_itself_is_no_table(folder: Path) -> None:
    """A link in a circle is named."""
    (folder / "clusters.csv").unlink()
    (folder / "clusters.csv").symlink_to(folder / "clusters.csv")
    assert "cannot be read" in read_folder(folder)[0].problem.en


def test_a_huge_file_is_not_read(folder: Path) -> None:
    """The size is looked at before the file is read."""
    with (folder / "clusters.csv").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    assert "more than" in read_folder(folder)[0].problem.en


def test_one_table_in_two_formats_is_refused(folder: Path) -> None:
    """Which of the two files counts is not guessed."""
    small_tables()["levers"].to_parquet(folder / "levers.parquet")
    (fault,) = read_folder(folder)
    assert (fault.table, fault.value) == ("levers", "levers.parquet")
    assert "two formats" in fault.problem.en


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("rule.csv", "Did you mean 'rules'"),
        ("Clusters.csv", "Did you mean 'clusters'"),
        ("levels.CSV", "Did you mean 'levels'"),
        ("lastplan.parquet", "Did you mean 'last_plan'"),
        ("actuals.csv", "not part of this version"),
    ],
)
def test_a_file_like_a_table_is_not_passed_over(file: str, says: str, folder: Path) -> None:
    """A slip in a file name would leave out a whole table without a word."""
    (folder / file).write_bytes(b"a\n1\n")
    (fault,) = read_folder(folder)
    assert says in f"{fault.problem.en} {fault.remedy.en}"


def test_an_empty_folder_lacks_tables(folder: Path) -> None:
    """Every required table is named."""
    for path in folder.iterdir():
        path.unlink()
    assert {fault.table for fault in read_folder(folder)} == {"clusters", "levers", "effectiveness", "funds"}


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" + b"\0" * 50 + b"PAR1", b"cluster,region\n"])
def test_a_broken_parquet_file_is_refused(data: bytes, folder: Path) -> None:
    """What is no Parquet file is one fault."""
    (folder / "levers.csv").unlink()
    (folder / "levers.parquet").write_bytes(data)
    (fault,) = read_folder(folder)
    assert (fault.table, fault.problem.en) == ("levers", "this is no Parquet file, or it is broken.")


def test_parquet_with_text_that_is_no_utf8_is_refused(folder: Path) -> None:
    """Text of other bytes comes to light when the file is read, not later."""
    lever = pyarrow.array([b"talent", b"\xff"]).view(pyarrow.string())
    (folder / "levers.csv").unlink()
    parquet.write_table(pyarrow.table({"lever": lever, "response": ["log", "log"]}), folder / "levers.parquet")
    (fault,) = read_folder(folder)
    assert "broken" in fault.problem.en


def test_parquet_without_its_package_is_explained(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package that reads Parquet is optional, and the fault says how to get it."""
    (folder / "levers.csv").unlink()
    small_tables()["levers"].to_parquet(folder / "levers.parquet")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (fault,) = read_folder(folder)
    assert "clusteropt[parquet]" in fault.remedy.en


def test_a_broken_frame_value_is_named_by_its_row() -> None:
    """Rows of a frame count the header as row 1, whatever the index."""
    tables = small_tables()
    tables["clusters"] = tables["clusters"].set_index(pd.Index([7, 7, 7, 7]))
    tables["clusters"].iloc[2, tables["clusters"].columns.get_loc("weight")] = "x"
    (fault,) = faults_of(lambda: problem_from_tables(tables))
    assert fault.row == 4


NOT_BOOKS = {
    "empty": (b"", "no workbook"),
    "text": (b"cluster,region\n", "no workbook"),
    "old": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old .xls"),
    "truncated": (book_bytes()[:3000], "cut short"),
    "cut by a byte": (book_bytes()[:-1], "cut short"),
    "no sheets listed": (repack(book_bytes(), lambda name, part: None if "rels" in name else part), "broken"),
    "no types": (repack(book_bytes(), lambda name, part: None if "Content" in name else part), "broken"),
    "no book": (repack(book_bytes(), lambda name, part: None if name == "xl/workbook.xml" else part), "no workbook"),
    "bad XML": (repack(book_bytes(), lambda name, part: part[:-20] if "sheet" in name else part), "broken"),
    "no XML": (repack(book_bytes(), lambda name, part: b"\0\1" if "sheet" in name else part), "broken"),
}


@pytest.mark.parametrize("name", NOT_BOOKS)
def test_what_is_no_workbook_is_one_fault(name: str, tmp_path: Path) -> None:
    """A file that is no workbook, or a broken one, is refused in one sentence."""
    data, says = NOT_BOOKS[name]
    (fault,) = read_book(tmp_path, data)
    assert fault.table == "book.xlsx"
    assert says in fault.problem.en


def test_a_zip_is_no_workbook(tmp_path: Path) -> None:
    """A zip file with other parts is named as such."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as parts:
        parts.writestr("clusters.csv", "cluster\n")
    (fault,) = read_book(tmp_path, target.getvalue())
    assert "zip file but no workbook" in fault.problem.en


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """The stated size is looked at before anything is unpacked."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as parts, parts.open("xl/workbook.xml", "w") as part:
        for _ in range(workbook_parts.MAX_UNPACKED_BYTES // 2**20 + 1):
            part.write(b"\0" * 2**20)
    assert len(target.getvalue()) < 2**20
    (fault,) = read_book(tmp_path, target.getvalue())
    assert "unpacked the workbook has" in fault.problem.en


def test_entities_are_not_blown_up(tmp_path: Path) -> None:
    """A sheet whose entities grow without end is refused as broken."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{levels}]><worksheet>&e11;</worksheet>'.encode()
    data = repack(book_bytes(), lambda name, part: bomb if "sheet1" in name else part)
    (fault,) = read_book(tmp_path, data)
    assert "broken" in fault.problem.en


BAD_SHEETS = {
    "merged cells": (lambda book: book["clusters"].merge_cells("D2:D3"), "clusters", 2, "D2:D3", "merged"),
    "merged header": (lambda book: book["levers"].merge_cells("A1:B1"), "levers", 1, "A1:B1", "merged"),
    "formula": (lambda book: book["funds"].__setitem__("E2", "=1+1"), "funds", 2, "E2", "never calculated"),
    "error": (lambda book: book["funds"].__setitem__("E3", "#REF!"), "funds", 3, "E3", "the error #REF!"),
    "empty sheet": (lambda book: book["cells"].delete_rows(1, 9), "cells", None, None, "sheet is empty"),
    "no header": (lambda book: book["cells"].insert_rows(1), "cells", None, None, "sheet is empty, or its first row"),
    "value without header": (lambda book: book["levers"].__setitem__("H2", "x"), "levers", 1, None, "column 8 holds"),
    "sheet like a table": (lambda book: book.create_sheet("rule"), "rule", None, "rule", "no table has this name"),
    "planned sheet": (lambda book: book.create_sheet("actuals"), "actuals", None, "actuals", "not part of this"),
    "gap in rows": (lambda book: book["levers"].__setitem__("A9", "money"), "levers", 9, None, "value is missing"),
    "boolean": (lambda book: book["funds"].__setitem__("E2", value=True), "funds", 2, "True", "truth value"),
    "far away": (lambda book: book["levers"].__setitem__("XFD9", "x"), "levers", 9, "XFD9", "right of column 200"),
    "far along": (lambda book: book["levers"].__setitem__("GR9", "x"), "levers", 1, None, "column 200 holds"),
}


@pytest.mark.parametrize("name", BAD_SHEETS)
def test_a_bad_sheet_is_named(name: str, tmp_path: Path) -> None:
    """The fault names the sheet, the row and the cells."""
    change, table, row, value, says = BAD_SHEETS[name]
    found = read_book(tmp_path, book_bytes(change))
    assert any(
        (fault.table, fault.row, fault.value) == (table, row, value) and says in fault.problem.en for fault in found
    ), found


def test_rows_beyond_the_sheet_are_not_counted_to(tmp_path: Path) -> None:
    """A row number beyond the largest sheet stops the reader instead of keeping it busy."""

    def far(name: str, part: bytes) -> bytes:
        return part.replace(b'r="3"', b'r="99999999999"') if name.endswith("sheet2.xml") else part

    found = read_book(tmp_path, repack(book_bytes(), far))
    assert any("more than 1,048,576 rows" in fault.problem.en for fault in found), found
