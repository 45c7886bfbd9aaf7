"""What the arrays of programmes hold: picks, costs, gains and conditions worked out by hand."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from clusteropt.errors import InputError
from clusteropt.inputs import ModelSettings, problem_from_tables, read_problem
from clusteropt.inputs.check import make_check
from clusteropt.inputs.faults import Faults
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.inputs.programmes import Condition
from clusteropt.inputs.settings import ObjectiveSettings
from clusteropt.inputs.targets import most_outcome
from clusteropt.text import Text
from tests.small import small_tables

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.problem import Problem
    from clusteropt.inputs.programmes import Programmes

PROGRAMMES = """
    programme,option,name,name_zh,group,must,clusters,shares,lever,start,gain,lag,lasts,requires,take_up,excludes
    park,small,Small park,小园区,sites,yes,media|genes,,talent,2025|2026,4,,,,,
    lab,,,,,,genes,1,,,3,1,1,park:large|grid,1,
    park,large,,,,,media|genes,1|0.25,,2027|2026,8,1,,,,port
    grid,,Grid,,sites,,,,finance,2025,,,,,,
    port,,,,,yes,display,0.5,,2027,1,,9,park,,lab|park:large
"""
COSTS = """
    programme,option,fund,after,cost
    park,large,nation,1,70
    lab,,province,,5
    park,small,nation,0,30
    park,large,province,0,40
    grid,,nation,2,0
    port,,nation,3,9
