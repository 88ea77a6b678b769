"""The alerts that fire, folded from the journal of `decide`, within a bound of memory."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from urllib.parse import unquote

import msgspec

from schemas.alerts import AlertStatus
from schemas.topics import MIB
from streams.core.entries import AlertState
from streams.core.keys import cluster_of
from streams.core.lifecycle import Phase
from streams.core.matching import Matchers
from streams.core.reasons import Reason
from streams.core.standing import SilenceState
from streams.host.entries import gone_offset, read_entry
from streams.ingest.alertmanager.held import HeldAlert
from streams.policy.matchers import joined, parse_all

HELD_BYTES_MAX = 48 * MIB
"""Some 60,000 alerts that fire at once, each with eight labels."""
ENDED_MAX = 50_000
"""Ended entries whose place is remembered, so that a worker that was paused and writes old truth is
not believed. Beyond it the owner of the journal puts that right, within seconds."""
SILENCES_MAX = 1_000
"""Whose matchers are kept compiled."""
_OVERHEAD_BYTES = 250
"""Of two texts and their place, in this process."""
ALERT, INCIDENT, SILENCE = b"alert/", b"incident/", b"silence/"
KINDS = (ALERT, INCIDENT, SILENCE)
ALL = "*"


class TooMuch(Exception):
    """More fires than is held here."""


class Told(msgspec.Struct):
    """Of an incident, what an alert's listing says."""

    phase: Phase
    reason: str = ""
    receivers: tuple[str, ...] = ()


UNKNOWN = Told(Phase.OPEN)
_alert = msgspec.json.Decoder(AlertState)
_incident = msgspec.json.Decoder(Told)
_silence = msgspec.json.Decoder(SilenceState)
_json = msgspec.json.Encoder().encode


class StandingAlerts:
    """Kept as the journal has them, since they are read seldom and held all the time."""

    def __init__(self, bytes_max: int = HELD_BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._held: dict[bytes, tuple[int, bytes]] = {}
        self._ended: OrderedDict[bytes, int] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._held)

    def add(
        self, key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]]
    ) -> None:
        """The next record of a journal. Raises TooMuch."""
        if key is None or not key.startswith(KINDS):
            return
        entry = None if value is None else read_entry(value)
        offset = gone_offset(headers) if entry is None else entry.offset
        if offset < self._offset_of(key):
            return
        self._forget(key)
        kept = None if entry is None or entry.value is None else _kept(key, entry.value)
        if kept is None:
            self._end(key, offset)
        else:
            self._hold(key, offset, kept)

    def at(self, now_ms: int) -> Iterator[HeldAlert]:
        """Every alert that fires as of now, in the order of their fingerprints, with what keeps it
        quiet. Each is made when it is asked for."""
        held = sorted(
            ((key, raw) for key, (_, raw) in self._held.items() if key.startswith(ALERT)),
            key=lambda pair: pair[0].rpartition(b"/")[2],
        )
        incidents = {k: raw for k, (_, raw) in self._held.items() if k.startswith(INCIDENT)}
        quiet = Quiet(now_ms, [(k, r) for k, (_, r) in self._held.items() if k.startswith(SILENCE)])
        return (_listed(key, _alert.decode(raw), incidents, quiet) for key, raw in held)

    @property
    def sources(self) -> frozenset[str]:
        """Of those that fire, and of those that have ended and are remembered."""
        keys = (key for held in (self._held, self._ended) for key in held)
        return frozenset(_source(key) for key in keys if key.startswith(ALERT))

    def _offset_of(self, key: bytes) -> int:
        if key in self._held:
            return self._held[key][0]
        return self._ended.get(key, -1)

    def _forget(self, key: bytes) -> None:
        if known := self._held.pop(key, None):
            self.bytes -= _size(key, known[1])
        self._ended.pop(key, None)

    def _end(self, key: bytes, offset: int) -> None:
        self._ended[key] = offset
        if len(self._ended) > ENDED_MAX:
            self._ended.popitem(last=False)

    def _hold(self, key: bytes, offset: int, kept: bytes) -> None:
        self._held[key] = (offset, kept)
        self.bytes += _size(key, kept)
        if self.bytes > self._bytes_max:
            raise TooMuch(f"more fires than fits into {self._bytes_max} bytes")


class Quiet:
    """The silences that are in force."""

    def __init__(self, now_ms: int, silences: Iterable[tuple[bytes, bytes]]) -> None:
        self._of: list[tuple[str, str, Matchers]] = []
        for key, raw in silences:
            silence = _silence.decode(raw)
            if silence.starts_at_ms <= now_ms < silence.ends_at_ms:
                _, cluster, name = key.decode().split("/")
                self._of.append((unquote(cluster), unquote(name), _matchers(silence.matchers)))

    def names(self, cluster: str, state: AlertState) -> tuple[str, ...]:
        """Of those that match."""
        return tuple(
            name for of, name, matches in self._of if of in (cluster, ALL) and matches(state.labels)
        )


def _listed(
    key: bytes, state: AlertState, incidents: Mapping[bytes, bytes], quiet: Quiet
) -> HeldAlert:
    cluster = unquote(cluster_of(key.decode()))
    raw = incidents.get(INCIDENT + state.incident_id.encode())
    told = _incident.decode(raw) if raw else UNKNOWN
    why = told.reason if told.phase is Phase.SUPPRESSED else ""
    silenced = quiet.names(cluster, state)
    # A silence may ask for labels that the policy adds: of that its incident tells.
    if not silenced and why in (Reason.SILENCED, Reason.MAINTENANCE):
        silenced = (why,)
    inhibited = (state.incident_id,) if why == Reason.INHIBITED else ()
    muted = (why,) if why and not silenced and not inhibited else ()
    return HeldAlert(cluster, state, told.receivers, silenced, inhibited, muted)


def _kept(key: bytes, raw: bytes) -> bytes | None:
    """None for an alert that has ended: it is remembered by `decide`, and no longer fires."""
    if key.startswith(ALERT) and _alert.decode(raw).status is AlertStatus.RESOLVED:
        return None
    return _json(_incident.decode(raw)) if key.startswith(INCIDENT) else raw


def _source(key: bytes) -> str:
    """Of `alert/<cluster>/<source>/<fingerprint>`."""
    return unquote(key.decode().split("/", 3)[2])


def _size(key: bytes, kept: bytes) -> int:
    return len(key) + len(kept) + _OVERHEAD_BYTES


@lru_cache(maxsize=SILENCES_MAX)
def _matchers(texts: tuple[str, ...]) -> Matchers:
    return joined(parse_all(text) for text in texts)
