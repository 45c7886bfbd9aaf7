"""Checking typed tables against their declaration: ranges, words, what must be filled, keys, row rules."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from clusteropt.inputs.coded import Coded
from clusteropt.inputs.columns import Column, ColumnKind, Table
from clusteropt.inputs.faults import Faults, Place, suggest
from clusteropt.inputs.parsing import marked
from clusteropt.inputs.raw_tables import written
from clusteropt.inputs.tables import TABLES
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandera.pandas as pa
    from numpy.typing import NDArray

    from clusteropt.inputs.parsing import TypedTable, Values
    from clusteropt.inputs.problem import Ints

ROWS_AT_ONCE = 1_000_000
LARGEST_CODE = 2**62
NOT_NULLABLE = "not_nullable"
NUMBERS = (ColumnKind.WHOLE, ColumnKind.NUMBER, ColumnKind.READING)


class _Failure(NamedTuple):
    """One value that breaks a check of its column."""

    column: str
    check: str
    value: object
    row: int


@cache
def table_schema(name: str) -> pa.DataFrameSchema:
    """Give the pandera schema of a table of a model."""
    return make_schema(TABLES[name])


def make_schema(table: Table) -> pa.DataFrameSchema:
    """Make the pandera schema of a table from its declaration."""
    import pandera.pandas as pa  # noqa: PLC0415 (half a second to import, needed only here)

    def checks(column: Column) -> Iterator[pa.Check]:
        """Give the checks of a column, each named by what it is a limit of."""
        bounds = column.bounds
        if bounds.least is not None:
            yield pa.Check.ge(bounds.least, error="least")
        if bounds.above is not None:
            yield pa.Check.gt(bounds.above, error="above")
        if bounds.most is not None:
            yield pa.Check.le(bounds.most, error="most")
        if column.kind is ColumnKind.WORD:
            yield pa.Check.isin(list(column.words), error="words")

    return pa.DataFrameSchema(
        {
            column.name: pa.Column(
                nullable=not column.required, checks=list(checks(column)), description=column.about.en
            )
            for column in table.columns
        },
        name=table.name,
    )


def check_table(typed: TypedTable, faults: Faults) -> None:
    """Note every value and row of a typed table that breaks the declaration."""
    # Of a table where nothing is wrong it shows in an instant; what is wrong with any other takes the schema to say.
    failures = [] if all(_is_sound(typed, column) for column in typed.table.columns) else _failures(typed)
    for failure in faults.that_fit(failures):
        column = next(column for column in typed.table.columns if column.name == failure.column)
        problem, remedy = _words(column, failure)
        value = None if failure.check == NOT_NULLABLE else written(failure.value)
        faults.add(Place(typed.table.name, failure.row, column.name, value), problem, remedy)
    _check_keys(typed, faults)
    for rule in typed.table.rules:
        if not rule.of_empty and not typed.given(rule.column).any():
            continue
        holds = rule.holds(typed.part(rule.reads)).to_numpy(dtype=bool)
        if holds.all():
            continue
        broken = ~holds & ~typed.unread[rule.column]
        for row, value in faults.that_fit(marked(typed, rule.column, broken)):
            faults.add(Place(typed.table.name, row, rule.column, value or None), rule.problem, rule.remedy)


def _is_sound(typed: TypedTable, column: Column) -> bool:
    """Tell whether a column surely obeys its declaration: filled where it must be, every number and word allowed."""
    if column.required and not typed.given(column.name).all():
        return False
    found = typed.columns.get(column.name)
    if found is None:
        return True
    if isinstance(found, Coded):
        return column.kind is not ColumnKind.WORD or column.words.keys() >= set(found.words.tolist())
    given, values = typed.given(column.name), typed.wholes(column.name) if column.kind is ColumnKind.WHOLE else found
    values = np.asarray(values if given.all() else values[given])
    return not len(values) or column.bounds.hold(values.min(), values.max())


def _failures(typed: TypedTable) -> list[_Failure]:
    """Run the schema; leave out what is a fault already."""
    import pandera.config  # noqa: PLC0415 (see table_schema)
    import pandera.errors  # noqa: PLC0415

    known_table = TABLES.get(typed.table.name) is typed.table
    schema = table_schema(typed.table.name) if known_table else make_schema(typed.table)
    # The environment can switch pandera off, and then nothing would be checked.
    depth = pandera.config.ValidationDepth.SCHEMA_AND_DATA
    found = []
    # In parts, as every check of a column is as large as its rows.
    frame = typed.frame
    for start in range(0, max(len(frame), 1), ROWS_AT_ONCE):
        try:
            with pandera.config.config_context(validation_enabled=True, validation_depth=depth):
                schema.validate(frame.iloc[start : start + ROWS_AT_ONCE], lazy=True)
        except pandera.errors.SchemaErrors as errors:
            cases = errors.failure_cases
            entries = zip(cases["column"], cases["check"], cases["failure_case"], cases["index"], strict=True)
            found += [_Failure(*case) for case in entries]
    if not found:
        return []
    known = {name: set(typed.rows[bad]) for name, bad in typed.unread.items()}
    kept = [
        failure for failure in found if failure.column not in typed.absent and failure.row not in known[failure.column]
    ]
    return sorted(kept, key=lambda failure: failure.row)


def _words(column: Column, failure: _Failure) -> tuple[Text, Text]:
    unit = Text("", "") if column.unit is None else Text(f" ({column.unit.en})", f" ({column.unit.zh})")
    bounds = column.bounds
    match failure.check:
        case "not_nullable":
            about = column.about
            return (
                Text("the value is missing.", "缺少值。"),
                Text(f"Fill it in: {about.en}{unit.en}.", f"请填写: {about.zh}{unit.zh}。"),
            )
        case "words":
            return Text("this is none of the words allowed.", "不是允许的选项。"), suggest(
                str(failure.value), column.words
            )
        case "least" | "above":
            limit = bounds.least if failure.check == "least" else bounds.above
            comparison = Text("below", "小于") if failure.check == "least" else Text("not above", "不大于")
        case _:
            limit, comparison = bounds.most, Text("above", "大于")
    return (
        Text(f"the number is {comparison.en} {limit:g}.", f"该数{comparison.zh} {limit:g}。"),
        Text(f"Give a number {bounds.read()}{unit.en}.", f"请填写满足 {bounds.read()} 的数{unit.zh}。"),
    )


def _check_keys(typed: TypedTable, faults: Faults) -> None:
    """Note rows whose key stands in an earlier row."""
    keys = typed.table.keys
    if not keys or typed.absent & {key for key in keys if _required(typed.table, key)}:
        return
    whole = np.ones(len(typed), dtype=bool)
    for key in keys:
        if typed.unread[key].any():
            whole &= ~typed.unread[key]
        if _required(typed.table, key):
            whole &= typed.given(key)
    if whole.all() and _are_apart(typed, keys):
        return
    found = typed.part(keys).loc[whole]
    repeated = found.duplicated().to_numpy()
    if not repeated.any():
        return
    group = pd.Series(found.groupby(keys, dropna=False, sort=False).ngroup(), index=found.index)
    first = pd.Series(group.index, index=group).groupby(level=0).first()
    for row in faults.that_fit(found.index[repeated]):
        value = ", ".join(written(part) or "" for part in found.loc[row])
        before = int(first[group[row]])
        problem = Text(f"the key stands already in row {before}.", f"该键已在第 {before} 行出现。")
        remedy = Text("Keep one of the rows.", "请只保留一行。")
        faults.add(Place(typed.table.name, int(row), ", ".join(keys), value), problem, remedy)


def _are_apart(typed: TypedTable, keys: list[str]) -> bool:
    """Tell whether all keys surely differ, by one number a key: these are compared faster than rows."""
    parts, size = [], 1
    for name in keys:
        column = typed.columns.get(name)
        if column is None:
            continue
        places, num_words = _numbered(column)
        parts.append((places, num_words + 1))
        size *= num_words + 1
    if size >= LARGEST_CODE:
        return False
    code: Ints = np.zeros(len(typed), np.int64 if size > np.iinfo(np.int32).max else np.int32)
    for places, num_words in parts:
        code *= num_words
        code += places
        code += 1
    if (code[1:] > code[:-1]).all():
        return True
    code.sort()
    return bool((code[1:] > code[:-1]).all())


def _numbered(column: Values) -> tuple[NDArray[Any], int]:
    """Give one number for each value of a column, -1 for none, and how many there are."""
    if isinstance(column, Coded):
        return column.codes, len(column.words)
    places, values = pd.factorize(pd.Series(column))
    return places, len(values)


def _required(table: Table, name: str) -> bool:
    return any(column.name == name and column.required for column in table.columns)
