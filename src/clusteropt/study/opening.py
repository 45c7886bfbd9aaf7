"""The problem of the open years, made as tables, so that its plan goes with files that anybody can check."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusteropt.inputs.faults import Faults, Place
from clusteropt.inputs.kept import MODEL_TOML
from clusteropt.inputs.ledger import carried_amount, has_ledger
from clusteropt.inputs.model_files import parse_json, parse_settings
from clusteropt.inputs.problem import ObjectiveKind, RuleKind, Selection
from clusteropt.inputs.raw_tables import written_column
from clusteropt.inputs.reading import problem_from_tables
from clusteropt.model.outcome import needed_total
from clusteropt.study.past import leave_stocks, settled_outcome
from clusteropt.study.purses import FOREVER, Parcel, check_spent, leave_money, merge
from clusteropt.study.rules import remaining_rules
from clusteropt.study.started import go_on
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from clusteropt.inputs.kept import KeptInputs
    from clusteropt.inputs.problem import Problem
    from clusteropt.inputs.raw_tables import RawTable
    from clusteropt.inputs.settings import ModelSettings
    from clusteropt.study.past import Past, Stocks
    from clusteropt.study.purses import Legacy
    from clusteropt.study.rules import Remaining

    Row = dict[str, str]
    Tables = dict[str, pd.DataFrame]

UNCHANGED = ("clusters", "levers", "effectiveness", "synergies", "eligibility", "levels", "spillovers")
LEDGER_COLUMNS = ("carry_over", "expires_after", "committed", "returned", "returned_after", "returned_parts")


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """The problem of the open years and what its money rests on."""

    problem: Problem
    legacies: list[Legacy]
    notes: tuple[Text, ...]


def open_problem(past: Past, most_change: Fraction | None) -> Opened:
    """Make the problem of the open years.

    Parameters
    ----------
    past : Past
        The closed years.
    most_change : Fraction or None
        How much the money of a cluster in a year may differ from the old plan, as a share of it.

    Raises
    ------
    InputError
        If the closed years leave something that no plan can meet; all faults at once.
    """
    kept, faults = past.problem.kept, Faults()
    assert kept is not None
    settings = _settings(kept)
    legacies = leave(past)
    check_spent(past, legacies, faults)
    rules, stocks = remaining_rules(past, faults), leave_stocks(past)
    going = go_on(past, kept.tables, faults)
    funds, fund_notes = _funds(past, kept.tables["funds"], legacies)
    settings, goal_notes = _open_settings(past, settings, faults)
    faults.stop_if_any()
    if most_change is not None:
        _limit_change(past, rules, most_change)
    tables = {name: raw_frame(kept.tables[name]) for name in UNCHANGED if name in kept.tables}
    tables |= {"funds": funds, **going.tables, **_cells(past, kept.tables, stocks), **_arriving(past, stocks)}
    if rules.rows:
        tables["rules"] = pd.DataFrame(rules.rows, dtype=object)
    if settings.features.last_plan:
        tables |= _last_plan(past)
    problem = problem_from_tables(tables, settings)
    notes = (*fund_notes, *stocks.notes, *rules.notes, *going.notes, *goal_notes)
    return Opened(replace(problem, notes=(*problem.notes, *notes)), legacies, notes)


def leave(past: Past, *, planned: bool = False) -> list[Legacy]:
    """Give what closed years leave to every fund, as they were paid or as they were planned."""
    paid = past.planned_by_purse if planned else past.by_purse
    return [
        leave_money(past.problem, fund, np.stack((paid[fund], past.costs[fund])), past.num_closed)
        for fund in range(past.problem.num_funds)
    ]


def raw_frame(raw: RawTable) -> pd.DataFrame:
    """Give a table as it was found, every value as text."""
    columns = {
        header: written_column(column) for header, column in zip(raw.headers, raw.columns, strict=True) if header
    }
    return pd.DataFrame(columns, dtype=object)


def _settings(kept: KeptInputs) -> ModelSettings:
    faults = Faults()
    parse = parse_settings if kept.model_name == MODEL_TOML else parse_json
    found = parse(kept.model_name, kept.model, faults)
    faults.stop_if_any()
    assert found is not None
    return found


def _open_settings(past: Past, settings: ModelSettings, faults: Faults) -> tuple[ModelSettings, tuple[Text, ...]]:
    """Keep the settings but for the years, the tables, and the target, of which the closed years reached a part."""
    features = settings.features.model_copy(update={"arriving": True, "rules": True})
    changes: dict[str, object] = {"years": past.open_years if settings.years else (), "tables": None}
    changes["features"] = features
    kind = settings.objective.kind
    notes: tuple[Text, ...] = ()
    if kind is ObjectiveKind.LEAST_MONEY:
        rate = (1 + settings.objective.discount) ** past.num_closed
        # The room that a target has for the last digits of a sum stays that of the whole plan.
        target = (needed_total(past.problem) - settled_outcome(past)) * rate
        if target <= 0:
            faults.add(
                Place("model", None, "objective.target", str(settings.objective.target)),
                Text(
                    "what was paid in the closed years reaches the target by itself.",
                    "已结束年度的拨款已足以达到目标。",
                ),
                Text("Raise the target, or seek another objective.", "请提高目标, 或改用其他目标类型。"),
            )
        else:
            changes["objective"] = settings.objective.model_copy(update={"target": target})
    elif kind is not ObjectiveKind.TOTAL:
        notes = (
            Text(
                "Regions are compared by their outcomes in the open years alone.",
                "各地区仅按剩余年度的产出比较。",
            ),
        )
    return settings.model_copy(update=changes), notes


def _funds(past: Past, raw: RawTable, legacies: list[Legacy]) -> tuple[pd.DataFrame, tuple[Text, ...]]:
    """Write the purses of the open years with what joins them."""
    problem, labels, num_closed = past.problem, past.problem.labels, past.num_closed
    found = {(row["fund"], int(float(row["year"]))): row for row in raw_frame(raw).to_dict("records")}
    rows, shortened, lost = [], set[str](), 0
    for fund, key in enumerate(labels.funds):
        for year in range(num_closed, problem.num_years):
            row: Row = {"fund": key, "year": str(labels.years[year])}
            row |= {"name": labels.fund_names[fund].en, "name_zh": labels.fund_names[fund].zh}
            given = found[key, labels.years[year]]
            row |= {column: given.get(column, "") for column in ("amount", *LEDGER_COLUMNS)}
            parcels = legacies[fund].comes(num_closed, year)
            if parcels:
                held = merge(_own(problem, fund, year), parcels, year, problem.num_years)
                row |= {"amount": str(held.amount), "carry_over": held.carry_over, "expires_after": held.expires_after}
                lost += held.lost
                shortened |= {key} if held.shortened else set()
            rows.append(row)
    waiting = [key for key, legacy in zip(labels.funds, legacies, strict=True) if legacy.part]
    return pd.DataFrame(rows, dtype=object), _fund_notes(shortened, lost, waiting)


def _fund_notes(shortened: set[str], lost: int, waiting: list[str]) -> tuple[Text, ...]:
    notes = []
    if waiting:
        names = ", ".join(sorted(waiting))
        notes.append(
            Text(
                f"Parts of a unit that closed awards bring back wait no longer for others: {names}.",
                f"已结束年度回收资金中不足一个单位的部分不再累计: {names}。",
            )
        )
    if shortened:
        names = ", ".join(sorted(shortened))
        notes.append(
            Text(
                f"Money of several terms is carried over at the shortest of them: {names}.",
                f"不同期限的结转资金按其中最短期限计: {names}。",
            )
        )
    if lost:
        notes.append(
            Text(
                f"{lost} units are not carried over: shares have 9 decimals.",
                f"比例仅 9 位小数, 有 {lost} 个单位未结转。",
            )
        )
    return tuple(notes)


def _own(problem: Problem, fund: int, year: int) -> tuple[int, Parcel]:
    """Give what of a purse may be paid in its year alone, and what is carried over."""
    held = int(problem.purse[fund, year])
    if problem.ledger is None or not has_ledger(problem, fund):
        return held, Parcel(0, year)
    carried, until = carried_amount(problem, fund, year), year + int(problem.ledger.lasts[fund, year])
    return held - carried, Parcel(carried, until if until < problem.num_years else FOREVER)


def _cells(past: Past, raw: Mapping[str, RawTable], stocks: Stocks) -> Tables:
    """Write the cells with their stocks, and with the most they could take when there were more years."""
    problem, labels = past.problem, past.problem.labels
    frame = raw_frame(raw["cells"]) if "cells" in raw else pd.DataFrame(columns=["cluster", "lever"])
    given = {(row["cluster"], row["lever"]): row for row in frame.to_dict("records")}
    from_menu = (np.diff(problem.menus.start) > 0).reshape(problem.most.shape)
    rows = []
    for cluster, lever in np.ndindex(problem.most.shape):
        key = (labels.clusters[cluster], labels.levers[lever])
        row: Row = {**dict.fromkeys(map(str, frame.columns), ""), "cluster": key[0], "lever": key[1]}
        row |= {str(column): value for column, value in given.get(key, {}).items()}
        row["stock"] = stocks.held.get((cluster, lever), "")
        reached = problem.most[cluster, lever] >= problem.least[cluster, lever]
        if reached and not from_menu[cluster, lever] and not row.get("most"):
            # Left to itself the most would be that of the best open year, and might fall below the least. What no purse
            # reaches has a most of 0, whatever its least.
            row["most"] = str(int(problem.most[cluster, lever]))
        if key in given or row["stock"] or row.get("most"):
            rows.append(row)
    return {"cells": pd.DataFrame(rows, dtype=object).fillna("")} if rows else {}


def _arriving(past: Past, stocks: Stocks) -> Tables:
    labels = past.problem.labels
    rows = [
        {"cluster": labels.clusters[c], "lever": labels.levers[k], "year": str(labels.years[t]), "amount": str(amount)}
        for (c, k, t), amount in stocks.arriving.items()
    ]
    return {"arriving": pd.DataFrame(rows, dtype=object)} if rows else {}


def _last_plan(past: Past) -> Tables:
    """Give what the last closed year paid; one row of nothing where it paid nothing."""
    space, labels, last = past.space, past.problem.labels, past.num_closed - 1
    year = space.cell_year[space.flow_cell]
    flows = np.flatnonzero((year == last) & (past.money > 0))
    if not len(flows):
        flows = np.flatnonzero(year == last)[:1]
    cells = space.flow_cell[flows]
    places = zip(
        space.cell_cluster[cells], space.cell_lever[cells], space.flow_fund[flows], past.money[flows], strict=True
    )
    rows = [
        {"cluster": labels.clusters[c], "lever": labels.levers[k], "fund": labels.funds[f],
         "year": str(labels.years[last]), "amount": str(amount)}
        for c, k, f, amount in places
    ]  # fmt: skip
    return {"last_plan": pd.DataFrame(rows, dtype=object)} if rows else {}


def _limit_change(past: Past, rules: Remaining, most_change: Fraction) -> None:
    """Keep the money of every cluster and open year near that of the old plan: floor rounded up, cap down."""
    problem, awards = past.problem, past.plan.awards
    old = np.zeros((problem.num_clusters, problem.num_years), np.int64)
    np.add.at(old, (awards.cluster, awards.year), awards.amount)
    for cluster in np.unique(problem.draw_cluster).tolist():
        for year in range(past.num_closed, problem.num_years):
            money = int(old[cluster, year])
            low, high = math.ceil(money * (1 - most_change)), math.floor(money * (1 + most_change))
            selection = Selection(clusters=(cluster,), years=(year,))
            name = f"change of {problem.labels.clusters[cluster]} {problem.labels.years[year]}"
            rules.add(name, RuleKind.AMOUNT, rules.texts(selection), (low if low > 0 else None, high))
