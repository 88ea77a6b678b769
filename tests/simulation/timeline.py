"""Virtual time: what happens when, in one order that the seed alone decides."""

import heapq
from collections.abc import Callable
from typing import Any, Protocol

START_MS = 1_700_000_000_000


class Owner(Protocol):
    """Whom an event is for."""

    def happens(self, handle: "Handle") -> None: ...


class Handle:
    """An event that may still be called off; asyncio knows it as a timer too."""

    __slots__ = ("_called_off", "arguments", "callback")

    def __init__(self, callback: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self.callback = callback
        self.arguments = arguments
        self._called_off = False

    def cancel(self) -> None:
        self._called_off = True

    def cancelled(self) -> bool:
        return self._called_off

    def run(self) -> None:
        if not self._called_off:
            self.callback(*self.arguments)


class Timeline:
    def __init__(self) -> None:
        self.now_s = 0.0
        self.events = 0
        self._coming: list[tuple[float, int, Owner | None, Handle]] = []
        self._number = 0
        self.busy = False
        """Some process is in the middle of its steps."""

    @property
    def now_ms(self) -> int:
        return START_MS + int(self.now_s * 1000)

    def at(
        self, at_s: float, owner: Owner | None, callback: Callable[..., object], *arguments: Any
    ) -> Handle:
        """Of two events of one time the one that was planned first comes first."""
        handle = Handle(callback, arguments)
        self._number += 1
        at_s = at_s if at_s > self.now_s else self.now_s
        heapq.heappush(self._coming, (at_s, self._number, owner, handle))
        return handle

    def after(
        self, delay_s: float, owner: Owner | None, callback: Callable[..., object], *arguments: Any
    ) -> Handle:
        return self.at(self.now_s + delay_s, owner, callback, *arguments)

    def run(self, until_s: float) -> None:
        coming = self._coming
        while coming and coming[0][0] <= until_s:
            self.now_s, _, owner, handle = heapq.heappop(coming)
            if handle.cancelled():
                continue
            self.events += 1
            if owner is None:
                handle.run()
            else:
                owner.happens(handle)
        self.now_s = until_s
