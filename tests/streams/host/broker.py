"""Topics, and journals, of a test's own on the broker that all tests share."""

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.topics import Topic
from streams.host.journal import Journal, open_journals
from streams.host.reading import LogReader
from streams.host.writer import Record, Writer

P = 1
"""The partition of the journals."""


def new_prefix() -> str:
    return f"host-{uuid.uuid4().hex[:8]}"


async def make_topics(
    bootstrap: str,
    prefix: str,
    topics: Iterable[Topic],
    partitions: int = 2,
    others: Mapping[str, int] | None = None,
) -> None:
    """Topics from the table of topics, and others by name and number of partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    ours = [
        NewTopic(t.name(prefix), t.partitions(partitions), 1, topic_configs=t.config())
        for t in topics
    ]
    try:
        await admin.create_topics(
            [*ours, *(NewTopic(name, count, 1) for name, count in (others or {}).items())]
        )
    finally:
        await admin.close()


@asynccontextmanager
async def started(writer: Writer) -> AsyncIterator[Writer]:
    await writer.start()
    try:
        yield writer
    finally:
        await writer.stop()


class Place:
    """One journal partition, opened as often as a test likes."""

    def __init__(self, bootstrap: str, topic: str, writer: Writer) -> None:
        self.topic = topic
        self.writer = writer
        self.reader = LogReader(bootstrap)

    async def open(self) -> Journal:
        return (await open_journals(self.topic, [P], self.writer, self.reader))[P]

    async def somebody_writes(self, *records: Record) -> None:
        await self.writer.append(self.topic, P, records)

    async def log(self) -> list[tuple[bytes, bytes | None]]:
        bounds = await self.reader.bounds(self.topic, [P])
        return [(r.key, r.value) for r in await self.reader.read(self.topic, P, bounds[P])]
