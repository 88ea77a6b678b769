"""What one worker decides per second, from `alerts` through observe, tape and decide.

The alerts are in Kafka before the worker starts, so neither a gateway nor senders take a share of
the cores. Time is the broker's own: that of the journal's cursors between the first and the last
delivery of a kind. Beside it stands what the worker's process spent of the processors' time, which
says more on a machine that others use too.

    python -m bench.processor
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from psutil import Process

from bench import bare, quix
from bench.stack import POLICY
from bench.throughput import alerts
from deploy import topics
from deploy.faust_topics import faust_topics
from deploy.sandbox import ports
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child, wait_until
from deploy.sandbox.stack import answers
from schemas.codec import decode
from schemas.tape import Sightings, TapeRecord
from schemas.topics import ALERTS, TAPE, journal
from streams.controls import policy_control, publish
from streams.host.entries import CURSOR, read_entry
from streams.ingest.sources import API_V2
from streams.policy.load import load_file
from streams.read import plain_consumer
from streams.settings import ProcessorSettings

PREFIX = "bench"
DISTINCT = int(os.environ.get("BENCH_DISTINCT", "10000"))
REPEATS = int(os.environ.get("BENCH_REPEATS", "19"))
SINGLES = int(os.environ.get("BENCH_SINGLES", "20000"))
DELIVERY = 64
WITHIN_S = 300.0
PATIENCE_S = 0.5
HEADERS = [("source", b"bench"), ("format", API_V2.encode())]


@dataclass(frozen=True, slots=True)
class Load:
    """Deliveries that are alike, and how many alerts they hold together."""

    name: str
    bodies: Sequence[bytes]
    alerts: int


def loads() -> list[Load]:
    seen = alerts(DISTINCT, "known")
    bodies = [json.dumps(seen[i : i + DELIVERY]).encode() for i in range(0, len(seen), DELIVERY)]
    singles = [json.dumps([alert]).encode() for alert in seen]
    singles = [singles[n % len(singles)] for n in range(SINGLES)]
    return [
        Load("first", bodies, len(seen)),
        Load("repeats", bodies * REPEATS, len(seen) * REPEATS),
        Load("single", singles, len(singles)),
    ]


def figures() -> dict[str, Any]:
    given = loads()
    with tempfile.TemporaryDirectory(prefix="mendlog-bench-") as folder:
        kafka = Kafka(Path(folder) / "kafka")
        kafka.start()
        try:
            asyncio.run(_prepare(kafka.bootstrap, given))
            worker = _worker(Path(folder), kafka.bootstrap)
            try:
                ours = asyncio.run(_watched(kafka.bootstrap, given, Process(worker.pid)))
            finally:
                worker.stop()
            return {**ours, **_others(kafka.bootstrap, Path(folder), ours["repeats_per_s"])}
        finally:
            kafka.stop()


def _others(bootstrap: str, folder: Path, ours: int) -> dict[str, Any]:
    """The same alerts, one a record, each as often as with us."""
    sent = alerts(DISTINCT, "known") * (REPEATS + 1)
    asyncio.run(bare.load(bootstrap, "bench-bare", sent))
    bare_per_s = asyncio.run(bare.alerts_per_s(bootstrap, "bench-bare", len(sent), tells=False))
    found: dict[str, Any] = {
        "bare_per_s": round(bare_per_s),
        "by_bare": round(ours / bare_per_s, 3),
    }
    if quix_per_s := quix.per_s(bootstrap, sent, folder / "quix"):
        found |= {"quix_per_s": quix_per_s, "by_quix": round(ours / quix_per_s, 3)}
    return found


async def _prepare(bootstrap: str, given: Sequence[Load]) -> None:
    settings = ProcessorSettings(topic_prefix=PREFIX)
    await topics.create(bootstrap, PREFIX, 1, extra=faust_topics(settings))
    policy, source = load_file(POLICY)
    await publish(bootstrap, PREFIX, policy_control(policy, source, "the bench's own"))
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", linger_ms=50, max_batch_size=1 << 20
    )
    await producer.start()
    for load in given:
        for body in load.bodies:
            await producer.send(ALERTS.name(PREFIX), body, partition=0, headers=HEADERS)
    await producer.stop()


def _worker(folder: Path, bootstrap: str) -> Child:
    (port,) = ports.choose(1)
    settings = {
        "BOOTSTRAP": bootstrap,
        "TOPIC_PREFIX": PREFIX,
        "TAPE_PARTITIONS": "1",
        "CLUSTER": "demo",
        "DATA_DIR": str(folder / "worker"),
        "WEB_PORT": str(port),
    }
    child = Child(
        "processor",
        [sys.executable, "-m", "deploy.cli.main", "processor"],
        log_file=folder / "processor.log",
        env={**os.environ, **{f"MENDLOG_{key}": value for key, value in settings.items()}},
    )
    child.start()
    wait_until(
        lambda: answers(f"http://{ports.HOST}:{port}/-/ready"),
        timeout_s=WITHIN_S,
        what="the worker to be ready",
        child=child,
    )
    return child


async def _watched(bootstrap: str, given: Sequence[Load], worker: Process) -> dict[str, Any]:
    """The tape's sightings counted up, when the journal was past each of its records, and what the
    worker had spent by then."""
    tape = TopicPartition(TAPE.name(PREFIX), 0)
    state = TopicPartition(journal("decide", "tape").name(PREFIX), 0)
    consumer = plain_consumer(bootstrap)
    await consumer.start()
    consumer.assign([tape, state])
    await consumer.seek_to_beginning(tape, state)
    wanted = sum(load.alerts for load in given)
    counted: list[tuple[int, int]] = []
    decided: list[tuple[int, int]] = []
    spent: list[tuple[int, float]] = []
    seen = 0
    async with asyncio.timeout(WITHIN_S):
        while seen < wanted or not decided or decided[-1][0] < counted[-1][0]:
            found = await consumer.getmany(timeout_ms=int(PATIENCE_S * 1000))
            spent.append((time.time_ns() // 1_000_000, sum(worker.cpu_times()[:2])))
            for record in found.get(tape, ()):
                fact = decode(record.value, TapeRecord)
                if isinstance(fact, TapeRecord) and isinstance(fact.fact, Sightings):
                    seen += fact.fact.count
                    counted.append((record.offset, seen))
            for record in found.get(state, ()):
                if record.key == CURSOR:
                    decided.append((read_entry(record.value).offset, record.timestamp))
    await consumer.stop()
    return rates(given, counted, decided, spent)


def rates(
    given: Sequence[Load],
    counted: Sequence[tuple[int, int]],
    decided: Sequence[tuple[int, int]],
    spent: Sequence[tuple[int, float]],
) -> dict[str, Any]:
    """Per second, and microseconds of CPU for each: of each load, from the cursor that ends the one
    before to that which ends it."""
    ends, total = [], 0
    for load in given:
        total += load.alerts
        ends.append(next(offset for offset, seen in counted if seen >= total))
    begun = next((at for offset, at in decided if offset >= counted[0][0]), decided[0][1])
    found: dict[str, Any] = {}
    for load, end in zip(given, ends, strict=True):
        at = next(at for offset, at in decided if offset >= end)
        found[f"{load.name}_per_s"] = round(load.alerts / max(0.001, (at - begun) / 1000))
        cpu_s = _spent_by(spent, at) - _spent_by(spent, begun)
        found[f"{load.name}_cpu_us"] = round(cpu_s / load.alerts * 1e6, 1)
        begun = at
    return found


def _spent_by(spent: Sequence[tuple[int, float]], at_ms: int) -> float:
    return next((cpu_s for seen_ms, cpu_s in spent if seen_ms >= at_ms), spent[-1][1])


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))
