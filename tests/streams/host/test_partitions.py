"""A partition that was revoked while its journal was read is not open, whoever held up the news."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from streams.host.inputs import DECIDE
from streams.host.loop import Limits
from streams.host.partitions import Means, Partitions
from streams.host.reading import Bounds
from tests.streams.host.fakes import Ends, FakeLog, ScriptStep


class SwallowingReader:
    """Reads as aiokafka does when it is cancelled as a consumer stops: to the end, all the same."""

    def __init__(self) -> None:
        self.reads = 0
        self.read = asyncio.Event()

    async def bounds(self, topic: str, partitions: Iterable[int]) -> dict[int, Bounds]:
        return dict.fromkeys(partitions, Bounds(0, 0))

    async def read_all(
        self, topic: str, partitions: Iterable[int], ends: dict[int, int]
    ) -> AsyncIterator[tuple[int, Sequence[object]]]:
        self.reads += 1
        try:
            await self.read.wait()
        except asyncio.CancelledError:
            pass
        ends.update(dict.fromkeys(partitions, 0))
        for p in ends:
            yield p, ()


class Flow:
    async def seek(self, topic: str, partition: int, offset: int) -> None:
        pass


async def test_a_revocation_that_the_reader_swallows_leaves_nothing_open():
    reader = SwallowingReader()
    limits = Limits(tape_partitions=1)
    means = Means("test", limits, FakeLog(), reader, Ends().hooks)  # type: ignore[arg-type]
    partitions = Partitions(DECIDE, lambda *_: ScriptStep({}), means)
    partitions.flow = Flow()  # type: ignore[assignment]
    opened = asyncio.Event()
    partitions.on_open.append(lambda _: opened.set())

    partitions.assign([0])
    (opening,) = partitions._opening.values()
    await asyncio.sleep(0)  # it reads
    await partitions.revoke([0])
    await opening
    assert not opened.is_set()
    assert list(partitions) == []

    reader.read.set()
    partitions.assign([0])
    await opened.wait()
    assert reader.reads == 2, "the journal is read again: somebody else may have written it"
    await partitions.close()
