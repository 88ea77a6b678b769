"""Samples that one gateway takes by remote-write: from HTTP until the broker has acknowledged them.

The bodies are as Prometheus makes them, and are made before the clock starts: 2,000 samples of
eleven labels, spread over its shards by series, so that a request holds a part of many targets. The
same series come again with each scrape. A gateway remembers what 65,536 series are; of more it has
to read the labels each time, so both are measured. Gateway, broker and sender share the machine.

    python -m bench.remote_write
"""

import asyncio
import json
import os
import struct
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, Self

import aiohttp
import psutil
from aiokafka import TopicPartition
from cramjam import snappy

from bench.calm import calmest
from bench.figures import percentiles
from deploy import topics
from deploy.sandbox import ports
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child, wait_until
from deploy.sandbox.stack import answers
from schemas.codec import decode
from schemas.metrics import Samples
from schemas.topics import METRICS
from streams.ingest.remote_write.write import PATH
from streams.read import places_of, plain_consumer

PREFIX, PARTITIONS = "bench", 4
A_TARGET, A_REQUEST, SHARDS = 200, 2_000, 4
"""Series of a target, samples of a request, and how many requests are under way."""
KNOWN, MANY = 48_000, 128_000
"""Series: as many as a gateway remembers, and twice what it does."""
SERIES, LABELS, SAMPLES = 1, 1, 2
"""Fields of a request, and of a series in it."""
SCRAPES, EVERY_MS = 3, 15_000
WARM_UP_S, LASTS_S, READY_S = 2.0, 5.0, 60.0
HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def figures() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="mendlog-bench-") as name:
        folder = Path(name)
        with Kafka(folder / "kafka") as kafka:
            asyncio.run(topics.create(kafka.bootstrap, PREFIX, PARTITIONS))
            gateway, url = _started(folder, kafka.bootstrap)
            try:
                loads = {"": list(bodies(KNOWN)), "many_": list(bodies(MANY))}
                return calmest(
                    "remote-write",
                    lambda _number: _round(kafka.bootstrap, gateway, url, loads),
                )
            finally:
                gateway.stop()


def _started(folder: Path, bootstrap: str) -> tuple[Child, str]:
    (port,) = ports.choose(1)
    settings = {"BOOTSTRAP": bootstrap, "TOPIC_PREFIX": PREFIX, "PORT": str(port)}
    child = Child(
        "gateway",
        [sys.executable, "-m", "deploy.cli.main", "gateway"],
        log_file=folder / "gateway.log",
        env={**os.environ, **{f"MENDLOG_{key}": value for key, value in settings.items()}},
    )
    child.start()
    url = f"http://{ports.HOST}:{port}"
    ready = f"{url}/-/ready"
    wait_until(lambda: answers(ready), timeout_s=READY_S, what="the gateway", child=child)
    return child, url + PATH


