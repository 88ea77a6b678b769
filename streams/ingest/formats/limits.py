"""How much a delivery and each of its alerts may hold, and which text they may not.

The `may_` functions are cheap looks at the whole body: no means that no alert in it needs the
careful check, so that ordinary deliveries pay almost nothing.
"""

import re
from collections.abc import Mapping
from itertools import accumulate

import msgspec

from schemas.topics import TAPE_RECORD_BYTES_MAX
from streams.ingest.formats.parsed import BadField, FaultReason

ALERTS_MAX = 20_000
"""In one delivery; Prometheus sends 256 at most. Bounds what a hostile body makes of memory."""
LABELS_MAX = 128
"""Labels of one alert, and annotations of one alert."""
VALUE_BYTES_MAX = 64 * 1024
"""A name or a value of a label or an annotation, in UTF-8."""
ALERT_BYTES_MAX = 192 * 1024
"""All labels and annotations of an alert, in JSON: what one record of the tape must hold."""
DEPTH_MAX = 32
"""Objects and arrays inside one another, in one alert."""

assert ALERT_BYTES_MAX + 8192 < TAPE_RECORD_BYTES_MAX

_json = msgspec.json.Encoder().encode
_SEPARATORS = re.compile("[\x00\x01]")
"""What stands between labels in a fingerprint: inside one, two alerts could pass for the same."""
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def may_hold_bad_text(body: bytes) -> bool:
    # In JSON a control character is always an escape, and no escape is shorter than its UTF-8.
    return len(body) > VALUE_BYTES_MAX or b"\\u000" in body


def may_be_many(body: bytes) -> bool:
    # An alert is two objects at least, and never as short as four bytes.
    return len(body) > 4 * ALERTS_MAX and body.count(b"{") > 2 * ALERTS_MAX


def may_be_deep(body: bytes, brackets_expected: int) -> bool:
    return body.count(b"{") + body.count(b"[") > brackets_expected + DEPTH_MAX // 2


def depth(body: bytes) -> int:
    """How deep the brackets of a JSON text nest; those inside strings do not count."""
    brackets = _STRING.sub(b"", body).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def check_count(field: str, texts: Mapping[str, str]) -> None:
    if len(texts) > LABELS_MAX:
        raise BadField(
            field, f"{len(texts)} of them, at most {LABELS_MAX} are taken", FaultReason.OVER_LIMIT
        )


def check_size(labels: Mapping[str, str], annotations: Mapping[str, str]) -> None:
    if len(_json(labels)) + len(_json(annotations)) > ALERT_BYTES_MAX:
        raise BadField("", f"more than {ALERT_BYTES_MAX} bytes of text", FaultReason.OVER_LIMIT)


def check_texts(field: str, texts: Mapping[str, str]) -> None:
    for name, value in texts.items():
        _check_text(f"{field} (a name)", name)
        _check_text(f"{field}.{name}", value)


def _check_text(field: str, text: str) -> None:
    if len(text) * 4 > VALUE_BYTES_MAX and len(text.encode()) > VALUE_BYTES_MAX:
        raise BadField(field[:200], f"longer than {VALUE_BYTES_MAX} bytes", FaultReason.OVER_LIMIT)
    if _SEPARATORS.search(text):
        raise BadField(field[:200], "holds U+0000 or U+0001")
