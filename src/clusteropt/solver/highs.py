"""HiGHS by arrays: the only module that imports highspy."""

from __future__ import annotations

import errno
import math
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version as package_version
from typing import TYPE_CHECKING

import highspy
import numpy as np
from scipy import sparse

from clusteropt.errors import SolverFaultError
from clusteropt.solver.claim import Claim, HighsOptions, Limit, Reason
from clusteropt.solver.program import Program, make_program
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clusteropt.inputs.problem import Floats

    Listener = Callable[["Sighting"], None]

OLDEST = (1, 16)
"""Older versions return wrong optima on models like ours (HiGHS issues 3094 and 3274)."""
_SMALLEST = 1e-9
"""HiGHS drops coefficients of this size and only warns."""
_LARGEST_INDEX = 2**31 - 1
"""HiGHS casts indices to 32 bits without a word."""
_TOO_FAR_APART = Text(
    "Probably numbers of the tables differ by more than nine orders of magnitude. Look first for a stock next to "
    "nothing in the table cells (column stock) and write 0 for it; then bring scale and mean there, the shares in "
    "spillovers and the amounts in funds closer together. If they are of like size, please report it.",
    "输入表中的数值很可能相差超过九个数量级。请先检查 cells 表的 stock 列:若有接近零的存量,请改为 0;"
    "再缩小该表的 scale 与 mean、spillovers 表的比例和 funds 表的金额之间的差距。若数值大小相近,请报告。",
)

EMPTY_ROOM = 1e-9
"""Rows without columns hold within this, relative to their limits."""

_Status = highspy.HighsModelStatus
STATUS: dict[highspy.HighsModelStatus, Reason | Limit] = {
    _Status.kNotset: Reason.ERROR,
    _Status.kLoadError: Reason.ERROR,
    _Status.kModelError: Reason.ERROR,
    _Status.kPresolveError: Reason.ERROR,
    _Status.kSolveError: Reason.ERROR,
    _Status.kPostsolveError: Reason.ERROR,
    _Status.kUnknown: Reason.ERROR,
    _Status.kModelEmpty: Reason.OPTIMAL,
    _Status.kOptimal: Reason.OPTIMAL,
    _Status.kInfeasible: Reason.INFEASIBLE,
    _Status.kUnbounded: Reason.UNBOUNDED,
    _Status.kUnboundedOrInfeasible: Reason.INFEASIBLE_OR_UNBOUNDED,
    _Status.kTimeLimit: Limit.TIME,
    _Status.kIterationLimit: Limit.ITERATIONS,
    _Status.kSolutionLimit: Limit.SOLUTIONS,
    _Status.kObjectiveBound: Limit.OBJECTIVE,
    _Status.kObjectiveTarget: Limit.OBJECTIVE,
    _Status.kMemoryLimit: Limit.MEMORY,
    _Status.kInterrupt: Limit.INTERRUPT,
    getattr(_Status, "kHighsInterrupt"): Limit.INTERRUPT,  # noqa: B009 - missing in the stubs of highspy
}
"""What every model status of HiGHS means here."""


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """What a run shows while it goes on.

    Parameters
    ----------
    value, bound : float
        Incumbent and bound of HiGHS; infinite where it has none.
    x : array of shape (num_cols,) or None
        A new incumbent, where this sighting brings one.
    """

    value: float
    bound: float
    x: Floats | None


@dataclass(slots=True)
class _Watch:
    """Follows one run through its callbacks; a failure of the listener stops the run and is raised after it."""

    solver: highspy.Highs
    listen: Listener | None
    stop: Callable[[], bool] | None
    failure: BaseException | None = field(default=None)

    def attach(self) -> None:
        """Subscribe to new incumbents, to progress, and to the chance to interrupt."""
        self.solver.cbMipImprovingSolution.subscribe(self._improved)
        self.solver.cbMipLogging.subscribe(self._logged)
        for event in (self.solver.cbMipInterrupt, self.solver.cbSimplexInterrupt):
            event.subscribe(self._asked)

    def _improved(self, event: highspy.HighsCallbackEvent) -> None:
        x = np.array(event.data_out.mip_solution, dtype=float)
        self._tell(event, Sighting(-event.data_out.objective_function_value, math.inf, x))

    def _logged(self, event: highspy.HighsCallbackEvent) -> None:
        out = event.data_out
        self._tell(event, Sighting(-out.mip_primal_bound, -out.mip_dual_bound, None))

    def _asked(self, event: highspy.HighsCallbackEvent) -> None:
        if self.failure is not None or (self.stop is not None and self.stop()):
            event.interrupt()

    def _tell(self, event: highspy.HighsCallbackEvent, sighting: Sighting) -> None:
        try:
            if self.listen is not None and self.failure is None:
                self.listen(sighting)
        except BaseException as failure:
            self.failure = failure
        self._asked(event)


