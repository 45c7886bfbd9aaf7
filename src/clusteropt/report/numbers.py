"""How numbers are written: money exactly from integers, outcomes to six digits, gaps in powers of ten."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Money

PLACES = 2
"""Decimals of printed money; the tables keep all of them."""
NOT_A_NUMBER = "–"
INFINITE = "∞"


def money_decimals(money: Money) -> int:
    """Give the decimals that a whole unit takes in the printed unit: log10 of ``per_printed``."""
    return len(str(money.per_printed)) - 1


def printed_money(amount: int, money: Money) -> str:
    """Write whole units in the printed unit: thousands separated, two decimals, halves to the even digit.

    Only integers are used, so any amount is written right, however large.
    """
    digits = money_decimals(money)
    places = min(PLACES, digits)
    return _fixed(_round_half_even(amount, 10 ** (digits - places)), places, ",")


def exact_money(amount: int, money: Money) -> str:
    """Write whole units in the printed unit with every decimal and no separators, for tables."""
    return _fixed(amount, money_decimals(money), "")


def percent(share: float) -> str:
    """Write a share with one decimal of a per cent."""
    return f"{share:.1%}" if math.isfinite(share) else _odd(share)


def signed_percent(share: float) -> str:
    """Write a change with its sign and one decimal of a per cent."""
    return f"{share:+.1%}" if math.isfinite(share) else _odd(share)


def outcome(value: float) -> str:
    """Write an outcome with six significant digits, thousands separated."""
    # Adding zero turns a negative zero, which would be written with its sign, into a plain one.
    return f"{value + 0.0:,.6g}" if math.isfinite(value) else _odd(value)


def gap(value: float) -> str:
    """Write a relative gap in scientific form."""
    if not math.isfinite(value):
        return _odd(value)
    return f"{value:.1e}" if value else "0"


def seconds(value: float) -> str:
    """Write seconds with one decimal."""
    return f"{value:,.1f}"


def count(value: int) -> str:
    """Write a count, thousands separated."""
    return f"{value:,}"


def finite(value: float) -> float | None:
    """Give a number for JSON and spreadsheets, which know neither infinity nor NaN."""
    return value if math.isfinite(value) else None


def _odd(value: float) -> str:
    if math.isnan(value):
        return NOT_A_NUMBER
    return INFINITE if value > 0 else f"-{INFINITE}"


def _round_half_even(amount: int, divisor: int) -> int:
    quotient, rest = divmod(amount, divisor)
    up = 2 * rest > divisor or (2 * rest == divisor and quotient % 2 == 1)
    return quotient + up


def _fixed(amount: int, places: int, separator: str) -> str:
    whole, part = divmod(abs(amount), 10**places)
    sign = "-" if amount < 0 else ""
    decimals = f".{part:0{places}d}" if places else ""
    return f"{sign}{whole:{separator}}{decimals}"
