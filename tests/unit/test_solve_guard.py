"""Faults of the solver: each is seen, run another way, told, and recorded."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from clusteropt.errors import FalseBoundError, SolverCrashError, SolverFaultError, SolverFaultWarning
from clusteropt.inputs.options import Isolation
from clusteropt.plan.making import solve
from clusteropt.plan.saving import plan_from_json, plan_to_json
from clusteropt.solver import highs
from clusteropt.solver.claim import Claim, Limit, Reason
from clusteropt.solver.fault import FaultKind, Remedy, SolverFault
from clusteropt.solver.guard import Guard, Guarded, agreed, fault_notes
from clusteropt.solver.hearing import Hearing, Task
from clusteropt.solver.judging import Held, judge
from clusteropt.solver.runner import Runner
from clusteropt.text import Language, Text
from tests.bent import BEST, INF, OPTIONS, Told, bend, knapsack, lower_bound, nothing, optimal, program
from tests.problems import QUICK, hard_problem, plain_problem

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.filterwarnings("error::clusteropt.errors.SolverFaultWarning")

CRASH = SolverCrashError(Text("gone", "没了"), -11)
SECOND = [1.0, 1.0, 0.0]
"""A feasible point of the knapsack worth 9."""
LATE = replace(optimal(), reason=Reason.FEASIBLE, limit=Limit.TIME, bound=12.0)
"""The optimum at a time limit, with its bound still open."""
LIES: dict[FaultKind, Callable[[Claim], Claim]] = {
    FaultKind.ERROR: lambda claim: nothing(Reason.ERROR, detail="Solve error"),
    FaultKind.BROKEN_POINT: lambda claim: replace(claim, x=claim.x + 50.0),
    FaultKind.WRONG_VALUE: lambda claim: replace(claim, value=claim.value * (1 - 1e-6)),
    FaultKind.FALSE_INFEASIBLE: lambda claim: nothing(),
    FaultKind.FALSE_BOUND: lambda claim: lower_bound(claim, 0.05),
    FaultKind.OPEN_OPTIMUM: lambda claim: replace(claim, x=np.zeros_like(claim.x), value=0.0),
}


def run_guarded(runner: Told, task: Task | None = None, seconds: float = 20.0) -> tuple[Guarded, list[SolverFault]]:
    """Run a task, by default the knapsack, under a guard that makes no reproducers; give what came and was caught."""
    guard = Guard(runner, -INF)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SolverFaultWarning)
        with guard:
            found = guard.run(task or Task("search", knapsack()), OPTIONS, time.monotonic() + seconds)
    return found, list(guard.faults)


def test_the_knapsack_is_as_worked_by_hand() -> None:
    """What the tests below hold is what HiGHS finds, and nothing is wrong with it."""
    claim = highs.run(knapsack(), OPTIONS)
    assert claim.x is not None
    assert np.round(claim.x).tolist() == BEST.tolist()
    assert judge(knapsack(), OPTIONS, claim, Held(BEST, 10.0)) is None


@pytest.mark.parametrize(
    ("claim", "held", "kind", "size"),
    [
        (nothing(Reason.ERROR), Held(), FaultKind.ERROR, 0.0),
        (optimal([1, 1, 1]), Held(), FaultKind.BROKEN_POINT, 4 / 8),
        (optimal([0.75, 0, 1]), Held(), FaultKind.BROKEN_POINT, 0.25),
        (optimal([2, 0, 0]), Held(), FaultKind.BROKEN_POINT, 1.0),
        (optimal([np.nan, 0, 1]), Held(), FaultKind.BROKEN_POINT, INF),
        (replace(optimal(), x=BEST[:2]), Held(), FaultKind.BROKEN_POINT, INF),
        (optimal(value=9.0), Held(), FaultKind.WRONG_VALUE, 0.1),
        (nothing(), Held(BEST, 10.0), FaultKind.FALSE_INFEASIBLE, 0.0),
        (nothing(Reason.INFEASIBLE_OR_UNBOUNDED), Held(BEST, 10.0), FaultKind.FALSE_INFEASIBLE, 0.0),
        (optimal(bound=9.0), Held(), FaultKind.FALSE_BOUND, 0.1),
        (optimal(SECOND, bound=9.0), Held(None, 10.0), FaultKind.FALSE_BOUND, 0.1),
        (replace(LATE, bound=8.0), Held(), FaultKind.FALSE_BOUND, 0.2),
        (optimal(SECOND, bound=10.0), Held(), FaultKind.OPEN_OPTIMUM, 0.1),
    ],
)
def test_what_cannot_be_right_is_seen(claim: Claim, held: Held, kind: FaultKind, size: float) -> None:
    """Every kind of fault, with its size worked by hand on the knapsack."""
    found = judge(knapsack(), OPTIONS, claim, held)
    assert found is not None
    assert (found.kind, found.size) == (kind, pytest.approx(size))


@pytest.mark.parametrize(
    ("claim", "held"),
    [
        (optimal(), Held(BEST, 10.0)),
        (optimal(SECOND, bound=9.0), Held()),
        (optimal(bound=10.0 * (1 - 5e-7)), Held()),
        (optimal(value=10.0 + 1e-10), Held()),
        (replace(optimal(), x=BEST + 1e-7, value=float(knapsack().cost @ (BEST + 1e-7))), Held()),
        (nothing(), Held(None, 10.0)),
        (nothing(Reason.NO_SOLUTION, Limit.TIME), Held(BEST, 10.0)),
        (LATE, Held()),
    ],
)
def test_what_may_be_right_is_left_alone(claim: Claim, held: Held) -> None:
    """Tolerances, limits, and what only more knowledge would refute are no faults."""
    assert judge(knapsack(), OPTIONS, claim, held) is None


def test_infeasible_or_unbounded_is_no_fault_where_it_may_be_unbounded() -> None:
    """A point at hand does not contradict "infeasible or unbounded" if the columns have no limit."""
    endless = program([[1, -1]], ([-INF], [0], [0, 0], [INF, INF]), [1, 0], [0, 0])
    assert judge(endless, OPTIONS, nothing(Reason.INFEASIBLE_OR_UNBOUNDED), Held(np.zeros(2), 0.0)) is None


def test_a_sound_claim_is_run_once() -> None:
    """Where nothing is wrong nothing is run again."""
    runner = Told(optimal())
    found, faults = run_guarded(runner)
    assert (found.claim.value, found.claim.bound, found.stopped, faults) == (10.0, 10.0, None, [])
    assert runner.asked == [(False, "on", 0)]


@pytest.mark.parametrize(
    ("lie", "kind"),
    [
        (nothing(Reason.ERROR), FaultKind.ERROR),
        (CRASH, FaultKind.ERROR),
        (optimal([1, 1, 1]), FaultKind.BROKEN_POINT),
        (optimal(bound=9.0), FaultKind.FALSE_BOUND),
    ],
)
def test_a_fault_is_run_without_presolve_and_then_with_another_seed(lie: Claim | Exception, kind: FaultKind) -> None:
    """The first rung that gives a sound claim ends it, and the record says which it was."""
    for rung, remedy in enumerate((Remedy.NO_PRESOLVE, Remedy.OTHER_SEED), start=1):
        runner = Told(*[lie] * rung, optimal())
        found, faults = run_guarded(runner, Task("search", knapsack(), start=BEST))
        assert (found.claim.value, found.claim.bound) == (10.0, 10.0)
        assert runner.asked == [(True, "on", 0), (False, "off", 0), (False, "off", 1)][: rung + 1]
        assert [(fault.kind, fault.remedy) for fault in faults] == [(kind, remedy)] * rung
        assert len(found.runs) == rung + 1


@pytest.mark.parametrize("lie", [optimal(SECOND, bound=10.0), optimal(SECOND, bound=10.0, value=8.0)])
def test_a_fault_of_starts_is_run_without_its_start_first(lie: Claim) -> None:
    """Starts have been seen to be called optimal, and to get the value of another point: so first without, then on."""
    runner = Told(lie)
    found, faults = run_guarded(runner, Task("search", knapsack(), start=BEST))
    assert runner.asked == [(True, "on", 0), (False, "on", 0), (False, "off", 0), (False, "off", 1)]
    assert (found.claim.value, found.claim.bound) == (9.0, 10.0)
    assert {fault.remedy for fault in faults} == {None}
    runner = Told(lie, optimal())
    found, faults = run_guarded(runner, Task("search", knapsack(), start=BEST))
    assert [fault.remedy for fault in faults] == [Remedy.NO_START]


def test_a_value_that_highs_takes_from_another_point_is_caught() -> None:
    """Least 300 a + 300 b with a / 4 = 3 c / 4 + d and c + d <= 1, from the start b = 1, c = d = 0: nothing, at 0.

    HiGHS 1.16.0 says so, but with the point b = 1, which costs 300. Whatever the version, what stands is the optimum.
    """
    start = np.array([np.nan, 1.0, 0.0, 0.0])
    asked = program([[0.25, 0, -0.75, -1], [0, 0, 1, 1]], ([0, -INF], [0, 1], [0] * 4, [4, 1, 1, 1]),
                    [-300, -300, 0, 0], [1] * 4)  # fmt: skip
    guard = Guard(Runner(Isolation.INLINE), -INF)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SolverFaultWarning)
        with guard:
            found = guard.run(Task("search", asked, start=start), OPTIONS, time.monotonic() + 20.0).claim
    assert found.x is not None
    assert (abs(found.value), abs(found.bound)) == (0.0, 0.0)
    assert float(asked.cost @ found.x) == 0.0
    assert {fault.kind for fault in guard.faults} <= {FaultKind.WRONG_VALUE, FaultKind.OPEN_OPTIMUM}
    if highs.version() == "1.16.0":
        assert [fault.remedy for fault in guard.faults] == [Remedy.NO_START]


def test_what_was_tried_already_is_not_tried_again() -> None:
    """With presolve off from the start and no start, only the seed is left."""
    runner, guard = Told(nothing(Reason.ERROR)), None
    guard = Guard(runner, -INF)  # type: ignore[arg-type]
    with pytest.warns(SolverFaultWarning), guard:
        guard.run(Task("search", knapsack()), OPTIONS.without_presolve(), time.monotonic() + 20.0)
    assert runner.asked == [(False, "off", 0), (False, "off", 1)]


def test_infeasible_while_a_point_is_held_is_run_again() -> None:
    """The point must keep the solver's own tolerance: then no way of saying "infeasible" is believed."""
    runner = Told(nothing(), optimal())
    found, faults = run_guarded(runner, Task("search", knapsack(), held=Held(BEST)))
    assert found.claim.reason is Reason.OPTIMAL
    assert [(fault.kind, fault.remedy) for fault in faults] == [(FaultKind.FALSE_INFEASIBLE, Remedy.NO_PRESOLVE)]
    for held in (BEST + 1e-6, np.array([1.0, np.nan, 1.0]), np.ones(3)):
        runner = Told(nothing())
        found, faults = run_guarded(runner, Task("polish", knapsack(), held=Held(held)))
        assert (found.claim.reason, faults, len(runner.asked)) == (Reason.INFEASIBLE, [], 1)


