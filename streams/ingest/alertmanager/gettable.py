"""What we hold in the shape in which an Alertmanager tells of its alerts."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from schemas.topics import KIB
from streams.ingest.alertmanager.held import HeldAlert

PIECE_BYTES = 64 * KIB
INCIDENT = "incident"
"""The one annotation: a sender's own are not kept with an alert that is held."""
_encode = msgspec.json.Encoder().encode


def listed(alerts: Iterable[HeldAlert]) -> Iterator[bytes]:
    """The list in pieces: all of it may be more than the alerts themselves take."""
    piece = bytearray(b"[")
    comma = b""
    for alert in alerts:
        piece += comma + _encode(_gettable(alert))
        comma = b","
        if len(piece) >= PIECE_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece + b"]")


def _gettable(alert: HeldAlert) -> dict[str, Any]:
    state = alert.state
    return {
        "annotations": {INCIDENT: state.incident_id} if state.incident_id else {},
        "endsAt": _moment(state.ends_at_ms),
        "fingerprint": state.fingerprint,
        "receivers": [{"name": name} for name in alert.receivers],
        "startsAt": _moment(state.starts_at_ms),
        "status": {
            "state": "suppressed" if alert.is_quiet else "active",
            "silencedBy": alert.silenced_by,
            "inhibitedBy": alert.inhibited_by,
            "mutedBy": alert.muted_by,
        },
        "updatedAt": _moment(state.last_seen_at_ms),
        "generatorURL": "",
        "labels": state.labels,
    }


def _moment(at_ms: int) -> str:
    if not at_ms:
        return "0001-01-01T00:00:00.000Z"  # Go's way to write that there is none.
    text = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
