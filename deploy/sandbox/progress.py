"""How long work tells that it goes on: a bar on a terminal, plain lines in a log, or nothing."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

Advance = Callable[[int], None]
"""Says that so many more bytes are done; may be called from several threads."""


class Reporter(Protocol):
    def say(self, line: str) -> None:
        """Something begins or happened."""

    def task(self, what: str, bytes_total: int) -> AbstractContextManager[Advance]:
        """Work whose size is known before it starts."""


def reporter(stream: TextIO = sys.stderr) -> Reporter:
    """The one that suits where `stream` goes."""
    return Bars(stream) if stream.isatty() else Lines(stream)


class Quiet:
    """For callers who wait without wondering, such as tests."""

    def say(self, line: str) -> None:
        pass

    @contextmanager
    def task(self, what: str, bytes_total: int) -> Iterator[Advance]:
        yield lambda _: None


class Lines:
    """One line per quarter: a log file stays readable."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream

    def say(self, line: str) -> None:
        self._stream.write(line + "\n")
        self._stream.flush()

    @contextmanager
    def task(self, what: str, bytes_total: int) -> Iterator[Advance]:
        self.say(f"{what}: {_mb(bytes_total)}")
        yield _Quarters(bytes_total, lambda done: self.say(f"{what}: {_mb(done)} done"))


class Bars:
    """A bar that leaves no trace when its work is done."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._console = Console(file=stream)

    def say(self, line: str) -> None:
        self._console.print(line, highlight=False, markup=False)

    @contextmanager
    def task(self, what: str, bytes_total: int) -> Iterator[Advance]:
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
        with Progress(
            *columns, TimeRemainingColumn(), console=self._console, transient=True
        ) as bars:
            task = bars.add_task(what, total=bytes_total)
            yield lambda size_bytes: bars.advance(task, size_bytes)


class _Quarters:
    """Calls `on_quarter` as each quarter of the total is passed."""

    def __init__(self, total: int, on_quarter: Callable[[int], None]) -> None:
        self._total, self._on_quarter = total, on_quarter
        self._done = 0
        self._lock = threading.Lock()

    def __call__(self, size: int) -> None:
        with self._lock:
            before, self._done = self._done, self._done + size
            if self._quarter(before) < self._quarter(self._done):
                self._on_quarter(self._done)

    def _quarter(self, done: int) -> int:
        return 4 * done // max(self._total, 1)


def _mb(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.0f} MB"
