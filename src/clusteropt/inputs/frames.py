"""Reading one table from a DataFrame or a Parquet file."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from clusteropt.inputs.coded import Coded, code_categories, code_texts
from clusteropt.inputs.faults import Faults, Place
from clusteropt.inputs.raw_tables import RawTable, from_objects, make_raw, written
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.raw_tables import RawColumn

MAX_PARQUET_BYTES = 2**30
BY_COLUMN_FROM = 1_000_000
MAX_PARQUET_VALUES = 50_000_000
MAX_LEVEL_VALUES = 200_000_000
"""Of a million clusters with four levers and five levels the table of levels has half as many."""


def frame_table(name: str, frame: object, faults: Faults) -> RawTable | None:
    """Read a table from a DataFrame; None, and faults, if that cannot be.

    Columns of whole numbers and of floats are taken as they are, all else as a planner would type it. The
    index is left out. Rows are numbered from 2, as if the header were row 1. The digest is that of headers and values.

    Parameters
    ----------
    name : str
        The name of the table.
    frame : DataFrame
        The table; anything else is a fault.
    faults : Faults
        Where to note what is wrong.
    """
    if not isinstance(frame, pd.DataFrame):
        problem = Text(
            f"this is no DataFrame but {type(frame).__name__}.", f"不是 DataFrame, 而是 {type(frame).__name__}。"
        )
        faults.add(Place(name), problem, Text("Give a pandas DataFrame.", "请提供 pandas DataFrame。"))
        return None
    headers = tuple(str(header) for header in frame.columns)
    # The frame is the caller's, who may go on to change it.
    columns = tuple(_values(frame.iloc[:, position], copy=True) for position in range(len(headers)))
    return _raw(name, (headers, columns), len(frame), _digest(headers, columns), faults)


def _raw(
    name: str, found: tuple[tuple[str, ...], tuple[RawColumn, ...]], num_rows: int, digest: str, faults: Faults
) -> RawTable | None:
    headers, columns = found
    return make_raw(RawTable(name, headers, columns, pd.RangeIndex(2, num_rows + 2), digest), faults)


def parquet_table(name: str, data: bytes, faults: Faults) -> RawTable | None:
    """Read a table from the bytes of a Parquet file; None, and faults, if that cannot be."""
    try:
        from pyarrow import default_memory_pool, parquet  # noqa: PLC0415 (an optional package)
    except ImportError:
        problem = Text("Parquet files need the package pyarrow.", "读取 Parquet 文件需要 pyarrow 包。")
        remedy = Text("Install clusteropt[parquet], or save CSV.", "请安装 clusteropt[parquet], 或改存 CSV。")
        faults.add(Place(name), problem, remedy)
        return None
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        groups = range(file.metadata.num_row_groups)
        unpacked = sum(file.metadata.row_group(group).total_byte_size for group in groups)
        values = file.metadata.num_rows * file.metadata.num_columns
        most = MAX_LEVEL_VALUES if name == "levels" else MAX_PARQUET_VALUES
        if unpacked > MAX_PARQUET_BYTES or values > most:
            problem = Text(
                f"unpacked it has {unpacked:,} bytes and {values:,} values.",
                f"解压后有 {unpacked:,} 字节, {values:,} 个值。",
            )
            faults.add(Place(name), problem, Text("Split the model.", "请拆分模型。"))
            return None
        # A dictionary keeps a long text once, however many rows repeat it.
        texts = [field.name for field in file.schema_arrow if str(field.type) in ("string", "large_string", "binary")]
        source = parquet.ParquetFile(io.BytesIO(data), read_dictionary=texts)
        found = _columns(source)
        # What was needed to unpack the columns is given back, and not kept for the next file.
        default_memory_pool().release_unused()
    # The reader of a broken file raises errors of many kinds; to the planner they are one.
    except Exception:
        problem = Text("this is no Parquet file, or it is broken.", "不是 Parquet 文件, 或文件已损坏。")
        faults.add(Place(name), problem, Text("Write it again.", "请重新生成。"))
        return None
    return _raw(name, found, source.metadata.num_rows, hashlib.sha256(data).hexdigest(), faults)


def _columns(source: Any) -> tuple[tuple[str, ...], tuple[RawColumn, ...]]:
    """Read a Parquet file; one of millions of rows column by column, so that it is not there twice."""
    names = source.schema_arrow.names
    if source.metadata.num_rows < BY_COLUMN_FROM or len(set(names)) < len(names):
        frames = iter([_to_frame(source.read())])
    else:
        frames = (_to_frame(source.read(columns=[name])) for name in names)
    headers: list[str] = []
    columns: list[RawColumn] = []
    for frame in frames:
        headers += [str(header) for header in frame.columns]
        columns += [_values(frame.iloc[:, position]) for position in range(frame.shape[1])]
    return tuple(headers), tuple(columns)


def _to_frame(table: Any) -> pd.DataFrame:
    # Without this, text that is not UTF-8 would come to light only where it is used.
    table.validate(full=True)
    frame: pd.DataFrame = table.to_pandas(integer_object_nulls=True, date_as_object=True)
    return frame


def _digest(headers: tuple[str, ...], columns: tuple[RawColumn, ...]) -> str:
    """Give the SHA-256 of headers and values: of numbers their bytes, of texts each once and where it stands."""
    digest = hashlib.sha256("\n".join(headers).encode("utf-8", "surrogatepass"))
    for column in columns:
        numbers, words = (column.codes, column.words.tolist()) if isinstance(column, Coded) else (column, [])
        digest.update(f"\n{numbers.dtype.str} {len(numbers)} {list(map(len, words))}".encode())
        digest.update("".join(words).encode("utf-8", "surrogatepass"))
        digest.update(np.ascontiguousarray(numbers).data)
    return digest.hexdigest()


def _values(series: pd.Series, copy: bool = False) -> RawColumn:
    if isinstance(series.dtype, np.dtype) and series.dtype.kind in "iuf":
        return series.to_numpy(copy=copy)
    if isinstance(series.dtype, pd.StringDtype):
        return code_texts(series.array)
    if isinstance(series.dtype, pd.CategoricalDtype):
        # Every category is written once, however many rows repeat it.
        codes, categories = series.cat.codes.to_numpy(copy=copy), series.cat.categories
        texts = categories.tolist()
        return code_categories(
            codes, texts if isinstance(categories.dtype, pd.StringDtype) else list(map(written, texts))
        )
    if pd.api.types.infer_dtype(series, skipna=False) == "string":
        return code_texts(series.to_numpy(dtype=object))
    return from_objects(series.tolist())
