"""Reproducers: a program with a fault becomes a small one with the same fault, in a file, without costing the plan."""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import sparse

from clusteropt.errors import SolverFaultWarning
from clusteropt.inputs.options import Isolation
from clusteropt.plan.making import solve
from clusteropt.solver import highs, reproducer
from clusteropt.solver.claim import Claim, Reason
from clusteropt.solver.fault import FaultKind
from clusteropt.solver.guard import Guard
from clusteropt.solver.hearing import Task
from clusteropt.solver.judging import Held, judge
from clusteropt.solver.program import Program, make_program
from clusteropt.solver.reproducer import keep, same
from clusteropt.solver.runner import Runner
from clusteropt.solver.scaling import choose_scaling, to_program
from clusteropt.solver.shrink import Case, shrink
from tests.bent import BEST, INF, OPTIONS, bend, knapsack, lower_bound, nothing, program
from tests.problems import QUICK, hard_problem, random_problem

if TYPE_CHECKING:
    from collections.abc import Callable

MARK = 7.77
"""The injected fault needs two rows that hold this coefficient in one column."""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let reproducers go into a folder of the test."""
    monkeypatch.setattr(reproducer, "folder", lambda: tmp_path)
    return tmp_path


def large_program(seed: int = 1) -> Program:
    """Make 200 random rows over 60 columns, the first of them whole; two rows hold the mark in column 17."""
    dice = np.random.default_rng(seed)
    matrix = np.where(dice.random((200, 60)) < 0.1, dice.integers(1, 40, (200, 60)), 0).astype(float)
    matrix[[41, 150], 17] = MARK
    upper = matrix.sum(axis=1) / 2 + 40
    limits = (np.full(200, -INF), upper, np.zeros(60), np.full(60, 3.0))
    return make_program(sparse.csr_matrix(matrix), limits, dice.integers(1, 9, 60).astype(float), np.arange(60) < 1)


def is_marked(asked: Program) -> bool:
    """Tell whether a program has what the injected fault needs."""
    marked = np.isclose(asked.value, MARK, atol=1e-12)
    rows = np.searchsorted(asked.start, np.flatnonzero(marked), side="right")
    return len(set(rows)) >= 2 and len(set(asked.index[marked])) == 1


LIES: dict[FaultKind, Callable[[Claim], Claim]] = {
    FaultKind.ERROR: lambda claim: nothing(Reason.ERROR),
    FaultKind.FALSE_INFEASIBLE: lambda claim: nothing(),
    FaultKind.FALSE_BOUND: lambda claim: lower_bound(claim, 0.2),
    FaultKind.BROKEN_POINT: lambda claim: replace(claim, x=claim.x + 5.0),
    FaultKind.WRONG_VALUE: lambda claim: replace(claim, value=claim.value + 1.0),
}


def lie_if_marked(monkeypatch: pytest.MonkeyPatch, kind: FaultKind) -> None:
    """Let HiGHS lie about every program with the mark, as long as presolve is on."""

    def change(claim: Claim, run: dict[str, Any]) -> Claim:
        return LIES[kind](claim) if run["presolve"] == "on" and is_marked(run["program"]) else claim

    bend(monkeypatch, change)


def caught(asked: Program, held: Held | None = None) -> tuple[Guard, list[str]]:
    """Run a program under a guard in this process, with time for a reproducer."""
    with Runner(Isolation.INLINE) as runner, pytest.warns(SolverFaultWarning) as told:
        guard = Guard(runner, time.monotonic() + 60.0)
        with guard:
            guard.run(Task("search", asked, held=held or Held()), OPTIONS, time.monotonic() + 20.0)
    return guard, [str(warning.message) for warning in told]


@pytest.mark.parametrize("kind", list(LIES))
def test_two_rows_and_a_column_are_left_of_two_hundred(
    monkeypatch: pytest.MonkeyPatch, folder: Path, kind: FaultKind
) -> None:
    """The file holds the pair of rows and the column that the fault needs, and shows the fault when it is read."""
    asked = large_program()
    honest = highs.run(asked, OPTIONS)
    assert honest.x is not None
    held = Held(honest.x, honest.value)
    lie_if_marked(monkeypatch, kind)
    guard, told = caught(asked, held)
    (path,) = folder.glob("*.mps")
    assert guard.faults[0].kind is kind
    assert guard.faults[0].reproducer == path.name
    assert path.name in told[0]
    assert str(folder) in told[0]
    small = highs.read_model(path)
    assert len(small.row_lower) == 2
    assert len(small.cost) == 1
    assert small.value.tolist() == [MARK, MARK]
    words = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert words["fault"] == kind.value
    point = np.array(words["held"], float)
    assert words["options"].items() <= OPTIONS.settings(is_mip=bool(small.integer.any())).items()
    claim = highs.run(small, OPTIONS)
    verdict = judge(small, OPTIONS, claim, Held(point, float(small.cost @ point)))
    assert verdict is not None
    assert verdict.kind is kind


def test_the_same_fault_gives_the_same_file(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nothing in it is left to chance: the name is the digest of the arrays, and one file is there."""
    lie_if_marked(monkeypatch, FaultKind.FALSE_BOUND)
    names = {caught(large_program())[0].faults[0].reproducer for _ in range(2)}
    assert len(names) == 1
    assert len(list(folder.glob("*.mps"))) == 1


