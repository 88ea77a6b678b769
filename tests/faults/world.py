"""A broker's worth of chains: load on the inputs, workers to hurt, and the check of what they did.

Whatever a test does to the workers, at the end every input record must have been applied exactly
once to the right state: the journals, as somebody reads them who knows nothing, and all outputs are
compared with chains recomputed from the input.
"""

import asyncio
import os
import random
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from deploy.sandbox.processes import Child
from schemas.topics import TOPICS, Topic
from streams.host.cursors import Board
from streams.host.inputs import DECIDE, AgentInput
from streams.host.journal import Journal, open_journals
from streams.host.offsets import GroupOffsets
from streams.host.reading import LogReader
from streams.host.writer import Writer
from tests.faults.chain import ENDS, OUTPUTS, Fact, SwarmStep, recomputed
from tests.faults.prepared import prepared
from tests.faults.waits import WITHIN_S

WORKER = ("tests.faults.chain_worker",)
IMPORTED = ("streams.host.processor", "tests.faults.chain", "tests.faults.late_seeks")
SESSION_TIMEOUT_S = 2.0
LONG_SESSION_S = 60.0
"""For what is true only while nobody's session runs out, on a slow machine too."""
BATCH = 20
TICK = b"*"
"""A tick's key. The last may come when whoever would apply it stops already."""
AHEAD_MAX = 10_000
"""A steady load is that of its workers: how fast we write must not decide how long they need."""


