"""Programmes in the open years: those that started go on, those that cannot start any more are taken out.

A programme that started becomes one that must start in the first open year, with what is left of its costs and gains;
so requires, excludes, groups and moves of clusters stay what they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from clusteropt.inputs.faults import Faults, Place
from clusteropt.inputs.parsing import parse_table
from clusteropt.inputs.programme_rows import label
from clusteropt.inputs.programme_tables import YES
from clusteropt.inputs.tables import TABLES
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusteropt.inputs.raw_tables import RawTable
    from clusteropt.study.past import Past

    Row = dict[str, str]
    Key = tuple[str, str]

PROGRAMMES, COSTS = "programmes", "programme_costs"
KEPT = ("programme", "fund", "cost")
"""Columns that a table must have."""
GROUP, PROGRAMME = "group", "programme"


@dataclass(frozen=True, slots=True)
class Going:
    """The tables of programmes for the open years, and what a reader must know of them."""

    tables: dict[str, pd.DataFrame]
    notes: tuple[Text, ...]


def go_on(past: Past, raw: Mapping[str, RawTable], faults: Faults) -> Going:
    """Write the tables of programmes for the open years.

    Parameters
    ----------
    past : Past
        The closed years.
    raw : dict of str to RawTable
        The tables of the problem.
    faults : Faults
        Where to note what must be taken and cannot any more.
    """
    if past.problem.programmes is None:
        return Going({}, ())
    options, costs = _records(raw, PROGRAMMES), _records(raw, COSTS)
    started = _started(past)
    dead = _dead(past, options, started)
    _check_must(options, started, dead, faults)
    kept = [_live(past, row, options, started, dead) for row in options if _key(row) not in dead]
    paid = [cost for row in costs if _key(row) not in dead for cost in _cost(past, row, started)]
    tables = {name: _frame(rows) for name, rows in ((PROGRAMMES, kept), (COSTS, paid)) if rows}
    return Going(tables, _notes(started))


def _notes(started: dict[Key, int]) -> tuple[Text, ...]:
    if not started:
        return ()
    names = ", ".join(label(*key) for key in started)
    return (
        Text(
            f"Taken to have started as planned, and going on from the first open year: {names}.",
            f"视为已按计划启动, 自剩余年度首年起延续: {names}。",
        ),
    )


def _records(raw: Mapping[str, RawTable], name: str) -> list[Row]:
    """Give the rows of a table as text, numbers as they are read."""
    if name not in raw:
        return []
    frame = parse_table(TABLES[name], raw[name], Faults()).frame
    return [{str(column): _text(value) for column, value in record.items()} for record in frame.to_dict("records")]


def _text(value: object) -> str:
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124 (NaN is what differs from itself)
        return ""
    return repr(value) if isinstance(value, float) else str(value)


def _frame(rows: list[Row]) -> pd.DataFrame:
    """Make a table of rows, without the columns that nothing fills."""
    frame = pd.DataFrame(rows, dtype=object)
    return frame.loc[:, [bool((frame[column] != "").any()) or column in KEPT for column in frame.columns]]


def _key(row: Row) -> Key:
    return row["programme"], row["option"]


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split("|") if part.strip()]


def _started(past: Past) -> dict[Key, int]:
    """Give the options that started, and the positions of their years."""
    known, found = past.problem.programmes, {}
    assert known is not None
    for pick in past.picks.nonzero()[0].tolist():
        option = int(known.pick_option[pick])
        found[known.programme[option], known.option[option]] = int(known.pick_year[pick])
    return found


def _dead(past: Past, options: list[Row], started: dict[Key, int]) -> set[Key]:
    """Collect the options that can never be taken: others of a programme or group that started, too late, in need."""
    taken = {programme for programme, _ in started}
    groups = {row["group"] for row in options if _key(row) in started and row["group"]}
    last_open = {str(year) for year in past.open_years}
    dead: set[Key] = set()
    for row in options:
        late = bool(row["start"]) and not last_open & set(_split(row["start"]))
        other = row["programme"] in taken or row["group"] in groups
        if _key(row) not in started and (late or other):
            dead.add(_key(row))
    while True:
        spare = _spared(options, dead)
        more = {
            _key(row)
            for row in options
            if _key(row) not in {*dead, *started}
            and (_key(row) in spare or _left_to_require(row, options, dead) is None)
        }
        if not more:
            return dead
        dead |= more


def _spared(options: list[Row], dead: set[Key]) -> set[Key]:
    """Give the other options of programmes one option of which is all that is left of a group that must be taken."""
    found: set[Key] = set()
    for place in _must(options):
        left = [row for row in options if _place(row) == place and _key(row) not in dead]
        if place[0] == GROUP and len(left) == 1:
            found |= {_key(row) for row in options if row["programme"] == left[0]["programme"]} - {_key(left[0])}
    return found


def _place(row: Row) -> tuple[str, str]:
    """Give what `must` of a row is about: its group, or without one its programme."""
    return (GROUP, row["group"]) if row["group"] else (PROGRAMME, row["programme"])


def _must(options: list[Row]) -> list[tuple[str, str]]:
    return sorted({_place(row) for row in options if row["must"] == YES})


def _options_of(name: str, options: list[Row]) -> list[Key]:
    """Give the options that a name means: all of a programme, or one."""
    return [_key(row) for row in options if name in (row["programme"], label(*_key(row)))]


def _alive(names: list[str], options: list[Row], dead: set[Key]) -> list[str]:
    return [name for name in names if any(key not in dead for key in _options_of(name, options))]


def _left_to_require(row: Row, options: list[Row], dead: set[Key]) -> list[str] | None:
    """Give what an option can still require; None where that is too little."""
    names = _split(row["requires"])
    alive = _alive(names, options, dead)
    asked = int(row["take_up"]) if row["take_up"] else len(names)
    return alive if len(alive) >= asked else None


def _check_must(options: list[Row], started: dict[Key, int], dead: set[Key], faults: Faults) -> None:
    """Note programmes and groups of which one must be taken, and none can be any more."""
    members: dict[tuple[str, str], list[Key]] = {}
    for row in options:
        members.setdefault(_place(row), []).append(_key(row))
    begun = {programme for programme, _ in started}
    for column, name in _must(options):
        keys = members[column, name]
        if any(key not in dead for key in keys) or any(key in started or key[0] in begun for key in keys):
            continue
        faults.add(
            Place(PROGRAMMES, None, column, name),
            Text("it must be taken, did not start, and cannot start any more.", "必须实施, 但未启动且已无法启动。"),
            Text("Give it a later start, or empty must.", "请给出更晚的 start, 或清空 must。"),
        )


def _live(past: Past, row: Row, options: list[Row], started: dict[Key, int], dead: set[Key]) -> Row:
    """Write the row of an option that can still start, with what it names of those that are left."""
    excludes = _alive(_split(row["excludes"]), options, dead)
    changed = {"excludes": "|".join(excludes)}
    if _key(row) in started:
        return {**row, **changed, **_rest(past, row, started[_key(row)])}
    alone = sum(_place(other) == _place(row) and _key(other) not in dead for other in options) == 1
    if row["group"] and alone:
        changed["group"] = ""
    if _place(row) in _must(options):
        # The row that said so may be gone.
        changed["must"] = YES
    if row["requires"]:
        alive = _left_to_require(row, options, dead) or []
        asked = row["take_up"] or (str(len(alive)) if alive else "")
        changed |= {"requires": "|".join(alive), "take_up": asked if alive else ""}
    if row["start"]:
        years = {str(year) for year in past.open_years}
        changed["start"] = "|".join(year for year in _split(row["start"]) if year in years)
    return {**row, **changed}


def _rest(past: Past, row: Row, start: int) -> Row:
    """Give what is left of an option that started: it starts, and must, in the first open year."""
    came = start + int(row["lag"] or 0) - past.num_closed
    found = {"start": str(past.open_years[0]), "must": YES, "group": "", "lag": str(max(came, 0))}
    found |= dict.fromkeys(("requires", "take_up", "needs_lever", "needs_stock"), "")
    if row["lasts"]:
        left = int(row["lasts"]) + min(came, 0)
        found |= {"lasts": str(left)} if left > 0 else {"lasts": "", "gain": ""}
    return found


def _cost(past: Past, row: Row, started: dict[Key, int]) -> list[Row]:
    """Count the years of a cost of a programme that started from the first open year on; costs of closed years go."""
    if _key(row) not in started:
        return [row]
    after = int(row["after"] or 0) + started[_key(row)] - past.num_closed
    return [{**row, "after": str(after)}] if after >= 0 else []
