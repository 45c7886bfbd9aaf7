"""What a formulation is best at: the objective as a row of coefficients, and the rows that go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.blocks import pick, tidy
from clusteropt.model.curves import live_regions, region_units
from clusteropt.model.rows import make_rows
from clusteropt.model.soft_floors import soft_limits

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats
    from clusteropt.model.blocks import Matrix, RowBlock
    from clusteropt.model.columns import Columns
    from clusteropt.model.rows import Draft
    from clusteropt.model.space import Space


def objective_row(draft: Draft) -> tuple[Floats, bool]:
    """Give the objective of every column, and whether it is maximised.

    Total outcome: sum_(c,l,t) W[c] v^t o[c,l,t] + synergies, with v = 1 / (1 + discount) and W the weight of a
    cluster with the shares of its neighbours; worst region: the smallest regional outcome, then the total;
    equity: sum_r u(R[r]); least money: the sum of all money. Programmes add what they give to regions; what soft
    floors miss takes price d off total and equity.
    """
    columns, kind = draft.columns, draft.space.problem.objective.kind
    block = columns.block("equity" if kind is ObjectiveKind.EQUITY else "worst")
    if kind is ObjectiveKind.LEAST_MONEY:
        return np.asarray(draft.space.unit_cost @ columns.flow).ravel(), False
    cost = np.zeros(columns.num)
    missing = columns.block("missing")
    if missing is not None:
        cost[missing.positions] = -soft_limits(draft.space).price * draft.per_printed
    if kind is ObjectiveKind.TOTAL or (kind is ObjectiveKind.WORST_REGION and draft.floor is not None):
        return cost + total_row(draft).toarray().ravel(), True
    if block is not None:
        cost[block.positions] = 1.0
    return cost, True


def total_row(draft: Draft) -> Matrix:
    """Give the total outcome as one row, shape (1, num_cols)."""
    weight = sparse.csr_matrix(draft.space.cluster_weight[None, :])
    home = sparse.csr_matrix(np.ones((1, len(draft.space.problem.labels.regions))))
    return tidy(_weigh(draft, weight) + home @ (_synergy_rows(draft) + _pick_rows(draft)))


def region_rows(draft: Draft) -> Matrix:
    """Give the outcome of every region as a row, shape (num_regions, num_cols)."""
    return tidy(_weigh(draft, draft.space.region_weight) + _synergy_rows(draft) + _pick_rows(draft))


def worst_region(draft: Draft) -> RowBlock | None:
    """The worst region is no better than any: R[r] / size[r] - worst >= 0, R[r] the outcome of the region.

    Regions that no money can reach are left out.
    """
    block = draft.columns.block("worst")
    if block is None:
        return None
    regions = live_regions(draft.space)
    per_unit = sparse.diags(1 / region_units(draft.space)) @ region_rows(draft)
    own = pick(len(regions), np.arange(len(regions)), np.repeat(block.positions, len(regions)), 1.0, draft.columns.num)
    return make_rows("worst_region", ("region",), regions[:, None], per_unit[regions] - own, 0.0, np.inf)


def floor(draft: Draft) -> RowBlock | None:
    """In the second stage of the worst region first: worst >= what the first stage reached."""
    block = draft.columns.block("worst")
    if block is None or draft.floor is None:
        return None
    row = pick(1, np.zeros(1, np.int64), block.positions, 1.0, draft.columns.num)
    return make_rows("floor", ("stage",), np.zeros((1, 1), np.int64), row, draft.floor, np.inf)


def equity_curve(draft: Draft) -> RowBlock | None:
    """A region counts by a concave curve of its outcome: U[r] <= u'(p) R[r] + u(p) - u'(p) p at every point p."""
    block, grid = draft.columns.block("equity"), draft.grid
    if block is None:
        return None
    which = grid.curve_of_point
    regional = which >= len(grid.curves.cells)
    slope, intercept = (values[regional] for values in grid.tangents())
    region = which[regional] - len(grid.curves.cells)
    own = pick(len(region), np.arange(len(region)), block.positions[region], 1.0, draft.columns.num)
    matrix = own - sparse.diags(slope) @ region_rows(draft)[region]
    number = np.flatnonzero(regional) - grid.start[which[regional]]
    keys = np.column_stack((region, number))
    return make_rows("equity_curve", ("region", "point"), keys, matrix, -np.inf, intercept)


def target(draft: Draft) -> RowBlock | None:
    """Least money reaches the target: total outcome >= target."""
    objective = draft.space.problem.objective
    if objective.kind is not ObjectiveKind.LEAST_MONEY:
        return None
    return make_rows(
        "target", ("stage",), np.zeros((1, 1), np.int64), total_row(draft), objective.target or 0.0, np.inf
    )


def _weigh(draft: Draft, weight: Matrix) -> Matrix:
    """Multiply outcomes by weights, from above where a weight is positive and exactly where it is negative."""
    space: Space = draft.space
    columns: Columns = draft.columns
    spread = pick(
        space.problem.num_clusters,
        space.cell_cluster,
        np.arange(space.num_cells),
        space.discount[space.cell_year],
        space.num_cells,
    )
    gain = weight.maximum(0) @ (spread @ columns.outcome)
    return tidy(gain + weight.minimum(0) @ (spread @ columns.harm) if columns.harm.nnz else gain)


def _pick_rows(draft: Draft) -> Matrix:
    """Give what picks of programmes add to regions, shape (num_regions, num_cols)."""
    space, num_flows = draft.space, draft.space.num_flows
    taken = draft.columns.flow[num_flows:] * draft.per_printed
    return tidy(space.pick_regions @ taken)


def _synergy_rows(draft: Draft) -> Matrix:
    problem, block = draft.space.problem, draft.columns.block("synergy")
    num_regions = len(problem.labels.regions)
    if block is None:
        return sparse.csr_matrix((num_regions, draft.columns.num))
    number, cluster, year = block.keys.T
    gains = np.stack([problem.membership @ synergy.gain for synergy in problem.synergies])
    data = gains[number, cluster] * problem.weight[cluster] * draft.space.discount[year]
    return pick(num_regions, problem.region_of[cluster], block.positions, data, draft.columns.num)
