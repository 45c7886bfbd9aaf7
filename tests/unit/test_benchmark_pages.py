"""What the page on benchmarks makes of recorded lines: figures, verdicts and reasons, on lines made by hand."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.test_docs import DOCS, _script

if TYPE_CHECKING:
    from pathlib import Path

SPOT = {"cpus": 2, "machine": "m", "platform": "p", "python": "3.11", "load": 0.5, "commit": "abc1234",
        "versions": {"clusteropt": "0.1.0"}}  # fmt: skip


@pytest.fixture
def figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script of the tables, reading from an empty folder."""
    script = _script(DOCS / "benchmark_figures.py")
    monkeypatch.setattr(script, "DATA", tmp_path)
    return script


@pytest.fixture
def goals(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script of the goals."""
    script = _script(DOCS / "figures.py")
    return script._part("benchmark_goals")


def write(folder: Path, name: str, *lines: dict[str, Any]) -> None:
    """Record lines."""
    (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(SPOT | line)}\n" for line in lines), encoding="utf-8")


def row(text: str, start: str) -> list[str]:
    """Give the cells of the row that starts so."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {start}")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def built(**seconds: float) -> list[dict[str, Any]]:
    """Give a line a tool."""
    return [
        {"tool": tool, "version": "1", "clusters": 10_000, "columns": 200_000, "rows": 5, "seconds": s, "peak_mib": 1.0}
        for tool, s in seconds.items()
    ]


def test_nothing_recorded_is_not_run(figures: Any, goals: Any) -> None:
    """Without lines every goal and every table says that it was not run, and nothing is called missed."""
    page = goals.goals_block("en", figures)
    assert page.count("| not run | not run |") == len(goals.MEASURES)
    assert "Nothing is missed." in page
    assert figures.tables_block().count("Not run.") == len(figures.PARTS)


def test_a_missed_goal_says_by_how_much_and_why(figures: Any, goals: Any, tmp_path: Path) -> None:
    """Six times the arrays is 3 times off, 90 times faster than Pyomo is met: the worst part counts, with a reason."""
    write(tmp_path, "build", *built(clusteropt=0.6, arrays=0.1, linopy=0.7, pyomo=54.0))
    page = goals.goals_block("en", figures)
    cells = row(page, "Build and load")
    assert cells[2] == "as many seconds as arrays 6.00x; faster than Pyomo 90.0x; faster than linopy 1.2x"
    assert cells[3:] == ["missed, 3.0 times off", "abc1234"]
    assert "\n- Build and load, 200,000 columns: clusteropt keeps " in page
    assert "未达到, 相差 3.0 倍" in goals.goals_block("zh", figures)


def test_a_goal_that_is_met_has_no_reason(figures: Any, goals: Any, tmp_path: Path) -> None:
    """Twice the arrays is still at most twice; the last line of a tool counts."""
    write(tmp_path, "build", *built(clusteropt=9.0), *built(clusteropt=0.2, arrays=0.1, linopy=0.3, pyomo=6.0))
    page = goals.goals_block("en", figures)
    assert row(page, "Build and load")[3] == "met"
    assert "Nothing is missed." in page


def test_peers_are_measured_by_the_geometric_mean(figures: Any, goals: Any, tmp_path: Path) -> None:
    """Once 10 times and once 90 times faster is 30 times; who does not get there counts with the limit."""

    def line(shape: str, tool: str, seconds: float | None) -> dict[str, Any]:
        to = {"1e-3": seconds, "1e-4": seconds, "1e-6": None}
        return {"shape": shape, "clusters": 500, "tool": tool, "version": "1", "limit_s": 90.0, "seconds_to": to}

    loose = [line("loose", tool, seconds) for tool, seconds in (("clusteropt", 2.0), ("highs", 20.0), ("scip", 50.0))]
    tight = [line("tight", tool, seconds) for tool, seconds in (("clusteropt", 1.0), ("highs", None))]
    write(tmp_path, "peers", *loose, *tight)
    cells = row(goals.goals_block("en", figures), "500 to 2,000")
    assert cells[2] == "faster, geometric mean of 2 portfolios 30.0x"
    assert cells[3] == "met; not all of it run"
    table = figures.peers_block()
    assert "| loose | 500 | 1e-4 | 2.00 s | 20.00 s | 50.00 s | 10.0 |" in table
    assert "| tight | 500 | 1e-4 | 1.00 s | over 90 s | - | > 90.0 |" in table


def test_plans_that_were_not_verified_are_told(figures: Any, goals: Any, tmp_path: Path) -> None:
    """One refused, one not asked, one good; the line of another tool has no plan of ours."""
    line = {"shape": "loose", "asked": 1e-6, "clusters": 10}
    write(tmp_path, "choice", line | {"verified": True}, line | {"clusters": 20, "verified": False})
    write(tmp_path, "peers", line | {"tool": "clusteropt"}, line | {"tool": "highs"})
    found = goals.MEASURES["verified"](figures)
    assert [part.shown for part in found.parts] == ["1 / 3"]
    assert found.off == pytest.approx(3.0)


