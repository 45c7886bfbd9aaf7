"""Making the certificate of a plan: rules with their slack, and multipliers under the user's labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.cells import stock_cells, synergy_places
from clusteropt.model.prices import joint_levers, make_purses, make_sides
from clusteropt.plan.certificate import (
    Certificate,
    Multipliers,
    Proof,
    PursePrices,
    RulePrices,
    Side,
    StageProof,
    StockPrices,
    SynergyShares,
)
from clusteropt.plan.proving import is_rational
from clusteropt.plan.rule_levels import all_levels

if TYPE_CHECKING:
    from clusteropt.model.prices import Prices
    from clusteropt.model.space import Space
    from clusteropt.plan.making import Made
    from clusteropt.plan.proving import Proved


def certify(made: Made) -> Certificate:
    """Make the certificate of what was made.

    Parameters
    ----------
    made : Made
        The whole money, and what is proved of each stage.
    """
    space, kept = made.space, made.space.problem.kept
    return Certificate(
        inputs={} if kept is None else dict(kept.digests),
        own=made.own,
        rules=all_levels(space, made.money),
        stages=tuple(_stage_proof(space, proved, number > 0) for number, proved in enumerate(made.proved)),
    )


def _stage_proof(space: Space, proved: Proved, second: bool) -> StageProof:
    prices = None if proved.prices is None else label_prices(space, proved.prices, second)
    return StageProof(proved.bound, proof_of(space, proved), prices)


def proof_of(space: Space, proved: Proved) -> Proof:
    """Grade what is proved of a stage."""
    if proved.prices is not None:
        return Proof.EXACT if is_rational(space) else Proof.SAFE
    return Proof.KKT if np.isfinite(proved.bound) else Proof.CLAIMED


def label_prices(space: Space, prices: Prices, second: bool = False) -> Multipliers:
    """Put prices under the labels of the problem; limits whose price is 0 are left out.

    Parameters
    ----------
    space : Space
        The positions.
    prices : Prices
        What to label.
    second : bool
        Whether they are of the second stage of the worst region first.
    """
    problem, sides, rules = space.problem, make_sides(space), space.problem.all_rules
    regional = problem.objective.kind in (ObjectiveKind.WORST_REGION, ObjectiveKind.EQUITY) or second
    priced = np.flatnonzero(prices.side > 0)
    return Multipliers(
        purse=_purse_prices(space, prices),
        rule=RulePrices(
            rule=tuple(rules[number].name for number in sides.rule[priced]),
            side=tuple(Side.MAX if upper else Side.MIN for upper in sides.upper[priced]),
            year=sides.year[priced],
            price=prices.side[priced],
        ),
        region=prices.region if regional else np.zeros(0),
        target=prices.target,
        synergy=_synergy_shares(space, prices),
        stock=_stock_prices(space, prices),
    )


def _purse_prices(space: Space, prices: Prices) -> PursePrices:
    limits, years = make_purses(space), space.problem.labels.years
    priced = np.flatnonzero(prices.purse > 0)
    names = tuple("+".join(str(years[year]) for year in limits.years[number]) for number in priced)
    return PursePrices(limits.fund[priced], names, prices.purse[priced])


def _synergy_shares(space: Space, prices: Prices) -> SynergyShares:
    number, cluster, year = synergy_places(space)
    column, lever = joint_levers(space)
    names = tuple(space.problem.synergies[s].name for s in number[column])
    return SynergyShares(names, cluster[column], year[column], lever, prices.joint)


def _stock_prices(space: Space, prices: Prices) -> StockPrices:
    cells = stock_cells(space)
    cells = cells[prices.stock[cells] != 0]
    return StockPrices(space.cell_cluster[cells], space.cell_lever[cells], space.cell_year[cells], prices.stock[cells])