def test_infeasible_to_the_end_while_a_point_is_held_is_an_error() -> None:
    """It does not become "the rules cannot stand together"."""
    found, faults = run_guarded(Told(nothing()), Task("search", knapsack(), held=Held(BEST)))
    assert found.claim.reason is Reason.ERROR
    assert {fault.remedy for fault in faults} == {None}


def test_a_quick_infeasible_of_the_whole_program_gets_a_second_opinion() -> None:
    """Presolve has been seen to call feasible programs infeasible; the point of the other run then proves it wrong."""
    runner = Told(nothing(), optimal())
    found, faults = run_guarded(runner, Task("search", knapsack(), entire=True))
    assert (found.claim.value, found.claim.bound) == (10.0, 10.0)
    assert [(fault.kind, fault.remedy) for fault in faults] == [(FaultKind.FALSE_INFEASIBLE, Remedy.NO_PRESOLVE)]
    runner = Told(nothing())
    found, faults = run_guarded(runner, Task("search", knapsack(), entire=True))
    assert (found.claim.reason, faults, len(runner.asked)) == (Reason.INFEASIBLE, [], 2)


def test_a_second_opinion_may_not_take_all_the_time() -> None:
    """It gets ten times the time of the first and a second; if that is not enough the first claim stands alone."""
    quick = replace(nothing(), seconds=0.25)
    runner = Told(quick, nothing(Reason.NO_SOLUTION, Limit.TIME))
    found, faults = run_guarded(runner, Task("search", knapsack(), entire=True), seconds=1000.0)
    assert runner.seconds[1] == pytest.approx(10 * 0.25 + 1.0)
    assert (found.claim.reason, found.stopped, faults) == (Reason.INFEASIBLE, None, [])
    runner = Told(replace(quick, seconds=1.5))
    run_guarded(runner, Task("search", knapsack(), entire=True))
    assert len(runner.asked) == 1


