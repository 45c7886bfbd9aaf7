"""Messages between a parent and the child that runs HiGHS: one JSON line, then raw arrays. No pickle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    Header = dict[str, object]


def write_message(stream: BinaryIO, header: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a header and named arrays, and flush."""
    shapes = [[name, array.dtype.str, len(array)] for name, array in arrays.items()]
    line = json.dumps({**header, "arrays": shapes}).encode() + b"\n"
    parts = [np.ascontiguousarray(array).tobytes() for array in arrays.values()]
    stream.write(b"".join([line, *parts]))
    stream.flush()


def read_message(stream: BinaryIO) -> tuple[Header, dict[str, np.ndarray]] | None:
    """Read what `write_message` wrote; None at the end of the stream or where it breaks off."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    header = json.loads(line)
    arrays = {}
    for name, kind, length in header.pop("arrays"):
        size = np.dtype(kind).itemsize * length
        data = stream.read(size)
        if len(data) != size:
            return None
        arrays[name] = np.frombuffer(data, dtype=kind)
    return header, arrays
