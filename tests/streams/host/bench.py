"""A whole worker inside a test: real broker, real Faust, steps of the test's own."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from schemas.topics import TOPICS, Topic
from streams.host.app import Windowed
from streams.host.processor import Processor, detect_group
from streams.host.windows import changelog_topic
from streams.settings import ProcessorSettings
from streams.steps.effects import Effects, InputRecord, OpenStep
from tests.streams.host.broker import make_topics
from tests.streams.host.fakes import Ends

PARTITIONS = 2
WITHIN_S = 60.0
NO_TICKS_S = 3_600.0
"""A tick for a partition at rest is one more record: only where a test asks for it."""


class FunctionStep:
    """A stateless step that is one function."""

    def __init__(self, function: Callable[[InputRecord], Effects]) -> None:
        self.function = function
        self.now_ms = 0
        self.next_due_ms: int | None = None

    def apply(self, record: InputRecord) -> Effects:
        self.now_ms = max(self.now_ms, record.at_ms)
        return self.function(record)


def stateless(function: Callable[[InputRecord], Effects]) -> OpenStep:
    return lambda _partition, _entries: FunctionStep(function)


class Bench:
    """Made by `bench`; workers are started with `worker`."""

    def __init__(self, bootstrap: str, tmp: Path) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"host-{uuid.uuid4().hex[:8]}"
        self.ends = Ends()
        self.producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, max_request_size=10 << 20, max_batch_size=10 << 20
        )
        self._tmp = tmp

    def settings(self, agents: str, **changed: object) -> ProcessorSettings:
        return ProcessorSettings(
            bootstrap=self.bootstrap,
            topic_prefix=self.prefix,
            app_id=self.prefix,
            tape_partitions=PARTITIONS,
            data_dir=self._tmp,
            agents=agents,
            session_timeout_s=30.0,
            **{"tick_idle_s": NO_TICKS_S, **changed},
        )

    @asynccontextmanager
    async def worker(
        self,
        steps: Mapping[str, OpenStep],
        windowed: Windowed | None = None,
        **changed: object,
    ) -> AsyncIterator[Processor]:
        """A worker with these steps' agents, from ready to stopped."""
        agents = ",".join(sorted({name.split(".")[0] for name in steps}))
        settings = self.settings(agents, **changed)
        processor = Processor(settings, steps, windowed, self.ends.hooks)
        serving = asyncio.create_task(processor.serve())
        try:
            await self.until(
                lambda: serving.done() or processor.is_ready() or self.ends.happened.is_set(),
                "the worker",
            )
            yield processor
        finally:
            processor.stop()
            await serving

    async def send(
        self, topic: Topic, value: bytes | None, *, key: bytes | None = b"k", partition: int = 0
    ) -> int:
        name = topic.name(self.prefix)
        sent = await self.producer.send_and_wait(name, value, key=key, partition=partition)
        return sent.offset

    async def read(self, topic: Topic, count: int) -> list[ConsumerRecord]:
        """The first records of all partitions of a topic, as soon as there are that many."""
        places = [TopicPartition(topic.name(self.prefix), p) for p in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            max_partition_fetch_bytes=10 << 20,
        )
        await consumer.start()
        try:
            consumer.assign(places)
            found: list[ConsumerRecord] = []
            async with asyncio.timeout(WITHIN_S):
                while len(found) < count:
                    for records in (await consumer.getmany(timeout_ms=500)).values():
                        found += records
            return found
        finally:
            await consumer.stop()

    async def until(self, reached: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                while not reached():  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
        except TimeoutError:
            raise AssertionError(f"waited {WITHIN_S:g} s for {what}") from None


def cursor(worker: Processor, partition: int = 0) -> int:
    """Of its first input. An output is out before the cursor is stored: a worker told to stop in
    between may give the storing up, and the next then does the same again."""
    loop = worker.inputs[0].get(partition)
    return loop.cursor if loop else -1


@asynccontextmanager
async def bench(
    bootstrap: str, tmp: Path, topics: Iterable[Topic] = TOPICS
) -> AsyncIterator[Bench]:
    made = Bench(bootstrap, tmp)
    changelog = changelog_topic(detect_group(made.settings("detect")))
    await make_topics(bootstrap, made.prefix, topics, PARTITIONS, {changelog: PARTITIONS})
    await made.producer.start()
    try:
        yield made
    finally:
        await made.producer.stop()
