"""Limits that lie within the menus of one cluster: they need no price, the best bundle of levels obeys them exactly."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import RuleKind
from clusteropt.model.bundle_layout import make_layout, make_table
from clusteropt.model.money_rules import amount_money, change_money, share_money

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.bundle_layout import BundleLayout, BundleTable
    from clusteropt.model.cell_choice import Choice, Stalls
    from clusteropt.model.money_rules import MoneyRow
    from clusteropt.model.space import Space

Option = tuple[float, int]
"""What a cell may take: what it is worth, and its amount."""
MOST_NODES = 100_000
"""A search over bundles that takes more steps than this gives up, and the rows are left out: the bound is weaker."""
KERNEL_FROM = 200
"""From so many clusters with limits of their own the search is compiled code, which takes half a second to load."""


@dataclass(frozen=True, slots=True)
class InnerRow:
    """One limit on the amounts of cells of one cluster.

    Parameters
    ----------
    rule, year : int
        Position of the rule; position of the year for a change rule, else -1.
    coef : dict of int to int
        Whole coefficient of the amount of each cell.
    lower, upper : int or None
        Limits.
    """

    rule: int
    year: int
    coef: dict[int, int]
    lower: int | None
    upper: int | None

    def holds(self, amounts: dict[int, int]) -> bool:
        """Tell whether amounts of cells obey the limit; cells not named get nothing."""
        level = sum(coef * amounts.get(cell, 0) for cell, coef in self.coef.items())
        return (self.lower is None or level >= self.lower) and (self.upper is None or level <= self.upper)

    def too_much(self, amounts: dict[int, int]) -> bool:
        """Tell whether amounts are beyond the upper limit whatever is added."""
        if self.upper is None or any(coef < 0 for coef in self.coef.values()):
            return False
        return sum(coef * amounts.get(cell, 0) for cell, coef in self.coef.items()) > self.upper


@dataclass(frozen=True, slots=True)
class InnerGroup:
    """Inner rows of one cluster that share cells, and the cells they are about, in order; groups share none."""

    cluster: int
    cells: tuple[int, ...]
    rows: tuple[InnerRow, ...]


InnerRows = tuple[InnerGroup, ...]


def make_inner_rows(space: Space) -> InnerRows:
    """Find the amount, share and change limits all of whose flows end in menus of one cluster, alike within a cell."""
    found: dict[int, list[InnerRow]] = {}
    num_flows = np.bincount(space.flow_cell, minlength=space.num_cells)
    for row in chain(amount_money(space), share_money(space), change_money(space)):
        inner = _inner(space, row, num_flows)
        if inner is not None:
            found.setdefault(int(space.cell_cluster[space.flow_cell[row.flow[0]]]), []).append(inner)
    return tuple(group for cluster, rows in found.items() for group in _groups(cluster, rows))


def _groups(cluster: int, rows: list[InnerRow]) -> Iterator[InnerGroup]:
    """Put rows together that share cells, as the years of a cluster rarely do: a search over all takes far longer."""
    groups: list[tuple[set[int], list[InnerRow]]] = []
    for row in rows:
        cells, mine, apart = {*row.coef}, [row], []
        for others, known in groups:
            if others & cells:
                cells, mine = others | cells, known + mine
            else:
                apart.append((others, known))
        groups = [*apart, (cells, mine)]
    for cells, mine in groups:
        yield InnerGroup(cluster, tuple(sorted(cells)), tuple(mine))


def _inner(space: Space, row: MoneyRow, num_flows: np.ndarray) -> InnerRow | None:
    cells = space.flow_cell[row.flow]
    if (
        not len(cells)
        or not space.from_menu[cells].all()
        or (space.cell_cluster[cells] != space.cell_cluster[cells[0]]).any()
    ):
        return None
    year = row.key[1] if space.problem.rules[row.key[0]].kind is RuleKind.CHANGE else -1
    if (num_flows[cells] == 1).all():
        # No cell has a flow beside the one that is in the row.
        return InnerRow(
            row.key[0], year, dict(zip(cells.tolist(), map(int, row.coef), strict=True)), row.lower, row.upper
        )
    coefs: dict[int, set[int]] = {}
    for cell, coef in zip(cells.tolist(), row.coef.tolist(), strict=True):
        coefs.setdefault(cell, set()).add(int(coef))
    names, counts = np.unique(cells, return_counts=True)
    if any(len(alike) > 1 for alike in coefs.values()) or (counts < num_flows[names]).any():
        return None
    return InnerRow(row.key[0], year, {cell: alike.pop() for cell, alike in coefs.items()}, row.lower, row.upper)


def lay_out(space: Space, stalls: Stalls, inner: InnerRows) -> BundleLayout | None:
    """Lay inner rows out: for the compiled search where they are many, else with tables of bundles."""
    layout = make_layout(space, stalls, inner)
    if layout is None or len(inner) >= KERNEL_FROM:
        return layout
    return replace(layout, tables=tuple(make_table(space, stalls, group) for group in inner))


def best_bundle(
    dual: tuple[Space, InnerRows, BundleLayout | None, Stalls], price: Floats, choice: Choice,
    best: tuple[Floats, Floats],
) -> tuple[Floats, Floats]:  # fmt: skip
    """Lower the best of the cells whose free choice breaks an inner row to what they have in their best bundle.

    Cells get what their part of the bundle is worth, and no loss is taken off sums: what is left of a large sum would
    be its last digits, which can be below the truth.

    Parameters
    ----------
    dual : (Space, InnerRows, BundleLayout or None, Stalls)
        The cells and their limits, and how these are laid out; None where sums may not fit into 64 bits.
    price : array of shape (num_flows,)
        Price of a whole unit of each flow.
    choice : Choice
        The worth of every level.
    best : (array of shape (num_rows,), array of shape (num_rows, num_columns))
        The best of every row of the stalls without inner rows, and its money.

    Returns
    -------
    (array of shape (num_rows,), array of shape (num_rows, num_columns))
        The same with inner rows; -inf where no bundle obeys them.
    """
    space, inner, layout, stalls = dual
    if not inner:
        return best
    value, money = best[0].copy(), best[1].copy()
    if layout is not None and not layout.tables:
        return _compiled_bundles(layout, stalls, (price, choice), (value, money))
    row_of = {int(cell): row for row, cell in enumerate(stalls.cell)}
    total = np.round(money.sum(axis=1)).astype(np.int64)
    moved: list[tuple[Ints, Ints]] = []
    for number in range(len(inner)) if layout is None else layout.broken(total[layout.row]).tolist():
        group, table = inner[number], None if layout is None else layout.tables[number]
        cells = [cell for cell in group.cells if cell in row_of]
        mine = np.array([row_of[cell] for cell in cells], np.int64)
        free = {cell: int(total[row_of[cell]]) for cell in cells}
        if all(row.holds(free) for row in group.rows) or not np.isfinite(value[mine]).all():
            continue
        if table is None:
            options = {cell: _options(space, stalls, choice, row_of[cell]) for cell in cells}
            found = [*_best_of_group(group, options).values()]
        else:
            found = _best_of_table(table, choice)
        # Without a bundle all are worth minus infinity.
        value[mine] = [worth for worth, _ in found] or -np.inf
        if found:
            moved.append((mine, np.array([amount for _, amount in found], np.int64)))
    if moved:
        mine, amount = (np.concatenate(part) for part in zip(*moved, strict=True))
        money[mine] = _fill(stalls, price, mine, amount.astype(float))
    return value, money


def _best_of_table(table: BundleTable, choice: Choice) -> list[Option]:
    """Find the best bundle of a table: an option a cell, none where no bundle obeys the rows."""
    parts = np.append(choice.level, 0.0)[table.level]
    values = parts.sum(axis=1)
    best = int(values.argmax()) if len(values) else 0
    if not len(values) or not np.isfinite(values[best]):
        return []
    return list(zip(parts[best].tolist(), table.amount[best].tolist(), strict=True))


def _best_of_group(group: InnerGroup, options: dict[int, list[Option]]) -> dict[int, Option]:
    """Find the best bundle of a group: an option a cell, none where no bundle obeys the rows.

    Rows count from when the best bundle without them breaks them: a limit over all years rarely does once every year
    keeps its own, and a search over all cells at once takes very much longer. Where a search gives up the bundle is the
    best of those that obey some of the rows, and the bound is weaker.
    """
    bundle, rows = {cell: mine[0] for cell, mine in options.items()}, list[InnerRow]()
    while broken := [row for row in group.rows if not row.holds(_amounts(bundle))]:
        rows += broken
        for part in _groups(group.cluster, rows):
            cells = [cell for cell in part.cells if cell in options]
            found = _search([options[cell] for cell in cells], cells, part.rows)
            if found is None:
                return bundle
            if not found:
                return {}
            bundle |= dict(zip(cells, found, strict=True))
    return bundle


def _compiled_bundles(
    layout: BundleLayout, stalls: Stalls, terms: tuple[Floats, Choice], best: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Do the same for all clusters at once, in compiled code."""
    (price, choice), (value, money) = terms, best
    free = np.round(money[layout.row].sum(axis=1)).astype(np.int64)
    worth = np.ascontiguousarray(choice.level)
    broken, chosen = _run_kernel(layout, worth, free, 0.0, np.zeros(0))
    moved = np.flatnonzero(chosen >= 0)
    row, level = layout.row[moved], layout.option_level[chosen[moved]]
    # Nothing is level -1, and worth 0.
    value[row] = np.append(worth, 0.0)[level]
    value[layout.row[np.repeat(broken, np.diff(layout.cell_start))]] = -np.inf
    money[row] = _fill(stalls, price, row, layout.option_amount[chosen[moved]].astype(float))
    return value, money


