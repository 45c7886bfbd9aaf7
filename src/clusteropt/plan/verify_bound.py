"""The arithmetic of the proved bound: the part of ``verify.py`` that stands in a file of its own.

With a price on every purse and rule, the clusters of a plan have nothing in common any more: each takes what is best
for it, and the sum of these, with what the limits themselves cost, is at least what any plan can reach, whatever the
prices. Every step here is that sum, or something larger. It uses the standard library alone, and nothing of clusteropt.
"""

from __future__ import annotations

import math
from collections import defaultdict, namedtuple
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

FAR, MARGIN = math.inf, 2.0**-40
MOST_NODES, MOST_GATES, MOST_COUNTS, MOST_WHOLE = 200_000, 4, 4, 10**6
# One way to pay for a cell: the flow, the price of a unit, fewest and most units, the price of paying at all.
Way = namedtuple("Way", "flow price low high gate")
# A rule whose money lies in menus of one cluster: a whole coefficient by cell, and between what the sum must lie.
Inner = namedtuple("Inner", "coef low high")


def curve(family: str, scale: Any, x: Any) -> tuple[Any, Any]:
    """Give s phi(x / s) and its slope phi'(x / s); fractions stay fractions, or are refused where they cannot."""
    if family == "linear" or x <= 0:
        return x, 1
    if family == "hyperbolic":
        return scale * x / (scale + x), (scale / (scale + x)) ** 2
    if isinstance(scale, Fraction):
        raise ArithmeticError("no fraction: exp, log")
    u = x / scale
    return (scale * math.log1p(u), 1 / (1 + u)) if family == "log" else (-scale * math.expm1(-u), math.exp(-u))


def highest(curved: tuple[Any, str, Any], a: Any, b: Any, price: Any, whole: bool) -> tuple[Any, Any]:
    """Bound w f(x) - price x on [a, b], or on its whole numbers alone; give the bound and an x near which it is."""
    weight, family, scale = curved

    def gain(x: Any) -> tuple[Any, Any]:
        return (weight * curve(family, scale, x)[0] if weight else 0) - price * x, x

    if weight <= 0 or family == "linear" or a == b:
        return max(gain(a), gain(b))
    # Where the slope of the curve is the price; found in floats, as any point gives a bound and the best a tight one.
    slope = 1.0 if price >= weight else max(float(price / weight), 1e-300) if price > 0 else 1e-300
    u = {"exponential": -math.log(slope), "log": 1 / slope - 1, "hyperbolic": slope**-0.5 - 1}[family] * float(scale)
    y = b if u >= b else a if u <= a else type(scale)(u)
    if whole and y < MOST_WHOLE:
        near = [x for x in range(math.floor(y) - 1, math.floor(y) + 3) if a <= x <= b]
        value, x = max(map(gain, near))
        # On a concave curve, what is best among its neighbours is best of all.
        if x in (a, b) or near[0] < x < near[-1]:
            return value, x
    value, rise = curve(family, scale, y)
    # A concave curve lies under its tangent, wherever that touches it.
    return max(weight * (value + rise * (x - y)) - price * x for x in (a, b)), y


def conjugate(family: str, eta: Any) -> Any:
    """Bound phi(u) - eta u over all u from above, for 0 < eta <= 1."""
    if family == "linear" or eta >= 1:
        return 0
    if family == "hyperbolic":
        # The value is (1 - root)^2, and a root that is too small makes it larger.
        root = Fraction(math.isqrt(int(Fraction(eta) * 4**99)), 2**99)
        return (1 - type(eta)(root)) ** 2
    if isinstance(eta, Fraction):
        raise ArithmeticError("no fraction: exp, log")
    return eta - 1 - math.log(eta) if family == "log" else 1 - eta + eta * math.log(eta)


def pieces(ways: list[Any], low: int, high: int) -> Iterator[tuple[int, int, Any, Any]]:
    """Cut the money from low to high where the cheapest way to pay gets dearer: from, to, price, cost at the start."""
    start, cost = sum(way.low for way in ways), sum(way.price * way.low for way in ways)
    if low <= start <= high:
        yield start, start, 0, cost
    for way in sorted(ways, key=lambda way: way.price):
        end = start + way.high - way.low
        if start < end and max(start, low) <= min(end, high):
            yield max(start, low), min(end, high), way.price, cost + way.price * max(0, low - start)
        start, cost = end, cost + way.price * (end - start)


