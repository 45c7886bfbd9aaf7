"""Saving a plan as JSON without loss, and reading it back."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from clusteropt.errors import PlanFileError
from clusteropt.plan.plan import Plan
from clusteropt.text import Text

FORMAT = "clusteropt-plan-2"
"""The first key of every saved plan; a reader refuses what it does not know."""
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
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


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
    if document["sha256"] != digest(document["plan"]):
        raise _unreadable("it was changed after it was written", "文件在写入后被修改")
    try:
        plan = _adapter().validate_python(document["plan"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _unreadable(f"{where}: {first['msg']}", f"{where}:{first['msg']}") from None
    _check_positions(plan)
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
    source = source / "plan.json" if source.is_dir() else source
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(f"{source}: {error}", f"{source}:{error}") from None
    return plan_from_json(text)


def _check_positions(plan: Plan) -> None:
    """Refuse a plan whose parts do not fit together; field by field it is of the right types already."""
    labels = plan.labels
    sizes = {
        "cluster": len(labels.clusters),
        "lever": len(labels.levers),
        "year": len(labels.years),
        "fund": len(labels.funds),
    }
    pairs = [(getattr(part, name), sizes[name]) for part in (plan.awards, plan.cells) for name in sizes
             if hasattr(part, name)]  # fmt: skip
    pairs += [
        (plan.region_of, len(labels.regions)),
        (plan.industry_of, len(labels.industries)),
        (plan.path_of, len(labels.paths)),
        (np.array([unspent.fund for unspent in plan.unspent]), len(labels.funds)),
        (np.array([unspent.year for unspent in plan.unspent]), len(labels.years)),
    ]
    if not all(((positions >= 0) & (positions < size)).all() for positions, size in pairs):
        raise _unreadable("a position points at no label", "有位置没有对应的标签")
    lengths = [{len(getattr(part, f.name)) for f in fields(part)} for part in (plan.awards, plan.cells)]
    per_cluster = {len(plan.region_of), len(plan.industry_of), len(plan.path_of), len(plan.synergy)}
    fits = (
        all(len(found) == 1 for found in lengths)
        and per_cluster == {len(labels.clusters)}
        and len(plan.region_outcome) == len(labels.regions)
        and plan.purse.shape == (len(labels.funds), len(labels.years))
        and len(plan.stages) > 0
    )
    if not fits:
        raise _unreadable("the sizes of its parts do not agree", "各部分大小不一致")
    if (plan.awards.amount <= 0).any() or (plan.cells.amount < 0).any() or (plan.purse < 0).any():
        raise _unreadable("an amount is not positive", "有金额不为正数")


def _unreadable(en: str, zh: str) -> PlanFileError:
    return PlanFileError(
        Text(
            f"The plan cannot be read: {en}. Make it again, or take it from a backup.",
            f"无法读取方案:{zh}。请重新生成或使用备份。",
        )
    )
