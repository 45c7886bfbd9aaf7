"""The tables of the page on benchmarks, made of the lines that the scripts in ``benchmarks/`` have recorded."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

DATA = Path(__file__).resolve().parent / "data"
Line = dict[str, Any]
KEYS = {
    "scale": ("shape", "clusters", "asked", "threads"),
    "million": ("shape", "clusters", "asked"),
    "peers": ("shape", "clusters", "tool"),
    "build": ("clusters", "tool"),
    "small": ("shape", "clusters", "seed"),
    "choice": ("shape", "clusters", "asked"),
    "objectives": ("objective", "shape", "clusters", "way", "asked"),
    "copies": ("copies", "regions", "way", "asked", "limit_s"),
    "mmkp": ("family", "file", "problem"),
    "trees": ("name", "seed", "asked", "nodes"),
}
"""What a line of each file is about: the last one that is about the same counts."""
KINDS = ("total", "equity", "least_money", "worst_region")
REGIONS = 23
"""The regions of the national plan, and of its copies where they are in no parts."""
FASTEST = "Of runs that gave the same plan to the last bit the fastest is shown."
VERDICT = ("verified", "verify_s", "verify_mib")
"""What a line says of the verifier."""
UNTOLD = {"regions": REGIONS}
"""What older lines do not say; other keys are 1 there."""
GAPS = ("1e-3", "1e-4", "1e-6")
PROVED = 1e-9
"""A gap up to this is the last digits of sums."""


def read(name: str) -> list[Line]:
    """Read the lines of a benchmark, the last of each kind, or the fastest of the same plan; none if never recorded."""
    path, keys = DATA / f"{name}.jsonl", KEYS[name]
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.is_file() else []
    # What the verifier said of a plan holds for every run that gave the same plan to the last bit.
    judged = [line for line in lines if "digest" in line and "verified" in line]
    verdicts = {line["digest"]: {key: line[key] for key in VERDICT if key in line} for line in judged}
    lines = [verdicts.get(line.get("digest"), {}) | line for line in lines]
    found = dict[tuple[Any, ...], Line]()
    for line in lines:
        key = tuple(line.get(key, UNTOLD.get(key, 1)) for key in keys)
        # Of runs that gave the same plan the fastest counts, as whatever else a machine does only adds.
        same = "digest" in line and line["digest"] == found.get(key, {}).get("digest")
        found[key] = min(found[key], line, key=lambda run: run["seconds"]) if same else line
    return [found[key] for key in sorted(found)]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Write a table of Markdown."""
    head = list(head)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def mean(ratios: Iterable[float]) -> float:
    """Give the geometric mean."""
    logs = [math.log(ratio) for ratio in ratios]
    return math.exp(math.fsum(logs) / len(logs))


def where(line: Line) -> str:
    """Say where a line comes from: machine, versions, commit; lines of older scripts say less."""
    told = [f"{line['cpus']} CPUs, {line['machine']}, {line['platform']}, Python {line['python']}"]
    told += [", ".join(f"{name} {number}" for name, number in line.get("versions", {}).items())]
    return "; ".join(filter(None, told)) + f"; commit {line.get('commit') or 'unknown'}"


def places(lines: list[Line]) -> str:
    """Say where lines come from, each place once, with the load there."""
    loads = defaultdict[str, list[float]](list)
    for line in lines:
        loads[where(line)].append(line["load"])
    return "Measured on " + ". ".join(f"{spot} (load {max(load):.1f})" for spot, load in loads.items()) + "."


def scale_block() -> str:
    """Write what each portfolio took and gave, a row a portfolio."""
    head = ("Shape", "Clusters", "Threads", "Gap asked", "Solving", "Gap", "Proof", "Evaluations", "Open choices",
            "Whole", "Memory", "Verified")  # fmt: skip
    lines = read("scale")
    rows = [
        (line["shape"], f"{line['clusters']:,}", str(line.get("threads", 1)), f"{line['asked']:.0e}",
         f"{line['seconds']:.2f} s", f"{line['safe_gap']:.1e}", line["proof"], str(line["evaluations"] or "-"),
         "-" if line["core"] is None else f"{line['core']:,}", "yes" if line["whole"] else "no",
         f"{line['peak_mib']:,.0f} MiB", _verified(line))
        for line in lines
    ]  # fmt: skip
    note = f"Solving is from the problem to the plan; the verifier is run by itself. {FASTEST}"
    return f"{table(head, rows)}\n\n{places(lines)} {note}"