def search(offers: list[dict[int, Any]], inners: list[Any], cells: list[Any]) -> Any:
    """Give the best choice of one offer a cell that keeps the inner rows; of any choice, where that takes too long."""
    if not all(offers):
        return -FAR
    # Fractions over one denominator are added as whole numbers.
    values = [value for table in offers for value in table.values()]
    unit = math.lcm(*(value.denominator for value in values)) if not any(isinstance(v, float) for v in values) else 1
    ranked = [sorted(((value * unit, x) for x, value in table.items()), reverse=True) for table in offers]
    ranked = [[(int(v) if unit > 1 else v, x) for v, x in table] for table in ranked]
    coefs = [[inner.coef.get(cell, 0) for inner in inners] for cell in cells]
    rest, room = [0], [[(0, 0)] * len(inners)]
    for table, coef in zip(reversed(ranked), reversed(coefs), strict=True):
        spans = [(min(a * x for _, x in table), max(a * x for _, x in table)) for a in coef]
        room.insert(0, [(low + a, high + b) for (low, high), (a, b) in zip(room[0], spans, strict=True)])
        rest.insert(0, rest[0] + table[0][0])
    best: Any = -FAR
    nodes = 0

    def visit(k: int, value: Any, sums: list[int]) -> None:
        nonlocal best, nodes
        nodes += 1
        spans = zip(sums, room[k], inners, strict=True)
        if any(s + a > inner.high or s + b < inner.low for s, (a, b), inner in spans):
            return
        if k == len(ranked):
            best = max(best, value)
            return
        for more, x in ranked[k]:
            if value + more + rest[k + 1] <= best or nodes > MOST_NODES:
                return
            visit(k + 1, value + more, [s + a * x for s, a in zip(sums, coefs[k], strict=True)])

    visit(0, 0, [0] * len(inners))
    found = best if nodes <= MOST_NODES else rest[0]
    return Fraction(found, unit) if unit > 1 and found > -FAR else found


