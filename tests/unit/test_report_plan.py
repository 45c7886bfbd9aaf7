"""A small plan made by hand, for the tests of the reports."""

from __future__ import annotations

import dataclasses

import numpy as np

from clusteropt.inputs.options import SolveOptions
from clusteropt.inputs.problem import Labels, Money, Objective, ObjectiveKind
from clusteropt.plan.cash import CashFlow
from clusteropt.plan.certificate import Certificate, Proof, RuleLevels, Side, StageProof
from clusteropt.plan.engine import EngineReason, choice_for
from clusteropt.plan.plan import (
    Awards,
    Baseline,
    BaselineKind,
    CellOutcomes,
    Plan,
    SolveRecord,
    Stage,
    Unspent,
    UnspentReason,
)
from clusteropt.plan.taken import Moves, Promises, TakenProgrammes
from clusteropt.solver.claim import HighsOptions, Reason, SolverRun
from clusteropt.text import Text


def make_labels() -> Labels:
    """Name three clusters in two regions, with one name that a spreadsheet would run."""
    return Labels(
        clusters=("hefei", "=beijing", "wuhu"),
        cluster_names=(
            Text("Hefei displays", "合肥新型显示"),
            Text("=1+1", "=1+1"),
            Text("Wuhu, robots", "芜湖机器人"),
        ),
        regions=("anhui", "beijing"),
        region_names=(Text("Anhui", "安徽"), Text("Beijing", "北京")),
        industries=("electronics", "robots"),
        industry_names=(Text("Electronics", "电子"), Text("Robots", "机器人")),
        paths=("anchor_led", "indigenous"),
        path_names=(Text("Anchor-led", "巨头引入型"), Text("Indigenous", "自主创新型")),
        levers=("talent", "finance"),
        lever_names=(Text("Talent", "人才"), Text("Finance", "金融")),
        funds=("nation", "anhui"),
        fund_names=(Text("National fund", "国家资金"), Text("Anhui fund", "安徽资金")),
        years=(2025,),
    )


def make_baselines() -> tuple[Baseline, ...]:
    """Compare with two ways of sharing."""
    return (
        Baseline(BaselineKind.PRO_RATA, 1000.0, 1000.0, 50_000_000, 1_234_567, 0.2345),
        Baseline(BaselineKind.LAST_PLAN, 0.0, 0.0, 0, 0, float("inf")),
    )


def make_record() -> SolveRecord:
    """Record one run that ended at the gap asked for."""
    options = HighsOptions(time_limit=60.0)
    choice = choice_for(EngineReason.FEW, 400)
    run = SolverRun("search", 12, 30, 4, Reason.OPTIMAL, 0.25, 3, 1234.5, options)
    return SolveRecord("HiGHS", "1.16.0", "0.1.0", "3.11.7", SolveOptions(), choice, 0.31, None, (run,))


def make_certificate(proof: Proof = Proof.SAFE) -> Certificate:
    """Certify one rule and one bound."""
    none, one = np.array([-1]), np.array([53_456_794])
    rules = RuleLevels(("talent_cap",), (Side.MAX,), none, one, one + 206, np.zeros(1), np.zeros(1))
    bound = float("inf") if proof is Proof.CLAIMED else 1234.5001
    return Certificate({"clusters.csv": "cd" * 32}, False, rules, (StageProof(bound, proof, None),))


def make_plan() -> Plan:
    """Make a plan of four awards."""
    cluster, lever, amount = (
        np.array([0, 0, 1, 2]),
        np.array([0, 1, 0, 1]),
        np.array([20_000_000, 5, 23_456_789, 10**7]),
    )
    year, fund = np.zeros(4, np.int64), np.array([0, 1, 0, 1])
    return Plan(
        name="small",
        title=Text("A small plan", "小型方案"),
        money=Money(),
        labels=make_labels(),
        region_of=np.array([0, 1, 0]),
        industry_of=np.array([0, 0, 1]),
        path_of=np.array([0, 1, 0]),
        objective=Objective(),
        stages=(Stage(ObjectiveKind.TOTAL, 1234.5, 1234.50005),),
        certificate=make_certificate(),
        awards=Awards(cluster, lever, year, fund, amount),
        cells=CellOutcomes(
            cluster, lever, year, amount, np.array([500.0, 0.5, 600, 80]), np.array([500.0, 0.5, 654, 80])
        ),
        synergy=np.zeros(3),
        region_outcome=np.array([580.5, 654.0]),
        total_outcome=1234.5,
        purse=np.array([[50_000_000], [10_000_005]]),
        leverage=np.zeros(len(make_labels().levers)),
        cash=CashFlow(*(np.zeros((2, 1), np.int64),) * 4, np.array([[6_543_211], [0]]), np.zeros((2, 1), np.int64)),
        promises=Promises((), (), *(np.zeros(0, np.int64),) * 3),
        moves=Moves(*(np.zeros(0, np.int64),) * 3),
        programmes=TakenProgrammes((), (), (), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)),
        unspent=(Unspent(0, 0, 6_543_211, UnspentReason.RULE, ("talent_cap",)),),
        rounding_loss=1.5e-7,
        pieces_error=0.00012,
        baselines=make_baselines(),
        notes=(Text("cells: 2 of 4 rows are proxies.", "cells: 4 行中有 2 行为代理指标。"),),
        digests={"clusters": "ab" * 32},
        record=make_record(),
    )


def make_huge_plan() -> Plan:
    """Make the same plan with one award far above 2**53."""
    plan = make_plan()
    amount = np.array([9_007_199_254_740_993, 5, 23_456_789, 10**7])
    awards, cells = dataclasses.replace(plan.awards, amount=amount), dataclasses.replace(plan.cells, amount=amount)
    purse = np.array([[9_007_199_254_740_993 + 30_000_000], [10_000_005]])
    return dataclasses.replace(plan, awards=awards, cells=cells, purse=purse)


def test_the_plan_made_by_hand_agrees_with_itself() -> None:
    """Held money is awarded or left, and cells hold what is awarded."""
    plan = make_plan()
    left = sum(unspent.amount for unspent in plan.unspent)
    assert plan.money_total + left == int(plan.purse.sum())
    assert int(plan.cells.amount.sum()) == plan.money_total
