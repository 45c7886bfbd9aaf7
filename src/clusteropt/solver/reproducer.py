"""Reproducers: small programs with a fault of the solver, as files that its makers can run.

A reproducer is a program as MPS, written by HiGHS, and beside it the options, the start and the point at hand as JSON.
It holds numbers alone: no names of clusters, purses or rules.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.errors import SolverFaultError
from clusteropt.solver import highs
from clusteropt.solver.shrink import shrink

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.problem import Floats
    from clusteropt.solver.fault import FaultKind
    from clusteropt.solver.program import Program
    from clusteropt.solver.shrink import Case

LARGEST = 200_000
"""A program with more coefficients that could not be made smaller is not written."""
SETTLES = 3
"""A range of a row is written as its width, so the other end may be off by a digit; so often at most."""

_OF_NO_INTEREST = ("output_flag", "time_limit")


def keep(case: Case, kind: FaultKind, shows: Callable[[Case], bool], over: Callable[[], bool]) -> Path | None:
    """Make a case small and write it; None if it does not show the fault again or cannot be written.

    Parameters
    ----------
    case : Case
        The run that showed the fault.
    kind : FaultKind
        Which.
    shows : callable
        Runs a case and tells whether it shows the fault.
    over : callable
        Tells whether the time is over.
    """
    if over() or not shows(case):
        return None
    small = shrink(case, shows, over)
    if len(small.program.value) > LARGEST:
        return None
    try:
        return _write(small, kind, shows)
    except (OSError, SolverFaultError):
        # No room, no right, no folder, or HiGHS does not take it: a plan does not fail for that.
        return None


@cache
def folder() -> Path:
    """Make the folder of this process: a new one that is its user's alone, among the temporary files.

    Raises
    ------
    OSError
        If there is no place for temporary files but the current folder, or none at all.
    """
    place = Path(tempfile.gettempdir())
    if place == Path.cwd():
        raise NotADirectoryError(str(place))
    return Path(tempfile.mkdtemp(prefix="clusteropt-reproducers-", dir=place))


def _write(case: Case, kind: FaultKind, shows: Callable[[Case], bool]) -> Path | None:
    digest = hashlib.sha256(b"".join(array.tobytes() for array in case.program.arrays().values())).hexdigest()
    path = folder() / f"{kind.value}-{digest[:12]}.mps"
    beside = path.with_suffix(".json")
    kept = False
    try:
        program = _settle(case.program, path)
        shown = same(program, case.program) or shows(replace(case, program=program))
        settings = case.options.settings(bool(program.integer.any()))
        words = {
            "fault": kind.value,
            "solver": f"HiGHS {highs.version()}",
            "options": {name: value for name, value in settings.items() if name not in _OF_NO_INTEREST},
            "start": _numbers(case.start),
            "held": _numbers(case.held),
        }
        beside.write_text(json.dumps(words, indent=1) + "\n", encoding="utf-8")
        kept = shown
    finally:
        if not kept:
            path.unlink(missing_ok=True)
            beside.unlink(missing_ok=True)
    return path if kept else None


def _settle(program: Program, path: Path) -> Program:
    """Write a program until the file says the same when it is read, and give what it says.

    Raises
    ------
    OSError
        If the file says more than another digit at the end of a range: HiGHS does not tell that a disk is full.
    """
    for _ in range(SETTLES):
        highs.write_model(program, path)
        found = highs.read_model(path)
        if same(found, program):
            return found
        if not same(found, replace(program, row_lower=found.row_lower, row_upper=found.row_upper)):
            break
        program = found
    raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))


def same(first: Program, second: Program) -> bool:
    """Tell whether two programs are the same numbers."""
    ours, theirs = first.arrays(), second.arrays()
    return all(np.array_equal(ours[name], theirs[name]) for name in ours)


def _numbers(x: Floats | None) -> list[float | None] | None:
    return None if x is None else [float(value) if np.isfinite(value) else None for value in x]
