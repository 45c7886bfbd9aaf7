"""Where a benchmark ran: what its line says beside its figures; and where its lines are kept."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "docs" / "data"
PACKAGES = ("clusteropt", "highspy", "numpy", "numba", "scipy")


def place() -> dict[str, object]:
    """Give the platform, the machine, its load, the versions of Python and packages, and the commit."""
    return {
        "platform": platform.system(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "commit": commit(),
    }


@cache
def commit() -> str | None:
    """Give the commit that ran, with a plus where its code was changed since; None outside a repository."""
    found = _git("rev-parse", "--short", "HEAD")
    if found is None or found.returncode:
        return None
    changed = _git("diff", "--quiet", "HEAD", "--", "src", "benchmarks")
    return found.stdout.strip() + ("+" if changed is None or changed.returncode else "")


def keep(name: str, line: dict[str, object]) -> None:
    """Add a line to a file of the docs, which ``python docs/figures.py`` reads."""
    with (DATA / f"{name}.jsonl").open("a", encoding="utf-8", newline="\n") as file:
        file.write(f"{json.dumps(line)}\n")


def _git(*arguments: str) -> subprocess.CompletedProcess[str] | None:
    try:
        return subprocess.run(("git", *arguments), cwd=ROOT, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        return None
