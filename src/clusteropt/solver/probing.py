"""What prices rule out at a node of a proof tree: amounts and picks without which the bound is good enough already.

The bound is a sum over parts, so that one evaluation tries one amount of a cell of every part at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.lagrangian import evaluate_prices
from clusteropt.model.split import Branch, Split, narrow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.model.lagrangian import Dual, Evaluation
    from clusteropt.model.parts import Parts
    from clusteropt.model.prices import Prices

    Span = tuple[int, int]
    Cut = tuple[Split, int, float]

MOST_TRIES = 40
"""Parts with more amounts to try than this are left alone."""


def rule_out(
    dual: Dual, parts: Parts, node: tuple[Branch, Prices, Evaluation], above: float
) -> Iterator[tuple[Split, int, float]]:
    """Give the sides of splits on which a part loses so much that the bound is good enough, and how much it loses.

    Parameters
    ----------
    dual : Dual
        The problem as the branch leaves it.
    parts : Parts
        The parts of the bound.
    node : (Branch, Prices, Evaluation)
        What is left, the prices, and the bound at them.
    above : float
        How much the bound has to fall.
    """
    branch, prices, found = node
    yield from _picks(dual, found, above)
    here = parts.values(found)

    def losses(tries: dict[int, list[tuple[int, Span]]]) -> Iterator[tuple[int, int, Span, float]]:
        """Give part, cell and span of all that is tried, and what the part loses; each turn tries one of every part."""
        for turn in range(max(map(len, tries.values()), default=0)):
            tried = {part: mine[turn] for part, mine in tries.items() if turn < len(mine)}
            values = parts.values(evaluate_prices(narrow(dual, Branch(dict(tried.values()))), prices))
            for part, (cell, span) in tried.items():
                yield part, cell, span, float(here[part] - values[part])

    by_cell: dict[tuple[int, int], list[tuple[int, float]]] = {}
    for part, cell, span, lost in losses(_tries(dual, parts, branch)):
        by_cell.setdefault((part, cell), []).append((span[0], lost))
    ends: dict[int, list[tuple[int, Span]]] = {}
    for (part, cell), mine in by_cell.items():
        ends.setdefault(part, []).extend((cell, span) for span in _ends(dual, cell, sorted(mine), above))
    # What a part is worth on a side can be a little more than on each amount of it, where its bound is not exact.
    for _, cell, (low, high), lost in losses({part: mine for part, mine in ends.items() if mine}):
        if lost >= above:
            yield (Split(cell, -1, low - 1), 1, lost) if low > 0 else (Split(cell, -1, high), 0, lost)


def _ends(dual: Dual, cell: int, losses: list[tuple[int, float]], above: float) -> Iterator[Span]:
    """Give the amounts at both ends that lose enough; the best amount loses nothing."""
    kept = [k for k, (_, lost) in enumerate(losses) if lost < above]
    if kept and kept[0] > 0:
        yield 0, losses[kept[0]][0] - 1
    if kept and kept[-1] + 1 < len(losses):
        yield losses[kept[-1] + 1][0], int(dual.space.cell_most[cell])


def _picks(dual: Dual, found: Evaluation, above: float) -> Iterator[Cut]:
    """Rule out picks of programmes that no condition ties to others: the rest of a programme is worth its best."""
    bundles = dual.bundles
    for unit in bundles.alone.tolist():
        picks = [k for k in range(*bundles.start[unit : unit + 2]) if not bundles.barred[k]]
        worth = {k: float(found.pick_worth[k]) for k in picks} | ({} if bundles.must[unit] else {-1: 0.0})
        best = max(worth.values(), default=0.0)
        for pick in picks if len(worth) > 1 else ():
            without = max(value for k, value in worth.items() if k != pick)
            if best - worth[pick] >= above:
                yield Split(-1, pick, 0), 1, best - worth[pick]
            elif best - without >= above:
                yield Split(-1, pick, 0), 0, best - without


def _tries(dual: Dual, parts: Parts, branch: Branch) -> dict[int, list[tuple[int, Span]]]:
    """Give, by part, all amounts of cells with a menu, and nothing or something of others."""
    space, stalls = dual.space, dual.stalls
    tries: dict[int, list[tuple[int, Span]]] = {}
    inside = (stalls.amount >= stalls.least[stalls.level_row]) & (stalls.amount <= stalls.most[stalls.level_row])
    first = np.searchsorted(stalls.level_row, np.arange(len(stalls.cell) + 1))
    for row, cell in enumerate(stalls.cell.tolist()):
        low, high = branch.cells.get(cell, (0, int(space.cell_most[cell])))
        spans = [(0, 0)] if stalls.may_be_off[row] else []
        if space.from_menu[cell]:
            levels = np.arange(first[row], first[row + 1])
            spans += [(int(x), int(x)) for x in np.unique(stalls.amount[levels[inside[levels]]])]
        elif space.gated[cell] and stalls.least[row] <= stalls.most[row]:
            spans.append((max(low, 1), high))
        if len(spans) > 1:
            part = int(parts.grouped.group[space.cell_cluster[cell]])
            tries.setdefault(part, []).extend((cell, span) for span in spans)
    return {part: mine for part, mine in tries.items() if len(mine) <= MOST_TRIES}
