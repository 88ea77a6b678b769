"""Time for a tape partition on which nothing happens.

The tape's clock is the broker's, and only a record can tell what it shows. So when a step waits for
a moment, a tick is appended as that moment comes by our estimate of the broker's time: the last
record's time and what has passed since. A tick that was early is followed by another; a partition
that needs nothing gets one now and then, so that its journal is written within the compaction lag.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from schemas.codec import encode
from schemas.tape import TapeRecord, Tick
from streams.host.exits import Hooks
from streams.host.loop import PartitionLoop
from streams.host.partitions import Partitions
from streams.host.writer import Record, Writer

ALL = "*"
AT_LEAST_S = 0.001
"""A tick that is early by less than a millisecond is not worth a busy loop."""


def _host_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class _Watch:
    loop: PartitionLoop
    since_s: float
    timer: asyncio.TimerHandle | None = None
    appended: int = -1
    """The offset of our last tick; until it is applied there is nothing new to know."""
    sending: bool = False


class Ticker:
    def __init__(
        self,
        partitions: Partitions,
        writer: Writer,
        hooks: Hooks,
        idle_s: float,
        clock_s: Callable[[], float] = time.monotonic,
        host_ms: Callable[[], int] = _host_ms,
    ) -> None:
        self._topic = partitions.topic
        self._writer = writer
        self._hooks = hooks
        self._idle_s = idle_s
        self._clock_s = clock_s
        self._host_ms = host_ms
        self._watches: dict[int, _Watch] = {}
        self._sends: set[asyncio.Task[None]] = set()
        partitions.on_open.append(self._watch)
        partitions.on_close.append(self._forget)

    def _watch(self, loop: PartitionLoop) -> None:
        watch = self._watches[loop.partition] = _Watch(loop, self._clock_s())
        loop.on_progress = lambda: self._schedule(watch)
        self._schedule(watch)

    def _forget(self, loop: PartitionLoop) -> None:
        watch = self._watches.pop(loop.partition, None)
        if watch and watch.timer:
            watch.timer.cancel()

    def _schedule(self, watch: _Watch) -> None:
        if watch.timer:
            watch.timer.cancel()
        if watch.sending or watch.loop.behind or watch.loop.cursor < watch.appended:
            return  # progress will bring us here again
        delay_s = max(self._due_in_s(watch), AT_LEAST_S)
        watch.timer = asyncio.get_running_loop().call_later(delay_s, self._fire, watch)

    def _due_in_s(self, watch: _Watch) -> float:
        """Seconds until this partition wants a tick."""
        now_s = self._clock_s()
        due_ms, heard = watch.loop.step.next_due_ms, watch.loop.heard
        quiet_s = now_s - max(watch.since_s, heard.monotonic_s if heard else 0.0)
        idle_in_s = self._idle_s - quiet_s
        if due_ms is None:
            return idle_in_s
        if heard is None:
            return 0.0  # something is due, and only a record can tell when
        due_in_s = (due_ms - heard.at_ms) / 1000 - (now_s - heard.monotonic_s)
        return min(idle_in_s, due_in_s)

    def _fire(self, watch: _Watch) -> None:
        if watch.loop.behind:
            return
        watch.sending = True
        task = asyncio.create_task(self._send(watch))
        self._sends.add(task)
        task.add_done_callback(self._sends.discard)

    async def _send(self, watch: _Watch) -> None:
        fact = TapeRecord(ALL, Tick(host_at_ms=self._host_ms()))
        tick = Record(ALL.encode(), encode(fact))
        with self._hooks.ending(partition=watch.loop.partition):
            done = await self._writer.append(self._topic, watch.loop.partition, [tick])
            watch.appended = done.offset
            watch.since_s = self._clock_s()
            watch.sending = False
            if self._watches.get(watch.loop.partition) is watch:
                self._schedule(watch)
