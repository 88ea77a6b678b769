"""Azure Monitor's common alert schema, as an action group's webhook sends it.

An alert has one id from its begin to its end. Alerts on the health of Azure itself have not: there
each change is an alert of its own, always "Fired", and what it is about says which belong together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec

from schemas.alerts import NO_DATA
from streams.ingest.formats.azure_place import place_of
from streams.ingest.formats.label_names import label_name
from streams.ingest.formats.moments import iso_ms
from streams.ingest.formats.parsed import BadField
from streams.ingest.formats.report import FIRING, RESOLVED, Report, at_level, one_alert, shaped

COMMON = "azureMonitorCommonAlertSchema"
BUDGET = "AIP Budget Notification"
COSTS = "CostAlerts"
"""The service that tells of budgets: they have no state, and nothing to mend."""
TEST_SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
"""Whose alerts the button "Test action group" sends."""
STATUSES = {"Fired": FIRING, "Resolved": RESOLVED}
HEALTH = frozenset({"ServiceHealth", "ResourceHealth"})
OVER = frozenset({"Resolved", "Complete", "Canceled", "Available"})
"""What the last news of an event of health says: its status, its stage or the health."""
ILL, UNKNOWN = "ill", "unknown"
LEVELS = (ILL, UNKNOWN)
CRITICAL, WARNING, INFO = "critical", "warning", "info"
SEVERITY = {"Sev0": CRITICAL, "Sev1": CRITICAL, "Sev2": WARNING, "Sev3": INFO, "Sev4": INFO}
OF_KUBERNETES = {
    name: name.removeprefix("kubernetes_")
    for name in ("namespace", "kubernetes_namespace", "pod", "node")
}
"""Dimensions of a metric of a Kubernetes cluster."""


class Dimension(msgspec.Struct, gc=False):
    name: str | None = None
    value: str | None = None


class Criterion(msgspec.Struct, rename="camel", gc=False):
    metric_name: str | None = None
    dimensions: list[Dimension] | None = None
    link: str | None = msgspec.field(name="linkToFilteredSearchResultsUI", default=None)


class Condition(msgspec.Struct, rename="camel", gc=False):
    all_of: list[Criterion] | None = None


class Properties(msgspec.Struct, rename="camel", gc=False):
    """Of an event of Azure's health."""

    title: str | None = None
    service: str | None = None
    region: str | None = None
    stage: str | None = None
    tracking_id: str | None = None
    current_health_status: str | None = None


class Context(msgspec.Struct, rename="camel", gc=False):
    """Which of these there are is up to the service that raised the alert."""

    condition: Condition | None = None
    dimensions: list[Dimension] | None = msgspec.field(name="Dimensions", default=None)
    link: str | None = msgspec.field(name="LinkToFilteredSearchResultsUI", default=None)
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    status: str | None = None
    properties: Properties | None = None


class Essentials(msgspec.Struct, rename="camel", gc=False):
    alert_id: str
    alert_rule: str | None = None
    severity: str | None = None
    signal_type: str | None = None
    monitor_condition: str | None = None
    monitoring_service: str | None = None
    targets: list[str] | None = msgspec.field(name="alertTargetIDs", default=None)
    fired_date_time: str | None = None
    resolved_date_time: str | None = None
    description: str | None = None


class Data(msgspec.Struct, rename="camel", gc=False):
    essentials: Essentials
    alert_context: Context | None = None
    custom_properties: dict[str, str | None] | None = None


class Common(msgspec.Struct, gc=False):
    data: Data


class Azure(msgspec.Struct, rename="camel", gc=False):
    schema_id: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


def tell(sent: Azure, received_ms: int) -> Sequence[Report]:
    if sent.schema_id == BUDGET:
        return ()
    if sent.schema_id != COMMON:
        raise BadField(
            "schemaId",
            f"{sent.schema_id[:60]!r}, not {COMMON!r}: turn on the common alert schema for this "
            "webhook in its action group (useCommonAlertSchema)",
        )
    return _tell_common(b'{"data":' + bytes(sent.data) + b"}", received_ms)


