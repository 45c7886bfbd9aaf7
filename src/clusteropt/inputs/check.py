"""One problem under check: masks, years and money of its selections, exact."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from clusteropt.inputs.ledger import payable_together
from clusteropt.text import Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from clusteropt.inputs.faults import Faults
    from clusteropt.inputs.problem import Ints, Money, Problem, Selection

    Mask = NDArray[np.bool_]
    Places = tuple[tuple[int, ...], ...]

LOW_BITS = 31
MOST_KEPT = 200
"""The clusters of so many selections are kept: most rules are asked for theirs again and again."""


def make_check(problem: Problem, faults: Faults) -> Check:
    """Put a problem under check."""
    reached = np.zeros((problem.num_clusters, problem.num_levers), dtype=bool)
    reached[problem.draw_cluster, problem.draw_lever] = True
    return Check(problem, reached, faults)


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One problem under check, with what every rule check needs.

    Parameters
    ----------
    problem : Problem
        What is checked.
    reached : bool array of shape (num_clusters, num_levers)
        Whether any fund is open to the cell.
    faults : Faults
        Where to note what is wrong.
    """

    problem: Problem
    reached: Mask
    faults: Faults
    _funds: dict[Selection, Ints] = field(default_factory=dict)
    _clusters: dict[Places, Ints] = field(default_factory=dict)

    def clusters(self, selection: Selection) -> Ints:
        """Give the positions of the clusters of a selection, in order.

        Those named are looked at alone: a rule written out for every cluster is many, and each would pass over all.
        """
        places = (selection.regions, selection.paths, selection.industries, selection.clusters)
        found = self._clusters.get(places)
        if found is None:
            found = self._find_clusters(selection)
            if len(self._clusters) < MOST_KEPT:
                self._clusters[places] = found
        return found

    def _find_clusters(self, selection: Selection) -> Ints:
        problem = self.problem
        found = np.arange(problem.num_clusters)
        if selection.clusters:
            found = np.array(sorted(set(selection.clusters)), dtype=np.int64)
        for wanted, positions in (
            (selection.regions, problem.region_of),
            (selection.paths, problem.path_of),
            (selection.industries, problem.industry_of),
        ):
            if wanted:
                found = found[among(positions[found], wanted)]
        return found

    def cells(self, selection: Selection) -> Mask:
        """Mark the clusters and levers of a selection, shape (num_clusters, num_levers)."""
        found = np.zeros(self.reached.shape, dtype=bool)
        levers = np.array(selection.levers or range(self.problem.num_levers), dtype=np.int64)
        found[np.ix_(self.clusters(selection), levers)] = True
        return found

    def draws(self, selection: Selection) -> Ints:
        """Give the positions of the draws of a selection, in order."""
        problem = self.problem
        clusters = self.clusters(selection)
        everywhere = len(clusters) == problem.num_clusters
        found = np.arange(problem.num_draws) if everywhere else problem.draws_of(clusters)
        for wanted, positions in ((selection.levers, problem.draw_lever), (selection.funds, problem.draw_fund)):
            if wanted:
                found = found[among(positions[found], wanted)]
        return found

    def years(self, selection: Selection) -> Ints:
        """Give the positions of the years of a selection."""
        return np.array(selection.years or range(self.problem.num_years), dtype=np.int64)

    def funds(self, selection: Selection) -> Ints:
        """Give the positions of the funds that some draw of a selection can reach."""
        if selection not in self._funds:
            reached = np.bincount(self.problem.draw_fund[self.draws(selection)], minlength=self.problem.num_funds)
            self._funds[selection] = np.flatnonzero(reached)
        return self._funds[selection]

    def open_money(self, selection: Selection) -> int:
        """Give what the purses that some draw of a selection can reach can pay together, in its years."""
        purses = np.zeros(self.problem.purse.shape, dtype=bool)
        purses[np.ix_(self.funds(selection), self.years(selection))] = True
        return payable_together(self.problem, purses)


def among(values: NDArray[Any], positions: tuple[int, ...]) -> Mask:
    """Mark the values that are one of some positions; most rules name one, for which a comparison is faster."""
    return np.asarray(values == positions[0] if len(positions) == 1 else np.isin(values, positions))


def exact_sum(amounts: Ints) -> int:
    """Sum whole amounts of any number and size without overflow."""
    high, low = amounts >> LOW_BITS, amounts & ((1 << LOW_BITS) - 1)
    return (int(high.sum()) << LOW_BITS) + int(low.sum())


def money_text(amount: int, money: Money) -> Text:
    """Write an amount in printed units, with every decimal it has and at least two."""
    digits = len(str(money.per_printed)) - 1
    whole, rest = divmod(amount, money.per_printed)
    decimals = f"{rest:0{digits}d}".rstrip("0").ljust(2, "0") if digits else ""
    number = f"{whole:,}.{decimals}" if decimals else f"{whole:,}"
    return Text(f"{number} (in {money.printed.en})", f"{number} {money.printed.zh}")
