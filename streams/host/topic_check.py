"""Refuses to start on topics that are not as the table of topics says."""

from collections.abc import Iterable

from aiokafka import AIOKafkaClient

from schemas.topics import Topic
from streams.host.exits import TopicsWrong


async def check_topics(
    bootstrap: str, topics: Iterable[Topic], topic_prefix: str, tape_partitions: int
) -> None:
    client = AIOKafkaClient(bootstrap_servers=bootstrap)
    await client.bootstrap()
    try:
        cluster = await client.fetch_all_metadata()
    finally:
        await client.close()
    wrong = []
    for topic in topics:
        name, wanted = topic.name(topic_prefix), topic.partitions(tape_partitions)
        found = len(cluster.partitions_for_topic(name) or ())
        if found != wanted:
            wrong.append(f"{name} has {found or 'no'} partitions instead of {wanted}")
    if wrong:
        raise TopicsWrong(
            f"{'; '.join(wrong)}. `mendlog topics create` makes what is missing; "
            "the number of partitions is fixed for the life of a tape (MENDLOG_TAPE_PARTITIONS)"
        )
