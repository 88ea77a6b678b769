"""Breaking checkout on a running stack, and reading what came of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiokafka.structs import ConsumerRecord

from deploy.sandbox.demo.load import Load
from deploy.sandbox.demo.story import Heard, Place, Story
from deploy.sandbox.demo.watch import Watch
from deploy.sandbox.stack import POLICIES, Options, Stack
from schemas.codec import Undecodable, decode
from schemas.topics import Topic
from streams.read import plain_consumer, read_partition

END_S = 120.0


UNBOUND = (
    "actions_per_minute: 1000",
    "actions_per_hour: 1000",
    "burst: 1000",
    "attempts_window: 1ms",
    "attempts_per_target: 20",
    "flap_window: 1ms",
)


@contextmanager
def quick_stack(folder: Path) -> Iterator[Stack]:
    """The whole of `mendlog up`, with a policy that does not pause between incidents."""
    options = Options(policy=quick_policy(folder), session_timeout_s=3.0, tape_partitions=1)
    made = Stack(folder, options)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def quick_policy(folder: Path) -> Path:
    """The demo's, with no pause between incidents: each of them is a new one."""
    text = (POLICIES / "demo.yaml").read_text()
    for old, new in (
        ("preset: production-1", "preset: production-1\n  " + "\n  ".join(UNBOUND)),
        ("  cooldown: 10s", "  cooldown: 1ms"),
        ("service_cooldown: 10s", "service_cooldown: 1ms"),
        ("close_after: 10m", "close_after: 100ms"),
        ("hold: 2s, deadline: 20s", "hold: 500ms, deadline: 60s"),
    ):
        assert old in text
        text = text.replace(old, new)
    path = folder / "policy.yaml"
    path.write_text(text)
    return path


def nothing() -> None:
    pass


async def break_and_wait(stack: Stack, in_the_middle: Callable[[], None] = nothing) -> Story:
    """Every pod fails until it is replaced; whoever dies meanwhile is started again.

    `in_the_middle` is called once, as soon as the metrics show the fault.
    """
    ready = f"{stack.cluster.url}/sd/ready?namespace=shop&deployment=checkout"
    prefix, partitions = stack.options.prefix, stack.options.tape_partitions
    async with Load(ready) as load, Watch(stack.kafka.bootstrap, prefix, partitions) as watch:
        await load.found_pods.wait()
        await inject(load.pods)
        story, told = Story(int(time.time() * 1000)), False
        async with asyncio.timeout(END_S):
            tending = asyncio.create_task(tend(stack))
            heard = watch.records()
            async for place, at_ms, record in heard:
                story.hear(place, at_ms, record)
                if story.shown_at_ms is not None and not told:
                    told = True
                    in_the_middle()
                if story.ended:
                    break
            await closed(heard)
            tending.cancel()
    return story


async def closed(heard: AsyncIterator[tuple[Place, int, Heard]]) -> None:
    """The incident leaves the state, so that the next fault opens one of its own. It may do so in
    the very bunch in which it ended, so that no other reading may begin here."""
    async for _, _, record in heard:
        if getattr(record, "state", "") == "closed":
            return


async def tend(stack: Stack) -> None:
    while True:
        stack.restarts.clear()
        stack.tend()
        await asyncio.sleep(0.1)


async def inject(pods: list[str]) -> None:
    async with aiohttp.ClientSession() as session:
        for pod in pods:
            async with session.post(f"http://{pod}/faults", json={"error_rate": 1}) as answer:
                answer.raise_for_status()


async def records(stack: Stack, topic: Topic, *kinds: type) -> list[Any]:
    """Every readable record of these kinds, partition by partition."""
    found = [decode(record.value, *kinds) for record in await as_received(stack, topic)]
    return [value for value in found if not isinstance(value, Undecodable)]


async def as_received(stack: Stack, topic: Topic) -> list[ConsumerRecord]:
    consumer = plain_consumer(stack.kafka.bootstrap)
    await consumer.start()
    name, found = topic.name(stack.options.prefix), []
    for partition in range(topic.partitions(stack.options.tape_partitions)):
        async for record in read_partition(consumer, name, partition):
            found.append(record)
    await consumer.stop()
    return found


async def contents(
    stack: Stack, topic: Topic, kind: type, identity: Callable[[Any], Hashable]
) -> dict[Hashable, Any]:
    """By id; an id with two contents is a failure."""
    found: dict[Hashable, Any] = {}
    for record in await records(stack, topic, kind):
        assert found.setdefault(identity(record), record) == record, "one id, two contents"
    return found
