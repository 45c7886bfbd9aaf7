"""Whether the parts of a saved plan fit together: lengths, positions, signs."""

from __future__ import annotations

from dataclasses import fields
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from clusteropt.plan.cash import CashFlow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.plan.certificate import Multipliers, ProofTree
    from clusteropt.plan.plan import Plan

LABELS = {"cluster": "clusters", "lever": "levers", "year": "years", "fund": "funds", "path": "paths"}
"""Where the positions of a field point."""
CASH_COLUMNS = tuple(column.name for column in fields(CashFlow))
NONE = -1
"""Stands for the year of what is not of one year, and for the cell of what is of none."""


def misfit(plan: Plan) -> str | None:
    """Name the first field of a plan that does not fit the others; None if all fit.

    Field by field the types are right already; here one part is held against another.

    Parameters
    ----------
    plan : Plan
        What was read.
    """
    return next(_misfits(plan), None)


def _misfits(plan: Plan) -> Iterator[str]:
    yield from _labels(plan)
    num = {name: len(getattr(plan.labels, label)) for name, label in LABELS.items()}
    per_cluster = {"region_of": "regions", "industry_of": "industries", "path_of": "paths"}
    for name, label in per_cluster.items():
        yield from _outside(name, getattr(plan, name), len(getattr(plan.labels, label)))
        yield from _unlike(name, getattr(plan, name), num["cluster"])
    yield from _unlike("synergy", plan.synergy, num["cluster"])
    yield from _unlike("leverage", plan.leverage, num["lever"])
    yield from _unlike("region_outcome", plan.region_outcome, len(plan.labels.regions))
    for name, held in (("purse", plan.purse), *((f"cash.{n}", getattr(plan.cash, n)) for n in CASH_COLUMNS)):
        if held.shape != (num["fund"], num["year"]):
            yield name
    for name, part in (
        ("awards", plan.awards),
        ("programmes", plan.programmes),
        ("moves", plan.moves),
        ("cells", plan.cells),
    ):
        yield from _columns(name, part, num)
    yield from _promises(plan, num["fund"])
    for number, unspent in enumerate(plan.unspent):
        if not (0 <= unspent.fund < num["fund"] and 0 <= unspent.year < num["year"]):
            yield f"unspent.{number}"
    for name, amounts, least in (
        ("awards.amount", plan.awards.amount, 1),
        ("programmes.cost", plan.programmes.cost, 0),
        ("cells.amount", plan.cells.amount, 0),
        ("purse", plan.purse, 0),
        *((f"cash.{name}", getattr(plan.cash, name), 0) for name in CASH_COLUMNS),
    ):
        if (amounts < least).any():
            yield name
    if not plan.stages:
        yield "stages"
    yield from _certificate(plan, num)


def _promises(plan: Plan, num_funds: int) -> Iterator[str]:
    """Check the promises, whose years lie behind those of the plan and so are no positions."""
    promises = plan.promises
    for field in fields(promises):
        yield from _unlike(f"promises.{field.name}", getattr(promises, field.name), len(promises.programme))
    yield from _outside("promises.fund", promises.fund, num_funds)
    if (promises.amount < 1).any():
        yield "promises.amount"
    if (promises.year <= max(plan.labels.years, default=0)).any():
        yield "promises.year"


def _labels(plan: Plan) -> Iterator[str]:
    labels = plan.labels
    for keys, names in (
        ("clusters", "cluster_names"),
        ("regions", "region_names"),
        ("industries", "industry_names"),
        ("paths", "path_names"),
        ("levers", "lever_names"),
        ("funds", "fund_names"),
    ):
        if len(getattr(labels, keys)) != len(getattr(labels, names)):
            yield f"labels.{names}"
    if (
        any(later != earlier + 1 for earlier, later in pairwise(labels.years))
        or abs(max(labels.years, default=0)) > 9999
    ):
        yield "labels.years"
    if plan.money.per_printed < 1 or str(plan.money.per_printed).strip("0") != "1":
        yield "money.per_printed"


def _certificate(plan: Plan, num: dict[str, int]) -> Iterator[str]:
    certificate = plan.certificate
    if len(certificate.stages) != len(plan.stages):
        yield "certificate.stages"
    yield from _columns("certificate.rules", certificate.rules, num)
    for number, stage in enumerate(certificate.stages):
        where = f"certificate.stages.{number}"
        if stage.multipliers is not None:
            yield from _multipliers(f"{where}.multipliers", plan, stage.multipliers, num)
        if stage.tree is not None:
            yield from _tree(f"{where}.tree", plan, stage.tree, num)
            if stage.multipliers is None:
                yield f"{where}.tree"


def _tree(where: str, plan: Plan, tree: ProofTree, num: dict[str, int]) -> Iterator[str]:
    yield from _columns(f"{where}.nodes", tree.nodes, num)
    yield from _outside(f"{where}.nodes.prices", tree.nodes.prices, len(tree.multipliers) + 1, NONE)
    if not tree.nodes.is_whole:
        yield f"{where}.nodes"
    for number, prices in enumerate(tree.multipliers):
        yield from _multipliers(f"{where}.multipliers.{number}", plan, prices, num)


def _multipliers(where: str, plan: Plan, prices: Multipliers, num: dict[str, int]) -> Iterator[str]:
    known = set(map(str, plan.labels.years))
    if not all(set(years.split("+")) <= known for years in prices.purse.years):
        yield f"{where}.purse.years"
    if prices.region.shape not in ((0,), (len(plan.labels.regions),)):
        yield f"{where}.region"
    for name in ("purse", "rule", "synergy", "stock", "need"):
        yield from _columns(f"{where}.{name}", getattr(prices, name), num)


def _columns(where: str, part: Any, num: dict[str, int]) -> Iterator[str]:
    """Name the columns of a part that are not as long as its first, or point at no label."""
    columns = {field.name: getattr(part, field.name) for field in fields(part)}
    length = len(next(iter(columns.values())))
    for name, column in columns.items():
        yield from _unlike(f"{where}.{name}", column, length)
        if name in num and isinstance(column, np.ndarray):
            # A rule, or its price, may be of no year; a leaf is of no cell.
            first = NONE if ("rule" in where and name == "year") or where.endswith(".nodes") else 0
            yield from _outside(f"{where}.{name}", column, num[name], first)


def _unlike(name: str, column: Any, length: int) -> Iterator[str]:
    if len(column) != length or getattr(column, "ndim", 1) != 1:
        yield name


def _outside(name: str, positions: Any, num: int, first: int = 0) -> Iterator[str]:
    if not ((positions >= first) & (positions < num)).all():
        yield name
