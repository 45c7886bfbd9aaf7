"""The sheets of the workbook as data: headings in both languages, typed columns, rows, totals."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from clusteropt.plan.taken import paths_by_year
from clusteropt.report import words
from clusteropt.report.controlled import round_table
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from clusteropt.plan.plan import Plan

Value = str | int | float | None
Row = list[Value]


PURSE_COLUMNS = {
    "held": words.HELD,
    "carried_in": words.CARRIED_IN,
    "returned": words.RETURNED,
    "committed": words.COMMITTED,
    "awarded": words.AWARDED,
    "programmes": words.PROGRAMMES,
    "unspent": words.LEFT,
    "carried_out": words.CARRIED_OUT,
}
"""What the workbook says of every purse, as far as the plan has it."""


class Kind(StrEnum):
    """What stands in a column, and so how it is written."""

    TEXT = "text"
    LONG = "long"
    WHOLE = "whole"
    PLAIN = "plain"
    MONEY = "money"
    FORM = "form"
    NUMBER = "number"
    SHARE = "share"
    SMALL = "small"


ADDED = (Kind.WHOLE, Kind.MONEY, Kind.NUMBER, Kind.SHARE)
"""What a total row adds up, unless the column says otherwise."""


@dataclass(frozen=True, slots=True)
class Heading:
    """One column of a sheet.

    Parameters
    ----------
    text : Text
        What stands above it, in both languages.
    kind : Kind
        What stands in it.
    """

    text: Text
    kind: Kind


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook.

    Parameters
    ----------
    name : Text
        The tab, in both languages.
    headings : tuple of Heading
        The columns.
    rows : list of list
        Text, whole units of money or numbers, as the columns say; None is an empty cell.
    total : bool
        Whether the columns of money and numbers are added up in a last row.
    rest_in : str
        The file that holds all rows where a sheet cannot.
    """

    name: Text
    headings: tuple[Heading, ...]
    rows: list[Row]
    total: bool = False
    rest_in: str = "plan.json"

    def totals(self) -> Row:
        """Add up every column that can be added up: integers exactly, floats with one rounding."""
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.headings)
        row = [_total(heading.kind, column) for heading, column in zip(self.headings, columns, strict=True)]
        return [both(words.TOTAL), *row[1:]]


def _total(kind: Kind, column: Iterable[Value]) -> Value:
    if kind not in ADDED:
        return None
    held = [value for value in column if isinstance(value, int | float)]
    # math.fsum would turn whole units of money into a float.
    return sum(held) if kind in (Kind.WHOLE, Kind.MONEY) else math.fsum(held)


def both(text: Text) -> str:
    """Write a text in both languages, once where they are the same."""
    return text.en if text.en == text.zh else f"{text.en} {text.zh}"


def allocation_sheet(plan: Plan) -> Sheet:
    """Every award with the names behind its keys."""
    labels, awards = plan.labels, plan.awards
    rows: list[Row] = []
    columns = (awards.cluster, awards.lever, awards.year, awards.fund, awards.amount)
    for cluster, lever, year, fund, amount in zip(*(column.tolist() for column in columns), strict=True):
        rows.append(
            [
                labels.clusters[cluster],
                both(labels.cluster_names[cluster]),
                both(labels.region_names[plan.region_of[cluster]]),
                both(labels.industry_names[plan.industry_of[cluster]]),
                both(labels.path_names[plan.path_of[cluster]]),
                both(labels.lever_names[lever]),
                labels.years[year],
                both(labels.fund_names[fund]),
                amount,
            ]
        )
    headings = (
        Heading(words.CLUSTER, Kind.TEXT),
        Heading(words.CLUSTER_NAME, Kind.LONG),
        Heading(words.REGION, Kind.TEXT),
        Heading(words.INDUSTRY, Kind.TEXT),
        Heading(words.PATH, Kind.TEXT),
        Heading(words.LEVER, Kind.TEXT),
        Heading(words.YEAR, Kind.PLAIN),
        Heading(words.FUND, Kind.TEXT),
        Heading(words.AWARDED, Kind.MONEY),
    )
    return Sheet(words.SHEET_ALLOCATION, headings, rows, total=True, rest_in="allocation.csv")


