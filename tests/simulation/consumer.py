"""What stands for Faust and aiokafka: it delivers some records twice, skips some, and begins
anywhere after a rebalance."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from tests.simulation.broker import Broker, Kept, Place
from tests.simulation.network import Network
from tests.simulation.process import Process


@dataclass(slots=True)
class Wrong:
    """How often a consumer delivers what it should not, of one."""

    again: float = 0.0
    skipped: float = 0.0


class Message(NamedTuple):
    """As Faust has it; `timestamp` in seconds."""

    partition: int
    offset: int
    timestamp: float
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Event:
    message: Message


class Consumer:
    """What Faust and aiokafka are to us: a stream for each input, and a place to seek in it."""

    def __init__(self, process: Process, network: Network, wrong: Wrong) -> None:
        self._process = process
        self._network = network
        self._rng: Random = network.rng
        self._broker: Broker = network.broker
        self._wrong = wrong
        self._next: dict[Place, int] = {}
        self._seen: dict[Place, int] = {}
        """How far it has heard that there is something."""
        self._paused: set[Place] = set()
        self._news: dict[str, asyncio.Event] = {}

    def assign(self, topic: str, partitions: list[int]) -> None:
        """Begins anywhere: its own commits are at most a hint."""
        for place in [(topic, p) for p in partitions]:
            end = self._broker.logs[place].end
            self._next[place] = self._rng.randint(0, end)
            self._seen[place] = end
            if self._hear not in self._broker.listeners[place]:
                self._broker.listeners[place].append(self._hear)
        self._wake(topic)

    def forget(self, topic: str, partitions: list[int]) -> None:
        for p in partitions:
            self._next.pop((topic, p), None)
            self._paused.discard((topic, p))

    def _hear(self, place: Place, end: int) -> None:
        if place in self._next and not self._process.dead:
            delay_s = self._network.delay_s()
            self._process.timeline.after(delay_s, self._process, self._saw, place, end)

    def _saw(self, place: Place, end: int) -> None:
        self._seen[place] = max(self._seen.get(place, 0), end)
        self._wake(place[0])

    def _wake(self, topic: str) -> None:
        if topic in self._news:
            self._news[topic].set()

    # As the loops' `Flow`.

    async def seek(self, topic: str, partition: int, offset: int) -> None:
        await asyncio.sleep(0)
        if (topic, partition) in self._next:
            self._next[topic, partition] = offset
            self._wake(topic)

    def pause(self, topic: str, partition: int) -> None:
        self._paused.add((topic, partition))

    def resume(self, topic: str, partition: int) -> None:
        self._paused.discard((topic, partition))
        self._wake(topic)

    def end(self, topic: str, partition: int) -> int | None:
        return self._seen.get((topic, partition))

    # As Faust's stream.

    def stream(self, topic: str) -> Any:
        self._news[topic] = asyncio.Event()
        return _Stream(self, topic)

    async def events(self, topic: str) -> AsyncIterator[Event]:
        while True:
            record = self._take(topic)
            if record is None:
                self._news[topic].clear()
                await self._news[topic].wait()
            else:
                yield Event(_message(record))

    def _take(self, topic: str) -> Kept | None:
        for place, at in self._next.items():
            if place[0] == topic and place not in self._paused and at < self._seen[place]:
                at = self._amiss(place, at)
                self._next[place] = at + 1
                return self._broker.logs[place].history[at]
        return None

    def _amiss(self, place: Place, at: int) -> int:
        chance, wrong = self._rng.random(), self._wrong
        if chance < wrong.again:
            return self._rng.randint(max(0, at - 4), at)
        if chance < wrong.again + wrong.skipped:
            return self._rng.randint(at, min(self._seen[place] - 1, at + 3))
        return at


class _Stream:
    def __init__(self, consumer: Consumer, topic: str) -> None:
        self._consumer = consumer
        self._topic = topic

    def events(self) -> AsyncIterator[Event]:
        return self._consumer.events(self._topic)


def _message(record: Kept) -> Message:
    at_s = record.timestamp / 1000
    return Message(record.partition, record.offset, at_s, record.key, record.value, record.headers)
