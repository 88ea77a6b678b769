"""Faust's Kafka transport, told what its settings cannot say.

1. How long a fetch waits. A partition whose records were just taken is not part of the fetch under
   way, so Faust's 1.5 s would be the delay of its next record.
2. Where to go on. Faust goes back to its group's commits; we go on from our journals.
3. To deliver what it is asked for. Faust drops records below the highest it has seen, and a seek
   back races with records that are still being delivered.
"""

from collections.abc import Callable
from typing import Any

import aiokafka
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

FETCH_WAIT_MS = 100


class _ForgetfulOffsets(dict[TP, Any]):
    """Faust's memory of what it has read, without the memory. The feed checks each offset."""

    def __getitem__(self, tp: TP) -> None:
        return None


class ConsumerThread(driver.AIOKafkaConsumerThread):
    def _create_worker_consumer(self, transport: driver.Transport) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        return consumer

    async def seek_here(self, tp: TP, offset: int) -> None:
        """aiokafka is not thread-safe: this runs in its thread."""
        try:
            self.seek(tp, offset)
        except IllegalStateError:
            pass  # revoked meanwhile


class Consumer(driver.Consumer):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._read_offset = _ForgetfulOffsets()

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def _seek(self, partition: TP, offset: int) -> None:
        await self._thread.call_thread(self._thread.seek_here, partition, offset)

    async def perform_seek(self) -> None:
        await self.app.seek_to_wanted()


class Transport(driver.Transport):
    Consumer = Consumer


class ConsumerFlow:
    """The consumer as the feed wants it."""

    def __init__(self, consumer: Callable[[], Consumer]) -> None:
        self._consumer = consumer

    async def seek(self, topic: str, partition: int, offset: int) -> None:
        await self._consumer().seek(TP(topic, partition), offset)

    def pause(self, topic: str, partition: int) -> None:
        self._consumer().pause_partitions([TP(topic, partition)])

    def resume(self, topic: str, partition: int) -> None:
        self._consumer().resume_partitions([TP(topic, partition)])

    def end(self, topic: str, partition: int) -> int | None:
        """Where the input ended when it was last fetched."""
        try:
            return self._consumer().highwater(TP(topic, partition))
        except IllegalStateError:
            return None
