"""The model to start from."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NoReturn

import openpyxl
import pytest

from clusteropt.errors import OutputError
from clusteropt.inputs import read_problem
from clusteropt.inputs.options import Isolation, SolveOptions
from clusteropt.plan.making import solve
from clusteropt.report import starter
from clusteropt.report.starter import write_starter

if TYPE_CHECKING:
    from pathlib import Path


def test_the_starter_can_be_planned_at_once(tmp_path: Path) -> None:
    """The example has no fault, and its rules leave room for a plan that spends all."""
    problem = read_problem(write_starter(tmp_path / "new"))
    plan = solve(problem, SolveOptions(isolation=Isolation.INLINE))
    assert plan.money_total == 100_000_000
    assert plan.gap <= 1e-6


def test_the_starter_says_that_its_figures_are_made_up(tmp_path: Path) -> None:
    """Every plan of the example carries the warning in its notes."""
    problem = read_problem(write_starter(tmp_path))
    assert any("illustrative" in note.en and "effectiveness" in note.en for note in problem.notes)


def test_the_template_has_a_sheet_for_every_table(tmp_path: Path) -> None:
    """The workbook can be filled in instead of the folder."""
    write_starter(tmp_path)
    sheets = openpyxl.load_workbook(tmp_path / "template.xlsx").sheetnames
    assert {"clusters", "levers", "effectiveness", "funds", "rules"} <= set(sheets)


def test_a_folder_with_content_is_refused(tmp_path: Path) -> None:
    """Nothing is written beside what is there."""
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="not empty"):
        write_starter(tmp_path)
    with pytest.raises(OutputError, match="is a file"):
        write_starter(tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_full_disk_is_an_error_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the system says becomes a sentence with what to do."""

    def fail(path: Path) -> NoReturn:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(starter, "write_template", fail)
    with pytest.raises(OutputError, match="is full"):
        write_starter(tmp_path / "new")