def total_sheets(plan: Plan) -> list[Sheet]:
    """Money and value by lever, region, path, industry and cluster."""
    labels = plan.labels
    region = _totals(words.SHEET_REGION, words.REGION, labels.region_names, plan.by_region)
    outcome = plan.region_outcome.tolist()
    with_outcome = Sheet(
        region.name,
        (*region.headings, Heading(words.OUTCOME, Kind.NUMBER)),
        [[*row, counted] for row, counted in zip(region.rows, outcome, strict=True)],
        total=True,
    )
    return [
        _with_mobilised(_totals(words.SHEET_LEVER, words.LEVER, labels.lever_names, plan.by_lever), plan),
        with_outcome,
        _totals(words.SHEET_PATH, words.PATH, labels.path_names, plan.by_path),
        _totals(words.SHEET_INDUSTRY, words.INDUSTRY, labels.industry_names, plan.by_industry),
        _totals(words.SHEET_CLUSTER, words.CLUSTER, labels.cluster_names, plan.by_cluster),
    ]


def _totals(name: Text, what: Text, names: Sequence[Text], frame: pd.DataFrame) -> Sheet:
    columns = (frame[column].tolist() for column in ("amount", "share", "awards", "value"))
    rows: list[Row] = [[both(text), *row] for text, *row in zip(names, *columns, strict=True)]
    headings = (
        Heading(what, Kind.LONG),
        Heading(words.AWARDED, Kind.MONEY),
        Heading(words.SHARE, Kind.SHARE),
        Heading(words.AWARDS, Kind.WHOLE),
        Heading(words.VALUE, Kind.NUMBER),
    )
    return Sheet(name, headings, rows, total=True)


def _with_mobilised(sheet: Sheet, plan: Plan) -> Sheet:
    """Add the private money that awards bring along, where there is any."""
    if not plan.leverage.any():
        return sheet
    rows: list[Row] = [[*row, money] for row, money in zip(sheet.rows, plan.by_lever["mobilised"], strict=True)]
    return replace(sheet, headings=(*sheet.headings, Heading(words.MOBILISED, Kind.MONEY)), rows=rows)


