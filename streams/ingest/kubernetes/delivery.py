"""Alerts as records of `alerts`, in the form of Alertmanager's webhook.

It says of each alert whether it fires. API v2 leaves that to the time of its end, and where this
machine's clock is ahead of the broker's, an end would read as "fires on".
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from streams.ingest.formats.alertmanager import WEBHOOK, check_webhook
from streams.ingest.gateway.delivery import Delivery, correlation_id
from streams.ingest.gateway.source import Source
from streams.ingest.kubernetes.board import Alert
from streams.ingest.produce import Record

SOURCE = "kubernetes"
LIFETIME_MS = 240_000
"""How long an alert fires that nobody repeats, as with Prometheus: four repeats."""
AT_ONCE_MAX = 256
"""Alerts in one record."""
_json = msgspec.json.Encoder().encode


def records(
    alerts: Sequence[Alert],
    cluster: str,
    prefix: str,
    now_ms: int,
    note: Callable[[str], str] = lambda _: "",
) -> Iterator[Record]:
    """`note`: what an event says of the object."""
    source = Source(SOURCE, cluster=cluster)
    for at in range(0, len(alerts), AT_ONCE_MAX):
        told = [_alert(one, now_ms, note(one.uid)) for one in alerts[at : at + AT_ONCE_MAX]]
        body = _json({"version": "4", "alerts": told})
        checked = check_webhook(body, now_ms)
        known_as = correlation_id(None, source, body)
        yield from Delivery(source, WEBHOOK, body, checked, now_ms, known_as).records(prefix)


def _alert(alert: Alert, now_ms: int, note: str) -> dict[str, Any]:
    trouble = alert.trouble
    texts = {"summary": trouble.summary, "description": trouble.description, "event": note}
    return {
        "status": "firing" if alert.ended_at_ms is None else "resolved",
        "labels": trouble.labels,
        "annotations": {name: text for name, text in texts.items() if text},
        "startsAt": _time(alert.starts_at_ms),
        "endsAt": _time(_ends_at_ms(alert, now_ms)),
    }


def _ends_at_ms(alert: Alert, now_ms: int) -> int:
    if alert.ended_at_ms is not None:
        return alert.ended_at_ms
    until_ms = alert.trouble.until_ms
    deadline_ms = now_ms + LIFETIME_MS
    return max(alert.starts_at_ms, deadline_ms if until_ms is None else min(deadline_ms, until_ms))


def _time(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
