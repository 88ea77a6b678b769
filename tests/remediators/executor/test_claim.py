"""One partition: targets side by side, one target in order, a rollback first."""

import asyncio
from collections import defaultdict

import pytest

from remediators.executor.claim import Claim
from remediators.executor.metrics import Metrics
from remediators.executor.rooms import Rooms
from remediators.ports import Delivery
from schemas.remediation import Command, CommandKind, Target
from tests.remediators.builders import command

A, B = (Target("eu-1", "shop", "Deployment", name) for name in ("a", "b"))
C = Target("us-1", "shop", "Deployment", "c")
NOWHERE, MARS = (Target(name, "shop", "Deployment", "d") for name in ("nowhere", "mars"))


class SlowWork:
    """Each command waits until it is let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def do(self, order: Command) -> None:
        self.begun.append(order.command_id)
        await self.gates[order.command_id].wait()

    async def finish(self, command_id: str) -> None:
        self.gates[command_id].set()
        await settle()


class Opening:
    def __init__(self) -> None:
        self.gate = asyncio.Event()

    async def open(self) -> None:
        await self.gate.wait()


class Here:
    def __init__(self, in_flight_max: int = 64) -> None:
        self.work, self.desk = SlowWork(), Opening()
        self.metrics = Metrics()
        self.rejected: list[int] = []
        self.claim = Claim(
            self.desk,  # type: ignore[arg-type]
            self.work,  # type: ignore[arg-type]
            Rooms(["eu-1", "us-1"], in_flight_max, self.metrics.under_way),
            self._reject,
            asyncio.create_task,  # type: ignore[arg-type]
            lambda: None,
        )
        self._offset = 0

    async def _reject(self, delivery: Delivery) -> None:
        self.rejected.append(delivery.offset)

    async def takes(self, command_id: str, target: Target, kind=CommandKind.LOOK) -> None:
        self.deliver(command(kind, command_id=command_id, target=target))
        await settle()

    def deliver(self, order: Command | None) -> None:
        self.claim.take(Delivery(0, self._offset, 0, b"", b"", order))
        self._offset += 1

    def under_way(self, cluster: str) -> float | None:
        labels = {"cluster": cluster}
        return self.metrics.registry.get_sample_value("mendlog_commands_under_way", labels)

    @property
    def done_to(self) -> int | None:
        return self.claim.progress.next_offset


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.fixture
async def here():
    made = Here()
    made.desk.gate.set()
    await settle()
    return made


async def test_targets_side_by_side_one_target_in_order(here: Here):
    await here.takes("a1", A)
    await here.takes("a2", A)
    await here.takes("b1", B)
    assert here.work.begun == ["a1", "b1"]
    await here.work.finish("b1")
    assert here.done_to is None
    await here.work.finish("a1")
    assert (here.work.begun[-1], here.done_to) == ("a2", 1)
    await here.work.finish("a2")
    assert here.done_to == 3


async def test_a_rollback_goes_before_what_waits_of_other_targets():
    """Of a room that is full: with many targets it would be the last to be carried out."""
    here = Here(in_flight_max=1)
    here.desk.gate.set()
    others = [Target("eu-1", "shop", "Deployment", f"w{number}") for number in range(3)]
    await here.takes("b1", B)
    for target in others:
        await here.takes(target.name, target)
    await here.takes("a1", A)
    await here.takes("undo", A, CommandKind.ROLLBACK)
    await here.work.finish("b1")
    assert here.work.begun == ["b1", "undo"]
    for number, name in enumerate(["undo", "w0", "w1", "w2", "a1"], 2):
        await here.work.finish(name)
        assert len(here.work.begun) == min(number + 1, 6)
    assert here.work.begun == ["b1", "undo", "w0", "w1", "w2", "a1"]


async def test_a_place_is_not_lost_with_who_waits_for_it():
    here = Here(in_flight_max=1)
    rooms = Rooms(["eu-1"], 1, here.metrics.under_way)
    entered: list[str] = []

    async def enter(name: str, gate: asyncio.Event) -> None:
        async with rooms.of("eu-1", lambda: False):
            entered.append(name)
            await gate.wait()

    gates = [asyncio.Event() for _ in range(3)]
    tasks = [asyncio.create_task(enter(str(n), gate)) for n, gate in enumerate(gates)]
    await settle()
    gates[0].set()
    tasks[1].cancel()
    await settle()
    assert entered == ["0", "2"]
    gates[2].set()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(end) for end in ends] == [type(None), asyncio.CancelledError, type(None)]


async def test_a_rollback_goes_before_what_waits(here: Here):
    await here.takes("a1", A)
    await here.takes("a2", A)
    await here.takes("undo", A, CommandKind.ROLLBACK)
    await here.work.finish("a1")
    assert here.work.begun == ["a1", "undo"]


async def test_nothing_is_begun_before_the_ledger_is_read():
    here = Here()
    await here.takes("a1", A)
    assert here.work.begun == []
    assert not here.claim.open
    here.desk.gate.set()
    await settle()
    assert here.work.begun == ["a1"]


async def test_what_is_not_a_command_is_set_aside_and_counts_as_done(here: Here):
    here.deliver(None)
    await settle()
    assert (here.rejected, here.done_to) == ([0], 1)


async def test_let_go_it_ends_what_is_under_way_and_begins_nothing(here: Here):
    await here.takes("a1", A)
    await here.takes("a2", A)
    closing = asyncio.create_task(here.claim.close(grace_s=30))
    await settle()
    await here.work.finish("a1")
    await closing
    await here.takes("b1", B)
    assert (here.work.begun, here.done_to) == (["a1"], 1)


async def test_let_go_it_does_not_wait_for_ever(here: Here):
    await here.takes("a1", A)
    await here.claim.close(grace_s=0.01)
    await settle()
    await here.work.finish("a1")
    assert here.done_to is None


@pytest.fixture
async def small():
    """Room for one command of each cluster."""
    made = Here(in_flight_max=1)
    made.desk.gate.set()
    await settle()
    return made


async def test_a_full_cluster_keeps_its_own_waiting_and_no_other(small: Here):
    await small.takes("a1", A)
    await small.takes("b1", B)
    await small.takes("c1", C)
    assert small.work.begun == ["a1", "c1"]
    assert (small.under_way("eu-1"), small.under_way("us-1")) == (1, 1)
    await small.work.finish("a1")
    assert small.work.begun[-1] == "b1"
    await small.work.finish("b1")
    await small.work.finish("c1")
    assert small.done_to == 3
    assert (small.under_way("eu-1"), small.under_way("us-1")) == (0, 0)


async def test_clusters_without_an_address_share_a_room_of_their_own(small: Here):
    await small.takes("d1", NOWHERE)
    await small.takes("d2", MARS)
    await small.takes("a1", A)
    assert small.work.begun == ["d1", "a1"]
    await small.work.finish("d1")
    assert small.work.begun[-1] == "d2"


async def test_a_rollback_that_comes_while_its_target_waits_for_room_goes_first(small: Here):
    await small.takes("b1", B)
    await small.takes("a1", A)
    await small.takes("undo", A, CommandKind.ROLLBACK)
    await small.work.finish("b1")
    assert small.work.begun == ["b1", "undo"]


async def test_let_go_what_waits_for_room_is_not_begun(small: Here):
    await small.takes("a1", A)
    await small.takes("b1", B)
    closing = asyncio.create_task(small.claim.close(grace_s=30))
    await settle()
    await small.work.finish("a1")
    await closing
    assert (small.work.begun, small.done_to) == (["a1"], 1)
