"""The allocation as CSV and the summary as JSON: what other programs read."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

from clusteropt.report import numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusteropt.plan.plan import Plan
    from clusteropt.text import Text

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet runs text that begins with one of these."""
ALLOCATION_COLUMNS = (
    "cluster", "cluster_name", "cluster_name_zh",
    "region", "region_name", "region_name_zh",
    "path", "path_name", "path_name_zh",
    "lever", "lever_name", "lever_name_zh",
    "year", "fund", "fund_name", "fund_name_zh",
    "amount", "amount_printed",
)  # fmt: skip


def allocation_csv(plan: Plan) -> str:
    """Write every award as CSV, sorted by cluster, lever, year and fund.

    Columns: the keys and both names of cluster, region, path, lever and fund, the year, ``amount`` in whole units
    and ``amount_printed`` in the printed unit with every decimal. Text that a spreadsheet would run as a
    formula gets an apostrophe in front.
    """
    labels, awards = plan.labels, plan.awards
    clusters = _named(labels.clusters, labels.cluster_names)
    regions = _named(labels.regions, labels.region_names)
    paths = _named(labels.paths, labels.path_names)
    levers = _named(labels.levers, labels.lever_names)
    funds = _named(labels.funds, labels.fund_names)
    region_of, path_of = plan.region_of.tolist(), plan.path_of.tolist()
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(ALLOCATION_COLUMNS)
    columns = (awards.cluster, awards.lever, awards.year, awards.fund, awards.amount)
    for cluster, lever, year, fund, amount in zip(*(column.tolist() for column in columns), strict=True):
        writer.writerow(
            (
                *clusters[cluster], *regions[region_of[cluster]], *paths[path_of[cluster]], *levers[lever],
                labels.years[year], *funds[fund], amount, numbers.exact_money(amount, plan.money),
            )
        )  # fmt: skip
    return file.getvalue()


def summary_json(plan: Plan) -> str:
    """Write the figures of a plan as strict JSON; null stands for what is not finite.

    Money is in whole units. ``value`` and the bounds are those of the first objective; ``baselines`` maps each way
    of sharing to its ``value``, ``gain``, ``moved`` and ``money``.
    """
    record = plan.record
    content = {
        "name": plan.name,
        "title": plan.title.en,
        "title_zh": plan.title.zh,
        "objective": plan.objective.kind.value,
        "value": numbers.finite(plan.value),
        "safe_bound": numbers.finite(plan.safe_bound),
        "safe_gap": numbers.finite(plan.safe_gap),
        "proof": plan.proof.value,
        "claimed_bound": numbers.finite(plan.bound),
        "claimed_gap": numbers.finite(plan.gap),
        "engine": record.choice.engine.value,
        "engine_reason": record.choice.reason.value,
        "limit": None if record.limit is None else record.limit.value,
        "solve_seconds": numbers.finite(record.seconds),
        "solver": f"{record.solver} {record.solver_version}",
        "total_outcome": numbers.finite(plan.total_outcome),
        "money_unit": plan.money.unit.en,
        "money_held": int(plan.purse.sum()),
        "money_total": plan.money_total,
        "baselines": {
            base.kind.value: {
                "value": numbers.finite(base.value),
                "gain": numbers.finite(base.gain),
                "moved": base.moved,
                "money": base.money,
            }
            for base in plan.baselines
        },
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _named(keys: tuple[str, ...], names: Sequence[Text]) -> list[tuple[str, str, str]]:
    return [(_safe(key), _safe(name.en), _safe(name.zh)) for key, name in zip(keys, names, strict=True)]


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(FORMULA_SIGNS) else text
