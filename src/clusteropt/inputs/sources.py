"""Where tables are read from: a folder, a workbook, or frames by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusteropt.inputs.csv_files import csv_table
from clusteropt.inputs.faults import Faults, Place, nearest, suggest
from clusteropt.inputs.files import read_bytes
from clusteropt.inputs.frames import frame_table, parquet_table
from clusteropt.inputs.tables import PLANNED_TABLES, TABLES
from clusteropt.inputs.workbooks import workbook_tables
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from clusteropt.inputs.raw_tables import RawTable

    # None: the table is there, but cannot be read, and a fault says why.
    Found = dict[str, RawTable | None]

READERS: dict[str, Callable[[str, bytes, Faults], RawTable | None]] = {
    ".csv": csv_table,
    ".parquet": parquet_table,
}


def folder_tables(folder: Path, faults: Faults) -> Found:
    """Read every table of a folder; files whose names are like no table are left alone."""
    try:
        entries = {path.name: path for path in sorted(folder.iterdir())}
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        problem = Text("the folder cannot be read.", "文件夹无法读取。")
        if missing:
            problem = Text("there is no such folder.", "文件夹不存在。")
        faults.add(Place("tables", value=str(folder)), problem, Text("Check the path.", "请检查路径。"))
        return dict.fromkeys(TABLES)
    tables: Found = {}
    for name, path in entries.items():
        stem, suffix = path.stem, path.suffix
        if suffix.lower() not in READERS:
            continue
        if stem not in TABLES or suffix not in READERS:
            _check_like_table(stem, name, faults)
            continue
        if suffix != ".csv" and f"{stem}.csv" in entries:
            problem = Text("the table stands there in two formats.", "该表有两种格式的文件。")
            faults.add(Place(stem, value=name), problem, Text("Remove one of the files.", "请删除其中一个文件。"))
            continue
        data = read_bytes(path, stem, faults)
        tables[stem] = None if data is None else READERS[suffix](stem, data, faults)
    return tables


def sheet_tables(path: Path, faults: Faults) -> Found:
    """Read every table of a workbook; sheets whose names are like no table are left alone."""
    data = read_bytes(path, path.name, faults)

    def wanted(sheet: str) -> bool:
        if sheet not in TABLES:
            _check_like_table(sheet, sheet, faults)
        return sheet in TABLES

    found = None if data is None else workbook_tables(path.name, data, wanted, faults)
    return dict.fromkeys(TABLES) if found is None else found


def frame_tables(frames: Mapping[str, object], faults: Faults) -> Found:
    """Read DataFrames by name; every name must be that of a table."""
    tables: Found = {}
    for name, frame in frames.items():
        if name not in TABLES:
            _check_like_table(str(name), str(name), faults, any_name=True)
            continue
        tables[name] = frame_table(name, frame, faults)
    return tables


def _check_like_table(stem: str, shown: str, faults: Faults, *, any_name: bool = False) -> None:
    """Note a name that may be meant for a table."""
    if stem in PLANNED_TABLES:
        problem = Text("the table is not part of this version.", "本版本不支持该表。")
        faults.add(Place(stem, value=shown), problem, Text("Remove it.", "请删除。"))
    elif any_name or nearest(stem, TABLES, 0.8) is not None:
        problem = Text("no table has this name.", "没有叫这个名称的表。")
        faults.add(Place(stem, value=shown), problem, suggest(stem, TABLES))
