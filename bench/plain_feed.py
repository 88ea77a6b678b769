"""A worker whose loops are fed by one plain consumer instead of Faust's agents: what those cost.

Steps, journals, outputs and the feed's own checks are the processor's. There is no group, and so no
rebalance: it takes all partitions.

    python -m bench.plain_feed      settings from MENDLOG_*, as the processor's
"""

import asyncio
import sys
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.processor import steps_of
from streams.host.exits import Hooks
from streams.host.faust_parts import FETCH_WAIT_MS
from streams.host.feed import Feed
from streams.host.inputs import AgentInput
from streams.host.partitions import Means, Partitions
from streams.host.processor import Processor
from streams.host.reading import FETCH_BYTES_MAX
from streams.settings import ProcessorSettings


class Message(NamedTuple):
    """A record as Faust hands it over."""

    partition: int
    offset: int
    timestamp: float
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class PlainApp:
    """What a worker asks of a Faust app, and a loop of its consumer."""

    tables = SimpleNamespace(changelog_topics=())

    def __init__(self, settings: ProcessorSettings, inputs: list[Partitions], means: Means) -> None:
        self.conf = SimpleNamespace(id=settings.group)
        self.joined = False
        self.on_joined: Callable[[str, str], None] = lambda _group, _member: None
        self._settings = settings
        self._inputs = inputs
        self._feeds = {p.topic: Feed(p, means.reader, means.hooks) for p in inputs}
        for partitions in inputs:
            partitions.flow = self

    async def start(self) -> None:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.bootstrap,
            enable_auto_commit=False,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            max_partition_fetch_bytes=FETCH_BYTES_MAX,
        )
        await self._consumer.start()
        numbers = range(self._settings.tape_partitions)
        self._consumer.assign([TopicPartition(t, p) for t in self._feeds for p in numbers])
        for partitions in self._inputs:
            partitions.assign(numbers)
        self._task = asyncio.create_task(self._feed())
        self.joined = True

    async def _feed(self) -> None:
        while True:
            for place, records in (await self._consumer.getmany(timeout_ms=FETCH_WAIT_MS)).items():
                feed = self._feeds[place.topic]
                for r in records:
                    at_s = r.timestamp / 1000
                    await feed.take(Message(r.partition, r.offset, at_s, r.key, r.value, r.headers))

    async def wait_for_stopped(self, stop: asyncio.Event) -> bool:
        told = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([told, self._task], return_when=asyncio.FIRST_COMPLETED)
        return self._task in done

    @property
    def crash_reason(self) -> BaseException | None:
        return self._task.exception()

    async def stop(self) -> None:
        self._task.cancel()
        await self._consumer.stop()

    # The flow of its partitions.

    async def seek(self, topic: str, partition: int, offset: int) -> None:
        self._consumer.seek(TopicPartition(topic, partition), offset)

    def pause(self, topic: str, partition: int) -> None:
        self._consumer.pause(TopicPartition(topic, partition))

    def resume(self, topic: str, partition: int) -> None:
        self._consumer.resume(TopicPartition(topic, partition))

    def end(self, topic: str, partition: int) -> int | None:
        return self._consumer.highwater(TopicPartition(topic, partition))


class PlainProcessor(Processor):
    def _apps(self, made: Mapping[AgentInput, Partitions], _: object) -> list[Any]:
        return [PlainApp(self.settings, list(made.values()), self.means)]


def main() -> int:
    settings = ProcessorSettings()
    steps = asyncio.run(steps_of(settings, ()))
    return uvloop.run(PlainProcessor(settings, steps, None, Hooks()).run())


if __name__ == "__main__":
    sys.exit(main())
