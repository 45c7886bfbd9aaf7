"""The compiled search over bundles and their tables against the plain search, and against every bundle there is."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from clusteropt.inputs.problem import RuleKind, Selection
from clusteropt.model import cluster_rows
from clusteropt.model.bundle_layout import make_layout
from clusteropt.model.inner_rows import make_inner_rows
from clusteropt.model.lagrangian import evaluate_prices, make_dual
from clusteropt.model.space import make_space
from clusteropt.solver.multipliers import no_prices
from tests.problems import plain_problem, rule, with_menus

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem
    from clusteropt.model.lagrangian import Dual

CLUSTERS, LEVERS = 6, 3


def bundled(seed: int) -> Problem:
    """Draw menus under caps, floors and shares within clusters, a lock among them."""
    rng = np.random.default_rng(seed)
    problem = plain_problem(np.ones((CLUSTERS, LEVERS)), np.full((CLUSTERS, LEVERS), 50.0), [[200]])
    menus = {}
    for cell in product(range(CLUSTERS), range(LEVERS)):
        amounts, gains = np.sort(rng.choice(30, 3, replace=False)) + 1, rng.uniform(1, 30, 3)
        menus[cell] = list(zip(amounts.tolist(), gains.tolist(), strict=True))
    rules = []
    for c in range(CLUSTERS):
        mine = Selection(clusters=(c,))
        rules.append(rule(RuleKind.AMOUNT, mine, None, int(rng.integers(20, 70)), name=f"cap{c}"))
        if rng.random() < 0.5:
            rules.append(rule(RuleKind.AMOUNT, mine, int(rng.integers(1, 25)), None, name=f"floor{c}"))
        if rng.random() < 0.5:
            part = Selection(clusters=(c,), levers=(0, 1))
            rules.append(rule(RuleKind.AMOUNT, part, int(rng.integers(1, 10)), 40, name=f"part{c}"))
    return replace(with_menus(problem, menus), rules=tuple(rules))


def best_by_hand(problem: Problem, cluster: int, price: float) -> float:
    """Try every bundle of a cluster at one price of money."""
    menus, best = problem.menus, -np.inf
    options = []
    for lever in range(LEVERS):
        part = slice(*menus.start[cluster * LEVERS + lever : cluster * LEVERS + lever + 2])
        options.append([(0, 0.0), *zip(menus.amount[part].tolist(), menus.gain[part].tolist(), strict=True)])
    for bundle in product(*options):
        holds = True
        for one in problem.rules:
            if cluster in one.selection.clusters:
                money = sum(bundle[k][0] for k in one.selection.levers or range(LEVERS))
                holds &= (one.minimum or 0) <= money <= (one.maximum or 10**9)
        if holds:
            best = max(best, sum(gain - price * amount for amount, gain in bundle))
    return best


def without_tables(dual: Dual) -> Dual:
    """Give the same with the search that is neither compiled nor goes through a table."""
    return replace(dual, layout=None)


@pytest.mark.parametrize("seed", range(60))
def test_all_searches_find_the_best_bundle(seed: int) -> None:
    """At several prices: the compiled search, the table, the plain search, and all bundles tried one by one."""
    problem = bundled(seed)
    dual = make_dual(make_space(problem))
    compiled = replace(dual, layout=make_layout(dual.space, dual.stalls, dual.inner))
    assert dual.layout is not None and dual.layout.tables and compiled.layout is not None
    for price in (0.0, 0.3, 1.0, 3.0):
        prices = no_prices(dual)
        prices = prices.with_rows(np.append([price], np.zeros(len(prices.row) - 1)))
        found = [evaluate_prices(one, prices) for one in (dual, compiled, without_tables(dual))]
        by_hand = [best_by_hand(problem, c, price) for c in range(CLUSTERS)]
        for one in found:
            assert one.clusters == pytest.approx(by_hand, abs=1e-9)
            assert (one.money == found[0].money).all()


@pytest.mark.parametrize("seed", range(20))
def test_no_last_digits_of_the_free_choice_are_left(seed: int) -> None:
    """Caps that leave no award at all: every cluster is worth 0, and not what rounding leaves of its free choice."""
    problem = bundled(seed)
    caps = [rule(RuleKind.AMOUNT, Selection(clusters=(c,)), None, 0, name=f"cap{c}") for c in range(CLUSTERS)]
    dual = make_dual(make_space(replace(problem, rules=tuple(caps))))
    for one in (dual, replace(dual, layout=make_layout(dual.space, dual.stalls, dual.inner))):
        assert evaluate_prices(one, no_prices(dual)).clusters.tolist() == [0.0] * CLUSTERS


def test_a_search_without_steps_leaves_the_rows_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the search gives up the bound is the one without the rows, which is weaker and still a bound."""
    problem = bundled(3)
    space = make_space(problem)
    dual = make_dual(space)
    none = make_inner_rows(make_space(replace(problem, rules=())))
    free = evaluate_prices(replace(dual, inner=none, layout=None), no_prices(dual)).bound
    compiled = replace(dual, layout=make_layout(space, dual.stalls, dual.inner))
    monkeypatch.setattr(cluster_rows, "MOST_NODES", 0)
    for one in (without_tables(dual), compiled):
        assert evaluate_prices(one, no_prices(dual)).bound == pytest.approx(free, abs=1e-9)


