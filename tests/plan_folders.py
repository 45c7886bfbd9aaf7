"""Plan folders to be changed and checked: what a forger could do who also mends every digest."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def read_plan(folder: Path) -> Any:
    """Give what plan.json holds under ``plan``."""
    return json.loads((folder / "plan.json").read_text(encoding="utf-8"))["plan"]


def write_plan(folder: Path, plan: Any) -> None:
    """Write plan.json with the digest that belongs to it."""
    text = json.dumps(plan, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    document = {"format": "clusteropt-plan-3", "sha256": hashlib.sha256(text.encode()).hexdigest(), "plan": plan}
    (folder / "plan.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def change_plan(folder: Path, change: Callable[[Any], object]) -> None:
    """Change the plan of a folder in place, and mend its digest."""
    plan = read_plan(folder)
    change(plan)
    write_plan(folder, plan)


def mend_digests(folder: Path) -> None:
    """Write the digests of the inputs as they are now into the certificate."""
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "inputs").iterdir()}
    change_plan(folder, lambda plan: plan["certificate"].update(inputs=files))


def read_rows(folder: Path, table: str) -> list[dict[str, str]]:
    """Read a table of the inputs, every value as text."""
    text = (folder / "inputs" / f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def write_rows(folder: Path, table: str, rows: list[dict[str, str]]) -> None:
    """Write a table of the inputs and mend the digests."""
    file = io.StringIO()
    columns = list(dict.fromkeys(column for row in rows for column in row))
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (folder / "inputs" / f"{table}.csv").write_text(file.getvalue(), encoding="utf-8")
    mend_digests(folder)


def change_cell(folder: Path, table: str, row: int, column: str, value: str) -> None:
    """Change one value of a table of the inputs and mend the digests."""
    rows = read_rows(folder, table)
    rows[row][column] = value
    write_rows(folder, table, rows)