class World:
    """Made by `world`, which also clears up after it."""

    def __init__(
        self,
        bootstrap: str,
        tmp: Path,
        seed: int,
        *,
        partitions: int,
        keys: int,
        inputs: Sequence[AgentInput],
    ) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"faults-{uuid.uuid4().hex[:8]}"
        self.random = random.Random(seed)
        self.partitions = range(partitions)
        self.inputs = inputs
        self.workers: list[Child] = []
        self.outputs = Outputs(
            bootstrap, self._places(OUTPUTS[i].name(self.prefix) for i in inputs)
        )
        self.producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, enable_idempotence=True, max_batch_size=1 << 20
        )
        self.appended = 0
        self._keys = keys
        self._tmp = tmp

    def start_worker(
        self,
        agents: str = "decide",
        *,
        fault: str = "",
        session_s: float = SESSION_TIMEOUT_S,
        settings: Mapping[str, str] | None = None,
    ) -> Child:
        number = len(self.workers)
        env = os.environ | {
            "MENDLOG_BOOTSTRAP": self.bootstrap,
            "MENDLOG_TOPIC_PREFIX": self.prefix,
            "MENDLOG_APP_ID": self.prefix,
            "MENDLOG_TAPE_PARTITIONS": str(len(self.partitions)),
            "MENDLOG_DATA_DIR": str(self._tmp / f"worker-{number}"),
            "MENDLOG_SESSION_TIMEOUT_S": str(session_s),
            "MENDLOG_AGENTS": agents,
            "CHAIN_FAULT": fault,
            **(settings or {}),
        }
        log_file = self._tmp / f"worker-{number}.log"
        child = prepared(f"worker {number}", WORKER, IMPORTED, log_file=log_file, env=env)
        child.start()
        self.workers.append(child)
        return child

    @asynccontextmanager
    async def kept_running(self, session_s: float = SESSION_TIMEOUT_S) -> AsyncIterator[None]:
        """As whatever runs workers does: for one that ends by itself another is started."""

        async def run() -> None:
            replaced: set[Child] = set()
            while True:
                for worker in [w for w in self.workers if not w.alive and w not in replaced]:
                    replaced.add(worker)
                    if (worker.exit_code or 0) > 0:
                        self.start_worker(session_s=session_s)
                await asyncio.sleep(0.1)

        async with _beside(run()):
            yield

    async def load(self, records: int) -> None:
        """Appends that many records to each partition of each input."""
        for _ in range(0, records, BATCH):
            places = self._places(i.source.name(self.prefix) for i in self.inputs)
            await asyncio.gather(
                *(self.append(place, [self._drawn() for _ in range(BATCH)]) for place in places)
            )

    @asynccontextmanager
    async def steady_load(self, pause_s: float = 0.02) -> AsyncIterator[None]:
        """Load for as long as the block lasts, while the broker is away too."""

        async def run() -> None:
            while True:
                if self.appended - self.outputs.distinct < AHEAD_MAX:
                    await self.load(BATCH)
                await asyncio.sleep(pause_s)

        async with _beside(run()):
            yield

    async def caught_up(self) -> None:
        """Returns when every input record, as of now, has had its output."""
        await self.producer.flush()
        wanted = {}
        for source in self.inputs:
            for p, end in (await self._ends(source.source)).items():
                wanted[TopicPartition(OUTPUTS[source].name(self.prefix), p)] = end
        await self.outputs.until(lambda: self.outputs.complete(wanted), "all outputs")

    async def cursors_published(self) -> None:
        """Returns when the cursors that anyone can read are at the ends of the inputs."""
        offsets = GroupOffsets(self.bootstrap)
        await offsets.start()
        try:
            board = Board(offsets, self.prefix)
            async with asyncio.timeout(WITHIN_S):
                for source in self.inputs:
                    ends = await self._ends(source.source)
                    while await _published(board, source, ends) != ends:  # noqa: ASYNC110
                        await asyncio.sleep(0.1)
        finally:
            await offsets.stop()

    async def check(self) -> None:
        """Everything that the chains say, against everything that is stored."""
        for worker in self.workers:
            await asyncio.to_thread(worker.stop)
        assert not self.outputs.skipped
        for source in self.inputs:
            facts = await self.facts(source)
            journals = await self.journals(source)
            made = {self.place(OUTPUTS[source], p): j.cursor + 1 for p, j in journals.items()}
            await self.outputs.until(partial(self.outputs.complete, made), "the last outputs")
            for p in self.partitions:
                self._check_partition(source, p, facts[p], journals[p])

    def all_alive(self) -> bool:
        for worker in self.workers:
            assert worker.alive, f"{worker.name} ended:\n{worker.log_tail()}"
        return True

    def said(self, text: str) -> int:
        """How often the workers have said this in their logs."""
        return sum(worker.log_file.read_text().count(text) for worker in self.workers)

    async def check_state(self) -> None:
        """What is stored, as far as it goes, against the chains: for between two workers."""
        for source in self.inputs:
            facts = await self.facts(source)
            for p, journal in (await self.journals(source)).items():
                entries, _ = recomputed(facts[p][: journal.cursor + 1], SwarmStep)
                assert not _differences(journal.live, entries), f"{source.name}/{p}"

    def _check_partition(
        self, source: AgentInput, p: int, facts: Sequence[Fact], journal: Journal
    ) -> None:
        where = f"{source.name}/{p}"
        applied, left = facts[: journal.cursor + 1], facts[journal.cursor + 1 :]
        assert all(fact.key == TICK for fact in left), f"{where}: {len(left)} were not applied"
        entries, outputs = recomputed(applied, SwarmStep)
        place = TopicPartition(OUTPUTS[source].name(self.prefix), p)
        assert journal.cursor < len(facts), where
        assert not _differences(journal.live, entries), where
        assert not _differences(self.outputs.of(place), {k: {v} for k, v in outputs.items()}), where

    async def append(self, place: TopicPartition, records: Sequence[tuple[bytes, bytes]]) -> None:
        """Appends these as one batch."""
        batch = self.producer.create_batch()
        for key, value in records:
            batch.append(key=key, value=value, timestamp=None)
        batch.close()
        await (await self.producer.send_batch(batch, place.topic, partition=place.partition))
        self.appended += len(records)

    def _drawn(self) -> tuple[bytes, bytes]:
        key = b"key-%d" % self.random.randrange(self._keys)
        return key, ENDS if self.random.random() < 0.1 else self.random.randbytes(20)

    async def _ends(self, topic: Topic) -> dict[int, int]:
        reader = LogReader(self.bootstrap)
        bounds = await reader.bounds(topic.name(self.prefix), self.partitions)
        return {p: b.end for p, b in bounds.items()}

    async def facts(self, source: AgentInput) -> Mapping[int, Sequence[Fact]]:
        facts: dict[int, list[Fact]] = {p: [] for p in self.partitions}
        topic = source.source.name(self.prefix)
        async for p, records in LogReader(self.bootstrap).read_all(topic, self.partitions, {}):
            facts[p] += [Fact(r.offset, r.key, r.value) for r in records]
        return facts

    async def journals(self, source: AgentInput) -> dict[int, Journal]:
        """As the next worker will find them, having put right what is wrong."""
        writer = Writer(self.bootstrap)
        await writer.start()
        try:
            topic = source.journal.name(self.prefix)
            return await open_journals(topic, self.partitions, writer, LogReader(self.bootstrap))
        finally:
            await writer.stop()

    async def written(self) -> dict[str, dict[int, int]]:
        """Where all that workers write ends now."""
        topics = [t for i in self.inputs for t in (i.journal, OUTPUTS[i])]
        return {topic.noun: await self._ends(topic) for topic in topics}

    def place(self, topic: Topic, partition: int) -> TopicPartition:
        return TopicPartition(topic.name(self.prefix), partition)

    def _places(self, topics: Iterable[str]) -> list[TopicPartition]:
        return [TopicPartition(topic, p) for topic in topics for p in self.partitions]