def million_block() -> str:
    """Write what reading, solving and writing took, a row a portfolio."""
    lines = read("million")
    rows = [
        (line["shape"], f"{line['clusters']:,}", f"{line['asked']:.0e}", f"{line['read_s']:.1f} s",
         f"{line['seconds']:.1f} s", f"{line['write_s']:.1f} s", f"{line['safe_gap']:.1e}", line["proof"],
         f"{line['awards']:,}", f"{line['peak_mib']:,.0f} MiB", _verified(line),
         f"{line['verify_mib']:,.0f} MiB" if "verify_mib" in line else "-")
        for line in lines
    ]  # fmt: skip
    head = ("Shape", "Clusters", "Gap asked", "Reading", "Solving", "Writing", "Gap", "Proof", "Awards", "Memory",
            "Verified", "Memory of that")  # fmt: skip
    note = f"Memory is that of reading, solving and writing; the plan is verified by another process. {FASTEST}"
    return f"{table(head, rows)}\n\n{places(lines)} {note}"


def _verified(line: Line) -> str:
    return "-" if "verified" not in line else f"{line['verify_s']:.1f} s" if line["verified"] else "no"


def by_portfolio() -> dict[tuple[str, int], dict[str, Line]]:
    """Give the lines of other tools by portfolio and tool."""
    found = defaultdict[tuple[str, int], dict[str, Line]](dict)
    for line in read("peers"):
        found[line["shape"], line["clusters"]][line["tool"]] = line
    return found


def lead(mine: dict[str, Line], gap: str) -> float | None:
    """Give how many times faster than the best other tool we are; who did not get there counts with the limit."""
    own, others = mine.get("clusteropt"), [line for tool, line in mine.items() if tool != "clusteropt"]
    if own is None or not others or own["seconds_to"][gap] is None:
        return None
    return min(line["seconds_to"][gap] or line["limit_s"] for line in others) / own["seconds_to"][gap]


def peers_block() -> str:
    """Write the seconds of every tool to every gap, a row a portfolio and gap, and how many times faster we are."""
    found, lines = by_portfolio(), read("peers")
    tools = {line["tool"]: line["version"] for line in lines}
    order = ["clusteropt", *sorted(tools.keys() - {"clusteropt"})]
    rows = []
    for (shape, clusters), mine in sorted(found.items()):
        for gap in GAPS:
            took = {tool: line["seconds_to"][gap] for tool, line in mine.items()}
            told = [_seconds(took.get(tool), mine.get(tool)) for tool in order]
            reached, ratio = any(took[tool] for tool in took if tool != "clusteropt"), lead(mine, gap)
            rows.append((shape, f"{clusters:,}", gap, *told, "-" if ratio is None else
                         f"{'' if reached else '> '}{ratio:.1f}"))  # fmt: skip
    head = ("Shape", "Clusters", "Gap", *(f"{tool} {tools[tool]}" for tool in order), "Best other / clusteropt")
    note = "Building and solving in one process; a tool without a time did not reach the gap within its limit."
    return f"{table(head, rows)}\n\n{places(lines)} {note}"


def _seconds(took: float | None, line: Line | None) -> str:
    return "-" if line is None else f"over {line['limit_s']:.0f} s" if took is None else f"{took:.2f} s"


def build_block() -> str:
    """Write what every tool took from tables to a loaded model, the fastest first."""
    lines = sorted(read("build"), key=lambda line: (line["clusters"], line["seconds"]))
    by_hand = {line["clusters"]: line["seconds"] for line in lines if line["tool"] == "arrays"}
    rows = [
        (f"{line['clusters']:,}", f"{line['tool']} {line['version']}", f"{line['columns']:,}", f"{line['rows']:,}",
         f"{line['seconds']:.2f}", f"{line['seconds'] / by_hand[line['clusters']]:.1f}", f"{line['peak_mib']:,.0f} MiB")
        for line in lines
    ]  # fmt: skip
    head = ("Clusters", "Tool", "Columns", "Rows", "Seconds", "As many as arrays", "Peak memory")
    return f"{table(head, rows)}\n\n{places(lines)}"


