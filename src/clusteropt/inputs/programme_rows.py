"""Options of programmes as a planner writes them, read into positions, years and exact shares."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from clusteropt.inputs.columns import ColumnKind
from clusteropt.inputs.faults import Faults, Place, shorten, suggest
from clusteropt.inputs.numbers import exacts, why_not
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

    @property
    def label(self) -> str:
        """The key as conditions name it."""
        return label(self.programme, self.option)

    def is_named(self, named: Named) -> bool:
        """Tell whether a name means this option, alone or among others."""
        return self.programme == named.programme and named.option in (None, self.option)


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
    if not option and len(known[row.programme]) > 1:
        problem = Text(
            "the programme has several options, and this one has no key.", "项目有多种方案, 但该方案没有键。"
        )
        reader.fault("option", None, problem, Text("Give every option a key.", "请为每种方案填写键。"))
    num_years = len(reader.names["year"].index)
    requires = _named("requires", row.requires, row.programme, known, reader)
    clusters = [(reader.position("clusters", "cluster", part)) for part in _parts("clusters", row.clusters, reader)]
    starts = [reader.position("start", "year", part) for part in _parts("start", row.start, reader)]
    return Option(
        row=reader.row,
        programme=row.programme,
        option=option,
        name=Text(row.name or key, row.name_zh or row.name or key),
        group=row.group,
        must=row.must == YES,
        lever=-1 if row.lever is None else reader.names["lever"].position(row.lever),
        starts=tuple(sorted(starts)) if row.start is not None else tuple(range(num_years)),
        gain=0.0 if pd.isna(row.gain) else float(row.gain),
        shares=_shares(row.shares, clusters, reader),
        lag=_whole(row.lag, 0),
        lasts=_whole(row.lasts, num_years),
        requires=requires,
        excludes=_named("excludes", row.excludes, row.programme, known, reader),
        take_up=_take_up(row, requires, reader),
        costs=tuple(costs),
    )


def _parts(column: str, text: str | None, reader: RowReader) -> list[str]:
    """Split what is joined by |, and note what stands there twice."""
    if text is None:
        return []
    parts = [part.strip() for part in text.split("|")]
    kept = dict.fromkeys(parts)
    if len(kept) < len(parts):
        twice = next(part for number, part in enumerate(parts) if part in parts[:number])
        problem = Text(f"{shorten(twice)!r} stands there twice.", f"{shorten(twice)!r} 重复出现。")
        reader.fault(column, text, problem, Text("Name it once.", "请只写一次。"))
    return list(kept)


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


def _take_up(row: _Row, requires: tuple[Named, ...], reader: RowReader) -> int:
    asked = _whole(row.take_up, len(requires))
    num = len(set((row.requires or "").split("|")))
    if row.requires is not None and asked > num:
        problem = Text(f"it asks for {asked} of {num}.", f"要求 {asked} 个, 但只列出 {num} 个。")
        remedy = Text("Lower take_up, or name more in requires.", "请降低 take_up, 或在 requires 中补充。")
        reader.fault("take_up", str(asked), problem, remedy)
    return asked


def _named(column: str, text: str | None, own: str, known: Options, reader: RowReader) -> tuple[Named, ...]:
    """Look up what a condition names."""
    found = []
    for part in _parts(column, text, reader):
        programme, sign, option = (piece.strip() for piece in part.partition(OPTION_SIGN))
        if not _check_option(column, programme, option if sign else None, known, reader):
            continue
        if programme == own:
            problem = Text("a programme cannot name itself here.", "此处不能填写项目自身。")
            if column == "excludes":
                problem = Text(
                    "a programme cannot exclude itself; one option of it at most is taken anyway.",
                    "项目不能排除自身; 同一项目本来至多实施一种方案。",
                )
            reader.fault(column, part, problem, Text("Remove it.", "请删除。"))
            continue
        found.append(Named(programme, option if sign else None))
    return tuple(found)


def _check_option(column: str, programme: str, option: str | None, known: Options, reader: RowReader) -> bool:
    """Tell whether there is such a programme and, where one is named, such an option; note it if not."""
    if programme not in known:
        shown = shorten(programme)
        problem = Text(f"there is no programme {shown!r}.", f"没有项目 {shown!r}。")
        reader.fault(column, programme, problem, suggest(programme, known) if reader.faults.room > 0 else problem)
        return False
    if option is None or option in known[programme]:
        return True
    options = [name for name in known[programme] if name]
    shown, whose = shorten(option), shorten(programme)
    problem = Text(f"programme {whose!r} has no option {shown!r}.", f"项目 {whose!r} 没有方案 {shown!r}。")
    remedy = (
        suggest(option, options) if options else Text("It has one option, without a key.", "该项目只有一种无键的方案。")
    )
    reader.fault(column, option or None, problem, remedy)
    return False


def _read_costs(
    typed: TypedTable, names: Mapping[str, Names], known: Options, faults: Faults
) -> dict[tuple[str, str], list[Cost]]:
    """Read what options cost, by their keys."""
    found: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    first: dict[tuple[str, str, str | None, int], int] = {}
    check_sum(COSTS, typed.frame["cost"], faults)
    for row in map(_CostRow._make, _rows(typed.frame, _CostRow._fields)):
        if row.programme is None:
            continue
        reader = RowReader(COSTS, int(row.row), names, faults)
        key, after = (row.programme, row.option or ""), _whole(row.after, 0)
        column = "programme" if row.programme not in known else "option"
        _check_option(column, *key, known, reader)
        before = first.setdefault((*key, row.fund, after), reader.row)
        # A key that is written in full twice is a fault already; an empty number of years is 0.
        if before != reader.row and not after:
            written = typed.frame.loc[[before, reader.row], "after"].isna()
            if written.iloc[0] != written.iloc[1]:
                problem = Text(f"the key stands already in row {before}.", f"该键已在第 {before} 行出现。")
                faults.add(Place(COSTS, reader.row, "after"), problem, Text("Keep one of the rows.", "请只保留一行。"))
        cost = _whole(row.cost, 0)
        if cost > 0 and row.fund is not None:
            found[key].append(Cost(names["fund"].position(row.fund), after, cost))
    return found
