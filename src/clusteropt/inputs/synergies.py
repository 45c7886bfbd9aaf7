"""Sets of levers that work together, read from their table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.faults import Faults, Place, shorten, suggest
from clusteropt.inputs.problem import Synergy
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusteropt.inputs.names import Names
    from clusteropt.inputs.parsing import TypedTable


def read_synergies(typed: TypedTable, names: Mapping[str, Names], faults: Faults) -> tuple[Synergy, ...]:
    """Read the table; a row with a path wins over one without, for the same levers."""
    if not len(typed):
        return ()
    num_paths = len(names["path"].index)
    found: dict[tuple[int, ...], dict[int, float]] = {}
    frame = typed.frame
    path_of = names["path"].positions(typed.text("path"))
    rows = zip(frame.index, path_of, frame["path"], frame["levers"], frame["gain"], strict=True)
    for row, path, path_name, text, gain in rows:
        if text is None or (path < 0 and path_name is not None):
            continue
        levers = _levers(int(row), text, names["lever"], faults)
        if len(levers) < 2:
            continue
        gains = found.setdefault(levers, {})
        if path in gains:
            problem = Text("an earlier row names the same levers on this path.", "前面的行已有相同路径与工具的组合。")
            faults.add(Place("synergies", int(row), "levers", text), problem, Text("Keep one.", "请只保留一行。"))
        gains[int(path)] = gain
    keys = names["lever"].index
    return tuple(
        Synergy(
            "+".join(keys[lever] for lever in levers),
            levers,
            np.array([gains.get(path, gains.get(-1, 0.0)) for path in range(num_paths)], dtype=float),
        )
        for levers, gains in found.items()
    )


def _levers(row: int, text: str, known: Names, faults: Faults) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split("+")]
    positions = [known.position(part) for part in parts]
    place = Place("synergies", row, "levers", text)
    unknown = [part for part, position in zip(parts, positions, strict=True) if position < 0]
    for part in unknown:
        problem = Text(f"there is no lever {shorten(part)!r}.", f"没有政策工具 {shorten(part)!r}。")
        faults.add(place, problem, suggest(part, known.index) if faults.room > 0 else problem)
    if unknown:
        return ()
    if len(set(positions)) < len(positions) or len(positions) < 2:
        problem = Text("a synergy needs two or more different levers.", "协同需要两种以上不同的政策工具。")
        faults.add(place, problem, Text("Join them by +, as in talent+finance.", "请用 + 连接, 如 talent+finance。"))
        return ()
    return tuple(sorted(positions))
