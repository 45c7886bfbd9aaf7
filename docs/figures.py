"""Write the figures of the benchmarks into READMEs and pages, between their marks: no figure is typed by hand."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[1]
FIGURES = ROOT / "docs" / "data" / "national66.json"
TRUST = ROOT / "docs" / "data" / "trust.jsonl"
TRUST_PAGE = ROOT / "docs" / "explanation" / "trust.md"
YEARS = ROOT / "docs" / "data" / "years.jsonl"
YEARS_PAGE = ROOT / "docs" / "explanation" / "models.md"
BENCHMARK_PAGES = {"en": ROOT / "docs" / "benchmarks.md", "zh": ROOT / "docs" / "benchmarks.zh.md"}
PAGES = {"en": ROOT / "README.md", "zh": ROOT / "README.zh-CN.md"}
BEGIN, END = "<!-- figures:begin -->", "<!-- figures:end -->"

WORDS = {
    "en": {
        "head": "| What | Figure |",
        "size": "Size: clusters x levers, funds, rules",
        "program": "Mixed-integer program: rows, columns, whole columns",
        "value": "Value: total outcome, as invention patents a year",
        "safe": "Bound proved by multipliers (grade {proof}), and its gap",
        "claimed": "Bound claimed by HiGHS {highs}, and its gap",
        "money": "Money awarded, of what the purses hold (10,000 yuan)",
        "time": "Reading, solving, comparing",
        "machine": "Machine",
        "cpus": "{machine}, {cpus} CPUs, {platform}, Python {python}",
        "output": "The summary that the command prints:",
    },
    "zh": {
        "head": "| 项目 | 数值 |",
        "size": "规模: 集群 x 政策工具, 资金, 规则",
        "program": "混合整数规划: 行数, 列数, 整数列数",
        "value": "目标值: 总产出, 以每年发明专利计",
        "safe": "乘子证明的界 (等级 {proof}) 及差距",
        "claimed": "HiGHS {highs} 声称的界及差距",
        "money": "已分配资金 / 资金总额 (万元)",
        "time": "读取, 求解, 比较",
        "machine": "机器",
        "cpus": "{machine}, {cpus} 个 CPU, {platform}, Python {python}",
        "output": "命令输出的摘要:",
    },
}
BASELINES = {
    "en": {
        "pro_rata": "Pro rata by size",
        "equal": "Equal shares",
        "last_plan": "As in the last plan",
        "factors": "Factor formula",
        "line": "{name}: value (the plan gives more by)",
    },
    "zh": {
        "pro_rata": "按规模比例",
        "equal": "平均分配",
        "last_plan": "沿用上期",
        "factors": "因素法",
        "line": "{name}: 目标值 (方案多出)",
    },
}


def block(language: str, figures: dict[str, Any]) -> str:
    """Write the figures as a table and the summary as it is printed."""
    words = WORDS[language]
    rows = [
        (words["size"], f"{figures['clusters']} x {figures['levers']}, {figures['funds']}, {figures['rules']}"),
        (words["program"], f"{figures['rows']:,}, {figures['cols']:,}, {figures['whole']:,}"),
        (words["value"], f"{figures['value']:,.4f}"),
        (words["safe"].format(proof=figures["proof"]), f"{figures['safe_bound']:,.4f}, {figures['safe_gap']:.1e}"),
        (
            words["claimed"].format(highs=figures["versions"]["highspy"]),
            f"{figures['claimed_bound']:,.4f}, {figures['claimed_gap']:.1e}",
        ),
        (words["money"], f"{_printed(figures, 'awarded')} / {_printed(figures, 'held')}"),
        *_baselines(language, figures),
        (words["time"], ", ".join(f"{figures[key]:.1f} s" for key in ("read_s", "solve_s", "compare_s"))),
        (words["machine"], words["cpus"].format(**{key: figures[key] for key in _MACHINE})),
    ]
    table = [words["head"], "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    return "\n".join([*table, "", words["output"], "", "```text", *figures["summary"][language], "```"])


_MACHINE = ("machine", "cpus", "platform", "python")


def _printed(figures: dict[str, Any], key: str) -> str:
    return f"{figures[key] / figures['per_printed']:,.2f}"


def _baselines(language: str, figures: dict[str, Any]) -> list[tuple[str, str]]:
    words = BASELINES[language]
    return [
        (words["line"].format(name=words[kind]), f"{found['value']:,.3f} ({found['gain']:+.1%})")
        for kind, found in figures["baselines"].items()
    ]


def read_figures() -> dict[str, Any]:
    """Read the line of the benchmark."""
    return json.loads(FIGURES.read_text(encoding="utf-8"))


def read_years() -> dict[str, dict[str, Any]]:
    """Read the last line of each model of ``benchmarks/years.py``."""
    return {line["model"]: line for line in map(json.loads, YEARS.read_text(encoding="utf-8").splitlines())}


def goals_block(language: str) -> str:
    """Write the goals of the engine for many clusters, and what was measured."""
    return str(_part("benchmark_goals").goals_block(language, _part("benchmark_figures")))


def benchmarks_block() -> str:
    """Write the goals and all tables of the benchmarks."""
    tables = _part("benchmark_figures").tables_block()
    return f"{goals_block('en')}\n\n{tables}"


def _part(name: str) -> ModuleType:
    """Load a script beside this one, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def years_block(models: dict[str, dict[str, Any]]) -> str:
    """Write what a run of each model over years took and gave, a column a model."""
    found = [models[name] for name in sorted(models)]
    rows = [(what, [say(line) for line in found]) for what, say in _YEARS]
    head = ["What", *(f"`{line['model']}`" for line in found)]
    table = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    return "\n".join([*table, *(f"| {' | '.join([what, *values])} |" for what, values in rows)])


