"""Opsgenie's webhook integration; that of Jira Service Management, its successor, sends the same.

It tells of whatever is done to an alert, and most of that says nothing of what the alert is about.
An alert is known by its alias, of which one at a time is open, and whatever is told of it says when
it was created: so the end of the one before is not taken for the end of this one.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from streams.ingest.formats.label_names import label_name
from streams.ingest.formats.moments import epoch_ms
from streams.ingest.formats.on_call import OF_PRIORITY, details
from streams.ingest.formats.parsed import BadField
from streams.ingest.formats.report import FIRING, RESOLVED, Report, one_alert, shaped

STATUSES = {"Create": FIRING, "Close": RESOLVED, "Delete": RESOLVED}
"""Any other action leaves an alert open. Custom ones have the names that users gave them."""
_TAG = re.compile(r"([^:=]*)[:=](.*)", re.DOTALL)


class Alert(msgspec.Struct, rename="camel", gc=False):
    alert_id: str = ""
    alias: str | None = None
    message: str | None = None
    description: str | None = None
    entity: str | None = None
    source: str | None = None
    priority: str | int | None = None
    """A number in old accounts: of which priority, nothing says."""
    tags: list[str] | None = None
    details: Any = None
    created_at: int | None = None
    tiny_id: str | None = None


class Opsgenie(msgspec.Struct, gc=False):
    action: str
    alert: Alert


def tell(sent: Opsgenie, _received_ms: int) -> Sequence[Report]:
    status, alert = STATUSES.get(sent.action), sent.alert
    if status is None:
        return ()
    key = alert.alias or alert.alert_id
    if not key:
        raise BadField("alert.alertId", "empty, so that nothing would say which alert has ended")
    created_at = None if alert.created_at is None else str(alert.created_at)
    return [
        Report(
            labels=_labels(alert),
            status=status,
            annotations={
                "summary": alert.message or "",
                "description": alert.description or "",
                "opsgenie_id": alert.tiny_id or "",
            },
            starts_at_ms=epoch_ms(created_at, "alert.createdAt"),
            key=key,
        )
    ]


def _labels(alert: Alert) -> Mapping[str, str]:
    """An integration that keeps a monitor's labels puts them into the details, Alertmanager's among
    them: they know better than the alert's message and priority."""
    own = {
        "alertname": alert.message,
        "severity": OF_PRIORITY.get(str(alert.priority)),
        "priority": str(alert.priority or ""),
        "entity": alert.entity,
        "source": alert.source,
    }
    return {
        **_tags(alert.tags or ()),
        **{name: value for name, value in own.items() if value},
        **details(alert.details),
    }


def _tags(tags: Sequence[str]) -> dict[str, str]:
    """`env:prod`, `env=prod`, `urgent`. A tag without a value says only that it is there."""
    labels: dict[str, str] = {}
    for tag in tags:
        pair = _TAG.fullmatch(tag)
        name, value = (label_name(pair[1]), pair[2].strip()) if pair else (label_name(tag), "true")
        if name and value:
            labels.setdefault(name, value)
    return labels


opsgenie = one_alert("opsgenie", "/webhook/opsgenie", shaped(Opsgenie, tell))