def small_block() -> str:
    """Write the seconds to gap 0 here and by HiGHS alone, a row a size and shape."""
    found = defaultdict[tuple[str, int], list[Line]](list)
    for line in read("small"):
        found[line["shape"], line["clusters"]].append(line)
    rows = [
        (shape, f"{clusters:,}", str(len(lines)), _range(lines, "seconds"), _range(lines, "highs_seconds"),
         f"{_closed(lines, 'gap')}, {_closed(lines, 'highs_gap')}", f"{mean(line['ratio'] for line in lines):.2f}",
         f"{max(line['ratio'] for line in lines):.2f}")
        for (shape, clusters), lines in sorted(found.items())
    ]  # fmt: skip
    head = (
        "Shape",
        "Clusters",
        "Seeds",
        "clusteropt",
        "HiGHS alone",
        "At gap 0 (ours, HiGHS)",
        "Ratio, mean",
        "Largest",
    )
    note = "Ratios are of CPU seconds in one run, means geometric; who does not close the gap counts with the limit."
    return f"{table(head, rows)}\n\n{places(read('small'))} {note}"


def _range(lines: list[Line], key: str) -> str:
    return f"{min(line[key] for line in lines):.2f} to {max(line[key] for line in lines):.2f} s"


def _closed(lines: list[Line], key: str) -> int:
    return sum(line[key] <= PROVED for line in lines)


def choice_block() -> str:
    """Write the seconds of every engine, a row a portfolio and gap."""
    lines, ways = read("choice"), ("whole", "cores", "excerpts")
    rows = [
        (line["shape"], f"{line['clusters']:,}", f"{line['asked']:.0e}", *(_way(line, way) for way in ways))
        for line in lines
    ]
    head = ("Shape", "Clusters", "Gap asked", "HiGHS alone", "Prices and cores", "Prices and excerpts")
    return f"{table(head, rows)}\n\n{places(lines)} What missed its gap stands with the gap it ended at."


def _way(line: Line, way: str) -> str:
    if f"{way}_s" not in line:
        return "-"
    gap = line[f"{way}_gap"]
    return f"{line[f'{way}_s']:.2f} s" + (f" ({gap:.0e})" if gap > line["asked"] else "")


def objectives_block() -> str:
    """Write what every objective took and ended at, a row a portfolio and way."""
    lines = read("objectives")
    ways, names = {"prices": "prices first", "alone": "HiGHS alone"}, {name: name.replace("_", " ") for name in KINDS}
    lines.sort(
        key=lambda line: (KINDS.index(line["objective"]), line["shape"], line["clusters"], line["way"] == "alone")
    )
    rows = [
        (names[line["objective"]], line["shape"], f"{line['clusters']:,}", ways[line["way"]], f"{line['asked']:.0e}",
         f"{line['seconds']:.1f} s", f"{line['limit_s']:.0f} s", _gaps(line["gaps"]), _gaps(line["safe_gaps"]),
         _verified(line))
        for line in lines
    ]  # fmt: skip
    head = ("Objective", "Shape", "Clusters", "Way", "Gap asked", "Seconds", "Limit", "Claimed gap", "Proved gap",
            "Verified")  # fmt: skip
    note = (
        "Of the worst region first the gaps of both stages stand one after the other. Without a gap there was no plan."
    )
    return f"{table(head, rows)}\n\n{places(lines)} {note}"


def _gaps(gaps: list[float] | None) -> str:
    return "-" if gaps is None else ", ".join(f"{gap:.0e}" if gap > PROVED else "0" for gap in gaps)


def copies_block() -> str:
    """Write what copies of the national plan took and ended at, a row a size and way."""
    lines = read("copies")
    ways = {"whole": "HiGHS alone", "cores": "prices first"}
    rows = [
        (f"{line['clusters']:,}", str(line.get("regions", REGIONS)), ways[line["way"]],
         f"{line['asked']:.0e}", f"{line['seconds']:.1f} s", f"{line['limit_s']:.0f} s", _gap(line["gap"]),
         _gap(line["safe_gap"]))
        for line in lines
    ]  # fmt: skip
    head = ("Clusters", "Regions", "Way", "Gap asked", "Seconds", "Limit", "Claimed gap", "Proved gap")
    return f"{table(head, rows)}\n\n{places(lines)} Without a gap there was no plan within the limit."


