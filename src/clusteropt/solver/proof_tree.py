"""A proof tree: branch and bound over the bound of prices, where the root leaves a gap.

A node is the problem narrowed to one side of each split above it. Its bound is that of the best prices found for it;
the leaf with the weakest bound is split next, where the mix of bundles behind its prices is least decided. What prices
rule out is split off first. The tree may end at any time: what it proves is the weakest bound of its leaves.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.bundle_layout import make_layout
from clusteropt.model.lagrangian import amount_prices, evaluate_prices
from clusteropt.model.parts import make_parts
from clusteropt.model.split import Branch, Split, narrow
from clusteropt.solver.multipliers import Until
from clusteropt.solver.node_prices import Pool, Spot
from clusteropt.solver.price_search import FIRST_BOX, GROW, MOST_SHRINK, SHRINK
from clusteropt.solver.probing import rule_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from clusteropt.inputs.problem import Floats
    from clusteropt.model.lagrangian import Dual, Evaluation
    from clusteropt.model.prices import Prices
    from clusteropt.solver.guard import Guard
    from clusteropt.solver.node_prices import Bundle, Mix

    Settle = Callable[[Prices, float], float]

ROUNDS, ROOT_ROUNDS = 6, 40
"""Prices of a node are improved at most so often, those of the root more."""
WORTHWHILE = 0.03
"""A mix that promises less than this part of what a node is above the aim leaves its prices as they are."""
TURNS = 3
"""Ruling out and better prices at a node take turns at most so often."""
AGAIN = 0.8
"""What prices rule out is looked for again where a node is nearer to the aim by this factor than at the last time."""
TRIED = 3
"""Of so many amounts that are least decided both sides are tried on the bundles seen."""
MIXED = 1e-4
"""A share nearer to none or all than this is decided."""
SMOOTH = 0.01
"""An amount on a curve counts as undecided by this part."""
FEW = 1e-3
"""What a side counts beside what it gains, by how undecided it is: of splits that gain nothing one has to be taken."""
CHECKED, SOME = 16, 0.02
"""After so many nodes a tree that has closed less than this part of the gap beyond the aim is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeOptions:
    """How far a proof tree may grow.

    Parameters
    ----------
    most_nodes : int
        It is split until it has so many nodes; what prices rule out does not count.
    deadline : float
        ``time.monotonic()`` at which it ends.
    aim : float
        The bound that is good enough for every leaf.
    """

    most_nodes: int
    deadline: float
    aim: float


@dataclass(slots=True, eq=False)
class Node:
    """A node of a proof tree.

    Parameters
    ----------
    branch : Branch
        What is left of the problem.
    prices : Prices
        The best found for it.
    bound : float
        As stated: no plan within the branch is better.
    split : Split or None
        Where it is, or would be, split; None where it need not, or cannot.
    sides : tuple of Node
        The two nodes that its split leaves; empty for a leaf.
    probed : float
        How far above the aim the node was where it was last seen what prices rule out, here or above.
    """

    branch: Branch
    prices: Prices
    bound: float
    split: Split | None = None
    sides: tuple[Node, ...] = ()
    probed: float = field(default=float("inf"))

    def walk(self) -> Iterator[Node]:
        """Give this node and all below, the first side of each before the second."""
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack += reversed(node.sides)


def grow_tree(dual: Dual, root: Prices, settle: Settle, guard: Guard, options: TreeOptions) -> Node:
    """Grow a proof tree from the prices of the root.

    Parameters
    ----------
    dual : Dual
        The problem laid out for the Lagrangian.
    root : Prices
        The best known for the whole.
    settle : callable
        Gives the bound that is stated, of prices and the bound that they were evaluated to have.
    guard : Guard
        Where the small programs run.
    options : TreeOptions
        How far it may grow.

    Returns
    -------
    Node
        The root; a leaf where nothing can be split, or no split was needed.
    """
    growth = _Growth(dual, settle, guard, options)
    top, tip = growth.node(Node(Branch(), root, 0.0), [root], ROOT_ROUNDS)
    first, heap, num = growth.above(top.bound), [(-growth.above(tip.bound), 0, tip)], 1
    while num + 2 <= options.most_nodes and time.monotonic() < options.deadline:
        worst, _, node = heappop(heap)
        hopeless = num > CHECKED and first + worst < SOME * first
        if worst >= 0 or node.split is None or hopeless:
            break
        tips, known = [], [node.prices]
        for branch in node.branch.sides(dual.space, node.split):
            side, tip = growth.node(Node(branch, node.prices, node.bound, probed=node.probed), known, ROUNDS)
            node.sides, known = (*node.sides, side), [node.prices, tip.prices]
            tips.append(tip)
        for tip in tips:
            num += 1
            heappush(heap, (-growth.above(tip.bound), num, tip))
    return top


