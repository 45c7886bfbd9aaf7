"""How invention patents of Chinese provinces move with money and staff: the regressions behind N01 to N09.

With y[r, t] the log of the invention patents granted in province r and year t and x the log of a regressor,

    y[r, t] = a[r] + b[t] + sum_k beta[k] x[k, r, t - 2] + c ln GDP[r, t - 2] + d ln population[r, t - 2] + u.

Standard errors are clustered by province. Run ``python datasets/panel_regression.py`` to print the table.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

PATENTS = "invention_patents_granted"
CONTROLS = ["gdp_100m_yuan", "population_10k"]
LAG_YEARS = 2
# N01 to N04 and N05 stand alone; the first four again, together, are N06 to N09.
LEVERS = [
    "budget_sci_tech_100m_yuan",
    "rd_basic_10k_yuan",
    "rd_fte_person_years",
    "rd_gov_funds_10k_yuan",
]
ENTERPRISE_FUNDS = "rd_enterprise_funds_10k_yuan"


def read_panel(path: str | Path) -> pd.DataFrame:
    """Read the panel as logs, a row a province and year, a column an indicator, without the whole country."""
    rows = pd.read_csv(path)
    wide = rows[rows["province"] != "China"].pivot_table(
        index=["province", "year"], columns="indicator", values="value"
    )
    return np.log(wide.where(wide > 0))


def elasticities(logs: pd.DataFrame, regressors: list[str]) -> tuple[np.ndarray, np.ndarray, int]:
    """Estimate the coefficients of the regressors, their clustered standard errors and the rows used."""
    columns = [*regressors, *CONTROLS]
    # Every province has every year, so shifting rows inside a province shifts years.
    lagged = logs[columns].groupby("province").shift(LAG_YEARS)
    data = lagged.assign(outcome=logs[PATENTS]).dropna()
    provinces = pd.get_dummies(data.index.get_level_values("province")).to_numpy(float)
    years = pd.get_dummies(data.index.get_level_values("year")).to_numpy(float)[:, 1:]
    basis, _ = np.linalg.qr(np.hstack([provinces, years]))
    values = data[[*columns, "outcome"]].to_numpy()
    values = values - basis @ (basis.T @ values)
    x, y = values[:, :-1], values[:, -1]
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    scores = provinces.T @ (x * (y - x @ beta)[:, None])
    groups, rows = provinces.shape[1], len(data)
    # The usual small-sample factor; province effects are nested in the clusters and do not count.
    factor = groups / (groups - 1) * (rows - 1) / (rows - x.shape[1] - years.shape[1] - 1)
    errors = np.sqrt(factor * np.diag(inverse @ scores.T @ scores @ inverse))
    return beta[: len(regressors)], errors[: len(regressors)], rows


def estimates(logs: pd.DataFrame) -> pd.DataFrame:
    """Give N01 to N09: columns id, regressor, alone, elasticity, standard_error, num_rows."""
    found = []
    for regressors in [*([name] for name in [*LEVERS, ENTERPRISE_FUNDS]), LEVERS]:
        beta, errors, num_rows = elasticities(logs, regressors)
        alone = len(regressors) == 1
        found += [(n, alone, b, e, num_rows) for n, b, e in zip(regressors, beta, errors, strict=True)]
    table = pd.DataFrame(found, columns=["regressor", "alone", "elasticity", "standard_error", "num_rows"])
    table.insert(0, "id", [f"N{number:02d}" for number in range(1, len(table) + 1)])
    return table


if __name__ == "__main__":
    print(estimates(read_panel(Path(__file__).parent / "provinces" / "panel.csv")).round(3).to_string(index=False))
