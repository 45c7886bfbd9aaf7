"""What a bad input is, and what must be said of it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from tests.small import small_tables

from clusteropt.errors import InputError
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.text import Language

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.errors import Fault

    Tables = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Case:
    """One change of the small model that must be refused, and where and how."""

    name: str
    change: Callable[[Tables], object]
    table: str
    row: int | None
    column: str | None
    says: str
    settings: ModelSettings = ModelSettings()  # noqa: RUF009 (frozen)


def put(table: str, row: int, column: str, value: object) -> Callable[[Tables], None]:
    """Write one value; the row counts the header as 1."""

    def change(tables: Tables) -> None:
        frame = tables[table].astype(object)
        if column not in frame:
            frame[column] = pd.Series("", index=frame.index, dtype=object)
        frame.iat[row - 2, frame.columns.get_loc(column)] = value
        tables[table] = frame

    return change


def add(table: str, **values: object) -> Callable[[Tables], None]:
    """Add one row, or a table of one row; what is not named stays empty."""

    def change(tables: Tables) -> None:
        frame = tables.get(table, pd.DataFrame(columns=list(values), dtype=object))
        record = {**dict.fromkeys(frame.columns, ""), **values}
        tables[table] = pd.DataFrame([*frame.to_dict("records"), record], dtype=object)

    return change


def both(*changes: Callable[[Tables], object]) -> Callable[[Tables], None]:
    """Make several changes, one after the other."""

    def change(tables: Tables) -> None:
        for one in changes:
            one(tables)

    return change


def faults_of(act: Callable[[], object]) -> tuple[Fault, ...]:
    """Run what must be refused; check that the refusal is complete in both languages and hides its makers."""
    with pytest.raises(InputError) as caught:
        act()
    error = caught.value
    shown = "".join(traceback.format_exception(error))
    assert "During handling" not in shown
    assert "direct cause" not in shown
    assert error.faults
    for fault in error.faults:
        for text in (fault.problem, fault.remedy):
            assert text.en.strip()
            assert text.zh.strip()
            assert text.zh != text.en
    assert error.read(Language.ZH) != error.read(Language.EN)
    return error.faults


def check_case(case: Case) -> None:
    """Run a case and look for its fault."""
    tables = small_tables()
    case.change(tables)
    found = faults_of(lambda: problem_from_tables(tables, case.settings))
    assert any(
        (fault.table, fault.row, fault.column) == (case.table, case.row, case.column)
        and case.says in f"{fault.problem.en} {fault.remedy.en}"
        for fault in found
    ), "\n".join(fault.read(Language.EN) for fault in found)
