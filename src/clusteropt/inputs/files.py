"""Reading the bytes of a file that a planner names, or saying why not."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from clusteropt.inputs.faults import Place
from clusteropt.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.faults import Faults

MAX_FILE_BYTES = 256 * 2**20


def read_bytes(path: Path, table: str, faults: Faults, most: int = MAX_FILE_BYTES) -> bytes | None:
    """Read a regular file whole; None, and a fault, if that cannot be.

    Parameters
    ----------
    path : Path
        The file.
    table : str
        What a fault calls it.
    faults : Faults
        Where to note what is wrong.
    most : int
        A file of more bytes is not read.
    """
    place = Place(table, value=str(path))
    try:
        status = path.stat()
        # Opening a pipe or a device may wait for ever, so the kind is looked at before.
        if not stat.S_ISREG(status.st_mode):
            problem, remedy = _not_a_file(stat.S_ISDIR(status.st_mode))
            faults.add(place, problem, remedy)
            return None
        with path.open("rb") as file:
            # The stated size may be 0 for files that the system makes up, or grow before it is read.
            data = b"" if status.st_size > most else file.read(most + 1)
        if max(status.st_size, len(data)) > most:
            problem = Text(
                f"the file has {max(status.st_size, len(data)):,} bytes; more than {most:,} are not read.",
                f"文件有 {max(status.st_size, len(data)):,} 字节, 超过上限 {most:,}。",
            )
            faults.add(place, problem, Text("Leave out what the model does not need.", "请删去模型不需要的内容。"))
            return None
        return data
    except (OSError, ValueError) as error:
        problem, remedy = _unreadable(error)
        faults.add(place, problem, remedy)
        return None


def _not_a_file(is_folder: bool) -> tuple[Text, Text]:
    if is_folder:
        return (
            Text("this is a directory, not a file.", "这是文件夹, 不是文件。"),
            Text("Name a file.", "请给出文件。"),
        )
    return (
        Text("this is a device, pipe or socket, not a regular file.", "这是设备, 管道或套接字, 不是普通文件。"),
        Text("Copy its content into a file.", "请把内容存成文件。"),
    )


def _unreadable(error: Exception) -> tuple[Text, Text]:
    if isinstance(error, FileNotFoundError):
        return Text("there is no such file.", "文件不存在。"), Text("Check the path.", "请检查路径。")
    if isinstance(error, PermissionError):
        return (
            Text("the file may not be read by this user.", "当前用户无权读取该文件。"),
            Text("Change its permissions.", "请更改文件权限。"),
        )
    reason = getattr(error, "strerror", None) or str(error)
    return (
        Text(f"the file cannot be read: {reason}.", f"文件无法读取: {reason}。"),
        Text("Check the path and the disk.", "请检查路径和磁盘。"),
    )
