"""Replay finds every way in which the record can part from the tape, and nothing else."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaProducer

from deploy import topics
from deploy.sandbox.kafka import Kafka
from schemas import sightings
from schemas.codec import decode, encode
from schemas.controls import ALL_CLUSTERS
from schemas.incidents import Decision
from schemas.tape import Origin, PolicyPublished, TapeRecord, Tick
from schemas.topics import DECISIONS, TAPE
from streams.policy.book import PolicyBook
from streams.policy.load import digest_of
from streams.read import input_record, plain_consumer, read_partition
from streams.replay import verify
from streams.steps.decide import DecideStep
from tests.builders import QUICK, alert


class Tape:
    """A tape of one partition on the real broker, with what was decided on it."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"replay-{uuid.uuid4().hex[:8]}"
        self.decisions: list[bytes] = []

    async def start(self) -> None:
        await topics.create(self.bootstrap, self.prefix, 1)
        self.producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await self.producer.start()

    async def holds(self, *facts: TapeRecord) -> None:
        for fact in facts:
            await self.producer.send_and_wait(TAPE.name(self.prefix), encode(fact), partition=0)

    async def decides(self) -> None:
        """What a processor would record, without recording it."""
        step = DecideStep(PolicyBook(), 0, {})
        consumer = plain_consumer(self.bootstrap)
        await consumer.start()
        async for record in read_partition(consumer, TAPE.name(self.prefix), 0):
            outputs = step.apply(input_record(TAPE, record)).outputs
            self.decisions += [o.value for o in outputs if o.topic is DECISIONS]
        await consumer.stop()

    async def records(self, *values: bytes) -> None:
        for value in values:
            await self.producer.send_and_wait(DECISIONS.name(self.prefix), value, partition=0)

    async def verified(self):  # type: ignore[no-untyped-def]
        return await verify(self.bootstrap, self.prefix, 1)


@pytest.fixture
async def tape(kafka: Kafka) -> AsyncIterator[Tape]:
    made = Tape(kafka.bootstrap)
    await made.start()
    await made.holds(
        TapeRecord(ALL_CLUSTERS, PolicyPublished(digest_of(QUICK), QUICK, "test")),
        TapeRecord("eu-1", sightings.pack([alert()]), Origin("alerts", "born", 0, 0, 0)),
        TapeRecord("eu-1", sightings.pack([alert("Unmatched")]), Origin("alerts", "born", 0, 1, 0)),
        TapeRecord(ALL_CLUSTERS, Tick(1)),
    )
    await made.decides()
    assert len(made.decisions) == 3
    yield made
    await made.producer.stop()


async def test_what_was_recorded_is_what_the_tape_gives(tape: Tape) -> None:
    await tape.records(*tape.decisions)
    result = await tape.verified()
    assert (result.recomputed, result.differ, result.first) == (3, 0, None)


async def test_a_decision_recorded_twice_with_the_same_bytes_is_one(tape: Tape) -> None:
    await tape.records(*tape.decisions, *tape.decisions[:2])
    assert (await tape.verified()).differ == 0


async def test_what_is_not_recorded_yet_is_pending_and_no_difference(tape: Tape) -> None:
    await tape.records(*tape.decisions[:2])
    result = await tape.verified()
    assert (result.differ, result.pending) == (0, 1)


async def test_an_altered_decision_is_shown_with_both_sides(tape: Tape) -> None:
    decision = decode(tape.decisions[1], Decision)
    assert isinstance(decision, Decision)
    forged = encode(replace(decision, policy="another"))
    await tape.records(tape.decisions[0], forged, tape.decisions[2])
    result = await tape.verified()
    assert result.differ == 1
    assert result.first is not None
    assert (result.first.cluster, result.first.seq) == ("eu-1", 1)
    assert "another" in result.first.recorded
    assert "another" not in result.first.recomputed


async def test_a_decision_that_is_missing_in_the_middle_is_a_difference(tape: Tape) -> None:
    await tape.records(tape.decisions[0], tape.decisions[2])
    result = await tape.verified()
    assert result.differ == 1
    assert result.first is not None
    assert "not recorded" in result.first.why


async def test_a_decision_that_the_tape_does_not_give_is_a_difference(tape: Tape) -> None:
    decision = decode(tape.decisions[2], Decision)
    assert isinstance(decision, Decision)
    await tape.records(*tape.decisions, encode(replace(decision, seq=decision.seq + 1)))
    result = await tape.verified()
    assert result.first is not None
    assert "the tape does not give it" in result.first.why


async def test_two_contents_for_one_place_are_a_difference(tape: Tape) -> None:
    decision = decode(tape.decisions[1], Decision)
    assert isinstance(decision, Decision)
    await tape.records(*tape.decisions, encode(replace(decision, at_ms=1)))
    result = await tape.verified()
    assert result.first is not None
    assert "different bytes" in result.first.why


async def test_junk_among_the_decisions_is_named_by_its_offset(tape: Tape) -> None:
    await tape.records(*tape.decisions, b"junk")
    result = await tape.verified()
    assert result.first is not None
    assert "offset 3 of decisions" in result.first.why


async def test_a_tape_whose_beginning_is_gone_says_what_it_could_not_verify(tape: Tape) -> None:
    await delete_before(tape, 2)
    result = await tape.verified()
    assert result.recomputed == 0
    assert "offsets 2 to 3 cannot be verified" in result.unverified[0]


async def delete_before(tape: Tape, offset: int) -> None:
    from aiokafka import TopicPartition
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.admin.records_to_delete import RecordsToDelete

    admin = AIOKafkaAdminClient(bootstrap_servers=tape.bootstrap)
    await admin.start()
    place = TopicPartition(TAPE.name(tape.prefix), 0)
    await admin.delete_records({place: RecordsToDelete(before_offset=offset)})
    await admin.close()
    await asyncio.sleep(0)
