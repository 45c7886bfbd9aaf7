"""Programmes that cannot be read: every fault at once, with its remedy, in both languages."""

from __future__ import annotations

import pandas as pd
import pytest
from tests.bad_inputs.bad_case import Case, add, both, check_case, faults_of, put
from tests.small import small_tables

from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.inputs.settings import FeatureSwitches, ObjectiveSettings
from clusteropt.text import Language

COLUMNS = (
    "programme", "option", "group", "must", "clusters", "shares", "lever", "start", "gain", "lag", "lasts",
    "requires", "take_up", "excludes",
)  # fmt: skip


def option(programme: str, key: str = "", **values: object) -> object:
    """Add one option; the first stands in row 2."""
    return add("programmes", **{**dict.fromkeys(COLUMNS, ""), "programme": programme, "option": key, **values})


def cost(programme: str, key: str = "", **values: object) -> object:
    """Add one cost; the first stands in row 2."""
    given = {"programme": programme, "option": key, "fund": "nation", "after": "", "cost": "5"}
    return add("programme_costs", **{**given, **values})


def park(*more: object, **values: object) -> object:
    """Add a programme of two options, the first with some values, and more changes; what comes next is in row 4."""
    return both(option("park", "small", **values), option("park", "large"), *more)  # type: ignore[arg-type]


def two_years(tables: dict[str, pd.DataFrame]) -> None:
    """Plan two years instead of one."""
    frame = tables["funds"]
    tables["funds"] = pd.concat([frame, frame.assign(year="2026")], ignore_index=True)


