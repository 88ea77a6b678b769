"""What a sighting tells that was not known: an alert began, an alert ended, or nothing.

Repeats merge here. They are told apart by content, never counted, so reprocessing cannot inflate.
"""

from dataclasses import replace

from schemas.alerts import AlertStatus, Sighting
from streams.core import group
from streams.core.draft import Draft
from streams.core.reasons import Reason
from streams.core.state import AlertState

COARSE_MS = 60_000
"""How far a repeat must move an alert's times before that is worth a write."""


def see(draft: Draft, cluster: str, sighting: Sighting) -> None:
    key = f"alert/{cluster}/{sighting.source}/{sighting.fingerprint}"
    known = draft.get(key, AlertState)
    if sighting.status is AlertStatus.FIRING:
        _see_firing(draft, cluster, key, known, sighting)
    else:
        _see_resolved(draft, cluster, key, known, sighting)


def _see_firing(
    draft: Draft, cluster: str, key: str, known: AlertState | None, sighting: Sighting
) -> None:
    if known and known.status is AlertStatus.FIRING:
        if _moved(known, sighting, draft.now_ms):
            ends = max(known.ends_at_ms, sighting.ends_at_ms)
            draft.put(key, replace(known, last_seen_at_ms=draft.now_ms, ends_at_ms=ends))
        return
    if known and sighting.starts_at_ms <= known.starts_at_ms:
        return  # A late copy of a firing that is known to have ended.
    incident_id = group.alert_fired(draft, cluster, sighting)
    draft.put(key, _remembered(draft, sighting, incident_id))


def _see_resolved(
    draft: Draft, cluster: str, key: str, known: AlertState | None, sighting: Sighting
) -> None:
    if known is None:
        # Kept, so that a firing that comes after its own end is recognised.
        draft.put(key, _remembered(draft, sighting, ""))
    elif known.status is AlertStatus.FIRING and sighting.starts_at_ms >= known.starts_at_ms:
        end(draft, cluster, key, known, Reason.ALERTS_CLEAR)


def end(draft: Draft, cluster: str, key: str, known: AlertState, reason: Reason) -> None:
    ended = replace(known, status=AlertStatus.RESOLVED, last_seen_at_ms=draft.now_ms)
    draft.put(key, ended)
    group.alert_ended(draft, known, reason)


def on_due(draft: Draft, key: str) -> None:
    """A firing alert whose source stopped resending has ended; an ended one is forgotten."""
    alert = draft.get(key, AlertState)
    assert alert is not None
    if alert.status is AlertStatus.FIRING:
        end(draft, key.split("/")[1], key, alert, Reason.ALERTS_CLEAR)
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
