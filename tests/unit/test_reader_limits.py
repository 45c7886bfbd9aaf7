"""Small files that would fill the memory or keep a reader busy are refused in words, in a process of limited memory."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from openpyxl.utils import get_column_letter
from pyarrow import parquet

from clusteropt.errors import PlanFileError
from clusteropt.plan import saving
from clusteropt.plan.saving import load_plan
from tests.small import small_tables

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY = 3 * 2**30
"""Address space of the process that reads; the libraries alone take half of it."""
PATIENCE_S = 200
READ = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
from clusteropt.errors import InputError
from clusteropt.inputs import read_problem
for path in sys.argv[2:]:
    try:
        read_problem(path)
        print(json.dumps("read"))
    except InputError as error:
        print(json.dumps(str(error)))
"""
ROW = b'<row r="%d"><c r="%s%d" t="n"><v>1</v></c></row>'
MAIN = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
CLUSTERS, BOOK, TEXTS = "xl/worksheets/sheet1.xml", "book.xlsx", "xl/sharedStrings.xml"


def book(wanted: str, data: bytes) -> bytes:
    """Write the small model into a workbook, with one part replaced or added."""
    whole, changed = io.BytesIO(), io.BytesIO()
    with pd.ExcelWriter(whole, engine="xlsxwriter") as writer:
        for name, frame in small_tables().items():
            frame.to_excel(writer, sheet_name=name, index=False)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for info in old.infolist():
            if info.filename != wanted:
                new.writestr(info.filename, old.read(info))
        new.writestr(wanted, data)
    return changed.getvalue()


def sheet(rows: bytes) -> bytes:
    """Replace the rows of the sheet of clusters."""
    return book(CLUSTERS, b'<worksheet xmlns="%s"><sheetData>%s</sheetData></worksheet>' % (MAIN, rows))


def scattered(num_rows: int, columns: list[int]) -> bytes:
    """Put one value into each of many rows, in columns that change from row to row."""
    letters = [get_column_letter(column).encode() for column in columns]
    return sheet(b"".join(ROW % (row, letters[row % len(letters)], row) for row in range(1, num_rows + 1)))


def lying_size() -> bytes:
    """State 100 bytes for a sheet that unpacks to 100 MB."""
    data = bytearray(sheet(b" " * (100 * 2**20)))
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(CLUSTERS.encode()))
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")
    return bytes(data)


def lzma_packed() -> bytes:
    """Pack a workbook in a way that no spreadsheet does."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_LZMA) as parts:
        parts.writestr("xl/workbook.xml", b"<workbook/>")
    return target.getvalue()


def parquet_bytes(column: pa.Array) -> bytes:
    """Write one column as a Parquet file."""
    file = io.BytesIO()
    parquet.write_table(pa.table({"cluster": column}), file)
    return file.getvalue()


def repeated_text() -> bytes:
    """Repeat a text of 100,000 signs in 40,000 rows."""
    codes = pa.array(np.zeros(40_000, np.int32))
    return parquet_bytes(pa.DictionaryArray.from_arrays(codes, pa.array(["x" * 100_000])))


def bomb() -> str:
    """Write a part of a kilobyte that entities blow up to a terabyte."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{entities}]><worksheet>&e11;</worksheet>'