def bodies(series: int) -> Iterator[bytes]:
    """A few scrapes of them; each shard has its own, in the order in which they were scraped."""
    labels = [_labels(number) for number in range(series)]
    now_ms = time.time_ns() // 1_000_000
    for scrape in range(SCRAPES):
        at_ms = now_ms - (SCRAPES - scrape) * EVERY_MS
        written = [one + _sample(number * 1.5, at_ms) for number, one in enumerate(labels)]
        shards = [written[shard::SHARDS] for shard in range(SHARDS)]
        for begin in range(0, series // SHARDS, A_REQUEST):
            for shard in shards:
                yield _packed(shard[begin : begin + A_REQUEST])


def _labels(number: int) -> bytes:
    """Of one series in protobuf, which takes its sample behind them."""
    pod, nth = divmod(number, A_TARGET)
    labels = {
        "__name__": "http_request_duration_seconds_bucket",
        "cluster": "prod-eu",
        "code": str(200 + nth % 5),
        "container": "checkout",
        "instance": f"10.0.{pod // 250}.{pod % 250}:8080",
        "job": "checkout",
        "le": str(nth % 20 / 10),
        "namespace": "shop",
        "path": f"/cart/{nth}",
        "pod": f"checkout-6d9f7c-{pod}",
        "service": "checkout",
    }
    return b"".join(
        _field(LABELS, _field(1, name.encode()) + _field(2, value.encode()))
        for name, value in labels.items()
    )


def _sample(value: float, at_ms: int) -> bytes:
    return _field(SAMPLES, b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(at_ms))


def _packed(series: Sequence[bytes]) -> bytes:
    return bytes(snappy.compress_raw(b"".join(_field(SERIES, one) for one in series)))


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _round(
    bootstrap: str, gateway: Child, url: str, loads: Mapping[str, Sequence[bytes]]
) -> dict[str, Any]:
    process = psutil.Process(gateway.pid)
    found: dict[str, Any] = {}
    for name, sent in loads.items():
        taken = asyncio.run(_taken(bootstrap, process, url, sent))
        found |= {f"{name}{what}": figure for what, figure in taken.items()}
    found["gateway_mib"] = round(process.memory_info().rss / 2**20, 1)
    print(f"remote-write: {found['samples_per_s']:,}/s, of many {found['many_samples_per_s']:,}/s")
    return found


async def _taken(
    bootstrap: str, gateway: psutil.Process, url: str, sent: Sequence[bytes]
) -> dict[str, Any]:
    async with aiohttp.ClientSession(headers=HEADERS) as session, Topic(bootstrap) as topic:
        await _shards(session, url, sent, WARM_UP_S)
        await topic.seek_to_end()
        await _post(session, url, sent[0])
        records_each = await topic.records_of_one()
        began_s, cpu_s = time.perf_counter(), _cpu_s(gateway)
        each_ms = await _shards(session, url, sent, LASTS_S)
        took_s, cpu_s = time.perf_counter() - began_s, _cpu_s(gateway) - cpu_s
        assert await topic.grown() == (len(each_ms) + 1) * records_each, "some are not there"
    samples = len(each_ms) * A_REQUEST
    return {
        "samples_per_s": round(samples / took_s),
        "samples_per_cpu_s": round(samples / cpu_s),
        "request_ms": percentiles(each_ms),
    }


async def _shards(
    session: aiohttp.ClientSession, url: str, sent: Sequence[bytes], lasts_s: float
) -> list[float]:
    """How long each request took; no shard begins another one when the time is over."""
    left, each_ms = cycle(sent), []
    until_s = time.perf_counter() + lasts_s

    async def go_on() -> None:
        while (began_s := time.perf_counter()) < until_s:
            await _post(session, url, next(left))
            each_ms.append(1000 * (time.perf_counter() - began_s))

    await asyncio.gather(*(go_on() for _ in range(SHARDS)))
    return each_ms


async def _post(session: aiohttp.ClientSession, url: str, body: bytes) -> None:
    async with session.post(url, data=body) as answer:
        assert answer.status == 204, await answer.text()


class Topic:
    """Looks whether all that was answered is there: that of one request by reading it, and of the
    others by how many records there are."""

    def __init__(self, bootstrap: str) -> None:
        self._consumer = plain_consumer(bootstrap)
        self._places: list[TopicPartition] = []
        self._began = 0

    async def __aenter__(self) -> Self:
        await self._consumer.start()
        self._places = await places_of(self._consumer, METRICS.name(PREFIX))
        self._consumer.assign(self._places)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def seek_to_end(self) -> None:
        ends = await self._consumer.end_offsets(self._places)
        self._began = sum(ends.values())
        for place, end in ends.items():
            self._consumer.seek(place, end)

    async def grown(self) -> int:
        return sum((await self._consumer.end_offsets(self._places)).values()) - self._began

    async def records_of_one(self) -> int:
        count, samples = 0, 0
        async with asyncio.timeout(READY_S):
            while samples < A_REQUEST:
                for records in (await self._consumer.getmany(timeout_ms=100)).values():
                    for record in records:
                        measured = decode(record.value, Samples)
                        assert isinstance(measured, Samples)
                        count, samples = count + 1, samples + len(measured.samples)
        assert samples == A_REQUEST, f"{samples} samples of {A_REQUEST}"
        self._consumer.unsubscribe()
        return count


def _cpu_s(process: psutil.Process) -> float:
    return float(sum(process.cpu_times()[:2]))


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))
