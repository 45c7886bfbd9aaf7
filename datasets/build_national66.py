"""Build the planning tables of the 66 national clusters from the other data sets in this folder.

``python datasets/build_national66.py [FOLDER]`` writes the tables, byte for byte the same on every run.
Money is whole yuan of 2022, cut off below one yuan; what is assumed stands in ``assumptions``.
"""

from __future__ import annotations

import sys
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path

import pandas as pd
from descriptors import describe

from clusteropt.domain import LEVER_LABELS, Lever
from clusteropt.inputs.effectiveness import effectiveness_table

HERE = Path(__file__).parent
YEAR = 2025
YUAN = {"10k_yuan": 10_000, "100m_yuan": 100_000_000}
BASES = {
    Lever.BASIC_RESEARCH: "expenditure on basic research",
    Lever.TALENT: "researchers in full-time years times what one costs",
    Lever.FINANCE: "science-technology spending of the budget",
    Lever.INFRASTRUCTURE: "general budget spending times the part that builds what innovation uses",
}


def read(name: str) -> pd.DataFrame:
    """Read a table of a data set as text, so that decimals stay exact."""
    return pd.read_csv(HERE / f"{name}.csv", dtype=str, keep_default_na=False)


def parameters() -> dict[str, Decimal]:
    """Read the assumed numbers."""
    table = read("assumptions/parameters")
    return {name: Decimal(value) for name, value in zip(table["parameter"], table["value"], strict=True)}


def yuan(row: pd.Series, column: str) -> Decimal:
    """Give an amount of a province in yuan."""
    unit = next(factor for suffix, factor in YUAN.items() if column.endswith(suffix))
    return Decimal(row[column]) * unit


def whole(amount: Decimal) -> int:
    """Cut an amount off below one yuan."""
    return int(amount.to_integral_value(ROUND_FLOOR))


def bases(row: pd.Series, assumed: dict[str, Decimal]) -> dict[Lever, int]:
    """Give the money that one cluster of a province already spends on each lever, in yuan."""
    provincial = {
        Lever.BASIC_RESEARCH: yuan(row, "rd_basic_10k_yuan"),
        Lever.TALENT: Decimal(row["rd_researchers_fte_person_years"]) * assumed["person_year_cost"],
        Lever.FINANCE: yuan(row, "budget_sci_tech_100m_yuan"),
        Lever.INFRASTRUCTURE: yuan(row, "budget_expenditure_100m_yuan") * assumed["infrastructure_share"],
    }
    return {lever: whole(amount * assumed["cluster_share"]) for lever, amount in provincial.items()}


def rank_share(values: pd.Series) -> pd.Series:
    """Place the provinces in 0..1 by rank: (rank - 1/2) / number."""
    return ((values.rank() - 0.5) / len(values)).round(4)


def standing(provinces: pd.DataFrame) -> pd.DataFrame:
    """Give where each province stands among the 31, in 0..1: proxies of the readings and the features."""
    text = {"province", "province_zh"}
    columns = [name for name in provinces if name not in text and not name.startswith("src_")]
    data = provinces[columns].astype(float).set_axis(provinces["province"])
    revenue = read("provinces/panel").query("indicator == 'hightech_industry_revenue_100m_yuan'")
    by_year = revenue.assign(value=revenue["value"].astype(float)).pivot(
        index="province", columns="year", values="value"
    )
    output, staff = data["tech_market_output_10k_yuan"], data["rd_fte_person_years"]
    ratios = {
        "origin": output / (output + data["tech_market_input_10k_yuan"]),
        "diffusion": data["tech_market_output_contracts"] / staff,
        "concentration": data["hightech_industry_revenue_100m_yuan"] / data["gdp_100m_yuan"],
        "innovation": data["invention_patents_granted"] / data["population_10k"],
        "interaction": (data["incubators"] + data["maker_spaces"]) / staff,
        "spillover": output / data["gdp_100m_yuan"],
        "growth": (by_year["2022"] / by_year["2018"]).reindex(data.index),
    }
    return pd.DataFrame({name: rank_share(values) for name, values in ratios.items()})


def cluster_rows() -> pd.DataFrame:
    """Join every cluster with the row of its province."""
    return read("clusters/clusters").merge(
        read("provinces/provinces_2022").drop(columns="province_zh"), on="province", validate="many_to_one"
    )


