"""What a row of the rules is repeated for: fields of its selection, or windows of years."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusteropt.inputs.faults import shorten, suggest
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clusteropt.inputs.problem import Selection
    from clusteropt.inputs.selections import RowReader

YEAR = "year"
WINDOW_PREFIX = "years:"


@dataclass(frozen=True, slots=True)
class Each:
    """What a row is repeated for.

    Parameters
    ----------
    fields : tuple of str
        Fields of a selection, in the order of the row; ``year`` for windows as well.
    window : int
        How many years on end go together: 1 for single years.
    """

    fields: tuple[str, ...] = ()
    window: int = 1


def year_runs(years: Sequence[int], window: int) -> list[tuple[int, ...]]:
    """Give every run of some years on end among the positions of years, which are in order."""
    runs = [tuple(range(year, year + window)) for year in years]
    return [run for run in runs if set(run) <= set(years)]


def read_each(text: str | None, selection: Selection, fields: Sequence[str], reader: RowReader) -> Each:
    """Read what a row is repeated for, and note what is wrong with it.

    Parameters
    ----------
    text : str or None
        Words joined by |.
    selection : Selection
        What the row is about.
    fields : sequence of str
        The words there are, beside those of windows.
    reader : RowReader
        The row.
    """
    found: list[str] = []
    window = 1
    for word in [] if text is None else [part.strip() for part in text.split("|")]:
        field = YEAR if word.startswith(WINDOW_PREFIX) else word
        if field not in fields:
            problem = Text(f"a rule cannot be repeated for {shorten(word)!r}.", f"规则不能按 {shorten(word)!r} 重复。")
            reader.fault("each", word, problem, suggest(word, (*fields, f"{WINDOW_PREFIX}3")))
        elif field in found:
            problem = Text(f"the row is repeated for the {field} twice.", f"{field} 重复出现。")
            reader.fault("each", word, problem, Text("Name it once.", "请只写一次。"))
        else:
            found.append(field)
            window = window if word == field else _window(word, selection, reader)
    return Each(tuple(found), window)


def _window(word: str, selection: Selection, reader: RowReader) -> int:
    """Read how many years go together; 1, and a fault, where that is no number or more than the years there are."""
    digits = word.removeprefix(WINDOW_PREFIX).strip()
    window = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 5 else 0
    years = selection.years or tuple(range(len(reader.names[YEAR].index)))
    if window < 2:
        problem = Text("a window is a whole number of years, at least 2.", "窗口须为不小于 2 的整数年。")
        reader.fault("each", word, problem, Text("Write years:3, or year.", "请填写 years:3, 或 year。"))
    elif not year_runs(years, window):
        problem = Text(
            f"the row is about {len(years)} years, with no {window} of them on end.",
            f"该行涉及 {len(years)} 个年份, 其中没有连续 {window} 年。",
        )
        reader.fault("each", word, problem, Text("Shorten the window, or plan more years.", "请缩短窗口, 或增加年份。"))
    else:
        return window
    return 1
