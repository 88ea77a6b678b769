"""All objects, their versions, and the log of changes that watches read.

Every write takes the next number of one counter, so versions of different kinds are comparable
and a past state can be had by undoing the changes since.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from deploy.sandbox.cluster.objects import Json, name, namespace

HISTORY_MAX = 4096

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


class TooOld(Exception):
    """What was asked for is no longer in the log."""


@dataclass(frozen=True, slots=True)
class Change:
    version: int
    type: str
    resource_id: str
    object: Json
    previous: Json | None


class Store:
    def __init__(self, history_max: int = HISTORY_MAX) -> None:
        self.version = 1
        self._objects: dict[str, dict[tuple[str, str], Json]] = {}
        self._history_max = history_max
        self._changes: deque[Change] = deque()
        self._news = asyncio.Event()

    @property
    def oldest_version(self) -> int:
        """Changes after this one are known, earlier states are not."""
        return self.version - len(self._changes)

    def get(self, resource_id: str, namespace: str, name: str) -> Json | None:
        return self._objects.get(resource_id, {}).get((namespace, name))

    def all(self, resource_id: str, namespace: str = "") -> list[Json]:
        """Sorted by namespace and name; an empty namespace means all."""
        return _in_order(self._objects.get(resource_id, {}), namespace)

    def all_at(self, version: int, resource_id: str, namespace: str = "") -> list[Json]:
        """The same as it stood after `version`. Raises TooOld."""
        then = dict(self._objects.get(resource_id, {}))
        for change in reversed(list(self.changes_after(version))):
            if change.resource_id != resource_id:
                continue
            key = _key(change.object)
            if change.previous is None:
                del then[key]
            else:
                then[key] = change.previous
        return _in_order(then, namespace)

    def put(self, resource_id: str, obj: Json) -> Json:
        """Store a new version of an object, which from now on nobody may change."""
        objects = self._objects.setdefault(resource_id, {})
        previous = objects.get(_key(obj))
        self._record(MODIFIED if previous else ADDED, resource_id, obj, previous)
        objects[_key(obj)] = obj
        return obj

    def remove(self, resource_id: str, obj: Json) -> None:
        previous = self._objects[resource_id].pop(_key(obj))
        last = {**obj, "metadata": dict(obj["metadata"])}
        self._record(DELETED, resource_id, last, previous)

    def changes_after(self, version: int) -> Iterator[Change]:
        if version < self.oldest_version:
            raise TooOld(version)
        return islice(self._changes, max(0, version - self.oldest_version), None)

    async def news(self, after: int) -> None:
        """Return once there is a change after this version."""
        while self.version <= after:
            await self._news.wait()

    def _record(self, kind: str, resource_id: str, obj: Json, previous: Json | None) -> None:
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        self._changes.append(Change(self.version, kind, resource_id, obj, previous))
        if len(self._changes) > self._history_max:
            self._changes.popleft()
        self._news.set()
        self._news = asyncio.Event()


def _key(obj: Json) -> tuple[str, str]:
    return namespace(obj), name(obj)


def _in_order(objects: dict[tuple[str, str], Json], namespace: str) -> list[Json]:
    return [objects[key] for key in sorted(objects) if namespace in ("", key[0])]
