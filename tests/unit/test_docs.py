"""The documentation says what the code does: commands exist, examples run, figures and links are right."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import runpy
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import clusteropt as co
from clusteropt.errors import ClusteroptError
from clusteropt.inputs.problem import ObjectiveKind, ResponseFamily, RuleKind
from clusteropt.model.formulation import ROW_FUNCTIONS
from clusteropt.plan.certificate import Proof
from clusteropt.plan.plan import BaselineKind, UnspentReason
from clusteropt.report.summary import summary_lines
from clusteropt.text import Language

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
BUILT = {"generated", "_build"}
PAGES = sorted(
    [*ROOT.glob("*.md"), *(page for page in DOCS.rglob("*.md") if not BUILT & set(page.relative_to(DOCS).parts))]
)
TUTORIALS = sorted((DOCS / "tutorials").glob("*.py"))
WORDS = (
    "fund",
    "purse",
    "cell",
    "award",
    "draw",
    "menu",
    "level",
    "lever",
    "path",
    "stock",
    "depreciation",
    "lag",
    "response",
    "scale",
    "effect",
    "value",
    "bound",
    "incumbent",
    "multiplier",
    "amount",
    "share",
    "count",
    "change",
    "lock",
    "selection",
    "baseline",
    "outcome",
    "weight",
    "size",
    "spill-over",
    "synergy",
    "tangent",
    "grid",
    "relative gap",
    "reduced cost",
    "primal bound",
    "dual bound",
    "pro rata",
    "outer approximation",
    "whole unit",
    "total outcome",
    "worst region",
    "factor formula",
    "pieces error",
    "rounding loss",
    "written rule",
    "window",
    "ramp",
    "matching money",
    "top-up",
    "conflict",
    "repair",
    "elastic model",
    "solver fault",
    "canary",
    "reproducer",
)
HOSTS = re.compile(r"pypi\.org|pythonhosted|conda\.anaconda|npmjs|crates\.io|proxy\.golang", re.IGNORECASE)
MACHINE_PATHS = re.compile(r"(?<![\w.~/:])/(?:work|home|root|tmp|mnt|Users|usr)/")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _script(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def _run(arguments: list[str], folder: Path, timeout: int = 250) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        arguments,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=timeout,
    )


@pytest.fixture(scope="module")
def figures() -> Any:
    """The script that fills in the figures."""
    return _script(DOCS / "figures.py")


@pytest.mark.parametrize("readme", READMES, ids=lambda page: page.name)
def test_python_of_the_readme_runs(readme: Path, tmp_path: Path) -> None:
    """The example of the README runs as it stands and writes the plan it names."""
    (code,) = _blocks(readme, "python")
    (tmp_path / "example.py").write_text(code, encoding="utf-8")
    found = _run([sys.executable, "-W", "error", "example.py"], tmp_path)
    assert found.returncode == 0, found.stderr
    assert json.loads((tmp_path / "plan" / "plan.json").read_text(encoding="utf-8"))["plan"]["name"] == "national66"


@pytest.mark.parametrize("readme", READMES, ids=lambda page: page.name)
def test_make_targets_of_the_readme_exist(readme: Path) -> None:
    """Every `make` command that is named is a target, and both promised ones are named."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text("utf-8"), re.M)}
    assert named <= targets
    assert {"plan", "test"} <= set(re.findall(r"^make ([a-z]+)", readme.read_text(encoding="utf-8"), re.MULTILINE))


def _commands(readme: Path) -> list[str]:
    block = next(block for block in _blocks(readme, "sh") if "pip install" in block)
    return [line.split(" #")[0].strip() for line in block.splitlines() if line.strip()]


def test_both_readmes_give_the_same_commands() -> None:
    """The shell and Python blocks of the two languages differ in comments and the language of the output alone."""
    english, chinese = (
        [re.sub(r"\s*#.*|, co\.Language\.ZH", "", block) for kind in ("sh", "python") for block in _blocks(page, kind)]
        for page in READMES
    )
    assert english == chinese


