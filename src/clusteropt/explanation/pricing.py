"""Bounds of problems near one with a certificate, by the prices of that certificate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.explanation.bracket import UNKNOWN, Known, Way
from clusteropt.model.lagrangian import evaluate_prices, make_dual
from clusteropt.model.prices import Prices, limit_name, make_purses, make_sides, need_keys
from clusteropt.model.space import make_space
from clusteropt.plan.certificate import Side
from clusteropt.plan.proving import stated_bound

if TYPE_CHECKING:
    from clusteropt.explanation.neighbours import Base
    from clusteropt.inputs.problem import Floats, Problem
    from clusteropt.model.space import Space
    from clusteropt.plan.certificate import Multipliers


def certified_prices(base: Base) -> Prices | None:
    """Give the prices that prove the bound of the first objective of a plan; None where none do."""
    multipliers = base.plan.certificate.stages[0].multipliers
    return None if multipliers is None else read_prices(base.space, multipliers)


def read_prices(space: Space, multipliers: Multipliers) -> Prices:
    """Put multipliers in the order of a problem; rules that it lacks are passed over.

    Parameters
    ----------
    space : Space
        The positions: of the problem they are of, or of one with other purses, rules or locks.
    multipliers : Multipliers
        From a certificate.
    """
    problem, sides = space.problem, make_sides(space)
    place = {
        (limit_name(space, rule), Side.MAX if upper else Side.MIN, year): number
        for number, (rule, upper, year) in enumerate(
            zip(sides.rule.tolist(), sides.upper.tolist(), sides.year.tolist(), strict=True)
        )
    }
    side = np.zeros(sides.num)
    rules = multipliers.rule
    for name, limit, year, price in zip(rules.rule, rules.side, rules.year.tolist(), rules.price, strict=True):
        number = place.get((name, limit, year))
        if number is not None:
            side[number] = price
    side[sides.num - len(need_keys(space)) :] = _need_prices(space, multipliers)
    limits, years = make_purses(space), problem.labels.years
    at = {
        (fund, "+".join(str(years[year]) for year in span)): number
        for number, (fund, span) in enumerate(zip(limits.fund.tolist(), limits.years, strict=True))
    }
    purse, paid = np.zeros(len(limits.limit)), multipliers.purse
    for fund, names, price in zip(paid.fund.tolist(), paid.years, paid.price, strict=True):
        # A limit that the problem does not list follows from others: its price is passed over, and a bound stays one.
        if (fund, names) in at:
            purse[at[fund, names]] = price
    stock, held = np.zeros(space.num_cells), multipliers.stock
    stock[(held.cluster * problem.num_levers + held.lever) * problem.num_years + held.year] = held.price
    region = multipliers.region if len(multipliers.region) else np.zeros(len(problem.labels.regions))
    return Prices(purse, side, region, multipliers.target, multipliers.synergy.share, stock)


def _need_prices(space: Space, multipliers: Multipliers) -> Floats:
    """Put the prices of stocks that picks need in the order of a problem."""
    need = multipliers.need
    keys = zip(need.programme, need.option, need.year.tolist(), need.cluster.tolist(), strict=True)
    known = dict(zip(keys, need.price.tolist(), strict=True))
    return np.array([known.get(key, 0.0) for key in need_keys(space)], float)


def priced(base: Base, problem: Problem) -> Known:
    """Bound a problem that differs in purses, rules or locks by the prices of a plan: any prices give a bound.

    Where the certificate has no prices nothing is known.

    Parameters
    ----------
    base : Base
        The plan.
    problem : Problem
        The changed problem.
    """
    certified = base.plan.certificate.stages[0]
    if certified.multipliers is None:
        return UNKNOWN
    dual = make_dual(make_space(problem))
    prices = read_prices(dual.space, certified.multipliers)
    bound = stated_bound(dual, prices, evaluate_prices(dual, prices).bound, base.plan.value)
    return replace(UNKNOWN, bound=base.sign * bound, bounded=Way.PRICES, proof=certified.proof)
