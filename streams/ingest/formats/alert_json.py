"""One alert as Prometheus and Alertmanager write it in JSON: times, strict and careful reading."""

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec

from streams.ingest.formats.limits import DEPTH_MAX, depth
from streams.ingest.formats.parsed import BadField, FaultReason

UNREADABLE = (ValueError, RecursionError)
"""What reading hostile JSON raises, with msgspec and with the standard library."""
A = TypeVar("A", bound="AlertJson")
Time = Annotated[datetime, msgspec.Meta(tz=True)]

_syntax = msgspec.json.Decoder(msgspec.Raw)
_time = msgspec.json.Decoder(Time | None)
YEAR_10000_MS = 253_402_300_800_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NANOSECONDS = re.compile(r"(\.\d{6})\d+")
_MISSING = re.compile(r"missing required field `(\w+)`")
_PATH = re.compile(r" - at `\$\.?(.*)`$")

_KINDS: tuple[tuple[type, str], ...] = (
    (type(None), "null"),
    (bool, "a boolean"),
    (float, "a number"),
    (str, "a string"),
    (list, "an array"),
    (dict, "an object"),
)


class AlertJson(msgspec.Struct, rename="camel", gc=False):
    """The fields that we use. Of a key given twice the last counts, as in Alertmanager."""

    labels: dict[str, str]
    annotations: dict[str, str] | None = None
    starts_at: Time | None = None
    ends_at: Time | None = None


NO_TIME = msgspec.Raw(b"null")


def read_time(raw: bytes) -> int | None:
    """A time as JSON."""
    return unix_ms(_time.decode(raw))


def unix_ms(moment: datetime | None) -> int | None:
    """None for no time, which Go writes as a moment of the year 1."""
    if moment is None or moment.year == 1:
        return None
    since = moment - _EPOCH
    at_ms = (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
    return min(at_ms, YEAR_10000_MS - 1)  # A zone may lead beyond what a time can be.


def read_alert(raw: bytes, strict: "msgspec.json.Decoder[A]") -> A:
    """One alert on its own. Raises BadField, which names the field."""
    if depth(raw) > DEPTH_MAX:
        raise BadField("", f"nested deeper than {DEPTH_MAX}", FaultReason.OVER_LIMIT)
    try:
        check_utf8(raw)
        _syntax.decode(raw)
        return strict.decode(raw)
    except msgspec.ValidationError:
        return _convert(_named_checks(raw), strict)
    except UNREADABLE as error:
        _named_checks(raw)
        raise BadField("", str(error)) from None


def check_utf8(body: bytes) -> None:
    """msgspec does not look into the strings that it skips. Raises UnicodeDecodeError."""
    if not body.isascii():
        body.decode()


def _named_checks(raw: bytes) -> dict[str, Any]:
    """msgspec says that some label is wrong; people want to know which."""
    plain = _lenient(raw)
    if not isinstance(plain, dict):
        raise BadField("", f"an object is needed, not {_kind(plain)}")
    if plain.get("labels") is None:
        raise BadField("labels", "missing", FaultReason.NO_LABELS)
    for field in ("labels", "annotations"):
        _check_strings(field, plain.get(field))
    return plain


def _check_strings(field: str, texts: object) -> None:
    if texts is None:
        return
    if not isinstance(texts, dict):
        raise BadField(field, f"an object is needed, not {_kind(texts)}")
    for name, value in texts.items():
        shown = f"{field}.{printable(name)}"
        if not isinstance(value, str):
            raise BadField(shown, f"a string is needed, not {_kind(value)}")
        if not (_is_unicode(name) and _is_unicode(value)):
            raise BadField(shown, "not valid Unicode")


def _convert(plain: dict[str, Any], strict: "msgspec.json.Decoder[A]") -> A:
    for field in ("startsAt", "endsAt"):
        if isinstance(text := plain.get(field), str):
            # Rounding nanoseconds up would run past the end of the year 9999.
            plain[field] = _NANOSECONDS.sub(r"\1", text)
    try:
        return msgspec.convert(plain, strict.type)
    except ValueError as error:
        raise named(str(error)) from None


def named(error: str) -> BadField:
    """msgspec puts the path, or the name of what is missing, into its message."""
    if missing := _MISSING.search(error):
        return BadField(missing[1], "missing")
    path = _PATH.search(error)
    field = path[1] if path else ""
    is_time = field in ("startsAt", "endsAt")
    reason = FaultReason.WRONG_TIME if is_time else FaultReason.WRONG_FIELD
    return BadField(field, _PATH.sub("", error), reason)


def _lenient(raw: bytes) -> Any:
    """JSON with everything that Python tolerates beyond it: NaN, half surrogates, wrong UTF-8."""
    # Integers as floats: a number of 10,000 digits costs no more than another.
    return json.loads(raw.decode("utf-8", "surrogateescape"), parse_int=float)


def printable(text: str, length_max: int = 100) -> str:
    return text[:length_max].encode("utf-8", "backslashreplace").decode()


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _kind(value: object) -> str:
    return next(words for kind, words in _KINDS if isinstance(value, kind))
