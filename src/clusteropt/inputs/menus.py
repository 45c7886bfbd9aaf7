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

    import pandas as pd

    from clusteropt.inputs.names import Names
    from clusteropt.inputs.parsing import TypedTable
    from clusteropt.inputs.problem import Ints


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
    frame = tables["levels"].frame
    cluster = names["cluster"].positions(frame["cluster"]).astype(np.int64)
    lever = names["lever"].positions(frame["lever"]).astype(np.int64)
    amount = frame["amount"].fillna(0).to_numpy(dtype=np.int64)
    code = (cluster + 1) * (num_levers + 1) + lever + 1
    order = _order(code, amount)
    _check_amounts(frame, (code, order), faults)
    sets, first, size = np.unique(code[order], return_index=True, return_counts=True)
    chosen = _choose(sets, num_clusters, num_levers)
    _check_cells(tables["cells"], names, chosen, faults)
    flat = chosen.ravel()
    sizes = np.where(flat >= 0, np.append(size, 0)[flat], 0)
    start = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    within = np.arange(start[-1]) - np.repeat(start[:-1], sizes)
    rows = order[np.repeat(np.append(first, 0)[flat], sizes) + within]
    gain = frame["gain"].to_numpy(dtype=float)[rows]
    return Menus(start, amount[rows], gain, tuple(frame["level"].to_numpy(dtype=object)[rows]))


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


def _order(code: Ints, amount: Ints) -> Ints:
    """Give the order of levels by set and amount; a table of millions is mostly in it."""
    step, rise = np.diff(code), np.diff(amount)
    if ((step > 0) | ((step == 0) & (rise >= 0))).all():
        return np.arange(len(code))
    return np.lexsort((amount, code))


def _check_amounts(frame: pd.DataFrame, places: tuple[Ints, Ints], faults: Faults) -> None:
    code, order = places
    given = frame["amount"].notna().to_numpy()[order]
    amount = frame["amount"].fillna(0).to_numpy(dtype=np.int64)[order]
    again = np.zeros(len(order), bool)
    alike = (np.diff(code[order]) == 0) & (np.diff(amount) == 0) & (given[1:] == given[:-1])
    again[order[1:][alike]] = True
    for row, written in faults.that_fit(marked(frame["amount"], again)):
        problem = Text("another level of the menu has the same amount.", "同一菜单中另一档金额相同。")
        place = Place("levels", row, "amount", written)
        faults.add(place, problem, Text("Remove one of the two.", "请删除其中一档。"))


def _check_cells(cells: TypedTable, names: Mapping[str, Names], chosen: np.ndarray, faults: Faults) -> None:
    frame = cells.frame
    cluster, lever = names["cluster"].positions(frame["cluster"]), names["lever"].positions(frame["lever"])
    from_menu = chosen[cluster, lever] >= 0
    for column in ("least", "most"):
        limited = from_menu & frame[column].notna().to_numpy()
        for row, value in faults.that_fit(marked(frame[column], limited)):
            problem = Text(
                "the cell chooses from a menu, so it has no limits of its own.", "该单元从菜单中选择, 不能另设上下限。"
            )
            remedy = Text("Empty the value, or remove the levels.", "请清空该值, 或删除菜单档次。")
            faults.add(Place("cells", row, column, value), problem, remedy)