def test_an_optimum_far_below_the_relaxation_gets_a_second_opinion() -> None:
    """Of the two the better point and the weaker bound count; what the second point refutes is a fault."""
    far = optimal(SECOND, bound=9.0)
    runner = Told(far, optimal())
    found, faults = run_guarded(runner, Task("search", knapsack(), ceiling=11.0))
    assert (found.claim.value, found.claim.bound) == (10.0, 10.0)
    assert [(fault.kind, fault.size) for fault in faults] == [(FaultKind.FALSE_BOUND, pytest.approx(0.1))]
    runner = Told(optimal(), optimal(bound=10.0 * (1 + 1e-7)))
    found, faults = run_guarded(runner, Task("search", knapsack(), ceiling=11.0))
    assert (found.claim.bound, faults) == (10.0 * (1 + 1e-7), [])
    for ceiling in (10.05, INF):
        runner = Told(optimal())
        run_guarded(runner, Task("search", knapsack(), ceiling=ceiling))
        assert len(runner.asked) == 1


def test_the_first_run_stands_where_the_second_is_the_one_that_is_wrong() -> None:
    """A second opinion that denies the point at hand is the fault, and the record says so."""
    found, faults = run_guarded(Told(optimal(), nothing()), Task("search", knapsack(), ceiling=11.0))
    assert (found.claim.value, found.claim.bound) == (10.0, 10.0)
    assert [(fault.kind, fault.remedy) for fault in faults] == [(FaultKind.FALSE_INFEASIBLE, Remedy.FIRST_RUN)]


