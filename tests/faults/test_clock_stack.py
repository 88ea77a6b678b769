"""Hosts whose clocks are an hour wrong, and step in the middle of an incident: the broker's time
decides. An executor whose clock is not the broker's says that it is not ready and does nothing, and
after a step the core begins nothing for a while.

Who decides starts with clocks that are an hour ahead, and they stay so until they step."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest

from deploy.sandbox.demo.load import Load
from deploy.sandbox.stack import Options, Stack
from schemas.incidents import Incident
from schemas.remediation import Outcome, OutcomeReason, OutcomeStatus
from schemas.topics import INCIDENTS, OUTCOMES
from streams.core.reasons import Reason
from tests.e2e.incidents import break_and_wait, inject, quick_policy, records
from tests.faults.stack_senders import Senders, check, until_ready
from tests.faults.test_incident_kills import revision

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]

HOUR_S = 3600.0
DECIDING = ("gateway", "scraper", "processor")
ALL = (*DECIDING, "executor")
SHIM = Path(__file__).parent / "wrong_clock"
WITHIN_S = 120.0
AGREED_S = 240.0


class Clocks:
    """Of each process of a stack."""

    def __init__(self, folder: Path) -> None:
        self._files = {name: folder / f"{name}.clock" for name in ALL}
        self.are_wrong_by(0, *ALL)

    def are_wrong_by(self, seconds: float, *names: str) -> None:
        for name in names:
            part = self._files[name].with_suffix(".part")
            part.write_text(f"{seconds}")
            os.replace(part, self._files[name])

    def environment(self) -> dict[str, dict[str, str]]:
        """So that a process goes by its own."""
        return {
            name: {"PYTHONPATH": str(SHIM), "WRONG_CLOCK": str(file)}
            for name, file in self._files.items()
        }


@pytest.fixture(scope="module")
def clocks(tmp_path_factory: pytest.TempPathFactory) -> Clocks:
    return Clocks(tmp_path_factory.mktemp("clocks"))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, clocks: Clocks) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    clocks.are_wrong_by(HOUR_S, *DECIDING)
    made = Stack(
        folder,
        Options(
            policy=quick_policy(folder),
            session_timeout_s=3.0,
            tape_partitions=1,
            environment=clocks.environment(),
        ),
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.mark.parametrize("wrong_s", [HOUR_S, pytest.param(-HOUR_S, marks=pytest.mark.soak)])
async def test_an_executor_whose_clock_is_wrong_waits_until_it_is_right(
    stack: Stack, clocks: Clocks, tmp_path: Path, wrong_s: float
) -> None:
    before = await asyncio.to_thread(revision, stack)
    clocks.are_wrong_by(wrong_s, "executor")
    await not_ready(stack, "the host's clock is")
    already = await refused(stack)

    async def refused_and_then_right() -> float:
        await until(lambda: refused_since(stack, already))
        assert await asyncio.to_thread(revision, stack) == before
        clocks.are_wrong_by(0, "executor")
        began_s = time.monotonic()
        await until_ready(stack, "executor")
        return time.monotonic() - began_s

    async with Senders(stack) as senders:
        refusing = asyncio.create_task(refused_and_then_right())
        story = await break_and_wait(stack)
        ready_s = await refusing
    print(f"the executor's clock {wrong_s:g} s wrong: ready {ready_s:.1f} s after it was put right")
    assert story.end == "verified"
    assert await asyncio.to_thread(revision, stack) == before + 1
    await check(stack, senders, tmp_path)


async def test_an_hour_ahead_and_then_behind_an_incident_is_resolved_all_the_same(
    stack: Stack, clocks: Clocks, tmp_path: Path
) -> None:
    """The clocks step once its restart is done; what follows has times of its own to keep."""
    before = await asyncio.to_thread(revision, stack)

    async def step() -> None:
        await until(lambda: applied_since(stack, already))
        clocks.are_wrong_by(-HOUR_S, *DECIDING)

    async with Senders(stack) as senders:
        await senders.more(20)
        already = await applied(stack)
        stepping = asyncio.create_task(step())
        began_s = time.monotonic()
        story = await break_and_wait(stack)
        took_s = time.monotonic() - began_s
        await stepping
        await senders.more(20)
    assert story.end == "verified"
    assert await asyncio.to_thread(revision, stack) == before + 1
    print(f"clocks an hour ahead, then an hour behind: resolved in {took_s:.1f} s")
    await check(stack, senders, tmp_path)


async def test_after_a_step_nothing_is_begun_until_the_clocks_have_agreed_for_a_while(
    stack: Stack, tmp_path: Path
) -> None:
    before = await asyncio.to_thread(revision, stack)
    ready = f"{stack.cluster.url}/sd/ready?namespace=shop&deployment=checkout"
    async with Senders(stack) as senders:
        async with Load(ready) as load:
            await load.found_pods.wait()
            await inject(load.pods)
            await until(lambda: is_held(stack))
        assert await asyncio.to_thread(revision, stack) == before
    await check(stack, senders, tmp_path)


@pytest.mark.soak
async def test_and_then_it_is_done(stack: Stack, tmp_path: Path) -> None:
    """Thirty ticks, of which one comes every five seconds."""
    before, began_s = await asyncio.to_thread(revision, stack), time.monotonic()
    ready = f"{stack.cluster.url}/sd/ready?namespace=shop&deployment=checkout"
    async with Senders(stack) as senders, Load(ready):
        already = await applied(stack)
        await until(lambda: applied_since(stack, already), AGREED_S)
    print(f"clocks that have stepped agreed again after {time.monotonic() - began_s:.0f} s")
    assert await asyncio.to_thread(revision, stack) == before + 1
    await check(stack, senders, tmp_path)


async def not_ready(stack: Stack, why: str) -> None:
    """Until the executor says so; it may have been told nothing lately before that."""
    url = f"{stack.url('executor')}/-/ready"

    async def is_told(http: aiohttp.ClientSession) -> bool:
        async with http.get(url) as answer:
            return answer.status != 200 and why in await answer.text()

    async with aiohttp.ClientSession() as http:
        await until(lambda: is_told(http))


async def refused(stack: Stack) -> set[str]:
    found = await records(stack, OUTCOMES, Outcome)
    return {o.command_id for o in found if o.reason == OutcomeReason.CLOCK_SKEW}


async def refused_since(stack: Stack, before: set[str]) -> bool:
    return bool(await refused(stack) - before)


async def applied(stack: Stack) -> set[str]:
    found = await records(stack, OUTCOMES, Outcome)
    return {o.command_id for o in found if o.status is OutcomeStatus.APPLIED}


async def applied_since(stack: Stack, before: set[str]) -> bool:
    return bool(await applied(stack) - before)


async def is_held(stack: Stack) -> bool:
    newest = (await records(stack, INCIDENTS, Incident))[-1]
    return (newest.state, newest.reason) == ("open", Reason.CLOCK_JUMP)


async def until(holds: Callable[[], Awaitable[bool]], within_s: float = WITHIN_S) -> None:
    async with asyncio.timeout(within_s):
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
