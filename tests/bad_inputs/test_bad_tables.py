"""Tables that are wrong in shape, or do not fit together, or ask for money that is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest
from tests.bad_inputs.bad_case import Case, add, both, check_case, faults_of, put
from tests.small import small_tables

from clusteropt.errors import InputError
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.faults import MAX_LISTED
from clusteropt.inputs.settings import BaselineSettings, FeatureSwitches

if TYPE_CHECKING:
    from tests.bad_inputs.bad_case import Tables


def drop_column(table: str, column: str) -> object:
    """Leave a column out."""
    return lambda tables: tables.update({table: tables[table].drop(columns=column)})


def rename(table: str, column: str, header: object) -> object:
    """Write another header."""
    return lambda tables: tables.update({table: tables[table].rename(columns={column: header})})


def repeat_column(tables: Tables) -> None:
    """Write a column twice."""
    tables["levers"] = pd.concat([tables["levers"], tables["levers"][["lag"]]], axis=1)


def no_rows(table: str) -> object:
    """Leave only the header."""
    return lambda tables: tables.update({table: tables[table].iloc[:0]})


def more_money(tables: Tables) -> None:
    """Make so many large purses that their sum is too large."""
    rows = [{"fund": f"f{number}", "year": 2025, "amount": 10**15} for number in range(4700)]
    tables["funds"] = pd.DataFrame(rows, dtype=object)
    del tables["eligibility"]


def menu(**more: object) -> object:
    """Add a menu for finance in the media town; the cells table has no limits there."""
    change = add("levels", cluster="media", lever="finance", level="small", amount="100000", gain="")
    return both(change, add("levels", cluster="media", lever="finance", level="large", amount="200000"), *more.values())


SHAPES = [
    Case("no clusters", lambda tables: tables.pop("clusters"), "clusters", None, None, "table is missing"),
    Case("no levers", lambda tables: tables.pop("levers"), "levers", None, None, "table is missing"),
    Case("no funds", lambda tables: tables.pop("funds"), "funds", None, None, "table is missing"),
    Case("no effects", lambda tables: tables.pop("effectiveness"), "effectiveness", None, None, "table is missing"),
    Case("clusters without rows", no_rows("clusters"), "clusters", None, None, "no rows"),
    Case("levers without rows", no_rows("levers"), "levers", None, None, "no rows"),
    Case("funds without rows", no_rows("funds"), "funds", None, None, "no rows"),
    Case("eligibility without rows", no_rows("eligibility"), "eligibility", None, "fund", "no row of eligibility"),
    Case("no key", drop_column("clusters", "cluster"), "clusters", None, "cluster", "column is missing"),
    Case("no scale", drop_column("clusters", "scale"), "clusters", None, "scale", "column is missing"),
    Case("no source", drop_column("effectiveness", "source"), "effectiveness", None, "source", "column is missing"),
    Case("no fund", drop_column("eligibility", "fund"), "eligibility", None, "fund", "column is missing"),
    Case("slip in header", rename("clusters", "weight", "wieght"), "clusters", None, "wieght", "'weight'"),
    Case("header in capitals", rename("levers", "lag", "LAG"), "levers", None, "LAG", "Did you mean 'lag'"),
    Case("number as header", rename("levers", "lag", 7), "levers", None, "7", "no such column"),
    Case("empty header", rename("levers", "lag", ""), "levers", 1, None, "column 6 holds values but has no header"),
    Case("column twice", repeat_column, "levers", 1, "lag", "twice"),
    Case(
        "planned column", put("funds", 2, "match_ratio", "1"), "funds", None, "match_ratio", "not part of this version"
    ),
    Case("planned own funds", put("clusters", 2, "own_funds", "1"), "clusters", None, "own_funds", "not part of this"),
    Case("planned actuals", add("actuals", cluster="media"), "actuals", None, None, "not part of this version"),
    Case("unknown table", add("fund", fund="nation"), "fund", None, None, "Did you mean 'funds'"),
    Case("no frame", lambda tables: tables.update(rules=[1, 2]), "rules", None, None, "no DataFrame but list"),
    Case("nothing", lambda tables: tables.clear(), "clusters", None, None, "table is missing"),
]
KEYS = [
    Case("lever twice", put("levers", 3, "lever", "talent"), "levers", 3, "lever", "already in row 2"),
    Case("pair twice", put("effectiveness", 3, "lever", "talent"), "effectiveness", 3, "path, lever", "in row 2"),
    Case("year twice", put("funds", 3, "fund", "nation"), "funds", 3, "fund, year", "already in row 2"),
    Case("rule twice", put("rules", 3, "rule", "floor-west"), "rules", 3, "rule", "already in row 2"),
    Case("cell twice", add("cells", cluster="genes", lever="finance"), "cells", 4, "cluster, lever", "in row 3"),
    Case(
        "link twice",
        add("spillovers", **{"from": "media", "to": "genes", "share": 1}),
        "spillovers",
        3,
        "from, to",
        "2",
    ),
    Case(
        "level twice",
        menu(more=add("levels", level="a", amount=1), again=add("levels", level="a", amount=2)),
        "levels",
        5,
        "cluster, lever, level",
        "in row 4",
    ),
    Case(
        "synergy twice",
        add("synergies", path="convergence", levers="finance + talent", gain="1"),
        "synergies",
        3,
        "levers",
        "same levers",
    ),
    Case(
        "award twice",
        both(
            add("last_plan", cluster="media", lever="talent", amount="1"),
            add("last_plan", cluster="media", lever="talent", amount="2"),
        ),
        "last_plan",
        3,
        "cluster, lever, fund, year",
        "already in row 2",
    ),
]
FITS = [
    Case("fund lacks a year", lambda _: None, "funds", None, "year", "for 2026", ModelSettings(years=(2025, 2026))),
    Case("year not in model", lambda _: None, "funds", 2, "year", "no such year", ModelSettings(years=(2026,))),
    Case("gap in years", put("funds", 2, "year", "2027"), "funds", None, "year", "2025, 2027, with a gap"),
    Case("sum too large", more_money, "funds", None, "amount", "more than 2**62"),
    Case("fund not opened", put("eligibility", 3, "fund", "nation"), "eligibility", None, "fund", "no row of"),
    Case("fund for nobody", both(put("eligibility", 3, "path", "introduced")), "funds", None, "fund", "may draw on"),
    Case("pair missing", lambda tables: tables.update(effectiveness=tables["effectiveness"].iloc[1:]),
         "effectiveness", None, "path, lever", "no coefficient"),
    Case("menu and limits", both(menu(), add("cells", cluster="media", lever="finance", most="5")),
         "cells", 4, "most", "no limits of its own"),
    Case("equal levels", menu(more=add("levels", cluster="media", lever="finance", level="x", amount="100000")),
         "levels", 4, "amount", "same amount"),
    Case("level of nothing", add("levels", level="x", amount="0"), "levels", 2, "amount", "not above 0"),
    Case("some years empty", both(
        add("last_plan", cluster="media", lever="talent", year="2024", amount="1"),
        add("last_plan", cluster="genes", lever="talent", year="", amount="1"),
    ), "last_plan", 3, "year", "does not"),
    Case("unknown award", add("last_plan", cluster="medea", lever="talent", amount="1"),
         "last_plan", 2, "cluster", "Did you mean 'media'"),
    Case("feature missing", put("clusters", 2, "innovation", ""), "clusters", None, "innovation", "empty for 1",
         ModelSettings(baselines=BaselineSettings.model_validate_json('{"factor_weights": {"innovation": 1}}'))),
]  # fmt: skip
LEDGERS = [
    Case("carry-over of more than all", put("funds", 2, "carry_over", "1.5"), "funds", 2, "carry_over", "above 1"),
    Case("carry-over below nothing", put("funds", 2, "carry_over", "-0.1"), "funds", 2, "carry_over", "below 0"),
    Case("carry-over in per cent", put("funds", 2, "carry_over", "50%"), "funds", 2, "carry_over", "a percentage"),
    Case("carry-over too fine", put("funds", 2, "carry_over", "0.1234567891"), "funds", 2, "carry_over", "9 decimals"),
    Case("lapse of what is not carried", put("funds", 2, "expires_after", "2"), "funds", 2, "expires_after",
         "expires_after is given without carry_over"),
    Case("lapse at once", both(put("funds", 2, "carry_over", "1"), put("funds", 2, "expires_after", "0")),
         "funds", 2, "expires_after", "below 1"),
    Case("half a year", both(put("funds", 2, "carry_over", "1"), put("funds", 2, "expires_after", "1.5")),
         "funds", 2, "expires_after", "not a whole number"),
    Case("return in parts of nothing", put("funds", 2, "returned_parts", "2"), "funds", 2, "returned_parts",
         "returned_parts is given without returned"),
    Case("return after nothing", put("funds", 2, "returned_after", "2"), "funds", 2, "returned_after",
         "returned_after is given without returned"),
    Case("return threefold", put("funds", 2, "returned", "3"), "funds", 2, "returned", "above 2"),
    Case("return at once", both(put("funds", 2, "returned", "1"), put("funds", 2, "returned_after", "0")),
         "funds", 2, "returned_after", "below 1"),
    Case("commitments above the purse", put("funds", 2, "committed", "9000000"), "funds", None, "committed",
         "the commitments of 2025 exceed what can be paid then by 100.00"),
    Case("commitments of less than nothing", put("funds", 2, "committed", "-1"), "funds", 2, "committed", "below 0"),
    Case("too many years", lambda tables: tables.update(funds=pd.DataFrame(
        [{"fund": fund, "year": year, "amount": 100, "carry_over": "1"}
         for fund in ("nation", "province") for year in range(2025, 2038)], dtype=object,
    )), "funds", None, "fund", "moves between 13 years; at most 12"),
    Case("growth beyond all bounds", lambda tables: tables.update(funds=pd.DataFrame(
        [{"fund": fund, "year": year, "amount": 10**14, "returned": "2"}
         for fund in ("nation", "province") for year in range(2025, 2036)], dtype=object,
    )), "funds", None, "returned", "could let one year pay more than"),
]  # fmt: skip
ARRIVING = [
    Case("arrives before the plan", add("arriving", cluster="media", lever="talent", year="2024", amount="5"),
         "arriving", 2, "year", "in no year of the plan"),
    Case("arrives in no year", add("arriving", cluster="media", lever="talent", year="", amount="5"),
         "arriving", 2, "year", "missing"),
    Case("arrives at nobody", add("arriving", cluster="medea", lever="talent", year="2025", amount="5"),
         "arriving", 2, "cluster", "Did you mean 'media'"),
    Case("arrives by nothing", add("arriving", cluster="media", lever="talnet", year="2025", amount="5"),
         "arriving", 2, "lever", "Did you mean 'talent'"),
    Case("half a unit arrives", add("arriving", cluster="media", lever="talent", year="2025", amount="0.5"),
         "arriving", 2, "amount", "not a whole number"),
    Case("less than nothing arrives", add("arriving", cluster="media", lever="talent", year="2025", amount="-1"),
         "arriving", 2, "amount", "below 0"),
    Case("arrives twice", both(
        add("arriving", cluster="media", lever="talent", year="2025", amount="5"),
        add("arriving", cluster="media", lever="talent", year="2025", amount="6"),
    ), "arriving", 3, "cluster, lever, year", "already in row 2"),
]  # fmt: skip
MONEY = [
    Case("least above purses", put("cells", 3, "least", "9000000"), "cells", None, "least", "hold 800.00"),
    Case("floor above purses", put("rules", 2, "min", "12000000"), "rules", 2, "min",
         "rule floor-west asks at least 1,200.00 (in 10,000 yuan); the purses open to it hold 1,100.0001"),
    Case("floor above one fund", both(put("rules", 2, "fund", "province"), put("rules", 2, "min", "3000002")),
         "rules", 2, "min", "hold 300.0001"),
    Case("floor above most", both(
        put("rules", 2, "cluster", "display"), put("rules", 2, "lever", "talent"), put("rules", 2, "min", "4000001"),
    ), "rules", 2, "min", "its cells may take 400.00"),
    Case("share of fund above purses", add(
        "rules", rule="half", kind="share", region="east", fund="province", min="0.5", of="fund:province",
    ), "rules", 4, "rule", "no fund of the selection"),
    Case("share above most", both(
        add("cells", cluster="media", lever="talent", most="10"),
        add("rules", rule="half", kind="share", cluster="media", lever="talent", min="0.5", of="fund:nation"),
    ), "rules", 4, "min", "asks at least 400.00"),
    Case("nothing matches", put("rules", 2, "path", "indigenous"), "rules", 2, "rule", "nothing matches"),
    Case("base matches nothing", put("rules", 3, "of", "region=west; path=indigenous"), "rules", 3, "of", "nothing"),
    Case("no cluster on path", put("rules", 3, "path", "introduced"), "rules", 3, "rule", "nothing matches"),
    Case("count of awards", add("rules", rule="many", kind="count", min="9"), "rules", 4, "min", "at most 8 awards"),
    Case("count of clusters", add("rules", rule="many", kind="count", min="5", of="clusters"),
         "rules", 4, "min", "at most 4 clusters"),
    Case("count of what", add("rules", rule="many", kind="count", min="1", of="cluster"),
         "rules", 4, "of", "Did you mean 'clusters'"),
    Case("count not whole", add("rules", rule="many", kind="count", min="1.5"), "rules", 4, "min", "whole"),
    Case("change without last plan", add("rules", rule="calm", kind="change", min="-0.1"),
         "rules", 4, "rule", "needs the last plan"),
    Case("change of a fund, last plan without funds", both(
            add("last_plan", cluster="media", lever="finance", fund="", amount="100"),
            add("rules", rule="calm", kind="change", fund="province", min="-0.1")),
         "rules", 4, "fund", "does not say from which fund"),
    Case("change too far down", add("rules", rule="calm", kind="change", min="-1.1"), "rules", 4, "min", "-1..1000"),
    Case("change too far up", add("rules", rule="calm", kind="change", max="1001"), "rules", 4, "max", "-1..1000"),
    Case("lock without last plan", add("rules", rule="keep", kind="lock"), "rules", 4, "rule", "needs the last plan"),
    Case("lock of two amounts", add("rules", rule="keep", kind="lock", min="1", max="2"), "rules", 4, "max", "differ"),
    Case("lock below least", add("rules", rule="keep", kind="lock", cluster="display", lever="talent", min="400000"),
         "rules", 4, "rule", "0 or from 50.00"),
    Case("lock above most", add("rules", rule="keep", kind="lock", cluster="display", lever="talent", min="4000001"),
         "rules", 4, "rule", "400.0001"),
    Case("lock off the menu", both(menu(), add(
        "rules", rule="keep", kind="lock", cluster="media", lever="finance", min="150000",
    )), "rules", 4, "rule", "no level of its menu"),
    Case("lock of last award off the menu", both(
        menu(), add("last_plan", cluster="media", lever="finance", amount="7"),
        add("rules", rule="keep", kind="lock", cluster="media", lever="finance"),
    ), "rules", 4, "rule", "no level of its menu"),
    Case("locks that disagree", both(
        add("rules", rule="keep", kind="lock", cluster="media", min="100000"),
        add("rules", rule="stop", kind="lock", cluster="media", lever="talent", min="0"),
    ), "rules", 5, "rule", "an earlier lock holds media, talent at 10.00"),
    Case("lock of a closed cell", both(
        put("eligibility", 2, "lever", "finance"), put("rules", 2, "min", "1"),
        add("rules", rule="keep", kind="lock", cluster="display|media", lever="talent", min="600000"),
    ), "rules", 4, "rule", "no fund is open to it"),
    Case("locks above purses", add("rules", rule="keep", kind="lock", min="1500000"), "rules", 4, "min",
         "asks at least 1,200.00"),
]  # fmt: skip


@pytest.mark.parametrize("case", [*SHAPES, *KEYS, *FITS, *LEDGERS, *ARRIVING, *MONEY], ids=lambda case: case.name)
def test_a_bad_table_is_named(case: Case) -> None:
    """The fault names the place, says what is wrong, and does so in both languages."""
    check_case(case)


def test_faults_of_many_tables_come_at_once() -> None:
    """One refusal carries the faults of all tables, in their order."""
    tables = small_tables()
    for change in (
        put("clusters", 2, "weight", "-1"),
        put("clusters", 4, "scale", "ten"),
        put("levers", 2, "response", "cubic"),
        put("effectiveness", 9, "mean", ""),
        put("funds", 3, "amount", "nan"),
        put("rules", 2, "region", "nrth"),
        put("cells", 3, "lever", "roads"),
        put("spillovers", 2, "share", "x"),
    ):
        change(tables)
    found = faults_of(lambda: problem_from_tables(tables))
    assert {fault.table for fault in found} == {
        "clusters", "levers", "effectiveness", "funds", "rules", "cells", "spillovers",
    }  # fmt: skip
    assert len(found) == 8


def test_one_value_is_one_fault() -> None:
    """A value that cannot be read is not reported as missing as well."""
    tables = small_tables()
    put("funds", 2, "amount", "lots")(tables)
    assert len(faults_of(lambda: problem_from_tables(tables))) == 1


def test_a_flood_of_faults_is_cut() -> None:
    """At most two hundred faults are written out; the rest is a number."""
    tables = small_tables()
    tables["cells"] = pd.DataFrame({"cluster": [f"c{n}" for n in range(5000)], "lever": "talent", "least": "-1"})
    found = faults_of(lambda: problem_from_tables(tables))
    assert len(found) == MAX_LISTED + 1
    assert "and 9800 more faults" in found[-1].problem.en
    assert "9800" in found[-1].problem.zh


def test_a_table_switched_off_is_not_looked_at() -> None:
    """Faults of a table that is left out do not count, and a note says that it is left out."""
    tables = small_tables()
    put("spillovers", 2, "share", "x")(tables)
    with pytest.raises(InputError):
        problem_from_tables(tables)
    settings = ModelSettings(features=FeatureSwitches(spillovers=False))
    problem = problem_from_tables(tables, settings)
    assert any("spillovers is switched off" in note.en for note in problem.notes)
    assert not len(problem.spill_share)


def test_tables_must_be_a_mapping() -> None:
    """What is no mapping of names to frames is refused in words."""
    found = faults_of(lambda: problem_from_tables([1, 2]))  # type: ignore[arg-type]
    assert "no mapping" in found[0].problem.en


def test_both_figures_stand_in_chinese_too() -> None:
    """A floor above the money names both amounts in Chinese."""
    tables = small_tables()
    put("rules", 2, "min", "12000000")(tables)
    (fault,) = faults_of(lambda: problem_from_tables(tables))
    assert "1,200.00 万元" in fault.problem.zh
    assert "1,100.0001 万元" in fault.problem.zh
