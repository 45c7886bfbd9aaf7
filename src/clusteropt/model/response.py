"""The four concave responses, their slopes, and where to touch them with tangents.

A response is phi with phi(0) = 0 and phi'(0) = 1; a curve of scale s is s phi(x / s), in the unit of x. Below
zero every family continues as the straight line x, which keeps it concave and smooth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.problem import ResponseFamily

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.problem import Floats

    Elementwise = Callable[[Floats], Floats]

FAMILIES = tuple(ResponseFamily)

_VALUE: dict[ResponseFamily, Elementwise] = {
    ResponseFamily.LINEAR: lambda u: u,
    ResponseFamily.EXPONENTIAL: lambda u: -np.expm1(-u),
    ResponseFamily.LOG: np.log1p,
    ResponseFamily.HYPERBOLIC: lambda u: u / (1 + u),
}
_SLOPE: dict[ResponseFamily, Elementwise] = {
    ResponseFamily.LINEAR: np.ones_like,
    ResponseFamily.EXPONENTIAL: lambda u: np.exp(-u),
    ResponseFamily.LOG: lambda u: 1 / (1 + u),
    ResponseFamily.HYPERBOLIC: lambda u: (1 + u) ** -2.0,
}
# Where the slope of phi is q, for q in (0, 1].
_WHERE: dict[ResponseFamily, Elementwise] = {
    ResponseFamily.LINEAR: np.zeros_like,
    ResponseFamily.EXPONENTIAL: lambda q: -np.log(q),
    ResponseFamily.LOG: lambda q: 1 / q - 1,
    ResponseFamily.HYPERBOLIC: lambda q: q**-0.5 - 1,
}
# The integral of sqrt(-phi'') from 0 to u, and its inverse: tangents spaced evenly in it have equal errors.
_BEND: dict[ResponseFamily, Elementwise] = {
    ResponseFamily.LINEAR: np.zeros_like,
    ResponseFamily.EXPONENTIAL: lambda u: -2 * np.expm1(-u / 2),
    ResponseFamily.LOG: np.log1p,
    ResponseFamily.HYPERBOLIC: lambda u: 2**1.5 * (1 - (1 + u) ** -0.5),
}
_UNBEND: dict[ResponseFamily, Elementwise] = {
    ResponseFamily.LINEAR: lambda a: a,
    ResponseFamily.EXPONENTIAL: lambda a: -2 * np.log1p(-a / 2),
    ResponseFamily.LOG: np.expm1,
    ResponseFamily.HYPERBOLIC: lambda a: (1 - a / 2**1.5) ** -2.0 - 1,
}


def family_codes(families: tuple[ResponseFamily, ...]) -> np.ndarray:
    """Give the position of each family in ``FAMILIES``, for use in arrays."""
    return np.array([FAMILIES.index(family) for family in families], dtype=np.int8)


def curve_value(code: np.ndarray, scale: Floats, x: Floats) -> Floats:
    """Evaluate s phi(x / s).

    Parameters
    ----------
    code : array of shape (n,)
        Positions of the families in ``FAMILIES``.
    scale : array of shape (n,)
        s, positive, in the unit of ``x``.
    x : array of shape (n,)
        Where; below zero the value is x.

    Returns
    -------
    array of shape (n,)
    """
    u = x / scale
    value = _by_family(_VALUE, code, np.maximum(u, 0.0))
    return scale * np.where(u < 0, u, value)


def curve_slope(code: np.ndarray, scale: Floats, x: Floats) -> Floats:
    """Evaluate phi'(x / s), the slope of s phi(x / s); shapes as in `curve_value`."""
    return _by_family(_SLOPE, code, np.maximum(x / scale, 0.0))


def curve_where(code: np.ndarray, scale: Floats, price: Floats, gain: Floats) -> Floats:
    """Give where gain s phi(x / s) - price x is largest over x >= 0.

    Parameters
    ----------
    code, scale : arrays of shape (n,)
        As in `curve_value`.
    price, gain : arrays of shape (n,)
        Any sign.

    Returns
    -------
    array of shape (n,)
        0 where the first unit is not worth its price; inf where every unit is.
    """
    free = (price <= 0) | (gain <= 0)
    slope = np.divide(price, gain, out=np.ones_like(price, dtype=float), where=~free)
    where = scale * _by_family(_WHERE, code, np.clip(slope, 1e-200, 1.0))
    linear = code == FAMILIES.index(ResponseFamily.LINEAR)
    where = np.where(linear & (slope < 1), np.inf, where)
    return np.where(free, np.where((price < 0) | ((price == 0) & (gain > 0)), np.inf, 0.0), where)


def tangent_points(family: ResponseFamily, scale: float, reach: float, tolerance: float) -> Floats:
    """Choose points on [0, reach] whose tangents bound the curve with equal errors.

    Between tangents at a < b the envelope exceeds s phi by about s (bend(b) - bend(a))^2 / 8, where
    bend(u) is the integral of sqrt(-phi'') from 0 to u; so points spaced evenly in bend share the error.

    Parameters
    ----------
    family : ResponseFamily
        The response.
    scale : float
        s, positive.
    reach : float
        The largest x of interest, non-negative.
    tolerance : float
        The error wanted, as a share of the value at ``reach``.

    Returns
    -------
    array of increasing points, from 0 to ``reach``
    """
    u = np.array([reach / scale])
    total = float(_BEND[family](u)[0])
    if reach <= 0 or total <= 0:
        return np.zeros(1)
    step = np.sqrt(8 * tolerance * float(_VALUE[family](u)[0]))
    num = max(1, int(np.ceil(total / step)))
    inner = scale * _UNBEND[family](np.linspace(0.0, total, num + 1)[:-1])
    return np.append(inner, reach)


def envelope_error(code: np.ndarray, scale: Floats, left: Floats, right: Floats) -> Floats:
    """Give the largest excess of two neighbouring tangents over the curve between their points.

    The excess of the tangent at a grows, that of the tangent at b falls, so the largest is where they meet:
    t = (f(b) - f(a) + f'(a) a - f'(b) b) / (f'(a) - f'(b)).

    Parameters
    ----------
    code, scale : arrays of shape (n,)
        As in `curve_value`.
    left, right : arrays of shape (n,)
        a and b, a <= b.

    Returns
    -------
    array of shape (n,)
        Non-negative; 0 where the slopes agree.
    """
    value_left, value_right = curve_value(code, scale, left), curve_value(code, scale, right)
    slope_left, slope_right = curve_slope(code, scale, left), curve_slope(code, scale, right)
    fall = slope_left - slope_right
    straight = fall <= 0
    rise = value_right - value_left + slope_left * left - slope_right * right
    meet = np.where(straight, left, rise / np.where(straight, 1.0, fall))
    excess = value_left + slope_left * (meet - left) - curve_value(code, scale, meet)
    return np.where(straight, 0.0, np.maximum(excess, 0.0))


def _by_family(functions: dict[ResponseFamily, Elementwise], code: np.ndarray, u: Floats) -> Floats:
    result = np.empty_like(u)
    for position, family in enumerate(FAMILIES):
        chosen = code == position
        if chosen.any():
            result[chosen] = functions[family](u[chosen])
    return result
