"""What Amazon says of a CloudWatch alarm, whichever way it comes -> reports.

An alarm is known by its ARN, and each series of one that watches several by its own id besides. Its
dimensions become labels: those that all its metrics share, for a metric-math alarm has several
metrics, and a composite one none.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote

from schemas.alerts import NO_DATA
from streams.ingest.formats.label_names import label_name
from streams.ingest.formats.parsed import BadField
from streams.ingest.formats.report import ALERT_KEY, FIRING, RESOLVED, Report, at_level

ALARM, UNKNOWN = "alarm", "insufficient data"
LEVELS = (ALARM, UNKNOWN)
SEVERITIES = ("critical", "warning", "info")
SEVERITY = {ALARM: "critical", UNKNOWN: "warning"}
"""An alarm has none of its own: a tag `severity` of the alarm overrules this."""
OF_STATE = {"ALARM": ALARM, "INSUFFICIENT_DATA": UNKNOWN, "OK": ""}

KUBERNETES = "ContainerInsights"
"""The one namespace of metrics whose `ClusterName` is a cluster of Kubernetes; that of `AWS/ECS`
and many others is not."""
PLACES = {
    "ClusterName": "cluster",
    "Namespace": "namespace",
    "Service": "service",
    "NodeName": "node",
    "FullPodName": "pod",
}
"""Its `PodName` is no pod: it is what the pod is a copy of."""
OURS = frozenset(PLACES.values()) | {
    *("alertname", "severity", "region", "account", "metric", "metric_namespace"),
    *("muted", "suppressed_by", NO_DATA, ALERT_KEY),
}
"""Labels with a meaning of their own: a dimension of such a name means something else."""

_ARN = re.compile(r"arn:(aws[a-z-]*):cloudwatch:([a-z0-9-]+):([0-9]+):alarm:(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Arn:
    text: str
    partition: str
    region: str
    account: str
    name: str


@dataclass(frozen=True, slots=True)
class Metric:
    namespace: str
    name: str
    dimensions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Series:
    """One of the series of an alarm that watches several."""

    id: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Alarm:
    arn: Arn
    level: str
    """One of LEVELS; empty where all is well."""
    at_ms: int | None
    reason: str | None = None
    description: str | None = None
    metrics: Sequence[Metric] = ()
    expressions: Sequence[str] = ()
    rule: str | None = None
    """Of a composite alarm: which alarms it is made of."""
    causes: Sequence[str] = ()
    """Of a composite alarm: the ARNs of those that set it off."""
    series: Series | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, str] = field(default_factory=dict)
    """Labels as they are."""

    def reports(self) -> Sequence[Report]:
        key = f"{self.series.id} {self.arn.text}" if self.series else self.arn.text
        status = FIRING if self.level else RESOLVED
        report = Report(_labels(self), status, _annotations(self), self.at_ms, key=key)
        return at_level(report, self.level, LEVELS)


def arn(text: str, where: str) -> Arn:
    """Raises BadField."""
    found = _ARN.fullmatch(text)
    if not found:
        raise BadField(where, f"no ARN of an alarm: {text[:60]!r}")
    return Arn(text, *found.groups())


def level(state: str, where: str) -> str:
    """Raises BadField."""
    if state not in OF_STATE:
        raise BadField(where, f"none that is known: {state[:60]!r}")
    return OF_STATE[state]


def _labels(alarm: Alarm) -> dict[str, str]:
    attributes = alarm.series.attributes if alarm.series else {}
    severity = SEVERITY.get(alarm.level, "")
    if alarm.level == ALARM and alarm.tags.get("severity") in SEVERITIES:
        severity = alarm.tags["severity"]
    named = {
        **_dimensions(alarm.metrics),
        **{_elsewhere(name): value for name, value in attributes.items()},
    }
    named.pop("", None)  # Of a name without any letter of ASCII.
    return {
        **{f"tag_{label}": text for tag, text in alarm.tags.items() if (label := label_name(tag))},
        **named,
        **alarm.marks,
        "alertname": alarm.arn.name,
        "severity": severity,
        "region": alarm.arn.region,
        "account": alarm.arn.account,
        "metric": _only({metric.name for metric in alarm.metrics}),
        "metric_namespace": _only({metric.namespace for metric in alarm.metrics}),
        NO_DATA: alarm.level if alarm.level == UNKNOWN else "",
    }


def _dimensions(metrics: Sequence[Metric]) -> dict[str, str]:
    if not metrics:
        return {}
    shared = set.intersection(*(set(metric.dimensions.items()) for metric in metrics))
    in_kubernetes = all(metric.namespace == KUBERNETES for metric in metrics)
    return {
        PLACES[name] if in_kubernetes and name in PLACES else _elsewhere(name): value
        for name, value in sorted(shared)
    }


def _elsewhere(name: str) -> str:
    label = label_name(name)
    return f"dimension_{label}" if label in OURS else label


def _only(values: set[str]) -> str:
    return next(iter(values)) if len(values) == 1 else ""


def _annotations(alarm: Alarm) -> dict[str, str]:
    return {
        "summary": alarm.reason or alarm.arn.name,
        "description": alarm.description or "",
        "link": _link(alarm.arn),
        "expression": "; ".join(alarm.expressions),
        "alarm_rule": alarm.rule or "",
        "triggered_by": ", ".join(cause.rpartition(":alarm:")[2] for cause in alarm.causes),
    }


def _link(alarm: Arn) -> str:
    """Into the console; those of China and of governments are elsewhere."""
    if alarm.partition != "aws":
        return ""
    console = f"https://{alarm.region}.console.aws.amazon.com/cloudwatch/deeplink.js"
    return f"{console}?region={alarm.region}#alarmsV2:alarm/{quote(alarm.name, safe='')}"
