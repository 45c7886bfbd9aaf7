"""What is left of the rules of a plan when its first years are closed: rows of a table for the open years.

The rules are taken as they were written out, one by one. The money of closed years is a number in each of them, so an
amount, a count, a share of purses or of closed money, a lock and a difference stay exact; only a share of money of both
closed and open years has no row that says the same.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.check import exact_sum, money_text
from clusteropt.inputs.columns import MAX_NAME_LENGTH
from clusteropt.inputs.faults import Place
from clusteropt.inputs.problem import RuleBase, RuleKind, Selection
from clusteropt.model.space import counts_draws
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.faults import Faults
    from clusteropt.inputs.problem import Ints, Rule
    from clusteropt.study.past import Past

    Row = dict[str, str]

FIELDS = ("region", "path", "industry", "cluster", "lever", "fund")
PARTS = {"industry": "industries"} | {name: f"{name}s" for name in FIELDS if name != "industry"}


@dataclass(frozen=True, slots=True, eq=False)
class Remaining:
    """Rows of rules for the open years, and what a reader must know of them; rows get the price, if there is one."""

    past: Past
    faults: Faults
    rows: list[Row] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    price: str = ""

    @property
    def notes(self) -> tuple[Text, ...]:
        """Name the rules that hold of the open years alone, and soft floors that no row can say any more."""
        loose, dropped = (", ".join(names) for names in (self.loose, self.dropped))
        said = (
            Text(
                f"These shares hold of the open years alone, the closed ones left aside: {loose}.",
                f"以下比例规则仅适用于剩余年度, 不计已结束年度: {loose}。",
            ),
            Text(
                f"These soft floors are of money already paid, and are left out: {dropped}.",
                f"以下软下限涉及的资金均已支付, 不再计入: {dropped}。",
            ),
        )
        return tuple(text for text, names in zip(said, (loose, dropped), strict=True) if names)

    def add(self, name: str, kind: RuleKind, texts: Row, limits: tuple[Fraction | int | None, Fraction | int | None],
            of: str = "") -> None:  # fmt: skip
        """Add a row, under a name that no other has, unless it limits nothing."""
        low, high = limits
        if low is None and high is None:
            return
        short = name if len(name) <= MAX_NAME_LENGTH else f"rule {len(self.rows) + 1}"
        chosen, number = short, 1
        while chosen in self.names:
            number += 1
            chosen = f"{short} ({number})"
        self.names.add(chosen)
        ends = {end: "" if limit is None else decimal(limit) for end, limit in (("min", low), ("max", high))}
        self.rows.append({"rule": chosen, "kind": str(kind), **texts, **ends, "of": of, "price": self.price})

    def flows(self, selection: Selection, years: tuple[int, ...] | None = None) -> tuple[Ints, Ints]:
        """Give the flows of a selection in closed and in open years."""
        space = self.past.space
        flows = space.flows_in(selection, years)
        closed = space.cell_year[space.flow_cell[flows]] < self.past.num_closed
        return flows[closed], flows[~closed]

    def spent(self, flows: Ints) -> int:
        """Give the money that was paid on some flows."""
        return exact_sum(self.past.money[flows])

    def texts(self, selection: Selection, years: tuple[int, ...] = (), clusters: tuple[int, ...] = ()) -> Row:
        """Write a selection as the fields of a row, its years those of some that are open."""
        labels, num_closed = self.past.problem.labels, self.past.num_closed
        found = {}
        for name in FIELDS:
            positions = clusters if name == "cluster" and clusters else getattr(selection, PARTS[name])
            found[name] = "|".join(getattr(labels, PARTS[name])[position] for position in positions)
        chosen = [year for year in years or selection.years or range(len(labels.years)) if year >= num_closed]
        found["year"] = "|".join(str(labels.years[year]) for year in chosen)
        return found


def decimal(limit: Fraction | int) -> str:
    """Write a limit as the decimal that it is."""
    number = Fraction(limit)
    if number.denominator == 1:
        return str(number.numerator)
    scaled = number * 10**9
    assert scaled.denominator == 1, "limits have at most 9 decimals"
    sign, (whole, rest) = "-" * (number < 0), divmod(abs(scaled.numerator), 10**9)
    return f"{sign}{whole}.{rest:09d}".rstrip("0")


def remaining_rules(past: Past, faults: Faults) -> Remaining:
    """Write every rule for the open years; note caps that are overspent."""
    found = Remaining(past, faults)
    for rule in past.problem.rules:
        WRITERS[rule.kind](found, rule)
    for floor in past.problem.soft_floors:
        # The rows and names are those of all rules.
        WRITERS[floor.rule.kind](replace(found, price=decimal(floor.price)), floor.rule)
    return found


def _amount(found: Remaining, rule: Rule) -> None:
    """An amount over all years is lowered by what was spent; what is left of a difference, too."""
    if rule.base is RuleBase.SELECTION:
        _difference(found, rule)
        return
    _left(found, rule, rule.minimum, rule.maximum)


def _left(found: Remaining, rule: Rule, low: Fraction | int | None, high: Fraction | int | None) -> None:
    """Ask of the open years what an amount asks of all, less what was spent."""
    closed, still = found.flows(rule.selection)
    if not len(still):
        return
    spent = found.spent(closed)
    if high is not None and high < spent:
        _overspent(found, rule, spent, int(high))
        return
    low = None if low is None or low <= spent else low - spent
    high = None if high is None else high - spent
    found.add(rule.name, RuleKind.AMOUNT, found.texts(rule.selection), (low, high))


def _overspent(found: Remaining, rule: Rule, spent: int, high: int) -> None:
    paid, cap = (money_text(amount, found.past.problem.money) for amount in (spent, high))
    _refuse(
        found,
        rule,
        Text(
            f"rule {rule.name} allows {cap.en}; {paid.en} were paid already.",
            f"规则 {rule.name} 允许 {cap.zh}, 已支付 {paid.zh}。",
        ),
    )


def _refuse(found: Remaining, rule: Rule, problem: Text) -> None:
    remedy = Text("Raise max of the rule, or take it out.", "请提高该规则的 max, 或删除该规则。")
    found.faults.add(Place("rules", None, "max", rule.name), problem, remedy)


def _difference(found: Remaining, rule: Rule) -> None:
    """The money of a year less that of the year before: a number where the year before is closed."""
    (closed, still), (before, _) = found.flows(rule.selection), found.flows(rule.base_selection)
    if not len(still):
        return
    if not len(before):
        # Both years are open, and the row says so by itself.
        found.add(rule.name, RuleKind.AMOUNT, found.texts(rule.selection), (rule.minimum, rule.maximum), "before")
        return
    base = found.spent(before) - found.spent(closed)
    low, high = (None if limit is None else limit + base for limit in (rule.minimum, rule.maximum))
    if high is not None and high < 0:
        _refuse(
            found,
            rule,
            Text(
                f"rule {rule.name} asks for less than nothing after what was paid.",
                f"按已支付金额, 规则 {rule.name} 要求金额小于零。",
            ),
        )
        return
    low = None if low is None or low <= 0 else low
    found.add(rule.name, RuleKind.AMOUNT, found.texts(rule.selection), (low, high))


def _share(found: Remaining, rule: Rule) -> None:
    """A share of what is a number by now is an amount; one of open money stays, and is noted if closed money counts."""
    years = rule.base_selection.years or rule.selection.years
    if rule.base is RuleBase.FUND:
        problem = found.past.problem
        chosen = np.ix_(rule.base_selection.funds or range(problem.num_funds), years or range(problem.num_years))
        _left(found, rule, *_of(rule, exact_sum(problem.purse[chosen])))
        return
    base = rule.base_selection if rule.base is RuleBase.SELECTION else Selection()
    (closed, still), (gone, open_base) = found.flows(rule.selection), found.flows(base, years)
    spent, paid = found.spent(closed), found.spent(gone)
    if not len(open_base):
        _left(found, rule, *_of(rule, paid))
    elif not len(still):
        _base_left(found, rule, base, (spent, paid))
    else:
        if spent or paid:
            found.loose.append(rule.name)
        of = "everything"
        if rule.base is RuleBase.SELECTION:
            parts = found.texts(base, years)
            of = "; ".join(f"{name}={text}" for name, text in parts.items() if text)
        found.add(rule.name, RuleKind.SHARE, found.texts(rule.selection), (rule.minimum, rule.maximum), of)


def _of(rule: Rule, base: int) -> tuple[int | None, int | None]:
    """Give the limits of a share of a known amount, rounded to the side that is allowed."""
    low = None if rule.minimum is None else math.ceil(rule.minimum * base)
    high = None if rule.maximum is None else math.floor(rule.maximum * base)
    return low, high


def _base_left(found: Remaining, rule: Rule, base: Selection, paid: tuple[int, int]) -> None:
    """Where the money of a share is a number and its base is not, limit the base: S >= m B is B <= S / m."""
    spent, gone = paid
    years = rule.base_selection.years or rule.selection.years
    high = math.floor(spent / rule.minimum) - gone if rule.minimum else None
    low = math.ceil(spent / rule.maximum) - gone if rule.maximum else None
    if found.price:
        # What is missing grows with the base: a soft cap, which no row says.
        found.dropped.append(rule.name)
        return
    if (high is not None and high < 0) or (rule.maximum == 0 and spent):
        _refuse(
            found,
            rule,
            Text(
                f"rule {rule.name} cannot hold any more after what was paid.",
                f"按已支付金额, 规则 {rule.name} 已无法满足。",
            ),
        )
        return
    found.add(rule.name, RuleKind.AMOUNT, found.texts(base, years), (low if low and low > 0 else None, high))


def _count(found: Remaining, rule: Rule) -> None:
    """A count is lowered by what counts already; a cluster that counts already counts no more."""
    closed, still = found.flows(rule.selection)
    space, clusters = found.past.space, ()
    paid = closed[found.past.money[closed] > 0]
    if rule.base is RuleBase.CLUSTERS:
        had = np.unique(space.cell_cluster[space.flow_cell[paid]])
        left = np.setdiff1d(space.cell_cluster[space.flow_cell[still]], had)
        num = len(had)
        clusters = tuple(left.tolist()) if num else ()
        still = left
    else:
        num = len(paid) if counts_draws(rule) else len(np.unique(space.flow_cell[paid]))
    if rule.maximum is not None and rule.maximum < num:
        words = Text(
            f"rule {rule.name} counts at most {rule.maximum}; there are {num} already.",
            f"规则 {rule.name} 最多计 {rule.maximum} 项, 已有 {num} 项。",
        )
        _refuse(found, rule, words)
        return
    if not len(still):
        return
    low = None if rule.minimum is None or rule.minimum <= num else rule.minimum - num
    high = None if rule.maximum is None else rule.maximum - num
    texts = found.texts(rule.selection, clusters=clusters)
    found.add(rule.name, RuleKind.COUNT, texts, (low, high), str(rule.base))


def _change(found: Remaining, rule: Rule) -> None:
    """A change against the last plan is one against the last closed year now."""
    if len(found.flows(rule.selection)[1]):
        found.add(rule.name, RuleKind.CHANGE, found.texts(rule.selection), (rule.minimum, rule.maximum))


def _lock(found: Remaining, rule: Rule) -> None:
    """A lock stays; one on the last plan is told cell by cell, as the last plan is another now."""
    _, still = found.flows(rule.selection)
    if not len(still):
        return
    if rule.minimum is not None:
        found.add(rule.name, RuleKind.LOCK, found.texts(rule.selection), (rule.minimum, rule.maximum))
        return
    space, given, last = found.past.space, found.past.problem.last_plan, Counter[tuple[int, ...]]()
    entries = zip(*(part.tolist() for part in (given.cluster, given.lever, given.fund, given.amount)), strict=True)
    for cluster, lever, fund, amount in entries:
        last[cluster, lever, fund if rule.selection.funds else -1] += amount
    cells = space.flow_cell[still]
    funds = space.flow_fund[still] if rule.selection.funds else np.full(len(still), -1)
    keys = np.unique(np.stack((space.cell_cluster[cells], space.cell_lever[cells], funds), axis=1), axis=0)
    for cluster, lever, fund in keys.tolist():
        own = Selection(clusters=(cluster,), levers=(lever,), funds=(fund,) if fund >= 0 else (),
                        years=rule.selection.years)  # fmt: skip
        amount = last[cluster, lever, fund]
        found.add(rule.name, RuleKind.LOCK, found.texts(own), (amount, amount))


WRITERS: dict[RuleKind, Callable[[Remaining, Rule], None]] = {
    RuleKind.AMOUNT: _amount,
    RuleKind.SHARE: _share,
    RuleKind.COUNT: _count,
    RuleKind.CHANGE: _change,
    RuleKind.LOCK: _lock,
}
