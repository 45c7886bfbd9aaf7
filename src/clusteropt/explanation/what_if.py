"""What changes if an award is refused or forced."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusteropt.errors import InfeasibleError
from clusteropt.explanation.bracket import difference
from clusteropt.explanation.neighbours import Session, base_of, with_rule
from clusteropt.explanation.pricing import priced
from clusteropt.inputs.faults import Faults, suggest
from clusteropt.inputs.faults import Place as FaultPlace
from clusteropt.inputs.ledger import payable
from clusteropt.inputs.problem import Rule, RuleKind, Selection
from clusteropt.plan.describing import describe
from clusteropt.plan.near import Aim
from clusteropt.plan.rule_words import cell_name, money_words, rule_words
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.explanation.bracket import Bracket
    from clusteropt.explanation.neighbours import Base
    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Problem
    from clusteropt.plan.plan import Plan

    Place = tuple[int, int, int | None]

LOCK = "what_if"
"""The name of the lock that is added."""


@dataclass(frozen=True, eq=False)
class Change:
    """What changes if an award is refused or forced.

    Parameters
    ----------
    before : Plan
        The plan that is asked about.
    after : Plan
        The best plan found with the lock added; of a problem with one rule more.
    cluster, lever : int
        Positions.
    year : int or None
        Position; None is every year.
    amount : int
        Whole units locked; 0 is a refusal.
    loss : Bracket
        The optimum less the optimum with the lock (for least money: the whole units it takes more).
    """

    before: Plan
    after: Plan
    cluster: int
    lever: int
    year: int | None
    amount: int
    loss: Bracket

    @cached_property
    def moves(self) -> pd.DataFrame:
        """Every cell whose money changes: cluster, lever, year, before, after, change; the largest change first."""
        keys = ["cluster", "lever", "year"]
        sides = [plan.value_by_cell[plan.value_by_cell["amount"] > 0].set_index(keys)["amount"]
                 for plan in (self.before, self.after)]  # fmt: skip
        frame = pd.concat(sides, axis=1, keys=["before", "after"]).fillna(0).astype(np.int64)
        frame["change"] = frame["after"] - frame["before"]
        frame = frame[frame["change"] != 0].reset_index()
        order = np.lexsort((frame.index.to_numpy(), -frame["change"].abs().to_numpy()))
        return frame.iloc[order].reset_index(drop=True)


def what_if(  # noqa: PLR0913  Four of the parameters name the award.
    problem: Problem,
    plan: Plan,
    cluster: str,
    lever: str,
    amount: int,
    year: int | None = None,
    *,
    options: SolveOptions | None = None,
) -> Change:
    """Refuse an award, or force one, and plan again.

    loss in [v - B', B - v'], with v, B the value and bound of the plan, v', B' those of the best plan with the lock.

    Parameters
    ----------
    problem : Problem
        What was planned.
    plan : Plan
        Its plan.
    cluster, lever : str
        Keys of the cell.
    amount : int
        Whole units the cell gets exactly; 0 refuses the award.
    year : int, optional
        The year; every year if not given.
    options : SolveOptions, optional
        Limits; those of the problem if not given.

    Returns
    -------
    Change

    Raises
    ------
    InputError
        If the plan is none of this problem, a name is unknown, or the amount is no whole number of units.
    InfeasibleError
        If no plan gives the cell this amount; says why where the cell or its purses tell, else as HiGHS claims.
    NoIncumbentError, ExactMoneyError, SolverFaultError, KeyboardInterrupt
        As in `solve`.
    """
    base = base_of(problem, plan)
    place = _find(problem, (cluster, lever, year), amount)
    years = range(problem.num_years) if place[2] is None else (place[2],)
    for number in years:
        _check_cell(base, (place[0], place[1], number), amount)
    locked = with_rule(base.problem, lock_of(base.problem, place, amount))
    if all(_awarded(base, (place[0], place[1], number)) == amount for number in years):
        same = base.known.at_least(base.known.value)
        return Change(plan, plan, *place, amount, difference(base.known, same, free=True))
    session = Session(base, options or problem.options)
    try:
        made = session.solve(locked, aim=Aim.PLAN)
    except InfeasibleError as error:
        raise _no_plan(base, place, amount, error) from None
    known = session.knowledge(made, Aim.PLAN).tighter(priced(base, locked))
    after = describe(made, options or problem.options)
    return Change(plan, after, *place, amount, difference(base.known, known, free=True))


def lock_of(problem: Problem, place: Place, amount: int) -> Rule:
    """Make a rule that locks a cell (in every year where the year is None) at an amount."""
    cluster, lever, year = place
    name = LOCK
    while any(rule.name == name for rule in problem.all_rules):
        name += "_"
    years = () if year is None else (year,)
    limit = Fraction(amount)
    return Rule(name, RuleKind.LOCK, Selection(clusters=(cluster,), levers=(lever,), years=years), limit, limit)


def _find(problem: Problem, names: tuple[str, str, int | None], amount: int) -> Place:
    """Find a cell by its names, and check that the amount is one."""
    labels, faults = problem.labels, Faults()
    known = (labels.clusters, labels.levers, labels.years)
    columns = ("cluster", "lever", "year")
    for column, name, names_known in zip(columns, names, known, strict=True):
        if name is not None and name not in names_known:
            wrong = Text(f"no {column} has this name.", "没有这个名称。")
            written = [str(one) for one in names_known]
            faults.add(FaultPlace("what_if", column=column, value=str(name)), wrong, suggest(str(name), written))
    if isinstance(amount, bool) or not isinstance(amount, int | np.integer) or amount < 0:
        wrong = Text("the amount is no whole number of units.", "金额不是整数个货币单位。")
        remedy = Text("Give a whole number, 0 to refuse the award.", "请给出整数; 0 表示拒绝该拨款。")
        faults.add(FaultPlace("what_if", column="amount", value=str(amount)), wrong, remedy)
    faults.stop_if_any()
    cluster, lever, year = names
    number = None if year is None else labels.years.index(year)
    return labels.clusters.index(cluster), labels.levers.index(lever), number


def _check_cell(base: Base, cell: tuple[int, int, int], amount: int) -> None:
    """Refuse an amount that the cell itself, or its purses, cannot have."""
    if amount == 0:
        return
    problem, (cluster, lever, year) = base.problem, cell
    pair = cluster * problem.num_levers + lever
    menu = problem.menus.amount[problem.menus.start[pair] : problem.menus.start[pair + 1]].tolist()
    funds = problem.draw_fund[(problem.draw_cluster == cluster) & (problem.draw_lever == lever)]
    held = int(payable(problem)[funds, year].sum())
    least, most = int(problem.least[cluster, lever]), int(problem.most[cluster, lever])
    name, wanted = cell_name(problem, *cell), money_words(problem, amount)
    if menu and amount not in menu:
        levels = [money_words(problem, level) for level in menu]
        english, chinese = ", ".join(level.en for level in levels), "、".join(level.zh for level in levels)
        why = Text(f"its menu has {english}", f"其菜单只有 {chinese}")
    elif not menu and not least <= amount <= most:
        low, high = money_words(problem, least), money_words(problem, most)
        why = Text(f"an award is at least {low.en} and at most {high.en}", f"其拨款至少为 {low.zh}, 至多为 {high.zh}")
    elif amount > held:
        purses = money_words(problem, held)
        why = Text(f"the purses that may pay it hold {purses.en}", f"可支付它的年度资金共有 {purses.zh}")
    else:
        return
    raise InfeasibleError(
        Text(f"{name.en} cannot get {wanted.en}: {why.en}.", f"{name.zh}不能得到 {wanted.zh}: {why.zh}。")
    )


def _awarded(base: Base, cell: tuple[int, int, int]) -> int:
    cluster, lever, year = cell
    space = base.space
    position = (cluster * space.problem.num_levers + lever) * space.problem.num_years + year
    return int(base.money[: space.num_flows][space.flow_cell == position].sum())


def _no_plan(base: Base, place: Place, amount: int, error: InfeasibleError) -> InfeasibleError:
    problem, (cluster, lever, year) = base.problem, place
    name, wanted = cell_name(problem, cluster, lever, year), money_words(problem, amount)
    cells = base.space.cells_in(lock_of(problem, place, amount).selection)
    locks = [
        rule_words(problem, rule)
        for rule in problem.rules
        if rule.kind is RuleKind.LOCK and np.isin(base.space.cells_in(rule.selection), cells).any()
    ]
    if locks:
        english, chinese = "; ".join(lock.en for lock in locks), "; ".join(lock.zh for lock in locks)
        return InfeasibleError(
            Text(f"{name.en} cannot get {wanted.en}: {english}.", f"{name.zh}不能得到 {wanted.zh}: {chinese}。")
        )
    return InfeasibleError(
        Text(
            f"No plan gives {name.en} exactly {wanted.en} and obeys every rule. {error.message.en}",
            f"没有方案既给{name.zh}恰好 {wanted.zh}, 又满足所有规则。{error.message.zh}",
        )
    )
