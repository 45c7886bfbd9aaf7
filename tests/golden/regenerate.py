"""Write every golden LP file anew: ``python -m tests.golden.regenerate``. Read the difference before it is kept."""

from __future__ import annotations

from tests.golden.cases import CASES, golden_file, to_lp


def main() -> None:
    """Write one file for each row function."""
    for name in CASES:
        golden_file(name).write_text(to_lp(name), encoding="utf-8")


if __name__ == "__main__":
    main()
