"""Looking into a workbook before it is read: what is no workbook, or would unpack to more than memory holds."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from clusteropt.inputs.faults import Faults, Place
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_UNPACKED_BYTES = 128 * 2**20
MAX_PARTS = 5_000
# Every element of a part becomes objects in memory; a cell has about four of these brackets. Sheets and their texts are
# read row by row, the other parts whole.
MAX_BRACKETS, MAX_SMALL_BRACKETS = 8_000_000, 400_000
LARGE_PARTS = ("xl/worksheets/", "xl/sharedStrings.xml")
# A cell holds at most 32,767 signs; a tag longer than this is made to fill the memory with its attributes.
MAX_BETWEEN_BRACKETS = 2**20
CHUNK = 2**16
BEFORE_XML = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
SAVE_AGAIN = Text("Open it in a spreadsheet program and save it as .xlsx.", "请用电子表格软件打开并另存为 .xlsx。")
USE_CSV = Text("Use a folder of CSV files.", "请改用 CSV 文件夹。")


def is_workbook(file_name: str, data: bytes, faults: Faults) -> bool:
    """Tell whether bytes are a workbook of a size that can be read; note why not.

    Refused are files of other kinds, and workbooks that hold more than ``MAX_UNPACKED_BYTES``, more parts or
    elements than tables can need, packing that spreadsheets do not use, or definitions of entities.
    """
    place = Place(file_name)
    if data.startswith(OLD_WORKBOOK):
        problem = Text("this is an old .xls or a workbook with a password.", "这是旧版 .xls 或加密的工作簿。")
        faults.add(place, problem, SAVE_AGAIN)
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            refusal = _why_not(parts)
    # A damaged list of contents raises errors of many kinds.
    except Exception:
        refusal = Text("this is no workbook, or it is cut short.", "不是工作簿, 或文件不完整。"), SAVE_AGAIN
    if refusal is not None:
        faults.add(place, *refusal)
    return refusal is None


def _why_not(parts: zipfile.ZipFile) -> tuple[Text, Text] | None:
    infos = parts.infolist()
    # Reading stops at the size that each part states, so the statements can be trusted as a limit.
    unpacked = sum(info.file_size for info in infos)
    if unpacked > MAX_UNPACKED_BYTES or len(infos) > MAX_PARTS:
        problem = Text(
            f"unpacked the workbook has {unpacked:,} bytes; more than {MAX_UNPACKED_BYTES:,} are not read.",
            f"工作簿解压后有 {unpacked:,} 字节, 超过上限 {MAX_UNPACKED_BYTES:,}。",
        )
        return problem, USE_CSV
    if "xl/workbook.xml" not in {info.filename for info in infos}:
        return Text("this is a zip file but no workbook.", "这是压缩文件, 不是工作簿。"), SAVE_AGAIN
    broken = Text("the workbook is broken or cut short.", "工作簿已损坏或不完整。")
    if any(info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for info in infos):
        return broken, SAVE_AGAIN
    large, small = 0, 0
    for info in infos:
        try:
            brackets = _brackets(parts, info)
        except ValueError:
            return broken, SAVE_AGAIN
        is_large = info.filename.startswith(LARGE_PARTS)
        large, small = large + brackets * is_large, small + brackets * (not is_large)
        if large > MAX_BRACKETS or small > MAX_SMALL_BRACKETS:
            return Text("the workbook has too many cells or styles.", "工作簿的单元格或样式过多。"), USE_CSV
    return None


def _brackets(parts: zipfile.ZipFile, info: zipfile.ZipInfo) -> int:
    """Count the opening brackets of a part, a limit to its elements; a picture or another part without XML has none.

    Raises
    ------
    ValueError
        If the part defines entities or holds a tag that is too long.
    """
    count, since, tail = 0, 0, b""
    for chunk in _chunks(parts, info):
        if not count and chunk.lstrip(BEFORE_XML)[:1] not in (b"<", b""):
            return 0
        # The byte of the bracket is the same in every encoding that XML readers know, also where zeros stand between.
        if b"<!DOCTYPE" in (tail + chunk).replace(b"\0", b""):
            raise ValueError("a document type is defined")
        count += chunk.count(b"<")
        first, last = chunk.find(b"<"), chunk.rfind(b"<")
        since = since + len(chunk) if first < 0 else len(chunk) - last
        if since > MAX_BETWEEN_BRACKETS:
            raise ValueError("a tag is too long")
        tail = chunk[-20:]
    return count


def _chunks(parts: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with parts.open(info) as part:
        while chunk := part.read(CHUNK):
            yield chunk
