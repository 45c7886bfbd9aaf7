"""Where programs are run: in a child process that can be killed, or in the caller's own."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Self

from clusteropt.inputs.options import Isolation
from clusteropt.solver import highs
from clusteropt.solver.child import Child, borrow, give_back

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats
    from clusteropt.solver.claim import Claim, HighsOptions
    from clusteropt.solver.highs import Listener
    from clusteropt.solver.program import Program


class Runner:
    """Runs programs for one solve; a context manager that gives its child back.

    Parameters
    ----------
    isolation : Isolation
        Where HiGHS runs.
    """

    def __init__(self, isolation: Isolation) -> None:
        self._isolation = isolation
        self._child: Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._child is not None:
            give_back(self._child)
            self._child = None

    def run(self, program: Program, options: HighsOptions, start: Floats | None = None,
            listen: Listener | None = None) -> Claim:  # fmt: skip
        """Solve a program; parameters and errors as in `highs.run`. Ctrl-C gives a claim with limit INTERRUPT."""
        if self._isolation is Isolation.INLINE:
            return _inline(program, options, start, listen)
        if self._child is None or not self._child.alive:
            self._child = borrow()
        return self._child.run(program, options, start, listen)


def _inline(program: Program, options: HighsOptions, start: Floats | None, listen: Listener | None) -> Claim:
    if threading.current_thread() is not threading.main_thread():
        return highs.run(program, options, start, listen)
    # A KeyboardInterrupt inside a callback of HiGHS is lost in C++, so Ctrl-C raises a flag that HiGHS is shown.
    pressed: list[bool] = []
    before = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    try:
        return highs.run(program, options, start, listen, lambda: bool(pressed))
    finally:
        signal.signal(signal.SIGINT, before)
