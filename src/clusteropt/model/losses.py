"""What the bound loses with every award taken and not taken, and with every pick: what no better plan can have.

At any prices the bound falls by at least so much where the plans are only those with the award. What makes it fall
below a plan at hand is in no better plan (reduced-cost fixing, with the blocks of the Lagrangian in place of columns).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import RuleBase
from clusteropt.model.cluster_rows import bundle_losses
from clusteropt.model.lagrangian import amount_prices, priced_offers
from clusteropt.model.outcome import evaluate
from clusteropt.model.space import counts_draws

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats
    from clusteropt.model.lagrangian import Dual
    from clusteropt.model.picks import Bundles
    from clusteropt.model.prices import Prices


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """By how much the bound falls at least; 0 where nobody knows.

    Parameters
    ----------
    level : array of shape (num_level_cells,)
        Where a level is taken.
    on, off : arrays of shape (num_cells,)
        Where a cell gets money; where it gets none.
    pick : array of shape (num_picks,)
        Where a pick is taken.
    worth : array of shape (num_level_cells,)
        What a level is worth, less what it pays; what a cluster takes is worth the sum. NaN where a level cannot be.
    """

    level: Floats
    on: Floats
    off: Floats
    pick: Floats
    worth: Floats


def find_losses(dual: Dual, prices: Prices, within: float) -> Losses | None:
    """Find what the bound loses at some prices; None where awards alone do not tell.

    Parameters
    ----------
    dual : Dual
        The problem.
    prices : Prices
        Where.
    within : float
        Larger losses need not be told apart.
    """
    offers = priced_offers(dual, prices)
    if offers is None:
        return None
    (choice, picks), space, stalls = offers, dual.space, dual.stalls
    nothing = np.where(stalls.may_be_off, 0.0, -np.inf)
    best = np.maximum(choice.value, nothing)
    known = np.isfinite(best)
    best = np.where(known, best, 0.0)
    taken, off = best[stalls.level_row] - choice.level, best - nothing
    bundle_losses((dual.inner, dual.layout, stalls), choice.level, within, (taken, off))
    found = Losses(
        np.zeros(len(space.level_cell)),
        np.zeros(space.num_cells),
        np.zeros(space.num_cells),
        _pick_losses(dual.bundles, picks),
        np.full(len(space.level_cell), np.nan),
    )
    found.worth[stalls.level] = np.where(np.isfinite(choice.level), choice.level, np.nan)
    found.level[stalls.level] = np.where(known[stalls.level_row], taken, 0.0)
    found.off[stalls.cell] = np.where(known, off, 0.0)
    found.on[stalls.cell] = np.where(known & ~space.from_menu[stalls.cell], best - choice.value, 0.0)
    return found


def cluster_losses(dual: Dual, prices: Prices, best: Floats, money: Floats) -> Floats:
    """Give how much less every cluster is worth with some money than at best, both less what it pays at some prices.

    loss[c] = best[c] - (worth of c - sum of price * money - prices of what is counted). The bound less the worth of an
    allocation is the sum of these losses, and of price times what is left of every limit.

    Parameters
    ----------
    dual : Dual
        The problem; its objective a total, without stocks, synergies and programmes.
    prices : Prices
        Where.
    best : array of shape (num_clusters,)
        What each cluster is worth at most, less what it pays.
    money : array of shape (num_amounts,)
        An allocation in units; it need not be whole.
    """
    space, num = dual.space, dual.space.problem.num_clusters
    flows = money[: space.num_flows]
    worth = np.bincount(space.cell_cluster, weights=evaluate(space, money).counted, minlength=num)
    price = amount_prices(dual, prices)[: space.num_flows]
    cluster = space.cell_cluster[space.flow_cell]
    paid = np.bincount(cluster, weights=price * flows, minlength=num)
    for count in dual.counts:
        rule, given = space.problem.rules[count.rule], count.flows[flows[count.flows] > 0]
        served = rule.base is RuleBase.CLUSTERS
        if served or not counts_draws(rule):
            # An award counts once, and so does a cluster, whoever pays.
            of = cluster[given] if served else space.flow_cell[given]
            given = given[np.unique(of, return_index=True)[1]]
        paid = paid + count.price(dual.sides, prices) * np.bincount(cluster[given], minlength=num)
    return np.asarray(best - worth + paid, float)


def _pick_losses(bundles: Bundles, value: Floats) -> Floats:
    """Give what each pick loses against the best of its unit; 0 for those that conditions tie to others."""
    loss = np.zeros(len(value))
    for unit in bundles.alone.tolist():
        mine = slice(*bundles.start[unit : unit + 2])
        best = float(value[mine].max())
        loss[mine] = (best if bundles.must[unit] else max(best, 0.0)) - value[mine]
    return loss
