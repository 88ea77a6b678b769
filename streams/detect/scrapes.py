"""A target's scrapes, put together again from the pieces they come in.

Prometheus cuts its queue into requests without regard to scrapes and spreads a target's series over
several queues; others send each series by itself. So a scrape is judged once every series that
its target had before has come, the first one once the next begins, and never a half of it. A series
that is born later counts from its second sample on: whether its first one is new, or the rest of a
scrape that has been judged, cannot be told.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

LATE_MS = 60_000
"""Who comes later than this after its target's scrape was judged is not waited for next time."""
CLOSED_AFTER_MS = 5_000
"""A series is taken to have ended when it is missing in a scrape and in another one so much later,
and that one is over, too. Prometheus sends what it has at the latest after so long."""
PENDING_MAX = 16
"""Scrapes of a target under way."""


class Held(msgspec.Struct, frozen=True):
    """Of one target, the series that one rule asks for. Values are whatever the rule makes of a
    sample; None where it has none."""

    known: Mapping[str, tuple[int, Any]] = {}
    """The last sample of each series, which the next scrape must have."""
    pending: Mapping[int, Mapping[str, Any]] = {}
    """Scrapes under way, by time."""
    whole_ms: int = 0
    """The newest that is no longer under way."""


NOTHING = Held()


class Scrape(msgspec.Struct, frozen=True):
    """A whole one: of each series the sample before, and this one."""

    at_ms: int
    series: Mapping[str, tuple[int, Any, Any]]
    """(at_ms, value) before, and the value now."""
    born: Mapping[str, Any] = {}
    """First samples: all of a target's first scrape, and in others those that do not count yet."""


def add(held: Held, at_ms: int, piece: Mapping[str, Any]) -> tuple[Held, list[Scrape]]:
    """The scrapes that are whole by now, oldest first."""
    if at_ms <= held.whole_ms:
        return _learned(held, at_ms, piece), []
    if not held.pending and (scrape := _same(held.known, at_ms, piece)) is not None:
        return Held({name: (at_ms, value) for name, value in piece.items()}, {}, at_ms), [scrape]
    pending = {**held.pending, at_ms: {**held.pending.get(at_ms, {}), **piece}}
    return _judged(held.known, pending, held.whole_ms)


def _same(
    known: Mapping[str, tuple[int, Any]], at_ms: int, piece: Mapping[str, Any]
) -> Scrape | None:
    """Nearly always: just the series of the scrape before, all at once, each with a value."""
    if not known or len(piece) != len(known):
        return None
    series = {}
    for name, (before_ms, before) in known.items():
        now = piece.get(name)
        if now is None:
            return None
        series[name] = before_ms, before, now
    return Scrape(at_ms, series)


def _learned(held: Held, at_ms: int, piece: Mapping[str, Any]) -> Held:
    """The rest of a scrape that has been judged: from now on it is waited for."""
    if at_ms < held.whole_ms - LATE_MS:
        return held
    new = {n: (at_ms, v) for n, v in piece.items() if n not in held.known and v is not None}
    return Held({**held.known, **new}, held.pending, held.whole_ms) if new else held


def _judged(
    known: Mapping[str, tuple[int, Any]], pending: Mapping[int, Mapping[str, Any]], whole_ms: int
) -> tuple[Held, list[Scrape]]:
    found: list[Scrape] = []
    times = sorted(pending)
    while times:
        at_ms, *later = times
        piece, over = pending[at_ms], later[:-1]
        # A series' samples come in order: who is further already has none in this scrape. Of the
        # newest scrape the rest may still come, so it says nothing.
        missing = {
            name
            for name in known
            if name not in piece and not any(name in pending[t] for t in over)
        }
        if (missing and not _is_closed(at_ms, over)) or not (known or later):
            break
        present = {name: last for name, last in known.items() if name not in missing}
        scrape, known = _taken(present, at_ms, piece)
        found += [scrape] if scrape else []
        whole_ms, times = at_ms, later
    return Held(known, {at_ms: pending[at_ms] for at_ms in times}, whole_ms), found


def _is_closed(at_ms: int, over: list[int]) -> bool:
    return len(over) >= PENDING_MAX or (bool(over) and over[-1] - at_ms >= CLOSED_AFTER_MS)


def _taken(
    known: Mapping[str, tuple[int, Any]], at_ms: int, piece: Mapping[str, Any]
) -> tuple[Scrape | None, dict[str, tuple[int, Any]]]:
    """No scrape where a series has no value in it, or none is known; and what is known then. Who
    has no value is not waited for, and the others go on from where they were."""
    series = {name: (*known[name], value) for name, value in piece.items() if name in known}
    born = {n: v for n, v in piece.items() if n not in known and v is not None}
    new = {name: (at_ms, value) for name, value in born.items()}
    if any(piece[name] is None for name in (series or piece)):
        valued = {name: last for name, last in known.items() if piece.get(name, last) is not None}
        return None, {**valued, **new}
    now = {name: (at_ms, value) for name, (_, _, value) in series.items()}
    scrape = Scrape(at_ms, series, born) if series or not known else None
    return scrape, {**known, **now, **new}
