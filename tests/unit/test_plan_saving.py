"""Plans as JSON: nothing is lost, and what is damaged is refused."""

from __future__ import annotations

import copy
import json
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from clusteropt.errors import PlanFileError
from clusteropt.plan.baselines import compare
from clusteropt.plan.making import solve
from clusteropt.plan.saving import digest, load_plan, plan_from_json, plan_to_json, save_plan
from tests.problems import QUICK, random_problem

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.plan.plan import Plan


@pytest.fixture(scope="module")
def plan() -> Plan:
    """Solve one problem with awards, baselines, notes and money left."""
    problem = random_problem(12)
    return compare(problem, solve(problem, QUICK), QUICK)


@pytest.fixture(scope="module")
def document(plan: Plan) -> dict:
    """Write it as a JSON document."""
    return json.loads(plan_to_json(plan))


def leaves(node: object, path: tuple = ()) -> list[tuple]:
    """List the paths to every value that holds no other."""
    if isinstance(node, dict):
        return [leaf for key, value in node.items() for leaf in leaves(value, (*path, key))]
    if isinstance(node, list) and node and isinstance(node[0], dict | list):
        return [leaf for k, value in enumerate(node) for leaf in leaves(value, (*path, k))]
    return [path]


def changed(document: dict, path: tuple, value: object) -> str:
    """Write the document with one value replaced."""
    copied = copy.deepcopy(document)
    place = copied
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return signed(copied)


def signed(document: dict) -> str:
    """Write a document with the digest of what it holds now, so that only its meaning can be wrong."""
    return json.dumps({**document, "sha256": digest(document["plan"])})


def test_a_plan_returns_as_it_was(plan: Plan) -> None:
    """Text to plan to text is identical, and so are the tables."""
    text = plan_to_json(plan)
    again = plan_from_json(text)
    assert plan_to_json(again) == text
    assert again.allocation.equals(plan.allocation)
    assert again.comparison.equals(plan.comparison)
    assert again.by_region.equals(plan.by_region)
    assert again.gap == plan.gap


def test_infinite_numbers_return() -> None:
    """A bound that is infinite survives."""
    from dataclasses import replace

    problem = random_problem(12)
    plan = solve(problem, QUICK)
    endless = replace(plan, stages=(replace(plan.stages[0], bound=float("inf")), *plan.stages[1:]))
    assert plan_from_json(plan_to_json(endless)).bound == float("inf")


def test_arrays_of_a_read_plan_are_read_only(plan: Plan) -> None:
    """Nobody changes a plan by accident."""
    again = plan_from_json(plan_to_json(plan))
    with pytest.raises(ValueError, match="read-only"):
        again.awards.amount[0] = 1


def test_a_file_is_written_whole(plan: Plan, tmp_path: Path) -> None:
    """A saved plan loads from its file and from its folder, and no partial file stays."""
    save_plan(plan, tmp_path / "plan.json")
    assert plan_to_json(load_plan(tmp_path)) == plan_to_json(load_plan(tmp_path / "plan.json")) == plan_to_json(plan)
    assert [p.name for p in tmp_path.iterdir()] == ["plan.json"]


def test_a_file_that_is_not_there_is_a_plan_file_error(tmp_path: Path) -> None:
    """A missing file, and one that is no text, are told in words."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("none", "binary"):
        with pytest.raises(PlanFileError):
            load_plan(tmp_path / name)


@pytest.mark.parametrize(
    "text", ["", "[]", "null", "{", '{"format": "clusteropt-plan-1"}', '{"format": "other", "plan": {}}', "[" * 100_000]
)
def test_what_is_no_plan_is_refused(text: str) -> None:
    """Broken JSON, other documents and endless nesting are PlanFileError."""
    with pytest.raises(PlanFileError):
        plan_from_json(text)


def test_every_missing_field_is_named(document: dict) -> None:
    """Without any one of its fields a plan is refused, and the message names the field."""
    for name in document["plan"]:
        rest = {key: value for key, value in document["plan"].items() if key != name}
        with pytest.raises(PlanFileError, match=name):
            plan_from_json(signed({**document, "plan": rest}))


def test_every_field_of_a_wrong_kind_is_refused(document: dict) -> None:
    """A map where something else is expected never passes."""
    for path in leaves(document["plan"]):
        if path[:1] == ("digests",) or path[:2] == ("certificate", "inputs"):
            continue
        with pytest.raises(PlanFileError):
            plan_from_json(changed(document, ("plan", *path), {"a": [None]}))


@pytest.mark.parametrize("part", ["cluster", "lever", "year", "fund", "amount"])
@pytest.mark.parametrize("bad", [-1, 10**6, 1.5, "1", None, 2**70])
def test_awards_that_cannot_be_are_refused(document: dict, part: str, bad: object) -> None:
    """Positions outside the labels and amounts that are not positive whole numbers are refused."""
    values = list(document["plan"]["awards"][part])
    if part == "amount" and bad == 10**6:
        bad = 0
    text = changed(document, ("plan", "awards", part), [bad, *values[1:]])
    with pytest.raises(PlanFileError):
        plan_from_json(text)


@pytest.mark.parametrize(
    "path",
    [("region_of",), ("industry_of",), ("path_of",), ("synergy",), ("region_outcome",), ("purse",), ("awards", "fund"),
     ("cells", "outcome"), ("cells", "cluster"), ("stages",)],
)  # fmt: skip
def test_parts_of_other_sizes_are_refused(document: dict, path: tuple) -> None:
    """A part that is shorter than its labels, or longer, is refused."""
    place = document["plan"]
    for key in path:
        place = place[key]
    longer = [] if path == ("stages",) else [*place, *place, *place]
    for other in ([], longer):
        with pytest.raises(PlanFileError):
            plan_from_json(changed(document, ("plan", *path), other))


@pytest.mark.parametrize("path", ["region_of", "industry_of", "path_of"])
@pytest.mark.parametrize("bad", [-1, 99])
def test_labels_that_are_not_there_are_refused(document: dict, path: str, bad: int) -> None:
    """A cluster cannot lie in a region, an industry or a path without a name."""
    values = [bad, *list(document["plan"][path])[1:]]
    with pytest.raises(PlanFileError):
        plan_from_json(changed(document, ("plan", path), values))


def test_damage_anywhere_never_escapes_as_another_error(plan: Plan, document: dict) -> None:
    """Bytes changed at random: a plan whose tables can be read, or PlanFileError, and nothing else."""
    dice, text = random.Random(1), plan_to_json(plan)
    refused = 0
    for _ in range(400):
        at = dice.randrange(len(text))
        broken = text[:at] + dice.choice('0123456789-."[]{},xe \n') + text[at + dice.randint(0, 2) :]
        try:
            found = plan_from_json(broken)
        except PlanFileError:
            refused += 1
            continue
        read_all(found)
    assert refused > 100
    assert np.isfinite(plan.value)


def read_all(plan: Plan) -> None:
    """Read every table of a plan."""
    tables = (plan.allocation, plan.value_by_cell, plan.by_lever, plan.by_path, plan.by_region, plan.by_industry)
    more = (plan.by_cluster, plan.by_purse, plan.unspent_money, plan.comparison, plan.largest_awards())
    assert all(table is not None for table in tables + more)


def test_a_plan_changed_after_it_was_written_is_refused(document: dict) -> None:
    """One digit changed without the digest is found."""
    document = copy.deepcopy(document)
    document["plan"]["total_outcome"] += 1
    with pytest.raises(PlanFileError, match="changed after it was written"):
        plan_from_json(json.dumps(document))
