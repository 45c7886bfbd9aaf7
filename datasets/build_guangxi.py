"""Build the planning tables of Guangxi over three years from the other data sets in this folder.

``python datasets/build_guangxi.py [FOLDER]`` writes the tables, byte for byte the same on every run. The totals of the
province are real; the clusters are an illustrative list (``assumptions/guangxi_clusters.csv``) with stated shares of
those totals. Money is whole yuan of 2022.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd
from build_national66 import BASES, bases, read, standing, whole, yuan
from build_national66 import parameters as national_parameters
from build_national66_years import levers_table, of_model, parameters, plan_years, programme_tables
from descriptors import describe

from clusteropt.domain import PATH_LABELS, READING_WORDS, Feature, Lever, Reading, classify
from clusteropt.domain import Path as InnovationPath

HERE = Path(__file__).parent
MODEL = "guangxi"
PROVINCE = "Guangxi"
YEAR = 2025
"""The figures of 2022 are taken for this year, as in ``national66``."""
ORIGIN = "provinces/provinces_2022.csv"


def province() -> pd.Series:
    """Give the real figures of the province."""
    return read("provinces/provinces_2022").set_index("province").loc[PROVINCE]


def listed() -> list[dict[str, str]]:
    """Give the illustrative list."""
    return read("assumptions/guangxi_clusters").to_dict("records")


def money_spent(share: str) -> dict[Lever, int]:
    """Give what a cluster with a share of the province already spends on each lever in a year, in yuan."""
    return bases(province(), national_parameters() | {"cluster_share": Decimal(share)})


def clusters_table() -> pd.DataFrame:
    """Build the clusters: shares of the real totals, readings of the list, features of the province."""
    names = read("clusters/industries").set_index("industry")["industry_zh"]
    row, place = province(), standing(read("provinces/provinces_2022")).loc[PROVINCE]
    rows = []
    for cluster in listed():
        share, spent = Decimal(cluster["share"]), money_spent(cluster["share"])
        rows.append(
            {
                "cluster": cluster["cluster"],
                "name": f"Illustrative cluster: {cluster['subject']}, {cluster['city']}",
                "name_zh": f"示例集群: {cluster['city_zh']}{cluster['subject_zh']}",
                "region": cluster["city"],
                "region_zh": cluster["city_zh"],
                "industry": cluster["industry"],
                "industry_zh": names[cluster["industry"]],
                "path": "",
                **{str(reading): cluster[reading] for reading in Reading},
                "weight": float(Decimal(row["invention_patents_granted"]) * share),
                "scale": sum(spent.values()) // len(spent),
                "size": whole(yuan(row, "rd_expenditure_100m_yuan") * share),
                **place[[str(feature) for feature in Feature]],
                "source": f"{cluster['source']}; {share} of the figures of {PROVINCE} in {ORIGIN}",
                "status": cluster["status"],
            }
        )
    return pd.DataFrame(rows)


def funds_table(assumed: dict[str, Decimal]) -> pd.DataFrame:
    """Build the purses: the province, every city, and loans that come back."""
    spending = yuan(province(), "budget_sci_tech_100m_yuan")
    parts, names = {}, {}
    for cluster in listed():
        parts[cluster["city"]] = parts.get(cluster["city"], Decimal(0)) + Decimal(cluster["share"])
        names[cluster["city"]] = cluster["city_zh"]
    real = f"{assumed['province_fund_share']} of the real science-technology spending of {PROVINCE} in 2022: {ORIGIN}"
    rows = []
    for year in plan_years(assumed):
        total = spending * assumed["province_fund_share"] * (1 + assumed["fund_growth"]) ** (year - YEAR)
        waits = {name: assumed[f"province_{name}"] for name in ("carry_over", "expires_after")}
        own = {"fund": "province", "name": "Guangxi cluster fund", "name_zh": "广西集群资金"}
        rows.append({**own, "year": year, "amount": whole(total), **waits, "source": real, "status": "proxy"})
        for city, part in parts.items():
            amount = whole(total * assumed["city_fund_share"] * part / sum(parts.values()))
            own = {"fund": city.lower(), "name": f"{city} co-funding", "name_zh": f"{names[city]}市配套资金"}
            source = (
                "city_fund_share of the provincial fund, by the shares of the clusters: assumptions/plan_parameters"
            )
            rows.append({**own, "year": year, "amount": amount, "source": source, "status": "assumption"})
        first = year == assumed["first_year"]
        back = {name: assumed[f"loan_{name}"] for name in ("returned", "returned_after", "returned_parts")}
        rows.append(
            {
                "fund": "loans",
                "year": year,
                "name": "Revolving loan fund",
                "name_zh": "循环贷款资金",
                "amount": whole(total * assumed["loan_fund_share"]) if first else 0,
                "carry_over": 1,
                **back,
                "source": "loan_fund_share of the provincial fund, once: assumptions/plan_parameters",
                "status": "assumption",
            }
        )
    columns = ["fund", "year", "name", "name_zh", "amount", "carry_over", "expires_after"]
    columns += ["returned", "returned_after", "returned_parts", "source", "status"]
    found = pd.DataFrame([{name: row.get(name, "") for name in columns} for row in rows])
    return found.sort_values(["fund", "year"], kind="stable")


def eligibility_table() -> pd.DataFrame:
    """Open the provincial fund to all, a city's to its own, loans to finance, which earns."""
    rows = [{"fund": "province", "region": "", "lever": ""}]
    rows += [{"fund": city.lower(), "region": city, "lever": ""} for city in dict.fromkeys(c["city"] for c in listed())]
    rows.append({"fund": "loans", "region": "", "lever": str(Lever.FINANCE)})
    source = "a city pays for its own clusters; a loan is for what can pay it back (assumption)"
    return pd.DataFrame(rows).assign(source=source)


