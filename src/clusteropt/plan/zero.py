"""The plan that gives nobody money: worth having wherever the rules allow it, as any plan is measured against it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.errors import SolverFaultError
from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.model.money_rules import MONEY_RULES
from clusteropt.model.outcome import evaluate, needed_total
from clusteropt.plan.rule_levels import obeys
from clusteropt.plan.stage_values import stage_values
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Ints
    from clusteropt.model.space import Space
    from clusteropt.solver.refine import Found


def no_money(space: Space) -> Ints:
    """Give the allocation without any money or programme, shape (num_amounts,)."""
    return np.zeros(space.num_amounts, np.int64)


def allows_no_money(space: Space) -> bool:
    """Tell whether no money at all obeys every rule in integers and, for least money, reaches the target."""
    money = no_money(space)
    if not obeys(space, money):
        return False
    if any(row.excess(money) for function in MONEY_RULES for row in function(space)):
        return False
    if space.problem.objective.kind is not ObjectiveKind.LEAST_MONEY:
        return True
    return evaluate(space, money.astype(float)).total >= needed_total(space.problem)


def false_refusal() -> SolverFaultError:
    """Give the error for a claim that no plan obeys the rules where no money at all obeys them."""
    return SolverFaultError(
        Text(
            "HiGHS claims that no plan obeys all rules, but giving nobody any money obeys every one of them: this is "
            "a fault of the program, not of your tables. Solve again with another seed; if it happens twice, please "
            "report it and send the tables along.",
            "HiGHS 称没有方案能同时满足所有规则,但不向任何单元拨款就能满足全部规则:这是程序的故障,不是您的表格有误。"
            "请换一个随机种子重试;若再次发生,请连同表格一起报告。",
        )
    )


def with_nothing(space: Space, stages: list[Found]) -> tuple[list[Found], Ints]:
    """Give the stages of a search with no money at all in place of what it found, and that money."""
    nothing = no_money(space)
    pairs = zip(stages, stage_values(space, nothing), strict=False)
    return [replace(found, value=value, money=nothing.astype(float)) for found, value in pairs], nothing
