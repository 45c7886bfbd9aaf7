"""What each command does, and what it says while it does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusteropt.diagnosis.diagnosis import diagnose
from clusteropt.errors import InfeasibleError
from clusteropt.explanation.explaining import explain
from clusteropt.explanation.explanation import ExplainOptions, Part
from clusteropt.inputs import read_problem, table_docs
from clusteropt.inputs.reading import problem_of_folder
from clusteropt.plan.baselines import compare
from clusteropt.plan.making import solve
from clusteropt.plan.saving import load_plan
from clusteropt.report import words
from clusteropt.report.console import progress, steps
from clusteropt.report.explanation import explanation_lines
from clusteropt.report.files import PLAN_FILES, check_folder, write_plan_files
from clusteropt.report.starter import write_starter
from clusteropt.report.summary import summary_lines
from clusteropt.report.verifying import verify_folder, write_program
from clusteropt.solver.claim import Limit
from clusteropt.study.replan import ReplanOptions
from clusteropt.study.replanning import open_years
from clusteropt.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs.options import SolveOptions
    from clusteropt.inputs.problem import Problem
    from clusteropt.plan.plan import Plan
    from clusteropt.report.console import Voice


def read(model: str, voice: Voice) -> Problem:
    """Read a model and say how large it is."""
    problem = read_problem(model)
    line = voice.read(words.READ).format(
        name=problem.name,
        clusters=problem.num_clusters,
        levers=problem.num_levers,
        funds=problem.num_funds,
        rules=len(problem.rules),
        years=", ".join(str(year) for year in problem.labels.years),
    )
    voice.say(line)
    return problem


def check(model: str, voice: Voice) -> None:
    """Read a model, say what a reader must know about it, that nothing is wrong, and whether any plan exists.

    Raises
    ------
    InfeasibleError
        With the diagnosis, if HiGHS claims that none exists.
    """
    problem = read(model, voice)
    voice.say_all(f"- {voice.read(note)}" for note in problem.notes)
    voice.say(voice.read(words.NO_FAULTS))
    voice.say(voice.read(words.LOOKING).format(seconds=f"{problem.options.time_limit_s:g}"))
    found = diagnose(problem)
    if found.feasible is False:
        raise InfeasibleError(found.text)
    voice.say(voice.read(found.text))


def plan(problem: Problem, options: SolveOptions, out: Path, voice: Voice) -> None:
    """Solve, compare, write, and print the summary; after Ctrl-C write what is there without comparing.

    Raises
    ------
    InfeasibleError
        With the diagnosis, if HiGHS claims that no plan exists.
    """
    check_folder(out)
    made = _solved(problem, options, voice)
    if made.record.limit is not Limit.INTERRUPT:
        voice.say(voice.read(words.COMPARING))
        made = compare(problem, made, options)
    write_plan_files(made, out, problem)
    voice.say_all(["", *summary_lines(made, voice.language), ""])
    voice.say(voice.read(words.WRITTEN).format(path=out, files=", ".join(PLAN_FILES)))


def _solved(problem: Problem, options: SolveOptions, voice: Voice) -> Plan:
    """Solve and say how far it has come; where no plan exists, raise the refusal with its diagnosis."""
    voice.say(voice.read(words.SOLVING).format(seconds=f"{options.time_limit_s:g}"))
    try:
        with progress(voice) as listen:
            return solve(problem, options, listen)
    except InfeasibleError as refusal:
        raise _diagnosed(refusal, problem, options, voice) from None


def _diagnosed(refusal: InfeasibleError, problem: Problem, options: SolveOptions, voice: Voice) -> InfeasibleError:
    """Add to a refusal what cannot stand together and what helps; after Ctrl-C leave it as it is."""
    voice.say(voice.read(words.DIAGNOSING).format(seconds=f"{options.time_limit_s:g}"))
    try:
        found = diagnose(problem, options).text
    except KeyboardInterrupt:
        return refusal
    return InfeasibleError(Text(f"{refusal.message.en}\n{found.en}", f"{refusal.message.zh}\n{found.zh}"))


def show(folder: Path, voice: Voice) -> None:
    """Print the summary of a saved plan."""
    voice.say_all(summary_lines(load_plan(folder), voice.language))


def reopen(folder: Path) -> tuple[Problem, Plan]:
    """Read a saved plan, and the problem it was made from out of the inputs beside it."""
    return problem_of_folder(folder), load_plan(folder)


def ask(clusters: tuple[str, ...], step: float, solve: SolveOptions) -> ExplainOptions:
    """Ask for the cells of some clusters with what forcing their next levels costs, or else for purses and rules."""
    parts = (Part.CELLS, Part.FORCED) if clusters else (Part.PURSES, Part.RULES)
    return ExplainOptions(step=step, parts=frozenset(parts), clusters=clusters, solve=solve)


def explain_plan(problem: Problem, plan: Plan, options: ExplainOptions, voice: Voice) -> None:
    """Say why a plan is as it is; after Ctrl-C with what is known so far."""
    with steps(voice) as listen:
        found = explain(problem, plan, options, listen)
    voice.say_all(explanation_lines(found, voice.language))


def allow(most_change: float | None, solve: SolveOptions) -> ReplanOptions:
    """Ask for a plan that changes no more than it may."""
    return ReplanOptions(most_change=most_change, options=solve)


def replan_folder(made: tuple[Problem, Plan], actuals: Path, options: ReplanOptions, out: Path, voice: Voice) -> None:
    """Plan the open years again, write the new plan with its inputs, and say what moved and why.

    Raises
    ------
    InfeasibleError
        With the diagnosis, if HiGHS claims that no plan of the open years exists.
    """
    check_folder(out)
    opened = open_years(*made, actuals, options)
    found = opened.replanned(_solved(opened.problem, options.options or opened.problem.options, voice))
    write_plan_files(found.plan, out, found.problem)
    voice.say_all(found.read(voice.language).splitlines())
    voice.say(voice.read(words.WRITTEN).format(path=out, files=", ".join(PLAN_FILES)))


def verify(folder: Path | None, program: Path | None, voice: Voice) -> int:
    """Check a plan folder and print a line a check; write the verifier where asked; give the exit code."""
    if program is not None:
        write_program(program)
        voice.say(voice.read(words.PROGRAM).format(path=program))
    if folder is None:
        return 0
    verdict = verify_folder(folder, voice.language)
    voice.say_all(verdict.lines())
    voice.say(voice.read(words.VERDICTS[verdict.code]))
    return verdict.code


def new(folder: Path, voice: Voice) -> None:
    """Write a small model to start from, and say how to go on."""
    model = write_starter(folder)
    voice.say(voice.read(words.STARTED).format(path=folder, model=model, out=folder / "plan"))


def tables(voice: Voice) -> None:
    """Print what every table and column means."""
    voice.say_all(table_docs(voice.language).splitlines())
