"""Every row function writes the rows that its golden LP file shows."""

from __future__ import annotations

import math

import pytest

from clusteropt.model.formulation import ROW_FUNCTIONS
from tests.golden.cases import CASES, FOLDER, golden_file, to_lp

NAMES = [function.__name__ for function in ROW_FUNCTIONS]


def same_word(one: str, other: str) -> bool:
    """Compare two words of an LP file: numbers within 1e-12 of their size, the rest letter by letter."""
    try:
        return math.isclose(float(one), float(other), rel_tol=1e-12, abs_tol=1e-12)
    except ValueError:
        return one == other


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_those_of_the_golden_file(name: str) -> None:
    """The LP of the block alone is that of its file, white space aside."""
    golden, made = golden_file(name).read_text(encoding="utf-8").split(), to_lp(name).split()
    assert len(made) == len(golden)
    assert [pair for pair in zip(golden, made, strict=True) if not same_word(*pair)] == []
    assert any(word.startswith((f"c_e_{name}", f"c_u_{name}", f"c_l_{name}", f"r_l_{name}")) for word in made)


def test_every_row_function_has_one_golden_file() -> None:
    """No row function without a file, no file without a row function."""
    assert sorted(path.stem for path in FOLDER.glob("*.lp")) == sorted(NAMES) == sorted(CASES)
