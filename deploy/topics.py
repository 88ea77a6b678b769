"""Make the topics that `schemas.topics` declares, and tell where a broker's differ.

Births are written before the topics they announce. A birth without a topic is harmless, and so is
one too many; a topic made anew under its old incarnation would have its records taken for ones
already seen.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, for_code

from schemas.codec import encode
from schemas.housekeeping import TopicBorn
from schemas.topics import TOPICS, TOPICS_BORN
from streams.incarnations import IncarnationsUnknown, read_incarnations

REPLICATION_WANTED = 3
_ALREADY_EXISTS = 36
Extra = Sequence[tuple[str, Mapping[str, str]]]
"""Topics that the table does not know, by full name: Faust's changelogs."""


class BrokerUnreachable(Exception):
    """No broker did in time what was asked of it."""


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


@dataclass(frozen=True, slots=True)
class Drift:
    """One setting of one topic that differs from its declaration."""

    topic: str
    setting: str
    wanted: str
    found: str


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
    """Make what is missing, and change nothing that is there. Without `replication`: three
    replicas, or as many as there are brokers."""
    topics = wanted(prefix, tape_partitions, extra)
    async with _admin(bootstrap, timeout_s) as admin:
        present = set(await admin.list_topics())
        missing = [t for t in topics if t.name not in present]
        replicas = replication or await _replication(admin)
        births_topic = TOPICS_BORN.name(prefix)
        failed = await _make(admin, [t for t in missing if t.name == births_topic], replicas)
        if failed:
            return Creation(failed=failed)
        births = await read_incarnations(bootstrap, prefix, timeout_s)
        unborn = [t for t in topics if t.name in present and t.name not in births]
        await _write_births(bootstrap, births_topic, [*missing, *unborn])
        failed = await _make(admin, [t for t in missing if t.name != births_topic], replicas)
    return Creation(
        created=tuple(t.name for t in missing if t.name not in failed),
        existed=tuple(t.name for t in topics if t.name in present),
        adopted=tuple(t.name for t in unborn),
        failed=failed,
    )


async def check(
    bootstrap: str,
    prefix: str,
    tape_partitions: int,
    extra: Extra = (),
    timeout_s: float = 10.0,
) -> tuple[Drift, ...]:
    topics = wanted(prefix, tape_partitions, extra)
    async with _admin(bootstrap, timeout_s) as admin:
        found = {t["topic"]: t for t in await admin.describe_topics()}
        configs = await _configs(admin, [t.name for t in topics if t.name in found])
        births = await read_incarnations(bootstrap, prefix, timeout_s)
    drifts: list[Drift] = []
    for topic in topics:
        if topic.name not in found:
            drifts.append(Drift(topic.name, "topic", "present", "missing"))
            continue
        drifts += differences(topic, found[topic.name], configs[topic.name])
        if topic.name not in births:
            drifts.append(Drift(topic.name, "incarnation", "written at creation", "none"))
    return tuple(drifts)


def differences(
    topic: Wanted, described: Mapping[str, Any], config: Mapping[str, str]
) -> Iterable[Drift]:
    partitions = described["partitions"]
    if len(partitions) != topic.partitions:
        yield Drift(topic.name, "partitions", str(topic.partitions), str(len(partitions)))
    for setting, value in topic.config.items():
        if config.get(setting) != value:
            yield Drift(topic.name, setting, value, config.get(setting, "unset"))
    replicas = min((len(p["replicas"]) for p in partitions), default=0)
    in_sync_min = int(config.get("min.insync.replicas", "1"))
    if in_sync_min < _in_sync_min(replicas):
        yield Drift(
            topic.name, "min.insync.replicas", str(_in_sync_min(replicas)), str(in_sync_min)
        )


def _in_sync_min(replicas: int) -> int:
    """What is acknowledged is on two brokers, wherever a topic has two."""
    return max(1, min(2, replicas))


@asynccontextmanager
async def _admin(bootstrap: str, timeout_s: float) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, request_timeout_ms=int(timeout_s * 1000)
    )
    try:
        async with asyncio.timeout(timeout_s):
            await _start(admin, bootstrap)
            yield admin
    except TimeoutError:
        raise BrokerUnreachable(f"{bootstrap} did not answer in {timeout_s:g} s") from None
    except (KafkaError, IncarnationsUnknown) as fault:
        raise BrokerUnreachable(f"{bootstrap} failed: {fault}") from fault
    finally:
        await admin.close()


async def _start(admin: AIOKafkaAdminClient, bootstrap: str) -> None:
    try:
        await admin.start()
    except (KafkaError, OSError) as fault:
        raise BrokerUnreachable(f"no Kafka broker answers at {bootstrap}") from fault


async def _replication(admin: AIOKafkaAdminClient) -> int:
    return min(REPLICATION_WANTED, len((await admin.describe_cluster())["brokers"]))


async def _make(
    admin: AIOKafkaAdminClient, topics: Sequence[Wanted], replicas: int
) -> dict[str, str]:
    """All in one request. What someone else has made meanwhile is no failure."""
    if not topics:
        return {}
    in_sync = {"min.insync.replicas": str(_in_sync_min(replicas))}
    answer = await admin.create_topics(
        [
            NewTopic(t.name, t.partitions, replicas, topic_configs={**t.config, **in_sync})
            for t in topics
        ]
    )
    return {
        name: message or for_code(code).__name__
        for name, code, message in answer.topic_errors
        if code not in (0, _ALREADY_EXISTS)
    }


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


async def _configs(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    if not names:
        return {}
    answers = await admin.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    )
    return {
        name: {entry[0]: entry[1] for entry in entries}
        for answer in answers
        for _code, _message, _type, name, entries in answer.resources
    }