@cache
def version() -> str:
    """Give the version of HiGHS."""
    return package_version("highspy")


def run(
    program: Program,
    options: HighsOptions,
    start: Floats | None = None,
    listen: Listener | None = None,
    stop: Callable[[], bool] | None = None,
) -> Claim:
    """Solve a program with HiGHS and report what it claims.

    Parameters
    ----------
    program : Program
        What to solve; passed to HiGHS once, as a minimisation of minus the cost.
    options : HighsOptions
        All options that are set.
    start : array of shape (num_cols,), optional
        A point to start the search from; NaN where it says nothing.
    listen : callable, optional
        Called with a `Sighting` on progress. If it raises, the run is interrupted and the error raised.
    stop : callable, optional
        Asked now and then; true ends the run with limit INTERRUPT.

    Raises
    ------
    SolverFaultError
        If the arrays cannot be passed on without loss, or HiGHS refuses or changes them.
    """
    check_loadable(program)
    # The scheduler is state of the process: a run after another thread count fails without a word.
    highspy.Highs.resetGlobalScheduler(True)
    solver = _silent_solver()
    _set_options(solver, options.settings(bool(program.integer.any())))
    _load(solver, program)
    if start is not None:
        known = np.flatnonzero(np.isfinite(start)).astype(np.int32)
        solver.setSolution(len(known), known, start[known])
    watch = _Watch(solver, listen, stop)
    watch.attach()
    began = time.monotonic()
    status = solver.run()
    seconds = time.monotonic() - began
    if watch.failure is not None:
        raise watch.failure
    return _read(solver, program, status, seconds)


def write_model(program: Program, path: Path) -> None:
    """Write a program as an MPS file, as the minimisation that HiGHS is given; it gets no names but numbers.

    Raises
    ------
    OSError
        If HiGHS cannot write it there.
    """
    solver = _silent_solver()
    solver.setOptionValue("output_flag", False)
    _load(solver, program)
    # A warning is that there are no names.
    if solver.writeModel(str(path)) == highspy.HighsStatus.kError:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))


def read_model(path: Path) -> Program:
    """Read the program that `write_model` wrote.

    Raises
    ------
    OSError
        If HiGHS cannot read it.
    """
    solver = _silent_solver()
    solver.setOptionValue("output_flag", False)
    if solver.readModel(str(path)) == highspy.HighsStatus.kError:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
    model = solver.getLp()
    matrix = model.a_matrix_
    shape = (model.num_row_, model.num_col_)
    # MPS lists columns.
    by_column = sparse.csc_matrix((matrix.value_, matrix.index_, matrix.start_), shape)
    whole = [kind != highspy.HighsVarType.kContinuous for kind in model.integrality_]
    sides = (model.row_lower_, model.row_upper_, model.col_lower_, model.col_upper_)
    integer = np.array(whole if whole else [False] * model.num_col_, dtype=bool)
    limits = tuple(np.array(side, dtype=float) for side in sides)
    return make_program(sparse.csr_matrix(by_column), limits, -np.array(model.col_cost_, dtype=float), integer)


def check_loadable(program: Program) -> None:
    """Refuse numbers that HiGHS would drop, cast or reject without a clear word.

    Raises
    ------
    SolverFaultError
        If a coefficient is not finite or at most 1e-9 in size, or there are 2**31 or more of them.
    """
    if len(program.value) > _LARGEST_INDEX or len(program.cost) > _LARGEST_INDEX:
        raise SolverFaultError(
            Text(
                "The model has more than 2**31 entries, which HiGHS cannot number. Plan fewer clusters at once.",
                "模型的非零元超过 2**31 个,HiGHS 无法编号。请分批规划集群。",
            )
        )
    if not (np.isfinite(program.value).all() and np.isfinite(program.cost).all()):
        raise SolverFaultError(
            Text(
                "The model holds a coefficient that is not a finite number; the tables give none, so please report it.",
                "模型中出现非有限系数;输入表不会产生这样的数,请报告此问题。",
            )
        )
    tiny = abs(program.value) <= _SMALLEST
    if tiny.any():
        row = int(np.searchsorted(program.start, np.flatnonzero(tiny)[0], side="right")) - 1
        raise SolverFaultError(
            Text(
                f"Row {row} of the scaled model has a coefficient of at most {_SMALLEST}, which HiGHS would drop. "
                f"{_TOO_FAR_APART.en}",
                f"缩放后的模型第 {row} 行有绝对值不超过 {_SMALLEST} 的系数,HiGHS 会将其丢弃。{_TOO_FAR_APART.zh}",
            )
        )


