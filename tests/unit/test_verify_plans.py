"""Stored plans of every feature: they hold as they are, and no field of theirs can be changed.

No solver is in here, so that these tests are quick: they are what mutants of the verifier are tried on.
"""

from __future__ import annotations

import json
import math
import random
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from clusteropt.plan.verify import check_folder
from tests.corrupting import Corruption, Part, ask, corruptions, part_of
from tests.golden.regenerate_bounds import BOUNDS, bounds
from tests.plan_folders import change_plan, mend_digests, read_plan, write_plan

if TYPE_CHECKING:
    from collections.abc import Iterator

PLANS = sorted((Path(__file__).parents[1] / "golden" / "plans").iterdir())
STRONG = {"one more", "one less", "a thousandth more", "two swapped", "first dropped", "a sign more", "other way"}
"""The changes that a check can only see if it computes."""


@pytest.fixture(params=PLANS, ids=lambda path: path.name)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Give a copy of a stored plan."""
    shutil.copytree(request.param, tmp_path / "plan")
    return tmp_path / "plan"


def test_a_stored_plan_holds(folder: Path) -> None:
    """Every check of a plan stored earlier is made and holds."""
    code, lines = check_folder(folder)
    assert [line for line in lines if line[0] != "ok"] == []
    assert code == 0


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.name)
def test_bounds_at_arbitrary_prices_are_as_they_were(path: Path) -> None:
    """The bound of stored plans at arbitrary prices, in floats and in fractions, is what it was when it was proved."""
    wanted, found = json.loads(BOUNDS.read_text(encoding="utf-8"))[path.name], bounds(path)
    assert found.keys() == wanted.keys()
    for key, value in found.items():
        # Why there is no bound is a text.
        near = value if isinstance(value[0], str) else pytest.approx(value, rel=1e-9, abs=1e-12)
        assert wanted[key] == near, key


def test_the_stored_plans_are_of_every_kind() -> None:
    """All objectives, all kinds of rules and both grades of proof are among them."""
    plans = [read_plan(path) for path in PLANS]
    assert {plan["objective"]["kind"] for plan in plans} == {"total", "worst_region", "equity", "least_money"}
    assert {proof["proof"] for plan in plans for proof in plan["certificate"]["stages"]} >= {"exact", "safe"}
    rules = " ".join(
        (path / "inputs" / "rules.csv").read_text() for path in PLANS if (path / "inputs" / "rules.csv").exists()
    )
    assert all(kind in rules for kind in ("amount", "share", "count", "change", "lock", "clusters", "fund:"))


def test_a_target_out_of_reach_is_missed(tmp_path: Path) -> None:
    """A target above what a plan reaches, by more than the last digits, is missed though every other number holds."""
    folder = tmp_path / "plan"
    shutil.copytree(PLANS[0].parent / "all features, least", folder)
    model, reached = folder / "inputs" / "model.toml", read_plan(folder)["total_outcome"]
    for share, missed in ((1 - 1e-6, False), (1 + 1e-13, False), (1 + 1e-9, True), (1.001, True), (2.0, True)):
        text = re.sub("target = .*", f"target = {reached * share!r}", model.read_text(encoding="utf-8"))
        model.write_text(text, encoding="utf-8")
        change_plan(folder, lambda plan, t=reached * share: plan["objective"].update(target=t))
        mend_digests(folder)
        states = {title: (state, detail) for state, title, detail in check_folder(folder)[1]}
        assert states["value"][0] == ("WRONG" if missed else "ok"), share
        assert states["value"][1].startswith("target") == missed


def test_the_second_stage_is_checked_where_the_first_is_not_proved(tmp_path: Path) -> None:
    """A stage that is only claimed ends no check of the next."""
    folder = tmp_path / "plan"
    shutil.copytree(PLANS[0].parent / "all features, worst per size", folder)

    def claim(plan: Any) -> None:
        plan["certificate"]["stages"][0].update(proof="claimed", bound=math.inf)
        plan["certificate"]["stages"][1]["bound"] *= 0.99

    change_plan(folder, claim)
    found = [(state, title) for state, title, _ in check_folder(folder)[1] if title.endswith(("bound", "proved"))]
    claimed = ("ok", "claimed bound, not proved")
    assert found == [claimed, ("--", "proved bound"), claimed, ("WRONG", "proved bound")]
    # Nor does one whose prices prove nothing.
    change_plan(folder, lambda plan: plan["certificate"]["stages"][0].update(proof="safe"))
    change_plan(folder, lambda plan: plan["certificate"]["stages"][0]["multipliers"].update(target=-1))
    found = [state for state, title, _ in check_folder(folder)[1] if title == "proved bound"]
    assert found == ["WRONG", "WRONG"]


def test_the_columns_of_a_table_are_of_one_length(tmp_path: Path) -> None:
    """A column of a table of the plan that is longer than the others is not cut to their length."""
    folder = tmp_path / "plan"
    shutil.copytree(PLANS[0].parent / "all features, total", folder)
    plan = read_plan(folder)
    prices = plan["certificate"]["stages"][0]["multipliers"]
    tables = [prices["rule"], prices["synergy"], prices["stock"], plan["awards"], plan["cells"]]
    for table in (*tables, plan["certificate"]["rules"]):
        for column in table.values():
            column.append(column[-1])
            write_plan(folder, plan)
            assert check_folder(folder)[0] > 0
            column.pop()
    write_plan(folder, plan)
    assert check_folder(folder)[0] == 0


def test_every_cell_that_does_something_is_listed(tmp_path: Path) -> None:
    """A cell that is left out is missed, whether money or a stock alone gives its outcome."""
    folder = tmp_path / "plan"
    shutil.copytree(PLANS[0].parent / "all features, total", folder)
    kept = read_plan(folder)
    assert 0 in kept["cells"]["amount"]
    for row in range(len(kept["cells"]["amount"])):
        cells = {name: column[:row] + column[row + 1 :] for name, column in kept["cells"].items()}
        write_plan(folder, kept | {"cells": cells})
        assert ("WRONG", "cells") in [line[:2] for line in check_folder(folder)[1]], row


@pytest.mark.parametrize(("bound", "state"), [(6.0, "ok"), (7.0, "WRONG")])
def test_without_prices_what_must_be_taken_is_the_least(tmp_path: Path, bound: float, state: str) -> None:
    """Prices of nothing prove what must be taken, and what that requires, as the least: 2 + 1 + 3, not a unit more."""
    folder = tmp_path / "plan"
    shutil.copytree(PLANS[0].parent / "all features, least", folder)

    def unprice(plan: Any) -> None:
        proof = plan["certificate"]["stages"][0]
        prices = proof["multipliers"]
        prices["purse"]["price"] = [0.0] * len(prices["purse"]["price"])
        for table in ("rule", "synergy", "stock"):
            prices[table] = {name: [] for name in prices[table]}
        prices["target"], proof["bound"] = 0.0, bound

    # A floor inside the menus of one cluster would ask for money without any price.
    (folder / "inputs" / "rules.csv").unlink()
    change_plan(folder, unprice)
    mend_digests(folder)
    assert [line[0] for line in check_folder(folder)[1] if line[1] == "proved bound"] == [state]


def test_the_weakest_proof_is_the_one_that_is_told(tmp_path: Path) -> None:
    """Of an exact and a safe proof the summary tells the safe one, whichever comes first."""
    folder = tmp_path / "plan"
    shutil.copytree(PLANS[0].parent / "all features, worst per size", folder)
    for proofs in (("exact", "safe"), ("safe", "exact")):
        change_plan(folder, lambda plan, p=proofs: [s.update(proof=g) for s, g in _pairs(plan, p)])
        assert ("ok", "summary.json") in [(state, title) for state, title, _ in check_folder(folder)[1]]


def _pairs(plan: Any, proofs: tuple[str, ...]) -> Any:
    return zip(plan["certificate"]["stages"], proofs, strict=True)


def test_no_field_of_a_stored_plan_can_be_changed(folder: Path) -> None:
    """One change of every field that follows from the tables is refused, one that describes is not."""
    plan = read_plan(folder)
    answers = [ask(folder, plan, corruption) for corruption in chosen(plan)]
    wrong = [(answer.corruption, answer.code) for answer in answers if answer is not None and not answer.right]
    assert wrong == []


def chosen(plan: Any) -> Iterator[Corruption]:
    """Choose one strong change of each field but those that only describe."""
    dice, fields = random.Random(1), {}
    for corruption in corruptions(plan):
        if corruption.change in STRONG and part_of(corruption.field) not in (Part.TOLD, Part.PRICE):
            fields.setdefault(corruption.field, []).append(corruption)
    return (dice.choice(found) for found in fields.values())
