"""Datadog's webhook. What it sends is what its template says: ours is in docs/sources.md.

Every value is a string, also one that is empty; a variable that Datadog has no value for may stand
there under its name, `$ALERT_SCOPE`. An alert is known by its cycle key, which is the same from its
trigger to its recovery, and by its scope: of a monitor with several groups each has an alert of its
own.
"""

import re
from collections.abc import Sequence

import msgspec

from schemas.alerts import NO_DATA
from streams.ingest.formats.moments import epoch_ms
from streams.ingest.formats.parsed import BadField
from streams.ingest.formats.report import (
    FIRING,
    RESOLVED,
    Report,
    at_level,
    one_alert,
    shaped,
)

ALERT, WARNING, UNKNOWN = "alert", "warning", "no data"
LEVELS = (ALERT, WARNING, UNKNOWN)
SEVERITY = {ALERT: "critical", WARNING: "warning", UNKNOWN: "warning"}
OF_TRANSITION = {
    "Triggered": ALERT,
    "Re-Triggered": ALERT,
    "Warn": WARNING,
    "Re-Warn": WARNING,
    "No Data": UNKNOWN,
    "Re-No Data": UNKNOWN,
}
OF_TYPE = {"error": ALERT, "warning": WARNING}
"""What a renotification, which is about any level, says of it."""
RENOTIFIED, RECOVERED = "Renotify", "Recovered"
PLACES = {
    "kube_cluster_name": "cluster",
    "cluster_name": "cluster",
    "kube_namespace": "namespace",
    "pod_name": "pod",
}
"""Tags of Datadog that have a name of their own for what policies call otherwise."""
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_]")
_VARIABLE = re.compile(r"\$[A-Z_]+")
_TRANSITION = re.compile(r"\A\[[^\]]{0,500}\]\s*")
"""What a title begins with: `[Triggered on {host:a}] `."""


class Datadog(msgspec.Struct, gc=False):
    transition: str
    cycle_key: str
    title: str
    type: str = ""
    scope: str = ""
    tags: str = ""
    date: str = ""
    monitor_id: str = ""
    metric: str = ""
    body: str = ""
    link: str = ""


def tell(sent: Datadog, _received_ms: int) -> Sequence[Report]:
    level = _level(sent)
    cycle = _value(sent.cycle_key)
    if not cycle:
        raise BadField("cycle_key", "empty, so that nothing would say which alert has ended")
    at_ms = epoch_ms(_value(sent.date), "date")
    report = Report(
        labels={
            **_tags(_value(sent.tags)),
            "alertname": _TRANSITION.sub("", sent.title, count=1) or "Datadog",
            "monitor_id": _value(sent.monitor_id),
            "severity": SEVERITY.get(level, ""),
            NO_DATA: UNKNOWN if level == UNKNOWN else "",
        },
        status=FIRING if level else RESOLVED,
        annotations={
            "summary": sent.title,
            "description": _value(sent.body),
            "link": _value(sent.link),
            "metric": _value(sent.metric),
            "scope": _value(sent.scope),
        },
        starts_at_ms=at_ms,
        key=f"{cycle} {_value(sent.scope)}",
    )
    return at_level(report, level, LEVELS)


def _level(sent: Datadog) -> str:
    if sent.transition == RECOVERED:
        return ""
    if sent.transition == RENOTIFIED and sent.type in OF_TYPE:
        return OF_TYPE[sent.type]
    if sent.transition in OF_TRANSITION:
        return OF_TRANSITION[sent.transition]
    raise BadField("transition", f"none that is known: {sent.transition[:60]!r}")


def _value(text: str) -> str:
    return "" if _VARIABLE.fullmatch(text) else text


def _tags(text: str) -> dict[str, str]:
    """`env:prod,kube_namespace:shop,urgent`. A tag without a value says only that it is there."""
    labels: dict[str, str] = {}
    for tag in text.split(","):
        name, colon, value = tag.strip().partition(":")
        name = PLACES.get(name, _NOT_IN_NAMES.sub("_", name))
        if name:
            labels.setdefault(name, value if colon else "true")
    return labels


datadog = one_alert("datadog", "/webhook/datadog", shaped(Datadog, tell))
