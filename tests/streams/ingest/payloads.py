"""Deliveries for the tests, and the bad ones of the corpus (guarantees.md §6)."""

import json
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parent / "fixtures"
RECEIVED_MS = 1_793_527_260_000  # 2026-11-01T10:01:00Z


def fixture(name: str) -> bytes:
    return (FIXTURES / name).read_bytes()


def alert(**fields: Any) -> dict[str, Any]:
    """An alert with one label; a field given as None is left out."""
    whole = {"labels": {"alertname": "HighErrors"}, **fields}
    return {name: value for name, value in whole.items() if value is not None}


def body(*alerts: Any) -> bytes:
    return json.dumps(list(alerts)).encode()


def hook(*alerts: Any, **fields: Any) -> bytes:
    return json.dumps({"version": "4", "alerts": list(alerts), **fields}).encode()


def labelled(text: bytes) -> bytes:
    """A delivery of one alert with this JSON as the value of its label `a`."""
    return b'[{"labels":{"a":' + text + b"}}]"


DEEP = b"[" * 100_000 + b"]" * 100_000

UNREADABLE: dict[str, bytes] = {
    "null": b"null",
    "a number": b"7",
    "an object": b'{"labels":{"a":"b"}}',
    "truncated": b'[{"labels":{"a":"b"}},{"labels":{"a"',
    "trailing text": b'[{"labels":{"a":"b"}}] x',
    "byte order mark": b'\xef\xbb\xbf[{"labels":{"a":"b"}}]',
    "not UTF-8": b"\xff\xfe\x00",
    "depth 100,000": DEEP,
    "depth 100,000 in a field": b'[{"labels":{"a":"b"},"x":' + DEEP + b"}]",
    "not closed, depth 100,000": b"[" * 100_000,
    "raw control character": b'[{"labels":{"a":"\x00"}}]',
    "only white space": b" \n",
}
"""Nothing in these can be read at all."""

