"""The command line, with the library behind it replaced by stubs where it would take long."""

from __future__ import annotations

import dataclasses
import signal
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from typer.testing import CliRunner

from clusteropt import cli
from clusteropt.cli import app, choose_language
from clusteropt.errors import (
    ExactMoneyError,
    Fault,
    InfeasibleError,
    InputError,
    NoIncumbentError,
    SolverFaultError,
    SolverFaultWarning,
)
from clusteropt.plan.saving import load_plan
from clusteropt.report import commands
from clusteropt.report.files import write_plan_files
from clusteropt.solver.claim import Limit, Progress
from clusteropt.text import Language, Text
from tests.unit.test_diagnosis import three
from tests.unit.test_report_plan import make_plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from typer.testing import Result

    from clusteropt.inputs.options import SolveOptions
    from clusteropt.plan.plan import Plan

SAID = Text("said in English", "用中文说")


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the language settings of the machine away."""
    for name in ("CLUSTEROPT_LANGUAGE", "LC_ALL", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[SolveOptions]:
    """Replace solving by a plan made by hand, and note the options asked for."""
    options_seen: list[SolveOptions] = []

    def solve(problem: object, options: SolveOptions, listen: Callable[[Progress], None]) -> Plan:
        options_seen.append(options)
        listen(Progress(0.5, 1200.0, 1300.0, "search"))
        return dataclasses.replace(make_plan(), baselines=())

    def compare(problem: object, plan: Plan, options: SolveOptions) -> Plan:
        return dataclasses.replace(plan, baselines=make_plan().baselines)

    monkeypatch.setattr(commands, "solve", solve)
    monkeypatch.setattr(commands, "compare", compare)
    return options_seen


def run(*arguments: object, **environment: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=environment or None)


def raising(error: BaseException) -> Callable[..., NoReturn]:
    """Make a function that only raises."""

    def fail(*_: Any) -> NoReturn:
        raise error

    return fail


def test_a_warning_is_made_again_from_its_arguments() -> None:
    """Another process that tells of a warning makes it again from what it was given, as plain text."""
    warning = SolverFaultWarning(SAID)
    again = type(warning)(*warning.args)
    assert (str(warning), str(again), again.args) == (SAID.en, SAID.en, warning.args)
    assert (warning.read(Language.ZH), again.read(Language.ZH)) == (SAID.zh, SAID.en)


def test_a_caught_fault_of_the_solver_is_said_in_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """On standard error, as a sentence and not as a place in the code; not at all where only errors are wanted."""

    def solve(*_: object) -> Plan:
        warnings.warn(SolverFaultWarning(SAID), stacklevel=2)
        warnings.warn("something else", UserWarning, stacklevel=2)
        raise InfeasibleError(Text("no plan", "无方案"))

    monkeypatch.setattr(commands, "solve", solve)
    for language, said in (("en", SAID.en), ("zh", SAID.zh)):
        with pytest.warns(UserWarning, match="something else"):
            result = run("plan", "national66", "--out", "nowhere", "--language", language)
        assert result.exit_code == cli.NO_PLAN
        assert result.stderr.splitlines()[0] == said
    with pytest.warns(UserWarning, match="something else"):
        result = run("plan", "national66", "--out", "nowhere", "--quiet")
    assert SAID.en not in result.stderr


def test_version_and_help() -> None:
    """Both end well and say what they should."""
    assert run("version").output.strip() == "0.1.0"
    result = run("--help")
    assert result.exit_code == 0
    assert all(name in result.output for name in ("check", "plan", "show", "new", "tables", "version"))


def test_help_does_not_wait_for_the_solver() -> None:
    """Neither pandas nor HiGHS is imported before a command needs it."""
    heavy = "{'pandas', 'highspy', 'pyomo', 'numba', 'pydantic'}"
    code = f"import sys, clusteropt.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_check_names_the_size_and_the_notes() -> None:
    """A good model is said to be good."""
    result = run("check", "national66")
    assert result.exit_code == 0
    assert "Read national66: 66 clusters, 4 levers" in result.output
    assert "illustrative" in result.output
    assert "No faults found." in result.output
    assert "A plan exists" in result.output


def test_bad_input_is_told_in_the_language_asked_for() -> None:
    """Faults go to standard error, with exit code 2 and no traceback."""
    english, chinese = run("check", "nothing.toml"), run("check", "nothing.toml", "--language", "zh")
    assert (english.exit_code, chinese.exit_code) == (2, 2)
    assert "1 fault in the input" in english.stderr
    assert "输入有 1 处错误" in chinese.stderr
    assert english.stdout == ""


def test_plan_writes_the_folder_and_shows_progress_and_summary(tmp_path: Path, asked: list[SolveOptions]) -> None:
    """The plan written is compared; progress stands in the output of a file as well."""
    result = run("plan", "national66", "--out", tmp_path / "plan")
    assert result.exit_code == 0, result.output
    assert "0.5 s  search  incumbent 1,200  bound 1,300" in result.stdout
    assert "Pro rata by size" in result.stdout
    assert len(load_plan(tmp_path / "plan").baselines) == 2


def test_plan_takes_its_limits_from_the_options(tmp_path: Path, asked: list[SolveOptions]) -> None:
    """What is not given stays as the model says."""
    given = ("--time-limit", "7.5", "--gap", "0.01", "--seed", "3", "--threads", "2")
    run("plan", "national66", "--out", tmp_path / "a", *given)
    run("plan", "national66", "--out", tmp_path / "b")
    first, second = asked
    assert (first.time_limit_s, first.relative_gap, first.seed, first.threads) == (7.5, 0.01, 3, 2)
    assert (second.time_limit_s, second.relative_gap, second.seed, second.threads) == (60.0, 1e-6, 0, 1)


@pytest.mark.parametrize("option", [("--time-limit", "-1"), ("--gap", "nan"), ("--threads", "0"), ("--seed", "x")])
def test_an_option_out_of_range_is_a_fault_of_usage(tmp_path: Path, option: tuple[str, str]) -> None:
    """The exit code is 2, and nothing is written."""
    result = run("plan", "national66", "--out", tmp_path / "plan", *option)
    assert result.exit_code == 2
    assert not (tmp_path / "plan").exists()


def test_quiet_says_nothing(tmp_path: Path, asked: list[SolveOptions]) -> None:
    """The folder is written without a word."""
    result = run("plan", "national66", "--out", tmp_path / "plan", "--quiet")
    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / "plan" / "plan.json").exists()


def test_a_folder_that_is_refused_is_refused_before_solving(tmp_path: Path, asked: list[SolveOptions]) -> None:
    """Nobody waits a minute to hear that the folder is not empty."""
    (tmp_path / "mine.txt").write_text("mine")
    result = run("plan", "national66", "--out", tmp_path)
    assert result.exit_code == 2
    assert "mine.txt" in result.stderr
    assert not asked


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InfeasibleError(SAID), 1),
        (NoIncumbentError(SAID), 1),
        (SolverFaultError(SAID), 1),
        (ExactMoneyError(SAID), 1),
        (InputError([Fault("rules", 3, "min", "x", SAID, SAID)]), 2),
        (KeyboardInterrupt(), 130),
    ],
)
def test_what_goes_wrong_has_an_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    """1 where there is no plan, 2 for bad input, 130 for Ctrl-C; the folder is not made."""
    monkeypatch.setattr(commands, "solve", raising(error))
    result = run("plan", "national66", "--out", tmp_path / "plan", "--language", "zh")
    assert result.exit_code == code
    assert ("用中文说" in result.stderr) == (code != 130)
    assert "Traceback" not in result.output
    assert not (tmp_path / "plan").exists()


@pytest.fixture
def _no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the model read by one without a plan."""
    monkeypatch.setattr(commands, "read_problem", lambda _: three())


