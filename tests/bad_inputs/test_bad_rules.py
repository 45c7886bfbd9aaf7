"""Rules that clash with each other, with purses, cells and locks: all of it shows on reading."""

from __future__ import annotations

import pytest
from tests.bad_inputs.bad_case import Case, add, both, check_case, faults_of, put
from tests.small import small_tables

from clusteropt.inputs import ModelSettings, problem_from_tables


def rule(name: str, kind: str, **values: object) -> object:
    """Add one rule; the small model has rules in rows 2 and 3."""
    return add("rules", rule=name, kind=kind, **values)


def last(cluster: str, lever: str, amount: str) -> object:
    """Add one award of the last plan."""
    return add("last_plan", cluster=cluster, lever=lever, amount=amount)


TARGET = ModelSettings.model_validate_json('{"objective": {"kind": "least_money", "target": 1000000000}}')
MONEY = [
    Case("floor above a cap that contains it", rule("all", "amount", max="1500000"), "rules", 2, "min",
         "rule floor-west asks at least 200.00 (in 10,000 yuan), but rule all, which contains it, allows at most "
         "150.00"),
    Case("floors above all purses", both(put("rules", 2, "min", "6000000"), rule("east", "amount", region="east",
         min="6000000")), "rules", 2, "min",
         "rules floor-west and east together ask at least 1,200.00 (in 10,000 yuan); the purses open to them hold "
         "1,100.0001"),
    Case("floors above the purses they can reach", both(rule("a", "amount", cluster="media", min="4000000"),
         rule("b", "amount", cluster="genes", min="5000000")), "rules", 5, "min",
         "rules b and a together ask at least 900.00 (in 10,000 yuan); the purses open to them hold 800.00"),
    Case("only the floors that are needed are named", both(rule("a", "amount", cluster="media", min="4000000"),
         rule("b", "amount", cluster="genes", min="5000000"), rule("c", "amount", cluster="drugs", min="1")),
         "rules", 5, "min", "rules b and a together"),
    Case("floors above a cap that contains them", both(put("rules", 2, "min", "1"),
         rule("a", "amount", cluster="display", min="1500000"), rule("b", "amount", cluster="drugs", min="1000000"),
         rule("cap", "amount", region="west", max="2000000")), "rules", 4, "min",
         "rules a and b together ask at least 250.00 (in 10,000 yuan), but rule cap, which contains them, allows at "
         "most 200.00"),
    Case("share of a fund above a cap", both(rule("half", "share", region="east", min="0.5", of="fund:nation"),
         rule("cap", "amount", region="east", max="3999999")), "rules", 4, "min",
         "asks at least 400.00 (in 10,000 yuan), but rule cap, which contains it, allows at most 399.9999"),
    Case("floor above a share of the purses", rule("tenth", "share", region="west", max="0.1"), "rules", 2, "min",
         "rule tenth, which contains it, allows at most 110.00 (in 10,000 yuan) (a share of at most 1,100.0001"),
    Case("share of a floor above a cap", both(rule("half", "share", cluster="drugs", min="0.5", of="region=west"),
         rule("cap", "amount", cluster="drugs", max="999999")), "rules", 4, "min",
         "asks at least 100.00 (in 10,000 yuan) (a share of at least 200.00 (in 10,000 yuan)), but rule cap"),
    Case("lock above a cap", both(rule("keep", "lock", cluster="display", lever="talent", min="600000"),
         rule("cap", "amount", cluster="display", max="500000")), "rules", 4, "min",
         "rule keep asks at least 60.00 (in 10,000 yuan), but rule cap, which contains it, allows at most 50.00"),
    Case("count of least awards above a cap", both(
         rule("some", "count", cluster="display", lever="talent", min="1"),
         rule("cap", "amount", cluster="display", max="400000")), "rules", 4, "min",
         "rule some asks at least 50.00 (in 10,000 yuan) (the smallest 1 it can count), but rule cap"),
    Case("floor above what few awards may take", both(
         add("cells", cluster="drugs", lever="talent", most="300000"), add("cells", cluster="drugs", lever="finance",
         most="200000"), rule("a", "amount", cluster="drugs", min="400000"),
         rule("one", "count", cluster="drugs", max="1")), "rules", 4, "min",
         "but rule one, which contains it, allows at most 30.00 (in 10,000 yuan) (the largest 1 it can count)"),
    Case("floor above a change", both(last("display", "talent", "1000000"),
         rule("calm", "change", region="west", max="0.1")), "rules", 2, "min",
         "but rule calm, which contains it, allows at most 110.00 (in 10,000 yuan) in 2025"),
    Case("change above the purses", both(last("genes", "talent", "9000000"),
         rule("calm", "change", region="east", min="-0.1")), "rules", 4, "min",
         "rule calm asks at least 810.00 (in 10,000 yuan) in 2025; the purses open to it hold 800.00"),
    Case("floor above locks", both(rule("a", "amount", cluster="drugs", min="300000"),
         rule("keep", "lock", cluster="drugs", min="100000")), "rules", 4, "min",
         "but rule keep, which contains it, allows at most 20.00"),
    Case("floor above one lock and one most", both(rule("a", "amount", cluster="drugs", min="700000"),
         rule("keep", "lock", cluster="drugs", lever="talent", min="500000"),
         add("cells", cluster="drugs", lever="finance", most="100000")), "rules", 4, "min",
         "rule a asks at least 70.00 (in 10,000 yuan); its cells may take 60.00"),
]  # fmt: skip
SHARES = [
    Case("minima above one", both(rule("a", "share", lever="talent", min="0.6"),
         rule("b", "share", lever="finance", min="0.5")), "rules", 4, "min",
         "rules a and b ask a share of at least 110% of the same money, more than all of it"),
    Case("minimum above a maximum", rule("a", "share", lever="finance", min="0.7"), "rules", 4, "min",
         "rule a asks a share of at least 70% of the same money, but rule cap-finance, which contains it, allows at "
         "most 60%"),
    Case("minima above a maximum", both(rule("a", "share", lever="finance", region="west", min="0.4"),
         rule("b", "share", lever="finance", region="east", min="0.3")), "rules", 4, "min",
         "rules a and b ask a share of at least 70% of the same money, but rule cap-finance, which contains them"),
    Case("maxima below one", rule("a", "share", lever="talent", max="0.3"), "rules", 4, "max",
         "rules a and cap-finance allow at most 90% of money that lies in their selections alone"),
]  # fmt: skip
COUNTS = [
    Case("minimum above a maximum", both(rule("a", "count", region="west", min="3"), rule("few", "count", max="2")),
         "rules", 4, "min", "rule a asks for at least 3, but rule few, which contains it, allows at most 2"),
    Case("minima above a maximum", both(rule("a", "count", region="west", min="2"),
         rule("b", "count", region="east", min="2"), rule("few", "count", max="3")), "rules", 4, "min",
         "rules a and b together ask for at least 4, but rule few, which contains them, allows at most 3"),
    Case("clusters above awards", both(rule("a", "count", min="3", of="clusters"), rule("few", "count", max="2")),
         "rules", 4, "min", "rule a asks for at least 3, but rule few"),
    Case("locks above a maximum", both(rule("keep", "lock", cluster="media", min="100000"),
         rule("few", "count", max="1")), "rules", 5, "max", "at most 1, but locks force 2 of what it counts"),
    Case("locks at nothing", both(rule("stop", "lock", region="east", min="0"),
         rule("many", "count", min="3", of="clusters")), "rules", 5, "min", "at most 2 clusters are possible"),
    Case("draws of named funds", rule("many", "count", region="west", fund="nation|province", min="9"),
         "rules", 4, "min", "at most 8 draws are possible"),
]  # fmt: skip
TARGETS = [Case("target", lambda _: None, "model", None, "objective.target", "the target is above", TARGET)]


