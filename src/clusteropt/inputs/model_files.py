"""Reading a model file: TOML to settings, every fault in words."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from clusteropt.inputs.faults import Faults, Place, shorten, suggest
from clusteropt.inputs.settings import SECTIONS, Factor, ModelSettings
from clusteropt.text import Text

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

WANTED = {
    "int": Text("a whole number", "整数"),
    "float": Text("a number", "数"),
    "string": Text("text in quotes", "带引号的文字"),
    "bool": Text("true or false", "true 或 false"),
    "tuple": Text("a list in brackets", "方括号列表"),
    "dict": Text("a table of keys and numbers", "键与数的表"),
    "model": Text("a section", "一节"),
}
COMPARISONS = {
    "greater_than": ("gt", ">"),
    "greater_than_equal": ("ge", ">="),
    "less_than": ("lt", "<"),
    "less_than_equal": ("le", "<="),
}


MAX_MODEL_BYTES = 2**16
# A key of thousands of parts takes the TOML reader minutes; ours have two.
DEEP_KEY = re.compile(r"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){8}")
QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'[^\']*\'')
MAX_LINE_SIGNS = 10_000


def parse_settings(file_name: str, data: bytes, faults: Faults) -> ModelSettings | None:
    """Read the bytes of a model file; None, and faults, if that cannot be.

    Parameters
    ----------
    file_name : str
        What a fault calls the file.
    data : bytes
        The file, TOML in UTF-8.
    faults : Faults
        Where to note what is wrong.
    """
    text = _toml_text(file_name, data, faults)
    if text is None:
        return None
    try:
        # As JSON, strict models still take lists as tuples and words as enums, but nothing else.
        content = json.dumps(tomllib.loads(text), default=lambda value: {"date": str(value)})
        settings = ModelSettings.model_validate_json(content)
    except ValidationError as errors:
        for error in errors.errors():
            _translate(file_name, text, error, faults)
        return None
    except (ValueError, RecursionError) as error:
        _note_broken(file_name, error, faults)
        return None
    if settings.tables is None:
        problem = Text("the section [tables] is missing.", "缺少 [tables] 一节。")
        remedy = Text("Name a folder, a workbook or a dataset.", "请给出 folder, workbook 或 dataset。")
        faults.add(Place(file_name, None, "tables"), problem, remedy)
        return None
    return settings


def parse_json(file_name: str, data: bytes, faults: Faults) -> ModelSettings | None:
    """Read settings as they are kept beside a plan that was made in code; parameters as in `parse_settings`."""
    try:
        return ModelSettings.model_validate_json(data)
    except (ValueError, RecursionError):
        problem = Text("the settings are not as they were written.", "设置与写入时不符。")
        faults.add(Place(file_name), problem, Text("Write the plan again.", "请重新写入方案。"))
        return None


def _toml_text(file_name: str, data: bytes, faults: Faults) -> str | None:
    if len(data) > MAX_MODEL_BYTES:
        problem = Text(
            f"the file has {len(data):,} bytes; a model file has at most {MAX_MODEL_BYTES:,}.",
            f"文件有 {len(data):,} 字节; 模型文件最多 {MAX_MODEL_BYTES:,} 字节。",
        )
        faults.add(Place(file_name), problem, Text("Name the tables in it, do not paste them.", "请只写表格的位置。"))
        return None
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        problem = Text("the file is not in UTF-8.", "文件不是 UTF-8 编码。")
        faults.add(Place(file_name, row), problem, Text("Save it as UTF-8.", "请另存为 UTF-8。"))
        return None
    if not text.strip():
        problem = Text("the model file is empty.", "模型文件为空。")
        faults.add(Place(file_name), problem, Text("Copy a ready model.", "请复制现成的模型。"))
        return None
    for row, line in enumerate(text.split("\n"), start=1):
        if len(line) > MAX_LINE_SIGNS or DEEP_KEY.search(QUOTED.sub("a", line).partition("#")[0]):
            problem = Text("the line is too long, or its key has too many parts.", "该行过长, 或键的层级过多。")
            faults.add(Place(file_name, row), problem, Text("Break it up, or remove it.", "请拆分或删除该行。"))
            return None
    return text


def _note_broken(file_name: str, error: Exception, faults: Faults) -> None:
    found = re.search(r"line ([0-9]+)", str(error))
    reason = "nested too deeply" if isinstance(error, RecursionError) else shorten(str(error))
    problem = Text(f"the file is no TOML: {reason}.", f"文件不是合法的 TOML: {reason}。")
    remedy = Text("Mend the line; text needs quotes.", "请修正该行; 文字需加引号。")
    faults.add(Place(file_name, int(found.group(1)) if found else None), problem, remedy)


def _translate(file_name: str, text: str, error: ErrorDetails, faults: Faults) -> None:
    keys = [str(part) for part in error["loc"] if part != "[key]"]
    value = error["input"]
    shown = None if error["type"] == "missing" or isinstance(value, dict | list) else _as_toml(value)
    place = Place(file_name, _line_of(text, keys), ".".join(keys) or None, shown)
    problem, remedy = _words(keys, error)
    faults.add(place, problem, remedy)


def _words(keys: list[str], error: ErrorDetails) -> tuple[Text, Text]:
    kind: str = error["type"]
    context: dict[str, Any] = error.get("ctx", {})
    if kind == "clusteropt":
        return Text(context["en"], context["zh"]), Text(context["remedy_en"], context["remedy_zh"])
    if kind == "extra_forbidden":
        known = SECTIONS[keys[0]].model_fields if len(keys) > 1 else ModelSettings.model_fields
        return Text("there is no such key.", "没有这个键。"), suggest(keys[-1], known)
    if kind == "enum":
        words = [str(factor) for factor in Factor] if "factor_weights" in keys else _expected(context)
        return Text("this is none of the words allowed.", "不是允许的选项。"), suggest(str(error["input"]), words)
    if kind in COMPARISONS:
        name, sign = COMPARISONS[kind]
        limit = f"{sign} {context[name]}"
        problem = Text("the number is outside its range.", "数超出范围。")
        return problem, Text(f"Give a number {limit}.", f"请给出 {limit} 的数。")
    return _wrong_type(kind)


def _wrong_type(kind: str) -> tuple[Text, Text]:
    if kind.startswith("string_") and kind != "string_type":
        problem = Text("the text is empty, too long, or holds control signs.", "文字为空, 过长或含控制字符。")
        return problem, Text("Write 1 to 200 signs.", "请填写 1 至 200 个字符。")
    if kind == "finite_number":
        return Text("this is not a finite number.", "不是有限数。"), Text("Give a number.", "请给出数。")
    wanted = WANTED.get(kind.partition("_")[0], Text("another value", "其他值"))
    problem = Text(f"{wanted.en} is needed here.", f"此处需要{wanted.zh}。")
    return problem, Text(f"Write {wanted.en}.", f"请填写{wanted.zh}。")


def _expected(context: dict[str, Any]) -> list[str]:
    return re.findall(r"'([^']*)'", str(context.get("expected", "")))


def _as_toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _line_of(text: str, keys: list[str]) -> int | None:
    """Find the line of a key by its last two parts; None where it is written in another way."""
    section = None
    wanted = [key for key in keys if not key.isdigit()]
    for number, line in enumerate(text.split("\n"), start=1):
        if header := re.match(r"\s*\[\s*([A-Za-z0-9_.-]+)\s*\]", line):
            section = header.group(1)
            if [section] == wanted:
                return number
        elif pair := re.match(r"\s*([A-Za-z0-9_-]+)\s*=", line):
            path = [pair.group(1)] if section is None else [section, pair.group(1)]
            if path == wanted[:2]:
                return number
    return None
