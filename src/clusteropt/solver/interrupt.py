"""Ctrl-C as a flag: the first asks a solve to end with what it holds, the second ends it at once."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class Interrupt:
    """Takes SIGINT while it is entered in the main thread; in other threads it never asks for anything.

    A KeyboardInterrupt can be raised anywhere, also where the incumbent is not yet in hand, and inside a callback of
    HiGHS it is lost in C++; a flag is looked at where there is something to return.
    """

    def __init__(self) -> None:
        self._presses = 0
        self._asked = False
        self._before: Callable[..., Any] | int | None = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def asked(self) -> bool:
        """Tell whether Ctrl-C was pressed since it was last taken."""
        return self._asked

    def take(self) -> None:
        """Note that the wish has been followed."""
        self._asked = False

    def _press(self, *_: object) -> None:
        self._presses += 1
        self._asked = True
        if self._presses > 1:
            raise KeyboardInterrupt
