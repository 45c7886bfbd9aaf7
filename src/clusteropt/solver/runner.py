"""Where programs are run: in a child process that can be killed, or in the caller's own."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from clusteropt.inputs.options import Isolation
from clusteropt.solver import highs
from clusteropt.solver.child import Child, borrow, give_back
from clusteropt.solver.claim import Claim, HighsOptions, Limit, Reason

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats
    from clusteropt.solver.highs import Listener, Sighting
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
    held: list[Sighting] = []
    began = time.monotonic()

    def watch(sighting: Sighting) -> None:
        if sighting.x is not None:
            held[:] = [sighting]
        if listen is not None:
            listen(sighting)

    try:
        return highs.run(program, options, start, watch)
    except KeyboardInterrupt:
        seconds = time.monotonic() - began
        if not held:
            return Claim(Reason.NO_SOLUTION, Limit.INTERRUPT, None, float("-inf"), float("inf"), seconds)
        last = held[0]
        return Claim(Reason.FEASIBLE, Limit.INTERRUPT, last.x, last.value, float("inf"), seconds)