def show_marked(case: Case) -> bool:
    """Tell whether a case has the mark."""
    return is_marked(case.program)


def test_shrinking_stops_when_the_time_is_over() -> None:
    """After so many questions no more are asked, and what is there then still shows the fault; more time, less left."""
    sizes = []
    for questions in (0, 1, 5, 20, 2000):
        asked: list[Case] = []

        def shows(case: Case, asked: list[Case] = asked) -> bool:
            asked.append(case)
            return show_marked(case)

        small = shrink(Case(large_program(), OPTIONS), shows, lambda: len(asked) >= questions)  # noqa: B023
        assert len(asked) <= questions
        assert show_marked(small)
        sizes.append(len(small.program.row_lower) + len(small.program.cost))
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-1]) == (260, 3)


def test_the_deadline_of_a_solve_ends_the_shrinking(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Where no time is left nothing is written; the fault is told all the same."""
    lie_if_marked(monkeypatch, FaultKind.FALSE_BOUND)
    with Runner(Isolation.INLINE) as runner, pytest.warns(SolverFaultWarning, match="below a value"):
        guard = Guard(runner, time.monotonic() - 1.0)
        with guard:
            guard.run(Task("search", large_program()), OPTIONS, time.monotonic() + 20.0)
    assert guard.faults[0].reproducer is None
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("seed", range(20))
def test_any_set_of_rows_and_columns_is_found(seed: int) -> None:
    """A fault that needs some rows and columns and no others is shrunk to exactly those."""
    dice = np.random.default_rng(seed)
    num_rows, num_cols = int(dice.integers(1, 40)), int(dice.integers(1, 30))
    matrix = np.arange(1.0, num_rows * num_cols + 1).reshape(num_rows, num_cols)
    need_rows = set(dice.choice(num_rows, int(dice.integers(0, min(num_rows, 5) + 1)), replace=False).tolist())
    need_cols = set(dice.choice(num_cols, int(dice.integers(0, min(num_cols, 5) + 1)), replace=False).tolist())
    # Costs and upper limits of rows name columns and rows through all steps: nothing is rounded away from them.
    limits = (np.full(num_rows, -INF), np.arange(num_rows) + 0.5, np.zeros(num_cols), np.ones(num_cols))
    asked = make_program(sparse.csr_matrix(matrix), limits, np.arange(num_cols) + 0.25, np.zeros(num_cols))

    def shows(case: Case) -> bool:
        rows, cols = set(case.program.row_upper - 0.5), set(case.program.cost - 0.25)
        return rows >= need_rows and cols >= need_cols

    small = shrink(Case(asked, OPTIONS), shows, lambda: False).program
    assert set(small.row_upper - 0.5) == need_rows
    assert set(small.cost - 0.25) == need_cols


def test_dropped_columns_keep_their_money() -> None:
    """A column is fixed at its value in the point held: the rows keep what is left, and the point stays feasible."""
    asked = program([[1, 1, 1], [1, -1, 0]], ([-INF, 0], [10, 4], [0] * 3, [9] * 3), [3, 2, 1], [1, 0, 0])
    case = Case(asked, OPTIONS, held=np.array([4.0, 3.0, 3.0]))
    small = shrink(case, lambda case: 3.0 in case.program.cost, lambda: False)
    assert small.program.cost.tolist() == [3.0]
    assert small.held is not None
    assert small.held.tolist() == [4.0]
    kept = shrink(case, lambda case: len(case.program.row_lower) == 2 and 3.0 in case.program.cost, lambda: False)
    assert kept.program.row_upper.tolist() == [4.0, 7.0]
    assert kept.program.row_lower.tolist() == [-INF, 3.0]
    assert kept.program.excess(np.array([4.0])) == 0.0


def test_numbers_become_short_where_the_fault_allows() -> None:
    """Limits are rounded outwards, coefficients to the nearest, each to the fewest digits that keep the fault."""
    asked = program([[1.23456, 0.98765]], ([0.0123], [8.7654], [0.4567] * 2, [3.21, INF]), [2.3456, 7.8901], [0, 0])

    def shows(case: Case) -> bool:
        return len(case.program.cost) == 2 and len(case.program.row_lower) == 1 and case.program.cost[0] > 2.25

    small = shrink(Case(asked, OPTIONS), shows, lambda: False).program
    assert small.value.tolist() == [1.0, 1.0]
    assert (small.row_lower.tolist(), small.row_upper.tolist()) == ([0.01], [9.0])
    assert (small.col_lower.tolist(), small.col_upper.tolist()) == ([0.4, 0.4], [4.0, INF])
    assert small.cost.tolist() == [2.3, 7.9]


@pytest.mark.parametrize("seed", [3, 9, 12, 21, 40, 55])
def test_a_program_returns_from_its_file_as_it_was(tmp_path: Path, seed: int) -> None:
    """Scaled programs of real formulations come back with the same arrays, bit for bit, but for ranges of rows."""
    formulation = formulation_of(seed)
    whole = to_program(formulation)
    scaled = choose_scaling(formulation, whole).scale(whole)
    ranged = np.isfinite(scaled.row_lower) & np.isfinite(scaled.row_upper) & (scaled.row_lower != scaled.row_upper)
    asked = replace(scaled, row_lower=np.where(ranged, -INF, scaled.row_lower))
    held = np.flatnonzero(np.isfinite(asked.row_lower) | np.isfinite(asked.row_upper))
    matrix = sparse.csr_matrix((asked.value, asked.index, asked.start), (len(asked.row_lower), len(asked.cost)))
    limits = (asked.row_lower[held], asked.row_upper[held], asked.col_lower, asked.col_upper)
    asked = make_program(matrix[held].sorted_indices(), limits, asked.cost, asked.integer)
    highs.write_model(asked, tmp_path / "model.mps")
    found = highs.read_model(tmp_path / "model.mps")
    for name, array in asked.arrays().items():
        assert array.tolist() == found.arrays()[name].tolist(), name


def formulation_of(seed: int) -> Any:
    """Give the first formulation of a random problem."""
    from clusteropt.model.curves import make_curves
    from clusteropt.model.formulation import formulate
    from clusteropt.model.grid import first_grid
    from clusteropt.model.outcome import with_equity_scale
    from clusteropt.model.space import make_space

    space = make_space(with_equity_scale(make_space(random_problem(seed))))
    return formulate(space, first_grid(make_curves(space)))


def test_a_range_that_a_file_cannot_hold_settles(tmp_path: Path) -> None:
    """MPS writes a range as its width, so its lower end may lose a digit; what is written last is what is read."""
    asked = program([[1.0]], ([0.1], [1e6 / 3], [0], [INF]), [1.0], [0])
    settled = reproducer._settle(asked, tmp_path / "model.mps")
    assert same(settled, highs.read_model(tmp_path / "model.mps"))
    assert settled.row_lower[0] == pytest.approx(0.1)


def test_a_fault_that_does_not_come_again_is_not_kept(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A claim that was wrong once, and is right when it is asked again, has no reproducer."""
    bend(monkeypatch, lambda claim, run: lower_bound(claim, 0.2) if run["number"] == 0 else claim)
    guard, told = caught(knapsack())
    assert guard.faults[0].reproducer is None
    assert list(folder.iterdir()) == []
    assert "folder" not in told[0]


def test_a_smaller_program_must_be_as_wrong() -> None:
    """What is wrong by a hair only is another fault: the shrinker does not slip into it."""
    from clusteropt.solver.guard import SLIPPING

    with Runner(Isolation.INLINE) as runner:
        guard = Guard(runner, time.monotonic() + 20.0)
        asked = Case(knapsack(), OPTIONS, held=BEST)
        assert not guard._shows(FaultKind.FALSE_BOUND, 0.2, asked)(asked)
        better = replace(asked, program=replace(knapsack(), row_upper=np.array([7.0])), held=None)
        assert not guard._shows(FaultKind.FALSE_BOUND, 0.2, better)(better)
    assert 0 < SLIPPING < 1


def test_a_plan_is_not_lost_where_nothing_can_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A full disk, a folder without rights, no folder at all: the plan is there, its fault is told, no file is."""
    honest = solve(hard_problem(6), QUICK)
    file = tmp_path / "file"
    file.write_text("")

    def no_room(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    def no_folder() -> Path:
        raise PermissionError(13, "Permission denied")

    for name, broken in (("folder", lambda: file), ("folder", no_folder), ("_settle", no_room)):
        with monkeypatch.context() as patch:
            patch.setattr(reproducer, "folder", lambda: tmp_path)
            patch.setattr(reproducer, name, broken)
            bend(patch, lambda claim, run: lower_bound(claim, 0.05) if run["presolve"] == "on" else claim)
            with pytest.warns(SolverFaultWarning, match="below a value at hand"):
                plan = solve(hard_problem(6), QUICK)
        assert plan.value == pytest.approx(honest.value, rel=1e-6)
        assert {fault.reproducer for fault in plan.record.faults} == {None}
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_half_written_file_is_taken_away(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """If what stands beside the program cannot be written, neither stays."""
    lie_if_marked(monkeypatch, FaultKind.FALSE_BOUND)

    def no_room(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", no_room)
    guard, _ = caught(large_program())
    assert guard.faults[0].reproducer is None
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("part", [0.0, 0.3, 0.6, 0.9, 0.99])
def test_a_file_that_breaks_off_is_taken_away(monkeypatch: pytest.MonkeyPatch, folder: Path, part: float) -> None:
    """HiGHS does not say that the disk was full in the middle of a file: what is read then is not what was written."""
    lie_if_marked(monkeypatch, FaultKind.FALSE_BOUND)
    write = highs.write_model

    def breaks_off(asked: Program, path: Path) -> None:
        write(asked, path)
        text = path.read_bytes()
        path.write_bytes(text[: int(part * len(text))])

    monkeypatch.setattr(highs, "write_model", breaks_off)
    guard, _ = caught(large_program())
    assert guard.faults[0].reproducer is None
    assert list(folder.iterdir()) == []


def test_the_folder_is_new_private_and_never_the_current_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It lies among the temporary files; where Python would fall back on the current folder there is none."""
    reproducer.folder.cache_clear()
    try:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        made = reproducer.folder()
        assert made.parent == tmp_path
        assert made.stat().st_mode & 0o077 == 0
        assert reproducer.folder() is made
        reproducer.folder.cache_clear()
        monkeypatch.chdir(tmp_path)
        with pytest.raises(OSError, match=str(tmp_path.name)):
            reproducer.folder()
    finally:
        reproducer.folder.cache_clear()


def test_what_could_not_be_made_small_is_not_written(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A program with too many coefficients left would take long to write and nobody could read it."""
    monkeypatch.setattr(reproducer, "LARGEST", 1)
    assert keep(Case(knapsack(), OPTIONS), FaultKind.ERROR, lambda case: case.program.value.size == 3,
                lambda: False) is None  # fmt: skip
    assert list(folder.iterdir()) == []


def test_a_reproducer_of_a_plan_holds_numbers_alone(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """No name of the tables stands in the files of a fault caught in a solve, and the record names the file."""
    problem = hard_problem(6)
    names = {f"Gansu-{k}" for k in range(6)}
    problem = replace(problem, labels=replace(problem.labels, clusters=tuple(sorted(names))), name="secret")
    bend(monkeypatch, lambda claim, run: lower_bound(claim, 0.05) if run["presolve"] == "on" else claim)
    with pytest.warns(SolverFaultWarning, match="please report it"):
        plan = solve(problem, QUICK)
    files = sorted(folder.iterdir())
    assert [path.suffix for path in files] == [".json", ".mps"]
    assert {fault.reproducer for fault in plan.record.faults} == {files[1].name}
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    assert not any(name in text for name in (*names, "secret", "cap", "Gansu"))
    assert not any(str(folder) in note.en for note in plan.notes)
