"""The verb that plans again: what is paid stays, what is open is decided anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusteropt.errors import InfeasibleError
from clusteropt.plan.making import solve
from clusteropt.study.actuals import read_actuals
from clusteropt.study.opening import leave, open_problem
from clusteropt.study.past import make_past
from clusteropt.study.replan import MoveReason, Replan, ReplanOptions
from clusteropt.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.problem import Ints, Problem
    from clusteropt.plan.plan import Plan
    from clusteropt.study.actuals import Actuals
    from clusteropt.study.opening import Opened
    from clusteropt.study.past import Past
    from clusteropt.study.purses import Legacy


@dataclass(frozen=True, slots=True, eq=False)
class OpenYears:
    """The years that are left to plan, once what was paid in the closed ones is known.

    Parameters
    ----------
    past : Past
        What the closed years leave behind.
    actuals : Actuals
        What was paid, and what was seen of outcomes.
    opened : Opened
        The problem of the open years and what its money rests on.
    """

    past: Past
    actuals: Actuals
    opened: Opened

    @property
    def problem(self) -> Problem:
        """The problem of the open years, to solve or to diagnose like any other."""
        return self.opened.problem

    def replanned(self, made: Plan) -> Replan:
        """Put a plan of the open years beside the old one."""
        past, opened = self.past, self.opened
        return Replan(
            problem=opened.problem,
            plan=made,
            closed=past.problem.labels.years[: past.num_closed],
            moved=_moved(past, made, opened.legacies),
            actual=_actual(past, self.actuals),
            notes=opened.notes,
        )


def open_years(
    problem: Problem,
    plan: Plan,
    actuals: pd.DataFrame | str | Path,
    options: ReplanOptions = ReplanOptions(),  # noqa: B008 (frozen)
) -> OpenYears:
    """Make the problem of the open years, and do not solve it; parameters and faults as in `replan`."""
    found = read_actuals(problem, plan, actuals)
    past = make_past(problem, plan, found)
    return OpenYears(past, found, open_problem(past, options.share))


def replan(
    problem: Problem,
    plan: Plan,
    actuals: pd.DataFrame | str | Path,
    options: ReplanOptions = ReplanOptions(),  # noqa: B008 (frozen)
) -> Replan:
    """Plan the open years again, given what was really paid in the closed ones.

    Stocks and money under way follow what was paid. Rules that speak of closed and open years keep their limits, less
    what the closed years took of them. Outcomes that were seen are told beside the planned ones; coefficients stay what
    the tables say.

    Parameters
    ----------
    problem : Problem
        What was planned, read from files or tables.
    plan : Plan
        Its plan.
    actuals : DataFrame or path of a CSV file
        What was paid: cluster, lever, fund, year, amount and, where known, outcome. The years in it are the closed
        ones: the first of the plan, without a gap. What is not listed got nothing.
    options : ReplanOptions
        How much may change, and the limits of the solve.

    Returns
    -------
    Replan
        The problem of the open years, its plan, and what moved.

    Raises
    ------
    InputError
        If anything is wrong with the actuals, or they leave something that no plan can meet; all faults at once.
    InfeasibleError
        If no plan of the open years obeys what is left of the rules; `open_years` gives the problem to diagnose.
    """
    opened = open_years(problem, plan, actuals, options)
    try:
        return opened.replanned(solve(opened.problem, options.options))
    except InfeasibleError as refusal:
        raise _of_open_years(refusal) from None


def _of_open_years(refusal: InfeasibleError) -> InfeasibleError:
    """Say of a refusal which problem it speaks of: the whole one, which is at hand, has a plan."""
    said = refusal.message
    return InfeasibleError(
        Text(
            f"{said.en} The problem is that of the open years: open_years(problem, plan, actuals, options).problem.",
            f"{said.zh}此处的问题指剩余年度的问题: open_years(problem, plan, actuals, options).problem。",
        )
    )


def _by_cell(plan: Plan) -> Ints:
    """Add the money of a plan up, shape (num_clusters, num_levers, num_years)."""
    labels, awards = plan.labels, plan.awards
    found = np.zeros((len(labels.clusters), len(labels.levers), len(labels.years)), np.int64)
    np.add.at(found, (awards.cluster, awards.lever, awards.year), awards.amount)
    return found


def _moved(past: Past, made: Plan, legacies: list[Legacy]) -> pd.DataFrame:
    """Put the old and the new money of open years side by side, each with its reason."""
    labels, num_closed = past.problem.labels, past.num_closed
    old = _by_cell(past.plan)
    before, after = old[:, :, num_closed:], _by_cell(made)
    closed = slice(num_closed)
    more = (past.by_cell[:, :, closed] - old[:, :, closed]).sum(axis=(1, 2))
    purses = _changed_purses(past, legacies)
    places = np.argwhere((before > 0) | (after > 0))
    rows = [
        (
            labels.clusters[cluster],
            labels.levers[lever],
            labels.years[num_closed + year],
            int(before[cluster, lever, year]),
            int(after[cluster, lever, year]),
            _reason(
                int(after[cluster, lever, year] - before[cluster, lever, year]),
                int(more[cluster]),
                other=bool(purses[cluster, lever, year]),
            ),
        )
        for cluster, lever, year in places.tolist()
    ]
    return pd.DataFrame(rows, columns=["cluster", "lever", "year", "before", "after", "reason"])


def _reason(change: int, more: int, *, other: bool) -> str:
    """Name the nearest cause: the cluster itself, then the purses open to the cell, then the rest of the plan."""
    if not change:
        return MoveReason.NONE.value
    if more:
        return MoveReason.SPENT_MORE.value if more > 0 else MoveReason.SPENT_LESS.value
    return MoveReason.PURSE.value if other else MoveReason.OTHER.value


def _changed_purses(past: Past, legacies: list[Legacy]) -> np.ndarray:
    """Mark cells some fund of which has another amount by the year, shape (num_clusters, num_levers, num_open)."""
    problem, num_closed = past.problem, past.num_closed
    marked = np.zeros((problem.num_clusters, problem.num_levers, problem.num_years - num_closed), dtype=bool)
    for fund, (legacy, planned) in enumerate(zip(legacies, leave(past, planned=True), strict=True)):
        own = problem.draw_fund == fund
        for year in range(num_closed, problem.num_years):
            if legacy.comes(num_closed, year) != planned.comes(num_closed, year):
                marked[problem.draw_cluster[own], problem.draw_lever[own], year - num_closed :] = True
                break
    return marked


def _actual(past: Past, actuals: Actuals) -> pd.DataFrame:
    """Put what was planned and what was paid in closed years side by side, and outcomes where they were seen."""
    problem, plan, num_closed = past.problem, past.plan, past.num_closed
    labels, old, paid = problem.labels, _by_cell(plan), past.by_cell
    planned_outcome = np.zeros(old.shape)
    planned_outcome[plan.cells.cluster, plan.cells.lever, plan.cells.year] = plan.cells.outcome
    told = np.full(old.shape, np.nan)
    told[:, :, :num_closed] = actuals.outcome
    shown = (old > 0) | (paid > 0) | np.isfinite(told)
    places = np.argwhere(shown[:, :, :num_closed])
    rows = [
        (
            labels.clusters[c],
            labels.levers[k],
            labels.years[t],
            int(old[c, k, t]),
            int(paid[c, k, t]),
            float(planned_outcome[c, k, t]),
            float(told[c, k, t]),
        )
        for c, k, t in places.tolist()
    ]
    columns = ["cluster", "lever", "year", "planned", "paid", "planned_outcome", "outcome"]
    return pd.DataFrame(rows, columns=columns)
