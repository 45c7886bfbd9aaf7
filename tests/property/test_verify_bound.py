"""The bound of the verifier against every allocation of small random models, whatever the prices."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.plan.verify_bound import Bound, Inner, Way, curve, highest, pieces, search
from clusteropt.plan.verify_tables import COLUMNS, Problem, read_settings, read_table
from tests import naive
from tests.problems import Sizes
from tests.random_tables import TINY, random_model

if TYPE_CHECKING:
    from clusteropt.inputs import problem as packaged

SEEDS = range(45)
MOST_TRIES = 3000
LONELY = Sizes(clusters=1, levers=2, years=2, funds=2, menus=1.0, money=6, cells=4, rules=3)
"""One cluster with menus: every rule about its money is one inside the cluster."""


def built(problem: packaged.Problem, number: type) -> Problem:
    """Build the problem of the verifier from the files the package keeps."""
    assert problem.kept is not None
    files = problem.kept.files
    settings = read_settings("model.json", files["model.json"])
    tables = {name: read_table(name, files[f"{name}.csv"]) if f"{name}.csv" in files else [] for name in COLUMNS}
    return Problem(settings, tables, number)


def columns(rows: list[tuple[Any, ...]], *names: str) -> dict[str, list[Any]]:
    """Write rows as the certificate does."""
    return {name: [row[k] for row in rows] for k, name in enumerate(names)}


def random_prices(dice: random.Random, problem: Problem, kind: str) -> dict[str, Any]:
    """Draw a certificate's multipliers, good or bad, some of them left out."""

    def price() -> float:
        return dice.choice([0.0, dice.random(), 3 * dice.random(), 1e-3 * dice.random()])

    years, clusters, levers = range(len(problem.years)), list(problem.clusters), list(problem.names["lever"])
    rule = [(side.rule, side.side, side.year, price()) for side in problem.sides
            if side.kind != "lock" and dice.random() < 0.7]  # fmt: skip
    shares = [("+".join(together), c, t, levers.index(lever), price())
              for together, c, t in product(problem.synergies, range(len(clusters)), years)
              for lever in together if dice.random() < 0.7]  # fmt: skip
    stocks = [(c, lever, t, dice.choice([1, 1, -1]) * price())
              for c, lever, t in product(range(len(clusters)), range(len(levers)), years)
              if stores(problem, clusters[c], levers[lever]) and dice.random() < 0.8]  # fmt: skip
    regional = kind in ("worst_region", "second", "equity")
    return {
        "purse": [[price() for _ in years] for _ in problem.names["fund"]],
        "rule": columns(rule, "rule", "side", "year", "price"),
        "region": [dice.random() + 1e-3 for _ in problem.unit] if regional else [],
        "target": 10 * dice.random() if kind == "least_money" else 0.0,
        "synergy": columns(shares, "synergy", "cluster", "year", "lever", "share"),
        "stock": columns(stocks, "cluster", "lever", "year", "price"),
    }


def stores(problem: Problem, cluster: str, lever: str) -> bool:
    """Tell whether money feeds a stock."""
    pair = problem.pairs[cluster, lever]
    return bool(pair.keep or pair.lag)


def small(seed: int) -> packaged.Problem:
    """Draw a model that can be solved by trying all; skip one that is too large."""
    problem = naive.with_equity_scale(random_model(seed, TINY))
    if naive.count_tries(problem) > MOST_TRIES:
        pytest.skip("too many allocations to try")
    return problem


def optimum(problem: packaged.Problem) -> tuple[float, float]:
    """Give the best objective and the best total with it, by trying all; skip where no plan obeys the rules."""
    best = naive.brute_force(problem)
    if best is None:
        pytest.skip("no plan obeys all rules")
    return best[:2]


def assert_holds(limit: Any, value: float, kind: str) -> None:
    """Check that no plan is better than the limit, up to the rounding of the value itself."""
    if kind == "least_money":
        assert math.ceil(limit) <= value
    else:
        assert float(limit) >= value - 1e-12 * max(1.0, abs(value))


@pytest.mark.parametrize("seed", SEEDS)
def test_no_prices_give_a_bound_below_the_optimum(seed: int) -> None:
    """For arbitrary prices of at least 0 the bound is never better than the best of all allocations."""
    problem = small(seed)
    value, total = optimum(problem)
    kind, mine = problem.objective.kind.value, built(problem, float)
    for number in range(8):
        dice = random.Random(f"{seed}/{number}")
        assert_holds(Bound(mine, random_prices(dice, mine, kind), kind).limit, value, kind)
        if kind == ObjectiveKind.WORST_REGION.value:
            # The best total among the plans that are best for the worst region.
            prices = random_prices(dice, mine, "second")
            assert_holds(Bound(mine, prices, "second", value).limit, total, "total")


