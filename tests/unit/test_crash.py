"""A plan whose writing is cut short anywhere: the older plan stays or the newer one stands, and errors are told."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import crashing

if TYPE_CHECKING:
    Points = list[dict[str, Any]]

ROOT = Path(__file__).parents[2]
SCENES = ("over an older plan", "into nothing", "one file")


@pytest.fixture(scope="module")
def points(tmp_path_factory: pytest.TempPathFactory) -> Points:
    """Run the process that kills its children at every point of writing."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.crashing", str(tmp_path_factory.mktemp("crash"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("scene", SCENES)
def test_a_plan_is_whole_wherever_the_process_is_killed(scene: str, points: Points) -> None:
    """Killed at every step, in the middle of writes and at random moments: what stands there is one whole plan."""
    before = "none" if scene == "into nothing" else "old"
    killed = [point for point in points if point["scene"] == scene and point["code"] < 0]
    assert {point["state"] for point in killed} <= {before, "new"}, Counter(point["state"] for point in killed)
    assert before in {point["state"] for point in killed}


@pytest.mark.parametrize(
    ("scene", "way"),
    [*product(("over an older plan", "one file"), ("full", "read-only", "a write fails")), ("into nothing", "full")],
)
def test_a_refused_write_is_an_output_error(scene: str, way: str, points: Points) -> None:
    """Wherever the system refuses, an error is told, the older plan stays, and no partial folder is left."""
    before = "none" if scene == "into nothing" else "old"
    refused = [point for point in points if (point["scene"], point["way"]) == (scene, way) and point["code"]]
    assert {point["code"] for point in refused} == {crashing.REFUSED}
    # Once the names are swapped the new plan stands, and only the last sync can still fail.
    assert [point["state"] for point in refused].count("new") <= 2
    assert {point["state"] for point in refused} <= {before, "new"}
    assert not [point["left"] for point in refused if point["state"] == before and point["left"]]


def test_enough_points_are_tried(points: Points) -> None:
    """A folder is cut short at more than fifty steps and more than fifty moments; a file at each of its few steps."""
    tried = Counter((point["scene"], point["way"]) for point in points if point["code"])
    assert tried["over an older plan", "killed"] > 50
    assert tried["over an older plan", "full"] > 40
    assert sum(point["way"] == "killed any time" for point in points) >= crashing.KILLS
    assert tried["one file", "killed"] >= 3
    assert all(point["state"] == "new" for point in points if not point["code"])


def test_the_exchange_is_one_step(points: Points) -> None:
    """On Linux there is no moment without a plan: the older one is never missing while it is replaced."""
    if sys.platform != "linux":
        pytest.skip("only Linux swaps two folders in one step")
    over = [point for point in points if point["scene"] == "over an older plan" and point["code"] < 0]
    assert {point["state"] for point in over} == {"old", "new"}
