"""How hard and how to solve: the limits a model file or a caller sets."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class Isolation(StrEnum):
    """Where HiGHS runs."""

    PROCESS = "process"
    INLINE = "inline"


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveOptions:
    """Limits and switches of one solve.

    Parameters
    ----------
    time_limit_s : float
        Wall-clock seconds for the search, positive. Where it takes them all, rounding and proofs may each take a
        twentieth of them beyond, or half a second and a second.
    relative_gap : float
        Stop when (bound - value) / max(1e-9, |value|) is at most this, both on the curves themselves.
    threads : int
        Threads of HiGHS.
    seed : int
        Random seed of HiGHS, 0 to 2**31 - 1.
    proof_nodes : int
        Where the bound of the whole leaves a larger gap than the one asked for, it is proved in parts: a proof tree of
        at most so many nodes, in about half of the time left; a tree of 400 nodes takes as long as the search or ten
        seconds at most, of more or fewer nodes in proportion. 0 for none.
    isolation : Isolation
        ``process``: HiGHS runs in a child process that is killed at the deadline; ``inline``: in the
        caller's process, where the deadline holds only as well as HiGHS keeps it.

    Raises
    ------
    ValueError
        If a number is outside its range.
    """

    time_limit_s: float = 60.0
    relative_gap: float = 1e-6
    threads: int = 1
    seed: int = 0
    proof_nodes: int = 400
    isolation: Isolation = Isolation.PROCESS

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not (math.isfinite(self.time_limit_s) and self.time_limit_s > 0):
            raise ValueError(f"time_limit_s is {self.time_limit_s}; give a positive number of seconds.")
        if not 0 <= self.relative_gap < 1:
            raise ValueError(f"relative_gap is {self.relative_gap}; give a number from 0 to below 1.")
        if self.threads < 1:
            raise ValueError(f"threads is {self.threads}; give 1 or more.")
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"seed is {self.seed}; give a whole number from 0 to {2**31 - 1}.")
        if self.proof_nodes < 0:
            raise ValueError(f"proof_nodes is {self.proof_nodes}; give a whole number from 0.")