"""


def frame(text: str) -> pd.DataFrame:
    """Write a table from lines of values."""
    lines = [line.strip().split(",") for line in text.strip().splitlines()]
    return pd.DataFrame(lines[1:], columns=lines[0], dtype=object)


def three_years() -> dict[str, pd.DataFrame]:
    """Give the small model over three years."""
    tables = small_tables()
    funds = tables["funds"]
    tables["funds"] = pd.concat([funds.assign(year=str(year)) for year in (2025, 2026, 2027)], ignore_index=True)
    return tables


def read(programmes: str = PROGRAMMES, costs: str | None = COSTS, settings: ModelSettings | None = None) -> Problem:
    """Read the small model over three years with programmes."""
    tables = three_years() | {"programmes": frame(programmes)}
    if costs is not None:
        tables["programme_costs"] = frame(costs)
    return problem_from_tables(tables, settings)


def taken(problem: Problem) -> Programmes:
    """Give the programmes of a problem that has some."""
    assert problem.programmes is not None
    return problem.programmes


def rows(*columns: np.ndarray) -> list[tuple[float, ...]]:
    """Put columns side by side."""
    return list(zip(*(column.tolist() for column in columns), strict=True))


def conditions(programmes: str) -> dict[str, Condition]:
    """Read conditions by their names."""
    return {condition.name: condition for condition in taken(read(programmes, None)).conditions}


def test_options_stand_programme_by_programme() -> None:
    """Programmes come as they first appear, options in the order of their rows; names are the key where empty."""
    found = taken(read())
    assert found.programme == ("park", "park", "lab", "grid", "port")
    assert found.option == ("small", "large", "", "", "")
    assert found.names[0] == Text("Small park", "小园区")
    assert found.names[1] == Text("park:large", "park:large")
    assert found.names[2:4] == (Text("lab", "lab"), Text("Grid", "Grid"))
    assert found.lever.tolist() == [0, -1, -1, 1, -1]


def test_a_pick_is_an_option_and_a_start_year() -> None:
    """Years increase, whatever their order in the row; an empty start is any year of the plan."""
    found = taken(read())
    assert rows(found.pick_option, found.pick_year) == [
        (0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2), (3, 0), (4, 2),
    ]  # fmt: skip
    assert found.num_picks == 9


def test_costs_fall_after_the_start() -> None:
    """Every pick carries the costs of its option; those behind the plan keep their year, and those of 0 are dropped."""
    found = taken(read())
    assert rows(found.cost_pick, found.cost_fund, found.cost_year, found.cost) == [
        (0, 0, 0, 30),
        (1, 0, 1, 30),
        (2, 0, 2, 70), (2, 1, 1, 40),
        (3, 0, 3, 70), (3, 1, 2, 40),
        (4, 1, 0, 5), (5, 1, 1, 5), (6, 1, 2, 5),
        (8, 0, 5, 9),
    ]  # fmt: skip


def test_gains_are_split_and_last() -> None:
    """Equal parts where no shares are given; from the lag on, for as long as they last, inside the plan."""
    found = taken(read())
    assert rows(found.gain_pick, found.gain_cluster, found.gain_year, found.gain) == [
        (0, 2, 0, 2.0), (0, 2, 1, 2.0), (0, 2, 2, 2.0), (0, 3, 0, 2.0), (0, 3, 1, 2.0), (0, 3, 2, 2.0),
        (1, 2, 1, 2.0), (1, 2, 2, 2.0), (1, 3, 1, 2.0), (1, 3, 2, 2.0),
        (2, 2, 2, 8.0), (2, 3, 2, 2.0),
        (4, 3, 1, 3.0), (5, 3, 2, 3.0),
        (8, 0, 2, 0.5),
    ]  # fmt: skip


def test_conditions_are_sums_of_picks() -> None:
    """Programmes first, then groups, requires pick by pick, and excludes."""
    park, lab = (0, 1, 2, 3), (4, 5, 6)
    assert taken(read()).conditions == (
        Condition("programme park", park, (1, 1, 1, 1), None, 1),
        Condition("programme lab", lab, (1, 1, 1), None, 1),
        Condition("programme grid", (7,), (1,), None, 1),
        Condition("programme port", (8,), (1,), 1, 1),
        Condition("group sites", (0, 1, 7), (1, 1, 1), 1, 1),
        Condition("requires lab 2025", (4, 7), (-1, 1), 0, None),
        Condition("requires lab 2026", (2, 5, 7), (1, -1, 1), 0, None),
        Condition("requires lab 2027", (2, 3, 6, 7), (1, 1, -1, 1), 0, None),
        Condition("requires port 2027", (0, 1, 2, 3, 8), (1, 1, 1, 1, -1), 0, None),
        Condition("excludes park:large, port", (2, 3, 8), (1, 1, 1), None, 1),
        Condition("excludes port, lab", (4, 5, 6, 8), (1, 1, 1, 1), None, 1),
        Condition("excludes port, park:large", (2, 3, 8), (1, 1, 1), None, 1),
    )  # fmt: skip


def test_all_that_is_required_is_needed_where_nothing_else_is_said() -> None:
    """Without take_up the coefficient of the pick is the number of names; an option named twice over counts twice."""
    found = conditions("programme,option,start,requires\na,,2025,\nb,x,2025,\nb,y,2025,\nc,z,2025,a|b|b:x")
    assert found["requires c:z 2025"] == Condition("requires c:z 2025", (0, 1, 2, 3), (1, 2, 1, -3), 0, None)


def test_must_without_a_group_is_of_the_programme() -> None:
    """A row in a group that must speaks for its group, one without for its programme."""
    found = conditions("programme,option,group,must\na,x,g,yes\na,y,,\nb,,g,no\nc,x,,no\nc,y,,yes")
    least = {name: condition.least for name, condition in found.items()}
    assert least == {"programme a": None, "programme b": None, "programme c": 1, "group g": 1}


def test_programmes_may_require_each_other() -> None:
    """A circle can hold, as all may start in the same year; what must be taken then can be."""
    found = conditions("programme,must,requires\na,yes,b\nb,,a")
    assert found["requires a 2025"] == Condition("requires a 2025", (0, 3), (-1, 1), 0, None)
    assert found["requires b 2026"] == Condition("requires b 2026", (0, 1, 4), (1, 1, -1), 0, None)


def test_what_must_be_taken_may_need_one_that_waits() -> None:
    """A start is refused only where no start year is left."""
    start = "programme,must,start,requires,take_up\na,,2027,,\nb,,2025,a,\nc,yes,2025|2026|2027,a|b,"
    assert read(start + "1", None).programmes is not None
    with pytest.raises(InputError, match="'c' must be taken"):
        read(start + "2", None)


def test_a_part_of_a_gain_is_rounded_once() -> None:
    """A third of a gain is the float next to it, and a share of nine decimals counts in full."""
    found = taken(
        read("programme,clusters,shares,start,gain\na,media|genes|drugs,,2027,0.7\nb,media,0.123456789,2027,0.3", None)
    )
    third = float(Fraction(0.7) / 3)
    assert found.gain.tolist() == [third, third, third, float(Fraction(0.3) * Fraction(123456789, 10**9))]


def test_a_share_of_nothing_is_no_gain() -> None:
    """Only what is positive stands among the gains."""
    found = taken(read("programme,clusters,shares,start,gain\na,media|genes,0|1.0,2027,5\nb,media,,,0\nc,,,,", None))
    assert rows(found.gain_pick, found.gain_cluster, found.gain) == [(0, 3, 5.0)]


def test_tables_without_rows_are_none() -> None:
    """No programmes, and none where the tables have only headers."""
    assert problem_from_tables(three_years()).programmes is None
    assert read("programme,option", "programme,fund,cost").programmes is None


def test_programmes_need_no_costs() -> None:
    """Without costs the arrays of costs are empty and whole."""
    found = taken(read("programme\na", None))
    for array in (found.cost_pick, found.cost_fund, found.cost_year, found.cost, found.gain_cluster):
        assert array.dtype == np.int64
        assert not len(array)


def test_arrays_are_read_only() -> None:
    """Nobody writes into the arrays of a problem."""
    with pytest.raises(ValueError, match="read-only"):
        taken(read()).cost[0] = 1


def test_numbers_of_frames_are_read() -> None:
    """Years, counts and shares of one cluster may stand as numbers."""
    tables = three_years()
    tables["programmes"] = pd.DataFrame(
        {"programme": ["a", "b"], "start": [2026, None], "clusters": ["media", None], "shares": [0.5, None],
         "gain": [4.0, None], "lag": [1, 0], "requires": ["b", None], "take_up": [1, None]},
    )  # fmt: skip
    tables["programme_costs"] = pd.DataFrame({"programme": ["a"], "fund": ["nation"], "after": [1], "cost": [10]})
    found = taken(problem_from_tables(tables))
    assert rows(found.pick_option, found.pick_year) == [(0, 1), (1, 0), (1, 1), (1, 2)]
    assert rows(found.gain_cluster, found.gain_year, found.gain) == [(2, 2, 2.0)]
    assert rows(found.cost_pick, found.cost_year, found.cost) == [(0, 2, 10)]


def test_a_fund_of_programmes_alone_is_good() -> None:
    """A fund that nobody may draw on, and that no row of eligibility opens, may pay for programmes."""
    tables = three_years()
    extra = tables["funds"].query("fund == 'nation'").assign(fund="sites", name="Site fund", name_zh="园区资金")
    tables["funds"] = pd.concat([tables["funds"], extra], ignore_index=True)
    with pytest.raises(InputError, match="no row of eligibility opens this fund"):
        problem_from_tables(tables)
    tables["programmes"], tables["programme_costs"] = frame("programme\na"), frame("programme,fund,cost\na,sites,5")
    problem = problem_from_tables(tables)
    assert taken(problem).cost_fund.tolist() == [2, 2, 2]
    assert 2 not in problem.draw_fund


def test_a_target_may_need_programmes() -> None:
    """The best pick of every programme counts towards what can be reached, weighted, discounted and spilt over."""
    text = "programme,option,clusters,start,gain\na,x,media,2027,1000\na,y,media,2025,1000\na,z,display,2025,800"
    settings = ModelSettings(objective=ObjectiveSettings(discount=1.0))
    problem = read(text, None, settings)
    most = most_outcome(make_check(problem, Faults()))
    without = most_outcome(make_check(replace(problem, programmes=None), Faults()))
    # Media counts 1.5, and a tenth of it for genes, which count 3: 1800 a year, over 1 + 1/2 + 1/4.
    assert most - without == pytest.approx(1800 * 1.75)
    for target, says in ((most * 0.999, None), (most * 1.001, "of all cells and programmes")):
        least = ObjectiveSettings(kind=ObjectiveKind.LEAST_MONEY, target=target, discount=1.0)
        with nullcontext() if says is None else pytest.raises(InputError, match=says):
            read(text, None, ModelSettings(objective=least))


def test_a_harmful_programme_is_not_counted_on() -> None:
    """A programme whose every pick takes away, by a spill-over that harms, adds nothing to what can be reached."""
    tables = three_years() | {"programmes": frame("programme,clusters,gain\na,media,100")}
    tables["spillovers"].loc[0, "share"] = "-1"
    problem = problem_from_tables(tables)
    without = replace(problem, programmes=None)
    assert most_outcome(make_check(problem, Faults())) == most_outcome(make_check(without, Faults()))


def test_a_folder_is_read_as_frames_are(tmp_path: Path) -> None:
    """CSV files give the same programmes, and are kept to be written beside a plan."""
    tables = three_years() | {"programmes": frame(PROGRAMMES), "programme_costs": frame(COSTS)}
    for name, table in tables.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    (tmp_path / "model.toml").write_text('[tables]\nfolder = "."\n', encoding="utf-8")
    problem = read_problem(tmp_path / "model.toml")
    assert taken(problem).conditions == taken(read()).conditions
    assert problem.kept is not None
    assert {"programmes", "programme_costs"} <= problem.kept.tables.keys()
    assert {"programmes", "programme_costs"} <= problem.digests.keys()


def test_a_late_chain_is_followed_to_its_end() -> None:
    """A thousand programmes that each require the next are put off until the last can start."""
    lines = [f"p{number},,p{number + 1}" for number in range(1000)]
    table = "programme,start,requires\n" + "\n".join([*lines, "p1000,2027,"])
    assert taken(read(table, None)).num_picks == 3001
    late = table.replace("programme,start", "programme,must,start").replace(",,p", ",,,p").replace("p1000,", "p1000,,")
    with pytest.raises(InputError, match="'p0' must be taken"):
        read(late.replace("p0,,,", "p0,yes,2026,"), None)
