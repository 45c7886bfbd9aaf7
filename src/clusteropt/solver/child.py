"""The parent side of a child process that runs HiGHS: a deadline that holds, and an incumbent that survives it."""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from clusteropt.errors import SolverCrashError, SolverFaultError
from clusteropt.solver.claim import Claim, HighsOptions, Limit, Reason
from clusteropt.solver.highs import Sighting
from clusteropt.solver.wire import read_message, write_message
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from clusteropt.inputs.problem import Floats
    from clusteropt.solver.highs import Listener
    from clusteropt.solver.program import Program

POLL_S = 0.1
"""How often a wait for the child looks whether it should stop."""
GRACE_S = 0.3
"""How long past its own time limit HiGHS may take to come back before it is killed."""
COMMAND = (sys.executable, "-P", "-m", "clusteropt.solver.worker")
"""-P keeps a file in the current folder from standing in for a module of the child."""
_RUNS_PER_CHILD = 500
"""A child is replaced after this many runs; HiGHS 1.8 was seen to grow (issue 2080 of ERGO-Code/HiGHS)."""


class Child:
    """One child process; used by one thread at a time."""

    def __init__(self, command: tuple[str, ...] = COMMAND) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        # A session of its own keeps Ctrl-C with the parent, which then decides what to keep.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
        self._inbox: queue.Queue[tuple[dict[str, Any], dict[str, np.ndarray]] | None] = queue.Queue()
        self._reader = threading.Thread(target=self._receive, daemon=True)
        self._reader.start()
        self.runs = 0
        self.failed_canaries: tuple[str, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether the child can take another program."""
        return self._process.poll() is None and self.runs < _RUNS_PER_CHILD

    def run(
        self,
        program: Program,
        options: HighsOptions,
        start: Floats | None = None,
        listen: Listener | None = None,
        stop: Callable[[], bool] | None = None,
    ) -> Claim:
        """Solve a program in the child; parameters as in `highs.run`.

        The child is killed when it is later than its time limit by more than the grace, or when ``stop`` says so; the
        claim then holds the last incumbent it sent, with limit TIME or INTERRUPT.

        Raises
        ------
        SolverFaultError
            If the child dies, or cannot take the program.
        """
        self.runs += 1
        began = time.monotonic()
        seen = _Seen()
        arrays = program.arrays() if start is None else {**program.arrays(), "start_point": start}
        try:
            # A child that hangs before it reads would block a large write for ever.
            threading.Thread(target=self._send, args=(asdict(options), arrays), daemon=True).start()
            while True:
                left = options.time_limit + GRACE_S - (time.monotonic() - began)
                asked = stop is not None and stop()
                if asked or left <= 0:
                    self.kill()
                    return seen.stop(Limit.INTERRUPT if asked else Limit.TIME, time.monotonic() - began)
                claim = self._next(seen, min(left, POLL_S), listen)
                if claim is not None:
                    return claim
        except BaseException:
            self.kill()
            raise

    def _next(self, seen: _Seen, seconds: float, listen: Listener | None) -> Claim | None:
        """Wait for one message; give the claim if it is the last."""
        try:
            message = self._inbox.get(timeout=seconds)
        except queue.Empty:
            return None
        if message is None:
            raise _died(self._process)
        if message[0]["kind"] == "ready":
            self.failed_canaries = tuple(message[0].get("failed_canaries", ()))
            return None
        return seen.take(*message, listen)

    def kill(self) -> None:
        """End the child at once."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _send(self, options: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        stream = self._process.stdin
        if stream is not None:
            # A broken pipe means that the child has died, which the reader finds out and tells.
            with contextlib.suppress(OSError, ValueError):
                write_message(stream, {"options": options}, arrays)  # type: ignore[arg-type]

    def _receive(self) -> None:
        stream = self._process.stdout
        while stream is not None:
            try:
                message = read_message(stream)  # type: ignore[arg-type]
            except (OSError, ValueError):
                message = None
            self._inbox.put(message)
            if message is None:
                return


class _Seen:
    """What a child has sent of one run."""

    def __init__(self) -> None:
        self.x: Floats | None = None
        self.value = float("-inf")
        self.bound = float("inf")

    def take(self, header: dict[str, Any], arrays: dict[str, np.ndarray], listen: Listener | None) -> Claim | None:
        """Take in one message; give the claim if it is the last."""
        kind, x, dual = header.pop("kind"), arrays.get("x"), arrays.get("dual")
        if kind == "fault":
            raise SolverFaultError(Text(header["en"], header["zh"]))
        if kind == "claim":
            limit = None if header["limit"] is None else Limit(header.pop("limit"))
            header.pop("limit", None)
            return Claim(reason=Reason(header.pop("reason")), limit=limit, x=x, dual=dual, **header)
        if kind == "sighting":
            self.bound = min(self.bound, header["bound"])
            if x is not None:
                self.x, self.value = x, header["value"]
            if listen is not None:
                listen(Sighting(header["value"], header["bound"], x))
        return None

    def stop(self, limit: Limit, seconds: float) -> Claim:
        """Make the claim of a run that was killed."""
        reason = Reason.NO_SOLUTION if self.x is None else Reason.FEASIBLE
        return Claim(reason, limit, self.x, self.value, self.bound, seconds, detail="killed by the caller")


_IDLE: list[Child] = []
_LEFT_BEHIND: list[Child] = []
_LOCK = threading.Lock()


def borrow() -> Child:
    """Give an idle child, or a new one."""
    with _LOCK:
        while _IDLE:
            child = _IDLE.pop()
            if child.alive:
                return child
            child.kill()
    return Child()


def give_back(child: Child) -> None:
    """Keep a live child for the next solve; at most one is kept."""
    with _LOCK:
        if child.alive and not _IDLE:
            _IDLE.append(child)
            return
    child.kill()


@atexit.register
def _end() -> None:
    with _LOCK:
        while _IDLE:
            _IDLE.pop().kill()


def _forget() -> None:
    """Start without a child in a forked process: that of the parent is not ours to use, or even to close.

    Closing its pipes would wait for a lock that a reader thread held which the fork did not bring along.
    """
    global _LOCK  # noqa: PLW0603 - the lock may have been held at the fork
    _LOCK = threading.Lock()
    _LEFT_BEHIND.extend(_IDLE)
    _IDLE.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _died(process: subprocess.Popen[bytes]) -> SolverCrashError:
    code = process.wait()
    return SolverCrashError(
        Text(
            f"The process that runs HiGHS ended with code {code} before it answered. Solve again; if it happens twice, "
            "give it more memory or fewer clusters.",
            f"运行 HiGHS 的进程在作答前以代码 {code} 结束。请重新求解;若再次发生,请增加内存或减少集群数。",
        ),
        code,
    )
