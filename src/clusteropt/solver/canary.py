"""Canaries: small programs with known answers, solved before anything else is believed.

Most are of the shapes that released versions of HiGHS have got wrong; two are of the shapes of this package. The answer
of each follows by hand from its docstring. They run once a process, where HiGHS runs: see
`docs/explanation/solver-faults.md`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.solver.claim import HighsOptions, Reason
from clusteropt.solver.highs import run
from clusteropt.solver.judging import Held, judge
from clusteropt.solver.program import Program, make_program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from clusteropt.inputs.problem import Floats
    from clusteropt.solver.claim import Claim

    Solve = Callable[[Program, HighsOptions], Claim]
    Rows = Sequence[tuple[Mapping[int, float], float, float]]

INF = np.inf
OPTIONS = HighsOptions(time_limit=1.0, feasibility_tolerance=1e-7)
"""As in a search; a canary that meets the limit, on a machine that is very busy, has not failed."""
ROOM = 1e-5
"""A value may be off by so much, relative to the answer: tolerances on every row add up to less."""


@dataclass(frozen=True, slots=True, eq=False)
class Canary:
    """A program with a known answer.

    Parameters
    ----------
    name : str
        What it is called in warnings.
    program : Program
        What to solve.
    best : array of shape (num_cols,) or None
        An optimal point; None if nothing is feasible.
    """

    name: str
    program: Program
    best: Floats | None

    def wrong(self, claim: Claim) -> bool:
        """Tell whether a claim on the program cannot be right."""
        if self.best is None:
            return claim.x is not None or claim.reason in (Reason.OPTIMAL, Reason.UNBOUNDED, Reason.ERROR)
        answer = float(self.program.cost @ self.best)
        if claim.reason is Reason.UNBOUNDED or judge(self.program, OPTIONS, claim, Held(self.best, answer)) is not None:
            return True
        above = claim.value > answer + ROOM * max(1.0, abs(answer))
        return above or (claim.reason is Reason.OPTIMAL and claim.value < answer - ROOM * max(1.0, abs(answer)))


def failures(solve: Solve) -> tuple[str, ...]:
    """Run every canary and name those that fail."""
    return tuple(canary.name for canary in canaries() if canary.wrong(solve(canary.program, OPTIONS)))


@cache
def failures_here() -> tuple[str, ...]:
    """Run the canaries with the HiGHS of this process, the first time it is asked."""
    return failures(run)


@cache
def canaries() -> tuple[Canary, ...]:
    """Give all canaries."""
    makers = (
        single_column,
        big_m,
        fixed_charge,
        on_off_whole,
        forced_choice,
        no_parity,
        tangents_on_off,
        menu_two_purses,
    )
    return tuple(Canary(maker.__name__, *maker()) for maker in makers)


def single_column() -> tuple[Program, Floats | None]:
    """Least 2 x + 3 z with x + z >= 4.5, x and z at most 10, z whole: 9.

    A unit of x costs less than one of z and serves as well, and 4.5 of it are allowed: x = 4.5, z = 0. HiGHS 1.14.0
    gave 15 (issue 3043).
    """
    return _program([({0: 1, 1: 1}, 4.5, INF)], _up(10, 10), [-2, -3], [1]), np.array([4.5, 0.0])


def big_m() -> tuple[Program, Floats | None]:
    """Two places, each served in full where chosen, else paid for; one may be chosen: 8000.

    z <= 1000 x, z + d = 1000, x0 + x1 <= 1, least 10 d0 + 8 d1. At most one d can be 0, then the other is 1000; the
    dearer one should be 0: 8 times 1000. HiGHS 1.14.0 gave 10000 (issue 3094). Columns x0, x1, z0, z1, d0, d1.
    """
    rows: Rows = [
        ({0: -1000, 2: 1}, -INF, 0),
        ({1: -1000, 3: 1}, -INF, 0),
        ({2: 1, 4: 1}, 1000, 1000),
        ({3: 1, 5: 1}, 1000, 1000),
        ({0: 1, 1: 1}, -INF, 1),
    ]
    program = _program(rows, _up(1, 1, *[1000] * 4), [0, 0, 0, 0, -10, -8], [0, 1])
    return program, np.array([1.0, 0.0, 1000.0, 0.0, 0.0, 1000.0])


def fixed_charge() -> tuple[Program, Floats | None]:
    """Ten units from a or from b; b costs 2 a unit, a is free but for a charge of 99999: 20.

    a + b = 10, a <= 100 y, y 0 or 1. Without the charge a = 0 and b = 10, for 20; with it 99999 or more. HiGHS 1.14.0
    gave 99999 (issue 2975). Columns a, b, y.
    """
    rows: Rows = [({0: 1, 1: 1}, 10, 10), ({0: 1, 2: -100}, -INF, 0)]
    return _program(rows, _up(INF, INF, 1), [0, -2, -99999], [2]), np.array([0.0, 10.0, 0.0])


def on_off_whole() -> tuple[Program, Floats | None]:
    """Least x, which is nothing or from 1 to 3 and the sum of whole v <= 1 and w, with 9 x + 7 v >= 13: 1.

    x is whole, being a sum of whole numbers. x = 0 would need v of 2 or more. x = 1, v = 1 and w = 0 give 16. HiGHS
    before 1.16 gave 2 (issue 3274). Columns x, v, w and the switch y with y <= x <= 3 y.
    """
    rows: Rows = [
        ({0: 9, 1: 7}, 13, INF),
        ({0: 1, 1: -1, 2: -1}, 0, 0),
        ({0: 1, 3: -1}, 0, INF),
        ({0: 1, 3: -3}, -INF, 0),
    ]
    program = _program(rows, (np.array([0, -10, -10, 0.0]), np.array([3, 1, 10, 1.0])), [-1, 0, 0, 0], [1, 2, 3])
    return program, np.array([1.0, 1.0, 0.0, 1.0])


def forced_choice() -> tuple[Program, Floats | None]:
    """Least y, 0 or 1, with x = 1 and x <= 1000000 y: 1.

    y = 0 would make x = 0. HiGHS 1.2 called it infeasible, or gave 0 (issue 771). Columns y, x.
    """
    rows: Rows = [({1: 1}, 1, 1), ({0: -1e6, 1: 1}, -INF, 0)]
    return _program(rows, (np.array([0, -INF]), np.array([1, INF])), [-1, 0], [0]), np.array([1.0, 1.0])


def no_parity() -> tuple[Program, Floats | None]:
    """2 x + 4 y + 6 z = 7 in whole numbers to 3: infeasible.

    The left side is even. As fractions there are solutions, so this is seen only by what knows whole numbers.
    """
    return _program([({0: 2, 1: 4, 2: 6}, 7, 7)], _up(3, 3, 3), [1, 1, 1], [0, 1, 2]), None


def tangents_on_off() -> tuple[Program, Floats | None]:
    """A cell that is off or gets at least 4, a plain cell, one purse of 5 to be spent; tangents over both: 10.5.

    Cell 1: outcome u <= 3 x, u <= x + 4 on, 4 on <= x <= 10 on. Cell 2: outcome v <= 2.5 y, v <= y / 2 + 4. Off, y = 5
    gives min(12.5, 6.5) = 6.5. On, x is 4 or 5, and what is above 4 earns 1 a unit there but 2.5 in cell 2: x = 4 and
    y = 1 give 8 + 2.5. As fractions 11. Columns on, x, u, y, v.
    """
    rows: Rows = [
        ({1: -3, 2: 1}, -INF, 0),
        ({0: -4, 1: -1, 2: 1}, -INF, 0),
        ({0: -4, 1: 1}, 0, INF),
        ({0: -10, 1: 1}, -INF, 0),
        ({3: -2.5, 4: 1}, -INF, 0),
        ({3: -0.5, 4: 1}, -INF, 4),
        ({1: 1, 3: 1}, 5, 5),
    ]
    return _program(rows, _up(1, 10, INF, 10, INF), [0, 0, 1, 0, 1], [0]), np.array([1.0, 4.0, 8.0, 1.0, 2.5])


def menu_two_purses() -> tuple[Program, Floats | None]:
    """Two cells with menus, two purses, of which the second pays for cell 2 only: 8.

    Cell 1: 2 for 3 or 5 for 6, from purse 1, which holds 4: so nothing or 2. Cell 2: 3 for 4 or 4 for 5, from purse 1
    or from purse 2, which holds 3. The best of both menus that can be paid is 2 for cell 1, and 4 = 3 + 1 from the two
    purses for cell 2: 3 + 5. As fractions 9. Columns: levels of cell 1, levels of cell 2, flows 1 to 1, 1 to 2, 2 to 2.
    """
    rows: Rows = [
        ({0: -2, 1: -5, 4: 1}, 0, 0),
        ({2: -3, 3: -4, 5: 1, 6: 1}, 0, 0),
        ({0: 1, 1: 1}, -INF, 1),
        ({2: 1, 3: 1}, -INF, 1),
        ({4: 1, 5: 1}, -INF, 4),
        ({6: 1}, -INF, 3),
    ]
    program = _program(rows, _up(1, 1, 1, 1, INF, INF, INF), [3, 6, 4, 5, 0, 0, 0], [0, 1, 2, 3])
    return program, np.array([1.0, 0.0, 0.0, 1.0, 2.0, 1.0, 3.0])


def _up(*upper: float) -> tuple[Floats, Floats]:
    return np.zeros(len(upper)), np.array(upper, float)


def _program(rows: Rows, columns: tuple[Floats, Floats], cost: list[float], whole: list[int]) -> Program:
    """Make a program of rows (coefficients by column, lower, upper); ``cost`` is maximised."""
    entries = [(number, col, value) for number, (row, _, _) in enumerate(rows) for col, value in row.items()]
    row, col, value = (np.array(part) for part in zip(*entries, strict=True))
    matrix = sparse.csr_matrix((value.astype(float), (row, col)), (len(rows), len(cost)))
    lower, upper = (np.array([limits[side] for limits in rows], float) for side in (1, 2))
    integer = np.isin(np.arange(len(cost)), whole)
    return make_program(matrix, (lower, upper, *columns), np.array(cost, float), integer)
