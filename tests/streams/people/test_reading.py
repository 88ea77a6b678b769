"""What stands, read from topics that were written twice, out of order, and with junk between."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer

from deploy import topics
from deploy.sandbox.kafka import Kafka
from schemas.codec import encode
from schemas.controls import Control, ControlKind, Heartbeat
from schemas.incidents import Incident, TimelineEntry
from schemas.topics import INCIDENTS, SWITCHES, Topic, partition_for
from streams.core.standing import SilenceState
from streams.host.entries import Entry, gone_record, live_record
from streams.people.incidents import IncidentReader
from streams.people.standing import JOURNAL, standing
from streams.people.switches import pulled, switch_of, throw
from streams.read import TopicMissing
from streams.steps.state_codec import encode_entry

PARTITIONS = 3


class Log:
    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"people-{uuid.uuid4().hex[:8]}"

    async def writes(
        self,
        topic: Topic,
        key: str,
        value: bytes | None,
        partition: int = 0,
        headers: tuple[tuple[str, bytes], ...] = (),
    ) -> None:
        await self.producer.send_and_wait(
            topic.name(self.prefix), value, key.encode(), partition, headers=list(headers)
        )

    async def tells(self, incident: Incident) -> None:
        key = incident.incident_id
        await self.writes(INCIDENTS, key, encode(incident), partition_for(key, PARTITIONS))

    def reader(self, **options: object) -> IncidentReader:
        return IncidentReader(self.bootstrap, self.prefix, **options)  # type: ignore[arg-type]


@pytest.fixture
async def log(kafka: Kafka) -> AsyncIterator[Log]:
    made = Log(kafka.bootstrap)
    await topics.create(made.bootstrap, made.prefix, PARTITIONS)
    made.producer = AIOKafkaProducer(bootstrap_servers=made.bootstrap)
    await made.producer.start()
    yield made
    await made.producer.stop()


def incident(name: str, offset: int, state: str = "open", opened_at_ms: int = 0) -> Incident:
    line = TimelineEntry(0, offset, "held", "cooldown")
    return Incident(name, "eu-1", 0, offset, state, "t", "page", {}, "p", "d", 0, 0,
                    opened_at_ms, offset, (), 1, (line, line))  # fmt: skip


async def test_the_highest_place_on_the_tape_holds_wherever_it_stands(log: Log) -> None:
    for told in (incident("a", 7, "acting"), incident("a", 3), incident("b", 1)):
        await log.tells(told)
    async with log.reader() as reader:
        found = await reader.all()
    assert [(i.incident_id, i.state) for i in found] == [("a", "acting"), ("b", "open")]
    assert [len(i.timeline) for i in found] == [1, 1]


async def test_what_is_no_longer_wanted_is_not_listed_and_the_newest_comes_first(log: Log) -> None:
    for told in (incident("a", 1), incident("b", 2, opened_at_ms=1), incident("c", 3),
                 incident("a", 4, "closed")):  # fmt: skip
        await log.tells(told)
    async with log.reader() as reader:
        found = await reader.all(lambda i: i.state != "closed")
    assert [i.incident_id for i in found] == ["b", "c"]


async def test_one_is_found_by_its_beginning_and_junk_is_passed_over(log: Log) -> None:
    for partition in range(PARTITIONS):
        await log.writes(INCIDENTS, "junk", b"junk", partition)
        await log.writes(INCIDENTS, "abjunk", b"junk", partition)
        await log.writes(INCIDENTS, "abgone", None, partition)
    await log.tells(incident("abc", 1))
    await log.tells(incident("abd", 1))
    async with log.reader() as reader:
        assert [i.incident_id for i in await reader.beginning_with("abc")] == ["abc"]
    async with log.reader() as reader:
        found = await reader.beginning_with("ab")
    assert [i.incident_id for i in found] == ["abc", "abd"]
    assert [len(i.timeline) for i in found] == [2, 2]


async def test_changes_begin_where_the_reading_ended_and_are_told_once(log: Log) -> None:
    await log.tells(incident("a", 5))
    async with log.reader() as reader:
        await reader.all()
        for told in (incident("a", 5), incident("a", 4), incident("a", 6, "looking")):
            await log.tells(told)
        async with asyncio.timeout(30):
            assert (await anext(reader.changes())).state == "looking"


async def test_progress_ends_with_all_of_it(log: Log) -> None:
    seen: list[tuple[int, int]] = []
    for offset in range(20):
        await log.tells(incident(f"i{offset}", offset))
    async with log.reader(progress=lambda done, total: seen.append((done, total))) as reader:
        await reader.all()
    assert seen[0] == (0, 20)
    assert seen[-1] == (20, 20)


async def test_a_topic_that_is_not_there_is_named(kafka: Kafka) -> None:
    async with IncidentReader(kafka.bootstrap, "nobodys") as reader:
        with pytest.raises(TopicMissing, match=r"nobodys\.incidents"):
            await reader.all()


SILENCE = SilenceState(("a=b",), 1, 2, "ann", "why")


async def test_what_stands_is_what_the_journal_holds_and_not_what_came_last(log: Log) -> None:
    async def stores(key: str, offset: int, state: SilenceState | None, partition: int = 0) -> None:
        entry = Entry(offset, encode_entry(state) if state else None, 1)
        await log.writes(JOURNAL, key, live_record(key.encode(), entry).value, partition)

    await stores("silence/eu-1/s1", 9, SILENCE)
    await stores("silence/eu-1/s1", 4, replace(SILENCE, comment="old truth"))
    await stores("silence/eu%2f1/a%3db", 1, SILENCE)
    await stores("silence/eu-1/ended", 1, SILENCE)
    await stores("silence/eu-1/ended", 2, None)
    await stores("silence/eu-1/gone", 1, SILENCE)
    gone = gone_record(b"silence/eu-1/gone", 2)
    await log.writes(JOURNAL, "silence/eu-1/gone", None, 0, gone.headers)
    for partition in range(PARTITIONS):
        await stores("silence/*/wide", 1, SILENCE, partition)
    await log.writes(JOURNAL, "incident/x", b"junk")

    found = await standing(log.bootstrap, log.prefix, "silence")
    assert [(one.cluster, one.id) for one in found] == [("*", "wide"), ("eu-1", "s1"),
                                                        ("eu/1", "a=b")]  # fmt: skip
    assert {one.entry for one in found} == {SILENCE}


async def test_switches_that_are_on_are_told_from_those_that_were(log: Log) -> None:
    kill = Control("c", "eu-1", ControlKind.KILL, "ann", "why", 1)
    for control in (
        kill,
        replace(kill, cluster="*"),
        replace(kill, kind=ControlKind.UNKILL),
        replace(kill, cluster="eu-2"),
    ):
        await throw(log.bootstrap, log.prefix, switch_of(control))
    await log.writes(SWITCHES, "executor/e", encode(Heartbeat("e", 1)))
    await log.writes(SWITCHES, "eu-2", None)
    found = await pulled(log.bootstrap, log.prefix)
    assert [(key, switch.author, switch.reason) for key, switch in found.items()] == [
        ("*", "ann", "why")
    ]
