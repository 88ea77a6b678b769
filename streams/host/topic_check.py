"""Refuses to start on topics that are not as the table of topics says."""

import asyncio
import time
from collections.abc import Mapping

from aiokafka import AIOKafkaClient
from aiokafka.errors import KafkaConnectionError

from streams.host.exits import BrokerUnreachable, TopicsWrong

KNOWN_WITHIN_S = 3.0
"""A topic that was just made takes a moment to be known to every broker."""
ASK_AGAIN_S = 0.1


async def check_topics(bootstrap: str, wanted: Mapping[str, int]) -> None:
    """`wanted` is each topic's number of partitions. A missing one would be waited for forever."""
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    try:
        await client.bootstrap()
        wrong = await _wrong(client, wanted)
        deadline_s = time.monotonic() + KNOWN_WITHIN_S
        while wrong and time.monotonic() < deadline_s:
            await asyncio.sleep(ASK_AGAIN_S)
            wrong = await _wrong(client, wanted)
    except KafkaConnectionError as error:
        raise BrokerUnreachable(f"no Kafka at {bootstrap}: {error}") from None
    finally:
        await client.close()
    if wrong:
        raise TopicsWrong(
            f"{'; '.join(wrong)}. `mendlog topics create` makes what is missing; "
            "the number of partitions is fixed for the life of a tape (MENDLOG_TAPE_PARTITIONS)"
        )


async def _wrong(client: AIOKafkaClient, wanted: Mapping[str, int]) -> list[str]:
    cluster = await client.fetch_all_metadata()
    found = {topic: len(cluster.partitions_for_topic(topic) or ()) for topic in wanted}
    return [
        f"{topic} has {found[topic] or 'no'} partitions instead of {count}"
        for topic, count in wanted.items()
        if found[topic] != count
    ]
