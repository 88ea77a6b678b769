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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer, TopicPartition
from psutil import Process

from bench import bare, quix
from bench.calm import calmest
from bench.stack import POLICY
from bench.throughput import alerts
from deploy import topics
from deploy.faust_topics import faust_topics
from deploy.sandbox import ports
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child, stop_all, wait_until
from deploy.sandbox.stack import answers
from schemas.codec import decode
from schemas.tape import Sightings, TapeRecord
from schemas.topics import ALERTS, TAPE, journal, partition_for
from streams.controls import policy_control, publish
from streams.host.entries import CURSOR, read_entry
from streams.ingest.formats.alertmanager import API_V2
from streams.policy.load import load_file
from streams.read import plain_consumer
from streams.settings import ProcessorSettings

DISTINCT = int(os.environ.get("BENCH_DISTINCT", "10000"))
REPEATS = int(os.environ.get("BENCH_REPEATS", "15"))
SINGLES = int(os.environ.get("BENCH_SINGLES", "20000"))
DELIVERY = 64
WITHIN_S = 300.0
LATE_MS = 50
"""How long after the first decision the first look at the workers may be."""
PATIENCE_S = 0.5
HEADERS = [("source", b"bench"), ("format", API_V2.encode())]
CLUSTERS = ("demo", "prod")
"""Each has a tape of its own where there are two."""
PLAIN_AGENTS = "observe,relay,decide"
assert {partition_for(name, 2) for name in CLUSTERS} == {0, 1}


@dataclass(frozen=True, slots=True)
class Load:
    """Deliveries that are alike, and how many alerts they hold together."""

    name: str
    bodies: Sequence[bytes]
    counts: Sequence[int]
    """Of the alerts in each."""

    @property
    def alerts(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Trial:
    """Workers of one kind on topics of their own."""

    prefix: str
    program: tuple[str, ...] = ("deploy.cli.main", "processor")
    agents: str = ProcessorSettings().agents
    workers: int = 1
    partitions: int = 1

    def clusters(self) -> list[str]:
        """By tape partition."""
        return sorted(CLUSTERS[: self.partitions], key=lambda c: partition_for(c, self.partitions))


def loads() -> list[Load]:
    seen = alerts(DISTINCT, "known")
    parts = [seen[i : i + DELIVERY] for i in range(0, len(seen), DELIVERY)]
    bodies, counts = [json.dumps(part).encode() for part in parts], [len(part) for part in parts]
    singles = [json.dumps([alert]).encode() for alert in seen]
    singles = [singles[n % len(singles)] for n in range(SINGLES)]
    return [
        Load("first", bodies, counts),
        Load("repeats", bodies * REPEATS, counts * REPEATS),
        Load("single", singles, [1] * len(singles)),
    ]


def figures() -> dict[str, Any]:
    given = loads()
    with tempfile.TemporaryDirectory(prefix="mendlog-bench-") as folder:
        kafka = Kafka(Path(folder) / "kafka")
        kafka.start()
        try:
            found = calmest(
                "a worker", lambda number: _round(number, kafka.bootstrap, Path(folder), given)
            )
            found["plain_feed"] = run(kafka.bootstrap, Path(folder), given, PLAIN)
            for workers in (1, 2):
                trial = Trial(f"bench-{workers}-workers", workers=workers, partitions=2)
                found[f"workers_{workers}"] = run(kafka.bootstrap, Path(folder), given, trial)
            return found
        finally:
            kafka.stop()


def _round(number: int, bootstrap: str, folder: Path, given: Sequence[Load]) -> dict[str, Any]:
    """We and the others, one after another, so that all have the same machine."""
    ours = run(bootstrap, folder, given, Trial(f"bench-{number}"))
    found = {**ours, **_others(bootstrap, folder, ours["repeats_per_s"], number)}
    told = ("repeats_per_s", "bare_per_s", "by_bare", "quix_per_s", "by_quix")
    print("a worker: " + ", ".join(f"{k} {found.get(k)}" for k in told))
    return found


PLAIN = Trial("bench-plain", ("bench.plain_feed",), agents=PLAIN_AGENTS)


def run(bootstrap: str, folder: Path, given: Sequence[Load], trial: Trial) -> dict[str, Any]:
    asyncio.run(_prepare(bootstrap, given, trial))
    workers: list[Child] = []
    try:
        for number in range(trial.workers):
            workers.append(_started(folder / f"{trial.prefix}-{number}", bootstrap, trial))
        return asyncio.run(_watched(bootstrap, given, trial, [Process(w.pid) for w in workers]))
    finally:
        stop_all(workers)


def _others(bootstrap: str, folder: Path, ours: int, number: int) -> dict[str, Any]:
    """The same alerts, one a record, each as often as with us."""
    sent = alerts(DISTINCT, "known") * (REPEATS + 1)
    topic = f"bench-bare-{number}"
    asyncio.run(bare.load(bootstrap, topic, sent))
    bare_per_s = asyncio.run(bare.alerts_per_s(bootstrap, topic, len(sent), tells=False))
    found: dict[str, Any] = {
        "bare_per_s": round(bare_per_s),
        "by_bare": round(ours / bare_per_s, 3),
    }
    if quix_per_s := quix.per_s(bootstrap, f"bench-quix-{number}", sent, folder / f"quix-{number}"):
        found |= {"quix_per_s": quix_per_s, "by_quix": round(ours / quix_per_s, 3)}
    return found


async def _prepare(bootstrap: str, given: Sequence[Load], trial: Trial) -> None:
    settings = ProcessorSettings(topic_prefix=trial.prefix)
    await topics.create(bootstrap, trial.prefix, trial.partitions, extra=faust_topics(settings))
    policy, source = load_file(POLICY)
    await publish(bootstrap, trial.prefix, policy_control(policy, source, "the bench's own"))
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", linger_ms=50, max_batch_size=1 << 20
    )
    await producer.start()
    bound = [[*HEADERS, ("cluster", name.encode())] for name in trial.clusters()]
    for load in given:
        for number, body in enumerate(load.bodies):
            p = number % trial.partitions
            await producer.send(ALERTS.name(trial.prefix), body, partition=p, headers=bound[p])
    await producer.stop()


