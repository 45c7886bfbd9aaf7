"""The cash flow of every fund: what comes in, waits, comes back, is paid and lapses, year by year.

The flow is not part of the model, which limits awards span by span: it is told from the awards, paying every year what
would lapse first.
"""

from dataclasses import dataclass

import numpy as np

from clusteropt.inputs.ledger import SHARE_UNIT, carried_amount, has_ledger
from clusteropt.inputs.problem import Problem
from clusteropt.model.space import Space
from clusteropt.plan.arrays import Ints


@dataclass(frozen=True, slots=True, eq=False)
class CashFlow:
    """What moves between the years of funds, each array of shape (num_funds, num_years), whole units.

    amount + carried_in + returned = committed + awarded + programmes + unspent + carried_out in every purse.

    Parameters
    ----------
    carried_in : array
        What is left of earlier years and may still be paid.
    returned : array
        What earlier awards bring back in the year; fractions of a unit wait until they make one.
    committed : array
        What commitments made earlier take.
    programmes : array
        What programmes cost.
    unspent : array
        What lapses, or is left in the last year of the plan.
    carried_out : array
        What waits for later years of the plan.
    """

    carried_in: Ints
    returned: Ints
    committed: Ints
    programmes: Ints
    unspent: Ints
    carried_out: Ints

    @property
    def moves(self) -> bool:
        """Whether any money moves between years, or is committed."""
        return bool((self.carried_in | self.returned | self.committed).any())


def paid_by_purse(space: Space, money: Ints) -> tuple[Ints, Ints]:
    """Add up what every purse awards, and what programmes cost it, whole units, each of shape (num_funds, num_years).

    Parameters
    ----------
    space : Space
        The positions of the problem.
    money : array of shape (num_amounts,)
        Whole units, and picks.
    """
    paid = np.zeros(space.problem.purse.shape, np.int64)
    np.add.at(paid, (space.flow_fund, space.cell_year[space.flow_cell]), money[: space.num_flows])
    costs = space.pick_costs @ money[space.num_flows :]
    return paid, np.asarray(costs, np.int64).reshape(paid.shape)


def cash_flow(problem: Problem, payments: tuple[Ints, Ints]) -> CashFlow:
    """Tell how money moves where purses award certain amounts.

    Parameters
    ----------
    problem : Problem
        The purses and their ledger.
    payments : (array, array), each of shape (num_funds, num_years)
        Whole units awarded, and what programmes cost, that the purses can pay together.

    Raises
    ------
    ValueError
        If a fund pays more than it has.
    """
    paid, costs = payments
    flows = [_fund_flow(problem, fund, paid[fund].tolist(), costs[fund].tolist()) for fund in range(problem.num_funds)]
    return CashFlow(*(_frozen(part, problem.purse.shape) for part in zip(*flows, strict=True)))


def _frozen(rows: tuple[list[int], ...], shape: tuple[int, ...]) -> Ints:
    array = np.array(rows, np.int64).reshape(shape)
    array.setflags(write=False)
    return array


def _fund_flow(problem: Problem, fund: int, paid: list[int], costs: list[int]) -> tuple[list[int], ...]:
    """Pay the years of a fund in order, from what lapses first; give the columns of a cash flow."""
    num_years, ledger = problem.num_years, problem.ledger
    if ledger is None or not has_ledger(problem, fund):
        zeros = [0] * num_years
        left = [int(held) - x - y for held, x, y in zip(problem.purse[fund], paid, costs, strict=True)]
        return zeros, zeros, zeros, costs, left, zeros
    columns: tuple[list[int], ...] = ([], [], [], [], [], [])
    # What is at hand, by the last year in which it may be paid; what comes back never lapses.
    hand = [0] * (num_years + 1)
    for year in range(num_years):
        back, due = _returned(problem, fund, paid, year), int(ledger.committed[fund, year])
        carried, last = carried_amount(problem, fund, year), min(year + int(ledger.lasts[fund, year]), num_years)
        opening = sum(hand)
        hand[year] += int(problem.purse[fund, year]) - carried
        hand[last] += carried
        hand[num_years] += back
        asked = due + paid[year] + costs[year]
        for until in range(year, num_years + 1):
            taken = min(asked, hand[until])
            hand[until] -= taken
            asked -= taken
        if asked:
            raise ValueError(f"fund {problem.labels.funds[fund]} pays {asked} units more than it has.")
        lapsed = sum(hand) if year == num_years - 1 else hand[year]
        hand[year] = 0
        closing = 0 if year == num_years - 1 else sum(hand)
        for column, amount in zip(columns, (opening, back, due, costs[year], lapsed, closing), strict=True):
            column.append(amount)
    return columns


def _returned(problem: Problem, fund: int, paid: list[int], year: int) -> int:
    """Give the whole units that earlier awards bring back in a year: what is back by then less what was a year ago."""
    return _back_by(problem, fund, paid, year) - _back_by(problem, fund, paid, year - 1)


def _back_by(problem: Problem, fund: int, paid: list[int], last: int) -> int:
    assert problem.ledger is not None
    ledger, total = problem.ledger, 0
    # One denominator for all years: a fraction of a unit that one award leaves adds to that of another.
    size = int(np.lcm.reduce(ledger.parts[fund].astype(object)))
    for year, amount in enumerate(paid[: max(last, 0)]):
        parts, after = int(ledger.parts[fund, year]), int(ledger.after[fund, year])
        come = min(max(last - year - after + 1, 0), parts)
        total += amount * int(ledger.returned[fund, year]) * come * (size // parts)
    return total // (SHARE_UNIT * size)
