"""Put small faults into the verifier and the money code, one at a time, and count those that a quick test notices.

The faults are made by mutmut, in a copy of the project, so that nothing here is changed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
REASONS = ROOT / "docs" / "data" / "mutants.toml"
"""Why mutants that no test can kill, or need kill, are let live."""
COPIED = ("src", "tests", "datasets", "models", "docs", "benchmarks", "pyproject.toml", "README.md")
# By group: the modules, the quick tests that all their mutants are tried on, and those for mutants that survive these.
GROUPS = {
    "verifier": (
        ("plan/verify.py",),
        (
            "tests/unit/test_verify.py",
            "tests/unit/test_verify_plans.py::test_a_stored_plan_holds",
            "tests/unit/test_verify_plans.py::test_bounds_at_arbitrary_prices_are_as_they_were",
            "tests/unit/test_verify_plans.py::test_a_target_out_of_reach_is_missed",
            "tests/unit/test_verify_plans.py::test_every_cell_that_does_something_is_listed",
            "tests/unit/test_verify_plans.py::test_without_prices_no_money_at_all_is_the_least",
            "tests/unit/test_verify_plans.py::test_the_weakest_proof_is_the_one_that_is_told",
            "tests/unit/test_verify_plans.py::test_the_second_stage_is_checked_where_the_first_is_not_proved",
        ),
        (
            "tests/unit/test_verify.py",
            "tests/unit/test_verify_plans.py::test_the_columns_of_a_table_are_of_one_length",
            "tests/unit/test_verify_plans.py::test_the_second_stage_is_checked_where_the_first_is_not_proved",
            "tests/property/test_verify_bound.py::test_the_search_inside_a_cluster",
            "tests/property/test_verify_bound.py::test_a_search_that_takes_too_long_proves_less",
            "tests/property/test_verify_bound.py::test_the_highest_point_of_a_curve",
        ),
    ),
    "money": (
        ("model/money_rules.py", "plan/rule_levels.py", "plan/rounding.py"),
        tuple(f"tests/unit/test_money_{part}.py" for part in ("rows", "code", "choices", "rounding", "weights")),
        (),
    ),
}
SHORT = {"money": ("model/money_rules.py",)}
"""The short form: the rows of money alone."""
ALONE = " and ".join(
    f"not {name}"
    for name in ("program", "any_terminal", "saved_plan_is_checked", "another_kind", "made_to_fail", "twice")
)
"""Leaves out tests that run the verifier outside this process or read its source, where mutants are not known or stand
side by side, and the slowest."""
KILLED, SURVIVED, UNTRIED = "killed", "survived", "no test"
# What mutmut says of a mutant: 1 and 3 are failing tests, 24, 36 and the like a test that no longer ends; -9 is the
# hard limit of processor time.
STATES = {
    0: SURVIVED,
    1: KILLED,
    3: KILLED,
    5: UNTRIED,
    33: UNTRIED,
    24: KILLED,
    -24: KILLED,
    -9: KILLED,
    36: KILLED,
    152: KILLED,
    255: KILLED,
}
LEFT = (SURVIVED, UNTRIED)
MOST_LISTED = 200


def groups(long: bool, group: str | None) -> list[str]:
    """Name the groups to run: the one asked for, else all; the short form leaves out those without a short form."""
    return [group] if group else [name for name in GROUPS if long or name in SHORT]


def mutation(group: str, long: bool, processes: int) -> dict[str, Any]:
    """Run mutmut on a group; give killed and made mutants by module, and say of survivors why they are let live."""
    modules, quick, thorough = GROUPS[group]
    wanted = modules if long else SHORT.get(group, modules)
    verdicts, changes = _mutate(wanted, quick, processes, ())
    if changes and long and thorough:
        again, changes = _mutate(wanted, thorough, processes, list(changes))
        for module, part in again.items():
            verdicts[module] |= {name: code for name, code in part.items() if STATES.get(code) == KILLED}
    files = {}
    for module, part in verdicts.items():
        counts = Counter(STATES.get(code, "other") for code in part.values())
        files[module] = {"mutants": sum(counts.values()), **counts, KILLED: counts[KILLED]}
    reasons = _reasons()
    survivors = sorted([change, reasons.get(change, "")] for change in changes.values())
    return {"files": files, "survivors": survivors[:MOST_LISTED], "num_survivors": len(survivors)}


def _reasons() -> dict[str, str]:
    found = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    return {mutant["change"]: mutant["reason"] for mutant in found["mutant"]}


def _mutate(
    modules: tuple[str, ...], tests: tuple[str, ...], processes: int, names: Sequence[str]
) -> tuple[dict[str, dict[str, int]], dict[str, str]]:
    """Mutate modules in a copy of the project.

    Gives by module what became of each mutant, or of those named, and the change that each survivor makes.
    """
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "project"
        copy.mkdir()
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(
                    source, copy / name, ignore=shutil.ignore_patterns("__pycache__", "_build", "generated")
                )
            else:
                shutil.copy(source, copy / name)
        settings = {
            "source_paths": ["src"],
            "only_mutate": [f"src/clusteropt/{module}" for module in modules],
            "also_copy": [name for name in COPIED if name not in ("src", "tests", "pyproject.toml")],
            "pytest_add_cli_args": ["-q", "-p", "no:cacheprovider", "-W", "ignore", "-m", "not long", "-k", ALONE],
            "pytest_add_cli_args_test_selection": list(tests),
        }
        lines = ["", "[tool.mutmut]", *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
        lines += ["use_git_change_detection = false", "track_dependencies = false", ""]
        with (copy / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write("\n".join(lines))
        command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(processes), *names]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
        found = {module: _verdicts(copy / "mutants" / "src" / "clusteropt" / f"{module}.meta") for module in modules}
        if not all(found.values()):
            said = "\n".join((done.stdout + done.stderr).replace("\r", "\n").splitlines()[-20:])
            raise RuntimeError(f"mutmut ended with {done.returncode} and left no verdicts: {said}")
        left = [
            (module, name) for module in modules for name, code in found[module].items() if STATES.get(code) in LEFT
        ]
        return found, {name: _change(copy, module, name) for module, name in left}


def _change(copy: Path, module: str, name: str) -> str:
    """Say what a mutant changes, by module, function and text: edits elsewhere leave it as it is."""
    command = [sys.executable, "-m", "mutmut", "show", name]
    shown = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=True).stdout.splitlines()
    lines = [line for line in shown if not line.startswith(("---", "+++"))]
    was, now = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    # mutmut writes x_function or x, class and method, each after a click sign, and the number of the mutant.
    function = name.rpartition(".")[2].rpartition("__mutmut_")[0].removeprefix("x")
    function = function.lstrip("ǁ").replace("ǁ", ".") if "ǁ" in function else function[1:]
    return f"{module} {function}: {was} -> {now}"


def _verdicts(path: Path) -> dict[str, int]:
    if not path.is_file():
        return {}
    return {name: code for name, code in json.loads(path.read_text())["exit_code_by_key"].items() if code is not None}
