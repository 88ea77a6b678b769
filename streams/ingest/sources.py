"""Where alerts come from, and which parser reads them.

A new kind of source is one parser file and one row in `FORMATS`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

from schemas.codec import CONFLUENT, SINGLE_OBJECT, SchemaById
from streams.ingest.alert_json import UNREADABLE
from streams.ingest.alertmanager import (
    parse_api_v2,
    parse_webhook,
    without_api_v2,
    without_webhook,
)
from streams.ingest.avro_alert import parse_avro
from streams.ingest.parsed import FaultReason, Parsed, unreadable

API_V2 = "alertmanager-api-v2"
WEBHOOK = "alertmanager-webhook"
AVRO = "mendlog-avro"

_JSON_SPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True)
class Source:
    """One registered sender. Its tokens are named here and read only by the gateway."""

    name: str
    format: str | None = None
    cluster: str | None = None
    token_envs: tuple[str, ...] = ()
    token_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    parse: Callable[[bytes, str, int], Parsed]
    """(body, source's name, when it was received)"""
    without: Callable[[bytes, frozenset[int]], bytes] | None = None
    """The same delivery without the alerts at these places; None where it holds one alert."""


FORMATS: Mapping[str, Format] = {
    API_V2: Format(parse_api_v2, without_api_v2),
    WEBHOOK: Format(parse_webhook, without_webhook),
    AVRO: Format(parse_avro),
}


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
) -> Parsed:
    """The alerts in a record of `alerts`; `format` is its header, or None to look at the bytes."""
    if not body:
        return unreadable("empty", b"")
    if format == AVRO or (format is None and _is_avro(body)):
        return parse_avro(body, source, received_ms, registry)
    if format is None:
        return _read_json(body, source, received_ms)
    if format not in FORMATS:
        return unreadable(f"unknown format {format[:100]!r}", body, FaultReason.UNKNOWN_FORMAT)
    return FORMATS[format].parse(body, source, received_ms)


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
