"""The random models that other tests draw: valid, over every feature, the same each time, the same from files."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from clusteropt.inputs import problem_from_tables, read_problem
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.inputs.tables import TABLES
from tests.comparing import differences
from tests.problems import Sizes
from tests.random_tables import ARRIVALS, PROGRAMMES, TINY, random_model, random_tables, write_folder

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("seed", range(12))
def test_a_folder_gives_the_same_problem(seed: int, tmp_path: Path) -> None:
    """Tables given as frames, as plain files and as files of other programs are one problem."""
    tables, settings = random_tables(seed, TINY if seed % 2 else Sizes())
    problem = problem_from_tables(tables, settings)
    plain = read_problem(write_folder(tables, settings, tmp_path / "plain"))
    dressed = read_problem(write_folder(tables, settings, tmp_path / "dressed", dress=seed))
    assert differences(problem, plain) == []
    assert differences(problem, dressed) == []


def test_a_seed_gives_one_model(tmp_path: Path) -> None:
    """The same seed gives the same files byte for byte, another seed others."""
    folders = [tmp_path / name for name in ("first", "second", "third")]
    for folder, seed in zip(folders, (7, 7, 8), strict=True):
        write_folder(*random_tables(seed), folder)
    first, second, third = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert first == second
    assert first != third


def test_differences_are_seen() -> None:
    """The comparison of problems is not blind: two seeds differ."""
    assert differences(random_model(1), random_model(2)) != []


def test_every_table_and_objective_is_drawn() -> None:
    """Some seeds hold every table and every objective; an objective that is asked for is drawn."""
    seen: Counter[str] = Counter()
    for seed in (*range(6), PROGRAMMES.start, ARRIVALS.start):
        tables, settings = random_tables(seed, TINY)
        seen.update([*tables, settings.objective.kind])
    assert set(TABLES) | set(ObjectiveKind) <= set(seen)
    assert random_model(1, TINY, ObjectiveKind.EQUITY).objective.kind is ObjectiveKind.EQUITY
