"""What a sighting tells that was not known: an alert began, an alert ended, or nothing.

Repeats merge here. They are told apart by content, never counted, so reprocessing cannot inflate.
"""

from dataclasses import replace

from schemas.alerts import AlertStatus, Sighting
from streams.core import group
from streams.core.draft import Draft
from streams.core.reasons import Reason
from streams.core.state import EXPIRY_GRACE_MS, AlertState, alert_key

COARSE_MS = 60_000
"""How far a repeat must move an alert's times before that is worth a write."""


def see(draft: Draft, cluster: str, sighting: Sighting) -> None:
    key = alert_key(cluster, sighting.source, sighting.fingerprint)
    known = draft.get(key, AlertState)
    if sighting.status is AlertStatus.FIRING:
        _see_firing(draft, cluster, key, known, sighting)
    else:
        _see_resolved(draft, key, known, sighting)


def _see_firing(
    draft: Draft, cluster: str, key: str, known: AlertState | None, sighting: Sighting
) -> None:
    if known and known.status is AlertStatus.FIRING:
        if _moved(known, sighting, draft.now_ms):
            ends = max(known.ends_at_ms, sighting.ends_at_ms)
            draft.put(key, replace(known, last_seen_at_ms=draft.now_ms, ends_at_ms=ends))
        return
    late = known is not None and sighting.starts_at_ms <= known.starts_at_ms
    if known and late and not _speaks_again(known, sighting, draft.now_ms):
        return  # A late copy of a firing that is known to have ended.
    incident_id = group.alert_fired(draft, cluster, sighting)
    draft.put(key, _remembered(draft, sighting, incident_id))


def _speaks_again(known: AlertState, sighting: Sighting, now_ms: int) -> bool:
    """Silence was taken for the end; here is the source, and it says that the alert fires on."""
    ends_at_ms = sighting.ends_at_ms
    return known.silent and (not ends_at_ms or ends_at_ms + EXPIRY_GRACE_MS > now_ms)


def _see_resolved(draft: Draft, key: str, known: AlertState | None, sighting: Sighting) -> None:
    if known is None:
        # Kept, so that a firing that comes after its own end is recognised.
        draft.put(key, _remembered(draft, sighting, ""))
    elif known.status is AlertStatus.FIRING and sighting.starts_at_ms >= known.starts_at_ms:
        _end(draft, key, known, silent=False)
    elif known.silent and sighting.starts_at_ms >= known.starts_at_ms:
        draft.put(key, replace(known, silent=False))


def _end(draft: Draft, key: str, known: AlertState, *, silent: bool) -> None:
    ended = replace(known, status=AlertStatus.RESOLVED, last_seen_at_ms=draft.now_ms, silent=silent)
    draft.put(key, ended)
    group.alert_ended(draft, known, Reason.ALERTS_CLEAR)


def on_due(draft: Draft, key: str) -> None:
    """A firing alert whose source stopped resending has ended; an ended one is forgotten."""
    alert = draft.get(key, AlertState)
    assert alert is not None
    if alert.status is AlertStatus.FIRING:
        _end(draft, key, alert, silent=True)
    else:
        draft.put(key, None)


def _moved(known: AlertState, sighting: Sighting, now_ms: int) -> bool:
    if known.ends_at_ms and sighting.ends_at_ms >= known.ends_at_ms + COARSE_MS:
        return True
    return now_ms >= known.last_seen_at_ms + 5 * COARSE_MS


def _remembered(draft: Draft, sighting: Sighting, incident_id: str) -> AlertState:
    return AlertState(
        source=sighting.source,
        fingerprint=sighting.fingerprint,
        status=sighting.status,
        starts_at_ms=sighting.starts_at_ms,
        ends_at_ms=sighting.ends_at_ms,
        first_seen_at_ms=draft.now_ms,
        last_seen_at_ms=draft.now_ms,
        incident_id=incident_id,
    )
