"""What detection takes of a core in a worker: 10,000 series, each with a sample every 15 s.

The whole worker runs on a real broker, and the samples come at their true pace: a hundred targets,
evenly spread over 15 s, each with a hundred series. Every series stands under one of the four
detectors and under absence, and those of the counter under an SLO, too (`detections.yaml`). First
come ten samples of each from the six hours before, so that changes and forecasts are judged. What a
detector costs with nothing around it, and with its window full, `bench.detectors` measures.

    python -m bench.detection
"""

import asyncio
import json
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Self

from aiokafka import AIOKafkaProducer, TopicPartition
from psutil import Process

from bench.calm import Stolen
from deploy import topics
from deploy.faust_topics import faust_topics
from deploy.sandbox import ports
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child, wait_until
from deploy.sandbox.stack import answers
from schemas.codec import decode, encode
from schemas.metrics import Sample, Samples
from schemas.tape import Detection, TapeRecord
from schemas.topics import METRICS, TAPE, journal
from streams.host.entries import CURSOR, read_entry
from streams.read import plain_consumer
from streams.settings import ProcessorSettings

RULES = Path(__file__).parent / "detections.yaml"
METRIC_NAMES = ("requests_total", "queue_depth", "latency_ms", "disk_bytes")
COUNTER, TOO_HIGH = METRIC_NAMES[0], "Many"
FIRES, TOO_MUCH = 96, 1e9
"""Which target is too high in the end, and how far: so that all was really judged."""
PREFIX, CLUSTER = "bench", "demo"
TARGETS, OF_A_TARGET = 100, 100
EVERY_S = 15.0
BEFORE, BEFORE_EVERY_MS = 10, 2_100_000
"""Scrapes of each target from the hours before."""
WITHIN_S = 60.0


def figures() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="mendlog-bench-") as name:
        folder = Path(name)
        with Kafka(folder / "kafka") as kafka:
            asyncio.run(_prepare(kafka.bootstrap))
            worker = _started(folder, kafka.bootstrap)
            try:
                return asyncio.run(_measured(kafka.bootstrap, Process(worker.pid)))
            finally:
                worker.stop()


async def _prepare(bootstrap: str) -> None:
    """The hours before lie in the topic when the worker starts."""
    settings = ProcessorSettings(topic_prefix=PREFIX)
    await topics.create(bootstrap, PREFIX, 1, extra=faust_topics(settings))
    now_ms = time.time_ns() // 1_000_000
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, linger_ms=50) as producer:
        for turn in range(BEFORE):
            at_ms = now_ms - (BEFORE - turn) * BEFORE_EVERY_MS
            for target in range(TARGETS):
                await producer.send(METRICS.name(PREFIX), scrape(target, turn, at_ms), partition=0)


def scrape(target: int, turn: int, at_ms: int, factor: float = 1.0) -> bytes:
    rng = random.Random(f"{target} {turn}")
    name = METRIC_NAMES[target % len(METRIC_NAMES)]
    grown = 100.0 * turn if name == COUNTER else 0.0
    samples = tuple(
        Sample(
            name,
            {"path": f"/cart/{n}", "code": "500" if n == 0 else "200"},
            factor * (grown + rng.gauss(100, 5)),
        )
        for n in range(OF_A_TARGET)
    )
    labels = {
        "cluster": CLUSTER,
        "namespace": "shop",
        "service": "checkout",
        "pod": f"checkout-6d9f7c-{target}",
    }
    return encode(Samples(labels, at_ms, samples))


def _started(folder: Path, bootstrap: str) -> Child:
    (port,) = ports.choose(1)
    settings = {
        "BOOTSTRAP": bootstrap,
        "TOPIC_PREFIX": PREFIX,
        "TAPE_PARTITIONS": "1",
        "DETECTIONS_FILE": str(RULES),
        "DATA_DIR": str(folder / "worker"),
        "WEB_PORT": str(port),
    }
    child = Child(
        "worker",
        [sys.executable, "-m", "deploy.cli.main", "processor"],
        log_file=folder / "worker.log",
        env={**os.environ, **{f"MENDLOG_{key}": value for key, value in settings.items()}},
    )
    child.start()
    ready = f"http://{ports.HOST}:{port}/-/ready"
    wait_until(lambda: answers(ready), timeout_s=WITHIN_S, what="the worker", child=child)
    return child


async def _measured(bootstrap: str, worker: Process) -> dict[str, Any]:
    async with Follower(bootstrap) as judged, _producer(bootstrap) as producer:
        await judged.until(BEFORE * TARGETS)
        stolen, cpu_s, began_s = Stolen(), _cpu_s(worker), time.perf_counter()
        for target in range(TARGETS):
            factor = TOO_MUCH if target == FIRES else 1.0
            sent = scrape(target, BEFORE, time.time_ns() // 1_000_000, factor)
            await producer.send_and_wait(METRICS.name(PREFIX), sent, partition=0)
            due_s = began_s + (target + 1) * EVERY_S / TARGETS
            await asyncio.sleep(due_s - time.perf_counter())
        await judged.until((BEFORE + 1) * TARGETS)
        took_s = time.perf_counter() - began_s
        spent_s = _cpu_s(worker) - cpu_s
        assert judged.fired == OF_A_TARGET, f"{judged.fired} of {OF_A_TARGET} series fired"
        return {
            "series": TARGETS * OF_A_TARGET,
            "worker_percent": round(100 * spent_s / took_s, 1),
            "worker_mib": round(worker.memory_info().rss / 2**20, 1),
            "stolen_percent": stolen.percent(),
        }


class Follower:
    """Reads how far the worker is, and which of its series are too high."""

    def __init__(self, bootstrap: str) -> None:
        self._state = TopicPartition(journal("detect", "metrics").name(PREFIX), 0)
        self._tape = TopicPartition(TAPE.name(PREFIX), 0)
        self._consumer = plain_consumer(bootstrap)
        self._judged = self.fired = 0

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._consumer.assign([self._state, self._tape])
        await self._consumer.seek_to_beginning(self._state, self._tape)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def until(self, scrapes: int) -> None:
        """What the worker says of a scrape is on the tape before its journal says that it is past
        it, but the two are read from two places."""
        async with asyncio.timeout(WITHIN_S):
            while self._judged < scrapes or not await self._is_at_end():
                for place, records in (await self._consumer.getmany(timeout_ms=100)).items():
                    for record in records:
                        (self._entry if place == self._state else self._fact)(record)

    async def _is_at_end(self) -> bool:
        end = (await self._consumer.end_offsets([self._tape]))[self._tape]
        return await self._consumer.position(self._tape) >= end

    def _entry(self, record: Any) -> None:
        if record.key == CURSOR:
            self._judged = read_entry(record.value).offset + 1

    def _fact(self, record: Any) -> None:
        fact = decode(record.value, TapeRecord)
        if isinstance(fact, TapeRecord) and isinstance(fact.fact, Detection):
            self.fired += fact.fact.rule == TOO_HIGH


def _producer(bootstrap: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=0)


def _cpu_s(process: Process) -> float:
    return float(sum(process.cpu_times()[:2]))


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))
