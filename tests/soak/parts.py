"""The stack that is hurt: two processors, a wire before the cluster, somebody who is told."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from deploy.sandbox import ports
from deploy.sandbox.broker_settings import BACK_SOON
from deploy.sandbox.cluster.manifests import NAMESPACE
from deploy.sandbox.kafka import Kafka
from deploy.sandbox.processes import Child, stop_all
from deploy.sandbox.stack import Options, Stack
from deploy.sandbox.workloads import create
from tests.deploy.sandbox.cluster.workloads import deployment
from tests.faults.executor_wire import Wire
from tests.remediators.notify.vendors import Vendors, standing_in
from tests.soak.load import deployments

POLICY = Path(__file__).parent / "policy.yaml"
PARTITIONS = 4
SESSION_TIMEOUT_S = 6.0
EXECUTOR = {"MENDLOG_ACTIONS_PER_HOUR_MAX": "3000"}
NOTIFIER = """
default_receiver: team
channels:
  hook: {{kind: webhook, url: "{url}", per_minute: 1000}}
receivers:
  team: [{{channels: [hook]}}]
"""
SECOND = "processor-b"
PROBE_S = 2.0
TEND_S = 0.2


class Parts:
    """Made by `running`, which also clears up after it."""

    def __init__(self, stack: Stack, wire: Wire, vendors: Vendors) -> None:
        self.stack, self.wire, self.vendors = stack, wire, vendors
        self.children: dict[str, Child] = {}
        self.urls: dict[str, str] = {}
        self.ended_itself: Counter[str] = Counter()
        """As a part does that has lost its broker; like whatever was killed it is started again."""
        self._killed: set[str] = set()
        self._http: aiohttp.ClientSession | None = None

    async def start(self, http: aiohttp.ClientSession) -> None:
        stack, self._http = self.stack, http
        for name in deployments():
            await asyncio.to_thread(create, stack.cluster.access, sleepers(name))
        through_the_wire = {"MENDLOG_CLUSTERS": json.dumps({"demo": {"url": self.wire.url}})}
        await asyncio.to_thread(stack.restart, "executor", through_the_wire)
        await asyncio.to_thread(stack.processes.pop("scraper").stop)
        self.children = {**stack.processes, SECOND: self._second()}
        self.urls = {name: stack.url(name) for name in stack.processes} | self.urls
        self.children[SECOND].start()
        await self.until_ready(SECOND)

    async def tend(self) -> None:
        """Whoever is not there is started again, as a cluster would; for ever."""
        while True:
            for name, child in self.children.items():
                if not child.alive:
                    self.ended_itself[name] += name not in self._killed
                    self._killed.discard(name)
                    child.start()
            await asyncio.sleep(TEND_S)

    async def kill(self, name: str) -> None:
        self._killed.add(name)
        await asyncio.to_thread(self.children[name].kill)

    async def until_ready(self, name: str) -> None:
        while not await self.is_ready(name):  # noqa: ASYNC110
            await asyncio.sleep(TEND_S)

    async def is_ready(self, name: str) -> bool:
        return await self._get(f"{self.urls[name]}/-/ready") is not None

    async def metric(self, name: str, metric: str) -> float | None:
        """The sum over all of its labels; None where nobody answers."""
        text = await self._get(f"{self.urls[name]}/metrics")
        if text is None:
            return None
        lines = [
            line for line in text.splitlines() if line.startswith((f"{metric} ", f"{metric}{{"))
        ]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    async def lag(self) -> float | None:
        """Of both processors; each knows that of its own partitions."""
        each = [await self.metric(n, "mendlog_lag_records") for n in ("processor", SECOND)]
        known = [lag for lag in each if lag is not None]
        return sum(known) if len(known) == len(each) else None

    async def stop(self) -> None:
        """All that is ours, so that nothing is under way; the broker stays."""
        await asyncio.gather(
            *(asyncio.to_thread(stop_all, [child]) for child in self.children.values())
        )

    async def _get(self, url: str) -> str | None:
        assert self._http is not None
        try:
            async with self._http.get(url) as answer:
                return await answer.text() if answer.status == 200 else None
        except (aiohttp.ClientError, TimeoutError):
            return None

    def _second(self) -> Child:
        first, folder = self.stack.processes["processor"], self.stack.folder
        (port,) = ports.choose(1)
        self.urls[SECOND] = f"http://{ports.HOST}:{port}"
        own = {"MENDLOG_WEB_PORT": str(port), "MENDLOG_DATA_DIR": str(folder / SECOND)}
        assert first.env is not None
        return Child(
            SECOND, first.argv, log_file=folder / "logs" / f"{SECOND}.log", env={**first.env, **own}
        )


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Parts]:
    async with AsyncExitStack() as afterwards:
        vendors = await afterwards.enter_async_context(standing_in())
        file = folder / "notifier.yaml"
        file.write_text(NOTIFIER.format(url=vendors.webhook.url))
        stack = Stack(folder, options(file))
        stack.kafka = Kafka(folder / "kafka", settings=BACK_SOON)
        afterwards.push_async_callback(asyncio.to_thread, stack.stop)
        await asyncio.to_thread(stack.start)
        wire = Wire(stack.cluster.url)
        await wire.start()
        afterwards.push_async_callback(wire.stop)
        timeout = aiohttp.ClientTimeout(total=PROBE_S)
        http = await afterwards.enter_async_context(aiohttp.ClientSession(timeout=timeout))
        parts = Parts(stack, wire, vendors)
        afterwards.push_async_callback(parts.stop)
        await parts.start(http)
        yield parts


def sleepers(name: str) -> dict[str, Any]:
    """Three pods that cost next to nothing, and may be replaced one by one."""
    body = deployment(name, replicas=3, strategy={"rollingUpdate": {"maxUnavailable": 0}})
    meta = {**body["metadata"], "namespace": NAMESPACE}
    return {**body, "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta}


def options(notifier_file: Path) -> Options:
    return Options(
        policy=POLICY,
        notifier_file=notifier_file,
        tape_partitions=PARTITIONS,
        session_timeout_s=SESSION_TIMEOUT_S,
        environment={"executor": EXECUTOR},
    )