def test_a_good_point_of_a_bad_claim_is_kept() -> None:
    """The point re-computes although the bound is false: it counts with the bound of another run."""
    found, _ = run_guarded(Told(optimal(bound=9.0), optimal(SECOND, bound=11.0)))
    assert (found.claim.value, found.claim.reason) == (10.0, Reason.OPTIMAL)
    assert found.claim.bound == 11.0
    assert found.claim.x is not None
    assert found.claim.x.tolist() == BEST.tolist()


def test_a_false_bound_that_nothing_settles_is_passed_on_to_be_seen() -> None:
    """The weakest of the false bounds stays below the value, and `agreed` refuses it in the end."""
    found, _ = run_guarded(Told(optimal(bound=8.0), optimal(bound=9.0), optimal(bound=7.0)))
    assert (found.claim.value, found.claim.bound) == (10.0, 9.0)
    with pytest.raises(FalseBoundError) as caught:
        agreed(found.claim.value, found.claim.bound)
    assert caught.value.size == pytest.approx(0.1)


def test_a_bound_within_tolerances_is_agreed() -> None:
    """A bound above stays; one below by tolerances alone is raised to the value."""
    assert agreed(10.0, 11.0) == 11.0
    assert agreed(10.0, 10.0 * (1 - 1e-7)) == 10.0


def test_a_point_that_no_claim_explains_has_no_bound() -> None:
    """Where the only sound claim denies a point that breaks nothing by much, the point stands, but not its bound."""
    near = BEST + 1e-6
    held = replace(optimal(near), value=0.0)
    found, _ = run_guarded(Told(held, nothing()))
    assert found.claim.value == pytest.approx(float(knapsack().cost @ near))
    assert found.claim.bound == INF


