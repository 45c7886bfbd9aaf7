"""The input of a problem as it was read, kept so that it can be written beside the plan."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

from clusteropt.inputs.coded import Coded
from clusteropt.inputs.raw_tables import written_column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusteropt.inputs.raw_tables import RawColumn, RawTable
    from clusteropt.inputs.settings import ModelSettings

INPUTS = "inputs"
"""The folder, in that of a plan, that holds what the plan was made from."""
QUOTED = ',"\r\n'
MODEL_TOML, MODEL_JSON = "model.toml", "model.json"
"""The model beside its tables: as the file it came in, or as settings made in code."""


@dataclass(frozen=True, eq=False)
class KeptInputs:
    """The model and the tables that a problem was made from.

    Parameters
    ----------
    model_name : str
        ``model.toml`` or ``model.json``.
    model : bytes
        The model file.
    tables : dict of str to RawTable
        Every table used, by name.
    """

    model_name: str
    model: bytes
    tables: Mapping[str, RawTable]

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Give every file by name: a CSV file byte for byte, any other table written as CSV in UTF-8."""
        tables = {f"{name}.csv": _csv(raw) for name, raw in sorted(self.tables.items())}
        return {self.model_name: self.model, **tables}

    @cached_property
    def digests(self) -> dict[str, str]:
        """Give the SHA-256 of every file."""
        return {name: sha256(data).hexdigest() for name, data in self.files.items()}


def keep_settings(settings: ModelSettings, tables: Mapping[str, RawTable]) -> KeptInputs:
    """Keep a model that was made in code, as JSON with every default written out."""
    text = settings.model_dump_json(indent=2, exclude_none=True)
    return KeptInputs(MODEL_JSON, f"{text}\n".encode(), tables)


def _csv(raw: RawTable) -> bytes:
    if raw.data is not None:
        return raw.data
    columns = [written_column(column) for column in raw.columns]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(raw.headers)
    if len(columns) > 1 and not any(_needs_quotes(column) for column in raw.columns):
        # Joined lines are what the writer writes, and faster.
        file.writelines(f"{line}\n" for line in map(",".join, zip(*columns, strict=True)))
    else:
        # A row of one empty value would be an empty line, which readers pass over.
        writer.writerows(row for row in zip(*columns, strict=True) if any(row))
    return file.getvalue().encode("utf-8", "surrogatepass")


def _needs_quotes(column: RawColumn) -> bool:
    """Tell whether a text of a column holds a sign that CSV puts in quotes."""
    return isinstance(column, Coded) and any(sign in "\0".join(column.words.tolist()) for sign in QUOTED)
