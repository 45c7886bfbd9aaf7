"""Whatever stands in the files, reading gives a problem or an InputError, and the order of rows means nothing."""

from __future__ import annotations

import datetime
import io
from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusteropt.errors import InputError
from clusteropt.inputs import problem_from_tables, read_problem
from clusteropt.inputs.csv_files import csv_table
from clusteropt.inputs.faults import Faults
from clusteropt.inputs.frames import parquet_table
from clusteropt.inputs.model_files import parse_settings
from clusteropt.inputs.numbers import exacts, floats, wholes
from clusteropt.inputs.problem import Problem
from clusteropt.inputs.tables import TABLES
from clusteropt.inputs.workbooks import workbook_tables
from clusteropt.text import Language
from tests.small import small_tables, write_small_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DTYPES = ["int64", "uint64", "float64", "float32", "bool", "Int64", "string", "category", "complex128"]
RULE_COLUMNS = ["rule", "kind", "region", "lever", "fund", "year", "min", "of"]
FILES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
VALUES = settings(deadline=None, max_examples=100)
FEWER = settings(deadline=None, max_examples=40)
"""Where the long form has them all."""


def must_be_told(act: Callable[[], Problem]) -> None:
    """Run an act that gives a problem, or an error that reads in both languages."""
    try:
        assert isinstance(act(), Problem)
    except InputError as error:
        assert error.faults
        assert error.read(Language.EN)
        assert error.read(Language.ZH)


def book_bytes() -> bytes:
    """Write the small model into a workbook."""
    target = io.BytesIO()
    with pd.ExcelWriter(target, engine="xlsxwriter") as writer:
        for name, frame in small_tables().items():
            frame.to_excel(writer, sheet_name=name, index=False)
    return target.getvalue()


