"""An audit of a broker's topics, read only: no group, no commit, and nothing is written.

The ends are fixed at the beginning, first of what agents write and then of what they read, so that
on a system that runs nothing seems to come from nowhere. What is under way is pending.
"""

from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from schemas.topics import (
    ALERTS,
    COMMANDS,
    CONTROLS,
    INCIDENTS,
    JOURNALS,
    METRICS,
    OUTCOMES,
    REJECTS,
    TAPE,
    Topic,
)
from streams import replay
from streams.audit.auditor import Asked, Auditor, added_up, topics_of
from streams.audit.ground import Ground, Kept
from streams.audit.merged import Progress, careful_consumer, merged
from streams.audit.verdict import INVARIANTS, Place, Verdict
from streams.incarnations import read_incarnations
from streams.read import TopicMissing, places_of
from streams.steps.effects import InputRecord

ENDS: tuple[Topic, ...] = (INCIDENTS, REJECTS, TAPE, OUTCOMES, COMMANDS, ALERTS, METRICS, CONTROLS)
"""After the journals: whatever a record names is fixed after it."""


@dataclass(frozen=True, slots=True)
class Scope:
    bootstrap: str
    prefix: str
    settled: bool = False
    replays: bool = True


def silently(_done: int, _total: int) -> None:
    """For who wants no progress."""


async def audit(
    scope: Scope, asked: Asked | None = None, progress: Progress = silently
) -> tuple[Verdict, ...]:
    """A verdict for each invariant that could be asked about, in their order."""
    consumer = careful_consumer(scope.bootstrap)
    try:
        await consumer.start()
        partitions = len(await places_of(consumer, TAPE.name(scope.prefix)))
        verdicts = await _heard(consumer, scope, partitions, asked or Asked(), progress)
    finally:
        await consumer.stop()
    replayed = [await _replayed(scope, partitions)] if scope.replays else []
    return added_up([*verdicts, *replayed])


async def _heard(
    consumer: AIOKafkaConsumer,
    scope: Scope,
    partitions: int,
    asked: Asked,
    progress: Progress,
) -> tuple[Verdict, ...]:
    topics = topics_of(asked)
    births = await read_incarnations(scope.bootstrap, scope.prefix)
    lives = {t.noun: b.incarnation for t in topics if (b := births.get(t.name(scope.prefix)))}
    kept = await _fixed(consumer, scope, partitions, topics)
    auditor = Auditor(Ground(partitions, kept, lives, scope.settled), asked)
    for journal in JOURNALS:
        for partition in range(journal.partitions(partitions)):
            place = {_place(scope, journal, partition): (journal, kept[journal.noun, partition])}
            async for batch in merged(consumer, place, silently):
                _hear(auditor, batch)
    places = {
        _place(scope, topic, partition): (topic, kept[topic.noun, partition])
        for topic in topics
        for partition in range(topic.partitions(partitions))
    }
    async for batch in merged(consumer, places, progress):
        _hear(auditor, batch)
    return auditor.finish()


def _place(scope: Scope, topic: Topic, partition: int) -> TopicPartition:
    return TopicPartition(topic.name(scope.prefix), partition)


def _hear(auditor: Auditor, batch: list[InputRecord]) -> None:
    for record in batch:
        auditor.hear(record)


async def _fixed(
    consumer: AIOKafkaConsumer, scope: Scope, partitions: int, topics: tuple[Topic, ...]
) -> dict[tuple[str, int], Kept]:
    """Assigns all of them. Raises TopicMissing."""
    known = await consumer.topics()
    order = (*JOURNALS, *(t for t in topics if t not in ENDS), *(t for t in ENDS if t in topics))
    places = {t: [_place(scope, t, p) for p in range(t.partitions(partitions))] for t in order}
    for topic in order:
        if topic.name(scope.prefix) not in known:
            raise TopicMissing(topic.name(scope.prefix))
    every = [place for of_topic in places.values() for place in of_topic]
    consumer.assign(every)
    consumer.pause(*every)
    kept: dict[tuple[str, int], Kept] = {}
    for topic, of_topic in places.items():
        ends = await consumer.end_offsets(of_topic)
        begins = await consumer.beginning_offsets(of_topic)
        for place in of_topic:
            begin = min(begins[place], ends[place])
            kept[topic.noun, place.partition] = Kept(begin, ends[place])
    return kept


async def _replayed(scope: Scope, partitions: int) -> Verdict:
    found = await replay.verify(scope.bootstrap, scope.prefix, partitions)
    verdict = Verdict("I10", checked=found.recomputed, pending=found.pending)
    verdict.unverified += found.unverified
    if (first := found.first) is not None:
        verdict.against(
            Place(TAPE.noun, first.partition, -1), f"{first.cluster} seq {first.seq}", first.why
        )
        verdict.violations = found.differ
    return verdict


def missing(verdicts: tuple[Verdict, ...]) -> tuple[str, ...]:
    """The invariants that nobody could ask about."""
    asked = {verdict.invariant for verdict in verdicts}
    return tuple(name for name in INVARIANTS if name not in asked)
