"""What a mapping makes of a delivery: its alerts, and of each a report.

Null is what is not there. A status that the mapping does not name is a fault, never a guess, and so
is a list or an object where a text is needed.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from schemas.alerts import AlertStatus
from streams.ingest.formats.evaluation import Evaluation, plain_text
from streams.ingest.formats.expression import Expression
from streams.ingest.formats.limits import ALERTS_MAX
from streams.ingest.formats.mapping import Compiled
from streams.ingest.formats.moments import YEAR_10000_MS, iso_ms
from streams.ingest.formats.parsed import BadField, FaultReason
from streams.ingest.formats.report import FIRING, RESOLVED, Report

ALERT_STEPS = 10
"""What an alert takes besides its expressions, its labels and its annotations."""
_UNIX = re.compile(r"\d{1,15}(?:\.\d{1,12})?", re.ASCII)


def alerts_in(work: Evaluation, how: Compiled, sent: Any) -> list[Any]:
    """Raises BadField."""
    if how.alerts is None:
        return [sent]
    found = work.of(how.alerts, sent, "alerts")
    if not isinstance(found, list):
        raise BadField("alerts", f"a list is needed, not {_kind(found)}")
    if len(found) > ALERTS_MAX:
        why = f"{len(found)} of them, at most {ALERTS_MAX} are taken"
        raise BadField("alerts", why, FaultReason.OVER_LIMIT)
    return found


def report(work: Evaluation, how: Compiled, alert: Any) -> Report:
    """Raises BadField."""
    mapping = how.mapping
    work.spend(ALERT_STEPS + len(how.labels) + len(mapping.static_labels) + len(how.annotations))
    starts_at_ms = _time_ms(work, how, how.starts_at, alert, "starts_at")
    ends_at_ms = _time_ms(work, how, how.ends_at, alert, "ends_at")
    if starts_at_ms is not None and ends_at_ms is not None and ends_at_ms < starts_at_ms:
        raise BadField("ends_at", "before starts_at", FaultReason.WRONG_TIME)
    return Report(
        labels={**mapping.static_labels, **_texts(work, how.labels, alert, "labels")},
        status=_status(work, how, alert),
        annotations=_texts(work, how.annotations, alert, "annotations"),
        starts_at_ms=starts_at_ms,
        ends_at_ms=ends_at_ms,
        key="" if how.key is None else _needed(work, how.key, alert, "key"),
    )


def _status(work: Evaluation, how: Compiled, alert: Any) -> AlertStatus:
    status = _needed(work, how.status, alert, "status")
    if status in how.mapping.firing:
        return FIRING
    if status in how.mapping.resolved:
        return RESOLVED
    raise BadField("status", f"neither firing nor resolved: {status[:60]!r}")


def _texts(
    work: Evaluation, asked: Iterable[tuple[str, Expression]], alert: Any, field: str
) -> dict[str, str]:
    return {name: _text(work, how, alert, f"{field}.{name}") for name, how in asked}


def _needed(work: Evaluation, asked: Expression, alert: Any, field: str) -> str:
    if text := _text(work, asked, alert, field):
        return text
    raise BadField(field, "missing")


def _text(work: Evaluation, asked: Expression, alert: Any, field: str) -> str:
    """Empty for null."""
    found = work.of(asked, alert, field)
    text = "" if found is None else plain_text(found)
    if text is None:
        raise BadField(field, f"a text is needed, not {_kind(found)}")
    work.spend(len(text) >> 4)
    return text


def _kind(found: Any) -> str:
    kinds = {
        type(None): "null",
        list: "a list",
        dict: "an object",
        str: "a text",
        bool: "a boolean",
    }
    return kinds.get(type(found), "a number")


def _time_ms(
    work: Evaluation, how: Compiled, asked: Expression | None, alert: Any, field: str
) -> int | None:
    """None for 0, too, which is Unix for no time."""
    text = "" if asked is None else _text(work, asked, alert, field)
    if how.mapping.time_unit == "iso":
        return _iso_ms(text, field, how.mapping.zone)
    if not text:
        return None
    unit_ms = 1000 if how.mapping.time_unit == "seconds" else 1
    at_ms = int(Decimal(text) * unit_ms) if _UNIX.fullmatch(text) else YEAR_10000_MS
    if at_ms >= YEAR_10000_MS:
        raise BadField(field, f"no Unix time: {text[:60]!r}", FaultReason.WRONG_TIME)
    return at_ms or None


def _iso_ms(text: str, field: str, zone: str | None) -> int | None:
    at_ms = iso_ms(text, field, zone=zone is None)
    if at_ms is None or zone in (None, "UTC") or datetime.fromisoformat(text).tzinfo:
        return at_ms
    hours, minutes = zone[1:].split(":")
    ahead = timedelta(hours=int(hours), minutes=int(minutes)) // timedelta(milliseconds=1)
    return at_ms + ahead if zone[0] == "-" else at_ms - ahead