def _run_kernel(
    layout: BundleLayout, worth: Floats, free: Ints, within: float, loss: Floats
) -> tuple[np.ndarray, Ints]:
    """Search the bundles of all groups: whether there is none, and the option of every cell that does not stay free."""
    from clusteropt.model.kernels import best_bundles  # noqa: PLC0415 - Numba takes half a second to import

    broken, chosen = np.zeros(len(layout.cell_start) - 1, bool), np.full(len(layout.row), -1)
    best_bundles(
        layout.cell_start,
        layout.row_start,
        layout.coef_start,
        layout.coef,
        layout.limits,
        layout.option_start,
        layout.option_amount,
        layout.option_level,
        layout.grows,
        worth,
        free,
        MOST_NODES,
        broken,
        chosen,
        within,
        loss,
    )
    return broken, chosen


def bundle_losses(
    dual: tuple[InnerRows, BundleLayout | None, Stalls], worth: Floats, within: float, losses: tuple[Floats, Floats]
) -> None:
    """Put what bundles lose in the place of what cells lose alone, where cells have inner rows; in place.

    Parameters
    ----------
    dual : (InnerRows, BundleLayout or None, Stalls)
        The limits, and the cells.
    worth : array of shape (num_levels,)
        Of every level.
    within : float
        Larger losses need not be told apart.
    losses : (array of shape (num_levels,), array of shape (num_rows,))
        What is lost at least where a level is taken, and where a row of the stalls gets nothing; 0 where nobody knows.
    """
    (inner, layout, stalls), (taken, off) = dual, losses
    if layout is not None and not layout.tables:
        loss = np.zeros(len(layout.option_level))
        _run_kernel(layout, worth, np.zeros(len(layout.row), np.int64), within, loss)
        level = layout.option_level >= 0
        taken[layout.option_level[level]] = loss[level]
        off[np.repeat(layout.row, np.diff(layout.option_start))[~level]] = loss[~level]
        return
    for number, group in enumerate(inner):
        table = None if layout is None else layout.tables[number]
        rows = np.searchsorted(stalls.cell, group.cells) if table is None else table.row
        taken[np.isin(stalls.level_row, rows)] = 0.0
        off[rows % len(off)] = 0.0
        if table is None or not len(table.level):
            continue
        values = np.append(worth, 0.0)[table.level].sum(axis=1)
        top = values.max()
        for row, level in zip(rows.tolist(), table.level.T, strict=True):
            # The levels stand in the order of their rows.
            first, last = np.searchsorted(stalls.level_row, (row, row + 1))
            best = np.full(last - first + 1, -np.inf)
            np.maximum.at(best, np.where(level < 0, last, level) - first, values)
            if np.isfinite(top):
                taken[first:last], off[row] = top - best[:-1], top - best[-1]


