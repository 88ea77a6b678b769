"""The broker freezes, dies, keeps dying, has no room, and the gateway dies, with a whole stack at
work: senders come again, what was accepted is decided, and nobody has to lend a hand.

Processes that end are started again, as a cluster would.
"""

import asyncio
import random
import resource
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.sandbox.broker_settings import BACK_SOON
from deploy.sandbox.java import Jvm
from deploy.sandbox.kafka import Kafka, broker_jvm
from deploy.sandbox.progress import Quiet
from deploy.sandbox.stack import Options, Stack
from schemas.incidents import Incident
from schemas.topics import INCIDENTS
from tests.e2e.incidents import break_and_wait, quick_policy, records, tend
from tests.faults.stack_senders import EACH, SENDERS, Senders, check, recovered

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]

IMPATIENT = {"MENDLOG_PRODUCE_TIMEOUT_S": "2"}
"""Of the gateway: a freeze of five seconds is longer than its producer waits for an answer."""
HANG_S = 30.0
CRASHES = KILLS = 3
KIB = 1024
FULL_BYTES = 2 * KIB * KIB
"""More than any file of a broker that has just started."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    made = Stack(
        folder,
        Options(
            policy=quick_policy(folder),
            session_timeout_s=3.0,
            tape_partitions=1,
            environment={"gateway": IMPATIENT},
        ),
    )
    made.kafka = Kafka(folder / "kafka", settings=BACK_SOON, jvm=ignoring_limits(folder))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@asynccontextmanager
async def tended(stack: Stack) -> AsyncIterator[None]:
    tending = asyncio.create_task(tend(stack))
    try:
        yield
    finally:
        tending.cancel()
        with suppress(asyncio.CancelledError):
            await tending


@pytest.mark.parametrize(
    "freeze_s",
    [5.0, *(pytest.param(s, marks=pytest.mark.soak) for s in (60.0, 180.0))],
    ids=lambda s: f"{s:g} s",
)
async def test_frozen_it_is_503_and_then_everything_goes_on(
    stack: Stack, tmp_path: Path, freeze_s: float
) -> None:
    async with tended(stack), Senders(stack) as senders:
        await senders.more(50)
        stack.kafka.pause()
        try:
            await asyncio.sleep(freeze_s)  # the fault itself lasts
            await senders.refused()  # and is noticed, though the machine stood still as well
        finally:
            stack.kafka.resume()
        took_s = await recovered(stack, senders)
    assert senders.answers[503]
    assert not senders.answers[0]
    assert senders.slowest_s < HANG_S
    told(f"frozen for {freeze_s:g} s", took_s, senders)
    await check(stack, senders, tmp_path)


async def test_killed_in_the_middle_of_an_incident_that_ends_resolved(
    stack: Stack, tmp_path: Path
) -> None:
    took: list[float] = []

    async def crash() -> None:
        stack.kafka.kill()
        began_s = time.monotonic()
        await asyncio.to_thread(stack.kafka.start)
        took.append(await recovered(stack, senders, began_s))

    async with Senders(stack) as senders:
        await senders.more(50)
        crashes: list[asyncio.Task[None]] = []
        story = await break_and_wait(stack, lambda: crashes.append(asyncio.create_task(crash())))
        async with tended(stack):
            await crashes[0]
    assert story.end == "verified"
    told("killed and started", took[0], senders)
    await check(stack, senders, tmp_path)


@pytest.mark.soak
async def test_it_dies_again_and_again(stack: Stack, tmp_path: Path) -> None:
    async with tended(stack), Senders(stack) as senders:
        for _ in range(CRASHES):
            await senders.more(20)
            stack.kafka.kill()
            began_s = time.monotonic()
            await asyncio.to_thread(stack.kafka.start)
        took_s = await recovered(stack, senders, began_s)
    told(f"killed {CRASHES} times", took_s, senders)
    await check(stack, senders, tmp_path)


async def test_the_gateway_is_killed_under_its_senders(
    stack: Stack, tmp_path: Path, seed: int
) -> None:
    """They send again what was not answered, also what Kafka has: one incident has all of it."""
    whim, took = random.Random(seed), 0.0
    about = {"alertname": f"Retried{seed}", "namespace": "other", "cluster": "demo"}
    async with tended(stack), Senders(stack, about) as senders:
        for _ in range(KILLS):
            await senders.more(whim.randrange(10, 40))
            stack.processes["gateway"].kill()
            took = max(took, await recovered(stack, senders))
    assert senders.answers[0]
    told(f"the gateway killed {KILLS} times", took, senders)
    incidents = await records(stack, INCIDENTS, Incident)
    assert len({i.incident_id for i in incidents if i.title == about["alertname"]}) == 1
    await check(stack, senders, tmp_path)


async def test_without_room_on_its_disk_nothing_is_accepted_until_there_is(
    stack: Stack, tmp_path: Path
) -> None:
    """Deliveries fill the files up to their limit; the broker ends, and so does the next one."""
    async with tended(stack), Senders(stack, padded=256 * KIB) as senders:
        await senders.more(SENDERS * EACH)
        for _ in range(2):
            limit_files(stack.kafka, FULL_BYTES)
            await ended(stack.kafka)
            assert "File too large" in stack.kafka.log_tail(500)
            began_s = time.monotonic()
            await asyncio.to_thread(stack.kafka.start)
        took_s = await recovered(stack, senders, began_s)
    assert senders.answers[503]
    told("a full disk", took_s, senders)
    await check(stack, senders, tmp_path)


def ignoring_limits(folder: Path) -> Jvm:
    """A write beyond the limit is an error, as on a full disk, and no signal that ends it."""
    jvm = broker_jvm(Quiet())
    script = folder / "java"
    script.write_text(f"""#!/bin/sh\ntrap '' XFSZ\nexec '{jvm.java.path}' "$@"\n""")
    script.chmod(0o755)
    return replace(jvm, java=replace(jvm.java, path=script))


def limit_files(kafka: Kafka, size: int) -> None:
    resource.prlimit(kafka.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def ended(kafka: Kafka) -> None:
    async with asyncio.timeout(60):
        while kafka.alive:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def told(what: str, took_s: float, senders: Senders) -> None:
    answers = ", ".join(f"{n} of {status or 'none'}" for status, n in senders.answers.items())
    print(
        f"{what}: well again after {took_s:.1f} s; the slowest answer took "
        f"{senders.slowest_s:.1f} s; answers: {answers}"
    )
