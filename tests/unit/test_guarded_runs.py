"""Every program runs under the guard: wrong claims do no harm while plans are rounded, proved, compared, diagnosed."""

from __future__ import annotations

import ast
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from clusteropt.diagnosis.diagnosis import diagnose
from clusteropt.errors import InfeasibleError, SolverFaultWarning
from clusteropt.explanation.alternatives import alternatives
from clusteropt.inputs.problem import ObjectiveKind, RuleKind, Selection
from clusteropt.model.pyomo_view import to_pyomo
from clusteropt.plan.baselines import compare
from clusteropt.plan.making import solve
from clusteropt.solver.claim import Reason
from clusteropt.solver.fault import FaultKind, Remedy
from tests.bent import bend, nothing
from tests.differential import sign_of
from tests.problems import INLINE, QUICK, plain_problem, random_problem, rule
from tests.unit.test_layers import MODULES, name_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from clusteropt.inputs.problem import Problem
    from clusteropt.solver.claim import Claim

    Change = Callable[[Claim, dict[str, Any]], Claim]

MAY_RUN = {
    "solver/canary.py": {"run"},
    "solver/guard.py": {"self._runner.run"},
    "solver/runner.py": {"highs.run", "self._child.run"},
    "solver/worker.py": {"run"},
}
"""Who may run a program, and how: the guard, and what it stands on."""


def two_purses() -> Problem:
    """Three clusters with odd numbers, two purses and a share in exact thirds: the floors break it."""
    problem = plain_problem([[1.0], [1.3], [0.7]], [[700.0], [300.0], [500.0]], [[1001], [500]])
    return replace(problem, rules=(rule(RuleKind.SHARE, Selection(clusters=(0,)), "1/3", None),))


def crowded() -> Problem:
    """Two floors of 6 on a purse of 10: one of them, or the purse, has to give way."""
    problem = plain_problem([[1.0], [1.0]], [[10.0], [10.0]], [[10]])
    floors = [rule(RuleKind.AMOUNT, Selection(clusters=(c,)), 6, None, name=f"floor{c}") for c in (0, 1)]
    return replace(problem, rules=tuple(floors))


def deny(step: str) -> Change:
    """Call every program of a step infeasible as long as presolve is on."""
    return lambda claim, run: nothing() if run["step"] == step and run["presolve"] == "on" else claim


def push(step: str) -> Change:
    """Move every point of a step far away as long as presolve is on."""

    def change(claim: Claim, run: dict[str, Any]) -> Claim:
        lies = run["step"] == step and run["presolve"] == "on" and claim.x is not None
        return replace(claim, x=claim.x + 1e6) if lies else claim

    return change


def fail(step: str) -> Change:
    """Let every run of a step end in an error, however it is run."""
    return lambda claim, run: nothing(Reason.ERROR, detail="Solve error") if run["step"] == step else claim


def test_only_the_guard_runs_programs() -> None:
    """No other module calls HiGHS, a child or a runner."""
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        ending = ("highs.run", "runner.run", "child.run")
        found = {name for name in called if name == "run" or name.endswith(ending)}
        assert found <= MAY_RUN.get(name_of(path), set()), name_of(path)


def test_no_run_goes_past_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked of the package, each program that HiGHS gets is that of a task of the guard."""
    runs = bend(monkeypatch, lambda claim, _: claim)
    problem = two_purses()
    plan = compare(problem, solve(problem, QUICK), QUICK)
    alternatives(problem, plan, 1)
    diagnose(crowded(), INLINE)
    assert {run["step"] for run in runs} - {"relaxation", "polish"} == {
        "search", "rounding", "multipliers", "baseline", "trial",
    }  # fmt: skip


@pytest.mark.parametrize(("lie", "kind"), [(deny, FaultKind.FALSE_INFEASIBLE), (push, FaultKind.BROKEN_POINT)])
def test_a_lie_about_whole_amounts_does_not_cost_the_plan(
    monkeypatch: pytest.MonkeyPatch, lie: Callable[[str], Change], kind: FaultKind
) -> None:
    """The plan is that of the honest solver, and its record says what was caught."""
    honest = solve(two_purses(), QUICK)
    runs = bend(monkeypatch, lie("rounding"))
    with pytest.warns(SolverFaultWarning, match="rounding"):
        plan = solve(two_purses(), QUICK)
    assert any(run["step"] == "rounding" for run in runs)
    assert plan.awards.amount.tolist() == honest.awards.amount.tolist()
    assert {(fault.kind, fault.step, fault.remedy) for fault in plan.record.faults} == {
        (kind, "rounding", Remedy.NO_PRESOLVE)
    }


def test_a_relaxation_that_cannot_be_had_does_not_cost_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search goes on without it, to the same plan, and the fault is told."""
    problem = replace(two_purses(), least=np.array([[300], [200], [400]]))
    honest = solve(problem, QUICK)
    runs = bend(monkeypatch, fail("relaxation"))
    with pytest.warns(SolverFaultWarning, match="relaxation"):
        plan = solve(problem, QUICK)
    assert any(run["step"] == "relaxation" for run in runs)
    assert plan.value == pytest.approx(honest.value, rel=1e-6)
    assert {(fault.kind, fault.step, fault.remedy) for fault in plan.record.faults} == {
        (FaultKind.ERROR, "relaxation", None)
    }