def _started(folder: Path, bootstrap: str, trial: Trial) -> Child:
    (port,) = ports.choose(1)
    settings = {
        "BOOTSTRAP": bootstrap,
        "TOPIC_PREFIX": trial.prefix,
        "TAPE_PARTITIONS": str(trial.partitions),
        "AGENTS": trial.agents,
        "DATA_DIR": str(folder),
        "WEB_PORT": str(port),
    }
    child = Child(
        folder.name,
        [sys.executable, "-m", *trial.program],
        log_file=folder.with_suffix(".log"),
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


@dataclass(slots=True)
class Seen:
    """Of one partition: the tape's sightings counted up, and when the journal was past each of its
    records."""

    counted: list[tuple[int, int]] = field(default_factory=list)
    decided: list[tuple[int, int]] = field(default_factory=list)

    def fact(self, record: Any) -> None:
        fact = decode(record.value, TapeRecord)
        if isinstance(fact, TapeRecord) and isinstance(fact.fact, Sightings):
            self.counted.append((record.offset, self.count + fact.fact.count))

    def entry(self, record: Any) -> None:
        if record.key == CURSOR:
            self.decided.append((read_entry(record.value).offset, record.timestamp))

    @property
    def count(self) -> int:
        return self.counted[-1][1] if self.counted else 0

    def is_past(self, count: int) -> bool:
        return self.count >= count and self.at_ms(count) is not None

    def at_ms(self, count: int) -> int | None:
        """When so many alerts were decided."""
        end = next((offset for offset, seen in self.counted if seen >= count), None)
        return next((at for offset, at in self.decided if end is not None and offset >= end), None)


async def _watched(
    bootstrap: str, given: Sequence[Load], trial: Trial, workers: Sequence[Process]
) -> dict[str, Any]:
    tape, state = TAPE.name(trial.prefix), journal("decide", "tape").name(trial.prefix)
    places = [TopicPartition(topic, p) for topic in (tape, state) for p in range(trial.partitions)]
    consumer = plain_consumer(bootstrap)
    await consumer.start()
    consumer.assign(places)
    await consumer.seek_to_beginning(*places)
    seen = [Seen() for _ in range(trial.partitions)]
    spent: list[tuple[int, float]] = []
    wanted = _ends(given, trial)[-1]
    async with asyncio.timeout(WITHIN_S):
        while not all(one.is_past(count) for one, count in zip(seen, wanted, strict=True)):
            found = await consumer.getmany(timeout_ms=int(PATIENCE_S * 1000))
            cpu_s = sum(sum(worker.cpu_times()[:2]) for worker in workers)
            spent.append((time.time_ns() // 1_000_000, cpu_s))
            for place, records in found.items():
                one = seen[place.partition]
                for record in records:
                    (one.fact if place.topic == tape else one.entry)(record)
    await consumer.stop()
    return rates(given, trial, seen, spent)


def _ends(given: Sequence[Load], trial: Trial) -> list[list[int]]:
    """How many alerts each partition has had by the end of each load."""
    ends, so_far = [], [0] * trial.partitions
    for load in given:
        for p in range(trial.partitions):
            so_far[p] += sum(load.counts[p :: trial.partitions])
        ends.append(list(so_far))
    return ends


def rates(
    given: Sequence[Load], trial: Trial, seen: Sequence[Seen], spent: Sequence[tuple[int, float]]
) -> dict[str, Any]:
    """Per second, and microseconds of CPU for each: of each load, from the cursor that ends the one
    before to that which ends it, on all partitions."""
    begun = min(one.decided[0][1] for one in seen)
    found: dict[str, Any] = {}
    for load, ends in zip(given, _ends(given, trial), strict=True):
        at = max(one.at_ms(count) or 0 for one, count in zip(seen, ends, strict=True))
        found[f"{load.name}_per_s"] = round(load.alerts / max(0.001, (at - begun) / 1000))
        if spent[0][0] <= begun + LATE_MS:  # Else nobody knows what it had cost by then.
            cpu_s = _spent_by(spent, at) - _spent_by(spent, begun)
            found[f"{load.name}_cpu_us"] = round(cpu_s / load.alerts * 1e6, 1)
        begun = at
    return found


def _spent_by(spent: Sequence[tuple[int, float]], at_ms: int) -> float:
    return next((cpu_s for seen_ms, cpu_s in spent if seen_ms >= at_ms), spent[-1][1])


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))
