"""Checks across tables that need names only: references, coverage, and what must agree."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusteropt.inputs.check import exact_sum
from clusteropt.inputs.coded import SEPARATOR, joined
from clusteropt.inputs.columns import LARGEST_AMOUNT
from clusteropt.inputs.faults import Faults, Place, shorten, suggest
from clusteropt.inputs.parsing import marked
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusteropt.inputs.names import Names
    from clusteropt.inputs.parsing import TypedTable
    from clusteropt.inputs.problem import Floats

LARGEST_SUM = 2**62
REFERENCES = {
    "effectiveness": {"lever": "lever"},
    "eligibility": {"fund": "fund", "region": "region", "industry": "industry", "lever": "lever"},
    "cells": {"cluster": "cluster", "lever": "lever"},
    "levels": {"cluster": "cluster", "lever": "lever"},
    "spillovers": {"from": "cluster", "to": "cluster"},
    "arriving": {"cluster": "cluster", "lever": "lever"},
    "last_plan": {"cluster": "cluster", "lever": "lever", "fund": "fund"},
    "programmes": {"lever": "lever", "needs_lever": "lever"},
    "programme_costs": {"fund": "fund"},
}


def check_references(tables: Mapping[str, TypedTable], names: Mapping[str, Names], faults: Faults) -> None:
    """Note every name that no table declares."""
    for table, columns in REFERENCES.items():
        for column, kind in columns.items():
            values, known = tables[table].text(column), names[kind]
            unknown = values.spread(known.index.get_indexer(pd.Index(values.words, dtype=object)) < 0, False)
            for row, value in faults.that_fit(marked(tables[table], column, unknown)):
                problem = Text(f"there is no {known.what.en} {value!r}.", f"没有{known.what.zh} {value!r}。")
                faults.add(Place(table, row, column, value), problem, suggest(value, known.index))


def check_names(tables: Mapping[str, TypedTable], faults: Faults) -> None:
    """Note what is printed under two names or written in two ways, and levers that cannot be joined."""
    for table, key, column in (
        ("clusters", "region", "region_zh"),
        ("clusters", "industry", "industry_zh"),
        ("funds", "fund", "name"),
        ("funds", "fund", "name_zh"),
    ):
        keys, printed = tables[table].text(key), tables[table].text(column)
        given = np.flatnonzero(keys.given & printed.given)
        first = np.zeros(len(keys.words), np.int64)
        first[keys.codes[given[::-1]]] = printed.codes[given[::-1]]
        other = np.zeros(len(keys), bool)
        other[given] = printed.codes[given] != first[keys.codes[given]]
        for row, value in faults.that_fit(marked(tables[table], column, other)):
            problem = Text(f"an earlier row prints this {key} in another way.", "前面的行对它用了别的名称。")
            faults.add(Place(table, row, column, value), problem, Text("Use one name.", "请统一名称。"))
    _check_twins(tables, faults)
    levers = tables["levers"].text("lever")
    joining = levers.spread(["+" in lever for lever in levers.words.tolist()], False)
    for row, lever in marked(tables["levers"], "lever", joining):
        problem = Text("the key of a lever cannot hold +, which joins levers.", "政策工具的键不能含有 +, 它用于连接。")
        remedy = Text("Replace the sign; the printed name may keep it.", "请替换该字符; 显示名称可以保留。")
        faults.add(Place("levers", row, "lever", lever), problem, remedy)


def _check_twins(tables: Mapping[str, TypedTable], faults: Faults) -> None:
    """Note a name that differs from an earlier one by case, width or spaces alone: one of the two is a slip."""
    for table, column in (
        ("clusters", "cluster"),
        ("clusters", "region"),
        ("clusters", "industry"),
        ("levers", "lever"),
        ("funds", "fund"),
        ("programmes", "programme"),
        ("programmes", "group"),
    ):
        names = tables[table].text(column)
        if _are_apart(names.words.tolist()):
            continue
        first: dict[str, str] = {}
        rows = names.first_rows()
        for word in names.order().tolist():
            row, name = tables[table].rows[rows[word]], names.words[word]
            bare = "".join(unicodedata.normalize("NFKC", name).casefold().split())
            twin = first.setdefault(bare, name)
            if twin != name:
                problem = Text(
                    f"an earlier row writes it {shorten(twin)!r}, which differs by case, width or spaces alone.",
                    f"前面的行写作 {shorten(twin)!r}, 仅大小写, 全半角或空格不同。",
                )
                remedy = Text("Write it the same way, or give it another name.", "请统一写法, 或改用别的名称。")
                faults.add(Place(table, int(row), column, name), problem, remedy)


def _are_apart(names: list[str]) -> bool:
    """Tell at one glance whether names surely differ by more than case and spaces: plain ones, as in most tables."""
    text = joined(names)
    if text is None or not (text.isascii() and text.isprintable()):
        return False
    return len(set(text.casefold().replace(" ", "").split(SEPARATOR))) >= len(names)


def check_funds(tables: Mapping[str, TypedTable], years: tuple[int, ...], faults: Faults) -> None:
    """Note funds without a year of the model, years outside it, funds not opened, and sums too large."""
    frame = tables["funds"].frame
    given = frame[frame["fund"].notna() & frame["year"].notna()]
    strange = frame["fund"].notna() & frame["year"].notna() & ~frame["year"].isin(years)
    for row, year in faults.that_fit(marked(tables["funds"], "year", strange)):
        problem = Text("the model has no such year.", "模型不含该年份。")
        remedy = suggest(year, [str(known) for known in years])
        faults.add(Place("funds", row, "year", year), problem, remedy)
    held = set(zip(given["fund"], given["year"].astype(int), strict=True))
    funds = list(pd.unique(given["fund"]))
    for fund in funds:
        for missing in (year for year in years if (fund, year) not in held):
            problem = Text(f"the fund has no row for {missing}.", f"该资金缺少 {missing} 年的数据。")
            remedy = Text("Add the row; the amount may be 0.", "请补充该行; 额度可以为 0。")
            faults.add(Place("funds", None, "year", fund), problem, remedy)
    check_sum(tables["funds"], "amount", faults)
    opened = tables["eligibility"]
    if "fund" in opened.absent:
        return
    costs = tables["programme_costs"].frame
    # A fund that programmes alone are paid from need not be open to awards.
    served = {*opened.frame["fund"], *costs.loc[(costs["cost"] > 0).fillna(False), "fund"]}
    for fund in (fund for fund in funds if fund not in served):
        problem = Text("no row of eligibility opens this fund.", "eligibility 表没有该资金的使用范围。")
        remedy = Text("Add a row; one with only the fund opens it to all.", "请补充一行; 只填资金表示不限。")
        faults.add(Place("eligibility", None, "fund", fund), problem, remedy)


def check_arriving(typed: TypedTable, years: tuple[int, ...], faults: Faults) -> None:
    """Note money that arrives in no year of the plan, and sums too large."""
    if not len(typed):
        return
    year = typed.series("year")
    outside = year.notna() & ~year.isin(years)
    for row, value in faults.that_fit(marked(typed, "year", outside)):
        problem = Text("the money arrives in no year of the plan.", "到位年份不在计划期内。")
        remedy = Text(
            "Write a year of the plan; what began to work before it is part of stock in the table cells.",
            "请填写计划期内的年份; 此前已见效的资金计入 cells 表的 stock。",
        )
        faults.add(Place("arriving", row, "year", value), problem, remedy)
    check_sum(typed, "amount", faults)


def check_sum(typed: TypedTable, column: str, faults: Faults) -> None:
    """Note a sum of a column of money that would not fit into 64 bits with room to spare."""
    total = exact_sum(typed.wholes(column)) if len(typed) * LARGEST_AMOUNT > LARGEST_SUM else 0
    if total > LARGEST_SUM:
        problem = Text(f"the amounts sum to {total:,}, more than 2**62.", f"金额合计 {total:,}, 超过 2**62。")
        remedy = Text("Use a larger unit of money.", "请使用更大的货币单位。")
        faults.add(Place(typed.table.name, None, column, str(total)), problem, remedy)


def check_effectiveness(
    tables: Mapping[str, TypedTable], names: Mapping[str, Names], membership: Floats, faults: Faults
) -> None:
    """Note every pair of a path in use, or that clusters may move to, and a lever that has no coefficient."""
    typed = tables["effectiveness"]
    paths, levers = names["path"].index, names["lever"].index
    path, lever = names["path"].positions(typed.text("path")), names["lever"].positions(typed.text("lever"))
    known = np.zeros((len(paths), len(levers)), dtype=bool)
    both = (path >= 0) & (lever >= 0)
    known[path[both], lever[both]] = True
    used = membership.sum(axis=0) > 0
    to_path = tables["programmes"].text("to_path")
    used |= np.isin(paths, to_path.words[to_path.order()])
    for row, column in np.argwhere(used[:, None] & ~known):
        value = f"{paths[row]}, {levers[column]}"
        problem = Text(
            "clusters are on this path, but the lever has no coefficient on it.",
            "有集群属于该路径, 但缺少该工具的系数。",
        )
        remedy = Text("Add the row with its source.", "请补充该行并注明来源。")
        faults.add(Place("effectiveness", None, "path, lever", value), problem, remedy)


def check_last_plan(typed: TypedTable, faults: Faults) -> None:
    """Note rows without a year in a last plan that has years."""
    if not len(typed):
        return
    year = typed.series("year")
    check_sum(typed, "amount", faults)
    if year.isna().all():
        return
    for row in typed.rows[year.isna().to_numpy() & ~typed.unread["year"]]:
        problem = Text("other rows name their year, this one does not.", "其他行有年份, 此行没有。")
        faults.add(Place("last_plan", int(row), "year"), problem, Text("Fill in the year.", "请填写年份。"))
