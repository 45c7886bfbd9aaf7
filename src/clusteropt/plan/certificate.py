"""The certificate of a plan: what shows, without the solver, that it obeys the rules and how good it can be at most."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from clusteropt.plan.arrays import Floats, Ints


class Proof(StrEnum):
    """What stands behind a bound.

    ``exact``: rational arithmetic on multipliers. ``safe``: the same in floats, widened by more than their rounding.
    ``kkt``: multipliers of the arrays, with parts of the caller's own that no table holds, so that only this package
    can re-compute it. ``claimed``: what a solver says.
    """

    EXACT = "exact"
    SAFE = "safe"
    KKT = "kkt"
    CLAIMED = "claimed"


class Relaxed(StrEnum):
    """What holds within a cluster or a pick and is priced all the same, as no exact search of it is short."""

    SYNERGY = "synergy"
    STOCK = "stock"
    NEED = "need"


class Side(StrEnum):
    """Which limit of a rule is meant."""

    MIN = "min"
    MAX = "max"


@dataclass(frozen=True, slots=True, eq=False)
class PursePrices:
    """Prices of what funds can pay in a year, or in the years of a span; what is not listed has price 0.

    Parameters
    ----------
    fund : array of shape (num_prices,)
        Positions.
    years : tuple of str
        The years of each limit, joined by ``+``.
    price : array of shape (num_prices,)
        Objective per whole unit of money, non-negative.
    """

    fund: Ints
    years: tuple[str, ...]
    price: Floats


@dataclass(frozen=True, slots=True, eq=False)
class RulePrices:
    """Prices of the sides of rules; a side that is not listed has price 0.

    Parameters
    ----------
    rule : tuple of str
        Keys of the rules.
    side : tuple of Side
        The limit priced.
    year : array of shape (num_prices,)
        Position of the year for a change rule, else -1.
    price : array of shape (num_prices,)
        Objective per whole unit of money (for a count: per award, draw or cluster), non-negative.
    """

    rule: tuple[str, ...]
    side: tuple[Side, ...]
    year: Ints
    price: Floats


@dataclass(frozen=True, slots=True, eq=False)
class SynergyShares:
    """How the gain of every synergy is shared over its levers.

    Parameters
    ----------
    synergy : tuple of str
        Keys: levers joined by ``+``.
    cluster, year, lever : arrays of shape (num_shares,)
        Positions.
    share : array of shape (num_shares,)
        Non-negative; those of one synergy, cluster and year sum to 1.
    """

    synergy: tuple[str, ...]
    cluster: Ints
    year: Ints
    lever: Ints
    share: Floats


@dataclass(frozen=True, slots=True, eq=False)
class StockPrices:
    """What a unit of stock is worth, for levers that keep one.

    Parameters
    ----------
    cluster, lever, year : arrays of shape (num_prices,)
        Positions.
    price : array of shape (num_prices,)
        Objective per whole unit of stock in the year.
    """

    cluster: Ints
    lever: Ints
    year: Ints
    price: Floats


@dataclass(frozen=True, slots=True, eq=False)
class NeedPrices:
    """Prices of the stocks that picks need; what is not listed has price 0.

    Parameters
    ----------
    programme, option : tuple of str
        Keys of the pick.
    year : array of shape (num_prices,)
        Position of the year when it starts.
    cluster : array of shape (num_prices,)
        Position of the cluster that must have the stock.
    price : array of shape (num_prices,)
        Objective per whole unit of stock, non-negative.
    """

    programme: tuple[str, ...]
    option: tuple[str, ...]
    year: Ints
    cluster: Ints
    price: Floats


NO_NEEDS = NeedPrices((), (), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


@dataclass(frozen=True, slots=True, eq=False)
class Multipliers:
    """The prices that prove a bound: any non-negative ones do, good ones prove a tight bound.

    Parameters
    ----------
    purse : PursePrices
        Prices of what funds can pay.
    rule : RulePrices
        Prices of amount, share, change and count rules; a lock needs none.
    region : array of shape (num_regions,) or (0,)
        For the worst region first: weights of the regions; for equity: slopes at their outcomes.
    target : float
        For least money: whole units of money per unit of outcome; else 0.
    synergy : SynergyShares
        Shares of the levers in the gains of synergies.
    stock : StockPrices
        Prices of stocks.
    need : NeedPrices
        Prices of stocks that picks need.
    """

    purse: PursePrices
    rule: RulePrices
    region: Floats
    target: float
    synergy: SynergyShares
    stock: StockPrices
    need: NeedPrices = NO_NEEDS


@dataclass(frozen=True, slots=True, eq=False)
class ProofNodes:
    """The nodes of a proof tree, each before those under its first side, and these before those under its second.

    Parameters
    ----------
    cluster, lever, year : arrays of shape (num_nodes,)
        Positions of the cell whose amount is split; of a pick only the year, when it starts; else -1.
    programme, option : tuple of str
        Keys of the pick that is split; else empty.
    edge : array of shape (num_nodes,)
        Whole units: the first side has at most so many, the second more; a pick is 0 or 1. -1 for a leaf.
    prices : array of shape (num_nodes,)
        What proves the bound of a leaf: 0 for the multipliers of the stage, k for the k-th of the tree; -1 for a split.
    """

    cluster: Ints
    lever: Ints
    year: Ints
    programme: tuple[str, ...]
    option: tuple[str, ...]
    edge: Ints
    prices: Ints

    @property
    def is_whole(self) -> bool:
        """Whether every side of a split ends in leaves, and no node is too many."""
        awaited = 1 + np.cumsum(np.where(self.prices < 0, 1, -1))
        return bool(len(awaited) and (awaited[:-1] > 0).all() and awaited[-1] == 0)


@dataclass(frozen=True, slots=True, eq=False)
class ProofTree:
    """A proof in parts: splits of amounts, whose leaves have multipliers each.

    Parameters
    ----------
    nodes : ProofNodes
        Splits and leaves.
    multipliers : tuple of Multipliers
        Those that are not the multipliers of the stage; leaves may share them.
    """

    nodes: ProofNodes
    multipliers: tuple[Multipliers, ...]

    @property
    def leaves(self) -> int:
        """How many leaves there are."""
        return int((self.nodes.prices >= 0).sum())


@dataclass(frozen=True, slots=True, eq=False)
class StageProof:
    """What is proved of one stage of the objective.

    Parameters
    ----------
    bound : float
        No plan exceeds this (for least money: undercuts); infinite where nothing is proved.
    proof : Proof
        How it is proved.
    multipliers : Multipliers or None
        What proves it; None where nothing is proved.
    tree : ProofTree or None
        How the problem was split to prove it; None where the multipliers prove it of the whole at once.
    """

    bound: float
    proof: Proof
    multipliers: Multipliers | None
    tree: ProofTree | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RuleLevels:
    """How every rule stands, in whole units of money (awards, draws or clusters for a count).

    Parameters
    ----------
    rule : tuple of str
        Keys; one entry for every side that a rule limits, and every year of a change rule.
    side : tuple of Side
        The limit.
    year : array of shape (num_entries,)
        Position of the year for a change rule, else -1.
    level, limit : arrays of shape (num_entries,)
        What is reached and what is asked; a share is turned into money and rounded to the safe side.
    price : array of shape (num_entries,)
        Objective that a soft floor loses for each printed unit that is missing; 0 for a limit that must hold.
    cost : array of shape (num_entries,)
        What a soft floor that is missed takes off the objective.
    """

    rule: tuple[str, ...]
    side: tuple[Side, ...]
    year: Ints
    level: Ints
    limit: Ints
    price: Floats
    cost: Floats

    @property
    def missing(self) -> list[int]:
        """What each soft floor lacks, whole units, rounded up; 0 for what holds."""
        return [max(-slack, 0) for slack in self.slack]

    @property
    def slack(self) -> list[int]:
        """What is left to each limit; in a plan never negative but for soft floors."""
        pairs = zip(self.side, self.level.tolist(), self.limit.tolist(), strict=True)
        return [level - limit if side is Side.MIN else limit - level for side, level, limit in pairs]


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """What a plan proves of itself.

    Parameters
    ----------
    inputs : dict of str to str
        SHA-256 of every file of the input as written beside the plan; empty for a problem made from arrays.
    own : bool
        Whether the plan was made with constraints, variables or an objective of the caller's own, which no table holds.
    rules : RuleLevels
        How every rule stands.
    stages : tuple of StageProof
        One for every stage of the plan.
    """

    inputs: dict[str, str]
    own: bool
    rules: RuleLevels
    stages: tuple[StageProof, ...]

    @property
    def bound(self) -> float:
        """The bound proved of the objective first in precedence; infinite where nothing is proved."""
        return self.stages[0].bound

    @property
    def relaxed(self) -> tuple[Relaxed, ...]:
        """What the proofs price although it holds within a cluster or a pick; their bounds are the looser for it."""
        proofs = [stage.multipliers for stage in self.stages if stage.multipliers]
        return tuple(kind for kind in Relaxed if any(_prices(proof, kind) for proof in proofs))

    @property
    def leaves(self) -> int:
        """How many leaves the proof trees have over the stages; a bound that is proved at once is one leaf."""
        return sum(1 if stage.tree is None else stage.tree.leaves for stage in self.stages if stage.multipliers)

    @property
    def proof(self) -> Proof:
        """The weakest grade of proof over the stages."""
        return max((stage.proof for stage in self.stages), key=list(Proof).index)

    def gap(self, values: tuple[float, ...]) -> float:
        """Give the largest relative gap proved, |bound - value| / max(1e-9, |value|) over the stages."""
        gaps = [
            abs(stage.bound - value) / max(1e-9, abs(value)) for stage, value in zip(self.stages, values, strict=True)
        ]
        return max((gap for gap in gaps if not math.isnan(gap)), default=math.inf)


def _prices(proof: Multipliers, kind: Relaxed) -> bool:
    """Tell whether multipliers have prices of a kind."""
    if kind is Relaxed.SYNERGY:
        return len(proof.synergy.share) > 0
    return bool(np.any((proof.stock if kind is Relaxed.STOCK else proof.need).price))
