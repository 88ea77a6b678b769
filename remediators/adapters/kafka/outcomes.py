"""The topic `outcomes`: each append acknowledged by all replicas, and read back to its end."""

from collections.abc import AsyncIterator

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.structs import ConsumerRecord

from remediators.adapters.kafka.partition_log import PartitionLog
from remediators.adapters.kafka.topics import Broker, in_time
from remediators.ports import Recorded
from schemas.codec import Undecodable, decode, encode
from schemas.remediation import Observation, Outcome
from schemas.topics import OUTCOMES

RECORDED: tuple[type[Recorded], ...] = (Outcome, Observation)

log = structlog.get_logger()


class KafkaOutcomes:
    def __init__(self, broker: Broker, producer: AIOKafkaProducer) -> None:
        self._broker = broker
        self._producer = producer
        self._log = PartitionLog(broker, OUTCOMES)

    async def start(self) -> None:
        await self._log.start()

    async def append(self, partition: int, record: Recorded) -> int:
        sending = self._producer.send_and_wait(
            self._broker.outcomes,
            encode(record),
            key=record.cluster.encode(),
            partition=partition,
        )
        appended = await in_time("writing to outcomes", sending, self._broker.timeout_s)
        return int(appended.timestamp)

    async def read(
        self, partition: int, since_ms: int, naming: str = ""
    ) -> AsyncIterator[tuple[int, Recorded | None]]:
        name = naming.encode()
        async for record in self._log.read(partition, since_ms):
            # In Avro a text stands as it is, so what does not hold the name need not be decoded.
            if name in (record.value or b""):
                yield record.timestamp, _recorded(record)

    async def stop(self) -> None:
        await self._log.stop()


def _recorded(record: "ConsumerRecord[bytes, bytes]") -> Recorded | None:
    """Of a later release perhaps, or nobody's."""
    found: Recorded | Undecodable = decode(record.value, *RECORDED)
    if isinstance(found, Undecodable):
        log.warning("outcome_unreadable", offset=record.offset, fault=found.fault.value)
        return None
    return found
