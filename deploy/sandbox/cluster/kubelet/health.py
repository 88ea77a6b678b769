"""Whether one run of a container is started and ready, and when it has to be given up."""

import asyncio
from collections.abc import Callable

import aiohttp

from deploy.sandbox.cluster.kubelet.environment import port_number
from deploy.sandbox.cluster.kubelet.pace import Pace
from deploy.sandbox.cluster.kubelet.probes import Probe, check_of
from deploy.sandbox.cluster.kubelet.process import Process
from deploy.sandbox.cluster.objects import Json


class Health:
    """`on_change` is called whenever `started` or `ready` is another."""

    def __init__(
        self,
        container: Json,
        process: Process,
        session: aiohttp.ClientSession,
        pace: Pace,
        on_change: Callable[[], None],
    ) -> None:
        self._container = container
        self._process = process
        self._session = session
        self._pace = pace
        self._on_change = on_change
        self.started = "startupProbe" not in container
        self.ready = self.started and "readinessProbe" not in container

    async def watch(self) -> str:
        """Until the run has to be given up; the answer is why."""
        if not self.started:
            probe = await self._probe("startupProbe")
            if not await probe.first_verdict():
                return f"Startup probe failed: {probe.last_problem}"
            self.started = True
            self.ready = "readinessProbe" not in self._container
            self._on_change()
        readiness = asyncio.create_task(self._follow_readiness())
        try:
            return await self._until_dead()
        finally:
            readiness.cancel()

    async def _follow_readiness(self) -> None:
        if "readinessProbe" not in self._container:
            return
        probe = await self._probe("readinessProbe")
        while True:
            await probe.until(not self.ready)
            self.ready = not self.ready
            self._on_change()
            await probe.pause()

    async def _until_dead(self) -> str:
        if "livenessProbe" not in self._container:
            await asyncio.Event().wait()
        probe = await self._probe("livenessProbe")
        await probe.until(False)
        return f"Liveness probe failed: {probe.last_problem}"

    async def _probe(self, field: str) -> Probe:
        """Ready to ask: the port is known and the initial delay is over."""
        spec = self._container[field]
        check = check_of(spec, await self._real_port(spec), self._session)
        probe = Probe(spec, check, self._pace)
        await probe.delay()
        return probe

    async def _real_port(self, spec: Json) -> int:
        """Where the declared port is in truth; others are taken as they are given."""
        wanted = (spec.get("httpGet") or spec.get("tcpSocket") or {}).get("port", 0)
        number = port_number(self._container, wanted)
        declared = [port["containerPort"] for port in self._container.get("ports", ())]
        if number is None or number in declared[:1]:
            return await self._process.port()
        return number
