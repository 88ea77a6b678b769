"""What a kubelet asks of the API server."""

import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp

from deploy.sandbox.cluster.objects import Json, name, namespace, uid

MANAGER = "kubelet"
STRATEGIC = {"Content-Type": "application/strategic-merge-patch+json"}
WATCH_S = 300


class Refused(Exception):
    """The API server answered, and not with success."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Server:
    """Where the API server is, and how to be let in."""

    url: str
    token: str = ""
    tls: ssl.SSLContext | None = None


class PodApi:
    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self._server = server
        self._session = session

    async def all(self, path: str) -> tuple[list[Json], str]:
        """The objects, and the version from which to watch on."""
        found = await self._ask("GET", path)
        return found["items"], found["metadata"]["resourceVersion"]

    async def watch(self, path: str, version: str) -> AsyncIterator[Json]:
        """Events until the server ends the watch; Refused when `version` is too old."""
        asked = {"watch": "true", "resourceVersion": version, "timeoutSeconds": str(WATCH_S)}
        async with self._session.get(
            self._url(path),
            params=asked,
            headers=self._headers(),
            ssl=self._server.tls or True,
            timeout=aiohttp.ClientTimeout(total=None),
        ) as response:
            async for line in response.content:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise Refused(event["object"]["code"], event["object"]["message"])
                yield event

    async def report(self, pod: Json, status: Json) -> Json:
        """Conditions are merged by type: the scheduler's and the evictor's stay."""
        # A uid in a patch has to match, so the report cannot reach a namesake.
        body = {"metadata": {"uid": uid(pod)}, "status": status}
        return await self._ask("PATCH", f"{_path(pod)}/status", body, STRATEGIC)

    async def annotate(self, pod: Json, annotations: dict[str, str]) -> None:
        body = {"metadata": {"uid": uid(pod), "annotations": annotations}}
        await self._ask("PATCH", _path(pod), body, STRATEGIC)

    async def let_go(self, pod: Json) -> None:
        """Its containers have ended: the object may go."""
        body = {"gracePeriodSeconds": 0, "preconditions": {"uid": uid(pod)}}
        await self._ask("DELETE", _path(pod), body)

    async def get(self, path: str) -> Json:
        return await self._ask("GET", path)

    async def create(self, path: str, obj: Json) -> Json:
        return await self._ask("POST", path, obj)

    async def patch(self, path: str, body: Json) -> Json:
        return await self._ask("PATCH", path, body, STRATEGIC)

    async def _ask(
        self, method: str, path: str, body: Json | None = None, headers: Json | None = None
    ) -> Any:
        async with self._session.request(
            method,
            self._url(path),
            params={} if method in ("GET", "DELETE") else {"fieldManager": MANAGER},
            json=body,
            headers=self._headers() | (headers or {}),
            ssl=self._server.tls or True,
        ) as response:
            answer = await response.json(content_type=None)
            if response.status >= 400:
                raise Refused(response.status, str(answer))
            return answer

    def _url(self, path: str) -> str:
        return f"{self._server.url}{path}"

    def _headers(self) -> dict[str, str]:
        agent = {"User-Agent": f"{MANAGER}/sandbox"}
        token = self._server.token
        return agent | ({"Authorization": f"Bearer {token}"} if token else {})


def _path(pod: Json) -> str:
    return f"/api/v1/namespaces/{namespace(pod)}/pods/{name(pod)}"
