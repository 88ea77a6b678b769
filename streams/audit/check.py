"""What every check is: it names the topics it wants, hears their records, comes to verdicts."""

import heapq
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from schemas.topics import Topic
from streams.audit.ground import SKEW_MS
from streams.audit.heard import Heard
from streams.audit.verdict import Verdict

T = TypeVar("T")


class Check(Protocol):
    @property
    def topics(self) -> frozenset[Topic]: ...

    @property
    def verdicts(self) -> tuple[Verdict, ...]: ...

    def hear(self, heard: Heard) -> None:
        """Of one partition in its order, and of all by the broker's time."""

    def finish(self, now_ms: int) -> None:
        """All has been heard; `now_ms` is the newest time of the broker that was met."""


class Later(Generic[T]):
    """What is judged once everything has been heard that may have come before it."""

    def __init__(self, judge: Callable[[T], None]) -> None:
        self._judge = judge
        self._waiting: list[tuple[int, int, T]] = []
        self._added = 0

    def add(self, at_ms: int, item: T) -> None:
        heapq.heappush(self._waiting, (at_ms, self._added, item))
        self._added += 1

    def until(self, now_ms: int) -> None:
        while self._waiting and self._waiting[0][0] + SKEW_MS < now_ms:
            self._judge(heapq.heappop(self._waiting)[2])

    def all(self) -> None:
        while self._waiting:
            self._judge(heapq.heappop(self._waiting)[2])
