"""Multiple-choice knapsacks of the literature as tables: a group is a programme, an item an option, funds resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from clusteropt.domain import Path as InnovationPath
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.settings import MoneySettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from clusteropt.inputs.problem import Problem


class Knapsack(NamedTuple):
    """One problem: its number, what each resource holds, and groups of items (value, then what each resource gives)."""

    number: int
    holds: list[int]
    groups: list[list[list[int]]]


def read_knapsacks(path: Path) -> Iterator[Knapsack]:
    """Read a file in the format of Hiremath and Hill: number and sizes, capacities, then group by group its items."""
    rows = [[int(part) for part in line.split()] for line in path.read_text().splitlines() if line.split()]
    place = 0
    while place < len(rows):
        number, num_groups, num_items, _ = rows[place]
        holds, place = rows[place + 1], place + 2
        groups = []
        for _ in range(num_groups):
            groups.append(rows[place + 1 : place + 1 + num_items])
            place += 1 + num_items
        yield Knapsack(number, holds, groups)


def knapsack_problem(knapsack: Knapsack) -> Problem:
    """Give a problem whose best plan is the best filling: exactly one option of every programme."""
    options = [
        {"programme": f"g{g}", "option": f"i{k}", "clusters": "c", "gain": item[0], "must": "yes"}
        for g, group in enumerate(knapsack.groups)
        for k, item in enumerate(group)
    ]
    costs = [
        {"programme": f"g{g}", "option": f"i{k}", "fund": f"f{f}", "cost": cost}
        for g, group in enumerate(knapsack.groups)
        for k, item in enumerate(group)
        for f, cost in enumerate(item[1:])
        if cost
    ]
    paths = [str(path) for path in InnovationPath]
    tables = {
        "clusters": pd.DataFrame(
            {"cluster": ["c"], "region": ["r"], "industry": ["i"], "path": ["upgrading"], "scale": [1]}
        ),
        "levers": pd.DataFrame({"lever": ["l"], "response": ["linear"]}),
        "effectiveness": pd.DataFrame({"path": paths, "lever": "l", "mean": 0.0, "source": "no money is awarded"}),
        "funds": pd.DataFrame(
            [{"fund": f"f{f}", "year": 2026, "amount": held} for f, held in enumerate(knapsack.holds)]
        ),
        "programmes": pd.DataFrame(options),
        "programme_costs": pd.DataFrame(costs),
    }
    return problem_from_tables(tables, ModelSettings(money=MoneySettings(per_printed=1)))
