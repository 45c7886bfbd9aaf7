"""A vector of amounts as lists: awards, programmes that are taken, and what cells get and give."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.plan.plan import Awards, CellOutcomes
from clusteropt.plan.taken import Moves, Promises, TakenProgrammes

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Ints
    from clusteropt.model.outcome import Outcome
    from clusteropt.model.space import Space


def awards_of(space: Space, money: Ints) -> Awards:
    """List the awards of amounts, shape (num_amounts,)."""
    flows = np.flatnonzero(money[: space.num_flows] > 0)
    cell, fund = space.flow_cell[flows], space.flow_fund[flows]
    order = np.lexsort((fund, cell))
    cell, fund = cell[order], fund[order]
    parts = (
        space.cell_cluster[cell],
        space.cell_lever[cell],
        space.cell_year[cell],
        fund,
        money[flows][order],
    )
    return Awards(*(_frozen(part) for part in parts))


def programmes_of(space: Space, money: Ints, outcome: Outcome) -> TakenProgrammes:
    """List the picks of programmes among amounts, shape (num_amounts,)."""
    taken = np.flatnonzero(money[space.num_flows :])
    chosen = space.problem.programmes
    if chosen is None:
        none = np.zeros(0, np.int64)
        return TakenProgrammes((), (), (), none, none, np.zeros(0))
    options = chosen.pick_option[taken].tolist()
    return TakenProgrammes(
        programme=tuple(chosen.programme[option] for option in options),
        option=tuple(chosen.option[option] for option in options),
        name=tuple(chosen.names[option] for option in options),
        year=_frozen(chosen.pick_year[taken]),
        cost=_frozen(space.unit_cost[space.num_flows + taken]),
        value=outcome.picks[taken],
    )


def promises_of(space: Space, money: Ints) -> Promises:
    """List what the picks among amounts cost after the last year of the plan, shape (num_amounts,)."""
    chosen, problem = space.problem.programmes, space.problem
    if chosen is None:
        return Promises((), (), *(np.zeros(0, np.int64),) * 3)
    late = np.flatnonzero((chosen.cost_year >= problem.num_years) & (money[space.num_flows + chosen.cost_pick] > 0))
    late = late[np.lexsort((chosen.cost_fund[late], chosen.cost_year[late], chosen.cost_pick[late]))]
    options = chosen.pick_option[chosen.cost_pick[late]].tolist()
    return Promises(
        programme=tuple(chosen.programme[option] for option in options),
        option=tuple(chosen.option[option] for option in options),
        fund=_frozen(chosen.cost_fund[late]),
        year=_frozen(chosen.cost_year[late] + problem.labels.years[0]),
        amount=_frozen(chosen.cost[late]),
    )


def moves_of(space: Space, money: Ints) -> Moves:
    """List the clusters that the picks among amounts move, shape (num_amounts,)."""
    chosen = space.problem.programmes
    if chosen is None:
        return Moves(*(np.zeros(0, np.int64),) * 3)
    made = np.flatnonzero(money[space.num_flows + chosen.move_pick])
    made = made[np.argsort(chosen.move_cluster[made], kind="stable")]
    parts = (chosen.move_cluster[made], chosen.move_year[made], chosen.move_path[made])
    return Moves(*(_frozen(part) for part in parts))


def cells_of(space: Space, money: Ints, outcome: Outcome) -> CellOutcomes:
    """List the cells with money or outcome."""
    amount = np.zeros(space.num_cells, np.int64)
    np.add.at(amount, space.flow_cell, money[: space.num_flows])
    cells = np.flatnonzero((amount > 0) | (outcome.cell != 0))
    return CellOutcomes(
        cluster=_frozen(space.cell_cluster[cells]),
        lever=_frozen(space.cell_lever[cells]),
        year=_frozen(space.cell_year[cells]),
        amount=_frozen(amount[cells]),
        outcome=outcome.cell[cells],
        value=outcome.counted[cells],
    )


def _frozen(values: Ints) -> Ints:
    array = np.ascontiguousarray(values, dtype=np.int64)
    array.setflags(write=False)
    return array