def test_an_error_that_stays_is_an_error_with_its_words() -> None:
    """Three ways, three crashes: no point, and what the process ended with."""
    found, faults = run_guarded(Told(CRASH))
    assert (found.claim.reason, found.claim.x) == (Reason.ERROR, None)
    assert "-11" in faults[-1].detail


def test_a_limit_ends_the_ladder() -> None:
    """A time limit or Ctrl-C in the second run leaves no time for a third; the point of the first is kept."""
    for limit in (Limit.TIME, Limit.INTERRUPT):
        runner = Told(optimal(bound=9.0), nothing(Reason.NO_SOLUTION, limit))
        found, _ = run_guarded(runner)
        assert len(runner.asked) == 2
        assert (found.claim.value, found.claim.limit, found.stopped) == (10.0, limit, limit)
        runner = Told(optimal([1, 1, 1]), nothing(Reason.NO_SOLUTION, limit))
        assert run_guarded(runner)[0].claim.limit is limit


def test_a_broken_point_at_a_limit_is_no_point() -> None:
    """What breaks the program is not returned only because the time is over."""
    late = Claim(Reason.FEASIBLE, Limit.TIME, np.ones(3), 15.0, 16.0)
    found, faults = run_guarded(Told(late))
    assert (found.claim.reason, found.claim.limit, found.claim.x) == (Reason.NO_SOLUTION, Limit.TIME, None)
    assert [fault.kind for fault in faults] == [FaultKind.BROKEN_POINT]


def test_no_run_begins_after_the_deadline() -> None:
    """A fault seen when the time is over is told, but not run again."""
    runner = Told(optimal(bound=9.0))
    run_guarded(runner, seconds=0.0)
    assert len(runner.asked) == 1
    assert runner.seconds == [pytest.approx(0.05)]


def test_a_fault_at_the_deadline_is_a_limit_and_before_it_an_error() -> None:
    """Where there is no time to ask again, nothing is known because time ran out; with time, all ways were tried."""
    failed = Claim(Reason.ERROR, None, None, -INF, INF, detail="Not Set")
    for seconds, reason, limit in ((0.0, Reason.NO_SOLUTION, Limit.TIME), (20.0, Reason.ERROR, None)):
        found, faults = run_guarded(Told(*[failed] * 4), seconds=seconds)
        assert (found.claim.reason, found.claim.limit, found.stopped, found.claim.x) == (reason, limit, limit, None)
        assert {fault.kind for fault in faults} == {FaultKind.ERROR}


