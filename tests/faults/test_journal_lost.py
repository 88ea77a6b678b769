"""A journal that was lost is rebuilt from the tape: same decisions, nothing ordered again."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy import topics
from deploy.sandbox.kafka import Kafka
from schemas.codec import decode
from schemas.incidents import Decision
from schemas.remediation import Command
from schemas.topics import ALERTS, COMMANDS, DECISIONS, TAPE, journal
from streams.replay import verify
from tests.builders import QUICK
from tests.e2e.platform import PARTITIONS, WAIT_S, Platform, platform_on

LIVES_SHORTLY = QUICK.replace("command_ttl: 120s", "command_ttl: 1ms")
JOURNAL = journal("decide", "tape")


@pytest.fixture
def platform(kafka: Kafka, tmp_path: Path) -> Iterator[Platform]:
    with platform_on(kafka, tmp_path) as made:
        yield made


@pytest.mark.broker
@pytest.mark.slow
async def test_the_state_is_rebuilt_in_silence(platform: Platform) -> None:
    await asyncio.to_thread(platform.prepare, LIVES_SHORTLY)
    worker = await asyncio.to_thread(platform.start, "processor", AGENTS="observe,relay,decide")
    await platform.write(ALERTS, *(firing(n) for n in range(20)))
    await platform.until(COMMANDS, 20)
    await platform.caught_up(JOURNAL, TAPE)
    await asyncio.to_thread(worker.stop)
    commands = await platform.read(COMMANDS)

    await lose(platform)
    await asyncio.to_thread(platform.start, "processor", AGENTS="observe,relay,decide")
    await platform.write(ALERTS, firing(99))
    await platform.until(COMMANDS, len(commands) + 1)
    await platform.caught_up(JOURNAL, TAPE)

    ordered = [decode(r.value, Command) for r in await platform.read(COMMANDS)]
    assert len(ordered) == len(commands) + 1, "only what is new was ordered"
    result = await verify(platform.bootstrap, platform.prefix, PARTITIONS)
    assert (result.differ, result.pending) == (0, 0)
    places = [(d.cluster, d.seq) for d in await decisions(platform)]
    assert len(places) > len(set(places)), "decisions were given again, and readers drop them"


def firing(number: int) -> bytes:
    labels = {"alertname": "HighErrors", "namespace": "shop", "deployment": f"d{number}"}
    return json.dumps([{"labels": labels}]).encode()


async def lose(platform: Platform) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=platform.bootstrap)
    await admin.start()
    await admin.delete_topics([platform.name(JOURNAL)])
    await admin.close()
    created: tuple[str, ...] = ()
    async with asyncio.timeout(WAIT_S):
        while platform.name(JOURNAL) not in created:
            made = await topics.create(platform.bootstrap, platform.prefix, PARTITIONS)
            created = made.created


async def decisions(platform: Platform) -> list[Decision]:
    read = [decode(r.value, Decision) for r in await platform.read(DECISIONS)]
    return [d for d in read if isinstance(d, Decision)]
