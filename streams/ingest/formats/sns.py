"""CloudWatch alarms as Amazon SNS brings them: an envelope whose `Message` is JSON in a string.

`Region` in it is a name for people, so the region is read from the alarm's ARN. That an envelope is
from SNS at all is for the gateway to prove: `gateway/sns.py`.
"""

from collections.abc import Iterable, Sequence

import msgspec

from streams.ingest.formats.cloudwatch import Alarm, Metric, Series, arn, level
from streams.ingest.formats.format import JSON
from streams.ingest.formats.moments import iso_ms
from streams.ingest.formats.parsed import BadField, FaultReason
from streams.ingest.formats.report import Report, one_alert, shaped

NOTIFICATION = "Notification"
OF_SUBSCRIPTION = ("SubscriptionConfirmation", "UnsubscribeConfirmation")
TEXT = frozenset({"text/plain"})
"""What SNS says of its JSON, unless the delivery policy of the subscription says otherwise."""
RAW = "no envelope of SNS, so nothing proves who sent it: turn raw message delivery off"


class Envelope(msgspec.Struct, gc=False, rename="pascal"):
    type: str = ""
    message: str = ""


class Dimension(msgspec.Struct, gc=False):
    name: str
    value: str


class OneMetric(msgspec.Struct, gc=False, rename="pascal"):
    metric_name: str | None = None
    namespace: str | None = None
    dimensions: list[Dimension] | None = None


class MetricStat(msgspec.Struct, gc=False, rename="pascal"):
    metric: OneMetric


class Query(msgspec.Struct, gc=False, rename="pascal"):
    expression: str | None = None
    metric_stat: MetricStat | None = None


class Trigger(OneMetric, gc=False, rename="pascal"):
    metrics: list[Query] | None = None


class Child(msgspec.Struct, gc=False, rename="pascal"):
    arn: str


class Message(msgspec.Struct, gc=False, rename="pascal"):
    alarm_name: str | None = None
    alarm_arn: str | None = None
    new_state_value: str | None = None
    state_change_time: str | None = None
    new_state_reason: str | None = None
    alarm_description: str | None = None
    alarm_contributor_id: str | None = None
    alarm_contributor_attributes: dict[str, str] | None = None
    trigger: Trigger | None = None
    alarm_rule: str | None = None
    triggering_children: list[Child] | None = None


def tell(sent: Envelope, received_ms: int) -> Sequence[Report]:
    if sent.type in OF_SUBSCRIPTION:
        return ()
    if not sent.type:
        raise BadField("", RAW, FaultReason.UNKNOWN_FORMAT)
    if sent.type != NOTIFICATION:
        raise BadField("Type", f"none that is known: {sent.type[:60]!r}")
    try:
        return tell_message(sent.message.encode(), received_ms)
    except BadField as bad:
        raise _inside("Message", bad) from None


def tell_alarm(sent: Message, _received_ms: int) -> Sequence[Report]:
    if sent.alarm_name is None or sent.new_state_value is None:
        why = "no alarm of CloudWatch: it has no AlarmName or no NewStateValue"
        raise BadField("", why, FaultReason.UNKNOWN_FORMAT)
    queries = (sent.trigger and sent.trigger.metrics) or []
    stats = [query.metric_stat.metric for query in queries if query.metric_stat]
    alarm = Alarm(
        arn=arn(sent.alarm_arn or "", "AlarmArn"),
        level=level(sent.new_state_value, "NewStateValue"),
        at_ms=iso_ms(sent.state_change_time, "StateChangeTime"),
        reason=sent.new_state_reason,
        description=sent.alarm_description,
        metrics=_metrics([sent.trigger, *stats] if sent.trigger else stats),
        expressions=[query.expression for query in queries if query.expression],
        rule=sent.alarm_rule,
        causes=[child.arn for child in sent.triggering_children or ()],
        series=_series(sent),
    )
    return alarm.reports()


tell_message = shaped(Message, tell_alarm)


def _inside(where: str, bad: BadField) -> BadField:
    if bad.reason is FaultReason.UNREADABLE:  # The delivery around it could be read.
        return BadField(where, f"no alarm of CloudWatch: {bad.why}", FaultReason.UNKNOWN_FORMAT)
    return BadField(f"{where}.{bad.field}" if bad.field else where, bad.why, bad.reason)


def _metrics(found: Iterable[OneMetric]) -> list[Metric]:
    return [
        Metric(
            one.namespace or "",
            one.metric_name,
            {dimension.name: dimension.value for dimension in one.dimensions or ()},
        )
        for one in found
        if one.metric_name
    ]


def _series(sent: Message) -> Series | None:
    if not sent.alarm_contributor_id:
        return None
    return Series(sent.alarm_contributor_id, sent.alarm_contributor_attributes or {})


sns = one_alert(
    "sns",
    "/webhook/sns",
    shaped(Envelope, tell),
    media_types=JSON | TEXT,
    sent_with="x-amz-sns-message-type",
)
