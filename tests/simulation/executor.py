"""An executor: the real loop, claims, ledger, protocol and pulse, on a pretended broker."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remediators.adapters.kafka.inbox import delivery
from remediators.core.scope import Scope
from remediators.executor.job import Means
from remediators.executor.loop import Executor, Limits
from remediators.executor.metrics import Metrics
from remediators.executor.pulse import Pulse
from remediators.ports import BrokerLost, Cluster, Delivery, Outlook, Owner, Posted, Recorded
from schemas.codec import encode
from schemas.controls import Heartbeat, Switch
from schemas.remediation import Observation, Outcome
from schemas.topics import COMMANDS, OUTCOMES, SWITCHES
from streams.host.writer import Record
from tests.fakes import FakePages
from tests.simulation.broker import Kept, Place
from tests.simulation.consumer import Wrong
from tests.simulation.estates import KIT
from tests.simulation.membership import Group
from tests.simulation.network import PATIENCE_S, Network
from tests.simulation.process import Process
from tests.simulation.processor import PREFIX
from tests.simulation.records import recorded
from tests.simulation.site import Told

BEAT_EVERY_S = 9.0
BEAT_AGE_S = 22.0
ACTIONS_PER_HOUR_MAX = 30
METRICS = Metrics()
"""Nobody reads them here, and making them takes longer than a small world."""
COMMANDS_TOPIC, OUTCOMES_TOPIC = COMMANDS.name(PREFIX), OUTCOMES.name(PREFIX)
BOARD: Place = (SWITCHES.name(PREFIX), 0)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A partition was given to a process, which read its ledger from then on."""

    process: str
    partition: int
    at_ms: int


