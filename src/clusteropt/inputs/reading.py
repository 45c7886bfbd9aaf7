"""The verbs that make a problem: from a model file, or from frames."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from clusteropt.inputs.building import Parts, build_problem, memberships
from clusteropt.inputs.checking import check_problem
from clusteropt.inputs.faults import Faults, Place
from clusteropt.inputs.files import read_bytes
from clusteropt.inputs.kept import INPUTS, MODEL_JSON, MODEL_TOML, KeptInputs, keep_settings
from clusteropt.inputs.library import find_dataset, find_model
from clusteropt.inputs.menus import read_menus
from clusteropt.inputs.model_files import parse_json, parse_settings
from clusteropt.inputs.names import make_labels, make_names
from clusteropt.inputs.notes import make_notes
from clusteropt.inputs.parsing import TypedTable, parse_table
from clusteropt.inputs.programme_checks import check_options
from clusteropt.inputs.programme_moves import check_moves
from clusteropt.inputs.programme_rows import read_options
from clusteropt.inputs.raw_tables import RawTable
from clusteropt.inputs.references import (
    check_arriving,
    check_effectiveness,
    check_funds,
    check_last_plan,
    check_names,
    check_references,
)
from clusteropt.inputs.repeats import write_rules
from clusteropt.inputs.schemas import check_table
from clusteropt.inputs.selections import read_rules
from clusteropt.inputs.settings import ModelSettings
from clusteropt.inputs.sources import folder_tables, frame_tables, sheet_tables
from clusteropt.inputs.synergies import read_synergies
from clusteropt.inputs.tables import TABLES
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem
    from clusteropt.inputs.settings import TablePlace
    from clusteropt.inputs.sources import Found

MODEL = "model"
MOST_KEPT = 2**22
"""Tables of more rows are kept to lie beside the plan only where that is asked, as their text fills the memory."""
NOT_KEPT = Text(
    f"A table has more than {MOST_KEPT:,} rows, so that the inputs do not lie beside the plan, and it cannot be "
    "verified alone; their digests stand in it. Read them with keep_inputs=True to keep them.",
    f"有表超过 {MOST_KEPT:,} 行, 因此输入未随方案保存, 方案无法独立校验; 其摘要已记入方案。"
    "如需保存, 请以 keep_inputs=True 读取。",
)


def read_problem(model: str | Path, keep_inputs: bool = False) -> Problem:
    """Read a model and its tables into a problem.

    Every fault of the model file is reported at once, and then every fault of every table. Faults between
    tables are looked for where the tables themselves can be read; whether the money suffices for the rules,
    where all else is good.

    Parameters
    ----------
    model : str or Path
        The name of a shipped model, such as ``national66``, or the path of a model file.
    keep_inputs : bool, optional
        Keep tables of any size, so that they lie beside the plan and it can be verified alone; else none where a table
        has more than 4,194,304 rows, and the plan says so. The package itself reads no CSV file of more rows back: the
        stand-alone file, ``clusteropt verify --write-program``, judges such a plan.

    Raises
    ------
    InputError
        If anything is wrong; lists every fault with its table, row, column, value and remedy.
    """
    faults = Faults()
    path = find_model(model)
    data = read_bytes(path, path.name, faults)
    settings = None if data is None else parse_settings(path.name, data, faults)
    faults.stop_if_any()
    assert data is not None
    assert settings is not None
    assert settings.tables is not None
    found = _find_tables(settings.tables, path.parent, faults)
    return _make(found, settings, data, faults, keep_inputs)


def problem_of_folder(folder: str | Path) -> Problem:
    """Read the problem that a saved plan was made from: the model and the tables in ``inputs`` of its folder.

    Where the model says its tables are does not matter: those beside it are read.

    Parameters
    ----------
    folder : str or Path
        The folder of a plan that was written with its problem.

    Raises
    ------
    InputError
        If the inputs are not there, or anything in them is wrong.
    """
    faults, inputs = Faults(), Path(folder) / INPUTS
    if not inputs.is_dir():
        problem = Text("the plan was written without what it was made from.", "该方案未附生成它的输入。")
        remedy = Text(
            "Write it again with write_plan_files(plan, folder, problem).",
            "请用 write_plan_files(plan, folder, problem) 重新写入。",
        )
        faults.add(Place(INPUTS, value=str(inputs)), problem, remedy)
        faults.stop_if_any()
    name = MODEL_TOML if (inputs / MODEL_TOML).exists() else MODEL_JSON
    data = read_bytes(inputs / name, name, faults)
    parse = parse_settings if name == MODEL_TOML else parse_json
    settings = None if data is None else parse(name, data, faults)
    faults.stop_if_any()
    assert settings is not None
    return _make(folder_tables(inputs, faults), settings, data if name == MODEL_TOML else None, faults)


def problem_from_tables(
    tables: Mapping[str, pd.DataFrame], settings: ModelSettings | None = None, keep_inputs: bool = False
) -> Problem:
    """Make a problem from DataFrames.

    Parameters
    ----------
    tables : dict of str to DataFrame
        The tables by name, with the columns of the tables in a folder. Row numbers in faults count the
        header as row 1.
    settings : ModelSettings, optional
        The rest of the model; None takes all defaults, and the years of the funds.
    keep_inputs : bool, optional
        As in `read_problem`.

    Raises
    ------
    InputError
        If anything is wrong; lists every fault with its table, row, column, value and remedy.
    """
    faults = Faults()
    if not isinstance(tables, Mapping):
        problem = Text("the tables are no mapping of names to DataFrames.", "tables 不是名称到 DataFrame 的映射。")
        faults.add(Place("tables"), problem, Text("Give a dict.", "请提供字典。"))
        faults.stop_if_any()
    return _make(frame_tables(tables, faults), settings or ModelSettings(), None, faults, keep_inputs)


def _find_tables(place: TablePlace, base: Path, faults: Faults) -> Found:
    if place.dataset is not None:
        folder = find_dataset(place.dataset, faults)
        return dict.fromkeys(TABLES) if folder is None else folder_tables(folder, faults)
    if place.workbook is not None:
        return sheet_tables(base / place.workbook, faults)
    return folder_tables(base / (place.folder or ""), faults)


def _make(
    found: Found, settings: ModelSettings, model: bytes | None, faults: Faults, keep_inputs: bool = False
) -> Problem:
    off = settings.features.off()
    used = {name: raw for name, raw in found.items() if name not in off}
    tables = _typed_tables(used, faults)
    parts = _link(tables, settings, faults)
    left_out = tuple(name for name in off if name in found)
    notes = make_notes(tables, parts.membership, settings, left_out)
    sources = {name: raw for name, raw in used.items() if raw is not None}
    digests = {} if model is None else {MODEL: hashlib.sha256(model).hexdigest()}
    digests |= {name: raw.digest for name, raw in sources.items()}
    problem = build_problem(parts, notes, digests)
    if not keep_inputs and max(len(raw.rows) for raw in sources.values()) > MOST_KEPT:
        problem = replace(problem, notes=(*problem.notes, NOT_KEPT))
    else:
        kept = keep_settings(settings, sources) if model is None else KeptInputs(MODEL_TOML, model, sources)
        problem = replace(problem, kept=kept)
    written = write_rules(problem, parts.rules, tables["cells"], faults)
    notes = (*problem.notes, *written.notes)
    problem = replace(problem, rules=written.rules, soft_floors=written.soft_floors, notes=notes)
    check_problem(problem, written.rows, faults, written.soft_rows, written.spread)
    faults.stop_if_any()
    return problem


def _link(tables: dict[str, TypedTable], settings: ModelSettings, faults: Faults) -> Parts:
    """Follow every reference between the tables."""
    years = settings.years or _years_of(tables["funds"], faults)
    labels = make_labels(tables, years)
    names = make_names(labels)
    membership = memberships(tables["clusters"])
    check_references(tables, names, faults)
    check_names(tables, faults)
    check_funds(tables, years, faults)
    check_effectiveness(tables, names, membership, faults)
    check_last_plan(tables["last_plan"], faults)
    check_arriving(tables["arriving"], years, faults)
    rules = read_rules(tables["rules"], names, faults)
    synergies = read_synergies(tables["synergies"], names, faults)
    options = read_options(tables, names, faults)
    # Menus are laid out by position, so every reference must be good.
    faults.stop_if_any()
    menus = read_menus(tables, names, faults)
    check_options(options, len(years), faults)
    check_moves(options, tables, (names, menus), faults)
    faults.stop_if_any()
    return Parts(
        settings=settings,
        tables=tables,
        labels=labels,
        names=names,
        membership=membership,
        menus=menus,
        synergies=synergies,
        rules=rules,
        options=options,
    )


def _typed_tables(found: Found, faults: Faults) -> dict[str, TypedTable]:
    """Read and check every table; an optional table that is not there is an empty one."""
    tables: dict[str, TypedTable] = {}
    broken = False
    for name, table in TABLES.items():
        raw = found.get(name)
        if raw is None and (name in found or table.required):
            broken = True
            if name not in found:
                problem = Text("the table is missing.", "缺少该表。")
                faults.add(Place(name), problem, Text(f"Add it. {table.about.en}", f"请补充。{table.about.zh}"))
            continue
        if raw is None:
            empty = RawTable(name, (), (), pd.RangeIndex(0), "")
            tables[name] = parse_table(table, empty, Faults())
            continue
        tables[name] = parse_table(table, raw, faults)
        check_table(tables[name], faults)
        if table.required and not len(raw.rows):
            problem = Text("the table has a header but no rows.", "该表只有表头, 没有数据。")
            faults.add(Place(name), problem, Text("Add rows.", "请填写数据。"))
            broken = True
    # Without the names of clusters, levers and funds every reference to them would be a fault.
    if broken or any(typed.absent.intersection(typed.table.keys) for typed in tables.values() if typed.table.required):
        faults.stop_if_any()
    return tables


def _years_of(funds: TypedTable, faults: Faults) -> tuple[int, ...]:
    years = sorted({int(year) for year in funds.frame["year"].dropna()})
    if years and len(years) <= years[-1] - years[0]:
        written = ", ".join(str(year) for year in years)
        problem = Text(f"the years are {written}, with a gap.", f"年份为 {written}, 不连续。")
        faults.add(Place("funds", None, "year"), problem, Text("Add the years between.", "请补充中间年份。"))
    return tuple(years)
