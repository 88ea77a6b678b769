"""What one partition of the tape adds up to: frozen entries by key, and when each next needs time.

An entry's key says whose it is; the host stores entries one by one and knows nothing about them.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from schemas.alerts import AlertStatus
from schemas.incidents import TimelineEntry
from schemas.remediation import Target
from streams.core.lifecycle import Phase

EXPIRY_GRACE_MS = 60_000
"""An alert's end is stored this coarsely, so it is believed to have ended this much later."""
RESOLVED_KEPT_MS = 3_600_000
"""How long an ended alert is remembered, so that late copies of it are recognised."""


@dataclass(frozen=True, slots=True)
class PartitionState:
    """What concerns every cluster of the partition."""

    now_ms: int = 0
    logic: int = 1
    policy: str = ""
    policies: tuple[str, ...] = ()
    """Digests of the texts that are kept, oldest first."""
    killed: bool = False
    tick_at_ms: int = 0
    tick_host_at_ms: int = 0
    ticks_to_agree: int = 0
    """After a clock jump: how many more ticks must agree before actions are allowed."""


@dataclass(frozen=True, slots=True)
class PolicyText:
    source: str
    author: str


@dataclass(frozen=True, slots=True)
class OriginMark:
    """The last fact applied of one input partition."""

    offset: int
    index: int
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class ScopeState:
    """What concerns one cluster: its chain of decisions and what its budgets count."""

    seq: int = 0
    previous: str = ""
    facts_hash: str = ""
    facts: int = 0
    """Facts since the last decision."""
    decided_at_ms: int = 0
    killed: bool = False
    acted_at_ms: tuple[int, ...] = ()
    """When each ACT of the last hour was sent; a command that is lost still spends its place."""
    in_flight: tuple[str, ...] = ()
    """Incidents whose ACT or ROLLBACK has no terminal outcome yet."""

    @property
    def deadline_ms(self) -> int | None:
        return self.decided_at_ms + CHECKPOINT_MS if self.facts else None


CHECKPOINT_MS = 600_000
CHECKPOINT_FACTS = 1_000


@dataclass(frozen=True, slots=True)
class AlertState:
    """One alert of one source. `last_seen_at_ms` and `ends_at_ms` are kept coarsely: a repeat that
    tells nothing durable writes nothing."""

    source: str
    fingerprint: str
    status: AlertStatus
    starts_at_ms: int
    ends_at_ms: int
    first_seen_at_ms: int
    last_seen_at_ms: int
    incident_id: str
    silent: bool = False
    """It ended because its source fell silent, and not because its source said so."""

    @property
    def deadline_ms(self) -> int | None:
        if self.status is AlertStatus.RESOLVED:
            return self.last_seen_at_ms + RESOLVED_KEPT_MS
        return self.ends_at_ms + EXPIRY_GRACE_MS if self.ends_at_ms else None


SAMPLE_MAX = 8


@dataclass(frozen=True, slots=True)
class GroupState:
    """Which incident the alerts of a group belong to, until it is closed; and how many they are.

    Apart from the incident, so that an alert that joins costs a small entry and not a large one.
    """

    incident_id: str
    firing: int = 0
    members: int = 0
    sample: tuple[str, ...] = ()
    """Up to `SAMPLE_MAX` fingerprints of its alerts, for people."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an observation said that the next ACT is bound to."""

    at_ms: int
    offset: int
    uid: str
    generation: int
    marker: str


@dataclass(frozen=True, slots=True)
class IncidentState:
    incident_id: str
    cluster: str
    group_key: str
    group: Mapping[str, str]
    labels: Mapping[str, str]
    phase: Phase
    reason: str
    title: str
    severity: str
    opened_at_ms: int
    updated_at_ms: int
    due_at_ms: int | None
    clear_since_ms: int | None = None
    """Since when none of its alerts fires; None while one does."""
    policy: str = ""
    playbook: str = ""
    ladder: str = ""
    step: int = 0
    attempt: int = 0
    step_since_ms: int = 0
    attempts: int = 0
    """ACTs sent, over all steps."""
    looks: int = 0
    checks: int = 0
    notices: int = 0
    held_since_ms: int | None = None
    target: Target | None = None
    evidence: Evidence | None = None
    command_id: str = ""
    """The LOOK, ACT, VERIFY or ROLLBACK whose answer is awaited."""
    act_id: str = ""
    undo_id: str = ""
    """The ROLLBACK of that ACT, if there was one: it holds the target in its place."""
    acted_at_ms: int | None = None
    checked_at_ms: int | None = None
    passed_at_ms: int | None = None
    undo: Mapping[str, str] = field(default_factory=dict)
    timeline: tuple[TimelineEntry, ...] = ()

    @property
    def deadline_ms(self) -> int | None:
        return self.due_at_ms


