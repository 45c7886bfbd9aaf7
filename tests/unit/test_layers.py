"""Who may import whom: the arrows between the rooms, and the modules that alone know a library."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import clusteropt

SOURCE = Path(clusteropt.__file__).parent
ORDER = (
    ("text",),
    ("domain", "errors"),
    ("inputs",),
    ("model",),
    ("solver",),
    ("plan",),
    ("diagnosis", "explanation", "study"),
    ("report",),
    ("cli",),
)
"""From left to right; rooms that stand together do not know each other."""
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
MODULES = sorted(SOURCE.rglob("*.py"))
FORBIDDEN_MODULES = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "yaml", "marshal", "shelve")
FORBIDDEN_CALLS = ("eval", "exec", "print", "breakpoint", "__import__")
ONLY_IN = {"highspy": "solver/highs.py", "pyomo": "model/pyomo_view.py"}


def name_of(path: Path) -> str:
    """Give the path of a module below the package, with forward slashes."""
    return path.relative_to(SOURCE).as_posix()


def guarded(tree: ast.Module) -> set[int]:
    """Collect the nodes under ``if TYPE_CHECKING``."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            found |= {id(inner) for statement in node.body for inner in ast.walk(statement)}
    return found


def imports(path: Path) -> list[tuple[str, bool]]:
    """List every imported module, wherever it stands, and whether it is for type checking alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    checking, found = guarded(tree), []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, id(node) in checking) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "clusteropt" else []
            found += [(name, id(node) in checking) for name in names or [node.module]]
    return found


def room_of(module: str) -> str | None:
    """Give the room of a module of the package; None for other packages and for names of its front."""
    parts = module.split(".")
    return parts[1] if parts[0] == "clusteropt" and len(parts) > 1 and parts[1] in RANK else None


def points_back(room: str, module: str) -> bool:
    """Tell whether a module is of another room that does not stand to the left of a room."""
    other = room_of(module)
    return other is not None and other != room and RANK[other] >= RANK[room]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_to_the_left(path: Path) -> None:
    """A room imports only from rooms to its left, also inside functions and for types."""
    room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if room == "__init__":
        return
    assert room in RANK, f"{room} is no room of the house"
    assert [module for module, _ in imports(path) if points_back(room, module)] == []


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_library_has_one_door(path: Path) -> None:
    """Only one module imports highspy, and only one Pyomo; others may name Pyomo for types."""
    for module, checking in imports(path):
        library = module.split(".")[0]
        if library in ONLY_IN:
            assert name_of(path) == ONLY_IN[library] or (checking and library == "pyomo")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_nothing_unsafe_and_nothing_printed(path: Path) -> None:
    """No pickle, YAML, eval or print anywhere in the package."""
    assert [m for m, _ in imports(path) if m.split(".")[0] in FORBIDDEN_MODULES] == []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert [name for name in calls if name in FORBIDDEN_CALLS] == []


def test_the_arrows_would_be_seen() -> None:
    """The parser sees imports in functions and tells those for types apart."""
    lines = (
        "from typing import TYPE_CHECKING",
        "if TYPE_CHECKING:",
        "    import pyomo.core",
        "def f():",
        "    import clusteropt.plan",
    )
    text = "\n".join(lines)
    tree = ast.parse(text)
    assert len(guarded(tree)) > 0
    assert room_of("clusteropt.plan.making") == "plan"
    assert room_of("numpy") is None
    assert points_back("plan", "clusteropt.diagnosis.trial")
    assert points_back("explanation", "clusteropt.diagnosis.trial")
    assert not points_back("explanation", "clusteropt.plan.making")


def test_files_are_short() -> None:
    """No module of the package is longer than 500 lines; the verifier, which is one file, not than 860."""
    most = {"plan/verify.py": 860}
    lines = {name_of(p): len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES}
    assert [name for name, number in lines.items() if number > most.get(name, 500)] == []
