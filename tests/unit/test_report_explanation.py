"""The words of explanations, the page about them, and the command that prints them."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from clusteropt.cli import app
from clusteropt.explanation.bracket import Way
from clusteropt.explanation.explanation import Explanation, Stop
from clusteropt.inputs.settings import ModelSettings
from clusteropt.plan.certificate import Proof, Side
from clusteropt.plan.making import solve
from clusteropt.report import commands, explanation_words
from clusteropt.report.files import write_plan_files
from clusteropt.text import Text
from tests.problems import INLINE
from tests.small import small_problem
from tests.unit.test_report_words import fields_of

if TYPE_CHECKING:
    from typer.testing import Result

PAGES = Path(__file__).resolve().parents[2] / "docs" / "tutorials"
SENTENCES = [text for text in vars(explanation_words).values() if isinstance(text, Text)]
LABELS = (
    (explanation_words.WAYS, Way),
    (explanation_words.PROOFS, Proof),
    (explanation_words.SIDES, Side),
    (explanation_words.STOPS, Stop),
)


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the language settings of the machine away."""
    for name in ("CLUSTEROPT_LANGUAGE", "LC_ALL", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved plan of the small model, with its inputs."""
    target = tmp_path_factory.mktemp("saved") / "plan"
    problem = small_problem(ModelSettings(name="small"))
    write_plan_files(solve(problem, INLINE), target, problem)
    return target


def run(*arguments: object) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.mark.parametrize(("labels", "kinds"), LABELS)
def test_every_kind_has_a_label(labels: dict[object, Text], kinds: type) -> None:
    """A kind that is added to an enumeration needs words."""
    assert set(labels) == set(kinds)


@pytest.mark.parametrize("text", SENTENCES, ids=lambda text: text.en[:30])
def test_both_languages_are_filled_with_the_same(text: Text) -> None:
    """Neither language is empty, and both name the same fields."""
    assert text.en
    assert text.zh
    assert fields_of(text.en) == fields_of(text.zh)


@pytest.mark.parametrize("name", ["explaining.md", "explaining.zh.md"])
def test_the_page_names_every_way_and_every_stop(name: str) -> None:
    """What stands in the tables of an explanation is told on the page about it, in both languages."""
    page = (PAGES / name).read_text(encoding="utf-8")
    assert [kind for kinds in (Way, Stop) for kind in kinds if f"`{kind.value}`" not in page] == []


def test_explain_prints_purses_and_rules(folder: Path) -> None:
    """Without a cluster the command explains the money and the rules, and tells how far it is."""
    result = run("explain", folder)
    assert result.exit_code == 0, result.output
    assert "More money, worth per 10,000 yuan" in result.output
    assert "National fund 2025" in result.output
    assert "floor-west, at least" in result.output
    assert "0 of 4" in result.output
    assert "Genes" not in result.output


def test_explain_of_a_cluster_prints_its_cells(folder: Path) -> None:
    """With a cluster it explains the cells of that one alone, in the language asked for."""
    result = run("explain", folder, "--cluster", "genes", "--language", "zh")
    assert result.exit_code == 0, result.output
    assert "基因湾" in result.output
    assert "显示园" not in result.output
    assert "未能更多" in result.output
    assert "floor-west, 至少" not in result.output


def test_options_reach_the_explanation(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Step, time limit and clusters are those of the command line."""
    seen: list[Any] = []

    def explain(problem: object, plan: Any, options: object, listen: object) -> Explanation:
        seen.append(options)
        return Explanation(plan, (), (), (), (), forced=False, complete=True, seconds=0.0)

    monkeypatch.setattr(commands, "explain", explain)
    given = ("--step", "0.2", "--time-limit", "7", "--cluster", "genes", "--cluster", "media")
    assert run("explain", folder, *given).exit_code == 0
    (options,) = seen
    assert (options.step, options.clusters, options.solve.time_limit_s) == (0.2, ("genes", "media"), 7.0)


def test_faults_are_told_with_their_exit_codes(folder: Path, tmp_path: Path) -> None:
    """An unknown cluster, a step of nothing, a plan without inputs: words and the exit code of bad input."""
    unknown = run("explain", folder, "--cluster", "gens")
    assert unknown.exit_code == 2
    assert "Did you mean 'genes'?" in unknown.stderr
    assert run("explain", folder, "--step", "0").exit_code == 2
    bare = tmp_path / "bare"
    write_plan_files(solve(small_problem(), INLINE), bare)
    result = run("explain", bare)
    assert result.exit_code == 2
    assert "without what it was made from" in result.stderr


def test_ctrl_c_still_prints(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C before the second purse ends the solves; what is known is printed, and that it is not all."""
    tell = commands.steps

    def interrupting(voice: Any) -> Any:
        class Once:
            def __enter__(self) -> Any:
                self.inner = tell(voice)
                hear = self.inner.__enter__()

                def listen(step: Any) -> None:
                    hear(step)
                    if step.done == 1:
                        signal.raise_signal(signal.SIGINT)

                return listen

            def __exit__(self, *error: object) -> None:
                self.inner.__exit__(*error)

        return Once()

    monkeypatch.setattr(commands, "steps", interrupting)
    result = run("explain", folder)
    assert result.exit_code == 0, result.output
    assert "Allow more time" in result.output
    assert "cap-finance, at most" in result.output
