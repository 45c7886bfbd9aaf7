"""Why there is no plan, said from what the solver claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusteropt.errors import InfeasibleError, NoIncumbentError, NoPlanError, SolverFaultError, UnboundedError
from clusteropt.solver.claim import Limit, Reason
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats
    from clusteropt.solver.claim import Claim
    from clusteropt.solver.program import Program

FAULT_TOLERANCE = 1e-5
"""A point that breaks a row by more than this, relative to the row, is a fault of the solver."""


def no_plan(claim: Claim) -> NoPlanError | KeyboardInterrupt:
    """Give the error that says why a claim has no incumbent; after Ctrl-C there is nothing to explain."""
    said = claim.detail
    if claim.limit is Limit.INTERRUPT:
        return KeyboardInterrupt()
    if claim.reason is Reason.INFEASIBLE or claim.reason is Reason.INFEASIBLE_OR_UNBOUNDED:
        return InfeasibleError(
            Text(
                f"No plan obeys all rules (HiGHS claims: {said}). Loosen a floor, a lock or a count, or add money.",
                f"没有方案能同时满足所有规则(HiGHS 称:{said})。请放宽下限、锁定或数量规则,或增加资金。",
            )
        )
    if claim.reason is Reason.UNBOUNDED:
        return UnboundedError(
            Text(
                f"The value has no limit (HiGHS claims: {said}). A constraint of your own is missing.",
                f"目标值无上界(HiGHS 称:{said})。缺少约束。",
            )
        )
    if claim.reason is Reason.NO_SOLUTION:
        return NoIncumbentError(
            Text(
                f"The {claim.limit} limit came before the first incumbent, so there is no plan. Allow more time.",
                f"在找到第一个可行方案之前已达到限制({claim.limit}),因此没有方案。请增加时间。",
            )
        )
    return SolverFaultError(
        Text(
            f"HiGHS failed (status: {said}). Solve again with another seed; if it happens twice, please report it.",
            f"HiGHS 求解失败(状态:{said})。请换一个随机种子重试;若再次发生,请报告。",
        )
    )


def check_point(program: Program, x: Floats) -> None:
    """Raise `SolverFaultError` if a point breaks its own program."""
    worst = program.violation(x)
    if worst > FAULT_TOLERANCE:
        raise SolverFaultError(
            Text(
                f"HiGHS returned a point that breaks its own model by {worst:.1e}. Solve again with another seed.",
                f"HiGHS 返回的解违反其自身模型 {worst:.1e}。请换一个随机种子重试。",
            )
        )
