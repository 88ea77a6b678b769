"""The cluster port: paths, a bounded pool of threads, and the API's answers as our values."""

import asyncio
import functools
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from remediators.adapters.kubernetes import owners, paths, views
from remediators.adapters.kubernetes.answers import Raw, object_of
from remediators.adapters.kubernetes.client import ApiServer
from remediators.adapters.kubernetes.horizon import Found, Horizon
from remediators.adapters.kubernetes.shown import judged
from remediators.adapters.kubernetes.wire import Call
from remediators.core.autoscalers import horizontal
from remediators.core.query import Query
from remediators.core.reply import Answer, Reply
from remediators.core.request import rehearsal_of
from remediators.core.seen import Json, Seen
from remediators.core.workload import Surroundings, Workload
from remediators.ports import Reached, not_reached
from schemas.kinds import AUTOSCALER, BUDGET, KINDS, NODE
from schemas.remediation import Request, Target

T = TypeVar("T")
NODES_FRESH_S = 10.0
UNSERVED_FRESH_S = 60.0
NO_NODES = Surroundings()
PAGE_ITEMS = 500
PAGES_MAX = 40
LIST_S_MAX = 20.0
"""After which no further page is asked for."""

Items = list[dict[str, Any]]
UNKNOWN_KIND = "no path is known for a"
REQUEST_SENT = "executor.request_sent"


