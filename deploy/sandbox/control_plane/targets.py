"""Where pods of a real control plane are reached, told as the sandbox cluster tells it.

A process of its own, with the right to list pods and what is above them.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from deploy.sandbox import ports
from deploy.sandbox.access import Access
from deploy.sandbox.cluster.api.resources import PODS, REPLICA_SETS
from deploy.sandbox.cluster.objects import Json, name, namespace
from deploy.sandbox.cluster.service_discovery import ServiceDiscovery

PATHS = {PODS.id: "/api/v1/pods", REPLICA_SETS.id: "/apis/apps/v1/replicasets"}
ANSWER_S = 5.0
GOODBYE_S = 0.2


@dataclass(frozen=True, slots=True)
class Listed:
    """Objects as they stood a moment ago."""

    objects: Mapping[str, list[Json]]

    def all(self, resource_id: str, namespace_: str = "") -> list[Json]:
        return [o for o in self.objects[resource_id] if namespace_ in ("", namespace(o))]

    def get(self, resource_id: str, namespace_: str, name_: str) -> Json | None:
        found = self.all(resource_id, namespace_)
        return next((o for o in found if name(o) == name_), None)


class Targets:
    """Each answer is made of new lists: a demo has a handful of pods."""

    def __init__(self, access: Access, cluster_name: str) -> None:
        self._access = access
        self._tls = access.tls
        self._cluster_name = cluster_name

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/sd/targets", self._targets)
        app.router.add_get("/sd/ready", self._ready)
        return app

    async def _targets(self, request: web.Request) -> web.Response:
        return await (await self._now()).targets(request)

    async def _ready(self, request: web.Request) -> web.Response:
        return await (await self._now()).ready(request)

    async def _now(self) -> ServiceDiscovery:
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        async with aiohttp.ClientSession(timeout=timeout, raise_for_status=True) as session:
            objects = {kind: await self._list(session, path) for kind, path in PATHS.items()}
        return ServiceDiscovery(Listed(objects), self._cluster_name)

    async def _list(self, session: aiohttp.ClientSession, path: str) -> list[Json]:
        headers, tls = self._access.headers, self._tls or True
        async with session.get(self._access.url + path, headers=headers, ssl=tls) as answer:
            found: list[Json] = (await answer.json())["items"]
            return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.sandbox.control_plane.targets")
    parser.add_argument("--server", required=True, help="URL of the API server")
    parser.add_argument("--token-file", type=Path, required=True)
    parser.add_argument("--ca-file", type=Path, required=True)
    parser.add_argument("--cluster-name", required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    access = Access(given.server, given.token_file.read_text(), given.ca_file)
    app = Targets(access, given.cluster_name).app()
    web.run_app(
        app, host=ports.HOST, port=given.port, print=None, access_log=None,
        shutdown_timeout=GOODBYE_S,
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
