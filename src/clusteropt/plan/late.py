"""What is said where time ran out before money was whole: how far it had come, and that more time helps."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from clusteropt.errors import NoIncumbentError
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.errors import ExactMoneyError
    from clusteropt.solver.refine import Found


def out_of_time(radius: int | None) -> NoIncumbentError:
    """Give the error for time that ran out while money was rounded.

    Parameters
    ----------
    radius : int or None
        Moves of so many units were tried to the end; None if none were.
    """
    english, chinese = "no moves", "尚未试完任何调整"
    if radius is not None:
        english = f"moves of {'up to ' if radius else ''}{radius} units"
        chinese = f"已试完 {radius} 个货币单位以内的调整"
    return NoIncumbentError(
        Text(
            f"Time ran out before whole amounts of money were found that obey every rule; {english} were tried to the "
            "end. Allow more time.",
            f"时间用尽时尚未找到满足所有规则的整数金额; {chinese}。请增加时间。",
        )
    )


def choices_out_of_time(refusal: ExactMoneyError) -> NoIncumbentError:
    """Give the error for a search cut short at choices that leave no whole amounts: others may."""
    said = refusal.message
    return NoIncumbentError(
        Text(
            f"Time ran out before choices were found that whole amounts of money go with. Of those at hand: {said.en} "
            "Or allow more time.",
            f"时间用尽时尚未找到可取整数金额的选择。就已有的选择而言: {said.zh}或请增加时间。",
        )
    )


def own_out_of_time() -> NoIncumbentError:
    """Give the error for time that ran out before the columns of the caller were settled at whole money."""
    return NoIncumbentError(
        Text(
            "Time ran out before your own columns were settled at whole amounts of money. Allow more time.",
            "时间用尽时, 您添加的变量尚未按整数金额确定。请增加时间。",
        )
    )


def with_reached(late: NoIncumbentError, found: Found) -> NoIncumbentError:
    """Add to a refusal what the search had reached; nothing where its point misses what is asked of outcomes."""
    if found.short:
        return late
    offset, said = found.formulation.offset, late.message
    value, bound = (f"{number + offset:,.6g}" for number in (found.value, found.bound))
    english, chinese = (f", with the bound {bound}", f", 界为 {bound}") if math.isfinite(found.bound) else ("", "")
    return NoIncumbentError(
        Text(
            f"{said.en} In fractions of a unit the search had reached {value}{english}.",
            f"{said.zh}不取整时, 搜索已达到目标值 {value}{chinese}。",
        )
    )
