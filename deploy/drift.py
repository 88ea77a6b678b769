"""Where a broker's topics differ from what `schemas.topics` declares."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from deploy.broker import administer
from deploy.topics import Extra, Wanted, in_sync_min, wanted
from streams.incarnations import read_incarnations


@dataclass(frozen=True, slots=True)
class Drift:
    """One setting of one topic that differs from its declaration."""

    topic: str
    setting: str
    wanted: str
    found: str


async def check(
    bootstrap: str,
    prefix: str,
    tape_partitions: int,
    extra: Extra = (),
    timeout_s: float = 10.0,
) -> tuple[Drift, ...]:
    topics = wanted(prefix, tape_partitions, extra)
    async with administer(bootstrap, timeout_s) as admin:
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
) -> Iterator[Drift]:
    partitions = described["partitions"]
    if len(partitions) != topic.partitions:
        yield Drift(topic.name, "partitions", str(topic.partitions), str(len(partitions)))
    for setting, value in topic.config.items():
        if config.get(setting) != value:
            yield Drift(topic.name, setting, value, config.get(setting, "unset"))
    replicas = min((len(p["replicas"]) for p in partitions), default=0)
    in_sync = config.get("min.insync.replicas", "1")
    if int(in_sync) < in_sync_min(replicas):
        yield Drift(topic.name, "min.insync.replicas", str(in_sync_min(replicas)), in_sync)


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
