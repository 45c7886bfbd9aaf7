"""The bound of the verifier against every allocation of small random models, whatever the prices."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from fractions import Fraction
from functools import cache
from itertools import chain, product
from typing import TYPE_CHECKING, Any

import pytest

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.plan.verify import Folder, Pair, Pick, curve, highest
from tests import naive
from tests.bound_prices import bound_at, built, random_prices
from tests.problems import Sizes
from tests.random_tables import MOVES, PROGRAMMES, TINY, random_model

if TYPE_CHECKING:
    from clusteropt.inputs import problem as packaged

SEEDS = (*range(45), *range(PROGRAMMES.start, PROGRAMMES.start + 25), *range(MOVES.start, MOVES.start + 15))
MOST_TRIES = 3000
LONELY = Sizes(clusters=1, levers=2, years=2, funds=2, menus=1.0, money=6, cells=4, rules=3)
"""One cluster with menus: every rule about its money is one inside the cluster."""


def limit(mine: Folder, prices: dict[str, Any], kind: str, floor: float = 0.0) -> Any:
    """Give what no plan can exceed (least money: undercut)."""
    best = bound_at(mine, prices, kind, floor)
    return max(0, -best) if kind == "least_money" else best


def sizes(mine: Folder) -> float:
    """Give the sum of the sizes of all that the last bound was summed from."""
    parts = [*mine.fixed, *mine.terms, *chain(*mine.added.values()), *(x for pick in mine.picks for _, x in pick.parts)]
    return float(sum(map(abs, parts)) + sum(map(abs, mine.price.values())) * (1 + sum(mine.purse.values())))


def files_of(problem: packaged.Problem) -> dict[str, bytes]:
    """Give the files that the package keeps of a problem."""
    assert problem.kept is not None
    return dict(problem.kept.files)


@cache
def drawn(seed: int) -> packaged.Problem:
    """Draw a model, once for all tests."""
    return random_model(seed, TINY)


def small(seed: int) -> packaged.Problem:
    """Give a model that can be solved by trying all; skip one that is too large."""
    problem = naive.with_equity_scale(drawn(seed))
    if naive.count_tries(problem) > MOST_TRIES:
        pytest.skip("too many allocations to try")
    return problem


def optimum(problem: packaged.Problem) -> tuple[float, float]:
    """Give the best objective and the best total with it, by trying all; skip where no plan obeys the rules."""
    best = naive.brute_force(problem)
    if best is None:
        pytest.skip("no plan obeys all rules")
    return best[:2]


def assert_holds(found: Any, value: float, kind: str) -> None:
    """Check that no plan is better than the limit, up to the rounding of the value itself."""
    if kind == "least_money":
        assert math.ceil(found) <= value
    else:
        assert float(found) >= value - 1e-12 * max(1.0, abs(value))


@pytest.mark.parametrize("seed", SEEDS)
def test_no_prices_give_a_bound_below_the_optimum(seed: int) -> None:
    """For arbitrary prices of at least 0 the bound is never better than the best of all allocations."""
    problem = small(seed)
    value, total = optimum(problem)
    kind, mine = problem.objective.kind.value, built(files_of(problem), float)
    for number in range(8):
        dice = random.Random(f"{seed}/{number}")
        assert_holds(limit(mine, random_prices(dice, mine, kind), kind), value, kind)
        if kind == ObjectiveKind.WORST_REGION.value:
            # The best total among the plans that are best for the worst region.
            prices = random_prices(dice, mine, "second")
            assert_holds(limit(mine, prices, "second", value), total, "total")


@pytest.mark.parametrize("seed", SEEDS)
def test_exact_and_safe_agree(seed: int) -> None:
    """In fractions and in floats the bound is the same up to the margin, and the safe one is never the tighter."""
    problem = drawn(seed)
    kind, fractions, floats = (
        problem.objective.kind.value,
        built(files_of(problem), Fraction),
        built(files_of(problem), float),
    )
    for number in range(4):
        prices = random_prices(random.Random(f"{seed}/{number}"), floats, kind)
        try:
            exact = bound_at(fractions, prices, kind, 0.0)
        except ArithmeticError as error:
            if str(error) == "no finite bound":
                with pytest.raises(ArithmeticError):
                    bound_at(floats, prices, kind, 0.0)
                continue
            assert str(error) == "no fraction: exp, log"
            pytest.skip("a curve of exp or log is in use")
        safe = bound_at(floats, prices, kind, 0.0)
        assert isinstance(exact, Fraction)
        assert 0 <= Fraction(safe) - exact <= 1e-11 * sizes(floats)


@pytest.mark.parametrize("seed", range(40))
def test_inner_rows_only_tighten(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Holding the rules inside one cluster's menus as they are never gives a worse bound than leaving them out."""
    problem = random_model(seed, LONELY)
    kind, mine = problem.objective.kind.value, built(files_of(problem), float)
    prices = random_prices(random.Random(seed), mine, kind)
    try:
        held = bound_at(mine, prices, kind, 0.0)
    except ArithmeticError:
        pytest.skip("no plan keeps the locks")
    if not mine.inners:
        pytest.skip("no rule lies in the menus of one cluster")
    whole = Folder._cluster

    def without(self: Folder, cluster: str) -> Any:
        self.inners.clear()
        return whole(self, cluster)

    monkeypatch.setattr(Folder, "_cluster", without)
    assert held <= bound_at(mine, prices, kind, 0.0) + 1e-9 * sizes(mine)


