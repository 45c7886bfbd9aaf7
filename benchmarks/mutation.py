"""Put small faults into the verifier and the money code, one at a time, and count those that a quick test notices.

The faults are made by mutmut, in a copy of the project, so that nothing here is changed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("src", "tests", "datasets", "models", "docs", "benchmarks", "pyproject.toml", "README.md")
# By group: the modules, the quick tests that all their mutants are tried on, and those for mutants that survive these.
GROUPS = {
    "verifier": (
        ("plan/verify.py", "plan/verify_tables.py", "plan/verify_bound.py"),
        ("tests/unit/test_verify_plans.py", "tests/unit/test_verify_models.py"),
        ("tests/unit/test_verify.py", "tests/property/test_verify_bound.py"),
    ),
    "money": (
        ("model/money_rules.py", "plan/rule_levels.py", "plan/rounding.py"),
        ("tests/unit/test_money_code.py", "tests/unit/test_model_golden.py"),
        ("tests/unit/test_plan_certificate.py", "tests/unit/test_solve_worked.py"),
    ),
}
SHORT = {"money": ("model/money_rules.py",)}
"""The short form: the rows of money alone."""
ALONE = "not program and not any_terminal and not saved_plan_is_checked"
"""Leaves out the tests that run the verifier outside this process, where mutants are not known."""
KILLED, SURVIVED, UNTRIED = "killed", "survived", "no test"
# What mutmut says of a mutant: 1 and 3 are failing tests, 24, 36 and the like a test that no longer ends.
STATES = {
    0: SURVIVED,
    1: KILLED,
    3: KILLED,
    5: UNTRIED,
    33: UNTRIED,
    24: KILLED,
    -24: KILLED,
    36: KILLED,
    152: KILLED,
    255: KILLED,
}
LEFT = (SURVIVED, UNTRIED)
MOST_LISTED = 200


def mutation(long: bool, processes: int) -> dict[str, Any]:
    """Run mutmut on every group; give killed and made mutants by module, and name those that survived."""
    files: dict[str, dict[str, int]] = {}
    survivors: list[str] = []
    for group, (modules, quick, thorough) in GROUPS.items():
        wanted = modules if long else SHORT.get(group, ())
        if not wanted:
            continue
        verdicts = _mutate(wanted, quick, processes, ())
        left = [name for part in verdicts.values() for name, code in part.items() if STATES.get(code) in LEFT]
        if left and long:
            for module, part in _mutate(wanted, thorough, processes, left).items():
                verdicts[module] |= {name: code for name, code in part.items() if STATES.get(code) == KILLED}
        for module, part in verdicts.items():
            counts = Counter(STATES.get(code, "other") for code in part.values())
            files[module] = {"mutants": sum(counts.values()), **counts, KILLED: counts[KILLED]}
            survivors += [name for name, code in part.items() if STATES.get(code) in LEFT]
    return {"files": files, "survivors": sorted(survivors)[:MOST_LISTED], "num_survivors": len(survivors)}


def _mutate(
    modules: tuple[str, ...], tests: tuple[str, ...], processes: int, names: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Mutate modules in a copy of the project; give by module what became of each mutant, or of those named."""
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
        return found


def _verdicts(path: Path) -> dict[str, int]:
    if not path.is_file():
        return {}
    return {name: code for name, code in json.loads(path.read_text())["exit_code_by_key"].items() if code is not None}
