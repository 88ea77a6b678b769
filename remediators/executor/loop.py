"""The executor: claims partitions, hands their commands out, and commits what has ended."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import structlog

from remediators.executor.claim import Claim
from remediators.executor.desk import Desk
from remediators.executor.job import Means
from remediators.executor.pulse import Pulse
from remediators.executor.rooms import Rooms
from remediators.executor.work import Work
from remediators.ports import Delivery, Inbox, Ledger

FETCH_MAX = 64

log = structlog.get_logger()


class Unclaimed(Exception):
    """The broker's library delivered what it never told us was ours."""


@dataclass(frozen=True, slots=True)
class Limits:
    in_flight_max: int
    """Of one cluster, carried out at once."""
    held_max: int
    """Of one partition, fetched and not finished. A fetch may go beyond it by itself."""
    grace_s: float
    """How long commands under way may go on when they are to stop."""


class Executor:
    def __init__(
        self, name: str, inbox: Inbox, ledger: Ledger, pulse: Pulse, means: Means, limits: Limits
    ) -> None:
        self._name = name
        self._inbox = inbox
        self._ledger = ledger
        self._pulse = pulse
        self._means = means
        self._limits = limits
        self._rooms = Rooms(means.clusters, limits.in_flight_max, means.metrics.under_way)
        self._claims: dict[int, Claim] = {}
        self._joined = False
        self._stopping = asyncio.Event()
        self._progressed = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`. Any fault ends it: what is recorded is enough to go on from."""
        async with asyncio.TaskGroup() as self._tasks:
            background = [
                self._tasks.create_task(self._pulse.beat_on()),
                self._tasks.create_task(self._pulse.listen()),
                self._tasks.create_task(self._commit_on()),
            ]
            try:
                await self._fetch_on()
                await self.revoked(list(self._claims))
            finally:
                for task in background:
                    task.cancel()
        await self._pulse.end()

    def stop(self) -> None:
        self._stopping.set()

    def not_ready(self) -> str:
        """Why not; empty when it is."""
        if not self._pulse.fresh:
            return "no heartbeat has come back lately"
        if self._pulse.skewed:
            return self._pulse.skewed
        if not self._joined:
            return "not in the group yet"
        opening = [p for p, claim in self._claims.items() if not claim.open]
        return f"reading outcomes of partitions {opening}" if opening else ""

    # Who owns what.

    async def assigned(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._claims[partition] = self._claim(partition)
        self._joined = True
        log.info("assigned", partitions=sorted(self._claims))

    async def revoked(self, partitions: Iterable[int]) -> None:
        closing = {p: claim for p in partitions if (claim := self._claims.get(p))}
        if not closing:
            return
        await asyncio.gather(*(claim.close(self._limits.grace_s) for claim in closing.values()))
        await self._commit()
        for partition, claim in closing.items():
            # Meanwhile it may have been let go by the other caller, and come back as another claim.
            if self._claims.get(partition) is claim:
                del self._claims[partition]
        log.info("let_go", partitions=sorted(closing))

    def _claim(self, partition: int) -> Claim:
        desk = Desk(partition, self._ledger, self._means.metrics, self._name, self._now_ms)
        return Claim(
            desk,
            Work(self._means, desk),
            self._rooms,
            self._reject,
            self._tasks.create_task,
            self._progressed.set,
        )

    # What runs all the time.

    async def _fetch_on(self) -> None:
        """Nothing is fetched before the first heartbeat is back: until then there is no time."""
        while not self._pulse.fresh and not self._stopping.is_set():
            await self._pulse.wait_fresh(0.2)
        if self._stopping.is_set():
            return
        await self._inbox.start(self)
        while not self._stopping.is_set():
            # Nothing is awaited in between: what is withdrawn in the same fetch is never begun.
            for delivery in await self._inbox.fetch(FETCH_MAX, self._full()):
                self._take(delivery)
            self._measure()

    def _take(self, delivery: Delivery) -> None:
        """A command that nobody takes would be passed over; ending gives it to our successor."""
        claim = self._claims.get(delivery.partition)
        if claim is None:
            raise Unclaimed(f"a command of partition {delivery.partition} before it was assigned")
        claim.take(delivery)

    def _full(self) -> set[int]:
        """Partitions of which nothing more is fetched. A cluster that does not answer fills its own
        in the end, and no other."""
        unfinished = {p: claim.progress.unfinished for p, claim in self._claims.items()}
        self._means.metrics.unfinished.set(sum(unfinished.values()))
        return {p for p, held in unfinished.items() if held >= self._limits.held_max}

    def _measure(self) -> None:
        self._means.metrics.heartbeat_age.set(self._pulse.age_s)
        self._means.metrics.skew.set(self._pulse.skew_ms / 1000)

    async def _commit_on(self) -> None:
        while True:
            await self._progressed.wait()
            self._progressed.clear()
            await self._commit()

    async def _commit(self) -> None:
        done = {p: claim.progress.next_offset for p, claim in self._claims.items()}
        if wanted := {p: offset for p, offset in done.items() if offset is not None}:
            await self._inbox.commit(wanted)

    async def _reject(self, delivery: Delivery) -> None:
        await self._inbox.reject(delivery, self._now_ms())
        self._means.metrics.rejected(delivery.fault)
        log.warning("command_unusable", offset=delivery.offset, fault=delivery.fault)

    def _now_ms(self) -> int:
        now_ms = self._means.clock.now_ms()
        assert now_ms is not None, "nothing is done before the first heartbeat is back"
        return now_ms
