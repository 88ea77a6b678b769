"""The cluster port: paths, a bounded pool of threads, and the API's answers as our values."""

import asyncio
import functools
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from remediators.adapters.kubernetes import owners, views
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
PAGE_ITEMS = 500
PAGES_MAX = 40
LIST_S_MAX = 20.0
"""After which no further page is asked for."""

Items = list[dict[str, Any]]
NO_SELECTION: Mapping[str, str] = {}
BUDGETS = "/apis/policy/v1/namespaces/{}/poddisruptionbudgets"
AUTOSCALERS = "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers"

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
        seen, budgets, autoscalers, nodes = await asyncio.gather(
            self.look(target),
            self._run(self._in_namespace, BUDGETS, target),
            self._run(self._in_namespace, AUTOSCALERS, target),
            self._run(self._fresh_nodes),
        )
        if isinstance(seen, Reply):
            return seen
        owned = replace(seen, owner=_owner(seen, autoscalers))
        return owned, replace(nodes, pdb_allowed=_allowed(seen, budgets))

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
        selector = views.selector_text(workload.selector)
        path = f"/apis/apps/v1/namespaces/{namespace}/replicasets"
        sets = self._list(path, {"labelSelector": selector})
        if isinstance(sets, Reply):
            return sets
        return _read(views.revisions, workload.uid, sets)

    def _in_namespace(self, path: str, target: Target) -> Items | Reply:
        return self._list(path.format(quote(target.namespace, safe="")))

    def _fresh_nodes(self) -> Surroundings:
        """Kept for some seconds: thousands of nodes would make each look slow."""
        if time.monotonic() - self._nodes_read_s > NODES_FRESH_S:
            nodes = self._list("/api/v1/nodes")
            counted = nodes if isinstance(nodes, Reply) else _read(_count_nodes, nodes)
            self._nodes = NO_NODES if isinstance(counted, Reply) else counted
            self._nodes_read_s = time.monotonic()
        return self._nodes

    def _list(self, path: str, selection: Mapping[str, str] = NO_SELECTION) -> Items | Reply:
        """All of it, page by page, or why not: what holds for a part may not hold for the whole."""
        items: Items = []
        token, until_s = "", time.monotonic() + LIST_S_MAX
        for _ in range(PAGES_MAX):
            query = urlencode({**selection, "limit": PAGE_ITEMS, "continue": token})
            page = self._server.get(f"{path}?{query}")
            if isinstance(page, Reply):
                return page
            if not isinstance(page.get("items"), list):
                return Reply(Answer.UNSURE, "not a list")
            items += page["items"]
            token = (page.get("metadata") or {}).get("continue", "")
            if not token:
                return items
            if time.monotonic() > until_s:
                break
        return Reply(Answer.UNSURE, f"a list that does not end: {len(items)} and more")

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


def _owner(seen: Workload, found: Items | Reply) -> str:
    named = found if isinstance(found, Reply) else _read(owners.autoscalers, seen.target, found)
    return owners.joined([seen.owner, *([owners.UNREAD] if isinstance(named, Reply) else named)])


def _allowed(seen: Workload, budgets: Items | Reply) -> int | None:
    """A right that we lack, or an API that fails, leaves it unknown."""
    if isinstance(budgets, Reply):
        return None
    allowed = _read(views.pdb_allowed, seen.template, budgets)
    return None if isinstance(allowed, Reply) else allowed


def _count_nodes(nodes: Items) -> Surroundings:
    return Surroundings(
        nodes=len(nodes),
        nodes_ready=sum(views.ready(node) for node in nodes),
        zones=views.zones(nodes),
    )
