"""Alertmanager's two JSON formats: API v2, which Prometheus posts, and the webhook of version 4.

Usually the whole body is decoded at once, and of each alert only what was not known before. When
anything in it is wrong the alerts are read one by one, so that the good ones among them are kept
and the bad ones are named.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Generic, TypeVar

import msgspec

from schemas.alerts import AlertStatus, Sighting
from streams.ingest.formats import json_split
from streams.ingest.formats.alert_json import (
    NO_TIME,
    UNREADABLE,
    AlertJson,
    check_utf8,
    read_alert,
    read_time,
    unix_ms,
)
from streams.ingest.formats.format import Format
from streams.ingest.formats.known import Known
from streams.ingest.formats.limits import may_be_deep, may_be_many, may_hold_bad_text
from streams.ingest.formats.parsed import BadField, Checked, Fault, FaultReason, Parsed, unreadable
from streams.ingest.formats.sighting import check, identity, sighting, usable

API_V2 = "alertmanager-api-v2"
WEBHOOK = "alertmanager-webhook"


class QuickAlert(msgspec.Struct, rename="camel", gc=False):
    """The labels and the times as they stand in the body: most are the same each time."""

    labels: msgspec.Raw
    annotations: dict[str, str] | None = None
    starts_at: msgspec.Raw = NO_TIME
    ends_at: msgspec.Raw = NO_TIME

    @property
    def own_status(self) -> AlertStatus | None:
        return None


class QuickWebhookAlert(QuickAlert, kw_only=True):
    status: AlertStatus

    @property
    def own_status(self) -> AlertStatus | None:
        return self.status


class ApiAlert(AlertJson):
    """Firing or resolved is what `endsAt` says."""


class WebhookAlert(AlertJson, kw_only=True):
    """Has its own status; the group's is "firing" as soon as one of its alerts is."""

    status: AlertStatus


A = TypeVar("A", ApiAlert, WebhookAlert)


class Webhook(msgspec.Struct, rename="camel", gc=False):
    alerts: list[QuickWebhookAlert]
    truncated_alerts: int = 0


_api_body = msgspec.json.Decoder(list[QuickAlert])
_api_alert = msgspec.json.Decoder(ApiAlert)
_webhook_body = msgspec.json.Decoder(Webhook)
_webhook_alert = msgspec.json.Decoder(WebhookAlert)
_count = msgspec.json.Decoder(int)
_labels = msgspec.json.Decoder(dict[str, str])
_identity = Known(lambda raw: identity(_labels.decode(raw)))
_usable = Known(lambda raw: usable(_labels.decode(raw)))
_time = Known(read_time)


class _OneByOne(Exception):
    """Something in this body needs the slow and careful way."""


class _Reader(Generic[A]):
    """Makes sightings of one delivery's alerts."""

    def __init__(self, source: str, received_ms: int):
        self.source = source
        self.received_ms = received_ms

    def sighting(self, alert: A) -> Sighting:
        return sighting(
            self.source,
            identity(alert.labels),
            alert.annotations or {},
            unix_ms(alert.starts_at),
            unix_ms(alert.ends_at),
            self.received_ms,
            alert.status if isinstance(alert, WebhookAlert) else None,
        )

    def one_by_one(self, items: Iterable[bytes], strict: "msgspec.json.Decoder[A]") -> Parsed:
        sightings: list[Sighting] = []
        indexes: list[int] = []
        faults: list[Fault] = []
        for index, raw in enumerate(items):
            try:
                sightings.append(self.sighting(read_alert(raw, strict)))
                indexes.append(index)
            except BadField as bad:
                faults.append(bad.at(index, raw))
        return Parsed(tuple(sightings), tuple(faults), tuple(indexes))


def parse_api_v2(body: bytes, source: str, received_ms: int) -> Parsed:
    try:
        _check_whole(body)
        alerts = _api_body.decode(body)
        return Parsed(_at_once(body, alerts, source, received_ms))
    except (_OneByOne, BadField, *UNREADABLE):
        pass
    try:
        items = json_split.split_array(body)
    except UNREADABLE as error:
        return _unreadable("not an array of alerts in JSON", error, body)
    return _Reader[ApiAlert](source, received_ms).one_by_one(items, _api_alert)


def check_api_v2(body: bytes, received_ms: int) -> Checked:
    """What `parse_api_v2` would find. The gateway asks only that, and has other work to do."""
    try:
        _check_whole(body)
        return Checked(_checked(body, _api_body.decode(body)))
    except (_OneByOne, BadField, *UNREADABLE):
        found = parse_api_v2(body, "", received_ms)
        return Checked(len(found.sightings), found.faults)


