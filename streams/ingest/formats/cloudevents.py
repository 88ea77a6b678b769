"""CloudEvents 1.0, an alert in each: structured, as a batch, and binary over HTTP.

What is kept is always the structured JSON, so that what reads it knows nothing of headers.
CloudEvents says what stands around `data`; what stands in it is ours: docs/sources.md.
"""

import base64
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from schemas.alerts import AlertStatus
from streams.ingest.formats import json_split
from streams.ingest.formats.alert_json import UNREADABLE, named
from streams.ingest.formats.cloudevents_binary import (
    STRUCTURED,
    from_http,
    is_json,
    is_one_json,
)
from streams.ingest.formats.limits import DEPTH_MAX, depth
from streams.ingest.formats.moments import iso_ms
from streams.ingest.formats.parsed import BadField, FaultReason, Parsed, unreadable
from streams.ingest.formats.report import RESOLVED, Report, checking, each, one_alert, shaped

TYPE = "io.mendlog.alert.v1"
"""Ours. An event of another type whose data has the same fields is read alike."""
VERSION = "1.0"
_ABSENT = msgspec.Raw()
_SPACE = b" \t\r\n"


class Event(msgspec.Struct, gc=False):
    specversion: str
    id: str
    source: str
    type: str
    subject: str | None = None
    time: str | None = None
    datacontenttype: str | None = None
    data: msgspec.Raw = _ABSENT
    data_base64: str | None = None


class AlertData(msgspec.Struct, gc=False):
    status: AlertStatus
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    key: str | None = None


_data = msgspec.json.Decoder(AlertData).decode


def tell(event: Event, _received_ms: int) -> Sequence[Report]:
    if event.specversion != VERSION:
        raise BadField("specversion", f"{event.specversion[:60]!r}; only {VERSION} is read")
    alert = _alert(event)
    if not alert.labels and not alert.key:
        raise BadField("data.labels", "none, and no key either", FaultReason.NO_LABELS)
    starts_at_ms, ends_at_ms = _times(event, alert)
    about = {
        "event_id": event.id,
        "event_source": event.source,
        "event_type": event.type,
        "event_subject": event.subject or "",
    }
    return [
        Report(
            alert.labels or {},
            alert.status,
            {**(alert.annotations or {}), **about},
            starts_at_ms,
            ends_at_ms,
            alert.key or "",
        )
    ]


def _times(event: Event, alert: AlertData) -> tuple[int | None, int | None]:
    """Begin and end; the event's own time is that of which its data says nothing."""
    time_ms = iso_ms(event.time, "time")
    starts_at_ms = iso_ms(alert.starts_at, "data.starts_at")
    ends_at_ms = iso_ms(alert.ends_at, "data.ends_at")
    if starts_at_ms is None:
        starts_at_ms = time_ms
    if ends_at_ms is None and alert.status is RESOLVED:
        ends_at_ms = time_ms
    if starts_at_ms is not None and ends_at_ms is not None and ends_at_ms < starts_at_ms:
        where = "data.ends_at" if alert.ends_at else "time"
        raise BadField(where, "before the alert began", FaultReason.WRONG_TIME)
    return starts_at_ms, ends_at_ms


def _alert(event: Event) -> AlertData:
    field, raw = _content(event)
    if depth(raw) > DEPTH_MAX:
        raise BadField(field, f"nested deeper than {DEPTH_MAX}", FaultReason.OVER_LIMIT)
    try:
        return _data(raw)
    except msgspec.ValidationError as error:
        bad = named(str(error))
        where = ".".join(name for name in (field, bad.field) if name)
        raise BadField(where, bad.why + _hint(event.type)) from None
    except UNREADABLE as error:
        raise BadField(field, str(error)) from None


def _hint(type: str) -> str:
    return "" if type == TYPE else f" (its type is {type[:60]!r}, not {TYPE!r})"


def _content(event: Event) -> tuple[str, bytes]:
    """(its field, its JSON)"""
    content_type = event.datacontenttype or ""
    if not is_json(content_type):
        raise BadField("datacontenttype", f"not JSON: {content_type[:60]!r}")
    if event.data_base64 is None:
        if not bytes(event.data):
            raise BadField("data", "missing")
        return "data", bytes(event.data)
    try:
        raw = base64.b64decode(event.data_base64, validate=True)
    except ValueError as error:
        raise BadField("data_base64", str(error)) from None
    if not is_one_json(raw):
        raise BadField("data_base64", "not JSON in UTF-8; so is kept what a binary event held")
    return "data_base64", raw


_tell = shaped(Event, tell)
_one = one_alert("cloudevents", "/webhook/cloudevents", _tell)


def parse(body: bytes, source: str, received_ms: int) -> Parsed:
    if not is_batch(body):
        return _one.parse(body, source, received_ms)
    try:
        events = json_split.split_array(body)
    except json_split.TooMany as error:
        return unreadable(str(error), body, FaultReason.OVER_LIMIT)
    except UNREADABLE as error:
        return unreadable(f"not an array of events in JSON: {error}", body)
    return each(events, _tell, source, received_ms)


def without(body: bytes, bad: frozenset[int]) -> bytes:
    events = json_split.split_array(body) if is_batch(body) else [body]
    return json_split.join_array([raw for at, raw in enumerate(events) if at not in bad])


def is_batch(body: bytes) -> bool:
    return body.lstrip(_SPACE).startswith(b"[")


cloudevents = replace(
    _one,
    parse=parse,
    check=checking(parse),
    without=without,
    media_types=frozenset({"application/json", *STRUCTURED}),
    prepare=from_http,
)
