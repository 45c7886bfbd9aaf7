"""Write the ``datapackage.json`` of every data package from ``packages.toml`` and ``codebook.csv``.

Run ``python datasets/descriptors.py`` after any change of a table: a descriptor holds its size and digest.
The format is Frictionless Data Package; ``title_zh``, ``unit`` and ``licence_note`` are additions to it.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd

HERE = Path(__file__).parent
LICENCES = {
    "apache": {"name": "Apache-2.0", "path": "https://www.apache.org/licenses/LICENSE-2.0"},
    "mit": {"name": "MIT", "path": "https://opensource.org/license/mit"},
}
VERSION = "1.0.0"


def packages() -> dict[str, Any]:
    """Read what the packages say of themselves."""
    return tomllib.loads((HERE / "packages.toml").read_text(encoding="utf-8"))


def codebook() -> pd.DataFrame:
    """Read the fields of all packages, as text."""
    return pd.read_csv(HERE / "codebook.csv", dtype=str, keep_default_na=False)


def constraints(row: pd.Series) -> dict[str, Any]:
    """Give the constraints of one field."""
    found: dict[str, Any] = {name: True for name in ("required", "unique") if row[name] == "true"}
    number = int if row["type"] in {"integer", "year"} else float
    found |= {name: number(row[name]) for name in ("minimum", "maximum") if row[name]}
    if row["enum"]:
        values = row["enum"].split("|")
        found["enum"] = values if row["type"] == "string" else [number(value) for value in values]
    return found | ({"pattern": row["pattern"]} if row["pattern"] else {})


def field(row: pd.Series) -> dict[str, Any]:
    """Describe one field."""
    found = {"name": row["field"], "type": row["type"]}
    found |= {name: row[name] for name in ("title", "title_zh", "unit", "description") if row[name]}
    limits = constraints(row)
    return found | ({"constraints": limits} if limits else {})


def resource(name: str, about: dict[str, Any], fields: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """Describe one table, with its size and digest."""
    content = (folder / f"{name}.csv").read_bytes()
    schema: dict[str, Any] = {
        "fields": [field(row) for _, row in fields.iterrows()],
        "missingValues": [""],
    }
    if "key" in about:
        schema["primaryKey"] = about["key"]
    if "links" in about:
        schema["foreignKeys"] = [
            {
                "fields": [link["field"]],
                "reference": {"resource": link["resource"], "fields": [link["to"]]},
            }
            for link in about["links"]
        ]
    return {
        "name": name,
        "title": about["title"],
        "path": f"{name}.csv",
        "type": "table",
        "scheme": "file",
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(content),
        "hash": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "schema": schema,
    }


def describe(package: str, folder: Path) -> None:
    """Write the descriptor of one package into a folder that holds its tables."""
    about = packages()[package]
    fields = codebook().query("package == @package")
    resources = [
        resource(name, more, fields[fields["resource"] == name], folder) for name, more in about["resources"].items()
    ]
    descriptor = {
        "name": package,
        "version": VERSION,
        "title": about["title"],
        "title_zh": about["title_zh"],
        "description": about["description"],
        "licenses": [LICENCES[about["licence"]]],
        "licence_note": about["licence_note"],
        "sources": about["sources"],
        "resources": resources,
    }
    text = json.dumps(descriptor, ensure_ascii=False, indent=2) + "\n"
    (folder / "datapackage.json").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    for package in packages():
        describe(package, HERE / package)
