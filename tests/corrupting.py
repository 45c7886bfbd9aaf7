"""Corruptions of a saved plan, one field at a time, and what the verifier must say to each."""

from __future__ import annotations

import copy
import json
import math
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from clusteropt.errors import PlanFileError
from clusteropt.plan.saving import plan_from_json
from clusteropt.plan.verify import check_folder
from clusteropt.report.tables import allocation_csv, summary_json
from tests.plan_folders import write_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    Place = tuple[str | int, ...]

WORDS = (
    "name", "title*", "labels.*_names*", "money.unit*", "money.printed*", "objective.outcome*", "programmes.name*",
)  # fmt: skip
"""Printed names and units, which the stand-alone file passes over and the package compares with the tables."""
TOLD = (
    "baselines*", "notes*", "digests*", "record*", "rounding_loss", "pieces_error", "unspent.*.reason",
    "unspent.*.rules*", *WORDS,
)  # fmt: skip
"""Fields that describe: nothing about the money, its rules, its value or its bounds follows from them."""
GROUPS = ("awards", "cells", "certificate.rules")
"""Columns that belong together row by row; the order of the rows says nothing."""
NEAR = 1e-6
"""Changes of values and bounds smaller than this may be rounding, and are not made."""


TAKEN_OUT = "taken out"
"""The change of a field that is no longer there."""


class Part(StrEnum):
    """What a field is to the verifier."""

    CHECKED = "checked"
    """It follows from the tables and the money: any other content is wrong."""
    CLAIM = "claim"
    """The claimed bound: wrong only where the plan itself is beyond it."""
    BOUND = "bound"
    """The proved bound: wrong only where it is tighter than what the multipliers prove."""
    PRICE = "price"
    """A multiplier: others prove another bound, and the plan stands only if it is no weaker than what is stated."""
    GRADE = "grade"
    """The grade of a proof: a weaker one may stand."""
    TOLD = "told"
    """It describes, and no check depends on it."""


@dataclass(frozen=True)
class Corruption:
    """One change of one place of a plan."""

    place: Place
    change: str

    @property
    def field(self) -> str:
        """The place with a star for every position."""
        return ".".join("*" if isinstance(key, int) else key for key in self.place)


def part_of(field: str) -> Part:
    """Tell what a field is to the verifier."""
    if any(fnmatchcase(field, pattern) for pattern in TOLD):
        return Part.TOLD
    if field == "stages.*.bound":
        return Part.CLAIM
    if field == "certificate.stages.*.bound":
        return Part.BOUND
    if field == "certificate.stages.*.proof":
        return Part.GRADE
    # Another split, or other prices, may prove the same: `tests/unit/test_proof_tree.py` has those that prove nothing.
    priced = ("certificate.stages.*.multipliers.", "certificate.stages.*.tree")
    return Part.PRICE if field.startswith(priced) else Part.CHECKED


def _number(value: float) -> dict[str, Callable[[Any], Any]]:
    return {
        "one more": lambda value: value + 1,
        "one less": lambda value: value - 1,
        "twice": lambda value: value * 2,
        "a thousandth more": lambda value: value * 1.001 if isinstance(value, float) else value + 1000,
        "other sign": lambda value: -value,
        "as text": str,
        "nothing": lambda _: None,
        "not finite": lambda _: float("nan"),
    }


def _list(value: list[Any]) -> dict[str, Callable[[Any], Any]]:
    found: dict[str, Callable[[Any], Any]] = {"nothing": lambda _: None}
    if value:
        found |= {
            "as a map": lambda value: {str(k): part for k, part in enumerate(value)},
            "first dropped": lambda value: value[1:],
            "last dropped": lambda value: value[:-1],
            "first repeated": lambda value: [value[0], *value],
            "all dropped": lambda _: [],
        }
    if any(part != value[0] for part in value):
        found["two swapped"] = _swapped
    return found


def _swapped(value: list[Any]) -> list[Any]:
    other = next(k for k, part in enumerate(value) if part != value[0])
    return [value[other], *value[1:other], value[0], *value[other + 1 :]]


def changes(value: Any) -> dict[str, Callable[[Any], Any]]:
    """Give the ways to change a value, by name."""
    if isinstance(value, bool):
        return {"other way": lambda value: not value, "nothing": lambda _: None}
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, str):
        return {"a sign more": lambda text: f"{text}x", "empty": lambda _: "", "a number": lambda _: 7,
                "nothing": lambda _: None}  # fmt: skip
    if isinstance(value, list):
        return _list(value)
    if isinstance(value, dict):
        return {"nothing": lambda _: None, "as a list": list}
    return {"a number": lambda _: 3, "text": lambda _: "x"}


def corruptions(plan: Any, place: Place = ()) -> Iterator[Corruption]:
    """Give every change of every place of a plan."""
    if place:
        yield from (Corruption(place, change) for change in changes(plan))
    if isinstance(plan, dict):
        yield from (Corruption((*place, key), TAKEN_OUT) for key in plan)
    keys = plan if isinstance(plan, dict) else range(len(plan)) if isinstance(plan, list) else ()
    for key in keys:
        yield from corruptions(plan[key], (*place, key))


