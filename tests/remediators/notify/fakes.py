"""Fakes that keep the contracts of the notifier's ports: no network, no broker, virtual time."""

import asyncio
import heapq
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping, Sequence

from remediators.notifier_ports import Arrival, HttpReply, HttpRequest, NoticesOwner
from schemas.notices import Delivery
from tests.remediators.notify.builders import NOW_MS

IDLE_TURNS = 50
"""Turns of the loop after which whatever could go on without time has gone on."""


class FakeClock:
    """Time stands still until a test lets it pass; who waits is woken in order."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self.at_ms = now_ms
        self._sleeping: list[tuple[int, int, asyncio.Event]] = []
        self._number = 0

    def now_ms(self) -> int:
        return self.at_ms

    def seen(self, at_ms: int) -> None:
        pass

    def heard(self, at_ms: int, asked_at_ms: int) -> None:
        pass

    async def wait_until(self, at_ms: int) -> None:
        while at_ms > self.at_ms:
            woken = asyncio.Event()
            self._number += 1
            heapq.heappush(self._sleeping, (at_ms, self._number, woken))
            await woken.wait()

    async def settle(self) -> None:
        for _ in range(IDLE_TURNS):
            await asyncio.sleep(0)

    async def advance(self, ms: int) -> None:
        until_ms = self.at_ms + ms
        await self.settle()
        while self._sleeping and self._sleeping[0][0] <= until_ms:
            at_ms, _, woken = heapq.heappop(self._sleeping)
            self.at_ms = max(self.at_ms, at_ms)
            woken.set()
            await self.settle()
        self.at_ms = until_ms


class FakePost:
    """Answers as told, in order; after that as `well`."""

    def __init__(self, well: HttpReply) -> None:
        self.well = well
        self.next: deque[HttpReply] = deque()
        self.sent: list[HttpRequest] = []

    async def send(self, request: HttpRequest) -> HttpReply:
        self.sent.append(request)
        await asyncio.sleep(0)
        return self.next.popleft() if self.next else self.well


class FakeDeliveries:
    """`deliveries` in memory."""

    def __init__(self, clock: FakeClock) -> None:
        self.records: dict[int, list[tuple[int, Delivery]]] = defaultdict(list)
        self.reads = 0
        self._clock = clock

    @property
    def ends(self) -> list[Delivery]:
        return [d for _, d in self.records[0] if d.status.terminal]

    @property
    def statuses(self) -> list[str]:
        return [d.status.value for _, d in self.records[0]]

    async def read(self, partition: int, since_ms: int) -> AsyncIterator[tuple[int, Delivery]]:
        self.reads += 1
        for at_ms, delivery in list(self.records[partition]):
            if at_ms >= since_ms:
                yield at_ms, delivery

    async def append(self, partition: int, key: str, delivery: Delivery) -> int:
        assert key == f"{delivery.notice_id}:{delivery.receiver}"
        self.records[partition].append((self._clock.at_ms, delivery))
        return self._clock.at_ms


class FakeNotices:
    """`notices` in memory: delivered in order, and what was committed."""

    def __init__(self) -> None:
        self.waiting: deque[Arrival] = deque()
        self.committed: dict[int, int] = {}
        self.rejected: list[Arrival] = []

    async def start(self, owner: NoticesOwner) -> None:
        await owner.assigned([0])

    async def fetch(self, records_max: int) -> Sequence[Arrival]:
        await asyncio.sleep(0.001)
        return [self.waiting.popleft() for _ in range(min(records_max, len(self.waiting)))]

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        self.committed.update(next_offsets)

    async def reject(self, arrival: Arrival, at_ms: int) -> None:
        self.rejected.append(arrival)
