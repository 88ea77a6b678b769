"""Time intervals hold when a calendar and a clock on the wall say so."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.intervals import MINUTE_MS, Interval, Period, contains, next_change_ms
from streams.policy.times import MONTHS, WEEKDAYS, read_time_intervals
from streams.policy.zones import zone
from tests.streams.policy.sections import faults, read


def interval(entry: str) -> Interval:
    (found,) = read(read_time_intervals, f"- name: i\n  time_intervals: [{entry}]\n")
    return found


def ms(moment: str) -> int:
    return int(datetime.fromisoformat(moment).timestamp() * 1000)


@pytest.mark.parametrize(
    ("entry", "at", "holds"),
    [
        ("{}", "2026-11-21T12:00:00Z", True),
        ("{times: [{start_time: 09:00, end_time: 17:00}]}", "2026-11-21T09:00:00Z", True),
        ("{times: [{start_time: 09:00, end_time: 17:00}]}", "2026-11-21T16:59:59Z", True),
        ("{times: [{start_time: 09:00, end_time: 17:00}]}", "2026-11-21T17:00:00Z", False),
        ("{times: [{start_time: '23:00', end_time: '24:00'}]}", "2026-11-21T23:59:00Z", True),
        ("{times: []}", "2026-11-21T12:00:00Z", False),
        ("{weekdays: ['monday:friday']}", "2026-11-20T12:00:00Z", True),
        ("{weekdays: ['monday:friday']}", "2026-11-21T12:00:00Z", False),
        ("{weekdays: [Sunday, saturday]}", "2026-11-21T12:00:00Z", True),
        ("{weekdays: [saturday], location: Pacific/Auckland}", "2026-11-20T11:00:00Z", True),
        ("{weekdays: [saturday], location: Pacific/Auckland}", "2026-11-20T10:59:00Z", False),
        ("{days_of_month: [-1]}", "2024-02-29T00:00:00Z", True),
        ("{days_of_month: [-1]}", "2024-02-28T00:00:00Z", False),
        ("{days_of_month: [-1]}", "2023-02-28T00:00:00Z", True),
        ("{days_of_month: ['30:31']}", "2023-02-28T00:00:00Z", False),
        ("{days_of_month: ['28:31']}", "2023-02-28T00:00:00Z", True),
        ("{days_of_month: ['25:-2']}", "2023-04-29T00:00:00Z", True),
        ("{days_of_month: ['25:-2']}", "2023-04-30T00:00:00Z", False),
        ("{days_of_month: ['-31:-30']}", "2023-02-01T00:00:00Z", False),
        ("{days_of_month: [-1], location: America/New_York}", "2026-03-31T12:00:00Z", True),
        ("{days_of_month: [-1], location: America/New_York}", "2026-03-30T12:00:00Z", False),
        ("{months: ['november:december', 3]}", "2026-03-01T00:00:00Z", True),
        ("{months: ['11:12']}", "2026-10-31T23:59:00Z", False),
        ("{years: ['2026:2027']}", "2027-12-31T23:59:00Z", True),
        ("{years: [2025]}", "2026-01-01T00:00:00Z", False),
        ("{years: [2025]}, {years: [2026]}", "2026-01-01T00:00:00Z", True),
        ("", "2026-01-01T00:00:00Z", False),
    ],
)  # fmt: skip
def test_what_an_interval_contains(entry: str, at: str, holds: bool) -> None:
    assert contains(interval(entry), ms(at)) is holds


OFFICE = "{times: [{start_time: 09:00, end_time: 17:00}], weekdays: ['monday:friday']%s}"


@pytest.mark.parametrize(
    ("entry", "at", "changes"),
    [
        (OFFICE % "", "2026-11-20T12:00:30Z", "2026-11-20T17:00:00Z"),
        (OFFICE % "", "2026-11-20T17:00:00Z", "2026-11-23T09:00:00Z"),
        (OFFICE % ", location: Asia/Kolkata", "2026-11-20T12:00:00Z", "2026-11-23T03:30:00Z"),
        # The clock goes from 02:00 to 03:00, and half past two does not come.
        (
            "{times: [{start_time: '02:30', end_time: '04:00'}], location: Europe/Berlin}",
            "2026-03-29T00:00:00Z",
            "2026-03-29T01:00:00Z",
        ),
        # The hour from 02:00 comes twice.
        (
            "{times: [{start_time: '02:00', end_time: '02:30'}], location: Europe/Berlin}",
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:00:00Z",
        ),
        ("{months: [2], days_of_month: [29]}", "2027-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("{}", "2026-11-20T12:00:00Z", None),
        ("{years: [2030]}", "2026-11-20T12:00:00Z", None),
        ("", "2026-11-20T12:00:00Z", None),
    ],
)  # fmt: skip
def test_when_that_changes(entry: str, at: str, changes: str | None) -> None:
    assert next_change_ms(interval(entry), ms(at)) == (changes and ms(changes))


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
)


def some_ranges(least: int, most: int) -> st.SearchStrategy[tuple[tuple[int, int], ...] | None]:
    pair = st.tuples(st.integers(least, most), st.integers(least, most)).map(sorted).map(tuple)
    return st.none() | st.lists(pair, min_size=1, max_size=3).map(tuple)


PERIODS = st.builds(
    Period,
    times=some_ranges(0, 1440),
    weekdays=some_ranges(0, 6),
    days_of_month=some_ranges(1, 31) | some_ranges(-31, -1),
    months=some_ranges(1, 12),
    zone=ZONES.map(zone),
)
MOMENTS = st.sampled_from(["2026-03-28", "2026-10-24", "2026-04-04", "2026-11-01", "2024-02-28"])


@given(st.lists(PERIODS, max_size=2).map(tuple), MOMENTS, st.integers(0, 2_880))
def test_nothing_changes_before_the_change_that_is_named(periods, day, minutes) -> None:
    some = Interval("i", periods)
    at_ms = ms(day + "T00:00:00Z") + minutes * MINUTE_MS
    change_ms, now = next_change_ms(some, at_ms), contains(some, at_ms)
    last_ms = min(change_ms or at_ms + 2 * 1440 * MINUTE_MS, at_ms + 2 * 1440 * MINUTE_MS)
    for moment_ms in range(at_ms, last_ms, MINUTE_MS):
        assert contains(some, moment_ms) is now
    assert change_ms is None or contains(some, change_ms) is not now


@given(PERIODS, st.integers(0, 4_000_000_000_000))
def test_an_interval_is_the_union_of_its_entries(period: Period, at_ms: int) -> None:
    by_field = [
        Period(times=period.times, zone=period.zone),
        Period(weekdays=period.weekdays, zone=period.zone),
        Period(days_of_month=period.days_of_month, zone=period.zone),
        Period(months=period.months, zone=period.zone),
    ]
    every = all(contains(Interval("i", (part,)), at_ms) for part in by_field)
    assert contains(Interval("i", (period,)), at_ms) is every


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{times: [{start_time: 9:00, end_time: 17:00}]}", "a time of day such as 09:00"),
        ("{times: [{start_time: 09:00, end_time: 24:01}]}", "a time of day such as 09:00"),
        ("{times: [{start_time: 09:00, end_time: 09:00}]}", "must be later than its start"),
        ("{times: [{start_time: 09:00}]}", "needs 'end_time'"),
        ("{weekdays: ['friday:monday']}", "monday is before friday"),
        ("{weekdays: [fri]}", "expected weekdays such as monday:friday, not 'fri'"),
        ("{weekdays: ['monday:tuesday:friday']}", "expected weekdays"),
        ("{days_of_month: [0]}", "0 is no day of a month"),
        ("{days_of_month: ['1:32']}", "32 is no day of a month"),
        ("{days_of_month: ['-1:1']}", "must end from there as well"),
        ("{days_of_month: ['5:1']}", "day 1 is always before day 5"),
        ("{days_of_month: ['28:-1']}", "day -1 is always before day 28"),
        ("{months: ['march:january']}", "january is before march"),
        ("{months: [mar]}", "expected months"),
        ("{years: ['2027:2026']}", "2026 is before 2027"),
        ("{years: ['']}", "expected years"),
        ("{years: [[1]]}", "expected years"),
        ("{location: Berlin}", "no time zone is named 'Berlin'"),
        ("{location: Local}", "no time zone is named 'Local'"),
        ("{location: ../Europe/Berlin}", "no time zone is named"),
        ("{day: [monday]}", "unknown key 'day'"),
        ("{weekdays: monday}", "expected a list"),
    ],
)
def test_what_is_wrong_is_named(entry: str, expected: str) -> None:
    found = faults(read_time_intervals, f"- name: i\n  time_intervals: [{entry}]\n")
    assert any(expected in fault for fault in found), found
    assert all(fault.startswith("p.yaml:2:") for fault in found)


def test_names_are_needed_and_are_unique() -> None:
    assert "needs 'name'" in faults(read_time_intervals, "- time_intervals: []\n")[0]
    assert "a second time interval" in faults(read_time_intervals, "- name: a\n- name: a\n")[0]


def test_zones_come_from_the_package() -> None:
    assert zone("Europe/Berlin") is zone("Europe/Berlin")
    assert zone("") is UTC
    assert (len(WEEKDAYS), len(MONTHS)) == (7, 12)
