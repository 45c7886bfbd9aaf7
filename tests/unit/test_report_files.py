"""The folder of a plan: what it holds, and that it is whole or not there."""

from __future__ import annotations

import csv
import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from clusteropt.errors import OutputError
from clusteropt.plan.saving import load_plan, plan_to_json
from clusteropt.report import files
from clusteropt.report.files import PLAN_FILES, check_folder, write_plan_files
from clusteropt.text import Language
from tests.unit.test_report_plan import make_huge_plan, make_plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.plan.plan import Plan

STEPS = ["allocation_csv", "write_workbook", "summary_json", "save_plan", "_sync", "_sync_folder"]


def failing(error: BaseException) -> Callable[..., NoReturn]:
    """Make a function that only raises."""

    def fail(*_: object) -> NoReturn:
        raise error

    return fail


def contents(folder: Path) -> dict[str, bytes]:
    """Read all files of a folder, and of what lies beside it."""
    return {
        str(path.relative_to(folder.parent)): path.read_bytes() for path in folder.parent.rglob("*") if path.is_file()
    }


def rows_of(plan: Plan, folder: Path) -> list[dict[str, str]]:
    """Write a plan and read its allocation."""
    write_plan_files(plan, folder)
    with (folder / "allocation.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_folder_holds_four_files_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    """Missing parents are made, and no temporary folder stays."""
    folder = tmp_path / "deep" / "plan"
    write_plan_files(make_plan(), folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(PLAN_FILES)
    assert list(folder.parent.iterdir()) == [folder]
    assert plan_to_json(load_plan(folder)) == plan_to_json(make_plan())


def test_the_allocation_holds_every_award_exactly(tmp_path: Path) -> None:
    """Whole units, and the printed unit with every decimal, sum to what the plan awards."""
    plan = make_huge_plan()
    rows = rows_of(plan, tmp_path / "plan")
    assert rows[0]["amount"] == "9007199254740993"
    assert rows[0]["amount_printed"] == "900719925474.0993"
    assert sum(int(row["amount"]) for row in rows) == plan.money_total
    assert rows[3]["cluster_name"] == "Wuhu, robots"
    assert (rows[3]["region"], rows[3]["path_name_zh"], rows[3]["fund_name_zh"]) == ("anhui", "巨头引入型", "安徽资金")


def test_the_allocation_does_not_run_in_a_spreadsheet(tmp_path: Path) -> None:
    """Text that looks like a formula gets an apostrophe."""
    rows = rows_of(make_plan(), tmp_path / "plan")
    assert (rows[2]["cluster"], rows[2]["cluster_name"]) == ("'=beijing", "'=1+1")


def test_the_summary_file_is_strict_json(tmp_path: Path) -> None:
    """Infinite gains are null, amounts above 2**53 keep every digit."""
    write_plan_files(make_huge_plan(), tmp_path / "plan")
    text = (tmp_path / "plan" / "summary.json").read_text(encoding="utf-8")
    summary = json.loads(text, parse_constant=failing(AssertionError("not strict JSON")))
    assert {"value", "safe_bound", "claimed_gap", "proof", "solve_seconds", "money_total", "baselines"} <= set(summary)
    assert summary["money_total"] == 9_007_199_254_740_993 + 5 + 23_456_789 + 10**7
    assert summary["proof"] == "safe"
    assert summary["baselines"]["last_plan"] == {"value": 0.0, "gain": None, "moved": 0, "money": 0}


def test_an_older_plan_is_replaced(tmp_path: Path) -> None:
    """The new plan takes the place of the old one, also in an empty folder."""
    folder = tmp_path / "plan"
    folder.mkdir()
    write_plan_files(make_plan(), folder)
    write_plan_files(make_huge_plan(), folder)
    assert load_plan(folder).money_total == make_huge_plan().money_total
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize(
    "writer", ["allocation_csv", "write_workbook", "summary_json", "save_plan", "_sync", "_sync_folder"]
)
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_on_the_way_leaves_the_old_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writer: str, error: BaseException
) -> None:
    """Whatever fails before the last step, every byte of the old plan stays and nothing is left beside it."""
    folder = tmp_path / "plan"
    write_plan_files(make_plan(), folder)
    before = contents(folder)
    monkeypatch.setattr(files, writer, failing(error))
    with pytest.raises((OutputError, KeyboardInterrupt)):
        write_plan_files(make_huge_plan(), folder)
    assert contents(folder) == before


def test_a_failure_at_the_last_step_puts_the_old_plan_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the new folder cannot take the name, the old one gets it back."""
    folder = tmp_path / "plan"
    write_plan_files(make_plan(), folder)
    before = contents(folder)
    rename = Path.rename

    def fail_for_new(path: Path, target: Path) -> Path:
        if path.suffix == ".part":
            raise OSError(errno.EIO, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fail_for_new)
    monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    with pytest.raises(OutputError, match="Input/output error"):
        write_plan_files(make_huge_plan(), folder)
    assert contents(folder) == before


def test_a_full_disk_is_named_in_both_languages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is an error of ours with what to do."""
    monkeypatch.setattr(files, "write_workbook", failing(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(OutputError, match="is full") as caught:
        write_plan_files(make_plan(), tmp_path / "plan")
    assert "磁盘已满" in caught.value.read(Language.ZH)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_missing_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """A folder that may not be written is an error of ours."""
    monkeypatch.setattr(files, "save_plan", failing(OSError(code, os.strerror(code))))
    with pytest.raises(OutputError, match="may not be written by this user"):
        write_plan_files(make_plan(), tmp_path / "plan")


def test_permission_is_checked_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check that runs before a solve looks at the folder that stands."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="may not be written by this user"):
        check_folder(tmp_path / "new" / "plan")


def test_a_file_is_refused(tmp_path: Path) -> None:
    """Neither a file nor a folder under a file can take a plan."""
    file = tmp_path / "file"
    file.write_text("mine")
    for path in (file, file / "plan"):
        with pytest.raises(OutputError, match="is a file"):
            write_plan_files(make_plan(), path)
    assert file.read_text() == "mine"


@pytest.mark.parametrize("names", [["letter.txt"], ["plan.json"], ["allocation.csv"]])
def test_a_foreign_folder_is_refused_and_left_alone(tmp_path: Path, names: list[str]) -> None:
    """A folder that is no plan is not touched, also where its files have our names."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("mine")
    before = contents(folder)
    with pytest.raises(OutputError, match=names[0]):
        write_plan_files(make_plan(), folder)
    assert contents(folder) == before


def test_a_plan_folder_with_a_foreign_file_is_refused(tmp_path: Path) -> None:
    """What somebody put beside a plan is not deleted."""
    folder = tmp_path / "plan"
    write_plan_files(make_plan(), folder)
    (folder / "remarks.docx").write_text("mine")
    before = contents(folder)
    with pytest.raises(OutputError, match=r"not part of a plan: remarks\.docx"):
        write_plan_files(make_plan(), folder)
    assert contents(folder) == before


def test_a_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    """The folder behind a link is replaced, the link stays."""
    real, link = tmp_path / "real", tmp_path / "link"
    write_plan_files(make_plan(), real)
    link.symlink_to(real)
    write_plan_files(make_huge_plan(), link)
    assert link.is_symlink()
    assert load_plan(real).money_total == make_huge_plan().money_total
