"""Ticks come when something is due by the broker's time, and not before, and not late."""

import asyncio
import time
from types import SimpleNamespace

from schemas.codec import decode
from schemas.tape import TapeRecord, Tick
from streams.host.loop import Heard
from streams.host.ticker import Ticker
from tests.hurry import hurried
from tests.streams.host.fakes import Ends, FakeLog, ScriptStep, make_loop, record

EXACT_S = 0.002
"""A tick that is early by less than a millisecond is not worth a busy loop."""
START_MS = 1_000_000


class Tape:
    """A partition whose ticks come back to its loop with the time of a broker of our own."""

    def __init__(self, idle_s: float = 60.0, broker_slower_ms: int = 0) -> None:
        self.step = ScriptStep({})
        self.log = FakeLog()
        self.loop = make_loop(FakeLog(), self.step, Ends())
        self.ticked = asyncio.Queue[float]()
        self.partitions = SimpleNamespace(topic="test.tape", on_open=[], on_close=[])
        self.now_s = asyncio.get_running_loop().time
        self.slower_ms = broker_slower_ms
        self.log.before_append = self._arrives
        Ticker(self.partitions, self.log, Ends().hooks, idle_s, self.now_s)

    def open(self) -> None:
        for listener in self.partitions.on_open:
            listener(self.loop)
        self.loop.start()

    def now_ms(self) -> int:
        return START_MS + int(self.now_s() * 1000) - self.slower_ms

    def record(self) -> None:
        self.loop.offer(record(self.loop.wanted, at_ms=self.now_ms()))
        self.loop.heard = Heard(self.now_ms(), self.now_s())

    def _arrives(self, _: str) -> None:
        self.ticked.put_nowait(self.now_s())
        asyncio.get_running_loop().call_soon(self.record)

    async def next_tick_s(self) -> float:
        return await self.ticked.get()


@hurried
async def test_a_tick_comes_when_it_is_due():
    tape = Tape()
    tape.step.next_due_ms = START_MS + 150
    tape.open()
    assert await tape.next_tick_s() < EXACT_S  # to learn what time it is
    at_s = await tape.next_tick_s()
    assert 0.15 <= at_s + 0.001 < 0.15 + EXACT_S


@hurried
async def test_a_tick_that_was_early_is_followed_by_another():
    """The estimate took no account of a broker whose clock lost 50 ms since."""
    tape = Tape()
    tape.step.next_due_ms = START_MS + 100
    tape.open()
    await tape.next_tick_s()
    await asyncio.sleep(0.01)
    assert tape.loop.cursor == 0
    tape.slower_ms = 50
    early_s = await tape.next_tick_s()
    right_s = await tape.next_tick_s()
    assert early_s < 0.1 + EXACT_S
    assert 0.15 <= right_s + 0.001 < 0.15 + 2 * EXACT_S


@hurried
async def test_an_idle_partition_gets_a_tick_now_and_then():
    tape = Tape(idle_s=0.1)
    tape.open()
    first_s, second_s = await tape.next_tick_s(), await tape.next_tick_s()
    assert 0.1 <= first_s < 0.1 + EXACT_S
    assert 0.2 <= second_s < 0.2 + 2 * EXACT_S


@hurried
async def test_a_busy_partition_gets_none():
    tape = Tape(idle_s=0.2)
    tape.open()
    for _ in range(10):
        await asyncio.sleep(0.03)
        tape.record()
    assert tape.ticked.empty()


@hurried
async def test_no_tick_for_a_partition_that_was_lost():
    tape = Tape(idle_s=0.05)
    tape.open()
    for listener in tape.partitions.on_close:
        listener(tape.loop)
    await asyncio.sleep(0.1)
    assert tape.ticked.empty()


@hurried
async def test_a_tick_says_the_host_s_time_for_comparison():
    tape = Tape(idle_s=0.01)
    tape.open()
    await tape.next_tick_s()
    await asyncio.sleep(0.001)
    topic, partition, (tick,) = tape.log.batches[0]
    fact = decode(tick.value, TapeRecord)
    assert (topic, partition, tick.key) == ("test.tape", 0, b"*")
    assert isinstance(fact, TapeRecord)
    assert isinstance(fact.fact, Tick)
    assert abs(fact.fact.host_at_ms - time.time() * 1000) < 60_000
