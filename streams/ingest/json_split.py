"""A delivery of alerts -> the bytes of each alert, so that a bad one does not cost the others."""

import json
from typing import Any

import msgspec

from streams.ingest.alert_json import UNREADABLE, lenient

_array = msgspec.json.Decoder(list[msgspec.Raw])
_any = msgspec.json.Decoder()
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def split_array(body: bytes) -> list[bytes]:
    """Raises one of UNREADABLE where there is no array to be found."""
    try:
        return [bytes(raw) for raw in _array.decode(body)]
    except UNREADABLE as error:
        return _split_lenient(body, error)


def _split_lenient(body: bytes, error: Exception) -> list[bytes]:
    """Half a surrogate pair or a NaN spoils the text for msgspec, and only one alert for us."""
    items = lenient(body)
    if not isinstance(items, list):
        raise error
    return [json.dumps(item).encode() for item in items]


def split_object(body: bytes) -> dict[str, bytes]:
    """The fields of an object, each as its bytes. Raises one of UNREADABLE."""
    try:
        return {name: bytes(raw) for name, raw in _object.decode(body).items()}
    except UNREADABLE as error:
        fields: Any = lenient(body)
        if not isinstance(fields, dict):
            raise error
        return {name: json.dumps(value).encode() for name, value in fields.items()}


def join_array(items: list[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


def join_object(fields: dict[str, bytes]) -> bytes:
    """Fields that are no JSON by msgspec's measure are left out."""
    pairs = [(json.dumps(name).encode(), raw) for name, raw in fields.items()]
    good = [name + b":" + raw for name, raw in pairs if _is_json(name) and _is_json(raw)]
    return b"{" + b",".join(good) + b"}"


def _is_json(raw: bytes) -> bool:
    try:
        _any.decode(raw)
    except UNREADABLE:
        return False
    return True