def test_sums_that_do_not_fit_are_left_to_the_plain_search() -> None:
    """A row whose sum could leave 64 bits has no flat form."""
    space = make_space(bundled(0))
    dual = make_dual(space)
    large = replace(dual.inner, coef=np.full_like(dual.inner.coef, 2**60))
    assert make_layout(space, dual.stalls, dual.inner) is not None
    assert make_layout(space, dual.stalls, large) is None


@pytest.mark.parametrize("seed", range(20))
def test_rows_over_years_are_asked_where_years_alone_break_them(seed: int) -> None:
    """Caps of years and a floor and a cap over both: the best of all pairs of bundles, at several prices."""
    rng = np.random.default_rng(900 + seed)
    problem = plain_problem(np.ones((2, 2)), np.full((2, 2), 50.0), [[100, 100]])
    menus = {}
    for cell in product(range(2), range(2)):
        amounts, gains = np.sort(rng.choice(20, 3, replace=False)) + 1, rng.uniform(1, 30, 3)
        menus[cell] = list(zip(amounts.tolist(), gains.tolist(), strict=True))
    rules = []
    for c in range(2):
        for year in range(2):
            yearly = Selection(clusters=(c,), years=(year,))
            rules.append(rule(RuleKind.AMOUNT, yearly, None, int(rng.integers(15, 35)), name=f"year{c}{year}"))
        low = int(rng.integers(1, 30))
        rules.append(rule(RuleKind.AMOUNT, Selection(clusters=(c,)), low, low + 15, name=f"both{c}"))
    problem = replace(with_menus(problem, menus), rules=tuple(rules))
    dual = make_dual(make_space(problem))
    compiled = replace(dual, layout=make_layout(dual.space, dual.stalls, dual.inner))
    for price in (0.0, 0.5, 2.0):
        prices = no_prices(dual).with_rows(np.append([price, price], np.zeros(len(no_prices(dual).row) - 2)))
        one, other = evaluate_prices(dual, prices), evaluate_prices(compiled, prices)
        for c in range(2):
            options = [[(0, 0.0), *menus[c, k]] for k in range(2)]
            best = -np.inf
            for bundle in product(options[0], options[1], options[0], options[1]):
                money = [sum(amount for amount, _ in bundle[:2]), sum(amount for amount, _ in bundle[2:])]
                fits = all(m <= int(r.maximum or 0) for m, r in zip(money, rules[3 * c : 3 * c + 2], strict=True))
                both = rules[3 * c + 2]
                if fits and int(both.minimum or 0) <= sum(money) <= int(both.maximum or 0):
                    best = max(best, sum(gain - price * amount for amount, gain in bundle))
            assert one.clusters[c] == pytest.approx(best, abs=1e-9)
            assert other.clusters[c] == pytest.approx(best, abs=1e-9)
