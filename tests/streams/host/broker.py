"""Topics of a test's own on the broker that all tests share."""

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from schemas.topics import Topic
from streams.host.writer import Writer


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
