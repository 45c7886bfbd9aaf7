"""Checks of a built problem that need no solver: rules and limits that the money cannot meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.check import exact_sum, make_check, money_text
from clusteropt.inputs.clashes import check_money, find_clashes
from clusteropt.inputs.count_clashes import check_counts
from clusteropt.inputs.faults import Faults, Place
from clusteropt.inputs.ledger import MOST_YEARS, has_ledger, list_spans, payable
from clusteropt.inputs.problem import ObjectiveKind, RuleBase, RuleKind, Selection
from clusteropt.inputs.rule_book import families, loose_rules
from clusteropt.inputs.share_clashes import check_shares
from clusteropt.inputs.statements import locked_amounts
from clusteropt.inputs.targets import check_target
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.check import Check, Mask
    from clusteropt.inputs.problem import Ints, Problem, Rule

NOT_LOCKED = -1
LARGEST_PAYMENT = 10**16
"""A year of a fund pays no more than this, so that sums over all draws stay within 64 bits."""


def check_problem(
    problem: Problem,
    rule_rows: tuple[int, ...],
    faults: Faults,
    soft_rows: tuple[int, ...] = (),
    spread: frozenset[int] = frozenset(),
) -> None:
    """Note what no plan could meet, as far as it shows without a solver.

    Parameters
    ----------
    problem : Problem
        What is checked.
    rule_rows : tuple of int
        The row of each rule.
    faults : Faults
        Where to note what is wrong.
    soft_rows : tuple of int
        The row of each soft floor.
    spread : frozenset of int
        Rows that are written out into rules: each of these has a draw.
    """
    check = make_check(problem, faults)
    _check_limits(check)
    _check_funds(check)
    _check_factors(check)
    for number, rule in loose_rules(problem.rules):
        row = rule_rows[number]
        if row in spread or _check_matches(check, rule.selection, rule.name, row):
            _check_rule(check, rule, row)
    for first, family in families(problem.rules):
        # Families have draws, as they are written for them; a floor may still be too high.
        for number in range(len(family)) if family.minimum is not None else ():
            _check_floor(check, family.rule(number), rule_rows[first + number])
    _check_soft(check, soft_rows)
    _check_bases(check, (*rule_rows, *soft_rows))
    _check_locks(check, rule_rows)
    _check_clashes(check, rule_rows)
    check_target(check)


def _check_clashes(check: Check, rule_rows: tuple[int, ...]) -> None:
    """Compare the rules that nothing is wrong with so far with each other."""
    faulty = {fault.row for fault in check.faults.listed if fault.table == "rules"}
    sound = [number for number in _compared(check.problem) if rule_rows[number] not in faulty]
    clashes = find_clashes(check, rule_rows, sound)
    check_money(clashes)
    check_shares(clashes)
    check_counts(clashes, sound)


def _compared(problem: Problem) -> list[int]:
    """Give the rules to compare: of a family those of clusters that others name too, and those with a floor."""
    named = {cluster for _, rule in loose_rules(problem.rules) for cluster in rule.selection.clusters}
    found = [number for number, _ in loose_rules(problem.rules)]
    for first, family in families(problem.rules):
        chosen = np.isin(family.cluster, sorted(named))
        if family.minimum is not None:
            chosen |= family.minimum > 0
        found += (first + np.flatnonzero(chosen)).tolist()
    return sorted(found)


def _check_limits(check: Check) -> None:
    problem = check.problem
    for cluster, lever in check.faults.that_fit(np.argwhere((problem.least > problem.most) & check.reached)):
        value = f"{problem.labels.clusters[cluster]}, {problem.labels.levers[lever]}"
        least, most = (money_text(int(part[cluster, lever]), problem.money) for part in (problem.least, problem.most))
        check.faults.add(
            Place("cells", None, "least", value),
            Text(
                f"least is {least.en}, but the purses open to the cell hold {most.en} in their best year.",
                f"least 为{least.zh}, 但对其开放的资金单年最多 {most.zh}。",
            ),
            Text("Lower least, or open a fund.", "请降低 least, 或开放资金。"),
        )


def _check_funds(check: Check) -> None:
    served = np.bincount(check.problem.draw_fund, minlength=check.problem.num_funds) > 0
    if check.problem.programmes is not None:
        served[check.problem.programmes.cost_fund] = True
    for fund in np.flatnonzero(~served):
        check.faults.add(
            Place("funds", None, "fund", check.problem.labels.funds[fund]),
            Text("no cluster and lever may draw on this fund.", "没有任何集群和工具可使用该资金。"),
            Text("Mend its eligibility, or remove it.", "请更正 eligibility, 或删除该资金。"),
        )
    _check_ledgers(check)


def _check_ledgers(check: Check) -> None:
    """Note funds whose commitments nothing can pay, and ledgers that are too long or grow beyond all bounds."""
    problem = check.problem
    for fund in range(problem.num_funds):
        if not has_ledger(problem, fund):
            continue
        place = Place("funds", None, "fund", problem.labels.funds[fund])
        if problem.num_years > MOST_YEARS:
            check.faults.add(
                place,
                Text(
                    f"its money moves between {problem.num_years} years; at most {MOST_YEARS} are possible.",
                    f"其资金在 {problem.num_years} 年之间流转; 最多可为 {MOST_YEARS} 年。",
                ),
                Text(
                    "Plan fewer years, or empty carry_over, committed and returned.",
                    "请减少年份, 或清空 carry_over, committed 和 returned。",
                ),
            )
            continue
        short = [span for span in list_spans(problem, fund) if span.limit < 0]
        if short:
            years = ", ".join(str(problem.labels.years[year]) for year in short[0].years)
            missing = money_text(-short[0].limit, problem.money)
            check.faults.add(
                Place("funds", None, "committed", problem.labels.funds[fund]),
                Text(
                    f"the commitments of {years} exceed what can be paid then by {missing.en}.",
                    f"{years} 年的先期承诺超出可支付金额 {missing.zh}。",
                ),
                Text("Lower committed, or add money.", "请降低 committed, 或增加资金。"),
            )
    if int(payable(problem).max(initial=0)) > LARGEST_PAYMENT:
        check.faults.add(
            Place("funds", None, "returned"),
            Text(
                f"what comes back could let one year pay more than {LARGEST_PAYMENT:,} units.",
                f"回收资金可能使单年支付超过 {LARGEST_PAYMENT:,} 个单位。",
            ),
            Text("Use a larger unit of money, or lower returned.", "请使用更大的货币单位, 或降低 returned。"),
        )


def _check_factors(check: Check) -> None:
    names = ("concentration", "innovation", "interaction", "spillover", "growth")
    for position, name in enumerate(names):
        if not check.problem.factor_weights.get(name):
            continue
        num_missing = int(np.isnan(check.problem.features[:, position]).sum())
        if num_missing:
            check.faults.add(
                Place("clusters", None, name),
                Text(
                    f"the factor formula weighs this feature, but it is empty for {num_missing} clusters.",
                    f"因素公式使用该特征, 但有 {num_missing} 个集群为空。",
                ),
                Text("Fill it in, or drop it from factor_weights.", "请填写, 或从 factor_weights 中删除。"),
            )


def _check_rule(check: Check, rule: Rule, row: int) -> None:
    if rule.kind is RuleKind.COUNT:
        _check_count(check, rule, row)
    _check_last_plan(check, rule, row)
    _check_floor(check, rule, row)


def _check_soft(check: Check, soft_rows: tuple[int, ...]) -> None:
    """Note soft floors that match nothing, that lack a last plan, or whose price an objective has no place for."""
    for floor, row in zip(check.problem.soft_floors, soft_rows, strict=True):
        if _check_matches(check, floor.rule.selection, floor.rule.name, row):
            _check_last_plan(check, floor.rule, row)
    kind = check.problem.objective.kind
    if kind in (ObjectiveKind.TOTAL, ObjectiveKind.EQUITY):
        return
    for row in dict.fromkeys(soft_rows):
        check.faults.add(
            Place("rules", row, "price"),
            Text(
                f"a price is taken off the outcome, and the objective {kind} has no place for it.",
                f"price 从产出中扣减, 而目标 {kind} 无法计入。",
            ),
            Text(
                "Take total or equity as the objective, or leave price empty.",
                "请将目标改为 total 或 equity, 或将 price 留空。",
            ),
        )


def _check_last_plan(check: Check, rule: Rule, row: int) -> None:
    if _needs_last_plan(rule) and not len(check.problem.last_plan.amount):
        check.faults.add(
            Place("rules", row, "rule", rule.name),
            Text(
                f"a rule of kind {rule.kind} needs the last plan, and there is none.",
                f"{rule.kind} 类规则需要上期计划, 但没有该表。",
            ),
            Text("Add the table last_plan.", "请补充 last_plan 表。"),
        )
    elif _needs_last_plan(rule):
        check_last_funds(check, rule, row)


def _check_bases(check: Check, rule_rows: tuple[int, ...]) -> None:
    """Note bases that match nothing; of the rules that a row is written out into it is enough that one has a base."""
    based: dict[int, list[Rule]] = {}
    for number, rule in loose_rules(check.problem.all_rules):
        row = rule_rows[number]
        if rule.base is RuleBase.SELECTION:
            based.setdefault(row, []).append(rule)
    for row, rules in based.items():
        if not any(len(check.funds(rule.base_selection)) for rule in rules):
            _check_matches(check, rules[0].base_selection, rules[0].name, row, "of")


def check_last_funds(check: Check, rule: Rule, row: int) -> None:
    """Note a rule on the last plan that names funds where the last plan does not say from which its money came."""
    if not (rule.selection.funds and (check.problem.last_plan.fund < 0).any()):
        return
    check.faults.add(
        Place("rules", row, "fund", rule.name),
        Text(
            "the rule names a fund, but the last plan does not say from which fund its money came.",
            "该规则指定了资金来源, 但上期计划未说明拨款来自哪项资金。",
        ),
        Text(
            "Fill in the column fund of last_plan, or take the fund out of the rule.",
            "请填写 last_plan 的 fund 列, 或从规则中去掉资金来源。",
        ),
    )


def _needs_last_plan(rule: Rule) -> bool:
    return rule.kind is RuleKind.CHANGE or (rule.kind is RuleKind.LOCK and rule.minimum is None)


def _check_matches(check: Check, selection: Selection, name: str, row: int, column: str = "rule") -> bool:
    if not len(check.clusters(selection)):
        problem = Text("nothing matches the selection: no cluster is in all of it.", "没有集群符合该范围。")
    elif not len(check.funds(selection)):
        problem = Text("no fund of the selection is open to its clusters and levers.", "该范围内没有可用的资金。")
    else:
        return True
    check.faults.add(Place("rules", row, column, name), problem, Text("Widen the selection.", "请放宽范围。"))
    return False


def _check_count(check: Check, rule: Rule, row: int) -> None:
    if rule.minimum is None:
        return
    draws, problem = check.draws(rule.selection), check.problem
    cluster, lever = problem.draw_cluster[draws].astype(np.int64), problem.draw_lever[draws]
    if rule.base is RuleBase.CLUSTERS:
        num, what = len(np.unique(cluster)), Text("clusters", "个集群")
    else:
        # Where funds are named each draw counts, so a cell counts once for every fund that is open to it.
        units = len(draws) if rule.selection.funds else len(np.unique(cluster * problem.num_levers + lever))
        num = int(units) * len(check.years(rule.selection))
        what = Text("draws", "项支取") if rule.selection.funds else Text("awards", "项拨款")
    if rule.minimum > num:
        check.faults.add(
            Place("rules", row, "min", str(rule.minimum)),
            Text(f"at most {num} {what.en} are possible in the selection.", f"该范围内最多 {num} {what.zh}。"),
            Text("Lower min, or widen the selection.", "请降低 min, 或放宽范围。"),
        )


def _floor_of(check: Check, rule: Rule) -> int | None:
    """Give the money a rule asks for whatever the plan; None if it asks for none."""
    if rule.minimum is None or (rule.kind is RuleKind.AMOUNT and rule.base is RuleBase.SELECTION):
        return None
    if rule.kind is RuleKind.AMOUNT:
        return int(rule.minimum)
    if rule.kind is RuleKind.SHARE and rule.base is RuleBase.FUND:
        purses = np.ix_(np.array(rule.base_selection.funds), check.years(rule.selection))
        return -(-(rule.minimum * exact_sum(check.problem.purse[purses])) // 1)
    if rule.kind is RuleKind.LOCK:
        num = len(check.draws(rule.selection)) if rule.selection.funds else check.cells(rule.selection).sum()
        return int(rule.minimum) * int(num) * len(check.years(rule.selection))
    return None


def _check_floor(check: Check, rule: Rule, row: int) -> None:
    """Compare what a rule asks for with the purses open to it, and with what its cells may take."""
    floor = _floor_of(check, rule)
    if floor is None:
        return
    money = check.problem.money
    asked, held = money_text(floor, money), money_text(check.open_money(rule.selection), money)
    place = Place("rules", row, "min", str(rule.minimum))
    if floor > check.open_money(rule.selection):
        check.faults.add(
            place,
            Text(
                f"rule {rule.name} asks at least {asked.en}; the purses open to it hold {held.en}.",
                f"规则 {rule.name} 至少需要 {asked.zh}; 对其开放的资金共 {held.zh}。",
            ),
            Text("Lower min, widen the selection, or open a fund.", "请降低 min, 放宽范围或开放资金。"),
        )
        return
    cells = check.cells(rule.selection) & check.reached
    taken = exact_sum(check.problem.most[cells]) * len(check.years(rule.selection))
    if floor > taken:
        most = money_text(taken, money)
        check.faults.add(
            place,
            Text(
                f"rule {rule.name} asks at least {asked.en}; its cells may take {most.en}.",
                f"规则 {rule.name} 至少需要 {asked.zh}; 其单元最多可得 {most.zh}。",
            ),
            Text("Lower min, or raise most in cells.", "请降低 min, 或提高 cells 中的 most。"),
        )


def _check_locks(check: Check, rule_rows: tuple[int, ...]) -> None:
    """Note locks that no award meets, and locks that disagree."""
    problem = check.problem
    # A lock of the money of single funds leaves the sum of the cell open.
    locks = [
        (rule, rule_rows[number])
        for number, rule in loose_rules(problem.rules)
        if rule.kind is RuleKind.LOCK and not rule.selection.funds
    ]
    if not locks:
        return
    shape = (problem.num_clusters, problem.num_levers)
    fixed = {year: np.full(shape, NOT_LOCKED, dtype=np.int64) for year in range(problem.num_years)}
    for rule, row in locks:
        cells = check.cells(rule.selection)
        amount = locked_amounts(problem, rule)
        _check_lock(check, cells, amount, rule, row)
        for year in check.years(rule.selection):
            other = cells & (fixed[year] != NOT_LOCKED) & (fixed[year] != amount)
            if other.any():
                cluster, lever = np.argwhere(other)[0]
                first = money_text(int(fixed[year][cluster, lever]), problem.money)
                check.faults.add(
                    Place("rules", row, "rule", rule.name),
                    Text(
                        f"an earlier lock holds {_cell(problem, cluster, lever)} at {first.en}.",
                        f"前面的锁定已将 {_cell(problem, cluster, lever)} 定为 {first.zh}。",
                    ),
                    Text("Keep one of the locks.", "请只保留一条锁定。"),
                )
                break
            fixed[year][cells] = amount[cells]


def _check_lock(check: Check, cells: Mask, amount: Ints, rule: Rule, row: int) -> None:
    problem = check.problem
    menus = problem.menus
    from_menu = (np.diff(menus.start) > 0).reshape(cells.shape)
    outside = (amount < problem.least) | (amount > problem.most)
    level_cell = np.repeat(np.arange(cells.size), np.diff(menus.start))
    on_menu = np.zeros(cells.size, dtype=bool)
    on_menu[level_cell[menus.amount == amount.ravel()[level_cell]]] = True
    refused = np.where(from_menu, ~on_menu.reshape(cells.shape), outside) | ~check.reached
    for cluster, lever in check.faults.that_fit(np.argwhere(cells & (amount > 0) & refused)):
        asked = money_text(int(amount[cluster, lever]), problem.money)
        reason = _why_not_locked(check, cluster, lever, from_menu=bool(from_menu[cluster, lever]))
        check.faults.add(
            Place("rules", row, "rule", rule.name),
            Text(
                f"the lock asks {asked.en} for {_cell(problem, cluster, lever)}, but {reason.en}.",
                f"锁定要求 {_cell(problem, cluster, lever)} 为 {asked.zh}, 但{reason.zh}。",
            ),
            Text("Lock another amount, or change the limits of the cell.", "请改变锁定金额, 或调整该单元的限值。"),
        )


def _why_not_locked(check: Check, cluster: int, lever: int, *, from_menu: bool) -> Text:
    problem = check.problem
    if not check.reached[cluster, lever]:
        return Text("no fund is open to it", "没有对其开放的资金")
    if from_menu:
        return Text("that is no level of its menu", "菜单中没有这一档")
    least, most = (money_text(int(part[cluster, lever]), problem.money) for part in (problem.least, problem.most))
    return Text(f"an award is 0 or from {least.en} to {most.en}", f"拨款只能为 0 或 {least.zh} 至 {most.zh}")


def _cell(problem: Problem, cluster: int, lever: int) -> str:
    return f"{problem.labels.clusters[cluster]}, {problem.labels.levers[lever]}"
