"""From POST to the first command, and to the action, at a steady rate of new incidents."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence

import aiohttp
from aiokafka import TopicPartition

from deploy.sandbox.stack import Stack
from schemas.codec import Undecodable, decode
from schemas.remediation import Command, CommandKind
from schemas.topics import COMMANDS
from streams.read import plain_consumer

GIVE_UP_S = 20.0


async def posts_to_commands_ms(
    stack: Stack, targets: Sequence[str], per_s: int, until: CommandKind
) -> tuple[list[float], list[float]]:
    """Milliseconds to LOOK and to ACT, one alert and one incident for each target; until all have
    got the command `until`."""
    posted_s: dict[str, float] = {}
    looks: dict[str, float] = {}
    acts: dict[str, float] = {}
    waited_for = looks if until is CommandKind.LOOK else acts
    following = asyncio.create_task(
        _follow(stack, lambda: len(waited_for) == len(targets), posted_s, looks, acts)
    )
    await asyncio.sleep(0.5)  # The follower stands at the end before the first is sent.
    await _post_steadily(f"{stack.url('gateway')}/api/v2/alerts", targets, per_s, posted_s)
    try:
        await asyncio.wait_for(following, GIVE_UP_S)
    except TimeoutError:
        print(f"  only {len(looks)} looks and {len(acts)} acts of {len(targets)} came")
    return list(looks.values()), list(acts.values())


async def _post_steadily(
    url: str, targets: Sequence[str], per_s: int, posted_s: dict[str, float]
) -> None:
    async with aiohttp.ClientSession() as session:
        begin = time.perf_counter()
        sending = []
        for number, target in enumerate(targets):
            await asyncio.sleep(max(0.0, begin + number / per_s - time.perf_counter()))
            sending.append(asyncio.create_task(_post(session, url, target, posted_s)))
        await asyncio.gather(*sending)


async def _post(
    session: aiohttp.ClientSession, url: str, target: str, posted_s: dict[str, float]
) -> None:
    labels = {
        "alertname": "BenchLatency",
        "cluster": "demo",
        "namespace": "shop",
        "deployment": target,
        "severity": "critical",
    }
    body = json.dumps([{"labels": labels, "annotations": {"summary": "bench"}}])
    posted_s[target] = time.perf_counter()
    headers = {"Content-Type": "application/json"}
    async with session.post(url, data=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()


async def _follow(
    stack: Stack,
    complete: Callable[[], bool],
    posted_s: dict[str, float],
    looks: dict[str, float],
    acts: dict[str, float],
) -> None:
    consumer = plain_consumer(stack.kafka.bootstrap)
    await consumer.start()
    place = TopicPartition(COMMANDS.name(stack.options.prefix), 0)
    consumer.assign([place])
    await consumer.seek_to_end(place)
    try:
        while not complete():
            batches = await consumer.getmany(place, timeout_ms=100)
            now_s = time.perf_counter()
            for record in batches.get(place, ()):
                command = decode(record.value, Command)
                if isinstance(command, Undecodable) or command.target.name not in posted_s:
                    continue
                ms = (now_s - posted_s[command.target.name]) * 1000
                if command.kind is CommandKind.LOOK:
                    looks.setdefault(command.target.name, ms)
                elif command.kind is CommandKind.ACT:
                    acts.setdefault(command.target.name, ms)
    finally:
        await consumer.stop()
