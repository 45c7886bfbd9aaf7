"""Arrays of a plan as pydantic reads and writes them: lists in JSON, frozen arrays in memory."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainSerializer, PlainValidator


def _array(value: Any) -> NDArray[Any]:
    array = np.asarray(value)
    if not array.ndim:
        raise ValueError("a list is expected")
    return array


def _ints(value: Any) -> NDArray[np.int64]:
    array = _array(value)
    if array.size and array.dtype.kind not in "iu":
        raise ValueError("whole numbers are expected")
    if array.dtype.kind == "u" and (array > np.iinfo(np.int64).max).any():
        raise ValueError("the number is too large")
    array = array.astype(np.int64)
    array.setflags(write=False)
    return array


def _floats(value: Any) -> NDArray[np.float64]:
    array = _array(value)
    if array.size and array.dtype.kind not in "iuf":
        raise ValueError("numbers are expected")
    array = array.astype(np.float64)
    # In a list, JSON has no infinite numbers; what is infinite in a plan stands in a field of its own.
    if not np.isfinite(array).all():
        raise ValueError("finite numbers are expected")
    array.setflags(write=False)
    return array


_LIST = PlainSerializer(lambda array: array.tolist(), when_used="always")
Ints = Annotated[NDArray[np.int64], PlainValidator(_ints), _LIST]
Floats = Annotated[NDArray[np.float64], PlainValidator(_floats), _LIST]
