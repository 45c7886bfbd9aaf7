"""Where a benchmark ran: what its line says beside its figures."""

from __future__ import annotations

import os
import platform


def place() -> dict[str, object]:
    """Give the platform, the machine, its load, and the version of Python."""
    return {
        "platform": platform.system(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
    }
