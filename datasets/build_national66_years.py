"""Build the planning tables of the 66 national clusters over five years from the other data sets in this folder.

``python datasets/build_national66_years.py [FOLDER]`` writes the tables, byte for byte the same on every run. Clusters,
coefficients and who may draw on what are those of ``national66``; what is added stands in ``assumptions/plan_*``.
"""

from __future__ import annotations

import shutil
import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd
from build_national66 import read, whole
from descriptors import describe

from clusteropt.domain import LEVER_LABELS, PATH_LABELS, READING_WORDS, Classification, Lever, Reading, classify
from clusteropt.domain import Path as InnovationPath

HERE = Path(__file__).parent
MODEL = "national66_years"
NATIONAL = "national"
OWN = "OWN"
"""Stands in the assumed rules for the funds of all provinces."""
SAME = ("clusters", "effectiveness", "eligibility")


def of_model(name: str, model: str) -> pd.DataFrame:
    """Give the rows of an assumption that are for one model."""
    table = read(f"assumptions/{name}")
    return table[table["model"] == model].drop(columns="model")


def parameters(model: str) -> dict[str, Decimal]:
    """Read the assumed numbers of one model."""
    table = of_model("plan_parameters", model)
    return {name: Decimal(value) for name, value in zip(table["parameter"], table["value"], strict=True)}


def plan_years(assumed: dict[str, Decimal]) -> range:
    """Give the years of the plan."""
    return range(int(assumed["first_year"]), int(assumed["last_year"]) + 1)


def levers_table() -> pd.DataFrame:
    """Build the levers: the log response on a stock that wears off."""
    rows = [
        {
            "lever": row["lever"],
            "name": LEVER_LABELS[Lever(row["lever"])].en,
            "name_zh": LEVER_LABELS[Lever(row["lever"])].zh,
            "response": "log",
            "depreciation": row["depreciation"],
            "lag": row["lag"],
            "source": f"{row['reason']} ({row['source']})",
            "status": row["status"],
        }
        for row in read("assumptions/plan_levers").to_dict("records")
    ]
    return pd.DataFrame(rows)


def stock_cells(cells: pd.DataFrame, assumed: dict[str, Decimal]) -> pd.DataFrame:
    """Turn the yearly money already spent of every cell into the stock it keeps up: money over depreciation.

    There is no least award: a plan over years has as many awards as cells and years, and each would be a choice.
    """
    rate = read("assumptions/plan_levers").set_index("lever")["depreciation"].map(Decimal)
    found = cells.copy()
    found["scale"] = [
        whole(Decimal(scale) / rate[lever]) for scale, lever in zip(cells["scale"], cells["lever"], strict=True)
    ]
    found["most"] = [whole(Decimal(scale) * assumed["most_over_base"]) for scale in cells["scale"]]
    found["source"] = [
        f"{source}; over the depreciation {rate[lever]}: the stock that this money keeps up"
        for source, lever in zip(cells["source"], cells["lever"], strict=True)
    ]
    return found.drop(columns="least")


def funds_table(assumed: dict[str, Decimal]) -> pd.DataFrame:
    """Build the purses: the funds of 2025, growing, with money that may wait and a promise of the first year."""
    rows = []
    for fund in read("national66/funds").to_dict("records"):
        kind = NATIONAL if fund["fund"] == NATIONAL else "province"
        for year in plan_years(assumed):
            grown = Decimal(fund["amount"]) * (1 + assumed["fund_growth"]) ** (year - int(fund["year"]))
            promised = fund["fund"] == NATIONAL and year == assumed["first_year"]
            rows.append(
                {
                    **{name: fund[name] for name in ("fund", "name", "name_zh")},
                    "year": year,
                    "amount": whole(grown),
                    "carry_over": assumed[f"{kind}_carry_over"],
                    "expires_after": assumed[f"{kind}_expires_after"],
                    "committed": whole(grown * assumed["national_committed"]) if promised else 0,
                    "source": f"{fund['source']}; growth {assumed['fund_growth']} a year from {fund['year']} on",
                    "status": fund["status"],
                }
            )
    first = ["fund", "year"]
    return pd.DataFrame(rows).pipe(lambda table: table[first + [name for name in table if name not in first]])


def rules_table(model: str, funds: pd.DataFrame) -> pd.DataFrame:
    """Build the rules: the shares of ``national66`` over all years, and those that are for years."""
    shares = read("assumptions/rules").query("kind == 'share'").assign(each="")
    own = "|".join(fund for fund in dict.fromkeys(funds["fund"]) if fund != NATIONAL)
    more = of_model("plan_rules", model).replace({"fund": {OWN: own}})
    return pd.concat([shares, more])[list(more)]


def classified() -> dict[str, Classification]:
    """Give the classification of every cluster."""
    found = {}
    for row in read("national66/clusters").to_dict("records"):
        words = {reading: READING_WORDS[reading] for reading in Reading}
        found[row["cluster"]] = classify(*(float(words[key].get(row[key], row[key])) for key in Reading))
    return found


