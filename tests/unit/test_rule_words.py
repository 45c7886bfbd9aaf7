"""What rules and purses ask, in words: names as printed, exact figures, both languages."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from clusteropt.inputs import read_problem
from clusteropt.inputs.problem import RuleBase, RuleKind, Selection
from clusteropt.plan.rule_words import cell_name, money_words, purse_words, rule_words, share_words, where_words
from tests.problems import random_problem, rule
from tests.small import small_problem

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Rule

WEST = Selection(regions=(0,))
CASES = [
    (rule(RuleKind.AMOUNT, WEST, 12_000_000),
     "rule rule asks at least 1,200.00 (in 10,000 yuan) in west",
     "规则 rule 要求资金 (地区: 西部) 至少 1,200.00 万元"),
    (rule(RuleKind.AMOUNT, Selection(), None, 1),
     "rule rule allows at most 0.0001 (in 10,000 yuan) in all",
     "规则 rule 要求资金总额 至多 0.0001 万元"),
    (rule(RuleKind.AMOUNT, Selection(levers=(0, 1), clusters=(1,), funds=(1,)), 5, 5),
     "rule rule asks exactly 0.0005 (in 10,000 yuan) for Talent and Finance in Drug valley from Western fund",
     "规则 rule 要求资金 (政策工具: 人才、金融; 集群: 药谷; 资金来源: 西部资金) 恰好 0.0005 万元"),
    (rule(RuleKind.AMOUNT, WEST, -10_000, 20_000, base=RuleBase.SELECTION, base_selection=Selection(regions=(1,))),
     "rule rule asks that the money in west less the money in east is at least -1.00 (in 10,000 yuan) and at most 2.00 "
     "(in 10,000 yuan)",
     "规则 rule 要求资金 (地区: 西部) 减去资金 (地区: 东部) 的差额至少 -1.00 万元, 至多 2.00 万元"),
    (rule(RuleKind.SHARE, Selection(levers=(1,)), None, "0.125"),
     "rule rule asks that the money for Finance is at most 12.5% of all money awarded",
     "规则 rule 要求资金 (政策工具: 金融) 占全部已分配资金的比例至多 12.5%"),
    (rule(RuleKind.SHARE, WEST, "1/3", "1/2", base=RuleBase.FUND, base_selection=Selection(funds=(0,))),
     "rule rule asks that the money in west is at least 1/3 and at most 50% of what National fund holds",
     "规则 rule 要求资金 (地区: 西部) 占国家资金额度的比例至少 1/3, 至多 50%"),
    (rule(RuleKind.SHARE, WEST, "0.1", base=RuleBase.SELECTION, base_selection=Selection(levers=(0,))),
     "rule rule asks that the money in west is at least 10% of the money for Talent",
     "规则 rule 要求资金 (地区: 西部) 占资金 (政策工具: 人才) 的比例至少 10%"),
    (rule(RuleKind.COUNT, WEST, 2, 3, base=RuleBase.AWARDS),
     "rule rule asks at least 2 and at most 3 awards in west",
     "规则 rule 要求至少 2, 至多 3 项拨款 (地区: 西部)"),
    (rule(RuleKind.COUNT, Selection(), 1, base=RuleBase.CLUSTERS),
     "rule rule asks at least 1 cluster with an award",
     "规则 rule 要求至少 1 个集群得到拨款"),
    (rule(RuleKind.COUNT, Selection(funds=(0,)), None, 4, base=RuleBase.AWARDS),
     "rule rule allows at most 4 draws from National fund",
     "规则 rule 要求至多 4 项支取 (资金来源: 国家资金)"),
    (rule(RuleKind.CHANGE, Selection(industries=(0,), paths=(0,)), "-0.1", "0.05"),
     "rule rule asks that the money in the industry panels on the path Anchor-led changes by at least -10% and at "
     "most +5% against the 0.00 (in 10,000 yuan) of the last plan",
     "规则 rule 要求资金 (产业: panels; 创新路径: 巨头引入型) 相对上期 0.00 万元 的变动至少 -10%, 至多 +5%"),
    (rule(RuleKind.LOCK, Selection(clusters=(0,), levers=(0,)), 600_000, 600_000),
     "rule rule locks every award for Talent in Display park at exactly 60.00 (in 10,000 yuan)",
     "规则 rule 将每项拨款 (政策工具: 人才; 集群: 显示园) 锁定为 60.00 万元"),
    (rule(RuleKind.LOCK, Selection(clusters=(0,)), 0, 0),
     "rule rule allows no award in Display park",
     "规则 rule 不允许任何拨款 (集群: 显示园)"),
    (rule(RuleKind.LOCK, Selection(funds=(1,))),
     "rule rule locks every draw from Western fund at what the last plan gave",
     "规则 rule 将每项支取 (资金来源: 西部资金) 锁定为上期金额"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "english", "chinese"), CASES, ids=range(len(CASES)))
def test_a_rule_in_words(asked: Rule, english: str, chinese: str) -> None:
    """Every kind, base and side of a rule has its sentence."""
    said = rule_words(small_problem(), asked)
    assert (said.en, said.zh) == (english, chinese)


def test_a_purse_in_words() -> None:
    """The fund as printed, the year, and all decimals of the amount."""
    said = purse_words(small_problem(), 1, 0)
    assert said.en == "purse Western fund 2025 holds 300.0001 (in 10,000 yuan)"
    assert said.zh == "西部资金 2025 年的额度为 300.0001 万元"


def test_money_and_shares_are_exact() -> None:
    """No digit is lost or made up."""
    problem = small_problem()
    assert money_words(problem, -10_001).en == "-1.0001 (in 10,000 yuan)"
    assert money_words(problem, 10**18).zh == "100,000,000,000,000.00 万元"
    assert share_words(Fraction("0.123456789")) == "12.3456789%"
    assert share_words(Fraction(-1, 8)) == "-12.5%"
    assert share_words(Fraction(2, 7)) == "2/7"
    assert share_words(Fraction(12)) == "1,200%"


def test_years_and_long_lists_are_named() -> None:
    """With several years a rule says that they count together; of many names the first five are written."""
    problem = read_problem("national66")
    said = where_words(problem, Selection(regions=tuple(range(9))))
    assert said.en.endswith(" and 4 more")
    assert said.zh.endswith(" 等 9 个)")
    years = next(p for p in map(random_problem, range(50)) if p.num_years == 3)
    amount = rule(RuleKind.AMOUNT, Selection(), 1)
    assert rule_words(years, amount).en.endswith("in all, all its years together")
    one = rule(RuleKind.AMOUNT, Selection(years=(1,)), 1)
    assert rule_words(years, one).en.endswith("in 2026")
    assert cell_name(years, 0, 0, 2).en == "L0 in C0 in 2027"
    assert cell_name(problem, 0, 0, 0) == cell_name(problem, 0, 0)


@pytest.mark.parametrize("seed", range(60))
def test_every_random_rule_has_words(seed: int) -> None:
    """Whatever a rule is about, both languages name it and say something."""
    problem = random_problem(seed)
    for one in problem.rules:
        said = rule_words(problem, one)
        assert said.en.startswith(f"rule {one.name} ")
        assert said.zh.startswith(f"规则 {one.name} ")
        assert "  " not in said.en + said.zh
        assert not said.en.endswith(" ")
