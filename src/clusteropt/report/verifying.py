"""Checking plans with the stand-alone verifier, from inside the package, and the words beside them as well."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from enum import StrEnum
from inspect import getsource
from pathlib import Path
from typing import TYPE_CHECKING

from clusteropt.errors import ClusteroptError
from clusteropt.inputs.reading import problem_of_folder
from clusteropt.plan import verify as verifier
from clusteropt.plan.saving import load_plan
from clusteropt.report.files import refusal, write_checked_files
from clusteropt.report.tables import allocation_csv, summary_json
from clusteropt.text import Language, Text

if TYPE_CHECKING:
    import os

    from clusteropt.inputs.problem import Problem
    from clusteropt.plan.plan import Plan

WORDS = Text("names, units and texts", "名称、单位与文字")


class CheckState(StrEnum):
    """What came out of one check."""

    OK = "ok"
    WRONG = "WRONG"
    OPEN = "--"


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
    """Check a plan folder with the stand-alone verifier, and then what that leaves out: names, units and texts.

    These are read with the package's own readers, which also refuse what the verifier passes over, such as a column
    that no table has.

    Parameters
    ----------
    folder : str or path
        A folder that `write_plan_files` wrote with its problem.
    language : Language
        The language of the titles.
    """
    code, lines = verifier.check_folder(Path(folder), language.value)
    checks = [Check(CheckState(state), title, detail) for state, title, detail in lines]
    # What cannot be judged has no words to compare.
    if code < 2:
        words = _check_words(Path(folder), language)
        checks.append(words)
        code = code or {CheckState.OK: 0, CheckState.WRONG: 1, CheckState.OPEN: 2}[words.state]
    return Verdict(code, tuple(checks))


def _check_words(folder: Path, language: Language) -> Check:
    """Compare what the files say in words with the tables and with what the plan would print."""
    title = WORDS.read(language)
    try:
        plan, problem = load_plan(folder), problem_of_folder(folder)
        files = {"allocation.csv": allocation_csv(plan), "summary.json": summary_json(plan)}
        wrong = [name for name, text in files.items() if (folder / name).read_bytes() != text.encode()]
    except (ClusteroptError, OSError) as error:
        return Check(CheckState.OPEN, title, str(error))
    wrong += [part for part in ("name", "title", "money", "labels") if getattr(plan, part) != getattr(problem, part)]
    names = {} if problem.programmes is None else dict(
        zip(zip(problem.programmes.programme, problem.programmes.option, strict=True), problem.programmes.names,
            strict=True)
    )  # fmt: skip
    taken = plan.programmes
    called = [names.get(key) for key in zip(taken.programme, taken.option, strict=True)]
    wrong += [] if called == list(taken.name) else ["programmes.name"]
    wrong += [] if plan.objective.outcome == problem.objective.outcome else ["objective.outcome"]
    return Check(CheckState.WRONG if wrong else CheckState.OK, title, ", ".join(wrong))


def program() -> str:
    """Give the verifier as one file that runs without the package."""
    return getsource(verifier)


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
