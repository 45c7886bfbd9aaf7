"""Arrays of a plan as pydantic reads and writes them: lists in JSON, frozen arrays in memory."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import PlainSerializer, PlainValidator


def _ints(value: Any) -> NDArray[np.int64]:
    array = np.asarray(value)
    if array.size and array.dtype.kind not in "iu":
        raise ValueError("whole numbers are expected")
    array = array.astype(np.int64)
    array.setflags(write=False)
    return array


def _floats(value: Any) -> NDArray[np.float64]:
    array = np.asarray(value)
    if array.size and array.dtype.kind not in "iuf":
        raise ValueError("numbers are expected")
    array = array.astype(np.float64)
    array.setflags(write=False)
    return array


_LIST = PlainSerializer(lambda array: array.tolist(), when_used="always")
Ints = Annotated[NDArray[np.int64], PlainValidator(_ints), _LIST]
Floats = Annotated[NDArray[np.float64], PlainValidator(_floats), _LIST]
