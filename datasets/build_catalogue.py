"""Build the measures of part four of the report as programmes of the 66 national clusters, into ``catalogue``.

``python datasets/build_catalogue.py [FOLDER]`` writes the tables, byte for byte the same on every run. A measure of a
path is for the clusters on it, one of all paths for all. The report names no cost and no effect: both are illustrative
rates by lever from ``assumptions/measure_rates.csv``, to be replaced by a planner's own figures.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from descriptors import describe

from clusteropt.domain import READING_WORDS, Lever, Reading, classify

HERE = Path(__file__).parent
FUND = "national"
ALL = "all"


def read(name: str) -> pd.DataFrame:
    """Read a table of a data set as text."""
    return pd.read_csv(HERE / f"{name}.csv", dtype=str, keep_default_na=False)


def clusters_by_path() -> dict[str, list[str]]:
    """Give the clusters whose main path is each path, and all of them."""
    found: dict[str, list[str]] = {}
    for row in read("national66/clusters").to_dict("records"):
        words = {reading: READING_WORDS[reading] for reading in Reading}
        uncertainty, origin, diffusion = (float(words[reading].get(row[reading], row[reading])) for reading in Reading)
        for path in (classify(uncertainty, origin, diffusion).path, ALL):
            found.setdefault(path, []).append(row["cluster"])
    return found


def catalogue() -> dict[str, pd.DataFrame]:
    """Give both tables; every cluster of a measure gets its whole gain, a share of its yearly patents."""
    clusters, rates = clusters_by_path(), read("assumptions/measure_rates").set_index("lever")
    programmes, costs = [], []
    for measure in read("report/measures").to_dict("records"):
        served, rate = clusters[measure["path"]], rates.loc[measure["lever"]]
        remarks = {
            "source": f"statement {measure['statement']} of the report; rates by lever: assumptions/measure_rates.csv",
            "status": "illustrative",
        }
        programmes.append(
            {
                "programme": measure["measure"],
                "name": measure["name"],
                "name_zh": measure["name_zh"],
                "clusters": "|".join(served),
                "shares": "|".join(["1"] * len(served)),
                "lever": measure["lever"] if measure["lever"] in list(Lever) else "",
                "gain": rate["gain"],
                **remarks,
                "note": f"Section {measure['section']} of the report.",
            }
        )
        cost = int(rate["cost_per_cluster"]) * len(served)
        costs.append({"programme": measure["measure"], "fund": FUND, "after": 0, "cost": cost, **remarks})
    return {"programmes": pd.DataFrame(programmes), "programme_costs": pd.DataFrame(costs)}


def main(folder: Path) -> None:
    """Write the tables and their descriptor."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in catalogue().items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8")
    describe("catalogue", folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "catalogue")
