"""How one program of a search is run, and what a search carries from one to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.solver.points import excesses

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.grid import Grid
    from clusteropt.solver.core import Rest
    from clusteropt.solver.points import Lifts
    from clusteropt.solver.reduced import Reduced

NOISE = 1e-9
"""A relative gap below this is the last digits of two sums; nobody can ask for less."""
FEW_OPEN = 10_000
"""Where no better plan differs from the best in more choices than this, they are searched, and no more cores."""
CORE_GAP = 1e-2
"""A rough core is searched to this part of what a cluster or a programme is worth on average only."""
REDUCED = ("core", "search", "polish")
"""The steps whose fixed columns are taken out of the program."""
MOST_PART_GAP = 1e-2
"""However small a part of the whole a program is, its gap stays below this."""
ANY = 1e18
"""A value that every point exceeds, with its sign turned."""
TARGET_SHARE = 0.99
"""A run ends early where its gap to the bound is this part of the one asked for, so that no last digit is missed."""


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """How one program is run.

    Parameters
    ----------
    name : str
        What it is for.
    relaxed : bool
        Whether whole columns may be fractions.
    start, held : array of shape (num_cols,) or None
        A point to start from; a point that may be feasible.
    fixed : array of shape (num_cols,) or None
        What columns are fixed at; NaN where they are open.
    rest : Rest or None
        What plans better than the one at hand have in common, where that is what is fixed.
    most : array of shape (num_cols,) or None
        How much each column may carry that is not fixed.
    nodes : int
        How many nodes are searched where the search is rough.
    lift : dict
        By how much the sides of rows are lifted.
    any_point : bool
        Whether any point at all is good enough.
    """

    name: str
    relaxed: bool = False
    start: Floats | None = None
    held: Floats | None = None
    fixed: Floats | None = None
    rest: Rest | None = None
    most: Floats | None = None
    nodes: int = 1
    lift: Lifts = field(default_factory=dict)
    any_point: bool = False

    @property
    def entire(self) -> bool:
        """Whether the program contains all plans that count, so that its bound is one of the problem."""
        return (self.fixed is None or self.rest is not None) and self.most is None and not self.lift


def touch(grid: Grid, formulation: Formulation, x: Floats, tolerance: float = 0.0, *, closely: bool = False) -> Grid:
    """Add tangents to a grid where a point of a formulation stands off its curves; closely, also on both sides of it.

    A linear program stands where two tangents meet: with one more there, what it is off falls to a half or a quarter
    every time, with three to a tenth. Each is one more row, so that programs with choices do with one.
    """
    found = excesses(formulation, x)
    chosen = found.excess > tolerance / (10 * max(len(found.which), 1))
    which, at = found.which[chosen], found.arg[chosen]
    if closely:
        # A harmed curve would pay for every point with a binary.
        smooth = ~np.isin(which, grid.curves.harmed)
        for side in grid.halfway(which[smooth], at[smooth]):
            grid = grid.refine(which[smooth], side)
    return grid.refine(which, at)


def joined(first: Lifts, second: Lifts) -> Lifts:
    """Add lifts up."""
    return {name: first.get(name, 0.0) + second.get(name, np.zeros(1)) for name in {**first, **second}}


def is_rough(step: Step, formulation: Formulation) -> bool:
    """Tell whether a core need not be searched to its end, as more is searched after it in any case."""
    few = int(formulation.integer.sum()) <= FEW_OPEN
    return step.name == "core" and few


def enough(step: Step, reduced: Reduced, asked: float, bound: float, formulation: Formulation) -> tuple[float, float]:
    """Give the relative gap at which a run is close enough, and the value that is enough; infinite where none is.

    Parameters
    ----------
    step : Step
        What is run.
    reduced : Reduced
        What is left of the program.
    asked : float
        The relative gap that a plan is asked for.
    bound : float
        What is known of the whole, in the units of the program.
    formulation : Formulation
        Behind the program.
    """
    if step.any_point:
        return MOST_PART_GAP, -ANY
    # On tangents a part of the gap is left for what they miss; without, the value is that of the program.
    exact = not formulation.grid.curves.num
    gap, target = asked * (TARGET_SHARE if exact and step.name == "search" else 0.25), np.inf
    if exact and is_rough(step, formulation):
        gap = max(gap, CORE_GAP / _num_blocks(formulation))
    if reduced.rest is not None and np.isfinite(bound):
        # A gap relative to the whole, of which this is a part.
        gap = min(gap * abs(bound) / max(abs(bound - reduced.offset), 1e-300), MOST_PART_GAP)
    if exact and np.isfinite(bound):
        most = max(asked, NOISE)
        target = bound - TARGET_SHARE * most * abs(bound) / (1 + most) - reduced.offset
    return gap, target


def _num_blocks(formulation: Formulation) -> int:
    """Count clusters and programmes."""
    problem = formulation.problem
    return problem.num_clusters + (0 if problem.programmes is None else len(set(problem.programmes.programme)))
