"""A container: its process, run again and again, with the probes that watch over it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from deploy.sandbox.cluster.kubelet.client import PodApi
from deploy.sandbox.cluster.kubelet.environment import (
    BadContainer,
    command_of,
    environment_of,
    port_number,
)
from deploy.sandbox.cluster.kubelet.pace import BackOff, Pace
from deploy.sandbox.cluster.kubelet.probes import Probe, check_of
from deploy.sandbox.cluster.kubelet.process import Process, memory_limit_bytes
from deploy.sandbox.cluster.kubelet.recorder import Recorder
from deploy.sandbox.cluster.objects import Json, name, now, time_text
from deploy.sandbox.cluster.pod_logs import log_file
from deploy.sandbox.processes import ChildFailed

NO_GRACE_S = 0.0


@dataclass(frozen=True, slots=True)
class Means:
    """What every container of a kubelet needs to run."""

    api: PodApi
    session: aiohttp.ClientSession
    recorder: Recorder
    logs: Path
    pace: Pace


class Container:
    """`on_change` is called whenever its status is another."""

    def __init__(
        self, pod: Json, spec: Json, means: Means, on_change: Callable[[], None], runs: int = 0
    ) -> None:
        self._pod = pod
        self.spec = spec
        self._means = means
        self._on_change = on_change
        self._back_off = BackOff(means.pace)
        self._process: Process | None = None
        self._ending = False
        self._last_state: Json = {}
        self.state: Json = {"waiting": {"reason": "ContainerCreating"}}
        self.restarts = runs
        self.ready = False
        self.started = False
        self.port: int | None = None
        self.done = False
        """Ended, and not to be started again."""

    @property
    def succeeded(self) -> bool:
        return self.done and self.state["terminated"]["exitCode"] == 0

    def status(self) -> Json:
        return {
            "name": self.spec["name"],
            "image": self.spec["image"],
            "imageID": f"sandbox://{self.spec['image']}",
            "restartCount": self.restarts,
            "ready": self.ready,
            "started": self.started,
            "state": self.state,
            "lastState": self._last_state,
        } | ({"containerID": f"process://{self._process.pid}"} if self._process else {})

    async def run(self) -> None:
        while True:
            began_s = time.monotonic()
            try:
                exit_code = await self._run_once()
            except BadContainer as error:
                self._become({"waiting": {"reason": error.reason, "message": str(error)}})
            else:
                if self._ending or not self._again(exit_code):
                    self.done = True
                    self._on_change()
                    return
            await self._wait(self._back_off.after_run_of(time.monotonic() - began_s))

    async def end(self, grace_s: float) -> None:
        """For good: SIGTERM, and SIGKILL after the grace. `run` returns then."""
        self._ending = True
        if self._process is not None and "running" in self.state:
            await self._process.stop(grace_s)

    def kill(self) -> None:
        self._ending = True
        if self._process is not None:
            self._process.kill()

    async def _run_once(self) -> int:
        self._process = await self._start()
        started_at = time_text(now())
        self.started = not self._has("startupProbe")
        self.ready = self.started and not self._has("readinessProbe")
        self._become({"running": {"startedAt": started_at}})
        exit_code = await self._attended(self._process)
        self.ready, self.started, self.port = False, False, None
        self._become({"terminated": self._obituary(exit_code, started_at)})
        return exit_code

    async def _start(self) -> Process:
        folder = self._means.logs.parent / "run" / self._pod["metadata"]["uid"] / self.spec["name"]
        folder.mkdir(parents=True, exist_ok=True)
        port_file = folder / "port"
        env = await environment_of(self._pod, self.spec, self._means.api, port_file)
        log = log_file(self._means.logs, self._pod, self.spec["name"], self.restarts)
        try:
            process = Process(name(self._pod), command_of(self.spec), env, log, port_file)
        except ChildFailed as error:
            raise BadContainer("RunContainerError", str(error)) from error
        self._note("Normal", "Started", f"Started container {self.spec['name']}")
        return process

    async def _attended(self, process: Process) -> int:
        """Wait for its end, with everything that goes on beside it."""
        attendants = [asyncio.create_task(self._learn_port(process))]
        attendants.append(asyncio.create_task(self._probe(process)))
        limit_bytes = memory_limit_bytes(self.spec)
        if limit_bytes is not None:
            attendants.append(asyncio.create_task(process.keep_within(limit_bytes)))
        try:
            return await process.ended()
        finally:
            for attendant in attendants:
                attendant.cancel()
            await asyncio.gather(*attendants, return_exceptions=True)

    async def _learn_port(self, process: Process) -> None:
        self.port = await process.port()
        self._on_change()

    async def _probe(self, process: Process) -> None:
        if self._has("startupProbe"):
            startup = await self._probe_of("startupProbe", process)
            if not await startup.first():
                await self._restart(process, "Startup", startup)
                return
            self.started = True
            self.ready = not self._has("readinessProbe")
            self._on_change()
        watching = []
        if self._has("readinessProbe"):
            watching.append(self._watch_readiness(process))
        if self._has("livenessProbe"):
            watching.append(self._watch_liveness(process))
        await asyncio.gather(*watching)

    async def _watch_readiness(self, process: Process) -> None:
        probe = await self._probe_of("readinessProbe", process)
        while True:
            await probe.until(not self.ready)
            self.ready = not self.ready
            self._on_change()
            if not self.ready and not self._ending:
                text = f"Readiness probe failed: {probe.last_problem}"
                self._note("Warning", "Unhealthy", text)
            await probe.pause()

    async def _watch_liveness(self, process: Process) -> None:
        probe = await self._probe_of("livenessProbe", process)
        await probe.until(False)
        if not self._ending:
            await self._restart(process, "Liveness", probe)

    async def _restart(self, process: Process, kind: str, probe: Probe) -> None:
        self._note("Warning", "Unhealthy", f"{kind} probe failed: {probe.last_problem}")
        text = f"Container {self.spec['name']} failed {kind.lower()} probe, will be restarted"
        self._note("Normal", "Killing", text)
        await process.stop(self._pod["spec"]["terminationGracePeriodSeconds"])

    async def _probe_of(self, field: str, process: Process) -> Probe:
        spec = self.spec[field]
        port = await self._real_port(spec, process)
        probe = Probe(spec, check_of(spec, port, self._means.session), self._means.pace)
        await probe.delay()
        return probe

    async def _real_port(self, spec: Json, process: Process) -> int:
        """Where the declared port is in truth; others are taken as they are given."""
        wanted = (spec.get("httpGet") or spec.get("tcpSocket") or {}).get("port", 0)
        number = port_number(self.spec, wanted)
        declared = [port["containerPort"] for port in self.spec.get("ports", ())]
        if number is None or number in declared[:1]:
            return await process.port()
        return number

    def _again(self, exit_code: int) -> bool:
        policy = self._pod["spec"]["restartPolicy"]
        return policy == "Always" or (policy == "OnFailure" and exit_code != 0)

    async def _wait(self, wait_s: float) -> None:
        """Before the next run."""
        if wait_s and "terminated" in self.state:
            text = f"back-off {wait_s:g}s restarting failed container={self.spec['name']}"
            self._last_state = self.state
            self._become({"waiting": {"reason": "CrashLoopBackOff", "message": text}})
            self._note("Warning", "BackOff", "Back-off restarting failed container")
        await asyncio.sleep(wait_s)
        if "terminated" in self.state:
            self._last_state = self.state
        if self._process is not None:
            self.restarts += 1
        self._process = None

    def _obituary(self, exit_code: int, started_at: str) -> Json:
        assert self._process is not None
        reason = "Completed" if exit_code == 0 else "Error"
        return {
            "exitCode": exit_code,
            "reason": "OOMKilled" if self._process.out_of_memory else reason,
            "startedAt": started_at,
            "finishedAt": time_text(now()),
            "containerID": f"process://{self._process.pid}",
        }

    def _become(self, state: Json) -> None:
        self.state = state
        self._on_change()

    def _has(self, probe: str) -> bool:
        return probe in self.spec

    def _note(self, kind: str, reason: str, message: str) -> None:
        self._means.recorder.note(self._pod, kind, reason, message)
