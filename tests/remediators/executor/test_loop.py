"""The executor as a whole on fakes: from the first heartbeat to the last commit."""

import asyncio
from collections.abc import Callable

import pytest

from remediators.core.scope import Scope
from remediators.executor.job import Means
from remediators.executor.loop import Executor, Limits, Unclaimed
from remediators.executor.metrics import Metrics
from remediators.executor.pulse import Pulse
from remediators.ports import BrokerLost, Delivery, Outlook
from schemas.codec import encode
from schemas.remediation import Command, CommandKind, Outcome, OutcomeStatus, Target
from tests.fakes import FakeBoard, FakeClock, FakeCluster, FakeInbox, FakeLedger, FakePages
from tests.remediators.builders import NOW_MS, TARGET, command, withdrawal

WITHIN_S = 30.0


class SilentCluster(FakeCluster):
    """Takes every question, and answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.gate = asyncio.Event()

    async def survey(self, target: Target):
        self.asked += 1
        await self.gate.wait()
        return await super().survey(target)


class Here:
    def __init__(self, in_flight_max: int = 64, held_max: int = 1_000) -> None:
        self.clock = FakeClock(NOW_MS)
        self.cluster = FakeCluster()
        self.cluster.deploy(TARGET)
        self.silent = SilentCluster()
        self.inbox, self.board = FakeInbox(), FakeBoard(self.clock)
        self.ledger = FakeLedger(self.clock)
        self.pulse = Pulse(self.board, "me", every_s=0.01, age_max_s=10, host_ms=lambda: NOW_MS)
        self.metrics = Metrics()
        outlook = Outlook(FakePages(), {})
        means = Means(
            {"eu-1": self.cluster, "us-1": self.silent},
            self.pulse,
            self.metrics,
            lambda _: None,
            30,
            outlook,
            Scope(),
            "DEGRADED_MODE",
        )
        limits = Limits(in_flight_max, held_max, grace_s=WITHIN_S)
        self.executor = Executor("me", self.inbox, self.ledger, self.pulse, means, limits)
        self._offset = 0

    def deliver(self, order: Command | None, partition: int = 0) -> None:
        value = encode(order) if order else b"?"
        fault = "" if order else "unknown_framing"
        self.inbox.waiting.append(
            Delivery(partition, self._offset, NOW_MS, b"eu-1", value, order, fault)
        )
        self._offset += 1

    def withdraw(self, order: Command) -> None:
        gone = withdrawal(order)
        value = encode(gone)
        self.inbox.waiting.append(
            Delivery(0, self._offset, NOW_MS, b"eu-1", value, None, withdrawal=gone)
        )
        self._offset += 1

    async def run_until(self, reached: Callable[[], bool]) -> None:
        running = asyncio.create_task(self.executor.run())
        try:
            async with asyncio.timeout(WITHIN_S):
                while not (reached() or running.done()):  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
                self.executor.stop()
                await running
        finally:
            running.cancel()

    @property
    def outcomes(self) -> int:
        return len(self.ledger.records[0])


def look(number: int, cluster: str = "eu-1") -> Command:
    target = Target(cluster, "shop", "Deployment", f"w{number}")
    return command(CommandKind.LOOK, command_id=f"c{number}", cluster=cluster, target=target)


async def test_commands_are_done_and_committed_and_it_ends_in_good_order():
    here = Here()
    for number in range(5):
        here.deliver(look(number))
    here.deliver(None)
    await here.run_until(lambda: here.inbox.committed.get(0) == 6)
    assert here.outcomes == 5
    assert [d.offset for d in here.inbox.rejected] == [5]
    assert here.board.forgotten == ["me"]


async def test_nothing_is_fetched_before_a_heartbeat_has_come_back():
    here = Here()
    here.board.away = True
    running = asyncio.create_task(here.executor.run())
    await asyncio.sleep(0.05)
    assert not here.inbox.joined.is_set()
    assert here.executor.not_ready() == "no heartbeat has come back lately"
    here.board.away = False
    async with asyncio.timeout(WITHIN_S):
        await here.inbox.joined.wait()
    here.executor.stop()
    await running


async def until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not reached():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_a_cluster_that_does_not_answer_stops_only_its_own():
    """Of one partition, and with more commands than may be under way."""
    here = Here(in_flight_max=3)
    for number in range(20):
        here.deliver(look(number, "us-1"))
    for number in range(20, 30):
        here.deliver(look(number))
    running = asyncio.create_task(here.executor.run())
    await until(lambda: here.outcomes == 10)
    assert here.silent.asked == 3
    assert here.inbox.committed == {}
    here.silent.gate.set()
    await until(lambda: here.inbox.committed.get(0) == 30)
    assert here.silent.asked == 20
    here.executor.stop()
    await running


async def test_of_a_partition_only_so_much_is_held(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("remediators.executor.loop.FETCH_MAX", 1)
    here = Here(in_flight_max=2, held_max=5)
    for number in range(20):
        here.deliver(look(number, "us-1"))
    running = asyncio.create_task(here.executor.run())
    await until(lambda: {0} in here.inbox.full)
    assert len(here.inbox.waiting) == 15
    here.silent.gate.set()
    await until(lambda: here.inbox.committed.get(0) == 20)
    here.executor.stop()
    await running


async def test_a_full_partition_does_not_stop_another():
    here = Here(in_flight_max=2, held_max=5)
    for number in range(20):
        here.deliver(look(number, "us-1"))
    running = asyncio.create_task(here.executor.run())
    await until(lambda: {0} in here.inbox.full)
    await here.executor.assigned([1])
    here.deliver(look(20), partition=1)
    await until(lambda: len(here.ledger.records[1]) == 1)
    here.silent.gate.set()
    here.executor.stop()
    await running


async def test_a_cluster_that_nobody_has_heard_of_is_refused_with_its_reason():
    here = Here()
    here.deliver(look(1, "mars"))
    await here.run_until(lambda: here.inbox.committed.get(0) == 1)
    ((_, refused),) = here.ledger.records[0]
    assert isinstance(refused, Outcome)
    assert (refused.status, refused.reason) == (OutcomeStatus.REJECTED, "unknown_cluster")
    assert refused.detail == "this executor has no address of that cluster"


async def test_an_outcome_that_is_not_acknowledged_ends_it():
    here = Here()

    async def lost(partition, record):
        raise BrokerLost("not acknowledged")

    here.ledger.append = lost  # type: ignore[method-assign]
    here.deliver(look(1))
    with pytest.raises(ExceptionGroup) as raised:
        await here.run_until(lambda: False)
    assert raised.group_contains(BrokerLost)
    assert here.inbox.committed == {}


async def test_a_command_of_a_partition_that_is_not_ours_ends_it():
    here = Here()
    here.deliver(look(1), partition=7)
    with pytest.raises(ExceptionGroup) as raised:
        await here.run_until(lambda: False)
    assert raised.group_contains(Unclaimed)


async def test_a_partition_that_is_taken_away_is_no_longer_worked_on():
    here = Here()
    here.deliver(look(1))
    running = asyncio.create_task(here.executor.run())
    async with asyncio.timeout(WITHIN_S):
        while here.outcomes < 1:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    await here.executor.revoked([0])
    assert here.inbox.committed == {0: 1}
    await here.executor.assigned([0])
    here.deliver(look(2))
    async with asyncio.timeout(WITHIN_S):
        while here.outcomes < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    here.executor.stop()
    await running


def act(number: int, cluster: str = "eu-1") -> Command:
    target = Target(cluster, "shop", "Deployment", f"w{number}")
    return command(command_id=f"c{number}", cluster=cluster, target=target)


def reasons(here: Here) -> list[str]:
    return [r.reason for _, r in here.ledger.records[0] if isinstance(r, Outcome)]


async def test_what_is_withdrawn_in_the_same_breath_is_never_begun():
    here = Here()
    here.deliver(act(1))
    here.withdraw(act(1))
    await here.run_until(lambda: here.inbox.committed.get(0) == 2)
    assert reasons(here) == ["condition_cleared"]
    assert here.inbox.rejected == []


async def test_what_waits_for_a_place_hears_that_it_is_withdrawn():
    here = Here(in_flight_max=1)
    here.deliver(look(1, "us-1"))
    here.deliver(act(2, "us-1"))
    running = asyncio.create_task(here.executor.run())
    await until(lambda: here.silent.asked == 1)
    here.withdraw(act(2, "us-1"))
    await until(lambda: not here.inbox.waiting)
    assert reasons(here) == []
    here.silent.gate.set()
    await until(lambda: here.inbox.committed.get(0) == 3)
    assert reasons(here)[-1] == "condition_cleared"
    assert here.silent.sent == []
    here.executor.stop()
    await running


async def test_a_withdrawal_of_nothing_that_is_known_is_passed_over():
    """Its command has ended, and was committed, in an earlier life."""
    here = Here()
    here.withdraw(act(1))
    here.deliver(look(2))
    await here.run_until(lambda: here.inbox.committed.get(0) == 2)
    assert here.outcomes == 1
