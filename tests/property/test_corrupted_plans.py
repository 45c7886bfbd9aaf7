"""Plans changed after they were made: whatever breaks money, rules, values, bounds or names is refused, and no more.

``python benchmarks/trust.py plans --number 10000`` asks the same of many more corruptions.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from clusteropt.plan.saving import plan_to_json
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from tests.corrupting import TOLD, Answer, Corruption, Part, ask, corrupted, corruptions, part_of, raw_verdict
from tests.differential import solved_models
from tests.forging import change_table, forge, forged, judge_changed_tables
from tests.plan_folders import read_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clusteropt.inputs.problem import Problem
    from clusteropt.plan.plan import Plan

NUM_PLANS = 4
EACH_KIND = 2
"""In how many of the plans each change of each field is made."""
SHARE_TOLD = 0.2
"""The part of the changes of describing fields that is made."""
NUM_TABLES, NUM_FORGERS, NUM_RAW = 15, 5, 60


@dataclass(frozen=True)
class Case:
    """A plan, its problem, and its folder."""

    seed: int
    problem: Problem
    plan: Plan
    folder: Path
    content: Any


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Plans of all four objectives, each in its folder."""
    found = []
    for seed, problem, plan in solved_models(NUM_PLANS):
        folder = tmp_path_factory.mktemp("plans") / "plan"
        write_plan_files(plan, folder, problem)
        found.append(Case(seed, problem, plan, folder, read_plan(folder)))
    return found


@pytest.fixture(scope="module")
def answers(cases: list[Case]) -> list[Answer]:
    """What the verifier says to every change of every field, each made in some of the plans."""
    made: Counter[tuple[str, str]] = Counter()
    found = []
    for case in cases:
        for corruption in chosen(case):
            kind = corruption.field, corruption.change
            if made[kind] < EACH_KIND and (answer := ask(case.folder, case.content, corruption)) is not None:
                made[kind] += 1
                found.append(answer)
    return found


def chosen(case: Case) -> Iterator[Corruption]:
    """Choose one place of each field for each change of it."""
    places = defaultdict(list)
    for corruption in corruptions(case.content):
        places[corruption.field, corruption.change].append(corruption)
    dice = random.Random(case.seed)
    for (field, _), found in places.items():
        # The record of the solver has more fields than all else.
        if part_of(field) is not Part.TOLD or dice.random() < SHARE_TOLD:
            yield dice.choice(found)


def test_intact_plans_hold(cases: list[Case]) -> None:
    """No plan as it was written is refused."""
    assert [check_folder(case.folder)[0] for case in cases] == [0] * NUM_PLANS


def test_what_breaks_a_plan_is_refused(answers: list[Answer]) -> None:
    """Each change of money, rules, values, bounds, names or digests is refused, and none of what only describes."""
    wrong = [(answer.corruption, answer.part, answer.code) for answer in answers if not answer.right]
    assert wrong == []


def test_every_part_was_corrupted(answers: list[Answer]) -> None:
    """Every kind of field was changed often, refused where it must be and accepted where it may stand."""
    seen = Counter((answer.part, bool(answer.code)) for answer in answers)
    assert seen[Part.CHECKED, True] > 500
    assert seen[Part.TOLD, False] > 50
    for part in (Part.CLAIM, Part.BOUND, Part.PRICE):
        assert seen[part, True] > 3
        assert seen[part, False] > 3


def test_the_fields_that_only_describe_are_known(cases: list[Case]) -> None:
    """Every pattern of such a field is in use, and the fields that decide are not among them."""
    fields = {corruption.field for case in cases for corruption in corruptions(case.content)}
    told = {field for field in fields if part_of(field) is Part.TOLD}
    assert told
    for name in ("awards.amount.*", "purse.*.*", "stages.*.value", "certificate.inputs.clusters.csv", "labels.funds.*"):
        assert name in fields - told
    assert {pattern.split(".")[0].rstrip("*") for pattern in TOLD} >= {field.split(".")[0] for field in told}


def test_without_its_digest_no_change_stands(cases: list[Case]) -> None:
    """Any change of the content of plan.json under the old digest is refused, whatever it is."""
    for case in cases:
        every = list(corruptions(case.content))
        for corruption in random.Random(case.seed).sample(every, NUM_RAW):
            bent = corrupted(case.content, corruption)
            assert raw_verdict(case.folder, bent) or bent == case.content, corruption


def test_any_byte_of_an_input_is_held(cases: list[Case]) -> None:
    """One byte changed in any input is seen by its digest."""
    for case in cases:
        dice = random.Random(case.seed)
        for path in sorted((case.folder / "inputs").iterdir()):
            data = path.read_bytes()
            place = dice.randrange(len(data))
            path.write_bytes(data[:place] + bytes([data[place] ^ 1 << dice.randrange(8)]) + data[place + 1 :])
            assert check_folder(case.folder)[0] in (1, 2), path.name
            path.write_bytes(data)


def test_tables_changed_behind_a_plan_are_seen(cases: list[Case], tmp_path: Path) -> None:
    """With every digest mended, what the tables now forbid or value otherwise is refused; other words are not."""
    seen = Counter()
    for case in cases:
        dice = random.Random(case.seed)
        for _ in range(NUM_TABLES):
            shutil.rmtree(tmp_path / "copy", ignore_errors=True)
            shutil.copytree(case.folder, tmp_path / "copy")
            answer = judge_changed_tables(
                tmp_path / "copy", case.problem, case.plan, change_table(tmp_path / "copy", dice)
            )
            assert answer.right, answer
            seen[bool(answer.wrong), bool(answer.code)] += 1
    assert seen[True, True] > NUM_PLANS
    assert seen[False, False] > NUM_PLANS / 2


def test_plans_of_other_problems_are_seen(cases: list[Case], tmp_path: Path) -> None:
    """A plan made under looser rules or for other worth is refused wherever plain arithmetic finds something wrong."""
    seen = Counter()
    for case in cases:
        makers = forged(case.problem, case.seed)
        for name in random.Random(case.seed).sample(sorted(makers), NUM_FORGERS):
            answer = forge(case.problem, name, makers[name], tmp_path / f"{case.seed} {name}".replace(" ", "_"))
            if answer is not None:
                assert answer.right, answer
                seen[bool(answer.wrong), bool(answer.code)] += 1
    assert seen[True, True] > 3


def test_the_folder_is_put_back(cases: list[Case], answers: list[Answer]) -> None:
    """The corruptions above leave the folders as they were."""
    assert answers
    for case in cases:
        assert plan_to_json(case.plan) == (case.folder / "plan.json").read_text(encoding="utf-8")