def check_webhook(body: bytes, received_ms: int) -> Checked:
    try:
        _check_whole(body)
        hook = _webhook_body.decode(body)
        return Checked(_checked(body, hook.alerts), _truncated(hook.truncated_alerts))
    except (_OneByOne, BadField, *UNREADABLE):
        found = parse_webhook(body, "", received_ms)
        return Checked(len(found.sightings), found.faults)


def parse_webhook(body: bytes, source: str, received_ms: int) -> Parsed:
    try:
        _check_whole(body)
        hook = _webhook_body.decode(body)
        sightings = _at_once(body, hook.alerts, source, received_ms)
        return Parsed(sightings, _truncated(hook.truncated_alerts))
    except (_OneByOne, BadField, *UNREADABLE):
        pass
    reader = _Reader[WebhookAlert](source, received_ms)
    return parse_each(body, lambda items: reader.one_by_one(items, _webhook_alert))


def parse_each(body: bytes, parse: Callable[[Sequence[bytes]], Parsed]) -> Parsed:
    """A webhook's alerts, taken apart for `parse`, and whether its sender left some out."""
    try:
        fields = json_split.split_object(body)
        items = json_split.split_array(fields.get("alerts", b"null"))
    except UNREADABLE as error:
        return _unreadable("not an object with an array `alerts` in JSON", error, body)
    parsed = parse(items)
    return replace(parsed, faults=(*parsed.faults, *_truncated_field(fields)))


def _check_whole(body: bytes) -> None:
    check_utf8(body)
    if may_be_many(body):
        raise _OneByOne


def _at_once(
    body: bytes, alerts: Sequence[QuickAlert], source: str, received_ms: int
) -> tuple[Sighting, ...]:
    _check_depth(body, alerts)
    suspect_text = may_hold_bad_text(body)
    return tuple(
        [
            sighting(
                source,
                _identity(bytes(alert.labels)),
                alert.annotations or {},
                _time(bytes(alert.starts_at)),
                _time(bytes(alert.ends_at)),
                received_ms,
                alert.own_status,
                suspect_text,
            )
            for alert in alerts
        ]
    )


def _checked(body: bytes, alerts: Sequence[QuickAlert]) -> int:
    _check_depth(body, alerts)
    suspect_text = may_hold_bad_text(body)
    for alert in alerts:
        check(
            _usable(bytes(alert.labels)),
            alert.annotations or {},
            _time(bytes(alert.starts_at)),
            _time(bytes(alert.ends_at)),
            suspect_text,
        )
    return len(alerts)


def _check_depth(body: bytes, alerts: Sequence[QuickAlert]) -> None:
    brackets = 1 + 2 * len(alerts) + sum(a.annotations is not None for a in alerts)
    if may_be_deep(body, brackets):
        raise _OneByOne


def _unreadable(what: str, error: Exception, body: bytes) -> Parsed:
    if isinstance(error, json_split.TooMany):
        return unreadable(str(error), body, FaultReason.OVER_LIMIT)
    return unreadable(f"{what}: {error}", body)


def _truncated(count: int) -> tuple[Fault, ...]:
    if count <= 0:
        return ()
    why = f"the sender left {count} alerts out"
    return (Fault("truncatedAlerts", why, reason=FaultReason.TRUNCATED),)


def _truncated_field(fields: dict[str, bytes]) -> tuple[Fault, ...]:
    try:
        return _truncated(_count.decode(fields.get("truncatedAlerts", b"0")))
    except UNREADABLE:
        why = "the sender left alerts out, and does not say how many"
        return (Fault("truncatedAlerts", why, reason=FaultReason.TRUNCATED),)


def without_api_v2(body: bytes, bad: frozenset[int]) -> bytes:
    """The delivery without the alerts at these places."""
    return json_split.join_array(_others(json_split.split_array(body), bad))


def without_webhook(body: bytes, bad: frozenset[int]) -> bytes:
    fields = json_split.split_object(body)
    kept = _others(json_split.split_array(fields["alerts"]), bad)
    return json_split.join_object({**fields, "alerts": json_split.join_array(kept)})


def _others(items: list[bytes], bad: frozenset[int]) -> list[bytes]:
    return [raw for index, raw in enumerate(items) if index not in bad]


api_v2 = Format(
    API_V2, parse_api_v2, check_api_v2, "/api/v2/alerts", without_api_v2, gives_up=False
)
webhook = Format(WEBHOOK, parse_webhook, check_webhook, "/webhook/alertmanager", without_webhook)
