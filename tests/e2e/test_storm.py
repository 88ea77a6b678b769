"""A storm at the gateway while an incident is under way: nothing is lost and the loop closes."""

import asyncio
import json
from pathlib import Path

import aiohttp
import pytest

from deploy.sandbox.stack import Stack
from schemas import sightings
from schemas.ids import fingerprint
from schemas.tape import Sightings, TapeRecord
from schemas.topics import ALERTS, TAPE, journal
from streams.audit.auditor import Asked
from streams.audit.verdict import INVARIANTS
from streams.host.entries import CURSOR, read_entry
from streams.ingest.formats.catalog import read
from streams.read import plain_consumer, read_partition
from tests.audited import audited
from tests.e2e.incidents import break_and_wait, records

COUNT = 20_000
BATCH = 100
OF_THE_CORE = [name for name in INVARIANTS if name not in ("I6", "I7")]
"""Others give orders by hand on this stack, at any rate and under a kill."""


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_twenty_thousand_alerts_during_an_incident_are_all_on_the_tape(
    stack: Stack, tmp_path: Path
) -> None:
    sent = [storm_labels(n) for n in range(COUNT)]
    story, _ = await asyncio.gather(break_and_wait(stack), post(stack, sent))
    wanted = {fingerprint(labels) for labels in sent}

    assert story.end == "verified"
    assert wanted <= await accepted(stack), "every one is in `alerts`"
    await until_no_lag(stack)
    assert wanted <= await taped(stack), "and on the tape"
    ledger = tmp_path / "ledger"
    ledger.write_text("".join(f"{json.dumps({'labels': labels})}\n" for labels in sent))
    asked, prefix = Asked(ledger), stack.options.prefix
    found = await audited(stack.kafka.bootstrap, prefix, asked, about=OF_THE_CORE)
    assert found["I1"].checked == COUNT


def storm_labels(number: int) -> dict[str, str]:
    return {"alertname": "Storm", "cluster": "demo", "namespace": "other", "n": str(number)}


async def post(stack: Stack, sent: list[dict[str, str]]) -> None:
    url = f"{stack.url('gateway')}/api/v2/alerts"
    async with aiohttp.ClientSession() as session:
        for first in range(0, len(sent), BATCH):
            body = [{"labels": labels} for labels in sent[first : first + BATCH]]
            async with session.post(url, json=body) as answer:
                assert answer.status == 200, await answer.text()


async def accepted(stack: Stack) -> set[str]:
    """The fingerprints in `alerts`, read as `observe` reads them."""
    consumer = plain_consumer(stack.kafka.bootstrap)
    await consumer.start()
    found: set[str] = set()
    async for record in read_partition(consumer, ALERTS.name(stack.options.prefix), 0):
        headers = dict(record.headers)
        parsed = read(record.value, "s", headers["format"].decode(), record.timestamp)
        found |= {s.fingerprint for s in parsed.sightings}
    await consumer.stop()
    return found


async def taped(stack: Stack) -> set[str]:
    facts = [r.fact for r in await records(stack, TAPE, TapeRecord)]
    return {s.fingerprint for f in facts if isinstance(f, Sightings) for s in sightings.unpack(f)}


async def until_no_lag(stack: Stack) -> None:
    """Until `observe` has taped all that is in `alerts` now, and `decide` has journaled that."""
    consumer = plain_consumer(stack.kafka.bootstrap)
    await consumer.start()
    prefix = stack.options.prefix
    for source, kept in ((ALERTS, journal("observe", "alerts")), (TAPE, journal("decide", "tape"))):
        end = cursor = -1
        async for record in read_partition(consumer, source.name(prefix), 0):
            end = record.offset
        async with asyncio.timeout(120):
            while cursor < end:
                async for record in read_partition(consumer, kept.name(prefix), 0):
                    if record.key == CURSOR:
                        cursor = max(cursor, read_entry(record.value).offset)
    await consumer.stop()
