"""Columns of text with each word kept once: read as they stand, and checked at one glance as by the schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from clusteropt.errors import InputError
from clusteropt.inputs import problem_from_tables, references, schemas
from clusteropt.inputs.coded import code_categories, code_texts, joined, no_texts
from clusteropt.inputs.faults import Faults
from clusteropt.inputs.parsing import parse_table
from clusteropt.inputs.raw_tables import RawTable, from_objects
from clusteropt.inputs.tables import TABLES
from clusteropt.plan.saving import plan_from_json, plan_to_json
from clusteropt.text import Text, Texts
from tests.differential import solved_models
from tests.random_tables import TINY, random_tables
from tests.small import small_tables

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Problem

VALUES = ["b", None, "a", "b", " c", "", None, "a"]
ODD = ["", " A ", "a|b", "1e5", "-1", "0.5", "99999999999999999", "C1", "\u200b", "a" * 250, "2050", "amount"]


def test_a_coded_column_reads_as_its_values() -> None:
    """Rows, slices, marked rows, what is given, and which words come first where."""
    coded = code_texts(np.array(VALUES, object))
    assert list(coded) == VALUES
    assert list(coded[2:5]) == VALUES[2:5]
    assert coded.objects.tolist() == VALUES
    assert coded.given.tolist() == [value is not None for value in VALUES]
    assert list(coded.take(np.array([7, 1]))) == ["a", None]
    assert coded.words[coded.order()].tolist() == ["b", "a", " c", ""]
    assert coded.first_rows().tolist() == [0, 2, 4, 5]
    assert list(no_texts(3)) == [None] * 3
    assert list(coded.rewritten(["x", None, "x", "y"])) == ["x", None, None, "x", "x", "y", None, None]


@pytest.mark.parametrize("num_words", [1, 127, 128, 32_767, 32_768])
def test_codes_of_any_number_of_words_fit(num_words: int) -> None:
    """Codes are of the smallest kind that holds them, and of none too small."""
    words = [f"w{number}" for number in range(num_words)]
    coded = code_texts(np.array([*words, None, *reversed(words)], object))
    assert list(coded) == [*words, None, *reversed(words)]
    assert coded.codes.dtype.itemsize == (1 if num_words < 128 else 2 if num_words < 32_768 else 4)


def test_categories_are_coded_as_their_texts() -> None:
    """Categories may be alike, missing, in any order and in no row."""
    codes = np.array([3, -1, 1, 0, 4, 1], np.int8)
    words = ["x", "y", "unused", "x", None]
    coded = code_categories(codes, words)
    plain = code_texts(np.array(["x", None, "y", "x", None, "y"], object))
    assert list(coded) == list(plain)
    assert coded.codes.tolist() == plain.codes.tolist()
    assert coded.words.tolist() == plain.words.tolist()


def test_a_table_of_categories_is_one_of_texts() -> None:
    """The same problem and the same digests, whatever the order of the categories and whether they are used."""

    def made(kind: str) -> Problem:
        tables = small_tables()
        for name, frame in tables.items():
            for column in frame.columns:
                texts = frame[column].astype(object).where(frame[column].notna() & (frame[column] != ""), None)
                order = sorted({text for text in texts if text is not None}, reverse=True)
                frame[column] = (
                    pd.Categorical(texts, categories=["unused", *order])
                    if kind == "category"
                    else pd.Series(texts, dtype=kind)
                )
            tables[name] = frame
        return problem_from_tables(tables)

    plain = made("object")
    for kind in ("category", "string"):
        other = made(kind)
        assert other.digests == plain.digests
        assert other.labels == plain.labels
        np.testing.assert_array_equal(other.most, plain.most)


def test_words_are_joined_only_where_they_can_be_told_apart() -> None:
    """A word with the sign between words would read as two."""
    assert joined(["a", "b"]) == "a|b"
    assert joined(["a|b", "c"]) is None
    assert joined([]) == ""


def faults_of(seed: int) -> list[tuple[object, ...]] | None:
    """Read random tables with some odd values and give the faults; None where there are none."""
    dice = np.random.default_rng(seed)
    tables, settings = random_tables(seed, TINY)
    for _ in range(int(dice.integers(3))):
        frame = tables[list(tables)[dice.integers(len(tables))]]
        if not len(frame):
            continue
        column = frame.columns[dice.integers(frame.shape[1])]
        frame[column] = frame[column].astype(object)
        odd = [*ODD, *(value for value in frame[column] if isinstance(value, str))]
        frame.loc[frame.index[dice.integers(len(frame))], column] = odd[dice.integers(len(odd))]
    try:
        problem_from_tables(tables, settings)
    except InputError as error:
        return [(f.table, f.row, f.column, f.value, f.problem, f.remedy) for f in error.faults]
    return None


def test_a_glance_sees_what_the_long_way_sees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checks at one glance never pass what the schema, the comparison of rows or that of names would note."""
    glance = [faults_of(seed) for seed in range(24)]
    for module, name in ((schemas, "_is_sound"), (schemas, "_are_apart"), (references, "_are_apart")):
        monkeypatch.setattr(module, name, lambda *_: False)
    assert [faults_of(seed) for seed in range(24)] == glance
    assert 4 < sum(found is None for found in glance) < 20


def test_words_alike_but_for_case_are_found_at_a_glance() -> None:
    """Case and spaces do not tell names apart; words that need a closer look get one."""
    assert references._are_apart(["ab", "ac"])
    assert not references._are_apart(["ab", "A B"])
    assert not references._are_apart(["ab", "\uff21c"])


def test_numbers_that_stand_as_text_are_read_once_each() -> None:
    """Rows that share a text share its number, and its fault."""
    columns = {"cluster": ["A", "A", "B", "B"], "lever": ["x", "y", "x", "y"], "cost": ["7", "x", " 7", "x"]}
    raw = RawTable(
        "cells", tuple(columns), tuple(map(from_objects, columns.values())), pd.RangeIndex(2, 6), "no digest"
    )
    faults = Faults()
    typed = parse_table(TABLES["cells"], raw, faults)
    assert typed.wholes("cost", -1).tolist() == [7, -1, 7, -1]
    assert typed.given("cost").tolist() == [True, False, True, False]
    assert [(fault.row, fault.value) for fault in faults.listed] == [(3, "x"), (5, "x")]
    assert typed.wholes("most").tolist() == [0] * 4
    assert np.isnan(typed.floats("scale")).all()
    assert typed.frame["cost"].isna().tolist() == [False, True, False, True]


def test_texts_are_texts() -> None:
    """Two columns of texts read, compare and are saved as a tuple of texts."""
    pair = (Text("one", "一"), Text("two", "二"))
    texts = Texts(np.array(["one", "two"], object), np.array(["一", "二"], object))
    assert tuple(texts) == texts == pair
    assert texts[1] == pair[1]
    assert texts[:1] == pair[:1]
    assert hash(texts) == hash(pair)
    assert texts != pair[:1]
    _, problem, plan = next(iter(solved_models(1)))
    assert isinstance(problem.labels.cluster_names, Texts)
    read = plan_from_json(plan_to_json(plan))
    assert read.labels == plan.labels == problem.labels
    assert isinstance(read.labels.cluster_names, tuple)
