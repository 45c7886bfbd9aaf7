"""A column of text with each word kept once: what millions of rows repeat is checked and looked up once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from clusteropt.inputs.problem import Ints

SEPARATOR = "|"
SMALL_CODES = (np.int8, np.int16)


@dataclass(frozen=True, slots=True, eq=False)
class Coded(Sequence["str | None"]):
    """A column of text, read as a sequence of its values.

    Parameters
    ----------
    codes : array of shape (num_rows,)
        The position of the word of each row; -1 where there is none.
    words : array of shape (num_words,)
        Texts, each once; some may stand in no row.
    """

    codes: NDArray[np.signedinteger[Any]]
    words: NDArray[np.object_]

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.codes)

    @overload
    def __getitem__(self, row: int) -> str | None: ...
    @overload
    def __getitem__(self, row: slice) -> Coded: ...
    def __getitem__(self, row: int | slice) -> str | Coded | None:
        """Give the text of a row, or some rows."""
        if isinstance(row, slice):
            return Coded(self.codes[row], self.words)
        code = int(self.codes[row])
        return None if code < 0 else self.words[code]

    @property
    def given(self) -> NDArray[np.bool_]:
        """Whether each row holds a text."""
        return np.asarray(self.codes >= 0)

    @property
    def objects(self) -> NDArray[np.object_]:
        """The text of every row, None where there is none."""
        return self.spread(self.words.tolist(), None)

    def take(self, rows: NDArray[Any]) -> Coded:
        """Give some rows, by their positions or by a mask."""
        return Coded(self.codes[rows], self.words)

    def spread(self, found: Sequence[Any] | NDArray[Any], missing: object) -> NDArray[Any]:
        """Give what was found for each word to the rows that hold it; ``missing`` where there is none."""
        kind = found.dtype if isinstance(found, np.ndarray) else bool if isinstance(missing, bool) else object
        values = np.empty(len(self.words) + 1, kind)
        values[:-1], values[-1] = found, missing
        taken: NDArray[Any] = values[self.codes]
        return taken

    def rewritten(self, words: Sequence[str | None]) -> Coded:
        """Write each word in another way, or as none; words that become one are one."""
        return _recoded(self.codes, words)

    def order(self) -> Ints:
        """Give the words that stand in some row in the order in which they first appear."""
        found = pd.unique(self.codes).astype(np.int64)
        return found[found >= 0]

    def first_rows(self) -> Ints:
        """Give the first row of every word; the number of rows where it stands in none."""
        first = np.full(len(self.words) + 1, len(self.codes))
        first[self.codes[::-1]] = np.arange(len(self.codes))[::-1]
        return first[:-1]


def code_texts(values: Any) -> Coded:
    """Keep each word of an array of text or None, or of a series of strings, once."""
    codes, words = pd.factorize(values)
    return Coded(small_codes(codes, len(words)), np.asarray(words, dtype=object))


def code_categories(codes: NDArray[Any], words: Sequence[str | None]) -> Coded:
    """Take a column that is coded already; its words may be alike, missing, in any order, or in no row."""
    if None in words or len(set(words)) < len(words):
        found = _recoded(codes, words)
    else:
        found = Coded(small_codes(codes, len(words)), as_objects(words))
    order = found.order()
    if len(order) == len(found.words) and (order == np.arange(len(order))).all():
        return found
    place = np.full(len(found.words) + 1, -1)
    place[order] = np.arange(len(order))
    return Coded(small_codes(place[found.codes], len(order)), found.words[order])


def no_texts(num_rows: int) -> Coded:
    """Give a column without a text, which takes no memory."""
    return Coded(np.broadcast_to(np.int8(-1), num_rows), np.empty(0, dtype=object))


def as_objects(values: Iterable[Any]) -> NDArray[np.object_]:
    """Give values of any kind as an array of objects."""
    listed = list(values)
    array = np.empty(len(listed), dtype=object)
    array[:] = listed
    return array


def small_codes(codes: NDArray[Any], num_words: int) -> NDArray[np.signedinteger[Any]]:
    """Write codes of few words in few bytes."""
    kind = next((kind for kind in SMALL_CODES if num_words <= np.iinfo(kind).max), np.int32)
    return codes.astype(kind, copy=False)


def joined(words: Sequence[str]) -> str | None:
    """Join words for a test of all of them at one glance; None where one of them holds the sign between them."""
    text = SEPARATOR.join(words)
    return text if text.count(SEPARATOR) == max(len(words) - 1, 0) else None


def _recoded(codes: NDArray[Any], words: Sequence[str | None]) -> Coded:
    into, kept = pd.factorize(as_objects(words))
    return Coded(small_codes(np.append(into, -1)[codes], len(kept)), np.asarray(kept, dtype=object))
