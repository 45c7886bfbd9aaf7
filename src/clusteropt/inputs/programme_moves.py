"""Checks of programmes that move clusters to another path, or need a stock that is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.faults import Place
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from clusteropt.inputs.faults import Faults
    from clusteropt.inputs.names import Names
    from clusteropt.inputs.parsing import TypedTable
    from clusteropt.inputs.problem import Menus
    from clusteropt.inputs.programme_rows import Option

TABLE = "programmes"


def check_moves(
    options: Sequence[Option],
    tables: Mapping[str, TypedTable],
    known: tuple[Mapping[str, Names], Menus],
    faults: Faults,
) -> None:
    """Note moves of clusters that harm others, and stocks that money of levels with a gain of their own would feed.

    Parameters
    ----------
    options : sequence of Option
        The options; their references are good.
    tables : dict of str to TypedTable
        All tables.
    known : (dict of str to Names, Menus)
        The names, and the menus.
    faults : Faults
        Where to note what is wrong.
    """
    if not options:
        return
    names, menus = known
    links = tables["spillovers"]
    harmful = set(names["cluster"].positions(links.text("from"))[links.floats("share") < 0].tolist())
    own_gain = _with_own_gains(menus)
    for option in options:
        for cluster in (share.cluster for share in option.shares):
            key = str(names["cluster"].index[cluster])
            if option.to_path >= 0 and cluster in harmful:
                problem = Text(
                    "the cluster has a negative spill-over, so it cannot move to another path.",
                    "该集群有负的溢出, 不能转入其他路径。",
                )
                remedy = Text("Leave it out, or take the spill-over out.", "请去掉该集群, 或删除该溢出。")
                faults.add(Place(TABLE, option.row, "clusters", key), problem, remedy)
            if option.needs_lever >= 0 and own_gain[cluster * len(names["lever"].index) + option.needs_lever]:
                problem = Text(
                    "the menu of the cluster has levels with a gain of their own, whose money enters no stock.",
                    "该集群菜单中有自带增益的档次, 其资金不进入存量。",
                )
                remedy = Text("Name another lever, or empty the gains.", "请指定其他工具, 或清空这些增益。")
                faults.add(Place(TABLE, option.row, "needs_lever", key), problem, remedy)


def _with_own_gains(menus: Menus) -> np.ndarray:
    """Mark the clusters and levers some level of which has a gain of its own, shape (num_clusters * num_levers,)."""
    pair = np.repeat(np.arange(len(menus.start) - 1), np.diff(menus.start))
    marked = np.zeros(len(menus.start) - 1, dtype=bool)
    marked[pair[np.isfinite(menus.gain)]] = True
    return marked