@pytest.mark.usefixtures("_no_plan")
def test_check_says_why_there_is_no_plan() -> None:
    """Nothing is wrong with the tables, yet the exit code is 1, and what stands in the way goes to standard error."""
    english, chinese = run("check", "small"), run("check", "small", "--language", "zh")
    assert (english.exit_code, chinese.exit_code) == (1, 1)
    assert "No faults found." in english.stdout
    assert "  - rule north_cap allows at most 7" in english.stderr
    assert "raise the maximum of rule north_cap from 7 to 8" in english.stderr
    assert "将规则 north_cap 的上限从 7 升至 8" in chinese.stderr


@pytest.mark.usefixtures("_no_plan")
def test_plan_says_why_there_is_none(tmp_path: Path) -> None:
    """The diagnosis follows the refusal; no folder is made."""
    result = run("plan", "small", "--out", tmp_path / "plan")
    assert result.exit_code == 1
    assert result.stderr.startswith("No plan obeys all rules (HiGHS claims:")
    assert "These cannot stand together:" in result.stderr
    assert "What helps, cheapest first" in result.stderr
    assert not (tmp_path / "plan").exists()


@pytest.mark.usefixtures("_no_plan")
def test_an_interrupted_diagnosis_leaves_the_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after the refusal costs the explanation, not the refusal."""
    monkeypatch.setattr(commands, "diagnose", raising(KeyboardInterrupt()))
    result = run("plan", "small", "--out", tmp_path / "plan")
    assert result.exit_code == 1
    assert "No plan obeys all rules" in result.stderr


def test_an_interrupt_before_the_first_incumbent_is_told_from_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A solve that takes Ctrl-C as its end, without a plan, ends with 130; the handler of before comes back."""

    def solve(*_: object) -> NoReturn:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise NoIncumbentError(SAID) from None

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(commands, "solve", solve)
    assert run("plan", "national66", "--out", tmp_path / "plan").exit_code == 130
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_with_an_incumbent_keeps_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan found so far is written without a comparison, and says what ended it."""
    plan = make_plan()
    stopped = dataclasses.replace(plan, record=dataclasses.replace(plan.record, limit=Limit.INTERRUPT), baselines=())
    monkeypatch.setattr(commands, "solve", lambda *_: stopped)
    monkeypatch.setattr(commands, "compare", raising(AssertionError("not asked for")))
    result = run("plan", "national66", "--out", tmp_path / "plan")
    assert result.exit_code == 0
    assert "Stopped by an interrupt" in result.stdout
    assert load_plan(tmp_path / "plan").record.limit is Limit.INTERRUPT


def test_show_prints_the_summary_of_a_saved_plan(tmp_path: Path) -> None:
    """In the language asked for; a folder without a plan is bad input."""
    write_plan_files(make_plan(), tmp_path / "plan")
    result = run("show", tmp_path / "plan", "--language", "zh")
    assert result.stdout.startswith("小型方案\n")
    assert run("show", tmp_path).exit_code == 2


def test_new_writes_a_model_and_refuses_a_full_folder(tmp_path: Path) -> None:
    """The model can be checked at once; a second time the folder is full."""
    assert run("new", tmp_path / "new").exit_code == 0
    assert run("check", tmp_path / "new" / "model.toml").exit_code == 0
    assert run("new", tmp_path / "new").exit_code == 2


def test_tables_are_explained_in_both_languages() -> None:
    """Every table is there."""
    english, chinese = run("tables"), run("tables", "--language", "zh")
    assert "effectiveness" in english.stdout
    assert "A row is a cluster." in english.stdout
    assert "每行一个产业集群" in chinese.stdout


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, Language.EN),
        ({"LANG": "zh_CN.UTF-8"}, Language.ZH),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, Language.EN),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, Language.ZH),
    ],
)
def test_the_language_of_the_system(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], language: Language
) -> None:
    """LC_ALL goes before LANG; what is asked for goes before both."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert choose_language(None) is language
    assert choose_language(Language.EN) is Language.EN


