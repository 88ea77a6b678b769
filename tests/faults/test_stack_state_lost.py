"""What a stack remembers is gone while it is down: nothing is done until it is known again, and
nothing that was done is done again."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from deploy import topics
from deploy.sandbox.stack import READY_S, Stack
from schemas.remediation import Command, CommandKind, Outcome
from schemas.topics import COMMANDS, JOURNALS, OUTCOMES
from tests.e2e.incidents import break_and_wait, contents, quick_stack, records
from tests.faults.admin import reset_group
from tests.faults.stack_senders import Senders, asked, check, recovered
from tests.faults.test_incident_kills import revision

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(240)]

DOWN = ("processor", "executor")
WITHIN_S = 120.0
NOTHING_IS_DONE_S = 5.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with quick_stack(tmp_path_factory.mktemp("stack")) as made:
        yield made


async def test_offsets_that_are_set_back_to_the_beginning_repeat_nothing(
    stack: Stack, tmp_path: Path
) -> None:
    async with Senders(stack) as senders:
        assert (await break_and_wait(stack)).end == "verified"
        before = await done(stack)
        await stopped(stack)
        groups = await set_back(stack)
        assert groups >= 2, "the processor's and the executor's"
        took_s = await started(stack, senders)
        assert await done(stack) == before
        print(f"offsets of {groups} groups set back: well again after {took_s:.1f} s")
        assert (await break_and_wait(stack)).end == "verified"
    await check(stack, senders, tmp_path)


async def test_without_its_journals_it_waits_and_then_knows_all_of_it_again(
    stack: Stack, tmp_path: Path
) -> None:
    async with Senders(stack) as senders:
        assert (await break_and_wait(stack)).end == "verified"
        before = await done(stack)
        await stopped(stack)
        await forgotten(stack)
        stack._launch("processor")
        assert await ready_within(stack, "processor", NOTHING_IS_DONE_S) is False
        stack.processes["processor"].stop()
        assert await done(stack) == before
        await made_again(stack)
        took_s = await started(stack, senders)
        assert await done(stack) == before
        print(f"without journals and folder: well again after {took_s:.1f} s")
        assert (await break_and_wait(stack)).end == "verified"
    await check(stack, senders, tmp_path)


async def done(stack: Stack) -> tuple[int, set[str], int]:
    """All that was ordered and done to the target: restarts, ids of orders, announcements."""
    ordered = await contents(stack, COMMANDS, Command, lambda c: c.command_id)
    acts = {c.command_id for c in ordered.values() if c.kind is CommandKind.ACT}
    outcomes = await records(stack, OUTCOMES, Outcome)
    announced = sum(1 for o in outcomes if not o.status.terminal)
    return await asyncio.to_thread(revision, stack), acts, announced


async def stopped(stack: Stack) -> None:
    for name in DOWN:
        await asyncio.to_thread(stack.processes[name].stop)


async def started(stack: Stack, senders: Senders) -> float:
    began_s = time.monotonic()
    for name in DOWN:
        await asyncio.to_thread(stack.restart, name)
    return await recovered(stack, senders, began_s)


async def set_back(stack: Stack) -> int:
    """Every offset that any group has committed, also those of nobody's group."""
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka.bootstrap)
    await admin.start()
    try:
        groups = [group for group, *_ in await admin.list_consumer_groups()]
        for group in groups:
            committed = await admin.list_consumer_group_offsets(group)
            await reset_group(stack.kafka.bootstrap, group, list(committed))
        return len(groups)
    finally:
        await admin.close()


async def forgotten(stack: Stack) -> None:
    """The journals and the folder."""
    await asyncio.to_thread(shutil.rmtree, stack.folder / "processor")
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka.bootstrap)
    await admin.start()
    await admin.delete_topics([topic.name(stack.options.prefix) for topic in JOURNALS])
    await admin.close()


async def made_again(stack: Stack) -> None:
    wanted = {topic.name(stack.options.prefix) for topic in JOURNALS}
    created: set[str] = set()
    async with asyncio.timeout(WITHIN_S):
        while created < wanted:
            made = await topics.create(stack.kafka.bootstrap, stack.options.prefix, 1)
            created |= set(made.created)


async def ready_within(stack: Stack, name: str, seconds: float) -> bool:
    assert seconds < READY_S
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        if await asked(stack, name, "/-/ready") is not None:
            return True
        await asyncio.sleep(0.1)
    return False