class KubernetesCluster:
    def __init__(
        self, server: ApiServer, name: str, threads: int, reached: Reached = not_reached
    ) -> None:
        self._server = server
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"cluster-{name}")
        self._reached = reached
        self._nodes = NO_NODES
        self._nodes_read_s = float("-inf")
        self._nodes_reading: asyncio.Future[Surroundings] | None = None
        self._horizon = Horizon()
        self._unserved_s: dict[str, float] = {}
        """Custom kinds that the API did not know, and when it was asked."""

    async def look(self, target: Target) -> Seen | Reply:
        return await self._run(self._look, target)

    async def find(self, query: Query) -> tuple[Json, ...] | Reply:
        return await self._run(self._find, query)

    async def survey(self, target: Target) -> tuple[Seen, Surroundings] | Reply:
        """All at once: what is asked for one after another is answered late."""
        seen, budgets, autoscalers, nodes = await asyncio.gather(
            self.look(target),
            self._beside(BUDGET, target),
            self._beside(AUTOSCALER, target),
            self._fresh_nodes(),
        )
        if isinstance(seen, Reply):
            return seen
        keeper = await self._run(self._keeper, seen)
        owned = replace(seen, owner=_owner(seen, autoscalers))
        allowed = budgets if isinstance(budgets, Reply) else _read(views.pdb_allowed, seen, budgets)
        if isinstance(allowed, Reply):
            return owned, replace(nodes, unread=allowed, keeper=keeper)
        return owned, replace(nodes, pdb_allowed=allowed, keeper=keeper)

    async def rehearse(self, request: Request) -> Reply:
        return await self._run(self._call, request, _always, True)

    async def send(self, request: Request, in_time: Callable[[], bool]) -> Reply:
        return await self._run(self._call, request, in_time, False)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._server.close()

    async def _run(self, function: Callable[..., T], *arguments: Any) -> T:
        work = functools.partial(function, *arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def _beside(self, kind: str, target: Target) -> tuple[Json, ...] | Reply:
        if not KINDS[target.kind].namespaced:
            return ()
        return await self._run(self._find, Query(kind, target.namespace))

    def _look(self, target: Target) -> Seen | Reply:
        path = paths.of(target)
        if path is None:
            return Reply(Answer.INVALID, f"{UNKNOWN_KIND} {target.kind}")
        found = self._object(target.kind, path)
        return found if isinstance(found, Reply) else _read(_meant, target, found)

    def _find(self, query: Query) -> tuple[Json, ...] | Reply:
        path = paths.collection(query.kind, query.namespace)
        if path is None:
            return Reply(Answer.INVALID, f"{UNKNOWN_KIND} {query.kind}")
        if time.monotonic() - self._unserved_s.get(query.kind, float("-inf")) < UNSERVED_FRESH_S:
            return ()
        if query.name:
            return self._one(query.kind, f"{path}/{quote(query.name, safe='')}")
        chosen = {"labelSelector": query.labels, "fieldSelector": query.fields}
        chosen = {name: text for name, text in chosen.items() if text}
        found = self._list(query.kind, path, chosen)
        if not isinstance(found, Reply):
            return tuple(found)
        unserved = KINDS[query.kind].custom and found.answer is Answer.NOT_FOUND
        if unserved:
            self._unserved_s[query.kind] = time.monotonic()
        return () if unserved else found

    def _one(self, kind: str, path: str) -> tuple[Json, ...] | Reply:
        found = self._object(kind, path)
        if isinstance(found, Reply):
            return () if found.answer is Answer.NOT_FOUND else found
        return (found,)

    def _keeper(self, seen: Seen) -> Workload | None:
        """What cannot be read is not known."""
        named = _read(owners.keeper, seen)
        found = self._look(named) if isinstance(named, Target) else None
        return found if isinstance(found, Workload) else None

    async def _fresh_nodes(self) -> Surroundings:
        """Kept for some seconds, and read by one for all who ask: thousands of nodes would make
        each look slow, and fill the threads."""
        if time.monotonic() - self._nodes_read_s <= NODES_FRESH_S:
            return self._nodes
        if self._nodes_reading is None or self._nodes_reading.done():
            self._nodes_reading = asyncio.ensure_future(self._run(self._read_nodes))
        return await asyncio.shield(self._nodes_reading)

    def _read_nodes(self) -> Surroundings:
        nodes = self._find(Query(NODE))
        counted = nodes if isinstance(nodes, Reply) else _read(_count_nodes, nodes)
        self._nodes = NO_NODES if isinstance(counted, Reply) else counted
        self._nodes_read_s = time.monotonic()
        return self._nodes

    def _object(self, kind: str, path: str) -> Found:
        return self._horizon.beyond(path, lambda: self._server.get(path), kind)

    def _list(self, kind: str, path: str, selection: Mapping[str, str]) -> Items | Reply:
        """All of it, page by page, or why not: what holds for a part may not hold for the whole."""
        items: Items = []
        token, until_s = "", time.monotonic() + LIST_S_MAX
        for _ in range(PAGES_MAX):
            query = urlencode({**selection, "limit": PAGE_ITEMS, "continue": token})
            ask = functools.partial(self._server.get, f"{path}?{query}")
            # All further pages are of the version of the first, however long they take.
            page = ask() if token else self._horizon.beyond(kind, ask)
            if isinstance(page, Reply):
                return page
            if not isinstance(page.get("items"), list):
                return Reply(Answer.UNSURE, "not a list")
            items += map(_lighter, page["items"])
            token = (page.get("metadata") or {}).get("continue", "")
            if not token:
                return items
            if time.monotonic() > until_s:
                break
        return Reply(Answer.UNSURE, f"a list that does not end: {len(items)} and more")

    def _call(self, request: Request, in_time: Callable[[], bool], rehearsal: bool) -> Reply:
        found = paths.call(request, rehearsal=rehearsal)
        if found is None:
            return Reply(Answer.INVALID, f"no call is known to {request.verb} {request.target}")
        method, path = found
        on_sent = _nothing if rehearsal else functools.partial(self._reached, REQUEST_SENT)
        call = Call(in_time, on_sent)
        body = rehearsal_of(request) if rehearsal else request.body
        judge = functools.partial(self._judged, request, rehearsal)
        return self._server.change(method, path, body.encode(), request.content_type, call, judge)

    def _judged(self, request: Request, rehearsal: bool, raw: Raw) -> Reply:
        """No list may be older than a change that we know of."""
        reply = judged(request, raw, rehearsal=rehearsal)
        if reply.answer is Answer.DONE and not rehearsal:
            self._horizon.told(object_of(raw), request.target.kind)
        return reply


def _always() -> bool:
    return True


def _nothing() -> None:
    pass


def _lighter(found: Any) -> Any:
    """Without what nobody asks of a list, and what makes most of it: who has written each field,
    and the images on a node. Thousands are held at once."""
    for part, member in (("metadata", "managedFields"), ("status", "images")):
        if isinstance(found, dict) and isinstance(found.get(part), dict):
            found[part].pop(member, None)
    return found


def _read(view: Callable[..., T], *arguments: Any) -> T | Reply:
    """An answer of another shape than the API's own is no answer."""
    try:
        return view(*arguments)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as fault:
        return Reply(Answer.UNSURE, f"an answer that makes no sense: {fault!r}")


def _meant(target: Target, found: Json) -> Seen:
    """Raises ValueError for another object."""
    seen, meta = views.seen(target, found), found["metadata"]
    there = (meta.get("namespace") or target.namespace, meta.get("name"))
    if there != (target.namespace, target.name):
        raise ValueError(f"{there} is not {target}")
    return seen


def _owner(seen: Seen, found: tuple[Json, ...] | Reply) -> str:
    named = found if isinstance(found, Reply) else _read(horizontal, seen.target, found)
    return owners.joined([seen.owner, *([owners.UNREAD] if isinstance(named, Reply) else named)])


def _count_nodes(nodes: tuple[Json, ...]) -> Surroundings:
    return Surroundings(
        nodes=len(nodes),
        nodes_ready=sum(views.ready(node) for node in nodes),
        zones=views.zones(nodes),
    )
