"""Keeps a worker for every pod on its nodes, by listing and then watching them."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import aiohttp
import structlog

from deploy.sandbox.cluster.kubelet.client import PodApi, Refused, Server
from deploy.sandbox.cluster.kubelet.container import Means
from deploy.sandbox.cluster.kubelet.nodes import SANDBOX_NODES, Node, NodeSpec, keep_leases
from deploy.sandbox.cluster.kubelet.pace import Pace
from deploy.sandbox.cluster.kubelet.pod import PodWorker
from deploy.sandbox.cluster.kubelet.recorder import Recorder
from deploy.sandbox.cluster.objects import Json, ended, name, uid
from deploy.sandbox.cluster.pod_logs import folder_of, forget_oldest, rotate

PODS = "/api/v1/pods"
NODES = "/api/v1/nodes"
RETRY_S = 0.2
TIDY_EVERY_S = 5.0
REQUEST_TIMEOUT = aiohttp.ClientTimeout(total=10)

log = structlog.get_logger()


class Kubelet:
    """One kubelet for several nodes; `data` holds logs and what the processes need."""

    def __init__(
        self,
        server: Server,
        data: Path,
        nodes: Sequence[NodeSpec] = SANDBOX_NODES,
        pace: Pace | None = None,
    ) -> None:
        self._server = server
        self._data = data
        self._nodes = {spec.name: Node(spec) for spec in nodes}
        self._pace = pace or Pace()
        self._pods: dict[str, Json] = {}
        self._workers: dict[str, PodWorker] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def run(self, registered: asyncio.Event | None = None) -> None:
        """For ever; `registered` is set once the nodes are known to the API server."""
        async with aiohttp.ClientSession(timeout=REQUEST_TIMEOUT) as session:
            api = PodApi(self._server, session)
            recorder = Recorder(api)
            means = Means(api, session, recorder, self._data, self._pace)
            means.logs.mkdir(parents=True, exist_ok=True)
            for node in self._nodes.values():
                await node.register(api)
            if registered is not None:
                registered.set()
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(recorder.run())
                    group.create_task(keep_leases([*self._nodes.values()], api))
                    group.create_task(_follow(api, NODES, self._see_node, self._see_all_nodes))
                    group.create_task(
                        _follow(
                            api,
                            PODS,
                            lambda event: self._see_pod(event, means),
                            lambda pods: self._see_all_pods(pods, means),
                        )
                    )
                    group.create_task(self._tidy(means.logs))
            finally:
                self._kill_everything()

    def _see_node(self, event: Json) -> None:
        node = self._nodes.get(name(event["object"]))
        if node is not None and event["type"] != "DELETED" and node.seen(event["object"]):
            for key, worker in self._workers.items():
                if self._pods[key]["spec"]["nodeName"] == node.spec.name:
                    worker.report_again()

    def _see_all_nodes(self, nodes: list[Json]) -> None:
        for obj in nodes:
            self._see_node({"type": "MODIFIED", "object": obj})

    def _see_pod(self, event: Json, means: Means) -> None:
        pod = event["object"]
        if event["type"] == "DELETED":
            self._lose(uid(pod))
        elif pod["spec"].get("nodeName") in self._nodes:
            self._have(pod, means)

    def _see_all_pods(self, pods: list[Json], means: Means) -> None:
        present = {uid(pod) for pod in pods}
        for gone in self._workers.keys() - present:
            self._lose(gone)
        for pod in pods:
            self._see_pod({"type": "MODIFIED", "object": pod}, means)

    def _have(self, pod: Json, means: Means) -> None:
        key = uid(pod)
        if key in self._workers:
            self._workers[key].update(pod)
        elif not ended(pod):
            worker = PodWorker(pod, self._nodes[pod["spec"]["nodeName"]], means)
            self._workers[key] = worker
            self._tasks[key] = asyncio.create_task(worker.run())
        self._pods[key] = pod

    def _lose(self, key: str) -> None:
        """The object is gone. In good order the worker has ended by then."""
        self._pods.pop(key, None)
        worker, task = self._workers.pop(key, None), self._tasks.pop(key, None)
        if worker is not None and task is not None and not task.done():
            worker.kill()
            task.cancel()

    def _kill_everything(self) -> None:
        for key in list(self._workers):
            self._lose(key)

    async def _tidy(self, logs: Path) -> None:
        while True:
            await asyncio.sleep(TIDY_EVERY_S)
            alive = {folder_of(logs, pod) for pod in self._pods.values()}
            for folder in alive:
                for file in folder.glob("*/*.log"):
                    rotate(file)
            forget_oldest(logs, alive)


async def _follow(
    api: PodApi,
    path: str,
    see: Callable[[Json], None],
    see_all: Callable[[list[Json]], None],
) -> None:
    """List, watch from there, and begin again whenever that breaks."""
    while True:
        try:
            objects, version = await api.all(path)
            see_all(objects)
            async for event in api.watch(path, version):
                see(event)
        except (Refused, aiohttp.ClientError, OSError) as error:
            log.info("following again", path=path, why=str(error))
            await asyncio.sleep(RETRY_S)
