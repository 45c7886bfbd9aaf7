"""The short form of the tests and the long one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable


def later(values: Iterable[Any]) -> list[Any]:
    """Give values of a parameter that only the long form tries."""
    return [pytest.param(value, marks=pytest.mark.long) for value in values]
