"""The words of the reports."""

from __future__ import annotations

import string

import pytest

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.plan.certificate import Proof
from clusteropt.plan.plan import BaselineKind, UnspentReason
from clusteropt.report import words
from clusteropt.solver.claim import Limit
from clusteropt.text import Text

LABELS = (
    (words.OBJECTIVES, ObjectiveKind),
    (words.PROOFS, Proof),
    (words.BASELINES, BaselineKind),
    (words.UNSPENT, UnspentReason),
    (words.LIMITS, Limit),
)
SENTENCES = [text for text in vars(words).values() if isinstance(text, Text)]


def fields_of(sentence: str) -> set[str | None]:
    """List what a sentence is filled with."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize(("labels", "kinds"), LABELS)
def test_every_kind_has_a_label(labels: dict[object, Text], kinds: type) -> None:
    """A kind that is added to an enumeration needs words."""
    assert set(labels) == set(kinds)


@pytest.mark.parametrize("text", SENTENCES, ids=lambda text: text.en[:30])
def test_both_languages_are_filled_with_the_same(text: Text) -> None:
    """Neither language is empty, and both name the same fields."""
    assert text.en
    assert text.zh
    assert fields_of(text.en) == fields_of(text.zh)
