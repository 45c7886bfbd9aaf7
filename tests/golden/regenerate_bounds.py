"""Write the bounds of the stored plans at arbitrary prices again: ``python -m tests.golden.regenerate_bounds``.

Only after ``tests/property/test_verify_bound.py`` has held: these are figures of the verifier itself, kept so that a
change of its arithmetic is seen at once.
"""

from __future__ import annotations

import json
import random
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.bound_prices import bound_at, built, random_prices

GOLDEN = Path(__file__).parent
BOUNDS = GOLDEN / "bounds.json"
EACH = 6


def bounds(folder: Path) -> dict[str, list[Any]]:
    """Give, for some prices, kinds of a stage and numbers, the bound, or why there is none."""
    files = {path.name: path.read_bytes() for path in (folder / "inputs").iterdir()}
    found = {}
    for number in (float, Fraction):
        mine = built(files, number)
        own = mine.goal["kind"]
        for kind in {own: None, **({"second": None} if own == "worst_region" else {})}:
            for each in range(EACH):
                prices = random_prices(random.Random(f"{folder.name}/{each}"), mine, kind)
                try:
                    best = bound_at(mine, prices, kind, each / 2)
                except ArithmeticError as error:
                    found[f"{number.__name__} {kind} {each}"] = [str(error)]
                    continue
                found[f"{number.__name__} {kind} {each}"] = [float(best)]
    return found


def main() -> None:
    """Write the file."""
    found = {folder.name: bounds(folder) for folder in sorted((GOLDEN / "plans").iterdir())}
    BOUNDS.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
