"""Arbitrary prices for the bound of the verifier."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from clusteropt.plan.verify import MARGIN, Folder

if TYPE_CHECKING:
    import random
    from collections.abc import Callable


def built(files: dict[str, bytes], number: type) -> Folder:
    """Build the problem of the verifier from its input files."""
    mine = Folder().read(files, float)
    live, scale = mine.regions()
    mine = mine if number is float else Folder().read(files, number)
    mine.live, mine.scale = live, scale
    return mine


def bound_at(problem: Folder, prices: dict[str, Any], kind: str, floor: float, margin: float = MARGIN) -> Any:
    """Bound what plans reach (least money: minus money) from prices alone, without a proof tree."""
    return problem.weakest({"multipliers": prices}, kind, floor, margin)


def columns(rows: list[tuple[Any, ...]], *names: str) -> dict[str, list[Any]]:
    """Write rows as the certificate does."""
    return {name: [row[k] for row in rows] for k, name in enumerate(names)}


def random_prices(dice: random.Random, problem: Folder, kind: str) -> dict[str, Any]:
    """Draw a certificate's multipliers, good or bad, some of them left out."""

    def price() -> float:
        return dice.choice([0.0, dice.random(), 3 * dice.random(), 1e-3 * dice.random()])

    years, clusters, levers = range(len(problem.years)), list(problem.clusters), list(problem.names["lever"])
    positions = {-1: -1} | {year: k for k, year in enumerate(problem.years)}
    rule = [(side.rule, side.side, positions[side.year], price()) for side in problem.sides
            if side.kind != "lock" and dice.random() < 0.7]  # fmt: skip
    shares = [("+".join(together), c, t, levers.index(lever), price())
              for together, c, t in product(problem.synergies, range(len(clusters)), years)
              for lever in together if dice.random() < 0.7]  # fmt: skip
    stocks = [(c, lever, t, dice.choice([1, 1, -1]) * price())
              for c, lever, t in product(range(len(clusters)), range(len(levers)), years)
              if stores(problem, clusters[c], levers[lever]) and dice.random() < 0.8]  # fmt: skip
    regional = kind in ("worst_region", "second", "equity")
    found = {
        "purse": columns(_purses(problem, dice, price), "fund", "years", "price"),
        "rule": columns(rule, "rule", "side", "year", "price"),
        "region": [dice.random() + 1e-3 for _ in problem.unit] if regional else [],
        "target": 10 * dice.random() if kind == "least_money" else 0.0,
        "synergy": columns(shares, "synergy", "cluster", "year", "lever", "share"),
        "stock": columns(stocks, "cluster", "lever", "year", "price"),
    }
    needs = [(*problem.picks[k][:2], positions[problem.picks[k].year], clusters.index(c), price())
             for k, c, *_ in problem.needs if dice.random() < 0.8]  # fmt: skip
    return found | {"need": columns(needs, "programme", "option", "year", "cluster", "price")}


def _purses(problem: Folder, dice: random.Random, price: Callable[[], float]) -> list[tuple[int, str, float]]:
    """Price every purse, and some sets of years where money moves between them."""
    funds = list(enumerate(problem.names["fund"]))
    rows = [(f, str(year), price()) for f, _ in funds for year in problem.years]
    for f, fund in funds:
        if any(any(problem.ledger[fund, year][k] for k in (0, 2, 3)) for year in problem.years):
            spans = [sorted(dice.sample(problem.years, dice.randint(1, len(problem.years)))) for _ in range(3)]
            rows += [(f, "+".join(map(str, span)), price()) for span in spans]
    return rows


def stores(problem: Folder, cluster: str, lever: str) -> bool:
    """Tell whether money feeds a stock."""
    pair = problem.pairs[cluster, lever]
    return bool(pair.keep or pair.lag)
