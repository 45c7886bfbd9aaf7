"""The certificate of a plan: rules with their slack, inputs with their digests, bounds with their grade."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import pyomo.environ as pyo
import pytest

from clusteropt.errors import ClusteroptError
from clusteropt.inputs import problem_from_tables, read_problem, reading
from clusteropt.inputs.problem import Objective, ObjectiveKind, ResponseFamily, RuleBase, RuleKind, Selection
from clusteropt.model.pyomo_view import to_pyomo
from clusteropt.model.space import make_space
from clusteropt.plan.certificate import Proof, Relaxed, Side
from clusteropt.plan.making import solve
from clusteropt.plan.proving import is_rational
from clusteropt.plan.rule_levels import all_levels
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from clusteropt.report.summary import summary_lines
from tests import naive
from tests.problems import INLINE, QUICK, plain_problem, random_problem, rule, synergy, with_last, with_menus
from tests.small import small_problem, small_tables, write_small_folder

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.problem import Problem


def flows_of(problem: Problem, allocation: naive.Allocation) -> np.ndarray:
    """Put an allocation into the order of the flows."""
    draws = zip(problem.draw_fund.tolist(), problem.draw_cluster.tolist(), problem.draw_lever.tolist(), strict=True)
    years = range(problem.num_years)
    return np.array([allocation.get((*draw, year), 0) for draw in draws for year in years], np.int64)


def test_every_side_of_every_rule_has_a_level_worked_by_hand() -> None:
    """Money 3, 4, 5 in three cells; the last plan gave 6 in all.

    Amount: 3 + 4 = 7 of at least 5 and at most 9. Share: 5 of 12 is at least a third, ceil(12 / 3) = 4. Count: 3 awards
    in at most 3. Change: 12 in the year, at least ceil(1.1 * 6) = 7. Lock: 5, exactly.
    """
    problem = plain_problem([[1.0]] * 3, [[9.0]] * 3, [[20]])
    problem = with_last(problem, [(0, 0, 0, 6)])
    rules = (
        rule(RuleKind.AMOUNT, Selection(clusters=(0, 1)), 5, 9, name="amount"),
        rule(RuleKind.SHARE, Selection(clusters=(2,)), "1/3", name="share"),
        rule(RuleKind.COUNT, Selection(), None, 3, base=RuleBase.AWARDS, name="count"),
        rule(RuleKind.CHANGE, Selection(), "1/10", name="change"),
        rule(RuleKind.LOCK, Selection(clusters=(2,)), 5, 5, name="lock"),
    )
    found = all_levels(make_space(replace(problem, rules=rules)), np.array([3, 4, 5]))
    entries = list(
        zip(found.rule, found.side, found.year.tolist(), found.level.tolist(), found.limit.tolist(), strict=True)
    )
    assert entries == [
        ("amount", Side.MIN, -1, 7, 5),
        ("amount", Side.MAX, -1, 7, 9),
        ("share", Side.MIN, -1, 5, 4),
        ("count", Side.MAX, -1, 3, 3),
        ("change", Side.MIN, 0, 12, 7),
        ("lock", Side.MIN, -1, 5, 5),
        ("lock", Side.MAX, -1, 5, 5),
    ]
    assert found.slack == [2, 2, 1, 0, 5, 0, 0]


@pytest.mark.parametrize("seed", range(60))
def test_slack_is_negative_exactly_where_a_rule_is_broken(seed: int) -> None:
    """For random money within the purses, the oracle and the levels name the same rules; locks by cell are finer."""
    problem = random_problem(seed)
    space = make_space(problem)
    money = np.random.default_rng(seed).integers(0, 4, space.num_flows)
    places = [(int(f), *(int(part[c]) for part in (space.cell_cluster, space.cell_lever, space.cell_year)))
              for f, c in zip(space.flow_fund, space.flow_cell, strict=True)]  # fmt: skip
    allocation = {place: int(amount) for place, amount in zip(places, money, strict=True) if amount}
    broken = set(naive.broken_rules(problem, allocation))
    found = all_levels(space, money)
    negative = {name for name, slack in zip(found.rule, found.slack, strict=True) if slack < 0}
    locks = {r.name for r in problem.rules if r.kind is RuleKind.LOCK}
    names = {r.name for r in problem.rules} - locks
    assert negative & names == broken & names
    assert negative & locks <= broken & locks


def test_a_plan_of_menus_with_gains_is_proved_exactly() -> None:
    """Nothing but rational numbers: the grade is exact; with one logarithm in use it is safe."""
    problem = plain_problem([[1.0], [1.0]], [[100.0], [100.0]], [[12]])
    menus = with_menus(problem, {(c, 0): [(4, 6.0), (10, 9.0)] for c in range(2)})
    assert solve(menus, INLINE).proof is Proof.EXACT
    assert solve(problem, INLINE).proof is Proof.SAFE
    assert solve(replace(problem, family=(ResponseFamily.HYPERBOLIC,)), INLINE).proof is Proof.EXACT
    silent = with_menus(problem, {(0, 0): [(4, 6.0)]})
    assert not is_rational(make_space(silent))
    assert is_rational(make_space(replace(silent, effect=np.array([[1.0], [0.0]]))))


def test_a_plan_says_what_its_bound_prices_within_clusters() -> None:
    """Nothing, synergies, or stocks; the summary has a line where there is something."""
    plain = plain_problem([[1.0, 1.0]], [[10.0, 10.0]], [[8, 8]])
    joined = replace(plain, synergies=(synergy((0, 1), 0.5),))
    kept = replace(plain, depreciation=np.array([0.5, 1.0]))
    for problem, wanted in ((plain, ()), (joined, (Relaxed.SYNERGY,)), (kept, (Relaxed.STOCK,))):
        plan = solve(problem, QUICK)
        assert plan.certificate.relaxed == wanted
        told = [line for line in summary_lines(plan) if "looser" in line]
        assert told == [f"  It is the looser for pricing what holds within clusters and picks: {kind}." for kind in
                        ({Relaxed.SYNERGY: "synergies", Relaxed.STOCK: "stocks"}[kind] for kind in wanted)]  # fmt: skip


def test_equity_by_a_logarithm_is_not_rational() -> None:
    """What regions make of an outcome counts as well."""
    problem = with_menus(plain_problem([[1.0]], [[100.0]], [[12]]), {(0, 0): [(4, 6.0)]})
    log = Objective(ObjectiveKind.EQUITY, equity_scale=3.0)
    assert not is_rational(make_space(replace(problem, objective=log)))
    hyperbolic = replace(log, equity_family=ResponseFamily.HYPERBOLIC)
    assert is_rational(make_space(replace(problem, objective=hyperbolic)))


def test_the_inputs_are_named_by_their_digests(tmp_path: Path) -> None:
    """The digests of the certificate are those of the files written beside the plan, and of all of them."""
    problem = small_problem()
    plan = solve(problem, QUICK)
    write_plan_files(plan, tmp_path / "plan", problem)
    files = sorted((tmp_path / "plan" / "inputs").iterdir())
    assert {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files} == plan.certificate.inputs
    assert {"model.json", "clusters.csv", "rules.csv"} <= set(plan.certificate.inputs)


def test_large_inputs_are_kept_where_that_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of too many rows do not lie beside the plan, and it says so; asked for they do, and it is verified."""
    monkeypatch.setattr(reading, "MOST_KEPT", 3)
    plan = solve(small_problem(), QUICK)
    assert plan.certificate.inputs == {}
    assert reading.NOT_KEPT in plan.notes
    write_small_folder(tmp_path / "tables")
    (tmp_path / "model.toml").write_text("[tables]\nfolder = 'tables'\n", encoding="utf-8")
    for problem in (
        read_problem(tmp_path / "model.toml", keep_inputs=True),
        problem_from_tables(small_tables(), keep_inputs=True),
    ):
        plan = solve(problem, QUICK)
        assert reading.NOT_KEPT not in plan.notes
        write_plan_files(plan, tmp_path / "plan", problem)
        assert check_folder(tmp_path / "plan")[0] == 0


