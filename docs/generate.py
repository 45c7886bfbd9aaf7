"""Write the pages that are made from the code, the tests and the data sets into docs/generated."""

from __future__ import annotations

import ast
import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.main import get_command

from clusteropt.cli import app
from clusteropt.inputs import table_docs
from clusteropt.model.formulation import ROW_FUNCTIONS
from clusteropt.text import Language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "generated"
TUTORIALS = ROOT / "docs" / "tutorials"
GOLDEN = ROOT / "tests" / "golden"
WARNING = "<!-- made by docs/generate.py -->\n"


def tables_page(language: Language) -> str:
    """Describe every input table and column."""
    head = {
        Language.EN: "# Input tables\n\nOne file `<table>.csv` or `<table>.parquet` a table in a folder, one sheet a "
        "table in a workbook, or DataFrames by these names. A row may carry `source`, `status` and `note`; they stay "
        "out of the model.\n",
        Language.ZH: "# 输入表\n\n一个文件夹, 每表一个文件 `<表名>.csv` 或 `<表名>.parquet`; 或一个工作簿, "
        "每表一个工作表; 或以表名为键的 DataFrame。每行可附 `source`, `status`, `note` 三列, 它们不进入模型。\n",
    }
    return f"{head[language]}\n{table_docs(language)}"


def maths_page() -> str:
    """Write the formula of every block of rows, with the program of a small case."""
    head = (
        "# The mathematics, block by block\n\n"
        "Index letters: c cluster, l lever, f fund, t year, r region. Columns: x money (in printed units), y choice of "
        "a cell, z level of a menu, K stock, o outcome, d a counted draw or a piece of a harmful cell, a counted "
        "cluster, g joint outcome of a synergy, U what a region counts. What each block is for: "
        "[the model in one page](../explanation/model.md).\n\n"
        "Each block is written by one function; its formula is the first paragraph of the docstring. Where there is "
        "one, the program of the block in a small case follows, from the golden files that the tests compare with.\n"
    )
    return "\n".join([head, *(_row_block(function) for function in ROW_FUNCTIONS)])


