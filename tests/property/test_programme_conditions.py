"""Conditions of programmes against a plain reading of their tables, over every choice of options and years."""

from __future__ import annotations

import random
from itertools import product
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from clusteropt.errors import InputError
from clusteropt.inputs import problem_from_tables
from tests.small import small_tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.inputs.programmes import Programmes

    Row = dict[str, str]
    Choice = dict[str, tuple[str, int]]

YEARS = (2025, 2026)
NUM_MODELS = 60


def random_rows(dice: random.Random) -> list[Row]:
    """Draw two to four programmes of one or two options with conditions, in a random order of rows."""
    names = [f"p{number}" for number in range(dice.randint(2, 4))]
    keys = [(name, key) for name in names for key in dice.choice([[""], ["x", "y"]])]
    dice.shuffle(keys)
    grouped = dice.sample(range(len(keys)), 2) if dice.random() < 0.5 else []
    rows = []
    for number, (name, key) in enumerate(keys):
        others = [other for other in names if other != name]
        others += [f"{other}:{option}" for other, option in keys if other != name and option]
        requires = dice.sample(others, dice.randint(1, min(3, len(others)))) if dice.random() < 0.5 else []
        excludes = dice.sample(others, 1) if dice.random() < 0.3 else []
        start = dice.choice(["", "2025", "2026", "2026|2025"])
        rows.append(
            {
                "programme": name,
                "option": key,
                "group": "g" if number in grouped else "",
                "must": dice.choice(["yes", "no", "", ""]),
                "start": start,
                "requires": "|".join(requires),
                "take_up": str(dice.randint(1, len(requires))) if requires and dice.random() < 0.5 else "",
                "excludes": "|".join(excludes),
            }
        )
    return rows


def choices(rows: list[Row]) -> Iterator[Choice]:
    """Give every choice: of each programme nothing, or one option and a year in which it may start."""
    names = list(dict.fromkeys(row["programme"] for row in rows))
    menus = [
        [None]
        + [
            (row["option"], year)
            for row in rows
            if row["programme"] == name
            for year in YEARS
            if not row["start"] or str(year) in row["start"].split("|")
        ]
        for name in names
    ]
    for chosen in product(*menus):
        yield {name: one for name, one in zip(names, chosen, strict=True) if one is not None}


def started(choice: Choice, named: str, by: int = YEARS[-1]) -> bool:
    """Tell whether what a condition names has started by a year."""
    programme, sign, option = named.partition(":")
    if programme not in choice:
        return False
    taken, year = choice[programme]
    return year <= by and (not sign or taken == option)


def is_allowed(rows: list[Row], choice: Choice) -> bool:
    """Read the tables as a planner would, and tell whether the choice keeps all that they ask."""
    taken = [row for row in rows if choice.get(row["programme"], ("?", 0))[0] == row["option"]]
    for row in taken:
        year, requires = choice[row["programme"]][1], list(filter(None, row["requires"].split("|")))
        if sum(started(choice, named, year) for named in requires) < int(row["take_up"] or len(requires)):
            return False
        if any(started(choice, named) for named in filter(None, row["excludes"].split("|"))):
            return False
    num_grouped = sum(row["group"] != "" for row in taken)
    for row in rows:
        if row["must"] == "yes" and (num_grouped != 1 if row["group"] else row["programme"] not in choice):
            return False
    return num_grouped <= 1


def keeps(programmes: Programmes, choice: Choice) -> bool:
    """Tell whether the conditions hold for the picks of a choice."""
    on = [
        choice.get(programmes.programme[option]) == (programmes.option[option], YEARS[year])
        for option, year in zip(programmes.pick_option.tolist(), programmes.pick_year.tolist(), strict=True)
    ]
    assert sum(on) == len(choice)
    for condition in programmes.conditions:
        total = sum(coef for pick, coef in zip(condition.picks, condition.coefs, strict=True) if on[pick])
        if condition.least is not None and total < condition.least:
            return False
        if condition.most is not None and total > condition.most:
            return False
    return True


@pytest.mark.parametrize("seed", range(NUM_MODELS))
def test_conditions_are_what_the_tables_say(seed: int) -> None:
    """Every choice keeps the conditions if and only if it keeps the tables; what is refused, no choice keeps."""
    rows = random_rows(random.Random(f"programmes/{seed}"))
    tables = small_tables()
    funds = tables["funds"]
    tables["funds"] = pd.concat([funds, funds.assign(year="2026")], ignore_index=True)
    tables["programmes"] = pd.DataFrame(rows, dtype=object)
    allowed = [is_allowed(rows, choice) for choice in choices(rows)]
    try:
        programmes = problem_from_tables(tables).programmes
    except InputError as error:
        assert {fault.column for fault in error.faults} == {"must"}
        assert not any(allowed)
        return
    assert programmes is not None
    assert [keeps(programmes, choice) for choice in choices(rows)] == allowed
