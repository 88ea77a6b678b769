"""The broker's time, as told by the acknowledgement of our last record.

A notice's end is the tape's time, which is the broker's. Every message is announced on
`deliveries` before it is sent, so the broker has told its time just before it matters.
"""

import asyncio
import time


def elapsed_ms() -> int:
    """Counts suspended time where the system can."""
    return time.clock_gettime_ns(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) // 1_000_000


class BrokerClock:
    def __init__(self) -> None:
        self._ahead_ms = -elapsed_ms()
        self._told = False

    def now_ms(self) -> int:
        return elapsed_ms() + self._ahead_ms

    def seen(self, at_ms: int) -> None:
        """A record of that time has been read. Its time is past, and will do until we are told."""
        if not self._told:
            self._ahead_ms = max(self._ahead_ms, at_ms - elapsed_ms())

    def heard(self, at_ms: int, asked_at_ms: int) -> None:
        """Taken as the time of the moment before it was asked for: ahead, and never behind, so
        that nothing is sent late."""
        self._told = True
        self._ahead_ms = at_ms - asked_at_ms

    async def wait_until(self, at_ms: int) -> None:
        while (left_ms := at_ms - self.now_ms()) > 0:  # noqa: ASYNC110 - time is no event
            await asyncio.sleep(left_ms / 1000)
