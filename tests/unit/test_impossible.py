"""Rules that no plan obeys are refused by prices, before anything is searched."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from benchmarks.portfolios import CENTS, Shape, portfolio, portfolio_tables
from pydantic import TypeAdapter

from clusteropt.errors import InfeasibleError
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.problem import ResponseFamily, RuleKind
from clusteropt.inputs.settings import MoneySettings
from clusteropt.model.lagrangian import evaluate_prices, make_dual
from clusteropt.model.space import make_space
from clusteropt.plan import making
from clusteropt.plan.certificate import Proof, StageProof
from clusteropt.plan.impossible import refuse_impossible
from clusteropt.plan.making import solve
from clusteropt.solver.core import Priced
from clusteropt.solver.multipliers import no_prices
from clusteropt.solver.priced_search import PricedSearch
from tests.bound_prices import bound_at, built
from tests.problems import INLINE, plain_problem, rule

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem

SETTINGS = ModelSettings(money=MoneySettings(per_printed=CENTS))


def with_floor(clusters: int, part: float) -> Problem:
    """Ask a region for a part of the full cost of its clusters, each of which may take 60 % of its own."""
    tables = portfolio_tables(clusters, Shape.LOOSE, 1)
    mine = tables["clusters"].loc[tables["clusters"]["region"] == "R00", "cluster"]
    cost = int(tables["cells"].loc[tables["cells"]["cluster"].isin(mine), "cost"].sum())
    tables["rules"].loc[tables["rules"]["region"] == "R00", "min"] = int(part * cost)
    return problem_from_tables(tables, SETTINGS)


def priced_at(problem: Problem, side: float, purse: float = 0.0) -> Priced:
    """Give the bound at one price on every limit of rules and one on purses."""
    dual = make_dual(make_space(problem))
    prices = no_prices(dual)
    prices = replace(prices, side=np.full_like(prices.side, side), purse=np.full_like(prices.purse, purse))
    return Priced(dual, prices, evaluate_prices(dual, prices), 1)


def test_a_floor_above_what_clusters_may_take_is_refused_before_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """61 % of the cost of a region whose clusters may take 60 % each: the floor is named, nothing is searched."""

    def never(*_: Any) -> None:
        raise AssertionError("nothing is to be searched")

    monkeypatch.setattr(PricedSearch, "_search_core", never)
    monkeypatch.setattr(PricedSearch, "_alternate", never)
    with pytest.raises(InfeasibleError, match=r"prices on rule region 0 \(at least\) prove it") as refused:
        # Compiling takes long where it was never done.
        solve(with_floor(making.LARGE + 100, 0.61), replace(INLINE, relative_gap=1e-3, time_limit_s=200.0))
    assert "规则 region 0 (不少于)" in refused.value.message.zh


def test_the_verifier_finds_the_same_in_fractions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The multipliers of the refusal, from the tables alone: exactly computed, no plan is worth nothing or more."""
    monkeypatch.setattr(making, "LARGE", 0)
    problem = with_floor(200, 0.61)
    with pytest.raises(InfeasibleError) as refused:
        solve(problem, replace(INLINE, relative_gap=1e-3))
    proof = refused.value.proof
    assert isinstance(proof, StageProof)
    assert proof.proof is Proof.EXACT
    assert problem.kept is not None
    prices = TypeAdapter(StageProof).dump_python(proof, mode="json")["multipliers"]
    bound = bound_at(built(problem.kept.files, Fraction), prices, "total", 0.0, 0.0)
    assert bound < 0
    assert float(bound) == pytest.approx(proof.bound, rel=1e-6)


def test_a_floor_that_can_be_met_is_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the cost of the region is within the caps of its clusters."""
    monkeypatch.setattr(making, "LARGE", 0)
    assert solve(with_floor(200, 0.5), replace(INLINE, relative_gap=1e-2)).value > 0


def floored() -> Problem:
    """Two cells that may take 5 each and earn 2 and 3 a unit, a floor of 15 over both, and a purse of 20."""
    problem = plain_problem([[2.0], [3.0]], [[10.0], [20.0]], [[20]], family=ResponseFamily.LINEAR, per_printed=1)
    return replace(problem, most=np.array([[5], [5]]), rules=(rule(RuleKind.AMOUNT, minimum=15, name="both"),))


def test_the_proof_by_hand() -> None:
    """At a price of 6 the cells are worth 5 x (2 + 6) + 5 x (3 + 6), and the floor takes 6 x 15 off: below nothing."""
    priced = priced_at(floored(), 6.0)
    assert priced.found.bound == pytest.approx(-5.0)
    with pytest.raises(InfeasibleError, match=r"rule both \(at least\)"):
        refuse_impossible(priced)


def test_prices_too_low_prove_nothing() -> None:
    """At a price of 4 what the cells earn outweighs the floor by 5, and the search goes on."""
    priced = priced_at(floored(), 4.0)
    assert priced.found.bound == pytest.approx(5.0)
    refuse_impossible(priced)


@pytest.mark.parametrize("harm", ["spill", "objective", "weight"])
def test_where_plans_can_be_worth_less_than_nothing_no_bound_refuses(harm: str) -> None:
    """A negative spill-over, another objective or a weight below nothing: a bound below nothing says nothing then."""
    priced = priced_at(floored(), 6.0)
    problem = priced.dual.space.problem
    changed = {
        "spill": {"spill_from": np.array([0]), "spill_to": np.array([1]), "spill_share": np.array([-0.5])},
        "objective": {"objective": replace(problem.objective, kind="equity")},
        "weight": {"weight": -problem.weight},
    }[harm]
    space = SimpleNamespace(problem=replace(problem, **changed))
    refuse_impossible(SimpleNamespace(dual=SimpleNamespace(space=space), bound=priced.bound))  # type: ignore[arg-type]


def test_purses_are_named_with_their_years() -> None:
    """Where the price on a purse counts for most, its fund and year are named first."""
    problem = portfolio(40, Shape.YEARS, seed=1)
    priced = priced_at(problem, 0.0, 1.0)
    sunk = replace(priced, found=replace(priced.found, bound=-1e9))
    with pytest.raises(InfeasibleError, match=r"prices on the money of purse 20\d\d"):
        refuse_impossible(sunk)
