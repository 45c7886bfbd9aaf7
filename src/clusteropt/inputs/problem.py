"""A planning problem as frozen, labelled arrays: what every later room reads.

Index letters used throughout: ``c`` cluster, ``l`` lever, ``f`` fund, ``t`` year, ``p`` path,
``r`` region, ``i = (c, l, t)`` cell. A *purse* is one fund in one year. A *draw* is a pair of a
fund and a (cluster, lever) that may draw on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.options import SolveOptions
from clusteropt.inputs.rule import Rule, RuleBase, RuleKind, Selection, SoftFloor
from clusteropt.inputs.rule_book import join_rules
from clusteropt.text import Text, Texts

__all__ = [
    "Labels", "LastPlan", "Menus", "Money", "Objective", "ObjectiveKind", "Problem",
    "RegionMeasure", "ResponseFamily", "Rule", "RuleBase", "RuleKind", "Selection", "SoftFloor", "Synergy",
]  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from clusteropt.inputs.kept import KeptInputs
    from clusteropt.inputs.ledger import Ledger
    from clusteropt.inputs.programmes import Programmes

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Positions = NDArray[np.int32]


class ResponseFamily(StrEnum):
    """The shape of a response phi: phi(0) = 0, phi'(0) = 1, concave, increasing."""

    LINEAR = "linear"
    EXPONENTIAL = "exponential"
    LOG = "log"
    HYPERBOLIC = "hyperbolic"


class ObjectiveKind(StrEnum):
    """What the plan is best at."""

    TOTAL = "total"
    WORST_REGION = "worst_region"
    EQUITY = "equity"
    LEAST_MONEY = "least_money"


class RegionMeasure(StrEnum):
    """How the outcomes of regions are made comparable."""

    TOTAL = "total"
    PER_SIZE = "per_size"


@dataclass(frozen=True, slots=True)
class Money:
    """The whole unit that amounts are counted in, and the unit they are printed in.

    Parameters
    ----------
    unit : Text
        The name of one whole unit.
    printed : Text
        The name of the printed unit.
    per_printed : int
        Whole units in one printed unit; a power of ten.
    """

    unit: Text = Text("yuan", "元")
    printed: Text = Text("10,000 yuan", "万元")
    per_printed: int = 10_000


@dataclass(frozen=True, slots=True)
class Labels:
    """The names behind every position in the arrays.

    The first field of each pair holds the keys of the tables; the second what a planner reads.
    """

    clusters: tuple[str, ...]
    cluster_names: tuple[Text, ...] | Texts
    regions: tuple[str, ...]
    region_names: tuple[Text, ...]
    industries: tuple[str, ...]
    industry_names: tuple[Text, ...]
    paths: tuple[str, ...]
    path_names: tuple[Text, ...]
    levers: tuple[str, ...]
    lever_names: tuple[Text, ...]
    funds: tuple[str, ...]
    fund_names: tuple[Text, ...]
    years: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Synergy:
    """A set of levers that earn ``gain[p]`` times the smallest of their outcomes on path p.

    Parameters
    ----------
    name : str
        The levers joined by ``+``.
    levers : tuple of int
        At least two positions of levers.
    gain : array of shape (num_paths,)
        Non-negative; a cluster between paths earns the mean by its memberships.
    """

    name: str
    levers: tuple[int, ...]
    gain: Floats


@dataclass(frozen=True, slots=True)
class Menus:
    """The awards to choose from, cell by cell, in one ragged array (rows of a CSR matrix).

    Parameters
    ----------
    start : array of shape (num_clusters * num_levers + 1,)
        Levels ``start[k]:start[k + 1]`` belong to the (cluster, lever) ``k = c * num_levers + l``; none means the
        cell is not from a menu.
    amount : array of shape (num_levels,)
        Whole money units, positive, increasing inside a cell.
    gain : array of shape (num_levels,)
        Outcome of the level before the weight of the cluster; NaN: from the curve.
    names : sequence of str
        The level of the table, per level.
    """

    start: Ints
    amount: Ints
    gain: Floats
    names: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Objective:
    """What the plan is best at.

    Parameters
    ----------
    kind : ObjectiveKind
        Total outcome; the worst region first, then total outcome; a concave sum over regions; or least money.
    measure : RegionMeasure
        For the two regional kinds: compare outcomes, or outcomes per unit of region size.
    equity_family : ResponseFamily
        For ``equity``: the concave family u applied to the outcome of every region.
    equity_scale : float or None
        For ``equity``: the outcome (per size, if so measured) at which u fades; None takes the mean over regions
        of what the pro-rata plan reaches.
    target : float or None
        For ``least_money``: the total outcome to reach.
    outcome : Text or None
        What outcome is counted in, such as invention patents a year; None if the model does not say.
    """

    kind: ObjectiveKind = ObjectiveKind.TOTAL
    measure: RegionMeasure = RegionMeasure.TOTAL
    equity_family: ResponseFamily = ResponseFamily.LOG
    equity_scale: float | None = None
    target: float | None = None
    outcome: Text | None = None


