"""CloudEvents in binary mode, attributes in headers and data in the body -> one structured JSON."""

import base64
import re
from collections.abc import Mapping
from urllib.parse import unquote

import msgspec

from streams.ingest.formats.alert_json import UNREADABLE, check_utf8

EVENTS = "application/cloudevents"
STRUCTURED = (f"{EVENTS}+json", f"{EVENTS}-batch+json")
IN_HTTP = "ce-"
NO_ATTRIBUTES = frozenset({"data", "data_base64", "datacontenttype"})
"""What the body and its content type say, whatever a header does."""
_JSON_TYPE = re.compile(r"[^/]+/(?:[^/]+\+)?json")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_BALANCED = re.compile(r'(?:[^"\\]|\\.|"(?:[^"\\]|\\.)*+")*+', re.DOTALL)
_syntax = msgspec.json.Decoder(msgspec.Raw).decode
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def from_http(headers: Mapping[str, str], body: bytes) -> bytes:
    """What is structured already stays as it is; so does what has no attributes at all, of which
    the parser says what is missing. Raises ValueError."""
    lower = {name.lower(): value for name, value in headers.items()}
    content_type = lower.get("content-type", "")
    if is_structured(content_type):
        return body
    attributes = {
        name.removeprefix(IN_HTTP): _unescaped(name, value)
        for name, value in lower.items()
        if name.startswith(IN_HTTP)
    }
    return structured(attributes, content_type, body) if attributes else body


def structured(attributes: Mapping[str, str], content_type: str, data: bytes) -> bytes:
    """Data that is no JSON would spoil the whole: it is kept in Base64. Raises ValueError."""
    event: dict[str, object] = {
        name: value for name, value in attributes.items() if name not in NO_ATTRIBUTES
    }
    if content_type:
        event["datacontenttype"] = content_type
    if is_one_json(data):
        event["data"] = msgspec.Raw(data)
    elif data:
        event["data_base64"] = base64.b64encode(data).decode()
    return msgspec.json.encode(event)


def is_structured(content_type: str) -> bool:
    """Whether the body holds the attributes too. Raises ValueError where it holds them in a format
    other than JSON."""
    media_type = _media_type(content_type)
    if media_type.startswith(EVENTS) and media_type not in STRUCTURED:
        raise ValueError(
            f"of the formats of CloudEvents only JSON is read, not {media_type[:60]!r}"
        )
    return media_type in STRUCTURED


def is_json(content_type: str) -> bool:
    """Where nothing is said, it is."""
    return not content_type or bool(_JSON_TYPE.fullmatch(_media_type(content_type)))


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def is_one_json(data: bytes) -> bool:
    """A whole text of JSON in UTF-8, and nothing after it."""
    try:
        check_utf8(data)
        _syntax(data)
    except UNREADABLE:
        return False
    return True


def _unescaped(name: str, value: str) -> str:
    """Older senders quote; those of today write as %20 what cannot stand in a header. Raises
    ValueError."""
    if not _BALANCED.fullmatch(value):
        raise ValueError(f"the header {name} has a quote that does not close")
    value = _QUOTED.sub(lambda quoted: _ESCAPED.sub(r"\1", quoted[1]), value)
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise ValueError(f"the header {name} holds what is no UTF-8: {value[:60]!r}") from None
