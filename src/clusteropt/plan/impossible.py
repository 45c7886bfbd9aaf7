"""Rules that no plan obeys, found by prices before anything is searched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.errors import InfeasibleError
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.prices import limit_name
from clusteropt.plan.certificate import StageProof
from clusteropt.plan.certifying import label_prices, proof_of
from clusteropt.plan.proving import Proved
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem
    from clusteropt.solver.core import Priced

NUM_NAMED, LEAST_PART = 3, 0.01
"""So many limits are named at most, each with a price that counts for at least this part of the largest."""


def refuse_impossible(priced: Priced) -> None:
    """Refuse a problem where prices show that no plan obeys its rules.

    At any prices no plan is worth more than the bound. Where outcomes only add, no plan is worth less than nothing:
    with a bound below nothing there is no plan. The prices are the proof, and the error has them.

    Raises
    ------
    InfeasibleError
        If the bound of the prices, with room for rounding, is below nothing where no plan can be.
    """
    problem = priced.dual.space.problem
    if priced.bound < 0 and _is_never_negative(problem):
        names = _names(priced)
        raise InfeasibleError(
            Text(
                f"No plan obeys all rules: prices on {' and '.join(name.en for name in names)} prove it, with what "
                "clusters may take by themselves. Loosen one of these, or add money; diagnose(problem) finds out what "
                "stands in the way, and the smallest change that helps.",
                f"没有方案能同时满足所有规则: 对{'、'.join(name.zh for name in names)}设价即可证明, "
                "其中计入各集群自身的限制。请放宽其中之一, 或增加资金; "
                "diagnose(problem) 可找出具体是哪些要求, 以及最小的修改。",
            ),
            _proof(priced),
        )


def _proof(priced: Priced) -> StageProof:
    """Put the bound and its prices under the labels of the problem, as in a certificate."""
    space = priced.dual.space
    found = Proved(priced.bound, priced.prices)
    return StageProof(found.bound, proof_of(space, found), label_prices(space, priced.prices))


def _is_never_negative(problem: Problem) -> bool:
    """Tell whether no plan can be worth less than nothing, as every outcome only adds."""
    chosen = problem.programmes
    gains = (
        problem.weight,
        problem.effect,
        problem.menus.gain,
        problem.spill_share,
        *(synergy.gain for synergy in problem.synergies),
        *(() if chosen is None else (chosen.gain, chosen.move_effect)),
    )
    if problem.objective.kind is not ObjectiveKind.TOTAL or problem.soft_floors:
        return False
    # A level without a gain of its own lies on a curve.
    return all((np.nan_to_num(gain) >= 0).all() for gain in gains)


def _names(priced: Priced) -> list[Text]:
    """Name the limits whose prices count for most, the first first."""
    dual, problem = priced.dual, priced.dual.space.problem
    labels, num_purses = problem.labels, len(priced.prices.purse)
    weight = priced.prices.row * np.maximum(abs(np.concatenate((dual.purses.limit, dual.sides.limit))), 1.0)
    order = np.argsort(-weight, kind="stable")[:NUM_NAMED]
    names = []
    for row in order[weight[order] >= LEAST_PART * weight.max(initial=0.0)].tolist():
        if row < num_purses:
            fund = labels.fund_names[dual.purses.fund[row]]
            years = "-".join(str(labels.years[year]) for year in sorted({*dual.purses.years[row][:1],
                                                                         *dual.purses.years[row][-1:]}))  # fmt: skip
            names.append(Text(f"the money of {fund.en} {years}", f"{fund.zh} {years} 年的资金"))
            continue
        side = row - num_purses
        rule = limit_name(dual.space, int(dual.sides.rule[side]))
        most = bool(dual.sides.upper[side])
        names.append(Text(f"rule {rule} (at {'most' if most else 'least'})",
                          f"规则 {rule} ({'不多于' if most else '不少于'})"))  # fmt: skip
    return names
