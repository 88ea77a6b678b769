"""Following the topics as they grow, from where they ended when the watching began."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from types import TracebackType

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from deploy.sandbox.demo.story import Heard, Place
from schemas.codec import Undecodable, decode
from schemas.incidents import Incident
from schemas.metrics import Samples
from schemas.remediation import Command, Observation, Outcome
from schemas.tape import TapeRecord
from schemas.topics import COMMANDS, INCIDENTS, METRICS, OUTCOMES, TAPE, Topic
from streams.read import plain_consumer

WATCHED: Mapping[Topic, tuple[type, ...]] = {
    METRICS: (Samples,),
    TAPE: (TapeRecord,),
    INCIDENTS: (Incident,),
    COMMANDS: (Command,),
    OUTCOMES: (Outcome, Observation),
}


class Watch:
    def __init__(self, bootstrap: str, prefix: str, partitions: int) -> None:
        self._prefix = prefix
        self._partitions = partitions
        self._consumer: AIOKafkaConsumer = plain_consumer(bootstrap)
        self._kinds = {topic.name(prefix): kinds for topic, kinds in WATCHED.items()}

    async def __aenter__(self) -> "Watch":
        await self._consumer.start()
        places = [
            TopicPartition(topic.name(self._prefix), p)
            for topic in WATCHED
            for p in range(topic.partitions(self._partitions))
        ]
        self._consumer.assign(places)
        await self._consumer.seek_to_end(*places)
        await asyncio.gather(*(self._consumer.position(place) for place in places))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._consumer.stop()

    async def records(self) -> AsyncIterator[tuple[Place, int, Heard]]:
        """What comes in, a bunch at a time in the order of the broker's clock; never ends."""
        while True:
            batches = await self._consumer.getmany(timeout_ms=100)
            bunch = (record for records in batches.values() for record in records)
            for place, at_ms, heard in self._decoded(sorted(bunch, key=lambda r: r.timestamp)):
                yield place, at_ms, heard
            if not batches:
                await asyncio.sleep(0)

    def _decoded(self, bunch: Iterable[ConsumerRecord]) -> Iterable[tuple[Place, int, Heard]]:
        for record in bunch:
            heard = decode(record.value, *self._kinds[record.topic])
            if not isinstance(heard, Undecodable):
                yield Place(record.topic, record.partition, record.offset), record.timestamp, heard
