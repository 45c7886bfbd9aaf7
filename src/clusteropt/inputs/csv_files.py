"""Reading one table from a CSV file: commas, UTF-8, every value as text."""

from __future__ import annotations

import csv
import hashlib
import io
from itertools import compress
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusteropt.inputs.coded import as_objects, code_texts, no_texts
from clusteropt.inputs.faults import Faults, Place
from clusteropt.inputs.raw_tables import RawTable, make_raw
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
# A table of millions of rows is a slip; its lines would fill the memory many times over.
MAX_LINES = 2**22
MAX_LINE_SIGNS = 2**20
SAVE_AS_UTF8 = Text("Save it as 'CSV UTF-8'.", "请另存为“CSV UTF-8”格式。")


def csv_table(name: str, data: bytes, faults: Faults) -> RawTable | None:
    """Read a table from the bytes of a CSV file; None, and faults, if that cannot be.

    Only UTF-8 is read, with or without a byte order mark. Another encoding is refused, because bytes that
    happen to be valid in two encodings would turn into wrong names without a word.
    """
    text = _decode(name, data, faults)
    if text is None:
        return None
    if not text.strip():
        problem = Text("the file is empty.", "文件为空。")
        faults.add(
            Place(name), problem, Text("Write a header and rows, or remove it.", "请填写表头和数据, 或删除文件。")
        )
        return None
    records, lines = _records(name, text, faults)
    if not records:
        return None
    header = records[0]
    if len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        problem = Text("the values are not separated by commas.", "各值之间不是用逗号分隔。")
        faults.add(Place(name, lines[0], value=header[0]), problem, Text("Save it with commas.", "请改用逗号分隔。"))
        return None
    good = [_fits(name, len(header), record, line, faults) for record, line in zip(records, lines, strict=True)]
    body = list(compress(records[1:], good[1:]))
    columns = [code_texts(as_objects(column)) for column in zip(*body, strict=True)]
    if not body:
        columns = [no_texts(0) for _ in header]
    rows = pd.Index(list(compress(lines[1:], good[1:])), dtype=np.int64)
    digest = hashlib.sha256(data).hexdigest()
    return make_raw(RawTable(name, tuple(header), tuple(columns), rows, digest, data), faults)


def _decode(name: str, data: bytes, faults: Faults) -> str | None:
    if data.startswith(UTF16_MARKS):
        faults.add(Place(name), Text("the file is in UTF-16.", "文件为 UTF-16 编码。"), SAVE_AS_UTF8)
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        problem = Text("the bytes are not UTF-8.", "字节不是 UTF-8 编码。")
        if _is_gb18030(data):
            problem = Text(
                "the file is not in UTF-8; it may be in GB18030 (GBK).", "文件不是 UTF-8 编码, 可能为 GB18030 (GBK)。"
            )
        faults.add(Place(name, row), problem, SAVE_AS_UTF8)
        return None
    if "\0" in text:
        row = text.count("\n", 0, text.index("\0")) + 1
        problem = Text("the file holds a NUL byte, so it is no text.", "文件含有空字节, 不是文本。")
        faults.add(Place(name, row), problem, SAVE_AS_UTF8)
        return None
    return text


def _is_gb18030(data: bytes) -> bool:
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def _records(name: str, text: str, faults: Faults) -> tuple[list[list[str]], list[int]]:
    """Split the text into records, each with the line it starts on; blank lines are left out."""
    num_lines = text.count("\n") + text.count("\r") - text.count("\r\n")
    if num_lines > MAX_LINES:
        problem = Text(
            f"the file has {num_lines:,} lines; more than {MAX_LINES:,} are not read.",
            f"文件有 {num_lines:,} 行, 超过上限 {MAX_LINES:,}。",
        )
        faults.add(Place(name), problem, Text("Remove the empty rows, or split the model.", "请删除空行或拆分模型。"))
        return [], []
    reader = csv.reader(_short_lines(text), strict=True)
    records, lines, start = [], [], 1
    try:
        for record in reader:
            if record:
                records.append(record)
                lines.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        problem = Text(f"the line is no CSV: {error}.", f"该行不是合法的 CSV: {error}。")
        faults.add(Place(name, start), problem, Text("Close or double the quotes.", "请检查引号是否成对。"))
        return [], []
    return records, lines


def _short_lines(text: str) -> Iterator[str]:
    """Give the lines with their ends; one that is too long for any table is no CSV."""
    for line in io.StringIO(text, newline=""):
        if len(line) > MAX_LINE_SIGNS:
            raise csv.Error(f"it has more than {MAX_LINE_SIGNS:,} signs")
        yield line


def _fits(name: str, width: int, record: list[str], line: int, faults: Faults) -> bool:
    """Tell whether a record is as wide as the header; empty values beyond it are cut off."""
    while len(record) > width and not record[-1].strip():
        record.pop()
    if len(record) == width:
        return True
    if not any(value.strip() for value in record):
        return False
    problem = Text(
        f"the row has {len(record)} values, the header {width}.", f"该行有 {len(record)} 个值, 表头有 {width} 个。"
    )
    remedy = Text("Add or remove commas; quote values that hold one.", "请增减逗号; 含逗号的值请加引号。")
    faults.add(Place(name, line), problem, remedy)
    return False
