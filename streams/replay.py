"""Replay: recompute every decision from the tape and hold it against what was recorded.

Each fact is decided under the policy and the logic that were in force at its place on the tape,
by the same step that the processor runs; nothing is written.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas.codec import Undecodable, decode
from schemas.incidents import Decision
from schemas.topics import DECISIONS, TAPE
from streams.core.policy import Policies
from streams.policy.book import PolicyBook
from streams.read import bounds, input_record, plain_consumer, read_partition
from streams.steps.decide import DecideStep
from streams.steps.effects import InputRecord

Place = tuple[str, int]
"""A decision's place in its chain: (cluster, seq)."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where tape and record part. An empty side is missing."""

    partition: int
    cluster: str
    seq: int
    why: str
    recorded: str = ""
    recomputed: str = ""


@dataclass(slots=True)
class Verified:
    """What came of one partition; they are added up for the report."""

    facts: int = 0
    recorded: int = 0
    recomputed: int = 0
    differ: int = 0
    pending: int = 0
    """Recomputed and not recorded, after the last record: the processor is not there yet."""
    first: Difference | None = None
    unverified: list[str] = field(default_factory=list)
    """Ranges that cannot be verified, in words."""

    def add(self, other: "Verified") -> None:
        self.facts += other.facts
        self.recorded += other.recorded
        self.recomputed += other.recomputed
        self.differ += other.differ
        self.pending += other.pending
        self.first = self.first or other.first
        self.unverified += other.unverified

    def note(self, difference: Difference) -> None:
        self.differ += 1
        self.first = self.first or difference


@dataclass(slots=True)
class Recorded:
    """What `decisions` says of one partition: a hash for each place, and where to read it again."""

    hashes: dict[Place, bytes] = field(default_factory=dict)
    offsets: dict[Place, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)

    def take(self, partition: int, record: ConsumerRecord, result: Verified) -> None:
        decision = decode(record.value, Decision)
        if isinstance(decision, Undecodable):
            why = f"offset {record.offset} of decisions: {decision.fault} {decision.detail}"
            result.note(Difference(partition, "?", -1, why))
            return
        place, hashed = (decision.cluster, decision.seq), _hash(record.value)
        if self.hashes.setdefault(place, hashed) != hashed:
            why = "two records with one place in the chain and different bytes"
            result.note(Difference(partition, *place, why, recorded=readable(record.value)))
        self.offsets.setdefault(place, record.offset)
        self.last[decision.cluster] = max(self.last.get(decision.cluster, 0), decision.seq)


async def verify(
    bootstrap: str, prefix: str, partitions: int, policies: Policies | None = None
) -> Verified:
    total = Verified()
    consumer = plain_consumer(bootstrap)
    try:
        await consumer.start()
        for partition in range(partitions):
            total.add(await _verify_partition(consumer, prefix, partition, policies))
    finally:
        await consumer.stop()
    return total


async def _verify_partition(
    consumer: AIOKafkaConsumer, prefix: str, partition: int, policies: Policies | None
) -> Verified:
    result = Verified()
    tape, decisions = TAPE.name(prefix), DECISIONS.name(prefix)
    begin, end = await bounds(consumer, TopicPartition(tape, partition))
    if begin > 0:
        result.unverified.append(
            f"{tape}/{partition} begins at {begin}, not at 0, and there is no snapshot to start "
            f"from: offsets {begin} to {end - 1} cannot be verified"
        )
        return result
    recorded = Recorded()
    async for record in read_partition(consumer, decisions, partition):
        recorded.take(partition, record, result)
    step = DecideStep(policies or PolicyBook(), partition, {})
    result.recorded = len(recorded.hashes)
    unseen = set(recorded.hashes)
    async for record in read_partition(consumer, tape, partition):
        result.facts += 1
        for place, value in _decided(step, input_record(TAPE, record)):
            result.recomputed += 1
            unseen.discard(place)
            _compare(partition, place, value, recorded, result)
    for place in sorted(unseen):
        result.note(Difference(partition, *place, "recorded, but the tape does not give it"))
    await _read_again(consumer, decisions, partition, recorded, result)
    return result


def _decided(step: DecideStep, record: InputRecord) -> Iterator[tuple[Place, bytes]]:
    for output in step.apply(record).outputs:
        if output.topic is DECISIONS:
            decision = decode(output.value, Decision)
            assert isinstance(decision, Decision)
            yield (decision.cluster, decision.seq), output.value


def _compare(
    partition: int, place: Place, value: bytes, recorded: Recorded, result: Verified
) -> None:
    known = recorded.hashes.get(place)
    if known is None and place[1] > recorded.last.get(place[0], 0):
        result.pending += 1
    elif known is None:
        why = "the tape gives it, but it is not recorded"
        result.note(Difference(partition, *place, why, recomputed=readable(value)))
    elif known != _hash(value):
        why = "recorded and recomputed differ"
        result.note(Difference(partition, *place, why, recomputed=readable(value)))


async def _read_again(
    consumer: AIOKafkaConsumer, topic: str, partition: int, recorded: Recorded, result: Verified
) -> None:
    """Fetch the recorded side of the first difference, to show both."""
    first = result.first
    if first is None or first.recorded or (first.cluster, first.seq) not in recorded.offsets:
        return
    offset = recorded.offsets[first.cluster, first.seq]
    async for record in read_partition(consumer, topic, partition, offset):
        shown = readable(record.value)
        result.first = Difference(
            partition, first.cluster, first.seq, first.why, shown, first.recomputed
        )
        return


def readable(value: bytes | None) -> str:
    """A decision as indented JSON, for people to compare."""
    decision = decode(value, Decision)
    if isinstance(decision, Undecodable):
        return f"{decision.fault} {decision.detail}"
    return msgspec.json.format(msgspec.json.encode(decision), indent=1).decode()


def _hash(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=16).digest()
