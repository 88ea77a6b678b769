"""The section `time_intervals`, with Alertmanager's keys and ranges.

A range is one value or two with a colon between them, the second of which is included, such as
`monday:friday` or `-3:-1`. The end of a time of day is not: `17:00` ends as it strikes five.
"""

import re
from collections.abc import Callable
from datetime import UTC, tzinfo

from yaml.nodes import Node, ScalarNode

from streams.core.intervals import Interval, Period, Range, Ranges
from streams.policy.zones import zone
from streams.reading.nodes import Reading, Section

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip
INTERVALS_MAX = 1_000
_CLOCK = re.compile("([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00)")
_SHORTEST_MONTH = 28
_Member = Callable[[str], int]


def read_time_intervals(reading: Reading, node: Node) -> tuple[Interval, ...]:
    items = reading.items(node)
    if len(items) > INTERVALS_MAX:
        reading.fault(node, f"more than {INTERVALS_MAX} time intervals")
    found: dict[str, Interval] = {}
    for item in items:
        interval = _interval(reading, item)
        if interval.name in found:
            reading.fault(item, f"a second time interval named {interval.name!r}")
        found[interval.name] = interval
    return tuple(found.values())


def _interval(reading: Reading, node: Node) -> Interval:
    section = Section(reading, node, "a time interval")
    name = section.need("name", lambda n: _name(reading, n), "")
    periods = section.may("time_intervals", lambda n: _periods(reading, n), ())
    section.done("name, time_intervals")
    return Interval(name, periods)


def _name(reading: Reading, node: Node) -> str:
    name = reading.text(node)
    if not name:
        reading.fault(node, "expected the time interval's name")
    return name


def _periods(reading: Reading, node: Node) -> tuple[Period, ...]:
    return tuple(_period(reading, item) for item in reading.items(node))


def _period(reading: Reading, node: Node) -> Period:
    section = Section(reading, node, "a time interval's entry")

    def ranges(key: str, read: Callable[[Reading, Node], Range]) -> Ranges:
        def read_all(found: Node) -> Ranges:
            return tuple(read(reading, item) for item in reading.items(found))

        return section.may(key, read_all, None)

    period = Period(
        times=ranges("times", _times),
        weekdays=ranges("weekdays", _weekdays),
        days_of_month=ranges("days_of_month", _days),
        months=ranges("months", _months),
        years=ranges("years", _years),
        zone=section.may("location", lambda n: _zone(reading, n), UTC),
    )
    section.done("times, weekdays, days_of_month, months, years, location")
    return period


def _zone(reading: Reading, node: Node) -> tzinfo:
    try:
        return zone(reading.text(node))
    except ValueError as fault:
        reading.fault(node, str(fault))
        return UTC


def _times(reading: Reading, node: Node) -> Range:
    section = Section(reading, node, "a range of times")
    start = section.need("start_time", lambda n: _clock(reading, n), 0)
    end = section.need("end_time", lambda n: _clock(reading, n), 1)
    section.done("start_time, end_time")
    if start >= end:
        reading.fault(node, "the end of a range of times must be later than its start")
    return start, end


def _clock(reading: Reading, node: Node) -> int:
    found = _CLOCK.fullmatch(_written(node))
    if not found:
        reading.fault(node, "expected a time of day such as 09:00, at most 24:00")
        return 0
    hours, minutes = (int(part) for part in found.groups() if part)
    return hours * 60 + minutes


def _weekdays(reading: Reading, node: Node) -> Range:
    return _range(reading, node, WEEKDAYS.index, "weekdays such as monday:friday")


def _months(reading: Reading, node: Node) -> Range:
    def month(text: str) -> int:
        return MONTHS.index(text) + 1 if text in MONTHS else _number(text)

    return _range(reading, node, month, "months such as january:march or 1:3")


def _years(reading: Reading, node: Node) -> Range:
    return _range(reading, node, _number, "years such as 2026:2028")


def _days(reading: Reading, node: Node) -> Range:
    first, last = _range(
        reading, node, _number, "days of the month such as 1:5 or -3:-1", ordered=False
    )
    for day in (first, last):
        if not 1 <= abs(day) <= 31:
            reading.fault(node, f"{day} is no day of a month")
    if first < 0 < last:
        reading.fault(node, "a range that starts from the month's end must end from there as well")
    elif _in_february(first) > _in_february(last):
        reading.fault(node, f"day {last} is always before day {first}")
    return first, last


def _in_february(day: int) -> int:
    return day if day > 0 else _SHORTEST_MONTH + day


def _range(reading: Reading, node: Node, member: _Member, what: str, ordered: bool = True) -> Range:
    parts = _written(node).lower().split(":")
    try:
        first, last = member(parts[0]), member(parts[-1])
    except ValueError:
        reading.fault(node, f"expected {what}, not {_written(node)!r}")
        return 1, 1
    if len(parts) > 2:
        reading.fault(node, f"expected {what}, not {_written(node)!r}")
    if ordered and first > last:
        reading.fault(node, f"{parts[-1]} is before {parts[0]}")
    return first, last


def _number(text: str) -> int:
    if not re.fullmatch("[+-]?[0-9]{1,9}", text):
        raise ValueError(text)
    return int(text)


def _written(node: Node) -> str:
    """A plain `1:5` is what its field says it is, so it needs no quotes."""
    return str(node.value) if isinstance(node, ScalarNode) else ""
