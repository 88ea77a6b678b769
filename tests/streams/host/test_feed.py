"""Whatever Faust delivers, in whatever order, a loop sees each record once and in its place."""

import asyncio
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

from streams.host.feed import Feed
from streams.host.inputs import DECIDE
from streams.host.loop import Limits, PartitionLoop
from streams.host.reading import Bounds
from streams.steps.effects import InputRecord
from tests.hurry import hurried
from tests.streams.host import fakes
from tests.streams.host.fakes import Ends, FakeLog, ScriptStep


@dataclass
class FakePartitions:
    """One open partition and what its consumer was told."""

    loop: PartitionLoop
    source = DECIDE
    topic = "test.tape"
    seeks: list[int] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    resumed: asyncio.Event = field(default_factory=asyncio.Event)

    def get(self, partition: int) -> PartitionLoop | None:
        return self.loop if partition == self.loop.partition else None

    async def seek(self, loop: PartitionLoop) -> None:
        self.seeks.append(loop.wanted)

    def pause(self, loop: PartitionLoop) -> None:
        self.told.append("pause")

    async def resume(self, loop: PartitionLoop) -> None:
        self.told.append(f"resume at {loop.wanted}")
        self.resumed.set()


@dataclass
class FakeReader:
    found: object | None = None
    asked: list[Bounds] = field(default_factory=list)

    async def bounds(self, topic: str, partitions: list[int]) -> dict[int, Bounds]:
        return dict.fromkeys(partitions, Bounds(0, 100))

    async def first(self, topic: str, partition: int, part: Bounds) -> object | None:
        self.asked.append(part)
        return self.found


def message(offset: int, partition: int = 0) -> SimpleNamespace:
    return SimpleNamespace(
        partition=partition, offset=offset, timestamp=1.234, key=b"k", value=b"v", headers=()
    )


class Bench:
    def __init__(self, limits: Limits | None = None) -> None:
        self.ends = Ends()
        self.step = ScriptStep({})
        self.loop = fakes.make_loop(FakeLog(), self.step, self.ends, limits=limits)
        self.loop.room.set()
        self.partitions = FakePartitions(self.loop)
        self.reader = FakeReader()
        self.feed = Feed(self.partitions, self.reader, self.ends.hooks)

    async def take(self, *offsets: int) -> None:
        for offset in offsets:
            await self.feed.take(message(offset))


async def test_records_in_order_are_queued():
    bench = Bench()
    await bench.take(0, 1, 2)
    assert bench.loop.wanted == 3
    assert bench.partitions.seeks == []


async def test_what_was_read_before_is_skipped():
    bench = Bench()
    await bench.take(0, 1, 0, 1, 2)
    assert bench.loop.wanted == 3


@hurried
async def test_a_gap_is_sought_back_to_but_not_for_every_record():
    bench = Bench()
    await bench.take(0, 5, 6, 7)
    assert bench.partitions.seeks == [1]
    await asyncio.sleep(0.2)
    await bench.take(8, 9)
    assert bench.partitions.seeks == [1, 1]
    await bench.take(1, 2)
    assert bench.loop.wanted == 3


async def test_the_same_record_again_may_be_what_comes_next():
    """A transaction's marker takes an offset and is never delivered."""
    bench = Bench()
    await bench.take(3)
    assert (bench.loop.wanted, bench.reader.asked) == (0, [])
    await bench.take(3, 4)
    assert bench.reader.asked == [Bounds(0, 3)]
    assert bench.loop.wanted == 5


@hurried
async def test_a_gap_with_records_in_it_is_never_passed():
    bench = Bench()
    bench.reader.found = object()
    for _ in range(10):
        await bench.take(3)
        await asyncio.sleep(0.25)
    assert bench.loop.wanted == 0
    assert len(bench.partitions.seeks) == 10


async def test_other_partitions_than_ours_are_ignored():
    bench = Bench()
    await bench.feed.take(message(0, partition=7))
    assert bench.loop.wanted == 0


async def test_a_full_queue_pauses_the_partition_and_half_a_queue_resumes_it():
    bench = Bench(Limits(4, group_records_max=1, queue_records_max=4))
    await bench.take(0, 1, 2, 3, 4, 5)
    assert bench.partitions.told == ["pause"]
    assert bench.loop.wanted == 4
    bench.loop.start()
    async with asyncio.timeout(30):
        await bench.partitions.resumed.wait()
    assert bench.partitions.told == ["pause", "resume at 4"]
    await bench.loop.stop(30)


async def test_a_record_may_get_a_header_on_its_way():
    bench = Bench()
    seen: list[InputRecord] = []

    def enrich(record: InputRecord) -> InputRecord:
        seen.append(record)
        return replace(record, headers=(("windows", b"{}"),))

    feed = Feed(bench.partitions, bench.reader, bench.ends.hooks, enrich)
    queued: list[InputRecord] = []
    bench.loop.offer = queued.append
    await feed.take(message(0))
    assert seen[0].at_ms == 1_234
    assert queued[0].header("windows") == "{}"


async def test_an_exception_in_the_agent_ends_the_worker():
    """Faust would acknowledge the record and go on."""
    bench = Bench()

    class Stream:
        async def events(self):
            yield SimpleNamespace(message=None)

    await bench.feed.run(Stream())
    assert bench.ends.codes == [70]
