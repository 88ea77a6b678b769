"""Follows the journal of `decide` from the first question on, to answer which alerts fire.

Nothing is read, and no memory taken, before somebody asks; where nobody has asked for a while, all
of it is given up again. An answer holds what the journal held when it was asked for, or there is
none.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager

import msgspec
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaConnectionError, KafkaError

from schemas.topics import journal
from streams.host.exits import JournalDamaged
from streams.ingest.alertmanager.held import HeldAlert, NotCaughtUp
from streams.people.standing_alerts import HELD_BYTES_MAX, StandingAlerts, TooMuch
from streams.read import TopicMissing, places_of, plain_consumer

WAIT_S = 5.0
"""How long a question waits for what is still to be read."""
IDLE_S = 900.0
TOO_MUCH_S = 300
"""How long it is not tried again where more fires than is held."""
RETRY_S = 5
_POLL_MS = 200
_RECORDS_MAX = 2_000
# The last for an address that is none, as Kafka's client finds only when it starts.
FAILED = (KafkaError, TopicMissing, JournalDamaged, msgspec.MsgspecError, OSError, ValueError)

log = structlog.get_logger()


class HeldAlerts:
    """Of one platform; `close` it."""

    def __init__(
        self,
        bootstrap: str,
        prefix: str,
        *,
        bytes_max: int = HELD_BYTES_MAX,
        wait_s: float = WAIT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bootstrap = bootstrap
        self._topic = journal("decide", "tape").name(prefix)
        self._bytes_max, self._wait_s, self._clock = bytes_max, wait_s, clock
        self._following: _Following | None = None
        self._task: asyncio.Task[None] | None = None
        self._not_before = (float("-inf"), "")
        self._one_at_a_time = asyncio.Lock()

    async def __call__(self, now_ms: int) -> Iterator[HeldAlert]:
        """Raises NotCaughtUp."""
        says = "others who ask are still waiting"
        try:
            async with asyncio.timeout(self._wait_s), self._one_at_a_time:
                self._check_not_too_much()
                following = self._begun()
                says = following.says
                if await following.reach_the_end():
                    return following.standing.at(now_ms)
                says = following.says
        except TimeoutError:
            pass
        self._check_not_too_much()
        raise NotCaughtUp(says, RETRY_S)

    @property
    def bytes(self) -> int:
        return self._following.standing.bytes if self._following else 0

    @property
    def sources(self) -> frozenset[str]:
        """By which names alerts have come, of all that the journal still remembers."""
        return self._following.standing.sources if self._following else frozenset()

    @property
    def is_caught_up(self) -> bool:
        return self._following is not None and self._following.is_caught_up

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _check_not_too_much(self) -> None:
        until, why = self._not_before
        if self._clock() < until:
            raise NotCaughtUp(why, TOO_MUCH_S)

    def _begun(self) -> "_Following":
        if self._following is None:
            self._following = _Following(self._bootstrap, self._topic, self._bytes_max)
            self._task = asyncio.create_task(self._follow(self._following))
        self._following.asked_at = self._clock()
        return self._following

    async def _follow(self, following: "_Following") -> None:
        try:
            await following.follow(lambda: self._clock() - following.asked_at < IDLE_S)
        except TooMuch as error:
            self._not_before = (self._clock() + TOO_MUCH_S, str(error))
            log.warning("the alerts that fire are not listed", why=str(error))
        except FAILED as error:
            following.failed(error)
            log.warning("the alerts that fire cannot be read", error=repr(error))
        finally:
            self._following = None
            following.ended.set()


class _Following:
    """From the journal's start to its end, and on."""

    def __init__(self, bootstrap: str, topic: str, bytes_max: int) -> None:
        self._bootstrap, self._topic = bootstrap, topic
        self._consumer: AIOKafkaConsumer | None = None
        self._places: list[TopicPartition] = []
        self._read: dict[TopicPartition, int] = {}
        self._latest_ms: dict[TopicPartition, int] = {}
        """The highest time of a record that was read; the broker's clock may step back."""
        self._progress = asyncio.Condition()
        self.standing = StandingAlerts(bytes_max)
        self.ended = asyncio.Event()
        self.asked_at = 0.0
        self.is_caught_up = False
        self.is_of_the_past = False
        """The topic was made anew, or has more partitions: what was read is not what it holds."""
        self.says = "the journal of decide has not been read to its end"

    async def follow(self, wanted: Callable[[], bool]) -> None:
        """Until nobody has asked for long. Raises TooMuch or one of FAILED."""
        async with _started(self._bootstrap) as consumer:
            places = await places_of(consumer, self._topic)
            consumer.assign(places)
            starts = await consumer.beginning_offsets(places)
            for place, start in starts.items():
                consumer.seek(place, start)
            self._read = dict(starts)
            self._consumer, self._places = consumer, places
            try:
                while wanted() and not self.is_of_the_past:
                    await self._read_on(consumer)
            finally:
                self._consumer = None

    async def reach_the_end(self) -> bool:
        """Whether all is read that the journal holds now; waits for it."""
        self.is_caught_up = False
        ended = asyncio.create_task(self.ended.wait())
        reading = asyncio.create_task(self._reach())
        try:
            await asyncio.wait([ended, reading], return_when=asyncio.FIRST_COMPLETED)
            self.is_caught_up = not ended.done() and reading.result()
        finally:
            ended.cancel()
            reading.cancel()
        return self.is_caught_up

    def failed(self, error: Exception) -> None:
        why = f"the journal of decide cannot be read: {error}"
        is_gone = isinstance(error, KafkaConnectionError)
        self.says = f"no Kafka broker answers at {self._bootstrap}" if is_gone else why

    async def _reach(self) -> bool:
        async with self._progress:
            await self._progress.wait_for(lambda: self._consumer is not None)
            consumer = self._consumer
            assert consumer
        read = dict(self._read)
        try:
            ends = await consumer.end_offsets(self._places)
            is_same = await self._has_what_was_read(consumer)
        # The second where it has just been given up.
        except (KafkaError, ConsumerStoppedError) as error:
            self.failed(error)
            return False
        is_shorter = any(ends[place] < read[place] for place in self._places)
        has_others = consumer.partitions_for_topic(self._topic) != self._partitions
        if is_shorter or has_others or not is_same:
            self._is_another()
        async with self._progress:
            await self._progress.wait_for(lambda: self.is_of_the_past or self._has_read(ends))
        return not self.is_of_the_past

    async def _has_what_was_read(self, consumer: AIOKafkaConsumer) -> bool:
        """A topic that was made anew has its offsets again, and no record of that moment."""
        latest_ms = dict(self._latest_ms)
        found = await consumer.offsets_for_times(latest_ms) if latest_ms else {}
        return all(at and at.timestamp == latest_ms[place] for place, at in found.items())

    @property
    def _partitions(self) -> set[int]:
        return {place.partition for place in self._places}

    def _is_another(self) -> None:
        self.is_of_the_past = True
        self.says = "the journal of decide is another one now, and is read anew"

    def _has_read(self, ends: Mapping[TopicPartition, int]) -> bool:
        return all(self._read[place] >= end for place, end in ends.items())

    async def _read_on(self, consumer: AIOKafkaConsumer) -> None:
        batches = await consumer.getmany(timeout_ms=_POLL_MS, max_records=_RECORDS_MAX)
        # Before any of them counts as read: else the check would find these, and be content.
        if batches and not await self._has_what_was_read(consumer):
            self._is_another()
            return
        for place, records in batches.items():
            for record in records:
                self.standing.add(record.key, record.value, record.headers)
            latest_ms = max(record.timestamp for record in records)
            self._latest_ms[place] = max(latest_ms, self._latest_ms.get(place, 0))
        # Compaction leaves places empty: the position is behind them, no record is.
        for place in self._places:
            position = await consumer.position(place)
            if position < self._read[place]:
                self._is_another()
            self._read[place] = position
        async with self._progress:
            self._progress.notify_all()


@asynccontextmanager
async def _started(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = plain_consumer(bootstrap)
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()
