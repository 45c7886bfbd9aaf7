"""Collecting what is wrong, so that a planner hears of every fault at once."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from clusteropt.errors import Fault, InputError
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

MAX_LISTED = 200
MAX_SHOWN = 60
# Comparing with a million names would take minutes; the first few thousand give a hint often enough.
MAX_COMPARED = 2_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fault is.

    Parameters
    ----------
    table : str
        The table, or the file.
    row : int or None
        The row as numbered in the file.
    column : str or None
        The column or key.
    value : str or None
        What stands there.
    """

    table: str
    row: int | None = None
    column: str | None = None
    value: str | None = None


@dataclass(slots=True)
class Faults:
    """The faults found so far, at most ``MAX_LISTED`` of them in words and the rest as a number."""

    listed: list[Fault] = field(default_factory=list)
    num_more: int = 0

    def __bool__(self) -> bool:
        return bool(self.listed)

    @property
    def room(self) -> int:
        """How many more faults would be listed."""
        return MAX_LISTED - len(self.listed)

    def add(self, place: Place, problem: Text, remedy: Text) -> None:
        """Note one fault."""
        if self.room <= 0:
            self.num_more += 1
            return
        value = place.value if place.value is None else shorten(place.value)
        self.listed.append(Fault(place.table, place.row, place.column, value, problem, remedy))

    def that_fit(self, found: Iterable[T]) -> Iterator[T]:
        """Give as many of the things found as can be listed, one fault each, and count the rest."""
        things = list(found)
        room = self.room
        self.num_more += max(len(things) - room, 0)
        yield from things[:room]

    def stop_if_any(self) -> None:
        """Raise all faults together.

        Raises
        ------
        InputError
            If a fault was noted.
        """
        if not self.listed:
            return
        faults = list(self.listed)
        if self.num_more:
            problem = Text(f"and {self.num_more} more faults.", f"另有 {self.num_more} 处错误。")
            remedy = Text("Mend those above and read again.", "请先改正以上各处, 再重新读取。")
            faults.append(Fault(faults[-1].table, None, None, None, problem, remedy))
        raise InputError(faults) from None


def shorten(value: str) -> str:
    """Cut a value that is too long to be shown."""
    return value if len(value) <= MAX_SHOWN else f"{value[: MAX_SHOWN - 3]}..."


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Give the known name most like the one written, if any is alike."""
    folded = {candidate.casefold(): candidate for candidate in islice(known, MAX_COMPARED)}
    if name.casefold() in folded:
        return folded[name.casefold()]
    found = difflib.get_close_matches(name[:MAX_SHOWN], folded.values(), n=1, cutoff=cutoff)
    return found[0] if found else None


def suggest(name: str, known: Iterable[str]) -> Text:
    """Say which known name may be meant, or list the first few."""
    candidates = list(islice(known, MAX_COMPARED))
    found = nearest(name, candidates)
    if found is not None:
        return Text(f"Did you mean {found!r}?", f"是否指 {found!r}?")
    if not candidates:
        return Text("Remove it.", "请删除。")
    few = ", ".join(shorten(candidate) for candidate in candidates[:8])
    if len(candidates) > 8:
        return Text(f"Use one of: {few}, ...", f"请使用: {few} 等。")
    return Text(f"Use one of: {few}.", f"请使用: {few}。")