def _gap(gap: float | None) -> str:
    return "-" if gap is None else f"{gap:.1e}"


def mmkp_block() -> str:
    """Write what is proved and found of the families of knapsacks, a row a file."""
    found = defaultdict[tuple[str, str], list[Line]](list)
    for line in read("mmkp"):
        found[line["family"], line["file"]].append(line)
    rows = [
        (family, name, str(len(lines)), str(_closed(lines, "gap")), f"{max(line['safe_gap'] for line in lines):.1e}",
         _optima(lines),
         f"{math.fsum(line['seconds'] for line in lines):.2f} s", f"{_of_highs(lines):.2f} s")
        for (family, name), lines in sorted(found.items())
    ]  # fmt: skip
    head = ("Family", "File", "Problems", "Closed", "Proved gap, largest", "Optimum found", "clusteropt", "HiGHS alone")
    note = "What is closed is so by the bound that HiGHS claims; multipliers, without a tree, prove the gap beside it."
    return f"{table(head, rows)}\n\n{places(read('mmkp'))} {note}"


def trees_block() -> str:
    """Write the gap proved without and with a tree, a row a problem."""
    lines = read("trees")
    rows = [
        (f"{line['name']}, {line['seed']}", f"{line['asked']:.0e}", f"{line['root_gap']:.1e}",
         f"{line['safe_gap']:.1e} ({line['proof']})", f"{line['leaves']:,}", f"{line['multipliers']:,}",
         f"{line['root_s']:.1f} s", f"{line['seconds']:.1f} s",
         f"{line['verify_s']:.1f} s, {'holds' if line['verified'] else 'does not hold'}")
        for line in lines
    ]  # fmt: skip
    head = ("Problem, seed", "Gap asked", "Proved at once", "By a tree", "Leaves", "Sets of prices", "Without", "With",
            "The verifier")  # fmt: skip
    return f"{table(head, rows)}\n\n{places(lines)}"


def _of_highs(lines: list[Line]) -> float:
    return math.fsum(line.get("highs_seconds", math.nan) for line in lines)


def is_best(line: Line) -> bool:
    """Tell whether a knapsack ended at its known optimum."""
    return line["optimum"] is not None and abs(line["value"] - line["optimum"]) <= PROVED * abs(line["optimum"])


def _optima(lines: list[Line]) -> str:
    return f"{sum(map(is_best, lines))} of {sum(line['optimum'] is not None for line in lines)}"


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "scale": ("Portfolios of any size (`python -m benchmarks.scale`)", scale_block),
    "million": ("From Parquet to Parquet (`python -m benchmarks.million`)", million_block),
    "peers": (
        "The same by other tools, each with its defaults and one thread, ours without a proof tree "
        "(`python -m benchmarks.peers`)",
        peers_block,
    ),
    "build": (
        "Tables to a loaded HiGHS model (`python -m benchmarks.build`); clusteropt alone checks them",
        build_block,
    ),
    "small": ("Small portfolios to gap 0 (`python -m benchmarks.small`)", small_block),
    "choice": ("The engines side by side (`python -m benchmarks.choice`)", choice_block),
    "objectives": ("The same portfolios for every objective (`python -m benchmarks.objectives`)", objectives_block),
    "copies": ("Copies of the 66 national clusters (`python -m benchmarks.copies`)", copies_block),
    "mmkp": ("Multiple-choice knapsacks of the literature (`python -m benchmarks.mmkp`)", mmkp_block),
    "trees": ("Gaps proved at once and by proof trees (`python -m benchmarks.trees`)", trees_block),
}


def tables_block() -> str:
    """Write every table with its heading; one that was never recorded says so."""
    return "\n\n".join(
        f"### {title}\n\n{block() if read(name) else 'Not run.'}" for name, (title, block) in PARTS.items()
    )
