"""Alertmanager's two JSON formats: API v2, which Prometheus posts, and the webhook of version 4.

Usually the whole body is decoded at once. When anything in it is wrong the alerts are read one by
one, so that the good ones among them are kept and the bad ones are named.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec

from schemas.alerts import AlertStatus, Sighting
from streams.ingest import json_split
from streams.ingest.alert_json import UNREADABLE, AlertJson, check_utf8, read_alert, unix_ms
from streams.ingest.limits import may_be_deep, may_be_many, may_hold_bad_text
from streams.ingest.parsed import BadField, Fault, FaultReason, Parsed, unreadable
from streams.ingest.sighting import sighting


class ApiAlert(AlertJson):
    """Firing or resolved is what `endsAt` says."""


class WebhookAlert(AlertJson, kw_only=True):
    """Has its own status; the group's is "firing" as soon as one of its alerts is."""

    status: AlertStatus


A = TypeVar("A", ApiAlert, WebhookAlert)


class Webhook(msgspec.Struct, rename="camel", gc=False):
    alerts: list[WebhookAlert]
    truncated_alerts: int = 0


_api_body = msgspec.json.Decoder(list[ApiAlert])
_api_alert = msgspec.json.Decoder(ApiAlert)
_webhook_body = msgspec.json.Decoder(Webhook)
_webhook_alert = msgspec.json.Decoder(WebhookAlert)
_count = msgspec.json.Decoder(int)


class _OneByOne(Exception):
    """Something in this body needs the slow and careful way."""


class _Reader(Generic[A]):
    """Makes sightings of one delivery's alerts."""

    def __init__(self, source: str, received_ms: int, suspect_text: bool = True):
        self.source = source
        self.received_ms = received_ms
        self.suspect_text = suspect_text

    def sighting(self, alert: A) -> Sighting:
        return sighting(
            self.source,
            alert.labels,
            alert.annotations or {},
            unix_ms(alert.starts_at),
            unix_ms(alert.ends_at),
            self.received_ms,
            alert.status if isinstance(alert, WebhookAlert) else None,
            self.suspect_text,
        )

    def one_by_one(self, items: Iterable[bytes], strict: "msgspec.json.Decoder[A]") -> Parsed:
        sightings: list[Sighting] = []
        faults: list[Fault] = []
        for index, raw in enumerate(items):
            try:
                sightings.append(self.sighting(read_alert(raw, strict)))
            except BadField as bad:
                faults.append(bad.at(index, raw))
        return Parsed(tuple(sightings), tuple(faults))


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


def parse_webhook(body: bytes, source: str, received_ms: int) -> Parsed:
    try:
        _check_whole(body)
        hook = _webhook_body.decode(body)
        sightings = _at_once(body, hook.alerts, source, received_ms)
        return Parsed(sightings, _truncated(hook.truncated_alerts))
    except (_OneByOne, BadField, *UNREADABLE):
        pass
    try:
        fields = json_split.split_object(body)
        items = json_split.split_array(fields.get("alerts", b"null"))
    except UNREADABLE as error:
        return _unreadable("not an object with an array `alerts` in JSON", error, body)
    parsed = _Reader[WebhookAlert](source, received_ms).one_by_one(items, _webhook_alert)
    return Parsed(parsed.sightings, (*parsed.faults, *_truncated_field(fields)))


def _check_whole(body: bytes) -> None:
    check_utf8(body)
    if may_be_many(body):
        raise _OneByOne


def _at_once(body: bytes, alerts: list[A], source: str, received_ms: int) -> tuple[Sighting, ...]:
    brackets = 1 + 2 * len(alerts) + sum(a.annotations is not None for a in alerts)
    if may_be_deep(body, brackets):
        raise _OneByOne
    to_sighting = _Reader[A](source, received_ms, may_hold_bad_text(body)).sighting
    return tuple([to_sighting(alert) for alert in alerts])


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