def test_console_script_takes_the_arguments_of_the_readme() -> None:
    """The command that the README ends with is known to the console script, options included."""
    command = _commands(READMES[0])[-1].split()
    assert Path(command[0]).name == "clusteropt"
    script = Path(sys.executable).with_name("clusteropt")
    found = _run([str(script), command[1], "--help"], ROOT)
    assert found.returncode == 0, found.stderr
    assert all(word in found.stdout for word in command if word.startswith("--"))


@pytest.mark.timeout(1200)
def test_plain_pip_way_works(tmp_path: Path) -> None:
    """The commands of the README make a plan from nothing but Python and the sources."""
    for line in _commands(READMES[0]):
        arguments = [sys.executable if word == "python" else word for word in line.split()]
        arguments = [str(ROOT) if word == "." else word for word in arguments]
        arguments[0] = str(tmp_path / arguments[0]) if arguments[0].startswith(".venv") else arguments[0]
        found = _run(arguments, tmp_path, timeout=900)
        assert found.returncode == 0, found.stderr
    assert (tmp_path / "out" / "national66" / "allocation.csv").is_file()


def _anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_resolve(page: Path) -> None:
    """Every link to a file or heading of the project leads somewhere; what stands in code is none."""
    text = re.sub(r"```.*?```|`[^`\n]+`(?=: )", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        made = file.parent == DOCS / "generated"
        known = file.name in MADE if made else file.exists()
        assert known, f"{page.name} links to {target}"
        assert not anchor or made or anchor in _anchors(file), f"{page.name} links to {target}"


CHINESE_PAGES = [page for page in PAGES if page.name.endswith(".zh.md")]


@pytest.mark.parametrize("page", CHINESE_PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_chinese_pages_are_found(page: Path) -> None:
    """A Chinese page and its English one link to each other, and the Chinese contents list it."""
    english = page.with_name(page.name.replace(".zh.md", ".md"))
    assert f"]({page.name})" in english.read_text(encoding="utf-8")
    assert f"]({english.name})" in page.read_text(encoding="utf-8")
    listed = (DOCS / "zh.md").read_text(encoding="utf-8").splitlines()
    assert page.relative_to(DOCS).as_posix().removesuffix(".md") in listed


MADE = {"tables.md", "tables.zh.md", "maths.md", "commands.md", "datasets.md", "reference.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_included_files_exist(page: Path) -> None:
    """What a page includes is there; generated text is the output of a tutorial that is there."""
    text = page.read_text(encoding="utf-8")
    for name in re.findall(r"```\{(?:literalinclude|include)\} (\S+)", text):
        file = (page.parent / name).resolve()
        source = DOCS / "tutorials" / f"{file.stem}.py" if file.parent == DOCS / "generated" else file
        assert source.is_file(), name


@pytest.mark.parametrize(("readme", "language"), [*zip(READMES, ("en", "zh"), strict=True)], ids=("en", "zh"))
def test_figures_come_from_the_run(figures: Any, readme: Path, language: str) -> None:
    """Between the marks stands what the script makes of the recorded run, and nothing else."""
    text = readme.read_text(encoding="utf-8")
    assert figures.fill(text, figures.block(language, figures.read_figures())) == text


def test_the_recorded_run_was_searched_as_it_would_be_now() -> None:
    """What is searched, and why, is that of the plan; a loose gap is enough to see it."""
    plan = co.solve(co.read_problem("national66"), co.SolveOptions(relative_gap=0.1, proof_nodes=0))
    for readme, language, word in zip(READMES, (Language.EN, Language.ZH), ("Searched by", "求解方式"), strict=True):
        (line,) = [line for line in summary_lines(plan, language) if word in line]
        assert line in readme.read_text(encoding="utf-8").splitlines()


def test_recorded_run_is_consistent(figures: Any) -> None:
    """The recorded run has a value under its bound, a gap that follows from both, and exact money in a string."""
    found = figures.read_figures()
    for kind in ("safe", "claimed"):
        assert found["value"] <= found[f"{kind}_bound"]
        gap = (found[f"{kind}_bound"] - found["value"]) / found["value"]
        assert found[f"{kind}_gap"] == pytest.approx(gap, rel=1e-6)
    assert found["awarded"] <= found["held"]
    shown = figures.block("en", found)
    assert f"{found['value']:,.4f}" in shown
    assert f"{found['safe_gap']:.1e}" in shown
    assert f"{found['claimed_gap']:.1e}" in shown
    assert all(f"({b['gain']:+.1%})" in shown for b in found["baselines"].values())


def test_gap_is_printed_even_where_it_is_tiny(figures: Any) -> None:
    """A figure is written in a form that shows it, in both languages."""
    found = {**figures.read_figures(), "safe_gap": 2.5e-9, "value": 1234.5678}
    for language in ("en", "zh"):
        shown = figures.block(language, found)
        assert "2.5e-09" in shown
        assert "1,234.5678" in shown


def test_figures_of_trust_come_from_the_runs(figures: Any) -> None:
    """Between the marks of the page on trust stands what the script makes of the recorded lines."""
    text = figures.TRUST_PAGE.read_text(encoding="utf-8")
    assert figures.fill(text, figures.trust_block(figures.read_trust())) == text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_figures_of_benchmarks_come_from_the_runs(figures: Any, language: str) -> None:
    """What the pages say of goals and sizes is what the benchmarks printed."""
    text = figures.BENCHMARK_PAGES[language].read_text(encoding="utf-8")
    content = figures.benchmarks_block() if language == "en" else figures.goals_block(language)
    assert figures.fill(text, content) == text


def test_figures_of_models_over_years_come_from_the_runs(figures: Any) -> None:
    """Between the marks of the page on models stands what the script makes of the recorded lines, all verified."""
    text, found = figures.YEARS_PAGE.read_text(encoding="utf-8"), figures.read_years()
    assert figures.fill(text, figures.years_block(found)) == text
    assert sorted(found) == ["guangxi", "national66_years"]
    assert all(line["verified"] and line["gap"] <= 1e-4 for line in found.values())


def test_mutants_that_live_are_told_with_the_reason(figures: Any) -> None:
    """Each group of mutants has a row with its share killed; the list of survivors says where a reason lacks."""
    run = {"machine": "m", "cpus": 1, "python": "3", "versions": {"highspy": "1"}, "seconds": 1.0}
    files = {"a.py": {"mutants": 8, "killed": 6, "survived": 2}}
    step = {**run, "files": files, "survivors": [["a.py f: x -> y", "the same"], ["a.py g: x -> y", ""]]}
    block = figures.trust_block({"mutation money": step})
    assert "| 90 % of the mutants of the money code killed | a.py: 6 of 8 (75.0%) |" in block
    assert "| 90 % of the mutants of the verifier killed | not run |" in block
    assert block.endswith("\n- `a.py f: x -> y`: the same\n- `a.py g: x -> y`: no reason found")


@pytest.mark.parametrize("word", WORDS)
def test_glossary_explains_the_word(word: str) -> None:
    """Every fixed word has an entry with a Chinese word, an English and a Chinese sentence."""
    lines = (DOCS / "glossary.md").read_text(encoding="utf-8").splitlines()
    entry = next((line for line in lines if line.startswith(f"- **{word}** ")), "")
    chinese, _, meaning = entry.removeprefix(f"- **{word}** ").partition(": ")
    assert CHINESE.search(chinese), word
    assert re.search(r"[a-z]{3,}", meaning), word
    assert CHINESE.search(meaning), word


def test_glossary_has_every_word_once() -> None:
    """No word of the glossary stands twice, in either language."""
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    entries = re.findall(r"^- \*\*(.+?)\*\* (\S+?):", text, re.MULTILINE)
    assert len(entries) > len(WORDS)
    for words in zip(*entries, strict=True):
        assert len(set(words)) == len(words)


@pytest.mark.parametrize("script", TUTORIALS, ids=lambda script: script.stem)
def test_tutorial_runs(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every tutorial runs without a warning, from any folder, and prints something."""
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        runpy.run_path(str(script), run_name="__main__")
    assert capsys.readouterr().out.strip()


@pytest.mark.parametrize("page", [*PAGES, *TUTORIALS], ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page_names_no_host_and_no_machine(page: Path) -> None:
    """No page depends on where packages come from or on the folders of one machine."""
    text = page.read_text(encoding="utf-8")
    assert not HOSTS.search(text)
    assert not MACHINE_PATHS.search(text)


def test_maths_page_shows_every_row_function() -> None:
    """Every row function has a section with its sentence and its formula."""
    page = _script(DOCS / "generate.py").maths_page()
    for function in ROW_FUNCTIONS:
        section = page.partition(f"## `{function.__name__}`")[2].partition("\n## ")[0]
        assert re.search(r"^```text\n.*(<=|>=|=)", section, re.MULTILINE), function.__name__


def test_generated_reference_names_everything_public() -> None:
    """The reference has an entry for every public name."""
    import clusteropt

    page = _script(DOCS / "generate.py").reference_page()
    missing = [name for name in clusteropt.__all__ if not re.search(rf"\.{name}$", page, re.MULTILINE)]
    assert not missing


def test_pages_name_every_choice() -> None:
    """Kinds of rules, objectives, responses, proofs, reasons and baselines are all explained somewhere."""
    model = (DOCS / "explanation" / "model.md").read_text(encoding="utf-8")
    for choices in (RuleKind, ObjectiveKind, ResponseFamily):
        assert [choice for choice in choices if f"`{choice.value}`" not in model] == []
    reading = (DOCS / "tutorials" / "reading.md").read_text(encoding="utf-8")
    for choices in (Proof, UnspentReason):
        assert [choice for choice in choices if f"`{choice.value}`" not in reading] == []
    assert set(_script(DOCS / "figures.py").BASELINES["en"]) >= {kind.value for kind in BaselineKind}


def test_input_error_page_names_every_error() -> None:
    """Every error a planner can meet stands on the page about errors, but for the roots of the tree."""
    text = (DOCS / "explanation" / "input-errors.md").read_text(encoding="utf-8")
    leaves = [ClusteroptError]
    for error in leaves:
        leaves += error.__subclasses__()
    named = [error.__name__ for error in leaves if not error.__subclasses__() and "clusteropt" in error.__module__]
    assert [name for name in named if name not in text] == []


def test_architecture_is_drawn_from_the_imports() -> None:
    """The picture is what the script draws today, and every arrow of it points down."""
    script = _script(DOCS / "architecture.py")
    imports = script.find_imports()
    assert script.PICTURE.read_text(encoding="utf-8") == script.draw(imports), "run: python docs/architecture.py"
    order = {room: place for place, room in enumerate(script.ORDER)}
    assert [(room, other) for room in imports for other in imports[room] if order[other] <= order[room]] == []


def test_changelog_has_its_sections() -> None:
    """Every version tells users first and developers second, and the version of the package is there."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert sections[0].startswith("Unreleased\n")
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert version is not None
    assert any(section.startswith(version[1]) for section in sections)
    for section in sections:
        assert re.findall(r"^### (.+)$", section, re.MULTILINE) == ["User-facing", "Internal"]


def test_decisions_are_numbered_without_a_hole() -> None:
    """Decisions are numbered from 0001 on, each with a title that repeats its number."""
    files = sorted((DOCS / "decisions").glob("0*.md"))
    assert [file.name[:4] for file in files] == [f"{number:04d}" for number in range(1, len(files) + 1)]
    assert all(file.read_text(encoding="utf-8").startswith(f"# {file.name[:4]} ") for file in files)
