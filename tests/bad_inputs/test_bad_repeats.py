"""Rows of rules that cannot be written out: every fault at once, with its remedy, in both languages."""

from __future__ import annotations

import pytest
from tests.bad_inputs.bad_case import Case, add, both, check_case, faults_of
from tests.small import small_tables

from clusteropt.inputs import problem_from_tables


def rule(kind: str, **values: object) -> object:
    """Add one rule; it stands in row 4."""
    return add("rules", **{"rule": "new", "kind": kind, "of": "", "each": "", **values})


def cell(cost: str) -> object:
    """Give a cell a cost."""
    return add("cells", cluster="drugs", lever="talent", cost=cost)


LAST = add("last_plan", cluster="display", lever="talent", amount="700")
CASES = [
    Case("unknown word", rule("amount", max="9", each="colour"), "rules", 4, "each", "cannot be repeated for 'colour'"),
    Case("word like one", rule("amount", max="9", each="clusters"), "rules", 4, "each", "Did you mean 'cluster'?"),
    Case("empty word", rule("amount", max="9", each="cluster|"), "rules", 4, "each", "cannot be repeated for ''"),
    Case("field twice", rule("amount", max="9", each="lever|lever"), "rules", 4, "each", "for the lever twice"),
    Case("year twice", rule("amount", max="9", each="year|years:2"), "rules", 4, "each", "for the year twice"),
    Case("window of one", rule("amount", max="9", each="years:1"), "rules", 4, "each", "at least 2"),
    Case("window of no number", rule("amount", max="9", each="years:two"), "rules", 4, "each", "at least 2"),
    Case("window longer than the plan", rule("amount", max="9", each="years:9"), "rules", 4, "each",
         "the row is about 1 years, with no 9 of them on end"),
    Case("window before", rule("change", max="1", of="before", each="years:2"), "rules", 4, "each", "no 2 of them"),
    Case("before of a count", rule("count", max="9", of="before"), "rules", 4, "of", "counts awards or clusters"),
    Case("before of a share", rule("share", max="0.9", of="before"), "rules", 4, "of", "is no part of a selection"),
    Case("before of a lock", rule("lock", max="9", of="before"), "rules", 4, "of", "has no 'of'"),
    Case("cost of an amount", rule("amount", max="9", of="cost"), "rules", 4, "of", "has no 'of' but before"),
    Case("cost of a cell that has none", both(cell("9"), rule("share", max="0.1", of="cost", cluster="drugs")),
         "cells", None, "cost", "rule new is measured against the cost"),
    Case("cost that is no amount", cell("-1"), "cells", 4, "cost", "below 0"),
    Case("share of a cost above one", both(cell("9"), rule("share", max="1.5", of="cost")), "rules", 4, "max", "0..1"),
    Case("share of other money too large", rule("share", max="1000.5", of="lever=talent"), "rules", 4, "max",
         "must be 0..1000"),
    Case("share of all above one", rule("share", max="1.5"), "rules", 4, "max", "must be 0..1"),
    Case("change of less than nothing left", rule("change", min="-1.5", of="before"), "rules", 4, "min", "-1..1000"),
    Case("difference that is not whole", rule("amount", min="-1.5", of="before"), "rules", 4, "min", "whole numbers"),
    Case("negative amount", rule("amount", min="-1"), "rules", 4, "min", ">= 0"),
    Case("fall by more than there was", both(LAST, rule("amount", max="-701", of="before", cluster="display")),
         "rules", 4, "max", "asks for what no award can be"),
    Case("funds that the last plan does not know", both(LAST, rule("amount", max="1", of="before", each="fund")),
         "rules", 4, "fund", "the last plan does not say from which fund"),
    Case("name of another row", both(rule("amount", max="9", each="lever"),
         add("rules", rule="new [talent]", kind="amount", max="9")), "rules", 4, "rule",
         "and row 5 is one of that name"),
    Case("nothing matches", rule("amount", max="9", each="lever", region="west", cluster="genes"), "rules", 4, "rule",
         "nothing matches the selection"),
    Case("base that nothing matches", rule("share", max="0.9", each="lever", of="region=west; cluster=genes"),
         "rules", 4, "of", "nothing matches the selection"),
    Case("written floor above the purses", rule("amount", min="3000002", each="cluster|fund"), "rules", 4, "min",
         "rule new [display, province] asks at least"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_row_that_cannot_be_written_out_is_named(case: Case) -> None:
    """The fault stands at the row and column, and says what to do."""
    check_case(case)


def test_all_missing_costs_come_at_once() -> None:
    """Every cell without a cost is named, once, whatever rules need it."""
    given = small_tables()
    both(
        add("rules", rule="rate", kind="share", max="0.1", of="cost", each="cluster|lever"),
        add("rules", rule="other", kind="share", max="0.2", of="cost", cluster="display"),
    )(given)  # type: ignore[arg-type]
    found = [fault.value for fault in faults_of(lambda: problem_from_tables(given)) if fault.column == "cost"]
    cells = [f"{c}, {k}" for c in ("display", "drugs", "media", "genes") for k in ("talent", "finance")]
    assert sorted(found) == sorted(cells)  # type: ignore[type-var]


def test_values_that_hold_commas_can_give_one_name_twice() -> None:
    """Two combinations of one row must not be called the same."""
    given = small_tables()
    given["clusters"]["region"] = ["a, b", "a", "a", "a"]
    given["clusters"]["region_zh"] = ""
    given["clusters"]["industry"] = ["c", "b, c", "c", "c"]
    given["eligibility"]["region"] = ""
    given["rules"] = given["rules"].iloc[1:]
    add("rules", rule="cap", kind="amount", max="9", each="region|industry")(given)
    found = faults_of(lambda: problem_from_tables(given))
    assert any("'cap [a, b, c]', and row 3 is one of that name" in fault.problem.en for fault in found)


def test_a_row_that_stands_for_too_many_rules_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number is told before memory is filled."""
    monkeypatch.setattr("clusteropt.inputs.repeats.MOST_WRITTEN", 7)
    check_case(Case("many", rule("amount", max="9", each="cluster|lever"), "rules", 4, "each", "stands for 8 rules"))


def test_costs_too_large_for_a_rule_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sum of costs beyond what a rule holds is a fault, and no crash."""
    monkeypatch.setattr("clusteropt.inputs.repeats.LARGEST_LIMIT", 10**6)
    change = both(
        add("cells", cluster="drugs", lever="talent", cost="1000001"),
        rule("share", max="0.1", of="cost", cluster="drugs", lever="talent"),
    )
    check_case(Case("large", change, "rules", 4, "of", "the costs sum to 1,000,001"))
