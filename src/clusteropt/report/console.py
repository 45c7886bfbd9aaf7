"""What the commands say while they work: plain lines, and the progress of a solve."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text as RichText

from clusteropt.report import numbers, words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from clusteropt.explanation.explanation import Step
    from clusteropt.solver.claim import Progress
    from clusteropt.text import Language, Text

SECONDS_BETWEEN_LINES = 2.0
"""A file gets a line of progress this often; a terminal shows every change in place."""
UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class Voice:
    """Where lines go, and in which language.

    Parameters
    ----------
    language : Language
        The language of the words.
    console : Console
        Standard output; a quiet one says nothing.
    """

    language: Language
    console: Console = field(default_factory=Console)

    def read(self, text: Text) -> str:
        """Give a text in the language of the voice."""
        return text.read(self.language)

    def say(self, line: str) -> None:
        """Write one line; what a terminal would take as a command becomes a space."""
        shown = "".join(sign if sign.isprintable() else " " for sign in line)
        self.console.print(shown, markup=False, highlight=False, soft_wrap=True)

    def say_all(self, lines: Iterable[str]) -> None:
        """Write lines."""
        for line in lines:
            self.say(line)


@contextmanager
def progress(voice: Voice) -> Iterator[Callable[[Progress], None]]:
    """Show how far a solve has come: in place on a terminal, as plain lines elsewhere."""
    if voice.console.is_terminal:
        with voice.console.status("") as status:
            yield lambda news: status.update(RichText(progress_line(voice, news)))
        return
    lines = _Lines(voice)
    yield lines.hear
    lines.finish()


@contextmanager
def steps(voice: Voice) -> Iterator[Callable[[Step], None]]:
    """Show how far an explanation has come: in place on a terminal, as a line now and then elsewhere."""

    def line(step: Step) -> str:
        done, num = numbers.count(step.done), numbers.count(step.num)
        return voice.read(words.STEP_LINE).format(
            seconds=numbers.seconds(step.seconds), done=done, num=num, what=voice.read(step.what)
        )

    if voice.console.is_terminal:
        with voice.console.status("") as status:
            yield lambda step: status.update(RichText(line(step)))
        return
    said = -SECONDS_BETWEEN_LINES

    def hear(step: Step) -> None:
        nonlocal said
        if step.seconds >= said + SECONDS_BETWEEN_LINES:
            said = step.seconds
            voice.say(line(step))

    yield hear


def progress_line(voice: Voice, news: Progress) -> str:
    """Write seconds, step, incumbent, bound and gap as one line."""
    step = words.STEPS.get(news.step)
    return voice.read(words.PROGRESS).format(
        seconds=numbers.seconds(news.seconds),
        step=news.step if step is None else voice.read(step),
        value=UNKNOWN if news.value is None else numbers.outcome(news.value),
        bound=UNKNOWN if news.bound is None else numbers.outcome(news.bound),
        gap=UNKNOWN if news.gap is None else numbers.gap(news.gap),
    )


class _Lines:
    """Progress as lines: the first, the last, every new step, and one now and then."""

    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._said: Progress | None = None
        self._last: Progress | None = None

    def hear(self, news: Progress) -> None:
        said, self._last = self._said, news
        if said is None or said.step != news.step or news.seconds >= said.seconds + SECONDS_BETWEEN_LINES:
            self._say(news)

    def finish(self) -> None:
        if self._last is not None and self._last is not self._said:
            self._say(self._last)

    def _say(self, news: Progress) -> None:
        self._said = news
        self._voice.say(progress_line(self._voice, news))
