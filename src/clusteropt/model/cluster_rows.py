"""Limits that lie within the menus of one cluster: they need no price, the best bundle of levels obeys them exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.bundle_layout import make_layout
from clusteropt.model.inner_rows import InnerRow, split_rows
from clusteropt.model.offers import BROKEN, best_plain, offers_of, plain_offers, search_bundles, worth_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.bundle_layout import BundleLayout
    from clusteropt.model.cell_choice import Choice, Stalls, Tolls, Worth
    from clusteropt.model.inner_rows import InnerGroup, InnerRows
    from clusteropt.model.space import Space

Option = tuple[float, int]
"""What a cell may take: what it is worth, and its amount."""
MOST_NODES = 100_000
"""A search over bundles that takes more steps than this gives up, and the rows are left out: the bound is weaker."""
KERNEL_FROM = 200
"""From so many clusters with limits of their own the search is compiled code, which takes half a second to load."""


def flat_rows(space: Space, stalls: Stalls, inner: InnerRows) -> BundleLayout | None:
    """Lay inner rows out for the compiled search, where they are many."""
    return make_layout(space, stalls, inner) if len(inner) >= KERNEL_FROM else None


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
        The limits, as flat arrays too where they are many, and the cells.
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
    if layout is not None:
        return _compiled_bundles(layout, stalls, (price, choice), (value, money))
    row_of = {int(cell): row for row, cell in enumerate(stalls.cell)}
    for group in inner.groups:
        cells = [cell for cell in group.cells if cell in row_of]
        mine = np.array([row_of[cell] for cell in cells], np.int64)
        free = {cell: int(money[row_of[cell]].sum()) for cell in cells}
        if all(row.holds(free) for row in group.rows) or not np.isfinite(value[mine]).all():
            continue
        options = {cell: _options(stalls, choice, row_of[cell]) for cell in cells}
        found = _best_of_group(group, options)
        # Without a bundle all are worth minus infinity.
        value[mine] = [found[cell][0] for cell in cells] if found else -np.inf
        if found:
            money[mine] = _fill(stalls, price, mine, np.array([found[cell][1] for cell in cells], float))
    return value, money


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
    offers = offers_of(stalls, choice)
    free = np.round(money.sum(axis=1)).astype(np.int64)
    row, level = search_bundles(stalls, layout, offers, free, MOST_NODES)
    value[row] = worth_of(stalls, offers, row, level)
    kept, taken = row[level != BROKEN], level[level != BROKEN]
    amount = np.where(taken >= 0, stalls.menu[stalls.first_amount[kept] + np.maximum(taken, 0)], 0)
    money[kept] = _fill(stalls, price, kept, amount.astype(float))
    return value, money


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
