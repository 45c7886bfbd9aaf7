"""What a table and a column are: the one declaration that checks, pages and templates are made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

# Ten trillion yuan to the unit of one fen: every whole amount up to here is exact in a float as well.
LARGEST_AMOUNT = 10**15
LARGEST_NUMBER = 1e15
# A smaller number than this is a slip, and its reciprocal would overflow what is made from it.
SMALLEST_NUMBER = 1e-30
MAX_DECIMALS = 9
MAX_NAME_LENGTH = 200


class ColumnKind(StrEnum):
    """How the values of a column are written."""

    NAME = "name"
    NAMES = "names"
    TEXT = "text"
    REMARK = "remark"
    WHOLE = "whole"
    NUMBER = "number"
    EXACT = "exact"
    WORD = "word"
    READING = "reading"


KIND_LABELS: Mapping[ColumnKind, Text] = MappingProxyType(
    {
        ColumnKind.NAME: Text("name", "名称"),
        ColumnKind.NAMES: Text("names", "多个名称"),
        ColumnKind.TEXT: Text("text", "文字"),
        ColumnKind.REMARK: Text("remark", "备注"),
        ColumnKind.WHOLE: Text("whole number", "整数"),
        ColumnKind.NUMBER: Text("number", "数"),
        ColumnKind.EXACT: Text("exact decimal", "精确小数"),
        ColumnKind.WORD: Text("word", "选项"),
        ColumnKind.READING: Text("number or word", "数或选项"),
    }
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a number may lie; None is no limit.

    Parameters
    ----------
    least, most : float or None
        The smallest and the largest value allowed.
    above : float or None
        A value that must be exceeded.
    """

    least: float | None = None
    most: float | None = None
    above: float | None = None

    def hold(self, low: float, high: float) -> bool:
        """Tell whether all numbers from a least to a greatest are inside."""
        least, most, above = self.least, self.most, self.above
        return (least is None or low >= least) and (most is None or high <= most) and (above is None or low > above)

    def read(self) -> str:
        """Write the bounds as an interval, empty if there are none."""
        low = f"> {self.above:g}" if self.above is not None else ""
        if self.least is not None:
            low = f">= {self.least:g}"
        high = f"<= {self.most:g}" if self.most is not None else ""
        return ", ".join(part for part in (low, high) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        The header.
    kind : ColumnKind
        How the values are written.
    about : Text
        What the column says.
    key : bool
        Whether the column is part of the key of a row.
    required : bool
        Whether the column must be there and filled in every row.
    default : Text or None
        What an empty value stands for; None: nothing.
    unit : Text or None
        The unit of a number.
    bounds : Bounds
        Where a number may lie.
    words : dict of str to float
        The words allowed; for a reading also the numbers they stand for.
    """

    name: str
    kind: ColumnKind
    about: Text
    key: bool = False
    required: bool = False
    default: Text | None = None
    unit: Text | None = None
    bounds: Bounds = Bounds()
    words: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRule:
    """A condition between the columns of one row.

    Parameters
    ----------
    name : str
        What the rule is called, unique in its table.
    column : str
        The column a fault points at.
    reads : tuple of str
        The columns it looks at.
    of_empty : bool
        Whether a row can break it whose column is empty.
    holds : callable
        Takes these columns of the typed table, gives True where a row is good; a row with an empty value is good.
    problem, remedy : Text
        What to say where it does not hold.
    """

    name: str
    column: str
    reads: tuple[str, ...]
    holds: Callable[[pd.DataFrame], pd.Series[bool]]
    problem: Text
    remedy: Text
    of_empty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of the input.

    Parameters
    ----------
    name : str
        The name of the file, sheet or frame.
    about : Text
        What a row is.
    columns : tuple of Column
        All columns, keys first.
    required : bool
        Whether a model needs the table.
    rules : tuple of RowRule
        Conditions between the columns of a row.
    """

    name: str
    about: Text
    columns: tuple[Column, ...]
    required: bool = False
    rules: tuple[RowRule, ...] = ()

    @property
    def keys(self) -> list[str]:
        """The names of the key columns."""
        return [column.name for column in self.columns if column.key]

    @property
    def names(self) -> list[str]:
        """The names of all columns."""
        return [column.name for column in self.columns]
