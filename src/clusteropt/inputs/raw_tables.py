"""A table as it was found: headers, row numbers and values, before any meaning is read into them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clusteropt.inputs.coded import Coded, as_objects, code_texts
from clusteropt.inputs.faults import Faults, Place
from clusteropt.text import Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    RawColumn = Coded | NDArray[Any]

# Written out, a number with more digits than this is of no use to a reader.
MAX_DIGITS = 40
LEAST_PLAIN, MOST_PLAIN = 1e-3, 1e15
"""Between these a float is written without an exponent."""


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """One table as it was found.

    Parameters
    ----------
    name : str
        The name of the table.
    headers : tuple of str
        The headers, trimmed.
    columns : tuple of Coded or array of shape (num_rows,)
        The values: text, or numbers where the source holds typed numbers.
    rows : Index
        The number of each row in the source.
    digest : str
        SHA-256 of the source.
    data : bytes or None
        The source, where it is a CSV file of this table alone.
    """

    name: str
    headers: tuple[str, ...]
    columns: tuple[RawColumn, ...]
    rows: pd.Index[int]
    digest: str
    data: bytes | None = None


def written(value: object) -> str | None:
    """Write a value of a sheet or a frame as a planner would type it; None if it is missing."""
    if isinstance(value, str):
        return str(value)
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float | np.floating):
        text = repr(float(value))
        # The text of most numbers is that of their decimals; whole ones lose their point.
        if text.replace(".", "").isdecimal():
            return text.removesuffix(".0")
        return _written_number(Decimal(text))
    if isinstance(value, Decimal):
        return _written_number(value)
    return value.isoformat() if isinstance(value, datetime.date) else str(value)


def written_column(column: RawColumn) -> list[str]:
    """Write a column as `written` writes its values, what is missing as empty; most values take a short way."""
    if isinstance(column, Coded):
        texts: list[str] = column.spread(column.words.tolist(), "").tolist()
        return texts
    values = column.tolist()
    if column.dtype.kind in "iu":
        return [str(value) for value in values]
    # The shortest text of a float is that of its decimals, but for whole numbers, exponents, nan and inf.
    texts = list(map(repr, values))
    with np.errstate(invalid="ignore"):
        plain = (column != np.floor(column)) & (abs(column) >= LEAST_PLAIN) & (abs(column) < MOST_PLAIN)
    for position in np.flatnonzero(~plain).tolist():
        texts[position] = written(values[position]) or ""
    return texts


def _written_number(number: Decimal) -> str | None:
    if number.is_nan():
        return None
    if not number.is_finite() or abs(number.adjusted()) > MAX_DIGITS:
        return str(number)
    whole = number.to_integral_value()
    return f"{whole:f}" if number == whole else f"{number:f}"


def from_objects(values: list[object]) -> Coded:
    """Write values of any type as text."""
    return code_texts(as_objects(map(written, values)))


def make_raw(found: RawTable, faults: Faults, numbers: tuple[int, ...] | None = None) -> RawTable | None:
    """Trim the headers and drop empty rows and empty nameless columns; None where a header is in doubt.

    Columns are numbered from 1 in faults, or by ``numbers`` where the source left some out.
    """
    filled = [_filled(column) for column in found.columns]
    headers: list[str] = []
    kept = []
    doubtful = False
    for position, header in enumerate(header.strip() for header in found.headers):
        place = Place(found.name, 1, header or None)
        if not header and not filled[position].any():
            continue
        if not header:
            number = position + 1 if numbers is None else numbers[position]
            problem = Text(f"column {number} holds values but has no header.", f"第 {number} 列有值但没有表头。")
            faults.add(place, problem, Text("Name the column or clear it.", "请填写表头或清空该列。"))
            doubtful = True
        elif header in headers:
            problem = Text("the column stands there twice.", "该列出现了两次。")
            faults.add(place, problem, Text("Keep one of the two.", "请只保留一列。"))
            doubtful = True
        headers.append(header)
        kept.append(position)
    if doubtful:
        return None
    columns = tuple(found.columns[position] for position in kept)
    # Where a column is filled in every row, there is no empty row, and the others need not be looked at.
    if any(filled[position].all() for position in kept):
        return replace(found, headers=tuple(headers), columns=columns)
    some = np.zeros(len(found.rows), dtype=bool)
    for position in kept:
        some |= filled[position]
    taken = tuple(column.take(some) if isinstance(column, Coded) else column[some] for column in columns)
    return replace(found, headers=tuple(headers), columns=taken, rows=found.rows[some])


def _filled(column: RawColumn) -> NDArray[np.bool_]:
    if not isinstance(column, Coded):
        return np.asarray(~pd.isna(column), dtype=bool)
    words = column.words.tolist()
    if all(map(str.strip, words)):
        return column.given
    return column.spread([not word.isspace() and word != "" for word in words], False)