def clusters_table() -> pd.DataFrame:
    """Build the clusters: readings and features from proxies, or from the report where it names one."""
    assumed, place = parameters(), standing(read("provinces/provinces_2022"))
    uncertainty = read("assumptions/uncertainty").set_index("industry")["uncertainty"]
    named = read("assumptions/report_readings").set_index("cluster")["case"]
    cases = read("report/cases").set_index("case")
    rows = []
    for _, row in cluster_rows().iterrows():
        own, patents = bases(row, assumed), Decimal(row["invention_patents_granted"])
        here = place.loc[row["province"]]
        readings = {"uncertainty": uncertainty[row["industry"]], **here[["origin", "diffusion"]]}
        note = "Proxies: uncertainty by industry; origin, diffusion and features by rank of the province."
        if row["cluster"] in named:
            case = cases.loc[named[row["cluster"]]]
            readings = {name: case[name] for name in readings}
            note = f"Readings of the report (case {case.name}); features by rank of the province."
        rows.append(
            {
                **row[["cluster", "name", "name_zh"]],
                "region": row["province"],
                "region_zh": row["province_zh"],
                **row[["industry", "industry_zh"]],
                "path": "",
                **readings,
                "weight": float(patents * assumed["cluster_share"]),
                "scale": sum(own.values()) // len(own),
                "size": whole(yuan(row, "rd_expenditure_100m_yuan") * assumed["cluster_share"]),
                **here.drop(["origin", "diffusion"]),
                **row[["source", "status"]],
                "note": f"{note} Weight: yearly invention patents of the province times cluster_share.",
            }
        )
    return pd.DataFrame(rows)


def levers_table() -> pd.DataFrame:
    """Build the levers: the log response, which reads coefficients as elasticities, and a yearly budget."""
    return pd.DataFrame(
        [
            {
                "lever": str(lever),
                "name": label.en,
                "name_zh": label.zh,
                "response": "log",
                "depreciation": 1,
                "lag": 0,
                "source": "an elasticity means outcome times epsilon times ln(1 + x / base)",
            }
            for lever, label in LEVER_LABELS.items()
        ]
    )


def effectiveness() -> pd.DataFrame:
    """Build the elasticity of every lever on every path."""
    levels = pd.read_csv(HERE / "effects" / "levels.csv")
    table = effectiveness_table(levels, read("report/evidence"))
    return table.round(6).assign(status="assumption")


def fund_key(province: str) -> str:
    """Give the key of the fund of a province."""
    return province.lower().replace(" ", "_")


def funds_table() -> pd.DataFrame:
    """Build one fund a province with clusters, and the national one."""
    assumed = parameters()
    share = assumed["province_fund_share"]
    rows = []
    for _, row in cluster_rows().drop_duplicates("province").iterrows():
        origin = row["src_budget_expenditure"]
        rows.append(
            {
                "fund": fund_key(row["province"]),
                "year": YEAR,
                "name": f"{row['province']} cluster fund",
                "name_zh": f"{row['province_zh']}集群资金",
                "amount": whole(yuan(row, "budget_sci_tech_100m_yuan") * share),
                "source": f"{share} of the science-technology spending of 2022: {origin}",
                "status": "proxy",
            }
        )
    national = assumed["national_fund_share"]
    rows.append(
        {
            "fund": "national",
            "year": YEAR,
            "name": "National cluster fund",
            "name_zh": "国家集群资金",
            "amount": whole(sum(row["amount"] for row in rows) * national),
            "source": f"{national} of the sum of the funds of the provinces",
            "status": "assumption",
        }
    )
    return pd.DataFrame(rows)


def eligibility_table() -> pd.DataFrame:
    """Open the fund of a province to its clusters, and the national one to all."""
    regions = dict.fromkeys(cluster_rows()["province"])
    rows = [{"fund": fund_key(name), "region": name} for name in regions]
    rows.append({"fund": "national", "region": ""})
    source = "a province pays for its own clusters; the national fund is open to all (assumption)"
    return pd.DataFrame(rows).assign(source=source)


def cells_table() -> pd.DataFrame:
    """Build the money already spent, the least and the most award of every cluster and lever."""
    assumed = parameters()
    least = whole(assumed["least_award"])
    rows = []
    for _, row in cluster_rows().iterrows():
        for lever, base in bases(row, assumed).items():
            rows.append(
                {
                    "cluster": row["cluster"],
                    "lever": str(lever),
                    "scale": base,
                    "least": least,
                    "most": max(least, whole(base * assumed["most_over_base"])),
                    "source": f"{row['province']} 2022: {BASES[lever]}, times cluster_share",
                    "status": "proxy",
                }
            )
    return pd.DataFrame(rows)


def tables() -> dict[str, pd.DataFrame]:
    """Build every table of the folder."""
    return {
        "clusters": clusters_table(),
        "levers": levers_table(),
        "effectiveness": effectiveness(),
        "funds": funds_table(),
        "eligibility": eligibility_table(),
        "rules": read("assumptions/rules"),
        "cells": cells_table(),
    }


def write(folder: Path) -> None:
    """Write every table and the descriptor into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables().items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
    describe("national66", folder)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "national66")
