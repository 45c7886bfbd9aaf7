"""Short ways to declare the columns that many tables share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusteropt.domain import Path
from clusteropt.inputs.columns import LARGEST_AMOUNT, Bounds, Column, ColumnKind, RowRule
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

MONEY = Text("whole units of money", "整数货币单位")
ANY = Text("any", "不限")
ITSELF = Text("the key", "与键相同")
SHARE = Bounds(least=0, most=1)
POSITIVE = Bounds(above=0)
NOT_NEGATIVE = Bounds(least=0)
AMOUNT = Bounds(least=0, most=LARGEST_AMOUNT)
NOTHING = Text("0", "0")
MOST_YEARS_AHEAD = 100


def word_list(words: Iterable[str]) -> dict[str, float]:
    """Give words in their order, numbered as they stand."""
    return {str(word): float(number) for number, word in enumerate(words)}


def name_column(name: str, about: Text, *, key: bool = True, required: bool = True, default: Text = ANY) -> Column:
    """Declare a column that holds one name; empty is any, or another default, where that is allowed."""
    empty = None if required else default
    return Column(name=name, kind=ColumnKind.NAME, about=about, key=key, required=required, default=empty)


def printed_columns(what: Text) -> tuple[Column, Column]:
    """Declare the two columns that hold what a planner reads instead of a key."""
    return (
        Column(
            name="name",
            kind=ColumnKind.TEXT,
            about=Text(f"{what.en} as printed in English", f"{what.zh}的英文名称"),
            default=ITSELF,
        ),
        Column(
            name="name_zh",
            kind=ColumnKind.TEXT,
            about=Text(f"{what.en} as printed in Chinese", f"{what.zh}的中文名称"),
            default=Text("name", "与 name 相同"),
        ),
    )


def chinese_column(column: str, what: Text) -> Column:
    """Declare the column that holds the Chinese form of another."""
    return Column(
        name=f"{column}_zh",
        kind=ColumnKind.TEXT,
        about=Text(f"{what.en} as printed in Chinese", f"{what.zh}的中文名称"),
        default=Text(column, f"与 {column} 相同"),
    )


def amount_column(name: str, about: Text, default: Text | None = None) -> Column:
    """Declare an amount of money; one without a default is required."""
    return Column(
        name=name,
        kind=ColumnKind.WHOLE,
        about=about,
        required=default is None,
        default=default,
        unit=MONEY,
        bounds=AMOUNT,
    )


def number_column(name: str, about: Text, bounds: Bounds, default: Text | None, unit: Text | None = None) -> Column:
    """Declare a plain number; one without a default is required."""
    return Column(
        name=name,
        kind=ColumnKind.NUMBER,
        about=about,
        required=default is None,
        default=default,
        unit=unit,
        bounds=bounds,
    )


def year_column(about: Text, *, required: bool) -> Column:
    """Declare the year of a row."""
    return Column(
        name="year",
        kind=ColumnKind.WHOLE,
        about=about,
        key=True,
        required=required,
        default=None if required else Text("none", "无"),
        bounds=Bounds(least=1900, most=2200),
    )


PATH = Text("Innovation path", "创新路径")


def path_column(
    name: str = "path", about: Text = PATH, default: Text = ANY, *, key: bool = False, required: bool = False
) -> Column:
    """Declare the innovation path of a row, or another path it speaks of."""
    return Column(
        name=name,
        kind=ColumnKind.WORD,
        about=about,
        key=key,
        required=required,
        default=None if required else default,
        words=word_list(Path),
    )


def ordered(low: str, high: str) -> RowRule:
    """Declare that one number of a row is not above another."""

    def holds(table: pd.DataFrame) -> pd.Series[bool]:
        """Tell of every row whether its two numbers are in order; a row that lacks one is."""
        # Exact decimals stand in columns of objects, which cannot be compared where one is missing.
        both = table[low].notna() & table[high].notna()
        holds = ~both
        holds[both] = (table.loc[both, low] <= table.loc[both, high]).astype(bool)
        return holds

    return RowRule(
        name=f"{low}_{high}",
        column=low,
        reads=(low, high),
        holds=holds,
        problem=Text(f"{low} is above {high}.", f"{low} 大于 {high}。"),
        remedy=Text(f"Lower {low} or raise {high}.", f"请降低 {low} 或提高 {high}。"),
    )


def goes_with(column: str, other: str) -> RowRule:
    """Declare that a column means nothing without another."""

    def holds(table: pd.DataFrame) -> pd.Series[bool]:
        """Tell of every row whether it has both columns, or not the first."""
        return table[column].isna() | table[other].notna()

    return RowRule(
        name=f"{column}_{other}",
        column=column,
        reads=(column, other),
        holds=holds,
        problem=Text(f"{column} is given without {other}.", f"给出了 {column} 而没有 {other}。"),
        remedy=Text(f"Fill in {other}, or empty {column}.", f"请填写 {other}, 或清空 {column}。"),
    )
