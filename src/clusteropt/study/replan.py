"""What a re-plan is: the plan of the open years, what moved against the old one, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from clusteropt.study.words import replan_lines
from clusteropt.text import Language, Text

if TYPE_CHECKING:
    import pandas as pd

    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Problem
    from clusteropt.plan.plan import Plan


class MoveReason(StrEnum):
    """Why the money of a cell is another one now."""

    SPENT_LESS = "spent_less"
    SPENT_MORE = "spent_more"
    PURSE = "purse"
    OTHER = "other"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ReplanOptions:
    """How to plan again.

    Parameters
    ----------
    most_change : Fraction, float or None
        The money of every cluster in every open year stays within this share of what the old plan gave it; None is no
        limit. A float is taken as the decimal that it is written as.
    options : SolveOptions or None
        Limits of the solve; None takes those of the problem.

    Raises
    ------
    ValueError
        If ``most_change`` is negative or not finite.
    """

    most_change: Fraction | float | None = None
    options: SolveOptions | None = None

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        if self.most_change is not None and not 0 <= self.most_change < float("inf"):
            raise ValueError(
                f"most_change is {self.most_change}; give a share of at least 0. / 请给出不小于 0 的比例。"
            )

    @property
    def share(self) -> Fraction | None:
        """The limit as an exact number."""
        return None if self.most_change is None else Fraction(str(self.most_change))


@dataclass(frozen=True, slots=True, eq=False)
class Replan:
    """The plan of the open years beside the old one.

    Parameters
    ----------
    problem : Problem
        The problem of the open years; `write_plan_files` writes it beside its plan.
    plan : Plan
        Its plan.
    closed : tuple of int
        The years that are closed.
    moved : DataFrame
        Every cluster, lever and open year with money in either plan: cluster, lever, year, before, after, reason.
    actual : DataFrame
        Every cluster, lever and closed year with money: cluster, lever, year, planned, paid, planned_outcome, outcome.
        Outcomes that were seen stand beside the planned ones and change no coefficient.
    notes : tuple of Text
        What a reader must know of how the closed years were carried over.
    """

    problem: Problem
    plan: Plan
    closed: tuple[int, ...]
    moved: pd.DataFrame
    actual: pd.DataFrame
    notes: tuple[Text, ...]

    @property
    def text(self) -> Text:
        """What moved and why, as lines in both languages."""
        lines = replan_lines(self)
        return Text("\n".join(line.en for line in lines), "\n".join(line.zh for line in lines))

    def read(self, language: Language) -> str:
        """Give what moved and why in one language."""
        return self.text.read(language)

    def __str__(self) -> str:
        return self.read(Language.EN)
