"""Topics of a test's own on the broker that all tests share."""

import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.topics import Topic
from streams.host.writer import Writer


def new_prefix() -> str:
    return f"host-{uuid.uuid4().hex[:8]}"


async def make_topics(
    bootstrap: str, prefix: str, topics: Iterable[Topic], partitions: int = 2, **extra: int
) -> None:
    """`extra` are topics by their whole name, with dots as underscores cannot be."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    ours = [
        NewTopic(t.name(prefix), t.partitions(partitions), 1, topic_configs=t.config())
        for t in topics
    ]
    try:
        await admin.create_topics([*ours, *(NewTopic(n, c, 1) for n, c in extra.items())])
    finally:
        await admin.close()


@asynccontextmanager
async def started(writer: Writer) -> AsyncIterator[Writer]:
    await writer.start()
    try:
        yield writer
    finally:
        await writer.stop()
