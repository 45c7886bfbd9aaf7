"""Build the level of each lever from the estimates, into ``effects/levels.csv``."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from clusteropt.inputs.effectiveness import lever_levels

HERE = Path(__file__).parent
SOURCE = "mean, least low and greatest high of the usable elasticities in estimates.csv, not below 0"


def levels() -> pd.DataFrame:
    """Give the level of each lever, six decimals."""
    return lever_levels(pd.read_csv(HERE / "effects" / "estimates.csv")).round(6).assign(source=SOURCE)


if __name__ == "__main__":
    levels().to_csv(HERE / "effects" / "levels.csv", index=False, lineterminator="\n", encoding="utf-8")