def _tell(sent: Common, _received_ms: int) -> Sequence[Report]:
    essentials, context = sent.data.essentials, sent.data.alert_context or Context()
    service = (essentials.monitoring_service or "").replace(" ", "")
    is_test = essentials.alert_id.startswith(f"/subscriptions/{TEST_SUBSCRIPTION}/")
    if is_test or service == COSTS:
        return ()
    if not essentials.alert_id:
        raise BadField("data.essentials.alertId", "empty, so that nothing would say which ended")
    condition = essentials.monitor_condition or ""
    status, key = STATUSES.get(condition), essentials.alert_id
    if status is None:
        raise BadField("data.essentials.monitorCondition", f"none known: {condition[:60]!r}")
    fired_ms = iso_ms(essentials.fired_date_time, "data.essentials.firedDateTime")
    ended_ms = iso_ms(essentials.resolved_date_time, "data.essentials.resolvedDateTime")
    if fired_ms and ended_ms:
        ended_ms = max(fired_ms, ended_ms)
    about = (context.properties if service in HEALTH else None) or Properties()
    annotations = _annotations(essentials, context, about)
    labels = _labels(sent.data, context, about)
    report = Report(labels, status, annotations, fired_ms, ended_ms, key)
    return _of_health(report, essentials, context, about) if service in HEALTH else [report]


_tell_common = shaped(Common, _tell)


def _of_health(
    report: Report, essentials: Essentials, context: Context, about: Properties
) -> Sequence[Report]:
    targets = sorted(target.lower() for target in essentials.targets or ())
    key = " ".join([essentials.alert_rule or "", about.tracking_id or "", *targets])
    if {context.status, about.stage, about.current_health_status} & OVER:
        ended = replace(report, key=key, status=RESOLVED, ends_at_ms=report.starts_at_ms)
        return at_level(ended, "", LEVELS)
    return at_level(replace(report, key=key), UNKNOWN if NO_DATA in report.labels else ILL, LEVELS)


def _labels(data: Data, context: Context, about: Properties) -> Mapping[str, str]:
    essentials, criteria = data.essentials, _criteria(context)
    place = place_of(essentials.targets or [])
    own = {
        **_of_dimensions(context, "cluster" in place),
        **place,
        "alertname": essentials.alert_rule or "",
        "severity": SEVERITY.get(essentials.severity or "", ""),
        "azure_severity": essentials.severity or "",
        "signal_type": essentials.signal_type or "",
        "monitoring_service": essentials.monitoring_service or "",
        "metric": next((c.metric_name for c in criteria if c.metric_name), ""),
        "azure_service": about.service or "",
        "region": about.region or "",
        NO_DATA: UNKNOWN if about.current_health_status == "Unknown" else "",
    }
    custom = (data.custom_properties or {}).items()
    labels = {label_name(name): value or "" for name, value in custom} | (context.labels or {})
    labels |= {name: value for name, value in own.items() if value}
    return {name: value for name, value in labels.items() if name}


def _of_dimensions(context: Context, of_cluster: bool) -> Mapping[str, str]:
    """Whoever makes a metric names its dimensions: no other may pass for one of ours."""
    known = OF_KUBERNETES if of_cluster else {}
    found = [d for c in _criteria(context) for d in c.dimensions or ()] + (context.dimensions or [])
    named = [(label_name(one.name or ""), one.value or "") for one in found]
    return {known.get(name, f"dimension_{name}"): value for name, value in named}


def _annotations(essentials: Essentials, context: Context, about: Properties) -> Mapping[str, str]:
    own = {
        "summary": about.title or "",
        "description": essentials.description or "",
        "link": context.link or next((c.link for c in _criteria(context) if c.link), ""),
        "target": " ".join(essentials.targets or ()),
    }
    return {**(context.annotations or {}), **{name: text for name, text in own.items() if text}}


def _criteria(context: Context) -> Sequence[Criterion]:
    return (context.condition and context.condition.all_of) or ()


azure = one_alert("azure", "/webhook/azure", shaped(Azure, tell))