_YEARS = (
    (
        "Years; clusters x levers, funds",
        lambda line: f"{line['years']}; {line['clusters']} x {line['levers']}, {line['funds']}",
    ),
    ("Rules written out; programmes", lambda line: f"{line['rules']}; {line['programmes']}"),
    ("Rows, columns, whole columns", lambda line: f"{line['rows']:,}, {line['cols']:,}, {line['whole']:,}"),
    ("Value", lambda line: f"{line['value']:,.4f}"),
    ("Gap as HiGHS claims it", lambda line: f"{line['gap']:.1e}"),
    ("Gap proved by multipliers", lambda line: f"{line['safe_gap']:.1e} ({line['proof']})"),
    ("Shared programmes taken; moves", lambda line: f"{line['shared']}; {line['moves']}"),
    (
        "Money awarded, of what the purses are given (10,000 yuan)",
        lambda line: f"{_printed(line, 'awarded')} / {_printed(line, 'held')}",
    ),
    ("The command; solving", lambda line: f"{line['command_s']:.1f} s; {line['solve_s']:.1f} s"),
    (
        "The verifier, alone",
        lambda line: f"{line['verify_s']:.1f} s, {'holds' if line['verified'] else 'does not hold'}",
    ),
    (
        "Machine",
        lambda line: (
            f"{line['machine']}, {line['cpus']} CPUs with {line['load']} programs at work, Python {line['python']}, "
            f"highspy {line['versions']['highspy']}"
        ),
    ),
)


def read_trust() -> dict[str, dict[str, Any]]:
    """Read the last line of each step of ``benchmarks/trust.py``; runs over different models are added up."""
    lines = TRUST.read_text(encoding="utf-8").splitlines() if TRUST.is_file() else []
    steps: dict[str, dict[str, Any]] = {}
    for line in map(json.loads, filter(None, lines)):
        before = steps.get(line["step"])
        steps[line["step"]] = _added(before, line) if before and line["step"] == "models" else line
    return steps


