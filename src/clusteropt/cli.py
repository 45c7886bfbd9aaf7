"""The command line: options in, words out, an exit code for whatever is expected to go wrong.

What the commands do is imported when one of them runs: `clusteropt --help` should not wait for it.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import warnings
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from clusteropt.errors import ClusteroptError, ExactMoneyError, NoIncumbentError, NoPlanError, SolverFaultWarning
from clusteropt.text import Language

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from clusteropt.inputs.options import SolveOptions
    from clusteropt.report.console import Voice

NO_PLAN, BAD_INPUT, INTERRUPTED = 1, 2, 130
"""Exit codes; 130 is what shells use for Ctrl-C."""

app = typer.Typer(
    name="clusteropt",
    help="Budget plans for clusters of strategic emerging industries. 战略性新兴产业集群资金规划。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Model = Annotated[str, typer.Argument(help="A shipped model such as national66, or a model file. 自带模型或模型文件。")]
PlanFolder = Annotated[Path, typer.Argument(help="A folder with a plan. 方案文件夹。")]
NewFolder = Annotated[Path, typer.Argument(help="A new or empty folder. 新文件夹或空文件夹。")]
Checked = Annotated[Path | None, typer.Argument(help="A folder with a plan. 方案文件夹。", show_default=False)]
Program = Annotated[
    Path | None,
    typer.Option("--write-program", metavar="FILE", help="Write the verifier as one file. 将校验程序写成一个文件。"),
]
Out = Annotated[Path, typer.Option("--out", help="Folder for the plan. 方案文件夹。")]
TimeLimit = Annotated[float | None, typer.Option("--time-limit", help="Seconds. 秒。")]
Gap = Annotated[float | None, typer.Option("--gap", help="Relative gap to stop at. 停止时的相对差距。")]
Seed = Annotated[int | None, typer.Option("--seed", help="Random seed. 随机种子。")]
Threads = Annotated[int | None, typer.Option("--threads", help="Threads of HiGHS. 线程数。")]
ProofNodes = Annotated[int | None, typer.Option("--proof-nodes", help="Nodes of a proof tree. 证明树的节点数。")]
Clusters = Annotated[
    list[str] | None,
    typer.Option("--cluster", help="Only the cells of this cluster; may be repeated. 仅说明该集群, 可重复。"),
]
PurseStep = Annotated[
    float, typer.Option("--step", help="How much richer a purse is made, as a share. 资金增加的比例。")
]
ActualsFile = Annotated[Path, typer.Argument(help="What was paid, a CSV file. 实际拨款 CSV 文件。")]
MostChange = Annotated[
    float | None,
    typer.Option(help="How much of the money of a cluster in a year may change, as a share. 每集群每年最大变动比例。"),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but errors. 只输出错误。")]
Spoken = Annotated[
    Language | None,
    typer.Option("--language", envvar="CLUSTEROPT_LANGUAGE", case_sensitive=False, help="Language of words. 语言。"),
]


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that knows no Chinese signs gets question marks, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    app()


@app.command(help="Report every fault of a model, and whether any plan exists. 检查模型, 以及是否存在可行方案。")
def check(model: Model, language: Spoken = None) -> None:
    """Read a model and its tables; report every fault, and whether any plan exists."""
    with _speaking(language) as voice:
        from clusteropt.report import commands  # noqa: PLC0415

        commands.check(model, voice)


@app.command(help="Find the best plan of a model and write it into a folder. 求最优方案并写入文件夹。")
def plan(  # noqa: PLR0913  Each parameter is one option of the command.
    *,
    model: Model,
    out: Out,
    time_limit: TimeLimit = None,
    gap: Gap = None,
    seed: Seed = None,
    threads: Threads = None,
    proof_nodes: ProofNodes = None,
    language: Spoken = None,
    quiet: Quiet = False,
) -> None:
    """Find the best plan of a model and write it into a folder."""
    with _speaking(language, quiet=quiet) as voice:
        from clusteropt.report import commands  # noqa: PLC0415

        problem = commands.read(model, voice)
        limits = {"time_limit_s": time_limit, "relative_gap": gap, "proof_nodes": proof_nodes}
        wanted = {**limits, "seed": seed, "threads": threads}
        commands.plan(problem, _options(problem.options, wanted), out, voice)


@app.command(help="Print the summary of a saved plan. 显示已保存方案的摘要。")
def show(folder: PlanFolder, language: Spoken = None) -> None:
    """Print the summary of a saved plan."""
    with _speaking(language) as voice:
        from clusteropt.report import commands  # noqa: PLC0415

        commands.show(folder, voice)


@app.command(help="Say why a saved plan is as it is: what money is worth, what rules cost. 说明方案的理由。")
def explain(
    *,
    folder: PlanFolder,
    cluster: Clusters = None,
    step: PurseStep = 0.01,
    time_limit: TimeLimit = None,
    language: Spoken = None,
) -> None:
    """Say why a saved plan is as it is."""
    with _speaking(language) as voice:
        from clusteropt.report import commands  # noqa: PLC0415

        problem, plan = commands.reopen(folder)
        solve = _options(problem.options, {"time_limit_s": time_limit})
        try:
            options = commands.ask(tuple(cluster or ()), step, solve)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        commands.explain_plan(problem, plan, options, voice)


@app.command(help="Plan the open years again, given what was really paid. 根据实际拨款重新规划剩余年度。")
def replan(
    *,
    folder: PlanFolder,
    actuals: ActualsFile,
    out: Out,
    most_change: MostChange = None,
    time_limit: TimeLimit = None,
    language: Spoken = None,
) -> None:
    """Plan the open years again and write the new plan into a folder."""
    with _speaking(language) as voice:
        from clusteropt.report import commands  # noqa: PLC0415

        problem, plan = commands.reopen(folder)
        solve = _options(problem.options, {"time_limit_s": time_limit})
        try:
            options = commands.allow(most_change, solve)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
        commands.replan_folder((problem, plan), actuals, options, out, voice)


@app.command(help="Check a plan folder with the stand-alone verifier. 用独立校验程序检查方案文件夹。")
def verify(folder: Checked = None, write_program: Program = None, language: Spoken = None) -> None:
    """Check a plan folder with the stand-alone verifier."""
    if folder is None and write_program is None:
        raise typer.BadParameter("name a folder. 请给出文件夹。")
    with _speaking(language) as voice:
        from clusteropt.report import commands  # noqa: PLC0415

        code = commands.verify(folder, write_program, voice)
    raise typer.Exit(code)


@app.command(help="Write a small model to start from. 生成可供修改的示例模型。")
def new(folder: NewFolder, language: Spoken = None) -> None:
    """Write a small model to start from."""
    with _speaking(language) as voice:
        from clusteropt.report import commands  # noqa: PLC0415

        commands.new(folder, voice)


@app.command(help="Print what every table and column means. 说明所有表格和列。")
def tables(language: Spoken = None) -> None:
    """Print what every table and column means."""
    with _speaking(language) as voice:
        from clusteropt.report import commands  # noqa: PLC0415

        commands.tables(voice)


@app.command(help="Print the version. 显示版本。")
def version() -> None:
    """Print the version."""
    typer.echo(installed_version("clusteropt"))


def choose_language(asked: Language | None) -> Language:
    """Give the language asked for, or else that of the system: Chinese where LC_ALL or LANG begins with zh."""
    if asked is not None:
        return asked
    system = os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return Language.ZH if system.lower().startswith("zh") else Language.EN


@contextmanager
def _speaking(asked: Language | None, *, quiet: bool = False) -> Iterator[Voice]:
    """Give the voice of a command, and turn expected errors into a message and an exit code."""
    from clusteropt.report.console import Voice  # noqa: PLC0415

    language = choose_language(asked)
    interrupts: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        # A solve takes Ctrl-C as the end of its search, and its error does not tell who ended it.
        interrupts.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        with _telling(language, quiet=quiet):
            yield Voice(language, Console(quiet=quiet))
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except ClusteroptError as error:
        typer.echo(error.read(language), err=True)
        raise typer.Exit(_exit_code(error, interrupted=bool(interrupts))) from None
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _telling(language: Language, *, quiet: bool) -> Iterator[None]:
    """Say what was caught of the solver in the language of the command, without a place in the code."""
    show = warnings.showwarning

    def tell(message: Warning | str, *rest: Any, **more: Any) -> None:
        """Stand for ``warnings.showwarning``, whose other arguments it passes on."""
        if isinstance(message, SolverFaultWarning):
            typer.echo(message.read(language), err=True)
        else:
            show(message, *rest, **more)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if quiet else "always", SolverFaultWarning)
        warnings.showwarning = tell
        yield


def _exit_code(error: ClusteroptError, *, interrupted: bool) -> int:
    if interrupted and isinstance(error, NoIncumbentError):
        return INTERRUPTED
    return NO_PLAN if isinstance(error, NoPlanError | ExactMoneyError) else BAD_INPUT


def _options(own: SolveOptions, wanted: dict[str, float | None]) -> SolveOptions:
    """Replace what the command line gives in the options of the model."""
    given: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    try:
        return replace(own, **given)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
