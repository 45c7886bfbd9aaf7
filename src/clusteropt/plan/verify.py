"""Check the folder of a plan without the program that made it: ``python verify.py DIR [--language en|zh]``.

What holds where every line says ``ok``: the files are those that the plan names; its money is whole, positive, open to
those who get it, and keeps every purse, limit, menu and rule of the tables in ``DIR/inputs``; its outcomes and values
are what the curves give for that money; and no plan under these tables is better than the proved bound, which follows
by arithmetic from the prices (multipliers) in plan.json, whoever found them. ``exact`` is proved in fractions, ``safe``
in floating point with a margin for rounding. The claimed bound is compared only.

What it cannot tell: whether the coefficients in the tables are right; who wrote the files (a digest is no signature);
whether the plan keeps limits of the caller's own, which no table holds; which plan inside the gap is the best.

It needs Python 3.11 and nothing else. A line is ``ok``, ``WRONG`` or ``--`` (not checked), what, and a detail. It ends
with 0 (all hold), 1 (something is wrong) or 2 (something cannot be read or judged).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import stat
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    # What is checked, what is wrong (None: not checked), and a detail.
    Checks = Iterator[tuple[str, list[Any] | None, str]]

if TYPE_CHECKING or __package__:
    from clusteropt.plan.verify_bound import Bound, curve
    from clusteropt.plan.verify_tables import COLUMNS, FIELDS, Problem, need, read_file, read_settings, read_table
else:  # The same files, beside this one; a copy for use elsewhere holds them in this place.
    sys.path.append(str(Path(__file__).resolve().parent))
    from verify_bound import Bound, curve
    from verify_tables import COLUMNS, FIELDS, Problem, need, read_file, read_settings, read_table

OK, WRONG, OPEN = "ok", "WRONG", "--"
FORMAT, TOLERANCE, SHOWN = "clusteropt-plan-2", 1e-9, 3
ALLOCATION = [f"{kind}{part}" for kind in ("cluster", "region", "path", "lever") for part in ("", "_name", "_name_zh")]
ALLOCATION += ["year", "fund", "fund_name", "fund_name_zh", "amount", "amount_printed"]
WORDS = {
    "digest": ("digest of plan.json", "plan.json 的摘要"), "inputs": ("digests of the inputs", "输入文件的摘要"),
    "labels": ("names and positions", "名称与位置"), "awards": ("whole positive money", "金额为正整数"),
    "eligible": ("eligibility", "使用资格"), "purses": ("purses", "年度资金"), "slack": ("slack", "余量"),
    "cells": ("least, most and menus", "最小最大拨款与菜单"), "unspent": ("money left in purses", "年度资金余额"),
    "rule": ("rule", "规则"), "rules": ("certificate of the rules", "规则证书"), "gap": ("gap", "差距"),
    "outcome": ("outcome of cells", "单元产出"), "synergy": ("synergies", "协同"), "total": ("total outcome", "总产出"),
    "region": ("outcome of regions", "地区产出"), "value": ("value", "目标值"), "target": ("target", "目标产出"),
    "claimed": ("claimed bound, not proved", "声称的界, 未经证明"), "proved": ("proved bound", "已证明的界"),
    "csv": ("allocation.csv", "allocation.csv"), "summary": ("summary.json", "summary.json"),
    "nothing": ("nothing is proved", "未作证明"), "unread": ("cannot be read or judged", "无法读取或判断"),
    "own": ("limits of the caller's own, in no table", "调用者自设的限制, 不在表中"),
}  # fmt: skip


def near(a: Any, b: Any, size: float = 0.0) -> bool:
    """Tell whether two numbers agree, up to the rounding of sums of parts of some size."""
    return bool(a == b or (math.isfinite(a - b) and abs(a - b) <= TOLERANCE * max(abs(a), abs(b), size)))


def gap(bound: float, value: float) -> float:
    """Give the relative gap of a value to a bound."""
    return abs(bound - value) / max(1e-9, abs(value))


def pick(lists: Sequence[Sequence[Any]], places: Sequence[Any]) -> tuple[Any, ...]:
    """Give what stands at a position of each list; one that counts from the end is no position."""
    need(all(type(place) is int and place >= 0 for place in places), f"plan.json: position {places}")
    return tuple(names[place] for names, place in zip(lists, places, strict=True))


class Audit:
    """The checks of one folder, in the order in which they build on each other."""

    def __init__(self, folder: Path, language: str) -> None:
        self.folder, self.side = folder, int(language == "zh")
        self.flows: Counter[Any] = Counter()
        self.cells: Counter[Any] = Counter()

    def say(self, word: str) -> str:
        """Give a word in the language asked for."""
        return WORDS[word][self.side]

    def files(self) -> Checks:
        """Read all files, compare their digests, and build the problem."""
        document = json.loads(read_file(self.folder, "plan.json"))
        need(document["format"] == FORMAT and set(document) == {"format", "sha256", "plan"}, "plan.json: format")
        self.plan: Any = document["plan"]
        self.certificate: Any = self.plan["certificate"]
        text = json.dumps(self.plan, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        yield "digest", [digest] if document["sha256"] != digest else [], digest[:12]
        inputs, stated = self.folder / "inputs", self.certificate["inputs"]
        need(stat.S_ISDIR(inputs.lstat().st_mode), "inputs: no folder")
        known = ["model.toml", "model.json", *(f"{table}.csv" for table in COLUMNS)]
        names = [path.name for path in inputs.iterdir()]
        files = {name: read_file(inputs, name) for name in names if name in known}
        # What belongs to no table has no digest that fits.
        found = dict.fromkeys(names, "") | {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        yield "inputs", sorted(n for n in {**found, **stated} if found.get(n) != stated.get(n)), f"{len(found)}"
        (model,) = {"model.toml", "model.json"} & set(files)
        self.settings = read_settings(model, files[model])
        used = {table for table in COLUMNS if self.settings["features"].get(table, True) and f"{table}.csv" in files}
        self.tables = {table: read_table(table, files[f"{table}.csv"]) if table in used else [] for table in COLUMNS}
        self.problem = Problem(self.settings, self.tables, float)

    def labels(self) -> Checks:
        """Compare what the plan says of the problem with the tables: names, positions, purses, units, objective."""
        p, settings, goal = self.problem, self.settings, self.problem.goal
        labels: dict[str, Any] = {"years": p.years}
        for kind in FIELDS[:6]:
            labels["industries" if kind == "industry" else f"{kind}s"] = list(p.names[kind])
            labels[f"{kind}_names"] = list(p.names[kind].values())
        title = settings[""].get("title") or settings[""].get("name") or "model"
        unit: dict[str, Any] = {"unit": "yuan", "unit_zh": "元", "printed": "10,000 yuan", "printed_zh": "万元"}
        unit = unit if "unit" not in settings["money"] else settings["money"]
        self.per = settings["money"].get("per_printed", 10_000)
        counted = {"en": goal.get("outcome"), "zh": goal.get("outcome_zh") or goal.get("outcome")}
        scale = self.plan["objective"]["equity_scale"]
        wanted = {
            "labels": labels, "name": settings[""].get("name") or "model",
            "title": {"en": title, "zh": settings[""].get("title_zh") or title},
            "money": {"per_printed": self.per} | {key: {"en": unit[key], "zh": unit.get(f"{key}_zh") or unit[key]}
                                                 for key in ("unit", "printed")},
            "objective": {key: goal[key] for key in ("kind", "measure", "equity_family", "target")} | {
                "outcome": counted if "outcome" in goal else None, "equity_scale": scale},
            "purse": [[p.purse[fund, year] for year in p.years] for fund in p.names["fund"]],
        }  # fmt: skip
        for kind in ("region", "industry", "path"):
            place = {name: k for k, name in enumerate(p.names[kind])}
            wanted[f"{kind}_of"] = [place[row[kind]] for row in p.clusters.values()]
        wrong = [key for key, value in wanted.items() if self.plan[key] != value]
        fits = scale == goal["equity_scale"] or (goal["kind"] == "equity" and near(scale, p.equity_scale()))
        wrong += [] if fits else ["equity_scale"]
        yield "labels", wrong, " x ".join(str(len(p.names[kind])) for kind in ("cluster", "lever", "fund"))

    def money(self) -> Checks:
        """Check the awards: whole, positive, once each, open, within purses, limits and menus; and what is left."""
        p, awards = self.problem, self.plan["awards"]
        lists: list[Any] = [list(p.names["cluster"]), list(p.names["lever"]), p.years, list(p.names["fund"])]
        rows = list(zip(*(awards[key] for key in ("cluster", "lever", "year", "fund", "amount")), strict=True))
        named = [(*pick(lists, row[:4]), row[4]) for row in rows]
        need(all(type(row[4]) is int for row in named), "plan.json: amounts are no whole numbers")
        times = Counter(row[:4] for row in named)
        yield "awards", [row for row in named if row[4] <= 0 or times[row[:4]] > 1], f"{sum(row[4] for row in named):,}"
        for c, lever, year, fund, amount in named:
            self.flows[c, lever, year, fund] += amount
            self.cells[c, lever, year] += amount
        yield "eligible", [flow for flow in self.flows if flow[3] not in p.pairs[flow[:2]].funds], f"{len(rows)}"
        left = dict(p.purse)
        for flow, amount in self.flows.items():
            left[flow[3], flow[2]] -= amount
        wrong = [(*key, rest) for key, rest in left.items() if rest < 0]
        yield "purses", wrong, f"{self.say('slack')} {min(left.values()):,}"
        wrong = [(*cell, amount) for cell, amount in self.cells.items() if not self._fits(cell, amount)]
        yield "cells", wrong, f"{len(self.cells)}"
        yield "csv", self._csv_faults(named), f"{len(rows)}"
        need(type(self.plan["unspent"]) is list, "plan.json: unspent")
        stated: Counter[Any] = Counter()
        for row in self.plan["unspent"]:
            stated[pick([lists[3], p.years], (row["fund"], row["year"]))] += row["amount"]
        wrong = [(*key, rest) for key, rest in left.items() if stated[key] != rest]
        yield "unspent", wrong, f"{sum(left.values()):,}"

    def _fits(self, cell: Any, amount: int) -> bool:
        """Tell whether a cell may have its money."""
        pair = self.problem.pairs[cell[:2]]
        return amount in pair.menu if pair.menu else pair.least <= amount <= pair.most

    def _csv_faults(self, named: list[Any]) -> list[Any]:
        """Give the lines of allocation.csv that are not the awards, as a planner reads them."""
        p, digits = self.problem, len(str(self.per)) - 1

        def shown(kind: str, name: str) -> list[str]:
            texts = [name, p.names[kind][name]["en"], p.names[kind][name]["zh"]]
            # A spreadsheet would run such a text as a formula.
            return ["'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text for text in texts]

        wanted = [ALLOCATION]
        for c, lever, year, fund, amount in named:
            row, (whole, part) = p.clusters[c], divmod(abs(amount), 10**digits)
            printed = f"{'-' * (amount < 0)}{whole}" + (f".{part:0{digits}d}" if digits else "")
            wanted.append([*shown("cluster", c), *shown("region", row["region"]), *shown("path", row["path"]),
                           *shown("lever", lever), str(year), *shown("fund", fund), str(amount), printed])  # fmt: skip
        text = read_file(self.folder, "allocation.csv").decode("utf-8-sig")
        found = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        pairs = zip(found + [[]] * len(wanted), wanted + [[]] * len(found), strict=False)
        return [f"line {k + 1}" for k, (a, b) in enumerate(pairs) if a != b]

    def rules(self) -> Checks:
        """Check every rule of the tables, and what the certificate says of it."""
        p, found = self.problem, []
        sides: dict[str, list[Any]] = {}
        for side in p.sides:
            sides.setdefault(side.rule, []).append(side)
        for rule, parts in sides.items():
            slacks = []
            wrong: list[Any] = [spot for spot, amount in parts[0].locks.items() if self._at(spot) != amount]
            for side in parts:
                level, limit = p.measure(side, self.flows)
                slacks.append(level - limit if side.side == "min" else limit - level)
                wrong += [f"{side.side} {limit:,}: {level:,}"] if slacks[-1] < 0 else []
                found.append((rule, side.side, side.year, level, limit))
            yield f"rule {rule}", wrong, f"{self.say('slack')} {min(slacks):,}"
        stated = self.certificate["rules"]
        rows = zip(*(stated[key] for key in ("rule", "side", "year", "level", "limit")), strict=True)
        difference = Counter(found)
        difference.subtract(Counter(rows))
        yield "rules", [row for row, times in difference.items() if times], f"{len(found)}"

    def _at(self, spot: Any) -> int:
        """Give the money of a cell or a flow."""
        return self.cells[spot] if len(spot) == 3 else self.flows[spot]

    def outcomes(self) -> Checks:
        """Compute outcomes on the curves again and compare them with those of the plan."""
        p, plan = self.problem, self.plan
        lists: list[Any] = [list(p.names["cluster"]), list(p.names["lever"]), p.years]
        self.outcome = p.outcomes(self.cells)
        self.region, joint, self.size = p.regions(self.outcome)
        columns = (plan["cells"][key] for key in ("cluster", "lever", "year", "amount", "outcome", "value"))
        stated = {pick(lists, row[:3]): row[3:] for row in zip(*columns, strict=True)}
        wrong = []
        for cell in {*stated, *self.outcome, *(cell for cell in self.cells if self.cells[cell])}:
            outcome, counts = self.outcome.get(cell, 0.0), p.clusters[cell[0]]["counts"].values()
            value, size = (outcome * p.discount[cell[2]] * part for part in (sum(counts), sum(map(abs, counts))))
            amount, told, worth = stated.get(cell, (None, 0.0, 0.0))
            if amount != self.cells[cell] or not near(told, outcome) or not near(worth, value, size):
                wrong.append(cell)
        yield "outcome", wrong, f"{len(self.outcome)}"
        pairs = zip(joint.items(), plan["synergy"], strict=True)
        yield "synergy", [c for (c, x), y in pairs if not near(x, y)], f"{sum(joint.values()):.9g}"
        pairs = zip(self.region.items(), plan["region_outcome"], strict=True)
        yield "region", [r for (r, x), y in pairs if not near(x, y, self.size)], f"{len(self.region)}"
        self.total = sum(self.region.values())
        wrong = [] if near(self.total, plan["total_outcome"], self.size) else [plan["total_outcome"]]
        yield "total", wrong, f"{self.total:.12g}"

    def _value(self, kind: str) -> float:
        """Give the value of an objective on the curves."""
        p = self.problem
        if kind == "worst_region":
            return min((float(self.region[r] / p.unit[r]) for r in p.live()), default=0.0)
        if kind == "equity":
            scale, family = p.equity_scale(), p.goal["equity_family"]
            return float(sum(curve(family, scale * p.unit[r], x)[0] for r, x in self.region.items()))
        return float(sum(self.cells.values()) if kind == "least_money" else self.total)

    def stages(self) -> Checks:
        """Check the value, the claimed bound and the proved bound of every stage."""
        goal, stages, proofs = self.problem.goal, self.plan["stages"], self.certificate["stages"]
        if self.certificate["own"] is not False:
            yield "own", None, ", ".join(f"{stage['value']:.12g}" for stage in stages)
            return
        kinds = ["worst_region", "total"][: len(stages)] if goal["kind"] == "worst_region" else [goal["kind"]]
        need(kinds == [stage["kind"] for stage in stages] and len(stages) == len(proofs), "plan.json: stages")
        if goal["kind"] == "least_money":
            short = goal["target"] - self.total > TOLERANCE * max(goal["target"], self.size)
            yield "target", [self.total] if short else [], f"{goal['target']:.12g}"
        for k, (stage, proof) in enumerate(zip(stages, proofs, strict=True)):
            value = self._value(stage["kind"])
            size = 0.0 if stage["kind"] == "least_money" else self.size
            same = near(value, stage["value"], size)
            yield "value", [] if same else [stage["value"]], f"{stage['kind']} {value:.12g}"
            sign = -1.0 if stage["kind"] == "least_money" else 1.0
            above = sign * (stage["bound"] - value) >= -TOLERANCE * max(abs(value), size)
            yield "claimed", [] if above else [stage["bound"]], self._bound_text(stage["bound"], value)
            yield self._proof(("second" if k else stage["kind"], value, sign, size), proof)

    def _bound_text(self, bound: float, value: float) -> str:
        """Write a bound and the gap to it."""
        return f"{bound:.12g}, {self.say('gap')} {gap(bound, value):.2e}"

    def _proof(self, stage: tuple[str, float, float, float], proof: Any) -> tuple[str, list[Any] | None, str]:
        """Compute the bound that the multipliers prove, and compare it with the one that is stated."""
        (kind, value, sign, size), grade, stated = stage, proof["proof"], proof["bound"]
        if grade == "claimed":
            return "proved", [stated] if sign * stated != math.inf else None, self.say("nothing")
        need(grade in ("exact", "safe"), f"proof: {grade}")
        problem = Problem(self.settings, self.tables, Fraction) if grade == "exact" else self.problem
        try:
            bound = Bound(problem, proof["multipliers"], kind, self._value("worst_region") if kind == "second" else 0.0)
        except ArithmeticError as error:
            return "proved", [error], grade
        room = TOLERANCE * max(abs(float(bound.limit)), bound.size * 1e-3)
        limit, edge = float(bound.limit), float(bound.limit) - room
        if sign < 0:
            # Money is whole: where less than 7.2 is not possible, 8 is the least.
            limit = edge = float(math.ceil(bound.limit))
        wrong = [] if sign * stated >= sign * edge else [f"{stated!r}; {limit!r}"]
        wrong += [] if sign * (limit - value) >= -TOLERANCE * max(abs(value), size) else [f"{value!r}; {limit!r}"]
        return "proved", wrong, f"{grade}: {self._bound_text(limit, value)}"

    def summary(self) -> Checks:
        """Compare summary.json with the plan."""
        plan, stages, proofs = self.plan, self.plan["stages"], self.certificate["stages"]
        grades = [proof["proof"] for proof in proofs]
        wanted = {
            "name": plan["name"], "title": plan["title"]["en"], "title_zh": plan["title"]["zh"],
            "objective": plan["objective"]["kind"], "value": stages[0]["value"], "claimed_bound": stages[0]["bound"],
            "claimed_gap": max(gap(stage["bound"], stage["value"]) for stage in stages),
            "safe_bound": proofs[0]["bound"],
            "safe_gap": max(gap(proof["bound"], stage["value"]) for proof, stage in zip(proofs, stages, strict=True)),
            "proof": next(grade for grade in ("claimed", "kkt", "safe", "exact") if grade in grades),
            "total_outcome": plan["total_outcome"], "money_unit": plan["money"]["unit"]["en"],
            "money_held": sum(self.problem.purse.values()), "money_total": sum(self.flows.values()),
        }  # fmt: skip
        finite = {key: None if isinstance(x, float) and not math.isfinite(x) else x for key, x in wanted.items()}
        found = json.loads(read_file(self.folder, "summary.json"))
        yield "summary", [key for key, x in finite.items() if found[key] != x], f"{len(wanted)}"


def check_folder(folder: str | Path, language: str = "en") -> tuple[int, list[tuple[str, str, str]]]:
    """Check a folder; give 0, 1 or 2 and, line by line, the state, the title and the detail."""
    audit, lines, open_end = Audit(Path(folder), language), [], False
    for part in (audit.files, audit.labels, audit.money, audit.rules, audit.outcomes, audit.stages, audit.summary):
        try:
            for word, wrong, detail in part():
                head, _, name = word.partition(" ")
                faults = [" ".join(map(str, x)) if isinstance(x, tuple) else str(x) for x in (wrong or [])[:SHOWN]]
                faults += [f"... {len(wrong)}"] if wrong and len(wrong) > SHOWN else []
                state = OPEN if wrong is None else WRONG if wrong else OK
                open_end |= word == "own"
                lines.append((state, f"{audit.say(head)} {name}".strip(), "; ".join(faults) or detail))
        # Whatever the bytes are, the end is a line and not a traceback.
        except Exception as error:
            lines.append((OPEN, audit.say("unread"), f"{part.__name__}: {type(error).__name__}: {str(error)[:200]}"))
            open_end = True
            break
    return 1 if any(state == WRONG for state, _, _ in lines) else 2 * open_end, lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the folder that the command line names, one line a check; give the code to end with."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    language = "en"
    if "--language" in given[:-1]:
        place = given.index("--language")
        language = given[place + 1]
        del given[place : place + 2]
    if len(given) != 1 or given[0].startswith("-") or language not in ("en", "zh"):
        sys.stderr.write("python verify.py DIR [--language en|zh]\n")
        return 2
    code, lines = check_folder(given[0], language)
    for line in lines:
        text = f"{line[0]:<5}  {line[1]}: {line[2]}"
        shown = "".join(sign if sign.isprintable() else "?" for sign in text)
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(shown.encode(encoding, "replace").decode(encoding) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
