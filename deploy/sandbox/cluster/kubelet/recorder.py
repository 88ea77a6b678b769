"""Events about pods, sent in the background: no pod waits for them, and none piles up."""

import asyncio

import aiohttp

from deploy.sandbox.cluster.kubelet.client import MANAGER, PodApi, Refused
from deploy.sandbox.cluster.objects import Json, name, namespace, now, time_text, uid

WAITING_MAX = 200


class Recorder:
    def __init__(self, api: PodApi) -> None:
        self._api = api
        self._waiting: asyncio.Queue[tuple[str, Json]] = asyncio.Queue(WAITING_MAX)

    def note(self, pod: Json, kind: str, reason: str, message: str) -> None:
        """Dropped when too many are waiting."""
        at = time_text(now())
        event = {
            "metadata": {"generateName": f"{name(pod)}."},
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": name(pod),
                "namespace": namespace(pod),
                "uid": uid(pod),
            },
            "type": kind,
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": at,
            "lastTimestamp": at,
            "source": {"component": MANAGER, "host": pod["spec"]["nodeName"]},
        }
        try:
            self._waiting.put_nowait((namespace(pod), event))
        except asyncio.QueueFull:
            pass

    async def run(self) -> None:
        while True:
            space, event = await self._waiting.get()
            try:
                await self._api.create(f"/api/v1/namespaces/{space}/events", event)
            except (Refused, aiohttp.ClientError, TimeoutError):  # best effort, as real ones are
                continue
