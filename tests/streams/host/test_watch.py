"""What is there and never arrives ends the worker; what is not there, or cannot be, does not."""

from dataclasses import dataclass

import pytest
from aiokafka.errors import KafkaConnectionError

from streams.host.exits import CursorOutsideLog
from streams.host.progress import Progress
from streams.host.reading import Bounds
from streams.host.watch import NO_PROGRESS_MAX_S, SEEK_AFTER_S, Watch
from tests.streams.host.fakes import Ends, FakeLog, ScriptStep, make_loop


@dataclass
class Stuck:
    """A partition with records up to `end`, none of which arrives."""

    end: int = 5
    start: int = 0
    found: object | Exception | None = None
    topic = "test.tape"

    def __post_init__(self) -> None:
        self.ends = Ends()
        self.loop = make_loop(FakeLog(), ScriptStep({}), self.ends)
        self.loop.room.set()
        self.seeks = 0
        self.watch = Watch([self], self, self.ends.hooks)

    def __iter__(self):
        return iter([self.loop])

    def progress(self, loop) -> Progress:
        return Progress(0, self.end, 0.0)

    async def seek(self, loop) -> None:
        self.seeks += 1

    async def bounds(self, topic: str, partitions: list[int]) -> dict[int, Bounds]:
        if isinstance(self.found, Exception):
            raise self.found
        return {p: Bounds(self.start, self.end) for p in partitions}

    async def first(self, topic: str, partition: int, part: Bounds) -> object | None:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


async def test_a_partition_that_waits_is_sought_again_and_then_given_up():
    stuck = Stuck(found=object())
    await stuck.watch.look(0.0)
    await stuck.watch.look(SEEK_AFTER_S - 1)
    assert stuck.seeks == 0
    await stuck.watch.look(SEEK_AFTER_S)
    assert (stuck.seeks, stuck.ends.codes) == (1, [])
    await stuck.watch.look(NO_PROGRESS_MAX_S)
    assert stuck.ends.reasons == ["no_progress"]


async def test_progress_starts_the_wait_anew():
    stuck = Stuck(found=object())
    await stuck.watch.look(0.0)
    stuck.loop.wanted = 3
    await stuck.watch.look(NO_PROGRESS_MAX_S)
    assert (stuck.seeks, stuck.ends.codes) == (0, [])


async def test_a_log_that_ends_with_a_hole_is_passed():
    stuck = Stuck()
    await stuck.watch.look(0.0)
    await stuck.watch.look(SEEK_AFTER_S)
    assert stuck.loop.wanted == stuck.end
    await stuck.watch.look(NO_PROGRESS_MAX_S)
    assert (stuck.seeks, stuck.ends.codes) == (0, [])


async def test_what_retention_has_deleted_is_no_hole():
    stuck = Stuck(start=3)
    await stuck.watch.look(0.0)
    with pytest.raises(CursorOutsideLog, match="retention was faster"):
        await stuck.watch.look(SEEK_AFTER_S)
    assert stuck.loop.wanted == 0


async def test_nobody_is_stuck_while_the_broker_is_away():
    stuck = Stuck(found=KafkaConnectionError())
    await stuck.watch.look(0.0)
    await stuck.watch.look(NO_PROGRESS_MAX_S * 10)
    assert stuck.ends.codes == []


async def test_a_partition_paused_for_its_queue_misses_nothing():
    stuck = Stuck(found=object())
    stuck.loop.room.clear()
    await stuck.watch.look(0.0)
    await stuck.watch.look(NO_PROGRESS_MAX_S)
    assert (stuck.seeks, stuck.ends.codes) == (0, [])