@pytest.mark.parametrize("seed", range(300))
def test_the_highest_point_of_a_curve(seed: int) -> None:
    """On whole numbers the bound is the best of all; between them it is no less than any, and hardly more."""
    dice = random.Random(seed)
    family = dice.choice(["linear", "exponential", "log", "hyperbolic"])
    weight, scale = dice.choice([-1, 1, 1, 1]) * dice.random() * 3, 10 ** dice.uniform(-1, 3)
    a = dice.randint(0, 20)
    b, price = a + dice.randint(0, 60), weight * dice.uniform(-0.2, 1.2)
    curved = (weight, family, scale)
    values = [weight * curve(family, scale, x)[0] - price * x for x in range(a, b + 1)]
    found, place = highest(curved, a, b, price, whole=True)
    assert found == pytest.approx(max(values), rel=1e-12, abs=1e-12)
    assert values[place - a] == pytest.approx(max(values), rel=1e-12, abs=1e-12)
    fine = [
        weight * curve(family, scale, a + (b - a) * k / 2000)[0] - price * (a + (b - a) * k / 2000) for k in range(2001)
    ]
    bound = highest(curved, a, b, price, whole=False)[0]
    assert bound >= max(fine) - 1e-9 * abs(weight) * scale
    # The finest point found can be half a step away from the best one.
    assert bound <= max(fine) + abs(weight) * (b - a) / 2000 + 1e-9


def lonely(menus: list[dict[int, Any]], rows: list[tuple[dict[Any, int], int]], number: type) -> Folder:
    """Put together one cluster whose levers have menus with gains of their own, at no price, and rows inside it."""
    it = Folder()
    it.names, it.years, it.discount = {"lever": [f"l{k}" for k in range(len(menus))]}, [2025], {2025: number(1)}
    it.clusters, it.coef = {"c": {"region": "r", "counts": {"r": number(1)}}}, {"r": number(1)}
    it.synergies, it.shares, it.stock, it.locks, it.price = {}, {}, {}, {}, Counter()
    it.margin, it.terms, it.counted, it.inners, it.over = 0, [], defaultdict(dict), {"c": rows}, {}
    it.paid = {("f", 2025): 100}
    it.pairs = {("c", f"l{k}"): Pair("linear", 0, 1, 0, 0, 0, 0, 20, menu, ["f"]) for k, menu in enumerate(menus)}
    return it


def best_choice(menus: list[dict[int, Any]], rows: list[tuple[dict[Any, int], int]]) -> Any:
    """Try all choices of a level, or none, for each lever; minus infinity if the rows allow none."""
    best: Any = -math.inf
    for choice in product(*([(0, 0), *menu.items()] for menu in menus)):
        cells = {("c", f"l{k}", 2025): x for k, (x, _) in enumerate(choice)}
        if all(sum(a * cells[cell] for cell, a in coef.items()) <= most for coef, most in rows):
            best = max(best, sum(gain for _, gain in choice))
    return best