def test_the_language_of_the_environment() -> None:
    """CLUSTEROPT_LANGUAGE goes before the system, the option before it; a language we lack is a fault of usage."""
    assert "每行一个产业集群" in run("tables", CLUSTEROPT_LANGUAGE="zh", LANG="en_US.UTF-8").stdout
    assert "A row is a cluster." in run("tables", "--language", "en", CLUSTEROPT_LANGUAGE="zh").stdout
    assert run("tables", CLUSTEROPT_LANGUAGE="fr").exit_code == 2


def test_a_reader_that_goes_away_is_no_error() -> None:
    """A closed pipe ends the command without a traceback."""
    command = [sys.executable, "-c", "from clusteropt.cli import main; main()", "tables"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_terminal_without_chinese_signs_gets_question_marks() -> None:
    """Signs that cannot be shown do not end the command."""
    command = [sys.executable, "-c", "from clusteropt.cli import main; main()", "tables", "--language", "zh"]
    done = subprocess.run(command, capture_output=True, env={"PYTHONIOENCODING": "ascii"}, check=False)
    assert done.returncode == 0
    assert b"?" in done.stdout


def test_the_entry_point_runs_the_commands(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What the installed script calls reads the arguments of the process."""
    monkeypatch.setattr(sys, "argv", ["clusteropt", "version"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == "0.1.0\n"
