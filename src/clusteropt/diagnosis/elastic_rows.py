"""The rows of the elastic model: those of every member, with what may give way, and what holds whatever gives way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from clusteropt.diagnosis.members import Member, MemberKind, least_limits, most_limits
from clusteropt.inputs.ledger import SHARE_UNIT, reaching
from clusteropt.inputs.problem import RuleBase, RuleKind
from clusteropt.model.blocks import pick, tidy
from clusteropt.model.money_rules import (
    amount_money,
    change_money,
    ledger_money,
    lock_money,
    purse_money,
    share_base,
    share_money,
    span_size,
)
from clusteropt.model.objective import total_row
from clusteropt.model.rows import Draft, counted_flows
from clusteropt.model.rule_rows import row_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from fractions import Fraction

    from clusteropt.inputs.problem import Floats, Ints, Rule
    from clusteropt.model.blocks import Matrix
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.money_rules import MoneyRow
    from clusteropt.model.space import Space

SOFT = frozenset(("purse", "ledger", "amount", "share", "count", "change", "lock", "least", "target"))
"""Rows of a formulation that belong to members and are written anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What the rows of an elastic model are made of.

    Parameters
    ----------
    space : Space
        The positions and limits of the problem itself.
    formulation : Formulation
        That of the same problem with purses and most so large that they limit nothing.
    slacks : dict of Member to array
        The positions of the slack columns of each member, counted from the first slack column: one each, and two for
        every row of a lock.
    num_slacks : int
        How many there are.
    count_worth, outcome_worth : float
        The money, in printed units, that one award counts as; the outcome that one printed unit counts as.
    """

    space: Space
    formulation: Formulation
    slacks: dict[Member, Ints]
    num_slacks: int
    count_worth: float
    outcome_worth: float

    @property
    def per_printed(self) -> int:
        """Whole units in one printed unit."""
        return self.space.problem.money.per_printed

    def slack(self, kind: MemberKind, *place: int) -> int:
        """Give the slack column of a member with one; -1 if there is no such member."""
        found = self.slacks.get(Member(kind, place))
        return -1 if found is None else int(found[0])


@dataclass(frozen=True, slots=True, eq=False)
class ElasticBlock:
    """Rows ``lower <= matrix @ columns + give @ slacks <= upper``."""

    matrix: Matrix
    give: Matrix
    lower: Floats
    upper: Floats


class _Side(NamedTuple):
    """One side of an exact row, in printed units, and what gives way in it."""

    flow: Ints
    coef: Floats
    slack: list[int]
    give: list[float]
    lower: float
    upper: float


def elastic_rows(ground: Ground) -> list[ElasticBlock]:
    """Write every row of an elastic model: first what holds whatever gives way, then the members."""
    blocks = [_core(ground), _money(ground), _gates(ground), _draws(ground)]
    blocks += [_counts(ground), _leasts(ground), _mosts(ground), _target(ground)]
    return [block for block in blocks if block is not None]


def lock_rows(space: Space) -> list[MoneyRow]:
    """Give the exact rows of all locks, in the order in which their slack columns stand."""
    return list(lock_money(space))


def _core(ground: Ground) -> ElasticBlock:
    formulation = ground.formulation
    kept = [block for block in formulation.rows if block.name not in SOFT]
    empty = sparse.csr_matrix((0, formulation.num_cols))
    matrix = sparse.vstack([empty, *(block.matrix for block in kept)], format="csr")
    lower = np.concatenate([np.zeros(0), *(block.lower for block in kept)])
    return _hard(ground, matrix, lower, np.concatenate([np.zeros(0), *(block.upper for block in kept)]))


def _hard(ground: Ground, matrix: Matrix, lower: Floats, upper: Floats) -> ElasticBlock:
    return ElasticBlock(matrix, sparse.csr_matrix((matrix.shape[0], ground.num_slacks)), lower, upper)


def _money(ground: Ground) -> ElasticBlock:
    """Write purses and money rules, side by side: each side gives way by its own slack."""
    sides = [*_purses(ground), *_locks(ground)]
    for function in (amount_money, share_money, change_money):
        sides += [side for row in function(ground.space) for side in _rule_sides(ground, row)]
    number = np.repeat(np.arange(len(sides)), [len(side.flow) for side in sides])
    flow = np.concatenate([np.zeros(0, np.int64), *(side.flow for side in sides)])
    coef = np.concatenate([np.zeros(0), *(side.coef for side in sides)])
    held = pick(len(sides), number, flow, coef, ground.space.num_amounts) @ ground.formulation.columns.flow
    row = np.repeat(np.arange(len(sides)), [len(side.slack) for side in sides])
    slack = np.array([k for side in sides for k in side.slack], np.int64)
    give = pick(len(sides), row, slack, np.array([g for side in sides for g in side.give]), ground.num_slacks)
    return ElasticBlock(tidy(held), give, np.array([s.lower for s in sides]), np.array([s.upper for s in sides]))


def _purses(ground: Ground) -> Iterator[_Side]:
    for row in purse_money(ground.space):
        slack = ground.slack(MemberKind.PURSE, *row.key)
        yield _Side(row.flow, row.coef.astype(float), [slack], [-1.0], -np.inf, (row.upper or 0) / ground.per_printed)
    for row in ledger_money(ground.space):
        yield _span_side(ground, row)


def _span_side(ground: Ground, row: MoneyRow) -> _Side:
    """Write the row of a span; money added to a purse can be paid there as far as its amount can."""
    problem, (fund, span) = ground.space.problem, row.key
    assert problem.ledger is not None
    years = [year for year in range(problem.num_years) if span >> year & 1]
    size = row_size(ground.space, row)
    shares = reaching(problem.ledger, fund, years)
    slack = [ground.slack(MemberKind.PURSE, fund, year) for year in shares]
    give = [-float(share) * span_size(problem, row.key) / size for share in shares.values()]
    return _Side(
        row.flow, row.coef.astype(float) / size, slack, give, -np.inf, (row.upper or 0) / size / ground.per_printed
    )


def _locks(ground: Ground) -> Iterator[_Side]:
    taken: dict[int, int] = {}
    for row in lock_rows(ground.space):
        number, amount = row.key[0], (row.lower or 0) / ground.per_printed
        first = taken.get(number, 0)
        taken[number] = first + 2
        slack = ground.slacks[Member(MemberKind.LOCK, (number,))][first : first + 2].tolist()
        yield _Side(row.flow, row.coef.astype(float), slack, [1.0, -1.0], amount, amount)


def _rule_sides(ground: Ground, row: MoneyRow) -> Iterator[_Side]:
    rule = ground.space.problem.rules[row.key[0]]
    size = float(max(int(abs(row.coef).max(initial=1)), 1))
    coef, unit = row.coef / size, size * ground.per_printed
    sides = (
        (MemberKind.MINIMUM, row.lower, rule.minimum, 1.0),
        (MemberKind.MAXIMUM, row.upper, rule.maximum, -1.0),
    )
    for kind, limit, share, sign in sides:
        if limit is None or share is None:
            continue
        slack, give, level = [ground.slack(kind, row.key[0])], [sign], limit / unit
        if rule.kind is RuleKind.SHARE and rule.base is RuleBase.FUND:
            # Money that is added to a purse moves the limits that are shares of it; rounded they would lag behind.
            purses = _fund_slacks(ground, rule)
            slack, give = slack + purses, give + [-float(share)] * len(purses)
            level = float(share * share_base(ground.space, rule, np.zeros(ground.space.num_amounts, np.int64))) / unit
        elif rule.kind is RuleKind.SHARE:
            give = [sign * share.denominator / size]
        low, high = (level, np.inf) if sign > 0 else (-np.inf, level)
        yield _Side(row.flow, coef, slack, give, low, high)


def _fund_slacks(ground: Ground, rule: Rule) -> list[int]:
    years = rule.base_selection.years or rule.selection.years or range(ground.space.problem.num_years)
    found = (ground.slack(MemberKind.PURSE, fund, year) for fund in rule.base_selection.funds for year in years)
    return [slack for slack in found if slack >= 0]


def _counts(ground: Ground) -> ElasticBlock | None:
    block = ground.formulation.row_block("count")
    if block is None:
        return None
    row, slack, give, low, high = [], [], [], [], []
    for position, number in enumerate(block.keys[:, 0].tolist()):
        for kind, sign, limit in ((MemberKind.MINIMUM, 1, block.lower), (MemberKind.MAXIMUM, -1, block.upper)):
            if np.isfinite(limit[position]):
                row.append(position)
                slack.append(ground.slack(kind, number))
                give.append(sign / ground.count_worth)
                low.append(limit[position] if sign > 0 else -np.inf)
                high.append(limit[position] if sign < 0 else np.inf)
    gives = pick(len(row), np.arange(len(row)), np.array(slack), np.array(give), ground.num_slacks)
    return ElasticBlock(tidy(block.matrix[row]), gives, np.array(low), np.array(high))


def _cell_money(ground: Ground) -> Matrix:
    return tidy(ground.space.cell_flows @ ground.formulation.columns.flow)


def _pairs(ground: Ground, limited: np.ndarray, kind: MemberKind) -> tuple[Ints, Ints]:
    """Give the cells with a limit of a kind that some flow reaches, and the slack column of each."""
    problem = ground.space.problem
    cells = np.unique(ground.space.flow_cell)
    pair = cells // problem.num_years
    cells, pair = cells[limited.ravel()[pair]], pair[limited.ravel()[pair]]
    slack = [ground.slack(kind, *divmod(number, problem.num_levers)) for number in pair.tolist()]
    return cells, np.array(slack, np.int64)


def _leasts(ground: Ground) -> ElasticBlock | None:
    """An award is at least its least, less what gives way: x - least y + s >= 0."""
    cells, slack = _pairs(ground, least_limits(ground.space.problem), MemberKind.LEAST)
    if not len(cells):
        return None
    bound = ground.space.problem.least.ravel()[cells // ground.space.problem.num_years] / ground.per_printed
    matrix = _cell_money(ground)[cells] - sparse.diags(bound) @ ground.formulation.columns.on[cells]
    give = pick(len(cells), np.arange(len(cells)), slack, 1.0, ground.num_slacks)
    return ElasticBlock(tidy(matrix), give, np.zeros(len(cells)), np.full(len(cells), np.inf))


def _mosts(ground: Ground) -> ElasticBlock | None:
    """A cell takes at most its most, and what gives way: x - s <= most."""
    cells, slack = _pairs(ground, most_limits(ground.space.problem), MemberKind.MOST)
    if not len(cells):
        return None
    bound = ground.space.problem.most.ravel()[cells // ground.space.problem.num_years] / ground.per_printed
    give = pick(len(cells), np.arange(len(cells)), slack, -1.0, ground.num_slacks)
    return ElasticBlock(_cell_money(ground)[cells], give, np.full(len(cells), -np.inf), bound)


def _gates(ground: Ground) -> ElasticBlock | None:
    """Awards are whole units; and x <= most y where nothing gives way, which keeps the relaxation tight.

    The second row is x - most y - s <= 0, s all that may give way in the purses and the most of the cell.
    """
    space, columns = ground.space, ground.formulation.columns
    cells = np.flatnonzero(space.gated)
    if not len(cells):
        return None
    money, on = _cell_money(ground)[cells], columns.on[cells]
    some = tidy(money - on / ground.per_printed)
    tight = tidy(money - sparse.diags(space.cell_most[cells] / ground.per_printed) @ on)
    give = tidy(_most_slacks(ground)[cells] + (space.cell_flows[:, : space.num_flows] @ _purse_slacks(ground))[cells])
    zeros, none = np.zeros(len(cells)), np.full(len(cells), np.inf)
    empty = sparse.csr_matrix((len(cells), ground.num_slacks))
    return ElasticBlock(
        sparse.vstack([some, tight], format="csr"),
        sparse.vstack([empty, -give], format="csr"),
        np.append(zeros, -none),
        np.append(none, zeros),
    )


def _draws(ground: Ground) -> ElasticBlock | None:
    """The same for draws that are counted: x[f] - most d - s <= 0."""
    space, block = ground.space, ground.formulation.columns.block("draw_on")
    if block is None:
        return None
    flows = counted_flows(space)
    bound = space.flow_most[flows] / ground.per_printed
    own = pick(len(flows), np.arange(len(flows)), block.positions, bound, ground.formulation.num_cols)
    matrix = tidy(ground.formulation.columns.flow[flows] - own)
    give = tidy((_purse_slacks(ground) + _most_slacks(ground)[space.flow_cell])[flows])
    return ElasticBlock(matrix, -give, np.full(len(flows), -np.inf), np.zeros(len(flows)))


def _purse_slacks(ground: Ground) -> Matrix:
    """Mark what can make the purse of each flow pay more, shape (num_flows, num_slacks): its slack.

    With a ledger also those of the years before, and more than once where what is paid comes back.
    """
    space = ground.space
    flow, slack, more = [], [], []
    purse = zip(space.flow_fund.tolist(), space.cell_year[space.flow_cell].tolist(), strict=True)
    for number, (fund, year) in enumerate(purse):
        for earlier in range(year + 1) if fund in space.spans else (year,):
            flow.append(number)
            slack.append(ground.slack(MemberKind.PURSE, fund, earlier))
            more.append(_most_turns(space, fund) if fund in space.spans else 1.0)
    return pick(space.num_flows, np.array(flow, np.int64), np.array(slack, np.int64), np.array(more), ground.num_slacks)


def _most_turns(space: Space, fund: int) -> float:
    """Bound what a unit more in a purse lets a fund pay in one year: all that comes back is paid again every year."""
    ledger = space.problem.ledger
    most = 0 if ledger is None else float(ledger.returned[fund].max()) / SHARE_UNIT
    return (1.0 + most) ** space.problem.num_years


def _most_slacks(ground: Ground) -> Matrix:
    """Mark the slack of the most of each cell that has one, shape (num_cells, num_slacks)."""
    cells, slack = _pairs(ground, most_limits(ground.space.problem), MemberKind.MOST)
    return pick(ground.space.num_cells, cells, slack, 1.0, ground.num_slacks)


def _target(ground: Ground) -> ElasticBlock | None:
    slack = ground.slack(MemberKind.TARGET)
    if slack < 0:
        return None
    formulation = ground.formulation
    row = total_row(Draft(formulation.space, formulation.columns, formulation.grid))
    give = pick(1, np.zeros(1, np.int64), np.array([slack]), ground.outcome_worth, ground.num_slacks)
    target = ground.space.problem.objective.target or 0.0
    return ElasticBlock(row, give, np.array([target]), np.array([np.inf]))


def ratio_row(ground: Ground, flows: tuple[Ints, Ints], share: Fraction | float) -> Floats:
    """Give money of a selection less a share of the money of its base, as one row over the columns."""
    chosen, base = flows
    num = ground.space.num_amounts
    weight = np.bincount(chosen, minlength=num) - float(share) * np.bincount(base, minlength=num)
    return np.asarray(weight @ ground.formulation.columns.flow).ravel()


def stack(blocks: Iterable[ElasticBlock]) -> ElasticBlock:
    """Put blocks under each other."""
    parts = list(blocks)
    return ElasticBlock(
        sparse.vstack([part.matrix for part in parts], format="csr"),
        sparse.vstack([part.give for part in parts], format="csr"),
        np.concatenate([part.lower for part in parts]),
        np.concatenate([part.upper for part in parts]),
    )
