"""Make the topics that `schemas.topics` declares, each with its incarnation.

Births are written before the topics they announce. A birth without a topic is harmless, and so is
one too many; a topic made anew under its old incarnation would have its records taken for ones
already seen.
"""

import asyncio
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from deploy.broker import BrokerUnreachable, administer
from schemas.codec import encode
from schemas.housekeeping import TopicBorn
from schemas.topics import TOPICS, TOPICS_BORN
from streams.incarnations import read_incarnations

REPLICATION_WANTED = 3
_EXISTS = "there already"
_POLL_S = 0.02
Extra = Sequence[tuple[str, Mapping[str, str]]]
"""Topics that the table does not know, by full name: Faust's changelogs."""


@dataclass(frozen=True, slots=True)
class Wanted:
    name: str
    partitions: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Creation:
    """What one run of `create` did. `adopted` had no birth, although they were there."""

    created: tuple[str, ...] = ()
    existed: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)


def wanted(prefix: str, tape_partitions: int, extra: Extra = ()) -> tuple[Wanted, ...]:
    ours = [Wanted(t.name(prefix), t.partitions(tape_partitions), t.config()) for t in TOPICS]
    return (*ours, *(Wanted(name, tape_partitions, config) for name, config in extra))


async def create(
    bootstrap: str,
    prefix: str,
    tape_partitions: int,
    replication: int | None = None,
    extra: Extra = (),
    timeout_s: float = 10.0,
) -> Creation:
    """Make what is missing, and change nothing that is there; nothing at all where one topic
    cannot be made. Without `replication`: three replicas, or as many as there are brokers."""
    topics = wanted(prefix, tape_partitions, extra)
    async with administer(bootstrap, timeout_s) as admin:
        replicas = replication or await _replication(admin)
        # The controller's word: what a broker knows of topics may be a moment old.
        plan = await _ask(admin, topics, replicas, dry_run=True)
        missing = [t for t in topics if plan[t.name] is None]
        existed = [t for t in topics if plan[t.name] == _EXISTS]
        if len(missing) + len(existed) == len(topics):
            adopted = await _make(admin, bootstrap, prefix, missing, existed, replicas)
            return Creation(_names(missing), _names(existed), _names(adopted))
        failed = {name: why for name, why in plan.items() if why not in (None, _EXISTS)}
        return Creation(existed=_names(existed), failed=failed)


def in_sync_min(replicas: int) -> int:
    """What is acknowledged is on two brokers, wherever a topic has two."""
    return max(1, min(2, replicas))


async def _replication(admin: AIOKafkaAdminClient) -> int:
    return min(REPLICATION_WANTED, len((await admin.describe_cluster())["brokers"]))


async def _make(
    admin: AIOKafkaAdminClient,
    bootstrap: str,
    prefix: str,
    missing: Sequence[Wanted],
    existed: Sequence[Wanted],
    replicas: int,
) -> Sequence[Wanted]:
    """Returns those of `existed` that had no birth and were given one."""
    births_topic = TOPICS_BORN.name(prefix)
    await _create(admin, [t for t in missing if t.name == births_topic], replicas)
    births = await read_incarnations(bootstrap, prefix)
    unborn = [t for t in existed if t.name not in births]
    await _write_births(bootstrap, births_topic, [*missing, *unborn])
    await _create(admin, [t for t in missing if t.name != births_topic], replicas)
    return unborn


async def _create(admin: AIOKafkaAdminClient, topics: Sequence[Wanted], replicas: int) -> None:
    """Returns when the broker that we talk to knows them as well."""
    answers = await _ask(admin, topics, replicas)
    if failed := [f"{name}: {why}" for name, why in answers.items() if why not in (None, _EXISTS)]:
        raise BrokerUnreachable("; ".join(failed))
    while not set(_names(topics)) <= set(await admin.list_topics()):  # noqa: ASYNC110 - no event
        await asyncio.sleep(_POLL_S)


async def _ask(
    admin: AIOKafkaAdminClient, topics: Sequence[Wanted], replicas: int, dry_run: bool = False
) -> dict[str, str | None]:
    """One request for all. By name: None for one that was made (or could be), or why not."""
    in_sync = {"min.insync.replicas": str(in_sync_min(replicas))}
    new = [
        NewTopic(t.name, t.partitions, replicas, topic_configs={**t.config, **in_sync})
        for t in topics
    ]
    answer = await admin.create_topics(new, validate_only=dry_run)
    return {name: _why(code, message) for name, code, message in answer.topic_errors}


def _why(code: int, message: str | None) -> str | None:
    if code == TopicAlreadyExistsError.errno:
        return _EXISTS
    return (message or for_code(code).__name__) if code else None


def _names(topics: Iterable[Wanted]) -> tuple[str, ...]:
    return tuple(topic.name for topic in topics)


async def _write_births(bootstrap: str, births_topic: str, topics: Sequence[Wanted]) -> None:
    if not topics:
        return
    now_ms = time.time_ns() // 1_000_000
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        sent = [
            await producer.send(
                births_topic,
                encode(TopicBorn(t.name, uuid.uuid4().hex, t.partitions, now_ms)),
                key=t.name.encode(),
                partition=0,
            )
            for t in topics
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
