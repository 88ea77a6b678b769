"""One partition that is ours: incidents side by side, the notices of one in their order."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from remediators.core.progress import Progress
from remediators.notifier_ports import Arrival
from remediators.notify.backoff import Backoff
from remediators.notify.clock import BrokerClock
from remediators.notify.config import NotifierFile
from remediators.notify.desk import Desk
from remediators.notify.errand import Errand
from remediators.notify.metrics import Metrics
from remediators.notify.outlet import Outlet, Spawn
from remediators.notify.routing import Address, addressed, unknown
from schemas.notices import Notice

DAY_MS = 24 * 60 * 60 * 1000
Reject = Callable[[Arrival], Coroutine[Any, Any, None]]
Lane = tuple[str, str]
"""Incident and receiver. One receiver's channel being down holds up no other receiver."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rules:
    """What is the same for all partitions."""

    file: NotifierFile
    outlets: Mapping[str, Outlet]
    clock: BrokerClock
    backoff: Backoff
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class Waiting:
    offset: int
    since_ms: int
    """Nothing can have become of it before."""
    address: Address


class Claim:
    def __init__(
        self, desk: Desk, rules: Rules, reject: Reject, spawn: Spawn, progressed: Callable[[], None]
    ) -> None:
        self.progress = Progress()
        self._desk = desk
        self._rules = rules
        self._reject = reject
        self._spawn = spawn
        self._progressed = progressed
        self._lanes: dict[Lane, deque[Waiting]] = {}
        self._left: dict[int, int] = {}
        """By offset: for how many receivers its notice has not ended."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def take(self, arrival: Arrival) -> None:
        if self._closed or not self.progress.begin(arrival.offset):
            return
        if arrival.notice is None:
            self._start(self._set_aside(arrival))
            return
        self._rules.clock.seen(arrival.at_ms)
        self._note_unknown(arrival.notice)
        since_ms = _first_told_ms(arrival.at_ms, arrival.notice)
        addresses = addressed(arrival.notice, self._rules.file)
        self._left[arrival.offset] = len(addresses)
        for address in addresses:
            self._queue(Waiting(arrival.offset, since_ms, address))

    def close(self) -> None:
        """Begin nothing more. What is under way is the outlets' to finish."""
        self._closed = True
        for task in self._tasks:
            task.cancel()

    def _queue(self, waiting: Waiting) -> None:
        name = (waiting.address.letter.incident_id, waiting.address.letter.receiver)
        lane = self._lanes.get(name)
        if lane is not None:
            lane.append(waiting)
            return
        self._lanes[name] = deque([waiting])
        self._start(self._run(name))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._spawn(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, name: Lane) -> None:
        lane = self._lanes[name]
        while lane:
            waiting = lane.popleft()
            await self._tell(waiting)
            self._ended(waiting.offset)
        del self._lanes[name]

    async def _tell(self, waiting: Waiting) -> None:
        rules = self._rules
        await self._desk.cover(waiting.since_ms)
        if self._desk.known(waiting.address.letter).ended:
            rules.metrics.skipped()
            return
        await Errand(waiting.address, self._desk, rules.outlets, rules.clock, rules.backoff).run()

    async def _set_aside(self, arrival: Arrival) -> None:
        await self._reject(arrival)
        self._left[arrival.offset] = 1
        self._ended(arrival.offset)

    def _ended(self, offset: int) -> None:
        self._left[offset] -= 1
        if not self._left[offset]:
            del self._left[offset]
            self.progress.end(offset)
            self._progressed()

    def _note_unknown(self, notice: Notice) -> None:
        if names := unknown(notice, self._rules.file):
            self._rules.metrics.misaddressed()
            log.warning("receiver_unknown", notice=notice.notice_id[:64], receivers=len(names))


def _first_told_ms(appended_at_ms: int, notice: Notice) -> int:
    """The processor may append a notice again after a crash, so its own time counts; but one that
    claims to be very old does not make us read the whole topic."""
    return max(min(notice.at_ms, appended_at_ms), appended_at_ms - DAY_MS)