def test_a_problem_made_from_arrays_names_no_inputs() -> None:
    """There is nothing to write, and the certificate says so."""
    assert solve(plain_problem([[1.0]], [[9.0]], [[5]]), QUICK).certificate.inputs == {}


def test_a_view_with_a_row_of_its_own_is_proved_by_the_arrays() -> None:
    """Money of the first cell at most 3: 3 and 9 of 12. The bound is that of the arrays, near the value."""
    problem = plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[12]])
    model = to_pyomo(problem)
    model.mine = pyo.Constraint(expr=model.flow["F0", "C0", "L0", 2025] <= 3)
    plan = solve(model, INLINE)
    assert plan.certificate.own
    assert plan.proof is Proof.KKT
    by_hand = 10 * math.log1p(0.3) + 10 * math.log1p(0.9)
    assert plan.value == pytest.approx(by_hand, rel=1e-12)
    assert plan.value <= plan.safe_bound <= plan.value * (1 + 1e-6)


def test_an_objective_of_ones_own_is_proved_by_the_arrays() -> None:
    """Least money with at least 7 units in the first cell: 7, and the bound says no less will do."""
    problem = plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[12]])
    model = to_pyomo(problem)
    model.mine = pyo.Constraint(expr=model.flow["F0", "C0", "L0", 2025] >= 7)
    model.value.deactivate()
    model.money = pyo.Objective(expr=sum(model.flow.values()) + 2.0, sense=pyo.minimize)
    plan = solve(model, INLINE)
    assert plan.value == pytest.approx(9.0)
    assert plan.safe_bound == pytest.approx(9.0, rel=1e-6)
    assert plan.safe_bound <= plan.value + 1e-9
    assert plan.proof is Proof.KKT


