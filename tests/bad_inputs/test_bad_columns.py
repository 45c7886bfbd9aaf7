"""Every column of every table, by its declaration: what its kind refuses is refused there, by table, row and column."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from tests.bad_inputs import test_bad_models, test_bad_tables, test_bad_values
from tests.bad_inputs.bad_case import Case, add, both, check_case, put
from tests.small import small_tables

from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.columns import Column, ColumnKind
from clusteropt.inputs.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.bad_inputs.bad_case import Tables

NUMBER = {"lots": "not a number", "1,5": "commas", "１": "full-width", "NaN": "finite", "1e400": "too large"}
# What a column of each kind refuses, and a piece of what must be said.
REFUSED: dict[ColumnKind, dict[str, str]] = {
    ColumnKind.NUMBER: {**NUMBER, "1e-400": ""},
    ColumnKind.WHOLE: {**NUMBER, "1.5": "whole number", "1e3": "exponent"},
    ColumnKind.EXACT: {**NUMBER, "0.1234567891": "9 decimals", "1e3": "exponent"},
    ColumnKind.READING: {**NUMBER, "sometimes": "", "1.1": "above 1", "-0.1": "below 0"},
    ColumnKind.NAME: {"a|b": "cannot hold |", "a;b": "cannot hold |", "x" * 201: "longer than 200",
                      "a\u200bb": "U+200B"},
    ColumnKind.TEXT: {"x" * 201: "longer than 200", "a\u200bb": "U+200B", "a\nb": "U+000A"},
    ColumnKind.WORD: {"sideways": "none of the words", "Ｌｏｇ": "none of the words"},
    ColumnKind.NAMES: {"a\u200bb": "U+200B", "a\x07b": "U+0007"},
}  # fmt: skip
# A number too small to be told from nothing is 0 where it reads as such.
ZERO = "1e-400"
LEVELS = both(
    add("levels", cluster="media", lever="finance", level="small", amount="100000", gain=""),
    add("levels", cluster="media", lever="finance", level="large", amount="200000", gain="3"),
)
LAST = add("last_plan", cluster="media", lever="talent", fund="nation", year="2024", amount="5")
PROGRAMMES = both(
    add("programmes", programme="fair", option="", clusters="media", gain="1"),
    add("programmes", programme="park", option="", clusters="genes", gain="2"),
    add("programme_costs", programme="park", option="", fund="nation", after="0", cost="5"),
    add("arriving", cluster="genes", lever="talent", year="2025", amount="7"),
)
FULL: Callable[[Tables], None] = both(LEVELS, LAST, PROGRAMMES)
"""Adds the tables that the small model lacks."""


@cache
def columns() -> list[tuple[str, Column]]:
    """List every column of every table with its table."""
    return [(table.name, column) for table in TABLES.values() for column in table.columns]


def cases() -> list[Case]:
    """Make a case of every value that a column refuses, and of every required column left empty."""
    found = []
    for table, column in columns():
        # The second row of eligibility has nothing but its fund, and without it would be no row.
        row = 3 if table == "eligibility" else 2
        for text, says in REFUSED.get(column.kind, {}).items():
            if text == ZERO:
                continue
            name = f"{table}-{column.name}-{text[:12].encode('unicode_escape').decode()}"
            found.append(Case(name, both(FULL, put(table, row, column.name, text)), table, row, column.name, says))
        if column.required:
            name = f"{table}-{column.name}-empty"
            found.append(
                Case(name, both(FULL, put(table, row, column.name, " ")), table, row, column.name, "is missing")
            )
    return found


CASES = cases()
TWINS = [
    Case(f"{table}-{column}-{twin}", put(table, row, column, twin), table, row, column, "case, width or spaces alone")
    for table, row, column, twin in (
        ("clusters", 3, "cluster", "DISPLAY"),
        ("clusters", 3, "cluster", "dis play"),
        ("clusters", 4, "cluster", "ｄrugs"),
        ("clusters", 3, "region", "West"),
        ("clusters", 3, "region", "w est"),
        ("clusters", 5, "industry", "Medicine"),
        ("clusters", 5, "industry", "ｍedicine"),
        ("levers", 3, "lever", "Talent"),
        ("funds", 3, "fund", "NATION"),
        ("funds", 3, "fund", "na tion"),
    )
]
ODD_BASES = [
    Case(f"of-{of}", put("rules", 3, "of", of), "rules", 3, "of", says)
    for of, says in (
        (";", "names nothing"),
        (" ; ;", "names nothing"),
        ("region", "no part of a selection"),
        ("region=", "no region ''"),
        ("=west", "no part of a selection"),
        ("region=west|", "no region ''"),
        ("Region=west", "no part of a selection"),
        ("region==west", "no region '=west'"),
        ("fund=nation; fund=province", "no part of a selection"),
        ("fund: bank", "no fund 'bank'"),
        ("fund:nation|bank", "no fund 'bank'"),
        ("awards", "no part of a selection"),
        ("year=2026", "no year '2026'"),
        ("lever=talent, region=west", "no lever"),
    )
]


@pytest.mark.parametrize("case", [*CASES, *TWINS, *ODD_BASES], ids=lambda case: case.name)
def test_a_bad_value_of_any_column_is_named(case: Case) -> None:
    """The fault names table, row and column, says what is wrong, and does so in both languages."""
    check_case(case)


def test_the_full_model_is_good() -> None:
    """What the cases start from is read without a fault."""
    tables = small_tables()
    FULL(tables)
    assert problem_from_tables(tables, ModelSettings()).num_clusters == 4


@pytest.mark.parametrize("table", list(TABLES))
def test_an_unknown_column_is_named(table: str) -> None:
    """A column that no declaration has is refused in every table."""
    check_case(Case("", both(FULL, put(table, 2, "colour", "red")), table, None, "colour", "no such column"))


@pytest.mark.parametrize(("table", "column"), [(t, c.name) for t, c in columns() if c.required])
def test_a_missing_column_is_named(table: str, column: str) -> None:
    """A required column that is not there is named in every table."""

    def drop(tables: Tables) -> None:
        tables[table] = tables[table].drop(columns=column)

    check_case(Case("", both(FULL, drop), table, None, column, "column is missing"))


@pytest.mark.parametrize(("table", "kind"), [*product(TABLES, ("list", "text", "none", "series"))])
def test_what_is_no_table_is_named(table: str, kind: str) -> None:
    """Whatever is given in place of a frame is refused by the name of the table."""
    things = {"list": [1], "text": "cluster", "none": None, "series": pd.Series([1])}
    check_case(Case("", lambda tables: tables.update({table: things[kind]}), table, None, None, "no DataFrame"))


def test_at_least_five_hundred_bad_inputs_are_tried() -> None:
    """The catalogue is long: by hand, by table, by key of the model file, and by column."""
    by_hand = len(test_bad_values.VALUES) + len(test_bad_models.CHANGES)
    by_table = sum(len(getattr(test_bad_tables, name)) for name in ("SHAPES", "KEYS", "FITS", "MONEY"))
    assert by_hand + by_table + len(CASES) + len(TWINS) + len(ODD_BASES) >= 500
    assert len(CASES) >= 300
