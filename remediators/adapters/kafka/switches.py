"""The topic `switches`: read from its first record on, and beaten into by our own heart."""

from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from remediators.adapters.kafka.topics import FETCH_WAIT_MS, Broker, broker_errors, in_time
from remediators.ports import Posted
from schemas.codec import decode, encode
from schemas.controls import Heartbeat, Switch

POLL_MS = 1_000
PARTITION = 0
BEAT_TIMEOUT_S = 5.0


class KafkaSwitches:
    """With a producer of its own: a beat must not wait behind other records."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._producer = AIOKafkaProducer(
            bootstrap_servers=broker.bootstrap, acks="all", request_timeout_ms=5_000
        )
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=broker.bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=10 * FETCH_WAIT_MS,
        )

    async def start(self) -> None:
        timeout_s = self._broker.timeout_s
        await in_time("reaching the broker", self._producer.start(), timeout_s)
        await in_time("reaching the broker", self._consumer.start(), timeout_s)
        self._consumer.assign([TopicPartition(self._broker.switches, PARTITION)])

    async def fetch(self) -> Sequence[Posted]:
        with broker_errors("reading switches"):
            batches = await self._consumer.getmany(timeout_ms=POLL_MS)
        return [_posted(record) for records in batches.values() for record in records]

    async def beat(self, heartbeat: Heartbeat) -> None:
        await self._write(heartbeat.executor, encode(heartbeat))

    async def forget(self, executor: str) -> None:
        await self._write(executor, None)

    async def _write(self, executor: str, value: bytes | None) -> None:
        sending = self._producer.send_and_wait(
            self._broker.switches, value, key=key_of(executor).encode(), partition=PARTITION
        )
        await in_time("writing a heartbeat", sending, BEAT_TIMEOUT_S)

    async def stop(self) -> None:
        await self._consumer.stop()
        await self._producer.stop()


def key_of(executor: str) -> str:
    """No cluster can be called that, so compaction keeps both."""
    return f"executor/{executor}"


def _posted(record: "ConsumerRecord[bytes, bytes]") -> Posted:
    key = (record.key or b"").decode(errors="replace")
    if record.value is None:
        return Posted(key, record.timestamp, None)
    return Posted(key, record.timestamp, decode(record.value, Switch, Heartbeat))
