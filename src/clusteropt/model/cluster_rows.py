"""Limits that lie within the menus of one cluster: they need no price, the best bundle of levels obeys them exactly."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.bundle_layout import make_layout, make_table
from clusteropt.model.inner_rows import InnerRow, split_rows
from clusteropt.model.offers import (
    BROKEN,
    best_plain,
    offers_of,
    plain_offers,
    search_bundles,
    search_losses,
    worth_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.bundle_layout import BundleLayout, BundleTable
    from clusteropt.model.cell_choice import Choice, Stalls, Tolls, Worth
    from clusteropt.model.inner_rows import InnerGroup, InnerRows
    from clusteropt.model.space import Space

Option = tuple[float, int]
"""What a cell may take: what it is worth, and its amount."""
MOST_NODES = 100_000
"""A search over bundles that takes more steps than this gives up, and the rows are left out: the bound is weaker."""
KERNEL_FROM = 200
"""From so many clusters with limits of their own the search is compiled code, which takes half a second to load."""


def lay_out(space: Space, stalls: Stalls, inner: InnerRows) -> BundleLayout | None:
    """Lay inner rows out: for the compiled search where they are many, else with tables of bundles."""
    layout = make_layout(space, stalls, inner)
    if layout is None or len(inner) >= KERNEL_FROM:
        return layout
    return replace(layout, tables=tuple(make_table(stalls, group) for group in inner.groups))


def best_bundle(
    dual: tuple[InnerRows, BundleLayout | None, Stalls], price: Floats, choice: Choice,
    best: tuple[Floats, Floats],
) -> tuple[Floats, Floats]:  # fmt: skip
    """Lower the best of the cells whose free choice breaks an inner row to what they have in their best bundle.

    Cells get what their part of the bundle is worth, and no loss is taken off sums: what is left of a large sum would
    be its last digits, which can be below the truth.

    Parameters
    ----------
    dual : (InnerRows, BundleLayout or None, Stalls)
        The limits, how these are laid out, None where sums may not fit into 64 bits, and the cells.
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
    inner, layout, stalls = dual
    if not len(inner):
        return best
    value, money = best[0].copy(), best[1].copy()
    if layout is not None and not layout.tables:
        return _compiled_bundles(layout, stalls, (price, choice), (value, money))
    row_of = {int(cell): row for row, cell in enumerate(stalls.cell)}
    total = np.round(money.sum(axis=1)).astype(np.int64)
    moved: list[tuple[Ints, Ints]] = []
    for number in range(len(inner)) if layout is None else layout.broken(total[layout.row]).tolist():
        group, table = inner.groups[number], None if layout is None else layout.tables[number]
        cells = [cell for cell in group.cells if cell in row_of]
        mine = np.array([row_of[cell] for cell in cells], np.int64)
        free = {cell: int(total[row_of[cell]]) for cell in cells}
        if all(row.holds(free) for row in group.rows) or not np.isfinite(value[mine]).all():
            continue
        if table is None:
            options = {cell: _options(stalls, choice, row_of[cell]) for cell in cells}
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


def best_plain_bundles(
    space: Space, parts: tuple[BundleLayout, Stalls], terms: tuple[Worth, Tolls]
) -> tuple[Floats, Floats]:
    """Give the best of every row with inner rows, and its money, where every row has a menu and one flow."""
    layout, stalls = parts
    return best_plain(stalls, layout, plain_offers(space, stalls, *terms), MOST_NODES)


def _best_of_group(group: InnerGroup, options: dict[int, list[Option]]) -> dict[int, Option]:
    """Find the best bundle of a group: an option a cell, none where no bundle obeys the rows.

    Rows count from when the best bundle without them breaks them: a limit over all years rarely does once every year
    keeps its own, and a search over all cells at once takes very much longer. Where a search gives up the bundle is the
    best of those that obey some of the rows, and the bound is weaker.
    """
    bundle, rows = {cell: mine[0] for cell, mine in options.items()}, list[InnerRow]()
    while broken := [row for row in group.rows if not row.holds(_amounts(bundle))]:
        rows += broken
        for known, mine in split_rows(rows):
            cells = [cell for cell in known if cell in options]
            found = _search([options[cell] for cell in cells], cells, mine)
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
    offers = offers_of(stalls, choice.level)
    free = np.round(money.sum(axis=1)).astype(np.int64)
    row, level = search_bundles(stalls, layout, offers, free, MOST_NODES)
    value[row] = worth_of(stalls, offers, row, level)
    kept, taken = row[level != BROKEN], level[level != BROKEN]
    amount = np.where(taken >= 0, stalls.menu[stalls.first_amount[kept] + np.maximum(taken, 0)], 0)
    money[kept] = _fill(stalls, price, kept, amount.astype(float))
    return value, money


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
    if not len(inner):
        return
    if layout is not None and not layout.tables:
        _compiled_losses(layout, stalls, (worth, within), losses)
        return
    for number, group in enumerate(inner.groups):
        table = None if layout is None else layout.tables[number]
        rows = np.searchsorted(stalls.cell, group.cells) if table is None else table.row
        taken[np.isin(stalls.level_row, rows)] = 0.0
        off[rows % len(off)] = 0.0
        if table is None or not len(table.level):
            continue
        values = np.append(worth, 0.0)[table.level].sum(axis=1)
        top = values.max()
        for row, level in zip(rows.tolist(), table.level.T, strict=True):
            first = int(stalls.level_start[row])
            last = first + int(stalls.num_levels[row])
            best = np.full(last - first + 1, -np.inf)
            np.maximum.at(best, np.where(level < 0, last, level) - first, values)
            if np.isfinite(top):
                taken[first:last], off[row] = top - best[:-1], top - best[-1]


def _compiled_losses(
    layout: BundleLayout, stalls: Stalls, terms: tuple[Floats, float], losses: tuple[Floats, Floats]
) -> None:
    """Do the same for all clusters at once, in compiled code."""
    (worth, within), (taken, off), row = terms, losses, layout.row
    loss = search_losses(stalls, layout, offers_of(stalls, worth), (within, MOST_NODES))
    number, first = stalls.num_levels[row], np.cumsum(layout.num_options) - layout.num_options
    of_row = np.arange(int(number.sum())) - np.repeat(np.cumsum(number) - number, number)
    taken[np.repeat(stalls.level_start[row], number) + of_row] = loss[np.repeat(first, number) + of_row]
    may = stalls.may_be_off[row]
    off[row[may]] = loss[(first + number)[may]]


def _options(stalls: Stalls, choice: Choice, row: int) -> list[Option]:
    """Give worth and amount of every choice of a cell, the best first."""
    first, place = stalls.level_start[row], stalls.first_amount[row]
    mine = np.flatnonzero(np.isfinite(choice.level[first : first + stalls.num_levels[row]]))
    amounts, mine = stalls.menu[place + mine], first + mine
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
