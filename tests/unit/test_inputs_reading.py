"""Good input: the same problem from every source."""

from __future__ import annotations

import hashlib
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from benchmarks.portfolios import Shape, portfolio_tables

from clusteropt.inputs import ModelSettings, problem_from_tables, read_problem
from clusteropt.inputs.faults import Faults
from clusteropt.inputs.library import find_dataset, find_model
from tests.small import small_problem, small_tables, write_small_folder

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.problem import Problem

SETTINGS = ModelSettings(name="small")


def assert_same(one: object, other: object, skip: tuple[str, ...] = ("digests", "kept")) -> None:
    """Compare two problems, or parts of them, field by field."""
    assert type(one) is type(other)
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif is_dataclass(one):
        for field in fields(one):
            if field.name not in skip:
                assert_same(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, tuple):
        assert isinstance(other, tuple)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    else:
        assert one == other


def read_text(folder: Path, place: str) -> Problem:
    """Read a model whose tables are at a place."""
    path = folder / "model.toml"
    path.write_text(f'name = "small"\n[tables]\n{place}\n', encoding="utf-8")
    return read_problem(path)


def typed_tables() -> dict[str, pd.DataFrame]:
    """Give the small model with numbers as numbers and empty values as missing."""
    tables = {}
    for name, frame in small_tables().items():
        typed = frame.copy()
        for column in frame:
            values = frame[column].replace("", np.nan)
            numbers = pd.to_numeric(values, errors="coerce")
            typed[column] = numbers if numbers.notna().sum() == values.notna().sum() else values
        tables[name] = typed
    return tables


def test_csv_gives_the_same_problem_as_frames(tmp_path: Path) -> None:
    """A folder of CSV files."""
    write_small_folder(tmp_path / "tables")
    assert_same(read_text(tmp_path, 'folder = "tables"'), small_problem(SETTINGS))


def test_typed_frames_give_the_same_problem_as_text() -> None:
    """Numbers, missing values and text are read alike."""
    assert_same(problem_from_tables(typed_tables(), SETTINGS), small_problem(SETTINGS))


@pytest.mark.parametrize("typed", [False, True])
def test_parquet_gives_the_same_problem(typed: bool, tmp_path: Path) -> None:
    """A folder of Parquet files, of text or of numbers."""
    (tmp_path / "tables").mkdir()
    for name, frame in (typed_tables() if typed else small_tables()).items():
        frame.to_parquet(tmp_path / "tables" / f"{name}.parquet")
    assert_same(read_text(tmp_path, 'folder = "tables"'), small_problem(SETTINGS))


@pytest.mark.parametrize("typed", [False, True])
def test_a_workbook_gives_the_same_problem(typed: bool, tmp_path: Path) -> None:
    """A workbook with a sheet for each table, and one that is no table."""
    with pd.ExcelWriter(tmp_path / "book.xlsx", engine="xlsxwriter") as writer:
        for name, frame in (typed_tables() if typed else small_tables()).items():
            frame.to_excel(writer, sheet_name=name, index=False)
        pd.DataFrame({"remark": ["nothing"]}).to_excel(writer, sheet_name="说明", index=False)
    assert_same(read_text(tmp_path, 'workbook = "book.xlsx"'), small_problem(SETTINGS))


def test_csv_with_a_mark_windows_lines_and_spaces(tmp_path: Path) -> None:
    """A byte order mark, Windows line ends, blank lines, spaces and spare commas change nothing."""
    write_small_folder(tmp_path / "tables")
    for path in (tmp_path / "tables").iterdir():
        lines = path.read_text(encoding="utf-8").splitlines()
        wide = [",".join(f" {value} " for value in line.split(",")) + "," for line in lines]
        path.write_bytes(b"\xef\xbb\xbf" + "\r\n\r\n".join(wide).encode())
    assert_same(read_text(tmp_path, 'folder = "tables"'), small_problem(SETTINGS))


def test_paths_of_tables_are_relative_to_the_model(tmp_path: Path) -> None:
    """A folder beside the model's own folder, and an absolute one, are fine."""
    write_small_folder(tmp_path / "data")
    (tmp_path / "models").mkdir()
    for place in ("../data", str(tmp_path / "data")):
        assert read_text(tmp_path / "models", f'folder = "{place}"').num_clusters == 4


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    """A folder may hold files that are no tables."""
    write_small_folder(tmp_path / "tables")
    (tmp_path / "tables" / "evidence.csv").write_bytes(b"\xff")
    (tmp_path / "tables" / "README.md").write_text("x", encoding="utf-8")
    assert read_text(tmp_path, 'folder = "tables"').num_clusters == 4


def test_digests_are_those_of_the_files(tmp_path: Path) -> None:
    """Every input is named with the SHA-256 of its bytes."""
    write_small_folder(tmp_path / "tables")
    problem = read_text(tmp_path, 'folder = "tables"')
    files = {path.stem: path for path in (tmp_path / "tables").iterdir()} | {"model": tmp_path / "model.toml"}
    assert problem.digests == {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def test_digests_of_frames_follow_the_values() -> None:
    """The same frame has the same digest, a changed one another."""
    tables = small_tables()
    tables["funds"].loc[0, "amount"] = "8000001"
    one, same, other = small_problem().digests, small_problem().digests, problem_from_tables(tables).digests
    assert one == same
    assert [name for name in one if one[name] != other[name]] == ["funds"]


def test_reading_does_not_change_the_frames() -> None:
    """The caller keeps the frames as they were."""
    tables, untouched = small_tables(), small_tables()
    problem_from_tables(tables)
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(frame, untouched[name])


def test_every_array_is_read_only() -> None:
    """A problem is frozen."""
    with pytest.raises(ValueError, match="read-only"):
        small_problem().purse[0, 0] = 1


def test_the_shipped_model_is_read() -> None:
    """The national model is found by its name and has its 66 clusters."""
    problem = read_problem("national66")
    assert problem.name == "national66"
    assert problem.num_clusters == 66
    assert problem.notes


def test_a_shipped_model_is_found_by_name_and_by_path() -> None:
    """The path of a shipped model is the same model."""
    path = find_model("national66")
    assert path.is_file()
    assert find_model(path) == path
    assert find_model(str(path)) == path


def test_a_data_set_is_a_folder_with_clusters() -> None:
    """A folder of sources is no data set to plan from."""
    faults = Faults()
    folder = find_dataset("national66", faults)
    assert folder is not None
    assert (folder / "clusters.csv").is_file()
    assert find_dataset("report", faults) is None
    assert "national66" in faults.listed[0].remedy.en


def test_a_problem_stays_as_it_was_read_when_the_frames_change() -> None:
    """Numbers and texts written into the frames afterwards are neither in the arrays nor in what is kept."""
    tables = portfolio_tables(5, Shape.LOOSE, seed=1)
    tables["clusters"]["weight"] = 2.0
    problem, same = problem_from_tables(tables), problem_from_tables(tables)
    for frame in tables.values():
        for name in frame.columns:
            values = frame[name].to_numpy()
            if values.dtype.kind in "iufO":
                values.setflags(write=True)
                values[:] = 7 if values.dtype.kind != "O" else "changed"
    assert problem.kept is not None and same.kept is not None
    assert problem.weight.tolist() == [2.0] * 5
    assert "changed" not in problem.kept.files["levels.csv"].decode()
    assert problem.kept.files["clusters.csv"].decode().count(",2") >= 5
    assert problem.digests == same.digests
