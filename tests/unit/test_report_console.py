"""What the commands say while they work."""

from __future__ import annotations

import io

from rich.console import Console

from clusteropt.report.console import Voice, progress, progress_line
from clusteropt.solver.claim import Progress
from clusteropt.text import Language


def make_voice(*, terminal: bool = False, language: Language = Language.EN) -> tuple[Voice, io.StringIO]:
    """Make a voice that speaks into memory."""
    file = io.StringIO()
    return Voice(language, Console(file=file, force_terminal=terminal, width=200)), file


def test_progress_is_one_line_in_both_languages() -> None:
    """Seconds, step, incumbent, bound and gap; a dash stands for what is not known."""
    known, unknown = Progress(1.25, 90.0, 99.0, "search"), Progress(0.0, None, None, "of another kind")
    english, chinese = make_voice()[0], make_voice(language=Language.ZH)[0]
    assert progress_line(english, known) == "1.2 s  search  incumbent 90  bound 99  gap 1.0e-01"
    assert progress_line(chinese, known) == "1.2 秒  搜索  当前最优 90  界 99  差距 1.0e-01"
    assert progress_line(english, unknown) == "0.0 s  of another kind  incumbent –  bound –  gap –"


def test_a_file_gets_the_first_the_last_and_some_lines_between() -> None:
    """Every new step has a line, and one step has one every two seconds."""
    voice, file = make_voice()
    with progress(voice) as listen:
        listen(Progress(0.0, None, 10.0, "relaxation"))
        for tenth in range(30):
            listen(Progress(0.1 + tenth / 10, 9.0, 10.0, "search"))
    seconds = [line.split(" ")[0] for line in file.getvalue().splitlines()]
    assert seconds == ["0.0", "0.1", "2.1", "3.0"]


def test_without_news_a_file_gets_no_line() -> None:
    """A solve that says nothing leaves no empty line."""
    voice, file = make_voice()
    with progress(voice):
        pass
    assert file.getvalue() == ""


def test_a_terminal_is_shown_the_progress_in_place() -> None:
    """The state is drawn over itself, and brackets in it are not styles."""
    voice, file = make_voice(terminal=True)
    with progress(voice) as listen:
        listen(Progress(7.0, 90.0, 99.0, "[bold]"))
    assert "7.0 s  [bold]  incumbent 90" in file.getvalue()


def test_lines_cannot_steer_the_terminal() -> None:
    """Escape signs in a name become spaces, brackets stay, and long lines are not cut."""
    voice, file = make_voice()
    voice.say("a\x1b[2Jb [red]c[/red] 中文 " + "x" * 300)
    assert file.getvalue() == "a [2Jb [red]c[/red] 中文 " + "x" * 300 + "\n"
