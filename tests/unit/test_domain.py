"""The words of the domain and the classification of clusters."""

from __future__ import annotations

import csv
import math
from pathlib import Path as FilePath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusteropt.domain import (
    CLEAR_MEMBERSHIP,
    FEATURE_LABELS,
    LEVER_LABELS,
    PATH_LABELS,
    PATH_RISKS,
    PATH_TRANSITIONS,
    PROTOTYPES,
    READING_LABELS,
    READING_WORDS,
    RISK_LABELS,
    SMALL_MEMBERSHIP,
    Feature,
    Lever,
    Path,
    Reading,
    Risk,
    classify,
)

CASES = FilePath(__file__).parents[2] / "datasets" / "report" / "cases.csv"
shares = st.floats(0, 1)


def report_cases() -> list[dict[str, str]]:
    """Read the coded cases of the report."""
    with CASES.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number(reading: Reading, written: str) -> float:
    """Turn a word of a reading, or a number, into a number."""
    words = READING_WORDS[reading]
    return words[written] if written in words else float(written)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (PATH_LABELS, Path),
        (LEVER_LABELS, Lever),
        (FEATURE_LABELS, Feature),
        (RISK_LABELS, Risk),
        (READING_LABELS, Reading),
    ],
)
def test_every_word_has_a_label_in_both_languages(labels, words):
    """No member of an enumeration is without a label, and no two share one."""
    assert list(labels) == list(words)
    assert all(label.en.isascii() and not label.zh.isascii() for label in labels.values())
    assert len({label.zh for label in labels.values()}) == len(words)


def test_risks_and_transitions_are_those_of_the_report():
    """The two certain, simple paths carry both risks and turn to convergence; no other path does."""
    risky = {path for path in Path if PATH_RISKS[path]}
    assert risky == set(PATH_TRANSITIONS) == {Path.ANCHOR_LED, Path.UPGRADING}
    assert set(PATH_TRANSITIONS.values()) == {Path.CONVERGENCE}


def test_diffusion_is_ordered_by_reach():
    """The words of diffusion stand in the order of reach, from 0 to 1."""
    words = READING_WORDS[Reading.DIFFUSION]
    assert list(words) == ["hub", "circle", "fields", "wide"]
    assert list(words.values()) == sorted(words.values())
    assert (words["hub"], words["wide"]) == (0.0, 1.0)


@pytest.mark.parametrize("case", report_cases(), ids=lambda case: case["case"])
def test_every_case_of_the_report_gets_its_path(case):
    """The readings of a case lead to the path that the report gives it."""
    found = classify(*(number(reading, case[reading]) for reading in Reading))
    assert found.path == Path(case["path"])


def test_the_cases_show_every_path():
    """The report tells at least two cases of every path."""
    paths = [case["path"] for case in report_cases()]
    assert all(paths.count(path) >= 2 for path in Path)


@pytest.mark.parametrize("path", Path)
def test_a_prototype_is_clear(path):
    """A cluster that reads like the prototype of a path belongs to it alone."""
    prototype = PROTOTYPES[path]
    origin = 0.5 if prototype.origin is None else prototype.origin
    found = classify(prototype.uncertainty, origin, prototype.diffusion)
    assert found.path == path
    assert found.memberships == tuple(float(other == path) for other in Path)


def test_memberships_in_between_worked_out_by_hand():
    """Halfway between introduced and indigenous the two share all, and the far paths are dropped."""
    found = classify(1.0, 0.5, 1.0)
    # Squared distances: anchor 2, upgrading 1 + 1/4 + 4/9, convergence 0.85^2 + 1/4 + 1/9, then 1/4 twice.
    closeness = [1 / 2, 1 / (5 / 4 + 4 / 9), 1 / (0.7225 + 1 / 4 + 1 / 9), 4.0, 4.0]
    share = 4.0 / sum(closeness)
    assert share < CLEAR_MEMBERSHIP
    assert closeness[2] / sum(closeness) < SMALL_MEMBERSHIP
    assert found.memberships == pytest.approx((0, 0, 0, 0.5, 0.5), abs=1e-15)
    assert (found.path, found.runner_up) == (Path.INTRODUCED, Path.INDIGENOUS)


def test_memberships_of_three_paths_are_scaled_to_one():
    """A cluster between three paths keeps all three in the ratio of their closeness."""
    found = classify(0.4, 0.5, 0.1)
    distances = {
        Path.ANCHOR_LED: 0.16 + 0.01,
        Path.UPGRADING: 0.16 + 0.25 + (0.1 - 1 / 3) ** 2,
        Path.CONVERGENCE: 0.0625 + 0.25 + (0.1 - 2 / 3) ** 2,
    }
    total = sum(1 / distance for distance in distances.values())
    expected = tuple(1 / distances[path] / total if path in distances else 0.0 for path in Path)
    assert found.memberships == pytest.approx(expected, rel=1e-12)


def test_a_converted_giant_is_anchor_led_from_either_origin():
    """The origin does not count for a cluster around a hub with certain innovation."""
    assert {classify(0.0, origin, 0.0).path for origin in (0.0, 0.5, 1.0)} == {Path.ANCHOR_LED}


def test_the_reason_names_the_deciding_reading_and_the_runner_up():
    """What decides between introduced and indigenous is the origin, in both languages."""
    found = classify(0.9, 0.1, 0.9)
    assert (found.deciding, found.runner_up) == (Reading.ORIGIN, Path.INDIGENOUS)
    assert "origin of innovation decides" in found.reason.en
    assert "runner-up is Indigenous" in found.reason.en
    assert "创新源头" in found.reason.zh
    assert "自主创新型" in found.reason.zh


@given(shares, shares, shares)
def test_memberships_are_shares(uncertainty, origin, diffusion):
    """Memberships lie in 0..1, sum to 1, the path has the largest, and small ones are gone."""
    found = classify(uncertainty, origin, diffusion)
    assert math.isclose(sum(found.memberships), 1.0, abs_tol=1e-12)
    assert all(share == 0 or share >= SMALL_MEMBERSHIP for share in found.memberships)
    largest = max(found.memberships)
    assert found.memberships[list(Path).index(found.path)] == pytest.approx(largest, abs=1e-12)
    assert largest == 1 or largest < 1 - SMALL_MEMBERSHIP + 1e-12
    assert found.runner_up != found.path


@given(shares, shares)
def test_innovation_from_inside_is_never_introduced(uncertainty, diffusion):
    """With the origin inside, indigenous is nearer than introduced; with it outside, the other way round."""
    assert classify(uncertainty, 1.0, diffusion).path != Path.INTRODUCED
    assert classify(uncertainty, 0.0, diffusion).path != Path.INDIGENOUS


@pytest.mark.parametrize("bad", [-0.01, 1.01, math.nan, math.inf])
@pytest.mark.parametrize("reading", Reading)
def test_a_reading_outside_its_scale_is_refused(reading, bad):
    """A number outside 0..1 is refused with the reading and the value."""
    readings = dict.fromkeys(Reading, 0.5) | {reading: bad}
    with pytest.raises(ValueError, match=rf"{reading} is {bad}; give a number from 0 to 1\."):
        classify(*readings.values())
