"""What an Alertmanager holds and we have not seen, and what we hold that it no longer has.

Alerts are compared by the fingerprint that the gateway's own parser gives them, whichever source
they came by here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from schemas.alerts import AlertStatus, Sighting
from streams.core.entries import AlertState
from streams.ingest.alertmanager.held import HeldAlert
from streams.ingest.formats.alert_json import UNREADABLE
from streams.ingest.formats.alertmanager import parse_api_v2
from streams.ingest.formats.json_split import join_array
from streams.ingest.formats.sighting import UNSET_MS
from streams.ingest.gateway.source import CLUSTER

AT_ONCE = 1_000
"""Alerts that the parser is given together."""


class _Status(msgspec.Struct, rename="camel"):
    state: str = "active"
    silenced_by: list[str] | None = None
    inhibited_by: list[str] | None = None


class _Listed(msgspec.Struct):
    status: _Status


_listed = msgspec.json.Decoder(_Listed)


@dataclass(frozen=True, slots=True)
class Theirs:
    """An alert that the Alertmanager holds."""

    seen: Sighting
    silenced: bool = False
    inhibited: bool = False
    unprocessed: bool = False
    """It has not reached its route yet."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which of our alerts are compared."""

    sources: frozenset[str] = frozenset()
    """The names by which it sends here. Empty: not known, so that of what only we hold nothing can
    be said."""
    clusters: frozenset[str] = frozenset()
    """Whose its alerts may be, beside those that they name. With neither, anybody's."""
    grace_ms: int = 0
    """An alert that is younger may still be on its way."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What of what it holds we know, and why we need not know the rest."""

    known: int = 0
    """Fire here too."""
    silenced: int = 0
    """Do not, and no notification of them was due."""
    inhibited: int = 0
    young: int = 0
    unreadable: int = 0
    """The gateway would refuse them."""
    missing: tuple[Sighting, ...] = ()
    only_here: tuple[AlertState, ...] = ()

    @property
    def is_loss(self) -> bool:
        return bool(self.missing or self.unreadable)

    @property
    def holds(self) -> int:
        """How many fire there."""
        excused = self.known + self.silenced + self.inhibited + self.young
        return excused + self.unreadable + len(self.missing)


def read(answer: Sequence[bytes], asked_ms: int) -> tuple[list[Theirs], int]:
    """What an Alertmanager answered, read as the gateway would; and how many it would refuse."""
    found: list[Theirs] = []
    for begin in range(0, len(answer), AT_ONCE):
        found += _read(answer[begin : begin + AT_ONCE], asked_ms)
    return found, len(answer) - len(found)


def _read(some: Sequence[bytes], asked_ms: int) -> Iterator[Theirs]:
    parsed = parse_api_v2(join_array(list(some)), "", asked_ms)
    if len(some) > 1 and any(fault.index is None for fault in parsed.faults):
        for one in some:  # One of them spoils the text of all, as one that is nested too deep.
            yield from _read([one], asked_ms)
        return
    for nth, seen in enumerate(parsed.sightings):
        yield _theirs(seen, some[parsed.index_of(nth)])


def compare(
    theirs: Iterable[Theirs],
    ours: Sequence[HeldAlert],
    asked: Asked,
    now_ms: int,
    unreadable: int = 0,
) -> Difference:
    places: dict[str, set[str]] = {}
    for alert in ours:
        places.setdefault(alert.state.fingerprint, set()).add(alert.cluster)
    missing: list[Sighting] = []
    held: set[str] = set()
    counts = dict.fromkeys(("known", "silenced", "inhibited", "young"), 0)
    for one in theirs:
        held.add(one.seen.fingerprint)
        if _has_just_ended(one.seen, now_ms):
            continue
        why = _excused(one, places, asked, now_ms)
        if why:
            counts[why] += 1
        else:
            missing.append(one.seen)
    return Difference(
        **counts,
        unreadable=unreadable,
        missing=tuple(sorted(missing, key=lambda seen: seen.fingerprint)),
        only_here=tuple(_only_here(ours, held, asked, now_ms)),
    )


def _has_just_ended(seen: Sighting, now_ms: int) -> bool:
    """Since it was asked for. Alertmanager lists none that has ended before: where our clock says
    so, the clocks differ, and the alert fires."""
    was_ahead = seen.status is AlertStatus.FIRING and seen.ends_at_ms != UNSET_MS
    return was_ahead and seen.ends_at_ms <= now_ms


def _excused(one: Theirs, places: Mapping[str, set[str]], asked: Asked, now_ms: int) -> str:
    """Why it is not missing; nothing where it is."""
    seen = one.seen
    named = asked.clusters | {seen.labels[CLUSTER]} if CLUSTER in seen.labels else asked.clusters
    where = places.get(seen.fingerprint, set())
    if where and (not named or named & where):
        return "known"
    if one.silenced:
        return "silenced"
    if one.inhibited:
        return "inhibited"
    if one.unprocessed or now_ms - seen.starts_at_ms < asked.grace_ms:
        return "young"
    return ""


def _only_here(
    ours: Sequence[HeldAlert], held: set[str], asked: Asked, now_ms: int
) -> Iterator[AlertState]:
    for alert in sorted(ours, key=lambda alert: alert.state.fingerprint):
        state = alert.state
        is_old = now_ms - state.first_seen_at_ms >= asked.grace_ms
        if state.source in asked.sources and state.fingerprint not in held and is_old:
            yield state


def _theirs(seen: Sighting, raw: bytes) -> Theirs:
    try:
        status = _listed.decode(raw).status
    except UNREADABLE:
        return Theirs(seen)  # One that says nothing of itself is taken to be active.
    return Theirs(
        seen, bool(status.silenced_by), bool(status.inhibited_by), status.state == "unprocessed"
    )