@pytest.mark.parametrize("seed", SEEDS)
def test_exact_and_safe_agree(seed: int) -> None:
    """In fractions and in floats the bound is the same up to the margin, and the safe one is never the tighter."""
    problem = random_model(seed, TINY)
    kind, fractions, floats = problem.objective.kind.value, built(problem, Fraction), built(problem, float)
    for number in range(4):
        prices = random_prices(random.Random(f"{seed}/{number}"), floats, kind)
        try:
            exact = Bound(fractions, prices, kind)
        except ArithmeticError as error:
            if str(error).startswith("no way"):
                with pytest.raises(ArithmeticError):
                    Bound(floats, prices, kind)
                continue
            assert str(error) == "no fraction: exp, log"
            pytest.skip("a curve of exp or log is in use")
        safe = Bound(floats, prices, kind)
        assert isinstance(exact.limit, Fraction)
        sign = -1 if kind == "least_money" else 1
        assert 0 <= sign * (Fraction(safe.limit) - exact.limit) <= 2e-12 * safe.size


@pytest.mark.parametrize("seed", range(40))
def test_inner_rows_only_tighten(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Holding the rules inside one cluster's menus as they are never gives a worse bound than leaving them out."""
    problem = random_model(seed, LONELY)
    kind, mine = problem.objective.kind.value, built(problem, float)
    prices = random_prices(random.Random(seed), mine, kind)
    sign = -1 if kind == "least_money" else 1
    try:
        held = Bound(mine, prices, kind)
    except ArithmeticError:
        pytest.skip("no plan keeps the locks")
    if not held.inners:
        pytest.skip("no rule lies in the menus of one cluster")
    # With no inner rows a count may charge for an award that such a row asks for, so counts are left out.
    if any(side.kind == "clusters" for side in mine.sides):
        pytest.skip("counts of clusters")
    monkeypatch.setattr(Bound, "_keep_inner", lambda *_: None)
    free = Bound(mine, prices, kind)
    assert sign * held.limit <= sign * free.limit + 1e-9 * free.size


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


@pytest.mark.parametrize("seed", range(150))
def test_the_cheapest_way_to_pay(seed: int) -> None:
    """Each amount costs what the cheapest of all splits costs, and amounts that cannot be paid have no piece."""
    dice = random.Random(seed)
    ways = []
    for name in range(dice.randint(1, 3)):
        least = dice.choice([0, 0, 1, 2])
        ways.append(Way(name, dice.uniform(-1, 2), least, least + dice.randint(0, 4), 0))
    low = dice.randint(1, 6)
    high = low + dice.randint(0, 8)
    cheapest: dict[int, float] = {}
    for split in product(*(range(way.low, way.high + 1) for way in ways)):
        cost = sum(way.price * x for way, x in zip(ways, split, strict=True))
        cheapest[sum(split)] = min(cost, cheapest.get(sum(split), math.inf))
    found = {}
    for a, b, price, cost in pieces(ways, low, high):
        for x in range(a, b + 1):
            found[x] = cost + price * (x - a)
    assert found == pytest.approx({x: cost for x, cost in cheapest.items() if low <= x <= high}, abs=1e-9)


@pytest.mark.parametrize("number", [float, Fraction])
@pytest.mark.parametrize("seed", range(60))
def test_the_search_inside_a_cluster(seed: int, number: type) -> None:
    """The best choice of levels that keeps the rows is the best of all choices tried one by one."""
    dice = random.Random(seed)
    cells = [("c", f"l{k}", 2025) for k in range(dice.randint(1, 4))]
    levels = [[0, *dice.sample(range(1, 12), dice.randint(1, 3))] for _ in cells]
    offers = [{x: number(Fraction(dice.randint(-20, 60), 7)) for x in xs} for xs in levels]
    rows = []
    for _ in range(dice.randint(1, 3)):
        coef = {cell: dice.choice([1, 1, 3, -2]) for cell in cells if dice.random() < 0.8}
        low = dice.choice([-math.inf, dice.randint(-10, 10)])
        rows.append(Inner(coef, low, dice.choice([math.inf, dice.randint(0, 20)])))
    best: Any = -math.inf
    for choice in product(*(table.items() for table in offers)):
        sums = [sum(row.coef.get(cell, 0) * x for cell, (x, _) in zip(cells, choice, strict=True)) for row in rows]
        if all(row.low <= s <= row.high for s, row in zip(sums, rows, strict=True)):
            best = max(best, sum(value for _, value in choice))
    assert search(offers, rows, cells) == (best if number is Fraction else pytest.approx(best, rel=1e-12, abs=1e-12))


def test_a_search_that_takes_too_long_ignores_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the nodes allowed the bound is that of any choice: 3 cells at 2 each, though the row allows one."""
    cells = [("c", f"l{k}", 2025) for k in range(3)]
    offers = [{0: 0.0, 1: 2.0}] * 3
    rows = [Inner(dict.fromkeys(cells, 1), -math.inf, 1)]
    assert search(offers, rows, cells) == 2.0
    monkeypatch.setattr("clusteropt.plan.verify_bound.MOST_NODES", 2)
    assert search(offers, rows, cells) == 6.0
