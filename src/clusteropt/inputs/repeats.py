"""Rules that repeat, or that are measured against the year before or against costs, written out into ordinary ones.

What comes after reading knows of ordinary rules alone, each with a name of its own: that of its row and, in brackets,
the values that it is about.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from fractions import Fraction
from itertools import chain, product, repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from clusteropt.inputs.check import make_check
from clusteropt.inputs.checking import check_last_funds
from clusteropt.inputs.each import YEAR, year_runs
from clusteropt.inputs.faults import Faults, Place
from clusteropt.inputs.names import make_names
from clusteropt.inputs.problem import Rule, RuleBase, RuleKind, Selection, SoftFloor
from clusteropt.inputs.rule_book import FAMILY_FROM, RuleBook, RuleFamily
from clusteropt.inputs.selections import PARTS, Measure
from clusteropt.inputs.statements import last_money
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from clusteropt.inputs.check import Check
    from clusteropt.inputs.parsing import TypedTable
    from clusteropt.inputs.problem import Ints, Positions, Problem
    from clusteropt.inputs.selections import RuleRow

    Cell = tuple[int, int]
    Costs = Ints
    Values = dict[str, tuple[int, ...]]

MOST_WRITTEN = 2_000_000
"""More rules than this from one row are a slip, and would fill the memory."""
LARGEST_SUM = 2**62
"""Costs that may sum to more are summed in Python integers."""
SELECTED = tuple(field.name for field in fields(Selection))
LARGEST_LIMIT = 10**18
"""What a rule can hold."""


@dataclass(frozen=True, slots=True)
class WrittenRules:
    """Rules and soft floors, the rows they come from, and what a reader must know of them.

    ``spread`` holds the rows that are written out: each of their rules has a draw, as it is written for one.
    """

    rules: Sequence[Rule]
    rows: tuple[int, ...]
    soft_floors: tuple[SoftFloor, ...]
    soft_rows: tuple[int, ...]
    spread: frozenset[int]
    notes: tuple[Text, ...]


def write_rules(problem: Problem, read: Sequence[RuleRow], cells: TypedTable, faults: Faults) -> WrittenRules:
    """Write every row out into the rules it stands for.

    Parameters
    ----------
    problem : Problem
        The problem without its rules.
    read : sequence of RuleRow
        The rows.
    cells : TypedTable
        The table that holds the costs.
    faults : Faults
        Where to note what is wrong.
    """
    check, costs = make_check(problem, faults), _costs(problem, cells)
    found: list[tuple[Rule | RuleFamily, int]] = []
    bare: set[Cell] = set()
    spread: set[int] = set()
    for row in read:
        # Where nothing matches there is nothing to repeat, and the check of the rule says so.
        if _is_plain(row) or not len(check.draws(row.rule.selection)):
            found.append((row.rule, row.row))
        elif row.measure is not Measure.COST or _has_costs(check, row, costs, bare):
            family = _family(check, row, costs)
            found += [(rule, row.row) for rule in ([family] if family is not None else _written(check, row, costs))]
            spread.add(row.row)
    _check_names(found, {row.rule.name: row.row for row in read}, faults)
    prices = {row.row: row.price for row in read}
    hard = [(rule, row) for rule, row in found if prices[row] is None]
    soft = [
        (SoftFloor(rule, price), row)
        for rule, row in found
        if isinstance(rule, Rule) and (price := prices[row]) is not None
    ]
    loose = all(isinstance(rule, Rule) for rule, _ in hard)
    sizes = [1 if isinstance(rule, Rule) else len(rule) for rule, _ in hard]
    return WrittenRules(
        rules=tuple(rule for rule, _ in hard if isinstance(rule, Rule))
        if loose
        else RuleBook(rule for rule, _ in hard),
        rows=tuple(chain.from_iterable(repeat(row, size) for (_, row), size in zip(hard, sizes, strict=True))),
        soft_floors=tuple(floor for floor, _ in soft),
        soft_rows=tuple(row for _, row in soft),
        spread=frozenset(spread),
        notes=_notes(problem, read),
    )


def _family(check: Check, row: RuleRow, costs: Costs) -> RuleFamily | None:
    """Write a row out as a family: many limits of amounts, one a cluster; None where it is not that."""
    rule, problem = row.rule, check.problem
    amounts = row.measure is Measure.COST or (row.measure is Measure.ITSELF and rule.kind is RuleKind.AMOUNT)
    cluster, _ = _distinct(problem.draw_cluster[check.draws(rule.selection)].astype(np.int64))
    if row.each.fields != ("cluster",) or not amounts or row.price is not None or not _is_many(len(cluster)):
        return None
    selection = replace(rule.selection, clusters=())
    if selection.regions or selection.paths or selection.industries or rule.base is RuleBase.SELECTION:
        return None
    labels = problem.labels.clusters
    if len(cluster) < len(labels):
        labels = tuple(labels[position] for position in cluster.tolist())
    if row.measure is Measure.ITSELF:
        sides = [None if limit is None else np.full(len(cluster), int(limit)) for limit in (rule.minimum, rule.maximum)]
        return RuleFamily(rule.name, selection, cluster, labels, *sides)
    _, totals = _combinations(check, rule.selection, ["cluster"], costs)
    if totals.max() > LARGEST_LIMIT:
        return None
    low, high = rule.minimum, rule.maximum
    least = None if low is None else -_share_down(totals, -low)
    most = None if high is None else _share_down(totals, high)
    return RuleFamily(rule.name, selection, cluster, labels, least, most)


def _is_many(number: int) -> bool:
    return FAMILY_FROM <= number <= MOST_WRITTEN


def _share_down(totals: NDArray[Any], share: Fraction) -> Ints:
    """Give a share of whole totals, rounded down; in Python integers where 64 bits might not do."""
    if int(totals.max()) * abs(share.numerator) >= LARGEST_SUM:
        totals = totals.astype(object)
    return np.asarray(totals * share.numerator // share.denominator, np.int64)


def _notes(problem: Problem, read: Sequence[RuleRow]) -> tuple[Text, ...]:
    """Name the rows that say nothing of the first year, as nothing is known of the year before it."""
    since = [row.rule for row in read if row.measure is Measure.BEFORE]
    free = [rule.name for rule in since if not rule.selection.years or 0 in rule.selection.years]
    if not free or len(problem.last_plan.amount):
        return ()
    names, first = ", ".join(free), problem.labels.years[0]
    return (
        Text(
            f"Without a last plan {first} is free of: {names}.", f"没有上期计划, {first} 年不受以下规则限制: {names}。"
        ),
    )


def _is_plain(row: RuleRow) -> bool:
    return not row.each.fields and row.measure is Measure.ITSELF


def _costs(problem: Problem, cells: TypedTable) -> Costs:
    """Give what every cell costs, -1 where that is not said, shape (num_clusters, num_levers)."""
    given = cells.given("cost")
    costs = np.full((problem.num_clusters, problem.num_levers), -1, np.int64)
    if given.any():
        names = make_names(problem.labels)
        cluster, lever = (names[kind].positions(cells.text(kind))[given] for kind in ("cluster", "lever"))
        costs[cluster, lever] = cells.wholes("cost")[given]
    return costs


def _written(check: Check, row: RuleRow, costs: Costs) -> Iterator[Rule]:
    for rule, total in _repeated(check, row, costs):
        if row.measure is Measure.BEFORE:
            yield from _against_before(check, rule, row.row)
        elif row.measure is Measure.COST:
            yield from _against_cost(check, rule, row.row, total)
        else:
            yield rule


def _repeated(check: Check, row: RuleRow, costs: Costs) -> Iterator[tuple[Rule, int]]:
    """Give the rule of a row once for every combination of values that some draw of it has, and what it costs."""
    rule, fields = row.rule, row.each.fields
    if row.measure is Measure.BEFORE and YEAR not in fields:
        fields = (*fields, YEAR)
    places = [field for field in fields if field != YEAR]
    found, totals = _combinations(check, rule.selection, places, costs)
    runs = [rule.selection.years]
    if YEAR in fields:
        runs = year_runs(check.years(rule.selection).tolist(), row.each.window)
    if len(found) * len(runs) > MOST_WRITTEN:
        number = len(found) * len(runs)
        problem = Text(f"the row stands for {number:,} rules.", f"该行将写成 {number:,} 条规则。")
        remedy = Text(f"Repeat it for less: {MOST_WRITTEN:,} at most.", f"请减少重复: 最多 {MOST_WRITTEN:,} 条。")
        check.faults.add(Place("rules", row.row, "each", rule.name), problem, remedy)
        return
    for (positions, total), run in product(zip(found.tolist(), totals.tolist(), strict=True), runs):
        values: Values = {place: (position,) for place, position in zip(places, positions, strict=True)}
        if YEAR in fields:
            values[YEAR] = run
        yield _narrowed(check.problem, rule, {field: values[field] for field in fields}), total


def _combinations(check: Check, selection: Selection, places: Sequence[str], costs: Costs) -> tuple[Ints, NDArray[Any]]:
    """Give the positions of each field that go together in some draw, in order, each once; and what their cells cost.

    A cell that several funds are open to costs once. Costs are Python integers where 64 bits might not do.
    """
    problem, draws = check.problem, check.draws(selection)
    cluster, lever = problem.draw_cluster[draws].astype(np.int64), problem.draw_lever[draws]
    columns: dict[str, Ints | Positions] = {
        "region": problem.region_of[cluster],
        "path": problem.path_of[cluster],
        "industry": problem.industry_of[cluster],
        "cluster": cluster,
        "lever": lever,
        "fund": problem.draw_fund[draws],
    }
    chosen = [np.asarray(columns[place], np.int64) for place in places]
    sizes = tuple(int(values.max(initial=0)) + 1 for values in chosen)
    # One number a combination, and one a cell of it: rows of a table take longer to compare.
    key = np.ravel_multi_index(chosen, sizes) if places else np.zeros(len(draws), np.int64)
    known, which = _distinct(key)
    found = np.stack(np.unravel_index(known, sizes), axis=1) if places else np.zeros((1, 0), np.int64)
    num_cells = problem.num_clusters * problem.num_levers
    cells, _ = _distinct(which * num_cells + cluster * problem.num_levers + lever)
    of_cell, owner = cells % num_cells, cells // num_cells
    cost = np.maximum(costs.ravel()[of_cell], 0)
    if float(cost.max(initial=0)) * len(cost) >= LARGEST_SUM:
        cost = cost.astype(object)
    totals = np.zeros(len(found), cost.dtype)
    np.add.at(totals, owner, cost)
    return found, totals


def _distinct(values: Ints) -> tuple[Ints, Ints]:
    """Give the values, each once and in order, and which one each is; draws by cluster are in order already."""
    if (values[1:] < values[:-1]).any():
        return np.unique(values, return_inverse=True)
    new = np.append(np.ones(min(len(values), 1), bool), values[1:] > values[:-1])
    return values[new], np.cumsum(new) - 1


def _narrowed(problem: Problem, rule: Rule, values: Values) -> Rule:
    """Give a rule about some values alone, under a name that tells them; so is its base, where it names none itself.

    A base is that of the same places, and of funds of its own; its years are those of the selection anyway.
    """
    labels = [_label(problem, field, positions) for field, positions in values.items()]
    parts = {PARTS[field]: positions for field, positions in values.items()}
    base = rule.base_selection
    if rule.base is RuleBase.SELECTION:
        shared = {name: part for name, part in parts.items() if name not in ("funds", "years")}
        base = replace(base, **{name: part for name, part in shared.items() if not getattr(base, name)})
    name = f"{rule.name} [{', '.join(labels)}]" if labels else rule.name
    # Written out in place of `replace`, which is slower, as there may be a rule of every cluster.
    own = rule.selection
    selection = Selection(*(parts.get(part) or getattr(own, part) for part in SELECTED))
    return Rule(name, rule.kind, selection, rule.minimum, rule.maximum, rule.base, base)


def _label(problem: Problem, field: str, positions: tuple[int, ...]) -> str:
    names = getattr(problem.labels, PARTS[field])
    first, last = names[positions[0]], names[positions[-1]]
    return str(first) if len(positions) == 1 else f"{first}-{last}"


def _against_before(check: Check, rule: Rule, row: int) -> Iterator[Rule]:
    """Measure the money of one year against that of the year before, of the first against the last plan if known."""
    year = rule.selection.years[0]
    low, high = rule.minimum, rule.maximum
    if year > 0:
        if rule.kind is RuleKind.CHANGE:
            low, high = (None if limit is None else 1 + limit for limit in (low, high))
        kind = RuleKind.SHARE if rule.kind is RuleKind.CHANGE else RuleKind.AMOUNT
        before = replace(rule.selection, years=(year - 1,))
        yield Rule(rule.name, kind, rule.selection, low, high, RuleBase.SELECTION, before)
    elif len(check.problem.last_plan.amount):
        yield from [rule] if rule.kind is RuleKind.CHANGE else _after_last_plan(check, rule, row)


def _after_last_plan(check: Check, rule: Rule, row: int) -> Iterator[Rule]:
    """Limit the money of the first year by that of the last plan and what it may grow or fall by."""
    check_last_funds(check, rule, row)
    last = last_money(check, rule.selection)
    low, high = (None if limit is None else limit + last for limit in (rule.minimum, rule.maximum))
    if max(low or 0, high or 0) > LARGEST_LIMIT or (high is not None and high < 0):
        column, limit = ("min", rule.minimum) if high is None else ("max", rule.maximum)
        problem = Text(
            f"with the {last:,} of the last plan rule {rule.name} asks for what no award can be.",
            f"加上上期的 {last:,}, 规则 {rule.name} 的限值超出范围。",
        )
        check.faults.add(Place("rules", row, column, str(limit)), problem, Text("Mend the number.", "请更正该数。"))
        return
    low = None if low is None or low <= 0 else low
    if low is not None or high is not None:
        yield replace(rule, minimum=low, maximum=high)


def _has_costs(check: Check, row: RuleRow, costs: Costs, bare: set[Cell]) -> bool:
    """Note every cell that a row is about and that has no cost, each once."""
    draws, problem = check.draws(row.rule.selection), check.problem
    cluster, lever = problem.draw_cluster[draws], problem.draw_lever[draws]
    without = costs[cluster, lever] < 0
    missing = list(dict.fromkeys(zip(cluster[without].tolist(), lever[without].tolist(), strict=True)))
    labels = check.problem.labels
    for cluster, lever in check.faults.that_fit(cell for cell in missing if cell not in bare):
        check.faults.add(
            Place("cells", None, "cost", f"{labels.clusters[cluster]}, {labels.levers[lever]}"),
            Text(
                f"rule {row.rule.name} is measured against the cost, and the cell has none.",
                f"规则 {row.rule.name} 以费用为基数, 但该单元没有费用。",
            ),
            Text("Fill in cost, or leave the cell out of the rule.", "请填写 cost, 或将该单元移出规则。"),
        )
    bare.update(missing)
    return not missing


def _against_cost(check: Check, rule: Rule, row: int, total: int) -> Iterator[Rule]:
    """Write a share of costs as an amount, rounded to the side that is allowed."""
    if total > LARGEST_LIMIT:
        problem = Text(f"the costs sum to {total:,}, more than 10**18.", f"费用合计 {total:,}, 超过 10**18。")
        remedy = Text("Use a larger unit of money.", "请使用更大的货币单位。")
        check.faults.add(Place("rules", row, "of", rule.name), problem, remedy)
        return
    low, high = rule.minimum, rule.maximum
    low = None if low is None else Fraction(-(-low.numerator * total // low.denominator))
    high = None if high is None else Fraction(high.numerator * total // high.denominator)
    yield Rule(rule.name, RuleKind.AMOUNT, rule.selection, low, high, rule.base, rule.base_selection)


def _check_names(found: Sequence[tuple[Rule | RuleFamily, int]], rows: Mapping[str, int], faults: Faults) -> None:
    """Note names of written rules that are also the key of another row, or the name of another written rule."""
    taken: dict[str, int] = {}
    # A family comes last, so that a rule of the same name is found among it.
    for rule, row in sorted(found, key=lambda one: isinstance(one[0], RuleFamily)):
        if isinstance(rule, RuleFamily):
            own = {label: f"{rule.name} [{label}]" for label in rule.labels} if _may_clash(rule, taken, rows) else {}
            names = list(own.values())
        else:
            names = [rule.name]
        for name in names:
            other = taken.get(name, rows.get(name, row))
            if name in taken or other != row:
                problem = Text(
                    f"the row is written out into a rule {name!r}, and row {other} is one of that name.",
                    f"该行写出的规则 {name!r} 与第 {other} 行的规则同名。",
                )
                faults.add(Place("rules", row, "rule", name), problem, Text("Rename one of them.", "请改名。"))
            taken[name] = row


def _may_clash(family: RuleFamily, taken: Mapping[str, int], rows: Mapping[str, int]) -> bool:
    """Tell whether any other name looks like one of a family."""
    return any(name.startswith(f"{family.name} [") for names in (taken, rows) for name in names)