def test_a_lie_about_own_limits_on_outcomes_does_not_cost_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole amounts are put back into the model of the caller under the guard."""

    def bounded() -> Any:
        model = to_pyomo(replace(two_purses(), rules=()))
        model.modest = pyo.Constraint(expr=model.outcome["C0", "L0", 2025] >= 10.0)
        return model

    pyo = pytest.importorskip("pyomo.environ")
    honest = solve(bounded(), QUICK)
    bend(monkeypatch, deny("rounding"))
    with pytest.warns(SolverFaultWarning, match="rounding"):
        assert solve(bounded(), QUICK).value == honest.value


@pytest.mark.parametrize("lie", [deny, push])
def test_a_lie_about_other_sharings_leaves_none_out(
    monkeypatch: pytest.MonkeyPatch, lie: Callable[[str], Change]
) -> None:
    """The comparison is that of the honest solver; the fault stands in the record and in the notes of the plan."""
    problem = two_purses()
    plan = solve(problem, QUICK)
    honest = compare(problem, plan, QUICK)
    bend(monkeypatch, lie("baseline"))
    with pytest.warns(SolverFaultWarning, match="baseline"):
        found = compare(problem, plan, QUICK)
    assert [(one.kind, one.moved) for one in found.baselines] == [(one.kind, one.moved) for one in honest.baselines]
    assert {fault.step for fault in found.record.faults} == {"baseline"}
    assert any("baseline" in note.en and "基准方案" in note.zh for note in found.notes)


@pytest.mark.parametrize("lie", [deny, push])
def test_a_lie_does_not_make_rules_conflict(monkeypatch: pytest.MonkeyPatch, lie: Callable[[str], Change]) -> None:
    """A problem with a plan keeps it, and the diagnosis tells of the fault in both languages."""
    bend(monkeypatch, lie("trial"))
    with pytest.warns(SolverFaultWarning, match="trial"):
        found = diagnose(two_purses(), INLINE)
    assert found.feasible is True
    assert {fault.step for fault in found.faults} == {"trial"}
    assert "(step trial)" in found.text.en
    assert "试解" in found.text.zh


@pytest.mark.parametrize("lie", [deny, push])
def test_a_lie_changes_no_conflict_and_no_repair(monkeypatch: pytest.MonkeyPatch, lie: Callable[[str], Change]) -> None:
    """Two floors of 6 and a purse of 10 conflict, each can be spared, and each repair is as small as before."""
    honest = diagnose(crowded(), INLINE)
    bend(monkeypatch, lie("trial"))
    with pytest.warns(SolverFaultWarning, match="trial"):
        found = diagnose(crowded(), INLINE)
    assert [one.names for one in honest.conflicts] == [("rule floor0 min", "rule floor1 min", "purse F0 2025")]
    assert [(one.names, one.complete, one.confirmed) for one in found.conflicts] == [
        (one.names, one.complete, one.confirmed) for one in honest.conflicts
    ]
    assert [(one.words, one.cost, one.shown) for one in found.repairs] == [
        (one.words, one.cost, one.shown) for one in honest.repairs
    ]


def test_where_every_trial_fails_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that no run settles is no "there is no plan": the diagnosis says that it does not know, and why."""
    bend(monkeypatch, fail("trial"))
    with pytest.warns(SolverFaultWarning, match="No other run settled it"):
        found = diagnose(crowded(), INLINE)
    assert (found.feasible, found.conflicts, found.repairs) == (None, (), ())
    assert "Solve error" in str(found)


def test_a_failure_while_multipliers_are_sought_costs_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without duals the prices that are known without them prove something, and the plan is the same."""
    honest = solve(two_purses(), QUICK)
    bend(monkeypatch, fail("multipliers"))
    with pytest.warns(SolverFaultWarning, match="multipliers"):
        plan = solve(two_purses(), QUICK)
    assert plan.awards.amount.tolist() == honest.awards.amount.tolist()
    assert plan.value <= honest.safe_bound <= plan.safe_bound


@pytest.mark.parametrize("kind", list(ObjectiveKind))
@pytest.mark.parametrize("seed", range(3))
def test_no_multipliers_prove_too_much(monkeypatch: pytest.MonkeyPatch, seed: int, kind: ObjectiveKind) -> None:
    """Duals and prices may be anything: the bound is arithmetic, so at most it is weak, and NaN proves nothing."""
    problem = random_problem(seed, objective=kind)
    try:
        honest = solve(problem, INLINE)
    except InfeasibleError:
        return
    dice = np.random.default_rng(seed)

    def change(claim: Claim, run: dict[str, Any]) -> Claim:
        if run["step"] != "multipliers" or claim.x is None or claim.dual is None:
            return claim
        wild = dice.choice([np.nan, np.inf, -1e300, -1.0, 0.0, 1.0, 1e6], len(claim.dual))
        return replace(claim, dual=claim.dual + dice.choice([np.zeros(len(wild)), dice.normal(size=len(wild)), wild]))

    bend(monkeypatch, change)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SolverFaultWarning)
        plan = solve(problem, INLINE)
    assert plan.value == pytest.approx(honest.value, rel=1e-9)
    assert sign_of(problem) * (plan.safe_bound - honest.value) >= -1e-9 * abs(honest.value)
