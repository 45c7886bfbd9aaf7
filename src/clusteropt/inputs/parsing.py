"""From text to typed columns: every value that cannot be read is a fault.

White space around a value is dropped, and names are brought into one Unicode form (NFC), so that the same
name typed in two ways is one name.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clusteropt.inputs.coded import SEPARATOR, Coded, joined, no_texts
from clusteropt.inputs.columns import MAX_NAME_LENGTH, Column, ColumnKind, Table
from clusteropt.inputs.faults import Faults, Place, suggest
from clusteropt.inputs.numbers import exacts, floats, typed_floats, typed_wholes, wholes, why_not
from clusteropt.inputs.raw_tables import RawTable, from_objects, written
from clusteropt.inputs.tables import PLANNED_COLUMNS
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from numpy.typing import NDArray

    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.inputs.raw_tables import RawColumn

    Mask = NDArray[np.bool_]
    Values = Coded | NDArray[Any] | pd.arrays.IntegerArray

# The signs that join names in rules and selections.
JOINERS = "|;"
# Most names pass at one glance: printable ASCII without the joiners.
PLAIN = re.compile(f"[ -:<-{{}}~]{{1,{MAX_NAME_LENGTH}}}")
NUMBERS = (ColumnKind.WHOLE, ColumnKind.NUMBER, ColumnKind.READING, ColumnKind.EXACT)
DTYPES = {ColumnKind.WHOLE: "Int64", ColumnKind.NUMBER: "float64", ColumnKind.READING: "float64"}


@dataclass(frozen=True, eq=False)
class TypedTable:
    """One table with typed columns.

    Parameters
    ----------
    table : Table
        Its declaration.
    rows : Index
        The row numbers of the source.
    columns : dict of str to Values
        Every declared column that the source has: text as `Coded`, numbers as float with NaN, whole numbers as
        ``Int64``, exact decimals as Fraction or None.
    unread : dict of str to bool array of shape (num_rows,)
        By column: where a value stood that is already a fault.
    digest : str
        SHA-256 of the source.
    """

    table: Table
    rows: pd.Index[int]
    columns: Mapping[str, Values]
    unread: Mapping[str, Mask]
    digest: str

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.rows)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Every declared column, text as str or None; the index holds the row numbers of the source."""
        return self.part(self.table.names)

    @property
    def absent(self) -> frozenset[str]:
        """Columns that the source lacks."""
        return frozenset(self.table.names) - frozenset(self.columns)

    def part(self, names: Iterable[str]) -> pd.DataFrame:
        """Give some columns as a frame, which takes more memory than they do."""
        return pd.DataFrame({name: self.series(name) for name in names}, index=self.rows, copy=False)

    def series(self, name: str) -> pd.Series:
        """Give a column as it is in the frame."""
        kind = next(column.kind for column in self.table.columns if column.name == name)
        if name not in self.columns:
            # Left to itself, pandas would write NaN for what is missing.
            empty = np.nan if kind in DTYPES else np.full(len(self), None, dtype=object)
            return pd.Series(empty, index=self.rows, dtype=DTYPES.get(kind, "object"))
        found = self.columns[name]
        values = found.objects if isinstance(found, Coded) else found
        # Without the type, pandas would turn objects into strings of its own.
        return pd.Series(values, index=self.rows, dtype=values.dtype, copy=False)

    def text(self, name: str) -> Coded:
        """Give a column of text."""
        found = self.columns.get(name)
        if found is None:
            return no_texts(len(self))
        assert isinstance(found, Coded), f"{name} is a column of text"
        return found

    def given(self, name: str) -> Mask:
        """Tell in which rows a column holds a value."""
        found = self.columns.get(name)
        if found is None:
            return np.broadcast_to(np.False_, len(self))
        return found.given if isinstance(found, Coded) else np.asarray(~pd.isna(found), dtype=bool)

    def wholes(self, name: str, missing: int = 0) -> Ints:
        """Give a column of whole numbers, with a number in place of what is missing; not to be written to."""
        found = self.columns.get(name)
        if found is None:
            return np.broadcast_to(np.int64(missing), len(self))
        assert isinstance(found, pd.arrays.IntegerArray), f"{name} is a column of whole numbers"
        return np.asarray(found.to_numpy(dtype=np.int64, na_value=missing))

    def floats(self, name: str, missing: float = np.nan) -> Floats:
        """Give a column of plain numbers, with a number in place of what is missing; not to be written to."""
        found = self.columns.get(name)
        if found is None:
            return np.broadcast_to(np.float64(missing), len(self))
        values = np.asarray(found, dtype=float)
        return np.where(np.isnan(values), missing, values) if np.isnan(values).any() else values


