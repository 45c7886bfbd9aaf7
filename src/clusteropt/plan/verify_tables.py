"""The tables of a plan folder, and the problem they state: the part of ``verify.py`` that reads.

It reads what clusteropt reads and refuses what could be read in two ways. It uses the standard library alone.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import stat
import sys
import tomllib
import unicodedata
from collections import Counter, defaultdict, namedtuple
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

if TYPE_CHECKING or __package__:
    from clusteropt.plan.verify_bound import curve
else:  # The same file, beside this one.
    sys.path.append(str(Path(__file__).resolve().parent))
    from verify_bound import curve

MOST_BYTES, BIG, TINY = 2**28, 10**15, 1e-30
# The columns of each table: * is part of the key of a row, ! must be filled.
COLUMNS = {
    "clusters": "cluster*! name name_zh region! region_zh industry! industry_zh path uncertainty origin diffusion"
                " weight scale! size concentration innovation interaction spillover growth",
    "levers": "lever*! name name_zh response! depreciation lag", "effectiveness": "path*! lever*! mean! low high",
    "synergies": "path* levers*! gain!", "funds": "fund*! year*! name name_zh amount!",
    "eligibility": "fund! region path industry lever", "cells": "cluster*! lever*! scale stock least most mean",
    "rules": "rule*! kind! region path industry cluster lever fund year min max of",
    "levels": "cluster* lever* level*! amount! gain", "spillovers": "from*! to*! share!",
    "last_plan": "cluster*! lever*! fund* year* amount!",
}  # fmt: skip
# Between what the numbers of a column lie.
RANGES: dict[str, tuple[float, float]] = {
    "weight": (0, BIG), "stock": (0, BIG), "mean": (0, BIG), "low": (0, BIG), "high": (0, BIG), "gain": (0, BIG),
    "amount": (0, BIG), "least": (0, BIG), "most": (0, BIG), "year": (1900, 2200), "lag": (0, 100),
    "depreciation": (0, 1), "uncertainty": (0, 1), "origin": (0, 1), "diffusion": (0, 1), "scale": (TINY, BIG),
    "size": (TINY, BIG), "share": (-BIG, BIG), "min": (-BIG, BIG), "max": (-BIG, BIG),
}  # fmt: skip
ZERO, WHOLE, READ = Fraction(0), ("amount", "least", "most", "year", "lag"), ("uncertainty", "origin", "diffusion")
# How whole numbers, exact decimals and other numbers are written.
_DECIMAL = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
FORMS = (r"[+-]?[0-9]+(\.0*)?", _DECIMAL, _DECIMAL + r"([eE][+-]?[0-9]+)?")
SETTINGS = {
    "": "name title title_zh years", "tables": "folder workbook dataset", "effectiveness": "column reading",
    "objective": "kind measure equity_family equity_scale target discount outcome outcome_zh",
    "features": "synergies spillovers rules levels eligibility last_plan", "baselines": "factor_weights",
    "money": "unit unit_zh printed printed_zh per_printed", "solve": "time_limit_s relative_gap threads seed",
}  # fmt: skip
KINDS, FAMILIES = ("total", "worst_region", "equity", "least_money"), ("linear", "exponential", "log", "hyperbolic")
RULES = ("amount", "share", "count", "change", "lock")
FIELDS = ("region", "path", "industry", "cluster", "lever", "fund", "year")
PATHS = {
    "anchor_led": {"en": "Anchor-led", "zh": "巨头引入型"}, "upgrading": {"en": "Upgrading", "zh": "升级创新型"},
    "convergence": {"en": "Convergence", "zh": "融合创新型"}, "introduced": {"en": "Introduced", "zh": "引进创新型"},
    "indigenous": {"en": "Indigenous", "zh": "自主创新型"},
}  # fmt: skip
READINGS = {"low": 0, "high": 1, "outside": 0, "inside": 1, "hub": 0, "circle": 1 / 3, "fields": 2 / 3, "wide": 1}
# Uncertainty, origin and diffusion of a textbook cluster of each path; None does not count.
PROTOTYPES = ((0.0, None, 0.0), (0.0, 1.0, 1 / 3), (0.15, 1.0, 2 / 3), (1.0, 0.0, 1.0), (1.0, 1.0, 1.0))
# One side of a rule: the money of some flows, or what is counted in them, against a limit or a ratio of a base; the
# amounts of a lock; whether the rule names funds. The year is a position, -1 where the side is about all years.
Side = namedtuple("Side", "rule kind side year flows limit base ratio locks named")
# A cluster and a lever: curve, stock, and what an award may be. A menu maps amounts to gains (None: as the curve says).
Pair = namedtuple("Pair", "family effect scale stock keep lag least most menu funds")


def need(holds: object, what: str) -> None:
    """Refuse to go on where something does not hold."""
    if not holds:
        raise ValueError(what)


def read_file(folder: Path, name: str) -> bytes:
    """Read a regular file: no link, pipe or device, which may lead anywhere or wait for ever, and no giant."""
    need(stat.S_ISREG((folder / name).lstat().st_mode), f"{name}: no regular file")
    with (folder / name).open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    need(len(data) <= MOST_BYTES, f"{name}: more than {MOST_BYTES} bytes")
    return data


def read_value(column: str, text: str) -> Any:
    """Read a number exactly as it is written, where the column holds numbers; else give the text."""
    if column not in RANGES:
        return unicodedata.normalize("NFC", text)
    low, high = RANGES[column]
    words = READINGS if column in READ else {}
    form = FORMS[0] if column in WHOLE else FORMS[1] if column in ("min", "max") else FORMS[2]
    need(text in words or re.fullmatch(form, text), f"{column}: {text}")
    size = 0 if text in words else abs(float(text))
    need(size == 0 or TINY <= size <= BIG, f"{column}: {text}")
    # The size is looked at first: the exponent of a number near nothing or beyond bounds would fill the memory.
    number = Fraction(text) if size else Fraction(words.get(text, 0))
    need(low <= number <= high and (column not in WHOLE or number.denominator == 1), f"{column}: {text}")
    return int(number) if column in WHOLE else number


def read_table(table: str, data: bytes) -> list[dict[str, Any]]:
    """Read a CSV file into rows by column, None where a value is empty."""
    known = {word.rstrip("*!"): word for word in COLUMNS[table].split()}
    lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    head, *body = [[value.strip() for value in line] for line in lines if line]
    place = {name: k for k, name in enumerate(head) if name}
    need(len(place) == sum(map(bool, head)), f"{table}: a column twice")
    need(set(place) <= {*known, "source", "status", "note"}, f"{table}: unknown column in {head}")
    rows = []
    for line in filter(any, body):
        need(len(line) >= len(head) and not any(line[len(head) :]), f"{table}: {line}")
        need(all(name or not value for name, value in zip(head, line, strict=False)), f"{table}: {line}")
        # A rule names its years as it names its clusters; elsewhere a year is a number.
        row = {name: read_value(name if (table, name) != ("rules", "year") else "", line[place[name]])
               if name in place and line[place[name]] else None for name in known}  # fmt: skip
        need(all(row[name] is not None for name, word in known.items() if "!" in word), f"{table}: {line}")
        rows.append(row)
    keys = [name for name, word in known.items() if "*" in word]
    need(not keys or len({tuple(row[key] for key in keys) for row in rows}) == len(rows), f"{table}: a key twice")
    return rows


def read_settings(name: str, data: bytes) -> dict[str, dict[str, Any]]:
    """Read model.toml or model.json into sections; a key that is not known may mean anything and is refused."""
    text = data.decode("utf-8-sig").replace("\r\n", "\n")
    found = tomllib.loads(text) if name == "model.toml" else json.loads(text)
    parts = {part: {k: x for k, x in (found.get(part) or {}).items() if x is not None} for part in SETTINGS}
    parts[""] = {key: x for key, x in found.items() if key not in SETTINGS and x is not None}
    for key, part in parts.items():
        need(set(part) <= set(SETTINGS[key].split()), f"{name}: unknown key in {list(part)}")
    first = {"kind": "total", "measure": "total", "equity_family": "log", "equity_scale": None, "target": None}
    goal = parts["objective"] = first | {"discount": 0} | parts["objective"]
    need(goal["kind"] in KINDS and goal["measure"] in ("total", "per_size"), f"{name}: objective")
    need(goal["equity_family"] in FAMILIES and 0 <= goal["discount"] <= 1, f"{name}: objective")
    need((goal["target"] is None) == (goal["kind"] != "least_money"), f"{name}: target")
    need(all(goal[key] is None or TINY <= goal[key] <= BIG for key in ("target", "equity_scale")), f"{name}: objective")
    return parts


def memberships(readings: list[float]) -> list[float]:
    """Classify a cluster by squared distances to the prototypes: fuzzy c-means with fuzzifier 2."""
    far = [sum((x - p) ** 2 for x, p in zip(readings, point, strict=True) if p is not None) for point in PROTOTYPES]
    raw = [float(d == 0) for d in far] if min(far) == 0 else [min(far) / d for d in far]
    raw = [m / sum(raw) for m in raw]
    # Two thirds make a clear case; of one in between what is below a tenth is dropped.
    floor = max(raw) if max(raw) >= 2 / 3 else 0.1
    kept = [m if m >= floor else 0.0 for m in raw]
    return [m / sum(kept) for m in kept]


def printed(rows: list[dict[str, Any]], key: str, en: str, zh: str) -> dict[str, dict[str, str]]:
    """Give what each key of a table is called on paper: the first name that any row gives it."""
    names: dict[str, tuple[Any, Any]] = {}
    for row in rows:
        old = names.get(row[key], (None, None))
        names[row[key]] = (old[0] or row[en], old[1] or row[zh])
    return {name: {"en": a or name, "zh": b or a or name} for name, (a, b) in names.items()}


class Problem:
    """The problem of the tables, built again, by name; a cell is (cluster, lever, year), a flow has its fund behind.

    Numbers are fractions or floats, as ``number`` says; money is whole.
    """

    def __init__(self, settings: dict[str, Any], tables: dict[str, list[dict[str, Any]]], number: Any) -> None:
        self.settings, self.tables, self.number, self.goal = settings, tables, number, settings["objective"]
        self.names = {
            kind: printed(tables[f"{kind}s"], kind, "name", "name_zh") for kind in ("cluster", "lever", "fund")
        }
        self.names |= {kind: printed(tables["clusters"], kind, kind, f"{kind}_zh") for kind in ("region", "industry")}
        self.names["path"] = PATHS
        for table, kind in product(set(tables) - {"rules"}, FIELDS[:6]):
            need({row.get(kind) for row in tables[table]} <= {*self.names[kind], None}, f"{table}: unknown {kind}")
        self.years: list[int] = settings[""].get("years") or sorted({row["year"] for row in tables["funds"]})
        self.purse = {(row["fund"], row["year"]): row["amount"] for row in tables["funds"]}
        need(self.years == list(range(self.years[0], self.years[0] + len(self.years))), f"years: {self.years}")
        need(set(self.purse) == set(product(self.names["fund"], self.years)), "funds: years")
        rate = number(Fraction(str(self.goal["discount"])))
        self.discount = {year: (1 + rate) ** -k for k, year in enumerate(self.years)}
        self.clusters: dict[str, dict[str, Any]] = {row["cluster"]: dict(row) for row in tables["clusters"]}
        self.unit = dict.fromkeys(self.names["region"], number(self.goal["measure"] == "total"))
        self._read_clusters()
        self.synergies = dict(self._synergies())
        self.last = self._last_plan()
        self.pairs = dict(self._pairs())
        self.flows_of: dict[Any, list[Any]] = defaultdict(list)
        for (c, lever), pair in self.pairs.items():
            for f, year in product(pair.funds, self.years):
                self.flows_of[f, year].append((c, lever, year, f))
        self.sides = [side for row in tables["rules"] for side in self._sides(row)]
        self.locks = {spot: amount for side in self.sides for spot, amount in side.locks.items()}

    def _read_clusters(self) -> None:
        """Read paths, memberships, weights, sizes, and what a unit of outcome counts for each region."""
        for row in self.clusters.values():
            readings = [row[key] for key in ("uncertainty", "origin", "diffusion")]
            given = [float(path == row["path"]) for path in PATHS]
            shares = given if row["path"] else memberships([float(reading) for reading in readings])
            row["path"] = list(PATHS)[shares.index(max(shares))]
            row["member"] = {path: self.number(share) for path, share in zip(PATHS, shares, strict=True)}
            row["size"] = self.number(row["size"] or row["scale"])
            row["weight"] = self.number(1 if row["weight"] is None else row["weight"])
            row["counts"] = {row["region"]: row["weight"]}
            self.unit[row["region"]] += row["size"] if self.goal["measure"] == "per_size" else 0
        for row in self.tables["spillovers"]:
            counts, other = self.clusters[row["from"]]["counts"], self.clusters[row["to"]]
            share = self.number(row["share"]) * other["weight"]
            counts[other["region"]] = counts.get(other["region"], self.number(0)) + share

    def _synergies(self) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
        """Give the gain of each set of levers by cluster; a row with a path wins over one without."""
        gains: dict[tuple[str, ...], dict[str | None, Any]] = defaultdict(dict)
        for row in self.tables["synergies"]:
            parts = [name.strip() for name in row["levers"].split("+")]
            levers = tuple(lever for lever in self.names["lever"] if lever in parts)
            need(len(levers) == len(parts) > 1 and row["path"] not in gains[levers], f"synergies: {parts}")
            gains[levers][row["path"]] = self.number(row["gain"])
        for levers, gain in gains.items():
            each = {path: gain.get(path, gain.get(None, self.number(0))) for path in PATHS}
            yield (
                levers,
                {c: sum(m * each[path] for path, m in row["member"].items()) for c, row in self.clusters.items()},
            )

    def _last_plan(self) -> dict[tuple[Any, ...], int]:
        """Give the money of the latest last plan by cluster and lever, and by fund too."""
        last: dict[tuple[Any, ...], int] = Counter()
        latest = max((row["year"] or 0 for row in self.tables["last_plan"]), default=0)
        for row in self.tables["last_plan"]:
            for key in ((row["cluster"], row["lever"]), (row["cluster"], row["lever"], row["fund"])):
                last[key] += row["amount"] if (row["year"] or 0) == latest else 0
        return last

    def _pairs(self) -> Iterator[tuple[tuple[str, str], Any]]:
        """Put clusters and levers together: coefficients, limits and menus, the special before the general."""
        number, how = self.number, {"column": "mean", "reading": "first_unit"} | self.settings["effectiveness"]
        need(how["column"] in ("mean", "low", "high") and how["reading"] in ("first_unit", "elasticity"), f"{how}")
        means = {(row["path"], row["lever"]): number(row["mean"] if row[how["column"]] is None else row[how["column"]])
                 for row in self.tables["effectiveness"]}  # fmt: skip
        cells = {(row["cluster"], row["lever"]): row for row in self.tables["cells"]}
        none, menus, opened = dict.fromkeys(("scale", "stock", "least", "most", "mean")), self._menus(), self._opened()
        for (c, cluster), row in product(self.clusters.items(), self.tables["levers"]):
            lever, cell = row["lever"], cells.get((c, row["lever"]), none)
            funds = opened[cluster["region"], cluster["path"], cluster["industry"], lever]
            menu = next((menus[k] for k in ((c, lever), (c, None), (None, lever), (None, None)) if k in menus), {})
            reach = max(sum(self.purse[f, year] for f in funds) for year in self.years)
            most = max(menu) if menu else reach if cell["most"] is None else cell["most"]
            scale, mean = number(cell["scale"] or cluster["scale"]), cell["mean"]
            if mean is None:
                mean = sum(m * means[path, lever] for path, m in cluster["member"].items() if m)
            effect = number(mean) / scale if how["reading"] == "elasticity" else number(mean)
            keep = number(0 if row["depreciation"] is None else 1 - row["depreciation"])
            need(row["response"] in FAMILIES, f"levers: {row['response']}")
            yield (c, lever), Pair(row["response"], effect, scale, number(cell["stock"] or 0), keep, row["lag"] or 0,
                                   0 if menu else cell["least"] or 0, most, menu, funds if most else [])  # fmt: skip

    def _menus(self) -> dict[Any, dict[int, Any]]:
        """Give the levels of every cluster and lever that the table names; None is any."""
        menus: dict[Any, dict[int, Any]] = defaultdict(dict)
        for row in self.tables["levels"]:
            menu = menus[row["cluster"], row["lever"]]
            need(row["amount"] > 0 and row["amount"] not in menu, f"levels: {row}")
            menu[row["amount"]] = None if row["gain"] is None else self.number(row["gain"])
        return menus

    def _opened(self) -> dict[tuple[str, ...], list[str]]:
        """Give the funds open to each kind of cluster and lever."""
        rows, kinds = self.tables["eligibility"], ("region", "path", "industry")
        places = {tuple(cluster[kind] for kind in kinds) for cluster in self.clusters.values()}
        opened = {}
        for place, lever in product(places, self.names["lever"]):
            asked = {**dict(zip(kinds, place, strict=True)), "lever": lever}
            fits = {row["fund"] for row in rows if all(row[kind] in (None, name) for kind, name in asked.items())}
            opened[*place, lever] = [f for f in self.names["fund"] if f in fits or not rows]
        return opened

    def _select(self, texts: dict[str, Any]) -> tuple[list[Any], list[Any]]:
        """Give the cells and the flows of a selection; what it does not name is any."""
        sel = {kind: {part.strip() for part in texts[kind].split("|")} if texts.get(kind) else set() for kind in FIELDS}
        known: dict[str, dict[str, Any]] = {**self.names, "year": {str(year): {} for year in self.years}}
        need(all(sel[kind] <= known[kind].keys() for kind in FIELDS), f"rules: unknown name in {texts}")
        clusters = [c for c in sorted(sel["cluster"]) or self.clusters
                    if all(not sel[kind] or self.clusters[c][kind] in sel[kind] for kind in FIELDS[:3])]  # fmt: skip
        levers = sorted(sel["lever"]) or self.names["lever"]
        years = [year for year in self.years if not sel["year"] or str(year) in sel["year"]]
        cells = list(product(clusters, levers, years))
        flows = [
            (*cell, f) for cell in cells for f in self.pairs[cell[:2]].funds if not sel["fund"] or f in sel["fund"]
        ]
        return cells, flows

    def _sides(self, row: dict[str, Any]) -> Iterator[Any]:
        """Read a rule into its sides: limits in whole units, rounded to where the rule allows."""
        (cells, flows), name, kind = self._select(row), row["rule"], row["kind"]
        need(kind in RULES, f"rules: {kind}")
        named, locks = bool(row["fund"]), self._lock(row, cells, flows) if kind == "lock" else {}
        if kind == "lock":
            total = sum(locks.values())
            yield from (Side(name, kind, side, -1, flows, total, (), ZERO, locks, named) for side in ("min", "max"))
        elif kind == "count":
            kind = "clusters" if row["of"] == "clusters" else "draws" if named else "awards"
        for side, share, whole in (("min", row["min"], math.ceil), ("max", row["max"], math.floor)):
            if share is not None and kind != "lock":
                for year, part, limit, base, ratio in self._parts(row, share, cells, flows):
                    yield Side(name, kind, side, year, part, whole(limit), base, ratio, {}, named)

    def _parts(self, row: dict[str, Any], share: Fraction, cells: list[Any], flows: list[Any]) -> Iterator[Any]:
        """Give, for every year that a rule limits by itself: the year, flows, exact limit, base and ratio."""
        kind, of, years = row["kind"], row["of"] or "everything", sorted({cell[2] for cell in cells})
        if kind == "change":
            limit = (1 + share) * self._was(row, cells)
            yield from ((self.years.index(t), [f for f in flows if f[2] == t], limit, (), ZERO) for t in years)
        elif kind == "share" and of.startswith("fund:"):
            funds = {part.strip() for part in of[5:].split("|")}
            yield -1, flows, share * sum(self.purse[key] for key in product(funds, years)), (), ZERO
        elif kind == "share":
            yield -1, flows, 0, self._base(row, of), share
        else:
            yield -1, flows, share, (), ZERO

    def _lock(self, row: dict[str, Any], cells: list[Any], flows: list[Any]) -> dict[Any, int]:
        """Give the amount that a lock holds each cell at, or each flow where it names funds."""
        amount = row["max"] if row["min"] is None else row["min"]
        spots = flows if row["fund"] else cells
        return {spot: self.last[spot[:2] + spot[3:]] if amount is None else int(amount) for spot in spots}

    def _was(self, row: dict[str, Any], cells: list[Any]) -> int:
        """Give what the last plan gave a selection, whatever the year."""
        funds = [(part.strip(),) for part in row["fund"].split("|")] if row["fund"] else [()]
        return sum(self.last[key] for key in {cell[:2] + fund for cell, fund in product(cells, funds)})

    def _base(self, row: dict[str, Any], of: str) -> list[Any]:
        """Give the flows a share is measured against; its years are those of the rule if it names none."""
        parts = [part.split("=", 1) for part in of.split(";") if part.strip() and of != "everything"]
        texts = {"year": row["year"]} | {key.strip(): text for key, text in parts}
        need(set(texts) <= set(FIELDS), f"rules: {of}")
        return self._select(texts)[1]

    def measure(self, side: Any, money: dict[Any, int]) -> tuple[int, int]:
        """Give what a side of a rule measures in the money of flows, and the whole limit that is held against it."""
        paid = [flow for flow in side.flows if money.get(flow)]
        if side.kind in ("clusters", "awards", "draws"):
            return len({flow[: {"clusters": 1, "awards": 3, "draws": 4}[side.kind]] for flow in paid}), side.limit
        share = side.ratio * sum(money.get(flow, 0) for flow in side.base)
        limit = side.limit + (math.ceil(share) if side.side == "min" else math.floor(share))
        return sum(money[flow] for flow in paid), limit

    def outcomes(self, cells: dict[Any, Any]) -> dict[Any, Any]:
        """Give the outcome of every cell that has one, before its weight, from the money of cells."""
        found = {}
        for (c, lever), pair in self.pairs.items():
            held = pair.stock
            for year in self.years:
                arriving = cells.get((c, lever, year - pair.lag), 0)
                own = pair.menu.get(arriving)
                held = pair.keep * held + (arriving if own is None else 0)
                # A curve without effect is not in use, and may be one that has no fractions.
                outcome = (pair.effect * curve(pair.family, pair.scale, held)[0] if pair.effect else 0) + (own or 0)
                if outcome:
                    found[c, lever, year] = outcome
        return found

    def regions(self, outcome: dict[Any, Any]) -> tuple[dict[str, Any], dict[str, Any], float]:
        """Give the outcome of each region, what synergies add by cluster, and the sum of the sizes of all parts."""
        joint, region = dict.fromkeys(self.clusters, self.number(0)), dict.fromkeys(self.unit, self.number(0))
        for (levers, gains), year in product(self.synergies.items(), self.years):
            for c in filter(gains.get, gains):
                least = min(outcome.get((c, lever, year), 0) for lever in levers)
                joint[c] += gains[c] * self.clusters[c]["weight"] * least * self.discount[year]
        parts = [(self.clusters[c]["region"], part) for c, part in joint.items()]
        for (c, _, year), o in outcome.items():
            parts += [(r, w * o * self.discount[year]) for r, w in self.clusters[c]["counts"].items()]
        for r, part in parts:
            region[r] += part
        return region, joint, sum(abs(float(part)) for _, part in parts)

    def live(self) -> set[str]:
        """Give the regions that some money, or a stock that is there, can give a positive outcome."""
        giving = {pair: self._giving(pair) for pair in self.pairs}
        clusters = {c for (c, _), years in giving.items() if years}
        found = {r for c in clusters for r, w in self.clusters[c]["counts"].items() if w > 0}
        for levers, gains in self.synergies.items():
            for c, row in self.clusters.items():
                if gains[c] * row["weight"] > 0 and set.intersection(*(giving[c, lever] for lever in levers)):
                    found.add(row["region"])
        return found

    def _giving(self, place: tuple[str, str]) -> set[int]:
        """Give the years in which a cluster and a lever can have a positive outcome."""
        pair = self.pairs[place]
        if pair.effect > 0 and pair.stock > 0 and pair.keep > 0:
            return set(self.years)
        found: set[int] = set()
        for k, year in enumerate(self.years[: max(0, len(self.years) - pair.lag)]):
            money = sum(self.purse[f, year] for f in pair.funds)
            gains = [gain for x, gain in pair.menu.items() if x <= money]
            feeds = pair.effect > 0 and (None in gains or (not pair.menu and money > 0 and pair.most > 0))
            if feeds or any(gain is not None and gain > 0 for gain in gains):
                found |= set(self.years[k + pair.lag :][: None if feeds and pair.keep > 0 else 1])
        return found

    def equity_scale(self) -> Any:
        """Give the scale of the equity curve: as set, or the mean over live regions of what a split by size reaches."""
        if self.goal["equity_scale"] is not None:
            return self.number(Fraction(str(self.goal["equity_scale"])))
        sizes: dict[str, Any] = defaultdict(int)
        for (c, _), pair in self.pairs.items():
            for f in pair.funds:
                sizes[f] += self.clusters[c]["size"]
        cells = {}
        for ((c, lever), pair), year in product(self.pairs.items(), self.years):
            x = sum(self.purse[f, year] * (self.clusters[c]["size"] / sizes[f]) for f in pair.funds)
            # A cell with a menu counts as its nearest level, as the lower one where two are as near.
            cells[c, lever, year] = min((abs(a - x), a) for a in (0, *pair.menu))[1] if pair.menu else x
        region, live = self.regions(self.outcomes(cells))[0], sorted(self.live())
        mean = sum(region[r] / self.unit[r] for r in live) / max(len(live), 1)
        return mean if mean > 0 else self.number(1)
