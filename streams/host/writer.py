"""Our way to write to Kafka: whole record batches, each acknowledged, within a bounded time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError, RecordListTooLargeError

from schemas.topics import BATCH_BYTES_MAX, KIB, MIB, Topic
from streams.host.exits import ProducerStalled, TooLarge
from streams.host.reading import Bounds

PRODUCE_TIMEOUT_S = 30.0
IN_FLIGHT_BYTES_MAX = 32 * MIB
"""All partitions' batches travel in one request, and the broker takes at most 100 MB of it."""
_BATCH_HEADER_BYTES = 61
_RECORD_OVERHEAD_BYTES = 40
_HEADER_OVERHEAD_BYTES = 10


class Record(NamedTuple):
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Appended(NamedTuple):
    offset: int
    """Of the batch's first record."""
    at_ms: int
    """The broker's time of the append; -1 where the topic keeps the producer's."""


def wire_bytes(record: Record) -> int:
    """An upper bound of what a record adds to a batch."""
    size = _RECORD_OVERHEAD_BYTES + len(record.key or b"") + len(record.value or b"")
    for name, value in record.headers:
        size += _HEADER_OVERHEAD_BYTES + 4 * len(name) + len(value)
    return size


def batch_bytes(records: Iterable[Record]) -> int:
    return _BATCH_HEADER_BYTES + sum(map(wire_bytes, records))


def batch_bytes_max(topic: Topic) -> int:
    return min(BATCH_BYTES_MAX, topic.message_bytes_max)


def batches(records: Iterable[Record], bytes_max: int) -> list[list[Record]]:
    """The records in order, in as few batches as fit."""
    found: list[list[Record]] = []
    room = 0
    for record in records:
        room -= wire_bytes(record)
        if not found or room < 0:
            found.append([])
            room = bytes_max - _BATCH_HEADER_BYTES - wire_bytes(record)
        found[-1].append(record)
    return found


class ByteBudget:
    """How many bytes may be under way at once. First come, first served; what is larger than all
    of it goes alone."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._held = 0
        self._entrance = asyncio.Lock()
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        async with self._entrance:
            while self._held and self._held + size > self._bytes_max:
                self._freed.clear()
                await self._freed.wait()
            self._held += size
        try:
            yield
        finally:
            self._held -= size
            self._freed.set()


class Writer:
    """One idempotent producer for all loops of a worker."""

    def __init__(self, bootstrap: str, timeout_s: float = PRODUCE_TIMEOUT_S) -> None:
        self._bootstrap = bootstrap
        self._timeout_s = timeout_s
        self._budget = ByteBudget(IN_FLIGHT_BYTES_MAX)
        self._producer: AIOKafkaProducer | None = None
        self.on_written: list[Callable[[str, int, Bounds], None]] = []

    async def start(self) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=BATCH_BYTES_MAX + 64 * KIB,
            max_request_size=BATCH_BYTES_MAX + 64 * KIB,
            request_timeout_ms=int(self._timeout_s * 1000),
        )
        await self._producer.start()

    async def stop(self) -> None:
        if self._producer is not None:
            await self._producer.stop()

    async def append(self, topic: str, partition: int, records: Sequence[Record]) -> Appended:
        """Appends the records as one batch: all of them or, should the process die, none."""
        async with self._budget.hold(batch_bytes(records)):
            try:
                async with asyncio.timeout(self._timeout_s):
                    done = await self._append(topic, partition, records)
            except TimeoutError:
                raise ProducerStalled(
                    f"{topic}/{partition}: no acknowledgement within {self._timeout_s:g} s"
                ) from None
            except (MessageSizeTooLargeError, RecordListTooLargeError):
                raise TooLarge(
                    f"{topic}/{partition}: the broker refuses {batch_bytes(records)} bytes, which "
                    "the table of topics allows. `mendlog topics check` shows what differs"
                ) from None
        for listener in self.on_written:
            listener(topic, partition, Bounds(done.offset, done.offset + len(records)))
        return done

    async def _append(self, topic: str, partition: int, records: Sequence[Record]) -> Appended:
        assert self._producer is not None, "not started"
        batch = self._producer.create_batch()
        for key, value, headers in records:
            taken = batch.append(key=key, value=value, timestamp=None, headers=list(headers))
            assert taken is not None, "a batch is measured before it is built"
        batch.close()
        done = await (await self._producer.send_batch(batch, topic, partition=partition))
        if done.offset < 0:
            # The broker knew the batch as a repetition, and no longer where it had put it.
            raise ProducerStalled(f"{topic}/{partition}: acknowledged at an unknown offset")
        return Appended(done.offset, done.timestamp)
