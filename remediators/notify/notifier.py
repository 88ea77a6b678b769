"""The notifier: claims partitions, hands their notices out, and commits what has ended."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import structlog

from remediators.notifier_ports import Arrival, Deliveries, NoticesInbox, Post
from remediators.notify.backoff import Backoff
from remediators.notify.channel import Channel
from remediators.notify.claim import Claim, Rules
from remediators.notify.clock import BrokerClock
from remediators.notify.config import NotifierFile
from remediators.notify.desk import Desk
from remediators.notify.metrics import Metrics
from remediators.notify.outlet import Means, Outlet, Reached

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class World:
    """What adapters give it."""

    inbox: NoticesInbox
    deliveries: Deliveries
    post: Post
    reached: Reached


@dataclass(frozen=True, slots=True)
class Limits:
    backoff: Backoff
    in_flight_max: int
    grace_s: float
    """How long messages under way may take when it is to stop."""


class Unclaimed(Exception):
    """The broker's library delivered what it never told us was ours."""


class Notifier:
    def __init__(
        self,
        name: str,
        file: NotifierFile,
        channels: Mapping[str, Channel],
        world: World,
        limits: Limits,
        metrics: Metrics,
    ) -> None:
        self._name = name
        self._world = world
        self._limits = limits
        self._metrics = metrics
        self._file = file
        self._channels = channels
        self._clock = BrokerClock()
        self._claims: dict[int, Claim] = {}
        self._joined = False
        self._stopping = asyncio.Event()
        self._progressed = asyncio.Event()

    async def run(self) -> None:
        """Until `stop`. Any fault ends it: what is recorded is enough to go on from."""
        async with asyncio.TaskGroup() as self._tasks:
            self._rules = self._open_rules()
            committing = self._tasks.create_task(self._commit_on())
            try:
                await self._fetch_on()
                await self.revoked(list(self._claims))
            finally:
                committing.cancel()
                for outlet in self._rules.outlets.values():
                    outlet.close()

    def stop(self) -> None:
        self._stopping.set()

    def not_ready(self) -> str:
        """Why not; empty when it is."""
        return "" if self._joined else "not in the group yet"

    # Who owns what.

    async def assigned(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._claims[partition] = self._claim(partition)
        self._joined = True
        log.info("assigned", partitions=sorted(self._claims))

    async def revoked(self, partitions: Iterable[int]) -> None:
        """Messages under way are let finish, so that they are on record for whoever comes next."""
        closing = {p: claim for p in partitions if (claim := self._claims.get(p))}
        if not closing:
            return
        for claim in closing.values():
            claim.close()
        outlets = self._rules.outlets.values()
        await asyncio.gather(*(outlet.settle(self._limits.grace_s) for outlet in outlets))
        await self._commit()
        for partition, claim in closing.items():
            # Meanwhile it may have been let go by the other caller, and come back as another claim.
            if self._claims.get(partition) is claim:
                del self._claims[partition]
        log.info("let_go", partitions=sorted(closing))

    def _open_rules(self) -> Rules:
        spawn = self._tasks.create_task
        means = Means(self._world.post, self._clock, self._metrics, spawn, self._world.reached)
        outlets = {name: Outlet(channel, means) for name, channel in self._channels.items()}
        return Rules(self._file, outlets, self._clock, self._limits.backoff, self._metrics)

    def _claim(self, partition: int) -> Claim:
        desk = Desk(partition, self._world.deliveries, self._clock, self._metrics, self._name)
        spawn = self._tasks.create_task
        return Claim(desk, self._rules, self._reject, spawn, self._progressed.set)

    # What runs all the time.

    async def _fetch_on(self) -> None:
        await self._world.inbox.start(self)
        while not self._stopping.is_set():
            for arrival in await self._world.inbox.fetch(self._room()):
                self._take(arrival)

    def _take(self, arrival: Arrival) -> None:
        """A notice that nobody takes would be passed over; ending gives it to our successor."""
        claim = self._claims.get(arrival.partition)
        if claim is None:
            raise Unclaimed(f"a notice of partition {arrival.partition} before it was assigned")
        claim.take(arrival)

    def _room(self) -> int:
        unfinished = sum(claim.progress.unfinished for claim in self._claims.values())
        self._metrics.unfinished.set(unfinished)
        return max(0, self._limits.in_flight_max - unfinished)

    async def _commit_on(self) -> None:
        while True:
            await self._progressed.wait()
            self._progressed.clear()
            await self._commit()

    async def _commit(self) -> None:
        done = {p: claim.progress.next_offset for p, claim in self._claims.items()}
        if wanted := {p: offset for p, offset in done.items() if offset is not None}:
            await self._world.inbox.commit(wanted)

    async def _reject(self, arrival: Arrival) -> None:
        await self._world.inbox.reject(arrival, time.time_ns() // 1_000_000)
        self._metrics.unusable(arrival.fault)
        log.warning("notice_unusable", offset=arrival.offset, fault=arrival.fault)
