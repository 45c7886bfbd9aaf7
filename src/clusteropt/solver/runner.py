"""Where programs are run: in a child process that can be killed, or in the caller's own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from clusteropt.inputs.options import Isolation
from clusteropt.solver import canary, highs
from clusteropt.solver.child import Child, borrow, give_back
from clusteropt.solver.claim import Claim, Limit, Reason
from clusteropt.solver.interrupt import Interrupt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.inputs.problem import Floats
    from clusteropt.solver.claim import HighsOptions
    from clusteropt.solver.highs import Listener
    from clusteropt.solver.program import Program


class Runner:
    """Runs programs for one solve; a context manager that takes Ctrl-C and gives its child back.

    Parameters
    ----------
    isolation : Isolation
        Where HiGHS runs.
    """

    def __init__(self, isolation: Isolation) -> None:
        self._isolation = isolation
        self._child: Child | None = None
        self._interrupt = Interrupt()
        self._heeds = True

    def __enter__(self) -> Self:
        self._interrupt.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._interrupt.__exit__()
        if self._child is not None:
            give_back(self._child)
            self._child = None

    @property
    def failed_canaries(self) -> tuple[str, ...]:
        """The canaries that failed where programs run; a child tells with its first claim."""
        if self._isolation is Isolation.INLINE:
            return canary.failures_here()
        return () if self._child is None else self._child.failed_canaries

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Let runs finish in spite of Ctrl-C: what turns an incumbent into a plan is short."""
        self._heeds = False
        try:
            yield
        finally:
            self._heeds = True

    def run(
        self, program: Program, options: HighsOptions, start: Floats | None = None, listen: Listener | None = None
    ) -> Claim:
        """Solve a program; parameters and errors as in `highs.run`. Ctrl-C gives a claim with limit INTERRUPT."""
        if self._stop():
            claim = Claim(Reason.NO_SOLUTION, Limit.INTERRUPT, None, float("-inf"), float("inf"))
        elif self._isolation is Isolation.INLINE:
            claim = highs.run(program, options, start, listen, self._stop)
        else:
            if self._child is None or not self._child.alive:
                self._child = borrow()
            claim = self._child.run(program, options, start, listen, self._stop)
        if claim.limit is Limit.INTERRUPT:
            self._interrupt.take()
        return claim

    def _stop(self) -> bool:
        return self._heeds and self._interrupt.asked()
