"""Times as people give and read them: `2h`, `2026-11-21T18:00:00Z`, `3 min ago`."""

import re
import time
from datetime import UTC, datetime

import typer

_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_SPAN = re.compile(r"([0-9]{1,9})([smhd])")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def span_ms(text: str) -> int:
    """`90s`, `15m`, `1h30m`, `7d`."""
    parts = _SPAN.findall(text)
    total_ms = sum(int(count) * _UNITS_MS[unit] for count, unit in parts)
    if not total_ms or "".join(count + unit for count, unit in parts) != text:
        raise typer.BadParameter(f"{text!r} is no span of time such as 90s, 15m, 1h30m or 7d")
    return total_ms


def moment_ms(text: str) -> int:
    """RFC 3339, with its zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} is no time such as 2026-11-21T18:00:00Z")
    return int(moment.timestamp() * 1000)


def end_ms(during: str | None, until: str | None, begin_ms: int | None = None) -> int:
    """Exactly one of the two says when it ends: nothing that people order lasts for ever."""
    if (during is None) == (until is None):
        raise typer.BadParameter("say when it ends: --for 2h, or --until 2026-11-21T18:00:00Z")
    if during is not None:
        return (now_ms() if begin_ms is None else begin_ms) + span_ms(during)
    assert until is not None
    return moment_ms(until)


def shown(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def age(span: int) -> str:
    """The two largest units: `3m20s`, `2h05m`, `4d03h`."""
    seconds = max(0, span) // 1000
    if seconds < 60:
        return f"{seconds}s"
    if seconds < 3_600:
        return f"{seconds // 60}m{seconds % 60:02}s"
    if seconds < 86_400:
        return f"{seconds // 3_600}h{seconds % 3_600 // 60:02}m"
    return f"{seconds // 86_400}d{seconds % 86_400 // 3_600:02}h"