class Committed(dict[int, int]):
    """By partition: how far the group says that it is."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: list[Claimed] = []


def executor(
    process: Process,
    network: Network,
    group: Group,
    committed: Committed,
    clusters: Mapping[str, Cluster],
    board: "Board",
    wrong: Wrong,
) -> Executor:
    timeline = process.timeline
    pulse = Pulse(
        board, process.name, BEAT_EVERY_S, BEAT_AGE_S, process.time, lambda: timeline.now_ms
    )
    pages = FakePages()
    means = Means(
        clusters,
        pulse,
        METRICS,
        process.reached,
        ACTIONS_PER_HOUR_MAX,
        Outlook(pages, {}),
        Scope(),
        KIT,
    )
    inbox = Inbox(process, network, group, committed, wrong, board.told)
    ledger = VirtualLedger(process, network)
    limits = Limits(in_flight_max=4, held_max=64, grace_s=1.0)
    return Executor(process.name, inbox, ledger, pulse, means, limits)


async def in_time(work: Any) -> Any:
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await work
    except TimeoutError:
        raise BrokerLost("no acknowledgement") from None


class Inbox:
    def __init__(
        self,
        process: Process,
        network: Network,
        group: Group,
        committed: Committed,
        wrong: Wrong,
        told: Told,
    ) -> None:
        self._process, self._network, self._group = process, network, group
        self._committed, self._wrong, self._told = committed, wrong, told
        self._owner: Owner | None = None
        self._next: dict[int, int] = {}
        self._seen: dict[int, int] = {}
        self._news = asyncio.Event()

    async def start(self, owner: Owner) -> None:
        self._owner = owner
        for p in range(self._group.partitions):
            self._network.broker.listeners[COMMANDS_TOPIC, p].append(self._hear)
        self._process.timeline.after(0.001, None, self._group.join, self._process, self)

    async def assigned(self, partitions: Iterable[int]) -> None:
        assert self._owner is not None
        mine = list(partitions)
        now_ms = self._process.timeline.now_ms
        self._committed.claims += [Claimed(self._process.name, p, now_ms) for p in mine]
        await self._owner.assigned(mine)
        for p in mine:
            begin = self._committed.get(p, 0)
            if self._network.rng.random() < self._wrong.again:
                begin = self._network.rng.randint(0, begin)
            self._next[p] = begin
            self._seen[p] = self._network.broker.logs[COMMANDS_TOPIC, p].end
        self._news.set()

    async def revoked(self, partitions: Iterable[int]) -> None:
        assert self._owner is not None
        mine = list(partitions)
        for p in mine:
            self._next.pop(p, None)
        self._told.withdrawn.clear()
        await self._owner.revoked(mine)

    def _hear(self, place: Place, end: int) -> None:
        if not self._process.dead:
            delay_s = self._network.delay_s()
            self._process.timeline.after(delay_s, self._process, self._saw, place[1], end)

    def _saw(self, partition: int, end: int) -> None:
        self._seen[partition] = max(self._seen.get(partition, 0), end)
        self._news.set()

    async def fetch(self, records_max: int, full: Collection[int] = ()) -> Sequence[Delivery]:
        found = [r for p in sorted(self._next) if p not in full for r in self._take(p)]
        if not found:
            self._news.clear()
            await self._news.wait()
        fetched = [delivery(record, self._group.partitions) for record in found]
        self._told.withdrawn |= {d.withdrawal.command_id for d in fetched if d.withdrawal}
        return fetched

    def _take(self, partition: int) -> list[Kept]:
        at, end = self._next[partition], self._seen.get(partition, 0)
        if at < end and self._network.rng.random() < self._wrong.again:
            at = self._network.rng.randint(max(0, at - 4), at)
        self._next[partition] = max(at, end)
        return self._network.broker.logs[COMMANDS_TOPIC, partition].history[at:end]

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        await self._network.ask(self._process)
        for p, offset in next_offsets.items():
            if p in self._next:
                self._committed[p] = offset

    async def reject(self, delivery: Delivery, at_ms: int) -> None:
        """What is no command."""
        await self._network.ask(self._process)

    async def stop(self) -> None:
        pass


class VirtualLedger:
    def __init__(self, process: Process, network: Network) -> None:
        self._process, self._network = process, network

    async def append(self, partition: int, record: Recorded) -> int:
        written = Record(record.cluster.encode(), encode(record))
        sent = self._network.produce(self._process, (OUTCOMES_TOPIC, partition), [written])
        return int((await in_time(sent)).at_ms)

    async def read(
        self, partition: int, since_ms: int, naming: str = ""
    ) -> AsyncIterator[tuple[int, Recorded]]:
        await self._network.ask(self._process)
        for kept in list(self._network.broker.logs[OUTCOMES_TOPIC, partition].history):
            if kept.timestamp >= since_ms:
                record = recorded(kept.value, Outcome, Observation)
                assert isinstance(record, Outcome | Observation)
                yield kept.timestamp, record


class Board:
    """The topic of the switches, and what this process has read there."""

    def __init__(self, process: Process, network: Network) -> None:
        self._process, self._network = process, network
        self._read = 0
        self._news = asyncio.Event()
        self.told = Told()
        network.broker.listeners[BOARD].append(self._hear)

    def _hear(self, _place: Place, _end: int) -> None:
        if not self._process.dead:
            delay_s = self._network.delay_s()
            self._process.timeline.after(delay_s, self._process, self._news.set)

    async def fetch(self) -> Sequence[Posted]:
        log = self._network.broker.logs[BOARD].history
        if self._read == len(log):
            self._news.clear()
            await self._news.wait()
        found, self._read = log[self._read :], len(log)
        return [self._posted(record) for record in found]

    def _posted(self, kept: Kept) -> Posted:
        record = recorded(kept.value, Switch, Heartbeat)
        if isinstance(record, Switch):
            killed = self.told.killed
            (killed.add if record.kill else killed.discard)(record.cluster)
        return Posted((kept.key or b"").decode(), kept.timestamp, record)

    async def beat(self, heartbeat: Heartbeat) -> None:
        await self._write(heartbeat.executor, encode(heartbeat))

    async def forget(self, executor: str) -> None:
        await self._write(executor, None)

    async def _write(self, executor: str, value: bytes | None) -> None:
        key = f"executor/{executor}".encode()
        await in_time(self._network.produce(self._process, BOARD, [Record(key, value)]))
