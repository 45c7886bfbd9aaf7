"""The files of a plan, written all together or not at all."""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from clusteropt.errors import OutputError
from clusteropt.inputs.kept import MODEL_JSON, MODEL_TOML
from clusteropt.inputs.tables import TABLES
from clusteropt.plan.saving import save_plan
from clusteropt.report import words
from clusteropt.report.tables import allocation_csv, summary_json
from clusteropt.report.workbook import write_workbook
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem
    from clusteropt.plan.plan import Plan

PLAN_FILES = ("allocation.csv", "plan.xlsx", "plan.json", "summary.json")
INPUTS = "inputs"
"""The folder that holds the model and the tables a plan was made from."""
MARK, MARK_START = "plan.json", b'"format": "clusteropt-plan-'
"""The file, and what stands in its first line, that tell a folder of ours from any other."""
INPUT_FILES = (MODEL_TOML, MODEL_JSON, *(f"{name}.csv" for name in TABLES))
SHOWN_NAMES = 5
HERE, EXCHANGE = -100, 2
"""What Linux calls the current folder, and the swap of two names, in renameat2."""


def write_plan_files(plan: Plan, folder: str | os.PathLike[str], problem: Problem | None = None) -> None:
    """Write allocation.csv, plan.xlsx, plan.json, summary.json and the inputs into a folder, all of them or none.

    The files are made and synced in a new folder beside it, which then takes its name. An older plan of the
    folder is replaced; until the last step it stays as it was. A process killed on the way may leave
    a folder ``.NAME.*.part`` beside it, which can be deleted. Linux swaps two folders in one step; elsewhere, a
    process killed between the two renames leaves the older plan as ``.NAME.*.old``.

    Parameters
    ----------
    plan : Plan
        What to write.
    folder : str or path
        Absent, empty, or a folder that holds nothing but an older plan. Missing parents are made.
    problem : Problem, optional
        What the plan was made from: its model and tables go into ``inputs``. Without them nobody can check the plan.

    Raises
    ------
    OutputError
        If the folder is a file, holds anything else, may not be written, or the disk is full.
    """
    target = check_folder(folder)
    token = secrets.token_hex(4)
    fresh = target.with_name(f".{target.name}.{token}.part")
    try:
        fresh.mkdir(parents=True)
        _fill(plan, fresh, problem)
        _swap(fresh, target, token)
    except OSError as error:
        raise refusal(target, error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def check_folder(folder: str | os.PathLike[str]) -> Path:
    """Check, before anything long is done, that a plan may be written into a folder; give its real path.

    Raises
    ------
    OutputError
        As in `write_plan_files`.
    """
    target = Path(folder).resolve()
    try:
        if target.exists():
            _check_content(target)
        standing = next(parent for parent in target.parents if parent.exists())
    except OSError as error:
        raise refusal(target, error) from error
    if not standing.is_dir():
        raise output_error(words.IS_FILE, standing)
    if not os.access(standing, os.W_OK | os.X_OK):
        raise output_error(words.NO_PERMISSION, standing)
    return target


def refusal(path: Path, error: OSError) -> OutputError:
    """Say in a planner's words why the system refused to write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return output_error(words.DISK_FULL, path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return output_error(words.NO_PERMISSION, path)
    return output_error(words.NOT_WRITTEN, path, error.strerror or str(error))


def output_error(text: Text, path: Path, detail: str = "") -> OutputError:
    """Fill a sentence about a path; ``detail`` is the reason or the names in it."""
    en, zh = (side.format(path=path, names=detail, reason=detail) for side in (text.en, text.zh))
    return OutputError(Text(en, zh))


def _check_content(target: Path) -> None:
    if not target.is_dir():
        raise output_error(words.IS_FILE, target)
    names = sorted(entry.name for entry in target.iterdir())
    foreign = [name for name in names if name not in (*PLAN_FILES, INPUTS)]
    foreign += [f"{INPUTS}/{name}" for name in _foreign_inputs(target / INPUTS)]
    if not foreign and names and not _is_plan(target / MARK):
        foreign = names
    if foreign:
        more = ["…"] if len(foreign) > SHOWN_NAMES else []
        raise output_error(words.FOREIGN, target, ", ".join(foreign[:SHOWN_NAMES] + more))


def _foreign_inputs(folder: Path) -> list[str]:
    """Name what a folder of inputs holds beside the files of a model."""
    if not folder.exists():
        return []
    if folder.is_symlink() or not folder.is_dir():
        return [""]
    return sorted(entry.name for entry in folder.iterdir() if entry.name not in INPUT_FILES or not entry.is_file())


def _is_plan(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return MARK_START in file.read(100)


def write_checked_files(plan: Plan, folder: Path, problem: Problem | None) -> None:
    """Write the files that a verifier reads, all but the workbook, into a folder that is there and empty.

    Raises
    ------
    OSError
        If the folder may not be written or the disk is full.
    """
    if problem is not None and problem.kept is not None:
        (folder / INPUTS).mkdir()
        for name, data in problem.kept.files.items():
            (folder / INPUTS / name).write_bytes(data)
            _sync(folder / INPUTS / name)
        _sync_folder(folder / INPUTS)
    (folder / "allocation.csv").write_text(allocation_csv(plan), encoding="utf-8", newline="")
    (folder / "summary.json").write_text(summary_json(plan), encoding="utf-8", newline="")
    save_plan(plan, folder / MARK)


def _fill(plan: Plan, folder: Path, problem: Problem | None) -> None:
    write_workbook(plan, folder / "plan.xlsx")
    # plan.json comes last: what is cut short before it is no plan.
    write_checked_files(plan, folder, problem)
    for name in PLAN_FILES:
        _sync(folder / name)
    _sync_folder(folder)


def _swap(fresh: Path, target: Path, token: str) -> None:
    """Give a finished folder its name; what stood there is only deleted once it has been replaced."""
    if not target.exists():
        fresh.rename(target)
        _sync_folder(target.parent)
        return
    old = target.with_name(f".{target.name}.{token}.old")
    swapped = _exchange(fresh, target)
    if not swapped:
        target.rename(old)
        try:
            fresh.rename(target)
        except BaseException:
            old.rename(target)
            raise
    _sync_folder(target.parent)
    # The new plan stands: what cannot be tidied up is no reason to call it unwritten.
    with suppress(OSError):
        if swapped:
            fresh.rename(old)
        _delete(old)


def _delete(old: Path) -> None:
    """Delete a replaced plan, but no file that came in the meantime; first what makes the folder a plan."""
    for name in (MARK, *PLAN_FILES, *(f"{INPUTS}/{name}" for name in INPUT_FILES)):
        (old / name).unlink(missing_ok=True)
    if (old / INPUTS).exists():
        (old / INPUTS).rmdir()
    old.rmdir()


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names in one step, so that neither is ever missing; tell whether the system can."""
    if sys.platform != "linux":
        return False
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    return bool(swap(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE) == 0)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(path: Path) -> None:
    # Windows neither opens folders nor needs to sync them.
    if os.name == "nt":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