def _row_block(function: Callable[..., object]) -> str:
    first, *rest = inspect.cleandoc(function.__doc__ or "").split("\n\n")
    sentence, _, formula = " ".join(first.split()).partition(": ")
    name = function.__name__
    parts = [f"## `{name}`", f"{escape(sentence)}:", f"```text\n{formula}\n```"]
    parts += [escape(" ".join(paragraph.split())) for paragraph in rest]
    golden = GOLDEN / f"{name}.lp"
    if golden.is_file():
        parts.append(f"```text\n{golden.read_text(encoding='utf-8').rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def escape(text: str) -> str:
    """Keep signs of Markdown as they stand, outside of code."""
    pieces = text.split("`")
    pieces[::2] = ["".join(f"\\{sign}" if sign in "*_[]<>|" else sign for sign in piece) for piece in pieces[::2]]
    return "`".join(pieces)


def command_page() -> str:
    """Describe every command, argument and option from the application itself."""
    command: Any = get_command(app)
    head = f"# Command line\n\n{escape(command.help or '')}\n\n{_parameters(command)}"
    return "\n".join([head, *(_command(name, part) for name, part in command.commands.items())])


def _command(name: str, command: Any) -> str:
    usage = " ".join(["clusteropt", name, *(_usage(parameter) for parameter in command.params)])
    return f"## `clusteropt {name}`\n\n{_prose(command.help)}\n\n```text\n{usage}\n```\n\n{_parameters(command)}"


def _usage(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return parameter.name.upper()
    flag = max(parameter.opts, key=len)
    text = flag if parameter.is_flag else f"{flag} {parameter.name.upper()}"
    return text if parameter.required else f"[{text}]"


def _parameters(command: Any) -> str:
    rows = [
        f"| {' '.join(f'`{name}`' for name in [*parameter.opts, *parameter.secondary_opts])} "
        f"| {escape(' '.join((getattr(parameter, 'help', None) or '').split()))} |"
        for parameter in command.params
    ]
    return "\n".join(["| Name | Meaning |", "|---|---|", *rows, ""]) if rows else ""


def _prose(text: str | None) -> str:
    return "\n\n".join(escape(" ".join(part.split())) for part in (text or "").split("\n\n"))


def datasets_page() -> str:
    """Describe every data package and its fields."""
    head = (
        "# Data sets\n\nEvery package is a folder of `datasets/` with a `datapackage.json` (Frictionless). Sources "
        "stand in the rows.\n"
    )
    folders = sorted(path.parent for path in (ROOT / "datasets").glob("*/datapackage.json"))
    return "\n".join([head, *(_package(folder) for folder in folders)])


def _package(folder: Path) -> str:
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    licences = ", ".join(licence["name"] for licence in package["licenses"])
    sources = "; ".join(escape(source["title"]) for source in package["sources"])
    parts = [
        f"## `{package['name']}`",
        f"{escape(package['title'])}. {package['title_zh']}。",
        escape(package["description"]),
        f"Licence: {licences}. {escape(package.get('licence_note', ''))}",
        f"Sources: {sources}.",
    ]
    for resource in package["resources"]:
        fields = resource["schema"]["fields"]
        parts.append(f"### `{package['name']}/{resource['path']}`")
        rows = [
            f"| `{field['name']}` | {field['type']} | {field.get('unit', '')} | {escape(field['title'])} "
            f"| {escape(field.get('title_zh', ''))} |"
            for field in fields
        ]
        parts.append("\n".join(["| Field | Type | Unit | Meaning | 含义 |", "|---|---|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


GROUPS = (
    (
        "Read",
        (
            "read_problem",
            "problem_from_tables",
            "problem_of_folder",
            "ModelSettings",
            "Problem",
            "table_docs",
            "write_template",
        ),
    ),
    ("Solve", ("solve", "SolveOptions", "Isolation", "Progress", "compare")),
    (
        "Explain",
        (
            "explain",
            "ExplainOptions",
            "Part",
            "Explanation",
            "explanation_lines",
            "what_if",
            "Change",
            "alternatives",
            "Alternative",
        ),
    ),
    ("Plans", ("Plan", "save_plan", "load_plan", "summary_lines", "write_plan_files", "write_allocation")),
    ("Pyomo", ("to_pyomo", "from_pyomo")),
    ("Words", ("Path", "Lever", "Feature", "classify", "Classification", "Text", "Language")),
)


def reference_page() -> str:
    """List the public names by subject; what is in no group is an error, or stands under the last heading."""
    homes = dict(public_names())
    grouped = {name for _, names in GROUPS for name in names}
    groups = [*GROUPS, ("Errors and the rest", tuple(name for name in homes if name not in grouped))]
    parts = ["# Reference\n\nThe public names, all of them in `clusteropt`: `import clusteropt as co`.\n"]
    for title, names in groups:
        parts.append(f"## {title}\n")
        parts += [_documented(homes[name], name) for name in names if name in homes]
    return "\n".join(parts)


def public_names() -> Iterator[tuple[str, str]]:
    """Give every public name and the module it lives in, as the package declares them for type checkers."""
    tree = ast.parse((ROOT / "src" / "clusteropt" / "__init__.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("clusteropt"):
            yield from ((alias.asname or alias.name, str(node.module)) for alias in node.names)


def _documented(home: str, name: str) -> str:
    if name[0].islower():
        return f"```{{eval-rst}}\n.. autofunction:: {home}.{name}\n```\n"
    members = "" if name.endswith("Error") else "\n   :members:"
    return f"```{{eval-rst}}\n.. autoclass:: {home}.{name}{members}\n```\n"


def tutorial_output(script: Path) -> str:
    """Run a tutorial and give what it prints."""
    found = subprocess.run(
        [sys.executable, "-W", "error", str(script)], capture_output=True, text=True, check=False, encoding="utf-8"
    )
    if found.returncode:
        raise SystemExit(f"{script.name} failed:\n{found.stderr}")
    return found.stdout


def main() -> None:
    """Write all pages anew."""
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    pages = {
        "tables.md": tables_page(Language.EN),
        "tables.zh.md": tables_page(Language.ZH),
        "maths.md": maths_page(),
        "commands.md": command_page(),
        "datasets.md": datasets_page(),
        "reference.md": reference_page(),
    }
    for name, text in pages.items():
        (TARGET / name).write_text(f"{WARNING}\n{text}", encoding="utf-8", newline="\n")
    for script in sorted(TUTORIALS.glob("*.py")):
        (TARGET / f"{script.stem}.txt").write_text(tutorial_output(script), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
