"""Alerts as an Alertmanager lists them, and as we hold them."""

import json
from typing import Any

from schemas.alerts import AlertStatus
from schemas.ids import fingerprint
from streams.core.entries import AlertState
from streams.ingest.alertmanager.held import HeldAlert

NOW_MS = 1_793_527_260_000  # 2026-11-01T10:01:00Z
LONG_AGO = "2026-11-01T09:00:00.123Z"


def listed(pod: str, *, starts: str = LONG_AGO, state: str = "active", **more: Any) -> bytes:
    """As `GET /api/v2/alerts` of Alertmanager 0.25 has it."""
    whole = {
        "annotations": {"summary": "it is down"},
        "endsAt": "2026-11-01T10:05:00.000Z",
        "fingerprint": "0123456789abcdef",
        "receivers": [{"name": "mendlog"}],
        "startsAt": starts,
        "status": {"inhibitedBy": [], "silencedBy": [], "state": state},
        "updatedAt": "2026-11-01T10:00:55.000Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=up",
        "labels": {"alertname": "Down", "pod": pod},
        **more,
    }
    return json.dumps(whole).encode()


def held(
    pod: str, *, source: str = "am", cluster: str = "eu-1", seen_ms: int = 0, **more: Any
) -> HeldAlert:
    labels = {"alertname": "Down", "pod": pod, **more.pop("labels", {})}
    state = AlertState(
        source, fingerprint(labels), AlertStatus.FIRING, 1000, 0, seen_ms, seen_ms, "i1",
        labels=labels,
    )  # fmt: skip
    return HeldAlert(cluster, state, **more)