def cells_table(assumed: dict[str, Decimal]) -> pd.DataFrame:
    """Build the stock that is kept up already, least and most award, and the investment in infrastructure."""
    rate = read("assumptions/plan_levers").set_index("lever")["depreciation"].map(Decimal)
    rows = []
    for cluster in listed():
        for lever, spent in money_spent(cluster["share"]).items():
            invested = whole(spent * assumed["investment_over_base"]) if lever == Lever.INFRASTRUCTURE else ""
            least = whole(assumed["least_award"])
            rows.append(
                {
                    "cluster": cluster["cluster"],
                    "lever": str(lever),
                    "scale": whole(spent / rate[lever]),
                    "least": least,
                    "most": max(least, whole(spent * assumed["most_over_base"])),
                    "cost": invested,
                    "source": f"{PROVINCE} 2022: {BASES[lever]}, times the share of the cluster; over the depreciation "
                    f"{rate[lever]}",
                    "status": "illustrative",
                }
            )
    return pd.DataFrame(rows)


def programmes(clusters: pd.DataFrame, assumed: dict[str, Decimal]) -> list[dict[str, object]]:
    """Build the measures of the report that all clusters of the list share, and one move to another path."""
    measures, rates = read("report/measures").set_index("measure"), read("assumptions/measure_rates").set_index("lever")
    years, later = plan_years(assumed), assumed["second_year_part"]
    rows: list[dict[str, object]] = []
    for row in of_model("plan_measures", MODEL).to_dict("records"):
        measure = measures.loc[row["measure"]]
        rate = rates.loc[measure["lever"]]
        cost = whole(int(rate["cost_per_cluster"]) * len(clusters) * assumed["measure_cost_share"])
        second = whole(cost * later)
        rows.append(
            {
                "programme": row["programme"],
                "name": measure["name"],
                "name_zh": measure["name_zh"],
                "clusters": "|".join(clusters["cluster"]),
                "shares": "|".join(["1"] * len(clusters)),
                "lever": measure["lever"],
                "start": "|".join(str(year) for year in years[:-1]),
                "gain": rate["gain"],
                "lag": 1,
                "requires": row["requires"],
                "excludes": row["excludes"],
                "source": f"measure {row['measure']} of the report; rates: assumptions/measure_rates.csv",
                "status": "illustrative",
                "note": row["note"],
                "costs": [("province", 0, cost - second), ("province", 1, second)],
            }
        )
    return [*rows, move(clusters, assumed)]


def move(clusters: pd.DataFrame, assumed: dict[str, Decimal]) -> dict[str, object]:
    """Offer the largest upgrading cluster of the list the move that the report expects."""
    ahead = read("assumptions/plan_moves").set_index("from_path").loc[InnovationPath.UPGRADING]
    words = {reading: READING_WORDS[reading] for reading in Reading}
    path = [
        classify(*(float(words[reading].get(row[reading], row[reading])) for reading in Reading)).path
        for row in clusters.to_dict("records")
    ]
    found = clusters[[one == InnovationPath.UPGRADING for one in path]].sort_values("weight", kind="stable").iloc[-1]
    share = next(row["share"] for row in listed() if row["cluster"] == found["cluster"])
    spent, label = money_spent(share)[Lever(ahead["needs_lever"])], PATH_LABELS[InnovationPath(ahead["to_path"])]
    years = plan_years(assumed)
    return {
        "programme": f"move_{found['cluster']}",
        "name": f"{found['name']}: to the path {label.en}",
        "name_zh": f"{found['name_zh']}: 转入{label.zh}",
        "clusters": found["cluster"],
        "lever": ahead["needs_lever"],
        "start": "|".join(str(year) for year in years[1:]),
        "to_path": ahead["to_path"],
        "needs_lever": ahead["needs_lever"],
        "needs_stock": whole(spent * assumed["move_stock_over_base"]),
        "source": f"{ahead['source']}; assumptions/plan_moves.csv and plan_parameters.csv",
        "status": "illustrative",
        "note": f"By measure {ahead['measure']}: {ahead['reason']}.",
        "costs": [("province", 0, whole(spent * assumed["move_cost_over_base"]))],
    }


def tables() -> dict[str, pd.DataFrame]:
    """Build every table of the folder."""
    assumed, clusters = parameters(MODEL), clusters_table()
    return {
        "clusters": clusters,
        "levers": levers_table(),
        "effectiveness": read("national66/effectiveness"),
        "funds": funds_table(assumed),
        "eligibility": eligibility_table(),
        "rules": of_model("plan_rules", MODEL),
        "cells": cells_table(assumed),
        **programme_tables(programmes(clusters, assumed)),
    }


def write(folder: Path) -> None:
    """Write every table and the descriptor into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables().items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
    describe(MODEL, folder)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / MODEL)
