"""From text to typed columns: every value that cannot be read is a fault.

White space around a value is dropped, and names are brought into one Unicode form (NFC), so that the same
name typed in two ways is one name.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clusteropt.inputs.columns import MAX_NAME_LENGTH, Column, ColumnKind, Table
from clusteropt.inputs.faults import Faults, Place, suggest
from clusteropt.inputs.numbers import exacts, floats, typed_floats, typed_wholes, wholes, why_not
from clusteropt.inputs.raw_tables import RawTable, by_word, written
from clusteropt.inputs.tables import PLANNED_COLUMNS
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Values = NDArray[Any] | pd.api.extensions.ExtensionArray

# The signs that join names in rules and selections.
JOINERS = "|;"
# Most names pass at one glance: printable ASCII without the joiners.
PLAIN = re.compile(f"[ -:<-{{}}~]{{1,{MAX_NAME_LENGTH}}}")
NUMBERS = (ColumnKind.WHOLE, ColumnKind.NUMBER, ColumnKind.READING, ColumnKind.EXACT)
DTYPES = {ColumnKind.WHOLE: "Int64", ColumnKind.NUMBER: "float64", ColumnKind.READING: "float64"}


@dataclass(frozen=True, slots=True, eq=False)
class TypedTable:
    """One table with typed columns.

    Parameters
    ----------
    table : Table
        Its declaration.
    frame : DataFrame
        Every declared column: text as str or None, numbers as float with NaN, whole numbers as ``Int64``,
        exact decimals as Fraction or None. The index holds the row numbers of the source.
    unread : dict of str to bool array of shape (num_rows,)
        By column: where a value stood that is already a fault.
    absent : frozenset of str
        Columns that the source lacks.
    digest : str
        SHA-256 of the source.
    """

    table: Table
    frame: pd.DataFrame
    unread: dict[str, Mask]
    absent: frozenset[str]
    digest: str


def parse_table(table: Table, raw: RawTable, faults: Faults) -> TypedTable:
    """Read meaning into every value of a table."""
    _check_headers(table, raw, faults)
    rows = pd.Index(raw.rows, name="row")
    present = dict(zip(raw.headers, raw.columns, strict=True))
    columns: dict[str, pd.Series] = {}
    unread: dict[str, Mask] = {}
    for column in table.columns:
        if column.name not in present:
            columns[column.name] = _missing(column, rows)
            unread[column.name] = np.zeros(len(rows), dtype=bool)
            continue
        values = present[column.name]
        typed, bad = _typed(column, values)
        # Without the type, pandas would turn objects into strings of its own.
        columns[column.name] = pd.Series(typed, index=rows, dtype=typed.dtype)
        unread[column.name] = bad
        _explain(table.name, column, values, rows, bad, faults)
    absent = frozenset(set(table.names) - set(present))
    return TypedTable(table, pd.DataFrame(columns, index=rows, copy=False), unread, absent, raw.digest)


def marked(values: pd.Series, mask: Mask | pd.Series[bool]) -> Iterator[tuple[int, str]]:
    """Give the row and the text of every marked value of a typed column."""
    found = values[mask]
    return ((int(row), written(value) or "") for row, value in zip(found.index, found, strict=True))


def _missing(column: Column, rows: pd.Index[int]) -> pd.Series:
    """Give a column without a value."""
    if column.kind in DTYPES:
        return pd.Series(np.nan, index=rows, dtype=DTYPES[column.kind])
    # Left to itself, pandas would write NaN for what is missing.
    return pd.Series(np.full(len(rows), None, dtype=object), index=rows, dtype=object)


def _check_headers(table: Table, raw: RawTable, faults: Faults) -> None:
    for column in table.columns:
        if column.required and column.name not in raw.headers:
            problem = Text("the column is missing.", "缺少该列。")
            remedy = Text(f"Add it: {column.about.en}.", f"请补充: {column.about.zh}。")
            faults.add(Place(table.name, None, column.name), problem, remedy)
    for header in raw.headers:
        if header in table.names:
            continue
        place = Place(table.name, None, header)
        if header in PLANNED_COLUMNS.get(table.name, ()):
            problem = Text("the column is not part of this version.", "本版本不支持该列。")
            faults.add(place, problem, Text("Remove it.", "请删除该列。"))
            continue
        problem = Text("the table has no such column.", "该表没有此列。")
        faults.add(place, problem, suggest(header, table.names))


def _typed(column: Column, values: NDArray[Any]) -> tuple[Values, Mask]:
    """Read one column; give its values and where a value could not be read."""
    kind = column.kind
    if values.dtype != object and kind in (ColumnKind.NUMBER, ColumnKind.READING):
        return typed_floats(values)
    if values.dtype != object and kind is ColumnKind.WHOLE:
        numbers, missing, bad = typed_wholes(values)
        return pd.arrays.IntegerArray(numbers, missing), bad
    if kind not in NUMBERS:
        return _words(kind, values)
    texts = _trimmed(values)
    if kind is ColumnKind.WHOLE:
        numbers, missing, bad = wholes(texts)
        return pd.arrays.IntegerArray(numbers, missing), bad
    if kind is ColumnKind.READING:
        words = {word: str(number) for word, number in column.words.items()}
        texts = [text if text is None else words.get(text, text) for text in texts]
    if kind in (ColumnKind.NUMBER, ColumnKind.READING):
        return floats(texts)
    return exacts(texts)


def _words(kind: ColumnKind, values: NDArray[Any]) -> tuple[Values, Mask]:
    """Read a column of text, each word once."""
    if values.dtype != object:
        return _names(kind, _trimmed(values))
    codes, words = by_word(values)
    names, bad = _names(kind, _trimmed(np.array([*words, None], dtype=object)))
    if not bad.any() and names[:-1].tolist() == words:
        # Nothing to mend: millions of rows are not written out again.
        return values, np.zeros(len(values), bool)
    return names[codes], bad[codes]


def _trimmed(values: NDArray[Any]) -> list[str | None]:
    if values.dtype != object:
        return [written(value) for value in values.tolist()]
    return [(value.strip() or None) if value is not None else None for value in values]


def _names(kind: ColumnKind, texts: list[str | None]) -> tuple[NDArray[np.object_], Mask]:
    array = np.empty(len(texts), dtype=object)
    if kind is ColumnKind.REMARK:
        array[:] = texts
        return array, np.zeros(len(texts), dtype=bool)
    array[:] = [text if text is None or text.isascii() else unicodedata.normalize("NFC", text) for text in texts]
    bad = np.fromiter(
        (text is not None and not PLAIN.fullmatch(text) and _why_no_name(kind, text) is not None for text in array),
        bool,
        len(texts),
    )
    array[bad] = None
    return array, bad


def _why_no_name(kind: ColumnKind, text: str) -> tuple[Text, Text] | None:
    """Say why a text cannot be a name; None if it can."""
    if kind is not ColumnKind.NAMES and len(text) > MAX_NAME_LENGTH:
        problem = Text(f"the text is longer than {MAX_NAME_LENGTH} signs.", f"文字超过 {MAX_NAME_LENGTH} 个字符。")
        return problem, Text("Shorten it.", "请缩短。")
    if not text.isprintable():
        odd = [sign for sign in text if not sign.isprintable() and unicodedata.category(sign) != "Zs"]
        if odd:
            codes = ", ".join(sorted({f"U+{ord(sign):04X}" for sign in odd}))
            problem = Text(f"the text holds signs that cannot be seen: {codes}.", f"文字含不可见字符: {codes}。")
            return problem, Text("Type it again.", "请重新输入。")
    if kind is ColumnKind.NAME and any(sign in text for sign in JOINERS):
        problem = Text(
            "a key cannot hold | or ;, which join names in rules.", "键不能含有 | 或 ;, 它们用于连接多个名称。"
        )
        return problem, Text("Replace the sign; the printed name may keep it.", "请替换该字符; 显示名称可以保留。")
    return None


def _explain(table: str, column: Column, values: NDArray[Any], rows: pd.Index[int], bad: Mask, faults: Faults) -> None:
    for position in faults.that_fit(np.flatnonzero(bad).tolist()):
        text = (written(values[position]) or "").strip()
        if column.kind in (ColumnKind.NAME, ColumnKind.NAMES, ColumnKind.TEXT, ColumnKind.WORD):
            reason = _why_no_name(column.kind, unicodedata.normalize("NFC", text))
        else:
            reason = why_not(text, column.kind)
        assert reason is not None, "a value that was refused has a reason"
        problem, remedy = reason
        if column.kind is ColumnKind.READING and column.words:
            words = ", ".join(column.words)
            remedy = Text(f"Write a number from 0 to 1, or one of: {words}.", f"请填写 0 到 1 的数, 或: {words}。")
        faults.add(Place(table, int(rows[position]), column.name, text), problem, remedy)
