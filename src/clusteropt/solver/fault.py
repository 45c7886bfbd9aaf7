"""Faults of a solver: what was caught, what was done about it, and how a planner is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from clusteropt.text import Text


class FaultKind(StrEnum):
    """What a solver did that cannot be right."""

    ERROR = "error"
    BROKEN_POINT = "broken_point"
    WRONG_VALUE = "wrong_value"
    FALSE_INFEASIBLE = "false_infeasible"
    FALSE_BOUND = "false_bound"
    OPEN_OPTIMUM = "open_optimum"
    CANARY = "canary"


class Remedy(StrEnum):
    """What was done about a fault."""

    FIRST_RUN = "first_run"
    NO_START = "no_start"
    NO_PRESOLVE = "no_presolve"
    OTHER_SEED = "other_seed"
    SOLVED_AGAIN = "solved_again"
    AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class SolverFault:
    """One fault of the solver, as the plan records it.

    Parameters
    ----------
    kind : FaultKind
        What was wrong.
    step : str
        The step of the solve; ``canary`` before it, ``plan`` after it.
    size : float
        How wrong, relative to what it should be; 0 where a number says nothing.
    detail : str
        The status in the solver's own words, or the names of canaries.
    remedy : Remedy or None
        The run whose claim stood; None if none did.
    reproducer : str or None
        The name of the file that holds a small program with the fault; None if there is none.
    """

    kind: FaultKind
    step: str
    size: float
    detail: str
    remedy: Remedy | None
    reproducer: str | None = None

    def note(self, solver: str) -> Text:
        """Say what was caught and what was done; ``solver`` is its name and version."""
        parts = [_WHAT[self.kind], _DONE[self.remedy]]
        words = {"solver": solver, "size": f"{self.size:.1e}", "detail": self.detail}
        if self.reproducer is not None:
            parts.append(_KEPT)
            words["file"] = self.reproducer
        step = _STEPS.get(self.step, Text(self.step, self.step))
        en = " ".join(part.en.format(step=step.en, **words) for part in parts)
        zh = "".join(part.zh.format(step=step.zh, **words) for part in parts)
        return Text(en, zh)


_STEPS = {
    "relaxation": Text("relaxation", "松弛"),
    "search": Text("search", "搜索"),
    "core": Text("core", "核心"),
    "polish": Text("polish", "打磨"),
    "rounding": Text("rounding", "取整"),
    "multipliers": Text("multipliers", "乘子"),
    "trial": Text("trial", "试解"),
    "baseline": Text("baseline", "基准方案"),
    "plan": Text("plan", "方案"),
}
_WHAT = {
    FaultKind.ERROR: Text(
        "{solver} failed in the step {step} ({detail}).",
        "{solver} 在步骤 {step} 中求解失败({detail})。",
    ),
    FaultKind.BROKEN_POINT: Text(
        "{solver} returned a point that breaks its own model by {size} (step {step}).",
        "{solver} 返回的解违反其自身模型 {size}(步骤 {step})。",
    ),
    FaultKind.WRONG_VALUE: Text(
        "{solver} claimed a value that is off by {size} from that of its own point (step {step}).",
        "{solver} 声称的目标值与其自身的解相差 {size}(步骤 {step})。",
    ),
    FaultKind.FALSE_INFEASIBLE: Text(
        "{solver} called a model infeasible of which a feasible point is at hand (step {step}).",
        "{solver} 声称模型不可行,但已有可行解(步骤 {step})。",
    ),
    FaultKind.FALSE_BOUND: Text(
        "{solver} claimed a bound that is {size} below a value at hand (step {step}).",
        "{solver} 声称的界比已有的目标值低 {size}(步骤 {step})。",
    ),
    FaultKind.OPEN_OPTIMUM: Text(
        "{solver} called a point optimal that is {size} from its own bound (step {step}).",
        "{solver} 声称某解最优,但它与自身的界相差 {size}(步骤 {step})。",
    ),
    FaultKind.CANARY: Text(
        "{solver} solves models with known answers wrongly: {detail}.",
        "{solver} 对答案已知的模型求解错误:{detail}。",
    ),
}
_DONE = {
    None: Text("No other run settled it.", "其他求解方式也未能解决。"),
    Remedy.FIRST_RUN: Text("The claim of the first run stands.", "以第一次求解的结果为准。"),
    Remedy.NO_START: Text("It was run again without its start.", "已去掉初始解重新求解。"),
    Remedy.NO_PRESOLVE: Text("It was run again without presolve.", "已关闭预处理重新求解。"),
    Remedy.OTHER_SEED: Text(
        "It was run again without presolve and with another seed.", "已关闭预处理并更换随机种子重新求解。"
    ),
    Remedy.SOLVED_AGAIN: Text(
        "The first solve was thrown away; this plan was solved without presolve.",
        "第一次求解已作废;本方案在关闭预处理后求得。",
    ),
    Remedy.AGREEMENT: Text(
        "So every program was run without presolve, and again with another seed; the weaker bound counts.",
        "因此每个规划都在关闭预处理后求解,并更换随机种子再次求解,取较弱的界。",
    ),
}
_KEPT = Text("A small program with this fault is kept as {file}.", "重现该错误的小规模规划保存为 {file}。")