@dataclass(frozen=True, slots=True)
class LastPlan:
    """The money of the last plan, one entry per (cluster, lever, fund).

    Parameters
    ----------
    cluster, lever, fund : arrays of shape (num_entries,)
        Positions; fund -1 where the table names none.
    amount : array of shape (num_entries,)
        Whole money units of one year.
    """

    cluster: Positions
    lever: Positions
    fund: Positions
    amount: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """All a plan is made from, in read-only arrays.

    Parameters
    ----------
    name : str
        The name of the model.
    title : Text
        What the plan is called on paper.
    money : Money
        The unit of all amounts.
    labels : Labels
        The names behind the positions.
    region_of, industry_of, path_of : arrays of shape (num_clusters,)
        Positions of the region, the industry and the main path of each cluster.
    membership : array of shape (num_clusters, num_paths)
        How much of each path a cluster has; rows sum to 1.
    weight : array of shape (num_clusters,)
        What one unit of outcome of the cluster counts; non-negative.
    size : array of shape (num_clusters,)
        The size that pro-rata baselines and regional measures use; positive.
    features : array of shape (num_clusters, 5)
        Concentration, innovation, interaction, spill-over, growth, in 0..1; NaN where not given.
    family : tuple of ResponseFamily, length num_levers
        The response of each lever.
    depreciation : array of shape (num_levers,)
        The share of the stock lost in a year, in 0..1; 1 is a plain yearly budget.
    lag : array of shape (num_levers,)
        Whole years from the award to its effect.
    effect : array of shape (num_clusters, num_levers)
        e: outcome of the first money unit, before the weight; non-negative.
    scale : array of shape (num_clusters, num_levers)
        s: the money, in whole units, at which returns fade; positive.
    stock : array of shape (num_clusters, num_levers)
        Stock at the start of the first year, in money units; non-negative.
    least, most : arrays of shape (num_clusters, num_levers)
        Nothing-or-at-least ``least`` (0: any amount), at most ``most``, whole units per year.
    menus : Menus
        Cells that choose from a menu; ``least`` and ``most`` are 0 and the largest level there.
    purse : array of shape (num_funds, num_years)
        Whole units.
    draw_fund, draw_cluster, draw_lever : arrays of shape (num_draws,)
        Who may draw on which fund, sorted by cluster, lever, fund.
    synergies : tuple of Synergy
        Levers that work together.
    spill_from, spill_to, spill_share : arrays of shape (num_links,)
        The share of the outcome of the cells of ``from`` that also counts for ``to``; may be negative.
    rules : sequence of Rule
        The limits; where many are alike but for their cluster, a `RuleBook`.
    soft_floors : tuple of SoftFloor
        What money may stay below, at a price.
    last_plan : LastPlan
        What was awarded last, empty if unknown.
    objective : Objective
        What the plan is best at.
    discount : float
        Yearly discount rate of outcomes.
    factor_weights : dict of str to float
        Weights of the factor-formula baseline over features and ``size``; empty: no such baseline.
    notes : tuple of Text
        What a reader must know: proxies, unverified rows, guesses, tables switched off.
    digests : dict of str to str
        SHA-256 of every input, by table.
    ledger : Ledger or None
        How money moves between the years of a fund; None where every purse is a plain yearly one.
    programmes : Programmes or None
        Projects that are taken whole or not at all; None where there are none.
    arriving : array of shape (num_clusters, num_levers, num_years) or None
        Whole units awarded before the plan that join the stock in a year of it; None where there are none.
    leverage : array of shape (num_levers,)
        Private money that each unit of an award brings along; it works with the award, in ``effect`` and ``scale``.
    options : SolveOptions
        The limits of the model file, used where the caller gives none.
    kept : KeptInputs or None
        The files the problem was read from, to be written beside its plan; None for one made from arrays.
    """

    name: str
    title: Text
    money: Money
    labels: Labels
    region_of: Positions
    industry_of: Positions
    path_of: Positions
    membership: Floats
    weight: Floats
    size: Floats
    features: Floats
    family: tuple[ResponseFamily, ...]
    depreciation: Floats
    lag: Ints
    effect: Floats
    scale: Floats
    stock: Floats
    least: Ints
    most: Ints
    menus: Menus
    purse: Ints
    draw_fund: Positions
    draw_cluster: Positions
    draw_lever: Positions
    synergies: tuple[Synergy, ...] = ()
    spill_from: Positions = field(default_factory=lambda: np.zeros(0, np.int32))
    spill_to: Positions = field(default_factory=lambda: np.zeros(0, np.int32))
    spill_share: Floats = field(default_factory=lambda: np.zeros(0))
    rules: Sequence[Rule] = ()
    soft_floors: tuple[SoftFloor, ...] = ()
    last_plan: LastPlan = field(default_factory=lambda: LastPlan(*(np.zeros(0, np.int32),) * 3, np.zeros(0, np.int64)))
    objective: Objective = Objective()
    discount: float = 0.0
    factor_weights: dict[str, float] = field(default_factory=dict)
    notes: tuple[Text, ...] = ()
    digests: dict[str, str] = field(default_factory=dict)
    ledger: Ledger | None = None
    programmes: Programmes | None = None
    arriving: Ints | None = None
    leverage: Floats = field(default_factory=lambda: np.zeros(0))
    options: SolveOptions = field(default_factory=SolveOptions)
    kept: KeptInputs | None = None

    def __post_init__(self) -> None:
        """Refuse draws out of order, fill in what was left out, and make every array read-only."""
        if (np.diff(self.draw_cluster) < 0).any():
            raise ValueError("the draws are not in the order of their clusters.")
        if not len(self.leverage):
            object.__setattr__(self, "leverage", np.zeros(len(self.labels.levers)))
        holders: tuple[Problem | Menus | LastPlan | Synergy | Ledger | Programmes, ...] = (
            self,
            self.menus,
            self.last_plan,
            *self.synergies,
            *(() if self.ledger is None else (self.ledger,)),
            *(() if self.programmes is None else (self.programmes,)),
        )
        for holder in holders:
            for part in fields(holder):
                value = getattr(holder, part.name)
                if isinstance(value, np.ndarray):
                    value.setflags(write=False)

    @property
    def arrivals(self) -> Ints:
        """What joins the stocks from before the plan, shape (num_clusters, num_levers, num_years); zeros if nothing."""
        if self.arriving is not None:
            return self.arriving
        return np.zeros((self.num_clusters, self.num_levers, self.num_years), np.int64)

    @property
    def all_rules(self) -> Sequence[Rule]:
        """The rules, then those of the soft floors."""
        return join_rules(self.rules, (floor.rule for floor in self.soft_floors))

    @property
    def num_clusters(self) -> int:
        """Number of clusters."""
        return len(self.labels.clusters)

    @property
    def num_levers(self) -> int:
        """Number of levers."""
        return len(self.labels.levers)

    @property
    def num_funds(self) -> int:
        """Number of funds."""
        return len(self.labels.funds)

    @property
    def num_years(self) -> int:
        """Number of years."""
        return len(self.labels.years)

    def draws_of(self, clusters: Ints) -> Ints:
        """Give the positions of the draws of some clusters, in order of both; ``clusters`` are positions in order."""
        first, last = np.searchsorted(self.draw_cluster, np.stack((clusters, clusters + 1)).astype(np.int32))
        if len(clusters) == 1:
            return np.arange(first[0], last[0])
        size = last - first
        return np.asarray(np.repeat(first - np.cumsum(size) + size, size) + np.arange(size.sum()))

    @property
    def num_draws(self) -> int:
        """Number of (fund, cluster, lever) triples that may carry money."""
        return len(self.draw_fund)
