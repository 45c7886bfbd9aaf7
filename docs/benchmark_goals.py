"""The goals of the engine for many clusters beside what was measured: met or missed, by how much, and why."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

Line = dict[str, Any]
Both = tuple[str, str]
GOALS = Path(__file__).resolve().parent / "data" / "goals.toml"
"""What was asked, and why it is missed where it is, in both languages."""
GAP = 1e-6
"""The gap that is asked of 10,000 clusters and more."""
WORDS = {
    "en": {"head": ("Goal", "Asked", "Measured", "Result", "Commit"), "met": "met", "none": "not run",
           "missed": "missed, {off:.1f} times off", "why": "Why what is missed is missed", "all": "Nothing is missed.",
           "open": "not all of it run"},
    "zh": {"head": ("目标", "要求", "实测", "结果", "提交"), "met": "达到", "none": "未运行",
           "missed": "未达到, 相差 {off:.1f} 倍", "why": "未达到的原因", "all": "全部达到。", "open": "未全部运行"},
}  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One figure of a goal: what it is, how it is written, and how many times off it is; 1 or less is met."""

    name: Both
    shown: str
    off: float


@dataclass(frozen=True)
class Measured:
    """What was measured of a goal: its parts, whether anything of it was not run, and the lines behind it."""

    parts: list[Part] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    complete: bool = True

    @property
    def off(self) -> float:
        """How many times the worst part is off."""
        return max(part.off for part in self.parts)


def at_most(name: Both, value: float, limit: float, unit: str = "x") -> Part:
    """Compare with the most that is asked for."""
    return Part(name, f"{value:,.2f} {unit}".replace(" x", "x"), value / limit)


def at_least(name: Both, value: float, limit: float, unit: str = "x") -> Part:
    """Compare with the least that is asked for."""
    return Part(name, f"{value:,.1f} {unit}".replace(" x", "x"), limit / max(value, 1e-9))


def _share(name: Both, found: int, of: int) -> Part:
    return Part(name, f"{found} / {of}", of / max(found, 1e-9))


def _gap(line: Line) -> Part:
    name = f"{line['shape']}, gap ({line['proof']})", f"{line['shape']}, 差距 ({line['proof']})"
    return Part(name, f"{line['safe_gap']:.1e}", line["safe_gap"] / GAP)


def _build(figures: ModuleType) -> Measured:
    lines = {line["tool"]: line for line in figures.read("build") if line["columns"] == 200_000}
    if not lines.keys() >= {"clusteropt", "arrays", "linopy", "pyomo"}:
        return Measured(complete=False)
    took = {tool: line["seconds"] for tool, line in lines.items()}
    own = took["clusteropt"]
    return Measured(
        [
            at_most(("as many seconds as arrays", "数组用时的倍数"), own / took["arrays"], 2.0),
            at_least(("faster than Pyomo", "快于 Pyomo"), took["pyomo"] / own, 30.0),
            at_least(("faster than linopy", "快于 linopy"), took["linopy"] / own, 1.0),
        ],
        list(lines.values()),
    )


def _small(figures: ModuleType) -> Measured:
    lines = figures.read("small")
    if not lines:
        return Measured(complete=False)
    ratios = [line["ratio"] for line in lines]
    return Measured(
        [
            at_most(("slowest against HiGHS alone", "与单独 HiGHS 相比最慢"), max(ratios), 1.1),
            at_most(("geometric mean", "几何平均"), figures.mean(ratios), 1.0),
        ],
        lines,
    )


def _peers(figures: ModuleType) -> Measured:
    found = {key: mine for key, mine in figures.by_portfolio().items() if 500 <= key[1] <= 2_000}
    leads = {key: figures.lead(mine, "1e-4") for key, mine in found.items()}
    known = [lead for lead in leads.values() if lead is not None]
    if not known:
        return Measured(complete=False)
    name = (f"faster, geometric mean of {len(known)} portfolios", f"{len(known)} 个组合的几何平均倍数")
    lines = [line for mine in found.values() for line in mine.values()]
    complete = len(known) == len(leads) and {shape for shape, _ in found} >= {"loose", "tight", "years"}
    return Measured([at_least(name, figures.mean(known), 20.0)], lines, complete)


def _ten_thousand(figures: ModuleType) -> Measured:
    lines = [line for line in figures.read("scale") if line["clusters"] == 10_000 and line.get("threads", 1) == 1]
    others = [line for line in figures.read("peers") if line["clusters"] == 10_000 and line["tool"] != "clusteropt"]
    parts = []
    for line in lines:
        if line["asked"] <= GAP:
            reached = line["safe_gap"] <= GAP
            parts.append(at_most((line["shape"],) * 2, line["seconds"], 3.0, "s") if reached else _gap(line))
    ends = [line["seconds_to"]["1e-4"] for line in others if line["seconds_to"]["1e-4"]]
    if ends:
        parts.append(Part(("best other to 1e-4", "其他工具最快达到 1e-4"), f"{min(ends):.1f} s", 120 / min(ends)))
    complete = {line["shape"] for line in lines if line["asked"] <= GAP} >= {"loose", "tight", "years"}
    return Measured(parts, lines + others, complete and len(others) >= 3)


def _portfolios(figures: ModuleType) -> list[Line]:
    """Give the portfolios on one thread; where both scripts ran one, that from Parquet to Parquet."""
    lines = [line for line in figures.read("scale") if line.get("threads", 1) == 1]
    found = {(line["shape"], line["clusters"], line["asked"]): line for line in lines + figures.read("million")}
    return list(found.values())


