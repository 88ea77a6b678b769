"""Roll-ups of two counts: per minute for six hours, per hour for thirty days.

What a series' counters have risen by between two samples belongs to the minute of the second one.
A minute also knows for how long it was watched: a window is filled when nearly all of it was.
"""

from collections.abc import Iterable, Mapping

import msgspec

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
MINUTES_KEPT = 6 * 60 + 1
HOURS_KEPT = 30 * 24 + 1
GAP_MS = 5 * MINUTE_MS
"""Of a series that was silent for longer, nobody knows when it rose."""
FILLED = 0.9
"""The share of a window that must have been watched."""
SERIES_MAX = 1_000


class Bucket(msgspec.Struct, frozen=True):
    """The increases of one minute or hour, numbered from 1970."""

    number: int
    bad: float = 0.0
    total: float = 0.0
    watched_ms: int = 0

    def with_more(self, bad: float, total: float, watched_ms: int) -> "Bucket":
        return Bucket(self.number, self.bad + bad, self.total + total, self.watched_ms + watched_ms)


class Reading(msgspec.Struct, frozen=True, array_like=True):
    at_ms: int
    bad: float
    total: float


class Rollup(msgspec.Struct, frozen=True):
    series: Mapping[str, Reading] = {}
    watched_until_ms: int = 0
    minutes: tuple[Bucket, ...] = ()
    """Oldest first; the last is under way."""
    hours: tuple[Bucket, ...] = ()
    """Oldest first; of minutes that have ended."""


class Span(msgspec.Struct, frozen=True):
    """What a window amounts to."""

    bad: float
    total: float
    watched_ms: int
    span_ms: int
    """From the start of its first bucket."""

    @property
    def filled(self) -> bool:
        return self.watched_ms >= FILLED * self.span_ms

    @property
    def ratio(self) -> float:
        return self.bad / self.total if self.total else 0.0

    @property
    def ratio_least(self) -> float:
        """If what was not watched had as much traffic, and none of it bad."""
        return self.ratio * min(1.0, self.watched_ms / self.span_ms)


def add(rollup: Rollup, name: str, now: Reading) -> Rollup:
    """A sample that was read before, or comes late, changes nothing."""
    before = rollup.series.get(name)
    if before is not None and now.at_ms <= before.at_ms:
        return rollup
    if before is None and len(rollup.series) >= SERIES_MAX:
        return rollup
    series = {**rollup.series, name: now}
    if before is None or now.at_ms - before.at_ms > GAP_MS:
        return msgspec.structs.replace(rollup, series=series)
    number = (now.at_ms - 1) // MINUTE_MS
    bad, total = _rise(before.bad, now.bad), _rise(before.total, now.total)
    watched_ms = max(0, now.at_ms - max(before.at_ms, rollup.watched_until_ms))
    open_minute = rollup.minutes[-1] if rollup.minutes else None
    until_ms = max(rollup.watched_until_ms, now.at_ms)
    if open_minute is not None and number <= open_minute.number:
        # Targets' clocks differ by seconds: the minute under way takes what comes late.
        minutes = (*rollup.minutes[:-1], open_minute.with_more(bad, total, watched_ms))
        return Rollup(series, until_ms, minutes, rollup.hours)
    opened = Bucket(number, bad, total, watched_ms)
    kept = tuple(m for m in rollup.minutes if m.number > number - MINUTES_KEPT)
    hours = rollup.hours if open_minute is None else _with_minute(rollup.hours, open_minute)
    present = {s: r for s, r in series.items() if now.at_ms - r.at_ms <= GAP_MS}
    return Rollup(present, until_ms, (*kept, opened), hours)


def _with_minute(hours: tuple[Bucket, ...], minute: Bucket) -> tuple[Bucket, ...]:
    number = minute.number * MINUTE_MS // HOUR_MS
    if hours and hours[-1].number == number:
        last = hours[-1].with_more(minute.bad, minute.total, minute.watched_ms)
        return (*hours[:-1], last)
    kept = tuple(h for h in hours if h.number > number - HOURS_KEPT)
    return (*kept, Bucket(number, minute.bad, minute.total, minute.watched_ms))


def span(rollup: Rollup, window_ms: int, at_ms: int) -> Span:
    """The window's start is rounded down to a minute, or, beyond six hours, to an hour."""
    if window_ms <= (MINUTES_KEPT - 1) * MINUTE_MS:
        return _sum(rollup.minutes, (at_ms - window_ms) // MINUTE_MS, MINUTE_MS, at_ms)
    first = (at_ms - window_ms) // HOUR_MS
    ended = _sum(rollup.hours, first, HOUR_MS, at_ms)
    under_way = _sum(rollup.minutes[-1:], first * HOUR_MS // MINUTE_MS, MINUTE_MS, at_ms)
    return Span(
        ended.bad + under_way.bad,
        ended.total + under_way.total,
        ended.watched_ms + under_way.watched_ms,
        ended.span_ms,
    )


def _sum(buckets: Iterable[Bucket], first: int, each_ms: int, at_ms: int) -> Span:
    bad = total = 0.0
    watched_ms = 0
    for bucket in buckets:
        if bucket.number >= first:
            bad += bucket.bad
            total += bucket.total
            watched_ms += bucket.watched_ms
    return Span(bad, total, watched_ms, at_ms - first * each_ms)


def _rise(before: float, after: float) -> float:
    """A counter that went back was restarted from zero."""
    return after - before if after >= before else after
