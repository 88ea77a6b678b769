"""A storm through HTTP: 100,000 alerts of 200 services, 64 a request, to us and to Alertmanager.

The same client sends the same bodies to both, one after the other, and before them a few others
again and again: a storm comes to a service that has been up for days, and a broker of Java that
has just started still compiles itself. What we accept is on disk when it is answered; what
Alertmanager accepts is in its memory.

    python -m bench.storm
"""

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from aiokafka import TopicPartition

from bench import orders
from bench.calm import calmest
from bench.figures import percentiles
from bench.stack import bench_stack
from bench.throughput import BATCH, SERVICES, alerts
from deploy.sandbox import ports
from deploy.sandbox.processes import Child, wait_until
from deploy.sandbox.stack import Stack, answers
from schemas.codec import decode
from schemas.incidents import Incident
from schemas.topics import INCIDENTS
from streams.read import plain_consumer

ALERTS = int(os.environ.get("BENCH_STORM", "100000"))
SENDERS = 8
WITHIN_S = 300.0
WARM_UP = 640
"""As many alerts of other services are active before the storm,"""
WARM_UP_ROUNDS = 60
"""each sent as often as this."""
ALERTMANAGER = "prometheus-alertmanager"
CONFIG = """
route: {receiver: nobody, group_by: [service], group_wait: 0s}
receivers: [{name: nobody}]
"""


@dataclass(slots=True)
class Sent:
    """What became of the requests of one storm."""

    took_s: float = 0.0
    refused: int = 0
    """Answers 503, each sent again after what `Retry-After` asks for."""
    each_ms: list[float] = field(default_factory=list)


def figures() -> dict[str, Any]:
    bodies = _bodies(alerts(ALERTS, "storm"))
    return calmest("a storm", lambda _number: _round(bodies))


def _bodies(sent: Sequence[dict[str, object]]) -> list[bytes]:
    return [json.dumps(sent[i : i + BATCH]).encode() for i in range(0, len(sent), BATCH)]


async def warm_up(url: str) -> None:
    await send(url, _bodies(alerts(WARM_UP, "warm-up", "warm-up")) * WARM_UP_ROUNDS)


def _round(bodies: Sequence[bytes]) -> dict[str, Any]:
    """We and Alertmanager, one after the other, so that both have the same machine."""
    found = _through_us(bodies)
    if theirs := _through_alertmanager(bodies):
        by = round(found["accepted_per_s"] / theirs["accepted_per_s"], 3)
        found |= {"alertmanager": theirs, "by_alertmanager": by}
        print(f"a storm: {found['accepted_per_s']:,}/s, by Alertmanager's {by}")
    return found


def _through_us(bodies: Sequence[bytes]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="mendlog-bench-") as folder:
        stack = bench_stack(Path(folder))
        stack.start()
        try:
            for name in ("executor", "scraper"):
                stack.processes[name].stop()
            return asyncio.run(_stormed(stack, bodies))
        finally:
            stack.stop()


async def _stormed(stack: Stack, bodies: Sequence[bytes]) -> dict[str, Any]:
    url = f"{stack.url('gateway')}/api/v2/alerts"
    await warm_up(url)
    await asyncio.to_thread(_until_idle, stack)
    place = TopicPartition(INCIDENTS.name(stack.options.prefix), 0)
    consumer = plain_consumer(stack.kafka.bootstrap)
    await consumer.start()
    consumer.assign([place])
    await consumer.seek_to_end(place)
    await consumer.position(place)
    began_s = time.perf_counter()
    following = asyncio.create_task(_until_all_have_an_incident(consumer))
    ordering = asyncio.create_task(orders.decided_ms(stack))
    sent = await send(url, bodies)
    ordering.cancel()
    waited = await ordering
    groups_s = await asyncio.wait_for(following, WITHIN_S) - began_s
    await consumer.stop()
    found = {
        **_told(sent),
        "all_incidents_s": round(groups_s, 2),
        "orders": len(waited),
        "order_ms_max": max(waited, default=None),
        "gateway_mib": _mib(stack.processes["gateway"]),
        "processor_mib": _mib(stack.processes["processor"]),
    }
    await asyncio.to_thread(_until_idle, stack)
    return {**found, **await asyncio.to_thread(_recovered, stack)}


def _until_idle(stack: Stack) -> None:
    """All that was accepted is decided and stored."""
    _wait(lambda: _metric(stack.url("processor"), "mendlog_lag_records") == 0)


