"""Sentences and labels that a planner reads, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
