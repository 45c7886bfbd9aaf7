"""The summary of a plan."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from clusteropt.inputs.problem import Objective, ObjectiveKind
from clusteropt.plan.certificate import Proof
from clusteropt.plan.plan import Stage, Unspent, UnspentReason
from clusteropt.report.summary import summary_lines
from clusteropt.solver.claim import Limit
from clusteropt.text import Language, Text
from tests.unit.test_report_plan import make_certificate, make_huge_plan, make_plan

ENGLISH = """\
A small plan
Objective           Value   Safe bound   Safe gap   Claimed bound   Claimed gap
  Total outcome   1,234.5      1,234.5    8.1e-08         1,234.5       4.1e-08
  The safe bound rests on multipliers, rounded outwards (grade safe); HiGHS 1.16.0 claims the other.
  Searched by HiGHS alone, as there are fewer than 400 clusters.
  Solved in 0.3 s.
Money, in 10,000 yuan
  Held 6,000.00   Awarded 5,345.68   Unspent 654.32
  unspent 654.32 of National fund 2025: rules stand in the way (talent_cap)
Lever          Money   Share   Value
  Talent    4,345.68   81.3%   1,154
  Finance   1,000.00   18.7%    80.5
Region         Money   Share   Outcome
  Anhui     3,000.00   56.1%     580.5
  Beijing   2,345.68   43.9%       654
Largest awards       Lever   Year      Money
  =1+1              Talent   2025   2,345.68
  Hefei displays    Talent   2025   2,000.00
  Wuhu, robots     Finance   2025   1,000.00
  Hefei displays   Finance   2025       0.00
Without optimising      Value   Plan gives more by   Had to move
  Pro rata by size      1,000               +23.4%        123.46
  As in the last plan       0                    ∞          0.00
Notes
  - Straight pieces may be off the curves by 0.00012 somewhere; value and bound hold on the curves.
  - Rounding to whole yuan cost 1.5e-07.
  - cells: 2 of 4 rows are proxies."""

CHINESE = """\
小型方案
目标        目标值    可靠界   可靠差距    声称界   声称差距
  总产出   1,234.5   1,234.5    8.1e-08   1,234.5    4.1e-08
  可靠界依据: 经保守舍入的乘子运算 (等级 safe); 声称界来自 HiGHS 1.16.0。
  求解方式: 仅用 HiGHS, 因集群少于 400 个。
  用时 0.3 秒。
资金 (单位: 万元)
  额度 6,000.00   已分配 5,345.68   未分配 654.32
  国家资金 2025 年未分配 654.32: 受规则限制 (talent_cap)
政策工具       资金    占比   目标值
  人才     4,345.68   81.3%    1,154
  金融     1,000.00   18.7%     80.5
地区         资金    占比    产出
  安徽   3,000.00   56.1%   580.5
  北京   2,345.68   43.9%     654
最大拨款         政策工具   年份       资金
  =1+1               人才   2025   2,345.68
  合肥新型显示       人才   2025   2,000.00
  芜湖机器人         金融   2025   1,000.00
  合肥新型显示       金融   2025       0.00
不作优化时     目标值   方案多出   须调整
  按规模比例    1,000     +23.4%   123.46
  沿用上期          0          ∞     0.00
说明
  - 分段直线与曲线在别处至多相差 0.00012; 目标值和界均按曲线计算。
  - 取整到元的损失为 1.5e-07。
  - cells: 4 行中有 2 行为代理指标。"""


def english(plan: object) -> str:
    """Write the English summary as one text."""
    return "\n".join(summary_lines(plan))  # type: ignore[arg-type]


def test_the_summary_in_english() -> None:
    """The whole summary, sign by sign."""
    assert english(make_plan()) == ENGLISH


def test_the_summary_in_chinese() -> None:
    """The whole summary, sign by sign; Chinese signs take two columns."""
    assert "\n".join(summary_lines(make_plan(), Language.ZH)) == CHINESE


def test_large_amounts_are_printed_exactly() -> None:
    """An amount above 2**53 keeps its last digits."""
    assert "900,719,925,474.10" in english(make_huge_plan())


def test_a_limit_is_said_plainly() -> None:
    """A plan that a limit ended says so, and that a better one may exist."""
    plan = make_plan()
    stopped = dataclasses.replace(plan, record=dataclasses.replace(plan.record, limit=Limit.TIME))
    assert "Stopped by the time limit after 0.3 s: a better plan may exist" in english(stopped)


def test_without_a_bound_the_bound_is_infinite() -> None:
    """A bound of which nothing is known is printed as infinite, for money as well."""
    for kind in (ObjectiveKind.TOTAL, ObjectiveKind.LEAST_MONEY):
        plan = dataclasses.replace(make_plan(), stages=(Stage(kind, 5.0, float("inf")),))
        assert "∞" in summary_lines(plan)[2]


def test_least_money_is_printed_as_money() -> None:
    """Value and bound of the least money are amounts in the printed unit."""
    objective = Objective(ObjectiveKind.LEAST_MONEY, target=1200.0)
    stages = (Stage(ObjectiveKind.LEAST_MONEY, 53_456_794.0, 53_456_000.25),)
    plan = dataclasses.replace(make_plan(), objective=objective, stages=stages, rounding_loss=12_000.0)
    text = english(plan)
    assert " 5,345.60       1.5e-05" in text.splitlines()[2]
    assert "cost 1.20." in text


def test_every_objective_of_a_plan_is_shown() -> None:
    """A plan with two objectives has a line for each."""
    stages = (Stage(ObjectiveKind.WORST_REGION, 580.5, 581.0), Stage(ObjectiveKind.TOTAL, 1234.5, 1235.0))
    certificate = make_certificate()
    twice = dataclasses.replace(certificate, stages=certificate.stages * 2)
    lines = summary_lines(dataclasses.replace(make_plan(), stages=stages, certificate=twice))
    assert [line.split("  ")[1] for line in lines[2:4]] == ["Outcome of the worst region", "Total outcome"]


@pytest.mark.parametrize("proof", list(Proof))
def test_every_grade_of_proof_has_words(proof: Proof) -> None:
    """No brace is left, whatever stands behind the bound."""
    text = english(dataclasses.replace(make_plan(), certificate=make_certificate(proof)))
    assert "The safe bound rests on " in text
    assert "{" not in text


def test_many_regions_and_purses_are_cut_with_a_sum() -> None:
    """The regions with the most money are shown, the others summed; so are the purses with money left."""
    plan = make_plan()
    names = tuple(Text(f"R{number}", f"R{number}") for number in range(12))
    labels = dataclasses.replace(plan.labels, regions=tuple(name.en for name in names), region_names=names)
    unspent = tuple(Unspent(0, 0, 10_000 * number, UnspentReason.GAP, ()) for number in range(1, 7))
    cut = dataclasses.replace(plan, labels=labels, region_outcome=np.ones(12), unspent=unspent)
    text = english(cut)
    assert "6 more" in text
    assert "unspent 6.00 in 3 more purses" in text
    assert "unspent 6.00 of National fund 2025: the search ended before placing it" in text


def test_without_comparison_the_summary_says_so() -> None:
    """A plan that was not compared is not praised."""
    assert "No comparison was made." in english(dataclasses.replace(make_plan(), baselines=()))
