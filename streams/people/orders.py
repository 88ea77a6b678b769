"""Giving an order, and hearing what was decided on it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.codec import decode
from schemas.controls import ALL_CLUSTERS, Control
from schemas.incidents import Decision, Verdict
from schemas.signing import SigningKey
from schemas.tape import PolicyPublished, TapeRecord
from schemas.topics import CONTROLS, DECISIONS, TAPE, partition_for
from streams.controls import publish
from streams.read import QUIET_TIMEOUT_S, BrokerSilent, places_of, plain_consumer


@dataclass(frozen=True, slots=True)
class Place:
    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


@dataclass(frozen=True, slots=True)
class Heard:
    """What one partition of the tape made of an order."""

    verdict: Verdict
    decision: Place
    author: str
    """As it stands on the tape, by those who can tell."""
    verified: bool | None
    """None for a policy, of which the tape has its author's claim alone."""
    is_first: bool
    """Nothing was ever decided about this cluster before: perhaps that is not its name."""


@dataclass(frozen=True, slots=True)
class Answer:
    control: Control
    place: Place
    """Of the order, in `controls`."""
    asked: int
    """How many partitions of the tape decide on it."""
    heard: tuple[Heard, ...]
    """Fewer than that where some did not decide in time; they will, when the processor runs."""

    @property
    def decided(self) -> bool:
        return len(self.heard) == self.asked


async def give(
    bootstrap: str, prefix: str, control: Control, key: SigningKey | None, wait_s: float
) -> Answer:
    """Writes the order, and waits that long for the decisions that answer it."""
    consumer = plain_consumer(bootstrap)
    try:
        await consumer.start()
        places = await _deciding(consumer, prefix, control.cluster)
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        await asyncio.gather(*(consumer.position(place) for place in places))
        at = Place(CONTROLS.name(prefix), *await publish(bootstrap, prefix, control, key))
        found = await _decisions(consumer, at, len(places), wait_s)
        heard = [await _heard(consumer, prefix, control, *pair) for pair in found]
    finally:
        await consumer.stop()
    return Answer(control, at, len(places), tuple(heard))


async def _deciding(consumer: AIOKafkaConsumer, prefix: str, cluster: str) -> list[TopicPartition]:
    places = await places_of(consumer, DECISIONS.name(prefix))
    return places if cluster == ALL_CLUSTERS else [places[partition_for(cluster, len(places))]]


async def _decisions(
    consumer: AIOKafkaConsumer, order: Place, count: int, wait_s: float
) -> list[tuple[Place, Decision]]:
    """The first on it of each partition; a decision may be given again after a crash."""
    found: dict[int, tuple[Place, Decision]] = {}
    try:
        async with asyncio.timeout(wait_s):
            async for place, decision in _follow(consumer):
                if _answers(decision, order):
                    found.setdefault(place.partition, (place, decision))
                if len(found) == count:
                    break
    except TimeoutError:
        pass
    return [found[partition] for partition in sorted(found)]


async def _follow(consumer: AIOKafkaConsumer) -> AsyncIterator[tuple[Place, Decision]]:
    while True:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                decision = decode(record.value, Decision)
                if isinstance(decision, Decision):
                    yield Place(record.topic, record.partition, record.offset), decision


def _answers(decision: Decision, order: Place) -> bool:
    origin = decision.origin
    return (
        origin is not None
        and origin.topic == CONTROLS.noun
        and (origin.partition, origin.offset) == (order.partition, order.offset)
        and "?" not in decision.cluster  # A candidate policy's run hears the same orders.
    )


async def _heard(
    consumer: AIOKafkaConsumer, prefix: str, control: Control, place: Place, decision: Decision
) -> Heard:
    fact = TopicPartition(TAPE.name(prefix), decision.tape_partition)
    consumer.assign([fact])
    consumer.seek(fact, decision.tape_offset)
    try:
        async with asyncio.timeout(QUIET_TIMEOUT_S):
            taped = decode((await consumer.getone()).value, TapeRecord)
    except TimeoutError:
        raise BrokerSilent(f"{fact.topic}/{fact.partition}: nothing to be read") from None
    order = taped.fact if isinstance(taped, TapeRecord) else None
    verdict = _verdict(decision, control)
    if isinstance(order, PolicyPublished):
        return Heard(verdict, place, order.author, None, False)
    assert isinstance(order, Control), f"{fact} holds no order at {decision.tape_offset}"
    is_first = decision.seq == 1 and control.cluster != ALL_CLUSTERS
    return Heard(verdict, place, order.author, order.verified, is_first)


def _verdict(decision: Decision, control: Control) -> Verdict:
    """Of all that the order set off, what became of the order itself; it comes last."""
    kind = control.kind.value
    asked = (kind, f"{kind}_refused")
    mine = [v for v in decision.verdicts if v.what.split(":", 1)[0] in asked]
    assert mine, f"{kind} was decided on without a verdict"
    return mine[-1]
