"""A proof tree worked out by hand, and trees that prove nothing: forged, cut short, beside the tables."""

from __future__ import annotations

import copy
import shutil
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from benchmarks.mmkp import Knapsack, knapsack_problem

from clusteropt.domain import Path
from clusteropt.errors import PlanFileError
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.options import Isolation, SolveOptions
from clusteropt.inputs.settings import MoneySettings
from clusteropt.model.lagrangian import make_dual
from clusteropt.model.space import make_space
from clusteropt.model.split import Branch, Split, narrow
from clusteropt.plan import making, proving
from clusteropt.plan.making import solve
from clusteropt.plan.proving import growth_for
from clusteropt.plan.saving import load_plan
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from tests.plan_folders import change_plan, read_plan
from tests.problems import plain_problem, with_menus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path as FilePath

    from clusteropt.inputs.problem import Problem

EXACT = SolveOptions(isolation=Isolation.INLINE, relative_gap=0.0)
TWO = Knapsack(1, [10], [[(0.0, [0]), (6.0, [6])], [(0.0, [0]), (5.0, [6])]])
"""A purse of 10 and two projects that cost 6 each, worth 6 and 5: only one can be had."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> FilePath:
    """Write the plan of the two projects."""
    place = tmp_path_factory.mktemp("two") / "plan"
    problem = knapsack_problem(TWO)
    write_plan_files(solve(problem, EXACT), place, problem)
    return place


@pytest.fixture
def copied(folder: FilePath, tmp_path: FilePath) -> FilePath:
    """Give a copy of the folder to change."""
    return shutil.copytree(folder, tmp_path / "plan")


def forge(folder: FilePath, change: Callable[[dict[str, Any]], object]) -> tuple[int, list[tuple[str, str, str]]]:
    """Change the tree of a saved plan, mend the digests, and check the folder."""
    change_plan(folder, lambda plan: change(plan["certificate"]["stages"][0]["tree"]))
    return check_folder(folder)


def test_two_projects_are_proved_by_a_tree() -> None:
    """At price 5/6 the purse earns 8 1/3 and the first project keeps 1: 9 1/3, and no price proves less.

    Without the second project price 0 proves 6; with it and without the first 5; both cost 12, which no purse holds.
    """
    root = solve(knapsack_problem(TWO), SolveOptions(isolation=Isolation.INLINE, relative_gap=0.0, proof_nodes=0))
    assert root.certificate.stages[0].tree is None
    assert root.safe_bound == pytest.approx(28 / 3, rel=1e-9)
    plan = solve(knapsack_problem(TWO), EXACT)
    assert plan.value == 6
    assert plan.safe_bound == pytest.approx(6, rel=1e-9)
    tree = plan.certificate.stages[0].tree
    assert tree is not None
    assert tree.leaves == plan.certificate.leaves >= 3
    assert tree.nodes.is_whole
    assert {name for name in tree.nodes.programme if name} <= {"g0", "g1"}


def test_the_verifier_finds_the_same(folder: FilePath) -> None:
    """The bound of the weakest leaf, in fractions."""
    code, lines = check_folder(folder)
    assert code == 0
    assert next(detail for _, title, detail in lines if title == "proved bound").startswith("exact: 6 ")


def last_dropped(tree: dict[str, Any]) -> None:
    """Take a leaf away."""
    for column in tree["nodes"].values():
        column.pop()


def node_added(tree: dict[str, Any]) -> None:
    """Put a leaf behind the last."""
    for column in tree["nodes"].values():
        column.append(column[-1])


def emptied(tree: dict[str, Any]) -> None:
    """Take all nodes away."""
    for column in tree["nodes"].values():
        column.clear()


def first_split(tree: dict[str, Any]) -> int:
    """Give the place of a split."""
    return next(k for k, prices in enumerate(tree["nodes"]["prices"]) if prices < 0)


def with_root(**values: object) -> Callable[[dict[str, Any]], None]:
    """Give a change of columns at the root."""

    def change(tree: dict[str, Any]) -> None:
        for name, value in values.items():
            tree["nodes"][name][first_split(tree)] = value

    return change


def whole_leaf(tree: dict[str, Any]) -> None:
    """Say that the root needs no split."""
    for name, column in tree["nodes"].items():
        column[:] = ["" if name in ("programme", "option") else 0 if name == "prices" else -1]


def one_price_for_all(tree: dict[str, Any]) -> None:
    """Let the multipliers of the stage prove every leaf."""
    prices = tree["nodes"]["prices"]
    prices[:] = [min(number, 0) for number in prices]


def free_prices(tree: dict[str, Any]) -> None:
    """Let nothing have a price in any leaf."""
    one_price_for_all(tree)


def deep(tree: dict[str, Any]) -> None:
    """Split the same project over and over; the leaves of the last are left out."""
    place = first_split(tree)
    for column in tree["nodes"].values():
        column[:] = [column[place]] * 50_000


WRONG = {
    "a leaf is missing": last_dropped,
    "a leaf too many": node_added,
    "no nodes": emptied,
    "no such project": with_root(programme="g7"),
    "no such option": with_root(option="i7"),
    "no such year": with_root(year=3),
    "no such cluster": with_root(cluster=5, lever=0),
    "a cell of no lever": with_root(cluster=0, lever=-1),
    "a cell of no year": with_root(cluster=0, lever=0, year=-1),
    "an edge that is no whole number": with_root(edge=0.5),
    "an edge that is true": with_root(edge=True),
    "an edge that is infinite": with_root(edge=float("inf")),
    "prices that are not there": with_root(prices=99),
    "the root is a leaf": whole_leaf,
    "the prices of the root for all": one_price_for_all,
    "fifty thousand splits": deep,
    "nodes are no table": lambda tree: tree.update(nodes=[]),
    "no multipliers": lambda tree: tree.update(multipliers=[]),
    "a column is missing": lambda tree: tree["nodes"].pop("edge"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_tree_that_proves_nothing_is_never_ok(name: str, copied: FilePath) -> None:
    """It is wrong, or cannot be judged; and the package does not read it where its parts do not fit."""
    code, lines = forge(copied, WRONG[name])
    assert code in (1, 2), lines
    assert any(state != "ok" for state, *_ in lines)


@pytest.mark.parametrize("name", ["a leaf is missing", "a leaf too many", "no nodes", "no multipliers"])
def test_the_package_does_not_read_a_tree_that_is_not_whole(name: str, copied: FilePath) -> None:
    """The parts of a saved plan fit together, or it is refused."""
    forge(copied, WRONG[name])
    with pytest.raises(PlanFileError):
        load_plan(copied)


def test_a_tighter_bound_than_the_weakest_leaf_is_wrong(copied: FilePath) -> None:
    """Half a unit below the value, and a millionth below the bound of the weakest leaf of a plan that is worth less."""
    for bound in (5.5, 6 - 1e-6):
        change_plan(copied, lambda plan, bound=bound: plan["certificate"]["stages"][0].update(bound=bound))
        assert check_folder(copied)[0] == 1


def test_a_looser_bound_is_true(copied: FilePath) -> None:
    """Nobody has to state all that is proved, but the gap told must be that of what is stated."""
    plan = read_plan(copied)
    loose = copy.deepcopy(plan["certificate"]["stages"][0])
    change_plan(copied, lambda plan: plan["certificate"]["stages"][0].update(loose, bound=7.0))
    wrong = [title for state, title, _ in check_folder(copied)[1] if state != "ok"]
    assert wrong == ["summary.json"]


def test_an_edge_beyond_all_amounts_proves_as_much(copied: FilePath) -> None:
    """A project is never taken twice, so that the second side is empty and the first is all there is: weaker, true."""
    code, lines = forge(copied, with_root(edge=1))
    assert code == 1, lines


def hall(gain: float) -> Problem:
    """A programme that needs a stock of 5 at the end of 2026, where the purse holds 4; talent brings a tenth a unit."""
    paths = [str(path) for path in Path]
    tables = {
        "clusters": {"cluster": ["a"], "region": ["r"], "industry": ["i"], "path": ["upgrading"], "scale": [9]},
        "levers": {"lever": ["talent"], "response": ["linear"], "depreciation": [0]},
        "effectiveness": {"path": paths, "lever": ["talent"] * 5, "mean": [0.05] * 5, "source": ["made up"] * 5},
        "funds": {"fund": ["f", "f"], "year": [2026, 2027], "amount": [4, 1]},
        "programmes": {"programme": ["hall"], "clusters": ["a"], "gain": [gain], "start": ["2027"],
                       "needs_lever": ["talent"], "needs_stock": [5]},
        "programme_costs": {"programme": ["hall"], "fund": ["f"], "cost": [1]},
    }  # fmt: skip
    frames = {name: pd.DataFrame(columns) for name, columns in tables.items()}
    return problem_from_tables(frames, ModelSettings(money=MoneySettings(per_printed=1)))


def test_a_stock_that_a_programme_needs_has_a_price(tmp_path: FilePath) -> None:
    """Nothing can reach 5, so the hall is not built: 4 units at work in two years and 1 in one earn 0.45.

    Without a price of the need all of the hall is in any bound: 0.45 + 9 - 1/20, as it costs a unit that earns 1/20.
    With one it is four fifths: 0.45 + 4/5 (9 - 1/20) = 7.61. Once it is split off, less; how much depends on the prices
    of stocks, which are those of the root.
    """
    problem = hall(9.0)
    root = solve(problem, replace(EXACT, proof_nodes=0))
    assert root.value == pytest.approx(0.45)
    multipliers = root.certificate.stages[0].multipliers
    assert multipliers is not None
    assert multipliers.need.programme == ("hall",)
    assert root.safe_bound == pytest.approx(7.61, rel=1e-9)
    plan = solve(problem, EXACT)
    assert plan.safe_bound < 0.5 * root.safe_bound
    write_plan_files(plan, tmp_path / "plan", problem)
    assert check_folder(tmp_path / "plan")[0] == 0


def test_a_branch_leaves_what_is_between_its_edges() -> None:
    """Levels 2, 4 and 6: at least 3 and at most 5 leaves 4, and nothing is no choice any more."""
    problem = with_menus(plain_problem([[1.0]], [[10.0]], [[9]]), {(0, 0): [(2, 1.0), (4, 2.0), (6, 3.0)]})
    space = make_space(problem)
    _, second = Branch().sides(space, Split(0, -1, 2))
    first, _ = second.sides(space, Split(0, -1, 5))
    assert first.cells == {0: (3, 5)}
    stalls = narrow(make_dual(space), first).stalls
    left = (stalls.amount >= stalls.least) & (stalls.amount <= stalls.most)
    assert stalls.amount[left].tolist() == [4]
    assert not stalls.may_be_off.any()
    np.testing.assert_array_equal(make_dual(space).stalls.may_be_off, [True])


@pytest.mark.parametrize(
    ("nodes", "spent", "seconds"),
    [(400, 2.0, 10.0), (400, 25.0, 25.0), (4_000, 2.0, 100.0), (40, 30.0, 3.0), (0, 30.0, 0.0)],
)
def test_a_tree_takes_as_long_as_the_search_or_ten_seconds_in_proportion_to_its_nodes(
    nodes: int, spent: float, seconds: float
) -> None:
    """By default so many nodes as the first; more may take longer, and none takes nothing."""
    growth = growth_for(SolveOptions(proof_nodes=nodes), spent, time.monotonic() + 1_000)
    assert growth.seconds == pytest.approx(seconds)


def test_a_tree_that_has_no_time_leaves_the_bound_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time for a tree ends where it begins, so that the plan says what is left open."""
    monkeypatch.setattr(proving, "TREE_LEAST_S", 0.0)
    monkeypatch.setattr(making, "growth_for", lambda options, _, deadline: proving.growth_for(options, 0.0, deadline))
    plan, root = (solve(knapsack_problem(TWO), replace(EXACT, proof_nodes=nodes)) for nodes in (400, 0))
    assert plan.safe_gap == root.safe_gap > 0
    assert plan.certificate.leaves == 1