def test_the_second_stage_has_a_bound_of_its_own() -> None:
    """Two regions, 12 units: 6 and 6 for the worst, and then no other plan has the same worst and a larger total."""
    problem = plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[12]], regions=[0, 1])
    problem = replace(problem, objective=Objective(ObjectiveKind.WORST_REGION))
    plan = solve(problem, INLINE)
    worst, total = (proof.bound for proof in plan.certificate.stages)
    assert worst == pytest.approx(10 * math.log1p(0.6), rel=1e-9)
    assert total == pytest.approx(20 * math.log1p(0.6), rel=1e-9)


def test_least_money_is_bounded_by_whole_money() -> None:
    """To reach 10 ln 1.55 from one cell of scale 10 takes 5.5 units: 6 whole ones, and the bound says so."""
    problem = plain_problem([[1.0]], [[10.0]], [[12]])
    objective = Objective(ObjectiveKind.LEAST_MONEY, target=10 * math.log(1.55))
    plan = solve(replace(problem, objective=objective), INLINE)
    assert (plan.value, plan.safe_bound) == (6.0, 6.0)


@pytest.mark.parametrize("seed", range(40))
def test_prices_are_prices(seed: int) -> None:
    """Positive, for purses and rules that are there."""
    problem = random_problem(seed)
    try:
        plan = solve(problem, QUICK)
    except ClusteroptError:
        return
    for stage in plan.certificate.stages:
        multipliers = stage.multipliers
        if multipliers is None:
            continue
        assert (multipliers.purse.price > 0).all()
        assert set(multipliers.purse.years) <= {str(year) for year in problem.labels.years}
        assert (multipliers.rule.price > 0).all()
        assert set(multipliers.rule.rule) <= {r.name for r in problem.rules if r.kind is not RuleKind.LOCK}
        assert (multipliers.synergy.share >= 0).all()
        assert multipliers.target >= 0


def test_a_limit_of_many_decimals_is_rounded_to_the_safe_side() -> None:
    """At most a third of 10 is 3, at least a third is 4."""
    problem = plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[10]])
    third = Fraction(1, 3)
    rules = (rule(RuleKind.SHARE, Selection(clusters=(0,)), third, third, base=RuleBase.FUND,
                  base_selection=Selection(funds=(0,)), name="third"),)  # fmt: skip
    found = all_levels(make_space(replace(problem, rules=rules)), np.array([3, 7]))
    assert found.limit.tolist() == [4, 3]
