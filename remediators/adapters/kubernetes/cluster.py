"""The cluster port: paths, a bounded pool of threads, and the API's answers as our values."""

import asyncio
import functools
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from remediators.adapters.kubernetes import views
from remediators.adapters.kubernetes.client import ApiServer
from remediators.adapters.kubernetes.wire import Call
from remediators.core.reply import Answer, Reply
from remediators.core.workload import Revision, Surroundings, Workload
from remediators.ports import Reached, not_reached
from schemas.remediation import Request, Target

T = TypeVar("T")
FIELD_MANAGER = "mendlog"
NODES_FRESH_S = 10.0
NO_NODES = Surroundings()

_RESOURCES: Mapping[str, str] = {"Deployment": "/apis/apps/v1/namespaces/{}/deployments/{}"}


class KubernetesCluster:
    def __init__(
        self, server: ApiServer, name: str, threads: int, reached: Reached = not_reached
    ) -> None:
        self._server = server
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"cluster-{name}")
        self._reached = reached
        self._nodes = NO_NODES
        self._nodes_read_s = float("-inf")

    async def look(self, target: Target) -> Workload | Reply:
        path = _path(target)
        return path if isinstance(path, Reply) else await self._run(self._look, target, path)

    async def revisions(self, workload: Workload) -> tuple[Revision, ...] | Reply:
        return await self._run(self._revisions, workload)

    async def survey(self, target: Target) -> tuple[Workload, Surroundings] | Reply:
        """All at once: what is asked for one after another is answered late."""
        seen, budgets, nodes = await asyncio.gather(
            self.look(target), self._run(self._budgets, target), self._run(self._fresh_nodes)
        )
        if isinstance(seen, Reply):
            return seen
        return seen, replace(nodes, pdb_allowed=_allowed(seen, budgets))

    async def send(self, request: Request, in_time: Callable[[], bool]) -> Reply:
        path = _path(request.target)
        if isinstance(path, Reply):
            return path
        return await self._run(self._send, request, path, in_time)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._server.close()

    async def _run(self, function: Callable[..., T], *arguments: Any) -> T:
        work = functools.partial(function, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _look(self, target: Target, path: str) -> Workload | Reply:
        found = self._server.get(path)
        if isinstance(found, Reply):
            return found
        return _read(views.workload, target, found)

    def _revisions(self, workload: Workload) -> tuple[Revision, ...] | Reply:
        namespace = quote(workload.target.namespace, safe="")
        query = urlencode({"labelSelector": views.selector_text(workload.selector)})
        sets = self._list(f"/apis/apps/v1/namespaces/{namespace}/replicasets?{query}")
        if isinstance(sets, Reply):
            return sets
        return _read(views.revisions, workload.uid, sets)

    def _budgets(self, target: Target) -> list[dict[str, Any]] | Reply:
        namespace = quote(target.namespace, safe="")
        return self._list(f"/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets")

    def _fresh_nodes(self) -> Surroundings:
        """Kept for some seconds: thousands of nodes would make each look slow."""
        if time.monotonic() - self._nodes_read_s > NODES_FRESH_S:
            nodes = self._list("/api/v1/nodes?resourceVersion=0")
            counted = nodes if isinstance(nodes, Reply) else _read(_count_nodes, nodes)
            self._nodes = NO_NODES if isinstance(counted, Reply) else counted
            self._nodes_read_s = time.monotonic()
        return self._nodes

    def _list(self, path: str) -> list[dict[str, Any]] | Reply:
        found = self._server.get(path)
        if isinstance(found, Reply):
            return found
        if (found.get("metadata") or {}).get("continue"):
            return Reply(Answer.UNSURE, "an incomplete list")
        items = found.get("items")
        return items if isinstance(items, list) else Reply(Answer.UNSURE, "not a list")

    def _send(self, request: Request, path: str, in_time: Callable[[], bool]) -> Reply:
        call = Call(in_time, functools.partial(self._reached, "executor.request_sent"))
        return self._server.change(
            request.verb,
            f"{path}?fieldManager={FIELD_MANAGER}",
            request.body.encode(),
            request.content_type,
            call,
        )


def _path(target: Target) -> str | Reply:
    pattern = _RESOURCES.get(target.kind)
    if pattern is None:
        return Reply(Answer.INVALID, f"no path is known for a {target.kind}")
    return pattern.format(quote(target.namespace, safe=""), quote(target.name, safe=""))


def _read(view: Callable[..., T], *arguments: Any) -> T | Reply:
    """An answer of another shape than the API's own is no answer."""
    try:
        return view(*arguments)
    except (KeyError, TypeError, ValueError, AttributeError) as fault:
        return Reply(Answer.UNSURE, f"an answer that makes no sense: {fault!r}")


def _allowed(seen: Workload, budgets: list[dict[str, Any]] | Reply) -> int | None:
    """A right that we lack, or an API that fails, leaves it unknown."""
    if isinstance(budgets, Reply):
        return None
    allowed = _read(views.pdb_allowed, seen.template, budgets)
    return None if isinstance(allowed, Reply) else allowed


def _count_nodes(nodes: list[dict[str, Any]]) -> Surroundings:
    return Surroundings(
        nodes=len(nodes),
        nodes_ready=sum(views.ready(node) for node in nodes),
        zones=views.zones(nodes),
    )
