"""A pod on its node: containers started, reported, and ended in order."""

import asyncio
import shutil

import aiohttp
import structlog

from deploy.sandbox.cluster.kubelet.client import Refused
from deploy.sandbox.cluster.kubelet.container import Container, Means
from deploy.sandbox.cluster.kubelet.nodes import Node
from deploy.sandbox.cluster.kubelet.status import StatusBook
from deploy.sandbox.cluster.objects import Json, annotations, deleting, name

PORT_ANNOTATION = "sandbox.mendlog.io/port"
RETRY_S = 0.2

log = structlog.get_logger()


class PodWorker:
    """Lives from the pod's arrival on the node until its object is gone."""

    def __init__(self, pod: Json, node: Node, means: Means) -> None:
        self._pod = pod
        self._node = node
        self._means = means
        self._changed = asyncio.Event()
        self._leaving = asyncio.Event()
        self._reported: Json | None = None
        self._book = StatusBook(pod)
        self._containers = [
            Container(pod, spec, means, self._changed.set, _runs_before(pod, spec["name"]))
            for spec in pod["spec"]["containers"]
        ]
        self.update(pod)

    def update(self, pod: Json) -> None:
        """The API server has another version of it."""
        self._pod = pod
        if deleting(pod):
            self._leaving.set()

    def report_again(self) -> None:
        """Somebody else may have written the status while the node was cut off."""
        self._reported = None
        self._changed.set()

    async def run(self) -> None:
        """Until it is deleted in good order. When the object just vanishes, cancel and `kill`."""
        await self._node.reachable()
        runs = [asyncio.create_task(container.run()) for container in self._containers]
        reporter = asyncio.create_task(self._report())
        self._changed.set()
        try:
            await self._leaving.wait()
            await self._node.reachable()
            await self._end(runs)
        finally:
            for task in (reporter, *runs):
                task.cancel()
            await asyncio.gather(reporter, *runs, return_exceptions=True)
            self._forget()
        await self._take_leave()

    def kill(self) -> None:
        for container in self._containers:
            container.kill()

    async def _end(self, runs: list[asyncio.Task[None]]) -> None:
        grace_s = self._pod["metadata"].get("deletionGracePeriodSeconds", 0)
        self._means.recorder.note(self._pod, "Normal", "Killing", f"Stopping pod {name(self._pod)}")
        ended = await asyncio.gather(*(one.end(grace_s) for one in self._containers))
        await asyncio.gather(*(run for run, was in zip(runs, ended, strict=True) if was))

    async def _take_leave(self) -> None:
        while True:
            try:
                await self._means.api.report(self._pod, self._book.status_of(self._containers))
                await self._means.api.let_go(self._pod)
            except Refused as refused:
                if refused.code not in (404, 409):
                    log.warning("pod not let go", pod=name(self._pod), why=str(refused))
                return
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def _report(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._node.reachable()
            try:
                await self._report_once()
            except Refused as refused:
                if refused.code not in (404, 409):
                    log.warning("status refused", pod=name(self._pod), why=str(refused))
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(RETRY_S)
                self._changed.set()

    async def _report_once(self) -> None:
        await self._publish_port()
        status = self._book.status_of(self._containers)
        if status != self._reported:
            self._reported = status
            await self._means.api.report(self._pod, status)

    async def _publish_port(self) -> None:
        """Before the pod gets ready, so that whoever sees it ready can reach it."""
        port = next((one.port for one in self._containers if one.port is not None), None)
        if port is not None and annotations(self._pod).get(PORT_ANNOTATION) != str(port):
            await self._means.api.annotate(self._pod, {PORT_ANNOTATION: str(port)})

    def _forget(self) -> None:
        shutil.rmtree(self._means.workspace(self._pod), ignore_errors=True)


def _runs_before(pod: Json, container: str) -> int:
    """What ran under a kubelet before this one died with it, and counts as one restart."""
    for status in pod.get("status", {}).get("containerStatuses", ()):
        if status["name"] == container:
            return status["restartCount"] + 1
    return 0
