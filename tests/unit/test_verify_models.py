"""Models that once made the verifier and the package disagree."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.problem import ObjectiveKind, ResponseFamily
from clusteropt.inputs.settings import ObjectiveSettings
from clusteropt.plan.certificate import Proof
from clusteropt.plan.making import solve
from clusteropt.plan.verify import check_folder
from clusteropt.plan.verify_tables import read_value
from clusteropt.report.files import write_plan_files
from tests.problems import INLINE
from tests.small import small_tables

if TYPE_CHECKING:
    from pathlib import Path


def test_a_curve_without_effect_needs_no_floats(tmp_path: Path) -> None:
    """Levers without any effect are on logarithms that are not in use, so the bound of linear equity is exact."""
    tables = small_tables()
    tables["effectiveness"][["mean", "low", "high"]] = "0"
    tables["cells"]["mean"] = ""
    objective = ObjectiveSettings(kind=ObjectiveKind.EQUITY, equity_family=ResponseFamily.LINEAR)
    problem = problem_from_tables(tables, ModelSettings(objective=objective))
    plan = solve(problem, INLINE)
    write_plan_files(plan, tmp_path / "plan", problem)
    assert plan.proof is Proof.EXACT
    assert check_folder(tmp_path / "plan")[0] == 0


@pytest.mark.parametrize(
    ("column", "text"),
    [("amount", "1_000"), ("amount", "１０"), ("amount", "1e3"), ("amount", "high"), ("amount", ".0"),
     ("weight", "1_0"), ("weight", "0x1"), ("weight", "low"), ("weight", "nan"), ("weight", " 1"),
     ("min", "1e3"), ("max", "1/3"), ("origin", "medium"), ("year", "2025.5"), ("lag", "")],
)  # fmt: skip
def test_numbers_are_written_as_the_package_reads_them(column: str, text: str) -> None:
    """What the package refuses as a number is none for the verifier either."""
    with pytest.raises(ValueError, match=column):
        read_value(column, text)


@pytest.mark.parametrize(
    ("column", "text", "number"),
    [("amount", "+10.00", 10), ("amount", "7.", 7), ("weight", "1.5e1", 15), ("weight", ".5", Fraction(1, 2)),
     ("min", "-0.125", Fraction(-1, 8)), ("origin", "inside", 1), ("origin", "0.25", Fraction(1, 4)),
     ("year", "2025", 2025)],
)  # fmt: skip
def test_numbers_are_read_exactly(column: str, text: str, number: Fraction) -> None:
    """Every way to write a number that the package knows is read, without a rounding."""
    assert read_value(column, text) == number
