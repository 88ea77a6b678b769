"""The topic `deliveries`: each append acknowledged by all replicas, and read back to its end."""

from collections.abc import AsyncIterator

import structlog
from aiokafka import AIOKafkaProducer

from remediators.adapters.kafka.partition_log import PartitionLog
from remediators.adapters.kafka.topics import Broker, in_time
from schemas.codec import Undecodable, decode, encode
from schemas.notices import Delivery
from schemas.topics import DELIVERIES

log = structlog.get_logger()


class KafkaDeliveries:
    def __init__(self, broker: Broker, producer: AIOKafkaProducer) -> None:
        self._broker = broker
        self._producer = producer
        self._log = PartitionLog(broker, DELIVERIES)

    async def start(self) -> None:
        await self._log.start()

    async def append(self, partition: int, key: str, delivery: Delivery) -> int:
        sending = self._producer.send_and_wait(
            self._broker.name(DELIVERIES),
            encode(delivery),
            key=key.encode(),
            partition=partition,
        )
        appended = await in_time("writing to deliveries", sending, self._broker.timeout_s)
        return int(appended.timestamp)

    async def read(self, partition: int, since_ms: int) -> AsyncIterator[tuple[int, Delivery]]:
        """One that cannot be read is passed over: its notice is told again rather than never."""
        async for record in self._log.read(partition, since_ms):
            found = decode(record.value, Delivery)
            if isinstance(found, Undecodable):
                log.warning("delivery_unreadable", offset=record.offset, fault=found.fault.value)
            else:
                yield record.timestamp, found

    async def stop(self) -> None:
        await self._log.stop()
