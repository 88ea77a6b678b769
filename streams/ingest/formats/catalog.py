"""Every format, and which of them reads a record.

A new source is one parser file and one row in `FORMATS`.
"""

from collections.abc import Mapping

import msgspec

from schemas.codec import CONFLUENT, SINGLE_OBJECT, SchemaById
from streams.ingest.formats import cloudevents_kafka
from streams.ingest.formats.alert_json import UNREADABLE
from streams.ingest.formats.alertmanager import (
    api_v2,
    parse_api_v2,
    parse_webhook,
    webhook,
)
from streams.ingest.formats.avro_alert import AVRO, avro, parse_avro
from streams.ingest.formats.azure import azure
from streams.ingest.formats.cloudevents import cloudevents
from streams.ingest.formats.datadog import datadog
from streams.ingest.formats.eventbridge import eventbridge
from streams.ingest.formats.format import Format
from streams.ingest.formats.gcp import gcp
from streams.ingest.formats.generic import generic
from streams.ingest.formats.grafana import grafana
from streams.ingest.formats.opsgenie import opsgenie
from streams.ingest.formats.pagerduty import pagerduty
from streams.ingest.formats.parsed import FaultReason, Parsed, unreadable
from streams.ingest.formats.sns import sns

FORMATS: Mapping[str, Format] = {
    format.name: format
    for format in (
        api_v2,
        webhook,
        avro,
        datadog,
        eventbridge,
        sns,
        grafana,
        pagerduty,
        opsgenie,
        cloudevents,
        azure,
        gcp,
        generic,
    )
}

_JSON_SPACE = b" \t\r\n"


class _Keys(msgspec.Struct):
    alerts: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    labels: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_keys = msgspec.json.Decoder(_Keys)


def read(
    body: bytes | None,
    source: str,
    format: str | None,
    received_ms: int,
    registry: SchemaById | None = None,
    headers: cloudevents_kafka.Headers = (),
) -> Parsed:
    """The alerts in a record of `alerts`; `format` is its header, or None to look at the others and
    at the bytes."""
    if format is None and headers and cloudevents_kafka.is_event(headers):
        return _read_event(body, source, received_ms, headers)
    if not body:
        return unreadable("empty", b"")
    if format == AVRO or (format is None and _is_avro(body)):
        return parse_avro(body, source, received_ms, registry)
    if format is None:
        return _read_json(body, source, received_ms)
    if format not in FORMATS:
        return unreadable(f"unknown format {format[:100]!r}", body, FaultReason.UNKNOWN_FORMAT)
    return FORMATS[format].parse(body, source, received_ms)


def _read_event(
    value: bytes | None, source: str, received_ms: int, headers: cloudevents_kafka.Headers
) -> Parsed:
    try:
        event = cloudevents_kafka.from_kafka(headers, value)
    except ValueError as error:
        return unreadable(str(error), value or b"")
    return cloudevents.parse(event, source, received_ms) if event else Parsed(())


def _is_avro(body: bytes) -> bool:
    return body.startswith(SINGLE_OBJECT) or body[0] == CONFLUENT


def _read_json(body: bytes, source: str, received_ms: int) -> Parsed:
    text = body.strip(_JSON_SPACE)
    if text.startswith(b"["):
        return parse_api_v2(body, source, received_ms)
    if not text.startswith(b"{"):
        return unreadable("neither JSON nor Avro", body, FaultReason.UNKNOWN_FORMAT)
    try:
        keys = _keys.decode(body)
    except UNREADABLE as error:
        return unreadable(f"not an object in JSON: {error}", body)
    has_alerts, has_labels = keys.alerts is not msgspec.UNSET, keys.labels is not msgspec.UNSET
    if has_alerts and not has_labels:
        return parse_webhook(body, source, received_ms)
    if has_labels and not has_alerts:
        # Now known to be one object, so that brackets around it cannot make two of it.
        return parse_api_v2(b"[" + body + b"]", source, received_ms)
    return unreadable(
        "an object with either `alerts` or `labels` is needed", body, FaultReason.UNKNOWN_FORMAT
    )
