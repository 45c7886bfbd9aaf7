"""How numbers are written."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusteropt.inputs.problem import Money
from clusteropt.report import numbers
from clusteropt.text import Text

YUAN = Money()


def money_of(per_printed: int) -> Money:
    """Make a unit of money with another size of the printed unit."""
    return Money(Text("a", "a"), Text("b", "b"), per_printed)


@pytest.mark.parametrize(
    ("amount", "printed"),
    [
        (0, "0.00"),
        (50, "0.00"),
        (150, "0.02"),
        (250, "0.02"),
        (251, "0.03"),
        (-150, "-0.02"),
        (12_345_678, "1,234.57"),
        (9_007_199_254_740_993, "900,719,925,474.10"),
        (10**18 + 50, "100,000,000,000,000.00"),
        (10**18 + 51, "100,000,000,000,000.01"),
    ],
)
def test_money_is_printed_with_two_decimals_and_halves_go_to_the_even_digit(amount: int, printed: str) -> None:
    """Halves go to the even digit, and no digit of a large amount is lost."""
    assert numbers.printed_money(amount, YUAN) == printed


def test_money_has_no_more_decimals_than_the_unit() -> None:
    """One yuan printed in yuan has no decimals, in tens of yuan one."""
    assert numbers.printed_money(1234, money_of(1)) == "1,234"
    assert numbers.printed_money(1234, money_of(10)) == "123.4"
    assert numbers.exact_money(1234, money_of(1)) == "1234"


@given(st.integers(-(2**63), 2**63), st.integers(0, 9))
def test_printed_money_is_the_rounded_decimal(amount: int, digits: int) -> None:
    """Printed money is what exact decimals give, and exact money is the amount itself."""
    money = money_of(10**digits)
    true = Decimal(amount).scaleb(-digits)
    places = Decimal(1).scaleb(-min(2, digits))
    # A zero that was negative before rounding keeps its sign in Decimal only.
    rounded = true.quantize(places, ROUND_HALF_EVEN) + 0
    assert numbers.printed_money(amount, money) == f"{rounded:,}"
    assert Decimal(numbers.exact_money(amount, money)) == true


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1234.5, "1,234.5"),
        (123456.7, "123,457"),
        (1234567.0, "1.23457e+06"),
        (1e-7, "1e-07"),
        (float("inf"), "∞"),
        (float("-inf"), "-∞"),
        (float("nan"), "–"),
    ],
)
def test_outcomes_have_six_digits(value: float, written: str) -> None:
    """Outcomes have at most six significant digits; what is no number has a sign of its own."""
    assert numbers.outcome(value) == written


def test_shares_and_gaps() -> None:
    """Shares are per cents, gaps powers of ten."""
    assert numbers.percent(0.12345) == "12.3%"
    assert numbers.signed_percent(0.2) == "+20.0%"
    assert numbers.signed_percent(-0.2) == "-20.0%"
    assert numbers.signed_percent(float("inf")) == "∞"
    assert numbers.gap(0.0) == "0"
    assert numbers.gap(3.21e-7) == "3.2e-07"
    assert numbers.gap(float("inf")) == "∞"


def test_json_gets_null_for_what_is_not_finite() -> None:
    """Infinity and NaN have no place in strict JSON."""
    assert [numbers.finite(value) for value in (1.5, float("inf"), float("nan"))] == [1.5, None, None]
