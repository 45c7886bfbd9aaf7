"""Solving in forked processes, from folders with awkward files, and with awkward rows of the caller's own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pyomo.environ as pyo
import pytest

from clusteropt.errors import ModelViewError
from clusteropt.model.pyomo_view import to_pyomo
from clusteropt.plan.making import solve
from tests.problems import QUICK, plain_problem

if TYPE_CHECKING:
    from pathlib import Path

FORKED = """
import multiprocessing
from clusteropt.plan.making import solve
from tests.problems import plain_problem

def value(purse):
    return solve(plain_problem([[1.0, 2.0]], [[1e5, 2e5]], [[purse]])).value

if __name__ == "__main__":
    value(10**5)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(len(pool.map(value, [10**5, 2 * 10**5])))
"""


def _run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "script.py"
    path.write_text(script, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}  # noqa: PTH109 - the root of the tests
    return subprocess.run(
        [sys.executable, str(path)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_solves_with_a_child_of_its_own(tmp_path: Path) -> None:
    """A pool forked after a solve does not wait for the child of its parent."""
    done = _run(FORKED, tmp_path)
    assert done.stdout.strip() == "2", done.stderr


def test_a_file_in_the_current_folder_is_not_imported_by_the_child(tmp_path: Path) -> None:
    """A file json.py beside the caller is neither run nor in the way."""
    (tmp_path / "json.py").write_text("open('was_run', 'w').close()\nraise RuntimeError\n", encoding="utf-8")
    script = (
        "import sys; sys.path.pop(0)\nimport clusteropt as co\n"
        "print(co.solve(co.read_problem('national66')).gap <= 1e-6)\n"
    )
    assert _run(script, tmp_path).stdout.strip() == "True"
    assert not (tmp_path / "was_run").exists()


def test_coefficients_too_long_for_64_bits_are_exact() -> None:
    """A thousand of one flow and a third of another: the plan obeys the row to the unit."""
    model = to_pyomo(plain_problem([[1.0, 2.0]], [[1e5, 2e5]], [[10**6]], per_printed=10_000))
    first, second = model.flow["F0", "C0", "L0", 2025], model.flow["F0", "C0", "L1", 2025]
    model.mine = pyo.Constraint(expr=1000 * first + second / 3 <= 5000)
    amount = solve(model, QUICK).allocation.set_index("lever").amount
    assert 3000 * int(amount.get("L0", 0)) + int(amount["L1"]) <= 3 * 5000 * 10_000


def test_a_flow_without_bounds_keeps_those_of_the_problem() -> None:
    """Taking the bounds of a variable away changes nothing that the rows still hold."""
    problem = plain_problem([[1.0, 2.0]], [[1e5, 2e5]], [[10**6]], per_printed=10_000)
    model = to_pyomo(problem)
    model.flow["F0", "C0", "L0", 2025].setub(None)
    assert solve(model, QUICK).value == pytest.approx(solve(problem, QUICK).value, rel=1e-6)


def test_a_variable_fixed_without_a_value_is_named() -> None:
    """Fixing without a value is refused in words."""
    model = to_pyomo(plain_problem([[1.0]], [[1e5]], [[10**6]]))
    model.flow["F0", "C0", "L0", 2025].fix()
    with pytest.raises(ModelViewError, match="fixed without a value"):
        solve(model, QUICK)
