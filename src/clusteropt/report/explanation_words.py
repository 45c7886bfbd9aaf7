"""Every word of an explanation, in both languages; braces stand for what is filled in."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from clusteropt.explanation.bracket import Way
from clusteropt.explanation.explanation import Stop
from clusteropt.explanation.programme_reasons import Standing
from clusteropt.plan.certificate import Proof, Side
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

WAYS: Mapping[Way, Text] = MappingProxyType(
    {
        Way.PLAN: Text("this plan", "本方案"),
        Way.FREE: Text("cannot be less", "不会更少"),
        Way.KEPT: Text("choices kept", "保持选择"),
        Way.SOLVED: Text("solved again", "重新求解"),
        Way.PRICES: Text("prices", "价格"),
        Way.UNKNOWN: Text("not known", "未知"),
    }
)

PROOFS: Mapping[Proof, Text] = MappingProxyType(
    {
        Proof.EXACT: Text("exact", "精确"),
        Proof.SAFE: Text("safe", "保守"),
        Proof.KKT: Text("conditions", "条件"),
        Proof.CLAIMED: Text("claimed", "声称"),
    }
)

SIDES: Mapping[Side, Text] = MappingProxyType({Side.MIN: Text("at least", "至少"), Side.MAX: Text("at most", "至多")})

STOPS: Mapping[Stop, Text] = MappingProxyType(
    {
        Stop.MOST: Text("it has the most it may get", "已达到最大拨款"),
        Stop.RULE: Text("stopped by {rules}", "受 {rules} 限制"),
        Stop.WORTH: Text("more would bring less than it costs", "再增加的收益低于其代价"),
        Stop.NO_GAIN: Text("more would bring nothing", "再增加不会带来产出"),
        Stop.LEAST: Text("its purses have less left than the least award", "可用余额低于最小拨款"),
        Stop.MENU: Text("its purses have less left than the next level", "可用余额不足以升到下一档"),
        Stop.PURSE: Text("its purses have nothing left", "可用资金已用完"),
        Stop.GAP: Text("the search ended before placing it", "求解在分配完之前结束"),
    }
)

TITLE = Text("Why this plan: {title}", "为何是这个方案: {title}")
STANDING = Text(
    "The plan is worth {value}; no plan can be worth more than {bound} ({proof}).",
    "本方案的目标值为 {value}; 任何方案都不会超过 {bound} ({proof})。",
)
STANDING_LEAST = Text(
    "The plan takes {value}; no plan can take less than {bound} ({proof}).",
    "本方案用款 {value}; 任何方案都不会少于 {bound} ({proof})。",
)

WORTH_HEAD = Text("More money, worth per {unit}", "增加资金, 每{unit}的价值")
SAVED_HEAD = Text("More money, money saved by one more", "增加资金, 每一单位所节省的资金")
STEP = Text("Step", "增加")
LOW = Text("At least", "至少")
HIGH = Text("At most", "至多")
BY = Text("Found by", "依据")
FOUND = Text("{ways} ({proof})", "{ways} ({proof})")
PURSE_NAME = Text("{fund} {year}", "{fund} {year} 年")
MORE_PURSES = Text("{count} more purses, worth at most {high}", "其余 {count} 笔年度资金的价值至多为 {high}")

RULES_HEAD = Text("Rules, and what they cost", "规则及其代价")
RULE_SIDE = Text("{rule}, {side}", "{rule}, {side}")
RULE_SIDE_YEAR = Text("{rule}, {side}, {year}", "{rule}, {side}, {year} 年")
LEVEL = Text("Level", "实际")
LIMIT = Text("Limit", "要求")
SLACK = Text("Slack", "余量")

CELL = Text("{name}: {amount}", "{name}: {amount}")
LEVER_YEAR = Text("{lever} {year}", "{lever} {year} 年")
NOTHING = Text("nothing", "无")
LAST = Text("the last step brings {last} per {unit}", "最后一步每{unit}带来 {last}")
NEXT = Text("the next step would bring {next} per {unit}", "下一步每{unit}将带来 {next}")
PRICE = Text("it costs {price}: {parts}", "代价为 {price}: {parts}")
PURSE_PART = Text("purse {price}", "年度资金 {price}")
RULE_PART = Text("{rule} {price}", "{rule} {price}")
WHY = Text("not more: {stop}", "未能更多: {stop}")
NEXT_LEVEL = Text("{level} would pay", "{level} 要合算")
FACTOR = Text("{level} if its coefficient were {factor} times as large", "{level}, 系数需为现在的 {factor} 倍")
MONEY = Text("or if {money} of it came from elsewhere", "或其中 {money} 由别处承担")
PAYS = Text("{level} at these prices", "{level}: 按此价格已合算")
FORCED = Text("with {level} now, the plan loses {low} to {high}", "若现在给予 {level}, 方案损失 {low} 至 {high}")
NO_FORCED = Text("no plan gives it that now", "现在没有方案能给予该数额")
INCOMPLETE = Text(
    "Stopped before everything was solved: an end that is not known is shown as {infinite}. Allow more time.",
    "在全部求解完成之前结束: 未知的一端显示为 {infinite}。请增加时间。",
)

PROGRAMMES = Text("Programmes", "项目")
COSTS, BRINGS = Text("Costs", "费用"), Text("Brings", "带来")
ELSEWHERE, STANDS = Text("Its money elsewhere", "资金用于别处"), Text("Standing", "状态")
STANDINGS: Mapping[Standing, Text] = MappingProxyType(
    {
        Standing.TAKEN: Text("taken", "已选"),
        Standing.WORTH: Text("its money brings as much elsewhere", "资金用于别处所得不少于此"),
        Standing.CONDITION: Text("not beside what is taken", "与已选项目的条件不符"),
        Standing.PURSE: Text("the purses cannot pay it as well", "年度资金不足以同时支付"),
        Standing.OPEN: Text("the search ended before trying it", "求解在尝试之前结束"),
    }
)
