"""Faust's parts, told what its settings cannot say.

1. How long a fetch waits. A partition whose records were just taken is not part of the fetch under
   way, so Faust's 1.5 s would be the delay of its next record.
2. Where to go on. Faust goes back to its group's commits; we go on from our journals.
3. To deliver what it is asked for. Faust drops records below the highest it has seen, and a seek
   back races with records that are still being delivered.
4. To serve partitions evenly. A poll is filled from one partition as long as that has records, so
   a storm of alerts would hold up the tape.
5. To start at once. Faust sleeps a second for tables that somebody might still declare.
6. To outlive a rebalance that moves a partition while it is asked for.
7. Not to measure each record several times over for a monitor that nobody reads.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import aiokafka
import uvloop
from aiokafka.errors import IllegalStateError
from faust import tables
from faust.sensors import Monitor
from faust.transport.consumer import RecordMap
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT, EventT, Message, StreamT
from faust.types.transports import SchedulingStrategyT

FETCH_WAIT_MS = 100
TURN_RECORDS_MAX = 64
TURNS_PER_POLL = 8


class _ForgetfulOffsets(dict[TP, Any]):
    """Faust's memory of what it has read, without the memory. The feed checks each offset."""

    def __getitem__(self, tp: TP) -> None:
        return None


class InTurn(SchedulingStrategyT):
    """Delivers what a poll has brought partition by partition, so that groups form."""

    def iterate(self, records: Mapping[TP, list[Any]]) -> Iterator[tuple[TP, Any]]:
        return ((tp, record) for tp, found in records.items() for record in found)


class ConsumerThread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer

    async def _fetch_records(
        self,
        consumer: aiokafka.AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,
        max_records: int | None = None,
    ) -> RecordMap:
        """Partitions take turns, each with a group's worth of records at a time: a turn each keeps
        a storm on one input from holding up the others, a group's worth keeps batches large."""
        records: dict[TP, list[Any]] = {}
        fetched = consumer._fetcher._records
        for tp in [tp for tp in fetched if tp in active_partitions][:TURNS_PER_POLL]:
            records |= await super()._fetch_records(consumer, {tp}, 0, TURN_RECORDS_MAX)
            if tp in fetched:
                fetched.move_to_end(tp)
        return records or await super()._fetch_records(
            consumer, active_partitions, timeout, TURN_RECORDS_MAX
        )

    async def seek_here(self, tp: TP, offset: int) -> None:
        """aiokafka is not thread-safe: this runs in its thread."""
        try:
            self.seek(tp, offset)
        except IllegalStateError:
            pass  # revoked meanwhile


class SeekingApp(Protocol):
    """An app that knows where its consumer is to go on."""

    async def seek_to_wanted(self) -> None: ...


class Consumer(driver.Consumer):
    _thread: ConsumerThread
    app: SeekingApp

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _ForgetfulOffsets()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(
            self, loop=self.loop, beacon=self.beacon, thread_loop=uvloop.new_event_loop()
        )

    async def _seek(self, partition: TP, offset: int) -> None:
        await self._thread.call_thread(self._thread.seek_here, partition, offset)

    async def perform_seek(self) -> None:
        await self.app.seek_to_wanted()

    def highwater(self, tp: TP) -> int | None:
        """None where the partition is not ours any more; aiokafka asserts that it is, and Faust
        asks for records that it still holds."""
        try:
            return super().highwater(tp)
        except (AssertionError, AttributeError, IllegalStateError):
            return None


class TableManager(tables.TableManager):
    async def on_start(self) -> None:
        await self._update_channels()
        await self.recovery.start()


class Unmeasured(Monitor):
    def on_message_in(self, tp: TP, offset: int, message: Message) -> None:
        pass

    def on_stream_event_in(
        self, tp: TP, offset: int, stream: StreamT[Any], event: EventT[Any]
    ) -> None:
        pass

    def on_stream_event_out(
        self,
        tp: TP,
        offset: int,
        stream: StreamT[Any],
        event: EventT[Any],
        state: dict[str, Any] | None = None,
    ) -> None:
        pass


class Transport(driver.Transport):
    Consumer = Consumer


def member_id(app: AppT) -> str:
    """By which the broker knows this consumer in its group. Only aiokafka's coordinator has it."""
    consumer: Any = app.consumer
    return str(consumer._thread._ensure_consumer()._coordinator.member_id)


class ConsumerFlow:
    """An app's consumer, as an input's partitions want it."""

    def __init__(self, app: AppT) -> None:
        self._app = app

    async def seek(self, topic: str, partition: int, offset: int) -> None:
        await self._app.consumer.seek(TP(topic, partition), offset)

    def pause(self, topic: str, partition: int) -> None:
        self._app.consumer.pause_partitions([TP(topic, partition)])

    def resume(self, topic: str, partition: int) -> None:
        self._app.consumer.resume_partitions([TP(topic, partition)])

    def end(self, topic: str, partition: int) -> int | None:
        return self._app.consumer.highwater(TP(topic, partition))
