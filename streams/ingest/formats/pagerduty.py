"""PagerDuty, by both of its doors: its webhooks of version 3, and what its Events API v2 takes.

A webhook tells of an incident, which is known by its id; whatever made PagerDuty send it, the
incident's own status says whether it fires. An event is known by the key that its sender chose:
what acknowledges or resolves it holds nothing else.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from streams.ingest.formats.alert_json import UNREADABLE, named
from streams.ingest.formats.moments import iso_ms
from streams.ingest.formats.on_call import (
    CRITICAL,
    INFO,
    OF_PRIORITY,
    SEVERITIES,
    WARNING,
    details,
)
from streams.ingest.formats.parsed import BadField
from streams.ingest.formats.report import FIRING, RESOLVED, Report, at_level, one_alert, shaped

INCIDENT = "incident"
"""The type of what most events are about. Others are about a note, a responder, a service, and
`pagey.ping` is about a ping."""
FIRES = {"triggered": True, "acknowledged": True, "resolved": False}
TRIGGER, ACKNOWLEDGE, RESOLVE = "trigger", "acknowledge", "resolve"
OF_SEVERITY = {"critical": CRITICAL, "error": CRITICAL, "warning": WARNING, "info": INFO}
S = TypeVar("S", bound=msgspec.Struct)


class Reference(msgspec.Struct, gc=False):
    summary: str | None = None


class Incident(msgspec.Struct, gc=False):
    id: str
    status: str
    title: str | None = None
    html_url: str | None = None
    urgency: str | None = None
    priority: Reference | None = None
    service: Reference | None = None
    escalation_policy: Reference | None = None
    teams: list[Reference] | None = None


class About(msgspec.Struct, gc=False):
    type: str = ""


class Event(msgspec.Struct, gc=False):
    occurred_at: str
    data: msgspec.Raw


class Payload(msgspec.Struct, gc=False):
    summary: str
    severity: str
    source: str | None = None
    component: str | None = None
    group: str | None = None
    class_: str | None = msgspec.field(default=None, name="class")
    custom_details: Any = None


class Link(msgspec.Struct, gc=False):
    href: str = ""


class PagerDuty(msgspec.Struct, gc=False):
    event: Event | None = None
    event_action: str = ""
    dedup_key: str | None = None
    payload: Payload | None = None
    links: list[Link] | None = None
    client_url: str | None = None


def tell(sent: PagerDuty, _received_ms: int) -> Sequence[Report]:
    if sent.event:
        return _tell_webhook(sent.event)
    if sent.event_action:
        return _tell_event(sent)
    raise BadField("event", "missing; and so is `event_action`, which an event would have")


def _tell_webhook(event: Event) -> Sequence[Report]:
    if _decoded(event.data, About).type != INCIDENT:
        return ()
    incident = _decoded(event.data, Incident)
    if not incident.id:
        raise BadField("event.data.id", "empty, so that nothing would say which has ended")
    if incident.status not in FIRES:
        raise BadField("event.data.status", f"none that is known: {incident.status[:60]!r}")
    severity, title = _severity(incident), incident.title or ""
    fires = FIRES[incident.status]
    report = Report(
        labels={
            "alertname": title,
            "severity": severity,
            "service": _of(incident.service),
            "team": ",".join(filter(None, map(_of, incident.teams or ()))),
            "escalation_policy": _of(incident.escalation_policy),
            "priority": _of(incident.priority),
            "urgency": incident.urgency or "",
        },
        status=FIRING if fires else RESOLVED,
        annotations={"summary": title, "link": incident.html_url or ""},
        starts_at_ms=iso_ms(event.occurred_at, "event.occurred_at"),
        key=incident.id,
    )
    return at_level(report, severity if fires else "", SEVERITIES)


def _decoded(data: msgspec.Raw, shape: type[S]) -> S:
    try:
        return msgspec.json.decode(data, type=shape)
    except UNREADABLE as error:
        bad = named(str(error))
        raise BadField(f"event.data.{bad.field}".rstrip("."), bad.why, bad.reason) from None


def _severity(incident: Incident) -> str:
    """An account may have priorities of other names, and an incident need not have one."""
    by_urgency = WARNING if incident.urgency == "low" else CRITICAL
    return OF_PRIORITY.get(_of(incident.priority), by_urgency)


def _of(reference: Reference | None) -> str:
    return (reference and reference.summary) or ""


def _tell_event(sent: PagerDuty) -> Sequence[Report]:
    """Its end has no time, so its begin has none either: both are when they came."""
    if sent.event_action not in (TRIGGER, ACKNOWLEDGE, RESOLVE):
        raise BadField("event_action", f"none that is known: {sent.event_action[:60]!r}")
    if not sent.dedup_key:
        raise BadField("dedup_key", "missing, so that nothing would say which alert has ended")
    if sent.event_action == RESOLVE:
        return at_level(Report({}, RESOLVED, key=sent.dedup_key), "", SEVERITIES)
    if sent.event_action == ACKNOWLEDGE:
        return ()
    if not sent.payload:
        raise BadField("payload", "missing")
    severity = OF_SEVERITY.get(sent.payload.severity)
    if severity is None:
        raise BadField("payload.severity", f"none that is known: {sent.payload.severity[:60]!r}")
    links = [link.href for link in sent.links or ()]
    report = Report(
        labels=_labels(sent.payload, severity),
        status=FIRING,
        annotations={
            "summary": sent.payload.summary,
            "link": next(filter(None, [*links, sent.client_url]), ""),
        },
        key=sent.dedup_key,
    )
    return at_level(report, severity, SEVERITIES)


def _labels(payload: Payload, severity: str) -> Mapping[str, str]:
    own = {
        "alertname": payload.summary,
        "severity": severity,
        "source": payload.source,
        "component": payload.component,
        "group": payload.group,
        "class": payload.class_,
    }
    return {**details(payload.custom_details), **{name: text for name, text in own.items() if text}}


pagerduty = one_alert("pagerduty", "/webhook/pagerduty", shaped(PagerDuty, tell))
