"""Google Cloud Monitoring's webhook, version 1.2.

An incident is of one time series and has one id from its begin to its end, so that the id is the
alert's key. What the resource, the metric and the policy are labelled with becomes labels.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from schemas.alerts import NO_DATA
from streams.ingest.formats.label_names import label_name
from streams.ingest.formats.moments import epoch_ms
from streams.ingest.formats.parsed import BadField
from streams.ingest.formats.report import FIRING, RESOLVED, Report, one_alert, shaped

TEST = "test"
"""The version of what the button "Send test notification" sends."""
STATUSES = {"open": FIRING, "acknowledged": FIRING, "closed": RESOLVED}
SEVERITY = {"critical": "critical", "error": "critical", "warning": "warning"}
"""What else there is, "No severity", says nothing: then a label of the policy may."""
PLACES = {
    "namespace_name": "namespace",
    "pod_name": "pod",
    "node_name": "node",
    "service_name": "service",
    "project_id": "account",
}
"""Labels of resources that have a name of their own for what policies call otherwise."""
CLUSTER_NAME = "cluster_name"
OF_KUBERNETES = ("k8s_", "gke_")
"""How the types of resources begin whose `cluster_name` is that of a Kubernetes cluster. Dataproc
has a label of that name too."""
_LOCATION = re.compile(r"([a-z]+-[a-z]+\d+)(-[a-z])?")
"""A region, or one of its zones."""


class Resource(msgspec.Struct, gc=False):
    type: str = ""
    labels: dict[str, str] | None = None


class Metric(msgspec.Struct, gc=False):
    type: str = ""
    labels: dict[str, str] | None = None


class Documentation(msgspec.Struct, gc=False):
    content: str = ""


class Condition(msgspec.Struct, rename="camel", gc=False):
    condition_absent: Any = None


class Incident(msgspec.Struct, gc=False):
    incident_id: str
    state: str
    started_at: int | None = None
    ended_at: int | None = None
    policy_name: str = ""
    policy_user_labels: dict[str, str] | None = None
    condition_name: str = ""
    condition: Condition | None = None
    severity: str | None = None
    resource: Resource | None = None
    resource_name: str = ""
    metric: Metric | None = None
    observed_value: str | None = None
    threshold_value: str | None = None
    summary: str = ""
    documentation: Documentation | str | None = None
    """A string in a test notification."""
    url: str = ""


class Gcp(msgspec.Struct, gc=False):
    incident: Incident
    version: str | int = ""


def tell(sent: Gcp, _received_ms: int) -> Sequence[Report]:
    if sent.version == TEST:
        return ()
    incident = sent.incident
    if not incident.incident_id:
        raise BadField("incident.incident_id", "empty, so that nothing would say which has ended")
    status = STATUSES.get(incident.state.lower())
    if status is None:
        raise BadField("incident.state", f"none that is known: {incident.state[:60]!r}")
    started_at_ms = _seconds(incident.started_at, "incident.started_at")
    ended_at_ms = _seconds(incident.ended_at, "incident.ended_at")
    if started_at_ms and ended_at_ms:
        ended_at_ms = max(started_at_ms, ended_at_ms)
    return [
        Report(
            _labels(incident),
            status,
            _annotations(incident),
            started_at_ms,
            ended_at_ms,
            key=incident.incident_id,
        )
    ]


def _labels(incident: Incident) -> Mapping[str, str]:
    resource, metric = incident.resource or Resource(), incident.metric or Metric()
    condition, level = incident.condition, (incident.severity or "").lower()
    own = {
        **_of_metric(metric),
        **_of_resource(resource),
        "alertname": incident.policy_name or incident.condition_name,
        "condition": incident.condition_name,
        "severity": SEVERITY.get(level, ""),
        "gcp_severity": level if level in SEVERITY else "",
        "resource_type": resource.type,
        "metric": metric.type,
        NO_DATA: "absent" if condition and condition.condition_absent is not None else "",
    }
    labels = {label_name(name): value for name, value in _pairs(incident.policy_user_labels)}
    labels |= {name: value for name, value in own.items() if value}
    return {name: value for name, value in labels.items() if name}


def _of_resource(resource: Resource) -> dict[str, str]:
    labels = {}
    for name, value in _pairs(resource.labels):
        if name == CLUSTER_NAME and resource.type.startswith(OF_KUBERNETES):
            labels["cluster"] = value
        elif name == "cluster":
            labels["resource_cluster"] = value
        else:
            labels[PLACES.get(name, label_name(name))] = value
        if name in ("location", "zone") and (place := _LOCATION.fullmatch(value)):
            labels["region"] = place[1]
    return labels


def _of_metric(metric: Metric) -> dict[str, str]:
    """Whoever makes a metric names its labels: none may pass for one of ours."""
    return {f"metric_{label_name(name)}": value for name, value in _pairs(metric.labels)}


def _annotations(incident: Incident) -> Mapping[str, str]:
    text = incident.documentation
    return {
        "summary": incident.summary,
        "description": text.content if isinstance(text, Documentation) else text or "",
        "link": incident.url,
        "resource": incident.resource_name,
        "observed": incident.observed_value or "",
        "threshold": incident.threshold_value or "",
    }


def _pairs(labels: Mapping[str, str] | None) -> Sequence[tuple[str, str]]:
    return tuple((labels or {}).items())


def _seconds(number: int | None, field: str) -> int | None:
    return None if number is None else epoch_ms(str(number), field, unit_ms=1000)


gcp = one_alert("gcp", "/webhook/gcp", shaped(Gcp, tell))
