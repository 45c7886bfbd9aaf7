"""Making the certificate of a plan: rules with their slack, and multipliers under the user's labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.cells import stock_cells, synergy_places
from clusteropt.model.prices import joint_levers, limit_name, make_purses, make_sides, need_keys
from clusteropt.plan.certificate import (
    Certificate,
    Multipliers,
    NeedPrices,
    Proof,
    ProofNodes,
    ProofTree,
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
    from clusteropt.solver.proof_tree import Node


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
    if proved.prices is None:
        return StageProof(proved.bound, proof_of(space, proved), None)
    prices = label_prices(space, proved.prices, second)
    tree = None if proved.tree is None else _label_tree(space, proved.tree, second)
    return StageProof(proved.bound, proof_of(space, proved), prices, tree)


def _label_tree(space: Space, top: Node, second: bool) -> ProofTree:
    """Put a tree into columns, and the prices of its leaves under the labels of the problem, each once."""
    nodes, number = tuple(top.walk()), {id(top.prices): 0}
    for node in nodes:
        if not node.sides:
            number.setdefault(id(node.prices), len(number))
    own = {id(node.prices): node.prices for node in nodes}
    splits = [node.split if node.sides else None for node in nodes]
    cells = np.array([-1 if split is None else split.cell for split in splits], np.int64)
    picks = [-1 if split is None else split.pick for split in splits]
    programmes, is_cell = space.problem.programmes, cells >= 0
    names = [("", "", -1)] * len(nodes)
    if programmes is not None:
        options = programmes.pick_option.tolist()
        names = [
            (programmes.programme[options[k]], programmes.option[options[k]], int(programmes.pick_year[k]))
            if k >= 0
            else ("", "", -1)
            for k in picks
        ]
    years = np.array([name[2] for name in names], np.int64)
    return ProofTree(
        ProofNodes(
            cluster=np.where(is_cell, space.cell_cluster[cells], -1),
            lever=np.where(is_cell, space.cell_lever[cells], -1),
            year=np.where(is_cell, space.cell_year[cells], years),
            programme=tuple(name[0] for name in names),
            option=tuple(name[1] for name in names),
            edge=np.array([-1 if split is None else split.edge for split in splits], np.int64),
            prices=np.array([-1 if node.sides else number[id(node.prices)] for node in nodes], np.int64),
        ),
        tuple(label_prices(space, own[key], second) for key in number if number[key]),
    )


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
    problem, sides = space.problem, make_sides(space)
    regional = problem.objective.kind in (ObjectiveKind.WORST_REGION, ObjectiveKind.EQUITY) or second
    priced = np.flatnonzero((prices.side > 0) & (sides.rule < len(problem.all_rules)))
    return Multipliers(
        purse=_purse_prices(space, prices),
        rule=RulePrices(
            rule=tuple(limit_name(space, int(rule)) for rule in sides.rule[priced]),
            side=tuple(Side.MAX if upper else Side.MIN for upper in sides.upper[priced]),
            year=sides.year[priced],
            price=prices.side[priced],
        ),
        region=prices.region if regional else np.zeros(0),
        target=prices.target,
        synergy=_synergy_shares(space, prices),
        stock=_stock_prices(space, prices),
        need=_need_prices(space, prices),
    )


def _need_prices(space: Space, prices: Prices) -> NeedPrices:
    keys = need_keys(space)
    price = prices.side[len(prices.side) - len(keys) :]
    priced = np.flatnonzero(price > 0)
    programme, option, year, cluster = zip(*(keys[k] for k in priced), strict=True) if len(priced) else ((),) * 4
    return NeedPrices(programme, option, np.array(year, np.int64), np.array(cluster, np.int64), price[priced])


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
