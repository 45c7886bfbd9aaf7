"""Sentences and labels that a planner reads, in English and Chinese."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydantic_core import CoreSchema


class Language(StrEnum):
    """The language that a planner reads in."""

    EN = "en"
    ZH = "zh"


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or label in both languages.

    Parameters
    ----------
    en : str
        The English form.
    zh : str
        The Chinese form.
    """

    en: str
    zh: str

    def read(self, language: Language) -> str:
        """Give the form of the text in one language."""
        return self.zh if language is Language.ZH else self.en

    def __str__(self) -> str:
        return self.en


class Texts(Sequence[Text]):
    """Many texts as two columns, each put together where somebody asks for it.

    Parameters
    ----------
    en, zh : array of shape (num_texts,)
        Both forms.
    """

    def __init__(self, en: NDArray[np.object_], zh: NDArray[np.object_]) -> None:
        self._en, self._zh = en, zh

    def __len__(self) -> int:
        """Give the number of texts."""
        return len(self._en)

    @overload
    def __getitem__(self, number: int) -> Text: ...
    @overload
    def __getitem__(self, number: slice) -> tuple[Text, ...]: ...
    def __getitem__(self, number: int | slice) -> Text | tuple[Text, ...]:
        """Give a text, or some."""
        if isinstance(number, slice):
            return tuple(map(Text, self._en[number], self._zh[number]))
        return Text(self._en[number], self._zh[number])

    def __eq__(self, other: object) -> bool:
        """Tell whether other texts are the same."""
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(operator.eq, self, other))

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: object) -> CoreSchema:
        """Tell how it is saved: as the texts it stands for, one by one. It is read as a tuple."""
        from pydantic_core import core_schema  # noqa: PLC0415 - only where a plan is saved

        written = core_schema.plain_serializer_function_ser_schema(
            lambda texts: [{"en": one.en, "zh": one.zh} for one in texts]
        )
        return core_schema.is_instance_schema(cls, serialization=written)

    def __hash__(self) -> int:
        """Give a number that equal texts share."""
        return hash(tuple(self))
