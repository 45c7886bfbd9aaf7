"""The child process that runs HiGHS: deadlines that hold, crashes that cost one run, Ctrl-C that keeps a plan."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clusteropt.errors import NoIncumbentError, SolverFaultError
from clusteropt.inputs.options import Isolation, SolveOptions
from clusteropt.plan.making import solve
from clusteropt.solver.child import Child, borrow, give_back
from clusteropt.solver.claim import HighsOptions, Limit, Reason
from clusteropt.solver.program import Program
from clusteropt.solver.runner import Runner
from clusteropt.solver.wire import read_message, write_message
from tests import naive
from tests.problems import QUICK, hard_problem, plain_problem

ROOT = Path(__file__).parents[2]
HEAD = """
import sys, time, os
import numpy as np
from clusteropt.solver.wire import read_message, write_message
sink = os.fdopen(os.dup(1), "wb")
write_message(sink, {"kind": "ready", "version": "stub"}, {})
"""
INCUMBENT = 'write_message(sink, {"kind": "sighting", "value": 3.0, "bound": 5.0}, {"x": np.array([3.0])})\n'
READ = "read_message(sys.stdin.buffer)\n"
SLEEP = "time.sleep(600)\n"


def stub(*parts: str) -> Child:
    """Start a child that does what the parts say instead of running HiGHS."""
    return Child(command=(sys.executable, "-c", HEAD + "".join(parts)))


def small_program(num_rows: int = 1) -> Program:
    """Maximise x with x <= 4, the row repeated."""
    return Program(
        start=np.arange(num_rows + 1),
        index=np.zeros(num_rows, np.int64),
        value=np.ones(num_rows),
        row_lower=np.full(num_rows, -np.inf),
        row_upper=np.full(num_rows, 4.0),
        col_lower=np.zeros(1),
        col_upper=np.full(1, 10.0),
        cost=np.ones(1),
        integer=np.ones(1, np.uint8),
    )


def test_a_child_that_hangs_is_killed_and_its_incumbent_kept() -> None:
    """After the limit and a grace the child is dead, and the last incumbent it sent is claimed with limit TIME."""
    child, began = stub(READ, INCUMBENT, SLEEP), time.monotonic()
    claim = child.run(small_program(), HighsOptions(time_limit=1.0))
    assert time.monotonic() - began < 2.0
    assert (claim.reason, claim.limit) == (Reason.FEASIBLE, Limit.TIME)
    assert (claim.value, claim.bound) == (3.0, 5.0)
    assert claim.x is not None
    assert claim.x.tolist() == [3.0]
    assert not child.alive


def test_a_child_that_hangs_without_an_incumbent_claims_nothing() -> None:
    """Without an incumbent the claim is NO_SOLUTION with limit TIME."""
    claim = stub(READ, SLEEP).run(small_program(), HighsOptions(time_limit=0.6))
    assert (claim.reason, claim.limit, claim.x) == (Reason.NO_SOLUTION, Limit.TIME, None)


def test_a_child_that_never_reads_does_not_hang_the_parent() -> None:
    """A program larger than the pipe, sent to a child that does not read it, ends at the deadline all the same."""
    child, ended = stub(SLEEP), []

    def run() -> None:
        try:
            ended.append(child.run(small_program(200_000), HighsOptions(time_limit=0.6)))
        except SolverFaultError as fault:
            ended.append(fault)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(timeout=5.0)
    in_time = bool(ended)
    child.kill()
    thread.join(timeout=5.0)
    assert in_time


def test_a_child_that_dies_is_a_fault_with_its_code() -> None:
    """A child that ends before it answers is a SolverFaultError that names its code."""
    with pytest.raises(SolverFaultError, match="code 7"):
        stub(READ, INCUMBENT, "sys.exit(7)\n").run(small_program(), HighsOptions(time_limit=20.0))


def test_a_child_that_dies_at_once_is_a_fault() -> None:
    """A child that cannot even start is a SolverFaultError, not a broken pipe."""
    child = Child(command=(sys.executable, "-c", "raise SystemExit(3)"))
    with pytest.raises(SolverFaultError):
        child.run(small_program(100_000), HighsOptions(time_limit=20.0))


def test_a_child_that_talks_nonsense_is_a_fault() -> None:
    """Bytes that are no message end in a SolverFaultError within the limit."""
    began = time.monotonic()
    with pytest.raises(SolverFaultError):
        stub(READ, "sink.write(b'hello\\n'); sink.flush()\n").run(small_program(), HighsOptions(time_limit=20.0))
    assert time.monotonic() - began < 15


def test_a_killed_child_is_a_fault_and_the_next_solve_works() -> None:
    """Kill -9 in the middle of a run: SolverFaultError; the child given next is another, and it solves."""
    child = borrow()
    timer = threading.Timer(0.5, os.kill, (child._process.pid, signal.SIGKILL))
    hard = _hard_program()
    timer.start()
    with pytest.raises(SolverFaultError, match="-9"):
        child.run(hard, HighsOptions(time_limit=60.0, mip_rel_gap=0.0))
    timer.join()
    give_back(child)
    plan = solve(plain_problem([[1.0], [2.0]], [[50.0], [50.0]], [[100]]), SolveOptions())
    assert plan.money_total == 100


def _hard_program() -> Program:
    """Market split: find whole columns that meet five random equalities; practically unsolvable at 40 columns."""
    dice = np.random.default_rng(1)
    matrix = dice.integers(0, 100, (5, 40)).astype(float)
    half = np.floor(matrix.sum(axis=1) / 2)
    dense = np.arange(40)
    return Program(
        start=np.arange(0, 201, 40),
        index=np.tile(dense, 5),
        value=np.where(matrix.ravel() == 0, 1.0, matrix.ravel()),
        row_lower=half,
        row_upper=half,
        col_lower=np.zeros(40),
        col_upper=np.ones(40),
        cost=dice.random(40),
        integer=np.ones(40, np.uint8),
    )


def test_a_child_and_the_own_process_agree() -> None:
    """The same program gives the same claim in both places."""
    options = HighsOptions(time_limit=20.0)
    with Runner(Isolation.PROCESS) as away, Runner(Isolation.INLINE) as here:
        one, two = away.run(small_program(), options), here.run(small_program(), options)
    assert (one.reason, one.value, one.bound, one.detail) == (two.reason, two.value, two.bound, two.detail)
    assert one.x is not None
    assert one.x.tolist() == [4.0]


def test_a_fault_in_the_child_is_raised_in_the_parent() -> None:
    """A program that cannot be loaded is the same SolverFaultError, and the child lives on."""
    child = borrow()
    with pytest.raises(SolverFaultError, match="finite"):
        child.run(replace(small_program(), value=np.array([np.nan])), HighsOptions(time_limit=20.0))


def test_messages_survive_the_wire() -> None:
    """Header and arrays come back as they were; a message cut anywhere is the end of the stream."""
    sent = io.BytesIO()
    arrays = {"x": np.array([1.5, -np.inf]), "n": np.array([3], np.uint8), "none": np.zeros(0)}
    write_message(sent, {"kind": "claim", "text": "中"}, arrays)
    whole = sent.getvalue()
    found = read_message(io.BytesIO(whole))
    assert found is not None
    assert found[0] == {"kind": "claim", "text": "中"}
    assert {k: v.tolist() for k, v in found[1].items()} == {k: v.tolist() for k, v in arrays.items()}
    assert [read_message(io.BytesIO(whole[:k])) for k in range(len(whole))] == [None] * len(whole)


def test_a_deadline_holds_on_a_hard_problem() -> None:
    """With two seconds the solve ends within a tenth and a second, with a plan, its gap, and the limit named."""
    problem, began = hard_problem(120), time.monotonic()
    plan = solve(problem, SolveOptions(time_limit_s=2.0, relative_gap=0.0))
    assert time.monotonic() - began < 2.0 * 1.1 + 1.0
    assert plan.record.limit is Limit.TIME
    assert plan.gap > 0
    assert naive.broken_rules(problem, naive.of_plan(plan)) == []


def test_a_deadline_too_short_for_anything_is_no_plan_or_a_plan_with_its_limit() -> None:
    """A twentieth of a second: NoIncumbentError, or a plan that names the limit; never a fault, never long."""
    began = time.monotonic()
    try:
        plan = solve(hard_problem(120), replace(QUICK, time_limit_s=0.05, relative_gap=0.0))
    except NoIncumbentError:
        pass
    else:
        assert plan.record.limit is Limit.TIME
    assert time.monotonic() - began < 5.0


@pytest.mark.parametrize("isolation", list(Isolation))
def test_ctrl_c_gives_the_incumbent(isolation: Isolation) -> None:
    """SIGINT during a long solve returns the plan found so far, with limit INTERRUPT."""
    code = f"""
from clusteropt.inputs.options import Isolation, SolveOptions
from clusteropt.plan.making import solve
from tests import naive
from tests.problems import hard_problem
problem = hard_problem(120)
heard = []
def listen(progress):
    if progress.value is not None and not heard:
        heard.append(1)
        print("incumbent", flush=True)
options = SolveOptions(time_limit_s=60, relative_gap=0.0, isolation=Isolation("{isolation.value}"))
plan = solve(problem, options, listen)
assert naive.broken_rules(problem, naive.of_plan(plan)) == []
print("limit", plan.record.limit.value, plan.value > 0, flush=True)
"""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert b"incumbent" in process.stdout.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err.decode()
    assert b"limit interrupt True" in out