@pytest.mark.parametrize("number", [float, Fraction])
@pytest.mark.parametrize("seed", range(60))
def test_the_search_inside_a_cluster(seed: int, number: type) -> None:
    """The best choice of levels that keeps the rows is the best of all choices tried one by one."""
    dice = random.Random(seed)
    menus = [
        {x: number(Fraction(dice.randint(-20, 60), 7)) for x in dice.sample(range(1, 12), dice.randint(1, 3))}
        for _ in range(dice.randint(1, 4))
    ]
    cells = [("c", f"l{k}", 2025) for k in range(len(menus))]
    rows = [
        ({cell: dice.choice([1, 1, 3, -2]) for cell in cells if dice.random() < 0.8}, dice.randint(-10, 20))
        for _ in range(dice.randint(1, 3))
    ]
    best = best_choice(menus, rows)
    found = lonely(menus, rows, number)._cluster("c")
    assert found == (best if number is Fraction or math.isinf(best) else pytest.approx(best, rel=1e-12, abs=1e-12))


def bundled(units: list[list[Any]], asks: list[tuple[dict[int, int], int]], number: type) -> Folder:
    """Put together programmes whose picks are worth so much, at no price, and what they ask of each other."""
    it, offers = Folder(), [(f"p{k}", x) for k, unit in enumerate(units) for x in unit]
    it.picks = [Pick(p, "", 2025, {}, [("r", x)], []) for p, x in offers]
    it.coef, it.moves, it.price, it.margin, it.terms = {"r": number(1)}, [], Counter(), 0, []
    it.asks = [(f"ask {k}", Counter(coefs), limit) for k, (coefs, limit) in enumerate(asks)]
    return it


def best_picks(units: list[list[Any]], asks: list[tuple[dict[int, int], int]]) -> Any:
    """Try all choices of a pick, or none, for each programme; minus infinity if no choice is allowed."""
    best, numbers = -math.inf, iter(range(100))
    for choice in product(*([(None, 0), *((next(numbers), x) for x in unit)] for unit in units)):
        on = {k for k, _ in choice if k is not None}
        if all(sum(a for k, a in coefs.items() if k in on) <= most for coefs, most in asks):
            best = max(best, sum(x for _, x in choice))
    return best


@pytest.mark.parametrize("number", [float, Fraction])
@pytest.mark.parametrize("seed", range(80))
def test_the_search_over_picks(seed: int, number: type) -> None:
    """The best picks under what they ask of each other are the best of all choices tried one by one."""
    dice = random.Random(seed)
    units = [[number(Fraction(dice.randint(-20, 60), 7)) for _ in range(dice.randint(1, 3))]
             for _ in range(dice.randint(1, 5))]  # fmt: skip
    picks = range(sum(map(len, units)))
    asks = [({k: dice.choice([1, 1, 2, -1]) for k in picks if dice.random() < 0.4}, dice.randint(-1, 2))
            for _ in range(dice.randint(0, 4))]  # fmt: skip
    asks = [(coefs, limit) for coefs, limit in asks if coefs]
    best = best_picks(units, asks)
    found = sum(bundled(units, asks, number)._programmes())
    assert found == (best if number is Fraction or math.isinf(best) else pytest.approx(best, rel=1e-12, abs=1e-12))


def test_a_search_that_takes_too_long_proves_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the nodes allowed the bound is no less than the best: 3 cells at 2 each, though the row allows one."""
    menus = [{1: 2.0}] * 3
    rows = [({("c", f"l{k}", 2025): 1 for k in range(3)}, 1)]
    assert lonely(menus, rows, float)._cluster("c") == 2.0
    monkeypatch.setattr("clusteropt.plan.verify.MOST_NODES", 2)
    assert 2.0 < lonely(menus, rows, float)._cluster("c") <= 6.0
    # Where no choice of a lever reaches its best any more, that loss is known after one node.
    menus, rows = [{1: 1.0, 2: 4.0}, {1: 1.0, 2: 4.0}], [({("c", "l0", 2025): 1, ("c", "l1", 2025): 1}, 2)]
    monkeypatch.setattr("clusteropt.plan.verify.MOST_NODES", 1)
    for number in (float, Fraction):
        assert lonely(menus, [*rows, ({("c", "l1", 2025): 1}, 1)], number)._cluster("c") == 5.0


def test_more_counts_than_can_be_tried_prove_nothing() -> None:
    """Each count of a cell that has a price doubles the choices to be tried; beyond 16 the bound is refused."""
    it, cell = lonely([{1: 2.0}], [], float), ("c", "l0", 2025)
    it.counted[cell] = {("c", f"rule {k}"): {(*cell, "f")} for k in range(17)}
    it.price = Counter(dict.fromkeys(it.counted[cell], 1.0))
    with pytest.raises(ValueError, match="more counts"):
        it._cluster("c")
