"""Break four things in the tables of the province and read what comes back."""

from pathlib import Path

import pandas as pd

import clusteropt as co

folder = Path(__file__).parent / "province"
tables = {file.stem: pd.read_csv(file, dtype=str, keep_default_na=False) for file in folder.glob("*.csv")}
tables["clusters"]["colour"] = "red"
tables["clusters"].loc[1, "path"] = "upgradeing"
tables["funds"].loc[0, "amount"] = "12.5"
tables["rules"].loc[1, "lever"] = "research"

try:
    co.problem_from_tables(tables)
except co.InputError as error:
    print(error)
    print(error.read(co.Language.ZH))
    first = error.faults[1]
    print(f"As data: {first.table}, {first.row}, {first.column}, {first.value}")
