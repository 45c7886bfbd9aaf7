"""Purses, money rules and conditions as exact integer rows over amounts: the one source of every limit on them.

The formulation divides these rows by the printed unit; the rounding and the checks of a plan use them as
they are, in Python integers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clusteropt.inputs.ledger import make_span
from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.inputs.rule_book import families, loose_rules
from clusteropt.model.space import once_a_space

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clusteropt.inputs.ledger import Span
    from clusteropt.inputs.problem import Ints, Problem, Rule, Selection
    from clusteropt.inputs.rule_book import RuleFamily
    from clusteropt.model.space import Space

LARGEST_SUM = 2**62
"""Sums that may be larger are taken in Python integers."""


@dataclass(frozen=True, slots=True, eq=False)
class MoneyRow:
    """One exact limit on amounts: ``lower <= sum of coef * amount <= upper``, money in whole units.

    Parameters
    ----------
    name : str
        The purse or rule it comes from, for messages.
    key : tuple of int
        Fund and year of a purse; fund and years of a span, a bit each; rule, rule and year, or rule and cell of a rule.
    flow : array of shape (n,)
        Positions of the amounts: flows, and picks behind them.
    coef : array of shape (n,)
        Whole coefficients.
    lower, upper : int or None
        Limits; None is no limit.
    """

    name: str
    key: tuple[int, ...]
    flow: Ints
    coef: Ints
    lower: int | None
    upper: int | None

    def activity(self, money: Ints) -> int:
        """Sum coef times amount exactly; ``money`` holds whole units and picks, shape (num_amounts,)."""
        total = 0
        for coef in np.unique(self.coef):
            total += int(coef) * int(money[self.flow[self.coef == coef]].sum())
        return total

    def excess(self, money: Ints) -> int:
        """Give by how much the row is broken; 0 if it holds."""
        activity = self.activity(money)
        below = 0 if self.lower is None else max(self.lower - activity, 0)
        above = 0 if self.upper is None else max(activity - self.upper, 0)
        return below + above


def _activities(rows: Sequence[MoneyRow], money: Ints) -> list[int]:
    """Sum coef times amount of rows exactly: of all at once where sums surely fit into 64 bits."""
    sizes = np.array([len(row.flow) for row in rows], np.int64)
    plain = all(row.coef.dtype == np.int64 for row in rows)
    coef = np.concatenate([np.zeros(0, np.int64), *(row.coef for row in rows)]) if plain else np.zeros(0, np.int64)
    largest = float(abs(coef).max(initial=0)) * float(abs(money).max(initial=0)) * float(sizes.max(initial=0))
    if not plain or largest >= LARGEST_SUM:
        return [row.activity(money) for row in rows]
    flow = np.concatenate([np.zeros(0, np.int64), *(row.flow for row in rows)])
    activity = np.zeros(len(rows), np.int64)
    np.add.at(activity, np.repeat(np.arange(len(rows)), sizes), coef * money[flow])
    return activity.tolist()


def all_hold(rows: Sequence[MoneyRow], money: Ints) -> bool:
    """Tell whether rows hold at an allocation."""
    return all(
        (row.lower is None or level >= row.lower) and (row.upper is None or level <= row.upper)
        for row, level in zip(rows, _activities(rows, money), strict=True)
    )


def purse_money(space: Space) -> Iterator[MoneyRow]:
    """A plain purse gives at most what it holds: sum over cells of x[f,c,l,t] + costs of picks <= amount[f,t]."""
    problem = space.problem
    for (fund, year), payments in _payments(space).items():
        if fund not in space.spans:
            name = f"purse {problem.labels.funds[fund]} {problem.labels.years[year]}"
            yield MoneyRow(name, (fund, year), *payments.entries(1, 1), None, int(problem.purse[fund, year]))


def ledger_money(space: Space) -> Iterator[MoneyRow]:
    """What a fund with a ledger awards in a span is at most what can be paid in it.

    sum over t in the span of (x[f,t] + costs of picks) - sum over t of share[t] x[f,t] <= limit, in whole coefficients;
    the key is the fund and the years of the span, a bit each.
    """
    yield from _ledger_rows(space)


@once_a_space
def _ledger_rows(space: Space) -> tuple[MoneyRow, ...]:
    problem, payments = space.problem, _payments(space)
    found = []
    for fund, spans in space.spans.items():
        own = {year: part for (f, year), part in payments.items() if f == fund}
        found += [_span_row(problem, span, own) for span in spans]
    return tuple(row for row in found if len(row.flow))


def span_size(problem: Problem, key: tuple[int, ...]) -> int:
    """Give what the row of a span is multiplied by so that its coefficients are whole; ``key`` as in its row."""
    years = [year for year in range(problem.num_years) if key[1] >> year & 1]
    return _size(make_span(problem, key[0], years))


def _size(span: Span) -> int:
    return math.lcm(*(share.denominator for share in span.shares))


def _span_row(problem: Problem, span: Span, payments: dict[int, _Payments]) -> MoneyRow:
    size, found = _size(span), [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    for year, share in enumerate(span.shares):
        inside = size * (year in span.years)
        if year in payments:
            # What awards bring back, the costs of programmes do not.
            found.append(payments[year].entries(inside - int(share * size), inside))
    flow, coef = (np.concatenate(part) for part in zip(*found, strict=True))
    flow, number = np.unique(flow, return_inverse=True)
    plain = coef.dtype == np.int64 and float(abs(coef).max(initial=0)) * len(found) < LARGEST_SUM
    total = np.zeros(len(flow), np.int64 if plain else object)
    np.add.at(total, number, coef.astype(total.dtype))
    coef, small = total, plain or all(abs(value) < LARGEST_SUM for value in total.tolist())
    years = "+".join(str(problem.labels.years[year]) for year in span.years)
    return MoneyRow(
        f"purse {problem.labels.funds[span.fund]} {years}",
        (span.fund, sum(1 << year for year in span.years)),
        flow,
        coef.astype(np.int64) if small else coef,
        None,
        span.limit * size,
    )


class _Payments(NamedTuple):
    """What a purse can be asked to pay: flows, and picks with what they cost."""

    flows: Ints
    picks: Ints
    costs: Ints

    def entries(self, of_money: int, of_costs: int) -> tuple[Ints, Ints]:
        """Give positions and coefficients in a row that counts money and costs so many times; zeros are left out."""
        coefs = np.full(len(self.flows), of_money, np.int64)
        small = int(self.costs.max(initial=0)) * abs(of_costs) < LARGEST_SUM
        costs = self.costs.astype(np.int64 if small else object) * of_costs
        both = np.concatenate((coefs, costs))
        kept = both != 0
        return np.concatenate((self.flows, self.picks))[kept], both[kept]


def _payments(space: Space) -> dict[tuple[int, int], _Payments]:
    """Give, by fund and year, what every purse that anything is paid from can be asked to pay."""
    num_years = space.problem.num_years
    purse = space.flow_fund * num_years + space.cell_year[space.flow_cell]
    order = np.argsort(purse, kind="stable")
    ends = np.searchsorted(purse[order], np.arange(space.problem.num_funds * num_years + 1))
    costs, found = space.pick_costs, {}
    for number, (first, last) in enumerate(pairwise(ends)):
        part = slice(costs.indptr[number], costs.indptr[number + 1])
        if first < last or part.start < part.stop:
            picks = space.num_flows + costs.indices[part].astype(np.int64)
            found[divmod(number, num_years)] = _Payments(order[first:last], picks, costs.data[part])
    return found


def condition_money(space: Space) -> Iterator[MoneyRow]:
    """What picks of programmes ask of each other: least <= sum of coef * pick <= most; the key is the condition."""
    programmes = space.problem.programmes
    for number, condition in enumerate(() if programmes is None else programmes.conditions):
        picks, coefs = (np.array(part, np.int64) for part in (condition.picks, condition.coefs))
        yield MoneyRow(condition.name, (number,), space.num_flows + picks, coefs, condition.least, condition.most)


def amount_money(space: Space) -> Iterator[MoneyRow]:
    """An amount rule: min <= money of the selection, all its years together, less money of its base <= max."""
    yield from loose_amounts(space)
    for first, family in families(space.problem.rules):
        yield from _family_rows(space, first, family)


@once_a_space
def loose_amounts(space: Space) -> tuple[MoneyRow, ...]:
    """Give the rows of the amount rules that are of no family."""
    amounts = list(_rules(space, RuleKind.AMOUNT))
    space.keep_flows(rule.selection for _, rule in amounts)
    return tuple(_amount_row(space, number, rule) for number, rule in amounts)


def _amount_row(space: Space, number: int, rule: Rule) -> MoneyRow:
    limits = (_ceil(rule.minimum), _floor(rule.maximum))
    chosen = space.flows_in(rule.selection)
    if rule.base is RuleBase.SELECTION:
        flow, coef = _ratio(chosen, _base_flows(space, rule), Fraction(1))
        return MoneyRow(_name(rule), (number,), flow, coef, *limits)
    return _plain(_name(rule), (number,), chosen, *limits)


def _family_rows(space: Space, first: int, family: RuleFamily) -> Iterator[MoneyRow]:
    start, flow = space.flows_of_family(family)
    ones, ends = np.ones(len(flow), np.int64), start.tolist()
    sides = (family.minimum, family.maximum)
    lower, upper = ([None] * len(family) if side is None else side.tolist() for side in sides)
    for k, name in enumerate(family.names):
        part = slice(ends[k], ends[k + 1])
        yield MoneyRow(f"rule {name}", (first + k,), flow[part], ones[part], lower[k], upper[k])


def share_money(space: Space) -> Iterator[MoneyRow]:
    """A share rule: min <= money of the selection / money of its base <= max, each side one row.

    With a share p / q of awarded money the row is q * selection - p * base >= 0 (<= 0 for a maximum);
    of a fund, whose amount is known, it is selection >= p / q * amount, rounded up (down for a maximum).
    """
    for number, rule in _rules(space, RuleKind.SHARE):
        chosen = space.flows_in(rule.selection)
        for side, share in enumerate((rule.minimum, rule.maximum)):
            if share is None:
                continue
            if rule.base is RuleBase.FUND:
                limit = share * fund_amount(space, rule)
                low, high = (_ceil(limit), None) if side == 0 else (None, _floor(limit))
                yield _plain(_name(rule), (number, side), chosen, low, high)
            else:
                flow, coef = _ratio(chosen, _base_flows(space, rule), share)
                low, high = (0, None) if side == 0 else (None, 0)
                yield MoneyRow(_name(rule), (number, side), flow, coef, low, high)


def change_money(space: Space) -> Iterator[MoneyRow]:
    """A change rule, year by year: (1 + min) * last <= money of the selection in the year <= (1 + max) * last."""
    for number, rule in _rules(space, RuleKind.CHANGE):
        last = Fraction(last_money(space.problem, rule.selection))
        low = None if rule.minimum is None else _ceil((1 + rule.minimum) * last)
        high = None if rule.maximum is None else _floor((1 + rule.maximum) * last)
        for year in rule.selection.years or range(space.problem.num_years):
            yield _plain(_name(rule), (number, year), space.flows_in(rule.selection, (year,)), low, high)


def lock_money(space: Space) -> Iterator[MoneyRow]:
    """A lock, cell by cell (draw by draw where funds are named): money = the amount locked."""
    for number, rule in _rules(space, RuleKind.LOCK):
        flows = space.flows_in(rule.selection)
        if rule.selection.funds:
            for flow in flows:
                amount = _locked(space, rule, int(space.flow_cell[flow]), int(space.flow_fund[flow]))
                yield _plain(_name(rule), (number, int(flow)), flows[flows == flow], amount, amount)
            continue
        cell_of = space.flow_cell[flows]
        for cell in space.cells_in(rule.selection):
            amount = _locked(space, rule, int(cell), None)
            into = flows[cell_of == cell]
            if len(into) or amount:
                yield _plain(_name(rule), (number, int(cell)), into, amount, amount)


PURSES = (purse_money, ledger_money)


def need_money(space: Space) -> Iterator[MoneyRow]:
    """A pick that needs a stock is taken only where it is there: K[c,l,t] - need z >= 0, K the stock without lapse.

    K = keep^(t+1) stock + sum over u <= t of keep^(t-u) (arriving[c,l,u] + x[c,l,u-lag]), in whole coefficients; the
    key is the number of the need.
    """
    problem, chosen = space.problem, space.problem.programmes
    if chosen is None:
        return
    needs = zip(
        chosen.need_pick, chosen.need_cluster, chosen.need_lever, chosen.need_year, chosen.need_stock, strict=True
    )
    for number, (pick, cluster, lever, year, need) in enumerate(needs):
        keep = 1 - Fraction(repr(float(problem.depreciation[lever])))
        first = (int(cluster) * problem.num_levers + int(lever)) * problem.num_years
        lag, found = int(problem.lag[lever]), {}
        for paid in range(int(year) - lag + 1):
            for flow in np.flatnonzero(space.flow_cell == first + paid).tolist():
                found[flow] = keep ** (int(year) - paid - lag)
        size = math.lcm(*(share.denominator for share in found.values()))
        coefs = [int(share * size) for share in found.values()] + [-int(need) * size]
        small = all(abs(coef) < 2**62 for coef in coefs)
        yield MoneyRow(
            f"stock for {programme_name(problem, int(pick))}",
            (number,),
            np.array([*found, space.num_flows + int(pick)], np.int64),
            np.array(coefs, np.int64 if small else object),
            _ceil(-stock_there(problem, number) * size),
            None,
        )


def stock_there(problem: Problem, need: int) -> Fraction:
    """Give the stock that a need finds without any money of the plan."""
    chosen = problem.programmes
    assert chosen is not None
    cluster, lever, year = (int(part[need]) for part in (chosen.need_cluster, chosen.need_lever, chosen.need_year))
    keep = 1 - Fraction(repr(float(problem.depreciation[lever])))
    there = keep ** (year + 1) * Fraction(repr(float(problem.stock[cluster, lever])))
    return there + sum(keep ** (year - come) * int(problem.arrivals[cluster, lever, come]) for come in range(year + 1))


def need_size(space: Space, row: MoneyRow) -> int:
    """Give what a row of `need_money` has for a whole unit of stock."""
    chosen = space.problem.programmes
    assert chosen is not None
    need = int(chosen.need_stock[row.key[0]])
    return abs(int(row.coef[-1])) // need if need else 1


def programme_name(problem: Problem, pick: int) -> str:
    """Name the option that a pick takes."""
    assert problem.programmes is not None
    option = int(problem.programmes.pick_option[pick])
    programme, key = problem.programmes.programme[option], problem.programmes.option[option]
    return f"{programme}:{key}" if key else programme


RULES = (amount_money, share_money, change_money, lock_money)
MONEY_RULES = (*PURSES, condition_money, need_money, *RULES)


def last_money(problem: Problem, selection: Selection) -> int:
    """Sum the last plan over a selection, whatever its years, in whole units of one year."""
    last = problem.last_plan
    fields = (
        (selection.regions, problem.region_of[last.cluster]),
        (selection.paths, problem.path_of[last.cluster]),
        (selection.industries, problem.industry_of[last.cluster]),
        (selection.clusters, last.cluster),
        (selection.levers, last.lever),
        (selection.funds, last.fund),
    )
    chosen = np.ones(len(last.amount), dtype=bool)
    for positions, of_entry in fields:
        if positions:
            chosen &= np.isin(of_entry, positions)
    return int(last.amount[chosen].sum())


def share_base(space: Space, rule: Rule, money: Ints) -> int:
    """Give the money that a rule with a base is measured against, in whole units."""
    if rule.base is RuleBase.FUND:
        return fund_amount(space, rule)
    return int(money[_base_flows(space, rule)].sum())


def _rules(space: Space, kind: RuleKind) -> Iterator[tuple[int, Rule]]:
    return ((n, rule) for n, rule in loose_rules(space.problem.rules) if rule.kind is kind)


def _name(rule: Rule) -> str:
    return f"rule {rule.name}"


def _plain(name: str, key: tuple[int, ...], flow: Ints, lower: int | None, upper: int | None) -> MoneyRow:
    return MoneyRow(name, key, flow, np.ones(len(flow), np.int64), lower, upper)


def _ceil(limit: Fraction | None) -> int | None:
    return None if limit is None else -((-limit.numerator) // limit.denominator)


def _floor(limit: Fraction | None) -> int | None:
    return None if limit is None else limit.numerator // limit.denominator


def fund_amount(space: Space, rule: Rule) -> int:
    """Give what the purses hold that a share of funds is measured against, whole units."""
    years = rule.base_selection.years or rule.selection.years or tuple(range(space.problem.num_years))
    return int(space.problem.purse[np.ix_(rule.base_selection.funds, years)].sum())


def _base_flows(space: Space, rule: Rule) -> Ints:
    years = rule.base_selection.years or rule.selection.years
    return space.flows_in(rule.base_selection, years)


def _ratio(chosen: Ints, base: Ints, share: Fraction) -> tuple[Ints, Ints]:
    flow = np.union1d(chosen, base)
    coef = np.isin(flow, chosen) * share.denominator - np.isin(flow, base) * share.numerator
    return flow[coef != 0], coef[coef != 0].astype(np.int64)


def _locked(space: Space, rule: Rule, cell: int, fund: int | None) -> int:
    if rule.minimum is not None:
        return int(rule.minimum)
    if rule.maximum is not None:
        return int(rule.maximum)
    last = space.problem.last_plan
    chosen = (last.cluster == space.cell_cluster[cell]) & (last.lever == space.cell_lever[cell])
    if fund is not None:
        chosen &= last.fund == fund
    return int(last.amount[chosen].sum())
