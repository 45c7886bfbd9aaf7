"""Draw the rooms of the package and the imports between them: docs/images/architecture.svg.

Every arrow is an import that stands in the sources, so the picture cannot promise what the code does not keep.
"""

from __future__ import annotations

import ast
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "clusteropt"
PICTURE = ROOT / "docs" / "images" / "architecture.svg"
ORDER = (
    "cli",
    "report",
    "study",
    "explanation",
    "diagnosis",
    "plan",
    "solver",
    "model",
    "inputs",
    "domain",
    "errors",
    "text",
)
LEFT, TOP, WIDTH, HEIGHT, PITCH = 20, 20, 610, 44, 62
REACH = 26
"""How far an arc stands out for every room it passes."""


def find_imports(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Give the rooms that each room imports from, those needed for types alone included."""
    found: dict[str, set[str]] = {}
    for file in sorted(package.rglob("*.py")):
        room = file.relative_to(package).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        names = found.setdefault(room, set())
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            modules = [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            parts = [module.split(".") for module in modules if module]
            names.update(part[1] for part in parts if part[0] == "clusteropt" and len(part) > 1)
        names.discard(room)
    return found


def summary(room: str, package: Path = PACKAGE) -> str:
    """Give the first line of the docstring of a room."""
    file = package / room / "__init__.py"
    file = file if file.is_file() else package / f"{room}.py"
    docstring = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


def draw(imports: dict[str, set[str]]) -> str:
    """Draw the rooms from top to bottom and an arc for every import, as SVG."""
    rooms = [room for room in ORDER if room in imports] + sorted(imports.keys() - set(ORDER))
    place = {room: TOP + PITCH * number + HEIGHT / 2 for number, room in enumerate(rooms)}
    arrows = [(room, other) for room in rooms for other in rooms if other in imports[room]]
    # Long arcs are drawn first, so that short ones stay visible on top of them.
    arrows.sort(key=lambda arrow: -abs(place[arrow[0]] - place[arrow[1]]))
    width = LEFT + WIDTH + REACH * len(rooms) + 30
    height = TOP + PITCH * len(rooms)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="sans-serif" role="img">',
        "<title>The rooms of clusteropt; an arrow goes from the room that imports to the room it imports</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" fill="#456"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *(_arc(place[start], place[end]) for start, end in arrows),
        *(_box(room, place[room]) for room in rooms),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _arc(start: float, end: float) -> str:
    right = LEFT + WIDTH
    out = right + REACH * abs(end - start) / PITCH
    # Starts and ends stand apart, so that what arrives is not taken for what leaves.
    start, end = start + 6, end - 6
    curve = f"M{right} {start:g} C{out:g} {start:g} {out:g} {end:g} {right + 2} {end:g}"
    return f'<path d="{curve}" fill="none" stroke="#456" stroke-opacity="0.55" marker-end="url(#tip)"/>'


def _box(room: str, middle: float) -> str:
    y = middle - HEIGHT / 2
    return (
        f'<rect x="{LEFT}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="#eef3f8" stroke="#456"/>'
        f'<text x="{LEFT + 12}" y="{middle - 3:g}" font-size="15" font-weight="bold" fill="#123">{escape(room)}</text>'
        f'<text x="{LEFT + 12}" y="{middle + 14:g}" font-size="11" fill="#345">{escape(summary(room))}</text>'
    )


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(draw(find_imports()), encoding="utf-8", newline="\n")
