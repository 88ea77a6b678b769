"""What Alertmanager says of its own files, we say too."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from streams.core.inhibition import InhibitRule
from streams.core.intervals import Interval, contains
from streams.core.policy import Policy
from streams.core.routing import Route, group_labels, routes_for
from streams.policy import matchers
from streams.policy.alertmanager.convert import import_alertmanager
from streams.policy.go_text import duration_ms
from streams.policy.load import compile_policy
from streams.reading.faults import FileError
from tests.streams.policy.alertmanager.answers import (
    asked_again,
    bits,
    digest_of_questions,
    recorded,
    short,
)
from tests.streams.policy.alertmanager.judge import program
from tests.streams.policy.alertmanager.questions import (
    VALUES,
    Case,
    cases,
    duration_texts,
    matcher_texts,
    refused,
)

AGAIN = "ask again: python -m tests.streams.policy.alertmanager"
CLASSIC = [case for case in cases() if case.classic]
ASKED_EVERY = 6
"""It is a process for each question; the recorded answers are to all of them."""


@cache
def imported(text: str) -> Policy:
    """By way of the policy's own text."""
    return compile_policy(import_alertmanager(text, "am.yml").policy)


def ours(case: Case) -> dict[str, Any]:
    """In the form in which the judge answers."""
    policy = imported(case.text)
    return {
        "routes": [
            [tell(route, labels) for route in routes_for(policy.route, labels)]
            for labels in case.labels
        ],
        "inhibited": [inhibited(policy.inhibit, labels, case.labels) for labels in case.labels],
        "contains": {
            name: [contains(interval, at_ms) for at_ms in case.at_ms]
            for name, interval in policy.intervals.items()
        },
    }


def tell(route: Route, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "receiver": route.receiver,
        "group_labels": group_labels(route, labels),
        "group_wait_ms": route.group_wait_ms,
        "group_interval_ms": route.group_interval_ms,
        "repeat_interval_ms": route.repeat_interval_ms,
        "mute": list(route.mute),
        "active": list(route.active),
    }


def inhibited(
    rules: tuple[InhibitRule, ...], target: dict[str, str], firing: tuple[dict[str, str], ...]
) -> bool:
    return any(rule.inhibits(source, target) for rule in rules for source in firing)


def test_the_answers_are_to_these_questions() -> None:
    assert recorded()["asked"] == digest_of_questions(), AGAIN
    assert len(cases()) >= 30
    assert sum(len(case.labels) for case in cases()) >= 2_000


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_routes_groups_and_inhibition(case: Case) -> None:
    expected, found = recorded()["configs"][case.name], short(ours(case))
    for key in ("kinds", "told", "inhibited"):
        assert found[key] == expected[key], key


def test_time_intervals() -> None:
    """In 44 of 10,000 Alertmanager differs: in a zone whose clock goes forward it takes that
    month to be a day shorter than it is, since it counts hours and divides by 24."""
    asked, different = 0, []
    for case in cases():
        expected, found = recorded()["configs"][case.name]["contains"], ours(case)["contains"]
        assert expected.keys() == found.keys()
        for name in expected:
            asked += len(case.at_ms)
            pairs = zip(expected[name], bits(found[name]), case.at_ms, strict=True)
            different += [(case, name, at_ms) for theirs, mine, at_ms in pairs if theirs != mine]
    assert asked > 9_000
    for case, name, at_ms in different:
        interval = imported(case.text).intervals[name]
        assert counts_days_in_a_short_month(interval, at_ms), name
    assert len(different) == 44


def counts_days_in_a_short_month(interval: Interval, at_ms: int) -> bool:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)
    for period in interval.periods:
        local = period.zone.fromutc(at.replace(tzinfo=period.zone))
        first = local.replace(day=1, hour=0, minute=0)
        following = (first + timedelta(days=32)).replace(day=1)
        if period.days_of_month and first.utcoffset() < following.utcoffset():
            return True
    return False


def test_matchers() -> None:
    different = []
    for text, expected in zip(matcher_texts(), recorded()["matchers"], strict=True):
        try:
            found = [
                [m.label, m.op, m.value, bits([m.test(value) for value in VALUES])]
                for m in matchers.parse_all(text).all
            ]
        except ValueError:
            found = None
        if found != expected:
            different.append((text, expected, found))
    assert different == []


def test_durations() -> None:
    for text, expected in zip(duration_texts(), recorded()["durations"], strict=True):
        try:
            assert duration_ms(text) == expected, text
        except ValueError:
            assert expected == -1, text


@pytest.mark.parametrize("name", refused())
def test_what_alertmanager_refuses_is_refused_with_its_place(name: str) -> None:
    assert recorded()["refused"][name]
    with pytest.raises(FileError) as caught:
        import_alertmanager(refused()[name], "am.yml")
    assert all(fault.line >= 1 and fault.column >= 1 for fault in caught.value.faults)


@pytest.mark.needs("amtool")
def test_the_same_receivers_as_amtool_says(tmp_path: Path) -> None:
    """Debian's is 0.25, which knows the classic grammar alone."""
    wanted, argvs = [], []
    for case in CLASSIC:
        file = tmp_path / f"{case.name}.yml"
        file.write_text(case.text)
        root = imported(case.text).route
        for labels in case.labels[::ASKED_EVERY]:
            wanted.append((case.name, labels, [r.receiver for r in routes_for(root, labels)]))
            plain = [f"{name}={value}" for name, value in labels.items()]
            argvs.append(["config", "routes", "test", f"--config.file={file}", *plain])
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(amtool, argvs))
    assert len(told) == 390
    different = [
        (name, labels, receivers, ended.stdout)
        for (name, labels, receivers), ended in zip(wanted, told, strict=True)
        if ended.stdout.rstrip("\n") != ",".join(receivers)
    ]
    assert different == []


@pytest.mark.needs("amtool")
def test_what_amtool_refuses_is_refused(tmp_path: Path) -> None:
    """0.25 lets by what was forbidden later."""
    later = set()
    for name, text in refused().items():
        file = tmp_path / f"{name}.yml"
        file.write_text(text)
        if amtool(["check-config", str(file)]).returncode == 0:
            later.add(name)
    assert later == set()


def amtool(arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["amtool", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.needs("go")
def test_alertmanager_still_answers_so() -> None:
    if not program().exists():
        pytest.skip("the judge is not built; python -m tests.streams.policy.alertmanager --check")
    assert asked_again() == recorded(), AGAIN
