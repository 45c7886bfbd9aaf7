"""A diagnosis in a planner's words, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusteropt.diagnosis.members import MemberKind
from clusteropt.inputs.problem import ObjectiveKind, RuleKind
from clusteropt.plan.rule_words import money_words, share_words
from clusteropt.solver.claim import Limit
from clusteropt.solver.guard import fault_notes
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.diagnosis.diagnosis import Conflict, Diagnosis
    from clusteropt.diagnosis.members import Member
    from clusteropt.diagnosis.repairs import Repair
    from clusteropt.inputs.problem import Problem

EXISTS = Text(
    "A plan exists: whole amounts that obey every rule were found and checked.",
    "存在可行方案: 已找到并核对满足所有规则的整数金额。",
)
UNKNOWN = Text(
    "Whether a plan exists was not found out. Allow more time.",
    "未能确定是否存在可行方案。请增加时间。",
)
CLAIMED = Text("No plan obeys all rules, as HiGHS claims.", "HiGHS 称: 没有方案能同时满足所有规则。")
CLAIMED_TWICE = Text(
    "No plan obeys all rules, as HiGHS claims twice: the second time without presolve and with another seed.",
    "HiGHS 两次 (第二次关闭预处理并更换随机种子) 均称: 没有方案能同时满足所有规则。",
)
TOGETHER = Text("These cannot stand together:", "以下各项不能同时成立:")
ALONE = Text("This cannot be met, whatever else is given up:", "即使放弃其他所有要求, 以下一项也无法满足:")
NEEDED = Text(
    "  None can be spared: without any one of them the others can stand together.",
    "  缺一不可: 去掉其中任何一项, 其余各项即可同时成立。",
)
UNFINISHED = Text(
    "  The set may hold more than it must: the search for a smaller one was cut short.",
    "  此组合可能多于必要: 缩小组合的搜索提前结束。",
)
DOUBTED = Text(
    "  A second run of HiGHS did not confirm this; take the set as a hint.",
    "  HiGHS 的第二次求解未予证实; 此组合仅供参考。",
)
NO_CONFLICT = Text(
    "What cannot stand together was not found out. Allow more time.", "未能找出哪些要求不能同时成立。请增加时间。"
)
HELPS = Text("What helps, cheapest first (each alone is enough):", "可行的修改, 由小到大 (任选其一即可):")
SMALLER = Text(" A smaller change of it may be enough.", "更小的改动或许已足够。")
NO_REPAIR = Text("No repair was found in the time given.", "在给定时间内未找到修改办法。")
CUT = Text("The time limit came before everything was tried.", "尚未尝试全部办法即已达到时间限制。")
STOPPED = Text("It was interrupted before everything was tried.", "尚未尝试全部办法即被中断。")


def diagnosis_lines(diagnosis: Diagnosis) -> list[Text]:
    """Say what a diagnosis found, one text a line."""
    if diagnosis.feasible is not False:
        return [EXISTS if diagnosis.feasible else UNKNOWN, *fault_notes(diagnosis.faults)]
    lines = [CLAIMED_TWICE if diagnosis.confirmed else CLAIMED]
    for number, conflict in enumerate(diagnosis.conflicts, 1):
        lines += _conflict(conflict, number, len(diagnosis.conflicts))
    lines += [] if diagnosis.conflicts else [NO_CONFLICT]
    lines += [HELPS] if diagnosis.repairs else [NO_REPAIR]
    for number, repair in enumerate(diagnosis.repairs, 1):
        lines.append(_repair(diagnosis, repair, number))
    if diagnosis.limit is not None:
        lines.append(STOPPED if diagnosis.limit is Limit.INTERRUPT else CUT)
    return lines + list(fault_notes(diagnosis.faults))


def _conflict(conflict: Conflict, number: int, count: int) -> Iterator[Text]:
    head = TOGETHER if len(conflict.members) != 1 else ALONE
    yield head if count == 1 else Text(f"Conflict {number} of {count}. {head.en}", f"冲突 {number}/{count}: {head.zh}")
    for words in conflict.words:
        yield Text(f"  - {words.en}", f"  - {words.zh}")
    if not conflict.complete:
        yield UNFINISHED
    elif len(conflict.members) > 1:
        yield NEEDED
    if not conflict.confirmed:
        yield DOUBTED


def _repair(diagnosis: Diagnosis, repair: Repair, number: int) -> Text:
    moved, shown = _moved(diagnosis.problem, repair), _shown(diagnosis, repair)
    unsure = SMALLER if len(repair.amendments) == 1 and not repair.least else Text("", "")
    return Text(
        f"  {number}. {repair.words.en}; this {moved.en}. {shown.en}{unsure.en}",
        f"  {number}. {repair.words.zh}; {moved.zh}。{shown.zh}{unsure.zh}",
    )


def _moved(problem: Problem, repair: Repair) -> Text:
    """Say what a repair moves: money, or what counts as money, and points of share."""
    money = money_words(problem, repair.cost)
    counted = all(_is_counted(problem, amendment.member) for amendment in repair.amendments)
    english, chinese = ("counts as moving", "相当于变动") if counted else ("moves", "变动")
    english, chinese = f"{english} {money.en}", f"{chinese} {money.zh}"
    if repair.points is None:
        return Text(english, chinese)
    points = share_words(repair.points).removesuffix("%")
    return Text(f"{english}, and {points} points of share", f"{chinese}, 比例变动 {points} 个百分点")


def _is_counted(problem: Problem, member: Member) -> bool:
    if member.kind in (MemberKind.MINIMUM, MemberKind.MAXIMUM):
        return problem.rules[member.place[0]].kind is RuleKind.COUNT
    return member.kind is MemberKind.TARGET


def _shown(diagnosis: Diagnosis, repair: Repair) -> Text:
    """Say what was seen of a repair: a plan, and what it is worth."""
    if not repair.shown:
        return Text("Not tried: the time was over.", "尚未验证: 时间已到。")
    if diagnosis.problem.objective.kind is ObjectiveKind.LEAST_MONEY:
        money = money_words(diagnosis.problem, round(repair.value))
        return Text(f"Tried: a plan exists that takes {money.en}.", f"已验证: 存在使用 {money.zh} 的方案。")
    return Text(
        f"Tried: a plan exists, worth {repair.value:,.6g} or more.",
        f"已验证: 存在可行方案, 目标值至少 {repair.value:,.6g}。",
    )