def shared_programmes(model: str, clusters: pd.DataFrame, years: range) -> list[dict[str, object]]:
    """Build a programme for each measure that the clusters of a field share, with its cost of both years."""
    measures = read("report/measures").set_index("measure")
    rates = read("assumptions/measure_rates").set_index("lever")
    fields = read("clusters/industries").set_index("industry")["field"]
    names = read("clusters/industries").drop_duplicates("field").set_index("field")["field_zh"]
    later = parameters(model)["second_year_part"]
    rows = []
    for row in of_model("plan_measures", model).to_dict("records"):
        measure, field = measures.loc[row["measure"]], row["field"]
        rate = rates.loc[measure["lever"]]
        served = list(clusters.loc[clusters["industry"].map(fields) == field, "cluster"])
        cost = int(rate["cost_per_cluster"]) * len(served)
        second = whole(cost * later)
        rows.append(
            {
                "programme": row["programme"],
                "name": f"{field}: {measure['name']}",
                "name_zh": f"{names[field]}: {measure['name_zh']}",
                "clusters": "|".join(served),
                "shares": "|".join(["1"] * len(served)),
                "lever": measure["lever"],
                "start": "|".join(str(year) for year in years[:-1]),
                "gain": rate["gain"],
                "lag": 1,
                "requires": row["requires"],
                "excludes": row["excludes"],
                "source": f"measure {row['measure']} of the report; rates: assumptions/measure_rates.csv",
                "status": "illustrative",
                "note": row["note"],
                "costs": [(NATIONAL, 0, cost - second), (NATIONAL, 1, second)],
            }
        )
    return rows


def moves(clusters: pd.DataFrame, cells: pd.DataFrame, years: range) -> list[dict[str, object]]:
    """Build a programme for each cluster that is on a path with a move ahead, and near enough to the new path."""
    assumed, found = parameters(MODEL), classified()
    ahead = read("assumptions/plan_moves").set_index("from_path")
    measures = read("report/measures").set_index("measure")
    funds = read("national66/eligibility").set_index("region")["fund"]
    base = cells.set_index(["cluster", "lever"])["scale"].map(Decimal)
    rows = []
    for cluster in clusters.to_dict("records"):
        key = cluster["cluster"]
        path = found[key].path
        near = found[key].memberships[list(InnovationPath).index(InnovationPath.CONVERGENCE)]
        far = path == InnovationPath.ANCHOR_LED and near < assumed["convergence_share"]
        if path not in ahead.index or far or Decimal(cluster["weight"]) > assumed["move_most_patents"]:
            continue
        move = ahead.loc[path]
        label, spent = PATH_LABELS[InnovationPath(move["to_path"])], base[key, move["needs_lever"]]
        cost = whole(spent * assumed["move_cost_over_base"])
        second = whole(cost * assumed["second_year_part"])
        fund = funds[cluster["region"]]
        rows.append(
            {
                "programme": f"move_{key}",
                "name": f"{cluster['name']}: to the path {label.en}",
                "name_zh": f"{cluster['name_zh']}: 转入{label.zh}",
                "clusters": key,
                "lever": move["needs_lever"],
                "start": "|".join(str(year) for year in years if year >= assumed["move_first_year"]),
                "to_path": move["to_path"],
                "needs_lever": move["needs_lever"],
                "needs_stock": whole(spent * assumed["move_stock_over_base"]),
                "source": f"{move['source']}; assumptions/plan_moves.csv and plan_parameters.csv",
                "status": "illustrative",
                "note": f"By measure {move['measure']} ({measures.loc[move['measure'], 'name']}): {move['reason']}.",
                "costs": [(fund, 0, cost - second), (fund, 1, second)],
            }
        )
    return rows


def programme_tables(rows: list[dict[str, object]]) -> dict[str, pd.DataFrame]:
    """Split programmes and what they cost into two tables."""
    columns = dict.fromkeys(name for row in rows for name in row if name != "costs")
    programmes = pd.DataFrame([{name: row.get(name, "") for name in columns} for row in rows])
    text = ["source", "status", "note"]
    programmes = programmes[[*(name for name in programmes if name not in text), *text]]
    costs = [
        {
            "programme": row["programme"],
            "fund": fund,
            "after": after,
            "cost": cost,
            "source": row["source"],
            "status": row["status"],
        }
        for row in rows
        for fund, after, cost in row["costs"]
    ]
    return {"programmes": programmes, "programme_costs": pd.DataFrame(costs)}


def tables() -> dict[str, pd.DataFrame]:
    """Build the tables that are not those of ``national66`` as they stand."""
    assumed = parameters(MODEL)
    clusters, cells, funds = read("national66/clusters"), read("national66/cells"), funds_table(assumed)
    years = plan_years(assumed)
    programmes = shared_programmes(MODEL, clusters, years) + moves(clusters, cells, years)
    return {
        "levers": levers_table(),
        "funds": funds,
        "rules": rules_table(MODEL, funds),
        "cells": stock_cells(cells, assumed),
        **programme_tables(programmes),
    }


def write(folder: Path) -> None:
    """Write every table and the descriptor into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in SAME:
        shutil.copyfile(HERE / "national66" / f"{name}.csv", folder / f"{name}.csv")
    for name, table in tables().items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
    describe(MODEL, folder)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / MODEL)
