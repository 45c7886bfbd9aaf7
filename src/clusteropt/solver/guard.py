"""The guard of a solve: runs programs, catches what cannot be right, and runs those another way.

A claim is judged against its own point, its own bound and all that is held. What cannot be right is run again; of all
that was said, the best point that re-computes and the weakest bound that contradicts nothing count. Where a canary
has failed every claim is doubtful, and two runs without presolve and with different seeds must agree.
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from clusteropt.errors import FalseBoundError, SolverCrashError, SolverFaultError, SolverFaultWarning
from clusteropt.solver import highs
from clusteropt.solver.claim import Claim, Limit, Reason
from clusteropt.solver.fault import FaultKind, Remedy, SolverFault
from clusteropt.solver.hearing import Hearing, Task, Way
from clusteropt.solver.judging import BOUND_ROOM, Held, apart, firm, judge, loose
from clusteropt.solver.reproducer import keep
from clusteropt.solver.shrink import Case
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from clusteropt.inputs.problem import Floats
    from clusteropt.solver.claim import HighsOptions
    from clusteropt.solver.highs import Listener
    from clusteropt.solver.program import Program
    from clusteropt.solver.runner import Runner

SHORTEST_S = 0.05
"""No run gets less time than this."""
REPRODUCER_S, TRIAL_S, SLOWER = 3.0, 1.0, 4
"""The time that the reproducers of one solve may take, that one run for them may take, and that as a multiple of the
time of the run with the fault: what takes longer does not show it."""
SLIPPING = 0.1
"""A smaller program shows the same fault only if it is at least this part as wrong; less is another fault."""


@dataclass(frozen=True, slots=True, eq=False)
class Guarded:
    """What came of a task.

    Parameters
    ----------
    claim : Claim
        What stands.
    runs : tuple of (Claim, HighsOptions)
        Every run that was made for it.
    stopped : Limit or None
        TIME or INTERRUPT where that ended the runs.
    """

    claim: Claim
    runs: tuple[tuple[Claim, HighsOptions], ...]
    stopped: Limit | None


class Guard:
    """Runs the programs of one solve; a context manager that tells at its end what it has caught.

    Parameters
    ----------
    runner : Runner
        Where programs run.
    deadline : float
        ``time.monotonic()`` after which nothing more is done about reproducers.
    """

    def __init__(self, runner: Runner, deadline: float) -> None:
        self._runner = runner
        self._deadline = deadline
        self._faults: list[SolverFault] = []
        self._cases: dict[FaultKind, Case] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is not None and issubclass(error, KeyboardInterrupt):
            self._deadline = float("-inf")
        self._tell(self._keep())

    def undisturbed(self) -> AbstractContextManager[None]:
        """Let runs finish in spite of Ctrl-C; as in `Runner`."""
        return self._runner.undisturbed()

    @property
    def faults(self) -> tuple[SolverFault, ...]:
        """What was caught, in order; with the names of reproducers once the guard is left."""
        return tuple(self._faults)

    def run(self, task: Task, options: HighsOptions, until: float, listen: Listener | None = None) -> Guarded:
        """Run a program, and run it another way as long as what is claimed cannot be right.

        Parameters
        ----------
        task : Task
            What to run.
        options : HighsOptions
            How; the time limit of every run is what is left until ``until``.
        until : float
            ``time.monotonic()`` at which the last run must have ended.
        listen : callable, optional
            As in `highs.run`.
        """
        hearing = Hearing(task, options, distrusted=self._distrusts())
        way: Way | None = hearing.first_way()
        stopped: Limit | None = None
        late = False
        while way is not None and stopped is None:
            left = min(until - time.monotonic(), way.most_s)
            way = replace(way, options=replace(way.options, time_limit=max(left, SHORTEST_S)))
            claim = self._ask(Case(task.program, way.options, way.start), listen)
            hearing.take(way, claim)
            # What a child says of its canaries comes before its first claim.
            hearing.distrusted = self._distrusts()
            stopped = _stopped(claim, way, until)
            if stopped is Limit.INTERRUPT:
                # After Ctrl-C nobody wants to wait for a reproducer.
                self._deadline = float("-inf")
            late = time.monotonic() >= until
            way = None if late else hearing.next_way()
        for fault, faulty, seconds in hearing.findings():
            self._faults.append(fault)
            options = replace(faulty.options, time_limit=min(TRIAL_S, SLOWER * seconds + SHORTEST_S))
            case = Case(task.program, options, faulty.start, hearing.held_point(fault.kind))
            self._cases.setdefault(fault.kind, case)
        runs = tuple((claim, way.options) for way, claim in hearing.heard)
        found = hearing.outcome(late=late)
        return Guarded(found, runs, found.limit if late and stopped is None else stopped)

    def _ask(self, case: Case, listen: Listener | None = None) -> Claim:
        try:
            return self._runner.run(case.program, case.options, case.start, listen)
        except SolverCrashError as crash:
            return Claim(Reason.ERROR, None, None, float("-inf"), float("inf"), detail=f"ended with code {crash.code}")

    def _distrusts(self) -> bool:
        failed = self._runner.failed_canaries
        if failed and FaultKind.CANARY not in {fault.kind for fault in self._faults}:
            names = ", ".join(failed)
            self._faults.append(SolverFault(FaultKind.CANARY, "canary", 0.0, names, Remedy.AGREEMENT))
        return bool(failed)

    def _keep(self) -> dict[FaultKind, Path]:
        """Make reproducers in the time there is, and write their names into the faults."""
        self._deadline = min(self._deadline, time.monotonic() + REPRODUCER_S)
        paths = {}
        for kind, case in self._cases.items():
            size = max(fault.size for fault in self._faults if fault.kind is kind)
            path = keep(case, kind, self._shows(kind, size, case), lambda: time.monotonic() > self._deadline)
            if path is not None:
                paths[kind] = path
        names = {kind: path.name for kind, path in paths.items()}
        self._faults = [replace(fault, reproducer=names.get(fault.kind)) for fault in self._faults]
        return paths

    def _shows(self, kind: FaultKind, size: float, original: Case) -> Callable[[Case], bool]:
        hold = firm if firm(original.program, original.options, original.held).x is not None else _loose

        def shows(case: Case) -> bool:
            """Tell whether a smaller case still shows the fault, hardly smaller than it was."""
            try:
                claim = self._ask(case)
            except SolverFaultError:
                return False
            if claim.limit is Limit.INTERRUPT:
                self._deadline = float("-inf")
            verdict = judge(case.program, case.options, claim, hold(case.program, case.options, case.held))
            return verdict is not None and verdict.kind is kind and verdict.size >= SLIPPING * size

        return shows

    def _tell(self, paths: dict[FaultKind, Path]) -> None:
        """Warn of every kind of fault once."""
        for kind, note in _notes(self.faults).items():
            path = paths.get(kind)
            where = Text("", "") if path is None else Text(
                f" The folder is {path.parent}; please report it.", f"文件夹为 {path.parent};请报告。"
            )  # fmt: skip
            warnings.warn(SolverFaultWarning(Text(note.en + where.en, note.zh + where.zh)), stacklevel=3)


def fault_notes(faults: tuple[SolverFault, ...]) -> tuple[Text, ...]:
    """Say what was caught and what was done, once for every kind of fault."""
    return tuple(_notes(faults).values())


def thrown_away(error: FalseBoundError) -> SolverFault:
    """Record that a whole solve was thrown away for its bound."""
    return SolverFault(FaultKind.FALSE_BOUND, "plan", error.size, "", Remedy.SOLVED_AGAIN)


def agreed(value: float, bound: float) -> float:
    """Give the bound, raised to the value where it is below it by tolerances alone.

    Raises
    ------
    FalseBoundError
        If the bound is below a value we hold by more than tolerances explain: one of the solver's claims is wrong.
    """
    if bound >= value:
        return bound
    if value - bound <= BOUND_ROOM * max(1e-9, abs(value)):
        return value
    raise FalseBoundError(
        Text(
            f"HiGHS claims the bound {bound!r}, but a plan worth {value!r} is at hand. Solve again with another seed; "
            "if it happens twice, please report it.",
            f"HiGHS 声称上界为 {bound!r},但已有价值 {value!r} 的方案。请换一个随机种子重试;若再次发生,请报告。",
        ),
        apart(value, bound),
    )


def _notes(faults: tuple[SolverFault, ...]) -> dict[FaultKind, Text]:
    notes: dict[FaultKind, Text] = {}
    for fault in faults:
        notes.setdefault(fault.kind, fault.note(f"HiGHS {highs.version()}"))
    return notes


def _stopped(claim: Claim, way: Way, until: float) -> Limit | None:
    if claim.limit is Limit.INTERRUPT:
        return claim.limit
    # A second opinion that has used up its own time stops nothing else.
    late = claim.limit is Limit.TIME and (way.most_s == float("inf") or time.monotonic() >= until)
    return Limit.TIME if late else None


def _loose(program: Program, _: HighsOptions, x: Floats | None) -> Held:
    return loose(program, x)
