"""From tables and a model file to a frozen problem."""

from __future__ import annotations

from clusteropt.inputs.reading import problem_from_tables, read_problem
from clusteropt.inputs.settings import ModelSettings

__all__ = ["ModelSettings", "problem_from_tables", "read_problem"]
