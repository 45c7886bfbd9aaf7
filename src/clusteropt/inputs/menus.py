"""Menus of awards: which set of levels each cell chooses from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.faults import Faults, Place
from clusteropt.inputs.parsing import marked
from clusteropt.inputs.problem import Menus
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusteropt.inputs.names import Names
    from clusteropt.inputs.parsing import TypedTable
    from clusteropt.inputs.problem import Ints

MANY = 2**31
ROWS_AT_ONCE = 1_000_000


def read_menus(tables: Mapping[str, TypedTable], names: Mapping[str, Names], faults: Faults) -> Menus:
    """Give every cell the most specific set of levels: cluster and lever, then cluster, then lever, then neither.

    Parameters
    ----------
    tables : dict of str to TypedTable
        All tables; ``levels`` and ``cells`` are read, and their references are good.
    names : dict of str to Names
        The names.
    faults : Faults
        Where to note equal amounts in a set, and cells that have limits beside a menu.
    """
    num_clusters, num_levers = len(names["cluster"].index), len(names["lever"].index)
    typed = tables["levels"]
    code = _set_codes(typed, names)
    amount, gain, level = typed.wholes("amount"), typed.floats("gain"), typed.text("level")
    order = _order(code, amount)
    _check_amounts(typed, (code, order), faults)
    if order is not None:
        code, amount, gain, level = code[order], amount[order], gain[order], level.take(order)
    first = np.flatnonzero(np.append(True, code[1:] != code[:-1])) if len(code) else np.zeros(0, np.int64)
    sets, size = code[first], np.diff(first, append=len(code))
    chosen = _choose(sets, num_clusters, num_levers)
    _check_cells(tables["cells"], names, chosen, faults)
    flat = chosen.ravel()
    sizes = np.where(flat >= 0, np.append(size, 0)[flat], 0)
    start = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    own = flat[flat >= 0]
    if len(own) == len(sets) and (own == np.arange(len(sets))).all():
        # Every cell with a menu has its own, and they stand in order: nothing is written twice.
        return Menus(start, amount, gain, level)
    within = np.arange(start[-1]) - np.repeat(start[:-1], sizes)
    rows = np.repeat(np.append(first, 0)[flat], sizes) + within
    return Menus(start, amount[rows], gain[rows], level.take(rows))


def _set_codes(levels: TypedTable, names: Mapping[str, Names]) -> Ints:
    """Give one number for the cluster and lever of every level, increasing with both; either may be any."""
    num_levers = len(names["lever"].index)
    num_sets = (len(names["cluster"].index) + 1) * (num_levers + 1)
    code: Ints = names["cluster"].positions(levels.text("cluster")).astype(np.int64 if num_sets > MANY else np.int32)
    code += 1
    code *= num_levers + 1
    code += names["lever"].positions(levels.text("lever"))
    code += 1
    return code


def _choose(sets: np.ndarray, num_clusters: int, num_levers: int) -> np.ndarray:
    """Give the position of the set of every cell, -1 for none, shape (num_clusters, num_levers)."""
    chosen = np.full((num_clusters, num_levers), -1)
    cluster, lever = sets // (num_levers + 1) - 1, sets % (num_levers + 1) - 1
    number = np.arange(len(sets))
    if ((cluster < 0) & (lever < 0)).any():
        chosen[:] = 0
    alone = (cluster < 0) & (lever >= 0)
    chosen[:, lever[alone]] = number[alone]
    alone = (cluster >= 0) & (lever < 0)
    chosen[cluster[alone]] = number[alone, None]
    both = (cluster >= 0) & (lever >= 0)
    chosen[cluster[both], lever[both]] = number[both]
    return chosen


def _order(code: Ints, amount: Ints) -> Ints | None:
    """Give the order of levels by set and amount; None where they stand in it, as most tables of millions do."""
    for start in range(0, len(code), ROWS_AT_ONCE):
        here, next_ = slice(start, start + ROWS_AT_ONCE), slice(start + 1, start + ROWS_AT_ONCE + 1)
        after = code[next_]
        before, rise = code[here][: len(after)], amount[next_] - amount[here][: len(after)]
        if not ((after > before) | ((after == before) & (rise >= 0))).all():
            return np.lexsort((amount, code))
    return None


def _check_amounts(levels: TypedTable, places: tuple[Ints, Ints | None], faults: Faults) -> None:
    code, order = places
    given, amount = levels.given("amount"), levels.wholes("amount")
    if order is not None:
        code, given, amount = code[order], given[order], amount[order]
    alike = (code[1:] == code[:-1]) & (amount[1:] == amount[:-1]) & (given[1:] == given[:-1])
    if not alike.any():
        return
    again = np.zeros(len(code), bool)
    again[1:][alike] = True
    if order is not None:
        again[order] = again.copy()
    for row, written in faults.that_fit(marked(levels, "amount", again)):
        problem = Text("another level of the menu has the same amount.", "同一菜单中另一档金额相同。")
        place = Place("levels", row, "amount", written)
        faults.add(place, problem, Text("Remove one of the two.", "请删除其中一档。"))


def _check_cells(cells: TypedTable, names: Mapping[str, Names], chosen: np.ndarray, faults: Faults) -> None:
    if cells.absent >= {"least", "most"}:
        return
    cluster, lever = names["cluster"].positions(cells.text("cluster")), names["lever"].positions(cells.text("lever"))
    from_menu = chosen[cluster, lever] >= 0
    for column in ("least", "most"):
        for row, value in faults.that_fit(marked(cells, column, from_menu & cells.given(column))):
            problem = Text(
                "the cell chooses from a menu, so it has no limits of its own.", "该单元从菜单中选择, 不能另设上下限。"
            )
            remedy = Text("Empty the value, or remove the levels.", "请清空该值, 或删除菜单档次。")
            faults.add(Place("cells", row, column, value), problem, remedy)