BOOK = book_bytes()
PARQUET = small_tables()["clusters"].to_parquet()
CSV = {name: frame.to_csv(index=False).encode() for name, frame in small_tables().items()}
MODEL = b'name = "m"\nyears = [2025]\n[tables]\nfolder = "tables"\n[solve]\nseed = 3\n'


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Change, cut or add a few bytes."""
    broken = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(broken) - 1, 0)))
        length = draw(st.integers(0, 6))
        broken[place : place + length] = draw(st.binary(max_size=6))
    return bytes(broken)


@given(data=st.binary(max_size=300) | damaged(CSV["clusters"]))
@VALUES
def test_any_bytes_as_csv(data: bytes) -> None:
    """A CSV file of any bytes gives a table or a fault."""
    faults = Faults()
    assert csv_table("clusters", data, faults) is not None or faults


@given(data=st.binary(max_size=300) | damaged(PARQUET))
@VALUES
def test_any_bytes_as_parquet(data: bytes) -> None:
    """A Parquet file of any bytes gives a table or a fault."""
    faults = Faults()
    assert parquet_table("clusters", data, faults) is not None or faults


@given(data=st.binary(max_size=300) | damaged(BOOK))
@VALUES
def test_any_bytes_as_workbook(data: bytes) -> None:
    """A workbook of any bytes gives tables or a fault."""
    faults = Faults()
    assert workbook_tables("book.xlsx", data, TABLES.__contains__, faults) is not None or faults


@given(data=st.binary(max_size=300) | damaged(MODEL) | st.text(max_size=200).map(str.encode))
@VALUES
def test_any_bytes_as_model_file(data: bytes) -> None:
    """A model file of any bytes gives settings or a fault."""
    faults = Faults()
    assert parse_settings("model.toml", data, faults) is not None or faults


@given(data=st.data())
@FILES
def test_a_damaged_folder_is_told(data: st.DataObject, tmp_path: Path) -> None:
    """Damage to any table of a folder ends in a problem or a refusal."""
    folder = tmp_path / "tables"
    if not folder.exists():
        write_small_folder(folder)
        (tmp_path / "model.toml").write_bytes(MODEL)
    name = data.draw(st.sampled_from(sorted(CSV)))
    (folder / f"{name}.csv").write_bytes(data.draw(damaged(CSV[name])))
    must_be_told(lambda: read_problem(tmp_path / "model.toml"))
    (folder / f"{name}.csv").write_bytes(CSV[name])


ANYTHING = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=12)
    | st.dates()
    | st.datetimes()
    | st.binary(max_size=4)
    | st.lists(st.integers(), max_size=2)
    | st.sampled_from([pd.NA, pd.NaT, np.float32(1.5), np.int8(3), Decimal("sNaN"), datetime.timedelta(1)])
)


@given(data=st.data())
@VALUES
def test_any_value_in_a_frame_is_told(data: st.DataObject) -> None:
    """Any object in any cells of any frames ends in a problem or a refusal."""
    tables = small_tables()
    for _ in range(data.draw(st.integers(1, 3))):
        frame = tables[data.draw(st.sampled_from(sorted(tables)))]
        row, column = data.draw(st.integers(0, len(frame) - 1)), data.draw(st.integers(0, frame.shape[1] - 1))
        values = frame.iloc[:, column].tolist()
        values[row] = data.draw(ANYTHING)
        frame.isetitem(column, pd.Series(values, dtype=object))
    must_be_told(lambda: problem_from_tables(tables))


def check_type(kind: str, name: str, column: str) -> None:
    """Check that a column of a type ends in a problem or a refusal."""
    tables = small_tables()
    tables[name][column] = pd.Series(range(len(tables[name]))).astype(kind)
    must_be_told(lambda: problem_from_tables(tables))


@given(kind=st.sampled_from(DTYPES), name=st.sampled_from(sorted(small_tables())), data=st.data())
@FEWER
def test_any_type_of_column_is_told(kind: str, name: str, data: st.DataObject) -> None:
    """A column of any type ends in a problem or a refusal."""
    check_type(kind, name, data.draw(st.sampled_from(list(small_tables()[name].columns))))


@pytest.mark.long
@pytest.mark.parametrize("kind", DTYPES)
@pytest.mark.parametrize("name", sorted(small_tables()))
def test_every_type_of_every_column_is_told(name: str, kind: str) -> None:
    """The same for every column."""
    for column in small_tables()[name].columns:
        check_type(kind, name, column)


@given(text=st.text(max_size=30), column=st.sampled_from(RULE_COLUMNS))
@VALUES
def test_any_rule_is_told(text: str, column: str) -> None:
    """Any text in a rule ends in a problem or a refusal."""
    tables = small_tables()
    tables["rules"].loc[1, column] = text
    must_be_told(lambda: problem_from_tables(tables))


@given(text=st.text(alphabet="0123456789+-.eE_, \uff11\u0663\u5341%naif", max_size=20))
@VALUES
def test_numbers_agree_with_exact_arithmetic(text: str) -> None:
    """What is read as a number is the number that exact decimal arithmetic reads."""
    value = text.strip() or None
    (number,), (bad,) = floats([value])
    if not bad and value is not None:
        assert number == float(Decimal(value))
    whole, missing, bad = wholes([value])
    if not missing[0]:
        assert int(whole[0]) == Decimal(value or "")
        assert not bad[0]
    exact, bad = exacts([value])
    if exact[0] is not None:
        assert exact[0] == Decimal(value or "")
        assert not bad[0]


@pytest.fixture(scope="module")
def base() -> Problem:
    """Give the small model as it stands."""
    return problem_from_tables(small_tables())


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_order_of_clusters_means_nothing(order: tuple[int, ...], base: Problem) -> None:
    """Every cluster keeps its values wherever its row stands."""
    tables = small_tables()
    tables["clusters"] = tables["clusters"].iloc[list(order)].reset_index(drop=True)
    moved = problem_from_tables(tables)
    where = [moved.labels.clusters.index(name) for name in base.labels.clusters]
    for name in ("membership", "weight", "size", "features", "effect", "scale", "stock", "least", "most", "path_of"):
        np.testing.assert_array_equal(getattr(moved, name)[where], getattr(base, name))
    assert _draws(moved) == _draws(base)
    assert [moved.labels.regions[moved.region_of[place]] for place in where] == [
        base.labels.regions[region] for region in base.region_of
    ]


def _draws(problem: Problem) -> set[tuple[str, int, int]]:
    clusters = (problem.labels.clusters[position] for position in problem.draw_cluster)
    return set(zip(clusters, problem.draw_lever.tolist(), problem.draw_fund.tolist(), strict=True))


@pytest.mark.parametrize("name", sorted(small_tables()))
def test_the_order_of_rows_means_nothing(name: str, base: Problem) -> None:
    """Turning any table upside down keeps the purses and coefficients by name."""
    tables = small_tables()
    tables[name] = tables[name].iloc[::-1].reset_index(drop=True)
    moved = problem_from_tables(tables)
    for label in base.labels.clusters:
        for lever in base.labels.levers:
            here = base.labels.clusters.index(label), base.labels.levers.index(lever)
            there = moved.labels.clusters.index(label), moved.labels.levers.index(lever)
            assert moved.effect[there] == base.effect[here]
            assert moved.most[there] == base.most[here]
    for fund in base.labels.funds:
        assert moved.purse[moved.labels.funds.index(fund)] == base.purse[base.labels.funds.index(fund)]
