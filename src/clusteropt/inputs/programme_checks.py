"""Checks across programmes: groups that say nothing, too many picks, and what must be taken and never can."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusteropt.inputs.faults import Faults
    from clusteropt.inputs.problem import Labels
    from clusteropt.inputs.programme_rows import Option


def check_options(options: Sequence[Option], labels: Labels, faults: Faults) -> None:
    """Note what is wrong between options that are good by themselves."""