def purse_sheet(plan: Plan) -> Sheet:
    """What every purse held, awarded and kept, and what moves between its years where money does."""
    frame, names = plan.by_purse, plan.labels.fund_names
    num_years = len(plan.labels.years)
    labels = [(column, text) for column, text in PURSE_COLUMNS.items() if column in frame]
    columns = (frame[column].tolist() for column in ("year", *(column for column, _ in labels)))
    rows: list[Row] = [
        [both(names[number // num_years]), *row] for number, row in enumerate(zip(*columns, strict=True))
    ]
    headings = (
        Heading(words.FUND, Kind.LONG),
        Heading(words.YEAR, Kind.PLAIN),
        *(Heading(text, Kind.MONEY) for _, text in labels),
    )
    return Sheet(words.SHEET_PURSE, headings, rows, total=True)


def programme_sheet(plan: Plan) -> Sheet:
    """The options of programmes that are taken."""
    taken, years = plan.programmes, plan.labels.years
    columns = (taken.year.tolist(), taken.cost.tolist(), taken.value.tolist())
    rows: list[Row] = [
        [programme, option or None, both(name), years[year], cost, value]
        for programme, option, name, year, cost, value in zip(
            taken.programme, taken.option, taken.name, *columns, strict=True
        )
    ]
    headings = (
        Heading(words.PROGRAMME, Kind.TEXT),
        Heading(words.OPTION, Kind.TEXT),
        Heading(words.CLUSTER_NAME, Kind.LONG),
        Heading(words.START, Kind.PLAIN),
        Heading(words.MONEY, Kind.MONEY),
        Heading(words.VALUE, Kind.NUMBER),
    )
    return Sheet(words.PROGRAMMES, headings, rows, total=True)


def promise_sheet(plan: Plan) -> Sheet:
    """What programmes cost after the plan: commitments of the next years."""
    promises, labels = plan.promises, plan.labels
    columns = (promises.fund.tolist(), promises.year.tolist(), promises.amount.tolist())
    rows: list[Row] = [
        [both(labels.fund_names[fund]), year, programme, option or None, amount]
        for programme, option, fund, year, amount in zip(promises.programme, promises.option, *columns, strict=True)
    ]
    headings = (
        Heading(words.FUND, Kind.LONG),
        Heading(words.YEAR, Kind.PLAIN),
        Heading(words.PROGRAMME, Kind.TEXT),
        Heading(words.OPTION, Kind.TEXT),
        Heading(words.MONEY, Kind.MONEY),
    )
    return Sheet(words.SHEET_PROMISES, headings, rows, total=True)


def budget_sheet(plan: Plan) -> Sheet:
    """The form: purse, year and region in rows, levers in columns, in printed units with two decimals that add up."""
    frame, labels = plan.budget, plan.labels
    levers = list(labels.levers)
    step = max(plan.money.per_printed // 100, 1)
    decimals = plan.money.per_printed // step
    rounded = (round_table(frame[levers].to_numpy(dtype="int64"), step) / decimals).tolist()
    funds, regions = (dict(zip(keys, names, strict=True)) for keys, names in (
        (labels.funds, labels.fund_names), (labels.regions, labels.region_names)))  # fmt: skip
    places = zip(frame["fund"], frame["year"].tolist(), frame["region"], strict=True)
    rows: list[Row] = [
        [both(funds[fund]), year, both(regions[region]), *amounts]
        for (fund, year, region), amounts in zip(places, rounded, strict=False)
    ]
    rows.append([both(words.TOTAL), None, None, *rounded[-1]])
    headings = (
        Heading(words.FUND, Kind.LONG),
        Heading(words.YEAR, Kind.PLAIN),
        Heading(words.REGION, Kind.TEXT),
        *(Heading(name, Kind.FORM) for name in labels.lever_names),
        Heading(words.TOTAL, Kind.FORM),
    )
    return Sheet(words.SHEET_BUDGET, headings, rows)


def path_sheet(plan: Plan) -> Sheet:
    """The path of every cluster, year by year; those that move first."""
    labels = plan.labels
    names = [both(name) for name in labels.path_names]
    paths = paths_by_year(plan.moves, plan.path_of, len(labels.years)).tolist()
    order = sorted(range(len(paths)), key=lambda cluster: len(set(paths[cluster])) == 1)
    rows: list[Row] = [
        [labels.clusters[cluster], both(labels.cluster_names[cluster]), *(names[path] for path in paths[cluster])]
        for cluster in order
    ]
    years = (Heading(Text(str(year), str(year)), Kind.TEXT) for year in labels.years)
    return Sheet(
        words.SHEET_MOVES, (Heading(words.CLUSTER, Kind.TEXT), Heading(words.CLUSTER_NAME, Kind.LONG), *years), rows
    )


def cell_sheet(plan: Plan) -> Sheet:
    """What every cell gets and gives."""
    labels, cells = plan.labels, plan.cells
    columns = (cells.cluster, cells.lever, cells.year, cells.amount, cells.outcome, cells.value)
    rows: list[Row] = [
        [
            labels.clusters[cluster],
            both(labels.cluster_names[cluster]),
            both(labels.lever_names[lever]),
            labels.years[year],
            *numbers,
        ]
        for cluster, lever, year, *numbers in zip(*(column.tolist() for column in columns), strict=True)
    ]
    headings = (
        Heading(words.CLUSTER, Kind.TEXT),
        Heading(words.CLUSTER_NAME, Kind.LONG),
        Heading(words.LEVER, Kind.TEXT),
        Heading(words.YEAR, Kind.PLAIN),
        Heading(words.AWARDED, Kind.MONEY),
        Heading(words.OUTCOME, Kind.NUMBER),
        Heading(words.VALUE, Kind.NUMBER),
    )
    return Sheet(words.SHEET_CELLS, headings, rows, total=True)


def unspent_sheet(plan: Plan) -> Sheet:
    """What purses keep, and why."""
    labels = plan.labels
    rows: list[Row] = [
        [
            both(labels.fund_names[left.fund]),
            labels.years[left.year],
            left.amount,
            both(words.UNSPENT[left.reason]),
            ", ".join(left.rules),
        ]
        for left in plan.unspent
    ]
    headings = (
        Heading(words.FUND, Kind.LONG),
        Heading(words.YEAR, Kind.PLAIN),
        Heading(words.LEFT, Kind.MONEY),
        Heading(words.REASON, Kind.LONG),
        Heading(words.RULES, Kind.LONG),
    )
    return Sheet(words.SHEET_UNSPENT, headings, rows, total=True)


def comparison_sheet(plan: Plan) -> Sheet:
    """The plan against sharing without optimising."""
    rows: list[Row] = [
        [both(words.BASELINES[base.kind]), base.value, base.total_outcome, base.money, base.moved, base.gain]
        for base in plan.baselines
    ]
    headings = (
        Heading(words.SHARING, Kind.LONG),
        Heading(words.VALUE, Kind.NUMBER),
        Heading(words.TOTAL_OUTCOME, Kind.NUMBER),
        Heading(words.AWARDED, Kind.MONEY),
        Heading(words.MOVED, Kind.MONEY),
        Heading(words.GAIN, Kind.SHARE),
    )
    return Sheet(words.SHEET_COMPARISON, headings, rows)


def notes_sheet(plan: Plan) -> Sheet:
    """What a reader must know, side by side."""
    headings = (Heading(words.ENGLISH, Kind.LONG), Heading(words.CHINESE, Kind.LONG))
    return Sheet(words.SHEET_NOTES, headings, [[note.en, note.zh] for note in plan.notes])


def rule_sheet(plan: Plan) -> Sheet:
    """How every rule stands, in whole units of money or in number: what is reached, asked, and left between them."""
    levels, years = plan.certificate.rules, plan.labels.years
    columns = (levels.year.tolist(), levels.level.tolist(), levels.limit.tolist(), levels.slack)
    rows: list[Row] = [
        [rule, both(words.SIDES[side]), years[year] if year >= 0 else None, level, limit, slack]
        for rule, side, year, level, limit, slack in zip(levels.rule, levels.side, *columns, strict=True)
    ]
    headings = (
        Heading(words.RULE, Kind.LONG),
        Heading(words.SIDE, Kind.TEXT),
        Heading(words.YEAR, Kind.PLAIN),
        Heading(words.REACHED, Kind.WHOLE),
        Heading(words.ASKED, Kind.WHOLE),
        Heading(words.SLACK, Kind.WHOLE),
    )
    return Sheet(words.SHEET_RULES, headings, rows)


def floor_sheet(plan: Plan) -> Sheet:
    """What is missing of every soft floor, and what that takes off the objective."""
    levels, years = plan.certificate.rules, plan.labels.years
    columns = (levels.year.tolist(), levels.limit.tolist(), levels.level.tolist(), levels.missing,
               levels.price.tolist(), levels.cost.tolist())  # fmt: skip
    rows: list[Row] = [
        [rule, years[year] if year >= 0 else None, *amounts, price, cost]
        for rule, year, *amounts, price, cost in zip(levels.rule, *columns, strict=True)
        if price > 0
    ]
    headings = (
        Heading(words.RULE, Kind.LONG),
        Heading(words.YEAR, Kind.PLAIN),
        Heading(words.ASKED, Kind.MONEY),
        Heading(words.REACHED, Kind.MONEY),
        Heading(words.MISSING, Kind.MONEY),
        Heading(words.FLOOR_PRICE, Kind.NUMBER),
        Heading(words.FLOOR_COST, Kind.NUMBER),
    )
    return Sheet(words.SHEET_FLOORS, headings, rows)


def solver_sheet(plan: Plan) -> Sheet:
    """Every run of the solver."""
    rows: list[Row] = [
        [run.step, run.rows, run.cols, run.whole, run.nodes, run.seconds, run.reason.value, run.bound]
        for run in plan.record.runs
    ]
    headings = (
        Heading(words.STEP, Kind.TEXT),
        Heading(words.NUM_ROWS, Kind.WHOLE),
        Heading(words.NUM_COLS, Kind.WHOLE),
        Heading(words.NUM_WHOLE, Kind.WHOLE),
        Heading(words.NODES, Kind.WHOLE),
        Heading(words.SECONDS, Kind.NUMBER),
        Heading(words.END, Kind.TEXT),
        Heading(words.BOUND, Kind.NUMBER),
    )
    return Sheet(words.SHEET_SOLVER, headings, rows)


def table_sheets(plan: Plan) -> list[Sheet]:
    """Every sheet but the summary, in the order of the tabs."""
    return [
        allocation_sheet(plan),
        *total_sheets(plan),
        budget_sheet(plan),
        purse_sheet(plan),
        *([programme_sheet(plan)] if plan.programmes.programme else []),
        *([path_sheet(plan)] if len(plan.moves.cluster) else []),
        *([promise_sheet(plan)] if plan.promises.programme else []),
        cell_sheet(plan),
        unspent_sheet(plan),
        rule_sheet(plan),
        *([floor_sheet(plan)] if plan.certificate.rules.price.any() else []),
        comparison_sheet(plan),
        notes_sheet(plan),
        solver_sheet(plan),
    ]
