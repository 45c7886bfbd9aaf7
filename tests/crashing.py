"""Writing a plan again and again with the process killed, or the disk full, at another point each time.

``python -m tests.crashing FOLDER`` prints one line of JSON for every point: how it ended, and what stands there after.
It runs in a process of its own because it forks, which a process with threads should not.
"""

from __future__ import annotations

import errno
import json
import os
import random
import resource
import shutil
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from clusteropt.errors import OutputError, PlanFileError
from clusteropt.plan.saving import load_plan, save_plan
from clusteropt.report.files import write_plan_files
from clusteropt.text import Text
from tests.differential import solved_models

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from clusteropt.plan.plan import Plan

    Content = dict[str, bytes]

STEPS = frozenset({"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "fsync", "exchange"})
"""What the system is asked for: audit events of Python, and two of our own."""
ENDED, REFUSED, ESCAPED = 0, 3, 4
KILLS = 60
"""How often a process is killed at a random moment."""


@dataclass
class Counter:
    """Counts the steps of a process and does something at one of them."""

    at: int
    act: Callable[[], None]
    seen: int = 0

    def __call__(self, event: str, _: object = None) -> None:
        """Take one audit event."""
        if event in STEPS:
            self.seen += 1
            if self.seen == self.at:
                self.act()


def kill() -> None:
    """End this process as a power cut would: nothing is cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


def fail(number: int) -> Callable[[], None]:
    """Make the next step fail with an error of the system."""

    def act() -> None:
        raise OSError(number, os.strerror(number))

    return act


def attempt(write: Callable[[], None], prepare: Callable[[], None], delay_s: float | None = None) -> int:
    """Write in a forked process; give its exit code, negative where a signal ended it."""
    child = os.fork()
    if not child:
        code = ESCAPED
        try:
            prepare()
            write()
            code = ENDED
        except OutputError:
            code = REFUSED
        finally:
            os._exit(code)
    if delay_s is not None:
        time.sleep(delay_s)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def count_steps(at: int, act: Callable[[], None]) -> None:
    """Do something at one step of this process."""
    from clusteropt.report import files

    counter, sync, exchange = Counter(at, act), os.fsync, files._exchange
    os.fsync = lambda handle: (counter("fsync"), sync(handle))[1]
    files._exchange = lambda one, other: (counter("exchange"), exchange(one, other))[1]
    sys.addaudithook(counter)


def limit_files(size: int, deadly: bool) -> None:
    """Let no file grow beyond a size: the process dies in the middle of the write, or the write fails."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    if deadly:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def content(folder: Path) -> Content:
    """Read all files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@dataclass(frozen=True)
class Scene:
    """A place with an older plan or none, and a new plan to write."""

    place: Path
    write: Callable[[], None]
    known: dict[str, Content]
    before: str
    thorough: bool = True

    def reset(self) -> None:
        """Put back what stood there before."""
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()
        for name, data in self.known[self.before].items():
            path = self.place / "plan" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def state(self) -> str:
        """Say what stands there: the name of a known whole, or what is wrong."""
        wholes = list(self.known.values())
        for path in [*self.place.iterdir(), *self.place.glob("*/.*.part")]:
            with suppress(PlanFileError):
                load_plan(path)
                found = content(path) if path.is_dir() else {"plan.json": path.read_bytes()}
                named = {name: data for name, data in found.items() if not name.endswith(".part")}
                # A part without its last line break says all that the plan says.
                parts = [whole["plan.json"].rstrip() for whole in wholes if whole]
                if named not in wholes and (path.is_dir() or named["plan.json"].rstrip() not in parts):
                    return f"half a plan is read from {path.name}"
        found = content(self.place / "plan") if (self.place / "plan").exists() else {}
        named = {name: data for name, data in found.items() if not name.endswith(".part")}
        return next((name for name, whole in self.known.items() if whole == named), "a mixture")

    def left(self) -> list[str]:
        """Name what is left beside the plan."""
        return sorted(path.name for path in self.place.rglob(".*") if path.suffix in (".part", ".old"))


def points(scene: Scene) -> Iterator[dict[str, object]]:
    """Try every point of every way to fail."""
    # Each prepares the forked process for one point.
    ways: dict[str, Callable[[int], Callable[[], None]]] = {
        "killed": lambda at: lambda: count_steps(at, kill),
        "full": lambda at: lambda: count_steps(at, fail(errno.ENOSPC)),
        "read-only": lambda at: lambda: count_steps(at, fail(errno.EROFS)),
    }
    if not scene.thorough:
        del ways["read-only"]
    for way, prepare in ways.items():
        code, at = 1, 0
        while code != ENDED:
            at += 1
            scene.reset()
            code = attempt(scene.write, prepare(at))
            yield {"way": way, "at": at, "code": code, "state": scene.state(), "left": scene.left()}
    if not scene.thorough:
        return
    largest = max(len(data) for data in scene.known["new"].values())
    for size in sorted({*range(0, largest + largest // 12, max(1, largest // 12)), largest - 1}):
        for deadly in (True, False):
            scene.reset()
            code = attempt(scene.write, lambda size=size, deadly=deadly: limit_files(size, deadly))
            way = "killed in a write" if deadly else "a write fails"
            yield {"way": way, "at": size, "code": code, "state": scene.state(), "left": scene.left()}
    yield from _killed_at_random(scene)


def _killed_at_random(scene: Scene) -> Iterator[dict[str, object]]:
    scene.reset()
    began = time.monotonic()
    attempt(scene.write, lambda: None)
    needed, dice = time.monotonic() - began, random.Random(7)
    for _ in range(KILLS):
        delay = dice.uniform(0, 1.1 * needed)
        scene.reset()
        code = attempt(scene.write, lambda: None, delay)
        yield {"way": "killed any time", "at": delay, "code": code, "state": scene.state(), "left": scene.left()}


def main(folder: Path) -> None:
    """Print every point of writing a folder, over an older plan and into nothing, and of one file over an older."""
    (_, problem, plan) = next(iter(solved_models(1, start=40)))
    newer = replace(plan, title=Text("Newer", "新"))
    known: dict[str, Content] = {}
    for name, each in (("old", plan), ("new", newer)):
        write_plan_files(each, folder / name, problem)
        known[name] = content(folder / name)
    place = folder / "scene"
    over = Scene(place, lambda: write_plan_files(newer, place / "plan", problem), known, "old")
    fresh = replace(over, known=known | {"none": {}}, before="none", thorough=False)
    for name, scene in (
        ("over an older plan", over),
        ("into nothing", fresh),
        ("one file", _one_file(known, place, newer)),
    ):
        for point in points(scene):
            sys.stdout.write(json.dumps({"scene": name, **point}) + "\n")


def _one_file(known: dict[str, Content], place: Path, newer: Plan) -> Scene:
    files = {name: {"plan.json": whole["plan.json"]} for name, whole in known.items()}

    def write() -> None:
        try:
            save_plan(newer, place / "plan" / "plan.json")
        except OSError as error:
            raise OutputError(Text(str(error), str(error))) from None

    return Scene(place, write, files, "old")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
