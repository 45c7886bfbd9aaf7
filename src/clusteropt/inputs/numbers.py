"""Numbers as a planner writes them: what is read exactly, what is refused, and why.

White space around a number is dropped. A plain decimal point, a sign and, for columns of plain numbers, an
exponent are read. Refused are thousands separators (a comma is a decimal point elsewhere), percent signs,
full-width and Chinese digits, and exponents in columns of whole numbers and exact decimals: a spreadsheet
program that writes 1.23E+15 has already dropped digits.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from clusteropt.inputs.columns import (
    LARGEST_AMOUNT,
    LARGEST_NUMBER,
    MAX_DECIMALS,
    SMALLEST_NUMBER,
    ColumnKind,
)
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from clusteropt.inputs.problem import Floats, Ints

    Mask = NDArray[np.bool_]

NUMBER = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?")
WHOLE = re.compile(r"[+-]?([0-9]{1,40})(\.0{0,40})?")
EXACT = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})")
DATE = re.compile(r"[0-9]{2,4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,4}.*")
NOT_FINITE = frozenset({"nan", "inf", "infinity", "#n/a", "#num!", "#div/0!"})
TRUTH = frozenset({"true", "false", "yes", "no", "是", "否"})


def floats(values: Sequence[str | None]) -> tuple[Floats, Mask]:
    """Read plain numbers; give them with NaN for missing ones, and which values are none."""
    numbers = np.fromiter(
        (float(value) if value and NUMBER.fullmatch(value) else np.nan for value in values), float, len(values)
    )
    bad = np.isnan(numbers) & np.fromiter((value is not None for value in values), bool, len(values))
    return _within(numbers, bad)


def typed_floats(values: NDArray[Any]) -> tuple[Floats, Mask]:
    """Read plain numbers from an array of numbers, NaN for missing ones."""
    return _within(values.astype(float, copy=False), np.zeros(len(values), dtype=bool))


def _within(numbers: Floats, bad: Mask) -> tuple[Floats, Mask]:
    size = np.abs(numbers)
    bad = bad | (size > LARGEST_NUMBER) | ((size < SMALLEST_NUMBER) & (size > 0))
    # What came from a frame of the caller's is not written to.
    return np.where(bad, np.nan, numbers) if bad.any() else numbers, bad


def wholes(values: Sequence[str | None]) -> tuple[Ints, Mask, Mask]:
    """Read whole numbers; give them, which values are missing, and which are no whole numbers."""
    numbers = np.zeros(len(values), dtype=np.int64)
    missing, bad = np.zeros(len(values), dtype=bool), np.zeros(len(values), dtype=bool)
    for position, value in enumerate(values):
        if value is None:
            missing[position] = True
            continue
        found = WHOLE.fullmatch(value)
        number = int(found.group(1)) if found else LARGEST_AMOUNT + 1
        if number > LARGEST_AMOUNT:
            bad[position] = missing[position] = True
        else:
            numbers[position] = -number if value[0] == "-" else number
    return numbers, missing, bad


def typed_wholes(values: NDArray[Any]) -> tuple[Ints, Mask, Mask]:
    """Read whole numbers from an array of numbers, NaN for missing ones."""
    missing = np.isnan(values) if values.dtype.kind == "f" else np.zeros(len(values), dtype=bool)
    with np.errstate(invalid="ignore"):
        inside = (values >= -LARGEST_AMOUNT) & (values <= LARGEST_AMOUNT)
        bad = ~missing & ~(inside & (values == np.floor(values)))
        missing = missing | bad
        numbers = np.where(missing, 0, values) if missing.any() else values
    return numbers.astype(np.int64, copy=False), missing, bad


def exacts(values: Sequence[str | None]) -> tuple[NDArray[np.object_], Mask]:
    """Read exact decimals as fractions; give them with None for missing ones, and which values are none."""
    numbers = np.empty(len(values), dtype=object)
    bad = np.zeros(len(values), dtype=bool)
    for position, value in enumerate(values):
        if value is None:
            continue
        number = Fraction(Decimal(value)) if EXACT.fullmatch(value) else None
        if number is None or abs(number) > LARGEST_AMOUNT or (number * 10**MAX_DECIMALS).denominator != 1:
            bad[position] = True
        else:
            numbers[position] = number
    return numbers, bad


def why_not(value: str, kind: ColumnKind) -> tuple[Text, Text]:
    """Say why a value is not a number of the kind, and what to write."""
    if NUMBER.fullmatch(value):
        return _why_not_this_number(value, kind)
    plain = unicodedata.normalize("NFKC", value)
    bare = re.sub("[,%_ ]", "", value)
    lowered = value.casefold().lstrip("+-")
    write = Text("Write a number such as 12 or 0.5.", "请填写数, 如 12 或 0.5。")
    problem = Text("this is not a number.", "不是数。")
    if plain != value and NUMBER.fullmatch(plain):
        problem, write = (
            Text("the digits are full-width.", "数字为全角字符。"),
            Text(f"Write {plain}.", f"请写成 {plain}。"),
        )
    elif NUMBER.fullmatch(bare) and "%" in value:
        share = f"{Decimal(bare) / 100:f}"
        problem, write = Text("this is a percentage.", "写成了百分数。"), Text(f"Write {share}.", f"请写成 {share}。")
    elif NUMBER.fullmatch(bare):
        problem = Text("the number holds commas, spaces or underscores.", "数中含有逗号, 空格或下划线。")
        write = Text("Write digits and a decimal point only.", "只用数字和小数点。")
    elif lowered in NOT_FINITE:
        problem = Text("this is not a finite number.", "不是有限数。")
    elif lowered in TRUTH:
        problem = Text("this is a truth value, not a number.", "这是真假值, 不是数。")
    elif DATE.fullmatch(value):
        problem = Text("this is a date, not a number.", "这是日期, 不是数。")
    elif any(sign.isnumeric() and not sign.isascii() for sign in value):
        problem = Text("this is not written in the digits 0-9.", "未使用数字 0-9 书写。")
    return problem, write


def _why_not_this_number(value: str, kind: ColumnKind) -> tuple[Text, Text]:
    number = Decimal(value)
    if number and number.adjusted() >= len(str(LARGEST_AMOUNT)) - 1 and abs(number) > LARGEST_AMOUNT:
        problem = Text("the number is too large: more than 10**15.", "数过大: 超过 10**15。")
        return problem, Text("Use a larger unit of money, or mend the slip.", "请使用更大的货币单位, 或更正笔误。")
    if kind in (ColumnKind.NUMBER, ColumnKind.READING):
        problem = Text("the number is too close to zero.", "数过于接近零。")
        return problem, Text("Write 0 or a number from 1e-30.", "请填写 0 或不小于 1e-30 的数。")
    if "e" in value.casefold():
        problem = Text("the number has an exponent, so digits may be lost.", "数用科学计数法书写, 可能丢失位数。")
        return problem, Text("Write all its digits.", "请写出全部数字。")
    if kind is ColumnKind.WHOLE:
        problem = Text("this is not a whole number.", "不是整数。")
        return problem, Text("Write it without a fraction.", "请去掉小数部分。")
    problem = Text(f"the number has more than {MAX_DECIMALS} decimals.", f"小数超过 {MAX_DECIMALS} 位。")
    return problem, Text(f"Round it to {MAX_DECIMALS}.", f"请保留 {MAX_DECIMALS} 位小数。")