@pytest.mark.parametrize("case", [*MONEY, *SHARES, *COUNTS, *TARGETS], ids=lambda case: case.name)
def test_a_clash_is_named(case: Case) -> None:
    """The fault stands at a rule in the way, names the others and the figures, and does so in both languages."""
    check_case(case)


def test_all_clashes_come_at_once() -> None:
    """One refusal carries clashes of money, shares and counts together, each once."""
    tables = small_tables()
    both(
        rule("all", "amount", max="1500000"),
        rule("a", "share", lever="finance", min="0.7"),
        rule("few", "count", max="1"),
        rule("many", "count", region="west", min="3"),
    )(tables)  # type: ignore[operator]
    found = faults_of(lambda: problem_from_tables(tables))
    said = [fault.problem.en for fault in found]
    assert len(said) == len(set(said))
    for part in ("rule all, which contains it", "rule cap-finance, which", "rule few, which contains it"):
        assert any(part in words for words in said), part


@pytest.mark.parametrize(
    "changes",
    [
        (rule("all", "amount", max="2000000"),),
        (put("rules", 2, "min", "5000000"), rule("east", "amount", region="east", min="6000001")),
        (rule("a", "share", lever="talent", min="0.4"), rule("b", "share", lever="finance", min="0.6")),
        (rule("a", "share", lever="talent", max="0.4"),),
        (put("rules", 2, "min", "0"), rule("a", "share", lever="talent", min="0.6"),
         rule("b", "share", lever="finance", min="0.5")),
        (rule("a", "count", region="west", min="2"), rule("few", "count", max="2")),
        (rule("keep", "lock", cluster="media", min="100000"), rule("few", "count", region="east", max="2")),
        (rule("many", "count", region="west", fund="nation|province", min="8"),),
        (last("display", "talent", "1000000"), rule("calm", "change", region="west", max="1")),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_just_fits_is_read(changes: tuple[object, ...]) -> None:
    """Sums that equal their bound are no clash; nor are shares of money that nothing asks for."""
    tables = small_tables()
    both(*changes)(tables)  # type: ignore[arg-type]
    assert problem_from_tables(tables).rules
