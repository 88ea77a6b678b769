"""OpenTelemetry's names -> Prometheus', as Prometheus itself translates them: a rule for a metric
finds it under the name by which it is known."""

import re
from functools import lru_cache

COUNTER, GAUGE = "counter", "gauge"
UNITS = {
    "d": "days",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "By": "bytes",
    "KiBy": "kibibytes",
    "MiBy": "mebibytes",
    "GiBy": "gibibytes",
    "TiBy": "tebibytes",
    "kBy": "kilobytes",
    "KBy": "kilobytes",
    "MBy": "megabytes",
    "GBy": "gigabytes",
    "TBy": "terabytes",
    "m": "meters",
    "V": "volts",
    "A": "amperes",
    "J": "joules",
    "W": "watts",
    "g": "grams",
    "Cel": "celsius",
    "Hz": "hertz",
    "1": "",
    "%": "percent",
}
PER = {
    "s": "second",
    "m": "minute",
    "h": "hour",
    "d": "day",
    "w": "week",
    "mo": "month",
    "y": "year",
}
_NOT_IN_METRICS = re.compile(r"[^a-zA-Z0-9:]+")
_NOT_IN_LABELS = re.compile(r"[^a-zA-Z0-9_]")
_DIGITS = frozenset("0123456789")


@lru_cache(4096)
def metric_name(name: str, unit: str, kind: str) -> str:
    """`http.server.duration` in `ms` is `http_server_duration_milliseconds`. Empty where no part of
    it can stand in a name."""
    words = _words(name)
    main, per = _unit_words(unit)
    words += [suffix for suffix in (main, per) if suffix and suffix not in words]
    if kind == COUNTER:
        words = [word for word in words if word != "total"] + ["total"]
    if kind == GAUGE and unit == "1":
        words = [word for word in words if word != "ratio"] + ["ratio"]
    text = "_".join(words)
    return f"_{text}" if text[:1] in _DIGITS else text


def label_name(name: str) -> str:
    """`http.route` is `http_route`. Empty where no part of it can stand in a name."""
    text = _NOT_IN_LABELS.sub("_", name)
    if not text.strip("_"):
        return ""
    if text[0] in _DIGITS:
        return f"key_{text}"
    return f"key{text}" if text[0] == "_" and text[:2] != "__" else text


def _words(text: str) -> list[str]:
    return [word for word in _NOT_IN_METRICS.split(text) if word]


def _unit_words(unit: str) -> tuple[str, str]:
    """What is in braces is a remark and no unit."""
    main, _, per = (part.strip() for part in unit.partition("/"))
    main = "" if "{" in main or "}" in main else UNITS.get(main, main)
    per = "" if "{" in per or "}" in per else PER.get(per, per)
    per = "_".join(_words(per))
    return "_".join(_words(main)), f"per_{per}" if per else ""
