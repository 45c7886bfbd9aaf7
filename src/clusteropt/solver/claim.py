"""What a solver claims: why it stopped, the point it holds, and the bound it reports.

Nothing here is checked; the names follow from that. The reasons are those of MathOpt: a limit is set if and
only if the reason is FEASIBLE or NO_SOLUTION.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats


class Reason(StrEnum):
    """Why a solver stopped."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    INFEASIBLE_OR_UNBOUNDED = "infeasible_or_unbounded"
    FEASIBLE = "feasible"
    NO_SOLUTION = "no_solution"
    ERROR = "error"


class Limit(StrEnum):
    """Which limit ended a solve."""

    TIME = "time"
    ITERATIONS = "iterations"
    SOLUTIONS = "solutions"
    OBJECTIVE = "objective"
    MEMORY = "memory"
    INTERRUPT = "interrupt"


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """The end of one solver run, as the solver claims it.

    Parameters
    ----------
    reason : Reason
        Why it stopped.
    limit : Limit or None
        Set exactly when the reason is FEASIBLE or NO_SOLUTION.
    x : array of shape (num_cols,) or None
        The incumbent; None if there is none.
    value : float
        Objective of the incumbent, -inf without one.
    bound : float
        What the solver says no solution can exceed; inf if it says nothing.
    seconds : float
        Wall-clock time of the run.
    nodes, iterations : int
        Branch-and-bound nodes, simplex iterations.
    detail : str
        The status in the solver's own words.
    dual : array of shape (num_rows,) or None
        For an optimal run without whole columns: what one more unit of the limit of each row would add, as the
        solver claims it.
    """

    reason: Reason
    limit: Limit | None
    x: Floats | None
    value: float
    bound: float
    seconds: float = 0.0
    nodes: int = 0
    iterations: int = 0
    detail: str = ""
    dual: Floats | None = None

    def __post_init__(self) -> None:
        """Check that the parts agree."""
        limited = self.reason in (Reason.FEASIBLE, Reason.NO_SOLUTION)
        if limited != (self.limit is not None):
            raise ValueError(f"reason {self.reason} does not go with limit {self.limit}.")
        if self.reason in (Reason.OPTIMAL, Reason.FEASIBLE) and self.x is None:
            raise ValueError(f"reason {self.reason} needs an incumbent.")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a solve has come.

    Parameters
    ----------
    seconds : float
        Wall-clock time since the start.
    value : float or None
        The incumbent so far; None before the first.
    bound : float or None
        The bound so far; None before the first.
    step : str
        ``relaxation``, ``search`` or ``rounding``.
    """

    seconds: float
    value: float | None
    bound: float | None
    step: str

    @property
    def gap(self) -> float | None:
        """Relative gap between bound and value; None before both exist."""
        if self.value is None or self.bound is None:
            return None
        return relative_gap(self.value, self.bound)


def relative_gap(value: float, bound: float) -> float:
    """Give abs(bound - value) / max(1e-9, abs(value))."""
    return abs(bound - value) / max(1e-9, abs(value))


@dataclass(frozen=True, slots=True)
class HighsOptions:
    """Everything set on HiGHS for one run, recorded with the plan.

    Parameters
    ----------
    time_limit : float
        Seconds.
    mip_rel_gap : float
        Relative gap to stop at.
    threads, random_seed : int
        As in HiGHS.
    presolve : str
        ``on`` or ``off``.
    feasibility_tolerance : float
        Primal and dual, for linear and integer runs.
    plain : bool
        Branch at once: no restarts, and no searches over copies of the program with some whole columns fixed. Where
        whole columns are few among many, each such copy costs as much as all the branching.
    restarts : bool
        Whether HiGHS may begin again where its root has fixed columns; it does not where it is plain.
    target : float
        A value that is enough: the first point that reaches it ends the run.
    nodes : int or None
        Branch and bound ends after so many nodes.
    """

    time_limit: float
    mip_rel_gap: float = 1e-7
    threads: int = 1
    random_seed: int = 0
    presolve: str = "on"
    feasibility_tolerance: float = 1e-9
    plain: bool = False
    restarts: bool = True
    target: float = math.inf
    nodes: int | None = None

    def without_presolve(self) -> HighsOptions:
        """Give the same options with presolve off."""
        return replace(self, presolve="off")

    def with_other_seed(self) -> HighsOptions:
        """Give the same options with the next seed."""
        return replace(self, random_seed=(self.random_seed + 1) % 2**31)

    def settings(self, is_mip: bool) -> dict[str, str | float | int | bool]:
        """Give the option names and values as HiGHS knows them."""
        tolerance = self.feasibility_tolerance
        settings: dict[str, str | float | int | bool] = {
            "output_flag": False,
            "time_limit": self.time_limit,
            "threads": self.threads,
            "random_seed": self.random_seed,
            "presolve": self.presolve,
            "parallel": "off" if self.threads == 1 else "choose",
            "primal_feasibility_tolerance": tolerance,
            "dual_feasibility_tolerance": tolerance,
        }
        if is_mip:
            settings["mip_rel_gap"] = self.mip_rel_gap
            settings["mip_abs_gap"] = 0.0
            settings["mip_feasibility_tolerance"] = tolerance
        if is_mip and math.isfinite(self.target):
            # What is maximised here is minus what HiGHS minimises.
            settings["objective_target"] = -self.target
        if is_mip and self.nodes is not None:
            settings["mip_max_nodes"] = self.nodes
        if is_mip and self.plain:
            copies = ("rins", "rens", "root_reduced_cost")
            settings |= dict.fromkeys((f"mip_heuristic_run_{name}" for name in copies), False)
        if is_mip and (self.plain or not self.restarts):
            settings["mip_allow_restart"] = False
        return settings


@dataclass(frozen=True, slots=True)
class SolverRun:
    """One run of the solver as the plan records it: its size, its end, and every option set."""

    step: str
    rows: int
    cols: int
    whole: int
    reason: Reason
    seconds: float
    nodes: int
    bound: float
    options: HighsOptions