T = "programmes"
C = "programme_costs"
NAMES = [
    Case("no key", add(T, programme="", gain="0"), T, 2, "programme", "value is missing"),
    Case("no column of keys", add(T, option="a"), T, None, "programme", "column is missing"),
    Case("slip in header", add(T, programme="p", gian="1"), T, None, "gian", "Did you mean 'gain'"),
    Case("option twice", park(option("park", "small")), T, 4, "programme, option", "already in row 2"),
    Case("only option twice", both(option("lab"), option("lab")), T, 3, "programme, option", "already in row 2"),
    Case("one option of several without a key", park(option("park")), T, 4, "option", "this one has no key"),
    Case("sign in a programme", option("park:a"), T, 2, "programme", "the key holds :"),
    Case("sign in an option", option("park", "a:b"), T, 2, "option", "the key holds :"),
    Case("joiner in a programme", option("a|b"), T, 2, "programme", "cannot hold | or ;"),
    Case("programme in two ways", both(option("park", "a"), option("Park", "b")), T, 3, "programme", "case, width"),
    Case("group in two ways", park(option("lab", group="one"), option("x", group="One")), T, 5, "group", "case, width"),
    Case("unknown lever", option("lab", lever="talents"), T, 2, "lever", "Did you mean 'talent'"),
    Case("unknown cluster", option("lab", clusters="medias", gain="1"), T, 2, "clusters", "Did you mean 'media'"),
    Case("cluster twice", option("lab", clusters="media| media", gain="1"), T, 2, "clusters", "'media' stands there"),
    Case("empty cluster", option("lab", clusters="media|", gain="1"), T, 2, "clusters", "no cluster ''"),
    Case("required by no such name", option("lab", requires="parks"), T, 2, "requires", "no programme 'parks'"),
    Case("required by a name like one", park(option("lab", requires="parc")), T, 4, "requires", "Did you mean 'park'"),
    Case("required option unknown", park(option("lab", requires="park:larg")), T, 4, "requires", "mean 'large'"),
    Case("required option of none", park(option("lab", requires="park:")), T, 4, "requires", "none is named"),
    Case("option of one without", both(option("lab"), option("x", requires="lab:big")), T, 3, "requires", "has no key"),
    Case("required twice", park(option("lab", requires="park:small|park : small")), T, 4, "requires", "twice"),
    Case("excluded by no such name", option("lab", excludes="parks"), T, 2, "excludes", "no programme 'parks'"),
    Case("excluded option unknown", park(option("lab", excludes="park:huge")), T, 4, "excludes", "no option 'huge'"),
    Case("excluded twice", park(option("lab", excludes="park|park")), T, 4, "excludes", "stands there twice"),
    Case("requires itself", option("lab", requires="lab"), T, 2, "requires", "cannot require itself"),
    Case("requires an own option", park(requires="park:large"), T, 2, "requires", "cannot require itself"),
    Case("excludes itself", option("lab", excludes="lab"), T, 2, "excludes", "cannot exclude itself"),
    Case("excludes an own option", park(excludes="park:large"), T, 2, "excludes", "at most one is taken anyway"),
]  # fmt: skip
VALUES = [
    Case("must of no word", option("lab", must="maybe"), T, 2, "must", "none of the words"),
    Case("start outside of the plan", option("lab", start="2024"), T, 2, "start", "no year '2024'"),
    Case("start partly outside", option("lab", start="2025|2026"), T, 2, "start", "no year '2026'"),
    Case("start of no number", option("lab", start="soon"), T, 2, "start", "no year 'soon'"),
    Case("start twice", option("lab", start="2025|2025"), T, 2, "start", "'2025' stands there twice"),
    Case("gain of nobody", option("lab", gain="1"), T, 2, "clusters", "no cluster that gains"),
    Case("gain below nothing", option("lab", gain="-1", clusters="media"), T, 2, "gain", "below 0"),
    Case("gain in per cent", option("lab", gain="5%", clusters="media"), T, 2, "gain", "percentage"),
    Case("too few shares", option("lab", clusters="media|genes", shares="0.5", gain="1"), T, 2, "shares",
         "there are 1 shares for 2 clusters"),
    Case("too many shares", option("lab", clusters="media", shares="0.5|0.5", gain="1"), T, 2, "shares",
         "there are 2 shares for 1 clusters"),
    Case("share above one", option("lab", clusters="media", shares="1.5", gain="1"), T, 2, "shares", "0 to 1"),
    Case("share below nothing", option("lab", clusters="media", shares="-0.1", gain="1"), T, 2, "shares", "0 to 1"),
    Case("share too fine", option("lab", clusters="media", shares="0.1234567891", gain="1"), T, 2, "shares",
         "more than 9 decimals"),
    Case("share in per cent", option("lab", clusters="media", shares="50%", gain="1"), T, 2, "shares", "Write 0.5"),
    Case("share empty", option("lab", clusters="media|genes", shares="1|", gain="1"), T, 2, "shares", "not a number"),
    Case("shares without clusters", option("lab", shares="0.5"), T, 2, "shares", "shares is given without clusters"),
    Case("lag below nothing", option("lab", lag="-1"), T, 2, "lag", "below 0"),
    Case("lag of half a year", option("lab", lag="0.5"), T, 2, "lag", "not a whole number"),
    Case("lag of ages", option("lab", lag="101"), T, 2, "lag", "above 100"),
    Case("lasts no year", option("lab", lasts="0"), T, 2, "lasts", "below 1"),
    Case("take-up of none", park(option("lab", requires="park", take_up="0")), T, 4, "take_up", "below 1"),
    Case("take-up above all", park(option("lab", requires="park", take_up="2")), T, 4, "take_up", "asks for 2 of 1"),
    Case("take-up of nothing", option("lab", take_up="1"), T, 2, "take_up", "take_up is given without requires"),
]  # fmt: skip
COSTS = [
    Case("costs without programmes", cost("lab"), C, 2, "programme", "no programme 'lab'"),
    Case("cost of no programme", park(cost("prak", "small")), C, 2, "programme", "Did you mean 'park'"),
    Case("cost of no option", park(cost("park", "smal")), C, 2, "option", "Did you mean 'small'"),
    Case("cost of none of the options", park(cost("park")), C, 2, "option", "none is named"),
    Case("cost of an option of one without", both(option("lab"), cost("lab", "big")), C, 2, "option", "has no key"),
    Case("cost of no fund", park(cost("park", "small", fund="nations")), C, 2, "fund", "Did you mean 'nation'"),
    Case("cost without a fund", park(cost("park", "small", fund="")), C, 2, "fund", "value is missing"),
    Case("cost of no amount", park(cost("park", "small", cost="")), C, 2, "cost", "value is missing"),
    Case("cost below nothing", park(cost("park", "small", cost="-1")), C, 2, "cost", "below 0"),
    Case("cost of half a unit", park(cost("park", "small", cost="1.5")), C, 2, "cost", "not a whole number"),
    Case("cost before the start", park(cost("park", "small", after="-1")), C, 2, "after", "below 0"),
    Case("cost twice", park(cost("park", "small"), cost("park", "small")), C, 3, "programme, option, fund, after",
         "already in row 2"),
    Case("cost twice, once in words", park(cost("park", "small"), cost("park", "small", after="0")), C, 3, "after",
         "empty and 0 years are the same"),
    Case("costs too large", lambda tables: tables.update(
        programmes=pd.DataFrame([{"programme": "lab", "option": f"o{n}"} for n in range(4700)], dtype=object),
        programme_costs=pd.DataFrame([{"programme": "lab", "option": f"o{n}", "fund": "nation", "cost": 10**15}
                                      for n in range(4700)], dtype=object)), C, None, "cost", "more than 2**62"),
]  # fmt: skip
TOGETHER = [
    Case("group of one", park(group="one"), T, 2, "group", "this row only"),
    Case("too many picks", both(two_years, lambda tables: tables.update(programmes=pd.DataFrame(
        {"programme": [f"p{number}" for number in range(50_001)]}, dtype=object))), T, None, "start",
         "make 100,002 picks"),
    Case("too much on picks", lambda tables: tables.update(programmes=pd.DataFrame(
        [{"programme": "p", "option": f"o{number}"} for number in range(3000)]
        + [{"programme": f"q{number}", "excludes": "p"} for number in range(2000)], dtype=object).fillna("")),
         T, None, "start", "at most 5,000,000 fit"),
    Case("must that comes too late", both(two_years, option("park", start="2026"),
         option("lab", start="2025", must="yes", requires="park")), T, 3, "must", "one of 'lab' must be taken"),
    Case("must that waits for what is too late", both(two_years, option("park", start="2026"),
         option("mid", start="2025", requires="park"), option("lab", must="yes", requires="mid")),
         T, 4, "must", "one of 'lab' must be taken"),
    Case("must of what it excludes", both(option("park"), option("lab", must="yes", requires="park", excludes="park")),
         T, 3, "must", "is excluded"),
    Case("must of what excludes it", both(option("park", excludes="lab"), option("lab", must="yes", requires="park")),
         T, 3, "must", "is excluded"),
    Case("must of a group that is too late", both(two_years, option("park", start="2026"),
         option("a", start="2025", group="one", must="yes", requires="park"),
         option("b", start="2025", group="one", requires="park")), T, 3, "must", "one of 'one' must be taken"),
    Case("fund for nobody", both(put("eligibility", 3, "path", "introduced"),
         option("lab"), cost("lab", fund="province", cost="0")), "funds", None, "fund", "may draw on"),
    Case("target above programmes and cells", option("lab", gain="1", clusters="media"), "model", None,
         "objective.target", "of all cells and programmes",
         ModelSettings(objective=ObjectiveSettings(kind=ObjectiveKind.LEAST_MONEY, target=1e6))),
]  # fmt: skip


