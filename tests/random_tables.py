"""Random small models over every feature, as the tables and settings a planner would write, from a seed."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass, replace
from itertools import count, product
from typing import TYPE_CHECKING, Any

import pandas as pd

from clusteropt.domain import READING_WORDS, Feature, Path, Reading
from clusteropt.errors import InputError
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.problem import ObjectiveKind, Problem, RegionMeasure, ResponseFamily, RuleKind
from clusteropt.inputs.settings import (
    BaselineSettings,
    CoefficientColumn,
    CoefficientReading,
    EffectivenessSettings,
    Factor,
    FeatureSwitches,
    MoneySettings,
    ObjectiveSettings,
    TablePlace,
)
from tests import naive
from tests.problems import Sizes

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Callable

    Row = dict[str, str]
    Tables = dict[str, pd.DataFrame]

TINY = Sizes(clusters=2, levers=2, years=2, funds=2, menus=0.4, money=6, cells=4, rules=2)
"""Sizes at which most problems can be solved by trying every allocation."""
REPEATS_FROM = 5_000_000
"""Seeds of models that also have rules that are written out."""
PROGRAMMES = range(6_000_000, 7_000_000)
"""Seeds of models that also have programmes, at smaller sizes; some have rules that are written out, or a ledger."""
MOVES = range(6_500_000, 7_000_000)
"""Seeds of those whose programmes may also move clusters to another path, and need a stock."""
LEDGERS = range(4_000_000, 5_000_000)
"""Seeds whose money moves between years; the models of all other seeds are what they were before there were ledgers."""
ARRIVALS = range(7_000_000, 8_000_000)
"""Seeds of models into which money of before the plan arrives."""
SOFT = range(8_000_000, 9_000_000)
"""Seeds of models with soft floors, sometimes beside a ledger, rules that are written out or programmes."""
PATHS = [str(path) for path in Path]
READINGS = [str(reading) for reading in Reading]
FEATURES = [str(feature) for feature in Feature]
ODD_NAMES = ("={}0", "-{}", "@{} 1", '{}"x"', "{},x", "{}: y", "+ {}", "集群 {}", "{}é", "{}=a", "'{}")
"""Keys that a table may hold and a careless reader or writer would trip over."""


@dataclass
class _Draft:
    """One model in the making: the dice, what is named, and the rows so far."""

    dice: random.Random
    sizes: Sizes
    clusters: list[str]
    levers: list[str]
    funds: list[str]
    years: list[int]
    regions: list[str]
    industries: list[str]
    tables: dict[str, list[Row]]
    ledgers: bool = False

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def some(self, names: list[str], chance: float) -> list[str]:
        """Give, by chance, some of the names, else none."""
        return self.dice.sample(names, self.dice.randint(1, len(names))) if self.chance(chance) else []

    def whole(self, number: int) -> str:
        """Write a whole number in one of the ways a table allows."""
        return self.dice.choice(["{}"] * 5 + ["{}.0", "+{}", "{}.", "0{}"]).format(number)

    def number(self, value: float) -> str:
        """Write a number in one of the ways a table allows."""
        signed = repr if value < 0 else "+{!r}".format
        return self.dice.choice([repr, repr, repr, "{:.6e}".format, signed])(value)


def random_tables(
    seed: int,
    sizes: Sizes = Sizes(),  # noqa: B008 (frozen)
    objective: ObjectiveKind | None = None,
) -> tuple[Tables, ModelSettings]:
    """Draw the tables and settings of a small valid model over every feature; the same seed gives the same.

    Models of seeds from `REPEATS_FROM` on also have rules that are written out, those in `PROGRAMMES` programmes.

    A draw that is refused, such as one whose rules cannot be met by the money, is drawn again.
    """
    for attempt in count():
        if seed in PROGRAMMES:
            draft = _with_programmes(random.Random(f"{seed}/{attempt}"), sizes, moves=seed in MOVES)
        elif seed in SOFT:
            draft = _with_soft_floors(random.Random(f"{seed}/{attempt}"), sizes)
        else:
            draft = _draft(random.Random(f"{seed}/{attempt}"), sizes, ledgers=seed in LEDGERS)
            if seed >= REPEATS_FROM:
                _repeats(draft)
            if seed in ARRIVALS:
                _arriving(draft)
        tables = {name: pd.DataFrame(rows, dtype=object).fillna("") for name, rows in draft.tables.items()}
        settings = _settings(draft)
        try:
            problem = problem_from_tables(tables, settings)
            asked = _objective(draft, problem, objective)
            settings = settings.model_copy(update={"objective": asked})
            if asked.target is not None:
                # A target beyond what all money can give is refused as well.
                problem_from_tables(tables, settings)
        except InputError:
            continue
        return tables, settings
    raise AssertionError


def random_model(seed: int, sizes: Sizes = Sizes(), objective: ObjectiveKind | None = None) -> Problem:  # noqa: B008
    """Give the problem of `random_tables`."""
    return problem_from_tables(*random_tables(seed, sizes, objective))


def _draft(dice: random.Random, sizes: Sizes, *, ledgers: bool) -> _Draft:
    if ledgers:
        sizes = replace(sizes, years=sizes.years + 1, money=max(sizes.money - 2, 2))
    while True:
        shape = (dice.randint(1, sizes.clusters), dice.randint(1, sizes.levers), dice.randint(1, sizes.years))
        if shape[0] * shape[1] * shape[2] <= sizes.cells:
            break
    first = dice.choice([1999, 2025, 2025, 2025])
    draft = _Draft(
        dice,
        sizes,
        _names(dice, "C", shape[0]),
        [name.replace("+", "p") for name in _names(dice, "L", shape[1])],
        _names(dice, "F", dice.randint(1, sizes.funds)),
        list(range(first, first + shape[2])),
        _names(dice, "R", 2),
        _names(dice, "I", 2),
        {},
        ledgers,
    )
    for fill in (
        _clusters,
        _levers,
        _effectiveness,
        _funds,
        _eligibility,
        _levels,
        _cells,
        _joined,
        _last_plan,
        _rules,
    ):
        fill(draft)
    return draft


def _names(dice: random.Random, letter: str, num: int) -> list[str]:
    odd = dice.random() < 0.15
    return [dice.choice(ODD_NAMES).format(f"{letter}{k}") if odd else f"{letter}{k}" for k in range(num)]


def _printed(draft: _Draft, key: str) -> Row:
    """Give the printed names of a key, or some of them, or none."""
    both = {"name": f"The {key}", "name_zh": f"名称 {key}"}
    return {column: text for column, text in both.items() if draft.chance(0.4)}


def _remarks(draft: _Draft) -> Row:
    status = draft.dice.choice(["", "", "", "proxy", "assumption", "unverified", "illustrative", "Sourced"])
    return {"status": status, "note": "=1+1, a note"} if status else {}


def _clusters(draft: _Draft) -> None:
    dice, full = draft.dice, draft.chance(0.5)
    rows = []
    for cluster in draft.clusters:
        region = dice.choice(draft.regions)
        row = {
            "cluster": cluster,
            **_printed(draft, cluster),
            "region": region,
            "industry": dice.choice(draft.industries),
        }
        if draft.chance(0.5):
            row["path"] = dice.choice(PATHS)
        if "path" not in row or draft.chance(0.2):
            row |= {reading: _reading(draft, reading) for reading in READINGS}
        row["scale"] = draft.number(round(dice.uniform(0.3, 1.5) * draft.sizes.money, 2))
        optional = {"weight": dice.choice([0.0, 0.5, 1.0, 2.0]), "size": dice.choice([0.5, 1.0, 3.0])}
        row |= {column: draft.number(value) for column, value in optional.items() if draft.chance(0.7)}
        row |= {feature: draft.number(round(dice.random(), 2)) for feature in FEATURES if full or draft.chance(0.3)}
        rows.append(row | _remarks(draft))
    if draft.chance(0.3):
        rows[0]["region_zh"] = "地区"
        rows[-1]["industry_zh"] = "产业"
    draft.tables["clusters"] = rows
    draft.regions, draft.industries = (sorted({row[kind] for row in rows}) for kind in ("region", "industry"))


def _reading(draft: _Draft, reading: str) -> str:
    if draft.chance(0.4):
        return draft.dice.choice(list(READING_WORDS[Reading(reading)]))
    return draft.number(round(draft.dice.random(), 2))


def _levers(draft: _Draft) -> None:
    rows = []
    for lever in draft.levers:
        row = {"lever": lever, **_printed(draft, lever), "response": str(draft.dice.choice(list(ResponseFamily)))}
        if draft.chance(0.6):
            row["depreciation"] = draft.number(draft.dice.choice([1.0, 1.0, 0.5, 0.2, 0.0, 0.15]))
        if draft.chance(0.5):
            row["lag"] = draft.whole(draft.dice.choice([0, 0, 1, 2]))
        rows.append(row)
    draft.tables["levers"] = rows


def _effectiveness(draft: _Draft) -> None:
    rows = []
    for path, lever in product(PATHS, draft.levers):
        mean = 0.0 if draft.chance(0.05) else round(draft.dice.uniform(0.1, 2), 3)
        row = {"path": path, "lever": lever, "mean": draft.number(mean), "source": "a guess"}
        spread = {"low": round(mean * draft.dice.uniform(0.2, 1), 4), "high": round(mean * draft.dice.uniform(1, 3), 4)}
        row |= {column: draft.number(value) for column, value in spread.items() if draft.chance(0.7)}
        rows.append(row | _remarks(draft))
    draft.tables["effectiveness"] = rows


def _funds(draft: _Draft) -> None:
    rows = []
    for fund, year in product(draft.funds, draft.years):
        amount = 0 if draft.chance(0.08) else draft.dice.randint(1, draft.sizes.money)
        rows.append({"fund": fund, "year": str(year), "amount": draft.whole(amount)})
    if draft.ledgers:
        for fund in draft.funds:
            _ledger(draft, [row for row in rows if row["fund"] == fund])
    rows[0] |= _printed(draft, draft.funds[0])
    draft.dice.shuffle(rows)
    draft.tables["funds"] = rows


def _ledger(draft: _Draft, rows: list[Row]) -> None:
    """Let the money of a fund move between its years: alike in all of them, or each year as it likes."""
    alike = draft.chance(0.5)
    drawn: Row = {}
    use = {name: draft.chance(share) for name, share in {"carry": 0.7, "expire": 0.5, "back": 0.4, "due": 0.3}.items()}
    for row in rows:
        if not drawn or not alike:
            drawn = {}
            if use["carry"]:
                drawn["carry_over"] = draft.dice.choice(["1", "1.0", "0.5", "0.3", ".25", "0"])
                if use["expire"]:
                    drawn["expires_after"] = draft.whole(draft.dice.randint(1, 2))
            if use["back"]:
                drawn["returned"] = draft.dice.choice(["1", "0.5", "0.9", "1.1", "0.333"])
                if draft.chance(0.5):
                    drawn["returned_after"] = draft.whole(draft.dice.randint(1, 2))
                if draft.chance(0.5):
                    drawn["returned_parts"] = draft.whole(draft.dice.randint(1, 3))
        row.update(drawn)
        if use["due"]:
            row["committed"] = draft.whole(draft.dice.randint(0, max(1, int(float(row["amount"])) // 2)))


def _eligibility(draft: _Draft) -> None:
    if draft.chance(0.5):
        return
    rows = []
    for fund in draft.funds:
        for _ in range(draft.dice.randint(1, 2)):
            row = {"fund": fund}
            if draft.chance(0.6):
                known = {"region": draft.regions, "path": PATHS, "industry": draft.industries, "lever": draft.levers}
                chosen = {"region": 0.4, "path": 0.15, "industry": 0.3, "lever": 0.4}
                row |= {kind: draft.dice.choice(known[kind]) for kind, share in chosen.items() if draft.chance(share)}
            rows.append(row)
    draft.tables["eligibility"] = rows


def _levels(draft: _Draft) -> None:
    """Write menus of the three general kinds and of single cells, with and without gains of their own."""
    pairs = [(cluster, lever) for cluster, lever in product(draft.clusters, draft.levers)
             if draft.chance(0.7 * draft.sizes.menus)]  # fmt: skip
    pairs += [(cluster, "") for cluster in draft.clusters if draft.chance(0.25 * draft.sizes.menus)]
    pairs += [("", lever) for lever in draft.levers if draft.chance(0.25 * draft.sizes.menus)]
    pairs += [("", "")] if draft.chance(0.2 * draft.sizes.menus) else []
    rows = []
    for cluster, lever in pairs:
        most = draft.sizes.money
        amounts, own = draft.dice.sample(range(1, most + 1), min(draft.dice.randint(1, 3), most)), draft.dice.random()
        for number, amount in enumerate(amounts):
            row = {"cluster": cluster, "lever": lever, "level": f"level {number}", "amount": draft.whole(amount)}
            if draft.chance(own):
                row["gain"] = draft.number(round(draft.dice.uniform(0.0, 1.5) * amount, 3))
            rows.append(row)
    if rows:
        draft.dice.shuffle(rows)
        draft.tables["levels"] = rows


def _cells(draft: _Draft) -> None:
    rows = []
    sets = {(row["cluster"], row["lever"]) for row in draft.tables.get("levels", [])}
    for cluster, lever in product(draft.clusters, draft.levers):
        if draft.chance(0.4):
            continue
        row = {"cluster": cluster, "lever": lever}
        money = draft.sizes.money
        numbers = {"scale": draft.dice.uniform(0.2, 2) * money, "stock": draft.dice.uniform(0, 0.3) * money,
                   "mean": draft.dice.uniform(0, 2)}  # fmt: skip
        row |= {name: draft.number(round(value, 2)) for name, value in numbers.items() if draft.chance(0.35)}
        if not sets.intersection(product((cluster, ""), (lever, ""))):
            least, most = sorted(draft.dice.randint(0, money) for _ in range(2))
            limits = {"least": min(least, money // 3), "most": most}
            row |= {name: draft.whole(value) for name, value in limits.items() if draft.chance(0.4)}
        rows.append(row)
    if rows:
        draft.tables["cells"] = rows


def _joined(draft: _Draft) -> None:
    """Write synergies, for all paths and for single ones, and spill-overs, negative ones too."""
    if len(draft.levers) > 1 and draft.chance(0.5):
        levers = "+".join(draft.dice.sample(draft.levers, draft.dice.randint(2, len(draft.levers))))
        paths = draft.dice.choice([[""], ["", draft.dice.choice(PATHS)], draft.dice.sample(PATHS, 3)])
        gains = [draft.number(draft.dice.choice([0.0, 0.3, 0.7, 1.5])) for _ in paths]
        rows = [{"path": path, "levers": levers, "gain": gain} for path, gain in zip(paths, gains, strict=True)]
        draft.tables["synergies"] = rows
    pairs = [(one, other) for one, other in product(draft.clusters, draft.clusters) if one != other]
    if pairs and draft.chance(0.5):
        chosen = draft.dice.sample(pairs, draft.dice.randint(1, len(pairs)))
        shares = [draft.number(draft.dice.choice([0.3, 0.1, -0.2, -1.5])) for _ in chosen]
        rows = [{"from": a, "to": b, "share": share} for (a, b), share in zip(chosen, shares, strict=True)]
        draft.tables["spillovers"] = rows


def _last_plan(draft: _Draft) -> None:
    """Write a last plan, with or without funds and years; of several years the latest counts."""
    if draft.chance(0.3):
        return
    funds = draft.dice.choice([[""], draft.funds, ["", *draft.funds]])
    years = draft.dice.choice([[""], [str(draft.years[0] - 1)], [str(draft.years[0] - 2), str(draft.years[0] - 1)]])
    rows = [
        {"cluster": cluster, "lever": lever, "fund": fund, "year": year,
         "amount": draft.whole(draft.dice.randint(0, draft.sizes.money))}
        for cluster, lever, fund, year in product(draft.clusters, draft.levers, funds, years)
        if draft.chance(0.6)
    ]  # fmt: skip
    if rows:
        draft.tables["last_plan"] = rows


def _rules(draft: _Draft) -> None:
    rows = []
    for number in range(draft.dice.choice([0, *range(1, draft.sizes.rules + 1)] * 2 + [draft.sizes.rules])):
        kind = draft.dice.choice(list(RuleKind))
        if (kind is RuleKind.LOCK and draft.chance(0.6)) or (
            kind is RuleKind.CHANGE and "last_plan" not in draft.tables
        ):
            kind = RuleKind.AMOUNT
        rows.append({"rule": f"rule {number}", "kind": str(kind), **_selection(draft), **RULES[kind](draft)})
    if rows:
        draft.tables["rules"] = [{"region": "", "year": "", "min": "", "max": "", "of": ""} | row for row in rows]


def _selection(draft: _Draft, fund: float = 0.2) -> Row:
    years = [str(year) for year in draft.years]
    known = {"region": (draft.regions, 0.15), "path": (PATHS, 0.1), "industry": (draft.industries, 0.1),
             "cluster": (draft.clusters, 0.3), "lever": (draft.levers, 0.4), "fund": (draft.funds, fund),
             "year": (years, 0.3)}  # fmt: skip
    joiner = draft.dice.choice(["|", " | "])
    return {kind: joiner.join(draft.some(names, chance)) for kind, (names, chance) in known.items()}


def _sides(draft: _Draft, low: str, high: str) -> Row:
    which = draft.dice.choice(["min", "max", "max", "both"])
    return {"min": "" if which == "max" else low, "max": "" if which == "min" else high}


def _amount_rule(draft: _Draft) -> Row:
    total = sum(int(float(row["amount"])) for row in draft.tables["funds"])
    low = draft.dice.randint(0, max(1, total // 4))
    return _sides(draft, draft.whole(low), draft.whole(low + draft.dice.randint(0, total)))


def _share_rule(draft: _Draft) -> Row:
    low = draft.dice.choice([0, 3, 14, 125, 333])
    of = draft.dice.choice(["", "everything", "fund", "selection"])
    if of == "fund":
        of = "fund:" + "|".join(draft.some(draft.funds, 1))
    elif of == "selection":
        parts = [f"{kind}={names}" for kind, names in _selection(draft).items() if names]
        of = "; ".join(parts or [f"lever={draft.levers[0]}"])
    return {**_sides(draft, f"{low / 1000}", f"{(low + draft.dice.randint(50, 600)) / 1000}"), "of": of}


def _count_rule(draft: _Draft) -> Row:
    low = draft.dice.randint(0, 2)
    of = draft.dice.choice(["", "awards", "clusters"])
    return {**_sides(draft, draft.whole(low), draft.whole(low + draft.dice.randint(0, 2))), "of": of}


def _change_rule(draft: _Draft) -> Row:
    return _sides(draft, f"-{draft.dice.randint(1, 10) / 10}", f"{draft.dice.randint(0, 12) / 10}")


def _lock_rule(draft: _Draft) -> Row:
    chosen = {"cluster": draft.dice.choice(draft.clusters), "lever": draft.dice.choice(draft.levers)}
    chosen |= {"region": "", "path": "", "industry": "", "year": str(draft.dice.choice(draft.years))}
    if draft.chance(0.3) and "last_plan" in draft.tables:
        return chosen
    amount = str(draft.dice.choice([0, 1, 2, draft.dice.randint(0, draft.sizes.money)]))
    return chosen | draft.dice.choice([{"min": amount}, {"max": amount}, {"min": amount, "max": amount}])


RULES: dict[RuleKind, Callable[[_Draft], Row]] = {
    RuleKind.AMOUNT: _amount_rule,
    RuleKind.SHARE: _share_rule,
    RuleKind.COUNT: _count_rule,
    RuleKind.CHANGE: _change_rule,
    RuleKind.LOCK: _lock_rule,
}


def _repeats(draft: _Draft) -> None:
    """Add rows that are repeated, or measured against the year before or against costs."""
    rows = draft.tables.setdefault("rules", [])
    for number in range(draft.dice.randint(1, 2)):
        row = {"rule": draft.dice.choice(["each {}", "逐项 {}"]).format(number), **_selection(draft)}
        rows.append(row | draft.dice.choice(REPEATS)(draft))
    if any(row.get("of") == "cost" for row in rows):
        _costs(draft)


def _costs(draft: _Draft) -> None:
    """Give every cell a cost."""
    cells = draft.tables.setdefault("cells", [])
    known = {(row["cluster"], row["lever"]) for row in cells}
    pairs = product(draft.clusters, draft.levers)
    cells += [{"cluster": cluster, "lever": lever} for cluster, lever in pairs if (cluster, lever) not in known]
    for row in cells:
        row["cost"] = draft.whole(draft.dice.randint(0, 3 * draft.sizes.money))


def _arriving(draft: _Draft) -> None:
    """Let money of before the plan begin to work in some years, sometimes none."""
    places = list(product(draft.clusters, draft.levers, draft.years))
    draft.tables["arriving"] = [
        {"cluster": cluster, "lever": lever, "year": draft.whole(year),
         "amount": draft.whole(draft.dice.choice([0, 1, draft.dice.randint(1, 2 * draft.sizes.money)]))}
        for cluster, lever, year in draft.dice.sample(places, draft.dice.randint(1, len(places)))
    ]  # fmt: skip


def _each(draft: _Draft, chance: float = 1.0) -> str:
    """Name, by chance, some fields to repeat a row for; windows of years where the plan has as many."""
    if not draft.chance(chance):
        return ""
    words = draft.some(
        ["region", "path", "industry", "cluster", "cluster", "lever", "lever", "fund", "year", "year"], 1
    )
    window = min(len(draft.years), draft.dice.randint(2, 3))
    if window > 1:
        words = [f"years:{window}" if word == "year" and draft.chance(0.4) else word for word in words]
    kept = {word.split(":")[0].removesuffix("s"): word for word in words[:3]}
    return draft.dice.choice(["|", " | "]).join(kept.values())


def _each_amount(draft: _Draft) -> Row:
    low = draft.dice.randint(0, 2)
    high = low + draft.dice.randint(0, draft.sizes.money)
    return {"kind": "amount", "each": _each(draft), **_sides(draft, draft.whole(low), draft.whole(high))}


def _each_count(draft: _Draft) -> Row:
    each = draft.dice.choice([_each(draft), "cluster|years:2" if len(draft.years) > 1 else "cluster"])
    return {"kind": "count", "each": each, "year": "", **_count_rule(draft)}


def _each_share(draft: _Draft) -> Row:
    return {"kind": "share", "each": _each(draft), **_share_rule(draft)}


def _each_lock(draft: _Draft) -> Row:
    return {"kind": "lock", "each": "year|lever", **_lock_rule(draft)}


def _few_purses(draft: _Draft) -> Row:
    most = draft.whole(draft.dice.randint(1, 2))
    return {"kind": "count", "each": "cluster|lever|year", "fund": "|".join(draft.funds), "max": most}


def _since(draft: _Draft) -> Row:
    """Limit the change, or the money, against the year before."""
    each = _each(draft, 0.5)
    words = [] if "years:" in each else [word for word in each.split("|") if word]
    row = {"each": "|".join(words), "of": "before"}
    if draft.chance(0.6):
        return row | {"kind": "change", **_change_rule(draft)}
    low = draft.dice.randint(-draft.sizes.money, 1)
    return row | {"kind": "amount", **_sides(draft, str(low), str(low + draft.dice.randint(0, 2 * draft.sizes.money)))}


def _of_cost(draft: _Draft) -> Row:
    low = draft.dice.choice([0, 3, 14])
    sides = _sides(draft, f"{low / 100}", f"{(low + draft.dice.randint(5, 60)) / 100}")
    return {"kind": "share", "each": _each(draft, 0.7), "of": "cost", **sides}


def _matching(draft: _Draft) -> Row:
    """Let money of one fund go with money of another, at a rate that may be above 1."""
    fund, other = draft.dice.choice(draft.funds), draft.dice.choice(draft.funds)
    limit = {draft.dice.choice(["min", "max"]): str(draft.dice.choice([0.5, 1, 2.5, 0.125]))}
    return {"kind": "share", "each": _each(draft), "fund": fund, "of": f"fund={other}", "min": "", "max": "", **limit}


REPEATS: tuple[Callable[[_Draft], Row], ...] = (
    _each_amount,
    _each_count,
    _each_share,
    _each_lock,
    _few_purses,
    _since,
    _since,
    _of_cost,
    _matching,
)


SOFT_REPEATS = (_each_amount, _each_share, _since, _of_cost, _matching)
"""Rows that are written out and may have a price."""


def _with_programmes(dice: random.Random, sizes: Sizes, *, moves: bool) -> _Draft:
    """Draw a model with programmes, sometimes with a ledger or with rules that are written out as well."""
    ledgers, repeats = dice.random() < 0.25, dice.random() < 0.25
    smaller = replace(sizes, money=max(sizes.money - 3, 2), rules=max(sizes.rules - 1, 0))
    draft = _draft(dice, smaller, ledgers=ledgers)
    if repeats:
        _repeats(draft)
    _programmes(draft)
    for row in draft.tables["programmes"] if moves else ():
        _move(draft, row)
    return draft


def _with_soft_floors(dice: random.Random, sizes: Sizes) -> _Draft:
    """Draw a model with floors that have a price, sometimes with a ledger, rules that are written out or programmes."""
    if dice.random() < 0.25:
        draft = _with_programmes(dice, sizes, moves=dice.random() < 0.5)
    else:
        draft = _draft(dice, sizes, ledgers=dice.random() < 0.25)
        if dice.random() < 0.25:
            _repeats(draft)
    rows = draft.tables.setdefault("rules", [])
    for number in range(dice.randint(1, 3)):
        kinds = ["amount", "share", "each"] + ["change"] * ("last_plan" in draft.tables)
        kind = dice.choice(kinds)
        row = {"rule": f"wish {number}", "kind": kind, **_selection(draft)}
        row |= dice.choice(SOFT_REPEATS)(draft) if kind == "each" else RULES[RuleKind(kind)](draft)
        row |= {"max": "", "price": draft.dice.choice(["0.001", "0.1", "0.25", "1", "3", "40", "1000", "20000"])}
        rows.append(
            row | {"min": row["min"] or draft.dice.choice(["1", "0", "2"] if row["kind"] == "amount" else ["0.3", "1"])}
        )
    if any(row.get("of") == "cost" for row in rows):
        _costs(draft)
    return draft


def _move(draft: _Draft, row: Row) -> None:
    """Let an option move its clusters to another path, or need a stock in them."""
    row.setdefault("clusters", draft.dice.choice(draft.clusters))
    if draft.chance(0.6):
        row["to_path"] = draft.dice.choice(PATHS)
    if draft.chance(0.4):
        row["needs_lever"] = draft.dice.choice(draft.levers)
        row["needs_stock"] = draft.whole(draft.dice.randint(0, draft.sizes.money))
    if not row["clusters"]:
        del row["clusters"]


def _programmes(draft: _Draft) -> None:
    """Write one to three programmes with one or two options each, what they cost, and what they ask of each other."""
    dice = draft.dice
    rows: list[Row] = []
    for programme in (name.replace(":", ";") for name in _names(dice, "P", dice.choice([1, 2, 2, 3, 3]))):
        options = dice.choice([[""], ["X0"], ["X0", "X1"]])
        rows += [{"programme": programme, "option": option, **_option(draft, programme)} for option in options]
    for row in rows:
        others = [other for other in rows if other["programme"] != row["programme"]]
        names = [other["programme"] for other in others]
        names += [f"{other['programme']}:{other['option']}" for other in others if other["option"]]
        names = list(dict.fromkeys(names))
        if names and draft.chance(0.4):
            wanted = dice.sample(names, dice.randint(1, min(2, len(names))))
            row["requires"] = dice.choice(["|", " | "]).join(wanted)
            if draft.chance(0.5):
                row["take_up"] = draft.whole(dice.randint(1, len(wanted)))
        if names and draft.chance(0.25):
            row["excludes"] = "|".join(dice.sample(names, dice.randint(1, min(2, len(names)))))
    if len(rows) > 1 and draft.chance(0.4):
        for row in dice.sample(rows, dice.randint(2, len(rows))):
            row["group"] = "G 0"
    dice.shuffle(rows)
    draft.tables["programmes"] = rows
    costs = [
        {"programme": row["programme"], "option": row["option"], "fund": fund, "after": after,
         "cost": draft.whole(dice.randint(0, draft.sizes.money // 2 + 1))}
        for row, fund, after in product(rows, draft.funds, ["", "1", "2"])
        if draft.chance(0.2 if after else 0.6)
    ]  # fmt: skip
    if costs:
        dice.shuffle(costs)
        draft.tables["programme_costs"] = costs


def _option(draft: _Draft, programme: str) -> Row:
    """Draw what an option gives to whom, and when."""
    dice, row = draft.dice, _printed(draft, programme)
    clusters = draft.some(draft.clusters, 0.9)
    if clusters:
        row["clusters"] = "|".join(clusters)
        row["gain"] = draft.number(round(dice.uniform(0, 1.5) * draft.sizes.money, 2))
        if draft.chance(0.4):
            row["shares"] = "|".join(dice.choice(["1", "0.5", ".25", "0.333333333", "0"]) for _ in clusters)
    row |= {
        "must": dice.choice(["", "", "no", "yes"]),
        "start": "|".join(draft.some([str(year) for year in draft.years], 0.4)),
    }
    if draft.chance(0.4):
        row["lever"] = dice.choice(draft.levers)
    if draft.chance(0.4):
        row["lag"] = draft.whole(dice.randint(0, 2))
    if draft.chance(0.4):
        row["lasts"] = draft.whole(dice.randint(1, 2))
    return row | _remarks(draft)


def _settings(draft: _Draft) -> ModelSettings:
    dice = draft.dice
    per_printed = dice.choice([1, 10, 10_000])
    named = MoneySettings(unit="coin", unit_zh="枚", printed="purse", per_printed=per_printed)
    full = all(row.get(feature) for row in draft.tables["clusters"] for feature in FEATURES)
    factors = {Factor.SIZE: 0.5, Factor.INNOVATION: 1.0} if full else {Factor.SIZE: 1.0}
    return ModelSettings(
        name=dice.choice(["random", "随机"]),
        title=dice.choice([None, "A random model"]),
        years=dice.choice([(), tuple(draft.years)]),
        money=dice.choice([MoneySettings(per_printed=per_printed), named]),
        effectiveness=EffectivenessSettings(
            column=dice.choice(list(CoefficientColumn)), reading=dice.choice(list(CoefficientReading))
        ),
        features=FeatureSwitches(
            **{
                name: dice.random() > 0.04
                for name in FeatureSwitches.model_fields
                if name not in ("programmes", "arriving")
            },
            programmes="programmes" not in draft.tables or dice.random() > 0.04,
        ),
        baselines=BaselineSettings(factor_weights=dice.choice([{}, factors])),
    )


def _objective(draft: _Draft, problem: Problem, kind: ObjectiveKind | None) -> ObjectiveSettings:
    dice = draft.dice
    if problem.soft_floors:
        # A price is taken off an outcome that is the objective.
        kind = ObjectiveKind.EQUITY if kind is ObjectiveKind.EQUITY or dice.random() < 0.4 else ObjectiveKind.TOTAL
    kind = kind or dice.choice(list(ObjectiveKind))
    target = None
    if kind is ObjectiveKind.LEAST_MONEY:
        reached = max(naive.total(problem, _some_money(dice, problem)) for _ in range(5))
        target = max(0.001, round(dice.choice([0.2, 0.6, 0.9, 1.0]) * reached, 4))
    return ObjectiveSettings(
        kind=kind,
        measure=dice.choice(list(RegionMeasure)),
        equity_family=dice.choice(list(ResponseFamily)),
        equity_scale=dice.choice([None, 2.5, 20.0]),
        target=target,
        discount=dice.choice([0.0, 0.05, 0.3]),
        outcome=dice.choice([None, "points"]),
    )


def _some_money(dice: random.Random, problem: Problem) -> dict[naive.Cell, int]:
    """Pay cells in random order as far as purses, limits and menus allow, rules set aside."""
    left, cells = problem.purse.tolist(), {}
    draws = list(
        zip(problem.draw_fund.tolist(), problem.draw_cluster.tolist(), problem.draw_lever.tolist(), strict=True)
    )
    places = [(c, lever, t) for c, lever in {draw[1:] for draw in draws} for t in range(problem.num_years)]
    for cluster, lever, year in sorted(places, key=lambda _: dice.random()):
        funds = [f for f, c, k in draws if (c, k) == (cluster, lever)]
        held = sum(left[f][year] for f in funds)
        levels = [amount for amount, _ in naive.menu(problem, cluster, lever) if amount <= held]
        most = min(held, int(problem.most[cluster, lever]))
        if naive.menu(problem, cluster, lever):
            most = dice.choice([0, *levels])
        elif most < int(problem.least[cluster, lever]):
            most = 0
        cells[cluster, lever, year] = most
        for fund in funds:
            taken = min(most, left[fund][year])
            left[fund][year] -= taken
            most -= taken
    return cells


def write_folder(
    tables: Tables, settings: ModelSettings, folder: pathlib.Path, dress: int | None = None
) -> pathlib.Path:
    """Write model.toml and a CSV file per table; give the path of the model file.

    With a seed in ``dress`` the files look as different programs write them: a byte order mark, other line ends,
    quotes, blank lines, columns in another order, an empty column at the end. What they say stays the same.
    """
    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(dress)
    for name, frame in tables.items():
        data = frame.to_csv(index=False, lineterminator="\n").encode()
        (folder / f"{name}.csv").write_bytes(data if dress is None else _dressed(dice, frame))
    path = folder / "model.toml"
    path.write_text(settings_toml(settings), encoding="utf-8", newline="")
    return path


def _dressed(dice: random.Random, frame: pd.DataFrame) -> bytes:
    frame = frame[dice.sample(list(frame.columns), len(frame.columns))]
    if dice.random() < 0.3:
        frame = frame.assign(**{"": ""})
    quoting = dice.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
    end = dice.choice(["\n", "\r\n"])
    text = frame.to_csv(index=False, lineterminator=end, quoting=quoting)
    text += end * dice.choice([0, 2])
    return dice.choice([b"", b"\xef\xbb\xbf"]) + text.encode()


def settings_toml(settings: ModelSettings, place: TablePlace = TablePlace(folder=".")) -> str:  # noqa: B008 (frozen)
    """Write settings as a model file whose tables are at ``place``."""
    whole = settings.model_copy(update={"tables": place}).model_dump(mode="json", exclude_defaults=True)
    top = [f"{key} = {_toml(value)}" for key, value in whole.items() if not isinstance(value, dict)]
    for section, content in whole.items():
        if isinstance(content, dict):
            top += ["", f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in content.items())]
    return "\n".join(top) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(part)}" for key, part in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
