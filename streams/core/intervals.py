"""Time intervals: the hours, days, months and years in which a route is muted or active.

Whatever is not said holds always; all that is said must hold. The time zone is held in the value,
so that the machine's own never matters.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

Range = tuple[int, int]
"""From the first to the second, which is included."""
Ranges = tuple[Range, ...] | None
"""One of them must hold; None: any time will do. An empty tuple never holds, as in Alertmanager."""

MINUTE_MS = 60_000
DAY_MINUTES = 1_440
HORIZON_MS = 400 * DAY_MINUTES * MINUTE_MS
"""How far `next_change_ms` looks: more than a year, so that every yearly date is found."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Period:
    times: Ranges = None
    """Minutes of the day; the second is the first minute after the range."""
    weekdays: Ranges = None
    """0 is Sunday."""
    days_of_month: Ranges = None
    """Negative ones count from the month's end: -1 is its last day."""
    months: Ranges = None
    years: Ranges = None
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Interval:
    name: str
    periods: tuple[Period, ...]
    """Any of them."""


def contains(interval: Interval, at_ms: int) -> bool:
    return any(_holds(period, _local(period, at_ms)) for period in interval.periods)


def next_change_ms(interval: Interval, at_ms: int) -> int | None:
    """The first minute after `at_ms` at which `contains` answers otherwise; None where that is not
    within the horizon."""
    now = contains(interval, at_ms)
    moment_ms = at_ms - at_ms % MINUTE_MS
    while interval.periods and moment_ms <= at_ms + HORIZON_MS:
        moment_ms = min(_next_edge_ms(period, moment_ms) for period in interval.periods)
        if contains(interval, moment_ms) is not now:
            return moment_ms
    return None


def _local(period: Period, at_ms: int) -> datetime:
    return period.zone.fromutc((_EPOCH + timedelta(milliseconds=at_ms)).replace(tzinfo=period.zone))


def _holds(period: Period, local: datetime) -> bool:
    return _holds_by_clock(period, _minute(local)) and _holds_by_date(period, local)


def _holds_by_clock(period: Period, minute: int) -> bool:
    return period.times is None or any(start <= minute < end for start, end in period.times)


def _holds_by_date(period: Period, local: datetime) -> bool:
    return (
        _within(local.isoweekday() % 7, period.weekdays)
        and _within(local.month, period.months)
        and _within(local.year, period.years)
        and _day_within(local, period.days_of_month)
    )


def _within(value: int, ranges: Ranges) -> bool:
    return ranges is None or any(first <= value <= last for first, last in ranges)


def _day_within(local: datetime, ranges: Ranges) -> bool:
    """A day that the month does not have is no day of it, whichever end it was counted from."""
    if ranges is None:
        return True
    length = monthrange(local.year, local.month)[1]
    return _within(local.day, tuple((_day(a, length), _day(b, length)) for a, b in ranges))


def _day(number: int, length: int) -> int:
    return number if number > 0 else length + 1 + number


# Between two edges nothing changes. Edges are midnights, the ends of `times`, and the moments at
# which the zone's offset changes.


def _next_edge_ms(period: Period, moment_ms: int) -> int:
    local = _local(period, moment_ms)
    minute = _minute(local)
    wait = min(edge for edge in _edges(period, local) if edge > minute) - minute
    return _first_shift_ms(period, moment_ms, wait) or moment_ms + wait * MINUTE_MS


def _edges(period: Period, local: datetime) -> Iterator[int]:
    yield DAY_MINUTES
    if _holds_by_date(period, local):
        for start, end in period.times or ():
            yield from (start, end)


def _first_shift_ms(period: Period, from_ms: int, minutes: int) -> int | None:
    """When the zone's offset changes within so many minutes, found by halving: it does so once."""
    offset = _local(period, from_ms).utcoffset()

    def shifted(after: int) -> bool:
        return _local(period, from_ms + after * MINUTE_MS).utcoffset() != offset

    if not shifted(minutes):
        return None
    before, after = 0, minutes
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if shifted(middle) else (middle, after)
    return from_ms + after * MINUTE_MS


def _minute(local: datetime) -> int:
    return local.hour * 60 + local.minute
