"""Alerts decided per second, through every part that an alert passes in production."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence

import aiohttp
from aiokafka import TopicPartition

from deploy.sandbox.stack import Stack
from schemas.codec import Undecodable, decode
from schemas.tape import Sightings, TapeRecord
from schemas.topics import TAPE, journal
from streams.host.entries import CURSOR, read_entry
from streams.read import plain_consumer

BATCH = 64
SERVICES = 200
POSTS_AT_ONCE = 8


def alerts(count: int, run: str, service: str = "service") -> list[dict[str, object]]:
    """Alerts of 200 services as Prometheus would send them."""
    return [
        {
            "labels": {
                "alertname": "BenchErrors",
                "run": run,
                "cluster": "demo",
                "namespace": "shop",
                "service": f"{service}-{n % SERVICES}",
                "pod": f"{service}-{n % SERVICES}-{n // SERVICES}",
                "severity": "warning",
            },
            "annotations": {"summary": "a service answers with errors"},
            "startsAt": "2026-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example/graph?g0.expr=up",
        }
        for n in range(count)
    ]


async def decided_per_s(stack: Stack, sent: Sequence[dict[str, object]]) -> float:
    """From the first POST until the journal says that the last of them is decided."""
    bodies = [json.dumps(sent[i : i + BATCH]).encode() for i in range(0, len(sent), BATCH)]
    following = asyncio.create_task(_until_decided(stack, len(sent)))
    await asyncio.sleep(0.5)  # The followers stand at the end before the clock starts.
    began_s = time.perf_counter()
    await _post_all(f"{stack.url('gateway')}/api/v2/alerts", bodies)
    ended_s = await following
    return len(sent) / (ended_s - began_s)


async def _post_all(url: str, bodies: Sequence[bytes]) -> None:
    left: Iterator[bytes] = iter(bodies)
    async with aiohttp.ClientSession() as session:

        async def post() -> None:
            for body in left:
                headers = {"Content-Type": "application/json"}
                async with session.post(url, data=body, headers=headers) as answer:
                    assert answer.status == 200, await answer.text()

        await asyncio.gather(*(post() for _ in range(POSTS_AT_ONCE)))


async def _until_decided(stack: Stack, count: int) -> float:
    """Follow the tape until it holds them all, and the journal until it is past the last."""
    prefix, bootstrap = stack.options.prefix, stack.kafka.bootstrap
    tape = TopicPartition(TAPE.name(prefix), 0)
    state = TopicPartition(journal("decide", "tape").name(prefix), 0)
    consumer = plain_consumer(bootstrap)
    await consumer.start()
    consumer.assign([tape, state])
    await consumer.seek_to_end(tape, state)
    seen, last, cursor = 0, -1, -1
    while seen < count or cursor < last:
        for place, records in (await consumer.getmany(timeout_ms=200)).items():
            for record in records:
                if place == tape:
                    fact = decode(record.value, TapeRecord)
                    if not isinstance(fact, Undecodable) and isinstance(fact.fact, Sightings):
                        seen, last = seen + fact.fact.count, record.offset
                elif record.key == CURSOR:
                    cursor = max(cursor, read_entry(record.value).offset)
    ended_s = time.perf_counter()
    await consumer.stop()
    return ended_s