def _added(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Add up two runs of random models; seeds under ``mended`` differed once and agree since."""
    keys = ("number", "tried", "seconds", "differences", "mended")
    return one | other | {key: one.get(key, type(other[key])()) + other[key] for key in keys if key in other}


def trust_block(steps: dict[str, dict[str, Any]]) -> str:
    """Write what the steps found beside what was aimed at; a step that was not run says so."""
    rows = [(goal, _FOUND[step](steps[step]) if step in steps else "not run") for step, goal in _GOALS]
    table = ["| Goal | Found |", "|---|---|", *(f"| {goal} | {found} |" for goal, found in rows)]
    made = [
        f"{step}: {line['machine']}, {line['cpus']} CPUs, Python {line['python']}, "
        f"highspy {line['versions']['highspy']}, {line['seconds']:,.0f} s"
        for step, line in steps.items()
    ]
    survivors = [
        f"- `{change}`: {reason or 'no reason found'}"
        for step, line in steps.items()
        if step.startswith("mutation")
        for change, reason in line["survivors"]
    ]
    if survivors:
        survivors = ["", "Mutants that live, and why:", "", *survivors]
    return "\n".join([*table, "", "Runs: " + "; ".join(made) + ".", *survivors])


def _killed(line: dict[str, Any]) -> str:
    return "; ".join(
        f"{name}: {part['killed']} of {part['mutants']} ({part['killed'] / part['mutants']:.1%})"
        for name, part in line["files"].items()
    )


_GOALS = (
    ("models", "20,000 random models in the long form, no unexplained difference"),
    ("cores", "5,000 random models searched by prices and cores in the long form, no unexplained difference"),
    ("plans", "10,000 corrupted plans: all that break validity refused, no intact one"),
    ("inputs", "500 bad inputs, all refused by name"),
    ("verify", "the 66 clusters verified under 1 s, 10,000 clusters under 30 s, in at most 500 lines"),
    ("mutation verifier", "90 % of the mutants of the verifier killed"),
    ("mutation money", "90 % of the mutants of the money code killed"),
    ("coverage", "all branches of the verifier and the money code covered, 95 % of all"),
)


def _models(line: dict[str, Any]) -> str:
    return (
        f"{line['number']:,} models, {line['tried']:,} of them against all allocations: "
        f"{len(line['differences'])} differences, {len(line.get('mended', []))} of them mended, tested and gone since"
    )


_FOUND = {
    "models": _models,
    "cores": _models,
    "plans": lambda line: (
        f"{line['corruptions']:,} corruptions of {line['plans']} plans: {line['refused']:,} of "
        f"{line['must_be_refused']:,} that had to be refused; wrong verdicts {len(line['wrong'])}; "
        f"intact plans {line['intact'].get('0', 0)} of {line['plans']} accepted; "
        f"{line['forged']:,} forged plans and changed tables: {line['forged_refused']:,} of "
        f"{line['forged_wrong']:,} that were wrong refused by the file, {line['forged_around']:,} more by the package"
    ),
    "inputs": lambda line: line["outcome"],
    "verify": lambda line: (
        f"{line['n66']['seconds']} s; {line['large']['clusters']:,} clusters {line['large']['seconds']} s; "
        f"{line['lines']} lines"
    ),
    "mutation verifier": _killed,
    "mutation money": _killed,
    "coverage": lambda line: "; ".join(f"{name}: {part}" for name, part in line["files"].items()),
}


def fill(text: str, content: str) -> str:
    """Put content between the marks of a page."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{content}\n{END}{after}"


if __name__ == "__main__":
    for chosen, page in PAGES.items():
        filled = fill(page.read_text(encoding="utf-8"), block(chosen, read_figures()))
        page.write_text(filled, encoding="utf-8", newline="\n")
    told = fill(TRUST_PAGE.read_text(encoding="utf-8"), trust_block(read_trust()))
    TRUST_PAGE.write_text(told, encoding="utf-8", newline="\n")
    for chosen, page in BENCHMARK_PAGES.items():
        content = benchmarks_block() if chosen == "en" else goals_block(chosen)
        page.write_text(fill(page.read_text(encoding="utf-8"), content), encoding="utf-8", newline="\n")
    shown = fill(YEARS_PAGE.read_text(encoding="utf-8"), years_block(read_years()))
    YEARS_PAGE.write_text(shown, encoding="utf-8", newline="\n")