def prune(top: Node, sign: float) -> float:
    """Take away what a tree proves no better than a node above it; give the bound that it proves.

    Parameters
    ----------
    top : Node
        The root.
    sign : float
        1 where no plan exceeds a bound, -1 where none undercuts it.
    """
    worst = max(sign * node.bound for node in top.walk() if not node.sides)
    for node in top.walk():
        if sign * node.bound <= worst:
            node.sides = ()
    return sign * worst


@dataclass(frozen=True, slots=True, eq=False)
class _Reached:
    """Prices of a node, what they are evaluated to, and the last mix made: around where, and how good."""

    prices: Prices
    found: Evaluation
    spot: Spot | None = None
    mix: Mix | None = None


class _Growth:
    """Makes the nodes of one tree."""

    def __init__(self, dual: Dual, settle: Settle, guard: Guard, options: TreeOptions) -> None:
        # The search over bundles is compiled for few clusters too: it is made thousands of times.
        layout = make_layout(dual.space, dual.stalls, dual.inner) if len(dual.inner) else None
        self._dual = replace(dual, layout=layout)
        self._settle, self._options = settle, options
        self._parts = make_parts(dual)
        self._pool = Pool(self._parts, dual)
        self._sign = -1.0 if dual.space.problem.objective.kind is ObjectiveKind.LEAST_MONEY else 1.0
        self._run = (guard, Until(0.0, 0.0, options.deadline))

    def above(self, bound: float) -> float:
        """Give how far a bound is from the aim; nothing or less where it is good enough."""
        return self._sign * (bound - self._options.aim)

    def node(self, node: Node, known: Sequence[Prices], rounds: int) -> tuple[Node, Node]:
        """Find the best prices of a node, and rule out what they allow; give it, and the node that this leaves of it.

        Parameters
        ----------
        node : Node
            What is left.
        known : sequence of Prices
            What may be good prices.
        rounds : int
            How often to improve them.
        """
        dual, tip = narrow(self._dual, node.branch), node
        reached = self._start(dual, tip, known)
        for _ in range(TURNS):
            if self.above(tip.bound) <= 0:
                return node, tip
            reached = self._improve(dual, tip, reached, rounds)
            above = self.above(tip.bound)
            if above <= 0 or above > AGAIN * tip.probed:
                break
            before, tip = tip, self._rule_out(dual, tip, reached.found)
            if tip is before:
                break
            dual = narrow(self._dual, tip.branch)
            reached = _Reached(tip.prices, evaluate_prices(dual, tip.prices))
            # What is left may be nothing at all, with no bound to improve.
            self._take(tip, reached)
        if self.above(tip.bound) > 0:
            tip.split = self._split(tip, reached)
        return node, tip

    def _start(self, dual: Dual, node: Node, known: Sequence[Prices]) -> _Reached:
        """Take the best of known prices, the first that is good enough."""
        best = None
        for prices in known:
            found = evaluate_prices(dual, prices)
            if np.isfinite(found.bound):
                self._pool.see(self._pool.row(prices.row), found)
            if best is None or self._sign * (found.bound - best.found.bound) < 0:
                best = _Reached(prices, found)
                self._take(node, best)
            if self.above(node.bound) <= 0:
                break
        assert best is not None
        return best

    def _improve(self, dual: Dual, node: Node, reached: _Reached, rounds: int) -> _Reached:
        """Improve the prices of a node as long as it pays; the last mix was made around the prices that are given."""
        box, pool = FIRST_BOX, self._pool
        for _ in range(rounds):
            prices, found = reached.prices, reached.found
            row = pool.row(prices.row)
            reach = pool.reach(box, row, max(abs(found.bound), 1e-9))
            spot = Spot(row, self._parts.values(found), reach)
            mix = pool.mix(node.branch, spot, self._run)
            reached = replace(reached, spot=spot, mix=mix)
            late = time.monotonic() > self._options.deadline
            if mix is None or late or mix.promise <= WORTHWHILE * self.above(node.bound):
                break
            trial = prices.with_rows(self._entire(prices, mix.row))
            other = evaluate_prices(dual, trial)
            pool.see(mix.row, other)
            gained = self._sign * (found.bound - other.bound)
            if gained > 0:
                reached = replace(reached, prices=trial, found=other)
                self._take(node, reached)
                if self.above(node.bound) <= 0:
                    break
            if gained >= mix.promise / 2:
                box *= GROW
            elif gained < 0:
                box *= min(SHRINK, 1 / min(1.5 * -gained / mix.promise, MOST_SHRINK))
        return reached

    def _rule_out(self, dual: Dual, node: Node, found: Evaluation) -> Node:
        """Split off what prices rule out, one after the other; give the node that is left."""
        above = node.probed = self.above(node.bound)
        for split, side, lost in [*rule_out(dual, self._parts, (node.branch, node.prices, found), above)]:
            sides = node.branch.sides(self._dual.space, split)
            out = Node(sides[side], node.prices, node.bound - self._sign * lost)
            rest = Node(sides[1 - side], node.prices, node.bound, probed=above)
            node.split, node.sides = split, (rest, out) if side else (out, rest)
            node = rest
        return node

    def _split(self, node: Node, reached: _Reached) -> Split | None:
        """Give the split whose two sides promise most, of those where the mix is least decided."""
        spot, mix = reached.spot, reached.mix
        if spot is None or mix is None:
            return None
        tried = sorted(self._undecided(mix), key=lambda pair: -pair[0])[:TRIED]
        if not tried:
            return self._widest(node, reached.found)
        if len(tried) < 2:
            return tried[0][1]
        best, chosen, above = -1.0, None, self.above(node.bound)
        for stake, split in tried:
            product = 1.0
            for side in node.branch.sides(self._dual.space, split):
                found = self._pool.mix(side, spot, self._run)
                gain = above if found is None else min(max(found.promise - mix.promise, 0.0), above)
                product *= gain + FEW * stake * above
            if product > best:
                best, chosen = product, split
        return chosen

    def _take(self, node: Node, reached: _Reached) -> None:
        bound = reached.found.bound
        node.prices = reached.prices
        node.bound = self._settle(reached.prices, bound) if np.isfinite(bound) else bound

    def _entire(self, prices: Prices, row: Floats) -> Floats:
        entire = np.zeros(len(prices.row))
        entire[self._parts.grouped.linking] = row
        return entire

    def _widest(self, node: Node, found: Evaluation) -> Split | None:
        """Give the middle of the cell that is left most money, by its price, where stocks are bounded by what may come.

        Where nothing is mixed, what is left of the gap is what a stock is worth between the least and the most of it.
        """
        space = self._dual.space
        price = np.zeros(space.num_cells)
        np.maximum.at(price, space.flow_cell, abs(amount_prices(self._dual, node.prices)[: space.num_flows]))
        best, chosen = 0.0, None
        for cell in self._dual.stalls.cell[space.dynamic[self._dual.stalls.cell]].tolist():
            low, high = node.branch.cells.get(cell, (0, int(space.cell_most[cell])))
            if (high - low) * price[cell] > best:
                best, chosen = (high - low) * price[cell], Split(cell, -1, (low + high) // 2)
        return chosen

    def _undecided(self, mix: Mix) -> Iterator[tuple[float, Split]]:
        """Give, for every amount that the mix has on two sides of an edge, the edge with the smaller side largest."""
        space = self._dual.space
        by_part: dict[int, list[tuple[Bundle, float]]] = {}
        for bundle, share in mix.shares:
            by_part.setdefault(bundle.part, []).append((bundle, share))
        for mixed in by_part.values():
            shares = np.array([share for _, share in mixed])
            if shares.sum() - shares.max() <= MIXED:
                continue
            for cell in sorted({cell for bundle, _ in mixed for cell in bundle.cells}):
                amount = np.array([bundle.cells.get(cell, 0) for bundle, _ in mixed])
                order = np.argsort(amount, kind="stable")
                amount, below = amount[order], np.cumsum(shares[order])[:-1]
                stake = np.where(np.diff(amount) > 0, np.minimum(below, shares.sum() - below), 0.0)
                # A mix of amounts on a curve is hardly better than the amount between them.
                smooth = not space.from_menu[cell] and not (space.gated[cell] and amount[0] == 0)
                if stake.max(initial=0.0) > MIXED:
                    yield float(stake.max()) * (SMOOTH if smooth else 1), Split(cell, -1, int(amount[stake.argmax()]))
            for pick in sorted({pick for bundle, _ in mixed for pick in bundle.picks}):
                taken = float(sum(share for bundle, share in mixed if pick in bundle.picks))
                if min(taken, 1 - taken) > MIXED:
                    yield min(taken, 1 - taken), Split(-1, pick, 0)