def _recovered(stack: Stack) -> dict[str, Any]:
    """Killed with all these alerts active: from its new start until it says that it is ready."""
    found = {"active": ALERTS + WARM_UP}
    for name in ("warm", "cold"):
        stack.processes["processor"].kill()
        if name == "cold":
            shutil.rmtree(stack.folder / "processor")
        began_s = time.perf_counter()
        stack.restart("processor")
        found[f"ready_{name}_s"] = round(time.perf_counter() - began_s, 2)
    return found


async def _until_all_have_an_incident(consumer: Any) -> float:
    services: set[str] = set()
    while len(services) < SERVICES:
        for records in (await consumer.getmany(timeout_ms=200)).values():
            for record in records:
                incident = decode(record.value, Incident)
                if isinstance(incident, Incident):
                    services.add(incident.group.get("service", ""))
    return time.perf_counter()


def _through_alertmanager(bodies: Sequence[bytes]) -> dict[str, Any] | None:
    if shutil.which(ALERTMANAGER) is None:
        print(f"storm: {ALERTMANAGER} is not installed: not measured", file=sys.stderr)
        return None
    (port,) = ports.choose(1)
    url = f"http://{ports.HOST}:{port}"
    with tempfile.TemporaryDirectory(prefix="mendlog-bench-") as folder:
        config = Path(folder) / "alertmanager.yml"
        config.write_text(CONFIG)
        command = [
            ALERTMANAGER,
            f"--config.file={config}",
            f"--storage.path={folder}/data",
            f"--web.listen-address={ports.HOST}:{port}",
            "--cluster.listen-address=",
        ]
        child = Child("alertmanager", command, log_file=Path(folder) / "alertmanager.log")
        child.start()
        try:
            ready = f"{url}/-/ready"
            wait_until(lambda: answers(ready), timeout_s=30, what="alertmanager", child=child)
            asyncio.run(warm_up(f"{url}/api/v2/alerts"))
            _wait(lambda: _groups(url) >= SERVICES)
            began_s = time.perf_counter()
            sent = asyncio.run(send(f"{url}/api/v2/alerts", bodies))
            _wait(lambda: _groups(url) >= 2 * SERVICES)
            groups_s = time.perf_counter() - began_s
            mib = _mib(child)
            return {**_told(sent), "all_groups_s": round(groups_s, 2), "mib": mib}
        finally:
            child.stop()


def _groups(url: str) -> float:
    """By its own metric: a list of the groups would hold all of their alerts."""
    return _metric(url, "alertmanager_dispatcher_aggregation_groups")


def _metric(url: str, name: str) -> float:
    """The sum of it over all of its labels."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    found = re.findall(rf"^{name}(?:\{{[^}}]*\}})? (\S+)$", text, re.MULTILINE)
    return sum(map(float, found))


def _wait(until: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + WITHIN_S
    while not until():
        assert time.monotonic() < deadline_s, "its groups never came"


async def send(url: str, bodies: Sequence[bytes]) -> Sent:
    """As many senders as are usual, each with its next body as soon as it was answered."""
    left: Iterator[bytes] = iter(bodies)
    sent = Sent()
    began_s = time.perf_counter()
    async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}) as session:

        async def go_on() -> None:
            for body in left:
                await _post(session, url, body, sent)

        await asyncio.gather(*(go_on() for _ in range(SENDERS)))
    sent.took_s = time.perf_counter() - began_s
    return sent


async def _post(session: aiohttp.ClientSession, url: str, body: bytes, sent: Sent) -> None:
    while True:
        began_s = time.perf_counter()
        async with session.post(url, data=body) as answer:
            text = await answer.text()
        if answer.status == 200:
            sent.each_ms.append(1000 * (time.perf_counter() - began_s))
            return
        assert answer.status == 503, f"{answer.status}: {text[:200]}"
        sent.refused += 1
        await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))


def _told(sent: Sent) -> dict[str, Any]:
    return {
        "accepted_per_s": round(ALERTS / sent.took_s),
        "request_ms": percentiles(sent.each_ms),
        "refused": sent.refused,
    }


def _mib(child: Child) -> float:
    return round(float(psutil.Process(child.pid).memory_info().rss) / 2**20, 1)


if __name__ == "__main__":
    print(json.dumps(figures(), indent=1))