def corrupted(plan: Any, corruption: Corruption) -> Any:
    """Give a changed copy of a plan."""
    bent = copy.deepcopy(plan)
    *path, last = corruption.place
    holder = _at(bent, path)
    if corruption.change == TAKEN_OUT:
        del holder[last]
        return bent
    holder[last] = changes(holder[last])[corruption.change](holder[last])
    return bent


def says_the_same(one: Any, other: Any) -> bool:
    """Tell whether a change left the content of a plan as it was: equal values, or rows in another order."""
    if one == other:
        return True
    left = [tree.get("unspent") for tree in (one, other)]
    if left[0] != left[1]:
        return isinstance(left[1], list) and sorted(map(repr, left[0])) == sorted(map(repr, left[1]))
    for field in GROUPS:
        mine, theirs = (_group(tree, field) for tree in (one, other))
        if mine is not None and theirs is not None and mine != theirs:
            return mine.keys() == theirs.keys() and _rows(mine) is not None and _rows(mine) == _rows(theirs)
    return False


def _group(tree: Any, field: str) -> dict[str, list[Any]] | None:
    for key in field.split("."):
        tree = tree.get(key) if isinstance(tree, dict) else None
    whole = isinstance(tree, dict) and all(isinstance(column, list) for column in tree.values())
    return tree if whole else None


def _rows(group: dict[str, list[Any]]) -> list[str] | None:
    if len({len(column) for column in group.values()}) != 1:
        return None
    return sorted(map(repr, zip(*group.values(), strict=True)))


def must_be_refused(plan: Any, bent: Any, corruption: Corruption) -> bool | None:
    """Tell whether the verifier must refuse a corrupted plan; None where either is right."""
    if (corruption.field, corruption.change) == ("objective.equity_scale", "nothing"):
        # The scale that a model leaves open follows from the tables, so a plan need not repeat it.
        return None
    part, gone = part_of(corruption.field), corruption.change in (TAKEN_OUT, "nothing")
    if part in (Part.CLAIM, Part.BOUND) and not gone:
        return _must_a_bound(plan, bent, corruption)
    fixed = {Part.CHECKED: True, Part.TOLD: False, Part.PRICE: None, Part.GRADE: True if gone else None}
    return fixed.get(part, True)


def _must_a_bound(plan: Any, bent: Any, corruption: Corruption) -> bool | None:
    """Tell whether a changed bound must be refused: a claim below its value, or a proof tighter than it was."""
    stage = plan["stages"][corruption.place[corruption.place.index("stages") + 1]]
    was, now = (_at(tree, corruption.place) for tree in (plan, bent))
    if not isinstance(now, int | float) or math.isnan(now):
        return True
    edge = stage["value"] if part_of(corruption.field) is Part.CLAIM else was
    if abs(now - edge) <= NEAR * max(abs(edge), NEAR):
        return None
    sign = -1 if stage["kind"] == "least_money" else 1
    return bool(sign * now < sign * edge)


def _at(tree: Any, place: Iterable[str | int]) -> Any:
    for key in place:
        tree = tree[key]
    return tree


def verdict_on(folder: Path, bent: Any) -> int:
    """Write a corrupted plan as a careful forger would, every digest and every copy in other files mended; check it.

    The other files of the folder must be put back afterwards.
    """
    write_plan(folder, bent)
    try:
        plan = plan_from_json((folder / "plan.json").read_text(encoding="utf-8"))
        allocation, summary = allocation_csv(plan), summary_json(plan)
    # What cannot be written again stays as it was.
    except (PlanFileError, IndexError, ValueError, OverflowError):
        return check_folder(folder)[0]
    (folder / "allocation.csv").write_text(allocation, encoding="utf-8", newline="")
    (folder / "summary.json").write_text(summary, encoding="utf-8", newline="")
    return check_folder(folder)[0]


@dataclass(frozen=True)
class Answer:
    """What the verifier said to one corruption, and what it had to say."""

    corruption: Corruption
    part: Part
    wanted: bool | None
    code: int

    @property
    def right(self) -> bool:
        """Whether it said what it had to."""
        return self.code in (0, 1, 2) and (self.wanted is None or self.wanted == bool(self.code))


def ask(folder: Path, plan: Any, corruption: Corruption) -> Answer | None:
    """Corrupt a plan, check its folder, put it back; None where the change says nothing new."""
    bent = corrupted(plan, corruption)
    if says_the_same(plan, bent):
        return None
    before = {name: (folder / name).read_bytes() for name in ("plan.json", "allocation.csv", "summary.json")}
    try:
        code = verdict_on(folder, bent)
    finally:
        for name, data in before.items():
            (folder / name).write_bytes(data)
    wanted = must_be_refused(plan, bent, corruption)
    return Answer(corruption, part_of(corruption.field), wanted, code)


def raw_verdict(folder: Path, bent: Any) -> int:
    """Write a corrupted plan under its old digest, and check it."""
    path = folder / "plan.json"
    before = path.read_bytes()
    document = json.loads(before) | {"plan": bent}
    try:
        path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        return check_folder(folder)[0]
    finally:
        path.write_bytes(before)