BAD_ALERTS: dict[str, tuple[bytes, str]] = {
    "NaN label": (labelled(b"NaN"), "alerts[0].labels.a"),
    "Infinity label": (labelled(b"-Infinity"), "alerts[0].labels.a"),
    "10^400 label": (labelled(b"1" + b"0" * 400), "alerts[0].labels.a"),
    "10^5000 label": (labelled(b"1" + b"0" * 5000), "alerts[0].labels.a"),
    "number label": (labelled(b"1"), "alerts[0].labels.a"),
    "null label": (labelled(b"null"), "alerts[0].labels.a"),
    "boolean label": (labelled(b"true"), "alerts[0].labels.a"),
    "lone surrogate": (labelled(b'"\\ud800"'), "alerts[0].labels.a"),
    "lone surrogate in a name": (b'[{"labels":{"\\udfff":"b"}}]', "alerts[0].labels.\\udfff"),
    "invalid UTF-8": (labelled(b'"\xff"'), "alerts[0].labels.a"),
    "NUL": (labelled(b'"x\\u0000y"'), "alerts[0].labels.a"),
    "the other separator": (b'[{"labels":{"a\\u0001b":"c"}}]', "alerts[0].labels (a name)"),
    "NUL annotation": (
        b'[{"labels":{"a":"b"},"annotations":{"s":"\\u0000"}}]',
        "alerts[0].annotations.s",
    ),
    "NaN elsewhere": (b'[{"labels":{"a":"b"},"x":NaN}]', "alerts[0]"),
    "invalid UTF-8 elsewhere": (b'[{"labels":{"a":"b"},"x":"\xff"}]', "alerts[0]"),
    "NaN beside a time of .NET": (
        b'[{"labels":{"a":"b"},"endsAt":"9999-12-31T23:59:59.9999999Z","x":NaN}]',
        "alerts[0]",
    ),
    "not an object": (b"[7]", "alerts[0]"),
    "null alert": (b"[null]", "alerts[0]"),
    "no labels field": (b"[{}]", "alerts[0].labels"),
    "labels null": (b'[{"labels":null}]', "alerts[0].labels"),
    "labels a list": (b'[{"labels":["a"]}]', "alerts[0].labels"),
    "labels empty": (b'[{"labels":{}}]', "alerts[0].labels"),
    "only empty labels": (b'[{"labels":{"a":"","b":""}}]', "alerts[0].labels"),
    "label without a name": (b'[{"labels":{"":"b"}}]', "alerts[0].labels"),
    "annotations a string": (body(alert(annotations="x")), "alerts[0].annotations"),
    "annotation a number": (body(alert(annotations={"s": 1})), "alerts[0].annotations.s"),
    "no time zone": (body(alert(startsAt="2026-11-01T10:00:00")), "alerts[0].startsAt"),
    "not a time": (body(alert(endsAt="soon")), "alerts[0].endsAt"),
    "a time as a number": (body(alert(startsAt=1793527200)), "alerts[0].startsAt"),
    "leap second": (body(alert(startsAt="2016-12-31T23:59:60Z")), "alerts[0].startsAt"),
    "30 February": (body(alert(startsAt="2026-02-30T00:00:00Z")), "alerts[0].startsAt"),
    "ends before it starts": (
        body(alert(startsAt="2026-11-01T10:00:00Z", endsAt="2026-11-01T09:00:00Z")),
        "alerts[0].endsAt",
    ),
    "10,000 labels": (
        body(alert(labels={f"l{i}": "x" for i in range(10_000)})),
        "alerts[0].labels",
    ),
    "10,000 annotations": (
        body(alert(annotations={f"l{i}": "x" for i in range(10_000)})),
        "alerts[0].annotations",
    ),
    "1 MiB value": (body(alert(labels={"a": "x" * 2**20})), "alerts[0].labels.a"),
    "64 KiB of letters of three bytes": (
        body(alert(annotations={"s": "…" * 22_000})),
        "alerts[0].annotations.s",
    ),
    "four values of 60 KiB": (
        body(alert(labels={f"l{i}": "x" * 60 * 1024 for i in range(4)})),
        "alerts[0]",
    ),
    "1 MiB name": (body(alert(labels={"x" * 2**20: "a"})), "alerts[0].labels (a name)"),
    "depth 33": (
        b'[{"labels":{"a":"b"},"x":' + b"[" * 32 + b"]" * 32 + b"}]",
        "alerts[0]",
    ),
    "depth 500": (
        b'[{"labels":{"a":"b"},"x":' + b"[" * 500 + b"]" * 500 + b"}]",
        "alerts[0]",
    ),
}
"""One alert that cannot be used, and the field that the fault must name."""

READABLE: dict[str, bytes] = {
    "minimal": body(alert()),
    "annotations null": b'[{"labels":{"a":"b"},"annotations":null,"startsAt":null}]',
    "unknown fields": body(alert(x={"y": [1, 2, {"z": None}]}, fingerprint=7)),
    "10^400 in an unknown field": b'[{"labels":{"a":"b"},"x":1' + b"0" * 400 + b"}]",
    "depth 32": b'[{"labels":{"a":"b"},"x":' + b"[" * 31 + b"]" * 31 + b"}]",
    "braces in strings": body(alert(annotations={"s": "{{[[" * 100, "t": '\\"{[' * 50})),
    "namespace ../kube-system": body(alert(labels={"namespace": "../kube-system"})),
    "namespace *": body(alert(labels={"namespace": "*"})),
    "homoglyph": body(alert(labels={"namespace": "shоp"})),
    "name of any letters": body(alert(labels={"dotted.name with space ☃": "x"})),
    "128 labels": body(alert(labels={f"l{i}": "x" for i in range(128)})),
    "64 KiB value": body(alert(labels={"a": "x" * 64 * 1024})),
    "white space around": b" \r\n" + body(alert()) + b"\n\t",
}
"""Unusual, and one good alert each."""