TIMELINE_MAX = 100


TARGET_KEPT_MS = 24 * 3_600_000
ACTED_MAX = 20
"""How many of one action on one target are remembered; no limit may count further, or longer."""


@dataclass(frozen=True, slots=True)
class Acted:
    at_ms: int
    action: str
    incident_id: str


@dataclass(frozen=True, slots=True)
class TargetState:
    """A workload that was acted on: who holds it, and what was done to it lately."""

    locked_by: str = ""
    acted: tuple[Acted, ...] = ()
    """Oldest first."""

    @property
    def deadline_ms(self) -> int | None:
        if self.locked_by or not self.acted:
            return None
        return self.acted[-1].at_ms + TARGET_KEPT_MS


Entry = (
    PartitionState
    | PolicyText
    | OriginMark
    | ScopeState
    | AlertState
    | GroupState
    | IncidentState
    | TargetState
)

PARTITION = "partition"
KINDS: Mapping[str, type] = {
    PARTITION: PartitionState,
    "policy": PolicyText,
    "origin": OriginMark,
    "scope": ScopeState,
    "alert": AlertState,
    "group": GroupState,
    "incident": IncidentState,
    "target": TargetState,
}
"""The record of an entry, by the first word of its key."""


_KEYED = str.maketrans({c: f"%{ord(c):02x}" for c in "%/,="})


def key_part(text: str) -> str:
    """A name as one part of a key: names that senders choose must not run into each other."""
    return text.translate(_KEYED)


def scope_key(cluster: str) -> str:
    return f"scope/{cluster}"


def policy_key(digest: str) -> str:
    return f"policy/{digest}"


def incident_key(incident_id: str) -> str:
    return f"incident/{incident_id}"


def target_key(target: Target) -> str:
    parts = (target.cluster, target.namespace, target.kind, target.name)
    return "target/" + "/".join(map(key_part, parts))


def alert_key(cluster: str, source: str, fingerprint: str) -> str:
    return f"alert/{key_part(cluster)}/{key_part(source)}/{fingerprint}"


def group_key(cluster: str, values: Mapping[str, str]) -> str:
    pairs = (f"{key_part(name)}={key_part(value)}" for name, value in sorted(values.items()))
    return f"group/{key_part(cluster)}/" + ",".join(pairs)


def deadline_of(entry: Entry | None) -> int | None:
    return getattr(entry, "deadline_ms", None)


MOVED_MAX = 1_000
"""How many deadlines that have moved on may wait to be forgotten, beside two for each entry."""


class State:
    """The entries of a partition, and the order in which they fall due.

    The order is derived from the entries, so it is not stored, and equal entries give an equal one.
    """

    def __init__(self, entries: Mapping[str, Entry] | None = None) -> None:
        self._entries: dict[str, Entry] = dict(entries or {})
        self._due = self._in_order()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Entry | None:
        return self._entries.get(key)

    def items(self) -> Iterable[tuple[str, Entry]]:
        return self._entries.items()

    def apply(self, changes: Mapping[str, Entry | None]) -> None:
        """Take over what a step changed; None ends an entry."""
        for key, entry in changes.items():
            before = deadline_of(self._entries.get(key))
            if entry is None:
                self._entries.pop(key, None)
                continue
            self._entries[key] = entry
            at = deadline_of(entry)
            if at is not None and at != before:
                heapq.heappush(self._due, (at, key))
        if len(self._due) > 2 * len(self._entries) + MOVED_MAX:
            self._due = self._in_order()

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
