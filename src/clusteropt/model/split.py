"""What a branch of a proof tree leaves of a problem: awards between two amounts, picks taken or not.

A split puts one amount on two sides of an edge. A problem narrowed to one side is of the same kind, so that its bound
is evaluated as ever; and no plan is on neither side.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clusteropt.model.cell_choice import Stalls
    from clusteropt.model.lagrangian import Dual
    from clusteropt.model.picks import Bundles
    from clusteropt.model.space import Space


@dataclass(frozen=True, slots=True)
class Split:
    """One amount on two sides: at most the edge, or at least one unit more.

    Parameters
    ----------
    cell : int
        Position of the cell whose whole amount is split; -1 for a pick.
    pick : int
        Position of the pick, whose amount is 0 or 1; -1 for a cell.
    edge : int
        The largest amount of the first side; 0 for a pick.
    """

    cell: int
    pick: int
    edge: int


@dataclass(frozen=True, slots=True)
class Branch:
    """The sides taken on the way to a node of a proof tree.

    Parameters
    ----------
    cells : dict of int to (int, int)
        The least and the most of every cell that was split.
    picks : dict of int to bool
        Whether a pick is taken, for every pick that was split.
    """

    cells: dict[int, tuple[int, int]] = field(default_factory=dict)
    picks: dict[int, bool] = field(default_factory=dict)

    def sides(self, space: Space, split: Split) -> tuple[Branch, Branch]:
        """Give what the two sides of a split leave."""
        if split.cell < 0:
            first, second = (Branch(self.cells, {**self.picks, split.pick: taken}) for taken in (False, True))
            return first, second
        low, high = self.cells.get(split.cell, (0, int(space.cell_most[split.cell])))
        spans = ((low, min(high, split.edge)), (max(low, split.edge + 1), high))
        first, second = (Branch({**self.cells, split.cell: span}, self.picks) for span in spans)
        return first, second


def narrow(dual: Dual, branch: Branch) -> Dual:
    """Give a problem laid out for the Lagrangian as a branch leaves it.

    Parameters
    ----------
    dual : Dual
        The whole problem.
    branch : Branch
        What is left of cells and picks.
    """
    stalls, bundles = _narrow_stalls(dual.stalls, branch), _narrow_bundles(dual.bundles, branch)
    return replace(dual, stalls=stalls, bundles=bundles)


def _narrow_stalls(stalls: Stalls, branch: Branch) -> Stalls:
    if not branch.cells:
        return stalls
    least, most, may_be_off, floor = (
        part.copy() for part in (stalls.least, stalls.most, stalls.may_be_off, stalls.floor)
    )
    row = np.searchsorted(stalls.cell, np.fromiter(branch.cells, np.int64, len(branch.cells)))
    low, high = np.array([*branch.cells.values()]).T
    least[row], most[row] = np.maximum(least[row], low), np.minimum(most[row], high)
    may_be_off[row] &= low <= 0
    floor[row] = low
    return replace(stalls, least=least, most=most, may_be_off=may_be_off, floor=floor)


def _narrow_bundles(bundles: Bundles, branch: Branch) -> Bundles:
    """Bar what is not taken, and all others of a programme of which one is."""
    if not branch.picks:
        return bundles
    must, barred = bundles.must.copy(), bundles.barred.copy()
    for pick, taken in branch.picks.items():
        barred[pick] |= not taken
        if taken:
            unit = int(np.searchsorted(bundles.start, pick, side="right")) - 1
            first, last = bundles.start[unit : unit + 2]
            barred[first:pick] = barred[pick + 1 : last] = True
            must[unit] = True
    return replace(bundles, must=must, barred=barred)
