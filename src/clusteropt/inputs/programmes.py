"""Programmes: projects that are taken whole or not at all, in one of their options, from one of their start years.

A *pick* is an option that starts in one year: the yes/no decision of the model. All that programmes ask of each other
(one option at most, requires, excludes) is a limit on sums of picks, a *condition*.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints, Problem
    from clusteropt.text import Text


def best_effect(problem: Problem) -> Floats:
    """Give the effect of every lever in every cluster on the best path it may be on, (num_clusters, num_levers)."""
    best, chosen = problem.effect.copy(), problem.programmes
    if chosen is not None:
        np.maximum.at(best, chosen.move_cluster, chosen.move_effect)
    return best


@dataclass(frozen=True, slots=True)
class Condition:
    """A limit on picks: least <= sum of coef * pick <= most.

    Parameters
    ----------
    name : str
        What it says, such as "programme park" or "requires park:large 2027".
    picks : tuple of int
        Positions.
    coefs : tuple of int
        Whole coefficients.
    least, most : int or None
        Limits; None is no limit.
    """

    name: str
    picks: tuple[int, ...]
    coefs: tuple[int, ...]
    least: int | None
    most: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Programmes:
    """All that can be picked, in flat arrays.

    Parameters
    ----------
    programme, option : tuple of str, length num_options
        The keys of every option; an option that is the only one of its programme may have the empty key.
    names : tuple of Text, length num_options
        What a planner reads.
    lever : array of shape (num_options,)
        Position of the lever that the money is counted under in reports; -1 for none.
    pick_option, pick_year : arrays of shape (num_picks,)
        The option and the position of the start year of every pick; the picks of a programme stand together.
    cost_pick, cost_fund, cost_year, cost : arrays of shape (num_costs,)
        Whole units that a pick takes from a fund in a year, positive. A year from num_years on lies behind the plan:
        what is promised there.
    gain_pick, gain_cluster, gain_year, gain : arrays of shape (num_gains,)
        Outcome that a pick adds to a cluster in a year of the plan, before any weight; positive.
    conditions : tuple of Condition
        What picks ask of each other.
    move_pick, move_cluster, move_year, move_path : arrays of shape (num_moves,)
        Picks that move clusters to another path, the position of the first year on it, and the path. A cluster is moved
        by one pick at most: a condition says so.
    move_effect : array of shape (num_moves, num_levers)
        The effect e of each lever in the cluster on that path.
    need_pick, need_cluster, need_lever, need_year : arrays of shape (num_needs,)
        Picks that need a stock at the end of a year of the plan.
    need_stock : array of shape (num_needs,)
        Whole units it must have reached.
    """

    programme: tuple[str, ...]
    option: tuple[str, ...]
    names: tuple[Text, ...]
    lever: Ints
    pick_option: Ints
    pick_year: Ints
    cost_pick: Ints
    cost_fund: Ints
    cost_year: Ints
    cost: Ints
    gain_pick: Ints
    gain_cluster: Ints
    gain_year: Ints
    gain: Floats
    conditions: tuple[Condition, ...]
    move_pick: Ints
    move_cluster: Ints
    move_year: Ints
    move_path: Ints
    move_effect: Floats
    need_pick: Ints
    need_cluster: Ints
    need_lever: Ints
    need_year: Ints
    need_stock: Ints

    @property
    def num_picks(self) -> int:
        """Number of picks."""
        return len(self.pick_option)
