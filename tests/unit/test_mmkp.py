"""The reader of knapsacks of the literature: both formats, decimals, and what does not go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from benchmarks.mmkp import knapsack_problem, optima, read_knapsacks, run_highs

from clusteropt.plan.making import solve
from tests.problems import INLINE

if TYPE_CHECKING:
    from pathlib import Path

HILL = "1 2 2 2\n\t5 6\n1\n4 1 2\n9 4 4\n2\n3 1 1\n8 5 3\n\n2 1 2 1\n 3\n1\n1 1\n2 4\n"
KHAN = " 2  2  1 \n 1.5 \n 1\n 7.00 0.5\n 9.50 1.25\n 2\n 3.00 0\n 4.00 0.5\n Solutions by  HEU\n 0  0  10.00\n"


def test_both_formats_are_read_and_solved(tmp_path: Path) -> None:
    """Hill: 9 + 3 takes 5 of 5 and 5 of 6; of the second problem only the first item fits. Khan: 9.5 + 3 takes 1.25."""
    for name, text, values in (("hill", HILL, [12.0, 1.0]), ("khan", KHAN, [12.5])):
        (tmp_path / name).write_text(text, encoding="utf-8")
        found = list(read_knapsacks(tmp_path / name))
        assert [one.number for one in found] == list(range(1, len(values) + 1))
        assert [solve(knapsack_problem(one), INLINE).value for one in found] == pytest.approx(values)


def test_decimals_become_whole_units(tmp_path: Path) -> None:
    """A resource of 1.5 beside items of 0.5 and 1.25 is counted in quarters."""
    (tmp_path / "khan").write_text(KHAN, encoding="utf-8")
    (one,) = read_knapsacks(tmp_path / "khan")
    assert one.holds == [6]
    assert one.groups[0] == [(7.0, [2]), (9.5, [5])]


def test_sizes_that_do_not_fit_are_told(tmp_path: Path) -> None:
    """A line with a number too few is a fault of the file."""
    (tmp_path / "khan").write_text(KHAN.replace("7.00 0.5", "7.00"), encoding="utf-8")
    with pytest.raises(ValueError, match="do not go together"):
        list(read_knapsacks(tmp_path / "khan"))


def test_optima_are_read_from_the_tables_beside_the_files(tmp_path: Path) -> None:
    """Both kinds of tables; what is no optimum, and a table of something else, say nothing."""
    (tmp_path / "exact.csv").write_text("file,problem,optimum\nhill,1,12\nhill,2,1\n", encoding="utf-8")
    (tmp_path / "best.csv").write_text("instance,kind,value\nkhan,optimum,12.5\nother,bound,7\n", encoding="utf-8")
    (tmp_path / "sizes.csv").write_text("file,groups\nhill,2\n", encoding="utf-8")
    assert optima(tmp_path) == {("hill", 1): 12.0, ("hill", 2): 1.0, ("khan", 1): 12.5}


def test_highs_alone_ends_where_the_plan_does(tmp_path: Path) -> None:
    """The arrays given to HiGHS alone have the optimum of the plan, and it is closed to gap 0."""
    (tmp_path / "hill").write_text(HILL, encoding="utf-8")
    found = [run_highs(one, INLINE) for one in read_knapsacks(tmp_path / "hill")]
    assert [line["highs_value"] for line in found] == pytest.approx([12.0, 1.0])
    assert [line["highs_gap"] for line in found] == pytest.approx([0.0, 0.0])