class Bound:
    """The bound of one stage of a plan, from the prices of its certificate.

    ``limit`` is what no plan can exceed (least money: undercut) and ``size`` the sum of the sizes of all terms.
    """

    def __init__(self, problem: Any, given: dict[str, Any], kind: str, floor: float = 0.0) -> None:
        self.problem, self.given, self.kind, number = problem, given, kind, problem.number
        self.total, self.size = number(0), 0.0
        # Prices of a unit of flows, and of being on of cells and draws, with the sizes of what they are summed from.
        self.price, self.gate = defaultdict[Any, Any](int), defaultdict[Any, Any](int)
        self.price_size, self.gate_size = defaultdict[Any, float](float), defaultdict[Any, float](float)
        # Counts of clusters that have a price, and rules that are kept as they are: by cluster.
        self.counts, self.inners = defaultdict[str, dict[str, Any]](dict), defaultdict[str, list[Any]](list)
        self.coef = self._coefficients(floor)
        self._price_purses()
        self._price_rules()
        self.shares, self.stock = self._read_shares(), self._read_stock()
        for side in problem.sides:
            self._keep_inner(side)
        for cluster in problem.clusters:
            self._add(self._cluster(cluster))
        self.total += MARGIN * self.size if number is float else 0
        if not math.isfinite(self.total) or not isinstance(self.total, number):
            raise ArithmeticError("no finite bound")
        # Whatever the prices say, no plan takes less than nothing.
        self.limit = max(number(0), -self.total) if kind == "least_money" else self.total

    def _read(self, x: Any, signed: bool = False) -> Any:
        """Read a price: finite, and not negative where that would prove nothing."""
        if type(x) not in (int, float) or not math.isfinite(x) or (x < 0 and not signed):
            raise ArithmeticError(f"price {x!r}")
        return self.problem.number(x)

    def _rows(self, name: str, *columns: str) -> Iterator[Any]:
        """Give the rows of a table of the certificate."""
        return zip(*(self.given[name][column] for column in columns), strict=True)

    def _add(self, x: Any) -> None:
        """Add a term, a fraction rounded up to keep it short, and its size to the sum of sizes."""
        if x in (FAR, -FAR):
            raise ArithmeticError("no way to keep the locks")
        self.total += Fraction(math.ceil(x * 2**200), 2**200) if isinstance(x, Fraction) else x
        self.size += abs(float(x))

    def _charge(self, flow: Any, price: Any) -> None:
        """Add to the price of a unit of a flow."""
        self.price[flow] += price
        self.price_size[flow] += abs(float(price))

    def _coefficients(self, floor: float) -> dict[str, Any]:
        """Give what a unit of outcome of each region counts, and add the constants that go with it."""
        p, kind, one = self.problem, self.kind, self.problem.number(1)
        if kind == "total":
            return dict.fromkeys(p.unit, one)
        if kind == "least_money":
            theta = self._read(self.given["target"])
            self._add(-theta * p.number(Fraction(str(p.goal["target"]))))
            return dict.fromkeys(p.unit, theta)
        given = {r: self._read(x) for r, x in zip(p.unit, self.given["region"], strict=True)}
        if kind == "equity":
            return self._equity(given)
        live = p.live()
        rho = {r: given[r] if r in live else 0 * one for r in given}
        if kind == "second":
            self._add(-p.number(floor) * sum(rho.values()))
            return {r: one + price / p.unit[r] for r, price in rho.items()}
        total = sum(rho.values()) if live else one
        return {r: price / total / p.unit[r] for r, price in rho.items()}

    def _equity(self, given: dict[str, Any]) -> dict[str, Any]:
        """Give the slope at which the outcome of each region counts; add how far its curve stands above that line."""
        p, family = self.problem, self.problem.goal["equity_family"]
        one, scale = p.number(1), p.equity_scale()
        coef = {r: one if family == "linear" else min(one, eta) for r, eta in given.items()}
        for r, eta in coef.items():
            if not eta:
                raise ArithmeticError("price 0 of a region")
            self._add(scale * p.unit[r] * conjugate(family, eta))
            self.size += float(scale * p.unit[r] * (1 - eta))
        return coef

    def _price_purses(self) -> None:
        """Charge what every flow takes from its purse, and for least money the money itself."""
        p = self.problem
        for (fund, line), k in product(zip(p.names["fund"], self.given["purse"], strict=True), range(len(p.years))):
            price = self._read(line[k])
            self._add(price * p.purse[fund, p.years[k]])
            for flow in p.flows_of[fund, p.years[k]]:
                self._charge(flow, price + (self.kind == "least_money"))

    def _price_rules(self) -> None:
        """Charge what a side of a rule measures; the side that asks for a minimum pays for what it is given."""
        number = self.problem.number
        prices = {tuple(key): self._read(x) for *key, x in self._rows("rule", "rule", "side", "year", "price")}
        for side in self.problem.sides:
            price = prices.get((side.rule, side.side, side.year), 0) * (-1 if side.side == "min" else 1)
            if not price:
                continue
            self._add(price * side.limit)
            if side.kind == "clusters":
                for flow in side.flows:
                    count = self.counts[flow[0]].setdefault(side.rule, [{}, set(), side.named])
                    count[0][side.side] = price
                    count[1].add(flow)
            elif side.kind in ("awards", "draws"):
                for spot in {flow[:3] if side.kind == "awards" else flow for flow in side.flows}:
                    self.gate[spot] += price
                    self.gate_size[spot] += abs(float(price))
            else:
                for flow in side.flows:
                    self._charge(flow, price)
                for flow in side.base:
                    self._charge(flow, -price * number(side.ratio))

    def _read_shares(self) -> dict[Any, dict[str, Any]]:
        """Read how each synergy is laid on its levers."""
        found: dict[Any, dict[str, Any]] = defaultdict(dict)
        clusters, levers = list(self.problem.clusters), list(self.problem.names["lever"])
        for name, c, year, lever, x in self._rows("synergy", "synergy", "cluster", "year", "lever", "share"):
            found[name, clusters[c], self.problem.years[year]][levers[lever]] = self._read(x)
        return found

    def _read_stock(self) -> dict[Any, Any]:
        """Read what a unit of stock is priced at."""
        clusters, levers, years = list(self.problem.clusters), list(self.problem.names["lever"]), self.problem.years
        return {(clusters[c], levers[lever], years[year]): self._read(x, signed=True)
                for c, lever, year, x in self._rows("stock", "cluster", "lever", "year", "price")}  # fmt: skip

    def _keep_inner(self, side: Any) -> None:
        """Keep a side of a rule as it is where its money lies in menus of one cluster, and cells count as a whole."""
        if side.kind not in ("amount", "share", "change"):
            return
        coef: dict[Any, int] = defaultdict(int)
        for flows, a in ((side.flows, side.ratio.denominator), (side.base, -side.ratio.numerator)):
            for flow in flows:
                coef[flow] += a
                if len(coef) > 1 and flow[0] != next(iter(coef))[0] and side.ratio != 1:
                    return
        by_cell: dict[Any, int] = {flow[:3]: a for flow, a in coef.items() if a}
        pairs = {cell: self.problem.pairs[cell[:2]] for cell in by_cell}
        alone = len({cell[0] for cell in by_cell}) == 1 and all(pair.menu for pair in pairs.values())
        if alone and all(coef.get((*cell, f), 0) == a for cell, a in by_cell.items() for f in pairs[cell].funds):
            low, high = (side.limit, FAR) if side.side == "min" else (-FAR, side.limit)
            self.inners[next(iter(by_cell))[0]].append(Inner(by_cell, low, high))

    def _weights(self, c: str) -> dict[Any, Any]:
        """Give what a unit of outcome counts, by lever and year: weights, spill-overs, and its part in synergies."""
        p, row = self.problem, self.problem.clusters[c]
        mine = sum(w * self.coef[r] for r, w in row["counts"].items())
        weights = {(lever, year): mine * p.discount[year] for lever, year in product(p.names["lever"], p.years)}
        for (levers, gains), year in product(p.synergies.items(), p.years):
            if not gains[c]:
                continue
            joint = gains[c] * row["weight"] * self.coef[row["region"]] * p.discount[year]
            given = self.shares.get(("+".join(levers), c, year), {})
            shares = [given.get(lever, 0) for lever in levers]
            if not any(shares):
                shares[0] = p.number(1)
            # The smallest of some outcomes is at most any mean of them.
            for lever, share in zip(levers, shares, strict=True):
                weights[lever, year] += joint * (share / sum(shares))
        return weights

    def _values(self, c: str) -> dict[Any, tuple[Any, Any]]:
        """Give, by cell, the curve that its money works on, and what a unit of the gain of a level counts.

        Where money feeds a stock, a price of the stock stands between the two: the stock earns its outcome and pays
        the price (a constant, added here), and money is paid the price of all the stock it leaves behind.
        """
        p, weights, found = self.problem, self._weights(c), {}
        for lever in p.names["lever"]:
            pair = p.pairs[c, lever]
            for k, year in enumerate(p.years):
                if not pair.keep and not pair.lag:
                    curved = (weights[lever, year] * pair.effect, pair.family, pair.scale)
                    found[c, lever, year] = curved, weights[lever, year]
                    continue
                later = p.years[k + pair.lag :]
                paid = sum(pair.keep**n * self.stock.get((c, lever, then), 0) for n, then in enumerate(later))
                found[c, lever, year] = (paid, "linear", pair.scale), weights[lever, later[0]] if later else 0
            if pair.keep or pair.lag:
                self._add_stock(c, lever, weights)
        return found

    def _add_stock(self, c: str, lever: str, weights: dict[Any, Any]) -> None:
        """Add what the stock of a lever can be worth at most in each year, whatever money feeds it."""
        p, pair = self.problem, self.problem.pairs[c, lever]
        kept = low = high = pair.stock
        for k, year in enumerate(p.years):
            least, most = self._feed((c, lever, p.years[k - pair.lag])) if k >= pair.lag else (0, 0)
            kept, low, high = pair.keep * kept, pair.keep * low + least, pair.keep * high + most
            price = self.stock.get((c, lever, year), 0)
            curved = (weights[lever, year] * pair.effect, pair.family, pair.scale)
            self._add(highest(curved, low, high, price, whole=False)[0] + price * kept)
            self.size += 2 * abs(float(price * high))

    def _feed(self, cell: Any) -> tuple[int, int]:
        """Give the least and the most money of a cell that can feed its stock."""
        p, pair, lock = self.problem, self.problem.pairs[cell[:2]], self.problem.locks.get(cell)
        fixed = [p.locks.get(flow) for flow in self._flows(cell)]
        held = [p.purse[f, cell[2]] if x is None else x for f, x in zip(pair.funds, fixed, strict=True)]
        least, most = (sum(filter(None, fixed)), min(pair.most, sum(held))) if lock is None else (lock, lock)
        if pair.menu:
            levels = [x for x, gain in pair.menu.items() if gain is None and (x <= most if lock is None else x == lock)]
            return (min(levels, default=0) if lock else 0), max(levels, default=0)
        return least, most

    def _offers(self, cell: Any, value: tuple[Any, Any], shut: set[Any]) -> dict[int, Any]:
        """Give the most that a cell can add, by its money, 0 being off; what is shut does not pay."""
        p, pair, lock = self.problem, self.problem.pairs[cell[:2]], self.problem.locks.get(cell)
        ways = []
        for flow in self._flows(cell):
            held = p.locks.get(flow)
            low, high = (0, min(p.purse[flow[3], flow[2]], pair.most)) if held is None else (held, held)
            ways.append(Way(flow, self.price[flow], low, 0 if flow in shut else high, self.gate[flow]))
        least, most = (pair.least, pair.most) if lock is None else (lock, lock)
        found: dict[int, Any] = {} if lock or any(way.low for way in ways) else {0: 0}
        if not any(way.high for way in ways):
            return found
        gated, paid = [way for way in ways if way.gate and way.high], self.gate[cell]
        if len(gated) > MOST_GATES:
            paid += sum(min(way.gate, 0) for way in gated)
            dear = {way.flow: way.gate / way.high for way in gated if way.gate > 0}
            ways = [way._replace(price=way.price + dear.get(way.flow, 0)) for way in ways]
            gated = []
        for on in product((False, True), repeat=len(gated)):
            made = {way.flow for way, is_on in zip(gated, on, strict=True) if is_on}
            barred = {way.flow for way in gated} - made
            open_ways = [way._replace(low=max(way.low, way.flow in made), high=0 if way.flow in barred else way.high)
                         for way in ways]  # fmt: skip
            if all(way.low <= way.high for way in open_ways):
                gates = paid + sum(way.gate for way in gated if way.flow in made)
                for a, b, price, cost in pieces(open_ways, max(least, 1), most):
                    fixed = price * a - cost - gates
                    for gain, x in self._tops(pair, value, (a, b), price):
                        found[x] = max(found.get(x, -FAR), gain + fixed)
        return found

    def _tops(self, pair: Any, value: tuple[Any, Any], span: tuple[int, int], price: Any) -> list[tuple[Any, Any]]:
        """Give what money in a span is worth when each unit has one price: every level of a menu, or the best alone."""
        curved, own = value
        if not pair.menu:
            return [highest(curved, *span, price, whole=True)]
        levels = [(x, gain) for x, gain in pair.menu.items() if span[0] <= x <= span[1]]
        return [highest(curved, x, x, price, whole=True) if gain is None else (own * gain - price * x, x)
                for x, gain in levels]  # fmt: skip

    def _cluster(self, c: str) -> Any:
        """Give the most that a cluster can add: over what may count it, over its cells, within its inner rules."""
        p, values, inners = self.problem, self._values(c), self.inners.get(c, [])
        cells = [cell for cell in values if p.pairs[cell[:2]].funds]
        held = [cell for cell in cells if any(cell in inner.coef for inner in inners)]
        counts = [(sum(prices.values()), flows, named) for prices, flows, named in self.counts.get(c, {}).values()]
        counts, spare, best = [count for count in counts if count[0]], 0, -FAR
        every = {cell: self._offers(cell, values[cell], set()) for cell in cells}
        self._weigh(every)
        self.size += sum(abs(float(price)) for price, _, _ in counts)
        if len(counts) > MOST_COUNTS:
            spare, counts = sum(max(0, -price) for price, _, _ in counts), []
        for on in product((True, False), repeat=len(counts)):
            active = [count for count, is_on in zip(counts, on, strict=True) if is_on]
            shut = {flow for count, is_on in zip(counts, on, strict=True) if not is_on for flow in count[1]}
            offers = every | {cell: self._offers(cell, values[cell], shut) for cell in {flow[:3] for flow in shut}}
            value = sum(max(offers[cell].values(), default=-FAR) for cell in cells if cell not in held)
            value += search([offers[cell] for cell in held], inners, held) if held else 0
            losses = [self._loss(offers, flows) for _, flows, named in active if not named and not inners]
            best = max(best, value - sum(price for price, _, _ in active) - max(losses, default=0))
        return best + spare

    def _loss(self, offers: dict[Any, dict[int, Any]], flows: set[Any]) -> Any:
        """Give the least that it costs to have one award among some cells, where a count needs one."""
        counted = [offers[cell] for cell in {flow[:3] for flow in flows} if any(offers[cell])]
        losses = [max(table.values()) - max(value for x, value in table.items() if x) for table in counted]
        return min(losses, default=FAR)

    def _flows(self, cell: Any) -> list[Any]:
        """Give the flows that may pay for a cell."""
        return [(*cell, f) for f in self.problem.pairs[cell[:2]].funds]

    def _weigh(self, offers: dict[Any, dict[int, Any]]) -> None:
        """Add the sizes of what the best award of every cell earns and pays, parts that cancel each by itself."""
        for cell, table in offers.items():
            flows = self._flows(cell)
            value, x = max(((value, x) for x, value in table.items() if x), default=(0, 0))
            gates = self.gate_size[cell] + sum(self.gate_size[flow] for flow in flows)
            self.size += abs(float(value)) + 2 * (float(x) * max(self.price_size[flow] for flow in flows) + gates)
