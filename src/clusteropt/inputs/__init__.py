"""From tables and a model file to a frozen problem."""

from __future__ import annotations

from clusteropt.inputs.reading import problem_from_tables, read_problem
from clusteropt.inputs.settings import ModelSettings
from clusteropt.inputs.table_docs import table_docs, write_template

__all__ = ["ModelSettings", "problem_from_tables", "read_problem", "table_docs", "write_template"]