def _silent_solver() -> highspy.Highs:
    """Make a solver; the first of a process prints a banner from C before any option can be set."""
    if not _BANNER_SHOWN:
        _check_version()
        with _QUIET:
            sys.stdout.flush()
            kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
            try:
                os.dup2(nowhere, 1)
                highspy.Highs()
            finally:
                os.dup2(kept, 1)
                os.close(kept)
                os.close(nowhere)
            _BANNER_SHOWN.append(True)
    return highspy.Highs()


def _check_version() -> None:
    found = version()
    if tuple(int(part) for part in found.split(".")[:2]) < OLDEST:
        raise SolverFaultError(
            Text(
                f"highspy {found} returns wrong optima on models like these. Install highspy 1.16 or newer.",
                f"highspy {found} 在此类模型上会给出错误的最优解。请安装 highspy 1.16 或更新版本。",
            )
        )


_BANNER_SHOWN: list[bool] = []
_QUIET = threading.Lock()


def _set_options(solver: highspy.Highs, settings: dict[str, str | float | int | bool]) -> None:
    for name, value in settings.items():
        if solver.setOptionValue(name, value) != highspy.HighsStatus.kOk:
            raise SolverFaultError(
                Text(f"HiGHS refuses the option {name} = {value}.", f"HiGHS 拒绝选项 {name} = {value}。")
            )


def _load(solver: highspy.Highs, program: Program) -> None:
    num_cols, num_rows = len(program.cost), len(program.row_lower)
    status = solver.passModel(
        num_cols,
        num_rows,
        len(program.value),
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        -program.cost,
        program.col_lower,
        program.col_upper,
        program.row_lower,
        program.row_upper,
        program.start[:-1].astype(np.int32),
        program.index.astype(np.int32),
        program.value,
        program.integer.astype(np.int32),
    )
    if status != highspy.HighsStatus.kOk or solver.getNumNz() != len(program.value):
        raise SolverFaultError(
            Text(
                f"HiGHS did not take the model as it is; nothing was solved. {_TOO_FAR_APART.en}",
                f"HiGHS 未能原样读入模型,没有求解。{_TOO_FAR_APART.zh}",
            )
        )


def _read(solver: highspy.Highs, program: Program, status: highspy.HighsStatus, seconds: float) -> Claim:
    model_status = solver.getModelStatus()
    meaning = STATUS[model_status]
    info = solver.getInfo()
    # value_valid first: without an incumbent HiGHS still returns a vector of zeros.
    held = solver.getSolution().value_valid and info.primal_solution_status == highspy.kSolutionStatusFeasible
    x = np.asarray(solver.getSolution().col_value, dtype=float) if held else None
    if not len(program.cost):
        # HiGHS calls a program without columns empty, whatever its rows ask for.
        x = np.zeros(0)
        meaning = Reason.OPTIMAL if program.violation(x) <= EMPTY_ROOM else Reason.INFEASIBLE
    if status == highspy.HighsStatus.kError or (meaning is Reason.OPTIMAL and x is None):
        meaning = Reason.ERROR
    value = -math.inf if x is None else -float(info.objective_function_value)
    limit = meaning if isinstance(meaning, Limit) else None
    reason = _reason(meaning, x)
    if reason not in (Reason.OPTIMAL, Reason.FEASIBLE):
        # A point that comes with "unbounded" or an error is no incumbent.
        x, value = None, -math.inf
    return Claim(
        reason=reason,
        limit=limit,
        x=x,
        value=value,
        bound=_bound(program, info, reason, value),
        seconds=seconds,
        nodes=max(int(info.mip_node_count), 0),
        iterations=max(int(info.simplex_iteration_count), 0),
        detail=str(solver.modelStatusToString(model_status)),
        dual=_dual(solver, program, reason),
    )


def _dual(solver: highspy.Highs, program: Program, reason: Reason) -> Floats | None:
    solution = solver.getSolution()
    if reason is not Reason.OPTIMAL or program.integer.any() or not solution.dual_valid:
        return None
    # HiGHS minimises minus the cost, so what it calls a dual has the other sign.
    return -np.asarray(solution.row_dual, dtype=float)


def _reason(meaning: Reason | Limit, x: Floats | None) -> Reason:
    if isinstance(meaning, Reason):
        return meaning
    return Reason.NO_SOLUTION if x is None else Reason.FEASIBLE


def _bound(program: Program, info: highspy.HighsInfo, reason: Reason, value: float) -> float:
    if program.integer.any():
        bound = -float(info.mip_dual_bound)
        return math.inf if math.isnan(bound) else bound
    return value if reason is Reason.OPTIMAL else math.inf
