"""The child side: reads programs from standard input, runs HiGHS, writes what it sees to standard output.

Run as ``python -m clusteropt.solver.worker``. It lives so that the parent can kill it: HiGHS can overrun its
time limit (issues 1278, 2226 and 2478 of ERGO-Code/HiGHS are open) and, rarely, crash.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, BinaryIO, cast

from clusteropt.errors import SolverFaultError
from clusteropt.solver.canary import failures_here
from clusteropt.solver.claim import HighsOptions
from clusteropt.solver.highs import Sighting, run, version
from clusteropt.solver.program import Program
from clusteropt.solver.wire import read_message, write_message

if TYPE_CHECKING:
    import numpy as np

PERIOD_S = 0.1
"""Progress without a new incumbent is written at most this often."""


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer programs until the stream ends."""
    write_message(sink, {"kind": "ready", "version": version(), "failed_canaries": failures_here()}, {})
    while (message := read_message(source)) is not None:
        header, arrays = message
        try:
            _answer(sink, cast("dict[str, dict[str, float]]", header), arrays)
        except SolverFaultError as fault:
            write_message(sink, {"kind": "fault", "en": fault.message.en, "zh": fault.message.zh}, {})


def _answer(sink: BinaryIO, header: dict[str, dict[str, float]], arrays: dict[str, np.ndarray]) -> None:
    start = arrays.pop("start_point", None)
    program = Program(**arrays)
    options = HighsOptions(**header["options"])  # type: ignore[arg-type]
    last = [0.0]

    def tell(sighting: Sighting) -> None:
        """Pass on what is seen: every point, and bounds not too often."""
        now = time.monotonic()
        if sighting.x is None and now - last[0] < PERIOD_S:
            return
        last[0] = now
        body = {} if sighting.x is None else {"x": sighting.x}
        write_message(sink, {"kind": "sighting", "value": sighting.value, "bound": sighting.bound}, body)

    claim = run(program, options, start, tell)
    fields = ("reason", "limit", "value", "bound", "seconds", "nodes", "iterations", "detail")
    body = {name: array for name, array in (("x", claim.x), ("dual", claim.dual)) if array is not None}
    write_message(sink, {"kind": "claim", **{name: getattr(claim, name) for name in fields}}, body)


def main() -> None:
    """Keep the pipe to the parent for messages alone: what HiGHS prints goes to standard error."""
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()
