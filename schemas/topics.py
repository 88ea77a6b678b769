"""Every topic: its key, its record, its partitions, how long it is kept, how large a record may be.

The docs' table, `mendlog topics create` and `mendlog topics check` are all made from this one.
"""

import zlib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

DAY_MS = 24 * 60 * 60 * 1000
HOUR_MS = 60 * 60 * 1000
KIB = 1024
MIB = 1024 * KIB

BODY_BYTES_MAX = 4 * MIB
"""A request's body, before and after decompression."""
TAPE_RECORD_BYTES_MAX = 256 * KIB
TAPE_SIGHTINGS_MAX = 256
BATCH_BYTES_MAX = 8 * MIB
"""One record batch of ours; the broker accepts a little more, for the batch's own header."""
GROUP_BYTES_MAX = 2 * MIB
"""A group of facts is closed when its changes and outputs pass this."""


class Clock(StrEnum):
    BROKER = "LogAppendTime"
    PRODUCER = "CreateTime"


class Cleanup(StrEnum):
    DELETE = "delete"
    COMPACT = "compact"
    BOTH = "compact,delete"


class Spread(StrEnum):
    """Where a topic's number of partitions comes from."""

    TAPE = "as the tape"
    """Fixed for the tape's life, equal in all topics of this spread."""
    FREE = "free"
    ONE = "one"


@dataclass(frozen=True, slots=True, eq=False)
class Topic:
    """One of those below, each the only one of its name: compared by what it is, not by what it
    holds, since places of records are looked up by it all the time."""

    noun: str
    key: str
    value: str
    spread: Spread
    cleanup: Cleanup
    retention_ms: int | None
    clock: Clock
    message_bytes_max: int
    purpose: str
    compaction_lag_ms: int | None = None

    def name(self, prefix: str = "mendlog") -> str:
        return f"{prefix}.{self.noun}"

    def partitions(self, tape: int) -> int:
        return 1 if self.spread is Spread.ONE else tape

    def config(self) -> dict[str, str]:
        """The topic's settings as Kafka names them."""
        settings = {
            "cleanup.policy": self.cleanup.value,
            "message.timestamp.type": self.clock.value,
            "max.message.bytes": str(self.message_bytes_max),
            "retention.ms": str(-1 if self.retention_ms is None else self.retention_ms),
        }
        if self.compaction_lag_ms is not None:
            settings["min.compaction.lag.ms"] = str(self.compaction_lag_ms)
        return settings


def _log(
    noun: str,
    key: str,
    value: str,
    days: int,
    purpose: str,
    spread: Spread = Spread.TAPE,
    bytes_max: int = MIB,
) -> Topic:
    return Topic(
        noun,
        key,
        value,
        spread,
        Cleanup.DELETE,
        days * DAY_MS,
        Clock.BROKER,
        bytes_max,
        purpose,
    )


def _compacted(
    noun: str,
    key: str,
    value: str,
    purpose: str,
    spread: Spread,
    bytes_max: int = MIB,
    lag_ms: int | None = None,
) -> Topic:
    return Topic(
        noun,
        key,
        value,
        spread,
        Cleanup.COMPACT,
        None,
        Clock.BROKER,
        bytes_max,
        purpose,
        lag_ms,
    )


_ROOM = 64 * KIB
"""What a batch's header and a record's own key and headers may add."""

ALERTS = _log(
    "alerts",
    "none, or the source's",
    "JSON as received, or Alert",
    30,
    "what was accepted",
    bytes_max=5 * MIB,
)
METRICS = _log("metrics", "series", "Samples", 7, "what was measured", bytes_max=5 * MIB)
TAPE = _log(
    "tape",
    "cluster",
    "TapeRecord",
    90,
    "every fact about a cluster, in one order",
    bytes_max=BATCH_BYTES_MAX + _ROOM,
)
DECISIONS = _log(
    "decisions",
    "cluster",
    "Decision",
    90,
    "what was decided, and why",
    bytes_max=BATCH_BYTES_MAX + _ROOM,
)
INCIDENTS = _compacted(
    "incidents",
    "incident id",
    "Incident",
    "each incident as it stands",
    Spread.TAPE,
    bytes_max=BATCH_BYTES_MAX + _ROOM,
)
COMMANDS = _log(
    "commands",
    "cluster",
    "Command or Withdrawal",
    90,
    "what to do",
    bytes_max=BATCH_BYTES_MAX + _ROOM,
)
OUTCOMES = _log("outcomes", "cluster", "Outcome or Observation", 90, "what came of it")
NOTICES = _log(
    "notices",
    "incident id",
    "Notice",
    30,
    "what a human must be told",
    bytes_max=BATCH_BYTES_MAX + _ROOM,
)
DELIVERIES = Topic(
    "deliveries",
    "notice id and receiver",
    "Delivery",
    Spread.TAPE,
    Cleanup.BOTH,
    31 * DAY_MS,
    Clock.BROKER,
    MIB,
    "what became of each notice, for each of its receivers",
)
CONTROLS = _log("controls", "cluster, or `*`", "Control", 90, "what people order")
REJECTS = _log(
    "rejects",
    "original key",
    "Reject",
    30,
    "input that could not be read, as received",
    bytes_max=BATCH_BYTES_MAX + _ROOM,
)
SWITCHES = _compacted(
    "switches",
    "cluster, `*`, or executor",
    "Switch or Heartbeat",
    "the kill switch as it stands",
    Spread.ONE,
)
SNAPSHOTS = _compacted(
    "snapshots", "digest and chunk", "SnapshotChunk", "state to start a replay from", Spread.TAPE
)
TOPICS_BORN = _compacted(
    "topics", "topic", "TopicBorn", "the incarnation of each topic", Spread.ONE
)

NAMED: tuple[Topic, ...] = (
    ALERTS,
    METRICS,
    TAPE,
    DECISIONS,
    INCIDENTS,
    COMMANDS,
    OUTCOMES,
    NOTICES,
    DELIVERIES,
    CONTROLS,
    REJECTS,
    SWITCHES,
    SNAPSHOTS,
    TOPICS_BORN,
)


@cache
def journal(agent: str, source: str) -> Topic:
    """The journal of one agent over one input topic: only that agent writes it."""
    return _compacted(
        f"state.{agent}.{source}",
        "table entry",
        "tape offset, then the entry",
        f"what `{agent}` has made of `{source}`, and how far",
        Spread.TAPE,
        bytes_max=BATCH_BYTES_MAX + _ROOM,
        lag_ms=HOUR_MS,
    )


JOURNALS: tuple[Topic, ...] = (
    journal("observe", "alerts"),
    journal("detect", "metrics"),
    journal("relay", "outcomes"),
    journal("relay", "controls"),
    journal("decide", "tape"),
)

TOPICS: tuple[Topic, ...] = NAMED + JOURNALS

for _topic in TOPICS:
    assert _topic.message_bytes_max <= BATCH_BYTES_MAX + _ROOM
assert (DELIVERIES.retention_ms or 0) > (NOTICES.retention_ms or 0), "what was told is forgotten"
assert BODY_BYTES_MAX < ALERTS.message_bytes_max < REJECTS.message_bytes_max
assert TAPE_RECORD_BYTES_MAX < GROUP_BYTES_MAX < BATCH_BYTES_MAX


def partition_for(key: str | bytes, partitions: int) -> int:
    """The partition of a key. Ours, not the client library's: both sides must always agree."""
    raw = key.encode() if isinstance(key, str) else key
    return zlib.crc32(raw) % partitions
