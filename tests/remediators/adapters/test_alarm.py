"""Who writes commands and is not the processor is told of, once an hour and fault."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy import topics
from deploy.sandbox.kafka import Kafka
from remediators.adapters.kafka.alarm import notice
from remediators.adapters.kafka.inbox import FOREIGN
from remediators.adapters.kafka.session import Session, open_session
from remediators.adapters.kafka.topics import Broker
from remediators.notify.letter import letter
from remediators.notify.pagerduty import PAGES
from remediators.ports import Delivery
from schemas.codec import decode
from schemas.notices import Notice
from schemas.signing import KEYS_MAX
from schemas.topics import HOUR_MS, NOTICES, REJECTS, Topic
from tests.remediators.builders import NOW_MS

PARTITIONS = 2
FORGED = Delivery(1, 17, NOW_MS, b"eu-1", b"<!channel>", None, "unsigned", "<!channel>")


@dataclass
class Here:
    broker: Broker
    session: Session

    async def notices(self) -> list[Notice]:
        found = [decode(value, Notice) for value in await self.read(NOTICES)]
        assert all(isinstance(one, Notice) for one in found)
        return found

    async def read(self, topic: Topic) -> list[bytes]:
        """All that is in the topic now."""
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.broker.bootstrap, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            places = [TopicPartition(self.broker.name(topic), p) for p in range(PARTITIONS)]
            consumer.assign(places)
            wanted, found = sum((await consumer.end_offsets(places)).values()), []
            async with asyncio.timeout(30):
                while len(found) < wanted:
                    found.append((await consumer.getone()).value)
            return found
        finally:
            await consumer.stop()


@pytest_asyncio.fixture
async def here(kafka: Kafka) -> AsyncIterator[Here]:
    prefix = f"alarm-{uuid.uuid4().hex[:8]}"
    await topics.create(kafka.bootstrap, prefix, PARTITIONS)
    broker = Broker(kafka.bootstrap, prefix, PARTITIONS, 30.0, 30.0, f"{prefix}-executor")
    async with open_session(broker) as session:
        yield Here(broker, session)


@pytest.mark.broker
async def test_a_flood_is_kept_whole_and_told_once(here: Here):
    forged = [replace(FORGED, offset=number) for number in range(20)]
    await asyncio.gather(*(here.session.inbox.reject(one, NOW_MS) for one in forged))
    assert len(await here.read(REJECTS)) == 20
    (told,) = await here.notices()
    assert told.at_ms == NOW_MS


@pytest.mark.broker
async def test_another_fault_and_another_hour_are_told_too(here: Here):
    for fault in ("unsigned", "bad_signature", "wrong_key", "wrong_partition"):
        await here.session.inbox.reject(replace(FORGED, fault=fault), NOW_MS)
    await here.session.inbox.reject(FORGED, NOW_MS + HOUR_MS)
    told = await here.notices()
    assert len({one.notice_id for one in told}) == len(told) == 5


@pytest.mark.broker
async def test_what_only_cannot_be_read_wakes_nobody(here: Here):
    await here.session.inbox.reject(replace(FORGED, fault="malformed"), NOW_MS)
    assert len(await here.read(REJECTS)) == 1
    assert await here.notices() == []


@pytest.mark.broker
async def test_executors_give_one_id_for_what_both_have_seen(here: Here):
    await here.session.inbox.reject(FORGED, NOW_MS)
    async with open_session(here.broker) as another:
        await another.inbox.reject(replace(FORGED, partition=0), NOW_MS + 1)
    assert len(told := await here.notices()) == 2
    assert len({one.notice_id for one in told}) == 1


def test_it_wakes_somebody_whom_no_policy_needs_to_name():
    told = notice(FORGED, "mendlog.commands", NOW_MS)
    assert (told.kind in PAGES, told.severity, told.receivers) == (True, "critical", ())
    assert told.expires_at_ms == NOW_MS + HOUR_MS


def test_it_says_where_and_nothing_that_the_forger_wrote():
    told = letter(notice(FORGED, "mendlog.commands", NOW_MS), "team")
    assert "mendlog.commands, partition 1, offset 17" in told.text
    assert "unsigned" in told.title
    assert "<!channel>" not in f"{told}"


def test_the_page_that_it_names_tells_of_every_fault():
    page = (Path(__file__).parents[3] / "docs" / "safety.md").read_text()
    section = page.partition("## Whose commands\n")[2].partition("\n## ")[0]
    assert "docs/safety.md, Whose commands" in notice(FORGED, "mendlog.commands", NOW_MS).text
    assert [fault for fault in FOREIGN if f"`{fault}`" not in section] == []
    assert f"({KEYS_MAX} at most)" in section
