"""Why a plan is as it is: what purses are worth, what rules cost, why every cell got what it got."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from clusteropt.explanation.bracket import Bracket
    from clusteropt.explanation.programme_reasons import ProgrammeReason
    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import RuleKind
    from clusteropt.plan.certificate import Side
    from clusteropt.plan.plan import Plan
    from clusteropt.text import Text


class Part(StrEnum):
    """What is explained.

    ``purses``: what more money is worth. ``rules``: what they cost. ``cells``: why they got what they got.
    ``forced``: what the plan loses by giving a cell its next level now; one more solve a cell.
    """

    PURSES = "purses"
    RULES = "rules"
    CELLS = "cells"
    FORCED = "forced"


class Stop(StrEnum):
    """What keeps a cell from getting more.

    ``most``: it has the most it may get. ``rule``: rules. ``worth``: more brings less than its money is worth
    elsewhere. ``no_gain``: more brings nothing. ``least``, ``menu``: its purses have less left than its least award,
    or its next level. ``purse``: they have nothing left. ``gap``: nothing; the search ended before placing it.
    """

    MOST = "most"
    RULE = "rule"
    WORTH = "worth"
    NO_GAIN = "no_gain"
    LEAST = "least"
    MENU = "menu"
    PURSE = "purse"
    GAP = "gap"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainOptions:
    """What to explain, and how.

    Parameters
    ----------
    step : float
        How much richer a purse is made, as a share of what it holds (of the mean purse where it holds nothing); at
        least one whole unit.
    parts : frozenset of Part
        What is explained.
    clusters : tuple of str
        The clusters whose cells are explained; empty: all.
    solve : SolveOptions or None
        Limits; those of the problem if not given. The time is that of all solves together.

    Raises
    ------
    ValueError
        If the step is not a share above 0 and up to 1.
    """

    step: float = 0.01
    parts: frozenset[Part] = frozenset((Part.PURSES, Part.RULES, Part.CELLS))
    clusters: tuple[str, ...] = ()
    solve: SolveOptions | None = None

    def __post_init__(self) -> None:
        """Check the range."""
        if not 0 < self.step <= 1:
            raise ValueError(f"step is {self.step}; give a share of the purse, above 0 and up to 1.")


@dataclass(frozen=True, slots=True)
class Step:
    """How far an explanation has come.

    Parameters
    ----------
    done, num : int
        Solves done, and in all.
    seconds : float
        Wall-clock time since the start.
    what : Text
        What is looked at next.
    """

    done: int
    num: int
    seconds: float
    what: Text


@dataclass(frozen=True, slots=True)
class PurseWorth:
    """What more money in a purse is worth.

    Parameters
    ----------
    fund, year : int
        Positions.
    held, unspent : int
        Whole units in the purse, and left in it by the plan.
    step : int
        Whole units by which it was made richer.
    worth : Bracket
        Objective gained per printed unit of the step (for least money: money saved per unit of money), from optimum to
        optimum, whole units and choices included.
    """

    fund: int
    year: int
    held: int
    unspent: int
    step: int
    worth: Bracket


@dataclass(frozen=True, slots=True)
class RuleSide:
    """How one limit of a rule stands.

    Parameters
    ----------
    side : Side
        The limit.
    year : int
        Position of the year for a change rule, else -1.
    level, limit, slack : int
        What is reached, what is asked, and what is left to it: whole units of money, for a count what it counts.
    """

    side: Side
    year: int
    level: int
    limit: int
    slack: int


@dataclass(frozen=True, slots=True)
class RuleCost:
    """What a rule costs.

    Parameters
    ----------
    name : str
        Its key.
    kind : RuleKind
        What it limits.
    words : Text
        What it asks.
    sides : tuple of RuleSide
        How its limits stand.
    cost : Bracket
        The optimum without the rule less the optimum with it (for least money: the whole units saved).
    """

    name: str
    kind: RuleKind
    words: Text
    sides: tuple[RuleSide, ...]
    cost: Bracket


@dataclass(frozen=True, slots=True)
class CellReason:
    """Why a cell got what it got. Worths and prices are objective per printed unit of money, NaN where not known.

    Parameters
    ----------
    cluster, lever, year : int
        Positions.
    amount : int
        Whole units it got.
    last, next : float
        What a unit of the step down (to one unit less, the level below, or nothing) is worth, and of the step up (to
        one unit more, the level above, or the least award). Nothing else moves.
    price : float
        What the cheapest money costs it: the price of its purse and of the rules it counts for.
    purse_price : float
        The part of the purse in that.
    rule_prices : tuple of (str, float)
        The parts of the rules in that; negative where a rule asks for more.
    stop : Stop
        Why it does not get more.
    rules : tuple of str
        The rules that stop it.
    level : int or None
        The next level of its menu, or the least award of a cell without money; None for others.
    factor : float
        By how much its coefficient would have to be multiplied to pay for that level at the prices; 1 where it does.
    money : int or None
        How many whole units of that level somebody else would have to pay; None where no number does it.
    forced : Bracket or None
        What the plan loses if it gets that level now; None where not asked for, or no plan gives it.
    """

    cluster: int
    lever: int
    year: int
    amount: int
    last: float
    next: float
    price: float
    purse_price: float
    rule_prices: tuple[tuple[str, float], ...]
    stop: Stop
    rules: tuple[str, ...]
    level: int | None
    factor: float
    money: int | None
    forced: Bracket | None = None


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a plan is as it is.

    Parameters
    ----------
    plan : Plan
        The plan.
    purses : tuple of PurseWorth
        Purses that somebody may draw on.
    rules : tuple of RuleCost
        All rules, in order.
    cells : tuple of CellReason
        Cells that money can reach.
    programmes : tuple of ProgrammeReason
        Every option of every programme; with the cells.
    forced : bool
        Whether next levels were forced: a cell with a next level and no bracket for it has no plan that gives it.
    complete : bool
        Whether every solve that was wanted ended in time; else some brackets are open.
    seconds : float
        Wall-clock time.
    """

    plan: Plan
    purses: tuple[PurseWorth, ...]
    rules: tuple[RuleCost, ...]
    cells: tuple[CellReason, ...]
    programmes: tuple[ProgrammeReason, ...]
    forced: bool
    complete: bool
    seconds: float

    @cached_property
    def purse_worth(self) -> pd.DataFrame:
        """Purses: fund, year, held, unspent, step, then the worth per printed unit and how it was found."""
        labels = self.plan.labels
        rows = [
            (labels.funds[p.fund], labels.years[p.year], p.held, p.unspent, p.step, *_ends(p.worth))
            for p in self.purses
        ]
        return pd.DataFrame(rows, columns=["fund", "year", "held", "unspent", "step", *BRACKET_COLUMNS])

    @cached_property
    def rule_cost(self) -> pd.DataFrame:
        """Sides of rules: rule, kind, side, year, level, limit, slack, then the cost of the rule."""
        years = self.plan.labels.years
        rows = [
            (r.name, r.kind.value, s.side.value, years[s.year] if s.year >= 0 else None, s.level, s.limit, s.slack,
             *_ends(r.cost))
            for r in self.rules
            for s in r.sides
        ]  # fmt: skip
        names = ["rule", "kind", "side", "year", "level", "limit", "slack", *BRACKET_COLUMNS]
        return pd.DataFrame(rows, columns=names).astype({"year": "Int64"})

    @cached_property
    def cell_reasons(self) -> pd.DataFrame:
        """Cells: cluster, lever, year, amount, worths, prices, what stops them, what the next level would take."""
        labels = self.plan.labels
        rows = [
            (labels.clusters[c.cluster], labels.levers[c.lever], labels.years[c.year], c.amount, c.last, c.next,
             c.price, c.purse_price, c.stop.value, "|".join(c.rules), c.level, c.factor, c.money,
             *(_ends(c.forced) if c.forced is not None else (None,) * len(BRACKET_COLUMNS)))
            for c in self.cells
        ]  # fmt: skip
        names = ["cluster", "lever", "year", "amount", "last", "next", "price", "purse_price", "stop", "rules"]
        forced = [f"forced_{name}" for name in BRACKET_COLUMNS]
        frame = pd.DataFrame(rows, columns=[*names, "level", "factor", "money", *forced])
        return frame.astype({"level": "Int64", "money": "Int64"})

    @cached_property
    def programme_reasons(self) -> pd.DataFrame:
        """Options of programmes: programme, option, year, cost, worth, price, standing."""
        years = self.plan.labels.years
        rows = [
            (p.programme, p.option, years[p.year], p.cost, p.worth, p.price, p.standing.value) for p in self.programmes
        ]
        return pd.DataFrame(rows, columns=["programme", "option", "year", "cost", "worth", "price", "standing"])


BRACKET_COLUMNS = ("low", "high", "low_way", "high_way", "low_proof", "high_proof")


def _ends(bracket: Bracket) -> tuple[float, float, str, str, str, str]:
    low, high = bracket.low, bracket.high
    return low.value, high.value, low.way.value, high.way.value, low.proof.value, high.proof.value
