"""Saving a plan as JSON without loss, and reading it back."""

from __future__ import annotations

import json
import os
import stat
from functools import cache
from hashlib import sha256
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from clusteropt.errors import PlanFileError
from clusteropt.plan.fitting import misfit
from clusteropt.plan.plan import Plan
from clusteropt.text import Text

FORMAT = "clusteropt-plan-3"
"""The first key of every saved plan; a reader refuses what it does not know."""
MAX_PLAN_BYTES = 512 * 2**20
KEYS = {"format", "sha256", "plan"}


@cache
def _adapter() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


def plan_to_json(plan: Plan) -> str:
    """Write a plan as JSON; equal plans give equal text."""
    content = _adapter().dump_python(plan, mode="json")
    document = {"format": FORMAT, "sha256": digest(content), "plan": content}
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def digest(content: object) -> str:
    """Give the SHA-256 of the content of a plan in one fixed way of writing JSON."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8")).hexdigest()


def _digest_read(content: object) -> str | None:
    """Give the digest of what was read; None where it cannot have been written by us."""
    try:
        return digest(content)
    except (ValueError, RecursionError):
        return None


def plan_from_json(text: str) -> Plan:
    """Read what `plan_to_json` wrote.

    Raises
    ------
    PlanFileError
        If the text is not a plan of this format; the message names the first field that is wrong.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"not JSON: {error}", f"不是 JSON:{error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT or set(document) != KEYS:
        raise _unreadable(f"it is not of the format {FORMAT}", f"格式不是 {FORMAT}")
    if document["sha256"] != _digest_read(document["plan"]):
        raise _unreadable("it was changed after it was written", "文件在写入后被修改")
    try:
        plan = _adapter().validate_python(document["plan"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _unreadable(f"{where}: {first['msg']}", f"{where}:{first['msg']}") from None
    field = misfit(plan)
    if field is not None:
        raise _unreadable(f"{field} does not fit the other parts", f"{field} 与其他部分不符")
    return plan


def save_plan(plan: Plan, path: str | os.PathLike[str]) -> None:
    """Write a plan to a file, whole or not at all: a temporary file is synced, then takes the name."""
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.write(plan_to_json(plan))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def load_plan(path: str | os.PathLike[str]) -> Plan:
    """Read a saved plan: its file, or the folder that holds ``plan.json``.

    Raises
    ------
    PlanFileError
        If there is no readable plan.
    """
    source = Path(path)
    try:
        source = source / "plan.json" if source.is_dir() else source
        status = source.stat()
        # Opening a pipe or a device may wait for ever.
        if not stat.S_ISREG(status.st_mode):
            raise _unreadable(f"{source} is no regular file", f"{source} 不是普通文件")
        if status.st_size > MAX_PLAN_BYTES:
            raise _unreadable(f"{source} has {status.st_size:,} bytes", f"{source} 有 {status.st_size:,} 字节")
        text = source.read_text(encoding="utf-8")
    # A path or a text that cannot be decoded is a ValueError.
    except (OSError, ValueError) as error:
        raise _unreadable(f"{source}: {error}", f"{source}:{error}") from None
    return plan_from_json(text)


def _unreadable(en: str, zh: str) -> PlanFileError:
    return PlanFileError(
        Text(
            f"The plan cannot be read: {en}. Make it again, or take it from a backup.",
            f"无法读取方案:{zh}。请重新生成或使用备份。",
        )
    )
