"""What the watcher's process takes of memory with 5,000 pods as large as real ones.

    python -m tests.deploy.watcher_size     # how `make bench` asks

The API server is pretended, by HTTP: it lists the pods in pages and then changes each of them once.
"""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from deploy.sandbox import ports
from deploy.sandbox.kafka import Kafka
from schemas.topics import ALERTS, CONTROLS
from streams.ingest.formats.catalog import read
from tests.streams.ingest.kubernetes.objects import NOON, ended, pod, status, waiting
from tests.streams.ingest.topics import create_topics, header, records_of, until

PODS = 5_000
BAD_EVERY = 10
CHANGES = 5_000
OVER = web.AppKey("over", asyncio.Event)
FIELDS = {f"f:field-{number}": {"f:value": {}, ".": {}} for number in range(60)}


def large_pod(number: int, restarts: int = 3) -> dict[str, Any]:
    loop = waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container=main " * 3)
    bad = number % BAD_EVERY == 0
    one = pod(
        f"checkout-7d4b9c6f5-{number:05}",
        uid=f"0b9c1d7e-{number:05}",
        containers=[
            status(restarts=restarts, last=ended(), **(loop if bad else {})),
            status("proxy"),
        ],
    )
    one["metadata"]["resourceVersion"] = str(number + 1)
    writer = {"manager": "kubelet", "operation": "Update", "time": NOON, "fieldsV1": FIELDS}
    one["metadata"]["managedFields"] = [writer, writer, writer]
    return one


async def serve(request: web.Request) -> web.StreamResponse:
    query, whole = request.query, request.path == "/api/v1/pods"
    if "watch" in query:
        return await follow(request, CHANGES if whole else 0)
    begin, limit = int(query.get("continue", 0)), int(query["limit"])
    end = min(begin + limit, PODS) if whole else 0
    meta = {"resourceVersion": str(PODS), "continue": str(end) if whole and end < PODS else ""}
    items = [large_pod(number) for number in range(begin, end)]
    return web.json_response({"kind": "PodList", "metadata": meta, "items": items})


async def follow(request: web.Request, changes: int) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for number in range(changes):
        one = large_pod(number % PODS, restarts=4)
        one["metadata"]["resourceVersion"] = str(PODS + number)
        await response.write(json.dumps({"type": "MODIFIED", "object": one}).encode() + b"\n")
    await request.app[OVER].wait()
    return response


def peak_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(peak) / 1024


async def peak_mib_following(bootstrap: str, prefix: str) -> float:
    """The most that a watcher had taken when it had heard of all changes, and told all troubles."""
    await create_topics(bootstrap, prefix, ALERTS, CONTROLS)
    app = web.Application()
    app.router.add_get("/{path:.+}", serve)
    app[OVER] = asyncio.Event()
    (web_port,) = ports.choose(1)
    async with TestServer(app) as server:
        settings = {
            "MENDLOG_BOOTSTRAP": bootstrap,
            "MENDLOG_TOPIC_PREFIX": prefix,
            "MENDLOG_CLUSTER": "eu",
            "MENDLOG_CLUSTERS": json.dumps({"eu": {"url": str(server.make_url("/"))}}),
            "MENDLOG_REPEAT_S": "1",
            "MENDLOG_WEB_PORT": str(web_port),
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "deploy.cli.main", "watcher"), env={**os.environ, **settings}
        )

        async def heard_all() -> bool:
            assert process.returncode is None
            url = f"http://127.0.0.1:{web_port}/metrics"
            try:
                async with aiohttp.ClientSession() as http, http.get(url) as answer:
                    page = await answer.text()
            except aiohttp.ClientConnectionError:
                return False
            return f'mendlog_watcher_changes_total{{kind="pods"}} {CHANGES:.1f}' in page

        async def all_told() -> bool:
            seen: set[str] = set()
            for record in await records_of(bootstrap, prefix, ALERTS):
                found = read(record.value, "", header(record, "format"), record.timestamp)
                seen |= {one.labels["pod"] for one in found.sightings}
            return len(seen) == PODS // BAD_EVERY

        try:
            await until(heard_all)
            await until(all_told)
            return peak_mib(process.pid)
        finally:
            app[OVER].set()
            process.kill()
            await process.wait()


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="mendlog-") as folder, Kafka(Path(folder)) as kafka:
        taken = asyncio.run(peak_mib_following(kafka.bootstrap, "size"))
    print(json.dumps({"pods": PODS, "changes": CHANGES, "mib_max": round(taken, 1)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