def test_slow_judging_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all ways were tried in time, an error stays one, however long it takes to say what was wrong."""
    told = Hearing.findings

    def slowly(hearing: Hearing) -> Any:
        time.sleep(0.6)
        return told(hearing)

    monkeypatch.setattr(Hearing, "findings", slowly)
    found, _ = run_guarded(Told(*[Claim(Reason.ERROR, None, None, -INF, INF)] * 4), seconds=0.5)
    assert (found.claim.reason, found.claim.limit, found.stopped) == (Reason.ERROR, None, None)


def test_other_errors_pass_through() -> None:
    """What HiGHS cannot be given is no fault of its claims: no remedy is tried."""
    runner = Told(SolverFaultError(Text("not finite", "非有限")))
    with pytest.raises(SolverFaultError, match="not finite"):
        run_guarded(runner)
    assert len(runner.asked) == 1


def test_one_warning_a_kind_and_nothing_without_a_fault() -> None:
    """Three faults of two kinds are two warnings; both languages can be read from them."""
    guard = Guard(Told(optimal(bound=9.0), optimal(bound=9.0), optimal(value=9.0)), -INF)  # type: ignore[arg-type]
    with pytest.warns(SolverFaultWarning) as told, guard:
        guard.run(Task("search", knapsack()), OPTIONS, time.monotonic() + 20.0)
    assert len(told) == 2
    first = told[0].message
    assert isinstance(first, SolverFaultWarning)
    assert first.read(Language.EN) == str(first)
    assert highs.version() in first.read(Language.ZH)
    assert first.read(Language.ZH) != first.read(Language.EN)
    with Guard(Told(optimal()), -INF) as quiet:  # type: ignore[arg-type]
        quiet.run(Task("search", knapsack()), OPTIONS, time.monotonic() + 20.0)


@pytest.mark.parametrize("kind", list(FaultKind))
@pytest.mark.parametrize("remedy", [None, *Remedy])
def test_every_fault_can_be_told(kind: FaultKind, remedy: Remedy | None) -> None:
    """No kind and no remedy is without its words, and the name of a reproducer is among them."""
    (note,) = fault_notes((SolverFault(kind, "search", 0.5, "status", remedy, "small.mps"),))
    for words in (note.en, note.zh):
        assert "small.mps" in words
        assert "{" not in words


@pytest.mark.parametrize("kind", list(LIES))
def test_a_lie_in_a_solve_is_remedied_told_and_recorded(monkeypatch: pytest.MonkeyPatch, kind: FaultKind) -> None:
    """The first search lies: the plan is that of an honest solve, the fault stands in its record and in its notes."""
    problem = hard_problem(6)
    honest = solve(problem, QUICK)
    told: list[int] = []

    def change(claim: Claim, run: dict[str, Any]) -> Claim:
        if not run["whole"] or told:
            return claim
        told.append(run["number"])
        return LIES[kind](claim)

    bend(monkeypatch, change)
    with pytest.warns(SolverFaultWarning, match=highs.version()):
        plan = solve(problem, QUICK)
    assert plan.value == pytest.approx(honest.value, rel=1e-6)
    assert plan.bound == pytest.approx(honest.bound, rel=1e-6)
    assert [fault.kind for fault in plan.record.faults] == [kind]
    assert plan.record.faults[0].remedy is not None
    assert set(fault_notes(plan.record.faults)) <= set(plan.notes)
    assert honest.record.faults == ()
    assert sum(run.step == "search" for run in plan.record.runs) > 1
    again = plan_from_json(plan_to_json(plan))
    assert again.record.faults == plan.record.faults
    assert plan_to_json(again) == plan_to_json(plan)


def test_a_bound_that_a_later_value_refutes_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that loses one in a thousand of everything agrees with itself; the polished value shows that it lied."""
    problem = replace(
        plain_problem([[1.0, 2.0], [1.5, 1.0]], [[50.0, 20.0], [30.0, 40.0]], [[100_000]]),
        least=np.full((2, 2), 10_000, np.int64),
    )
    honest = solve(problem, QUICK)

    def change(claim: Claim, run: dict[str, Any]) -> Claim:
        if run["step"] != "search" or run["presolve"] == "off":
            return claim
        lower = np.where((run["program"].cost > 0), claim.x * 0.999, claim.x)
        value = float(run["program"].cost @ lower)
        return replace(claim, x=lower, value=value, bound=value)

    bend(monkeypatch, change)
    with pytest.warns(SolverFaultWarning, match="below a value at hand"):
        plan = solve(problem, QUICK)
    assert plan.value == pytest.approx(honest.value, rel=1e-6)
    assert plan.bound >= honest.value * (1 - 1e-9)
    assert {fault.kind for fault in plan.record.faults} == {FaultKind.FALSE_BOUND}
    assert {fault.step for fault in plan.record.faults} == {"search"}
    assert {fault.remedy for fault in plan.record.faults} == {Remedy.NO_PRESOLVE}


def test_a_relaxation_with_too_low_a_bound_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Relaxations that give most of it away agree with themselves; the first plan above their bound refutes them."""
    problem = hard_problem(6)
    honest = solve(problem, QUICK)

    def change(claim: Claim, run: dict[str, Any]) -> Claim:
        if run["step"] != "relaxation" or run["presolve"] == "off" or claim.x is None:
            return claim
        return replace(claim, x=0.3 * claim.x, value=0.3 * claim.value, bound=0.3 * claim.bound)

    bend(monkeypatch, change)
    with pytest.warns(SolverFaultWarning, match="below a value at hand"):
        plan = solve(problem, QUICK)
    assert plan.value == pytest.approx(honest.value, rel=1e-6)
    assert plan.bound >= honest.value * (1 - 1e-9)
    assert {(fault.kind, fault.step) for fault in plan.record.faults} >= {(FaultKind.FALSE_BOUND, "relaxation")}
