"""Check the folder of a plan without the program that made it: ``python verify.py DIR [--language en|zh]``.

Where every line says ``ok``, the files are those that the plan names; its money is whole and keeps every purse, limit,
menu and rule of the tables in ``DIR/inputs``; values are what the curves give; and no plan under these tables beats the
proved bound (``safe``: in floats with a margin). Ends with 0 (all hold), 1 (something is WRONG) or 2 (not judged).
"""

# fmt: off
import csv
import gc
import io
import json
import math
import sys
import tomllib
import unicodedata
from collections import Counter, defaultdict, namedtuple
from fractions import Fraction
from hashlib import sha256
from heapq import heappop, heappush
from itertools import chain, compress, groupby, islice, product
from operator import add, le
from pathlib import Path
from typing import Any

MARGIN, TOLERANCE, MOST_BYTES, MOST_ROWS, MOST_NODES, MOST_COUNTS = 2.0**-40, 1e-9, 2**30, 2**22, 200_000, 16
COLUMNS = ("cluster name region industry path uncertainty origin diffusion weight scale size concentration innovation "
           "interaction spillover growth lever response depreciation lag mean low high levers gain fund year amount "
           "rule kind min max of each cost stock least most level from to share source status note carry_over "
           "expires_after committed returned returned_after returned_parts programme option group must clusters "
           "shares start lasts requires take_up excludes after to_path needs_lever needs_stock "
           "leverage price")  # name_zh and such are words
GOAL = {"kind": "total", "measure": "total", "equity_family": "log", "equity_scale": None, "target": None}
LABELS = {x: f"{x}s" for x in ("region", "path", "cluster", "lever", "fund", "year")} | {"industry": "industries"}
FAR, WHOLE, PLACES = math.inf, {"min": math.ceil, "max": math.floor}, ("region", "path", "industry")
READINGS = {"low": 0, "high": 1, "outside": 0, "inside": 1, "hub": 0, "circle": 1 / 3, "fields": 2 / 3, "wide": 1}
PATHS = {"anchor_led": (0, None, 0), "upgrading": (0, 1, 1 / 3), "convergence": (0.15, 1, 2 / 3),
         "introduced": (1, 0, 1), "indigenous": (1, 1, 1)}
# The sum of spots against a limit and a ratio of the sum of a base; year -1 is all. A spot is a flow (its money), or
# what is counted (1 where it is on): a cell, a draw (flow and "draw"), a cluster (and rule). With a price it is soft.
Side = namedtuple("Side", "rule kind side year spots limit base ratio price")
# A cluster and a lever: curve, stock, and what an award may be. A menu maps amounts to gains ("": by the curve).
Pair = namedtuple("Pair", "family effect scale stock keep lag least most menu funds")
# An option of a programme that starts in a year: costs by fund and year, and outcomes with the regions they count in.
Pick = namedtuple("Pick", "programme option year bill parts promised")
def need(holds: object, what: str, error: type[Exception] = ValueError) -> None:
    """Refuse to go on where something does not hold."""
    if not holds:
        raise error(what)
def rows_of(data: bytes, times: int = 1) -> Any:
    """Read a CSV file row by row, each by column; what is not there reads as empty."""
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline="")
    lines = csv.reader((unicodedata.normalize("NFC", line) for line in text), strict=True)
    body = filter(any, ([sys.intern(value.strip()) for value in line] for line in islice(lines, times * MOST_ROWS)))
    head = next(body, [])
    named = {x for x in head if not x.endswith(("_zh", "_name", "_printed"))}
    need(named <= {*COLUMNS.split(), ""} and 0 < len({*head} - {""}) == sum(map(bool, head)), f"table {head}")
    for line in body:
        need(not any(line[len(head) :]), f"table {head}")
        yield defaultdict(str, zip(head, line, strict=False))
    need(next(lines, None) is None, f"table {head}")
def exact(text: str, empty: Any = None, least: float = 0) -> Any:
    """Read a number as it is written; its size first, as an exponent far out would fill the memory."""
    size, zero = float(text or 0), not text.lower().split("e")[0].strip("+-.0")
    need((zero or 1e-30 <= abs(size) <= 1e15) and size >= least, f"number {text}")
    number = int(text) if text.isascii() and text.isdecimal() else Fraction(0 if zero else text)  # int is faster
    return empty if not text else int(number) if number.denominator == 1 else number
def listed(text: str) -> list[str]:
    """Read names or numbers with bars between them."""
    return [x.strip() for x in text.split("|") if x.strip()]
def gap(bound: float, value: float) -> float:
    """Give the relative gap of a value to a bound."""
    return abs(bound - value) / max(1e-9, abs(value))
def differ(mine: Any, given: Any, size: float = 0.0, at: str = "") -> list[str]:
    """Give the places where two values differ, floats by more than the rounding of sums of parts of some size."""
    mine, given = (dict(enumerate(x)) if isinstance(x, list | tuple) else x for x in (mine, given))
    if isinstance(mine, dict) and isinstance(given, dict) and mine != given:
        return [x for key in {**mine, **given} for x in differ(mine.get(key), given.get(key), size, f"{at} {key}")]
    loose = max(TOLERANCE * abs(mine), MARGIN * size) if type(mine) is float and isinstance(given, float | int) else -1
    return [] if mine == given or (loose >= 0 and abs(mine - given) <= loose) else [f"{at}: {given!r}, not {mine!r}"]
def curve(family: str, scale: Any, x: Any) -> tuple[Any, Any]:
    """Give s phi(x / s) and its slope phi'(x / s); fractions stay fractions, or are refused where they cannot."""
    if family in ("linear", "hyperbolic") or x <= 0:
        return (x, 1) if family == "linear" or x <= 0 else (scale * x / (scale + x), (scale / (scale + x)) ** 2)
    need(not isinstance(scale, Fraction), "no fraction: exp, log", ArithmeticError)
    u = x / scale
    return (scale * math.log1p(u), 1 / (1 + u)) if family == "log" else (-scale * math.expm1(-u), math.exp(-u))
def highest(curved: tuple[Any, str, Any], a: Any, b: Any, price: Any, whole: bool = True) -> tuple[Any, Any]:
    """Bound w f(x) - price x on [a, b], or on its whole numbers alone; give the bound and an x near which it is."""
    (weight, family, scale), points, more = curved, [a, b], 0
    if weight > 0 and family != "linear" and a < b:
        slope = min(max(float(price / weight), 1e-300), 1.0)
        u = {"exponential": -math.log(slope), "log": 1 / slope - 1, "hyperbolic": slope**-0.5 - 1}[family]
        y = min(max(type(scale)(u) * scale, a), b)
        # A concave curve is under its tangents, and best at a neighbour of y if x is whole: y errs by less than one.
        points = [min(max(math.floor(y) + k, a), b) for k in range(-1, 3)] if whole else [y]
        more = 0 if whole else max((weight * curve(family, scale, y)[1] - price) * (x - y) for x in (a, b))
    value, x = max(((weight * curve(family, scale, x)[0] if weight else 0) - price * x, x) for x in points)
    return value + more, x
