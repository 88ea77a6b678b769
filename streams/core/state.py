"""What one partition of the tape adds up to: entries by key, and what is derived from them.

Nothing derived is stored: equal entries give equal orders and indices, so a state that was read
back from the journal decides as the one that was written.
"""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from schemas.alerts import AlertStatus
from streams.core.entries import AlertState, Entry, GroupState, IncidentState
from streams.core.firing import Firing
from streams.core.keys import cluster_of, key_part
from streams.core.lifecycle import Phase
from streams.core.policy import Policy

Place = tuple[str, str, str]
"""Cluster, what kind of place, its name: `("eu-1", "service", "cart")`."""


def deadline_of(entry: Entry | None) -> int | None:
    return getattr(entry, "deadline_ms", None)


MOVED_MAX = 1_000
"""How many deadlines that have moved on may wait to be forgotten, beside two for each entry."""


class State:
    """The entries of a partition, the order in which they fall due, and who belongs to whom."""

    def __init__(self, entries: Mapping[str, Entry] | None = None) -> None:
        self._entries: dict[str, Entry] = dict(entries or {})
        self._due = self._in_order()
        self._members: dict[str, dict[str, None]] = {}
        self._groups: dict[str, dict[str, None]] = {}
        self._places: dict[Place, dict[str, None]] = {}
        self._kinds: dict[str, dict[str, None]] = {"silence": {}, "freeze": {}}
        self._firing: Firing | None = None
        self._alerts: Counter[str] = Counter()
        for key, entry in self._entries.items():
            self._index(key, None, entry)

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def items(self) -> Iterable[tuple[str, Entry]]:
        return self._entries.items()

    def apply(self, changes: Mapping[str, Entry | None]) -> None:
        """Take over what a step changed; None ends an entry."""
        for key, entry in changes.items():
            before = self._entries.get(key)
            if entry is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = entry
                at = deadline_of(entry)
                if at is not None and at != deadline_of(before):
                    heapq.heappush(self._due, (at, key))
            self._index(key, before, entry)
        if len(self._due) > 2 * len(self._entries) + MOVED_MAX:
            self._due = self._in_order()

    # Who belongs to whom.

    def _index(self, key: str, before: Entry | None, after: Entry | None) -> None:
        told = after or before
        if isinstance(told, AlertState):
            _move(self._members, key, _incident_of(before), _incident_of(after))
            if before is None or after is None:
                self._alerts[cluster_of(key)] += 1 if before is None else -1
            if self._firing is not None:
                self._firing.change(key, before, after)
        elif isinstance(told, GroupState):
            _move(self._groups, key, _incident_of(before), _incident_of(after))
        elif isinstance(told, IncidentState):
            for place in _places(before):
                _move(self._places, key, place, None)
            for place in _places(after):
                _move(self._places, key, None, place)
        else:
            kind = self._kinds.get(key.partition("/")[0])
            if kind is not None:
                kind[key] = None
                if after is None:
                    del kind[key]

    def alerts_of(self, cluster: str) -> int:
        """How many are followed, those that ended lately among them."""
        return self._alerts[key_part(cluster)]

    def members(self, incident_id: str) -> Iterable[str]:
        """Keys of the incident's alerts that fire, in the order of their joining; after a recovery
        in that of their keys' storage, so nothing may depend on the order."""
        return self._members.get(incident_id, ())

    def groups(self, incident_id: str) -> Iterable[str]:
        return self._groups.get(incident_id, ())

    def at(self, place: Place) -> Iterable[str]:
        """Keys of the incidents at a place that are neither resolved nor closed."""
        return self._places.get(place, ())

    def open_services(self, cluster: str) -> Iterator[str]:
        return (name for at, what, name in self._places if at == cluster and what == "service")

    def of_kind(self, kind: str) -> Iterable[str]:
        return self._kinds[kind]

    def firing(self, policy: Policy) -> Firing:
        """The alerts that fire, by what the policy's rules ask of them."""
        if self._firing is None or self._firing.policy is not policy:
            self._firing = Firing(policy)
            for key, entry in self._entries.items():
                if isinstance(entry, AlertState):
                    self._firing.change(key, None, entry)
        return self._firing

    # What falls due.

    def _in_order(self) -> list[tuple[int, str]]:
        times = ((deadline_of(entry), key) for key, entry in self._entries.items())
        return sorted((at, key) for at, key in times if at is not None)

    def next_due_ms(self) -> int | None:
        self._forget_moved()
        return self._due[0][0] if self._due else None

    def due(self, now_ms: int, limit: int) -> list[str]:
        """Keys that are due, earliest first. They stay due until their entry says otherwise."""
        found: list[tuple[int, str]] = []
        while len(found) < limit:
            self._forget_moved()
            if not self._due or self._due[0][0] > now_ms:
                break
            item = heapq.heappop(self._due)
            if not found or found[-1] != item:
                found.append(item)
        for item in found:
            heapq.heappush(self._due, item)
        return [key for _, key in found]

    def _forget_moved(self) -> None:
        while self._due and deadline_of(self._entries.get(self._due[0][1])) != self._due[0][0]:
            heapq.heappop(self._due)


def _move(index: dict[Any, dict[str, None]], key: str, before: Any, after: Any) -> None:
    if before == after:
        return
    if before is not None:
        held = index[before]
        del held[key]
        if not held:
            del index[before]
    if after is not None:
        index.setdefault(after, {})[key] = None


def _incident_of(entry: Entry | None) -> str | None:
    if isinstance(entry, GroupState):
        return entry.incident_id
    if isinstance(entry, AlertState) and entry.status is AlertStatus.FIRING:
        return entry.incident_id
    return None


def _places(entry: Entry | None) -> tuple[Place, ...]:
    if isinstance(entry, IncidentState) and entry.phase is not Phase.RESOLVED:
        return entry.places
    return ()
