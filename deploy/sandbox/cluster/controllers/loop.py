"""Runs a controller: a queue of object keys, filled by changes in the store."""

import asyncio
import heapq
import time
from collections.abc import Iterable
from typing import Protocol

import structlog

from deploy.sandbox.cluster.api.errors import ApiError
from deploy.sandbox.cluster.api.store import ADDED, Change, Store, TooOld
from deploy.sandbox.cluster.objects import Json, name, namespace

Key = tuple[str, str]
"""Namespace and name."""

RETRY_S = 0.05
AFTER_BUG_S = 5.0

log = structlog.get_logger()


class Controller(Protocol):
    @property
    def watched(self) -> tuple[str, ...]:
        """Ids of the resources whose changes matter."""

    def keys(self, change: Change) -> Iterable[Key]:
        """Whom to look at because of this change."""

    def reconcile(self, key: Key) -> float | None:
        """Make one step; the answer is in how many seconds to look again at the latest."""


def key_of(obj: Json) -> Key:
    return namespace(obj), name(obj)


class Loop:
    """One controller's queue. A key waits in it once, however often it is asked for."""

    def __init__(self, store: Store, controller: Controller) -> None:
        self._store = store
        self._controller = controller
        self._queue: dict[Key, None] = {}
        self._later: list[tuple[float, Key]] = []
        self._seen_version = store.version

    async def run(self) -> None:
        self._queue_everything()
        while True:
            self._take_changes()
            self._take_due()
            while self._queue:
                key = next(iter(self._queue))
                del self._queue[key]
                self._reconcile(key)
                # Requests are served between two steps, however much there is to do.
                await asyncio.sleep(0)
                self._take_changes()
            await self._wait()

    def _reconcile(self, key: Key) -> None:
        try:
            again_in_s = self._controller.reconcile(key)
        except ApiError as error:
            log.info(
                "to be tried again", controller=type(self._controller).__name__, why=str(error)
            )
            again_in_s = RETRY_S
        except Exception:  # one object that nobody foresaw must not stop the cluster
            log.exception("controller failed", controller=type(self._controller).__name__, key=key)
            again_in_s = AFTER_BUG_S
        if again_in_s is not None:
            heapq.heappush(self._later, (time.monotonic() + again_in_s, key))

    def _queue_everything(self) -> None:
        for resource_id in self._controller.watched:
            for obj in self._store.all(resource_id):
                change = Change(self._store.version, ADDED, resource_id, obj, None)
                self._queue.update(dict.fromkeys(self._controller.keys(change)))

    def _take_changes(self) -> None:
        try:
            changes = list(self._store.changes_after(self._seen_version))
        except TooOld:
            self._queue_everything()
            changes = []
        for change in changes:
            if change.resource_id in self._controller.watched:
                self._queue.update(dict.fromkeys(self._controller.keys(change)))
        self._seen_version = self._store.version

    def _take_due(self) -> None:
        while self._later and self._later[0][0] <= time.monotonic():
            self._queue[heapq.heappop(self._later)[1]] = None

    async def _wait(self) -> None:
        due_in_s = self._later[0][0] - time.monotonic() if self._later else None
        try:
            async with asyncio.timeout(due_in_s):
                await self._store.news(self._seen_version)
        except TimeoutError:
            pass
