"""A storm before a stack, and the orders that people give in the middle of it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import aiohttp
from aiokafka import TopicPartition

from deploy.sandbox.stack import Stack
from schemas.codec import decode
from schemas.controls import ControlKind
from schemas.incidents import Decision
from schemas.topics import DECISIONS
from streams.controls import new_control, publish
from streams.read import plain_consumer

SENDERS = 8
PAUSE_S = 0.2
TOLD = {"namespace": "shop", "kind": "Deployment", "name": "checkout", "revision": "7"}


async def sent(stack: Stack, bodies: Iterable[bytes]) -> Counter[int]:
    """As many senders as are usual, each with its next body once it was accepted. By status."""
    left, answers = iter(bodies), Counter[int]()
    url, json = f"{stack.url('gateway')}/api/v2/alerts", {"Content-Type": "application/json"}

    async def go_on(http: aiohttp.ClientSession) -> None:
        for body in left:
            status = 0
            while status != 200:
                async with http.post(url, data=body) as answer:
                    status = answer.status
                    assert status in (200, 503), await answer.text()
                    answers[status] += 1
                    pause_s = float(answer.headers.get("Retry-After", "0"))
                await asyncio.sleep(pause_s)

    async with aiohttp.ClientSession(headers=json) as http:
        await asyncio.gather(*(go_on(http) for _ in range(SENDERS)))
    return answers


@asynccontextmanager
async def ordering(stack: Stack) -> AsyncIterator[list[float]]:
    """One order after another; gives the seconds that each has waited for its decision."""
    waited: list[float] = []

    async def order_on() -> None:
        place = TopicPartition(DECISIONS.name(stack.options.prefix), 0)
        consumer = plain_consumer(stack.kafka.bootstrap)
        await consumer.start()
        try:
            consumer.assign([place])
            await consumer.seek_to_end(place)
            while True:
                order = new_control(ControlKind.CHANGE, stack.options.cluster, "test", TOLD)
                began_s = time.monotonic()
                await publish(stack.kafka.bootstrap, stack.options.prefix, order)
                while not is_about_an_order((await consumer.getone()).value):
                    pass
                waited.append(time.monotonic() - began_s)
                await asyncio.sleep(PAUSE_S)
        finally:
            await consumer.stop()

    task = asyncio.create_task(order_on())
    try:
        yield waited
    finally:
        task.cancel()
        (fault,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(fault, asyncio.CancelledError), fault


def is_about_an_order(value: bytes | None) -> bool:
    decision = decode(value, Decision)
    kind = ControlKind.CHANGE.value
    return isinstance(decision, Decision) and any(v.what == kind for v in decision.verdicts)
