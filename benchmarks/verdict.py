"""What the stand-alone verifier says to the plans of the benchmarks, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from clusteropt.plan import verify
from clusteropt.report.files import write_checked_files

if TYPE_CHECKING:
    import clusteropt as co


def verdict_of(folder: Path) -> dict[str, object]:
    """Tell whether the folder of a plan is verified, in how many seconds and with how much memory."""
    began, command = time.perf_counter(), [sys.executable, "-I", str(verify.__file__), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    # The memory of a child is at least what its parent had when it was made.
    return {"verified": child.returncode == 0, "verify_s": seconds, "verify_mib": usage.ru_maxrss / 1024}


def verdict(plan: co.Plan, problem: co.Problem) -> dict[str, object]:
    """Write the folder of a plan and tell whether it is verified, in how many seconds and with how much memory."""
    with tempfile.TemporaryDirectory() as folder:
        write_checked_files(plan, Path(folder), problem)
        return verdict_of(Path(folder))


def is_verified(plan: co.Plan, problem: co.Problem) -> bool:
    """Tell whether a plan is verified."""
    return bool(verdict(plan, problem)["verified"])
