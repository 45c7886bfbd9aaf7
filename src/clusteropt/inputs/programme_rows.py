"""Options of programmes as a planner writes them, read into positions, years and exact shares."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from clusteropt.inputs.columns import ColumnKind
from clusteropt.inputs.faults import Faults, Place, shorten, suggest
from clusteropt.inputs.numbers import exacts, why_not
from clusteropt.inputs.parsing import marked
from clusteropt.inputs.programme_tables import OPTION_SIGN, YES
from clusteropt.inputs.references import check_sum
from clusteropt.inputs.selections import RowReader
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from clusteropt.inputs.names import Names
    from clusteropt.inputs.parsing import TypedTable

    Options = dict[str, list[str]]

PROGRAMMES, COSTS = "programmes", "programme_costs"
ITSELF = {
    "requires": (
        Text("a programme cannot require itself.", "项目不能以自身为前提。"),
        Text("Remove it.", "请删除。"),
    ),
    "excludes": (
        Text("a programme cannot exclude itself.", "项目不能排除自身。"),
        Text("Remove it; of its options at most one is taken anyway.", "请删除; 同一项目本来至多实施一种方案。"),
    ),
}
"""What is wrong where a condition names the programme it belongs to."""


class Named(NamedTuple):
    """A programme as a condition names it: in any of its options, or in one."""

    programme: str
    option: str | None

    def __str__(self) -> str:
        return self.programme if self.option is None else label(self.programme, self.option)


class Cost(NamedTuple):
    """What an option takes from a fund, so many years after its start."""

    fund: int
    after: int
    cost: int


class Share(NamedTuple):
    """The part of the gain of an option that a cluster gets."""

    cluster: int
    part: Fraction


@dataclass(frozen=True, slots=True)
class Option:
    """A row of the programmes table, read, with its costs.

    Parameters
    ----------
    row : int
        Where it stands.
    programme, option : str
        Its key; the option may be empty.
    name : Text
        What a planner reads.
    group : str or None
        Of the options of a group at most one is taken.
    must : bool
        Whether one option of the group, or of the programme, is taken.
    lever : int
        Position; -1 for none.
    starts : tuple of int
        Positions of the years in which it may start, increasing.
    gain : float
        Outcome a year.
    shares : tuple of Share
        How the gain is split.
    lag, lasts : int
        Years from the start to the first gain, and years of gain.
    requires, excludes : tuple of Named
        What must have started by then, and what is never taken as well.
    take_up : int
        So many of ``requires`` suffice.
    costs : tuple of Cost
        Positive costs.
    to_path : int
        Position of the path that its clusters move to; -1 for none.
    needs_lever, needs_stock : int
        The lever, -1 for none, whose stock must be there in each of the clusters, and how much of it in whole units.
    """

    row: int
    programme: str
    option: str
    name: Text
    group: str | None
    must: bool
    lever: int
    starts: tuple[int, ...]
    gain: float
    shares: tuple[Share, ...]
    lag: int
    lasts: int
    requires: tuple[Named, ...]
    excludes: tuple[Named, ...]
    take_up: int
    costs: tuple[Cost, ...]
    to_path: int
    needs_lever: int
    needs_stock: int

    @property
    def label(self) -> str:
        """The key as conditions name it."""
        return label(self.programme, self.option)


class _Row(NamedTuple):
    """The fields of one row of the programmes table."""

    row: int
    programme: str | None
    option: str | None
    name: str | None
    name_zh: str | None
    group: str | None
    must: str | None
    clusters: str | None
    shares: str | None
    lever: str | None
    start: str | None
    gain: float
    lag: int
    lasts: int
    requires: str | None
    take_up: int
    excludes: str | None
    to_path: str | None
    needs_lever: str | None
    needs_stock: int


class _CostRow(NamedTuple):
    """The fields of one row of the costs."""

    row: int
    programme: str | None
    option: str | None
    fund: str | None
    after: int
    cost: int


def label(programme: str, option: str) -> str:
    """Write the key of an option as one name."""
    return f"{programme}{OPTION_SIGN}{option}" if option else programme


def read_options(tables: Mapping[str, TypedTable], names: Mapping[str, Names], faults: Faults) -> tuple[Option, ...]:
    """Read both tables of programmes; rows without a readable key are passed over.

    Parameters
    ----------
    tables : dict of str to TypedTable
        All tables.
    names : dict of str to Names
        The names.
    faults : Faults
        Where to note what is wrong.

    Returns
    -------
    tuple of Option
        Programme by programme in the order in which they first appear, options in the order of their rows.
    """
    if not len(tables[PROGRAMMES]) and not len(tables[COSTS]):
        return ()
    frame = tables[PROGRAMMES].frame
    known: Options = defaultdict(list)
    for programme, option in zip(frame["programme"], frame["option"], strict=True):
        if programme is not None:
            known[programme].append(option or "")
    costs = _read_costs(tables[COSTS], names, known, faults)
    found: dict[str, list[Option]] = {programme: [] for programme in known}
    for row in map(_Row._make, _rows(frame, _Row._fields)):
        if row.programme is not None:
            reader = RowReader(PROGRAMMES, int(row.row), names, faults)
            found[row.programme].append(_option(row, costs.get((row.programme, row.option or ""), []), known, reader))
    return tuple(option for options in found.values() for option in options)


def _rows(frame: pd.DataFrame, fields: tuple[str, ...]) -> Iterator[tuple[object, ...]]:
    return zip(frame.index, *(frame[name] for name in fields[1:]), strict=True)


def _whole(value: int, default: int) -> int:
    return default if pd.isna(value) else int(value)


def _option(row: _Row, costs: list[Cost], known: Options, reader: RowReader) -> Option:
    assert row.programme is not None
    option = row.option or ""
    key = label(row.programme, option)
    if not option and any(known[row.programme]):
        problem = Text(
            "the programme has several options, and this one has no key.", "项目有多种方案, 但该方案没有键。"
        )
        reader.fault("option", None, problem, Text("Give every option a key.", "请为每种方案填写键。"))
    num_years = len(reader.names["year"].index)
    requires = _named("requires", row.requires, row.programme, known, reader)
    starts = range(num_years) if row.start is None else _positions("start", "year", row.start, reader)
    return Option(
        row=reader.row,
        programme=row.programme,
        option=option,
        name=Text(row.name or key, row.name_zh or row.name or key),
        group=row.group,
        must=row.must == YES,
        lever=-1 if row.lever is None else reader.names["lever"].position(row.lever),
        starts=tuple(sorted(starts)),
        gain=0.0 if pd.isna(row.gain) else float(row.gain),
        shares=_shares(row.shares, _positions("clusters", "cluster", row.clusters, reader), reader),
        lag=_whole(row.lag, 0),
        lasts=_whole(row.lasts, num_years),
        requires=requires,
        excludes=_named("excludes", row.excludes, row.programme, known, reader),
        take_up=_take_up(row, len(requires), reader),
        costs=tuple(costs),
        to_path=-1 if row.to_path is None else reader.names["path"].position(row.to_path),
        needs_lever=-1 if row.needs_lever is None else reader.names["lever"].position(row.needs_lever),
        needs_stock=_whole(row.needs_stock, 0),
    )


def _once(column: str, text: str, parts: list[str], reader: RowReader) -> list[str]:
    """Give the parts of a list, each once; note one that stands there twice."""
    kept = dict.fromkeys(parts)
    if len(kept) < len(parts):
        twice = shorten(next(part for part, number in Counter(parts).items() if number > 1))
        problem = Text(f"{twice!r} stands there twice.", f"{twice!r} 重复出现。")
        reader.fault(column, text, problem, Text("Name it once.", "请只写一次。"))
    return list(kept)


def _positions(column: str, kind: str, text: str | None, reader: RowReader) -> list[int]:
    """Look up names joined by |, in their order."""
    if text is None:
        return []
    parts = _once(column, text, [part.strip() for part in text.split("|")], reader)
    return [reader.position(column, kind, part) for part in parts]


def _shares(text: str | None, clusters: list[int], reader: RowReader) -> tuple[Share, ...]:
    """Read how the gain is split: equal parts where nothing is said."""
    if text is None or not clusters:
        return tuple(Share(cluster, Fraction(1, len(clusters))) for cluster in clusters)
    parts = [part.strip() for part in text.split("|")]
    if len(parts) != len(clusters):
        problem = Text(
            f"there are {len(parts)} shares for {len(clusters)} clusters.",
            f"有 {len(parts)} 个比例, 但有 {len(clusters)} 个集群。",
        )
        reader.fault("shares", text, problem, Text("Give each cluster its share.", "请为每个集群填写一个比例。"))
        return ()
    numbers, bad = exacts([part or "?" for part in parts])
    for part, number, unread in zip(parts, numbers, bad, strict=True):
        if unread:
            reader.fault("shares", part, *why_not(part, ColumnKind.EXACT))
        elif not 0 <= number <= 1:
            problem = Text("a share must be 0 to 1.", "比例须在 0 到 1 之间。")
            reader.fault("shares", part, problem, Text("Write a share such as 0.4.", "请填写比例, 如 0.4。"))
    return () if bad.any() else tuple(map(Share, clusters, numbers))


def _take_up(row: _Row, num_read: int, reader: RowReader) -> int:
    """Read how many of those required suffice: all where nothing is said."""
    num = 0 if row.requires is None else len({part.strip() for part in row.requires.split("|")})
    if row.requires is not None and _whole(row.take_up, num) > num:
        problem = Text(f"it asks for {row.take_up} of {num}.", f"要求 {row.take_up} 个, 但只列出 {num} 个。")
        remedy = Text("Lower take_up, or name more in requires.", "请降低 take_up, 或在 requires 中补充。")
        reader.fault("take_up", str(row.take_up), problem, remedy)
    return _whole(row.take_up, num_read)


def _named(column: str, text: str | None, own: str, known: Options, reader: RowReader) -> tuple[Named, ...]:
    """Look up what a condition names."""
    if text is None:
        return ()
    pairs = [[piece.strip() for piece in part.split(OPTION_SIGN, 1)] for part in text.split("|")]
    found = []
    for part in _once(column, text, [OPTION_SIGN.join(pair) for pair in pairs], reader):
        programme, sign, option = part.partition(OPTION_SIGN)
        named = Named(programme, option if sign else None)
        if not _check_option(column, named, known, reader):
            continue
        if programme == own:
            problem, remedy = ITSELF[column]
            reader.fault(column, part, problem, remedy)
            continue
        found.append(named)
    return tuple(found)


def _check_option(column: str, named: Named, known: Options, reader: RowReader) -> bool:
    """Tell whether there is such a programme and, where one is named, such an option; note it if not."""
    programme, option = named
    whose = shorten(programme)
    if programme not in known:
        problem = Text(f"there is no programme {whose!r}.", f"没有项目 {whose!r}。")
        reader.fault(column, programme, problem, suggest(programme, known) if reader.faults.room > 0 else problem)
        return False
    if option is None or option in known[programme]:
        return True
    options = [name for name in known[programme] if name]
    problem = Text(
        f"programme {whose!r} has no option {shorten(option)!r}.", f"项目 {whose!r} 没有方案 {shorten(option)!r}。"
    )
    if not option:
        problem = Text(f"programme {whose!r} has options, and none is named.", f"项目 {whose!r} 有多种方案, 但未指明。")
    remedy = Text("Its only option has no key; name none.", "该项目只有一种无键的方案; 请勿填写。")
    if options:
        remedy = suggest(option, options) if reader.faults.room > 0 else problem
    reader.fault(column, option or None, problem, remedy)
    return False


def _read_costs(
    typed: TypedTable, names: Mapping[str, Names], known: Options, faults: Faults
) -> dict[tuple[str, str], list[Cost]]:
    """Read what options cost, by their keys."""
    found: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    check_sum(typed, "cost", faults)
    _check_cost_keys(typed, faults)
    for row in map(_CostRow._make, _rows(typed.frame, _CostRow._fields)):
        if row.programme is None:
            continue
        reader = RowReader(COSTS, int(row.row), names, faults)
        named = Named(row.programme, row.option or "")
        column = "option" if row.programme in known else "programme"
        _check_option(column, named, known, reader)
        cost = _whole(row.cost, 0)
        if cost > 0 and row.fund is not None:
            found[row.programme, row.option or ""].append(
                Cost(names["fund"].position(row.fund), _whole(row.after, 0), cost)
            )
    return found


def _check_cost_keys(typed: TypedTable, faults: Faults) -> None:
    """Note a key that stands there with the years empty and, the same, with the years 0."""
    read = ~typed.unread["after"]
    keys = typed.part(typed.table.keys)[read]
    twice = typed.given("programme").copy()
    twice[~read] = False
    twice[read] &= (keys.assign(after=keys["after"].fillna(0)).duplicated() & ~keys.duplicated()).to_numpy()
    for row, after in faults.that_fit(marked(typed, "after", twice)):
        problem = Text(
            "an earlier row has the same key: empty and 0 years are the same.", "前面的行已有相同的键: 空值即 0 年。"
        )
        faults.add(Place(COSTS, row, "after", after or None), problem, Text("Keep one of the rows.", "请只保留一行。"))
