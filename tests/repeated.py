"""A slow reading of rows of rules that repeat, straight from their words: which rows an allocation breaks.

Nothing is written out here: every combination of values is tried, and its money added up draw by draw.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from clusteropt.inputs.problem import Problem
    from tests.naive import Allocation

    Row = dict[str, str]
    Asked = dict[str, set[str]]

FIELDS = ("region", "path", "industry", "cluster", "lever", "fund", "year")


def repeating(tables: dict[str, pd.DataFrame]) -> list[Row]:
    """Give the rows of the rules that are repeated, or measured against the year before or against costs."""
    rows = tables["rules"].to_dict("records") if "rules" in tables else []
    written = [row for row in rows if row.get("each") or row.get("of") in ("before", "cost")]
    return [row for row in written if not row.get("price")]


def broken_rows(problem: Problem, tables: dict[str, pd.DataFrame], allocation: Allocation) -> set[str]:
    """Name the rows, of those that repeat, that do not hold."""
    return {
        row["rule"]
        for row in repeating(tables)
        if not all(_holds(problem, tables, row, case, allocation) for case in _cases(problem, row))
    }


def _names(text: str) -> set[str]:
    return {part.strip() for part in text.split("|") if part.strip()}


def _selection(row: Row) -> Asked:
    return {field: _names(row[field]) for field in FIELDS if row.get(field)}


def _labels(problem: Problem, field: str) -> list[str]:
    plural = {"industry": "industries"}.get(field, f"{field}s")
    return [str(name) for name in getattr(problem.labels, plural)]


def _of_draw(problem: Problem, draw: tuple[int, int, int, int], field: str) -> str:
    fund, cluster, lever, year = draw
    places = {
        "region": problem.region_of[cluster],
        "path": problem.path_of[cluster],
        "industry": problem.industry_of[cluster],
        "cluster": cluster,
        "lever": lever,
        "fund": fund,
        "year": year,
    }
    return _labels(problem, field)[places[field]]


def _draws(problem: Problem, asked: Asked) -> list[tuple[int, int, int, int]]:
    """Give the draws, year by year, that have the names asked for."""
    parts = (problem.draw_fund.tolist(), problem.draw_cluster.tolist(), problem.draw_lever.tolist())
    all_draws = [(*draw, year) for draw in zip(*parts, strict=True) for year in range(problem.num_years)]
    return [draw for draw in all_draws if all(_of_draw(problem, draw, f) in names for f, names in asked.items())]


def _cases(problem: Problem, row: Row) -> Iterator[Asked]:
    """Give what a row is about, once for every combination of values that some draw has."""
    whole = _selection(row)
    choices: list[list[tuple[str, set[str]]]] = []
    for word in sorted(_names(row.get("each", ""))):
        if word.startswith("years:"):
            size, years = int(word.removeprefix("years:")), _labels(problem, "year")
            choices.append([("year", set(years[k : k + size])) for k in range(len(years) - size + 1)])
        else:
            choices.append([(word, {name}) for name in _labels(problem, word)])
    for values in product(*choices):
        case = {**whole, **dict(values)}
        inside = all(names <= whole.get(field, names) for field, names in values)
        if inside and _draws(problem, case):
            yield case


def _money(problem: Problem, allocation: Allocation, asked: Asked) -> int:
    return sum(allocation.get(draw, 0) for draw in _draws(problem, asked))


def _holds(problem: Problem, tables: dict[str, pd.DataFrame], row: Row, case: Asked, allocation: Allocation) -> bool:
    kind, of = row["kind"], row.get("of", "")
    low, high = (Fraction(row[end]) if row.get(end) else None for end in ("min", "max"))
    if of == "before":
        return _ramp_holds(problem, case, (low, high), allocation, relative=kind == "change")
    level: int = _money(problem, allocation, case)
    base: int | Fraction = 1
    if kind == "count":
        draws = [draw for draw in _draws(problem, case) if allocation.get(draw, 0)]
        cells = {draw[1:] for draw in draws}
        level = len({draw[1] for draw in draws}) if of == "clusters" else len(draws if "fund" in case else cells)
    elif kind == "lock":
        return _locked(problem, case, low if high is None else high, allocation)
    elif kind == "share":
        base = _base(problem, tables, of, case, _each_fields(row), allocation)
    return (low is None or level >= low * base) and (high is None or level <= high * base)


def _each_fields(row: Row) -> set[str]:
    return {word.replace("years:", "year:").split(":")[0] for word in _names(row.get("each", ""))}


def _base(
    problem: Problem, tables: dict[str, pd.DataFrame], of: str, case: Asked, each: set[str], allocation: Allocation
) -> int:
    years = {"year": case["year"]} if "year" in case else {}
    if of in ("", "everything"):
        return _money(problem, allocation, years)
    if of == "cost":
        costs = {(row["cluster"], row["lever"]): int(Fraction(row["cost"].rstrip("."))) for row in
                 tables["cells"].to_dict("records") if row["cost"]}  # fmt: skip
        pairs = {draw[1:3] for draw in _draws(problem, case)}
        return sum(costs[problem.labels.clusters[c], problem.labels.levers[k]] for c, k in pairs)
    if of.startswith("fund:"):
        funds, wanted = _names(of.removeprefix("fund:")), case.get("year", set(_labels(problem, "year")))
        return sum(
            int(problem.purse[_labels(problem, "fund").index(fund), _labels(problem, "year").index(year)])
            for fund, year in product(funds, wanted)
        )
    base = {field.strip(): _names(text) for field, text in (part.split("=", 1) for part in of.split(";"))}
    shared = {field: case[field] for field in each - {"fund", "year"} if field not in base}
    return _money(problem, allocation, {**years, **shared, **base})


def _last(problem: Problem, case: Asked) -> int:
    last, total = problem.last_plan, 0
    for cluster, lever, fund, amount in zip(last.cluster, last.lever, last.fund, last.amount, strict=True):
        fields = [field for field in case if field != "year" and (field != "fund" or fund >= 0)]
        total += int(amount) * all(_of_draw(problem, (fund, cluster, lever, 0), f) in case[f] for f in fields)
    return total


def _ramp_holds(
    problem: Problem, case: Asked, limits: tuple[Fraction | None, ...], allocation: Allocation, *, relative: bool
) -> bool:
    years = _labels(problem, "year")
    for number, year in enumerate(years):
        if year not in case.get("year", {year}) or (number == 0 and not len(problem.last_plan.amount)):
            continue
        level = _money(problem, allocation, {**case, "year": {year}})
        was = _money(problem, allocation, {**case, "year": {years[number - 1]}}) if number else _last(problem, case)
        low, high = (None if x is None else (1 + x) * was if relative else was + x for x in limits)
        if (low is not None and level < low) or (high is not None and level > high):
            return False
    return True


def _locked(problem: Problem, case: Asked, amount: Fraction | None, allocation: Allocation) -> bool:
    last = problem.last_plan
    entries = list(
        zip(last.cluster.tolist(), last.lever.tolist(), last.fund.tolist(), last.amount.tolist(), strict=True)
    )
    for fund, cluster, lever, year in _draws(problem, case):
        mine = {draw: x for draw, x in allocation.items() if draw[1:] == (cluster, lever, year)}
        if "fund" in case:
            paid = mine.get((fund, cluster, lever, year), 0)
            was = sum(x for c, k, f, x in entries if (c, k, f) == (cluster, lever, fund))
        else:
            paid = sum(mine.values())
            was = sum(x for c, k, _, x in entries if (c, k) == (cluster, lever))
        if paid != (was if amount is None else amount):
            return False
    return True
