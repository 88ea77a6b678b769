"""Which life of a topic we are reading: a topic deleted and made anew starts again at offset 0.

`mendlog topics create` writes a `TopicBorn` for each topic to the compacted topic
`<prefix>.topics`; an origin carries the incarnation, so that offsets of two lives are never
compared.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from schemas.codec import Undecodable, decode
from schemas.housekeeping import TopicBorn
from schemas.topics import TOPICS_BORN


class IncarnationsUnknown(Exception):
    """The broker did not answer, or not in time."""


async def read_incarnations(
    bootstrap: str, prefix: str, timeout_s: float = 10.0
) -> dict[str, TopicBorn]:
    """The newest birth of each topic by full name; empty where no topic was ever created."""
    try:
        async with asyncio.timeout(timeout_s):
            return newest_births(await _read_to_end(bootstrap, TOPICS_BORN.name(prefix)))
    except TimeoutError:
        raise IncarnationsUnknown(f"{bootstrap} did not answer in {timeout_s:g} s") from None
    except (KafkaError, OSError, ValueError) as fault:
        raise IncarnationsUnknown(f"{bootstrap}: {fault}") from fault


def newest_births(records: Iterable[tuple[bytes | None, bytes | None]]) -> dict[str, TopicBorn]:
    """A value that cannot be read removes what was there: a topic of unknown life has no
    incarnation, and whoever needs one refuses to start."""
    births: dict[str, TopicBorn] = {}
    for key, value in records:
        topic = (key or b"").decode(errors="replace")
        born = decode(value, TopicBorn)
        if isinstance(born, Undecodable) or born.topic != topic:
            births.pop(topic, None)
        else:
            births[topic] = born
    return births


async def _read_to_end(bootstrap: str, topic: str) -> list[tuple[bytes | None, bytes | None]]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        # Not `seek_to_beginning`: the reset to "latest" under way since `assign` can undo it.
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        if topic not in await consumer.topics():
            return []
        return await _records(consumer, TopicPartition(topic, 0))
    finally:
        await consumer.stop()


async def _records(
    consumer: AIOKafkaConsumer, partition: TopicPartition
) -> list[tuple[bytes | None, bytes | None]]:
    consumer.assign([partition])
    end = (await consumer.end_offsets([partition]))[partition]
    found: list[tuple[bytes | None, bytes | None]] = []
    while await consumer.position(partition) < end:
        batches: Mapping[Any, Any] = await consumer.getmany(partition, timeout_ms=1000)
        found += [(m.key, m.value) for m in batches.get(partition, ())]
    return found
