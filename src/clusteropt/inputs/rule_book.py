"""Many rules that are alike but for their cluster, held as arrays and written out one by one where somebody asks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, overload

from clusteropt.inputs.rule import Rule, RuleKind, Selection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

FAMILY_FROM = 1_000
"""Of fewer rules each is an object of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class RuleFamily:
    """Amount rules without a base, one for each of some clusters.

    Parameters
    ----------
    name : str
        That of the row they come from; a rule is called by it and, in brackets, by its cluster.
    selection : Selection
        What each is about beside its cluster.
    cluster : array of shape (num_rules,)
        Positions, increasing.
    labels : tuple of str
        The keys of these clusters.
    minimum, maximum : array of shape (num_rules,) or None
        Limits, whole units; None is no limit.
    """

    name: str
    selection: Selection
    cluster: Ints
    labels: tuple[str, ...]
    minimum: Ints | None
    maximum: Ints | None

    def __len__(self) -> int:
        """Give the number of rules."""
        return len(self.labels)

    @property
    def names(self) -> list[str]:
        """The names of the rules."""
        return [f"{self.name} [{label}]" for label in self.labels]

    def rule(self, number: int) -> Rule:
        """Write one rule out."""
        low, high = (
            None if limits is None else Fraction(int(limits[number])) for limits in (self.minimum, self.maximum)
        )
        selection = replace(self.selection, clusters=(int(self.cluster[number]),))
        return Rule(f"{self.name} [{self.labels[number]}]", RuleKind.AMOUNT, selection, low, high)


class RuleBook(Sequence[Rule]):
    """Rules and families of rules in order, read as a sequence of rules.

    Parameters
    ----------
    parts : iterable of Rule or RuleFamily
        In order.
    """

    def __init__(self, parts: Iterable[Rule | RuleFamily]) -> None:
        self.parts = tuple(parts)
        self.starts: list[int] = []
        self._num = 0
        for part in self.parts:
            self.starts.append(self._num)
            self._num += len(part) if isinstance(part, RuleFamily) else 1

    def __len__(self) -> int:
        """Give the number of rules."""
        return self._num

    @overload
    def __getitem__(self, number: int) -> Rule: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[Rule, ...]: ...
    def __getitem__(self, number: int | slice) -> Rule | tuple[Rule, ...]:
        """Write a rule, or some, out."""
        if isinstance(number, slice):
            return tuple(self[one] for one in range(*number.indices(self._num)))
        place = range(self._num)[number]
        which = bisect_right(self.starts, place) - 1
        part = self.parts[which]
        return part.rule(place - self.starts[which]) if isinstance(part, RuleFamily) else part

    def __iter__(self) -> Iterator[Rule]:
        """Write all rules out, one after the other."""
        for part in self.parts:
            if isinstance(part, RuleFamily):
                yield from map(part.rule, range(len(part)))
            else:
                yield part


def loose_rules(rules: Sequence[Rule]) -> Iterator[tuple[int, Rule]]:
    """Give the rules that are of no family, with their positions."""
    if not isinstance(rules, RuleBook):
        yield from enumerate(rules)
        return
    for start, part in zip(rules.starts, rules.parts, strict=True):
        if isinstance(part, Rule):
            yield start, part


def families(rules: Sequence[Rule]) -> Iterator[tuple[int, RuleFamily]]:
    """Give the families, with the position of their first rule."""
    if isinstance(rules, RuleBook):
        for start, part in zip(rules.starts, rules.parts, strict=True):
            if isinstance(part, RuleFamily):
                yield start, part


def join_rules(rules: Sequence[Rule], more: Iterable[Rule]) -> Sequence[Rule]:
    """Give rules, then others, with their families kept."""
    return RuleBook((*rules.parts, *more)) if isinstance(rules, RuleBook) else (*rules, *more)


def rule_names(rules: Sequence[Rule]) -> Iterator[str]:
    """Give the name of every rule, in order."""
    if not isinstance(rules, RuleBook):
        yield from (rule.name for rule in rules)
        return
    for part in rules.parts:
        if isinstance(part, RuleFamily):
            yield from part.names
        else:
            yield part.name
