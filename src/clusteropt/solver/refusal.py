"""Why there is no plan, said from what the solver claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusteropt.errors import InfeasibleError, NoIncumbentError, NoPlanError, SolverFaultError, UnboundedError
from clusteropt.solver.claim import Limit, Reason
from clusteropt.text import Text

if TYPE_CHECKING:
    from clusteropt.solver.claim import Claim
    from clusteropt.solver.fault import SolverFault


def no_plan(claim: Claim, fault: SolverFault | None = None) -> NoPlanError | KeyboardInterrupt:
    """Give the error that says why a claim has no incumbent; after Ctrl-C there is nothing to explain.

    ``fault`` is what was caught last; it explains a claim that is an error.
    """
    said = claim.detail
    if claim.limit is Limit.INTERRUPT:
        return KeyboardInterrupt()
    if claim.reason is Reason.INFEASIBLE or claim.reason is Reason.INFEASIBLE_OR_UNBOUNDED:
        return InfeasibleError(
            Text(
                f"No plan obeys all rules (HiGHS claims: {said}). Loosen a floor, a lock or a count, or add money; "
                "diagnose(problem) finds out which, and the smallest change that helps.",
                f"没有方案能同时满足所有规则(HiGHS 称:{said})。请放宽下限、锁定或数量规则,或增加资金;"
                "diagnose(problem) 可找出具体是哪些要求, 以及最小的修改。",
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
    what = (
        Text(f"HiGHS failed (status: {said}).", f"HiGHS 求解失败(状态:{said})。")
        if fault is None
        else fault.note("HiGHS")
    )
    return SolverFaultError(
        Text(
            f"{what.en} Solve again with another seed; if it happens twice, please report it.",
            f"{what.zh}请换一个随机种子重试;若再次发生,请报告。",
        )
    )
