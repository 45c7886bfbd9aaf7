"""One limit over a selection, and a floor that money may stay below at a price."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction


class RuleKind(StrEnum):
    """What a rule limits."""

    AMOUNT = "amount"
    SHARE = "share"
    COUNT = "count"
    CHANGE = "change"
    LOCK = "lock"


class RuleBase(StrEnum):
    """What a rule is measured against (a share) or what it counts (a count)."""

    EVERYTHING = "everything"
    FUND = "fund"
    SELECTION = "selection"
    AWARDS = "awards"
    CLUSTERS = "clusters"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cells and draws a rule speaks of, as positions in the labels; empty means any."""

    regions: tuple[int, ...] = ()
    paths: tuple[int, ...] = ()
    industries: tuple[int, ...] = ()
    clusters: tuple[int, ...] = ()
    levers: tuple[int, ...] = ()
    funds: tuple[int, ...] = ()
    years: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One limit over a selection.

    Parameters
    ----------
    name : str
        The key of the rule, unique.
    kind : RuleKind
        ``amount``: whole money units over the whole selection and all its years together; with a base, the money of
        the selection less that of ``base_selection``, where the limits may be negative.
        ``share``: the money of the selection over the money of ``base``.
        ``count``: the number of awards (cells with money) or of clusters with an award; where funds are named, of
        draws on them. An award or draw counts from one whole unit on: give the cells a least award if that is too
        little.
        ``change``: the relative change of the money of the selection in each year of it against the last
        plan (-0.1 is ten per cent less).
        ``lock``: every cell of the selection gets exactly ``minimum`` (= ``maximum``) whole units, or,
        where both are None, what the last plan gave it. With funds selected, every draw instead.
    selection : Selection
        What the rule is about.
    minimum, maximum : Fraction or None
        The limits, exact; None is no limit. Whole numbers for amount, count and lock.
    base : RuleBase
        For a share: ``everything`` (all money awarded in the years of the selection), ``fund`` (the amounts
        of the purses of ``base_selection.funds`` in the years of the selection, spent or not) or ``selection``
        (the money awarded in ``base_selection``; its years are those of the selection if it names none).
        For a count: ``awards`` or ``clusters``. For an amount: ``selection`` where it is measured against
        ``base_selection``. Else ``everything``, without meaning.
    base_selection : Selection
        See ``base``.

    Raises
    ------
    ValueError
        If a limit has a denominator above 10**9 or a numerator above 10**18.
    """

    name: str
    kind: RuleKind
    selection: Selection
    minimum: Fraction | None
    maximum: Fraction | None
    base: RuleBase = RuleBase.EVERYTHING
    base_selection: Selection = Selection()

    def __post_init__(self) -> None:
        """Refuse a limit that cannot be a whole coefficient of 64 bits."""
        for limit in (self.minimum, self.maximum):
            if limit is not None and (limit.denominator > 10**9 or abs(limit.numerator) > 10**18):
                raise ValueError(f"rule {self.name}: the limit {limit} is out of range; give at most 9 decimals.")


@dataclass(frozen=True, slots=True)
class SoftFloor:
    """A floor that money may stay below, at a price.

    The objective loses ``price * max(0, minimum - level)``, the level and the minimum as `Rule` reads them, in printed
    units of money.

    Parameters
    ----------
    rule : Rule
        An amount, a share or a change with a minimum and no maximum.
    price : Fraction
        Objective per printed unit of money that is missing; positive.
    """

    rule: Rule
    price: Fraction

    def __post_init__(self) -> None:
        """Refuse what is no floor of money, or has no price."""
        kinds = (RuleKind.AMOUNT, RuleKind.SHARE, RuleKind.CHANGE)
        if self.rule.kind not in kinds or self.rule.minimum is None or self.rule.maximum is not None or self.price <= 0:
            raise ValueError(f"soft floor {self.rule.name}: it needs money, a minimum alone and a price above 0.")
