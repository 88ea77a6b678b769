"""Ratio rules on a worker with the real broker, their windows in Faust's table."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from deploy.sandbox.kafka import Kafka
from schemas.codec import decode, encode
from schemas.metrics import Sample, Samples
from schemas.tape import Detection, TapeRecord
from schemas.topics import METRICS, TAPE, partition_for
from streams.steps.detect import open_detect, windowed
from tests.streams.host.bench import PARTITIONS, Bench, bench, cursor
from tests.streams.steps.test_ratios import RULE, TARGET, counts

pytestmark = pytest.mark.broker
STEPS = {"detect.metrics": open_detect([RULE], "born", "")}
PLACE = partition_for(b"eu-1", PARTITIONS)


@pytest.fixture
async def host(kafka: Kafka, tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(kafka.bootstrap, tmp_path) as made:
        yield made


async def scraped(host: Bench, at_ms: int, *samples: Sample) -> int:
    """Each series in a record of its own; gives the offset of the last."""
    offset = -1
    for sample in samples:
        value = encode(Samples({**TARGET, "pod": "a"}, at_ms, (sample,)))
        offset = await host.send(METRICS, value, partition=PLACE)
    return offset


async def test_a_ratio_goes_on_over_a_restart_from_series_that_come_each_by_itself(
    host: Bench,
) -> None:
    start_ms = int(time.time() * 1000) - 110_000
    at_ms = [start_ms + nth * 10_000 for nth in range(12)]
    async with host.worker(STEPS, windowed([RULE])) as worker:
        for nth in range(8):
            last = await scraped(host, at_ms[nth], *counts(good=100 * nth, bad=120 * (nth == 7)))
        await host.until(lambda: cursor(worker, PLACE) == last, "the cursor")
        (first,) = await host.read(TAPE, 1)
    async with host.worker(STEPS, windowed([RULE])) as worker:
        for nth in range(8, 12):
            await scraped(host, at_ms[nth], *counts(good=900 * nth, bad=120))
        _, second = await host.read(TAPE, 2)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{worker.web.port}/metrics") as answer,
        ):
            shown = await answer.text()
    facts = [decode(record.value, TapeRecord) for record in (first, second)]
    told = []
    for fact in facts:
        assert isinstance(fact, TapeRecord)
        assert isinstance(fact.fact, Detection)
        told.append((str(fact.fact.status), fact.fact.since_ms, round(fact.fact.value, 3)))
    # 120 of 720 within the last minute; then, most of that from before the restart, 120 of 7120.
    assert told == [("firing", at_ms[7], 0.167), ("resolved", at_ms[7], 0.017)]
    assert 'mendlog_series_left_out{input="detect.metrics"' in shown
