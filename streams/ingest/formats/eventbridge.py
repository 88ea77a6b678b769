"""CloudWatch alarms as Amazon EventBridge sends them to an API destination.

The same alarms as SNS brings and almost none of the same names. Unlike SNS it also tells of alarms
whose actions are muted or suppressed in CloudWatch: they fire, with a label that says so.
"""

from collections.abc import Sequence

import msgspec

from streams.ingest.formats.alert_json import UNREADABLE
from streams.ingest.formats.cloudwatch import Alarm, Metric, Series, arn, level
from streams.ingest.formats.moments import iso_ms
from streams.ingest.formats.parsed import BadField, FaultReason
from streams.ingest.formats.report import Report, one_alert, shaped

OF_ALARM = ("CloudWatch Alarm State Change", "CloudWatch Alarm Contributor State Change")
OF_SETTINGS = "CloudWatch Alarm Configuration Change"


class Kind(msgspec.Struct, gc=False):
    type: str = msgspec.field(name="detail-type", default="")


class OneMetric(msgspec.Struct, gc=False):
    name: str
    namespace: str = ""
    dimensions: dict[str, str] | None = None


class MetricStat(msgspec.Struct, gc=False):
    metric: OneMetric


class Query(msgspec.Struct, gc=False, rename="camel"):
    expression: str | None = None
    metric_stat: MetricStat | None = None


class Configuration(msgspec.Struct, gc=False, rename="camel"):
    description: str | None = None
    metrics: list[Query] | None = None
    alarm_rule: str | None = None


class State(msgspec.Struct, gc=False, rename="camel"):
    value: str
    timestamp: str | None = None
    reason: str | None = None
    reason_data: str | None = None
    actions_suppressed_by: str | None = None


class Contributor(msgspec.Struct, gc=False):
    id: str
    attributes: dict[str, str] | None = None


class Detail(msgspec.Struct, gc=False, rename="camel"):
    state: State
    configuration: Configuration | None = None
    alarm_contributor: Contributor | None = None
    alarm_tags: dict[str, str] | None = None
    mute_detail: dict[str, object] | None = None


class Event(Kind, gc=False, kw_only=True):
    resources: list[str] = []
    detail: Detail


class Cause(msgspec.Struct, gc=False):
    arn: str


class ReasonData(msgspec.Struct, gc=False, rename="camel"):
    triggering_alarms: list[Cause] = []


_reason_data = msgspec.json.Decoder(ReasonData)


def tell(raw: bytes, received_ms: int) -> Sequence[Report]:
    refuse_others(raw, received_ms)
    return tell_event(raw, received_ms)


def check_kind(sent: Kind, _received_ms: int) -> Sequence[Report]:
    if sent.type not in (*OF_ALARM, OF_SETTINGS):
        why = f"no change of an alarm's state: {sent.type[:60]!r}"
        raise BadField("detail-type", why, FaultReason.UNKNOWN_FORMAT)
    return ()


def tell_state(sent: Event, _received_ms: int) -> Sequence[Report]:
    if sent.type == OF_SETTINGS:
        return ()
    if not sent.resources:
        raise BadField("resources", "empty, so that nothing says which alarm it is")
    state = sent.detail.state
    settings = sent.detail.configuration or Configuration()
    queries = settings.metrics or []
    alarm = Alarm(
        arn=arn(sent.resources[0], "resources[0]"),
        level=level(state.value, "detail.state.value"),
        at_ms=iso_ms(state.timestamp, "detail.state.timestamp"),
        reason=state.reason,
        description=settings.description,
        metrics=[_metric(query.metric_stat.metric) for query in queries if query.metric_stat],
        expressions=[query.expression for query in queries if query.expression],
        rule=settings.alarm_rule,
        causes=_causes(state.reason_data),
        series=_series(sent.detail.alarm_contributor),
        tags=sent.detail.alarm_tags or {},
        marks={
            "muted": "true" if sent.detail.mute_detail else "",
            "suppressed_by": state.actions_suppressed_by or "",
        },
    )
    return alarm.reports()


refuse_others, tell_event = shaped(Kind, check_kind), shaped(Event, tell_state)
"""Of another kind of event nothing is known but its kind, not even the shape of its detail."""


def _metric(found: OneMetric) -> Metric:
    return Metric(found.namespace, found.name, found.dimensions or {})


def _series(found: Contributor | None) -> Series | None:
    return Series(found.id, found.attributes or {}) if found else None


def _causes(reason_data: str | None) -> list[str]:
    """JSON in a string. It only adds to what is known: what cannot be read of it is left out."""
    try:
        return [cause.arn for cause in _reason_data.decode(reason_data or "{}").triggering_alarms]
    except UNREADABLE:
        return []


eventbridge = one_alert("eventbridge", "/webhook/eventbridge", tell)