def _million(figures: ModuleType) -> Measured:
    lines = [line for line in _portfolios(figures) if line["clusters"] == 1_000_000]
    parts = [
        part
        for line in lines
        for part in (
            at_most((f"{line['shape']}, solving", f"{line['shape']}, 求解"), line["seconds"], 15.0, "s"),
            at_most(("memory", "内存"), line["peak_mib"] / 1024, 4.0, "GiB"),
            _gap(line),
        )
    ]  # fmt: skip
    return Measured(parts, lines, bool(lines))


def _growth(figures: ModuleType) -> Measured:
    found = {(line["shape"], line["asked"], line["clusters"]): line for line in _portfolios(figures)}
    pairs = [(found[shape, asked, 10_000], line) for (shape, asked, clusters), line in found.items()
             if clusters == 1_000_000 and (shape, asked, 10_000) in found]  # fmt: skip
    parts = [
        at_most((f"{one['shape']}: of the seconds for a hundred times the clusters",
                 f"{one['shape']}: 集群增至百倍时用时倍数 / 100"), other["seconds"] / one["seconds"] / 100, 1.0)
        for one, other in pairs
    ]  # fmt: skip
    return Measured(parts, [line for pair in pairs for line in pair], bool(pairs))


def _knapsacks(figures: ModuleType) -> Measured:
    lines = figures.read("mmkp")
    hill = [line for line in lines if line["family"] == "mmkp_hiremath_hill"]
    khan = [line for line in lines if line["family"] == "mmkp_khan"]
    if not (hill and khan and all("highs_seconds" in line for line in lines)):
        return Measured(complete=False)
    closed = sum(line["gap"] <= figures.PROVED and figures.is_best(line) for line in hill)
    total = math.fsum(line["seconds"] for line in hill)
    best = sum(map(figures.is_best, khan))
    proved = sum(line["gap"] <= figures.PROVED for line in khan if line["file"] != "I04")
    return Measured(
        [
            _share(("Hiremath & Hill closed (claimed)", "Hiremath & Hill 已关闭 (声称)"), closed, len(hill)),
            at_most(("of the total time of HiGHS alone", "单独 HiGHS 总用时的倍数"), total / math.fsum(
                line["highs_seconds"] for line in hill), 1.0),
            _share(("Khan, optima found", "Khan 找到最优"), best, len(khan)),
            _share(("closed but for I04 (claimed)", "除 I04 外已关闭 (声称)"), proved, len(khan) - 1),
        ],
        lines,
    )  # fmt: skip


def _same(figures: ModuleType) -> Measured:
    found: dict[tuple[Any, ...], dict[int, Line]] = {}
    for line in figures.read("scale"):
        if line.get("digest"):
            key = tuple(line.get(name) for name in ("shape", "clusters", "asked", "seed"))
            found.setdefault(key, {})[line["threads"]] = line
    pairs = [mine for mine in found.values() if len(mine) > 1]
    alike = sum(len({line["digest"] for line in mine.values()}) == 1 for mine in pairs)
    part = _share(("plans alike", "相同的方案"), alike, len(pairs))
    return Measured([part] if pairs else [], [line for mine in pairs for line in mine.values()], bool(pairs))


OF_PLANS = ("scale", "million", "peers", "small", "choice", "objectives", "copies", "mmkp", "trees")
"""The benchmarks whose lines are of plans; those of other tools beside ours are not counted."""


def _verified(figures: ModuleType) -> Measured:
    lines = [line for name in OF_PLANS for line in figures.read(name) if line.get("tool", "clusteropt") == "clusteropt"]
    lines = [line for line in lines if line.get("gap", line.get("gaps", 0.0)) is not None]
    told = [line for line in lines if "verified" in line]
    parts = [
        _share(
            ("lines whose plans are verified", "方案通过校验的行数"), sum(line["verified"] for line in told), len(lines)
        )
    ]
    return Measured(parts if lines else [], told, bool(lines))


MEASURES: dict[str, Callable[[ModuleType], Measured]] = {
    "build": _build,
    "small": _small,
    "peers": _peers,
    "ten_thousand": _ten_thousand,
    "million": _million,
    "growth": _growth,
    "knapsacks": _knapsacks,
    "same": _same,
    "verified": _verified,
}
"""How each goal of `GOALS` is measured."""


def goals_block(language: str, figures: ModuleType) -> str:
    """Write a row a goal, and below why those that are missed are missed."""
    words, tongue, end = WORDS[language], 0 if language == "en" else 1, "" if language == "en" else "_zh"
    rows, reasons, lines = [], [], list[Line]()
    for goal in tomllib.loads(GOALS.read_text(encoding="utf-8"))["goal"]:
        found = MEASURES[goal["key"]](figures)
        shown = "; ".join(f"{part.name[tongue]} {part.shown}" for part in found.parts) or words["none"]
        commits = sorted({line.get("commit") or "-" for line in found.lines}) or ["-"]
        rows.append((goal[f"name{end}"], goal[f"asked{end}"], shown, _result(found, words), ", ".join(commits)))
        lines += found.lines
        if found.parts and found.off > 1:
            reasons.append(f"- {goal[f'name{end}']}: {goal[f'why{end}']}")
    told = [f"{words['why']}:", "\n".join(reasons)] if reasons else [words["all"]]
    return "\n\n".join(
        [figures.table(words["head"], rows), *told, *([figures.places(lines)] if language == "en" else [])]
    )


def _result(found: Measured, words: dict[str, Any]) -> str:
    if not found.parts:
        return words["none"]
    verdict = words["met"] if found.off <= 1 else words["missed"].format(off=found.off)
    return verdict if found.complete else f"{verdict}; {words['open']}"