class Outputs:
    """All outputs ever seen: by place and id, their contents. Two contents are a violation.

    So is a place that skips an id: whoever dies may repeat what it has written, and never leaves
    something out.
    """

    def __init__(self, bootstrap: str, places: Sequence[TopicPartition]) -> None:
        self.count = 0
        self.distinct = 0
        self.skipped: list[str] = []
        self._bootstrap = bootstrap
        self._places = places
        self._seen: dict[TopicPartition, dict[bytes, set[bytes]]] = {
            place: defaultdict(set) for place in places
        }
        self._changed = asyncio.Event()

    async def follow(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=50,
        )
        await consumer.start()
        try:
            consumer.assign(self._places)
            while True:
                for place, records in (await consumer.getmany(timeout_ms=200)).items():
                    for record in records:
                        self._see(place, record.key, record.value)
                    self.count += len(records)
                    self._changed.set()
        finally:
            await consumer.stop()

    def _see(self, place: TopicPartition, key: bytes, value: bytes) -> None:
        seen = self._seen[place]
        if int(key) > len(seen):
            self.skipped.append(f"{place.topic}/{place.partition}: {int(key)} after {len(seen)}")
        self.distinct += key not in seen
        seen[key].add(value)

    async def until(self, reached: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                while not reached():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"waited {WITHIN_S:g} s for {what}; {self.count=}") from None

    async def more(self, count: int) -> None:
        """Returns when that many more outputs have been seen."""
        wanted = self.count + count
        await self.until(lambda: self.count >= wanted, f"{count} more outputs")

    def complete(self, wanted: Mapping[TopicPartition, int]) -> bool:
        return all(len(self._seen[place]) >= ids for place, ids in wanted.items())

    def of(self, place: TopicPartition) -> Mapping[bytes, set[bytes]]:
        return self._seen[place]


@asynccontextmanager
async def world(
    bootstrap: str,
    tmp: Path,
    seed: int,
    *,
    partitions: int = 2,
    keys: int = 20_000,
    inputs: Sequence[AgentInput] = (DECIDE,),
) -> AsyncIterator[World]:
    """A world on topics of its own, whose workers are gone afterwards whatever happens."""
    made = World(bootstrap, tmp, seed, partitions=partitions, keys=keys, inputs=inputs)
    await make_topics(bootstrap, made.prefix, partitions)
    await made.producer.start()
    following = asyncio.create_task(made.outputs.follow())
    try:
        yield made
    except Exception as failure:
        for worker in made.workers:
            state = "runs" if worker.alive else f"ended with {worker.exit_code}"
            failure.add_note(f"{worker.name} {state}:\n{worker.log_tail()}")
        raise
    finally:
        for worker in made.workers:
            worker.kill()
        following.cancel()
        with suppress(asyncio.CancelledError, KafkaError):
            await following
        await made.producer.stop()


@asynccontextmanager
async def _beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Goes on for as long as the block lasts."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def make_topics(bootstrap: str, prefix: str, partitions: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics(
            [
                NewTopic(t.name(prefix), t.partitions(partitions), 1, topic_configs=t.config())
                for t in TOPICS
            ]
        )
    finally:
        await admin.close()


async def _published(board: Board, source: AgentInput, partitions: Iterable[int]) -> dict[int, int]:
    return {p: progress.next for p, progress in (await board.read(source, partitions)).items()}


def _differences(found: Mapping[bytes, object], expected: Mapping[bytes, object]) -> str:
    wrong = [k for k in found.keys() | expected.keys() if found.get(k) != expected.get(k)]
    return f"{len(wrong)} of {len(expected)} differ, such as {sorted(wrong)[:3]}" if wrong else ""
