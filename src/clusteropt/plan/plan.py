"""A plan: who gets how much of what, when and from which purse, what it is worth, and how good it can be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clusteropt.inputs.options import SolveOptions
from clusteropt.inputs.problem import Labels, Money, Objective, ObjectiveKind
from clusteropt.plan.arrays import Floats, Ints
from clusteropt.plan.cash import CashFlow
from clusteropt.plan.certificate import Certificate, Proof
from clusteropt.plan.engine import EngineChoice
from clusteropt.plan.taken import (
    Moves,
    Promises,
    TakenProgrammes,
    path_frame,
    programme_frame,
    promise_frame,
)
from clusteropt.solver.claim import Limit, SolverRun
from clusteropt.solver.fault import SolverFault
from clusteropt.text import Text

PLAIN_COLUMNS = ("held", "awarded", "unspent")
"""What is said of a purse whose money stays in its year."""


class BaselineKind(StrEnum):
    """How money might be shared without optimising."""

    PRO_RATA = "pro_rata"
    EQUAL = "equal"
    LAST_PLAN = "last_plan"
    FACTORS = "factors"


class UnspentReason(StrEnum):
    """Why a purse keeps money."""

    NOBODY = "nobody"
    AT_MOST = "at_most"
    MENU = "menu"
    LEAST = "least"
    RULE = "rule"
    NO_GAIN = "no_gain"
    TARGET = "target"
    GAP = "gap"


@dataclass(frozen=True, slots=True, eq=False)
class Awards:
    """Money by draw and year, as positions in the labels; only what is more than nothing.

    Parameters
    ----------
    cluster, lever, year, fund : arrays of shape (num_awards,)
        Positions, sorted in this order.
    amount : array of shape (num_awards,)
        Whole units, positive.
    """

    cluster: Ints
    lever: Ints
    year: Ints
    fund: Ints
    amount: Ints


@dataclass(frozen=True, slots=True, eq=False)
class CellOutcomes:
    """What every cell with money or outcome gets and gives.

    Parameters
    ----------
    cluster, lever, year : arrays of shape (num_cells,)
        Positions.
    amount : array of shape (num_cells,)
        Whole units from all purses.
    outcome : array of shape (num_cells,)
        Outcome in the year, before any weight.
    value : array of shape (num_cells,)
        What the cell adds to the total outcome: weighted, discounted, spill-overs included.
    """

    cluster: Ints
    lever: Ints
    year: Ints
    amount: Ints
    outcome: Floats
    value: Floats


@dataclass(frozen=True, slots=True)
class Stage:
    """One objective of a plan, in order of precedence.

    Parameters
    ----------
    kind : ObjectiveKind or None
        What was sought; None is an objective of the caller's own.
    value : float
        Re-computed on the curves from the whole amounts.
    bound : float
        What no plan can exceed (for least money: undercut), as the solver claims it; what is proved stands in the
        certificate.
    """

    kind: ObjectiveKind | None
    value: float
    bound: float


@dataclass(frozen=True, slots=True)
class Baseline:
    """How the money would have been shared without optimising, under the same rules as far as it can meet them.

    Parameters
    ----------
    kind : BaselineKind
        The way of sharing.
    value : float
        The objective of the plan, for this sharing; for least money, the outcome it buys with the plan's money; for
        an objective of the caller's own, the total outcome.
    total_outcome : float
        Its total outcome.
    money : int
        Whole units it awards.
    moved : int
        Whole units that had to move between cells, or stay unspent, to meet the rules.
    gain : float
        (value of the plan - value) / value; for least money (target - value) / value; inf if value is 0.
    """

    kind: BaselineKind
    value: float
    total_outcome: float
    money: int
    moved: int
    gain: float


@dataclass(frozen=True, slots=True)
class Unspent:
    """Money that stays in a purse.

    Parameters
    ----------
    fund, year : int
        Positions.
    amount : int
        Whole units.
    reason : UnspentReason
        What stands in the way of most of those who may draw on it.
    rules : tuple of str
        The rules that do, if it is rules.
    """

    fund: int
    year: int
    amount: int
    reason: UnspentReason
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SolveRecord:
    """How a plan was made.

    Parameters
    ----------
    solver, solver_version, package_version, python_version : str
        Who made it.
    options : SolveOptions
        The limits asked for.
    choice : EngineChoice
        Which engine searched the plan, and why.
    seconds : float
        Wall-clock time of solving and rounding.
    limit : Limit or None
        The limit that ended it before the gap asked for.
    runs : tuple of SolverRun
        Every run, in order.
    faults : tuple of SolverFault
        Claims of the solver that could not be right, in order, and what was done about them.
    """

    solver: str
    solver_version: str
    package_version: str
    python_version: str
    options: SolveOptions
    choice: EngineChoice
    seconds: float
    limit: Limit | None
    runs: tuple[SolverRun, ...]
    faults: tuple[SolverFault, ...] = ()


@dataclass(frozen=True, eq=False)
class Plan:
    """The plan of a problem, in the user's labels and in whole units of money.

    Parameters
    ----------
    name : str
        The model.
    title : Text
        What the plan is called on paper.
    money : Money
        Units of the amounts.
    labels : Labels
        Names behind the positions.
    region_of, industry_of, path_of : arrays of shape (num_clusters,)
        Positions of region, industry and main path of each cluster.
    objective : Objective
        What was sought.
    stages : tuple of Stage
        Values and bounds, the first in precedence first.
    certificate : Certificate
        What the plan proves of itself: rules with their slack, bounds with their multipliers.
    awards : Awards
        The money.
    programmes : TakenProgrammes
        The options of programmes that are taken.
    promises : Promises
        What those options cost after the last year of the plan.
    moves : Moves
        The clusters that programmes move to another path.
    cells : CellOutcomes
        What it gives.
    synergy : array of shape (num_clusters,)
        What synergies add, by cluster.
    region_outcome : array of shape (num_regions,)
        Outcome by region, spill-overs from elsewhere included.
    total_outcome : float
        Outcome in all.
    purse : array of shape (num_funds, num_years)
        What came into the purses, whole units.
    leverage : array of shape (num_levers,)
        Private money that each unit of an award brings along.
    cash : CashFlow
        How the money of every fund moves from year to year.
    unspent : tuple of Unspent
        What they keep, and why.
    rounding_loss : float
        Objective lost by rounding to whole units (may be tiny and negative).
    pieces_error : float
        How far the tangents of the last formulation can stand above the curves anywhere: the a-priori error bound,
        in units of the objective. At the plan itself the bound holds on the curves, so it is not part of the gap.
    baselines : tuple of Baseline
        Comparisons; empty until `compare` is asked.
    notes : tuple of Text
        What a reader must know: proxies, unverified rows, regions left out.
    digests : dict of str to str
        SHA-256 of every input.
    record : SolveRecord
        How the plan was made.
    """

    name: str
    title: Text
    money: Money
    labels: Labels
    region_of: Ints
    industry_of: Ints
    path_of: Ints
    objective: Objective
    stages: tuple[Stage, ...]
    certificate: Certificate
    awards: Awards
    programmes: TakenProgrammes
    promises: Promises
    moves: Moves
    cells: CellOutcomes
    synergy: Floats
    region_outcome: Floats
    total_outcome: float
    purse: Ints
    leverage: Floats
    cash: CashFlow
    unspent: tuple[Unspent, ...]
    rounding_loss: float
    pieces_error: float
    baselines: tuple[Baseline, ...]
    notes: tuple[Text, ...]
    digests: dict[str, str]
    record: SolveRecord

    @property
    def value(self) -> float:
        """The objective first in precedence; for least money whole units of money."""
        return self.stages[0].value

    @property
    def bound(self) -> float:
        """What no plan can exceed (for least money: undercut), as the solver claims it."""
        return self.stages[0].bound

    @property
    def gap(self) -> float:
        """The largest relative gap claimed, |bound - value| / max(1e-9, |value|) over the stages."""
        return max(abs(s.bound - s.value) / max(1e-9, abs(s.value)) for s in self.stages)

    @property
    def proof(self) -> Proof:
        """What stands behind the bounds of the certificate."""
        return self.certificate.proof

    @property
    def safe_bound(self) -> float:
        """What no plan can exceed (for least money: undercut), as the multipliers of the certificate prove it."""
        return self.certificate.bound

    @property
    def safe_gap(self) -> float:
        """The largest relative gap proved over the stages; infinite where nothing is proved."""
        return self.certificate.gap(tuple(stage.value for stage in self.stages))

    @property
    def money_total(self) -> int:
        """Whole units awarded, without programmes."""
        return int(self.awards.amount.sum())

    @property
    def programme_money(self) -> int:
        """Whole units that programmes cost in the years of the plan."""
        return int(self.programmes.cost.sum())

    @property
    def programme_table(self) -> pd.DataFrame:
        """Every option that is taken: programme, option, year of its start, cost in the plan, value."""
        return programme_frame(self.programmes, self.labels)

    @cached_property
    def allocation(self) -> pd.DataFrame:
        """Every award: cluster, lever, year, fund, amount in whole units. Usable as the table ``last_plan``."""
        awards, labels = self.awards, self.labels
        return pd.DataFrame(
            {
                "cluster": _named(labels.clusters, awards.cluster),
                "lever": _named(labels.levers, awards.lever),
                "year": _years(labels, awards.year),
                "fund": _named(labels.funds, awards.fund),
                "amount": awards.amount,
            }
        )

    @cached_property
    def value_by_cell(self) -> pd.DataFrame:
        """Every cell with money or outcome: cluster, lever, year, amount, outcome, value."""
        cells, labels = self.cells, self.labels
        return pd.DataFrame(
            {
                "cluster": _named(labels.clusters, cells.cluster),
                "lever": _named(labels.levers, cells.lever),
                "year": _years(labels, cells.year),
                "amount": cells.amount,
                "outcome": cells.outcome,
                "value": cells.value,
            }
        )

    @property
    def promise_table(self) -> pd.DataFrame:
        """What is promised for the years after the plan: programme, option, fund, year, amount in whole units."""
        return promise_frame(self.promises, self.labels)

    @property
    def budget(self) -> pd.DataFrame:
        """Awards by fund, year and region in rows, by lever in columns, whole units; no rows without money."""
        awards, labels = self.awards, self.labels
        shape = (len(labels.funds), len(labels.years), len(labels.regions), len(labels.levers))
        money = np.zeros(shape, np.int64)
        np.add.at(money, (awards.fund, awards.year, self.region_of[awards.cluster], awards.lever), awards.amount)
        fund, year, region = np.nonzero(money.any(axis=3))
        frame = {
            "fund": _named(labels.funds, fund),
            "year": _years(labels, year),
            "region": _named(labels.regions, region),
        }
        return pd.DataFrame(frame | {lever: money[fund, year, region, k] for k, lever in enumerate(labels.levers)})

    @property
    def path_by_year(self) -> pd.DataFrame:
        """The path of every cluster: cluster, then a column a year; it changes where a programme moves the cluster."""
        return path_frame(self.moves, self.path_of, self.labels)

    @property
    def by_lever(self) -> pd.DataFrame:
        """Money and value by lever: lever, amount, share, awards, value; and the private money, where there is any."""
        frame = self._totals("lever", self.labels.levers, self.cells.lever)
        if self.leverage.any():
            frame["mobilised"] = [
                int(amount * Fraction(repr(float(more))))
                for amount, more in zip(frame["amount"].tolist(), self.leverage, strict=True)
            ]
        return frame

    @property
    def by_path(self) -> pd.DataFrame:
        """Money and value by the main path of the clusters."""
        return self._totals("path", self.labels.paths, self.path_of[self.cells.cluster])

    @property
    def by_region(self) -> pd.DataFrame:
        """Money, value of the own cells, and outcome counted for the region."""
        frame = self._totals("region", self.labels.regions, self.region_of[self.cells.cluster])
        frame["outcome"] = self.region_outcome
        return frame

    @property
    def by_industry(self) -> pd.DataFrame:
        """Money and value by industry."""
        return self._totals("industry", self.labels.industries, self.industry_of[self.cells.cluster])

    @property
    def by_cluster(self) -> pd.DataFrame:
        """Money and value by cluster."""
        return self._totals("cluster", self.labels.clusters, self.cells.cluster)

    @property
    def by_purse(self) -> pd.DataFrame:
        """Every purse: fund, year, held, awarded, unspent; with a ledger also what moves between years.

        held + carried_in + returned = committed + awarded + programmes + unspent + carried_out; in the last year
        nothing is carried out, as what is left then is unspent in this plan.
        """
        num_years = len(self.labels.years)
        purse = self.awards.fund * num_years + self.awards.year
        awarded = np.zeros(self.purse.size, np.int64)
        np.add.at(awarded, purse, self.awards.amount)
        fund, year = np.divmod(np.arange(self.purse.size), num_years)
        cash = self.cash
        columns = {
            "held": self.purse,
            "carried_in": cash.carried_in,
            "returned": cash.returned,
            "committed": cash.committed,
            "awarded": awarded,
            "programmes": cash.programmes,
            "unspent": cash.unspent,
            "carried_out": cash.carried_out,
        }
        frame = {"fund": _named(self.labels.funds, fund), "year": _years(self.labels, year)}
        for name, amounts in columns.items():
            # A column that only a ledger, or programmes, fill is left out where there are none.
            moved = bool(cash.programmes.any()) if name == "programmes" else cash.moves
            if moved or name in PLAIN_COLUMNS:
                frame[name] = amounts.ravel()
        return pd.DataFrame(frame)

    @property
    def unspent_money(self) -> pd.DataFrame:
        """Money left in purses and why: fund, year, amount, reason, rules."""
        rows = [
            (
                self.labels.funds[u.fund],
                self.labels.years[u.year],
                u.amount,
                u.reason.value,
                "|".join(u.rules),
            )
            for u in self.unspent
        ]
        return pd.DataFrame(rows, columns=["fund", "year", "amount", "reason", "rules"])

    @property
    def comparison(self) -> pd.DataFrame:
        """The plan against its baselines: sharing, value, total_outcome, money, moved, gain."""
        rows = [(b.kind.value, b.value, b.total_outcome, b.money, b.moved, b.gain) for b in self.baselines]
        return pd.DataFrame(rows, columns=["sharing", "value", "total_outcome", "money", "moved", "gain"])

    def largest_awards(self, num: int = 5) -> pd.DataFrame:
        """Give the largest awards: cluster, lever, year, amount from all purses, value."""
        order = np.lexsort((np.arange(len(self.cells.amount)), -self.cells.amount))[:num]
        return self.value_by_cell.iloc[order].reset_index(drop=True)

    def _totals(self, name: str, labels: tuple[str, ...], position: NDArray[np.int64]) -> pd.DataFrame:
        amount, awards = np.zeros(len(labels), np.int64), np.zeros(len(labels), np.int64)
        np.add.at(amount, position, self.cells.amount)
        np.add.at(awards, position, (self.cells.amount > 0).astype(np.int64))
        value = np.bincount(position, self.cells.value, len(labels))
        share = amount / max(self.money_total, 1)
        return pd.DataFrame({name: list(labels), "amount": amount, "share": share, "awards": awards, "value": value})


def _named(labels: tuple[str, ...], positions: NDArray[np.int64]) -> NDArray[np.object_]:
    return np.array(labels, dtype=object)[positions]


def _years(labels: Labels, positions: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.array(labels.years, dtype=np.int64)[positions]
