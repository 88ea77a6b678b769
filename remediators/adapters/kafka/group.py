"""A topic read as one member of a consumer group, and `rejects` for what of it cannot be used."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from remediators.adapters.kafka.topics import FETCH_WAIT_MS, Broker, broker_errors, in_time
from schemas.codec import encode
from schemas.rejects import Reject
from schemas.topics import BODY_BYTES_MAX, KIB, Topic, partition_for

POLL_MS = 200
HEARTBEATS_PER_SESSION = 5
COMMIT_S = 3.0
KEY_BYTES_MAX = 64 * KIB
DETAIL_CHARS_MAX = 1_000
Record: TypeAlias = "ConsumerRecord[bytes, bytes]"

log = structlog.get_logger()


class Owner(Protocol):
    async def assigned(self, partitions: Iterable[int]) -> None: ...

    async def revoked(self, partitions: Iterable[int]) -> None: ...


class Unusable(Protocol):
    """A record that is to be kept as received."""

    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def fault(self) -> str: ...
    @property
    def detail(self) -> str: ...


class Group:
    def __init__(
        self, broker: Broker, topic: Topic, source: str, producer: AIOKafkaProducer
    ) -> None:
        """`source` is who says of a record that it cannot be used."""
        self._broker = broker
        self._noun, self._topic = topic.noun, broker.name(topic)
        self._source = source
        self._producer = producer
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=broker.bootstrap,
            group_id=broker.group_id,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=int(broker.session_timeout_s * 1000),
            heartbeat_interval_ms=int(broker.session_timeout_s * 1000 / HEARTBEATS_PER_SESSION),
            fetch_max_wait_ms=FETCH_WAIT_MS,
        )

    async def start(self, owner: Owner) -> None:
        await in_time("joining the group", self._consumer.start(), self._broker.timeout_s)
        self._consumer.subscribe([self._topic], listener=_Listener(owner))

    async def fetch(self, records_max: int, full: Collection[int] = ()) -> Sequence[Record]:
        """From all partitions but those that are full. With no room for more it still polls, for a
        member that does not is thrown out."""
        with broker_errors(f"fetching {self._topic}"):
            held = self._consumer.assignment()
            wanted = [tp for tp in held if tp.partition not in full] if full else []
            if records_max > 0 and (wanted or not full):
                return await self._fetch(records_max, *wanted)
            self._consumer.pause(*held)
            try:
                return await self._fetch(1)
            finally:
                self._consumer.resume(*(held & self._consumer.assignment()))

    async def _fetch(self, records_max: int, *wanted: TopicPartition) -> Sequence[Record]:
        """Of all partitions, unless some are named."""
        batches = await self._consumer.getmany(*wanted, timeout_ms=POLL_MS, max_records=records_max)
        return [record for records in batches.values() for record in records]

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        offsets = {TopicPartition(self._topic, p): at for p, at in next_offsets.items()}
        try:
            await asyncio.wait_for(self._consumer.commit(offsets), COMMIT_S)
        except (KafkaError, TimeoutError) as fault:
            log.info("commit_lost", fault=repr(fault))

    async def reject(self, record: Unusable, at_ms: int) -> None:
        """What anybody may have made too large is kept in part: it must never end us."""
        raw = record.value or b""
        rejected = Reject(
            topic=self._noun,
            partition=record.partition,
            offset=record.offset,
            reason=record.fault,
            detail=record.detail[:DETAIL_CHARS_MAX],
            source=self._source,
            at_ms=at_ms,
            body=raw[:BODY_BYTES_MAX],
            truncated=len(raw) > BODY_BYTES_MAX,
        )
        key = record.key and record.key[:KEY_BYTES_MAX]
        sending = self._producer.send_and_wait(
            self._broker.rejects,
            encode(rejected),
            key=key,
            partition=partition_for(key or b"", self._broker.partitions),
        )
        await in_time("writing to rejects", sending, self._broker.timeout_s)

    async def stop(self) -> None:
        await self._consumer.stop()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._owner.revoked([tp.partition for tp in revoked])

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        await self._owner.assigned([tp.partition for tp in assigned])
