"""The topic `commands`: read as a member of the executors' group, each record judged for use."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.structs import ConsumerRecord

from remediators.adapters.kafka.topics import FETCH_WAIT_MS, Broker, broker_errors, in_time
from remediators.ports import Delivery, Owner
from schemas.codec import Undecodable, decode, encode
from schemas.rejects import Reject
from schemas.remediation import Command
from schemas.topics import partition_for

POLL_MS = 200
HEARTBEATS_PER_SESSION = 5
COMMIT_S = 3.0

log = structlog.get_logger()


class KafkaInbox:
    def __init__(self, broker: Broker, producer: AIOKafkaProducer) -> None:
        self._broker = broker
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
        self._consumer.subscribe([self._broker.commands], listener=_Listener(owner))

    async def fetch(self, records_max: int) -> Sequence[Delivery]:
        """With no room for more it still polls, for a member that does not is thrown out."""
        with broker_errors("fetching commands"):
            if records_max > 0:
                return await self._fetch(records_max)
            held = self._consumer.assignment()
            self._consumer.pause(*held)
            try:
                return await self._fetch(1)
            finally:
                self._consumer.resume(*(held & self._consumer.assignment()))

    async def _fetch(self, records_max: int) -> Sequence[Delivery]:
        batches = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=records_max)
        return [
            delivery(record, self._broker.partitions)
            for records in batches.values()
            for record in records
        ]

    async def commit(self, next_offsets: Mapping[int, int]) -> None:
        topic = self._broker.commands
        offsets = {TopicPartition(topic, partition): at for partition, at in next_offsets.items()}
        try:
            await asyncio.wait_for(self._consumer.commit(offsets), COMMIT_S)
        except (KafkaError, TimeoutError) as fault:
            log.info("commit_lost", fault=repr(fault))

    async def reject(self, delivery: Delivery, at_ms: int) -> None:
        rejected = Reject(
            topic=self._broker.commands,
            partition=delivery.partition,
            offset=delivery.offset,
            reason=delivery.fault,
            detail=delivery.detail,
            source="executor",
            at_ms=at_ms,
            body=delivery.value or b"",
        )
        sending = self._producer.send_and_wait(
            self._broker.rejects,
            encode(rejected),
            key=delivery.key,
            partition=partition_for(delivery.key or b"", self._broker.partitions),
        )
        await in_time("writing to rejects", sending, self._broker.timeout_s)

    async def stop(self) -> None:
        await self._consumer.stop()


@dataclass(frozen=True, slots=True)
class _Fault:
    fault: str
    detail: str = ""


def delivery(record: "ConsumerRecord[bytes, bytes]", partitions: int) -> Delivery:
    judged = _judged(record, partitions)
    place = (record.partition, record.offset, record.timestamp, record.key, record.value)
    if isinstance(judged, _Fault):
        return Delivery(*place, command=None, fault=judged.fault, detail=judged.detail)
    return Delivery(*place, command=judged)


def _judged(record: "ConsumerRecord[bytes, bytes]", partitions: int) -> Command | _Fault:
    command = decode(record.value, Command)
    if isinstance(command, Undecodable):
        return _Fault(command.fault.value, command.detail)
    if record.key != command.cluster.encode():
        return _Fault("wrong_key", f"a command of {command.cluster} under {record.key!r}")
    if record.partition != partition_for(command.cluster, partitions):
        # Its outcomes would go where whoever owns this partition does not look.
        return _Fault("wrong_partition", f"{command.cluster} does not belong here")
    return command


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, owner: Owner) -> None:
        self._owner = owner

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._owner.revoked([tp.partition for tp in revoked])

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        await self._owner.assigned([tp.partition for tp in assigned])
