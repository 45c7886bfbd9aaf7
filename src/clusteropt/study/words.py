"""A re-plan in a planner's words, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusteropt.inputs.check import money_text
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clusteropt.study.replan import Replan

MOST_LISTED = 20
"""So many moves are listed, the largest first; what is left is told in one line."""
REASONS = {
    "spent_less": Text("the cluster was paid less than planned", "该集群实际拨款少于计划"),
    "spent_more": Text("the cluster was paid more than planned", "该集群实际拨款多于计划"),
    "purse": Text("the purse holds another amount now", "年度资金的可用金额已变"),
    "other": Text("money went where it brings more", "资金转向产出更高之处"),
    "none": Text("nothing moved", "未变动"),
}


def replan_lines(replan: Replan) -> list[Text]:
    """Say what was paid, what moved and why, one text a line."""
    return [*_closed(replan), *_moved(replan), *(Text(f"- {note.en}", f"- {note.zh}") for note in replan.notes)]


def _closed(replan: Replan) -> Iterator[Text]:
    years, money = ", ".join(map(str, replan.closed)), replan.problem.money
    planned, paid = (money_text(int(replan.actual[column].sum()), money) for column in ("planned", "paid"))
    yield Text(
        f"Closed: {years}. Planned {planned.en}, paid {paid.en}.",
        f"已结束: {years}。计划 {planned.zh}, 实际 {paid.zh}。",
    )
    seen = replan.actual[replan.actual["outcome"].notna()]
    if len(seen):
        told, hoped = seen["outcome"].sum(), seen["planned_outcome"].sum()
        yield Text(
            f"Outcomes seen: {told:.6g}; planned there: {hoped:.6g}. They change no coefficient.",
            f"实际产出: {told:.6g}; 相应计划产出: {hoped:.6g}。系数不因此改变。",
        )


def _moved(replan: Replan) -> Iterator[Text]:
    frame, money = replan.moved, replan.problem.money
    change = (frame["after"] - frame["before"]).abs()
    moved = frame[change > 0].assign(change=change[change > 0])
    before, after, total = (
        money_text(int(part.sum()), money) for part in (frame["before"], frame["after"], moved["change"])
    )
    years = ", ".join(map(str, replan.problem.labels.years))
    yield Text(
        f"Open: {years}. Awarded {after.en}, before {before.en}; {len(moved)} of {len(frame)} awards changed, "
        f"by {total.en} in all.",
        f"剩余: {years}。拨款 {after.zh}, 原为 {before.zh}; {len(frame)} 项中有 {len(moved)} 项变动, 合计 {total.zh}。",
    )
    ordered = moved.sort_values("change", ascending=False, kind="stable")
    listed = ordered.head(MOST_LISTED)
    columns = (listed[name].tolist() for name in ("cluster", "lever", "year", "before", "after", "reason"))
    for cluster, lever, year, was, now, reason in zip(*columns, strict=True):
        old, new, why = money_text(was, money), money_text(now, money), REASONS[reason]
        yield Text(
            f"  {cluster}, {lever}, {year}: {old.en} -> {new.en}; {why.en}",
            f"  {cluster}, {lever}, {year}: {old.zh} -> {new.zh}; {why.zh}",
        )
    if len(ordered) > MOST_LISTED:
        more = len(ordered) - MOST_LISTED
        yield Text(f"  and {more} more.", f"  另有 {more} 项。")
