"""Watches: every change of what a query matches, in order, as lines of JSON."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator

from deploy.sandbox.cluster.api import errors, events
from deploy.sandbox.cluster.api.query import Query, version_number
from deploy.sandbox.cluster.api.selectors import Matcher
from deploy.sandbox.cluster.api.store import ADDED, DELETED, MODIFIED, Change, Store, TooOld
from deploy.sandbox.cluster.objects import Json

BOOKMARK_EVERY_S = 1.0
TIMEOUT_MIN_S = 1800.0


async def watch(store: Store, query: Query) -> AsyncIterator[bytes | None]:
    """Lines to send; None now and then, for the sender to see whether anybody still listens."""
    ends_at_s = time.monotonic() + (query.timeout_s or TIMEOUT_MIN_S * random.uniform(1, 2))
    matches, resource_id = query.matches, query.resource.stored_as or query.resource.id
    version = store.version
    if query.resource_version in ("", "0"):
        for obj in store.all(resource_id, query.namespace):
            if matches(obj):
                yield _line(query, ADDED, obj)
    else:
        version = version_number(query.resource_version)
    while time.monotonic() < ends_at_s:
        try:
            changes = list(store.changes_after(version))
        except TooOld:
            yield _encoded("ERROR", errors.too_old(version, store.oldest_version).body())
            return
        for change in changes:
            if change.resource_id == resource_id and (line := _seen(query, matches, change)):
                yield line
        version = max(version, store.version)
        if await _quiet(store, version, ends_at_s):
            yield _bookmark(query, version) if query.bookmarks else None


async def _quiet(store: Store, version: int, ends_at_s: float) -> bool:
    """Wait for a change; true when there was none for the time of a bookmark."""
    wait_s = max(0.0, min(BOOKMARK_EVERY_S, ends_at_s - time.monotonic()))
    try:
        async with asyncio.timeout(wait_s):
            await store.news(version)
    except TimeoutError:
        return True
    return False


def _seen(query: Query, matches: Matcher, change: Change) -> bytes | None:
    """The change as this watcher sees it: what stops matching is deleted for it."""
    if query.namespace and change.object["metadata"].get("namespace") != query.namespace:
        return None
    before = change.previous is not None and matches(change.previous)
    after = change.type != DELETED and matches(change.object)
    match before, after:
        case True, True:
            return _line(query, MODIFIED, change.object)
        case False, True:
            return _line(query, ADDED, change.object)
        case True, False:
            return _line(query, DELETED, change.object)
    return None


def _line(query: Query, kind: str, obj: Json) -> bytes:
    return _encoded(kind, events.shown_form(query.resource, obj))


def _bookmark(query: Query, version: int) -> bytes:
    obj = {
        "kind": query.resource.kind,
        "apiVersion": query.resource.api_version,
        "metadata": {"resourceVersion": str(version), "creationTimestamp": None},
    }
    return _encoded("BOOKMARK", obj)


def _encoded(kind: str, obj: Json) -> bytes:
    return json.dumps({"type": kind, "object": obj}, separators=(",", ":")).encode() + b"\n"
