"""Why an option of a programme is taken or not: what it brings against what its money and its place would cost."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.lagrangian import amount_prices, make_dual, region_factor
from clusteropt.model.money_rules import PURSES, condition_money

if TYPE_CHECKING:
    from clusteropt.explanation.neighbours import Base
    from clusteropt.inputs.problem import Floats
    from clusteropt.model.prices import Prices
    from clusteropt.text import Text

ROOM = 1e-9
"""A worth and a price that differ by less than this share are the same."""


class Standing(StrEnum):
    """How an option of a programme stands in a plan.

    ``taken``; ``worth``: it brings less than its money brings elsewhere; ``condition``: what programmes ask of each
    other forbids it beside what is taken; ``purse``: what is left in the purses cannot pay it; ``open``: none of these.
    """

    TAKEN = "taken"
    WORTH = "worth"
    CONDITION = "condition"
    PURSE = "purse"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class ProgrammeReason:
    """Why an option is taken or not, at the start year that suits it best.

    Parameters
    ----------
    programme, option : str
        Keys.
    name : Text
        What a planner reads.
    year : int
        Position of the start year: of the plan, or for an option not taken the best.
    cost : int
        Whole units in the years of the plan.
    worth : float
        What it adds to the objective, at the slopes of the certificate where regions are compared.
    price : float
        What its money costs at the prices of the certificate; NaN where it has none.
    standing : Standing
        How it stands.
    """

    programme: str
    option: str
    name: Text
    year: int
    cost: int
    worth: float
    price: float
    standing: Standing


def programme_reasons(base: Base, prices: Prices | None) -> tuple[ProgrammeReason, ...]:
    """Explain every option of every programme.

    Parameters
    ----------
    base : Base
        The plan.
    prices : Prices or None
        The prices of its certificate; None where it has none.
    """
    space, programmes = base.space, base.problem.programmes
    if programmes is None:
        return ()
    worth, price = _worth_and_price(base, prices)
    taken = base.money[space.num_flows :] > 0
    found = []
    for option in range(len(programmes.programme)):
        picks = np.flatnonzero(programmes.pick_option == option)
        if not len(picks):
            continue
        chosen = picks[taken[picks]]
        best = int(chosen[0] if len(chosen) else picks[np.argmax(worth[picks] - np.nan_to_num(price[picks]))])
        found.append(
            ProgrammeReason(
                programme=programmes.programme[option],
                option=programmes.option[option],
                name=programmes.names[option],
                year=int(programmes.pick_year[best]),
                cost=int(space.unit_cost[space.num_flows + best]),
                worth=float(worth[best]),
                price=float(price[best]),
                standing=_standing(base, best, float(worth[best]), float(price[best])),
            )
        )
    return tuple(found)


def _worth_and_price(base: Base, prices: Prices | None) -> tuple[Floats, Floats]:
    space = base.space
    if prices is None:
        return space.pick_total, np.full(space.num_picks, np.nan)
    dual = make_dual(space)
    factor, _ = region_factor(dual, prices)
    return np.asarray(space.pick_regions.T @ factor), amount_prices(dual, prices)[space.num_flows :]


def _standing(base: Base, pick: int, worth: float, price: float) -> Standing:
    space, place = base.space, base.space.num_flows + pick
    if base.money[place]:
        return Standing.TAKEN
    if not math.isnan(price) and worth < price + ROOM * abs(price):
        return Standing.WORTH
    with_it = base.money.copy()
    with_it[place] = 1
    if any(row.excess(with_it) for row in condition_money(space)):
        return Standing.CONDITION
    if any(row.excess(with_it) for function in PURSES for row in function(space)):
        return Standing.PURSE
    return Standing.OPEN
