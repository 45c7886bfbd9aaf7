"""Every key of a model file that is wrong, and model files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.bad_inputs.bad_case import faults_of
from tests.small import write_small_folder

from clusteropt.inputs import read_problem

GOOD = """
name = "small"
years = [2025]

[tables]
folder = "tables"
"""
# What to put after the good model, or instead of a line of it; the key named; the row; a piece of what is said.
CHANGES = [
    ('name = "small"', "name = 3", "name", 2, "text in quotes is needed"),
    ('name = "small"', 'name = ""', "name", 2, "empty"),
    ('name = "small"', "name = small", None, 2, "no TOML"),
    ('name = "small"', 'nme = "small"', "nme", 2, "Did you mean 'name'"),
    ('name = "small"', 'name = "a\\u0007"', "name", 2, "control signs"),
    ('name = "small"', "name = 2025-01-01", "name", 2, "text in quotes"),
    ("years = [2025]", "years = 2025", "years", 3, "list in brackets"),
    ("years = [2025]", 'years = ["2025"]', "years.0", 3, "whole number"),
    ("years = [2025]", "years = [2025.0]", "years.0", 3, "whole number"),
    ("years = [2025]", "years = [2025, 2027]", None, None, "increase by 1"),
    ("years = [2025]", "years = [2025, 2025]", None, None, "increase by 1"),
    ("years = [2025]", "years = [2026, 2025]", None, None, "increase by 1"),
    ("years = [2025]", "years = [20]", "years.0", 3, ">= 1900"),
    ("years = [2025]", "years = [true]", "years.0", 3, "whole number"),
    ("years = [2025]", "years = [" + "9" * 5000 + "]", None, None, "no TOML"),
    ('folder = "tables"', "", "tables", 5, "0 of folder, workbook and dataset"),
    ('folder = "tables"', 'folder = "a"\ndataset = "b"', "tables", 5, "2 of folder"),
    ('folder = "tables"', 'foldr = "tables"', "tables.foldr", 6, "Did you mean 'folder'"),
    ('folder = "tables"', 'dataset = "nationl66"', None, None, "Did you mean 'national66'"),
    ('folder = "tables"', 'folder = "nowhere"', None, None, "no such folder"),
    ('folder = "tables"', 'workbook = "nowhere.xlsx"', None, None, "no such file"),
    ('folder = "tables"', 'workbook = "tables"', None, None, "a directory"),
    ('folder = "tables"', 'folder = "model.toml"', None, None, "folder cannot be read"),
    ('folder = "tables"', 'folder = "a\\u0000b"', None, None, "folder cannot be read"),
    ('[tables]\nfolder = "tables"', "", "tables", None, "section [tables] is missing"),
    ("", "[money]\nunit = 1", "money.unit", 9, "text in quotes"),
    ("", '[money]\nunit = "dollar"', "money", 8, "go together"),
    ("", "[money]\nper_printed = 12", "money", 8, "power of ten"),
    ("", "[money]\nper_printed = 0", "money.per_printed", 9, ">= 1"),
    ("", "[objective]\nkind = 'totl'", "objective.kind", 9, "Did you mean 'total'"),
    ("", "[objective]\nkind = 'least_money'", "objective", 8, "needs a target"),
    ("", "[objective]\ntarget = 5", "objective", 8, "has no target"),
    ("", "[objective]\nequity_scale = 0", "objective.equity_scale", 9, "> 0"),
    ("", "[objective]\nequity_scale = nan", "objective.equity_scale", 9, "finite"),
    ("", "[objective]\ndiscount = inf", "objective.discount", 9, "finite"),
    ("", "[objective]\ndiscount = -0.1", "objective.discount", 9, ">= 0"),
    ("", "[objective]\nmeasure = 'region'", "objective.measure", 9, "Use one of: total, per_size"),
    ("", "[effectiveness]\ncolumn = 'median'", "effectiveness.column", 9, "Did you mean 'mean'"),
    ("", "[effectiveness]\nreading = 'elastic'", "effectiveness.reading", 9, "Did you mean 'elasticity'"),
    ("", "[features]\nrules = 1", "features.rules", 9, "true or false"),
    ("", "[features]\nrules = 'no'", "features.rules", 9, "true or false"),
    ("", "[features]\nclusters = false", "features.clusters", 9, "no such key"),
    ("", "[baselines]\nfactor_weights = { szie = 1 }", "baselines.factor_weights.szie", 9, "Did you mean 'size'"),
    ("", "[baselines]\nfactor_weights = { size = -1 }", "baselines.factor_weights.size", 9, ">= 0"),
    ("", "[baselines]\nfactor_weights = { size = 0 }", "baselines", 8, "every factor has weight 0"),
    ("", "[baselines]\nfactor_weights = [1]", "baselines.factor_weights", 9, "keys and numbers"),
    ("", "[solve]\ntime_limit_s = 0", "solve.time_limit_s", 9, "> 0"),
    ("", "[solve]\nrelative_gap = 1", "solve.relative_gap", 9, "< 1"),
    ("", "[solve]\nthreads = 0", "solve.threads", 9, ">= 1"),
    ("", "[solve]\nthreads = 1.5", "solve.threads", 9, "whole number"),
    ("", "[solve]\nseed = 2147483648", "solve.seed", 9, "< 2147483648"),
    ("", "[solve]\nseed = 99999999999999999999999", "solve.seed", 9, ""),
    ("", "[solver]\nseed = 1", "solver", 8, "Did you mean 'solve'"),
    ("years = [2025]", "years = [2025]\nsolve = 3", "solve", 4, "a section is needed"),
    ("", "solve = 3", "tables.solve", 8, "no such key"),
    ("", "[tables]", None, 8, "no TOML"),
    ("", "[solve", None, 8, "no TOML"),
    ("", 'title = "open', None, 8, "no TOML"),
]


def _model(folder: Path, text: str) -> Path:
    write_small_folder(folder / "tables")
    path = folder / "model.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_a_bad_key_is_named(number: int, tmp_path: Path) -> None:
    """The fault names the file, the key and its line, and says what is wrong."""
    old, new, key, row, says = CHANGES[number]
    text = GOOD.replace(old, new) if old else f"{GOOD}\n{new}\n"
    path = _model(tmp_path, text)
    found = faults_of(lambda: read_problem(path))
    assert any(
        fault.column == key and fault.row == row and says in f"{fault.problem.en} {fault.remedy.en}" for fault in found
    ), found


def test_the_good_model_is_good(tmp_path: Path) -> None:
    """What the changes start from is read without a fault."""
    assert read_problem(_model(tmp_path, GOOD)).name == "small"


def test_all_faults_of_a_model_file_come_at_once(tmp_path: Path) -> None:
    """Three wrong keys are three faults."""
    path = _model(tmp_path, GOOD + "\nweird = 1\n[solve]\nseed = -1\nthreads = 'two'\n")
    assert len(faults_of(lambda: read_problem(path))) == 3


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        ("name = '\u4e2d'".encode("gb18030"), "not in UTF-8"),
        (b"\xff\xfen\0", "not in UTF-8"),
        (b"name = 'a\0b'", "no TOML"),
        (b"x = " + b"[" * 9_000, "no TOML"),
        (b"x = " + b"[" * 100_000, "at most 65,536"),
        (b"\n" * 70_000, "at most 65,536"),
        (b"x = " + b"9" * 20_000, "the line is too long"),
        (b"x = " + b"9" * 5_000, "no TOML"),
        (b"x = 0x" + b"f" * 9_000, "no TOML"),
        (b"a." * 4_000 + b"a = 1", "key has too many parts"),
        (b"[" + b"a." * 4_000 + b"a]\n", "key has too many parts"),
        (b"x = { " + b"'a' . " * 900 + b"a = 1 }", "key has too many parts"),
        (b"x.y." * 2 + b"z = 1\n[tables]\nfolder = '.'\n", "no such key"),
        (b"x = 1e999999\n[tables]\nfolder = '.'\n", "no such key"),
        (b"years = [" + b"2025, " * 500 + b"2026]\n[tables]\nfolder = '.'\n", "do not increase by 1"),
        (b"PK\x03\x04", "no TOML"),
    ],
)
def test_what_is_no_model_file_is_refused(content: bytes, says: str, tmp_path: Path) -> None:
    """Bytes that are no TOML are refused in words."""
    path = tmp_path / "model.toml"
    path.write_bytes(content)
    found = faults_of(lambda: read_problem(path))
    assert says in found[0].problem.en


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("national67", "Did you mean 'national66'"),
        ("", "Use one of"),
        ("nowhere.toml", "no such file"),
        ("/dev/null/x.toml", "cannot be read"),
        ("a\0b.toml", "cannot be read"),
        ("x" * 5000 + ".toml", "cannot be read"),
    ],
)
def test_an_unknown_model_is_refused(name: str, says: str) -> None:
    """An unknown name gets the nearest shipped one; a path that leads nowhere is named."""
    (fault,) = faults_of(lambda: read_problem(name))
    assert says in f"{fault.problem.en} {fault.remedy.en}"


def test_a_device_is_no_model() -> None:
    """A device is not opened: reading it might never end."""
    (fault,) = faults_of(lambda: read_problem(Path("/dev/zero")))
    assert "device" in fault.problem.en


def test_a_directory_is_no_model(tmp_path: Path) -> None:
    """A directory is named as such."""
    (fault,) = faults_of(lambda: read_problem(tmp_path))
    assert "directory" in fault.problem.en