@pytest.mark.parametrize("case", [*NAMES, *VALUES, *COSTS, *TOGETHER], ids=lambda case: case.name)
def test_a_bad_programme_is_named(case: Case) -> None:
    """The fault stands at the row and column, and says what to do."""
    check_case(case)


@pytest.mark.parametrize("case", [*NAMES[2:], *VALUES, *COSTS], ids=lambda case: case.name)
def test_a_bad_programme_is_one_fault(case: Case) -> None:
    """What is wrong with one value is said once."""
    tables = small_tables()
    case.change(tables)
    found = faults_of(lambda: problem_from_tables(tables, case.settings))
    assert len(found) == 1, "\n".join(fault.read(Language.EN) for fault in found)


def test_faults_of_programmes_come_at_once() -> None:
    """Names, values and costs that are wrong are named together, and beside those of other tables."""
    tables = small_tables()
    park(
        option("lab", must="maybe", start="1999", clusters="nobody", gain="x", requires="nothing"),
        cost("park", "huge", fund="none", cost="-1"),
        put("cells", 3, "lever", "roads"),
    )(tables)  # type: ignore[operator]
    found = {(fault.table, fault.column) for fault in faults_of(lambda: problem_from_tables(tables))}
    programmes = {(T, column) for column in ("must", "start", "clusters", "gain", "requires")}
    assert found == programmes | {(C, column) for column in ("option", "fund", "cost")} | {("cells", "lever")}


def test_programmes_switched_off_are_not_looked_at() -> None:
    """The switch leaves both tables out, and a note says so of each."""
    tables = small_tables()
    both(option("lab", gain="x"), cost("park", cost="y"))(tables)  # type: ignore[arg-type]
    problem = problem_from_tables(tables, ModelSettings(features=FeatureSwitches(programmes=False)))
    assert problem.programmes is None
    for table in (T, C):
        assert any(f"{table} is switched off" in note.en for note in problem.notes)
