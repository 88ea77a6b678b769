"""The notifier as a whole on fakes: from the first notice to the last commit, and how it ends."""

import asyncio
from collections.abc import Callable

import pytest

from remediators.notifier_ports import Arrival, HttpReply, HttpRequest
from remediators.notify.backoff import Backoff
from remediators.notify.metrics import Metrics
from remediators.notify.notifier import Limits, Notifier, Unclaimed, World
from remediators.notify.opening import open_channels
from remediators.ports import BrokerLost
from schemas.notices import Notice
from tests.hurry import hurried
from tests.remediators.notify.builders import environment, file, fresh
from tests.remediators.notify.fakes import FakeClock, FakeDeliveries, FakeNotices

WITHIN_S = 30.0


class Post:
    """Accepts everything, once its gate is open."""

    def __init__(self) -> None:
        self.sent: list[HttpRequest] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, request: HttpRequest) -> HttpReply:
        self.sent.append(request)
        await self.gate.wait()
        return HttpReply(202 if b"routing_key" in request.body else 200, b"ok")


class Here:
    def __init__(self, in_flight_max: int = 100) -> None:
        self.inbox, self.post = FakeNotices(), Post()
        self.deliveries = FakeDeliveries(FakeClock(fresh().at_ms))
        self.metrics = Metrics()
        channels = open_channels(file(), environment({}))
        world = World(self.inbox, self.deliveries, self.post, lambda _: None)
        limits = Limits(Backoff(1, 10), in_flight_max, grace_s=0.2)
        self.notifier = Notifier("me", file(), channels, world, limits, self.metrics)
        self._offset = 0

    def deliver(self, notice: Notice | None, partition: int = 0) -> None:
        fault = "" if notice else "unknown_framing"
        at_ms = fresh().at_ms
        self.inbox.waiting.append(
            Arrival(partition, self._offset, at_ms, b"k", b"?", notice, fault)
        )
        self._offset += 1

    async def run_until(self, reached: Callable[[], bool]) -> None:
        running = asyncio.create_task(self.notifier.run())
        try:
            async with asyncio.timeout(WITHIN_S):
                while not (reached() or running.done()):  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
                self.notifier.stop()
                await running
        finally:
            running.cancel()


async def test_notices_are_told_and_committed_and_it_ends_in_good_order():
    here = Here()
    assert here.notifier.not_ready() == "not in the group yet"
    for number in range(5):
        here.deliver(fresh(number, incident=f"i{number}"))
    here.deliver(None)
    await here.run_until(lambda: here.inbox.committed.get(0) == 6)
    assert len(here.post.sent) == 5
    assert [arrival.offset for arrival in here.inbox.rejected] == [5]
    assert here.notifier.not_ready() == ""


@hurried
async def test_a_message_under_way_is_recorded_before_the_end():
    here = Here()
    here.post.gate.clear()
    here.deliver(fresh())
    asyncio.get_running_loop().call_later(0.1, here.post.gate.set)
    await here.run_until(lambda: bool(here.post.sent))
    assert here.deliveries.statuses == ["attempted", "sent"]


@hurried
async def test_a_message_that_takes_too_long_is_left_to_the_successor():
    here = Here()
    here.post.gate.clear()
    here.deliver(fresh())
    await here.run_until(lambda: bool(here.post.sent))
    assert here.deliveries.statuses == ["attempted"]
    assert 0 not in here.inbox.committed


async def test_no_more_is_begun_than_there_is_room_for():
    here = Here(in_flight_max=2)
    here.post.gate.clear()
    for number in range(6):
        here.deliver(fresh(number, incident=f"i{number}"))
    running = asyncio.create_task(here.notifier.run())
    async with asyncio.timeout(WITHIN_S):
        while len(here.post.sent) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    assert len(here.inbox.waiting) == 4
    here.post.gate.set()
    async with asyncio.timeout(WITHIN_S):
        while here.inbox.committed.get(0) != 6:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    here.notifier.stop()
    await running


async def test_what_was_told_is_committed_in_order_only():
    here = Here()
    here.post.gate.clear()
    here.deliver(fresh(1, incident="slow"))
    here.deliver(fresh(2, receivers=("nobody",)))
    await here.run_until(lambda: "unwanted" in here.deliveries.statuses)
    assert 0 not in here.inbox.committed


async def test_a_broker_that_is_lost_ends_it():
    here = Here()

    async def lost(partition, key, delivery):
        raise BrokerLost("away")

    here.deliveries.append = lost  # type: ignore[method-assign]
    here.deliver(fresh())
    with pytest.raises(ExceptionGroup) as caught:
        await here.run_until(lambda: False)
    assert caught.group_contains(BrokerLost)
    assert here.post.sent == [], "nothing is sent that is not announced"


async def test_a_notice_of_a_partition_that_is_not_ours_ends_it():
    here = Here()
    here.deliver(fresh(), partition=7)
    with pytest.raises(ExceptionGroup) as caught:
        await here.run_until(lambda: False)
    assert caught.group_contains(Unclaimed)
