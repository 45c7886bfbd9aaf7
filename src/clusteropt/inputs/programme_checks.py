"""Checks across programmes: groups that say nothing, too many picks, and what must be taken and never can."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusteropt.inputs.faults import Place, shorten
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clusteropt.inputs.faults import Faults
    from clusteropt.inputs.programme_rows import Named, Option

TABLE = "programmes"
MOST_PICKS = 100_000
MOST_PARTS = 5_000_000
"""More costs, gains and terms of conditions than this would fill the memory."""


def check_options(options: Sequence[Option], num_years: int, faults: Faults) -> None:
    """Note what is wrong between options that are good by themselves.

    Parameters
    ----------
    options : sequence of Option
        The options.
    num_years : int
        Number of years of the plan.
    faults : Faults
        Where to note what is wrong.
    """
    _check_groups(options, faults)
    if _check_size(options, num_years, faults):
        _check_musts(options, faults)


def _check_groups(options: Sequence[Option], faults: Faults) -> None:
    groups = _by_group(options)
    for option in options:
        if option.group is not None and len(groups[option.group]) == 1:
            problem = Text("the group has this row only, so it limits nothing.", "该组只有这一行, 没有限制作用。")
            remedy = Text("Name the group in another row, or empty it.", "请在其他行填写该组, 或清空。")
            faults.add(Place(TABLE, option.row, "group", option.group), problem, remedy)


def _by_group(options: Sequence[Option]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for number, option in enumerate(options):
        if option.group is not None:
            groups[option.group].append(number)
    return groups


def _check_size(options: Sequence[Option], num_years: int, faults: Faults) -> bool:
    """Tell whether the picks and all that hangs on them fit; note it if not."""
    num_picks = sum(len(option.starts) for option in options)
    if num_picks > MOST_PICKS:
        problem = Text(
            f"options and start years make {num_picks:,} picks; at most {MOST_PICKS:,} are possible.",
            f"方案与启动年份共有 {num_picks:,} 种组合; 最多可为 {MOST_PICKS:,} 种。",
        )
        remedy = Text("Name fewer start years, or fewer options.", "请减少启动年份或方案。")
        faults.add(Place(TABLE, None, "start", str(num_picks)), problem, remedy)
        return False
    num_parts = sum(_parts(options, num_years))
    if num_parts > MOST_PARTS:
        problem = Text(
            f"the costs, gains and conditions of all picks have {num_parts:,} parts; at most {MOST_PARTS:,} fit.",
            f"全部组合的支出, 增益与条件共 {num_parts:,} 项; 最多可为 {MOST_PARTS:,} 项。",
        )
        remedy = Text("Name fewer start years, clusters or conditions.", "请减少启动年份, 集群或条件。")
        faults.add(Place(TABLE, None, "start", str(num_parts)), problem, remedy)
    return num_parts <= MOST_PARTS


def _parts(options: Sequence[Option], num_years: int) -> Iterator[int]:
    """Count, option by option, the costs and gains of its picks and the terms of its conditions, not below them."""
    picks: dict[tuple[str, str | None], int] = defaultdict(int)
    for option in options:
        picks[option.programme, option.option] += len(option.starts)
        picks[option.programme, None] += len(option.starts)
    for option in options:
        own = len(option.starts)
        yield own * (len(option.costs) + len(option.shares) * num_years)
        yield own * sum(picks[named] + 1 for named in option.requires)
        yield sum(picks[named] + own for named in option.excludes)


def _check_musts(options: Sequence[Option], faults: Faults) -> None:
    """Note a programme or group of which one must be taken where none can ever start."""
    if not any(option.must for option in options):
        return
    first, groups = _first_starts(options), _by_group(options)
    noted = set()
    for option in options:
        unit = (option.programme, None) if option.group is None else (None, option.group)
        if not option.must or unit in noted:
            continue
        of_programme = [number for number, other in enumerate(options) if other.programme == option.programme]
        members = of_programme if option.group is None else groups[option.group]
        if all(first[number] is None for number in members):
            noted.add(unit)
            problem = Text(
                f"one of {shorten(option.group or option.programme)!r} must be taken, but what its options require "
                "never starts in time, or is excluded.",
                f"{shorten(option.group or option.programme)!r} 必须实施一种, "
                "但其方案所要求的项目不能按时启动或被排除。",
            )
            remedy = Text(
                "Mend requires, excludes or start, or write no.", "请更正 requires, excludes 或 start, 或填写 no。"
            )
            faults.add(Place(TABLE, option.row, "must", "yes"), problem, remedy)


@dataclass(frozen=True, slots=True)
class _Needs:
    """What the options require of each other, by number."""

    options: Sequence[Option]
    meant: dict[Named, list[int]]
    barred: list[set[int]]

    def first_start(self, number: int, first: Sequence[int | None]) -> int | None:
        """Give the first year in which an option can start while the others start no earlier than ``first``."""
        option = self.options[number]
        if not option.requires:
            return first[number]
        ready = []
        for named in option.requires:
            others = (first[other] for other in self.meant[named] if other not in self.barred[number])
            ready.append(min((year for year in others if year is not None), default=None))
        years = sorted(year for year in ready if year is not None)
        if len(years) < option.take_up:
            return None
        return next((year for year in option.starts if year >= years[option.take_up - 1]), None)


def _first_starts(options: Sequence[Option]) -> list[int | None]:
    """Give the first year in which every option can start with what it requires; None if there is none.

    Options that require each other may start together, so all are taken to start as early as they may, and those
    that cannot are put off until nothing moves. Money and what others exclude of each other are set aside.
    """
    keys: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for number, option in enumerate(options):
        keys[option.programme, option.option].append(number)
        keys[option.programme, None].append(number)
    meant = {named: keys[named] for option in options for named in (*option.requires, *option.excludes)}
    barred: list[set[int]] = [set() for _ in options]
    waiting: list[list[int]] = [[] for _ in options]
    for number, option in enumerate(options):
        for other in (other for named in option.excludes for other in meant[named]):
            barred[number].add(other)
            barred[other].add(number)
        for other in (other for named in option.requires for other in meant[named]):
            waiting[other].append(number)
    needs = _Needs(options, meant, barred)
    first: list[int | None] = [option.starts[0] for option in options]
    doubtful = {number: None for number, option in enumerate(options) if option.requires}
    while doubtful:
        number, _ = doubtful.popitem()
        if first[number] is None:
            continue
        found = needs.first_start(number, first)
        if found != first[number]:
            first[number] = found
            doubtful.update(dict.fromkeys(waiting[number]))
    return first
