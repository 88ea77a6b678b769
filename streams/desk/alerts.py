"""Alerts in a file of one's own: as Alertmanager's API v2 has them, or just their labels."""

import json
from dataclasses import dataclass
from typing import Any

from schemas.alerts import AlertStatus, Sighting
from streams.ingest.formats.alertmanager import parse_api_v2


class AlertsUnreadable(Exception):
    """What is wrong with which alert."""


@dataclass(frozen=True, slots=True)
class Given:
    alerts: tuple[Sighting, ...]
    is_one: bool
    """One alert by itself, and no array of them."""


def read_alerts(text: bytes, file: str, at_ms: int, source: str = "") -> Given:
    """What the gateway would make of them if they came in at `at_ms`."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise AlertsUnreadable(f"{file}: not JSON: {fault}") from None
    is_one = isinstance(found, dict)
    items = [found] if is_one else found
    if not isinstance(items, list):
        raise AlertsUnreadable(f"{file}: expected an alert, or an array of alerts")
    body = json.dumps([_whole(item) for item in items]).encode()
    parsed = parse_api_v2(body, source, at_ms)
    if parsed.faults:
        raise AlertsUnreadable("\n".join(f"{file}: {fault}" for fault in parsed.faults))
    return Given(parsed.sightings, is_one)


def firing(given: Given) -> tuple[Sighting, ...]:
    """One that has ended is active no longer."""
    return tuple(alert for alert in given.alerts if alert.status is AlertStatus.FIRING)


def _whole(item: Any) -> Any:
    """`{"alertname": "X"}` is an alert of which only the labels are told."""
    return item if not isinstance(item, dict) or "labels" in item else {"labels": item}