def parse_table(table: Table, raw: RawTable, faults: Faults) -> TypedTable:
    """Read meaning into every value of a table."""
    _check_headers(table, raw, faults)
    present = dict(zip(raw.headers, raw.columns, strict=True))
    columns: dict[str, Values] = {}
    none = np.broadcast_to(np.False_, len(raw.rows))
    unread: dict[str, Mask] = dict.fromkeys(table.names, none)
    for column in table.columns:
        if column.name not in present:
            continue
        columns[column.name], bad = _typed(column, present[column.name])
        if bad.any():
            unread[column.name] = bad
            _explain(table.name, column, present[column.name], (raw.rows, bad), faults)
    return TypedTable(table, raw.rows.rename("row"), columns, unread, raw.digest)


def marked(typed: TypedTable, name: str, mask: Mask | pd.Series[bool]) -> Iterator[tuple[int, str]]:
    """Give the row and the text of every marked value of a column."""
    positions = np.flatnonzero(np.asarray(mask, dtype=bool))
    if len(positions):
        found = typed.series(name).iloc[positions]
        yield from ((int(row), written(value) or "") for row, value in zip(found.index, found, strict=True))


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


def _typed(column: Column, values: RawColumn) -> tuple[Values, Mask]:
    """Read one column; give its values and where a value could not be read."""
    kind = column.kind
    if isinstance(values, Coded):
        return _words(column, values) if kind in NUMBERS else _names(kind, values)
    if kind in (ColumnKind.NUMBER, ColumnKind.READING):
        return typed_floats(values)
    if kind is ColumnKind.WHOLE:
        numbers, missing, bad = typed_wholes(values)
        return pd.arrays.IntegerArray(numbers, missing), bad
    return _typed(column, from_objects(values.tolist()))


def _words(column: Column, values: Coded) -> tuple[Values, Mask]:
    """Read a column of numbers that stand there as text, each word once."""
    texts = [word.strip() or None for word in values.words.tolist()]
    if column.kind is ColumnKind.WHOLE:
        numbers, missing, bad = wholes(texts)
        missing = values.spread(missing, True)
        return pd.arrays.IntegerArray(values.spread(numbers, 0), missing), values.spread(bad, False)
    if column.kind is ColumnKind.EXACT:
        found, bad = exacts(texts)
        return values.spread(found, None), values.spread(bad, False)
    words = {word: str(number) for word, number in column.words.items()}
    read, bad = floats([text if text is None else words.get(text, text) for text in texts])
    return values.spread(read, np.nan), values.spread(bad, False)


def _names(kind: ColumnKind, values: Coded) -> tuple[Coded, Mask]:
    """Read a column of text, each word once."""
    words = values.words.tolist()
    good = np.broadcast_to(np.False_, len(values))
    if _are_plain(words):
        # Nothing to mend, as in most tables.
        return values, good
    texts = [word.strip() or None for word in words]
    if kind is ColumnKind.REMARK:
        return values.rewritten(texts), good
    texts = [text if text is None or text.isascii() else unicodedata.normalize("NFC", text) for text in texts]
    bad = [text is not None and not PLAIN.fullmatch(text) and _why_no_name(kind, text) is not None for text in texts]
    mended = [None if refused else text for text, refused in zip(texts, bad, strict=True)]
    return values.rewritten(mended), values.spread(bad, False) if any(bad) else good


def _are_plain(words: list[str]) -> bool:
    """Tell at one glance whether all words are names of printable ASCII without joiners or white space around them."""
    text = joined(words)
    if text is None or not (text.isascii() and text.isprintable()) or not all(words):
        return False
    ends = f"{SEPARATOR}{text}{SEPARATOR}"
    odd = ";" in text or f"{SEPARATOR} " in ends or f" {SEPARATOR}" in ends
    return not odd and max(map(len, words), default=0) <= MAX_NAME_LENGTH


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


def _explain(table: str, column: Column, values: RawColumn, places: tuple[pd.Index[int], Mask], faults: Faults) -> None:
    rows, bad = places
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
