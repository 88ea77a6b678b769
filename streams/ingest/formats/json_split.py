"""A delivery of alerts -> the bytes of each alert, so that a bad one does not cost the others.

Half a surrogate pair, a NaN or one wrong byte spoils the whole text for msgspec. It spoils only
the alert that holds it for `_members`, which reads with the standard library's tolerance.
"""

import json
import re

import msgspec

from streams.ingest.formats.alert_json import UNREADABLE
from streams.ingest.formats.limits import ALERTS_MAX

_array = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any = msgspec.json.Decoder()
_tolerant = json.JSONDecoder(parse_int=float)
_SPACE = re.compile(r"[ \t\r\n]*")


class TooMany(ValueError):
    """More members than are taken."""


def split_array(body: bytes) -> list[bytes]:
    """Raises one of UNREADABLE where there is no array to be found."""
    if not _has_many_members(body):
        try:
            return [bytes(raw) for raw in _array.decode(body)]
        except UNREADABLE:
            pass
    return [value for _, value in _members(body, "[", "]")]


def split_object(body: bytes) -> dict[str, bytes]:
    """The fields of an object, each as its bytes. Raises one of UNREADABLE."""
    if not _has_many_members(body):
        try:
            return {name: bytes(raw) for name, raw in _object.decode(body).items()}
        except UNREADABLE:
            pass
    return dict(_members(body, "{", "}"))


def _has_many_members(body: bytes) -> bool:
    """Perhaps too many, which only `_members` notices before it has made them all."""
    return body.count(b",") >= ALERTS_MAX


def _members(body: bytes, opening: str, closing: str) -> list[tuple[str, bytes]]:
    """(name, value) of each member; in an array the names are empty."""
    text = body.decode("utf-8", "surrogateescape")
    found: list[tuple[str, bytes]] = []
    at = _after(text, 0, opening)
    while text[at : at + 1] != closing or found:
        name = ""
        if opening == "{":
            name, at = _tolerant.raw_decode(text, at)
            at = _after(text, at, ":")
        start, (_, at) = at, _tolerant.raw_decode(text, at)
        if len(found) == ALERTS_MAX:
            raise TooMany(f"more than {ALERTS_MAX} alerts, send them in several deliveries")
        found.append((str(name), text[start:at].encode("utf-8", "surrogateescape")))
        at = _skip(text, at)
        if text[at : at + 1] != ",":
            break
        at = _skip(text, at + 1)
    if _after(text, at, closing) != len(text):
        raise ValueError("text after the end of the JSON")
    return found


def _after(text: str, at: int, sign: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != sign:
        raise json.JSONDecodeError(f"expected {sign!r}", text, at)
    return _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    assert space is not None
    return space.end()


def join_array(items: list[bytes]) -> bytes:
    return b"[" + b",".join(items) + b"]"


def join_object(fields: dict[str, bytes]) -> bytes:
    """Fields that are no JSON by msgspec's measure are left out."""
    pairs = [(_name(name), raw) for name, raw in fields.items()]
    good = [name + b":" + raw for name, raw in pairs if _is_json(name) and _is_json(raw)]
    return b"{" + b",".join(good) + b"}"


def _name(name: str) -> bytes:
    return json.dumps(name, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _is_json(raw: bytes) -> bool:
    try:
        _any.decode(raw)
    except UNREADABLE:
        return False
    return True
