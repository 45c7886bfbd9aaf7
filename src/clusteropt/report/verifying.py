"""Checking plans with the stand-alone verifier, from inside the package."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from inspect import getsource
from pathlib import Path
from typing import TYPE_CHECKING

from clusteropt.plan import verify as verifier
from clusteropt.plan import verify_bound, verify_tables
from clusteropt.report.files import refusal, write_checked_files
from clusteropt.text import Language

if TYPE_CHECKING:
    import os

    from clusteropt.inputs.problem import Problem
    from clusteropt.plan.plan import Plan

# How a part of the verifier finds the others when they are files of their own.
_PARTS = re.compile(r"^if TYPE_CHECKING or __package__:\n.*?\n\n", re.MULTILINE | re.DOTALL)
_FUTURE = "from __future__ import annotations\n\n"


class CheckState(StrEnum):
    """What came out of one check."""

    OK = verifier.OK
    WRONG = verifier.WRONG
    OPEN = verifier.OPEN


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a verdict.

    Parameters
    ----------
    state : CheckState
        ``OPEN`` where nothing was checked.
    title : str
        What was checked.
    detail : str
        What is wrong, or how far from it.
    """

    state: CheckState
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier says of a plan.

    Parameters
    ----------
    code : int
        0: all checks hold; 1: something is wrong; 2: something cannot be read or judged.
    checks : tuple of Check
        Every check in order.
    """

    code: int
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return self.code == 0

    @property
    def wrong(self) -> tuple[Check, ...]:
        """The checks that do not hold."""
        return tuple(check for check in self.checks if check.state is CheckState.WRONG)

    def lines(self) -> list[str]:
        """Write the verdict, a line a check."""
        return [f"{check.state:<5}  {check.title}: {check.detail}" for check in self.checks]


def verify(problem: Problem, plan: Plan, language: Language = Language.EN) -> Verdict:
    """Check a plan against the tables its problem was read from, with the stand-alone verifier.

    The files of the plan are written into a temporary folder and checked there, so that what is checked is what
    would be saved. A problem that was made from arrays has no tables, and its plan cannot be judged (code 2).

    Parameters
    ----------
    problem : Problem
        What the plan was made from.
    plan : Plan
        What is checked.
    language : Language
        The language of the titles.

    Raises
    ------
    OutputError
        If the temporary folder cannot be written.
    """
    with tempfile.TemporaryDirectory() as folder:
        try:
            write_checked_files(plan, Path(folder), problem)
        except OSError as error:
            raise refusal(Path(folder), error) from error
        return verify_folder(folder, language)


def verify_folder(folder: str | os.PathLike[str], language: Language = Language.EN) -> Verdict:
    """Check a plan folder with the stand-alone verifier.

    Parameters
    ----------
    folder : str or path
        A folder that `write_plan_files` wrote with its problem.
    language : Language
        The language of the titles.
    """
    code, lines = verifier.check_folder(Path(folder), language.value)
    return Verdict(code, tuple(Check(CheckState(state), title, detail) for state, title, detail in lines))


def program() -> str:
    """Give the verifier as one file that runs without the package."""
    parts = [getsource(module).replace(_FUTURE, "") for module in (verify_bound, verify_tables)]
    inner = "\n\n".join(_PARTS.sub("", part) for part in parts)
    return _PARTS.sub(lambda _: f"\n{inner}\n\n", getsource(verifier))


def write_program(path: str | os.PathLike[str]) -> None:
    """Write the verifier into a new file, for use on another machine: ``python FILE DIR``.

    Raises
    ------
    OutputError
        If the file exists or cannot be written.
    """
    target = Path(path)
    try:
        with target.open("x", encoding="utf-8", newline="\n") as file:
            file.write(program())
    except OSError as error:
        raise refusal(target, error) from error
