"""The broker's time on a host whose own clock may be wrong, and may step.

What is measured here is judged there, by the broker's time. How far the own clock is ahead is known
from each acknowledgement: its record was appended after it was sent and before it was acknowledged.
"""

import time
from collections.abc import Callable

TOLERATED_MS = 1_000
"""A clock that is right is left alone: moments stay as evenly spaced as they are."""


def host_ms() -> int:
    return time.time_ns() // 1_000_000


class BrokerClock:
    """The host's own until the first acknowledgement."""

    def __init__(self, own_ms: Callable[[], int] = host_ms) -> None:
        self._own_ms = own_ms
        self._ahead_ms = 0

    def own_ms(self) -> int:
        return self._own_ms()

    def now_ms(self) -> int:
        return self._own_ms() - self._ahead_ms

    def heard(self, sent_ms: int, appended_ms: int) -> None:
        """`sent_ms` by the own clock, of a record that is acknowledged now."""
        least, most = sent_ms - appended_ms, self._own_ms() - appended_ms
        if not least - TOLERATED_MS <= self._ahead_ms <= most + TOLERATED_MS:
            self._ahead_ms = (least + most) // 2
