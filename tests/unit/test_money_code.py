"""The exact rows of money and the levels of rules against plain arithmetic, without a solver.

These tests are quick: they are what mutants of the money code are tried on.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest

from clusteropt.inputs.problem import RuleKind
from clusteropt.model.money_rules import MONEY_RULES, MoneyRow, purse_money
from clusteropt.model.space import make_space
from clusteropt.plan.certificate import Side
from clusteropt.plan.rule_levels import all_levels
from tests import naive
from tests.problems import Sizes, random_problem

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Ints, Problem
    from clusteropt.model.space import Space

MANY_RULES = Sizes(money=12, rules=6, cells=12)
TRIES = 15


def some_money(space: Space, dice: random.Random) -> Ints:
    """Pay every flow something between nothing and a little more than its purse holds."""
    most = space.problem.purse[space.flow_fund, space.cell_year[space.flow_cell]]
    return np.array([dice.choice([0, 0, dice.randint(0, int(m) + 1)]) for m in most], np.int64)


def draws_of(space: Space, money: Ints) -> naive.Allocation:
    """Name the flows that carry money by fund, cluster, lever and year."""
    cell = space.flow_cell
    parts = (space.flow_fund, space.cell_cluster[cell], space.cell_lever[cell], space.cell_year[cell], money)
    return {tuple(row[:4]): row[4] for row in zip(*(part.tolist() for part in parts), strict=True) if row[4]}


def broken_names(problem: Problem, allocation: naive.Allocation) -> set[str]:
    """Name the purses and the rules on money that an allocation breaks, by plain arithmetic."""
    counts = {rule.name for rule in problem.rules if rule.kind is RuleKind.COUNT}
    labels, found = problem.labels, set()
    for name in naive.broken_rules(problem, allocation):
        if name in {rule.name for rule in problem.rules} - counts:
            found.add(f"rule {name}")
    # The oracle names the first year of a fund that is short; here every plain purse counts.
    for fund, year in np.ndindex(problem.purse.shape):
        spent = sum(amount for draw, amount in allocation.items() if (draw[0], draw[3]) == (fund, year))
        if spent > problem.purse[fund, year]:
            found.add(f"purse {labels.funds[fund]} {labels.years[year]}")
    return found


@pytest.mark.parametrize("seed", range(60))
def test_rows_are_broken_where_rules_are(seed: int) -> None:
    """A row of money has an excess exactly where plain arithmetic finds its purse or rule broken."""
    problem, dice = random_problem(seed, MANY_RULES), random.Random(seed)
    space = make_space(problem)
    rows = [row for function in MONEY_RULES for row in function(space)]
    for _ in range(TRIES):
        money = some_money(space, dice)
        assert {row.name for row in rows if row.excess(money)} == broken_names(problem, draws_of(space, money))


@pytest.mark.parametrize("seed", range(60))
def test_levels_keep_their_limits_where_rules_hold(seed: int) -> None:
    """A rule holds by plain arithmetic exactly where no side of it has a negative slack, locks aside."""
    problem, dice = random_problem(seed, MANY_RULES), random.Random(seed)
    space = make_space(problem)
    locks = {rule.name for rule in problem.rules if rule.kind is RuleKind.LOCK}
    known = {rule.name for rule in problem.rules} - locks
    for _ in range(TRIES):
        money = some_money(space, dice)
        levels = all_levels(space, money)
        short = {name for name, slack in zip(levels.rule, levels.slack, strict=True) if slack < 0}
        assert short - locks == set(naive.broken_rules(problem, draws_of(space, money))) & known
        assert set(levels.rule) == {rule.name for rule in problem.rules}


@pytest.mark.parametrize("seed", range(20))
def test_every_side_of_a_rule_has_its_entry(seed: int) -> None:
    """One entry for each side a rule limits, year by year for a change, both sides for a lock."""
    problem = random_problem(seed, MANY_RULES)
    space = make_space(problem)
    levels = all_levels(space, np.zeros(space.num_flows, np.int64))
    found = list(zip(levels.rule, levels.side, levels.year.tolist(), strict=True))
    wanted = []
    for rule in problem.rules:
        lock = rule.kind is RuleKind.LOCK
        sides = [
            side for side, limit in ((Side.MIN, rule.minimum), (Side.MAX, rule.maximum)) if lock or limit is not None
        ]
        years = [-1]
        if rule.kind is RuleKind.CHANGE:
            years = list(rule.selection.years or range(problem.num_years))
        wanted += [(rule.name, side, year) for side in sides for year in years]
    assert sorted(found) == sorted(wanted)


def test_purses_name_themselves() -> None:
    """Every purse that some draw reaches is one row over its own flows, with what it holds above and nothing below."""
    problem = random_problem(4, MANY_RULES)
    space = make_space(problem)
    rows = list(purse_money(space))
    for row in rows:
        fund, year = row.key
        assert (row.lower, row.upper) == (None, int(problem.purse[fund, year]))
        assert set(space.flow_fund[row.flow].tolist()) == {fund}
        assert set(space.cell_year[space.flow_cell[row.flow]].tolist()) == {year}
        assert row.coef.tolist() == [1] * len(row.flow)
    assert sum(len(row.flow) for row in rows) == space.num_flows


@pytest.mark.parametrize(("money", "excess"), [([2, 1], 3), ([3, 1], 1), ([5, 1], 0), ([7, 1], 0), ([8, 1], 1)])
def test_the_excess_of_a_row(money: list[int], excess: int) -> None:
    """2 x - 3 y between 4 and 12: below by what is missing, above by what is too much, nothing in between."""
    row = MoneyRow("row", (0,), np.array([0, 1]), np.array([2, -3]), 4, 12)
    assert row.activity(np.array(money)) == 2 * money[0] - 3 * money[1]
    assert row.excess(np.array(money)) == excess


def test_large_money_is_summed_exactly() -> None:
    """Coefficients and amounts whose products leave 64 bits are summed in Python integers."""
    row = MoneyRow("row", (0,), np.array([0, 1]), np.array([10**9, -1]), 0, None)
    assert row.activity(np.array([10**15, 7])) == 10**24 - 7