# Name: the file, its bytes, a piece of what must be said.
ATTACKS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "a row of millions of cells": (BOOK, lambda: sheet(b"<row>" + b"<c/>" * 20_000_000 + b"</row>"), "too many cells"),
    "millions of rows": (BOOK, lambda: sheet(b"<row/>" * 15_000_000), "too many cells"),
    "values far to the right": (BOOK, lambda: scattered(30_000, [16_384]), "right of column 200"),
    "a value in every column": (BOOK, lambda: scattered(101_000, list(range(1, 201))), "too many rows and columns"),
    "millions of attributes": (
        BOOK, lambda: book(CLUSTERS, b"<x %s/>" % b"".join(b"a%d='' " % n for n in range(3_000_000))), "broken"),
    "entities": (BOOK, lambda: book(CLUSTERS, bomb().encode()), "broken"),
    "entities in UTF-16": (BOOK, lambda: book(CLUSTERS, bomb().encode("utf-16")), "broken"),
    "entities in the texts": (BOOK, lambda: book(TEXTS, bomb().encode()), "broken"),
    "a sheet nested without end": (BOOK, lambda: book(CLUSTERS, b"<a>" * 10_000_000), "too many cells"),
    "millions of styles": (BOOK, lambda: book("xl/styles.xml", b"<s>" + b"<xf/>" * 500_000 + b"</s>"), "or styles"),
    "millions of texts": (BOOK, lambda: book(TEXTS, b"<sst>" + b"<si/>" * 10_000_000 + b"</sst>"), "too many cells"),
    "a size that lies": (BOOK, lying_size, "cut short"),
    "a large part": (BOOK, lambda: book("xl/media/x.bin", b"\1" * (130 * 2**20)), "unpacked the workbook has"),
    "packing that nobody uses": (BOOK, lzma_packed, "broken"),
    "empty lines": ("tables/clusters.csv", lambda: b"cluster,region\n" + b"\n" * 50_000_000, "lines; more than"),
    "short rows": ("tables/clusters.csv", lambda: b"cluster,region\n" + b"a,b\n" * 5_000_000, "lines; more than"),
    "one endless line": ("tables/clusters.csv", lambda: b"," * 20_000_000, "no CSV"),
    "one endless value": ("tables/clusters.csv", lambda: b"cluster,region\n" + b"x" * 20_000_000, "no CSV"),
    "a sparse file": ("tables/clusters.csv", lambda: b"", "more than 268,435,456 are not read"),
    "equal numbers": (
        "tables/clusters.parquet", lambda: parquet_bytes(pa.array(np.zeros(60_000_000, np.int8))), "60,000,000 values"),
    "one long text repeated": ("tables/clusters.parquet", repeated_text, "longer than 200 signs"),
    "unknown names without end": (
        "tables/rules.csv",
        lambda: b"rule,kind,region,max\n" + b"".join(b"r%d,amount,%s,1\n" % (n, b"x|" * 60_000) for n in range(5)),
        "more faults"),
    "a key of thousands of parts": ("model.toml", lambda: b"a." * 4_000 + b"a = 1\n", "too many parts"),
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Let one process of limited memory read every attack; give what it says to each."""
    models = [write_attack(name, tmp_path_factory.mktemp("attack")) for name in ATTACKS]
    command = [sys.executable, "-c", READ, str(MEMORY), *map(str, models)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    said += [f"nothing: {done.stderr[-300:]}"] * (len(ATTACKS) - len(said))
    return dict(zip(ATTACKS, said, strict=True))


def write_attack(name: str, folder: Path) -> Path:
    """Write a model whose one file is an attack; give the path of the model file."""
    place, make, _ = ATTACKS[name]
    (folder / "tables").mkdir()
    for table, frame in small_tables().items():
        frame.to_csv(folder / "tables" / f"{table}.csv", index=False)
    if place.endswith(".parquet"):
        (folder / place).with_suffix(".csv").unlink()
    source = f'workbook = "{BOOK}"' if place == BOOK else 'folder = "tables"'
    (folder / "model.toml").write_text(f"[tables]\n{source}\n", encoding="utf-8")
    (folder / place).write_bytes(make())
    if name == "a sparse file":
        os.truncate(folder / place, 2**40)
    return folder / "model.toml"


@pytest.mark.parametrize("name", ATTACKS)
def test_a_small_file_does_not_fill_the_memory(name: str, answers: dict[str, str]) -> None:
    """The reader ends with a fault, within its memory and before the process is stopped."""
    assert "in the input:" in answers[name]
    assert ATTACKS[name][2] in answers[name]


def test_what_is_no_regular_file_is_no_plan(tmp_path: Path) -> None:
    """A pipe and a device are not opened, a path that cannot be is told."""
    os.mkfifo(tmp_path / "plan.json")
    for path, says in (
        (tmp_path, "no regular file"),
        (Path("/dev/zero"), "no regular file"),
        (tmp_path / "a\0b", "null byte"),
        (tmp_path / ("x" * 5000), "too long"),
        (tmp_path / "none" / "plan.json", "No such file"),
    ):
        with pytest.raises(PlanFileError, match=says):
            load_plan(path)


def test_a_huge_plan_is_not_read(tmp_path: Path) -> None:
    """The size is looked at before the file is read."""
    with (tmp_path / "plan.json").open("wb") as file:
        file.truncate(saving.MAX_PLAN_BYTES + 1)
    with pytest.raises(PlanFileError, match="bytes"):
        load_plan(tmp_path)


@pytest.mark.parametrize("text", ["[" * 200_000, '{"a":' * 100_000, "9" * 10_000, '"' + "\\ud800" * 1000 + '"'])
def test_endless_documents_are_no_plan(text: str, tmp_path: Path) -> None:
    """Nesting without end, and numbers of thousands of digits, are refused."""
    dressed = json.dumps({"format": saving.FORMAT, "sha256": "", "plan": 0}).replace(": 0", ": " + text)
    for content in (text, dressed):
        (tmp_path / "plan.json").write_text(content, encoding="utf-8")
        with pytest.raises(PlanFileError):
            load_plan(tmp_path)
