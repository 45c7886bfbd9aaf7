"""Comparing two problems field by field."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import numpy as np

FILES = ("digests", "kept")
"""Fields of a problem that say which files it came from, not what it asks."""


def differences(one: object, other: object, where: str = "problem") -> list[str]:
    """Name the fields in which two problems differ, arrays element by element; the files they came from set aside."""
    if isinstance(one, np.ndarray):
        same = one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        return [] if same else [where]
    parts: list[tuple[object, object, str]] = []
    if is_dataclass(one) and type(one) is type(other):
        names = [part.name for part in fields(one) if part.name not in FILES]
        parts = [(getattr(one, name), getattr(other, name), f"{where}.{name}") for name in names]
    elif isinstance(one, tuple) and isinstance(other, tuple) and len(one) == len(other):
        parts = [(a, b, f"{where}.{k}") for k, (a, b) in enumerate(zip(one, other, strict=True))]
    elif one != other:
        return [where]
    return [name for part in parts for name in differences(*part)]
