"""How a sender's JSON is read as alerts: a JMESPath expression for each part of an alert."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import msgspec

from streams.ingest.formats.expression import BadExpression, Expression, expression
from streams.ingest.formats.limits import LABELS_MAX
from streams.ingest.formats.parsed import BadField, FaultReason
from streams.ingest.formats.report import ALERT_KEY

TEXT_BYTES_MAX = 16 * 1024
"""Of a mapping in JSON: it is kept with every delivery."""
WORDS_MAX = 64
WORD_LENGTH_MAX = 256
LABEL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
ZONE = re.compile(r"UTC|[+-](?:0[0-9]|1[0-4]):[0-5][0-9]")

TimeUnit = Literal["iso", "seconds", "milliseconds"]


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything is a JMESPath expression but `firing`, `resolved`, `time_unit`, `zone` and
    `static_labels`. They are asked of each alert; `alerts` of the whole body."""

    status: str
    firing: tuple[str, ...]
    """The texts of a status that mean it; with `resolved`, all that there are."""
    resolved: tuple[str, ...]
    alerts: str | None = None
    """Gives the list of alerts. None: the body is one."""
    labels: dict[str, str] = {}
    static_labels: dict[str, str] = {}
    """Texts, the same for every alert."""
    annotations: dict[str, str] = {}
    starts_at: str | None = None
    ends_at: str | None = None
    time_unit: TimeUnit = "iso"
    """ISO 8601, or what Unix time counts."""
    zone: str | None = None
    """UTC or an offset such as +02:00, of times that name none; None: that is a fault."""
    key: str | None = None
    """The sender's own name of an alert, the same from its begin to its end."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A mapping whose expressions have been read."""

    mapping: Mapping
    status: Expression
    alerts: Expression | None
    labels: tuple[tuple[str, Expression], ...]
    annotations: tuple[tuple[str, Expression], ...]
    starts_at: Expression | None
    ends_at: Expression | None
    key: Expression | None


def compiled(mapping: Mapping) -> Compiled:
    """Raises BadField, which names a part of the mapping."""
    for field, why in complaints(mapping):
        raise BadField(f"mapping.{field}", why)
    if len(msgspec.json.encode(mapping)) > TEXT_BYTES_MAX:
        raise BadField("mapping", f"longer than {TEXT_BYTES_MAX} bytes", FaultReason.OVER_LIMIT)
    return Compiled(
        mapping,
        _read("status", mapping.status),
        _may_read("alerts", mapping.alerts),
        _read_each("labels", mapping.labels),
        _read_each("annotations", mapping.annotations),
        _may_read("starts_at", mapping.starts_at),
        _may_read("ends_at", mapping.ends_at),
        _may_read("key", mapping.key),
    )


def complaints(mapping: Mapping) -> Iterable[tuple[str, str]]:
    """(field, why) for all that is wrong with it but its expressions."""
    for field, words in (("firing", mapping.firing), ("resolved", mapping.resolved)):
        if not 0 < len(words) <= WORDS_MAX or not all(0 < len(w) <= WORD_LENGTH_MAX for w in words):
            yield field, f"1 to {WORDS_MAX} texts of at most {WORD_LENGTH_MAX} characters"
    if both := set(mapping.firing) & set(mapping.resolved):
        yield "resolved", f"{min(both)!r} means firing, too"
    for field, texts in (("labels", mapping.labels), ("static_labels", mapping.static_labels)):
        for name in texts:
            if name == ALERT_KEY:
                yield f"{field}.{name}", "this label is what `key` gives"
            elif not LABEL_NAME.fullmatch(name):
                yield field, f"{name[:60]!r} is no name of letters, digits and _"
    for name in sorted(mapping.labels.keys() & mapping.static_labels.keys()):
        yield f"static_labels.{name}", "`labels` has it, too"
    if not (mapping.labels or mapping.static_labels or mapping.key):
        yield "labels", "without a label or a `key` nothing says which alert it is"
    if len(mapping.labels) + len(mapping.static_labels) > LABELS_MAX:
        yield "labels", f"more than {LABELS_MAX} of them"
    if len(mapping.annotations) > LABELS_MAX or "" in mapping.annotations:
        yield "annotations", f"at most {LABELS_MAX}, each with a name"
    if mapping.zone is not None and not ZONE.fullmatch(mapping.zone):
        yield "zone", f"UTC or an offset such as +02:00, not {mapping.zone[:60]!r}"
    if mapping.zone is not None and mapping.time_unit != "iso":
        yield "zone", f"times in {mapping.time_unit} have none"


def _read(field: str, text: str) -> Expression:
    try:
        return expression(text)
    except BadExpression as bad:
        raise BadField(f"mapping.{field}", str(bad)) from None


def _may_read(field: str, text: str | None) -> Expression | None:
    return None if text is None else _read(field, text)


def _read_each(field: str, texts: dict[str, str]) -> tuple[tuple[str, Expression], ...]:
    return tuple((name, _read(f"{field}.{name[:100]}", text)) for name, text in texts.items())