def test_the_same_plan_is_verified_once(figures: Any, tmp_path: Path) -> None:
    """A later run with the digest of a verified plan is verified, one with another digest is not."""
    line = {"shape": "loose", "asked": 1e-6, "clusters": 10, "seconds": 2.0}
    judged = line | {"digest": "a", "verified": True, "verify_s": 3.0}
    write(tmp_path, "million", judged, line | {"digest": "a", "seconds": 1.0})
    assert figures.read("million") == [SPOT | judged | {"seconds": 1.0}]
    write(tmp_path, "million", judged, line | {"digest": "b", "seconds": 1.0})
    assert "verified" not in figures.read("million")[0]


def test_of_the_same_plan_the_fastest_run_counts(figures: Any, tmp_path: Path) -> None:
    """Of three runs of one plan the second; where the last gave another plan, that one."""
    line = {"shape": "loose", "asked": 1e-6, "clusters": 10, "digest": "a"}
    runs = [SPOT | line | {"seconds": seconds} for seconds in (3.0, 1.0, 2.0)]
    write(tmp_path, "million", *runs)
    assert figures.read("million") == [runs[1]]
    write(tmp_path, "million", *runs, line | {"digest": "b", "seconds": 5.0})
    assert figures.read("million")[0]["seconds"] == 5.0


def test_threads_with_another_plan_are_told(figures: Any, goals: Any, tmp_path: Path) -> None:
    """Of two portfolios one differs on two threads: half the plans are alike."""
    line = {"asked": 1e-6, "seed": 0, "seconds": 1.0, "safe_gap": 1e-7, "proof": "exact", "evaluations": 3, "core": 5,
            "whole": False, "peak_mib": 100.0, "clusters": 500}  # fmt: skip
    found = [("loose", 1, "a"), ("loose", 2, "a"), ("tight", 1, "b"), ("tight", 2, "c")]
    write(tmp_path, "scale", *(line | {"shape": s, "threads": t, "digest": d} for s, t, d in found))
    assert row(goals.goals_block("en", figures), "Same seed")[2:4] == ["plans alike 1 / 2", "missed, 2.0 times off"]


def test_growth_is_per_cluster(figures: Any, goals: Any, tmp_path: Path) -> None:
    """A hundred times the clusters in 150 times the seconds: 1.5 times off; 5 GiB are more than the 4 asked."""
    line = {"shape": "loose", "asked": 1e-6, "seed": 0, "safe_gap": 1e-7, "proof": "exact", "evaluations": 3, "core": 5,
            "whole": False, "peak_mib": 100.0}  # fmt: skip
    write(tmp_path, "scale", line | {"clusters": 10_000, "seconds": 0.2, "threads": 1})
    write(tmp_path, "million", line | {"clusters": 1_000_000, "seconds": 30.0, "peak_mib": 5120.0, "read_s": 9.0,
                                       "write_s": 1.0, "awards": 7})  # fmt: skip
    page = goals.goals_block("en", figures)
    assert row(page, "Growth")[3] == "missed, 1.5 times off"
    assert row(page, "1,000,000 clusters")[2:4] == [
        "loose, solving 30.00 s; memory 5.00 GiB; loose, gap (exact) 1.0e-07", "missed, 2.0 times off"
    ]  # fmt: skip
    assert "| loose | 1,000,000 | 1e-06 | 9.0 s | 30.0 s | 1.0 s | 1.0e-07 | exact | 7 | 5,120 MiB |" in (
        figures.million_block()
    )


def test_every_goal_has_a_measure_and_both_languages(goals: Any) -> None:
    """No goal is left out, and every text has its Chinese."""
    listed = tomllib.loads(goals.GOALS.read_text(encoding="utf-8"))["goal"]
    assert [goal["key"] for goal in listed] == list(goals.MEASURES)
    for goal in listed:
        assert all(goal[f"{name}_zh"] != goal[name] for name in ("name", "asked", "why"))


def test_objectives_stand_by_stage_and_way(figures: Any, tmp_path: Path) -> None:
    """Both gaps of the worst region first; what ended without a plan has none, and nothing was verified."""
    line = {"clusters": 10, "shape": "loose", "asked": 1e-4, "limit_s": 60.0, "seconds": 2.0}
    worst = line | {"objective": "worst_region", "gaps": [1e-12, 3e-5], "safe_gaps": [2e-5, 4e-5]}
    worst |= {"verified": True, "verify_s": 1.5}
    none = line | {"objective": "equity", "way": "alone", "gaps": None, "safe_gaps": None, "ended": "NoIncumbentError"}
    write(tmp_path, "objectives", worst | {"way": "prices"}, none)
    text = figures.objectives_block()
    assert row(text, "worst region")[-3:] == ["0, 3e-05", "2e-05, 4e-05", "1.5 s"]
    assert row(text, "equity")[-3:] == ["-", "-", "-"]
    assert text.index("equity") < text.index("worst region")
