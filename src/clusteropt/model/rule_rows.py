"""The row blocks of purses and money rules: the exact rows of `money_rules`, in printed units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.model.blocks import pick
from clusteropt.model.money_rules import (
    LARGEST_SUM,
    change_money,
    condition_money,
    ledger_money,
    lock_money,
    need_money,
    purse_money,
    share_money,
)
from clusteropt.model.row_arrays import amount_arrays
from clusteropt.model.rows import make_rows
from clusteropt.model.soft_floors import soft_limits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clusteropt.inputs.problem import Floats, Ints
    from clusteropt.model.blocks import RowBlock
    from clusteropt.model.money_rules import MoneyRow
    from clusteropt.model.rows import Draft
    from clusteropt.model.space import Space


def purse(draft: Draft) -> RowBlock | None:
    """A plain purse gives at most what it holds: sum_(c,l) x[f,c,l,t] + sum_k cost[k,f,t] z[k] <= amount[f,t]."""
    return _scaled(draft, "purse", ("fund", "year"), purse_money(draft.space))


def ledger(draft: Draft) -> RowBlock | None:
    """A fund awards in a span what can be paid in it: sum_(t in span) x[f,t] - sum_t share[t] x[f,t] <= limit[f,span].

    x[f,t] is all the fund awards in the year; what picks of programmes cost in the span is added. The limit is what
    comes in during the span, what may be carried into it and is not yet lapsed, less what is committed; the share is
    what of earlier awards has come back by then. The years of a span are the bits of its number.
    """
    return _scaled(draft, "ledger", ("fund", "span"), ledger_money(draft.space))


def amount(draft: Draft) -> RowBlock | None:
    """An amount rule: min <= sum over the selection of x[f,c,l,t] - sum over the base (if it has one) of x <= max."""
    found = amount_arrays(draft.space)
    if not len(found.rule):
        return None
    lower = np.where(found.lower == -LARGEST_SUM, -np.inf, found.lower)
    upper = np.where(found.upper == LARGEST_SUM, np.inf, found.upper)
    coef = found.coef.astype(float)
    return _in_units(draft, ("amount", ("rule",), found.rule[:, None]), (found.number, found.flow, coef), lower, upper)


def share(draft: Draft) -> RowBlock | None:
    """A share rule: sum over the selection of x - share * sum over the base of x >= 0 (<= 0 for a maximum).

    The share of a fund, whose amount is known, is a plain limit: sum over the selection of x >= share * amount.
    """
    return _scaled(draft, "share", ("rule", "side"), share_money(draft.space))


def change(draft: Draft) -> RowBlock | None:
    """A change rule, each year: (1 + min) last <= sum over the selection of x <= (1 + max) last."""
    return _scaled(draft, "change", ("rule", "year"), change_money(draft.space))


def lock(draft: Draft) -> RowBlock | None:
    """A lock: x[c,l,t] (or x[f,c,l,t] where the rule names funds) = the amount locked."""
    return _scaled(draft, "lock", ("rule", "locked"), lock_money(draft.space))


def condition(draft: Draft) -> RowBlock | None:
    """A condition on picks of programmes: least <= sum of coef * z[pick] <= most."""
    found = list(condition_money(draft.space))
    block = draft.columns.block("pick")
    if not found or block is None:
        return None
    number = np.repeat(np.arange(len(found)), [len(row.flow) for row in found])
    picks = np.concatenate([row.flow for row in found]) - draft.space.num_flows
    coefs = np.concatenate([row.coef for row in found])
    matrix = pick(len(found), number, block.positions[picks], coefs.astype(float), draft.columns.num)
    lower = np.array([-np.inf if row.lower is None else row.lower for row in found], dtype=float)
    upper = np.array([np.inf if row.upper is None else row.upper for row in found], dtype=float)
    return make_rows("condition", ("condition",), np.arange(len(found))[:, None], matrix, lower, upper)


def need(draft: Draft) -> RowBlock | None:
    """A pick that needs a stock is taken only where it is there: K[c,l,t] - need z[pick] >= 0, K by the money in it."""
    return _scaled(draft, "need", ("need",), need_money(draft.space))


def soft_floor(draft: Draft) -> RowBlock | None:
    """A soft floor: sum over the selection of x - share * sum over the base of x + d >= min, d what is missing.

    Amounts, shares and changes read as the rules of these kinds do; d costs the price of the floor.
    """
    limits, block = soft_limits(draft.space), draft.columns.block("missing")
    if block is None:
        return None
    missing = pick(limits.num, np.arange(limits.num), block.positions, 1.0, draft.columns.num)
    matrix = limits.matrix @ draft.columns.flow + missing
    return make_rows("soft_floor", block.index_names, block.keys, matrix, limits.limit / draft.per_printed, np.inf)


def row_size(space: Space, row: MoneyRow) -> float:
    """Give what an exact row is divided by so that it reads in money: its largest coefficient of money, at least 1."""
    return float(abs(row.coef[row.flow < space.num_flows]).max(initial=0)) or 1.0


def _scaled(draft: Draft, name: str, index_names: tuple[str, ...], rows: Iterable[MoneyRow]) -> RowBlock | None:
    found = list(rows)
    if not found:
        return None
    number = np.repeat(np.arange(len(found)), [len(row.flow) for row in found])
    flow = np.concatenate([row.flow for row in found])
    coef = np.concatenate([row.coef for row in found]).astype(float)
    lower = np.array([-np.inf if row.lower is None else row.lower for row in found], dtype=float)
    upper = np.array([np.inf if row.upper is None else row.upper for row in found], dtype=float)
    keys = np.array([row.key for row in found])
    return _in_units(draft, (name, index_names, keys), (number, flow, coef), lower, upper)


def _in_units(
    draft: Draft,
    block: tuple[str, tuple[str, ...], Ints],
    entries: tuple[Ints, Ints, Floats],
    lower: Floats,
    upper: Floats,
) -> RowBlock | None:
    """Write rows of whole amounts in printed units, each divided by its largest coefficient of money."""
    number, flow, coef = entries
    # All at once what `row_size` gives of each.
    largest = np.zeros(len(lower))
    np.maximum.at(largest, number, np.where(flow < draft.space.num_flows, abs(coef), 0.0))
    size = np.where(largest > 0, largest, 1.0)
    matrix = pick(len(lower), number, flow, coef / size[number], draft.space.num_amounts) @ draft.columns.flow
    units = size * draft.per_printed
    return make_rows(*block, matrix, lower / units, upper / units)
