"""What a sighting tells that was not known: an alert began, an alert ended, or nothing.

Repeats merge here, and most of what arrives are repeats, so they are told before anything is built.
They are told apart by content, never counted, so reprocessing cannot inflate.
"""

from collections.abc import Iterable
from dataclasses import replace

from schemas.alerts import AlertStatus, Sighting
from streams.core.alerts import group
from streams.core.draft import Draft
from streams.core.entries import EXPIRY_GRACE_MS, FLIPS_MAX, AlertState
from streams.core.keys import alert_key
from streams.core.reasons import Reason

COARSE_MS = 60_000
"""How far a repeat must move an alert's times before that is worth a write."""
VITAL_MS = 15_000
"""The same where that an alert was seen at all is what counts."""
FIRING, RESOLVED = AlertStatus.FIRING, AlertStatus.RESOLVED

Row = tuple[str, str, str, int, int, dict[str, str], dict[str, str]]


def see_all(draft: Draft, cluster: str, rows: Iterable[Row]) -> None:
    """The rows of one delivery."""
    prefixes: dict[str, str] = {}
    changes, known_before, now_ms = draft.changes, draft.state.get, draft.now_ms
    for row in rows:
        source, fingerprint, status, starts_at_ms, ends_at_ms, labels, annotations = row
        prefix = prefixes.get(source)
        if prefix is None:
            prefix = prefixes[source] = alert_key(cluster, source, "")
        key = prefix + fingerprint
        known = changes[key] if key in changes else known_before(key)
        assert known is None or isinstance(known, AlertState)
        if status == "firing":
            if known is not None and known.status is FIRING:
                if _moved(known, ends_at_ms, now_ms):
                    ends_at_ms = max(known.ends_at_ms, ends_at_ms)
                    changes[key] = replace(known, last_seen_at_ms=now_ms, ends_at_ms=ends_at_ms)
                continue
            sighting = Sighting(
                source, fingerprint, FIRING, starts_at_ms, ends_at_ms, labels, annotations
            )
            _see_firing(draft, cluster, key, known, sighting)
        else:
            sighting = Sighting(
                source, fingerprint, RESOLVED, starts_at_ms, ends_at_ms, labels, annotations
            )
            _see_resolved(draft, key, known, sighting)


def _moved(known: AlertState, ends_at_ms: int, now_ms: int) -> bool:
    if known.ends_at_ms and ends_at_ms >= known.ends_at_ms + COARSE_MS:
        return True
    return now_ms >= known.last_seen_at_ms + (VITAL_MS if known.vital else 5 * COARSE_MS)


def _see_firing(
    draft: Draft, cluster: str, key: str, known: AlertState | None, sighting: Sighting
) -> None:
    late = known is not None and sighting.starts_at_ms <= known.starts_at_ms
    if known and late and not _speaks_again(known, sighting, draft.now_ms):
        return  # A late copy of a firing that is known to have ended.
    policy = draft.policy()
    seen = policy.sees(sighting.labels) if policy else None
    incident_id = group.alert_fired(draft, cluster, sighting, policy, seen)
    alert = _remembered(draft, sighting, incident_id, known, vital=bool(seen and seen.watchdogs))
    draft.put(key, alert)
    draft.fires(key, alert, policy)


def _speaks_again(known: AlertState, sighting: Sighting, now_ms: int) -> bool:
    """Silence was taken for the end; here is the source, and it says that the alert fires on."""
    ends_at_ms = sighting.ends_at_ms
    return known.silent and (not ends_at_ms or ends_at_ms + EXPIRY_GRACE_MS > now_ms)


def _see_resolved(draft: Draft, key: str, known: AlertState | None, sighting: Sighting) -> None:
    if known is None:
        # Kept, so that a firing that comes after its own end is recognised.
        draft.put(key, _remembered(draft, sighting, "", None))
    elif known.status is FIRING and sighting.starts_at_ms >= known.starts_at_ms:
        _end(draft, key, known, silent=False)
    elif known.silent and sighting.starts_at_ms >= known.starts_at_ms:
        draft.put(key, replace(known, silent=False))


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
    incident_id: str,
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
        incident_id=incident_id,
        labels=sighting.labels,
        flips_at_ms=_flipped(draft, known) if known else (),
        vital=vital,
    )
