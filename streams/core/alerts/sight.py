"""What a sighting tells that was not known: an alert began, an alert ended, or nothing.

Repeats merge here, and most of what arrives are repeats, so they are told before anything is built.
They are told apart by content, never counted, so reprocessing cannot inflate.
"""

from collections.abc import Iterable
from operator import itemgetter

from schemas.alerts import AlertStatus, Sighting
from streams.core.alerts import group
from streams.core.changed import replace
from streams.core.draft import Draft
from streams.core.entries import EXPIRY_GRACE_MS, FLIPS_MAX, AlertState, GroupState
from streams.core.keys import alert_key
from streams.core.reasons import Reason

COARSE_MS = 60_000
"""How far a repeat must move an alert's times before that is worth a write."""
VITAL_MS = 15_000
"""The same where that an alert was seen at all is what counts."""
FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED

Row = tuple[str, str, str, int, int, dict[str, str], dict[str, str]]


def see_all(draft: Draft, cluster: str, rows: Iterable[Row]) -> None:
    """The rows of one delivery. What is news is heard by alert and in the order of time: how a
    sender puts them says nothing."""
    prefixes: dict[str, str] = {}
    news: list[Row] = []
    changes, known_before, now_ms = draft.changes, draft.state.get, draft.now_ms
    for row in rows:
        source, fingerprint, status, starts_at_ms, ends_at_ms = row[:5]
        prefix = prefixes.get(source)
        if prefix is None:
            prefix = prefixes[source] = alert_key(cluster, source, "")
        key = prefix + fingerprint
        known = changes[key] if key in changes else known_before(key)
        assert known is None or isinstance(known, AlertState)
        if status != "firing" or known is None or known.status is not FIRING:
            news.append(row)
        elif _moved(known, starts_at_ms, ends_at_ms, now_ms):
            _resent(draft, key, known, row)
    for row in sorted(news, key=IN_ORDER):
        _see(draft, cluster, prefixes[row[0]] + row[1], row)


IN_ORDER = itemgetter(0, 1, 3, 2, 4)
"""By alert, then by when it began, its end after its begin."""


def _moved(known: AlertState, starts_at_ms: int, ends_at_ms: int, now_ms: int) -> bool:
    if starts_at_ms > known.starts_at_ms:
        return True
    if known.ends_at_ms and ends_at_ms >= known.ends_at_ms + COARSE_MS:
        return True
    return now_ms >= known.last_seen_at_ms + (VITAL_MS if known.vital else 5 * COARSE_MS)


def _resent(draft: Draft, key: str, known: AlertState, row: Row) -> None:
    """It fires on, or again: an end of the firing before is no end of this one."""
    policy = draft.policy()
    moved = replace(
        known,
        starts_at_ms=max(known.starts_at_ms, row[3]),
        ends_at_ms=max(known.ends_at_ms, row[4]),
        last_seen_at_ms=draft.now_ms,
        vital=bool(policy and policy.sees(known.labels).watchdogs),
    )
    draft.put(key, moved)


def _see(draft: Draft, cluster: str, key: str, row: Row) -> None:
    source, fingerprint, status, starts_at_ms, ends_at_ms, labels, annotations = row
    known = draft.get(key, AlertState)
    seen = Sighting(
        source, fingerprint, AlertStatus(status), starts_at_ms, ends_at_ms, labels, annotations
    )
    if seen.status is RESOLVED:
        _see_resolved(draft, key, known, seen)
    elif known is None or known.status is not FIRING:
        _see_firing(draft, cluster, key, known, seen)
    elif _moved(known, starts_at_ms, ends_at_ms, draft.now_ms):
        _resent(draft, key, known, row)


def _see_firing(
    draft: Draft, cluster: str, key: str, known: AlertState | None, sighting: Sighting
) -> None:
    late = known is not None and sighting.starts_at_ms <= known.starts_at_ms
    if known and late and not _speaks_again(known, sighting, draft.now_ms):
        return  # A late copy of a firing that is known to have ended.
    policy = draft.policy()
    seen = policy.sees(sighting.labels) if policy else None
    was_of = known.incident_id if known else ""
    # That a watchdog fires is no incident: that it does not would be one.
    vital = bool(seen and seen.watchdogs)
    joined = (
        GroupState("")
        if vital
        else group.alert_fired(draft, cluster, sighting, policy, seen, was_of)
    )
    alert = _remembered(draft, sighting, joined, known, vital=vital)
    draft.put(key, alert)
    draft.fires(key, alert, policy)


def _speaks_again(known: AlertState, sighting: Sighting, now_ms: int) -> bool:
    """Silence was taken for the end; here is the source, and it says that the alert fires on."""
    ends_at_ms = sighting.ends_at_ms
    return known.silent and (not ends_at_ms or ends_at_ms + EXPIRY_GRACE_MS > now_ms)


def _see_resolved(draft: Draft, key: str, known: AlertState | None, sighting: Sighting) -> None:
    if known is None:
        # Kept, so that a firing that comes after its own end is recognised.
        draft.put(key, _remembered(draft, sighting, GroupState(""), None))
    elif sighting.starts_at_ms >= known.starts_at_ms:
        ended = replace(known, starts_at_ms=sighting.starts_at_ms, silent=False)
        if known.status is FIRING:
            _end(draft, key, ended, silent=False)
        elif ended != known:
            draft.put(key, replace(ended, last_seen_at_ms=draft.now_ms))


def _end(draft: Draft, key: str, known: AlertState, *, silent: bool) -> None:
    ended = replace(
        known,
        status=RESOLVED,
        last_seen_at_ms=draft.now_ms,
        silent=silent,
        flips_at_ms=_flipped(draft, known),
    )
    draft.put(key, ended)
    group.alert_ended(draft, known, Reason.ALERTS_CLEAR)


def _flipped(draft: Draft, known: AlertState) -> tuple[int, ...]:
    return (*known.flips_at_ms[1 - FLIPS_MAX :], draft.now_ms)


def on_due(draft: Draft, key: str) -> None:
    """A firing alert whose source stopped resending has ended; an ended one is forgotten."""
    alert = draft.get(key, AlertState)
    assert alert is not None
    if alert.status is FIRING:
        _end(draft, key, alert, silent=True)
    else:
        draft.put(key, None)


def _remembered(
    draft: Draft,
    sighting: Sighting,
    joined: GroupState,
    known: AlertState | None,
    vital: bool = False,
) -> AlertState:
    return AlertState(
        source=sighting.source,
        fingerprint=sighting.fingerprint,
        status=sighting.status,
        starts_at_ms=sighting.starts_at_ms,
        ends_at_ms=sighting.ends_at_ms,
        first_seen_at_ms=draft.now_ms,
        last_seen_at_ms=draft.now_ms,
        incident_id=joined.incident_id,
        explained=joined.explained,
        labels=sighting.labels,
        flips_at_ms=_flipped(draft, known) if known else (),
        vital=vital,
    )
