"""A container: its process, run again and again until the pod has to go."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from deploy.sandbox.cluster.kubelet.client import PodApi
from deploy.sandbox.cluster.kubelet.environment import BadContainer, command_of, environment_of
from deploy.sandbox.cluster.kubelet.health import Health
from deploy.sandbox.cluster.kubelet.pace import BackOff, Pace
from deploy.sandbox.cluster.kubelet.process import Process, memory_limit_bytes
from deploy.sandbox.cluster.kubelet.recorder import Recorder
from deploy.sandbox.cluster.objects import Json, name, now, time_text, uid
from deploy.sandbox.cluster.pod_logs import log_file
from deploy.sandbox.processes import ChildFailed


@dataclass(frozen=True, slots=True)
class Means:
    """What every container of a kubelet needs to run."""

    api: PodApi
    session: aiohttp.ClientSession
    recorder: Recorder
    data: Path
    pace: Pace

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    def workspace(self, pod: Json) -> Path:
        """The pod's own folder, which goes with it."""
        return self.data / "run" / uid(pod)


class Container:
    """`on_change` is called whenever its status is another; `runs` is how often it ran before."""

    def __init__(
        self, pod: Json, spec: Json, means: Means, on_change: Callable[[], None], runs: int = 0
    ) -> None:
        self._pod = pod
        self.spec = spec
        self._means = means
        self._on_change = on_change
        self._back_off = BackOff(means.pace)
        self._process: Process | None = None
        self._health: Health | None = None
        self._ending = False
        self._state: Json = {"waiting": {"reason": "ContainerCreating"}}
        self._last_state: Json = {}
        self.restarts = runs
        self.port: int | None = None
        self.done = False
        """Ended, and not to be started again."""

    @property
    def waiting(self) -> bool:
        return "waiting" in self._state

    @property
    def ready(self) -> bool:
        return self._health is not None and self._health.ready

    @property
    def succeeded(self) -> bool:
        return self.done and self._state["terminated"]["exitCode"] == 0

    def status(self) -> Json:
        return {
            "name": self.spec["name"],
            "image": self.spec["image"],
            "imageID": f"sandbox://{self.spec['image']}",
            "restartCount": self.restarts,
            "ready": self.ready,
            "started": self._health is not None and self._health.started,
            "state": self._state,
            "lastState": self._last_state,
        } | ({"containerID": _id(self._process)} if self._process else {})

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

    async def end(self, grace_s: float) -> bool:
        """For good: SIGTERM, and SIGKILL after the grace. True when there was something to end,
        and `run` therefore returns."""
        self._ending = True
        if self._process is None or self._health is None:
            return False
        await self._process.stop(grace_s)
        return True

    def kill(self) -> None:
        self._ending = True
        if self._process is not None:
            self._process.kill()

    async def _run_once(self) -> int:
        process = self._process = await self._start()
        means = self._means
        self._health = Health(self.spec, process, means.session, means.pace, self._on_change)
        started_at = time_text(now())
        self._note("Normal", "Started", f"Started container {self.spec['name']}")
        self._become({"running": {"startedAt": started_at}})
        exit_code = await self._attended(process)
        self._health, self.port = None, None
        self._become({"terminated": _obituary(process, exit_code, started_at)})
        return exit_code

    async def _start(self) -> Process:
        folder = self._means.workspace(self._pod) / self.spec["name"]
        folder.mkdir(parents=True, exist_ok=True)
        port_file = folder / "port"
        env = await environment_of(self._pod, self.spec, self._means.api, port_file)
        log = log_file(self._means.logs, self._pod, self.spec["name"], self.restarts)
        try:
            return Process(name(self._pod), command_of(self.spec), env, log, port_file)
        except ChildFailed as error:
            raise BadContainer("RunContainerError", str(error)) from error

    async def _attended(self, process: Process) -> int:
        """Wait for its end, with everything that goes on beside it."""
        beside = [self._learn_port(process), self._watch_health(process)]
        limit_bytes = memory_limit_bytes(self.spec)
        if limit_bytes is not None:
            beside.append(process.keep_within(limit_bytes))
        attendants = [asyncio.create_task(attendant) for attendant in beside]
        try:
            return await process.ended()
        finally:
            for attendant in attendants:
                attendant.cancel()
            await asyncio.gather(*attendants, return_exceptions=True)

    async def _learn_port(self, process: Process) -> None:
        self.port = await process.port()
        self._on_change()

    async def _watch_health(self, process: Process) -> None:
        assert self._health is not None
        why = await self._health.watch()
        if self._ending:
            return
        self._note("Warning", "Unhealthy", why)
        self._note("Normal", "Killing", f"Container {self.spec['name']} will be restarted")
        await process.stop(self._pod["spec"]["terminationGracePeriodSeconds"])

    def _again(self, exit_code: int) -> bool:
        policy = self._pod["spec"]["restartPolicy"]
        return policy == "Always" or (policy == "OnFailure" and exit_code != 0)

    async def _wait(self, wait_s: float) -> None:
        """Before the next run."""
        if "terminated" in self._state:
            self._last_state = self._state
            if wait_s:
                text = f"back-off {wait_s:g}s restarting failed container={self.spec['name']}"
                self._become({"waiting": {"reason": "CrashLoopBackOff", "message": text}})
                self._note("Warning", "BackOff", "Back-off restarting failed container")
        await asyncio.sleep(wait_s)
        if self._process is not None:
            self.restarts += 1
            self._process = None

    def _become(self, state: Json) -> None:
        self._state = state
        self._on_change()

    def _note(self, kind: str, reason: str, message: str) -> None:
        self._means.recorder.note(self._pod, kind, reason, message)


def _id(process: Process) -> str:
    return f"process://{process.pid}"


def _obituary(process: Process, exit_code: int, started_at: str) -> Json:
    reason = "Completed" if exit_code == 0 else "Error"
    return {
        "exitCode": exit_code,
        "reason": "OOMKilled" if process.out_of_memory else reason,
        "startedAt": started_at,
        "finishedAt": time_text(now()),
        "containerID": _id(process),
    }
