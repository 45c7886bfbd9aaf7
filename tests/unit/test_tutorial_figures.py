"""What tutorials on years, rules, programmes, soft floors and re-plans print, against figures worked out by hand."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import defaultdict
from functools import cache
from itertools import product
from math import log
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TUTORIALS = Path(__file__).resolve().parents[2] / "docs" / "tutorials"


@cache
def printed(script: str) -> list[str]:
    """Run a tutorial and give its lines, with single spaces."""
    command = [sys.executable, "-X", "utf8", str(TUTORIALS / f"{script}.py")]
    found = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    return [" ".join(line.split()) for line in found.stdout.splitlines()]


def after(script: str, title: str, number: int) -> list[str]:
    """Give so many lines after the one that starts with the title."""
    lines = printed(script)
    (place,) = (k for k, line in enumerate(lines) if line == title or line.startswith((f"{title}: ", f"{title} [")))
    return lines[place + 1 :][:number]


LEDGERS = {
    # Equal years, so equal parts of what there is.
    "Yearly purses": ["12 12 0", "0 0 0", "0 0 0"],
    "What is left may wait": ["12 0 0 0 4 0 8", "0 8 0 0 4 0 4", "0 4 0 0 4 0 0"],
    # 0.34 of 12 is 4.08, of which 4 whole yuan wait.
    "About a third of the amount may wait": ["12 0 0 0 8 0 4", "0 4 0 0 2 0 2", "0 2 0 0 2 0 0"],
    "What waits lapses after one year": ["12 0 0 0 6 0 6", "0 6 0 0 6 0 0", "0 0 0 0 0 0 0"],
    # 5 a year; the 4 of 2026 are paid in 2027, with 1 of its own 6.
    "Order of use": ["9 0 0 0 5 0 4", "6 4 0 0 5 0 5", "0 5 0 0 5 0 0"],
    # 20 less 8 are 12, half each.
    "A commitment, and money that may wait for it": ["10 0 0 0 6 0 4", "10 4 0 8 6 0 0"],
    "Loans": ["12 0 0 0 12 0 0", "0 0 0 0 0 0 0", "0 0 6 0 6 0 0", "0 0 6 0 6 0 0"],
    "A guarantee": ["12 0 0 0 12 0 0", "0 0 0 0 0 0 0", "0 0 12 0 12 0 0"],
    # 1 / (1 + x / 10) = v / (1 + y / 10) and x + y = 16: 8 and 8 at v = 1, 10 and 6 at v = 0.8.
    "Discounted at 0": ["16 0 0 0 8 0 8", "0 8 0 0 8 0 0"],
    "Discounted at 0.25": ["16 0 0 0 10 0 6", "0 6 0 0 6 0 0"],
}


@pytest.mark.parametrize("title", LEDGERS)
def test_cash_flows(title: str) -> None:
    """Held, carried in, returned, committed, awarded, unspent and carried out, year by year."""
    rows = LEDGERS[title]
    assert after("years", title, len(rows) + 1)[1:] == [f"{2026 + k} {row}" for k, row in enumerate(rows)]


def test_instruments() -> None:
    """Shares 6 and 9 with 2 private yuan each, loans of 12 three times with 1, guarantees 10 and 8 with 4: 207."""
    assert "Instruments: worth 207" in printed("years")
    assert 3 * (6 + 9) + 2 * (12 + 12 + 12) + 5 * (10 + 8) == 207
    rows = ["young share 2026 6", "young share 2028 9", *(f"supplier loan {year} 12" for year in (2026, 2027, 2028)),
            "leader guarantee 2026 10", "leader guarantee 2028 8"]  # fmt: skip
    lines = after("years", "Instruments", 12)
    assert lines[1:8] == rows
    assert lines[9:] == ["share 15 30", "loan 36 36", "guarantee 18 72"]


def lasting_money(num_years: int) -> set[tuple[int, ...]]:
    """Try all money for talent, of both clusters, in three years; the rest goes to the fair in even parts."""
    worth: dict[tuple[int, ...], float] = {}
    for split in product([(first, second) for first in range(7) for second in range(7 - first)], repeat=3):
        totals = tuple(map(sum, split))
        value = sum(
            5 * log(1 + part / 5) for money in totals for part in ((6 - money) // 2, 6 - money - (6 - money) // 2)
        )
        for cluster in (0, 1):
            stock = 0.0
            for year in range(num_years):
                stock = 0.8 * stock + (split[year][cluster] if year < 3 else 0)
                value += 0.4 * 5 * log(1 + stock / 5)
        worth[totals] = max(value, worth.get(totals, 0.0))
    return {totals for totals in worth if worth[totals] > max(worth.values()) - 1e-9}


@pytest.mark.parametrize(("num_years", "name"), [(3, "the plan alone"), (6, "with three years behind it")])
def test_the_end_of_the_plan(num_years: int, name: str) -> None:
    """The money for talent is one of the best of all."""
    (line,) = (line for line in printed("years") if line.startswith(name))
    assert tuple(map(int, line.partition(": ")[2].split(", "))) in lasting_money(num_years)


def test_fair_over_all_years() -> None:
    """All 30 yuan for alpha are 60 and 0; 10 yuan at 2 and 20 at 1, in different years, are 20 for both."""
    assert after("years", "Total outcome", 6)[1:] == ["alpha talent 2026 10", "alpha talent 2027 20", "region outcome",
                                                      "north 60.0", "south 0.0"]  # fmt: skip
    assert after("years", "Worst region first", 6)[1:] == ["alpha talent 2026 10", "beta talent 2027 20",
                                                           "region outcome", "north 20.0", "south 20.0"]  # fmt: skip


def test_the_form_adds_up() -> None:
    """Six awards of 1666 or 1667 yuan, each printed as 0.16 or 0.17; rows, columns and the whole add up to 1.00."""
    exact = [list(map(int, line.split()[-2:])) for line in after("years", "In whole yuan", 4)[1:]]
    assert {amount for row in exact for amount in row} <= {1666, 1667}
    assert sum(map(sum, exact)) == 10_000
    *rows, totals = [[round(100 * float(x)) for x in line.split()[-3:]] for line in after("years", "As printed", 5)[1:]]
    assert all(row[0] + row[1] == row[2] and {row[0], row[1]} <= {16, 17} for row in rows)
    assert [sum(column) for column in zip(*rows, strict=True)] == totals == [50, 50, 100]


def money(title: str) -> dict[str, list[int]]:
    """Give the yearly money of every cluster and fund from what a plan under rules prints, and their sums."""
    found, cluster = defaultdict(lambda: [0, 0, 0]), ""
    for line in after("repeats", title, 30):
        words = line.split()
        if words[0] == "year" or not all(word.isdigit() for word in words[-3:]):
            if found:
                break
            continue
        cluster, fund = (words[0], words[1]) if len(words) == 5 else (cluster, words[0])
        for name in (cluster, fund):
            found[name] = [a + int(b) for a, b in zip(found[name], words[-3:], strict=True)]
    return dict(found)


RULES = {
    # 50 and 20 times 1.2, 1.2 and 1.2, rounded down year by year.
    "Ramp": {"alpha": [60, 72, 86], "beta": [24, 28, 33]},
    # 70 last year: 80, 90 and 100, shared as 50 to 40.
    "Ramp in yuan": {"alpha": [44, 50, 56], "beta": [36, 40, 44]},
    # 160 shared as 50 to 40; in 2027 all of them to alpha.
    "Every second year": {"alpha": [89, 160, 89], "beta": [71, 0, 71]},
    # A tenth of 900, and 120, in three years.
    "Rate and cap": {"alpha": [30, 30, 30], "beta": [40, 40, 40]},
    # 50 ln 3 + 40 ln 2.5 = 91.6 is more than 50 ln 2.2 + 40 ln 3.5 = 89.5.
    "One purse for an award": {"alpha": [100] * 3, "beta": [60] * 3},
    # The 60 local yuan may go with all 100: as if there were no rule.
    "Matching money": {"alpha": [89] * 3, "beta": [71] * 3, "local": [60] * 3, "national": [100] * 3},
    # Whole tenths: 6 on 60 and 4 on 40.
    "Top-up": {"alpha": [66] * 3, "beta": [44] * 3, "local": [10] * 3, "national": [100] * 3},
    # A third of 45 and of 120 a year.
    "Interest": {"alpha": [15] * 3, "beta": [40] * 3},
    # The second 40 are worth 50 ln(130 / 90) = 18.4 in alpha and 40 ln(120 / 80) = 16.2 in beta.
    "Exceptions": {"alpha": [80] * 3, "beta": [40] * 3, "local": [40] * 3, "national": [80] * 3},
    # 10 and 40 of their own go with 20 and 80.
    "Own means": {"alpha": [30] * 3, "beta": [120] * 3, "national": [100] * 3, "north": [10] * 3, "south": [40] * 3},
    # A fifth of 1,501 in three years.
    "Own means, and a cap of the subsidy": {"alpha": [30] * 3, "beta": [100] * 3, "north": [10] * 3},
}


@pytest.mark.parametrize("title", RULES)
def test_money_under_rules(title: str) -> None:
    """The money of clusters, and of funds where it is the only best one, year by year."""
    found = money(title)
    assert {name: found[name] for name in RULES[title]} == RULES[title]


def best_awards(purses: tuple[int, ...], moved: int = 3, least: int = 0) -> float:
    """Try all awards to alpha, the rest to beta; alpha moves in a year, if its stock has reached the least before."""
    best = float("-inf")
    for awards in product(*(range(purse + 1) for purse in purses)):
        value, alpha, beta = 0.0, 0.0, 0.0
        for year, (award, purse) in enumerate(zip(awards, purses, strict=True)):
            if year == moved and alpha < least:
                break
            alpha, beta = alpha / 2 + award, beta / 2 + purse - award
            value += 10 * (log(1 + alpha / 10) * (2 if year >= moved else 1) + log(1 + beta / 10))
        else:
            best = max(best, value)
    return best


@cache
def spent(costs: tuple[int, ...]) -> float:
    """Give what awards are worth after these costs of the three years; nothing where a purse does not hold them."""
    return float("-inf") if max(costs) > 10 else best_awards(tuple(10 - cost for cost in costs))


def costs_of(*payments: tuple[int, int]) -> tuple[int, ...]:
    """Sum payments by year; what falls behind the plan is no cost of it."""
    return tuple(sum(cost for when, cost in payments if when == year) for year in range(3))


def parks() -> Iterator[tuple[str, int, list[tuple[int, int]], float]]:
    """Give the option of the park, its start, its payments and its gain."""
    yield "", 3, [], 0.0
    for start in range(3):
        yield "small", start, [(start, 4)], 3.0 * (3 - start)
        yield "large", start, [(start, 6), (start + 1, 6)], 8.0 * (3 - start)


def test_one_option_at_most() -> None:
    """The large park, at once: the best of all options and years."""
    best = max(spent(costs_of(*paid)) + gain for _, _, paid, gain in parks())
    assert f"One option at most: worth {best:.3f}" in printed("programmes")
    assert after("programmes", "One option at most", 2)[1] == "park large 2026 12 24.0"


def test_requires_and_excludes() -> None:
    """The laboratory starts with the large park or after it, and without the fair of 2026."""
    worth = []
    for option, start, paid, gain in parks():
        worth.append(spent(costs_of(*paid)) + gain)
        worth.append(spent(costs_of(*paid, (0, 1))) + gain + 1)
        labs = range(start, 3) if option == "large" else range(0)
        worth += [spent(costs_of(*paid, (lab, 3))) + gain + 2 * (3 - lab) for lab in labs]
    assert f"Requires and excludes: worth {max(worth):.3f}" in printed("programmes")


def test_take_up() -> None:
    """The network opens once both have joined for 2 each; each of them gains 2 a year, and it need not open."""
    joint = max(spent(costs_of((year, 2), (year, 2))) + 4 * (3 - year) for year in range(3))
    assert f"Take-up: worth {max(joint, spent((0, 0, 0))):.3f}" in printed("programmes")


def test_a_path_that_changes() -> None:
    """Alpha moves in 2027 or 2028 for 4, once its stock has reached 5, and is worth twice as much from then on."""
    moves = [best_awards(tuple(10 - 4 * (year == move) for year in range(3)), move, 5) for move in (1, 2)]
    assert moves[0] > max(moves[1], spent((0, 0, 0)))
    assert f"A path that changes: worth {moves[0]:.3f}" in printed("programmes")
    assert "alpha upgrading convergence convergence" in after("programmes", "A path that changes", 8)


PROGRAMMES = {
    # Stocks of 10, 10 and 15 count once, twice and twice.
    "Once the stock is 10": (60, ["turn 2027 5 0.0"], "gamma introduced indigenous indigenous"),
    # Stocks of 10, 15 and 12.5; only the last counts twice.
    "Once the stock is 12": (50, ["turn 2028 5 0.0"], "gamma introduced introduced indigenous"),
    # Against awards: 3 * 3 - 4 = 5, 3 * 5 - 8 = 7, 3 * 4 - 4 = 8.
    "At most one of a group": (38, ["M34 2026 4 12.0"], "city 2026 10 6 4 0"),
    # 3 * 1 - 6 = -3, 3 * 0.5 - 5 = -3.5.
    "Exactly one of a group": (27, ["hill 2026 6 3.0"], "city 2026 10 4 6 0"),
    # 30 - 2 - 3 + 3 * 4.
    "Take-up of two in three": (37, ["network 2026 0 12.0", "join a 2026 2 0.0", "join b 2026 3 0.0"],
                                "city 2026 10 5 5 0"),
    # 33 - 1 - 1 + 4; 3 more fall into 2029.
    "Two funds": (35, ["hall 2028 2 4.0"], "hall province 2029 3"),
}  # fmt: skip


@pytest.mark.parametrize("title", PROGRAMMES)
def test_programmes_by_hand(title: str) -> None:
    """What the plan is worth, all that is taken, and one line more."""
    worth, taken, line = PROGRAMMES[title]
    assert f"{title}: worth {worth:.3f}" in printed("programmes")
    found = after("programmes", title, 12)
    assert found[1 : len(taken) + 1] == taken
    assert found[len(taken) + 1].startswith("fund year")
    assert line in found


def test_measures_are_those_of_the_path() -> None:
    """What is picked from the catalogue are the first measures that the report has for convergence, by their names."""
    lines = [line.rpartition(" ")[0] for line in printed("programmes") if re.match(r"M\d\d \D", line)]
    with (TUTORIALS.parents[1] / "datasets" / "report" / "measures.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["path"] == "convergence"]
    assert lines == [f"{row['measure']} {row['name']}" for row in rows[:3]]


def test_soft_floors() -> None:
    """A yuan brings 2 in alpha, 1 in beta: 30 that are missing cost 27 at 0.9 and are moved for 30 at 1.1."""
    assert printed("soft_floors") == [
        "price none: [70, 30], value 170",
        "price 0.9: [70, 30], value 143",
        "wish 0.9 lacks 30, which costs 27",
        "price 1.1: [40, 60], value 140",
        "price 0.9 + 0.2: [40, 60], value 140",
    ]


def test_a_year_is_over() -> None:
    """50 wait, so 150; stocks 32 + 44 and 8 + 106 are as 40 to 60; 140 less 10 is left; a tenth of 60 is 6."""
    lines = printed("replan")
    assert "Arriving in 2027: [40, 10]" in lines
    assert "Purses: [150, 100, 100]" in lines
    assert "Rule beta asks for 130" in lines
    assert any(line.startswith("alpha, talent, 2027: 40 (in yuan) -> 44 (in yuan)") for line in lines)
    assert any(line.startswith("beta, talent, 2027: 60 (in yuan) -> 106 (in yuan)") for line in lines)
    assert (32 + 44) * 60 == (8 + 106) * 40
    assert "Largest change without the limit: 46" in lines
    assert "Largest change with it: 6" in lines


def test_what_was_seen_is_told() -> None:
    """Planned outcomes of 2027 are 40 ln 2 and 60 ln 2; what was seen stands beside them and changes nothing."""
    lines = printed("replan")
    assert f"alpha talent 2027 40 44 {40 * log(2):.2f} 27.0" in lines
    assert f"beta talent 2027 60 106 {60 * log(2):.2f} 9.5" in lines
    assert "The plan without outcomes is the same: True" in lines


def test_a_programme_that_began_goes_on() -> None:
    """The park takes 20 in 2026; 30 are left for 2027, and 3 years of 30 are still to come."""
    lines = printed("replan")
    assert "park 2027 30 90.0" in lines
    assert "2027 100 70 30 0" in lines
