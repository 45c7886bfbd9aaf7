"""The declaration of the tables, and what is made from it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import openpyxl
import pandas as pd
import pytest
from pandera.config import config_context

from clusteropt.errors import InputError
from clusteropt.inputs import problem_from_tables, read_problem, table_docs, write_template
from clusteropt.inputs.columns import ColumnKind
from clusteropt.inputs.raw_tables import from_objects, written, written_column
from clusteropt.inputs.schemas import table_schema
from clusteropt.inputs.tables import PLANNED_COLUMNS, PLANNED_TABLES, TABLES
from clusteropt.text import Language
from tests.small import small_tables

if TYPE_CHECKING:
    from pathlib import Path


def test_every_column_is_described_in_both_languages() -> None:
    """No description is empty or left untranslated."""
    for table in TABLES.values():
        assert table.about.en != table.about.zh
        for column in table.columns:
            assert column.about.en.strip()
            assert column.about.zh.strip()
            assert column.about.en != column.about.zh


def test_every_table_takes_remarks_and_has_its_names_once() -> None:
    """source, status and note are accepted everywhere."""
    for table in TABLES.values():
        assert len(set(table.names)) == len(table.names)
        assert {"source", "status", "note"} <= set(table.names)


def test_planned_names_are_not_declared() -> None:
    """What is planned for later is not accepted by accident."""
    assert not set(PLANNED_TABLES) & set(TABLES)
    for table, columns in PLANNED_COLUMNS.items():
        assert not set(columns) & set(TABLES[table].names)


def test_the_schema_has_every_column_and_what_must_be_filled() -> None:
    """The pandera schema follows the declaration."""
    for table in TABLES.values():
        schema = table_schema(table.name)
        assert list(schema.columns) == table.names
        for column in table.columns:
            assert schema.columns[column.name].nullable is not column.required


@pytest.mark.parametrize("language", Language)
def test_the_page_names_every_column(language: Language) -> None:
    """Every table is a section, every column a row, every row as wide as its header."""
    page = table_docs(language)
    for table in TABLES.values():
        section = page.split(f"## `{table.name}`")[1].split("\n## ")[0]
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert [row.split("`")[1] for row in rows] == table.names
        assert {row.replace("\\|", "").count("|") for row in rows} == {7}
    assert (TABLES["funds"].about.zh in page) is (language is Language.ZH)


def test_the_template_has_a_sheet_for_each_table(tmp_path: Path) -> None:
    """Headers are those declared, and each has its meaning as a comment."""
    write_template(tmp_path / "template.xlsx")
    book = openpyxl.load_workbook(tmp_path / "template.xlsx")
    for table in TABLES.values():
        header = next(book[table.name].iter_rows(max_row=1))
        assert [cell.value for cell in header] == table.names
        for cell, column in zip(header, table.columns, strict=True):
            assert column.about.zh in cell.comment.text


def test_a_filled_template_is_read(tmp_path: Path) -> None:
    """The template, filled with the small model, is a model; its other sheet is passed over."""
    write_template(tmp_path / "book.xlsx")
    book = openpyxl.load_workbook(tmp_path / "book.xlsx")
    for name, frame in small_tables().items():
        place = {cell.value: cell.column for cell in next(book[name].iter_rows(max_row=1))}
        for row, record in enumerate(frame.to_dict("records"), start=2):
            for column, value in record.items():
                book[name].cell(row, place[column], value or None)
    for name in set(TABLES) - set(small_tables()):
        del book[name]
    book.save(tmp_path / "book.xlsx")
    (tmp_path / "model.toml").write_text('[tables]\nworkbook = "book.xlsx"\n', encoding="utf-8")
    assert read_problem(tmp_path / "model.toml").num_clusters == 4


def test_an_empty_optional_sheet_is_no_table_to_obey(tmp_path: Path) -> None:
    """Optional tables with only a header count as empty, so a template may keep its spare sheets."""
    write_template(tmp_path / "book.xlsx")
    with pytest.raises(InputError) as caught:
        (tmp_path / "model.toml").write_text('[tables]\nworkbook = "book.xlsx"\n', encoding="utf-8")
        read_problem(tmp_path / "model.toml")
    assert {fault.table for fault in caught.value.faults} == {"clusters", "levers", "effectiveness", "funds"}


def test_a_template_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    """A missing folder is a fault in words."""
    with pytest.raises(InputError, match="cannot be written"):
        write_template(tmp_path / "nowhere" / "template.xlsx")


def test_words_of_readings_are_numbers() -> None:
    """Every word of a reading stands for a number in 0..1."""
    readings = [column for column in TABLES["clusters"].columns if column.kind is ColumnKind.READING]
    assert len(readings) == 3
    values = pd.Series([number for column in readings for number in column.words.values()])
    assert values.between(0, 1).all()


def test_checks_cannot_be_switched_off_from_outside() -> None:
    """Tables are checked even where the environment turns pandera off."""
    tables = small_tables()
    tables["clusters"].loc[0, "weight"] = "-1"
    with config_context(validation_enabled=False), pytest.raises(InputError, match="below 0"):
        problem_from_tables(tables)


def test_columns_are_written_as_their_values_are() -> None:
    """Whole numbers without a point, tiny and large ones without an exponent, and what is missing as nothing."""
    columns = [
        np.array([0, -3, 10**18]),
        np.array([0.0, -0.0, 1.0, 0.1, -2.5, 1e-7, 1e16, 1.5e300, np.nan, np.inf, 123456789.125]),
    ]
    for column in columns:
        assert written_column(column) == [written(value) or "" for value in column.tolist()]
    mixed = ["a", None, 1.0, 2, np.nan, Decimal("1.50")]
    assert written_column(from_objects(mixed)) == ["a", "", "1", "2", "", "1.50"]