def _options(space: Space, stalls: Stalls, choice: Choice, row: int) -> list[Option]:
    """Give worth and amount of every choice of a cell, the best first."""
    # The levels stand in the order of their rows.
    first, last = np.searchsorted(stalls.level_row, (row, row + 1))
    mine = first + np.flatnonzero(np.isfinite(choice.level[first:last]))
    amounts = space.problem.menus.amount[space.level_menu[stalls.level[mine]]]
    options = list(zip(choice.level[mine].tolist(), amounts.tolist(), strict=True))
    if stalls.may_be_off[row]:
        options.append((0.0, 0))
    return sorted(options, key=lambda option: -option[0])


def _search(options: list[list[Option]], cells: list[int], rows: Sequence[InnerRow]) -> tuple[Option, ...] | None:
    """Find the best bundle that obeys the rows, depth first: an option a cell, none where there is no bundle.

    None where the search gives up.
    """
    rest = [0.0]
    for mine in reversed(options):
        rest.append(rest[-1] + max((worth for worth, _ in mine), default=-np.inf))
    rest.reverse()
    best: float = -np.inf
    bundle: tuple[Option, ...] = ()
    stack: list[tuple[float, tuple[Option, ...]]] = [(0.0, ())]
    for _ in range(MOST_NODES):
        if not stack:
            return bundle
        worth, taken = stack.pop()
        if worth + rest[len(taken)] <= best:
            continue
        if len(taken) == len(cells):
            if all(row.holds(_amounts(dict(zip(cells, taken, strict=True)))) for row in rows):
                best, bundle = worth, taken
            continue
        for option in reversed(options[len(taken)]):
            grown = (*taken, option)
            amounts = _amounts(dict(zip(cells, grown, strict=False)))
            if not any(row.too_much(amounts) for row in rows):
                stack.append((worth + option[0], grown))
    return None


def _amounts(bundle: dict[int, Option]) -> dict[int, int]:
    return {cell: amount for cell, (_, amount) in bundle.items()}


def _fill(stalls: Stalls, price: Floats, row: Ints, amount: Floats) -> Floats:
    """Split amounts over the flows of their cells from the cheapest up; a row of the result a cell."""
    order = np.argsort(np.where(stalls.flow[row] >= 0, price[stalls.flow[row]], np.inf), axis=1, kind="stable")
    low = stalls.low[row]
    room = np.take_along_axis(stalls.high[row] - low, order, axis=1)
    rest = (amount - low.sum(axis=1))[:, None] - (np.cumsum(room, axis=1) - room)
    put = np.zeros_like(low)
    np.put_along_axis(put, order, np.clip(rest, 0.0, room), axis=1)
    return np.asarray(low + put)