class Folder:
    """The problem of a folder, built again by name, and its checks; a cell is a cluster, a lever and a year."""

    def __init__(self) -> None:
        self.over: dict[Any, Any] = {}  # effects that hold where clusters have moved to another path
        self.come, self.late = Counter[Any](), set[Any]()  # money under way, and the cells it comes to
        self.left: dict[Any, Any] = {}  # the spans of amounts in a leaf of a proof tree
    def read(self, files: dict[str, bytes], number: Any) -> Any:
        """Read the model and its tables."""
        (model,) = files.keys() & {"model.toml", "model.json"}
        self.model: Any = (tomllib if model == "model.toml" else json).loads(files[model].decode("utf-8-sig"))
        used, self.number, self.goal = self.model.get("features", {}), number, GOAL | self.model.get("objective", {})
        self.per_printed = self.model.get("money", {}).get("per_printed", 10_000)
        data = {x[:-4]: files[x] for x in files
                if x[-4:] == ".csv" and used.get({"programme_costs": "programmes"}.get(x[:-4], x[:-4]), True)}
        self.levels = data.pop("levels", b"level")
        tables = self.tables = defaultdict[str, Any](list, {name: [*rows_of(text)] for name, text in data.items()})
        self.clusters = {row["cluster"]: row for row in tables["clusters"]}
        self.purse = {(row["fund"], exact(row["year"])): exact(row["amount"]) for row in tables["funds"]}
        empty = {"carry_over": 0, "expires_after": FAR, "committed": 0, "returned": 0, "returned_after": 1,
                 "returned_parts": 1}
        self.ledger = {(row["fund"], exact(row["year"])): [exact(row[key], x) for key, x in empty.items()]
                       for row in tables["funds"]}
        self.years: list[int] = self.model.get("years") or sorted({t for _, t in self.purse})
        rate, first = 1 + Fraction(str(self.goal.get("discount", 0))), self.years[0]
        self.discount = {t: number(rate ** (first - t)) for t in self.years}
        named = [row for table in ("clusters", "levers", "funds") for row in tables[table]]
        self.names = {kind: list(dict.fromkeys(row[kind] for row in named if kind in row)) for kind in LABELS}
        self.names |= {"path": list(PATHS), "year": self.years}
        fits = self.purse.keys() == {*product(self.names["fund"], range(first, first + len(self.years)))}
        for table, (kind, known) in product(tables.keys() - {"rules"}, self.names.items()):
            fits &= kind == "year" or {row.get(kind, "") for row in tables[table]} <= {*known, ""}
        sizes = {"funds": len(self.purse), "clusters": len(self.clusters), "levers": len(self.names["lever"]),
                 "rules": len({row["rule"] for row in tables["rules"]})}
        need(fits and rate >= 1 and all(len(tables[x]) == n for x, n in sizes.items()), "names unknown or twice")
        self.place = {kind: {**dict(enumerate(names)), -1: -1} for kind, names in self.names.items()}
        self.paid: dict[Any, int] = {}  # the most that a purse can award
        for f, t in product(self.names["fund"], self.years):
            limit, back = self.span(f, [t])
            self.paid[f, t] = max(0, math.floor(limit + sum(back[u] * self.paid[f, u] for u in range(first, t))))
        self.order = {kind: {str(x): k for k, x in enumerate(names)} for kind, names in self.names.items()}
        self.known = {kind: set(names) for kind, names in self.order.items()}
        self._read_clusters()
        self._read_programmes()
        self.pairs, self.last = dict(self._read_pairs()), Counter[Any]()
        latest = max((exact(row["year"], 0) for row in tables["last_plan"]), default=0)
        for row, n in product((row for row in tables["last_plan"] if exact(row["year"], 0) == latest), (2, 3)):
            self.last[(row["cluster"], row["lever"], row["fund"])[:n]] += exact(row["amount"])
        self.locked, self.counted = defaultdict[str, Any](dict), defaultdict[Any, Any](lambda: defaultdict(set))
        self.draws = {f: [key for key, pair in self.pairs.items() if f in pair.funds] for f in self.names["fund"]}
        written = [rule for row in tables["rules"] for rule in self._write_out(row)]
        need(len({row["rule"] for row, _ in written}) == len(written), "two rules of one name")
        self.sides = [side for rule in written for side in self._read_sides(*rule)]
        self.overs = [self._over([k]) for k in range(len(self.picks))]
        self.locks = {spot: x for locks in self.locked.values() for spot, x in locks.items()}
        return self
    def _read_clusters(self) -> None:
        """Read memberships (fuzzy c-means to PATHS, None not counting; 2/3 is alone, 1/10 dropped), sizes, synergy."""
        number, per_size = self.number, {"total": 0, "per_size": 1}[self.goal["measure"]]
        self.unit: dict[str, Any] = dict.fromkeys(self.names["region"], number(1 - per_size))
        for row in self.clusters.values():
            texts = [row[key] for key in ("uncertainty", "origin", "diffusion") if not row["path"]]
            readings = [READINGS[text] if text in READINGS else float(exact(text)) for text in texts]
            far = [sum((x - y) ** 2 for x, y in zip(readings, spot, strict=False) if y is not None) if texts
                   else path != row["path"] for path, spot in PATHS.items()]
            near = [min(far) / d if d else 1.0 for d in far]
            kept = [m if m >= (max(near) if max(near) / sum(near) >= 2 / 3 else 0.1 * sum(near)) else 0.0 for m in near]
            row["path"] = next(x for x, m in zip(PATHS, kept, strict=True) if m >= max(kept) * (1 - TOLERANCE))
            row["member"] = {path: number(m / sum(kept)) for path, m in zip(PATHS, kept, strict=True) if m}
            row["weight"], row["size"] = number(exact(row["weight"], 1)), number(exact(row["size"] or row["scale"]))
            row["counts"] = defaultdict(number, {row["region"]: row["weight"]})
            self.unit[row["region"]] += row["size"] * per_size
        for row in self.tables["spillovers"]:
            counts, other = self.clusters[row["from"]]["counts"], self.clusters[row["to"]]
            counts[other["region"]] += number(exact(row["share"], least=-FAR)) * other["weight"]
        gains: dict[Any, dict[str, Any]] = defaultdict(dict)
        for row in self.tables["synergies"]:
            parts = [part.strip() for part in row["levers"].split("+")]
            levers = tuple(x for x in self.names["lever"] if x in parts)
            need(len(levers) == len(parts) > 1 and row["path"] not in gains[levers], f"synergies: {parts}")
            gains[levers][row["path"]] = number(exact(row["gain"]))
        self.synergies = {levers: {
            c: row["weight"] * sum(m * gain.get(path, gain.get("", 0)) for path, m in row["member"].items())
            for c, row in self.clusters.items()} for levers, gain in gains.items()}
    def _read_programmes(self) -> None:
        """Read what can be picked, with its costs and its outcomes by region."""
        number, bills = self.number, defaultdict[Any, Any](dict)
        for row in self.tables["programme_costs"]:
            key, place, cost = (row["programme"], row["option"]), (row["fund"], exact(row["after"], 0)), row["cost"]
            need(row["fund"] and place not in bills[key] and type(exact(cost)) is int, f"programme_costs: {cost}")
            bills[key][place] = exact(cost)
        options = {(row["programme"], row["option"]): row for row in self.tables["programmes"]}
        fits = len(options) == len(self.tables["programmes"]) and bills.keys() <= options.keys()
        need(fits, "programmes: an option unknown or twice")
        self.picks, self.bills, mine = list[Any](), defaultdict[Any, Any](list), defaultdict[Any, Any](list)
        self.moves, self.needs, order = list[Any](), list[Any](), [p for p, _ in options]
        for (p, o), row in sorted(options.items(), key=lambda item: order.index(item[0][0])):
            names, gain, lag = listed(row["clusters"]), exact(row["gain"], 0), exact(row["lag"], 0)
            shares = [exact(x) for x in listed(row["shares"])] or [Fraction(1, len(names) or 1)] * len(names)
            starts, lasts = [*map(exact, listed(row["start"]))] or self.years, exact(row["lasts"], FAR)
            need({*starts} <= {*self.years} and (names or not gain) and row["must"] in ("", "no", "yes"), f"option {o}")
            for t in sorted(starts):
                bill = {(f, t + n): x for (f, n), x in bills[p, o].items() if t + n in self.discount}
                late = [(p, o, f, t + n, x) for (f, n), x in bills[p, o].items() if x and t + n not in self.discount]
                parts = [(r, number(gain * share) * self.discount[u] * w)
                         for c, share in zip(names, shares, strict=True) for u in self.years if 0 <= u - t - lag < lasts
                         for r, w in self.clusters[c]["counts"].items()]
                for (f, u), x in bill.items():
                    self.bills[f].append((len(self.picks), u, x))
                k, stock = len(self.picks), exact(row["needs_stock"], 0)
                mine[p, o].append(k)
                self.picks.append(Pick(p, o, t, bill, parts, late))
                self.moves += [(k, c, t + lag, row["to_path"]) for c in names
                               if row["to_path"] and t + lag in self.years]
                self.needs += [(k, c, row["needs_lever"], t - 1, stock) for c in names if row["needs_lever"] and stock]
        need({path for *_, path in self.moves} <= PATHS.keys(), "to_path")
        self.asks = list(self._read_asks(options, mine))
    def _read_asks(self, options: Any, mine: Any) -> Any:
        """Give what picks ask of each other: a name, the coefficients of picks, and the most that their sum may be."""
        called, sums = defaultdict[Any, Any](list), dict[str, Any]()
        for (p, o), row in options.items():
            for name in {p, f"{p}:{o}" if o else p}:
                called[name] += mine[p, o]
            sums.setdefault(f"programme {p}", [[], ""])[0].extend(mine[p, o])
            group = sums.setdefault(f"group {row['group']}" if row["group"] else f"programme {p}", [[], ""])
            group[0].extend(mine[p, o])
            group[1] += row["must"]
        for name, (picks, must) in sums.items():
            yield name, Counter({*picks}), 1
            if "yes" in must:
                yield name, Counter(dict.fromkeys(picks, -1)), -1
        for (p, o), row in options.items():
            wanted, name, most = listed(row["requires"]), f"{p}:{o}" if o else p, exact(row["take_up"])
            need({*wanted, *listed(row["excludes"])} <= called.keys(), f"programmes: unknown name in {name}")
            for k in mine[p, o] if wanted else ():
                coefs = Counter({k: most or len(wanted)})
                coefs.subtract(j for x in wanted for j in called[x] if self.picks[j].year <= self.picks[k].year)
                yield f"requires {name} {self.picks[k].year}", coefs, 0
            for x in listed(row["excludes"]):
                yield f"excludes {name}, {x}", Counter(mine[p, o] + called[x]), 1
        for c in self.clusters:
            yield f"path {c}", Counter({k for k, who, *_ in self.moves if who == c}), 1
    def _over(self, picks: Any) -> dict[Any, Any]:
        """Give the effects that hold where picks have moved clusters, by cell."""
        moved = [(c, first, path) for k, c, first, path in self.moves if k in picks]
        return {(c, lever, t): self.effects[c, lever, path] for c, first, path in moved
                for lever, t in product(self.names["lever"], self.years) if t >= first}
    def _read_pairs(self) -> Any:
        """Put clusters and levers together: coefficients, limits and menus, the special before the general."""
        number, tables, how = self.number, self.tables, self.model.get("effectiveness", {})
        column = {"mean": "mean", "low": "low", "high": "high"}[how.get("column", "mean")]
        means = {(x["path"], x["lever"]): number(exact(x[column] or x["mean"])) for x in tables["effectiveness"]}
        rows, opened, odd = tables.pop("cells", []), tables["eligibility"], LABELS.keys() - {"cluster", "lever"}
        cells = {(row["cluster"], row["lever"]): row for row in rows}
        self.costs = {key: exact(row["cost"]) for key, row in cells.items()}
        self.starts = {key: exact(row["stock"]) for key, row in cells.items() if row["stock"]}
        menus: dict[Any, dict[int, Any]] = defaultdict(dict)
        self.come = Counter({(row["cluster"], row["lever"], exact(row["year"])): exact(row["amount"])
                             for row in tables["arriving"]})  # joins the stock of its year
        for row in rows_of(self.levels, 8):  # most rows are here: they are never all in memory
            c, lever, amount = row["cluster"], row["lever"], exact(row["amount"], least=1)
            known = (not c or c in self.clusters) and (not lever or lever in self.names["lever"])
            need(known and amount not in menus[c, lever] and not odd & row.keys(), "levels: a name or a row twice")
            menus[c, lever][amount] = row["gain"] and number(exact(row["gain"]))
        fits = len(tables["effectiveness"]) == len(means) and len(tables["arriving"]) == len(self.come)
        need(fits and len(cells) == len(rows) and all(map(all, cells)), "a row twice")
        self.late = {cell[:2] for cell, x in self.come.items() if x}
        need({t for _, _, t in self.come} <= {*self.years}, "arriving: a year outside the plan")
        self.effects, self.keep, paths = dict[Any, Any](), dict[str, Any](), {path for *_, path in self.moves}
        for (c, cluster), row in product(self.clusters.items(), tables["levers"]):
            lever, cell = row["lever"], cells.get((c, row["lever"]), defaultdict(str))
            ours = [x["fund"] for x in opened if x["lever"] in ("", lever)
                    and all(x[kind] in ("", cluster[kind]) for kind in PLACES)]
            funds = [f for f in self.names["fund"] if f in ours or not opened]
            menu = next((menus[key] for key in ((c, lever), (c, ""), ("", lever), ("", "")) if key in menus), {})
            reach = max(sum(self.paid[f, t] for f in funds) for t in self.years)
            most, least = max(menu) if menu else exact(cell["most"], reach), 0 if menu else exact(cell["least"], 0)
            scale, stock = number(exact(cell["scale"] or cluster["scale"])), number(exact(cell["stock"], 0))
            mean = sum(m * means[path, lever] for path, m in cluster["member"].items())
            reading = {"first_unit": 1, "elasticity": scale}[how.get("reading", "first_unit")]
            effect, limits = number(exact(cell["mean"], mean)) / reading, (least, most, menu, funds if most else [])
            more, self.keep[lever] = number(1 + exact(row["leverage"], 0)), 1 - exact(row["depreciation"], 1)
            for path in paths:
                self.effects[c, lever, path] = number(exact(cell["mean"], means[path, lever])) / reading * more
            effect, scale = effect * more, scale / more  # private money works beside the award
            keep, lag, family = number(1 - exact(row["depreciation"], 1)), exact(row["lag"], 0), row["response"]
            need(keep >= 0 and scale > 0 and family in ("linear", "exponential", "log", "hyperbolic"), f"lever {lever}")
            yield (c, lever), Pair(family, effect, scale, stock, keep, lag, *limits)
    def span(self, fund: str, chosen: Any) -> tuple[int, dict[int, Fraction]]:
        """Give what can be paid in some years: the money that reaches them, and the share of awards that is back."""
        limit, back = 0, {}
        for t in self.years:
            share, lasts, due, returned, after, parts = self.ledger[fund, t]
            come = min(max(max(chosen) - t - after + 1, 0), parts)
            limit += self.purse[fund, t] - due if t in chosen else (
                math.floor(share * self.purse[fund, t]) if any(t < u <= t + lasts for u in chosen) else 0)
            back[t] = Fraction(returned * come) / parts
        return limit, back
    def cash(self, fund: str, paid: Any, costs: Any) -> tuple[list[Any], int]:
        """Pay the years of a fund from what lapses first; give the columns of its cash flow, and what it lacks."""
        hand, rows, lacks, before, end = Counter[Any](), [], 0, 0, self.years[-1]
        for t in self.years:
            share, lasts, due, *_ = self.ledger[fund, t]
            carried, opening = math.floor(share * self.purse[fund, t]), hand.total()
            now = math.floor(sum(x * paid[u] for u, x in self.span(fund, [t])[1].items()))
            hand[t] += self.purse[fund, t] - carried
            hand[t + lasts] += carried
            hand[FAR] += now - before
            asked = due + paid[t] + costs[t]
            for until in sorted(hand):
                taken = min(asked, hand[until])
                hand[until], asked = hand[until] - taken, asked - taken
            left = hand.total() if t == end else hand[t]
            hand = Counter({} if t == end else {until: x for until, x in hand.items() if until > t})
            rows.append((opening, now - before, due, left, hand.total(), costs[t]))
            before, lacks = now, lacks + asked
        return rows, lacks
    def _select(self, texts: dict[str, str]) -> tuple[Any, list[Any], list[Any]]:
        """Give the names, cells and flows of a selection; what it does not name is any."""
        asked = self.known | {kind: {x.strip() for x in texts[kind].split("|")} for kind in LABELS if texts.get(kind)}
        need(all(asked[kind] <= self.known[kind] for kind in LABELS), f"rules: unknown name in {texts}")
        named = {kind: [self.place[kind][k] for k in sorted(self.order[kind][x] for x in asked[kind])]
                 for kind in ("cluster", "lever", "year")}
        clusters = [c for c in named["cluster"] if all(self.clusters[c][kind] in asked[kind] for kind in PLACES)]
        cells = list(product(clusters, named["lever"], named["year"]))
        return asked, cells, [(*cell, f) for cell in cells for f in self.pairs[cell[:2]].funds if f in asked["fund"]]
    def _write_out(self, row: Any) -> Any:
        """Give the ordinary rules that a row stands for, each with its limits; a row that names no `each` is one."""
        words, before = listed(row["each"]), row["of"] == "before"
        kinds, size = [x.split(":")[0].replace("years", "year") for x in words], 1
        for number in [x[6:] for x in words if x.startswith("years:")]:
            size = int(number)
            need(2 <= size <= len(self.years) and not before, f"rules: each {words}")
        need(len({*kinds}) == len(kinds) and {*kinds} <= LABELS.keys() and "years" not in words, f"each {words}")
        limits = [exact(row[end], least=-FAR if before and row["kind"] == "amount" else -1) for end in ("min", "max")]
        need(not before or row["kind"] in ("change", "amount"), row)
        kinds += ["year"] * (before and "year" not in kinds)
        asked, _, flows = self._select(row)
        runs = [run for k in range(len(self.years)) for run in [self.years[k : k + size]]
                if len(run) == size and {*map(str, run)} <= asked["year"]] if "year" in kinds else [self.years]
        ours: Any = dict.fromkeys((*[{"cluster": c, "lever": lever, "fund": f, **self.clusters[c]}[kind]
                                     for kind in kinds if kind != "year"],) for c, lever, _, f in flows)
        for values, run in product(ours, runs) if kinds else ():
            left, text = iter(values), "|".join(map(str, run))
            named = {kind: text if kind == "year" else next(left) for kind in kinds}
            shown = {**named, "year": f"{run[0]}-{run[-1]}" if size > 1 else text}
            rule = defaultdict(str, {**row, **named, "rule": f"{row['rule']} [{', '.join(shown[x] for x in kinds)}]"})
            if "=" in row["of"] and not row["of"].startswith("fund:"):  # where it names none itself, so is the base
                mine = {part.split("=")[0].strip() for part in row["of"].split(";")} | {"fund", "year"}
                rule["of"] += "".join(f"; {kind}={named[kind]}" for kind in kinds if kind not in mine)
            yield from self._since(rule, limits, run[0]) if before else [(rule, limits)]
        if not kinds:
            yield row, limits
    def _since(self, rule: Any, limits: list[Any], t: int) -> Any:
        """Measure a year against the year before, the first against the last plan, if there is one."""
        change, last = rule["kind"] == "change", self.years.index(t) - 1
        if last >= 0:
            base = {kind: rule[kind] for kind in LABELS if rule[kind]} | {"year": str(self.years[last])}
            rule |= {"kind": "share" if change else "amount", "of": "; ".join(f"{k}={x}" for k, x in base.items())}
            yield rule, [x if x is None else x + change for x in limits]
        elif self.tables["last_plan"]:
            was = 0 if change else self._last_money(rule)
            low, high = (x if x is None else x + was for x in limits)
            yield rule | {"of": ""}, [None if not change and low is not None and low <= 0 else low, high]
    def _last_money(self, row: Any) -> Any:
        """Sum the last plan over a selection, by fund where it names funds."""
        asked, cells, _ = self._select(row)
        funds = [(f,) for f in asked["fund"]] if row["fund"] else [()]
        return sum(self.last[key] for key in {cell[:2] + f for cell, f in product(cells, funds)})
    def _read_sides(self, row: Any, limits: Any) -> Any:
        """Read a rule into its sides; limits are in whole units, rounded to where the rule allows."""
        (_, cells, flows), rule, kind, of = self._select(row), row["rule"], row["kind"], row["of"] or "everything"
        years, plus, times, base, parts, (low, high) = {cell[2] for cell in cells}, 0, 1, [], {-1: flows}, limits
        need(kind in ("amount", "share", "change", "lock", "count") and (kind == "lock" or row["min"]+row["max"]), row)
        price = Fraction(exact(row["price"], 0)) / self.per_printed
        need(not row["price"] or (kind in ("amount", "share", "change") and not row["max"] and price > 0
                           and self.goal["kind"] in ("total", "equity")), f"rule {rule}: price")
        if kind == "change":
            plus = times = self._last_money(row)
            parts = {t: [flow for flow in flows if flow[2] == t] for t in years}
        elif kind == "share" and of == "cost":
            times = sum(self.costs[pair] for pair in {flow[:2] for flow in flows})
        elif kind == "share" and of.startswith("fund:"):
            times = sum(self.purse[key] for key in product(self._select({"fund": of[5:]})[0]["fund"], years))
        elif kind == "share" or (kind == "amount" and of != "everything"):
            named = [part.split("=", 1) for part in of.split(";") if part.strip() not in ("", "everything")]
            texts = {"year": row["year"]} | {key.strip(): text for key, text in named}
            need(texts.keys() <= LABELS.keys(), f"rule {rule}: {of}")
            times, base = int(kind == "amount"), self._select(texts)[2]
        elif kind == "lock":
            amount, spots = high if low is None else low, flows if row["fund"] else cells
            locks = self.locked[rule] = {x: self.last[x[:2] + x[3:]] if amount is None else amount for x in spots}
            low = high = sum(locks.values())
        elif kind == "count":
            counted = {x: (x[0], rule) if of == "clusters" else (*x, "draw") if row["fund"] else x[:3] for x in flows}
            parts = {-1: list(set(counted.values()))}
            for flow, spot in counted.items():
                self.counted[flow[:3]][spot].add(flow)
        for end, share in (("min", low), ("max", high)):
            for t, x in parts.items() if share is not None else ():
                ratio = Fraction(bool(base) * (1 if kind == "amount" else share))
                yield Side(rule, kind, end, t, x, WHOLE[end](plus + share * times), base, ratio, price)
    def rows(self, table: dict[str, list[Any]], columns: str) -> list[tuple[Any, ...]]:
        """Give the rows of a table of plan.json, in order, names in the place of positions; year -1 is all years."""
        need(all(type(column) is list for column in table.values()), f"a column of {columns} is no list")
        return sorted(zip(*([self.place.get(x, {k: k})[k] for k in table[x]] for x in columns.split()), strict=True))
    def worth(self, cells: dict[Any, Any], over: Any) -> tuple[dict[Any, Any], dict[str, Any], dict[str, Any], float]:
        """Give, for the money of cells, outcome by cell, synergies by cluster, outcome by region, sizes of parts."""
        outcome, parts, held = dict[Any, Any](), [], 0
        for ((c, lever), pair), t in product(self.pairs.items(), self.years):
            own = pair.menu.get(money := cells.get((c, lever, t - pair.lag), 0), "")
            held = pair.keep * (pair.stock if t == self.years[0] else held) + (money if own == "" else 0)
            held += self.come[c, lever, t]
            effect = over.get((c, lever, t), pair.effect)
            outcome[c, lever, t] = made = effect * curve(pair.family, pair.scale, held)[0] + (own or 0)
            parts += [(r, w * made * self.discount[t]) for r, w in self.clusters[c]["counts"].items()]
        joint = {c: sum(gains[c] * self.discount[t] * min(outcome[c, lever, t] for lever in levers)
                        for (levers, gains), t in product(self.synergies.items(), self.years)) for c in self.clusters}
        region = dict.fromkeys(self.unit, 0.0)
        for r, part in parts + [(self.clusters[c]["region"], part) for c, part in joint.items()]:
            region[r] += part
        return outcome, joint, region, sum(abs(part) for _, part in parts) + sum(joint.values())
    def regions(self) -> tuple[set[str], float]:
        """Give the regions that money or a stock can give an outcome, and the scale of the curve of equity."""
        fed, paid, even = dict[Any, Any](), dict[Any, Any](), dict[Any, Any]()
        sizes = {f: sum(self.clusters[c]["size"] for c, _ in draws) for f, draws in self.draws.items()}
        for ((c, lever), pair), t in product(self.pairs.items(), self.years):
            reach, cell = sum(self.paid[f, t] for f in pair.funds), (c, lever, t)
            menu = {x: gain for x, gain in pair.menu.items() if x <= reach}
            fed[cell] = max((x for x in menu if menu[x] == ""), default=0) if pair.menu else reach
            paid[cell] = max(((gain, x) for x, gain in menu.items() if gain), default=(0, 0))[1]
            x = sum(self.purse[f, t] * self.clusters[c]["size"] / sizes[f] for f in pair.funds)
            even[cell] = min((abs(a - x), a) for a in (0, *pair.menu))[1] if pair.menu else x
        best = {cell: max(over[cell] for over in self.overs if cell in over) for over in self.overs for cell in over}
        best = {cell: max(x, self.pairs[cell[:2]].effect) for cell, x in best.items()}
        worths = [self.worth(money, best) for money in (fed, paid)]
        self.reach = sum(x[3] for x in worths) + sum(abs(x) for pick in self.picks for _, x in pick.parts)
        good = {c for x in worths for c, made in x[0].items() if made > 0}
        live = {r for c, _, _ in good for r, w in self.clusters[c]["counts"].items() if w > 0}
        live |= {self.clusters[c]["region"] for (levers, gains), (c, _, t) in product(self.synergies.items(), good)
                 if gains[c] > 0 and all((c, lever, t) in good for lever in levers)}
        live |= {r for pick in self.picks for r in dict(pick.parts) if sum(x for s, x in pick.parts if s == r) > 0}
        region, given = self.worth(even, {})[2], self.goal["equity_scale"]
        mean = sum(region[r] / self.unit[r] for r in self.unit if r in live) / max(len(live), 1)
        return live, float(given or (mean if mean > 0 else 1))
    def branches(self, tree: Any) -> Any:
        """Give the leaves of a proof tree, each with the number of its prices and the span that is left of amounts."""
        names, stack = "cluster lever year programme option edge prices", list[Any]([{}])
        columns, picks = [tree["nodes"][x] for x in names.split()], {x[:3]: k for k, x in enumerate(self.picks)}
        need(all(type(x) is list for x in columns), "proof tree: a column is no list")
        for c, lever, t, *pick, edge, k in zip(*columns, strict=True):  # a node, its first side, its second
            need(stack and type(edge) is type(k) is int, "proof tree: a node too many")
            left, cell = stack.pop(), (self.place["cluster"][c], self.place["lever"][lever], self.place["year"][t])
            if k >= 0:
                yield k, left
                continue
            need(c < 0 or (cell[:2] in self.pairs and t >= 0), "proof tree: no such cell")
            spot: Any = cell if c >= 0 else picks[*pick, cell[2]]
            low, high = left.get(spot, (0, FAR))
            stack += [left | {spot: (max(low, edge + 1), high)}, left | {spot: (low, min(high, edge))}]
        need(not stack, "proof tree: a side without a leaf")
    def weakest(self, proof: Any, kind: str, floor: float, margin: float = MARGIN) -> Any:
        """Bound what plans reach by the weakest leaf of a proof; without a tree the whole is one leaf."""
        tree, leaves, worst = proof.get("tree"), defaultdict[int, Any](list), -FAR
        prices = [proof["multipliers"], *(tree["multipliers"] if tree else ())]
        for k, left in self.branches(tree) if tree else [(0, {})]:
            leaves[k].append(left)
        for k, mine in leaves.items():
            self.price_all(prices[k], kind, floor, margin)
            worst = max([worst, *map(self.leaf, mine)])
        need(math.isfinite(worst), "no finite bound", ArithmeticError)
        return worst
    def leaf(self, left: dict[Any, Any]) -> Any:
        """Bound what plans reach whose amounts are within the spans left."""
        self.left, self.terms, self.mine = left, list[Any](), defaultdict[str, Any](list)
        for spot in (spot for spot in left if type(spot) is tuple):
            self.mine[spot[0]].append((spot, left[spot]))
        parts = [*self.fixed, *(x for c in self.clusters for x in self._added(c))]
        parts += [] if -FAR in parts else [*self._programmes(), *self.terms]
        if -FAR in parts:  # no plan is there
            return -FAR
        if self.number is Fraction:  # rounded up to stay short
            return sum(Fraction(math.ceil(x * 2**99), 2**99) for x in parts)
        return sum(x + self.margin * abs(x) for x in parts)
    def price_all(self, given: dict[str, Any], kind: str, floor: float, margin: float) -> None:
        """Take prices, and bound each cluster at them."""
        number, rows, parts = self.number, self.rows, defaultdict[Any, Any](list)
        fair = [*given["purse"]["price"], *given["rule"]["price"], *given["region"], *given["synergy"]["share"],
                given["target"]]
        need(all(type(x) in (int, float) and 0 <= x < FAR for x in fair), "a price < 0 or infinite", ArithmeticError)
        self.shares = {row[:4]: number(row[4]) for row in rows(given["synergy"], "synergy cluster year lever share")}
        self.stock = {row[:3]: number(row[3]) for row in rows(given["stock"], "cluster lever year price")}
        prices = {row[:3]: number(row[3]) for row in rows(given["rule"], "rule side year price")}
        self.margin, self.inners = margin if number is float else 0, defaultdict[str, Any](list)
        self.coef, self.terms = self._coefficients(given, kind, floor)
        for fund, names, price in rows(given["purse"], "fund years price"):
            limit, back = self.span(fund, chosen := [int(t) for t in names.split("+")])
            need({*chosen} <= {*self.years}, f"years {names}")
            self.terms.append(number(price) * limit)
            for draw, t in product(self.draws[fund], self.years):
                parts[*draw, t, fund].append(number(price) * number((t in chosen) - back[t]))
            for k, t, cost in self.bills[fund]:  # of what programmes cost nothing comes back
                parts[k].append(number(price) * (cost if t in chosen else 0))
        for fund, t in self.purse if kind == "least_money" else ():
            for draw in self.draws[fund]:
                parts[*draw, t, fund].append(number(1))
            for k, _, cost in (bill for bill in self.bills[fund] if bill[1] == t):
                parts[k].append(number(cost))
        for side in self.sides:
            sign, price = -1 if side.side == "min" else 1, prices.get((side.rule, side.side, side.year), 0)
            price = sign * (min(price, number(side.price)) if side.price else price)  # it is cheaper to miss it
            self.terms.append(price * side.limit)
            for spots, each in ((side.spots, price), (side.base, -price * number(side.ratio))):
                for spot in spots if each else ():
                    parts[spot].append(each)
            coef = Counter(dict.fromkeys(side.spots, sign * side.ratio.denominator))
            coef.subtract(dict.fromkeys(side.base, sign * side.ratio.numerator))
            cells = {x[:3]: a for x, a in coef.items() if a and not side.price and side.kind not in ("lock", "count")}
            if len(owners := {cell[0] for cell in cells}) == 1:  # a rule on menus of one cluster is kept as it is
                pairs = [(cell, self.pairs[cell[:2]]) for cell in cells]
                if all(pair.menu and {coef[*cell, f] for f in pair.funds} == {cells[cell]} for cell, pair in pairs):
                    self.inners[min(owners)].append((cells, sign * side.limit))
        for spot, each in self._needed(given):
            parts[spot].append(each)
        self.price = Counter({spot: sum(x) - self.margin * sum(map(abs, x)) for spot, x in parts.items()})
        self.fixed, self.added = self.terms, dict[Any, Any]()
    def _needed(self, given: dict[str, Any]) -> Any:
        """Give what stocks that picks need add to prices: a pick pays for its need, and money earns what it leaves."""
        rows = self.rows(given["need"], "programme option year cluster price") if "need" in given else []
        asked = {row[:4]: self.number(row[4]) for row in rows}
        need(all(0 <= x < FAR for x in asked.values()), "a price < 0 or infinite", ArithmeticError)
        for k, c, lever, t, stock in self.needs:
            price, pair = asked.get((*self.picks[k][:3], c), 0), self.pairs[c, lever]
            self.terms.append(price * self.number(self._held(c, lever, t, Counter())))
            yield k, price * stock
            for u, f in product(self.years, pair.funds if price else ()):
                if u <= t - pair.lag:
                    yield (c, lever, u, f), -price * self.number(self.keep[lever] ** (t - u - pair.lag))
    def _coefficients(self, given: dict[str, Any], kind: str, floor: float) -> tuple[dict[str, Any], list[Any]]:
        """Give what a unit of outcome of each region counts, and the constants that go with it."""
        number, family, one, unit = self.number, self.goal["equity_family"], self.number(1), self.unit
        coef, terms = dict(zip(unit, map(number, given["region"] or [0] * len(unit)), strict=True)), []
        if kind == "equity":  # the slope of the curve of each region near its price, and how far the tangent is above
            for r, price in coef.items():
                u = number(0 if family == "linear" else highest((one, family, one), 0, 10**300, price, whole=False)[1])
                value, coef[r] = curve(family, one, u)
                terms += [number(self.scale) * unit[r] * value, -number(self.scale) * unit[r] * coef[r] * u]
            return coef, terms
        coef = {r: x if kind in ("worst_region", "second") and r in self.live else 0 * one for r, x in coef.items()}
        total, theta = sum(coef.values()) if kind == "worst_region" and self.live else one, number(given["target"])
        base = {"total": one, "second": one, "least_money": theta, "worst_region": 0 * one}[kind]
        target = self.goal["target"] if kind == "least_money" else 0
        terms = [-theta * number(Fraction(str(target or 0))), -number(floor) * sum(coef.values())]
        return {r: base + x / total / unit[r] for r, x in coef.items()}, terms
    def _values(self, c: str) -> Any:
        """Give each cell with the curve that its money works on, and what a unit of the gain of a level counts."""
        row, joint, low, high, bare = self.clusters[c], self.coef[self.clusters[c]["region"]], 0, 0, 0
        mine = sum(x + self.margin * abs(x) for x in (w * self.coef[r] for r, w in row["counts"].items()))
        weight = {(lever, t): mine * self.discount[t] for lever, t in product(self.names["lever"], self.years)}
        for (levers, gains), t in product(self.synergies.items(), self.years):
            # The smallest of some outcomes is at most any mean of them.
            shares = [self.shares.get(("+".join(levers), c, t, lever), 0) for lever in levers]
            shares = [x / max(shares) for x in shares] if any(shares) else shares
            for lever, share in zip(levers, shares if any(shares) else [1, *shares[1:]], strict=True):
                weight[lever, t] += gains[c] * joint * self.discount[t] * share / (sum(shares) or 1)
        for lever, (k, t) in product(self.names["lever"], enumerate(self.years)):
            pair, price, own = self.pairs[c, lever], self.stock.get((c, lever, t), 0), weight[lever, t]
            curved = (own * self.over.get((c, lever, t), pair.effect), pair.family, pair.scale)
            if pair.keep or pair.lag or (c, lever) in self.late:  # a stock earns and pays its price
                (bare, low, high), u = (bare, low, high) if k else (pair.stock,) * 3, t - pair.lag
                least, most = self.left.get((c, lever, u), (0, FAR))
                came = min(sum(self.paid.get((f, u), 0) for f in pair.funds), self.locks.get((c, lever, u), pair.most))
                fed = [x if gain == "" else 0 for x, gain in pair.menu.items() if least <= x <= min(came, most)]
                fed = fed + [0] * (least <= 0 or not fed) if pair.menu else [least, min(came, most)]
                more, held = self.come[c, lever, t], (bare, low, high)
                bare, low, high = (pair.keep * x + y + more for x, y in zip(held, (0, min(fed), max(fed)), strict=True))
                top, later = highest(curved, low, high, price, whole=False)[0], self.years[k + pair.lag :]
                self.terms += [top, price * bare, price * high, -price * high]
                paid = sum(pair.keep**n * self.stock.get((c, lever, then), 0) for n, then in enumerate(later))
                curved, own = (paid, "linear", pair.scale), weight[lever, later[0]] if later else 0
            yield (c, lever, t), curved, own
    def _offers(self, cell: Any, curved: Any, own: Any, paid: set[Any], shut: set[Any]) -> dict[Any, Any]:
        """Give the most that a cell adds, by its money, cheapest first, where some counts are paid and flows shut."""
        pair, lock, ways, (floor, cap) = self.pairs[cell[:2]], self.locks.get(cell), [], self.left.get(cell, (0, FAR))
        for flow in [(*cell, f) for f in pair.funds]:
            held, low = self.locks.get(flow), int((*flow, "draw") in paid)
            low, high = (low, min(self.paid[flow[3], flow[2]], pair.most)) if held is None else (max(held, low), held)
            ways.append((self.price[flow], low, 0 if flow in shut else high))
        start, menu = sum(low for _, low, _ in ways), pair.menu if lock is None else {lock: pair.menu.get(lock, "")}
        cost = sum(x * low for x, low, _ in ways) + sum(self.price[spot] for spot in paid if len(spot) > 2)
        found: dict[Any, Any] = {} if lock or start or floor > 0 else {0: 0}
        for price, low, high in [(0, start, start), *sorted(ways)] if all(x <= y for _, x, y in ways) else ():
            end = start + high - low
            least, most = max(start, pair.least, floor, 1), min(end, pair.most, cap)
            spans = [(x, x) for x in menu if least <= x <= most] if menu else [(least, most)]
            for a, b in spans if least <= most else ():
                value, x = highest(curved, a, b, price) if menu.get(a, "") == "" else (own * menu[a] - price * a, a)
                found[x] = max(found.get(x, -FAR), value + price * start - cost)
            start, cost = end, cost + price * (end - start)
        return found
    def _cluster(self, c: str) -> Any:
        """Give the most that the cells of a cluster add, best first, with its counts and inner rows, or a bit more."""
        inners, tables, counts = self.inners[c], list[Any](), set[Any]()
        for cell, curved, own in (value for value in self._values(c) if self.pairs[value[0][:2]].funds):
            mine, table = [x for x in self.counted.get(cell, ()) if self.price[x]], list[Any]()
            need(len(mine) <= MOST_COUNTS, "more counts of a cell than can be tried")
            coefs, counts = [coef.get(cell, 0) for coef, _ in inners], counts | {x for x in mine if len(x) == 2}
            for paid in (set(compress(mine, on)) for on in product((False, True), repeat=len(mine))):
                shut = {flow for spot in mine if spot not in paid for flow in self.counted[cell][spot]}
                for x, value in self._offers(cell, curved, own, paid, shut).items():
                    table.append((value, [a * x for a in coefs], {spot for spot in paid if x and len(spot) == 2}))
            tables.append(table)
        return self._best(tables, [limit for _, limit in inners], counts)
    def _added(self, c: str, k: int = -1) -> Any:
        """Give what sums to the most that a cluster adds where a pick has moved it; the same in many leaves."""
        if (key := (c, k, *sorted(self.mine.get(c, ())))) not in self.added:
            self.over, start = self.overs[k] if k >= 0 else {}, len(self.terms)
            found = self._cluster(c)
            self.added[key] = [found, *[self.terms.pop() for _ in range(len(self.terms) - start)]]
        return self.added[key]
    def _programmes(self) -> Any:
        """Give the most that programmes add, those together that ask something of each other."""
        units, offers = defaultdict[str, Any](list), dict[int, Any]()
        for k, pick in enumerate(self.picks):
            units[pick.programme].append(k)
            worths = [self.coef[r] * x for r, x in pick.parts]
            for c in {c for number, c, *_ in self.moves if number == k}:  # what moving adds beyond staying
                worths += [*self._added(c, k), *(-x for x in self._added(c))]
            offers[k] = sum(x + self.margin * abs(x) for x in worths) - self.price[k]
        asks = [(coefs, limit) for _, coefs, limit in self.asks  # those that one pick of each programme could break
                if sum(max(0, *(coefs[k] for k in ks)) for ks in units.values()) > limit]
        home = {p: {p} for p in units}
        for coefs, _ in asks:
            joined = set[str]().union(*(home[self.picks[k].programme] for k in coefs))
            home |= dict.fromkeys(joined, joined)
        for joined in {id(x): x for x in home.values()}.values():
            mine = [(coefs, limit) for coefs, limit in asks if {self.picks[k].programme for k in coefs} & joined]
            tables = []
            for p in sorted(joined, key=[*units].index):  # of picks that the others cannot tell apart the best
                spans = {k: self.left.get(k, (0, 1)) for k in units[p]}
                forced = [k for k, (low, _) in spans.items() if low > 0]
                table = {} if forced else {(0,) * len(mine): 0}
                for k in (k for k in units[p] if {*forced} <= {k} and spans[k][1] > 0):
                    steps = (*[coefs[k] for coefs, _ in mine],)
                    table[steps] = max(table.get(steps, offers[k]), offers[k])
                tables.append([(value, steps, set[Any]()) for steps, value in table.items()])
            yield self._best(tables, [limit for _, limit in mine], set())
    def _best(self, tables: Any, limits: list[Any], counts: set[Any]) -> Any:
        """Give the most of one offer from every table whose steps sum to the limits at most, or a bit more."""
        if not all(tables):  # a branch leaves nothing
            return -FAR
        tops, room = [max(value for value, *_ in table) for table in tables], [limits]
        for table in tables:  # what steps may sum to, so that the tables before can still keep the limits
            room.append([limit - min(steps[k] for _, steps, _ in table) for k, limit in enumerate(room[-1])])
        best = sum(tops) + sum(max(0, -self.price[spot]) for spot in counts)
        self.terms += [best, -best]
        heap = [(0, len(tables), [0] * len(limits), set[Any]())]
        for _ in range(MOST_NODES):
            lost, left, sums, paid = heappop(heap) if heap else (FAR, 0, [], set())
            if not left or len(heap) > MOST_NODES:
                return best - lost
            for value, steps, more in tables[left - 1]:
                after = [*map(add, sums, steps)]
                if all(map(le, after, room[left - 1])):
                    gates = sum(max(0, self.price[spot]) for spot in more - paid)
                    gates += sum(max(0, -self.price[spot]) for spot in counts - paid - more if left == 1)
                    heappush(heap, (lost + tops[left - 1] - value + gates, left - 1, after, paid | more))
        return best - heap[0][0]
    def inputs(self, folder: Path) -> Any:
        """Read all files but links and pipes, compare digests, build the problem, compare what the plan says of it."""
        paths = [*map(folder.joinpath, ("plan.json", "summary.json", "allocation.csv")), *(folder / "inputs").iterdir()]
        fits = (path.is_file() and not path.is_symlink() and path.stat().st_size <= MOST_BYTES for path in paths)
        need(all(fits) and not (folder / "inputs").is_symlink(), "no regular file, or too large")
        document, self.summary, self.allocation, *data = (path.read_bytes() for path in paths)
        found = json.loads(document, object_pairs_hook=lambda x: dict(x) if len(dict(x)) == len(x) else x)
        self.files = dict(zip((path.name for path in paths[3:]), data, strict=True))
        need(found["format"] == "clusteropt-plan-3" and len(found) == 3, "plan.json: format")
        plan = self.plan = found["plan"]
        text = json.dumps(plan, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digests = {name: sha256(x).hexdigest() for name, x in {"plan.json": text.encode(), **self.files}.items()}
        stated = plan["certificate"]["inputs"] | {"plan.json": found["sha256"]}
        yield "digests\n摘要", differ(digests, stated), f"{len(digests)}"
        self.read(self.files, float)
        self.live, self.scale = self.regions()
        wanted = {label: self.names[kind] for kind, label in LABELS.items()} | {key: self.goal[key] for key in GOAL}
        wanted |= {f"{x}_of": [self.names[x].index(row[x]) for row in self.clusters.values()] for x in PLACES}
        wanted |= {"equity_scale": self.scale} if self.goal["kind"] == "equity" else {}
        wanted["purse"] = [[self.purse[f, t] for t in self.years] for f in self.names["fund"]]
        wanted["leverage"] = [float(exact(row["leverage"], 0)) for row in self.tables["levers"]]
        wanted["per_printed"] = self.per_printed
        parts = plan, plan["labels"], plan["objective"], plan["money"]
        given = dict(chain(*(part.items() for part in parts)))
        need(len(given) == sum(map(len, parts)), "plan.json: a key twice")
        yield "names and positions\n名称与位置", differ(wanted, {key: given[key] for key in wanted}), ""
    def money(self) -> Any:
        """Check all that limits the awards, and what is told of them; a text that a sheet would run has a mark."""
        rows = self.rows(self.plan["awards"], "cluster lever year fund amount")
        cells, flows = groupby(rows, key=lambda row: row[:3]), {row[:4]: row[4] for row in rows}
        self.cells = Counter({cell: sum(row[4] for row in awards) for cell, awards in cells})
        wrong = [flow for flow, x in flows.items() if type(x) is not int or x < 1] + rows[len(flows) :]
        yield "whole positive money\n金额为正整数", wrong, f"{sum(flows.values()):,}"
        wrong = [x for x in flows if x[2] not in self.years or x[3] not in self.pairs[x[:2]].funds]
        yield "eligibility\n使用资格", wrong, f"{len(flows)}"
        wrong = [cell for cell, x in self.cells.items() for pair in [self.pairs[cell[:2]]]
                 if (x not in pair.menu if pair.menu else not pair.least <= x <= pair.most)]
        yield "least, most and menus\n最小最大拨款与菜单", wrong, f"{len(self.cells)}"
        digits, wanted = len(str(self.plan["money"]["per_printed"])) - 1, []
        for (c, lever, t, f), x in flows.items():
            printed = f"{x // 10**digits}.{x % 10**digits:0{digits}d}" if digits else f"{x}"
            row = c, self.clusters[c]["region"], self.clusters[c]["path"], lever, str(t), f, str(x), printed
            wanted.append(["'" * text.startswith(("=", "+", "-", "@")) + text for text in row])
        columns = ("cluster", "region", "path", "lever", "year", "fund", "amount", "amount_printed")
        given = [[row[column] for column in columns] for row in rows_of(self.allocation)]
        yield "allocation.csv\nallocation.csv", differ(sorted(wanted), sorted(given)), f"{len(given)}"
        on = {spot for counts in self.counted.values() for spot, counted in counts.items() if counted & flows.keys()}
        spots, paid = Counter(flows | dict.fromkeys(on, 1)), Counter(flows | self.cells)
        found = [(side, sum(spots[x] for x in side.spots), side.limit + WHOLE[side.side](side.ratio * sum(
            spots[x] for x in side.base))) for side in self.sides]
        for rule, sides in ((rule, [*sides]) for rule, sides in groupby(found, key=lambda x: x[0].rule)):
            slacks = [(level - limit) * (1 if side.side == "min" else -1) for side, level, limit in sides]
            wrong = [] if sides[0][0].price else [x for x in slacks if x < 0]
            wrong += [spot for spot, x in self.locked[rule].items() if paid[spot] != x]
            yield f"rule {rule}\n规则 {rule}", wrong, f"{min(slacks):+}"
        floors = (side.limit + side.ratio * sum(spots[x] for x in side.base) for side, *_ in found)
        short = [x[0].price * max(0, floor - x[1]) for x, floor in zip(found, floors, strict=True)]
        self.lost = float(sum(short))
        rules = sorted((side.rule, side.side, side.year, *x, float(side.price * self.per_printed), float(cost))
                       for (side, *x), cost in zip(found, short, strict=True))
        stated = self.rows(self.plan["certificate"]["rules"], "rule side year level limit price cost")
        yield "certificate of the rules\n规则证书", differ(rules, stated), f"{len(stated)}"
        yield from self.taken()
        spent, costs = Counter[Any](), Counter[Any]()
        for pick in self.chosen:
            costs.update(pick.bill)
        for (_, _, t, f), x in flows.items():
            spent[f, t] += x
        cash = {f: self.cash(f, *({t: x[f, t] for t in self.years} for x in (spent, costs)))
                for f in self.names["fund"]}
        for f, (moves, lacks) in cash.items():
            yield f"purse {f}\n年度资金 {f}", [-lacks] if lacks else [], f"{sum(x[3] for x in moves):+}"
        names = ["carried_in", "returned", "committed", "unspent", "carried_out", "programmes"]
        told = {name: [[x[k] for x in moves] for moves, _ in cash.values()] for k, name in enumerate(names)}
        yield "cash flow\n资金流转", differ(told, self.plan["cash"]), f"{len(cash)}"
        left = [(f, t, x[3]) for f, (moves, _) in cash.items() for t, x in zip(self.years, moves, strict=True) if x[3]]
        unspent = {column: [row[column] for row in self.plan["unspent"]] for column in ("fund", "year", "amount")}
        yield "money left\n资金余额", differ(sorted(left), self.rows(unspent, "fund year amount")), f"{len(left)}"
    def taken(self) -> Any:
        """Check the options of programmes that are taken, and the paths that they move clusters to."""
        names, picks = ["programme", "option", "year", "cost", "value"], self.plan["programmes"]
        need(all(type(picks[name]) is list for name in names), "programmes: a column is no list")
        keys = {*zip(*(picks[name] for name in names[:2]), map(self.place["year"].get, picks["year"]), strict=True)}
        on = {k for k, x in enumerate(self.picks) if x[:3] in keys}
        self.chosen = [self.picks[k] for k in sorted(on)]
        rows = [(*x[:2], self.years.index(x.year), sum(x.bill.values()), math.fsum(part for _, part in x.parts))
                for x in self.chosen]
        told = {name: [row[k] for row in rows] for k, name in enumerate(names)} | {"name": picks.get("name")}
        size = sum(abs(part) for x in self.chosen for _, part in x.parts)
        yield "programmes\n项目", differ(told, picks, size), f"{len(rows)}"  # the package compares their names
        wrong = [name for name, coefs, limit in self.asks if sum(coefs[k] for k in coefs.keys() & on) > limit]
        yield "conditions of programmes\n项目条件", wrong, f"{len(self.asks)}"
        lacks = [(c, lever, t) for k, c, lever, t, stock in self.needs
                 if k in on and self._held(c, lever, t, self.cells) < stock]
        yield "stocks that programmes need\n项目所需存量", lacks, f"{len(self.needs)}"
        late, given = sorted(x for pick in self.chosen for x in pick.promised), self.plan["promises"]
        need(all(type(column) is list for column in given.values()) and len(given) == 5, "promises: no list")
        columns = [given["programme"], given["option"], map(self.place["fund"].get, given["fund"]), given["year"]]
        promised = sorted(zip(*columns, given["amount"], strict=True))
        yield "promises\n以后年度承诺", differ(late, promised), f"{len(late)}"
        moved, stated = [x for k, *x in self.moves if k in on], self.rows(self.plan["moves"], "cluster year path")
        self.over = self._over(on)
        yield "paths\n创新路径", differ(sorted(map(tuple, moved)), stated), f"{len(stated)}"
    def _held(self, c: str, lever: str, until: int, cells: Any) -> Any:
        """Give the stock at the end of a year with some money in cells, exactly."""
        keep, lag, first = self.keep[lever], self.pairs[c, lever].lag, self.years[0]
        paid = sum(cells[c, lever, t] * keep ** (until - t - lag) for t in range(first, until - lag + 1))
        paid += sum(self.come[c, lever, t] * keep ** (until - t) for t in range(first, until + 1))
        return self.starts.get((c, lever), 0) * keep ** (until - first + 1) + paid
    def outcomes(self) -> Any:
        """Compute outcomes on the curves again, and compare them, and summary.json, with the plan."""
        plan, proofs, stages = self.plan, self.plan["certificate"]["stages"], self.plan["stages"]
        outcome, joint, self.region, size = self.worth(self.cells, self.over)
        for r, part in (part for pick in self.chosen for part in pick.parts):
            self.region[r], size = self.region[r] + part, size + abs(part)
        self.size = max(size, self.reach) + self.lost + float(sum(abs(x.price * x.limit) for x in self.sides))
        rows = self.rows(plan["cells"], "cluster lever year amount outcome value")
        stated = {row[:3]: row[3:] for row in rows}
        made = {cell: (self.cells[cell], x, x * self.discount[cell[2]] * sum(self.clusters[cell[0]]["counts"].values()))
                for cell, x in outcome.items() if x or self.cells[cell] or cell in stated}
        yield "cells\n单元", differ(made, stated, self.size) + rows[len(stated) :], f"{len(rows)}"
        total, money = sum(self.region.values()), self.cells.total()
        wanted = {"synergy": list(joint.values()), "region_outcome": list(self.region.values()), "total_outcome": total}
        yield "outcomes\n产出", differ(wanted, {key: plan[key] for key in wanted}, self.size), f"{total:.12g}"
        wanted = {"objective": self.goal["kind"], "value": stages[0]["value"], "claimed_bound": stages[0]["bound"],
                  "claimed_gap": max(gap(stage["bound"], stage["value"]) for stage in stages),
                  "safe_gap": max(gap(proof["bound"], x["value"]) for x, proof in zip(stages, proofs, strict=True)),
                  "proof": min((x["proof"] for x in proofs), key=["claimed", "kkt", "safe", "exact"].index),
                  "safe_bound": proofs[0]["bound"], "money_held": sum(self.purse.values()), "money_total": money,
                  "total_outcome": plan["total_outcome"]}
        finite, found = {key: None if x in (FAR, -FAR) else x for key, x in wanted.items()}, json.loads(self.summary)
        yield "summary.json\nsummary.json", [key for key, x in finite.items() if found[key] != x], f"{len(wanted)}"
        parts = [curve(self.goal["equity_family"], self.scale * self.unit[r], x)[0] for r, x in self.region.items()]
        worst = min((self.region[r] / self.unit[r] for r in self.live), default=0.0)
        money += sum(sum(pick.bill.values()) for pick in self.chosen)
        self.values = {"total": total - self.lost, "worst_region": worst, "equity": sum(parts) - self.lost,
                       "least_money": float(money)}
    def stages(self) -> Any:
        """Check the value, the claimed bound and the proved bound of every stage."""
        kind, target = self.goal["kind"], self.goal["target"]
        need(self.plan["certificate"]["own"] is False, "limits of the caller's own, in no table / 调用者自设的限制")
        stages = list(zip(self.plan["stages"], self.plan["certificate"]["stages"], strict=True))
        need([x["kind"] for x, _ in stages] == [kind, "total"][: len(stages) if kind == "worst_region" else 1], "stage")
        least, total, worst = kind == "least_money", self.values["total"], self.values["worst_region"]
        for k, (stage, proof) in enumerate(stages):
            value, bound, stated, grade = self.values[stage["kind"]], stage["bound"], proof["bound"], proof["proof"]
            sign = -1 if least else 1
            size = 0.0 if least else self.size / (min(self.unit.values()) if stage["kind"] == "worst_region" else 1)
            room, wrong = max(TOLERANCE * abs(value), MARGIN * size), differ(value, stage["value"], size)
            wrong += [f"target {target}"] if least and target - total > 2 * MARGIN * max(target, self.size) else []
            yield "value\n目标值", wrong, f"{stage['kind']} {value:.12g}"
            wrong = [] if sign * (bound - value) >= -room else [bound]
            yield "claimed bound, not proved\n声称的界, 未经证明", wrong, f"{bound:.12g} ({gap(bound, value):.2e})"
            if grade == "claimed":
                yield "proved bound\n已证明的界", [stated] if sign * stated != FAR else None, "not proved / 未证明"
                continue
            if {"safe": False, "exact": True}[grade]:  # the same problem in floats is given up first, to save memory
                self.__dict__ = {x: vars(self)[x] for x in ("files", "values", "size", "unit", "live", "scale")}
            problem = self if grade == "safe" else Folder().read(self.files, Fraction)
            problem.live, problem.scale = self.live, self.scale
            try:
                margins = (MARGIN, 0.0) if grade == "safe" else (0.0,)
                best, *_, plain = [problem.weakest(proof, "second" if k else kind, k * worst, x) for x in margins] * 2
            except ArithmeticError as error:
                yield "proved bound\n已证明的界", [error], grade
                continue
            # Money is whole and never below nothing: where less than 7.2 is not possible, 8 is the least.
            own = float(max(0, math.ceil(-best)) if least else best)
            edge = own if least else float(plain) - max(TOLERANCE * abs(float(plain)), MARGIN * size)
            wrong = [] if sign * stated >= sign * edge and sign * (own - value) >= -room else [f"{stated!r}; {own!r}"]
            yield "proved bound\n已证明的界", wrong, f"{grade}: {own:.12g} ({gap(own, value):.2e})"
def check_folder(folder: str | Path, language: str = "en") -> tuple[int, list[tuple[str, str, str]]]:
    """Check a folder; give 0, 1 or 2 and, line by line, the state, the title and the detail."""
    it, lines, side, code = Folder(), [], int(language == "zh"), 0
    try:
        for title, wrong, detail in chain(it.inputs(Path(folder)), it.money(), it.outcomes(), it.stages()):
            state, code = "--" if wrong is None else "WRONG" if wrong else "ok", 1 if wrong else code
            lines.append((state, title.split("\n")[side], "; ".join(map(str, (wrong or [])[:3])) or detail))
    except Exception as error:  # whatever the bytes are, the end is a line and not a traceback
        lines.append(("--", ("cannot be read or judged", "无法读取或判断")[side], f"{error!r}"[:200]))
        code = code or 2
    return code, lines
def main(arguments: list[str] | None = None) -> int:
    """Check the folder that the command line names, one line a check; give the code to end with."""
    given, encoding = sys.argv[1:] if arguments is None else arguments, sys.stdout.encoding or "utf-8"
    code, lines = check_folder(*(*given, ".", "", "")[:3:2])
    for line in lines:
        text = "".join(sign if sign.isprintable() else "?" for sign in "{:<5}  {}: {}".format(*line))
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding) + "\n")
    return code
if __name__ == "__main__":
    gc.disable()  # nothing here goes in circles, and looking for them takes long
    sys.exit(main())
